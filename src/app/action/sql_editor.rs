//! What can be done in the SQL editor.

use super::Scope::Editor;
use super::{Action, Command, action};
use crate::app::sql::Command as S;
use crate::app::sql::editor::Command as E;

const fn on(command: E) -> Command {
    Command::Edit(command)
}

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(Editor, Command::Console(S::Results), "sql.results", "result", "Go to the rows of the result", &["ctrl-down", "f7"]),
    action(Editor, on(E::Undo), "sql.undo", "", "Undo the last change", &["ctrl-u"]),
    action(Editor, on(E::Redo), "sql.redo", "", "Redo what was undone", &["alt-u"]),
    action(Editor, on(E::SelectAll), "sql.select-all", "", "Select the whole text", &["alt-a"]),
];

//! What can be done in the SQL pane around editor and result: tabs, running, history, the catalog.

use super::Scope::{Console, Results};
use super::{Action, Command, action};
use crate::app::sql::Command as S;

const fn on(command: S) -> Command {
    Command::Console(command)
}

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(
        Console,
        on(S::Run),
        "sql.run",
        "run",
        "Run the statement under the cursor, or the selection",
        &["f5", "ctrl-r", "ctrl-enter", "alt-enter"],
    ),
    action(Console, on(S::Engine), "sql.engine", "engine", "Switch between Redshift and Athena", &["f4", "ctrl-t"]),
    action(Console, on(S::Library), "sql.library", "library", "Put a statement of the demonstration into the editor", &["f3", "ctrl-o"]),
    action(Console, on(S::History), "sql.history", "", "Put an earlier statement into the editor", &["f6"]),
    action(Console, on(S::NewTab), "sql.tab-new", "", "Open a new tab", &["ctrl-n"]),
    action(Console, on(S::CloseTab), "sql.tab-close", "", "Close the tab", &["ctrl-w"]),
    action(Console, on(S::NextTab), "sql.tab-next", "", "Go to the next tab", &["ctrl-pgdn", "alt-."]),
    action(Console, on(S::PreviousTab), "sql.tab-previous", "", "Go to the tab before", &["ctrl-pgup", "alt-,"]),
    action(Results, on(S::Run), "sql.rerun", "", "Run the statement under the cursor of the editor", &["r"]),
    action(Results, on(S::Engine), "sql.switch-engine", "", "Switch between Redshift and Athena", &["e"]),
    action(Results, on(S::Library), "sql.open-library", "", "Put a statement of the demonstration into the editor", &["l"]),
    action(Results, on(S::History), "sql.open-history", "", "Put an earlier statement into the editor", &["H"]),
];

//! What can be done with the result of a statement.

use super::Scope::Results;
use super::{Action, Command, action};
use crate::app::sql::Command as S;
use crate::app::sql::result::Command as G;

const fn on(command: G) -> Command {
    Command::Grid(command)
}

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(Results, Command::Console(S::Editor), "sql.edit", "edit", "Go back to the editor", &["enter", "i", "ctrl-up"]),
    action(Results, on(G::CopyCell), "sql.copy-cell", "copy cell", "Copy the cell to the clipboard", &["y"]),
    action(Results, on(G::CopyRow), "sql.copy-row", "", "Copy the row, with tabs between the cells", &["Y"]),
    action(Results, on(G::Down), "sql.row-down", "", "Next row", &["down", "j"]),
    action(Results, on(G::Up), "sql.row-up", "", "Row before", &["up", "k"]),
    action(Results, on(G::Left), "sql.column-left", "", "Column to the left", &["left", "h"]),
    action(Results, on(G::Right), "sql.column-right", "", "Column to the right", &["right"]),
    action(Results, on(G::PageDown), "sql.page-down", "", "One page down", &["pgdn", "space"]),
    action(Results, on(G::PageUp), "sql.page-up", "", "One page up", &["pgup"]),
    action(Results, on(G::First), "sql.first", "", "First row", &["home", "g"]),
    action(Results, on(G::Last), "sql.last", "", "Last row fetched so far; more rows are fetched", &["end", "G"]),
];

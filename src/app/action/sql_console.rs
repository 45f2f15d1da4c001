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
    action(Console, on(S::RunScript), "sql.run-script", "script", "Run every statement of the text, one after the other", &["alt-x"]),
    action(Console, on(S::Engine), "sql.engine", "engine", "Switch between Redshift and Athena", &["f4", "ctrl-t"]),
    action(Console, on(S::Library), "sql.library", "library", "Put a statement of the demonstration into the editor", &["f3", "ctrl-o"]),
    action(Console, on(S::History), "sql.history", "", "Put an earlier statement into the editor", &["f6"]),
    action(Console, on(S::Save), "sql.save", "", "Save the text as a query with a name and tags", &["ctrl-s"]),
    action(Console, on(S::Catalog), "sql.catalog", "catalog", "Look through schemas, tables and columns", &["f8"]),
    action(Console, on(S::Explain), "sql.explain", "", "Show the plan of the statement under the cursor", &["alt-p"]),
    action(Console, on(S::Estimate), "sql.estimate", "", "Say what the query may read and cost, without running it", &["alt-b"]),
    action(Console, on(S::StopOnError), "sql.stop-on-error", "", "A script stops at the first error, or goes on", &["alt-o"]),
    action(Console, on(S::Running), "sql.running", "", "Show the statements that run, of every tab", &["alt-w"]),
    action(Console, on(S::Account), "sql.account", "", "Follow a statement of the account, whoever sent it", &["alt-q"]),
    action(Console, on(S::KeepSession), "sql.session", "", "The statements of the tab share a session, or have one each", &["alt-h"]),
    action(Console, on(S::CloseSession), "sql.session-close", "", "Close the session: temporary tables and SET are gone", &["alt-z"]),
    action(Console, on(S::NewTab), "sql.tab-new", "", "Open a new tab", &["ctrl-n"]),
    action(Console, on(S::CloseTab), "sql.tab-close", "", "Close the tab", &["ctrl-w"]),
    action(Console, on(S::NextTab), "sql.tab-next", "", "Go to the next tab", &["ctrl-pgdn", "alt-."]),
    action(Console, on(S::PreviousTab), "sql.tab-previous", "", "Go to the tab before", &["ctrl-pgup", "alt-,"]),
    action(Console, on(S::RenameTab), "sql.tab-name", "", "Give the tab a name", &["alt-t"]),
    action(Console, on(S::MoveTabLeft), "sql.tab-left", "", "Move the tab to the left", &["alt-{"]),
    action(Console, on(S::MoveTabRight), "sql.tab-right", "", "Move the tab to the right", &["alt-}"]),
    action(Results, on(S::Run), "sql.rerun", "", "Run the statement under the cursor of the editor", &["r"]),
    action(Results, on(S::Engine), "sql.switch-engine", "", "Switch between Redshift and Athena", &["e"]),
    action(Results, on(S::Library), "sql.open-library", "", "Put a statement of the demonstration into the editor", &["l"]),
    action(Results, on(S::History), "sql.open-history", "", "Put an earlier statement into the editor", &["H"]),
];

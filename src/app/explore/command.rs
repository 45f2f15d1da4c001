//! What can be asked for in the pane.

use super::View;

/// What can be asked for in the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table of actions describes each one")]
pub enum Command {
    NextView,
    PreviousView,
    Show(View),
    Open,
    Statements,
    Console,
    Save,
    Images,
    NextOther,
    PreviousOther,
}

impl Command {
    /// Whether it only moves around.
    pub fn moves(self) -> bool {
        matches!(self, Command::NextView | Command::PreviousView)
    }
}

//! What can be asked for in the pane.

use super::view::{Section, View};

/// What can be asked for in the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table of actions describes each one")]
pub enum Command {
    NextView,
    PreviousView,
    Show(View),
    Open,
    Start,
    Stop,
    Again,
    Retry,
    Beside,
    NextSection,
    PreviousSection,
    Section(Section),
    Search,
    FindNext,
    FindPrevious,
    FollowLog,
    Mark,
    Compare,
    Approve,
    Reject,
    Deploy,
    Smoke,
    AskCustomers,
    Promote,
    Rollback,
    Split,
    Score,
    NewData,
    PromoteNew,
    Commit,
    ApproveStage,
    RefuseStage,
    RetryStage,
}

impl Command {
    /// Whether it only moves around.
    pub fn moves(self) -> bool {
        matches!(self, Command::NextView | Command::PreviousView | Command::NextSection | Command::PreviousSection | Command::Section(_))
    }
}

//! A statement on its way to a service and back.

use chrono::{DateTime, Utc};

use crate::ops::OpError;
use crate::ops::query::{QueryEngine, QueryResult, QueryState};

/// A run. The id is its own for as long as the program runs, over all tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u64);

/// Where a run is.
#[derive(Debug, Clone, PartialEq)]
pub enum RunState {
    /// On the service.
    Active {
        /// Since when.
        since: DateTime<Utc>,
        /// Where it is there.
        state: QueryState,
        /// Whether it is being cancelled.
        cancelling: bool,
    },
    /// It gave an answer.
    Done {
        /// From sending to the last row of the first page, in seconds.
        seconds: f64,
        /// Rows of the result, or rows changed, where the service says.
        rows: Option<u64>,
    },
    /// It failed, or was cancelled.
    Failed {
        /// Why.
        error: OpError,
        /// After how many seconds.
        seconds: f64,
    },
}

/// A statement that runs or has run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Which one.
    pub id: RunId,
    /// Who answers.
    pub engine: QueryEngine,
    /// The text.
    pub sql: String,
    /// Its first byte in the editor's text at that time.
    pub start: usize,
    /// Where it is.
    pub state: RunState,
}

/// What happens to a run.
#[derive(Debug, Clone)]
pub enum Msg {
    /// It has a new state on the service.
    Progress(QueryState),
    /// It has ended.
    Finished(Box<Result<QueryResult, OpError>>),
}

impl Run {
    /// Whether it is on the service.
    pub fn active(&self) -> bool {
        matches!(self.state, RunState::Active { .. })
    }

    /// Whether it is being cancelled.
    pub fn cancelling(&self) -> bool {
        matches!(self.state, RunState::Active { cancelling: true, .. })
    }
}

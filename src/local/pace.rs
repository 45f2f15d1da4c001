//! How long the waits of the embedded AWS last.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The pace of asynchronous work: provisioning, statements, jobs, endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pace {
    /// Work takes as long as it takes. The default without a screen.
    #[default]
    Instant,
    /// Short, believable waits, so that a presenter can talk over them. The default on the screen.
    Live,
}

/// Something that takes a while on AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// A statement between SUBMITTED and STARTED, or QUEUED and RUNNING.
    StatementQueue,
    /// A warehouse between creating and available.
    Warehouse,
    /// A role between attached and in-sync.
    RoleSync,
    /// An ordinary resource of a stack; others take more or less.
    StackResource,
    /// A function between Pending and Active.
    Function,
    /// A job between Starting and its work.
    JobStart,
    /// One boosting round at most.
    TrainingRound,
    /// All boosting rounds together at most.
    Training,
    /// An endpoint between Creating and `InService`.
    Endpoint,
    /// Something between deleting and gone.
    Deletion,
    /// Autopilot's part of `CREATE MODEL`.
    Autopilot,
}

impl Pace {
    /// How long `wait` lasts at this pace.
    pub const fn duration(self, wait: Wait) -> Duration {
        match self {
            Pace::Instant => Duration::ZERO,
            Pace::Live => Duration::from_millis(match wait {
                Wait::StatementQueue => 150,
                Wait::Warehouse => 4000,
                Wait::RoleSync => 800,
                Wait::StackResource => 1000,
                Wait::Function => 1000,
                Wait::JobStart => 1800,
                Wait::TrainingRound => 140,
                Wait::Training => 8000,
                Wait::Endpoint => 4000,
                Wait::Deletion => 600,
                Wait::Autopilot => 5000,
            }),
        }
    }

    /// Waits. Dropping the future ends the wait.
    pub async fn wait(self, wait: Wait) {
        let duration = self.duration(wait);
        if !duration.is_zero() {
            tokio::time::sleep(duration).await;
        }
    }
}

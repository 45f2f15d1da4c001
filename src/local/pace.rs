//! How long the waits of the embedded AWS last.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

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
}

/// The pace of an open account, which can be changed while work is waiting. Clones share it.
#[derive(Debug, Clone)]
pub struct Tempo {
    current: Arc<watch::Sender<Current>>,
}

/// A pace, and since when it is kept.
#[derive(Debug, Clone, Copy)]
struct Current {
    pace: Pace,
    since: DateTime<Utc>,
}

impl Tempo {
    /// A pace that is kept from `now` on.
    pub fn new(pace: Pace, now: DateTime<Utc>) -> Tempo {
        Tempo { current: Arc::new(watch::Sender::new(Current { pace, since: now })) }
    }

    /// The pace now.
    pub fn pace(&self) -> Pace {
        self.current.borrow().pace
    }

    /// Since when it is kept. What was begun before, at another pace, is over: so nothing that has come about is undone by a change.
    pub fn since(&self) -> DateTime<Utc> {
        self.current.borrow().since
    }

    /// Keeps another pace from `now` on. At [`Pace::Instant`] every wait ends at once, also those that have begun.
    pub fn set(&self, pace: Pace, now: DateTime<Utc>) {
        self.current.send_if_modified(|current| {
            let other = current.pace != pace;
            if other {
                *current = Current { pace, since: now };
            }
            other
        });
    }

    /// How long a wait lasts that begins now.
    pub fn duration(&self, wait: Wait) -> Duration {
        self.pace().duration(wait)
    }

    /// Waits. Dropping the future ends the wait.
    pub async fn wait(&self, wait: Wait) {
        self.sleep(self.duration(wait)).await;
    }

    /// Waits so long, or until the pace is instant. Dropping the future ends the wait.
    pub async fn sleep(&self, duration: Duration) {
        if duration.is_zero() {
            return;
        }
        let mut changes = self.current.subscribe();
        let instant = async move {
            while changes.borrow_and_update().pace != Pace::Instant {
                if changes.changed().await.is_err() {
                    // Nobody is left who could change it.
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            () = instant => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    #[tokio::test]
    async fn a_wait_that_has_begun_ends_when_the_pace_becomes_instant() {
        let tempo = Tempo::new(Pace::Live, at(0));
        let waiting = tempo.clone();
        let wait = tokio::spawn(async move { waiting.wait(Wait::Training).await });
        tokio::task::yield_now().await;
        assert!(!wait.is_finished());
        tempo.set(Pace::Instant, at(1));
        tokio::time::timeout(Pace::Live.duration(Wait::Training) / 2, wait).await.expect("it does not last to its end").unwrap();
        assert_eq!((tempo.duration(Wait::Training), tempo.since()), (Duration::ZERO, at(1)));
        tempo.set(Pace::Instant, at(2));
        assert_eq!(tempo.since(), at(1), "it is the same pace still");
        tempo.set(Pace::Live, at(3));
        assert_eq!((tempo.duration(Wait::Training), tempo.since()), (Pace::Live.duration(Wait::Training), at(3)));
    }
}

//! The one way to wait for a service: exponential backoff with jitter, a limit, and an end on demand.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::AwsError;

/// How often a service is asked. The target gives it: an embedded account answers in milliseconds, a real one must not be pressed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Polling {
    /// The first wait.
    pub first: Duration,
    /// Each wait is this many times the one before.
    pub factor: f64,
    /// No wait is longer.
    pub ceiling: Duration,
    /// How long something ordinary may take before it is given up; a caller may allow more.
    pub limit: Duration,
}

impl Polling {
    /// For the embedded account.
    pub const LOCAL: Polling =
        Polling { first: Duration::from_millis(2), factor: 1.4, ceiling: Duration::from_millis(200), limit: Duration::from_secs(15 * 60) };

    /// For an account on AWS.
    pub const AWS: Polling =
        Polling { first: Duration::from_millis(500), factor: 1.6, ceiling: Duration::from_secs(10), limit: Duration::from_secs(40 * 60) };

    /// The wait before attempt `attempt` (counted from 0), without jitter.
    fn wait(&self, attempt: u32) -> Duration {
        let seconds = self.first.as_secs_f64() * self.factor.powi(attempt.min(64) as i32);
        self.ceiling.min(Duration::try_from_secs_f64(seconds).unwrap_or(self.ceiling))
    }
}

/// Why a wait ended without what was waited for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// On demand.
    #[error("cancelled while waiting for {what}")]
    Cancelled {
        /// What was waited for.
        what: String,
    },
    /// It took too long.
    #[error("{what} did not come about within {} seconds", .after.as_secs())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// The limit.
        after: Duration,
    },
    /// A call failed.
    #[error(transparent)]
    Failed(#[from] AwsError),
}

/// How long a call that starts something may still take to answer once it is cancelled; the command line leaves after twelve seconds.
const SETTLING: Duration = Duration::from_secs(5);

/// Asks until there is an answer.
#[derive(Debug)]
pub struct Poll {
    polling: Polling,
    seed: AtomicU64,
}

impl Poll {
    /// Polls as told; `seed` decides the jitter.
    pub fn new(polling: Polling, seed: u64) -> Self {
        Poll { polling, seed: AtomicU64::new(seed) }
    }

    /// The wait before the next attempt: between three quarters of the plain wait and all of it, so that many pollers do not ask at once.
    fn next_wait(&self, attempt: u32) -> Duration {
        // SplitMix64: a jitter needs no more, and the sequence follows from the seed.
        let mut z = self.seed.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed).wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let unit = ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
        self.polling.wait(attempt).mul_f64(0.75 + 0.25 * unit)
    }

    /// Calls `ask` until it gives `Some`. `limit` of `None` is the target's ordinary limit. Cancelling drops a call that is under way, so
    /// `ask` has to be a call that changes nothing, or one whose effect the next run finds.
    pub async fn until<T, F, Fut>(&self, cancel: &CancellationToken, what: &str, limit: Option<Duration>, ask: F) -> Result<T, PollError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Option<T>, AwsError>>,
    {
        self.until_within(cancel, what, limit, Duration::ZERO, ask).await
    }

    /// The same for a call that starts something that has to be stopped again: a call that is under way when `cancel` comes has
    /// a few seconds to give its answer, and what it then gives is the answer, for the caller to stop.
    pub async fn until_started<T, F, Fut>(&self, cancel: &CancellationToken, what: &str, limit: Duration, start: F) -> Result<T, PollError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Option<T>, AwsError>>,
    {
        self.until_within(cancel, what, Some(limit), SETTLING, start).await
    }

    async fn until_within<T, F, Fut>(
        &self,
        cancel: &CancellationToken,
        what: &str,
        limit: Option<Duration>,
        settling: Duration,
        mut ask: F,
    ) -> Result<T, PollError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Option<T>, AwsError>>,
    {
        let cancelled = || PollError::Cancelled { what: what.to_owned() };
        let limit = limit.unwrap_or(self.polling.limit);
        let started = tokio::time::Instant::now();
        let mut attempt = 0;
        loop {
            if cancel.is_cancelled() {
                return Err(cancelled());
            }
            let call = ask();
            tokio::pin!(call);
            let answer = tokio::select! {
                biased;
                () = cancel.cancelled() => match tokio::time::timeout(settling, &mut call).await {
                    Ok(Ok(Some(answer))) => return Ok(answer),
                    Ok(_) | Err(_) => return Err(cancelled()),
                },
                answer = &mut call => answer?,
            };
            if let Some(answer) = answer {
                return Ok(answer);
            }
            if started.elapsed() >= limit {
                return Err(PollError::TimedOut { what: what.to_owned(), after: limit });
            }
            let wait = self.next_wait(attempt);
            attempt += 1;
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(cancelled()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Repeats a call that fails only because a role made a moment ago is not yet known to the service.
    pub async fn while_role_settles<T, F, Fut>(&self, cancel: &CancellationToken, what: &str, mut call: F) -> Result<T, PollError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, AwsError>>,
    {
        // IAM is said to be consistent within seconds; two minutes is far beyond that.
        let limit = Duration::from_secs(120);
        let last = Mutex::new(None);
        let last = &last;
        let waited = self
            .until(cancel, what, Some(limit), || {
                let attempt = call();
                async move {
                    match attempt.await {
                        Ok(value) => Ok(Some(Ok(value))),
                        Err(error) if error.is_role_not_yet_known() => {
                            *last.lock() = Some(error);
                            Ok(None)
                        }
                        Err(error) => Ok(Some(Err(error))),
                    }
                }
            })
            .await;
        match waited {
            Ok(result) => result.map_err(PollError::Failed),
            Err(PollError::TimedOut { what, after }) => match last.lock().take() {
                Some(error) => Err(PollError::Failed(error)),
                None => Err(PollError::TimedOut { what, after }),
            },
            Err(other) => Err(other),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::cell::Cell;

    use super::*;

    fn quick() -> Poll {
        let millis = Duration::from_millis;
        Poll::new(Polling { first: millis(1), factor: 2.0, ceiling: millis(4), limit: millis(20) }, 7)
    }

    #[test]
    fn waits_grow_to_the_ceiling_and_the_jitter_takes_at_most_a_quarter() {
        let poll = quick();
        for (attempt, plain) in [(0, 1.0), (1, 2.0), (2, 4.0), (3, 4.0), (60, 4.0)] {
            let wait = poll.next_wait(attempt).as_secs_f64() * 1000.0;
            assert!(wait <= plain + 1e-9 && wait >= plain * 0.75 - 1e-9, "{attempt}: {wait}");
        }
        let again = quick();
        assert_eq!(again.next_wait(3), quick().next_wait(3), "the same seed gives the same jitter");
    }

    #[tokio::test]
    async fn asks_until_there_is_an_answer() {
        let asked = Cell::new(0);
        let answer = quick()
            .until(&CancellationToken::new(), "the third answer", None, || {
                asked.set(asked.get() + 1);
                let now = asked.get();
                async move { Ok((now == 3).then_some(now)) }
            })
            .await;
        assert_eq!(answer, Ok(3));
    }

    #[tokio::test]
    async fn says_what_did_not_come() {
        let none: Result<(), _> = quick().until(&CancellationToken::new(), "the cluster", None, || async { Ok(None) }).await;
        assert!(matches!(none, Err(PollError::TimedOut { what, .. }) if what == "the cluster"));
    }

    #[tokio::test]
    async fn ends_on_demand() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let none: Result<(), _> = quick().until(&cancel, "the cluster", None, || async { Ok(None) }).await;
        assert!(matches!(none, Err(PollError::Cancelled { .. })));
    }

    #[tokio::test]
    async fn what_is_started_while_it_is_cancelled_is_told() {
        let cancel = CancellationToken::new();
        let start = || async {
            cancel.cancel();
            tokio::task::yield_now().await;
            Ok(Some("the id"))
        };
        assert_eq!(quick().until_started(&cancel, "the session", Duration::ZERO, start).await, Ok("the id"));
        let never: Result<&str, _> = quick().until_started(&cancel, "the session", Duration::ZERO, || async { Ok(Some("more")) }).await;
        assert!(matches!(never, Err(PollError::Cancelled { .. })), "nothing is begun after that: {never:?}");
    }

    #[tokio::test]
    async fn a_role_that_is_too_new_is_tried_again() {
        let tried = Cell::new(0);
        let made = quick()
            .while_role_settles(&CancellationToken::new(), "the function", || {
                tried.set(tried.get() + 1);
                let now = tried.get();
                async move {
                    if now < 3 {
                        Err(AwsError {
                            service: "Lambda",
                            operation: "CreateFunction",
                            code: "InvalidParameterValueException".into(),
                            message: "The role defined for the function cannot be assumed by Lambda.".into(),
                            kind: crate::aws::AwsErrorKind::Validation,
                        })
                    } else {
                        Ok("made")
                    }
                }
            })
            .await;
        assert_eq!(made, Ok("made"));
        assert_eq!(tried.get(), 3);
    }
}

//! What endpoints did, minute by minute: counted in memory when it happens, and written down now and then.
//!
//! An invocation adds a few numbers under a lock. The document on disk follows at most once in some seconds, on another thread, and when
//! the account is closed; a kill loses the last seconds of counts, as it may on `CloudWatch`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use crate::demo::clock::SharedClock;
use crate::local::store::{Store, StoreError};

/// The document.
const DOCUMENT: &str = "services/cloudwatch/meters";
/// It is written at most this often, in seconds.
const SAVED_EVERY: i64 = 5;
/// How long figures by the minute are kept, in days: as long as `CloudWatch` does.
const KEPT_DAYS: i64 = 15;

/// How an invocation of a variant ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// HTTP status of the model's answer.
    pub status: u16,
    /// The time that the model took.
    pub model: Duration,
    /// The time that the service took beside it.
    pub overhead: Duration,
}

/// What a variant did in a minute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Minute {
    /// Invocations.
    pub invocations: u64,
    /// Those that the caller was to blame for.
    pub client_errors: u64,
    /// Those that the model was to blame for.
    pub server_errors: u64,
    /// Times of the model, in microseconds.
    pub model: Histogram,
    /// Times of the service beside the model, in microseconds.
    pub overhead: Histogram,
}

/// Minutes since 1970, by endpoint and variant.
type Minutes = BTreeMap<i64, Minute>;
type Variants = BTreeMap<String, Minutes>;
type Endpoints = BTreeMap<String, Variants>;

/// The meters of all endpoints.
pub(crate) struct Meters {
    store: Store,
    clock: SharedClock,
    state: Mutex<State>,
}

struct State {
    endpoints: Endpoints,
    saved: DateTime<Utc>,
    changed: bool,
}

impl Meters {
    /// The meters as they were left.
    pub(crate) fn open(store: Store, clock: SharedClock) -> Result<Arc<Self>, StoreError> {
        let endpoints = store.load(DOCUMENT)?.unwrap_or_default();
        let state = Mutex::new(State { endpoints, saved: clock.now(), changed: false });
        Ok(Arc::new(Meters { store, clock, state }))
    }

    /// Counts an invocation. Has to be called on the runtime: writing down happens on a thread of it.
    pub(crate) fn record(self: &Arc<Self>, endpoint: &str, variant: &str, outcome: Outcome) {
        let now = self.clock.now();
        let due = {
            let mut state = self.state.lock();
            // Names are copied for the first invocation only.
            if !state.endpoints.get(endpoint).is_some_and(|variants| variants.contains_key(variant)) {
                state.endpoints.entry(endpoint.to_owned()).or_default().entry(variant.to_owned()).or_default();
            }
            if let Some(minutes) = state.endpoints.get_mut(endpoint).and_then(|variants| variants.get_mut(variant)) {
                count(minutes.entry(now.timestamp().div_euclid(60)).or_default(), outcome);
            }
            state.changed = true;
            let due = now - state.saved >= TimeDelta::seconds(SAVED_EVERY);
            if due {
                state.saved = now;
            }
            due
        };
        if due {
            let meters = self.clone();
            tokio::task::spawn_blocking(move || meters.save());
        }
    }

    /// Writes everything down that has changed. What cannot be written is told in the log: counts are no reason to refuse an invocation.
    pub(crate) fn save(&self) {
        let endpoints = {
            let mut state = self.state.lock();
            if !state.changed {
                return;
            }
            state.changed = false;
            let oldest = (self.clock.now() - TimeDelta::days(KEPT_DAYS)).timestamp().div_euclid(60);
            for variants in state.endpoints.values_mut() {
                for minutes in variants.values_mut() {
                    *minutes = minutes.split_off(&oldest);
                }
                variants.retain(|_, minutes| !minutes.is_empty());
            }
            state.endpoints.retain(|_, variants| !variants.is_empty());
            state.endpoints.clone()
        };
        if let Err(error) = self.store.save(DOCUMENT, &endpoints) {
            tracing::warn!(%error, "the figures of the endpoints could not be saved");
        }
    }

    /// Endpoints with their variants.
    pub(super) fn variants(&self) -> Vec<(String, String)> {
        let state = self.state.lock();
        let pairs =
            state.endpoints.iter().flat_map(|(endpoint, variants)| variants.keys().map(move |variant| (endpoint.clone(), variant.clone())));
        pairs.collect()
    }

    /// The minutes of a variant within a span, both in minutes since 1970, the end excluded.
    pub(super) fn minutes(&self, endpoint: &str, variant: &str, from: i64, to: i64) -> Vec<(i64, Minute)> {
        let state = self.state.lock();
        let minutes = state.endpoints.get(endpoint).and_then(|variants| variants.get(variant));
        if from >= to {
            return Vec::new();
        }
        minutes.into_iter().flat_map(|minutes| minutes.range(from..to)).map(|(at, minute)| (*at, minute.clone())).collect()
    }
}

fn count(minute: &mut Minute, outcome: Outcome) {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    minute.invocations += 1;
    match outcome.status {
        400..=499 => minute.client_errors += 1,
        500.. => minute.server_errors += 1,
        _ => {}
    }
    minute.model.add(micros(outcome.model), 1);
    minute.overhead.add(micros(outcome.overhead), 1);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::demo::clock::SystemClock;

    fn outcome(status: u16, micros: u64) -> Outcome {
        Outcome { status, model: Duration::from_micros(micros), overhead: Duration::from_micros(5) }
    }

    #[tokio::test]
    async fn counts_survive_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let clock: SharedClock = Arc::new(SystemClock);
        let meters = Meters::open(store.clone(), clock.clone()).unwrap();
        for (status, micros) in [(200, 100), (200, 300), (400, 10), (500, 20)] {
            meters.record("e", "v1", outcome(status, micros));
        }
        meters.record("e", "v2", outcome(200, 1));
        meters.save();
        let again = Meters::open(store, clock).unwrap();
        assert_eq!(again.variants(), [("e".to_owned(), "v1".to_owned()), ("e".to_owned(), "v2".to_owned())]);
        let minutes = again.minutes("e", "v1", 0, i64::MAX);
        let (invocations, client, server): (u64, u64, u64) = minutes
            .iter()
            .fold((0, 0, 0), |sum, (_, minute)| (sum.0 + minute.invocations, sum.1 + minute.client_errors, sum.2 + minute.server_errors));
        assert_eq!((invocations, client, server), (4, 1, 1));
        assert_eq!(again.minutes("e", "v1", 0, i64::MAX), meters.minutes("e", "v1", 0, i64::MAX));
        assert!(again.minutes("e", "v3", 0, i64::MAX).is_empty());
    }
}

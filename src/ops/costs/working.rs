//! How long a serverless warehouse is paid for: while statements run, and at least a minute once it has begun.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::ops::prices::PRICES;

/// The time that is billed for statements that ran from one moment to another: those at the same time once, and each stretch at least the
/// shortest that is billed.
pub(super) fn billed(spans: impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)>) -> Duration {
    let least = TimeDelta::seconds(PRICES.as_ref().map_or(0, |prices| i64::from(prices.redshift.minimum_seconds)));
    let mut spans: Vec<(DateTime<Utc>, DateTime<Utc>)> = spans.map(|(from, to)| (from, to.max(from + least))).collect();
    spans.sort_unstable();
    let mut billed = TimeDelta::zero();
    let mut reached: Option<DateTime<Utc>> = None;
    for (from, to) in spans {
        let from = reached.map_or(from, |reached| reached.max(from));
        if to > from {
            billed += to - from;
            reached = Some(to);
        }
    }
    billed.to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn seconds(spans: &[(i64, i64)]) -> u64 {
        let at = |second: i64| DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap();
        billed(spans.iter().map(|(from, to)| (at(*from), at(*to)))).as_secs()
    }

    #[test]
    fn a_minute_is_the_least_and_what_overlaps_is_paid_once() {
        assert_eq!(seconds(&[]), 0);
        assert_eq!(seconds(&[(0, 1)]), 60);
        assert_eq!(seconds(&[(0, 90)]), 90);
        assert_eq!(seconds(&[(0, 1), (30, 31)]), 90);
        assert_eq!(seconds(&[(100, 101), (0, 1)]), 120);
        assert_eq!(seconds(&[(0, 300), (10, 20), (299, 400)]), 400);
    }
}

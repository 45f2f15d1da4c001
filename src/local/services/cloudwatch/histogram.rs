//! Many values in little room: counts by size, with the exact sum and bounds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values below this are kept exactly; above it, 32 buckets to each doubling, so that a percentile is at most 3 % off.
const EXACT: u64 = 64;
const SUB_BITS: u32 = 5;

/// How values are spread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Histogram {
    count: u64,
    sum: u64,
    least: u64,
    most: u64,
    buckets: BTreeMap<u16, u64>,
}

impl Histogram {
    /// Adds a value so many times.
    pub(super) fn add(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        self.least = if self.count == 0 { value } else { self.least.min(value) };
        self.most = self.most.max(value);
        self.count += times;
        self.sum = self.sum.saturating_add(value.saturating_mul(times));
        *self.buckets.entry(bucket(value)).or_default() += times;
    }

    /// Adds all values of another one.
    pub(super) fn merge(&mut self, other: &Histogram) {
        if other.count == 0 {
            return;
        }
        self.least = if self.count == 0 { other.least } else { self.least.min(other.least) };
        self.most = self.most.max(other.most);
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// How many values.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub(super) fn sum(&self) -> f64 {
        self.sum as f64
    }

    /// Their mean; `None` without values.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The smallest; `None` without values.
    pub(super) fn least(&self) -> Option<f64> {
        (self.count > 0).then_some(self.least as f64)
    }

    /// The largest; `None` without values.
    pub(super) fn most(&self) -> Option<f64> {
        (self.count > 0).then_some(self.most as f64)
    }

    /// The value that `percent` (0 to 100) of the values do not exceed; `None` without values.
    pub(super) fn percentile(&self, percent: f64) -> Option<f64> {
        let wanted = (percent / 100.0 * self.count as f64).ceil().max(1.0);
        let mut before = 0;
        self.buckets.iter().find_map(|(bucket, count)| {
            before += count;
            // The middle of a bucket may lie beyond what there was.
            (before as f64 >= wanted).then(|| middle(*bucket).clamp(self.least as f64, self.most as f64))
        })
    }
}

fn bucket(value: u64) -> u16 {
    if value < EXACT {
        return value as u16;
    }
    let shift = value.ilog2() - SUB_BITS;
    // At most 58 doublings of 32 buckets: far below 2^16.
    (u64::from(shift) * (1 << SUB_BITS) + (value >> shift)) as u16
}

fn middle(bucket: u16) -> f64 {
    let bucket = u64::from(bucket);
    if bucket < EXACT {
        return bucket as f64;
    }
    let shift = (bucket >> SUB_BITS) - 1;
    let lower = (bucket - shift * (1 << SUB_BITS)) << shift;
    lower as f64 + ((1_u64 << shift) - 1) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        let mut last = 0;
        for value in 0..100_000 {
            let bucket = bucket(value);
            assert!(bucket == last || bucket == last + 1, "{value}");
            last = bucket;
            let off = (middle(bucket) - value as f64).abs();
            assert!(off <= value as f64 / 32.0, "{value} is told as {}", middle(bucket));
        }
        assert!(middle(bucket(u64::MAX)) > 1.8e19);
    }

    #[test]
    fn percentiles_are_near_the_values() {
        let mut histogram = Histogram::default();
        (1..=1000).for_each(|value| histogram.add(value * 10, 1));
        for (percent, value) in [(50.0, 5000.0), (90.0, 9000.0), (99.0, 9900.0), (100.0, 10_000.0), (0.0, 10.0)] {
            let told = histogram.percentile(percent).unwrap();
            assert!((told - value).abs() <= value * 0.03, "p{percent} is {told}");
        }
        assert_eq!((histogram.count(), histogram.sum(), histogram.mean()), (1000, 5_005_000.0, Some(5005.0)));
        assert_eq!((histogram.least(), histogram.most()), (Some(10.0), Some(10_000.0)));
        assert_eq!(Histogram::default().percentile(50.0), None);
    }

    #[test]
    fn merging_is_adding() {
        let (mut one, mut other, mut both) = (Histogram::default(), Histogram::default(), Histogram::default());
        for value in [3, 900, 77] {
            one.add(value, 2);
            both.add(value, 2);
        }
        for value in [1, 100_000] {
            other.add(value, 1);
            both.add(value, 1);
        }
        one.merge(&other);
        one.merge(&Histogram::default());
        assert_eq!(one, both);
    }
}

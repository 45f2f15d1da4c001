//! Drawing from counts and quantiles. Only whole-number and basic floating point arithmetic, so that every machine draws the same.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

/// A number below `bound`, from 32 bits of the stream.
pub fn below(rng: &mut ChaCha8Rng, bound: u32) -> u32 {
    // The high half of a 32 by 32 bit product is below `bound`.
    ((u64::from(rng.next_u32()) * u64::from(bound)) >> 32) as u32
}

/// A number from 0 up to, and not including, 1.
pub fn unit(rng: &mut ChaCha8Rng) -> f64 {
    f64::from(rng.next_u32()) / (f64::from(u32::MAX) + 1.0)
}

/// How often each of some values occurs.
#[derive(Debug, Clone)]
pub struct Counts {
    cumulative: Vec<u32>,
}

impl Counts {
    /// From one count for each value.
    pub fn new(counts: &[u32]) -> Self {
        let mut sum = 0;
        let cumulative = counts
            .iter()
            .map(|count| {
                sum += count;
                sum
            })
            .collect();
        Counts { cumulative }
    }

    /// The position of a value drawn by its count; 0 when nothing was counted.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> usize {
        let drawn = below(rng, self.cumulative.last().copied().unwrap_or(0));
        self.cumulative.iter().position(|upto| drawn < *upto).unwrap_or(0)
    }
}

/// A distribution by its quantiles, straight lines between them.
#[derive(Debug, Clone)]
pub struct Quantiles {
    shares: Vec<f64>,
    values: Vec<f64>,
}

impl Quantiles {
    /// `values[i]` is the quantile at `shares[i]`; both ascend, and the shares run from 0 to 1.
    pub fn new(shares: &[f64], values: &[u32]) -> Self {
        Quantiles { shares: shares.to_vec(), values: values.iter().map(|value| f64::from(*value)).collect() }
    }

    /// The quantile at `share`.
    pub fn at(&self, share: f64) -> f64 {
        for (shares, values) in self.shares.windows(2).zip(self.values.windows(2)) {
            if let ([low, high], [from, to]) = (shares, values)
                && share <= *high
            {
                return from + (to - from) * (share - low) / (high - low);
            }
        }
        self.values.last().copied().unwrap_or(0.0)
    }

    /// A value drawn, rounded to a whole number.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> u32 {
        // Quantiles are not negative, so that adding a half and cutting rounds.
        (self.at(unit(rng)) + 0.5) as u32
    }
}

/// Shares `total` out in proportion to `weights`, exactly: the remainders that are greatest are rounded up.
pub fn apportion(weights: &[u32], total: u32) -> Vec<u32> {
    let sum: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: u32| u64::from(weight) * u64::from(total);
    // Each quotient is at most `total`, which fits.
    let mut shares: Vec<u32> = weights.iter().map(|weight| (exact(*weight) / sum) as u32).collect();
    let left = total - shares.iter().sum::<u32>();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|index| std::cmp::Reverse(exact(weights[*index]) % sum));
    for index in by_remainder.into_iter().take(left as usize) {
        shares[index] += 1;
    }
    shares
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn shares_sum_up() {
        assert_eq!(apportion(&[1, 1, 1], 10), [4, 3, 3]);
        assert_eq!(apportion(&[240, 7523], 7763), [240, 7523]);
        assert_eq!(apportion(&[0, 0], 5), [0, 0]);
    }

    #[test]
    fn quantiles_are_met() {
        let quantiles = Quantiles::new(&[0.0, 0.5, 1.0], &[10, 20, 100]);
        assert_eq!((quantiles.at(0.0), quantiles.at(0.25), quantiles.at(0.75), quantiles.at(1.0)), (10.0, 15.0, 60.0, 100.0));
    }

    #[test]
    fn values_without_a_count_are_not_drawn() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let counts = Counts::new(&[0, 3, 0, 1]);
        let mut seen = [0; 4];
        for _ in 0..4000 {
            seen[counts.draw(&mut rng)] += 1;
        }
        assert_eq!((seen[0], seen[2]), (0, 0));
        assert!((2800..3200).contains(&seen[1]), "{seen:?}");
    }
}

//! Which variant answers: by weight, in an order that follows from a number alone, so that the same invocations go the same ways.

/// The multiples of the golden ratio's fraction spread over 0 to 1 as evenly as any sequence can: each stretch of invocations, however
/// short, is split nearly by the weights, and a test needs no luck.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// The place of the `number`th invocation between 0 and 1.
pub(super) fn place(number: u64) -> f64 {
    // Far below 2^53 invocations the product keeps enough of its fraction.
    (number as f64 * GOLDEN).fract()
}

/// The index of the variant that a place falls to; `None` when there are no variants. Variants of weight 0 get none.
pub(super) fn choose(weights: impl Iterator<Item = f64> + Clone, place: f64) -> Option<usize> {
    let total: f64 = weights.clone().sum();
    let mut before = 0.0;
    let mut last = None;
    for (at, weight) in weights.enumerate() {
        before += weight;
        if weight > 0.0 {
            last = Some(at);
            if place * total < before {
                return last;
            }
        }
    }
    // Rounding may leave the last place just beyond the sum.
    last
}

/// Whether a shadow is sent a copy of the invocation at a place: the ratio of its weight to that of the variant that answers is the share
/// of invocations that it is sent.
pub(super) fn is_copied(shadow: f64, production: f64, place: f64) -> bool {
    production > 0.0 && place < (shadow / production).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(weights: &[f64], from: u64, invocations: u64) -> Vec<u64> {
        let mut counts = vec![0; weights.len()];
        for number in from..from + invocations {
            if let Some(at) = choose(weights.iter().copied(), place(number)) {
                counts[at] += 1;
            }
        }
        counts
    }

    #[test]
    fn any_stretch_is_split_by_the_weights() {
        for from in [0, 7, 1_000_003] {
            let split = counts(&[3.0, 1.0], from, 1000);
            assert_eq!(split.iter().sum::<u64>(), 1000);
            assert!((split[0] as i64 - 750).abs() <= 3, "{split:?} from {from}");
            let three = counts(&[0.5, 0.3, 0.2], from, 100);
            assert!(three.iter().zip([50, 30, 20]).all(|(got, wanted)| got.abs_diff(wanted) <= 3), "{three:?} from {from}");
        }
    }

    #[test]
    fn no_weight_no_invocation() {
        assert_eq!(counts(&[0.0, 1.0, 0.0], 0, 50), [0, 50, 0]);
        assert_eq!(choose([1.0, 2.0].into_iter(), 1.0), Some(1));
        assert_eq!(choose(std::iter::empty(), 0.5), None);
    }

    #[test]
    fn a_shadow_is_sent_its_share() {
        let copied = |shadow: f64, production: f64| (0..1000).filter(|number| is_copied(shadow, production, place(*number))).count();
        assert_eq!(copied(1.0, 1.0), 1000);
        assert_eq!(copied(2.0, 1.0), 1000);
        assert!(copied(0.25, 1.0).abs_diff(250) <= 3);
        assert_eq!(copied(0.0, 1.0), 0);
    }
}

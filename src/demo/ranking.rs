//! How well scores rank, threshold by threshold: the ROC and precision-recall curves, gain and lift, and what calling pays.
//!
//! Definitions are scikit-learn's (`roc_curve`, `precision_recall_curve`, `average_precision_score`): a fixture made by it is compared in the tests.

use serde::Serialize;

use super::metrics::Confusion;

/// Rows in the order of their scores, ready for every threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// One step per different score, highest first: counts of all rows with that score or more.
    steps: Vec<Step>,
    /// Rows of the positive class.
    positives: u64,
    /// Rows of the negative class.
    negatives: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    score: f64,
    true_positive: u64,
    false_positive: u64,
}

/// A point of the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocPoint {
    /// A score from here on is a yes.
    pub threshold: f64,
    /// Share of the negatives that are called.
    pub false_positive_rate: f64,
    /// Share of the positives that are called.
    pub true_positive_rate: f64,
}

/// A point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrecisionPoint {
    /// A score from here on is a yes.
    pub threshold: f64,
    /// Share of the called who are positive.
    pub precision: f64,
    /// Share of the positives who are called.
    pub recall: f64,
}

/// What is reached by calling the best of the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GainPoint {
    /// Share of all rows that is called, highest scores first.
    pub called: f64,
    /// Share of the positives among them that is reached.
    pub gain: f64,
    /// How much more frequent positives are among the called than among all.
    pub lift: f64,
}

/// What a decision is worth, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Economics {
    /// What one call costs.
    pub call_cost: f64,
    /// What one subscription brings.
    pub subscription_value: f64,
}

/// What a threshold means for the business.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outcome {
    /// A score from here on is called.
    pub threshold: f64,
    /// Decisions against truths.
    pub confusion: Confusion,
    /// Value of the subscriptions less cost of the calls.
    pub profit: f64,
}

impl Ranking {
    /// Ranks rows; `None` when one class is missing, a score is not finite, or the lists differ in length.
    pub fn new(scores: &[f64], truths: &[bool]) -> Option<Ranking> {
        let positives = truths.iter().filter(|&&truth| truth).count() as u64;
        let negatives = truths.len() as u64 - positives;
        if positives == 0 || negatives == 0 || scores.len() != truths.len() || scores.iter().any(|score| !score.is_finite()) {
            return None;
        }
        let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(truths.iter().copied()).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut steps: Vec<Step> = Vec::new();
        let (mut true_positive, mut false_positive) = (0, 0);
        for (score, truth) in order {
            if truth {
                true_positive += 1
            } else {
                false_positive += 1
            }
            match steps.last_mut() {
                // `==` makes one step of 0.0 and -0.0.
                Some(step) if step.score == score => (step.true_positive, step.false_positive) = (true_positive, false_positive),
                _ => steps.push(Step { score, true_positive, false_positive }),
            }
        }
        Some(Ranking { steps, positives, negatives })
    }

    /// Rows.
    pub fn rows(&self) -> u64 {
        self.positives + self.negatives
    }

    /// The ROC curve from (0, 0), where nobody is called, to (1, 1), one point per different score.
    pub fn roc(&self) -> Vec<RocPoint> {
        let start = RocPoint { threshold: f64::INFINITY, false_positive_rate: 0.0, true_positive_rate: 0.0 };
        let points = self.steps.iter().map(|step| RocPoint {
            threshold: step.score,
            false_positive_rate: step.false_positive as f64 / self.negatives as f64,
            true_positive_rate: step.true_positive as f64 / self.positives as f64,
        });
        std::iter::once(start).chain(points).collect()
    }

    /// Area under the ROC curve, by trapezoids.
    pub fn roc_auc(&self) -> f64 {
        let points = self.roc();
        let area = points.windows(2).map(|pair| {
            (pair[1].false_positive_rate - pair[0].false_positive_rate) * (pair[1].true_positive_rate + pair[0].true_positive_rate) / 2.0
        });
        area.sum()
    }

    /// The precision-recall curve, highest threshold first.
    pub fn precision_recall(&self) -> Vec<PrecisionPoint> {
        let point = |step: &Step| PrecisionPoint {
            threshold: step.score,
            precision: step.true_positive as f64 / (step.true_positive + step.false_positive) as f64,
            recall: step.true_positive as f64 / self.positives as f64,
        };
        self.steps.iter().map(point).collect()
    }

    /// Average precision: the precision at each step, weighted by the recall it adds.
    pub fn average_precision(&self) -> f64 {
        let mut recall = 0.0;
        let mut sum = 0.0;
        for point in self.precision_recall() {
            sum += (point.recall - recall) * point.precision;
            recall = point.recall;
        }
        sum
    }

    /// Gain and lift after each of `parts` equal parts of the rows. Rows of one score are reached in the mixture that they are.
    pub fn gains(&self, parts: u32) -> Vec<GainPoint> {
        let all = self.rows() as f64;
        let base = self.positives as f64 / all;
        (1..=parts)
            .map(|part| {
                let called = f64::from(part) / f64::from(parts);
                let reached = self.reached(called * all);
                GainPoint { called, gain: reached / self.positives as f64, lift: reached / (called * all) / base }
            })
            .collect()
    }

    /// Positives among the first `rows` of the ranking.
    fn reached(&self, rows: f64) -> f64 {
        let (mut before, mut reached) = (0.0, 0.0);
        for step in &self.steps {
            let (here, positive) = ((step.true_positive + step.false_positive) as f64, step.true_positive as f64);
            if here >= rows {
                let share = if here > before { (rows - before) / (here - before) } else { 0.0 };
                return reached + (positive - reached) * share;
            }
            (before, reached) = (here, positive);
        }
        reached
    }

    /// What a threshold means.
    pub fn at(&self, threshold: f64, economics: Economics) -> Outcome {
        let called = self.steps.partition_point(|step| step.score >= threshold);
        let (true_positive, false_positive) =
            called.checked_sub(1).map_or((0, 0), |last| (self.steps[last].true_positive, self.steps[last].false_positive));
        let confusion = Confusion {
            true_positive,
            false_positive,
            true_negative: self.negatives - false_positive,
            false_negative: self.positives - true_positive,
        };
        Outcome { threshold, confusion, profit: economics.profit(&confusion) }
    }

    /// The threshold with the highest profit; of equal ones the highest, which calls the fewest. Calling nobody (a threshold above every score) is
    /// one of the choices.
    pub fn best(&self, economics: Economics) -> Outcome {
        let nobody = self.steps.first().map_or(f64::INFINITY, |step| step.score.next_up());
        let thresholds = std::iter::once(nobody).chain(self.steps.iter().map(|step| step.score));
        let mut best = self.at(nobody, economics);
        for threshold in thresholds {
            let outcome = self.at(threshold, economics);
            if outcome.profit > best.profit {
                best = outcome;
            }
        }
        best
    }
}

impl Economics {
    /// Value of the subscriptions less cost of the calls.
    pub fn profit(&self, confusion: &Confusion) -> f64 {
        let calls = confusion.true_positive + confusion.false_positive;
        confusion.true_positive as f64 * self.subscription_value - calls as f64 * self.call_cost
    }
}

/// The share of positives among rows with scores like one, with an interval: what a score of 73 % has meant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Calibrated {
    /// Rows that the share is counted on.
    pub rows: u64,
    /// Smallest score among them.
    pub from: f64,
    /// Largest score among them.
    pub to: f64,
    /// Share of positives among them.
    pub rate: f64,
    /// Lower end of the 95 % interval of the share.
    pub low: f64,
    /// Upper end of the 95 % interval of the share.
    pub high: f64,
}

/// What scores like `score` have meant: the `neighbours` rows with the nearest scores, and the share of positives among them with Wilson's interval
/// (Wilson, 1927). `None` without rows.
pub fn calibrated(scores: &[f64], truths: &[bool], score: f64, neighbours: usize) -> Option<Calibrated> {
    let mut near: Vec<(f64, f64, bool)> = scores.iter().zip(truths).map(|(&other, &truth)| ((other - score).abs(), other, truth)).collect();
    if near.is_empty() || neighbours == 0 {
        return None;
    }
    let count = neighbours.min(near.len());
    near.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0));
    near.truncate(count);
    let positives = near.iter().filter(|(_, _, truth)| *truth).count() as u64;
    let (low, high) = wilson(positives, count as u64);
    let from = near.iter().map(|(_, other, _)| *other).fold(f64::INFINITY, f64::min);
    let to = near.iter().map(|(_, other, _)| *other).fold(f64::NEG_INFINITY, f64::max);
    Some(Calibrated { rows: count as u64, from, to, rate: positives as f64 / count as f64, low, high })
}

/// Wilson's 95 % interval of a share. Without rows it is everything.
pub fn wilson(positives: u64, rows: u64) -> (f64, f64) {
    /// The 97.5 % quantile of the normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    if rows == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (rows as f64, positives as f64 / rows as f64);
    let centre = share + Z * Z / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    (((centre - spread) / whole).max(0.0), ((centre + spread) / whole).min(1.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::metrics::roc_auc;

    const SCORES: [f64; 8] = [0.9, 0.8, 0.8, 0.6, 0.5, 0.4, 0.4, 0.1];
    const TRUTHS: [bool; 8] = [true, true, false, true, false, false, true, false];

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
    }

    #[test]
    fn tied_scores_make_one_step() {
        let ranking = Ranking::new(&SCORES, &TRUTHS).unwrap();
        let roc: Vec<(f64, f64)> = ranking.roc().iter().map(|point| (point.false_positive_rate, point.true_positive_rate)).collect();
        assert_eq!(roc, [(0.0, 0.0), (0.0, 0.25), (0.25, 0.5), (0.25, 0.75), (0.5, 0.75), (0.75, 1.0), (1.0, 1.0)]);
        near(ranking.roc_auc(), roc_auc(&SCORES, &TRUTHS).unwrap());
        // 0.25·1 + 0.25·2/3 + 0.25·3/4 + 0·3/5 + 0.25·4/7 + 0·4/8
        near(ranking.average_precision(), 0.25 * (1.0 + 2.0 / 3.0 + 0.75 + 4.0 / 7.0));
    }

    #[test]
    fn gain_ends_with_everything() {
        let gains = Ranking::new(&SCORES, &TRUTHS).unwrap().gains(4);
        // Two rows of a quarter: 0.9 (yes) and one of the two with 0.8, of which one in two is a yes.
        near(gains[0].gain, 1.5 / 4.0);
        near(gains[0].lift, 1.5 / 2.0 / 0.5);
        near(gains[3].gain, 1.0);
        near(gains[3].lift, 1.0);
    }

    #[test]
    fn the_best_threshold_pays_most() {
        let ranking = Ranking::new(&SCORES, &TRUTHS).unwrap();
        let economics = Economics { call_cost: 10.0, subscription_value: 25.0 };
        let best = ranking.best(economics);
        let others = SCORES.iter().map(|score| ranking.at(*score, economics).profit);
        assert!(others.fold(f64::MIN, f64::max) <= best.profit);
        assert_eq!((best.threshold, best.profit), (0.6, 35.0));
        assert_eq!(best.confusion, Confusion::at(0.6, &SCORES, &TRUTHS));
        let dear = ranking.best(Economics { call_cost: 100.0, subscription_value: 25.0 });
        assert_eq!((dear.profit, dear.confusion.true_positive + dear.confusion.false_positive), (0.0, 0), "then nobody is called");
    }

    #[derive(serde::Deserialize)]
    struct Fixture {
        scores: Vec<f64>,
        truths: Vec<bool>,
        roc_auc: f64,
        average_precision: f64,
        log_loss: f64,
        roc: Vec<[f64; 3]>,
        precision_recall: Vec<[f64; 3]>,
        calibration: Vec<[f64; 2]>,
    }

    #[test]
    fn the_curves_are_those_of_scikit_learn() {
        let fixture: Fixture = serde_json::from_str(include_str!("../../tests/fixtures/ranking.json")).unwrap();
        let ranking = Ranking::new(&fixture.scores, &fixture.truths).unwrap();
        near(ranking.roc_auc(), fixture.roc_auc);
        near(ranking.average_precision(), fixture.average_precision);
        near(crate::demo::metrics::log_loss(&fixture.scores, &fixture.truths), fixture.log_loss);
        let roc = ranking.roc();
        assert_eq!(roc.len() - 1, fixture.roc.len());
        for (point, [threshold, false_positive, true_positive]) in roc[1..].iter().zip(&fixture.roc) {
            near(point.threshold, *threshold);
            near(point.false_positive_rate, *false_positive);
            near(point.true_positive_rate, *true_positive);
        }
        let curve = ranking.precision_recall();
        assert_eq!(curve.len(), fixture.precision_recall.len());
        // scikit-learn lists the lowest threshold first.
        for (point, [threshold, precision, recall]) in curve.iter().rev().zip(&fixture.precision_recall) {
            near(point.threshold, *threshold);
            near(point.precision, *precision);
            near(point.recall, *recall);
        }
        let bins = crate::demo::metrics::calibration(&fixture.scores, &fixture.truths);
        let filled: Vec<_> = bins.iter().filter(|bin| bin.rows > 0).collect();
        assert_eq!(filled.len(), fixture.calibration.len());
        for (bin, [mean, rate]) in filled.iter().zip(&fixture.calibration) {
            near(bin.mean_score, *mean);
            near(bin.positive_rate, *rate);
        }
    }

    #[test]
    fn one_class_cannot_be_ranked() {
        assert_eq!(Ranking::new(&[0.1, 0.2], &[true, true]), None);
        assert_eq!(Ranking::new(&[0.1, f64::NAN], &[true, false]), None);
    }

    #[test]
    fn a_score_is_what_its_neighbours_were() {
        let found = calibrated(&SCORES, &TRUTHS, 0.82, 3).unwrap();
        assert_eq!((found.rows, found.from, found.to), (3, 0.8, 0.9));
        near(found.rate, 2.0 / 3.0);
        // Computed with Python from the formula.
        assert!((found.low - 0.207_659_6).abs() < 1e-6 && (found.high - 0.938_508_1).abs() < 1e-6, "{found:?}");
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }
}

//! Measures of a binary model's answers.
//!
//! Scores are what the model answered, one a row; a truth is whether the row is of the positive class. A score need not lie between 0
//! and 1 (a squared-error model may answer -0.01); the measures that need a probability say what they do then.

use serde::{Deserialize, Serialize};

/// Everything that is measured at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BinaryReport {
    /// Rows.
    pub rows: u64,
    /// Rows of the positive class.
    pub positives: u64,
    /// Share of the positive class.
    pub base_rate: f64,
    /// Area under the ROC curve; `None` when one class is missing.
    pub auc: Option<f64>,
    /// Mean squared error of the scores against 0 and 1.
    pub mse: f64,
    /// Population standard deviation of the errors (truth minus score).
    pub error_deviation: f64,
    /// Mean squared error of answering `base_rate` for every row.
    pub base_rate_mse: f64,
    /// Cross entropy, natural logarithm.
    pub log_loss: f64,
    /// The threshold from which on a score is a yes.
    pub threshold: f64,
    /// Counts at the threshold.
    pub confusion: Confusion,
    /// How much more frequent positives are in the tenth with the highest scores; `None` without positives.
    pub lift_top_decile: Option<f64>,
    /// Scores against truths in ten bins of equal width.
    pub calibration: Vec<CalibrationBin>,
}

/// Counts of decisions against truths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Yes, and true.
    pub true_positive: u64,
    /// Yes, but false.
    pub false_positive: u64,
    /// No, and true.
    pub true_negative: u64,
    /// No, but false.
    pub false_negative: u64,
}

/// The rows whose score lies in one tenth of the range from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Lower bound, included.
    pub lower: f64,
    /// Upper bound, excluded but for the last bin.
    pub upper: f64,
    /// Rows in the bin. Scores below 0 are counted in the first bin, above 1 in the last.
    pub rows: u64,
    /// Their mean score; 0 for an empty bin.
    pub mean_score: f64,
    /// Their share of positives; 0 for an empty bin.
    pub positive_rate: f64,
}

/// The figures of the rows that have one value in a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentFigures {
    /// Column.
    pub column: String,
    /// The value; empty for NULL.
    pub value: String,
    /// Rows.
    pub rows: u64,
    /// Share of the positive class.
    pub positive_rate: f64,
    /// Mean score.
    pub mean_score: f64,
    /// Area under the ROC curve; `None` when one class is missing among the rows.
    pub auc: Option<f64>,
    /// Share of the yes that are true at the threshold; 0 without a yes.
    pub precision: f64,
    /// Share of the positives that were found at the threshold; 0 without positives.
    pub recall: f64,
}

impl SegmentFigures {
    /// Measures the rows of a segment.
    pub fn measure(column: &str, value: &str, scores: &[f64], truths: &[bool], threshold: f64) -> Self {
        let counts = Confusion::at(threshold, scores, truths);
        SegmentFigures {
            column: column.to_owned(),
            value: value.to_owned(),
            rows: counts.rows(),
            positive_rate: share(counts.true_positive + counts.false_negative, counts.rows()),
            mean_score: mean(scores.iter().copied(), scores.len()),
            auc: roc_auc(scores, truths),
            precision: counts.precision(),
            recall: counts.recall(),
        }
    }
}

/// The population stability index of a distribution against another, both as counts of the same bins: the sum of
/// `(a - e) · ln(a / e)` over the shares `a` of now and `e` of before. An empty bin counts as a share of 1 in 10,000. 0 is no change; 0.25 is
/// commonly called a shift. 0 when either has no rows.
pub fn stability_index(before: &[u64], now: &[u64]) -> f64 {
    const LEAST: f64 = 1e-4;
    let (all_before, all_now) = (before.iter().sum::<u64>(), now.iter().sum::<u64>());
    if all_before == 0 || all_now == 0 {
        return 0.0;
    }
    let pairs = before.iter().zip(now).filter(|(before, now)| **before + **now > 0);
    pairs
        .map(|(&before, &now)| {
            let expected = (before as f64 / all_before as f64).max(LEAST);
            let actual = (now as f64 / all_now as f64).max(LEAST);
            (actual - expected) * (actual / expected).ln()
        })
        .sum()
}

/// Why nothing can be measured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    /// There are no rows.
    #[error("there are no rows to measure")]
    Empty,
    /// The two lists are not of one length.
    #[error("there are {scores} scores for {truths} truths")]
    Length {
        /// Scores given.
        scores: usize,
        /// Truths given.
        truths: usize,
    },
    /// A score is NaN or infinite.
    #[error("the score of row {row} is not a finite number")]
    NotFinite {
        /// Row, counted from 0.
        row: usize,
    },
}

impl BinaryReport {
    /// Measures `scores` against `truths`.
    pub fn measure(scores: &[f64], truths: &[bool], threshold: f64) -> Result<Self, MetricError> {
        if scores.len() != truths.len() {
            return Err(MetricError::Length { scores: scores.len(), truths: truths.len() });
        }
        if scores.is_empty() {
            return Err(MetricError::Empty);
        }
        if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
            return Err(MetricError::NotFinite { row });
        }
        let positives = truths.iter().filter(|&&truth| truth).count();
        let base_rate = ratio(positives, truths.len());
        Ok(BinaryReport {
            rows: truths.len() as u64,
            positives: positives as u64,
            base_rate,
            auc: roc_auc(scores, truths),
            mse: mean_squared_error(scores, truths),
            error_deviation: error_deviation(scores, truths),
            base_rate_mse: base_rate * (1.0 - base_rate),
            log_loss: log_loss(scores, truths),
            threshold,
            confusion: Confusion::at(threshold, scores, truths),
            lift_top_decile: lift_top_decile(scores, truths),
            calibration: calibration(scores, truths),
        })
    }
}

impl Confusion {
    /// Counts decisions: a score of `threshold` or more is a yes.
    pub fn at(threshold: f64, scores: &[f64], truths: &[bool]) -> Self {
        let mut counts = Confusion::default();
        for (&score, &truth) in scores.iter().zip(truths) {
            match (score >= threshold, truth) {
                (true, true) => counts.true_positive += 1,
                (true, false) => counts.false_positive += 1,
                (false, false) => counts.true_negative += 1,
                (false, true) => counts.false_negative += 1,
            }
        }
        counts
    }

    /// Rows.
    pub fn rows(&self) -> u64 {
        self.true_positive + self.false_positive + self.true_negative + self.false_negative
    }

    /// Share of right decisions.
    pub fn accuracy(&self) -> f64 {
        share(self.true_positive + self.true_negative, self.rows())
    }

    /// Share of the yes that are true; 0 without a yes, as scikit-learn has it.
    pub fn precision(&self) -> f64 {
        share(self.true_positive, self.true_positive + self.false_positive)
    }

    /// Share of the positives that were found; 0 without positives.
    pub fn recall(&self) -> f64 {
        share(self.true_positive, self.true_positive + self.false_negative)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        share(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)
    }
}

/// Area under the ROC curve: the chance that a positive row scores higher than a negative one, ties counting half. Computed from the rank
/// sum of the positives (Mann and Whitney), tied scores sharing their average rank. `None` when one class is missing.
pub fn roc_auc(scores: &[f64], truths: &[bool]) -> Option<f64> {
    let positives = truths.iter().filter(|&&truth| truth).count();
    let negatives = truths.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(truths.iter().copied()).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut rank_sum = 0.0;
    let mut start = 0;
    while let Some(&(score, _)) = order.get(start) {
        // `==` makes one group of 0.0 and -0.0, which total_cmp puts next to each other.
        let tied = order[start..].iter().take_while(|(other, _)| *other == score).count();
        let average_rank = start as f64 + (tied as f64 + 1.0) / 2.0;
        rank_sum += average_rank * order[start..start + tied].iter().filter(|(_, truth)| *truth).count() as f64;
        start += tied;
    }
    let (positives, negatives) = (positives as f64, negatives as f64);
    Some((rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives))
}

/// Mean squared error of the scores against 0 and 1.
pub fn mean_squared_error(scores: &[f64], truths: &[bool]) -> f64 {
    mean(errors(scores, truths).map(|error| error * error), scores.len())
}

/// Population standard deviation of the errors, truth minus score.
pub fn error_deviation(scores: &[f64], truths: &[bool]) -> f64 {
    let centre = mean(errors(scores, truths), scores.len());
    mean(errors(scores, truths).map(|error| (error - centre).powi(2)), scores.len()).sqrt()
}

/// Cross entropy with the natural logarithm. Scores are held within 1e-15 of 0 and 1, so that a certain wrong answer costs about 34.5
/// and not infinity.
pub fn log_loss(scores: &[f64], truths: &[bool]) -> f64 {
    const NEAR: f64 = 1e-15;
    let losses = scores.iter().zip(truths).map(|(&score, &truth)| {
        let score = score.clamp(NEAR, 1.0 - NEAR);
        if truth { -score.ln() } else { -(1.0 - score).ln() }
    });
    mean(losses, scores.len())
}

/// Share of positives in the tenth of the rows (rounded up) with the highest scores, over their share in all. Rows of equal score are
/// taken in row order. `None` without positives.
pub fn lift_top_decile(scores: &[f64], truths: &[bool]) -> Option<f64> {
    let positives = truths.iter().filter(|&&truth| truth).count();
    if positives == 0 {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let top = scores.len().div_ceil(10);
    let found = order[..top].iter().filter(|&&row| truths[row]).count();
    Some(ratio(found, top) / ratio(positives, truths.len()))
}

/// Ten bins of equal width from 0 to 1.
pub fn calibration(scores: &[f64], truths: &[bool]) -> Vec<CalibrationBin> {
    const BINS: usize = 10;
    let mut sums = [(0_u64, 0.0_f64, 0_u64); BINS];
    for (&score, &truth) in scores.iter().zip(truths) {
        // A float to integer cast saturates, so a negative score lands in the first bin.
        let bin = ((score * BINS as f64) as usize).min(BINS - 1);
        let (rows, total, positives) = &mut sums[bin];
        *rows += 1;
        *total += score;
        *positives += u64::from(truth);
    }
    sums.iter()
        .enumerate()
        .map(|(bin, &(rows, total, positives))| CalibrationBin {
            lower: bin as f64 / BINS as f64,
            upper: (bin + 1) as f64 / BINS as f64,
            rows,
            mean_score: if rows == 0 { 0.0 } else { total / rows as f64 },
            positive_rate: share(positives, rows),
        })
        .collect()
}

fn errors<'a>(scores: &'a [f64], truths: &'a [bool]) -> impl Iterator<Item = f64> + 'a {
    scores.iter().zip(truths).map(|(&score, &truth)| f64::from(u8::from(truth)) - score)
}

fn mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    if count == 0 { 0.0 } else { values.sum::<f64>() / count as f64 }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const SCORES: [f64; 4] = [0.1, 0.4, 0.35, 0.8];
    const TRUTHS: [bool; 4] = [false, false, true, true];

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn auc_is_the_share_of_pairs_in_order() {
        // Pairs positive over negative: 0.35 > 0.1 yes, 0.35 > 0.4 no, 0.8 > both: 3 of 4.
        assert_eq!(roc_auc(&SCORES, &TRUTHS), Some(0.75));
        // One tied pair counts half: (0.5 + 1 + 1 + 1) / 4.
        assert_eq!(roc_auc(&[0.1, 0.4, 0.4, 0.8], &TRUTHS), Some(0.875));
        assert_eq!(roc_auc(&[0.5; 4], &TRUTHS), Some(0.5));
        assert_eq!(roc_auc(&[0.0, -0.0, 0.0, -0.0], &TRUTHS), Some(0.5));
        assert_eq!(roc_auc(&SCORES, &[true; 4]), None);
    }

    #[test]
    fn errors_by_hand() {
        // Errors: -0.1, -0.4, 0.65, 0.2.
        assert!(close(mean_squared_error(&SCORES, &TRUTHS), (0.01 + 0.16 + 0.4225 + 0.04) / 4.0));
        // Mean error 0.0875; deviation sqrt(mse - 0.0875²).
        assert!(close(error_deviation(&SCORES, &TRUTHS), (0.158_125_f64 - 0.087_5 * 0.087_5).sqrt()));
        let expected = -(0.9_f64.ln() + 0.6_f64.ln() + 0.35_f64.ln() + 0.8_f64.ln()) / 4.0;
        assert!(close(log_loss(&SCORES, &TRUTHS), expected));
        assert!(log_loss(&[1.0], &[false]) < 35.0);
    }

    #[test]
    fn decisions_at_a_threshold() {
        let counts = Confusion::at(0.4, &SCORES, &TRUTHS);
        assert_eq!(counts, Confusion { true_positive: 1, false_positive: 1, true_negative: 1, false_negative: 1 });
        assert_eq!((counts.accuracy(), counts.precision(), counts.recall(), counts.f1()), (0.5, 0.5, 0.5, 0.5));
        let none = Confusion::at(2.0, &SCORES, &TRUTHS);
        assert_eq!((none.precision(), none.recall(), none.f1()), (0.0, 0.0, 0.0));
    }

    #[test]
    fn lift_takes_the_highest_tenth() {
        let scores: Vec<f64> = (0..20).map(f64::from).collect();
        let truths: Vec<bool> = (0..20).map(|row| row == 19 || row == 0).collect();
        // The top two rows hold one positive: 0.5 over 0.1.
        assert!(close(lift_top_decile(&scores, &truths).unwrap(), 5.0));
        assert_eq!(lift_top_decile(&scores, &[false; 20]), None);
    }

    #[test]
    fn calibration_bins_hold_every_row_once() {
        let bins = calibration(&[-0.2, 0.0, 0.05, 0.1, 0.99, 1.0, 1.7], &[false, false, true, false, true, true, true]);
        assert_eq!(bins.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [3, 1, 0, 0, 0, 0, 0, 0, 0, 3]);
        assert!(close(bins[0].positive_rate, 1.0 / 3.0));
        assert!(close(bins[9].positive_rate, 1.0));
    }

    #[test]
    fn the_report_compares_with_the_base_rate() {
        let report = BinaryReport::measure(&SCORES, &TRUTHS, 0.5).unwrap();
        assert_eq!((report.rows, report.positives), (4, 2));
        // Answering 0.5 for everyone errs by 0.25 on average.
        assert_eq!(report.base_rate_mse, 0.25);
        assert!(report.mse < report.base_rate_mse);
    }

    #[test]
    fn the_stability_index_is_zero_only_without_a_change() {
        assert_eq!(stability_index(&[10, 20, 0], &[100, 200, 0]), 0.0);
        // By hand: (0.5 - 0.25) ln 2 + (0.5 - 0.75) ln(2/3).
        let expected = 0.25 * 2.0_f64.ln() - 0.25 * (2.0_f64 / 3.0).ln();
        assert!(close(stability_index(&[1, 3], &[2, 2]), expected));
        assert!(stability_index(&[0, 100], &[50, 50]) > 0.25);
        assert_eq!(stability_index(&[], &[]), 0.0);
    }

    #[test]
    fn a_segment_is_measured_by_itself() {
        let figures = SegmentFigures::measure("job", "student", &[0.9, 0.2, 0.6], &[true, false, false], 0.5);
        assert_eq!((figures.rows, figures.auc, figures.precision, figures.recall), (3, Some(1.0), 0.5, 1.0));
        assert!(close(figures.positive_rate, 1.0 / 3.0) && close(figures.mean_score, 1.7 / 3.0));
        assert_eq!(SegmentFigures::measure("job", "", &[0.1], &[false], 0.5).auc, None);
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        assert_eq!(BinaryReport::measure(&[], &[], 0.5), Err(MetricError::Empty));
        assert_eq!(BinaryReport::measure(&[0.1], &[], 0.5), Err(MetricError::Length { scores: 1, truths: 0 }));
        assert_eq!(BinaryReport::measure(&[0.1, f64::NAN], &[true, false], 0.5), Err(MetricError::NotFinite { row: 1 }));
    }
}

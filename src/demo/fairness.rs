//! How a model treats the parts of its customers: rates and quality by the values of one column, and how far they lie apart.
//!
//! The two differences are those in common use, in the reading of Fairlearn: the largest value among the segments less the smallest.
//! *Demographic parity difference* compares the shares that are answered yes (Calders, Kamiran and Pechenizkiy, 2009; Dwork et al., 2012);
//! *equal opportunity difference* compares the shares of those who would say yes that are found (Hardt, Price and Srebro, 2016). Both are 0 where all
//! segments are treated alike. They describe; whether a difference is unfair is not for a figure to say.

use serde::Serialize;
use serde_json::Value;

use super::feature_schema::{Column, ColumnKind};
use super::figures;
use super::metrics::{Confusion, roc_auc};

/// A segment of fewer rows is marked, and not compared.
pub const SMALL_ROWS: u64 = 100;
/// A segment of fewer rows of the positive class is marked, and not compared: its rates say little.
pub const SMALL_POSITIVES: u64 = 10;

/// The figures of the rows of one segment, all shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    /// The value, or the range of values.
    pub value: String,
    /// Rows.
    pub rows: u64,
    /// Rows of the positive class.
    pub positives: u64,
    /// Share of the positive class.
    pub positive_rate: f64,
    /// Share that is answered yes at the threshold.
    pub predicted_positive_rate: f64,
    /// Area under the ROC curve; `None` when one class is missing.
    pub auc: Option<f64>,
    /// Share of the positives that is answered yes; `None` without positives.
    pub true_positive_rate: Option<f64>,
    /// Share of the negatives that is answered yes; `None` without negatives.
    pub false_positive_rate: Option<f64>,
    /// Mean score less share of the positive class: above 0 the model expects more than there is.
    pub calibration_gap: f64,
    /// Whether it has too few rows, or too few positives, to be compared.
    pub small: bool,
}

/// The segments of a column against the whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentReport {
    /// The column.
    pub column: String,
    /// A score from here on is a yes.
    pub threshold: f64,
    /// All rows.
    pub whole: Segment,
    /// The segments: categories by their rows, most first; numbers in their order.
    pub segments: Vec<Segment>,
    /// Largest less smallest share that is answered yes, among the segments that are not small; `None` with fewer than two of them.
    pub demographic_parity_difference: Option<f64>,
    /// Largest less smallest share of the positives that is answered yes, among the same.
    pub equal_opportunity_difference: Option<f64>,
}

impl SegmentReport {
    /// Measures rows, given by the value of the column, the score and the truth of each. What is beyond the shortest of the three is left out.
    pub fn measure<'a>(
        column: &Column,
        values: impl IntoIterator<Item = Option<&'a Value>>,
        scores: &[f64],
        truths: &[bool],
        threshold: f64,
    ) -> SegmentReport {
        let parts = Parts::of(column);
        let mut rows: Vec<(Vec<f64>, Vec<bool>)> = vec![Default::default(); parts.labels.len()];
        for (value, (score, truth)) in values.into_iter().zip(scores.iter().zip(truths)) {
            let (scores, truths) = &mut rows[parts.place(value)];
            scores.push(*score);
            truths.push(*truth);
        }
        let mut segments: Vec<Segment> = parts
            .labels
            .iter()
            .zip(&rows)
            .filter(|(_, (scores, _))| !scores.is_empty())
            .map(|(label, (scores, truths))| Segment::measure(label, scores, truths, threshold))
            .collect();
        if matches!(column.kind, ColumnKind::Category { .. }) {
            segments.sort_by_key(|segment| std::cmp::Reverse(segment.rows));
        }
        let apart = |rate: fn(&Segment) -> Option<f64>| {
            let rates: Vec<f64> = segments.iter().filter(|segment| !segment.small).filter_map(rate).collect();
            let most = rates.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
            (rates.len() > 1).then_some(most - least)
        };
        SegmentReport {
            column: column.name.clone(),
            threshold,
            whole: Segment::measure("all", scores, truths, threshold),
            demographic_parity_difference: apart(|segment| Some(segment.predicted_positive_rate)),
            equal_opportunity_difference: apart(|segment| segment.true_positive_rate),
            segments,
        }
    }
}

impl Segment {
    fn measure(value: &str, scores: &[f64], truths: &[bool], threshold: f64) -> Segment {
        let counts = Confusion::at(threshold, scores, truths);
        let rows = counts.rows();
        let positives = counts.true_positive + counts.false_negative;
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let positive_rate = share(positives, rows).unwrap_or(0.0);
        let mean = if scores.is_empty() { 0.0 } else { scores.iter().sum::<f64>() / scores.len() as f64 };
        Segment {
            value: value.to_owned(),
            rows,
            positives,
            positive_rate,
            predicted_positive_rate: share(counts.true_positive + counts.false_positive, rows).unwrap_or(0.0),
            auc: roc_auc(scores, truths),
            true_positive_rate: share(counts.true_positive, positives),
            false_positive_rate: share(counts.false_positive, rows - positives),
            calibration_gap: mean - positive_rate,
            small: rows < SMALL_ROWS || positives < SMALL_POSITIVES,
        }
    }
}

/// How the values of a column are parted: categories by value, numbers by their quartiles, where a value that fills several of the
/// schema's quantiles is a part of its own.
struct Parts<'a> {
    column: &'a Column,
    /// The ends of the ranges of a number, ascending, each with whether it is a part of its own.
    ends: Vec<(f64, bool)>,
    labels: Vec<String>,
}

impl<'a> Parts<'a> {
    fn of(column: &'a Column) -> Parts<'a> {
        let (ends, mut labels) = match &column.kind {
            ColumnKind::Category { values } => (Vec::new(), values.iter().map(|value| value.value.clone()).collect::<Vec<_>>()),
            ColumnKind::Number { quantiles, integer, .. } => {
                let own = |value: f64| quantiles.iter().filter(|quantile| **quantile == value).count() > 1;
                let frequent = quantiles.iter().copied().filter(|value| own(*value));
                let quartiles = [4, 5, 6].into_iter().filter_map(|at: usize| quantiles.get(at).copied());
                let mut ends: Vec<f64> = frequent.chain(quartiles).filter(|value| value.is_finite()).collect();
                ends.sort_by(f64::total_cmp);
                ends.dedup();
                let ends: Vec<(f64, bool)> = ends.into_iter().map(|end| (end, own(end))).collect();
                let labels = number_labels(&ends, *integer);
                (ends, labels)
            }
        };
        // Last: what the schema does not know, and what is not given.
        labels.push("other".to_owned());
        labels.push("not given".to_owned());
        Parts { column, ends, labels }
    }

    /// The part that a value lies in.
    fn place(&self, value: Option<&Value>) -> usize {
        let (other, missing) = (self.labels.len() - 2, self.labels.len() - 1);
        let Some(value) = value.filter(|value| !value.is_null()) else { return missing };
        match &self.column.kind {
            ColumnKind::Category { values } => {
                value.as_str().and_then(|given| values.iter().position(|value| value.value == given)).unwrap_or(other)
            }
            ColumnKind::Number { .. } => {
                let Some(number) = value.as_f64() else { return other };
                let below = self.ends.partition_point(|(end, _)| *end < number);
                // Every end makes a range up to it, and a part of its own where it is one.
                let parts_before: usize = self.ends[..below].iter().map(|(_, own)| 1 + usize::from(*own)).sum();
                let on_end = self.ends.get(below).is_some_and(|(end, own)| *own && *end == number);
                parts_before + usize::from(on_end)
            }
        }
    }
}

/// Labels of the parts between ends: `up to 32`, `33 to 38`, `over 47`, and `999` for a part of its own.
fn number_labels(ends: &[(f64, bool)], integer: bool) -> Vec<String> {
    let mut labels = Vec::new();
    let mut low: Option<f64> = None;
    for (end, own) in ends {
        let last = if *own && integer { end - 1.0 } else { *end };
        labels.push(match low {
            None if *own && !integer => format!("below {}", figures::float(*end)),
            None => format!("up to {}", figures::float(last)),
            Some(low) if integer && low + 1.0 >= last => figures::float(last),
            Some(low) if integer => format!("{} to {}", figures::float(low + 1.0), figures::float(last)),
            Some(low) if *own => format!("over {}, below {}", figures::float(low), figures::float(*end)),
            Some(low) => format!("over {} to {}", figures::float(low), figures::float(last)),
        });
        if *own {
            labels.push(figures::float(*end));
        }
        low = Some(*end);
    }
    labels.push(match low {
        Some(low) => format!("over {}", figures::float(low)),
        None => "all numbers".to_owned(),
    });
    labels
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;
    use crate::demo::feature_schema::CategoryValue;

    fn category(values: &[&str]) -> Column {
        let values = values.iter().map(|value| CategoryValue { value: (*value).into(), count: 1 }).collect();
        Column { name: "contact".into(), dropped: false, kind: ColumnKind::Category { values } }
    }

    fn number(quantiles: [f64; 11]) -> Column {
        let kind = ColumnKind::Number { integer: true, min: quantiles[0], max: quantiles[10], mean: 0.0, quantiles: quantiles.to_vec() };
        Column { name: "n".into(), dropped: false, kind }
    }

    /// `count` rows of a segment: positives first, of which `found` are answered yes, then negatives, of which `wrong` are.
    fn rows(count: usize, positives: usize, found: usize, wrong: usize) -> Vec<(f64, bool)> {
        (0..count)
            .map(|at| {
                let truth = at < positives;
                let yes = if truth { at < found } else { at - positives < wrong };
                (if yes { 0.75 } else { 0.25 }, truth)
            })
            .collect()
    }

    #[test]
    fn segments_are_measured_and_compared() {
        let parts = [("cellular", rows(200, 40, 30, 10)), ("telephone", rows(100, 10, 4, 2)), ("letter", rows(20, 10, 10, 10))];
        let mut values = Vec::new();
        let (mut scores, mut truths) = (Vec::new(), Vec::new());
        for (name, rows) in &parts {
            for (score, truth) in rows {
                values.push(json!(name));
                scores.push(*score);
                truths.push(*truth);
            }
        }
        let column = category(&["cellular", "letter", "telephone"]);
        let report = SegmentReport::measure(&column, values.iter().map(Some), &scores, &truths, 0.5);
        let names: Vec<&str> = report.segments.iter().map(|segment| segment.value.as_str()).collect();
        assert_eq!(names, ["cellular", "telephone", "letter"]);
        let cellular = &report.segments[0];
        assert_eq!((cellular.rows, cellular.positives, cellular.small), (200, 40, false));
        assert_eq!((cellular.positive_rate, cellular.predicted_positive_rate), (0.2, 0.2));
        assert_eq!((cellular.true_positive_rate, cellular.false_positive_rate), (Some(0.75), Some(10.0 / 160.0)));
        // 40 of 200 have 0.75, the others 0.25: a mean of 0.35 where 0.2 say yes.
        assert!((cellular.calibration_gap - 0.15).abs() < 1e-12);
        assert!(report.segments[2].small, "twenty rows are few");
        assert!((report.demographic_parity_difference.unwrap() - (0.2 - 0.06)).abs() < 1e-12, "without the small one");
        assert!((report.equal_opportunity_difference.unwrap() - (0.75 - 0.4)).abs() < 1e-12);
        assert_eq!(report.whole.rows, 320);
    }

    #[test]
    fn numbers_are_parted_by_quartiles_and_by_what_many_have() {
        let labels = |column: &Column| Parts::of(column).labels;
        let age = number([17.0, 20.0, 25.0, 28.0, 32.0, 38.0, 47.0, 55.0, 58.0, 71.0, 98.0]);
        assert_eq!(labels(&age)[..4], ["up to 32", "33 to 38", "39 to 47", "over 47"]);
        let pdays = number([0.0, 3.0, 999.0, 999.0, 999.0, 999.0, 999.0, 999.0, 999.0, 999.0, 999.0]);
        assert_eq!(labels(&pdays)[..3], ["up to 998", "999", "over 999"]);
        let place = |column: &Column, value: Value| labels(column)[Parts::of(column).place(Some(&value))].clone();
        assert_eq!([32, 33, 47, 98].map(|age_of| place(&age, json!(age_of))), ["up to 32", "33 to 38", "39 to 47", "over 47"]);
        assert_eq!([6, 999, 1000].map(|days| place(&pdays, json!(days))), ["up to 998", "999", "over 999"]);
        assert_eq!((place(&age, json!("x")), place(&age, Value::Null)), ("other".into(), "not given".into()));
    }

    #[test]
    fn one_segment_is_compared_with_nothing() {
        let report = SegmentReport::measure(&category(&["a"]), [Some(&json!("a"))], &[0.2], &[true], 0.5);
        assert_eq!((report.demographic_parity_difference, report.equal_opportunity_difference), (None, None));
        assert_eq!(report.segments[0].auc, None);
        let none = SegmentReport::measure(&category(&["a"]), [], &[], &[], 0.5);
        assert!(none.segments.is_empty() && none.whole.rows == 0);
    }
}

//! The learning curve of a training, read from the lines that XGBoost logs.

use serde::Serialize;

use super::logs::LogLine;

/// A learning curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// The metric (`logloss`, `rmse`, …): the first that is logged.
    pub metric: String,
    /// Rounds in order.
    pub points: Vec<CurvePoint>,
}

/// The metric after one round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Boosting round, counted from 0.
    pub round: u32,
    /// On the rows that train.
    pub train: f64,
    /// On the rows that validate.
    pub validation: Option<f64>,
}

/// The curve that log lines tell of; `None` when no line is one of a round. A line is `[12]`, then `train-logloss:0.28` and
/// `validation-logloss:0.29` behind tabs, which CloudWatch shows as `#011`; a time stamp may stand before it. A round that is logged again
/// (a job that was started anew) begins the curve anew.
pub fn of_lines(lines: &[LogLine]) -> Option<Curve> {
    let mut curve: Option<Curve> = None;
    for (round, figures) in lines.iter().filter_map(|line| of_line(&line.text)) {
        let curve = curve.get_or_insert_with(|| Curve {
            metric: figures.first().map(|(_, metric, _)| metric.clone()).unwrap_or_default(),
            points: Vec::new(),
        });
        let value = |set: &str| figures.iter().find(|(of, metric, _)| of == set && *metric == curve.metric).map(|(.., value)| *value);
        let Some(train) = value("train") else { continue };
        let point = CurvePoint { round, train, validation: value("validation") };
        if curve.points.last().is_some_and(|last| last.round >= round) {
            curve.points.clear();
        }
        curve.points.push(point);
    }
    curve.filter(|curve| !curve.points.is_empty())
}

/// Set (`train`), metric (`logloss`) and value.
type Figure = (String, String, f64);

/// Round, and its figures.
fn of_line(text: &str) -> Option<(u32, Vec<Figure>)> {
    // A time stamp in brackets may stand before the round: the round is the last pair of brackets that holds a whole number.
    let text = text.replace("#011", "\t");
    let (before, rest) = text.split_once("]\t")?;
    let round = before.rsplit_once('[')?.1.trim().parse().ok()?;
    let figures: Vec<Figure> = rest
        .split_whitespace()
        .filter_map(|figure| {
            let (name, value) = figure.rsplit_once(':')?;
            let (set, metric) = name.split_once('-')?;
            Some((set.to_owned(), metric.to_owned(), value.parse().ok().filter(|value: &f64| value.is_finite())?))
        })
        .collect();
    (!figures.is_empty()).then_some((round, figures))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn lines(texts: &[&str]) -> Vec<LogLine> {
        texts.iter().map(|text| LogLine { at: chrono::DateTime::UNIX_EPOCH, text: (*text).to_owned() }).collect()
    }

    #[test]
    fn rounds_are_read_with_tabs_and_with_what_cloudwatch_makes_of_them() {
        let curve = of_lines(&lines(&[
            "[2026-11-26 08:00:00.1 host:7 INFO] Train matrix has 100 rows and 59 columns",
            "[0]\ttrain-logloss:0.50000\tvalidation-logloss:0.51000",
            "[08:00:01] [1]#011train-logloss:0.40000#011validation-logloss:0.45000",
            "Training done",
        ]))
        .unwrap();
        assert_eq!(curve.metric, "logloss");
        assert_eq!(
            curve.points,
            [CurvePoint { round: 0, train: 0.5, validation: Some(0.51) }, CurvePoint { round: 1, train: 0.4, validation: Some(0.45) }]
        );
    }

    #[test]
    fn a_second_metric_and_a_missing_validation_do_no_harm() {
        let curve = of_lines(&lines(&["[0]\ttrain-rmse:0.4\ttrain-mae:0.3", "[1]\ttrain-rmse:nan", "[2]\ttrain-rmse:0.2"])).unwrap();
        assert_eq!(curve.points.iter().map(|point| (point.round, point.train)).collect::<Vec<_>>(), [(0, 0.4), (2, 0.2)]);
        assert!(curve.points.iter().all(|point| point.validation.is_none()));
        assert_eq!(of_lines(&lines(&["[x]\ttrain-rmse:1", "no round", "[3] is not one"])), None);
    }

    #[test]
    fn a_training_that_began_anew_is_one_curve() {
        let curve = of_lines(&lines(&["[0]\ttrain-rmse:0.4", "[1]\ttrain-rmse:0.3", "[0]\ttrain-rmse:0.45"])).unwrap();
        assert_eq!(curve.points.len(), 1);
    }
}

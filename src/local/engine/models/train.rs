//! Training: a small search as Autopilot makes a large one, or the algorithm that `AUTO OFF` gives.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches, filter_record_batch, is_not_null};
use datafusion::arrow::datatypes::{DataType, Float64Type};

use super::encode::{Encoder, numbers};
use super::entry::{Answer, Entry, Given, Trained};
use crate::local::ml::train::{Booster, Labelled, MlError, Round, train};

/// Autopilot needs this many rows; fewer fail on AWS too.
const FEWEST_ROWS: usize = 500;
/// One row of so many is held out to compare candidates.
const HELD_OUT: usize = 5;
/// Where the two classes part.
const THRESHOLD: f32 = 0.5;

/// A trained model that is not kept yet.
pub(super) struct Model {
    pub trained: Trained,
    pub booster: Booster,
}

/// Candidates that Autopilot compares: depth, learning rate, rounds. They differ where it matters for tables of some ten thousand rows.
const CANDIDATES: [(&str, &str, &str); 2] = [("4", "0.2", "50"), ("6", "0.12", "50")];

/// Trains on rows whose last-named column is the target. `stop` ends it early. The same rows give the same model.
pub(super) fn train_model(entry: &Entry, batches: &[RecordBatch], stop: &AtomicBool) -> Result<Model, String> {
    let Some(first) = batches.first() else { return Err("the training data have no rows".to_owned()) };
    let rows = concat_batches(&first.schema(), batches).map_err(|error| error.to_string())?;
    let target = rows.schema().index_of(&entry.target.0).map_err(|error| error.to_string())?;
    let known = is_not_null(rows.column(target)).map_err(|error| error.to_string())?;
    let rows = filter_record_batch(&rows, &known).map_err(|error| error.to_string())?;
    let labels = std::sync::Arc::clone(rows.column(target));
    let columns: Vec<ArrayRef> =
        rows.columns().iter().enumerate().filter(|(index, _)| *index != target).map(|(_, column)| std::sync::Arc::clone(column)).collect();
    if columns.is_empty() {
        return Err("the training data have no column but the target".to_owned());
    }
    match &entry.given {
        Some(given) => with_given(given, &columns, &labels, stop),
        None => autopilot(entry, &columns, &labels, stop),
    }
}

fn with_given(given: &Given, columns: &[ArrayRef], target: &ArrayRef, stop: &AtomicBool) -> Result<Model, String> {
    let labels = labels_of(target)?;
    let encoder = Encoder::learn(columns, &labels).map_err(|error| error.to_string())?;
    let features = encoder.encode(columns).map_err(|error| error.to_string())?;
    let (fit, check) = split(&features, &labels, encoder.columns.len());
    let parameters: BTreeMap<String, String> =
        [("objective".to_owned(), given.objective.clone())].into_iter().chain(given.hyperparameters.iter().cloned()).collect();
    let binary = given.objective.starts_with("binary:");
    let (name, value) = if binary {
        let booster = boost(&fit, &parameters, stop)?;
        ("error".to_owned(), 1.0 - accuracy(&scores(&booster, &check)?, &check.labels))
    } else {
        let booster = boost(&fit, &parameters, stop)?;
        ("rmse".to_owned(), mean_squared_error(&scores(&booster, &check)?, &check.labels).sqrt())
    };
    let all = Labelled { width: encoder.columns.len(), values: features, labels };
    let booster = boost(&all, &parameters, stop)?;
    let problem_type = if binary { "BINARY_CLASSIFICATION" } else { "REGRESSION" }.to_owned();
    let trained = Trained { encoder, answer: Answer::Value, metric: (name, value), problem_type, objective: given.objective.clone() };
    Ok(Model { trained, booster })
}

/// What the search is for.
enum Problem {
    /// Two classes: the texts of the one that is the label 0, and of the one that is 1.
    Binary([String; 2]),
    /// A number.
    Regression,
}

fn autopilot(entry: &Entry, columns: &[ArrayRef], target: &ArrayRef, stop: &AtomicBool) -> Result<Model, String> {
    if target.len() < FEWEST_ROWS {
        return Err(format!("Autopilot needs at least {FEWEST_ROWS} rows with a target, the training data have {}", target.len()));
    }
    let (problem, labels) = problem(entry, target)?;
    let objective = entry.objective.clone().unwrap_or_else(|| match problem {
        Problem::Binary(_) => "F1".to_owned(),
        Problem::Regression => "MSE".to_owned(),
    });
    let learning = match problem {
        Problem::Binary(_) => "binary:logistic",
        Problem::Regression => "reg:squarederror",
    };
    let encoder = Encoder::learn(columns, &labels).map_err(|error| error.to_string())?;
    let features = encoder.encode(columns).map_err(|error| error.to_string())?;
    let (fit, check) = split(&features, &labels, encoder.columns.len());
    let mut best: Option<(f64, f64, BTreeMap<String, String>)> = None;
    for (depth, rate, rounds) in CANDIDATES {
        let parameters: BTreeMap<String, String> =
            [("objective", learning), ("max_depth", depth), ("eta", rate), ("num_round", rounds), ("seed", "0")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        let booster = boost(&fit, &parameters, stop)?;
        let (value, quality) = judge(&objective, &problem, &scores(&booster, &check)?, &check.labels);
        if best.as_ref().is_none_or(|(known, ..)| quality > *known) {
            best = Some((quality, value, parameters));
        }
    }
    let Some((_, value, parameters)) = best else { return Err("there are no candidates to compare".to_owned()) };
    let all = Labelled { width: encoder.columns.len(), values: features, labels };
    let booster = boost(&all, &parameters, stop)?;
    let (problem_type, answer) = match problem {
        Problem::Binary(classes) => ("BINARY_CLASSIFICATION", Answer::Class { classes, threshold: THRESHOLD }),
        Problem::Regression => ("REGRESSION", Answer::Value),
    };
    let trained = Trained { encoder, answer, metric: (objective.clone(), value), problem_type: problem_type.to_owned(), objective };
    Ok(Model { trained, booster })
}

/// Finds out, unless it is given, whether there are two classes or numbers, and the labels.
fn problem(entry: &Entry, target: &ArrayRef) -> Result<(Problem, Vec<f32>), String> {
    let texts = cast(target, &DataType::Utf8).map_err(|error| error.to_string())?;
    let texts = texts.as_string::<i32>();
    let mut classes: Vec<&str> = Vec::new();
    for text in texts.iter().flatten() {
        if !classes.contains(&text) {
            classes.push(text);
            if classes.len() > 2 {
                break;
            }
        }
    }
    let numeric = target.data_type().is_numeric();
    let binary = match entry.problem_type.as_deref() {
        Some("BINARY_CLASSIFICATION") if classes.len() != 2 => {
            return Err(format!("BINARY_CLASSIFICATION needs two values of {}, the training data have another number", entry.target.0));
        }
        Some("BINARY_CLASSIFICATION") => true,
        Some("REGRESSION") if !numeric => return Err(format!("REGRESSION needs a number, {} is none", entry.target.0)),
        Some("REGRESSION") => false,
        _ => classes.len() == 2,
    };
    if !binary {
        if !numeric {
            return Err(format!("{} has not two values but others, and classes beyond two are not supported", entry.target.0));
        }
        return labels_of(target).map(|labels| (Problem::Regression, labels));
    }
    // The class that is asked for is the last in order: 'yes' after 'no', 1 after 0, true after false.
    classes.sort_unstable();
    let [negative, positive] = classes.as_slice() else { return Err("there are no two classes".to_owned()) };
    let labels = texts.iter().map(|text| if text == Some(*positive) { 1.0 } else { 0.0 }).collect();
    Ok((Problem::Binary([(*negative).to_owned(), (*positive).to_owned()]), labels))
}

fn labels_of(target: &ArrayRef) -> Result<Vec<f32>, String> {
    let values = numbers(target).map_err(|error| error.to_string())?;
    Ok(values.as_primitive::<Float64Type>().iter().map(|value| value.unwrap_or(f64::NAN) as f32).collect())
}

/// Rows to fit on, and each fifth row to check with.
fn split(features: &[f32], labels: &[f32], width: usize) -> (Labelled, Labelled) {
    let part = |held_out: bool| {
        let chosen = |row: &usize| (row % HELD_OUT == HELD_OUT - 1) == held_out;
        let rows: Vec<usize> = (0..labels.len()).filter(chosen).collect();
        Labelled {
            width,
            values: rows.iter().flat_map(|row| &features[row * width..(row + 1) * width]).copied().collect(),
            labels: rows.iter().map(|row| labels[*row]).collect(),
        }
    };
    (part(false), part(true))
}

fn boost(data: &Labelled, parameters: &BTreeMap<String, String>, stop: &AtomicBool) -> Result<Booster, String> {
    let mut on_round = |_: &Round| if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    train(data, None, parameters, &mut on_round).map_err(|error| match error {
        MlError::Stopped => "the training was stopped".to_owned(),
        other => other.to_string(),
    })
}

fn scores(booster: &Booster, data: &Labelled) -> Result<Vec<f32>, String> {
    booster.predict(&data.values).map_err(|error| error.to_string())
}

/// The value of an objective, and how good that is (larger is better).
fn judge(objective: &str, problem: &Problem, scores: &[f32], labels: &[f32]) -> (f64, f64) {
    match (problem, objective.to_uppercase().as_str()) {
        (Problem::Regression, _) => {
            let error = mean_squared_error(scores, labels);
            (error, -error)
        }
        (Problem::Binary(_), "ACCURACY") => (accuracy(scores, labels), accuracy(scores, labels)),
        (Problem::Binary(_), "AUC") => (area_under_curve(scores, labels), area_under_curve(scores, labels)),
        (Problem::Binary(_), _) => (f1(scores, labels), f1(scores, labels)),
    }
}

fn accuracy(scores: &[f32], labels: &[f32]) -> f64 {
    let right = scores.iter().zip(labels).filter(|(score, label)| (**score >= THRESHOLD) == (**label >= 0.5)).count();
    right as f64 / labels.len().max(1) as f64
}

/// The harmonic mean of precision and recall of the positive class.
fn f1(scores: &[f32], labels: &[f32]) -> f64 {
    let (mut hits, mut wrong) = (0_usize, 0_usize);
    for (score, label) in scores.iter().zip(labels) {
        match (*score >= THRESHOLD, *label >= 0.5) {
            (true, true) => hits += 1,
            (true, false) | (false, true) => wrong += 1,
            (false, false) => {}
        }
    }
    if hits == 0 { 0.0 } else { 2.0 * hits as f64 / (2 * hits + wrong) as f64 }
}

fn mean_squared_error(scores: &[f32], labels: &[f32]) -> f64 {
    let sum: f64 = scores.iter().zip(labels).map(|(score, label)| f64::from(score - label).powi(2)).sum();
    sum / labels.len().max(1) as f64
}

/// The share of pairs of a positive and a negative that are in the right order; ties count half.
fn area_under_curve(scores: &[f32], labels: &[f32]) -> f64 {
    let mut ranked: Vec<(f32, bool)> = scores.iter().zip(labels).map(|(score, label)| (*score, *label >= 0.5)).collect();
    ranked.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut below, mut pairs, mut positives) = (0_usize, 0.0, 0_usize);
    for tied in ranked.chunk_by(|one, other| one.0 == other.0) {
        let hits = tied.iter().filter(|(_, positive)| *positive).count();
        let misses = tied.len() - hits;
        pairs += hits as f64 * (below as f64 + misses as f64 / 2.0);
        below += misses;
        positives += hits;
    }
    if positives == 0 || below == 0 { f64::NAN } else { pairs / (positives as f64 * below as f64) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn metrics() {
        let (scores, labels) = ([0.9, 0.4, 0.6, 0.1], [1.0, 1.0, 0.0, 0.0]);
        assert_eq!(accuracy(&scores, &labels), 0.5);
        assert_eq!(f1(&scores, &labels), 0.5);
        assert_eq!(area_under_curve(&scores, &labels), 0.75);
        assert_eq!(area_under_curve(&[0.5, 0.5], &[1.0, 0.0]), 0.5);
    }

    #[test]
    fn each_fifth_row_is_held_out() {
        let features: Vec<f32> = (0..20).map(|value| value as f32).collect();
        let (fit, check) = split(&features, &[0.0; 10], 2);
        assert_eq!((fit.labels.len(), check.labels.len()), (8, 2));
        assert_eq!(check.values, [8.0, 9.0, 18.0, 19.0]);
    }
}

//! Partial dependence (Friedman, 2001): the mean answer when one column of every row is set to a value.

use serde::Serialize;
use serde_json::Value;

use super::{Explainer, number, text};
use crate::demo::feature_schema::{ColumnKind, EncodeError, Row};

/// How the answer depends on one column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dependence {
    /// The column.
    pub column: String,
    /// Whether the points are numbers in ascending order.
    pub numeric: bool,
    /// The answers, by value.
    pub points: Vec<DependencePoint>,
}

/// The answers for one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DependencePoint {
    /// The value.
    pub value: String,
    /// Its share of the rows of the data; for a number the quantile it stands for.
    pub share: f64,
    /// Mean answer over the rows.
    pub mean: f64,
    /// A tenth of the rows have a smaller answer.
    pub low: f64,
    /// A tenth of the rows have a larger answer.
    pub high: f64,
}

/// The quantiles that a schema keeps of a number.
const QUANTILES: [f64; 11] = [0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0];

/// How the answer depends on a column, over the rows given; `None` when the vector does not have the column.
///
/// # Errors
/// A row lacks a column or has a value that the schema does not know.
pub fn dependence(explainer: &Explainer, column: &str, rows: &[Row]) -> Result<Option<Dependence>, EncodeError> {
    let Some(found) = explainer.schema.column(column).filter(|column| !column.dropped) else { return Ok(None) };
    let (numeric, values): (bool, Vec<(Value, f64)>) = match &found.kind {
        ColumnKind::Number { quantiles, .. } => {
            let mut values: Vec<(f64, f64)> = quantiles.iter().copied().zip(QUANTILES).collect();
            values.dedup_by(|later, earlier| later.0 == earlier.0);
            (true, values.into_iter().map(|(value, share)| (number(value), share)).collect())
        }
        ColumnKind::Category { values } => {
            let all: u64 = values.iter().map(|value| value.count).sum();
            (false, values.iter().map(|value| (Value::from(value.value.clone()), value.count as f64 / all.max(1) as f64)).collect())
        }
    };
    let mut points = Vec::with_capacity(values.len());
    for (value, share) in values {
        let mut scores = Vec::with_capacity(rows.len());
        for row in rows {
            let mut row = row.clone();
            row.insert(column.to_owned(), value.clone());
            scores.push(explainer.score(&row)?);
        }
        scores.sort_by(f64::total_cmp);
        let rank = |share: f64| scores.get((share * scores.len() as f64) as usize).or(scores.last()).copied().unwrap_or(0.0);
        let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
        points.push(DependencePoint { value: text(&value), share, mean, low: rank(0.1), high: rank(0.9) });
    }
    Ok(Some(Dependence { column: column.to_owned(), numeric, points }))
}

//! Rows of SQL values as features of a booster: numbers as they are, texts by the rate of the target among the rows that have them.

use std::collections::{BTreeMap, HashMap};

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use serde::{Deserialize, Serialize};

/// Texts that are told apart in a column; the rest, which are the rarest, count as unknown.
const MOST_CATEGORIES: usize = 1000;

/// How the columns of a row become features, one a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Encoder {
    /// One a column, in the order of the function's arguments.
    pub columns: Vec<Encoding>,
}

/// How a column becomes a feature. NULL is a missing value, which a tree has a branch for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Encoding {
    /// The number.
    Number,
    /// The text's place in this list, which is ordered by the target's rate: a split then parts texts that say no from texts that say yes,
    /// which for two classes is the best split of all. A text that is not in it is missing.
    Categories(Vec<String>),
}

/// Arrays that do not fit what the encoder was made for.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct EncodeError(String);

impl Encoder {
    /// Learns the encoding of columns from rows and their labels.
    pub fn learn(columns: &[ArrayRef], labels: &[f32]) -> Result<Self, EncodeError> {
        let columns = columns
            .iter()
            .map(|column| match column.data_type() {
                DataType::Utf8 => Ok(Encoding::Categories(by_rate(column, labels))),
                _ => numbers(column).map(|_| Encoding::Number),
            })
            .collect::<Result<_, _>>()?;
        Ok(Encoder { columns })
    }

    /// Features of rows, row-major.
    pub fn encode(&self, columns: &[ArrayRef]) -> Result<Vec<f32>, EncodeError> {
        let width = self.columns.len();
        if columns.len() != width {
            return Err(EncodeError(format!("{width} columns are needed, {} given", columns.len())));
        }
        let rows = columns.first().map_or(0, |column| column.len());
        let mut features = vec![f32::NAN; rows * width];
        for (index, (column, encoding)) in columns.iter().zip(&self.columns).enumerate() {
            match encoding {
                Encoding::Number => {
                    let values = numbers(column)?;
                    let values = values.as_primitive::<Float64Type>();
                    for row in (0..rows).filter(|row| values.is_valid(*row)) {
                        features[row * width + index] = values.value(row) as f32;
                    }
                }
                Encoding::Categories(categories) => {
                    let places: HashMap<&str, f32> =
                        categories.iter().enumerate().map(|(place, text)| (text.as_str(), place as f32)).collect();
                    let texts = text(column)?;
                    let texts = texts.as_string::<i32>();
                    // Neighbouring rows often have the same text.
                    let mut last: Option<(&str, f32)> = None;
                    for row in (0..rows).filter(|row| texts.is_valid(*row)) {
                        let value = texts.value(row);
                        let place = match last {
                            Some((text, place)) if text == value => place,
                            _ => places.get(value).copied().unwrap_or(f32::NAN),
                        };
                        last = Some((value, place));
                        features[row * width + index] = place;
                    }
                }
            }
        }
        Ok(features)
    }
}

/// A column as double precision numbers: truth values as 0 and 1, dates and times as their distance from 1970.
pub(super) fn numbers(column: &ArrayRef) -> Result<ArrayRef, EncodeError> {
    let failed = |error: datafusion::arrow::error::ArrowError| EncodeError(error.to_string());
    let column = match column.data_type() {
        DataType::Date32 => cast(&cast(column, &DataType::Int32).map_err(failed)?, &DataType::Int64).map_err(failed)?,
        DataType::Timestamp(..) | DataType::Time64(_) => cast(column, &DataType::Int64).map_err(failed)?,
        _ => std::sync::Arc::clone(column),
    };
    cast(&column, &DataType::Float64).map_err(failed)
}

fn text(column: &ArrayRef) -> Result<ArrayRef, EncodeError> {
    cast(column, &DataType::Utf8).map_err(|error| EncodeError(error.to_string()))
}

/// The texts of a column by the mean of the labels of their rows, then by themselves.
fn by_rate(column: &ArrayRef, labels: &[f32]) -> Vec<String> {
    let texts = column.as_string::<i32>();
    let mut seen: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for (row, label) in labels.iter().enumerate().filter(|(row, _)| texts.is_valid(*row)) {
        let entry = seen.entry(texts.value(row)).or_default();
        entry.0 += 1;
        entry.1 += f64::from(*label);
    }
    let mut categories: Vec<(&str, usize, f64)> = seen.into_iter().map(|(text, (rows, sum))| (text, rows, sum / rows as f64)).collect();
    if categories.len() > MOST_CATEGORIES {
        categories.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
        categories.truncate(MOST_CATEGORIES);
    }
    categories.sort_by(|one, other| one.2.total_cmp(&other.2).then(one.0.cmp(other.0)));
    categories.into_iter().map(|(text, ..)| text.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::sync::Arc;

    use datafusion::arrow::array::{Date32Array, Decimal128Array, StringArray};

    use super::*;

    #[test]
    fn texts_are_ordered_by_the_targets_rate() {
        let jobs: ArrayRef = Arc::new(StringArray::from(vec![Some("student"), Some("services"), Some("admin."), Some("student"), None]));
        let rates: ArrayRef = Arc::new(Decimal128Array::from(vec![1500, -1800, 0, 0, 0]).with_precision_and_scale(6, 3).unwrap());
        let days: ArrayRef = Arc::new(Date32Array::from(vec![0, 1, 2, 3, 4]));
        let columns = [jobs, rates, days];
        let encoder = Encoder::learn(&columns, &[1.0, 0.0, 0.0, 1.0, 1.0]).unwrap();
        assert_eq!(encoder.columns[0], Encoding::Categories(vec!["admin.".into(), "services".into(), "student".into()]));
        let features = encoder.encode(&columns).unwrap();
        assert_eq!(&features[..6], [2.0, 1.5, 0.0, 1.0, -1.8, 1.0]);
        assert!(features[12].is_nan());
    }

    #[test]
    fn unknown_texts_are_missing() {
        let encoder = Encoder { columns: vec![Encoding::Categories(vec!["a".into()])] };
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["b", "a"]));
        let features = encoder.encode(&[texts]).unwrap();
        assert!(features[0].is_nan());
        assert_eq!(features[1], 0.0);
    }
}

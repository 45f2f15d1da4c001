//! What is expected of the data before a model is trained on them, and what a check of them reports.
//!
//! The baseline is a JSON document in S3 that the data quality step reads: which columns there have to be, of which type and in which
//! range, and, once a model is approved, how the values of its data were distributed. The step's report has the distribution of the data
//! that it looked at in the same form, so that it becomes the next baseline when the model made of them is approved.

use serde::{Deserialize, Serialize};

use super::dataset::{ColumnType, DataSet};
use super::feature_schema::{CategoryValue, ColumnKind, FeatureSchema};

/// What the data are compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Version of this format: 1.
    pub version: u32,
    /// Where it comes from, in words.
    pub source: String,
    /// Every column that has to be there.
    pub columns: Vec<ExpectedColumn>,
    /// How the values were distributed; empty without an approved model.
    #[serde(default)]
    pub profile: Vec<ColumnProfile>,
}

/// A column that has to be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectedColumn {
    /// Name.
    pub name: String,
    /// What its values are.
    #[serde(flatten)]
    pub kind: ExpectedKind,
}

/// What the values of a column have to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ExpectedKind {
    /// Numbers.
    Number {
        /// Whether only whole ones are allowed.
        integer: bool,
        /// Least plausible value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        /// Greatest plausible value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
    },
    /// Texts.
    Category,
}

/// How the values of a column are distributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Name.
    pub name: String,
    /// Rows, those without a value included.
    pub rows: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Of numbers: upper ends (included) of all bins but the last, ascending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edges: Option<Vec<f64>>,
    /// Of numbers: rows in each bin, one more than edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Vec<u64>>,
    /// Of texts: every value with its rows, ordered by bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<CategoryValue>>,
}

/// Where the line between good and bad data runs. Shares are between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Fewest rows.
    pub min_rows: u64,
    /// Largest share of rows of a column without a value.
    pub max_missing: f64,
    /// Largest share of rows with a text that the baseline does not know.
    pub max_unseen: f64,
    /// Largest share that a text may have had in the baseline and not occur now.
    pub max_absent: f64,
    /// Largest share of rows with a number outside of the plausible range.
    pub max_outside: f64,
    /// Largest share of rows that occur before.
    pub max_duplicates: f64,
    /// Least share of the positive class.
    pub min_target_rate: f64,
    /// Largest share of the positive class.
    pub max_target_rate: f64,
    /// Largest population stability index of a column against the baseline. Below 0.1 is usual, above 0.25 is a shift.
    pub max_drift: f64,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What is checked (`range`, `drift`, …).
    pub name: String,
    /// The column; absent when the check is of the whole table.
    pub column: Option<String>,
    /// Whether it passed.
    pub ok: bool,
    /// What was found, in words.
    pub found: String,
    /// What is allowed, in words.
    pub allowed: String,
}

/// The report: `quality/report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this format: 1.
    pub version: u32,
    /// Rows.
    pub rows: u64,
    /// Whether every check passed.
    pub ok: bool,
    /// What the data were compared with, in words.
    pub baseline: String,
    /// Share of the positive class; absent when there is no target column.
    pub target_rate: Option<f64>,
    /// Checks.
    pub checks: Vec<Check>,
    /// The distribution of the data.
    pub profile: Vec<ColumnProfile>,
}

/// How the check begins when it is the data that it ends by: lines that they crossed, or nothing in them that could be checked. A job that could
/// not do its work ends in the words of SageMaker.
const BLAMES: [&str; 2] = ["the data failed ", "the data cannot be checked: "];

/// Whether a failed check of the data says that the data are the reason, and not a quota, a permission or a mistake of the job.
pub fn blames_the_data(message: &str) -> bool {
    BLAMES.iter().any(|words| message.contains(words))
}

impl Baseline {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;

    /// What is expected of a data set without knowing any rows of it: columns, types, plausible ranges.
    pub fn expected(data: &DataSet) -> Self {
        let columns = data
            .columns
            .iter()
            .map(|column| {
                let (min, max) = column.range.unzip();
                let kind = match column.kind {
                    ColumnType::Integer => ExpectedKind::Number { integer: true, min, max },
                    ColumnType::Decimal { .. } => ExpectedKind::Number { integer: false, min, max },
                    ColumnType::Text => ExpectedKind::Category,
                };
                ExpectedColumn { name: column.name.clone(), kind }
            })
            .collect();
        Baseline { version: Self::VERSION, source: "the configured expectations".to_owned(), columns, profile: Vec::new() }
    }

    /// The same, and the distribution of the data that a model was trained on.
    #[must_use]
    pub fn with_profile(mut self, source: String, profile: Vec<ColumnProfile>) -> Self {
        self.source = source;
        self.profile = profile;
        self
    }
}

/// What a feature schema knows of the distribution of its data: the categories. Its quantiles are no bins (many rows share a value), so
/// numbers have none.
pub fn profile_of_schema(schema: &FeatureSchema) -> Vec<ColumnProfile> {
    schema
        .columns
        .iter()
        .filter_map(|column| match &column.kind {
            ColumnKind::Category { values } => Some(ColumnProfile {
                name: column.name.clone(),
                rows: values.iter().map(|value| value.count).sum(),
                missing: 0,
                edges: None,
                counts: None,
                values: Some(values.clone()),
            }),
            ColumnKind::Number { .. } => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_document_has_flat_columns() {
        let document = serde_json::to_value(Baseline::expected(&DataSet::bank())).unwrap();
        assert_eq!(document["columns"][0], json!({"name": "age", "kind": "number", "integer": true, "min": 0.0, "max": 120.0}));
        assert_eq!(document["columns"][1], json!({"name": "job", "kind": "category"}));
        assert_eq!(serde_json::from_value::<Baseline>(document).unwrap(), Baseline::expected(&DataSet::bank()));
    }
}

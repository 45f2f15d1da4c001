//! What an execution of the pipeline found: the evaluation report, the feature schema, the split of every row.

use serde::Serialize;
use serde_json::Value;

use super::error::op;
use super::{Context, OpError};
use crate::demo::feature_schema::FeatureSchema;

/// The figures of a model on its test split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Rows of the test split.
    pub test_rows: u64,
    /// Mean squared error.
    pub mse: f64,
    /// Mean squared error of answering the base rate for everyone.
    pub base_rate_mse: f64,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Share of right decisions at the threshold.
    pub accuracy: f64,
    /// Share of yes among those decided yes.
    pub precision: f64,
    /// Share of decided yes among the yes.
    pub recall: f64,
    /// Standard deviation of the error.
    pub error_deviation: f64,
    /// True negatives, false positives, false negatives, true positives.
    pub confusion: [u64; 4],
}

impl Evaluation {
    /// Reads a report.
    pub(super) fn read(report: &Value) -> Option<Evaluation> {
        let figure = |group: &str, name: &str| report.get(group)?.get(name)?.get("value")?.as_f64();
        let binary = |name: &str| figure("binary_classification_metrics", name);
        let regression = |name: &str| figure("regression_metrics", name);
        let matrix = report.get("binary_classification_metrics")?.get("confusion_matrix")?;
        let cell = |truth: &str, answer: &str| matrix.get(truth)?.get(answer)?.as_u64();
        Some(Evaluation {
            test_rows: report.get("rows")?.as_u64()?,
            mse: regression("mse")?,
            base_rate_mse: regression("base_rate_mse")?,
            auc: binary("auc")?,
            accuracy: binary("accuracy")?,
            precision: binary("precision")?,
            recall: binary("recall")?,
            error_deviation: report.get("regression_metrics")?.get("mse")?.get("standard_deviation")?.as_f64()?,
            confusion: [cell("0", "0")?, cell("0", "1")?, cell("1", "0")?, cell("1", "1")?],
        })
    }
}

/// Rows of each split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SplitRows {
    /// Rows that train.
    pub train: u64,
    /// Rows that validate.
    pub validation: u64,
    /// Rows that test.
    pub test: u64,
}

impl SplitRows {
    /// All rows of the unload.
    pub fn all(&self) -> u64 {
        self.train + self.validation + self.test
    }
}

/// The content of an `s3://` address.
pub(super) async fn fetch(context: &Context, address: &str) -> Result<bytes::Bytes, OpError> {
    let place = address.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let Some((bucket, key)) = place else {
        return Err(OpError::failed(address, "could not read what the pipeline wrote", "it is not an s3:// address"));
    };
    let content = context.gateways.objects.get(bucket, key).await.map_err(op(address, "could not read what the pipeline wrote"))?;
    content.ok_or_else(|| {
        OpError::failed(address, "could not read what the pipeline wrote", "it does not exist").with_fix("run the step `pipeline` again")
    })
}

/// The evaluation report at an address.
pub(super) async fn evaluation(context: &Context, address: &str) -> Result<Evaluation, OpError> {
    let content = fetch(context, address).await?;
    let report: Option<Evaluation> = serde_json::from_slice(&content).ok().and_then(|report: Value| Evaluation::read(&report));
    report.ok_or_else(|| OpError::failed(address, "could not read the evaluation", "the report has an unexpected form"))
}

/// The feature schema at an address.
pub(super) async fn schema(context: &Context, address: &str) -> Result<FeatureSchema, OpError> {
    let content = fetch(context, address).await?;
    FeatureSchema::from_json(&content).map_err(|error| OpError::failed(address, "could not read the feature schema", error.to_string()))
}

/// One row of `splits.csv`.
pub(super) struct SplitLine<'a> {
    pub digest: &'a str,
    pub split: &'a str,
    pub positive: bool,
}

/// The lines of `splits.csv` (`row,digest,split,target`).
pub(super) fn split_lines(content: &str) -> impl Iterator<Item = SplitLine<'_>> {
    content.lines().skip(1).filter_map(|line| {
        let mut fields = line.split(',').skip(1);
        Some(SplitLine { digest: fields.next()?, split: fields.next()?, positive: fields.next()? == "1" })
    })
}

/// Counts the rows of each split.
pub(super) async fn split_rows(context: &Context, address: &str) -> Result<SplitRows, OpError> {
    let content = fetch(context, address).await?;
    let text = std::str::from_utf8(&content)
        .map_err(|error| OpError::failed(address, "could not read the split of the rows", error.to_string()))?;
    let mut rows = SplitRows::default();
    for line in split_lines(text) {
        match line.split {
            "train" => rows.train += 1,
            "validation" => rows.validation += 1,
            _ => rows.test += 1,
        }
    }
    Ok(rows)
}

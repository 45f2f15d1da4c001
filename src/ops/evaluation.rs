//! What an execution of the pipeline found: the evaluation report, the feature schema, the split of every row.

use serde::Serialize;
use serde_json::Value;

use super::error::op;
use super::{Context, OpError};
use crate::demo::feature_schema::FeatureSchema;
pub use crate::demo::metrics::{CalibrationBin, SegmentFigures};

/// The figures of a model on its test split.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// Rows of the test split.
    pub test_rows: u64,
    /// Mean squared error.
    pub mse: f64,
    /// Mean squared error of answering the base rate for everyone.
    pub base_rate_mse: f64,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Cross entropy, natural logarithm.
    pub log_loss: f64,
    /// Share of right decisions at the threshold.
    pub accuracy: f64,
    /// Share of yes among those decided yes.
    pub precision: f64,
    /// Share of decided yes among the yes.
    pub recall: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// How much more frequent a yes is in the tenth with the highest scores.
    pub lift_top_decile: f64,
    /// Standard deviation of the error.
    pub error_deviation: f64,
    /// The score from which on the answer is yes; 0 in a report that does not say it.
    pub threshold: f64,
    /// True negatives, false positives, false negatives, true positives.
    pub confusion: [u64; 4],
    /// Scores against truths in ten bins of equal width.
    pub calibration: Vec<CalibrationBin>,
    /// Figures of parts of the test rows; none in a report of an older definition.
    pub segments: Vec<SegmentFigures>,
    /// The approved model that it was compared with; absent when there was none.
    pub champion: Option<ChampionFigures>,
}

/// The approved model that a new one was compared with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChampionFigures {
    /// Version in the registry.
    pub version: u32,
    /// Its area under the ROC curve.
    pub auc: f64,
    /// Its mean squared error.
    pub mse: f64,
    /// The new model's AUC less the approved one's.
    pub auc_change: f64,
}

impl Evaluation {
    /// Reads a report.
    pub(super) fn read(report: &Value) -> Option<Evaluation> {
        let figure = |group: &str, name: &str| report.get(group)?.get(name)?.get("value")?.as_f64();
        let binary = |name: &str| figure("binary_classification_metrics", name);
        let regression = |name: &str| figure("regression_metrics", name);
        let matrix = report.get("binary_classification_metrics")?.get("confusion_matrix")?;
        let cell = |truth: &str, answer: &str| matrix.get(truth)?.get(answer)?.as_u64();
        let part = |name: &str| report.get(name).cloned().unwrap_or_else(|| Value::Array(Vec::new()));
        Some(Evaluation {
            test_rows: report.get("rows")?.as_u64()?,
            mse: regression("mse")?,
            base_rate_mse: regression("base_rate_mse")?,
            auc: binary("auc")?,
            log_loss: binary("log_loss")?,
            accuracy: binary("accuracy")?,
            precision: binary("precision")?,
            recall: binary("recall")?,
            f1: binary("f1")?,
            lift_top_decile: binary("lift_top_decile")?,
            error_deviation: report.get("regression_metrics")?.get("mse")?.get("standard_deviation")?.as_f64()?,
            threshold: report.get("threshold").and_then(Value::as_f64).unwrap_or_default(),
            confusion: [cell("0", "0")?, cell("0", "1")?, cell("1", "0")?, cell("1", "1")?],
            calibration: serde_json::from_value(part("calibration")).ok()?,
            segments: serde_json::from_value(part("segments")).ok()?,
            champion: report.get("champion").and_then(champion),
        })
    }
}

fn champion(report: &Value) -> Option<ChampionFigures> {
    Some(ChampionFigures {
        version: report.get("version")?.as_u64().and_then(|version| u32::try_from(version).ok())?,
        auc: report.get("auc")?.as_f64()?,
        mse: report.get("mse")?.as_f64()?,
        auc_change: report.get("auc_change")?.get("value")?.as_f64()?,
    })
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

/// The reason of the error when there is nothing at an address.
pub(super) const GONE: &str = "it does not exist";

/// The content of an `s3://` address.
pub(super) async fn fetch(context: &Context, address: &str) -> Result<bytes::Bytes, OpError> {
    let place = address.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let Some((bucket, key)) = place else {
        return Err(OpError::failed(address, "could not read what the pipeline wrote", "it is not an s3:// address"));
    };
    let content = context.gateways.objects.get(bucket, key).await.map_err(op(address, "could not read what the pipeline wrote"))?;
    content
        .ok_or_else(|| OpError::failed(address, "could not read what the pipeline wrote", GONE).with_fix("run the step `pipeline` again"))
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

//! What `assets/containers/evaluate.py` does: the model's figures on the test split, and the artifact that is registered.

use serde_json::{Value, json};

use super::artifact::Artifact;
use super::matrix::read_labelled;
use super::table::{columns, read_parts};
use super::train::MlError;
use crate::demo::feature_schema::FeatureSchema;
use crate::demo::metrics::{BinaryReport, SegmentFigures};
use crate::demo::pipeline_definition::Champion;

/// Values of a column that are measured as segments: those with the most rows.
const MOST_SEGMENTS: usize = 50;

/// The result of an evaluation.
#[derive(Debug)]
pub struct Evaluated {
    /// The figures.
    pub report: BinaryReport,
    /// `evaluation.json`, in the shape of SageMaker's model quality reports, extended.
    pub json: Value,
    /// `model.tar.gz` with model and feature schema.
    pub artifact: Vec<u8>,
    /// What the script prints.
    pub log: Vec<String>,
    /// What the script leaves as the job's exit message.
    pub message: String,
}

/// What is read, each as the file's content.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// `model.tar.gz` of the training.
    pub model: &'a [u8],
    /// `test.csv`: target first, no header.
    pub test: &'a [u8],
    /// `feature_schema.json`.
    pub schema: &'a [u8],
    /// `test_rows.csv`: the same rows as they are in the table, with header.
    pub rows: &'a [u8],
    /// `champion.json`: the approved model's figures.
    pub champion: &'a [u8],
}

/// The job's arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// A score from here on is a yes.
    pub threshold: f64,
    /// Columns by whose values the rows are measured in parts.
    pub segments: Vec<String>,
}

impl Options {
    /// Reads the arguments as the script does.
    pub fn parse(arguments: &[String]) -> Result<Self, MlError> {
        let mut options = Options { threshold: 0.5, segments: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let wrong = |why: &str| MlError::Parameter(format!("evaluate.py: error: argument {name}: {why}"));
            let value = rest.next().ok_or_else(|| wrong("expected one argument"))?;
            match name.as_str() {
                "--threshold" => options.threshold = value.parse().map_err(|_| wrong(&format!("invalid float value: '{value}'")))?,
                "--segment" => options.segments.push(value.clone()),
                _ => return Err(MlError::Parameter(format!("evaluate.py: error: unrecognized arguments: {name} {value}"))),
            }
        }
        Ok(options)
    }
}

/// Measures a model on the test rows, compares it with the approved one, and packs it with its schema.
pub fn evaluate(inputs: &Inputs<'_>, options: &Options) -> Result<Evaluated, MlError> {
    let artifact = Artifact::read(inputs.model)?;
    let booster = artifact.booster()?;
    let features = FeatureSchema::from_json(inputs.schema).map_err(|error| MlError::Model(error.to_string()))?.width();
    let data = read_labelled(inputs.test).map_err(|error| MlError::Data(format!("the test rows: {error}")))?;
    if data.width != features || booster.width() != features {
        return Err(MlError::Data(format!(
            "the schema has {features} features, the test rows {}, the model {}",
            data.width,
            booster.width()
        )));
    }
    let scores: Vec<f64> = booster.predict(&data.values)?.into_iter().map(f64::from).collect();
    let truths: Vec<bool> = data.labels.iter().map(|&label| label > 0.5).collect();
    let report = BinaryReport::measure(&scores, &truths, options.threshold).map_err(|error| MlError::Data(error.to_string()))?;
    let segments = segments(inputs.rows, &options.segments, &scores, &truths, options.threshold)?;
    let champion: Champion =
        serde_json::from_slice(inputs.champion).map_err(|error| MlError::Data(format!("the approved model's figures: {error}")))?;
    let artifact = Artifact { schema: Some(inputs.schema.to_vec()), ..artifact }.pack()?;
    let shown = Shown::of(&report, &champion);
    Ok(Evaluated {
        json: document(&report, &segments, &champion, &shown),
        log: shown.log(report.rows),
        message: shown.message(),
        report,
        artifact,
    })
}

/// The figures of the rows that have one value in a column, for each of the columns.
fn segments(rows: &[u8], wanted: &[String], scores: &[f64], truths: &[bool], threshold: f64) -> Result<Vec<SegmentFigures>, MlError> {
    let parts = read_parts(&[rows]).map_err(|error| MlError::Data(format!("the raw test rows: {error}")))?;
    let columns = columns(&parts);
    let count = columns.first().map_or(0, |column| column.codes.len());
    if count != truths.len() {
        return Err(MlError::Data(format!("there are {count} raw rows for {} test rows", truths.len())));
    }
    let mut measured = Vec::new();
    for name in wanted {
        let column = columns
            .iter()
            .find(|column| column.name == name)
            .ok_or_else(|| MlError::Data(format!("there is no column `{name}` to measure by")))?;
        // The values with the most rows, in the order of their bytes.
        let mut values: Vec<usize> = (0..column.values.len()).collect();
        values.sort_by(|&a, &b| column.counts[b].cmp(&column.counts[a]).then_with(|| column.values[a].cmp(column.values[b])));
        values.truncate(MOST_SEGMENTS);
        values.sort_by_key(|&value| column.values[value]);
        for value in values {
            let inside = || column.codes.iter().enumerate().filter(|(_, code)| **code as usize == value).map(|(row, _)| row);
            let (scores, truths): (Vec<f64>, Vec<bool>) = inside().map(|row| (scores[row], truths[row])).unzip();
            let text = String::from_utf8_lossy(column.values[value]);
            measured.push(SegmentFigures::measure(name, &text, &scores, &truths, threshold));
        }
    }
    Ok(measured)
}

/// The figures as the gate shows them.
struct Shown {
    mse: String,
    base_rate_mse: String,
    auc: String,
    champion: String,
}

impl Shown {
    fn of(report: &BinaryReport, champion: &Champion) -> Self {
        Shown {
            mse: format!("{:.4}", report.mse),
            base_rate_mse: format!("{:.4}", report.base_rate_mse),
            auc: format!("{:.4}", auc(report)),
            champion: match (champion.version, champion.auc) {
                (None, _) => "no model is approved yet".to_owned(),
                (Some(version), Some(auc)) => format!("the approved version {version} has AUC {auc:.4}"),
                (Some(version), None) => format!("the figures of the approved version {version} are not known"),
            },
        }
    }

    fn message(&self) -> String {
        format!("AUC {}, mean squared error {} (base rate {})", self.auc, self.mse, self.base_rate_mse)
    }

    fn log(&self, rows: u64) -> Vec<String> {
        vec![
            format!("{rows} rows: mean squared error {} (base rate {})", self.mse, self.base_rate_mse),
            format!("AUC {}; {}", self.auc, self.champion),
        ]
    }
}

/// Without one of the classes nothing can be ranked: the gate sees a chance ranking.
fn auc(report: &BinaryReport) -> f64 {
    report.auc.unwrap_or(0.5)
}

/// A ratio to a base rate error of zero (a test split of one class) is this large, so that no gate lets it pass.
const NO_BASE_RATE: f64 = 1e9;

fn document(report: &BinaryReport, segments: &[SegmentFigures], champion: &Champion, shown: &Shown) -> Value {
    let value = |value: f64| json!({ "value": value, "standard_deviation": "NaN" });
    let ratio = if report.base_rate_mse > 0.0 { report.mse / report.base_rate_mse } else { NO_BASE_RATE };
    let counts = &report.confusion;
    json!({
        "version": 1,
        "rows": report.rows,
        "positives": report.positives,
        "base_rate": report.base_rate,
        "threshold": report.threshold,
        "regression_metrics": {
            "mse": { "value": report.mse, "standard_deviation": report.error_deviation },
            "base_rate_mse": value(report.base_rate_mse),
            "mse_over_base_rate": value(ratio),
        },
        "binary_classification_metrics": {
            "auc": value(auc(report)),
            "log_loss": value(report.log_loss),
            "accuracy": value(counts.accuracy()),
            "precision": value(counts.precision()),
            "recall": value(counts.recall()),
            "f1": value(counts.f1()),
            "lift_top_decile": value(report.lift_top_decile.unwrap_or(0.0)),
            "confusion_matrix": {
                "0": { "0": counts.true_negative, "1": counts.false_positive },
                "1": { "0": counts.false_negative, "1": counts.true_positive },
            },
        },
        "calibration": report.calibration,
        "segments": segments,
        "champion": {
            "version": champion.version,
            "auc": champion.auc,
            "mse": champion.mse,
            "auc_change": value(champion.auc.map_or(0.0, |approved| auc(report) - approved)),
        },
        "shown": { "mse": shown.mse, "base_rate_mse": shown.base_rate_mse, "auc": shown.auc, "champion": shown.champion },
    })
}

//! What `assets/containers/evaluate.py` does: the model's figures on the test split, and the artifact that is registered.

use serde_json::{Value, json};

use super::artifact::Artifact;
use super::matrix::read_labelled;
use super::train::MlError;
use crate::demo::feature_schema::FeatureSchema;
use crate::demo::metrics::BinaryReport;

/// The result of an evaluation.
#[derive(Debug)]
pub struct Evaluated {
    /// The figures.
    pub report: BinaryReport,
    /// `evaluation.json`, in the shape of SageMaker's model quality reports, extended.
    pub json: Value,
    /// `model.tar.gz` with model and feature schema.
    pub artifact: Vec<u8>,
}

/// Measures the model of `model_archive` on `test` (target first, no header) and packs it with `schema`.
pub fn evaluate(model_archive: &[u8], test: &[u8], schema: &[u8], threshold: f64) -> Result<Evaluated, MlError> {
    let artifact = Artifact::read(model_archive)?;
    let booster = artifact.booster()?;
    let features = FeatureSchema::from_json(schema).map_err(|error| MlError::Model(error.to_string()))?.width();
    let data = read_labelled(test).map_err(|error| MlError::Data(format!("the test rows: {error}")))?;
    if data.width != features || booster.width() != features {
        return Err(MlError::Data(format!(
            "the schema has {features} features, the test rows {}, the model {}",
            data.width,
            booster.width()
        )));
    }
    let scores: Vec<f64> = booster.predict(&data.values)?.into_iter().map(f64::from).collect();
    let truths: Vec<bool> = data.labels.iter().map(|&label| label > 0.5).collect();
    let report = BinaryReport::measure(&scores, &truths, threshold).map_err(|error| MlError::Data(error.to_string()))?;
    let artifact = Artifact { schema: Some(schema.to_vec()), ..artifact }.pack()?;
    Ok(Evaluated { json: document(&report), report, artifact })
}

/// A ratio to a base rate error of zero (a test split of one class) is this large, so that no gate lets it pass.
const NO_BASE_RATE: f64 = 1e9;

fn document(report: &BinaryReport) -> Value {
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
            // Without one of the classes nothing can be ranked: the gate sees a chance ranking.
            "auc": value(report.auc.unwrap_or(0.5)),
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
    })
}

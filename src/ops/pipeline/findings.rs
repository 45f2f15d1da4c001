//! What single steps of an execution have found: the checks of the data, the figures of the model, both sides of the gate's conditions.

use serde::Serialize;
use serde_json::Value;

use super::detail::{expression, planned};
use super::outputs::outputs;
use super::quality::{self, DataQuality};
use crate::ops::error::op;
use crate::ops::evaluation::{self, Evaluation};
use crate::ops::{Context, OpError};

/// The conditions of a gate.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Gate {
    /// The conditions; the gate opens when all of them hold.
    pub conditions: Vec<GateCondition>,
}

/// One condition with both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateCondition {
    /// What is compared, in words where it is known.
    pub what: String,
    /// The left side; absent when the report does not have it.
    pub left: Option<f64>,
    /// `<`, `≤`, `=`, `≥`, `>`.
    pub relation: String,
    /// The right side; absent when it is no number.
    pub right: Option<f64>,
    /// Whether it holds.
    pub holds: bool,
}

impl GateCondition {
    /// By how much it holds; below zero when it does not.
    pub fn margin(&self) -> Option<f64> {
        let (left, right) = (self.left?, self.right?);
        Some(if matches!(self.relation.as_str(), "<" | "≤") { right - left } else { left - right })
    }
}

/// The report on the data of an execution; `None` when it did not come that far.
///
/// # Errors
/// The execution does not exist, the service refuses, or the report cannot be read.
pub async fn quality(context: &Context, arn: &str) -> Result<Option<DataQuality>, OpError> {
    match outputs(context, arn).await?.quality {
        Some(address) => quality::report(context, &address).await.map(Some),
        None => Ok(None),
    }
}

/// The figures of an execution's model; `None` when it did not come that far.
///
/// # Errors
/// The execution does not exist, the service refuses, or the report cannot be read.
pub async fn figures(context: &Context, arn: &str) -> Result<Option<Evaluation>, OpError> {
    match outputs(context, arn).await?.evaluation {
        Some(address) => evaluation::evaluation(context, &address).await.map(Some),
        None => Ok(None),
    }
}

/// The conditions of a gate with the figures of an execution; `None` when it did not come that far.
///
/// # Errors
/// The execution does not exist, the service refuses, or the report cannot be read.
pub async fn gate(context: &Context, arn: &str, step: &str) -> Result<Option<Gate>, OpError> {
    let what = "could not read the gate";
    let (outputs, definition) =
        tokio::try_join!(outputs(context, arn), async { context.gateways.pipelines.definition_of(arn).await.map_err(op(arn, what)) })?;
    let Some(address) = outputs.evaluation else { return Ok(None) };
    let broken = |error: serde_json::Error| OpError::failed(arn, what, error.to_string());
    let definition: Value = serde_json::from_str(&definition).map_err(broken)?;
    let report: Value = serde_json::from_slice(&evaluation::fetch(context, &address).await?).map_err(broken)?;
    Ok(planned(&definition["Steps"], step).map(|step| conditions(&step["Arguments"]["Conditions"], &report)))
}

fn conditions(all: &Value, report: &Value) -> Gate {
    Gate { conditions: all.as_array().into_iter().flatten().map(|condition| one(condition, report)).collect() }
}

fn one(condition: &Value, report: &Value) -> GateCondition {
    let (left, right) = (&condition["LeftValue"], &condition["RightValue"]);
    let (relation, compare): (&str, fn(f64, f64) -> bool) = match condition["Type"].as_str().unwrap_or_default() {
        "LessThan" => ("<", |left, right| left < right),
        "LessThanOrEqualTo" => ("≤", |left, right| left <= right),
        "GreaterThan" => (">", |left, right| left > right),
        "GreaterThanOrEqualTo" => ("≥", |left, right| left >= right),
        "Equals" => ("=", |left, right| (left - right).abs() < f64::EPSILON),
        _ => ("?", |_, _| false),
    };
    let (left_value, right_value) = (number(left, report), number(right, report));
    let holds = matches!((left_value, right_value), (Some(left), Some(right)) if compare(left, right));
    GateCondition { what: words(left), left: left_value, relation: relation.to_owned(), right: right_value, holds }
}

/// A number, or the figure of the report that a path leads to.
fn number(side: &Value, report: &Value) -> Option<f64> {
    let path = side["Std:JsonGet"]["Path"].as_str();
    match path {
        Some(path) => path.split('.').try_fold(report, |at, name| at.get(name))?.as_f64(),
        None => side.as_f64().or_else(|| side.as_str()?.parse().ok()),
    }
}

/// What a path of the report means.
fn words(side: &Value) -> String {
    match side["Std:JsonGet"]["Path"].as_str() {
        Some("regression_metrics.mse_over_base_rate.value") => "MSE over that of guessing".to_owned(),
        Some("regression_metrics.mse.value") => "MSE".to_owned(),
        Some("binary_classification_metrics.auc.value") => "AUC".to_owned(),
        Some("champion.auc_change.value") => "AUC against the approved model".to_owned(),
        Some(path) => path.to_owned(),
        None => expression(side),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[test]
    fn both_sides_and_the_margin_are_told() {
        let get = |path: &str| json!({"Std:JsonGet": {"PropertyFile": {"Get": "Steps.E.PropertyFiles.R"}, "Path": path}});
        let all = json!([
            {"Type": "LessThan", "LeftValue": get("regression_metrics.mse_over_base_rate.value"), "RightValue": 1.0},
            {"Type": "GreaterThanOrEqualTo", "LeftValue": get("binary_classification_metrics.auc.value"), "RightValue": 0.8},
            {"Type": "GreaterThan", "LeftValue": get("nothing.there"), "RightValue": 0},
        ]);
        let report = json!({
            "regression_metrics": {"mse_over_base_rate": {"value": 0.9}},
            "binary_classification_metrics": {"auc": {"value": 0.75}},
        });
        let gate = conditions(&all, &report);
        let held: Vec<bool> = gate.conditions.iter().map(|condition| condition.holds).collect();
        assert_eq!(held, [true, false, false]);
        assert!((gate.conditions[0].margin().unwrap() - 0.1).abs() < 1e-12);
        assert!((gate.conditions[1].margin().unwrap() + 0.05).abs() < 1e-12);
        assert_eq!(gate.conditions[2].margin(), None);
        assert_eq!(gate.conditions[1].what, "AUC");
    }
}

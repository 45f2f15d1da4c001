//! One step of an execution in detail: what it reads and writes, with what, where, for how much, and where it logs.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::RunState;
use super::logs::LogSource;
use super::peek::split;
use crate::aws::pipelines::{ExecutionStep, JobPlace, StepWork};
use crate::ops::error::op;
use crate::ops::prices;
use crate::ops::{Context, OpError};

/// Objects of an artifact that are listed; the rest is only counted.
const LISTED: usize = 50;

/// A step in detail.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StepDetail {
    /// What it reads.
    pub inputs: Vec<Artifact>,
    /// What it writes.
    pub outputs: Vec<Artifact>,
    /// Arguments, hyperparameters or what it was invoked with.
    pub parameters: Vec<(String, String)>,
    /// Container image.
    pub image: Option<String>,
    /// Instance type.
    pub instance: Option<String>,
    /// Instances.
    pub instances: u32,
    /// US dollars so far, by the dated table of prices (`prices`); absent where no price is known.
    pub cost_usd: Option<f64>,
    /// The day of the price.
    pub price_as_of: Option<String>,
    /// Where it logs.
    pub log: Option<LogSource>,
    /// Why it failed, or was refused.
    pub reason: Option<String>,
    /// The execution whose result was taken over.
    pub cached_from: Option<String>,
}

/// A named input or output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// Name in the definition (`train`).
    pub name: String,
    /// `s3://` address.
    pub uri: String,
    /// The objects at the address, at most fifty; none when nothing is there yet.
    pub objects: Vec<ObjectSize>,
    /// Bytes of all objects.
    pub bytes: u64,
}

/// An object and its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectSize {
    /// Key.
    pub key: String,
    /// Bytes.
    pub bytes: u64,
}

/// The detail of a step of an execution. One that has not begun has what the definition says of it.
///
/// # Errors
/// The execution or the step does not exist, or the service refuses.
pub async fn step_detail(context: &Context, run_arn: &str, step: &str) -> Result<StepDetail, OpError> {
    let gateway = &context.gateways.pipelines;
    let what = "could not read the step";
    let (begun, definition) = tokio::try_join!(gateway.steps(run_arn), gateway.definition_of(run_arn)).map_err(op(run_arn, what))?;
    let definition: Value =
        serde_json::from_str(&definition).map_err(|error| OpError::failed(run_arn, "could not read the definition", error.to_string()))?;
    let planned =
        planned(&definition["Steps"], step).ok_or_else(|| OpError::failed(step, what, format!("the execution has no step `{step}`")))?;
    let Some(begun) = begun.iter().find(|begun| begun.name == step) else {
        return Ok(StepDetail { parameters: flat(parameters_of(planned)), ..StepDetail::default() });
    };
    let mut detail = StepDetail {
        reason: begun.failure.clone(),
        cached_from: begun.cached_from.clone(),
        parameters: flat(parameters_of(planned)),
        ..StepDetail::default()
    };
    match &begun.work {
        StepWork::Processing(arn) => {
            let job = gateway.processing_job(arn).await.map_err(op(arn, what))?;
            let (inputs, outputs) = tokio::try_join!(artifacts(context, job.inputs), artifacts(context, job.outputs))?;
            (detail.inputs, detail.outputs) = (inputs, outputs);
            detail.parameters = arguments(&job.arguments);
            detail.log = Some(job_log("/aws/sagemaker/ProcessingJobs", arn));
            if RunState::of(&begun.status) == RunState::Failed {
                detail.reason = job.message.or(detail.reason);
            }
            place(context, &mut detail, &job.place, begun);
        }
        StepWork::Training(arn) => {
            let job = gateway.training_job(arn).await.map_err(op(arn, what))?;
            let model = job.artifact.into_iter().map(|uri| ("model".to_owned(), uri)).collect();
            let (inputs, outputs) = tokio::try_join!(artifacts(context, job.inputs), artifacts(context, model))?;
            (detail.inputs, detail.outputs) = (inputs, outputs);
            detail.parameters = job.hyperparameters;
            detail.log = Some(job_log("/aws/sagemaker/TrainingJobs", arn));
            place(context, &mut detail, &job.place, begun);
        }
        StepWork::Function(arn, outputs) => {
            let name = arn.split(":function:").nth(1).unwrap_or(arn);
            let name = name.split(':').next().unwrap_or(name);
            detail.log = Some(LogSource {
                group: format!("/aws/lambda/{name}"),
                stream_prefix: String::new(),
                from: begun.started,
                until: begun.ended,
            });
            let written = outputs.iter().find(|(name, _)| name == "folder").or_else(|| outputs.iter().find(|(name, _)| name == "location"));
            if let Some((name, uri)) = written {
                detail.outputs = artifacts(context, vec![(name.clone(), uri.clone())]).await?;
            }
            detail.parameters.extend(outputs.iter().map(|(name, value)| (format!("answer.{name}"), value.clone())));
        }
        StepWork::Condition(Some(outcome)) => detail.parameters.push(("outcome".to_owned(), outcome.to_string())),
        StepWork::Registration(arn) => detail.parameters.push(("package".to_owned(), arn.clone())),
        StepWork::Failure(message) => detail.reason = Some(message.clone()),
        StepWork::None | StepWork::Condition(None) => {}
    }
    Ok(detail)
}

fn job_log(group: &str, arn: &str) -> LogSource {
    let job = arn.rsplit('/').next().unwrap_or(arn);
    LogSource { group: group.to_owned(), stream_prefix: format!("{job}/"), from: None, until: None }
}

fn place(context: &Context, detail: &mut StepDetail, place: &JobPlace, begun: &ExecutionStep) {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    detail.image = given(&place.image);
    detail.instance = given(&place.instance);
    detail.instances = place.instances;
    // What was taken over cost nothing this time.
    let worked = if begun.cached_from.is_some() { Some(Duration::ZERO) } else { worked(place, begun.ended, context.clock.now()) };
    detail.cost_usd = worked.and_then(|worked| prices::job(&place.instance, place.instances, worked));
    detail.price_as_of = detail.cost_usd.and_then(|_| prices::as_of()).map(str::to_owned);
}

/// How long a job's instances have worked.
fn worked(place: &JobPlace, step_ended: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Duration> {
    let started = place.started?;
    (place.ended.or(step_ended).unwrap_or(now) - started).to_std().ok()
}

/// The objects at each address.
async fn artifacts(context: &Context, places: Vec<(String, String)>) -> Result<Vec<Artifact>, OpError> {
    futures::future::try_join_all(places.into_iter().map(|(name, uri)| async move {
        let Some((bucket, prefix)) = split(&uri) else { return Ok(Artifact { name, uri, objects: Vec::new(), bytes: 0 }) };
        let listed = context.gateways.objects.list(bucket, prefix).await.map_err(op(&uri, "could not list the objects"))?;
        // Below `…/train` lies `…/train/x`, and not `…/training/x`.
        let below = |key: &str| {
            key.strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || prefix.is_empty() || rest.starts_with('/'))
        };
        let inside: Vec<_> = listed.into_iter().filter(|object| below(&object.key)).collect();
        let bytes = inside.iter().map(|object| object.size).sum();
        let objects = inside.into_iter().take(LISTED).map(|object| ObjectSize { key: object.key, bytes: object.size }).collect();
        Ok(Artifact { name, uri, objects, bytes })
    }))
    .await
}

/// A step of a definition by name, also inside conditions.
pub(super) fn planned<'a>(steps: &'a Value, name: &str) -> Option<&'a Value> {
    steps.as_array()?.iter().find_map(|step| {
        if step["Name"] == name {
            return Some(step);
        }
        ["IfSteps", "ElseSteps"].iter().find_map(|branch| planned(&step["Arguments"][*branch], name))
    })
}

/// What of a step's arguments is worth showing before its job is known.
fn parameters_of(step: &Value) -> &Value {
    let arguments = &step["Arguments"];
    match step["Type"].as_str().unwrap_or_default() {
        "Training" => &arguments["HyperParameters"],
        "Lambda" | "Fail" => arguments,
        "Processing" => &arguments["AppSpecification"],
        "Condition" => &arguments["Conditions"],
        "RegisterModel" => &arguments["CustomerMetadataProperties"],
        _ => &Value::Null,
    }
}

/// A value as names and texts; expressions of the definition language are written as they read.
fn flat(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), expression(value))).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| ((index + 1).to_string(), expression(value))).collect(),
        Value::Null => Vec::new(),
        other => vec![(String::new(), expression(other))],
    }
}

/// An expression of the definition language, for people: `Parameters.X`, `a / b`, `EvaluationReport:path`.
pub(super) fn expression(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(expression).collect::<Vec<_>>().join(" "),
        Value::Object(members) => {
            if let Some(path) = members.get("Get").and_then(Value::as_str) {
                return path.to_owned();
            }
            if let Some(join) = members.get("Std:Join") {
                let parts: Vec<String> = join["Values"].as_array().into_iter().flatten().map(expression).collect();
                return parts.join(join["On"].as_str().unwrap_or_default());
            }
            if let Some(get) = members.get("Std:JsonGet") {
                return format!("{}:{}", expression(&get["PropertyFile"]), get["Path"].as_str().unwrap_or_default());
            }
            if let (Some(left), Some(right)) = (members.get("LeftValue"), members.get("RightValue")) {
                let kind = members.get("Type").and_then(Value::as_str).unwrap_or_default();
                let sign = match kind {
                    "Equals" => "=",
                    "LessThan" => "<",
                    "LessThanOrEqualTo" => "≤",
                    "GreaterThan" => ">",
                    "GreaterThanOrEqualTo" => "≥",
                    other => other,
                };
                return format!("{} {sign} {}", expression(left), expression(right));
            }
            members.iter().map(|(name, value)| format!("{name}={}", expression(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// The arguments of a script: `--name value` pairs, repeated names kept.
fn arguments(given: &[String]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = given.iter().peekable();
    while let Some(argument) = rest.next() {
        match argument.strip_prefix("--") {
            Some(name) => {
                let value = rest.next_if(|next| !next.starts_with("--")).cloned().unwrap_or_default();
                pairs.push((name.to_owned(), value));
            }
            None => pairs.push((String::new(), argument.clone())),
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_read_as_they_mean() {
        let join = json!({"Std:Join": {"On": "/", "Values": [{"Get": "Parameters.InputDataUrl"}, "unload"]}});
        assert_eq!(expression(&join), "Parameters.InputDataUrl/unload");
        let condition = json!({
            "Type": "LessThan", "RightValue": 1.0,
            "LeftValue": {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.E.PropertyFiles.R"}, "Path": "a.b"}},
        });
        assert_eq!(expression(&condition), "Steps.E.PropertyFiles.R:a.b < 1.0");
    }

    #[test]
    fn arguments_are_pairs() {
        let given = ["--target", "y", "--drop", "duration", "--drop", "pdays", "--flag"].map(str::to_owned);
        let pairs = arguments(&given);
        let texts: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(texts, ["target=y", "drop=duration", "drop=pdays", "flag="]);
    }

    #[test]
    fn steps_inside_conditions_are_found() {
        let steps = json!([{"Name": "C", "Arguments": {"IfSteps": [{"Name": "A"}], "ElseSteps": [{"Name": "B"}]}}]);
        assert_eq!(planned(&steps, "B").unwrap()["Name"], "B");
        assert!(planned(&steps, "D").is_none());
    }

    #[test]
    fn a_job_is_paid_from_its_start_to_its_end() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        let place = JobPlace { started: at(100), ended: at(160), ..JobPlace::default() };
        assert_eq!(worked(&place, None, at(500).unwrap()), Some(Duration::from_secs(60)));
        let going = JobPlace { ended: None, ..place };
        assert_eq!(worked(&going, None, at(500).unwrap()), Some(Duration::from_secs(400)));
        assert_eq!(worked(&JobPlace::default(), None, at(500).unwrap()), None);
    }
}

//! What starting, stopping and retrying an execution would do.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::cached::{self, TakenOver};
use super::forecast::{Forecast, Known, forecast};
use super::run::{StopNeed, describe, expected, not_retried};
use super::start::{StartIntent, StartOptions, intend};
use super::{DefinitionChange, PipelineRun, PipelineStep, RunState, definition_state};
use crate::demo::pipeline_definition::{self as definition, parameter};
use crate::ops::error::op;
use crate::ops::{Context, OpError, OpErrorKind, Outlook};

/// What starting an execution would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StartPlan {
    /// Pipeline.
    pub pipeline: String,
    /// Its parameters, in the order of the definition.
    pub parameters: Vec<PlannedParameter>,
    /// Objects that are written before, by key: what the execution is compared with, where it is not there yet.
    pub writes: Vec<String>,
    /// Digest of the deployed definition.
    pub definition_digest: String,
    /// Where the deployed definition differs from the one that the settings make; absent when that cannot be told.
    pub outdated: Option<Vec<DefinitionChange>>,
    /// How it is expected to go.
    pub forecast: Forecast,
    /// ARNs of executions that are at work now.
    pub at_work: Vec<String>,
    /// What could not be told, in sentences.
    pub unknown: Vec<String>,
}

/// A parameter of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedParameter {
    /// Name.
    pub name: String,
    /// Value; absent of one that is drawn at the start.
    pub value: Option<String>,
    /// Where the value comes from.
    pub origin: ParameterOrigin,
}

/// Where the value of a parameter comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterOrigin {
    /// Somebody asked for it.
    Given,
    /// The definition has it.
    Default,
    /// The program sets it at every start.
    Program,
}

/// What stopping an execution would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StopPlan {
    /// ARN.
    pub arn: String,
    /// Display name.
    pub name: String,
    /// State.
    pub state: RunState,
    /// Start.
    pub started: DateTime<Utc>,
    /// What it takes.
    pub need: StopNeed,
    /// Steps that are at work and whose work is lost.
    pub at_work: Vec<String>,
    /// Steps that have succeeded and stay.
    pub done: Vec<String>,
}

/// What retrying an execution would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RetryPlan {
    /// ARN.
    pub arn: String,
    /// Display name.
    pub name: String,
    /// State.
    pub state: RunState,
    /// Start.
    pub started: DateTime<Utc>,
    /// The step that it goes on from: the first that failed or was stopped, or else that has not run.
    pub from: Option<String>,
    /// What that step said when it failed.
    pub message: String,
    /// Steps that have succeeded and are not run again.
    pub kept: Vec<String>,
    /// How the rest is expected to go.
    pub forecast: Forecast,
}

/// What [`start`](super::start()) would do.
///
/// # Errors
/// There is no pipeline, or the account cannot be read.
pub async fn plan_start(context: &Context, options: &StartOptions) -> Result<Outlook<StartPlan>, OpError> {
    let pipeline = &context.scenario.pipeline;
    let Outlook { plan: intent, obstacles } = intend(context, options).await?;
    let parameters = parameters(&intent, options);
    let values = values(&parameters);
    let mut unknown = Vec::new();
    let outdated = match definition_state(context).await {
        Ok(state) => Some(state.changes),
        Err(error) if matches!(error.kind, OpErrorKind::LoginEnded | OpErrorKind::Cancelled) => return Err(error),
        // The foundation may be gone or forbidden to look at; an execution is started all the same.
        Err(error) => {
            unknown.push(format!("whether the deployed definition is the one that the settings make cannot be told: {error}"));
            None
        }
    };
    let taken = match intent.fresh {
        true => TakenOver::default(),
        false => cached::taken_over(context, &intent.definition, &values).await?,
    };
    unknown.extend(taken.unknown);
    let gateway = &context.gateways.pipelines;
    let (expected, executions) = tokio::try_join!(expected(context, ""), async {
        gateway.executions(pipeline, 20).await.map_err(op(pipeline, "could not list the executions"))
    })?;
    let at_work = executions.into_iter().filter(|execution| !RunState::of(&execution.status).is_over()).map(|execution| execution.arn);
    let mut writes = Vec::new();
    for document in &intent.documents {
        if !super::references::is_there(context, &document.key).await? {
            writes.push(document.key.clone());
        }
    }
    let known =
        Known { definition: &intent.definition, parameters: &values, expected: &expected, cached: &taken.from, done: &HashSet::new() };
    let plan = StartPlan {
        pipeline: pipeline.clone(),
        writes,
        definition_digest: definition::digest(&intent.definition),
        outdated,
        forecast: forecast(&known),
        at_work: at_work.collect(),
        unknown,
        parameters,
    };
    Ok(Outlook { plan, obstacles })
}

/// Every parameter of an execution with its value.
fn parameters(intent: &StartIntent, options: &StartOptions) -> Vec<PlannedParameter> {
    let given: BTreeSet<&str> = options.parameters.iter().map(|(name, _)| name.as_str()).collect();
    let declared = intent.declared.iter().map(|spec| {
        let set = intent.parameters.iter().find(|(name, _)| *name == spec.name).map(|(_, value)| value.clone());
        let drawn = intent.fresh && spec.name == parameter::CACHE_KEY;
        let origin = match (given.contains(spec.name.as_str()), set.is_some() || drawn) {
            (true, _) => ParameterOrigin::Given,
            (false, true) => ParameterOrigin::Program,
            (false, false) => ParameterOrigin::Default,
        };
        let value = if drawn { None } else { set.or_else(|| spec.default.clone()) };
        PlannedParameter { name: spec.name.clone(), value, origin }
    });
    declared.collect()
}

fn values(parameters: &[PlannedParameter]) -> BTreeMap<String, String> {
    parameters.iter().filter_map(|parameter| Some((parameter.name.clone(), parameter.value.clone()?))).collect()
}

/// What [`stop`](super::stop) would do.
///
/// # Errors
/// It does not exist, or the account cannot be read.
pub async fn plan_stop(context: &Context, arn: &str) -> Result<Outlook<StopPlan>, OpError> {
    let run = describe(context, arn).await?;
    let named = |state: &dyn Fn(RunState) -> bool| -> Vec<String> {
        run.steps.iter().filter(|step| state(step.state)).map(|step| step.name.clone()).collect()
    };
    let plan = StopPlan {
        need: StopNeed::of(run.state),
        at_work: named(&|state| matches!(state, RunState::Running | RunState::Stopping)),
        done: named(&|state| state == RunState::Succeeded),
        arn: run.arn.clone(),
        name: run.name.clone(),
        state: run.state,
        started: run.started,
    };
    Ok(Outlook { plan, obstacles: Vec::new() })
}

/// What [`retry`](super::retry) would do.
///
/// # Errors
/// It does not exist, or the account cannot be read.
pub async fn plan_retry(context: &Context, arn: &str) -> Result<Outlook<RetryPlan>, OpError> {
    let what = "could not read the execution";
    let (run, text) =
        tokio::try_join!(describe(context, arn), async { context.gateways.pipelines.definition_of(arn).await.map_err(op(arn, what)) })?;
    let definition: Value = serde_json::from_str(&text).map_err(|error| OpError::failed(arn, what, error.to_string()))?;
    let obstacles = not_retried(arn, run.state).into_iter().collect();
    Ok(Outlook { plan: retried(run, &definition), obstacles })
}

fn retried(run: PipelineRun, definition: &Value) -> RetryPlan {
    let kept: Vec<String> = run.steps.iter().filter(|step| step.state == RunState::Succeeded).map(|step| step.name.clone()).collect();
    let broken = |step: &&PipelineStep| matches!(step.state, RunState::Failed | RunState::Stopped);
    let from = run.steps.iter().find(broken).or_else(|| run.steps.iter().find(|step| step.state != RunState::Succeeded));
    let expected: HashMap<String, Duration> = run.steps.iter().filter_map(|step| Some((step.name.clone(), step.expected?))).collect();
    let known = Known {
        definition,
        parameters: &run.parameters.iter().cloned().collect(),
        expected: &expected,
        cached: &BTreeMap::new(),
        done: &kept.iter().cloned().collect(),
    };
    RetryPlan {
        forecast: forecast(&known),
        from: from.map(|step| step.name.clone()),
        message: from.map(|step| step.message.clone()).unwrap_or_default(),
        kept,
        arn: run.arn,
        name: run.name,
        state: run.state,
        started: run.started,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::example as fixtures;
    use crate::demo::pipeline_definition::step;
    use crate::ops::pipeline::parameters::declared;

    fn made() -> Value {
        definition::definition(&fixtures::scenario(), &fixtures::inputs()).unwrap()
    }

    #[test]
    fn every_parameter_is_told_with_where_it_comes_from() {
        let options = StartOptions { parameters: vec![("TrainingInstanceType".into(), "ml.m5.large".into())], cache: false, name: None };
        let set = (parameter::CHAMPION.to_owned(), "s3://b/c".to_owned());
        let intent = StartIntent {
            declared: declared(&made()),
            definition: made(),
            parameters: options.parameters.iter().cloned().chain([set]).collect(),
            documents: Vec::new(),
            fresh: true,
        };
        let told = parameters(&intent, &options);
        let of = |name: &str| told.iter().find(|parameter| parameter.name == name).map(|it| (it.value.as_deref(), it.origin)).unwrap();
        assert_eq!(of("TrainingInstanceType"), (Some("ml.m5.large"), ParameterOrigin::Given));
        assert_eq!(of(parameter::CHAMPION), (Some("s3://b/c"), ParameterOrigin::Program));
        assert_eq!(of(parameter::CACHE_KEY), (None, ParameterOrigin::Program), "drawn at the start");
        assert_eq!(of("ProcessingInstanceCount").1, ParameterOrigin::Default);
        assert!(!values(&told).contains_key(parameter::CACHE_KEY));
    }

    #[test]
    fn a_retry_goes_on_from_what_failed_and_keeps_what_succeeded() {
        let step_in = |name: &str, state| PipelineStep {
            name: name.into(),
            state,
            message: "because".into(),
            expected: Some(Duration::from_secs(100)),
            ..PipelineStep::default()
        };
        let run = PipelineRun {
            arn: "arn".into(),
            state: RunState::Failed,
            steps: vec![
                step_in(step::UNLOAD, RunState::Succeeded),
                step_in(step::QUALITY, RunState::Succeeded),
                step_in(step::PREPROCESS, RunState::Failed),
                step_in(step::TRAIN, RunState::Skipped),
                step_in(step::EVALUATE, RunState::Skipped),
            ],
            ..PipelineRun::default()
        };
        let plan = retried(run, &made());
        assert_eq!((plan.from.as_deref(), plan.message.as_str()), (Some(step::PREPROCESS), "because"));
        assert_eq!(plan.kept, [step::UNLOAD, step::QUALITY]);
        assert_eq!(plan.forecast.seconds, Some(300.0));
        assert_eq!(plan.forecast.steps.first().map(|step| step.name.as_str()), Some(step::PREPROCESS));
    }
}

//! Pipeline executions: start, watch, list, stop.

use chrono::{DateTime, Utc};

use serde_json::Value;

use super::error::op;
use super::{Context, OpError};
use crate::aws::PollError;
use crate::aws::pipelines::{Execution, ExecutionStep, StepWork};
use crate::demo::figures;
use crate::demo::pipeline_definition::step as step_name;

/// The longest that an execution is followed.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(6 * 3600);

/// The state of an execution or of one of its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Waits for others.
    Waiting,
    /// At work.
    Running,
    /// Being stopped.
    Stopping,
    /// Stopped.
    Stopped,
    /// Failed.
    Failed,
    /// Succeeded.
    Succeeded,
    /// Not taken (the other branch of a condition, or an earlier failure).
    Skipped,
}

/// A step of an execution.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PipelineStep {
    /// Name in the definition (`Step-Train`).
    pub name: String,
    /// Type in the definition (`Training`).
    pub kind: String,
    /// Names of the steps it waits for.
    pub depends_on: Vec<String>,
    /// State.
    pub state: RunState,
    /// Start, once started.
    pub started: Option<DateTime<Utc>>,
    /// End, once ended.
    pub ended: Option<DateTime<Utc>>,
    /// What it found, or why it failed.
    pub message: String,
}

/// An execution of the pipeline.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PipelineRun {
    /// ARN of the execution.
    pub arn: String,
    /// Display name.
    pub name: String,
    /// State.
    pub state: RunState,
    /// Start.
    pub started: DateTime<Utc>,
    /// Last change.
    pub updated: DateTime<Utc>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Steps in the order of the definition, those not yet started included; empty in listings.
    pub steps: Vec<PipelineStep>,
}

impl RunState {
    /// The state of an execution or step by SageMaker's word.
    fn of(status: &str) -> RunState {
        match status {
            "Succeeded" => RunState::Succeeded,
            "Failed" => RunState::Failed,
            "Stopped" => RunState::Stopped,
            "Stopping" => RunState::Stopping,
            _ => RunState::Running,
        }
    }

    /// Whether nothing more will happen.
    pub fn is_over(self) -> bool {
        matches!(self, RunState::Succeeded | RunState::Failed | RunState::Stopped | RunState::Skipped)
    }
}

/// A token under which a request is carried out once, however often it is sent.
pub(super) fn token() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Starts an execution of the deployed pipeline.
pub async fn start(context: &Context, parameters: &[(String, String)]) -> Result<String, OpError> {
    start_described(context, parameters, "started by hand").await
}

pub(super) async fn start_described(context: &Context, parameters: &[(String, String)], description: &str) -> Result<String, OpError> {
    let name = &context.scenario.pipeline;
    context.gateways.pipelines.start(name, description, parameters, &token()).await.map_err(|error| {
        if error.is_not_found() {
            return missing(context);
        }
        op(name, "could not start the pipeline")(error)
    })
}

fn missing(context: &Context) -> OpError {
    let name = &context.scenario.pipeline;
    OpError::precondition(name, "there is no pipeline", format!("the pipeline `{name}` does not exist"), "run the step `pipeline` first")
}

/// One execution with its steps.
pub async fn describe(context: &Context, arn: &str) -> Result<PipelineRun, OpError> {
    let gateway = &context.gateways.pipelines;
    let what = "could not read the execution";
    let (execution, begun, definition) = tokio::try_join!(
        async { gateway.execution(arn).await.map_err(op(arn, what)) },
        async { gateway.steps(arn).await.map_err(op(arn, what)) },
        async { gateway.definition_of(arn).await.map_err(op(arn, what)) },
    )?;
    let mut run = summary(execution);
    let definition: Value =
        serde_json::from_str(&definition).map_err(|error| OpError::failed(arn, "could not read the definition", error.to_string()))?;
    run.steps = with_steps(&definition, &begun, run.state);
    Ok(run)
}

/// The newest execution with its steps, if any.
pub async fn latest(context: &Context) -> Result<Option<PipelineRun>, OpError> {
    let name = &context.scenario.pipeline;
    let newest = context.gateways.pipelines.executions(name, 1).await.map_err(op(name, "could not list the executions"))?;
    match newest.first() {
        Some(newest) => describe(context, &newest.arn).await.map(Some),
        None => Ok(None),
    }
}

/// Executions, newest first, without steps.
pub async fn list(context: &Context) -> Result<Vec<PipelineRun>, OpError> {
    let name = &context.scenario.pipeline;
    let all = context.gateways.pipelines.executions(name, 100).await.map_err(op(name, "could not list the executions"))?;
    Ok(all.into_iter().map(summary).collect())
}

/// Stops an execution and waits until nothing more will happen; one that ends by itself meanwhile is fine.
pub async fn stop(context: &Context, arn: &str) -> Result<(), OpError> {
    let gateway = &context.gateways.pipelines;
    let state = || async {
        let execution = gateway.execution(arn).await.map_err(op(arn, "could not read the execution"))?;
        Ok::<RunState, OpError>(RunState::of(&execution.status))
    };
    match state().await? {
        over if over.is_over() => return Ok(()),
        RunState::Stopping => {}
        _ => {
            if let Err(error) = gateway.stop(arn, &token()).await {
                // It may have come to its end between the look and the request: then there is nothing left to stop.
                match state().await? {
                    over if over.is_over() => return Ok(()),
                    RunState::Stopping => {}
                    _ => return Err(op(arn, "could not stop the execution")(error)),
                }
            }
        }
    }
    // Not with the context's own token: stopping is what is done when that has been cancelled.
    let go_on = tokio_util::sync::CancellationToken::new();
    context
        .gateways
        .poll
        .until(&go_on, "the execution to stop", None, || async {
            Ok(Some(gateway.execution(arn).await?.status).filter(|status| RunState::of(status).is_over()))
        })
        .await
        .map(drop)
        .map_err(op(arn, "the execution did not stop"))
}

/// Follows an execution to its end; `on_change` hears every change.
pub async fn watch(context: &Context, arn: &str, on_change: &mut (dyn FnMut(&PipelineRun) + Send)) -> Result<PipelineRun, OpError> {
    let gateway = &context.gateways.pipelines;
    let definition = gateway.definition_of(arn).await.map_err(op(arn, "could not read the definition"))?;
    let definition: Value =
        serde_json::from_str(&definition).map_err(|error| OpError::failed(arn, "could not read the definition", error.to_string()))?;
    let told = parking_lot::Mutex::new((None::<PipelineRun>, on_change));
    let (told, definition) = (&told, &definition);
    let followed = context
        .gateways
        .poll
        .until(&context.cancel, "the pipeline", Some(LONGEST), || async move {
            let (execution, begun) = tokio::try_join!(gateway.execution(arn), gateway.steps(arn))?;
            let mut run = summary(execution);
            run.steps = with_steps(definition, &begun, run.state);
            let mut told = told.lock();
            let same = told.0.as_ref().is_some_and(|before| before.state == run.state && before.steps == run.steps);
            if !same {
                (told.1)(&run);
                told.0 = Some(run.clone());
            }
            Ok(run.state.is_over().then_some(run))
        })
        .await;
    match followed {
        Ok(run) => Ok(run),
        Err(PollError::Cancelled { .. }) => Err(OpError::cancelled("following the pipeline")),
        Err(error) => Err(op(arn, "could not follow the pipeline")(error)),
    }
}

fn summary(execution: Execution) -> PipelineRun {
    let state = RunState::of(&execution.status);
    let started = execution.started.unwrap_or_default();
    PipelineRun {
        arn: execution.arn,
        name: execution.name,
        state,
        started,
        updated: execution.updated.unwrap_or(started),
        failure: execution.failure,
        steps: Vec::new(),
    }
}

/// The steps of a definition in its order, those inside conditions after their condition, each with what is known of it.
fn with_steps(definition: &Value, begun: &[ExecutionStep], run: RunState) -> Vec<PipelineStep> {
    let mut planned = Vec::new();
    collect(definition.get("Steps"), None, &mut planned);
    planned
        .into_iter()
        .map(|(name, kind, depends_on)| match begun.iter().find(|step| step.name == name) {
            Some(step) => PipelineStep {
                name,
                kind,
                depends_on,
                state: RunState::of(&step.status),
                started: step.started,
                ended: step.ended,
                message: step.failure.clone().unwrap_or_else(|| told_by(&step.work)),
            },
            None => {
                let state = if run.is_over() { RunState::Skipped } else { RunState::Waiting };
                PipelineStep { name, kind, depends_on, state, started: None, ended: None, message: String::new() }
            }
        })
        .collect()
}

fn collect(steps: Option<&Value>, inside: Option<&str>, planned: &mut Vec<(String, String, Vec<String>)>) {
    for step in steps.and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = text("Name");
        let mut depends_on: Vec<String> = inside.map(str::to_owned).into_iter().collect();
        depends_on
            .extend(step.get("DependsOn").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        let arguments = step.get("Arguments");
        // What is inside a condition depends on the condition; the condition itself on what its comparisons refer to.
        let own = if text("Type") == "Condition" { arguments.and_then(|arguments| arguments.get("Conditions")) } else { arguments };
        if let Some(own) = own {
            references(own, &mut depends_on);
        }
        depends_on.retain(|other| *other != name);
        let mut seen = std::collections::HashSet::new();
        depends_on.retain(|other| seen.insert(other.clone()));
        planned.push((name.clone(), text("Type"), depends_on));
        for branch in ["IfSteps", "ElseSteps"] {
            collect(arguments.and_then(|arguments| arguments.get(branch)), Some(&name), planned);
        }
    }
}

/// Names of steps that a value refers to (`Steps.Name.…`).
fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(path) = members.get("Get").and_then(Value::as_str).and_then(|path| path.strip_prefix("Steps.")) {
                names.push(path.split('.').next().unwrap_or(path).to_owned());
            }
            members.values().for_each(|member| references(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}

/// What a step has to say once it has ended well.
fn told_by(work: &StepWork) -> String {
    match work {
        StepWork::Function(_, outputs) => outputs
            .iter()
            .find(|(name, _)| name == "rows")
            .and_then(|(_, rows)| rows.parse::<u64>().ok())
            .map(|rows| format!("{} unloaded", figures::counted(rows, "row")))
            .unwrap_or_default(),
        StepWork::Condition(Some(true)) => "good enough".to_owned(),
        StepWork::Condition(Some(false)) => "not good enough".to_owned(),
        StepWork::Registration(arn) => format!("version {}", arn.rsplit('/').next().unwrap_or_default()),
        StepWork::Failure(message) => message.clone(),
        StepWork::None | StepWork::Processing(_) | StepWork::Training(_) | StepWork::Condition(None) => String::new(),
    }
}

/// What a step of the pipeline does, for people.
pub fn step_title(name: &str) -> &str {
    match name {
        step_name::UNLOAD => "Unload the table",
        step_name::PREPROCESS => "Prepare the rows",
        step_name::TRAIN => "Train",
        step_name::EVALUATE => "Evaluate",
        step_name::GATE => "Quality gate",
        step_name::REGISTER => "Register the model",
        step_name::REFUSED => "Refused",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::pipeline_definition::{definition, tests as fixtures};

    #[test]
    fn steps_are_listed_with_what_they_wait_for() {
        let definition = definition(&fixtures::scenario(), &fixtures::inputs()).unwrap();
        let steps = with_steps(&definition, &[], RunState::Running);
        let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        let all = [
            step_name::UNLOAD,
            step_name::PREPROCESS,
            step_name::TRAIN,
            step_name::EVALUATE,
            step_name::GATE,
            step_name::REGISTER,
            step_name::REFUSED,
        ];
        assert_eq!(names, all);
        let waits = |name: &str| steps.iter().find(|step| step.name == name).unwrap().depends_on.clone();
        assert_eq!(waits(step_name::UNLOAD), [] as [&str; 0]);
        assert_eq!(waits(step_name::PREPROCESS), [step_name::UNLOAD]);
        assert_eq!(waits(step_name::TRAIN), [step_name::PREPROCESS]);
        assert_eq!(waits(step_name::GATE), [step_name::EVALUATE]);
        assert!(waits(step_name::REGISTER).contains(&step_name::GATE.to_owned()));
        assert!(steps.iter().all(|step| step.state == RunState::Waiting));
        assert!(with_steps(&definition, &[], RunState::Failed).iter().all(|step| step.state == RunState::Skipped));
    }
}

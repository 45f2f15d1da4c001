//! Executions: start, describe, follow, stop, retry.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use super::plan::with_steps;
use super::{PipelineRun, RunState, curve, references};
use crate::aws::PollError;
use crate::aws::pipelines::{Execution, Start};
use crate::demo::pipeline_definition::{self, parameter};
use crate::ops::error::op;
use crate::ops::{Context, OpError};

/// The longest that an execution is followed.
const LONGEST: Duration = Duration::from_secs(6 * 3600);
/// Earlier executions whose durations are what is expected of the next.
const EXPECT_FROM: usize = 5;
/// Executions that a listing shows and that a name is looked for in.
const LISTED: usize = 100;

/// A token under which a request is carried out once, however often it is sent.
pub(crate) fn token() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// How an execution is started.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StartOptions {
    /// Parameters of the definition that shall differ from their defaults.
    pub parameters: Vec<(String, String)>,
    /// Whether steps whose inputs have not changed may take over what an earlier execution found.
    pub cache: bool,
    /// Display name; the service makes one when it is absent.
    pub name: Option<String>,
}

impl Default for StartOptions {
    fn default() -> Self {
        StartOptions { parameters: Vec::new(), cache: true, name: None }
    }
}

/// Starts an execution of the deployed pipeline, with what it is compared with (the approved model and its data) as that is now. Gives its ARN.
///
/// # Errors
/// There is no pipeline, a parameter is not one of its own or has a wrong value, or the service refuses.
pub async fn start(context: &Context, options: &StartOptions) -> Result<String, OpError> {
    start_described(context, options, "started by hand").await
}

pub(crate) async fn start_described(context: &Context, options: &StartOptions, description: &str) -> Result<String, OpError> {
    let name = &context.scenario.pipeline;
    let what = "could not start the pipeline";
    let gateway = &context.gateways.pipelines;
    let found = gateway.find(name).await.map_err(op(name, what))?.ok_or_else(|| missing(context))?;
    let declared = declared(&found.definition);
    for (given, _) in &options.parameters {
        if !declared.contains(given) {
            let known = declared.join(", ");
            return Err(OpError::usage(what, format!("`{given}` is no parameter of the pipeline"), format!("its parameters are {known}")));
        }
    }
    let mut parameters = options.parameters.clone();
    let mut offer = |name: &str, value: String| {
        // A definition that somebody else deployed may not know it; what was asked for by hand stays.
        if declared.iter().any(|known| known == name) && !parameters.iter().any(|(given, _)| given == name) {
            parameters.push((name.to_owned(), value));
        }
    };
    if declared.iter().any(|known| known == parameter::BASELINE || known == parameter::CHAMPION) {
        let placed = references::place(context).await?;
        offer(parameter::BASELINE, placed.baseline);
        offer(parameter::CHAMPION, placed.champion);
    }
    if !options.cache {
        // The service has no switch for one execution. A value that no execution had before makes every cached step another one.
        offer(parameter::CACHE_KEY, uuid::Uuid::new_v4().simple().to_string());
    }
    let token = token();
    let start = Start { name: options.name.as_deref(), description, parameters: &parameters, token: &token };
    let started = context
        .gateways
        .poll
        .while_role_settles(&context.cancel, "the execution, once IAM's new role is known", || gateway.start(name, &start))
        .await;
    started.map_err(|error| match error {
        PollError::Failed(error) if error.is_not_found() => missing(context),
        error => op(name, what)(error),
    })
}

/// Names of the parameters that a definition declares.
fn declared(definition: &str) -> Vec<String> {
    let definition: Value = serde_json::from_str(definition).unwrap_or_default();
    let parameters = definition.get("Parameters").and_then(Value::as_array).into_iter().flatten();
    parameters.filter_map(|parameter| parameter.get("Name")?.as_str().map(str::to_owned)).collect()
}

fn missing(context: &Context) -> OpError {
    let name = &context.scenario.pipeline;
    OpError::precondition(name, "there is no pipeline", format!("the pipeline `{name}` does not exist"), "run the step `pipeline` first")
}

/// What an execution is read with and does not change while it runs.
struct Frame {
    definition: Value,
    parameters: Vec<(String, String)>,
    expected: HashMap<String, Duration>,
    /// What jobs that have ended left to say, by ARN: that is asked once.
    said: parking_lot::Mutex<HashMap<String, String>>,
}

/// Reads the frame of an execution; what to expect of its steps only where somebody looks at one that may still be at work.
async fn frame(context: &Context, arn: &str, expecting: bool) -> Result<Frame, OpError> {
    let gateway = &context.gateways.pipelines;
    let what = "could not read the execution";
    let (definition, parameters, expected) = tokio::try_join!(
        async { gateway.definition_of(arn).await.map_err(op(arn, what)) },
        async { gateway.parameters(arn).await.map_err(op(arn, what)) },
        async { if expecting { expected(context, arn).await } else { Ok(HashMap::new()) } },
    )?;
    let definition =
        serde_json::from_str(&definition).map_err(|error| OpError::failed(arn, "could not read the definition", error.to_string()))?;
    Ok(Frame { definition, parameters, expected, said: parking_lot::Mutex::default() })
}

/// How long each step took as a rule.
async fn expected(context: &Context, arn: &str) -> Result<HashMap<String, Duration>, OpError> {
    let name = &context.scenario.pipeline;
    let gateway = &context.gateways.pipelines;
    let what = "could not read earlier executions";
    let earlier = gateway.executions(name, EXPECT_FROM * 3).await.map_err(op(name, what))?;
    let succeeded = earlier.iter().filter(|execution| execution.status == "Succeeded" && execution.arn != arn).take(EXPECT_FROM);
    let all = futures::future::try_join_all(succeeded.map(|execution| gateway.steps(&execution.arn))).await.map_err(op(name, what))?;
    let mut durations: HashMap<String, Vec<Duration>> = HashMap::new();
    for step in all.into_iter().flatten().filter(|step| step.status == "Succeeded" && step.cached_from.is_none()) {
        if let Some(took) = step.started.zip(step.ended).and_then(|(started, ended)| (ended - started).to_std().ok()) {
            durations.entry(step.name).or_default().push(took);
        }
    }
    Ok(durations.into_iter().filter_map(|(name, took)| Some((name, median(took)?))).collect())
}

fn median(mut durations: Vec<Duration>) -> Option<Duration> {
    durations.sort_unstable();
    let middle = durations.len() / 2;
    let upper = *durations.get(middle)?;
    Some(if durations.len().is_multiple_of(2) { (durations[middle - 1] + upper) / 2 } else { upper })
}

/// One look at an execution.
async fn look(context: &Context, arn: &str, frame: &Frame) -> Result<PipelineRun, crate::aws::AwsError> {
    let gateway = &context.gateways.pipelines;
    let (execution, begun) = tokio::try_join!(gateway.execution(arn), gateway.steps(arn))?;
    let mut run = summary(execution);
    run.parameters.clone_from(&frame.parameters);
    run.definition_digest = Some(pipeline_definition::digest(&frame.definition));
    run.steps = with_steps(&frame.definition, &begun, run.state, &frame.expected);
    for step in &mut run.steps {
        let Some(job) = step.job.clone() else { continue };
        match (step.state, step.kind.as_str()) {
            (RunState::Running, "Training") => {
                let message = gateway.training_job(&job).await?.message;
                if let Some(words) = round(&message) {
                    step.doing = words;
                } else if !message.is_empty() {
                    step.doing = message;
                }
            }
            // What the script said of its failure tells more than the exit code.
            (RunState::Failed | RunState::Succeeded, "Processing") | (RunState::Succeeded, "Training") => {
                let words = said(context, frame, &step.kind, &job, step.state).await?;
                if !words.is_empty() {
                    step.message = words;
                }
            }
            _ => {}
        }
    }
    Ok(run)
}

/// What a job that has ended left to say.
async fn said(context: &Context, frame: &Frame, kind: &str, job: &str, ended: RunState) -> Result<String, crate::aws::AwsError> {
    if let Some(words) = frame.said.lock().get(job) {
        return Ok(words.clone());
    }
    let gateway = &context.gateways.pipelines;
    let words = if kind == "Training" {
        let metrics = gateway.training_job(job).await?.metrics;
        metrics.iter().map(|(name, value)| format!("{} {value:.4}", name.replace(':', " "))).collect::<Vec<_>>().join(", ")
    } else {
        let job = gateway.processing_job(job).await?;
        // A step can fail beside its job, and then says itself why.
        let its_own = ended != RunState::Failed || job.status != "Completed";
        job.message.filter(|_| its_own).unwrap_or_default()
    };
    frame.said.lock().insert(job.to_owned(), words.clone());
    Ok(words)
}

/// A round of a training in words.
fn round(line: &str) -> Option<String> {
    let tabbed = if line.contains('\t') { line.to_owned() } else { line.replace("#011", "\t").replace("  ", "\t") };
    let line = super::LogLine { at: chrono::DateTime::UNIX_EPOCH, text: tabbed };
    let curve = curve::of_lines(&[line])?;
    let point = curve.points.last()?;
    Some(match point.validation {
        Some(validation) => format!("round {}: {} {:.4}, on validation rows {validation:.4}", point.round + 1, curve.metric, point.train),
        None => format!("round {}: {} {:.4}", point.round + 1, curve.metric, point.train),
    })
}

/// One execution with its steps.
///
/// # Errors
/// It does not exist, or the service refuses.
pub async fn describe(context: &Context, arn: &str) -> Result<PipelineRun, OpError> {
    let frame = frame(context, arn, true).await?;
    look(context, arn, &frame).await.map_err(op(arn, "could not read the execution"))
}

/// One execution with its steps, without what was to be expected of them.
pub(super) async fn past(context: &Context, arn: &str) -> Result<PipelineRun, OpError> {
    let frame = frame(context, arn, false).await?;
    look(context, arn, &frame).await.map_err(op(arn, "could not read the execution"))
}

/// The newest execution with its steps, if any.
///
/// # Errors
/// The service refuses.
pub async fn latest(context: &Context) -> Result<Option<PipelineRun>, OpError> {
    let name = &context.scenario.pipeline;
    let newest = context.gateways.pipelines.executions(name, 1).await.map_err(op(name, "could not list the executions"))?;
    match newest.first() {
        Some(newest) => describe(context, &newest.arn).await.map(Some),
        None => Ok(None),
    }
}

/// Executions, newest first, without steps.
///
/// # Errors
/// The service refuses.
pub async fn list(context: &Context) -> Result<Vec<PipelineRun>, OpError> {
    let name = &context.scenario.pipeline;
    let all = context.gateways.pipelines.executions(name, LISTED).await.map_err(op(name, "could not list the executions"))?;
    Ok(all.into_iter().map(summary).collect())
}

/// The ARN of the execution that is called `named`: by its ARN, its id, or its display name. Without a name, of the newest.
///
/// # Errors
/// There is none, or a display name that several have.
pub async fn find(context: &Context, named: Option<&str>) -> Result<String, OpError> {
    if let Some(arn) = named.filter(|named| named.starts_with("arn:")) {
        return Ok(arn.to_owned());
    }
    let all = list(context).await?;
    let Some(named) = named else {
        return all.into_iter().next().map(|run| run.arn).ok_or_else(|| {
            OpError::precondition("", "there is no execution", "the pipeline has no execution", "run `shiftdeck run pipeline` first")
        });
    };
    let alike: Vec<&PipelineRun> = all.iter().filter(|run| run.id() == named || run.name == named).collect();
    match alike.as_slice() {
        [run] => Ok(run.arn.clone()),
        [] => Err(OpError::usage(
            "there is no such execution",
            format!("no execution has the ARN, the id or the name `{named}`"),
            "`shiftdeck pipeline list` shows them",
        )),
        several => {
            let ids: Vec<&str> = several.iter().map(|run| run.id()).collect();
            Err(OpError::usage(
                "the execution is not named clearly",
                format!("{} executions are called `{named}`", several.len()),
                format!("name it by its id: {}", ids.join(", ")),
            ))
        }
    }
}

/// Stops an execution and waits until nothing more will happen; one that ends by itself meanwhile is fine.
///
/// # Errors
/// It does not exist, or the service refuses.
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

/// Runs the steps of a failed or stopped execution that have not succeeded again, under the same ARN.
///
/// # Errors
/// The execution has not failed and was not stopped, or the service refuses.
pub async fn retry(context: &Context, arn: &str) -> Result<(), OpError> {
    let what = "could not retry the execution";
    let gateway = &context.gateways.pipelines;
    let execution = gateway.execution(arn).await.map_err(op(arn, what))?;
    match RunState::of(&execution.status) {
        RunState::Failed | RunState::Stopped => {}
        RunState::Succeeded => {
            return Err(OpError::precondition(arn, what, "it has succeeded: nothing is left to do", "start a new execution instead"));
        }
        _ => return Err(OpError::precondition(arn, what, "it is still at work", "wait until it has ended, or stop it first")),
    }
    gateway.retry(arn, &token()).await.map_err(op(arn, what))
}

/// Follows an execution to its end; `on_change` hears every change.
///
/// # Errors
/// It does not exist, the service refuses, or the context was cancelled.
pub async fn watch(context: &Context, arn: &str, on_change: &mut (dyn FnMut(&PipelineRun) + Send)) -> Result<PipelineRun, OpError> {
    let frame = frame(context, arn, true).await?;
    let told = parking_lot::Mutex::new((None::<PipelineRun>, on_change));
    let (told, frame) = (&told, &frame);
    let followed = context
        .gateways
        .poll
        .until(&context.cancel, "the pipeline", Some(LONGEST), || async move {
            let run = look(context, arn, frame).await?;
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
    let started = execution.started.unwrap_or_default();
    PipelineRun {
        state: RunState::of(&execution.status),
        arn: execution.arn,
        name: execution.name,
        started,
        updated: execution.updated.unwrap_or(started),
        failure: execution.failure,
        ..PipelineRun::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let seconds = |all: &[u64]| median(all.iter().map(|seconds| Duration::from_secs(*seconds)).collect());
        assert_eq!(seconds(&[]), None);
        assert_eq!(seconds(&[9, 1, 4]), Some(Duration::from_secs(4)));
        assert_eq!(seconds(&[1, 4]), Some(Duration::from_millis(2500)));
    }

    #[test]
    fn a_round_is_told_in_words() {
        assert_eq!(
            round("[11]#011train-logloss:0.28123#011validation-logloss:0.29456").unwrap(),
            "round 12: logloss 0.2812, on validation rows 0.2946"
        );
        assert_eq!(round("[0]  train-rmse:0.4").unwrap(), "round 1: rmse 0.4000");
        assert_eq!(round("Uploading generated training model"), None);
    }
}

//! Executions: describe, follow, stop, retry.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use super::plan::with_steps;
use super::{PipelineRun, RunState, curve};
use crate::aws::PollError;
use crate::aws::pipelines::Execution;
use crate::demo::pipeline_definition;
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

/// How long each step took as a rule in executions that succeeded, that of `arn` left out.
pub(super) async fn expected(context: &Context, arn: &str) -> Result<HashMap<String, Duration>, OpError> {
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

/// What stopping an execution takes, by its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StopNeed {
    /// Nothing: it has ended.
    Nothing,
    /// It is being stopped already: that is waited for.
    Wait,
    /// It is asked to stop, and waited for.
    Stop,
}

impl StopNeed {
    /// What an execution in a state takes.
    pub(super) fn of(state: RunState) -> StopNeed {
        match state {
            over if over.is_over() => StopNeed::Nothing,
            RunState::Stopping => StopNeed::Wait,
            _ => StopNeed::Stop,
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
        Ok::<StopNeed, OpError>(StopNeed::of(RunState::of(&execution.status)))
    };
    match state().await? {
        StopNeed::Nothing => return Ok(()),
        StopNeed::Wait => {}
        StopNeed::Stop => {
            if let Err(error) = gateway.stop(arn, &token()).await {
                // It may have come to its end between the look and the request: then there is nothing left to stop.
                match state().await? {
                    StopNeed::Nothing => return Ok(()),
                    StopNeed::Wait => {}
                    StopNeed::Stop => return Err(op(arn, "could not stop the execution")(error)),
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
    if let Some(obstacle) = not_retried(arn, RunState::of(&execution.status)) {
        return Err(obstacle);
    }
    gateway.retry(arn, &token()).await.map_err(op(arn, what))
}

/// Why an execution in a state cannot be retried, if it cannot.
pub(super) fn not_retried(arn: &str, state: RunState) -> Option<OpError> {
    let what = "could not retry the execution";
    match state {
        RunState::Failed | RunState::Stopped => None,
        RunState::Succeeded => {
            Some(OpError::precondition(arn, what, "it has succeeded: nothing is left to do", "start a new execution instead"))
        }
        _ => Some(OpError::precondition(arn, what, "it is still at work", "wait until it has ended, or stop it first")),
    }
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
    fn the_state_of_an_execution_decides_how_it_is_stopped_and_whether_it_is_retried() {
        for (state, need, retried) in [
            (RunState::Running, StopNeed::Stop, false),
            (RunState::Stopping, StopNeed::Wait, false),
            (RunState::Stopped, StopNeed::Nothing, true),
            (RunState::Failed, StopNeed::Nothing, true),
            (RunState::Succeeded, StopNeed::Nothing, false),
        ] {
            assert_eq!((StopNeed::of(state), not_retried("arn", state).is_none()), (need, retried), "{state:?}");
        }
    }

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

//! Executions of the past with what they found.

use serde::Serialize;

use super::run::past;
use super::{PipelineRun, outputs};
use crate::ops::error::op;
use crate::ops::evaluation::{self, Evaluation};
use crate::ops::{Context, OpError};

/// An execution with what it found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// The execution, with its steps and parameters.
    pub run: PipelineRun,
    /// The figures of its model, where it came so far.
    pub evaluation: Option<Evaluation>,
    /// The version that it registered.
    pub registered: Option<u32>,
    /// From start to end, in seconds; absent while it is at work.
    pub seconds: Option<f64>,
}

/// The last executions, newest first, at most `limit`.
///
/// # Errors
/// The service refuses.
pub async fn history(context: &Context, limit: usize) -> Result<Vec<RunSummary>, OpError> {
    let name = &context.scenario.pipeline;
    let all = context.gateways.pipelines.executions(name, limit).await.map_err(op(name, "could not list the executions"))?;
    futures::future::try_join_all(all.iter().map(|execution| summary(context, &execution.arn))).await
}

/// One execution with what it found.
///
/// # Errors
/// It does not exist, or the service refuses.
pub async fn summary(context: &Context, arn: &str) -> Result<RunSummary, OpError> {
    let (run, found) = tokio::try_join!(past(context, arn), outputs(context, arn))?;
    let evaluation = match &found.evaluation {
        // A report that somebody removed does not make the history unreadable.
        Some(address) => match evaluation::evaluation(context, address).await {
            Err(error) if error.why == evaluation::GONE => None,
            other => Some(other?),
        },
        None => None,
    };
    let ended = run.steps.iter().filter_map(|step| step.ended).max();
    let seconds = ended.filter(|_| run.state.is_over()).map(|ended| (ended - run.started).num_milliseconds() as f64 / 1000.0);
    Ok(RunSummary { run, evaluation, registered: found.version, seconds })
}

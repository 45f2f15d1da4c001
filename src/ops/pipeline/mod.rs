//! Pipeline executions: start, watch, list, stop, retry, and what each of these would do; what each step reads, writes, costs and says; how
//! executions and definitions differ.

mod cached;
pub mod compare;
pub mod curve;
pub mod definition;
pub mod detail;
pub mod findings;
mod forecast;
pub mod graph;
pub mod history;
pub mod logs;
mod outlook;
mod outputs;
pub mod parameters;
pub mod peek;
mod plan;
pub mod quality;
mod references;
mod run;
mod start;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use compare::{Change, ImportanceChange, MetricChange, RunComparison, Side, compare};
pub use curve::{Curve, CurvePoint};
pub use definition::{DefinitionChange, DefinitionState, definition_state};
pub use detail::{Artifact, ObjectSize, StepDetail, step_detail};
pub use findings::{Gate, GateCondition};
pub use forecast::{Forecast, StepForecast};
pub use history::{RunSummary, history, summary};
pub use logs::{LogCursor, LogLine, LogPage, LogSource, log_lines};
pub use outlook::{ParameterOrigin, PlannedParameter, RetryPlan, StartPlan, StopPlan, plan_retry, plan_start, plan_stop};
pub(super) use outputs::{RunOutputs, outputs};
pub use parameters::{ParameterKind, ParameterSpec};
pub use peek::{Peek, peek};
pub use plan::step_title;
pub use quality::{DataQuality, QualityCheck};
pub(super) use references::{is_there, put as put_reference};
pub(super) use run::token;
pub use run::{StopNeed, describe, find, latest, list, retry, stop, watch};
pub(super) use start::start_described;
pub use start::{StartOptions, start};

/// The state of an execution or of one of its steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Waits for others.
    #[default]
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

/// The branch of a condition that a step is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// Name of the condition's step.
    pub condition: String,
    /// The outcome with which the branch is taken.
    pub taken_when: bool,
}

/// A step of an execution.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PipelineStep {
    /// Name in the definition (`Step-Train`).
    pub name: String,
    /// Type in the definition (`Training`).
    pub kind: String,
    /// Why the step exists, a sentence of the definition.
    pub description: String,
    /// Names of the steps it waits for.
    pub depends_on: Vec<String>,
    /// The branch that it is in, if it is in one.
    pub branch: Option<Branch>,
    /// State.
    pub state: RunState,
    /// Start, once started.
    pub started: Option<DateTime<Utc>>,
    /// End, once ended.
    pub ended: Option<DateTime<Utc>>,
    /// How long it took as a rule: the median of its last successful runs that were not taken from the cache. Seconds in JSON.
    #[serde(serialize_with = "seconds")]
    pub expected: Option<Duration>,
    /// Whether the result of an earlier execution was taken over instead of running it.
    pub cached: bool,
    /// What it is doing, in words; empty before and after.
    pub doing: String,
    /// ARN of its job, function or model package, once known.
    pub job: Option<String>,
    /// What it found, or why it failed.
    pub message: String,
}

/// An execution of the pipeline.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
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
    /// Parameters with the values that it runs with; empty in listings.
    pub parameters: Vec<(String, String)>,
    /// Digest of the definition that it runs; absent in listings.
    pub definition_digest: Option<String>,
    /// Steps in the order of the definition, those not yet started included; empty in listings.
    pub steps: Vec<PipelineStep>,
}

impl PipelineRun {
    /// The execution's id: the last part of its ARN.
    pub fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}

#[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn seconds<S: serde::Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
}

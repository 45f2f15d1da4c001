//! What the pane asks the outside to do. Everything that takes a while is asked for here and comes back as a message.

use std::time::Duration;

use super::view::Matter;
use crate::app::latest::Ticket;
use crate::demo::figures;
use crate::ops::batch::BatchInput;
use crate::ops::endpoints::{Stage, TrafficSplit};
use crate::ops::pipeline::{LogCursor, LogSource, StartOptions};
use crate::ops::retrain::Arrivals;

/// Something to be done outside of the state.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Reads an execution, the newest one without an ARN, and follows it while it runs.
    Follow {
        /// Whose answer it is.
        ticket: Ticket,
        /// Which one.
        arn: Option<String>,
    },
    /// The same for the execution beside.
    FollowBeside {
        /// Whose answer it is.
        ticket: Ticket,
        /// Which one.
        arn: String,
    },
    /// Reads inputs, outputs, cost and the like of a step, after a while.
    Detail {
        /// Whose answer it is.
        ticket: Ticket,
        /// The execution.
        arn: String,
        /// The step.
        step: String,
        /// How long to wait first.
        after: Duration,
    },
    /// Reads what only this kind of step has.
    Finding {
        /// Whose answer it is.
        ticket: Ticket,
        /// The execution.
        arn: String,
        /// The step.
        step: String,
        /// The kind.
        matter: Matter,
    },
    /// Reads lines of a log, after a while.
    Log {
        /// Whose answer it is.
        ticket: Ticket,
        /// The step.
        step: String,
        /// Where its log is.
        source: LogSource,
        /// Where the lines before ended.
        since: Option<LogCursor>,
        /// How long to wait first.
        after: Duration,
    },
    /// Reads the first rows of an object.
    Peek {
        /// Whose answer it is.
        ticket: Ticket,
        /// Its address.
        uri: String,
    },
    /// Reads the executions so far.
    History {
        /// Whose answer it is.
        ticket: Ticket,
    },
    /// Compares two executions.
    CompareRuns {
        /// Whose answer it is.
        ticket: Ticket,
        /// Their ARNs.
        runs: (String, String),
    },
    /// Reads the registry.
    Models {
        /// Whose answer it is.
        ticket: Ticket,
    },
    /// Reads where a version comes from and goes to.
    Lineage {
        /// Whose answer it is.
        ticket: Ticket,
        /// The version.
        version: u32,
    },
    /// Compares two versions.
    CompareModels {
        /// Whose answer it is.
        ticket: Ticket,
        /// The versions.
        versions: (u32, u32),
    },
    /// Reads what answers, after a while.
    Endpoints {
        /// Whose answer it is.
        ticket: Ticket,
        /// How long to wait first.
        after: Duration,
    },
    /// Reads what is deployed and what would be.
    Definition {
        /// Whose answer it is.
        ticket: Ticket,
    },
    /// Reads the values that an execution can be started with, and opens the form for them.
    Parameters {
        /// Whose answer it is.
        ticket: Ticket,
    },
    /// Reads repository and stages of the project, after a while.
    Project {
        /// Whose answer it is.
        ticket: Ticket,
        /// How long to wait first.
        after: Duration,
    },
    /// Does something that changes the account.
    Do(Work),
}

/// Something that changes the account. What is under way is shown, and is not begun twice.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Starts an execution.
    Start(StartOptions),
    /// Stops an execution.
    Stop(String),
    /// Starts an execution again from the step that failed.
    Retry(String),
    /// Approves a version of the model, or rejects it.
    Decide {
        /// The version.
        version: u32,
        /// Whether it may be used.
        approve: bool,
        /// Why.
        reason: String,
    },
    /// Puts a version on an endpoint; the newest approved one without a number.
    Deploy {
        /// Which endpoint.
        stage: Stage,
        /// The version.
        version: Option<u32>,
    },
    /// Asks an endpoint about rows whose answer is known.
    Smoke(String),
    /// Lets customers of the test split ask an endpoint, one by one.
    AskCustomers(String),
    /// Puts on production what answers on staging.
    Promote,
    /// Puts the version before back.
    Rollback(Stage),
    /// Splits the requests between versions.
    Traffic {
        /// Which endpoint.
        stage: Stage,
        /// How.
        split: TrafficSplit,
    },
    /// Scores a table or a file with a version; the newest approved one without a number.
    Score {
        /// What.
        input: BatchInput,
        /// The table of the warehouse that gets the answers; they stay in S3 without one.
        into: Option<String>,
        /// The version.
        version: Option<u32>,
    },
    /// Lets new rows arrive, measures them, trains on all and compares.
    Retrain(Arrivals),
    /// Approves a version that was trained on new rows, and brings it to staging and production.
    PromoteNew {
        /// The version.
        version: u32,
        /// The one that it was compared with.
        before: u32,
    },
    /// Commits the source of the pipeline to the project's repository.
    Commit(String),
    /// Tries a failed stage of the project again.
    RetryStage(String),
    /// Answers the manual approval of the project.
    Answer {
        /// The stage.
        stage: String,
        /// The action.
        action: String,
        /// The token of this waiting.
        token: String,
        /// Yes or no.
        yes: bool,
        /// Why.
        reason: String,
    },
}

impl Work {
    /// What is being done, in words.
    pub fn words(&self) -> String {
        match self {
            Work::Start(_) => "starting the pipeline".to_owned(),
            Work::Stop(_) => "stopping the execution".to_owned(),
            Work::Retry(_) => "starting again from the failed step".to_owned(),
            Work::Decide { version, approve: true, .. } => format!("approving version {version}"),
            Work::Decide { version, approve: false, .. } => format!("rejecting version {version}"),
            Work::Deploy { stage, version: Some(version) } => format!("deploying version {version} to {}", stage_word(*stage)),
            Work::Deploy { stage, version: None } => format!("deploying the newest approved version to {}", stage_word(*stage)),
            Work::Smoke(endpoint) => format!("asking {endpoint} about rows whose answer is known"),
            Work::AskCustomers(endpoint) => format!("customers ask {endpoint} one by one"),
            Work::Promote => "promoting staging to production".to_owned(),
            Work::Rollback(stage) => format!("putting the version before back on {}", stage_word(*stage)),
            Work::Traffic { stage, .. } => format!("splitting the requests of {}", stage_word(*stage)),
            Work::Score { input, version: Some(version), .. } => format!("scoring {input} with version {version}"),
            Work::Score { input, version: None, .. } => format!("scoring {input}"),
            Work::Retrain(arrivals) => format!("training again with {} new rows", figures::count(u64::from(arrivals.rows))),
            Work::PromoteNew { version, .. } => format!("bringing version {version} to production"),
            Work::Commit(_) => "committing the pipeline".to_owned(),
            Work::RetryStage(stage) => format!("trying {stage} again"),
            Work::Answer { yes: true, .. } => "approving".to_owned(),
            Work::Answer { yes: false, .. } => "refusing".to_owned(),
        }
    }
}

/// What a stage is called in a sentence.
pub fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Staging => "staging",
        Stage::Production => "production",
        Stage::Other => "the endpoint",
    }
}

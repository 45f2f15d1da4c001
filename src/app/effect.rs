//! What `update` asks the outside to do. The answers come back as messages.

use std::sync::Arc;
use std::time::Duration;

use super::latest::Ticket;
use super::sql::RunId;
use super::sql::result::Task;
use crate::demo::feature_schema::Row;
use crate::demo::step::Step;
use crate::ops::predict::DeployedModel;
use crate::ops::query::QueryRequest;

/// Something to be done outside of the state.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Opens the target.
    Connect,
    /// Runs steps one after the other until one fails.
    RunSteps(Vec<Step>),
    /// Cancels the steps that are running.
    CancelSteps,
    /// Reads the checklist, after a while.
    ReadResources {
        /// Whose answer it is.
        ticket: Ticket,
        /// How long to wait first.
        after: Duration,
    },
    /// Runs a statement of the console.
    Query {
        /// Whose answer it is.
        run: RunId,
        /// The statement.
        request: QueryRequest,
    },
    /// Cancels a statement of the console, on the service too.
    CancelQuery(RunId),
    /// Does work over the rows of a result.
    Result {
        /// The run whose result it is.
        run: RunId,
        /// Whose answer it is.
        ticket: Ticket,
        /// The work.
        task: Task,
    },
    /// Cancels the work over the rows of a result.
    CancelResult(RunId),
    /// Reads the newest execution of the pipeline and follows it while it runs.
    FollowPipeline {
        /// Whose answer it is.
        ticket: Ticket,
    },
    /// Starts the pipeline.
    StartPipeline,
    /// Stops an execution.
    StopPipeline(String),
    /// Looks for the deployed model.
    FindModel {
        /// Whose answer it is.
        ticket: Ticket,
    },
    /// Draws rows of the test split.
    DrawSamples {
        /// Whose answer it is.
        ticket: Ticket,
        /// The model.
        model: Arc<DeployedModel>,
        /// Which rows.
        seed: u64,
    },
    /// Asks the endpoint about one row, after a moment without another request.
    Predict {
        /// Whose answer it is.
        ticket: Ticket,
        /// The model.
        model: Arc<DeployedModel>,
        /// The row.
        row: Row,
        /// How long to wait for a newer request first.
        after: Duration,
    },
    /// Runs a statement of the exploration.
    Explore {
        /// Whose answer it is.
        ticket: Ticket,
        /// The statement.
        request: QueryRequest,
    },
    /// Puts text on the clipboard of the terminal.
    Copy(String),
    /// Draws the whole screen anew.
    Redraw,
    /// Suspends the program.
    Suspend,
    /// Cancels what is running and leaves.
    Quit,
}

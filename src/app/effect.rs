//! What `update` asks the outside to do. The answers come back as messages.

use std::sync::Arc;
use std::time::Duration;

use super::latest::Ticket;
use super::sql::catalog::Catalog;
use super::sql::result::Task;
use super::sql::{RunId, Start, TabId};
use super::walkthrough;
use crate::demo::feature_schema::Row;
use crate::demo::step::Step;
use crate::ops::console::history::Ran;
use crate::ops::console::saved::SavedQuery;
use crate::ops::console::workspace::Workspace;
use crate::ops::explain::Evidence;
use crate::ops::predict::DeployedModel;
use crate::ops::query::{QueryEngine, QueryRequest, SessionUse};
use crate::ops::stage::Told;
use crate::syntax::Dialect;

/// Something to be done outside of the state.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Opens the target.
    Connect {
        /// Whether the reader has said that an account which looks like production is meant.
        confirmed: bool,
    },
    /// Puts the embedded account to where a step begins, and opens it again.
    BeginAt(Step),
    /// Opens the account behind the screen, or goes over to it, or back.
    Standby(super::standby::Ask),
    /// Writes a picture of the screen into the current directory.
    Picture,
    /// Gives the terminal to the program that logs in on the account.
    LogIn,
    /// Examines everything that a demonstration needs, and the account where it is open.
    Examine {
        /// Whose answer it is.
        ticket: Ticket,
        /// Name of the theme in use.
        theme: String,
    },
    /// Ends the examination.
    CancelExamination,
    /// Runs steps of a run one after the other until one fails.
    RunSteps(walkthrough::RunId, Vec<Step>),
    /// Cancels a run.
    CancelSteps(walkthrough::RunId),
    /// Lets the waits of the embedded account end at once, or last as long as they do again.
    Hurry(bool),
    /// Looks for what an earlier run of a step has left.
    FindEarlier(Step),
    /// Reads the checklist, after a while.
    ReadResources {
        /// Whose answer it is.
        ticket: Ticket,
        /// How long to wait first.
        after: Duration,
    },
    /// Asks what the demonstration costs.
    ReadCosts {
        /// Whose answer it is.
        ticket: Ticket,
    },
    /// Runs a statement of the console.
    Query {
        /// Whose answer it is.
        run: RunId,
        /// The statement.
        request: QueryRequest,
        /// The session that it runs in.
        session: SessionUse,
    },
    /// Follows a statement that is on a service already.
    Attach {
        /// Whose answer it is.
        run: RunId,
        /// Which service.
        engine: QueryEngine,
        /// Its id there.
        id: String,
    },
    /// Cancels a statement of the console, on the service too.
    CancelQuery(RunId),
    /// Forgets every statement of the console without cancelling it: it goes on at its service.
    LeaveQueries,
    /// Asks what statements may read at most.
    EstimateQuery(Box<Start>),
    /// Lists the newest statements of the account.
    ListStatements,
    /// Cancels a statement that nobody here follows.
    CancelRemote(QueryEngine, String),
    /// Reads what an engine can name.
    ReadCatalog {
        /// Which.
        engine: QueryEngine,
        /// The version of what is there.
        version: u64,
    },
    /// Reads the catalogs that an earlier process has kept of an account.
    OldCatalogs(String),
    /// Keeps a catalog on disk.
    KeepCatalog {
        /// Whose.
        engine: QueryEngine,
        /// It.
        catalog: Box<Catalog>,
        /// Account and region.
        account: String,
    },
    /// Reads what the console has on disk.
    FindConsole,
    /// Sends a reminder to keep the tabs in a moment.
    KeepSoon,
    /// Writes the tabs.
    KeepWorkspace(Box<Workspace>),
    /// Adds to the history on disk.
    Remember(Box<Ran>),
    /// Saves a query.
    SaveQuery(Box<SavedQuery>),
    /// Gives a saved query another name.
    RenameQuery {
        /// The name that it has.
        from: String,
        /// The name that it gets.
        to: String,
    },
    /// Removes a saved query.
    DeleteQuery(String),
    /// Reads the text of a tab for mistakes, after a moment without another request.
    CheckSql {
        /// Whose answer it is.
        ticket: Ticket,
        /// The tab.
        tab: TabId,
        /// The revision of its text.
        revision: u64,
        /// The dialect.
        dialect: Dialect,
        /// The text.
        text: String,
    },
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
    /// Of the pipeline.
    Pipeline(super::pipeline::Ask),
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
    /// Reads what explanations need: the model file and the test split.
    GatherEvidence {
        /// Whose answer it is.
        ticket: Ticket,
        /// The model.
        model: Arc<DeployedModel>,
    },
    /// Explains one row, after a moment without another request.
    Explain {
        /// Whose answer it is.
        ticket: Ticket,
        /// The model file and the test split.
        evidence: Arc<Evidence>,
        /// The row.
        row: Row,
        /// How long to wait for a newer request first.
        after: Duration,
    },
    /// Asks one row on every road, after a moment without another request.
    AskRoads {
        /// Whose answer it is.
        ticket: Ticket,
        /// The model file and the test split.
        evidence: Arc<Evidence>,
        /// The row.
        row: Row,
        /// How long to wait for a newer request first.
        after: Duration,
    },
    /// Of the prediction form.
    Form(super::predict::ask::Ask),
    /// Of the exploration.
    Explore(super::explore::Ask),
    /// Tells the speaker of a presentation, or that none is on any more.
    TellSpeaker(Option<Box<Told>>),
    /// Puts text on the clipboard of the terminal.
    Copy(String),
    /// Gives the screen to the editor of the reader's choice, with the text of a tab in a file.
    EditElsewhere {
        /// The tab.
        tab: TabId,
        /// The text.
        text: String,
        /// The line of the cursor, from 1.
        line: usize,
    },
    /// Draws the whole screen anew.
    Redraw,
    /// Suspends the program.
    Suspend,
    /// Cancels what is running and leaves.
    Quit,
}

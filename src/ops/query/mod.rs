//! SQL on the warehouse (Redshift Data API) and the lake (Athena), the same for both.

pub mod cost;
pub mod guard;
pub mod parameters;
pub mod partitions;
pub mod plan;
pub mod position;
pub mod reads;
pub mod remote;

mod cell;
mod lake;
mod warehouse;

use std::time::Duration;

pub use cell::{Cell, CellRef, FloatText};

pub use crate::syntax::scrub;

use super::error::op;
use super::{Context, OpError};
use crate::demo::scoring_sql::TableName;
use crate::demo::sql::SqlEngine;

/// The longest that a statement may take: as long as the services themselves allow.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Who answers a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum QueryEngine {
    /// The warehouse.
    Redshift,
    /// The lake.
    Athena,
}

/// A statement to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRequest {
    /// Who answers.
    pub engine: QueryEngine,
    /// One statement.
    pub sql: String,
    /// Named parameters (`:name`), sent as parameters.
    pub parameters: Vec<(String, String)>,
    /// Rows of the first page at most, where the service lets one choose (Athena; the Data API pages by size).
    pub page_size: usize,
}

/// Where a statement is, in words that fit both services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryState {
    /// Sent.
    Submitted,
    /// Waiting for the service.
    Queued,
    /// Running.
    Running,
    /// The service says finished; rows are being fetched.
    Fetching,
}

/// What happens to a statement on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryEvent {
    /// The service has taken it.
    Sent {
        /// Its id there: with it the statement can be found again by another process.
        id: String,
        /// The session that it runs in, where it was asked for one.
        session: Option<String>,
    },
    /// It has a new state.
    State(QueryState),
}

/// The session of the warehouse that a statement runs in. Temporary tables, `SET` and transactions live in one; Athena has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SessionUse {
    /// One of its own, that ends with it.
    #[default]
    None,
    /// A new one, kept for so many seconds after it.
    Open {
        /// Seconds.
        keep: i32,
    },
    /// One that an earlier statement has opened.
    In {
        /// The session.
        id: String,
        /// Seconds that it is kept after the statement; 0 closes it.
        keep: i32,
    },
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryColumn {
    /// Label.
    pub name: String,
    /// The service's name of the type.
    pub type_name: String,
    /// Whether it is aligned to the right.
    pub numeric: bool,
}

/// Rows and where the next ones are.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Rows, each as long as the columns.
    pub rows: Vec<Vec<Cell>>,
    /// The token of the next page, `None` after the last.
    pub next: Option<String>,
}

/// What a finished statement gave.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryResult {
    /// The statement's id on the service.
    pub id: String,
    /// Who answered.
    pub engine: QueryEngine,
    /// Columns, empty without a result set.
    pub columns: Vec<QueryColumn>,
    /// The first page.
    pub page: Page,
    /// All rows of the result, or rows changed, where the service says.
    pub total_rows: Option<u64>,
    /// The time that the service reports.
    pub duration: Duration,
    /// Bytes that Athena scanned.
    pub scanned_bytes: Option<u64>,
    /// Bytes of the whole result, where the service says (Redshift).
    pub result_bytes: Option<u64>,
}

impl From<SqlEngine> for QueryEngine {
    fn from(engine: SqlEngine) -> Self {
        match engine {
            SqlEngine::Redshift => QueryEngine::Redshift,
            SqlEngine::Athena => QueryEngine::Athena,
        }
    }
}

impl QueryEngine {
    /// The name that people read.
    pub const fn title(self) -> &'static str {
        match self {
            QueryEngine::Redshift => "Redshift",
            QueryEngine::Athena => "Athena",
        }
    }
}

/// Runs a statement to its end and fetches the first page. `on_state` hears every change. Cancelling `context.cancel` cancels the
/// statement on the service. A failed statement is an error whose `why` is the service's message, position included.
pub async fn run(context: &Context, request: QueryRequest, on_state: &mut (dyn FnMut(QueryState) + Send)) -> Result<QueryResult, OpError> {
    let mut hear = |event| {
        if let QueryEvent::State(state) = event {
            on_state(state);
        }
    };
    run_in(context, request, &SessionUse::None, &mut hear).await
}

/// The same in a session of the warehouse, and with the statement's id.
pub async fn run_in(
    context: &Context,
    request: QueryRequest,
    session: &SessionUse,
    hear: &mut (dyn FnMut(QueryEvent) + Send),
) -> Result<QueryResult, OpError> {
    context.proceed("running a statement")?;
    match request.engine {
        QueryEngine::Redshift => warehouse::run(context, request, session, hear).await,
        QueryEngine::Athena => lake::run(context, request, hear).await,
    }
}

/// Follows a statement that was sent before, by this process or another, to its end and fetches the first page.
pub async fn attach(
    context: &Context,
    engine: QueryEngine,
    id: &str,
    page_size: usize,
    hear: &mut (dyn FnMut(QueryEvent) + Send),
) -> Result<QueryResult, OpError> {
    context.proceed("attaching to a statement")?;
    match engine {
        QueryEngine::Redshift => warehouse::follow(context, id.to_owned(), hear).await,
        QueryEngine::Athena => lake::follow(context, id.to_owned(), page_size, hear).await,
    }
}

/// The page that `next` of an earlier page names.
pub async fn page(context: &Context, result: &QueryResult, next: &str) -> Result<Page, OpError> {
    context.proceed("fetching rows")?;
    let what = "could not fetch the next rows";
    match result.engine {
        QueryEngine::Redshift => {
            let page = context.gateways.statements.result(&result.id, Some(next)).await.map_err(op("", what))?;
            Ok(warehouse::cells(page).1)
        }
        QueryEngine::Athena => {
            let page = context.gateways.lake.result(&result.id, Some(next), 1000, false).await.map_err(op("", what))?;
            Ok(lake::cells(page).1)
        }
    }
}

/// Every row of a statement of the demonstration itself, as cells.
pub(super) async fn rows(context: &Context, engine: QueryEngine, sql: String) -> Result<QueryResult, OpError> {
    rows_with(context, engine, sql, Vec::new()).await
}

/// The rows of a statement on the warehouse that ends soon and gives a page of them at most, in two round trips.
pub(super) async fn few_rows(context: &Context, sql: &str) -> Result<Vec<Vec<Cell>>, OpError> {
    warehouse::at_once(context, sql).await.map(|(_, page)| page.rows)
}

/// The same of a statement with parameters.
pub(super) async fn rows_with(
    context: &Context,
    engine: QueryEngine,
    sql: String,
    parameters: Vec<(String, String)>,
) -> Result<QueryResult, OpError> {
    let request = QueryRequest { engine, sql, parameters, page_size: 1000 };
    let mut result = run(context, request, &mut |_| {}).await?;
    while let Some(next) = result.page.next.take() {
        let more = page(context, &result, &next).await?;
        result.page.rows.extend(more.rows);
        result.page.next = more.next;
    }
    Ok(result)
}

/// The rows of a table of the warehouse.
pub(super) async fn count(context: &Context, table: &TableName) -> Result<u64, OpError> {
    let result = rows(context, QueryEngine::Redshift, format!("SELECT COUNT(*) FROM {}", table.quoted())).await?;
    let count = result.page.rows.first().and_then(|row| row.first()).and_then(|cell| cell.text().parse().ok());
    count.ok_or_else(|| OpError::failed(&table.to_string(), "could not count the rows", "the warehouse answered in an unexpected form"))
}

/// Runs statements of the demonstration as one transaction; gives the rows that each changed.
pub(super) async fn transaction(context: &Context, statements: &[String], name: &str) -> Result<Vec<Option<u64>>, OpError> {
    context.proceed(name)?;
    let gateway = &context.gateways.statements;
    let place = context.warehouse();
    let id = gateway.batch(&place, statements, name).await.map_err(op(&place.database, format!("could not {name}")))?;
    let info = warehouse::wait(context, &id, &mut |_| {}).await?;
    Ok(info.parts.iter().map(|part| part.rows).collect())
}

fn query_column(name: String, type_name: String) -> QueryColumn {
    const NUMERIC: [&str; 17] = [
        "int2",
        "int4",
        "int8",
        "float4",
        "float8",
        "numeric",
        "tinyint",
        "smallint",
        "integer",
        "int",
        "bigint",
        "float",
        "real",
        "double",
        "decimal",
        "oid",
        "double precision",
    ];
    let plain = type_name.split('(').next().unwrap_or_default();
    let numeric = NUMERIC.contains(&plain);
    QueryColumn { name, type_name, numeric }
}

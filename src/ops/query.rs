//! SQL on the warehouse (Redshift Data API) and the lake (Athena), the same for both.

use std::time::Duration;

use super::error::op;
use super::{Context, OpError};
use crate::aws::lake::{LakePage, LakeState};
use crate::aws::statements::{StatementInfo, StatementState, WarehouseCell, WarehousePage};
use crate::aws::{AwsError, PollError};
use crate::demo::sql::{self, SqlEngine};

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

/// A cell of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Float(f64),
    /// A truth value.
    Boolean(bool),
    /// Text, and every type that the service sends as text (decimals, dates).
    Text(String),
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

impl Cell {
    /// The cell as text, empty for NULL.
    pub fn text(&self) -> String {
        match self {
            Cell::Null => String::new(),
            Cell::Integer(value) => value.to_string(),
            Cell::Float(value) => value.to_string(),
            Cell::Boolean(value) => value.to_string(),
            Cell::Text(value) => value.clone(),
        }
    }

    /// The cell as a number, when it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Cell::Integer(value) => Some(*value as f64),
            Cell::Float(value) => Some(*value),
            Cell::Text(value) => value.trim().parse().ok(),
            Cell::Null | Cell::Boolean(_) => None,
        }
    }
}

/// Runs a statement to its end and fetches the first page. `on_state` hears every change. Cancelling `context.cancel` cancels the
/// statement on the service. A failed statement is an error whose `why` is the service's message, position included.
pub async fn run(context: &Context, request: QueryRequest, on_state: &mut (dyn FnMut(QueryState) + Send)) -> Result<QueryResult, OpError> {
    context.proceed("running a statement")?;
    match request.engine {
        QueryEngine::Redshift => on_warehouse(context, request, on_state).await,
        QueryEngine::Athena => on_lake(context, request, on_state).await,
    }
}

/// The page that `next` of an earlier page names.
pub async fn page(context: &Context, result: &QueryResult, next: &str) -> Result<Page, OpError> {
    context.proceed("fetching rows")?;
    let what = "could not fetch the next rows";
    match result.engine {
        QueryEngine::Redshift => {
            let page = context.gateways.statements.result(&result.id, Some(next)).await.map_err(op("", what))?;
            Ok(warehouse_page(page).1)
        }
        QueryEngine::Athena => {
            let page = context.gateways.lake.result(&result.id, Some(next), 1000, false).await.map_err(op("", what))?;
            Ok(lake_page(page).1)
        }
    }
}

/// Every row of a statement of the demonstration itself, as cells.
pub(super) async fn rows(context: &Context, engine: QueryEngine, sql: String) -> Result<QueryResult, OpError> {
    let request = QueryRequest { engine, sql, parameters: Vec::new(), page_size: 1000 };
    let mut result = run(context, request, &mut |_| {}).await?;
    while let Some(next) = result.page.next.take() {
        let more = page(context, &result, &next).await?;
        result.page.rows.extend(more.rows);
        result.page.next = more.next;
    }
    Ok(result)
}

/// Runs statements of the demonstration as one transaction; gives the rows that each changed.
pub(super) async fn transaction(context: &Context, statements: &[String], name: &str) -> Result<Vec<Option<u64>>, OpError> {
    context.proceed(name)?;
    let gateway = &context.gateways.statements;
    let place = context.warehouse();
    let id = gateway.batch(&place, statements, name).await.map_err(op(&place.database, format!("could not {name}")))?;
    let info = wait_on_warehouse(context, &id, &mut |_| {}).await?;
    Ok(info.parts.iter().map(|part| part.rows).collect())
}

async fn on_warehouse(
    context: &Context,
    request: QueryRequest,
    on_state: &mut (dyn FnMut(QueryState) + Send),
) -> Result<QueryResult, OpError> {
    let gateway = &context.gateways.statements;
    let place = context.warehouse();
    on_state(QueryState::Submitted);
    let id = gateway.execute(&place, &request.sql, &request.parameters, "shiftdeck").await.map_err(|error| not_there(context, error))?;
    let info = wait_on_warehouse(context, &id, on_state).await?;
    let (columns, page, total) = if info.has_result {
        on_state(QueryState::Fetching);
        let page = gateway.result(&id, None).await.map_err(op("", "could not fetch the rows"))?;
        let total = page.total;
        let (columns, page) = warehouse_page(page);
        (columns, page, total)
    } else {
        (Vec::new(), Page { rows: Vec::new(), next: None }, info.rows)
    };
    Ok(QueryResult {
        id,
        engine: QueryEngine::Redshift,
        columns,
        page,
        total_rows: total.or(info.rows),
        duration: info.duration,
        scanned_bytes: None,
    })
}

/// A warehouse that is not there is a missing precondition, not a failure of the statement.
fn not_there(context: &Context, error: AwsError) -> OpError {
    let warehouse = &context.scenario.warehouse;
    let message = error.message.to_ascii_lowercase();
    if error.is_not_found() || message.contains("redshift endpoint doesn't exist") || message.contains("doesn't exist in this region") {
        return OpError::precondition(
            warehouse,
            "could not run the statement",
            format!("the warehouse `{warehouse}` does not exist"),
            "run the step `foundation` first",
        );
    }
    op(warehouse, "could not run the statement")(error)
}

async fn wait_on_warehouse(context: &Context, id: &str, on_state: &mut (dyn FnMut(QueryState) + Send)) -> Result<StatementInfo, OpError> {
    let gateway = &context.gateways.statements;
    let told = parking_lot::Mutex::new((None, on_state));
    let told = &told;
    let ended = context
        .gateways
        .poll
        .until(&context.cancel, "the statement", Some(LONGEST), || async move {
            let info = gateway.describe(id).await?;
            let now = match info.state {
                StatementState::Submitted => QueryState::Submitted,
                StatementState::Picked => QueryState::Queued,
                StatementState::Started => QueryState::Running,
                StatementState::Finished | StatementState::Aborted | StatementState::Failed => return Ok(Some(info)),
            };
            let mut told = told.lock();
            if told.0 != Some(now) {
                told.0 = Some(now);
                (told.1)(now);
            }
            Ok(None)
        })
        .await;
    match ended {
        Ok(info) if info.state == StatementState::Finished => Ok(info),
        Ok(info) => {
            let reason = info.error.clone().or_else(|| info.parts.iter().find_map(|part| part.error.clone()));
            let ended = if info.state == StatementState::Aborted { "the statement was cancelled" } else { "the statement failed" };
            Err(OpError::failed("", ended, reason.unwrap_or_else(|| "Redshift gave no reason".to_owned())))
        }
        Err(PollError::Cancelled { .. }) => {
            gateway.cancel(id).await.map_err(op("", "could not cancel the statement"))?;
            Err(OpError::cancelled("running a statement"))
        }
        Err(error) => Err(op("", "could not follow the statement")(error)),
    }
}

async fn on_lake(context: &Context, request: QueryRequest, on_state: &mut (dyn FnMut(QueryState) + Send)) -> Result<QueryResult, OpError> {
    let gateway = &context.gateways.lake;
    let place = context.lake(Some(&context.scenario.glue_database));
    let (text, values) = sql::positional(&request.sql, &request.parameters);
    on_state(QueryState::Submitted);
    let id = gateway.start(&place, &text, &values).await.map_err(op("", "could not run the query"))?;
    let told = parking_lot::Mutex::new((None, on_state));
    let hear = &told;
    let query = id.as_str();
    let ended = context
        .gateways
        .poll
        .until(&context.cancel, "the query", Some(LONGEST), || async move {
            let info = gateway.describe(query).await?;
            let now = match info.state {
                LakeState::Queued => QueryState::Queued,
                LakeState::Running => QueryState::Running,
                LakeState::Succeeded | LakeState::Failed | LakeState::Cancelled => return Ok(Some(info)),
            };
            let mut told = hear.lock();
            if told.0 != Some(now) {
                told.0 = Some(now);
                (told.1)(now);
            }
            Ok(None)
        })
        .await;
    let info = match ended {
        Ok(info) if info.state == LakeState::Succeeded => info,
        Ok(info) => {
            let ended = if info.state == LakeState::Cancelled { "the query was cancelled" } else { "the query failed" };
            return Err(OpError::failed("", ended, info.reason.unwrap_or_else(|| "Athena gave no reason".to_owned())));
        }
        Err(PollError::Cancelled { .. }) => {
            gateway.stop(&id).await.map_err(op("", "could not stop the query"))?;
            return Err(OpError::cancelled("running a query"));
        }
        Err(error) => return Err(op("", "could not follow the query")(error)),
    };
    (told.into_inner().1)(QueryState::Fetching);
    let fetched = gateway.result(&id, None, request.page_size, info.is_query).await.map_err(op("", "could not fetch the rows"))?;
    let updated = fetched.updated.filter(|count| *count > 0);
    let (columns, page) = lake_page(fetched);
    // Athena does not say how many rows there are before the last page.
    let total = updated.or_else(|| page.next.is_none().then_some(page.rows.len() as u64));
    Ok(QueryResult {
        id,
        engine: QueryEngine::Athena,
        columns,
        page,
        total_rows: total,
        duration: info.duration,
        scanned_bytes: Some(info.scanned),
    })
}

fn warehouse_page(page: WarehousePage) -> (Vec<QueryColumn>, Page) {
    let columns: Vec<QueryColumn> = page.columns.into_iter().map(|column| query_column(column.name, column.type_name)).collect();
    let rows = page.rows.into_iter().map(|row| row.into_iter().map(warehouse_cell).collect()).collect();
    (columns, Page { rows, next: page.next })
}

fn warehouse_cell(cell: WarehouseCell) -> Cell {
    match cell {
        WarehouseCell::Null => Cell::Null,
        WarehouseCell::Integer(value) => Cell::Integer(value),
        WarehouseCell::Float(value) => Cell::Float(value),
        WarehouseCell::Boolean(value) => Cell::Boolean(value),
        WarehouseCell::Text(value) => Cell::Text(value),
        WarehouseCell::Bytes(value) => Cell::Text(value.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

/// Athena sends every cell as text; the type of the column says what it is.
fn lake_page(page: LakePage) -> (Vec<QueryColumn>, Page) {
    let columns: Vec<QueryColumn> = page.columns.into_iter().map(|column| query_column(column.name, column.type_name)).collect();
    let rows = page
        .rows
        .into_iter()
        .map(|row| {
            row.into_iter()
                .enumerate()
                .map(|(at, cell)| match cell {
                    None => Cell::Null,
                    Some(text) => lake_cell(columns.get(at).map_or("", |column| column.type_name.as_str()), text),
                })
                .collect()
        })
        .collect();
    (columns, Page { rows, next: page.next })
}

fn lake_cell(type_name: &str, text: String) -> Cell {
    match type_name {
        "tinyint" | "smallint" | "integer" | "int" | "bigint" => text.parse().map_or(Cell::Text(text), Cell::Integer),
        "float" | "real" | "double" => text.parse().map_or(Cell::Text(text), Cell::Float),
        "boolean" => match text.as_str() {
            "true" => Cell::Boolean(true),
            "false" => Cell::Boolean(false),
            _ => Cell::Text(text),
        },
        _ => Cell::Text(text),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_the_lake_get_the_type_of_their_column() {
        assert_eq!(lake_cell("bigint", "41188".into()), Cell::Integer(41188));
        assert_eq!(lake_cell("double", "0.5".into()), Cell::Float(0.5));
        assert_eq!(lake_cell("decimal(38,3)", "3402.000".into()), Cell::Text("3402.000".into()));
        assert_eq!(lake_cell("boolean", "true".into()), Cell::Boolean(true));
        assert!(query_column("n".into(), "decimal(38,3)".into()).numeric);
        assert!(!query_column("n".into(), "varchar".into()).numeric);
    }
}

//! Statements on the warehouse, through the Redshift Data API.

use std::time::Duration;

use super::{Cell, LONGEST, Page, QueryColumn, QueryEngine, QueryEvent, QueryRequest, QueryResult, QueryState, SessionUse, query_column};
use crate::aws::statements::{Sent, SessionChoice, StatementInfo, StatementState, WarehouseCell, WarehousePage};
use crate::aws::{AwsError, PollError};
use crate::ops::error::op;
use crate::ops::{Context, OpError};

/// Sends a statement and follows it to its end.
pub(super) async fn run(
    context: &Context,
    request: QueryRequest,
    session: &SessionUse,
    hear: &mut (dyn FnMut(QueryEvent) + Send),
) -> Result<QueryResult, OpError> {
    let gateway = &context.gateways.statements;
    let place = context.warehouse();
    hear(QueryEvent::State(QueryState::Submitted));
    let choice = match session {
        SessionUse::None => SessionChoice::None,
        SessionUse::Open { keep } => SessionChoice::New { keep: *keep },
        SessionUse::In { id, keep } => SessionChoice::In { id, keep: *keep },
    };
    // A session does one thing at a time, and a statement that was cancelled a moment ago may still be ending. Who cancels before the
    // service has given the id still wants the statement stopped: the id is waited for, and `follow` cancels.
    let (sql, parameters, place) = (request.sql.as_str(), request.parameters.as_slice(), &place);
    let sent = context.gateways.poll.until_started(&context.cancel, "the session", BUSY, || async move {
        match gateway.execute_in(place, sql, parameters, "shiftdeck", choice).await {
            Ok(sent) => Ok(Some(sent)),
            Err(error) if is_busy(&error) && choice != SessionChoice::None => Ok(None),
            Err(error) => Err(error),
        }
    });
    let Sent { id, session } = sent.await.map_err(|error| match error {
        // A session that has ended says that it does not exist; the warehouse may well be there.
        PollError::Failed(error) if matches!(choice, SessionChoice::In { .. }) => op("", "could not run the statement")(error),
        PollError::Failed(error) => not_there(context, error),
        other => op("", "could not run the statement")(other),
    })?;
    hear(QueryEvent::Sent { id: id.clone(), session });
    follow(context, id, hear).await
}

/// Sends a statement that gives a page of rows and ends soon; gives its columns and rows. Two round trips, where [`run`] takes three: the
/// service waits for the end of the statement, and is asked for its state and for its rows at the same time.
pub(super) async fn at_once(context: &Context, sql: &str) -> Result<(Vec<QueryColumn>, Page), OpError> {
    let gateway = &context.gateways.statements;
    let sent = gateway.execute(&context.warehouse(), sql, &[], "shiftdeck").await;
    let id = sent.map_err(|error| not_there(context, error))?;
    let (info, page) = tokio::select! {
        both = async { tokio::join!(gateway.describe_when_done(&id, AT_ONCE), gateway.result_when_done(&id, AT_ONCE)) } => both,
        () = context.cancel.cancelled() => {
            gateway.cancel(&id).await.map_err(op("", "could not cancel the statement"))?;
            return Err(OpError::cancelled("running a statement"));
        }
    };
    let info = info.map_err(op("", "could not follow the statement"))?;
    match info.state {
        StatementState::Finished if info.has_result => page.map(cells).map_err(op("", "could not fetch the rows")),
        StatementState::Aborted | StatementState::Failed => ended_well(info).map(|_| (Vec::new(), Page { rows: Vec::new(), next: None })),
        // It takes longer, or it gives no rows.
        _ => follow(context, id, &mut |_| {}).await.map(|result| (result.columns, result.page)),
    }
}

/// How long the service may hold the answer back until a statement that ends soon has ended.
const AT_ONCE: Duration = Duration::from_secs(10);

/// How long a statement waits for the one before it in its session.
const BUSY: Duration = Duration::from_secs(15);

fn is_busy(error: &AwsError) -> bool {
    let message = error.message.to_ascii_lowercase();
    message.contains("session") && message.contains("busy")
}

/// Follows a statement to its end and fetches the first page.
pub(super) async fn follow(context: &Context, id: String, hear: &mut (dyn FnMut(QueryEvent) + Send)) -> Result<QueryResult, OpError> {
    let gateway = &context.gateways.statements;
    let info = wait(context, &id, &mut |state| hear(QueryEvent::State(state))).await?;
    let (columns, page, total) = if info.has_result {
        hear(QueryEvent::State(QueryState::Fetching));
        let page = gateway.result(&id, None).await.map_err(op("", "could not fetch the rows"))?;
        let total = page.total;
        let (columns, page) = cells(page);
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
        result_bytes: info.bytes,
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

/// Waits until a statement has ended well.
pub(super) async fn wait(context: &Context, id: &str, on_state: &mut (dyn FnMut(QueryState) + Send)) -> Result<StatementInfo, OpError> {
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
        Ok(info) => ended_well(info),
        Err(PollError::Cancelled { .. }) => {
            gateway.cancel(id).await.map_err(op("", "could not cancel the statement"))?;
            Err(OpError::cancelled("running a statement"))
        }
        Err(error) => Err(op("", "could not follow the statement")(error)),
    }
}

/// Refuses a statement that ended otherwise than well, with the service's reason.
fn ended_well(info: StatementInfo) -> Result<StatementInfo, OpError> {
    if info.state == StatementState::Finished {
        return Ok(info);
    }
    let reason = info.error.or_else(|| info.parts.into_iter().find_map(|part| part.error));
    let ended = if info.state == StatementState::Aborted { "the statement was cancelled" } else { "the statement failed" };
    Err(OpError::failed("", ended, reason.unwrap_or_else(|| "Redshift gave no reason".to_owned())))
}

/// Columns and rows of a page.
pub(super) fn cells(page: WarehousePage) -> (Vec<QueryColumn>, Page) {
    let columns: Vec<QueryColumn> = page.columns.into_iter().map(|column| query_column(column.name, column.type_name)).collect();
    let rows = page.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    (columns, Page { rows, next: page.next })
}

fn cell(cell: WarehouseCell) -> Cell {
    match cell {
        WarehouseCell::Null => Cell::Null,
        WarehouseCell::Integer(value) => Cell::Integer(value),
        WarehouseCell::Float(value) => Cell::Float(value),
        WarehouseCell::Boolean(value) => Cell::Boolean(value),
        WarehouseCell::Text(value) => Cell::Text(value),
        WarehouseCell::Bytes(value) => Cell::Text(value.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

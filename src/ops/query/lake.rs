//! Queries on the lake, through Athena.

use super::{Cell, LONGEST, Page, QueryColumn, QueryEngine, QueryEvent, QueryRequest, QueryResult, QueryState, query_column};
use crate::aws::PollError;
use crate::aws::lake::{LakePage, LakeState};
use crate::demo::sql;
use crate::ops::error::op;
use crate::ops::{Context, OpError};

/// Sends a query and follows it to its end.
pub(super) async fn run(
    context: &Context,
    request: QueryRequest,
    hear: &mut (dyn FnMut(QueryEvent) + Send),
) -> Result<QueryResult, OpError> {
    let gateway = &context.gateways.lake;
    let place = context.lake(Some(&context.scenario.glue_database));
    let (text, values) = sql::positional(&request.sql, &request.parameters);
    hear(QueryEvent::State(QueryState::Submitted));
    let id = gateway.start(&place, &text, &values).await.map_err(op("", "could not run the query"))?;
    hear(QueryEvent::Sent { id: id.clone(), session: None });
    follow(context, id, request.page_size, hear).await
}

/// Follows a query to its end and fetches the first page.
pub(super) async fn follow(
    context: &Context,
    id: String,
    page_size: usize,
    hear: &mut (dyn FnMut(QueryEvent) + Send),
) -> Result<QueryResult, OpError> {
    let gateway = &context.gateways.lake;
    let told = parking_lot::Mutex::new((None, hear));
    let heard = &told;
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
            let mut told = heard.lock();
            if told.0 != Some(now) {
                told.0 = Some(now);
                (told.1)(QueryEvent::State(now));
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
    (told.into_inner().1)(QueryEvent::State(QueryState::Fetching));
    let fetched = gateway.result(&id, None, page_size, info.is_query).await.map_err(op("", "could not fetch the rows"))?;
    let updated = fetched.updated.filter(|count| *count > 0);
    let (columns, page) = cells(fetched);
    // Athena does not say how many rows there are before the last page.
    let total = updated.or_else(|| page.next.is_none().then_some(page.rows.len() as u64));
    Ok(QueryResult {
        id,
        engine: QueryEngine::Athena,
        columns,
        page,
        total_rows: total,
        duration: info.duration,
        // A statement that only changes the catalog reads nothing and costs nothing.
        scanned_bytes: (info.is_query || info.scanned > 0).then_some(info.scanned),
        result_bytes: None,
    })
}

/// Columns and rows of a page. Athena sends every cell as text; the type of the column says what it is.
pub(super) fn cells(page: LakePage) -> (Vec<QueryColumn>, Page) {
    let columns: Vec<QueryColumn> = page.columns.into_iter().map(|column| query_column(column.name, column.type_name)).collect();
    let rows = page
        .rows
        .into_iter()
        .map(|row| {
            row.into_iter()
                .enumerate()
                .map(|(at, cell)| match cell {
                    None => Cell::Null,
                    Some(text) => typed(columns.get(at).map_or("", |column| column.type_name.as_str()), text),
                })
                .collect()
        })
        .collect();
    (columns, Page { rows, next: page.next })
}

fn typed(type_name: &str, text: String) -> Cell {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_the_lake_get_the_type_of_their_column() {
        assert_eq!(typed("bigint", "41188".into()), Cell::Integer(41188));
        assert_eq!(typed("double", "0.5".into()), Cell::Float(0.5));
        assert_eq!(typed("decimal(38,3)", "3402.000".into()), Cell::Text("3402.000".into()));
        assert_eq!(typed("boolean", "true".into()), Cell::Boolean(true));
        assert!(query_column("n".into(), "decimal(38,3)".into()).numeric);
        assert!(!query_column("n".into(), "varchar".into()).numeric);
    }
}

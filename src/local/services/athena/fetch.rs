//! `GetQueryResults`: results in pages of up to 1,000 rows.

use serde_json::Value;

use super::output::{CsvRow, read_rows};
use super::query::{Column, Kind, Query, Rows, State};
use super::{Athena, Input, internal};
use crate::local::objects::split_s3_uri;
use crate::local::service::ServiceResult;
use crate::local::services::protocol::pages;

/// Rows of a page at most, the header among them.
const MOST_ROWS: i64 = 1000;

impl Athena {
    /// Answers with the JSON text of the output.
    pub(super) async fn get_query_results(&self, input: &Input) -> ServiceResult<String> {
        self.settle()?;
        let run = self.find(input)?;
        let query = run.record();
        match query.state {
            State::Succeeded => {}
            State::Queued | State::Running => {
                return Err(input.invalid(format!("Query has not yet finished. Current state: {}", query.state.name())));
            }
            State::Failed | State::Cancelled => {
                let state = query.state.name();
                return Err(input.invalid(format!("Query did not finish successfully. Final query state: {state}")));
            }
        }
        let limit = input.integer_within("MaxResults", 0, MOST_ROWS)?.filter(|most| *most > 0).unwrap_or(MOST_ROWS);
        let limit = usize::try_from(limit).unwrap_or(1);
        let scope = format!("GetQueryResults {}", run.id);
        let start: u64 = match input.text("NextToken")?.filter(|token| !token.is_empty()) {
            None => 0,
            Some(token) => pages::position(&scope, token)
                .and_then(|position| position.parse().ok())
                .ok_or_else(|| input.invalid("The NextToken is not valid for this result."))?,
        };
        let path = match &query.rows {
            Rows::Csv { .. } => {
                let (bucket, key) = split_s3_uri(&query.output).unwrap_or_default();
                let file = self.inner.account.objects.file(bucket, key);
                Some(file.map_err(|error| input.invalid(format!("Could not find results: {error}")))?)
            }
            _ => None,
        };
        let page = tokio::task::spawn_blocking(move || -> std::io::Result<String> {
            let (rows, next) = rows_from(&query, path.as_deref(), start, limit)?;
            let token = next.map(|next| pages::token(&scope, &next.to_string()));
            Ok(write(&query, &rows, token))
        });
        match page.await {
            Ok(Ok(page)) => Ok(page),
            Ok(Err(error)) => Err(internal(format!("the result cannot be read: {error}"))),
            Err(error) => Err(internal(format!("the page could not be written: {error}"))),
        }
    }
}

/// The rows of a page and where the next one starts. Row 0 of a query's result is its header.
fn rows_from(query: &Query, path: Option<&std::path::Path>, start: u64, limit: usize) -> std::io::Result<(Vec<CsvRow>, Option<u64>)> {
    match (&query.rows, path) {
        (Rows::Csv { count, marks }, Some(path)) => {
            let mut rows = Vec::with_capacity(limit);
            let mut at = start;
            if at == 0 {
                rows.push(query.columns.iter().map(|column| Some(column.name.clone())).collect());
                at = 1;
            }
            if rows.len() < limit {
                let read = read_rows(path, marks, at - 1, limit - rows.len())?;
                at += read.len() as u64;
                rows.extend(read);
            }
            Ok((rows, (at < count + 1).then_some(at)))
        }
        (Rows::Lines(lines), _) => {
            let from = usize::try_from(start).unwrap_or(usize::MAX).min(lines.len());
            let to = from.saturating_add(limit).min(lines.len());
            Ok((lines[from..to].to_vec(), (to < lines.len()).then_some(to as u64)))
        }
        _ => Ok((Vec::new(), None)),
    }
}

fn write(query: &Query, rows: &[CsvRow], next: Option<String>) -> String {
    let columns: Vec<Value> = query.columns.iter().map(Column::document).collect();
    let mut body = String::with_capacity(rows.len() * (query.columns.len() * 32 + 16) + 4096);
    if query.kind == Kind::Dml {
        body.push_str(&format!("{{\"UpdateCount\":{},", query.updated.unwrap_or(0)));
    } else {
        body.push('{');
    }
    body.push_str(r#""ResultSet":{"Rows":["#);
    for (index, row) in rows.iter().enumerate() {
        body.push_str(if index == 0 { r#"{"Data":["# } else { r#",{"Data":["# });
        for (index, value) in row.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            match value {
                None => body.push_str("{}"),
                Some(value) => {
                    body.push_str(r#"{"VarCharValue":"#);
                    body.push_str(&Value::from(value.as_str()).to_string());
                    body.push('}');
                }
            }
        }
        body.push_str("]}");
    }
    body.push_str(r#"],"ResultSetMetadata":{"ColumnInfo":"#);
    body.push_str(&Value::from(columns).to_string());
    body.push_str("}}");
    if let Some(next) = next {
        body.push_str(",\"NextToken\":");
        body.push_str(&Value::from(next).to_string());
    }
    body.push('}');
    body
}

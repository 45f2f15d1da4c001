//! `GetStatementResult` and `GetStatementResultV2`: results in pages.

use datafusion::arrow::error::ArrowError;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::record::{Format, Part, Status};
use super::{Input, RedshiftData, internal, resource_not_found, result_id, wait_time};
use crate::local::results::{BATCH_ROWS, ResultError, Results, StoredResult};
use crate::local::service::ServiceResult;
use crate::local::services::cells::{Cells, Style, quote_if_needed};
use crate::local::services::protocol::aws_json::Call;
use crate::local::services::protocol::pages;

/// Bytes after which a page ends. AWS allows 100 MB; a page of a megabyte is written in a few milliseconds, so that the first rows of a
/// large result are there at once.
const PAGE_BYTES: usize = 1 << 20;

impl RedshiftData {
    /// Answers both operations with the JSON text of their output.
    pub(super) async fn get_statement_result(&self, call: &Call<'_>) -> ServiceResult<String> {
        self.settle()?;
        let input = &call.input;
        let (run, index) = self.find(input)?;
        run.wait(wait_time(input)?).await;
        let statement = run.record();
        let wanted = if call.operation == "GetStatementResultV2" { Format::Csv } else { Format::Json };
        let none = || resource_not_found(&run.id, "Query does not have result. Please check query status with DescribeStatement.");
        let index = match index {
            Some(index) => index,
            None if statement.batch => return Err(none()),
            None => 1,
        };
        let part = statement.parts.get(index - 1).ok_or_else(none)?.clone();
        // In a batch that is not one transaction a part is finished by itself.
        let own = statement.batch && !statement.transaction && statement.status.ended();
        if statement.status != Status::Finished && !(own && part.status == Status::Finished) {
            return Err(none());
        }
        let Some(stored) = part.result else { return Err(none()) };
        if statement.format != wanted {
            return Err(input.invalid(format!(
                "The statement was run with ResultFormat {}, which {} does not fetch.",
                statement.format.name(),
                call.operation
            )));
        }
        let id = result_id(&run.id, statement.batch, index as u64);
        let scope = format!("{} {id}", call.operation);
        let start = start(input, &scope)?;
        let results = self.inner.results.clone();
        let source = Source { results, id, stored, part, scope, wanted };
        let ahead = self.inner.ahead.lock().take_if(|ahead| ahead.start == start && ahead.scope == source.scope);
        let page = ahead.map_or_else(|| source.begin(start), |ahead| ahead.page);
        let page = match page.await {
            Ok(Ok(page)) => page,
            Ok(Err(error)) => return Err(internal(error.to_string())),
            Err(error) => return Err(internal(format!("the page could not be written: {error}"))),
        };
        // Whoever asks for a page in the middle reads on: the next one is made while the caller reads this one.
        if let Some(next) = page.next.filter(|_| start > 0) {
            *self.inner.ahead.lock() = Some(Ahead { page: source.begin(next), scope: source.scope, start: next });
        }
        Ok(page.body)
    }
}

/// A page that will most likely be asked for next.
pub(super) struct Ahead {
    scope: String,
    start: u64,
    page: JoinHandle<Result<Page, ResultError>>,
}

/// The text of a page.
struct Page {
    body: String,
    /// The first row of the next page.
    next: Option<u64>,
}

/// Where the rows of a result come from.
#[derive(Clone)]
struct Source {
    results: Results,
    id: String,
    stored: StoredResult,
    part: Part,
    scope: String,
    wanted: Format,
}

impl Source {
    /// Begins to write the page that starts at a row, on a thread for such work.
    fn begin(&self, start: u64) -> JoinHandle<Result<Page, ResultError>> {
        let source = self.clone();
        tokio::task::spawn_blocking(move || source.page(start))
    }

    fn page(&self, start: u64) -> Result<Page, ResultError> {
        let batches = self.results.rows(&self.id, &self.stored, start, BATCH_ROWS)?;
        let mut body = String::with_capacity(PAGE_BYTES + PAGE_BYTES / 8);
        body.push_str(r#"{"Records":["#);
        let rows = match self.wanted {
            Format::Json => write_fields(&batches, &mut body)?,
            Format::Csv => write_csv(&batches, &mut body)?,
        };
        body.push(']');
        write_rest(&mut body, &self.part, self.stored.rows, self.wanted);
        let next = start + rows as u64;
        let next = (next < self.stored.rows).then_some(next);
        if let Some(next) = next {
            body.push_str(",\"NextToken\":");
            body.push_str(&Value::from(pages::token(&self.scope, &next.to_string())).to_string());
        }
        body.push('}');
        Ok(Page { body, next })
    }
}

fn start(input: &Input, scope: &str) -> ServiceResult<u64> {
    match input.text("NextToken")?.filter(|token| !token.is_empty()) {
        None => Ok(0),
        Some(token) => pages::position(scope, token)
            .and_then(|position| position.parse().ok())
            .ok_or_else(|| input.invalid("The NextToken is not valid for this result.")),
    }
}

/// Rows of typed fields until the page is full; gives the number of rows.
fn write_fields(batches: &[datafusion::arrow::array::RecordBatch], body: &mut String) -> Result<usize, ArrowError> {
    let mut written = 0;
    let mut scratch = String::new();
    for batch in batches {
        let cells = Cells::new(batch, Style::Redshift)?;
        for row in 0..batch.num_rows() {
            if body.len() >= PAGE_BYTES {
                return Ok(written);
            }
            body.push_str(if written == 0 { "[" } else { ",[" });
            for column in 0..cells.width() {
                if column > 0 {
                    body.push(',');
                }
                cells.write_field(column, row, body, &mut scratch);
            }
            body.push(']');
            written += 1;
        }
    }
    Ok(written)
}

/// One CSV text (no header, lines end in CR LF) of rows until the page is full; gives the number of rows.
fn write_csv(batches: &[datafusion::arrow::array::RecordBatch], body: &mut String) -> Result<usize, ArrowError> {
    let mut written = 0;
    let mut csv = String::new();
    let mut cell = String::new();
    'page: for batch in batches {
        let cells = Cells::new(batch, Style::Redshift)?;
        for row in 0..batch.num_rows() {
            if csv.len() >= PAGE_BYTES {
                break 'page;
            }
            for column in 0..cells.width() {
                if column > 0 {
                    csv.push(',');
                }
                cell.clear();
                if cells.write(column, row, &mut cell) {
                    quote_if_needed(&mut csv, &cell);
                }
            }
            csv.push_str("\r\n");
            written += 1;
        }
    }
    if written > 0 {
        body.push_str(r#"{"CSVRecords":"#);
        body.push_str(&Value::from(csv).to_string());
        body.push('}');
    }
    Ok(written)
}

fn write_rest(body: &mut String, part: &Part, rows: u64, format: Format) {
    let columns: Vec<Value> = part.columns.iter().map(super::record::ColumnMeta::document).collect();
    body.push_str(",\"ColumnMetadata\":");
    body.push_str(&Value::from(columns).to_string());
    body.push_str(",\"TotalNumRows\":");
    body.push_str(&rows.to_string());
    if format == Format::Csv {
        body.push_str(r#","ResultFormat":"CSV""#);
    }
}

//! The work of a query: from QUEUED to its end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};

use super::Inner;
use super::output::{CsvWriter, OutputError};
use super::query::{Column, Kind, Query, Rows, SYSTEM_FAILURE, State, failure};
use crate::local::engine::InStream as _;
use crate::local::engine::{Dialect, Outcome, SqlError};
use crate::local::objects::{Staged, split_s3_uri};
use crate::local::pace::Wait;
use crate::local::services::cells::{self, Cells, Style};
use crate::local::services::runs::Run;

/// The database of a query that names none.
const DEFAULT_DATABASE: &str = "default";

/// What a query gave.
struct Done {
    columns: Vec<Column>,
    rows: Rows,
    updated: Option<u64>,
    scanned: u64,
    content: Staged,
}

/// Why a query ended without a result.
enum Stop {
    Failed(String, (i32, i32)),
    Cancelled(&'static str),
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        let failure = failure(&error);
        Stop::Failed(error.message, failure)
    }
}

impl From<OutputError> for Stop {
    fn from(error: OutputError) -> Self {
        Stop::Failed(format!("The result could not be written: {error}"), SYSTEM_FAILURE)
    }
}

/// Does the work and records its end. `text` is the query with its parameters, or why they do not fit.
pub(super) async fn perform(inner: Arc<Inner>, run: Arc<Run<Query>>, text: Result<String, String>) {
    let submitted = Instant::now();
    let mut queued = Duration::ZERO;
    let work = AssertUnwindSafe(work(&inner, &run, text, submitted, &mut queued)).catch_unwind();
    let result = tokio::select! {
        biased;
        () = run.cancel.cancelled() => Err(Stop::Cancelled("Query cancelled by user")),
        result = work => result.unwrap_or_else(|_| Err(Stop::Failed("Internal error while the query was running".to_owned(), SYSTEM_FAILURE))),
    };
    // The result is in its place before the query is said to have succeeded.
    let result = result.and_then(|done| publish(&inner, &run, done));
    let now = inner.now();
    let engine = submitted.elapsed().saturating_sub(queued);
    let settle = |query: &mut Query| {
        query.completed = Some(now);
        query.queue_millis = millis(queued);
        query.engine_millis = millis(engine);
        match &result {
            Ok(done) => {
                query.state = State::Succeeded;
                query.columns.clone_from(&done.0);
                query.rows.clone_from(&done.1);
                query.updated = done.2;
                query.scanned = done.3;
            }
            Err(Stop::Failed(reason, failure)) => {
                query.state = State::Failed;
                query.reason = Some(reason.clone());
                query.failure = Some(*failure);
            }
            Err(Stop::Cancelled(reason)) => {
                query.state = State::Cancelled;
                query.reason = Some((*reason).to_owned());
            }
        }
    };
    if let Err(error) = inner.runs.change(&run, settle) {
        tracing::error!(%error, id = run.id, "a query's end could not be saved");
        inner.runs.note(&run, |query| {
            query.state = State::Failed;
            query.reason = Some(format!("The state of the query could not be saved: {error}"));
            query.failure = Some(SYSTEM_FAILURE);
            query.completed = Some(now);
        });
    }
}

type Published = (Vec<Column>, Rows, Option<u64>, u64);

/// Gives the result its name in S3, and the description of its columns beside it.
fn publish(inner: &Inner, run: &Run<Query>, done: Done) -> Result<Published, Stop> {
    let output = run.with(|query| query.output.clone());
    // The address was checked when the query was submitted.
    let (bucket, key) = split_s3_uri(&output).unwrap_or_default();
    let objects = &inner.account.objects;
    let columns: Vec<serde_json::Value> = done.columns.iter().map(Column::document).collect();
    let metadata = serde_json::json!({ "ColumnInfo": columns }).to_string();
    let written = objects
        .stage(bucket, metadata)
        .and_then(|metadata| objects.publish(bucket, vec![(key.to_owned(), done.content), (format!("{key}.metadata"), metadata)]));
    written.map_err(OutputError::from)?;
    Ok((done.columns, done.rows, done.updated, done.scanned))
}

async fn work(
    inner: &Inner,
    run: &Run<Query>,
    text: Result<String, String>,
    submitted: Instant,
    queued: &mut Duration,
) -> Result<Done, Stop> {
    inner.account.pace.wait(Wait::StatementQueue).await;
    *queued = submitted.elapsed();
    inner.runs.note(run, |query| query.state = State::Running);
    let text = text.map_err(|why| Stop::Failed(why, (2, 1006)))?;
    let (database, kind, cutoff, output, work_group) =
        run.with(|query| (query.database.clone(), query.kind, query.cutoff, query.output.clone(), query.work_group.clone()));
    let (bucket, _) = split_s3_uri(&output).unwrap_or_default();
    let engine = &inner.account.engine;
    let mut session = engine.session(Dialect::Athena, database.as_deref().unwrap_or(DEFAULT_DATABASE));
    session.work_group = work_group;
    session.results = output.rsplit_once('/').map(|(folder, _)| format!("{folder}/"));
    let outcome = engine.execute(&mut session, &text, &[]).await?;
    let columns: Vec<Column> = outcome.columns.iter().map(Column::of).collect();
    let scanned = outcome.scanned.clone();
    let updated = outcome.affected;
    let (content, rows) = match (kind, outcome.rows.is_some()) {
        (_, false) => (inner.account.objects.stage(bucket, "").map_err(OutputError::from)?, Rows::None),
        (Kind::Dml, true) => write_csv(inner, bucket, &columns, outcome, cutoff).await?,
        (Kind::Ddl | Kind::Utility, true) => write_lines(inner, bucket, outcome).await?,
    };
    Ok(Done { columns, rows, updated, scanned: scanned.load(Ordering::Relaxed), content })
}

async fn write_csv(inner: &Inner, bucket: &str, columns: &[Column], outcome: Outcome, cutoff: Option<u64>) -> Result<(Staged, Rows), Stop> {
    let schema = cells::normal_schema(&outcome.schema);
    let mut writer = CsvWriter::new(&inner.account.objects, bucket, columns)?;
    if let Some(mut rows) = outcome.rows {
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(SqlError::of_stream)?;
            let batch = cells::normalise(&batch, &schema, Style::Athena).map_err(OutputError::from)?;
            writer.write(&batch)?;
            if cutoff.is_some_and(|most| outcome.scanned.load(Ordering::Relaxed) > most) {
                return Err(Stop::Cancelled("Bytes scanned limit was exceeded"));
            }
            // A stream that is always ready would not let this task be cancelled, nor others run.
            tokio::task::yield_now().await;
        }
    }
    Ok(writer.finish()?)
}

/// The few lines of a SHOW, DESCRIBE or EXPLAIN: values apart by tabs; a text of several lines is several rows, as Athena gives it.
async fn write_lines(inner: &Inner, bucket: &str, outcome: Outcome) -> Result<(Staged, Rows), Stop> {
    let schema = cells::normal_schema(&outcome.schema);
    let mut lines: Vec<Vec<Option<String>>> = Vec::new();
    if let Some(mut rows) = outcome.rows {
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(SqlError::of_stream)?;
            let batch = cells::normalise(&batch, &schema, Style::Athena).map_err(OutputError::from)?;
            let cells = Cells::new(&batch, Style::Athena).map_err(OutputError::from)?;
            for row in 0..batch.num_rows() {
                let mut line: Vec<Option<String>> = (0..cells.width())
                    .map(|column| {
                        let mut text = String::new();
                        cells.write(column, row, &mut text).then_some(text)
                    })
                    .collect();
                match line.as_mut_slice() {
                    [Some(only)] => lines.extend(only.lines().map(|line| vec![Some(line.to_owned())])),
                    _ => lines.push(line),
                }
            }
            tokio::task::yield_now().await;
        }
    }
    let mut text = String::new();
    for line in &lines {
        let values: Vec<&str> = line.iter().map(|value| value.as_deref().unwrap_or_default()).collect();
        text.push_str(&values.join("\t"));
        text.push('\n');
    }
    let staged = inner.account.objects.stage(bucket, text).map_err(OutputError::from)?;
    Ok((staged, Rows::Lines(lines)))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

//! The work of a statement: from SUBMITTED to its end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use datafusion::sql::sqlparser::dialect::RedshiftSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use futures::{FutureExt, StreamExt};
use tokio::sync::OwnedMutexGuard;

use super::record::{ColumnMeta, Part, Statement, Status};
use super::{Inner, Run, result_id};
use crate::local::engine::InStream as _;
use crate::local::engine::{Outcome, Parameter, Session, SqlError};
use crate::local::pace::Wait;
use crate::local::services::cells::{self, Style};

/// Bytes of a result at most.
const MOST_RESULT_BYTES: u64 = 500 * 1024 * 1024;

/// The engine session that a statement works in.
pub(super) enum Lease {
    /// One for this statement only.
    Own(Box<Session>),
    /// One that is kept, by its id.
    Kept(String, OwnedMutexGuard<Session>),
}

impl Lease {
    pub fn session_id(&self) -> Option<&str> {
        match self {
            Lease::Own(_) => None,
            Lease::Kept(id, _) => Some(id),
        }
    }

    fn session(&mut self) -> &mut Session {
        match self {
            Lease::Own(session) => session,
            Lease::Kept(_, session) => session,
        }
    }
}

/// How the work ended.
enum End {
    Finished,
    Failed(String),
    Aborted,
}

/// Does the work and records its end.
pub(super) async fn perform(inner: Arc<Inner>, run: Arc<Run<Statement>>, mut lease: Lease, refused: Option<String>) {
    let started = Instant::now();
    let work = AssertUnwindSafe(work(&inner, &run, lease.session(), refused)).catch_unwind();
    let end = tokio::select! {
        biased;
        () = run.cancel.cancelled() => End::Aborted,
        end = work => end.unwrap_or_else(|_| End::Failed("ERROR: internal error while the statement was running".to_owned())),
    };
    // A batch leaves no transaction open in a session that is kept; the engine has marked one as failed that was cut off.
    if run.with(|statement| statement.batch && statement.transaction) && lease.session().in_transaction() {
        roll_back(&inner, lease.session()).await;
    }
    let now = inner.now();
    // Whoever reads that the statement has ended may use its session at once.
    if let Some(session) = lease.session_id() {
        inner.sessions.working(session, None, now);
    }
    drop(lease);
    let duration = nanoseconds(started);
    let written = inner.runs.change(&run, |statement| settle(statement, &end, now, duration));
    if let Err(error) = written {
        tracing::error!(%error, id = run.id, "a statement's end could not be saved");
        let failed = End::Failed(format!("ERROR: the state of the statement could not be saved: {error}"));
        inner.runs.note(&run, |statement| settle(statement, &failed, now, duration));
    }
    if !run.with(|statement| statement.status == Status::Finished || !statement.transaction && statement.batch) {
        for index in 1..=run.with(|statement| statement.parts.len()) {
            let id = result_id(&run.id, run.with(|statement| statement.batch), index as u64);
            if let Err(error) = inner.results.remove(&id) {
                tracing::warn!(%error, id, "a result of a failed statement could not be removed");
            }
        }
    }
}

fn settle(statement: &mut Statement, end: &End, now: chrono::DateTime<chrono::Utc>, duration: i64) {
    statement.updated = now;
    statement.duration = duration;
    let (status, error) = match end {
        End::Finished => (Status::Finished, None),
        End::Failed(message) => (Status::Failed, Some(message.clone())),
        End::Aborted => (Status::Aborted, None),
    };
    statement.status = status;
    statement.error = error;
    let undone = status != Status::Finished && statement.transaction;
    let single = !statement.batch;
    let cause = statement.error.clone();
    for part in &mut statement.parts {
        if !part.status.ended() {
            part.updated = now;
            part.status = if single { status } else { Status::Aborted };
            part.error = if single { cause.clone() } else { None };
        }
        if undone {
            part.result = None;
            part.rows = None;
        }
    }
}

async fn work(inner: &Inner, run: &Run<Statement>, session: &mut Session, refused: Option<String>) -> End {
    let queue = inner.account.pace.duration(Wait::StatementQueue) / 2;
    if !queue.is_zero() {
        inner.account.pace.sleep(queue).await;
        let now = inner.now();
        inner.runs.note(run, |statement| (statement.status, statement.updated) = (Status::Picked, now));
        inner.account.pace.sleep(queue).await;
    }
    let now = inner.now();
    inner.runs.note(run, |statement| (statement.status, statement.updated) = (Status::Started, now));
    if let Some(why) = refused {
        return End::Failed(why);
    }
    let (count, batch, transaction) = run.with(|statement| (statement.parts.len(), statement.batch, statement.transaction));
    if batch
        && transaction
        && let Err(error) = inner.account.engine.execute(session, "BEGIN", &[]).await
    {
        return End::Failed(error.message);
    }
    let mut failed = None;
    for index in 0..count {
        if let Err(message) = perform_part(inner, run, session, index).await {
            let message = if batch { format!("Query #{} failed with {message}", index + 1) } else { message };
            failed.get_or_insert(message);
            if !batch || transaction {
                break;
            }
        }
    }
    if let Some(message) = failed {
        return End::Failed(message);
    }
    if batch
        && transaction
        && let Err(error) = inner.account.engine.execute(session, "COMMIT", &[]).await
    {
        return End::Failed(error.message);
    }
    End::Finished
}

async fn roll_back(inner: &Inner, session: &mut Session) {
    if let Err(error) = inner.account.engine.execute(session, "ROLLBACK", &[]).await {
        tracing::error!(%error, "a failed batch could not be rolled back");
    }
}

/// Runs one SQL text and stores its result.
async fn perform_part(inner: &Inner, run: &Run<Statement>, session: &mut Session, index: usize) -> Result<(), String> {
    let started = Instant::now();
    let sql = change_part(inner, run, index, |part, now| {
        part.status = Status::Started;
        part.updated = now;
        part.sql.clone()
    })
    .ok_or("ERROR: the statement has no such part")?;
    let parameters = run.with(|statement| parameters_for(statement, &sql));
    let done = match inner.account.engine.execute(session, &sql, &parameters).await {
        Ok(outcome) => store(inner, run, index, outcome).await,
        Err(error) => Err(error.message),
    };
    let duration = nanoseconds(started);
    change_part(inner, run, index, |part, now| {
        part.updated = now;
        part.duration = duration;
        match &done {
            Ok(()) => part.status = Status::Finished,
            Err(message) => {
                part.status = Status::Failed;
                part.error = Some(message.clone());
            }
        }
    });
    done
}

/// Streams the rows of an outcome to disk.
async fn store(inner: &Inner, run: &Run<Statement>, index: usize, outcome: Outcome) -> Result<(), String> {
    let Some(mut rows) = outcome.rows else {
        change_part(inner, run, index, |part, _| part.rows = outcome.affected);
        return Ok(());
    };
    let disk = |error: crate::local::results::ResultError| format!("ERROR: the result could not be stored: {error}");
    let schema = cells::normal_schema(&outcome.schema);
    let id = result_id(&run.id, run.with(|statement| statement.batch), index as u64 + 1);
    let mut writer = inner.results.writer(&id, &schema).map_err(disk)?;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|error| SqlError::of_stream(error).message)?;
        let batch = cells::normalise(&batch, &schema, Style::Redshift).map_err(|error| format!("ERROR: {error}"))?;
        writer.write(batch).map_err(disk)?;
        if writer.bytes() > MOST_RESULT_BYTES {
            return Err("ERROR: the result is larger than 500 MB; select less, aggregate, or UNLOAD it to S3".to_owned());
        }
        // A stream that is always ready would not let this task be cancelled, nor others run.
        tokio::task::yield_now().await;
    }
    let stored = writer.finish().map_err(disk)?;
    let columns: Vec<ColumnMeta> = outcome.columns.iter().map(ColumnMeta::of).collect();
    change_part(inner, run, index, |part, _| {
        part.rows = Some(stored.rows);
        part.columns = columns;
        part.result = Some(stored);
    });
    Ok(())
}

/// Changes a part in memory; the end of the statement saves it.
fn change_part<T>(
    inner: &Inner,
    run: &Run<Statement>,
    index: usize,
    change: impl FnOnce(&mut Part, chrono::DateTime<chrono::Utc>) -> T,
) -> Option<T> {
    let now = inner.now();
    let mut result = None;
    inner.runs.note(run, |statement| result = statement.parts.get_mut(index).map(|part| change(part, now)));
    result
}

/// The parameters of a statement; of a batch those that this text names, because the engine refuses one that is not used.
fn parameters_for(statement: &Statement, sql: &str) -> Vec<Parameter> {
    let named = statement.batch.then(|| placeholders(sql));
    statement
        .parameters
        .iter()
        .filter(|(name, _)| named.as_ref().is_none_or(|named| named.iter().any(|it| it.eq_ignore_ascii_case(name))))
        .map(|(name, value)| Parameter { name: name.clone(), value: Some(value.clone()) })
        .collect()
}

/// The names of `:name` in a text. A text that is not SQL has none; the engine will say what is wrong with it.
fn placeholders(sql: &str) -> Vec<String> {
    let tokens = Tokenizer::new(&RedshiftSqlDialect {}, sql).tokenize().unwrap_or_default();
    tokens
        .windows(2)
        .filter_map(|pair| match pair {
            [Token::Colon, Token::Word(word)] => Some(word.value.clone()),
            _ => None,
        })
        .chain(tokens.iter().filter_map(|token| match token {
            Token::Placeholder(name) => name.strip_prefix(':').map(str::to_owned),
            _ => None,
        }))
        .collect()
}

fn nanoseconds(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_tokens_and_not_text() {
        assert_eq!(placeholders("select :a, ':b', x::int, /* :c */ \"d:e\" from t where n = :f"), ["a", "f"]);
        assert!(placeholders("select 'unfinished").is_empty());
    }
}

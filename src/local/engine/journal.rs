//! What statements the warehouse ran and what `COPY` loaded and refused: the contents of `stl_query`, `sys_query_history`,
//! `stl_load_errors` and their like.
//!
//! Statements are lines that are appended to a file; loads and their errors are a document that is replaced. Both are for reading by
//! people: they are bounded, and losing the last line in a kill loses nothing else. Secrets in a statement are not kept.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::session::Session;
use super::{Outcome, SqlError, error};
use crate::demo::clock::SharedClock;
use crate::local::store::Store;

/// Statements and load errors that are kept.
const MOST: usize = 1000;
/// The document of loads.
const LOADS: &str = "warehouse/loads";
/// The file of statements, below the state directory.
const QUERIES: &str = "warehouse/queries.jsonl";
/// Characters of a statement that are kept.
const LONGEST: usize = 4000;

/// A statement that ran or is running.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// Number, from 1.
    pub id: u64,
    /// Number of its session.
    pub session: u64,
    /// User.
    pub user: String,
    /// Database.
    pub database: String,
    /// `query_group`, where one is set.
    pub label: Option<String>,
    /// Text without secrets.
    pub text: String,
    /// When it began.
    pub start: DateTime<Utc>,
    /// When it ended; `None` while it runs.
    pub end: Option<DateTime<Utc>>,
    /// Rows that it returned or changed.
    pub rows: u64,
    /// Why it failed.
    pub error: Option<String>,
}

/// A `COPY`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Load {
    /// Its statement.
    pub query: u64,
    /// Table.
    pub table: String,
    /// Objects, with their sizes in bytes and the rows that were loaded of each.
    pub files: Vec<(String, u64, u64)>,
    /// Rows that were loaded.
    pub rows: u64,
    /// Rows that were refused.
    pub errors: u64,
    /// Whether the statement failed: then no row was loaded.
    pub failed: bool,
    /// `CSV`, `JSON`, ….
    pub format: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A row that a `COPY` refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadError {
    /// Its statement.
    pub query: u64,
    /// Table.
    pub table: String,
    /// Object.
    pub file: String,
    /// Line in it, from 1.
    pub line: u64,
    /// Column.
    pub column: String,
    /// The column's type.
    pub column_type: String,
    /// The row as it stands.
    pub raw_line: String,
    /// The field as it stands.
    pub raw_value: String,
    /// Redshift's number of the reason.
    pub code: u32,
    /// Reason.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Loads and their errors, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Loads {
    /// Loads.
    pub loads: VecDeque<Load>,
    /// Errors.
    pub errors: VecDeque<LoadError>,
}

/// What statements ran and what was loaded. Clones share it.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    path: PathBuf,
    clock: SharedClock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    next_session: u64,
    ended: VecDeque<Query>,
    running: BTreeMap<u64, Query>,
    loads: Loads,
}

impl Journal {
    /// Reads what is kept in a state directory.
    pub fn open(store: &Store, clock: SharedClock) -> Result<Self, SqlError> {
        let path = store.root().join(QUERIES);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(error::disk(&path, &source)),
        };
        // A line that a kill cut off is passed over.
        let read: Vec<Query> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let ended: VecDeque<Query> = read.iter().skip(read.len().saturating_sub(MOST)).cloned().collect();
        if read.len() > 2 * MOST {
            let lines: Vec<String> = ended.iter().filter_map(|query| serde_json::to_string(query).ok()).collect();
            store.replace(&path, format!("{}\n", lines.join("\n")).as_bytes()).map_err(error::internal)?;
        }
        let state = State {
            next: read.iter().map(|query| query.id).max().unwrap_or(0) + 1,
            next_session: read.iter().map(|query| query.session).max().unwrap_or(0) + 1,
            ended,
            running: BTreeMap::new(),
            loads: store.load(LOADS).map_err(error::internal)?.unwrap_or_default(),
        };
        Ok(Journal { inner: Arc::new(Inner { store: store.clone(), path, clock, state: Mutex::new(state) }) })
    }

    /// A number for a new session.
    pub fn session(&self) -> u64 {
        let mut state = self.inner.state.lock();
        state.next_session += 1;
        state.next_session - 1
    }

    /// Says that a statement begins. It ends when the recording is dropped.
    pub fn begin(&self, session: &Session, sql: &str) -> Recording {
        let mut state = self.inner.state.lock();
        let id = state.next;
        state.next += 1;
        let query = Query {
            id,
            session: session.number,
            user: session.user.clone(),
            database: session.database.clone(),
            label: session.variables.get("query_group").cloned(),
            text: without_secrets(sql).chars().take(LONGEST).collect(),
            start: self.inner.clock.now(),
            end: None,
            rows: 0,
            error: None,
        };
        state.running.insert(id, query);
        Recording { journal: self.clone(), id, rows: 0, error: Some("cancelled".to_owned()) }
    }

    /// Statements, oldest first, those that run at the end.
    pub fn queries(&self) -> Vec<Query> {
        let state = self.inner.state.lock();
        state.ended.iter().chain(state.running.values()).cloned().collect()
    }

    /// Loads and their errors.
    pub fn loads(&self) -> Loads {
        self.inner.state.lock().loads.clone()
    }

    /// Keeps a load and its errors.
    pub fn loaded(&self, load: Load, errors: Vec<LoadError>) -> Result<(), SqlError> {
        let loads = {
            let mut state = self.inner.state.lock();
            state.loads.loads.push_back(load);
            state.loads.errors.extend(errors);
            while state.loads.loads.len() > MOST {
                state.loads.loads.pop_front();
            }
            while state.loads.errors.len() > MOST {
                state.loads.errors.pop_front();
            }
            state.loads.clone()
        };
        self.inner.store.save(LOADS, &loads).map_err(error::internal)
    }

    fn end(&self, id: u64, rows: u64, failed: Option<String>) {
        let mut state = self.inner.state.lock();
        let Some(mut query) = state.running.remove(&id) else { return };
        query.end = Some(self.inner.clock.now());
        query.rows = rows;
        query.error = failed;
        let written = serde_json::to_string(&query).map_err(std::io::Error::other).and_then(|line| {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.inner.path)?;
            file.write_all(format!("{line}\n").as_bytes())
        });
        if let Err(error) = written {
            tracing::warn!(%error, "a statement could not be added to the warehouse's history");
        }
        state.ended.push_back(query);
        while state.ended.len() > MOST {
            state.ended.pop_front();
        }
    }
}

/// A statement that is running; when this is dropped, it has ended.
pub struct Recording {
    journal: Journal,
    /// The statement's number.
    pub id: u64,
    rows: u64,
    error: Option<String>,
}

impl Recording {
    /// Says how the statement ended. Rows that are still to come are counted as they are read.
    pub fn outcome(mut self, result: Result<Outcome, SqlError>) -> Result<Outcome, SqlError> {
        match result {
            Err(error) => {
                self.error = Some(error.message.clone());
                Err(error)
            }
            Ok(mut outcome) => {
                self.rows = outcome.affected.unwrap_or(0);
                match outcome.rows.take() {
                    None => self.error = None,
                    Some(rows) => outcome.rows = Some(self.counting(rows)),
                }
                Ok(outcome)
            }
        }
    }

    fn counting(mut self, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let schema = rows.schema();
        // Reading what is wanted of a result and no more is not a failure.
        self.error = None;
        let mut recording = self;
        let stream = rows.map(move |batch| {
            // The whole recording lives as long as the stream.
            let recording = &mut recording;
            match &batch {
                Ok(batch) => recording.rows += batch.num_rows() as u64,
                Err(error) => recording.error = Some(error.to_string()),
            }
            batch
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, stream))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.journal.end(self.id, self.rows, self.error.take());
    }
}

/// A statement without what stands behind `CREDENTIALS`, `PASSWORD` and the names of keys.
fn without_secrets(sql: &str) -> String {
    const NAMES: [&str; 5] = ["credentials", "access_key_id", "secret_access_key", "session_token", "password"];
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(quote) = rest.find('\'') {
        let before = rest.get(..quote).unwrap_or_default();
        let words = before.trim_end().trim_end_matches('=').trim_end();
        let words = words.strip_suffix("as").or_else(|| words.strip_suffix("AS")).unwrap_or(words).trim_end().to_ascii_lowercase();
        let secret = NAMES.iter().any(|name| words.ends_with(name));
        text.push_str(before);
        let quoted = rest.get(quote + 1..).unwrap_or_default();
        // A quote within a literal is doubled: the next literal then begins at once.
        let end = quoted.find('\'').map_or(quoted.len(), |end| end + 1);
        if secret {
            text.push_str("'***'");
            let mut after = quoted.get(end..).unwrap_or_default();
            while let Some(more) = after.strip_prefix('\'') {
                after = more.find('\'').map_or("", |end| more.get(end + 1..).unwrap_or_default());
            }
            rest = after;
        } else {
            text.push('\'');
            text.push_str(quoted.get(..end).unwrap_or_default());
            rest = quoted.get(end..).unwrap_or_default();
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_kept() {
        let sql = "COPY t FROM 's3://b/k' CREDENTIALS 'aws_secret_access_key=x''y' CSV QUOTE AS 'q' ACCESS_KEY_ID AS 'AKIA'";
        assert_eq!(without_secrets(sql), "COPY t FROM 's3://b/k' CREDENTIALS '***' CSV QUOTE AS 'q' ACCESS_KEY_ID AS '***'");
        assert_eq!(without_secrets("CREATE USER u PASSWORD 'p"), "CREATE USER u PASSWORD '***'");
        assert_eq!(without_secrets("select 'it''s'"), "select 'it''s'");
    }
}

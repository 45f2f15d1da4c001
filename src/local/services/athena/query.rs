//! What is kept of a query, and how it is described.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::local::engine::{OutputColumn, SqlError, SqlErrorKind};
use crate::local::services::protocol::aws_json::{epoch, without_nulls};
use crate::local::services::runs::Record;

/// The state of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum State {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl State {
    /// The service's name of the state.
    pub fn name(self) -> &'static str {
        match self {
            State::Queued => "QUEUED",
            State::Running => "RUNNING",
            State::Succeeded => "SUCCEEDED",
            State::Failed => "FAILED",
            State::Cancelled => "CANCELLED",
        }
    }

    /// Whether nothing comes after it.
    pub fn ended(self) -> bool {
        matches!(self, State::Succeeded | State::Failed | State::Cancelled)
    }
}

/// What kind of statement a query is, which decides on the form of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Kind {
    /// A query or a change of rows: the result is CSV with a header.
    Dml,
    /// A change of definitions.
    Ddl,
    /// SHOW, DESCRIBE, EXPLAIN: the result is plain lines.
    Utility,
}

impl Kind {
    /// The service's name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Dml => "DML",
            Kind::Ddl => "DDL",
            Kind::Utility => "UTILITY",
        }
    }

    /// The suffix of the result's object.
    pub fn suffix(self) -> &'static str {
        if self == Kind::Dml { "csv" } else { "txt" }
    }
}

/// A query.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Query {
    pub text: String,
    pub kind: Kind,
    pub database: Option<String>,
    pub catalog: Option<String>,
    pub work_group: String,
    /// `s3://` address of the result's object.
    pub output: String,
    /// Bytes after whose scan the query is cancelled.
    pub cutoff: Option<u64>,
    pub parameters: Vec<String>,
    pub token: Option<String>,
    /// Hash of everything that has to be equal when the token is used again.
    pub fingerprint: String,
    pub state: State,
    pub reason: Option<String>,
    /// Category and type of the failure.
    pub failure: Option<(i32, i32)>,
    pub submitted: DateTime<Utc>,
    pub completed: Option<DateTime<Utc>>,
    /// Milliseconds of waiting.
    pub queue_millis: u64,
    /// Milliseconds of the engine.
    pub engine_millis: u64,
    /// Bytes of S3 that were read.
    pub scanned: u64,
    pub columns: Vec<Column>,
    pub rows: Rows,
    /// Rows inserted, updated or deleted.
    pub updated: Option<u64>,
}

/// Where the rows of a result are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Rows {
    /// There are none.
    None,
    /// In the CSV object: how many, and where every thousandth starts, in bytes.
    Csv {
        /// Rows without the header.
        count: u64,
        /// Offset of row 0, 1000, 2000, ….
        marks: Vec<u64>,
    },
    /// Here: the few lines of a SHOW or DESCRIBE.
    Lines(Vec<Vec<Option<String>>>),
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Column {
    pub name: String,
    kind: String,
    precision: i32,
    scale: i32,
}

impl Column {
    /// What the engine says of a column.
    pub fn of(column: &OutputColumn) -> Self {
        Column {
            name: column.label.clone(),
            kind: column.sql_type.name.clone(),
            precision: column.sql_type.precision,
            scale: column.sql_type.scale,
        }
    }

    /// `ColumnInfo`.
    pub fn document(&self) -> Value {
        json!({
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": self.name,
            "Label": self.name,
            "Type": self.kind,
            "Precision": self.precision,
            "Scale": self.scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": matches!(self.kind.as_str(), "varchar" | "char" | "string"),
        })
    }
}

/// Categories of failures: the service's fault, and the user's.
const SYSTEM: i32 = 1;
const USER: i32 = 2;
/// Types of failures: something inside, and a statement that cannot be run as it is written.
const INTERNAL_FAILURE: i32 = 401;
const BAD_STATEMENT: i32 = 1006;

/// Category and type of an engine's error.
pub(super) fn failure(error: &SqlError) -> (i32, i32) {
    match error.kind {
        SqlErrorKind::Internal => (SYSTEM, INTERNAL_FAILURE),
        _ => (USER, BAD_STATEMENT),
    }
}

/// Category and type of what went wrong around the engine.
pub(super) const SYSTEM_FAILURE: (i32, i32) = (SYSTEM, INTERNAL_FAILURE);

impl Record for Query {
    fn ended(&self) -> bool {
        self.state.ended()
    }

    fn interrupted(&mut self) {
        self.state = State::Failed;
        self.reason = Some("The query was interrupted: the embedded AWS stopped while it was running. Run it again.".to_owned());
        self.failure = Some(SYSTEM_FAILURE);
        self.completed = Some(self.submitted);
        self.rows = Rows::None;
    }
}

impl Query {
    /// `QueryExecution`.
    pub fn document(&self, id: &str) -> Value {
        let error = self.failure.map(|(category, kind)| {
            json!({
                "ErrorCategory": category,
                "ErrorType": kind,
                "Retryable": category == SYSTEM,
                "ErrorMessage": self.reason.as_deref().unwrap_or_default(),
            })
        });
        let status = without_nulls(json!({
            "State": self.state.name(),
            "StateChangeReason": self.reason,
            "SubmissionDateTime": epoch(self.submitted),
            "CompletionDateTime": self.completed.map(epoch),
            "AthenaError": error,
        }));
        let context = without_nulls(json!({ "Database": self.database, "Catalog": self.catalog }));
        without_nulls(json!({
            "QueryExecutionId": id,
            "Query": self.text,
            "StatementType": self.kind.name(),
            "ResultConfiguration": { "OutputLocation": self.output },
            "ResultReuseConfiguration": { "ResultReuseByAgeConfiguration": { "Enabled": false } },
            "QueryExecutionContext": context,
            "Status": status,
            "Statistics": {
                "EngineExecutionTimeInMillis": self.engine_millis,
                "DataScannedInBytes": self.scanned,
                "TotalExecutionTimeInMillis": self.queue_millis + self.engine_millis,
                "QueryQueueTimeInMillis": self.queue_millis,
                "ServicePreProcessingTimeInMillis": 0,
                "ServiceProcessingTimeInMillis": 0,
                "ResultReuseInformation": { "ReusedPreviousResult": false },
            },
            "WorkGroup": self.work_group,
            "EngineVersion": engine_version(),
            "ExecutionParameters": (!self.parameters.is_empty()).then_some(&self.parameters),
        }))
    }
}

/// The engine version, as queries and workgroups report it.
pub(super) fn engine_version() -> Value {
    json!({ "SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3" })
}

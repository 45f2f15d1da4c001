//! What is kept of a statement, and how it is described.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::local::engine::OutputColumn;
use crate::local::results::StoredResult;
use crate::local::services::protocol::aws_json::{epoch, without_nulls};
use crate::local::services::runs::{Record, Run};

/// The status of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Status {
    Submitted,
    Picked,
    Started,
    Finished,
    Failed,
    Aborted,
}

impl Status {
    /// The service's name of the status.
    pub fn name(self) -> &'static str {
        match self {
            Status::Submitted => "SUBMITTED",
            Status::Picked => "PICKED",
            Status::Started => "STARTED",
            Status::Finished => "FINISHED",
            Status::Failed => "FAILED",
            Status::Aborted => "ABORTED",
        }
    }

    /// Whether nothing comes after it.
    pub fn ended(self) -> bool {
        matches!(self, Status::Finished | Status::Failed | Status::Aborted)
    }
}

/// Where a statement runs, as the caller named it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Target {
    pub workgroup: Option<String>,
    pub cluster: Option<String>,
    pub secret: Option<String>,
    /// The database user.
    pub user: String,
    pub database: String,
}

/// In which format results are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Format {
    Json,
    Csv,
}

impl Format {
    /// The service's name of the format.
    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "JSON",
            Format::Csv => "CSV",
        }
    }
}

/// A statement, or a batch of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Statement {
    pub target: Target,
    pub name: Option<String>,
    pub parameters: Vec<(String, String)>,
    pub format: Format,
    pub session: Option<String>,
    pub token: Option<String>,
    /// Hash of everything that has to be equal when the token is used again.
    pub fingerprint: String,
    pub status: Status,
    pub error: Option<String>,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    /// Nanoseconds of work.
    pub duration: i64,
    /// Whether it came by `BatchExecuteStatement`.
    pub batch: bool,
    /// Whether a batch is one transaction.
    pub transaction: bool,
    /// One for `ExecuteStatement`, one for each SQL text of a batch.
    pub parts: Vec<Part>,
}

/// One SQL text of a statement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    pub sql: String,
    pub status: Status,
    pub error: Option<String>,
    pub updated: DateTime<Utc>,
    pub duration: i64,
    /// Rows returned or changed.
    pub rows: Option<u64>,
    pub columns: Vec<ColumnMeta>,
    pub result: Option<StoredResult>,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ColumnMeta {
    label: String,
    type_name: String,
    precision: i32,
    scale: i32,
    nullable: bool,
    schema: Option<String>,
    table: Option<String>,
}

impl ColumnMeta {
    /// What the engine says of a column.
    pub fn of(column: &OutputColumn) -> Self {
        let (schema, table) = column.origin.clone().unzip();
        ColumnMeta {
            label: column.label.clone(),
            type_name: column.sql_type.name.clone(),
            precision: column.sql_type.precision,
            scale: column.sql_type.scale,
            nullable: column.nullable,
            schema,
            table,
        }
    }

    /// `ColumnMetadata`.
    pub fn document(&self) -> Value {
        let text = matches!(self.type_name.as_str(), "varchar" | "bpchar" | "char" | "text");
        let number = matches!(self.type_name.as_str(), "int2" | "int4" | "int8" | "float4" | "float8" | "numeric");
        json!({
            "isCaseSensitive": text,
            "isCurrency": false,
            "isSigned": number,
            "label": self.label,
            "length": 0,
            "name": self.label,
            "nullable": i32::from(self.nullable),
            "precision": self.precision,
            "scale": self.scale,
            "schemaName": self.schema.as_deref().unwrap_or_default(),
            "tableName": self.table.as_deref().unwrap_or_default(),
            "typeName": self.type_name,
        })
    }
}

/// How a statement is worded that was running when the process died.
const INTERRUPTED: &str = "ERROR: the statement was interrupted: the embedded AWS stopped while it was running. Run it again.";

impl Record for Statement {
    fn ended(&self) -> bool {
        self.status.ended()
    }

    fn interrupted(&mut self) {
        self.status = Status::Failed;
        self.error = Some(INTERRUPTED.to_owned());
        for part in &mut self.parts {
            // In a transaction nothing of what was done is left.
            if !part.status.ended() || self.transaction {
                part.status = if part.status == Status::Submitted { Status::Aborted } else { Status::Failed };
                part.error = (part.status == Status::Failed).then(|| INTERRUPTED.to_owned());
                part.result = None;
                part.rows = None;
            }
        }
    }
}

impl Part {
    pub fn new(sql: &str, at: DateTime<Utc>) -> Self {
        Part {
            sql: sql.to_owned(),
            status: Status::Submitted,
            error: None,
            updated: at,
            duration: 0,
            rows: None,
            columns: Vec::new(),
            result: None,
        }
    }
}

impl Statement {
    fn has_result_set(&self) -> bool {
        self.parts.iter().any(|part| part.result.is_some())
    }

    /// What `ExecuteStatement` and `BatchExecuteStatement` answer.
    pub fn submitted(&self, id: &str, number: u64) -> Value {
        without_nulls(json!({
            "Id": id,
            "CreatedAt": epoch(self.created),
            "ClusterIdentifier": self.target.cluster,
            "WorkgroupName": self.target.workgroup,
            "DbUser": self.target.cluster.as_ref().filter(|_| self.target.secret.is_none()).map(|_| &self.target.user),
            "Database": self.target.database,
            "SecretArn": self.target.secret,
            "SessionId": self.session,
            "Status": self.status.name(),
            "HasResultSet": self.has_result_set(),
            "RedshiftPid": pid(number),
        }))
    }

    /// What `DescribeStatement` answers.
    pub fn describe(&self, run: &Run<Statement>) -> Value {
        let only = (!self.batch).then(|| self.parts.first()).flatten();
        let subs: Option<Vec<Value>> = self.batch.then(|| {
            (1..)
                .zip(&self.parts)
                .map(|(index, part)| part.describe(&format!("{}:{index}", run.id), self.created, run.sequence, index))
                .collect()
        });
        let parameters: Vec<Value> = self.parameters.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        without_nulls(json!({
            "Id": run.id,
            "SecretArn": self.target.secret,
            "DbUser": self.target.user,
            "Database": self.target.database,
            "ClusterIdentifier": self.target.cluster,
            "WorkgroupName": self.target.workgroup,
            "Duration": self.duration,
            "Error": self.error,
            "Status": self.status.name(),
            "CreatedAt": epoch(self.created),
            "UpdatedAt": epoch(self.updated),
            "RedshiftPid": pid(run.sequence),
            "RedshiftQueryId": if self.status == Status::Finished { query_id(run.sequence, 1) } else { 0 },
            "HasResultSet": self.has_result_set(),
            // A batch has one text for each part; the whole is not sent.
            "QueryString": only.map(|part| &part.sql),
            "ResultRows": only.map_or(-1, Part::result_rows),
            "ResultSize": only.map_or(-1, Part::result_size),
            "QueryParameters": (!parameters.is_empty()).then_some(parameters),
            "SubStatements": subs,
            "ResultFormat": self.format.name(),
            "SessionId": self.session,
            "ExecutionMode": self.batch.then_some(if self.transaction { "TRANSACTION" } else { "AUTO_COMMIT" }),
        }))
    }

    /// One entry of `ListStatements`.
    pub fn summary(&self, id: &str) -> Value {
        let parameters: Vec<Value> = self.parameters.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let texts: Vec<&str> = self.parts.iter().map(|part| part.sql.as_str()).collect();
        without_nulls(json!({
            "Id": id,
            "QueryString": texts.first().filter(|_| !self.batch),
            "QueryStrings": self.batch.then_some(&texts),
            "SecretArn": self.target.secret,
            "Status": self.status.name(),
            "StatementName": self.name,
            "CreatedAt": epoch(self.created),
            "UpdatedAt": epoch(self.updated),
            "QueryParameters": (!parameters.is_empty()).then_some(parameters),
            "IsBatchStatement": self.batch,
            "ResultFormat": self.format.name(),
            "SessionId": self.session,
        }))
    }
}

impl Part {
    fn result_rows(&self) -> i64 {
        self.rows.map_or(-1, |rows| i64::try_from(rows).unwrap_or(i64::MAX))
    }

    fn result_size(&self) -> i64 {
        match (&self.result, self.rows) {
            (Some(result), _) => i64::try_from(result.bytes).unwrap_or(i64::MAX),
            (None, Some(_)) => 0,
            (None, None) => -1,
        }
    }

    /// `SubStatementData`, which is also what `DescribeStatement` gives for the id of a sub-statement.
    pub fn describe(&self, id: &str, created: DateTime<Utc>, sequence: u64, index: u64) -> Value {
        without_nulls(json!({
            "Id": id,
            "Duration": self.duration,
            "Error": self.error,
            "Status": self.status.name(),
            "CreatedAt": epoch(created),
            "UpdatedAt": epoch(self.updated),
            "QueryString": self.sql,
            "ResultRows": self.result_rows(),
            "ResultSize": self.result_size(),
            "RedshiftQueryId": if self.status == Status::Finished { query_id(sequence, index) } else { 0 },
            "HasResultSet": self.result.is_some(),
        }))
    }
}

/// A process id of the warehouse, as Redshift numbers them.
fn pid(sequence: u64) -> u64 {
    1_073_741_824 + sequence
}

/// A query number: a batch has room for a hundred before the next statement's.
fn query_id(sequence: u64, index: u64) -> u64 {
    sequence * 100 + index
}

//! Statements on the warehouse (Redshift Data API).

use std::time::Duration;

use aws_sdk_redshiftdata::types::{Field, SqlParameter, StatusString};
use chrono::{DateTime, Utc};

use super::AwsError;
use super::client::{Lazy, Source, lazy_client};
use super::error::{fault, incomplete};

const SERVICE: &str = "Redshift Data";

/// The warehouse that a statement goes to, and the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warehouse {
    /// A workgroup of Redshift Serverless.
    Workgroup(String),
    /// A cluster.
    Cluster(String),
}

/// Where a statement goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Warehouse.
    pub warehouse: Warehouse,
    /// Database.
    pub database: String,
    /// Name of the secret with the login.
    pub secret: String,
}

/// State of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementState {
    /// Sent.
    Submitted,
    /// Chosen to run.
    Picked,
    /// Running.
    Started,
    /// Done.
    Finished,
    /// Cancelled.
    Aborted,
    /// Failed.
    Failed,
}

/// What is known of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementInfo {
    /// State.
    pub state: StatementState,
    /// Why it failed.
    pub error: Option<String>,
    /// Whether it gave rows.
    pub has_result: bool,
    /// Rows of the result or rows changed, where known.
    pub rows: Option<u64>,
    /// Bytes of the result, where there is one.
    pub bytes: Option<u64>,
    /// Time that the service reports.
    pub duration: Duration,
    /// The statements of a batch.
    pub parts: Vec<StatementPart>,
}

/// One statement of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementPart {
    /// Identifier for its result.
    pub id: String,
    /// Text.
    pub sql: String,
    /// Rows changed or returned, where known.
    pub rows: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
}

/// The session that a statement goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionChoice<'a> {
    /// One of its own, that ends with it.
    None,
    /// A new one.
    New {
        /// Seconds that it is kept after the statement.
        keep: i32,
    },
    /// One that is there.
    In {
        /// The session.
        id: &'a str,
        /// Seconds that it is kept after the statement.
        keep: i32,
    },
}

/// A statement that the service has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its id.
    pub id: String,
    /// The session that it runs in, where one is kept.
    pub session: Option<String>,
}

/// A statement in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementSummary {
    /// Its id.
    pub id: String,
    /// Text.
    pub sql: String,
    /// State.
    pub state: StatementState,
    /// When it was sent.
    pub at: Option<DateTime<Utc>>,
    /// When its state changed last.
    pub updated: Option<DateTime<Utc>>,
}

/// A typed cell.
#[derive(Debug, Clone, PartialEq)]
pub enum WarehouseCell {
    /// NULL.
    Null,
    /// Whole number.
    Integer(i64),
    /// Floating point.
    Float(f64),
    /// Truth value.
    Boolean(bool),
    /// Text, and every type sent as text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarehouseColumn {
    /// Label.
    pub name: String,
    /// Redshift's type name (`int4`, `numeric`).
    pub type_name: String,
}

/// A page of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct WarehousePage {
    /// Columns.
    pub columns: Vec<WarehouseColumn>,
    /// Rows.
    pub rows: Vec<Vec<WarehouseCell>>,
    /// All rows of the result.
    pub total: Option<u64>,
    /// Token of the next page.
    pub next: Option<String>,
}

/// A table of the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarehouseTable {
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// `TABLE`, `VIEW`, `EXTERNAL TABLE`, …
    pub kind: String,
}

/// The gateway.
pub struct Statements {
    client: Lazy<aws_sdk_redshiftdata::Client>,
}

impl Statements {
    pub(super) fn new(source: &Source) -> Self {
        Statements { client: lazy_client!(source, aws_sdk_redshiftdata) }
    }

    /// Sends a statement to a session of its own; gives its id. `name` is for people who look through the statements of the warehouse.
    pub async fn execute(&self, place: &Place, sql: &str, parameters: &[(String, String)], name: &str) -> Result<String, AwsError> {
        self.execute_in(place, sql, parameters, name, SessionChoice::None).await.map(|sent| sent.id)
    }

    /// Sends a statement to a session; gives its id and the session.
    pub async fn execute_in(
        &self,
        place: &Place,
        sql: &str,
        parameters: &[(String, String)],
        name: &str,
        session: SessionChoice<'_>,
    ) -> Result<Sent, AwsError> {
        let mut request = self.client.get().execute_statement().sql(sql).statement_name(name);
        // A session has its warehouse, database and login already; the service refuses them beside it.
        request = match session {
            SessionChoice::In { id, keep } => request.session_id(id).session_keep_alive_seconds(keep),
            SessionChoice::None | SessionChoice::New { .. } => {
                let request = request.database(&place.database).secret_arn(&place.secret);
                let request = match &place.warehouse {
                    Warehouse::Workgroup(workgroup) => request.workgroup_name(workgroup),
                    Warehouse::Cluster(cluster) => request.cluster_identifier(cluster),
                };
                match session {
                    SessionChoice::New { keep } => request.session_keep_alive_seconds(keep),
                    _ => request,
                }
            }
        };
        for (name, value) in parameters {
            let parameter = SqlParameter::builder().name(name).value(value).build().map_err(|error| AwsError {
                service: SERVICE,
                operation: "ExecuteStatement",
                code: String::new(),
                message: error.to_string(),
                kind: super::AwsErrorKind::Validation,
            })?;
            request = request.parameters(parameter);
        }
        let said = request.send().await.map_err(fault(SERVICE, "ExecuteStatement"))?;
        let id = said.id().map(str::to_owned).ok_or_else(|| incomplete(SERVICE, "ExecuteStatement"))?;
        Ok(Sent { id, session: said.session_id().map(str::to_owned) })
    }

    /// The newest statements of the caller, `most` of them at most, as the service lists them: the newest first.
    pub async fn recent(&self, most: usize) -> Result<Vec<StatementSummary>, AwsError> {
        let mut found = Vec::new();
        let mut token = None;
        while found.len() < most {
            let size = i32::try_from((most - found.len()).min(100)).unwrap_or(100);
            let request = self.client.get().list_statements().status(StatusString::All).max_results(size).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "ListStatements"))?;
            found.extend(said.statements().iter().map(|it| StatementSummary {
                id: it.id().to_owned(),
                sql: it.query_string().unwrap_or_default().to_owned(),
                state: state(it.status()),
                at: it.created_at().and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos())),
                updated: it.updated_at().and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos())),
            }));
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// Sends statements that are one transaction; gives the batch's id.
    pub async fn batch(&self, place: &Place, statements: &[String], name: &str) -> Result<String, AwsError> {
        let request = self
            .client
            .get()
            .batch_execute_statement()
            .database(&place.database)
            .secret_arn(&place.secret)
            .set_sqls(Some(statements.to_vec()))
            .statement_name(name);
        let request = match &place.warehouse {
            Warehouse::Workgroup(workgroup) => request.workgroup_name(workgroup),
            Warehouse::Cluster(cluster) => request.cluster_identifier(cluster),
        };
        let said = request.send().await.map_err(fault(SERVICE, "BatchExecuteStatement"))?;
        said.id().map(str::to_owned).ok_or_else(|| incomplete(SERVICE, "BatchExecuteStatement"))
    }

    /// What is known of a statement.
    pub async fn describe(&self, id: &str) -> Result<StatementInfo, AwsError> {
        self.describe_within(id, None).await
    }

    /// What is known of a statement when it has ended, which the service waits for, `wait` whole seconds (30 at most).
    pub async fn describe_when_done(&self, id: &str, wait: Duration) -> Result<StatementInfo, AwsError> {
        self.describe_within(id, i32::try_from(wait.as_secs()).ok()).await
    }

    async fn describe_within(&self, id: &str, wait: Option<i32>) -> Result<StatementInfo, AwsError> {
        let request = self.client.get().describe_statement().id(id).set_wait_time_seconds(wait);
        let said = request.send().await.map_err(fault(SERVICE, "DescribeStatement"))?;
        let counted = |rows: i64| u64::try_from(rows).ok();
        Ok(StatementInfo {
            state: state(said.status()),
            error: said.error().map(str::to_owned),
            has_result: said.has_result_set().unwrap_or_default(),
            rows: counted(said.result_rows()),
            bytes: counted(said.result_size()),
            duration: Duration::from_nanos(u64::try_from(said.duration()).unwrap_or_default()),
            parts: said
                .sub_statements()
                .iter()
                .map(|part| StatementPart {
                    id: part.id().to_owned(),
                    sql: part.query_string().unwrap_or_default().to_owned(),
                    rows: counted(part.result_rows()),
                    error: part.error().map(str::to_owned),
                })
                .collect(),
        })
    }

    /// A page of the rows of a finished statement.
    pub async fn result(&self, id: &str, token: Option<&str>) -> Result<WarehousePage, AwsError> {
        self.result_within(id, token, None).await
    }

    /// The first page of the rows of a statement, which the service waits for, `wait` whole seconds (30 at most). An error is no statement
    /// about the query: only [`Statements::describe`] tells why there are no rows.
    pub async fn result_when_done(&self, id: &str, wait: Duration) -> Result<WarehousePage, AwsError> {
        self.result_within(id, None, i32::try_from(wait.as_secs()).ok()).await
    }

    async fn result_within(&self, id: &str, token: Option<&str>, wait: Option<i32>) -> Result<WarehousePage, AwsError> {
        let request = self.client.get().get_statement_result().id(id).set_next_token(token.map(str::to_owned)).set_wait_time_seconds(wait);
        let said = request.send().await.map_err(fault(SERVICE, "GetStatementResult"))?;
        Ok(WarehousePage {
            columns: said
                .column_metadata()
                .iter()
                .map(|column| WarehouseColumn {
                    name: column.label().or(column.name()).unwrap_or_default().to_owned(),
                    type_name: column.type_name().unwrap_or_default().to_owned(),
                })
                .collect(),
            total: u64::try_from(said.total_num_rows()).ok(),
            next: said.next_token().map(str::to_owned),
            rows: said.records.into_iter().map(|row| row.into_iter().map(cell).collect()).collect(),
        })
    }

    /// Cancels a statement; one that has ended already is fine.
    pub async fn cancel(&self, id: &str) -> Result<(), AwsError> {
        match self.client.get().cancel_statement().id(id).send().await.map_err(fault(SERVICE, "CancelStatement")) {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() || error.kind == super::AwsErrorKind::Validation => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Schemas of the database.
    pub async fn schemas(&self, place: &Place) -> Result<Vec<String>, AwsError> {
        let mut schemas = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_schemas().database(&place.database).secret_arn(&place.secret);
            let request = match &place.warehouse {
                Warehouse::Workgroup(workgroup) => request.workgroup_name(workgroup),
                Warehouse::Cluster(cluster) => request.cluster_identifier(cluster),
            };
            let said = request.set_next_token(token.take()).send().await.map_err(fault(SERVICE, "ListSchemas"))?;
            schemas.extend(said.schemas().iter().cloned());
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(schemas);
            }
        }
    }

    /// Tables of one schema.
    pub async fn tables(&self, place: &Place, schema: &str) -> Result<Vec<WarehouseTable>, AwsError> {
        let mut tables = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_tables().database(&place.database).secret_arn(&place.secret).schema_pattern(schema);
            let request = match &place.warehouse {
                Warehouse::Workgroup(workgroup) => request.workgroup_name(workgroup),
                Warehouse::Cluster(cluster) => request.cluster_identifier(cluster),
            };
            let said = request.set_next_token(token.take()).send().await.map_err(fault(SERVICE, "ListTables"))?;
            tables.extend(said.tables().iter().map(|table| WarehouseTable {
                schema: table.schema().unwrap_or_default().to_owned(),
                name: table.name().unwrap_or_default().to_owned(),
                kind: table.r#type().unwrap_or_default().to_owned(),
            }));
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(tables);
            }
        }
    }
}

fn state(status: Option<&StatusString>) -> StatementState {
    match status {
        Some(StatusString::Picked) => StatementState::Picked,
        Some(StatusString::Started) => StatementState::Started,
        Some(StatusString::Finished) => StatementState::Finished,
        Some(StatusString::Aborted) => StatementState::Aborted,
        Some(StatusString::Failed) => StatementState::Failed,
        _ => StatementState::Submitted,
    }
}

fn cell(field: Field) -> WarehouseCell {
    match field {
        Field::IsNull(_) => WarehouseCell::Null,
        Field::LongValue(value) => WarehouseCell::Integer(value),
        Field::DoubleValue(value) => WarehouseCell::Float(value),
        Field::BooleanValue(value) => WarehouseCell::Boolean(value),
        Field::StringValue(value) => WarehouseCell::Text(value),
        Field::BlobValue(value) => WarehouseCell::Bytes(value.into_inner()),
        other => WarehouseCell::Text(format!("{other:?}")),
    }
}

//! Queries on the lake (Athena).

use std::time::Duration;

use aws_sdk_athena::types::{QueryExecutionContext, QueryExecutionState, ResultConfiguration};

use chrono::{DateTime, Utc};

use super::AwsError;
use super::client::{Lazy, Source, lazy_client};
use super::error::{fault, incomplete};

const SERVICE: &str = "Athena";

/// The data catalog: that of Glue.
const CATALOG: &str = "AwsDataCatalog";

/// Where a query goes and where its result is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakePlace {
    /// Workgroup.
    pub workgroup: String,
    /// Database that unqualified names are looked up in; none for a statement that makes it.
    pub database: Option<String>,
    /// `s3://` location of results.
    pub output: String,
}

/// State of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LakeState {
    /// Waiting.
    Queued,
    /// Running.
    Running,
    /// Done.
    Succeeded,
    /// Failed.
    Failed,
    /// Cancelled.
    Cancelled,
}

/// What is known of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeInfo {
    /// State.
    pub state: LakeState,
    /// Why it is in that state.
    pub reason: Option<String>,
    /// Whether it is a query with rows (neither DDL nor utility).
    pub is_query: bool,
    /// Time in the engine.
    pub duration: Duration,
    /// Bytes read.
    pub scanned: u64,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeColumn {
    /// Label.
    pub name: String,
    /// Athena's type name.
    pub type_name: String,
}

/// A query in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySummary {
    /// Its id.
    pub id: String,
    /// Text.
    pub sql: String,
    /// State.
    pub state: LakeState,
    /// When it was sent.
    pub at: Option<DateTime<Utc>>,
}

/// A table or a view of the data catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeTable {
    /// Name.
    pub name: String,
    /// Whether it is a view.
    pub is_view: bool,
    /// Columns, those of the partitions aside.
    pub columns: Vec<LakeColumn>,
    /// Columns of the partitions.
    pub partitions: Vec<LakeColumn>,
    /// Where its rows lie.
    pub location: Option<String>,
    /// Where the rows of a partition lie, where the table says that by a pattern (`storage.location.template`).
    pub template: Option<String>,
}

/// A page of a result; the header that Athena puts first is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakePage {
    /// Columns.
    pub columns: Vec<LakeColumn>,
    /// Rows; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows changed, for statements that change rows.
    pub updated: Option<u64>,
    /// Token of the next page.
    pub next: Option<String>,
}

/// The gateway.
pub struct Lake {
    client: Lazy<aws_sdk_athena::Client>,
}

impl Lake {
    pub(super) fn new(source: &Source) -> Self {
        Lake { client: lazy_client!(source, aws_sdk_athena) }
    }

    /// Sends a query; gives its id.
    pub async fn start(&self, place: &LakePlace, sql: &str, parameters: &[String]) -> Result<String, AwsError> {
        let request = self
            .client
            .get()
            .start_query_execution()
            .query_string(sql)
            .work_group(&place.workgroup)
            .query_execution_context(QueryExecutionContext::builder().set_database(place.database.clone()).build())
            .result_configuration(ResultConfiguration::builder().output_location(&place.output).build())
            .set_execution_parameters((!parameters.is_empty()).then(|| parameters.to_vec()));
        let said = request.send().await.map_err(fault(SERVICE, "StartQueryExecution"))?;
        said.query_execution_id().map(str::to_owned).ok_or_else(|| incomplete(SERVICE, "StartQueryExecution"))
    }

    /// What is known of a query.
    pub async fn describe(&self, id: &str) -> Result<LakeInfo, AwsError> {
        let said =
            self.client.get().get_query_execution().query_execution_id(id).send().await.map_err(fault(SERVICE, "GetQueryExecution"))?;
        let execution = said.query_execution();
        let status = execution.and_then(|execution| execution.status());
        let statistics = execution.and_then(|execution| execution.statistics());
        let millis = statistics.and_then(|statistics| statistics.engine_execution_time_in_millis());
        Ok(LakeInfo {
            state: state(status.and_then(|status| status.state())),
            reason: status.and_then(|status| status.state_change_reason()).map(str::to_owned),
            is_query: execution
                .and_then(|execution| execution.statement_type())
                .is_some_and(|kind| *kind == aws_sdk_athena::types::StatementType::Dml),
            duration: Duration::from_millis(millis.and_then(|millis| u64::try_from(millis).ok()).unwrap_or_default()),
            scanned: statistics
                .and_then(|statistics| statistics.data_scanned_in_bytes())
                .and_then(|bytes| u64::try_from(bytes).ok())
                .unwrap_or_default(),
        })
    }

    /// A page of the rows of a query that succeeded. `has_header` says whether the first page begins with the header row, which only
    /// the results of queries do.
    pub async fn result(&self, id: &str, token: Option<&str>, size: usize, has_header: bool) -> Result<LakePage, AwsError> {
        // The service refuses more than a thousand rows a page; the header counts as one.
        let size = i32::try_from(size.saturating_add(usize::from(has_header && token.is_none())).clamp(1, 1000)).unwrap_or(1000);
        let request =
            self.client.get().get_query_results().query_execution_id(id).max_results(size).set_next_token(token.map(str::to_owned));
        let said = request.send().await.map_err(fault(SERVICE, "GetQueryResults"))?;
        let set = said.result_set();
        let columns: Vec<LakeColumn> = set
            .and_then(|set| set.result_set_metadata())
            .map(|metadata| {
                metadata
                    .column_info()
                    .iter()
                    .map(|column| LakeColumn { name: column.name().to_owned(), type_name: column.r#type().to_owned() })
                    .collect()
            })
            .unwrap_or_default();
        let skip = usize::from(has_header && token.is_none());
        let rows = set
            .map(|set| {
                set.rows()
                    .iter()
                    .skip(skip)
                    .map(|row| row.data().iter().map(|datum| datum.var_char_value().map(str::to_owned)).collect())
                    .collect()
            })
            .unwrap_or_default();
        Ok(LakePage {
            columns,
            rows,
            updated: said.update_count().and_then(|count| u64::try_from(count).ok()),
            next: said.next_token().map(str::to_owned),
        })
    }

    /// Stops a query; one that has ended already is fine.
    pub async fn stop(&self, id: &str) -> Result<(), AwsError> {
        match self.client.get().stop_query_execution().query_execution_id(id).send().await.map_err(fault(SERVICE, "StopQueryExecution")) {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() || error.kind == super::AwsErrorKind::Validation => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The newest queries of a workgroup, `most` of them at most, the newest first.
    pub async fn recent(&self, workgroup: &str, most: usize) -> Result<Vec<QuerySummary>, AwsError> {
        // Both calls take fifty at a time.
        let size = i32::try_from(most.clamp(1, 50)).unwrap_or(50);
        let request = self.client.get().list_query_executions().work_group(workgroup).max_results(size);
        let ids = request.send().await.map_err(fault(SERVICE, "ListQueryExecutions"))?.query_execution_ids().to_vec();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.client.get().batch_get_query_execution().set_query_execution_ids(Some(ids));
        let said = request.send().await.map_err(fault(SERVICE, "BatchGetQueryExecution"))?;
        Ok(said
            .query_executions()
            .iter()
            .map(|it| {
                let at = it.status().and_then(|status| status.submission_date_time());
                QuerySummary {
                    id: it.query_execution_id().unwrap_or_default().to_owned(),
                    sql: it.query().unwrap_or_default().to_owned(),
                    state: state(it.status().and_then(|status| status.state())),
                    at: at.and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos())),
                }
            })
            .collect())
    }

    /// Databases of the data catalog.
    pub async fn databases(&self) -> Result<Vec<String>, AwsError> {
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_databases().catalog_name(CATALOG).max_results(50).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "ListDatabases"))?;
            names.extend(said.database_list().iter().map(|database| database.name().to_owned()));
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(names);
            }
        }
    }

    /// Tables and views of a database, with their columns.
    pub async fn tables(&self, database: &str) -> Result<Vec<LakeTable>, AwsError> {
        let mut tables = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_table_metadata().catalog_name(CATALOG).database_name(database).max_results(50);
            let said = request.set_next_token(token.take()).send().await.map_err(fault(SERVICE, "ListTableMetadata"))?;
            tables.extend(said.table_metadata_list().iter().map(lake_table));
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(tables);
            }
        }
    }

    /// A table or a view with its columns, if it exists.
    pub async fn described(&self, database: &str, name: &str) -> Result<Option<LakeTable>, AwsError> {
        let request = self.client.get().get_table_metadata().catalog_name(CATALOG).database_name(database).table_name(name);
        match request.send().await.map_err(fault(SERVICE, "GetTableMetadata")) {
            Ok(said) => Ok(said.table_metadata().map(lake_table)),
            Err(error) if error.is_not_found() || says_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// State of a workgroup (`ENABLED`, `DISABLED`), if it exists.
    pub async fn workgroup(&self, name: &str) -> Result<Option<String>, AwsError> {
        match self.client.get().get_work_group().work_group(name).send().await.map_err(fault(SERVICE, "GetWorkGroup")) {
            Ok(said) => {
                Ok(Some(said.work_group().and_then(|group| group.state()).map(|state| state.as_str().to_owned()).unwrap_or_default()))
            }
            Err(error) if error.is_not_found() || says_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Description of a database of the data catalog, if it exists.
    pub async fn database(&self, name: &str) -> Result<Option<String>, AwsError> {
        let request = self.client.get().get_database().catalog_name(CATALOG).database_name(name);
        match request.send().await.map_err(fault(SERVICE, "GetDatabase")) {
            Ok(said) => Ok(said.database().map(|database| database.description().unwrap_or_default().to_owned())),
            Err(error) if error.is_not_found() || says_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Parameters of a table of the data catalog, if it exists.
    pub async fn table(&self, database: &str, name: &str) -> Result<Option<Vec<(String, String)>>, AwsError> {
        let request = self.client.get().get_table_metadata().catalog_name(CATALOG).database_name(database).table_name(name);
        match request.send().await.map_err(fault(SERVICE, "GetTableMetadata")) {
            Ok(said) => Ok(said
                .table_metadata()
                .map(|table| table.parameters().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect())),
            Err(error) if error.is_not_found() || says_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn lake_table(table: &aws_sdk_athena::types::TableMetadata) -> LakeTable {
    let column = |column: &aws_sdk_athena::types::Column| LakeColumn {
        name: column.name().to_owned(),
        type_name: column.r#type().unwrap_or_default().to_owned(),
    };
    let parameter = |name: &str| table.parameters().and_then(|parameters| parameters.get(name)).cloned();
    LakeTable {
        name: table.name().to_owned(),
        is_view: table.table_type() == Some("VIRTUAL_VIEW"),
        columns: table.columns().iter().map(column).collect(),
        partitions: table.partition_keys().iter().map(column).collect(),
        location: parameter("location"),
        template: parameter("storage.location.template"),
    }
}

fn state(state: Option<&QueryExecutionState>) -> LakeState {
    match state {
        Some(QueryExecutionState::Running) => LakeState::Running,
        Some(QueryExecutionState::Succeeded) => LakeState::Succeeded,
        Some(QueryExecutionState::Failed) => LakeState::Failed,
        Some(QueryExecutionState::Cancelled) => LakeState::Cancelled,
        _ => LakeState::Queued,
    }
}

/// Athena answers `InvalidRequestException` and `MetadataException` for what does not exist; its message decides.
fn says_missing(error: &AwsError) -> bool {
    let message = error.message.to_ascii_lowercase();
    ["not found", "does not exist", "could not be found", "entitynotfoundexception"].iter().any(|sign| message.contains(sign))
}

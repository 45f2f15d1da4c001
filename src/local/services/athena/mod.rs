//! Athena: queries that run by themselves and leave their results in S3, workgroups, and the Glue catalog's databases and tables.

mod catalog;
mod fetch;
mod literals;
mod output;
mod prepared;
mod query;
mod run;
mod start;
mod workgroups;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use serde_json::{Value, json};

use self::query::Query;
use self::workgroups::WorkGroups;
use super::protocol::aws_json::{self, Call, Input, without_nulls};
use super::protocol::pages;
use super::runs::{Run, Runs};
use crate::local::account::Account;
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};
use crate::local::store::StoreError;

const NAME: &str = "athena";
/// How long work may take to end when it is told to.
const PATIENCE: Duration = Duration::from_millis(500);
const INVALID: &str = "InvalidRequestException";

/// How long queries are listed.
const RETENTION: TimeDelta = TimeDelta::days(45);
/// Queries that `BatchGetQueryExecution` takes.
const MOST_IN_BATCH: usize = 50;

/// The service. Its queries end with it.
pub struct Athena {
    inner: Arc<Inner>,
}

/// What the tasks of queries share with the service.
struct Inner {
    account: Account,
    runs: Runs<Query>,
    groups: Mutex<WorkGroups>,
    /// Held while a query is submitted, so that the same token cannot start two.
    submitting: tokio::sync::Mutex<()>,
}

impl Inner {
    fn now(&self) -> DateTime<Utc> {
        self.account.clock.now()
    }
}

impl Athena {
    /// Opens the service of an account. Earlier queries are read when the first request comes.
    pub fn open(account: Account) -> Result<Self, StoreError> {
        let groups = workgroups::load(&account)?;
        let runs = Runs::new(account.store.clone(), NAME);
        let inner = Inner { account, runs, groups: Mutex::new(groups), submitting: tokio::sync::Mutex::new(()) };
        Ok(Athena { inner: Arc::new(inner) })
    }

    /// Reads earlier queries the first time, and forgets those that are too old. Their results are the user's and stay in S3.
    fn settle(&self) -> ServiceResult<()> {
        let inner = &self.inner;
        inner.runs.load().map_err(|error| internal(error.to_string()))?;
        let now = inner.now();
        let expired = inner.runs.expire(|query| query.state.ended() && now - query.submitted > RETENTION);
        expired.map(drop).map_err(|error| internal(error.to_string()))
    }

    async fn dispatch(&self, call: &Call<'_>) -> ServiceResult {
        self.settle()?;
        let input = &call.input;
        match call.operation {
            "StartQueryExecution" => self.start_query_execution(input).await,
            "GetQueryExecution" => self.get_query_execution(input),
            "BatchGetQueryExecution" => self.batch_get_query_execution(input),
            "GetQueryRuntimeStatistics" => self.get_runtime_statistics(input),
            "StopQueryExecution" => self.stop_query_execution(input).await,
            "ListQueryExecutions" => self.list_query_executions(input),
            "CreateWorkGroup" => self.create_work_group(input),
            "GetWorkGroup" => self.get_work_group(input),
            "ListWorkGroups" => self.list_work_groups(input),
            "UpdateWorkGroup" => self.update_work_group(input),
            "DeleteWorkGroup" => self.delete_work_group(input),
            "ListTagsForResource" => self.list_tags(input),
            "TagResource" => self.tag(input),
            "UntagResource" => self.untag(input),
            "ListDataCatalogs" => self.list_data_catalogs(input),
            "GetDataCatalog" => self.get_data_catalog(input),
            "ListDatabases" => self.list_databases(input),
            "GetDatabase" => self.get_database(input),
            "ListTableMetadata" => self.list_table_metadata(input),
            "GetTableMetadata" => self.get_table_metadata(input),
            "CreatePreparedStatement" => self.create_prepared_statement(input).await,
            "GetPreparedStatement" => self.get_prepared_statement(input),
            "UpdatePreparedStatement" => self.update_prepared_statement(input).await,
            "DeletePreparedStatement" => self.delete_prepared_statement(input).await,
            "ListPreparedStatements" => self.list_prepared_statements(input),
            _ => Err(call.unknown()),
        }
    }

    fn find(&self, input: &Input) -> ServiceResult<Arc<Run<Query>>> {
        let id = input.required_text("QueryExecutionId")?;
        self.inner.runs.get(id).ok_or_else(|| input.invalid(format!("QueryExecution {id} was not found")))
    }

    fn get_query_execution(&self, input: &Input) -> ServiceResult {
        let run = self.find(input)?;
        Ok(json!({ "QueryExecution": run.with(|query| query.document(&run.id)) }))
    }

    fn batch_get_query_execution(&self, input: &Input) -> ServiceResult {
        let ids = input.texts("QueryExecutionIds")?;
        if ids.is_empty() || ids.len() > MOST_IN_BATCH {
            return Err(input.invalid(format!("QueryExecutionIds must have between 1 and {MOST_IN_BATCH} ids.")));
        }
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for id in ids {
            match self.inner.runs.get(&id) {
                Some(run) => found.push(run.with(|query| query.document(&id))),
                None => missing.push(json!({
                    "QueryExecutionId": id,
                    "ErrorCode": "INVALID_QUERY_EXECUTION_ID",
                    "ErrorMessage": format!("QueryExecution {id} was not found"),
                })),
            }
        }
        Ok(json!({ "QueryExecutions": found, "UnprocessedQueryExecutionIds": missing }))
    }

    fn get_runtime_statistics(&self, input: &Input) -> ServiceResult {
        let run = self.find(input)?;
        let query = run.record();
        let rows = match &query.rows {
            query::Rows::None => 0,
            query::Rows::Csv { count, .. } => *count,
            query::Rows::Lines(lines) => lines.len() as u64,
        };
        Ok(json!({ "QueryRuntimeStatistics": {
            "Timeline": {
                "QueryQueueTimeInMillis": query.queue_millis,
                "EngineExecutionTimeInMillis": query.engine_millis,
                "TotalExecutionTimeInMillis": query.queue_millis + query.engine_millis,
            },
            "Rows": { "InputBytes": query.scanned, "OutputRows": rows },
        }}))
    }

    async fn stop_query_execution(&self, input: &Input) -> ServiceResult {
        let run = self.find(input)?;
        run.cancel.cancel();
        // The work ends at its next breath; the answer comes when it has. A query that has ended already stays as it is.
        run.wait(Duration::from_secs(5)).await;
        Ok(json!({}))
    }

    fn list_query_executions(&self, input: &Input) -> ServiceResult {
        let group = input.text("WorkGroup")?.unwrap_or(workgroups::PRIMARY);
        self.inner.group(group)?;
        let listed = self.inner.runs.newest_first().into_iter().filter(|run| run.with(|query| query.work_group == group));
        let scope = format!("ListQueryExecutions {group}");
        let (runs, next) = page(input, &scope, listed, |run| format!("{:020}", u64::MAX - run.sequence), 50)?;
        let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
        Ok(without_nulls(json!({ "QueryExecutionIds": ids, "NextToken": next })))
    }
}

impl Drop for Athena {
    fn drop(&mut self) {
        self.inner.runs.stop();
    }
}

#[async_trait]
impl Service for Athena {
    fn signing_name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, request: Request) -> Response {
        let call = match Call::parse(&request, INVALID) {
            Ok(call) => call,
            Err(error) => return error.json_response(),
        };
        match call.operation {
            // Pages of results are written as text, not built as documents first.
            "GetQueryResults" => match self.get_query_results(&call.input).await {
                Ok(body) => Response::new(200, "application/x-amz-json-1.1", body),
                Err(error) => error.json_response(),
            },
            _ => aws_json::respond(self.dispatch(&call).await),
        }
    }

    async fn shutdown(&self) {
        self.inner.runs.drain(PATIENCE).await;
    }
}

fn page<T>(
    input: &Input,
    scope: &str,
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    most: usize,
) -> ServiceResult<(Vec<T>, Option<String>)> {
    let size = input.integer_within("MaxResults", 0, i64::try_from(most).unwrap_or(i64::MAX))?.unwrap_or(0);
    let size = usize::try_from(size).ok().filter(|size| *size > 0).unwrap_or(most);
    pages::page(scope, items, key, input.text("NextToken")?, size).map_err(|_| input.invalid("The NextToken is not valid."))
}

fn internal(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InternalServerException", message).with_status(500)
}

fn optional<T: Into<Value>>(value: Option<T>) -> Value {
    value.map_or(Value::Null, Into::into)
}

//! The Redshift Data API: statements that run by themselves, are asked about, cancelled, and whose results are fetched in pages.

mod catalog;
mod connection;
mod execute;
mod fetch;
mod record;
mod sessions;
mod submit;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use self::record::{Statement, Status};
use self::sessions::Sessions;
use super::protocol::aws_json::{self, Call, Input, without_nulls};
use super::protocol::pages;
use super::runs::{Run, Runs};
use crate::local::account::Account;
use crate::local::results::Results;
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};
use crate::local::store::StoreError;

const NAME: &str = "redshift-data";
/// How long work may take to end when it is told to.
const PATIENCE: Duration = Duration::from_millis(500);
const INVALID: &str = "ValidationException";

/// How long a statement and its result are kept.
const RETENTION: TimeDelta = TimeDelta::hours(24);

/// The service. Its statements end with it.
pub struct RedshiftData {
    inner: Arc<Inner>,
}

/// What the tasks of statements share with the service.
struct Inner {
    account: Account,
    runs: Runs<Statement>,
    results: Results,
    sessions: Sessions,
    /// Held while a statement is submitted, so that the same token cannot start two and the limit cannot be passed.
    submitting: tokio::sync::Mutex<()>,
    /// The page that is made ahead of whoever reads a result to its end.
    ahead: parking_lot::Mutex<Option<fetch::Ahead>>,
}

impl Inner {
    fn now(&self) -> DateTime<Utc> {
        self.account.clock.now()
    }
}

impl RedshiftData {
    /// Opens the service of an account. Earlier statements are read when the first request comes.
    pub fn open(account: Account) -> Result<Self, StoreError> {
        let results = Results::open(&account.store, NAME)?;
        let runs = Runs::new(account.store.clone(), NAME);
        let inner = Inner {
            account,
            runs,
            results,
            sessions: Sessions::default(),
            submitting: tokio::sync::Mutex::new(()),
            ahead: parking_lot::Mutex::new(None),
        };
        Ok(RedshiftData { inner: Arc::new(inner) })
    }

    /// Reads earlier statements the first time, and removes those that are too old.
    fn settle(&self) -> ServiceResult<()> {
        let inner = &self.inner;
        if inner.runs.load().map_err(|error| internal(error.to_string()))? {
            let named: Vec<String> = inner
                .runs
                .newest_first()
                .iter()
                .flat_map(|run| {
                    run.with(|statement| {
                        (1..)
                            .zip(&statement.parts)
                            .filter(|(_, part)| part.result.is_some())
                            .map(|(index, _)| result_id(&run.id, statement.batch, index))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            inner.results.retain(named.iter().map(String::as_str)).map_err(|error| internal(error.to_string()))?;
        }
        let now = inner.now();
        let expired = inner.runs.expire(|statement| statement.status.ended() && now - statement.created > RETENTION);
        for run in expired.map_err(|error| internal(error.to_string()))? {
            let statement = run.record();
            for index in 1..=statement.parts.len() {
                let id = result_id(&run.id, statement.batch, index as u64);
                inner.results.remove(&id).map_err(|error| internal(error.to_string()))?;
            }
        }
        Ok(())
    }

    async fn dispatch(&self, call: &Call<'_>) -> ServiceResult {
        self.settle()?;
        let input = &call.input;
        match call.operation {
            "ExecuteStatement" => self.execute_statement(input).await,
            "BatchExecuteStatement" => self.batch_execute_statement(input).await,
            "DescribeStatement" => self.describe_statement(input).await,
            "CancelStatement" => self.cancel_statement(input).await,
            "ListStatements" => self.list_statements(input),
            "ListSessions" => self.list_sessions(input),
            "ListDatabases" => self.list_databases(input).await,
            "ListSchemas" => self.list_schemas(input).await,
            "ListTables" => self.list_tables(input).await,
            "DescribeTable" => self.describe_table(input).await,
            _ => Err(call.unknown()),
        }
    }

    /// The run that an id names, and the number of the sub-statement in it if it names one.
    fn find(&self, input: &Input) -> ServiceResult<(Arc<Run<Statement>>, Option<usize>)> {
        let id = input.required_text("Id")?;
        let (run, part) = match id.split_once(':') {
            Some((run, part)) => (run, Some(part.parse::<usize>().ok().filter(|part| *part > 0))),
            None => (id, None),
        };
        let missing = || resource_not_found(id, "Query does not exist.");
        if part == Some(None) {
            return Err(missing());
        }
        let part = part.flatten();
        let run = self.inner.runs.get(run).ok_or_else(missing)?;
        if part.is_some_and(|part| run.with(|statement| !statement.batch || part > statement.parts.len())) {
            return Err(missing());
        }
        Ok((run, part))
    }

    async fn describe_statement(&self, input: &Input) -> ServiceResult {
        let (run, part) = self.find(input)?;
        run.wait(wait_time(input)?).await;
        let statement = run.record();
        match part.and_then(|part| Some((part, statement.parts.get(part - 1)?))) {
            None => Ok(statement.describe(&run)),
            Some((index, part)) => Ok(part.describe(&format!("{}:{index}", run.id), statement.created, run.sequence, index as u64)),
        }
    }

    async fn cancel_statement(&self, input: &Input) -> ServiceResult {
        let (run, part) = self.find(input)?;
        if part.is_some() {
            return Err(input.invalid("A sub-statement of a batch cannot be cancelled: cancel the batch."));
        }
        if run.ended() {
            let status = run.with(|statement| statement.status.name());
            return Err(input.invalid(format!("Could not cancel a query that is already in {status} state with ID: {}.", run.id)));
        }
        run.cancel.cancel();
        // The work ends at its next breath; the answer says that it did.
        run.wait(Duration::from_secs(5)).await;
        Ok(json!({ "Status": run.with(|statement| statement.status == Status::Aborted) }))
    }

    fn list_statements(&self, input: &Input) -> ServiceResult {
        let statuses = ["SUBMITTED", "PICKED", "STARTED", "FINISHED", "ABORTED", "FAILED", "ALL"];
        // Without a status only finished statements are listed, as on AWS.
        let status = input.one_of("Status", &statuses)?.unwrap_or("FINISHED");
        let name = input.text("StatementName")?.unwrap_or_default();
        let (workgroup, cluster, database) = (input.text("WorkgroupName")?, input.text("ClusterIdentifier")?, input.text("Database")?);
        let runs = self.inner.runs.newest_first();
        let given = |filter: Option<&str>, value: Option<&str>| filter.is_none_or(|filter| value == Some(filter));
        let listed = runs.into_iter().filter(|run| {
            run.with(|it| {
                (status == "ALL" || it.status.name() == status)
                    && (name.is_empty() || it.name.as_deref().is_some_and(|given| given.starts_with(name)))
                    && given(workgroup, it.target.workgroup.as_deref())
                    && given(cluster, it.target.cluster.as_deref())
                    && given(database, Some(&it.target.database))
            })
        });
        let scope = format!("ListStatements {status} {name} {workgroup:?} {cluster:?} {database:?}");
        let (runs, next) = page(input, &scope, listed, |run| newest_first_key(run.sequence), 100)?;
        let statements: Vec<Value> = runs.iter().map(|run| run.with(|it| it.summary(&run.id))).collect();
        Ok(without_nulls(json!({ "Statements": statements, "NextToken": next })))
    }
}

impl Drop for RedshiftData {
    fn drop(&mut self) {
        self.inner.runs.stop();
    }
}

#[async_trait]
impl Service for RedshiftData {
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
            "GetStatementResult" | "GetStatementResultV2" => match self.get_statement_result(&call).await {
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

/// The id under which the result of a part is stored.
fn result_id(run: &str, batch: bool, index: u64) -> String {
    if batch { format!("{run}:{index}") } else { run.to_owned() }
}

fn wait_time(input: &Input) -> ServiceResult<Duration> {
    let seconds = input.integer_within("WaitTimeSeconds", 0, 30)?.unwrap_or(0);
    Ok(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// A key that sorts the newest first.
fn newest_first_key(sequence: u64) -> String {
    format!("{:020}", u64::MAX - sequence)
}

fn page<T>(
    input: &Input,
    scope: &str,
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    most: usize,
) -> ServiceResult<(Vec<T>, Option<String>)> {
    // 0 asks for the default, as on AWS.
    let size = input.integer_within("MaxResults", 0, i64::try_from(most).unwrap_or(i64::MAX))?.unwrap_or(0);
    let size = usize::try_from(size).ok().filter(|size| *size > 0).unwrap_or(most);
    let token = input.text("NextToken")?.filter(|token| !token.is_empty());
    pages::page(scope, items, key, token, size).map_err(|_| input.invalid("The NextToken is not valid for this request."))
}

fn resource_not_found(id: &str, message: impl Into<String>) -> ServiceError {
    let mut error = ServiceError::new("ResourceNotFoundException", message);
    error.members = Box::new(json!({ "ResourceId": id }));
    error
}

fn internal(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InternalServerException", message).with_status(500)
}

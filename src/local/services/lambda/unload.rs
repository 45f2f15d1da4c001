//! What `assets/lambda/unload.py` does, through the Data API of the same account and as the function's role.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::demo::table_digest;
use crate::local::account::Account;
use crate::local::iam::{Assumed, Denied, Keys};

/// What the script keeps for cancelling the statement and reporting, when the function's own time runs out.
const RESERVE: Duration = Duration::from_secs(5);
/// The key by which a policy tells a statement of one's own from those of others.
const OWNER: &str = "redshift-data:statement-owner-iam-userid";

/// How a function fails: what the invocation's error payload says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raised {
    /// The exception.
    pub kind: &'static str,
    /// Its message.
    pub message: String,
}

fn raised(kind: &'static str, message: impl Into<String>) -> Raised {
    Raised { kind, message: message.into() }
}

/// Cancels the statement when the function ends before it.
struct Running<'a> {
    account: &'a Account,
    id: Option<String>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        // Outside a runtime nothing runs that could be cancelled.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let account = self.account.clone();
            runtime.spawn(async move {
                if let Err(error) = account.services.json("redshift-data", "CancelStatement", &json!({ "Id": id })).await {
                    tracing::debug!(%error, "the statement of a stopped function was not cancelled");
                }
            });
        }
    }
}

/// Where the digest of the content goes in a location.
const PLACE: &str = "{fingerprint}";

/// Unloads and waits for the end, which has to come within `time`. Dropping the future cancels the statement.
pub(super) async fn run(account: &Account, role: Assumed, event: &Value, time: Duration) -> Result<Value, Raised> {
    let text = |member: &str| event[member].as_str().ok_or_else(|| raised("KeyError", format!("'{member}'")));
    let ends = Instant::now() + time;
    let statements = Statements { account, role, ends, event, database: text("database")?, secret: text("secret_arn")? };
    let (schema, table, role) = (text("schema")?, text("table")?, text("iam_role")?);
    let given = text("location")?;
    let versioned = given.contains(PLACE);
    let fingerprint = if versioned { statements.fingerprint(schema, table).await? } else { String::new() };
    let whole = given.replace(PLACE, &fingerprint);
    let folder = whole.rfind('/').map_or("", |at| &whole[..=at]);
    // CLEANPATH empties what the location names, which has to be the folder then.
    let location = if versioned { folder } else { whole.as_str() };
    let statement = statements.run("UNLOAD", &unload(schema, table, location, role, versioned)).await?;
    Ok(json!({
        "statusCode": 200,
        "rows": statement["ResultRows"].as_i64().unwrap_or(-1),
        "statement_id": statement["Id"],
        "location": location,
        "folder": folder,
        "fingerprint": fingerprint,
    }))
}

/// Statements on the warehouse that an event names.
struct Statements<'a> {
    account: &'a Account,
    /// The function's role.
    role: Assumed,
    /// When the function's time is over.
    ends: Instant,
    event: &'a Value,
    database: &'a str,
    secret: &'a str,
}

impl Statements<'_> {
    async fn call(&self, operation: &str, input: &Value) -> Result<Value, Raised> {
        self.allowed(operation).await.map_err(|denied| {
            raised("ClientError", format!("An error occurred (AccessDeniedException) when calling the {operation} operation: {denied}"))
        })?;
        let answer = self.account.services.json("redshift-data", operation, input).await;
        answer.map_err(|error| {
            raised("ClientError", format!("An error occurred ({}) when calling the {operation} operation: {}", error.code, error.message))
        })
    }

    /// What the Data API asks IAM about before it does an operation. A statement is a matter of the warehouse that it runs on, and of the
    /// secret that it logs in with; what follows, of whoever ran it, which here is this session.
    async fn allowed(&self, operation: &str) -> Result<(), Denied> {
        let action = format!("redshift-data:{operation}");
        if operation == "ExecuteStatement" {
            self.role.may(&action, &self.warehouse().await)?;
            return self.role.may("secretsmanager:GetSecretValue", self.secret);
        }
        self.role.may_with(&action, "*", Keys::default().with(OWNER, self.role.user_id()))
    }

    /// The ARN of the warehouse that the event names. That of a workgroup has its id; one that does not exist has none.
    async fn warehouse(&self) -> String {
        let authority = self.role.authority();
        let named = |member: &str| self.event["warehouse"].get(member).and_then(Value::as_str);
        let Some(workgroup) = named("WorkgroupName") else {
            return authority.arn("redshift", &format!("cluster:{}", named("ClusterIdentifier").unwrap_or_default()));
        };
        let asked = json!({ "workgroupName": workgroup });
        let found = self.account.services.json("redshift-serverless", "GetWorkgroup", &asked).await.unwrap_or_default();
        let arn = found["workgroup"]["workgroupArn"].as_str().map(str::to_owned);
        arn.unwrap_or_else(|| authority.arn("redshift-serverless", "workgroup/unknown"))
    }

    /// Runs a statement to its end and gives its description.
    async fn run(&self, name: &str, sql: &str) -> Result<Value, Raised> {
        let mut request = json!({
            "Database": self.database,
            "SecretArn": self.secret,
            "Sql": sql,
            "StatementName": format!("{name} for the pipeline"),
        });
        for member in ["WorkgroupName", "ClusterIdentifier"] {
            if let Some(value) = self.event["warehouse"].get(member) {
                request[member] = value.clone();
            }
        }
        let id = self.call("ExecuteStatement", &request).await?["Id"].as_str().unwrap_or_default().to_owned();
        let mut running = Running { account: self.account, id: Some(id.clone()) };
        // The script waits longer between looks; here a look costs nothing.
        let mut wait = Duration::from_millis(2);
        loop {
            let statement = self.call("DescribeStatement", &json!({ "Id": id })).await?;
            match statement["Status"].as_str().unwrap_or_default() {
                "FINISHED" => {
                    running.id = None;
                    return Ok(statement);
                }
                status @ ("FAILED" | "ABORTED") => {
                    running.id = None;
                    let reason = statement["Error"].as_str().unwrap_or("Redshift gave no reason");
                    return Err(raised("RuntimeError", format!("the {name} ended as {status}: {reason}")));
                }
                status => {
                    if self.ends.saturating_duration_since(Instant::now()) < RESERVE + wait {
                        self.call("CancelStatement", &json!({ "Id": id })).await?;
                        running.id = None;
                        let message = format!("the {name} was still {status} when the function's time ran out; it has been cancelled");
                        return Err(raised("TimeoutError", message));
                    }
                    tokio::time::sleep(wait).await;
                }
            }
            wait = (wait * 3 / 2).min(Duration::from_millis(100));
        }
    }

    /// The rows of a statement as texts.
    async fn rows(&self, name: &str, sql: &str) -> Result<Vec<Vec<String>>, Raised> {
        let statement = self.run(name, sql).await?;
        let result = self.call("GetStatementResult", &json!({ "Id": statement["Id"] })).await?;
        let cell = |cell: &Value| {
            let value = cell.as_object().and_then(|members| members.values().next()).unwrap_or(&Value::Null);
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        };
        let records = result["Records"].as_array().into_iter().flatten();
        Ok(records.map(|record| record.as_array().into_iter().flatten().map(cell).collect()).collect())
    }

    /// A digest of the columns' names and the rows' content.
    async fn fingerprint(&self, schema: &str, table: &str) -> Result<String, Raised> {
        let columns = self.rows("list of the columns", &table_digest::columns_statement(schema, table)).await?;
        let columns: Vec<String> = columns.into_iter().filter_map(|row| row.into_iter().next()).collect();
        if columns.is_empty() {
            return Err(raised("RuntimeError", format!("the table {schema}.{table} does not exist or has no columns")));
        }
        let content = self.rows("digest of the table", &table_digest::content_statement(schema, table, &columns)).await?;
        Ok(table_digest::digest(&columns, &content.into_iter().next().unwrap_or_default()))
    }
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn unload(schema: &str, table: &str, location: &str, role: &str, versioned: bool) -> String {
    let query = format!("SELECT * FROM {}.{}", identifier(schema), identifier(table));
    let existing = if versioned { "CLEANPATH" } else { "ALLOWOVERWRITE" };
    format!("UNLOAD ({}) TO {} IAM_ROLE {} FORMAT AS CSV HEADER GZIP {existing}", literal(&query), literal(location), literal(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(
            unload("dm", "da\"ta", "s3://b/it's/", "arn:r", false),
            "UNLOAD ('SELECT * FROM \"dm\".\"da\"\"ta\"') TO 's3://b/it''s/' IAM_ROLE 'arn:r' FORMAT AS CSV HEADER GZIP ALLOWOVERWRITE"
        );
    }
}

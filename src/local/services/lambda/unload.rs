//! What `assets/lambda/unload.py` does, through the Data API of the same account.

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::demo::feature_schema::digest_text;
use crate::local::account::Account;

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

/// Unloads and waits for the end. Dropping the future cancels the statement.
pub(super) async fn run(account: &Account, event: &Value) -> Result<Value, Raised> {
    let text = |member: &str| event[member].as_str().ok_or_else(|| raised("KeyError", format!("'{member}'")));
    let statements = Statements { account, event, database: text("database")?, secret: text("secret_arn")? };
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
    event: &'a Value,
    database: &'a str,
    secret: &'a str,
}

impl Statements<'_> {
    async fn call(&self, operation: &str, input: &Value) -> Result<Value, Raised> {
        let answer = self.account.services.json("redshift-data", operation, input).await;
        answer.map_err(|error| {
            raised("ClientError", format!("An error occurred ({}) when calling the {operation} operation: {}", error.code, error.message))
        })
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
                _ => tokio::time::sleep(wait).await,
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
        let columns = self.rows("list of the columns", &columns_statement(schema, table)).await?;
        let columns: Vec<String> = columns.into_iter().filter_map(|row| row.into_iter().next()).collect();
        if columns.is_empty() {
            return Err(raised("RuntimeError", format!("the table {schema}.{table} does not exist or has no columns")));
        }
        let content = self.rows("digest of the table", &fingerprint_statement(schema, table, &columns)).await?;
        let content = content.into_iter().next().unwrap_or_default();
        Ok(digest_text(&Sha256::digest([columns, content].concat().join("\u{1f}"))))
    }
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn columns_statement(schema: &str, table: &str) -> String {
    format!(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = {} AND table_name = {} ORDER BY ordinal_position",
        literal(schema),
        literal(table)
    )
}

/// The sum of a hash of every row does not depend on their order.
fn fingerprint_statement(schema: &str, table: &str, columns: &[String]) -> String {
    let row = columns.iter().fold("CAST(0 AS BIGINT)".to_owned(), |row, column| {
        format!("FNV_HASH(COALESCE(CAST({} AS VARCHAR), '') || ',', {row})", identifier(column))
    });
    let table = format!("{}.{}", identifier(schema), identifier(table));
    format!("SELECT COUNT(*), COALESCE(SUM(CAST({row} AS DECIMAL(38,0))), 0) FROM {table}")
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

    #[test]
    fn the_digest_reads_every_column() {
        let sql = fingerprint_statement("dm", "data", &["a".into(), "b\"".into()]);
        let nested = "FNV_HASH(COALESCE(CAST(\"b\"\"\" AS VARCHAR), '') || ',', FNV_HASH(COALESCE(CAST(\"a\" AS VARCHAR), '') || ',', ";
        assert!(sql.contains(nested), "{sql}");
    }
}

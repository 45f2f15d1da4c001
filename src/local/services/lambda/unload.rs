//! What `assets/lambda/unload.py` does, through the Data API of the same account.

use std::time::Duration;

use serde_json::{Value, json};

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

/// Unloads and waits for the end. Dropping the future cancels the statement.
pub(super) async fn run(account: &Account, event: &Value) -> Result<Value, Raised> {
    let text = |member: &str| event[member].as_str().ok_or_else(|| raised("KeyError", format!("'{member}'")));
    let location = text("location")?;
    let mut request = json!({
        "Database": text("database")?,
        "SecretArn": text("secret_arn")?,
        "Sql": statement(text("schema")?, text("table")?, location, text("iam_role")?),
        "StatementName": "unload for the pipeline",
    });
    for name in ["WorkgroupName", "ClusterIdentifier"] {
        if let Some(value) = event["warehouse"].get(name) {
            request[name] = value.clone();
        }
    }
    let call = async |operation: &str, input: &Value| {
        let answer = account.services.json("redshift-data", operation, input).await;
        answer.map_err(|error| {
            raised("ClientError", format!("An error occurred ({}) when calling the {operation} operation: {}", error.code, error.message))
        })
    };
    let id = call("ExecuteStatement", &request).await?["Id"].as_str().unwrap_or_default().to_owned();
    let mut running = Running { account, id: Some(id.clone()) };
    // The script waits longer between looks; here a look costs nothing.
    let mut wait = Duration::from_millis(2);
    loop {
        let statement = call("DescribeStatement", &json!({ "Id": id })).await?;
        match statement["Status"].as_str().unwrap_or_default() {
            "FINISHED" => {
                running.id = None;
                let rows = statement["ResultRows"].as_i64().unwrap_or(-1);
                return Ok(json!({ "statusCode": 200, "rows": rows, "statement_id": id, "location": location }));
            }
            status @ ("FAILED" | "ABORTED") => {
                running.id = None;
                let reason = statement["Error"].as_str().unwrap_or("Redshift gave no reason");
                return Err(raised("RuntimeError", format!("the UNLOAD ended as {status}: {reason}")));
            }
            _ => tokio::time::sleep(wait).await,
        }
        wait = (wait * 3 / 2).min(Duration::from_millis(100));
    }
}

fn statement(schema: &str, table: &str, location: &str, role: &str) -> String {
    let identifier = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let query = format!("SELECT * FROM {}.{}", identifier(schema), identifier(table));
    format!("UNLOAD ({}) TO {} IAM_ROLE {} FORMAT AS CSV HEADER GZIP ALLOWOVERWRITE", literal(&query), literal(location), literal(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(
            statement("dm", "da\"ta", "s3://b/it's/", "arn:r"),
            "UNLOAD ('SELECT * FROM \"dm\".\"da\"\"ta\"') TO 's3://b/it''s/' IAM_ROLE 'arn:r' FORMAT AS CSV HEADER GZIP ALLOWOVERWRITE"
        );
    }
}

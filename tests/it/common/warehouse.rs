//! A warehouse with a database, and statements on it.

use aws_sdk_redshiftdata::Client;
use aws_sdk_redshiftdata::operation::describe_statement::DescribeStatementOutput;
use aws_sdk_redshiftdata::types::{Field, StatusString};

use super::TestAccount;

/// The names of namespace, workgroup and database.
pub const NAME: &str = "bankdm";
/// The administrator's password.
pub const PASSWORD: &str = "Correct-Horse-7";

/// Makes a serverless warehouse and gives the client of its Data API.
pub async fn serverless(account: &TestAccount) -> Client {
    let warehouses = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    let namespace = warehouses.create_namespace().namespace_name(NAME).db_name(NAME).admin_username("admin").admin_user_password(PASSWORD);
    namespace.send().await.unwrap();
    warehouses.create_workgroup().workgroup_name(NAME).namespace_name(NAME).base_capacity(4).send().await.unwrap();
    Client::new(&account.sdk_config())
}

/// Runs a statement to its end.
pub async fn run(data: &Client, sql: &str) -> DescribeStatementOutput {
    let started = data.execute_statement().workgroup_name(NAME).database(NAME).sql(sql).send().await.unwrap();
    data.describe_statement().id(started.id().unwrap()).wait_time_seconds(30).send().await.unwrap()
}

/// Runs a statement that has to succeed.
pub async fn succeed(data: &Client, sql: &str) -> DescribeStatementOutput {
    let ended = run(data, sql).await;
    assert_eq!(ended.status(), Some(&StatusString::Finished), "{sql}: {:?}", ended.error());
    ended
}

/// The message of a statement that has to fail.
pub async fn fail(data: &Client, sql: &str) -> String {
    let ended = run(data, sql).await;
    assert_eq!(ended.status(), Some(&StatusString::Failed), "{sql}");
    ended.error().unwrap().to_owned()
}

/// Every row of a query, cells as texts.
pub async fn rows(data: &Client, sql: &str) -> Vec<Vec<String>> {
    let ended = succeed(data, sql).await;
    let mut rows = Vec::new();
    let mut next = None;
    loop {
        let page = data.get_statement_result().id(ended.id()).set_next_token(next).send().await.unwrap();
        rows.extend(page.records().iter().map(|row| row.iter().map(text).collect::<Vec<_>>()));
        next = page.next_token().map(str::to_owned);
        if next.is_none() {
            return rows;
        }
    }
}

/// A cell as text; NULL is `∅`.
pub fn text(field: &Field) -> String {
    match field {
        Field::StringValue(text) => text.clone(),
        Field::LongValue(number) => number.to_string(),
        Field::DoubleValue(number) => number.to_string(),
        Field::BooleanValue(value) => value.to_string(),
        Field::IsNull(true) => "∅".to_owned(),
        other => format!("{other:?}"),
    }
}

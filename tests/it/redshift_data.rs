//! The Redshift Data API through the SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use aws_sdk_redshiftdata::types::{
    ExecutionMode, Field, QueryRecords, ResultFormatString, SqlParameter, StatementStatusString, StatusString,
};
use shiftdeck::local::pace::Pace;

use crate::common::warehouse::{NAME, PASSWORD, fail, rows, run, serverless, succeed};
use crate::common::{account, account_at};

/// A query that has a million rows, and one that takes far longer than a test may.
const DIGITS: &str = "create table digits as select 0 as n union all select 1 union all select 2 union all select 3 union all select 4 \
                      union all select 5 union all select 6 union all select 7 union all select 8 union all select 9";
const MILLION: &str = "select a.n + 10*b.n + 100*c.n + 1000*d.n + 10000*e.n + 100000*f.n as n, 'row' as t \
                       from digits a, digits b, digits c, digits d, digits e, digits f order by 1";
const NUMBERS: &str = "create table numbers as select a.n + 10*b.n + 100*c.n + 1000*d.n + 10000*e.n + 100000*f.n as n \
                       from digits a, digits b, digits c, digits d, digits e, digits f";
const ENDLESS: &str = "select sum(a.n::bigint * b.n) from numbers a, numbers b";

#[tokio::test]
async fn a_query_gives_typed_cells_and_their_description() {
    let account = account().await;
    let data = serverless(&account).await;
    succeed(&data, "create table t (i integer, big bigint, d decimal(6,3), f double precision, b boolean, day date, v varchar(20))").await;
    let inserted = succeed(&data, "insert into t values (1, 5000000000, 93.994, 0.5, true, '2024-01-02', 'admin.'), (2, null, -36.4, null, false, null, 'say \"hi\"')").await;
    assert_eq!((inserted.result_rows(), inserted.result_size(), inserted.has_result_set()), (2, 0, Some(false)));
    let ended = succeed(&data, "select * from t order by i").await;
    assert_eq!((ended.result_rows(), ended.has_result_set()), (2, Some(true)));
    assert!(ended.duration() > 0 && ended.result_size() > 0);
    let result = data.get_statement_result().id(ended.id()).send().await.unwrap();
    let expected = [
        Field::LongValue(1),
        Field::LongValue(5_000_000_000),
        Field::StringValue("93.994".into()),
        Field::DoubleValue(0.5),
        Field::BooleanValue(true),
        Field::StringValue("2024-01-02".into()),
        Field::StringValue("admin.".into()),
    ];
    assert_eq!(result.records()[0], expected);
    assert_eq!(result.records()[1][1], Field::IsNull(true));
    assert_eq!(result.records()[1][2], Field::StringValue("-36.400".into()));
    assert_eq!(result.records()[1][6], Field::StringValue("say \"hi\"".into()));
    assert_eq!(result.total_num_rows(), 2);
    let types: Vec<_> = result.column_metadata().iter().map(|column| (column.name().unwrap(), column.type_name().unwrap())).collect();
    assert_eq!(
        types,
        [("i", "int4"), ("big", "int8"), ("d", "numeric"), ("f", "float8"), ("b", "bool"), ("day", "date"), ("v", "varchar")]
    );
    let decimal = &result.column_metadata()[2];
    assert_eq!((decimal.precision(), decimal.scale()), (6, 3));
}

#[tokio::test]
async fn parameters_are_values_and_never_sql() {
    let account = account().await;
    let data = serverless(&account).await;
    let parameter = |name: &str, value: &str| SqlParameter::builder().name(name).value(value).build().unwrap();
    let started = data
        .execute_statement()
        .workgroup_name(NAME)
        .database(NAME)
        .sql("select :who as who")
        .parameters(parameter("who", "'; drop table t; --"))
        .send()
        .await
        .unwrap();
    let ended = data.describe_statement().id(started.id().unwrap()).wait_time_seconds(30).send().await.unwrap();
    assert_eq!(ended.query_parameters()[0].name(), "who");
    let result = data.get_statement_result().id(ended.id()).send().await.unwrap();
    assert_eq!(result.records()[0][0], Field::StringValue("'; drop table t; --".into()));
}

#[tokio::test]
async fn a_failed_statement_says_why_and_has_no_result() {
    let account = account().await;
    let data = serverless(&account).await;
    assert!(fail(&data, "select * from nothing").await.contains("relation \"nothing\" does not exist"));
    assert!(fail(&data, "selec 1").await.starts_with("ERROR: syntax error"));
    let ended = run(&data, "select 1/0").await;
    assert_eq!((ended.result_rows(), ended.result_size(), ended.has_result_set()), (-1, -1, Some(false)));
    let error = data.get_statement_result().id(ended.id()).send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception());
    let error = data.describe_statement().id("no-such-id").send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception());
}

#[tokio::test]
async fn a_batch_is_one_transaction() {
    let account = account().await;
    let data = serverless(&account).await;
    succeed(&data, "create table t (i integer)").await;
    let batch = |texts: &[&str], mode: Option<ExecutionMode>| {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        data.batch_execute_statement().workgroup_name(NAME).database(NAME).set_sqls(Some(texts)).set_execution_mode(mode).send()
    };
    let describe = async |id: &str| data.describe_statement().id(id).wait_time_seconds(30).send().await.unwrap();
    let good = batch(&["insert into t values (1)", "select count(*) from t"], None).await.unwrap();
    let ended = describe(good.id().unwrap()).await;
    assert_eq!(ended.status(), Some(&StatusString::Finished), "{:?}", ended.error());
    let parts = ended.sub_statements();
    assert_eq!((parts[0].result_rows(), parts[1].has_result_set()), (1, Some(true)));
    let result = data.get_statement_result().id(parts[1].id()).send().await.unwrap();
    assert_eq!(result.records()[0][0], Field::LongValue(1));

    let texts = ["insert into t values (2)", "insert into nothing values (3)", "insert into t values (4)"];
    let ended = describe(batch(&texts, None).await.unwrap().id().unwrap()).await;
    assert_eq!(ended.status(), Some(&StatusString::Failed));
    assert!(ended.error().unwrap().starts_with("Query #2 failed with ERROR: relation \"nothing\""));
    let statuses: Vec<_> = ended.sub_statements().iter().map(|part| part.status().unwrap().clone()).collect();
    assert_eq!(statuses, [StatementStatusString::Finished, StatementStatusString::Failed, StatementStatusString::Aborted]);
    assert_eq!(rows(&data, "select i from t order by i").await, [["1"]]);

    let ended = describe(batch(&texts, Some(ExecutionMode::AutoCommit)).await.unwrap().id().unwrap()).await;
    assert_eq!(ended.status(), Some(&StatusString::Failed));
    assert_eq!(rows(&data, "select i from t order by i").await, [["1"], ["2"], ["4"]]);
}

#[tokio::test]
async fn a_million_rows_come_in_pages_from_disk() {
    let account = account().await;
    let data = serverless(&account).await;
    succeed(&data, DIGITS).await;
    let ended = succeed(&data, MILLION).await;
    assert_eq!(ended.result_rows(), 1_000_000);
    let first = data.get_statement_result().id(ended.id()).send().await.unwrap();
    assert_eq!(first.total_num_rows(), 1_000_000);
    let size = first.records().len();
    let second = data.get_statement_result().id(ended.id()).set_next_token(first.next_token().map(str::to_owned)).send().await.unwrap();
    assert_eq!(second.records()[0][0], Field::LongValue(i64::try_from(size).unwrap()));
    let foreign = data.get_statement_result().id(ended.id()).next_token("made-up").send().await.unwrap_err().into_service_error();
    assert!(foreign.is_validation_exception());

    // The result is there after a restart, and the rest of the pages with it.
    let (id, next) = (ended.id().to_owned(), second.next_token().map(str::to_owned));
    let account = account.reopen().await;
    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    let third = data.get_statement_result().id(&id).set_next_token(next).send().await.unwrap();
    assert_eq!(third.records()[0][0], Field::LongValue(i64::try_from(size + second.records().len()).unwrap()));
}

#[tokio::test]
async fn csv_results_come_through_the_second_operation() {
    let account = account().await;
    let data = serverless(&account).await;
    let sql = "select 1 as a, 'x,y' as b, cast(null as varchar) as c, '' as d";
    let run = data.execute_statement().workgroup_name(NAME).database(NAME).sql(sql).result_format(ResultFormatString::Csv);
    let id = run.wait_time_seconds(30).send().await.unwrap().id().unwrap().to_owned();
    let result = data.get_statement_result_v2().id(&id).send().await.unwrap();
    assert_eq!(result.result_format(), Some(&ResultFormatString::Csv));
    assert_eq!(result.records(), [QueryRecords::CsvRecords("1,\"x,y\",,\"\"\r\n".into())]);
    assert!(data.get_statement_result().id(&id).send().await.unwrap_err().into_service_error().is_validation_exception());
}

#[tokio::test]
async fn cancelling_stops_the_work() {
    let account = account().await;
    let data = serverless(&account).await;
    succeed(&data, DIGITS).await;
    succeed(&data, NUMBERS).await;
    let started = data.execute_statement().workgroup_name(NAME).database(NAME).sql(ENDLESS).send().await.unwrap();
    let id = started.id().unwrap();
    let waited = data.describe_statement().id(id).wait_time_seconds(1).send().await.unwrap();
    assert_eq!(waited.status(), Some(&StatusString::Started));
    assert_eq!(data.cancel_statement().id(id).send().await.unwrap().status(), Some(true));
    let ended = data.describe_statement().id(id).send().await.unwrap();
    assert_eq!(ended.status(), Some(&StatusString::Aborted));
    assert!(data.cancel_statement().id(id).send().await.unwrap_err().into_service_error().is_validation_exception());
    // The threads are free again.
    assert_eq!(rows(&data, "select count(*) from digits").await, [["10"]]);
}

/// Statements that never give their threads up: found when three endless joins made the owner of an account look dead to others.
#[tokio::test]
async fn requests_are_answered_while_every_thread_of_statements_is_busy() {
    let account = account().await;
    let data = serverless(&account).await;
    let statements = account.opened.account().unwrap().statements;
    let threads = statements.metrics().num_workers();
    let (busy, begun) = std::sync::mpsc::channel();
    let gate = std::sync::Arc::new(std::sync::Barrier::new(threads + 1));
    for _ in 0..threads {
        let (busy, gate) = (busy.clone(), std::sync::Arc::clone(&gate));
        statements.spawn(async move {
            busy.send(()).unwrap();
            gate.wait();
        });
    }
    for _ in 0..threads {
        begun.recv().unwrap();
    }
    let run = data.execute_statement().workgroup_name(NAME).database(NAME).sql("select 1").send().await.unwrap();
    let waiting = data.describe_statement().id(run.id().unwrap()).send().await.unwrap();
    assert_eq!(waiting.status(), Some(&StatusString::Submitted));
    // Every thread waits here already.
    gate.wait();
    let ended = data.describe_statement().id(run.id().unwrap()).wait_time_seconds(30).send().await.unwrap();
    assert_eq!(ended.status(), Some(&StatusString::Finished));
}

#[tokio::test]
async fn statements_in_flight_fail_when_the_account_goes() {
    let account = account_at(Pace::Live).await;
    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    let warehouses = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
    let namespace = warehouses.create_namespace().namespace_name(NAME).db_name(NAME);
    namespace.admin_username("admin").admin_user_password(PASSWORD).send().await.unwrap();
    warehouses.create_workgroup().workgroup_name(NAME).namespace_name(NAME).send().await.unwrap();
    // At pace `live` a warehouse takes a while.
    let early = data.execute_statement().workgroup_name(NAME).database(NAME).sql("select 1").send().await.unwrap_err();
    assert!(early.into_service_error().meta().message().unwrap().contains("creating"));

    let account = account.reopen().await;
    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    succeed(&data, DIGITS).await;
    succeed(&data, NUMBERS).await;
    let started = data.execute_statement().workgroup_name(NAME).database(NAME).sql(ENDLESS).send().await.unwrap();
    let account = account.reopen().await;
    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    let ended = data.describe_statement().id(started.id().unwrap()).send().await.unwrap();
    assert!(matches!(ended.status(), Some(StatusString::Aborted | StatusString::Failed)), "{:?}", ended.status());
    assert_eq!(rows(&data, "select count(*) from digits").await, [["10"]]);
}

#[tokio::test]
async fn the_same_token_is_the_same_statement() {
    let account = account().await;
    let data = serverless(&account).await;
    succeed(&data, "create table t (i integer)").await;
    let insert = |value: i32| {
        let sql = format!("insert into t values ({value})");
        data.execute_statement().workgroup_name(NAME).database(NAME).sql(sql).client_token("token-1").wait_time_seconds(30).send()
    };
    let (first, second) = (insert(1).await.unwrap(), insert(1).await.unwrap());
    assert_eq!(first.id(), second.id());
    assert_eq!(rows(&data, "select count(*) from t").await, [["1"]]);
    assert!(insert(2).await.unwrap_err().into_service_error().is_validation_exception());
}

#[tokio::test]
async fn a_session_keeps_its_temporary_tables() {
    let account = account().await;
    let data = serverless(&account).await;
    let first = data
        .execute_statement()
        .workgroup_name(NAME)
        .database(NAME)
        .sql("create temp table scratch (i integer)")
        .session_keep_alive_seconds(60)
        .wait_time_seconds(30)
        .send()
        .await
        .unwrap();
    let session = first.session_id().unwrap();
    let next = data.execute_statement().session_id(session).sql("select count(*) from scratch").wait_time_seconds(30).send().await.unwrap();
    let ended = data.describe_statement().id(next.id().unwrap()).send().await.unwrap();
    assert_eq!(ended.status(), Some(&StatusString::Finished), "{:?}", ended.error());
    assert!(fail(&data, "select count(*) from scratch").await.contains("scratch"));
    let sessions = data.list_sessions().send().await.unwrap();
    assert_eq!(sessions.sessions()[0].session_id(), session);
    let missing = data.execute_statement().session_id("00000000-0000-0000-0000-000000000000").sql("select 1").send().await;
    assert!(missing.unwrap_err().into_service_error().is_validation_exception());
}

#[tokio::test]
async fn the_login_of_a_secret_is_checked() {
    let account = account().await;
    let data = serverless(&account).await;
    let secrets = aws_sdk_secretsmanager::Client::new(&account.sdk_config());
    let login = |password: &str| serde_json::json!({ "username": "admin", "password": password, "db": NAME }).to_string();
    for (name, password) in [("right", PASSWORD), ("wrong", "Wrong-Horse-7")] {
        secrets.create_secret().name(name).secret_string(login(password)).send().await.unwrap();
    }
    let run = |secret: &str| {
        data.execute_statement().workgroup_name(NAME).database(NAME).secret_arn(secret).sql("select 1").wait_time_seconds(30).send()
    };
    let right = run("right").await.unwrap();
    assert_eq!(right.status(), Some(&StatementStatusString::Finished));
    let wrong = run("wrong").await.unwrap();
    let ended = data.describe_statement().id(wrong.id().unwrap()).send().await.unwrap();
    assert_eq!(ended.error(), Some("FATAL: password authentication failed for user \"admin\""));
    assert!(run("none").await.unwrap_err().into_service_error().is_validation_exception());
    let listed = data.list_schemas().workgroup_name(NAME).database(NAME).secret_arn("wrong").send().await;
    assert!(listed.unwrap_err().into_service_error().is_database_connection_exception());
}

#[tokio::test]
async fn what_cannot_run_is_refused_before_it_starts() {
    let account = account().await;
    let data = serverless(&account).await;
    let refused = async |name: &str, sql: String| {
        let sent = data.execute_statement().workgroup_name(name).database(NAME).sql(sql).send().await;
        sent.unwrap_err().into_service_error().meta().message().unwrap().to_owned()
    };
    assert!(refused("nowhere", "select 1".into()).await.contains("doesn't exist"));
    assert!(refused(NAME, format!("select '{}'", "x".repeat(100_001))).await.contains("the limit is 100000"));
    let sent = data.execute_statement().database(NAME).sql("select 1").send().await.unwrap_err();
    assert!(sent.into_service_error().is_validation_exception());
    let sent = data.execute_statement().cluster_identifier("c").database(NAME).sql("select 1").send().await.unwrap_err();
    assert!(sent.into_service_error().meta().message().unwrap().contains("DbUser or SecretArn"));
    assert!(fail_in(&data, "elsewhere").await.contains("database \"elsewhere\" does not exist"));
}

async fn fail_in(data: &aws_sdk_redshiftdata::Client, database: &str) -> String {
    let started =
        data.execute_statement().workgroup_name(NAME).database(database).sql("select 1").wait_time_seconds(30).send().await.unwrap();
    data.describe_statement().id(started.id().unwrap()).send().await.unwrap().error().unwrap().to_owned()
}

#[tokio::test]
async fn statements_are_listed_newest_first_by_status_and_name() {
    let account = account().await;
    let data = serverless(&account).await;
    for name in ["load-1", "load-2", "other"] {
        let sql = format!("select '{name}'");
        let run = data.execute_statement().workgroup_name(NAME).database(NAME).sql(sql).statement_name(name);
        run.wait_time_seconds(30).send().await.unwrap();
    }
    fail(&data, "select * from nothing").await;
    let listed = data.list_statements().statement_name("load").send().await.unwrap();
    let names: Vec<_> = listed.statements().iter().map(|it| it.statement_name().unwrap()).collect();
    assert_eq!(names, ["load-2", "load-1"]);
    // Without a status, finished statements only.
    assert_eq!(data.list_statements().send().await.unwrap().statements().len(), 3);
    let failed = data.list_statements().status(StatusString::Failed).send().await.unwrap();
    assert_eq!(failed.statements()[0].query_string(), Some("select * from nothing"));
    let page = data.list_statements().status(StatusString::All).max_results(3).send().await.unwrap();
    let rest = data
        .list_statements()
        .status(StatusString::All)
        .max_results(3)
        .set_next_token(page.next_token().map(str::to_owned))
        .send()
        .await
        .unwrap();
    assert_eq!((page.statements().len(), rest.statements().len(), rest.next_token()), (3, 1, None));
}

#[tokio::test]
async fn the_catalog_is_listed_by_patterns() {
    let account = account().await;
    let data = serverless(&account).await;
    succeed(&data, "create schema dm").await;
    succeed(&data, "create table dm.data (age integer not null, job varchar(30))").await;
    succeed(&data, "create table dm.other (x integer)").await;
    succeed(&data, "create view dm.old as select * from dm.data where age > 60").await;
    let databases = data.list_databases().workgroup_name(NAME).database(NAME).send().await.unwrap();
    assert!(databases.databases().contains(&NAME.to_owned()));
    let schemas = data.list_schemas().workgroup_name(NAME).database(NAME).schema_pattern("d%").send().await.unwrap();
    assert_eq!(schemas.schemas(), ["dm"]);
    let tables = data.list_tables().workgroup_name(NAME).database(NAME).schema_pattern("dm").table_pattern("o%").send().await.unwrap();
    let tables: Vec<_> = tables.tables().iter().map(|it| (it.name().unwrap(), it.r#type().unwrap())).collect();
    assert_eq!(tables, [("old", "VIEW"), ("other", "TABLE")]);
    let described = data.describe_table().workgroup_name(NAME).database(NAME).schema("dm").table("data").send().await.unwrap();
    let columns: Vec<_> = described.column_list().iter().map(|it| (it.name().unwrap(), it.length())).collect();
    assert_eq!(columns[1], ("job", 30));
    let described = data.describe_table().workgroup_name(NAME).database(NAME).schema("dm").table("none").send().await.unwrap();
    assert!(described.column_list().is_empty());
    // A test of the timeout of a wait, too: nothing runs, so it comes back at once.
    let quick = tokio::time::timeout(Duration::from_secs(20), data.list_statements().send()).await;
    assert!(quick.unwrap().is_ok());
}

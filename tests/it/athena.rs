//! Athena through the SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aws_sdk_athena::Client;
use aws_sdk_athena::types::{
    QueryExecution, QueryExecutionContext, QueryExecutionState, ResultConfiguration, StatementType, WorkGroupConfiguration,
};

use crate::common::{TestAccount, account};

const BUCKET: &str = "athena-tests";
const CSV: &str = "id;name;amount;ok\n1;\"a;b\";1.50;true\n2;two;-0.25;false\n3;;7.00;true\n";

struct Lake {
    account: TestAccount,
    athena: Client,
    s3: aws_sdk_s3::Client,
}

/// An account with a bucket, a CSV object and an external table over it.
async fn lake() -> Lake {
    let account = account().await;
    let s3 = aws_sdk_s3::Client::new(&account.sdk_config());
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    s3.put_object().bucket(BUCKET).key("data/rows.csv").body(CSV.as_bytes().to_vec().into()).send().await.unwrap();
    let lake = Lake { athena: Client::new(&account.sdk_config()), s3, account };
    lake.succeed("create database if not exists bank").await;
    lake.succeed(
        "create external table bank.items (id int, name string, amount decimal(8,2), ok boolean) \
         row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde' with serdeproperties ('separatorChar' = ';', 'quoteChar' = '\"') \
         location 's3://athena-tests/data/' tblproperties ('skip.header.line.count' = '1')",
    )
    .await;
    lake
}

impl Lake {
    async fn start(&self, sql: &str, parameters: &[&str]) -> String {
        let location = ResultConfiguration::builder().output_location(format!("s3://{BUCKET}/results")).build();
        let parameters = parameters.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let started = self
            .athena
            .start_query_execution()
            .query_string(sql)
            .result_configuration(location)
            .query_execution_context(QueryExecutionContext::builder().database("bank").build())
            .set_execution_parameters((!parameters.is_empty()).then_some(parameters))
            .send()
            .await
            .unwrap();
        started.query_execution_id().unwrap().to_owned()
    }

    async fn end(&self, id: &str) -> QueryExecution {
        loop {
            let found = self.athena.get_query_execution().query_execution_id(id).send().await.unwrap();
            let query = found.query_execution().unwrap().clone();
            match query.status().unwrap().state().unwrap() {
                QueryExecutionState::Queued | QueryExecutionState::Running => tokio::task::yield_now().await,
                _ => return query,
            }
        }
    }

    async fn run(&self, sql: &str, parameters: &[&str]) -> QueryExecution {
        let id = self.start(sql, parameters).await;
        self.end(&id).await
    }

    async fn succeed(&self, sql: &str) -> QueryExecution {
        let query = self.run(sql, &[]).await;
        let status = query.status().unwrap();
        assert_eq!(status.state(), Some(&QueryExecutionState::Succeeded), "{sql}: {:?}", status.state_change_reason());
        query
    }

    async fn rows(&self, id: &str) -> Vec<Vec<Option<String>>> {
        let mut rows = Vec::new();
        let mut next = None;
        loop {
            let page = self.athena.get_query_results().query_execution_id(id).set_next_token(next).send().await.unwrap();
            let set = page.result_set().unwrap();
            rows.extend(
                set.rows().iter().map(|row| row.data().iter().map(|cell| cell.var_char_value().map(str::to_owned)).collect::<Vec<_>>()),
            );
            next = page.next_token().map(str::to_owned);
            if next.is_none() {
                return rows;
            }
        }
    }
}

fn texts(row: &[&str]) -> Vec<Option<String>> {
    row.iter().map(|text| Some((*text).to_owned())).collect()
}

#[tokio::test]
async fn a_query_leaves_quoted_csv_in_s3_and_gives_its_rows() {
    let lake = lake().await;
    let query = lake.succeed("select id, name, amount, ok, timestamp '2024-01-02 03:04:05' as at from items order by id").await;
    let id = query.query_execution_id().unwrap();
    assert_eq!(query.statement_type(), Some(&StatementType::Dml));
    assert!(query.statistics().unwrap().data_scanned_in_bytes().unwrap() > 0);
    let rows = lake.rows(id).await;
    assert_eq!(rows[0], texts(&["id", "name", "amount", "ok", "at"]));
    assert_eq!(rows[1], texts(&["1", "a;b", "1.50", "true", "2024-01-02 03:04:05.000"]));
    assert_eq!(rows.len(), 4);
    let location = query.result_configuration().unwrap().output_location().unwrap();
    assert_eq!(location, format!("s3://{BUCKET}/results/{id}.csv"));
    let object = lake.s3.get_object().bucket(BUCKET).key(format!("results/{id}.csv")).send().await.unwrap();
    let csv = String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap();
    assert!(
        csv.starts_with("\"id\",\"name\",\"amount\",\"ok\",\"at\"\n\"1\",\"a;b\",\"1.50\",\"true\",\"2024-01-02 03:04:05.000\"\n"),
        "{csv}"
    );
    assert!(lake.s3.head_object().bucket(BUCKET).key(format!("results/{id}.csv.metadata")).send().await.is_ok());
    let page = lake.athena.get_query_results().query_execution_id(id).max_results(2).send().await.unwrap();
    assert_eq!(page.result_set().unwrap().rows().len(), 2);
    let types: Vec<_> =
        page.result_set().unwrap().result_set_metadata().unwrap().column_info().iter().map(|it| it.r#type().to_owned()).collect();
    assert_eq!(types, ["integer", "varchar", "decimal", "boolean", "timestamp"]);
}

#[tokio::test]
async fn nulls_and_empty_texts_are_told_apart() {
    let lake = lake().await;
    let query = lake.succeed("select cast(null as varchar) as n, '' as e, 'say \"x\"' as q").await;
    let rows = lake.rows(query.query_execution_id().unwrap()).await;
    assert_eq!(rows[1], [None, Some(String::new()), Some("say \"x\"".to_owned())]);
}

#[tokio::test]
async fn long_results_come_in_pages_of_a_thousand() {
    let lake = lake().await;
    let query = lake
        .succeed(
            "with d as (select * from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as t (n)) \
             select a.n + 10 * b.n + 100 * c.n + 1000 * d.n as n from d a cross join d b cross join d c cross join d d where d.n < 3 order by 1",
        )
        .await;
    let id = query.query_execution_id().unwrap();
    let first = lake.athena.get_query_results().query_execution_id(id).send().await.unwrap();
    assert_eq!(first.result_set().unwrap().rows().len(), 1000);
    let rows = lake.rows(id).await;
    assert_eq!(rows.len(), 3001);
    assert_eq!((rows[1000][0].as_deref(), rows[3000][0].as_deref()), (Some("999"), Some("2999")));
    let error = lake.athena.get_query_results().query_execution_id(id).next_token("made-up").send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_request_exception());
}

#[tokio::test]
async fn parameters_take_the_places_of_question_marks() {
    let lake = lake().await;
    let query = lake.run("select name from items where id = ? and name <> ?", &["2", "x' or '1'='1"]).await;
    let rows = lake.rows(query.query_execution_id().unwrap()).await;
    assert_eq!(rows[1..], [texts(&["two"])]);
    let query = lake.run("select ?, ?", &["1"]).await;
    assert!(query.status().unwrap().state_change_reason().unwrap().contains("Incorrect number of parameters"));
}

#[tokio::test]
async fn a_failed_query_says_why() {
    let lake = lake().await;
    let query = lake.run("select * from nothing", &[]).await;
    let status = query.status().unwrap();
    assert_eq!(status.state(), Some(&QueryExecutionState::Failed));
    assert!(status.state_change_reason().unwrap().contains("nothing"), "{:?}", status.state_change_reason());
    assert_eq!(status.athena_error().unwrap().error_category(), Some(2));
    let results = lake.athena.get_query_results().query_execution_id(query.query_execution_id().unwrap()).send().await.unwrap_err();
    assert!(results.into_service_error().meta().message().unwrap().contains("FAILED"));
    let missing = lake.athena.get_query_execution().query_execution_id("none").send().await.unwrap_err();
    assert!(missing.into_service_error().is_invalid_request_exception());
}

#[tokio::test]
async fn definitions_are_plain_lines_without_a_header() {
    let lake = lake().await;
    let query = lake.succeed("show tables in bank").await;
    assert_eq!(query.statement_type(), Some(&StatementType::Utility));
    assert_eq!(lake.rows(query.query_execution_id().unwrap()).await, [texts(&["items"])]);
    let databases = lake.succeed("show databases").await;
    assert!(lake.rows(databases.query_execution_id().unwrap()).await.contains(&texts(&["bank"])));
    let made = lake.succeed("create database if not exists other").await;
    assert_eq!(made.statement_type(), Some(&StatementType::Ddl));
    assert!(made.result_configuration().unwrap().output_location().unwrap().ends_with(".txt"));
}

#[tokio::test]
async fn a_query_needs_somewhere_to_put_its_result() {
    let lake = lake().await;
    let message = async |location: Option<&str>, group: Option<&str>| {
        let configuration = location.map(|it| ResultConfiguration::builder().output_location(it).build());
        let start = lake.athena.start_query_execution().query_string("select 1").set_result_configuration(configuration);
        let sent = start.set_work_group(group.map(str::to_owned)).send().await;
        sent.map(drop).map_err(|error| error.into_service_error().meta().message().unwrap().to_owned())
    };
    assert!(message(None, None).await.unwrap_err().starts_with("No output location provided"));
    assert!(message(Some("s3://no-such-bucket/x/"), None).await.unwrap_err().contains("no-such-bucket"));
    assert!(message(None, Some("none")).await.unwrap_err().contains("none"));
    let location = ResultConfiguration::builder().output_location(format!("s3://{BUCKET}/group/")).build();
    let configuration = WorkGroupConfiguration::builder().result_configuration(location).enforce_work_group_configuration(true).build();
    lake.athena.create_work_group().name("analysts").configuration(configuration).send().await.unwrap();
    message(Some("s3://no-such-bucket/x/"), Some("analysts")).await.unwrap();
    let listed = lake.athena.list_query_executions().work_group("analysts").send().await.unwrap();
    let query = lake.end(&listed.query_execution_ids()[0]).await;
    assert!(query.result_configuration().unwrap().output_location().unwrap().starts_with("s3://athena-tests/group/"));
    assert!(lake.athena.delete_work_group().work_group("analysts").send().await.is_err());
    lake.athena.delete_work_group().work_group("analysts").recursive_delete_option(true).send().await.unwrap();
    let groups = lake.athena.list_work_groups().send().await.unwrap();
    assert_eq!(groups.work_groups().iter().map(|it| it.name().unwrap()).collect::<Vec<_>>(), ["primary"]);
}

#[tokio::test]
async fn stopping_ends_the_work_and_the_history_is_kept() {
    let lake = lake().await;
    let endless = "with d as (select * from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as t (n)), \
                   m as (select a.n + 10 * b.n + 100 * c.n + 1000 * e.n + 10000 * f.n + 100000 * g.n as n \
                   from d a cross join d b cross join d c cross join d e cross join d f cross join d g) \
                   select sum(x.n * y.n) from m x cross join m y";
    let id = lake.start(endless, &[]).await;
    loop {
        let found = lake.athena.get_query_execution().query_execution_id(&id).send().await.unwrap();
        let state = found.query_execution().unwrap().status().unwrap().state().unwrap().clone();
        match state {
            QueryExecutionState::Queued => tokio::task::yield_now().await,
            state => break assert_eq!(state, QueryExecutionState::Running),
        }
    }
    lake.athena.stop_query_execution().query_execution_id(&id).send().await.unwrap();
    let query = lake.end(&id).await;
    assert_eq!(query.status().unwrap().state(), Some(&QueryExecutionState::Cancelled));
    let done = lake.succeed("select 1").await;
    let account = lake.account.reopen().await;
    let athena = Client::new(&account.sdk_config());
    let ids = athena.list_query_executions().send().await.unwrap();
    assert_eq!(ids.query_execution_ids()[..2], [done.query_execution_id().unwrap().to_owned(), id.clone()]);
    let batch = athena.batch_get_query_execution().query_execution_ids(&id).query_execution_ids("none").send().await.unwrap();
    assert_eq!((batch.query_executions().len(), batch.unprocessed_query_execution_ids().len()), (1, 1));
}

#[tokio::test]
async fn the_catalog_has_databases_tables_and_columns() {
    let lake = lake().await;
    let databases = lake.athena.list_databases().catalog_name("AwsDataCatalog").send().await.unwrap();
    assert!(databases.database_list().iter().any(|it| it.name() == "bank"));
    let table =
        lake.athena.get_table_metadata().catalog_name("AwsDataCatalog").database_name("bank").table_name("items").send().await.unwrap();
    let table = table.table_metadata().unwrap();
    assert_eq!(table.table_type(), Some("EXTERNAL_TABLE"));
    let columns: Vec<_> = table.columns().iter().map(|it| it.name()).collect();
    assert_eq!(columns, ["id", "name", "amount", "ok"]);
    assert_eq!(table.parameters().unwrap()["location"], "s3://athena-tests/data/");
    let listed =
        lake.athena.list_table_metadata().catalog_name("AwsDataCatalog").database_name("bank").expression("it*").send().await.unwrap();
    assert_eq!(listed.table_metadata_list().len(), 1);
    let missing = lake.athena.get_table_metadata().catalog_name("AwsDataCatalog").database_name("bank").table_name("none").send().await;
    assert!(missing.unwrap_err().into_service_error().is_metadata_exception());
    let missing = lake.athena.get_database().catalog_name("AwsDataCatalog").database_name("none").send().await;
    assert!(missing.unwrap_err().into_service_error().is_metadata_exception());
}

//! What the SQL console does with the services: sessions, statements that outlive the program, the catalog, costs and plans.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use shiftdeck::config::Settings;
use shiftdeck::demo::step::Step;
use shiftdeck::ops::catalog::{self, RelationKind};
use shiftdeck::ops::query::remote::{self, RemoteState};
use shiftdeck::ops::query::{self, Cell, QueryEngine, QueryEvent, QueryRequest, QueryResult, SessionUse, cost, plan};
use shiftdeck::ops::{Context, OpError, OpErrorKind, steps};
use tokio_util::sync::CancellationToken;

use crate::common::{self, TestAccount};
use crate::program::{Machine, finish};

const ENDLESS: &str = "with d as (select 0 as n union all select 1 union all select 2 union all select 3 union all select 4 union all select 5), \
     m as (select a.n from d a, d b, d c, d e, d f, d g, d h) select sum(a.n * b.n) from m a, m b, m c";

fn settings() -> Settings {
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = 500;
    settings
}

fn context(account: &TestAccount) -> Context {
    // Nobody hears the events.
    account.context(&settings()).0
}

/// An account with a warehouse, and with the lake's and the warehouse's table where `data` says so.
async fn account_with(data: bool) -> TestAccount {
    let account = common::account().await;
    let steps_wanted: &[Step] = if data { &[Step::Foundation, Step::Explore, Step::Lake, Step::Load] } else { &[Step::Foundation] };
    for step in steps_wanted {
        steps::run(&context(&account), *step).await.unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    account
}

fn request(engine: QueryEngine, sql: &str) -> QueryRequest {
    QueryRequest { engine, sql: sql.into(), parameters: vec![], page_size: 1000 }
}

async fn run_in(context: &Context, sql: &str, session: &mut SessionUse) -> Result<QueryResult, OpError> {
    let mut opened = None;
    let mut hear = |event| {
        if let QueryEvent::Sent { session: Some(id), .. } = event {
            opened = Some(id);
        }
    };
    let answer = query::run_in(context, request(QueryEngine::Redshift, sql), session, &mut hear).await;
    if let Some(id) = opened {
        *session = SessionUse::In { id, keep: 60 };
    }
    answer
}

#[tokio::test]
async fn what_lives_in_a_session_lives_until_it_is_closed() {
    let account = account_with(false).await;
    let context = context(&account);
    let mut session = SessionUse::Open { keep: 60 };
    run_in(&context, "create temp table scratch (a int)", &mut session).await.unwrap();
    run_in(&context, "insert into scratch values (1), (2)", &mut session).await.unwrap();
    run_in(&context, "begin", &mut session).await.unwrap();
    run_in(&context, "delete from scratch where a = 1", &mut session).await.unwrap();
    run_in(&context, "rollback", &mut session).await.unwrap();
    let rows = run_in(&context, "select count(*) from scratch", &mut session).await.unwrap();
    assert_eq!(rows.page.rows, [[Cell::Integer(2)]]);
    let SessionUse::In { id, .. } = session.clone() else { panic!("{session:?}") };
    let other = query::run(&context, request(QueryEngine::Redshift, "select * from scratch"), &mut |_| {}).await;
    assert!(other.unwrap_err().why.contains("scratch"), "a temporary table is of its session");
    run_in(&context, "select 1", &mut SessionUse::In { id: id.clone(), keep: 0 }).await.unwrap();
    let gone =
        query::run_in(&context, request(QueryEngine::Redshift, "select * from scratch"), &SessionUse::In { id, keep: 60 }, &mut |_| {})
            .await;
    let gone = gone.unwrap_err();
    assert!(gone.why.contains("not available"), "{gone}");
    account.close().await;
}

/// Follows a statement until it has an id, then follows it no more: what a program does that leaves and lets it run on.
async fn leave_running(context: &Context, engine: QueryEngine, sql: &str) -> String {
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let (theirs, sql) = (context.clone(), sql.to_owned());
    let task = tokio::spawn(async move {
        let mut hear = |event| {
            if let QueryEvent::Sent { id, .. } = event {
                tell.send(id).unwrap();
            }
        };
        query::run_in(&theirs, request(engine, &sql), &SessionUse::None, &mut hear).await
    });
    let id = tokio::time::timeout(Duration::from_secs(60), heard.recv()).await.unwrap().unwrap();
    task.abort();
    id
}

#[tokio::test]
async fn a_statement_that_was_left_running_is_found_followed_and_cancelled() {
    let account = account_with(false).await;
    let context = context(&account);
    let id = leave_running(&context, QueryEngine::Redshift, ENDLESS).await;
    let found = remote::recent(&context).await.unwrap();
    let mine = found.iter().find(|remote| remote.id == id).unwrap();
    assert_eq!((mine.state, mine.sql.as_str()), (RemoteState::Running, ENDLESS));

    // Another process follows it; cancelling there reaches the service.
    let mut follower = context.clone();
    follower.cancel = CancellationToken::new();
    let cancel = follower.cancel.clone();
    let mut hear = move |_| cancel.cancel();
    let ended = query::attach(&follower, QueryEngine::Redshift, &id, 100, &mut hear).await;
    assert_eq!(ended.unwrap_err().kind, OpErrorKind::Cancelled);
    let again = query::attach(&context, QueryEngine::Redshift, &id, 100, &mut |_| {}).await;
    assert!(again.unwrap_err().what.contains("cancelled"));
    account.close().await;
}

#[tokio::test]
async fn the_result_of_an_ended_statement_can_still_be_read_on_both_services() {
    let account = account_with(true).await;
    let context = context(&account);
    for (engine, sql) in [(QueryEngine::Redshift, "select 7 as n"), (QueryEngine::Athena, "select 7 as n")] {
        let id = leave_running(&context, engine, sql).await;
        let result = query::attach(&context, engine, &id, 100, &mut |_| {}).await.unwrap();
        assert_eq!(result.page.rows, [[Cell::Integer(7)]], "{engine:?}");
        assert_eq!(result.columns[0].name, "n");
    }
    account.close().await;
}

#[tokio::test]
async fn the_catalog_has_every_relation_of_both_engines() {
    let account = account_with(true).await;
    let context = context(&account);
    let warehouse = catalog::read(&context, QueryEngine::Redshift, 4).await.unwrap();
    assert_eq!(warehouse.version, 5);
    let data = warehouse.relation(Some("dm"), "data").unwrap();
    assert_eq!(data.kind, RelationKind::Table);
    assert!(data.columns.iter().any(|column| column.name == "age") && data.columns.len() == 21, "{data:?}");
    let external = warehouse.relation(Some("athena"), "bankdm_glue").unwrap();
    assert_eq!(external.kind, RelationKind::External);
    assert!(external.location.as_deref().unwrap().starts_with("s3://"), "{external:?}");
    assert!(!warehouse.others.contains(&warehouse.database), "{:?}", warehouse.others);
    let lake = catalog::read(&context, QueryEngine::Athena, 0).await.unwrap();
    let table = lake.relation(None, "bankdm_glue").unwrap();
    assert_eq!((table.kind, table.columns.len()), (RelationKind::External, 21));
    account.close().await;
}

#[tokio::test]
async fn the_function_of_a_model_is_in_the_catalog() {
    let account = account_with(true).await;
    let context = context(&account);
    steps::run(&context, Step::RedshiftMl).await.unwrap();
    let warehouse = catalog::read(&context, QueryEngine::Redshift, 0).await.unwrap();
    let all = || warehouse.schemas.iter().flat_map(|schema| schema.relations.iter().map(move |relation| (schema, relation)));
    assert!(all().any(|(_, relation)| relation.kind == RelationKind::Model), "{warehouse:?}");
    let functions: Vec<_> = all().filter(|(_, relation)| relation.kind == RelationKind::Function).collect();
    let (schema, function) = functions.first().unwrap_or_else(|| panic!("no function: {warehouse:?}"));
    assert_eq!(warehouse.function(Some(&schema.name), &function.name), Some(*function));
    account.close().await;
}

#[tokio::test]
async fn an_interrupted_query_of_the_command_line_is_cancelled_at_the_service() {
    let account = account_with(false).await;
    let context = context(&account);
    let machine = Machine::new();
    let directory = account.directory.path().to_str().unwrap();
    let child = machine.command(&["--state-dir", directory, "sql", "-e", ENDLESS]).spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    let state = |found: Vec<remote::Remote>| found.into_iter().find(|it| it.sql == ENDLESS).map(|it| it.state);
    let running = async {
        while state(remote::recent(&context).await.unwrap()) != Some(RemoteState::Running) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), running).await.unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = tokio::task::spawn_blocking(move || finish(child)).await.unwrap();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(130), ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("cancelled"), "{}", ended.stderr);
    assert_eq!(state(remote::recent(&context).await.unwrap()), Some(RemoteState::Cancelled), "at the service, too");
    account.close().await;
}

#[tokio::test]
async fn partitions_that_a_query_leaves_out_are_no_part_of_what_it_may_read() {
    let account = account_with(true).await;
    let context = context(&account);
    let bucket = &context.scenario.bucket;
    let run = async |sql: &str| {
        query::run(&context, request(QueryEngine::Athena, sql), &mut |_| {}).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    };
    run(&format!(
        "create table by_month with (external_location = 's3://{bucket}/by_month/', format = 'PARQUET', partitioned_by = array['month']) as \
         select age, job, month from bankdm_glue"
    ))
    .await;
    let whole = cost::estimate(&context, "select * from by_month", &[]).await.unwrap();
    let (read, all) = whole.partitions().unwrap();
    assert!(read == all && all > 3, "{whole:?}");
    for (sql, some) in [
        ("select * from by_month where month = 'may'", 1),
        ("select count(age) from by_month m where m.month in ('may', 'jun') and age > 30", 2),
        ("select * from by_month where month = 'nowhere'", 0),
    ] {
        let estimate = cost::estimate(&context, sql, &[]).await.unwrap();
        assert_eq!(estimate.partitions(), Some((some, all)), "{sql}");
        assert!(estimate.bytes < whole.bytes, "{sql}: {estimate:?}");
        let scanned = run(sql).await.scanned_bytes.unwrap();
        assert!(scanned <= estimate.bytes.unwrap(), "{sql}: {scanned} of {estimate:?}");
    }
    let named = [("m".to_owned(), "may".to_owned())];
    let estimate = cost::estimate(&context, "select * from by_month where month = :m", &named).await.unwrap();
    assert_eq!(estimate.partitions(), Some((1, all)));
    let twice = cost::estimate(&context, "select * from by_month a join by_month b on a.month = b.month", &[]).await.unwrap();
    assert_eq!(twice.bytes, whole.bytes.map(|bytes| bytes * 2), "a table that is read twice is paid twice");
    account.close().await;
}

#[tokio::test]
async fn the_warehouse_tells_how_large_a_result_is() {
    let account = account_with(false).await;
    let context = context(&account);
    let ask = async |sql: &str| query::run(&context, request(QueryEngine::Redshift, sql), &mut |_| {}).await.unwrap();
    let (one, more) = (ask("select 1 as n").await, ask("select 'a longer text' as t union all select 'another one'").await);
    assert_eq!((one.total_rows, more.total_rows), (Some(1), Some(2)));
    assert!(one.result_bytes.unwrap() > 0 && more.result_bytes > one.result_bytes, "{one:?} {more:?}");
    let changed = ask("create table public.t (n int)").await;
    assert!(changed.result_bytes.unwrap_or(0) == 0, "{changed:?}");
    account.close().await;
}

#[tokio::test]
async fn what_a_query_may_read_is_told_before_and_holds_after() {
    let account = account_with(true).await;
    let context = context(&account);
    let sql = "select * from bankdm_glue";
    let before = cost::estimate(&context, sql, &[]).await.unwrap();
    let after = query::run(&context, request(QueryEngine::Athena, sql), &mut |_| {}).await.unwrap();
    assert_eq!(before.bytes, after.scanned_bytes, "every byte of the table");
    assert_eq!(before.usd, Some(0.00005), "ten megabytes are the least");
    let unknown = cost::estimate(&context, "select * from nowhere.at_all", &[]).await.unwrap();
    assert_eq!((unknown.bytes, unknown.usd), (None, None));
    account.close().await;
}

#[tokio::test]
async fn both_engines_explain_a_query_as_a_tree() {
    let account = account_with(true).await;
    let context = context(&account);
    for (engine, table) in [(QueryEngine::Redshift, "dm.data"), (QueryEngine::Athena, "bankdm_glue")] {
        let sql = format!("explain select job, count(*) from {table} where age > 30 group by job");
        let result = query::run(&context, request(engine, &sql), &mut |_| {}).await.unwrap();
        let lines: Vec<String> = result.page.rows.iter().map(|row| row.iter().map(Cell::text).collect::<Vec<_>>().join(" ")).collect();
        let plan = plan::read(&lines);
        assert!(
            plan.nodes.len() > 1 && plan.nodes.iter().any(|node| node.depth > 0 && node.rows.is_some()),
            "{engine:?}: {lines:#?}\n{plan:#?}"
        );
    }
    account.close().await;
}

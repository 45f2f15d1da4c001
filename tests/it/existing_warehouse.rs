//! A warehouse that is there already: it is used, and left as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aws_sdk_redshiftdata::types::StatusString;
use shiftdeck::config::Settings;
use shiftdeck::config::settings::WarehouseKind;
use shiftdeck::demo::resource::ResourceState;
use shiftdeck::demo::step::Step;
use shiftdeck::ops::steps::{self, StepOutcome};
use shiftdeck::ops::{OpError, OpErrorKind, checklist, costs, plan};

use crate::common::{self, TestAccount};

/// The warehouse's owner: another demonstration, of which only the foundation is there.
fn owner(kind: WarehouseKind) -> Settings {
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.demo.name = "Analytics".into();
    settings.warehouse.kind = kind;
    settings
}

/// The guest.
fn guest(kind: WarehouseKind) -> Settings {
    let mut settings = owner(kind);
    settings.demo.name = "BankDM".into();
    settings.data.sample_rows = 6000;
    settings.warehouse.existing = true;
    settings.names.warehouse = "analytics".into();
    settings.names.database = "analytics".into();
    settings.names.secret = "analytics_redshift_login".into();
    settings
}

async fn run(account: &TestAccount, settings: &Settings, step: Step) -> Result<StepOutcome, OpError> {
    let (context, _events) = account.context(settings);
    steps::run(&context, step).await
}

/// Runs a statement as the owner; gives the first column.
async fn sql(account: &TestAccount, kind: WarehouseKind, sql: &str) -> Vec<String> {
    let client = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    let request = client.execute_statement().database("analytics").secret_arn("analytics_redshift_login").sql(sql).wait_time_seconds(20);
    let request = match kind {
        WarehouseKind::Serverless => request.workgroup_name("analytics"),
        WarehouseKind::Provisioned => request.cluster_identifier("analytics"),
    };
    let id = request.send().await.unwrap().id.unwrap();
    let info = client.describe_statement().id(&id).send().await.unwrap();
    assert_eq!(info.status(), Some(&StatusString::Finished), "{sql}: {:?}", info.error());
    if !info.has_result_set().unwrap_or_default() {
        return Vec::new();
    }
    let rows = client.get_statement_result().id(&id).send().await.unwrap().records;
    rows.into_iter().map(|row| row[0].as_string_value().unwrap().clone()).collect()
}

async fn schemas(account: &TestAccount, kind: WarehouseKind) -> Vec<String> {
    sql(account, kind, "SELECT nspname FROM pg_catalog.pg_namespace ORDER BY nspname").await
}

/// Attaches the guest's role, as the message says that the owner has to.
async fn attach(account: &TestAccount, kind: WarehouseKind) {
    let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", shiftdeck::local::ACCOUNT_ID);
    match kind {
        WarehouseKind::Serverless => {
            let client = aws_sdk_redshiftserverless::Client::new(&account.sdk_config());
            let request = client.update_namespace().namespace_name("analytics");
            request.iam_roles(role("Analytics-RedShift")).iam_roles(role("BankDM-RedShift")).send().await.unwrap();
        }
        WarehouseKind::Provisioned => {
            let client = aws_sdk_redshift::Client::new(&account.sdk_config());
            client.modify_cluster_iam_roles().cluster_identifier("analytics").add_iam_roles(role("BankDM-RedShift")).send().await.unwrap();
        }
    }
}

async fn used_and_left(kind: WarehouseKind) {
    let account = common::account().await;
    let (owner, guest) = (owner(kind), guest(kind));
    run(&account, &owner, Step::Foundation).await.unwrap();
    sql(&account, kind, "CREATE SCHEMA sales").await;
    sql(&account, kind, "CREATE TABLE sales.orders (id INT)").await;
    let before = schemas(&account, kind).await;

    let refused = run(&account, &guest, Step::Foundation).await.unwrap_err();
    assert_eq!(refused.kind, OpErrorKind::Precondition);
    assert!(refused.why.contains("role/BankDM-RedShift") && refused.fix.as_ref().unwrap().contains("aws redshift"), "{refused:?}");
    attach(&account, kind).await;

    for step in [Step::Foundation, Step::Lake, Step::Load, Step::RedshiftMl] {
        run(&account, &guest, step).await.unwrap_or_else(|error| panic!("{step}: {error} ({:?})", error.fix));
        let again = run(&account, &guest, step).await.unwrap();
        assert!(!again.changed, "{step}: {}", again.message);
    }
    // The pipeline's function unloads from it too.
    run(&account, &guest, Step::Pipeline).await.unwrap();

    let (context, _events) = account.context(&guest);
    let lines = checklist::read(&context).await.unwrap();
    assert!(lines.iter().filter(|line| line.step == Step::Foundation).all(|line| line.state == ResourceState::Ready), "{lines:?}");
    assert!(costs::read(&context).await.unwrap().parts.iter().all(|part| !matches!(part.kind, "Workgroup" | "Cluster" | "Secret")));
    let planned = plan::plan(&context, &[Step::Foundation, Step::Cleanup]).await.unwrap();
    let of = |step: Step| planned.iter().find(|plan| plan.step == step).unwrap();
    assert!(of(Step::Foundation).resources.iter().all(|it| it.name != "analytics" && it.name != "analytics_redshift_login"));
    let removed: Vec<&str> = of(Step::Cleanup).resources.iter().map(|it| it.kind.as_str()).collect();
    for kind in ["SQL model", "Table", "External schema", "Schema"] {
        assert!(removed.contains(&kind), "{kind}: {removed:?}");
    }

    run(&account, &guest, Step::Cleanup).await.unwrap();
    assert!(!run(&account, &guest, Step::Cleanup).await.unwrap().changed);
    assert_eq!(schemas(&account, kind).await, before);
    assert!(sql(&account, kind, "SELECT relname FROM pg_class WHERE relname = 'orders'").await == ["orders"]);
    // Warehouse and login are the owner's: nothing of them has to be made again.
    assert!(!run(&account, &owner, Step::Foundation).await.unwrap().changed);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workgroup_of_somebody_else_is_used_and_left_as_it_was() {
    used_and_left(WarehouseKind::Serverless).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_of_somebody_else_is_used_and_left_as_it_was() {
    used_and_left(WarehouseKind::Provisioned).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_have_in_it_is_never_taken() {
    let kind = WarehouseKind::Serverless;
    let account = common::account().await;
    let guest = guest(kind);
    run(&account, &owner(kind), Step::Foundation).await.unwrap();
    // The guest's role has to be there before it can be attached; the refusal comes after it was made.
    run(&account, &guest, Step::Foundation).await.unwrap_err();
    attach(&account, kind).await;
    sql(&account, kind, "CREATE SCHEMA dm").await;
    sql(&account, kind, "CREATE TABLE dm.data (id VARCHAR(9))").await;
    sql(&account, kind, "INSERT INTO dm.data VALUES ('theirs')").await;
    for step in [Step::Foundation, Step::Lake] {
        run(&account, &guest, step).await.unwrap();
    }
    let refused = run(&account, &guest, Step::Load).await.unwrap_err();
    assert!(refused.what.contains("will not touch the table"), "{refused:?}");
    assert_eq!(sql(&account, kind, "SELECT id FROM dm.data").await, ["theirs"]);
    // In a schema of theirs the table is made and removed, and the schema stays, with what they put beside it.
    let mut guest = guest;
    guest.names.table = "customers".into();
    run(&account, &guest, Step::Load).await.unwrap();
    run(&account, &guest, Step::Cleanup).await.unwrap();
    assert_eq!(sql(&account, kind, "SELECT id FROM dm.data").await, ["theirs"]);
    let tables = sql(&account, kind, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'dm'").await;
    assert_eq!(tables, ["data"]);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_told_before_anything_is_put_into_it() {
    let kind = WarehouseKind::Serverless;
    let account = common::account().await;
    let mut guest = guest(kind);
    let refused = run(&account, &guest, Step::Foundation).await.unwrap_err();
    assert!(refused.why.contains("there is no workgroup `analytics`"), "{refused:?}");
    run(&account, &owner(kind), Step::Foundation).await.unwrap();
    attach(&account, kind).await;
    guest.names.secret = "nobodys_login".into();
    let refused = run(&account, &guest, Step::Foundation).await.unwrap_err();
    assert!(refused.why.contains("there is no secret `nobodys_login`"), "{refused:?}");
    guest.names.secret = "analytics_redshift_login".into();
    guest.names.database = "elsewhere".into();
    let refused = run(&account, &guest, Step::Foundation).await.unwrap_err();
    assert_eq!(refused.kind, OpErrorKind::Precondition);
    assert!(refused.what.contains("cannot be opened"), "{refused:?}");
    account.close().await;
}

//! Versions on their way to production and back, batch scoring, retraining: the operations, through the SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use shiftdeck::config::Settings;
use shiftdeck::demo::drift::Change;
use shiftdeck::demo::step::Step;
use shiftdeck::ops::batch::{self, BatchDestination, BatchInput};
use shiftdeck::ops::endpoints::{self, Stage, TrafficSplit};
use shiftdeck::ops::models::{self, ApprovalState, LineageKind};
use shiftdeck::ops::retrain::{self, Arrivals};
use shiftdeck::ops::{OpErrorKind, predict, steps};

use crate::common::{self, TestAccount};

/// Enough for a model that the gate lets pass.
const ROWS: u32 = 6000;

pub fn settings() -> Settings {
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = ROWS;
    settings
}

pub async fn run(account: &TestAccount, settings: &Settings, steps: &[Step]) {
    for step in steps {
        let (context, _events) = account.context(settings);
        steps::run(&context, *step).await.unwrap_or_else(|error| panic!("{step}: {error} ({:?})", error.fix));
    }
}

/// An account with two registered versions; the first is deployed to staging, the second waits for approval.
pub async fn two_versions() -> (TestAccount, Settings) {
    let account = common::account().await;
    let mut settings = settings();
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy]).await;
    settings.mlops.num_round = 20;
    run(&account, &settings, &[Step::Pipeline]).await;
    (account, settings)
}

fn quiet(_: &str) {}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_goes_to_staging_to_production_and_back() {
    let (account, settings) = two_versions().await;
    let (context, _events) = account.context(&settings);
    let versions = models::list(&context).await.unwrap();
    assert_eq!(versions.iter().map(|it| it.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(versions[1].deployed, std::slice::from_ref(&context.scenario.staging_endpoint));
    assert_eq!(versions[0].approval, ApprovalState::PendingManualApproval);

    // Nobody has approved version 2: it goes nowhere, and the newest approved one is version 1.
    let refused = endpoints::deploy(&context, Stage::Staging, Some(2), &mut quiet).await.unwrap_err();
    assert_eq!((refused.kind, refused.why.as_str()), (OpErrorKind::Precondition, "nobody has approved it"));
    let same = endpoints::deploy(&context, Stage::Staging, None, &mut quiet).await.unwrap();
    assert_eq!((same.version, same.changed), (1, false));
    assert!(models::reject(&context, 2, "too few rounds").await.unwrap());
    let refused = endpoints::deploy(&context, Stage::Staging, Some(2), &mut quiet).await.unwrap_err();
    assert_eq!(refused.why, "it was rejected");
    assert_eq!(models::show(&context, 2).await.unwrap().reason.as_deref(), Some("too few rounds"));
    assert!(models::approve(&context, 2, "good enough").await.unwrap());
    assert!(!models::approve(&context, 2, "again").await.unwrap());

    let mut told = Vec::new();
    let deployed = endpoints::deploy(&context, Stage::Staging, None, &mut |sentence: &str| told.push(sentence.to_owned())).await.unwrap();
    assert_eq!((deployed.version, deployed.changed), (2, true));
    assert_eq!(deployed.previous.as_ref().map(|previous| previous.version), Some(1));
    assert!(deployed.smoke.ok && deployed.smoke.rows == ROWS as usize / 10, "{:?}", deployed.smoke);
    let evaluation = models::show(&context, 2).await.unwrap().evaluation.unwrap();
    let accuracy = deployed.smoke.agreeing as f64 / deployed.smoke.rows as f64;
    assert!((accuracy - evaluation.accuracy).abs() < 1e-9, "the endpoint decides as the model did: {accuracy}");
    assert!(told.iter().any(|sentence| sentence.contains("answers until then")), "{told:?}");

    let production = endpoints::promote(&context, None, &mut quiet).await.unwrap();
    assert_eq!((production.version, production.stage, production.previous), (2, Stage::Production, None));
    assert_eq!(predict::deployed(&context).await.unwrap().endpoint, context.scenario.production_endpoint);
    let nothing = endpoints::rollback(&context, Stage::Production, &mut quiet).await.unwrap_err();
    assert_eq!(nothing.kind, OpErrorKind::Precondition);

    // One action back, and the same one forth again.
    let back = endpoints::rollback(&context, Stage::Staging, &mut quiet).await.unwrap();
    assert_eq!((back.version, back.previous.map(|previous| previous.version), back.smoke.ok), (1, Some(2), true));
    let views = endpoints::list(&context).await.unwrap();
    let staging = &views[0];
    assert_eq!((staging.stage, staging.status.as_str()), (Stage::Staging, "InService"));
    assert_eq!((staging.variants[0].version, staging.variants[0].share), (Some(1), 1.0));
    assert_eq!(staging.metrics.as_ref().unwrap().errors, 0);
    assert!(staging.metrics.as_ref().unwrap().invocations >= 2);
    assert!(staging.metrics.as_ref().unwrap().per_variant[0].p99_ms.is_some());
    assert_eq!(views[1].stage, Stage::Production);
    let forth = endpoints::rollback(&context, Stage::Staging, &mut quiet).await.unwrap();
    assert_eq!(forth.version, 2);

    // Side by side: the figures are those of the versions, and the rounds differ.
    let compared = models::compare(&context, 1, 2).await.unwrap();
    let auc = compared.metrics.iter().find(|metric| metric.name == "auc").unwrap();
    assert_eq!(auc.b, Some(evaluation.auc));
    let rounds = compared.settings.iter().find(|setting| setting.name == "num_round").unwrap();
    assert_eq!((rounds.a.as_deref(), rounds.b.as_deref()), (Some("50"), Some("20")));

    // Where it comes from and where it serves.
    let lineage = models::lineage(&context, 2).await.unwrap();
    let kinds: Vec<LineageKind> = lineage.nodes.iter().map(|node| node.kind).collect();
    // The data is checked and prepared, and what was trained is evaluated afterwards.
    let expected = [
        LineageKind::Data,
        LineageKind::Unload,
        LineageKind::Processing,
        LineageKind::Processing,
        LineageKind::Training,
        LineageKind::Model,
        LineageKind::Processing,
        LineageKind::Package,
        LineageKind::Endpoint,
        LineageKind::Endpoint,
    ];
    assert_eq!(kinds, expected);
    let data = &lineage.nodes[0];
    assert_eq!(data.name, "dm.data");
    assert!(data.detail.iter().any(|(name, value)| name == "rows" && value.starts_with("6000 (")), "{:?}", data.detail);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_does_not_answer_as_its_model_did_is_taken_back() {
    let (account, settings) = two_versions().await;
    let (context, _events) = account.context(&settings);
    models::approve(&context, 2, "").await.unwrap();
    // The registry says of version 2 what is not so: its artifact is another model than the one that was evaluated.
    let (one, two) = (models::show(&context, 1).await.unwrap(), models::show(&context, 2).await.unwrap());
    let place =
        |uri: &str| uri.strip_prefix("s3://").unwrap().split_once('/').map(|(bucket, key)| (bucket.to_owned(), key.to_owned())).unwrap();
    let ((bucket, from), (_, to)) = (place(&one.artifact), place(&two.artifact));
    let objects = &context.gateways.objects;
    let other = objects.get(&bucket, &from).await.unwrap().unwrap();
    objects.put(&bucket, &to, other, "application/x-tar", &[]).await.unwrap();
    let error = endpoints::deploy(&context, Stage::Staging, Some(2), &mut quiet).await.unwrap_err();
    assert!(error.what.contains("has not passed the smoke test"), "{error}");
    assert!(error.why.contains("squared error") && error.why.contains("serves `BankDM-staging-v1` again"), "{error}");
    let staging = endpoints::list(&context).await.unwrap().remove(0);
    assert_eq!((staging.config.as_str(), staging.variants[0].version), ("BankDM-staging-v1", Some(1)));
    // A first deployment has nothing to go back to: the endpoint goes.
    let error = endpoints::deploy(&context, Stage::Production, Some(2), &mut quiet).await.unwrap_err();
    assert!(error.why.contains("the new endpoint was removed"), "{error}");
    assert_eq!(endpoints::list(&context).await.unwrap().len(), 1);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traffic_is_shared_by_two_versions_and_the_counts_prove_it() {
    let (account, settings) = two_versions().await;
    let (context, _events) = account.context(&settings);
    models::approve(&context, 2, "").await.unwrap();
    let staging = context.scenario.staging_endpoint.clone();
    let split = |shares: &[(u32, f64)], shadow| TrafficSplit { shares: shares.to_vec(), shadow };
    let view = endpoints::traffic(&context, Stage::Staging, &split(&[(1, 75.0), (2, 25.0)], None), &mut quiet).await.unwrap();
    assert_eq!(
        view.variants.iter().map(|it| (it.name.as_str(), it.version, it.share)).collect::<Vec<_>>(),
        [("v1", Some(1), 0.75), ("v2", Some(2), 0.25)]
    );
    assert_eq!(view.previous.as_ref().map(|previous| previous.version), Some(1));
    let config = view.config;

    let model = predict::at(&context, &staging).await.unwrap();
    let rows: Vec<_> = predict::samples(&context, &model, 3, 1).await.unwrap().into_iter().map(|sample| sample.row).collect();
    let mut answered = std::collections::BTreeMap::new();
    for _ in 0..100 {
        let answer = endpoints::invoke(&context, &staging, None, &rows).await.unwrap();
        assert_eq!(answer.scores.len(), 3);
        *answered.entry(answer.version.unwrap()).or_insert(0_u32) += 1;
    }
    assert!(answered[&1].abs_diff(75) <= 3 && answered[&2].abs_diff(25) <= 3, "{answered:?}");
    let counted = |view: &endpoints::EndpointView, variant: &str| {
        let metrics = view.metrics.clone().unwrap();
        metrics.per_variant.into_iter().find(|it| it.variant == variant).unwrap().invocations
    };
    let view = endpoints::list(&context).await.unwrap().remove(0);
    assert_eq!((counted(&view, "v1"), counted(&view, "v2")), (u64::from(answered[&1]), u64::from(answered[&2])));
    let named = endpoints::invoke(&context, &staging, Some("v2"), &rows).await.unwrap();
    assert_eq!((named.variant.as_deref(), named.version), (Some("v2"), Some(2)));
    // Both variants pass the smoke test, each against its own model's figures.
    let smoke = endpoints::smoke(&context, &staging).await.unwrap();
    assert!(smoke.ok && smoke.rows == ROWS as usize / 5, "{smoke:?}");

    // The same versions with other weights need no other configuration.
    let view = endpoints::traffic(&context, Stage::Staging, &split(&[(1, 1.0), (2, 9.0)], None), &mut quiet).await.unwrap();
    assert_eq!(view.config, config);
    assert!((view.variants[1].share - 0.9).abs() < 1e-6, "{:?}", view.variants);
    // Customers that ask one by one show the split.
    let asked = endpoints::ask_customers(&context, &staging, 100, &mut quiet).await.unwrap();
    assert_eq!(asked.requests, 100);
    assert!(asked.variants["v1"].abs_diff(10) <= 3 && asked.variants["v2"].abs_diff(90) <= 3, "{asked:?}");
    assert!(asked.median_milliseconds > 0.0 && asked.median_milliseconds <= asked.longest_milliseconds, "{asked:?}");

    // A shadow hears every request.
    let view = endpoints::traffic(&context, Stage::Staging, &split(&[(1, 1.0)], Some(2)), &mut quiet).await.unwrap();
    assert_eq!(view.variants.iter().map(|it| (it.name.as_str(), it.shadow)).collect::<Vec<_>>(), [("v1", false), ("shadow-v2", true)]);
    let before = counted(&view, "v1");
    for _ in 0..10 {
        assert_eq!(endpoints::invoke(&context, &staging, None, &rows).await.unwrap().version, Some(1));
    }
    let mut view = endpoints::list(&context).await.unwrap().remove(0);
    for _ in 0..500 {
        if counted(&view, "shadow-v2") == 10 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        view = endpoints::list(&context).await.unwrap().remove(0);
    }
    assert_eq!((counted(&view, "v1") - before, counted(&view, "shadow-v2")), (10, 10));
    assert_eq!(models::list(&context).await.unwrap()[0].deployed, std::slice::from_ref(&staging), "a shadow is deployed too");

    let wrong = endpoints::traffic(&context, Stage::Staging, &split(&[(1, 1.0), (7, 1.0)], None), &mut quiet).await.unwrap_err();
    assert!(wrong.what.contains("no version 7"), "{wrong}");

    // Nothing of it is left after cleanup.
    run(&account, &settings, &[Step::Cleanup]).await;
    assert_eq!(steps::cleanup_plan(&context).await.unwrap(), []);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_scored_into_a_table_and_a_file_into_s3() {
    let account = common::account().await;
    let settings = settings();
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy]).await;
    let (context, _events) = account.context(&settings);
    let into = BatchDestination { table: Some("dm.scores".into()) };
    let table = BatchInput::Table("dm.data".into());
    let done = batch::score(&context, &table, &into, None, &mut quiet).await.unwrap();
    assert_eq!((done.rows, done.version, done.table.as_deref()), (u64::from(ROWS), 1, Some("dm.scores")));
    let client = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    let ask = async |sql: &str| common::warehouse::rows(&client, sql).await;
    let counts = ask(
        "SELECT COUNT(*), SUM(CASE WHEN decision = 'yes' THEN 1 ELSE 0 END), SUM(CASE WHEN y = 'yes' THEN 1 ELSE 0 END) FROM dm.scores",
    )
    .await;
    let truths = ask("SELECT SUM(CASE WHEN y = 'yes' THEN 1 ELSE 0 END) FROM dm.data").await;
    assert_eq!(counts[0][..2], [ROWS.to_string(), done.positives.to_string()]);
    assert_eq!(counts[0][2], truths[0][0], "the true answers came along");
    let mean: f64 = ask("SELECT AVG(score) FROM dm.scores").await[0][0].parse().unwrap();
    assert!((mean - done.mean_score).abs() < 1e-9);
    // The scores are those of the endpoint.
    let model = predict::deployed(&context).await.unwrap();
    let sample = predict::samples(&context, &model, 1, 3).await.unwrap().remove(0);
    let answer = predict::predict(&context, &model, std::slice::from_ref(&sample.row)).await.unwrap()[0].score;
    let text = |name: &str| sample.row[name].as_str().unwrap().to_owned();
    let number = |name: &str| sample.row[name].to_string();
    let same = ask(&format!(
        "SELECT score FROM dm.scores WHERE age = {} AND job = '{}' AND duration = {} AND month = '{}' AND day_of_week = '{}' AND campaign = {}",
        number("age"), text("job"), number("duration"), text("month"), text("day_of_week"), number("campaign")
    ))
    .await;
    assert!(same.iter().any(|row| (row[0].parse::<f64>().unwrap() - answer).abs() < 1e-9), "{answer} is not in {same:?}");

    // A second job replaces the table; a table of something else is not replaced.
    let again = batch::score(&context, &table, &into, None, &mut quiet).await.unwrap();
    assert_eq!(again.positives, done.positives);
    assert_eq!(ask("SELECT COUNT(*) FROM dm.scores").await[0][0], ROWS.to_string());
    let itself = BatchDestination { table: Some("dm.data".into()) };
    assert_eq!(batch::score(&context, &table, &itself, None, &mut quiet).await.unwrap_err().kind, OpErrorKind::Usage);
    let scores = BatchInput::Table("dm.scores".into());
    let error = batch::score(&context, &scores, &itself, None, &mut quiet).await.unwrap_err();
    assert!(error.why.contains("no table of scores"), "{error}");

    // A file that lacks what the model does not look at.
    let file = account.directory.path().join("new.csv");
    let header: Vec<&str> = sample.row.keys().map(String::as_str).filter(|name| *name != "duration").collect();
    let cells: Vec<String> = header
        .iter()
        .map(|name| match &sample.row[*name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect();
    std::fs::write(&file, format!("{}\n{}\n", header.join(";"), cells.join(";"))).unwrap();
    let done = batch::score(&context, &BatchInput::File(file.clone()), &BatchDestination::default(), Some(1), &mut quiet).await.unwrap();
    assert_eq!((done.rows, done.table.clone()), (1, None));
    assert!((done.mean_score - answer).abs() < 1e-9);
    let (bucket, prefix) = done.uri.strip_prefix("s3://").unwrap().split_once('/').unwrap();
    let listed = context.gateways.objects.list(bucket, prefix).await.unwrap();
    let content = context.gateways.objects.get(bucket, &listed[0].key).await.unwrap().unwrap();
    assert!(String::from_utf8(content.to_vec()).unwrap().lines().next().unwrap().ends_with("score,decision"));
    std::fs::write(&file, "age;job\n41;x\n").unwrap();
    let error = batch::score(&context, &BatchInput::File(file), &BatchDestination::default(), None, &mut quiet).await.unwrap_err();
    assert!(error.kind == OpErrorKind::Usage && error.why.contains("no column"), "{error}");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_rows_drift_are_trained_on_and_the_version_can_be_promoted() {
    let account = common::account().await;
    let settings = settings();
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy]).await;
    let (context, _events) = account.context(&settings);
    let arrivals = Arrivals { rows: 3000, seed: 7 };
    let walk = retrain::retrain(&context, arrivals, &mut quiet).await.unwrap();
    assert_eq!((walk.inserted, walk.table_rows, walk.version), (true, u64::from(ROWS) + 3000, Some(2)), "{:?}", walk.refused);
    assert_eq!((walk.drift.rows, walk.drift.version), (3000, 1));
    let psi = |column: &str| walk.drift.columns.iter().find(|it| it.column == column).unwrap();
    assert_eq!(psi("month").change, Change::Large, "{:?}", psi("month"));
    assert_eq!(psi("contact").change, Change::Large, "{:?}", psi("contact"));
    for column in ["marital", "education", "housing", "loan", "day_of_week", "pdays", "previous"] {
        assert_eq!(psi(column).change, Change::Stable, "the rule leaves {column} alone: {:?}", psi(column));
    }
    assert!(walk.drift.columns.windows(2).all(|pair| pair[0].psi >= pair[1].psi));
    assert!(psi("month").table_psi < 0.05, "the table has only the old rows yet: {:?}", psi("month"));
    let comparison = walk.comparison.unwrap();
    assert_eq!((comparison.old, comparison.new), (1, 2));
    assert!(comparison.old_now.is_some() && comparison.new_now.is_some() && comparison.better.is_some());
    assert_eq!(comparison.new_now.unwrap().test_rows, (u64::from(ROWS) + 3000) / 10);

    // The same rows do not arrive twice; a reload brings the table back, and then they do.
    let again = retrain::retrain(&context, arrivals, &mut quiet).await.unwrap();
    assert_eq!((again.inserted, again.table_rows), (false, u64::from(ROWS) + 3000));
    assert!(again.drift.columns.iter().find(|it| it.column == "month").unwrap().table_psi > 0.05, "the table has the new rows now");

    let production = retrain::promote(&context, 2, "better on the new rows", &mut quiet).await.unwrap();
    assert_eq!((production.version, production.stage), (2, Stage::Production));
    assert_eq!(models::show(&context, 2).await.unwrap().reason.as_deref(), Some("better on the new rows"));
    run(&account, &settings, &[Step::Load]).await;
    let loaded = retrain::retrain(&context, arrivals, &mut quiet).await.unwrap();
    assert_eq!((loaded.inserted, loaded.table_rows), (true, u64::from(ROWS) + 3000));
    account.close().await;
}

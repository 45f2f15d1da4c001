//! The nine steps on the embedded account, through the official SDK clients.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use shiftdeck::config::Settings;
use shiftdeck::demo::event::{Event, EventKind};
use shiftdeck::demo::resource::ResourceState;
use shiftdeck::demo::step::Step;
use shiftdeck::ops::steps::{self, StepOutcome, StepState};
use shiftdeck::ops::{OpError, OpErrorKind, checklist, models, pipeline, predict};

use crate::common::{self, TestAccount};

/// Fewer rows than the published set: what is tested here does not depend on how many there are.
const ROWS: u32 = 6000;

/// Every step but cleanup.
const ALL: [Step; 8] =
    [Step::Foundation, Step::Explore, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy, Step::Predict, Step::RedshiftMl];

fn settings() -> Settings {
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = ROWS;
    settings
}

async fn run(account: &TestAccount, settings: &Settings, step: Step) -> (Result<StepOutcome, OpError>, Vec<Event>) {
    let (context, mut events) = account.context(settings);
    let result = steps::run(&context, step).await;
    let mut heard = Vec::new();
    while let Ok(event) = events.try_recv() {
        heard.push(event);
    }
    (result, heard)
}

async fn run_all(account: &TestAccount, settings: &Settings) -> Vec<(Step, StepOutcome, Vec<Event>)> {
    let mut outcomes = Vec::new();
    for step in ALL {
        let (result, events) = run(account, settings, step).await;
        let outcome = result.unwrap_or_else(|error| panic!("{step}: {error} ({:?})", error.fix));
        outcomes.push((step, outcome, events));
    }
    outcomes
}

fn figure(outcomes: &[(Step, StepOutcome, Vec<Event>)], step: Step, name: &str) -> f64 {
    let outcome = &outcomes.iter().find(|(known, ..)| *known == step).unwrap().1;
    outcome.detail.get(name).and_then(Value::as_f64).unwrap_or_else(|| panic!("{step} has no figure {name}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_steps_twice_then_cleanup_twice() {
    let account = common::account().await;
    let settings = settings();
    let first = run_all(&account, &settings).await;

    for step in [Step::Explore, Step::Lake, Step::Load, Step::Pipeline, Step::RedshiftMl] {
        assert_eq!(figure(&first, step, "rows"), f64::from(ROWS), "{step}");
    }
    assert_eq!(figure(&first, Step::Pipeline, "train_rows"), f64::from(ROWS * 7 / 10));
    assert!(figure(&first, Step::Pipeline, "features") > 50.0);
    assert!(figure(&first, Step::Pipeline, "mse") < figure(&first, Step::Pipeline, "base_rate_mse"));
    assert!(figure(&first, Step::Pipeline, "auc") > 0.6);
    assert!(figure(&first, Step::RedshiftMl, "redshift_ml_accuracy") > figure(&first, Step::RedshiftMl, "always_no"));
    for (step, outcome, events) in &first {
        let looked = matches!(step, Step::Predict | Step::Lake);
        assert!(outcome.changed || looked, "{step} made something");
        assert_eq!(events.first().unwrap().event, EventKind::Started);
        let last = events.last().unwrap();
        assert!(matches!(last.event, EventKind::Succeeded | EventKind::Skipped), "{step}");
        assert_eq!(last.detail.get("changed"), Some(&json!(outcome.changed)));
    }

    // A second run changes nothing, and finds the same figures.
    let second = run_all(&account, &settings).await;
    for ((step, before, _), (_, after, events)) in first.iter().zip(&second) {
        assert!(!after.changed, "{step} changed something the second time: {}", after.message);
        let looked = matches!(step, Step::Predict | Step::Explore);
        assert_eq!(events.last().unwrap().event, if looked { EventKind::Succeeded } else { EventKind::Skipped }, "{step}");
        for (name, value) in &before.detail {
            if !["approved_here", "changed", "endpoint"].contains(&name.as_str()) {
                assert_eq!(Some(value), after.detail.get(name), "{step}: {name}");
            }
        }
    }

    // Everything is there, and every step is known to be done.
    let (context, _events) = account.context(&settings);
    let lines = checklist::read(&context).await.unwrap();
    assert!(lines.len() >= 25, "{}", lines.len());
    for line in &lines {
        if line.name != context.scenario.production_endpoint {
            assert_eq!(line.state, ResourceState::Ready, "{}: {}", line.id, line.detail);
        }
        for other in &line.depends_on {
            assert!(lines.iter().any(|line| line.id == *other), "{} depends on {other}, which is not in the list", line.id);
        }
    }
    for (step, state) in steps::from_checklist(&checklist::read(&context).await.unwrap()) {
        let expected_done = step != Step::Cleanup;
        assert_eq!(matches!(state, StepState::Done(_)), expected_done, "{step}: {state:?}");
    }

    // The password is in the secret and in nothing that was told.
    let secret = context.gateways.secrets.value(&context.scenario.secret).await.unwrap().unwrap();
    let login: Value = serde_json::from_str(secret.expose_secret()).unwrap();
    let password = login["password"].as_str().unwrap();
    assert!(password.len() >= 32 && !login["host"].as_str().unwrap().is_empty());
    for (step, _, events) in first.iter().chain(&second) {
        assert!(!serde_json::to_string(events).unwrap().contains(password), "{step} tells the password");
    }

    // The registry has one version, approved by the deployment.
    let versions = models::list(&context).await.unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(versions[0].approval, models::ApprovalState::Approved);
    assert!(versions[0].evaluation.is_some());
    assert_eq!(pipeline::list(&context).await.unwrap().len(), 1);

    // What the containers of endpoints said: of ours, and of one whose name only begins the same.
    let logs = aws_sdk_cloudwatchlogs::Client::new(&account.sdk_config());
    let (ours, other) =
        (format!("/aws/sagemaker/Endpoints/{}", context.scenario.staging_endpoint), "/aws/sagemaker/Endpoints/BankDM-staging-2");
    for group in [&ours, other] {
        logs.create_log_group().log_group_name(group).send().await.unwrap();
    }

    // Cleanup takes what was planned, and a second one finds nothing.
    let planned = steps::cleanup_plan(&context).await.unwrap();
    assert!(planned.len() >= 15, "{planned:?}");
    let (result, _) = run(&account, &settings, Step::Cleanup).await;
    let outcome = result.unwrap_or_else(|error| panic!("{error}"));
    assert!(outcome.changed);
    assert_eq!(steps::cleanup_plan(&context).await.unwrap(), []);
    assert_eq!(context.gateways.logs.groups("/aws/sagemaker/Endpoints/").await.unwrap(), [other]);
    for line in checklist::read(&context).await.unwrap() {
        let kept = line.kind == "Athena workgroup";
        assert!(kept || line.state == ResourceState::Missing, "{} is still {:?}: {}", line.id, line.state, line.detail);
    }
    let (result, events) = run(&account, &settings, Step::Cleanup).await;
    assert!(!result.unwrap().changed);
    assert_eq!(events.last().unwrap().event, EventKind::Skipped);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_comes_too_early_says_what_to_run_first() {
    let account = common::account().await;
    let settings = settings();
    for (step, first) in [
        (Step::Explore, "foundation"),
        (Step::Lake, "foundation"),
        (Step::Load, "foundation"),
        (Step::Pipeline, "foundation"),
        (Step::Deploy, "pipeline"),
        (Step::Predict, "deploy"),
        (Step::RedshiftMl, "load"),
    ] {
        let (result, events) = run(&account, &settings, step).await;
        let error = result.expect_err(step.name());
        assert_eq!(error.kind, OpErrorKind::Precondition, "{step}: {error}");
        assert!(error.fix.as_deref().unwrap_or_default().contains(first), "{step}: {:?}", error.fix);
        assert_eq!(events.last().unwrap().event, EventKind::Failed);
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_file_is_refused_before_anything_is_made() {
    let account = common::account().await;
    let file = account.directory.path().join("bad.csv");
    std::fs::write(&file, "age;job\n1;x\n").unwrap();
    let mut settings = settings();
    settings.data.source = file.display().to_string();
    let (result, _) = run(&account, &settings, Step::Foundation).await;
    assert_eq!(result.unwrap_err().kind, OpErrorKind::Usage);
    let (context, _events) = account.context(&settings);
    assert_eq!(steps::cleanup_plan(&context).await.unwrap(), []);
    account.close().await;
}

/// What the audience sees in the seconds in which the warehouse is made: nothing is in it, rather than five lines with an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_warehouse_that_is_only_being_made_has_nothing_in_it() {
    let account = common::account().await;
    let settings = settings();
    run(&account, &settings, Step::Foundation).await.0.unwrap_or_else(|error| panic!("{error}"));
    let silent = common::answers::without(&account.sdk_config(), "redshift-data");
    let making = common::answers::changed(&silent, |operation, body| match operation {
        "GetWorkgroup" => body.replace("\"AVAILABLE\"", "\"CREATING\""),
        _ => body,
    });
    let inside = ["external-schema/", "schema/", "table/", "sql-model/", "sql-function/"];
    for (config, expected) in [(making, ResourceState::Missing), (silent, ResourceState::Unknown)] {
        let (mut context, _events) = account.context(&settings);
        context.gateways = common::gateways(&config);
        let lines = checklist::read(&context).await.unwrap();
        let states: Vec<_> = lines.iter().filter(|line| inside.iter().any(|kind| line.id.starts_with(kind))).collect();
        assert_eq!(states.len(), inside.len(), "{lines:?}");
        assert!(states.iter().all(|line| line.state == expected), "{expected:?}: {states:?}");
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_step_stops_and_the_next_run_completes_it() {
    let account = common::account().await;
    let settings = settings();
    for step in [Step::Foundation, Step::Explore, Step::Lake, Step::Load, Step::Pipeline] {
        account.cancelled_at_every_word(&settings, 60, async |context| steps::run(context, step).await).await;
        if step == Step::Pipeline {
            let (context, _events) = account.context(&settings);
            let runs = pipeline::list(&context).await.unwrap();
            assert!(runs.iter().all(|run| run.state.is_over()), "{runs:?}");
        }
    }
    let outcomes = run_all(&account, &settings).await;
    assert_eq!(figure(&outcomes, Step::Load, "rows"), f64::from(ROWS));
    account.close().await;
}

/// Asks for a stop that comes too late: the execution was at work when it was looked at, and had ended when the stop arrived.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_an_execution_that_ends_meanwhile_is_no_failure() {
    let account = common::account().await;
    let settings = settings();
    for step in [Step::Foundation, Step::Lake, Step::Load, Step::Pipeline] {
        run(&account, &settings, step).await.0.unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    let (mut context, _events) = account.context(&settings);
    let ended = pipeline::latest(&context).await.unwrap().unwrap();
    assert_eq!(ended.state, pipeline::RunState::Succeeded);

    let asked = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = Arc::clone(&asked);
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let late = common::answers::changed(&account.sdk_config(), move |operation, body| match operation {
        "DescribePipelineExecution" if looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 => {
            assert!(body.contains("\"Succeeded\""), "{body}");
            body.replace("\"Succeeded\"", "\"Executing\"")
        }
        "StopPipelineExecution" => {
            assert!(body.contains("cannot be stopped"), "{body}");
            seen.store(true, std::sync::atomic::Ordering::SeqCst);
            body
        }
        _ => body,
    });
    context.gateways = common::gateways(&late);
    pipeline::stop(&context, &ended.arn).await.unwrap();
    assert!(asked.load(std::sync::atomic::Ordering::SeqCst), "the service was asked");
    assert_eq!(pipeline::latest(&context).await.unwrap().unwrap().state, pipeline::RunState::Succeeded);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn predictions_recognise_the_rows_of_training() {
    let account = common::account().await;
    let settings = settings();
    for step in [Step::Foundation, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy] {
        let (result, _) = run(&account, &settings, step).await;
        result.unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    let (context, _events) = account.context(&settings);
    let model = predict::deployed(&context).await.unwrap();
    let samples = predict::samples(&context, &model, 20, 7).await.unwrap();
    assert_eq!(samples, predict::samples(&context, &model, 20, 7).await.unwrap());
    assert_ne!(samples, predict::samples(&context, &model, 20, 8).await.unwrap());
    let rows: Vec<_> = samples.iter().map(|sample| sample.row.clone()).collect();
    let answers = predict::predict(&context, &model, &rows).await.unwrap();
    assert_eq!(answers.len(), 20);
    assert!(answers.iter().all(|answer| (0.0..=1.0).contains(&answer.score)));
    let recognised = predict::recognise(&context, &model, rows.clone()).await.unwrap();
    assert!(recognised.iter().all(|sample| sample.seen.is_some()), "rows of the data are recognised");
    let mut unknown = rows[0].clone();
    unknown.insert("age".to_owned(), json!(123_456));
    let recognised = predict::recognise(&context, &model, vec![unknown.clone()]).await.unwrap();
    assert_eq!((recognised[0].seen, recognised[0].actual.clone()), (None, None));
    unknown.insert("job".to_owned(), json!("astronaut"));
    let refused = predict::predict(&context, &model, &[unknown]).await.unwrap_err();
    assert_eq!(refused.kind, OpErrorKind::Usage);
    assert!(refused.why.contains("astronaut"), "{refused}");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_is_too_weak_is_refused_with_its_figures() {
    let account = common::account().await;
    let mut settings = settings();
    settings.mlops.auc_floor = 0.999;
    for step in [Step::Foundation, Step::Lake, Step::Load] {
        let (result, _) = run(&account, &settings, step).await;
        result.unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    let (result, _) = run(&account, &settings, Step::Pipeline).await;
    let error = result.unwrap_err();
    assert!(error.what.contains("not good enough") && error.why.contains("AUC"), "{error}");
    let (context, _events) = account.context(&settings);
    assert_eq!(models::list(&context).await.unwrap(), []);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provisioned_warehouse_carries_the_data_too() {
    let account = common::account().await;
    let mut settings = settings();
    settings.warehouse.kind = shiftdeck::config::settings::WarehouseKind::Provisioned;
    for step in [Step::Foundation, Step::Lake, Step::Load] {
        let (result, _) = run(&account, &settings, step).await;
        let outcome = result.unwrap_or_else(|error| panic!("{step}: {error}"));
        assert!(outcome.changed);
    }
    let (result, _) = run(&account, &settings, Step::Cleanup).await;
    result.unwrap_or_else(|error| panic!("{error}"));
    let (context, _events) = account.context(&settings);
    assert_eq!(steps::cleanup_plan(&context).await.unwrap(), []);
    account.close().await;
}

//! The operations on the pipeline, on an embedded account with the whole demonstration in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use shiftdeck::config::Settings;
use shiftdeck::demo::event::Event;
use shiftdeck::demo::pipeline_definition::step;
use shiftdeck::demo::step::Step;
use shiftdeck::ops::pipeline::{self, RunState, Side, StartOptions, curve, graph};
use shiftdeck::ops::{Context, OpErrorKind, models, steps};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::common::{self, TestAccount, warehouse};

fn settings() -> Settings {
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = 5000;
    settings.mlops.num_round = 15;
    settings
}

/// An account whose pipeline has run once.
async fn trained(settings: &Settings) -> (TestAccount, Context, UnboundedReceiver<Event>) {
    let account = common::account().await;
    let (context, events) = account.context(settings);
    for step in [Step::Foundation, Step::Lake, Step::Load, Step::Pipeline] {
        steps::run(&context, step).await.unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    (account, context, events)
}

async fn run(context: &Context, options: &StartOptions) -> pipeline::PipelineRun {
    let arn = pipeline::start(context, options).await.unwrap();
    pipeline::watch(context, &arn, &mut |_| {}).await.unwrap()
}

fn with(name: &str, value: &str) -> StartOptions {
    StartOptions { parameters: vec![(name.to_owned(), value.to_owned())], ..StartOptions::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_can_be_looked_into_step_by_step() {
    let (account, context, _events) = trained(&settings()).await;
    let run = pipeline::latest(&context).await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Succeeded);
    assert!(run.parameters.iter().any(|(name, value)| name == "TrainingInstanceType" && value == "ml.m5.xlarge"), "{:?}", run.parameters);
    assert_eq!(run.definition_digest.as_ref().unwrap().len(), 64);
    assert_eq!(graph::levels(&run.steps), [vec![0], vec![1, 2], vec![3], vec![4], vec![5], vec![6, 7]]);
    assert!(run.steps.iter().all(|step| !step.description.is_empty()));
    let job = |name: &str| run.steps.iter().find(|step| step.name == name).unwrap().job.clone().unwrap();
    assert!(job(step::TRAIN).contains(":training-job/pipelines-"));

    let detail = async |name: &str| pipeline::step_detail(&context, &run.arn, name).await.unwrap();
    let prepared = detail(step::PREPROCESS).await;
    let names = |artifacts: &[pipeline::Artifact]| artifacts.iter().map(|artifact| artifact.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&prepared.inputs), ["unload", "code"]);
    assert_eq!(names(&prepared.outputs), ["train", "validation", "test", "schema", "rows"]);
    assert!(prepared.outputs.iter().all(|artifact| artifact.bytes > 100 && !artifact.objects.is_empty()), "{prepared:?}");
    assert_eq!((prepared.instance.as_deref(), prepared.instances), (Some("ml.m5.xlarge"), 1));
    assert!(prepared.image.as_ref().unwrap().contains("scikit-learn"));
    assert!(prepared.cost_usd.is_some_and(|cost| cost < 0.01), "{:?}", prepared.cost_usd);
    assert!(prepared.parameters.contains(&("drop".to_owned(), "duration".to_owned())), "{:?}", prepared.parameters);

    // Rows: packed with a header, of a split without one, of a document.
    let unload = pipeline::peek(&context, &prepared.inputs[0].uri, 5).await.unwrap();
    assert_eq!((unload.columns[0].as_str(), unload.columns.len(), unload.rows.len(), unload.truncated), ("age", 21, 5, true));
    let train = pipeline::peek(&context, &prepared.outputs[0].uri, 3).await.unwrap();
    assert_eq!((train.columns[0].as_str(), train.columns[1].as_str(), train.rows.len()), ("y", "age", 3));
    let schema = pipeline::peek(&context, &prepared.outputs[3].uri, 4).await.unwrap();
    assert_eq!(schema.columns, ["path", "value"]);
    assert!(pipeline::peek(&context, &format!("s3://{}/nothing", context.scenario.bucket), 3).await.is_err());

    // The learning curve from the log, and nothing more behind it.
    let training = detail(step::TRAIN).await;
    assert!(training.parameters.contains(&("num_round".to_owned(), "15".to_owned())));
    let source = training.log.unwrap();
    let page = pipeline::log_lines(&context, &source, None).await.unwrap();
    let curve = curve::of_lines(&page.lines).unwrap();
    assert_eq!((curve.metric.as_str(), curve.points.len()), ("logloss", 15));
    assert!(curve.points[14].train < curve.points[0].train && curve.points[14].validation.is_some());
    assert!(pipeline::log_lines(&context, &source, page.next).await.unwrap().lines.is_empty());
    let function = detail(step::UNLOAD).await;
    let page = pipeline::log_lines(&context, function.log.as_ref().unwrap(), None).await.unwrap();
    assert!(page.lines.iter().any(|line| line.text.starts_with("REPORT RequestId: ")), "{:?}", page.lines);
    assert!(function.outputs[0].bytes > 1000, "the unload: {function:?}");
    let gate = detail(step::GATE).await;
    assert!(gate.parameters.iter().any(|(_, value)| value.contains("champion.auc_change.value ≥ -0.01")), "{:?}", gate.parameters);
    let refused = detail(step::REFUSED).await;
    assert!(refused.log.is_none() && refused.reason.is_none(), "it did not run");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_are_started_with_parameters_taken_from_the_cache_and_compared() {
    let (account, context, _events) = trained(&settings()).await;
    let first = pipeline::latest(&context).await.unwrap().unwrap();
    let cached = run(&context, &with("ModelApprovalStatus", "Rejected")).await;
    assert_eq!(cached.state, RunState::Succeeded);
    let from_cache: Vec<&str> = cached.steps.iter().filter(|step| step.cached).map(|step| step.name.as_str()).collect();
    assert_eq!(from_cache, [step::QUALITY, step::PREPROCESS, step::TRAIN, step::EVALUATE]);
    let train = cached.steps.iter().find(|step| step.name == step::TRAIN).unwrap();
    assert!(train.expected.is_some_and(|expected| !expected.is_zero()), "it took some time before");
    let fresh = run(&context, &StartOptions { cache: false, name: Some("without-cache".into()), ..StartOptions::default() }).await;
    assert!(fresh.steps.iter().all(|step| !step.cached));
    assert_eq!(fresh.name, "without-cache");
    assert_eq!(pipeline::find(&context, Some("without-cache")).await.unwrap(), fresh.arn);
    assert_eq!(pipeline::find(&context, Some(cached.id())).await.unwrap(), cached.arn);
    assert_eq!(pipeline::find(&context, None).await.unwrap(), fresh.arn);
    assert_eq!(pipeline::find(&context, Some("nobody")).await.unwrap_err().kind, OpErrorKind::Usage);
    let wrong = pipeline::start(&context, &with("Colour", "red")).await.unwrap_err();
    assert!(wrong.why.contains("`Colour` is no parameter") && wrong.fix.unwrap().contains("TrainingInstanceType"));

    // Another setting: the definition differs by it, and the run by its figures.
    let mut shallow = settings();
    shallow.mlops.max_depth = 1;
    let (other, _more) = account.context(&shallow);
    let state = pipeline::definition_state(&other).await.unwrap();
    assert_ne!(Some(&state.local_digest), state.deployed_digest.as_ref());
    let paths: Vec<&str> = state.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["Steps[Step-Train].Arguments.HyperParameters.max_depth"]);
    steps::run(&other, Step::Pipeline).await.unwrap();
    assert!(pipeline::definition_state(&other).await.unwrap().changes.is_empty());
    let last = pipeline::latest(&other).await.unwrap().unwrap();
    let comparison = pipeline::compare(&other, &first.arn, &last.arn).await.unwrap();
    let auc = comparison.metrics.iter().find(|metric| metric.name == "auc").unwrap();
    assert_eq!(auc.better, Some(if auc.a > auc.b { Side::A } else { Side::B }));
    let depth = comparison.settings.iter().find(|change| change.name == "max_depth").unwrap();
    assert_eq!((depth.a.as_deref(), depth.b.as_deref()), (Some("6"), Some("1")));
    let fact = |name: &str| comparison.data.iter().find(|change| change.name == name).unwrap();
    assert_eq!((fact("rows").a.as_deref(), fact("rows").b.as_deref()), (Some("5000"), Some("5000")));
    assert_eq!(fact("digest").a, fact("digest").b, "the same table has the same digest");
    let most = &comparison.importance[0];
    assert!(most.a.is_some() && most.b.is_some(), "{most:?}");

    let history = pipeline::history(&other, 10).await.unwrap();
    assert_eq!(history.len(), 4);
    assert_eq!(history.iter().map(|summary| summary.registered).collect::<Vec<_>>(), [Some(4), Some(3), Some(2), Some(1)]);
    let evaluation = history[3].evaluation.as_ref().unwrap();
    assert_eq!((evaluation.test_rows, evaluation.calibration.len()), (500, 10));
    assert!(evaluation.segments.iter().any(|segment| segment.column == "job" && segment.value == "student"), "{:?}", evaluation.segments);
    assert!(evaluation.champion.is_none() && evaluation.log_loss > 0.0 && evaluation.lift_top_decile > 1.0);
    assert!(history.iter().all(|summary| summary.seconds.is_some_and(|seconds| seconds >= 0.0)));
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approved_model_is_what_the_next_is_compared_with() {
    let (account, context, _events) = trained(&settings()).await;
    models::decide(&context, 1, models::ApprovalState::Approved, "good").await.unwrap();
    let again = run(&context, &StartOptions { cache: false, ..StartOptions::default() }).await;
    assert_eq!(again.state, RunState::Succeeded, "the same model is not worse than itself: {again:?}");
    let summary = pipeline::summary(&context, &again.arn).await.unwrap();
    let champion = summary.evaluation.unwrap().champion.unwrap();
    assert_eq!((champion.version, champion.auc_change), (1, 0.0));

    // New rows of another kind: drift is found against the approved model's data, in the table and not in a file.
    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    warehouse::succeed(&data, "UPDATE dm.data SET age = 88 WHERE job IN ('admin.', 'blue-collar', 'technician')").await;
    let drifted = run(&context, &StartOptions::default()).await;
    assert_eq!(drifted.state, RunState::Failed);
    let check = drifted.steps.iter().find(|step| step.name == step::QUALITY).unwrap();
    assert!(check.message.contains("against model version 1: drift of `age`: stability index"), "{}", check.message);
    let detail = pipeline::step_detail(&context, &drifted.arn, step::QUALITY).await.unwrap();
    assert_eq!(detail.reason.as_ref(), Some(&check.message));
    let report = pipeline::peek(&context, &detail.outputs[0].uri, 500).await.unwrap();
    assert!(report.rows.iter().any(|row| row[1] == "drift"), "the report is there");
    // Mended, the same run goes on with what it had not done. What has succeeded (the unload) is not done again.
    let retried = pipeline::retry(&context, &drifted.arn).await;
    assert!(retried.is_ok());
    let ended = pipeline::watch(&context, &drifted.arn, &mut |_| {}).await.unwrap();
    assert_eq!(ended.state, RunState::Failed, "the unload is still that of the drifted table");
    let refused = pipeline::retry(&context, &again.arn).await.unwrap_err();
    assert_eq!(refused.kind, OpErrorKind::Precondition);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_can_refuse_the_data() {
    let account = common::account().await;
    let mut strict = settings();
    strict.mlops.quality.max_target_rate = 0.05;
    let (context, _events) = account.context(&strict);
    for step in [Step::Foundation, Step::Lake, Step::Load] {
        steps::run(&context, step).await.unwrap();
    }
    let error = steps::run(&context, Step::Pipeline).await.unwrap_err();
    assert!(error.what.contains("the data are not good enough to train on"), "{error}");
    assert!(error.why.contains("target_rate of `y`") && error.fix.unwrap().contains("[mlops.quality]"), "{}", error.why);
    assert_eq!(models::list(&context).await.unwrap(), []);
    // With the line where it belongs, the step goes through.
    let (context, _more) = account.context(&settings());
    steps::run(&context, Step::Pipeline).await.unwrap();

    // Cleanup takes the log of the function and of the jobs with it.
    steps::run(&context, Step::Cleanup).await.unwrap();
    let logs = aws_sdk_cloudwatchlogs::Client::new(&account.sdk_config());
    let groups = logs.describe_log_groups().send().await.unwrap();
    let left: Vec<&str> = groups.log_groups().iter().map(|group| group.log_group_name().unwrap()).collect();
    assert_eq!(left, [] as [&str; 0]);
    account.close().await;
}

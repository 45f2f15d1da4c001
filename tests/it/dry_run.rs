//! Dry runs: what they tell is what the command then does, what would stop it is what stops it, and they change nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use shiftdeck::config::Settings;
use shiftdeck::demo::pipeline_definition::{parameter, step};
use shiftdeck::demo::policies::DemoRole;
use shiftdeck::demo::step::Step;
use shiftdeck::local::{self, pace::Pace};
use shiftdeck::ops::batch::{self, BatchDestination, BatchInput};
use shiftdeck::ops::endpoints::{self, Approach, EndpointPlan, EndpointView, Stage, TrafficSplit};
use shiftdeck::ops::models::{self, ApprovalState};
use shiftdeck::ops::pipeline::{self, ParameterOrigin, PipelineRun, RunState, StartOptions, StartPlan, StopNeed};
use shiftdeck::ops::plan::{Action, Planned};
use shiftdeck::ops::project::{self, Decision};
use shiftdeck::ops::retrain::{self, Arrivals};
use shiftdeck::ops::{Context, OpError, OpErrorKind, Outlook, inventory};

use crate::common::watched::Watched;
use crate::common::{self, warehouse};
use crate::deployment::{run, settings, two_versions};

fn quiet(_: &str) {}

fn clear<P>(outlook: Result<Outlook<P>, OpError>) -> P {
    outlook.unwrap().clear().unwrap()
}

/// Everything that is in the way, also what leaves nothing to tell.
fn in_the_way<P>(outlook: Result<Outlook<P>, OpError>) -> Vec<OpError> {
    match outlook {
        Ok(outlook) => outlook.obstacles,
        Err(error) => vec![error],
    }
}

fn actions(resources: &[Planned]) -> Vec<(&str, Action)> {
    resources.iter().map(|resource| (resource.kind.as_str(), resource.action)).collect()
}

/// Variants as both a plan and an endpoint have them.
fn told_after(plan: &EndpointPlan) -> Vec<(String, Option<u32>, String, bool, String)> {
    let share = |share: f64| format!("{share:.4}");
    plan.after.iter().map(|it| (it.variant.clone(), it.version, share(it.share), it.shadow, it.instance.clone())).collect()
}

fn served(view: &EndpointView) -> Vec<(String, Option<u32>, String, bool, String)> {
    let share = |share: f64| format!("{share:.4}");
    view.variants.iter().map(|it| (it.name.clone(), it.version, share(it.share), it.shadow, it.instance.clone())).collect()
}

async fn endpoint(context: &Context, stage: Stage) -> Option<EndpointView> {
    endpoints::list(context).await.unwrap().into_iter().find(|view| view.stage == stage)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_comes_to_serve_what_was_told() {
    let (account, mut settings) = two_versions().await;
    settings.local.state_dir = Some(account.directory.path().to_owned());
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    let free = watched.dry(async |context| endpoints::plan_deploy(context, Stage::Staging, None).await).await;
    let kept = clear(free);
    assert_eq!((kept.version, kept.approach, kept.changed, kept.seconds.is_some()), (Some(1), Approach::Keep, false, false));
    assert!(!endpoints::deploy(&context, Stage::Staging, None, &mut quiet).await.unwrap().changed);

    models::approve(&context, 2, "good enough").await.unwrap();
    let plan = clear(watched.dry(async |context| endpoints::plan_deploy(context, Stage::Staging, None).await).await);
    assert_eq!((plan.version, plan.chosen, plan.approach), (Some(2), Some("the newest approved one"), Approach::Switch));
    assert_eq!(actions(&plan.resources), [("Model", Action::Create), ("Endpoint config", Action::Create), ("Endpoint", Action::Change)]);
    assert_eq!(plan.now.iter().map(|served| served.version).collect::<Vec<_>>(), [Some(1)]);
    assert!(plan.usd_per_hour.is_some() && plan.usd_per_hour == plan.usd_per_hour_now, "{plan:?}");
    let done = endpoints::deploy(&context, Stage::Staging, None, &mut quiet).await.unwrap();
    assert_eq!(
        (Some(done.version), &done.config, done.changed, &done.previous),
        (plan.version, &plan.config, plan.changed, &plan.previous)
    );
    let smoke = plan.smoke.as_ref().unwrap();
    assert_eq!(smoke.rows, done.smoke.rows);
    assert!((smoke.accuracy.unwrap() - done.smoke.agreeing as f64 / done.smoke.rows as f64).abs() < 1e-9);
    assert_eq!(told_after(&plan), served(&endpoint(&context, Stage::Staging).await.unwrap()));
    for resource in &plan.resources[..2] {
        let named = match resource.kind.as_str() {
            "Model" => context.gateways.endpoints.model(&resource.name).await.unwrap().is_some(),
            _ => context.gateways.endpoints.variants(&resource.name).await.unwrap().is_some(),
        };
        assert!(named, "{resource:?}");
    }

    // Production is made; what staging serves goes there.
    let plan = clear(watched.dry(async |context| endpoints::plan_promote(context, None).await).await);
    assert_eq!((plan.version, plan.chosen, plan.approach), (Some(2), Some("what staging serves"), Approach::Create));
    assert_eq!(actions(&plan.resources), [("Model", Action::Keep), ("Endpoint config", Action::Create), ("Endpoint", Action::Create)]);
    assert!(plan.now.is_empty() && plan.previous.is_none() && plan.status.is_none());
    let nothing = watched.dry(async |context| endpoints::plan_rollback(context, Stage::Production).await).await;
    assert_eq!(in_the_way(nothing), [endpoints::rollback(&context, Stage::Production, &mut quiet).await.unwrap_err()]);
    let done = endpoints::promote(&context, None, &mut quiet).await.unwrap();
    assert_eq!(
        (Some(done.version), &done.config, done.changed, &done.previous),
        (plan.version, &plan.config, plan.changed, &plan.previous)
    );
    assert_eq!(told_after(&plan), served(&endpoint(&context, Stage::Production).await.unwrap()));

    // Back, and it is known now how long a change takes.
    let plan = clear(watched.dry(async |context| endpoints::plan_rollback(context, Stage::Staging).await).await);
    assert_eq!((plan.version, plan.approach, plan.seconds.is_some()), (Some(1), Approach::Switch, true));
    let done = endpoints::rollback(&context, Stage::Staging, &mut quiet).await.unwrap();
    assert_eq!((Some(done.version), &done.config, &done.previous), (plan.version, &plan.config, &plan.previous));
    assert_eq!(plan.smoke.as_ref().map(|smoke| smoke.rows), Some(done.smoke.rows));
    assert_eq!(told_after(&plan), served(&endpoint(&context, Stage::Staging).await.unwrap()));

    // Splits: a new configuration, other weights, a shadow.
    let splits = [(vec![(1, 75.0), (2, 25.0)], None), (vec![(1, 1.0), (2, 3.0)], None), (vec![(1, 1.0)], Some(2))];
    let ways = [Approach::Switch, Approach::Reweigh, Approach::Switch];
    for ((shares, shadow), way) in splits.into_iter().zip(ways) {
        let split = TrafficSplit { shares, shadow };
        let plan = clear(watched.dry(async |context| endpoints::plan_traffic(context, Stage::Staging, &split).await).await);
        assert_eq!(plan.approach, way, "{split:?}");
        let view = endpoints::traffic(&context, Stage::Staging, &split, &mut quiet).await.unwrap();
        assert_eq!((told_after(&plan), &plan.config, &plan.previous), (served(&view), &view.config, &view.previous), "{split:?}");
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stops_a_deployment_is_told_before() {
    let (account, settings) = two_versions().await;
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    for version in [2, 7] {
        let told = watched.dry(async |context| endpoints::plan_deploy(context, Stage::Staging, Some(version)).await).await;
        let met = endpoints::deploy(&context, Stage::Staging, Some(version), &mut quiet).await.unwrap_err();
        assert_eq!(in_the_way(told), [met]);
    }
    // What is served is told although the version may not be.
    let unapproved = endpoints::plan_deploy(&context, Stage::Staging, Some(2)).await.unwrap();
    assert_eq!(unapproved.plan.now.iter().map(|served| served.version).collect::<Vec<_>>(), [Some(1)]);
    let wrong = TrafficSplit { shares: vec![(1, 1.0), (2, 1.0)], shadow: None };
    let told = watched.dry(async |context| endpoints::plan_traffic(context, Stage::Staging, &wrong).await).await;
    assert_eq!(in_the_way(told)[0], endpoints::traffic(&context, Stage::Staging, &wrong, &mut quiet).await.unwrap_err());

    // Two things at once: nobody has approved the version, and its model's name is somebody else's.
    let package = models::show(&context, 1).await.unwrap().arn;
    let role = format!("arn:aws:iam::{}:role/{}", local::ACCOUNT_ID, DemoRole::SageMaker.name(&context.scenario));
    context.gateways.endpoints.create_model("BankDM-v2", &package, &role, &BTreeMap::new()).await.unwrap();
    let told = watched.dry(async |context| endpoints::plan_deploy(context, Stage::Staging, Some(2)).await).await;
    let told = in_the_way(told);
    assert_eq!(told.iter().map(|obstacle| obstacle.kind).collect::<Vec<_>>(), [OpErrorKind::Precondition, OpErrorKind::Failed]);
    models::approve(&context, 2, "").await.unwrap();
    let met = endpoints::deploy(&context, Stage::Staging, Some(2), &mut quiet).await.unwrap_err();
    assert_eq!(told[1], met);
    assert!(met.what.contains("will not touch the model"), "{met}");
    let scored = batch::score(&context, &BatchInput::Table("dm.data".into()), &BatchDestination::default(), Some(2), &mut quiet).await;
    assert_eq!(scored.unwrap_err(), met, "scoring needs the same model");
    assert!(context.gateways.endpoints.delete_model("BankDM-v2").await.unwrap());

    // An endpoint that is changing is waited for, by both.
    endpoints::deploy(&context, Stage::Staging, Some(2), &mut quiet).await.unwrap();
    drop((watched, context));
    let account = account.reopen_at(Pace::Live).await;
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    let staging = context.scenario.staging_endpoint.clone();
    context.gateways.endpoints.update(&staging, "BankDM-staging-v1").await.unwrap();
    let plan = clear(watched.dry(async |context| endpoints::plan_deploy(context, Stage::Staging, Some(2)).await).await);
    assert_eq!((plan.approach, plan.status.as_deref()), (Approach::Wait, Some("Updating")));
    let done = endpoints::deploy(&context, Stage::Staging, Some(2), &mut quiet).await.unwrap();
    assert_eq!((done.version, told_after(&plan)), (2, served(&endpoint(&context, Stage::Staging).await.unwrap())));
    account.close().await;
}

/// A smaller model than that of the deployments, which is trained several times.
fn small() -> Settings {
    let mut settings = settings();
    settings.data.sample_rows = 5000;
    settings.mlops.num_round = 15;
    settings
}

/// The execution that each step of a plan takes over, by step.
fn predicted(plan: &StartPlan) -> BTreeMap<String, String> {
    plan.forecast.steps.iter().filter_map(|step| Some((step.name.clone(), step.cached_from.clone()?))).collect()
}

/// The execution that each step has taken over, by step.
async fn taken_over(context: &Context, arn: &str) -> BTreeMap<String, String> {
    let steps = context.gateways.pipelines.steps(arn).await.unwrap();
    steps.into_iter().filter_map(|step| Some((step.name, step.cached_from?))).collect()
}

/// Starts what was told, and compares.
async fn start_as_told(context: &Context, options: &StartOptions, plan: &StartPlan) -> PipelineRun {
    let arn = pipeline::start(context, options).await.unwrap();
    let run = pipeline::watch(context, &arn, &mut |_| {}).await.unwrap();
    assert_eq!(taken_over(context, &arn).await, predicted(plan));
    for planned in &plan.parameters {
        let value = run.parameters.iter().find(|(name, _)| *name == planned.name).map(|(_, value)| value.clone());
        match &planned.value {
            Some(told) => assert_eq!(value.as_ref(), Some(told), "{planned:?}"),
            None => assert!(value.is_some_and(|value| value != "shared"), "{planned:?}"),
        }
    }
    assert_eq!(run.definition_digest.as_ref(), Some(&plan.definition_digest));
    for key in &plan.writes {
        assert!(context.gateways.objects.info(&context.scenario.bucket, key).await.unwrap().is_some(), "{key}");
    }
    let ran: BTreeSet<&str> = run.steps.iter().filter(|step| step.state != RunState::Skipped).map(|step| step.name.as_str()).collect();
    let told = plan.forecast.steps.iter().filter(|step| step.branch.is_none()).map(|step| step.name.as_str());
    assert!(told.collect::<BTreeSet<_>>().is_subset(&ran) || run.state != RunState::Succeeded, "{run:?}");
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_execution_is_started_with_what_was_told_and_takes_over_what_was_told() {
    let account = common::account().await;
    let settings = small();
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load]).await;
    let options = StartOptions::default();
    let missing = watched.dry(async |context| pipeline::plan_start(context, &options).await).await;
    assert_eq!(in_the_way(missing), [pipeline::start(&context, &options).await.unwrap_err()]);
    run(&account, &settings, &[Step::Pipeline]).await;

    // The same table and settings: every step that can be is taken over.
    let rejected = StartOptions { parameters: vec![("ModelApprovalStatus".into(), "Rejected".into())], ..StartOptions::default() };
    let plan = clear(watched.dry(async |context| pipeline::plan_start(context, &rejected).await).await);
    let cached: Vec<String> = predicted(&plan).into_keys().collect();
    assert_eq!(cached, [step::QUALITY, step::EVALUATE, step::PREPROCESS, step::TRAIN]);
    let origin = |name: &str| plan.parameters.iter().find(|parameter| parameter.name == name).unwrap().origin;
    let origins = ["ModelApprovalStatus", "TrainingInstanceType", parameter::CHAMPION].map(origin);
    assert_eq!(origins, [ParameterOrigin::Given, ParameterOrigin::Default, ParameterOrigin::Program]);
    assert_eq!((plan.outdated.as_deref(), plan.forecast.usd, plan.unknown.len()), (Some(&[][..]), Some(0.0), 0));
    assert!(plan.forecast.seconds.is_some() && plan.at_work.is_empty() && plan.writes.is_empty(), "{plan:?}");
    start_as_told(&context, &rejected, &plan).await;

    // Without the cache, all of it runs and costs.
    let fresh = StartOptions { cache: false, ..StartOptions::default() };
    let plan = clear(watched.dry(async |context| pipeline::plan_start(context, &fresh).await).await);
    assert!(predicted(&plan).is_empty() && plan.forecast.usd.is_some_and(|usd| usd > 0.0), "{plan:?}");
    start_as_told(&context, &fresh, &plan).await;

    // An approved model is what the next is compared with: two documents are written, and what reads them runs.
    models::approve(&context, 1, "good").await.unwrap();
    let plan = clear(watched.dry(async |context| pipeline::plan_start(context, &options).await).await);
    assert_eq!(plan.writes.len(), 2, "{:?}", plan.writes);
    assert_eq!(predicted(&plan).into_keys().collect::<Vec<_>>(), [step::PREPROCESS, step::TRAIN]);
    start_as_told(&context, &options, &plan).await;
    let again = clear(watched.dry(async |context| pipeline::plan_start(context, &options).await).await);
    assert_eq!((again.writes.len(), predicted(&again).len()), (0, 4));

    // Another table: nothing is taken over. Back to the one before: what was found for it is.
    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    warehouse::succeed(&data, "UPDATE dm.data SET campaign = campaign + 1 WHERE age = 30").await;
    let plan = clear(watched.dry(async |context| pipeline::plan_start(context, &options).await).await);
    assert!(predicted(&plan).is_empty(), "{plan:?}");
    start_as_told(&context, &options, &plan).await;
    warehouse::succeed(&data, "UPDATE dm.data SET campaign = campaign - 1 WHERE age = 30").await;
    let plan = clear(watched.dry(async |context| pipeline::plan_start(context, &options).await).await);
    assert_eq!(predicted(&plan).len(), 4, "{plan:?}");
    start_as_told(&context, &options, &plan).await;

    // Other settings: the definition that is deployed is told to be an older one.
    let mut shallow = small();
    shallow.mlops.max_depth = 1;
    let mut other = Watched::of(&account, &shallow);
    let plan = clear(other.dry(async |context| pipeline::plan_start(context, &options).await).await);
    let changes: Vec<String> = plan.outdated.unwrap().into_iter().map(|change| change.path).collect();
    assert_eq!(changes, ["Steps[Step-Train].Arguments.HyperParameters.max_depth"]);

    // What stops a start is told, and is what stops it.
    for (name, value) in [("Colour", "red"), ("ModelApprovalStatus", "Maybe"), ("ProcessingInstanceCount", "two")] {
        let wrong = StartOptions { parameters: vec![(name.into(), value.into())], ..StartOptions::default() };
        let told = in_the_way(watched.dry(async |context| pipeline::plan_start(context, &wrong).await).await);
        let met = pipeline::start(&context, &wrong).await.unwrap_err();
        assert_eq!((told, met.kind), (vec![met.clone()], OpErrorKind::Usage), "{name}");
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_execution_is_stopped_and_retried_from_where_it_was_told() {
    let account = common::account().await;
    let settings = small();
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load, Step::Pipeline]).await;
    let account = account.reopen_at(Pace::Live).await;
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    let arn = pipeline::start(&context, &StartOptions { cache: false, ..StartOptions::default() }).await.unwrap();
    let plan = clear(watched.dry(async |context| pipeline::plan_stop(context, &arn).await).await);
    assert_eq!((plan.arn.as_str(), plan.need, plan.state), (arn.as_str(), StopNeed::Stop, RunState::Running));
    let refused = in_the_way(watched.dry(async |context| pipeline::plan_retry(context, &arn).await).await);
    assert_eq!(refused, [pipeline::retry(&context, &arn).await.unwrap_err()], "it is still at work");
    pipeline::stop(&context, &arn).await.unwrap();
    let stopped = pipeline::describe(&context, &arn).await.unwrap();
    assert_eq!(stopped.state, RunState::Stopped);
    let done = |run: &PipelineRun, name: &str| run.steps.iter().any(|step| step.name == name && step.state == RunState::Succeeded);
    assert!(plan.done.iter().all(|name| done(&stopped, name)), "what was done stays: {plan:?}");
    let over = clear(watched.dry(async |context| pipeline::plan_stop(context, &arn).await).await);
    assert_eq!(over.need, StopNeed::Nothing);
    pipeline::stop(&context, &arn).await.unwrap();
    drop((watched, context));

    let account = account.reopen().await;
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    let plan = clear(watched.dry(async |context| pipeline::plan_retry(context, &arn).await).await);
    let before = context.gateways.pipelines.steps(&arn).await.unwrap();
    let succeeded: Vec<&str> = before.iter().filter(|step| step.status == "Succeeded").map(|step| step.name.as_str()).collect();
    assert_eq!(plan.kept.iter().map(String::as_str).collect::<BTreeSet<_>>(), succeeded.iter().copied().collect::<BTreeSet<_>>());
    let from = plan.from.clone().unwrap();
    assert!(!plan.kept.contains(&from) && plan.forecast.steps.iter().all(|step| !plan.kept.contains(&step.name)), "{plan:?}");
    pipeline::retry(&context, &arn).await.unwrap();
    let ended = pipeline::watch(&context, &arn, &mut |_| {}).await.unwrap();
    assert_eq!(ended.state, RunState::Succeeded);
    let after = context.gateways.pipelines.steps(&arn).await.unwrap();
    for name in &plan.kept {
        let at = |steps: &[shiftdeck::aws::pipelines::ExecutionStep]| steps.iter().find(|step| step.name == *name).unwrap().ended;
        assert_eq!(at(&before), at(&after), "{name} is not run again");
    }
    assert!(ended.steps.iter().any(|step| step.name == from && step.state == RunState::Succeeded));
    let refused = in_the_way(watched.dry(async |context| pipeline::plan_retry(context, &arn).await).await);
    assert_eq!(refused, [pipeline::retry(&context, &arn).await.unwrap_err()], "it has succeeded");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_leads_to_what_was_told() {
    let (account, settings) = two_versions().await;
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    assert_eq!(models::newest(&context).await.unwrap(), 2);
    for (approval, changed) in [(ApprovalState::Approved, true), (ApprovalState::Approved, false), (ApprovalState::Rejected, true)] {
        let plan = clear(watched.dry(async |context| models::plan_decision(context, 2, approval).await).await);
        let before = models::show(&context, 2).await.unwrap();
        assert_eq!((plan.before, &plan.reason_before, &plan.serves_at), (before.approval, &before.reason, &before.deployed));
        assert_eq!((plan.changed, plan.auc), (changed, before.evaluation.map(|evaluation| evaluation.auc)));
        let next = endpoints::plan_deploy(&context, Stage::Staging, None).await.unwrap().plan.version;
        assert_eq!(plan.deployed_next.before, next);
        assert_eq!(models::decide(&context, 2, approval, "decided in a test").await.unwrap(), plan.changed);
        assert_eq!(models::show(&context, 2).await.unwrap().approval, plan.after);
        let next = endpoints::plan_deploy(&context, Stage::Staging, None).await.unwrap().plan.version;
        assert_eq!(plan.deployed_next.after, next, "{plan:?}");
        assert_eq!(plan.compared_with, plan.deployed_next);
    }
    let told = watched.dry(async |context| models::plan_decision(context, 7, ApprovalState::Approved).await).await;
    assert_eq!(in_the_way(told), [models::approve(&context, 7, "").await.unwrap_err()]);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_scored_and_replaced_is_told_before() {
    let account = common::account().await;
    let settings = settings();
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy]).await;
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    let table = BatchInput::Table("dm.data".into());
    let into = BatchDestination { table: Some("dm.scores".into()) };
    let mut lost = None;
    for action in [Action::Create, Action::Replace] {
        let plan = clear(watched.dry(async |context| batch::plan_score(context, &table, &into, None).await).await);
        let told = plan.table.as_ref().unwrap();
        assert_eq!((told.action, told.rows, plan.chosen), (action, lost, Some("the newest approved one")));
        assert_eq!(plan.model.action, Action::Keep, "the endpoint has it");
        let done = batch::score(&context, &table, &into, None, &mut quiet).await.unwrap();
        assert_eq!((plan.rows, plan.version), (Some(done.rows), done.version));
        assert_eq!(done.table.as_ref(), Some(&told.name));
        assert!(done.job.starts_with(&plan.job) && done.uri.starts_with(&format!("{}{}", plan.folder, plan.job)), "{plan:?} {done:?}");
        lost = Some(done.rows);
    }
    let file = account.directory.path().join("customers.csv");
    let sample = shiftdeck::demo::sample::generate(50, 3);
    std::fs::write(&file, &sample).unwrap();
    let input = BatchInput::File(file.clone());
    let plan = clear(watched.dry(async |context| batch::plan_score(context, &input, &BatchDestination::default(), Some(1)).await).await);
    let done = batch::score(&context, &input, &BatchDestination::default(), Some(1), &mut quiet).await.unwrap();
    assert_eq!((plan.rows, plan.version, plan.table), (Some(done.rows), done.version, None));

    // What stops it: a table that is none of scores, one that the model cannot read, a version that is not there, a file without a column.
    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    warehouse::succeed(&data, "CREATE TABLE dm.few AS SELECT age, job FROM dm.data LIMIT 3").await;
    warehouse::succeed(&data, "CREATE TABLE dm.none AS SELECT * FROM dm.data WHERE age > 500").await;
    std::fs::write(&file, "age;job\n41;x\n").unwrap();
    let none = BatchDestination::default();
    for (input, destination, version) in [
        (&table, &BatchDestination { table: Some("dm.data".into()) }, None),
        (&table, &BatchDestination { table: Some("dm.few".into()) }, None),
        (&table, &none, Some(7)),
        (&BatchInput::Table("dm.few".into()), &none, None),
        (&BatchInput::Table("dm.none".into()), &none, None),
        (&BatchInput::Table("few".into()), &none, None),
        (&input, &none, None),
    ] {
        let told = in_the_way(watched.dry_or_refused(async |context| batch::plan_score(context, input, destination, version).await).await);
        let met = batch::score(&context, input, destination, version, &mut quiet).await.unwrap_err();
        assert_eq!(told, [met], "{input:?} {destination:?} {version:?}");
    }
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_rows_arrive_and_are_trained_on_as_was_told() {
    let account = common::account().await;
    let settings = settings();
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load, Step::Pipeline]).await;
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    let arrivals = Arrivals { rows: 3000, seed: 7 };
    let told = watched.dry(async |context| retrain::plan_retrain(context, arrivals).await).await;
    assert_eq!(in_the_way(told), [retrain::retrain(&context, arrivals, &mut quiet).await.unwrap_err()], "nothing is deployed");
    run(&account, &settings, &[Step::Deploy]).await;
    for (inserts, arriving) in [(true, Action::Create), (false, Action::Replace)] {
        let plan = clear(watched.dry(async |context| retrain::plan_retrain(context, arrivals).await).await);
        assert_eq!((plan.inserts, plan.arriving.action, plan.champion), (inserts, arriving, 1));
        assert!(predicted(&plan.start).is_empty(), "all of it is trained anew");
        let walk = retrain::retrain(&context, arrivals, &mut quiet).await.unwrap();
        assert_eq!((walk.inserted, walk.table_rows, walk.drift.version), (plan.inserts, plan.rows_after, plan.champion));
        assert_eq!((walk.drift.rows, walk.drift.table), (u64::from(plan.arrivals.rows), plan.arriving.name));
        let run = pipeline::describe(&context, &walk.execution).await.unwrap();
        for planned in plan.start.parameters.iter().filter(|planned| planned.value.is_some()) {
            assert!(run.parameters.contains(&(planned.name.clone(), planned.value.clone().unwrap())), "{planned:?}");
        }
    }
    // Somebody else has changed the table: that is told, and stops it before anything is made.
    let data = aws_sdk_redshiftdata::Client::new(&account.sdk_config());
    warehouse::succeed(&data, "DELETE FROM dm.data WHERE age = 30").await;
    let told = in_the_way(watched.dry(async |context| retrain::plan_retrain(context, arrivals).await).await);
    let met = retrain::retrain(&context, arrivals, &mut quiet).await.unwrap_err();
    assert!(met.what.contains("the new rows were not added"), "{met}");
    assert_eq!(told, [met]);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_goes_the_way_that_was_told() {
    let account = common::account().await;
    let mut settings = settings();
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load]).await;
    let mut watched = Watched::of(&account, &settings);
    let told = watched.dry_or_refused(async |context| project::plan_commit(context, "no").await).await;
    assert_eq!(in_the_way(told), [project::commit(&watched.context, "no").await.unwrap_err()], "the settings have none");
    settings.project.enabled = true;
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    let asked = in_the_way(watched.dry(async |context| project::plan_approve(context, true).await).await);
    assert_eq!(asked, [project::asked(&context).await.unwrap_err()]);
    let told = in_the_way(watched.dry(async |context| project::plan_retry(context, "Build").await).await);
    assert_eq!(told, [project::retry(&context, "Build").await.unwrap_err()]);

    // The role of the stages has a name that somebody else may have taken: nothing is made then.
    let roles = &context.gateways.roles;
    let trust = serde_json::json!({ "Version": "2012-10-17", "Statement": [] });
    roles.create(&context.scenario.project_role, "of somebody else", &trust, &BTreeMap::new()).await.unwrap();
    let told = in_the_way(watched.dry(async |context| project::plan_commit(context, "no").await).await);
    assert_eq!(told, [project::commit(&context, "no").await.unwrap_err()]);
    assert_eq!(project::project(&context).await.unwrap(), None);
    assert!(roles.delete(&context.scenario.project_role).await.unwrap());

    let plan = clear(watched.dry(async |context| project::plan_commit(context, "The first source").await).await);
    assert_eq!(actions(&plan.resources), [("Repository", Action::Create), ("IAM role", Action::Create), ("Stages", Action::Create)]);
    assert!(plan.head.is_none() && plan.changed && plan.starts && plan.files.iter().all(|file| file.action == Action::Create));
    let committed = project::commit(&context, "The first source").await.unwrap();
    assert_eq!((committed.changed, committed.execution.is_some()), (plan.changed, plan.starts));
    assert!(roles.find(&context.scenario.project_role).await.unwrap().is_some());
    for file in &plan.files {
        let kept = context.gateways.repositories.file(&plan.repository, &plan.branch, &file.path).await.unwrap().unwrap();
        assert_eq!(kept.len(), file.bytes, "{}", file.path);
    }
    for key in &plan.writes {
        assert!(context.gateways.objects.info(&context.scenario.bucket, key).await.unwrap().is_some(), "{key}");
    }
    project::follow(&context, committed.execution.as_deref(), &mut |_| {}).await.unwrap();
    let same = clear(watched.dry(async |context| project::plan_commit(context, "again").await).await);
    assert!(!same.changed && !same.starts && same.writes.is_empty(), "{same:?}");
    let again = project::commit(&context, "again").await.unwrap();
    assert_eq!((again.changed, again.execution), (false, None));
    // The registry is told that the project waits for a decision of its own.
    let waiting = clear(watched.dry(async |context| models::plan_decision(context, 1, ApprovalState::Approved).await).await);
    assert_eq!(waiting.waiting.as_deref(), Some("Approve/Decide"));
    let told = in_the_way(watched.dry(async |context| project::plan_retry(context, "Build").await).await);
    assert_eq!(told, [project::retry(&context, "Build").await.unwrap_err()], "it has succeeded");

    let plan = clear(watched.dry(async |context| project::plan_approve(context, true).await).await);
    assert_eq!((plan.version, plan.before, plan.after), (Some(1), Some(ApprovalState::PendingManualApproval), ApprovalState::Approved));
    let deploys = plan.deploys.as_ref().unwrap();
    assert_eq!((deploys.approach, &deploys.smoke), (Approach::Create, &None));
    let asked = project::asked(&context).await.unwrap();
    assert_eq!((&asked.stage, &asked.action, asked.version), (&plan.stage, &plan.action, plan.version));
    let decision = Decision { stage: &asked.stage, action: &asked.action, token: &asked.token, yes: true, reason: "decided in a test" };
    project::approve(&context, decision).await.unwrap();
    project::follow(&context, None, &mut |_| {}).await.unwrap();
    assert_eq!(models::show(&context, 1).await.unwrap().approval, plan.after);
    let production = endpoint(&context, Stage::Production).await.unwrap();
    assert_eq!((told_after(deploys), &deploys.config), (served(&production), &production.config));

    // A gate that nothing passes: the stage fails, and is tried again as was told.
    settings.mlops.auc_floor = 0.999;
    let mut watched = Watched::of(&account, &settings);
    let context = watched.context.clone();
    let plan = clear(watched.dry(async |context| project::plan_commit(context, "Stricter").await).await);
    let changed: Vec<&str> = plan.files.iter().filter(|file| file.action == Action::Change).map(|file| file.path.as_str()).collect();
    assert_eq!((changed, plan.changed, plan.starts), (vec!["pipeline/definition.json"], true, true));
    let committed = project::commit(&context, "Stricter").await.unwrap();
    project::follow(&context, committed.execution.as_deref(), &mut |_| {}).await.unwrap();
    let plan = clear(watched.dry(async |context| project::plan_retry(context, "build").await).await);
    assert_eq!((plan.stage.as_str(), Some(&plan.execution)), ("Build", committed.execution.as_ref()));
    assert_eq!(plan.again.iter().map(|(action, _)| action.as_str()).collect::<Vec<_>>(), ["Train"]);
    assert!(plan.again[0].1.contains("AUC") && plan.then == ["Approve", "Deploy"], "{plan:?}");
    project::retry(&context, "build").await.unwrap();
    let view = project::follow(&context, Some(&plan.execution), &mut |_| {}).await.unwrap();
    let stage = view.stages.iter().find(|stage| stage.name == plan.stage).unwrap();
    assert_eq!((stage.execution.as_ref(), stage.status.as_str()), (Some(&plan.execution), "Failed"));
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_counted_by_reading_alone() {
    let account = common::account().await;
    let settings = small();
    let mut watched = Watched::of(&account, &settings);
    let nothing = watched.dry(async |context| inventory::read(context).await).await.unwrap();
    assert!(nothing.is_empty(), "{nothing:?}");
    run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy]).await;
    let before = watched.statements().await.len();
    let all = watched.dry(async |context| inventory::read(context).await).await.unwrap();
    assert_eq!((all.tables, all.executions, all.models), (1, 1, 1));
    assert_eq!(all.endpoints, [watched.context.scenario.staging_endpoint.clone()]);
    let listed = watched.context.gateways.objects.list(&watched.context.scenario.bucket, "").await.unwrap();
    assert_eq!((all.objects, all.bytes), (listed.len() as u64, listed.iter().map(|object| object.size).sum()));
    assert_eq!(watched.statements().await.len(), before, "no statement was run");
    account.close().await;
}

//! What the demonstration costs, what steps would do, and a budget.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use shiftdeck::config::Settings;
use shiftdeck::config::settings::{OverBudget, TargetKind};
use shiftdeck::demo::event::EventKind;
use shiftdeck::demo::step::Step;
use shiftdeck::ops::plan::{Action, plan};
use shiftdeck::ops::{Context, OpErrorKind, checklist, costs, steps};

use crate::common::{self, TestAccount};

fn settings() -> Settings {
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = 500;
    settings.mlops.auc_floor = 0.5;
    settings
}

fn context(account: &TestAccount, settings: &Settings) -> Context {
    account.context(settings).0
}

async fn run(context: &Context, wanted: &[Step]) {
    for step in wanted {
        steps::run(context, *step).await.unwrap_or_else(|error| panic!("{step}: {error}"));
    }
}

#[tokio::test]
async fn what_is_there_costs_and_what_has_gone_does_not() {
    let account = common::account().await;
    let context = context(&account, &settings());
    let nothing = costs::read(&context).await.unwrap();
    assert!(nothing.parts.is_empty() && nothing.usd_per_hour == 0.0, "{nothing:?}");
    run(&context, &[Step::Foundation, Step::Explore, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy]).await;
    let there = costs::read(&context).await.unwrap();
    let part = |kind: &str| there.parts.iter().find(|part| part.kind == kind).unwrap_or_else(|| panic!("no {kind}: {there:?}"));
    let endpoint = part("Endpoint");
    assert_eq!((endpoint.name.as_str(), endpoint.usd_per_hour), ("BankDM-staging", Some(0.115)));
    assert!(endpoint.usd.unwrap() >= 0.0 && endpoint.since.is_some() && endpoint.idle.is_none(), "{endpoint:?}");
    let workgroup = part("Workgroup");
    // Statements ran, and a minute is the least that is billed.
    assert!(workgroup.usd_per_hour.is_none() && workgroup.usd.unwrap() >= workgroup.usd_per_hour_at_work.unwrap() / 60.0, "{workgroup:?}");
    assert!(part("Jobs").usd.unwrap() > 0.0 && part("Jobs").note.contains("1 run"), "{there:?}");
    assert!(part("Secret").usd_per_hour.is_some() && part("S3 bucket").usd_per_hour.unwrap() > 0.0);
    assert!(there.usd_per_hour > 0.115 && there.usd > 0.0);
    run(&context, &[Step::Cleanup]).await;
    let left = costs::read(&context).await.unwrap();
    assert!(left.parts.is_empty(), "{left:?}");
    account.close().await;
}

#[tokio::test]
async fn a_cluster_costs_by_the_hour_whether_or_not_it_works() {
    let account = common::account().await;
    let mut settings = settings();
    settings.warehouse.kind = shiftdeck::config::settings::WarehouseKind::Provisioned;
    let context = context(&account, &settings);
    run(&context, &[Step::Foundation]).await;
    let there = costs::read(&context).await.unwrap();
    let cluster = there.parts.iter().find(|part| part.kind == "Cluster").unwrap();
    assert!(cluster.usd_per_hour.unwrap() > 0.0 && cluster.usd_per_hour_at_work.is_none() && cluster.since.is_some(), "{cluster:?}");
    account.close().await;
}

#[tokio::test]
async fn a_plan_says_what_steps_would_do_and_changes_nothing() {
    let account = common::account().await;
    let context = context(&account, &settings());
    let before = plan(&context, &[Step::Foundation, Step::Predict, Step::Cleanup]).await.unwrap();
    let [foundation, predict, cleanup] = before.as_slice() else { panic!("{before:?}") };
    assert!(foundation.resources.len() >= 7 && foundation.resources.iter().all(|it| it.action == Action::Create), "{foundation:?}");
    let workgroup = foundation.resources.iter().find(|it| it.kind == "Workgroup").unwrap();
    assert!(workgroup.usd_per_hour.is_some() && workgroup.at_work_only, "{workgroup:?}");
    assert!(predict.resources.is_empty() && cleanup.resources.is_empty());
    let states = checklist::read(&context).await.unwrap();
    assert!(states.iter().all(|line| line.kind == "Athena workgroup" || format!("{:?}", line.state) == "Missing"), "{states:?}");

    run(&context, &[Step::Foundation]).await;
    let after = plan(&context, &[Step::Foundation, Step::Lake, Step::Cleanup]).await.unwrap();
    let [foundation, lake, cleanup] = after.as_slice() else { panic!("{after:?}") };
    assert!(foundation.resources.iter().all(|it| it.action == Action::Keep && it.usd_per_hour.is_none()), "{foundation:?}");
    assert!(lake.resources.iter().all(|it| it.action == Action::Create) && !lake.resources.is_empty(), "{lake:?}");
    assert!(cleanup.resources.iter().any(|it| it.action == Action::Remove && it.kind == "S3 bucket"), "{cleanup:?}");
    account.close().await;
}

#[tokio::test]
async fn a_budget_that_is_used_up_warns_or_stops() {
    let account = common::account().await;
    let mut settings = settings();
    run(&context(&account, &settings), &[Step::Foundation, Step::Explore, Step::Lake, Step::Load]).await;
    settings.aws.target = TargetKind::Aws;
    settings.costs.budget_usd = 0.000_001;
    let (warned, mut events) = account.context(&settings);
    run(&warned, &[Step::Load]).await;
    let mut told = std::iter::from_fn(|| events.try_recv().ok());
    assert!(told.any(|event| event.event == EventKind::Progress && event.message.contains("of the budget of")));

    settings.costs.over_budget = OverBudget::Stop;
    let stopped = context(&account, &settings);
    let refused = steps::run(&stopped, Step::Pipeline).await.unwrap_err();
    assert_eq!(refused.kind, OpErrorKind::Precondition, "{refused}");
    assert!(refused.why.contains("budget") && refused.fix.unwrap().contains("costs.budget_usd"));
    let states = checklist::read(&stopped).await.unwrap();
    assert!(states.iter().filter(|line| line.kind == "Pipeline").all(|line| format!("{:?}", line.state) == "Missing"), "{states:?}");
    // What a cleanup removes costs nothing any more: it is never stopped, and says what all of it has cost.
    let removed = steps::run(&stopped, Step::Cleanup).await.unwrap();
    assert!(removed.message.contains("it cost about $") && removed.detail["usd_estimate"].as_f64().unwrap() > 0.0, "{removed:?}");
    account.close().await;
}

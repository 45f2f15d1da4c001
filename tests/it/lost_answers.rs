//! The network gives an answer up after the service has done what was asked: the SDK asks again, and nothing fails or is made twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use aws_config::SdkConfig;
use shiftdeck::aws::{Gateways, Polling};
use shiftdeck::config::Settings;
use shiftdeck::config::settings::WarehouseKind;
use shiftdeck::demo::step::Step;
use shiftdeck::ops::steps::{self, StepOutcome};
use shiftdeck::ops::{models, pipeline};
use tokio::sync::broadcast;

use crate::common::{self, TestAccount, answers};

const ALL: [Step; 8] =
    [Step::Foundation, Step::Explore, Step::Lake, Step::Load, Step::Pipeline, Step::Deploy, Step::Predict, Step::RedshiftMl];

fn settings(kind: WarehouseKind) -> Settings {
    let mut settings = shiftdeck::config::load::load(&shiftdeck::config::load::Sources::default()).unwrap().settings;
    settings.data.sample_rows = 6000;
    settings.warehouse.kind = kind;
    settings
}

async fn step(account: &TestAccount, config: &SdkConfig, settings: &Settings, step: Step) -> StepOutcome {
    let (mut context, _events) = account.context(settings);
    let (calls, _) = broadcast::channel(1024);
    context.gateways = Arc::new(Gateways::new(config, calls, Polling::LOCAL));
    steps::run(&context, step).await.unwrap_or_else(|error| panic!("{step}: {error} ({:?})", error.fix))
}

async fn every_step_holds(kind: WarehouseKind) {
    let account = common::account().await;
    let settings = settings(kind);
    let (config, lost) = answers::lost_once(&account.sdk_config());
    for it in ALL {
        step(&account, &config, &settings, it).await;
    }
    let lost = lost.lock().unwrap().clone();
    let creating = lost.iter().filter(|operation| operation.contains("Create")).count();
    assert!(creating >= 8 && lost.len() > 40, "{lost:?}");
    // Each thing is there once.
    let (context, _events) = account.context(&settings);
    assert_eq!(models::list(&context).await.unwrap().len(), 1);
    assert_eq!(pipeline::list(&context).await.unwrap().len(), 1);
    for it in ALL {
        let again = step(&account, &account.sdk_config(), &settings, it).await;
        assert!(!again.changed, "{it} changed something the second time: {}", again.message);
    }
    // Nor does what a cleanup removes twice make it fail.
    let (config, _) = answers::lost_once(&account.sdk_config());
    step(&account, &config, &settings, Step::Cleanup).await;
    let again = step(&account, &account.sdk_config(), &settings, Step::Cleanup).await;
    assert!(!again.changed, "{}", again.message);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_holds_when_each_call_loses_its_first_answer() {
    every_step_holds(WarehouseKind::Serverless).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_does_with_a_cluster() {
    every_step_holds(WarehouseKind::Provisioned).await;
}

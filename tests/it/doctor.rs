//! What the doctor finds out from an account.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use aws_sdk_iam::config::Builder;
use serde_json::json;
use shiftdeck::aws::activity::ApiCall;
use shiftdeck::aws::{Gateways, Polling};
use shiftdeck::config::Settings;
use shiftdeck::demo::operator;
use shiftdeck::demo::policies::DemoRole;
use shiftdeck::demo::step::Step;
use shiftdeck::local;
use shiftdeck::ops::doctor::{self, Allowed, Check, Verdict};
use shiftdeck::ops::{Context, steps};
use tokio::sync::broadcast;

use crate::common::{self, TestAccount};

/// An account, what operations need on it, and where its calls are heard of.
async fn account() -> (TestAccount, Context, broadcast::Sender<ApiCall>) {
    let account = common::account().await;
    let (mut context, _) = account.context(&Settings::default());
    let (calls, _) = broadcast::channel(1024);
    context.gateways = Arc::new(Gateways::new(&account.sdk_config(), calls.clone(), Polling::LOCAL));
    (account, context, calls)
}

fn of<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("{name} in {checks:?}"))
}

#[tokio::test]
async fn an_account_of_ones_own_is_fit_for_the_demonstration() {
    let (account, context, calls) = account().await;
    let checks = doctor::examine(&context, calls.subscribe()).await;
    assert!(checks.iter().all(|check| check.verdict == Verdict::Ok), "{checks:?}");
    assert_eq!(of(&checks, "names").message, "free");
    let order: Vec<&str> = checks.iter().map(|check| check.name).collect();
    // The embedded AWS tells no time.
    assert_eq!(order, ["services", "names", "permissions", "quotas"]);
    steps::run(&context, Step::Foundation).await.unwrap();
    let checks = doctor::examine(&context, calls.subscribe()).await;
    assert!(of(&checks, "names").message.contains("in use by this demonstration"), "{checks:?}");
    account.close().await;
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_told() {
    let (account, mut context, calls) = account().await;
    let config = common::answers::without(&account.sdk_config(), "athena");
    context.gateways = Arc::new(Gateways::new(&config, calls.clone(), Polling::LOCAL));
    let checks = doctor::examine(&context, calls.subscribe()).await;
    let told = of(&checks, "services");
    assert_eq!(told.verdict, Verdict::Failed);
    assert!(told.message.starts_with("Athena does not answer"), "{}", told.message);
    let others: Vec<&Check> = checks.iter().filter(|check| check.name == "services" && check.verdict == Verdict::Ok).collect();
    assert!(matches!(others[..], [others] if others.message.contains("services answer")), "{checks:?}");
    account.close().await;
}

#[tokio::test]
async fn each_service_is_told_with_how_long_it_takes() {
    let (account, context, calls) = account().await;
    let checks = doctor::examine(&context, calls.subscribe()).await;
    let services = of(&checks, "services");
    let listed = services.detail["services"].as_array().unwrap();
    for name in ["Athena", "CloudWatch", "CloudWatch Logs", "IAM", "Lambda", "Redshift Data", "S3", "SageMaker", "Secrets Manager", "STS"] {
        assert!(listed.iter().any(|service| service["service"] == name && service["milliseconds"].as_f64().unwrap() >= 0.0), "{name}");
        assert!(services.message.contains(&format!("{name} ")) && services.message.contains(" ms"), "{}", services.message);
    }
    let times: Vec<f64> = listed.iter().map(|service| service["milliseconds"].as_f64().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "the slowest first: {times:?}");
    assert!(services.message.starts_with(&format!("{} services answer: ", listed.len())), "{}", services.message);
    // What other parts of the examination ask is told there.
    assert!(!services.message.contains("Service Quotas"));
    let document = serde_json::to_value(of(&checks, "names")).unwrap();
    assert!(document.get("detail").is_none() && document.get("fix").is_none(), "{document}");
    account.close().await;
}

#[tokio::test]
async fn a_region_without_a_service_is_told_from_a_service_that_does_not_answer() {
    let (account, mut context, calls) = account().await;
    let config = common::answers::unresolved(&account.sdk_config(), "redshift-serverless");
    context.gateways = Arc::new(Gateways::new(&config, calls.clone(), Polling::LOCAL));
    let checks = doctor::examine(&context, calls.subscribe()).await;
    let told = of(&checks, "services");
    assert_eq!(told.verdict, Verdict::Failed);
    assert_eq!(told.message, "us-east-1 has no Redshift Serverless, or its name cannot be resolved");
    assert!(told.fix.as_deref().unwrap().contains("--region"));
    account.close().await;
}

#[tokio::test]
async fn quotas_that_cannot_be_read_are_a_warning() {
    let (account, mut context, calls) = account().await;
    let config = common::answers::unresolved(&account.sdk_config(), "servicequotas");
    context.gateways = Arc::new(Gateways::new(&config, calls.clone(), Polling::LOCAL));
    let checks = doctor::examine(&context, calls.subscribe()).await;
    let told = of(&checks, "quotas");
    assert!(told.verdict == Verdict::Warning && told.message.starts_with("not known"), "{told:?}");
    assert!(checks.iter().all(|check| check.verdict != Verdict::Failed), "{checks:?}");
    account.close().await;
}

#[tokio::test]
async fn what_is_not_allowed_is_found_action_by_action() {
    let (account, context, _) = account().await;
    let iam = aws_sdk_iam::Client::from_conf(Builder::from(&account.sdk_config()).build());
    let user = iam.create_user().user_name("presenter").send().await.unwrap();
    let arn = user.user().unwrap().arn().to_owned();
    let needs = doctor::needs(&context).await.unwrap();
    let Allowed::Lacking(all) = doctor::allowed(&context, &arn, &needs).await else { panic!("a user without policies") };
    assert_eq!(all, needs);

    // Everything but writing objects, and of the roles one.
    let mut given = needs.clone();
    for need in &mut given {
        need.actions.retain(|action| action != "s3:PutObject");
        need.resources.retain(|resource| !(need.sid == "Roles" && resource.ends_with(DemoRole::Lambda.name(&context.scenario))));
    }
    let document = operator::policy(&given).to_string();
    iam.put_user_policy().user_name("presenter").policy_name("most").policy_document(document).send().await.unwrap();
    let Allowed::Lacking(lacking) = doctor::allowed(&context, &arn, &needs).await else { panic!("not all is allowed") };
    let told: Vec<(&str, usize)> = lacking.iter().map(|need| (need.sid.as_str(), need.actions.len())).collect();
    let roles = needs.iter().find(|need| need.sid == "Roles").unwrap().actions.len();
    assert_eq!(told, [("Roles", roles), ("Objects", 1)]);
    assert_eq!(lacking[1].actions, ["s3:PutObject"]);
    assert!(lacking[0].resources.iter().all(|resource| resource.ends_with(DemoRole::Lambda.name(&context.scenario))));

    // With the policy that is handed to an administrator, nothing is missing.
    let document = operator::policy(&lacking).to_string();
    iam.put_user_policy().user_name("presenter").policy_name("rest").policy_document(document).send().await.unwrap();
    assert!(matches!(doctor::allowed(&context, &arn, &needs).await, Allowed::All(_)));
    account.close().await;
}

#[tokio::test]
async fn a_session_of_a_role_is_allowed_what_the_role_is_and_root_is_told() {
    let (account, context, _) = account().await;
    let needs = doctor::needs(&context).await.unwrap();
    let id = local::ACCOUNT_ID;
    let missing = doctor::allowed(&context, &format!("arn:aws:sts::{id}:assumed-role/Presenters/ann"), &needs).await;
    assert!(matches!(&missing, Allowed::Unknown(why) if why.contains("Presenters")), "{missing:?}");
    let trust = json!({ "Version": "2012-10-17", "Statement": [] });
    let tags = Default::default();
    context.gateways.roles.create("Presenters", "", &trust, &tags).await.unwrap();
    let allowed = doctor::allowed(&context, &format!("arn:aws:sts::{id}:assumed-role/Presenters/ann"), &needs).await;
    assert!(matches!(&allowed, Allowed::Lacking(lacking) if lacking.len() == needs.len()), "{allowed:?}");
    assert_eq!(doctor::allowed(&context, &format!("arn:aws:iam::{id}:root"), &needs).await, Allowed::Root);
    account.close().await;
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_before_anything_is_touched() {
    let (account, context, calls) = account().await;
    let trust = json!({ "Version": "2012-10-17", "Statement": [] });
    let name = DemoRole::SageMaker.name(&context.scenario);
    context.gateways.roles.create(name, "of somebody else", &trust, &Default::default()).await.unwrap();
    let checks = doctor::examine(&context, calls.subscribe()).await;
    let names = of(&checks, "names");
    assert_eq!(names.verdict, Verdict::Failed);
    assert!(names.message.contains(name), "{}", names.message);
    let refused = steps::run(&context, Step::Foundation).await.unwrap_err();
    assert_eq!(refused.resource.as_deref(), Some(name));
    assert!(refused.why.contains("did not make it") && refused.fix.is_some(), "{refused:?}");
    let role = context.gateways.roles.find(name).await.unwrap().unwrap();
    assert_eq!((role.trust, role.tags), (trust, Default::default()), "untouched");
    assert!(!context.gateways.objects.bucket_exists(&context.scenario.bucket).await.unwrap(), "nothing was made");
    account.close().await;
}

#[tokio::test]
async fn a_bucket_with_things_of_its_own_is_used_and_never_removed() {
    let (account, context, _) = account().await;
    let (bucket, objects) = (&context.scenario.bucket, &context.gateways.objects);
    objects.create_bucket(bucket, &context.scenario.region).await.unwrap();
    objects.put(bucket, "accounts/2025.csv", "precious".into(), "text/csv", &[]).await.unwrap();
    steps::run(&context, Step::Foundation).await.unwrap();
    steps::run(&context, Step::Lake).await.unwrap();
    steps::run(&context, Step::Cleanup).await.unwrap();
    let left: Vec<String> = objects.list(bucket, "").await.unwrap().into_iter().map(|object| object.key).collect();
    assert_eq!(left, ["accounts/2025.csv"]);
    account.close().await;
}

#[tokio::test]
async fn an_empty_bucket_from_a_run_that_was_broken_off_is_the_demonstrations() {
    let (account, context, _) = account().await;
    let (bucket, objects) = (&context.scenario.bucket, &context.gateways.objects);
    objects.create_bucket(bucket, &context.scenario.region).await.unwrap();
    steps::run(&context, Step::Foundation).await.unwrap();
    steps::run(&context, Step::Cleanup).await.unwrap();
    assert!(!objects.bucket_exists(bucket).await.unwrap());
    account.close().await;
}

/// The IAM action that a call needs; none where AWS asks for none.
fn action(call: &ApiCall) -> Option<String> {
    let prefix = match call.service.as_str() {
        "STS" => return None,
        "IAM" => "iam",
        "S3" => "s3",
        "Secrets Manager" => "secretsmanager",
        "Redshift Serverless" => "redshift-serverless",
        "Redshift Data" => "redshift-data",
        "Redshift" => "redshift",
        "Athena" => "athena",
        "Lambda" => "lambda",
        "SageMaker" | "SageMaker Runtime" => "sagemaker",
        "CloudWatch Logs" => "logs",
        "CloudWatch" => "cloudwatch",
        "CloudFormation" => "cloudformation",
        "CodeCommit" | "CodePipeline" => return None,
        other => panic!("no prefix of `{other}` is known"),
    };
    // "Actions, resources, and condition keys" of the Service Authorization Reference.
    let operation = match (prefix, call.operation.as_str()) {
        ("s3", "HeadBucket" | "ListObjectsV2") => "ListBucket",
        ("s3", "HeadObject") => "GetObject",
        ("s3", "DeleteObjects") => "DeleteObject",
        ("s3", "PutPublicAccessBlock") => "PutBucketPublicAccessBlock",
        ("s3", "GetPublicAccessBlock") => "GetBucketPublicAccessBlock",
        ("lambda", "Invoke") => "InvokeFunction",
        (_, operation) => operation,
    };
    Some(format!("{prefix}:{operation}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_names_every_action_of_every_step() {
    let (account, context, calls) = account().await;
    every_action_is_named(&context, &calls, &Step::ALL).await;
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_names_what_stacks_need_when_they_are_asked_for() {
    let (account, mut context, calls) = account().await;
    let mut settings = Settings::default();
    settings.stacks.network = true;
    settings.stacks.studio = true;
    context.settings = Arc::new(settings);
    let checks = doctor::examine(&context, calls.subscribe()).await;
    assert!(checks.iter().all(|check| check.verdict == Verdict::Ok), "{checks:?}");
    every_action_is_named(&context, &calls, &[Step::Foundation, Step::Foundation, Step::Cleanup]).await;
    account.close().await;
}

async fn every_action_is_named(context: &Context, calls: &broadcast::Sender<ApiCall>, order: &[Step]) {
    let needs = doctor::needs(context).await.unwrap();
    let mut heard = calls.subscribe();
    for step in order.iter().copied() {
        steps::run(context, step).await.unwrap();
        loop {
            let call = match heard.try_recv() {
                Ok(call) => call,
                Err(broadcast::error::TryRecvError::Lagged(_)) => continue,
                Err(_) => break,
            };
            let Some(action) = action(&call) else { continue };
            let named = needs.iter().any(|need| need.steps.contains(&step) && need.actions.contains(&action));
            assert!(named, "{step} calls {action}, which the policy has not for it");
        }
    }
}

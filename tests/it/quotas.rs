//! Service Quotas, and what the embedded SageMaker refuses because of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aws_sdk_sagemaker::error::ProvideErrorMetadata as _;
use aws_sdk_sagemaker::types::DesiredWeightAndCapacity;
use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::types::RequestStatus;
use serde_json::{Value, json};
use shiftdeck::aws::AwsErrorKind;
use shiftdeck::config::Settings;
use shiftdeck::demo::step::Step;
use shiftdeck::ops::batch::{self, BatchDestination, BatchInput};
use shiftdeck::ops::doctor::{self, Check, Verdict};
use shiftdeck::ops::endpoints::{self, Stage};
use shiftdeck::ops::{Context, OpError, steps};
use tokio::sync::broadcast;

use crate::common::{self, TestAccount};
use crate::deployment;

const ENDPOINTS: &str = "ml.m5.large for endpoint usage";
const PROCESSING: &str = "ml.m5.xlarge for processing job usage";
const TRANSFORM: &str = "ml.m5.xlarge for transform job usage";

/// The account with quotas as given. The service only raises them, so they are written into the state, as an account comes with them.
async fn with_quotas(account: TestAccount, values: Value) -> TestAccount {
    let store = account.opened.account().unwrap().store;
    store.save("services/servicequotas/quotas", &json!({ "values": values })).unwrap();
    account.reopen().await
}

fn sentence(quota: &str, limit: u32, used: u32, delta: u32) -> String {
    format!(
        "The account-level service limit '{quota}' is {limit} Instances, with current utilization of {used} Instances and a request delta of \
         {delta} Instances. Please use AWS Service Quotas to request an increase for this quota."
    )
}

fn told(error: &OpError, sentence: &str) {
    assert!(error.why.contains(sentence), "{error}");
    assert!(error.fix.as_deref().is_some_and(|fix| fix.contains("ask for more of this quota")), "{error:?}");
}

async fn quotas(context: &Context) -> Vec<Check> {
    let (_calls, heard) = broadcast::channel(16);
    doctor::examine(context, heard).await.into_iter().filter(|check| check.name == "quotas").collect()
}

#[tokio::test]
async fn quotas_are_listed_page_by_page_and_found_by_their_codes() {
    let account = common::account().await;
    let client = Client::new(&account.sdk_config());
    let services = client.list_services().send().await.unwrap();
    assert_eq!(services.services()[0].service_code(), Some("sagemaker"));

    let mut listed = Vec::new();
    let mut token = None;
    loop {
        let request = client.list_service_quotas().service_code("sagemaker").max_results(70).set_next_token(token.take());
        let page = request.send().await.unwrap();
        assert!(page.quotas().len() <= 70);
        listed.extend(page.quotas().iter().map(|quota| (quota.quota_name().unwrap().to_owned(), quota.quota_code().unwrap().to_owned())));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert!(listed.len() > 100 && listed.is_sorted_by(|a, b| a.0 < b.0), "every one once, in order: {}", listed.len());
    let (name, code) = listed.iter().find(|(name, _)| name == ENDPOINTS).unwrap();
    let found = client.get_service_quota().service_code("sagemaker").quota_code(code).send().await.unwrap();
    let found = found.quota().unwrap();
    assert_eq!(found.quota_name(), Some(name.as_str()));
    assert!(found.adjustable() && found.value().unwrap() >= 10.0 && found.quota_arn().unwrap().ends_with(code));
    let one = client.list_service_quotas().service_code("sagemaker").quota_code(code).send().await.unwrap();
    assert_eq!(one.quotas().len(), 1);

    let wrong = client.list_service_quotas().service_code("sagemaker").next_token("bm90aGluZw").send().await.unwrap_err();
    assert!(wrong.into_service_error().is_invalid_pagination_token_exception());
    let nobody = client.list_service_quotas().service_code("dynamodb").send().await.unwrap_err();
    assert!(nobody.into_service_error().is_no_such_resource_exception());
    let nothing = client.get_service_quota().service_code("sagemaker").quota_code("L-FFFFFFFF").send().await.unwrap_err();
    assert!(nothing.into_service_error().is_no_such_resource_exception());
    account.close().await;
}

#[tokio::test]
async fn a_quota_is_raised_at_once_and_never_lowered_and_stays_so() {
    let account = common::account().await;
    let client = Client::new(&account.sdk_config());
    let before = account.gateways().quotas.named("sagemaker", &[ENDPOINTS]).await.unwrap().remove(0);
    let ask = |value: f64| client.request_service_quota_increase().service_code("sagemaker").quota_code(&before.code).desired_value(value);
    for value in [before.value, before.value - 1.0] {
        assert!(ask(value).send().await.unwrap_err().into_service_error().is_illegal_argument_exception());
    }
    let asked = ask(before.value + 5.0).send().await.unwrap();
    let asked = asked.requested_quota().unwrap();
    assert_eq!((asked.status(), asked.quota_name()), (Some(&RequestStatus::Pending), Some(ENDPOINTS)));
    let now = client.get_requested_service_quota_change().request_id(asked.id().unwrap()).send().await.unwrap();
    assert_eq!(now.requested_quota().unwrap().status(), Some(&RequestStatus::Approved));
    let account = account.reopen().await;
    let gateways = account.gateways();
    assert_eq!(gateways.quotas.named("sagemaker", &[ENDPOINTS]).await.unwrap()[0].value, before.value + 5.0);
    let none = gateways.quotas.named("sagemaker", &["ml.m5.huge for endpoint usage"]).await.unwrap();
    assert!(none.is_empty());
    let refused = gateways.quotas.named("dynamodb", &[ENDPOINTS]).await.unwrap_err();
    assert_eq!(refused.kind, AwsErrorKind::NotFound);
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_that_is_too_low_is_told_before_and_refused_in_the_services_words() {
    let account = with_quotas(common::account().await, json!({ ENDPOINTS: 0, TRANSFORM: 0 })).await;
    let settings = deployment::settings();
    let (context, _events) = account.context(&settings);
    let checks = quotas(&context).await;
    let verdicts: Vec<Verdict> = checks.iter().map(|check| check.verdict).collect();
    assert_eq!(verdicts, [Verdict::Failed, Verdict::Failed, Verdict::Ok], "{checks:?}");
    assert!(checks[0].message.contains(&format!("“{ENDPOINTS}” is 0, and 3 are needed")), "{checks:?}");
    let code = context.gateways.quotas.named("sagemaker", &[ENDPOINTS]).await.unwrap().remove(0).code;
    let command = format!(
        "aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code {code} --desired-value 3 --region us-east-1"
    );
    assert!(checks[0].fix.as_deref().unwrap().contains(&command), "{:?}", checks[0].fix);

    deployment::run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load, Step::Pipeline]).await;
    let refused = steps::run(&context, Step::Deploy).await.unwrap_err();
    told(&refused, &sentence(ENDPOINTS, 0, 0, 1));
    let table = BatchInput::Table(format!("{}.{}", context.scenario.schema, context.scenario.table));
    let refused = batch::score(&context, &table, &BatchDestination::default(), None, &mut |_: &str| {}).await.unwrap_err();
    told(&refused, &sentence(TRANSFORM, 0, 0, 1));

    // As the advice says: more is asked for, and one endpoint is possible.
    let client = Client::new(&account.sdk_config());
    let raise = async |value: f64| {
        let request = client.request_service_quota_increase().service_code("sagemaker").quota_code(&code).desired_value(value);
        request.send().await.unwrap();
    };
    raise(1.0).await;
    assert_eq!(quotas(&context).await[0].verdict, Verdict::Warning);
    steps::run(&context, Step::Deploy).await.unwrap();
    let refused = endpoints::promote(&context, None, &mut |_: &str| {}).await.unwrap_err();
    told(&refused, &sentence(ENDPOINTS, 1, 1, 1));

    // More instances of an endpoint that is there count, too, and so do those of an endpoint that changes over.
    let sagemaker = aws_sdk_sagemaker::Client::new(&account.sdk_config());
    let staging = &context.scenario.staging_endpoint;
    let more = DesiredWeightAndCapacity::builder().variant_name("AllTraffic").desired_instance_count(3).build();
    let request = sagemaker.update_endpoint_weights_and_capacities().endpoint_name(staging).desired_weights_and_capacities(more);
    let refused = request.send().await.unwrap_err();
    assert_eq!(refused.message(), Some(sentence(ENDPOINTS, 1, 1, 2).as_str()));
    assert!(refused.into_service_error().is_resource_limit_exceeded());
    let config = format!("{staging}-v1");
    let refused = sagemaker.update_endpoint().endpoint_name(staging).endpoint_config_name(&config).send().await.unwrap_err();
    assert_eq!(refused.message(), Some(sentence(ENDPOINTS, 1, 1, 1).as_str()));

    raise(3.0).await;
    endpoints::promote(&context, None, &mut |_: &str| {}).await.unwrap();
    let view = endpoints::list(&context).await.unwrap();
    assert!(view.iter().any(|endpoint| endpoint.stage == Stage::Production && endpoint.status == "InService"), "{view:?}");
    account.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_whose_jobs_do_not_fit_says_which_quota_is_in_the_way() {
    let account = with_quotas(common::account().await, json!({ PROCESSING: 1 })).await;
    let settings: Settings = deployment::settings();
    deployment::run(&account, &settings, &[Step::Foundation, Step::Lake, Step::Load]).await;
    let (context, _events) = account.context(&settings);
    let checks = quotas(&context).await;
    assert!(checks[0].verdict == Verdict::Warning && checks[0].message.contains("is 1, and 2 are needed"), "{checks:?}");
    let refused = steps::run(&context, Step::Pipeline).await.unwrap_err();
    told(&refused, &sentence(PROCESSING, 1, 1, 1));
    account.close().await;
}

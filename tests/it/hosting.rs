//! Endpoints of several variants: split, shadow, change without a gap, roll back, and what CloudWatch says of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, Statistic};
use aws_sdk_sagemaker::error::ProvideErrorMetadata as _;
use aws_sdk_sagemaker::operation::describe_endpoint::DescribeEndpointOutput;
use aws_sdk_sagemaker::types::{
    ContainerDefinition, DeploymentConfig, DesiredWeightAndCapacity, EndpointStatus, ProductionVariant, ProductionVariantInstanceType,
    RollingUpdatePolicy,
};
use aws_sdk_sagemakerruntime::primitives::Blob;
use chrono::{DateTime, Utc};
use shiftdeck::demo::clock::Clock;
use shiftdeck::local::pace::Pace;
use shiftdeck::local::{self, Options};

use crate::common::{self, TestAccount};
use crate::pipeline::{Bench, bench, definition, inputs};

/// A clock that a test turns.
#[derive(Debug)]
struct Turned(AtomicI64);

impl Clock for Turned {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl Turned {
    fn seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

struct Hosts {
    account: TestAccount,
    sagemaker: aws_sdk_sagemaker::Client,
    runtime: aws_sdk_sagemakerruntime::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    s3: aws_sdk_s3::Client,
    package: String,
    bucket: String,
    /// A line that the model reads.
    line: String,
}

/// An account with a registered model.
async fn hosts() -> Hosts {
    let bench = bench(Pace::Instant, true).await;
    let run = bench.run(&definition(&bench.scenario, &inputs())).await;
    assert_eq!(run.status.as_str(), "Succeeded", "{:?}", run.steps);
    let packages = bench.sagemaker.list_model_packages().model_package_group_name(&bench.scenario.model_group).send().await.unwrap();
    let package = packages.model_package_summary_list()[0].model_package_arn().unwrap().to_owned();
    let Bench { account, scenario, .. } = bench;
    let hosts = over(account, package, scenario.bucket);
    let width = width(&hosts).await;
    Hosts { line: vec!["1"; width].join(","), ..hosts }
}

fn over(account: TestAccount, package: String, bucket: String) -> Hosts {
    let config = account.sdk_config();
    Hosts {
        sagemaker: aws_sdk_sagemaker::Client::new(&config),
        runtime: aws_sdk_sagemakerruntime::Client::new(&config),
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        s3: aws_sdk_s3::Client::new(&config),
        account,
        package,
        bucket,
        line: String::new(),
    }
}

/// The features of the model, by its own schema.
async fn width(hosts: &Hosts) -> usize {
    let package = hosts.sagemaker.describe_model_package().model_package_name(&hosts.package).send().await.unwrap();
    let uri = package.customer_metadata_properties().unwrap()["feature_schema"].clone();
    let (bucket, key) = uri.strip_prefix("s3://").unwrap().split_once('/').unwrap();
    let object = hosts.s3.get_object().bucket(bucket).key(key).send().await.unwrap().body.collect().await.unwrap().to_vec();
    shiftdeck::demo::feature_schema::FeatureSchema::from_json(&object).unwrap().width()
}

impl Hosts {
    /// The same account, opened anew at a pace with a clock that is turned.
    async fn with_clock(self) -> (Hosts, Arc<Turned>) {
        // Whole milliseconds, rounded up: rounded down, what was made just before would begin after this account was opened, and be under
        // way.
        let clock = Arc::new(Turned(AtomicI64::new(Utc::now().timestamp_millis() + 1)));
        let Hosts { account, package, bucket, line, .. } = self;
        account.opened.close().await;
        let options = Options { clock: clock.clone(), ..common::options(account.directory.path(), Pace::Live) };
        let opened = local::open(options).await.unwrap();
        let hosts = over(TestAccount { opened, directory: account.directory }, package, bucket);
        (Hosts { line, ..hosts }, clock)
    }

    async fn model(&self, name: &str) {
        let container = ContainerDefinition::builder().model_package_name(&self.package).build();
        let request = self.sagemaker.create_model().model_name(name).execution_role_arn(inputs().role_arn);
        request.primary_container(container).send().await.unwrap();
    }

    /// A model whose artifact is an object with this content.
    async fn model_of(&self, name: &str, artifact: &[u8]) {
        let key = format!("artifacts/{name}.tar.gz");
        self.s3.put_object().bucket(&self.bucket).key(&key).body(artifact.to_vec().into()).send().await.unwrap();
        let described = self.sagemaker.describe_model_package().model_package_name(&self.package).send().await.unwrap();
        let image = described.inference_specification().unwrap().containers()[0].image().unwrap().to_owned();
        let url = format!("s3://{}/{key}", self.bucket);
        let container = ContainerDefinition::builder().image(image).model_data_url(url).build();
        let request = self.sagemaker.create_model().model_name(name).execution_role_arn(inputs().role_arn);
        request.primary_container(container).send().await.unwrap();
    }

    async fn config(&self, name: &str, production: &[(&str, &str, f32)], shadow: &[(&str, &str, f32)]) -> Result<(), String> {
        let variant = |(variant, model, weight): &(&str, &str, f32)| {
            ProductionVariant::builder()
                .variant_name(*variant)
                .model_name(*model)
                .initial_instance_count(1)
                .initial_variant_weight(*weight)
                .instance_type(ProductionVariantInstanceType::MlM5Large)
                .build()
        };
        let request = self
            .sagemaker
            .create_endpoint_config()
            .endpoint_config_name(name)
            .set_production_variants(Some(production.iter().map(variant).collect()))
            .set_shadow_production_variants(if shadow.is_empty() { None } else { Some(shadow.iter().map(variant).collect()) });
        request.send().await.map(drop).map_err(|error| error.message().unwrap_or_default().to_owned())
    }

    async fn create(&self, name: &str, config: &str) {
        self.sagemaker.create_endpoint().endpoint_name(name).endpoint_config_name(config).send().await.unwrap();
    }

    async fn update(&self, name: &str, config: &str) -> Result<(), String> {
        let request = self.sagemaker.update_endpoint().endpoint_name(name).endpoint_config_name(config);
        request.send().await.map(drop).map_err(|error| error.message().unwrap_or_default().to_owned())
    }

    async fn describe(&self, name: &str) -> DescribeEndpointOutput {
        self.sagemaker.describe_endpoint().endpoint_name(name).send().await.unwrap()
    }

    async fn status(&self, name: &str) -> EndpointStatus {
        self.describe(name).await.endpoint_status().unwrap().clone()
    }

    /// The variant that answers.
    async fn ask(&self, endpoint: &str, variant: Option<&str>) -> Result<String, String> {
        let request = self.runtime.invoke_endpoint().endpoint_name(endpoint).set_target_variant(variant.map(str::to_owned));
        match request.content_type("text/csv").body(Blob::new(self.line.clone())).send().await {
            Ok(answer) => {
                let text = String::from_utf8(answer.body().unwrap().as_ref().to_vec()).unwrap();
                let score: f64 = text.trim().parse().unwrap();
                assert!((0.0..=1.0).contains(&score));
                Ok(answer.invoked_production_variant().unwrap().to_owned())
            }
            Err(error) => Err(error.into_service_error().to_string()),
        }
    }

    /// How often each variant answers.
    async fn split(&self, endpoint: &str, invocations: u32) -> BTreeMap<String, u32> {
        let mut answered = BTreeMap::new();
        for _ in 0..invocations {
            *answered.entry(self.ask(endpoint, None).await.unwrap()).or_default() += 1;
        }
        answered
    }

    /// A statistic of a variant over the last hour, as `GetMetricData` gives it.
    async fn metric(&self, endpoint: &str, variant: &str, name: &str, stat: &str, now: DateTime<Utc>) -> Option<f64> {
        let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
        let metric = Metric::builder()
            .namespace("AWS/SageMaker")
            .metric_name(name)
            .dimensions(dimension("EndpointName", endpoint))
            .dimensions(dimension("VariantName", variant))
            .build();
        let query =
            MetricDataQuery::builder().id("m").metric_stat(MetricStat::builder().metric(metric).period(3600).stat(stat).build()).build();
        let at = |seconds: i64| aws_sdk_cloudwatch::primitives::DateTime::from_secs(seconds);
        let request = self.cloudwatch.get_metric_data().metric_data_queries(query);
        let hours = now.timestamp() / 3600 * 3600;
        let said = request.start_time(at(hours - 3600)).end_time(at(hours + 3600)).send().await.unwrap();
        let values = said.metric_data_results()[0].values().to_vec();
        if stat == "Sum" { (!values.is_empty()).then(|| values.iter().sum()) } else { values.first().copied() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_is_split_by_weight_and_a_variant_can_be_asked_by_name() {
    let hosts = hosts().await;
    hosts.model("one").await;
    hosts.model("two").await;
    hosts.config("split", &[("v1", "one", 3.0), ("v2", "two", 1.0)], &[]).await.unwrap();
    hosts.create("e", "split").await;
    let split = hosts.split("e", 200).await;
    assert!(split["v1"].abs_diff(150) <= 3 && split["v2"].abs_diff(50) <= 3, "{split:?}");
    assert_eq!(hosts.ask("e", Some("v2")).await.unwrap(), "v2");
    assert!(hosts.ask("e", Some("v3")).await.unwrap_err().contains("v3"));

    let described = hosts.describe("e").await;
    let weights: Vec<_> =
        described.production_variants().iter().map(|it| (it.variant_name().unwrap(), it.current_weight(), it.desired_weight())).collect();
    assert_eq!(weights, [("v1", Some(3.0), Some(3.0)), ("v2", Some(1.0), Some(1.0))]);
    assert!(described.production_variants()[0].deployed_images()[0].resolved_image().unwrap().contains("xgboost"));

    // Other weights, without another configuration.
    let wanted = |name: &str, weight| DesiredWeightAndCapacity::builder().variant_name(name).desired_weight(weight).build();
    let request = hosts.sagemaker.update_endpoint_weights_and_capacities().endpoint_name("e");
    request.desired_weights_and_capacities(wanted("v1", 0.0)).send().await.unwrap();
    assert_eq!(hosts.split("e", 20).await, BTreeMap::from([("v2".to_owned(), 20)]));
    let request = hosts.sagemaker.update_endpoint_weights_and_capacities().endpoint_name("e");
    let refused = request.desired_weights_and_capacities(wanted("v9", 1.0)).send().await.unwrap_err();
    assert!(refused.message().unwrap().contains("v9"), "{refused}");
    let request = hosts.sagemaker.update_endpoint_weights_and_capacities().endpoint_name("e");
    let refused = request.desired_weights_and_capacities(wanted("v2", 0.0)).send().await.unwrap_err();
    assert!(refused.message().unwrap().contains("must not all be zero"), "{refused}");

    // The counts of both variants are what was asked, in CloudWatch's words.
    let now = Utc::now();
    let counted = hosts.metric("e", "v1", "Invocations", "Sum", now).await.unwrap();
    assert_eq!(counted, f64::from(split["v1"]));
    assert_eq!(hosts.metric("e", "v2", "Invocations", "Sum", now).await.unwrap(), f64::from(split["v2"] + 1 + 20));
    hosts.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_hears_everything_and_answers_nobody() {
    let hosts = hosts().await;
    hosts.model("one").await;
    hosts.model("two").await;
    let refused = hosts.config("no", &[("v1", "one", 1.0), ("v2", "two", 1.0)], &[("s", "two", 1.0)]).await.unwrap_err();
    assert!(refused.contains("only one variant in ProductionVariants"), "{refused}");
    hosts.config("shadow", &[("v1", "one", 1.0)], &[("s", "two", 1.0)]).await.unwrap();
    hosts.create("e", "shadow").await;
    assert_eq!(hosts.split("e", 25).await, BTreeMap::from([("v1".to_owned(), 25)]));
    let described = hosts.describe("e").await;
    assert_eq!(described.shadow_production_variants()[0].variant_name(), Some("s"));
    assert!(hosts.ask("e", Some("s")).await.is_err(), "a shadow cannot be asked");
    // Nobody waits for a shadow: its counts follow in a moment.
    let mut heard = None;
    for _ in 0..500 {
        heard = hosts.metric("e", "s", "Invocations", "Sum", Utc::now()).await;
        if heard == Some(25.0) {
            break;
        }
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert_eq!(heard, Some(25.0));
    assert_eq!(hosts.metric("e", "v1", "Invocations", "Sum", Utc::now()).await, Some(25.0));
    hosts.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_leaves_no_gap() {
    let (hosts, clock) = hosts().await.with_clock().await;
    hosts.model("one").await;
    hosts.model("two").await;
    hosts.config("c1", &[("v1", "one", 1.0)], &[]).await.unwrap();
    hosts.config("c2", &[("v2", "two", 1.0)], &[]).await.unwrap();
    hosts.create("e", "c1").await;
    assert_eq!(hosts.status("e").await, EndpointStatus::Creating);
    assert!(hosts.ask("e", None).await.unwrap_err().contains("Creating"));
    assert!(hosts.update("e", "c2").await.unwrap_err().contains("in-progress"));
    clock.seconds(60);
    assert_eq!(hosts.status("e").await, EndpointStatus::InService);
    assert_eq!(hosts.ask("e", None).await.unwrap(), "v1");

    let rolling = RollingUpdatePolicy::builder()
        .maximum_batch_size(
            aws_sdk_sagemaker::types::CapacitySize::builder()
                .r#type(aws_sdk_sagemaker::types::CapacitySizeType::InstanceCount)
                .value(1)
                .build(),
        )
        .wait_interval_in_seconds(0)
        .build();
    let request = hosts.sagemaker.update_endpoint().endpoint_name("e").endpoint_config_name("c2");
    request.deployment_config(DeploymentConfig::builder().rolling_update_policy(rolling).build()).send().await.unwrap();
    let described = hosts.describe("e").await;
    assert_eq!(described.endpoint_status(), Some(&EndpointStatus::Updating));
    assert_eq!(described.endpoint_config_name(), Some("c1"));
    assert_eq!(described.pending_deployment_summary().unwrap().endpoint_config_name(), Some("c2"));
    assert_eq!(hosts.ask("e", None).await.unwrap(), "v1", "the old variant answers until the new one is in service");
    // What serves has no need of its configuration and model documents.
    hosts.sagemaker.delete_endpoint_config().endpoint_config_name("c1").send().await.unwrap();
    hosts.sagemaker.delete_model().model_name("one").send().await.unwrap();
    assert_eq!(hosts.ask("e", None).await.unwrap(), "v1");
    clock.seconds(60);
    let described = hosts.describe("e").await;
    assert_eq!((described.endpoint_status(), described.endpoint_config_name()), (Some(&EndpointStatus::InService), Some("c2")));
    assert!(described.last_deployment_config().unwrap().rolling_update_policy().is_some());
    assert_eq!(hosts.ask("e", None).await.unwrap(), "v2");
    hosts.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_cannot_be_loaded_is_rolled_back() {
    let (hosts, clock) = hosts().await.with_clock().await;
    hosts.model("one").await;
    hosts.model_of("broken", b"no model").await;
    hosts.config("c1", &[("v1", "one", 1.0)], &[]).await.unwrap();
    hosts.config("c2", &[("v2", "broken", 1.0)], &[]).await.unwrap();
    hosts.create("e", "c1").await;
    clock.seconds(60);
    hosts.update("e", "c2").await.unwrap();
    assert_eq!(hosts.status("e").await, EndpointStatus::Updating);
    clock.seconds(5);
    let described = hosts.describe("e").await;
    assert_eq!(described.endpoint_status(), Some(&EndpointStatus::RollingBack));
    assert!(described.failure_reason().unwrap().contains("did not pass the ping health check"));
    assert_eq!(hosts.ask("e", None).await.unwrap(), "v1");
    clock.seconds(60);
    let described = hosts.describe("e").await;
    assert_eq!((described.endpoint_status(), described.endpoint_config_name()), (Some(&EndpointStatus::InService), Some("c1")));
    assert_eq!(hosts.ask("e", None).await.unwrap(), "v1");

    // An endpoint that never came into service can only be deleted.
    hosts.create("f", "c2").await;
    clock.seconds(60);
    assert_eq!(hosts.status("f").await, EndpointStatus::Failed);
    assert!(hosts.update("f", "c1").await.unwrap_err().contains("can only be deleted"));
    hosts.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_fails_when_the_old_model_is_gone_too() {
    let hosts = hosts().await;
    let described = hosts.sagemaker.describe_model_package().model_package_name(&hosts.package).send().await.unwrap();
    let url = described.inference_specification().unwrap().containers()[0].model_data_url().unwrap().to_owned();
    let (bucket, key) = url.strip_prefix("s3://").unwrap().split_once('/').unwrap();
    let artifact = hosts.s3.get_object().bucket(bucket).key(key).send().await.unwrap().body.collect().await.unwrap().to_vec();
    hosts.model_of("one", &artifact).await;
    hosts.config("c1", &[("v1", "one", 1.0)], &[]).await.unwrap();
    hosts.create("e", "c1").await;
    // A restart forgets what was loaded, and the artifact is replaced.
    let (hosts, clock) = hosts.with_clock().await;
    assert_eq!(hosts.status("e").await, EndpointStatus::InService);
    hosts.s3.put_object().bucket(&hosts.bucket).key("artifacts/one.tar.gz").body(b"gone".to_vec().into()).send().await.unwrap();
    hosts.model_of("broken", b"no model").await;
    hosts.config("c2", &[("v2", "broken", 1.0)], &[]).await.unwrap();
    hosts.update("e", "c2").await.unwrap();
    clock.seconds(60);
    let described = hosts.describe("e").await;
    assert_eq!(described.endpoint_status(), Some(&EndpointStatus::UpdateRollbackFailed));
    assert!(described.failure_reason().unwrap().contains("v1"), "{:?}", described.failure_reason());
    // It is mended by an update that can be loaded.
    hosts.model("good").await;
    hosts.config("c3", &[("v3", "good", 1.0)], &[]).await.unwrap();
    hosts.update("e", "c3").await.unwrap();
    clock.seconds(60);
    assert_eq!(hosts.status("e").await, EndpointStatus::InService);
    assert_eq!(hosts.ask("e", None).await.unwrap(), "v3");
    hosts.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_are_listed_by_name_status_and_time_in_pages() {
    let hosts = hosts().await;
    hosts.model("one").await;
    hosts.config("c1", &[("v1", "one", 1.0)], &[]).await.unwrap();
    for name in ["a-1", "a-2", "b-1"] {
        hosts.create(name, "c1").await;
    }
    let names = |said: &aws_sdk_sagemaker::operation::list_endpoints::ListEndpointsOutput| {
        said.endpoints().iter().map(|it| it.endpoint_name().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let list = || hosts.sagemaker.list_endpoints().sort_by(aws_sdk_sagemaker::types::EndpointSortKey::Name);
    let ascending = aws_sdk_sagemaker::types::OrderKey::Ascending;
    let first = list().sort_order(ascending.clone()).max_results(2).send().await.unwrap();
    assert_eq!(names(&first), ["a-1", "a-2"]);
    let rest = list().sort_order(ascending).max_results(2).set_next_token(first.next_token().map(str::to_owned)).send().await.unwrap();
    assert_eq!((names(&rest), rest.next_token()), (vec!["b-1".to_owned()], None));
    assert_eq!(names(&list().name_contains("A-").send().await.unwrap()).len(), 2);
    assert_eq!(names(&list().status_equals(EndpointStatus::Failed).send().await.unwrap()), [] as [String; 0]);
    let at = |offset: i64| aws_sdk_sagemaker::primitives::DateTime::from_secs(Utc::now().timestamp() + offset);
    assert_eq!(names(&list().creation_time_after(at(60)).send().await.unwrap()), [] as [String; 0]);
    assert_eq!(names(&list().creation_time_after(at(-60)).last_modified_time_before(at(60)).send().await.unwrap()).len(), 3);
    let configs = hosts.sagemaker.list_endpoint_configs().name_contains("c1").creation_time_before(at(60)).send().await.unwrap();
    assert_eq!(configs.endpoint_configs().len(), 1);
    hosts.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudwatch_counts_errors_and_knows_percentiles() {
    let hosts = hosts().await;
    hosts.model("one").await;
    hosts.config("c1", &[("v1", "one", 1.0)], &[]).await.unwrap();
    hosts.create("e", "c1").await;
    hosts.split("e", 10).await;
    for _ in 0..2 {
        let request = hosts.runtime.invoke_endpoint().endpoint_name("e").content_type("text/csv").body(Blob::new("1,2"));
        assert!(request.send().await.unwrap_err().into_service_error().is_model_error());
    }
    // What was counted survives a restart.
    let Hosts { account, package, bucket, line, .. } = hosts;
    let hosts = Hosts { line, ..over(account.reopen().await, package, bucket) };
    let now = Utc::now();
    assert_eq!(hosts.metric("e", "v1", "Invocations", "Sum", now).await, Some(12.0));
    assert_eq!(hosts.metric("e", "v1", "Invocation4XXErrors", "Sum", now).await, Some(2.0));
    assert_eq!(hosts.metric("e", "v1", "Invocation5XXErrors", "Sum", now).await, Some(0.0));
    assert_eq!(hosts.metric("e", "v2", "Invocations", "Sum", now).await, None);
    let p50 = hosts.metric("e", "v1", "ModelLatency", "p50", now).await.unwrap();
    let p99 = hosts.metric("e", "v1", "ModelLatency", "p99", now).await.unwrap();
    assert!(p50 <= p99 && p99 < 1e6, "{p50} and {p99} microseconds");

    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let at = |offset: i64| aws_sdk_cloudwatch::primitives::DateTime::from_secs(now.timestamp() + offset);
    let statistics = || {
        hosts
            .cloudwatch
            .get_metric_statistics()
            .namespace("AWS/SageMaker")
            .metric_name("Invocation4XXErrors")
            .dimensions(dimension("EndpointName", "e"))
            .dimensions(dimension("VariantName", "v1"))
            .start_time(at(-600))
            .end_time(at(600))
    };
    let said = statistics().period(60).statistics(Statistic::SampleCount).statistics(Statistic::Average).send().await.unwrap();
    let samples: f64 = said.datapoints().iter().map(|point| point.sample_count().unwrap()).sum();
    assert_eq!(samples, 12.0);
    assert!(said.datapoints().iter().all(|point| point.average().unwrap() <= 1.0 && point.timestamp().is_some()));
    let said = statistics().period(600).extended_statistics("p99").send().await.unwrap();
    let highest = said.datapoints().iter().map(|point| point.extended_statistics().unwrap()["p99"]).fold(0.0, f64::max);
    assert_eq!(highest, 1.0);
    let refused = statistics().period(61).statistics(Statistic::Sum).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterValue"), "{refused}");
    assert!(refused.message().unwrap().contains("multiple of 60"), "{refused}");
    let listed = hosts.cloudwatch.list_metrics().namespace("AWS/SageMaker").metric_name("ModelLatency").send().await.unwrap();
    assert_eq!(listed.metrics().len(), 1);
    hosts.account.close().await;
}

//! Pipelines: the definition that is sent runs, and everything that it makes is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sagemaker::error::ProvideErrorMetadata as _;
use aws_sdk_sagemaker::types::{PipelineExecutionStatus, StepStatus};
use serde_json::{Value, json};
use shiftdeck::config::Settings;
use shiftdeck::demo::dataset::DataSet;
use shiftdeck::demo::example;
use shiftdeck::demo::pipeline_definition::{self, PipelineInputs, metadata, parameter, step};
use shiftdeck::demo::scenario::Scenario;
use shiftdeck::local::pace::Pace;

use crate::common::{self, TestAccount};

/// A pipeline in an account, with an unload of made-up customers in place.
pub struct Bench {
    pub account: TestAccount,
    pub scenario: Scenario,
    pub sagemaker: aws_sdk_sagemaker::Client,
    pub s3: aws_sdk_s3::Client,
}

/// How an execution ended: its ARN, its status, and status and failure of each step by name.
pub struct Run {
    pub arn: String,
    pub status: PipelineExecutionStatus,
    pub steps: Vec<(String, StepStatus, String)>,
}

impl Run {
    /// Status and failure of a step that began.
    pub fn step(&self, name: &str) -> Option<(&StepStatus, &str)> {
        self.steps.iter().find(|(step, ..)| step == name).map(|(_, status, failure)| (status, failure.as_str()))
    }
}

/// A smaller training than that of the demonstration.
pub fn inputs() -> PipelineInputs {
    PipelineInputs { num_round: 20, max_depth: 4, segments: vec!["job".into(), "contact".into()], ..example::inputs() }
}

/// Our definition without the unload: it reads files that are there already.
pub fn definition(scenario: &Scenario, inputs: &PipelineInputs) -> Value {
    let mut definition = pipeline_definition::definition(scenario, inputs).unwrap();
    definition["Steps"].as_array_mut().unwrap().remove(0);
    for name in [step::QUALITY, step::PREPROCESS] {
        let reads = named(&mut definition, name);
        reads.as_object_mut().unwrap().remove("DependsOn");
        reads["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"] = json!(format!("s3://{}/unload/", scenario.bucket));
    }
    definition
}

/// A step of a definition.
pub fn named<'a>(definition: &'a mut Value, name: &str) -> &'a mut Value {
    definition["Steps"].as_array_mut().unwrap().iter_mut().find(|step| step["Name"] == name).unwrap()
}

/// Made-up customers. Whether one says yes follows from age and earlier contact, or from nothing at all.
pub fn customers(rows: u64, learnable: bool) -> String {
    let names: Vec<String> = DataSet::bank().columns.iter().map(|column| column.name.clone()).collect();
    let mut text = names.join(",") + "\n";
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..rows {
        let (age, pdays) = (20 + random(60), if random(4) == 0 { random(20) } else { 999 });
        let job = ["admin.", "student", "retired", "services"][usize::try_from(random(4)).unwrap()];
        let odds = match (learnable, pdays < 999, age > 60) {
            (false, ..) => 20,
            (true, true, true) => 85,
            (true, true, false) | (true, false, true) => 45,
            (true, false, false) => 5,
        };
        let answer = if random(100) < odds { "yes" } else { "no" };
        let (contact, duration) = (["cellular", "telephone"][usize::try_from(random(2)).unwrap()], random(900));
        let _ = writeln!(
            text,
            "{age},{job},married,basic.9y,no,yes,no,{contact},may,mon,{duration},1,{pdays},0,nonexistent,1.100,93.994,-36.400,4.857,5191.000,{answer}"
        );
    }
    text
}

pub fn gzip(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

pub async fn bench(pace: Pace, learnable: bool) -> Bench {
    let account = common::account_at(pace).await;
    let config = account.sdk_config();
    let (sagemaker, s3) = (aws_sdk_sagemaker::Client::new(&config), aws_sdk_s3::Client::new(&config));
    let scenario = settings().scenario("000000000000");
    s3.create_bucket().bucket(&scenario.bucket).send().await.unwrap();
    let put = async |key: &str, body: Vec<u8>| {
        s3.put_object().bucket(&scenario.bucket).key(key).body(ByteStream::from(body)).send().await.unwrap();
    };
    for (key, content) in pipeline_definition::code_objects(&scenario) {
        put(&key, content.as_bytes().to_vec()).await;
    }
    for (key, content) in pipeline_definition::default_references(&scenario) {
        put(&key, content.into_bytes()).await;
    }
    put("unload/data_0000_part_00.gz", gzip(&customers(3000, learnable))).await;
    sagemaker.create_model_package_group().model_package_group_name(&scenario.model_group).send().await.unwrap();
    assert_eq!(account.role(&scenario.sagemaker_role, "sagemaker.amazonaws.com").await, inputs().role_arn);
    Bench { account, scenario, sagemaker, s3 }
}

fn settings() -> Settings {
    shiftdeck::config::load(&shiftdeck::config::Sources::default()).unwrap().settings
}

impl Bench {
    pub async fn create(&self, definition: &Value) -> Result<(), String> {
        let request = self.sagemaker.create_pipeline().pipeline_name(&self.scenario.pipeline).role_arn(inputs().role_arn);
        let request = request.client_request_token("00000000-0000-0000-0000-0000000000000000").pipeline_definition(definition.to_string());
        request.send().await.map(drop).map_err(|error| error.message().unwrap_or_default().to_owned())
    }

    /// Replaces the definition.
    pub async fn update(&self, definition: &Value) {
        let request = self.sagemaker.update_pipeline().pipeline_name(&self.scenario.pipeline).pipeline_definition(definition.to_string());
        request.send().await.unwrap();
    }

    pub async fn start(&self) -> String {
        self.start_with(&[]).await.unwrap()
    }

    /// Starts an execution with parameters; the message when they are refused.
    pub async fn start_with(&self, parameters: &[(&str, &str)]) -> Result<String, String> {
        let mut request = self.sagemaker.start_pipeline_execution().pipeline_name(&self.scenario.pipeline);
        for (name, value) in parameters {
            request = request.pipeline_parameters(aws_sdk_sagemaker::types::Parameter::builder().name(*name).value(*value).build());
        }
        let started = request.send().await.map_err(|error| error.message().unwrap_or_default().to_owned())?;
        Ok(started.pipeline_execution_arn().unwrap().to_owned())
    }

    /// Writes an object into the bucket; gives its address.
    pub async fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> String {
        self.s3.put_object().bucket(&self.scenario.bucket).key(key).body(ByteStream::from(body.into())).send().await.unwrap();
        format!("s3://{}/{key}", self.scenario.bucket)
    }

    /// Replaces the unload.
    pub async fn unload(&self, text: &str) {
        self.put("unload/data_0000_part_00.gz", gzip(text)).await;
    }

    /// Runs what did not succeed again.
    pub async fn retry(&self, arn: &str) -> Run {
        let request = self.sagemaker.retry_pipeline_execution().pipeline_execution_arn(arn);
        request.client_request_token(format!("retry-{:032}", arn.len())).send().await.unwrap();
        self.wait(arn).await
    }

    /// The steps of an execution as the service lists them.
    pub async fn listed(&self, arn: &str) -> Vec<aws_sdk_sagemaker::types::PipelineExecutionStep> {
        let listed = self.sagemaker.list_pipeline_execution_steps().pipeline_execution_arn(arn).send().await.unwrap();
        listed.pipeline_execution_steps().to_vec()
    }

    pub async fn wait(&self, arn: &str) -> Run {
        let status = loop {
            let described = self.sagemaker.describe_pipeline_execution().pipeline_execution_arn(arn).send().await.unwrap();
            match described.pipeline_execution_status().unwrap() {
                PipelineExecutionStatus::Executing | PipelineExecutionStatus::Stopping => {
                    tokio::time::sleep(Duration::from_millis(5)).await
                }
                ended => break ended.clone(),
            }
        };
        let steps = self.sagemaker.list_pipeline_execution_steps().pipeline_execution_arn(arn).send().await.unwrap();
        let steps = steps.pipeline_execution_steps().iter().map(|step| {
            (
                step.step_name().unwrap().to_owned(),
                step.step_status().unwrap().clone(),
                step.failure_reason().unwrap_or_default().to_owned(),
            )
        });
        Run { arn: arn.to_owned(), status, steps: steps.collect() }
    }

    pub async fn run(&self, definition: &Value) -> Run {
        self.create(definition).await.unwrap();
        self.wait(&self.start().await).await
    }

    pub async fn object(&self, uri: &str) -> Vec<u8> {
        let (bucket, key) = uri.strip_prefix("s3://").unwrap().split_once('/').unwrap();
        let object = self.s3.get_object().bucket(bucket).key(key).send().await.unwrap();
        object.body.collect().await.unwrap().to_vec()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_model_is_registered_with_its_figures() {
    let bench = bench(Pace::Instant, true).await;
    let run = bench.run(&definition(&bench.scenario, &inputs())).await;
    assert_eq!(run.status, PipelineExecutionStatus::Succeeded, "{:?}", run.steps);
    let names: Vec<&str> = run.steps.iter().map(|(name, ..)| name.as_str()).collect();
    // The data are checked and prepared at the same time.
    assert_eq!(names, [step::QUALITY, step::PREPROCESS, step::TRAIN, step::EVALUATE, step::GATE, step::REGISTER]);

    let packages = bench.sagemaker.list_model_packages().model_package_group_name(&bench.scenario.model_group).send().await.unwrap();
    let [package] = packages.model_package_summary_list() else { panic!("one package") };
    assert_eq!(package.model_package_version(), Some(1));
    let arn = package.model_package_arn().unwrap();
    let package = bench.sagemaker.describe_model_package().model_package_name(arn).send().await.unwrap();
    assert_eq!(package.model_approval_status().unwrap().as_str(), "PendingManualApproval");
    let properties = package.customer_metadata_properties().unwrap();
    let report: Value = serde_json::from_slice(&bench.object(&properties[metadata::EVALUATION]).await).unwrap();
    let value = |place: &str| report.pointer(&format!("/{place}/value")).unwrap().as_f64().unwrap();
    assert!(value("regression_metrics/mse") < value("regression_metrics/base_rate_mse"));
    assert!(value("binary_classification_metrics/auc") > 0.7);
    assert_eq!(report["rows"], 300);
    let statistics = package.model_metrics().unwrap().model_quality().unwrap().statistics().unwrap();
    assert_eq!(statistics.s3_uri(), Some(properties[metadata::EVALUATION].as_str()));
    let rows = String::from_utf8(bench.object(&properties[metadata::TEST_ROWS]).await).unwrap();
    assert_eq!(rows.lines().count(), 301);
    let splits = String::from_utf8(bench.object(&properties[metadata::SPLITS]).await).unwrap();
    assert_eq!(splits.lines().filter(|line| line.contains(",train,")).count(), 2100);

    // The training job tells its rounds and its last figures.
    let jobs = bench.sagemaker.list_training_jobs().send().await.unwrap();
    let name = jobs.training_job_summaries()[0].training_job_name().unwrap();
    let job = bench.sagemaker.describe_training_job().training_job_name(name).send().await.unwrap();
    let metrics: Vec<_> = job.final_metric_data_list().iter().map(|metric| metric.metric_name().unwrap()).collect();
    assert_eq!(metrics, ["train:logloss", "validation:logloss"]);
    let statuses: Vec<_> = job.secondary_status_transitions().iter().map(|one| one.status().unwrap().as_str()).collect();
    assert_eq!(statuses, ["Starting", "Downloading", "Training", "Uploading", "Completed"]);

    // The same data and settings give the same model, when every step runs again.
    let again = bench.wait(&bench.start_with(&[(parameter::CACHE_KEY, "again")]).await.unwrap()).await;
    let model = |run: &Run| {
        format!(
            "s3://{}/{}runs/{}/model/model.tar.gz",
            bench.scenario.bucket,
            bench.scenario.pipeline_prefix,
            run.arn.rsplit('/').next().unwrap()
        )
    };
    assert_ne!(run.arn, again.arn);
    assert_eq!(bench.object(&model(&run)).await, bench.object(&model(&again)).await);
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_learned_nothing_is_refused_by_the_gate() {
    let bench = bench(Pace::Instant, false).await;
    let run = bench.run(&definition(&bench.scenario, &inputs())).await;
    assert_eq!(run.status, PipelineExecutionStatus::Failed);
    assert_eq!(run.step(step::GATE), Some((&StepStatus::Succeeded, "")));
    assert!(run.step(step::REGISTER).is_none());
    let (status, reason) = run.step(step::REFUSED).unwrap();
    assert_eq!(*status, StepStatus::Failed);
    assert!(reason.starts_with("The quality gate refused the model. Mean squared error 0."), "{reason}");
    assert!(reason.contains("AUC 0.") && reason.contains("no model is approved yet"), "{reason}");
    let packages = bench.sagemaker.list_model_packages().model_package_group_name(&bench.scenario.model_group).send().await.unwrap();
    assert!(packages.model_package_summary_list().is_empty());
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_definitions_and_parameters_are_refused_at_once() {
    let bench = bench(Pace::Instant, true).await;
    let good = definition(&bench.scenario, &inputs());
    let mut unknown = good.clone();
    named(&mut unknown, step::PREPROCESS)["Type"] = json!("EMR");
    assert!(
        bench.create(&unknown).await.unwrap_err().contains("Step Step-PreProcess: the embedded AWS does not support steps of type EMR")
    );
    let mut container = good.clone();
    named(&mut container, step::TRAIN)["Arguments"]["AlgorithmSpecification"]["TrainingImage"] = json!("docker.io/library/python:3");
    assert!(bench.create(&container).await.unwrap_err().contains("Step Step-Train: the embedded AWS runs SageMaker's"));
    let mut circle = good.clone();
    named(&mut circle, step::PREPROCESS)["DependsOn"] = json!([step::EVALUATE]);
    assert!(bench.create(&circle).await.unwrap_err().contains("wait for each other"));
    let mut removed = good.clone();
    removed["Steps"].as_array_mut().unwrap().retain(|step| step["Name"] != "Step-PreProcess");
    assert!(bench.create(&removed).await.unwrap_err().contains("depends on the step Step-PreProcess, which does not exist"));
    bench.create(&good).await.unwrap();
    // The same request again is the same pipeline.
    bench.create(&good).await.unwrap();
    assert!(bench.start_with(&[("Colour", "red")]).await.unwrap_err().contains("Colour"));
    assert!(bench.start_with(&[("ProcessingInstanceCount", "two")]).await.unwrap_err().contains("no Integer"));
    assert!(bench.start_with(&[("ModelApprovalStatus", "Perhaps")]).await.unwrap_err().contains("must be one of"));
    let missing = bench.sagemaker.describe_pipeline().pipeline_name("Nothing").send().await.unwrap_err().into_service_error();
    assert!(missing.is_resource_not_found(), "{missing}");
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_name_the_reason() {
    let bench = bench(Pace::Instant, true).await;
    let mut changed = definition(&bench.scenario, &inputs());
    named(&mut changed, step::TRAIN)["Arguments"]["HyperParameters"]["max_dept"] = json!("3");
    let run = bench.run(&changed).await;
    assert_eq!(run.status, PipelineExecutionStatus::Failed);
    let (_, reason) = run.step(step::TRAIN).unwrap();
    assert!(reason.contains("Extraneous hyperparameter found: max_dept"), "{reason}");
    assert!(run.step(step::EVALUATE).is_none());

    // Code that has no equivalent is not pretended to have run.
    let (key, _) = &pipeline_definition::code_objects(&bench.scenario)[1];
    bench.put(key, *b"print(1)").await;
    let run = bench.wait(&bench.start_with(&[(parameter::CACHE_KEY, "again")]).await.unwrap()).await;
    let (_, reason) = run.step(step::PREPROCESS).unwrap();
    assert!(reason.contains("no equivalent of the script"), "{reason}");
    bench.account.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_stops_and_retry_goes_on() {
    let bench = bench(Pace::Live, true).await;
    bench.create(&definition(&bench.scenario, &inputs())).await.unwrap();
    let arn = bench.start().await;
    bench
        .sagemaker
        .stop_pipeline_execution()
        .pipeline_execution_arn(&arn)
        .client_request_token("stop-0000000000000000000000000000")
        .send()
        .await
        .unwrap();
    let run = bench.wait(&arn).await;
    assert_eq!(run.status, PipelineExecutionStatus::Stopped);
    assert!(run.steps.iter().all(|(_, status, _)| *status != StepStatus::Executing), "{:?}", run.steps);

    // Killed while at work: the next start says so, and a retry finishes.
    let arn = bench.start().await;
    let Bench { account, scenario, .. } = bench;
    let account = account.reopen().await;
    let sagemaker = aws_sdk_sagemaker::Client::new(&account.sdk_config());
    let s3 = aws_sdk_s3::Client::new(&account.sdk_config());
    let bench = Bench { account, scenario, sagemaker, s3 };
    let run = bench.wait(&arn).await;
    assert!(matches!(run.status, PipelineExecutionStatus::Failed | PipelineExecutionStatus::Stopped), "{:?}", run.status);
    bench
        .sagemaker
        .retry_pipeline_execution()
        .pipeline_execution_arn(&arn)
        .client_request_token("retry-000000000000000000000000000")
        .send()
        .await
        .unwrap();
    assert_eq!(bench.wait(&arn).await.status, PipelineExecutionStatus::Succeeded);
    bench.account.close().await;
}

//! Training jobs of the built-in XGBoost.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::super::Inner;
use super::super::definition::{list, unknown_image};
use super::super::instances;
use super::super::names::{Doc, invalid};
use super::{JobError, files};
use crate::demo::pipeline_definition::XgboostRelease;
use crate::local::iam::{Assumed, ObjectsOf};
use crate::local::ml::artifact::Artifact;
use crate::local::ml::matrix::read_labelled;
use crate::local::ml::train::{Labelled, MlError, Round, train};
use crate::local::pace::Wait;
use crate::local::service::ServiceResult;
use crate::local::services::logs::LogWriter;
use crate::local::services::protocol::aws_json::{Input, epoch};

/// Checks a request; gives the members that are kept.
pub(super) fn check(input: &Input) -> ServiceResult<&'static [&'static str]> {
    let algorithm = input.required_object("AlgorithmSpecification")?;
    let image = algorithm.required_text("TrainingImage")?;
    if XgboostRelease::of(image).is_none() {
        return Err(invalid(format!("Cannot train with the image: {}", unknown_image(image))));
    }
    input.required_text("RoleArn")?;
    input.required_object("OutputDataConfig")?.required_text("S3OutputPath")?;
    if let Some(resources) = input.object("ResourceConfig")? {
        instances::check(&resources, "resourceConfig")?;
    }
    if input.objects("InputDataConfig")?.is_empty() {
        return Err(invalid("InputDataConfig has no channels"));
    }
    Ok(&[
        "HyperParameters",
        "AlgorithmSpecification",
        "RoleArn",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "Environment",
        "ExperimentConfig",
    ])
}

/// Where the model of a job is put.
pub(super) fn artifact(description: &Value) -> String {
    let output = description["OutputDataConfig"]["S3OutputPath"].as_str().unwrap_or_default();
    let job = description["TrainingJobName"].as_str().unwrap_or_default();
    files::below(output, &format!("{job}/output/model.tar.gz"))
}

/// Puts in what SageMaker always tells: the key that artifacts are encrypted with, be it none.
pub(super) fn complete(description: &mut Doc) {
    if let Some(output) = description.get_mut("OutputDataConfig").and_then(Value::as_object_mut) {
        output.entry("KmsKeyId").or_insert_with(|| "".into());
    }
}

/// Puts in how long a job that has ended trained, and how much of that is billed: all of it, but for spot instances. Whole seconds.
pub(super) fn bill(description: &mut Doc) {
    let moment = |name: &str| description.get(name).and_then(Value::as_f64);
    if let (Some(from), Some(to)) = (moment("TrainingStartTime"), moment("TrainingEndTime")) {
        let seconds = Value::from((to - from).max(0.0).ceil() as u64);
        description.insert("TrainingTimeInSeconds".into(), seconds.clone());
        description.insert("BillableTimeInSeconds".into(), seconds);
    }
}

/// Moves a job to its next secondary status.
pub(super) fn transition(description: &mut Doc, status: &str, message: &str, now: &Value) {
    let transitions = description.entry("SecondaryStatusTransitions").or_insert_with(|| json!([]));
    if let Some(transitions) = transitions.as_array_mut() {
        if let Some(last) = transitions.last_mut().and_then(Value::as_object_mut) {
            last.insert("EndTime".into(), now.clone());
        }
        transitions.push(json!({ "Status": status, "StartTime": now, "StatusMessage": message }));
    }
    description.insert("SecondaryStatus".into(), status.into());
    description.insert("LastModifiedTime".into(), now.clone());
}

/// Does the work of a job as its role.
pub(super) async fn work(
    inner: &Arc<Inner>,
    key: &str,
    role: &Assumed,
    log: &LogWriter,
    token: &CancellationToken,
) -> Result<(), JobError> {
    let started = epoch(inner.account.clock.now());
    inner.jobs.touch(key, |job| {
        job.description.insert("TrainingStartTime".into(), started.clone());
        transition(&mut job.description, "Downloading", "Downloading input data", &started);
    });
    let objects = inner.objects_of(role);
    let (inner, key, log, token) = (inner.clone(), key.to_owned(), log.clone(), token.clone());
    tokio::task::spawn_blocking(move || Training { inner: &inner, objects: &objects, key: &key, log: &log, token: &token }.run())
        .await
        .map_err(|error| JobError::Failed(format!("InternalServerError: {error}")))?
}

struct Training<'a> {
    inner: &'a Inner,
    objects: &'a ObjectsOf,
    key: &'a str,
    log: &'a LogWriter,
    token: &'a CancellationToken,
}

impl Training<'_> {
    fn run(&self) -> Result<(), JobError> {
        let description = self.inner.jobs.look(self.key, |job| Value::Object(job.description.clone())).unwrap_or_default();
        let objects = self.objects;
        let (mut train_data, mut validation) = (None, None);
        for channel in list(&description["InputDataConfig"]) {
            let name = channel["ChannelName"].as_str().unwrap_or_default();
            let slot = match name {
                "train" => &mut train_data,
                "validation" => &mut validation,
                _ => return Err(JobError::Failed(format!("ClientError: Extraneous channel found: {name}"))),
            };
            *slot = Some(read_channel(objects, name, channel)?);
        }
        let train_data = train_data.ok_or_else(|| JobError::Failed("ClientError: Missing required channel: train".into()))?;
        let image = description["AlgorithmSpecification"]["TrainingImage"].as_str().unwrap_or_default();
        let release = XgboostRelease::of(image).ok_or_else(|| JobError::Failed(format!("ClientError: {}", unknown_image(image))))?;
        let mut hyperparameters: BTreeMap<String, String> = description["HyperParameters"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        if release == XgboostRelease::V1_7 {
            // XGBoost finds it from the labels only from 2.0 on.
            hyperparameters.entry("base_score".into()).or_insert_with(|| "0.5".into());
        }
        let rounds: u32 = hyperparameters.get("num_round").and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
        self.step("Training", "Training image download completed. Training in progress.");
        let stamp = || self.inner.account.clock.now().format("[%Y-%m-%d:%H:%M:%S:INFO]").to_string();
        self.log.lines([
            format!("{} Running XGBoost Sagemaker in algorithm mode", stamp()),
            format!("{} Single node training.", stamp()),
            format!("{} Train matrix has {} rows and {} columns", stamp(), train_data.rows(), train_data.width),
        ]);
        if let Some(validation) = &validation {
            self.log.line(format!("{} Validation matrix has {} rows", stamp(), validation.rows()));
        }
        let mut last = Vec::new();
        let booster = train(&train_data, validation.as_ref(), &hyperparameters, &mut |round| {
            last.clone_from(&round.metrics);
            self.report(round, self.pause(rounds))
        })
        .map_err(|error| match error {
            MlError::Stopped => JobError::Stopped,
            MlError::Parameter(why) => JobError::Failed(format!("ClientError: {why}, exit code: 1")),
            error => JobError::Failed(format!("AlgorithmError: framework error: {error}, exit code: 1")),
        })?;
        self.step("Uploading", "Uploading generated training model");
        let model = booster.to_xgboost_file(release).and_then(|model| Artifact { model, schema: None }.pack());
        let model = model.map_err(|error| JobError::Failed(format!("InternalServerError: {error}")))?;
        if self.token.is_cancelled() {
            return Err(JobError::Stopped);
        }
        let address = artifact(&description);
        files::write(objects, vec![(address.clone(), model)])?;
        let now = epoch(self.inner.account.clock.now());
        let metrics: Vec<Value> = last
            .iter()
            .map(|(name, value)| json!({ "MetricName": name.replacen('-', ":", 1), "Value": value, "Timestamp": now }))
            .collect();
        self.inner.jobs.touch(self.key, |job| {
            job.description.insert("ModelArtifacts".into(), json!({ "S3ModelArtifacts": address }));
            job.description.insert("FinalMetricDataList".into(), metrics.into());
        });
        Ok(())
    }

    /// Tells of a round, and takes its time at pace `live`.
    fn report(&self, round: &Round, pause: Duration) -> ControlFlow<()> {
        let line = round.log_line();
        let shown = line.replace('\t', "  ");
        self.log.line(line);
        self.inner.jobs.touch(self.key, |job| {
            // The transition's message is the one place of the API where progress can be told.
            let last = job.description.get_mut("SecondaryStatusTransitions").and_then(Value::as_array_mut).and_then(|all| all.last_mut());
            if let Some(last) = last.and_then(Value::as_object_mut) {
                last.insert("StatusMessage".into(), shown.into());
            }
        });
        if !pause.is_zero() && !self.token.is_cancelled() {
            // This is a thread of its own, where blocking is allowed; a stop is seen after one round.
            std::thread::sleep(pause);
        }
        if self.token.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// How long a round takes beside its work: a short training is spread so that its curve can be seen to grow, a long one is not drawn out.
    fn pause(&self, rounds: u32) -> Duration {
        let round = self.inner.account.pace.duration(Wait::TrainingRound);
        let most = self.inner.account.pace.duration(Wait::Training) / rounds.max(1);
        round.min(most)
    }

    fn step(&self, status: &str, message: &str) {
        let now = epoch(self.inner.account.clock.now());
        self.inner.jobs.touch(self.key, |job| {
            transition(&mut job.description, status, message, &now);
        });
    }
}

fn read_channel(objects: &ObjectsOf, name: &str, channel: &Value) -> Result<Labelled, JobError> {
    let content_type = channel["ContentType"].as_str().unwrap_or("text/libsvm");
    if !matches!(content_type.split(';').next().map(str::trim), Some("text/csv" | "csv")) {
        return Err(JobError::Failed(format!(
            "ClientError: the embedded AWS reads channels of type text/csv, and {name} is {content_type}"
        )));
    }
    let source = &channel["DataSource"]["S3DataSource"];
    let uri = source["S3Uri"].as_str().unwrap_or_default();
    let mut text = Vec::new();
    for (_, content) in files::read(objects, uri)? {
        text.extend_from_slice(&content);
        if !text.ends_with(b"\n") {
            text.push(b'\n');
        }
    }
    read_labelled(&text).map_err(|error| {
        JobError::Failed(format!("ClientError: Failed to load csv data with exception: the {name} channel: {error}, exit code: 1"))
    })
}

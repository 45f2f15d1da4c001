//! Transform jobs: the lines of CSV objects go through a model, and the answers to objects of the same names with `.out`.

mod filter;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::filter::Filter;
use super::Inner;
use super::instances::{self, Instances, Usage};
use super::names::{Doc, arn, doc, invalid, list, name_of, not_found, required_name};
use crate::local::iam::AccessError;
use crate::local::ml::matrix::read_rows;
use crate::local::ml::train::Booster;
use crate::local::objects::split_s3_uri;
use crate::local::pace::Wait;
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Input, epoch};

/// Lines that are scored between two looks at whether the job is to stop.
const LINES: usize = 10_000;

/// A job, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Transform {
    /// What `DescribeTransformJob` gives.
    pub description: Doc,
}

/// Members of a request that are kept as they came.
const KEPT: &[&str] = &[
    "ModelName",
    "MaxConcurrentTransforms",
    "ModelClientConfig",
    "MaxPayloadInMB",
    "BatchStrategy",
    "Environment",
    "TransformInput",
    "TransformOutput",
    "TransformResources",
    "DataProcessing",
    "ExperimentConfig",
];

/// Why a job did not end well.
enum Broken {
    Failed(String),
    Stopped,
}

fn client_error(why: impl std::fmt::Display) -> Broken {
    Broken::Failed(format!("ClientError: {why}"))
}

impl Inner {
    pub(super) fn create_transform_job(self: &Arc<Self>, input: &Input) -> ServiceResult {
        let name = required_name(input, "TransformJobName", 63)?.to_owned();
        let model = input.required_text("ModelName")?.to_owned();
        self.describe_model(&Input::new(doc(json!({ "ModelName": model })), "ValidationException"))?;
        Work::read(input)?;
        let resources = input.required_object("TransformResources")?;
        resources.required_text("InstanceType")?;
        instances::check(&resources, "transformResources")?;
        resources.integer_within("InstanceCount", 1, 100)?;
        if self.transforms.look(&name, |_| ()).is_some() {
            return Err(ServiceError::new(
                "ResourceInUse",
                format!(
                    "Job name must be unique within an AWS account and region, and a transform job with this name already exists ({name})"
                ),
            ));
        }
        let mut more = Instances::default();
        more.add_resources(&Value::Object(resources.fields().clone()));
        let admission = self.admission.lock();
        self.admit(Usage::Transform, &more)?;
        let arn = arn(&self.account, "transform-job", &name.to_lowercase());
        let mut description = doc(json!({
            "TransformJobName": name,
            "TransformJobArn": arn,
            "TransformJobStatus": "InProgress",
            "CreationTime": epoch(self.account.clock.now()),
        }));
        for member in KEPT {
            if let Some(value) = input.value(member) {
                description.insert((*member).to_owned(), value.clone());
            }
        }
        self.transforms.put(&name, Transform { description })?;
        drop(admission);
        self.tag(&arn, input)?;
        let token = self.register(&key(&name));
        let inner = self.clone();
        tokio::spawn(async move { inner.run_transform(&name, &token).await });
        Ok(json!({ "TransformJobArn": arn }))
    }

    /// Runs a recorded job to its end.
    async fn run_transform(self: &Arc<Self>, name: &str, token: &CancellationToken) {
        let work = async {
            tokio::select! {
                () = self.account.pace.wait(Wait::JobStart) => {}
                () = token.cancelled() => return Err(Broken::Stopped),
            }
            let started = epoch(self.account.clock.now());
            self.transforms.touch(name, |job| {
                job.description.insert("TransformStartTime".into(), started);
            });
            let description = self.transforms.look(name, |job| job.description.clone()).unwrap_or_default();
            let (inner, token) = (self.clone(), token.clone());
            let done = tokio::task::spawn_blocking(move || inner.transform(&description, &token));
            done.await.map_err(|error| Broken::Failed(format!("InternalServerError: {error}")))?
        };
        let result = work.await;
        self.unregister(&key(name));
        let now = epoch(self.account.clock.now());
        let saved = self.transforms.change(name, |job| {
            let status = match &result {
                Ok(()) => "Completed",
                Err(Broken::Failed(_)) => "Failed",
                Err(Broken::Stopped) => "Stopped",
            };
            job.description.insert("TransformJobStatus".into(), status.into());
            job.description.insert("TransformEndTime".into(), now);
            if let Err(Broken::Failed(reason)) = &result {
                job.description.insert("FailureReason".into(), reason.as_str().into());
            }
        });
        if let Err(error) = saved {
            tracing::error!(%error, job = name, "the end of a transform job could not be saved");
        }
    }

    fn transform(&self, description: &Doc, token: &CancellationToken) -> Result<(), Broken> {
        let work = Work::read(&Input::new(description.clone(), "ValidationException")).map_err(|error| client_error(error.message))?;
        let model = description["ModelName"].as_str().unwrap_or_default();
        // A job of a model works as the model's role.
        let role = self.model_role(model).map_err(client_error)?;
        let (image, artifact) = self.model_source(model).map_err(client_error)?;
        self.may_load(&role, &image, &artifact).map_err(client_error)?;
        let booster = self.load_model(model).map_err(|why| client_error(format!("the model could not be loaded: {why}")))?;
        let objects = &self.objects_of(&role);
        let (bucket, prefix) = split_s3_uri(&work.input).ok_or_else(|| client_error(format!("{} is no s3:// address", work.input)))?;
        let (out_bucket, out_prefix) =
            split_s3_uri(&work.output).ok_or_else(|| client_error(format!("{} is no s3:// address", work.output)))?;
        let refused = |error: AccessError| client_error(error.told());
        let listed = objects.list(bucket, prefix).map_err(refused)?;
        let keys: Vec<String> = listed.into_iter().map(|(key, _)| key).filter(|key| !key.ends_with('/')).collect();
        if keys.is_empty() {
            return Err(client_error(format!("No S3 objects found under S3 URL \"{}\" given in input data source.", work.input)));
        }
        // What lies in folders below the prefix keeps them.
        let folder = prefix.rfind('/').map_or(0, |at| at + 1);
        let mut written = Vec::with_capacity(keys.len());
        for key in &keys {
            let (content, _) = objects.get(bucket, key).map_err(refused)?;
            let plain = if work.gzip { unpacked(&content).map_err(|why| client_error(format!("{key}: {why}")))? } else { content.to_vec() };
            let answers = work.answers(&booster, &plain, token).map_err(|broken| match broken {
                Broken::Failed(why) => client_error(format!("{bucket}:{prefix}, {key}: {why}")),
                Broken::Stopped => Broken::Stopped,
            })?;
            let out = format!("{}/{}.out", out_prefix.trim_end_matches('/'), key.get(folder..).unwrap_or(key));
            written.push((out.trim_start_matches('/').to_owned(), answers));
        }
        if token.is_cancelled() {
            return Err(Broken::Stopped);
        }
        // All at once: a job that fails or is stopped leaves nothing that could be taken for its result.
        objects.put_many(out_bucket, written).map_err(refused)?;
        Ok(())
    }

    pub(super) fn describe_transform_job(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("TransformJobName")?);
        self.transforms.look(name, |job| Value::Object(job.description.clone())).ok_or_else(missing)
    }

    pub(super) fn list_transform_jobs(&self, input: &Input) -> ServiceResult {
        let status = input.text("StatusEquals")?;
        let jobs = self.transforms.collect(|job| {
            let member = |name: &str| job.description.get(name).cloned().unwrap_or(Value::Null);
            if status.is_some_and(|status| member("TransformJobStatus") != status) {
                return None;
            }
            let summary = doc(json!({
                "TransformJobName": member("TransformJobName"),
                "TransformJobArn": member("TransformJobArn"),
                "CreationTime": member("CreationTime"),
                "TransformEndTime": member("TransformEndTime"),
                "LastModifiedTime": job.description.get("TransformEndTime").cloned().unwrap_or_else(|| member("CreationTime")),
                "TransformJobStatus": member("TransformJobStatus"),
                "FailureReason": member("FailureReason"),
            }));
            Some((member("TransformJobName").as_str()?.to_owned(), member("CreationTime"), Value::Object(summary)))
        });
        list(input, "ListTransformJobs", "TransformJobSummaries", true, jobs)
    }

    pub(super) fn stop_transform_job(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("TransformJobName")?);
        let status = self.transforms.look(name, |job| job.description["TransformJobStatus"].clone()).ok_or_else(missing)?;
        if status != "InProgress" {
            return Err(invalid(format!(
                "The request was rejected because the transform job is in status {}.",
                status.as_str().unwrap_or("?")
            )));
        }
        self.transforms.change(name, |job| {
            // It may have ended between the look and the change.
            if job.description["TransformJobStatus"] == "InProgress" {
                job.description.insert("TransformJobStatus".into(), "Stopping".into());
            }
        })?;
        self.cancel(&key(name));
        Ok(Value::Null)
    }

    /// Settles jobs whose work died with the process.
    pub(super) fn fail_interrupted_transforms(&self) -> ServiceResult<()> {
        let at_work = |job: &Transform| {
            let status = job.description.get("TransformJobStatus").and_then(Value::as_str).unwrap_or_default();
            matches!(status, "InProgress" | "Stopping").then(|| job.description["TransformJobName"].as_str().unwrap_or_default().to_owned())
        };
        let now = epoch(self.account.clock.now());
        for name in self.transforms.collect(at_work) {
            self.transforms.change(&name, |job| {
                job.description.insert("TransformJobStatus".into(), "Failed".into());
                job.description.insert("FailureReason".into(), super::INTERRUPTED.into());
                job.description.insert("TransformEndTime".into(), now.clone());
            })?;
        }
        Ok(())
    }
}

fn missing() -> ServiceError {
    not_found("Could not find requested job with name")
}

fn key(name: &str) -> String {
    format!("transform-job-{name}")
}

fn unpacked(content: &[u8]) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(content).read_to_end(&mut plain).map_err(|error| format!("it is no gzip file ({error})"))?;
    Ok(plain)
}

/// What a job is to do.
struct Work {
    input: String,
    output: String,
    gzip: bool,
    to_model: Filter,
    to_output: Filter,
    join: bool,
}

impl Work {
    fn read(input: &Input) -> ServiceResult<Self> {
        let source = input.required_object("TransformInput")?;
        let data = source.required_object("DataSource")?.required_object("S3DataSource")?;
        if data.one_of("S3DataType", &["S3Prefix", "ManifestFile"])? == Some("ManifestFile") {
            return Err(invalid("The embedded AWS reads the objects below an S3Prefix, and no ManifestFile"));
        }
        let content_type = source.text("ContentType")?.unwrap_or("text/csv");
        if content_type.split(';').next().map(str::trim) != Some("text/csv") {
            return Err(invalid(format!("The embedded AWS transforms text/csv, and not {content_type}")));
        }
        let split = source.one_of("SplitType", &["None", "Line", "RecordIO", "TFRecord"])?.unwrap_or("None");
        if matches!(split, "RecordIO" | "TFRecord") {
            return Err(invalid(format!("The embedded AWS splits by Line, and not by {split}")));
        }
        let destination = input.required_object("TransformOutput")?;
        let accept = destination.text("Accept")?.unwrap_or("text/csv");
        if accept.split(';').next().map(str::trim) != Some("text/csv") {
            return Err(invalid(format!("The embedded AWS answers text/csv, and not {accept}")));
        }
        destination.one_of("AssembleWith", &["None", "Line"])?;
        let processing = input.object("DataProcessing")?;
        let (mut to_model, mut to_output, mut join) = (Filter::All, Filter::All, false);
        if let Some(processing) = &processing {
            let filter = |member: &str| -> ServiceResult<Filter> {
                match processing.text(member)? {
                    Some(text) => Filter::parse(text).ok_or_else(|| {
                        invalid(format!(
                            "{member} {text} is not supported by the embedded AWS: it takes $, $[1:], $[0:-1], $[2] and $[0,3]"
                        ))
                    }),
                    None => Ok(Filter::All),
                }
            };
            (to_model, to_output) = (filter("InputFilter")?, filter("OutputFilter")?);
            join = processing.one_of("JoinSource", &["Input", "None"])? == Some("Input");
            if (join || processing.has("InputFilter")) && split == "None" {
                return Err(invalid("JoinSource and InputFilter need records: set SplitType to Line"));
            }
        }
        Ok(Work {
            input: data.required_text("S3Uri")?.to_owned(),
            output: destination.required_text("S3OutputPath")?.to_owned(),
            gzip: source.one_of("CompressionType", &["None", "Gzip"])? == Some("Gzip"),
            to_model,
            to_output,
            join,
        })
    }

    /// The answers to the lines of an object, a line each.
    fn answers(&self, booster: &Booster, content: &[u8], token: &CancellationToken) -> Result<Vec<u8>, Broken> {
        let text = std::str::from_utf8(content).map_err(|error| Broken::Failed(format!("it is not UTF-8 ({error})")))?;
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        let mut out = Vec::with_capacity(lines.len() * 12);
        for (part, lines) in lines.chunks(LINES).enumerate() {
            if token.is_cancelled() {
                return Err(Broken::Stopped);
            }
            let mut asked = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
            for line in lines {
                self.to_model.append(line, &mut asked);
                asked.push('\n');
            }
            let at = |error: &dyn std::fmt::Display| Broken::Failed(format!("after line {}: {error}", part * LINES));
            let (values, _) = read_rows(asked.as_bytes(), booster.width()).map_err(|error| at(&error))?;
            let scores = booster.predict(&values).map_err(|error| at(&error))?;
            if scores.len() != lines.len() {
                return Err(at(&"the input filter leaves nothing of a line"));
            }
            let mut record = String::new();
            for (line, score) in lines.iter().zip(scores) {
                record.clear();
                let score = f64::from(score).to_string();
                if self.join {
                    record.push_str(line);
                    record.push(',');
                }
                record.push_str(&score);
                let mut filtered = String::with_capacity(record.len() + 1);
                self.to_output.append(&record, &mut filtered);
                filtered.push('\n');
                out.extend_from_slice(filtered.as_bytes());
            }
        }
        Ok(out)
    }
}

//! Processing jobs.
//!
//! A container is not run: the three scripts of the demonstration have an equivalent in this program ([`crate::local::ml`]). It does the
//! work when the job brings exactly that script and runs it in one of the images it was written for; any other code is refused.

use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::super::Inner;
use super::super::definition::{list, unknown_image};
use super::super::instances;
use super::super::names::invalid;
use super::{JobError, files};
use crate::demo::pipeline_definition::{EVALUATE_SCRIPT, PREPROCESS_SCRIPT, QUALITY_SCRIPT, framework_of};
use crate::local::iam::{Assumed, ObjectsOf};
use crate::local::ml::evaluate::{self, evaluate};
use crate::local::ml::preprocess::{self, preprocess};
use crate::local::ml::quality;
use crate::local::ml::train::MlError;
use crate::local::service::ServiceResult;
use crate::local::services::logs::LogWriter;
use crate::local::services::protocol::aws_json::{Input, epoch};

const INPUT: &str = "/opt/ml/processing/input";
const OUTPUT: &str = "/opt/ml/processing/output";

/// Checks a request; gives the members that are kept.
pub(super) fn check(input: &Input) -> ServiceResult<&'static [&'static str]> {
    let application = input.required_object("AppSpecification")?;
    let image = application.required_text("ImageUri")?;
    if framework_of(image).is_none() {
        return Err(invalid(format!("Cannot run the image: {}", unknown_image(image))));
    }
    input.required_text("RoleArn")?;
    if let Some(cluster) = input.required_object("ProcessingResources")?.object("ClusterConfig")? {
        instances::check(&cluster, "processingResources.clusterConfig")?;
    }
    Ok(&[
        "ProcessingInputs",
        "ProcessingOutputConfig",
        "ProcessingResources",
        "StoppingCondition",
        "AppSpecification",
        "Environment",
        "NetworkConfig",
        "RoleArn",
        "ExperimentConfig",
    ])
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
        job.description.insert("ProcessingStartTime".into(), started);
    });
    let description = inner.jobs.look(key, |job| Value::Object(job.description.clone())).unwrap_or_default();
    let objects = inner.objects_of(role);
    let (stop, log) = (token.clone(), log.clone());
    let done = tokio::task::spawn_blocking(move || {
        let container = Container { objects: &objects, description: &description, log: &log };
        let Written { files, continuous, message, failed } = container.run()?;
        if stop.is_cancelled() {
            return Err(JobError::Stopped);
        }
        // What is uploaded at the end of the job is lost when it fails; what is uploaded while it works is there.
        let kept = if failed { continuous } else { files.into_iter().chain(continuous).collect() };
        files::write(&objects, kept)?;
        Ok((message, failed))
    });
    let (message, failed) = done.await.map_err(|error| JobError::Failed(format!("InternalServerError: {error}")))??;
    inner.jobs.touch(key, |job| {
        job.description.insert("ExitMessage".into(), message.clone().into());
    });
    if failed { Err(JobError::Failed(format!("AlgorithmError: {message}, exit code: 1"))) } else { Ok(()) }
}

/// What the job asked for.
struct Container<'a> {
    objects: &'a ObjectsOf,
    description: &'a Value,
    log: &'a LogWriter,
}

/// Files with their addresses.
type Files = Vec<(String, Vec<u8>)>;

/// What a script wrote, and how it ended.
struct Written {
    /// Files that are uploaded at the end of the job.
    files: Files,
    /// Files that are uploaded as soon as they are written.
    continuous: Files,
    /// What the script left to say.
    message: String,
    /// Whether it gave up after that.
    failed: bool,
}

impl Container<'_> {
    fn run(&self) -> Result<Written, JobError> {
        let application = &self.description["AppSpecification"];
        let entrypoint = list(&application["ContainerEntrypoint"]);
        let script = entrypoint.iter().filter_map(Value::as_str).find(|part| part.ends_with(".py")).ok_or_else(|| {
            JobError::Failed("ClientError: the embedded AWS runs Python scripts only; the ContainerEntrypoint names none".into())
        })?;
        let arguments: Vec<String> = list(&application["ContainerArguments"]).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let code = self.script(script)?;
        self.log.line(format!(
            "{} python3 {script} {}",
            self.description["AppSpecification"]["ImageUri"].as_str().unwrap_or_default(),
            arguments.join(" ")
        ));
        if code == QUALITY_SCRIPT.as_bytes() {
            self.quality(&arguments)
        } else if code == PREPROCESS_SCRIPT.as_bytes() {
            self.preprocess(&arguments)
        } else if code == EVALUATE_SCRIPT.as_bytes() {
            self.evaluate(&arguments)
        } else {
            Err(JobError::Failed(format!(
                "ClientError: the embedded AWS has no equivalent of the script {script}: it runs quality.py, preprocess.py and evaluate.py exactly as this program uploads them"
            )))
        }
    }

    /// The `s3://` address that is mounted at a path.
    fn mounted(&self, path: &str) -> Result<&str, JobError> {
        list(&self.description["ProcessingInputs"])
            .iter()
            .map(|input| &input["S3Input"])
            .find(|input| input["LocalPath"].as_str().map(|local| local.trim_end_matches('/')) == Some(path))
            .and_then(|input| input["S3Uri"].as_str())
            .ok_or_else(|| JobError::Failed(format!("AlgorithmError: the job has no input at {path}")))
    }

    fn script(&self, path: &str) -> Result<Vec<u8>, JobError> {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let missing =
            || JobError::Failed(format!("AlgorithmError: python3: can't open file '{path}': No such file or directory, exit code: 2"));
        let found = files::read(self.objects, self.mounted(folder).map_err(|_| missing())?)?;
        found.into_iter().find(|(key, _)| key.rsplit('/').next() == Some(file)).map(|(_, code)| code.to_vec()).ok_or_else(missing)
    }

    /// Files under the outputs that the job declares; what goes elsewhere is lost, as in a container.
    fn outputs(&self, message: String, produced: Vec<(&str, &str, Vec<u8>)>) -> Written {
        let outputs = list(&self.description["ProcessingOutputConfig"]["Outputs"]);
        let mut written = Written { files: Vec::new(), continuous: Vec::new(), message, failed: false };
        for (folder, file, content) in produced {
            let place = format!("{OUTPUT}/{folder}");
            let output = outputs
                .iter()
                .map(|output| &output["S3Output"])
                .find(|output| output["LocalPath"].as_str().map(|local| local.trim_end_matches('/')) == Some(place.as_str()));
            let Some((output, address)) = output.and_then(|output| Some((output, output["S3Uri"].as_str()?))) else { continue };
            let list = if output["S3UploadMode"] == "Continuous" { &mut written.continuous } else { &mut written.files };
            list.push((files::below(address, file), content));
        }
        written
    }

    /// Everything below an input, in the order of the keys.
    fn read(&self, folder: &str) -> Result<Vec<bytes::Bytes>, JobError> {
        let files = files::read(self.objects, self.mounted(&format!("{INPUT}/{folder}"))?)?;
        let bytes: usize = files.iter().map(|(_, content)| content.len()).sum();
        self.log.line(format!("{INPUT}/{folder}: {} files, {bytes} bytes", files.len()));
        Ok(files.into_iter().map(|(_, content)| content).collect())
    }

    /// The one file of an input.
    fn one(&self, folder: &str) -> Result<bytes::Bytes, JobError> {
        self.mounted(&format!("{INPUT}/{folder}")).and_then(|uri| files::read_one(self.objects, uri))
    }

    fn quality(&self, arguments: &[String]) -> Result<Written, JobError> {
        let options = quality::Options::parse(arguments).map_err(|error| exit(&error, 2))?;
        let unload = self.read("unload")?;
        let report = quality::check(&unload, &self.one("baseline")?, &options).map_err(|error| exit(&error, 1))?;
        self.log.lines(report.checks.iter().map(quality::line));
        let reason = quality::reason(&report);
        let failed = reason.is_some();
        let message = reason.unwrap_or_else(|| {
            let words = format!("{} rows passed {} checks against {}", report.rows, report.checks.len(), report.baseline);
            self.log.line(words.clone());
            words
        });
        Ok(Written { failed, ..self.outputs(message, vec![("quality", "report.json", pretty(&report)?)]) })
    }

    fn preprocess(&self, arguments: &[String]) -> Result<Written, JobError> {
        let options = preprocess::Options::parse(arguments).map_err(|error| exit(&error, 2))?;
        let unload = self.read("unload")?;
        let done = preprocess(&unload, &options).map_err(|error| exit(&error, 1))?;
        let schema = pretty(&done.schema)?;
        let [train, validation, test] = done.rows;
        let message = format!(
            "{} rows: {train} train, {validation} validation, {test} test; {} features",
            train + validation + test,
            done.schema.width()
        );
        self.log.line(message.clone());
        let files = vec![
            ("train", "train.csv", done.train),
            ("validation", "validation.csv", done.validation),
            ("test", "test.csv", done.test),
            ("schema", "feature_schema.json", schema),
            ("rows", "test_rows.csv", done.test_rows),
            ("rows", "splits.csv", done.splits),
        ];
        Ok(self.outputs(message, files))
    }

    fn evaluate(&self, arguments: &[String]) -> Result<Written, JobError> {
        let options = evaluate::Options::parse(arguments).map_err(|error| exit(&error, 2))?;
        let (model, test, schema, champion) = (self.one("model")?, self.one("test")?, self.one("schema")?, self.one("champion")?);
        // The raw rows lie beside the split of every row.
        let rows = self.file("rows", "test_rows.csv")?;
        let inputs = evaluate::Inputs { model: &model, test: &test, schema: &schema, rows: &rows, champion: &champion };
        let done = evaluate(&inputs, &options).map_err(|error| exit(&error, 1))?;
        self.log.lines(done.log);
        let files = vec![("evaluation", "evaluation.json", pretty(&done.json)?), ("model", "model.tar.gz", done.artifact)];
        Ok(self.outputs(done.message, files))
    }

    /// A file of an input by its name.
    fn file(&self, folder: &str, file: &str) -> Result<bytes::Bytes, JobError> {
        let files = files::read(self.objects, self.mounted(&format!("{INPUT}/{folder}"))?)?;
        let found = files.into_iter().find(|(key, _)| key.rsplit('/').next() == Some(file)).map(|(_, content)| content);
        found.ok_or_else(|| {
            JobError::Failed(format!("AlgorithmError: [Errno 2] No such file or directory: '{INPUT}/{folder}/{file}', exit code: 1"))
        })
    }
}

fn pretty<T: serde::Serialize>(document: &T) -> Result<Vec<u8>, JobError> {
    serde_json::to_vec_pretty(document).map_err(|error| JobError::Failed(format!("InternalServerError: {error}")))
}

/// How a script's own failure reaches the job.
fn exit(error: &MlError, code: u8) -> JobError {
    match error {
        MlError::Stopped => JobError::Stopped,
        error => JobError::Failed(format!("AlgorithmError: {error}, exit code: {code}")),
    }
}

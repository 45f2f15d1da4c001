//! Processing jobs.
//!
//! A container is not run: the two scripts of the demonstration have an equivalent in this program ([`crate::local::ml`]). It does the
//! work when the job brings exactly that script and runs it in one of the images it was written for; any other code is refused.

use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::super::Inner;
use super::super::definition::{list, unknown_image};
use super::super::names::invalid;
use super::{JobError, files};
use crate::demo::pipeline_definition::{EVALUATE_SCRIPT, PREPROCESS_SCRIPT, framework_of};
use crate::local::ml::evaluate::evaluate;
use crate::local::ml::preprocess::{Options, preprocess};
use crate::local::ml::train::MlError;
use crate::local::objects::Objects;
use crate::local::service::ServiceResult;
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
    input.required_object("ProcessingResources")?;
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

/// Does the work of a job.
pub(super) async fn work(inner: &Arc<Inner>, key: &str, token: &CancellationToken) -> Result<(), JobError> {
    let started = epoch(inner.account.clock.now());
    inner.jobs.touch(key, |job| {
        job.description.insert("ProcessingStartTime".into(), started);
    });
    let description = inner.jobs.look(key, |job| Value::Object(job.description.clone())).unwrap_or_default();
    let objects = inner.account.objects.clone();
    let stop = token.clone();
    let done = tokio::task::spawn_blocking(move || {
        let (written, log) = Container { objects: &objects, description: &description }.run()?;
        if stop.is_cancelled() {
            return Err(JobError::Stopped);
        }
        files::write(&objects, written)?;
        Ok(log)
    });
    let log = done.await.map_err(|error| JobError::Failed(format!("InternalServerError: {error}")))??;
    inner.jobs.touch(key, |job| job.log.extend(log));
    Ok(())
}

/// What the job asked for.
struct Container<'a> {
    objects: &'a Objects,
    description: &'a Value,
}

/// Files with their addresses, and log lines.
type Written = (Vec<(String, Vec<u8>)>, Vec<String>);

impl Container<'_> {
    fn run(&self) -> Result<Written, JobError> {
        let application = &self.description["AppSpecification"];
        let entrypoint = list(&application["ContainerEntrypoint"]);
        let script = entrypoint.iter().filter_map(Value::as_str).find(|part| part.ends_with(".py")).ok_or_else(|| {
            JobError::Failed("ClientError: the embedded AWS runs Python scripts only; the ContainerEntrypoint names none".into())
        })?;
        let arguments: Vec<String> = list(&application["ContainerArguments"]).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let code = self.script(script)?;
        if code == PREPROCESS_SCRIPT.as_bytes() {
            self.preprocess(&arguments)
        } else if code == EVALUATE_SCRIPT.as_bytes() {
            self.evaluate(&arguments)
        } else {
            Err(JobError::Failed(format!(
                "ClientError: the embedded AWS has no equivalent of the script {script}: it runs preprocess.py and evaluate.py exactly as this program uploads them"
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
    fn outputs(&self, produced: Vec<(&str, &str, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
        let outputs = list(&self.description["ProcessingOutputConfig"]["Outputs"]);
        let address = |folder: &str| {
            let place = format!("{OUTPUT}/{folder}");
            let output = outputs
                .iter()
                .map(|output| &output["S3Output"])
                .find(|output| output["LocalPath"].as_str().map(|local| local.trim_end_matches('/')) == Some(place.as_str()))?;
            output["S3Uri"].as_str()
        };
        produced.into_iter().filter_map(|(folder, file, content)| Some((files::below(address(folder)?, file), content))).collect()
    }

    fn preprocess(&self, arguments: &[String]) -> Result<Written, JobError> {
        let options = Options::parse(arguments).map_err(|error| exit(&error, 2))?;
        let unload = files::read(self.objects, self.mounted(&format!("{INPUT}/unload"))?)?;
        let contents: Vec<_> = unload.iter().map(|(_, content)| content).collect();
        let done = preprocess(&contents, &options).map_err(|error| exit(&error, 1))?;
        let schema = serde_json::to_vec_pretty(&done.schema).map_err(|error| JobError::Failed(format!("InternalServerError: {error}")))?;
        let [train, validation, test] = done.rows;
        let log = format!(
            "{} rows: {train} train, {validation} validation, {test} test; {} features",
            train + validation + test,
            done.schema.width()
        );
        let files = self.outputs(vec![
            ("train", "train.csv", done.train),
            ("validation", "validation.csv", done.validation),
            ("test", "test.csv", done.test),
            ("schema", "feature_schema.json", schema),
            ("rows", "test_rows.csv", done.test_rows),
            ("rows", "splits.csv", done.splits),
        ]);
        Ok((files, vec![log]))
    }

    fn evaluate(&self, arguments: &[String]) -> Result<Written, JobError> {
        let threshold = match arguments {
            [] => 0.5,
            [name, value] if name == "--threshold" => value.parse().map_err(|_| {
                exit(&MlError::Parameter(format!("evaluate.py: error: argument --threshold: invalid float value: '{value}'")), 2)
            })?,
            _ => {
                return Err(exit(&MlError::Parameter(format!("evaluate.py: error: unrecognized arguments: {}", arguments.join(" "))), 2));
            }
        };
        let one = |folder: &str| self.mounted(&format!("{INPUT}/{folder}")).and_then(|uri| files::read_one(self.objects, uri));
        let (model, test, schema) = (one("model")?, one("test")?, one("schema")?);
        let done = evaluate(&model, &test, &schema, threshold).map_err(|error| exit(&error, 1))?;
        let report = serde_json::to_vec_pretty(&done.json).map_err(|error| JobError::Failed(format!("InternalServerError: {error}")))?;
        let figures = &done.report;
        let log = format!(
            "{} rows: mean squared error {:.6} (base rate {:.6}), AUC {}",
            figures.rows,
            figures.mse,
            figures.base_rate_mse,
            figures.auc.map_or_else(|| "unknown".to_owned(), |auc| format!("{auc:.6}"))
        );
        let files = self.outputs(vec![("evaluation", "evaluation.json", report), ("model", "model.tar.gz", done.artifact)]);
        Ok((files, vec![log]))
    }
}

/// How a script's own failure reaches the job.
fn exit(error: &MlError, code: u8) -> JobError {
    match error {
        MlError::Stopped => JobError::Stopped,
        error => JobError::Failed(format!("AlgorithmError: {error}, exit code: {code}")),
    }
}

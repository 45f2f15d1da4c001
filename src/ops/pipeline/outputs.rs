//! What an execution has written, as far as it came: the report on the data, the splits, the model, its figures.

use crate::aws::pipelines::{ExecutionStep, ProcessingJob, StepWork};
use crate::demo::pipeline_definition::step;
use crate::ops::error::op;
use crate::ops::{Context, OpError};

/// Addresses and figures of an execution's results; a part that was not reached is absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RunOutputs {
    /// `s3://` address of the report on the data, also of one that failed them.
    pub quality: Option<String>,
    /// `s3://` address of the split of every row.
    pub splits: Option<String>,
    /// `s3://` address of the feature schema.
    pub schema: Option<String>,
    /// `s3://` address of the evaluation.
    pub evaluation: Option<String>,
    /// `s3://` address of `model.tar.gz` as training wrote it.
    pub model: Option<String>,
    /// Hyperparameters of the training.
    pub hyperparameters: Vec<(String, String)>,
    /// Last figures of the training (`validation:logloss`).
    pub training_metrics: Vec<(String, f64)>,
    /// Digest of the table's content, as the unload told it.
    pub fingerprint: Option<String>,
    /// Version in the registry.
    pub version: Option<u32>,
}

/// Reads what an execution has written.
pub(crate) async fn outputs(context: &Context, arn: &str) -> Result<RunOutputs, OpError> {
    let steps = context.gateways.pipelines.steps(arn).await.map_err(op(arn, "could not read the execution"))?;
    of_steps(context, &steps).await
}

async fn of_steps(context: &Context, steps: &[ExecutionStep]) -> Result<RunOutputs, OpError> {
    let gateway = &context.gateways.pipelines;
    let what = "could not read the job";
    let work = |name: &str, status: &[&str]| {
        steps.iter().find(|step| step.name == name && status.contains(&step.status.as_str())).map(|step| step.work.clone())
    };
    let processing = |name: &'static str, status: &'static [&'static str]| {
        let work = work(name, status);
        async move {
            match work {
                Some(StepWork::Processing(arn)) => gateway.processing_job(&arn).await.map(Some).map_err(op(&arn, what)),
                _ => Ok(None),
            }
        }
    };
    let training = async {
        match work(step::TRAIN, &["Succeeded"]) {
            Some(StepWork::Training(arn)) => gateway.training_job(&arn).await.map(Some).map_err(op(&arn, what)),
            _ => Ok(None),
        }
    };
    let (checked, prepared, trained, evaluated) = tokio::try_join!(
        processing(step::QUALITY, &["Succeeded", "Failed"]),
        processing(step::PREPROCESS, &["Succeeded"]),
        training,
        processing(step::EVALUATE, &["Succeeded"]),
    )?;
    let fingerprint = match work(step::UNLOAD, &["Succeeded"]) {
        Some(StepWork::Function(_, outputs)) => outputs.into_iter().find(|(name, _)| name == "fingerprint").map(|(_, value)| value),
        _ => None,
    };
    let (hyperparameters, training_metrics, model) =
        trained.map(|job| (job.hyperparameters, job.metrics, job.artifact)).unwrap_or_default();
    Ok(RunOutputs {
        quality: file(checked.as_ref(), "quality", "report.json"),
        splits: file(prepared.as_ref(), "rows", "splits.csv"),
        schema: file(prepared.as_ref(), "schema", "feature_schema.json"),
        evaluation: file(evaluated.as_ref(), "evaluation", "evaluation.json"),
        model,
        hyperparameters,
        training_metrics,
        fingerprint,
        version: steps.iter().find_map(|step| match &step.work {
            StepWork::Registration(arn) => arn.rsplit('/').next()?.parse().ok(),
            _ => None,
        }),
    })
}

/// The address of a file in a job's output.
fn file(job: Option<&ProcessingJob>, output: &str, file: &str) -> Option<String> {
    let place = job?.outputs.iter().find(|(name, _)| name == output)?;
    Some(format!("{}/{file}", place.1.trim_end_matches('/')))
}

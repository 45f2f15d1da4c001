//! Step 6: the pipeline is brought up to date and run: unload, preprocess, train, evaluate, gate, register.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::StepOutcome;
use crate::demo::pipeline_definition::{self as definition, step};
use crate::demo::{data_quality, figures};
use crate::ops::data;
use crate::ops::earlier::Earlier;
use crate::ops::error::op;
use crate::ops::evaluation::{self, Evaluation, SplitRows};
use crate::ops::models;
use crate::ops::notes::{self, LOADED, Loaded};
use crate::ops::pipeline::definition::{inputs, local};
use crate::ops::pipeline::{PipelineRun, RunState, StartOptions, outputs, put_reference, start_described, step_title, stop, token, watch};
use crate::ops::report::Run;
use crate::ops::{Context, OpError, OpErrorKind};

/// Executions that are looked through for one that did the same already.
const LOOK_BACK: usize = 20;

pub async fn run(run: &Run<'_>) -> Result<StepOutcome, OpError> {
    let context = run.context;
    let name = &context.scenario.pipeline;
    // Asked at the same time, judged in order: what the foundation makes comes before the data.
    let (inputs, loaded) = tokio::join!(inputs(context), loaded(context));
    let (inputs, (loaded, rows)) = (inputs?, loaded?);
    let definition = local(context, &inputs)?;
    let (scripts, references, updated) = tokio::try_join!(scripts(run), references(context), upsert(run, &definition, &inputs.role_arn))?;
    let scripts = scripts || references;
    let description = format!("definition {} data {loaded}", definition::digest(&definition));

    let executions = context.gateways.pipelines.executions(name, LOOK_BACK).await.map_err(op(name, "could not list the executions"))?;
    let same = |status: &str| {
        executions.iter().find(|execution| execution.description == description && execution.status == status).map(|e| e.arn.clone())
    };
    if let Some(arn) = same("Succeeded")
        && let Some(found) = still_registered(context, &arn).await?
    {
        return Ok(outcome(scripts || updated, &found, "had already trained a model with this data and these settings"));
    }
    let arn = match same("Executing") {
        Some(arn) => {
            run.say(name, "an execution with this data and these settings is under way: following it")?;
            arn
        }
        None => {
            run.say(name, "starting the pipeline")?;
            start_described(context, &StartOptions::default(), &description).await?
        }
    };
    let ended = follow(run, &arn).await?;
    let found = findings(context, &ended).await?;
    if ended.state != RunState::Succeeded {
        return Err(failed(&ended));
    }
    if found.splits.all() != rows {
        let why = format!("the warehouse has {}, the unload {}", figures::counted(rows, "row"), figures::count(found.splits.all()));
        return Err(OpError::failed(name, "rows were lost between warehouse and unload", why).with_fix("run the step `load` again"));
    }
    Ok(outcome(true, &found, "trained and registered a model"))
}

/// What the newest execution that has succeeded found; nothing where none has.
pub(crate) async fn earlier(context: &Context) -> Result<Option<Earlier>, OpError> {
    let name = &context.scenario.pipeline;
    let executions = context.gateways.pipelines.executions(name, LOOK_BACK).await.map_err(op(name, "could not list the executions"))?;
    let Some(newest) = executions.iter().find(|execution| execution.status == "Succeeded") else { return Ok(None) };
    let ended = crate::ops::pipeline::describe(context, &newest.arn).await?;
    let found = findings(context, &ended).await?;
    let message = outcome(false, &found, "trained and registered a model").message;
    Ok(Some(Earlier { at: ended.updated, message, figures: detail(&found), execution: Some(ended.arn) }))
}

/// What an execution found.
struct Found {
    arn: String,
    evaluation: Option<Evaluation>,
    splits: SplitRows,
    features: Option<usize>,
    version: Option<u32>,
}

fn outcome(changed: bool, found: &Found, verb: &str) -> StepOutcome {
    let version = found.version.map(|version| format!(", version {version}")).unwrap_or_default();
    let figures = match &found.evaluation {
        Some(evaluation) => format!(
            ": AUC {:.3}, mean squared error {:.4} (base rate {:.4}) on {}",
            evaluation.auc,
            evaluation.mse,
            evaluation.base_rate_mse,
            figures::counted(evaluation.test_rows, "unseen row")
        ),
        None => String::new(),
    };
    StepOutcome::new(changed, format!("The pipeline {verb}{version}{figures}"), Value::Object(detail(found)))
}

fn detail(found: &Found) -> Map<String, Value> {
    let mut detail = Map::new();
    let mut put = |name: &str, value: Value| drop(detail.insert(name.to_owned(), value));
    put("execution", json!(found.arn));
    put("rows", json!(found.splits.all()));
    put("train_rows", json!(found.splits.train));
    put("validation_rows", json!(found.splits.validation));
    put("test_rows", json!(found.splits.test));
    put("features", json!(found.features));
    put("version", json!(found.version));
    if let Some(evaluation) = &found.evaluation {
        put("mse", json!(evaluation.mse));
        put("base_rate_mse", json!(evaluation.base_rate_mse));
        put("error_deviation", json!(evaluation.error_deviation));
        put("auc", json!(evaluation.auc));
        put("accuracy", json!(evaluation.accuracy));
        put("precision", json!(evaluation.precision));
        put("recall", json!(evaluation.recall));
        put("f1", json!(evaluation.f1));
        put("log_loss", json!(evaluation.log_loss));
        put("lift_top_decile", json!(evaluation.lift_top_decile));
        put("confusion_matrix", json!(evaluation.confusion));
    }
    detail
}

/// The digest of the data in the warehouse, and its rows.
async fn loaded(context: &Context) -> Result<(String, u64), OpError> {
    let (note, file) = tokio::try_join!(notes::read::<Loaded>(context, LOADED), data::in_lake(context))?;
    match (note, file) {
        (Some(note), Some(file)) if note.sha256 == file.sha256 => Ok((note.sha256, file.rows)),
        _ => Err(OpError::precondition(
            &format!("{}.{}", context.scenario.schema, context.scenario.table),
            "there is nothing to train on",
            "the warehouse does not have the data of the lake",
            "run the step `load` first",
        )),
    }
}

/// Uploads the scripts that are not there yet; their keys contain their digests.
async fn scripts(run: &Run<'_>) -> Result<bool, OpError> {
    let context = run.context;
    let bucket = &context.scenario.bucket;
    let uploads = definition::code_objects(&context.scenario).map(|(key, content)| async move {
        let gateway = &context.gateways.objects;
        if gateway.info(bucket, &key).await.map_err(op(&key, "could not look for the script"))?.is_some() {
            return Ok(false);
        }
        gateway
            .put(bucket, &key, Bytes::from_static(content.as_bytes()), "text/x-python", &[])
            .await
            .map_err(op(&key, "could not upload the script"))?;
        Ok::<bool, OpError>(true)
    });
    let made = futures::future::try_join_all(uploads).await?;
    Ok(made.contains(&true))
}

/// Writes what a run is compared with when nobody says otherwise, where it is not there yet.
async fn references(context: &Context) -> Result<bool, OpError> {
    let all = definition::default_references(&context.scenario);
    let made =
        futures::future::try_join_all(all.into_iter().map(|(key, content)| async move { put_reference(context, &key, content).await }));
    Ok(made.await?.contains(&true))
}

/// Makes the pipeline, or brings its definition up to date.
async fn upsert(run: &Run<'_>, definition: &Value, role: &str) -> Result<bool, OpError> {
    let context = run.context;
    let name = &context.scenario.pipeline;
    let gateway = &context.gateways.pipelines;
    let what = "could not define the pipeline";
    let found = gateway.find(name).await.map_err(op(name, "could not look for the pipeline"))?;
    match found {
        None => {
            run.say(name, "creating the pipeline")?;
            let tags = context.tags(&context.caller().await?);
            let (text, token) = (definition.to_string(), token());
            let make = || gateway.create(name, "From the warehouse's table to a registered model", &text, role, &tags, &token);
            let made = context.gateways.poll.while_role_settles(&context.cancel, "the pipeline, once IAM's new role is known", make).await;
            made.map_err(op(name, what))?;
            Ok(true)
        }
        Some(found) => {
            let kept: Option<Value> = serde_json::from_str(&found.definition).ok();
            if kept.as_ref() == Some(definition) && found.role == role {
                return Ok(false);
            }
            run.say(name, "updating the pipeline's definition")?;
            gateway.update(name, &definition.to_string(), role).await.map_err(op(name, what))?;
            Ok(true)
        }
    }
}

/// Follows an execution and tells of each step's change; stops it when the work is ended on demand.
async fn follow(run: &Run<'_>, arn: &str) -> Result<PipelineRun, OpError> {
    let mut told: Vec<(String, RunState)> = Vec::new();
    let mut tell = |execution: &PipelineRun| {
        for step in &execution.steps {
            let known = told.iter_mut().find(|(name, _)| *name == step.name);
            let news = match known {
                Some((_, state)) if *state == step.state => continue,
                Some((_, state)) => {
                    *state = step.state;
                    step.state
                }
                None => {
                    told.push((step.name.clone(), step.state));
                    step.state
                }
            };
            let title = step_title(&step.name);
            let sentence = match news {
                RunState::Running => format!("{title}: at work"),
                RunState::Succeeded if step.message.is_empty() => format!("{title}: done"),
                RunState::Succeeded => format!("{title}: {}", step.message),
                RunState::Failed => format!("{title}: failed, {}", step.message),
                RunState::Stopped => format!("{title}: stopped"),
                RunState::Waiting | RunState::Stopping | RunState::Skipped => continue,
            };
            // A cancellation is noticed by the wait itself.
            let _ = run.say(&step.name, sentence);
        }
    };
    match watch(run.context, arn, &mut tell).await {
        Err(error) if error.kind == OpErrorKind::Cancelled => {
            stop(run.context, arn).await?;
            Err(error)
        }
        other => other,
    }
}

/// Reads what an execution wrote, as far as it came.
async fn findings(context: &Context, ended: &PipelineRun) -> Result<Found, OpError> {
    let written = outputs(context, &ended.arn).await?;
    let (splits, schema, report, version) = (written.splits, written.schema, written.evaluation, written.version);
    let (splits, features, evaluation) = tokio::try_join!(
        async {
            match &splits {
                Some(address) => evaluation::split_rows(context, address).await,
                None => Ok(SplitRows::default()),
            }
        },
        async {
            match &schema {
                Some(address) => evaluation::schema(context, address).await.map(|schema| Some(schema.width())),
                None => Ok(None),
            }
        },
        async {
            match &report {
                Some(address) => evaluation::evaluation(context, address).await.map(Some),
                None => Ok(None),
            }
        },
    )?;
    Ok(Found { arn: ended.arn.clone(), evaluation, splits, features, version })
}

/// What a succeeded execution found, if the model that it registered is still there.
async fn still_registered(context: &Context, arn: &str) -> Result<Option<Found>, OpError> {
    let (run, packages) = tokio::try_join!(crate::ops::pipeline::describe(context, arn), models::summaries(context))?;
    let found = findings(context, &run).await?;
    Ok(found.version.filter(|version| packages.iter().any(|package| package.version == *version)).map(|_| found))
}

fn failed(ended: &PipelineRun) -> OpError {
    let culprit = ended.steps.iter().find(|step| step.state == RunState::Failed);
    let why = culprit
        .map(|step| step.message.clone())
        .filter(|message| !message.is_empty())
        .or_else(|| ended.failure.clone())
        .unwrap_or_else(|| "SageMaker gave no reason".to_owned());
    let resource = culprit.map_or(ended.arn.as_str(), |step| step.name.as_str());
    if ended.state == RunState::Stopped {
        return OpError::failed(&ended.arn, "the pipeline was stopped", "somebody stopped the execution").with_fix("run this step again");
    }
    let (what, fix) = match culprit.map(|step| step.name.as_str()) {
        Some(step::REFUSED) => (
            "the model is not good enough to be registered",
            "look at the figures and at the data; `mlops.auc_floor` and `mlops.auc_margin` are what the gate goes by",
        ),
        Some(step::QUALITY) if data_quality::blames_the_data(&why) => (
            "the data are not good enough to train on",
            "mend the data, or move the lines in `[mlops.quality]` when the data are as they should be; then run this step again",
        ),
        Some(step::QUALITY) => {
            ("the data could not be checked", "mend what the message names, then run this step again: a failed execution is started anew")
        }
        _ => ("the pipeline failed", "mend what the message names, then run this step again: a failed execution is started anew"),
    };
    OpError::failed(resource, what, why).or_fix(fix)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ops::pipeline::PipelineStep;

    fn check_failed_by(message: &str) -> OpError {
        let check =
            PipelineStep { name: step::QUALITY.into(), state: RunState::Failed, message: message.into(), ..PipelineStep::default() };
        failed(&PipelineRun { state: RunState::Failed, steps: vec![check], ..PipelineRun::default() })
    }

    #[test]
    fn a_check_that_failed_blames_the_data_only_when_they_are_the_reason() {
        let refused = "the data failed 1 of 9 checks against the configured expectations: target_rate of `y`: 0.11 (allowed: 0.05)";
        for refused in [refused, &format!("AlgorithmError: {refused}, exit code: 1"), "the data cannot be checked: the unload is empty"] {
            let error = check_failed_by(refused);
            assert_eq!(error.what, "the data are not good enough to train on", "{refused}");
            assert!(error.fix.is_some_and(|fix| fix.contains("[mlops.quality]")));
        }
        let quota = "ClientError: The account-level service limit 'ml.m5.xlarge for processing job usage' is 0 Instances, with current \
                     utilization of 0 Instances and a request delta of 1 Instances.";
        let permission = "ClientError: Failed to download data. User: arn:aws:sts::1:assumed-role/BankDM-SageMaker/SageMaker is not authorized \
                          to perform: s3:GetObject on resource: arn:aws:s3:::b/k";
        for (reason, advice) in [(quota, "quota"), (permission, "`foundation`"), ("InternalServerError: try again", "mend what")] {
            let error = check_failed_by(reason);
            assert_eq!(error.what, "the data could not be checked", "{reason}");
            assert!(error.fix.as_ref().is_some_and(|fix| fix.contains(advice)), "{error:?}");
        }
    }
}

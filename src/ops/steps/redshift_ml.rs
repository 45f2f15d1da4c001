//! Steps 8 and 9 of the original: a second model, made and used in SQL.

use serde_json::{Value, json};

use super::StepOutcome;
use crate::aws::PollError;
use crate::config::settings::MlMode;
use crate::demo::figures;
use crate::demo::sql::SqlEngine;
use crate::ops::notes::{self, LOADED, Loaded, SQL_MODEL, SqlModel};
use crate::ops::query::{self, QueryEngine};
use crate::ops::report::Run;
use crate::ops::{Context, OpError, data};

/// How often the state of the model is asked for at most; Autopilot takes more than an hour.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(12 * 3600);

pub async fn run(run: &Run<'_>) -> Result<StepOutcome, OpError> {
    let context = run.context;
    let model = &context.scenario.ml_model;
    let data = loaded(context).await?;
    let wanted = SqlModel { sha256: data, statement: create_statement(context).await? };
    let (state, note) = tokio::try_join!(state(context), notes::read::<SqlModel>(context, SQL_MODEL))?;
    if context.settings.warehouse.existing && state.is_some() && note.is_none() {
        let why = "a model of this name is there already, and this demonstration did not make it";
        return Err(OpError::failed(model, "will not touch the model", why)
            .with_fix("choose another name with names.ml_model and names.ml_function"));
    }
    let current = note.as_ref() == Some(&wanted);
    let mut changed = false;
    match state.as_deref() {
        Some("READY") if current => {}
        Some("TRAINING") if current => run.say(model, "the model is still training")?,
        other => {
            if other.is_some() {
                run.say(model, "removing the old model: it was trained on other data or settings, or it failed")?;
                query::rows(context, QueryEngine::Redshift, context.sql(SqlEngine::Redshift, "drop_model")?).await?;
            }
            run.say(model, "CREATE MODEL: the warehouse trains a model on its own table")?;
            // Noted first: a note for a model that does not exist costs nothing, a model without a note would be trained twice.
            notes::write(context, SQL_MODEL, &wanted).await?;
            query::rows(context, QueryEngine::Redshift, wanted.statement.clone()).await?;
            changed = true;
        }
    }
    ready(run).await?;
    let data = &context.scenario.data;
    let words = &data.words;
    run.say(&context.scenario.ml_function, format!("predicting every {} in one query", words.row))?;
    let name = match context.settings.redshift_ml.mode {
        MlMode::Auto => "confusion_matrix",
        MlMode::Xgboost => "confusion_matrix_xgboost",
    };
    let result = query::rows(context, QueryEngine::Redshift, context.sql(SqlEngine::Redshift, name)?).await?;
    let cells: Vec<(String, String, u64)> = result
        .page
        .rows
        .iter()
        .filter_map(|row| Some((row.first()?.text(), row.get(1)?.text(), row.get(2)?.text().parse().ok()?)))
        .collect();
    let all: u64 = cells.iter().map(|(_, _, customers)| customers).sum();
    let right: u64 = cells.iter().filter(|(predicted, actual, _)| predicted == actual).map(|(_, _, customers)| customers).sum();
    let no: u64 = cells.iter().filter(|(_, actual, _)| *actual == data.target.negative).map(|(_, _, customers)| customers).sum();
    if all == 0 {
        return Err(
            OpError::failed(model, "could not measure the model", "the confusion matrix is empty").with_fix("run the step `load` again")
        );
    }
    let (accuracy, always_no) = (right as f64 / all as f64, no as f64 / all as f64);
    let message = format!(
        "`{}` is right for {} of {}; always answering {} would be right for {}",
        context.scenario.ml_function,
        figures::percent(accuracy),
        figures::counted(all, &words.row),
        data.target.negative,
        figures::percent(always_no)
    );
    let matrix: Vec<Value> = cells
        .iter()
        .map(|(predicted, actual, customers)| json!({ "predicted": predicted, "actual": actual, "customers": customers }))
        .collect();
    let detail = json!({
        "model": model,
        "function": context.scenario.ml_function,
        "rows": all,
        "redshift_ml_accuracy": accuracy,
        "always_no": always_no,
        "confusion_matrix": matrix,
    });
    Ok(StepOutcome::new(changed, message, detail))
}

/// The digest of the data in the warehouse.
async fn loaded(context: &Context) -> Result<String, OpError> {
    let (note, file) = tokio::try_join!(notes::read::<Loaded>(context, LOADED), data::in_lake(context))?;
    match (note, file) {
        (Some(note), Some(file)) if note.sha256 == file.sha256 => Ok(note.sha256),
        _ => Err(OpError::precondition(
            &format!("{}.{}", context.scenario.schema, context.scenario.table),
            "there is nothing to train on",
            "the warehouse does not have the data of the lake",
            "run the step `load` first",
        )),
    }
}

async fn create_statement(context: &Context) -> Result<String, OpError> {
    let role = context.role_arn(&context.scenario.redshift_role).await?;
    let settings = &context.settings;
    let name = match settings.redshift_ml.mode {
        MlMode::Auto => "create_model",
        MlMode::Xgboost => "create_model_xgboost",
    };
    context.sql_with(SqlEngine::Redshift, name, |values| {
        values
            .with("redshift_role_arn", role)
            .with("max_runtime", settings.redshift_ml.max_runtime.to_string())
            .with("num_round", settings.mlops.num_round.to_string())
            .with("max_depth", settings.mlops.max_depth.to_string())
            .with("eta", settings.mlops.eta.to_string())
    })
}

/// The rows of `SHOW MODEL`: names and values. None when there is no such model.
async fn show(context: &Context) -> Result<Option<Vec<(String, String)>>, OpError> {
    let sql = context.sql(SqlEngine::Redshift, "show_model")?;
    match query::few_rows(context, &sql).await {
        Ok(rows) => Ok(Some(
            rows.iter()
                .filter_map(|row| Some((row.first()?.text().trim().to_ascii_lowercase(), row.get(1)?.text().trim().to_owned())))
                .collect(),
        )),
        // Redshift tells only by its message that there is no such model.
        Err(error) if says_missing(&error.why) => Ok(None),
        Err(error) => Err(error),
    }
}

fn says_missing(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    ["does not exist", "not found", "could not find", "cannot find", "doesn't exist"].iter().any(|sign| why.contains(sign))
}

/// State of the model (`TRAINING`, `READY`, `FAILED`), if it exists.
pub(crate) async fn state(context: &Context) -> Result<Option<String>, OpError> {
    let shown = show(context).await?;
    Ok(shown.map(|shown| {
        let state = shown.iter().find(|(name, _)| name == "model state").map(|(_, state)| state.to_ascii_uppercase());
        let state = state.unwrap_or_default();
        ["READY", "TRAINING", "FAILED"].iter().find(|known| state.contains(*known)).map_or(state.clone(), |known| (*known).to_owned())
    }))
}

/// Waits until the model can be used.
async fn ready(run: &Run<'_>) -> Result<(), OpError> {
    let context = run.context;
    let model = &context.scenario.ml_model;
    let failure = parking_lot::Mutex::new(None);
    let failure = &failure;
    let waited = context
        .gateways
        .poll
        .until(&context.cancel, "the model to be ready", Some(LONGEST), || async move {
            match show(context).await {
                Ok(Some(shown)) => {
                    let value = |key: &str| shown.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
                    let state = value("model state").unwrap_or_default().to_ascii_uppercase();
                    if state.contains("FAIL") {
                        let why = value("failure reason").or_else(|| value("training job status")).unwrap_or_else(|| state.clone());
                        *failure.lock() =
                            Some(OpError::failed(model, "the training of the model failed", why).or_fix("run this step again"));
                        return Ok(Some(()));
                    }
                    Ok(state.contains("READY").then_some(()))
                }
                Ok(None) => {
                    *failure.lock() = Some(
                        OpError::failed(model, "the model is gone", "somebody removed it while it was training")
                            .with_fix("run this step again"),
                    );
                    Ok(Some(()))
                }
                Err(error) => {
                    *failure.lock() = Some(error);
                    Ok(Some(()))
                }
            }
        })
        .await;
    if let Some(error) = failure.lock().take() {
        return Err(error);
    }
    match waited {
        Ok(()) => Ok(()),
        // The training goes on in the warehouse: the next run of the step waits for it.
        Err(PollError::Cancelled { .. }) => Err(OpError::cancelled("waiting for the model")),
        Err(error) => Err(crate::ops::error::op(model, "the model did not become ready")(error)),
    }
}

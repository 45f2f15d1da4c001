//! Retraining on new data, as a walk: rows of another season arrive, it is measured how much they differ from what the model was trained
//! on, the pipeline trains on all of them, the two versions are compared, and the better one can be promoted.

mod arrivals;
mod drift;

use serde::Serialize;

pub use self::drift::{ColumnDrift, Drift, drift};
use super::endpoints::{self, Deployment, Report, Stage};
use super::error::op;
use super::evaluation::Evaluation;
use super::pipeline::{RunState, StartOptions};
use super::{Context, OpError, models, pipeline, predict};
use crate::aws::pipelines::StepWork;
use crate::demo::figures;
use crate::demo::metrics::{mean_squared_error, roc_auc};
use crate::demo::pipeline_definition::{default_references, parameter};
use crate::demo::scoring_sql::TableName;

/// What arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Arrivals {
    /// Rows, as many as [`Arrivals::ROWS`] has.
    pub rows: u32,
    /// Seed of the rows: the same rows for the same seed.
    pub seed: u64,
}

impl Arrivals {
    /// How many rows can arrive.
    pub const ROWS: std::ops::RangeInclusive<u32> = 100..=1_000_000;
}

impl Default for Arrivals {
    fn default() -> Self {
        Arrivals { rows: 10_000, seed: 2026 }
    }
}

/// Figures of a version on some rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Area under the ROC curve; `None` when all rows have the same answer.
    pub auc: Option<f64>,
    /// Mean squared error.
    pub mse: f64,
}

/// The two versions beside each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The version that served before.
    pub old: u32,
    /// The version that was trained on all rows.
    pub new: u32,
    /// The old version on the test rows of its own training.
    pub old_then: Option<Evaluation>,
    /// The old version on the test rows of the new training: what drift has done to it. `None` when it cannot read them.
    pub old_now: Option<Figures>,
    /// The new version on those same rows.
    pub new_now: Option<Evaluation>,
    /// Whether the new one is the better one on them, by AUC.
    pub better: Option<bool>,
}

impl Comparison {
    /// Whether the scores of the new one lie nearer to the answers than those of the old one, by mean squared error on the same rows.
    pub fn nearer(&self) -> Option<bool> {
        Some(self.new_now.as_ref()?.mse < self.old_now?.mse)
    }
}

/// How the walk went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Retraining {
    /// What arrived.
    pub arrivals: Arrivals,
    /// Whether the rows went into the table now; they are not put there twice.
    pub inserted: bool,
    /// Rows of the table with them.
    pub table_rows: u64,
    /// How the new rows differ.
    pub drift: Drift,
    /// ARN of the execution.
    pub execution: String,
    /// The version that it registered; `None` when the gate refused the model.
    pub version: Option<u32>,
    /// Why there is no version.
    pub refused: Option<String>,
    /// The versions beside each other, where there are two.
    pub comparison: Option<Comparison>,
}

/// Walks from arrivals to the comparison. Promotion is a step of its own, for a person to decide on.
pub async fn retrain(context: &Context, arrivals: Arrivals, report: Report<'_>) -> Result<Retraining, OpError> {
    let old = champion(context).await?;
    report(&format!("{} of an autumn campaign arrive", figures::counted(u64::from(arrivals.rows), "row")));
    let arrived = arrivals::receive(context, arrivals).await?;
    report("measuring how they differ from what the model was trained on");
    let drift = drift(context, old, &arrived).await?;
    for column in drift.columns.iter().filter(|column| column.psi >= crate::demo::drift::MODERATE) {
        report(&format!("{}: PSI {:.3}", column.column, column.psi));
    }
    let (inserted, table_rows) = arrivals::insert(context, arrivals, &arrived).await?;
    report(&match inserted {
        true => format!("they went into the table, which has {} now", figures::counted(table_rows, "row")),
        false => format!("they are in the table already, which has {}", figures::counted(table_rows, "row")),
    });

    report("training on all of them");
    let description = format!("retrain: {} rows of an autumn campaign, seed {}", arrivals.rows, arrivals.seed);
    // The drift has been measured and shown, and whoever walks on wants to train in spite of it; and the old version's figures of then are
    // no measure on rows of now. So the run is compared with nothing. Nor may it take over what an earlier one unloaded.
    let at = |key: &str| format!("s3://{}/{key}", context.scenario.bucket);
    let references = default_references(&context.scenario);
    for (key, content) in &references {
        pipeline::put_reference(context, key, content.clone()).await?;
    }
    let [(baseline, _), (champion_figures, _)] = &references;
    let parameters = vec![(parameter::BASELINE.to_owned(), at(baseline)), (parameter::CHAMPION.to_owned(), at(champion_figures))];
    let options = StartOptions { parameters, cache: false, name: None };
    let execution = pipeline::start_described(context, &options, &description).await?;
    let ended = pipeline::watch(context, &execution, &mut |_| {}).await;
    if context.cancel.is_cancelled() {
        pipeline::stop(context, &execution).await?;
    }
    let ended = ended?;
    let steps = context.gateways.pipelines.steps(&execution).await.map_err(op(&execution, "could not read the execution"))?;
    let version = steps.iter().find_map(|step| match &step.work {
        StepWork::Registration(arn) => arn.rsplit('/').next()?.parse().ok(),
        _ => None,
    });
    let refused = (ended.state != RunState::Succeeded).then(|| {
        let step = ended.steps.iter().find(|step| step.state == RunState::Failed && !step.message.is_empty());
        step.map(|step| step.message.clone()).or(ended.failure).unwrap_or_else(|| "the execution was stopped".to_owned())
    });
    let comparison = match version {
        Some(new) => {
            report(&format!("comparing versions {old} and {new}"));
            Some(compare(context, old, new).await?)
        }
        None => None,
    };
    Ok(Retraining { arrivals, inserted, table_rows, drift, execution, version, refused, comparison })
}

/// Approves a version and brings it to staging and to production. It is the caller who has asked a person.
pub async fn promote(context: &Context, version: u32, reason: &str, report: Report<'_>) -> Result<Deployment, OpError> {
    models::approve(context, version, reason).await?;
    endpoints::deploy(context, Stage::Staging, Some(version), report).await?;
    endpoints::promote(context, Some(version), report).await
}

/// The version that new rows are measured against: the one that staging serves.
async fn champion(context: &Context) -> Result<u32, OpError> {
    let staging = &context.scenario.staging_endpoint;
    let model = predict::at(context, staging).await?;
    model.version.ok_or_else(|| {
        OpError::precondition(
            staging,
            "there is no version to compare with",
            "staging serves no version of the registry",
            "run the step `deploy` first",
        )
    })
}

async fn compare(context: &Context, old: u32, new: u32) -> Result<Comparison, OpError> {
    let (then, now) = tokio::try_join!(models::show(context, old), models::show(context, new))?;
    let old_now = on_rows_of(context, new).await?;
    let better = old_now.and_then(|old| old.auc).zip(now.evaluation.as_ref()).map(|(old, new)| new.auc > old);
    Ok(Comparison { old, new, old_then: then.evaluation, old_now, new_now: now.evaluation, better })
}

/// The figures of what staging serves on the test rows of a version.
async fn on_rows_of(context: &Context, version: u32) -> Result<Option<Figures>, OpError> {
    let model = predict::at(context, &context.scenario.staging_endpoint).await?;
    let arn = models::find(context, version).await?.arn;
    let samples = predict::test_rows(context, &model.schema, &arn).await?;
    // A row with a category that the old version has never seen cannot be asked; figures without it would be of other rows.
    let mut probe = Vec::new();
    if samples.iter().any(|sample| model.schema.encode_csv_line(&sample.row, &mut probe).is_err()) {
        return Ok(None);
    }
    let (rows, truths): (Vec<_>, Vec<_>) =
        samples.into_iter().filter_map(|sample| Some((sample.row, model.schema.truth(sample.actual.as_deref()?)?))).unzip();
    if rows.is_empty() {
        return Ok(None);
    }
    let answers = predict::predict(context, &model, &rows).await?;
    let scores: Vec<f64> = answers.iter().map(|answer| answer.score).collect();
    Ok(Some(Figures { auc: roc_auc(&scores, &truths), mse: mean_squared_error(&scores, &truths) }))
}

/// The table that the pipeline trains on.
fn table(context: &Context) -> TableName {
    TableName { schema: context.scenario.schema.clone(), table: context.scenario.table.clone() }
}

//! Retraining on new data, as a walk: rows of another season arrive, it is measured how much they differ from what the model was trained
//! on, the pipeline trains on all of them, the two versions are compared, and the better one can be promoted.

mod arrivals;
mod drift;

use serde::Serialize;

pub(super) use self::arrivals::arriving;
pub use self::drift::{ColumnDrift, Drift, drift};
use super::endpoints::{self, Deployment, Report, Stage};
use super::error::op;
use super::evaluation::Evaluation;
use super::pipeline::{RunState, StartOptions, StartPlan};
use super::plan::{Action, Planned};
use super::{Context, OpError, Outlook, durations, models, pipeline, predict};
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

/// What the walk would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RetrainPlan {
    /// What arrives.
    pub arrivals: Arrivals,
    /// The version that the new rows are measured against: the one that staging serves.
    pub champion: u32,
    /// The table that the rows arrive in first.
    pub arriving: Planned,
    /// The table that the pipeline trains on.
    pub table: String,
    /// Its rows now.
    pub rows: u64,
    /// Its rows afterwards.
    pub rows_after: u64,
    /// Whether the new rows go into it; they do not when they are there already.
    pub inserts: bool,
    /// The object that the rows are copied from, by key.
    pub writes: String,
    /// The training.
    pub start: StartPlan,
    /// Seconds that the walk took the last time, as far as known.
    pub seconds: Option<f64>,
}

/// What the walk takes.
struct Intent {
    champion: u32,
    standing: arrivals::Standing,
    options: StartOptions,
}

/// Decides what the walk takes.
async fn intend(context: &Context, arrivals: Arrivals) -> Result<Outlook<Intent>, OpError> {
    let champion = champion(context).await?;
    // The drift has been measured and shown, and whoever walks on wants to train in spite of it; and the old version's figures of then are
    // no measure on rows of now. So the run is compared with nothing. Nor may it take over what an earlier one unloaded.
    let at = |key: &str| format!("s3://{}/{key}", context.scenario.bucket);
    let [(baseline, _), (figures, _)] = default_references(&context.scenario);
    let parameters = vec![(parameter::BASELINE.to_owned(), at(&baseline)), (parameter::CHAMPION.to_owned(), at(&figures))];
    let options = StartOptions { parameters, cache: false, name: None };
    Ok(arrivals::stand(context, arrivals).await?.map(|standing| Intent { champion, standing, options }))
}

/// What [`retrain`] would do.
///
/// # Errors
/// Staging serves no version, there is no table or no pipeline, or the account cannot be read.
pub async fn plan_retrain(context: &Context, arrivals: Arrivals) -> Result<Outlook<RetrainPlan>, OpError> {
    let Outlook { plan: Intent { champion, standing, options }, mut obstacles } = intend(context, arrivals).await?;
    let start = pipeline::plan_start(context, &options).await?;
    obstacles.extend(start.obstacles);
    let name = standing.arriving.to_string();
    let tables = context.gateways.statements.tables(&context.warehouse(), &standing.arriving.schema).await;
    let tables = tables.map_err(op(&name, "could not look for the table"))?;
    let there = tables.iter().any(|table| table.name == standing.arriving.table);
    let plan = RetrainPlan {
        arrivals,
        champion,
        arriving: Planned::free(if there { Action::Replace } else { Action::Create }, "Table", name),
        table: table(context).to_string(),
        rows: standing.rows,
        rows_after: standing.rows + if standing.inserts { u64::from(arrivals.rows) } else { 0 },
        inserts: standing.inserts,
        writes: arrivals::object_key(context),
        start: start.plan,
        seconds: durations::of_operation(&context.settings, OPERATION),
    };
    Ok(Outlook { plan, obstacles })
}

/// The name under which it is kept how long the walk took.
const OPERATION: &str = "model retrain";

/// Walks from arrivals to the comparison. Promotion is a step of its own, for a person to decide on.
pub async fn retrain(context: &Context, arrivals: Arrivals, report: Report<'_>) -> Result<Retraining, OpError> {
    let began = context.clock.now();
    let Intent { champion: old, standing, options } = intend(context, arrivals).await?.clear()?;
    report(&format!("{} of an autumn campaign arrive", figures::counted(u64::from(arrivals.rows), "row")));
    arrivals::receive(context, arrivals, &standing.arriving).await?;
    report("measuring how they differ from what the model was trained on");
    let drift = drift(context, old, &standing.arriving).await?;
    for column in drift.columns.iter().filter(|column| column.psi >= crate::demo::drift::MODERATE) {
        report(&format!("{}: PSI {:.3}", column.column, column.psi));
    }
    let inserted = standing.inserts;
    let table_rows = arrivals::insert(context, arrivals, standing).await?;
    report(&match inserted {
        true => format!("they went into the table, which has {} now", figures::counted(table_rows, "row")),
        false => format!("they are in the table already, which has {}", figures::counted(table_rows, "row")),
    });

    report("training on all of them");
    let description = format!("retrain: {} rows of an autumn campaign, seed {}", arrivals.rows, arrivals.seed);
    for (key, content) in default_references(&context.scenario) {
        pipeline::put_reference(context, &key, content).await?;
    }
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
    durations::remember_operation(context, OPERATION, began).await;
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

//! Batch scoring: a table of the warehouse or a file goes through the model in one job, and the answers to S3 and into a table.
//!
//! A table is unloaded, its rows are encoded by the schema that travels with the model, a transform job answers them, and the rows go back
//! with their answers: to S3, and by COPY into a table of their own.

mod files;
mod outlook;

use std::path::PathBuf;
use std::time::Instant;

use bytes::Bytes;
use serde::Serialize;

use self::files::Rows;
pub use self::outlook::{IntoPlan, ScorePlan, plan_score};
use super::endpoints::{ModelIntent, Report, candidate, make_model, unapproved};
use super::error::op;
use super::query::{self, QueryEngine};
use super::{Context, OpError, Outlook, durations, evaluation, models, predict};
use crate::aws::transform::TransformPlan;
use crate::demo::feature_schema::FeatureSchema;
use crate::demo::figures;
use crate::demo::pipeline_definition::metadata;
use crate::demo::policies::DemoRole;
use crate::demo::scenario::Scenario;
use crate::demo::scoring_sql::{self, TableName};

/// The longest that a job is waited for.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(6 * 3600);

/// The name under which it is kept how long a batch took.
const OPERATION: &str = "model score";

/// What is scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchInput {
    /// A table of the warehouse, `schema.table`.
    Table(String),
    /// A CSV file with a header on this machine.
    File(PathBuf),
}

impl BatchInput {
    /// What a name stands for: a file when it looks like a path, else a table.
    pub fn named(name: &str) -> BatchInput {
        let name = name.trim();
        let ending = |ending: &str| name.len() > ending.len() && name[name.len() - ending.len()..].eq_ignore_ascii_case(ending);
        if name.contains('/') || (name.is_ascii() && ending(".csv")) {
            BatchInput::File(PathBuf::from(name))
        } else {
            BatchInput::Table(name.to_owned())
        }
    }
}

/// Where the answers go besides S3.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BatchDestination {
    /// A table of the warehouse, `schema.table`, that is made anew.
    pub table: Option<String>,
}

/// What a batch did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BatchResult {
    /// Version of the model package that scored.
    pub version: u32,
    /// Name of the transform job.
    pub job: String,
    /// Rows scored.
    pub rows: u64,
    /// Rows decided yes.
    pub positives: u64,
    /// Mean score.
    pub mean_score: f64,
    /// `s3://` location of the answers: the rows with `score` and `decision`.
    pub uri: String,
    /// The table of the warehouse that has them.
    pub table: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

/// What a batch takes.
struct Intent {
    /// The table that is scored, where it is one.
    source: Option<TableName>,
    /// The table that the answers go to, and whether it is there.
    into: Option<(TableName, bool)>,
    model: ModelIntent,
    scorer: Scorer,
}

/// Decides what a batch takes.
async fn intend(
    context: &Context,
    input: &BatchInput,
    destination: &BatchDestination,
    version: Option<u32>,
) -> Result<Outlook<Intent>, OpError> {
    let source = match input {
        BatchInput::Table(name) => Some(named(name)?),
        BatchInput::File(_) => None,
    };
    let mut obstacles = Vec::new();
    let into = match destination.table.as_deref().map(named).transpose()? {
        Some(into) => {
            let there = may_be_replaced(context, &into, source.as_ref()).await.unwrap_or_else(|error| {
                obstacles.push(error);
                true
            });
            Some((into, there))
        }
        None => None,
    };
    let package = candidate(context, version).await?;
    obstacles.extend(unapproved(context, &package));
    let (scorer, model) = tokio::try_join!(Scorer::of(context, &package.arn), ModelIntent::of(context, &package))?;
    obstacles.extend(model.obstacle());
    Ok(Outlook { plan: Intent { source, into, model, scorer }, obstacles })
}

/// Scores every row of the input with a version, the newest approved one without it. Nothing in the account changes before the job has
/// ended well; then the table, if one is named, is replaced in one transaction.
pub async fn score(
    context: &Context,
    input: &BatchInput,
    destination: &BatchDestination,
    version: Option<u32>,
    report: Report<'_>,
) -> Result<BatchResult, OpError> {
    let began = Instant::now();
    let began_at = context.clock.now();
    let Intent { source, into, model: intent, scorer: model } = intend(context, input, destination, version).await?.clear()?;
    make_model(context, &intent, report).await?;
    let (package, model_name) = (intent.package, intent.name);

    let job = job_name(context, package.version);
    let base = format!("{}{job}/", folder(&context.scenario));
    let bucket = &context.scenario.bucket;
    let parts = match (input, &source) {
        (BatchInput::File(path), _) => vec![read_file(path, &model.schema)?],
        (BatchInput::Table(_), Some(table)) => unloaded(context, table, &base, &model.schema, report).await?,
        (BatchInput::Table(name), None) => return Err(unnamed(name)),
    };
    let rows: usize = parts.iter().map(Rows::len).sum();
    if rows == 0 {
        return Err(empty(input));
    }
    for (at, part) in parts.iter().enumerate() {
        context.proceed("scoring")?;
        let lines = encoded(part, &model.schema)?;
        put(context, &format!("{base}input/part-{at:04}.csv"), lines).await?;
    }
    report(&format!("scoring {} with version {} in one job", figures::counted(rows as u64, "row"), package.version));
    let plan = TransformPlan {
        name: job.clone(),
        model: model_name,
        input: format!("s3://{bucket}/{base}input/"),
        output: format!("s3://{bucket}/{base}output/"),
        instance: context.settings.mlops.processing_instance.clone(),
    };
    transform(context, &plan).await?;

    let with_target = parts.iter().all(|part| part.with_target);
    let (mut positives, mut sum) = (0_u64, 0.0);
    for (at, part) in parts.iter().enumerate() {
        let key = format!("{base}output/part-{at:04}.csv.out");
        let scores = answers(context, &key, part.len()).await?;
        positives += scores.iter().filter(|score| **score >= model.threshold).count() as u64;
        sum += scores.iter().sum::<f64>();
        let written = part.with_scores(&model.schema, &scores, model.threshold, with_target);
        let written = written.map_err(|error| OpError::failed(&key, "could not write the scores", error.to_string()))?;
        put(context, &format!("{base}scores/part-{at:04}.csv"), written).await?;
    }
    let uri = format!("s3://{bucket}/{base}scores/");
    if let Some((into, _)) = &into {
        report(&format!("filling `{into}`"));
        let role = context.role_arn(DemoRole::Redshift.name(&context.scenario)).await?;
        let statements = scoring_sql::replace(into, &model.schema, with_target, &uri, &role, &context.scenario.region);
        query::transaction(context, &statements, "fill the table of scores").await?;
    }
    durations::remember_operation(context, OPERATION, began_at).await;
    Ok(BatchResult {
        version: package.version,
        job,
        rows: rows as u64,
        positives,
        mean_score: sum / rows as f64,
        uri,
        table: into.map(|(into, _)| into.to_string()),
        seconds: began.elapsed().as_secs_f64(),
    })
}

impl std::fmt::Display for BatchInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BatchInput::Table(name) => f.write_str(name),
            BatchInput::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What is needed of a version to score with it.
struct Scorer {
    schema: FeatureSchema,
    threshold: f64,
}

impl Scorer {
    async fn of(context: &Context, arn: &str) -> Result<Self, OpError> {
        let package = models::package(context, arn).await?;
        let address = package
            .properties
            .get(metadata::FEATURE_SCHEMA)
            .ok_or_else(|| OpError::failed(arn, "could not read the model", "its package does not say where its feature schema is"))?;
        let schema = evaluation::schema(context, address).await?;
        let threshold = package.properties.get(metadata::THRESHOLD).and_then(|text| text.parse().ok());
        Ok(Scorer { schema, threshold: threshold.unwrap_or(context.settings.mlops.threshold) })
    }
}

fn empty(input: &BatchInput) -> OpError {
    OpError::precondition(&input.to_string(), "there is nothing to score", "it has no row", "give one that has rows")
}

fn encoded(rows: &Rows, schema: &FeatureSchema) -> Result<Vec<u8>, OpError> {
    rows.encoded(schema).map_err(|why| OpError::usage("a row cannot be encoded", why, "correct the row"))
}

/// The error of a table that a model cannot read.
fn unfit(table: &TableName, why: String) -> OpError {
    let fix = "score a table with the columns that the model was trained on";
    OpError::precondition(&table.to_string(), "the table cannot be scored", why, fix)
}

/// The prefix of all batches.
pub(super) fn folder(scenario: &Scenario) -> String {
    format!("{}batch/", scenario.pipeline_prefix)
}

fn named(name: &str) -> Result<TableName, OpError> {
    TableName::parse(name).ok_or_else(|| unnamed(name))
}

fn unnamed(name: &str) -> OpError {
    OpError::usage(format!("`{name}` is no table"), "a table is named by its schema and its name", "write it as `dm.data`")
}

/// Refuses to replace what is not a table of scores. Gives whether there is one.
async fn may_be_replaced(context: &Context, into: &TableName, source: Option<&TableName>) -> Result<bool, OpError> {
    if source == Some(into) {
        return Err(OpError::usage("the scores need a table of their own", format!("`{into}` is what is scored"), "name another one"));
    }
    let tables = context.gateways.statements.tables(&context.warehouse(), &into.schema).await;
    let tables = tables.map_err(op(&into.to_string(), "could not look for the table"))?;
    if !tables.iter().any(|table| table.name == into.table) {
        return Ok(false);
    }
    match query::rows(context, QueryEngine::Redshift, scoring_sql::probe(into)).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind == super::OpErrorKind::Failed => Err(OpError::precondition(
            &into.to_string(),
            "the table is not replaced",
            "it is there already and has no `score` and `decision`: it is no table of scores",
            "name another table, or drop this one first",
        )),
        Err(error) => Err(error),
    }
}

fn job_name(context: &Context, version: u32) -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let time = context.clock.now().format("%Y%m%d%H%M%S");
    format!("{}{time}-{}", job_prefix(context, version), unique.get(..6).unwrap_or(&unique))
}

/// What the names of a version's jobs begin with.
fn job_prefix(context: &Context, version: u32) -> String {
    format!("{}-batch-v{version}-", context.scenario.demo)
}

fn read_file(path: &std::path::Path, schema: &FeatureSchema) -> Result<Rows, OpError> {
    let named = path.display().to_string();
    let content = std::fs::read(path)
        .map_err(|error| OpError::usage(format!("could not read {named}"), error.to_string(), "give a CSV file with a header"))?;
    Rows::read(&content, schema)
        .map_err(|why| OpError::usage(format!("{named} cannot be scored"), why, "give a CSV with the table's columns"))
}

/// Unloads a table and reads what was written.
async fn unloaded(
    context: &Context,
    table: &TableName,
    base: &str,
    schema: &FeatureSchema,
    report: Report<'_>,
) -> Result<Vec<Rows>, OpError> {
    let bucket = &context.scenario.bucket;
    report(&format!("unloading `{table}`"));
    let role = context.role_arn(DemoRole::Redshift.name(&context.scenario)).await?;
    let prefix = format!("{base}rows/");
    query::rows(context, QueryEngine::Redshift, scoring_sql::unload(table, &format!("s3://{bucket}/{prefix}"), &role)).await?;
    let listed = context.gateways.objects.list(bucket, &prefix).await.map_err(op(&prefix, "could not list what was unloaded"))?;
    let mut parts = Vec::with_capacity(listed.len());
    for object in listed {
        context.proceed("reading the rows")?;
        let content = evaluation::fetch(context, &format!("s3://{bucket}/{}", object.key)).await?;
        parts.push(Rows::read(&content, schema).map_err(|why| unfit(table, why))?);
    }
    Ok(parts)
}

async fn put(context: &Context, key: &str, content: Vec<u8>) -> Result<(), OpError> {
    let bucket = &context.scenario.bucket;
    let put = context.gateways.objects.put(bucket, key, Bytes::from(content), "text/csv", &[]).await;
    put.map_err(op(key, "could not write to S3"))
}

/// Runs a job to its end; one that is cancelled is stopped.
async fn transform(context: &Context, plan: &TransformPlan) -> Result<(), OpError> {
    let gateway = &context.gateways.transforms;
    let tags = context.tags(&context.caller().await?);
    gateway.start(plan, &tags).await.map_err(op(&plan.name, "could not start the transform job"))?;
    let ended = context
        .gateways
        .poll
        .until(&context.cancel, "the transform job", Some(LONGEST), || async {
            Ok(gateway.find(&plan.name).await?.filter(|job| !matches!(job.status.as_str(), "InProgress" | "Stopping")))
        })
        .await;
    let job = match ended {
        Ok(job) => job,
        Err(error) => {
            if context.cancel.is_cancelled()
                && let Err(error) = gateway.stop(&plan.name).await
            {
                tracing::warn!(job = plan.name, error = %error.message, "the transform job could not be stopped");
            }
            return Err(op(&plan.name, "the transform job did not end")(error));
        }
    };
    if job.status == "Completed" {
        return Ok(());
    }
    let why = job.failure.unwrap_or_else(|| format!("SageMaker reports it as {}", job.status));
    Err(OpError::failed(&plan.name, "the transform job has not scored the rows", why)
        .or_fix("mend what the message names, then run this again"))
}

async fn answers(context: &Context, key: &str, rows: usize) -> Result<Vec<f64>, OpError> {
    let content = evaluation::fetch(context, &format!("s3://{}/{key}", context.scenario.bucket)).await?;
    let scores = std::str::from_utf8(&content).ok().and_then(predict::scores);
    let scores =
        scores.ok_or_else(|| OpError::failed(key, "could not read the scores", "the job wrote something that is no list of numbers"))?;
    if scores.len() == rows {
        return Ok(scores);
    }
    Err(OpError::failed(
        key,
        "could not read the scores",
        format!("{} were asked and {} answered", figures::counted(rows as u64, "row"), scores.len()),
    ))
}

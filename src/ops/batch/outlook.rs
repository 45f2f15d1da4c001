//! What a batch would do.

use std::time::Duration;

use serde::Serialize;

use super::files::places;
use super::{BatchDestination, BatchInput, Intent, OPERATION, empty, encoded, folder, intend, job_prefix, read_file, unfit};
use crate::demo::dataset::normalise;
use crate::demo::feature_schema::FeatureSchema;
use crate::demo::scoring_sql::TableName;
use crate::ops::plan::{Action, Planned};
use crate::ops::query::{self, QueryEngine};
use crate::ops::{Context, OpError, Outlook, durations, prices};

/// What a batch would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScorePlan {
    /// What is scored: a table or a file.
    pub input: String,
    /// Rows that are scored; absent when they cannot be counted.
    pub rows: Option<u64>,
    /// Version of the model package that scores.
    pub version: u32,
    /// Why that one, when nobody named it.
    pub chosen: Option<&'static str>,
    /// Its model, and what is done with it.
    pub model: Planned,
    /// What the name of the job begins with; the time and a few letters follow.
    pub job: String,
    /// Instance of the job.
    pub instance: String,
    /// US dollars an hour while it works.
    pub usd_per_hour: Option<f64>,
    /// Seconds that the last batch took, as far as known.
    pub seconds: Option<f64>,
    /// US dollars for a job of that time.
    pub usd: Option<f64>,
    /// The `s3://` folder in which the job gets a folder of its own.
    pub folder: String,
    /// The table of the warehouse that the answers go to.
    pub table: Option<IntoPlan>,
}

/// A table that the answers go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntoPlan {
    /// Table.
    pub name: String,
    /// Whether it is made or replaced.
    pub action: Action,
    /// Rows that it has now, which are lost.
    pub rows: Option<u64>,
}

/// What [`score`](super::score) would do.
///
/// # Errors
/// A name is no table's, there is no such version, or the account cannot be read.
pub async fn plan_score(
    context: &Context,
    input: &BatchInput,
    destination: &BatchDestination,
    version: Option<u32>,
) -> Result<Outlook<ScorePlan>, OpError> {
    let Outlook { plan: Intent { source, into, model, scorer }, mut obstacles } = intend(context, input, destination, version).await?;
    let counted = match (input, &source) {
        (BatchInput::Table(_), Some(table)) => in_table(context, table, &scorer.schema).await,
        (BatchInput::Table(_), None) => Ok(0),
        (BatchInput::File(path), _) => read_file(path, &scorer.schema).and_then(|rows| {
            encoded(&rows, &scorer.schema)?;
            Ok(rows.len() as u64)
        }),
    };
    let rows = match counted {
        Ok(0) => {
            obstacles.push(empty(input));
            Some(0)
        }
        Ok(rows) => Some(rows),
        Err(error) => {
            obstacles.push(error);
            None
        }
    };
    let table = match into {
        Some((table, there)) => Some(IntoPlan {
            name: table.to_string(),
            action: if there { Action::Replace } else { Action::Create },
            // One that may not be replaced keeps its rows.
            rows: if there && obstacles.is_empty() { Some(query::count(context, &table).await?) } else { None },
        }),
        None => None,
    };
    let instance = context.settings.mlops.processing_instance.clone();
    let seconds = durations::of_operation(&context.settings, OPERATION);
    let plan = ScorePlan {
        input: input.to_string(),
        rows,
        version: model.package.version,
        chosen: version.is_none().then_some("the newest approved one"),
        model: model.planned(),
        job: job_prefix(context, model.package.version),
        usd_per_hour: prices::job(&instance, 1, Duration::from_secs(3600)),
        usd: seconds.and_then(|seconds| prices::job(&instance, 1, Duration::try_from_secs_f64(seconds).ok()?)),
        instance,
        seconds,
        folder: format!("s3://{}/{}", context.scenario.bucket, folder(&context.scenario)),
        table,
    };
    Ok(Outlook { plan, obstacles })
}

/// The rows of a table that a model can read.
async fn in_table(context: &Context, table: &TableName, schema: &FeatureSchema) -> Result<u64, OpError> {
    let probe = query::rows(context, QueryEngine::Redshift, format!("SELECT * FROM {} LIMIT 1", table.quoted())).await?;
    let names: Vec<String> = probe.columns.iter().map(|column| normalise(&column.name)).collect();
    places(&names, schema).map_err(|why| unfit(table, why))?;
    query::count(context, table).await
}

//! Step 3: the CSV in S3 and a table over it, shown and verified through Athena.

use serde_json::json;

use super::StepOutcome;
use crate::demo::figures;
use crate::demo::sql::SqlEngine;
use crate::ops::data::{self, LakeFile};
use crate::ops::error::op;
use crate::ops::hops::Figures;
use crate::ops::query::{self, QueryEngine};
use crate::ops::report::Run;
use crate::ops::{Context, OpError};

/// The property of the table that has the version of its definition.
pub const VERSION_PROPERTY: &str = "shiftdeck_table";

/// What is in the lake.
pub struct Lake {
    /// The file and its figures.
    pub file: LakeFile,
    /// Whether anything was made or replaced.
    pub changed: bool,
}

pub async fn run(run: &Run<'_>) -> Result<StepOutcome, OpError> {
    let context = run.context;
    let lake = ensure(run).await?;
    let scenario = &context.scenario;
    run.say(&scenario.glue_table, format!("counting the rows and adding up {}", scenario.data.words.sums))?;
    let show = |name: &str| {
        let sql = context.sql(SqlEngine::Athena, name);
        async move { query::rows(context, QueryEngine::Athena, sql?).await }
    };
    let (figures, databases, tables, sample) = tokio::try_join!(
        Figures::of_table(context, QueryEngine::Athena),
        show("show_databases"),
        show("show_tables"),
        show("sample_lake"),
    )?;
    let expected = figures_of(context, &lake.file)?;
    figures.must_equal(&expected, &scenario.data, "the lake", "the file")?;
    let names = |result: &query::QueryResult| -> Vec<String> {
        result.page.rows.iter().filter_map(|row| row.first()).map(query::Cell::text).collect()
    };
    let message = format!(
        "{} in the lake table `{}`, the same as in the file; {} of them {}",
        figures::counted(figures.rows, "row"),
        scenario.glue_table,
        figures::count(figures.yes),
        scenario.data.words.positive
    );
    let detail = json!({
        "rows": figures.rows,
        "yes": figures.yes,
        "bytes": lake.file.size,
        "sha256": lake.file.sha256,
        "location": format!("s3://{}/{}", scenario.bucket, data::object_key(context)),
        "databases": names(&databases),
        "tables": names(&tables),
        "sampled": sample.page.rows.len(),
        "sums": lake.file.sums,
    });
    Ok(StepOutcome::new(lake.changed, message, detail))
}

/// The file's figures, as numbers.
pub fn figures_of(context: &Context, file: &LakeFile) -> Result<Figures, OpError> {
    Figures::of_file(&context.scenario.data, file).ok_or_else(|| {
        OpError::failed("", "could not read the figures of the CSV in S3", "its metadata have been changed")
            .with_fix("remove the object, then run the step `lake` again")
    })
}

/// The bucket has to be there before anything is put into it.
pub async fn needs_bucket(context: &Context) -> Result<(), OpError> {
    let bucket = &context.scenario.bucket;
    if context.gateways.objects.bucket_exists(bucket).await.map_err(op(bucket, "could not look for the bucket"))? {
        return Ok(());
    }
    Err(OpError::precondition(
        bucket,
        "there is nowhere to put the data",
        format!("the bucket `{bucket}` does not exist"),
        "run the step `foundation` first",
    ))
}

/// Makes sure that the CSV is in S3 and that the lake has a table over it.
pub async fn ensure(run: &Run<'_>) -> Result<Lake, OpError> {
    needs_bucket(run.context).await?;
    let (uploaded, table) = tokio::join!(data::ensure(run), table(run));
    // Both ends are waited for, so that no statement is left running; the data's error is the one that helps.
    let (file, uploaded) = uploaded?;
    let changed = table? || uploaded;
    Ok(Lake { file, changed })
}

/// Makes the database and the table where they are missing.
async fn table(run: &Run<'_>) -> Result<bool, OpError> {
    let context = run.context;
    let scenario = &context.scenario;
    let gateway = &context.gateways.lake;
    let (database, table) = (&scenario.glue_database, &scenario.glue_table);
    let mut changed = false;
    let (has_database, found) = tokio::try_join!(
        async { gateway.database(database).await.map_err(op(database, "could not look for the database of the lake")) },
        async { gateway.table(database, table).await.map_err(op(table, "could not look for the table of the lake")) },
    )?;
    if has_database.is_none() {
        run.say(database, "creating the database of the lake")?;
        execute(context, "create_database").await?;
        changed = true;
    }
    let version = scenario.data.table_version();
    let outdated =
        found.as_ref().is_some_and(|properties| properties.iter().any(|(name, found)| name == VERSION_PROPERTY && *found != version));
    if outdated {
        run.say(table, "the table was defined for other data or by another version of the demonstration: defining it anew")?;
        execute(context, "drop_table").await?;
    }
    if found.is_none() || outdated {
        run.say(table, "laying a table over the file")?;
        execute(context, "create_external_table").await?;
        changed = true;
    }
    Ok(changed)
}

async fn execute(context: &Context, statement: &str) -> Result<(), OpError> {
    let sql = context.sql(SqlEngine::Athena, statement)?;
    query::rows(context, QueryEngine::Athena, sql).await.map(drop)
}

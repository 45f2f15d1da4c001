//! New rows on their way into the warehouse: first into a table beside the one that the pipeline trains on, then into that.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Arrivals, table};
use crate::demo::policies::DemoRole;
use crate::demo::scoring_sql::TableName;
use crate::demo::sql::SqlEngine;
use crate::demo::{drift, sample};
use crate::ops::error::op;
use crate::ops::query::{self, QueryEngine};
use crate::ops::{Context, OpError, data, notes};

/// The note with the arrivals that are in the table.
const NOTE: &str = "arrivals.json";

/// Arrivals that went into the table since it was loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Inserted {
    batches: Vec<Batch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Batch {
    rows: u32,
    seed: u64,
}

/// Makes the rows and copies them into a table of their own, which is made anew. Gives that table.
pub(super) async fn receive(context: &Context, arrivals: Arrivals) -> Result<TableName, OpError> {
    if !Arrivals::ROWS.contains(&arrivals.rows) {
        return Err(OpError::usage("so many rows cannot arrive", format!("{} were asked for", arrivals.rows), "ask for 100 to 1,000,000"));
    }
    context.scenario.data.story("the autumn of the demonstration").map_err(|why| {
        let fix = "load a file with the new rows (`data.source`), then run the steps `lake`, `load` and `pipeline`";
        OpError::usage("there are no new rows of these data to make", why, fix)
    })?;
    let target = TableName { table: format!("{}_new", context.scenario.table), schema: context.scenario.schema.clone() };
    let (rows, seed) = (arrivals.rows, arrivals.seed);
    let made = tokio::task::spawn_blocking(move || drift::autumn(&sample::generate(rows, seed))).await;
    let failed = |why: String| OpError::failed(&target.to_string(), "could not make the rows", why);
    let content = made.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    let prefix = format!("{}arrivals/", context.scenario.pipeline_prefix);
    let (bucket, key) = (&context.scenario.bucket, format!("{prefix}rows.csv"));
    context
        .gateways
        .objects
        .put(bucket, &key, Bytes::from(content), "text/csv", &[])
        .await
        .map_err(op(&key, "could not write the new rows to S3"))?;
    let role = context.role_arn(DemoRole::Redshift.name(&context.scenario)).await?;
    let location = format!("s3://{bucket}/{prefix}");
    let named = |name: &str| {
        context.sql_with(SqlEngine::Redshift, name, |values| {
            values.with("table", target.table.clone()).with("data_location", location.clone()).with("redshift_role_arn", role.clone())
        })
    };
    let statements = [format!("DROP TABLE IF EXISTS {}", target.quoted()), named("create_table")?, named("copy_table")?];
    query::transaction(context, &statements, "receive the new rows").await?;
    Ok(target)
}

/// Puts what arrived into the table that the pipeline trains on, unless it is there. Gives whether it did, and the rows of the table.
pub(super) async fn insert(context: &Context, arrivals: Arrivals, arrived: &TableName) -> Result<(bool, u64), OpError> {
    let table = table(context);
    let (file, note, before) = tokio::try_join!(data::in_lake(context), notes::read::<Inserted>(context, NOTE), count(context, &table))?;
    let base = file.map(|file| file.rows).ok_or_else(|| {
        OpError::precondition(
            &table.to_string(),
            "there is nothing to add to",
            "the CSV is not in the lake",
            "run the steps `lake` and `load` first",
        )
    })?;
    // The table may have been loaded anew since the note was written: then it has the rows of the lake and no others.
    let mut inserted = note.unwrap_or_default();
    let noted: u64 = inserted.batches.iter().map(|batch| u64::from(batch.rows)).sum();
    if before == base {
        inserted.batches.clear();
    } else if before != base + noted {
        return Err(OpError::precondition(
            &table.to_string(),
            "the new rows were not added",
            format!("the table has {before} rows, and {} are known of", base + noted),
            "run the step `load` to bring it back to the rows of the lake, then run this again",
        ));
    }
    let batch = Batch { rows: arrivals.rows, seed: arrivals.seed };
    if inserted.batches.contains(&batch) {
        return Ok((false, before));
    }
    inserted.batches.push(batch);
    // Noted after it was done: a kill between the two leaves a count that the next run does not understand, and says so.
    let statement = format!("INSERT INTO {} SELECT * FROM {}", table.quoted(), arrived.quoted());
    query::rows(context, QueryEngine::Redshift, statement).await?;
    notes::write(context, NOTE, &inserted).await?;
    Ok((true, count(context, &table).await?))
}

async fn count(context: &Context, table: &TableName) -> Result<u64, OpError> {
    let result = query::rows(context, QueryEngine::Redshift, format!("SELECT COUNT(*) FROM {}", table.quoted())).await?;
    let count = result.page.rows.first().and_then(|row| row.first()).and_then(|cell| cell.text().parse().ok());
    count.ok_or_else(|| OpError::failed(&table.to_string(), "could not count the rows", "the warehouse answered in an unexpected form"))
}

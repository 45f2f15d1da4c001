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
use crate::ops::{Context, OpError, Outlook, data, notes};

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

/// What letting rows arrive takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// The table that they arrive in first, which is made anew.
    pub arriving: TableName,
    /// Rows of the table that the pipeline trains on.
    pub rows: u64,
    /// Whether they go into it; they do not when they are there already.
    pub inserts: bool,
    /// What is in it besides the rows of the lake.
    inserted: Inserted,
}

/// Looks at where the table stands. Nothing is changed.
pub(super) async fn stand(context: &Context, arrivals: Arrivals) -> Result<Outlook<Standing>, OpError> {
    let mut obstacles = Vec::new();
    if !Arrivals::ROWS.contains(&arrivals.rows) {
        let why = format!("{} were asked for", arrivals.rows);
        obstacles.push(OpError::usage("so many rows cannot arrive", why, "ask for 100 to 1,000,000"));
    }
    obstacles.extend(context.scenario.data.story("the autumn of the demonstration").err().map(|why| {
        let fix = "load a file with the new rows (`data.source`), then run the steps `lake`, `load` and `pipeline`";
        OpError::usage("there are no new rows of these data to make", why, fix)
    }));
    let table = table(context);
    let (file, note, before) =
        tokio::try_join!(data::in_lake(context), notes::read::<Inserted>(context, NOTE), query::count(context, &table))?;
    let base = file.map(|file| file.rows).ok_or_else(|| {
        OpError::precondition(
            &table.to_string(),
            "there is nothing to add to",
            "the CSV is not in the lake",
            "run the steps `lake` and `load` first",
        )
    })?;
    let (inserted, known) = note.unwrap_or_default().in_table(base, before);
    if known != before {
        obstacles.push(OpError::precondition(
            &table.to_string(),
            "the new rows were not added",
            format!("the table has {before} rows, and {known} are known of"),
            "run the step `load` to bring it back to the rows of the lake, then run this again",
        ));
    }
    let plan = Standing { arriving: arriving(context), rows: before, inserts: !inserted.batches.contains(&Batch::of(arrivals)), inserted };
    Ok(Outlook { plan, obstacles })
}

impl Inserted {
    /// What of the note is in a table of `rows` rows, when the lake has `base`, and how many rows that makes. The table may have been loaded anew
    /// since the note was written: then it has the rows of the lake and no others.
    fn in_table(self, base: u64, rows: u64) -> (Inserted, u64) {
        if rows == base {
            return (Inserted::default(), base);
        }
        let noted: u64 = self.batches.iter().map(|batch| u64::from(batch.rows)).sum();
        (self, base + noted)
    }
}

impl Batch {
    fn of(arrivals: Arrivals) -> Self {
        Batch { rows: arrivals.rows, seed: arrivals.seed }
    }
}

/// The table that new rows arrive in first.
pub(crate) fn arriving(context: &Context) -> TableName {
    TableName { table: format!("{}_new", context.scenario.table), schema: context.scenario.schema.clone() }
}

fn prefix(context: &Context) -> String {
    format!("{}arrivals/", context.scenario.pipeline_prefix)
}

/// Key of the object that new rows are copied from.
pub(super) fn object_key(context: &Context) -> String {
    format!("{}rows.csv", prefix(context))
}

/// Makes the rows and copies them into a table of their own, which is made anew.
pub(super) async fn receive(context: &Context, arrivals: Arrivals, target: &TableName) -> Result<(), OpError> {
    let (rows, seed) = (arrivals.rows, arrivals.seed);
    let made = tokio::task::spawn_blocking(move || drift::autumn(&sample::generate(rows, seed))).await;
    let failed = |why: String| OpError::failed(&target.to_string(), "could not make the rows", why);
    let content = made.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    let prefix = prefix(context);
    let (bucket, key) = (&context.scenario.bucket, object_key(context));
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
    query::transaction(context, &statements, "receive the new rows").await.map(drop)
}

/// Puts what arrived into the table that the pipeline trains on, unless it is there. Gives the rows of the table.
pub(super) async fn insert(context: &Context, arrivals: Arrivals, standing: Standing) -> Result<u64, OpError> {
    let Standing { arriving, rows, inserts, mut inserted } = standing;
    if !inserts {
        return Ok(rows);
    }
    let table = table(context);
    inserted.batches.push(Batch::of(arrivals));
    // Noted after it was done: a kill between the two leaves a count that the next run does not understand, and says so.
    let statement = format!("INSERT INTO {} SELECT * FROM {}", table.quoted(), arriving.quoted());
    query::rows(context, QueryEngine::Redshift, statement).await?;
    notes::write(context, NOTE, &inserted).await?;
    query::count(context, &table).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_was_loaded_anew_has_no_arrivals() {
        let batch = Batch { rows: 300, seed: 7 };
        let note = || Inserted { batches: vec![batch] };
        assert_eq!(note().in_table(1000, 1300), (note(), 1300));
        assert_eq!(note().in_table(1000, 1000), (Inserted::default(), 1000));
        assert_eq!(note().in_table(1000, 1200), (note(), 1300), "somebody else changed it");
        assert_eq!(Inserted::default().in_table(1000, 1200), (Inserted::default(), 1000));
    }
}

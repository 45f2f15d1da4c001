//! How rows in the warehouse differ from those that a version was trained on: counted by the warehouse, column by column.

use std::collections::BTreeMap;

use serde::Serialize;

use super::table;
use crate::demo::drift::{Bins, Change, bins, count_statement, psi};
use crate::demo::feature_schema::{ColumnKind, FeatureSchema};
use crate::demo::pipeline_definition::metadata;
use crate::demo::scoring_sql::TableName;
use crate::ops::query::{self, QueryEngine};
use crate::ops::{Context, OpError, evaluation, models, predict};

/// A column's drift.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnDrift {
    /// Column.
    pub column: String,
    /// Population stability index of the new rows against what the version was trained on.
    pub psi: f64,
    /// What it means.
    pub change: Change,
    /// The index of the whole table, the new rows not yet in it unless they were put there before.
    pub table_psi: f64,
}

/// The drift of every column that the model looks at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// The version whose feature schema it is measured against.
    pub version: u32,
    /// The table of the new rows.
    pub table: String,
    /// New rows.
    pub rows: u64,
    /// Columns, the most changed first.
    pub columns: Vec<ColumnDrift>,
}

/// Rows by bin, by column.
type Counts = BTreeMap<String, Vec<u64>>;

/// Measures the rows of a table against a version. The bins are those of the version's feature schema; the old shares of a category are
/// the schema's own counts, and those of a number come from the version's test rows, because quantiles with ties have no exact shares.
pub async fn drift(context: &Context, version: u32, rows: &TableName) -> Result<Drift, OpError> {
    let arn = models::find(context, version).await?.arn;
    let package = models::package(context, &arn).await?;
    let address = package
        .properties
        .get(metadata::FEATURE_SCHEMA)
        .ok_or_else(|| OpError::failed(&arn, "could not read the model", "its package does not say where its feature schema is"))?;
    let schema = evaluation::schema(context, address).await?;
    let bins = bins(&schema);
    let table = table(context);
    let (old, new, all) =
        tokio::try_join!(old_counts(context, &schema, &bins, &arn), counts(context, rows, &bins), counts(context, &table, &bins))?;
    let of = |counts: &Counts, column: &str| counts.get(column).cloned().unwrap_or_default();
    let mut columns: Vec<ColumnDrift> = bins
        .iter()
        .map(|bins| {
            let old = of(&old, &bins.column);
            let index = psi(&old, &of(&new, &bins.column));
            ColumnDrift {
                column: bins.column.clone(),
                psi: index,
                change: Change::of(index),
                table_psi: psi(&old, &of(&all, &bins.column)),
            }
        })
        .collect();
    columns.sort_by(|a, b| b.psi.total_cmp(&a.psi).then_with(|| a.column.cmp(&b.column)));
    let count = new.values().next().map_or(0, |counts| counts.iter().sum());
    Ok(Drift { version, table: rows.to_string(), rows: count, columns })
}

async fn old_counts(context: &Context, schema: &FeatureSchema, bins: &[Bins], arn: &str) -> Result<Counts, OpError> {
    let samples = predict::test_rows(context, schema, arn).await?;
    let mut counts = Counts::new();
    for bins in bins {
        let mut of_column = vec![0; bins.count()];
        match schema.column(&bins.column).map(|column| &column.kind) {
            Some(ColumnKind::Category { values }) => {
                for (count, value) in of_column.iter_mut().zip(values) {
                    *count = value.count;
                }
            }
            _ => {
                for sample in &samples {
                    let text = match sample.row.get(&bins.column) {
                        Some(serde_json::Value::String(text)) => text.clone(),
                        None | Some(serde_json::Value::Null) => String::new(),
                        Some(other) => other.to_string(),
                    };
                    // `place` gives a bin of these.
                    of_column[bins.place(&text)] += 1;
                }
            }
        }
        counts.insert(bins.column.clone(), of_column);
    }
    Ok(counts)
}

/// Counts the rows of a table in the warehouse.
async fn counts(context: &Context, table: &TableName, bins: &[Bins]) -> Result<Counts, OpError> {
    let unreadable = || OpError::failed(&table.to_string(), "could not count the rows", "the warehouse answered in an unexpected form");
    let mut counts: Counts = bins.iter().map(|bins| (bins.column.clone(), vec![0; bins.count()])).collect();
    let result = query::rows(context, QueryEngine::Redshift, count_statement(table, bins)).await?;
    for row in &result.page.rows {
        let [column, bin, rows] = row.as_slice() else { return Err(unreadable()) };
        let slot = counts.get_mut(&column.text()).zip(bin.text().parse::<usize>().ok()).and_then(|(counts, bin)| counts.get_mut(bin));
        let (Some(slot), Ok(rows)) = (slot, rows.text().parse::<u64>()) else { return Err(unreadable()) };
        *slot += rows;
    }
    Ok(counts)
}

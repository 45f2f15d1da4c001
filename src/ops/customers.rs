//! Customers who fit a condition, asked of the warehouse, each with whether training has seen it.

use super::predict::{self, DeployedModel, Sample};
use super::query::{self, QueryEngine};
use super::{Context, OpError};
use crate::demo::customer_filter::Condition;
use crate::demo::feature_schema::FeatureSchema;
use crate::demo::sql::{Quotes, identifier};

/// Customers who fit a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Matching {
    /// Some of them: first those that training has not seen, each part in an order by chance.
    pub samples: Vec<Sample>,
    /// How many there are in the table.
    pub total: u64,
}

/// Draws up to `limit` rows of the table that fit a condition; the same `seed` draws the same ones as long as the table is the same.
///
/// # Errors
/// The warehouse does not answer, or the split of the rows cannot be read.
pub async fn matching(
    context: &Context,
    model: &DeployedModel,
    condition: &Condition,
    limit: usize,
    seed: u64,
) -> Result<Matching, OpError> {
    let (condition, mut parameters) = condition.sql(Quotes::Double);
    let table = table(context);
    let counted = format!("SELECT count(*) FROM {table} WHERE {condition}");
    let counted = query::rows_with(context, QueryEngine::Redshift, counted, parameters.clone()).await?;
    let total = counted.page.rows.first().and_then(|row| row.first()).and_then(|cell| cell.number()).unwrap_or(0.0) as u64;
    if total == 0 {
        return Ok(Matching { samples: Vec::new(), total });
    }
    parameters.push(("seed".to_owned(), seed.to_string()));
    let drawn = query::rows_with(context, QueryEngine::Redshift, drawing(&table, &model.schema, &condition, limit), parameters).await?;
    let names: Vec<&str> = drawn.columns.iter().map(|column| column.name.as_str()).collect();
    let target = &model.schema.target.name;
    let (mut rows, mut actual) = (Vec::new(), Vec::new());
    for cells in &drawn.page.rows {
        let texts: Vec<String> = cells.iter().map(query::Cell::text).collect();
        let named = || names.iter().copied().zip(texts.iter().map(String::as_str));
        rows.push(predict::typed_row(model, named()));
        actual.push(named().find(|(name, _)| name == target).map(|(_, text)| text.to_owned()));
    }
    let mut samples = predict::recognise(context, model, rows).await?;
    for (sample, actual) in samples.iter_mut().zip(actual) {
        sample.actual = actual;
    }
    samples.sort_by_key(|sample| sample.seen != Some(false));
    Ok(Matching { samples, total })
}

fn table(context: &Context) -> String {
    let name = |name: &str| identifier(Quotes::Double, name);
    format!("{}.{}", name(&context.scenario.schema), name(&context.scenario.table))
}

/// The rows in an order by chance that the seed decides: by a digest of seed and row, which both the warehouse and its embedded twin compute.
fn drawing(table: &str, schema: &FeatureSchema, condition: &str, limit: usize) -> String {
    let names: Vec<String> = schema.columns.iter().map(|column| identifier(Quotes::Double, &column.name)).collect();
    let texts: Vec<String> = names.iter().map(|name| format!("COALESCE(CAST({name} AS varchar), '')")).collect();
    let target = identifier(Quotes::Double, &schema.target.name);
    format!(
        "SELECT {}, {target} FROM {table} WHERE {condition} ORDER BY MD5(CAST(:seed AS varchar) || {}) LIMIT {limit}",
        names.join(", "),
        texts.join(" || ',' || "),
    )
}

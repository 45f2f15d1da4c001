//! Step 2: what is in the data, computed by SQL in the lake, and the findings that an audience is told, with their figures.

use serde_json::{Map, Value, json};

use super::{StepOutcome, lake};
use crate::demo::dataset::ECONOMIC;
use crate::demo::figures;
use crate::demo::findings::{self, Correlation, Frequency, Overview};
use crate::demo::sql::SqlEngine;
use crate::ops::OpError;
use crate::ops::query::{self, QueryEngine, QueryResult};
use crate::ops::report::Run;

pub async fn run(run: &Run<'_>) -> Result<StepOutcome, OpError> {
    let context = run.context;
    let lake = lake::ensure(run).await?;
    run.say(&context.scenario.glue_table, "computing frequencies, distributions and correlations in the lake")?;
    let ask = |name: &str| {
        let sql = context.sql(SqlEngine::Athena, name);
        async move { query::rows(context, QueryEngine::Athena, sql?).await }
    };
    let (frequencies, numbers, correlations, ages) =
        tokio::try_join!(ask("explore_frequencies"), ask("explore_numbers"), ask("explore_correlations"), ask("explore_ages"),)?;
    let frequencies = read_frequencies(&frequencies);
    let overview = read_overview(&numbers).ok_or_else(|| unreadable("explore_numbers"))?;
    let correlations = read_correlations(&correlations);
    if frequencies.is_empty() || correlations.is_empty() {
        return Err(unreadable("explore_frequencies"));
    }
    let findings = findings::findings(&overview, &frequencies, &correlations, &ECONOMIC);
    for finding in &findings {
        run.say("", &finding.sentence)?;
    }
    let message = format!(
        "{} explored: {} said yes, {} findings",
        figures::counted(overview.customers(), "customer"),
        figures::percent(overview.yes as f64 / overview.customers().max(1) as f64),
        findings.len()
    );
    let detail = json!({
        "rows": overview.customers(),
        "yes": overview.yes,
        "findings": findings,
        "frequencies": by_column(&frequencies),
        "numbers": table(&numbers),
        "correlations": correlations.iter().map(|c| (format!("{}__{}", c.one, c.other), json!(rounded(c.value)))).collect::<Map<_, _>>(),
        "ages": table(&ages),
    });
    Ok(StepOutcome::new(lake.changed, message, detail))
}

fn unreadable(statement: &str) -> OpError {
    OpError::failed("", "could not read the figures of the exploration", format!("`{statement}` answered in an unexpected form"))
}

/// Four decimals: more would differ between engines that add up in another order.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Each row belongs to the one category column that is not NULL.
fn read_frequencies(result: &QueryResult) -> Vec<Frequency> {
    let width = result.columns.len().saturating_sub(2);
    let mut frequencies: Vec<Frequency> = result
        .page
        .rows
        .iter()
        .filter_map(|row| {
            let at = row.iter().take(width).position(|cell| *cell != query::Cell::Null)?;
            Some(Frequency {
                column: result.columns[at].name.clone(),
                value: row[at].text(),
                customers: row.get(width)?.text().parse().ok()?,
                yes: row.get(width + 1)?.text().parse().ok()?,
            })
        })
        .collect();
    frequencies.sort_by(|a, b| a.column.cmp(&b.column).then(b.customers.cmp(&a.customers)).then(a.value.cmp(&b.value)));
    frequencies
}

fn read_overview(result: &QueryResult) -> Option<Overview> {
    let at = |name: &str| result.columns.iter().position(|column| column.name == name);
    let (y, customers, never) = (at("y")?, at("customers")?, at("never_contacted")?);
    let mut overview = Overview::default();
    for row in &result.page.rows {
        let count: u64 = row.get(customers)?.text().parse().ok()?;
        match row.get(y)?.text().as_str() {
            "yes" => overview.yes += count,
            _ => overview.no += count,
        }
        overview.never_contacted += row.get(never)?.text().parse::<u64>().ok()?;
    }
    Some(overview)
}

fn read_correlations(result: &QueryResult) -> Vec<Correlation> {
    let Some(row) = result.page.rows.first() else { return Vec::new() };
    result
        .columns
        .iter()
        .zip(row)
        .filter_map(|(column, cell)| {
            let (one, other) = column.name.split_once("__")?;
            Some(Correlation { one: one.to_owned(), other: other.to_owned(), value: cell.number()? })
        })
        .collect()
}

fn by_column(frequencies: &[Frequency]) -> Map<String, Value> {
    let mut columns: Map<String, Value> = Map::new();
    for frequency in frequencies {
        let list = columns.entry(frequency.column.clone()).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(json!({ "value": frequency.value, "customers": frequency.customers, "yes": frequency.yes }));
        }
    }
    columns
}

/// A result as a list of objects, numbers rounded.
fn table(result: &QueryResult) -> Vec<Map<String, Value>> {
    result
        .page
        .rows
        .iter()
        .map(|row| {
            result
                .columns
                .iter()
                .zip(row)
                .map(|(column, cell)| {
                    let value = match cell {
                        query::Cell::Integer(value) => json!(value),
                        query::Cell::Null => Value::Null,
                        other => other.number().map_or_else(|| json!(other.text()), |number| json!(rounded(number))),
                    };
                    (column.name.clone(), value)
                })
                .collect()
        })
        .collect()
}

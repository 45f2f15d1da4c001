//! Step 2: what is in the data, computed by SQL in the lake, and the findings that an audience is told, with their figures.

use serde_json::{Map, Value, json};

use super::{StepOutcome, lake};
use crate::demo::figures;
use crate::demo::findings::Frequency;
use crate::demo::sql::SqlEngine;
use crate::ops::OpError;
use crate::ops::exploration::findings::evidence;
use crate::ops::query::{self, QueryEngine, QueryResult};
use crate::ops::report::Run;

pub async fn run(run: &Run<'_>) -> Result<StepOutcome, OpError> {
    let context = run.context;
    let lake = lake::ensure(run).await?;
    run.say(&context.scenario.glue_table, "computing frequencies, distributions and correlations in the lake")?;
    let data = &context.scenario.data;
    let ages = async {
        // Ages are of the bank's customers.
        if !data.built_in {
            return Ok(None);
        }
        query::rows(context, QueryEngine::Athena, context.sql(SqlEngine::Athena, "explore_ages")?).await.map(Some)
    };
    let (evidence, ages) = tokio::try_join!(evidence(context, QueryEngine::Athena), ages)?;
    let (overview, findings) = (evidence.overview, evidence.findings(data));
    for finding in &findings {
        run.say("", &finding.sentence)?;
    }
    let message = format!(
        "{} explored: {} {}, {} findings",
        figures::counted(overview.customers(), &data.words.row),
        figures::percent(overview.yes as f64 / overview.customers().max(1) as f64),
        data.words.positive,
        findings.len()
    );
    let detail = json!({
        "rows": overview.customers(),
        "yes": overview.yes,
        "findings": findings,
        "frequencies": by_column(&evidence.frequencies),
        "numbers": evidence.numbers.as_ref().map(table).unwrap_or_default(),
        "correlations": evidence.correlations.iter().map(|c| (format!("{}__{}", c.one, c.other), json!(rounded(c.value)))).collect::<Map<_, _>>(),
        "ages": ages.as_ref().map(table).unwrap_or_default(),
    });
    Ok(StepOutcome::new(lake.changed, message, detail))
}

/// Four decimals: more would differ between engines that add up in another order.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
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

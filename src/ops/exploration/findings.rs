//! What an audience is told about the data, computed from it by the statements of the library, and what they are computed from.

use serde::Serialize;

use crate::demo::dataset::ECONOMIC;
use crate::demo::findings::{self, Correlation, Finding, Frequency, Overview};
use crate::demo::sql::SqlEngine;
use crate::ops::query::{self, QueryEngine, QueryResult};
use crate::ops::{Context, OpError};

/// What an audience is told, with its figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// The sentences.
    pub findings: Vec<Finding>,
    /// Rows.
    pub rows: u64,
    /// Rows that say yes.
    pub yes: u64,
    /// The statements behind them.
    pub sql: Vec<String>,
}

/// What the findings are computed from.
pub(crate) struct Evidence {
    /// The whole.
    pub overview: Overview,
    /// How often each category occurs.
    pub frequencies: Vec<Frequency>,
    /// The numeric columns at a glance, the answers apart.
    pub numbers: QueryResult,
    /// How the economic columns move together.
    pub correlations: Vec<Correlation>,
    sql: Vec<String>,
}

impl Evidence {
    /// The findings.
    pub fn findings(&self) -> Vec<Finding> {
        findings::findings(&self.overview, &self.frequencies, &self.correlations, &ECONOMIC)
    }
}

/// What an audience is told.
pub(super) async fn findings(context: &Context, engine: QueryEngine) -> Result<Findings, OpError> {
    let evidence = evidence(context, engine).await?;
    let (rows, yes) = (evidence.overview.customers(), evidence.overview.yes);
    Ok(Findings { findings: evidence.findings(), rows, yes, sql: evidence.sql })
}

/// Asks what the findings are computed from.
pub(crate) async fn evidence(context: &Context, engine: QueryEngine) -> Result<Evidence, OpError> {
    let library = match engine {
        QueryEngine::Redshift => SqlEngine::Redshift,
        QueryEngine::Athena => SqlEngine::Athena,
    };
    let names = ["explore_frequencies", "explore_numbers", "explore_correlations"];
    let sql = names.iter().map(|name| context.sql(library, name)).collect::<Result<Vec<String>, OpError>>()?;
    let ask = |at: usize| query::rows(context, engine, sql[at].clone());
    let (frequencies, numbers, correlations) = tokio::try_join!(ask(0), ask(1), ask(2))?;
    let frequencies = read_frequencies(&frequencies);
    let correlations = read_correlations(&correlations);
    if frequencies.is_empty() || correlations.is_empty() {
        return Err(unreadable(names[0]));
    }
    let overview = read_overview(&numbers).ok_or_else(|| unreadable(names[1]))?;
    Ok(Evidence { overview, frequencies, numbers, correlations, sql })
}

fn unreadable(statement: &str) -> OpError {
    OpError::failed("", "could not read the figures of the exploration", format!("`{statement}` answered in an unexpected form"))
        .with_fix("load the table again, then refresh")
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

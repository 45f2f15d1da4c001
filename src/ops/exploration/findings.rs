//! What an audience is told about the data, computed from it by the statements of the library, and what they are computed from.

use serde::Serialize;

use crate::demo::dataset::DataSet;
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
    /// The numeric columns at a glance, the answers apart; none of data without numbers.
    pub numbers: Option<QueryResult>,
    /// How numbers move together.
    pub correlations: Vec<Correlation>,
    sql: Vec<String>,
}

impl Evidence {
    /// The findings.
    pub fn findings(&self, data: &DataSet) -> Vec<Finding> {
        findings::findings(data, &self.overview, &self.frequencies, &self.correlations)
    }
}

/// What an audience is told.
pub(super) async fn findings(context: &Context, engine: QueryEngine) -> Result<Findings, OpError> {
    let evidence = evidence(context, engine).await?;
    let (rows, yes) = (evidence.overview.customers(), evidence.overview.yes);
    Ok(Findings { findings: evidence.findings(&context.scenario.data), rows, yes, sql: evidence.sql })
}

/// Asks what the findings are computed from.
pub(crate) async fn evidence(context: &Context, engine: QueryEngine) -> Result<Evidence, OpError> {
    let library = match engine {
        QueryEngine::Redshift => SqlEngine::Redshift,
        QueryEngine::Athena => SqlEngine::Athena,
    };
    let data = &context.scenario.data;
    let verify = match engine {
        QueryEngine::Redshift => "verify_table",
        QueryEngine::Athena => "verify_lake",
    };
    // Which of the questions can be asked follows from the columns; how many rows there are can always be.
    let asked = |name: &str, possible: bool| if possible { context.sql(library, name).map(Some) } else { Ok(None) };
    let (numeric, pairs) = (data.numbers().next().is_some(), data.together.len() > 1);
    let frequencies = asked("explore_frequencies", data.categories().next().is_some())?;
    let numbers = asked("explore_numbers", numeric)?;
    let correlations = asked("explore_correlations", pairs)?;
    let counts = asked(verify, !numeric)?;
    let ask = async |sql: &Option<String>| match sql {
        Some(sql) => query::rows(context, engine, sql.clone()).await.map(Some),
        None => Ok(None),
    };
    let (found, glance, together, counted) = tokio::try_join!(ask(&frequencies), ask(&numbers), ask(&correlations), ask(&counts))?;
    let read = found.as_ref().map(read_frequencies).unwrap_or_default();
    let pairs_read = together.as_ref().map(read_correlations).unwrap_or_default();
    if found.is_some() && read.is_empty() {
        return Err(unreadable("explore_frequencies"));
    }
    // Of other data, a column may be the same in every row: then it moves with nothing.
    if data.built_in && pairs_read.is_empty() {
        return Err(unreadable("explore_correlations"));
    }
    let overview = match (&glance, &counted) {
        (Some(glance), _) => read_overview(data, glance).ok_or_else(|| unreadable("explore_numbers"))?,
        (None, counted) => counted.as_ref().and_then(read_counts).ok_or_else(|| unreadable(verify))?,
    };
    let sql = [frequencies, numbers, correlations, counts].into_iter().flatten().collect();
    Ok(Evidence { overview, frequencies: read, numbers: glance, correlations: pairs_read, sql })
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

/// The statement begins with the class and its rows.
fn read_overview(data: &DataSet, result: &QueryResult) -> Option<Overview> {
    let never = result.columns.iter().position(|column| column.name == "never_contacted");
    let mut overview = Overview::default();
    for row in &result.page.rows {
        let count: u64 = row.get(1)?.text().parse().ok()?;
        if row.first()?.text() == data.target.positive {
            overview.yes += count;
        } else {
            overview.no += count;
        }
        if let Some(never) = never {
            overview.never_contacted += row.get(never)?.text().parse::<u64>().ok()?;
        }
    }
    Some(overview)
}

/// All rows, and those of the positive class.
fn read_counts(result: &QueryResult) -> Option<Overview> {
    let row = result.page.rows.first()?;
    let (rows, yes): (u64, u64) = (row.first()?.text().parse().ok()?, row.get(1)?.text().parse().ok()?);
    Some(Overview { yes, no: rows.checked_sub(yes)?, never_contacted: 0 })
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

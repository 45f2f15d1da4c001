//! The months of the campaign, one after the other: what the calls of each led to.
//!
//! No column says when a call was made. Month and employment do: the calls began in May, and over the campaign fewer and fewer people were
//! employed, so that of the months of one name the one with more people employed is the earlier.

use std::collections::BTreeMap;

use serde::Serialize;

use super::picture::share;
use super::read::{self, MONTHS};
use super::{Table, sql};
use crate::demo::ranking::wilson;
use crate::ops::query::{self, QueryResult};
use crate::ops::{Context, OpError};

/// The column with the name of the month.
const MONTH: &str = "month";
/// The column that tells the years apart.
const EMPLOYED: &str = "nr_employed";
/// The place in the year of the month in which the calls began.
const BEGIN: usize = 4;

/// A month of the campaign.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Period {
    /// The name of the month.
    pub month: String,
    /// The year, counted from 1 in January of the year in which the calls began.
    pub year: usize,
    /// What is true of its rows and of no others, in SQL.
    pub condition: String,
    /// Calls.
    pub rows: u64,
    /// Calls that ended with yes.
    pub yes: u64,
    /// Share of yes.
    pub rate: f64,
    /// Lower end of the 95 % interval of the share (Wilson).
    pub rate_low: f64,
    /// Upper end of the 95 % interval of the share (Wilson).
    pub rate_high: f64,
}

/// The months of the campaign in their order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Order {
    /// The months.
    pub periods: Vec<Period>,
    /// Rows in them.
    pub rows: u64,
    /// Share of yes of all.
    pub base_rate: f64,
    /// Share of yes of the first half of the rows, about: whole months.
    pub first_half: f64,
    /// Share of yes of the second half.
    pub second_half: f64,
    /// The statement behind it.
    pub sql: String,
}

impl Period {
    /// As people say it: `may, year 1`.
    pub fn label(&self) -> String {
        format!("{}, year {}", self.month, self.year)
    }
}

/// The months of the campaign in their order.
pub(super) async fn order(context: &Context, table: &Table) -> Result<Order, OpError> {
    for name in [MONTH, EMPLOYED] {
        table.column(name)?;
    }
    let sql = sql::periods(table, MONTH, EMPLOYED);
    let result = query::rows(context, table.engine, sql.clone()).await?;
    Ok(arranged(periods(&result), sql))
}

fn periods(result: &QueryResult) -> Vec<Period> {
    // Of the months of one name, the most employed first: the statement orders them so.
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut periods: Vec<(usize, Period)> = Vec::new();
    for row in &result.page.rows {
        let (Some(month), Some(employed)) = (row.first(), row.get(1)) else { continue };
        let month = month.text();
        let Some(place) = MONTHS.iter().position(|name| *name == month.to_lowercase()) else { continue };
        // What is put into a statement is a number.
        let Some(_) = employed.number() else { continue };
        let before = seen.entry(month.clone()).or_default();
        let year = *before + 1 + usize::from(place < BEGIN);
        *before += 1;
        let (rows, yes) = (read::count(row.get(2)), read::count(row.get(3)));
        let condition = sql::period_is((MONTH, &month), (EMPLOYED, &employed.text()));
        let (rate_low, rate_high) = wilson(yes, rows);
        periods.push((place, Period { month, year, condition, rows, yes, rate: share(yes, rows), rate_low, rate_high }));
    }
    periods.sort_by_key(|(place, period)| (period.year, *place));
    periods.into_iter().map(|(_, period)| period).collect()
}

fn arranged(periods: Vec<Period>, sql: String) -> Order {
    let (rows, yes) = periods.iter().fold((0, 0), |(rows, yes), period| (rows + period.rows, yes + period.yes));
    let (mut first, mut first_yes) = (0, 0);
    for period in &periods {
        // A month belongs to the half in which most of it lies.
        if (first + period.rows / 2) * 2 >= rows {
            break;
        }
        first += period.rows;
        first_yes += period.yes;
    }
    Order {
        base_rate: share(yes, rows),
        first_half: share(first_yes, first),
        second_half: share(yes - first_yes, rows - first),
        periods,
        rows,
        sql,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ops::query::{Cell, Page, QueryEngine};

    #[test]
    fn months_follow_each_other_through_the_years() {
        let row = |month: &str, employed: &str, rows: i64, yes: i64| {
            vec![Cell::Text(month.into()), Cell::Text(employed.into()), Cell::Integer(rows), Cell::Integer(yes)]
        };
        // As the statement orders them: by employment, whatever the month.
        let rows = vec![
            row("jun", "5228.100", 40, 2),
            row("may", "5191.000", 60, 3),
            row("mar", "5099.100", 10, 4),
            row("may", "5099.100", 50, 10),
            row("jun", "5076.200", 20, 8),
            row("x", "1", 1, 1),
        ];
        let result = QueryResult {
            id: String::new(),
            engine: QueryEngine::Redshift,
            columns: vec![],
            page: Page { rows, next: None },
            total_rows: None,
            duration: std::time::Duration::ZERO,
            scanned_bytes: None,
            result_bytes: None,
        };
        let found = arranged(periods(&result), String::new());
        let labels: Vec<String> = found.periods.iter().map(Period::label).collect();
        assert_eq!(labels, ["may, year 1", "jun, year 1", "mar, year 2", "may, year 2", "jun, year 2"]);
        assert!(found.periods[0].condition.ends_with("= 'may' AND nr_employed = 5191.000"), "{}", found.periods[0].condition);
        assert_eq!(found.rows, 180);
        assert!((found.first_half - 0.05).abs() < 1e-12 && (found.second_half - 22.0 / 80.0).abs() < 1e-12, "{found:?}");
    }
}

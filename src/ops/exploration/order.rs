//! The months of the campaign, one after the other: what the calls of each led to.
//!
//! No column says when a call was made. Month and employment do: over the campaign fewer and fewer people were employed, so that of the months
//! of one name the one with more people employed is the earlier. A month that some years do not have belongs to the years in which about as many
//! were employed in a month nearby.

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

/// A month of the campaign.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Period {
    /// The name of the month.
    pub month: String,
    /// The year, counted from 1.
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
    if [MONTH, EMPLOYED].iter().any(|name| table.column(name).is_err()) {
        let data = &context.scenario.data;
        let why = match data.story("the order in time, found from how many people were employed,") {
            Err(why) => why,
            Ok(()) => format!("it is found from `{MONTH}` and `{EMPLOYED}`, and {} does not have both", table.name),
        };
        return Err(OpError::usage("these data have no order in time", why, "look at a column that says when each row is from"));
    }
    let sql = sql::periods(table, MONTH, EMPLOYED);
    let result = query::rows(context, table.engine, sql.clone()).await?;
    Ok(arranged(periods(&result), sql))
}

/// The months by their place in the year, each with how many people were employed, the most first.
type Months = BTreeMap<usize, Vec<f64>>;

fn periods(result: &QueryResult) -> Vec<Period> {
    let mut months = Months::new();
    let mut found: Vec<(usize, f64, Period)> = Vec::new();
    for row in &result.page.rows {
        let (Some(month), Some(employed)) = (row.first(), row.get(1)) else { continue };
        let month = month.text();
        let Some(place) = MONTHS.iter().position(|name| *name == month.to_lowercase()) else { continue };
        // What is put into a statement is a number.
        let Some(number) = employed.number() else { continue };
        // The statement gives the most employed first.
        months.entry(place).or_default().push(number);
        let (rows, yes) = (read::count(row.get(2)), read::count(row.get(3)));
        let condition = sql::period_is((MONTH, &month), (EMPLOYED, &employed.text()));
        let (rate_low, rate_high) = wilson(yes, rows);
        found.push((place, number, Period { month, year: 0, condition, rows, yes, rate: share(yes, rows), rate_low, rate_high }));
    }
    for (place, employed, period) in &mut found {
        period.year = year(&months, *place, *employed);
    }
    found.sort_by(|a, b| (a.2.year, a.0).cmp(&(b.2.year, b.0)).then(b.1.total_cmp(&a.1)));
    found.into_iter().map(|(.., period)| period).collect()
}

/// The year of a month: its rank where every year has such a month, else that of the most similar one among the nearest of those.
fn year(months: &Months, place: usize, employed: f64) -> usize {
    let years = months.values().map(Vec::len).max().unwrap_or(0);
    let nearest = months.iter().filter(|(_, all)| all.len() == years).map(|(month, _)| month.abs_diff(place)).min().unwrap_or(0);
    let near = months.iter().filter(|(month, all)| all.len() == years && month.abs_diff(place) == nearest);
    let ranked = near.flat_map(|(_, all)| all.iter().enumerate().map(|(rank, other)| (rank, (other - employed).abs())));
    ranked.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(1, |(rank, _)| rank + 1)
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
        // As the statement orders them: by employment, whatever the month. No March in the first year, no June in the second.
        let rows = vec![
            row("jun", "5228.100", 40, 2),
            row("may", "5191.000", 60, 3),
            row("mar", "5099.100", 10, 4),
            row("may", "5099.100", 50, 10),
            row("jun", "5008.700", 20, 8),
            row("may", "5008.700", 5, 1),
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
        assert_eq!(labels, ["may, year 1", "jun, year 1", "mar, year 2", "may, year 2", "may, year 3", "jun, year 3"]);
        assert!(found.periods[0].condition.ends_with("= 'may' AND nr_employed = 5191.000"), "{}", found.periods[0].condition);
        assert_eq!(found.rows, 185);
        assert!((found.first_half - 0.05).abs() < 1e-12 && (found.second_half - 23.0 / 85.0).abs() < 1e-12, "{found:?}");
    }
}

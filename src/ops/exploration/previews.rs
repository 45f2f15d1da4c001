//! Every column at a glance, in two statements: what the numbers reach, then the values and ranges of all columns in one pass.

use super::picture::BARS;
use super::{Table, read, sql};
use crate::ops::query::{self, Cell, QueryResult};
use crate::ops::{Context, OpError};

/// Values of a category that a preview has at most; the rarest are left out.
const VALUES: usize = 40;

/// Every column at a glance.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Previews {
    /// Rows of the table.
    pub rows: u64,
    /// Rows that say yes.
    pub yes: u64,
    /// The columns that have values.
    pub columns: Vec<Preview>,
}

/// A column at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Its name.
    pub column: String,
    /// Rows and rows that say yes of each value or range, in the order of the picture. Ranges without rows are there.
    pub parts: Vec<(u64, u64)>,
}

impl Previews {
    /// The preview of a column.
    pub fn of(&self, column: &str) -> Option<&Preview> {
        self.columns.iter().find(|preview| preview.column == column)
    }
}

/// Looks at every column.
///
/// # Errors
/// A statement fails.
pub async fn previews(context: &Context, table: &Table) -> Result<Previews, OpError> {
    let overview = query::rows(context, table.engine, sql::overview(table)).await?;
    let row = overview.page.rows.first();
    let at = |place: usize| read::number(row.and_then(|row| row.get(place)));
    let steps: Vec<(&str, f64)> = table
        .numeric()
        .enumerate()
        .filter_map(|(place, name)| Some((name, table.step(name, (at(2 + 2 * place)?, at(3 + 2 * place)?), BARS))))
        .collect();
    let mut found = Previews { rows: at(0).unwrap_or(0.0) as u64, yes: at(1).unwrap_or(0.0) as u64, columns: Vec::new() };
    if found.rows > 0 {
        let result = query::rows(context, table.engine, sql::previews(table, &steps)).await?;
        found.columns = read_columns(&result, table);
    }
    Ok(found)
}

fn read_columns(result: &QueryResult, table: &Table) -> Vec<Preview> {
    let width = result.columns.len().saturating_sub(2);
    let mut found: Vec<(usize, Cell, u64, u64)> = Vec::new();
    for row in &result.page.rows {
        // A row without any belongs to the NULLs of some column.
        if let Some(at) = row.iter().take(width).position(|cell| *cell != Cell::Null) {
            found.push((at, row[at].clone(), read::count(row.get(width)), read::count(row.get(width + 1))));
        }
    }
    let columns = result.columns.iter().take(width).enumerate().filter_map(|(at, column)| {
        let numeric = table.columns.iter().find(|known| known.name == column.name)?.numeric;
        let of_column = found.iter().filter(|(place, ..)| *place == at).map(|(_, value, rows, yes)| (value, *rows, *yes));
        let parts = if numeric { ranges(of_column) } else { values(of_column) };
        Some(Preview { column: column.name.clone(), parts })
    });
    columns.collect()
}

/// Ranges in ascending order, without gaps.
fn ranges<'a>(found: impl Iterator<Item = (&'a Cell, u64, u64)>) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(i64, u64, u64)> =
        // A range is numbered by a whole number; there are about as many as there are bars.
        found.filter_map(|(bucket, rows, yes)| Some((bucket.number()? as i64, rows, yes))).collect();
    ranges.sort_unstable();
    let (Some((first, ..)), Some((last, ..))) = (ranges.first(), ranges.last()) else { return Vec::new() };
    let (first, last) = (*first, (*last).min(first.saturating_add(VALUES as i64 * 4)));
    let of = |bucket: i64| ranges.iter().find(|(place, ..)| *place == bucket).map_or((0, 0), |(_, rows, yes)| (*rows, *yes));
    (first..=last).map(of).collect()
}

/// Values by how often they occur; months and weekdays in the order of the calendar.
fn values<'a>(found: impl Iterator<Item = (&'a Cell, u64, u64)>) -> Vec<(u64, u64)> {
    let mut values: Vec<(String, u64, u64)> = found.map(|(value, rows, yes)| (value.text(), rows, yes)).collect();
    values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    values.truncate(VALUES);
    read::in_calendar_order(&mut values, |(label, ..)| label);
    values.into_iter().map(|(_, rows, yes)| (rows, yes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_no_gaps_and_values_have_an_order() {
        let cell = |bucket: i64| Cell::Float(bucket as f64);
        let found = [(cell(4), 7, 1), (cell(1), 5, 2)];
        assert_eq!(ranges(found.iter().map(|(cell, rows, yes)| (cell, *rows, *yes))), [(5, 2), (0, 0), (0, 0), (7, 1)]);
        let months = [("may", 90), ("dec", 1), ("apr", 20)].map(|(name, rows)| (Cell::Text(name.into()), rows));
        assert_eq!(values(months.iter().map(|(cell, rows)| (cell, *rows, 0))), [(20, 0), (90, 0), (1, 0)]);
        let jobs = [("admin.", 5), ("retired", 9)].map(|(name, rows)| (Cell::Text(name.into()), rows));
        assert_eq!(values(jobs.iter().map(|(cell, rows)| (cell, *rows, 0))), [(9, 0), (5, 0)]);
        assert!(ranges(std::iter::empty()).is_empty());
    }
}

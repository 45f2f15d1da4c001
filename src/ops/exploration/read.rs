//! What comes back, as bars, figures and cells.

use super::{Bar, ClassFigures, DensityCell, Table, sql};
use crate::ops::query::{Cell, QueryResult};

pub(super) fn number(cell: Option<&Cell>) -> Option<f64> {
    cell?.number()
}

pub(super) fn count(cell: Option<&Cell>) -> u64 {
    number(cell).unwrap_or(0.0) as u64
}

/// One bar for each value.
pub(super) fn values(result: &QueryResult, column: &str) -> Vec<Bar> {
    let bars = result.page.rows.iter().map(|row| {
        let value = row.first().filter(|cell| **cell != Cell::Null).map(Cell::text);
        let condition = sql::value_is(column, value.as_deref());
        Bar::new(value.unwrap_or_else(|| "NULL".to_owned()), None, condition, count(row.get(1)), count(row.get(2)))
    });
    let mut bars: Vec<Bar> = bars.collect();
    in_calendar_order(&mut bars, |bar| &bar.label);
    bars
}

/// One bar for each range of the width `step`.
pub(super) fn ranges(result: &QueryResult, table: &Table, column: &str, step: f64) -> Vec<Bar> {
    let bars = result.page.rows.iter().map(|row| {
        let (label, from, condition) = match number(row.first()) {
            None => ("NULL".to_owned(), None, sql::value_is(column, None)),
            Some(bucket) => (range(bucket, step), Some(bucket * step), sql::range_is(table, column, bucket, step)),
        };
        Bar::new(label, from, condition, count(row.get(1)), count(row.get(2)))
    });
    bars.collect()
}

/// `20 – 30`, or the number itself where the range has one whole number.
fn range(bucket: f64, step: f64) -> String {
    let digits = if step >= 1.0 { 0 } else { (-step.log10()).ceil() as usize };
    let from = bucket * step;
    if (step - 1.0).abs() < f64::EPSILON { format!("{from:.0}") } else { format!("{from:.digits$} – {:.digits$}", from + step) }
}

/// The figures of each answer; answers without a number are left out.
pub(super) fn classes(result: &QueryResult) -> Vec<ClassFigures> {
    let classes = result.page.rows.iter().filter_map(|row| {
        let at = |place: usize| number(row.get(place));
        Some(ClassFigures {
            class: row.first()?.text(),
            rows: count(row.get(1)),
            mean: at(2)?,
            // One row has no deviation.
            deviation: at(3).unwrap_or(0.0),
            five: [at(4)?, at(5)?, at(6)?, at(7)?, at(8)?],
        })
    });
    classes.collect()
}

/// The pairs of one row as a full matrix.
#[allow(clippy::needless_range_loop, reason = "a pair is written to both halves of the matrix")]
pub(super) fn matrix(result: &QueryResult, columns: usize) -> Vec<Vec<Option<f64>>> {
    let mut matrix = vec![vec![None; columns]; columns];
    let Some(row) = result.page.rows.first() else { return matrix };
    let mut cells = row.iter();
    for one in 0..columns {
        matrix[one][one] = Some(1.0);
        for other in one + 1..columns {
            let value = number(cells.next()).map(|value| value.clamp(-1.0, 1.0));
            matrix[one][other] = value;
            matrix[other][one] = value;
        }
    }
    matrix
}

/// The cells of a density; rows with a NULL are in none.
pub(super) fn cells(result: &QueryResult, x_step: f64, y_step: f64) -> Vec<DensityCell> {
    let cells = result.page.rows.iter().filter_map(|row| {
        let (x, y) = (number(row.first())? * x_step, number(row.get(1))? * y_step);
        Some(DensityCell { x, y, rows: count(row.get(2)), yes: count(row.get(3)) })
    });
    cells.collect()
}

/// Months and weekdays are read in the order of the calendar.
pub(super) fn in_calendar_order<T>(bars: &mut [T], label: impl Fn(&T) -> &str) {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    for calendar in [&MONTHS[..], &DAYS[..]] {
        let place = |bar: &T| calendar.iter().position(|name| *name == label(bar).to_lowercase());
        if bars.len() > 2 && bars.iter().all(|bar| place(bar).is_some()) {
            bars.sort_by_key(place);
            return;
        }
    }
}

/// The months as the data write them.
pub(super) const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

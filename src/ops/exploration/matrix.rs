//! Every numeric column against every other at once, in three statements: what the numbers reach, one pass with a grouping set for each pair,
//! and the coefficients.

use serde::Serialize;

use super::{Correlations, Density, DensityCell, Table, pairs, read, sql};
use crate::ops::query::{self, Cell};
use crate::ops::{Context, OpError};

/// Cells along each side of a pair, about: as many as a small picture shows apart.
const CELLS: f64 = 12.0;
/// Columns at most: a statement has a grouping set for each pair of them.
const COLUMNS: usize = 16;

/// Every pair of numeric columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matrix {
    /// The columns.
    pub columns: Vec<String>,
    /// The pairs, first column with second, first with third, … second with third, …: the earlier column across, the later one upwards.
    pub pairs: Vec<Density>,
    /// Numeric columns of the table that are left out because there are too many.
    pub left_out: usize,
    /// How the columns move together.
    pub correlations: Correlations,
    /// The statement behind the pairs.
    pub sql: String,
}

impl Matrix {
    /// The pair of two columns, and whether the first of them is the one across.
    pub fn pair(&self, one: &str, other: &str) -> Option<(&Density, bool)> {
        let across = |density: &&Density| density.x == one && density.y == other;
        let upwards = |density: &&Density| density.x == other && density.y == one;
        let found = self.pairs.iter().find(across).map(|density| (density, true));
        found.or_else(|| self.pairs.iter().find(upwards).map(|density| (density, false)))
    }

    /// Rows of the ranges of a column, in ascending order and without gaps: of those with a number in the column that it is paired with first.
    pub fn spread(&self, column: &str) -> Vec<u64> {
        let Some(pair) = self.pairs.iter().find(|pair| pair.x == column || pair.y == column) else { return Vec::new() };
        let of = |cell: &DensityCell| if pair.x == column { cell.x / pair.x_step } else { cell.y / pair.y_step };
        let least = pair.cells.iter().map(of).fold(f64::INFINITY, f64::min);
        let mut spread = Vec::new();
        for cell in &pair.cells {
            // About as many ranges as a pair has cells along a side.
            let at = (of(cell) - least).round() as usize;
            if spread.len() <= at {
                spread.resize(at + 1, 0);
            }
            spread[at] += cell.rows;
        }
        spread
    }
}

/// Every pair of numeric columns.
pub(super) async fn matrix(context: &Context, table: &Table) -> Result<Matrix, OpError> {
    let columns: Vec<String> = table.numeric().take(COLUMNS).map(str::to_owned).collect();
    if columns.len() < 2 {
        return Err(OpError::usage(
            "there are no pairs",
            format!("{} has fewer than two numeric columns", table.name),
            "look at one column at a time",
        ));
    }
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let ranges = query::rows(context, table.engine, sql::extremes(table, &names)).await?;
    let number = |at: usize| ranges.page.rows.first().and_then(|row| read::number(row.get(at)));
    // A column without any number is in no row of the answer, whatever its steps.
    let step_of = |at: usize, name: &str| number(2 * at).zip(number(2 * at + 1)).map_or(1.0, |range| table.step(name, range, CELLS));
    let steps: Vec<(&str, f64)> = names.iter().enumerate().map(|(at, name)| (*name, step_of(at, name))).collect();
    let sql = sql::pairs(table, &steps);
    let (result, correlations) = tokio::try_join!(query::rows(context, table.engine, sql.clone()), pairs::correlations(context, table))?;
    let pairs = pairs_of(&result.page.rows, &steps);
    let left_out = table.numeric().count() - columns.len();
    Ok(Matrix { columns, pairs, left_out, correlations, sql })
}

/// The rows of all pairs, each with its own: a row belongs to the two columns that are not NULL, one with fewer to NULLs of the data.
fn pairs_of(rows: &[Vec<Cell>], steps: &[(&str, f64)]) -> Vec<Density> {
    let count = steps.len();
    let mut pairs: Vec<Density> = (0..count)
        .flat_map(|x| (x + 1..count).map(move |y| (steps[x], steps[y])))
        .map(|((x, x_step), (y, y_step))| Density {
            x: x.to_owned(),
            y: y.to_owned(),
            x_step,
            y_step,
            cells: Vec::new(),
            sql: String::new(),
        })
        .collect();
    for row in rows {
        let mut given = row.iter().take(count).enumerate().filter(|(_, cell)| **cell != Cell::Null);
        let (Some((x, across)), Some((y, upwards)), None) = (given.next(), given.next(), given.next()) else { continue };
        let (Some(across), Some(upwards)) = (across.number(), upwards.number()) else { continue };
        // Pairs before those of the column across, then those of it.
        let at = x * (2 * count - x - 1) / 2 + (y - x - 1);
        pairs[at].cells.push(DensityCell {
            x: across * steps[x].1,
            y: upwards * steps[y].1,
            rows: read::count(row.get(count)),
            yes: read::count(row.get(count + 1)),
        });
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_to_the_pair_of_their_columns() {
        let some = |number: f64| Cell::Float(number);
        let rows = vec![
            vec![some(1.0), some(2.0), Cell::Null, Cell::Integer(5), Cell::Integer(1)],
            vec![Cell::Null, some(3.0), some(4.0), Cell::Integer(7), Cell::Integer(0)],
            // A NULL of the data in the pair of the first and the third.
            vec![some(1.0), Cell::Null, Cell::Null, Cell::Integer(9), Cell::Integer(0)],
        ];
        let pairs = pairs_of(&rows, &[("a", 10.0), ("b", 0.5), ("c", 1.0)]);
        let told: Vec<(&str, &str, usize)> = pairs.iter().map(|pair| (pair.x.as_str(), pair.y.as_str(), pair.cells.len())).collect();
        assert_eq!(told, [("a", "b", 1), ("a", "c", 0), ("b", "c", 1)]);
        assert_eq!(pairs[0].cells[0], DensityCell { x: 10.0, y: 1.0, rows: 5, yes: 1 });
        let matrix = Matrix {
            columns: vec!["a".into(), "b".into(), "c".into()],
            pairs: pairs.clone(),
            left_out: 0,
            correlations: Correlations { columns: vec![], matrix: vec![], sql: String::new() },
            sql: String::new(),
        };
        assert!(matrix.pair("c", "b").is_some_and(|(pair, across)| pair.x == "b" && !across));
        assert_eq!((matrix.spread("b"), matrix.spread("d")), (vec![5], vec![]));
        assert_eq!(pairs[2].cells[0], DensityCell { x: 1.5, y: 4.0, rows: 7, yes: 0 });
    }
}

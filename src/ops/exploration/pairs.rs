//! Numeric columns against each other: how all of them move together, and where the rows of two of them lie.

use serde::Serialize;

use super::{Table, read, sql};
use crate::ops::query;
use crate::ops::{Context, OpError};

/// Cells of a density along each side, about.
const CELLS: f64 = 40.0;

/// How the numeric columns move together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Correlations {
    /// The columns.
    pub columns: Vec<String>,
    /// Pearson's coefficients, row by row; `None` where a column is constant.
    pub matrix: Vec<Vec<Option<f64>>>,
    /// The statement behind it.
    pub sql: String,
}

/// Two columns against each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Density {
    /// Column across.
    pub x: String,
    /// Column upwards.
    pub y: String,
    /// Width of a cell.
    pub x_step: f64,
    /// Height of a cell.
    pub y_step: f64,
    /// Cells with rows.
    pub cells: Vec<DensityCell>,
    /// The statement behind it.
    pub sql: String,
}

/// A cell of a density.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DensityCell {
    /// Left edge.
    pub x: f64,
    /// Lower edge.
    pub y: f64,
    /// Rows.
    pub rows: u64,
    /// Rows that say yes.
    pub yes: u64,
}

impl Correlations {
    /// The coefficient of two columns.
    pub fn of(&self, one: &str, other: &str) -> Option<f64> {
        let at = |name: &str| self.columns.iter().position(|column| column == name);
        self.matrix.get(at(one)?)?.get(at(other)?).copied().flatten()
    }
}

impl Density {
    /// The left edge of the cells and the right one, then the lower and the upper one.
    pub fn bounds(&self) -> Option<[f64; 4]> {
        let bounds = |edge: fn(&DensityCell) -> f64| {
            self.cells.iter().map(edge).fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), at| (least.min(at), most.max(at)))
        };
        let ((left, right), (lower, upper)) = (bounds(|cell| cell.x), bounds(|cell| cell.y));
        (left <= right && lower <= upper).then_some([left, right + self.x_step, lower, upper + self.y_step])
    }

    /// Rows in all cells.
    pub fn rows(&self) -> u64 {
        self.cells.iter().map(|cell| cell.rows).sum()
    }

    /// The cells, the fullest first.
    pub fn by_rows(&self) -> Vec<&DensityCell> {
        let mut cells: Vec<&DensityCell> = self.cells.iter().collect();
        cells.sort_by_key(|cell| std::cmp::Reverse(cell.rows));
        cells
    }

    /// What is true of the rows in a cell, and of no others of the table that it was computed from.
    pub fn condition(&self, table: &Table, cell: &DensityCell) -> String {
        let range = |column: &str, edge: f64, step: f64| sql::range_is(table, column, (edge / step).round(), step);
        format!("{} AND {}", range(&self.x, cell.x, self.x_step), range(&self.y, cell.y, self.y_step))
    }
}

/// How the numeric columns move together.
pub(super) async fn correlations(context: &Context, table: &Table) -> Result<Correlations, OpError> {
    let columns: Vec<String> = table.numeric().map(str::to_owned).collect();
    if columns.len() < 2 {
        return Err(OpError::usage(
            "nothing can move together",
            format!("{} has fewer than two numeric columns", table.name),
            "look at one column at a time",
        ));
    }
    let sql = sql::correlations(table, &columns);
    let result = query::rows(context, table.engine, sql.clone()).await?;
    Ok(Correlations { matrix: read::matrix(&result, columns.len()), columns, sql })
}

/// Two numeric columns against each other.
pub(super) async fn density(context: &Context, table: &Table, x: &str, y: &str) -> Result<Density, OpError> {
    for name in [x, y] {
        if !table.column(name)?.numeric {
            return Err(OpError::usage(format!("`{name}` has no scale"), "it is not a number", "choose two numeric columns"));
        }
    }
    let ranges = query::rows(context, table.engine, sql::extremes(table, &[x, y])).await?;
    let number = |at: usize| ranges.page.rows.first().and_then(|row| row.get(at)).and_then(query::Cell::number);
    let (Some(x_least), Some(x_most), Some(y_least), Some(y_most)) = (number(0), number(1), number(2), number(3)) else {
        return Err(OpError::failed(&table.name, "could not find the range of the columns", "the table is empty"));
    };
    let (x_step, y_step) = (table.step(x, (x_least, x_most), CELLS), table.step(y, (y_least, y_most), CELLS));
    let sql = sql::density(table, (x, x_step), (y, y_step));
    let result = query::rows(context, table.engine, sql.clone()).await?;
    Ok(Density { x: x.to_owned(), y: y.to_owned(), x_step, y_step, cells: read::cells(&result, x_step, y_step), sql })
}

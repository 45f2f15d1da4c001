//! Questions one asks of new data, answered by SQL where the data is: no table is pulled.
//!
//! Everything here is computed by the warehouse or the lake in one or two statements a picture; what comes back has as many rows as the picture has
//! bars or cells. The statements are plain enough for both engines.

mod read;
mod sql;
pub mod svg;

use serde::Serialize;

use super::query::{self, QueryEngine};
use super::{Context, OpError};
use crate::demo::dataset;
use crate::demo::ranking::wilson;
use crate::demo::sql::{Quotes, identifier};

/// Bars of a numeric column at most, about.
pub const BARS: f64 = 14.0;
/// Cells of a density along each side, about.
pub const CELLS: f64 = 24.0;

/// A table that is explored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Who answers.
    pub engine: QueryEngine,
    /// The table, quoted.
    pub name: String,
    /// The column with the answer that is to be predicted.
    pub target: String,
    /// The value that counts as yes.
    pub positive: String,
    /// The other columns, in the order of the table.
    pub columns: Vec<Column>,
}

/// A column that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it holds numbers.
    pub numeric: bool,
}

/// Rows of one value, or of one range of values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// The value, or the range.
    pub label: String,
    /// Start of the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// Rows.
    pub rows: u64,
    /// Rows that say yes.
    pub yes: u64,
    /// Share of yes.
    pub rate: f64,
    /// Lower end of the 95 % interval of the share (Wilson).
    pub rate_low: f64,
    /// Upper end of the 95 % interval of the share (Wilson).
    pub rate_high: f64,
}

/// A numeric column among the rows of one answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassFigures {
    /// The answer.
    pub class: String,
    /// Rows.
    pub rows: u64,
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation.
    pub deviation: f64,
    /// Minimum, lower quartile, median, upper quartile, maximum.
    pub five: [f64; 5],
}

/// A column and the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Picture {
    /// The column.
    pub column: Column,
    /// The column that the shares are of.
    pub by: String,
    /// Rows of the table.
    pub rows: u64,
    /// Share of yes in the table.
    pub base_rate: f64,
    /// Values by how often they occur, or ranges in ascending order; months and weekdays in the order of the calendar.
    pub bars: Vec<Bar>,
    /// The numbers of each answer; empty for a category.
    pub classes: Vec<ClassFigures>,
    /// The statements behind it.
    pub sql: Vec<String>,
}

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

impl Bar {
    fn new(label: String, from: Option<f64>, rows: u64, yes: u64) -> Bar {
        let (rate_low, rate_high) = wilson(yes, rows);
        Bar { label, from, rows, yes, rate: if rows == 0 { 0.0 } else { yes as f64 / rows as f64 }, rate_low, rate_high }
    }
}

/// The demonstration's table where `engine` has it.
///
/// # Errors
/// There is no such table, or it cannot be read.
pub async fn table(context: &Context, engine: QueryEngine) -> Result<Table, OpError> {
    let scenario = &context.scenario;
    let (schema, table) = match engine {
        QueryEngine::Redshift => (&scenario.schema, &scenario.table),
        QueryEngine::Athena => (&scenario.glue_database, &scenario.glue_table),
    };
    let name = format!("{}.{}", identifier(Quotes::Double, schema), identifier(Quotes::Double, table));
    let described = query::rows(context, engine, format!("SELECT * FROM {name} LIMIT 0")).await?;
    let columns = described.columns.into_iter().filter(|column| column.name != dataset::TARGET);
    Ok(Table {
        engine,
        name,
        target: dataset::TARGET.to_owned(),
        positive: dataset::POSITIVE.to_owned(),
        columns: columns.map(|column| Column { name: column.name, numeric: column.numeric }).collect(),
    })
}

impl Table {
    /// A column by name.
    ///
    /// # Errors
    /// The table does not have it, or it is the target.
    pub fn column(&self, name: &str) -> Result<&Column, OpError> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
            let why = if name == self.target {
                "it is what the others are compared with".to_owned()
            } else {
                format!("{} does not have it", self.name)
            };
            OpError::usage(format!("there is no column `{name}` to explore"), why, format!("its columns are {}", known.join(", ")))
        })
    }

    /// The same table, compared by another column and its value.
    ///
    /// # Errors
    /// The table does not have the column.
    pub fn by(mut self, column: &str, positive: &str) -> Result<Table, OpError> {
        if column != self.target {
            self.column(column)?;
            let old = std::mem::replace(&mut self.target, column.to_owned());
            self.columns.retain(|known| known.name != column);
            self.columns.push(Column { name: old, numeric: false });
        }
        self.positive = positive.to_owned();
        Ok(self)
    }
}

/// A column and the answer.
///
/// # Errors
/// The table does not have the column, or a statement fails.
pub async fn picture(context: &Context, table: &Table, column: &str) -> Result<Picture, OpError> {
    let column = table.column(column)?.clone();
    let mut statements = Vec::new();
    let ask = |sql: String| query::rows(context, table.engine, sql);
    let (bars, classes) = if column.numeric {
        let split = sql::by_class(table, &column.name);
        let result = ask(split.clone()).await?;
        statements.push(split);
        let classes = read::classes(&result);
        let least = classes.iter().map(|class| class.five[0]).fold(f64::INFINITY, f64::min);
        let most = classes.iter().map(|class| class.five[4]).fold(f64::NEG_INFINITY, f64::max);
        if least > most {
            (Vec::new(), classes)
        } else {
            let step = sql::step(least, most, BARS);
            let histogram = sql::histogram(table, &column.name, step);
            let result = ask(histogram.clone()).await?;
            statements.push(histogram);
            (read::ranges(&result, step), classes)
        }
    } else {
        let frequencies = sql::frequencies(table, &column.name);
        let result = ask(frequencies.clone()).await?;
        statements.push(frequencies);
        (read::values(&result), Vec::new())
    };
    let rows = bars.iter().map(|bar| bar.rows).sum();
    let yes: u64 = bars.iter().map(|bar| bar.yes).sum();
    let base_rate = if rows == 0 { 0.0 } else { yes as f64 / rows as f64 };
    Ok(Picture { column, by: table.target.clone(), rows, base_rate, bars, classes, sql: statements })
}

/// How the numeric columns move together.
///
/// # Errors
/// The statement fails.
pub async fn correlations(context: &Context, table: &Table) -> Result<Correlations, OpError> {
    let columns: Vec<String> = table.columns.iter().filter(|column| column.numeric).map(|column| column.name.clone()).collect();
    let sql = sql::correlations(table, &columns);
    let result = query::rows(context, table.engine, sql.clone()).await?;
    Ok(Correlations { matrix: read::matrix(&result, columns.len()), columns, sql })
}

/// Two numeric columns against each other.
///
/// # Errors
/// A column is no number, or a statement fails.
pub async fn density(context: &Context, table: &Table, x: &str, y: &str) -> Result<Density, OpError> {
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
    let (x_step, y_step) = (sql::step(x_least, x_most, CELLS), sql::step(y_least, y_most, CELLS));
    let sql = sql::density(table, (x, x_step), (y, y_step));
    let result = query::rows(context, table.engine, sql.clone()).await?;
    Ok(Density { x: x.to_owned(), y: y.to_owned(), x_step, y_step, cells: read::cells(&result, x_step, y_step), sql })
}

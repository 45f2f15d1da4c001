//! A column against the answer: its values or ranges, the share of yes of each, and the numbers of each answer.

use serde::Serialize;

use super::{Column, Table, read, sql};
use crate::demo::ranking::wilson;
use crate::ops::query;
use crate::ops::{Context, OpError};

/// Bars of a numeric column at most, about.
pub(super) const BARS: f64 = 14.0;

/// Rows of one value, or of one range of values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// The value, or the range.
    pub label: String,
    /// Start of the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// What is true of its rows and of no others, in SQL.
    pub condition: String,
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
    /// Rows that say yes.
    pub yes: u64,
    /// Share of yes in the table.
    pub base_rate: f64,
    /// Values by how often they occur, or ranges in ascending order; months and weekdays in the order of the calendar.
    pub bars: Vec<Bar>,
    /// The numbers of each answer; empty for a category.
    pub classes: Vec<ClassFigures>,
    /// The statements behind it.
    pub sql: Vec<String>,
}

impl Bar {
    /// A bar of counted rows.
    pub fn new(label: String, from: Option<f64>, condition: String, rows: u64, yes: u64) -> Bar {
        let (rate_low, rate_high) = wilson(yes, rows);
        Bar { label, from, condition, rows, yes, rate: share(yes, rows), rate_low, rate_high }
    }

    /// Its share of those who say yes, and of those who do not.
    pub fn among(&self, picture: &Picture) -> (f64, f64) {
        (share(self.yes, picture.yes), share(self.rows - self.yes.min(self.rows), picture.rows - picture.yes.min(picture.rows)))
    }
}

/// A part of a whole; none of nothing.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A column and the answer.
pub(super) async fn picture(context: &Context, table: &Table, column: &str) -> Result<Picture, OpError> {
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
            let step = table.step(&column.name, (least, most), BARS);
            let histogram = sql::histogram(table, &column.name, step);
            let result = ask(histogram.clone()).await?;
            // What draws the bars comes first.
            statements.insert(0, histogram);
            (read::ranges(&result, table, &column.name, step), classes)
        }
    } else {
        let frequencies = sql::frequencies(table, &column.name);
        let result = ask(frequencies.clone()).await?;
        statements.push(frequencies);
        (read::values(&result, &column.name), Vec::new())
    };
    let rows = bars.iter().map(|bar| bar.rows).sum();
    let yes: u64 = bars.iter().map(|bar| bar.yes).sum();
    Ok(Picture { column, by: table.target.clone(), rows, yes, base_rate: share(yes, rows), bars, classes, sql: statements })
}

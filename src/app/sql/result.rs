//! The rows of a result that were fetched so far, and where one looks at them.

use std::sync::Arc;

use crate::app::list::ListState;
use crate::app::text_width::width;
use crate::demo::figures;
use crate::ops::OpError;
use crate::ops::query::{Cell, Page, QueryResult};

/// Characters of a column at most, unless it is the only one.
const WIDEST: usize = 40;

/// Rows that decide how wide a column is. Later rows do not move the columns under the reader's eyes.
const MEASURED: usize = 200;

/// A result set.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultSet {
    /// What the service said of it; its first page is moved to `rows`.
    pub meta: Arc<QueryResult>,
    /// The statement.
    pub sql: String,
    /// The rows fetched so far.
    pub rows: Vec<Vec<Cell>>,
    /// The token of the next page.
    pub next: Option<String>,
    /// Characters of each column.
    pub widths: Vec<usize>,
    /// The row under the cursor.
    pub list: ListState,
    /// The column under the cursor.
    pub column: usize,
    /// The first column on the screen.
    pub first_column: usize,
    /// From sending to the last row of the first page, in seconds.
    pub seconds: f64,
    /// Why the next page did not come.
    pub broken: Option<OpError>,
}

/// How a cell is written; `None` for NULL.
pub fn cell_text(cell: &Cell) -> Option<String> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Integer(number) => figures::integer(*number),
        Cell::Float(number) => figures::float(*number),
        Cell::Boolean(truth) => truth.to_string(),
        Cell::Text(text) => text.clone(),
    })
}

/// How a cell is copied: as the service sent it, without separators. NULL is empty.
pub fn raw_text(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Integer(number) => number.to_string(),
        Cell::Float(number) => number.to_string(),
        Cell::Boolean(truth) => truth.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

impl ResultSet {
    /// A result whose first page is there.
    pub fn new(mut result: QueryResult, sql: String, seconds: f64) -> Self {
        let page = std::mem::replace(&mut result.page, Page { rows: Vec::new(), next: None });
        let most = if result.columns.len() == 1 { 400 } else { WIDEST };
        let widths = result
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let header = width(&column.name).max(width(&column.type_name));
                let cells = page.rows.iter().take(MEASURED).filter_map(|row| row.get(index));
                let widest = cells.map(|cell| cell_text(cell).map_or(4, |text| width(&text))).max().unwrap_or(0);
                header.max(widest).clamp(1, most)
            })
            .collect();
        ResultSet {
            meta: Arc::new(result),
            sql,
            rows: page.rows,
            next: page.next,
            widths,
            list: ListState::default(),
            column: 0,
            first_column: 0,
            seconds,
            broken: None,
        }
    }

    /// Adds a page.
    pub fn append(&mut self, page: Page) {
        self.rows.extend(page.rows);
        self.next = page.next;
        self.broken = None;
    }

    /// Moves the column cursor, `width` characters being visible.
    pub fn move_column(&mut self, delta: isize, width: usize) {
        self.column = self.column.saturating_add_signed(delta).min(self.widths.len().saturating_sub(1));
        if self.column < self.first_column {
            self.first_column = self.column;
        }
        while self.first_column < self.column {
            let span: usize = self.widths[self.first_column..=self.column].iter().map(|width| width + 2).sum();
            if span <= width {
                break;
            }
            self.first_column += 1;
        }
    }

    /// The cell under the cursor.
    pub fn cell(&self) -> Option<&Cell> {
        self.rows.get(self.list.selected)?.get(self.column)
    }
}

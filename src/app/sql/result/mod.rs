//! The rows of a result that were fetched so far, and where one looks at them.

use std::sync::Arc;

use super::run::RunId;
use crate::app::effect::Effect;
use crate::app::latest::{Latest, Ticket};
use crate::app::list::ListState;
use crate::app::text_width::width;
use crate::demo::figures;
use crate::ops::OpError;
use crate::ops::query::{Cell, Page, QueryResult};

/// Characters of a column at most, unless it is the only one.
const WIDEST: usize = 40;

/// Rows that decide how wide a column is. Later rows do not move the columns under the reader's eyes.
const MEASURED: usize = 200;

/// What can be asked of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table of actions describes each one")]
pub enum Command {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    CopyCell,
    CopyRow,
}

impl Command {
    /// Whether it only moves the cursor.
    pub fn moves(self) -> bool {
        !matches!(self, Command::CopyCell | Command::CopyRow)
    }
}

/// What happens to a result.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A page has come.
    Page(Ticket, Result<Page, OpError>),
}

/// The results that a tab has open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Results {
    sets: Vec<ResultSet>,
    shown: usize,
}

impl Results {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// The one on the screen.
    pub fn current(&self) -> Option<&ResultSet> {
        self.sets.get(self.shown)
    }

    /// The one on the screen.
    pub fn current_mut(&mut self) -> Option<&mut ResultSet> {
        self.sets.get_mut(self.shown)
    }

    /// The one of a run.
    pub fn of_run(&mut self, run: RunId) -> Option<&mut ResultSet> {
        self.sets.iter_mut().find(|set| set.run == run)
    }

    /// Puts a new result on the screen, in the place of the one that is there.
    pub fn show(&mut self, set: ResultSet) {
        self.sets = vec![set];
        self.shown = 0;
    }
}

/// A result set.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultSet {
    /// The run that gave it.
    pub run: RunId,
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
    /// The page that is awaited.
    pub page: Latest,
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
    pub fn new(run: RunId, mut result: QueryResult, sql: String, seconds: f64) -> Self {
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
            run,
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
            page: Latest::default(),
        }
    }

    /// Asks for the next page when the rows on the screen, `height` of them, come near the end of what is there.
    pub fn fetch_if_near(&mut self, height: usize) -> Vec<Effect> {
        let near = self.list.selected + 3 * height.max(10) >= self.rows.len();
        match (&self.next, near && !self.page.pending()) {
            (Some(token), true) => {
                let (run, result, token) = (self.run, Arc::clone(&self.meta), token.clone());
                vec![Effect::FetchPage { run, ticket: self.page.issue(), result, token }]
            }
            _ => Vec::new(),
        }
    }

    /// Takes a message.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let Msg::Page(ticket, answer) = msg;
        if self.page.settle(ticket) {
            match answer {
                Ok(page) => self.append(page),
                Err(error) => self.broken = Some(error),
            }
        }
        Vec::new()
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

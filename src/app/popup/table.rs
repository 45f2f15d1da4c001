//! The first rows of an object, as a table that can be scrolled.

use crossterm::event::{KeyCode, KeyEvent};

use super::Outcome;
use crate::app::latest::Ticket;
use crate::ops::OpError;
use crate::ops::pipeline::Peek;

/// Rows of an object on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct TableView {
    /// The address of the object.
    pub uri: String,
    /// Whose answer it waits for.
    pub ticket: Ticket,
    /// What was found; `None` while it is awaited.
    pub found: Option<Result<Peek, OpError>>,
    /// The first row on the screen.
    pub top: usize,
    /// The first column on the screen.
    pub left: usize,
}

impl TableView {
    /// Scrolls by rows.
    pub fn scroll(&mut self, delta: isize) {
        let len = self.found.as_ref().and_then(|found| found.as_ref().ok()).map_or(0, |peek| peek.rows.len());
        self.top = self.top.saturating_add_signed(delta).min(len.saturating_sub(1));
    }

    pub(super) fn key(&mut self, key: KeyEvent, page: usize) -> Outcome {
        let columns = self.found.as_ref().and_then(|found| found.as_ref().ok()).map_or(0, |peek| peek.columns.len());
        let page = isize::try_from(page.max(1)).unwrap_or(10);
        match key.code {
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll(page),
            KeyCode::PageUp => self.scroll(-page),
            KeyCode::Home | KeyCode::Char('g') => self.scroll(isize::MIN / 2),
            KeyCode::End | KeyCode::Char('G') => self.scroll(isize::MAX / 2),
            KeyCode::Right | KeyCode::Char('l') => self.left = (self.left + 1).min(columns.saturating_sub(1)),
            KeyCode::Left | KeyCode::Char('h') => self.left = self.left.saturating_sub(1),
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => return Outcome::Close(None),
            _ => return Outcome::Ignored,
        }
        Outcome::Consumed
    }
}

//! The SQL console: editor, engine, the statement that runs, and its result.

pub mod failure;
pub mod lexer;
pub mod result;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use crossterm::event::KeyEvent;
use ratatui_textarea::{CursorMove, TextArea};

pub use result::ResultSet;

use super::effect::Effect;
use super::latest::{Latest, Ticket};
use crate::ops::query::{Page, QueryEngine, QueryRequest, QueryResult, QueryState};
use crate::ops::{OpError, OpErrorKind};

/// Rows of a page.
pub const PAGE: usize = 1000;

/// Statements remembered.
const HISTORY: usize = 200;

/// Which half of the pane has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Half {
    /// The editor.
    #[default]
    Editor,
    /// The result.
    Results,
}

/// A statement of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryEntry {
    /// Number and title (`03 Target rate by month`).
    pub title: String,
    /// Who answers it.
    pub engine: QueryEngine,
    /// The text, names filled in.
    pub text: String,
}

/// A statement that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Where it is.
    pub state: QueryState,
    /// Who answers.
    pub engine: QueryEngine,
    /// The text.
    pub sql: String,
    /// Its first byte in the editor's text at that time.
    pub start: usize,
    /// Whether it is being cancelled.
    pub cancelling: bool,
}

/// Why a statement gave nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The error.
    pub error: OpError,
    /// Line and characters `from..to` in the editor, where the service points.
    pub place: Option<(usize, usize, usize)>,
    /// After how long.
    pub seconds: f64,
    /// Who answered.
    pub engine: QueryEngine,
}

/// A statement that ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// When.
    pub at: DateTime<Utc>,
    /// Who answered.
    pub engine: QueryEngine,
    /// The text.
    pub sql: String,
    /// Rows, or `None` after a failure.
    pub rows: Option<u64>,
}

/// The state of the pane.
#[derive(Debug, Clone)]
pub struct State {
    /// The text, its cursor and its history of changes. Drawn by the view, not by the widget.
    pub editor: TextArea<'static>,
    /// Which half has the focus.
    pub half: Half,
    /// Who answers the next statement.
    pub engine: QueryEngine,
    /// The statement that runs.
    pub running: Option<Running>,
    /// The newest result.
    pub result: Option<ResultSet>,
    /// Why the newest statement failed.
    pub failure: Option<Failure>,
    /// The statements of the demonstration.
    pub library: Vec<LibraryEntry>,
    /// Statements that ran, oldest first.
    pub history: Vec<Ran>,
    /// What is awaited.
    pub query: Latest,
    /// The page that is awaited.
    pub page: Latest,
}

/// What happens to the console.
#[derive(Debug, Clone)]
pub enum Msg {
    /// The statement has a new state on the service.
    Progress(Ticket, QueryState),
    /// The statement has ended.
    Finished(Ticket, Box<Result<QueryResult, OpError>>),
    /// A page has come.
    Page(Ticket, Result<Page, OpError>),
}

impl Default for State {
    fn default() -> Self {
        State {
            editor: TextArea::default(),
            half: Half::Editor,
            engine: QueryEngine::Redshift,
            running: None,
            result: None,
            failure: None,
            library: Vec::new(),
            history: Vec::new(),
            query: Latest::default(),
            page: Latest::default(),
        }
    }
}

impl State {
    /// The text of the editor.
    pub fn text(&self) -> String {
        self.editor.lines().join("\n")
    }

    /// The cursor: line and character.
    pub fn cursor(&self) -> (usize, usize) {
        let cursor = self.editor.cursor();
        (cursor.0, cursor.1)
    }

    /// A key that is not an action: it edits the text.
    pub fn key(&mut self, key: KeyEvent) {
        if self.editor.input(key) {
            self.failure = None;
        }
    }

    /// Puts text in at the cursor.
    pub fn paste(&mut self, text: &str) {
        self.half = Half::Editor;
        self.failure = None;
        self.editor.insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
    }

    /// Replaces the text; undo brings the old one back.
    pub fn replace(&mut self, text: &str) {
        self.editor.select_all();
        if !self.editor.insert_str(text.trim_end()) && !self.editor.is_empty() {
            self.editor.cut();
        }
        self.editor.move_cursor(CursorMove::Top);
        self.editor.move_cursor(CursorMove::Head);
        self.failure = None;
        self.half = Half::Editor;
    }

    /// Puts the cursor somewhere.
    pub fn place_cursor(&mut self, line: usize, character: usize) {
        self.half = Half::Editor;
        self.editor.cancel_selection();
        let clip = |value: usize| u16::try_from(value).unwrap_or(u16::MAX);
        self.editor.move_cursor(CursorMove::Jump(clip(line), clip(character)));
    }

    /// What would run now: its text and its first byte in the text of the editor.
    pub fn statement(&self) -> Option<(String, usize)> {
        let text = self.text();
        if let Some(((from_line, from), (to_line, to))) = self.editor.selection_range() {
            let (start, end) = (self.byte(from_line, from), self.byte(to_line, to));
            let selected = &text[start..end];
            let lead = selected.len() - selected.trim_start().len();
            let selected = selected.trim().trim_end_matches(';').trim_end();
            return (!selected.is_empty()).then(|| (selected.to_owned(), start + lead));
        }
        let (line, character) = self.cursor();
        lexer::statement_at(&text, self.byte(line, character)).map(|range| (text[range.start..range.end].to_owned(), range.start))
    }

    fn byte(&self, line: usize, character: usize) -> usize {
        let lines = self.editor.lines();
        let before: usize = lines.iter().take(line).map(|line| line.len() + 1).sum();
        before + lines.get(line).map_or(0, |line| line.char_indices().nth(character).map_or(line.len(), |(at, _)| at))
    }

    fn line_and_character(&self, byte: usize) -> Option<(usize, usize)> {
        let mut start = 0;
        for (index, line) in self.editor.lines().iter().enumerate() {
            if byte <= start + line.len() {
                return Some((index, line.get(..byte - start)?.chars().count()));
            }
            start += line.len() + 1;
        }
        None
    }

    /// Runs the statement under the cursor.
    pub fn run(&mut self, now: DateTime<Utc>) -> Vec<Effect> {
        if self.running.is_some() {
            return Vec::new();
        }
        let Some((sql, start)) = self.statement() else { return Vec::new() };
        self.failure = None;
        self.page.abandon();
        self.running =
            Some(Running { since: now, state: QueryState::Submitted, engine: self.engine, sql: sql.clone(), start, cancelling: false });
        let request = QueryRequest { engine: self.engine, sql, parameters: Vec::new(), page_size: PAGE };
        vec![Effect::Query { ticket: self.query.issue(), request }]
    }

    /// Cancels the statement that runs.
    pub fn cancel(&mut self) -> Vec<Effect> {
        match &mut self.running {
            Some(running) if !running.cancelling => {
                running.cancelling = true;
                vec![Effect::CancelQuery]
            }
            _ => Vec::new(),
        }
    }

    /// Asks for the next page when the rows on the screen come near the end of what is there.
    pub fn fetch_if_near(&mut self, height: usize) -> Vec<Effect> {
        let Some(result) = &mut self.result else { return Vec::new() };
        let near = result.list.selected + 3 * height.max(10) >= result.rows.len();
        match (&result.next, near && !self.page.pending()) {
            (Some(token), true) => {
                vec![Effect::FetchPage { ticket: self.page.issue(), result: Arc::clone(&result.meta), token: token.clone() }]
            }
            _ => Vec::new(),
        }
    }

    /// Takes a message.
    pub fn update(&mut self, msg: Msg, now: DateTime<Utc>) -> Vec<Effect> {
        match msg {
            Msg::Progress(ticket, state) => {
                if self.query.is_current(ticket)
                    && let Some(running) = &mut self.running
                {
                    running.state = state;
                }
            }
            Msg::Finished(ticket, answer) => {
                if self.query.settle(ticket)
                    && let Some(running) = self.running.take()
                {
                    self.finished(running, *answer, now);
                }
            }
            Msg::Page(ticket, answer) => {
                if self.page.settle(ticket)
                    && let Some(result) = &mut self.result
                {
                    match answer {
                        Ok(page) => result.append(page),
                        Err(error) => result.broken = Some(error),
                    }
                }
            }
        }
        Vec::new()
    }

    fn finished(&mut self, running: Running, answer: Result<QueryResult, OpError>, now: DateTime<Utc>) {
        let seconds = (now - running.since).num_milliseconds().max(0) as f64 / 1000.0;
        let rows = answer.as_ref().ok().map(|result| result.total_rows.unwrap_or(result.page.rows.len() as u64));
        if self.history.last().is_none_or(|last| last.sql != running.sql || last.engine != running.engine) {
            if self.history.len() == HISTORY {
                self.history.remove(0);
            }
            self.history.push(Ran { at: now, engine: running.engine, sql: running.sql.clone(), rows });
        }
        match answer {
            Ok(result) => {
                self.failure = None;
                self.result = Some(ResultSet::new(result, running.sql, seconds));
            }
            Err(error) => {
                let place = if error.kind == OpErrorKind::Cancelled { None } else { self.place(&error, &running) };
                self.failure = Some(Failure { error, place, seconds, engine: running.engine });
            }
        }
    }

    /// Where the service points, if the statement is still there in the editor.
    fn place(&self, error: &OpError, running: &Running) -> Option<(usize, usize, usize)> {
        let text = self.text();
        if text.get(running.start..running.start + running.sql.len()) != Some(running.sql.as_str()) {
            return None;
        }
        let at = failure::position(&error.why, &running.sql)?;
        // Underline the token that begins there, or the last one of the statement when the error is at its end.
        let tokens = lexer::tokens(&running.sql);
        let token = tokens
            .iter()
            .find(|token| token.start <= at && at < token.end && token.kind != lexer::TokenKind::Space)
            .or_else(|| tokens.iter().rev().find(|token| token.end <= at && token.kind != lexer::TokenKind::Space))?;
        let (line, from) = self.line_and_character(running.start + token.start)?;
        let length = running.sql[token.start..token.end].lines().next().unwrap_or_default().chars().count();
        Some((line, from, from + length.max(1)))
    }
}

#[cfg(test)]
mod tests;

//! A tab of the console: a text, the engine that answers it, what it runs, and what came back.

use crossterm::event::KeyEvent;
use ratatui_textarea::{CursorMove, TextArea};

use super::result::Results;
use super::run::{Piece, Run, RunId};
use super::session::Session;
use super::{Failure, Half, ResultSet, failure, lexer};
use crate::demo::sql_script;
use crate::ops::OpError;
use crate::ops::console::saved::SavedQuery;
use crate::ops::console::workspace::Left;
use crate::ops::query::QueryEngine;

/// Rows of a page.
pub const PAGE: usize = 1000;

/// Seconds that a session is kept when nothing else is said.
const SESSION_SECONDS: i32 = 3600;

/// A tab. The id is its own for as long as the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TabId(pub u64);

/// A tab.
#[derive(Debug, Clone)]
pub struct Tab {
    /// Which one.
    pub id: TabId,
    /// The name that its owner gave it; empty when it has none.
    pub name: String,
    /// Who answers the next statement.
    pub engine: QueryEngine,
    /// The text, its cursor and its history of changes. Drawn by the view, not by the widget.
    pub editor: TextArea<'static>,
    /// Which half has the focus.
    pub half: Half,
    /// The statements of the last thing that was started here.
    pub runs: Vec<Run>,
    /// The results that are open.
    pub results: Results,
    /// Why the newest statement failed.
    pub failure: Option<Failure>,
    /// What lives in the warehouse between its statements.
    pub session: Session,
    /// Whether a script goes on after an error.
    pub goes_on: bool,
    /// The saved query that the text belongs to.
    pub saved: Option<SavedQuery>,
    /// Statements that an earlier process left running, on accounts that are not open.
    pub left: Vec<Left>,
}

impl Tab {
    /// An empty tab.
    pub fn new(id: TabId, engine: QueryEngine) -> Tab {
        Tab {
            id,
            name: String::new(),
            engine,
            editor: TextArea::default(),
            half: Half::Editor,
            runs: Vec::new(),
            results: Results::default(),
            failure: None,
            session: Session::new(SESSION_SECONDS),
            goes_on: false,
            saved: None,
            left: Vec::new(),
        }
    }

    /// The result on the screen.
    pub fn result(&self) -> Option<&ResultSet> {
        self.results.current()
    }

    /// The result on the screen.
    pub fn result_mut(&mut self) -> Option<&mut ResultSet> {
        self.results.current_mut()
    }

    /// Whether a run was started here, or its result is open here.
    pub fn has_run(&self, id: RunId) -> bool {
        self.runs.iter().any(|run| run.id == id)
    }

    /// The statements that are on a service.
    pub fn active(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.active())
    }

    /// Whether something runs here.
    pub fn busy(&self) -> bool {
        self.active().next().is_some()
    }

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

    /// What a command would run: the statement under the cursor or the selection, or every statement of the text.
    pub fn pieces(&self, whole: bool) -> Vec<Piece> {
        let piece = |sql: String, start: usize| Piece { sql, start: Some(start), parameters: Vec::new() };
        if whole {
            let text = self.text();
            return sql_script::statements(&text).into_iter().map(|it| piece(it.text.to_owned(), it.range.start)).collect();
        }
        let Some((sql, start)) = self.statement() else { return Vec::new() };
        // A selection may hold several statements.
        let parts = sql_script::statements(&sql);
        match parts.len() {
            0 | 1 => vec![piece(sql, start)],
            _ => parts.iter().map(|it| piece(it.text.to_owned(), start + it.range.start)).collect(),
        }
    }

    /// The name on the tab.
    pub fn title(&self, index: usize) -> String {
        if self.name.is_empty() { format!("Query {}", index + 1) } else { self.name.clone() }
    }

    /// Whether the text is nowhere else: not empty, and not what its saved query says.
    pub fn unsaved(&self) -> bool {
        let text = self.text();
        let text = text.trim();
        !text.is_empty() && self.saved.as_ref().is_none_or(|saved| saved.text.trim() != text)
    }

    /// Where the service points, if the statement is still there in the editor.
    pub(super) fn place(&self, error: &OpError, run: &Run) -> Option<(usize, usize, usize)> {
        let text = self.text();
        let start = run.start?;
        if text.get(start..start + run.sql.len()) != Some(run.sql.as_str()) {
            return None;
        }
        let at = failure::position(&error.why, &run.sql)?;
        // Underline the token that begins there, or the last one of the statement when the error is at its end.
        let tokens = lexer::tokens(&run.sql);
        let token = tokens
            .iter()
            .find(|token| token.start <= at && at < token.end && token.kind != lexer::TokenKind::Space)
            .or_else(|| tokens.iter().rev().find(|token| token.end <= at && token.kind != lexer::TokenKind::Space))?;
        let (line, from) = self.line_and_character(start + token.start)?;
        let length = run.sql[token.start..token.end].lines().next().unwrap_or_default().chars().count();
        Some((line, from, from + length.max(1)))
    }
}

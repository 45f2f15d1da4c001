//! A tab of the console: a text, the engine that answers it, what it runs, and what came back.

use chrono::{DateTime, Utc};
use crossterm::event::KeyEvent;
use ratatui_textarea::{CursorMove, TextArea};

use super::history::Ran;
use super::result::Results;
use super::run::{self, Run, RunId, RunState};
use super::{Failure, Half, ResultSet, failure, lexer};
use crate::app::effect::Effect;
use crate::ops::query::{QueryEngine, QueryRequest, QueryResult, QueryState};
use crate::ops::{OpError, OpErrorKind};

/// Rows of a page.
pub const PAGE: usize = 1000;

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

    /// Runs the statement under the cursor, or the selection.
    pub(super) fn run(&mut self, id: RunId, now: DateTime<Utc>) -> Vec<Effect> {
        let Some((sql, start)) = self.statement() else { return Vec::new() };
        self.failure = None;
        let state = RunState::Active { since: now, state: QueryState::Submitted, cancelling: false };
        self.runs = vec![Run { id, engine: self.engine, sql: sql.clone(), start, state }];
        let request = QueryRequest { engine: self.engine, sql, parameters: Vec::new(), page_size: PAGE };
        vec![Effect::Query { run: id, request }]
    }

    /// Cancels what runs here.
    pub fn cancel(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for run in &mut self.runs {
            if let RunState::Active { cancelling: cancelling @ false, .. } = &mut run.state {
                *cancelling = true;
                effects.push(Effect::CancelQuery(run.id));
            }
        }
        effects
    }

    /// Takes a message of a run; gives what the history has to remember.
    pub(super) fn on_run(&mut self, id: RunId, msg: run::Msg, now: DateTime<Utc>) -> (Option<Ran>, Vec<Effect>) {
        let Some(run) = self.runs.iter_mut().find(|run| run.id == id) else { return (None, Vec::new()) };
        let RunState::Active { since, state, .. } = &mut run.state else { return (None, Vec::new()) };
        match msg {
            run::Msg::Progress(now) => {
                *state = now;
                (None, Vec::new())
            }
            run::Msg::Finished(answer) => {
                let seconds = (now - *since).num_milliseconds().max(0) as f64 / 1000.0;
                (Some(self.finished(id, *answer, seconds, now)), Vec::new())
            }
        }
    }

    fn finished(&mut self, id: RunId, answer: Result<QueryResult, OpError>, seconds: f64, now: DateTime<Utc>) -> Ran {
        let rows = answer.as_ref().ok().map(|result| result.total_rows.unwrap_or(result.page.rows.len() as u64));
        let mut ran = Ran { at: now, engine: self.engine, sql: String::new(), rows };
        let Some(at) = self.runs.iter().position(|run| run.id == id) else { return ran };
        let run = &mut self.runs[at];
        ran.engine = run.engine;
        ran.sql.clone_from(&run.sql);
        match answer {
            Ok(result) => {
                run.state = RunState::Done { seconds, rows };
                let sql = run.sql.clone();
                self.failure = None;
                self.results.show(ResultSet::new(id, result, sql, seconds));
            }
            Err(error) => {
                run.state = RunState::Failed { error: error.clone(), seconds };
                let run = self.runs[at].clone();
                let place = if error.kind == OpErrorKind::Cancelled { None } else { self.place(&error, &run) };
                self.failure = Some(Failure { error, place, seconds, engine: run.engine });
            }
        }
        ran
    }

    /// Where the service points, if the statement is still there in the editor.
    fn place(&self, error: &OpError, run: &Run) -> Option<(usize, usize, usize)> {
        let text = self.text();
        if text.get(run.start..run.start + run.sql.len()) != Some(run.sql.as_str()) {
            return None;
        }
        let at = failure::position(&error.why, &run.sql)?;
        // Underline the token that begins there, or the last one of the statement when the error is at its end.
        let tokens = lexer::tokens(&run.sql);
        let token = tokens
            .iter()
            .find(|token| token.start <= at && at < token.end && token.kind != lexer::TokenKind::Space)
            .or_else(|| tokens.iter().rev().find(|token| token.end <= at && token.kind != lexer::TokenKind::Space))?;
        let (line, from) = self.line_and_character(run.start + token.start)?;
        let length = run.sql[token.start..token.end].lines().next().unwrap_or_default().chars().count();
        Some((line, from, from + length.max(1)))
    }
}

//! A tab of the console: a text, the engine that answers it, what it runs, and what came back.

use crossterm::event::KeyEvent;

use super::check::Problem;
use super::editor::text::Place;
use super::editor::{Editor, Reply};
use super::result::Results;
use super::run::{Piece, Run, RunId};
use super::session::Session;
use super::{Failure, Half, ResultSet, completion, dialect, failure, lexer};
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
    /// The text, its cursor and its history of changes.
    pub editor: Editor,
    /// What the parser finds wrong with the text.
    pub problems: Vec<Problem>,
    /// The revision of the text that was last given to the parser.
    pub checked: Option<u64>,
    /// The suggestions under the cursor.
    pub completion: Option<completion::List>,
    /// The call that is being typed, and where its name begins.
    pub call: Option<(Place, completion::Signature)>,
    /// Where the wheel has left the text, until the cursor moves: revision of the text, cursor, first line on the screen.
    pub scrolled: Option<(u64, Place, usize)>,
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
            editor: Editor::new(dialect(engine)),
            problems: Vec::new(),
            checked: None,
            completion: None,
            call: None,
            scrolled: None,
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

    /// With the way of typing of another tab, and what was copied there.
    pub fn like(mut self, other: &Tab) -> Tab {
        self.editor.set_vim(other.editor.vim().is_some());
        self.editor.set_register(other.editor.register().clone());
        self
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
        self.editor.text().whole()
    }

    /// The cursor: line, and byte in it.
    pub fn cursor(&self) -> (usize, usize) {
        let place = self.editor.cursor();
        (place.line, place.byte)
    }

    /// A key that is not an action: it edits the text.
    pub fn key(&mut self, key: KeyEvent) -> Reply {
        let before = self.editor.revision();
        let reply = self.editor.key(key);
        self.edited(before);
        reply
    }

    /// What an older text was told is forgotten when the text has changed.
    pub fn edited(&mut self, before: u64) {
        if self.editor.revision() != before {
            self.failure = None;
        }
    }

    /// Puts text in at the cursor.
    pub fn paste(&mut self, text: &str) {
        self.half = Half::Editor;
        self.failure = None;
        self.editor.paste(text);
    }

    /// Replaces the text; undo brings the old one back.
    pub fn replace(&mut self, text: &str) {
        self.editor.replace_all(text.trim_end());
        self.failure = None;
        self.half = Half::Editor;
    }

    /// Puts the cursor somewhere.
    pub fn place_cursor(&mut self, place: Place) {
        self.half = Half::Editor;
        self.editor.deselect();
        self.editor.go_to(place, false);
    }

    /// What would run now: its text and its first byte in the text of the editor.
    pub fn statement(&self) -> Option<(String, usize)> {
        let text = self.editor.text();
        if let Some((from, to)) = self.editor.selection() {
            let selected = text.slice(from, to);
            let lead = selected.len() - selected.trim_start().len();
            let selected = selected.trim().trim_end_matches(';').trim_end();
            return (!selected.is_empty()).then(|| (selected.to_owned(), text.offset(from) + lead));
        }
        let extent = self.editor.statement()?;
        Some((text.slice(extent.start, extent.end), text.offset(extent.start)))
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
    pub(super) fn place(&self, error: &OpError, run: &Run) -> Option<(Place, Place)> {
        let text = self.editor.text();
        let start = run.start?;
        let (from, to) = (text.place(start), text.place(start + run.sql.len()));
        if text.slice(from, to) != run.sql {
            return None;
        }
        let at = failure::position(&error.why, &run.sql)?;
        let (first, last) = lexer::token_at(dialect(run.engine), &run.sql, at)?;
        Some((text.place(start + first), text.place(start + last)))
    }
}

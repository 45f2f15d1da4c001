//! The text component of the console: text with cursor and selection, undo, search, line commands, and two ways of typing.
//!
//! Pure: a key or a [`Command`] goes in, a [`Reply`] comes out. [`text`] holds the lines and knows what a character is, [`history`] what
//! can be taken back, [`lexed`] what each line begins in and where statements end. `keys` is the way of typing that people know from
//! everywhere, [`vim`] the other one; both are made of the same moves (`movement`) and changes (`line_edits`, `rewrite`).
//! What the component does not know: catalogs, services, the screen.

pub mod bar;
mod brackets;
mod command;
pub mod history;
mod keys;
pub mod lexed;
mod line_edits;
mod movement;
mod rewrite;
pub mod search;
pub mod text;
pub mod vim;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use command::Command;

use std::ops::Range;

use self::bar::Bar;
use self::history::{Caret, Change, History, Kind};
use self::lexed::{Extent, Lexed};
use self::search::Found;
use self::text::{Place, Text, unified};
use self::vim::Vim;
use super::lexer::Token;
use crate::syntax::Dialect;

/// What was cut or copied last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    /// The text.
    pub text: String,
    /// Whether it is whole lines.
    pub lines: bool,
}

/// What a key or a command came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It means nothing here; others may have it.
    Ignored,
    /// Done.
    Done,
    /// Done, and this text is for the clipboard of the terminal.
    Copied(String),
    /// Done, or not: a sentence for the reader, and whether it is bad news.
    Say(String, bool),
    /// The tab is to be closed.
    Close,
}

/// The text being edited.
#[derive(Debug, Clone)]
pub struct Editor {
    text: Text,
    cursor: Place,
    anchor: Option<Place>,
    /// The column that the cursor strives for when it goes up and down.
    goal: Option<usize>,
    history: History,
    lexed: Lexed,
    register: Register,
    /// Grows with every change.
    revision: u64,
    found: Found,
    bar: Option<Bar>,
    vim: Option<Vim>,
    /// Lines that a page has.
    page: usize,
    /// While a change of several parts is being made: the parts so far and the caret before.
    pending: Option<(Vec<Change>, Caret)>,
}

impl Default for Editor {
    fn default() -> Self {
        Editor::new(Dialect::Redshift)
    }
}

impl Editor {
    /// An empty text in a dialect.
    pub fn new(dialect: Dialect) -> Editor {
        let text = Text::default();
        Editor {
            lexed: Lexed::new(dialect, &text),
            text,
            cursor: Place::default(),
            anchor: None,
            goal: None,
            history: History::default(),
            register: Register::default(),
            revision: 0,
            found: Found::default(),
            bar: None,
            vim: None,
            page: 20,
            pending: None,
        }
    }

    /// A text in a dialect, with nothing to undo.
    pub fn with_text(dialect: Dialect, text: &str) -> Editor {
        let mut editor = Editor::new(dialect);
        editor.text.splice(Place::default(), Place::default(), &unified(text));
        editor.lexed = Lexed::new(dialect, &editor.text);
        editor
    }

    /// The lines and what is known of places in them.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// The lines.
    pub fn lines(&self) -> &[String] {
        self.text.lines()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// A number that grows with every change of the text.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The cursor.
    pub fn cursor(&self) -> Place {
        self.cursor
    }

    /// What is selected, as the places before and behind it.
    pub fn selection(&self) -> Option<(Place, Place)> {
        let anchor = self.anchor?;
        let (from, to) = (anchor.min(self.cursor), anchor.max(self.cursor));
        match self.vim.as_ref().map(|vim| vim.mode) {
            Some(vim::Mode::Visual) => Some((from, self.text.after(to))),
            Some(vim::Mode::VisualLine) => Some((Place::new(from.line, 0), self.text.line_end(to.line))),
            _ => (from < to).then_some((from, to)),
        }
    }

    /// The selected text.
    pub fn selected(&self) -> Option<String> {
        self.selection().map(|(from, to)| self.text.slice(from, to))
    }

    /// Selects nothing.
    pub fn deselect(&mut self) {
        self.anchor = None;
        if let Some(vim) = &mut self.vim {
            vim.leave_visual();
        }
    }

    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        self.lexed.dialect()
    }

    /// Reads the text in another dialect from now on.
    pub fn set_dialect(&mut self, dialect: Dialect) {
        if dialect != self.lexed.dialect() {
            self.lexed = Lexed::new(dialect, &self.text);
        }
    }

    /// How many lines a page has.
    pub fn set_page(&mut self, lines: usize) {
        self.page = lines.max(2);
    }

    /// The line of input under the text, if one is open.
    pub fn bar(&self) -> Option<&Bar> {
        self.bar.as_ref()
    }

    /// What was cut or copied last.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// What was cut or copied elsewhere.
    pub fn set_register(&mut self, register: Register) {
        self.register = register;
    }

    /// What is searched for.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// The way of typing of vim, if it is on.
    pub fn vim(&self) -> Option<&Vim> {
        self.vim.as_ref()
    }

    /// Turns vim's way of typing on or off.
    pub fn set_vim(&mut self, on: bool) {
        if on != self.vim.is_some() {
            self.history.close();
            self.anchor = None;
            self.vim = on.then(Vim::default);
            self.settle();
        }
    }

    /// The tokens of a line.
    pub fn tokens(&self, line: usize) -> &[Token] {
        self.lexed.tokens(line)
    }

    /// Whether a place is in a comment or a text literal.
    pub fn in_text(&self, place: Place) -> bool {
        self.lexed.in_text(&self.text, place)
    }

    /// Every statement.
    pub fn statements(&self) -> Vec<Extent> {
        self.lexed.statements(&self.text)
    }

    /// The statement under the cursor.
    pub fn statement(&self) -> Option<Extent> {
        self.lexed.statement_at(&self.text, self.cursor)
    }

    /// What is between the semicolons around the cursor.
    pub fn piece(&self) -> (Place, Place) {
        self.lexed.piece(&self.text, self.cursor)
    }

    /// Moves the cursor; `select` draws the selection along.
    pub fn go_to(&mut self, place: Place, select: bool) {
        if select {
            self.anchor.get_or_insert(self.cursor);
        } else if !self.vim.as_ref().is_some_and(Vim::visual) {
            self.anchor = None;
        }
        self.cursor = self.text.floor(place);
        self.goal = None;
        self.history.seal();
        self.settle();
    }

    /// Selects what is between two places, the cursor behind it.
    pub fn select(&mut self, from: Place, to: Place) {
        self.anchor = Some(self.text.floor(from));
        self.cursor = self.text.floor(to);
        self.goal = None;
        self.history.seal();
    }

    /// Puts text in at the cursor, in the place of what is selected: pasted or typed elsewhere.
    pub fn paste(&mut self, text: &str) {
        let text = unified(text);
        if let Some(bar) = &mut self.bar {
            bar.paste(&text);
            self.bar_changed();
            return;
        }
        if let Some(vim) = &mut self.vim {
            vim.typed(&text);
        }
        self.edit(Kind::Whole, |editor| editor.put(&text));
    }

    /// Another text in the place of this one; undo brings it back.
    pub fn replace_all(&mut self, text: &str) {
        let text = unified(text);
        self.edit(Kind::Whole, |editor| {
            editor.change(Place::default(), editor.text.end(), &text);
            editor.cursor = Place::default();
        });
    }

    /// Another text in a part of this one, the cursor behind it.
    pub fn replace_range(&mut self, from: Place, to: Place, text: &str) {
        let text = unified(text);
        if let Some(vim) = &mut self.vim {
            vim.completed(&self.text.slice(from, to), &text);
        }
        self.edit(Kind::Whole, |editor| editor.cursor = editor.change(editor.text.floor(from), editor.text.floor(to), &text));
    }

    /// Moves the cursor back by characters, inside of what was just put in.
    pub fn step_back(&mut self, characters: usize) {
        self.cursor = (0..characters).fold(self.cursor, |at, _| self.text.before(at));
    }

    /// Takes back the newest group of changes.
    pub fn undo(&mut self) -> bool {
        self.history.close();
        let Some(group) = self.history.undo() else { return false };
        for change in group.changes.iter().rev() {
            let end = end_of(change.at, &change.inserted);
            self.splice(change.at, end, &change.removed);
        }
        self.restore(group.before);
        true
    }

    /// Does again what was taken back.
    pub fn redo(&mut self) -> bool {
        let Some(group) = self.history.redo() else { return false };
        for change in &group.changes {
            let end = end_of(change.at, &change.removed);
            self.splice(change.at, end, &change.inserted);
        }
        self.restore(group.after);
        true
    }

    fn restore(&mut self, caret: Caret) {
        self.cursor = self.text.floor(caret.cursor);
        self.anchor = caret.anchor.map(|anchor| self.text.floor(anchor));
        if let Some(vim) = &mut self.vim {
            vim.leave_visual();
            self.anchor = None;
        }
        self.goal = None;
        self.settle();
    }

    fn caret(&self) -> Caret {
        Caret { cursor: self.cursor, anchor: self.anchor }
    }

    /// Makes changes that are taken back together. Nothing stays selected unless `make` selects it.
    fn edit(&mut self, kind: Kind, make: impl FnOnce(&mut Editor)) {
        if self.pending.is_some() {
            // Part of a larger change.
            return make(self);
        }
        let before = self.caret();
        let revision = self.revision;
        self.pending = Some((Vec::new(), before));
        make(self);
        let changes = self.pending.take().map(|(changes, _)| changes).unwrap_or_default();
        if self.revision != revision {
            self.goal = None;
        }
        self.settle();
        let after = self.caret();
        self.history.push(changes, kind, before, after);
    }

    /// The one way in which the text changes. Gives the place behind what was put in.
    fn change(&mut self, from: Place, to: Place, text: &str) -> Place {
        let removed = self.text.slice(from, to);
        if removed == text {
            self.anchor = None;
            return to;
        }
        let end = self.splice(from, to, text);
        if let Some((changes, _)) = &mut self.pending {
            changes.push(Change { at: from, removed, inserted: text.to_owned() });
        }
        self.anchor = None;
        self.text.ceil(end)
    }

    fn splice(&mut self, from: Place, to: Place, text: &str) -> Place {
        let end = self.text.splice(from, to, text);
        self.lexed.changed(&self.text, from.line, to.line - from.line, end.line - from.line);
        self.revision += 1;
        end
    }

    /// Puts text in the place of the selection, the cursor behind it.
    fn put(&mut self, text: &str) {
        let (from, to) = self.selection().unwrap_or((self.cursor, self.cursor));
        if let Some(vim) = &mut self.vim {
            vim.leave_visual();
        }
        self.cursor = self.change(from, to, text);
    }

    /// Removes what is between two places; gives what it was.
    fn remove(&mut self, from: Place, to: Place) -> String {
        let removed = self.text.slice(from, to);
        self.change(from, to, "");
        self.cursor = self.text.floor(from);
        removed
    }

    /// What is true after everything: cursor and anchor are in the text, and in vim's normal mode the cursor is on a character.
    fn settle(&mut self) {
        self.cursor = self.text.floor(self.cursor);
        self.anchor = self.anchor.map(|anchor| self.text.floor(anchor));
        if let Some(vim) = &mut self.vim
            && vim.visual()
            && self.anchor.is_none()
        {
            vim.leave_visual();
        }
        if let Some(vim) = &self.vim
            && vim.mode == vim::Mode::Normal
            && self.anchor.is_none()
            && self.cursor.byte > 0
            && self.cursor.byte >= self.text.line(self.cursor.line).len()
        {
            self.cursor = self.text.before(self.text.line_end(self.cursor.line));
        }
        self.refresh_found();
    }

    /// The lines that the selection touches, or the line of the cursor. A line of which nothing but its start is selected is not touched.
    fn touched(&self) -> Range<usize> {
        match self.selection() {
            Some((from, to)) if to.byte == 0 && to.line > from.line => from.line..to.line,
            Some((from, to)) => from.line..to.line + 1,
            None => self.cursor.line..self.cursor.line + 1,
        }
    }
}

/// The place behind a text that begins at a place.
fn end_of(at: Place, text: &str) -> Place {
    match text.rfind('\n') {
        Some(last) => Place::new(at.line + text.matches('\n').count(), text.len() - last - 1),
        None => Place::new(at.line, at.byte + text.len()),
    }
}

//! The line of input under the text: search and replace, a line number, a command of vim.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::text::{floor, next, previous};

/// One line of text being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// The text.
    pub text: String,
    /// The cursor, in bytes.
    pub cursor: usize,
}

impl Field {
    /// A field with a text, the cursor behind it.
    pub fn new(text: &str) -> Field {
        Field { text: text.to_owned(), cursor: text.len() }
    }

    /// Puts text in.
    pub fn insert(&mut self, text: &str) {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        self.text.insert_str(self.cursor, &text);
        self.cursor += text.len();
        if self.cursor < self.text.len() && floor(&self.text, self.cursor) != self.cursor {
            self.cursor = next(&self.text, floor(&self.text, self.cursor));
        }
    }

    /// Takes a key; whether it was for the field.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.modifiers.contains(KeyModifiers::ALT) {
            return false;
        }
        match key.code {
            KeyCode::Char('u') if control => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char('w') if control => {
                let head = self.text[..self.cursor].trim_end();
                let from = head.rfind(char::is_whitespace).map_or(0, |at| at + 1);
                let from = floor(&self.text, from);
                self.text.drain(from..self.cursor);
                self.cursor = from;
            }
            KeyCode::Char(c) if !control => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace | KeyCode::Char('h') if self.cursor > 0 => {
                let from = previous(&self.text, self.cursor);
                self.text.drain(from..self.cursor);
                self.cursor = from;
            }
            KeyCode::Delete if self.cursor < self.text.len() => {
                let to = next(&self.text, self.cursor);
                self.text.drain(self.cursor..to);
            }
            KeyCode::Left => self.cursor = if self.cursor > 0 { previous(&self.text, self.cursor) } else { 0 },
            KeyCode::Right if self.cursor < self.text.len() => self.cursor = next(&self.text, self.cursor),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Backspace | KeyCode::Delete | KeyCode::Right => {}
            _ => return false,
        }
        self.cursor = floor(&self.text, self.cursor);
        true
    }
}

/// What is being typed under the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bar {
    /// A search, with or without a replacement.
    Search {
        /// What is searched.
        find: Field,
        /// What it is replaced with.
        replace: Option<Field>,
        /// Whether the replacement is being typed.
        in_replace: bool,
    },
    /// A line to go to.
    Line(Field),
    /// A command of vim, behind its `:`.
    Ex(Field),
    /// A search of vim, behind its `/` or `?`.
    VimSearch {
        /// The pattern.
        field: Field,
        /// Down the text.
        forward: bool,
    },
}

impl Bar {
    /// The field being typed into.
    pub fn field(&mut self) -> &mut Field {
        match self {
            Bar::Search { replace: Some(replace), in_replace: true, .. } => replace,
            Bar::Search { find: field, .. } | Bar::Line(field) | Bar::Ex(field) | Bar::VimSearch { field, .. } => field,
        }
    }

    /// Puts text in: its first line.
    pub fn paste(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default().to_owned();
        self.field().insert(&line);
    }
}

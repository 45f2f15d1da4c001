//! A line that is typed below the grid: a filter, a search, a row number, a path.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::ops::results::Export;

/// What is typed.
#[derive(Debug, Clone)]
pub enum PromptKind {
    /// A condition on a column.
    Filter(usize),
    /// A text that any cell has.
    Anywhere,
    /// A text to look for.
    Search,
    /// The number of a row.
    GoTo,
    /// The path of a file.
    Export,
    /// Yes or no to replacing a file.
    Replace(Box<Export>),
}

/// A line being typed.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What for.
    pub kind: PromptKind,
    /// The text.
    pub text: String,
    /// The cursor, in bytes.
    pub cursor: usize,
    /// A word about it: what can be typed, or what is wrong.
    pub hint: String,
}

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// It was taken.
    Taken,
    /// The line is done.
    Done,
    /// The line is dropped.
    Dropped,
    /// The rest of the path is wanted.
    Complete,
}

impl Prompt {
    /// A line to type, with some text already.
    pub fn new(kind: PromptKind, text: String, hint: &str) -> Prompt {
        Prompt { kind, cursor: text.len(), text, hint: hint.to_owned() }
    }

    /// What stands before the line.
    pub fn label(&self, column: Option<&str>) -> String {
        match &self.kind {
            PromptKind::Filter(_) => format!("Filter {}", column.unwrap_or_default()),
            PromptKind::Anywhere => "Filter all columns".to_owned(),
            PromptKind::Search => "Search".to_owned(),
            PromptKind::GoTo => "Go to row".to_owned(),
            PromptKind::Export => "Export".to_owned(),
            PromptKind::Replace(export) => format!("{} is there already. Replace it? (y/n)", export.path.display()),
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Typed {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if let PromptKind::Replace(_) = self.kind {
            return match key.code {
                KeyCode::Char('y' | 'Y') | KeyCode::Enter if !control => Typed::Done,
                _ => Typed::Dropped,
            };
        }
        match key.code {
            KeyCode::Enter => return Typed::Done,
            KeyCode::Esc => return Typed::Dropped,
            KeyCode::Char('c') if control => return Typed::Dropped,
            KeyCode::Tab if matches!(self.kind, PromptKind::Export) => return Typed::Complete,
            KeyCode::Char('u') if control => {
                self.text.clear();
                self.cursor = 0;
            }
            KeyCode::Left => self.cursor = self.before(),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Backspace => {
                let from = self.before();
                self.text.replace_range(from..self.cursor, "");
                self.cursor = from;
            }
            KeyCode::Delete => {
                let to = self.after();
                self.text.replace_range(self.cursor..to, "");
            }
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => self.insert(&c.to_string()),
            _ => {}
        }
        Typed::Taken
    }

    /// Puts text in at the cursor; only its first line.
    pub fn insert(&mut self, text: &str) {
        let line: String = text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
        self.text.insert_str(self.cursor, &line);
        self.cursor += line.len();
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..].chars().next().map_or(self.cursor, |c| self.cursor + c.len_utf8())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_line_is_edited_in_the_middle() {
        let mut prompt = Prompt::new(PromptKind::Search, "aé".into(), "");
        let mut press = |code| prompt.key(KeyEvent::new(code, KeyModifiers::NONE));
        press(KeyCode::Left);
        press(KeyCode::Char('日'));
        press(KeyCode::Delete);
        press(KeyCode::Delete);
        press(KeyCode::Home);
        press(KeyCode::Backspace);
        press(KeyCode::Char('x'));
        assert_eq!(press(KeyCode::Tab), Typed::Taken);
        assert_eq!(press(KeyCode::Enter), Typed::Done);
        assert_eq!(prompt.text, "xa日");
    }
}

//! The list of suggestions under the cursor: when it opens and closes, what is selected in it, and which keys it takes.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::suggest::{Suggestion, Suggestions};
use crate::app::sql::editor::text::Place;

/// A list that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Where the word begins that a suggestion takes the place of.
    pub start: Place,
    /// Best first; never empty.
    pub items: Vec<Suggestion>,
    /// The one that is selected.
    pub selected: usize,
    /// Whether the reader has asked for the list, or moved in it: then Enter takes what is selected.
    pub deliberate: bool,
}

/// What a list makes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing; the key is for the text.
    Ignored,
    /// Nothing, and the list is of no use behind this key.
    Close,
    /// The list has taken it.
    Taken,
    /// The list is put away.
    Dismissed,
    /// The selected suggestion goes into the text.
    Accept(Suggestion),
}

/// Rows that the list shows at most.
pub const ROWS: usize = 10;

impl List {
    /// The list for what could be typed, or none when it would say nothing new. `asked` says that the reader wants it.
    pub fn open(suggestions: Suggestions, start: Place, asked: bool) -> Option<List> {
        let Suggestions { typed, qualified, items, .. } = suggestions;
        if items.is_empty() || (!asked && typed.is_empty() && !qualified) {
            return None;
        }
        // What stands there already needs no list.
        if !asked
            && items.first().is_some_and(|first| first.label.eq_ignore_ascii_case(&typed))
            && (items.len() == 1 || typed.len() > 1 && keyword(&items))
        {
            return None;
        }
        Some(List { start, items, selected: 0, deliberate: asked })
    }

    /// Moves the selection.
    pub fn step(&mut self, delta: isize) {
        let last = self.items.len() - 1;
        self.selected = match (delta, self.selected) {
            (1, at) if at == last => 0,
            (-1, 0) => last,
            (delta, at) => at.saturating_add_signed(delta).min(last),
        };
        self.deliberate = true;
    }

    /// Offers a key.
    pub fn key(&mut self, key: KeyEvent) -> Answer {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SHIFT) && !matches!(key.code, KeyCode::Char(_)) {
            return Answer::Close;
        }
        let page = isize::try_from(ROWS).unwrap_or(1);
        match key.code {
            KeyCode::Down if !control => self.step(1),
            KeyCode::Up if !control => self.step(-1),
            KeyCode::Char('n' | 'j') if control => self.step(1),
            KeyCode::Char('p' | 'k') if control => self.step(-1),
            KeyCode::PageDown if !control => self.step(page),
            KeyCode::PageUp if !control => self.step(-page),
            KeyCode::Esc => return Answer::Dismissed,
            KeyCode::Tab => return self.accept(),
            KeyCode::Enter if self.deliberate && !control => return self.accept(),
            KeyCode::Char(_) | KeyCode::Backspace => return Answer::Ignored,
            _ => return Answer::Close,
        }
        Answer::Taken
    }

    fn accept(&self) -> Answer {
        self.items.get(self.selected).map_or(Answer::Close, |item| Answer::Accept(item.clone()))
    }
}

fn keyword(items: &[Suggestion]) -> bool {
    items.first().is_some_and(|first| first.kind == super::Kind::Keyword)
}

//! A question that is answered by a line of text.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Choice, Outcome};
use crate::app::predict;
use crate::app::sql::choice::{self, Naming};

/// Characters at most.
const LONGEST: usize = 120;
/// Characters of a condition at most.
const LONGEST_CONDITION: usize = 500;

/// A line of text that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// Title.
    pub title: String,
    /// What the text is, in a few words.
    pub hint: String,
    /// What was typed.
    pub text: String,
    /// What it is for.
    pub purpose: PromptUse,
}

/// What a line of text is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptUse {
    /// A name in the SQL console.
    Naming(Naming),
    /// A condition on customers.
    Filter,
    /// The name of an example.
    Example,
}

impl Prompt {
    pub(super) fn key(&mut self, key: KeyEvent) -> Outcome {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Outcome::Close(None),
            KeyCode::Char('c') if control => return Outcome::Close(None),
            KeyCode::Enter => {
                let text = self.text.trim().to_owned();
                return Outcome::Close(Some(match &self.purpose {
                    PromptUse::Naming(naming) => Choice::Console(choice::Choice::Named(naming.clone(), text)),
                    PromptUse::Filter => Choice::Form(predict::Choice::Filter(text)),
                    PromptUse::Example => Choice::Form(predict::Choice::Save(text)),
                }));
            }
            KeyCode::Backspace => self.text.truncate(self.text.char_indices().next_back().map_or(0, |(at, _)| at)),
            KeyCode::Char('u') if control => self.text.clear(),
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => self.add(&c.to_string()),
            _ => {}
        }
        Outcome::Consumed
    }

    pub(super) fn add(&mut self, text: &str) {
        let longest = if self.purpose == PromptUse::Filter { LONGEST_CONDITION } else { LONGEST };
        let room = longest.saturating_sub(self.text.chars().count());
        self.text.extend(text.chars().filter(|c| !c.is_control()).take(room));
    }
}

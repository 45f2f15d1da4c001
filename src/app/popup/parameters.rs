//! The form for the named parameters of what is about to be started.

use crossterm::event::KeyEvent;

use super::{Choice, Outcome};
use crate::app::sql::Start;
use crate::app::sql::choice;
use crate::app::sql::parameters::{Answer, Form};

/// The form, and what waits for its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// The form.
    pub form: Form,
    /// What waits.
    pub start: Start,
}

impl Parameters {
    pub(super) fn key(&mut self, key: KeyEvent) -> Outcome {
        match self.form.key(key) {
            Answer::More => Outcome::Consumed,
            Answer::Cancelled => Outcome::Close(None),
            Answer::Given(values) => Outcome::Close(Some(Choice::Console(choice::Choice::Given(Box::new(self.start.clone()), values)))),
        }
    }
}

//! The form in front of what changes the account, among the components.

use crossterm::event::KeyEvent;

use super::{Choice, Outcome};
use crate::app::pipeline::form::{Answer, Form};

pub(super) fn key(form: &mut Form, key: KeyEvent) -> Outcome {
    match form.key(key) {
        Answer::More => Outcome::Consumed,
        Answer::Cancelled => Outcome::Close(None),
        Answer::Done(work) => Outcome::Close(Some(Choice::Work(work))),
    }
}

//! The login on an account: when it ends, and what its end has interrupted.

use chrono::{DateTime, Utc};

use super::effect::Effect;
use super::walkthrough::{Status, StepView};
use crate::demo::step::Step;
use crate::ops::OpErrorKind;

/// How long before its end a login is worth a word: enough for the longest step to be worth waiting for.
const SOON: chrono::Duration = chrono::Duration::minutes(15);

/// The state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// When it ends; `None` when it does not, or is not known.
    pub ends: Option<DateTime<Utc>>,
    /// Why there is none any more.
    pub ended: Option<String>,
    /// Steps that go on once there is a login again: the one that was interrupted, and those that were to follow.
    pub interrupted: Vec<Step>,
    /// Whether they go on with the next account that opens.
    resuming: bool,
}

/// What happens to the login.
#[derive(Debug, Clone)]
pub enum Msg {
    /// It ends then; `None` for never.
    Ends(Option<DateTime<Utc>>),
    /// There is none any more; a sentence.
    Ended(String),
    /// The program that logs in has ended: well, or with a sentence.
    Again(Result<(), String>),
}

impl State {
    /// What is to be said about it now, without the key: `The login ends in 4 min`.
    pub fn warning(&self, now: DateTime<Utc>) -> Option<String> {
        if self.ended.is_some() || !self.interrupted.is_empty() {
            return Some("The login has ended".to_owned());
        }
        let left = self.ends? - now;
        match left {
            left if left <= chrono::Duration::zero() => Some("The login has ended".to_owned()),
            left if left <= SOON => Some(format!("The login ends in {} min", left.num_minutes().max(1))),
            _ => None,
        }
    }

    /// A step has ended; one that the end of the login has stopped is remembered, with those that were to follow.
    pub fn step_ended(&mut self, steps: &[StepView], step: Step) {
        let stopped = matches!(
            steps.iter().find(|view| view.step == step).map(|view| &view.status),
            Some(Status::Failed { error, .. }) if error.kind == OpErrorKind::LoginEnded
        );
        if stopped {
            let queued = steps.iter().filter(|view| view.status == Status::Queued).map(|view| view.step);
            // The end of the login may stop more than one: what the reader waits for, and what goes on beside it.
            self.interrupted.extend(std::iter::once(step).chain(queued));
            self.interrupted.sort_unstable();
            self.interrupted.dedup();
        }
    }

    /// The program that logs in has ended well.
    pub fn renewed(&mut self) {
        (self.ended, self.ends, self.resuming) = (None, None, true);
    }

    /// The account is open: what was interrupted goes on, when that was because of a new login.
    pub fn take_up(&mut self) -> Vec<Step> {
        if std::mem::take(&mut self.resuming) { std::mem::take(&mut self.interrupted) } else { Vec::new() }
    }
}

/// Logs in again.
pub fn log_in() -> Vec<Effect> {
    vec![Effect::LogIn]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::app::walkthrough;
    use crate::ops::OpError;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + minutes * 60, 0).unwrap()
    }

    #[test]
    fn the_end_is_told_when_it_is_near() {
        let state = State { ends: Some(at(60)), ..State::default() };
        assert_eq!(state.warning(at(0)), None);
        assert_eq!(state.warning(at(56)).as_deref(), Some("The login ends in 4 min"));
        assert_eq!(state.warning(at(60)).as_deref(), Some("The login has ended"));
        assert_eq!(State::default().warning(at(0)), None);
    }

    #[test]
    fn what_the_end_interrupts_goes_on_after_a_new_login() {
        let mut steps = walkthrough::State::default();
        steps.start(vec![Step::Lake, Step::Load, Step::Pipeline]);
        steps.update(walkthrough::Msg::Begun(Step::Lake), at(0));
        let error = OpError { kind: OpErrorKind::LoginEnded, ..OpError::failed("", "could not upload", "ExpiredToken") };
        steps.update(walkthrough::Msg::Ended(Step::Lake, Box::new(Err(error))), at(1));
        let mut state = State::default();
        state.step_ended(&steps.steps, Step::Lake);
        assert_eq!(state.warning(at(1)).as_deref(), Some("The login has ended"));
        assert!(state.take_up().is_empty(), "an account that is opened again without a login changes nothing");
        state.renewed();
        assert_eq!(state.take_up(), [Step::Lake, Step::Load, Step::Pipeline]);
        assert_eq!(state.warning(at(2)), None);
    }

    #[test]
    fn a_step_that_fails_for_another_reason_is_not_taken_up() {
        let mut steps = walkthrough::State::default();
        steps.start(vec![Step::Lake]);
        steps.update(walkthrough::Msg::Ended(Step::Lake, Box::new(Err(OpError::failed("", "could not", "because")))), at(1));
        let mut state = State::default();
        state.step_ended(&steps.steps, Step::Lake);
        state.renewed();
        assert!(state.take_up().is_empty());
    }
}

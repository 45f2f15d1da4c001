//! API calls, newest last.

use std::collections::VecDeque;

use super::list::ListState;
use crate::aws::activity::ApiCall;

/// Calls kept.
const CALLS: usize = 2000;

/// The state of the pane.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The calls, oldest first.
    pub calls: VecDeque<ApiCall>,
    /// How many calls there were in all.
    pub total: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How many of them other programs made.
    pub others: u64,
    /// Selection.
    pub list: ListState,
    /// Whether the selection stays on the newest call.
    pub following: bool,
}

impl Default for State {
    fn default() -> Self {
        State { calls: VecDeque::new(), total: 0, failed: 0, others: 0, list: ListState::default(), following: true }
    }
}

/// What happens to the activity.
#[derive(Debug, Clone)]
pub enum Msg {
    /// Calls have ended.
    Calls(Vec<ApiCall>),
}

impl State {
    /// Takes a message.
    pub fn update(&mut self, msg: Msg) {
        let Msg::Calls(calls) = msg;
        for call in calls {
            self.total += 1;
            self.failed += u64::from(call.error.is_some());
            self.others += u64::from(call.from.is_some());
            if self.calls.len() == CALLS {
                self.calls.pop_front();
                self.list.selected = self.list.selected.saturating_sub(1);
            }
            self.calls.push_back(call);
        }
        if self.following {
            self.list.last(self.calls.len());
        }
    }

    /// Moves the selection; at the end the newest call is followed again.
    pub fn move_by(&mut self, delta: isize) {
        self.list.move_by(delta, self.calls.len());
        self.following = self.list.selected + 1 >= self.calls.len();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn call(error: Option<&str>) -> ApiCall {
        ApiCall {
            at: chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            service: "S3".into(),
            operation: "PutObject".into(),
            duration: std::time::Duration::from_millis(1),
            error: error.map(Into::into),
            reached: true,
            from: None,
        }
    }

    #[test]
    fn the_newest_calls_are_kept_and_all_are_counted() {
        let mut state = State::default();
        state.update(Msg::Calls(vec![call(None); CALLS + 5]));
        state.update(Msg::Calls(vec![call(Some("NoSuchKey"))]));
        assert_eq!((state.calls.len(), state.total, state.failed), (CALLS, CALLS as u64 + 6, 1));
        assert_eq!(state.list.selected, CALLS - 1);
    }

    #[test]
    fn looking_back_stops_following_and_the_end_follows_again() {
        let mut state = State::default();
        state.update(Msg::Calls(vec![call(None); 3]));
        state.move_by(-1);
        assert!(!state.following);
        state.update(Msg::Calls(vec![call(None)]));
        assert_eq!(state.list.selected, 1);
        state.move_by(9);
        assert!(state.following);
    }
}

//! The resource checklist: every resource with its state, and what has just changed.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::effect::Effect;
use super::latest::{Latest, Ticket};
use super::list::ListState;
use crate::demo::resource::{ResourceState, ResourceStatus};
use crate::ops::OpError;

/// How long to wait between two reads while something is under way.
const CALM: Duration = Duration::from_millis(1000);

/// For how long a change stays marked, in seconds.
pub const FRESH: i64 = 4;

/// The state of the pane.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The checklist, in dependency order.
    pub rows: Vec<ResourceStatus>,
    /// When the state of a resource changed while we looked.
    pub changed: BTreeMap<String, DateTime<Utc>>,
    /// Selection.
    pub list: ListState,
    /// The read that is awaited.
    pub read: Latest,
    /// When the checklist was read.
    pub read_at: Option<DateTime<Utc>>,
    /// Why it could not be read.
    pub error: Option<OpError>,
}

/// What happens to the checklist.
#[derive(Debug, Clone)]
pub enum Msg {
    /// An answer.
    Read(Ticket, Result<Vec<ResourceStatus>, OpError>),
}

/// Whether a state will change by itself.
pub fn transitional(state: ResourceState) -> bool {
    matches!(state, ResourceState::Creating | ResourceState::Changing | ResourceState::Deleting)
}

impl State {
    /// Asks for the checklist now.
    pub fn refresh(&mut self) -> Vec<Effect> {
        vec![Effect::ReadResources { ticket: self.read.issue(), after: Duration::ZERO }]
    }

    /// How many resources are ready.
    pub fn ready(&self) -> usize {
        self.rows.iter().filter(|row| row.state == ResourceState::Ready).count()
    }

    /// Whether something is under way in the account.
    pub fn moving(&self) -> bool {
        self.rows.iter().any(|row| transitional(row.state))
    }

    /// Takes a message. `busy` says whether a step is running, so that changes are to be expected.
    pub fn update(&mut self, msg: Msg, busy: bool, now: DateTime<Utc>) -> Vec<Effect> {
        let Msg::Read(ticket, answer) = msg;
        if !self.read.settle(ticket) {
            return Vec::new();
        }
        match answer {
            Ok(rows) => {
                for row in &rows {
                    if self.rows.iter().any(|old| old.id == row.id && old.state != row.state) {
                        self.changed.insert(row.id.clone(), now);
                    }
                }
                self.changed.retain(|_, at| (now - *at).num_seconds() < FRESH);
                self.rows = rows;
                self.error = None;
                self.read_at = Some(now);
                self.list.clamp(self.rows.len());
            }
            Err(error) => self.error = Some(error),
        }
        if self.error.is_none() && (busy || self.moving()) {
            vec![Effect::ReadResources { ticket: self.read.issue(), after: CALM }]
        } else {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::step::Step;

    fn row(state: ResourceState) -> ResourceStatus {
        ResourceStatus {
            id: "role/x".into(),
            kind: "IAM role",
            name: "x".into(),
            purpose: "reads the data",
            step: Step::Foundation,
            depends_on: Vec::new(),
            state,
            detail: String::new(),
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    fn ticket(effects: &[Effect]) -> Ticket {
        match effects {
            [Effect::ReadResources { ticket, .. }] => *ticket,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_transition_is_marked_and_followed_until_it_is_over() {
        let mut state = State::default();
        let first = ticket(&state.refresh());
        let next = ticket(&state.update(Msg::Read(first, Ok(vec![row(ResourceState::Creating)])), false, at(0)));
        assert!(state.changed.is_empty());
        assert!(state.update(Msg::Read(next, Ok(vec![row(ResourceState::Ready)])), false, at(1)).is_empty());
        assert_eq!(state.changed.get("role/x"), Some(&at(1)));
        assert_eq!(state.ready(), 1);
    }

    #[test]
    fn a_stale_answer_is_dropped() {
        let mut state = State::default();
        let old = ticket(&state.refresh());
        let new = ticket(&state.refresh());
        state.update(Msg::Read(old, Ok(vec![row(ResourceState::Failed)])), false, at(0));
        assert!(state.rows.is_empty());
        state.update(Msg::Read(new, Ok(vec![row(ResourceState::Ready)])), false, at(0));
        assert_eq!(state.rows.len(), 1);
    }

    #[test]
    fn nothing_is_read_again_when_all_is_calm() {
        let mut state = State::default();
        let first = ticket(&state.refresh());
        assert!(state.update(Msg::Read(first, Ok(vec![row(ResourceState::Ready)])), false, at(0)).is_empty());
    }
}

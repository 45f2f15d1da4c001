//! The resource checklist: every resource with its state, and what has just changed.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::effect::Effect;
use super::latest::{Latest, Ticket};
use super::list::ListState;
use crate::demo::resource::{ResourceState, ResourceStatus};
use crate::ops::OpError;
use crate::ops::costs::Costs;
use crate::ops::prices::{money, rate};

/// How long to wait between two reads while something is under way.
const CALM: Duration = Duration::from_millis(1000);

/// After how many seconds the costs are asked for again.
const COSTS_AFTER: i64 = 300;

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
    /// What it costs, on an account.
    pub costs: Option<Costs>,
    /// When the costs were asked for.
    costs_at: Option<DateTime<Utc>>,
    /// The read of the costs that is awaited.
    pub costs_read: Latest,
}

/// What happens to the checklist.
#[derive(Debug, Clone)]
pub enum Msg {
    /// An answer.
    Read(Ticket, Result<Vec<ResourceStatus>, OpError>),
    /// What it costs.
    Costs(Ticket, Result<Costs, OpError>),
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

    /// Asks what it costs: when the checklist has changed or some time has passed.
    pub fn want_costs(&mut self, now: DateTime<Utc>) -> Vec<Effect> {
        let due =
            self.costs_at.is_none_or(|at| (now - at).num_seconds() >= COSTS_AFTER || self.changed.values().any(|changed| *changed > at));
        if self.rows.is_empty() || !due || self.costs_read.pending() {
            return Vec::new();
        }
        self.costs_at = Some(now);
        vec![Effect::ReadCosts { ticket: self.costs_read.issue() }]
    }

    /// What a resource costs, in words: `$0.12 an hour, $0.23 so far`.
    pub fn cost_of(&self, row: &ResourceStatus) -> Option<String> {
        let part = self.costs.as_ref()?.parts.iter().find(|part| part.kind == row.kind && part.name == row.name)?;
        let hourly = part.usd_per_hour.map(|usd| format!("{} an hour", rate(usd)));
        let at_work = || part.usd_per_hour_at_work.map(|usd| format!("{} an hour at work", rate(usd)));
        let so_far = part.usd.map(|usd| format!("{} so far", money(usd)));
        let words: Vec<String> = hourly.or_else(at_work).into_iter().chain(so_far).collect();
        (!words.is_empty()).then(|| words.join(", "))
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
        let (ticket, answer) = match msg {
            Msg::Read(ticket, answer) => (ticket, answer),
            Msg::Costs(ticket, answer) => {
                if self.costs_read.settle(ticket) {
                    // Without an answer nothing is said: a sum that is out of date would be worse.
                    self.costs = answer.ok();
                }
                return Vec::new();
            }
        };
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
    use crate::ops::costs::Cost;

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

    #[test]
    fn costs_are_asked_for_when_something_has_changed_and_once_in_a_while() {
        let mut state = State::default();
        assert!(state.want_costs(at(0)).is_empty(), "nothing is known to cost anything");
        let read = |state: &mut State, rows, now| {
            let ticket = ticket(&state.refresh());
            state.update(Msg::Read(ticket, Ok(rows)), false, now)
        };
        read(&mut state, vec![row(ResourceState::Missing)], at(0));
        assert!(matches!(state.want_costs(at(0))[..], [Effect::ReadCosts { .. }]));
        assert!(state.want_costs(at(COSTS_AFTER)).is_empty(), "one answer is awaited");
        let part = Cost {
            kind: "IAM role",
            name: "x".into(),
            usd_per_hour: Some(0.115),
            usd_per_hour_at_work: None,
            since: None,
            usd: Some(0.23),
            note: String::new(),
            idle: None,
        };
        let costs = Costs { parts: vec![part], usd_per_hour: 0.115, usd: 0.23, prices_as_of: "2025-11-01", budget_usd: None };
        let awaited = state.costs_read.issue();
        state.update(Msg::Costs(awaited, Ok(costs)), false, at(1));
        assert_eq!(state.cost_of(&row(ResourceState::Ready)).as_deref(), Some("$0.115 an hour, $0.23 so far"));
        assert!(state.want_costs(at(2)).is_empty());
        read(&mut state, vec![row(ResourceState::Ready)], at(3));
        assert_eq!(state.want_costs(at(3)).len(), 1, "it has been made");
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

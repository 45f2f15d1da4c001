//! A stack as it is kept: what it was made from, its resources, and everything that happens to it.
//!
//! What an operation leads to is known when it begins; each of its events has the time at which it comes about. So a stack is where the
//! events that are due have brought it: no timer runs, a kill loses nothing, and what was under way when the process ended has come about
//! when the next one opens the account.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::resources::Made;
use crate::local::account::Account;

/// The type that the events of a stack itself have.
pub(super) const STACK: &str = "AWS::CloudFormation::Stack";

/// A stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stack {
    pub id: String,
    pub name: String,
    pub template: String,
    pub description: Option<String>,
    /// Parameters with their values.
    pub parameters: BTreeMap<String, String>,
    /// Parameters whose values are not to be shown.
    pub hidden: BTreeSet<String>,
    pub tags: BTreeMap<String, String>,
    pub outputs: Vec<Given>,
    pub created: DateTime<Utc>,
    pub disable_rollback: bool,
    /// Resources by their names in the template, in the order in which they were made.
    pub resources: Vec<Member>,
    pub operations: Vec<Operation>,
}

/// A resource of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Member {
    /// Its name in the template.
    pub name: String,
    pub made: Made,
    /// The names of those that it needs.
    pub needs: BTreeSet<String>,
    /// Whether it stays when the stack goes.
    pub retained: bool,
    /// Whether its own service has removed it already.
    pub gone: bool,
}

/// An output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Given {
    pub name: String,
    pub value: String,
    pub description: Option<String>,
    pub export: Option<String>,
}

/// Something that was asked for, and all that comes of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Operation {
    pub started: DateTime<Utc>,
    pub token: Option<String>,
    pub events: Vec<Event>,
}

/// Something that happens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Event {
    pub id: String,
    /// The resource by its name in the template; the stack's own name for itself.
    pub name: String,
    pub physical: String,
    pub kind: String,
    pub status: String,
    pub reason: Option<String>,
    /// The properties of a resource, as JSON.
    pub properties: Option<String>,
    pub at: DateTime<Utc>,
}

/// An event that has happened, when, and under which token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happened<'s> {
    pub event: &'s Event,
    pub at: DateTime<Utc>,
    pub token: Option<&'s str>,
}

impl Stack {
    /// What has happened, the oldest first.
    pub fn happened<'s>(&'s self, account: &Account) -> Vec<Happened<'s>> {
        let (now, since) = (account.clock.now(), account.pace.since());
        let due = self.operations.iter().flat_map(|operation| {
            // Nothing was at work while no process had the account, and a pace that was changed is not waited for.
            let over = operation.started < since;
            let token = operation.token.as_deref();
            operation.events.iter().filter_map(move |event| {
                let at = if over { event.at.min(since) } else { event.at };
                (over || event.at <= now).then_some(Happened { event, at, token })
            })
        });
        due.collect()
    }

    /// Whether an event is about the stack itself, and not about a resource of it.
    pub fn is_own(&self, event: &Event) -> bool {
        event.kind == STACK && event.physical == self.id
    }

    /// The newest event of the stack itself.
    pub fn newest<'s>(&'s self, account: &Account) -> Option<Happened<'s>> {
        self.happened(account).into_iter().rev().find(|happened| self.is_own(happened.event))
    }

    /// Its status: `CREATE_COMPLETE`.
    pub fn status(&self, account: &Account) -> String {
        self.newest(account).map(|happened| happened.event.status.clone()).unwrap_or_default()
    }

    /// Whether it is gone.
    pub fn is_gone(&self, account: &Account) -> bool {
        self.status(account) == "DELETE_COMPLETE"
    }

    /// The newest event of each resource, in the order in which they came about.
    pub fn resources_now<'s>(&'s self, account: &Account) -> Vec<Happened<'s>> {
        let mut order: Vec<&str> = Vec::new();
        let mut newest: BTreeMap<&str, Happened<'s>> = BTreeMap::new();
        for happened in self.happened(account).into_iter().filter(|happened| !self.is_own(happened.event)) {
            if !order.contains(&happened.event.name.as_str()) {
                order.push(&happened.event.name);
            }
            newest.insert(&happened.event.name, happened);
        }
        order.iter().filter_map(|name| newest.get(name).copied()).collect()
    }

    /// The resources that are there now: those that were made, and those of which making has begun.
    pub fn present(&self, account: &Account) -> Vec<&Member> {
        let newest: BTreeMap<&str, &Event> =
            self.resources_now(account).iter().map(|happened| (happened.event.name.as_str(), happened.event)).collect();
        let there = |member: &&Member| {
            !member.gone
                && newest.get(member.name.as_str()).is_some_and(|event| {
                    !event.physical.is_empty() && !matches!(event.status.as_str(), "DELETE_COMPLETE" | "DELETE_SKIPPED")
                })
        };
        self.resources.iter().filter(there).collect()
    }

    /// Forgets what has not come about yet: something else was asked for meanwhile.
    pub fn stop(&mut self, account: &Account) {
        let (now, since) = (account.clock.now(), account.pace.since());
        for operation in self.operations.iter_mut().filter(|operation| operation.started >= since) {
            operation.events.retain(|event| event.at <= now);
        }
    }
}

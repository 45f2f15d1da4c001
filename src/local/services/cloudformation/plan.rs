//! What making and removing a stack leads to, event by event, and when.
//!
//! Resources that do not need each other are made at the same time; what needs others begins when the last of them is there. Time is
//! counted in ticks, ten of which are what an ordinary resource takes at the account's pace.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::evaluate::Scope;
use super::order::Needs;
use super::resources::{self, Made, World};
use super::stack::{Member, STACK};
use super::template::{Template, invalid};
use super::usage::Users;
use crate::local::service::ServiceResult;

/// Ticks between the stack's own event and those of its first resources, and between the last of these and the stack's.
const PAUSE: u32 = 1;
/// Ticks until a resource that cannot be made says so.
const REFUSED: u32 = 2;

/// Something that will happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub tick: u32,
    pub name: String,
    pub physical: String,
    pub kind: String,
    pub status: &'static str,
    pub reason: Option<String>,
    pub properties: Option<String>,
}

/// What happens with a stack that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// It stays as it is.
    DoNothing,
    /// What was made of it is removed.
    Rollback,
    /// And so is its record.
    Delete,
}

/// What making a stack leads to.
#[derive(Debug)]
pub(super) struct Creation {
    pub steps: Vec<Step>,
    pub members: Vec<Member>,
    pub complete: bool,
}

/// The stack that the steps are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub name: &'a str,
    pub id: &'a str,
}

impl About<'_> {
    fn step(self, tick: u32, status: &'static str, reason: Option<String>) -> Step {
        Step { tick, name: self.name.to_owned(), physical: self.id.to_owned(), kind: STACK.to_owned(), status, reason, properties: None }
    }
}

/// An attempt to make a resource.
struct Attempt {
    name: String,
    kind: String,
    properties: Value,
    needs: BTreeSet<String>,
    retained: bool,
    start: u32,
    /// When it has its name in the account.
    begun: u32,
    end: u32,
    made: Result<Made, String>,
}

impl Attempt {
    fn step(&self, tick: u32, status: &'static str, reason: Option<&str>, named: bool) -> Step {
        let physical = match &self.made {
            Ok(made) if named => made.physical.clone(),
            _ => String::new(),
        };
        Step {
            tick,
            name: self.name.clone(),
            physical,
            kind: self.kind.clone(),
            status,
            reason: reason.map(str::to_owned),
            properties: Some(self.properties.to_string()),
        }
    }
}

/// Plans a stack. What is made is in `scope` afterwards, and in `world`.
///
/// # Errors
/// A value of the template cannot be told.
pub(super) fn creation(
    about: About<'_>,
    template: &Template,
    order: &[Needs],
    scope: &mut Scope<'_>,
    world: &mut World,
    on_failure: OnFailure,
) -> ServiceResult<Creation> {
    let mut attempts = attempts(template, order, scope, world)?;
    let mut steps = vec![about.step(0, "CREATE_IN_PROGRESS", Some("User Initiated".to_owned()))];
    let failure = attempts.iter().filter(|attempt| attempt.made.is_err()).map(|attempt| attempt.end).min();
    let Some(failure) = failure else {
        for attempt in &attempts {
            begin(attempt, &mut steps);
            steps.push(attempt.step(attempt.end, "CREATE_COMPLETE", None, true));
        }
        let end = attempts.iter().map(|attempt| attempt.end).max().unwrap_or(PAUSE);
        steps.push(about.step(end + PAUSE, "CREATE_COMPLETE", None));
        let members = attempts.into_iter().filter_map(|attempt| member(attempt, true)).collect();
        return Ok(Creation { steps: in_time(steps), members, complete: true });
    };

    // What had not begun never does, and what had not ended is broken off.
    let never = |thing: &Made| attempts.iter().any(|it| it.begun > failure && it.made.as_ref().is_ok_and(|made| made == thing));
    world.things.retain(|thing| !never(thing));
    attempts.retain(|attempt| attempt.start < failure);
    let mut failed: Vec<&str> = Vec::new();
    for attempt in &attempts {
        begin_until(attempt, failure, &mut steps);
        match &attempt.made {
            Err(reason) if attempt.end == failure => steps.push(attempt.step(failure, "CREATE_FAILED", Some(reason), false)),
            Ok(_) if attempt.end < failure => {
                steps.push(attempt.step(attempt.end, "CREATE_COMPLETE", None, true));
                continue;
            }
            _ => steps.push(attempt.step(failure, "CREATE_FAILED", Some("Resource creation cancelled"), attempt.begun <= failure)),
        }
        failed.push(&attempt.name);
    }
    // The cause first, as the events have it.
    failed.sort_by_key(|name| attempts.iter().any(|attempt| attempt.name == **name && attempt.made.is_ok()));
    let why = format!("The following resource(s) failed to create: [{}]. ", failed.join(", "));
    let begun: Vec<Member> = attempts.iter().filter_map(|attempt| member_of(attempt, attempt.begun <= failure)).collect();
    let unnamed: Vec<Step> = attempts
        .iter()
        .filter(|attempt| attempt.made.is_err() || attempt.begun > failure)
        .map(|attempt| attempt.step(failure + 2 * PAUSE, "DELETE_COMPLETE", None, false))
        .collect();
    match on_failure {
        OnFailure::DoNothing => {
            steps.push(about.step(failure + PAUSE, "CREATE_FAILED", Some(why)));
            return Ok(Creation { steps: in_time(steps), members: begun, complete: false });
        }
        OnFailure::Rollback => {
            steps.push(about.step(failure + PAUSE, "ROLLBACK_IN_PROGRESS", Some(format!("{why}Rollback requested by user."))));
        }
        OnFailure::Delete => {
            steps.push(about.step(failure + PAUSE, "DELETE_IN_PROGRESS", Some(format!("{why}Delete requested by user."))));
        }
    }
    steps.extend(unnamed);
    // Nothing uses what was made a moment ago.
    let removal = removal_of(&begun, failure + 2 * PAUSE, world, &Users::default());
    steps.extend(removal.steps);
    let (done, undone) =
        if on_failure == OnFailure::Delete { ("DELETE_COMPLETE", "DELETE_FAILED") } else { ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED") };
    steps.push(about.step(removal.end + PAUSE, if removal.failed.is_empty() { done } else { undone }, None));
    Ok(Creation { steps: in_time(steps), members: begun, complete: false })
}

/// Tries to make every resource, in order; those that need one that cannot be made are not tried.
fn attempts(template: &Template, order: &[Needs], scope: &mut Scope<'_>, world: &mut World) -> ServiceResult<Vec<Attempt>> {
    let mut attempts: Vec<Attempt> = Vec::new();
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    let mut hopeless: BTreeSet<&str> = BTreeSet::new();
    for (name, needs) in order {
        let Some(resource) = template.resources.get(name) else { continue };
        if !scope.holds(resource.condition.as_deref()) {
            continue;
        }
        if needs.iter().any(|other| hopeless.contains(other.as_str())) {
            hopeless.insert(name);
            continue;
        }
        let start = needs.iter().filter_map(|other| ends.get(other.as_str())).max().copied().unwrap_or(PAUSE);
        let properties = scope.members(&resource.properties).map_err(invalid)?;
        let shown = Value::Object(properties.clone());
        let made = resources::make(name, &resource.kind, properties, world);
        let end = match &made {
            Ok(made) => {
                scope.made.insert(name.clone(), made.clone());
                world.things.push(made.clone());
                start + resources::kind(&resource.kind).map_or(10, |kind| kind.ticks)
            }
            Err(_) => {
                hopeless.insert(name);
                start + REFUSED
            }
        };
        ends.insert(name, end);
        // A third of the time passes before the service behind it has taken the request.
        let begun = start + (end - start) / 3;
        let (kind, retained) = (resource.kind.clone(), resource.retained);
        attempts.push(Attempt { name: name.clone(), kind, properties: shown, needs: needs.clone(), retained, start, begun, end, made });
    }
    Ok(attempts)
}

fn begin(attempt: &Attempt, steps: &mut Vec<Step>) {
    begin_until(attempt, u32::MAX, steps);
}

fn begin_until(attempt: &Attempt, until: u32, steps: &mut Vec<Step>) {
    steps.push(attempt.step(attempt.start, "CREATE_IN_PROGRESS", None, false));
    if attempt.made.is_ok() && attempt.begun <= until {
        steps.push(attempt.step(attempt.begun, "CREATE_IN_PROGRESS", Some("Resource creation Initiated"), true));
    }
}

fn member(attempt: Attempt, begun: bool) -> Option<Member> {
    member_of(&attempt, begun)
}

fn member_of(attempt: &Attempt, begun: bool) -> Option<Member> {
    let made = attempt.made.as_ref().ok().filter(|_| begun)?;
    let (name, needs) = (attempt.name.clone(), attempt.needs.clone());
    Some(Member { name, made: made.clone(), needs, retained: attempt.retained, gone: false })
}

/// What removing resources leads to.
pub(super) struct Removal {
    pub steps: Vec<Step>,
    /// Those that stay because something uses them.
    pub failed: Vec<String>,
    /// The last tick.
    pub end: u32,
}

/// Plans the removal of a stack.
pub(super) fn removal(about: About<'_>, members: &[&Member], world: &World, users: &Users) -> Vec<Step> {
    let members: Vec<Member> = members.iter().map(|member| (*member).clone()).collect();
    let removal = removal_of(&members, PAUSE, world, users);
    let mut steps = vec![about.step(0, "DELETE_IN_PROGRESS", Some("User Initiated".to_owned()))];
    steps.extend(removal.steps);
    steps.push(if removal.failed.is_empty() {
        about.step(removal.end + PAUSE, "DELETE_COMPLETE", None)
    } else {
        let why = format!("The following resource(s) failed to delete: [{}]. ", removal.failed.join(", "));
        about.step(removal.end + PAUSE, "DELETE_FAILED", Some(why))
    });
    in_time(steps)
}

/// Removes resources in the reverse of the order in which they were made. What one that stays needs stays, too.
fn removal_of(members: &[Member], from: u32, world: &World, users: &Users) -> Removal {
    let mut there = World { region: world.region.clone(), account: world.account.clone(), things: world.things.clone() };
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    let mut staying: BTreeSet<&str> = BTreeSet::new();
    let mut removal = Removal { steps: Vec::new(), failed: Vec::new(), end: from };
    for member in members.iter().rev() {
        let dependents = || members.iter().filter(|other| other.needs.contains(&member.name));
        if dependents().any(|other| staying.contains(other.name.as_str())) {
            staying.insert(&member.name);
            continue;
        }
        let start = dependents().filter_map(|other| ends.get(other.name.as_str())).max().copied().unwrap_or(from);
        let step = |tick: u32, status: &'static str, reason: Option<String>| Step {
            tick,
            name: member.name.clone(),
            physical: member.made.physical.clone(),
            kind: member.made.kind.clone(),
            status,
            reason,
            properties: None,
        };
        let ticks = resources::kind(&member.made.kind).map_or(10, |kind| kind.ticks) / 2;
        let end = if member.retained {
            removal.steps.push(step(start, "DELETE_SKIPPED", None));
            start
        } else {
            removal.steps.push(step(start, "DELETE_IN_PROGRESS", None));
            match resources::removable(&member.made, &there, users) {
                Ok(()) => {
                    there.things.retain(|thing| *thing != member.made);
                    removal.steps.push(step(start + ticks, "DELETE_COMPLETE", None));
                }
                Err(reason) => {
                    staying.insert(&member.name);
                    removal.failed.push(member.name.clone());
                    removal.steps.push(step(start + ticks, "DELETE_FAILED", Some(reason)));
                }
            }
            start + ticks
        };
        ends.insert(&member.name, end);
        removal.end = removal.end.max(end);
    }
    removal
}

/// Steps in the order in which they happen; of those at the same time, as they were planned.
fn in_time(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by_key(|step| step.tick);
    steps
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;

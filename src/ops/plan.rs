//! What steps would do, before they do it: what is made, kept and removed, how long it took the last time, and what it costs. What other
//! operations would do is told beside each of them, in the same words ([`Planned`]).

use serde::Serialize;

use super::{Context, OpError, checklist, costs, durations, steps};
use crate::demo::resource::{ResourceState, ResourceStatus};
use crate::demo::step::Step;

/// What a step would do with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// It is there and stays as it is, once it has been looked at.
    Keep,
    /// It is changing by itself and is waited for.
    Wait,
    /// It is there and becomes another.
    Change,
    /// It is there and is made anew.
    Replace,
    /// It is removed.
    Remove,
    /// It could not be read, so that nobody knows.
    Unknown,
}

impl Action {
    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Keep => "keep",
            Action::Wait => "wait for",
            Action::Change => "change",
            Action::Replace => "replace",
            Action::Remove => "remove",
            Action::Unknown => "unknown",
        }
    }
}

/// One resource of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// What is done with it.
    pub action: Action,
    /// The kind for people (`IAM role`).
    pub kind: String,
    /// Name.
    pub name: String,
    /// US dollars an hour that it will cost, as far as known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_per_hour: Option<f64>,
    /// Whether it costs only while it works.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub at_work_only: bool,
}

impl Planned {
    /// Something that costs nothing by the hour.
    pub fn free(action: Action, kind: &str, name: impl Into<String>) -> Self {
        Planned { action, kind: kind.to_owned(), name: name.into(), usd_per_hour: None, at_work_only: false }
    }
}

/// What a step would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepPlan {
    /// Which step.
    pub step: Step,
    /// Its resources, in the order in which they depend on each other; none of a step that only looks.
    pub resources: Vec<Planned>,
    /// Seconds that it took when it last changed something on this target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// What `selected` steps would do, by what the account shows. Nothing is changed.
///
/// # Errors
/// When the account cannot be read.
pub async fn plan(context: &Context, selected: &[Step]) -> Result<Vec<StepPlan>, OpError> {
    let lines = checklist::read(context).await?;
    let mut plans = of_lines(context, &lines, selected);
    if let Some(cleanup) = plans.iter_mut().find(|plan| plan.step == Step::Cleanup) {
        cleanup.resources = steps::cleanup_plan(context).await?.iter().map(removed).collect();
    }
    Ok(plans)
}

/// What steps would make and keep, by a checklist that has been read.
pub(super) fn of_lines(context: &Context, lines: &[ResourceStatus], selected: &[Step]) -> Vec<StepPlan> {
    let known = durations::known(&context.settings);
    let of_step = |step: Step| lines.iter().filter(move |line| line.step == step && counts(context, line)).map(|it| planned(context, it));
    let plan = |step: Step| StepPlan { step, resources: of_step(step).collect(), seconds: known.get(&step).copied() };
    selected.iter().copied().map(plan).collect()
}

/// Whether a step makes the resource: not what is there on every account or is only used, nor what is only made when somebody asks for it.
fn counts(context: &Context, resource: &ResourceStatus) -> bool {
    let used = context.settings.warehouse.existing && matches!(resource.kind, "Workgroup" | "Cluster" | "Secret");
    !used && resource.kind != "Athena workgroup" && !resource.purpose.contains("on request")
}

fn removed(removal: &steps::Removal) -> Planned {
    Planned::free(Action::Remove, removal.kind, removal.name.clone())
}

fn planned(context: &Context, resource: &ResourceStatus) -> Planned {
    let action = match resource.state {
        ResourceState::Missing => Action::Create,
        ResourceState::Ready => Action::Keep,
        ResourceState::Creating | ResourceState::Changing | ResourceState::Deleting => Action::Wait,
        ResourceState::Failed => Action::Replace,
        ResourceState::Unknown => Action::Unknown,
    };
    let cost = costs::of_planned(context, resource);
    Planned {
        action,
        kind: resource.kind.to_owned(),
        name: resource.name.clone(),
        usd_per_hour: cost.map(|(usd, _)| usd),
        at_work_only: cost.is_some_and(|(_, at_work)| at_work),
    }
}

//! An account is brought to a moment of the walkthrough: every step before one is done, and nothing of that step or a later one is there.
//!
//! [`plan`] decides by what is there what has to go and which steps have to run. What has to go goes first
//! ([`remove_from`](super::steps::remove_from)), then the steps run ([`run`](super::steps::run)), and [`verify`] looks again. Every part can be
//! broken off and begun again: the next plan is made of what is there then.

mod standing;

use serde::Serialize;

use super::error::op;
use super::plan::{Action, Planned, StepPlan};
use super::steps::{self, Removal};
use super::{Context, OpError, Outlook, checklist, costs, data, doctor, durations, plan as step_plans};
use crate::demo::figures;
use crate::demo::resource::ResourceStatus;
use crate::demo::step::Step;

/// Executions that are counted at most.
const MOST: usize = 1000;

/// What it takes to bring an account to where a step begins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MomentPlan {
    /// The step that comes next then.
    pub next: Step,
    /// What has to go, in the order in which it goes; what costs something by the hour costs it until then.
    pub removals: Vec<Planned>,
    /// Seconds that going back to this step took the last time on this target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removal_seconds: Option<f64>,
    /// The steps that have to run, in order: the first one that is not done, and those after it, which find out what is left to do.
    pub steps: Vec<StepPlan>,
    /// What stays although it is of a later step, in sentences.
    pub stays: Vec<String>,
}

impl MomentPlan {
    /// Whether the account is there already.
    pub fn is_there(&self) -> bool {
        self.removals.is_empty() && self.steps.is_empty()
    }

    /// Seconds that all of it took the last time; absent when a part of it has not been done here yet.
    pub fn seconds(&self) -> Option<f64> {
        let removal = if self.removals.is_empty() { Some(0.0) } else { self.removal_seconds };
        self.steps.iter().map(|step| step.seconds).sum::<Option<f64>>().zip(removal).map(|(run, removal)| run + removal)
    }
}

/// What it takes to bring the account to where `next` begins, and what would make that fail. Nothing is changed.
///
/// # Errors
/// When the account cannot be read.
pub async fn plan(context: &Context, next: Step) -> Result<Outlook<MomentPlan>, OpError> {
    let (lines, removals) = tokio::try_join!(checklist::read(context), steps::removals_from(context, next))?;
    if context.cancel.is_cancelled() {
        return Err(OpError::cancelled("looking at the account"));
    }
    let states = standing::before(&lines, next);
    let loaded = !standing::is_done(&states, Step::Load) || steps::load_is_current(context).await?;
    let missing = standing::missing(&states, loaded);
    let plan = MomentPlan {
        next,
        removals: with_costs(context, &removals).await,
        removal_seconds: match next {
            Step::Foundation => durations::known(&context.settings).get(&Step::Cleanup).copied(),
            next => durations::of_operation(&context.settings, &steps::removal_from(next)),
        },
        steps: steps_of(context, &lines, &missing),
        stays: records(context, next, &removals).await?.into_iter().collect(),
    };
    let mut in_the_way = standing::unreadable(&states);
    in_the_way.extend(obstacles(context, next, &lines, &missing, &removals).await?);
    Ok(Outlook { plan, obstacles: in_the_way })
}

/// Looks whether the account is as it is where `next` begins.
///
/// # Errors
/// What differs, in sentences; and when the account cannot be read.
pub async fn verify(context: &Context, next: Step) -> Result<(), OpError> {
    let (lines, removals) = tokio::try_join!(checklist::read(context), steps::removals_from(context, next))?;
    // What could not be read because it was broken off says nothing of the account.
    if context.cancel.is_cancelled() {
        return Err(OpError::cancelled("looking at the account"));
    }
    let states = standing::before(&lines, next);
    let mut differences: Vec<String> = standing::undone(&states);
    if standing::is_done(&states, Step::Load) && !steps::load_is_current(context).await? {
        differences.push(format!("the step `{}` is not done: the table does not have the rows of the lake", Step::Load));
    }
    differences.extend(removals.iter().map(|it| format!("{} `{}` is still there", it.kind, it.name)));
    let left = standing::left(&lines, next, context.settings.warehouse.existing);
    let listed = |line: &ResourceStatus| removals.iter().any(|removal| standing::takes(removal.kind, line.kind));
    differences.extend(left.into_iter().filter(|line| !listed(line)).map(standing::told));
    if differences.is_empty() {
        return Ok(());
    }
    let what = format!("the account is not as it is before step {} `{next}`", next.number());
    let fix = "see to what is named (`shiftdeck status` shows it), then run this again: what is right already stays";
    Err(OpError::failed("", what, differences.join("; ")).with_fix(fix))
}

/// What the steps would do. Exploring makes what the checklist has under the lake.
fn steps_of(context: &Context, lines: &[ResourceStatus], missing: &[Step]) -> Vec<StepPlan> {
    let mut plans = step_plans::of_lines(context, lines, missing);
    if let Some(explore) = plans.iter_mut().find(|plan| plan.step == Step::Explore) {
        explore.resources = step_plans::of_lines(context, lines, &[Step::Lake]).into_iter().flat_map(|lake| lake.resources).collect();
    }
    plans
}

/// What is there and in the way, before anything is changed.
async fn obstacles(
    context: &Context,
    next: Step,
    lines: &[ResourceStatus],
    missing: &[Step],
    removals: &[Removal],
) -> Result<Vec<OpError>, OpError> {
    let only_used = context.settings.warehouse.existing;
    let mut obstacles = Vec::new();
    if next > Step::Foundation {
        // What has one of the names and not the tag would be in the way of the steps, or would stay where nothing is to be.
        obstacles.extend(doctor::only_ours(context).await.err());
    }
    if next > Step::Foundation && next <= Step::Load && !only_used {
        obstacles.extend(schema_of_others(context, lines).await?);
    }
    let kinds: Vec<&str> = removals.iter().map(|removal| removal.kind).collect();
    for staying in standing::staying(&standing::left(lines, next, only_used), &kinds) {
        if !obstacles.iter().any(|known| known.resource == staying.resource) {
            obstacles.push(staying);
        }
    }
    if !missing.is_empty() {
        obstacles.extend(costs::guard(context).await.err());
    }
    if missing.iter().any(|step| *step <= Step::Load) {
        obstacles.extend(data::check(context).await.err());
    }
    Ok(obstacles)
}

/// A schema with something of others in it cannot go.
async fn schema_of_others(context: &Context, lines: &[ResourceStatus]) -> Result<Option<OpError>, OpError> {
    let schema = &context.scenario.schema;
    if !standing::is_there(lines, "Schema", schema) {
        return Ok(None);
    }
    let others = steps::of_others(context).await?;
    Ok((!others.is_empty()).then(|| {
        let why = format!("it has what this demonstration did not make: {}", others.join(", "));
        OpError::precondition(schema, "the schema cannot go", why, "move that to another schema, or drop it, then run this again")
    }))
}

/// The removals with what each costs by the hour as long as it is there.
async fn with_costs(context: &Context, removals: &[Removal]) -> Vec<Planned> {
    let costs = match removals.is_empty() {
        true => Vec::new(),
        false => costs::read(context).await.map_or_else(
            |error| {
                // No reason not to go on: what it costs is told besides.
                tracing::info!(%error, "what the resources cost is not known");
                Vec::new()
            },
            |costs| costs.parts,
        ),
    };
    let planned = removals.iter().map(|removal| {
        let cost = costs.iter().find(|cost| cost.kind == removal.kind && cost.name == removal.name);
        let (steady, at_work) = cost.map_or((None, None), |cost| (cost.usd_per_hour, cost.usd_per_hour_at_work));
        Planned {
            usd_per_hour: steady.or(at_work),
            at_work_only: steady.is_none() && at_work.is_some(),
            ..Planned::free(Action::Remove, removal.kind, removal.name.clone())
        }
    });
    planned.collect()
}

/// What SageMaker keeps of executions whose pipeline goes.
async fn records(context: &Context, next: Step, removals: &[Removal]) -> Result<Option<String>, OpError> {
    let pipeline = &context.scenario.pipeline;
    if next == Step::Foundation || !removals.iter().any(|removal| removal.kind == "Pipeline") {
        return Ok(None);
    }
    let executions = context.gateways.pipelines.executions(pipeline, MOST).await.map_err(op(pipeline, "could not list the executions"))?;
    Ok((!executions.is_empty()).then(|| {
        let many = figures::counted(executions.len() as u64, "execution");
        format!("what SageMaker notes of the jobs of {many} stays: it cannot be removed, and costs nothing")
    }))
}

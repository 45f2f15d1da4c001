//! Runs the nine steps. One file per step in `steps/`.

mod cleanup;
mod deploy;
mod existing;
mod explore;
mod foundation;
mod lake;
mod load;
mod passwords;
mod pipeline;
mod predict;
mod redshift_ml;
mod roles;
mod stacks;
mod states;
mod warehouse;

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::report::Run;
use super::{Context, OpError, OpErrorKind, durations};
use crate::demo::event::EventKind;
use crate::demo::step::Step;

pub(super) use cleanup::of_others;
pub use cleanup::{COST, Removal, plan as cleanup_plan, plan_from as removals_from};
pub(super) use load::is_current as load_is_current;
pub(super) use pipeline::earlier as earlier_execution;
pub(super) use redshift_ml::state as sql_model_state;
pub use states::{StepState, from_checklist};

/// How long a cancelled step has for stopping what it started before it is left.
const GRACE: Duration = Duration::from_secs(10);

/// How a step ended well.
#[derive(Debug, Clone, PartialEq)]
pub struct StepOutcome {
    /// Whether anything was changed; the second run of a step changes nothing.
    pub changed: bool,
    /// One sentence for people: what is there now, with its figures.
    pub message: String,
    /// Figures and facts (`rows`, `auc`, …), also those of the summary's `metrics`.
    pub detail: Map<String, Value>,
}

impl StepOutcome {
    /// An outcome whose facts are the members of a JSON object.
    fn new(changed: bool, message: impl Into<String>, detail: Value) -> Self {
        let detail = match detail {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        StepOutcome { changed, message: message.into(), detail }
    }
}

/// Runs one step: `Started`, `Progress`…, then `Succeeded`, `Skipped` or `Failed` go to the progress channel.
///
/// # Errors
/// What the step failed by.
pub async fn run(context: &Context, step: Step) -> Result<StepOutcome, OpError> {
    let run = Run::begin(context, step, step.title());
    let result = told(&run, step, step.title(), work(&run, step)).await;
    if result.as_ref().is_ok_and(|outcome| outcome.changed) {
        durations::remember(context, step, (context.clock.now() - run.began()).to_std().unwrap_or_default()).await;
    }
    result
}

/// Removes what a step and later ones have made, and nothing of earlier ones: a cleanup that stops short, with the events of a cleanup.
///
/// # Errors
/// What could not be removed.
pub async fn remove_from(context: &Context, from: Step) -> Result<StepOutcome, OpError> {
    if from == Step::Foundation {
        return run(context, Step::Cleanup).await;
    }
    let title = format!("Remove what comes from step {} on", from.number());
    let run = Run::begin(context, Step::Cleanup, &title);
    let result = told(&run, Step::Cleanup, &title, Box::pin(cleanup::run(&run, from))).await;
    if result.as_ref().is_ok_and(|outcome| outcome.changed) {
        durations::remember_operation(context, &removal_from(from), run.began()).await;
    }
    result
}

/// The name under which it is kept how long going back to a step took.
pub(super) fn removal_from(from: Step) -> String {
    format!("removal {from}")
}

/// Does the work of a run until it has ended or its time for stopping is over, and tells how it ended.
async fn told(
    run: &Run<'_>,
    step: Step,
    title: &str,
    work: impl Future<Output = Result<StepOutcome, OpError>>,
) -> Result<StepOutcome, OpError> {
    let cancelled = async {
        run.context.cancel.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    let result = tokio::select! {
        result = work => result,
        () = cancelled => Err(OpError::cancelled(title)),
    };
    match &result {
        Ok(outcome) => {
            let mut detail = outcome.detail.clone();
            detail.insert("changed".to_owned(), Value::Bool(outcome.changed));
            // Looking at the data and asking the model are done anew each time; every other step that changes nothing had nothing to do.
            let looked = matches!(step, Step::Explore | Step::Predict);
            let kind = if outcome.changed || looked { EventKind::Succeeded } else { EventKind::Skipped };
            run.end(kind, None, &outcome.message, detail);
        }
        Err(error) => {
            let mut detail = Map::new();
            detail.insert("what".to_owned(), json!(error.what));
            detail.insert("why".to_owned(), json!(error.why));
            detail.insert("cancelled".to_owned(), json!(error.kind == OpErrorKind::Cancelled));
            if let Some(fix) = error.advice() {
                detail.insert("fix".to_owned(), json!(fix));
            }
            run.end(EventKind::Failed, error.resource.clone(), &format!("{}: {}", error.what, error.why), detail);
        }
    }
    result
}

async fn work(run: &Run<'_>, step: Step) -> Result<StepOutcome, OpError> {
    // What a cleanup removes costs nothing any more.
    if step != Step::Cleanup
        && let Some(warning) = super::costs::guard(run.context).await?
    {
        run.say("", warning)?;
    }
    // Boxed: each is a large future, and only one of them is ever alive.
    match step {
        Step::Foundation => Box::pin(foundation::run(run)).await,
        Step::Explore => Box::pin(explore::run(run)).await,
        Step::Lake => Box::pin(lake::run(run)).await,
        Step::Load => Box::pin(load::run(run)).await,
        Step::Pipeline => Box::pin(pipeline::run(run)).await,
        Step::Deploy => Box::pin(deploy::run(run)).await,
        Step::Predict => Box::pin(predict::run(run)).await,
        Step::RedshiftMl => Box::pin(redshift_ml::run(run)).await,
        Step::Cleanup => Box::pin(cleanup::run(run, Step::Foundation)).await,
    }
}

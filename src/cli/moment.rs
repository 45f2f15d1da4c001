//! `shiftdeck checkpoint prepare --at`: an account on AWS is brought to a moment of the walkthrough. What later steps have made goes, the steps
//! that are missing run, and the account is read again.

use std::sync::Arc;
use std::time::Instant;

use super::failure::Failure;
use super::output::Output;
use super::report::Reporter;
use super::run::shown;
use super::session::Session;
use super::{confirm, dry_run, plan};
use crate::config::Settings;
use crate::demo::figures;
use crate::demo::step::Step;
use crate::ops::moment::{self, MomentPlan};
use crate::ops::plan::Planned;
use crate::ops::prices::{self, rate};
use crate::ops::{OpError, steps};
use crate::prepared;

/// What is asked for.
pub(super) struct At<'a> {
    /// The name of the moment.
    pub name: &'a str,
    /// Whether it is confirmed.
    pub yes: bool,
    /// Whether it is only told.
    pub dry_run: bool,
    /// Whether programs read the output.
    pub json: bool,
}

/// Brings the account to the moment, or says what that would take.
///
/// # Errors
/// What is in the way, what failed, and how the account differs afterwards.
pub(super) async fn run(asked: &At<'_>, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let next = prepared::moment(asked.name)?.next();
    let action = format!("removing what the step `{next}` and later ones have made");
    let session = Session::open_for(settings, asked.dry_run).await?;
    let context = session.quiet();
    let outlook = Session::run(async move { moment::plan(&context, next).await }).await;
    if asked.dry_run {
        let mut asks = session.asks();
        if outlook.as_ref().is_ok_and(|outlook| !outlook.plan.removals.is_empty()) {
            asks.extend(confirm::destructive_told(settings, asked.yes, &action));
        }
        session.close().await;
        return dry_run::tell(outlook, &asks, asked.json, &mut output, lines);
    }
    let plan = outlook?.clear()?;
    if !asked.json {
        lines(&plan).iter().try_for_each(|line| output.line(line))?;
        output.flush()?;
    }
    if !plan.removals.is_empty() {
        let look = format!("shiftdeck --target aws checkpoint prepare --at {} --dry-run", asked.name);
        confirm::destructive(settings, asked.yes, &action, &look)?;
    }
    let result = bring(&session, &plan, Reporter::new(output, asked.json, parts(&plan))).await?;
    session.close().await;
    Ok(result?)
}

/// How many parts the work has that events tell of.
fn parts(plan: &MomentPlan) -> usize {
    usize::from(!plan.removals.is_empty()) + plan.steps.len()
}

/// Does what was planned and looks whether it has come about.
async fn bring(session: &Session, plan: &MomentPlan, mut reporter: Reporter) -> Result<Result<(), OpError>, Failure> {
    let (began, next) = (Instant::now(), plan.next);
    let mut result = Ok(());
    if !plan.removals.is_empty() {
        let removed =
            shown(session, &mut reporter, Step::Cleanup, |context| async move { steps::remove_from(&context, next).await }).await?;
        result = removed.map(drop);
    }
    for step in plan.steps.iter().map(|plan| plan.step) {
        if result.is_err() {
            break;
        }
        let ended = shown(session, &mut reporter, step, |context| async move { steps::run(&context, step).await }).await?;
        result = ended.map(drop);
    }
    // What was there already has been read a moment ago.
    if result.is_ok() && !plan.is_there() {
        let context = session.quiet();
        result = Session::run(async move { moment::verify(&context, next).await }).await;
        if result.is_ok() {
            reporter.say(&format!("read again: the account is as it is before step {} `{next}`", next.number()))?;
        }
    }
    if !plan.is_there() || result.is_err() || reporter.is_json() {
        reporter.summary(result.is_ok(), began.elapsed().as_secs_f64())?;
    }
    Ok(result)
}

/// The plan as lines of text.
fn lines(plan: &MomentPlan) -> Vec<String> {
    let next = plan.next;
    if plan.is_there() {
        return vec![format!("the account is as it is before step {} `{next}` already: nothing to remove, nothing to run", next.number())];
    }
    let mut lines = vec![format!("the account will be as it is before step {} `{next}`", next.number())];
    if !plan.removals.is_empty() {
        lines.push(format!("removed first{}:", took(plan.removal_seconds)));
        lines.extend(plan::resources(&plan.removals));
    }
    lines.extend(plan.stays.iter().map(|sentence| format!("  {sentence}")));
    for step in &plan.steps {
        lines.push(format!("{} {}{}", step.step.number(), step.step.title(), took(step.seconds)));
        lines.extend(plan::resources(&step.resources));
    }
    lines.push(format!("{}; {}", time(plan), cost(plan)));
    lines
}

fn took(seconds: Option<f64>) -> String {
    seconds.map_or_else(String::new, |seconds| format!(" (took {} the last time)", figures::duration(seconds)))
}

fn time(plan: &MomentPlan) -> String {
    match plan.seconds() {
        Some(seconds) => format!("about {} by the last times", figures::duration(seconds)),
        None => "how long all of it takes is not known here yet".to_owned(),
    }
}

fn cost(plan: &MomentPlan) -> String {
    let steady = |planned: &mut dyn Iterator<Item = &Planned>| -> f64 {
        planned.filter(|planned| !planned.at_work_only).filter_map(|planned| planned.usd_per_hour).sum()
    };
    let more = steady(&mut plan.steps.iter().flat_map(|step| &step.resources));
    let less = steady(&mut plan.removals.iter());
    let dated = |text: String| format!("{text} (prices of {})", prices::as_of().unwrap_or_default());
    match (more > 0.0, less > 0.0) {
        (true, true) => dated(format!("{} an hour more, {} an hour less", rate(more), rate(less))),
        (true, false) => dated(format!("{} an hour more", rate(more))),
        (false, true) => dated(format!("{} an hour less", rate(less))),
        (false, false) => "no more by the hour".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::plan::{Action, StepPlan};

    fn planned(action: Action, kind: &str, usd_per_hour: Option<f64>) -> Planned {
        Planned { action, kind: kind.into(), name: "BankDM".into(), usd_per_hour, at_work_only: false }
    }

    fn plan() -> MomentPlan {
        MomentPlan {
            next: Step::Deploy,
            removals: vec![planned(Action::Remove, "Endpoint", Some(0.115)), planned(Action::Remove, "Model", None)],
            removal_seconds: Some(65.0),
            steps: vec![StepPlan {
                step: Step::Pipeline,
                resources: vec![planned(Action::Create, "Pipeline", None)],
                seconds: Some(720.0),
            }],
            stays: vec!["one thing stays".into()],
        }
    }

    #[test]
    fn a_plan_says_what_goes_what_runs_how_long_and_how_much() {
        insta::assert_snapshot!(lines(&plan()).join("\n"), @r"
        the account will be as it is before step 6 `deploy`
        removed first (took 1 min 05 s the last time):
          remove  Endpoint  BankDM  $0.115 an hour
          remove  Model     BankDM
          one thing stays
        5 Train with a pipeline (took 12 min 00 s the last time)
          create  Pipeline  BankDM
        about 13 min 05 s by the last times; $0.115 an hour less (prices of 2025-11-01)
        ");
        let unknown = MomentPlan { removal_seconds: None, ..plan() };
        assert!(lines(&unknown).last().is_some_and(|line| line.starts_with("how long all of it takes is not known here yet; ")));
    }

    #[test]
    fn where_nothing_is_to_be_done_that_is_all_that_is_said() {
        let there = MomentPlan { removals: Vec::new(), steps: Vec::new(), stays: Vec::new(), ..plan() };
        assert_eq!(lines(&there), ["the account is as it is before step 6 `deploy` already: nothing to remove, nothing to run"]);
        assert_eq!((parts(&there), parts(&plan())), (0, 2));
    }
}

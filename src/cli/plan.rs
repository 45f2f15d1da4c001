//! What steps would do: `run --dry-run`.

use std::sync::Arc;

use serde_json::json;

use super::failure::Failure;
use super::output::{Output, columns};
use super::session::Session;
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::figures;
use crate::demo::step::Step;
use crate::ops::plan::{self, Action, Planned, StepPlan};
use crate::ops::prices::{self, rate};

/// Shows what `selected` steps would do. Nothing is changed.
///
/// # Errors
/// When the account cannot be read.
pub async fn run(selected: &[Step], settings: &Arc<Settings>, mut output: Output, json: bool) -> Result<(), Failure> {
    let session = Session::open_to_look(settings).await?;
    let plans = plan::plan(&session.quiet(), selected).await?;
    if json {
        output.json(&json!({ "target": settings.aws.target, "steps": plans, "prices_as_of": prices::as_of() }))?;
    } else {
        lines(&plans, settings.aws.target == TargetKind::Local).iter().try_for_each(|line| output.line(line))?;
    }
    output.flush()?;
    session.close().await;
    Ok(())
}

/// The plans as lines of text. `free` is whether nothing of it costs anything.
fn lines(plans: &[StepPlan], free: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for plan in plans {
        let time = match plan.seconds {
            Some(seconds) => format!("took {} the last time", figures::duration(seconds)),
            None => "not run here yet".to_owned(),
        };
        lines.push(format!("{} {}: {time}", plan.step.number(), plan.step.title()));
        if plan.resources.is_empty() {
            let nothing = if plan.step == Step::Cleanup { "there is nothing to remove" } else { "looks and asks; makes nothing" };
            lines.push(format!("  {nothing}"));
        }
        lines.extend(resources(&plan.resources));
    }
    lines.push(summary(plans, free));
    lines
}

/// A line for each resource: what is done with it, and what it costs.
pub(super) fn resources(planned: &[Planned]) -> Vec<String> {
    let row = |planned: &Planned| {
        let cost = match planned.usd_per_hour {
            Some(usd) if planned.at_work_only => format!("{} an hour at work", rate(usd)),
            Some(usd) => format!("{} an hour", rate(usd)),
            None => String::new(),
        };
        vec![format!("  {}", planned.action.word()), planned.kind.clone(), planned.name.clone(), cost]
    };
    columns(&planned.iter().map(row).collect::<Vec<_>>())
}

fn summary(plans: &[StepPlan], free: bool) -> String {
    let all = || plans.iter().flat_map(|plan| &plan.resources);
    let counted = [Action::Create, Action::Change, Action::Replace, Action::Wait, Action::Keep, Action::Remove, Action::Unknown]
        .into_iter()
        .map(|action| (all().filter(|planned| planned.action == action).count(), action.word()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} to {word}"))
        .collect::<Vec<_>>();
    let what = if counted.is_empty() { "nothing to make".to_owned() } else { counted.join(", ") };
    let hourly: f64 = all().filter(|planned| !planned.at_work_only).filter_map(|planned| planned.usd_per_hour).sum();
    let cost = match (free, hourly > 0.0) {
        (true, _) => "it costs nothing on the embedded AWS".to_owned(),
        (false, true) => format!("{} an hour more (prices of {})", rate(hourly), prices::as_of().unwrap_or_default()),
        (false, false) => "no more by the hour".to_owned(),
    };
    format!("{what}; {cost}. {}", super::dry_run::NOTHING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(action: Action, kind: &str, usd_per_hour: Option<f64>, at_work_only: bool) -> Planned {
        Planned { action, kind: kind.to_owned(), name: "bankdm".to_owned(), usd_per_hour, at_work_only }
    }

    #[test]
    fn a_plan_says_what_comes_how_long_it_took_and_what_it_costs() {
        let plans = [
            StepPlan {
                step: Step::Foundation,
                resources: vec![
                    planned(Action::Keep, "S3 bucket", None, false),
                    planned(Action::Create, "Workgroup", Some(1.5), true),
                    planned(Action::Create, "Secret", Some(0.000_55), false),
                ],
                seconds: Some(125.0),
            },
            StepPlan { step: Step::Predict, resources: Vec::new(), seconds: None },
        ];
        let text = lines(&plans, false).join("\n");
        insta::assert_snapshot!(text, @r"
        1 Lay the foundation: took 2 min 05 s the last time
          keep    S3 bucket  bankdm
          create  Workgroup  bankdm  $1.50 an hour at work
          create  Secret     bankdm  $0.00055 an hour
        7 Predict: not run here yet
          looks and asks; makes nothing
        2 to create, 1 to keep; $0.00055 an hour more (prices of 2025-11-01). Nothing was changed.
        ");
        assert!(summary(&plans, true).contains("costs nothing on the embedded AWS"));
    }
}

//! What starting, stopping and retrying an execution would do, in lines.

use super::super::output::columns;
use super::{local, state_name};
use crate::demo::figures;
use crate::ops::pipeline::{
    Forecast, ParameterOrigin, PlannedParameter, RetryPlan, StartPlan, StepForecast, StopNeed, StopPlan, step_title,
};
use crate::ops::prices::{self, money};

/// The lines of a start. `free` is whether nothing of it costs anything.
pub fn start(plan: &StartPlan, free: bool) -> Vec<String> {
    let mut lines = vec![format!("an execution of {} would be started with", plan.pipeline)];
    lines.extend(columns(&plan.parameters.iter().map(parameter).collect::<Vec<_>>()));
    lines.extend(definition(plan));
    lines.extend(forecast(&plan.forecast, free));
    for key in &plan.writes {
        lines.push(format!("written to S3 before: {key}"));
    }
    for arn in &plan.at_work {
        lines.push(format!("an execution is at work already: {}", id(arn)));
    }
    lines.extend(plan.unknown.iter().cloned());
    lines
}

fn parameter(parameter: &PlannedParameter) -> Vec<String> {
    let origin = match parameter.origin {
        ParameterOrigin::Given => "as asked for",
        ParameterOrigin::Default => "",
        ParameterOrigin::Program => "set by this program",
    };
    let value = parameter.value.clone().unwrap_or_else(|| "(a new one, so that nothing is taken from the cache)".to_owned());
    vec![format!("  {}", parameter.name), value, origin.to_owned()]
}

fn definition(plan: &StartPlan) -> Option<String> {
    let digest: String = plan.definition_digest.chars().take(12).collect();
    let changes = plan.outdated.as_ref()?;
    Some(match changes.len() as u64 {
        0 => format!("the deployed definition {digest} is the one that the settings make"),
        places => format!(
            "the deployed definition {digest} differs from the one that the settings make in {}: `shiftdeck pipeline diff` shows them, \
             `shiftdeck run pipeline` deploys it",
            figures::counted(places, "place")
        ),
    })
}

fn forecast(forecast: &Forecast, free: bool) -> Vec<String> {
    let mut lines = columns(&forecast.steps.iter().map(|step| cells(step, free)).collect::<Vec<_>>());
    let time = match forecast.seconds {
        Some(seconds) => format!("about {} by what earlier executions took", figures::duration(seconds)),
        None => "how long it takes is not known: no execution has succeeded yet".to_owned(),
    };
    let cost = match (free, forecast.usd) {
        (true, _) => "the jobs cost nothing on the embedded AWS".to_owned(),
        (false, Some(usd)) => format!("the jobs cost about {} (prices of {})", money(usd), prices::as_of().unwrap_or_default()),
        (false, None) => "what the jobs cost is not known".to_owned(),
    };
    lines.push(format!("{time}; {cost}"));
    lines
}

fn cells(step: &StepForecast, free: bool) -> Vec<String> {
    let place = step.instance.as_ref().map(|instance| format!(" on {} × {instance}", step.instances)).unwrap_or_default();
    let fate = match (&step.cached_from, &step.branch) {
        (Some(arn), _) => format!("takes over what {} found", id(arn)),
        (None, Some(branch)) if branch.taken_when => format!("runs if {} is passed", step_title(&branch.condition)),
        (None, Some(branch)) => format!("runs if {} is not passed", step_title(&branch.condition)),
        (None, None) => format!("runs{place}"),
    };
    let runs = step.cached_from.is_none();
    let time = step.seconds.filter(|_| runs).map(figures::duration).unwrap_or_default();
    let cost = step.usd.filter(|_| runs && !free).map(money).unwrap_or_default();
    vec![format!("  {}", step.title), fate, time, cost]
}

/// The lines of a stop.
pub fn stop(plan: &StopPlan) -> Vec<String> {
    let what = match plan.need {
        StopNeed::Nothing => format!("has ended ({}); there is nothing to stop", state_name(plan.state)),
        StopNeed::Wait => "is being stopped already; that would be waited for".to_owned(),
        StopNeed::Stop => "would be stopped".to_owned(),
    };
    let mut lines = vec![format!("{} ({}), started {}, {what}", plan.name, id(&plan.arn), local(plan.started))];
    if plan.need != StopNeed::Nothing {
        lines.push(match plan.at_work.as_slice() {
            [] => "no step is at work".to_owned(),
            steps => format!("at work and lost: {}", titles(steps)),
        });
        if !plan.done.is_empty() {
            lines.push(format!("done, and kept for a retry: {}", titles(&plan.done)));
        }
    }
    lines
}

/// The lines of a retry. `free` is whether nothing of it costs anything.
pub fn retry(plan: &RetryPlan, free: bool) -> Vec<String> {
    let mut lines = vec![format!("{} ({}), started {}, {}", plan.name, id(&plan.arn), local(plan.started), state_name(plan.state))];
    if let Some(from) = &plan.from {
        let message = if plan.message.is_empty() { String::new() } else { format!(": {}", plan.message) };
        lines.push(format!("it would go on from {}{message}", step_title(from)));
    }
    if !plan.kept.is_empty() {
        lines.push(format!("not run again: {}", titles(&plan.kept)));
    }
    lines.extend(forecast(&plan.forecast, free));
    lines
}

fn titles(steps: &[String]) -> String {
    steps.iter().map(|step| step_title(step)).collect::<Vec<_>>().join(", ")
}

fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::demo::pipeline_definition::step;
    use crate::ops::pipeline::{Branch, DefinitionChange, RunState};

    fn planned(name: &str, seconds: Option<f64>, instance: Option<&str>, usd: Option<f64>) -> StepForecast {
        StepForecast {
            name: name.into(),
            title: step_title(name).into(),
            kind: String::new(),
            branch: None,
            cached_from: None,
            seconds,
            instance: instance.map(str::to_owned),
            instances: 1,
            usd,
        }
    }

    fn forecast_of(steps: Vec<StepForecast>) -> Forecast {
        Forecast { steps, seconds: Some(402.0), usd: Some(0.0231) }
    }

    #[test]
    fn a_start_is_told_with_parameters_steps_time_and_cost() {
        let branch = |taken_when| Some(Branch { condition: step::GATE.into(), taken_when });
        let quality = StepForecast {
            cached_from: Some("arn:aws:sagemaker:r:1:pipeline/p/execution/abc".into()),
            ..planned(step::QUALITY, Some(0.0), Some("ml.m5.xlarge"), Some(0.0))
        };
        let steps = vec![
            planned(step::UNLOAD, Some(12.0), None, None),
            quality,
            planned(step::TRAIN, Some(150.0), Some("ml.m5.xlarge"), Some(0.0096)),
            StepForecast { branch: branch(true), ..planned(step::REGISTER, Some(2.0), None, None) },
            StepForecast { branch: branch(false), ..planned(step::REFUSED, None, None, None) },
        ];
        let parameter =
            |name: &str, value: Option<&str>, origin| PlannedParameter { name: name.into(), value: value.map(str::to_owned), origin };
        let plan = StartPlan {
            pipeline: "BankDM-Pipeline".into(),
            parameters: vec![
                parameter("TrainingInstanceType", Some("ml.m5.xlarge"), ParameterOrigin::Default),
                parameter("ModelApprovalStatus", Some("Approved"), ParameterOrigin::Given),
                parameter("CacheKey", None, ParameterOrigin::Program),
            ],
            writes: vec!["p/references/0a/champion.json".into()],
            definition_digest: "0123456789abcdef".into(),
            outdated: Some(vec![DefinitionChange { path: "a".into(), deployed: None, local: None }]),
            forecast: forecast_of(steps),
            at_work: vec!["arn:aws:sagemaker:r:1:pipeline/p/execution/xyz".into()],
            unknown: Vec::new(),
        };
        insta::assert_snapshot!(start(&plan, false).join("\n"), @r"
        an execution of BankDM-Pipeline would be started with
          TrainingInstanceType  ml.m5.xlarge
          ModelApprovalStatus   Approved                                              as asked for
          CacheKey              (a new one, so that nothing is taken from the cache)  set by this program
        the deployed definition 0123456789ab differs from the one that the settings make in 1 place: `shiftdeck pipeline diff` shows them, `shiftdeck run pipeline` deploys it
          Unload the table    runs                                12 s
          Check the data      takes over what abc found
          Train               runs on 1 × ml.m5.xlarge            2 min 30 s  $0.0096
          Register the model  runs if Quality gate is passed      2.0 s
          Refused             runs if Quality gate is not passed
        about 6 min 42 s by what earlier executions took; the jobs cost about $0.02 (prices of 2025-11-01)
        written to S3 before: p/references/0a/champion.json
        an execution is at work already: xyz
        ");
        let unknown = StartPlan { forecast: Forecast::default(), outdated: Some(Vec::new()), ..plan };
        let told = start(&unknown, true).join("\n");
        assert!(told.contains("is the one that the settings make") && told.contains("no execution has succeeded yet"), "{told}");
        assert!(told.contains("cost nothing on the embedded AWS"), "{told}");
    }

    #[test]
    fn a_stop_says_what_is_lost_and_what_is_kept() {
        let plan = StopPlan {
            arn: "arn/abc".into(),
            name: "n".into(),
            state: RunState::Running,
            started: DateTime::UNIX_EPOCH,
            need: StopNeed::Stop,
            at_work: vec![step::TRAIN.into()],
            done: vec![step::UNLOAD.into(), step::PREPROCESS.into()],
        };
        let told = stop(&plan);
        assert!(told[0].starts_with("n (abc), started ") && told[0].ends_with(", would be stopped"), "{told:?}");
        assert_eq!(told[1..], ["at work and lost: Train", "done, and kept for a retry: Unload the table, Prepare the rows"]);
        let over = stop(&StopPlan { need: StopNeed::Nothing, state: RunState::Failed, ..plan });
        assert!(over.len() == 1 && over[0].ends_with("has ended (failed); there is nothing to stop"), "{over:?}");
    }

    #[test]
    fn a_retry_says_where_it_goes_on() {
        let plan = RetryPlan {
            arn: "arn/abc".into(),
            name: "n".into(),
            state: RunState::Failed,
            started: DateTime::UNIX_EPOCH,
            from: Some(step::TRAIN.into()),
            message: "out of memory".into(),
            kept: vec![step::UNLOAD.into()],
            forecast: forecast_of(vec![planned(step::TRAIN, Some(150.0), Some("ml.m5.xlarge"), Some(0.0096))]),
        };
        let told = retry(&plan, true);
        assert_eq!(told[1..3], ["it would go on from Train: out of memory", "not run again: Unload the table"]);
        assert_eq!(told[3], "  Train  runs on 1 × ml.m5.xlarge  2 min 30 s");
    }
}

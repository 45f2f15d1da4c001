//! The steps of a definition, and what is known of each in an execution.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use super::{Branch, PipelineStep, RunState};
use crate::aws::pipelines::{ExecutionStep, StepWork};
use crate::demo::figures;
use crate::demo::pipeline_definition::step as step_name;

/// The steps of a definition in its order, those inside conditions after their condition, each with what is known of it.
pub(super) fn with_steps(
    definition: &Value,
    begun: &[ExecutionStep],
    run: RunState,
    expected: &HashMap<String, Duration>,
) -> Vec<PipelineStep> {
    let mut planned = Vec::new();
    collect(definition.get("Steps"), None, &mut planned);
    for step in &mut planned {
        step.expected = expected.get(&step.name).copied();
        match begun.iter().find(|begun| begun.name == step.name) {
            Some(begun) => {
                step.state = RunState::of(&begun.status);
                step.started = begun.started;
                step.ended = begun.ended;
                step.cached = begun.cached_from.is_some();
                step.message = begun.failure.clone().unwrap_or_else(|| told_by(&begun.work));
                step.job = job_of(&begun.work);
                step.doing = doing(step);
            }
            None if run.is_over() => step.state = RunState::Skipped,
            None => {}
        }
    }
    planned
}

fn collect(steps: Option<&Value>, inside: Option<&Branch>, planned: &mut Vec<PipelineStep>) {
    for step in steps.and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = text("Name");
        let mut depends_on: Vec<String> = inside.map(|branch| branch.condition.clone()).into_iter().collect();
        depends_on
            .extend(step.get("DependsOn").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        let arguments = step.get("Arguments");
        // What is inside a condition depends on the condition; the condition itself on what its comparisons refer to.
        let own = if text("Type") == "Condition" { arguments.and_then(|arguments| arguments.get("Conditions")) } else { arguments };
        if let Some(own) = own {
            references(own, &mut depends_on);
        }
        depends_on.retain(|other| *other != name);
        let mut seen = std::collections::HashSet::new();
        depends_on.retain(|other| seen.insert(other.clone()));
        planned.push(PipelineStep {
            name: name.clone(),
            kind: text("Type"),
            description: text("Description"),
            depends_on,
            branch: inside.cloned(),
            ..PipelineStep::default()
        });
        for (branch, taken_when) in [("IfSteps", true), ("ElseSteps", false)] {
            let inside = Branch { condition: name.clone(), taken_when };
            collect(arguments.and_then(|arguments| arguments.get(branch)), Some(&inside), planned);
        }
    }
}

/// Names of steps that a value refers to (`Steps.Name.…`).
fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(path) = members.get("Get").and_then(Value::as_str).and_then(|path| path.strip_prefix("Steps.")) {
                names.push(path.split('.').next().unwrap_or(path).to_owned());
            }
            members.values().for_each(|member| references(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}

/// The ARN of what the step runs or made.
fn job_of(work: &StepWork) -> Option<String> {
    match work {
        StepWork::Processing(arn) | StepWork::Training(arn) | StepWork::Function(arn, _) | StepWork::Registration(arn) => Some(arn.clone()),
        StepWork::None | StepWork::Condition(_) | StepWork::Failure(_) => None,
    }
}

/// What a step has to say once it has ended well.
fn told_by(work: &StepWork) -> String {
    match work {
        StepWork::Function(_, outputs) => outputs
            .iter()
            .find(|(name, _)| name == "rows")
            .and_then(|(_, rows)| rows.parse::<u64>().ok())
            .map(|rows| format!("{} unloaded", figures::counted(rows, "row")))
            .unwrap_or_default(),
        StepWork::Condition(Some(true)) => "good enough".to_owned(),
        StepWork::Condition(Some(false)) => "not good enough".to_owned(),
        StepWork::Registration(arn) => format!("version {}", arn.rsplit('/').next().unwrap_or_default()),
        StepWork::Failure(message) => message.clone(),
        StepWork::None | StepWork::Processing(_) | StepWork::Training(_) | StepWork::Condition(None) => String::new(),
    }
}

/// What a step is doing, in words; nothing once it has ended.
fn doing(step: &PipelineStep) -> String {
    let words = match (step.state, step.name.as_str(), step.kind.as_str()) {
        (RunState::Stopping, ..) => "stopping",
        (RunState::Running, step_name::UNLOAD, _) => "Redshift writes the table to S3",
        (RunState::Running, step_name::QUALITY, _) => "looking for broken and drifted columns",
        (RunState::Running, step_name::PREPROCESS, _) => "making features and splitting the rows",
        (RunState::Running, step_name::EVALUATE, _) => "scoring the rows that the model has not seen",
        (RunState::Running, _, "Training") => "starting the training job",
        (RunState::Running, _, "Processing") => "its script is at work",
        (RunState::Running, _, "Lambda") => "its function is at work",
        (RunState::Running, _, "Condition") => "comparing",
        (RunState::Running, _, "RegisterModel") => "registering the model",
        (RunState::Running, ..) => "at work",
        _ => "",
    };
    words.to_owned()
}

/// What a step of the pipeline does, for people.
pub fn step_title(name: &str) -> &str {
    match name {
        step_name::UNLOAD => "Unload the table",
        step_name::QUALITY => "Check the data",
        step_name::PREPROCESS => "Prepare the rows",
        step_name::TRAIN => "Train",
        step_name::EVALUATE => "Evaluate",
        step_name::GATE => "Quality gate",
        step_name::REGISTER => "Register the model",
        step_name::REFUSED => "Refused",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::example as fixtures;
    use crate::demo::pipeline_definition::definition;
    use crate::ops::pipeline::graph;

    #[test]
    fn steps_are_listed_with_what_they_wait_for() {
        let definition = definition(&fixtures::scenario(), &fixtures::inputs()).unwrap();
        let steps =
            with_steps(&definition, &[], RunState::Running, &HashMap::from([(step_name::TRAIN.to_owned(), Duration::from_secs(9))]));
        let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        let all = [
            step_name::UNLOAD,
            step_name::QUALITY,
            step_name::PREPROCESS,
            step_name::TRAIN,
            step_name::EVALUATE,
            step_name::GATE,
            step_name::REGISTER,
            step_name::REFUSED,
        ];
        assert_eq!(names, all);
        let step = |name: &str| steps.iter().find(|step| step.name == name).unwrap();
        let waits = |name: &str| step(name).depends_on.clone();
        assert_eq!(waits(step_name::UNLOAD), [] as [&str; 0]);
        assert_eq!(waits(step_name::QUALITY), [step_name::UNLOAD]);
        assert_eq!(waits(step_name::PREPROCESS), [step_name::UNLOAD]);
        assert_eq!(waits(step_name::TRAIN), [step_name::QUALITY, step_name::PREPROCESS]);
        assert_eq!(waits(step_name::GATE), [step_name::EVALUATE]);
        assert!(waits(step_name::REGISTER).contains(&step_name::GATE.to_owned()));
        assert_eq!(step(step_name::REGISTER).branch, Some(Branch { condition: step_name::GATE.into(), taken_when: true }));
        assert_eq!(step(step_name::REFUSED).branch, Some(Branch { condition: step_name::GATE.into(), taken_when: false }));
        assert!(steps.iter().all(|step| step.state == RunState::Waiting && !step.description.is_empty()));
        assert_eq!(step(step_name::TRAIN).expected, Some(Duration::from_secs(9)));
        let ended = with_steps(&definition, &[], RunState::Failed, &HashMap::new());
        assert!(ended.iter().all(|step| step.state == RunState::Skipped));
        assert_eq!(graph::levels(&steps), [vec![0], vec![1, 2], vec![3], vec![4], vec![5], vec![6, 7]]);
    }
}

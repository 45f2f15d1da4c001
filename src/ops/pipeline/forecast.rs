//! How an execution is expected to go: which steps run, on what, for how long and for how much, by what earlier executions took.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::plan::{step_title, with_steps};
use super::{Branch, RunState, detail, graph};
use crate::ops::prices;

/// A step as it is expected to go.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepForecast {
    /// Name in the definition.
    pub name: String,
    /// What it does, for people.
    pub title: String,
    /// Type in the definition (`Training`).
    pub kind: String,
    /// The branch that it is in: it runs only if the condition comes out so.
    pub branch: Option<Branch>,
    /// ARN of the execution whose result it takes over instead of running.
    pub cached_from: Option<String>,
    /// Seconds that it takes as a rule; absent when that is not known. What is taken over takes none.
    pub seconds: Option<f64>,
    /// Instance type of its job.
    pub instance: Option<String>,
    /// Instances of its job.
    pub instances: u32,
    /// US dollars of its job, by those seconds.
    pub usd: Option<f64>,
}

/// An execution as it is expected to go.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Forecast {
    /// Steps in the order of the definition.
    pub steps: Vec<StepForecast>,
    /// Seconds from start to end, steps side by side counted once; absent when there is nothing to go by.
    pub seconds: Option<f64>,
    /// US dollars of all jobs; absent when there is nothing to go by, or no price of an instance is known.
    pub usd: Option<f64>,
}

/// What is known of an execution before it runs.
pub(super) struct Known<'a> {
    /// Its definition.
    pub definition: &'a Value,
    /// All parameters with their values.
    pub parameters: &'a BTreeMap<String, String>,
    /// How long each step takes as a rule.
    pub expected: &'a HashMap<String, Duration>,
    /// Steps that take over a result, with the execution that has it.
    pub cached: &'a BTreeMap<String, String>,
    /// Steps that are done and are not run again.
    pub done: &'a HashSet<String>,
}

/// How the steps that are not done are expected to go.
pub(super) fn forecast(known: &Known<'_>) -> Forecast {
    let steps = with_steps(known.definition, &[], RunState::Running, known.expected);
    let seconds_of = |name: &str| -> Option<f64> {
        if known.done.contains(name) || known.cached.contains_key(name) {
            return Some(0.0);
        }
        known.expected.get(name).map(Duration::as_secs_f64)
    };
    let mut ends: HashMap<&str, f64> = HashMap::new();
    for step in graph::levels(&steps).into_iter().flatten().filter_map(|index| steps.get(index)) {
        let begins = step.depends_on.iter().filter_map(|other| ends.get(other.as_str())).fold(0.0, |last: f64, end| last.max(*end));
        // What nobody has timed is a decision or a branch that was never taken: moments beside the jobs.
        ends.insert(&step.name, begins + seconds_of(&step.name).unwrap_or(0.0));
    }
    let seconds = ends.values().fold(0.0, |last: f64, end| last.max(*end));
    let mut usd = Some(0.0);
    let mut told = Vec::with_capacity(steps.len());
    for step in steps.iter().filter(|step| !known.done.contains(&step.name)) {
        let cached_from = known.cached.get(&step.name).cloned();
        let (instance, instances) = place(known, &step.name);
        let seconds = seconds_of(&step.name);
        let cost = match (&instance, &cached_from, seconds) {
            (Some(_), Some(_), _) => Some(0.0),
            (Some(instance), None, Some(_)) => {
                let worked = known.expected.get(&step.name).copied().unwrap_or_default();
                prices::job(instance, instances, worked)
            }
            _ => None,
        };
        if instance.is_some() {
            usd = usd.zip(cost).map(|(sum, cost)| sum + cost);
        }
        told.push(StepForecast {
            title: step_title(&step.name).to_owned(),
            name: step.name.clone(),
            kind: step.kind.clone(),
            branch: step.branch.clone(),
            cached_from,
            seconds,
            instance,
            instances,
            usd: cost,
        });
    }
    let known_times = told.iter().any(|step| step.cached_from.is_some() || step.seconds.is_some());
    Forecast { steps: told, seconds: known_times.then_some(seconds), usd }
}

/// The instance type of a step's job and how many there are; nothing of a step without a job.
fn place(known: &Known<'_>, step: &str) -> (Option<String>, u32) {
    let arguments = detail::planned(&known.definition["Steps"], step).map(|step| &step["Arguments"]);
    let Some(arguments) = arguments else { return (None, 0) };
    let place = [&arguments["ProcessingResources"]["ClusterConfig"], &arguments["ResourceConfig"]].into_iter().find(|it| !it.is_null());
    let Some(place) = place else { return (None, 0) };
    let count = value_of(&place["InstanceCount"], known.parameters).and_then(|count| count.parse().ok()).unwrap_or(1);
    (value_of(&place["InstanceType"], known.parameters), count)
}

/// A value of the definition as text, a parameter's included.
fn value_of(value: &Value, parameters: &BTreeMap<String, String>) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        other => parameters.get(other.get("Get")?.as_str()?.strip_prefix("Parameters.")?).cloned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::example as fixtures;
    use crate::demo::pipeline_definition::{definition, step};

    fn told(expected: &[(&str, u64)], cached: &[&str], done: &[&str]) -> Forecast {
        let definition = definition(&fixtures::scenario(), &fixtures::inputs()).unwrap();
        let parameters =
            [("ProcessingInstanceType", "ml.m5.xlarge"), ("ProcessingInstanceCount", "1"), ("TrainingInstanceType", "ml.m5.large")];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        forecast(&Known {
            definition: &definition,
            parameters: &parameters,
            expected: &expected.iter().map(|(name, seconds)| ((*name).to_owned(), Duration::from_secs(*seconds))).collect(),
            cached: &cached.iter().map(|name| ((*name).to_owned(), "arn:of/the/one".to_owned())).collect(),
            done: &done.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    const TIMES: [(&str, u64); 5] =
        [(step::UNLOAD, 10), (step::QUALITY, 300), (step::PREPROCESS, 200), (step::TRAIN, 150), (step::EVALUATE, 240)];

    #[test]
    fn steps_side_by_side_are_counted_once_and_jobs_cost() {
        let told = told(&TIMES, &[], &[]);
        assert_eq!(told.seconds, Some(10.0 + 300.0 + 150.0 + 240.0));
        let of = |name: &str| told.steps.iter().find(|step| step.name == name).unwrap();
        assert_eq!((of(step::TRAIN).instance.as_deref(), of(step::UNLOAD).instance.as_deref()), (Some("ml.m5.large"), None));
        let jobs = [
            (step::QUALITY, "ml.m5.xlarge"),
            (step::PREPROCESS, "ml.m5.xlarge"),
            (step::TRAIN, "ml.m5.large"),
            (step::EVALUATE, "ml.m5.xlarge"),
        ];
        let sum: f64 =
            jobs.iter().map(|(name, instance)| prices::job(instance, 1, Duration::from_secs_f64(of(name).seconds.unwrap())).unwrap()).sum();
        assert!((told.usd.unwrap() - sum).abs() < 1e-12);
        assert_eq!(of(step::REFUSED).branch.as_ref().map(|branch| branch.taken_when), Some(false));
    }

    #[test]
    fn what_is_taken_over_costs_neither_time_nor_money_and_what_is_done_is_not_told() {
        let cached = told(&TIMES, &[step::QUALITY, step::PREPROCESS, step::TRAIN, step::EVALUATE], &[]);
        assert_eq!((cached.seconds, cached.usd), (Some(10.0), Some(0.0)));
        let rest = told(&TIMES, &[], &[step::UNLOAD, step::PREPROCESS]);
        assert_eq!(rest.seconds, Some(300.0 + 150.0 + 240.0));
        assert_eq!(rest.steps.first().map(|step| step.name.as_str()), Some(step::QUALITY));
    }

    #[test]
    fn without_a_history_nothing_is_made_up() {
        let unknown = told(&[], &[], &[]);
        assert_eq!((unknown.seconds, unknown.usd), (None, None));
        assert_eq!(unknown.steps.len(), 8);
    }
}

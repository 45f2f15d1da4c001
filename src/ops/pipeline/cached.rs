//! Which steps of an execution that is not started yet would take over what an earlier one found.
//!
//! A cached step is compared by what it is called with (`step_cache`). What is not known before the start is told by where it would come
//! from: the output of a step that takes over a result is that result, and the folder of the unload follows from a digest of the table's
//! content, which the warehouse computes in a query. So the comparison is that of the service, as far as its documentation goes.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::plan::with_steps;
use super::{RunState, detail, graph};
use crate::aws::pipelines::{Execution, ExecutionStep, StepWork};
use crate::demo::pipeline_definition::step as step_name;
use crate::demo::{step_cache, table_digest};
use crate::ops::error::op;
use crate::ops::query::{self, QueryEngine};
use crate::ops::{Context, OpError, OpErrorKind};

/// Earlier executions that are looked through.
const LOOK_BACK: usize = 10;

/// An execution that was, with what its steps were called with.
pub(super) struct Earlier {
    arn: String,
    definition: Value,
    parameters: BTreeMap<String, String>,
    steps: Vec<ExecutionStep>,
}

/// What would be taken over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TakenOver {
    /// ARN of the execution that has the result, by step.
    pub from: BTreeMap<String, String>,
    /// Why it cannot be told, in a sentence.
    pub unknown: Option<String>,
}

/// What an execution with this definition and these parameters would take over.
pub(super) async fn taken_over(context: &Context, definition: &Value, parameters: &BTreeMap<String, String>) -> Result<TakenOver, OpError> {
    let cached = definition["Steps"].as_array().into_iter().flatten().any(|step| matches!(step_cache::lasting(step), Ok(Some(_))));
    if !cached {
        return Ok(TakenOver::default());
    }
    let earlier = earlier(context).await?;
    if !earlier.iter().any(|run| run.steps.iter().any(|step| step.status == "Succeeded" && step.cached_from.is_none())) {
        return Ok(TakenOver::default());
    }
    let digest = match table(context).await {
        Ok(digest) => digest,
        Err(error) if matches!(error.kind, OpErrorKind::Cancelled | OpErrorKind::LoginEnded) => return Err(error),
        Err(error) => {
            let unknown = format!("which steps are taken from the cache cannot be told: {}", error.why);
            return Ok(TakenOver { unknown: Some(unknown), ..TakenOver::default() });
        }
    };
    Ok(TakenOver { from: hits(definition, parameters, &digest, &earlier, context.clock.now()), unknown: None })
}

/// The newest executions, the newest first.
async fn earlier(context: &Context) -> Result<Vec<Earlier>, OpError> {
    let name = &context.scenario.pipeline;
    let gateway = &context.gateways.pipelines;
    let what = "could not read earlier executions";
    let executions = gateway.executions(name, LOOK_BACK).await.map_err(op(name, what))?;
    let read = |execution: Execution| async move {
        let arn = execution.arn;
        let (definition, parameters, steps) =
            tokio::try_join!(gateway.definition_of(&arn), gateway.parameters(&arn), gateway.steps(&arn)).map_err(op(&arn, what))?;
        let definition = serde_json::from_str(&definition).map_err(|error| OpError::failed(&arn, what, error.to_string()))?;
        Ok::<_, OpError>(Earlier { arn, definition, parameters: parameters.into_iter().collect(), steps })
    };
    futures::future::try_join_all(executions.into_iter().map(read)).await
}

/// The digest of the table that the pipeline unloads, as the unload itself computes it.
async fn table(context: &Context) -> Result<String, OpError> {
    let (schema, table) = (&context.scenario.schema, &context.scenario.table);
    let ask = |sql: String| query::rows(context, QueryEngine::Redshift, sql);
    let columns = ask(table_digest::columns_statement(schema, table)).await?;
    let columns: Vec<String> = columns.page.rows.iter().filter_map(|row| row.first()).map(query::Cell::text).collect();
    if columns.is_empty() {
        return Err(OpError::failed(table, "could not look at the table", format!("the table {schema}.{table} does not exist")));
    }
    let content = ask(table_digest::content_statement(schema, table, &columns)).await?;
    let content: Vec<String> = content.page.rows.first().into_iter().flatten().map(query::Cell::text).collect();
    Ok(table_digest::digest(&columns, &content))
}

/// The steps that find a result, with the execution that has it. `digest` is that of the table now.
fn hits(
    definition: &Value,
    parameters: &BTreeMap<String, String>,
    digest: &str,
    earlier: &[Earlier],
    now: DateTime<Utc>,
) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let unloaded = unloaded(definition, parameters, digest, earlier);
    let steps = with_steps(definition, &[], RunState::Running, &HashMap::new());
    for step in graph::levels(&steps).into_iter().flatten().filter_map(|index| steps.get(index)) {
        let Some(source) = detail::planned(&definition["Steps"], &step.name) else { continue };
        let Ok(Some(lasting)) = step_cache::lasting(source) else { continue };
        let result_of = |other: &str, path: &str| match (&unloaded, found.get(other)) {
            (Some(outputs), _) if other == step_name::UNLOAD => output(outputs, path),
            (_, Some(arn)) => json!([arn, path]),
            // Made by the execution that is not there yet: the same as nothing that is.
            _ => json!([null, path]),
        };
        let wanted = called_with(source, parameters, &result_of);
        let hit = earlier
            .iter()
            .filter_map(|run| {
                let begun = run.steps.iter().find(|begun| begun.name == step.name)?;
                let ended = begun.ended.filter(|ended| *ended >= now - lasting)?;
                (begun.status == "Succeeded" && begun.cached_from.is_none() && run.called_with(&step.name)? == wanted)
                    .then_some((ended, &run.arn))
            })
            .max_by_key(|(ended, _)| *ended);
        if let Some((_, arn)) = hit {
            found.insert(step.name.clone(), arn.clone());
        }
    }
    found
}

/// What the unload would give, when an earlier one was called the same and found the same table.
fn unloaded(definition: &Value, parameters: &BTreeMap<String, String>, digest: &str, earlier: &[Earlier]) -> Option<Vec<(String, String)>> {
    let call = |definition: &Value, parameters: &BTreeMap<String, String>| {
        let step = detail::planned(&definition["Steps"], step_name::UNLOAD)?;
        Some(json!([step["FunctionArn"], resolved(&step["Arguments"], parameters, &|other, path| json!([other, path]))]))
    };
    let wanted = call(definition, parameters)?;
    earlier.iter().find_map(|run| {
        let begun = run.steps.iter().find(|step| step.name == step_name::UNLOAD && step.status == "Succeeded")?;
        let StepWork::Function(_, outputs) = &begun.work else { return None };
        let same = outputs.iter().any(|(name, value)| name == "fingerprint" && value == digest);
        (same && call(&run.definition, &run.parameters)? == wanted).then(|| outputs.clone())
    })
}

impl Earlier {
    /// What a step of it was called with, as far as caching looks at it.
    fn called_with(&self, step: &str) -> Option<Value> {
        let source = detail::planned(&self.definition["Steps"], step)?;
        let result_of = |other: &str, path: &str| match self.steps.iter().find(|begun| begun.name == other) {
            Some(ExecutionStep { work: StepWork::Function(_, outputs), .. }) => output(outputs, path),
            Some(begun) => json!([begun.cached_from.as_ref().unwrap_or(&self.arn), path]),
            None => json!([self.arn, path]),
        };
        Some(called_with(source, &self.parameters, &result_of))
    }
}

/// What of a step's call decides whether a result is the same.
fn called_with(step: &Value, parameters: &BTreeMap<String, String>, result_of: &dyn Fn(&str, &str) -> Value) -> Value {
    let arguments = resolved(&step["Arguments"], parameters, result_of);
    step_cache::attributes(step["Type"].as_str().unwrap_or_default(), &arguments)
}

/// A value with its parameters filled in, and the results of steps by where they come from.
fn resolved(value: &Value, parameters: &BTreeMap<String, String>, result_of: &dyn Fn(&str, &str) -> Value) -> Value {
    match value {
        Value::Object(members) => {
            let reference = members.get("Get").and_then(Value::as_str).filter(|_| members.len() == 1);
            let parts = reference.and_then(|reference| reference.split_once('.'));
            match parts {
                Some(("Parameters", name)) => parameters.get(name).map_or(Value::Null, |value| Value::from(value.as_str())),
                Some(("Steps", rest)) => {
                    let (step, path) = rest.split_once('.').unwrap_or((rest, ""));
                    result_of(step, path)
                }
                _ => members
                    .iter()
                    .map(|(name, value)| (name.clone(), resolved(value, parameters, result_of)))
                    .collect::<serde_json::Map<_, _>>()
                    .into(),
            }
        }
        Value::Array(items) => items.iter().map(|item| resolved(item, parameters, result_of)).collect(),
        other => other.clone(),
    }
}

/// An output of a function by the path that refers to it, `OutputParameters['folder']`.
fn output(outputs: &[(String, String)], path: &str) -> Value {
    let name = path.strip_prefix("OutputParameters['").and_then(|rest| rest.strip_suffix("']"));
    outputs.iter().find(|(known, _)| Some(known.as_str()) == name).map_or(Value::Null, |(_, value)| Value::from(value.as_str()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::example as fixtures;
    use crate::demo::pipeline_definition::{PipelineInputs, definition, parameter, step};

    /// In the order of their names.
    const CACHED: [&str; 4] = [step::QUALITY, step::EVALUATE, step::PREPROCESS, step::TRAIN];

    fn made(change: impl Fn(&mut PipelineInputs)) -> Value {
        let mut inputs = fixtures::inputs();
        inputs.cache = true;
        change(&mut inputs);
        definition(&fixtures::scenario(), &inputs).unwrap()
    }

    fn parameters(more: &[(&str, &str)]) -> BTreeMap<String, String> {
        let all = [
            ("InputDataUrl", "s3://b"),
            (parameter::BASELINE, "s3://b/1"),
            (parameter::CHAMPION, "s3://b/2"),
            (parameter::CACHE_KEY, "shared"),
        ];
        all.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
    }

    fn begun(name: &str, ended: i64, work: StepWork) -> ExecutionStep {
        ExecutionStep {
            name: name.into(),
            status: "Succeeded".into(),
            started: Some(at(ended - 1)),
            ended: Some(at(ended)),
            failure: None,
            work,
            cached_from: None,
        }
    }

    /// An execution that ran every step and unloaded a table of this digest.
    fn run(arn: &str, definition: Value, given: &[(&str, &str)], digest: &str) -> Earlier {
        let outputs = [("folder", format!("s3://b/u/{digest}/")), ("fingerprint", digest.to_owned())];
        let unload = StepWork::Function("f".into(), outputs.map(|(name, value)| (name.to_owned(), value)).into());
        let mut steps = vec![begun(step::UNLOAD, 1, unload)];
        steps.extend(CACHED.map(|name| begun(name, 2, StepWork::None)));
        Earlier { arn: arn.into(), definition, parameters: parameters(given), steps }
    }

    fn taken(definition: &Value, given: &[(&str, &str)], digest: &str, earlier: &[Earlier]) -> Vec<String> {
        hits(definition, &parameters(given), digest, earlier, at(100)).into_keys().collect()
    }

    #[test]
    fn the_same_call_on_the_same_table_is_taken_over() {
        let earlier = [run("one", made(|_| {}), &[], "d1")];
        assert_eq!(taken(&made(|_| {}), &[], "d1", &earlier), CACHED);
        assert_eq!(taken(&made(|_| {}), &[("TrainingInstanceType", "ml.m5.large")], "d1", &earlier), CACHED, "where it runs is no matter");
        assert_eq!(taken(&made(|_| {}), &[], "d2", &earlier), [] as [&str; 0], "another table is another folder");
        assert_eq!(taken(&made(|_| {}), &[(parameter::CACHE_KEY, "mine")], "d1", &earlier), [] as [&str; 0]);
        assert_eq!(taken(&made(|inputs| inputs.cache = false), &[], "d1", &earlier), [] as [&str; 0]);
    }

    #[test]
    fn a_step_that_runs_makes_those_after_it_run() {
        let earlier = [run("one", made(|_| {}), &[], "d1")];
        assert_eq!(taken(&made(|inputs| inputs.eta = 0.01), &[], "d1", &earlier), [step::QUALITY, step::PREPROCESS]);
        assert_eq!(
            taken(&made(|_| {}), &[(parameter::CHAMPION, "s3://b/3")], "d1", &earlier),
            [step::QUALITY, step::PREPROCESS, step::TRAIN]
        );
        assert_eq!(taken(&made(|inputs| inputs.seed += 1), &[], "d1", &earlier), [step::QUALITY]);
    }

    #[test]
    fn what_was_taken_over_itself_leads_to_where_it_was_made() {
        let first = run("one", made(|_| {}), &[], "d1");
        let mut second = run("two", made(|inputs| inputs.eta = 0.01), &[], "d1");
        for name in [step::QUALITY, step::PREPROCESS] {
            second.steps.iter_mut().find(|step| step.name == name).unwrap().cached_from = Some("one".into());
        }
        let found = hits(&made(|inputs| inputs.eta = 0.01), &parameters(&[]), "d1", &[second, first], at(100));
        let from: Vec<&str> = CACHED.iter().map(|name| found[*name].as_str()).collect();
        assert_eq!(from, ["one", "two", "one", "two"]);
    }

    #[test]
    fn what_is_too_old_or_has_failed_is_made_anew() {
        let mut failed = run("one", made(|_| {}), &[], "d1");
        failed.steps.iter_mut().find(|step| step.name == step::TRAIN).unwrap().status = "Failed".into();
        assert_eq!(taken(&made(|_| {}), &[], "d1", &[failed]), [step::QUALITY, step::PREPROCESS]);
        let days = i64::from(fixtures::inputs().cache_days);
        let old = hits(&made(|_| {}), &parameters(&[]), "d1", &[run("one", made(|_| {}), &[], "d1")], at(3 + days * 86_400));
        assert!(old.is_empty(), "{old:?}");
    }
}

//! Runs a pipeline execution: steps in the order of their references, independent ones at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::cache;
use super::definition::{Definition, Step, list, property};
use super::expression::{Environment, Reference};
use super::names::arn;
use super::{INTERRUPTED, Inner};
use crate::local::objects::split_s3_uri;

/// The state of an execution or a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    /// At work.
    Executing,
    /// Being stopped.
    Stopping,
    /// Stopped.
    Stopped,
    /// Failed.
    Failed,
    /// Succeeded.
    Succeeded,
}

impl Status {
    /// The name in the API.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Status::Executing => "Executing",
            Status::Stopping => "Stopping",
            Status::Stopped => "Stopped",
            Status::Failed => "Failed",
            Status::Succeeded => "Succeeded",
        }
    }

    /// Whether nothing more will happen.
    pub(super) const fn ended(self) -> bool {
        matches!(self, Status::Stopped | Status::Failed | Status::Succeeded)
    }
}

/// An execution, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Execution {
    /// ARN.
    pub arn: String,
    /// Id: the last part of the ARN.
    pub id: String,
    /// Position among the executions of the pipeline.
    pub number: u64,
    /// The pipeline's name.
    pub pipeline: String,
    /// Display name.
    pub display_name: String,
    /// Description.
    pub description: Option<String>,
    /// State.
    pub status: Status,
    /// Why it failed.
    pub failure: Option<String>,
    /// Start.
    pub created: DateTime<Utc>,
    /// Last change.
    pub updated: DateTime<Utc>,
    /// The definition that it runs.
    pub definition: String,
    /// Parameters that were given.
    pub given: BTreeMap<String, String>,
    /// All parameters.
    pub parameters: IndexMap<String, Value>,
    /// Token of the request that started it.
    pub token: Option<String>,
    /// Steps that may be at work at the same time; absent for any number.
    #[serde(default)]
    pub parallel: Option<usize>,
    /// Steps in the order of their start.
    pub steps: Vec<StepRecord>,
}

/// A step that was started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StepRecord {
    /// Name.
    pub name: String,
    /// Display name.
    pub display_name: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// State.
    pub status: Status,
    /// Start.
    pub started: DateTime<Utc>,
    /// End.
    pub ended: Option<DateTime<Utc>>,
    /// Why it failed.
    pub failure: Option<String>,
    /// What the API tells about its job.
    pub metadata: Value,
    /// What other steps can refer to.
    pub properties: Value,
    /// Attempts.
    pub attempts: u32,
    /// What it was called with, as far as caching looks at it; absent where nothing is cached.
    #[serde(default)]
    pub cache_key: Option<String>,
    /// ARN of the execution whose result was taken over.
    #[serde(default)]
    pub cached_from: Option<String>,
}

/// How a step ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Well: what others can refer to.
    Done(Value),
    /// With a reason.
    Failed(String),
    /// Stopped.
    Stopped,
}

impl Inner {
    /// Starts the task of an execution that is in the records as Executing.
    pub(super) fn launch(self: &Arc<Self>, id: String, definition: Definition) {
        let token = self.register(&id);
        let inner = self.clone();
        tokio::spawn(async move {
            let failed = inner.run(&id, &definition, &token).await;
            let time = inner.account.clock.now();
            let saved = inner.executions.change(&id, |execution| {
                execution.updated = time;
                execution.status = match &failed {
                    _ if execution.status == Status::Stopping => Status::Stopped,
                    None => Status::Succeeded,
                    Some(_) => Status::Failed,
                };
                let why = if inner.root.is_cancelled() { Some(INTERRUPTED.to_owned()) } else { failed };
                execution.failure = why.filter(|_| execution.status == Status::Failed);
            });
            if let Err(error) = saved {
                tracing::error!(%error, execution = id, "the end of a pipeline execution could not be saved");
            }
            inner.unregister(&id);
        });
    }

    /// Runs all steps; the reason when one failed.
    async fn run(self: &Arc<Self>, id: &str, definition: &Definition, token: &CancellationToken) -> Option<String> {
        let mut outcomes: BTreeMap<String, bool> = BTreeMap::new();
        let mut chosen: BTreeMap<String, bool> = BTreeMap::new();
        // A retried execution has the steps that succeeded before.
        for step in self.executions.look(id, |execution| execution.steps.clone()).unwrap_or_default() {
            outcomes.insert(step.name.clone(), true);
            if let Some(outcome) = step.metadata["Condition"]["Outcome"].as_str() {
                chosen.insert(step.name, outcome == "True");
            }
        }
        let most = self.executions.look(id, |execution| execution.parallel).flatten().unwrap_or(usize::MAX);
        let mut running = FuturesUnordered::new();
        let mut failed = false;
        loop {
            if !failed && !token.is_cancelled() {
                for step in definition.steps.values().filter(|step| !outcomes.contains_key(&step.name)).collect::<Vec<_>>() {
                    let taken = step.branch.as_ref().is_none_or(|(condition, branch)| chosen.get(condition) == Some(branch));
                    let ready = definition.waits_for(&step.name).iter().all(|need| outcomes.get(need) == Some(&true));
                    if taken && ready && running.len() < most {
                        outcomes.insert(step.name.clone(), false);
                        running.push(self.run_step(id, step, token));
                    }
                }
            }
            let Some((name, condition, ended)) = running.next().await else { break };
            match ended {
                Ended::Done(_) => {
                    outcomes.insert(name.clone(), true);
                    if let Some(outcome) = condition {
                        chosen.insert(name, outcome);
                    }
                }
                // What has started goes on to its end; nothing new starts.
                Ended::Failed(_) | Ended::Stopped => failed = true,
            }
        }
        failed.then(|| "Step failure: One or multiple steps failed.".to_owned())
    }

    /// Runs one step and keeps its record. Gives its name, the outcome of a condition, and how it ended.
    async fn run_step(self: &Arc<Self>, id: &str, step: &Step, token: &CancellationToken) -> (String, Option<bool>, Ended) {
        let text = |member: &str| step.source[member].as_str().map(str::to_owned);
        let record = StepRecord {
            name: step.name.clone(),
            display_name: text("DisplayName"),
            description: text("Description"),
            status: Status::Executing,
            started: self.account.clock.now(),
            ended: None,
            failure: None,
            metadata: Value::Null,
            properties: Value::Null,
            attempts: 1,
            cache_key: None,
            cached_from: None,
        };
        let started = self.executions.change(id, |execution| {
            execution.updated = record.started;
            execution.steps.push(record);
        });
        let ended = match started {
            Ok(()) => self.perform(id, step, token).await,
            Err(error) => Ended::Failed(error.message),
        };
        let time = self.account.clock.now();
        let mut condition = None;
        let saved = self.change_step(id, &step.name, |record| {
            record.ended = Some(time);
            match &ended {
                Ended::Done(properties) => {
                    record.status = Status::Succeeded;
                    record.properties = properties.clone();
                    condition = record.metadata["Condition"]["Outcome"].as_str().map(|outcome| outcome == "True");
                }
                Ended::Failed(reason) => {
                    record.status = Status::Failed;
                    record.failure = Some(reason.clone());
                }
                Ended::Stopped => record.status = Status::Stopped,
            }
        });
        match saved {
            Ok(()) => (step.name.clone(), condition, ended),
            Err(error) => (step.name.clone(), None, Ended::Failed(error)),
        }
    }

    /// Changes the record of a step that has started.
    pub(super) fn change_step(&self, id: &str, name: &str, change: impl FnOnce(&mut StepRecord)) -> Result<(), String> {
        let time = self.account.clock.now();
        self.executions
            .change(id, |execution| {
                execution.updated = time;
                if let Some(record) = execution.steps.iter_mut().rfind(|record| record.name == name) {
                    change(record);
                }
            })
            .map_err(|error| error.message)
    }

    /// Says what a step's job is, as soon as it is known.
    pub(super) fn note(&self, id: &str, step: &str, metadata: Value) -> Result<(), String> {
        self.change_step(id, step, |record| record.metadata = metadata)
    }

    /// The result of an earlier execution that a step may take over, if caching is on and there is one.
    pub(super) fn look_in_cache(&self, id: &str, step: &Step, arguments: &Value) -> Result<Option<Value>, String> {
        let Some(lasting) = cache::lasting(&step.source)? else { return Ok(None) };
        let key = cache::key(step.kind, arguments);
        let pipeline = self.executions.look(id, |execution| execution.pipeline.clone()).unwrap_or_default();
        let since = self.account.clock.now() - lasting;
        let mut hits = self.executions.collect(|execution| {
            if execution.pipeline != pipeline || execution.id == id {
                return None;
            }
            // One that was taken over itself is as old as the one that it was taken from, which is found, too.
            let same = |record: &&StepRecord| {
                record.name == step.name
                    && record.status == Status::Succeeded
                    && record.cached_from.is_none()
                    && record.cache_key.as_ref() == Some(&key)
                    && record.ended.is_some_and(|ended| ended >= since)
            };
            execution.steps.iter().find(same).map(|record| (record.ended, execution.arn.clone(), record.clone()))
        });
        hits.sort_by_key(|(ended, ..)| *ended);
        let hit = hits.pop();
        self.change_step(id, &step.name, |record| {
            record.cache_key = Some(key);
            if let Some((_, arn, found)) = &hit {
                record.metadata = found.metadata.clone();
                record.cached_from = Some(arn.clone());
            }
        })?;
        Ok(hit.map(|(_, _, found)| found.properties))
    }

    /// A condition: which branch is taken.
    pub(super) fn choose(&self, id: &str, step: &Step, conditions: &Value) -> Ended {
        let outcome = list(conditions).iter().map(super::definition::holds).collect::<Result<Vec<_>, _>>();
        let outcome = match outcome {
            Ok(each) => each.into_iter().all(|holds| holds),
            Err(reason) => return Ended::Failed(reason),
        };
        let name = if outcome { "True" } else { "False" };
        match self.note(id, &step.name, json!({ "Condition": { "Outcome": name } })) {
            Ok(()) => Ended::Done(json!({ "Outcome": name })),
            Err(reason) => Ended::Failed(reason),
        }
    }
}

/// The variables of an execution at the moment when a step starts.
pub(super) struct Variables<'a> {
    inner: &'a Inner,
    execution: Execution,
}

impl<'a> Variables<'a> {
    /// The variables of an execution.
    pub(super) fn of(inner: &'a Inner, id: &str) -> Option<Self> {
        Some(Variables { inner, execution: inner.executions.get(id)? })
    }

    fn properties(&self, step: &str) -> Result<&Value, String> {
        let record = self.execution.steps.iter().rfind(|record| record.name == step && record.status == Status::Succeeded);
        record.map(|record| &record.properties).ok_or_else(|| format!("the step {step} has no properties yet"))
    }
}

impl Environment for Variables<'_> {
    fn get(&self, reference: &Reference) -> Result<Value, String> {
        let execution = &self.execution;
        match reference {
            Reference::Parameter(name) => {
                execution.parameters.get(name).cloned().ok_or_else(|| format!("the parameter {name} is not declared"))
            }
            Reference::Execution(name) => Ok(match name.as_str() {
                "StartDateTime" => Value::from(execution.created.to_rfc3339()),
                "CurrentDateTime" => Value::from(self.inner.account.clock.now().to_rfc3339()),
                "PipelineName" => Value::from(execution.pipeline.clone()),
                "PipelineArn" => Value::from(arn(&self.inner.account, "pipeline", &execution.pipeline)),
                "PipelineExecutionId" => Value::from(execution.id.clone()),
                "PipelineExecutionArn" => Value::from(execution.arn.clone()),
                _ => return Err(format!("there is no execution variable `{name}`")),
            }),
            Reference::Step { step, path } => {
                property(self.properties(step)?, path).ok_or_else(|| format!("the step {step} has no such property"))
            }
        }
    }

    fn property_file(&self, step: &str, name: &str) -> Result<Value, String> {
        let properties = self.properties(step)?;
        let file = list(&properties["PropertyFiles"])
            .iter()
            .find(|file| file["PropertyFileName"] == name)
            .ok_or_else(|| format!("the step {step} has no property file {name}"))?;
        let output = list(&properties["ProcessingOutputConfig"]["Outputs"])
            .iter()
            .find(|output| output["OutputName"] == file["OutputName"])
            .and_then(|output| output["S3Output"]["S3Uri"].as_str())
            .ok_or_else(|| format!("the step {step} has no output for its property file {name}"))?;
        let uri = format!("{}/{}", output.trim_end_matches('/'), file["FilePath"].as_str().unwrap_or_default());
        let (bucket, key) = split_s3_uri(&uri).ok_or_else(|| format!("{uri} is no s3:// address"))?;
        // The service reads it as the pipeline's role.
        let role = self.inner.role_of_pipeline(&self.execution.pipeline)?;
        let content = self.inner.objects_of(&role).get(bucket, key);
        let (content, _) = content.map_err(|error| format!("the property file {name}: {}", error.told()))?;
        serde_json::from_slice(&content).map_err(|error| format!("the property file {uri} is not JSON: {error}"))
    }
}

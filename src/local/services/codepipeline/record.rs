//! Executions, as they are kept.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::declaration::{Kind, kind};

/// Where an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    InProgress,
    Stopping,
    Stopped,
    Succeeded,
    Failed,
    Superseded,
}

/// Where an action or a stage stands; before it is reached it stands nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::enum_variant_names, reason = "the words of the service")]
pub(super) enum Progress {
    InProgress,
    Succeeded,
    Failed,
    /// An action that was left when the execution was stopped.
    Abandoned,
    /// A stage whose execution was stopped.
    Stopped,
}

impl Status {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Status::InProgress => "InProgress",
            Status::Stopping => "Stopping",
            Status::Stopped => "Stopped",
            Status::Succeeded => "Succeeded",
            Status::Failed => "Failed",
            Status::Superseded => "Superseded",
        }
    }

    pub(super) const fn ended(self) -> bool {
        !matches!(self, Status::InProgress | Status::Stopping)
    }
}

impl Progress {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Progress::InProgress => "InProgress",
            Progress::Succeeded => "Succeeded",
            Progress::Failed => "Failed",
            Progress::Abandoned => "Abandoned",
            Progress::Stopped => "Stopped",
        }
    }
}

/// A run of a pipeline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Execution {
    pub id: String,
    pub pipeline: String,
    /// Counted from 1 in its pipeline: a larger one is newer.
    pub number: u64,
    pub version: u64,
    pub status: Status,
    pub summary: Option<String>,
    pub started: DateTime<Utc>,
    pub changed: DateTime<Utc>,
    /// What started it: type and detail.
    pub trigger: (String, String),
    pub source: Option<Source>,
    pub stages: Vec<Stage>,
    /// The stage that it waits in front of, because another execution is in it.
    pub waits_for: Option<usize>,
    /// Output variables by namespace.
    pub variables: BTreeMap<String, BTreeMap<String, String>>,
}

/// The commit that an execution began with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Source {
    pub action: String,
    pub repository: String,
    pub commit: String,
    pub summary: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stage {
    pub name: String,
    pub progress: Option<Progress>,
    pub entered: Option<DateTime<Utc>>,
    /// In the order in which they run.
    pub actions: Vec<Action>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Action {
    pub name: String,
    /// As it was declared when the execution began.
    pub declared: Value,
    /// Its configuration with the values of its variables, once it began.
    pub resolved: BTreeMap<String, String>,
    pub id: String,
    pub progress: Option<Progress>,
    pub started: Option<DateTime<Utc>>,
    pub changed: Option<DateTime<Utc>>,
    pub summary: String,
    /// The token under which a person decides.
    pub token: Option<String>,
    /// What it runs elsewhere.
    pub external: Option<String>,
    pub error: Option<(String, String)>,
    pub outputs: BTreeMap<String, String>,
}

impl Execution {
    /// A new one of a declaration.
    pub(super) fn new(id: String, pipeline: &str, number: u64, declaration: &Value, trigger: (String, String), now: DateTime<Utc>) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let stages = list(&declaration["stages"]).into_iter().map(|stage| {
            let mut actions: Vec<Action> = list(&stage["actions"]).into_iter().map(Action::new).collect();
            // Actions of one order stay as they are declared.
            actions.sort_by_key(|action| action.declared["runOrder"].as_u64().unwrap_or(1));
            Stage { name: stage["name"].as_str().unwrap_or_default().to_owned(), progress: None, entered: None, actions }
        });
        Execution {
            id,
            pipeline: pipeline.to_owned(),
            number,
            version: declaration["version"].as_u64().unwrap_or(1),
            status: Status::InProgress,
            summary: None,
            started: now,
            changed: now,
            trigger,
            source: None,
            stages: stages.collect(),
            waits_for: None,
            variables: BTreeMap::new(),
        }
    }

    /// Stage and action that wait for a person.
    pub(super) fn pending_approval(&self) -> Option<(usize, usize)> {
        self.stages.iter().enumerate().find_map(|(at, stage)| {
            let waits = |action: &Action| action.progress == Some(Progress::InProgress) && kind(&action.declared) == Some(Kind::Approval);
            stage.actions.iter().position(waits).map(|action| (at, action))
        })
    }

    /// The stage that it is in now.
    pub(super) fn current_stage(&self) -> Option<usize> {
        self.stages.iter().position(|stage| stage.progress == Some(Progress::InProgress))
    }

    /// Fails what is at work, and the execution with it.
    pub(super) fn fail(&mut self, reason: &str, now: DateTime<Utc>) {
        if let Some(stage) = self.current_stage().map(|at| &mut self.stages[at]) {
            stage.progress = Some(Progress::Failed);
            let at_work = |action: &&mut Action| action.progress == Some(Progress::InProgress);
            for action in stage.actions.iter_mut().filter(at_work) {
                action.end(Progress::Failed, now);
                action.summary = reason.to_owned();
                action.error = Some(("JobFailed".to_owned(), reason.to_owned()));
            }
        }
        self.status = Status::Failed;
        self.summary = Some(reason.to_owned());
        self.waits_for = None;
        self.changed = now;
    }

    /// A text with its variables (`#{Namespace.Name}`) replaced. One that is not known stays: the service refuses the action then.
    pub(super) fn resolved(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("#{") {
            let Some((name, after)) = after.split_once('}') else {
                return Err(format!("`{text}` has a variable without an end"));
            };
            out.push_str(before);
            let value = match name {
                "codepipeline.PipelineExecutionId" => Some(&self.id),
                name => name.split_once('.').and_then(|(space, name)| self.variables.get(space)?.get(name)),
            };
            out.push_str(value.ok_or_else(|| format!("Unresolved variable: {name}"))?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

impl Action {
    fn new(declared: Value) -> Self {
        Action {
            name: declared["name"].as_str().unwrap_or_default().to_owned(),
            declared,
            resolved: BTreeMap::new(),
            id: String::new(),
            progress: None,
            started: None,
            changed: None,
            summary: String::new(),
            token: None,
            external: None,
            error: None,
            outputs: BTreeMap::new(),
        }
    }

    /// Begins, with a new id.
    pub(super) fn begin(&mut self, now: DateTime<Utc>) {
        *self = Action::new(self.declared.clone());
        self.id = uuid::Uuid::new_v4().to_string();
        self.progress = Some(Progress::InProgress);
        self.started = Some(now);
        self.changed = Some(now);
    }

    /// Ends.
    pub(super) fn end(&mut self, progress: Progress, now: DateTime<Utc>) {
        self.progress = Some(progress);
        self.changed = Some(now);
        self.token = None;
    }
}

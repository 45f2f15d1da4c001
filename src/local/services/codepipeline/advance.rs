//! From action to action. What runs next is decided one at a time (`turn`); the work itself is done by one task for each execution.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::actions::Done;
use super::declaration::{Kind, kind};
use super::record::{Execution, Progress, Status};
use super::{Inner, no_pipeline, refused};
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::Input;

/// What an execution does next.
enum Next {
    /// Runs the action of a stage.
    Run(usize, usize),
    /// Nothing before somebody decides, another execution leaves a stage, or ever.
    Rest,
}

impl Inner {
    pub(super) fn start_pipeline_execution(self: &Arc<Self>, input: &Input) -> ServiceResult {
        let name = input.required_text("name")?;
        self.pipeline(name)?;
        let id = self.begin(name, "StartPipelineExecution", &format!("arn:aws:iam::{}:root", self.account.id))?;
        Ok(json!({ "pipelineExecutionId": id }))
    }

    /// Begins an execution; gives its id.
    pub(super) fn begin(self: &Arc<Self>, name: &str, trigger: &str, detail: &str) -> ServiceResult<String> {
        let (number, declaration) = self.pipelines.change(|pipelines| {
            let pipeline = pipelines.get_mut(name).ok_or_else(|| no_pipeline(name))?;
            pipeline.executions += 1;
            Ok((pipeline.executions, pipeline.declaration.clone()))
        })?;
        let id = uuid::Uuid::new_v4().to_string();
        let now = self.account.clock.now();
        let execution = Execution::new(id.clone(), name, number, &declaration, (trigger.to_owned(), detail.to_owned()), now);
        self.executions.put(&id, execution)?;
        self.go_on(&id);
        Ok(id)
    }

    /// Lets an execution go on, unless a task is at it already.
    pub(super) fn go_on(self: &Arc<Self>, id: &str) {
        if !self.turn.lock().insert(id.to_owned()) {
            return;
        }
        let token = self.root.child_token();
        self.at_work.lock().insert(id.to_owned(), token.clone());
        let (inner, id) = (self.clone(), id.to_owned());
        tokio::spawn(async move {
            // Boxed: one execution that ends lets others go on.
            while let Next::Run(stage, action) = inner.next(&id) {
                inner.run(&id, stage, action, &token).await;
            }
        });
    }

    /// Decides what comes next, and notes it.
    fn next(self: &Arc<Self>, id: &str) -> Next {
        let mut freed = Vec::new();
        let next = {
            let mut turn = self.turn.lock();
            let next = loop {
                let Some(execution) = self.executions.get(id) else { break Next::Rest };
                if let Some(next) = self.step(execution, &mut freed) {
                    break next;
                }
            };
            if matches!(next, Next::Rest) {
                turn.remove(id);
                self.at_work.lock().remove(id);
            }
            next
        };
        for (pipeline, stage) in freed {
            self.enter_waiting(&pipeline, stage);
        }
        next
    }

    /// One step of an execution; `None` when there is another one to decide at once. Stages that became free are added to `freed`.
    fn step(&self, mut execution: Execution, freed: &mut Vec<(String, usize)>) -> Option<Next> {
        let now = self.account.clock.now();
        if execution.status.ended() {
            return Some(Next::Rest);
        }
        if execution.status == Status::Stopping {
            if let Some(at) = execution.current_stage() {
                execution.stages[at].progress = Some(Progress::Stopped);
                freed.push((execution.pipeline.clone(), at));
            }
            execution.status = Status::Stopped;
            execution.waits_for = None;
            execution.changed = now;
            return self.noted(execution, Some(Next::Rest));
        }
        let Some(at) = execution.stages.iter().position(|stage| stage.progress != Some(Progress::Succeeded)) else {
            execution.status = Status::Succeeded;
            execution.changed = now;
            return self.noted(execution, Some(Next::Rest));
        };
        if execution.stages[at].progress.is_none() {
            if self.occupied(&execution, at) {
                self.supersede(&execution, at);
                execution.waits_for = Some(at);
                return self.noted(execution, Some(Next::Rest));
            }
            execution.waits_for = None;
            execution.stages[at].progress = Some(Progress::InProgress);
            execution.stages[at].entered = Some(now);
            execution.changed = now;
            return self.noted(execution, None);
        }
        let stage = &mut execution.stages[at];
        let Some(place) = stage.actions.iter().position(|action| action.progress != Some(Progress::Succeeded)) else {
            stage.progress = Some(Progress::Succeeded);
            execution.changed = now;
            freed.push((execution.pipeline.clone(), at));
            return self.noted(execution, None);
        };
        match stage.actions[place].progress {
            None => {
                stage.actions[place].begin(now);
                execution.changed = now;
                self.resolve(&mut execution, at, place);
                let approval = kind(&execution.stages[at].actions[place].declared) == Some(Kind::Approval);
                if approval && execution.stages[at].actions[place].progress == Some(Progress::InProgress) {
                    execution.stages[at].actions[place].token = Some(uuid::Uuid::new_v4().to_string());
                    return self.noted(execution, Some(Next::Rest));
                }
                let failed = execution.stages[at].actions[place].progress == Some(Progress::Failed);
                self.noted(execution, if failed { None } else { Some(Next::Run(at, place)) })
            }
            Some(Progress::InProgress) => Some(Next::Rest),
            Some(_) => {
                stage.progress = Some(Progress::Failed);
                let action = &stage.actions[place];
                execution.summary = Some(format!("{}: {}", action.name, action.summary));
                execution.status = Status::Failed;
                execution.changed = now;
                freed.push((execution.pipeline.clone(), at));
                self.noted(execution, Some(Next::Rest))
            }
        }
    }

    /// Saves what was decided. An execution that cannot be saved rests where it was.
    fn noted(&self, execution: Execution, next: Option<Next>) -> Option<Next> {
        let id = execution.id.clone();
        match self.executions.put(&id, execution) {
            Ok(()) => next,
            Err(error) => {
                tracing::error!(%error, id, "an execution of CodePipeline could not be saved");
                Some(Next::Rest)
            }
        }
    }

    /// Gives an action's configuration, and the environment of its commands, the values of their variables.
    fn resolve(&self, execution: &mut Execution, stage: usize, action: usize) {
        let declared = execution.stages[stage].actions[action].declared.clone();
        let configured = declared["configuration"].as_object().into_iter().flatten();
        let configured = configured.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        let environment = declared["environmentVariables"].as_array().into_iter().flatten().map(|variable| {
            let text = |name: &str| variable[name].as_str().unwrap_or_default().to_owned();
            (text("name"), text("value"))
        });
        let mut resolved = std::collections::BTreeMap::new();
        for (name, text) in configured.chain(environment) {
            match execution.resolved(&text) {
                Ok(text) => drop(resolved.insert(name, text)),
                Err(why) => {
                    let now = self.account.clock.now();
                    let action = &mut execution.stages[stage].actions[action];
                    action.end(Progress::Failed, now);
                    action.summary.clone_from(&why);
                    action.error = Some(("ConfigurationError".to_owned(), why));
                    return;
                }
            }
        }
        execution.stages[stage].actions[action].resolved = resolved;
    }

    /// Whether another execution of the pipeline is in a stage.
    fn occupied(&self, execution: &Execution, stage: usize) -> bool {
        let in_it = |other: &Execution| {
            let same = other.pipeline == execution.pipeline && other.id != execution.id && !other.status.ended();
            (same && other.current_stage() == Some(stage)).then_some(())
        };
        !self.executions.collect(in_it).is_empty()
    }

    /// Executions that wait in front of a stage give way to a newer one.
    fn supersede(&self, newer: &Execution, stage: usize) {
        let waiting = self.executions.collect(|other| {
            let older = other.pipeline == newer.pipeline && other.number < newer.number && !other.status.ended();
            (older && other.waits_for == Some(stage)).then(|| other.id.clone())
        });
        let now = self.account.clock.now();
        for id in waiting {
            let saved = self.executions.change(&id, |other| {
                other.status = Status::Superseded;
                other.summary = Some(format!("superseded by {}", newer.id));
                other.waits_for = None;
                other.changed = now;
            });
            if let Err(error) = saved {
                tracing::error!(%error, id, "an execution of CodePipeline could not be saved");
            }
        }
    }

    /// Lets the execution in that waits in front of a stage.
    fn enter_waiting(self: &Arc<Self>, pipeline: &str, stage: usize) {
        let waiting = self.executions.collect(|execution| {
            let waits = execution.pipeline == pipeline && execution.waits_for == Some(stage) && !execution.status.ended();
            waits.then(|| execution.id.clone())
        });
        for id in waiting {
            self.go_on(&id);
        }
    }

    /// Runs an action and notes how it ended.
    async fn run(self: &Arc<Self>, id: &str, stage: usize, action: usize, token: &CancellationToken) {
        let Some(execution) = self.executions.get(id) else { return };
        let result = self.work(&execution, stage, action, token).await;
        let now = self.account.clock.now();
        let saved = self.executions.change(id, |execution| {
            execution.changed = now;
            let namespace = execution.stages[stage].actions[action].declared["namespace"].as_str().map(str::to_owned);
            let action = &mut execution.stages[stage].actions[action];
            if action.progress != Some(Progress::InProgress) {
                // It was abandoned meanwhile.
                return;
            }
            match result {
                Ok(Done { summary, external, outputs, source }) => {
                    action.end(Progress::Succeeded, now);
                    action.summary = summary;
                    action.external = external;
                    action.outputs.clone_from(&outputs);
                    if let Some(namespace) = namespace {
                        execution.variables.insert(namespace, outputs);
                    }
                    if source.is_some() {
                        execution.source = source;
                    }
                }
                Err(why) => {
                    action.end(Progress::Failed, now);
                    action.summary.clone_from(&why);
                    action.error = Some(("JobFailed".to_owned(), why));
                }
            }
        });
        if let Err(error) = saved {
            tracing::error!(%error, id, "an execution of CodePipeline could not be saved");
        }
    }

    pub(super) fn stop_pipeline_execution(self: &Arc<Self>, input: &Input) -> ServiceResult {
        let (name, id) = (input.required_text("pipelineName")?, input.required_text("pipelineExecutionId")?);
        let abandon = input.boolean("abandon")?.unwrap_or(false);
        let execution = self.execution(name, id)?;
        match execution.status {
            Status::InProgress => {}
            Status::Stopping if abandon => {}
            Status::Stopping => {
                return Err(refused("DuplicatedStopRequestException", format!("The execution {id} is being stopped already")));
            }
            status => {
                return Err(refused(
                    "PipelineExecutionNotStoppableException",
                    format!("The execution {id} cannot be stopped: it is {}", status.word()),
                ));
            }
        }
        let now = self.account.clock.now();
        let reason = input.text("reason")?.map(str::to_owned);
        self.executions.change(id, |execution| {
            execution.status = Status::Stopping;
            execution.summary = reason;
            execution.changed = now;
            // Nobody has to decide any more; and what is at work is left when that was asked for.
            let pending = execution.pending_approval();
            for (at, stage) in execution.stages.iter_mut().enumerate() {
                for (place, action) in stage.actions.iter_mut().enumerate() {
                    if action.progress == Some(Progress::InProgress) && (abandon || pending == Some((at, place))) {
                        action.end(Progress::Abandoned, now);
                    }
                }
            }
        })?;
        if abandon && let Some(token) = self.at_work.lock().get(id) {
            token.cancel();
        }
        self.go_on(id);
        Ok(json!({ "pipelineExecutionId": id }))
    }

    pub(super) fn retry_stage_execution(self: &Arc<Self>, input: &Input) -> ServiceResult {
        let (name, stage, id) =
            (input.required_text("pipelineName")?, input.required_text("stageName")?, input.required_text("pipelineExecutionId")?);
        let all = input.one_of("retryMode", &["FAILED_ACTIONS", "ALL_ACTIONS"])?;
        let all = all.ok_or_else(|| refused("ValidationException", "retryMode must not be null"))? == "ALL_ACTIONS";
        let execution = self.execution(name, id)?;
        let at = execution.stages.iter().position(|known| known.name == stage);
        let at = at.ok_or_else(|| refused("StageNotFoundException", format!("Pipeline '{name}' has no stage '{stage}'")))?;
        let newer = self.executions.collect(|other| {
            let entered = other.stages.get(at).is_some_and(|stage| stage.entered.is_some());
            (other.pipeline == name && other.number > execution.number && entered).then_some(())
        });
        if !newer.is_empty() {
            return Err(refused(
                "NotLatestPipelineExecutionException",
                format!("A newer execution than {id} has entered the stage '{stage}'"),
            ));
        }
        if execution.status != Status::Failed || execution.stages[at].progress != Some(Progress::Failed) {
            return Err(refused("StageNotRetryableException", format!("The stage '{stage}' of {id} has not failed")));
        }
        let now = self.account.clock.now();
        self.executions.change(id, |execution| {
            execution.status = Status::InProgress;
            execution.summary = None;
            execution.changed = now;
            execution.stages[at].progress = Some(Progress::InProgress);
            for action in &mut execution.stages[at].actions {
                if all || action.progress != Some(Progress::Succeeded) {
                    action.progress = None;
                }
            }
        })?;
        self.go_on(id);
        Ok(json!({ "pipelineExecutionId": id }))
    }

    /// An execution of a pipeline.
    pub(super) fn execution(&self, pipeline: &str, id: &str) -> ServiceResult<Execution> {
        self.pipeline(pipeline)?;
        self.executions
            .get(id)
            .filter(|execution| execution.pipeline == pipeline)
            .ok_or_else(|| refused("PipelineExecutionNotFoundException", format!("The pipeline '{pipeline}' has no execution {id}")))
    }

    /// The declared configuration of an action, for its description.
    pub(super) fn declared_configuration(declared: &Value) -> Value {
        declared.get("configuration").cloned().unwrap_or_else(|| json!({}))
    }
}

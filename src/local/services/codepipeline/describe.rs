//! What is told of executions.

use serde_json::{Map, Value, json};

use super::Inner;
use super::record::{Action, Execution, Progress};
use super::refused;
use crate::local::service::ServiceResult;
use crate::local::services::protocol::aws_json::{Input, epoch, without_nulls};
use crate::local::services::protocol::pages;

impl Inner {
    /// Executions of a pipeline, the newest first.
    fn newest_first(&self, pipeline: &str) -> Vec<Execution> {
        let mut found = self.executions.collect(|execution| (execution.pipeline == pipeline).then(|| execution.clone()));
        found.sort_by_key(|execution| std::cmp::Reverse(execution.number));
        found
    }

    pub(super) fn get_pipeline_state(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("name")?;
        let pipeline = self.pipeline(name)?;
        let executions = self.newest_first(name);
        let stages = pipeline.declaration["stages"].as_array().cloned().unwrap_or_default();
        let states: Vec<Value> = stages
            .iter()
            .enumerate()
            .map(|(at, declared)| {
                let stage_name = declared["name"].as_str().unwrap_or_default();
                // The execution that entered the stage last is the one that is told of, whatever the others do elsewhere.
                let latest = executions
                    .iter()
                    .filter_map(|execution| {
                        let stage = execution.stages.iter().find(|stage| stage.name == stage_name)?;
                        Some((execution, stage, stage.entered?))
                    })
                    .max_by_key(|(_, _, entered)| *entered);
                let inbound = executions.iter().find(|execution| execution.waits_for == Some(at) && !execution.status.ended());
                let actions = declared["actions"].as_array().cloned().unwrap_or_default();
                let actions: Vec<Value> = actions
                    .iter()
                    .map(|action| {
                        let action_name = &action["name"];
                        let ran = latest.and_then(|(execution, stage, _)| {
                            stage.actions.iter().find(|ran| *action_name == ran.name.as_str()).map(|ran| (execution, ran))
                        });
                        let revision = ran.and_then(|(execution, ran)| {
                            let source = execution.source.as_ref().filter(|source| source.action == ran.name)?;
                            Some(json!({ "revisionId": source.commit, "revisionChangeId": source.commit, "created": ran.changed.map(epoch) }))
                        });
                        without_nulls(json!({
                            "actionName": action_name,
                            "currentRevision": revision,
                            "latestExecution": ran.and_then(|(_, ran)| latest_execution(ran)),
                        }))
                    })
                    .collect();
                without_nulls(json!({
                    "stageName": stage_name,
                    "inboundTransitionState": { "enabled": true },
                    "inboundExecution": inbound.map(|execution| json!({ "pipelineExecutionId": execution.id, "status": "InProgress" })),
                    "actionStates": actions,
                    "latestExecution": latest.map(|(execution, stage, _)| {
                        let status = stage.progress.map_or("InProgress", Progress::word);
                        json!({ "pipelineExecutionId": execution.id, "status": status })
                    }),
                }))
            })
            .collect();
        Ok(json!({
            "pipelineName": name,
            "pipelineVersion": pipeline.version,
            "stageStates": states,
            "created": epoch(pipeline.created),
            "updated": epoch(pipeline.changed),
        }))
    }

    pub(super) fn get_pipeline_execution(&self, input: &Input) -> ServiceResult {
        let (name, id) = (input.required_text("pipelineName")?, input.required_text("pipelineExecutionId")?);
        let execution = self.execution(name, id)?;
        let revisions: Vec<Value> = execution
            .source
            .iter()
            .map(|source| {
                json!({
                    "name": "SourceArtifact",
                    "revisionId": source.commit,
                    "revisionSummary": source.summary,
                    "created": epoch(execution.started),
                })
            })
            .collect();
        Ok(json!({ "pipelineExecution": without_nulls(json!({
            "pipelineName": name,
            "pipelineVersion": execution.version,
            "pipelineExecutionId": id,
            "status": execution.status.word(),
            "statusSummary": execution.summary,
            "artifactRevisions": revisions,
            "trigger": { "triggerType": execution.trigger.0, "triggerDetail": execution.trigger.1 },
            "executionMode": "SUPERSEDED",
            "executionType": "STANDARD",
        })) }))
    }

    pub(super) fn list_pipeline_executions(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("pipelineName")?;
        self.pipeline(name)?;
        let size = input.integer_within("maxResults", 1, 100)?.unwrap_or(100);
        let summaries: Vec<(String, Value)> = self
            .newest_first(name)
            .iter()
            .enumerate()
            .map(|(at, execution)| {
                let revisions: Vec<Value> = execution
                    .source
                    .iter()
                    .map(|source| json!({ "actionName": source.action, "revisionId": source.commit, "revisionSummary": source.summary }))
                    .collect();
                let summary = without_nulls(json!({
                    "pipelineExecutionId": execution.id,
                    "status": execution.status.word(),
                    "statusSummary": execution.summary,
                    "startTime": epoch(execution.started),
                    "lastUpdateTime": epoch(execution.changed),
                    "sourceRevisions": revisions,
                    "trigger": { "triggerType": execution.trigger.0, "triggerDetail": execution.trigger.1 },
                    "executionMode": "SUPERSEDED",
                    "executionType": "STANDARD",
                }));
                (format!("{at:08}"), summary)
            })
            .collect();
        page("ListPipelineExecutions", "pipelineExecutionSummaries", summaries, input, size)
    }

    pub(super) fn list_action_executions(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("pipelineName")?;
        self.pipeline(name)?;
        let wanted = match input.object("filter")? {
            Some(filter) => filter.text("pipelineExecutionId")?.map(str::to_owned),
            None => None,
        };
        let size = input.integer_within("maxResults", 1, 100)?.unwrap_or(100);
        let mut details = Vec::new();
        for execution in self.newest_first(name) {
            if wanted.as_ref().is_some_and(|wanted| *wanted != execution.id) {
                continue;
            }
            // The newest first, inside an execution too.
            for stage in execution.stages.iter().rev() {
                for action in stage.actions.iter().rev().filter(|action| action.progress.is_some()) {
                    details.push((format!("{:08}", details.len()), detail(&execution, &stage.name, action)));
                }
            }
        }
        page("ListActionExecutions", "actionExecutionDetails", details, input, size)
    }
}

fn page(operation: &str, member: &str, items: Vec<(String, Value)>, input: &Input, size: i64) -> ServiceResult {
    // `size` is between 1 and 100.
    let (items, next) = pages::page(operation, items, |(key, _)| key.clone(), input.text("nextToken")?, size as usize)
        .map_err(|_| refused("InvalidNextTokenException", "The next token is invalid"))?;
    let items: Vec<Value> = items.into_iter().map(|(_, item)| item).collect();
    Ok(without_nulls(json!({ member: items, "nextToken": next })))
}

fn latest_execution(action: &Action) -> Option<Value> {
    let progress = action.progress?;
    Some(without_nulls(json!({
        "actionExecutionId": action.id,
        "status": progress.word(),
        "summary": (!action.summary.is_empty()).then_some(&action.summary),
        "lastStatusChange": action.changed.map(epoch),
        "token": action.token,
        "externalExecutionId": action.external,
        "errorDetails": action.error.as_ref().map(|(code, message)| json!({ "code": code, "message": message })),
    })))
}

fn detail(execution: &Execution, stage: &str, action: &Action) -> Value {
    let artifacts = |member: &str| -> Vec<Value> {
        let declared = action.declared[member].as_array();
        declared.into_iter().flatten().map(|artifact| json!({ "name": artifact["name"] })).collect()
    };
    let outputs: Map<String, Value> = action.outputs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let resolved: Map<String, Value> = action.resolved.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    without_nulls(json!({
        "pipelineExecutionId": execution.id,
        "actionExecutionId": action.id,
        "pipelineVersion": execution.version,
        "stageName": stage,
        "actionName": action.name,
        "startTime": action.started.map(epoch),
        "lastUpdateTime": action.changed.map(epoch),
        "status": action.progress.map(Progress::word),
        "input": without_nulls(json!({
            "actionTypeId": action.declared["actionTypeId"],
            "configuration": Inner::declared_configuration(&action.declared),
            "resolvedConfiguration": resolved,
            "inputArtifacts": artifacts("inputArtifacts"),
            "namespace": action.declared.get("namespace"),
        })),
        "output": without_nulls(json!({
            "outputArtifacts": artifacts("outputArtifacts"),
            "executionResult": without_nulls(json!({
                "externalExecutionId": action.external,
                "externalExecutionSummary": (!action.summary.is_empty()).then_some(&action.summary),
                "errorDetails": action.error.as_ref().map(|(code, message)| json!({ "code": code, "message": message })),
            })),
            "outputVariables": outputs,
        })),
    }))
}

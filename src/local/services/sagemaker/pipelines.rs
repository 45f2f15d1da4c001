//! Pipelines and the requests about their executions. [`super::execution`] runs them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Inner;
use super::definition::Definition;
use super::execution::{Execution, Status, StepRecord};
use super::names::{Doc, arn, doc, invalid, list, name_of, not_found, now, required_name, user};
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Input, epoch};

/// Pipelines by name.
pub(super) type Pipelines = BTreeMap<String, Pipeline>;

/// A pipeline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pipeline {
    /// What `DescribePipeline` gives, the definition among it.
    description: Doc,
    /// Executions so far; the next one's id depends on it.
    executions: u64,
    last_run: Option<DateTime<Utc>>,
    /// Token of the request that made it: a repeated request is answered the same.
    token: Option<String>,
}

impl Inner {
    fn no_pipeline(&self, name: &str) -> ServiceError {
        not_found(format!("Pipeline '{}' does not exist.", arn(&self.account, "pipeline", name)))
    }

    fn definition_text(input: &Input) -> ServiceResult<Option<&str>> {
        if input.has("PipelineDefinitionS3Location") {
            return Err(invalid("PipelineDefinitionS3Location is not supported by the embedded AWS: send PipelineDefinition"));
        }
        let text = input.text("PipelineDefinition")?;
        if let Some(text) = text {
            Definition::parse(text).map_err(|error| invalid(format!("Unable to parse pipeline definition. {error}")))?;
        }
        Ok(text)
    }

    pub(super) fn create_pipeline(&self, input: &Input) -> ServiceResult {
        let name = required_name(input, "PipelineName", 256)?.to_owned();
        let role = input.required_text("RoleArn")?;
        self.assume(role)?;
        let token = input.text("ClientRequestToken")?.map(str::to_owned);
        let definition = Self::definition_text(input)?.ok_or_else(|| invalid("A pipeline needs a PipelineDefinition"))?;
        let arn = arn(&self.account, "pipeline", &name);
        let (_, created) = now(&self.account);
        let description = doc(json!({
            "PipelineArn": arn,
            "PipelineName": name,
            "PipelineDisplayName": input.text("PipelineDisplayName")?.unwrap_or(&name),
            "PipelineDefinition": definition,
            "PipelineDescription": input.text("PipelineDescription")?,
            "RoleArn": role,
            "PipelineStatus": "Active",
            "CreationTime": created,
            "LastModifiedTime": created,
            "CreatedBy": user(),
            "LastModifiedBy": user(),
        }));
        self.pipelines.change(|pipelines| {
            match pipelines.get(&name) {
                Some(existing) if token.is_some() && existing.token == token => return Ok(()),
                Some(_) => {
                    return Err(invalid(format!(
                        "Pipeline names must be unique within an AWS account and region. Pipeline with name ({name}) already exists."
                    )));
                }
                None => {}
            }
            pipelines.insert(name.clone(), Pipeline { description, executions: 0, last_run: None, token });
            Ok(())
        })?;
        self.tag(&arn, input)?;
        Ok(json!({ "PipelineArn": arn }))
    }

    pub(super) fn update_pipeline(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("PipelineName")?).to_owned();
        let definition = Self::definition_text(input)?;
        if let Some(role) = input.text("RoleArn")? {
            self.assume(role)?;
        }
        let given = [
            ("PipelineDefinition", definition),
            ("PipelineDisplayName", input.text("PipelineDisplayName")?),
            ("PipelineDescription", input.text("PipelineDescription")?),
            ("RoleArn", input.text("RoleArn")?),
        ];
        let (_, changed) = now(&self.account);
        self.pipelines.change(|pipelines| {
            let pipeline = pipelines.get_mut(&name).ok_or_else(|| self.no_pipeline(&name))?;
            for (member, value) in given.into_iter().filter_map(|(member, value)| Some((member, value?))) {
                pipeline.description.insert(member.to_owned(), value.into());
            }
            pipeline.description.insert("LastModifiedTime".to_owned(), changed);
            Ok(json!({ "PipelineArn": pipeline.description["PipelineArn"] }))
        })
    }

    /// ARN of the role of a pipeline.
    pub(super) fn pipeline_role(&self, name: &str) -> Option<String> {
        self.pipelines
            .read(|pipelines| pipelines.get(name).and_then(|pipeline| pipeline.description.get("RoleArn")?.as_str().map(str::to_owned)))
    }

    pub(super) fn describe_pipeline(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("PipelineName")?);
        let mut described = self
            .pipelines
            .read(|pipelines| pipelines.get(name).map(|pipeline| (pipeline.description.clone(), pipeline.last_run)))
            .map(|(mut description, last_run)| {
                if let Some(last_run) = last_run {
                    description.insert("LastRunTime".into(), epoch(last_run));
                }
                description
            })
            .ok_or_else(|| self.no_pipeline(name))?;
        described.retain(|_, value| !value.is_null());
        Ok(Value::Object(described))
    }

    pub(super) fn list_pipelines(&self, input: &Input) -> ServiceResult {
        let prefix = input.text("PipelineNamePrefix")?.unwrap_or_default();
        let pipelines = self.pipelines.read(|pipelines| {
            pipelines
                .iter()
                .filter(|(name, _)| name.starts_with(prefix))
                .map(|(name, pipeline)| {
                    let member = |member: &str| pipeline.description.get(member);
                    let summary = doc(json!({
                        "PipelineArn": member("PipelineArn"),
                        "PipelineName": name,
                        "PipelineDisplayName": member("PipelineDisplayName"),
                        "PipelineDescription": member("PipelineDescription"),
                        "RoleArn": member("RoleArn"),
                        "CreationTime": member("CreationTime"),
                        "LastModifiedTime": member("LastModifiedTime"),
                        "LastExecutionTime": pipeline.last_run.map(epoch),
                    }));
                    (name.clone(), pipeline.description["CreationTime"].clone(), Value::Object(summary))
                })
                .collect()
        });
        list(input, "ListPipelines", "PipelineSummaries", true, pipelines)
    }

    pub(super) fn delete_pipeline(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("PipelineName")?).to_owned();
        let arn = arn(&self.account, "pipeline", &name);
        if !self.pipelines.read(|pipelines| pipelines.contains_key(&name)) {
            return Err(self.no_pipeline(&name));
        }
        let executions =
            self.executions.collect(|execution| (execution.pipeline == name).then(|| (execution.id.clone(), execution.status)));
        if executions.iter().any(|(_, status)| !status.ended()) {
            return Err(ServiceError::new("ConflictException", format!("Pipeline {arn} has executions in progress: stop them first.")));
        }
        self.pipelines.change(|pipelines| {
            pipelines.remove(&name);
            Ok(())
        })?;
        for (id, _) in executions {
            self.executions.remove(&id)?;
        }
        self.untag(&arn)?;
        Ok(json!({ "PipelineArn": arn }))
    }

    pub(super) fn start_pipeline_execution(self: &std::sync::Arc<Self>, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("PipelineName")?).to_owned();
        let token = input.text("ClientRequestToken")?.map(str::to_owned);
        if let Some(token) = &token {
            let same = |execution: &Execution| {
                (execution.pipeline == name && execution.token.as_ref() == Some(token)).then(|| execution.arn.clone())
            };
            if let Some(arn) = self.executions.collect(same).pop() {
                return Ok(json!({ "PipelineExecutionArn": arn }));
            }
        }
        if input.has("SelectiveExecutionConfig") {
            return Err(invalid(
                "SelectiveExecutionConfig is not supported by the embedded AWS: it runs all steps, or takes them from the cache",
            ));
        }
        let parallel = parallelism(input)?;
        let (text, number) = self
            .pipelines
            .read(|pipelines| {
                pipelines.get(&name).map(|pipeline| (pipeline.description["PipelineDefinition"].clone(), pipeline.executions))
            })
            .ok_or_else(|| self.no_pipeline(&name))?;
        let text = text.as_str().unwrap_or_default().to_owned();
        let definition = Definition::parse(&text).map_err(|error| invalid(format!("Unable to parse pipeline definition. {error}")))?;
        let mut given = BTreeMap::new();
        for parameter in input.objects("PipelineParameters")? {
            given.insert(parameter.required_text("Name")?.to_owned(), parameter.text("Value")?.unwrap_or_default().to_owned());
        }
        let parameters = definition.parameters(&given).map_err(invalid)?;
        let (time, _) = now(&self.account);
        let id = execution_id(&name, number, time);
        let execution = Execution {
            arn: arn(&self.account, "pipeline", &format!("{name}/execution/{id}")),
            id: id.clone(),
            number,
            pipeline: name.clone(),
            display_name: match input.text("PipelineExecutionDisplayName")? {
                Some(display) => display.to_owned(),
                None => format!("execution-{}", time.timestamp_millis()),
            },
            description: input.text("PipelineExecutionDescription")?.map(str::to_owned),
            status: Status::Executing,
            failure: None,
            created: time,
            updated: time,
            definition: text,
            given,
            parameters,
            token,
            parallel,
            steps: Vec::new(),
        };
        let arn = execution.arn.clone();
        self.executions.put(&id, execution)?;
        self.pipelines.change(|pipelines| {
            if let Some(pipeline) = pipelines.get_mut(&name) {
                pipeline.executions = number + 1;
                pipeline.last_run = Some(time);
            }
            Ok(())
        })?;
        self.launch(id, definition);
        Ok(json!({ "PipelineExecutionArn": arn }))
    }

    fn execution(&self, input: &Input) -> ServiceResult<Execution> {
        let arn = input.required_text("PipelineExecutionArn")?;
        self.executions
            .get(name_of(arn))
            .filter(|execution| execution.arn == arn)
            .ok_or_else(|| not_found(format!("Pipeline execution '{arn}' does not exist.")))
    }

    fn pipeline_arn(&self, name: &str) -> String {
        arn(&self.account, "pipeline", name)
    }

    pub(super) fn describe_pipeline_execution(&self, input: &Input) -> ServiceResult {
        let execution = self.execution(input)?;
        Ok(Value::Object(doc(json!({
            "PipelineArn": self.pipeline_arn(&execution.pipeline),
            "PipelineExecutionArn": execution.arn,
            "PipelineExecutionDisplayName": execution.display_name,
            "PipelineExecutionStatus": execution.status.name(),
            "PipelineExecutionDescription": execution.description,
            "FailureReason": execution.failure,
            "CreationTime": epoch(execution.created),
            "LastModifiedTime": epoch(execution.updated),
            "CreatedBy": user(),
            "LastModifiedBy": user(),
        }))))
    }

    pub(super) fn list_pipeline_executions(&self, input: &Input) -> ServiceResult {
        let name = name_of(input.required_text("PipelineName")?).to_owned();
        if !self.pipelines.read(|pipelines| pipelines.contains_key(&name)) {
            return Err(self.no_pipeline(&name));
        }
        let executions = self.executions.collect(|execution| {
            (execution.pipeline == name).then(|| {
                let summary = doc(json!({
                    "PipelineExecutionArn": execution.arn,
                    "StartTime": epoch(execution.created),
                    "PipelineExecutionStatus": execution.status.name(),
                    "PipelineExecutionDescription": execution.description,
                    "PipelineExecutionDisplayName": execution.display_name,
                    "PipelineExecutionFailureReason": execution.failure,
                }));
                // Numbered, so that two that started in one millisecond keep their order.
                (format!("{:012}", execution.number), epoch(execution.created), Value::Object(summary))
            })
        });
        list(input, "ListPipelineExecutions", "PipelineExecutionSummaries", true, executions)
    }

    pub(super) fn list_pipeline_execution_steps(&self, input: &Input) -> ServiceResult {
        let execution = self.execution(input)?;
        let steps =
            execution.steps.iter().enumerate().map(|(order, step)| (format!("{order:06}"), json!(order), step_summary(step))).collect();
        list(input, "ListPipelineExecutionSteps", "PipelineExecutionSteps", false, steps)
    }

    pub(super) fn list_pipeline_parameters_for_execution(&self, input: &Input) -> ServiceResult {
        let execution = self.execution(input)?;
        let parameters = execution
            .parameters
            .iter()
            .enumerate()
            .map(|(order, (name, value))| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                (format!("{order:06}"), json!(order), json!({ "Name": name, "Value": text }))
            })
            .collect();
        list(input, "ListPipelineParametersForExecution", "PipelineParameters", false, parameters)
    }

    pub(super) fn describe_pipeline_definition_for_execution(&self, input: &Input) -> ServiceResult {
        let execution = self.execution(input)?;
        Ok(json!({ "PipelineDefinition": execution.definition, "CreationTime": epoch(execution.created) }))
    }

    pub(super) fn stop_pipeline_execution(&self, input: &Input) -> ServiceResult {
        let execution = self.execution(input)?;
        if execution.status.ended() {
            return Err(invalid(format!(
                "Pipeline execution with ARN {} has status {} and cannot be stopped.",
                execution.arn,
                execution.status.name()
            )));
        }
        let time = self.account.clock.now();
        self.executions.change(&execution.id, |execution| {
            if execution.status == Status::Executing {
                execution.status = Status::Stopping;
                execution.updated = time;
                // Jobs are stopped; a function runs to its end.
                let job =
                    |record: &StepRecord| record.metadata.get("ProcessingJob").or_else(|| record.metadata.get("TrainingJob")).is_some();
                for record in execution.steps.iter_mut().filter(|record| record.status == Status::Executing && job(record)) {
                    record.status = Status::Stopping;
                }
            }
        })?;
        self.cancel(&execution.id);
        Ok(json!({ "PipelineExecutionArn": execution.arn }))
    }

    pub(super) fn update_pipeline_execution(&self, input: &Input) -> ServiceResult {
        let execution = self.execution(input)?;
        let (display, description) = (input.text("PipelineExecutionDisplayName")?, input.text("PipelineExecutionDescription")?);
        let parallel = parallelism(input)?;
        let time = self.account.clock.now();
        self.executions.change(&execution.id, |execution| {
            if let Some(display) = display {
                display.clone_into(&mut execution.display_name);
            }
            execution.description = description.map(str::to_owned).or(execution.description.take());
            execution.parallel = parallel.or(execution.parallel);
            execution.updated = time;
        })?;
        Ok(json!({ "PipelineExecutionArn": execution.arn }))
    }

    /// Runs the steps of a failed or stopped execution again that have not succeeded.
    pub(super) fn retry_pipeline_execution(self: &std::sync::Arc<Self>, input: &Input) -> ServiceResult {
        let execution = self.execution(input)?;
        if !matches!(execution.status, Status::Failed | Status::Stopped) {
            return Err(invalid(format!(
                "Only Failed or Stopped executions can be retried; {} is {}.",
                execution.arn,
                execution.status.name()
            )));
        }
        let definition =
            Definition::parse(&execution.definition).map_err(|error| invalid(format!("Unable to parse pipeline definition. {error}")))?;
        let time = self.account.clock.now();
        self.executions.change(&execution.id, |execution| {
            execution.steps.retain(|step| step.status == Status::Succeeded);
            execution.status = Status::Executing;
            execution.failure = None;
            execution.updated = time;
        })?;
        self.launch(execution.id, definition);
        Ok(json!({ "PipelineExecutionArn": execution.arn }))
    }
}

/// `MaxParallelExecutionSteps`, if it is given.
fn parallelism(input: &Input) -> ServiceResult<Option<usize>> {
    let Some(configuration) = input.object("ParallelismConfiguration")? else { return Ok(None) };
    let most = configuration.integer("MaxParallelExecutionSteps")?;
    match most.map(usize::try_from) {
        None => Ok(None),
        Some(Ok(most)) if most >= 1 => Ok(Some(most)),
        Some(_) => Err(invalid("ParallelismConfiguration.MaxParallelExecutionSteps has to be 1 or more")),
    }
}

/// The API's longest reason of a failure.
const LONGEST_REASON: usize = 1024;

fn reason(text: &str) -> &str {
    let mut end = text.len().min(LONGEST_REASON);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn step_summary(step: &StepRecord) -> Value {
    Value::Object(doc(json!({
        "StepName": step.name,
        "StepDisplayName": step.display_name,
        "StepDescription": step.description,
        "StartTime": epoch(step.started),
        "EndTime": step.ended.map(epoch),
        "StepStatus": step.status.name(),
        "FailureReason": step.failure.as_deref().map(reason),
        "CacheHitResult": step.cached_from.as_ref().map(|arn| json!({ "SourcePipelineExecutionArn": arn })),
        "Metadata": step.metadata,
        "AttemptCount": step.attempts,
    })))
}

/// Twelve lower-case letters and digits, as `SageMaker`'s execution ids are.
fn execution_id(pipeline: &str, number: u64, time: DateTime<Utc>) -> String {
    let digest = Sha256::digest(format!("{pipeline}/{number}/{}", time.timestamp_nanos_opt().unwrap_or_default()));
    digest.iter().take(12).map(|byte| char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[usize::from(byte % 36)])).collect()
}

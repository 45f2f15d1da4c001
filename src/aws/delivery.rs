//! The stages from a commit to production (CodePipeline).

use aws_sdk_codepipeline::error::BuildError;
use aws_sdk_codepipeline::types::{
    ActionCategory, ActionDeclaration, ActionOwner, ActionTypeId, ApprovalResult, ApprovalStatus, ArtifactStore, ArtifactStoreType,
    EnvironmentVariable, ExecutionMode, InputArtifact, OutputArtifact, PipelineDeclaration, PipelineType, StageDeclaration, StageRetryMode,
    Tag,
};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::client::{Lazy, Source, Tags, lazy_client, time};
use super::error::fault;
use super::{AwsError, AwsErrorKind};

const SERVICE: &str = "CodePipeline";

/// A stage, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageState {
    /// Name.
    pub name: String,
    /// `InProgress`, `Succeeded`, `Failed`, `Stopped`, …; `None` before it was ever reached.
    pub status: Option<String>,
    /// The execution that is or was in it.
    pub execution: Option<String>,
    /// Actions in order.
    pub actions: Vec<ActionState>,
}

/// An action, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionState {
    /// Name.
    pub name: String,
    /// `InProgress`, `Succeeded`, `Failed`, `Abandoned`; `None` before it was ever reached.
    pub status: Option<String>,
    /// What it says about itself, or why it failed.
    pub summary: String,
    /// Last change.
    pub at: Option<DateTime<Utc>>,
    /// The token under which a person decides, while one is asked.
    pub token: Option<String>,
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryExecution {
    /// Id.
    pub id: String,
    /// `InProgress`, `Succeeded`, `Failed`, `Stopped`, `Superseded`, …
    pub status: String,
    /// Why it stands so.
    pub summary: Option<String>,
    /// The commit that it began with.
    pub commit: Option<String>,
}

/// The gateway.
pub struct Delivery {
    client: Lazy<aws_sdk_codepipeline::Client>,
}

impl Delivery {
    pub(super) fn new(source: &Source) -> Self {
        Delivery { client: lazy_client!(source, aws_sdk_codepipeline) }
    }

    /// The tags of a pipeline, if it exists.
    pub async fn tags(&self, name: &str) -> Result<Option<Tags>, AwsError> {
        let client = self.client.get();
        let arn = match client.get_pipeline().name(name).send().await.map_err(fault(SERVICE, "GetPipeline")) {
            Ok(said) => said.metadata().and_then(|metadata| metadata.pipeline_arn()).unwrap_or_default().to_owned(),
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let said = client.list_tags_for_resource().resource_arn(arn).send().await.map_err(fault(SERVICE, "ListTagsForResource"))?;
        Ok(Some(said.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()))
    }

    /// Makes a pipeline of a declaration; its first execution begins at once.
    pub async fn create(&self, declaration: &Value, tags: &Tags) -> Result<(), AwsError> {
        let unbuilt = |error: BuildError| AwsError {
            service: SERVICE,
            operation: "CreatePipeline",
            code: String::new(),
            message: error.to_string(),
            kind: AwsErrorKind::Validation,
        };
        let mut request = self.client.get().create_pipeline().pipeline(declared(declaration).map_err(unbuilt)?);
        for (key, value) in tags {
            request = request.tags(Tag::builder().key(key).value(value).build().map_err(unbuilt)?);
        }
        request.send().await.map_err(fault(SERVICE, "CreatePipeline")).map(drop)
    }

    /// Removes a pipeline; one that is not there is no error.
    pub async fn delete(&self, name: &str) -> Result<bool, AwsError> {
        self.client.get().delete_pipeline().name(name).send().await.map_err(fault(SERVICE, "DeletePipeline")).map(|_| true)
    }

    /// Starts an execution with the newest commit. Gives its id.
    pub async fn start(&self, name: &str) -> Result<String, AwsError> {
        let said =
            self.client.get().start_pipeline_execution().name(name).send().await.map_err(fault(SERVICE, "StartPipelineExecution"))?;
        Ok(said.pipeline_execution_id().unwrap_or_default().to_owned())
    }

    /// The stages, if the pipeline exists.
    pub async fn state(&self, name: &str) -> Result<Option<Vec<StageState>>, AwsError> {
        match self.client.get().get_pipeline_state().name(name).send().await.map_err(fault(SERVICE, "GetPipelineState")) {
            Ok(said) => Ok(Some(said.stage_states().iter().map(stage).collect())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Executions, the newest first, `most` at most.
    pub async fn executions(&self, name: &str, most: u8) -> Result<Vec<DeliveryExecution>, AwsError> {
        let request = self.client.get().list_pipeline_executions().pipeline_name(name).max_results(i32::from(most.min(100)));
        let said = request.send().await.map_err(fault(SERVICE, "ListPipelineExecutions"))?;
        let executions = said.pipeline_execution_summaries().iter().map(|summary| DeliveryExecution {
            id: summary.pipeline_execution_id().unwrap_or_default().to_owned(),
            status: summary.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            summary: summary.status_summary().map(str::to_owned),
            commit: summary.source_revisions().first().and_then(|revision| revision.revision_id()).map(str::to_owned),
        });
        Ok(executions.collect())
    }

    /// An output variable of an action of an execution, if there is one.
    pub async fn variable(&self, name: &str, execution: &str, variable: &str) -> Result<Option<String>, AwsError> {
        let filter = aws_sdk_codepipeline::types::ActionExecutionFilter::builder().pipeline_execution_id(execution).build();
        let request = self.client.get().list_action_executions().pipeline_name(name).filter(filter).max_results(100);
        let said = request.send().await.map_err(fault(SERVICE, "ListActionExecutions"))?;
        let found = said.action_execution_details().iter().find_map(|detail| detail.output()?.output_variables()?.get(variable));
        Ok(found.cloned())
    }

    /// Decides for the person who was asked.
    pub async fn decide(&self, name: &str, stage: &str, action: &str, token: &str, yes: bool, reason: &str) -> Result<(), AwsError> {
        let status = if yes { ApprovalStatus::Approved } else { ApprovalStatus::Rejected };
        let result = ApprovalResult::builder().summary(reason).status(status).build().map_err(|error| AwsError {
            service: SERVICE,
            operation: "PutApprovalResult",
            code: String::new(),
            message: error.to_string(),
            kind: AwsErrorKind::Validation,
        })?;
        let request = self.client.get().put_approval_result().pipeline_name(name).stage_name(stage).action_name(action);
        request.token(token).result(result).send().await.map_err(fault(SERVICE, "PutApprovalResult")).map(drop)
    }

    /// Runs the failed actions of a stage again.
    pub async fn retry(&self, name: &str, stage: &str, execution: &str) -> Result<(), AwsError> {
        let request = self
            .client
            .get()
            .retry_stage_execution()
            .pipeline_name(name)
            .stage_name(stage)
            .pipeline_execution_id(execution)
            .retry_mode(StageRetryMode::FailedActions);
        request.send().await.map_err(fault(SERVICE, "RetryStageExecution")).map(drop)
    }

    /// Stops an execution; `abandon` leaves what is at work behind.
    pub async fn stop(&self, name: &str, execution: &str, abandon: bool, reason: &str) -> Result<(), AwsError> {
        let request = self.client.get().stop_pipeline_execution().pipeline_name(name).pipeline_execution_id(execution);
        request.abandon(abandon).reason(reason).send().await.map_err(fault(SERVICE, "StopPipelineExecution")).map(drop)
    }
}

fn stage(state: &aws_sdk_codepipeline::types::StageState) -> StageState {
    let latest = state.latest_execution();
    let actions = state.action_states().iter().map(|action| {
        let latest = action.latest_execution();
        let failed = latest.and_then(|latest| latest.error_details()).and_then(|error| error.message());
        ActionState {
            name: action.action_name().unwrap_or_default().to_owned(),
            status: latest.and_then(|latest| latest.status()).map(|status| status.as_str().to_owned()),
            summary: latest.and_then(|latest| latest.summary()).or(failed).unwrap_or_default().to_owned(),
            at: latest.and_then(|latest| time(latest.last_status_change())),
            token: latest.and_then(|latest| latest.token()).map(str::to_owned),
        }
    });
    StageState {
        name: state.stage_name().unwrap_or_default().to_owned(),
        status: latest.map(|latest| latest.status().as_str().to_owned()),
        execution: latest.map(|latest| latest.pipeline_execution_id().to_owned()),
        actions: actions.collect(),
    }
}

/// A declaration as the client takes it.
fn declared(declaration: &Value) -> Result<PipelineDeclaration, BuildError> {
    let text = |value: &Value, name: &str| value[name].as_str().map(str::to_owned);
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let store = &declaration["artifactStore"];
    let store = ArtifactStore::builder()
        .r#type(ArtifactStoreType::from(store["type"].as_str().unwrap_or("S3")))
        .set_location(text(store, "location"))
        .build()?;
    let mut pipeline = PipelineDeclaration::builder()
        .set_name(text(declaration, "name"))
        .set_role_arn(text(declaration, "roleArn"))
        .set_pipeline_type(text(declaration, "pipelineType").map(|kind| PipelineType::from(kind.as_str())))
        .set_execution_mode(text(declaration, "executionMode").map(|mode| ExecutionMode::from(mode.as_str())))
        .artifact_store(store);
    for stage in list(declaration, "stages") {
        let mut built = StageDeclaration::builder().set_name(text(&stage, "name"));
        for action in list(&stage, "actions") {
            let kind = &action["actionTypeId"];
            let kind = ActionTypeId::builder()
                .category(ActionCategory::from(kind["category"].as_str().unwrap_or_default()))
                .owner(ActionOwner::from(kind["owner"].as_str().unwrap_or_default()))
                .set_provider(text(kind, "provider"))
                .set_version(text(kind, "version"))
                .build()?;
            let mut built_action = ActionDeclaration::builder()
                .set_name(text(&action, "name"))
                .action_type_id(kind)
                .set_run_order(action["runOrder"].as_i64().and_then(|order| i32::try_from(order).ok()))
                .set_namespace(text(&action, "namespace"));
            for (name, value) in action["configuration"].as_object().into_iter().flatten() {
                built_action = built_action.configuration(name, value.as_str().unwrap_or_default());
            }
            for command in list(&action, "commands") {
                built_action = built_action.commands(command.as_str().unwrap_or_default());
            }
            for variable in list(&action, "environmentVariables") {
                let variable = EnvironmentVariable::builder().set_name(text(&variable, "name")).set_value(text(&variable, "value"));
                built_action = built_action.environment_variables(variable.build()?);
            }
            for variable in list(&action, "outputVariables") {
                built_action = built_action.output_variables(variable.as_str().unwrap_or_default());
            }
            for artifact in list(&action, "inputArtifacts") {
                built_action = built_action.input_artifacts(InputArtifact::builder().set_name(text(&artifact, "name")).build()?);
            }
            for artifact in list(&action, "outputArtifacts") {
                built_action = built_action.output_artifacts(OutputArtifact::builder().set_name(text(&artifact, "name")).build()?);
            }
            built = built.actions(built_action.build()?);
        }
        pipeline = pipeline.stages(built.build()?);
    }
    pipeline.build()
}

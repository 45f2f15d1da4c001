//! `CodePipeline`: pipelines of stages that begin with a commit.
//!
//! `declaration` checks what a pipeline is declared to be, `record` keeps its executions, `advance` takes one from action to action,
//! `actions` does the work of each as the pipeline's role (`role`), `describe` tells of them. An execution waits in front of a stage that another one is in; a newer one
//! that comes to wait there supersedes it.

mod actions;
mod advance;
mod approval;
mod declaration;
mod deliver;
mod describe;
mod record;
mod role;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::record::{Execution, Status};
use super::kept::{Kept, Shelf};
use crate::local::account::Account;
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Call, Input, epoch, respond, without_nulls};
use crate::local::store::StoreError;

/// The operation by which `CodeCommit` tells of a commit. It is no operation of the service, and only other services can call it.
pub(super) const SOURCE_CHANGED: &str = "SourceChanged";

/// Why something that was at work when the process ended has failed.
const INTERRUPTED: &str = "The process that ran the embedded AWS ended while this was at work. Retry the stage.";

/// The service.
pub struct CodePipeline {
    inner: Arc<Inner>,
}

/// What requests and running work share.
pub(super) struct Inner {
    account: Account,
    pipelines: Kept<Pipelines>,
    executions: Shelf<Execution>,
    /// Decisions on what runs next are made one at a time. Holds the executions that a task takes on.
    turn: Mutex<HashSet<String>>,
    /// Ends all work when the service goes away.
    root: CancellationToken,
    /// Ends the work of one execution.
    at_work: Mutex<HashMap<String, CancellationToken>>,
}

type Pipelines = BTreeMap<String, Pipeline>;

/// A pipeline, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pipeline {
    declaration: Value,
    version: u64,
    created: chrono::DateTime<chrono::Utc>,
    changed: chrono::DateTime<chrono::Utc>,
    tags: BTreeMap<String, String>,
    /// Executions begun so far.
    executions: u64,
}

impl CodePipeline {
    /// Opens the service. What was at work when the process ended has failed, and says so.
    pub fn open(account: Account) -> Result<Self, StoreError> {
        let inner = Inner {
            pipelines: Kept::open(&account.store, "services/codepipeline/pipelines")?,
            executions: Shelf::open(&account.store, "services/codepipeline/executions")?,
            turn: Mutex::default(),
            root: CancellationToken::new(),
            at_work: Mutex::default(),
            account,
        };
        if let Err(error) = inner.fail_interrupted() {
            tracing::error!(%error, "interrupted executions of CodePipeline could not be marked as failed");
        }
        Ok(CodePipeline { inner: Arc::new(inner) })
    }
}

impl Drop for CodePipeline {
    fn drop(&mut self) {
        self.inner.root.cancel();
    }
}

fn refused(code: &'static str, message: impl Into<String>) -> ServiceError {
    ServiceError::new(code, message)
}

fn no_pipeline(name: &str) -> ServiceError {
    refused("PipelineNotFoundException", format!("Account does not have a pipeline with name '{name}'"))
}

impl Inner {
    fn dispatch(self: &Arc<Self>, request: &Request) -> ServiceResult {
        let call = Call::parse(request, "ValidationException")?;
        let input = &call.input;
        match call.operation {
            "CreatePipeline" => self.create_pipeline(input),
            "UpdatePipeline" => self.update_pipeline(input),
            "GetPipeline" => self.get_pipeline(input),
            "ListPipelines" => self.list_pipelines(input),
            "DeletePipeline" => self.delete_pipeline(input),
            "TagResource" => self.tag_resource(input),
            "ListTagsForResource" => self.list_tags_for_resource(input),
            "StartPipelineExecution" => self.start_pipeline_execution(input),
            "StopPipelineExecution" => self.stop_pipeline_execution(input),
            "RetryStageExecution" => self.retry_stage_execution(input),
            "PutApprovalResult" => self.put_approval_result(input),
            "GetPipelineState" => self.get_pipeline_state(input),
            "GetPipelineExecution" => self.get_pipeline_execution(input),
            "ListPipelineExecutions" => self.list_pipeline_executions(input),
            "ListActionExecutions" => self.list_action_executions(input),
            SOURCE_CHANGED if is_internal(request) => self.source_changed(input),
            _ => Err(call.unknown()),
        }
    }

    /// A pipeline of a name.
    fn pipeline(&self, name: &str) -> ServiceResult<Pipeline> {
        self.pipelines.read(|pipelines| pipelines.get(name).cloned()).ok_or_else(|| no_pipeline(name))
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:codepipeline:{}:{}:{name}", self.account.region, self.account.id)
    }

    fn create_pipeline(self: &Arc<Self>, input: &Input) -> ServiceResult {
        let declared = input.required_object("pipeline")?;
        let (name, mut declaration) = declaration::check(&declared)?;
        self.check_role(declared.required_text("roleArn")?)?;
        let tags: BTreeMap<String, String> = input.tags("tags")?.into_iter().collect();
        let now = self.account.clock.now();
        declaration["version"] = json!(1);
        self.pipelines.change(|pipelines| {
            if pipelines.contains_key(&name) {
                return Err(refused("PipelineNameInUseException", format!("A pipeline with the name '{name}' already exists in account")));
            }
            let declaration = declaration.clone();
            let pipeline = Pipeline { declaration, version: 1, created: now, changed: now, tags: tags.clone(), executions: 0 };
            pipelines.insert(name.clone(), pipeline);
            Ok(())
        })?;
        // A pipeline that is made runs at once.
        self.begin(&name, "CreatePipeline", &name)?;
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        Ok(json!({ "pipeline": declaration, "tags": tags }))
    }

    fn update_pipeline(&self, input: &Input) -> ServiceResult {
        let declared = input.required_object("pipeline")?;
        let (name, mut declaration) = declaration::check(&declared)?;
        self.check_role(declared.required_text("roleArn")?)?;
        let now = self.account.clock.now();
        self.pipelines.change(|pipelines| {
            let pipeline = pipelines.get_mut(&name).ok_or_else(|| no_pipeline(&name))?;
            pipeline.version += 1;
            pipeline.changed = now;
            declaration["version"] = json!(pipeline.version);
            pipeline.declaration = declaration.clone();
            Ok(json!({ "pipeline": declaration }))
        })
    }

    fn get_pipeline(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("name")?;
        let pipeline = self.pipeline(name)?;
        if let Some(version) = input.integer("version")?
            && u64::try_from(version).ok() != Some(pipeline.version)
        {
            return Err(refused("PipelineVersionNotFoundException", format!("The embedded AWS keeps the newest version of '{name}' only")));
        }
        Ok(json!({
            "pipeline": pipeline.declaration,
            "metadata": { "pipelineArn": self.arn(name), "created": epoch(pipeline.created), "updated": epoch(pipeline.changed) },
        }))
    }

    fn list_pipelines(&self, _: &Input) -> ServiceResult {
        let listed: Vec<Value> = self.pipelines.read(|pipelines| {
            let summary = |(name, pipeline): (&String, &Pipeline)| {
                without_nulls(json!({
                    "name": name,
                    "version": pipeline.version,
                    "pipelineType": pipeline.declaration.get("pipelineType"),
                    "executionMode": pipeline.declaration.get("executionMode"),
                    "created": epoch(pipeline.created),
                    "updated": epoch(pipeline.changed),
                }))
            };
            pipelines.iter().map(summary).collect()
        });
        Ok(json!({ "pipelines": listed }))
    }

    fn delete_pipeline(&self, input: &Input) -> ServiceResult {
        let name = input.required_text("name")?;
        // Deleting one that is not there is no error.
        self.pipelines.change(|pipelines| Ok(pipelines.remove(name)))?;
        for id in self.executions.collect(|execution| (execution.pipeline == name).then(|| execution.id.clone())) {
            if let Some(token) = self.at_work.lock().remove(&id) {
                token.cancel();
            }
            self.executions.remove(&id)?;
        }
        Ok(Value::Null)
    }

    fn tag_resource(&self, input: &Input) -> ServiceResult {
        let arn = input.required_text("resourceArn")?;
        let name = arn.rsplit(':').next().unwrap_or(arn);
        let tags = input.tags("tags")?;
        self.pipelines.change(|pipelines| {
            pipelines.get_mut(name).ok_or_else(|| refused("ResourceNotFoundException", format!("{arn} does not exist")))?.tags.extend(tags);
            Ok(Value::Null)
        })
    }

    fn list_tags_for_resource(&self, input: &Input) -> ServiceResult {
        let arn = input.required_text("resourceArn")?;
        let name = arn.rsplit(':').next().unwrap_or(arn);
        let tags = self.pipelines.read(|pipelines| pipelines.get(name).map(|pipeline| pipeline.tags.clone()));
        let tags = tags.ok_or_else(|| refused("ResourceNotFoundException", format!("{arn} does not exist")))?;
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        Ok(json!({ "tags": tags }))
    }

    /// A commit starts every pipeline that begins with its branch.
    fn source_changed(self: &Arc<Self>, input: &Input) -> ServiceResult {
        let (repository, branch) = (input.required_text("repositoryName")?, input.required_text("branchName")?);
        let begins = |pipeline: &Pipeline| {
            let actions = pipeline.declaration["stages"][0]["actions"].as_array();
            actions.into_iter().flatten().any(|action| {
                let configuration = &action["configuration"];
                configuration["RepositoryName"] == repository && configuration["BranchName"] == branch
            })
        };
        let names: Vec<String> = self
            .pipelines
            .read(|pipelines| pipelines.iter().filter(|(_, pipeline)| begins(pipeline)).map(|(name, _)| name.clone()).collect());
        for name in names {
            self.begin(&name, "PollForSourceChanges", &format!("{repository}/{branch}"))?;
        }
        Ok(Value::Null)
    }

    fn fail_interrupted(&self) -> ServiceResult<()> {
        let now = self.account.clock.now();
        let at_work = self.executions.collect(|execution| {
            let waits = execution.pending_approval().is_some();
            (matches!(execution.status, Status::InProgress | Status::Stopping) && !waits).then(|| execution.id.clone())
        });
        for id in at_work {
            self.executions.change(&id, |execution| execution.fail(INTERRUPTED, now))?;
        }
        Ok(())
    }
}

/// Whether another service of the account sent a request.
fn is_internal(request: &Request) -> bool {
    request.headers.get("x-amz-target").is_some_and(|target| target.as_bytes().starts_with(b"Internal."))
        && request.uri.starts_with("https://codepipeline.internal/")
}

#[async_trait]
impl Service for CodePipeline {
    fn signing_name(&self) -> &'static str {
        "codepipeline"
    }

    async fn handle(&self, request: Request) -> Response {
        respond(self.inner.dispatch(&request))
    }
}

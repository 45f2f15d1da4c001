//! `SageMaker`: pipelines and their executions, processing and training jobs, the model registry, models and endpoints.
//!
//! The definition that is sent is the one that runs: `definition` parses and checks it, `expression` gives its variables their values,
//! `execution` runs its steps in the order of their references, `steps` and `jobs` do the work of each, as the roles that `roles` gives
//! them. `registry` and `hosting` hold what comes out. Everything is kept in documents (`super::kept`) that change in one rename.

mod admission;
mod cache;
mod definition;
mod execution;
mod expression;
pub(crate) mod hosting;
pub(crate) mod instances;
mod jobs;
mod names;
mod pipelines;
mod registry;
mod roles;
mod steps;
mod tags;
mod transform;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use self::execution::{Execution, Status};
use self::hosting::{Hosting, Loaded};
use self::jobs::{Job, JobKind};
use self::pipelines::Pipelines;
use self::registry::Registry;
use self::tags::Tags;
use self::transform::Transform;
use super::cloudformation::DOMAIN_OPERATIONS;
use super::cloudwatch::Meters;
use super::kept::{Kept, Shelf};
use super::sagemaker_runtime::SageMakerRuntime;
use super::servicequotas::Quotas;
use crate::local::account::Account;
use crate::local::service::{Request, Response, Service, ServiceResult};
use crate::local::services::protocol::aws_json::{Call, respond};
use crate::local::store::StoreError;

/// Why something that was at work when the process ended has failed.
const INTERRUPTED: &str = "InternalServerError: the process that ran the embedded AWS ended while this was at work. Run it again.";

/// The service.
pub struct SageMaker {
    inner: Arc<Inner>,
}

/// What requests and running work share.
pub(crate) struct Inner {
    account: Account,
    pipelines: Kept<Pipelines>,
    executions: Shelf<Execution>,
    jobs: Shelf<Job>,
    transforms: Shelf<Transform>,
    registry: Kept<Registry>,
    hosting: Kept<Hosting>,
    tags: Kept<Tags>,
    /// How many instances the account may run.
    quotas: Arc<Quotas>,
    /// Held from the look at what runs until what is admitted is on record.
    admission: Mutex<()>,
    loaded: Loaded,
    /// Ends all work when the service goes away.
    root: CancellationToken,
    /// Ends the work of one execution or job.
    at_work: Mutex<HashMap<String, CancellationToken>>,
    counter: AtomicU64,
}

impl SageMaker {
    /// Opens the service, which runs no more instances than `quotas` allow. What was at work when the process ended has failed, and says so.
    pub(crate) fn open(account: Account, quotas: Arc<Quotas>) -> Result<Self, StoreError> {
        let store = account.store.clone();
        let inner = Inner {
            pipelines: Kept::open(&store, "services/sagemaker/pipelines")?,
            executions: Shelf::open(&store, "services/sagemaker/executions")?,
            jobs: Shelf::open(&store, "services/sagemaker/jobs")?,
            transforms: Shelf::open(&store, "services/sagemaker/transforms")?,
            registry: Kept::open(&store, "services/sagemaker/registry")?,
            hosting: Kept::open(&store, "services/sagemaker/hosting")?,
            tags: Kept::open(&store, "services/sagemaker/tags")?,
            quotas,
            admission: Mutex::default(),
            loaded: Loaded::default(),
            root: CancellationToken::new(),
            at_work: Mutex::default(),
            counter: AtomicU64::new(0),
            account,
        };
        if let Err(error) = inner.fail_interrupted() {
            tracing::error!(%error, "interrupted pipeline executions could not be marked as failed");
        }
        Ok(SageMaker { inner: Arc::new(inner) })
    }

    /// The runtime, which answers for the endpoints of this service and counts what it does.
    pub(crate) fn runtime(&self, meters: Arc<Meters>) -> SageMakerRuntime {
        SageMakerRuntime::new(self.inner.clone(), meters)
    }
}

impl Drop for SageMaker {
    fn drop(&mut self) {
        self.inner.root.cancel();
    }
}

impl Inner {
    /// A token for new work.
    fn register(&self, key: &str) -> CancellationToken {
        let token = self.root.child_token();
        self.at_work.lock().insert(key.to_owned(), token.clone());
        token
    }

    /// Makes work stoppable that has a token already.
    fn adopt(&self, key: &str, token: &CancellationToken) {
        self.at_work.lock().insert(key.to_owned(), token.clone());
    }

    fn unregister(&self, key: &str) {
        self.at_work.lock().remove(key);
    }

    fn cancel(&self, key: &str) {
        if let Some(token) = self.at_work.lock().get(key) {
            token.cancel();
        }
    }

    /// A text that does not occur twice: lower-case letters and digits.
    fn unique(&self, seed: &str) -> String {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let time = self.account.clock.now().timestamp_nanos_opt().unwrap_or_default();
        let digest = Sha256::digest(format!("{seed}/{number}/{time}"));
        digest.iter().map(|byte| char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[usize::from(byte % 36)])).collect()
    }

    fn fail_interrupted(&self) -> ServiceResult<()> {
        self.fail_interrupted_jobs()?;
        self.fail_interrupted_transforms()?;
        let time = self.account.clock.now();
        for id in self.executions.collect(|execution| (!execution.status.ended()).then(|| execution.id.clone())) {
            self.executions.change(&id, |execution| {
                execution.status = Status::Failed;
                execution.failure = Some(INTERRUPTED.to_owned());
                execution.updated = time;
                for step in execution.steps.iter_mut().filter(|step| !step.status.ended()) {
                    step.status = Status::Failed;
                    step.failure = Some(INTERRUPTED.to_owned());
                    step.ended = Some(time);
                }
            })?;
        }
        Ok(())
    }

    fn dispatch(self: &Arc<Self>, request: &Request) -> ServiceResult {
        let call = Call::parse(request, "ValidationException")?;
        let input = &call.input;
        match call.operation {
            "CreatePipeline" => self.create_pipeline(input),
            "UpdatePipeline" => self.update_pipeline(input),
            "DescribePipeline" => self.describe_pipeline(input),
            "DeletePipeline" => self.delete_pipeline(input),
            "ListPipelines" => self.list_pipelines(input),
            "StartPipelineExecution" => self.start_pipeline_execution(input),
            "DescribePipelineExecution" => self.describe_pipeline_execution(input),
            "ListPipelineExecutions" => self.list_pipeline_executions(input),
            "ListPipelineExecutionSteps" => self.list_pipeline_execution_steps(input),
            "ListPipelineParametersForExecution" => self.list_pipeline_parameters_for_execution(input),
            "DescribePipelineDefinitionForExecution" => self.describe_pipeline_definition_for_execution(input),
            "StopPipelineExecution" => self.stop_pipeline_execution(input),
            "RetryPipelineExecution" => self.retry_pipeline_execution(input),
            "UpdatePipelineExecution" => self.update_pipeline_execution(input),
            "CreateProcessingJob" => self.create_job(input, JobKind::Processing),
            "DescribeProcessingJob" => self.describe_job(input, JobKind::Processing),
            "ListProcessingJobs" => self.list_jobs(input, JobKind::Processing),
            "StopProcessingJob" => self.stop_job(input, JobKind::Processing),
            "CreateTrainingJob" => self.create_job(input, JobKind::Training),
            "DescribeTrainingJob" => self.describe_job(input, JobKind::Training),
            "ListTrainingJobs" => self.list_jobs(input, JobKind::Training),
            "StopTrainingJob" => self.stop_job(input, JobKind::Training),
            "CreateTransformJob" => self.create_transform_job(input),
            "DescribeTransformJob" => self.describe_transform_job(input),
            "ListTransformJobs" => self.list_transform_jobs(input),
            "StopTransformJob" => self.stop_transform_job(input),
            "CreateModelPackageGroup" => self.create_model_package_group(input),
            "DescribeModelPackageGroup" => self.describe_model_package_group(input),
            "ListModelPackageGroups" => self.list_model_package_groups(input),
            "DeleteModelPackageGroup" => self.delete_model_package_group(input),
            "CreateModelPackage" => self.create_model_package(input),
            "DescribeModelPackage" => self.describe_model_package(input),
            "UpdateModelPackage" => self.update_model_package(input),
            "DeleteModelPackage" => self.delete_model_package(input),
            "ListModelPackages" => self.list_model_packages(input),
            "CreateModel" => self.create_model(input),
            "DescribeModel" => self.describe_model(input),
            "ListModels" => self.list_models(input),
            "DeleteModel" => self.delete_model(input),
            "CreateEndpointConfig" => self.create_endpoint_config(input),
            "DescribeEndpointConfig" => self.describe_endpoint_config(input),
            "ListEndpointConfigs" => self.list_endpoint_configs(input),
            "DeleteEndpointConfig" => self.delete_endpoint_config(input),
            "CreateEndpoint" => self.create_endpoint(input),
            "UpdateEndpoint" => self.update_endpoint(input),
            "UpdateEndpointWeightsAndCapacities" => self.update_endpoint_weights_and_capacities(input),
            "DescribeEndpoint" => self.describe_endpoint(input),
            "ListEndpoints" => self.list_endpoints(input),
            "DeleteEndpoint" => self.delete_endpoint(input),
            "AddTags" => self.add_tags(input),
            "ListTags" => self.list_tags(input),
            "DeleteTags" => self.delete_tags(input),
            _ => Err(call.unknown()),
        }
    }
}

#[async_trait]
impl Service for SageMaker {
    fn signing_name(&self) -> &'static str {
        "sagemaker"
    }

    async fn handle(&self, request: Request) -> Response {
        // The domains of the studio were made by stacks, which know of them.
        if let Some(operation) = request.json_operation().filter(|operation| DOMAIN_OPERATIONS.contains(operation)) {
            let input = Call::parse(&request, "ValidationException").map(|call| Value::Object(call.input.fields().clone()));
            return respond(match input {
                Ok(input) => self.inner.account.services.json("cloudformation", operation, &input).await,
                Err(error) => Err(error),
            });
        }
        respond(self.inner.dispatch(&request))
    }
}

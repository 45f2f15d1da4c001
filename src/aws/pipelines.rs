//! Pipelines and their executions (SageMaker).

use chrono::{DateTime, Utc};

use super::AwsError;
use super::client::{Lazy, Source, Tags, lazy_client, time};
use super::error::fault;

const SERVICE: &str = "SageMaker";

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// ARN.
    pub arn: String,
    /// `Active`, `Deleting`.
    pub status: String,
    /// Definition, JSON.
    pub definition: String,
    /// Role of its executions.
    pub role: String,
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// ARN.
    pub arn: String,
    /// Display name.
    pub name: String,
    /// What it was started with, in the words of who started it.
    pub description: String,
    /// `Executing`, `Stopping`, `Stopped`, `Failed`, `Succeeded`.
    pub status: String,
    /// Start.
    pub started: Option<DateTime<Utc>>,
    /// Last change.
    pub updated: Option<DateTime<Utc>>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// A step of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionStep {
    /// Name in the definition.
    pub name: String,
    /// `Starting`, `Executing`, `Stopping`, `Stopped`, `Failed`, `Succeeded`.
    pub status: String,
    /// Start.
    pub started: Option<DateTime<Utc>>,
    /// End.
    pub ended: Option<DateTime<Utc>>,
    /// Why it failed.
    pub failure: Option<String>,
    /// What it ran.
    pub work: StepWork,
}

/// What a step ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepWork {
    /// Not known (yet).
    None,
    /// A processing job, by ARN.
    Processing(String),
    /// A training job, by ARN.
    Training(String),
    /// A function, by ARN, with its output parameters.
    Function(String, Vec<(String, String)>),
    /// A condition: its outcome.
    Condition(Option<bool>),
    /// A registration: the package's ARN.
    Registration(String),
    /// A failure that the definition asks for.
    Failure(String),
}

/// Outputs of a processing job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOutputs {
    /// State of the job.
    pub status: String,
    /// Message at the end of the job.
    pub message: Option<String>,
    /// Output name and `s3://` location.
    pub outputs: Vec<(String, String)>,
}

/// The state of a training job.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingJob {
    /// `InProgress`, `Completed`, …
    pub status: String,
    /// The newest message of its transitions.
    pub message: String,
    /// Final metrics.
    pub metrics: Vec<(String, f64)>,
}

/// The gateway.
pub struct Pipelines {
    client: Lazy<aws_sdk_sagemaker::Client>,
}

impl Pipelines {
    pub(super) fn new(source: &Source) -> Self {
        Pipelines { client: lazy_client!(source, aws_sdk_sagemaker) }
    }

    /// The pipeline, if it exists.
    pub async fn find(&self, name: &str) -> Result<Option<Pipeline>, AwsError> {
        match self.client.get().describe_pipeline().pipeline_name(name).send().await.map_err(fault(SERVICE, "DescribePipeline")) {
            Ok(said) => Ok(Some(Pipeline {
                arn: said.pipeline_arn().unwrap_or_default().to_owned(),
                status: said.pipeline_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                definition: said.pipeline_definition().unwrap_or_default().to_owned(),
                role: said.role_arn().unwrap_or_default().to_owned(),
            })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a pipeline. The same token makes it once.
    pub async fn create(
        &self,
        name: &str,
        description: &str,
        definition: &str,
        role: &str,
        tags: &Tags,
        token: &str,
    ) -> Result<(), AwsError> {
        let request = self
            .client
            .get()
            .create_pipeline()
            .pipeline_name(name)
            .pipeline_description(description)
            .pipeline_definition(definition)
            .role_arn(role)
            .client_request_token(token)
            .set_tags(Some(to_tags(tags)));
        request.send().await.map_err(fault(SERVICE, "CreatePipeline")).map(drop)
    }

    /// Replaces definition and role.
    pub async fn update(&self, name: &str, definition: &str, role: &str) -> Result<(), AwsError> {
        let request = self.client.get().update_pipeline().pipeline_name(name).pipeline_definition(definition).role_arn(role);
        request.send().await.map_err(fault(SERVICE, "UpdatePipeline")).map(drop)
    }

    /// Removes the pipeline. Gives false when it was not there.
    pub async fn delete(&self, name: &str, token: &str) -> Result<bool, AwsError> {
        let request = self.client.get().delete_pipeline().pipeline_name(name).client_request_token(token);
        match request.send().await.map_err(fault(SERVICE, "DeletePipeline")) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Starts an execution; gives its ARN. The same token starts it once.
    pub async fn start(&self, name: &str, description: &str, parameters: &[(String, String)], token: &str) -> Result<String, AwsError> {
        let mut request = self
            .client
            .get()
            .start_pipeline_execution()
            .pipeline_name(name)
            .pipeline_execution_description(description)
            .client_request_token(token);
        for (name, value) in parameters {
            let parameter = aws_sdk_sagemaker::types::Parameter::builder().name(name).value(value).build();
            request = request.pipeline_parameters(parameter);
        }
        let said = request.send().await.map_err(fault(SERVICE, "StartPipelineExecution"))?;
        Ok(said.pipeline_execution_arn().unwrap_or_default().to_owned())
    }

    /// Asks an execution to stop.
    pub async fn stop(&self, execution: &str, token: &str) -> Result<(), AwsError> {
        let request = self.client.get().stop_pipeline_execution().pipeline_execution_arn(execution).client_request_token(token);
        request.send().await.map_err(fault(SERVICE, "StopPipelineExecution")).map(drop)
    }

    /// An execution.
    pub async fn execution(&self, arn: &str) -> Result<Execution, AwsError> {
        let request = self.client.get().describe_pipeline_execution().pipeline_execution_arn(arn);
        let said = request.send().await.map_err(fault(SERVICE, "DescribePipelineExecution"))?;
        Ok(Execution {
            arn: said.pipeline_execution_arn().unwrap_or(arn).to_owned(),
            name: said.pipeline_execution_display_name().unwrap_or_default().to_owned(),
            description: said.pipeline_execution_description().unwrap_or_default().to_owned(),
            status: said.pipeline_execution_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            started: time(said.creation_time()),
            updated: time(said.last_modified_time()),
            failure: said.failure_reason().map(str::to_owned),
        })
    }

    /// The definition that an execution runs.
    pub async fn definition_of(&self, execution: &str) -> Result<String, AwsError> {
        let request = self.client.get().describe_pipeline_definition_for_execution().pipeline_execution_arn(execution);
        let said = request.send().await.map_err(fault(SERVICE, "DescribePipelineDefinitionForExecution"))?;
        Ok(said.pipeline_definition().unwrap_or_default().to_owned())
    }

    /// Executions of a pipeline, newest first, at most `most`; none when the pipeline does not exist.
    pub async fn executions(&self, pipeline: &str, most: usize) -> Result<Vec<Execution>, AwsError> {
        let mut executions = Vec::new();
        let mut token = None;
        loop {
            let request = self
                .client
                .get()
                .list_pipeline_executions()
                .pipeline_name(pipeline)
                .sort_order(aws_sdk_sagemaker::types::SortOrder::Descending)
                .max_results(i32::try_from(most.clamp(1, 100)).unwrap_or(100))
                .set_next_token(token.take());
            let said = match request.send().await.map_err(fault(SERVICE, "ListPipelineExecutions")) {
                Ok(said) => said,
                Err(error) if error.is_not_found() => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            executions.extend(said.pipeline_execution_summaries().iter().map(|summary| Execution {
                arn: summary.pipeline_execution_arn().unwrap_or_default().to_owned(),
                name: summary.pipeline_execution_display_name().unwrap_or_default().to_owned(),
                description: summary.pipeline_execution_description().unwrap_or_default().to_owned(),
                status: summary.pipeline_execution_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                started: time(summary.start_time()),
                updated: None,
                failure: summary.pipeline_execution_failure_reason().map(str::to_owned),
            }));
            token = said.next_token().map(str::to_owned);
            if token.is_none() || executions.len() >= most {
                executions.truncate(most);
                return Ok(executions);
            }
        }
    }

    /// Steps of an execution that have begun.
    pub async fn steps(&self, execution: &str) -> Result<Vec<ExecutionStep>, AwsError> {
        let mut steps = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_pipeline_execution_steps().pipeline_execution_arn(execution).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "ListPipelineExecutionSteps"))?;
            steps.extend(said.pipeline_execution_steps().iter().map(step));
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(steps);
            }
        }
    }

    /// Outputs of a processing job, by name or ARN.
    pub async fn processing_job(&self, job: &str) -> Result<JobOutputs, AwsError> {
        let request = self.client.get().describe_processing_job().processing_job_name(short_name(job));
        let said = request.send().await.map_err(fault(SERVICE, "DescribeProcessingJob"))?;
        Ok(JobOutputs {
            status: said.processing_job_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            message: said.exit_message().or(said.failure_reason()).map(str::to_owned),
            outputs: said
                .processing_output_config()
                .map(|outputs| outputs.outputs())
                .unwrap_or_default()
                .iter()
                .map(|output| {
                    let place = output.s3_output().and_then(|place| place.s3_uri()).unwrap_or_default();
                    (output.output_name().unwrap_or_default().to_owned(), place.to_owned())
                })
                .collect(),
        })
    }

    /// A training job, by name or ARN.
    pub async fn training_job(&self, job: &str) -> Result<TrainingJob, AwsError> {
        let request = self.client.get().describe_training_job().training_job_name(short_name(job));
        let said = request.send().await.map_err(fault(SERVICE, "DescribeTrainingJob"))?;
        Ok(TrainingJob {
            status: said.training_job_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            message: said
                .secondary_status_transitions()
                .iter()
                .rev()
                .find_map(|transition| transition.status_message().filter(|message| !message.is_empty()))
                .unwrap_or_default()
                .to_owned(),
            metrics: said
                .final_metric_data_list()
                .iter()
                .filter_map(|metric| Some((metric.metric_name()?.to_owned(), f64::from(metric.value()?))))
                .collect(),
        })
    }

    /// Tags of any SageMaker resource.
    pub async fn tags(&self, arn: &str) -> Result<Tags, AwsError> {
        let said = self.client.get().list_tags().resource_arn(arn).send().await.map_err(fault(SERVICE, "ListTags"))?;
        Ok(said.tags().iter().map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned())).collect())
    }
}

/// SageMaker's tags.
pub(super) fn to_tags(tags: &Tags) -> Vec<aws_sdk_sagemaker::types::Tag> {
    tags.iter().map(|(key, value)| aws_sdk_sagemaker::types::Tag::builder().key(key).value(value).build()).collect()
}

/// The name at the end of a job's ARN.
fn short_name(job: &str) -> &str {
    job.rsplit('/').next().unwrap_or(job)
}

fn step(said: &aws_sdk_sagemaker::types::PipelineExecutionStep) -> ExecutionStep {
    let metadata = said.metadata();
    let mut work = StepWork::None;
    if let Some(metadata) = metadata {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        if let Some(job) = metadata.processing_job() {
            work = StepWork::Processing(text(job.arn()));
        } else if let Some(job) = metadata.training_job() {
            work = StepWork::Training(text(job.arn()));
        } else if let Some(function) = metadata.lambda() {
            let outputs = function.output_parameters().iter();
            let outputs = outputs.map(|parameter| (text(parameter.name()), text(parameter.value()))).collect();
            work = StepWork::Function(text(function.arn()), outputs);
        } else if let Some(condition) = metadata.condition() {
            work = StepWork::Condition(condition.outcome().map(|outcome| outcome.as_str() == "True"));
        } else if let Some(package) = metadata.register_model() {
            work = StepWork::Registration(text(package.arn()));
        } else if let Some(fail) = metadata.fail() {
            work = StepWork::Failure(text(fail.error_message()));
        }
    }
    ExecutionStep {
        name: said.step_name().unwrap_or_default().to_owned(),
        status: said.step_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        started: time(said.start_time()),
        ended: time(said.end_time()),
        failure: said.failure_reason().map(str::to_owned),
        work,
    }
}

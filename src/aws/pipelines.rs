//! Pipelines and their executions (SageMaker).

use chrono::{DateTime, Utc};

use super::AwsError;
use super::client::{Lazy, Source, Tags, lazy_client, time};
use super::error::{fault, incomplete};

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
    /// The execution whose result of this step was taken over instead of running it again.
    pub cached_from: Option<String>,
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

/// What a job runs on, and when it did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobPlace {
    /// Container image.
    pub image: String,
    /// Instance type.
    pub instance: String,
    /// Instances.
    pub instances: u32,
    /// Start of what is billed.
    pub started: Option<DateTime<Utc>>,
    /// End of what is billed.
    pub ended: Option<DateTime<Utc>>,
}

/// A processing job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessingJob {
    /// State of the job.
    pub status: String,
    /// What the script left to say, or why the job failed.
    pub message: Option<String>,
    /// What it runs on.
    pub place: JobPlace,
    /// Arguments of the script.
    pub arguments: Vec<String>,
    /// Input name and `s3://` location.
    pub inputs: Vec<(String, String)>,
    /// Output name and `s3://` location.
    pub outputs: Vec<(String, String)>,
}

/// A training job.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingJob {
    /// `InProgress`, `Completed`, …
    pub status: String,
    /// The newest message of its transitions.
    pub message: String,
    /// Final metrics.
    pub metrics: Vec<(String, f64)>,
    /// What it runs on.
    pub place: JobPlace,
    /// Hyperparameters by name.
    pub hyperparameters: Vec<(String, String)>,
    /// Channel and `s3://` location.
    pub inputs: Vec<(String, String)>,
    /// `s3://` location of `model.tar.gz`, once it is there.
    pub artifact: Option<String>,
}

/// What an execution is started with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start<'a> {
    /// Display name; the service makes one when it is absent.
    pub name: Option<&'a str>,
    /// What it is started for.
    pub description: &'a str,
    /// Parameters that differ from the definition's defaults.
    pub parameters: &'a [(String, String)],
    /// The same token starts one execution.
    pub token: &'a str,
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

    /// Starts an execution; gives its ARN.
    pub async fn start(&self, pipeline: &str, start: &Start<'_>) -> Result<String, AwsError> {
        let mut request = self
            .client
            .get()
            .start_pipeline_execution()
            .pipeline_name(pipeline)
            .pipeline_execution_description(start.description)
            .set_pipeline_execution_display_name(start.name.map(str::to_owned))
            .client_request_token(start.token);
        for (name, value) in start.parameters {
            let parameter = aws_sdk_sagemaker::types::Parameter::builder().name(name).value(value).build();
            request = request.pipeline_parameters(parameter);
        }
        let said = request.send().await.map_err(fault(SERVICE, "StartPipelineExecution"))?;
        said.pipeline_execution_arn().map(str::to_owned).ok_or_else(|| incomplete(SERVICE, "StartPipelineExecution"))
    }

    /// Runs what has not succeeded in a failed or stopped execution again.
    pub async fn retry(&self, execution: &str, token: &str) -> Result<(), AwsError> {
        let request = self.client.get().retry_pipeline_execution().pipeline_execution_arn(execution).client_request_token(token);
        request.send().await.map_err(fault(SERVICE, "RetryPipelineExecution")).map(drop)
    }

    /// The parameters of an execution, with the values that it runs with.
    pub async fn parameters(&self, execution: &str) -> Result<Vec<(String, String)>, AwsError> {
        let mut parameters = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.get().list_pipeline_parameters_for_execution().pipeline_execution_arn(execution);
            let said = request.set_next_token(token.take()).send().await.map_err(fault(SERVICE, "ListPipelineParametersForExecution"))?;
            let page = said.pipeline_parameters().iter();
            parameters.extend(
                page.map(|parameter| (parameter.name().unwrap_or_default().to_owned(), parameter.value().unwrap_or_default().to_owned())),
            );
            token = said.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(parameters);
            }
        }
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

    /// A processing job, by name or ARN.
    pub async fn processing_job(&self, job: &str) -> Result<ProcessingJob, AwsError> {
        let request = self.client.get().describe_processing_job().processing_job_name(short_name(job));
        let said = request.send().await.map_err(fault(SERVICE, "DescribeProcessingJob"))?;
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let cluster = said.processing_resources().and_then(|resources| resources.cluster_config());
        let application = said.app_specification();
        Ok(ProcessingJob {
            status: said.processing_job_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            message: said.exit_message().or(said.failure_reason()).map(str::to_owned),
            place: JobPlace {
                image: text(application.and_then(|application| application.image_uri())),
                instance: text(cluster.and_then(|cluster| cluster.instance_type()).map(|kind| kind.as_str())),
                instances: count(cluster.and_then(|cluster| cluster.instance_count())),
                started: time(said.processing_start_time()),
                ended: time(said.processing_end_time()),
            },
            arguments: application.map(|application| application.container_arguments().to_vec()).unwrap_or_default(),
            inputs: said
                .processing_inputs()
                .iter()
                .map(|input| (text(input.input_name()), text(input.s3_input().and_then(|place| place.s3_uri()))))
                .collect(),
            outputs: said
                .processing_output_config()
                .map(|outputs| outputs.outputs())
                .unwrap_or_default()
                .iter()
                .map(|output| (text(output.output_name()), text(output.s3_output().and_then(|place| place.s3_uri()))))
                .collect(),
        })
    }

    /// A training job, by name or ARN.
    pub async fn training_job(&self, job: &str) -> Result<TrainingJob, AwsError> {
        let request = self.client.get().describe_training_job().training_job_name(short_name(job));
        let said = request.send().await.map_err(fault(SERVICE, "DescribeTrainingJob"))?;
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let resources = said.resource_config();
        let mut hyperparameters: Vec<(String, String)> =
            said.hyper_parameters().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
        hyperparameters.sort();
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
            place: JobPlace {
                image: text(said.algorithm_specification().and_then(|algorithm| algorithm.training_image())),
                instance: text(resources.and_then(|resources| resources.instance_type()).map(|kind| kind.as_str())),
                instances: count(resources.and_then(|resources| resources.instance_count())),
                started: time(said.training_start_time()),
                ended: time(said.training_end_time()),
            },
            hyperparameters,
            inputs: said
                .input_data_config()
                .iter()
                .map(|channel| {
                    let place = channel.data_source().and_then(|source| source.s3_data_source()).and_then(|place| place.s3_uri());
                    (text(channel.channel_name()), text(place))
                })
                .collect(),
            artifact: said.model_artifacts().and_then(|artifacts| artifacts.s3_model_artifacts()).map(str::to_owned),
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

fn count(instances: Option<i32>) -> u32 {
    instances.and_then(|instances| u32::try_from(instances).ok()).unwrap_or_default()
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
        cached_from: said.cache_hit_result().and_then(|hit| hit.source_pipeline_execution_arn()).map(str::to_owned),
    }
}

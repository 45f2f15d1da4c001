//! Batch scoring (SageMaker's transform jobs).

use aws_sdk_sagemaker::types::{
    AssemblyType, BatchStrategy, SplitType, TransformDataSource, TransformInput, TransformInstanceType, TransformOutput,
    TransformResources, TransformS3DataSource,
};

use super::AwsError;
use super::client::{Lazy, Source, Tags, lazy_client};
use super::error::fault;
use super::pipelines::to_tags;

const SERVICE: &str = "SageMaker";

/// What a job is to do: every line of the CSV objects below `input` through `model`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransformPlan {
    /// Name of the job.
    pub name: String,
    /// Model.
    pub model: String,
    /// `s3://` prefix of the input.
    pub input: String,
    /// `s3://` prefix of the output; an object `KEY.out` for each input object `KEY`.
    pub output: String,
    /// Instance type.
    pub instance: String,
}

/// The state of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransformJob {
    /// `InProgress`, `Completed`, `Failed`, `Stopping`, `Stopped`.
    pub status: String,
    /// Why it failed.
    pub failure: Option<String>,
}

/// The gateway.
pub struct Transforms {
    client: Lazy<aws_sdk_sagemaker::Client>,
}

impl Transforms {
    pub(super) fn new(source: &Source) -> Self {
        Transforms { client: lazy_client!(source, aws_sdk_sagemaker) }
    }

    /// Starts a job.
    pub async fn start(&self, plan: &TransformPlan, tags: &Tags) -> Result<(), AwsError> {
        let data = TransformDataSource::builder()
            .s3_data_source(
                TransformS3DataSource::builder().s3_data_type(aws_sdk_sagemaker::types::S3DataType::S3Prefix).s3_uri(&plan.input).build(),
            )
            .build();
        let input = TransformInput::builder().data_source(data).content_type("text/csv").split_type(SplitType::Line).build();
        let output = TransformOutput::builder().s3_output_path(&plan.output).accept("text/csv").assemble_with(AssemblyType::Line).build();
        let resources =
            TransformResources::builder().instance_type(TransformInstanceType::from(plan.instance.as_str())).instance_count(1).build();
        let request = self
            .client
            .get()
            .create_transform_job()
            .transform_job_name(&plan.name)
            .model_name(&plan.model)
            .batch_strategy(BatchStrategy::MultiRecord)
            .transform_input(input)
            .transform_output(output)
            .transform_resources(resources)
            .set_tags(Some(to_tags(tags)));
        request.send().await.map_err(fault(SERVICE, "CreateTransformJob")).map(drop)
    }

    /// A job, if it exists.
    pub async fn find(&self, name: &str) -> Result<Option<TransformJob>, AwsError> {
        match self
            .client
            .get()
            .describe_transform_job()
            .transform_job_name(name)
            .send()
            .await
            .map_err(fault(SERVICE, "DescribeTransformJob"))
        {
            Ok(said) => Ok(Some(TransformJob {
                status: said.transform_job_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                failure: said.failure_reason().map(str::to_owned),
            })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stops a job.
    pub async fn stop(&self, name: &str) -> Result<(), AwsError> {
        let request = self.client.get().stop_transform_job().transform_job_name(name);
        request.send().await.map_err(fault(SERVICE, "StopTransformJob")).map(drop)
    }
}

//! What the stages do as the role of their pipeline, and what that role is asked for.

use serde_json::Value;

use super::record::Execution;
use super::{Inner, refused};
use crate::demo::project_role::artifacts;
use crate::local::iam::{Assumed, Denied, service};
use crate::local::service::{ServiceError, ServiceResult};

/// What the service's documentation names for a source in CodeCommit. The last is asked for when an upload is broken off.
const OF_THE_SOURCE: [&str; 5] = [
    "codecommit:GetBranch",
    "codecommit:GetCommit",
    "codecommit:UploadArchive",
    "codecommit:GetUploadArchiveStatus",
    "codecommit:CancelUploadArchive",
];
/// What it names for the bucket of the artifacts.
const OF_THE_BUCKET: [&str; 3] = ["s3:GetBucketLocation", "s3:GetBucketAcl", "s3:GetBucketVersioning"];
/// What it names for reading an artifact.
const OF_AN_ARTIFACT: [&str; 2] = ["s3:GetObject", "s3:GetObjectVersion"];
/// What commands need for their log.
const OF_THE_LOG: [&str; 3] = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];

impl Inner {
    /// A role that CodePipeline cannot assume is refused when it is handed over.
    pub(super) fn check_role(&self, role: &str) -> ServiceResult<()> {
        self.account.assume(role, service::CODEPIPELINE, "codepipeline").map(drop).map_err(|error| {
            tracing::info!(%error, "a role is refused");
            refused("InvalidStructureException", format!("CodePipeline is not authorized to perform AssumeRole on role {role}"))
        })
    }

    /// The role of an execution. Its sessions are named by time.
    pub(super) fn role_of(&self, execution: &Execution) -> Result<Assumed, String> {
        let pipeline = self.pipeline(&execution.pipeline).map_err(|error| error.message)?;
        let role = pipeline.declaration["roleArn"].as_str().unwrap_or_default().to_owned();
        let session = execution.started.timestamp_millis().to_string();
        self.account.assume(&role, service::CODEPIPELINE, &session).map_err(|error| {
            tracing::info!(%error, "a role is refused");
            format!("CodePipeline is not authorized to perform AssumeRole on role {role}")
        })
    }

    /// Whether the role may take the source and put it into the bucket of the artifacts.
    pub(super) fn may_take(&self, role: &Assumed, execution: &Execution, repository: &str) -> Result<(), String> {
        let source = role.authority().arn("codecommit", repository);
        all(role, &OF_THE_SOURCE, &source).map_err(|denied| {
            format!(
                "The service role or action role doesn't have the permissions required to access the AWS CodeCommit repository named \
                 {repository}. Update the IAM role permissions, and then try again. Error: {denied}"
            )
        })?;
        let (bucket, key) = self.artifact(execution)?;
        let arn = format!("arn:aws:s3:::{bucket}");
        let put = all(role, &OF_THE_BUCKET, &arn).and_then(|()| role.may("s3:PutObject", &format!("{arn}/{key}")));
        put.map_err(|denied| no_access(&bucket, &key, &denied))
    }

    /// Whether the role may read the source and run commands on it.
    pub(super) fn may_run(&self, role: &Assumed, execution: &Execution) -> Result<(), String> {
        let (bucket, key) = self.artifact(execution)?;
        all(role, &OF_AN_ARTIFACT, &format!("arn:aws:s3:::{bucket}/{key}")).map_err(|denied| no_access(&bucket, &key, &denied))?;
        let (name, id) = (&execution.pipeline, &execution.id);
        let stream = role.authority().arn("logs", &format!("log-group:/aws/codepipeline/{name}:log-stream:{id}"));
        all(role, &OF_THE_LOG, &stream).map_err(|denied| {
            format!(
                "Service role {} does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for build. Error message: {denied}",
                role.role_arn()
            )
        })
    }

    /// Where the source of an execution lies: bucket and key.
    fn artifact(&self, execution: &Execution) -> Result<(String, String), String> {
        let pipeline = self.pipeline(&execution.pipeline).map_err(|error| error.message)?;
        let bucket = pipeline.declaration["artifactStore"]["location"].as_str().unwrap_or_default().to_owned();
        let name: String = execution.id.chars().take(7).collect();
        Ok((bucket, format!("{}/SourceArti/{name}", artifacts(&execution.pipeline))))
    }
}

fn all(role: &Assumed, actions: &[&str], resource: &str) -> Result<(), Denied> {
    actions.iter().try_for_each(|action| role.may(action, resource))
}

fn no_access(bucket: &str, key: &str, denied: &Denied) -> String {
    format!(
        "Unable to access the artifact with Amazon S3 object key '{key}' located in the Amazon S3 artifact bucket '{bucket}'. The provided role \
         does not have sufficient permissions. {denied}"
    )
}

/// Whether the role may make a call to SageMaker.
pub(super) fn may_call(role: &Assumed, operation: &str, input: &Value) -> ServiceResult<()> {
    allowed(role, operation, input).map_err(|denied| ServiceError::new("AccessDeniedException", denied.to_string()))
}

fn allowed(role: &Assumed, operation: &str, input: &Value) -> Result<(), Denied> {
    let text = |member: &str| input[member].as_str().unwrap_or_default();
    let arn = |kind: &str, name: &str| role.authority().arn("sagemaker", &format!("{kind}/{name}"));
    // The names of models and endpoints are in lower case in ARNs.
    let lower = |kind: &str, member: &str| arn(kind, &text(member).to_lowercase());
    let resources = match operation {
        "DescribePipeline" | "CreatePipeline" | "UpdatePipeline" | "StartPipelineExecution" => vec![arn("pipeline", text("PipelineName"))],
        "DescribePipelineExecution" | "ListPipelineExecutionSteps" => vec![text("PipelineExecutionArn").to_owned()],
        "DescribeModelPackage" => vec![text("ModelPackageName").to_owned()],
        "CreateModel" => vec![lower("model", "ModelName")],
        "CreateEndpointConfig" => vec![lower("endpoint-config", "EndpointConfigName")],
        "CreateEndpoint" | "UpdateEndpoint" => vec![lower("endpoint", "EndpointName"), lower("endpoint-config", "EndpointConfigName")],
        "DescribeEndpoint" => vec![lower("endpoint", "EndpointName")],
        "AddTags" => vec![text("ResourceArn").to_owned()],
        // Lists, which are of no one resource.
        _ => vec!["*".to_owned()],
    };
    for resource in &resources {
        role.may(&format!("sagemaker:{operation}"), resource)?;
    }
    let tagged = operation != "AddTags" && input["Tags"].as_array().is_some_and(|tags| !tags.is_empty());
    if let (true, Some(resource)) = (tagged, resources.first()) {
        role.may("sagemaker:AddTags", resource)?;
    }
    for member in ["RoleArn", "ExecutionRoleArn"] {
        if let Some(passed) = input[member].as_str() {
            role.may_pass(passed, service::SAGEMAKER)?;
        }
    }
    Ok(())
}

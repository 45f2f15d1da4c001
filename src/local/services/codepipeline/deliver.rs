//! What the project's `deliver.py` does, done here: the same calls to `SageMaker`, in the same order and as the pipeline's role.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::actions::Done;
use super::record::Source;
use super::role::may_call;
use crate::demo::delivery::DEFINITION_FILE;
use crate::local::iam::Assumed;
use crate::local::service::ServiceError;

/// How often what goes on is looked at. The script waits longer: it pays for each look.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Tag of an endpoint with the configuration that it served before.
const PREVIOUS: &str = "shiftdeck:previous";

/// The script at work.
pub(super) struct Deliver<'a> {
    pub inner: &'a Arc<Inner>,
    pub role: &'a Assumed,
    pub source: &'a Source,
    pub environment: &'a BTreeMap<String, String>,
    pub token: &'a CancellationToken,
}

impl Deliver<'_> {
    fn variable(&self, name: &str) -> Result<&str, String> {
        self.environment.get(name).map(String::as_str).ok_or_else(|| format!("KeyError: '{name}'"))
    }

    fn tags(&self) -> Value {
        let given = self.environment.get("TAGS").and_then(|text| serde_json::from_str(text).ok());
        given.unwrap_or_else(|| json!([]))
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, ServiceError> {
        may_call(self.role, operation, &input)?;
        self.inner.account.services.json("sagemaker", operation, &input).await
    }

    async fn ask(&self, operation: &str, input: Value) -> Result<Value, String> {
        self.call(operation, input).await.map_err(|error| format!("{operation}: {}", error.message))
    }

    /// Makes something unless it is there.
    async fn make(&self, operation: &str, mut input: Value) -> Result<(), String> {
        input["Tags"] = self.tags();
        match self.call(operation, input).await {
            Ok(_) => Ok(()),
            Err(error) if error.message.contains("already exist") => Ok(()),
            Err(error) => Err(format!("{operation}: {}", error.message)),
        }
    }

    /// Looks until `ended` says so.
    async fn wait(&self, operation: &str, input: Value, ended: impl Fn(&Value) -> bool) -> Result<Value, String> {
        loop {
            let found = self.ask(operation, input.clone()).await?;
            if ended(&found) {
                return Ok(found);
            }
            tokio::select! {
                () = self.token.cancelled() => return Err("the action was abandoned".to_owned()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Brings the pipeline to the committed definition, starts it and waits for its end.
    pub(super) async fn build(&self) -> Result<Done, String> {
        let (name, role) = (self.variable("PIPELINE_NAME")?, self.variable("ROLE_ARN")?);
        let committed = self.inner.file(self.source, DEFINITION_FILE).await?;
        let definition: Value = serde_json::from_slice(&committed).map_err(|error| format!("{DEFINITION_FILE}: {error}"))?;
        let definition = definition.to_string();
        match self.call("DescribePipeline", json!({ "PipelineName": name })).await {
            Ok(_) => {
                let update = json!({ "PipelineName": name, "PipelineDefinition": definition, "RoleArn": role });
                self.ask("UpdatePipeline", update).await?;
            }
            Err(error) if is_missing(&error) => {
                let create = json!({
                    "PipelineName": name,
                    "PipelineDefinition": definition,
                    "RoleArn": role,
                    "ClientRequestToken": uuid::Uuid::new_v4().to_string(),
                    "Tags": self.tags(),
                });
                self.ask("CreatePipeline", create).await?;
            }
            Err(error) => return Err(error.message),
        }
        let commit = self.environment.get("COMMIT").map_or("unknown", String::as_str);
        let start = json!({
            "PipelineName": name,
            "PipelineExecutionDescription": format!("commit {commit}"),
            "ClientRequestToken": uuid::Uuid::new_v4().to_string(),
        });
        let started = self.ask("StartPipelineExecution", start).await?;
        let arn = started["PipelineExecutionArn"].as_str().unwrap_or_default().to_owned();
        let status = |found: &Value| found["PipelineExecutionStatus"].as_str().unwrap_or_default().to_owned();
        let over = |found: &Value| !matches!(status(found).as_str(), "Executing" | "Stopping");
        let ended = self.wait("DescribePipelineExecution", json!({ "PipelineExecutionArn": arn }), over).await?;
        let steps = self.ask("ListPipelineExecutionSteps", json!({ "PipelineExecutionArn": arn })).await?;
        let steps = steps["PipelineExecutionSteps"].as_array().cloned().unwrap_or_default();
        if status(&ended) != "Succeeded" {
            let failed = steps.iter().find(|step| step["StepStatus"] == "Failed");
            let step = failed.and_then(|step| step["StepName"].as_str()).unwrap_or(name);
            let reason = failed.and_then(|step| step["FailureReason"].as_str()).or_else(|| ended["FailureReason"].as_str());
            return Err(format!("{step}: {}", reason.unwrap_or("it was stopped")));
        }
        let package = steps.iter().find_map(|step| step["Metadata"]["RegisterModel"]["Arn"].as_str());
        let package = package.ok_or("the execution registered no model")?.to_owned();
        let version = package.rsplit('/').next().unwrap_or_default();
        Ok(Done {
            summary: format!("trained and registered version {version}"),
            external: Some(arn.clone()),
            outputs: BTreeMap::from([("PIPELINE_EXECUTION_ARN".to_owned(), arn), ("MODEL_PACKAGE_ARN".to_owned(), package)]),
            source: None,
        })
    }

    /// The package that goes to production: the one that the build registered, else the newest approved one. It has to be approved.
    async fn package(&self) -> Result<(String, u64), String> {
        let mut arn = self.environment.get("MODEL_PACKAGE_ARN").cloned().unwrap_or_default();
        if !arn.starts_with("arn:") {
            let asked = json!({
                "ModelPackageGroupName": self.variable("MODEL_GROUP")?,
                "ModelApprovalStatus": "Approved",
                "SortBy": "CreationTime",
                "SortOrder": "Descending",
                "MaxResults": 1,
            });
            let found = self.ask("ListModelPackages", asked).await?;
            let newest = found["ModelPackageSummaryList"][0]["ModelPackageArn"].as_str();
            newest.ok_or("no model package is approved")?.clone_into(&mut arn);
        }
        let package = self.ask("DescribeModelPackage", json!({ "ModelPackageName": arn })).await?;
        let approval = package["ModelApprovalStatus"].as_str().unwrap_or_default();
        if approval != "Approved" {
            return Err(format!("{arn} is not approved: it is {approval}"));
        }
        Ok((arn, package["ModelPackageVersion"].as_u64().unwrap_or_default()))
    }

    /// Puts the package behind the production endpoint.
    pub(super) async fn deploy(&self) -> Result<Done, String> {
        let (arn, version) = self.package().await?;
        let endpoint = self.variable("ENDPOINT")?;
        let (model, config) = (format!("{}-v{version}", self.variable("MODEL_PREFIX")?), format!("{endpoint}-v{version}"));
        let role = self.variable("ROLE_ARN")?;
        let made = json!({ "ModelName": model, "ExecutionRoleArn": role, "Containers": [{ "ModelPackageName": arn }] });
        self.make("CreateModel", made).await?;
        let variant = json!({
            "VariantName": "AllTraffic",
            "ModelName": model,
            "InstanceType": self.variable("INSTANCE")?,
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1.0,
        });
        self.make("CreateEndpointConfig", json!({ "EndpointConfigName": config, "ProductionVariants": [variant] })).await?;
        let before = match self.call("DescribeEndpoint", json!({ "EndpointName": endpoint })).await {
            Ok(found) => {
                let before = found["EndpointConfigName"].as_str().unwrap_or_default().to_owned();
                if before != config {
                    self.ask("UpdateEndpoint", json!({ "EndpointName": endpoint, "EndpointConfigName": config })).await?;
                }
                Some(before)
            }
            Err(error) if is_missing(&error) => {
                let made = json!({ "EndpointName": endpoint, "EndpointConfigName": config, "Tags": self.tags() });
                self.ask("CreateEndpoint", made).await?;
                None
            }
            Err(error) => return Err(error.message),
        };
        let status = |found: &Value| found["EndpointStatus"].as_str().unwrap_or_default().to_owned();
        let settled = |found: &Value| !matches!(status(found).as_str(), "Creating" | "Updating" | "SystemUpdating" | "RollingBack");
        let found = self.wait("DescribeEndpoint", json!({ "EndpointName": endpoint }), settled).await?;
        if status(&found) != "InService" || found["EndpointConfigName"] != config.as_str() {
            let reason = found["FailureReason"].as_str().unwrap_or("SageMaker gives no reason");
            return Err(format!("{endpoint} is {}: {reason}", status(&found)));
        }
        if let Some(before) = before.filter(|before| *before != config) {
            let tags = json!([{ "Key": PREVIOUS, "Value": before }]);
            self.ask("AddTags", json!({ "ResourceArn": found["EndpointArn"], "Tags": tags })).await?;
        }
        Ok(Done {
            summary: format!("{endpoint} serves version {version}"),
            external: Some(config),
            outputs: BTreeMap::from([("DEPLOYED_VERSION".to_owned(), version.to_string())]),
            source: None,
        })
    }
}

fn is_missing(error: &ServiceError) -> bool {
    let message = error.message.to_lowercase();
    ["could not find", "does not exist", "not found"].iter().any(|sign| message.contains(sign))
}

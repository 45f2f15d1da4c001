//! The project: what is in its repository, and the declaration of its stages as `CreatePipeline` takes it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::scenario::Scenario;

/// What the stages run on a commit: `assets/project/deliver.py`.
pub const DELIVER_SCRIPT: &str = include_str!("../../assets/project/deliver.py");
/// Its path in the repository.
pub const DELIVER_FILE: &str = "deliver.py";
/// Path of the pipeline's definition in the repository.
pub const DEFINITION_FILE: &str = "pipeline/definition.json";
/// The branch that starts the stages.
pub const BRANCH: &str = "main";

/// Names of the stages, in order.
pub mod stage {
    /// The commit.
    pub const SOURCE: &str = "Source";
    /// The SageMaker pipeline is brought up to date and run.
    pub const BUILD: &str = "Build";
    /// A person decides.
    pub const APPROVE: &str = "Approve";
    /// The production endpoint is switched over.
    pub const DEPLOY: &str = "Deploy";
}

/// The commands of an action: `build` or `deploy`.
pub fn commands(work: &str) -> [String; 3] {
    [
        "pip3 install --quiet boto3".to_owned(),
        format!("python3 {DELIVER_FILE} {work} > {DELIVER_FILE}.out"),
        format!("export $(cat {DELIVER_FILE}.out)"),
    ]
}

/// What commands of an action ask for: `build` or `deploy`; `None` for any others.
pub fn work_of(given: &[String]) -> Option<&'static str> {
    ["build", "deploy"].into_iter().find(|work| commands(work).as_slice() == given)
}

/// What fills the declaration beside the scenario's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryInputs {
    /// Name in CodePipeline.
    pub name: String,
    /// Repository.
    pub repository: String,
    /// ARN of the role that CodePipeline assumes.
    pub role_arn: String,
    /// ARN of the role of SageMaker's jobs and models.
    pub sagemaker_role_arn: String,
    /// Instance of endpoints.
    pub instance: String,
    /// Tags of what the stages make.
    pub tags: BTreeMap<String, String>,
}

/// The declaration of the stages: Source, Build, Approve, Deploy.
pub fn declaration(scenario: &Scenario, inputs: &DeliveryInputs) -> Value {
    let tags: Vec<Value> = inputs.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let tags = Value::from(tags).to_string();
    let variables = |variables: &[(&str, &str)]| -> Vec<Value> {
        variables.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
    };
    let run = |name: &str, work: &str, outputs: &[&str], environment: Vec<Value>| {
        json!({
            "name": name,
            "actionTypeId": { "category": "Compute", "owner": "AWS", "provider": "Commands", "version": "1" },
            "runOrder": 1,
            "commands": commands(work),
            "environmentVariables": environment,
            "inputArtifacts": [{ "name": "SourceArtifact" }],
            "outputVariables": outputs,
            "namespace": name,
        })
    };
    let build = run(
        "Train",
        "build",
        &["PIPELINE_EXECUTION_ARN", "MODEL_PACKAGE_ARN"],
        variables(&[
            ("PIPELINE_NAME", &scenario.pipeline),
            ("ROLE_ARN", &inputs.sagemaker_role_arn),
            ("COMMIT", "#{Source.CommitId}"),
            ("TAGS", &tags),
        ]),
    );
    let deploy = run(
        "Production",
        "deploy",
        &["DEPLOYED_VERSION"],
        variables(&[
            ("MODEL_PACKAGE_ARN", "#{Train.MODEL_PACKAGE_ARN}"),
            ("MODEL_GROUP", &scenario.model_group),
            ("MODEL_PREFIX", &scenario.demo),
            ("ENDPOINT", &scenario.production_endpoint),
            ("INSTANCE", &inputs.instance),
            ("ROLE_ARN", &inputs.sagemaker_role_arn),
            ("TAGS", &tags),
        ]),
    );
    json!({
        "name": inputs.name,
        "roleArn": inputs.role_arn,
        "pipelineType": "V2",
        "executionMode": "SUPERSEDED",
        "artifactStore": { "type": "S3", "location": scenario.bucket },
        "stages": [
            { "name": stage::SOURCE, "actions": [{
                "name": "Commit",
                "actionTypeId": { "category": "Source", "owner": "AWS", "provider": "CodeCommit", "version": "1" },
                "runOrder": 1,
                "configuration": { "RepositoryName": inputs.repository, "BranchName": BRANCH, "PollForSourceChanges": "true" },
                "outputArtifacts": [{ "name": "SourceArtifact" }],
                "namespace": "Source",
            }]},
            { "name": stage::BUILD, "actions": [build] },
            { "name": stage::APPROVE, "actions": [{
                "name": "Decide",
                "actionTypeId": { "category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1" },
                "runOrder": 1,
                "configuration": { "CustomData": "#{Train.MODEL_PACKAGE_ARN} from commit #{Source.CommitId}: may it go to production?" },
            }]},
            { "name": stage::DEPLOY, "actions": [deploy] },
        ],
    })
}

//! The role that the project's stages work as: who may assume it, and what it may do. `assets/policies/codepipeline.json` is the policy.

use serde_json::{Value, json};

use super::policies::{fill, place};
use super::scenario::Scenario;

/// What it is for.
pub const PURPOSE: &str = "Lets the project's stages build and deploy";
/// CodePipeline names the folder of a pipeline's artifacts after it, by so many letters at most.
const FOLDER: usize = 20;

/// The names of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectNames {
    /// Repository.
    pub repository: String,
    /// The stages: a pipeline in CodePipeline.
    pub stages: String,
}

/// The folder of the bucket that the artifacts of stages go to.
pub fn artifacts(stages: &str) -> String {
    stages.chars().take(FOLDER).collect()
}

/// Who may assume it.
pub fn trust() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": "codepipeline.amazonaws.com" }, "Action": "sts:AssumeRole" }]
    })
}

/// What it may do.
///
/// # Errors
/// The policy is no JSON, which a test refuses.
pub fn policy(scenario: &Scenario, project: &ProjectNames, account: &str, partition: &str) -> Result<Value, serde_json::Error> {
    let mut document: Value = serde_json::from_str(include_str!("../../assets/policies/codepipeline.json"))?;
    // SageMaker writes the names of models and endpoints in lower case in their ARNs.
    let (models, production) = (scenario.demo.to_lowercase(), scenario.production_endpoint.to_lowercase());
    let artifacts = artifacts(&project.stages);
    fill(&mut document, &|name| match name {
        "repository" => Some(&project.repository),
        "stages" => Some(&project.stages),
        "artifacts" => Some(&artifacts),
        "models" => Some(&models),
        "production" => Some(&production),
        name => place(name, scenario, account, partition),
    });
    Ok(document)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::demo::example::scenario;

    #[test]
    fn the_policy_is_filled_and_about_this_project_alone() {
        let project = ProjectNames { repository: "BankDM-source".into(), stages: "BankDM-project-of-the-bank".into() };
        let policy = policy(&scenario(), &project, "123456789012", "aws").unwrap();
        let text = policy.to_string();
        assert!(!text.contains("${"), "{text}");
        for statement in policy["Statement"].as_array().unwrap() {
            assert_ne!(statement["Resource"], "*", "{}", statement["Sid"]);
            assert_eq!(statement["Effect"], "Allow");
        }
        assert!(text.contains("endpoint/bankdm-prod\"") && text.contains("model/bankdm-v*") && text.contains("/BankDM-project-of-th*"));
        assert!(text.len() < 10_240, "IAM refuses inline policies of more than 10,240 characters a role");
    }
}

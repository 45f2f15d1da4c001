//! Who may do what: one least-privilege policy per role, and who may assume it. The policies are the files of `assets/policies/`.

use serde_json::{Value, json};

use super::scenario::Scenario;

/// A role of the demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoRole {
    /// Assumed by Redshift, and by SageMaker for Redshift ML.
    Redshift,
    /// Assumed by Lambda.
    Lambda,
    /// Assumed by SageMaker.
    SageMaker,
}

/// The name of the inline policy of each role.
pub const POLICY_NAME: &str = "shiftdeck";

impl DemoRole {
    /// Every role.
    pub const ALL: [DemoRole; 3] = [DemoRole::Redshift, DemoRole::Lambda, DemoRole::SageMaker];

    /// The role's name.
    pub fn name(self, scenario: &Scenario) -> &str {
        match self {
            DemoRole::Redshift => &scenario.redshift_role,
            DemoRole::Lambda => &scenario.lambda_role,
            DemoRole::SageMaker => &scenario.sagemaker_role,
        }
    }

    /// What it is for.
    pub const fn purpose(self) -> &'static str {
        match self {
            DemoRole::Redshift => "Lets the warehouse reach the lake, S3 and SageMaker",
            DemoRole::Lambda => "Lets the function unload the table",
            DemoRole::SageMaker => "Lets the pipeline and the endpoints work",
        }
    }

    /// Who may assume it.
    pub fn trust(self) -> Value {
        let services: &[&str] = match self {
            DemoRole::Redshift => &["redshift.amazonaws.com", "redshift-serverless.amazonaws.com", "sagemaker.amazonaws.com"],
            DemoRole::Lambda => &["lambda.amazonaws.com"],
            DemoRole::SageMaker => &["sagemaker.amazonaws.com"],
        };
        json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Principal": { "Service": services }, "Action": "sts:AssumeRole" }]
        })
    }

    const fn template(self) -> &'static str {
        match self {
            DemoRole::Redshift => include_str!("../../assets/policies/redshift.json"),
            DemoRole::Lambda => include_str!("../../assets/policies/lambda.json"),
            DemoRole::SageMaker => include_str!("../../assets/policies/sagemaker.json"),
        }
    }

    /// What it may do. Placeholders are filled in the texts of the parsed document, so that no name can change its structure.
    pub fn policy(self, scenario: &Scenario, account: &str, partition: &str) -> Result<Value, serde_json::Error> {
        let mut document: Value = serde_json::from_str(self.template())?;
        fill(&mut document, &|name| place(name, scenario, account, partition));
        Ok(document)
    }
}

/// What stands in a place of a policy.
pub(super) fn place<'a>(name: &str, scenario: &'a Scenario, account: &'a str, partition: &'a str) -> Option<&'a str> {
    Some(match name {
        "partition" => partition,
        "account" => account,
        "region" => &scenario.region,
        "bucket" => &scenario.bucket,
        "unload_prefix" => &scenario.unload_prefix,
        "pipeline_prefix" => &scenario.pipeline_prefix,
        "glue_database" => &scenario.glue_database,
        "warehouse" => &scenario.warehouse,
        "subnet_group" => &scenario.subnet_group,
        "network_stack" => &scenario.network_stack,
        "studio_stack" => &scenario.studio_stack,
        "secret" => &scenario.secret,
        "function" => &scenario.function,
        "pipeline" => &scenario.pipeline,
        "model_group" => &scenario.model_group,
        "redshift_role" => &scenario.redshift_role,
        "lambda_role" => &scenario.lambda_role,
        "sagemaker_role" => &scenario.sagemaker_role,
        _ => return None,
    })
}

/// Fills the placeholders in the texts of a parsed policy.
pub(super) fn fill<'a>(node: &mut Value, known: &impl Fn(&str) -> Option<&'a str>) {
    match node {
        Value::String(text) => *text = filled(text, known),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, known)),
        Value::Object(members) => members.values_mut().for_each(|member| fill(member, known)),
        _ => {}
    }
}

/// Fills `${name}`; `$${name}` is IAM's own variable and becomes `${name}`.
fn filled<'a>(text: &str, known: &impl Fn(&str) -> Option<&'a str>) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else { break };
        match (before.strip_suffix('$'), known(name)) {
            (Some(before), _) => {
                out.push_str(before);
                out.push_str("${");
                out.push_str(name);
                out.push('}');
            }
            (None, Some(value)) => {
                out.push_str(before);
                out.push_str(value);
            }
            // Left as it is, which a test refuses.
            (None, None) => {
                out.push_str(before);
                out.push_str("${");
                out.push_str(name);
                out.push('}');
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::example::scenario;

    fn texts(node: &Value, out: &mut Vec<String>) {
        match node {
            Value::String(text) => out.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
            Value::Object(members) => members.values().for_each(|member| texts(member, out)),
            _ => {}
        }
    }

    #[test]
    fn policies_are_filled_and_narrow() {
        for role in DemoRole::ALL {
            let policy = role.policy(&scenario(), "123456789012", "aws").unwrap();
            let mut all = Vec::new();
            texts(&policy, &mut all);
            for text in &all {
                assert!(!text.contains("${") || text == "${aws:userid}", "{text} is not filled");
                assert!(!text.contains("FullAccess"));
            }
            for statement in policy["Statement"].as_array().unwrap() {
                let mut actions = Vec::new();
                texts(&statement["Action"], &mut actions);
                assert!(!actions.is_empty() && actions.iter().all(|action| !action.contains('*')), "{actions:?}");
                assert_eq!(statement["Effect"], "Allow");
                let mut resources = Vec::new();
                texts(&statement["Resource"], &mut resources);
                if resources.iter().any(|resource| resource == "*") {
                    // Only where the service knows no narrower resource.
                    let sid = statement["Sid"].as_str().unwrap();
                    let such = match role {
                        // Which images a search takes is not known before.
                        DemoRole::Redshift => ["ImagesOfSageMaker", "MetricsOfTraining"],
                        DemoRole::Lambda => ["ItsOwnStatements", ""],
                        DemoRole::SageMaker => ["LoginToTheRegistryOfImages", "MetricsOfJobsAndEndpoints"],
                    };
                    assert!(such.contains(&sid), "{sid}");
                }
            }
            // IAM refuses inline policies of more than 10,240 characters a role, white space not counted.
            assert!(policy.to_string().len() < 10_240);
        }
    }

    #[test]
    fn every_statement_has_its_line_in_the_documentation() {
        let documentation = include_str!("../../docs/permissions.md");
        let project = include_str!("../../assets/policies/codepipeline.json");
        for document in DemoRole::ALL.map(DemoRole::template).into_iter().chain([project]) {
            let policy: Value = serde_json::from_str(document).unwrap();
            for statement in policy["Statement"].as_array().unwrap() {
                let sid = statement["Sid"].as_str().unwrap();
                assert!(documentation.contains(&format!("| `{sid}` | ")), "{sid}");
            }
        }
    }

    #[test]
    fn the_images_of_jobs_and_endpoints_are_those_of_the_definition() {
        use crate::demo::pipeline_definition::{Framework, image_uri};
        let policy = DemoRole::SageMaker.policy(&scenario(), "123456789012", "aws").unwrap();
        let images = policy["Statement"].as_array().unwrap().iter().find(|statement| statement["Sid"] == "ImagesOfSageMaker").unwrap();
        let mut named: Vec<String> = [Framework::ScikitLearn, Framework::XgBoost]
            .map(|framework| image_uri(framework, "us-east-1").unwrap())
            .iter()
            .map(|image| format!("arn:aws:ecr:us-east-1:*:repository/{}", image.split_once('/').unwrap().1.split(':').next().unwrap()))
            .collect();
        named.sort();
        assert_eq!(images["Resource"], json!(named));
    }

    #[test]
    fn a_name_cannot_change_the_structure() {
        let mut hostile = scenario();
        hostile.bucket = "x\"]}, {\"Effect\": \"Allow\", \"Action\": \"*\"".into();
        let policy = DemoRole::SageMaker.policy(&hostile, "123456789012", "aws").unwrap();
        assert_eq!(policy["Statement"].as_array().unwrap().len(), 11);
    }
}

//! What whoever runs the demonstration has to be allowed: one policy, scoped to the demonstration's names, and which steps need which part of
//! it. `assets/policies/operator.json` is the policy.

use serde_json::{Value, json};

use super::policies::{fill, place};
use super::scenario::Scenario;
use super::step::Step;

/// One statement of the policy: some actions on some resources, in some steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// Its name in the policy.
    pub sid: String,
    /// Actions such as `s3:PutObject`.
    pub actions: Vec<String>,
    /// ARNs, with `*` at their end or alone.
    pub resources: Vec<String>,
    /// The steps that call these actions.
    pub steps: Vec<Step>,
    /// The condition that the policy puts on them.
    pub condition: Option<Value>,
}

/// The steps of each statement, by name. The rest of the program (console, screens) uses what the steps use.
const STEPS: [(&str, &[Step]); 28] = {
    use Step::{Cleanup, Deploy, Explore, Foundation, Lake, Load, Pipeline, Predict, RedshiftMl};
    [
        ("WhichAccount", &[Foundation, Cleanup]),
        ("Roles", &[Foundation, Cleanup]),
        ("HandRolesToServices", &[Foundation, Pipeline, Deploy]),
        ("Bucket", &[Foundation, Explore, Lake, Cleanup]),
        ("Objects", &[Explore, Lake, Load, Pipeline, Deploy, Predict, RedshiftMl, Cleanup]),
        ("LoginOfTheWarehouse", &[Foundation, Pipeline, Cleanup]),
        ("WhichWarehouseIsThere", &[Foundation, Cleanup]),
        ("ServerlessWarehouse", &[Foundation, Cleanup]),
        ("NetworkOfTheServerlessWarehouse", &[Foundation]),
        ("ProvisionedWarehouse", &[Foundation, Cleanup]),
        ("Statements", &[Explore, Load, RedshiftMl, Cleanup]),
        ("QueriesOfTheLake", &[Explore, Lake, Cleanup]),
        ("CatalogThroughAthena", &[Explore, Lake, Cleanup]),
        ("CatalogOfTheLake", &[Explore, Lake, Load, Cleanup]),
        ("FunctionThatUnloads", &[Foundation, Pipeline, Cleanup]),
        ("Pipeline", &[Foundation, Pipeline, Cleanup]),
        ("JobsOfThePipeline", &[Pipeline]),
        ("RegistryOfModels", &[Foundation, Pipeline, Deploy, Predict, Cleanup]),
        ("Endpoints", &[Foundation, Deploy, Predict, Cleanup]),
        ("ListsOfSageMaker", &[Pipeline, Deploy, Cleanup]),
        ("BatchScoring", &[Predict]),
        ("LogsAndFigures", &[Pipeline, Deploy, Cleanup]),
        ("WhichStacksAreThere", &[Foundation, Cleanup]),
        ("Stacks", &[Foundation, Cleanup]),
        ("NetworkOfTheStack", &[Foundation, Cleanup]),
        ("StudioOfTheStack", &[Foundation, Cleanup]),
        ("ContentOfTheStudio", &[Cleanup]),
        ("RoleOfTheStudio", &[Foundation]),
    ]
};

/// What decides on parts of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent<'a> {
    /// Athena workgroup.
    pub lake_workgroup: &'a str,
    /// Whether the warehouse is serverless, and not provisioned.
    pub serverless: bool,
    /// Whether there is a stack with a network.
    pub network: bool,
    /// Whether there is a stack with a studio.
    pub studio: bool,
}

impl Extent<'_> {
    /// The statements that are of no use.
    fn others(&self) -> Vec<&'static str> {
        let of = |wanted: bool, names: &[&'static str]| if wanted { Vec::new() } else { names.to_vec() };
        let warehouse =
            if self.serverless { vec!["ProvisionedWarehouse"] } else { vec!["ServerlessWarehouse", "NetworkOfTheServerlessWarehouse"] };
        let studio = of(self.studio, &["StudioOfTheStack", "ContentOfTheStudio", "RoleOfTheStudio"]);
        let network = of(self.network, &["NetworkOfTheStack"]);
        [warehouse, of(self.network || self.studio, &["Stacks"]), network, studio].concat()
    }
}

/// What is needed for the demonstration, statement by statement, in the order of the policy.
///
/// # Errors
/// The policy is no JSON, which a test refuses.
pub fn needs(scenario: &Scenario, account: &str, partition: &str, extent: &Extent<'_>) -> Result<Vec<Need>, serde_json::Error> {
    let mut document: Value = serde_json::from_str(include_str!("../../assets/policies/operator.json"))?;
    fill(&mut document, &|name| match name {
        "lake_workgroup" => Some(extent.lake_workgroup),
        name => place(name, scenario, account, partition),
    });
    let others = extent.others();
    let statements = document["Statement"].as_array().into_iter().flatten();
    Ok(statements.map(need).filter(|need| !others.contains(&need.sid.as_str())).collect())
}

fn need(statement: &Value) -> Need {
    let sid = statement["Sid"].as_str().unwrap_or_default().to_owned();
    let steps = STEPS.iter().find(|(name, _)| *name == sid).map_or_else(Vec::new, |(_, steps)| steps.to_vec());
    let condition = statement.get("Condition").cloned();
    Need { actions: texts(&statement["Action"]), resources: texts(&statement["Resource"]), sid, steps, condition }
}

/// One text or several, as policies write them.
fn texts(node: &Value) -> Vec<String> {
    match node {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// A policy of some needs, to hand to an administrator.
pub fn policy(needs: &[Need]) -> Value {
    let statements: Vec<Value> = needs
        .iter()
        .map(|need| {
            let mut statement = json!({ "Sid": need.sid, "Effect": "Allow", "Action": need.actions, "Resource": need.resources });
            if let Some(condition) = &need.condition {
                statement["Condition"] = condition.clone();
            }
            statement
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::demo::example::scenario;

    fn all(serverless: bool) -> Vec<Need> {
        with_stacks(serverless, false, false)
    }

    fn with_stacks(serverless: bool, network: bool, studio: bool) -> Vec<Need> {
        let extent = Extent { lake_workgroup: "primary", serverless, network, studio };
        needs(&scenario(), "123456789012", "aws", &extent).unwrap()
    }

    #[test]
    fn every_statement_is_filled_and_belongs_to_steps() {
        let mut seen: Vec<String> = Vec::new();
        for serverless in [true, false] {
            for need in with_stacks(serverless, true, true) {
                assert!(!need.steps.is_empty(), "{}", need.sid);
                assert!(need.actions.iter().all(|action| action.contains(':') && !action.contains('*')), "{:?}", need.actions);
                assert!(need.resources.iter().all(|resource| !resource.contains("${")), "{:?}", need.resources);
                seen.push(need.sid);
            }
        }
        for (sid, _) in STEPS {
            assert!(seen.iter().any(|known| known == sid), "{sid} is no statement");
        }
        // Managed policies may have 6,144 characters without white space; the whole must fit in two of them.
        assert!(policy(&all(true)).to_string().len() < 2 * 6144);
        assert!(policy(&with_stacks(true, true, true)).to_string().len() < 3 * 6144);
    }

    #[test]
    fn stacks_need_more_only_when_they_are_asked_for() {
        let sids = |network, studio| with_stacks(true, network, studio).into_iter().map(|need| need.sid).collect::<Vec<_>>();
        let has = |network, studio, sid: &str| sids(network, studio).iter().any(|known| known == sid);
        assert!(has(false, false, "WhichStacksAreThere") && !has(false, false, "Stacks"));
        assert!(has(true, false, "Stacks") && has(true, false, "NetworkOfTheStack") && !has(true, false, "StudioOfTheStack"));
        assert!(has(false, true, "Stacks") && !has(false, true, "NetworkOfTheStack") && has(false, true, "RoleOfTheStudio"));
        // Whoever asks for none is not to be told of what only stacks do.
        let plain: Vec<String> = all(true).into_iter().flat_map(|need| need.actions).collect();
        assert!(plain.iter().all(|action| !action.starts_with("ec2:Create") && action != "cloudformation:CreateStack"), "{plain:?}");
    }

    #[test]
    fn the_kind_of_warehouse_decides_what_is_needed() {
        let has = |serverless, sid: &str| all(serverless).iter().any(|need| need.sid == sid);
        assert!(has(true, "ServerlessWarehouse") && !has(true, "ProvisionedWarehouse"));
        assert!(has(false, "ProvisionedWarehouse") && !has(false, "ServerlessWarehouse"));
    }

    #[test]
    fn a_policy_of_some_needs_has_their_conditions() {
        let passing: Vec<Need> = all(true).into_iter().filter(|need| need.sid == "HandRolesToServices").collect();
        let policy = policy(&passing);
        assert_eq!(policy["Statement"][0]["Action"], json!(["iam:PassRole"]));
        assert!(policy["Statement"][0]["Condition"]["StringEquals"]["iam:PassedToService"].is_array());
    }
}

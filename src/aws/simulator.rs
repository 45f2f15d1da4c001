//! What a caller is allowed, by the rules that IAM itself would go by (its policy simulator).

use std::collections::BTreeMap;

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};

use super::AwsError;
use super::client::{Lazy, Source, lazy_client};
use super::error::fault;

const SERVICE: &str = "IAM";

/// Whether an action on a resource would be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The action (`s3:PutObject`).
    pub action: String,
    /// The resource's ARN, or `*`.
    pub resource: String,
    /// Whether it is allowed.
    pub allowed: bool,
}

/// The gateway.
pub struct Simulator {
    client: Lazy<aws_sdk_iam::Client>,
}

impl Simulator {
    pub(super) fn new(source: &Source) -> Self {
        Simulator { client: lazy_client!(source, aws_sdk_iam) }
    }

    /// Simulates every action on every resource for a user or a role. `keys` are condition keys with their value.
    pub async fn simulate(
        &self,
        principal: &str,
        actions: &[String],
        resources: &[String],
        keys: &BTreeMap<String, String>,
    ) -> Result<Vec<Decision>, AwsError> {
        let mut entries = Vec::with_capacity(keys.len());
        for (name, value) in keys {
            let entry =
                ContextEntry::builder().context_key_name(name).context_key_type(ContextKeyTypeEnum::String).context_key_values(value);
            entries.push(entry.build());
        }
        let mut decisions = Vec::new();
        let mut marker = None;
        loop {
            let request = self
                .client
                .get()
                .simulate_principal_policy()
                .policy_source_arn(principal)
                .set_action_names(Some(actions.to_vec()))
                .set_resource_arns(Some(resources.to_vec()))
                .set_context_entries((!entries.is_empty()).then(|| entries.clone()))
                .set_marker(marker.take());
            let answer = request.send().await.map_err(fault(SERVICE, "SimulatePrincipalPolicy"))?;
            for result in answer.evaluation_results() {
                let of = |resource: &str, decision: &PolicyEvaluationDecisionType| Decision {
                    action: result.eval_action_name().to_owned(),
                    resource: resource.to_owned(),
                    allowed: *decision == PolicyEvaluationDecisionType::Allowed,
                };
                // Of several resources each has a result of its own below that of the action.
                match result.resource_specific_results() {
                    [] => decisions.push(of(result.eval_resource_name().unwrap_or("*"), result.eval_decision())),
                    each => decisions.extend(each.iter().map(|one| of(one.eval_resource_name(), one.eval_resource_decision()))),
                }
            }
            if !answer.is_truncated() {
                return Ok(decisions);
            }
            marker = answer.marker().map(str::to_owned);
        }
    }
}

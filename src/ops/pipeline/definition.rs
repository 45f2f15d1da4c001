//! The definition of the pipeline as the settings make it, the one that is deployed, and how they differ.

use serde::Serialize;
use serde_json::Value;

use super::detail::expression;
use crate::config::settings::{Approval, WarehouseKind};
use crate::demo::data_quality::Limits;
use crate::demo::pipeline_definition::{self as definition, FeaturePlan, PipelineInputs, WarehouseRef};
use crate::demo::policies::DemoRole;
use crate::ops::error::op;
use crate::ops::{Context, OpError};

/// How the deployed definition differs from the one that the settings make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DefinitionState {
    /// Digest of the definition that the settings make.
    pub local_digest: String,
    /// Digest of the deployed one; absent when there is no pipeline.
    pub deployed_digest: Option<String>,
    /// What differs; empty when both are the same or nothing is deployed.
    pub changes: Vec<DefinitionChange>,
}

/// A place where two definitions differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DefinitionChange {
    /// Path in the document, `Steps[Step-Train].Arguments.HyperParameters.eta`.
    pub path: String,
    /// What is deployed there; absent when nothing is.
    pub deployed: Option<String>,
    /// What the settings make there; absent when nothing is.
    pub local: Option<String>,
}

/// Compares the deployed definition with the one that the settings make.
///
/// # Errors
/// The foundation is missing, whose names the definition has, or the service refuses.
pub async fn definition_state(context: &Context) -> Result<DefinitionState, OpError> {
    let name = &context.scenario.pipeline;
    let (inputs, found) = tokio::try_join!(inputs(context), async {
        context.gateways.pipelines.find(name).await.map_err(op(name, "could not look for the pipeline"))
    })?;
    let local = local(context, &inputs)?;
    let local_digest = definition::digest(&local);
    let Some(found) = found else {
        return Ok(DefinitionState { local_digest, deployed_digest: None, changes: Vec::new() });
    };
    let deployed: Value = serde_json::from_str(&found.definition)
        .map_err(|error| OpError::failed(name, "could not read the deployed definition", error.to_string()))?;
    let mut changes = Vec::new();
    differ(&deployed, &local, &mut String::new(), &mut changes);
    Ok(DefinitionState { local_digest, deployed_digest: Some(definition::digest(&deployed)), changes })
}

/// The definition that the settings make.
pub(crate) fn local(context: &Context, inputs: &PipelineInputs) -> Result<Value, OpError> {
    definition::definition(&context.scenario, inputs)
        .map_err(|error| OpError::failed(&context.scenario.pipeline, "could not write the pipeline's definition", error.to_string()))
}

/// What fills the definition.
pub(crate) async fn inputs(context: &Context) -> Result<PipelineInputs, OpError> {
    let scenario = &context.scenario;
    let missing = |resource: &str| {
        OpError::precondition(
            resource,
            "the pipeline needs something that is not there",
            format!("`{resource}` does not exist"),
            "run the step `foundation` first",
        )
    };
    let (function, secret) = tokio::try_join!(
        async { context.gateways.functions.find(&scenario.function).await.map_err(op(&scenario.function, "could not read the function")) },
        async { context.gateways.secrets.find(&scenario.secret).await.map_err(op(&scenario.secret, "could not read the login")) },
    )?;
    let mlops = &context.settings.mlops;
    let quality = &mlops.quality;
    Ok(PipelineInputs {
        role_arn: context.role_arn(DemoRole::SageMaker.name(scenario)).await?,
        unload_role_arn: context.role_arn(DemoRole::Redshift.name(scenario)).await?,
        function_arn: function.ok_or_else(|| missing(&scenario.function))?.arn,
        secret_arn: secret.ok_or_else(|| missing(&scenario.secret))?.arn,
        warehouse: match context.settings.warehouse.kind {
            WarehouseKind::Serverless => WarehouseRef::Workgroup(scenario.warehouse.clone()),
            WarehouseKind::Provisioned => WarehouseRef::Cluster(scenario.warehouse.clone()),
        },
        features: FeaturePlan::of(&scenario.data),
        objective: mlops.objective.name().to_owned(),
        num_round: mlops.num_round,
        max_depth: mlops.max_depth,
        eta: mlops.eta,
        gamma: mlops.gamma,
        min_child_weight: mlops.min_child_weight,
        subsample: mlops.subsample,
        seed: mlops.seed,
        train_share: mlops.train_share,
        validation_share: mlops.validation_share,
        auc_floor: mlops.auc_floor,
        auc_margin: mlops.auc_margin,
        threshold: mlops.threshold,
        segments: mlops.segments.clone(),
        quality: Limits {
            min_rows: u64::from(quality.min_rows),
            max_missing: quality.max_missing,
            max_unseen: quality.max_unseen,
            max_absent: quality.max_absent,
            max_outside: quality.max_outside,
            max_duplicates: quality.max_duplicates,
            min_target_rate: quality.min_target_rate,
            max_target_rate: quality.max_target_rate,
            max_drift: quality.max_drift,
        },
        cache: mlops.cache,
        cache_days: mlops.cache_days,
        approval: match mlops.approval {
            Approval::Approved => "Approved".to_owned(),
            Approval::PendingManualApproval => "PendingManualApproval".to_owned(),
        },
        processing_instance: mlops.processing_instance.clone(),
        processing_instances: mlops.processing_instances,
        training_instance: mlops.training_instance.clone(),
        endpoint_instance: mlops.endpoint_instance.clone(),
    })
}

/// Collects where two values differ.
fn differ(deployed: &Value, local: &Value, path: &mut String, changes: &mut Vec<DefinitionChange>) {
    if deployed == local {
        return;
    }
    let before = path.len();
    let mut at = |part: &str, deployed: &Value, local: &Value, changes: &mut Vec<DefinitionChange>| {
        path.push_str(part);
        differ(deployed, local, path, changes);
        path.truncate(before);
    };
    match (deployed, local) {
        // An expression is one thing, though it is written as a structure.
        (Value::Object(old), Value::Object(new)) if !is_expression(old) && !is_expression(new) => {
            let dot = if before == 0 { "" } else { "." };
            for (name, value) in old {
                at(&format!("{dot}{name}"), value, new.get(name).unwrap_or(&Value::Null), changes);
            }
            for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
                at(&format!("{dot}{name}"), &Value::Null, value, changes);
            }
        }
        (Value::Array(old), Value::Array(new)) => match (names(old), names(new)) {
            // A list of named things is compared by their names, so that one that was added does not move all others.
            (Some(old_names), Some(new_names)) => {
                for (name, value) in old_names.iter().zip(old) {
                    let other = new_names.iter().position(|known| known == name).map_or(&Value::Null, |index| &new[index]);
                    at(&format!("[{name}]"), value, other, changes);
                }
                for (name, value) in new_names.iter().zip(new).filter(|(name, _)| !old_names.contains(name)) {
                    at(&format!("[{name}]"), &Value::Null, value, changes);
                }
            }
            _ => {
                for index in 0..old.len().max(new.len()) {
                    let part = format!("[{index}]");
                    at(&part, old.get(index).unwrap_or(&Value::Null), new.get(index).unwrap_or(&Value::Null), changes);
                }
            }
        },
        _ => {
            let shown = |value: &Value| (!value.is_null()).then(|| expression(value));
            changes.push(DefinitionChange { path: path.clone(), deployed: shown(deployed), local: shown(local) });
        }
    }
}

fn is_expression(members: &serde_json::Map<String, Value>) -> bool {
    members.len() == 1 && members.keys().all(|name| matches!(name.as_str(), "Get" | "Std:Join" | "Std:JsonGet"))
}

/// The names of all items of a list, when every item has one of its own.
fn names(items: &[Value]) -> Option<Vec<&str>> {
    const MEMBERS: [&str; 6] = ["Name", "OutputName", "InputName", "ChannelName", "PropertyFileName", "Image"];
    let names: Option<Vec<&str>> = items.iter().map(|item| MEMBERS.iter().find_map(|member| item.get(*member)?.as_str())).collect();
    names.filter(|names| !names.is_empty() && names.iter().collect::<std::collections::HashSet<_>>().len() == names.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::example as fixtures;

    fn changes(change: impl Fn(&mut PipelineInputs)) -> Vec<String> {
        let mut inputs = fixtures::inputs();
        let deployed = definition::definition(&fixtures::scenario(), &inputs).unwrap();
        change(&mut inputs);
        let local = definition::definition(&fixtures::scenario(), &inputs).unwrap();
        let mut found = Vec::new();
        differ(&deployed, &local, &mut String::new(), &mut found);
        let text = |value: Option<String>| value.unwrap_or_else(|| "nothing".into());
        found.into_iter().map(|change| format!("{}: {} -> {}", change.path, text(change.deployed), text(change.local))).collect()
    }

    #[test]
    fn a_changed_setting_is_found_at_its_path() {
        assert_eq!(changes(|_| {}), [] as [&str; 0]);
        assert_eq!(changes(|inputs| inputs.eta = 0.1), ["Steps[Step-Train].Arguments.HyperParameters.eta: 0.3 -> 0.1"]);
        let instance = changes(|inputs| inputs.training_instance = "ml.m5.large".into());
        assert_eq!(instance, ["Parameters[TrainingInstanceType].DefaultValue: ml.m5.xlarge -> ml.m5.large"]);
    }

    #[test]
    fn a_step_that_is_missing_is_one_change() {
        let local = definition::definition(&fixtures::scenario(), &fixtures::inputs()).unwrap();
        let mut deployed = local.clone();
        deployed["Steps"].as_array_mut().unwrap().retain(|step| step["Name"] != "Step-DataQuality");
        let mut found = Vec::new();
        differ(&deployed, &local, &mut String::new(), &mut found);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), &found[0].deployed), ("Steps[Step-DataQuality]", &None));
    }
}

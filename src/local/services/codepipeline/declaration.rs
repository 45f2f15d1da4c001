//! Declarations of pipelines: what is checked when one is made.

use std::collections::BTreeSet;

use serde_json::Value;

use super::refused;
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::Input;

/// What an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Takes the newest commit of a branch.
    Source,
    /// Waits for a person.
    Approval,
    /// Runs commands on the source.
    Commands,
}

/// The kind of an action by its type; `None` for one that is not supported.
pub(super) fn kind(action: &Value) -> Option<Kind> {
    let id = &action["actionTypeId"];
    let text = |name: &str| id[name].as_str().unwrap_or_default();
    match (text("category"), text("owner"), text("provider")) {
        ("Source", "AWS", "CodeCommit") => Some(Kind::Source),
        ("Approval", "AWS", "Manual") => Some(Kind::Approval),
        ("Compute", "AWS", "Commands") => Some(Kind::Commands),
        _ => None,
    }
}

fn structure(message: impl Into<String>) -> ServiceError {
    refused("InvalidStructureException", message)
}

/// Checks a declaration. Gives the pipeline's name and the declaration as it is kept.
pub(super) fn check(declared: &Input) -> ServiceResult<(String, Value)> {
    let name = declared.required_text("name")?;
    if name.len() > 100 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'@' | b'-' | b'_')) {
        return Err(structure(format!("{name} is no valid name of a pipeline")));
    }
    declared.required_text("roleArn")?;
    let stages = declared.objects("stages")?;
    if stages.len() < 2 {
        return Err(structure("Pipeline should have at least 2 stages"));
    }
    let (mut stage_names, mut artifacts) = (BTreeSet::new(), BTreeSet::new());
    for (at, stage) in stages.iter().enumerate() {
        let stage_name = stage.required_text("name")?;
        if !stage_names.insert(stage_name.to_owned()) {
            return Err(refused("InvalidStageDeclarationException", format!("The stage name {stage_name} is used twice")));
        }
        let actions = stage.objects("actions")?;
        if actions.is_empty() {
            return Err(refused("InvalidStageDeclarationException", format!("The stage {stage_name} has no actions")));
        }
        let mut action_names = BTreeSet::new();
        for action in &actions {
            check_action(action, at == 0, &mut artifacts)?;
            if !action_names.insert(action.required_text("name")?.to_owned()) {
                return Err(refused("InvalidStageDeclarationException", format!("The stage {stage_name} has two actions of one name")));
            }
        }
    }
    Ok((name.to_owned(), Value::Object(declared.fields().clone())))
}

fn check_action(action: &Input, first_stage: bool, artifacts: &mut BTreeSet<String>) -> ServiceResult<()> {
    let name = action.required_text("name")?;
    let wrong = |message: String| refused("InvalidActionDeclarationException", message);
    let document = Value::Object(action.fields().clone());
    let Some(kind) = kind(&document) else {
        let id = &document["actionTypeId"];
        return Err(wrong(format!(
            "Action {name}: the embedded AWS runs the actions Source/CodeCommit, Approval/Manual and Compute/Commands, and not {}/{}",
            id["category"].as_str().unwrap_or("?"),
            id["provider"].as_str().unwrap_or("?")
        )));
    };
    if first_stage != (kind == Kind::Source) {
        return Err(structure(if first_stage {
            "Pipeline should start with a stage that only contains source actions"
        } else {
            "Only the first stage can contain source actions"
        }));
    }
    action.integer_within("runOrder", 1, 999)?;
    for artifact in action.objects("inputArtifacts")? {
        let artifact = artifact.required_text("name")?;
        if !artifacts.contains(artifact) {
            return Err(wrong(format!("Action {name}: no earlier action makes the artifact {artifact}")));
        }
    }
    for artifact in action.objects("outputArtifacts")? {
        artifacts.insert(artifact.required_text("name")?.to_owned());
    }
    match kind {
        Kind::Source => {
            let configuration = action.required_object("configuration")?;
            configuration.required_text("RepositoryName")?;
            configuration.required_text("BranchName")?;
        }
        Kind::Commands => {
            if action.texts("commands")?.is_empty() {
                return Err(wrong(format!("Action {name} has no commands")));
            }
            if action.objects("inputArtifacts")?.len() != 1 {
                return Err(wrong(format!("Action {name}: commands need exactly one input artifact here")));
            }
        }
        Kind::Approval => {}
    }
    Ok(())
}

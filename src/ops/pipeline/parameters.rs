//! What an execution can be started with: the parameters of the deployed definition, with their kinds and defaults.

use serde::Serialize;
use serde_json::Value;

use crate::demo::pipeline_definition::parameter;
use crate::ops::error::op;
use crate::ops::{Context, OpError};

/// The kind of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterKind {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// `true` or `false`.
    Boolean,
}

/// A parameter of the definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParameterSpec {
    /// Name.
    pub name: String,
    /// Kind of value.
    pub kind: ParameterKind,
    /// What it is when nothing is given.
    pub default: Option<String>,
    /// The only values that it may have; any without one.
    pub allowed: Vec<String>,
}

/// The parameters of the deployed definition, without those that are set by the program itself at every start.
///
/// # Errors
/// There is no pipeline, or its definition cannot be read.
pub async fn of_deployed(context: &Context) -> Result<Vec<ParameterSpec>, OpError> {
    let name = &context.scenario.pipeline;
    let what = "could not read the parameters of the pipeline";
    let found = context.gateways.pipelines.find(name).await.map_err(op(name, what))?;
    let found = found.ok_or_else(|| {
        OpError::precondition(
            name,
            "there is no pipeline",
            format!("the pipeline `{name}` does not exist"),
            "run the step `pipeline` first",
        )
    })?;
    let definition: Value = serde_json::from_str(&found.definition).map_err(|error| OpError::failed(name, what, error.to_string()))?;
    Ok(of_definition(&definition))
}

fn of_definition(definition: &Value) -> Vec<ParameterSpec> {
    let own = [parameter::BASELINE, parameter::CHAMPION, parameter::CACHE_KEY];
    let all = definition["Parameters"].as_array().into_iter().flatten().filter_map(spec);
    all.filter(|spec| !own.contains(&spec.name.as_str())).collect()
}

fn spec(parameter: &Value) -> Option<ParameterSpec> {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let kind = match parameter["Type"].as_str()? {
        "Integer" => ParameterKind::Integer,
        "Float" => ParameterKind::Float,
        "Boolean" => ParameterKind::Boolean,
        _ => ParameterKind::Text,
    };
    Some(ParameterSpec {
        name: parameter["Name"].as_str()?.to_owned(),
        kind,
        default: text(&parameter["DefaultValue"]),
        allowed: parameter["EnumValues"].as_array().into_iter().flatten().filter_map(text).collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::demo::example as fixtures;
    use crate::demo::pipeline_definition::definition;

    #[test]
    fn the_definition_says_what_can_be_given() {
        let specs = of_definition(&definition(&fixtures::scenario(), &fixtures::inputs()).unwrap());
        let spec = |name: &str| specs.iter().find(|spec| spec.name == name).unwrap();
        assert_eq!(spec("ProcessingInstanceCount").kind, ParameterKind::Integer);
        assert_eq!(spec("TrainingInstanceType").kind, ParameterKind::Text);
        assert!(spec("TrainingInstanceType").default.is_some());
        assert!(spec("ModelApprovalStatus").allowed.contains(&"PendingManualApproval".to_owned()));
        assert!(!specs.iter().any(|spec| spec.name == parameter::CACHE_KEY), "what the program sets itself is not asked for");
    }
}

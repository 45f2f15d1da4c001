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
    declared(definition).into_iter().filter(|spec| !own.contains(&spec.name.as_str())).collect()
}

/// Every parameter that a definition declares.
pub(super) fn declared(definition: &Value) -> Vec<ParameterSpec> {
    definition["Parameters"].as_array().into_iter().flatten().filter_map(spec).collect()
}

/// Why a value cannot be given to a parameter, if it cannot. `what` says what fails by it.
pub(super) fn refused(declared: &[ParameterSpec], name: &str, value: &str, what: &str) -> Option<OpError> {
    let Some(spec) = declared.iter().find(|spec| spec.name == name) else {
        let known = declared.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>().join(", ");
        return Some(OpError::usage(what, format!("`{name}` is no parameter of the pipeline"), format!("its parameters are {known}")));
    };
    let kind = match spec.kind {
        ParameterKind::Integer if value.parse::<i64>().is_err() => "a whole number",
        ParameterKind::Float if !value.parse::<f64>().is_ok_and(f64::is_finite) => "a number",
        ParameterKind::Boolean if !["true", "false"].iter().any(|known| value.eq_ignore_ascii_case(known)) => "true or false",
        _ if !spec.allowed.is_empty() && !spec.allowed.iter().any(|allowed| allowed == value) => {
            let allowed = spec.allowed.join(", ");
            return Some(OpError::usage(what, format!("`{name}` cannot be `{value}`"), format!("give one of {allowed}")));
        }
        _ => return None,
    };
    Some(OpError::usage(what, format!("`{name}` cannot be `{value}`"), format!("give {kind}")))
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

    #[test]
    fn a_value_is_judged_by_the_kind_of_its_parameter() {
        let declared = declared(&definition(&fixtures::scenario(), &fixtures::inputs()).unwrap());
        let refused =
            |name: &str, value: &str| refused(&declared, name, value, "w").map(|error| format!("{}; {}", error.why, error.fix.unwrap()));
        for (name, value) in [("ProcessingInstanceCount", "2"), ("ModelApprovalStatus", "Approved"), (parameter::CACHE_KEY, "mine")] {
            assert_eq!(refused(name, value), None, "{name}");
        }
        assert_eq!(refused("ProcessingInstanceCount", "two").unwrap(), "`ProcessingInstanceCount` cannot be `two`; give a whole number");
        assert!(refused("ModelApprovalStatus", "Maybe").unwrap().contains("give one of Approved, PendingManualApproval, Rejected"));
        assert!(refused("Colour", "red").unwrap().starts_with("`Colour` is no parameter of the pipeline; its parameters are "));
    }
}

//! Pipeline variables in a definition: `{"Get": …}`, `{"Std:Join": …}` and `{"Std:JsonGet": …}`.

use serde_json::{Map, Value};

/// Where a `Get` leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// A parameter of the pipeline.
    Parameter(String),
    /// A variable of the execution: `PipelineExecutionId`, …
    Execution(String),
    /// A property of a step.
    Step {
        /// The step.
        step: String,
        /// The way to the property.
        path: Vec<Selector>,
    },
}

/// One move from a value into its inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selector {
    /// A member.
    Member(String),
    /// An element by its name (`Outputs['train']`).
    Named(String),
    /// An element by its position.
    Index(usize),
}

/// Variables of an execution.
pub(super) const EXECUTION_VARIABLES: &[&str] =
    &["StartDateTime", "CurrentDateTime", "PipelineName", "PipelineArn", "PipelineExecutionId", "PipelineExecutionArn"];

/// What gives variables their values.
pub(super) trait Environment {
    /// The value that a reference leads to.
    fn get(&self, reference: &Reference) -> Result<Value, String>;
    /// The content of a step's property file.
    fn property_file(&self, step: &str, name: &str) -> Result<Value, String>;
}

impl Reference {
    /// Parses the text of a `Get`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no reference to a parameter, an execution variable or a step");
        let (root, rest) = text.split_once('.').ok_or_else(wrong)?;
        match root {
            "Parameters" => Ok(Reference::Parameter(rest.to_owned())),
            "Execution" if EXECUTION_VARIABLES.contains(&rest) => Ok(Reference::Execution(rest.to_owned())),
            "Execution" => Err(format!("there is no execution variable `{rest}`; there are {}", EXECUTION_VARIABLES.join(", "))),
            "Steps" => {
                let (step, path) = rest.split_once('.').ok_or_else(wrong)?;
                Ok(Reference::Step { step: step.to_owned(), path: selectors(path).ok_or_else(wrong)? })
            }
            _ => Err(wrong()),
        }
    }
}

fn selectors(path: &str) -> Option<Vec<Selector>> {
    let mut selectors = Vec::new();
    for part in path.split('.') {
        let (member, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if member.is_empty() {
            return None;
        }
        selectors.push(Selector::Member(member.to_owned()));
        while !rest.is_empty() {
            let (inside, after) = rest.strip_prefix('[')?.split_once(']')?;
            selectors.push(match inside.strip_prefix(['\'', '"']) {
                Some(quoted) => Selector::Named(quoted.strip_suffix(['\'', '"'])?.to_owned()),
                None => Selector::Index(inside.parse().ok()?),
            });
            rest = after;
        }
    }
    Some(selectors)
}

/// Follows selectors into a value.
pub(super) fn select<'a>(value: &'a Value, path: &[Selector]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, selector| match (selector, value) {
        (Selector::Member(name) | Selector::Named(name), Value::Object(members)) => members.get(name),
        (Selector::Index(index), Value::Array(items)) => items.get(*index),
        // A list of structures with names is read like a map of them.
        (Selector::Named(name), Value::Array(items)) => items.iter().find(|item| {
            ["OutputName", "InputName", "ChannelName", "MetricName", "Name"].iter().any(|member| item[*member] == name.as_str())
        }),
        _ => None,
    })
}

/// The members of an expression: a structure of one member that is a function's name.
fn function(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, argument) = members.iter().next()?;
    matches!(name.as_str(), "Get" | "Std:Join" | "Std:JsonGet").then_some((name.as_str(), argument))
}

/// Calls `visit` with every reference in a value. A malformed expression is an error.
pub(super) fn references(value: &Value, visit: &mut dyn FnMut(Reference)) -> Result<(), String> {
    match (function(value), value) {
        (Some(("Get", argument)), _) => {
            visit(Reference::parse(argument.as_str().ok_or("Get needs a text")?)?);
            Ok(())
        }
        (Some(("Std:Join", argument)), _) => {
            argument["On"].as_str().ok_or("Std:Join needs the text `On`")?;
            let values = argument["Values"].as_array().ok_or("Std:Join needs the list `Values`")?;
            values.iter().try_for_each(|value| references(value, visit))
        }
        (Some((_, argument)), _) => {
            argument["Path"].as_str().ok_or("Std:JsonGet needs the text `Path`")?;
            references(&argument["PropertyFile"], visit)
        }
        (None, Value::Array(items)) => items.iter().try_for_each(|item| references(item, visit)),
        (None, Value::Object(members)) => members.values().try_for_each(|member| references(member, visit)),
        (None, _) => Ok(()),
    }
}

/// The value with every expression in it replaced by what it means.
pub(super) fn resolve(value: &Value, environment: &dyn Environment) -> Result<Value, String> {
    match (function(value), value) {
        (Some(("Get", argument)), _) => environment.get(&Reference::parse(argument.as_str().ok_or("Get needs a text")?)?),
        (Some(("Std:Join", argument)), _) => {
            let on = argument["On"].as_str().ok_or("Std:Join needs the text `On`")?;
            let values = argument["Values"].as_array().ok_or("Std:Join needs the list `Values`")?;
            let parts: Result<Vec<String>, String> =
                values.iter().map(|value| resolve(value, environment).map(|value| plain(&value))).collect();
            Ok(Value::from(parts?.join(on)))
        }
        (Some((_, argument)), _) => json_get(argument, environment),
        (None, Value::Array(items)) => items.iter().map(|item| resolve(item, environment)).collect(),
        (None, Value::Object(members)) => members
            .iter()
            .map(|(name, member)| Ok((name.clone(), resolve(member, environment)?)))
            .collect::<Result<Map<_, _>, String>>()
            .map(Value::Object),
        (None, other) => Ok(other.clone()),
    }
}

fn json_get(argument: &Value, environment: &dyn Environment) -> Result<Value, String> {
    let path = argument["Path"].as_str().ok_or("Std:JsonGet needs the text `Path`")?;
    let file = argument["PropertyFile"]["Get"].as_str().ok_or("Std:JsonGet needs a reference as `PropertyFile`")?;
    let Reference::Step { step, path: way } = Reference::parse(file)? else {
        return Err(format!("`{file}` is no property file of a step"));
    };
    let name = match way.as_slice() {
        [Selector::Member(root), Selector::Member(name)] | [Selector::Member(root), Selector::Named(name)] if root == "PropertyFiles" => {
            name
        }
        _ => return Err(format!("`{file}` is no property file of a step")),
    };
    let content = environment.property_file(&step, name)?;
    selectors(path)
        .and_then(|path| select(&content, &path).cloned())
        .ok_or_else(|| format!("the property file {name} of {step} has nothing at `{path}`"))
}

/// A value as part of a text.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    struct Fixed;

    impl Environment for Fixed {
        fn get(&self, reference: &Reference) -> Result<Value, String> {
            match reference {
                Reference::Parameter(name) if name == "Count" => Ok(json!(2)),
                Reference::Execution(_) => Ok(json!("abc")),
                Reference::Step { path, .. } => {
                    let properties = json!({"Outputs": [{"OutputName": "a", "Uri": "s3://a"}, {"OutputName": "b", "Uri": "s3://b"}]});
                    select(&properties, path).cloned().ok_or_else(|| "nothing there".into())
                }
                Reference::Parameter(name) => Err(format!("no parameter {name}")),
            }
        }

        fn property_file(&self, _step: &str, _name: &str) -> Result<Value, String> {
            Ok(json!({"metrics": {"auc": {"value": 0.75}}, "list": [1, 2]}))
        }
    }

    fn resolved(value: Value) -> Result<Value, String> {
        resolve(&value, &Fixed)
    }

    #[test]
    fn expressions_are_replaced_wherever_they_are() {
        let value = json!({"a": [{"Get": "Parameters.Count"}], "b": {"Std:Join": {"On": "/", "Values": ["x", {"Get": "Execution.PipelineExecutionId"}, {"Get": "Parameters.Count"}]}}});
        assert_eq!(resolved(value).unwrap(), json!({"a": [2], "b": "x/abc/2"}));
        assert_eq!(resolved(json!({"Get": "Steps.S.Outputs['b'].Uri"})).unwrap(), json!("s3://b"));
        assert_eq!(resolved(json!({"Get": "Steps.S.Outputs[0].Uri"})).unwrap(), json!("s3://a"));
        let get = |path: &str| json!({"Std:JsonGet": {"PropertyFile": {"Get": "Steps.E.PropertyFiles.R"}, "Path": path}});
        assert_eq!(resolved(get("metrics.auc.value")).unwrap(), json!(0.75));
        assert_eq!(resolved(get("list[1]")).unwrap(), json!(2));
        assert!(resolved(get("metrics.mse")).unwrap_err().contains("nothing at `metrics.mse`"));
    }

    #[test]
    fn malformed_references_are_refused() {
        for text in ["Nothing", "Somewhere.x", "Execution.PIPELINE_EXECUTION_ID", "Steps.S", "Steps.S.A['x", "Steps.S.A[x]"] {
            assert!(Reference::parse(text).is_err(), "{text}");
        }
    }
}

//! Parameters of a template: what is declared, what is given, and whether one fits the other.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::{Map, Value};

use super::template::invalid;
use crate::local::service::ServiceResult;

/// A parameter as it is declared.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared {
    pub kind: String,
    pub default: Option<String>,
    pub description: Option<String>,
    /// Whether its value is not to be shown.
    pub no_echo: bool,
    allowed: Vec<String>,
    pattern: Option<Regex>,
    constraint: Option<String>,
    lengths: (Option<f64>, Option<f64>),
    values: (Option<f64>, Option<f64>),
}

impl Declared {
    /// Reads a declaration.
    pub fn read(name: &str, members: &Map<String, Value>) -> ServiceResult<Declared> {
        let wrong = |what: &str| invalid(format!("Template format error: Parameter {name} {what}."));
        let text = |value: &Value| scalar(value).ok_or_else(|| wrong("has a member that is no text"));
        let number = |value: &Value| {
            scalar(value).and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| wrong("has a bound that is no number"))
        };
        let mut declared = Declared::default();
        for (member, value) in members {
            match member.as_str() {
                "Type" => declared.kind = text(value)?,
                "Default" => declared.default = Some(text(value)?),
                "Description" => declared.description = Some(text(value)?),
                "NoEcho" => declared.no_echo = text(value)? == "true",
                "AllowedValues" => {
                    let values = value.as_array().ok_or_else(|| wrong("has AllowedValues that are no list"))?;
                    declared.allowed = values.iter().map(text).collect::<ServiceResult<_>>()?;
                }
                // The whole value has to match.
                "AllowedPattern" => {
                    let pattern = Regex::new(&format!("^(?:{})$", text(value)?));
                    declared.pattern = Some(pattern.map_err(|_| wrong("has an AllowedPattern that is no regular expression"))?);
                }
                "ConstraintDescription" => declared.constraint = Some(text(value)?),
                "MinLength" => declared.lengths.0 = number(value)?,
                "MaxLength" => declared.lengths.1 = number(value)?,
                "MinValue" => declared.values.0 = number(value)?,
                "MaxValue" => declared.values.1 = number(value)?,
                other => return Err(wrong(&format!("has the unknown member {other}"))),
            }
        }
        let known = matches!(declared.kind.as_str(), "String" | "Number" | "CommaDelimitedList" | "List<Number>" | "List<String>")
            || declared.kind.starts_with("AWS::EC2::")
            || declared.kind.starts_with("List<AWS::EC2::");
        if !known {
            return Err(invalid(format!("Template format error: Unrecognized parameter type: {}", declared.kind)));
        }
        Ok(declared)
    }

    /// Whether it stands for several values.
    fn is_list(&self) -> bool {
        self.kind == "CommaDelimitedList" || self.kind.starts_with("List<")
    }

    /// What a reference to it gives.
    pub fn value(&self, given: &str) -> Value {
        if self.is_list() { given.split(',').map(|item| Value::from(item.trim())).collect() } else { Value::from(given) }
    }

    fn check(&self, name: &str, given: &str) -> ServiceResult<()> {
        let failed = |plain: String| match &self.constraint {
            Some(constraint) => Err(invalid(format!("Parameter {name} failed to satisfy constraint: {constraint}"))),
            None => Err(invalid(plain)),
        };
        let items: Vec<&str> = if self.is_list() { given.split(',').map(str::trim).collect() } else { vec![given] };
        if self.kind.contains("Number") && items.iter().any(|item| item.parse::<f64>().is_err()) {
            return Err(invalid(format!("Parameter '{name}' must be a number.")));
        }
        if !self.allowed.is_empty() && items.iter().any(|item| !self.allowed.iter().any(|allowed| allowed == item)) {
            return failed(format!("Parameter '{name}' must be one of AllowedValues"));
        }
        if let Some(pattern) = &self.pattern
            && items.iter().any(|item| !pattern.is_match(item))
        {
            return failed(format!(
                "Parameter '{name}' must match pattern {}",
                pattern.as_str().trim_start_matches("^(?:").trim_end_matches(")$")
            ));
        }
        let length = given.chars().count() as f64;
        if self.lengths.0.is_some_and(|least| length < least) || self.lengths.1.is_some_and(|most| length > most) {
            return failed(format!("Parameter '{name}' must contain a permitted number of characters"));
        }
        let bounded = |item: &&str| {
            item.parse::<f64>()
                .map_or(true, |number| self.values.0.is_none_or(|least| number >= least) && self.values.1.is_none_or(|most| number <= most))
        };
        if self.kind.contains("Number") && !items.iter().all(bounded) {
            return failed(format!("Parameter '{name}' must be a number within its bounds"));
        }
        Ok(())
    }
}

/// A text, a number or a truth value as the text that a template has for it.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The value of every parameter that is declared: what is given, what was given before, or the default.
pub(super) fn settle(declared: &IndexMap<String, Declared>, given: &BTreeMap<String, String>) -> ServiceResult<BTreeMap<String, String>> {
    let unknown: Vec<&str> = given.keys().filter(|name| !declared.contains_key(*name)).map(String::as_str).collect();
    if !unknown.is_empty() {
        return Err(invalid(format!("Parameters: [{}] do not exist in the template", unknown.join(", "))));
    }
    let missing: Vec<&str> = declared
        .iter()
        .filter(|(name, parameter)| !given.contains_key(*name) && parameter.default.is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    if !missing.is_empty() {
        return Err(invalid(format!("Parameters: [{}] must have values", missing.join(", "))));
    }
    let mut settled = BTreeMap::new();
    for (name, parameter) in declared {
        let value = given.get(name).or(parameter.default.as_ref()).cloned().unwrap_or_default();
        parameter.check(name, &value)?;
        settled.insert(name.clone(), value);
    }
    Ok(settled)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn declared(document: &Value) -> IndexMap<String, Declared> {
        let members = document.as_object().unwrap();
        members.iter().map(|(name, declared)| (name.clone(), Declared::read(name, declared.as_object().unwrap()).unwrap())).collect()
    }

    fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_given_has_to_fit() {
        let declared = declared(&json!({
            "Zones": { "Type": "String", "Default": "3", "AllowedValues": ["2", "3"] },
            "Cidr": { "Type": "String", "AllowedPattern": "[0-9./]+", "ConstraintDescription": "must be a block" },
            "Port": { "Type": "Number", "Default": 5439, "MinValue": 1024, "MaxValue": 65535 },
            "Name": { "Type": "String", "Default": "n", "MaxLength": 3 },
            "Subnets": { "Type": "CommaDelimitedList", "Default": "a, b" }
        }));
        let settled = settle(&declared, &given(&[("Cidr", "10.0.0.0/16")])).unwrap();
        assert_eq!((settled["Zones"].as_str(), settled["Port"].as_str()), ("3", "5439"));
        assert_eq!(declared["Subnets"].value(&settled["Subnets"]), json!(["a", "b"]));
        assert_eq!(declared["Zones"].value(&settled["Zones"]), json!("3"));
        let refused = |pairs: &[(&str, &str)]| settle(&declared, &given(pairs)).unwrap_err().message;
        assert_eq!(refused(&[]), "Parameters: [Cidr] must have values");
        assert_eq!(refused(&[("Cidr", "1"), ("Color", "red")]), "Parameters: [Color] do not exist in the template");
        assert_eq!(refused(&[("Cidr", "x")]), "Parameter Cidr failed to satisfy constraint: must be a block");
        assert_eq!(refused(&[("Cidr", "1"), ("Zones", "4")]), "Parameter 'Zones' must be one of AllowedValues");
        assert_eq!(refused(&[("Cidr", "1"), ("Port", "x")]), "Parameter 'Port' must be a number.");
        assert!(refused(&[("Cidr", "1"), ("Port", "80")]).contains("within its bounds"));
        assert!(refused(&[("Cidr", "1"), ("Name", "abcd")]).contains("number of characters"));
    }

    #[test]
    fn declarations_are_checked() {
        let refused = |document: Value| Declared::read("P", document.as_object().unwrap()).unwrap_err().message;
        assert!(refused(json!({ "Type": "Text" })).contains("Unrecognized parameter type: Text"));
        assert!(refused(json!({ "Type": "String", "Min": 1 })).contains("unknown member Min"));
        assert!(refused(json!({ "Type": "String", "AllowedPattern": "(" })).contains("no regular expression"));
    }
}

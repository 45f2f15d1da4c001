//! Templates: read, and refused where CloudFormation refuses them before anything is made.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::parameters::Declared;
use super::references::{self, Reference};
use super::{pseudo, resources};
use crate::local::service::{ServiceError, ServiceResult};

/// "CloudFormation quotas": the longest template in a request, in bytes.
const LONGEST: usize = 51_200;
/// "CloudFormation quotas": resources, parameters and outputs of a template.
const MOST_RESOURCES: usize = 500;

/// A template.
#[derive(Debug, Clone, Default)]
pub(super) struct Template {
    pub description: Option<String>,
    pub parameters: IndexMap<String, Declared>,
    pub conditions: Map<String, Value>,
    pub resources: IndexMap<String, Resource>,
    pub outputs: IndexMap<String, Output>,
}

/// A resource as it is declared.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub kind: String,
    pub properties: Map<String, Value>,
    pub depends_on: Vec<String>,
    pub condition: Option<String>,
    /// Whether it stays when the stack goes.
    pub retained: bool,
}

/// An output as it is declared.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub value: Value,
    pub description: Option<String>,
    pub condition: Option<String>,
    pub export: Option<Value>,
}

/// CloudFormation's error for a bad request.
pub(super) fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ValidationError", message)
}

impl Template {
    /// Reads a template and checks all that can be told from it alone.
    pub fn read(text: &str) -> ServiceResult<Template> {
        if text.len() > LONGEST {
            return Err(invalid(format!(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {LONGEST}"
            )));
        }
        let document = match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(document)) => document,
            Ok(_) => return Err(invalid("Template format error: unsupported structure.")),
            Err(_) if !text.trim_start().starts_with(['{', '[']) => {
                return Err(invalid("Template format error: the embedded AWS reads templates in JSON, and this one looks like YAML."));
            }
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                return Err(invalid(format!("Template format error: JSON not well-formed. (line {line}, column {column})")));
            }
        };
        let template = Template::sections(&document)?;
        template.check()?;
        Ok(template)
    }

    fn sections(document: &Map<String, Value>) -> ServiceResult<Template> {
        let mut template = Template::default();
        for (name, section) in document {
            match name.as_str() {
                "AWSTemplateFormatVersion" if section == "2010-09-09" => {}
                "AWSTemplateFormatVersion" => {
                    return Err(invalid("Template format error: unsupported value for AWSTemplateFormatVersion. No such version."));
                }
                "Description" => {
                    let text =
                        section.as_str().ok_or_else(|| invalid("Template format error: every Description member must be a string."))?;
                    template.description = Some(text.to_owned());
                }
                "Metadata" => {}
                "Parameters" => {
                    for (name, declared) in object(section, name)? {
                        template.parameters.insert(name.clone(), Declared::read(name, object(declared, "Parameters")?)?);
                    }
                }
                "Conditions" => template.conditions = object(section, name)?.clone(),
                "Resources" => {
                    for (name, resource) in object(section, name)? {
                        template.resources.insert(name.clone(), Resource::read(name, object(resource, "Resources")?)?);
                    }
                }
                "Outputs" => {
                    for (name, output) in object(section, name)? {
                        template.outputs.insert(name.clone(), Output::read(name, object(output, "Outputs")?)?);
                    }
                }
                "Mappings" | "Rules" | "Transform" | "Hooks" => {
                    return Err(invalid(format!("The embedded AWS does not support the section {name} of templates.")));
                }
                other => return Err(invalid(format!("Invalid template property or properties [{other}]"))),
            }
        }
        Ok(template)
    }

    fn check(&self) -> ServiceResult<()> {
        if self.resources.is_empty() {
            return Err(invalid("Template format error: At least one Resources member must be defined."));
        }
        if self.resources.len() > MOST_RESOURCES {
            let count = self.resources.len();
            return Err(invalid(format!(
                "Template format error: Number of resources, {count}, is greater than maximum allowed, {MOST_RESOURCES}"
            )));
        }
        for name in self.resources.keys().chain(self.outputs.keys()).chain(self.parameters.keys()) {
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(invalid(format!("Template format error: Name {name} is non alphanumeric.")));
            }
        }
        for (name, value) in &self.conditions {
            // A condition is evaluated before there are resources.
            self.check_references(value, &format!("condition {name}"), false)?;
        }
        for (name, resource) in &self.resources {
            self.check_condition(resource.condition.as_deref(), "Resources")?;
            self.check_references(&Value::Object(resource.properties.clone()), "the Resources block of the template", true)?;
            for other in &resource.depends_on {
                if !self.resources.contains_key(other) {
                    return Err(unresolved(other, "the Resources block of the template"));
                }
            }
            let words: Vec<&str> = resource.kind.split("::").collect();
            if words.len() < 3 || words.iter().any(|word| word.is_empty()) {
                return Err(invalid(format!("Template format error: Unrecognized resource types: [{}] of {name}", resource.kind)));
            }
        }
        for output in self.outputs.values() {
            self.check_condition(output.condition.as_deref(), "Outputs")?;
            self.check_references(&output.value, "the Outputs block of the template", true)?;
            if let Some(export) = &output.export {
                self.check_references(export, "the Outputs block of the template", true)?;
            }
        }
        super::order::of(self).map(drop)
    }

    fn check_condition(&self, condition: Option<&str>, block: &str) -> ServiceResult<()> {
        match condition {
            Some(name) if !self.conditions.contains_key(name) => {
                Err(invalid(format!("Template format error: Unresolved condition dependency {name} in the {block} block of the template")))
            }
            _ => Ok(()),
        }
    }

    /// Whether everything that a value refers to is there.
    fn check_references(&self, value: &Value, place: &str, resources: bool) -> ServiceResult<()> {
        for reference in references::of(value).map_err(|problem| invalid(format!("Template error: {problem}")))? {
            match reference {
                Reference::Name(name) => {
                    let there =
                        pseudo::is_one(&name) || self.parameters.contains_key(&name) || resources && self.resources.contains_key(&name);
                    if !there {
                        return Err(unresolved(&name, place));
                    }
                }
                Reference::Attribute(name, attribute) => {
                    let Some(resource) = self.resources.get(&name).filter(|_| resources) else {
                        return Err(invalid(format!("Template error: instance of Fn::GetAtt references undefined resource {name}")));
                    };
                    // What a type that is not known here would have cannot be told; making it fails.
                    if resources::kind(&resource.kind).is_some_and(|kind| !kind.attributes.contains(&attribute.as_str())) {
                        return Err(invalid(format!(
                            "Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
                        )));
                    }
                }
                Reference::Condition(name) => {
                    if !self.conditions.contains_key(&name) {
                        return Err(invalid(format!(
                            "Template format error: Unresolved dependencies [{name}]. Cannot reference {name} in {place}"
                        )));
                    }
                }
            }
        }
        Ok(())
    }
}

fn unresolved(name: &str, place: &str) -> ServiceError {
    invalid(format!("Template format error: Unresolved resource dependencies [{name}] in {place}"))
}

fn object<'v>(value: &'v Value, section: &str) -> ServiceResult<&'v Map<String, Value>> {
    value.as_object().ok_or_else(|| invalid(format!("Template format error: Every {section} member must be an object.")))
}

impl Resource {
    fn read(name: &str, declared: &Map<String, Value>) -> ServiceResult<Resource> {
        let mut resource =
            Resource { kind: String::new(), properties: Map::new(), depends_on: Vec::new(), condition: None, retained: false };
        let text = |value: &Value, member: &str| {
            let text = value.as_str().map(str::to_owned);
            text.ok_or_else(|| invalid(format!("Template format error: The {member} of resource {name} must be a string.")))
        };
        for (member, value) in declared {
            match member.as_str() {
                "Type" => resource.kind = text(value, member)?,
                "Properties" => resource.properties = object(value, &format!("Properties of {name}"))?.clone(),
                "DependsOn" => {
                    resource.depends_on = match value {
                        Value::Array(names) => names.iter().map(|each| text(each, member)).collect::<ServiceResult<_>>()?,
                        one => vec![text(one, member)?],
                    };
                }
                "Condition" => resource.condition = Some(text(value, member)?),
                "DeletionPolicy" => match text(value, member)?.as_str() {
                    "Delete" => {}
                    "Retain" | "RetainExceptOnCreate" => resource.retained = true,
                    other => return Err(invalid(format!("Template error: the embedded AWS does not support the DeletionPolicy {other}."))),
                },
                "UpdateReplacePolicy" | "Metadata" => {}
                other => return Err(invalid(format!("Invalid template resource property '{other}'"))),
            }
        }
        if resource.kind.is_empty() {
            return Err(invalid(format!("Template format error: [/Resources/{name}] Every Resources object must contain a Type member.")));
        }
        Ok(resource)
    }
}

impl Output {
    fn read(name: &str, declared: &Map<String, Value>) -> ServiceResult<Output> {
        if let Some(other) = declared.keys().find(|key| !["Value", "Description", "Condition", "Export"].contains(&key.as_str())) {
            return Err(invalid(format!("Template format error: Output {name} has the unknown member {other}.")));
        }
        let value = declared.get("Value").cloned();
        let text = |member: &str| declared.get(member).and_then(Value::as_str).map(str::to_owned);
        Ok(Output {
            value: value.ok_or_else(|| {
                invalid(format!(
                    "Template format error: Output {name} is malformed. The Value field of every Outputs member must be specified"
                ))
            })?,
            description: text("Description"),
            condition: text("Condition"),
            export: declared.get("Export").and_then(|export| export.get("Name")).cloned(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn refused(document: &Value) -> String {
        Template::read(&document.to_string()).unwrap_err().message
    }

    fn with(resources: &Value) -> Value {
        json!({ "Resources": resources })
    }

    #[test]
    fn the_demonstrations_templates_are_sound() {
        for stack in crate::demo::stack::DemoStack::ALL {
            Template::read(stack.template()).unwrap_or_else(|error| panic!("{}: {error}", stack.word()));
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        assert!(Template::read("Resources:\n  A: {}\n").unwrap_err().message.contains("looks like YAML"));
        assert!(Template::read("{\"Resources\": {").unwrap_err().message.contains("JSON not well-formed. (line 1"));
        assert!(refused(&json!({})).contains("At least one Resources member"));
        assert!(refused(&json!({ "Resource": {} })).contains("Invalid template property or properties [Resource]"));
        assert!(refused(&json!({ "Mappings": {} })).contains("does not support the section Mappings"));
        assert!(refused(&json!({ "AWSTemplateFormatVersion": "2011-01-01" })).contains("No such version"));
        assert!(refused(&with(&json!({ "A": {} }))).contains("must contain a Type member"));
        assert!(refused(&with(&json!({ "A": { "Type": "VPC" } }))).contains("Unrecognized resource types: [VPC]"));
        assert!(refused(&with(&json!({ "A-b": { "Type": "AWS::EC2::VPC" } }))).contains("A-b is non alphanumeric"));
        assert!(refused(&with(&json!({ "A": { "Type": "AWS::EC2::VPC", "Tags": [] } }))).contains("resource property 'Tags'"));
        let long = json!({ "Description": "x".repeat(60_000) });
        assert!(refused(&long).contains("less than or equal to 51200"));
    }

    #[test]
    fn what_is_referred_to_has_to_be_there() {
        let subnet = |properties: Value| with(&json!({ "S": { "Type": "AWS::EC2::Subnet", "Properties": properties } }));
        assert!(refused(&subnet(json!({ "VpcId": { "Ref": "Vpc" } }))).contains("Unresolved resource dependencies [Vpc]"));
        assert!(refused(&subnet(json!({ "VpcId": { "Fn::Sub": "${Vpc}" } }))).contains("Unresolved resource dependencies [Vpc]"));
        assert!(refused(&subnet(json!({ "VpcId": { "Fn::GetAtt": "Vpc.VpcId" } }))).contains("references undefined resource Vpc"));
        assert!(refused(&subnet(json!({ "VpcId": { "Fn::If": ["No", "a", "b"] } }))).contains("Unresolved dependencies [No]"));
        assert!(refused(&subnet(json!({ "VpcId": { "Fn::ImportValue": "x" } }))).contains("Fn::ImportValue"));
        let attribute = json!({
            "V": { "Type": "AWS::EC2::VPC" },
            "S": { "Type": "AWS::EC2::Subnet", "Properties": { "VpcId": { "Fn::GetAtt": ["V", "Color"] } } }
        });
        assert!(refused(&with(&attribute)).contains("resource V does not support attribute type Color"));
        let depends = json!({ "V": { "Type": "AWS::EC2::VPC", "DependsOn": "W" } });
        assert!(refused(&with(&depends)).contains("[W]"));
    }
}

//! The order in which the resources of a template are made: what is referred to first.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::references::{self, Reference};
use super::template::{Template, invalid};
use crate::local::service::ServiceResult;

/// A resource of a template by its name, and the names of those that it needs.
pub(super) type Needs = (String, BTreeSet<String>);

/// The resources in an order in which each comes after those that it needs, as close to the template's own as that allows.
pub(super) fn of(template: &Template) -> ServiceResult<Vec<Needs>> {
    let needs: Vec<Needs> = template.resources.keys().map(|name| (name.clone(), needed(template, name))).collect();
    let mut ordered: Vec<Needs> = Vec::with_capacity(needs.len());
    let mut placed: BTreeSet<String> = BTreeSet::new();
    while ordered.len() < needs.len() {
        let next = needs.iter().find(|(name, others)| !placed.contains(name) && others.iter().all(|other| placed.contains(other)));
        let Some((name, others)) = next else {
            let known: BTreeMap<&str, &BTreeSet<String>> = needs.iter().map(|(name, others)| (name.as_str(), others)).collect();
            let circle = needs.iter().map(|(name, _)| name.as_str()).filter(|name| reaches_itself(&known, name));
            let circle: Vec<&str> = circle.collect();
            return Err(invalid(format!("Circular dependency between resources: [{}]", circle.join(", "))));
        };
        placed.insert(name.clone());
        ordered.push((name.clone(), others.clone()));
    }
    Ok(ordered)
}

fn needed(template: &Template, name: &str) -> BTreeSet<String> {
    let Some(resource) = template.resources.get(name) else { return BTreeSet::new() };
    let mut found: BTreeSet<String> = resource.depends_on.iter().cloned().collect();
    // What cannot be read was refused before.
    for reference in references::of(&Value::Object(resource.properties.clone())).unwrap_or_default() {
        if let Reference::Name(other) | Reference::Attribute(other, _) = reference
            && template.resources.contains_key(&other)
        {
            found.insert(other);
        }
    }
    found
}

fn reaches_itself(known: &BTreeMap<&str, &BTreeSet<String>>, name: &str) -> bool {
    let mut ahead = vec![name];
    let mut seen = BTreeSet::new();
    while let Some(at) = ahead.pop() {
        for other in known.get(at).into_iter().flat_map(|others| others.iter()) {
            if other == name {
                return true;
            }
            if seen.insert(other.as_str()) {
                ahead.push(other);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn read(resources: &Value) -> ServiceResult<Vec<String>> {
        let template = Template::read(&json!({ "Resources": resources }).to_string())?;
        Ok(of(&template)?.into_iter().map(|(name, _)| name).collect())
    }

    #[test]
    fn what_is_needed_comes_first() {
        let order = read(&json!({
            "Subnet": { "Type": "AWS::EC2::Subnet", "Properties": { "VpcId": { "Ref": "Vpc" } } },
            "Gateway": { "Type": "AWS::EC2::InternetGateway", "DependsOn": "Subnet" },
            "Vpc": { "Type": "AWS::EC2::VPC" },
            "Table": { "Type": "AWS::EC2::RouteTable", "Properties": { "VpcId": { "Fn::Sub": "${Vpc.VpcId}" } } }
        }));
        assert_eq!(order.unwrap(), ["Vpc", "Subnet", "Gateway", "Table"]);
    }

    #[test]
    fn a_circle_is_named_without_what_only_leads_to_it() {
        let circle = read(&json!({
            "A": { "Type": "AWS::EC2::VPC", "DependsOn": "B" },
            "B": { "Type": "AWS::EC2::VPC", "DependsOn": ["C"] },
            "C": { "Type": "AWS::EC2::VPC", "DependsOn": ["A"] },
            "D": { "Type": "AWS::EC2::VPC", "DependsOn": ["A"] }
        }));
        assert_eq!(circle.unwrap_err().message, "Circular dependency between resources: [A, B, C]");
    }
}

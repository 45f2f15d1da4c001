//! The types of resources that stacks can have: their properties, and what comes of making one.
//!
//! Nothing runs behind a network or a studio of the embedded AWS. What a template can get wrong is found all the same: properties that are
//! missing or unknown, blocks that do not fit, ids that nobody made.

mod gateways;
mod groups;
mod kinds;
mod network;
mod studio;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use kinds::Property;
pub(super) use kinds::{DOMAIN, Kind, USER_PROFILE, kind};

use super::parameters::scalar;
use super::usage::Users;

/// A resource that is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Made {
    /// Type: `AWS::EC2::VPC`.
    pub kind: String,
    /// Its name in the account: `vpc-0…`.
    pub physical: String,
    /// What `Fn::GetAtt` gives.
    pub attributes: BTreeMap<String, String>,
    /// What it was made with.
    pub properties: Map<String, Value>,
}

impl Made {
    /// What `Ref` gives.
    pub fn reference(&self) -> &str {
        &self.physical
    }

    /// A property, as a text.
    pub fn text(&self, property: &str) -> Option<String> {
        self.properties.get(property).and_then(scalar)
    }

    /// A property that is a list, as texts.
    pub fn texts(&self, property: &str) -> Vec<String> {
        texts(&self.properties, property)
    }
}

/// Everything that is there in the account.
#[derive(Default)]
pub(super) struct World {
    pub region: String,
    pub account: String,
    pub things: Vec<Made>,
}

impl World {
    /// The resources of a type.
    pub fn of(&self, kind: &str) -> impl Iterator<Item = &Made> {
        self.things.iter().filter(move |made| made.kind == kind)
    }

    /// A resource by its name in the account.
    pub fn find(&self, kind: &str, physical: &str) -> Option<&Made> {
        self.of(kind).find(|made| made.physical == physical)
    }

    /// Whether networks are known here at all. Without any, ids are those of networks that were there before, and are taken as they are.
    pub fn has_networks(&self) -> bool {
        self.of(kinds::VPC).next().is_some()
    }
}

/// Why a resource cannot be made or removed: the words of the service behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    service: &'static str,
    message: String,
    code: &'static str,
}

impl Refusal {
    fn ec2(message: impl Into<String>) -> Refusal {
        Refusal { service: "Ec2", message: message.into(), code: "InvalidRequest" }
    }

    fn sagemaker(message: impl Into<String>) -> Refusal {
        Refusal { service: "SageMaker", message: message.into(), code: "InvalidRequest" }
    }

    fn exists(mut self) -> Refusal {
        self.code = "AlreadyExists";
        self
    }

    fn missing(mut self) -> Refusal {
        self.code = "NotFound";
        self
    }

    /// As the reason of an event says it.
    pub fn reason(&self) -> String {
        let (request, token) = (Uuid::new_v4(), Uuid::new_v4());
        format!(
            "Resource handler returned message: \"{} (Service: {}, Status Code: 400, Request ID: {request})\" (RequestToken: {token}, HandlerErrorCode: {})",
            self.message, self.service, self.code
        )
    }

    /// The service's own sentence.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Whether properties are those that a type has.
fn check(kind: &Kind, name: &str, properties: &Map<String, Value>) -> Result<(), String> {
    let mut problems = Vec::new();
    for Property { name, required, .. } in kind.properties.iter() {
        if *required && !properties.contains_key(*name) {
            problems.push(format!("#: required key [{name}] not found"));
        }
    }
    for (given, value) in properties {
        match kind.properties.iter().find(|property| property.name == given) {
            None => problems.push(format!("#: extraneous key [{given}] is not permitted")),
            Some(property) if !property.shape.fits(value) => {
                problems.push(format!("#/{given}: expected type: {}, found: {}", property.shape.word(), word(value)));
            }
            Some(_) => {}
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("Properties validation failed for resource {name} with message:\n{}", problems.join("\n")))
    }
}

/// JSON's word for what a value is.
fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "JSONArray",
        Value::Object(_) => "JSONObject",
    }
}

/// Makes the resource `name` of a template.
///
/// # Errors
/// The reason that its event gives.
pub(super) fn make(name: &str, kind_name: &str, properties: Map<String, Value>, world: &World) -> Result<Made, String> {
    let kind = kind(kind_name).ok_or_else(|| {
        let known: Vec<&str> = kinds::KINDS.iter().map(|kind| kind.name).collect();
        format!("the embedded AWS has no resources of the type {kind_name}; it has {}", known.join(", "))
    })?;
    check(kind, name, &properties)?;
    let new = (kind.make)(&properties, world).map_err(|refusal| refusal.reason())?;
    Ok(Made { kind: kind_name.to_owned(), physical: new.physical, attributes: new.attributes, properties })
}

/// Why a resource cannot be removed: who uses it. `world` has everything that will still be there.
///
/// # Errors
/// The reason that its event gives.
pub(super) fn removable(made: &Made, world: &World, users: &Users) -> Result<(), String> {
    let refusal = match made.kind.as_str() {
        kinds::VPC => network::held_vpc(made, world),
        kinds::SUBNET => network::held_subnet(made, world, users),
        kinds::SECURITY_GROUP => groups::held_group(made, world, users),
        kinds::DOMAIN => studio::held_domain(made, world),
        _ => None,
    };
    refusal.map_or(Ok(()), |refusal| Err(refusal.reason()))
}

/// Why the network of something outside of stacks cannot be: a subnet or a group that nobody made, or groups of another network.
pub(super) fn refused_network(subnets: &[String], groups: &[String], world: &World) -> Option<Refusal> {
    let checked = || {
        for subnet in subnets {
            network::subnet(world, subnet)?;
        }
        let vpcs: Vec<String> = subnets.iter().filter_map(|subnet| world.find(kinds::SUBNET, subnet)?.text("VpcId")).collect();
        for group in groups {
            groups::group(world, group)?;
            let of = world.find(kinds::SECURITY_GROUP, group).and_then(|made| made.text("VpcId"));
            if let (Some(of), Some(vpc)) = (of, vpcs.first())
                && of != *vpc
            {
                return Err(Refusal::ec2(format!("The security group '{group}' does not belong to the VPC '{vpc}' of the subnets")));
            }
        }
        Ok(())
    };
    checked().err()
}

/// What making a resource gives.
struct New {
    physical: String,
    attributes: BTreeMap<String, String>,
}

impl New {
    fn of(physical: impl Into<String>) -> New {
        New { physical: physical.into(), attributes: BTreeMap::new() }
    }

    fn with(mut self, attribute: &str, value: impl Into<String>) -> New {
        self.attributes.insert(attribute.to_owned(), value.into());
        self
    }
}

type Making = Result<New, Refusal>;

/// A new id: the prefix, and seventeen digits as EC2 has them.
fn id(prefix: &str) -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!("{prefix}-0{}", &random[..16])
}

fn text(properties: &Map<String, Value>, name: &str) -> String {
    properties.get(name).and_then(scalar).unwrap_or_default()
}

fn texts(properties: &Map<String, Value>, name: &str) -> Vec<String> {
    properties.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(scalar).collect()
}

#[cfg(test)]
mod tests;

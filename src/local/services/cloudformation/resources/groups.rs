//! Security groups and their rules.

use serde_json::{Map, Value};

use super::kinds::{EGRESS, INGRESS, SECURITY_GROUP};
use super::{Made, Making, New, Refusal, World, id, network, text};
use crate::demo::network::Block;
use crate::local::services::cloudformation::usage::Users;

/// A group that is there, or one that cannot be known.
pub(super) fn group<'w>(world: &'w World, group: &str) -> Result<Option<&'w Made>, Refusal> {
    let default = |made: &Made| made.attributes.get("DefaultSecurityGroup").is_some_and(|default| default == group);
    match world.find(SECURITY_GROUP, group) {
        None if world.has_networks() && !world.things.iter().any(default) => {
            Err(Refusal::ec2(format!("The security group '{group}' does not exist")).missing())
        }
        found => Ok(found),
    }
}

pub(super) fn make_group(properties: &Map<String, Value>, world: &World) -> Making {
    let vpc = text(properties, "VpcId");
    if !vpc.is_empty() {
        network::vpc(world, &vpc)?;
    }
    // "CreateSecurityGroup": up to 255 characters of a few kinds.
    let description = text(properties, "GroupDescription");
    let fine = description.len() <= 255 && description.chars().all(|c| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c));
    if !fine || description.is_empty() {
        let message = "Invalid security group description. Valid descriptions are strings less than 256 characters from the following set: \
                       a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
        return Err(Refusal::ec2(format!("Value ({description}) for parameter GroupDescription is invalid. {message}")));
    }
    let name = text(properties, "GroupName");
    let same = |other: &Made| other.text("GroupName").as_deref() == Some(&name) && other.text("VpcId").unwrap_or_default() == vpc;
    if name.starts_with("sg-") {
        return Err(Refusal::ec2(format!("Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*.")));
    }
    if !name.is_empty() && world.of(SECURITY_GROUP).any(same) {
        return Err(Refusal::ec2(format!("The security group '{name}' already exists for VPC '{vpc}'")).exists());
    }
    for rules in ["SecurityGroupIngress", "SecurityGroupEgress"] {
        for rule in properties.get(rules).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
            check_rule(rule)?;
        }
    }
    let physical = id("sg");
    Ok(New::of(physical.clone()).with("GroupId", physical.clone()).with("Id", physical).with("VpcId", vpc))
}

pub(super) fn make_ingress(properties: &Map<String, Value>, world: &World) -> Making {
    make_rule(INGRESS, "SourceSecurityGroupId", properties, world)
}

pub(super) fn make_egress(properties: &Map<String, Value>, world: &World) -> Making {
    make_rule(EGRESS, "DestinationSecurityGroupId", properties, world)
}

fn make_rule(kind: &str, peer: &str, properties: &Map<String, Value>, world: &World) -> Making {
    let (of, peer_id) = (text(properties, "GroupId"), text(properties, peer));
    if of.is_empty() && text(properties, "GroupName").is_empty() {
        return Err(Refusal::ec2("The request must contain exactly one of: groupId, groupName"));
    }
    if !of.is_empty() {
        group(world, &of)?;
    }
    if !peer_id.is_empty() {
        group(world, &peer_id)?;
    }
    check_rule(properties)?;
    let what = |properties: &Map<String, Value>| {
        ["GroupId", "GroupName", "IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", peer].map(|name| text(properties, name))
    };
    if world.of(kind).any(|other| what(&other.properties) == what(properties)) {
        let protocol = text(properties, "IpProtocol").to_uppercase();
        let (from, to) = (text(properties, "FromPort"), text(properties, "ToPort"));
        let peer = if peer_id.is_empty() { text(properties, "CidrIp") } else { peer_id };
        let message = format!("the specified rule \"peer: {peer}, {protocol}, from port: {from}, to port: {to}, ALLOW\" already exists");
        return Err(Refusal::ec2(message).exists());
    }
    let physical = id("sgr");
    Ok(New::of(physical.clone()).with("Id", physical))
}

/// Whether a rule makes sense: a protocol, ports in their order, and one peer with a block that is one.
fn check_rule(rule: &Map<String, Value>) -> Result<(), Refusal> {
    let protocol = text(rule, "IpProtocol");
    let known = matches!(protocol.as_str(), "tcp" | "udp" | "icmp" | "icmpv6" | "-1") || protocol.parse::<u8>().is_ok();
    if !known {
        return Err(Refusal::ec2(format!("Invalid value '{protocol}' for IP protocol. Unknown protocol.")));
    }
    if matches!(protocol.as_str(), "tcp" | "udp") {
        let port = |name: &str| text(rule, name).parse::<u16>().ok();
        match (port("FromPort"), port("ToPort")) {
            (Some(from), Some(to)) if from <= to => {}
            _ => {
                let (from, to) = (text(rule, "FromPort"), text(rule, "ToPort"));
                return Err(Refusal::ec2(format!("Invalid TCP or UDP port range: {from} to {to}")));
            }
        }
    }
    let peers =
        ["CidrIp", "CidrIpv6", "SourceSecurityGroupId", "DestinationSecurityGroupId", "SourcePrefixListId", "DestinationPrefixListId"];
    if peers.iter().filter(|peer| rule.contains_key(**peer)).count() != 1 {
        return Err(Refusal::ec2("A rule needs exactly one of a block, a prefix list and a security group"));
    }
    let block = text(rule, "CidrIp");
    if !block.is_empty() && Block::around(&block).is_none() {
        return Err(Refusal::ec2(format!("CIDR block {block} is malformed")));
    }
    Ok(())
}

/// Why a group stays: a warehouse uses it, or a rule of another group that stays.
pub(super) fn held_group(made: &Made, world: &World, users: &Users) -> Option<Refusal> {
    let peer = |rule: &Made| {
        let peers = ["SourceSecurityGroupId", "DestinationSecurityGroupId"];
        peers.iter().any(|peer| rule.text(peer).as_deref() == Some(&made.physical))
            && rule.text("GroupId").as_deref() != Some(&made.physical)
    };
    let held = users.groups.contains(&made.physical) || world.of(INGRESS).any(peer) || world.of(EGRESS).any(peer);
    held.then(|| Refusal::ec2(format!("resource {} has a dependent object", made.physical)))
}

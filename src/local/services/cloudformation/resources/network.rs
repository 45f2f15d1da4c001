//! Networks: blocks, subnets, route tables.

use serde_json::{Map, Value};

use super::kinds::{ASSOCIATION, ATTACHMENT, DOMAIN, ENDPOINT, ROUTE_TABLE, SECURITY_GROUP, SUBNET, VPC};
use super::{Made, Making, New, Refusal, World, id, text};
use crate::demo::network::Block;
use crate::local::services::cloudformation::pseudo::Place;
use crate::local::services::cloudformation::usage::Users;

/// A block of addresses that EC2 takes for a network or a subnet: /16 to /28 ("VPC CIDR blocks", "Subnet CIDR blocks").
fn block(given: &str) -> Result<Block, Refusal> {
    if given.is_empty() {
        return Err(Refusal::ec2("The request must contain the parameter cidrBlock"));
    }
    let read = Block::around(given);
    let read =
        read.ok_or_else(|| Refusal::ec2(format!("Value ({given}) for parameter cidrBlock is invalid. This is not a valid CIDR block.")))?;
    if (16..=28).contains(&read.prefix()) { Ok(read) } else { Err(Refusal::ec2(format!("The CIDR '{given}' is invalid."))) }
}

/// A network that is there, or one that cannot be known.
pub(super) fn vpc<'w>(world: &'w World, vpc: &str) -> Result<Option<&'w Made>, Refusal> {
    match world.find(VPC, vpc) {
        None if world.has_networks() => Err(Refusal::ec2(format!("The vpc ID '{vpc}' does not exist")).missing()),
        found => Ok(found),
    }
}

/// A subnet that is there, or one that cannot be known.
pub(super) fn subnet<'w>(world: &'w World, subnet: &str) -> Result<Option<&'w Made>, Refusal> {
    match world.find(SUBNET, subnet) {
        None if world.has_networks() => Err(Refusal::ec2(format!("The subnet ID '{subnet}' does not exist")).missing()),
        found => Ok(found),
    }
}

/// A route table that is there, or one that cannot be known.
pub(super) fn route_table<'w>(world: &'w World, table: &str) -> Result<Option<&'w Made>, Refusal> {
    match world.find(ROUTE_TABLE, table) {
        None if world.has_networks() => Err(Refusal::ec2(format!("The routeTable ID '{table}' does not exist")).missing()),
        found => Ok(found),
    }
}

pub(super) fn make_vpc(properties: &Map<String, Value>, _: &World) -> Making {
    let block = block(&text(properties, "CidrBlock"))?;
    let physical = id("vpc");
    let new = New::of(physical.clone()).with("VpcId", physical).with("CidrBlock", block.to_string());
    Ok(new.with("DefaultSecurityGroup", id("sg")).with("DefaultNetworkAcl", id("acl")))
}

pub(super) fn make_subnet(properties: &Map<String, Value>, world: &World) -> Making {
    let vpc_id = text(properties, "VpcId");
    let network = vpc(world, &vpc_id)?;
    let given = text(properties, "CidrBlock");
    let block = block(&given)?;
    let within = network.and_then(|network| Block::around(network.attributes.get("CidrBlock")?));
    if within.is_some_and(|within| !within.contains(block)) {
        return Err(Refusal::ec2(format!("The CIDR '{given}' is invalid.")));
    }
    let taken = world
        .of(SUBNET)
        .filter(|other| other.text("VpcId").as_deref() == Some(&vpc_id))
        .filter_map(|other| Block::around(other.attributes.get("CidrBlock")?))
        .any(|other| other.overlaps(block));
    if taken {
        return Err(Refusal::ec2(format!("The CIDR '{given}' conflicts with another subnet")).exists());
    }
    let zones = Place::zones(&world.region);
    let zone = Some(text(properties, "AvailabilityZone")).filter(|zone| !zone.is_empty());
    if let Some(unknown) = zone.as_ref().filter(|zone| !zones.contains(zone)) {
        return Err(Refusal::ec2(format!(
            "Value ({unknown}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: {}.",
            zones.join(", ")
        )));
    }
    let physical = id("subnet");
    let new = New::of(physical.clone()).with("SubnetId", physical).with("VpcId", vpc_id).with("CidrBlock", block.to_string());
    let zone = zone.or_else(|| zones.first().cloned()).unwrap_or_default();
    Ok(new.with("AvailabilityZone", zone).with("NetworkAclAssociationId", id("aclassoc")))
}

pub(super) fn make_route_table(properties: &Map<String, Value>, world: &World) -> Making {
    vpc(world, &text(properties, "VpcId"))?;
    let physical = id("rtb");
    Ok(New::of(physical.clone()).with("RouteTableId", physical))
}

pub(super) fn make_association(properties: &Map<String, Value>, world: &World) -> Making {
    let (subnet_id, table_id) = (text(properties, "SubnetId"), text(properties, "RouteTableId"));
    let (subnet, table) = (subnet(world, &subnet_id)?, route_table(world, &table_id)?);
    if let (Some(subnet), Some(table)) = (subnet, table)
        && subnet.text("VpcId") != table.text("VpcId")
    {
        return Err(Refusal::ec2(format!("Route table {table_id} and subnet {subnet_id} belong to different networks")));
    }
    if world.of(ASSOCIATION).any(|other| other.text("SubnetId").as_deref() == Some(&subnet_id)) {
        let message = format!("the specified association for route table {table_id} conflicts with an existing association");
        return Err(Refusal::ec2(message).exists());
    }
    let physical = id("rtbassoc");
    Ok(New::of(physical.clone()).with("Id", physical))
}

/// Why a network stays: something is in it.
pub(super) fn held_vpc(made: &Made, world: &World) -> Option<Refusal> {
    let inside = [SUBNET, SECURITY_GROUP, ROUTE_TABLE, ENDPOINT, ATTACHMENT];
    let held =
        world.things.iter().any(|other| inside.contains(&other.kind.as_str()) && other.text("VpcId").as_deref() == Some(&made.physical));
    held.then(|| Refusal::ec2(format!("The vpc '{}' has dependencies and cannot be deleted.", made.physical)))
}

/// Why a subnet stays: a warehouse or a studio has an interface in it.
pub(super) fn held_subnet(made: &Made, world: &World, users: &Users) -> Option<Refusal> {
    let held = users.subnets.contains(&made.physical) || world.of(DOMAIN).any(|domain| domain.texts("SubnetIds").contains(&made.physical));
    held.then(|| Refusal::ec2(format!("The subnet '{}' has dependencies and cannot be deleted.", made.physical)))
}

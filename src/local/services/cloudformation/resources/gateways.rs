//! Ways out of a network: endpoints of services, internet gateways, routes.

use serde_json::{Map, Value};

use super::kinds::{ATTACHMENT, ENDPOINT, INTERNET_GATEWAY, ROUTE};
use super::{Making, New, Refusal, World, id, network, text, texts};
use crate::demo::network::Block;

pub(super) fn make_endpoint(properties: &Map<String, Value>, world: &World) -> Making {
    let vpc = text(properties, "VpcId");
    network::vpc(world, &vpc)?;
    let service = text(properties, "ServiceName");
    let kind = Some(text(properties, "VpcEndpointType")).filter(|kind| !kind.is_empty()).unwrap_or_else(|| "Gateway".to_owned());
    let named =
        service.strip_prefix("com.amazonaws.").and_then(|rest| rest.strip_prefix(&world.region)).and_then(|rest| rest.strip_prefix('.'));
    let there = match (kind.as_str(), named) {
        // Only these two are reached through routes.
        ("Gateway", Some("s3" | "dynamodb")) | ("Interface", Some(_)) => true,
        ("Gateway" | "Interface", _) => false,
        (other, _) => return Err(Refusal::ec2(format!("The embedded AWS has no endpoints of the type {other}"))),
    };
    if !there {
        return Err(Refusal::ec2(format!("The Vpc Endpoint Service '{service}' does not exist")).missing());
    }
    let tables = texts(properties, "RouteTableIds");
    for table in &tables {
        network::route_table(world, table)?;
        let same =
            |other: &super::Made| other.text("ServiceName").as_deref() == Some(&service) && other.texts("RouteTableIds").contains(table);
        if world.of(ENDPOINT).any(same) {
            return Err(Refusal::ec2(format!("route table {table} already has a route to the service {service}")).exists());
        }
    }
    for subnet in texts(properties, "SubnetIds") {
        network::subnet(world, &subnet)?;
    }
    let physical = id("vpce");
    Ok(New::of(physical.clone()).with("Id", physical))
}

pub(super) fn make_internet_gateway(_: &Map<String, Value>, _: &World) -> Making {
    let physical = id("igw");
    Ok(New::of(physical.clone()).with("InternetGatewayId", physical))
}

pub(super) fn make_attachment(properties: &Map<String, Value>, world: &World) -> Making {
    let vpc = text(properties, "VpcId");
    network::vpc(world, &vpc)?;
    let gateway = text(properties, "InternetGatewayId");
    if gateway.is_empty() {
        return Err(Refusal::ec2("The request must contain the parameter internetGatewayId"));
    }
    if world.find(INTERNET_GATEWAY, &gateway).is_none() {
        return Err(Refusal::ec2(format!("The internetGateway ID '{gateway}' does not exist")).missing());
    }
    if world.of(ATTACHMENT).any(|other| other.text("VpcId").as_deref() == Some(&vpc)) {
        return Err(Refusal::ec2(format!("Network {vpc} already has an internet gateway attached")).exists());
    }
    if world.of(ATTACHMENT).any(|other| other.text("InternetGatewayId").as_deref() == Some(&gateway)) {
        return Err(Refusal::ec2(format!("resource {gateway} is already attached to a network")).exists());
    }
    Ok(New::of(format!("IGW|{vpc}")).with("AttachmentType", "IGW"))
}

pub(super) fn make_route(properties: &Map<String, Value>, world: &World) -> Making {
    let table = text(properties, "RouteTableId");
    network::route_table(world, &table)?;
    let destination = text(properties, "DestinationCidrBlock");
    if Block::around(&destination).is_none() {
        return Err(Refusal::ec2(format!(
            "Value ({destination}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block."
        )));
    }
    let gateway = text(properties, "GatewayId");
    if gateway.is_empty() {
        return Err(Refusal::ec2("The request must contain exactly one target: the embedded AWS has internet gateways (GatewayId)"));
    }
    if world.find(INTERNET_GATEWAY, &gateway).is_none() {
        return Err(Refusal::ec2(format!("The gateway ID '{gateway}' does not exist")).missing());
    }
    let same = |other: &super::Made| {
        other.text("RouteTableId").as_deref() == Some(&table) && other.text("DestinationCidrBlock").as_deref() == Some(&destination)
    };
    if world.of(ROUTE).any(same) {
        return Err(Refusal::ec2(format!("The route identified by {destination} already exists.")).exists());
    }
    Ok(New::of(format!("{table}|{destination}")).with("CidrBlock", destination))
}

//! Tests of what making and removing a stack leads to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::evaluate::Scope;
use super::super::order;
use super::super::parameters::settle;
use super::super::pseudo::Place;
use super::super::resources::World;
use super::super::stack::{Member, STACK};
use super::super::template::Template;
use super::super::usage::Users;
use super::{About, Creation, OnFailure, Step, creation, removal};
use crate::demo::stack::DemoStack;

const ID: &str = "arn:aws:cloudformation:us-east-1:000000000000:stack/net/1";
const ABOUT: About<'static> = About { name: "net", id: ID };

fn world() -> World {
    World { region: "us-east-1".into(), account: "000000000000".into(), things: Vec::new() }
}

fn plan(template: &str, given: &[(&str, &str)], on_failure: OnFailure) -> (Creation, World) {
    let template = Template::read(template).unwrap();
    let given: BTreeMap<String, String> = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let parameters = settle(&template.parameters, &given).unwrap();
    let place = Place { account: "000000000000".into(), region: "us-east-1".into(), stack_id: ID.into(), stack_name: "net".into() };
    let mut scope = Scope::new(&place, &template.parameters, &parameters, &template.conditions).unwrap();
    let mut world = world();
    let order = order::of(&template).unwrap();
    let made = creation(ABOUT, &template, &order, &mut scope, &mut world, on_failure).unwrap();
    (made, world)
}

fn network(cidr: &str, subnets: &str) -> (Creation, World) {
    plan(DemoStack::Network.template(), &[("Cidr", cidr), ("SubnetCidrs", subnets)], OnFailure::Rollback)
}

const SUBNETS: &str = "10.76.0.0/18,10.76.64.0/18,10.76.128.0/18";

fn of<'s>(steps: &'s [Step], name: &str) -> Vec<&'s Step> {
    steps.iter().filter(|step| step.name == name).collect()
}

fn statuses(steps: &[Step], name: &str) -> Vec<&'static str> {
    of(steps, name).iter().map(|step| step.status).collect()
}

fn at(steps: &[Step], name: &str, status: &str) -> usize {
    steps.iter().position(|step| step.name == name && step.status == status).unwrap_or_else(|| panic!("{name} {status} in {steps:#?}"))
}

#[test]
fn a_network_is_made_in_the_order_of_what_is_needed() {
    let (made, world) = network("10.76.0.0/16", SUBNETS);
    assert!(made.complete);
    assert_eq!((made.members.len(), world.things.len()), (11, 11));
    let steps = &made.steps;
    assert_eq!(statuses(steps, "net"), ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]);
    assert_eq!((steps[0].kind.as_str(), steps[0].reason.as_deref()), (STACK, Some("User Initiated")));
    let vpc = of(steps, "Vpc");
    assert_eq!(statuses(steps, "Vpc"), ["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]);
    assert_eq!((vpc[0].physical.as_str(), vpc[1].reason.as_deref()), ("", Some("Resource creation Initiated")));
    assert!(vpc[1].physical.starts_with("vpc-0") && vpc[1].physical == vpc[2].physical);
    for subnet in ["SubnetA", "SubnetB", "SubnetC"] {
        assert!(at(steps, "Vpc", "CREATE_COMPLETE") < at(steps, subnet, "CREATE_IN_PROGRESS"));
    }
    assert!(at(steps, "SecurityGroup", "CREATE_COMPLETE") < at(steps, "WarehousePortFromItself", "CREATE_IN_PROGRESS"));
    assert!(steps.is_sorted_by_key(|step| step.tick), "{steps:?}");
    // Subnets do not need each other.
    assert_eq!(of(steps, "SubnetA")[0].tick, of(steps, "SubnetC")[0].tick);
}

#[test]
fn a_resource_that_cannot_be_made_takes_the_others_with_it() {
    let (made, _) = network("10.76.0.0/16", "10.76.0.0/18,10.76.64.0/18,10.76.64.0/20");
    assert!(!made.complete);
    let steps = &made.steps;
    assert_eq!(statuses(steps, "net"), ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]);
    let failed = of(steps, "SubnetC")[1];
    assert_eq!(failed.status, "CREATE_FAILED");
    assert!(failed.reason.as_deref().unwrap().contains("The CIDR '10.76.64.0/20' conflicts with another subnet"), "{failed:?}");
    let why = of(steps, "net")[1].reason.clone().unwrap();
    assert!(
        why.starts_with("The following resource(s) failed to create: [SubnetC, ") && why.ends_with("Rollback requested by user."),
        "{why}"
    );
    let cancelled = of(steps, "SubnetA");
    assert!(cancelled.iter().any(|step| step.reason.as_deref() == Some("Resource creation cancelled")), "{cancelled:?}");
    assert!(of(steps, "RoutesOfSubnetA").is_empty(), "what needs others never began");
    // Everything that was begun is removed, the network last.
    assert_eq!(statuses(steps, "Vpc").last(), Some(&"DELETE_COMPLETE"));
    assert!(steps.iter().all(|step| step.status != "DELETE_FAILED"), "{steps:#?}");
    let last = steps.iter().rev().find(|step| step.kind != STACK).unwrap();
    assert_eq!(last.name, "Vpc");
}

#[test]
fn what_happens_with_a_stack_that_cannot_be_made_is_the_callers_choice() {
    let given = [("Cidr", "10.76.0.0/15"), ("SubnetCidrs", SUBNETS)];
    let (kept, _) = plan(DemoStack::Network.template(), &given, OnFailure::DoNothing);
    assert_eq!(statuses(&kept.steps, "net"), ["CREATE_IN_PROGRESS", "CREATE_FAILED"]);
    assert!(kept.steps.iter().all(|step| !step.status.starts_with("DELETE")), "{:#?}", kept.steps);
    let (removed, _) = plan(DemoStack::Network.template(), &given, OnFailure::Delete);
    assert_eq!(statuses(&removed.steps, "net"), ["CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]);
}

#[test]
fn conditions_leave_resources_out() {
    let template = json!({
        "Conditions": { "No": { "Fn::Equals": ["a", "b"] } },
        "Resources": {
            "Vpc": { "Type": "AWS::EC2::VPC", "Properties": { "CidrBlock": "10.0.0.0/16" } },
            "Gateway": { "Type": "AWS::EC2::InternetGateway", "Condition": "No" }
        }
    });
    let (made, _) = plan(&template.to_string(), &[], OnFailure::Rollback);
    assert!(made.complete && of(&made.steps, "Gateway").is_empty());
}

#[test]
fn a_network_goes_in_the_reverse_order_and_stays_where_it_is_used() {
    let (made, world) = network("10.76.0.0/16", SUBNETS);
    let members: Vec<&Member> = made.members.iter().collect();
    let steps = removal(ABOUT, &members, &world, &Users::default());
    assert_eq!(statuses(&steps, "net"), ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]);
    assert!(at(&steps, "RoutesOfSubnetA", "DELETE_COMPLETE") < at(&steps, "SubnetA", "DELETE_IN_PROGRESS"));
    assert!(at(&steps, "SubnetA", "DELETE_COMPLETE") < at(&steps, "Vpc", "DELETE_IN_PROGRESS"));

    let subnet = made.members.iter().find(|member| member.name == "SubnetB").unwrap();
    let users = Users { subnets: [subnet.made.physical.clone()].into(), groups: Default::default() };
    let steps = removal(ABOUT, &members, &world, &users);
    let stack = of(&steps, "net");
    assert_eq!(stack[1].status, "DELETE_FAILED");
    assert_eq!(stack[1].reason.as_deref(), Some("The following resource(s) failed to delete: [SubnetB]. "));
    assert!(of(&steps, "SubnetB")[1].reason.as_deref().unwrap().contains("has dependencies and cannot be deleted"));
    assert!(of(&steps, "Vpc").is_empty(), "what is needed by what stays is not touched");
    assert_eq!(statuses(&steps, "SubnetA"), ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]);
}

#[test]
fn what_is_to_be_kept_is_skipped() {
    let template = json!({ "Resources": {
        "Vpc": { "Type": "AWS::EC2::VPC", "DeletionPolicy": "Retain", "Properties": { "CidrBlock": "10.0.0.0/16" } }
    } });
    let (made, world) = plan(&template.to_string(), &[], OnFailure::Rollback);
    let steps = removal(ABOUT, &made.members.iter().collect::<Vec<_>>(), &world, &Users::default());
    assert_eq!(statuses(&steps, "Vpc"), ["DELETE_SKIPPED"]);
}

#[test]
fn properties_are_told_as_they_are_evaluated() {
    let (made, _) = network("10.76.0.0/16", SUBNETS);
    let properties: Map<String, Value> = serde_json::from_str(of(&made.steps, "SubnetB")[0].properties.as_deref().unwrap()).unwrap();
    assert_eq!((&properties["CidrBlock"], &properties["AvailabilityZone"]), (&json!("10.76.64.0/18"), &json!("us-east-1b")));
}

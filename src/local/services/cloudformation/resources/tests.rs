//! Tests of what comes of making resources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use super::*;

fn world() -> World {
    World { region: "us-east-1".into(), account: "000000000000".into(), things: Vec::new() }
}

/// Makes something and puts it into the world; gives its id.
fn put(world: &mut World, kind: &str, properties: Value) -> String {
    let made = make("X", kind, properties.as_object().unwrap().clone(), world).unwrap_or_else(|reason| panic!("{reason}"));
    world.things.push(made.clone());
    made.physical
}

fn refused(world: &World, kind: &str, properties: Value) -> String {
    make("X", kind, properties.as_object().unwrap().clone(), world).unwrap_err()
}

#[test]
fn ids_look_like_those_of_the_services() {
    let mut world = world();
    let vpc = put(&mut world, kinds::VPC, json!({ "CidrBlock": "10.76.0.0/16" }));
    let subnet = put(&mut world, kinds::SUBNET, json!({ "VpcId": vpc, "CidrBlock": "10.76.0.0/18" }));
    for (id, prefix) in [(&vpc, "vpc-0"), (&subnet, "subnet-0")] {
        let digits = id.strip_prefix(prefix).unwrap();
        assert!(digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    }
    assert_eq!(world.things[1].attributes["AvailabilityZone"], "us-east-1a");
    let role = "arn:aws:iam::000000000000:role/BankDM-SageMaker";
    let settings = json!({ "ExecutionRole": role });
    let domain = json!({ "DomainName": "d", "AuthMode": "IAM", "DefaultUserSettings": settings, "VpcId": vpc, "SubnetIds": [subnet] });
    let domain = put(&mut world, kinds::DOMAIN, domain);
    assert_eq!((domain.len(), &domain[..2]), (14, "d-"));
    assert_eq!(put(&mut world, kinds::USER_PROFILE, json!({ "DomainId": domain, "UserProfileName": "ann" })), "ann");
}

#[test]
fn properties_are_those_of_the_type() {
    let world = world();
    let missing = refused(&world, kinds::SUBNET, json!({ "Cidr": "10.76.0.0/18" }));
    assert!(missing.contains("Properties validation failed for resource X"), "{missing}");
    assert!(
        missing.contains("#: required key [VpcId] not found") && missing.contains("#: extraneous key [Cidr] is not permitted"),
        "{missing}"
    );
    let flag = refused(&world, kinds::VPC, json!({ "CidrBlock": "10.76.0.0/16", "EnableDnsSupport": "yes" }));
    assert!(flag.contains("#/EnableDnsSupport: expected type: Boolean, found: String"), "{flag}");
    let unknown = refused(&world, "AWS::S3::Bucket", json!({}));
    assert!(unknown.contains("no resources of the type AWS::S3::Bucket") && unknown.contains(kinds::VPC), "{unknown}");
}

#[test]
fn blocks_have_to_fit() {
    let mut world = world();
    for (block, why) in
        [("10.76.0.0/15", "The CIDR '10.76.0.0/15' is invalid."), ("10.76.0.0/29", "is invalid."), ("10.76/16", "not a valid CIDR block")]
    {
        assert!(refused(&world, kinds::VPC, json!({ "CidrBlock": block })).contains(why), "{block}");
    }
    let vpc = put(&mut world, kinds::VPC, json!({ "CidrBlock": "10.76.0.0/16" }));
    let subnet = |block: &str| json!({ "VpcId": vpc, "CidrBlock": block });
    put(&mut world, kinds::SUBNET, subnet("10.76.0.0/18"));
    assert!(refused(&world, kinds::SUBNET, subnet("10.77.0.0/18")).contains("The CIDR '10.77.0.0/18' is invalid."));
    assert!(refused(&world, kinds::SUBNET, subnet("10.76.32.0/20")).contains("conflicts with another subnet"));
    let elsewhere = json!({ "VpcId": vpc, "CidrBlock": "10.76.64.0/18", "AvailabilityZone": "us-east-1z" });
    assert!(refused(&world, kinds::SUBNET, elsewhere).contains("us-east-1a, us-east-1b, us-east-1c"));
}

#[test]
fn what_nobody_made_is_refused_where_networks_are_known() {
    let mut world = world();
    let group = json!({ "GroupDescription": "d", "VpcId": "vpc-0aaaaaaaa" });
    assert!(
        make("X", kinds::SECURITY_GROUP, group.as_object().unwrap().clone(), &world).is_ok(),
        "a network from before is taken as it is"
    );
    assert_eq!(refused_network(&["subnet-1".into()], &["sg-1".into()], &world), None);
    let vpc = put(&mut world, kinds::VPC, json!({ "CidrBlock": "10.76.0.0/16" }));
    assert!(refused(&world, kinds::SECURITY_GROUP, group).contains("The vpc ID 'vpc-0aaaaaaaa' does not exist"));
    let subnet = put(&mut world, kinds::SUBNET, json!({ "VpcId": vpc, "CidrBlock": "10.76.0.0/18" }));
    let group = put(&mut world, kinds::SECURITY_GROUP, json!({ "GroupDescription": "d", "VpcId": vpc }));
    assert_eq!(refused_network(std::slice::from_ref(&subnet), std::slice::from_ref(&group), &world), None);
    let message =
        |subnet: &str, group: &str, world: &World| refused_network(&[subnet.into()], &[group.into()], world).unwrap().message().to_owned();
    assert_eq!(message("subnet-0b", &group, &world), "The subnet ID 'subnet-0b' does not exist");
    assert_eq!(message(&subnet, "sg-0b", &world), "The security group 'sg-0b' does not exist");
    let other = put(&mut world, kinds::VPC, json!({ "CidrBlock": "10.77.0.0/16" }));
    let foreign = put(&mut world, kinds::SECURITY_GROUP, json!({ "GroupDescription": "d", "VpcId": other }));
    assert!(message(&subnet, &foreign, &world).contains("does not belong to the VPC"));
}

#[test]
fn the_same_twice_is_refused() {
    let mut world = world();
    let vpc = put(&mut world, kinds::VPC, json!({ "CidrBlock": "10.76.0.0/16" }));
    let subnet = put(&mut world, kinds::SUBNET, json!({ "VpcId": vpc, "CidrBlock": "10.76.0.0/18" }));
    let table = put(&mut world, kinds::ROUTE_TABLE, json!({ "VpcId": vpc }));
    let group = json!({ "GroupDescription": "d", "GroupName": "warehouse", "VpcId": vpc });
    let id = put(&mut world, kinds::SECURITY_GROUP, group.clone());
    let rule = json!({ "GroupId": id, "IpProtocol": "tcp", "FromPort": 5439, "ToPort": "5439", "SourceSecurityGroupId": id });
    let association = json!({ "SubnetId": subnet, "RouteTableId": table });
    let endpoint = json!({ "VpcId": vpc, "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": [table] });
    for (kind, properties) in [(kinds::INGRESS, rule), (kinds::ASSOCIATION, association), (kinds::ENDPOINT, endpoint)] {
        put(&mut world, kind, properties.clone());
        let reason = refused(&world, kind, properties);
        assert!(reason.contains("HandlerErrorCode: AlreadyExists"), "{kind}: {reason}");
    }
    assert!(refused(&world, kinds::SECURITY_GROUP, group).contains("'warehouse' already exists for VPC"));
}

#[test]
fn rules_and_endpoints_have_to_make_sense() {
    let mut world = world();
    let vpc = put(&mut world, kinds::VPC, json!({ "CidrBlock": "10.76.0.0/16" }));
    let group = put(&mut world, kinds::SECURITY_GROUP, json!({ "GroupDescription": "d", "VpcId": vpc }));
    let rule = |more: Value| {
        let mut rule = json!({ "GroupId": group, "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "CidrIp": "10.0.0.0/8" });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rule
    };
    assert!(refused(&world, kinds::INGRESS, rule(json!({ "IpProtocol": "tpc" }))).contains("Unknown protocol"));
    assert!(refused(&world, kinds::INGRESS, rule(json!({ "FromPort": 3 }))).contains("port range: 3 to 2"));
    assert!(refused(&world, kinds::INGRESS, rule(json!({ "CidrIp": "everyone" }))).contains("is malformed"));
    assert!(refused(&world, kinds::INGRESS, rule(json!({ "SourceSecurityGroupId": group }))).contains("exactly one"));
    let endpoint = |service: &str| json!({ "VpcId": vpc, "ServiceName": service });
    assert!(refused(&world, kinds::ENDPOINT, endpoint("com.amazonaws.eu-west-1.s3")).contains("does not exist"));
    assert!(refused(&world, kinds::ENDPOINT, endpoint("com.amazonaws.us-east-1.sagemaker.api")).contains("does not exist"));
}

#[test]
fn what_is_used_is_not_removed() {
    let mut world = world();
    let vpc = put(&mut world, kinds::VPC, json!({ "CidrBlock": "10.76.0.0/16" }));
    let subnet = put(&mut world, kinds::SUBNET, json!({ "VpcId": vpc, "CidrBlock": "10.76.0.0/18" }));
    let made = |world: &World, at: usize| world.things[at].clone();
    assert!(removable(&made(&world, 0), &world, &Users::default()).unwrap_err().contains("has dependencies and cannot be deleted"));
    assert_eq!(removable(&made(&world, 1), &world, &Users::default()), Ok(()));
    let users = Users { subnets: [subnet.clone()].into(), groups: Default::default() };
    assert!(removable(&made(&world, 1), &world, &users).unwrap_err().contains(&format!("The subnet '{subnet}' has dependencies")));
}

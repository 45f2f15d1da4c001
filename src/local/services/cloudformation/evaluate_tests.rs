//! Tests of references and functions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::super::parameters::Declared;
use super::super::pseudo::Place;
use super::super::resources::Made;
use super::Scope;

fn place() -> Place {
    Place { account: "000000000000".into(), region: "us-east-1".into(), stack_id: "arn:stack".into(), stack_name: "net".into() }
}

/// Evaluates values where there are parameters, conditions and one resource.
fn evaluated(values: &[Value]) -> Vec<Result<Option<Value>, String>> {
    let declaration = |document: Value| Declared::read("P", document.as_object().unwrap()).unwrap();
    let declared = IndexMap::from([
        ("Cidr".to_owned(), declaration(json!({ "Type": "String" }))),
        ("Names".to_owned(), declaration(json!({ "Type": "CommaDelimitedList" }))),
    ]);
    let parameters = BTreeMap::from([("Cidr".to_owned(), "10.76.0.0/16".to_owned()), ("Names".to_owned(), "a,b".to_owned())]);
    let conditions = json!({
        "Both": { "Fn::And": [{ "Condition": "Yes" }, { "Fn::Not": [{ "Condition": "No" }] }] },
        "Yes": { "Fn::Equals": [{ "Ref": "Cidr" }, "10.76.0.0/16"] },
        "No": { "Fn::Or": [{ "Fn::Equals": [1, 2] }, { "Fn::Equals": ["a", "b"] }] }
    });
    let place = place();
    let mut scope = Scope::new(&place, &declared, &parameters, conditions.as_object().unwrap()).unwrap();
    let attributes = BTreeMap::from([("GroupId".to_owned(), "sg-1".to_owned())]);
    scope.made.insert(
        "Group".into(),
        Made { kind: "AWS::EC2::SecurityGroup".into(), physical: "sg-1".into(), attributes, properties: Map::new() },
    );
    values.iter().map(|value| scope.value(value)).collect()
}

fn value(value: Value) -> Value {
    evaluated(&[value]).remove(0).unwrap().unwrap()
}

fn refused(value: Value) -> String {
    evaluated(&[value]).remove(0).unwrap_err()
}

#[test]
fn references_stand_for_parameters_places_and_resources() {
    assert_eq!(value(json!({ "Ref": "Cidr" })), json!("10.76.0.0/16"));
    assert_eq!(value(json!({ "Ref": "Names" })), json!(["a", "b"]));
    assert_eq!(value(json!({ "Ref": "Group" })), json!("sg-1"));
    assert_eq!(value(json!({ "Fn::GetAtt": ["Group", "GroupId"] })), json!("sg-1"));
    assert_eq!(
        value(json!([{ "Ref": "AWS::Region" }, { "Ref": "AWS::AccountId" }, { "Ref": "AWS::StackName" }])),
        json!(["us-east-1", "000000000000", "net"])
    );
    assert_eq!(value(json!({ "Ref": "AWS::Partition" })), json!("aws"));
    assert!(refused(json!({ "Fn::GetAtt": "Group.Color" })).contains("does not support attribute type Color"));
}

#[test]
fn texts_are_joined_divided_and_filled() {
    assert_eq!(value(json!({ "Fn::Join": ["-", [{ "Ref": "AWS::StackName" }, 1, true]] })), json!("net-1-true"));
    assert_eq!(value(json!({ "Fn::Join": [",", { "Ref": "Names" }] })), json!("a,b"));
    assert_eq!(value(json!({ "Fn::Split": ["/", { "Ref": "Cidr" }] })), json!(["10.76.0.0", "16"]));
    let filled = json!({ "Fn::Sub": ["${AWS::Region}.${Own}.${Group.GroupId}.${Group}.${!Own}", { "Own": { "Ref": "Cidr" } }] });
    assert_eq!(value(filled), json!("us-east-1.10.76.0.0/16.sg-1.sg-1.${Own}"));
    assert!(refused(json!({ "Fn::Sub": "${Names}" })).contains("cannot put the list Names"));
    assert!(refused(json!({ "Fn::Join": ["", [["a"]]] })).contains("list of strings"));
}

#[test]
fn items_are_selected() {
    assert_eq!(value(json!({ "Fn::Select": ["1", { "Ref": "Names" }] })), json!("b"));
    assert_eq!(value(json!({ "Fn::Select": [2, { "Fn::GetAZs": "" }] })), json!("us-east-1c"));
    assert_eq!(value(json!({ "Fn::GetAZs": { "Ref": "AWS::Region" } })), json!(["us-east-1a", "us-east-1b", "us-east-1c"]));
    assert_eq!(value(json!({ "Fn::GetAZs": "us-west-1" })), json!(["us-west-1a", "us-west-1c"]));
    assert!(refused(json!({ "Fn::Select": [2, { "Ref": "Names" }] })).contains("nonexistent value at index 2"));
}

#[test]
fn networks_are_divided() {
    let blocks = json!({ "Fn::Cidr": [{ "Ref": "Cidr" }, 2, "12"] });
    assert_eq!(value(blocks.clone()), json!(["10.76.0.0/20", "10.76.16.0/20"]));
    assert_eq!(value(json!({ "Fn::Select": [1, blocks] })), json!("10.76.16.0/20"));
    assert!(refused(json!({ "Fn::Cidr": ["10.76.0.0/24", 3, 7] })).contains("cannot take 3 blocks"));
    assert!(refused(json!({ "Fn::Cidr": ["x", 3, 7] })).contains("no IPv4 block"));
}

#[test]
fn conditions_choose_and_leave_out() {
    assert_eq!(value(json!({ "Fn::If": ["Both", "yes", "no"] })), json!("yes"));
    assert_eq!(value(json!({ "Fn::If": ["No", "yes", { "Ref": "Cidr" }] })), json!("10.76.0.0/16"));
    let left_out = json!({ "A": { "Fn::If": ["No", 1, { "Ref": "AWS::NoValue" }] }, "B": [{ "Ref": "AWS::NoValue" }, 2] });
    assert_eq!(value(left_out), json!({ "B": [2] }));
    assert_eq!(evaluated(&[json!({ "Ref": "AWS::NoValue" })]).remove(0), Ok(None));
}

#[test]
fn conditions_that_are_none_are_refused() {
    let (place, declared, parameters) = (place(), IndexMap::new(), BTreeMap::new());
    let refused = |conditions: Value| Scope::new(&place, &declared, &parameters, conditions.as_object().unwrap()).err().unwrap();
    assert!(refused(json!({ "A": { "Condition": "A" } })).contains("depends on itself"));
    assert!(refused(json!({ "A": "yes" })).contains("is no condition"));
    assert!(refused(json!({ "A": { "Fn::Not": [] } })).contains("is no condition"));
}

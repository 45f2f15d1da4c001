//! What the values of a template refer to, and which functions they use.

use serde_json::{Map, Value};

/// Something that a value refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// A parameter, a pseudo parameter or a resource.
    Name(String),
    /// An attribute of a resource.
    Attribute(String, String),
    /// A condition.
    Condition(String),
}

/// The functions that are understood.
const FUNCTIONS: &[&str] = &[
    "Fn::GetAtt",
    "Fn::Sub",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::GetAZs",
    "Fn::Cidr",
    "Fn::If",
    "Fn::Equals",
    "Fn::And",
    "Fn::Or",
    "Fn::Not",
];

/// A function or reference, when a value is one: its name and what it is given.
pub(super) fn call(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, given) = members.iter().next()?;
    let is_call = name == "Ref" || name.starts_with("Fn::") || name == "Condition" && given.is_string();
    is_call.then_some((name.as_str(), given))
}

/// Everything that a value refers to, in the order in which it stands there.
pub(super) fn of(value: &Value) -> Result<Vec<Reference>, String> {
    let mut found = Vec::new();
    collect(value, &mut found)?;
    Ok(found)
}

fn collect(value: &Value, found: &mut Vec<Reference>) -> Result<(), String> {
    if let Some((name, given)) = call(value) {
        return function(name, given, found);
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| collect(item, found)),
        Value::Object(members) => members.values().try_for_each(|member| collect(member, found)),
        _ => Ok(()),
    }
}

fn function(name: &str, given: &Value, found: &mut Vec<Reference>) -> Result<(), String> {
    match name {
        "Ref" => {
            let target = given.as_str().ok_or("every Ref must have a single string value")?;
            found.push(Reference::Name(target.to_owned()));
            Ok(())
        }
        "Condition" => {
            found.push(Reference::Condition(given.as_str().unwrap_or_default().to_owned()));
            Ok(())
        }
        "Fn::GetAtt" => {
            let (resource, attribute) = attribute(given)?;
            found.push(Reference::Attribute(resource, attribute));
            Ok(())
        }
        "Fn::Sub" => {
            let (text, values) = substitution(given)?;
            for part in parts(text)? {
                if let Part::Place(place) = part
                    && !values.is_some_and(|values| values.contains_key(place))
                {
                    found.push(placed(place));
                }
            }
            values.into_iter().flat_map(Map::values).try_for_each(|value| collect(value, found))
        }
        "Fn::If" => {
            let parts = given.as_array().filter(|parts| parts.len() == 3);
            let parts = parts.ok_or("Fn::If requires a list argument with three elements")?;
            let condition = parts[0].as_str().ok_or("the first element of Fn::If must be the name of a condition")?;
            found.push(Reference::Condition(condition.to_owned()));
            parts[1..].iter().try_for_each(|part| collect(part, found))
        }
        known if FUNCTIONS.contains(&known) => collect(given, found),
        other => Err(format!("the embedded AWS does not support the function {other}; it has Ref, {}", FUNCTIONS.join(", "))),
    }
}

/// Resource and attribute of `Fn::GetAtt`, which is written in two ways.
pub(super) fn attribute(given: &Value) -> Result<(String, String), String> {
    let split = match given {
        Value::String(text) => text.split_once('.').map(|(resource, attribute)| (resource.to_owned(), attribute.to_owned())),
        Value::Array(parts) => match &parts[..] {
            [Value::String(resource), Value::String(attribute)] => Some((resource.clone(), attribute.clone())),
            _ => None,
        },
        _ => None,
    };
    split
        .ok_or_else(|| "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute".to_owned())
}

/// The text of `Fn::Sub`, and the values that it brings of its own.
type Substitution<'a> = (&'a str, Option<&'a Map<String, Value>>);

/// Reads the argument of `Fn::Sub`.
pub(super) fn substitution(given: &Value) -> Result<Substitution<'_>, String> {
    let read = match given {
        Value::String(text) => Some((text.as_str(), None)),
        Value::Array(parts) => match &parts[..] {
            [Value::String(text), Value::Object(values)] => Some((text.as_str(), Some(values))),
            _ => None,
        },
        _ => None,
    };
    read.ok_or_else(|| {
        "one or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional \
         second argument to specify a mapping of values to replace in the string"
            .to_owned()
    })
}

/// A piece of the text of `Fn::Sub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// As it stands.
    Text(&'t str),
    /// `${…}`, the name in it.
    Place(&'t str),
}

/// The pieces of a text of `Fn::Sub`; `${!Name}` stands for `${Name}` itself.
pub(super) fn parts(text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        found.push(Part::Text(&rest[..at]));
        let end = rest[at..].find('}').ok_or("the text of Fn::Sub has a `${` without its `}`")? + at;
        match rest[at + 2..end].strip_prefix('!') {
            Some(_) => {
                found.push(Part::Text("${"));
                found.push(Part::Text(&rest[at + 3..=end]));
            }
            None => found.push(Part::Place(rest[at + 2..end].trim())),
        }
        rest = &rest[end + 1..];
    }
    found.push(Part::Text(rest));
    Ok(found)
}

/// What a place in a text of `Fn::Sub` refers to.
pub(super) fn placed(place: &str) -> Reference {
    match place.split_once('.') {
        Some((resource, attribute)) => Reference::Attribute(resource.to_owned(), attribute.to_owned()),
        None => Reference::Name(place.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_found_wherever_they_are() {
        let value = json!({
            "A": { "Ref": "One" },
            "B": [{ "Fn::GetAtt": ["Two", "Id"] }, { "Fn::GetAtt": "Three.A.B" }],
            "C": { "Fn::If": ["Four", { "Ref": "Five" }, { "Fn::Join": ["", [{ "Ref": "Six" }]] }] },
            "D": { "Fn::Sub": ["${Own}-${Seven}-${Eight.Id}-${!Nine}", { "Own": { "Ref": "Ten" } }] }
        });
        let name = |name: &str| Reference::Name(name.into());
        let attribute = |name: &str, attribute: &str| Reference::Attribute(name.into(), attribute.into());
        assert_eq!(
            of(&value).unwrap(),
            [
                name("One"),
                attribute("Two", "Id"),
                attribute("Three", "A.B"),
                Reference::Condition("Four".into()),
                name("Five"),
                name("Six"),
                name("Seven"),
                attribute("Eight", "Id"),
                name("Ten"),
            ]
        );
    }

    #[test]
    fn functions_that_are_not_known_or_not_well_formed_are_named() {
        let refused = |value: Value| of(&value).unwrap_err();
        assert!(refused(json!({ "Fn::Transform": {} })).contains("Fn::Transform"));
        assert!(refused(json!({ "Ref": ["a"] })).contains("every Ref"));
        assert!(refused(json!({ "Fn::GetAtt": "A" })).contains("Fn::GetAtt"));
        assert!(refused(json!({ "Fn::If": ["A", 1] })).contains("three elements"));
        assert!(refused(json!({ "Fn::Sub": "${A" })).contains("without its"));
        assert!(refused(json!({ "Fn::Sub": ["a"] })).contains("Fn::Sub"));
    }

    #[test]
    fn texts_are_divided_into_what_stands_and_what_is_filled_in() {
        let place = |text: &'static str| Part::Place(text);
        let text = |text: &'static str| Part::Text(text);
        assert_eq!(parts("a${B}c").unwrap(), [text("a"), place("B"), text("c")]);
        assert_eq!(parts("${!B}").unwrap(), [text(""), text("${"), text("B}"), text("")]);
        assert_eq!(parts("plain").unwrap(), [text("plain")]);
    }
}

//! The body of a request without what changes from one run to the next.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::HIDDEN;
use super::super::call::{Content, Request};
use super::super::secrets;
use super::metrics;
use crate::syntax::Outline;

/// Members that make a request be carried out once, in lower case.
const ONCE: [&str; 4] = ["clientrequesttoken", "clienttoken", "idempotencytoken", "clientidempotencytoken"];
/// Members that limit or name an answer, in lower case: of no matter where there is an answer at all.
const LIMITS: [&str; 7] =
    ["maxresults", "maxitems", "maxrecords", "limit", "pagesize", "pipelineexecutiondisplayname", "pipelineexecutiondescription"];
/// Tags whose value is another one each time, or is a person.
const TAGS: [&str; 2] = ["shiftdeck:created", "shiftdeck:owner"];
/// What stands in the place of what does not count.
const ANY: &str = "#";

/// A body.
pub enum Body {
    /// A document.
    Document(Value),
    /// A form, by name.
    Form(Vec<(String, String)>),
    /// Anything else.
    Text(String),
}

/// The body of a request; of one that runs statements only these and their parameters.
pub fn read(request: &Request, statements: Option<&[Outline]>) -> Body {
    let bytes = match &request.body {
        Content::Digest { sha256, .. } => return Body::Text(sha256.clone()),
        Content::Whole(bytes) => bytes,
    };
    if matches!(request.operation.as_str(), "PutObject" | "UploadPart") {
        return Body::Text(match secrets::digest(bytes) {
            Content::Digest { sha256, .. } => sha256,
            Content::Whole(_) => String::new(),
        });
    }
    if request.operation == "GetMetricData" {
        return Body::Text(metrics::without_times(bytes));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Body::Text(match secrets::digest(bytes) {
            Content::Digest { sha256, .. } => sha256,
            Content::Whole(_) => String::new(),
        });
    };
    if let Some(document) = serde_json::from_str::<Value>(text).ok().filter(Value::is_object) {
        return Body::Document(match statements {
            Some(statements) => of_statements(&document, statements),
            None => settled(document),
        });
    }
    if request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return Body::Form(form(text));
    }
    Body::Text(without_tags(text))
}

impl Body {
    /// The text that is compared.
    pub fn text(&self, loose: bool) -> String {
        match self {
            Body::Document(document) => {
                let mut text = String::new();
                write(document, loose, &mut text);
                text
            }
            Body::Form(pairs) => {
                let kept = pairs.iter().filter(|(name, _)| !(loose && LIMITS.contains(&name.to_ascii_lowercase().as_str())));
                kept.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
            }
            Body::Text(text) => text.clone(),
        }
    }
}

/// Statements are told by their text and their parameters, whatever session, place and name they are sent with.
fn of_statements(document: &Value, statements: &[Outline]) -> Value {
    let texts: Vec<&str> = statements.iter().map(|statement| statement.text.as_str()).collect();
    let mut parameters: Vec<Value> = document.get("Parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    parameters.sort_by_key(ToString::to_string);
    let positional = document.get("ExecutionParameters").cloned().unwrap_or_default();
    serde_json::json!({ "statements": texts, "parameters": parameters.into_iter().map(settled).collect::<Vec<_>>(), "positional": positional })
}

/// A document without what makes it be carried out once, without secrets, and with the tags that differ made alike.
fn settled(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(settled).collect()),
        Value::Object(members) => {
            let tag = ["Key", "key", "TagKey"].iter().find_map(|key| members.get(*key)?.as_str()).is_some_and(|key| TAGS.contains(&key));
            let parameter = ["name", "Name"].iter().find_map(|key| members.get(*key)?.as_str()).is_some_and(secrets::is_secret);
            let kept = members.into_iter().filter(|(name, _)| !ONCE.contains(&name.to_ascii_lowercase().as_str()));
            let settle = |(name, value): (String, Value)| {
                let lower = name.to_ascii_lowercase();
                let value = match value {
                    _ if TAGS.contains(&name.as_str()) || (tag && matches!(lower.as_str(), "value" | "tagvalue")) => Value::from(ANY),
                    Value::String(_) if secrets::is_secret(&name) || (parameter && lower == "value") => Value::from(HIDDEN),
                    value => settled(value),
                };
                (name, value)
            };
            Value::Object(kept.map(settle).collect())
        }
        value => value,
    }
}

/// A document with its members by name.
fn write(value: &Value, loose: bool, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, loose, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.iter().filter(|(name, _)| !(loose && LIMITS.contains(&name.to_ascii_lowercase().as_str()))).collect();
            members.sort_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (name, value) in members {
                text.push_str(name);
                text.push(':');
                write(value, loose, text);
                text.push(',');
            }
            text.push('}');
        }
        // Writing to a text cannot fail.
        other => drop(write!(text, "{other}")),
    }
}

fn form(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let mut pairs: Vec<(String, String)> = text
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .filter(|(name, _)| !ONCE.contains(&name.to_ascii_lowercase().as_str()))
        .collect();
    let tags: Vec<String> = pairs
        .iter()
        .filter(|(_, value)| TAGS.contains(&value.as_str()))
        .filter_map(|(name, _)| Some(format!("{}.Value", name.strip_suffix(".Key")?)))
        .collect();
    for (name, value) in &mut pairs {
        if tags.contains(name) {
            ANY.clone_into(value);
        } else if secrets::is_secret(name) {
            HIDDEN.clone_into(value);
        }
    }
    pairs.sort();
    pairs
}

/// XML with the tags that differ made alike: `<Key>shiftdeck:created</Key><Value>…</Value>`.
fn without_tags(text: &str) -> String {
    let mut text = text.to_owned();
    for tag in TAGS {
        let sign = format!("<Key>{tag}</Key><Value>");
        if let Some(start) = text.find(&sign).map(|at| at + sign.len())
            && let Some(length) = text[start..].find("</Value>")
        {
            text.replace_range(start..start + length, ANY);
        }
    }
    text
}

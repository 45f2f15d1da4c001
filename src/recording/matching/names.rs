//! The things that a request is about.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::super::call::Request;
use super::body::Body;
use crate::syntax::Outline;

/// A text of fewer characters names nothing.
const SHORTEST: usize = 2;
/// A longer one is a document.
const LONGEST: usize = 512;
/// Members with nothing that a thing is known by, in lower case.
const DESCRIBING: [&str; 5] = ["tags", "description", "pipelinedescription", "parameters", "executionparameters"];

/// The names in a request.
pub fn of(request: &Request, body: &Body, statements: &[Outline]) -> Vec<String> {
    let mut names = BTreeSet::new();
    for statement in statements {
        names.extend(statement.names.iter().filter(|name| (SHORTEST..=LONGEST).contains(&name.len())).cloned());
        names.extend(statement.names.iter().filter_map(|name| Some(in_bucket(name.strip_prefix("s3://")?.split('/').next()?))));
    }
    match body {
        _ if !statements.is_empty() => {}
        _ if request.service == "s3" => of_objects(request, &mut names),
        Body::Document(document) => in_document(document, &mut names),
        Body::Form(pairs) => {
            let kept = pairs.iter().filter(|(name, _)| !matches!(name.as_str(), "Action" | "Version") && !name.contains("Tag"));
            kept.for_each(|(_, value)| add(value, &mut names));
        }
        Body::Text(_) => {}
    }
    if matches!(request.service.as_str(), "lambda" | "sagemaker-runtime") {
        // `/2015-03-31/functions/NAME/code`, `/endpoints/NAME/invocations`
        let parts =
            request.path.split('/').filter(|part| !matches!(*part, "functions" | "endpoints" | "invocations" | "code" | "configuration"));
        parts.for_each(|part| add(&percent_decode_str(part).decode_utf8_lossy(), &mut names));
    }
    names.into_iter().collect()
}

/// The name that everything in a bucket has in common.
fn in_bucket(bucket: &str) -> String {
    format!("s3://{bucket}/*")
}

fn of_objects(request: &Request, names: &mut BTreeSet<String>) {
    let path = request.path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    match (request.operation.as_str(), key) {
        ("ListObjectsV2" | "DeleteObjects" | "ListObjectVersions", _) => drop(names.insert(in_bucket(bucket))),
        ("PutObject" | "DeleteObject" | "CompleteMultipartUpload", _) => {
            names.insert(in_bucket(bucket));
            names.insert(path.to_owned());
        }
        (_, "") => drop(names.insert(bucket.to_owned())),
        _ => drop(names.insert(path.to_owned())),
    }
}

fn in_document(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => add(text, names),
        Value::Array(items) => items.iter().for_each(|item| in_document(item, names)),
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| !DESCRIBING.contains(&name.to_ascii_lowercase().as_str()));
            kept.for_each(|(_, value)| in_document(value, names));
        }
        _ => {}
    }
}

/// A text, and of an ARN the thing at its end as well.
fn add(text: &str, names: &mut BTreeSet<String>) {
    if (SHORTEST..=LONGEST).contains(&text.len()) && !text.contains(char::is_whitespace) && !text.bytes().all(|byte| byte.is_ascii_digit())
    {
        names.insert(text.to_owned());
        names.extend(end_of_arn(text));
    }
}

/// What stands at the end of an ARN.
pub fn end_of_arn(text: &str) -> Option<String> {
    let rest = text.strip_prefix("arn:")?;
    let end = rest.rsplit(['/', ':']).next()?;
    (end.len() >= SHORTEST && !end.bytes().all(|byte| byte.is_ascii_digit())).then(|| end.to_owned())
}

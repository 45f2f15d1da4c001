//! Which requests are the same: what they ask, without what changes from one run to the next.
//!
//! Tokens that make a request be carried out once, tags with the time, signatures and names with a random part do not count. Statements are
//! compared by their tokens. A question has two forms: one to the letter, and a looser one without page sizes and the like, which is asked
//! when the first is not in the recording.

mod body;
mod metrics;
mod names;
mod tokens;

pub use tokens::Tokens;

use super::call::Request;
use crate::syntax::{self, Dialect};

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It only asks.
    Read,
    /// It changes something.
    Write,
}

/// What a request asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// To the letter.
    pub exact: String,
    /// Without what limits or names an answer.
    pub loose: String,
    /// The things that it is about: two requests with one in common may have to do with each other.
    pub names: Vec<String>,
    /// What it does.
    pub effect: Effect,
    /// The statements in it, without how they are written.
    pub statements: Vec<String>,
}

/// What a request asks. `tokens` says which names with a random part the services have given.
pub fn question(request: &Request, tokens: &Tokens) -> Question {
    let statements = statements(request);
    let body = body::read(request, statements.as_deref());
    let names = names::of(request, &body, statements.as_deref().unwrap_or_default());
    let effect = match &statements {
        Some(statements) if statements.iter().all(|statement| statement.reads) => Effect::Read,
        Some(_) => Effect::Write,
        None => effect(request),
    };
    let text = |loose: bool| {
        let mut text = format!("{} {}", request.service, request.operation);
        for part in [place(request, loose), headers(request, loose), body.text(loose)] {
            text.push('\n');
            text.push_str(&part);
        }
        text
    };
    Question {
        exact: text(false),
        loose: tokens.without_own(&text(true)),
        names,
        effect,
        statements: statements.unwrap_or_default().into_iter().map(|statement| statement.text).collect(),
    }
}

/// The statements of a request that runs some.
fn statements(request: &Request) -> Option<Vec<syntax::Outline>> {
    let (dialect, member) = match (request.service.as_str(), request.operation.as_str()) {
        ("redshift-data", "ExecuteStatement") => (Dialect::Redshift, "Sql"),
        ("redshift-data", "BatchExecuteStatement") => (Dialect::Redshift, "Sqls"),
        ("athena", "StartQueryExecution") => (Dialect::Athena, "QueryString"),
        _ => return None,
    };
    let document: serde_json::Value = serde_json::from_slice(request.body.bytes()).ok()?;
    let texts = match document.get(member)? {
        serde_json::Value::String(text) => vec![text.as_str()],
        serde_json::Value::Array(texts) => texts.iter().filter_map(serde_json::Value::as_str).collect(),
        _ => return None,
    };
    // As the recording has them.
    Some(texts.into_iter().map(|text| syntax::outline(dialect, &syntax::scrub::scrub(text))).collect())
}

fn effect(request: &Request) -> Effect {
    const READING: [&str; 12] = [
        "Describe",
        "Get",
        "List",
        "Search",
        "BatchGet",
        "BatchDescribe",
        "Head",
        "Select",
        "Simulate",
        "Query",
        "Lookup",
        "InvokeEndpoint",
    ];
    let reads = READING.iter().any(|verb| request.operation.starts_with(verb)) || matches!(request.method.as_str(), "GET" | "HEAD");
    if reads { Effect::Read } else { Effect::Write }
}

/// Path and query, of the services that are asked by them.
fn place(request: &Request, loose: bool) -> String {
    if !matches!(request.service.as_str(), "s3" | "lambda" | "sagemaker-runtime") {
        return String::new();
    }
    let limits = ["max-keys", "MaxItems", "maxItems"];
    let mut pairs: Vec<&str> = request
        .query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            let of_the_sdk = name.is_empty() || name == "x-id" || name.starts_with("X-Amz-");
            let limits = loose && limits.contains(&name);
            !of_the_sdk && !limits
        })
        .collect();
    pairs.sort_unstable();
    format!("{}?{}", request.path, pairs.join("&"))
}

fn headers(request: &Request, loose: bool) -> String {
    let asked = ["if-match", "if-none-match", "range", "x-amz-copy-source"];
    let kept = request.headers.iter().filter(|(name, _)| {
        // Who names no variant is answered by one all the same.
        asked.contains(&name.as_str()) || (!loose && name == "x-amzn-sagemaker-target-variant")
    });
    kept.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;

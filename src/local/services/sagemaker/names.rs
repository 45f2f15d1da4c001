//! Names, ARNs and listings of `SageMaker`'s resources.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::local::account::Account;
use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Input, epoch};
use crate::local::services::protocol::pages;

/// A resource as `Describe…` gives it.
pub(crate) type Doc = Map<String, Value>;

/// The exception for bad input.
pub(crate) fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ValidationException", message)
}

/// The exception for what does not exist.
pub(crate) fn not_found(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ResourceNotFound", message)
}

/// `arn:aws:sagemaker:REGION:ACCOUNT:KIND/NAME`.
pub(crate) fn arn(account: &Account, kind: &str, name: &str) -> String {
    format!("arn:aws:sagemaker:{}:{}:{kind}/{name}", account.region, account.id)
}

/// What follows the last slash of an ARN, or a plain name.
pub(crate) fn name_of(name_or_arn: &str) -> &str {
    if name_or_arn.starts_with("arn:") { name_or_arn.rsplit('/').next().unwrap_or(name_or_arn) } else { name_or_arn }
}

/// A name that has to be given and well-formed: letters, digits and inner hyphens.
pub(crate) fn required_name<'a>(input: &'a Input, member: &str, longest: usize) -> ServiceResult<&'a str> {
    let name = input.required_text(member)?;
    let formed = name.len() <= longest
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if formed {
        return Ok(name);
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: Member must satisfy regular expression \
         pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){{0,{}}}$",
        longest - 1
    )))
}

/// Members of a document, without the `null` ones.
pub(crate) fn doc(value: Value) -> Doc {
    match value {
        Value::Object(mut members) => {
            members.retain(|_, value| !value.is_null());
            members
        }
        _ => Doc::new(),
    }
}

/// Who made a resource.
pub(crate) fn user() -> Value {
    json!({})
}

/// A time of now, as the API writes it.
pub(crate) fn now(account: &Account) -> (DateTime<Utc>, Value) {
    let now = account.clock.now();
    (now, epoch(now))
}

/// A page of summaries, sorted by creation time (or the member that `SortBy` names), filtered by `NameContains`.
///
/// `items` carry the name, the time of creation as the API writes it, and the summary.
pub(crate) fn list(input: &Input, operation: &str, member: &str, newest_first: bool, items: Vec<(String, Value, Value)>) -> ServiceResult {
    let contains = input.text("NameContains")?.unwrap_or_default().to_lowercase();
    let size = input.integer_within("MaxResults", 1, 100)?.unwrap_or(100);
    let descending = match input.one_of("SortOrder", &["Ascending", "Descending"])? {
        Some(order) => order == "Descending",
        None => newest_first,
    };
    let by_name = input.text("SortBy")? == Some("Name");
    let mut items: Vec<_> = items.into_iter().filter(|(name, ..)| name.to_lowercase().contains(&contains)).collect();
    items.sort_by(|a, b| {
        let order = a.1.as_f64().unwrap_or_default().total_cmp(&b.1.as_f64().unwrap_or_default());
        let order = if by_name { a.0.cmp(&b.0) } else { order.then_with(|| natural(&a.0).cmp(&natural(&b.0))) };
        if descending { order.reverse() } else { order }
    });
    // Positions are counted, in a fixed width so that they sort as texts.
    let keyed: Vec<(String, Value)> = items.into_iter().enumerate().map(|(at, item)| (format!("{at:08}"), item.2)).collect();
    // `size` is between 1 and 100.
    let (page, next) = pages::page(operation, keyed, |(key, _)| key.clone(), input.text("NextToken")?, size as usize)
        .map_err(|_| invalid("Invalid NextToken"))?;
    let summaries: Vec<Value> = page.into_iter().map(|(_, summary)| summary).collect();
    Ok(Value::Object(doc(json!({ member: summaries, "NextToken": next }))))
}

/// Orders names that end in a number by that number: version 10 comes after version 9.
fn natural(name: &str) -> (&str, u64) {
    let digits = name.len() - name.trim_end_matches(|digit: char| digit.is_ascii_digit()).len();
    let (stem, number) = name.split_at(name.len() - digits);
    (stem, number.parse().unwrap_or(0))
}

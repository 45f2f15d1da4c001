//! The text of a request that is signed.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Claim, Refused};
use crate::local::service::Request;

/// What is escaped in a query: all but what RFC 3986 calls unreserved.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What is escaped in a path: its slashes stay.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// Method, path, query, signed headers and payload, each in its canonical form.
pub(super) fn request(request: &Request, claim: &Claim, payload: &str) -> Result<String, Refused> {
    let mut text = format!("{}\n{}\n{}\n", request.method, path(request, claim), query(request, claim));
    for name in &claim.headers {
        text.push_str(&format!("{name}:{}\n", values(request, name)?));
    }
    Ok(format!("{text}\n{}\n{payload}", claim.headers.join(";")))
}

/// S3 signs the path as it names the object; all others sign the path of the URL, escapes and all, escaped once more.
fn path(request: &Request, claim: &Claim) -> String {
    let sent = request.path();
    match claim.scope.service.as_str() {
        "s3" => {
            let name: Vec<u8> = percent_decode_str(sent).collect();
            percent_encoding::percent_encode(&name, PATH).to_string()
        }
        _ => utf8_percent_encode(sent, PATH).to_string(),
    }
}

/// The parameters in order; the signature of a presigned URL is not part of what it signs.
fn query(request: &Request, claim: &Claim) -> String {
    let mut parameters: Vec<(String, String)> = request
        .query()
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .map(|(name, value)| (escaped(name), escaped(value)))
        .filter(|(name, _)| claim.lasts.is_none() || name != "X-Amz-Signature")
        .collect();
    parameters.sort();
    let written: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    written.join("&")
}

/// A part of the query with every escape in its canonical form. A plus is a space, as it is for the services.
fn escaped(part: &str) -> String {
    let part = part.replace('+', " ");
    let bytes: Vec<u8> = percent_decode_str(&part).collect();
    percent_encoding::percent_encode(&bytes, QUERY).to_string()
}

/// The values of a header, without the spaces that a proxy may have added or removed.
fn values(request: &Request, name: &str) -> Result<String, Refused> {
    let mut values = Vec::new();
    for value in request.headers.get_all(name) {
        let text = String::from_utf8_lossy(value.as_bytes());
        values.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    if values.is_empty() && name == "host" {
        return Err(Refused::Incomplete("the request has no Host header".into()));
    }
    Ok(values.join(","))
}

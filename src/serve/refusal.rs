//! How each service says that it does not take a signature.
//!
//! S3 and the query protocol answer in XML, the others in JSON or in the form of the request; the same reason has another name in each.

use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderValue, Method};
use uuid::Uuid;

use crate::local::service::{Request, Response, ServiceError};
use crate::local::services::protocol::aws_query::{self, Xml};
use crate::local::services::protocol::rest::header;
use crate::signature::{Refused, SKEW};

/// The way a service answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    /// S3's XML.
    S3,
    /// The query protocol's XML.
    Query,
    /// awsJson, which has one status for all that is the caller's fault.
    Json,
    /// restJson.
    RestJson,
}

impl Words {
    fn of(request: &Request, service: Option<&str>) -> Self {
        match service {
            Some("s3") => Words::S3,
            Some("iam" | "sts" | "redshift" | "cloudformation") => Words::Query,
            Some("lambda") => Words::RestJson,
            Some("sagemaker") if request.path().starts_with("/endpoints/") => Words::RestJson,
            Some(_) => Words::Json,
            // Nobody has said what it is for: its form tells.
            None if request.headers.contains_key("x-amz-target") || request.headers.contains_key("smithy-protocol") => Words::Json,
            None if header(request, "content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) => {
                Words::Query
            }
            None => Words::S3,
        }
    }
}

/// The answer to a request that is refused. `service` is what its signature says it is for.
pub fn response(request: &Request, service: Option<&str>, key: &str, refused: &Refused, now: DateTime<Utc>) -> Response {
    let mut response = match Words::of(request, service) {
        Words::S3 => s3(key, refused, now),
        Words::Query => {
            let error = query(refused, now);
            aws_query::respond(namespace(service.unwrap_or_default()), "", &Uuid::new_v4().to_string(), Err(error))
        }
        Words::Json => json(refused, now).with_status(if matches!(refused, Refused::Failed(_)) { 500 } else { 400 }).json_response(),
        Words::RestJson => json(refused, now).json_response(),
    };
    if request.method == Method::HEAD {
        response.body = bytes::Bytes::new();
    }
    // A client that speaks CBOR reads an answer in JSON by its header only.
    if header(request, "smithy-protocol").is_some()
        && let Some(code) = response.headers.get("x-amzn-errortype").and_then(|code| code.to_str().ok())
        && let Ok(value) = HeaderValue::from_str(&format!("{code};Sender"))
    {
        response.headers.insert("x-amzn-query-error", value);
    }
    response
}

fn namespace(service: &str) -> &'static str {
    match service {
        "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
        "cloudformation" => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        "redshift" => "http://redshift.amazonaws.com/doc/2012-12-01/",
        _ => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}

const NO_KEY: &str = "The security token included in the request is invalid.";
const ENDED: &str = "The security token included in the request is expired";
const OTHER: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/// The query protocol's error.
fn query(refused: &Refused, now: DateTime<Utc>) -> ServiceError {
    let (status, code, message) = match refused {
        Refused::Unsigned => (403, "MissingAuthenticationToken", "Request is missing Authentication Token".to_owned()),
        Refused::Incomplete(why) | Refused::IncompleteUrl(why) => (400, "IncompleteSignature", why.clone()),
        Refused::UnknownKey | Refused::WrongToken => (403, "InvalidClientTokenId", NO_KEY.to_owned()),
        Refused::EndedKey => (403, "ExpiredToken", ENDED.to_owned()),
        Refused::Mismatch { .. } | Refused::OtherBody { .. } => (403, "SignatureDoesNotMatch", OTHER.to_owned()),
        Refused::Skewed { signed } => (403, "SignatureDoesNotMatch", skewed(*signed, now)),
        Refused::Expired { at } => (403, "SignatureDoesNotMatch", expired(*at, now)),
        Refused::Failed(error) => (500, "InternalFailure", error.to_string()),
    };
    ServiceError::new(code, message).with_status(status)
}

/// The JSON protocols' error, with the status of restJson.
fn json(refused: &Refused, now: DateTime<Utc>) -> ServiceError {
    let (status, code, message) = match refused {
        Refused::Unsigned => (403, "MissingAuthenticationTokenException", "Missing Authentication Token".to_owned()),
        Refused::Incomplete(why) | Refused::IncompleteUrl(why) => (403, "IncompleteSignatureException", why.clone()),
        Refused::UnknownKey | Refused::WrongToken => (403, "UnrecognizedClientException", NO_KEY.to_owned()),
        Refused::EndedKey => (403, "ExpiredTokenException", ENDED.to_owned()),
        Refused::Mismatch { .. } | Refused::OtherBody { .. } => (403, "InvalidSignatureException", OTHER.to_owned()),
        Refused::Skewed { signed } => (403, "InvalidSignatureException", skewed(*signed, now)),
        Refused::Expired { at } => (403, "InvalidSignatureException", expired(*at, now)),
        Refused::Failed(error) => (500, "InternalFailure", error.to_string()),
    };
    ServiceError::new(code, message).with_status(status)
}

fn skewed(signed: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (basic, minutes) = ("%Y%m%dT%H%M%SZ", SKEW.num_minutes());
    if signed < now {
        let oldest = (now - SKEW).format(basic);
        format!("Signature expired: {} is now earlier than {oldest} ({} - {minutes} min.)", signed.format(basic), now.format(basic))
    } else {
        let newest = (now + SKEW).format(basic);
        format!("Signature not yet current: {} is still later than {newest} ({} + {minutes} min.)", signed.format(basic), now.format(basic))
    }
}

fn expired(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("Signature expired: {} is now earlier than {}", at.format("%Y%m%dT%H%M%SZ"), now.format("%Y%m%dT%H%M%SZ"))
}

/// S3's error document. What was signed is part of it, so that who writes a client sees where the two differ.
fn s3(key: &str, refused: &Refused, now: DateTime<Utc>) -> Response {
    let written = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut more = Xml::default();
    let (status, code, message) = match refused {
        Refused::Unsigned => (403, "AccessDenied", "Access Denied".to_owned()),
        Refused::IncompleteUrl(why) => (400, "AuthorizationQueryParametersError", why.clone()),
        Refused::Incomplete(why) => (400, "AuthorizationHeaderMalformed", why.clone()),
        Refused::UnknownKey => {
            more.text("AWSAccessKeyId", key);
            (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.".to_owned())
        }
        Refused::WrongToken => (400, "InvalidToken", "The provided token is malformed or otherwise invalid.".to_owned()),
        Refused::EndedKey => (400, "ExpiredToken", "The provided token has expired.".to_owned()),
        Refused::Mismatch { canonical, string_to_sign } => {
            more.text("AWSAccessKeyId", key).text("StringToSign", string_to_sign).text("CanonicalRequest", canonical);
            let message =
                "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
            (403, "SignatureDoesNotMatch", message.to_owned())
        }
        Refused::Skewed { signed } => {
            more.text("RequestTime", signed.format("%Y%m%dT%H%M%SZ").to_string())
                .text("ServerTime", written(now))
                .value("MaxAllowedSkewMilliseconds", SKEW.num_milliseconds());
            (403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.".to_owned())
        }
        Refused::Expired { at } => {
            more.text("Expires", written(*at)).text("ServerTime", written(now));
            (403, "AccessDenied", "Request has expired".to_owned())
        }
        Refused::OtherBody { signed, found } => {
            more.text("ClientComputedContentSHA256", signed).text("S3ComputedContentSHA256", found);
            (400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.".to_owned())
        }
        Refused::Failed(error) => (500, "InternalError", error.to_string()),
    };
    let id = Uuid::new_v4().simple().to_string().to_uppercase();
    let mut document = Xml::default();
    document.element("Error", |xml| {
        xml.text("Code", code).text("Message", message).append(more).text("RequestId", &id);
    });
    let text = format!(r#"<?xml version="1.0" encoding="UTF-8"?>{}"#, document.into_text());
    let mut response = Response::new(status, "application/xml", text);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers.insert("x-amz-request-id", id);
    }
    response
}

//! Presigned URLs of S3 in the older version, which boto3 and the AWS CLI still make for the first region: HMAC-SHA1 over method, time,
//! `x-amz-` headers and resource.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::{Refused, same};
use crate::local::service::Request;
use crate::local::services::protocol::rest::{Location, decode, header};
use crate::local::services::s3;

/// Query parameters that are part of the resource.
const OF_THE_RESOURCE: &[&str] = &[
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// A signature in the query, with its key and its end.
#[derive(Debug, Clone)]
pub struct Url {
    /// Id of the access key.
    pub(super) key: String,
    signature: String,
    expires: DateTime<Utc>,
    written: String,
    /// The session token.
    pub(super) token: Option<String>,
}

impl Url {
    /// Reads the signature of a presigned URL; `None` when it is none of this version.
    pub(super) fn of(location: &Location) -> Option<Result<Self, Refused>> {
        let key = location.parameter("AWSAccessKeyId")?.to_owned();
        let (Some(signature), Some(written)) = (location.parameter("Signature"), location.parameter("Expires")) else {
            let why = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";
            return Some(Err(Refused::IncompleteUrl(why.to_owned())));
        };
        let Some(expires) = written.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)) else {
            return Some(Err(Refused::IncompleteUrl(format!("Invalid date (should be seconds since epoch): {written}"))));
        };
        let token = location.parameter("x-amz-security-token").map(str::to_owned);
        Some(Ok(Url { key, signature: signature.to_owned(), expires, written: written.to_owned(), token }))
    }

    /// Checks the signature with its key's secret.
    pub(super) fn verify(&self, request: &Request, secret: &str, now: DateTime<Utc>) -> Result<(), Refused> {
        if self.expires < now {
            return Err(Refused::Expired { at: self.expires });
        }
        let string_to_sign = self.string_to_sign(request);
        if same(&sign(secret, &string_to_sign), &self.signature) {
            Ok(())
        } else {
            Err(Refused::Mismatch { canonical: String::new(), string_to_sign })
        }
    }

    fn string_to_sign(&self, request: &Request) -> String {
        let location = Location::of(request);
        // What would be a header of a request that is signed by header is in the query here.
        let either = |name: &str| location.parameter(name).or_else(|| header(request, name)).unwrap_or_default().trim().to_owned();
        let mut headers: Vec<(String, String)> = request
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .chain(location.query.iter().map(|(name, value)| (name.to_lowercase(), value.clone())))
            .filter(|(name, _)| name.starts_with("x-amz-"))
            .collect();
        headers.sort();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let (content_md5, content_type) = (either("content-md5"), either("content-type"));
        format!("{}\n{content_md5}\n{content_type}\n{}\n{headers}{}", request.method, self.written, resource(request))
    }
}

/// Bucket and key as they are in the URL, and the parameters that make it another resource.
fn resource(request: &Request) -> String {
    let bucket = request.host().and_then(s3::bucket_of_host).map(|bucket| format!("/{bucket}")).unwrap_or_default();
    let mut parameters: Vec<(&str, &str)> = request
        .query()
        .split('&')
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .filter(|(name, _)| OF_THE_RESOURCE.contains(name))
        .collect();
    parameters.sort_unstable();
    let written: Vec<String> = parameters
        .into_iter()
        .map(|(name, value)| if value.is_empty() { name.to_owned() } else { format!("{name}={}", decode(&value.replace('+', " "))) })
        .collect();
    let question = if written.is_empty() { "" } else { "?" };
    format!("{bucket}{}{question}{}", request.path(), written.join("&"))
}

fn sign(secret: &str, text: &str) -> String {
    // A key of any length is one of this function's.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use bytes::Bytes;
    use http::{HeaderMap, Method};

    use super::*;

    /// "Query string request authentication" of the S3 documentation, with its key.
    #[test]
    fn the_published_example_is_right() {
        let uri = "http://johnsmith.s3.amazonaws.com/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1175139620&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D";
        let request = Request { method: Method::GET, uri: uri.to_owned(), headers: HeaderMap::new(), body: Bytes::new() };
        let url = Url::of(&Location::of(&request)).unwrap().unwrap();
        let text = url.string_to_sign(&request);
        assert_eq!(text, "GET\n\n\n1175139620\n/johnsmith/photos/puppy.jpg");
        assert_eq!(sign("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &text), url.signature);
        let after = url.expires + chrono::TimeDelta::seconds(1);
        assert!(matches!(url.verify(&request, "any", after), Err(Refused::Expired { .. })));
        assert!(matches!(url.verify(&request, "any", url.expires), Err(Refused::Mismatch { .. })));
    }
}

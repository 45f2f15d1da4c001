//! AWS Signature Version 4, as the services check it: in the `Authorization` header or in the query of a presigned URL; and the older
//! version of S3's presigned URLs.
//!
//! `claim` reads what a request says of its signature, `canonical` writes the text that was signed, `chunks` checks a body that is signed
//! piece by piece. The signature itself is computed by the SDK's own crate. `version_2` is the older version.

mod canonical;
mod chunks;
mod claim;
mod version_2;

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::keys::Keys;
use crate::local::service::Request;
use crate::local::services::protocol::rest::{Location, header};
use crate::local::store::StoreError;
use claim::Claim;
use version_2::Url;

/// How far the clock of a caller may be from the one here.
pub const SKEW: TimeDelta = TimeDelta::minutes(15);

/// The header that says what of the body was signed.
const PAYLOAD: &str = "x-amz-content-sha256";
/// The payload of a request whose body is not signed.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Why a request is refused.
#[derive(Debug)]
pub enum Refused {
    /// It has no signature.
    Unsigned,
    /// Its signature lacks something, or has it in a wrong form.
    Incomplete(String),
    /// The same of the query of a presigned URL.
    IncompleteUrl(String),
    /// Nobody was given the key.
    UnknownKey,
    /// The session token is not the key's.
    WrongToken,
    /// The key, with its session, has ended.
    EndedKey,
    /// The signature is another one.
    Mismatch {
        /// What is signed, as it is here.
        canonical: String,
        /// The text over it.
        string_to_sign: String,
    },
    /// The clock of the caller is wrong, or the request is old.
    Skewed {
        /// When it was signed.
        signed: DateTime<Utc>,
    },
    /// The time of a presigned URL is over.
    Expired {
        /// When it was over.
        at: DateTime<Utc>,
    },
    /// The body is not the one that was signed.
    OtherBody {
        /// The digest that was signed.
        signed: String,
        /// The digest of the body.
        found: String,
    },
    /// A key cannot be looked up.
    Failed(StoreError),
}

/// What a request says of its signature.
#[derive(Debug)]
pub struct Signed {
    version: Version,
}

#[derive(Debug)]
enum Version {
    Four(Claim),
    Two(Url),
}

impl Signed {
    /// Reads the signature of a request.
    ///
    /// # Errors
    /// When there is none, or when it is not whole.
    pub fn of(request: &Request) -> Result<Self, Refused> {
        let old = if request.headers.contains_key(http::header::AUTHORIZATION) { None } else { Url::of(&Location::of(request)) };
        let version = match old {
            Some(url) => Version::Two(url?),
            None => Version::Four(Claim::of(request)?),
        };
        Ok(Signed { version })
    }

    /// The service that it is for.
    pub fn service(&self) -> &str {
        match &self.version {
            Version::Four(claim) => &claim.scope.service,
            Version::Two(_) => "s3",
        }
    }

    /// The id of the key.
    pub fn key(&self) -> &str {
        match &self.version {
            Version::Four(claim) => &claim.scope.key,
            Version::Two(url) => &url.key,
        }
    }

    /// Checks the signature of the request that it was read from.
    ///
    /// # Errors
    /// Why the request is refused.
    pub fn verify(&self, request: &Request, keys: &Keys, now: DateTime<Utc>) -> Result<(), Refused> {
        let key = keys.find(self.key()).map_err(Refused::Failed)?.ok_or(Refused::UnknownKey)?;
        let given = match &self.version {
            Version::Four(claim) => claim.token.as_deref(),
            Version::Two(url) => url.token.as_deref(),
        };
        if let Some(token) = &key.token
            && !same(token.expose_secret(), given.unwrap_or_default())
        {
            return Err(Refused::WrongToken);
        }
        if key.expires.is_some_and(|end| end <= now) {
            return Err(Refused::EndedKey);
        }
        match &self.version {
            Version::Four(claim) => verify(request, claim, key.secret.expose_secret(), now),
            Version::Two(url) => url.verify(request, key.secret.expose_secret(), now),
        }
    }
}

fn verify(request: &Request, claim: &Claim, secret: &str, now: DateTime<Utc>) -> Result<(), Refused> {
    check_time(claim, now)?;
    let payload = payload(request, claim);
    let canonical = canonical::request(request, claim, &payload)?;
    let string_to_sign = string_to_sign(claim, "AWS4-HMAC-SHA256", &[&digest(canonical.as_bytes())]);
    let signing_key = SigningKey::new(secret, claim);
    if !same(&signing_key.sign(&string_to_sign), &claim.signature) {
        return Err(Refused::Mismatch { canonical, string_to_sign });
    }
    check_body(request, claim, &payload, &signing_key)
}

fn check_time(claim: &Claim, now: DateTime<Utc>) -> Result<(), Refused> {
    match claim.lasts {
        Some(lasts) => {
            if claim.signed - now > SKEW {
                return Err(Refused::Skewed { signed: claim.signed });
            }
            let at = claim.signed + lasts;
            if at < now { Err(Refused::Expired { at }) } else { Ok(()) }
        }
        None if (now - claim.signed).abs() > SKEW => Err(Refused::Skewed { signed: claim.signed }),
        None => Ok(()),
    }
}

/// What stands for the body in the text that was signed.
fn payload(request: &Request, claim: &Claim) -> String {
    match header(request, PAYLOAD) {
        Some(payload) => payload.to_owned(),
        None if claim.lasts.is_some() && claim.scope.service == "s3" => UNSIGNED.to_owned(),
        None => digest(&request.body),
    }
}

fn check_body(request: &Request, claim: &Claim, payload: &str, key: &SigningKey) -> Result<(), Refused> {
    match payload {
        // The answer to HEAD and the content of a stream with an unsigned payload are checked by nothing but their checksums.
        UNSIGNED | "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Ok(()),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" | "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => chunks::verify(&request.body, claim, key),
        _ if payload.starts_with("STREAMING-") => Err(Refused::Incomplete(format!("the payload {payload} is not supported"))),
        // A presigned GET of the query protocol has no body, and neither has HEAD.
        _ if request.body.is_empty() && request.method == Method::HEAD => Ok(()),
        _ => {
            let found = digest(&request.body);
            if payload.eq_ignore_ascii_case(&found) { Ok(()) } else { Err(Refused::OtherBody { signed: payload.to_owned(), found }) }
        }
    }
}

/// The text over something that was signed: algorithm, time, scope, and digests.
fn string_to_sign(claim: &Claim, algorithm: &str, rest: &[&str]) -> String {
    format!("{algorithm}\n{}\n{}\n{}", claim.time, claim.scope.credential_scope(), rest.join("\n"))
}

/// The key of one day, region and service.
struct SigningKey(Vec<u8>);

impl SigningKey {
    fn new(secret: &str, claim: &Claim) -> Self {
        let scope = &claim.scope;
        let key = aws_sigv4::sign::v4::generate_signing_key(secret, SystemTime::from(claim.signed), &scope.region, &scope.service);
        SigningKey(key.as_ref().to_vec())
    }

    fn sign(&self, text: &str) -> String {
        aws_sigv4::sign::v4::calculate_signature(&self.0, text.as_bytes())
    }
}

/// Whether two texts are the same, in a time that does not tell where they differ.
fn same(expected: &str, given: &str) -> bool {
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;

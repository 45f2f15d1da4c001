//! What a request says of its signature.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::Refused;
use crate::local::service::Request;
use crate::local::services::protocol::rest::{Location, header};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The longest time of a presigned URL, seven days in seconds.
const LONGEST: i64 = 604_800;

/// What `AKID/date/region/service/aws4_request` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    /// Id of the access key.
    pub(super) key: String,
    /// Day, `20260101`.
    pub(super) date: String,
    /// Region.
    pub(super) region: String,
    /// Service.
    pub(super) service: String,
}

impl Scope {
    /// The scope without the key, as it is part of what is signed.
    pub(super) fn credential_scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }

    fn parse(credential: &str) -> Result<Self, Refused> {
        // The id of a key that a user has chosen may have slashes.
        let mut parts = credential.rsplitn(5, '/');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        let (end, service, region, date, key) = (next(), next(), next(), next(), next());
        if end != "aws4_request" || [&service, &region, &date, &key].iter().any(|part| part.is_empty()) {
            let why = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term";
            return Err(Refused::Incomplete(format!("{why}, got '{credential}'")));
        }
        Ok(Scope { key, date, region, service })
    }
}

/// A signature with what it is over.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// Who signed for what.
    pub(super) scope: Scope,
    /// The names of the headers that are signed, in lower case.
    pub(super) headers: Vec<String>,
    /// Hexadecimal digits.
    pub(super) signature: String,
    /// When it was signed.
    pub(super) signed: DateTime<Utc>,
    /// The same as it was written.
    pub(super) time: String,
    /// How long a presigned URL is good.
    pub(super) lasts: Option<TimeDelta>,
    /// The session token.
    pub(super) token: Option<String>,
}

impl Claim {
    /// Reads the signature of a request.
    pub(super) fn of(request: &Request) -> Result<Self, Refused> {
        if let Some(authorization) = header(request, "authorization") {
            return Self::of_header(request, authorization);
        }
        let location = Location::of(request);
        let parameter = |name: &str| location.parameter(name);
        if parameter("X-Amz-Algorithm").or_else(|| parameter("X-Amz-Credential")).or_else(|| parameter("X-Amz-Signature")).is_none() {
            return Err(Refused::Unsigned);
        }
        Self::of_query(&parameter).map_err(|refused| match refused {
            Refused::Incomplete(why) => Refused::IncompleteUrl(why),
            other => other,
        })
    }

    fn of_header(request: &Request, authorization: &str) -> Result<Self, Refused> {
        let Some(("AWS4-HMAC-SHA256", fields)) = authorization.split_once(char::is_whitespace) else {
            let algorithm = authorization.split_whitespace().next().unwrap_or_default();
            return Err(Refused::Incomplete(format!("Authorization must be {ALGORITHM}, not '{algorithm}'")));
        };
        let field = |name: &str| {
            let found = fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
            found.filter(|value| !value.is_empty()).ok_or_else(|| missing("header", name))
        };
        let scope = Scope::parse(field("Credential")?)?;
        let (headers, signature) = (signed_headers(field("SignedHeaders")?)?, field("Signature")?.to_owned());
        let time = match (header(request, "x-amz-date"), header(request, "date")) {
            (Some(time), _) => time.to_owned(),
            (None, Some(date)) => {
                let date = DateTime::parse_from_rfc2822(date).map_err(|_| missing("header", "X-Amz-Date"))?;
                date.with_timezone(&Utc).format("%Y%m%dT%H%M%SZ").to_string()
            }
            (None, None) => {
                return Err(Refused::Incomplete(
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".into(),
                ));
            }
        };
        let signed = moment(&time, &scope)?;
        let token = header(request, "x-amz-security-token").map(ToOwned::to_owned);
        Ok(Claim { scope, headers, signature, signed, time, lasts: None, token })
    }

    fn of_query<'a>(parameter: &dyn Fn(&str) -> Option<&'a str>) -> Result<Self, Refused> {
        let needed = |name: &str| parameter(name).filter(|value| !value.is_empty()).ok_or_else(|| missing("query", name));
        let algorithm = needed("X-Amz-Algorithm")?;
        if algorithm != ALGORITHM {
            return Err(Refused::Incomplete(format!("X-Amz-Algorithm only supports {ALGORITHM}, not '{algorithm}'")));
        }
        let scope = Scope::parse(needed("X-Amz-Credential")?)?;
        let (headers, signature) = (signed_headers(needed("X-Amz-SignedHeaders")?)?, needed("X-Amz-Signature")?.to_owned());
        let time = needed("X-Amz-Date")?.to_owned();
        let signed = moment(&time, &scope)?;
        // The services of the query protocol take a URL without an end, S3 does not.
        let seconds = match parameter("X-Amz-Expires") {
            None if scope.service == "s3" => return Err(missing("query", "X-Amz-Expires")),
            None => super::SKEW.num_seconds(),
            Some(text) => text.parse::<i64>().ok().filter(|seconds| (0..=LONGEST).contains(seconds)).ok_or_else(|| {
                Refused::Incomplete(format!("X-Amz-Expires must be a number of seconds from 0 to {LONGEST} (a week), not '{text}'"))
            })?,
        };
        let token = parameter("X-Amz-Security-Token").map(ToOwned::to_owned);
        Ok(Claim { scope, headers, signature, signed, time, lasts: Some(TimeDelta::seconds(seconds)), token })
    }
}

fn missing(place: &str, name: &str) -> Refused {
    Refused::Incomplete(match place {
        "header" => format!("Authorization header requires '{name}' parameter."),
        _ => format!("AWS query-string parameters must include '{name}'."),
    })
}

/// The signed headers; the host has to be among them, or a signature could be used elsewhere.
fn signed_headers(list: &str) -> Result<Vec<String>, Refused> {
    let headers: Vec<String> = list.split(';').map(str::to_lowercase).collect();
    if headers.iter().any(|name| name == "host" || name == ":authority") {
        Ok(headers)
    } else {
        Err(Refused::Incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.".into()))
    }
}

/// The moment of a signature, which is on the day of its scope.
fn moment(time: &str, scope: &Scope) -> Result<DateTime<Utc>, Refused> {
    let moment = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").map_err(|_| {
        Refused::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{time}'. See http://en.wikipedia.org/wiki/ISO_8601"))
    })?;
    if !time.starts_with(&scope.date) {
        let why = format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{time}'",
            scope.date
        );
        return Err(Refused::Incomplete(why));
    }
    Ok(moment.and_utc())
}

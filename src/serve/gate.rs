//! Between the port and the services: lets through what is signed, learns the keys that the account gives out, and tells the screens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use quick_xml::Reader;
use quick_xml::events::Event;
use secrecy::SecretString;

use crate::demo::clock::SharedClock;
use crate::keys::{AccessKey, Keys};
use crate::local::service::{Request, Response, ServiceError};
use crate::local::transport::{Transport, TransportError};
use crate::naming;
use crate::outside::{OutsideCall, Teller};
use crate::refusal;
use crate::signature::{Refused, Signed};

/// A way to the services for those who sign.
pub struct Gate {
    services: Arc<dyn Transport>,
    keys: Keys,
    clock: SharedClock,
    screens: Arc<Teller>,
}

impl Gate {
    /// A gate before `services`, which tells `screens` of every request.
    pub fn new(services: Arc<dyn Transport>, keys: Keys, clock: SharedClock, screens: Arc<Teller>) -> Self {
        Gate { services, keys, clock, screens }
    }

    /// The services' answer to what is signed, a refusal to what is not.
    async fn answer(&self, request: Request, signed: Result<Signed, Refused>, now: DateTime<Utc>) -> Result<Response, TransportError> {
        let signed = match signed {
            Ok(signed) => signed,
            Err(refused) => return Ok(refusal::response(&request, None, "", &refused, now)),
        };
        if let Err(refused) = signed.verify(&request, &self.keys, now) {
            tracing::debug!(?refused, service = signed.service(), "a request was refused");
            return Ok(refusal::response(&request, Some(signed.service()), signed.key(), &refused, now));
        }
        let response = self.services.send(request.clone()).await?;
        if let Err(error) = self.learn(signed.service(), &request, &response) {
            // The key was given out but would not be accepted: better no key at all.
            return Ok(ServiceError::new("InternalFailure", format!("a key could not be kept: {error}")).with_status(500).json_response());
        }
        Ok(response)
    }

    /// Takes note of the keys in an answer of STS or IAM.
    fn learn(&self, service: &str, request: &Request, response: &Response) -> Result<(), crate::local::store::StoreError> {
        if response.status >= 300 || !matches!(service, "sts" | "iam") {
            return Ok(());
        }
        let form = |name: &str| {
            let mut fields = url::form_urlencoded::parse(&request.body);
            fields.find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
        };
        if form("Action").as_deref() == Some("DeleteAccessKey") {
            return form("AccessKeyId").map_or(Ok(()), |id| self.keys.forget(&id));
        }
        match issued(&response.body) {
            Some(key) => self.keys.accept(&key),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Transport for Gate {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let (at, began) = (self.clock.now(), Instant::now());
        let signed = Signed::of(&request);
        let signing = signed.as_ref().map_or("", Signed::service);
        let mut call = OutsideCall {
            at,
            from: naming::sender(&request),
            service: naming::service(signing, &request),
            operation: naming::operation(signing, &request),
            duration: Duration::ZERO,
            error: None,
        };
        let answer = self.answer(request, signed, at).await;
        call.duration = began.elapsed();
        call.error = match &answer {
            Ok(response) => naming::error(response),
            Err(error) => Some(error.to_string()),
        };
        self.screens.tell(&call);
        answer
    }
}

/// The key in an answer of STS (`Credentials`) or IAM (`AccessKey`).
fn issued(body: &[u8]) -> Option<AccessKey> {
    let text = std::str::from_utf8(body).ok()?;
    let mut reader = Reader::from_str(text);
    let (mut element, mut id, mut secret) = (String::new(), None, None);
    let (mut token, mut expires) = (None, None);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => element = String::from_utf8_lossy(start.local_name().as_ref()).into_owned(),
            Event::End(_) => element.clear(),
            Event::Text(value) => {
                let value = value.unescape().ok()?.trim().to_owned();
                match element.as_str() {
                    "AccessKeyId" => id = Some(value),
                    "SecretAccessKey" => secret = Some(value),
                    "SessionToken" => token = Some(SecretString::from(value)),
                    "Expiration" => expires = DateTime::parse_from_rfc3339(&value).ok().map(|at| at.with_timezone(&Utc)),
                    _ => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Some(AccessKey { token, expires, ..AccessKey::new(id?, secret?) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_key_is_found_in_the_answers_of_sts_and_iam() {
        let answer = b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s/1</SecretAccessKey>\
            <SessionToken>t=</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
        let key = issued(answer).unwrap();
        assert_eq!((key.id.as_str(), key.secret.expose_secret()), ("ASIA1", "s/1"));
        assert_eq!(key.token.unwrap().expose_secret(), "t=");
        assert_eq!(key.expires.unwrap().to_rfc3339(), "2026-01-01T01:00:00+00:00");
        let listed = b"<ListAccessKeysResult><AccessKeyMetadata><member><AccessKeyId>AKIA1</AccessKeyId></member></AccessKeyMetadata></ListAccessKeysResult>";
        assert!(issued(listed).is_none(), "a list has no secrets");
    }
}

//! What the services of one embedded account share.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use tokio::runtime::Handle;

use super::engine::Engine;
use super::iam::{Assumed, Authority, NotAssumed, Principal};
use super::objects::Objects;
use super::pace::{Tempo, Wait};
use super::service::{Request, Response, Service, ServiceError, ServiceResult};
use super::services::logs::LogStore;
use super::store::Store;
use crate::demo::clock::SharedClock;

/// Everything that services have in common. Cheap to clone.
#[derive(Clone)]
pub struct Account {
    /// Twelve digits; `000000000000` for the embedded account.
    pub id: Arc<str>,
    /// The region that every resource is in.
    pub region: Arc<str>,
    /// The state directory.
    pub store: Store,
    /// The roles, and what they may do.
    pub authority: Authority,
    /// The objects of S3.
    pub objects: Objects,
    /// The SQL engine of warehouse and lake.
    pub engine: Engine,
    /// Where statements run, so that one that never ends keeps no request waiting.
    pub statements: Handle,
    /// What jobs and functions log.
    pub logs: LogStore,
    /// How long waits last.
    pub pace: Tempo,
    /// Time.
    pub clock: SharedClock,
    /// When this process took the account over.
    pub opened: DateTime<Utc>,
    /// The other services, for one that calls another (a pipeline invokes a function, a function runs a statement).
    pub services: Services,
}

impl Account {
    /// How much is left of a wait that began at `since`; zero when it is over.
    pub fn left(&self, since: DateTime<Utc>, wait: Wait) -> Duration {
        self.whole(since, wait).saturating_sub((self.clock.now() - since).to_std().unwrap_or_default())
    }

    /// How long a wait lasts as a whole that began at `since`. What began before this process took the account over, or before the pace was
    /// changed, is over: it was begun at another pace.
    pub fn whole(&self, since: DateTime<Utc>, wait: Wait) -> Duration {
        if since < self.pace.since() { Duration::ZERO } else { self.pace.duration(wait) }
    }

    /// Lets a service assume a role, if the role's trust policy does.
    ///
    /// # Errors
    /// The role does not exist, or does not trust the service.
    pub fn assume(&self, role: &str, service: &str, session: &str) -> Result<Assumed, NotAssumed> {
        self.authority.assume(role, Principal::Service(service), session)
    }
}

/// The services of an account by signing name. Filled once, after all of them are built.
#[derive(Clone, Default)]
pub struct Services {
    table: Arc<OnceLock<BTreeMap<&'static str, Weak<dyn Service>>>>,
}

impl Services {
    /// Makes the services known. Only the first call counts.
    pub fn connect(&self, services: &[Arc<dyn Service>]) {
        self.table.get_or_init(|| services.iter().map(|service| (service.signing_name(), Arc::downgrade(service))).collect());
    }

    /// Sends a request to a service.
    pub async fn send(&self, signing_name: &str, request: Request) -> Response {
        let service = self.table.get().and_then(|table| table.get(signing_name)).and_then(Weak::upgrade);
        match service {
            Some(service) => service.handle(request).await,
            None => ServiceError::new("UnknownService", format!("the embedded AWS has no service `{signing_name}`"))
                .with_status(404)
                .json_response(),
        }
    }

    /// Calls an awsJson operation of a service and gives its output document.
    pub async fn json(&self, signing_name: &str, operation: &str, input: &Value) -> ServiceResult {
        let mut headers = HeaderMap::new();
        let target = HeaderValue::from_str(&format!("Internal.{operation}"))
            .map_err(|error| ServiceError::new("InternalFailure", format!("{operation}: {error}")))?;
        headers.insert("x-amz-target", target);
        let request =
            Request { method: Method::POST, uri: format!("https://{signing_name}.internal/"), headers, body: input.to_string().into() };
        let response = self.send(signing_name, request).await;
        let body: Value = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        if response.status < 300 {
            return Ok(body);
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Err(ServiceError { status: response.status, code: text("__type").into(), message: text("message"), members: Box::new(body) })
    }
}

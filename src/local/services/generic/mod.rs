//! IAM, STS and Secrets Manager, by the `winterbaume` crates: their answers to requests, our persistence.
//!
//! [`Generic`] gives a winterbaume service the shape of [`Service`] and keeps its state in the store. `iam` and `sts` mend what the
//! crates answer differently from AWS where this program, or a user of `shiftdeck serve`, would notice.

mod iam;
mod sts;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use winterbaume_core::{MockRequest, MockService, StateViewError, StatefulService};
use winterbaume_iam::IamService;
use winterbaume_secretsmanager::SecretsManagerService;

pub use iam::Iam;
pub use sts::Sts;

use crate::local::service::{Request, Response, Service, ServiceError};
use crate::local::store::{Store, StoreError};

/// Why a service's state could not be brought back.
#[derive(Debug, thiserror::Error)]
pub enum GenericError {
    /// The state cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state is not what the service takes.
    #[error("the state of {0} cannot be restored: {1}")]
    Restore(&'static str, StateViewError),
}

/// A winterbaume service whose state can be taken and given back. (The crate's own trait has futures that are not known to be `Send`
/// for a type parameter, so each service is named here.)
#[async_trait]
pub trait Backend: MockService {
    /// What is kept.
    type View: Serialize + DeserializeOwned + Send + Sync;
    /// Signing name, and name of the state document.
    const NAME: &'static str;

    /// The state.
    async fn view(&self, account: &str, region: &str) -> Self::View;
    /// Replaces the state.
    async fn set(&self, account: &str, region: &str, view: Self::View) -> Result<(), StateViewError>;
}

macro_rules! backend {
    ($service:ty, $name:literal) => {
        #[async_trait]
        impl Backend for $service {
            type View = <$service as StatefulService>::StateView;
            const NAME: &'static str = $name;

            async fn view(&self, account: &str, region: &str) -> Self::View {
                self.snapshot(account, region).await
            }

            async fn set(&self, account: &str, region: &str, view: Self::View) -> Result<(), StateViewError> {
                self.restore(account, region, view).await
            }
        }
    };
}

backend!(IamService, "iam");
backend!(SecretsManagerService, "secretsmanager");

/// Secrets Manager.
pub type SecretsManager = Generic<SecretsManagerService>;

/// A winterbaume service on disk.
pub struct Generic<B> {
    backend: B,
    store: Store,
    account: Arc<str>,
    region: Arc<str>,
    /// The document as it was saved last. Held while a change is made and saved, so that changes are saved in the order they are made.
    saved: Mutex<Vec<u8>>,
}

impl<B: Backend> Generic<B> {
    /// Opens the service with the state that was saved last.
    pub async fn open(backend: B, store: Store, account: Arc<str>, region: Arc<str>) -> Result<Self, GenericError> {
        // The crates put a process-wide account id into what they make; every embedded account has the same one.
        winterbaume_core::set_default_account_id(&*account);
        if let Some(view) = store.load::<B::View>(&document::<B>())? {
            backend.set(&account, &region, view).await.map_err(|error| GenericError::Restore(B::NAME, error))?;
        }
        Ok(Generic { backend, store, account, region, saved: Mutex::default() })
    }

    /// The current state.
    pub(super) async fn view(&self) -> B::View {
        self.backend.view(&self.account, &self.region).await
    }

    /// Sends a request to the backend; one that may change something is answered when the change is on disk.
    pub(super) async fn call(&self, request: Request, changes: bool) -> Response {
        let request = MockRequest {
            method: request.method.to_string(),
            uri: self.canonical_uri(&request),
            headers: request.headers,
            body: request.body,
        };
        if !changes {
            return received(self.backend.handle(request).await);
        }
        let mut saved = self.saved.lock().await;
        let response = received(self.backend.handle(request).await);
        match self.save(&mut saved).await {
            Ok(()) => response,
            Err(error) => {
                ServiceError::new("InternalFailure", format!("the change could not be kept: {error}")).with_status(500).json_response()
            }
        }
    }

    async fn save(&self, saved: &mut Vec<u8>) -> Result<(), StoreError> {
        // A `Value` sorts nothing, but the maps of the views are hash maps: going through it with sorted keys makes equal states equal bytes.
        let state =
            sorted(serde_json::to_value(self.view().await).map_err(|source| StoreError::Format { path: document::<B>().into(), source })?);
        let bytes = state.to_string().into_bytes();
        if *saved != bytes {
            self.store.save(&document::<B>(), &state)?;
            *saved = bytes;
        }
        Ok(())
    }

    /// The backends take the region from the host, which `serve` and the socket do not preserve.
    fn canonical_uri(&self, request: &Request) -> String {
        let query = if request.query().is_empty() { String::new() } else { format!("?{}", request.query()) };
        format!("https://{}.{}.amazonaws.com{}{query}", B::NAME, self.region, request.path())
    }
}

fn document<B: Backend>() -> String {
    format!("services/{}", B::NAME)
}

fn received(response: winterbaume_core::MockResponse) -> Response {
    Response { status: response.status, headers: response.headers, body: response.body }
}

fn sorted(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            serde_json::Value::Object(members.into_iter().collect())
        }
        serde_json::Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// Whether an operation only reads, by the names that AWS gives such operations.
fn reads_only(operation: &str) -> bool {
    ["Get", "List", "Describe", "BatchGet", "Simulate", "Validate"].iter().any(|prefix| operation.starts_with(prefix))
}

#[async_trait]
impl Service for SecretsManager {
    fn signing_name(&self) -> &'static str {
        SecretsManagerService::NAME
    }

    async fn handle(&self, request: Request) -> Response {
        let changes = !request.json_operation().is_some_and(reads_only);
        self.call(request, changes).await
    }
}

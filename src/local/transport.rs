//! How a request reaches the services: in this process, or over the socket of the process that owns the account.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::runtime::Handle;

use super::router::Router;
use super::service::{Request, Response, ServiceError};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// There is nobody at the other end; the request was not sent.
    #[error("the process that owns the embedded AWS does not listen: {0}")]
    NotConnected(io::Error),
    /// The connection ended before the answer; the request may have been carried out.
    #[error("the process that owns the embedded AWS ended before it answered: {0}")]
    Lost(Box<dyn std::error::Error + Send + Sync>),
    /// The account was closed by this process.
    #[error("the embedded AWS is closed")]
    Closed,
    /// The request cannot be sent as it is.
    #[error("the request cannot be sent: {0}")]
    Unusable(Box<dyn std::error::Error + Send + Sync>),
}

/// A way to the services of an embedded account.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends a request and waits for its answer.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// The services in this process.
#[derive(Clone)]
pub struct InProcess {
    router: Arc<Router>,
    runtime: Handle,
}

impl InProcess {
    /// The services of `router`, run on `runtime`.
    pub fn new(router: Arc<Router>, runtime: Handle) -> Self {
        InProcess { router, runtime }
    }
}

#[async_trait]
impl Transport for InProcess {
    /// The service works on a task of its own: a caller that goes away does not leave its work half done.
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let router = Arc::clone(&self.router);
        match self.runtime.spawn(async move { router.handle(request).await }).await {
            Ok(response) => Ok(response),
            Err(error) if error.is_cancelled() => Err(TransportError::Closed),
            Err(error) => {
                // The panic itself was reported by the panic hook; the caller gets what a service answers when it fails.
                tracing::error!(%error, "an embedded service panicked");
                Ok(ServiceError::new("InternalFailure", "the embedded service failed; this is a defect of shiftdeck")
                    .with_status(500)
                    .json_response())
            }
        }
    }
}

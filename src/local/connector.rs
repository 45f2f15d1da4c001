//! Plugs the embedded account into the SDK as its HTTP client: signed requests go to the services as values, no socket is opened.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;

use super::service::{Request, Response};
use super::transport::{Transport, TransportError};

/// The SDK's HTTP client for an embedded account.
#[derive(Clone)]
pub struct EmbeddedHttp {
    transport: Arc<dyn Transport>,
}

impl EmbeddedHttp {
    /// A client whose requests go through `transport`.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        EmbeddedHttp { transport }
    }
}

impl fmt::Debug for EmbeddedHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmbeddedHttp")
    }
}

impl HttpClient for EmbeddedHttp {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new("shiftdeck-embedded", None))
    }
}

impl HttpConnector for EmbeddedHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = Arc::clone(&self.transport);
        HttpConnectorFuture::new(async move {
            let request = receive(request).await?;
            let response = transport.send(request).await.map_err(|error| match error {
                // The SDK retries I/O errors.
                TransportError::NotConnected(_) | TransportError::Lost(_) => ConnectorError::io(error.into()),
                TransportError::Closed | TransportError::Unusable(_) => ConnectorError::other(error.into(), None),
            })?;
            reply(response)
        })
    }
}

/// Takes the SDK's request apart, reading a streamed body to its end.
async fn receive(request: HttpRequest) -> Result<Request, ConnectorError> {
    let uri = request.uri().to_owned();
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
    Ok(Request { method: parts.method, uri, headers: parts.headers, body })
}

fn reply(response: Response) -> Result<HttpResponse, ConnectorError> {
    let user = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::user(error);
    let mut answer = http::Response::new(SdkBody::from(response.body));
    *answer.status_mut() = http::StatusCode::from_u16(response.status).map_err(|error| user(error.into()))?;
    *answer.headers_mut() = response.headers;
    HttpResponse::try_from(answer).map_err(|error| user(error.into()))
}

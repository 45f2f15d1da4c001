//! The SDK's HTTP client that listens: requests go through it to the client of the target, and what comes of them to the recorder.

use std::fmt;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use http_body_util::BodyExt as _;

use super::address::address;
use super::call::{Answer, Content, FailureKind, Outcome, Request};
use super::tee::Tee;
use super::writer::{Recorder, Sent};

/// Headers of requests that say what is asked; no other one is kept, so that no signature and no token is.
const ASKING: [&str; 7] =
    ["content-type", "if-match", "if-none-match", "range", "x-amz-copy-source", "x-amz-target", "x-amzn-sagemaker-target-variant"];

/// Headers of answers that the SDK or this program reads. Not the date, which is another one when it is played, and no checksums, which
/// are not those of a body without its secrets.
const ANSWERING: [&str; 14] = [
    "accept-ranges",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
    "location",
    "smithy-protocol",
    "x-amz-bucket-region",
    "x-amz-delete-marker",
    "x-amz-function-error",
    "x-amz-version-id",
    "x-amzn-errortype",
    "x-amzn-invoked-production-variant",
    "x-amz-error-code",
];

/// Headers that are kept by what they begin with: the metadata of objects.
const METADATA: &str = "x-amz-meta-";

/// An HTTP client whose calls are recorded.
pub struct RecordingHttp {
    inner: SharedHttpClient,
    recorder: Recorder,
}

impl RecordingHttp {
    /// Records what goes through `inner`, or through the client that the SDK would make by itself.
    pub fn over(inner: Option<SharedHttpClient>, recorder: Recorder) -> RecordingHttp {
        RecordingHttp { inner: inner.unwrap_or_else(of_the_sdk), recorder }
    }
}

/// The client that the SDK makes where it is given none: rustls, and the proxy of the environment.
fn of_the_sdk() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
}

impl fmt::Debug for RecordingHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordingHttp")
    }
}

impl HttpClient for RecordingHttp {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(RecordingConnector { inner, recorder: self.recorder.clone() })
    }

    fn validate_base_client_config(&self, components: &RuntimeComponentsBuilder, config: &ConfigBag) -> Result<(), BoxError> {
        self.inner.validate_base_client_config(components, config)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, config: &ConfigBag) -> Result<(), BoxError> {
        self.inner.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

struct RecordingConnector {
    inner: SharedHttpConnector,
    recorder: Recorder,
}

impl fmt::Debug for RecordingConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordingConnector")
    }
}

impl HttpConnector for RecordingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, recorder) = (self.inner.clone(), self.recorder.clone());
        HttpConnectorFuture::new(async move {
            let (request, body) = whole(request).await?;
            let sent = recorder.sent(described(&request, body));
            match inner.call(request).await {
                Ok(response) => Ok(listened(response, sent)),
                Err(error) => {
                    sent.ended(Outcome::Failure { kind: kind(&error), message: reason(&error) });
                    Err(error)
                }
            }
        })
    }
}

/// The request with a body that can be read twice. One that is a stream is read first; nothing in this program uploads one.
async fn whole(mut request: HttpRequest) -> Result<(HttpRequest, Bytes), ConnectorError> {
    if let Some(bytes) = request.body().bytes() {
        let body = Bytes::copy_from_slice(bytes);
        return Ok((request, body));
    }
    let body = std::mem::replace(request.body_mut(), SdkBody::empty());
    let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
    *request.body_mut() = SdkBody::from(body.clone());
    Ok((request, body))
}

/// What is kept of a request.
pub(super) fn described(request: &HttpRequest, body: Bytes) -> Request {
    let headers = request.headers();
    let place = address(request.method(), request.uri(), &|name| headers.get(name), &body);
    let kept = headers.iter().filter(|(name, _)| ASKING.contains(name) || name.starts_with(METADATA));
    let mut kept: Vec<(String, String)> = kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    kept.sort();
    Request {
        service: place.service,
        operation: place.operation,
        method: request.method().to_owned(),
        path: place.path,
        query: place.query,
        headers: kept,
        body: Content::Whole(body),
    }
}

/// Hands an answer on and keeps it: at once where it is all there, else while it is read.
fn listened(response: HttpResponse, sent: Sent) -> HttpResponse {
    let status = response.status().as_u16();
    let length = sent.is_head().then(|| response.headers().get("content-length")).flatten();
    let length = length.map(|length| ("content-length".to_owned(), length.to_owned()));
    let kept = response.headers().iter().filter(|(name, _)| ANSWERING.contains(name) || name.starts_with(METADATA));
    let headers: Vec<(String, String)> = kept.map(|(name, value)| (name.to_owned(), value.to_owned())).chain(length).collect();
    if let Some(bytes) = response.body().bytes() {
        let body = Bytes::copy_from_slice(bytes);
        sent.ended(Outcome::Answer(Answer { status, headers, body }));
        return response;
    }
    let mut response = response;
    let inner = response.take_body();
    let heard = move |body: Result<Bytes, String>| {
        sent.ended(match body {
            Ok(body) => Outcome::Answer(Answer { status, headers, body }),
            Err(message) => Outcome::Failure { kind: FailureKind::Io, message },
        });
    };
    *response.body_mut() = SdkBody::from_body_1_x(Tee::new(inner, Box::new(heard)));
    response
}

fn kind(error: &ConnectorError) -> FailureKind {
    if error.is_timeout() {
        FailureKind::Timeout
    } else if error.is_io() {
        FailureKind::Io
    } else if error.is_user() {
        FailureKind::User
    } else {
        FailureKind::Other
    }
}

/// The innermost reason, which is the one that helps a reader.
fn reason(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

//! What an embedded service is: something that answers one AWS request.

use std::borrow::Cow;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

/// A request as it left the SDK, already routed to its service.
#[derive(Debug, Clone)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// Full URI, `https://redshift-data.us-east-1.amazonaws.com/…`.
    pub uri: String,
    /// Headers, `X-Amz-Target` and the signature among them.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Request {
    /// The operation of an awsJson request: what follows the last dot of `X-Amz-Target`.
    pub fn json_operation(&self) -> Option<&str> {
        self.headers.get("x-amz-target")?.to_str().ok()?.rsplit('.').next()
    }

    /// The path of the URI, percent-encoded as it was sent, `/` when empty.
    pub fn path(&self) -> &str {
        let rest = self.uri.split_once("://").map_or(self.uri.as_str(), |(_, rest)| rest);
        let path = rest.find('/').map_or("/", |at| &rest[at..]);
        path.split('?').next().unwrap_or("/")
    }

    /// The host that the request is for, without its port: the `Host` header, else the URI's authority.
    pub fn host(&self) -> Option<&str> {
        let header = self.headers.get(http::header::HOST).and_then(|value| value.to_str().ok());
        let authority = || self.uri.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next());
        let host = header.or_else(authority)?;
        Some(host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(host, _)| host))
    }

    /// The query string without its question mark, empty when there is none.
    pub fn query(&self) -> &str {
        self.uri.split_once('?').map_or("", |(_, query)| query)
    }
}

/// The answer of a service.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Response {
    /// A body of the given content type.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        Response { status, headers, body: body.into() }
    }

    /// An awsJson 1.1 document.
    pub fn json(value: &Value) -> Self {
        Response::new(200, "application/x-amz-json-1.1", value.to_string())
    }
}

/// An error as a service states it: a code that the SDK maps to a typed exception, and a sentence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// HTTP status.
    pub status: u16,
    /// The exception's name, for example `ResourceNotFoundException`.
    pub code: Cow<'static, str>,
    /// The sentence.
    pub message: String,
    /// Further members of the exception. Boxed, because errors travel in the results of every operation.
    pub members: Box<Value>,
}

impl ServiceError {
    /// A 400 error.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        ServiceError { status: 400, code: code.into(), message: message.into(), members: Box::default() }
    }

    /// The same error with another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The error as an awsJson or restJson response.
    pub fn json_response(&self) -> Response {
        let mut body = json!({ "__type": self.code, "message": self.message, "Message": self.message });
        if let (Some(body), Some(members)) = (body.as_object_mut(), self.members.as_object()) {
            body.extend(members.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        let mut response = Response::new(self.status, "application/x-amz-json-1.1", body.to_string());
        if let Ok(code) = http::HeaderValue::from_str(&self.code) {
            response.headers.insert("x-amzn-errortype", code);
        }
        response
    }
}

/// The result of one operation.
pub type ServiceResult<T = Value> = Result<T, ServiceError>;

/// A service of the embedded AWS.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// The name in a signature's scope: `redshift-data`, `athena`, `sagemaker`, `s3`, …
    fn signing_name(&self) -> &'static str;

    /// Answers one request. Never panics; what it does not support is refused by name.
    async fn handle(&self, request: Request) -> Response;

    /// The account is being closed: stops what still runs and notes it in the state. Called once, and given a second at most.
    async fn shutdown(&self) {}
}

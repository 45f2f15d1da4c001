//! `SageMaker` runtime: endpoints are invoked, and their models answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use http::HeaderValue;
use serde_json::json;

use super::sagemaker::Inner;
use super::sagemaker::hosting::Serving;
use crate::local::ml::matrix::read_rows;
use crate::local::ml::train::{Booster, MlError};
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};
use crate::local::services::protocol::rest::{Location, header};

/// The largest body of an invocation.
const LARGEST_BODY: usize = 25 * 1024 * 1024;
/// Scoring fewer rows than this takes less time than handing them to another thread.
const INLINE_BYTES: usize = 64 * 1024;

/// The service. [`SageMaker::runtime`](super::sagemaker::SageMaker::runtime) gives it.
pub struct SageMakerRuntime {
    inner: Arc<Inner>,
    /// Invocations so far: decides between the variants of an endpoint.
    invocations: AtomicU64,
}

impl SageMakerRuntime {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        SageMakerRuntime { inner, invocations: AtomicU64::new(0) }
    }

    async fn invoke(&self, endpoint: &str, request: Request) -> ServiceResult<Response> {
        let refused = |message: String| ServiceError::new("ValidationError", message);
        if request.body.len() > LARGEST_BODY {
            return Err(
                refused(format!("The body has {} bytes; at most {LARGEST_BODY} are accepted.", request.body.len())).with_status(413)
            );
        }
        let serving = self.inner.serving(endpoint)?;
        let number = self.invocations.fetch_add(1, Ordering::Relaxed);
        let (variant, booster) = choose(&serving, header(&request, "x-amzn-sagemaker-target-variant"), number)
            .ok_or_else(|| refused(format!("Endpoint {endpoint} has no variant of that name.")))?;
        let content_type = header(&request, "content-type").unwrap_or("text/csv");
        if content_type.split(';').next().map(str::trim) != Some("text/csv") {
            return Err(model_error(415, &format!("Content-type {content_type} not supported. Supported content-type is text/csv")));
        }
        let body = request.body;
        let answer = if body.len() <= INLINE_BYTES {
            score(&booster, &body)
        } else {
            tokio::task::spawn_blocking(move || score(&booster, &body))
                .await
                .map_err(|error| ServiceError::new("InternalFailure", error.to_string()).with_status(500))?
        };
        let answer = answer.map_err(|error| model_error(400, &format!("Unable to evaluate payload provided: {error}")))?;
        let mut response = Response::new(200, "text/csv; charset=utf-8", answer);
        if let Ok(variant) = HeaderValue::from_str(&variant) {
            response.headers.insert("x-amzn-invoked-production-variant", variant);
        }
        Ok(response)
    }
}

/// The variant that was asked for, or the one whose turn it is by weight.
fn choose(serving: &Serving, asked: Option<&str>, number: u64) -> Option<(String, Arc<Booster>)> {
    if let Some(asked) = asked {
        return serving.variants.iter().find(|(name, ..)| name == asked).map(|(name, _, booster)| (name.clone(), booster.clone()));
    }
    let total: f64 = serving.variants.iter().map(|(_, weight, _)| weight).sum();
    // The golden ratio's multiples spread evenly, so that any run of invocations is split by the weights.
    let place = (number as f64 * 0.618_033_988_749_894_9).fract() * total;
    let mut before = 0.0;
    let turn = serving.variants.iter().find(|(_, weight, _)| {
        before += weight;
        place < before
    });
    turn.or_else(|| serving.variants.first()).map(|(name, _, booster)| (name.clone(), booster.clone()))
}

/// One score a line.
fn score(booster: &Booster, body: &[u8]) -> Result<String, MlError> {
    use std::fmt::Write;
    let (values, rows) = read_rows(body, booster.width())?;
    let scores = booster.predict(&values)?;
    let mut answer = String::with_capacity(rows * 12);
    for score in scores {
        // Writing to a String cannot fail. The container answers the float as a double.
        let _ = writeln!(answer, "{}", f64::from(score));
    }
    Ok(answer)
}

/// What the service answers when the container refuses.
fn model_error(status: u16, message: &str) -> ServiceError {
    let mut error = ServiceError::new("ModelError", format!("Received client error ({status}) from primary with message \"{message}\"."))
        .with_status(424);
    error.members = Box::new(json!({ "OriginalStatusCode": status, "OriginalMessage": message, "LogStreamArn": "" }));
    error
}

#[async_trait]
impl Service for SageMakerRuntime {
    fn signing_name(&self) -> &'static str {
        "sagemaker-runtime"
    }

    async fn handle(&self, request: Request) -> Response {
        let location = Location::of(&request);
        let answer = match location.path().as_slice() {
            ["endpoints", endpoint, "invocations"] => self.invoke(endpoint, request).await,
            _ => Err(ServiceError::new("UnknownOperationException", format!("the embedded AWS does not support {}", request.path()))
                .with_status(404)),
        };
        answer.unwrap_or_else(|error| error.json_response())
    }
}

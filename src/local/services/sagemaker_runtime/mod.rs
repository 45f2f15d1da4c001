//! `SageMaker` runtime: endpoints are invoked, their models answer, and what happened is counted.

mod choice;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderValue;
use serde_json::json;

use super::cloudwatch::{Meters, Outcome};
use super::sagemaker::Inner;
use super::sagemaker::hosting::fleet::{Live, Serving};
use crate::local::ml::matrix::read_rows;
use crate::local::ml::train::{Booster, MlError};
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};
use crate::local::services::protocol::rest::{Location, header};

/// The largest body of an invocation.
const LARGEST_BODY: usize = 25 * 1024 * 1024;
/// Scoring fewer rows than this takes less time than handing them to another thread.
const INLINE_BYTES: usize = 64 * 1024;

/// The service. `SageMaker::runtime` gives it.
pub struct SageMakerRuntime {
    inner: Arc<Inner>,
    meters: Arc<Meters>,
}

impl SageMakerRuntime {
    pub(super) fn new(inner: Arc<Inner>, meters: Arc<Meters>) -> Self {
        SageMakerRuntime { inner, meters }
    }

    async fn invoke(&self, endpoint: &str, request: Request) -> ServiceResult<Response> {
        let began = Instant::now();
        let refused = |message: String| ServiceError::new("ValidationError", message);
        if request.body.len() > LARGEST_BODY {
            return Err(
                refused(format!("The body has {} bytes; at most {LARGEST_BODY} are accepted.", request.body.len())).with_status(413)
            );
        }
        let serving = self.inner.serving(endpoint)?;
        let asked = header(&request, "x-amzn-sagemaker-target-variant");
        let place = choice::place(serving.invocations.fetch_add(1, Ordering::Relaxed));
        let live = choose(&serving, asked, place).ok_or_else(|| refused(no_variant(endpoint, asked)))?;
        let body = request.body.clone();
        let accepted = accepted(&request);
        self.listen(endpoint, &serving, live, &body, accepted.is_ok(), place);
        let (answer, took) = match accepted {
            Ok(()) => {
                let began = Instant::now();
                let answer = score(&live.model, body).await;
                (answer, Some(began.elapsed()))
            }
            Err(refusal) => (Err(refusal), None),
        };
        let status = match &answer {
            Ok(_) => 200,
            Err(error) => {
                error.members["OriginalStatusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(error.status)
            }
        };
        let model = took.unwrap_or_default();
        if live.is_counted() {
            self.meters.record(endpoint, &live.name, Outcome { status, model, overhead: began.elapsed().saturating_sub(model) });
        }
        let mut response = Response::new(200, "text/csv; charset=utf-8", answer?);
        if let Ok(variant) = HeaderValue::from_str(&live.name) {
            response.headers.insert("x-amzn-invoked-production-variant", variant);
        }
        Ok(response)
    }

    /// Sends copies of an invocation to the shadows. Their answers are thrown away, nobody waits for them, and they are counted.
    fn listen(&self, endpoint: &str, serving: &Serving, live: &Live, body: &Bytes, accepted: bool, place: f64) {
        for shadow in serving.shadow.iter().filter(|shadow| choice::is_copied(shadow.weight, live.weight, place)) {
            let (meters, model, counted) = (self.meters.clone(), shadow.model.clone(), shadow.is_counted());
            let (endpoint, variant, body) = (endpoint.to_owned(), shadow.name.clone(), body.clone());
            tokio::task::spawn_blocking(move || {
                let began = Instant::now();
                let status = match (accepted, accepted.then(|| scores(&model, &body))) {
                    (true, Some(Ok(_))) => 200,
                    (true, _) => 400,
                    (false, _) => 415,
                };
                if counted {
                    meters.record(&endpoint, &variant, Outcome { status, model: began.elapsed(), overhead: Duration::ZERO });
                }
            });
        }
    }
}

/// The variant that was asked for, or the one whose turn it is by weight.
fn choose<'a>(serving: &'a Serving, asked: Option<&str>, place: f64) -> Option<&'a Live> {
    match asked {
        Some(asked) => serving.production.iter().find(|live| live.name == asked),
        None => choice::choose(serving.production.iter().map(|live| live.weight), place).and_then(|at| serving.production.get(at)),
    }
}

fn no_variant(endpoint: &str, asked: Option<&str>) -> String {
    match asked {
        Some(asked) => format!("Variant {asked} is not found for endpoint {endpoint}."),
        None => format!("Endpoint {endpoint} has no variant that takes traffic."),
    }
}

/// Refuses what the container cannot read or write.
fn accepted(request: &Request) -> ServiceResult<()> {
    let content_type = header(request, "content-type").unwrap_or("text/csv");
    if media_type(content_type) != "text/csv" {
        return Err(model_error(415, &format!("Content-type {content_type} not supported. Supported content-type is text/csv")));
    }
    let accept = header(request, "accept").unwrap_or("text/csv");
    if !matches!(media_type(accept), "text/csv" | "*/*" | "text/*" | "") {
        return Err(model_error(406, &format!("Accept type {accept} is not supported. Supported accept type is text/csv")));
    }
    Ok(())
}

fn media_type(text: &str) -> &str {
    text.split(';').next().unwrap_or_default().trim()
}

/// One score a line.
async fn score(model: &Arc<Booster>, body: Bytes) -> ServiceResult<String> {
    let answer = if body.len() <= INLINE_BYTES {
        scores(model, &body)
    } else {
        let model = model.clone();
        tokio::task::spawn_blocking(move || scores(&model, &body))
            .await
            .map_err(|error| ServiceError::new("InternalFailure", error.to_string()).with_status(500))?
    };
    answer.map_err(|error| model_error(400, &format!("Unable to evaluate payload provided: {error}")))
}

/// Scores as the container writes them, a line each.
pub(super) fn scores(booster: &Booster, body: &[u8]) -> Result<String, MlError> {
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

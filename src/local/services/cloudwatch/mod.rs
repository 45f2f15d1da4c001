//! `CloudWatch`: the metrics of endpoints.
//!
//! Newer SDKs speak Smithy's RPC v2 in CBOR to it, some clients awsJson; both are answered, in the protocol of the request.

mod histogram;
mod meters;
mod query;

use std::io::Read as _;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Map, Value, json};

pub(crate) use self::meters::{Meters, Outcome};
use crate::local::service::{Request, Response, Service, ServiceError, ServiceResult};
use crate::local::services::protocol::aws_json::{Input, respond};
use crate::local::services::protocol::cbor;
use crate::local::services::protocol::rest::{Location, header};

/// The exception for bad input.
const INVALID: &str = "InvalidParameterValue";
/// The largest body after decompression, in bytes.
const LARGEST_BODY: u64 = 4 * 1024 * 1024;

/// The service.
pub struct CloudWatch {
    meters: Arc<Meters>,
}

impl CloudWatch {
    /// The service over the meters that the runtime counts with.
    pub(crate) fn new(meters: Arc<Meters>) -> Self {
        CloudWatch { meters }
    }

    fn answer(&self, operation: &str, input: Map<String, Value>) -> ServiceResult {
        let input = &Input::new(input, INVALID);
        match operation {
            "GetMetricData" => self.get_metric_data(input),
            "GetMetricStatistics" => self.get_metric_statistics(input),
            "ListMetrics" => self.list_metrics(input),
            _ => Err(ServiceError::new("InvalidAction", format!("the embedded AWS does not support the operation {operation}"))),
        }
    }

    fn answer_cbor(&self, operation: &str, request: &Request) -> ServiceResult {
        let body = body(request)?;
        let document = if body.is_empty() { json!({}) } else { cbor::decode(&body).map_err(|error| unreadable(&error.to_string()))? };
        match document {
            Value::Object(input) => self.answer(operation, input),
            _ => Err(unreadable("the body is no map")),
        }
    }

    fn answer_json(&self, request: &Request) -> ServiceResult {
        let operation = request
            .json_operation()
            .ok_or_else(|| ServiceError::new("InvalidAction", "the embedded CloudWatch speaks Smithy RPC v2 in CBOR and awsJson"))?;
        let body = body(request)?;
        match serde_json::from_slice(if body.is_empty() { b"{}" } else { &body }) {
            Ok(Value::Object(input)) => self.answer(operation, input),
            Ok(_) => Err(unreadable("the body is no JSON object")),
            Err(error) => Err(unreadable(&error.to_string())),
        }
    }
}

fn unreadable(why: &str) -> ServiceError {
    ServiceError::new("SerializationException", why)
}

/// The body, decompressed where the client has compressed it.
fn body(request: &Request) -> ServiceResult<Bytes> {
    if header(request, "content-encoding") != Some("gzip") {
        return Ok(request.body.clone());
    }
    let mut plain = Vec::new();
    let read = flate2::read::GzDecoder::new(request.body.as_ref()).take(LARGEST_BODY + 1).read_to_end(&mut plain);
    read.map_err(|error| unreadable(&error.to_string()))?;
    if plain.len() as u64 > LARGEST_BODY {
        return Err(ServiceError::new("RequestEntityTooLarge", format!("The body has more than {LARGEST_BODY} bytes.")).with_status(413));
    }
    Ok(plain.into())
}

/// The answer in CBOR, with the headers of its protocol.
fn respond_cbor(result: ServiceResult) -> Response {
    let is_time = |name: &str| matches!(name, "Timestamp" | "Timestamps");
    let mut response = match result {
        Ok(document) => Response::new(200, "application/cbor", cbor::encode(&document, &is_time)),
        Err(error) => {
            let body = json!({ "__type": error.code, "message": error.message });
            let mut response = Response::new(error.status, "application/cbor", cbor::encode(&body, &is_time));
            // The client that knows the query protocol's codes looks here.
            let fault = if error.status < 500 { "Sender" } else { "Receiver" };
            if let Ok(value) = HeaderValue::from_str(&format!("{};{fault}", error.code)) {
                response.headers.insert("x-amzn-query-error", value);
            }
            response
        }
    };
    response.headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    response
}

#[async_trait]
impl Service for CloudWatch {
    fn signing_name(&self) -> &'static str {
        "monitoring"
    }

    async fn handle(&self, request: Request) -> Response {
        match Location::of(&request).path().as_slice() {
            ["service", _, "operation", operation] => respond_cbor(self.answer_cbor(operation, &request)),
            _ => respond(self.answer_json(&request)),
        }
    }

    async fn shutdown(&self) {
        self.meters.save();
    }
}

//! Predictions (SageMaker runtime).

use std::time::{Duration, Instant};

use aws_sdk_sagemakerruntime::primitives::Blob;

use super::client::{Lazy, Source, lazy_client};
use super::error::fault;
use super::{AwsError, AwsErrorKind};

const SERVICE: &str = "SageMaker Runtime";

/// The answer of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Body, one line per line asked.
    pub body: String,
    /// Round trip.
    pub latency: Duration,
    /// The variant that answered, where the service says.
    pub variant: Option<String>,
}

/// The gateway.
pub struct Inference {
    client: Lazy<aws_sdk_sagemakerruntime::Client>,
}

impl Inference {
    pub(super) fn new(source: &Source) -> Self {
        Inference { client: lazy_client!(source, aws_sdk_sagemakerruntime) }
    }

    /// Asks an endpoint with CSV lines (features only, no header).
    pub async fn invoke(&self, endpoint: &str, lines: String) -> Result<Answer, AwsError> {
        self.invoke_variant(endpoint, None, lines).await
    }

    /// The same; a `variant` that is named answers whatever its weight.
    pub async fn invoke_variant(&self, endpoint: &str, variant: Option<&str>, lines: String) -> Result<Answer, AwsError> {
        let began = Instant::now();
        let request = self
            .client
            .get()
            .invoke_endpoint()
            .endpoint_name(endpoint)
            .set_target_variant(variant.map(str::to_owned))
            .content_type("text/csv")
            .accept("text/csv")
            .body(Blob::new(lines));
        let said = request.send().await.map_err(fault(SERVICE, "InvokeEndpoint"))?;
        let latency = began.elapsed();
        let variant = said.invoked_production_variant().map(str::to_owned);
        let body = said.body.map(Blob::into_inner).unwrap_or_default();
        let body = String::from_utf8(body).map_err(|error| AwsError {
            service: SERVICE,
            operation: "InvokeEndpoint",
            code: String::new(),
            message: format!("the endpoint answered with something that is not text ({error})"),
            kind: AwsErrorKind::Other,
        })?;
        Ok(Answer { body, latency, variant })
    }
}

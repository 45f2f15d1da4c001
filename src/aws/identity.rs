//! Who calls (STS).

use std::sync::{Arc, OnceLock};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use super::AwsError;
use super::client::{Lazy, Source, lazy_client};
use super::error::fault;

const SERVICE: &str = "STS";

/// The caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Twelve-digit account id.
    pub account: String,
    /// ARN of the user or of the assumed role.
    pub arn: String,
}

/// The gateway.
pub struct Identity {
    client: Lazy<aws_sdk_sts::Client>,
    known: OnceCell<Caller>,
}

impl Identity {
    pub(super) fn new(source: &Source) -> Self {
        Identity { client: lazy_client!(source, aws_sdk_sts), known: OnceCell::new() }
    }

    /// The caller; asked once, then remembered.
    pub async fn caller(&self) -> Result<Caller, AwsError> {
        let caller = self
            .known
            .get_or_try_init(|| async {
                let said = self.client.get().get_caller_identity().send().await.map_err(fault(SERVICE, "GetCallerIdentity"))?;
                Ok(Caller { account: said.account().unwrap_or_default().to_owned(), arn: said.arn().unwrap_or_default().to_owned() })
            })
            .await?;
        Ok(caller.clone())
    }

    /// The time of the service, as it tells it with an answer; `None` where it tells none.
    pub async fn time(&self) -> Result<Option<DateTime<Utc>>, AwsError> {
        let told = Arc::new(OnceLock::new());
        let request = self.client.get().get_caller_identity().customize().interceptor(TimeOfAnswer(Arc::clone(&told)));
        let answer = request.send().await.map_err(fault(SERVICE, "GetCallerIdentity"));
        match told.get() {
            // A refusal because of the time tells the time as well.
            Some(time) => Ok(Some(*time)),
            None => answer.map(|_| None),
        }
    }
}

/// Keeps the `Date` of an answer.
#[derive(Debug)]
struct TimeOfAnswer(Arc<OnceLock<DateTime<Utc>>>);

impl Intercept for TimeOfAnswer {
    fn name(&self) -> &'static str {
        "TimeOfAnswer"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        if let Some(date) = date {
            // The first answer of a call that is retried is as good as the last.
            let _ = self.0.set(date.to_utc());
        }
        Ok(())
    }
}

//! What crosses the SDK, for the activity pane: one record per API call, made by an SDK interceptor.

use std::fmt;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_types::sdk_config::SharedTimeSource;
use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

/// The error of a call that found no address of its service: the region has no such service, or names cannot be looked up here.
pub const UNRESOLVED: &str = "name not resolved";

/// One API call as the SDK made it (retries included).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiCall {
    /// When it began.
    pub at: DateTime<Utc>,
    /// Service, as the SDK names it (`Redshift Data`).
    pub service: String,
    /// Operation (`ExecuteStatement`).
    pub operation: String,
    /// How long it took.
    pub duration: Duration,
    /// The error code, when it failed; [`UNRESOLVED`] when there was nobody to ask.
    pub error: Option<String>,
    /// Whether the service answered at all.
    pub reached: bool,
    /// The other program that made it; `None` when this one did.
    pub from: Option<String>,
}

/// The interceptor that tells of every call. Cheap to clone.
#[derive(Clone)]
pub(super) struct Recorder {
    calls: broadcast::Sender<ApiCall>,
    time: SharedTimeSource,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

/// When a call began: by the clock of the configuration, and on the monotonic clock.
#[derive(Debug)]
struct Began {
    at: DateTime<Utc>,
    monotonic: Instant,
}

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Recorder {
    pub(super) fn new(config: &SdkConfig, calls: broadcast::Sender<ApiCall>) -> Self {
        Recorder { calls, time: config.time_source().unwrap_or_default() }
    }
}

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_before_execution(&self, _context: &BeforeSerializationInterceptorContextRef<'_>, cfg: &mut ConfigBag) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Began { at: self.time.now().into(), monotonic: Instant::now() });
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(began), Some(metadata)) = (cfg.load::<Began>(), cfg.load::<Metadata>()) else { return Ok(()) };
        let error = match context.output_or_error() {
            Some(Err(error)) => Some(match error.as_operation_error() {
                Some(error) => code_of(&error.to_string()),
                None if unresolved(error) => UNRESOLVED.to_owned(),
                None => error.to_string(),
            }),
            _ => None,
        };
        // Nobody listening is not an error: headless commands do not subscribe.
        let _ = self.calls.send(ApiCall {
            at: began.at,
            service: metadata.service().to_owned(),
            operation: metadata.name().to_owned(),
            duration: began.monotonic.elapsed(),
            error,
            reached: context.response().is_some(),
            from: None,
        });
        Ok(())
    }
}

/// Whether a call ended at the name of its host. The libraries below have no type for it: the HTTP client says "dns error", the standard
/// library that the lookup failed.
fn unresolved(error: &dyn std::error::Error) -> bool {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).any(|said| said.contains("dns error") || said.contains("failed to lookup address"))
}

/// The code in the text of an SDK error, whose type is erased here: `NoSuchEntityException: …` or `unhandled error (AccessDenied)`.
fn code_of(text: &str) -> String {
    if let Some(rest) = text.strip_prefix("unhandled error (") {
        return rest.split(')').next().unwrap_or(rest).to_owned();
    }
    text.split([':', ' ']).next().unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::{code_of, unresolved};

    #[test]
    fn a_host_without_an_address_is_told_from_one_that_does_not_answer() {
        let connector = |said: &str| OrchestratorError::<std::fmt::Error>::connector(ConnectorError::io(said.into()));
        assert!(unresolved(&connector("failed to lookup address information: Name or service not known")));
        assert!(unresolved(&connector("client error (Connect): dns error")));
        assert!(!unresolved(&connector("connection refused")));
    }

    #[test]
    fn the_code_is_taken_from_the_text_of_an_error() {
        assert_eq!(code_of("NoSuchEntityException: The role with name x cannot be found."), "NoSuchEntityException");
        assert_eq!(code_of("NotFound"), "NotFound");
        assert_eq!(code_of("unhandled error (AccessDenied)"), "AccessDenied");
    }
}

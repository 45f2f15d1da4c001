//! The SDK's HTTP client that answers from a recording.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;

use super::call::{Answer, FailureKind, Header, Outcome, Request};
use super::connector::described;
use super::matching::question;
use super::reader::{ReadError, Recording, read};
use super::refusal::{self, Protocol};
use super::rows::Rows;
use super::script::{Rate, Script};
use crate::demo::clock::SharedClock;

/// Where a play begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// With nothing done.
    Start,
    /// With everything done.
    End,
    /// At the end of a recording that has steps, else at its beginning: for whoever only looks.
    Look,
    /// Where a step begins.
    Step(String),
}

/// Why a recording is not played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It does not have the step at which it should begin.
    #[error("it does not have the step `{0}`")]
    NoStep(String),
}

/// A recording that is played. Clones share it.
#[derive(Clone)]
pub struct Player {
    play: Arc<Play>,
}

struct Play {
    recording: Recording,
    script: Mutex<Script>,
    rows: Rows,
    clock: SharedClock,
    opened: DateTime<Utc>,
}

impl Player {
    /// Reads a recording, to be played from a place in it.
    ///
    /// # Errors
    /// When it cannot be played.
    pub fn open(path: &Path, rate: Rate, begin: &Begin, clock: SharedClock) -> Result<Player, PlayError> {
        let recording = read(path)?;
        let mut script = Script::of(&recording.calls, &recording.marks, rate);
        match begin {
            Begin::Start => {}
            Begin::End => script.to_end(Duration::ZERO),
            Begin::Look if script.has_steps() => script.to_end(Duration::ZERO),
            Begin::Look => {}
            Begin::Step(step) => {
                if !script.to_step(step, Duration::ZERO) {
                    return Err(PlayError::NoStep(step.clone()));
                }
            }
        }
        let (rows, opened) = (Rows::of(&recording.calls), clock.now());
        Ok(Player { play: Arc::new(Play { recording, script: Mutex::new(script), rows, clock, opened }) })
    }

    /// What was recorded.
    pub fn header(&self) -> &Header {
        &self.play.recording.header
    }

    /// The name of the file.
    pub fn name(&self) -> String {
        self.play.recording.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// How many calls it has.
    pub fn calls(&self) -> usize {
        self.play.recording.calls.len()
    }

    /// The sentence about a recording that is not whole.
    pub fn warning(&self) -> Option<String> {
        self.play.recording.warning()
    }

    /// A step begins: what came before it in the recording counts as done.
    pub fn begins(&self, step: &str) {
        self.play.script.lock().begins(step, self.play.now());
    }

    /// A step has ended: the account is found as it was left then.
    pub fn ends(&self, step: &str) {
        self.play.script.lock().ends(step, self.play.now());
    }

    /// Goes to where a step begins; gives false, and stays, when the recording does not have it.
    pub fn to_step(&self, step: &str) -> bool {
        self.play.script.lock().to_step(step, self.play.now())
    }

    /// Goes to the end.
    pub fn to_end(&self) {
        self.play.script.lock().to_end(self.play.now());
    }

    /// The SDK configuration that leads to the recording. Its credentials are made up.
    pub fn sdk_config(&self) -> SdkConfig {
        let credentials = Credentials::new("AKIASHIFTDECKREPLAY0", "a-recording-checks-no-signature", None, None, "shiftdeck");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.header().region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.clone())
            .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(20)))
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build()
    }
}

impl Play {
    fn now(&self) -> Duration {
        (self.clock.now() - self.opened).to_std().unwrap_or_default()
    }

    /// The outcome of a request, and how long it takes.
    fn outcome(&self, request: &Request) -> (Outcome, Duration) {
        let mut script = self.script.lock();
        let asked = question(request, script.tokens());
        if let Some(due) = script.ask(&asked, self.now()) {
            return (self.recording.calls[due.call].outcome.clone(), due.wait);
        }
        let composed = self.rows.answer(&self.recording.calls, request, script.between(&asked.names));
        let answer = composed.or_else(|| stopped(request)).unwrap_or_else(|| {
            let name = self.recording.path.file_name().unwrap_or_default().to_string_lossy();
            let message = refusal::sentence(request, &asked, &script, &self.rows, &name);
            tracing::info!(exact = asked.exact, "not recorded");
            refusal::answer(request, Protocol::of(request), &message)
        });
        (Outcome::Answer(answer), Duration::ZERO)
    }
}

/// The answer to whoever gives a statement up: nothing runs that would have to be stopped.
fn stopped(request: &Request) -> Option<Answer> {
    let body = match request.operation.as_str() {
        "CancelStatement" => r#"{"Status":true}"#,
        "StopQueryExecution" => "{}",
        _ => return None,
    };
    let headers = vec![("content-type".to_owned(), "application/x-amz-json-1.1".to_owned())];
    Some(Answer { status: 200, headers, body: Bytes::from_static(body.as_bytes()) })
}

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Player")
    }
}

impl HttpClient for Player {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new("shiftdeck-replay", None))
    }
}

impl HttpConnector for Player {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let play = Arc::clone(&self.play);
        HttpConnectorFuture::new(async move {
            let body = std::mem::replace(request.body_mut(), SdkBody::empty());
            let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
            let request = described(&request, body);
            let (outcome, wait) = play.outcome(&request);
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            match outcome {
                Outcome::Answer(answer) => response(answer),
                Outcome::Failure { kind, message } => Err(failure(kind, message)),
            }
        })
    }
}

fn response(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let user = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::user(error);
    let mut response = http::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let response = response.body(SdkBody::from(answer.body)).map_err(|error| user(error.into()))?;
    HttpResponse::try_from(response).map_err(|error| user(error.into()))
}

fn failure(kind: FailureKind, message: String) -> ConnectorError {
    match kind {
        FailureKind::Timeout => ConnectorError::timeout(message.into()),
        FailureKind::Io => ConnectorError::io(message.into()),
        FailureKind::User => ConnectorError::user(message.into()),
        FailureKind::Other => ConnectorError::other(message.into(), None),
    }
}

//! The one error of operations: what failed, why, and what to do.

use crate::aws::{AwsError, AwsErrorKind, PollError};
use crate::demo::sql::SqlFillError;

/// A failed operation, ready to be shown to a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}: {why}", .resource.as_deref().map(|r| format!("{r}: ")).unwrap_or_default())]
pub struct OpError {
    /// What decides how a caller goes on.
    pub kind: OpErrorKind,
    /// The resource concerned.
    pub resource: Option<String>,
    /// What was attempted (`could not create the role`).
    pub what: String,
    /// The service's own message, or the reason found here.
    pub why: String,
    /// What to do next, a sentence.
    pub fix: Option<String>,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpErrorKind {
    /// Failed.
    Failed,
    /// Wrong input: exit code 2.
    Usage,
    /// Something has to be there first: exit code 3.
    Precondition,
    /// The login on the account has ended: exit code 3.
    LoginEnded,
    /// Cancelled: exit code 130.
    Cancelled,
}

impl OpError {
    /// A failure with the reason found here.
    pub fn failed(resource: &str, what: impl Into<String>, why: impl Into<String>) -> Self {
        OpError { kind: OpErrorKind::Failed, resource: named(resource), what: what.into(), why: why.into(), fix: None }
    }

    /// Something has to be there first; `fix` says how to get it.
    pub fn precondition(resource: &str, what: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Self {
        OpError { kind: OpErrorKind::Precondition, ..OpError::failed(resource, what, why) }.with_fix(fix)
    }

    /// Wrong input.
    pub fn usage(what: impl Into<String>, why: impl Into<String>, fix: impl Into<String>) -> Self {
        OpError { kind: OpErrorKind::Usage, ..OpError::failed("", what, why) }.with_fix(fix)
    }

    /// Ended on demand.
    pub fn cancelled(what: impl Into<String>) -> Self {
        OpError { kind: OpErrorKind::Cancelled, ..OpError::failed("", what, "cancelled") }
            .with_fix("run it again: what is done already stays, the rest is made then")
    }

    /// What to do next; of a failure that nobody knows better of, what is always right.
    pub fn advice(&self) -> Option<&str> {
        let any = "run this again: what is done already stays; `shiftdeck doctor` and `shiftdeck status` tell what is missing";
        self.fix.as_deref().or((self.kind == OpErrorKind::Failed).then_some(any))
    }

    /// The same with advice.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

fn named(resource: &str) -> Option<String> {
    (!resource.is_empty()).then(|| resource.to_owned())
}

/// What operations turn into their error: `.map_err(op(&role, "could not create the role"))`.
pub(super) trait Cause {
    /// The error of an operation on `resource`.
    fn explain(self, resource: &str, what: String) -> OpError;
}

impl Cause for AwsError {
    fn explain(self, resource: &str, what: String) -> OpError {
        let fix = match self.kind {
            AwsErrorKind::AccessDenied => {
                Some(format!("ask for the permission to call {} on {}, then run this again", self.operation, self.service))
            }
            AwsErrorKind::Expired => {
                Some("log in again (`aws sso login`, or new keys), or use the embedded account (`--target local`)".to_owned())
            }
            AwsErrorKind::Network => Some("check the network and the region, then run this again: what is done already stays".to_owned()),
            AwsErrorKind::NotRecorded => {
                Some("play what was recorded, or ask an account itself (`--target local` or `--target aws`)".to_owned())
            }
            AwsErrorKind::Throttled => Some("wait a minute, then run this again: what is done already stays".to_owned()),
            AwsErrorKind::Conflict => Some("something else is changing it: wait until that has ended, then run this again".to_owned()),
            _ => None,
        };
        let kind = if self.kind == AwsErrorKind::Expired { OpErrorKind::LoginEnded } else { OpErrorKind::Failed };
        // Without a code of the service, the call is what tells where it went wrong.
        let code = if self.code.is_empty() { self.operation } else { &self.code };
        let why = format!("{} ({}, {code})", self.message, self.service);
        OpError { kind, resource: named(resource), what, why, fix }
    }
}

impl Cause for PollError {
    fn explain(self, resource: &str, what: String) -> OpError {
        match self {
            PollError::Cancelled { what } => OpError { resource: named(resource), ..OpError::cancelled(format!("waiting for {what}")) },
            PollError::TimedOut { .. } => OpError::failed(resource, what, self.to_string())
                .with_fix("look at it in the console of AWS; run this again to go on waiting"),
            PollError::Failed(error) => error.explain(resource, what),
        }
    }
}

impl Cause for SqlFillError {
    fn explain(self, resource: &str, what: String) -> OpError {
        OpError::failed(resource, what, self.to_string())
    }
}

/// Explains a failure: which resource, what was attempted.
pub(super) fn op<E: Cause>(resource: &str, what: impl Into<String>) -> impl FnOnce(E) -> OpError {
    let (resource, what) = (resource.to_owned(), what.into());
    move |error| error.explain(&resource, what)
}

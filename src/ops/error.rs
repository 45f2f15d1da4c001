//! The one error of operations: what failed, why, and what to do.

use crate::aws::{AwsError, AwsErrorKind, PollError};
use crate::demo::sql::SqlFillError;

/// What to do when the account may have no more of something.
const MORE_QUOTA: &str =
    "ask for more of this quota (`shiftdeck doctor` tells its code and the command), or choose another instance type, then run this again";

/// The words by which SageMaker tells that a quota is in the way. A pipeline hands them on from a job that could not be made, without a code.
const SAYS_QUOTA: &str = "account-level service limit";

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
    /// A failure with the reason found here, or given by a service that worked for the demonstration.
    pub fn failed(resource: &str, what: impl Into<String>, why: impl Into<String>) -> Self {
        let why = why.into();
        let fix = advice_on_roles(&why);
        OpError { kind: OpErrorKind::Failed, resource: named(resource), what: what.into(), why, fix }
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

    /// The same with advice. Where the reason is a quota, nothing else helps but more of it, whatever was attempted.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(if self.why.contains(SAYS_QUOTA) { MORE_QUOTA.to_owned() } else { fix.into() });
        self
    }
}

impl OpError {
    /// The same with advice, unless the reason alone tells what to do.
    #[must_use]
    pub fn or_fix(self, fix: impl Into<String>) -> Self {
        if self.fix.is_some() { self } else { self.with_fix(fix) }
    }
}

/// How services say that a role does not get what it needs, each sign of a sentence by itself.
const OF_ROLES: [&[&str]; 7] = [
    &[":assumed-role/", "is not authorized to perform"],
    &["does not have BatchGetImage permission"],
    &["nsure that the role", "\"s3:GetObject\" permissions"],
    &["Could not assume role"],
    &["cannot be assumed by Lambda"],
    &["Not authorized to get credentials of role"],
    &["is not associated to cluster"],
];

/// What helps when a service could not do as one of the demonstration's roles what it had to; `None` when the reason is another.
fn advice_on_roles(why: &str) -> Option<String> {
    OF_ROLES.iter().any(|signs| signs.iter().all(|sign| why.contains(sign))).then(|| {
        "a role of the demonstration lacks a permission: run the step `foundation` again, which gives every role its policy, then this one; \
         docs/permissions.md says what each permission is for"
            .to_owned()
    })
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
            AwsErrorKind::LimitExceeded => Some(MORE_QUOTA.to_owned()),
            AwsErrorKind::Conflict => Some("something else is changing it: wait until that has ended, then run this again".to_owned()),
            _ => advice_on_roles(&self.message),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const SENTENCE: &str = "The account-level service limit 'ml.m5.large for endpoint usage' is 0 Instances, with current utilization of 0 \
                            Instances and a request delta of 1 Instances.";

    #[test]
    fn a_quota_in_the_way_is_told_with_what_helps() {
        let refused = AwsError {
            service: "SageMaker",
            operation: "CreateEndpoint",
            code: "ResourceLimitExceeded".into(),
            message: SENTENCE.into(),
            kind: AwsErrorKind::LimitExceeded,
        };
        let told = op("BankDM-staging", "could not make the endpoint")(refused);
        assert!(told.why.starts_with(SENTENCE) && told.fix.as_deref() == Some(MORE_QUOTA), "{told:?}");
        // A step of a pipeline has only the sentence.
        let step = OpError::failed("Step-Train", "the pipeline failed", format!("ClientError: {SENTENCE}")).with_fix("run it again");
        assert_eq!(step.fix.as_deref(), Some(MORE_QUOTA));
        assert_eq!(OpError::failed("", "x", "y").with_fix("run it again").fix.as_deref(), Some("run it again"));
    }

    #[test]
    fn a_role_that_lacks_something_is_told_of_as_such() {
        let denied = "User: arn:aws:sts::000000000000:assumed-role/BankDM-SageMaker/SageMaker is not authorized to perform: s3:GetObject on \
                      resource: arn:aws:s3:::b/k because no identity-based policy allows the s3:GetObject action";
        let error = OpError::failed("", "the pipeline failed", denied).or_fix("run this step again");
        assert!(error.advice().is_some_and(|advice| advice.contains("`foundation`")), "{error:?}");
        let other = OpError::failed("", "the pipeline failed", "the data are bad").or_fix("run this step again");
        assert_eq!(other.advice(), Some("run this step again"));
    }

    #[test]
    fn whoever_calls_is_no_role_of_the_demonstration() {
        let refused = AwsError {
            service: "IAM",
            operation: "CreateRole",
            code: "AccessDenied".into(),
            message: "User: arn:aws:sts::1:assumed-role/Presenters/ann is not authorized to perform: iam:CreateRole".into(),
            kind: AwsErrorKind::AccessDenied,
        };
        let error = op("role", "could not create the role")(refused);
        assert!(error.fix.is_some_and(|fix| fix.contains("ask for the permission")));
    }
}

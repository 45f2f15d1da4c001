//! Errors of the SDK, translated once.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// A failed API call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service} {operation}: {message}")]
pub struct AwsError {
    /// The service (`IAM`).
    pub service: &'static str,
    /// The operation (`CreateRole`).
    pub operation: &'static str,
    /// The service's error code, empty when the call did not reach the service.
    pub code: String,
    /// The service's own sentence.
    pub message: String,
    /// What a caller decides on.
    pub kind: AwsErrorKind,
}

/// Kinds of failed calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsErrorKind {
    /// The resource does not exist.
    NotFound,
    /// The resource exists already.
    AlreadyExists,
    /// The caller may not.
    AccessDenied,
    /// Too many calls.
    Throttled,
    /// The credentials are missing, expired or not valid.
    Expired,
    /// The request is refused as it stands.
    Validation,
    /// The resource is in a state that does not allow it now.
    Conflict,
    /// The account may have no more of it.
    LimitExceeded,
    /// The service was not reached.
    Network,
    /// The recording that answers does not have it.
    NotRecorded,
    /// Anything else.
    Other,
}

impl AwsError {
    /// Whether the resource does not exist.
    pub fn is_not_found(&self) -> bool {
        self.kind == AwsErrorKind::NotFound
    }

    /// Whether the resource exists already.
    pub fn is_already_there(&self) -> bool {
        self.kind == AwsErrorKind::AlreadyExists
    }

    /// Whether IAM has not yet told the service of a role that was just made; the service's message is the only sign.
    pub fn is_role_not_yet_known(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        matches!(self.kind, AwsErrorKind::Validation | AwsErrorKind::AccessDenied | AwsErrorKind::Other)
            && [
                "cannot be assumed",
                "could not assume",
                "unable to assume",
                "not authorized to assume",
                "not authorized to perform assumerole",
                "is not valid role",
                "invalid iam role",
            ]
            .iter()
            .any(|sign| message.contains(sign))
    }
}

/// What a creation ends with when an answer got lost on the way: the SDK asks again, and the service says that it is there already.
pub trait OrThere {
    /// Takes "exists already" for done. Only for something that was looked for right before, and was not there.
    fn or_there(self) -> Self;
}

impl OrThere for Result<(), AwsError> {
    fn or_there(self) -> Self {
        self.or_else(|error| if error.is_already_there() { Ok(()) } else { Err(error) })
    }
}

impl fmt::Display for AwsErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AwsErrorKind::NotFound => "not found",
            AwsErrorKind::AlreadyExists => "exists already",
            AwsErrorKind::AccessDenied => "access denied",
            AwsErrorKind::Throttled => "throttled",
            AwsErrorKind::Expired => "credentials expired",
            AwsErrorKind::Validation => "refused",
            AwsErrorKind::Conflict => "in use",
            AwsErrorKind::LimitExceeded => "beyond a quota",
            AwsErrorKind::Network => "not reached",
            AwsErrorKind::NotRecorded => "not recorded",
            AwsErrorKind::Other => "failed",
        })
    }
}

/// Translates the error of one operation: `.map_err(fault("IAM", "CreateRole"))`.
pub(super) fn fault<E>(service: &'static str, operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| translate(service, operation, &error)
}

fn translate<E>(service: &'static str, operation: &'static str, error: &SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let made = |code: &str, message: String, kind| AwsError { service, operation, code: code.to_owned(), message, kind };
    match error {
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            let metadata = context.err().meta();
            // The answer to HEAD has no body: where the service says anything, it does in headers.
            let said = |name: &str| context.raw().headers().get(name);
            let code = metadata.code().or_else(|| said("x-amz-error-code")).unwrap_or_default();
            let message = metadata.message().or_else(|| said("x-amz-error-message")).unwrap_or_default();
            // S3 answers HEAD without a body: there is no code, and 400 is what it answers when the credentials have expired.
            let mute = code.is_empty() && status == 400 && operation.starts_with("Head");
            let kind = if mute { AwsErrorKind::Expired } else { kind_of(code, message, status) };
            let message = match (message.is_empty(), code.is_empty()) {
                (false, _) => message.to_owned(),
                (true, false) => format!("the service answered {code}"),
                (true, true) if mute => {
                    "the request was refused without a reason (HTTP status 400), as with expired credentials".to_owned()
                }
                (true, true) if (200..300).contains(&status) => "the answer could not be read".to_owned(),
                (true, true) => format!("the service answered with HTTP status {status}, without a reason"),
            };
            made(code, message, kind)
        }
        SdkError::DispatchFailure(failure) => {
            let said = DisplayErrorContext(error).to_string();
            let lower = said.to_ascii_lowercase();
            // The credentials chain reports through a dispatch failure of the kind "other".
            if !failure.is_io() && !failure.is_timeout() && lower.contains("credential") {
                made("", root_cause(error), AwsErrorKind::Expired)
            } else {
                made("", format!("the service could not be reached ({})", root_cause(error)), AwsErrorKind::Network)
            }
        }
        SdkError::TimeoutError(_) => made("", "the service did not answer in time".to_owned(), AwsErrorKind::Network),
        SdkError::ConstructionFailure(_) => made("", root_cause(error), AwsErrorKind::Validation),
        SdkError::ResponseError(context) => {
            let status = context.raw().status().as_u16();
            let message =
                format!("the service answered with HTTP status {status}, and the answer could not be read ({})", root_cause(error));
            made("", message, if matches!(status, 403 | 404 | 429 | 503) { kind_of("", "", status) } else { AwsErrorKind::Other })
        }
        _ => made("", format!("the answer could not be read ({})", root_cause(error)), AwsErrorKind::Other),
    }
}

/// An answer without what every answer of the operation has.
pub(super) fn incomplete(service: &'static str, operation: &'static str) -> AwsError {
    let message = "the answer does not name what was made".to_owned();
    AwsError { service, operation, code: String::new(), message, kind: AwsErrorKind::Other }
}

/// An answer that describes nothing.
pub(super) fn empty(service: &'static str, operation: &'static str) -> AwsError {
    let message = "the answer is empty".to_owned();
    AwsError { service, operation, code: String::new(), message, kind: AwsErrorKind::Other }
}

/// The innermost reason, which is the one that helps a reader.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

/// Error codes to kinds. SageMaker answers `ValidationException` for what does not exist, so that its message decides.
fn kind_of(code: &str, message: &str, status: u16) -> AwsErrorKind {
    match code {
        "ResourceNotFoundException"
        | "ResourceNotFound"
        | "NoSuchEntity"
        | "NoSuchEntityException"
        | "NoSuchKey"
        | "NoSuchBucket"
        | "NoSuchTagSet"
        | "NoSuchPublicAccessBlockConfiguration"
        | "NotFound"
        | "ClusterNotFound"
        | "ClusterNotFoundFault"
        | "ClusterSubnetGroupNotFoundFault"
        | "ClusterSubnetGroupNotFound"
        | "EntityNotFoundException"
        | "NoSuchResourceException"
        | "RepositoryDoesNotExistException"
        | "BranchDoesNotExistException"
        | "CommitDoesNotExistException"
        | "FileDoesNotExistException"
        | "PipelineNotFoundException"
        | "PipelineExecutionNotFoundException"
        | "StackNotFoundException"
        | "MetadataException" => AwsErrorKind::NotFound,
        "EntityAlreadyExists"
        | "EntityAlreadyExistsException"
        | "ResourceExistsException"
        | "RepositoryNameExistsException"
        | "PipelineNameInUseException"
        | "BucketAlreadyOwnedByYou"
        | "ClusterAlreadyExists"
        | "ClusterSubnetGroupAlreadyExists"
        | "AlreadyExistsException"
        | "ResourceAlreadyExistsException" => AwsErrorKind::AlreadyExists,
        "ConflictException" | "ResourceConflictException" | "ResourceInUse" | "ResourceInUseException" if says_exists(message) => {
            AwsErrorKind::AlreadyExists
        }
        "ValidationException" if says_missing(message) => AwsErrorKind::NotFound,
        // CloudFormation's word for a stack that is not there; other sentences of it name what a template lacks.
        "ValidationError" if message.starts_with("Stack ") && says_missing(message) => AwsErrorKind::NotFound,
        "ValidationException" if says_exists(message) => AwsErrorKind::AlreadyExists,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "NotAuthorized" | "AuthorizationError" => {
            AwsErrorKind::AccessDenied
        }
        "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "ProvisionedThroughputExceededException"
        | "ActiveStatementsExceededException" => AwsErrorKind::Throttled,
        "ResourceLimitExceeded"
        | "LimitExceeded"
        | "LimitExceededException"
        | "ServiceQuotaExceededException"
        | "QuotaExceededException"
        | "ClusterQuotaExceeded"
        | "ClusterQuotaExceededFault"
        | "NumberOfNodesQuotaExceeded"
        | "NumberOfNodesQuotaExceededFault" => AwsErrorKind::LimitExceeded,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch" => AwsErrorKind::Expired,
        "NotRecorded" => AwsErrorKind::NotRecorded,
        "ConflictException"
        | "ResourceConflictException"
        | "ResourceInUse"
        | "ResourceInUseException"
        | "DeleteConflict"
        | "DeleteConflictException"
        | "InvalidClusterState"
        | "InvalidClusterStateFault"
        | "BucketNotEmpty"
        | "ConcurrentModification" => AwsErrorKind::Conflict,
        "ValidationException"
        | "ValidationError"
        | "InvalidParameterValueException"
        | "InvalidParameterValue"
        | "InvalidRequestException"
        | "InvalidParameterException"
        | "IllegalArgumentException"
        | "InvalidPaginationTokenException"
        | "MalformedPolicyDocument"
        | "ModelError" => AwsErrorKind::Validation,
        _ => match status {
            403 => AwsErrorKind::AccessDenied,
            404 => AwsErrorKind::NotFound,
            429 | 503 => AwsErrorKind::Throttled,
            _ => AwsErrorKind::Other,
        },
    }
}

fn says_missing(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    ["could not find", "does not exist", "not found", "cannot find", "doesn't exist"].iter().any(|sign| lower.contains(sign))
}

fn says_exists(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    ["already exist", "already existing"].iter().any(|sign| lower.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_kinds() {
        assert_eq!(kind_of("NoSuchEntity", "", 404), AwsErrorKind::NotFound);
        assert_eq!(kind_of("RepositoryDoesNotExistException", "", 400), AwsErrorKind::NotFound);
        assert_eq!(kind_of("ResourceLimitExceeded", "", 400), AwsErrorKind::LimitExceeded);
        assert_eq!(kind_of("RequestLimitExceeded", "", 400), AwsErrorKind::Throttled);
        assert_eq!(kind_of("PipelineNameInUseException", "", 400), AwsErrorKind::AlreadyExists);
        assert_eq!(kind_of("ValidationException", "Could not find endpoint \"x\".", 400), AwsErrorKind::NotFound);
        assert_eq!(kind_of("ValidationException", "Cannot create already existing endpoint", 400), AwsErrorKind::AlreadyExists);
        assert_eq!(kind_of("ValidationException", "1 validation error detected", 400), AwsErrorKind::Validation);
        assert_eq!(kind_of("ConflictException", "Namespace already exists", 409), AwsErrorKind::AlreadyExists);
        assert_eq!(kind_of("ConflictException", "There is an operation running", 409), AwsErrorKind::Conflict);
        assert_eq!(kind_of("ValidationError", "Stack with id BankDM-network does not exist", 400), AwsErrorKind::NotFound);
        assert_eq!(kind_of("ValidationError", "Parameters: [Zone] do not exist in the template", 400), AwsErrorKind::Validation);
        assert_eq!(kind_of("AlreadyExistsException", "Stack [BankDM-network] already exists", 400), AwsErrorKind::AlreadyExists);
        assert_eq!(kind_of("", "", 404), AwsErrorKind::NotFound);
        assert_eq!(kind_of("ThrottlingException", "Rate exceeded", 400), AwsErrorKind::Throttled);
        assert_eq!(kind_of("NotRecorded", "the recording does not have SageMaker DescribeEndpoint", 400), AwsErrorKind::NotRecorded);
    }

    #[test]
    fn a_role_that_is_too_new_is_recognised_by_the_message() {
        let error = AwsError {
            service: "Lambda",
            operation: "CreateFunction",
            code: "InvalidParameterValueException".into(),
            message: "The role defined for the function cannot be assumed by Lambda.".into(),
            kind: AwsErrorKind::Validation,
        };
        assert!(error.is_role_not_yet_known());
        assert!(!AwsError { message: "Unzipped size must be smaller".into(), ..error }.is_role_not_yet_known());
    }
}

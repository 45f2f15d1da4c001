//! The roles that `SageMaker` works as: that of a pipeline, which makes jobs and calls functions, and that of a job or a model, which pulls
//! its image and moves its data.

use super::Inner;
use super::names::invalid;
use crate::local::iam::{self, Assumed, Denied, Identity, ObjectsOf, service};
use crate::local::service::ServiceResult;

/// The name that the service gives its sessions.
const SESSION: &str = "SageMaker";

impl Inner {
    /// Assumes a role.
    pub(super) fn assume(&self, role: &str) -> ServiceResult<Assumed> {
        self.account.assume(role, service::SAGEMAKER, SESSION).map_err(|error| {
            tracing::info!(%error, "a role is refused");
            invalid(format!(
                "Could not assume role {role}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the \
                 role."
            ))
        })
    }

    /// Assumes the role of a pipeline.
    pub(super) fn role_of_pipeline(&self, pipeline: &str) -> Result<Assumed, String> {
        let role = self.pipeline_role(pipeline).ok_or_else(|| format!("the pipeline {pipeline} does not exist any more"))?;
        self.assume(&role).map_err(|error| error.message)
    }

    /// The objects of S3 as a role may use them.
    pub(super) fn objects_of(&self, role: &Assumed) -> ObjectsOf {
        ObjectsOf::new(&self.account.objects, Identity::Role(role.clone()))
    }
}

/// How a step tells that the pipeline's role may not make a call.
pub(super) fn not_invoked(denied: &Denied) -> String {
    format!("ClientError: Failed to invoke {}. Error Details: {denied}", denied.action)
}

/// Pulls an image; the error is the reason.
pub(super) fn pull(role: &Assumed, image: &str) -> Result<(), String> {
    iam::pull(role, image).map_err(|denied| match denied.action.as_str() {
        "ecr:BatchGetImage" => format!("The role '{}' does not have BatchGetImage permission for the image: '{image}'.", role.role_arn()),
        _ => format!("AccessDenied: the image '{image}' cannot be pulled. {denied}"),
    })
}

//! What roles may do: their policies, evaluated as IAM evaluates them.
//!
//! A service that works as a role asks [`Authority`] for it ([`Authority::assume`], which its trust policy decides on) and then, before each
//! thing that it does, whether the role may ([`Assumed::may`]). The policies are those of the embedded IAM at that moment: [`Authority`] holds
//! them as the IAM service gave them last, read once. Whoever signs requests to the embedded account owns it and is asked nothing.

mod authority;
mod condition;
mod document;
mod evaluation;
mod images;
mod keys;
mod objects;
mod pattern;

pub use self::authority::{Assumed, Authority, Denied, Identity, NotAssumed, Reason, RoleDocuments};
pub use self::document::Principal;
pub use self::images::pull;
pub use self::keys::Keys;
pub use self::objects::{AccessError, ObjectsOf};

/// The principals of services that assume roles.
pub mod service {
    /// Redshift's clusters.
    pub const REDSHIFT: &str = "redshift.amazonaws.com";
    /// Redshift Serverless.
    pub const REDSHIFT_SERVERLESS: &str = "redshift-serverless.amazonaws.com";
    /// Lambda.
    pub const LAMBDA: &str = "lambda.amazonaws.com";
    /// SageMaker.
    pub const SAGEMAKER: &str = "sagemaker.amazonaws.com";
    /// CodePipeline.
    pub const CODEPIPELINE: &str = "codepipeline.amazonaws.com";
}

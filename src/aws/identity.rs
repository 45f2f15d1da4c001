//! Who calls (STS).

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
}

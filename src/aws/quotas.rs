//! How much of what the account may have (Service Quotas).

use super::AwsError;
use super::client::{Lazy, Source, lazy_client};
use super::error::fault;

const SERVICE: &str = "Service Quotas";
/// Quotas of a page, the most that the service gives. SageMaker alone has some thousands.
const PAGE: i32 = 100;

/// A quota of the account in its region.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// Its code: `L-` and eight hexadecimal digits.
    pub code: String,
    /// Its name (`ml.m5.large for endpoint usage`).
    pub name: String,
    /// How much the account may have.
    pub value: f64,
}

/// The gateway.
pub struct Quotas {
    client: Lazy<aws_sdk_servicequotas::Client>,
}

impl Quotas {
    pub(super) fn new(source: &Source) -> Self {
        Quotas { client: lazy_client!(source, aws_sdk_servicequotas) }
    }

    /// The quotas of a service, by its code, that have one of the names. Pages are read until all are found; names that the service does not
    /// list are left out.
    ///
    /// # Errors
    /// The service refuses, or does not answer.
    pub async fn named(&self, service: &str, names: &[&str]) -> Result<Vec<Quota>, AwsError> {
        let mut found: Vec<Quota> = Vec::with_capacity(names.len());
        let mut token = None;
        loop {
            let request = self.client.get().list_service_quotas().service_code(service).max_results(PAGE).set_next_token(token.take());
            let said = request.send().await.map_err(fault(SERVICE, "ListServiceQuotas"))?;
            for quota in said.quotas() {
                let (Some(code), Some(name), Some(value)) = (quota.quota_code(), quota.quota_name(), quota.value()) else { continue };
                if names.contains(&name) && found.iter().all(|known| known.name != name) {
                    found.push(Quota { code: code.to_owned(), name: name.to_owned(), value });
                }
            }
            token = said.next_token().map(str::to_owned);
            if token.is_none() || found.len() == names.len() {
                return Ok(found);
            }
        }
    }
}

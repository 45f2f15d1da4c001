//! Who uses a network: other services ask whether subnets and groups are there, and are asked which they use.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::local::account::Account;
use crate::local::service::{ServiceError, ServiceResult};

/// The operation with which a service asks whether subnets and groups are there. It is not one of AWS's.
pub const CHECK_NETWORK: &str = "CheckNetwork";
/// The operation with which a warehouse service is asked what it uses. It is not one of AWS's.
pub const NETWORK_IN_USE: &str = "NetworkInUse";

/// The services whose warehouses lie in networks.
const WAREHOUSES: [&str; 2] = ["redshift-serverless", "redshift"];

/// What is used by something outside of stacks.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Users {
    pub subnets: BTreeSet<String>,
    pub groups: BTreeSet<String>,
}

/// Asks the warehouses what they use.
pub(super) async fn users(account: &Account) -> ServiceResult<Users> {
    let mut users = Users::default();
    for service in WAREHOUSES {
        let answer = match account.services.json(service, NETWORK_IN_USE, &json!({})).await {
            Ok(answer) => answer,
            // An account that has only one of the two services.
            Err(error) if error.status == 404 => continue,
            Err(error) => return Err(error),
        };
        users.subnets.extend(texts(&answer, "Subnets"));
        users.groups.extend(texts(&answer, "SecurityGroups"));
    }
    Ok(users)
}

/// The answer to [`NETWORK_IN_USE`].
pub fn in_use<'a>(subnets: impl Iterator<Item = &'a String>, groups: impl Iterator<Item = &'a String>) -> Value {
    json!({ "Subnets": subnets.collect::<Vec<_>>(), "SecurityGroups": groups.collect::<Vec<_>>() })
}

/// Why a warehouse cannot lie in a network, in the words of EC2; nothing when it can.
///
/// # Errors
/// The question cannot be asked.
pub async fn refusal(account: &Account, subnets: &[String], groups: &[String]) -> ServiceResult<Option<String>> {
    if subnets.is_empty() && groups.is_empty() {
        return Ok(None);
    }
    let question = json!({ "Subnets": subnets, "SecurityGroups": groups });
    match account.services.json("cloudformation", CHECK_NETWORK, &question).await {
        Ok(answer) => Ok(answer.get("Refusal").and_then(Value::as_str).map(str::to_owned)),
        // An account without stacks knows of no network.
        Err(ServiceError { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A list of texts in a document.
pub(super) fn texts(document: &Value, member: &str) -> Vec<String> {
    let items = document.get(member).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

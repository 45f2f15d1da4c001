//! The values of the quotas: what they are at first, and what they were raised to.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::local::service::{ServiceError, ServiceResult};
use crate::local::services::kept::Kept;
use crate::local::services::sagemaker::instances;
use crate::local::store::{Store, StoreError};

/// The document in the store.
const DOCUMENT: &str = "services/servicequotas/quotas";
/// Instances of a type that an account may run for one use when nobody has asked for more: enough for several demonstrations side by side.
/// AWS gives new accounts fewer, and not the same of every type.
const DEFAULT: f64 = 40.0;

/// What differs from the defaults.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Applied {
    /// Values by the names of the quotas.
    #[serde(default)]
    values: BTreeMap<String, f64>,
    /// What was asked for, the oldest first.
    #[serde(default)]
    changes: Vec<Change>,
}

/// A request for more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Change {
    /// Its id.
    pub id: String,
    /// The name of the quota.
    pub quota: String,
    /// The value that was asked for.
    pub value: f64,
    /// When.
    pub at: DateTime<Utc>,
}

/// The quotas of an account.
pub(crate) struct Quotas {
    applied: Kept<Applied>,
}

impl Quotas {
    /// Reads what differs from the defaults.
    pub(crate) fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Quotas { applied: Kept::open(store, DOCUMENT)? })
    }

    /// The names of all quotas, in order.
    pub(super) fn names() -> Vec<String> {
        let mut names: Vec<String> = instances::quotas().collect();
        names.sort_unstable();
        names
    }

    /// The value of a quota by its name. An instance type that is not known by name has the default, as it may be run here as well.
    pub(crate) fn value(&self, name: &str) -> f64 {
        self.applied.read(|applied| applied.values.get(name).copied()).unwrap_or(DEFAULT)
    }

    /// Raises a quota; `refuse` words the refusal of what is no more than it has now.
    pub(super) fn raise(&self, change: Change, refuse: impl FnOnce(f64) -> ServiceError) -> ServiceResult<()> {
        self.applied.change(|applied| {
            let now = applied.values.get(&change.quota).copied().unwrap_or(DEFAULT);
            if change.value <= now {
                return Err(refuse(now));
            }
            applied.values.insert(change.quota.clone(), change.value);
            applied.changes.push(change);
            Ok(())
        })
    }

    /// A request for more by its id.
    pub(super) fn change(&self, id: &str) -> Option<Change> {
        self.applied.read(|applied| applied.changes.iter().find(|change| change.id == id).cloned())
    }
}

/// The code of a quota. AWS's codes follow from nothing; these follow from the name, so that they are the same in every account.
pub(super) fn code_of(name: &str) -> String {
    let digest = Sha256::digest(name);
    format!("L-{:02X}{:02X}{:02X}{:02X}", digest[0], digest[1], digest[2], digest[3])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_quota_has_a_code_of_its_own() {
        let names = Quotas::names();
        let mut codes: Vec<String> = names.iter().map(|name| code_of(name)).collect();
        assert!(codes.iter().all(|code| code.len() == 10));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), names.len());
    }

    #[test]
    fn a_quota_is_raised_and_never_lowered_and_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let quotas = Quotas::open(&store).unwrap();
        let name = "ml.m5.large for endpoint usage";
        let change = |id: &str, value| Change { id: id.into(), quota: name.into(), value, at: DateTime::UNIX_EPOCH };
        let refuse = |now: f64| ServiceError::new("IllegalArgumentException", now.to_string());
        assert_eq!(quotas.raise(change("1", DEFAULT), refuse).unwrap_err().message, DEFAULT.to_string());
        quotas.raise(change("2", 60.0), refuse).unwrap();
        assert!(quotas.raise(change("3", 59.0), refuse).is_err());
        let again = Quotas::open(&store).unwrap();
        assert_eq!((again.value(name), again.value("ml.m5.xlarge for endpoint usage")), (60.0, DEFAULT));
        assert_eq!(again.change("2").map(|change| change.value), Some(60.0));
        assert!(again.change("1").is_none());
    }
}

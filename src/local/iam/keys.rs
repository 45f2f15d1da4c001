//! The context of a request: the keys that conditions and variables of policies read.

use std::collections::BTreeMap;

/// Values by key. The names of keys are the same in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    values: BTreeMap<String, Vec<String>>,
}

impl Keys {
    /// The same with a value of a key; a key that is given again has several values.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.values.entry(key.to_ascii_lowercase()).or_default().push(value.into());
        self
    }

    /// The values of a key, which is given in lower case; `None` when the request does not have it.
    pub(super) fn all(&self, key: &str) -> Option<&[String]> {
        self.values.get(key).map(Vec::as_slice)
    }

    /// The value of a key that has exactly one.
    pub(super) fn one(&self, key: &str) -> Option<&str> {
        match self.all(key)? {
            [value] => Some(value),
            _ => None,
        }
    }
}

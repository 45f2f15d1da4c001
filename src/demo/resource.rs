//! The resources of the demonstration: what each is for, what it depends on, and the states it can be in.

use serde::{Deserialize, Serialize};

use super::step::Step;

/// The state of a resource, as the checklist shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResourceState {
    /// It does not exist.
    Missing,
    /// It is being made.
    Creating,
    /// It exists and can be used.
    Ready,
    /// It is being changed.
    Changing,
    /// It is being removed.
    Deleting,
    /// The service reports a failure.
    Failed,
    /// It could not be read (no permission, no network).
    Unknown,
}

/// One line of the resource checklist.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResourceStatus {
    /// Stable identifier, for example `role/BankDM-RedShift`.
    pub id: String,
    /// The kind for people, for example `IAM role`.
    pub kind: &'static str,
    /// The name the account knows it by.
    pub name: String,
    /// What it is for, in a short sentence.
    pub purpose: &'static str,
    /// The step that makes it.
    pub step: Step,
    /// Identifiers of what it depends on.
    pub depends_on: Vec<String>,
    /// Its state.
    pub state: ResourceState,
    /// What the service says about it (a status, a count, a reason).
    pub detail: String,
}

//! What a running step reports: the events that the screen shows and that `--json` prints, one object per line.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::step::Step;

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// The step began.
    Started,
    /// Something happened inside the step.
    Progress,
    /// The step ended well; `detail.changed` says whether it changed anything.
    Succeeded,
    /// The step had nothing to do.
    Skipped,
    /// The step ended with an error.
    Failed,
}

/// One event of a run. The field names are a contract with scripts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// When it happened.
    pub ts: DateTime<Utc>,
    /// The step it belongs to.
    pub step: Step,
    /// What kind of event it is.
    pub event: EventKind,
    /// The resource concerned, by the name the account knows it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// A sentence for people.
    pub message: String,
    /// Seconds since the step started.
    pub seconds: f64,
    /// Figures and facts for programs.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub detail: Map<String, Value>,
}

//! What answers: staging and production, their variants, how often and how fast they were asked.

use std::time::Duration;

use crate::app::latest::Latest;
use crate::app::list::ListState;
use crate::ops::OpError;
use crate::ops::endpoints::{EndpointView, SmokeTest};

/// How long until an endpoint that changes is looked at again.
const MOVING: Duration = Duration::from_secs(1);
/// How long until endpoints at rest are, at first; longer the longer nothing changes.
const CALM: Duration = Duration::from_secs(5);
/// The longest.
const LATEST: Duration = Duration::from_secs(60);

/// The state of the view.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The endpoints; `None` until they were read.
    pub found: Option<Vec<EndpointView>>,
    /// What is awaited.
    pub answer: Latest,
    /// Why they cannot be read.
    pub error: Option<OpError>,
    /// Whether they have to be read at once.
    pub stale: bool,
    /// Selection.
    pub list: ListState,
    /// The last smoke test, with the endpoint that it asked.
    pub smoke: Option<(String, SmokeTest)>,
    /// Answers in a row without a change.
    pub(super) calm: u32,
}

/// Whether an endpoint is on its way to another state.
pub fn moving(endpoint: &EndpointView) -> bool {
    endpoint.status != "InService" && !endpoint.status.contains("Failed")
}

impl State {
    /// The selected endpoint.
    pub fn selected(&self) -> Option<&EndpointView> {
        self.found.as_ref()?.get(self.list.selected)
    }

    /// Endpoints in the list.
    pub fn len(&self) -> usize {
        self.found.as_ref().map_or(0, Vec::len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How long to wait before they are looked at again.
    pub(super) fn pause(&self) -> Duration {
        if self.found.is_none() || self.stale {
            return Duration::ZERO;
        }
        if self.found.iter().flatten().any(moving) {
            return MOVING;
        }
        (CALM * 2_u32.saturating_pow(self.calm.min(8))).min(LATEST)
    }

    /// Takes the list.
    pub(super) fn take(&mut self, answer: Result<Vec<EndpointView>, OpError>) {
        match answer {
            Ok(found) => {
                self.calm = if self.found.as_ref() == Some(&found) { self.calm.saturating_add(1) } else { 0 };
                self.list.clamp(found.len());
                self.found = Some(found);
                self.error = None;
            }
            Err(error) => {
                self.calm = self.calm.saturating_add(1);
                self.error = Some(error);
            }
        }
    }
}

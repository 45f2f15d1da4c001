//! The definition: what is deployed, what would be, and what differs.

use crate::app::latest::Latest;
use crate::app::list::ListState;
use crate::ops::OpError;
use crate::ops::pipeline::DefinitionState;

/// The state of the view.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What was found; `None` until it was read.
    pub found: Option<DefinitionState>,
    /// What is awaited.
    pub answer: Latest,
    /// Why it cannot be read.
    pub error: Option<OpError>,
    /// Whether it has to be read again.
    pub stale: bool,
    /// Selection among the changes.
    pub list: ListState,
}

impl State {
    /// Takes what was read.
    pub(super) fn take(&mut self, answer: Result<DefinitionState, OpError>) {
        match answer {
            Ok(found) => {
                self.list.clamp(found.changes.len());
                self.found = Some(found);
                self.error = None;
            }
            Err(error) => self.error = Some(error),
        }
    }
}

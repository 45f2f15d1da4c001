//! The versions of the model: figures, approval, where they come from and where they answer.

use std::collections::BTreeMap;

use super::runs::{Compared, toggle};
use crate::app::latest::Latest;
use crate::app::list::ListState;
use crate::ops::OpError;
use crate::ops::models::{Lineage, ModelVersion};
use crate::ops::retrain::Retraining;

/// The state of the view.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The versions, newest first; `None` until they were read.
    pub found: Option<Vec<ModelVersion>>,
    /// What is awaited.
    pub answer: Latest,
    /// Why they cannot be read.
    pub error: Option<OpError>,
    /// Whether they have to be read again.
    pub stale: bool,
    /// Selection.
    pub list: ListState,
    /// Where versions come from, as far as it was asked for.
    pub lineages: BTreeMap<u32, Result<Lineage, OpError>>,
    /// What is awaited of it.
    pub lineage_answer: Latest,
    /// The version that it is awaited of.
    pub(super) lineage_of: Option<u32>,
    /// The marked versions; at most two.
    pub marked: Vec<u32>,
    /// The comparison on show.
    pub compared: Option<Compared>,
    /// What is awaited of it.
    pub compare_answer: Latest,
    /// How the last training on new rows went, while it is on show.
    pub walk: Option<Retraining>,
    /// Whether the selected version has the whole view.
    pub open: bool,
}

impl State {
    /// The selected version.
    pub fn selected(&self) -> Option<&ModelVersion> {
        self.found.as_ref()?.get(self.list.selected)
    }

    /// Versions in the list.
    pub fn len(&self) -> usize {
        self.found.as_ref().map_or(0, Vec::len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the list; the selection stays on its version.
    pub(super) fn take(&mut self, answer: Result<Vec<ModelVersion>, OpError>) {
        match answer {
            Ok(found) => {
                let before = self.selected().map(|model| model.version);
                let at = before.and_then(|version| found.iter().position(|model| model.version == version));
                self.list.selected = at.unwrap_or(self.list.selected);
                self.list.clamp(found.len());
                self.marked.retain(|version| found.iter().any(|model| model.version == *version));
                // Approval and endpoints are part of the lineage.
                self.lineages.clear();
                self.found = Some(found);
                self.error = None;
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// Marks the selected version, or takes the mark away.
    pub fn mark(&mut self) {
        let Some(version) = self.selected().map(|model| model.version) else { return };
        toggle(&mut self.marked, version);
        self.list.move_by(1, self.len());
    }

    /// The two versions to compare, the older one first; chosen like executions are.
    pub fn pair(&self) -> Option<(u32, u32)> {
        let found = self.found.as_ref()?;
        let here = self.selected()?.version;
        let (a, b) = match &self.marked[..] {
            [a, b] => (*a, *b),
            [a] => (*a, here),
            _ => (here, found.get(self.list.selected + 1)?.version),
        };
        (a != b).then(|| (a.min(b), a.max(b)))
    }
}

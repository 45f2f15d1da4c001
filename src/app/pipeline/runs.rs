//! The executions so far, two of which can be compared.

use crate::app::latest::Latest;
use crate::app::list::ListState;
use crate::ops::OpError;
use crate::ops::pipeline::{RunComparison, RunSummary};

/// The state of the view.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The executions, newest first; `None` until they were read.
    pub found: Option<Vec<RunSummary>>,
    /// What is awaited.
    pub answer: Latest,
    /// Why they cannot be read.
    pub error: Option<OpError>,
    /// Whether they have to be read again.
    pub stale: bool,
    /// Selection.
    pub list: ListState,
    /// ARNs of the marked executions, the first one marked first; at most two.
    pub marked: Vec<String>,
    /// The comparison on show.
    pub compared: Option<Compared>,
    /// What is awaited of it.
    pub compare_answer: Latest,
}

/// A comparison on show, of executions or of versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// What the two sides are called.
    pub names: (String, String),
    /// What was found; `None` while it is awaited.
    pub found: Option<Result<RunComparison, OpError>>,
    /// First line on the screen.
    pub scroll: usize,
}

impl State {
    /// The selected execution.
    pub fn selected(&self) -> Option<&RunSummary> {
        self.found.as_ref()?.get(self.list.selected)
    }

    /// Executions in the list.
    pub fn len(&self) -> usize {
        self.found.as_ref().map_or(0, Vec::len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the list; the selection stays on its execution.
    pub(super) fn take(&mut self, answer: Result<Vec<RunSummary>, OpError>) {
        match answer {
            Ok(found) => {
                let before = self.selected().map(|summary| summary.run.arn.clone());
                let at = before.and_then(|arn| found.iter().position(|summary| summary.run.arn == arn));
                self.list.selected = at.unwrap_or(self.list.selected);
                self.list.clamp(found.len());
                self.marked.retain(|arn| found.iter().any(|summary| summary.run.arn == *arn));
                self.found = Some(found);
                self.error = None;
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// Marks the selected execution, or takes the mark away. A third mark takes the place of the first.
    pub fn mark(&mut self) {
        let Some(arn) = self.selected().map(|summary| summary.run.arn.clone()) else { return };
        toggle(&mut self.marked, arn);
        self.list.move_by(1, self.len());
    }

    /// The two executions to compare: the marked ones; with one mark, that one and the selected one; without, the selected one and the
    /// one before it. The older one first.
    pub fn pair(&self) -> Option<(String, String)> {
        let found = self.found.as_ref()?;
        let at = |arn: &String| found.iter().position(|summary| summary.run.arn == *arn);
        let (a, b) = match &self.marked[..] {
            [a, b] => (at(a)?, at(b)?),
            [a] => (at(a)?, self.list.selected),
            _ => (self.list.selected, self.list.selected + 1),
        };
        let (newer, older) = (a.min(b), a.max(b));
        if newer == older || older >= found.len() {
            return None;
        }
        Some((found[older].run.arn.clone(), found[newer].run.arn.clone()))
    }

    /// What an execution is called.
    pub fn name_of(&self, arn: &str) -> String {
        let summary = self.found.iter().flatten().find(|summary| summary.run.arn == arn);
        summary.map_or_else(|| arn.rsplit('/').next().unwrap_or(arn).to_owned(), |summary| summary.run.name.clone())
    }
}

/// Adds a mark or takes it away; the oldest of three goes.
pub(super) fn toggle<T: PartialEq>(marked: &mut Vec<T>, one: T) {
    match marked.iter().position(|other| *other == one) {
        Some(at) => drop(marked.remove(at)),
        None => {
            marked.push(one);
            if marked.len() > 2 {
                marked.remove(0);
            }
        }
    }
}

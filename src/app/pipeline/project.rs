//! The SageMaker project: repository, stages of its CodePipeline, and the approval that waits for a person.

use std::time::Duration;

use crate::app::latest::Latest;
use crate::app::list::ListState;
use crate::ops::OpError;
use crate::ops::project::{ActionView, ProjectView, StageView};

/// How long until stages that go on are looked at again, at first.
const SOONEST: Duration = Duration::from_secs(1);
/// The longest.
const LATEST: Duration = Duration::from_secs(10);

/// The state of the view.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The project; `None` inside when the account has none, outside until it was asked for.
    pub found: Option<Option<ProjectView>>,
    /// What is awaited.
    pub answer: Latest,
    /// Why it cannot be read.
    pub error: Option<OpError>,
    /// Whether it has to be read again.
    pub stale: bool,
    /// Selection among the stages.
    pub list: ListState,
    /// Answers in a row without a change.
    pub(super) calm: u32,
}

impl State {
    /// The project, when there is one.
    pub fn project(&self) -> Option<&ProjectView> {
        self.found.as_ref()?.as_ref()
    }

    /// The approval that waits, with its stage.
    pub fn waiting(&self) -> Option<(&StageView, &ActionView)> {
        let stages = &self.project()?.stages;
        stages.iter().find_map(|stage| Some((stage, stage.actions.iter().find(|action| action.approval.is_some())?)))
    }

    /// The stage that has failed.
    pub fn failed(&self) -> Option<&StageView> {
        self.project()?.stages.iter().find(|stage| stage.status == "Failed")
    }

    /// Whether a stage goes on by itself.
    pub fn moving(&self) -> bool {
        let Some(project) = self.project() else { return false };
        project.stages.iter().any(|stage| stage.status == "InProgress") && self.waiting().is_none()
    }

    /// How long to wait before it is looked at again; `None` when nothing goes on.
    pub(super) fn pause(&self) -> Option<Duration> {
        if self.found.is_none() || self.stale {
            return Some(Duration::ZERO);
        }
        self.moving().then(|| (SOONEST * 2_u32.saturating_pow(self.calm.min(8))).min(LATEST))
    }

    /// Takes what was read.
    pub(super) fn take(&mut self, answer: Result<Option<ProjectView>, OpError>) {
        match answer {
            Ok(found) => {
                self.calm = if self.found.as_ref() == Some(&found) { self.calm.saturating_add(1) } else { 0 };
                self.list.clamp(found.as_ref().map_or(0, |project| project.stages.len()));
                self.found = Some(found);
                self.error = None;
            }
            Err(error) => self.error = Some(error),
        }
    }
}

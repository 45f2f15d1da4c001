//! The nine steps: what is known of each, the run in progress, the script that presents them and the presenter's remote.

pub mod check;
pub mod figure;
pub mod lint;
pub mod notes;
mod remote;
pub mod script;
pub mod told;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

pub use notes::{Notes, Section};
pub use remote::{Beat, Press, Remote};
pub use script::Script;

use check::Verdict;

use super::effect::Effect;
use crate::demo::event::{Event, EventKind};
use crate::demo::step::Step;
use crate::ops::steps::{StepOutcome, StepState};
use crate::ops::{OpError, OpErrorKind};

/// Events kept of one step; older ones are dropped.
const EVENTS: usize = 200;

/// What is known of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Not read yet, or it could not be read (the reason, if any).
    Unknown(String),
    /// Not done.
    Pending,
    /// Its turn comes in the run in progress.
    Queued,
    /// Running.
    Running {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Done.
    Done {
        /// What is there now.
        message: String,
        /// How long it took, when it was run by this program.
        seconds: Option<f64>,
        /// Whether it changed anything, when it was run by this program.
        changed: Option<bool>,
    },
    /// Failed.
    Failed {
        /// Why.
        error: OpError,
        /// After how long.
        seconds: f64,
    },
    /// Cancelled.
    Cancelled,
}

/// A step on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct StepView {
    /// Which one.
    pub step: Step,
    /// What is known of it.
    pub status: Status,
    /// What it reported, oldest first.
    pub events: Vec<Event>,
    /// The figures of its last run here.
    pub figures: Map<String, Value>,
    /// How its last run here ended, if well: a checklist that was read a moment too early does not make it forgotten.
    pub ran: Option<Status>,
}

/// A run in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The steps of the run.
    pub steps: Vec<Step>,
    /// The one that is running.
    pub current: Option<Step>,
    /// Whether it is being cancelled.
    pub cancelling: bool,
}

/// The state of the pane.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The nine steps.
    pub steps: Vec<StepView>,
    /// The selected one.
    pub selected: usize,
    /// First line of the notes on the screen.
    pub scroll: usize,
    /// The run in progress.
    pub run: Option<Run>,
    /// Figures of the steps that were run (`rows`, `auc`, …).
    pub metrics: Map<String, Value>,
    /// What is said of the steps, and in which order they are presented.
    pub script: Arc<Script>,
    /// The presentation that is on.
    pub presenting: Option<Remote>,
}

/// The steps that a step builds on.
pub const fn needs(step: Step) -> &'static [Step] {
    match step {
        Step::Foundation | Step::Cleanup => &[],
        Step::Explore | Step::Lake => &[Step::Foundation],
        Step::Load => &[Step::Lake],
        Step::Pipeline | Step::RedshiftMl => &[Step::Load],
        Step::Deploy => &[Step::Pipeline],
        Step::Predict => &[Step::Deploy],
    }
}

/// What happens to the walkthrough.
#[derive(Debug, Clone)]
pub enum Msg {
    /// What the account shows.
    Read(Vec<(Step, StepState)>),
    /// A step begins.
    Begun(Step),
    /// A step reports.
    Event(Event),
    /// A step has ended.
    Ended(Step, Box<Result<StepOutcome, OpError>>),
    /// The run is over.
    RunOver,
    /// The files of the script were read.
    Script(Vec<script::File>),
}

impl Default for State {
    fn default() -> Self {
        State {
            steps: Step::ALL
                .into_iter()
                .map(|step| StepView { step, status: Status::Unknown(String::new()), events: Vec::new(), figures: Map::new(), ran: None })
                .collect(),
            selected: 0,
            scroll: 0,
            run: None,
            metrics: Map::new(),
            script: Arc::clone(script::shared()),
            presenting: None,
        }
    }
}

impl State {
    /// The selected step.
    pub fn current(&self) -> &StepView {
        &self.steps[self.selected.min(self.steps.len() - 1)]
    }

    /// The step that is running.
    pub fn running(&self) -> Option<&StepView> {
        self.run.as_ref().and_then(|run| run.current).and_then(|step| self.steps.get(step as usize))
    }

    /// Forgets what is known of the steps: the account is another one now. What is presented stays.
    pub fn forget(&mut self) {
        for view in &mut self.steps {
            (view.status, view.events) = (Status::Unknown(String::new()), Vec::new());
        }
        self.run = None;
        self.metrics.clear();
    }

    /// How many steps are done, the cleanup aside.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|view| view.step != Step::Cleanup && matches!(view.status, Status::Done { .. })).count()
    }

    /// Selects a step.
    pub fn select(&mut self, index: usize) {
        let index = index.min(self.steps.len() - 1);
        if index != self.selected {
            self.selected = index;
            self.scroll = 0;
            if let Some(remote) = &mut self.presenting {
                remote.beat = Beat::Say;
            }
        }
    }

    /// Starts a run. Empty when one is in progress.
    pub fn start(&mut self, steps: Vec<Step>) -> Vec<Effect> {
        if self.run.is_some() || steps.is_empty() {
            return Vec::new();
        }
        for step in &steps {
            self.view(*step).status = Status::Queued;
        }
        self.run = Some(Run { steps: steps.clone(), current: None, cancelling: false });
        vec![Effect::RunSteps(steps)]
    }

    /// Cancels the run in progress.
    pub fn cancel(&mut self) -> Vec<Effect> {
        match &mut self.run {
            Some(run) => {
                run.cancelling = true;
                vec![Effect::CancelSteps]
            }
            None => Vec::new(),
        }
    }

    /// The checks of a step: how each comes out, and how that is told.
    pub fn checks(&self, step: Step) -> Vec<(Verdict, String)> {
        let view = &self.steps[step as usize];
        let done = |other: Step| match &self.steps[other as usize].status {
            Status::Unknown(_) => None,
            status => Some(matches!(status, Status::Done { .. })),
        };
        let fact = |name: &str| view.figures.get(name).or_else(|| self.metrics.get(name));
        self.notes(step).checks.iter().map(|check| check.judge(done, fact)).collect()
    }

    fn view(&mut self, step: Step) -> &mut StepView {
        &mut self.steps[step as usize]
    }

    /// Takes a message.
    pub fn update(&mut self, msg: Msg, now: DateTime<Utc>) {
        match msg {
            Msg::Read(states) => self.read(states),
            Msg::Begun(step) => {
                if let Some(run) = &mut self.run {
                    run.current = Some(step);
                }
                let view = self.view(step);
                view.status = Status::Running { since: now };
                view.events.clear();
                view.ran = None;
                // What is presented is chosen by the presenter.
                if self.presenting.is_none() {
                    self.select(step as usize);
                }
            }
            Msg::Event(event) => {
                let view = self.view(event.step);
                if view.events.len() >= EVENTS {
                    view.events.remove(0);
                }
                if event.event == EventKind::Started && !matches!(view.status, Status::Running { .. }) {
                    view.status = Status::Running { since: event.ts };
                }
                view.events.push(event);
            }
            Msg::Ended(step, outcome) => self.ended(step, *outcome, now),
            Msg::Script(files) => self.script = Arc::new(Script::of(&files, &self.script)),
            Msg::RunOver => {
                self.run = None;
                for view in &mut self.steps {
                    if matches!(view.status, Status::Queued | Status::Running { .. }) {
                        view.status = Status::Pending;
                    }
                }
            }
        }
    }

    fn read(&mut self, states: Vec<(Step, StepState)>) {
        for (step, state) in states {
            let busy = self.run.as_ref().is_some_and(|run| run.steps.contains(&step));
            let view = self.view(step);
            if busy {
                continue;
            }
            view.status = match (state, &view.status) {
                // What this program saw itself says more than what can be read, as long as both agree that the step is done.
                (StepState::Done(_), Status::Done { seconds: Some(_), .. }) => continue,
                (StepState::Pending, Status::Failed { .. } | Status::Cancelled) => continue,
                (StepState::Pending, Status::Done { seconds: Some(_), .. }) if step == Step::Cleanup => continue,
                (StepState::Done(message), _) => view.ran.clone().unwrap_or(Status::Done { message, seconds: None, changed: None }),
                (StepState::Pending, _) => Status::Pending,
                (StepState::Unknown(why), _) => Status::Unknown(why),
            };
        }
    }

    fn ended(&mut self, step: Step, outcome: Result<StepOutcome, OpError>, now: DateTime<Utc>) {
        let view = self.view(step);
        let seconds = match view.status {
            Status::Running { since } => (now - since).num_milliseconds() as f64 / 1000.0,
            _ => 0.0,
        };
        let (status, detail) = match outcome {
            Ok(outcome) => {
                (Status::Done { message: outcome.message, seconds: Some(seconds), changed: Some(outcome.changed) }, outcome.detail)
            }
            Err(error) if error.kind == OpErrorKind::Cancelled => (Status::Cancelled, Map::new()),
            Err(error) => (Status::Failed { error, seconds }, Map::new()),
        };
        view.ran = matches!(status, Status::Done { .. }).then(|| status.clone());
        view.status = status;
        view.figures.clone_from(&detail);
        self.metrics.extend(detail);
        // The figures of a demonstration that is gone are no longer true.
        if step == Step::Cleanup && matches!(self.steps[step as usize].status, Status::Done { .. }) {
            self.metrics.clear();
            for view in &mut self.steps {
                if view.step != Step::Cleanup && !matches!(view.status, Status::Queued | Status::Running { .. }) {
                    view.status = Status::Pending;
                    view.events.clear();
                    view.figures.clear();
                    view.ran = None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    fn outcome(message: &str) -> Box<Result<StepOutcome, OpError>> {
        Box::new(Ok(StepOutcome { changed: true, message: message.into(), detail: Map::new() }))
    }

    fn failure(kind: OpErrorKind) -> OpError {
        OpError { kind, resource: None, what: "could not".into(), why: "because".into(), fix: None }
    }

    #[test]
    fn a_step_runs_from_queued_to_done() {
        let mut state = State::default();
        assert!(matches!(&state.start(vec![Step::Lake])[..], [Effect::RunSteps(steps)] if steps == &[Step::Lake]));
        assert_eq!(state.steps[2].status, Status::Queued);
        state.update(Msg::Begun(Step::Lake), at(0));
        assert_eq!(state.selected, 2);
        state.update(Msg::Ended(Step::Lake, outcome("41,188 rows")), at(3));
        state.update(Msg::RunOver, at(3));
        assert_eq!(state.steps[2].status, Status::Done { message: "41,188 rows".into(), seconds: Some(3.0), changed: Some(true) });
        assert!(state.run.is_none());
    }

    #[test]
    fn only_one_run_at_a_time() {
        let mut state = State::default();
        state.start(vec![Step::Lake]);
        assert!(state.start(vec![Step::Load]).is_empty());
    }

    #[test]
    fn a_cancelled_run_leaves_the_rest_pending() {
        let mut state = State::default();
        state.start(vec![Step::Lake, Step::Load]);
        state.update(Msg::Begun(Step::Lake), at(0));
        assert!(matches!(state.cancel()[..], [Effect::CancelSteps]));
        state.update(Msg::Ended(Step::Lake, Box::new(Err(failure(OpErrorKind::Cancelled)))), at(1));
        state.update(Msg::RunOver, at(1));
        assert_eq!(state.steps[2].status, Status::Cancelled);
        assert_eq!(state.steps[3].status, Status::Pending);
    }

    #[test]
    fn reading_the_account_does_not_forget_a_failure() {
        let mut state = State::default();
        state.start(vec![Step::Lake]);
        state.update(Msg::Begun(Step::Lake), at(0));
        state.update(Msg::Ended(Step::Lake, Box::new(Err(failure(OpErrorKind::Failed)))), at(1));
        state.update(Msg::RunOver, at(1));
        state.update(Msg::Read(vec![(Step::Lake, StepState::Pending), (Step::Load, StepState::Done("there".into()))]), at(2));
        assert!(matches!(state.steps[2].status, Status::Failed { .. }));
        assert!(matches!(state.steps[3].status, Status::Done { seconds: None, .. }));
    }

    #[test]
    fn a_checklist_that_was_read_too_early_does_not_make_a_run_forgotten() {
        let mut state = State::default();
        state.start(vec![Step::Lake]);
        state.update(Msg::Begun(Step::Lake), at(0));
        state.update(Msg::Ended(Step::Lake, outcome("41,188 rows")), at(3));
        state.update(Msg::RunOver, at(3));
        let done = state.steps[2].status.clone();
        state.update(Msg::Read(vec![(Step::Lake, StepState::Pending)]), at(4));
        assert_eq!(state.steps[2].status, Status::Pending);
        state.update(Msg::Read(vec![(Step::Lake, StepState::Done("there".into()))]), at(5));
        assert_eq!(state.steps[2].status, done);
    }

    #[test]
    fn after_a_cleanup_nothing_is_done() {
        let mut state = State::default();
        state.update(Msg::Read(vec![(Step::Load, StepState::Done("there".into()))]), at(0));
        state.start(vec![Step::Cleanup]);
        state.update(Msg::Begun(Step::Cleanup), at(0));
        state.update(Msg::Ended(Step::Cleanup, outcome("25 resources removed")), at(1));
        state.update(Msg::RunOver, at(1));
        assert_eq!(state.steps[3].status, Status::Pending);
        assert_eq!(state.done(), 0);
        assert!(matches!(state.steps[8].status, Status::Done { .. }));
    }
}

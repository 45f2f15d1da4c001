//! The nine steps: what is known of each, the run in progress, the script that presents them and the presenter's remote.

pub mod check;
pub mod figure;
pub mod lint;
pub mod notes;
mod remote;
pub mod run;
pub mod script;
pub mod told;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

pub use notes::{Notes, Section};
pub use remote::{Beat, Press, Remote};
pub use run::{Run, RunId};
pub use script::Script;

use check::Verdict;

use super::effect::Effect;
use crate::demo::event::{Event, EventKind};
use crate::demo::step::Step;
use crate::ops::earlier::Earlier;
use crate::ops::steps::{StepOutcome, StepState};
use crate::ops::{OpError, OpErrorKind};

/// How long a checklist may lag behind a step that has ended well: IAM, SageMaker and S3's listings are consistent in the end only, and a recording
/// answers as it was answered then.
const LAG: TimeDelta = TimeDelta::seconds(30);
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
    /// How its last run here ended, if well, and when: a checklist that was read a moment too early does not make it forgotten.
    pub ran: Option<(DateTime<Utc>, Status)>,
    /// What an earlier run has left, which is shown while this one goes on.
    pub earlier: Option<Earlier>,
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
    /// The run that the reader has asked for.
    pub run: Option<Run>,
    /// The runs that go on beside it.
    pub background: Vec<Run>,
    /// Steps that were begun early in this presentation.
    early: Vec<Step>,
    /// Those of them that it has not come to.
    quiet: Vec<Step>,
    /// The step whose waits are cut short.
    pub hurried: Option<Step>,
    /// Seconds that each step took when it last changed something on this target.
    pub expected: BTreeMap<Step, f64>,
    /// The number of the newest run.
    issued: RunId,
    /// Figures of the steps that were run (`rows`, `auc`, …).
    pub metrics: Map<String, Value>,
    /// What is said of the steps, and in which order they are presented.
    pub script: Arc<Script>,
    /// The presentation that is on.
    pub presenting: Option<Remote>,
    /// Minutes that there are for all of it; 0 for as many as the script says.
    pub minutes: u32,
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

/// Whether a step builds on another one, directly or not.
fn builds_on(step: Step, other: Step) -> bool {
    needs(step).iter().any(|need| *need == other || builds_on(*need, other))
}

/// Whether everything that `step` needs is done once `done` is.
pub fn covers(done: Step, step: Step) -> bool {
    needs(step).iter().all(|need| *need == done || builds_on(done, *need))
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
    /// The steps that were handed out for a run are over.
    RunOver(RunId),
    /// How long the steps took before.
    Expected(BTreeMap<Step, f64>),
    /// What an earlier run of a step has left; nothing where there is none.
    Earlier(Step, Box<Result<Option<Earlier>, OpError>>),
    /// The files of the script were read.
    Script(Vec<script::File>),
}

impl Default for State {
    fn default() -> Self {
        State {
            steps: Step::ALL
                .into_iter()
                .map(|step| StepView {
                    step,
                    status: Status::Unknown(String::new()),
                    events: Vec::new(),
                    figures: Map::new(),
                    ran: None,
                    earlier: None,
                })
                .collect(),
            selected: 0,
            scroll: 0,
            run: None,
            background: Vec::new(),
            early: Vec::new(),
            quiet: Vec::new(),
            minutes: 0,
            hurried: None,
            expected: BTreeMap::new(),
            issued: RunId::default(),
            metrics: Map::new(),
            script: Arc::clone(script::shared()),
            presenting: None,
        }
    }
}

impl State {
    /// The state at the beginning, with so many minutes for a presentation; 0 for as many as the script says.
    pub fn lasting(minutes: u32) -> State {
        State { minutes, ..State::default() }
    }

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
            (view.status, view.events, view.earlier) = (Status::Unknown(String::new()), Vec::new(), None);
        }
        self.run = None;
        self.background.clear();
        self.forget_early();
        self.hurried = None;
        self.metrics.clear();
    }

    /// Seconds that presenting a step may take: its minutes in the script, stretched to the time that there is for all of it.
    pub fn planned(&self, step: Step) -> u32 {
        let minutes = |step| u64::from(self.notes(step).minutes);
        let whole: u64 = self.script.steps().map(minutes).sum();
        let there = if self.minutes == 0 { whole } else { u64::from(self.minutes) };
        // Between two points of the whole, so that all steps together take as long as there is.
        let at = |minutes: u64| minutes * 60 * there / whole.max(1);
        let before: u64 = self.script.steps().take_while(|other| *other != step).map(minutes).sum();
        u32::try_from(at(before + minutes(step)) - at(before)).unwrap_or(u32::MAX)
    }

    /// How many steps are done, the cleanup aside, as far as whoever watches may know.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|view| view.step != Step::Cleanup && matches!(self.shown(view.step), Status::Done { .. })).count()
    }

    /// The figures that a step shows: those of its last run here, or those that an earlier run has left.
    pub fn figures(&self, step: Step) -> &Map<String, Value> {
        let view = &self.steps[step as usize];
        view.earlier.as_ref().map_or(&view.figures, |earlier| &earlier.figures)
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

    /// The checks of a step: how each comes out, and how that is told.
    pub fn checks(&self, step: Step) -> Vec<(Verdict, String)> {
        let done = |other: Step| {
            let view = &self.steps[other as usize];
            match &view.status {
                _ if view.earlier.is_some() => Some(true),
                Status::Unknown(_) => None,
                status => Some(matches!(status, Status::Done { .. })),
            }
        };
        let figures = self.figures(step);
        let fact = |name: &str| figures.get(name).or_else(|| self.metrics.get(name));
        self.notes(step).checks.iter().map(|check| check.judge(done, fact)).collect()
    }

    /// A step that ended well here is done, also where the checklist was read a moment too early and cannot be read again.
    pub fn trust_runs(&mut self) {
        for view in &mut self.steps {
            if let (Status::Pending | Status::Unknown(_), Some(ran)) = (&view.status, &view.ran) {
                view.status = ran.1.clone();
            }
        }
    }

    /// What has ended well was on another account.
    pub fn forget_runs(&mut self) {
        for view in &mut self.steps {
            view.ran = None;
        }
    }

    fn view(&mut self, step: Step) -> &mut StepView {
        &mut self.steps[step as usize]
    }

    /// Takes a message; gives what goes on because of it.
    pub fn update(&mut self, msg: Msg, now: DateTime<Utc>) -> Vec<Effect> {
        match msg {
            Msg::Read(states) => self.read(states, now),
            Msg::Begun(step) => {
                self.begun(step);
                let beside = self.in_background(step);
                let view = self.view(step);
                view.status = Status::Running { since: now };
                view.events.clear();
                (view.ran, view.earlier) = (None, None);
                // What is presented is chosen by the presenter.
                if self.presenting.is_none() && !beside {
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
            Msg::Ended(step, outcome) => {
                let at_work = matches!(self.steps[step as usize].status, Status::Queued | Status::Running { .. });
                // What ends only after the account was left is no news of the account that is open.
                if at_work || self.is_busy(step) {
                    let well = outcome.is_ok();
                    self.ended(step, *outcome, now);
                    return self.step_over(step, well);
                }
            }
            Msg::Script(files) => self.script = Arc::new(Script::of(&files, &self.script)),
            Msg::RunOver(run) => return self.run_over(run),
            Msg::Expected(seconds) => self.expected = seconds,
            // What becomes of it is decided where the presentation is known.
            Msg::Earlier(..) => {}
        }
        Vec::new()
    }

    fn read(&mut self, states: Vec<(Step, StepState)>, now: DateTime<Utc>) {
        for (step, state) in states {
            let busy = self.is_busy(step);
            let view = self.view(step);
            let just_ended = view.ran.as_ref().is_some_and(|(ended, _)| now - *ended < LAG);
            if busy {
                continue;
            }
            view.status = match (state, &view.status) {
                // What this program saw itself says more than what can be read, as long as both agree that the step is done.
                (StepState::Done(_), Status::Done { seconds: Some(_), .. }) => continue,
                (StepState::Pending, Status::Failed { .. } | Status::Cancelled) => continue,
                (StepState::Pending, Status::Done { seconds: Some(_), .. }) if step == Step::Cleanup || just_ended => continue,
                (StepState::Done(message), _) => match &view.ran {
                    Some((_, ran)) => ran.clone(),
                    None => Status::Done { message, seconds: None, changed: None },
                },
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
        view.ran = matches!(status, Status::Done { .. }).then(|| (now, status.clone()));
        // The new run has its own result; until there is one, the earlier run's stays.
        view.earlier.take_if(|_| matches!(status, Status::Done { .. }));
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
                    view.earlier = None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::run::tests::over;
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
        assert!(matches!(&state.start(vec![Step::Lake])[..], [Effect::RunSteps(_, steps)] if steps == &[Step::Lake]));
        assert_eq!(state.steps[2].status, Status::Queued);
        state.update(Msg::Begun(Step::Lake), at(0));
        assert_eq!(state.selected, 2);
        state.update(Msg::Ended(Step::Lake, outcome("41,188 rows")), at(3));
        state.update(over(&state), at(3));
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
        assert!(matches!(state.cancel()[..], [Effect::CancelSteps(_)]));
        state.update(Msg::Ended(Step::Lake, Box::new(Err(failure(OpErrorKind::Cancelled)))), at(1));
        state.update(over(&state), at(1));
        assert_eq!(state.steps[2].status, Status::Cancelled);
        assert_eq!(state.steps[3].status, Status::Pending);
    }

    #[test]
    fn reading_the_account_does_not_forget_a_failure() {
        let mut state = State::default();
        state.start(vec![Step::Lake]);
        state.update(Msg::Begun(Step::Lake), at(0));
        state.update(Msg::Ended(Step::Lake, Box::new(Err(failure(OpErrorKind::Failed)))), at(1));
        state.update(over(&state), at(1));
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
        state.update(over(&state), at(3));
        let done = state.steps[2].status.clone();
        state.update(Msg::Read(vec![(Step::Lake, StepState::Pending)]), at(4));
        assert_eq!(state.steps[2].status, done);
        state.update(Msg::Read(vec![(Step::Lake, StepState::Pending)]), at(40));
        assert_eq!(state.steps[2].status, Status::Pending, "it has been taken away since");
        state.update(Msg::Read(vec![(Step::Lake, StepState::Done("there".into()))]), at(41));
        assert_eq!(state.steps[2].status, done);
    }

    #[test]
    fn what_a_step_needs_is_covered_by_what_builds_on_it() {
        for (done, step) in [(Step::Load, Step::RedshiftMl), (Step::Pipeline, Step::RedshiftMl), (Step::Predict, Step::Explore)] {
            assert!(covers(done, step), "{done} {step}");
        }
        for (done, step) in [(Step::Lake, Step::RedshiftMl), (Step::Load, Step::Deploy), (Step::Explore, Step::Load)] {
            assert!(!covers(done, step), "{done} {step}");
        }
        assert!(covers(Step::Explore, Step::Foundation), "it needs nothing");
    }

    #[test]
    fn after_a_cleanup_nothing_is_done() {
        let mut state = State::default();
        state.update(Msg::Read(vec![(Step::Load, StepState::Done("there".into()))]), at(0));
        state.start(vec![Step::Cleanup]);
        state.update(Msg::Begun(Step::Cleanup), at(0));
        state.update(Msg::Ended(Step::Cleanup, outcome("25 resources removed")), at(1));
        state.update(over(&state), at(1));
        assert_eq!(state.steps[3].status, Status::Pending);
        assert_eq!(state.done(), 0);
        assert!(matches!(state.steps[8].status, Status::Done { .. }));
    }
}

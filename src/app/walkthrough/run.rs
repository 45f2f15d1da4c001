//! Runs of steps: the one that the reader has asked for, and those that go on beside it.
//!
//! A step is in one run at most that works on it. A run that comes to a step which goes on beside it follows that one instead of starting it
//! again, and a cleanup waits until nothing goes on beside it that could still make something.

use std::collections::VecDeque;

use super::{State, Status};
use crate::app::effect::Effect;
use crate::demo::step::Step;
use crate::ops::earlier::Earlier;

/// The number of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(u64);

/// A run in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// The steps of the run.
    pub steps: Vec<Step>,
    /// The one that is running.
    pub current: Option<Step>,
    /// Whether it is being cancelled.
    pub cancelling: bool,
    /// What is still to be done, in order; the first is under way.
    legs: VecDeque<Leg>,
    /// Whether its first part was handed out to be done.
    handed: bool,
    /// Whether a step of it has not ended well.
    failed: bool,
}

/// A part of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Leg {
    /// Steps that are run one after the other.
    Work(Vec<Step>),
    /// A step that goes on beside it already.
    Follow(Step),
}

impl State {
    /// Starts what the reader has asked for. Empty when such a run is in progress.
    pub fn start(&mut self, steps: Vec<Step>) -> Vec<Effect> {
        if self.run.is_some() || steps.is_empty() {
            return Vec::new();
        }
        let mut legs: VecDeque<Leg> = VecDeque::new();
        for step in &steps {
            self.take_up(*step);
            if self.in_background(*step) {
                legs.push_back(Leg::Follow(*step));
                continue;
            }
            self.view(*step).status = Status::Queued;
            match legs.back_mut() {
                Some(Leg::Work(steps)) => steps.push(*step),
                _ => legs.push_back(Leg::Work(vec![*step])),
            }
        }
        // What goes on beside a cleanup would make again what it removes.
        let mut effects = if steps.contains(&Step::Cleanup) { self.cancel_background() } else { Vec::new() };
        let id = self.issue();
        self.run = Some(Run { id, steps, current: None, cancelling: false, legs, handed: false, failed: false });
        effects.extend(self.go_on());
        effects
    }

    /// Begins a step beside what the reader asks for, without a word to an audience. Empty when it is at work.
    pub fn begin_early(&mut self, step: Step) -> Vec<Effect> {
        if self.is_busy(step) {
            return Vec::new();
        }
        let id = self.issue();
        self.view(step).status = Status::Queued;
        self.early.push(step);
        self.quiet.push(step);
        let legs = VecDeque::from([Leg::Work(vec![step])]);
        self.background.push(Run { id, steps: vec![step], current: None, cancelling: false, legs, handed: true, failed: false });
        vec![Effect::RunSteps(id, vec![step])]
    }

    /// Cancels the run that the reader has asked for, with the step that it follows.
    pub fn cancel(&mut self) -> Vec<Effect> {
        let Some(run) = &mut self.run else { return Vec::new() };
        run.cancelling = true;
        match run.legs.front() {
            Some(Leg::Follow(step)) => {
                let step = *step;
                self.cancel_beside(step)
            }
            _ => vec![Effect::CancelSteps(run.id)],
        }
    }

    /// Cancels the run beside it that a step is in.
    pub fn cancel_beside(&mut self, step: Step) -> Vec<Effect> {
        let beside = self.background.iter_mut().filter(|run| run.steps.contains(&step));
        beside.map(Run::cancel).collect()
    }

    /// Whether there is something to cancel beside it that a step is in.
    pub fn can_cancel_beside(&self, step: Step) -> bool {
        self.in_background(step) && self.background.iter().any(|run| run.steps.contains(&step) && !run.cancelling)
    }

    /// Cancels everything that goes on beside it.
    pub fn cancel_background(&mut self) -> Vec<Effect> {
        self.background.iter_mut().map(Run::cancel).collect()
    }

    /// Ends every run, because the account is left; gives the steps that were at work, and whether an audience has seen nothing of them.
    pub fn stop(&mut self) -> Vec<(Step, bool)> {
        let mut stopped: Vec<(Step, bool)> = Vec::new();
        for run in self.run.take().into_iter().chain(std::mem::take(&mut self.background)) {
            let Some(step) = run.current.filter(|step| stopped.iter().all(|(other, _)| other != step)) else { continue };
            if matches!(self.steps[step as usize].status, Status::Running { .. }) {
                stopped.push((step, self.is_quiet(step)));
            }
        }
        self.forget_early();
        self.hurried = None;
        for view in &mut self.steps {
            view.earlier = None;
        }
        stopped
    }

    /// Lets the step that is running go on beside what the reader asks for; what was to come after it is not run.
    pub fn set_aside(&mut self) {
        let Some(mut run) = self.run.take() else { return };
        if let Some(Leg::Work(steps)) = run.legs.front() {
            run.steps.clone_from(steps);
            run.legs.truncate(1);
            self.background.push(run);
        }
        self.tidy();
    }

    /// Whether a step is at work, or its turn comes, beside what the reader has asked for.
    pub fn in_background(&self, step: Step) -> bool {
        let under_way = matches!(self.steps[step as usize].status, Status::Queued | Status::Running { .. });
        under_way && self.background.iter().any(|run| run.steps.contains(&step))
    }

    /// Whether a step is at work, or its turn comes, in any run.
    pub fn is_busy(&self, step: Step) -> bool {
        self.in_background(step) || self.run.as_ref().is_some_and(|run| run.steps.contains(&step))
    }

    /// Whether a step is at work, in any run.
    pub fn is_running(&self, step: Step) -> bool {
        matches!(self.steps[step as usize].status, Status::Running { .. })
    }

    /// Shows what an earlier run of a step has left, until the run that goes on has a result of its own.
    pub fn show_earlier(&mut self, step: Step, earlier: Earlier) {
        self.view(step).earlier = Some(earlier);
    }

    /// The presentation has come to a step: from now on the audience sees how it stands.
    pub fn take_up(&mut self, step: Step) {
        self.quiet.retain(|quiet| *quiet != step);
    }

    /// The presentation is over, or the account another one: nothing is kept from the reader any more.
    pub fn forget_early(&mut self) {
        self.early.clear();
        self.quiet.clear();
    }

    /// Whether a step was begun early in this presentation: once is enough, however that went.
    pub fn begun_early(&self, step: Step) -> bool {
        self.early.contains(&step)
    }

    /// How a step stands for whoever watches: one that was begun early is to do until the presentation has come to it.
    pub fn shown(&self, step: Step) -> &Status {
        if self.is_quiet(step) { &Status::Pending } else { &self.steps[step as usize].status }
    }

    /// Whether an audience sees nothing of a step that was begun early.
    pub fn is_quiet(&self, step: Step) -> bool {
        self.presenting.is_some() && self.quiet.contains(&step)
    }

    /// Whether something that goes on beside is on the screen.
    pub fn shows_background(&self) -> bool {
        self.background.iter().flat_map(|run| &run.steps).any(|step| self.in_background(*step) && !self.is_quiet(*step))
    }

    /// A step begins: the run that works on it is at it.
    pub(super) fn begun(&mut self, step: Step) {
        let beside = self.in_background(step);
        let background = self.background.iter_mut().filter(|run| beside && run.steps.contains(&step));
        if let Some(run) = background.chain(self.run.as_mut().filter(|_| !beside)).next() {
            run.current = Some(step);
        }
    }

    /// A step has ended: a run that follows it goes on.
    pub(super) fn step_over(&mut self, step: Step, well: bool) -> Vec<Effect> {
        let Some(run) = &mut self.run else { return Vec::new() };
        match run.legs.front() {
            Some(Leg::Follow(followed)) if *followed == step => self.go_on(),
            Some(Leg::Work(steps)) if steps.contains(&step) => {
                run.failed |= !well;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// The steps that were handed out for a run are over.
    pub(super) fn run_over(&mut self, id: RunId) -> Vec<Effect> {
        self.background.retain(|run| run.id != id);
        match &mut self.run {
            Some(run) if run.id == id => {
                run.legs.pop_front();
                run.handed = false;
            }
            _ => {}
        }
        let effects = self.go_on();
        self.tidy();
        effects
    }

    /// Goes on with the run that the reader has asked for where nothing of it is under way.
    fn go_on(&mut self) -> Vec<Effect> {
        loop {
            let beside = !self.background.is_empty();
            let Some(run) = &mut self.run else { return Vec::new() };
            if run.handed || beside && run.steps.contains(&Step::Cleanup) {
                return Vec::new();
            }
            let next = run.legs.front().filter(|_| !run.cancelling && !run.failed).cloned();
            match next {
                None => {
                    self.run = None;
                    self.tidy();
                    return Vec::new();
                }
                Some(Leg::Work(steps)) => {
                    run.handed = true;
                    return vec![Effect::RunSteps(run.id, steps)];
                }
                Some(Leg::Follow(step)) if self.in_background(step) => {
                    if let Some(run) = &mut self.run {
                        run.current = Some(step);
                    }
                    return Vec::new();
                }
                Some(Leg::Follow(step)) => self.followed(step),
            }
        }
    }

    /// A step that went on beside the run has ended, before its turn came or while it was followed.
    fn followed(&mut self, step: Step) {
        let view = &mut self.steps[step as usize];
        let Some(run) = &mut self.run else { return };
        run.legs.pop_front();
        match view.status {
            Status::Done { .. } => {}
            Status::Failed { .. } | Status::Cancelled if run.current == Some(step) => run.failed = true,
            _ => {
                view.status = Status::Queued;
                run.legs.push_front(Leg::Work(vec![step]));
            }
        }
    }

    /// What is in no run does not run.
    pub fn tidy(&mut self) {
        let runs = self.run.iter().chain(&self.background);
        let busy: Vec<Step> = runs.flat_map(|run| run.steps.iter().copied()).collect();
        for view in &mut self.steps {
            if matches!(view.status, Status::Queued | Status::Running { .. }) && !busy.contains(&view.step) {
                view.status = Status::Pending;
            }
        }
    }

    fn issue(&mut self) -> RunId {
        self.issued.0 += 1;
        self.issued
    }
}

impl Run {
    fn cancel(&mut self) -> Effect {
        self.cancelling = true;
        Effect::CancelSteps(self.id)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use chrono::{DateTime, Utc};
    use serde_json::Map;

    use super::super::Msg;
    use super::*;
    use crate::ops::OpError;
    use crate::ops::steps::StepOutcome;

    /// The end of the run that the reader has asked for; where there is none, of the newest beside it.
    pub(crate) fn over(state: &State) -> Msg {
        Msg::RunOver(state.run.as_ref().or(state.background.last()).map_or(RunId::default(), |run| run.id))
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    fn well() -> Box<Result<StepOutcome, OpError>> {
        Box::new(Ok(StepOutcome { changed: true, message: "done".into(), detail: Map::new() }))
    }

    fn badly() -> Box<Result<StepOutcome, OpError>> {
        Box::new(Err(OpError::failed("", "could not", "because")))
    }

    /// The steps that are handed out.
    fn handed(effects: &[Effect]) -> Vec<Vec<Step>> {
        let steps = |effect: &Effect| if let Effect::RunSteps(_, steps) = effect { Some(steps.clone()) } else { None };
        effects.iter().filter_map(steps).collect()
    }

    fn early(state: &mut State, step: Step) -> RunId {
        assert_eq!(handed(&state.begin_early(step)), [vec![step]]);
        state.update(Msg::Begun(step), at(0));
        state.background.last().unwrap().id
    }

    #[test]
    fn a_step_that_goes_on_beside_a_run_is_followed_and_not_started_again() {
        let mut state = State::default();
        let beside = early(&mut state, Step::RedshiftMl);
        assert!(state.begin_early(Step::RedshiftMl).is_empty());
        let all = vec![Step::Deploy, Step::Predict, Step::RedshiftMl, Step::Explore];
        assert_eq!(handed(&state.start(all)), [vec![Step::Deploy, Step::Predict]]);
        assert_eq!(state.steps[Step::RedshiftMl as usize].status, Status::Running { since: at(0) });
        let over = over(&state);
        assert!(state.update(over, at(1)).is_empty());
        assert_eq!(state.running().map(|view| view.step), Some(Step::RedshiftMl));
        let effects = state.update(Msg::Ended(Step::RedshiftMl, well()), at(9));
        assert_eq!(handed(&effects), [vec![Step::Explore]]);
        assert!(state.update(Msg::RunOver(beside), at(9)).is_empty() && state.background.is_empty());
        assert!(matches!(state.steps[Step::RedshiftMl as usize].status, Status::Done { seconds: Some(9.0), .. }));
    }

    #[test]
    fn what_has_ended_beside_a_run_before_its_turn_is_not_run_again_unless_it_failed() {
        for (outcome, handed_out) in [(well(), vec![]), (badly(), vec![vec![Step::RedshiftMl]])] {
            let mut state = State::default();
            let beside = early(&mut state, Step::RedshiftMl);
            state.start(vec![Step::Deploy, Step::RedshiftMl]);
            assert!(state.update(Msg::Ended(Step::RedshiftMl, outcome), at(5)).is_empty());
            assert!(state.update(Msg::RunOver(beside), at(5)).is_empty(), "what is at work is not handed out again");
            let over = over(&state);
            assert_eq!(handed(&state.update(over, at(6))), handed_out);
            assert_eq!(state.run.is_none(), handed_out.is_empty());
        }
    }

    #[test]
    fn a_step_that_fails_while_it_is_followed_ends_the_run() {
        let mut state = State::default();
        early(&mut state, Step::RedshiftMl);
        assert!(state.start(vec![Step::RedshiftMl, Step::Explore]).is_empty());
        assert!(state.update(Msg::Ended(Step::RedshiftMl, badly()), at(5)).is_empty());
        assert!(state.run.is_none());
        assert!(matches!(state.steps[Step::RedshiftMl as usize].status, Status::Failed { .. }));
        assert!(!matches!(state.steps[Step::Explore as usize].status, Status::Queued));
    }

    #[test]
    fn cancelling_a_run_cancels_the_step_that_it_follows() {
        let mut state = State::default();
        let beside = early(&mut state, Step::RedshiftMl);
        state.start(vec![Step::RedshiftMl]);
        assert!(matches!(state.cancel()[..], [Effect::CancelSteps(id)] if id == beside));
        let cancelled = Box::new(Err(OpError::cancelled("waiting for the model")));
        state.update(Msg::Ended(Step::RedshiftMl, cancelled), at(2));
        assert!(state.run.is_none());
        assert_eq!(state.steps[Step::RedshiftMl as usize].status, Status::Cancelled);
    }

    #[test]
    fn a_cleanup_waits_until_what_goes_on_beside_it_has_ended() {
        let mut state = State::default();
        let beside = early(&mut state, Step::RedshiftMl);
        let effects = state.start(vec![Step::Cleanup]);
        assert!(matches!(effects[..], [Effect::CancelSteps(id)] if id == beside), "{effects:?}");
        let cancelled = Box::new(Err(OpError::cancelled("waiting for the model")));
        assert!(state.update(Msg::Ended(Step::RedshiftMl, cancelled), at(2)).is_empty());
        assert_eq!(handed(&state.update(Msg::RunOver(beside), at(2))), [vec![Step::Cleanup]]);
    }

    #[test]
    fn a_run_that_is_set_aside_goes_on_with_its_step() {
        let mut state = State::default();
        state.start(vec![Step::Pipeline]);
        state.update(Msg::Begun(Step::Pipeline), at(0));
        let id = state.run.as_ref().unwrap().id;
        state.set_aside();
        assert!(state.run.is_none() && state.in_background(Step::Pipeline));
        assert_eq!(handed(&state.start(vec![Step::Explore])), [vec![Step::Explore]]);
        state.update(Msg::Begun(Step::Explore), at(1));
        assert!(state.update(Msg::Ended(Step::Pipeline, well()), at(4)).is_empty());
        assert!(state.update(Msg::RunOver(id), at(4)).is_empty(), "what is at work is not handed out again");
        assert_eq!(state.running().map(|view| view.step), Some(Step::Explore));
        assert!(matches!(state.steps[Step::Pipeline as usize].status, Status::Done { seconds: Some(4.0), .. }));
    }

    #[test]
    fn what_ends_after_the_account_was_left_is_not_heard() {
        let mut state = State::default();
        let beside = early(&mut state, Step::RedshiftMl);
        state.forget();
        state.update(Msg::Ended(Step::RedshiftMl, badly()), at(2));
        state.update(Msg::RunOver(beside), at(2));
        assert_eq!(state.steps[Step::RedshiftMl as usize].status, Status::Unknown(String::new()));
    }
}

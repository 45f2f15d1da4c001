//! The pipeline execution: its steps, live.

use chrono::{DateTime, Utc};

use super::effect::Effect;
use super::latest::{Latest, Ticket};
use super::list::ListState;
use crate::ops::OpError;
use crate::ops::pipeline::{PipelineRun, RunState};

/// The state of the pane.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The newest execution.
    pub run: Option<PipelineRun>,
    /// Whether it was asked for at all.
    pub read: bool,
    /// What is awaited.
    pub follow: Latest,
    /// Why it could not be read, started or stopped.
    pub error: Option<OpError>,
    /// A start was asked for and not answered yet.
    pub starting: bool,
    /// A stop was asked for and not answered yet.
    pub stopping: bool,
    /// Selection.
    pub list: ListState,
}

/// What happens to the pipeline.
#[derive(Debug, Clone)]
pub enum Msg {
    /// An execution has changed.
    Changed(Ticket, Box<PipelineRun>),
    /// Following has ended: with the execution, or because there is none.
    Followed(Ticket, Box<Result<Option<PipelineRun>, OpError>>),
    /// A start was answered.
    Started(Result<String, OpError>),
    /// A stop was answered.
    Stopped(Result<(), OpError>),
}

/// Whether an execution or a step of it goes on.
pub fn under_way(state: RunState) -> bool {
    matches!(state, RunState::Running | RunState::Stopping)
}

/// How long something took, or takes so far.
pub fn elapsed(started: Option<DateTime<Utc>>, ended: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<f64> {
    started.map(|started| (ended.unwrap_or(now) - started).num_milliseconds().max(0) as f64 / 1000.0)
}

impl State {
    /// Reads the newest execution and follows it.
    pub fn follow(&mut self) -> Vec<Effect> {
        vec![Effect::FollowPipeline { ticket: self.follow.issue() }]
    }

    /// Whether an execution is going on, as far as is known.
    pub fn active(&self) -> bool {
        self.run.as_ref().is_some_and(|run| under_way(run.state))
    }

    /// Follows, unless an execution is being followed already.
    pub fn follow_if_idle(&mut self) -> Vec<Effect> {
        if self.follow.pending() && self.active() { Vec::new() } else { self.follow() }
    }

    /// Starts an execution.
    pub fn start(&mut self) -> Vec<Effect> {
        if self.starting || self.active() {
            return Vec::new();
        }
        self.starting = true;
        self.error = None;
        vec![Effect::StartPipeline]
    }

    /// Stops the execution.
    pub fn stop(&mut self) -> Vec<Effect> {
        match &self.run {
            Some(run) if under_way(run.state) && !self.stopping => {
                self.stopping = true;
                vec![Effect::StopPipeline(run.arn.clone())]
            }
            _ => Vec::new(),
        }
    }

    /// Takes a message.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        match msg {
            Msg::Changed(ticket, run) => {
                if self.follow.is_current(ticket) {
                    self.show(Some(*run));
                }
            }
            Msg::Followed(ticket, answer) => {
                if self.follow.settle(ticket) {
                    match *answer {
                        Ok(run) => {
                            self.error = None;
                            self.show(run);
                        }
                        Err(error) => self.error = Some(error),
                    }
                }
            }
            Msg::Started(answer) => {
                self.starting = false;
                match answer {
                    Ok(_) => return self.follow(),
                    Err(error) => self.error = Some(error),
                }
            }
            Msg::Stopped(answer) => {
                self.stopping = false;
                match answer {
                    Ok(()) => return self.follow_if_idle(),
                    Err(error) => self.error = Some(error),
                }
            }
        }
        Vec::new()
    }

    fn show(&mut self, run: Option<PipelineRun>) {
        self.read = true;
        if let Some(run) = &run {
            let was_following = self.run.as_ref().is_some_and(|old| old.arn == run.arn);
            if !was_following {
                self.list = ListState::default();
            }
            // While it runs the selection goes along with the work, unless somebody looks at another step.
            if let Some(at) = run.steps.iter().position(|step| under_way(step.state)) {
                let before = self.run.as_ref().and_then(|old| old.steps.iter().position(|step| under_way(step.state)));
                if before.is_none_or(|before| before == self.list.selected) {
                    self.list.selected = at;
                }
            }
            self.list.clamp(run.steps.len());
        }
        self.run = run;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn run(state: RunState) -> PipelineRun {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        PipelineRun { arn: "arn:x".into(), name: "x".into(), state, started: at, updated: at, ..PipelineRun::default() }
    }

    #[test]
    fn a_running_execution_is_not_followed_twice() {
        let mut state = State::default();
        let ticket = match &state.follow()[..] {
            [Effect::FollowPipeline { ticket }] => *ticket,
            other => panic!("{other:?}"),
        };
        state.update(Msg::Changed(ticket, Box::new(run(RunState::Running))));
        assert!(state.follow_if_idle().is_empty());
        state.update(Msg::Followed(ticket, Box::new(Ok(Some(run(RunState::Succeeded))))));
        assert_eq!(state.follow_if_idle().len(), 1);
    }

    #[test]
    fn only_a_running_execution_can_be_stopped() {
        let mut state = State { run: Some(run(RunState::Succeeded)), ..State::default() };
        assert!(state.stop().is_empty());
        state.run = Some(run(RunState::Running));
        assert!(matches!(&state.stop()[..], [Effect::StopPipeline(arn)] if arn == "arn:x"));
        assert!(state.stop().is_empty(), "asked once");
        assert!(state.start().is_empty(), "not while one runs");
    }
}

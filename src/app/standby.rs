//! Another account behind the screen, to go over to when the first one fails in front of an audience.

use chrono::{DateTime, Utc};

use super::msg::Identity;
use super::walkthrough::{self, Status};
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::step::Step;

/// Which account the screen is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// The one that was asked for.
    #[default]
    First,
    /// The one behind it.
    Fallback,
}

/// How far the account behind the screen is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Readiness {
    /// Nobody has asked for it.
    #[default]
    Nothing,
    /// It is being opened, at a step.
    Opening(Step),
    /// It is open, at a step; what it is.
    Ready(Step, String),
    /// It could not be opened for a step; a sentence.
    Failed(Step, String),
}

/// What is asked of the outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Opens the account behind the screen at a step.
    Prepare(Step),
    /// Goes over to it, at a step.
    GoOver(Step),
    /// Goes back to the first one.
    GoBack,
}

/// What happens to it.
#[derive(Debug, Clone)]
pub enum Msg {
    /// It is open at a step; what it is.
    Ready(Step, String),
    /// It could not be opened for a step; a sentence.
    Failed(Step, String),
    /// The screen is on another account now.
    Switched(Side, Box<Identity>),
    /// The screen stays where it is; a sentence.
    Stayed(String),
    /// Whether the first account answers, while the screen is on the other one.
    Answers(bool),
}

/// What the header goes on to show while the screen is on the account behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The target that was asked for.
    pub target: TargetKind,
    /// Its account and alias, where it was open.
    pub account: Option<(String, Option<String>)>,
    /// The recording that it is.
    pub recording: Option<String>,
}

/// The state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Whether the account behind the screen is opened with a presentation, rather than when it is needed.
    pub by_itself: bool,
    /// Where the screen is.
    pub side: Side,
    /// How far the account behind it is.
    pub readiness: Readiness,
    /// Whether the screen is going from one to the other.
    pub going: bool,
    /// Whether the first account answers again.
    pub answers: bool,
    /// What the header goes on to show.
    pub shown: Option<Shown>,
    /// When the screen went over, and what was stopped by that.
    pub left: Option<(DateTime<Utc>, Vec<String>)>,
}

impl State {
    /// What the settings say. An account on AWS may fail, and a recording is named to be used; to the embedded AWS there is another one when it
    /// is asked for.
    pub fn of(settings: &Settings) -> State {
        State { by_itself: settings.aws.target == TargetKind::Aws || !settings.stage.fallback.is_empty(), ..State::default() }
    }

    /// Opens the account behind the screen when it is not open at that step.
    pub fn want(&mut self, step: Step) -> Option<Ask> {
        let there = match &self.readiness {
            Readiness::Nothing => None,
            Readiness::Opening(step) | Readiness::Ready(step, _) | Readiness::Failed(step, _) => Some(*step),
        };
        if !self.by_itself || self.side == Side::Fallback || self.going || there == Some(step) {
            return None;
        }
        self.readiness = Readiness::Opening(step);
        Some(Ask::Prepare(step))
    }

    /// What the speaker is told of it; `back` is the key.
    pub fn told(&self, key: &str) -> Option<String> {
        match (self.side, &self.left) {
            (Side::Fallback, left) => {
                let since = left.as_ref().map(|(at, _)| format!(" since {} UTC", at.format("%H:%M"))).unwrap_or_default();
                let stopped = match left.as_ref().map(|(_, stopped)| stopped.join(", ")) {
                    Some(stopped) if !stopped.is_empty() => format!("; stopped: {stopped}"),
                    _ => String::new(),
                };
                let first = if self.answers {
                    format!(". The first account answers again: {key} goes back to it")
                } else {
                    ". The first account does not answer".to_owned()
                };
                Some(format!("The screen is on the fallback{since}{stopped}{first}"))
            }
            (Side::First, _) => match &self.readiness {
                Readiness::Failed(_, why) => Some(format!("There is no fallback: {why}")),
                _ => None,
            },
        }
    }

    /// That the account behind the screen is ready, in a few words.
    pub fn ready(&self, key: &str) -> Option<String> {
        match (self.side, &self.readiness) {
            (Side::First, Readiness::Ready(_, name)) => Some(format!("{key}: {name}")),
            _ => None,
        }
    }
}

/// The step at which the account behind the screen has to be: the selected one, or the one after it once it is done.
pub fn step(walkthrough: &walkthrough::State) -> Step {
    let view = walkthrough.current();
    match view.status {
        Status::Done { .. } => Step::ALL.into_iter().find(|next| *next > view.step).unwrap_or(view.step),
        _ => view.step,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn it_is_opened_once_for_each_step() {
        let mut state = State { by_itself: true, ..State::default() };
        assert_eq!(state.want(Step::Lake), Some(Ask::Prepare(Step::Lake)));
        assert_eq!(state.want(Step::Lake), None, "it is being opened");
        state.readiness = Readiness::Failed(Step::Lake, "because".into());
        assert_eq!(state.want(Step::Lake), None, "it is not tried for ever");
        assert_eq!(state.want(Step::Load), Some(Ask::Prepare(Step::Load)));
        state.side = Side::Fallback;
        assert_eq!(state.want(Step::Pipeline), None);
        assert_eq!(State::default().want(Step::Lake), None, "nobody has asked for it");
    }

    #[test]
    fn the_step_is_the_next_one_once_it_is_done() {
        let mut walkthrough = walkthrough::State::default();
        walkthrough.select(Step::Load as usize);
        assert_eq!(step(&walkthrough), Step::Load);
        walkthrough.steps[Step::Load as usize].status = Status::Done { message: String::new(), seconds: None, changed: None };
        assert_eq!(step(&walkthrough), Step::Pipeline);
        walkthrough.select(Step::Cleanup as usize);
        walkthrough.steps[Step::Cleanup as usize].status = Status::Done { message: String::new(), seconds: None, changed: None };
        assert_eq!(step(&walkthrough), Step::Cleanup);
    }

    #[test]
    fn the_speaker_is_told_where_the_screen_is() {
        let mut state = State { readiness: Readiness::Ready(Step::Load, "talk.rec of 2026-01-02".into()), ..State::default() };
        assert_eq!((state.told("Alt-0"), state.ready("Alt-0").as_deref()), (None, Some("Alt-0: talk.rec of 2026-01-02")));
        state.side = Side::Fallback;
        state.left = Some((DateTime::from_timestamp(1_700_000_000, 0).unwrap(), vec!["Load the warehouse".into()]));
        let told = state.told("Alt-0").unwrap();
        assert!(told.contains("since 22:13 UTC; stopped: Load the warehouse. The first account does not answer"), "{told}");
        state.answers = true;
        assert!(state.told("Alt-0").unwrap().ends_with("answers again: Alt-0 goes back to it"));
        assert_eq!(state.ready("Alt-0"), None);
    }
}

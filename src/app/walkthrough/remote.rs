//! The presenter's remote: beat by beat through the steps. What the next press does is worked out here, so that what the screen says and
//! what happens are the same.

use chrono::{DateTime, Utc};

use super::notes::{Notes, Section};
use super::{State, Status, needs};
use crate::app::pane::Pane;
use crate::demo::step::Step;

/// A beat of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beat {
    /// The talking point.
    Say,
    /// The pane where it can be seen.
    Show,
    /// The action.
    Do,
    /// The result.
    Notice,
}

impl Beat {
    /// Every beat, in order.
    pub const ALL: [Beat; 4] = [Beat::Say, Beat::Show, Beat::Do, Beat::Notice];

    /// Its name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Beat::Say => "say",
            Beat::Show => "show",
            Beat::Do => "do",
            Beat::Notice => "notice",
        }
    }

    /// The section of the notes that belongs to it.
    pub const fn section(self) -> Section {
        match self {
            Beat::Say => Section::Say,
            Beat::Show => Section::Show,
            Beat::Do => Section::Happens,
            Beat::Notice => Section::Notice,
        }
    }
}

/// A presentation that is on.
#[derive(Debug, Clone, PartialEq)]
pub struct Remote {
    /// The beat of the selected step.
    pub beat: Beat,
    /// When the presentation began.
    pub began: DateTime<Utc>,
    /// When the selected step was entered.
    pub entered: DateTime<Utc>,
    /// Milliseconds spent on each step before.
    pub spent: [i64; Step::ALL.len()],
    /// Whether only the remote was used since the last beat: then Space goes on even where it would be typed.
    pub in_hand: bool,
    /// Whether a pane had the whole screen before.
    pub zoomed: bool,
}

impl Remote {
    /// A presentation that begins now.
    pub fn new(now: DateTime<Utc>, zoomed: bool) -> Remote {
        Remote { beat: Beat::Say, began: now, entered: now, spent: [0; Step::ALL.len()], in_hand: true, zoomed }
    }

    /// Leaves a step for another one.
    pub fn leave(&mut self, step: Step, now: DateTime<Utc>) {
        self.spent[step as usize] += (now - self.entered).num_milliseconds().max(0);
        self.entered = now;
    }
}

/// What the next press does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Press {
    /// Goes to the pane.
    Show(Pane),
    /// Runs the step.
    Run,
    /// Runs it once more: it is done already, which is verified.
    Verify,
    /// Follows it: it goes on in the background already.
    Follow,
    /// Runs it once more after it failed or was cancelled.
    Again,
    /// Offers to run what the step needs, and then the step.
    Offer(Vec<Step>),
    /// Does what the notes ask for instead of the step.
    Act(&'static str),
    /// Shows what the step has done already.
    Look,
    /// Nothing yet: something is running.
    Wait,
    /// Shows the result.
    Notice,
    /// Goes to the next step.
    Next(Step),
    /// Ends the presentation.
    End,
}

impl Press {
    /// What it does, for the hint behind the key.
    pub fn words(&self, title: impl Fn(Step) -> String) -> String {
        match self {
            Press::Show(pane) => format!("show {}", pane.title()),
            // Whoever watches has not been told that it goes on already.
            Press::Run | Press::Follow => "run the step".to_owned(),
            Press::Verify => "check that it is done".to_owned(),
            Press::Again => "run it again".to_owned(),
            Press::Offer(steps) => match steps.as_slice() {
                [only] => format!("run “{}” first", title(*only)),
                _ => "run what it needs first".to_owned(),
            },
            Press::Act(_) => "do it".to_owned(),
            Press::Look => "what it did".to_owned(),
            Press::Wait => "when it is done".to_owned(),
            Press::Notice => "the result".to_owned(),
            Press::Next(step) => format!("next: {}", title(*step)),
            Press::End => "end".to_owned(),
        }
    }
}

impl State {
    /// The notes of a step.
    pub fn notes(&self, step: Step) -> &Notes {
        self.script.notes(step)
    }

    /// The title of a step, as the script has it.
    pub fn title(&self, step: Step) -> &str {
        &self.notes(step).title
    }

    /// The steps before one that it needs and that are not done, in order.
    pub fn missing(&self, step: Step) -> Vec<Step> {
        let mut missing = Vec::new();
        let mut wanted: Vec<Step> = needs(step).to_vec();
        while let Some(need) = wanted.pop() {
            // What cannot be read is not in the way: the step itself says what it lacks.
            let view = &self.steps[need as usize];
            // Nor is one that goes on while what an earlier run has left is there to build on.
            let absent = view.earlier.is_none() && !matches!(view.status, Status::Done { .. } | Status::Unknown(_));
            if absent && !missing.contains(&need) {
                missing.push(need);
                wanted.extend(needs(need));
            }
        }
        missing.sort_unstable();
        missing
    }

    /// What the next press of the remote does; `None` while no presentation is on.
    pub fn press(&self) -> Option<Press> {
        let remote = self.presenting.as_ref()?;
        let view = self.current();
        let notes = self.notes(view.step);
        Some(match remote.beat {
            Beat::Say => Press::Show(notes.pane),
            Beat::Show | Beat::Do if self.run.is_some() => Press::Wait,
            Beat::Show => match notes.other_action() {
                Some(action) => Press::Act(action.description),
                None => match &view.status {
                    Status::Done { seconds: Some(_), .. } => Press::Look,
                    _ if self.in_background(view.step) => Press::Follow,
                    _ => self.work(view.step),
                },
            },
            Beat::Do => match &view.status {
                _ if notes.other_action().is_some() => Press::Notice,
                Status::Done { seconds: Some(_), .. } => Press::Notice,
                // What an earlier run has left is looked at while this one goes on.
                _ if view.earlier.is_some() => Press::Notice,
                _ if self.in_background(view.step) => Press::Follow,
                _ => self.work(view.step),
            },
            Beat::Notice => self.script.after(view.step).map_or(Press::End, Press::Next),
        })
    }

    fn work(&self, step: Step) -> Press {
        let missing = self.missing(step);
        match &self.steps[step as usize].status {
            Status::Done { .. } => Press::Verify,
            _ if !missing.is_empty() => Press::Offer(missing),
            Status::Failed { .. } | Status::Cancelled => Press::Again,
            _ => Press::Run,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn state(beat: Beat, step: Step) -> State {
        let mut state = State::default();
        for view in &mut state.steps {
            view.status = Status::Pending;
        }
        state.selected = step as usize;
        let mut remote = Remote::new(DateTime::from_timestamp(1_700_000_000, 0).unwrap(), false);
        remote.beat = beat;
        state.presenting = Some(remote);
        state
    }

    fn done(seconds: Option<f64>) -> Status {
        Status::Done { message: "there".into(), seconds, changed: None }
    }

    #[test]
    fn a_press_goes_from_beat_to_beat() {
        let mut state = state(Beat::Say, Step::Foundation);
        let mut presses = Vec::new();
        for beat in Beat::ALL {
            state.presenting.as_mut().unwrap().beat = beat;
            if beat == Beat::Do {
                state.steps[0].status = done(Some(1.0));
            }
            presses.push(state.press().unwrap());
        }
        assert_eq!(presses, [Press::Show(Pane::Resources), Press::Run, Press::Notice, Press::Next(Step::Explore)]);
        state.presenting = None;
        assert_eq!(state.press(), None);
    }

    #[test]
    fn what_a_step_needs_is_offered_in_order() {
        let mut state = state(Beat::Show, Step::Deploy);
        let all = vec![Step::Foundation, Step::Lake, Step::Load, Step::Pipeline];
        assert_eq!(state.press(), Some(Press::Offer(all)));
        state.steps[Step::Load as usize].status = done(None);
        assert_eq!(state.press(), Some(Press::Offer(vec![Step::Pipeline])));
        state.steps[Step::Pipeline as usize].status = Status::Unknown("denied".into());
        assert_eq!(state.press(), Some(Press::Run));
    }

    #[test]
    fn what_is_done_is_checked_or_looked_at() {
        let mut state = state(Beat::Show, Step::Foundation);
        state.steps[0].status = done(None);
        assert_eq!(state.press(), Some(Press::Verify));
        state.steps[0].status = done(Some(2.0));
        assert_eq!(state.press(), Some(Press::Look));
        state.steps[0].status = Status::Cancelled;
        assert_eq!(state.press(), Some(Press::Again));
        state.start(vec![Step::Lake]);
        assert_eq!(state.press(), Some(Press::Wait));
    }

    #[test]
    fn what_goes_on_in_the_background_is_followed_and_an_earlier_result_looked_at() {
        let mut state = state(Beat::Show, Step::RedshiftMl);
        state.steps[Step::Load as usize].status = done(None);
        state.begin_early(Step::RedshiftMl);
        assert_eq!(state.press(), Some(Press::Follow));
        assert_eq!((state.shown(Step::RedshiftMl), state.done()), (&Status::Pending, 1), "an audience sees nothing of it");
        state.presenting.as_mut().unwrap().beat = Beat::Do;
        state.steps[Step::RedshiftMl as usize].earlier = Some(crate::ops::earlier::Earlier {
            at: DateTime::from_timestamp(1_600_000_000, 0).unwrap(),
            message: "there".into(),
            figures: serde_json::Map::new(),
            execution: None,
        });
        assert_eq!(state.press(), Some(Press::Notice));
    }

    #[test]
    fn the_last_result_ends_it() {
        assert_eq!(state(Beat::Notice, Step::Cleanup).press(), Some(Press::End));
    }
}

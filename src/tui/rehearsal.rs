//! A presentation without anybody: the presenter's remote pressed again and again, on a screen without a terminal.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyModifiers};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use super::driven::Broken;
use super::driven::{Driven, lines};
use super::still;
use super::{BACK, FRONT};
use crate::app::Msg;
use crate::app::action::Command;
use crate::app::popup::{Confirm, Popup};
use crate::app::walkthrough::Beat;
use crate::app::walkthrough::check::Verdict;
use crate::app::walkthrough::script::File;
use crate::app::walkthrough::{self, Status};
use crate::config::Settings;
use crate::demo::clock::SharedClock;
use crate::demo::step::Step;
use crate::ops::console::history::Ran;
use crate::ops::steps::COST;
use crate::ui;

/// Presses at most, of all steps together: far more than beats.
const PRESSES: usize = 200;

/// A beat as the audience saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The step.
    pub step: Step,
    /// The beat.
    pub beat: Beat,
    /// The lines of the screen, without what things cost and how often an endpoint was asked.
    pub text: String,
    /// The screen as a picture.
    pub svg: String,
}

/// A beat whose screen is another one than in another rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// The step.
    pub step: Step,
    /// The beat.
    pub beat: Beat,
    /// The first line that differs, as it is here; absent when the beat was not seen here.
    pub here: Option<String>,
    /// As it is there.
    pub there: Option<String>,
}

/// How a step went.
#[derive(Debug, Clone, PartialEq)]
pub struct Went {
    /// The step.
    pub step: Step,
    /// Its title in the script.
    pub title: String,
    /// Minutes that the script has for it.
    pub minutes: u32,
    /// Seconds that its action took; `None` when it was not run.
    pub seconds: Option<f64>,
    /// What is there now, or why it failed.
    pub message: String,
    /// Whether it is done.
    pub done: bool,
    /// Each check, whether it holds, and how that is told.
    pub checks: Vec<(Verdict, String)>,
}

impl Went {
    /// Whether the step is done and every check of it holds.
    pub fn is_right(&self) -> bool {
        self.done && self.checks.iter().all(|(verdict, _)| *verdict == Verdict::Holds)
    }
}

/// A rehearsal that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsed {
    /// The steps, in the order of the script.
    pub steps: Vec<Went>,
    /// Every beat that was on the screen.
    pub seen: Vec<Seen>,
    /// The statements of the console that ran.
    pub statements: Vec<Ran>,
    /// The figures of all steps.
    pub figures: serde_json::Map<String, serde_json::Value>,
    /// Seconds of all of it.
    pub seconds: f64,
}

impl Rehearsed {
    /// Whether another one has the same steps, figures and checks: times and ids aside.
    pub fn comes_to_the_same(&self, other: &Rehearsed) -> bool {
        let told = |rehearsed: &Rehearsed| -> Vec<_> {
            rehearsed.steps.iter().map(|went| (went.step, went.done, went.message.clone(), went.checks.clone())).collect()
        };
        let beats = |rehearsed: &Rehearsed| rehearsed.seen.iter().map(|seen| (seen.step, seen.beat)).collect::<Vec<_>>();
        self.figures == other.figures && told(self) == told(other) && beats(self) == beats(other)
    }

    /// The screens that are others than those of another rehearsal, times, costs and made-up ids aside.
    pub fn other_screens(&self, there: &[Seen]) -> Vec<Other> {
        let of = |seen: &[Seen], step, beat| {
            seen.iter().find(|seen| (seen.step, seen.beat) == (step, beat)).map(|seen| still::words(&seen.text))
        };
        let beats = Step::ALL.into_iter().flat_map(|step| Beat::ALL.map(|beat| (step, beat)));
        let different = beats.filter_map(|(step, beat)| {
            let (here, there) = match (of(&self.seen, step, beat), of(there, step, beat)) {
                (Some(here), Some(there)) => {
                    let at = (0..here.len().max(there.len())).find(|at| here.get(*at) != there.get(*at))?;
                    let line = |words: Vec<String>| Some(words.into_iter().nth(at).unwrap_or_default());
                    (line(here), line(there))
                }
                (None, None) => return None,
                (here, there) => (here.map(|lines| lines.join(" ")), there.map(|lines| lines.join(" "))),
            };
            Some(Other { step, beat, here, there })
        });
        different.collect()
    }
}

struct Rehearsal {
    screen: Driven,
}

/// Presents the whole script: the built-in one, or `files`. The settings say where; a screen of `size` columns and rows is drawn.
///
/// # Errors
/// When it breaks off, or is cancelled, which stops what is running. A step that fails does not break it off: the rest is presented as far as that goes.
pub async fn run(
    settings: Settings,
    clock: SharedClock,
    files: Option<Vec<File>>,
    size: (u16, u16),
    cancel: CancellationToken,
) -> Result<Rehearsed, Broken> {
    let began = Instant::now();
    let settings = Arc::new(settings);
    let mut rehearsal = Rehearsal { screen: Driven::new(&settings, clock, size, cancel) };
    let ended = rehearsal.present(files).await;
    let screen = rehearsal.screen;
    screen.close().await;
    let (steps, seen) = ended?;
    let figures = screen.model.walkthrough.metrics.clone();
    Ok(Rehearsed { steps, seen, statements: screen.statements, figures, seconds: began.elapsed().as_secs_f64() })
}

impl Rehearsal {
    async fn present(&mut self, files: Option<Vec<File>>) -> Result<(Vec<Went>, Vec<Seen>), Broken> {
        self.screen.connect().await?;
        if let Some(files) = files {
            self.screen.update(Msg::Walkthrough(walkthrough::Msg::Script(files)));
        }
        self.screen.update(Msg::Do(Command::Present));
        self.screen.settle().await?;
        let (mut steps, mut seen): (Vec<Went>, Vec<Seen>) = (Vec::new(), Vec::new());
        for _ in 0..PRESSES {
            let Some(remote) = &self.screen.model.walkthrough.presenting else { return Ok((steps, seen)) };
            let (step, beat) = (self.screen.model.walkthrough.current().step, remote.beat);
            let buffer = self.screen.frame().await?;
            let (text, svg) = (self.text(), ui::picture::svg(&buffer, BACK, FRONT));
            // A step that failed stays where it is: what it says is seen once.
            if seen.last().is_some_and(|last| (last.step, last.beat) == (step, beat)) {
                self.go_on_after_failure(&mut steps, step);
                if self.screen.model.walkthrough.presenting.is_none() {
                    return Ok((steps, seen));
                }
                self.screen.settle().await?;
                continue;
            }
            seen.push(Seen { step, beat, text, svg });
            if beat == Beat::Notice {
                steps.push(self.went(step));
            }
            self.press(KeyCode::Char(' ')).await?;
        }
        let at = self.screen.model.walkthrough.current().step;
        Err(Broken::Endless(at.title().to_owned()))
    }

    /// Notes how a step went that could not be brought to its result, and goes to the next one.
    fn go_on_after_failure(&mut self, steps: &mut Vec<Went>, step: Step) {
        if steps.last().is_none_or(|last| last.step != step) {
            steps.push(self.went(step));
        }
        match self.screen.model.walkthrough.script.after(step) {
            Some(next) => {
                self.screen.model.walkthrough.select(next as usize);
                if let Some(remote) = &mut self.screen.model.walkthrough.presenting {
                    remote.beat = Beat::Say;
                }
            }
            None => self.screen.update(Msg::Do(Command::Present)),
        }
    }

    fn went(&self, step: Step) -> Went {
        let state = &self.screen.model.walkthrough;
        let (seconds, message, done) = match &state.steps[step as usize].status {
            Status::Done { message, seconds, .. } => (*seconds, message.clone(), true),
            Status::Failed { error, seconds } => (Some(*seconds), error.to_string(), false),
            Status::Unknown(why) => (None, why.clone(), false),
            Status::Cancelled => (None, "cancelled".to_owned(), false),
            Status::Pending | Status::Queued | Status::Running { .. } => (None, "not run".to_owned(), false),
        };
        let notes = state.notes(step);
        Went { step, title: notes.title.clone(), minutes: notes.minutes, seconds, message, done, checks: state.checks(step) }
    }

    /// Presses a key, answers what is asked because of it, and waits for what comes of it.
    async fn press(&mut self, code: KeyCode) -> Result<(), Broken> {
        self.screen.key(code, KeyModifiers::NONE);
        // What a step needs is offered, and a cleanup is asked about: the presenter agrees.
        if let Some(Popup::Confirm(Confirm { phrase: Some(phrase), .. })) = self.screen.model.popups.last() {
            for letter in phrase.clone().chars() {
                self.screen.key(KeyCode::Char(letter), KeyModifiers::NONE);
            }
        }
        if matches!(self.screen.model.popups.last(), Some(Popup::Confirm(_) | Popup::Picker(_))) {
            self.screen.key(KeyCode::Enter, KeyModifiers::NONE);
        }
        self.screen.settle().await
    }

    /// The text of the screen without what things cost, which an account tells by the minute and a recording of it not at all, and without how often
    /// an endpoint was asked: the form asks as soon as nothing is typed, and a question that is overtaken may have reached it or not.
    fn text(&mut self) -> String {
        let endpoints = self.screen.model.pipeline.endpoints.found.clone();
        for metrics in self.screen.model.pipeline.endpoints.found.iter_mut().flatten().filter_map(|endpoint| endpoint.metrics.as_mut()) {
            metrics.invocations = 0;
            for variant in &mut metrics.per_variant {
                (variant.invocations, variant.p50_ms, variant.p90_ms, variant.p99_ms) = (0, None, None, None);
            }
        }
        let costs = self.screen.model.resources.costs.take();
        let cleanup = Step::Cleanup as usize;
        let status = self.screen.model.walkthrough.steps[cleanup].status.clone();
        if let Status::Done { message, .. } = &mut self.screen.model.walkthrough.steps[cleanup].status
            && let Some((told, _)) = message.split_once(COST)
        {
            *message = told.to_owned();
        }
        let buffer = self.screen.draw();
        self.screen.model.pipeline.endpoints.found = endpoints;
        self.screen.model.resources.costs = costs;
        self.screen.model.walkthrough.steps[cleanup].status = status;
        lines(&buffer)
    }
}

//! A presentation without anybody: the screen's own state, its own effects, and the presenter's remote pressed again and again, drawn on a
//! buffer instead of a terminal.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::effects::Runner;
use super::still;
use super::{BACK, FRONT};
use crate::app::action::Command;
use crate::app::model::Link;
use crate::app::popup::{Confirm, Popup};
use crate::app::walkthrough::Beat;
use crate::app::walkthrough::check::Verdict;
use crate::app::walkthrough::script::File;
use crate::app::walkthrough::{self, Status};
use crate::app::{self, Effect, Model, Msg};
use crate::config::Settings;
use crate::demo::clock::SharedClock;
use crate::demo::step::Step;
use crate::ops::console::history::Ran;
use crate::ops::steps::COST;
use crate::ui;
use crate::ui::theme::{Depth, Theme};

/// How long nothing may happen before a screen is what it will be.
const QUIET: Duration = Duration::from_millis(80);
/// How long one press may keep the screen busy: the longest step on an account, and more.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
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

/// Why a rehearsal broke off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// On demand.
    #[error("cancelled")]
    Cancelled,
    /// The account cannot be opened.
    #[error("the account cannot be opened: {0}")]
    NotOpened(String),
    /// A press did not come to its end.
    #[error("the screen was still busy with {0} after two hours")]
    Busy(String),
    /// The presentation goes round in circles.
    #[error("the presentation was not at its end after 200 presses; it stands at {0}")]
    Endless(String),
}

struct Rehearsal {
    model: Model,
    theme: Theme,
    runner: Runner,
    messages: UnboundedReceiver<Msg>,
    clock: SharedClock,
    cancel: CancellationToken,
    statements: Vec<Ran>,
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
    let (sender, messages) = unbounded_channel();
    let runner = Runner::new(tokio::runtime::Handle::current(), Arc::clone(&settings), Arc::clone(&clock), sender);
    // Times on the screen are those of the same zone everywhere.
    let model =
        Model::new(&settings, clock.now(), chrono::FixedOffset::east_opt(0).unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc)), size);
    let theme = Theme::named(&model.theme, Depth::True);
    let mut rehearsal = Rehearsal { model, theme, runner: runner.clone(), messages, clock, cancel, statements: Vec::new() };
    let ended = rehearsal.present(files).await;
    runner.close().await;
    let (steps, seen) = ended?;
    Ok(Rehearsed {
        steps,
        seen,
        statements: rehearsal.statements,
        figures: rehearsal.model.walkthrough.metrics.clone(),
        seconds: began.elapsed().as_secs_f64(),
    })
}

impl Rehearsal {
    async fn present(&mut self, files: Option<Vec<File>>) -> Result<(Vec<Went>, Vec<Seen>), Broken> {
        self.effects(vec![Effect::Connect { confirmed: false }]);
        self.settle().await?;
        if let Link::Closed(error) = &self.model.link {
            return Err(Broken::NotOpened(error.to_string()));
        }
        if let Some(files) = files {
            self.update(Msg::Walkthrough(walkthrough::Msg::Script(files)));
        }
        self.update(Msg::Do(Command::Present));
        self.settle().await?;
        let (mut steps, mut seen): (Vec<Went>, Vec<Seen>) = (Vec::new(), Vec::new());
        for _ in 0..PRESSES {
            let Some(remote) = &self.model.walkthrough.presenting else { return Ok((steps, seen)) };
            let (step, beat) = (self.model.walkthrough.current().step, remote.beat);
            let (text, svg) = self.picture().await?;
            // A step that failed stays where it is: what it says is seen once.
            if seen.last().is_some_and(|last| (last.step, last.beat) == (step, beat)) {
                self.go_on_after_failure(&mut steps, step);
                if self.model.walkthrough.presenting.is_none() {
                    return Ok((steps, seen));
                }
                self.settle().await?;
                continue;
            }
            seen.push(Seen { step, beat, text, svg });
            if beat == Beat::Notice {
                steps.push(self.went(step));
            }
            self.press(KeyCode::Char(' ')).await?;
        }
        let at = self.model.walkthrough.current().step;
        Err(Broken::Endless(at.title().to_owned()))
    }

    /// Notes how a step went that could not be brought to its result, and goes to the next one.
    fn go_on_after_failure(&mut self, steps: &mut Vec<Went>, step: Step) {
        if steps.last().is_none_or(|last| last.step != step) {
            steps.push(self.went(step));
        }
        match self.model.walkthrough.script.after(step) {
            Some(next) => {
                self.model.walkthrough.select(next as usize);
                if let Some(remote) = &mut self.model.walkthrough.presenting {
                    remote.beat = Beat::Say;
                }
            }
            None => self.update(Msg::Do(Command::Present)),
        }
    }

    fn went(&self, step: Step) -> Went {
        let state = &self.model.walkthrough;
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
        self.update(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        // What a step needs is offered, and a cleanup is asked about: the presenter agrees.
        if let Some(Popup::Confirm(Confirm { phrase: Some(phrase), .. })) = self.model.popups.last() {
            for letter in phrase.clone().chars() {
                self.update(Msg::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
            }
        }
        if matches!(self.model.popups.last(), Some(Popup::Confirm(_) | Popup::Picker(_))) {
            self.update(Msg::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
        }
        self.settle().await
    }

    /// Waits until nothing happens any more.
    async fn settle(&mut self) -> Result<(), Broken> {
        let began = Instant::now();
        loop {
            let heard = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(Broken::Cancelled),
                heard = timeout(QUIET, self.messages.recv()) => heard,
            };
            match heard {
                Ok(Some(message)) => self.update(message),
                // The runner holds a sender for as long as the rehearsal lives.
                Ok(None) => return Ok(()),
                Err(_) if !self.busy() => return Ok(()),
                Err(_) if began.elapsed() > LONGEST => {
                    let what = self.model.walkthrough.running().map_or("a job", |view| view.step.title());
                    return Err(Broken::Busy(what.to_owned()));
                }
                Err(_) => self.update(Msg::Tick),
            }
        }
    }

    fn busy(&self) -> bool {
        // What was begun early ends before the screen is looked at, so that it is the same each time.
        self.model.working() || !self.model.walkthrough.background.is_empty() || self.model.resources.read.pending()
    }

    fn update(&mut self, message: Msg) {
        self.model.now = self.clock.now();
        let effects = app::update(&mut self.model, message);
        self.effects(effects);
    }

    fn effects(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Remember(ran) => self.statements.push(*ran),
                // Of the terminal, or of what a reader keeps between two sessions: a rehearsal leaves nothing behind.
                Effect::Quit
                | Effect::Redraw
                | Effect::Suspend
                | Effect::Copy(_)
                | Effect::EditElsewhere { .. }
                | Effect::LogIn
                | Effect::Picture
                | Effect::CheckSql { .. }
                | Effect::FindConsole
                | Effect::KeepSoon
                | Effect::KeepWorkspace(_)
                | Effect::KeepCatalog { .. }
                | Effect::Standby(_)
                | Effect::TellSpeaker(_) => {}
                effect => self.runner.run(effect),
            }
        }
    }

    /// The screen as it is, once it has taken note of its own size.
    async fn picture(&mut self) -> Result<(String, String), Broken> {
        let (drawn, _) = ui::draw_on(&mut self.buffer(), &self.model, &self.theme);
        self.update(Msg::Drawn(drawn.viewport));
        self.settle().await?;
        let mut buffer = self.buffer();
        ui::draw_on(&mut buffer, &self.model, &self.theme);
        Ok((self.text(), ui::picture::svg(&buffer, BACK, FRONT)))
    }

    /// The text of the screen without what things cost, which an account tells by the minute and a recording of it not at all, and without how often
    /// an endpoint was asked: the form asks as soon as nothing is typed, and a question that is overtaken may have reached it or not.
    fn text(&mut self) -> String {
        let endpoints = self.model.pipeline.endpoints.found.clone();
        for metrics in self.model.pipeline.endpoints.found.iter_mut().flatten().filter_map(|endpoint| endpoint.metrics.as_mut()) {
            metrics.invocations = 0;
            for variant in &mut metrics.per_variant {
                (variant.invocations, variant.p50_ms, variant.p90_ms, variant.p99_ms) = (0, None, None, None);
            }
        }
        let costs = self.model.resources.costs.take();
        let cleanup = Step::Cleanup as usize;
        let status = self.model.walkthrough.steps[cleanup].status.clone();
        if let Status::Done { message, .. } = &mut self.model.walkthrough.steps[cleanup].status
            && let Some((told, _)) = message.split_once(COST)
        {
            *message = told.to_owned();
        }
        let mut buffer = self.buffer();
        ui::draw_on(&mut buffer, &self.model, &self.theme);
        self.model.pipeline.endpoints.found = endpoints;
        self.model.resources.costs = costs;
        self.model.walkthrough.steps[cleanup].status = status;
        lines(&buffer)
    }

    fn buffer(&self) -> Buffer {
        let (columns, rows) = self.model.size;
        Buffer::empty(Rect::new(0, 0, columns, rows))
    }
}

/// The text of a frame, line by line.
fn lines(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut line = String::new();
        let mut x = buffer.area.left();
        while x < buffer.area.right() {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += (app::text_width::width(symbol) as u16).max(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

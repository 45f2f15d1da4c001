//! The screen without a terminal: its own state and its own effects, driven by keys, drawn on a buffer.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::effects::Runner;
use crate::app::model::Link;
use crate::app::{self, Effect, Model, Msg};
use crate::config::Settings;
use crate::demo::clock::SharedClock;
use crate::ops::console::history::Ran;
use crate::ops::stage::Told;
use crate::ui;
use crate::ui::theme::{Depth, Theme};

/// How long nothing may happen before a screen is what it will be.
const QUIET: Duration = Duration::from_millis(80);
/// How long one press may keep the screen busy: the longest step on an account, and more.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

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
    /// A step that the rest builds on was not done.
    #[error("“{0}” was not done: {1}")]
    NotDone(String, String),
    /// The presentation goes round in circles.
    #[error("the presentation was not at its end after 200 presses; it stands at {0}")]
    Endless(String),
}

/// The screen, and what it has done.
pub struct Driven {
    /// Its state.
    pub model: Model,
    /// Statements of the console that have run.
    pub statements: Vec<Ran>,
    /// What a second terminal would show the speaker.
    pub told: Option<Box<Told>>,
    theme: Theme,
    runner: Runner,
    messages: UnboundedReceiver<Msg>,
    clock: SharedClock,
    cancel: CancellationToken,
}

impl Driven {
    /// A screen of `size` columns and rows, before it has an account.
    pub fn new(settings: &Arc<Settings>, clock: SharedClock, size: (u16, u16), cancel: CancellationToken) -> Driven {
        let (sender, messages) = unbounded_channel();
        let runner = Runner::new(tokio::runtime::Handle::current(), Arc::clone(settings), Arc::clone(&clock), sender);
        // Times on the screen are those of the same zone everywhere.
        let zone = chrono::FixedOffset::east_opt(0).unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc));
        let model = Model::new(settings, clock.now(), zone, size);
        let theme = Theme::named(&model.theme, Depth::True);
        Driven { model, statements: Vec::new(), told: None, theme, runner, messages, clock, cancel }
    }

    /// Opens the account.
    ///
    /// # Errors
    /// When it cannot be opened, or this is cancelled.
    pub async fn connect(&mut self) -> Result<(), Broken> {
        self.effects(vec![Effect::Connect { confirmed: false }]);
        self.settle().await?;
        match &self.model.link {
            Link::Closed(error) => Err(Broken::NotOpened(error.to_string())),
            _ => Ok(()),
        }
    }

    /// Stops what is running and closes the account.
    pub async fn close(&self) {
        self.runner.close().await;
    }

    /// Presses a key, without waiting for what comes of it.
    pub fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.update(Msg::Key(KeyEvent::new(code, modifiers)));
    }

    /// Waits until nothing happens any more.
    ///
    /// # Errors
    /// When it is cancelled, or does not come to an end.
    pub async fn settle(&mut self) -> Result<(), Broken> {
        let began = Instant::now();
        loop {
            let heard = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(Broken::Cancelled),
                heard = timeout(QUIET, self.messages.recv()) => heard,
            };
            match heard {
                Ok(Some(message)) => self.update(message),
                // The runner holds a sender for as long as this lives.
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

    /// Takes in a message, and does what follows from it.
    pub fn update(&mut self, message: Msg) {
        self.model.now = self.clock.now();
        let effects = app::update(&mut self.model, message);
        self.effects(effects);
    }

    fn effects(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Remember(ran) => self.statements.push(*ran),
                Effect::TellSpeaker(told) => self.told = told,
                // Of the terminal, or of what a reader keeps between two sessions: nothing is left behind.
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
                | Effect::Standby(_) => {}
                effect => self.runner.run(effect),
            }
        }
    }

    /// The frame, once the screen has taken note of its own size.
    ///
    /// # Errors
    /// As [`settle`](Driven::settle).
    pub async fn frame(&mut self) -> Result<Buffer, Broken> {
        let (drawn, _) = ui::draw_on(&mut self.buffer(), &self.model, &self.theme);
        self.update(Msg::Drawn(drawn.viewport));
        self.settle().await?;
        Ok(self.draw())
    }

    /// The frame as it is now.
    pub fn draw(&self) -> Buffer {
        let mut buffer = self.buffer();
        ui::draw_on(&mut buffer, &self.model, &self.theme);
        buffer
    }

    fn buffer(&self) -> Buffer {
        let (columns, rows) = self.model.size;
        Buffer::empty(Rect::new(0, 0, columns, rows))
    }
}

/// The text of a frame, line by line.
pub fn lines(buffer: &Buffer) -> String {
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

//! The event loop: input, messages of jobs, time; then one frame when something has changed.

use std::future::poll_fn;
use std::io;
use std::process::ExitCode;
use std::task::Poll;
use std::time::Duration;

use chrono::FixedOffset;
use crossterm::event::EventStream;
use futures::StreamExt;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};

use super::cast::Cast;
use super::effects::Runner;
use super::terminal::{self, Screen};
use super::{elsewhere, images, input};
use crate::app::{self, Effect, Model, Msg, sql};
use crate::config::Settings;
use crate::demo::clock::SharedClock;
use crate::target;
use crate::ui::theme::{Depth, Theme};
use crate::ui::{self, Drawn};

/// Time between two frames when a key has changed something.
const KEY_GAP: Duration = Duration::from_millis(8);
/// Time between two frames when only jobs have changed something: as often as people can see.
const JOB_GAP: Duration = Duration::from_millis(33);
/// How long the process may take to stop after it was asked to.
const STOP: Duration = Duration::from_millis(300);
/// Messages of jobs taken at once before input is looked at again.
const BURST: usize = 256;

/// Shows the screen until it is left.
pub fn show(
    settings: &Settings,
    clock: &SharedClock,
    zone: FixedOffset,
    runner: Runner,
    messages: UnboundedReceiver<Msg>,
    cast: Option<Cast>,
) -> io::Result<ExitCode> {
    terminal::guard_panics();
    let images = images::protocol(&settings.screen.images, |name| std::env::var(name).ok());
    let screen = Screen::take(settings.screen.mouse, images, cast)?;
    let size = screen.size()?;
    let mut model = Model::new(settings, clock.now(), zone, (size.width, size.height));
    (model.explore.images.possible, model.explore.images.on) = (images.is_some(), images.is_some());
    let depth = terminal::depth(|name| std::env::var(name).ok());
    let theme = Theme::named(&model.theme, depth);
    let mut view = Loop {
        screen,
        model,
        theme,
        depth,
        drawn: Drawn::default(),
        clock: clock.clone(),
        runner,
        leaving: None,
        suspending: false,
        lending: None,
        log_in: target::login_command(settings),
    };
    // The reader sees the screen before anything else is begun.
    view.draw()?;
    view.runner.run(Effect::FindConsole);
    view.runner.run(Effect::Connect { confirmed: false });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(view.turn(messages))
}

/// The screen and everything around it.
struct Loop {
    screen: Screen,
    model: Model,
    theme: Theme,
    depth: Depth,
    drawn: Drawn,
    clock: SharedClock,
    runner: Runner,
    /// Set when the screen is to be left.
    leaving: Option<ExitCode>,
    /// Set when the process is about to be stopped.
    suspending: bool,
    /// Whom the terminal is to be lent to.
    lending: Option<Loan>,
    /// The command that logs in.
    log_in: String,
}

/// What another program does with the terminal.
enum Loan {
    /// Edits a text.
    Edit(sql::TabId, String, usize),
    /// Logs in.
    LogIn,
}

/// The signals that concern the screen.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    go_on: Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }
}

impl Loop {
    async fn turn(mut self, mut messages: UnboundedReceiver<Msg>) -> io::Result<ExitCode> {
        let mut events = EventStream::new();
        let mut signals = Signals::new()?;
        let mut drawn_at = Instant::now();
        // When the next frame is due; `None` when nothing has changed.
        let mut due: Option<Instant> = None;
        let mut tick: Option<Instant> = None;
        loop {
            if let Some(code) = self.leaving {
                return Ok(code);
            }
            if self.suspending {
                self.suspending = false;
                // The stop comes from another thread. Where nobody can continue the process it never comes, and the screen goes on.
                let _ = tokio::time::timeout(STOP, signals.go_on.recv()).await;
                self.screen.resume()?;
                self.model.now = self.clock.now();
                due = Some(Instant::now());
            }
            if let Some(loan) = self.lending.take() {
                // Nobody else may read keys meanwhile.
                drop(events);
                let message = self.lend(loan)?;
                events = EventStream::new();
                // A Ctrl-C that was meant for the other program does not end this one.
                let _ = tokio::time::timeout(Duration::ZERO, signals.interrupt.recv()).await;
                self.update(message)?;
                due = Some(Instant::now());
            }
            if due.is_some_and(|at| at <= Instant::now()) {
                self.draw()?;
                drawn_at = Instant::now();
                due = None;
            }
            tick = match (self.model.next_tick(), tick) {
                (Some(_), Some(at)) => Some(at),
                (Some(milliseconds), None) => Some(Instant::now() + Duration::from_millis(milliseconds)),
                (None, _) => None,
            };
            let far = Instant::now() + Duration::from_secs(3600);
            tokio::select! {
                biased;
                event = events.next() => {
                    let Some(event) = event else { return Ok(ExitCode::SUCCESS) };
                    self.input(event?)?;
                    while self.leaving.is_none() && let Some(event) = waiting(&mut events).await {
                        self.input(event?)?;
                    }
                    due = sooner(due, drawn_at + KEY_GAP);
                }
                _ = signals.terminate.recv() => self.leaving = Some(ExitCode::from(143)),
                _ = signals.hang_up.recv() => self.leaving = Some(ExitCode::from(129)),
                _ = signals.interrupt.recv() => self.leaving = Some(ExitCode::from(130)),
                _ = signals.go_on.recv() => {
                    self.screen.resume()?;
                    due = Some(Instant::now());
                }
                () = sleep_until(due.unwrap_or(far)), if due.is_some() => {}
                message = messages.recv() => {
                    // The runner, which this loop owns, holds a sender: the channel never ends before the loop.
                    let mut next = message;
                    let mut taken = 0;
                    while let Some(message) = next {
                        self.update(message)?;
                        taken += 1;
                        next = if taken < BURST { messages.try_recv().ok() } else { None };
                    }
                    due = sooner(due, drawn_at + JOB_GAP);
                }
                () = sleep_until(tick.unwrap_or(far)), if tick.is_some() => {
                    tick = None;
                    self.update(Msg::Tick)?;
                    due = sooner(due, Instant::now());
                }
            }
        }
    }

    /// Lends the terminal; gives what came of it.
    fn lend(&mut self, loan: Loan) -> io::Result<Msg> {
        match loan {
            Loan::Edit(tab, text, line) => {
                let program = elsewhere::program(|name| std::env::var(name).ok());
                let edited = self.screen.lend(|| elsewhere::edit(&program, &text, line))?;
                if let Err(error) = &edited {
                    self.model.say(error.clone(), true);
                }
                Ok(Msg::Sql(sql::Msg::Edited(tab, edited)))
            }
            Loan::LogIn => {
                let command = &self.log_in;
                let done = self.screen.lend(|| elsewhere::log_in(command))?;
                Ok(Msg::Login(app::login::Msg::Again(done)))
            }
        }
    }

    fn input(&mut self, event: crossterm::event::Event) -> io::Result<()> {
        match input::message(event, &self.drawn) {
            Some(message) => self.update(message),
            None => Ok(()),
        }
    }

    fn update(&mut self, message: Msg) -> io::Result<()> {
        self.model.now = self.clock.now();
        let theme = self.model.theme.clone();
        let effects = app::update(&mut self.model, message);
        if self.model.theme != theme {
            self.theme = Theme::named(&self.model.theme, self.depth);
        }
        for effect in effects {
            match effect {
                Effect::Quit => self.leaving = Some(ExitCode::SUCCESS),
                Effect::Redraw => self.screen.invalidate()?,
                Effect::Suspend => {
                    self.screen.suspend()?;
                    self.suspending = true;
                }
                Effect::EditElsewhere { tab, text, line } => self.lending = Some(Loan::Edit(tab, text, line)),
                Effect::Picture => self.runner.write_picture(self.picture()),
                Effect::LogIn => self.lending = Some(Loan::LogIn),
                Effect::Copy(text) => self.screen.copy(&text)?,
                effect => self.runner.run(effect),
            }
        }
        Ok(())
    }

    /// The screen as it is.
    fn picture(&self) -> Buffer {
        let (columns, rows) = self.model.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        ui::draw_on(&mut buffer, &self.model, &self.theme);
        buffer
    }

    fn draw(&mut self) -> io::Result<()> {
        let (model, theme) = (&self.model, &self.theme);
        self.drawn = self.screen.draw(|frame| ui::draw(frame, model, theme))?;
        if self.screen.is_in_the_way_of(self.drawn.image.as_ref()) {
            self.screen.invalidate()?;
            self.drawn = self.screen.draw(|frame| ui::draw(frame, model, theme))?;
        }
        self.screen.place(self.drawn.image.as_ref())?;
        if let Some(error) = self.screen.broken_cast() {
            self.model.say(format!("The recording has ended, it cannot be written: {error}"), true);
        }
        let viewport = self.drawn.viewport;
        for effect in app::update(&mut self.model, Msg::Drawn(viewport)) {
            self.runner.run(effect);
        }
        Ok(())
    }
}

/// The event that is there already, if any. The stream is asked with the waker of this task: asked with one that wakes nobody
/// (`now_or_never`), it keeps that one for the next key, and the screen sleeps through it.
async fn waiting(events: &mut EventStream) -> Option<io::Result<crossterm::event::Event>> {
    poll_fn(|context| match events.poll_next_unpin(context) {
        Poll::Ready(event) => Poll::Ready(event),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

fn sooner(due: Option<Instant>, at: Instant) -> Option<Instant> {
    Some(due.map_or(at, |due| due.min(at)))
}

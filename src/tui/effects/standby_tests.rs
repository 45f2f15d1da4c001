//! Going over to the account behind the screen, with accounts that answer and one that does not any more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::FixedOffset;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::Runner;
use crate::app::action::Command;
use crate::app::model::Link;
use crate::app::standby::{Readiness, Side};
use crate::app::walkthrough::{Beat, Status};
use crate::app::{self, Effect, Model, Msg, Pane};
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::clock::{SharedClock, SystemClock};
use crate::demo::step::Step;
use crate::local::pace::Pace;
use crate::ops::steps;
use crate::target;

/// How long anything may take on a busy machine.
const LONGEST: Duration = Duration::from_secs(120);

/// The steps that are recorded and presented.
const STEPS: [Step; 3] = [Step::Foundation, Step::Lake, Step::Load];

fn clock() -> SharedClock {
    Arc::new(SystemClock)
}

fn settings(directory: &Path) -> Settings {
    let mut settings = Settings::default();
    // Enough for a model that the quality gate lets pass.
    settings.data.sample_rows = 4000;
    settings.local.state_dir = Some(directory.to_owned());
    settings
}

/// The screen without a terminal: the model, and the runner that does its effects.
struct Screen {
    model: Model,
    runner: Runner,
    messages: UnboundedReceiver<Msg>,
}

impl Screen {
    async fn open(settings: &Settings) -> Screen {
        let (sender, messages) = unbounded_channel();
        let runner = Runner::new(Handle::current(), Arc::new(settings.clone()), clock(), sender);
        let model = Model::new(settings, clock().now(), FixedOffset::east_opt(0).unwrap(), (160, 45));
        let mut screen = Screen { model, runner, messages };
        screen.runner.run(Effect::Connect { confirmed: false });
        screen.until("the account to open", |model| matches!(model.link, Link::Open(_)) && model.resources.read_at.is_some()).await;
        screen
    }

    fn update(&mut self, message: Msg) {
        self.model.now = clock().now();
        for effect in app::update(&mut self.model, message) {
            match effect {
                Effect::Quit | Effect::Redraw | Effect::Suspend | Effect::Copy(_) | Effect::LogIn | Effect::Picture => {}
                effect => self.runner.run(effect),
            }
        }
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Model) -> bool) {
        let waited = timeout(LONGEST, async {
            while !holds(&self.model) {
                let message = self.messages.recv().await.unwrap();
                self.update(message);
            }
        });
        waited.await.unwrap_or_else(|_| panic!("waited in vain for {what}: {:?}", self.model.notice));
    }

    fn do_it(&mut self, command: Command) {
        self.update(Msg::Do(command));
    }

    fn status(&self, step: Step) -> &Status {
        &self.model.walkthrough.steps[step as usize].status
    }

    /// Runs a step and waits for its end.
    async fn run(&mut self, step: Step) {
        self.model.walkthrough.select(step as usize);
        self.do_it(Command::StepRun);
        self.until("the step to end", |model| model.walkthrough.run.is_none()).await;
        assert!(matches!(self.status(step), Status::Done { .. }), "{step}: {:?}", self.status(step));
    }

    /// The account of the screen answers nothing from now on.
    async fn cut(&self) {
        let account = self.runner.shared.connection.lock().clone().unwrap();
        account.connection.close().await;
    }

    fn press_the_key(&mut self) {
        self.update(Msg::Key(KeyEvent::new(KeyCode::Char('0'), KeyModifiers::ALT)));
    }

    /// Presses the key and waits until the screen is on the other account.
    async fn go_over(&mut self) {
        self.press_the_key();
        self.until("the fallback", |model| model.standby.side == Side::Fallback).await;
    }
}

/// A recording of the steps, made in a directory of its own.
async fn recording(directory: &Path) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings(home.path());
    let file = directory.join("talk.rec").to_string_lossy().into_owned();
    settings.recording.file.clone_from(&file);
    let settings = Arc::new(settings);
    let connection = target::open(&settings, clock(), Pace::Instant).await.unwrap();
    for step in STEPS {
        let (context, _events) = connection.context(Arc::clone(&settings), clock());
        steps::run(&context, step).await.unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    connection.close().await;
    tokio::task::spawn_blocking(target::end_recordings).await.unwrap();
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_presentation_goes_on_in_the_recording_wherever_the_account_fails() {
    let directory = tempfile::tempdir().unwrap();
    let file = recording(directory.path()).await;
    for moment in ["before the step", "while it runs", "while a statement runs"] {
        let home = tempfile::tempdir().unwrap();
        let mut settings = settings(home.path());
        settings.stage.fallback.clone_from(&file);
        let mut screen = Screen::open(&settings).await;
        screen.run(Step::Foundation).await;
        screen.run(Step::Lake).await;
        screen.model.walkthrough.select(Step::Load as usize);
        screen.do_it(Command::Present);
        screen.until("the fallback to be ready", |model| matches!(model.standby.readiness, Readiness::Ready(Step::Load, _))).await;
        match moment {
            "while it runs" => {
                screen.do_it(Command::BeatOn);
                screen.do_it(Command::BeatOn);
                screen.until("the step to report", |model| model.walkthrough.running().is_some_and(|view| !view.events.is_empty())).await;
            }
            "while a statement runs" => {
                screen.do_it(Command::BeatOn);
                screen.do_it(Command::Focus(Pane::Sql));
                screen.model.sql.tab_mut().replace("SELECT count(*) FROM dm.data");
                screen.do_it(Command::Console(app::sql::Command::Run));
                assert_eq!(screen.model.sql.active().count(), 1);
            }
            _ => {}
        }
        let beat = screen.model.walkthrough.presenting.as_ref().unwrap().beat;
        screen.cut().await;
        screen.go_over().await;

        let model = &screen.model;
        let remote = model.walkthrough.presenting.as_ref().unwrap();
        assert_eq!((model.walkthrough.current().step, remote.beat), (Step::Load, beat), "{moment}");
        assert_eq!((model.target, model.walkthrough.run.is_none(), model.sql.active().count()), (TargetKind::Replay, true, 0), "{moment}");
        if moment == "while it runs" {
            // Stopped by the change, or failed just before because nobody answered.
            assert!(matches!(screen.status(Step::Load), Status::Cancelled | Status::Failed { .. }), "{:?}", screen.status(Step::Load));
        }

        // The presentation goes on: the step runs, on what was recorded.
        screen.until("the checklist", |model| !matches!(model.walkthrough.steps[Step::Lake as usize].status, Status::Pending)).await;
        screen.run(Step::Load).await;
        assert!(matches!(screen.status(Step::Load), Status::Done { changed: Some(true), .. }), "{moment}: {:?}", screen.status(Step::Load));
        if beat == Beat::Do {
            assert_eq!(screen.model.walkthrough.presenting.as_ref().unwrap().beat, Beat::Do);
        }
        // The first account does not answer, and the screen stays.
        screen.press_the_key();
        assert_eq!(screen.model.standby.side, Side::Fallback);
        screen.runner.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_recording_the_embedded_account_is_put_to_the_step_and_the_screen_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let mut screen = Screen::open(&settings(home.path())).await;
    screen.run(Step::Foundation).await;
    screen.model.walkthrough.select(Step::Load as usize);
    // It was not prepared: that takes a while, once.
    screen.go_over().await;
    screen.until("the checklist", |model| matches!(model.walkthrough.steps[Step::Lake as usize].status, Status::Done { .. })).await;
    assert!(!matches!(screen.status(Step::Load), Status::Done { .. }));
    screen.run(Step::Load).await;

    // The first account is untouched, and answers.
    screen.until("the first account to answer", |model| model.standby.answers).await;
    screen.press_the_key();
    screen.until("the first account", |model| model.standby.side == Side::First).await;
    screen.until("its checklist", |model| !matches!(model.walkthrough.steps[Step::Load as usize].status, Status::Done { .. })).await;
    assert_eq!(screen.model.target, TargetKind::Local);
    screen.runner.close().await;
}

//! The terminal: entering and leaving it, the event loop, and the runner of effects.
//!
//! Input and drawing have a thread and a runtime of their own, so that work elsewhere never delays a key. What `update` asks for is done by
//! `effects` on the program's runtime and comes back as messages. The first frame is drawn before the target is opened.

mod abilities;
pub mod cast;
mod driven;
mod effects;
mod elsewhere;
pub mod gallery;
mod images;
mod input;
pub mod notes;
pub mod rehearsal;
mod screen;
pub mod script;
mod still;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Local, Offset};
use color_eyre::eyre::{WrapErr, eyre};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use crate::config::Settings;
use crate::demo::clock::SharedClock;
pub use abilities::terminal_of;
use effects::Runner;

/// The ground of a picture where the theme leaves it to the terminal.
const BACK: (u8, u8, u8) = (16, 18, 22);
/// The letters there.
const FRONT: (u8, u8, u8) = (220, 222, 226);

/// How often the terminal is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// How long the screen may take to leave after a signal.
const GRACE: Duration = Duration::from_millis(500);

/// Waits until the process is told to end because its terminal is gone or somebody asks for it, and gives the exit code.
///
/// The screen hears these signals as well. But crossterm 0.29 reads on for ever from a terminal that has gone away, and a thread that is
/// caught in there hears nothing any more: without this the process would stay behind and use a whole core. A program that was started
/// without a controlling terminal gets no signal at all, so that the terminal is looked at now and then as well.
async fn orphaned() -> color_eyre::Result<ExitCode> {
    let (mut hang_up, mut terminate) = (signal(SignalKind::hangup())?, signal(SignalKind::terminate())?);
    Ok(tokio::select! {
        _ = hang_up.recv() => ExitCode::from(129),
        _ = terminate.recv() => ExitCode::from(143),
        () = gone() => ExitCode::from(129),
    })
}

/// Returns when standard input is no terminal any more.
async fn gone() {
    while rustix::termios::tcgetattr(std::io::stdin()).is_ok() {
        tokio::time::sleep(LOOK).await;
    }
}

/// Shows the screen until the reader leaves, with the walkthrough in a directory or the built-in one. Has to be called on a multi-threaded
/// runtime, which does the work; the screen itself lives on a thread of its own; what is drawn goes to `cast`, too. Standard input and output
/// have to be terminals.
pub async fn run(
    settings: Settings,
    walkthrough: Option<PathBuf>,
    clock: SharedClock,
    cast: Option<cast::Cast>,
) -> color_eyre::Result<ExitCode> {
    let settings = Arc::new(settings);
    let (sender, receiver) = mpsc::unbounded_channel();
    if let Some(directory) = walkthrough {
        tokio::spawn(script::follow(directory, script::LOOK, sender.clone()));
    }
    let runner = Runner::new(tokio::runtime::Handle::current(), Arc::clone(&settings), Arc::clone(&clock), sender);
    let (done, mut ended) = oneshot::channel();
    let zone = Local::now().offset().fix();
    let closing = runner.clone();
    let thread = std::thread::Builder::new()
        .name(terminal::THREAD.to_owned())
        // Drawing needs little; the deepest part is the layout of a frame.
        .stack_size(4 << 20)
        .spawn(move || {
            let outcome = screen::show(&settings, &clock, zone, runner, receiver, cast);
            // Nobody listens only when the program is ending anyway.
            let _ = done.send(outcome);
        })
        .wrap_err("the thread of the screen could not be started")?;
    let outcome = tokio::select! {
        outcome = &mut ended => outcome,
        code = orphaned() => {
            // The screen has heard the signal too and restores the terminal, unless the terminal is gone.
            match tokio::time::timeout(GRACE, &mut ended).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    closing.close().await;
                    return code;
                }
            }
        }
    };
    closing.close().await;
    match outcome {
        Ok(outcome) => Ok(outcome.wrap_err("the terminal could not be used")?),
        // The thread has ended without an answer: it panicked, and its message is on standard error.
        Err(_) => {
            let _ = thread.join();
            Err(eyre!("the screen ended because of a mistake in the program; the message above says where"))
        }
    }
}

//! `shiftdeck notes`: the speaker's view of a presentation that another terminal shows.

use std::sync::Arc;

use clap::Args;

use super::failure::{self, Failure};
use super::output::Output;
use crate::config::Settings;
use crate::demo::clock::{SharedClock, SystemClock};
use crate::ops::stage::Store;
use crate::tui::notes;

/// Show the speaker's view of a presentation: notes, what comes next, time, and warnings
#[derive(Debug, Args)]
pub struct Notes {
    /// Print what the speaker sees now, and end
    #[arg(long)]
    pub once: bool,
}

/// Shows the view until it is left.
///
/// # Errors
/// Without a state directory, or without a terminal.
pub async fn run(arguments: &Notes, settings: &Arc<Settings>, mut output: Output) -> Result<(), Failure> {
    let store = Store::of(settings).ok_or_else(|| {
        Failure::usage(
            "there is no place where a presentation could be found: neither XDG_DATA_HOME nor HOME is set",
            "Name the directory of the presentation with `--state-dir`.",
        )
    })?;
    let clock: SharedClock = Arc::new(SystemClock);
    if arguments.once {
        output.line(notes::once(&store, &clock).trim_end())?;
        return output.flush();
    }
    super::check_terminal()?;
    let code = notes::run(settings, store, clock).await.map_err(|error| Failure::Told {
        code: failure::exit::FAILED,
        what: "the speaker's view ended unexpectedly".to_owned(),
        why: Some(format!("{error:#}")),
        next: Some("`shiftdeck notes --once` prints it without taking the terminal.".to_owned()),
    })?;
    if code == failure::exit::DONE { Ok(()) } else { Err(Failure::Silent(code)) }
}

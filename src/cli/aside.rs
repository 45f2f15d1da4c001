//! A screen without a terminal beside what the user has: its account, its size, and how it ends badly.

use tempfile::TempDir;

use super::failure::{Failure, exit};
use super::session::cancelled;
use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::local::pace::Pace;
use crate::target;
use crate::tui::rehearsal::Broken;

/// The names of directories for fresh accounts begin so.
const NAME: &str = "rehearsing-";

/// The settings of such a screen. On the embedded AWS it has a fresh account in a directory of its own, which goes with the second value.
///
/// # Errors
/// When the directory cannot be made.
pub(super) fn account(settings: &Settings, pace: Pace) -> Result<(Settings, Option<TempDir>), Failure> {
    let mut there = settings.clone();
    there.local.pace = Some(pace);
    // Nothing moves on a picture.
    there.screen.motion = false;
    let directory = match settings.aws.target {
        TargetKind::Local => Some(directory(settings)?),
        TargetKind::Aws | TargetKind::Replay => None,
    };
    if let Some(directory) = &directory {
        there.local.state_dir = Some(directory.path().to_owned());
    }
    Ok((there, directory))
}

fn directory(settings: &Settings) -> Result<TempDir, Failure> {
    let home = target::state_dir(settings)?;
    let failed = |error: std::io::Error| Failure::io(format!("{} cannot be written", home.display()), &error);
    std::fs::create_dir_all(&home).map_err(failed)?;
    // One that was killed could not remove its own.
    target::remove_left(&home, NAME).map_err(failed)?;
    tempfile::Builder::new().prefix(NAME).tempdir_in(&home).map_err(failed)
}

/// Reads the size of a screen.
pub(super) fn size(text: &str) -> Result<(u16, u16), String> {
    let parts = text.split_once('x').and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
    parts
        .filter(|(columns, rows)| (80..=1000).contains(columns) && (24..=500).contains(rows))
        .ok_or_else(|| "columns and rows, at least 80x24".to_owned())
}

/// What is said of a screen without a terminal that does not come to its end.
pub(super) fn broken_off(what: &str, broken: &Broken) -> Failure {
    match broken {
        Broken::Cancelled => cancelled(),
        broken => Failure::Told {
            code: exit::FAILED,
            what: what.to_owned(),
            why: Some(broken.to_string()),
            next: Some("Look at `shiftdeck doctor`, and present the step by hand.".to_owned()),
        },
    }
}

//! A fresh account on the side, for what leaves nothing behind.

use tempfile::TempDir;

use super::failure::Failure;
use crate::config::Settings;
use crate::target;

/// The names of such directories begin so.
const NAME: &str = "rehearsing-";

/// A directory for a fresh account, in the state directory; it goes with the value.
///
/// # Errors
/// When it cannot be made.
pub(super) fn directory(settings: &Settings) -> Result<TempDir, Failure> {
    let home = target::state_dir(settings)?;
    let failed = |error: std::io::Error| Failure::io(format!("{} cannot be written", home.display()), &error);
    std::fs::create_dir_all(&home).map_err(failed)?;
    // One that was killed could not remove its own.
    target::remove_left(&home, NAME).map_err(failed)?;
    tempfile::Builder::new().prefix(NAME).tempdir_in(&home).map_err(failed)
}

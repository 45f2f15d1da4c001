//! How long each step and each longer operation took when it last changed something, on each target: what is to be expected of it the next
//! time. Kept in the state directory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::Context;
use crate::config::Settings;
use crate::demo::step::Step;

/// The file, in the state directory.
const FILE: &str = "durations.json";

/// Held while the file is replaced: two steps may end at the same time.
static REPLACING: Mutex<()> = Mutex::new(());

/// Seconds by step or operation, by target.
type Kept = BTreeMap<String, BTreeMap<String, f64>>;

/// Seconds that each step took on the target of the settings when it last changed something; nothing of a step that never did.
pub fn known(settings: &Settings) -> BTreeMap<Step, f64> {
    let Some(path) = path(settings) else { return BTreeMap::new() };
    let kept = read(&path).unwrap_or_else(|error| {
        tracing::info!(%error, "the durations of steps cannot be read");
        Kept::new()
    });
    let here = kept.get(settings.aws.target.name());
    Step::ALL.into_iter().filter_map(|step| Some((step, *here?.get(step.name())?))).collect()
}

/// Seconds that an operation that is no step (`endpoint staging`) took on the target of the settings when it last changed something.
pub(super) fn of_operation(settings: &Settings, operation: &str) -> Option<f64> {
    let kept = read(&path(settings)?).unwrap_or_else(|error| {
        tracing::info!(%error, "the durations of operations cannot be read");
        Kept::new()
    });
    kept.get(settings.aws.target.name())?.get(operation).copied()
}

/// Keeps how long a step took. What cannot be kept is told to the log only: the step itself has ended well.
pub(super) async fn remember(context: &Context, step: Step, took: Duration) {
    keep(context, step.name().to_owned(), took).await;
}

/// Keeps how long an operation took that began at a moment of the context's clock. Its name has two words, so that it is the name of no step.
pub(super) async fn remember_operation(context: &Context, operation: &str, began: DateTime<Utc>) {
    keep(context, operation.to_owned(), (context.clock.now() - began).to_std().unwrap_or_default()).await;
}

async fn keep(context: &Context, name: String, took: Duration) {
    let Some(path) = path(&context.settings) else { return };
    let target = context.settings.aws.target.name();
    let kept = tokio::task::spawn_blocking(move || write(&path, target, &name, took.as_secs_f64())).await;
    if let Err(error) = kept.map_err(io::Error::other).flatten() {
        tracing::info!(%error, "a duration cannot be kept");
    }
}

fn path(settings: &Settings) -> Option<PathBuf> {
    Some(settings.local.state_dir.as_ref()?.join(FILE))
}

fn read(path: &Path) -> io::Result<Kept> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::new()),
        Err(error) => Err(error),
    }
}

/// Replaces the file by a rename, so that nobody reads half of it.
fn write(path: &Path, target: &str, name: &str, seconds: f64) -> io::Result<()> {
    let _one_at_a_time = REPLACING.lock();
    let mut kept = read(path).unwrap_or_default();
    kept.entry(target.to_owned()).or_default().insert(name.to_owned(), seconds);
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    serde_json::to_writer_pretty(&mut file, &kept)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_last_duration_of_each_step_is_known_by_target() {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = crate::config::load::load(&crate::config::Sources::default()).unwrap().settings;
        settings.local.state_dir = Some(directory.path().to_owned());
        assert!(known(&settings).is_empty());
        let path = path(&settings).unwrap();
        write(&path, "local", "lake", 3.0).unwrap();
        write(&path, "local", "lake", 2.5).unwrap();
        write(&path, "aws", "load", 90.0).unwrap();
        write(&path, "local", "endpoint staging", 40.0).unwrap();
        assert_eq!(known(&settings), BTreeMap::from([(Step::Lake, 2.5)]), "an operation is no step");
        assert_eq!((of_operation(&settings, "endpoint staging"), of_operation(&settings, "endpoint production")), (Some(40.0), None));
        std::fs::write(&path, "half a").unwrap();
        assert!(known(&settings).is_empty() && of_operation(&settings, "endpoint staging").is_none(), "a broken file is no reason to fail");
        write(&path, "local", "load", 1.0).unwrap();
        assert_eq!(known(&settings), BTreeMap::from([(Step::Load, 1.0)]));
    }
}

//! The embedded account as it is before and after each step of the walkthrough: checkpoints that are made once for the settings, on the side,
//! by running the steps, and restored at once whenever a demonstration is to begin somewhere else.

pub mod fallback;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::clock::SharedClock;
use crate::demo::step::Step;
use crate::local::pace::Pace;
use crate::ops::{OpError, steps};
use crate::target;

/// Where the steps are run on the side, in the state directory.
const ASIDE: &str = "preparing";

/// A moment of the walkthrough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Everything before the step is done, and nothing of it.
    Before(Step),
    /// The step is done.
    After(Step),
}

impl Moment {
    /// Reads `before-pipeline`, `after-load`, `before-5`.
    pub fn named(name: &str) -> Option<Moment> {
        let (when, step) = name.split_once('-')?;
        let step = Step::ALL.into_iter().find(|known| known.name() == step || known.number().to_string() == step)?;
        match when {
            "before" => Some(Moment::Before(step)),
            // A cleanup leaves a fresh account, which is before the first step.
            "after" if step != Step::Cleanup => Some(Moment::After(step)),
            "after" => Some(Moment::Before(Step::Foundation)),
            _ => None,
        }
    }

    /// The step that comes next.
    pub fn next(self) -> Step {
        match self {
            Moment::Before(step) => step,
            Moment::After(step) => Step::ALL.into_iter().find(|next| *next > step).unwrap_or(Step::Cleanup),
        }
    }

    /// The name of its checkpoint. It has a digest of the settings that decide what is made: those of others are no use.
    fn checkpoint(self, settings: &Settings) -> String {
        let next = self.next();
        format!("before-{}-{}.{:016x}", next.number(), next.name(), digest(settings))
    }
}

/// A digest of what decides how the account looks: this program, the settings of the demonstration, and the file of the data.
fn digest(settings: &Settings) -> u64 {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    let mut made = settings.clone();
    // Where it is kept and how it is shown decides nothing.
    made.local.state_dir = None;
    made.local.pace = None;
    for part in [
        serde_json::to_string(&made.demo),
        serde_json::to_string(&made.aws),
        serde_json::to_string(&made.data),
        serde_json::to_string(&made.names),
        serde_json::to_string(&made.warehouse),
        serde_json::to_string(&made.lake),
        serde_json::to_string(&made.mlops),
        serde_json::to_string(&made.project),
        serde_json::to_string(&made.redshift_ml),
    ] {
        part.unwrap_or_default().hash(&mut hasher);
    }
    if let Ok(file) = std::fs::metadata(&settings.data.source) {
        file.len().hash(&mut hasher);
        file.modified().ok().hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether the moment can be restored at once.
///
/// # Errors
/// On another target than the embedded account.
pub fn is_ready(settings: &Settings, moment: Moment) -> Result<bool, OpError> {
    let name = moment.checkpoint(settings);
    Ok(target::checkpoint_list(settings)?.iter().any(|known| known.name == name))
}

/// Puts the account to a moment that is ready.
///
/// # Errors
/// When it is not ready, and while a process uses the account.
pub fn restore(settings: &Settings, moment: Moment) -> Result<(), OpError> {
    target::checkpoint_restore(settings, &moment.checkpoint(settings)).map(drop)
}

/// Makes the checkpoints of all moments, without touching the account: the steps are run in a directory of their own, which goes afterwards.
/// `tell` hears of each step that begins.
///
/// # Errors
/// What a step says, and when the state directory cannot be written.
pub async fn prepare(settings: &Settings, clock: &SharedClock, tell: impl Fn(Step)) -> Result<(), OpError> {
    if settings.aws.target != TargetKind::Local {
        return Err(OpError::usage(
            "could not prepare the moments of the walkthrough",
            "only the embedded AWS has them",
            "add `--target local`",
        ));
    }
    let home = target::state_dir(settings)?;
    let failed = |what: &'static str| move |error: std::io::Error| OpError::failed("", what, error.to_string());
    let make = "could not make room for preparing";
    std::fs::create_dir_all(home.join(ASIDE)).map_err(failed(make))?;
    // Two may prepare at the same time; what is ready first is used.
    let aside = tempfile::tempdir_in(home.join(ASIDE)).map_err(failed(make))?;
    let mut there = settings.clone();
    there.local.state_dir = Some(aside.path().to_owned());
    there.local.pace = Some(Pace::Instant);
    // What is done on the side is no part of what is recorded.
    there.recording.file.clear();
    let there = std::sync::Arc::new(there);
    // An account that has only been opened is a fresh one.
    target::open(&there, clock.clone(), Pace::Instant).await?.close().await;
    for step in Step::ALL {
        target::checkpoint_save(&there, &Moment::Before(step).checkpoint(settings), clock)?;
        if step == Step::Cleanup {
            break;
        }
        tell(step);
        let connection = target::open(&there, clock.clone(), Pace::Instant).await?;
        let (context, _events) = connection.context(there.clone(), clock.clone());
        let outcome = steps::run(&context, step).await;
        connection.close().await;
        outcome?;
    }
    let kept = home.join("checkpoints");
    take(&aside.path().join("checkpoints"), &kept).map_err(failed("could not keep what was prepared"))?;
    drop(aside);
    // Another process may be preparing in it.
    let _ = std::fs::remove_dir(home.join(ASIDE));
    forget_others(&kept, settings).map_err(failed("could not remove what was prepared for other settings"))
}

/// Removes the moments of other settings, which would only pile up.
fn forget_others(checkpoints: &Path, settings: &Settings) -> std::io::Result<()> {
    let own = format!("{:016x}", digest(settings));
    for entry in std::fs::read_dir(checkpoints)? {
        let entry = entry?;
        let name = entry.file_name();
        let parts = name.to_str().and_then(|name| name.rsplit_once('.'));
        let of_ours = |moment: &str| Step::ALL.into_iter().any(|step| moment == format!("before-{}-{}", step.number(), step.name()));
        if parts.is_some_and(|(moment, digest)| of_ours(moment) && digest.len() == own.len() && digest != own) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Moves checkpoints from one state directory to another; those that are there already stay, for they are the same.
fn take(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() && !place.exists() {
            std::fs::rename(entry.path(), place)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn moments_are_named_by_step_or_number() {
        assert_eq!(Moment::named("before-pipeline"), Some(Moment::Before(Step::Pipeline)));
        assert_eq!(Moment::named("before-5"), Some(Moment::Before(Step::Pipeline)));
        assert_eq!(Moment::named("after-redshift-ml"), Some(Moment::After(Step::RedshiftMl)));
        assert_eq!(Moment::named("after-cleanup"), Some(Moment::Before(Step::Foundation)));
        assert_eq!((Moment::named("before-10"), Moment::named("monday"), Moment::named("during-5")), (None, None, None));
    }

    #[test]
    fn what_comes_after_a_step_is_what_comes_before_the_next() {
        let settings = crate::config::load::load(&crate::config::Sources::default()).unwrap().settings;
        assert_eq!(Moment::After(Step::Load).checkpoint(&settings), Moment::Before(Step::Pipeline).checkpoint(&settings));
        assert!(Moment::After(Step::Load).checkpoint(&settings).starts_with("before-5-pipeline."));
        let mut others = settings.clone();
        others.mlops.max_depth += 1;
        assert_ne!(Moment::After(Step::Load).checkpoint(&settings), Moment::After(Step::Load).checkpoint(&others));
        let mut elsewhere = settings.clone();
        elsewhere.local.state_dir = Some("/elsewhere".into());
        elsewhere.screen.theme = "light".into();
        assert_eq!(digest(&settings), digest(&elsewhere));
    }
}

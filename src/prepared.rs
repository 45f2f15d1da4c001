//! The embedded account as it is before and after each step of the walkthrough: checkpoints that are made once for the settings, on the side,
//! by running the steps, and restored at once whenever a demonstration is to begin somewhere else.

pub mod fallback;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::clock::SharedClock;
use crate::demo::step::Step;
use crate::local::pace::Pace;
use crate::ops::{OpError, durations, steps};
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

/// A saved state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Its name.
    pub name: String,
    /// When it was saved.
    pub created: DateTime<Utc>,
    /// Files in it.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// What a name stands for that the account is to be put to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A state that somebody saved.
    Saved(Saved),
    /// A moment of the walkthrough.
    Moment {
        /// Which.
        moment: Moment,
        /// Its checkpoint; absent when it has to be prepared first.
        ready: Option<Saved>,
    },
}

/// The saved states of the embedded account, oldest first, moments of the walkthrough included.
///
/// # Errors
/// On another target, and when they cannot be read.
pub fn saved(settings: &Settings) -> Result<Vec<Saved>, OpError> {
    let known = target::checkpoint_list(settings)?;
    Ok(known.into_iter().map(|it| Saved { name: it.name, created: it.created, files: it.files, bytes: it.bytes }).collect())
}

/// The moment that a name stands for.
///
/// # Errors
/// It stands for none.
pub fn moment(name: &str) -> Result<Moment, OpError> {
    Moment::named(name).ok_or_else(|| {
        let steps = Step::ALL.map(Step::name).join(", ");
        OpError::usage(
            "could not tell the moment of the walkthrough",
            format!("`{name}` is none"),
            format!("write `before-` or `after-` and a step or its number, as in `before-pipeline`; the steps are {steps}"),
        )
    })
}

/// What a moment stands for that the embedded account is to be put to.
///
/// # Errors
/// On another target, and when the states cannot be read.
pub fn choose_moment(settings: &Settings, moment: Moment) -> Result<Choice, OpError> {
    let known = saved(settings).map_err(|error| OpError { what: "could not bring the account to the moment".to_owned(), ..error })?;
    Ok(chosen_of(known, settings, moment))
}

fn chosen_of(known: Vec<Saved>, settings: &Settings, moment: Moment) -> Choice {
    let checkpoint = moment.checkpoint(settings);
    Choice::Moment { moment, ready: known.into_iter().find(|known| known.name == checkpoint) }
}

/// Finds what a name stands for. A state that somebody saved comes before a moment of that name.
///
/// # Errors
/// Nothing is called so, or the states cannot be read.
pub fn choose(settings: &Settings, name: &str) -> Result<Choice, OpError> {
    let known = saved(settings)?;
    if let Some(found) = known.iter().find(|known| known.name == name) {
        return Ok(Choice::Saved(found.clone()));
    }
    if let Some(moment) = Moment::named(name) {
        return Ok(chosen_of(known, settings, moment));
    }
    let names: Vec<String> = known.into_iter().map(|known| known.name).collect();
    let names = if names.is_empty() { "there is none".to_owned() } else { format!("there are {}", names.join(", ")) };
    Err(OpError::usage(
        "could not restore the checkpoint",
        format!("there is no checkpoint `{name}`; {names}"),
        "`shiftdeck checkpoint list` shows them; moments of the walkthrough are named like `before-pipeline`",
    ))
}

/// What preparing would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Preparation {
    /// The moments by the step that comes next, and whether each is ready already.
    pub moments: Vec<(Step, bool)>,
    /// Checkpoints of other settings, which are removed.
    pub removed: Vec<Saved>,
    /// Seconds that the steps took the last time, together; absent when one of them has not run here yet.
    pub seconds: Option<f64>,
}

/// What [`prepare`] would do.
///
/// # Errors
/// On another target, and when the checkpoints cannot be read.
pub fn plan(settings: &Settings) -> Result<Preparation, OpError> {
    only_local(settings)?;
    let known = saved(settings)?;
    let ready = |step: Step| known.iter().any(|known| known.name == Moment::Before(step).checkpoint(settings));
    let durations = durations::known(settings);
    let run = Step::ALL.into_iter().filter(|step| *step != Step::Cleanup);
    Ok(Preparation {
        moments: Step::ALL.into_iter().map(|step| (step, ready(step))).collect(),
        seconds: run.map(|step| durations.get(&step).copied()).sum(),
        removed: known.iter().filter(|known| is_of_others(&known.name, settings)).cloned().collect(),
    })
}

fn only_local(settings: &Settings) -> Result<(), OpError> {
    if settings.aws.target == TargetKind::Local {
        return Ok(());
    }
    let fix = match settings.aws.target {
        TargetKind::Aws => "name the moment that the account itself is to be brought to, `--at before-pipeline`, or add `--target local`",
        _ => "add `--target local`",
    };
    Err(OpError::usage("could not prepare the moments of the walkthrough", "only the embedded AWS has them", fix))
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
    only_local(settings)?;
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
    for entry in std::fs::read_dir(checkpoints)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| is_of_others(name, settings)) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a checkpoint is a moment of other settings.
fn is_of_others(name: &str, settings: &Settings) -> bool {
    let own = format!("{:016x}", digest(settings));
    let of_ours = |moment: &str| Step::ALL.into_iter().any(|step| moment == format!("before-{}-{}", step.number(), step.name()));
    name.rsplit_once('.').is_some_and(|(moment, digest)| of_ours(moment) && digest.len() == own.len() && digest != own)
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
    fn a_name_stands_for_a_saved_state_or_a_moment_and_others_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = crate::config::load::load(&crate::config::Sources::default()).unwrap().settings;
        settings.local.state_dir = Some(directory.path().to_owned());
        let moment = Moment::Before(Step::Pipeline);
        assert_eq!(choose(&settings, "before-5").unwrap(), Choice::Moment { moment, ready: None });
        assert!(choose(&settings, "monday").unwrap_err().why.contains("there is none"));
        let clock: SharedClock = std::sync::Arc::new(crate::demo::clock::SystemClock);
        std::fs::create_dir_all(directory.path().join("account")).unwrap();
        let mut others = settings.clone();
        others.mlops.max_depth += 1;
        for name in ["monday", &moment.checkpoint(&settings), &moment.checkpoint(&others)] {
            target::checkpoint_save(&settings, name, &clock).unwrap();
        }
        assert!(matches!(choose(&settings, "monday").unwrap(), Choice::Saved(saved) if saved.name == "monday"));
        assert!(matches!(choose(&settings, "before-5").unwrap(), Choice::Moment { ready: Some(_), .. }));
        assert!(choose(&settings, "tuesday").unwrap_err().why.contains("there are monday, "));
        let plan = plan(&settings).unwrap();
        let ready: Vec<Step> = plan.moments.iter().filter(|(_, ready)| *ready).map(|(step, _)| *step).collect();
        assert_eq!((ready, plan.moments.len(), plan.seconds), (vec![Step::Pipeline], 9, None));
        assert_eq!(plan.removed.iter().map(|it| it.name.clone()).collect::<Vec<_>>(), [moment.checkpoint(&others)]);
        settings.aws.target = TargetKind::Aws;
        assert!(super::plan(&settings).is_err());
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

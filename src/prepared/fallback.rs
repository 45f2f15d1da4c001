//! Another account to go over to when the first one fails in front of an audience: a recording, or the embedded AWS on the side, put to where
//! a step begins.

use crate::config::Settings;
use crate::config::settings::TargetKind;
use crate::demo::clock::SharedClock;
use crate::demo::step::Step;
use crate::local::pace::Pace;
use crate::ops::OpError;
use crate::prepared::{self, Moment};
use crate::target::{self, Connection};

/// Where the embedded AWS is kept that is gone over to, in the state directory: the reader's own stays as it is.
const ASIDE: &str = "fallback";

/// An account to go over to, open.
pub struct Fallback {
    /// The account.
    pub connection: Connection,
    /// The settings that it is used with.
    pub settings: Settings,
    /// What it is, for the speaker.
    pub name: String,
}

/// Opens the fallback of the settings at a step: the steps before are done, and nothing later.
///
/// # Errors
/// When the recording cannot be played, or the steps before cannot be run on the side.
pub async fn open(settings: &Settings, at: Step, clock: &SharedClock) -> Result<Fallback, OpError> {
    match settings.stage.fallback.as_str() {
        "" => embedded(settings, at, clock).await,
        file => recording(settings, file, at, clock).await,
    }
}

async fn recording(settings: &Settings, file: &str, at: Step, clock: &SharedClock) -> Result<Fallback, OpError> {
    let there = target::as_fallback(settings, file)?;
    let connection = target::open(&there, clock.clone(), Pace::Live).await?;
    connection.play_from(at);
    let name = connection.played().map_or_else(|| file.to_owned(), |played| played.title());
    Ok(Fallback { connection, settings: there, name })
}

async fn embedded(settings: &Settings, at: Step, clock: &SharedClock) -> Result<Fallback, OpError> {
    let mut there = settings.clone();
    there.aws.target = TargetKind::Local;
    there.recording.file.clear();
    there.local.state_dir = Some(target::state_dir(settings)?.join(ASIDE));
    let moment = Moment::Before(at);
    if !prepared::is_ready(&there, moment)? {
        prepared::prepare(&there, clock, |_| {}).await?;
    }
    let restoring = there.clone();
    let restored = tokio::task::spawn_blocking(move || prepared::restore(&restoring, moment)).await;
    restored.unwrap_or_else(|error| Err(OpError::failed("", "could not put the embedded AWS to the step", error.to_string())))?;
    let connection = target::open(&there, clock.clone(), Pace::Live).await?;
    Ok(Fallback { connection, settings: there, name: "the embedded AWS".to_owned() })
}

//! Recording a target, and the target that is a recording.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::sync::mpsc::UnboundedSender;

use crate::aws::Polling;
use crate::config::Settings;
use crate::config::settings::{TargetKind, WarehouseKind};
use crate::demo::clock::SharedClock;
use crate::demo::event::{Event, EventKind};
use crate::local::pace::Pace;
use crate::ops::{OpError, Progress};
use crate::recording::call::Header;
use crate::recording::mask::Private;
use crate::recording::player::{Begin, PlayError, Player};
use crate::recording::reader::{self, ReadError};
use crate::recording::script::Rate;
use crate::recording::writer::{self, Recorder, Summary};

/// Sections and settings that decide what is asked of an account. Not where the data are: a path is of this machine, and may name people.
const DECIDING: [(&str, &[&str]); 9] = [
    ("demo", &["name"]),
    ("aws", &["region", "bucket"]),
    ("data", &["sample_rows", "sample_seed"]),
    ("names", &[]),
    ("warehouse", &[]),
    ("lake", &[]),
    ("mlops", &[]),
    ("project", &[]),
    ("redshift_ml", &[]),
];

/// A recording that is played, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// The name of the file.
    pub name: String,
    /// When it was made.
    pub began: DateTime<Utc>,
    /// The target that was recorded.
    pub target: String,
    /// The program that recorded it.
    pub program: String,
    /// The data that it was made with.
    pub data: String,
    /// Calls in it.
    pub calls: usize,
    /// That it is not whole, in a sentence.
    pub warning: Option<String>,
}

impl Played {
    /// The name of the file, and the day on which it was made.
    pub fn title(&self) -> String {
        format!("{} of {}", self.name, self.began.format("%Y-%m-%d"))
    }
}

/// What is known of a player's recording.
pub(super) fn of_player(player: &Player) -> Played {
    let header = player.header();
    Played {
        name: player.name(),
        began: header.began,
        target: header.target.clone(),
        program: header.program.clone(),
        data: header.data.clone(),
        calls: player.calls(),
        warning: player.warning(),
    }
}

/// What is known of the recording of the settings.
///
/// # Errors
/// When there is none, or it cannot be played.
pub fn played(settings: &Settings, clock: SharedClock) -> Result<Played, OpError> {
    let path = file(settings)?;
    let player = Player::open(&path, Rate::Fast, &Begin::Start, clock).map_err(|error| unplayable(&path, &error))?;
    Ok(of_player(&player))
}

/// The settings that the recording of the settings was made with, in TOML, and its file: they are in force when it is played, because what
/// is asked with others is not in it.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn settings_of(settings: &Settings) -> Result<(PathBuf, String), OpError> {
    let path = file(settings)?;
    let header = reader::header(&path).map_err(|error| unplayable(&path, &PlayError::Read(error)))?;
    Ok((path, header.settings))
}

/// The settings under which a recording is played in the place of an account: those that it was made with, over the others.
///
/// # Errors
/// When it cannot be read, or has settings that this program does not know.
pub fn as_fallback(settings: &Settings, file: &str) -> Result<Settings, OpError> {
    let mut there = settings.clone();
    there.aws.target = TargetKind::Replay;
    file.clone_into(&mut there.replay.file);
    "start".clone_into(&mut there.replay.from);
    there.recording.file.clear();
    let (path, recorded) = settings_of(&there)?;
    let other = |why: String| OpError::usage(format!("could not play the recording {}", path.display()), why, "take another recording");
    let recorded: Value = toml::from_str(&recorded).map_err(|error| other(error.to_string()))?;
    let mut all = serde_json::to_value(&there).map_err(|error| other(error.to_string()))?;
    lay_over(&mut all, recorded);
    let mut laid: Settings = serde_json::from_value(all).map_err(|error| other(error.to_string()))?;
    laid.data_set = there.data_set;
    Ok(laid)
}

/// Puts the values of one document over those of another.
fn lay_over(all: &mut Value, over: Value) {
    match (all, over) {
        (Value::Object(all), Value::Object(over)) => {
            for (name, value) in over {
                lay_over(all.entry(name).or_insert(Value::Null), value);
            }
        }
        (all, over) => *all = over,
    }
}

fn file(settings: &Settings) -> Result<PathBuf, OpError> {
    match settings.replay.file.as_str() {
        "" => Err(OpError::usage(
            "could not open the target `replay`",
            "no recording is named",
            "name one: `--target replay FILE`; `shiftdeck --record FILE` makes one",
        )),
        file => Ok(PathBuf::from(file)),
    }
}

fn unplayable(path: &Path, error: &PlayError) -> OpError {
    let what = format!("could not play the recording {}", path.display());
    let fix = match error {
        PlayError::NoStep(_) => "begin at another step, or with `--set replay.from=start`",
        PlayError::Read(ReadError::Io(_)) => "name the file of a recording; `shiftdeck --record FILE` makes one",
        PlayError::Read(ReadError::Format(_) | ReadError::Empty) => "take another recording, or an unaltered copy of this one",
    };
    OpError::usage(what, error.to_string(), fix)
}

/// Opens the recording of the settings; gives it with how often services are asked in it. `pace` is what `replay.pace` falls back to.
pub(super) async fn player(settings: &Settings, clock: SharedClock, pace: Pace) -> Result<(Player, Polling), OpError> {
    let path = file(settings)?;
    let rate = match Rate::named(&settings.replay.pace) {
        Some(rate) => rate,
        None if pace == Pace::Live => Rate::Times(1.0),
        None => Rate::Fast,
    };
    let begin = match settings.replay.from.as_str() {
        "start" => Begin::Start,
        "end" => Begin::End,
        "auto" => Begin::Look,
        step => Begin::Step(step.to_owned()),
    };
    let place = path.clone();
    let opened = tokio::task::spawn_blocking(move || Player::open(&place, rate, &begin, clock)).await;
    let opened = opened.map_err(|error| OpError::failed("", "could not play the recording", error.to_string()))?;
    let player = opened.map_err(|error| unplayable(&path, &error))?;
    if let Some(warning) = player.warning() {
        tracing::warn!(recording = %path.display(), "{warning}");
    }
    let polling = polling(player.header(), rate);
    Ok((player, polling))
}

/// Services are asked as often as when the recording was made, by the time that goes by in it.
fn polling(header: &Header, rate: Rate) -> Polling {
    let recorded = if header.target == TargetKind::Aws.name() { Polling::AWS } else { Polling::LOCAL };
    match rate {
        Rate::Fast => Polling::LOCAL,
        Rate::Times(factor) => {
            let faster = |wait: std::time::Duration| std::time::Duration::try_from_secs_f64(wait.as_secs_f64() / factor).unwrap_or(wait);
            Polling { first: faster(recorded.first), ceiling: faster(recorded.ceiling), ..recorded }
        }
    }
}

/// The recorder of the settings; none where nothing is to be recorded.
pub(super) fn recorder(settings: &Settings, clock: &SharedClock) -> Result<Option<Recorder>, OpError> {
    let file = settings.recording.file.as_str();
    if file.is_empty() {
        return Ok(None);
    }
    let what = format!("could not record into {file}");
    if settings.aws.target == TargetKind::Replay {
        return Err(OpError::usage(what, "the target `replay` is a recording already", "record the target `local` or `aws`"));
    }
    Recorder::open(Path::new(file), Arc::clone(clock)).map(Some).map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::AlreadyExists => "there is such a file already".to_owned(),
            _ => error.to_string(),
        };
        OpError::usage(what, why, "name a file that is not there yet, in a directory that can be written")
    })
}

/// Begins to write, now that it is known whose account it is and what must not be kept of it.
pub(super) fn begin(recorder: &Recorder, settings: &Settings, account: &str, user: &str) {
    let private = Private { account: account.to_owned(), names: vec![user.to_owned(), settings.demo.owner.clone()] };
    let source = settings.data.source.as_str();
    let data = if source.contains("://") { source } else { source.rsplit('/').next().unwrap_or(source) };
    let header = Header {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        began: recorder.began(),
        target: settings.aws.target.name().to_owned(),
        account: account.to_owned(),
        region: settings.aws.region.clone(),
        demo: settings.demo.name.clone(),
        warehouse: match settings.warehouse.kind {
            WarehouseKind::Serverless => "serverless",
            WarehouseKind::Provisioned => "provisioned",
        }
        .to_owned(),
        data: data.to_owned(),
        settings: deciding(settings),
    };
    recorder.begin(header, private);
}

/// The settings that decide what is asked of an account, in TOML.
fn deciding(settings: &Settings) -> String {
    let all = serde_json::to_value(settings).unwrap_or_default();
    let kept: Map<String, Value> = DECIDING
        .iter()
        .filter_map(|(section, keys)| {
            let members = all.get(section)?.as_object()?;
            let wanted = members.iter().filter(|(name, _)| keys.is_empty() || keys.contains(&name.as_str()));
            let kept: Map<String, Value> = wanted.map(|(name, value)| (name.clone(), value.clone())).collect();
            Some(((*section).to_owned(), Value::Object(kept)))
        })
        .collect();
    // Every setting has a form in TOML: it was read from it.
    toml::to_string(&Value::Object(kept)).unwrap_or_else(|error| {
        tracing::error!(%error, "the settings are not in the recording");
        String::new()
    })
}

/// Where events go, seen by what records and what plays: both go by where steps begin and end.
pub(super) fn progress(sender: UnboundedSender<Event>, recorder: Option<&Recorder>, player: Option<&Player>) -> Progress {
    let (recorder, player) = (recorder.cloned(), player.cloned());
    if recorder.is_none() && player.is_none() {
        return sender.into();
    }
    let witness = move |event: &Event| {
        let begins = event.event == EventKind::Started;
        if event.event == EventKind::Progress {
            return;
        }
        if let Some(recorder) = &recorder {
            recorder.mark(event.step.name(), begins, event.ts);
        }
        match &player {
            Some(player) if begins => player.begins(event.step.name()),
            Some(player) => player.ends(event.step.name()),
            None => {}
        }
    };
    Progress::witnessed(sender, Arc::new(witness))
}

/// Ends every recording of this process and gives what is to be said of each. Blocks until they are on disk.
pub fn end_recordings() -> Vec<(String, bool)> {
    writer::finish_all().iter().map(told).collect()
}

/// The sentence about a recording that has ended, and whether it is as it should be.
fn told(summary: &Summary) -> (String, bool) {
    let file = summary.path.display();
    let calls = |count: u64| if count == 1 { "1 call".to_owned() } else { format!("{count} calls") };
    match (&summary.failure, summary.lost) {
        (Some(failure), _) => (format!("the recording {file} ends early, after {}: {failure}", calls(summary.calls)), false),
        (None, 0) if summary.calls == 0 => ("nothing was recorded: no account was opened".to_owned(), true),
        (None, 0) => (format!("recorded {} into {file}", calls(summary.calls)), true),
        (None, lost) => (format!("the recording {file} lacks {}: the disk was too slow", calls(lost)), false),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::time::Duration;

    use super::*;
    use crate::config::{Sources, load};

    #[test]
    fn the_settings_that_decide_are_read_back_and_no_path_is_among_them() {
        let set = |key: &str, text: &str| (String::new(), key.to_owned(), text.to_owned());
        let flags = vec![
            set("demo.name", "Team-7"),
            set("demo.owner", "Jane Doe"),
            set("mlops.eta", "0.1"),
            set("warehouse.subnet_ids", "subnet-0a1b2c3d"),
            set("data.source", "/home/jane/customers.csv"),
            set("local.state_dir", "/home/jane/state"),
        ];
        let settings = load(&Sources { flags, ..Sources::default() }).unwrap().settings;
        let text = deciding(&settings);
        assert!(!text.contains("jane") && !text.contains("Jane"), "{text}");
        let again = load(&Sources { recorded: Some(("talk.rec".into(), text)), ..Sources::default() }).unwrap().settings;
        assert_eq!((&again.demo.name, again.mlops.clone()), (&settings.demo.name, settings.mlops.clone()));
        assert_eq!(again.warehouse, settings.warehouse);
        assert_eq!((again.data.source.as_str(), again.demo.owner.as_str()), ("sample", ""));
    }

    #[test]
    fn values_are_laid_over_others_one_by_one() {
        let mut all = serde_json::json!({ "demo": { "name": "Mine", "owner": "me" }, "mlops": { "quality": { "a": 1, "b": 2 } } });
        lay_over(&mut all, serde_json::json!({ "demo": { "name": "Theirs" }, "mlops": { "quality": { "b": 3 } } }));
        assert_eq!(all, serde_json::json!({ "demo": { "name": "Theirs", "owner": "me" }, "mlops": { "quality": { "a": 1, "b": 3 } } }));
    }

    #[test]
    fn services_are_asked_as_often_as_time_goes_by() {
        let header = |target: &str| Header {
            program: String::new(),
            began: DateTime::from_timestamp(0, 0).unwrap(),
            target: target.into(),
            account: String::new(),
            region: String::new(),
            demo: String::new(),
            warehouse: String::new(),
            data: String::new(),
            settings: String::new(),
        };
        assert_eq!(polling(&header("aws"), Rate::Times(1.0)), Polling::AWS);
        assert_eq!(polling(&header("aws"), Rate::Times(10.0)).ceiling, Duration::from_secs(1));
        assert_eq!(polling(&header("aws"), Rate::Fast), Polling::LOCAL);
        assert_eq!(polling(&header("local"), Rate::Times(1.0)), Polling::LOCAL);
    }

    #[test]
    fn without_a_file_it_is_said_how_to_name_one() {
        let settings = Settings::default();
        let error = settings_of(&settings).unwrap_err();
        assert!(error.to_string().contains("no recording is named"), "{error}");
    }
}

//! What a presentation has on disk: what its speaker is told, and the files of a walkthrough.
//!
//! The screen that presents writes one small document beside the embedded account, replaced by renames, and whoever shows the speaker's
//! view reads it. So either may be started, ended or killed at any time without the other.

pub mod files;

use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::console::{load, save};
use crate::config::Settings;

/// Directory of presentations in the state directory.
const DIRECTORY: &str = "stage";

/// A step of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its number in the demonstration.
    pub number: usize,
    /// Its title.
    pub title: String,
    /// Seconds that it may take.
    pub seconds: u32,
    /// Milliseconds that were spent on it before it was entered last.
    pub spent: i64,
    /// A mark that says how far it is: `✔`, `✖`, `●`, `◌`.
    pub mark: String,
}

/// Something that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// What.
    pub what: String,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// How many seconds it took the last time, where that is known.
    pub expected: Option<u64>,
    /// Whether nobody waits for it.
    pub background: bool,
}

/// A check of the step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// How it came out; nothing while that is not known.
    pub holds: Option<bool>,
    /// What is checked, with its figures.
    pub text: String,
}

/// What the speaker of a presentation is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The process that presents.
    pub process: u32,
    /// The name of the demonstration, and on what it runs.
    pub demo: String,
    /// When the presentation began.
    pub began: DateTime<Utc>,
    /// The steps that are presented, in order.
    pub plan: Vec<Planned>,
    /// Which of them is presented; nothing for one that the script leaves out.
    pub at: Option<usize>,
    /// The title of the step that is presented.
    pub title: String,
    /// When it was entered.
    pub entered: DateTime<Utc>,
    /// Names of the beats.
    pub beats: Vec<String>,
    /// Which of them it is.
    pub beat: usize,
    /// The notes of the beat, in markdown.
    pub notes: String,
    /// What only the speaker sees of the step, in markdown.
    pub aside: String,
    /// What the next press does.
    pub press: String,
    /// The notes of the beat after this one, in markdown.
    pub after: String,
    /// How the step stands, in a sentence.
    pub state: String,
    /// The checks of the step, in the beat of its result.
    pub checks: Vec<Checked>,
    /// What goes on.
    pub running: Vec<Running>,
    /// The steps that were begun early and have ended, and whether well.
    pub begun_early: Vec<Checked>,
    /// What the audience is not told.
    pub warnings: Vec<String>,
}

/// What tells one state of the document from another, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u64, u64, i64, i64);

/// Where presentations are kept. Cheap to make.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// The store of these settings; `None` without a state directory.
    pub fn of(settings: &Settings) -> Option<Store> {
        Some(Store { directory: settings.local.state_dir.as_ref()?.join(DIRECTORY) })
    }

    /// Tells the speaker.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn tell(&self, told: &Told) -> io::Result<()> {
        self.prepare()?;
        save(&self.document(), told)
    }

    /// Makes the directory, which is its owner's alone: notes are private, and whoever can write there drives the screen.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn prepare(&self) -> io::Result<()> {
        if !self.directory.is_dir() {
            std::fs::create_dir_all(&self.directory)?;
            std::fs::set_permissions(&self.directory, std::fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }

    /// The presentation of a process is over.
    ///
    /// # Errors
    /// When the document cannot be removed.
    pub fn over(&self, process: u32) -> io::Result<()> {
        if self.told()?.is_some_and(|told| told.process == process) {
            std::fs::remove_file(self.document())?;
        }
        Ok(())
    }

    /// What the speaker was told last; nothing when no presentation is on.
    ///
    /// # Errors
    /// When the document is there and cannot be read.
    pub fn told(&self) -> io::Result<Option<Told>> {
        load(&self.document())
    }

    /// The state of the document; nothing when there is none.
    pub fn mark(&self) -> Option<Mark> {
        let found = std::fs::metadata(self.document()).ok()?;
        Some(Mark(found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
    }

    /// The socket of the screen that presents, where presses of the remote may be sent.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("remote")
    }

    fn document(&self) -> PathBuf {
        self.directory.join("speaker.json")
    }

    /// A store in a directory, for tests.
    pub fn at(directory: &Path) -> Store {
        Store { directory: directory.join(DIRECTORY) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn told(process: u32) -> Told {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        Told {
            process,
            demo: "BankDM".into(),
            began: at,
            plan: vec![],
            at: None,
            title: "Load".into(),
            entered: at,
            beats: vec!["say".into()],
            beat: 0,
            notes: "**One**".into(),
            aside: String::new(),
            press: "show SQL".into(),
            after: String::new(),
            state: String::new(),
            checks: vec![],
            running: vec![],
            begun_early: vec![],
            warnings: vec![],
        }
    }

    #[test]
    fn what_is_told_is_found_until_its_own_process_ends_it() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::at(home.path());
        assert_eq!((store.told().unwrap(), store.mark()), (None, None));
        store.tell(&told(7)).unwrap();
        let mark = store.mark();
        assert_eq!(store.told().unwrap(), Some(told(7)));
        store.tell(&told(8)).unwrap();
        assert_ne!(store.mark(), mark);
        store.over(7).unwrap();
        assert!(store.told().unwrap().is_some(), "another one presents now");
        store.over(8).unwrap();
        store.over(8).unwrap();
        assert_eq!(store.told().unwrap(), None);
        let mode = std::fs::metadata(home.path().join("stage")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

//! Log groups and streams on disk: a document for each group, a file of lines for each stream, to which lines are appended.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::demo::clock::SharedClock;
use crate::demo::feature_schema::digest_text;
use crate::local::iam::{Assumed, Denied};
use crate::local::service::ServiceResult;
use crate::local::services::kept::Shelf;
use crate::local::store::{Store, StoreError};

/// The logs of an account. Clones share them.
#[derive(Clone)]
pub struct LogStore {
    shared: Arc<Shared>,
}

struct Shared {
    groups: Shelf<Group>,
    directory: PathBuf,
    clock: SharedClock,
    /// One writer at a time, so that a line is whole.
    writing: Mutex<()>,
}

/// A log group, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Group {
    /// Name.
    pub name: String,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// Days that events are kept; absent for ever.
    pub retention: Option<i64>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Streams by name.
    pub streams: BTreeMap<String, Stream>,
}

/// A stream, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stream {
    /// When it was made.
    pub created: DateTime<Utc>,
    /// File with its events.
    pub file: String,
}

/// An event of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Event {
    /// Milliseconds since 1970.
    #[serde(rename = "t")]
    pub at: i64,
    /// Text.
    #[serde(rename = "m")]
    pub text: String,
}

impl LogStore {
    /// Opens the logs of an account.
    pub fn open(store: &Store, clock: SharedClock) -> Result<Self, StoreError> {
        let shared =
            Shared { groups: Shelf::open(store, "services/logs")?, directory: store.directory("logs")?, clock, writing: Mutex::default() };
        Ok(LogStore { shared: Arc::new(shared) })
    }

    /// A writer to a stream; group and stream are made when they do not exist.
    pub fn writer(&self, group: &str, stream: &str) -> LogWriter {
        LogWriter { store: self.clone(), group: group.to_owned(), stream: stream.to_owned(), mute: false }
    }

    /// A writer for what works as a role. One whose role may not write to the stream writes nothing: on AWS, too, a job or a function whose
    /// role lacks these permissions runs on without a log. `looks` says whether it asks for the streams before it writes.
    pub fn writer_of(&self, role: &Assumed, group: &str, stream: &str, looks: bool) -> LogWriter {
        LogWriter { mute: self.may_write(role, group, stream, looks).is_err(), ..self.writer(group, stream) }
    }

    fn may_write(&self, role: &Assumed, group: &str, stream: &str, looks: bool) -> Result<(), Denied> {
        // What IAM is asked about is a stream also where the stream is not known: its name is empty then.
        let arn = |stream: &str| role.authority().arn("logs", &format!("log-group:{group}:log-stream:{stream}"));
        let known = self.shared.groups.look(&key(group), |group| group.streams.contains_key(stream));
        if known.is_none() {
            role.may("logs:CreateLogGroup", &arn(""))?;
        }
        if looks {
            role.may("logs:DescribeLogStreams", &arn(""))?;
        }
        if known != Some(true) {
            role.may("logs:CreateLogStream", &arn(stream))?;
        }
        role.may("logs:PutLogEvents", &arn(stream))
    }

    pub(super) fn clock(&self) -> &SharedClock {
        &self.shared.clock
    }

    pub(super) fn group(&self, name: &str) -> Option<Group> {
        self.shared.groups.get(&key(name))
    }

    /// Groups in the order of their names.
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut groups = self.shared.groups.collect(|group| Some(group.clone()));
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups
    }

    /// Makes a group. Gives false when it exists.
    pub(super) fn create_group(&self, name: &str, tags: BTreeMap<String, String>) -> ServiceResult<bool> {
        let _one = self.shared.writing.lock();
        self.make_group(name, tags)
    }

    fn make_group(&self, name: &str, tags: BTreeMap<String, String>) -> ServiceResult<bool> {
        if self.shared.groups.look(&key(name), |_| ()).is_some() {
            return Ok(false);
        }
        let group = Group { name: name.to_owned(), created: self.shared.clock.now(), retention: None, tags, streams: BTreeMap::new() };
        self.shared.groups.put(&key(name), group)?;
        Ok(true)
    }

    /// Changes a group. Gives false when it does not exist.
    pub(super) fn change_group(&self, name: &str, change: impl FnOnce(&mut Group)) -> ServiceResult<bool> {
        let exists = self.shared.groups.look(&key(name), |_| ()).is_some();
        self.shared.groups.change(&key(name), change)?;
        Ok(exists)
    }

    /// Removes a group with its streams. Gives false when it does not exist.
    pub(super) fn delete_group(&self, name: &str) -> ServiceResult<bool> {
        let _one = self.shared.writing.lock();
        let Some(group) = self.group(name) else { return Ok(false) };
        self.shared.groups.remove(&key(name))?;
        for stream in group.streams.values() {
            self.remove_file(&stream.file);
        }
        Ok(true)
    }

    /// Makes a stream in an existing group. Gives false when it exists.
    pub(super) fn create_stream(&self, group: &str, stream: &str) -> ServiceResult<bool> {
        let _one = self.shared.writing.lock();
        self.make_stream(group, stream)
    }

    fn make_stream(&self, group: &str, stream: &str) -> ServiceResult<bool> {
        let created = self.shared.clock.now();
        let known = self.shared.groups.look(&key(group), |group| group.streams.contains_key(stream)).unwrap_or(true);
        if !known {
            let file = format!("{}.jsonl", digest_text(&Sha256::digest(format!("{group}\u{1f}{stream}"))));
            self.shared.groups.change(&key(group), |group| {
                group.streams.insert(stream.to_owned(), Stream { created, file });
            })?;
        }
        Ok(!known)
    }

    /// Removes a stream. Gives false when it does not exist.
    pub(super) fn delete_stream(&self, group: &str, stream: &str) -> ServiceResult<bool> {
        let _one = self.shared.writing.lock();
        let mut removed = None;
        self.shared.groups.change(&key(group), |group| removed = group.streams.remove(stream))?;
        if let Some(stream) = &removed {
            self.remove_file(&stream.file);
        }
        Ok(removed.is_some())
    }

    /// Appends events to a stream, which is made with its group when it does not exist.
    pub(super) fn append(&self, group: &str, stream: &str, events: &[Event]) -> ServiceResult<()> {
        let _one = self.shared.writing.lock();
        self.make_group(group, BTreeMap::new())?;
        self.make_stream(group, stream)?;
        let file = self.shared.groups.look(&key(group), |group| group.streams.get(stream).map(|stream| stream.file.clone())).flatten();
        let Some(file) = file else { return Ok(()) };
        let mut text = Vec::new();
        for event in events {
            // An event is a number and a text, which always have a JSON form.
            if serde_json::to_writer(&mut text, event).is_ok() {
                text.push(b'\n');
            }
        }
        let path = self.shared.directory.join(file);
        let written = std::fs::OpenOptions::new().create(true).append(true).open(&path).and_then(|mut file| file.write_all(&text));
        written.map_err(|source| crate::local::services::kept::internal(&StoreError::Io { path, source }))
    }

    /// The events of a stream in the order in which they were written; one that a kill cut short is left out.
    pub(super) fn events(&self, stream: &Stream) -> Vec<Event> {
        let Ok(content) = std::fs::read(self.shared.directory.join(&stream.file)) else { return Vec::new() };
        content.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    fn remove_file(&self, file: &str) {
        // A stream without events has no file.
        if let Err(error) = std::fs::remove_file(self.shared.directory.join(file))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the events of a removed log stream stay on disk");
        }
    }
}

/// The document of a group.
fn key(group: &str) -> String {
    digest_text(&Sha256::digest(group))
}

/// Writes lines to one stream. What cannot be written is told in the program's own log: a job does not fail for it.
#[derive(Clone)]
pub struct LogWriter {
    store: LogStore,
    group: String,
    stream: String,
    /// Whether nothing is written.
    mute: bool,
}

impl LogWriter {
    /// Writes a line.
    pub fn line(&self, text: impl Into<String>) {
        self.lines([text.into()]);
    }

    /// Writes lines, all with the same time.
    pub fn lines(&self, texts: impl IntoIterator<Item = String>) {
        if self.mute {
            return;
        }
        let at = self.store.shared.clock.now().timestamp_millis();
        let events: Vec<Event> = texts.into_iter().map(|text| Event { at, text }).collect();
        if let Err(error) = self.store.append(&self.group, &self.stream, &events) {
            tracing::warn!(%error, group = self.group, "log lines could not be written");
        }
    }
}

impl std::fmt::Debug for LogStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogStore").field("directory", &self.shared.directory).finish()
    }
}

//! The index of one bucket: which immutable file holds each key.
//!
//! On disk it is a snapshot (`index.json`) and a journal of the changes since (`journal-<generation>`), one change a line. A change is
//! one appended line, so it is there or not; a line that a kill cut short is ignored. When the journal has grown, a new snapshot with
//! the next generation is renamed into place, which makes the old journal void in the same instant.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ObjectMeta;
use crate::local::store::{Store, StoreError};

/// Where an object is and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Name of the file in the bucket's `content` directory.
    pub(super) file: String,
    /// Meta data.
    #[serde(flatten)]
    pub(super) meta: ObjectMeta,
}

/// One change of a bucket; everything in it happens or nothing.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Change {
    /// Objects that are written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) put: BTreeMap<String, Entry>,
    /// Keys that are removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) delete: Vec<String>,
    /// Settings of the bucket that are made, or removed by `None`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) settings: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Snapshot {
    generation: u64,
    created: DateTime<Utc>,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    objects: BTreeMap<String, Entry>,
}

/// A bucket: its snapshot in memory with the changes applied, and the journal that is open for appending.
pub(super) struct Bucket {
    directory: PathBuf,
    state: Snapshot,
    journal: Option<File>,
    journalled: usize,
}

/// A journal is folded into a new snapshot when it has this many changes and more of them than objects.
const FOLD_AFTER: usize = 256;

impl Bucket {
    /// Makes the bucket's directory. The snapshot is written last: a directory without one is not a bucket.
    pub(super) fn create(store: &Store, directory: PathBuf, created: DateTime<Utc>) -> Result<Self, StoreError> {
        let content = directory.join("content");
        std::fs::create_dir_all(&content).map_err(|source| StoreError::Io { path: content, source })?;
        let state = Snapshot { generation: 0, created, settings: BTreeMap::new(), objects: BTreeMap::new() };
        save(store, &directory, &state)?;
        Ok(Bucket { directory, state, journal: None, journalled: 0 })
    }

    /// Reads a bucket; `None` when the directory has no snapshot.
    pub(super) fn open(store: &Store, directory: PathBuf) -> Result<Option<Self>, StoreError> {
        let path = directory.join("index.json");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        let state: Snapshot = serde_json::from_slice(&bytes).map_err(|source| StoreError::Format { path, source })?;
        let mut bucket = Bucket { directory, state, journal: None, journalled: 0 };
        bucket.replay(store)?;
        Ok(Some(bucket))
    }

    fn journal_path(&self) -> PathBuf {
        self.directory.join(format!("journal-{}", self.state.generation))
    }

    fn replay(&mut self, store: &Store) -> Result<(), StoreError> {
        let path = self.journal_path();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        for line in bytes[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let change: Change = serde_json::from_slice(line).map_err(|source| StoreError::Format { path: path.clone(), source })?;
            apply(&mut self.state, change);
            self.journalled += 1;
        }
        if whole < bytes.len() {
            // A kill cut the last line short; appending after it would spoil the next change.
            self.fold(store)?;
        }
        Ok(())
    }

    /// Makes a change durable and then visible; gives the files that no longer belong to an object.
    pub(super) fn change(&mut self, store: &Store, change: Change) -> Result<Vec<PathBuf>, StoreError> {
        let path = self.journal_path();
        let failed = |source| StoreError::Io { path: path.clone(), source };
        let mut line = serde_json::to_vec(&change).map_err(|source| StoreError::Format { path: path.clone(), source })?;
        line.push(b'\n');
        let mut journal = match self.journal.take() {
            Some(journal) => journal,
            None => OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(failed)?,
        };
        if let Err(error) = journal.write_all(&line) {
            // What reached the disk may be half a line: the next change starts from a fresh snapshot instead of appending to it.
            self.fold(store)?;
            return Err(failed(error));
        }
        self.journal = Some(journal);
        self.journalled += 1;
        let unused = apply(&mut self.state, change);
        let unused = unused.into_iter().map(|file| self.content(&file)).collect();
        if self.journalled > FOLD_AFTER.max(self.state.objects.len()) {
            self.fold(store)?;
        }
        Ok(unused)
    }

    fn fold(&mut self, store: &Store) -> Result<(), StoreError> {
        let old = self.journal_path();
        let mut next = self.state.clone();
        next.generation += 1;
        save(store, &self.directory, &next)?;
        self.state = next;
        self.journal = None;
        self.journalled = 0;
        match std::fs::remove_file(&old) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StoreError::Io { path: old, source }),
            _ => Ok(()),
        }
    }

    /// Removes content that no object names and journals of other generations: what a kill left behind.
    pub(super) fn remove_orphans(&self) -> Result<(), StoreError> {
        let content = self.directory.join("content");
        let known: std::collections::HashSet<&str> = self.state.objects.values().map(|entry| entry.file.as_str()).collect();
        remove_unless(&content, |name| known.contains(name))?;
        let journal = format!("journal-{}", self.state.generation);
        remove_unless(&self.directory, |name| name == "content" || name == "index.json" || name == journal)
    }

    pub(super) fn content(&self, file: &str) -> PathBuf {
        self.directory.join("content").join(file)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn created(&self) -> DateTime<Utc> {
        self.state.created
    }

    pub(super) fn objects(&self) -> &BTreeMap<String, Entry> {
        &self.state.objects
    }

    pub(super) fn settings(&self) -> &BTreeMap<String, String> {
        &self.state.settings
    }
}

fn save(store: &Store, directory: &Path, state: &Snapshot) -> Result<(), StoreError> {
    let path = directory.join("index.json");
    let bytes = serde_json::to_vec(state).map_err(|source| StoreError::Format { path: path.clone(), source })?;
    store.replace(&path, &bytes)
}

/// Applies a change and gives the names of the files that are no longer used.
fn apply(state: &mut Snapshot, change: Change) -> Vec<String> {
    let mut unused = Vec::new();
    for key in change.delete {
        unused.extend(state.objects.remove(&key).map(|entry| entry.file));
    }
    for (key, entry) in change.put {
        unused.extend(state.objects.insert(key, entry).map(|entry| entry.file));
    }
    for (name, value) in change.settings {
        match value {
            Some(value) => state.settings.insert(name, value),
            None => state.settings.remove(&name),
        };
    }
    unused
}

fn remove_unless(directory: &Path, keep: impl Fn(&str) -> bool) -> Result<(), StoreError> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(StoreError::Io { path: directory.to_owned(), source }),
    };
    for entry in entries {
        let entry = entry.map_err(|source| StoreError::Io { path: directory.to_owned(), source })?;
        if entry.file_name().to_str().is_none_or(|name| !keep(name)) {
            let path = entry.path();
            std::fs::remove_file(&path).map_err(|source| StoreError::Io { path, source })?;
        }
    }
    Ok(())
}

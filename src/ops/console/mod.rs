//! What the SQL console keeps on disk: its tabs and the statements that were left running, the history, saved queries, the catalog as it
//! was last read.
//!
//! Everything is beside the embedded account in the state directory, in a directory of its own. One process at a time may write the tabs:
//! the one that holds its lock; another one starts with an empty tab and leaves them alone. Documents are replaced by renames, the
//! history grows by whole lines, so that a kill at any moment loses nothing but the last second.

pub mod history;
pub mod saved;
pub mod workspace;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::query::QueryEngine;
use crate::config::Settings;
use crate::ops::catalog::Catalog;

/// Directory of the console in the state directory.
const DIRECTORY: &str = "console";

/// Where the console keeps its things. Cheap to make; only [`Store::lock`] touches the disk.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
    queries: PathBuf,
}

/// The right to write the tabs, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct WriteLock {
    _file: File,
}

impl Store {
    /// The store of these settings; `None` without a state directory.
    pub fn of(settings: &Settings) -> Option<Store> {
        let root = settings.local.state_dir.as_ref()?;
        let queries = match settings.sql.queries_dir.as_str() {
            "" => root.join("queries"),
            path => PathBuf::from(path),
        };
        Some(Store { directory: root.join(DIRECTORY), queries })
    }

    /// Takes the right to write the tabs; `None` when another process has it.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn lock(&self) -> io::Result<Option<WriteLock>> {
        std::fs::create_dir_all(&self.directory)?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(self.directory.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(WriteLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The catalog of an engine as it was last read on an account.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn catalog(&self, account: &str, engine: QueryEngine) -> io::Result<Option<Catalog>> {
        load(&self.catalog_file(account, engine))
    }

    /// Keeps a catalog.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_catalog(&self, account: &str, engine: QueryEngine, catalog: &Catalog) -> io::Result<()> {
        save(&self.catalog_file(account, engine), catalog)
    }

    fn catalog_file(&self, account: &str, engine: QueryEngine) -> PathBuf {
        // An account id and a region, of which nothing can be more than a name.
        let account: String = account.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        self.directory.join(format!("catalog-{account}-{}.json", engine.title().to_lowercase()))
    }
}

/// Reads a document; one that is not there is `None`.
pub(super) fn load<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| named(path, io::Error::other(error))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(named(path, error)),
    }
}

/// Replaces a document by a rename.
pub(super) fn save<T: Serialize>(path: &Path, document: &T) -> io::Result<()> {
    let bytes = serde_json::to_vec_pretty(document).map_err(io::Error::other)?;
    replace(path, &bytes)
}

/// Replaces a file by a rename.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|error| named(path, error))?;
    let mut file = tempfile::NamedTempFile::new_in(parent).map_err(|error| named(path, error))?;
    file.write_all(bytes).map_err(|error| named(path, error))?;
    file.as_file().sync_data().map_err(|error| named(path, error))?;
    file.persist(path).map_err(|error| named(path, error.error))?;
    Ok(())
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

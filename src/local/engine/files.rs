//! The immutable files of tables: named, leased while somebody reads them, removed when neither a catalog nor a reader needs them.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::error;
use super::{SqlError, catalog::DataFile};

/// The directory of table files. Clones share it.
#[derive(Clone, Debug)]
pub struct Files {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    /// Part of every new name, so that a name is never used twice, not even after a restart.
    generation: String,
    next: AtomicU64,
    leases: Mutex<HashMap<String, Weak<Lease>>>,
}

/// Keeps a file on disk while it is held.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    obsolete: AtomicBool,
}

impl Lease {
    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.obsolete.load(Ordering::Acquire) {
            remove(&self.path);
        }
    }
}

/// Removes a file that nothing names any more. One that cannot be removed is only space: the next start tries again.
fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "could not remove an unused table file");
    }
}

impl Files {
    /// The files of `directory`, after removing those that are not in `known`.
    pub fn open(directory: PathBuf, known: &HashSet<&str>) -> Result<Self, SqlError> {
        let entries = fs::read_dir(&directory).map_err(|error| error::disk(&directory, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| error::disk(&directory, &error))?;
            let name = entry.file_name();
            if !name.to_str().is_some_and(|name| known.contains(name)) {
                remove(&entry.path());
            }
        }
        let generation = uuid::Uuid::new_v4().simple().to_string();
        let inner = Inner { directory, generation, next: AtomicU64::new(0), leases: Mutex::default() };
        Ok(Files { inner: Arc::new(inner) })
    }

    /// A name for a new file, and its path.
    pub fn create(&self) -> (String, PathBuf) {
        let number = self.inner.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number:06}.parquet", self.inner.generation);
        let path = self.inner.directory.join(&name);
        (name, path)
    }

    /// Keeps a file while it is read.
    pub fn lease(&self, file: &DataFile) -> Arc<Lease> {
        let mut leases = self.inner.leases.lock();
        if let Some(lease) = leases.get(&file.name).and_then(Weak::upgrade) {
            return lease;
        }
        leases.retain(|_, lease| lease.strong_count() > 0);
        let lease = Arc::new(Lease { path: self.inner.directory.join(&file.name), obsolete: AtomicBool::new(false) });
        leases.insert(file.name.clone(), Arc::downgrade(&lease));
        lease
    }

    /// Removes files that no catalog names any more: at once, or when their last reader is done.
    pub fn discard<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        let mut leases = self.inner.leases.lock();
        for name in names {
            match leases.remove(name).and_then(|lease| lease.upgrade()) {
                Some(lease) => lease.obsolete.store(true, Ordering::Release),
                None => remove(&self.inner.directory.join(name)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn file(files: &Files) -> DataFile {
        let (name, path) = files.create();
        fs::write(path, b"rows").unwrap();
        DataFile { name, rows: 1, bytes: 4 }
    }

    #[test]
    fn opening_removes_what_no_catalog_names() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("kept.parquet"), b"").unwrap();
        fs::write(directory.path().join("orphan.parquet"), b"").unwrap();
        Files::open(directory.path().to_owned(), &HashSet::from(["kept.parquet"])).unwrap();
        assert!(directory.path().join("kept.parquet").exists());
        assert!(!directory.path().join("orphan.parquet").exists());
    }

    #[test]
    fn a_file_that_is_being_read_goes_with_its_last_reader() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::open(directory.path().to_owned(), &HashSet::new()).unwrap();
        let (idle, read) = (file(&files), file(&files));
        let (first, second) = (files.lease(&read), files.lease(&read));
        let path = first.path().to_owned();
        files.discard([idle.name.as_str(), read.name.as_str()]);
        assert!(!directory.path().join(&idle.name).exists());
        drop(first);
        assert!(path.exists());
        drop(second);
        assert!(!path.exists());
    }
}

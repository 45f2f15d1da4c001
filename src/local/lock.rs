//! Who owns a state directory: one process at a time, told by a lock on the file `lock` in it.
//!
//! The operating system releases the lock when the process ends, however it ends. The file's content (process id, socket) is for the
//! others; it is meaningful only while the lock is held.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::store::StoreError;

/// What the owner of a state directory says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerRecord {
    /// Its process id.
    pub pid: u32,
    /// The Unix socket that it listens on.
    pub socket: PathBuf,
}

/// Whether a process has used `directory` as its state directory and ended without removing it.
pub fn is_left(directory: &Path) -> bool {
    let used = directory.join("lock").exists();
    used && matches!(Lock::acquire(directory), Ok(Locking::Ours(_)))
}

/// The lock, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// What trying to lock a state directory gave.
#[derive(Debug)]
pub enum Locking {
    /// This process owns it now.
    Ours(Lock),
    /// Another one does; `None` when it has not said yet who it is.
    Theirs(Option<OwnerRecord>),
}

impl Lock {
    /// Tries to lock `directory`, which must exist.
    pub fn acquire(directory: &Path) -> Result<Locking, StoreError> {
        let path = directory.join("lock");
        let failed = |source| StoreError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                // Until the new owner has said who it is, nobody must read the name of the last one.
                file.set_len(0).map_err(failed)?;
                Ok(Locking::Ours(Lock { file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text).map_err(failed)?;
                Ok(Locking::Theirs(serde_json::from_str(&text).ok()))
            }
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Tells others who owns the directory.
    pub fn announce(&mut self, owner: &OwnerRecord) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&serde_json::to_vec(owner)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_directory_is_left_once_nobody_holds_it() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!is_left(directory.path()), "nobody has ever used it");
        let Locking::Ours(lock) = Lock::acquire(directory.path()).unwrap() else { panic!("not ours") };
        assert!(!is_left(directory.path()));
        drop(lock);
        assert!(is_left(directory.path()));
    }

    #[test]
    fn the_second_one_learns_who_is_first_and_is_next() {
        let directory = tempfile::tempdir().unwrap();
        let Locking::Ours(mut lock) = Lock::acquire(directory.path()).unwrap() else { panic!("not ours") };
        assert!(matches!(Lock::acquire(directory.path()).unwrap(), Locking::Theirs(None)));
        let owner = OwnerRecord { pid: 7, socket: "/s".into() };
        lock.announce(&owner).unwrap();
        assert!(matches!(Lock::acquire(directory.path()).unwrap(), Locking::Theirs(Some(found)) if found == owner));
        drop(lock);
        assert!(matches!(Lock::acquire(directory.path()).unwrap(), Locking::Ours(_)));
        assert!(
            matches!(Lock::acquire(directory.path()).unwrap(), Locking::Ours(_)),
            "the content of a lock file that is free says nothing"
        );
    }
}

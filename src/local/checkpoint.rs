//! Named states of an embedded account, and the way back to a fresh one.
//!
//! The account is the directory `account` of the state directory; a checkpoint is a copy of it under `checkpoints/<name>`. Files that
//! never change once they are written (objects, Parquet files of tables, kept results) are shared by hard links, so a checkpoint costs
//! little and takes well under a second. The account is replaced by renames, which a kill can interrupt only between two states that
//! `recover` understands.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::LocalError;
use super::lock::{Lock, Locking};
use super::store::{Store, StoreError};
use crate::demo::clock::SharedClock;

/// A named state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its name.
    pub name: String,
    /// When it was saved.
    pub created: DateTime<Utc>,
    /// Files in it.
    pub files: u64,
    /// Their size in bytes, shared ones counted too.
    pub bytes: u64,
}

/// The directory of the account in a state directory.
pub(super) fn account_directory(state_dir: &Path) -> PathBuf {
    state_dir.join("account")
}

/// Saves the account under a name, replacing a checkpoint of that name.
pub fn save(state_dir: &Path, name: &str, clock: &SharedClock) -> Result<Checkpoint, LocalError> {
    check_name(name)?;
    let _lock = exclusive(state_dir)?;
    recover(state_dir)?;
    let account = account_directory(state_dir);
    if !account.exists() {
        return Err(LocalError::Checkpoint("there is nothing to save: the embedded account has not been used yet".into()));
    }
    let store = Store::open(state_dir.join("checkpoints"))?;
    let building = store.root().join(".building");
    remove(&building)?;
    let mut checkpoint = Checkpoint { name: name.to_owned(), created: clock.now(), files: 0, bytes: 0 };
    copy_tree(&account, &building.join("account"), &mut checkpoint)?;
    store.save(".building/checkpoint", &checkpoint)?;
    let place = store.root().join(name);
    let replaced = store.root().join(".replaced");
    remove(&replaced)?;
    if place.exists() {
        rename(&place, &replaced)?;
    }
    rename(&building, &place)?;
    remove(&replaced)?;
    Ok(checkpoint)
}

/// Makes the account what it was when `name` was saved.
pub fn restore(state_dir: &Path, name: &str) -> Result<Checkpoint, LocalError> {
    check_name(name)?;
    let _lock = exclusive(state_dir)?;
    recover(state_dir)?;
    let place = state_dir.join("checkpoints").join(name);
    let store = Store::open(state_dir.join("checkpoints"))?;
    let Some(checkpoint) = store.load::<Checkpoint>(&format!("{name}/checkpoint"))? else {
        let known: Vec<_> = list(state_dir)?.into_iter().map(|checkpoint| checkpoint.name).collect();
        let known = if known.is_empty() { "there is none".to_owned() } else { format!("there are {}", known.join(", ")) };
        return Err(LocalError::Checkpoint(format!("there is no checkpoint `{name}`; {known}")));
    };
    let building = state_dir.join("account.building");
    let mut count = Checkpoint { files: 0, bytes: 0, ..checkpoint.clone() };
    copy_tree(&place.join("account"), &building, &mut count)?;
    rename(&building, &state_dir.join("account.new"))?;
    swap(state_dir)?;
    Ok(checkpoint)
}

/// The checkpoints of a state directory, oldest first.
pub fn list(state_dir: &Path) -> Result<Vec<Checkpoint>, LocalError> {
    let directory = state_dir.join("checkpoints");
    let failed = |source| StoreError::Io { path: directory.clone(), source };
    let entries = match fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(source).into()),
    };
    let store = Store::open(&directory)?;
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if let Some(name) = name.to_str().filter(|name| check_name(name).is_ok()) {
            found.extend(store.load::<Checkpoint>(&format!("{name}/checkpoint"))?);
        }
    }
    found.sort_by(|a, b| (a.created, &a.name).cmp(&(b.created, &b.name)));
    Ok(found)
}

/// Back to a fresh account. Checkpoints stay.
pub fn reset(state_dir: &Path) -> Result<(), LocalError> {
    if !state_dir.exists() {
        return Ok(());
    }
    let _lock = exclusive(state_dir)?;
    recover(state_dir)?;
    let (account, old) = (account_directory(state_dir), state_dir.join("account.old"));
    if account.exists() {
        rename(&account, &old)?;
    }
    remove(&old)
}

/// Finishes what a kill interrupted. The caller holds the lock.
pub(super) fn recover(state_dir: &Path) -> Result<(), LocalError> {
    let (account, new) = (account_directory(state_dir), state_dir.join("account.new"));
    // `account.new` has its name only when it is complete: whether the old account was already set aside decides nothing.
    if new.exists() {
        if account.exists() { swap(state_dir)? } else { rename(&new, &account)? }
    }
    remove(&state_dir.join("account.building"))?;
    remove(&state_dir.join("account.old"))
}

/// Puts `account.new` in the place of `account`.
fn swap(state_dir: &Path) -> Result<(), LocalError> {
    let (account, old) = (account_directory(state_dir), state_dir.join("account.old"));
    remove(&old)?;
    if account.exists() {
        rename(&account, &old)?;
    }
    rename(&state_dir.join("account.new"), &account)?;
    remove(&old)
}

fn exclusive(state_dir: &Path) -> Result<Lock, LocalError> {
    Store::open(state_dir)?;
    match Lock::acquire(state_dir)? {
        Locking::Ours(lock) => Ok(lock),
        Locking::Theirs(owner) => Err(LocalError::InUse { state_dir: state_dir.to_owned(), pid: owner.map(|owner| owner.pid) }),
    }
}

/// A checkpoint's name is the name of a directory.
fn check_name(name: &str) -> Result<(), LocalError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=64).contains(&name.len()) && !name.starts_with(['.', '-']) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(LocalError::Checkpoint(format!(
        "`{name}` cannot be the name of a checkpoint: use up to 64 letters, digits, `-`, `_` and `.`, beginning with a letter, a digit or `_`"
    )))
}

/// Whether a file is never changed in place, so that two trees may share it. Journals and the like are appended to.
fn immutable(path: &Path) -> bool {
    let content = path.parent().and_then(Path::file_name).is_some_and(|directory| directory == "content");
    content || path.extension().is_some_and(|extension| extension == "parquet" || extension == "arrow")
}

fn copy_tree(from: &Path, to: &Path, count: &mut Checkpoint) -> Result<(), LocalError> {
    Store::open(to)?;
    for entry in fs::read_dir(from).map_err(|source| io_error(from, source))? {
        let entry = entry.map_err(|source| io_error(from, source))?;
        let (source_path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(|source| io_error(&source_path, source))?;
        if kind.is_dir() {
            copy_tree(&source_path, &target, count)?;
        } else if kind.is_file() {
            let shared = immutable(&source_path) && fs::hard_link(&source_path, &target).is_ok();
            if !shared {
                // Also where the file system has no hard links.
                fs::copy(&source_path, &target).map_err(|source| io_error(&target, source))?;
            }
            count.files += 1;
            count.bytes += entry.metadata().map_err(|source| io_error(&source_path, source))?.len();
        }
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<(), LocalError> {
    fs::rename(from, to).map_err(|source| io_error(to, source))
}

fn remove(path: &Path) -> Result<(), LocalError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io_error(path, source)),
        _ => Ok(()),
    }
}

fn io_error(path: &Path, source: io::Error) -> LocalError {
    LocalError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::os::unix::fs::MetadataExt;
    use std::sync::Arc;

    use super::*;
    use crate::demo::clock::FixedClock;

    fn clock() -> SharedClock {
        Arc::new(FixedClock(DateTime::from_timestamp(0, 0).unwrap()))
    }

    fn account(state_dir: &Path, text: &str) {
        let store = Store::open(account_directory(state_dir)).unwrap();
        store.save("services/iam", &text).unwrap();
        store.replace(&store.root().join("s3/b/content/1"), text.as_bytes()).unwrap();
        store.replace(&store.root().join("s3/b/journal-0"), text.as_bytes()).unwrap();
    }

    fn read(state_dir: &Path) -> Option<String> {
        fs::read_to_string(account_directory(state_dir).join("s3/b/journal-0")).ok()
    }

    #[test]
    fn a_saved_state_comes_back_and_shares_what_never_changes() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path();
        account(state, "one");
        let saved = save(state, "first", &clock()).unwrap();
        assert_eq!((saved.files, list(state).unwrap()), (3, vec![saved.clone()]));
        let links = |path: &str| fs::metadata(state.join(path)).unwrap().nlink();
        assert_eq!(links("account/s3/b/content/1"), 2);
        assert_eq!(links("account/s3/b/journal-0"), 1, "a journal is appended to");
        account(state, "two");
        restore(state, "first").unwrap();
        assert_eq!(read(state).as_deref(), Some("one"));
        reset(state).unwrap();
        assert_eq!(read(state), None);
        restore(state, "first").unwrap();
        assert_eq!(read(state).as_deref(), Some("one"));
        assert_eq!(fs::read_dir(state).unwrap().count(), 3, "account, checkpoints, lock");
    }

    #[test]
    fn saving_again_replaces() {
        let directory = tempfile::tempdir().unwrap();
        account(directory.path(), "one");
        save(directory.path(), "x", &clock()).unwrap();
        account(directory.path(), "two");
        save(directory.path(), "x", &clock()).unwrap();
        restore(directory.path(), "x").unwrap();
        assert_eq!(read(directory.path()).as_deref(), Some("two"));
        assert_eq!(list(directory.path()).unwrap().len(), 1);
    }

    #[test]
    fn a_kill_during_a_restore_leaves_the_old_or_the_new_account() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path();
        // While the copy is being made.
        account(state, "old");
        fs::create_dir(state.join("account.building")).unwrap();
        recover(state).unwrap();
        assert_eq!(read(state).as_deref(), Some("old"));
        // The copy is complete, the old account is in place, or set aside.
        for set_aside in [false, true] {
            account(state, "new");
            fs::rename(account_directory(state), state.join("account.new")).unwrap();
            account(state, "old");
            if set_aside {
                fs::rename(account_directory(state), state.join("account.old")).unwrap();
            }
            recover(state).unwrap();
            assert_eq!(read(state).as_deref(), Some("new"), "set aside: {set_aside}");
            assert!(!state.join("account.old").exists() && !state.join("account.new").exists());
        }
    }

    #[test]
    fn an_account_in_use_is_not_touched_and_its_owner_is_named() {
        let directory = tempfile::tempdir().unwrap();
        account(directory.path(), "one");
        let Locking::Ours(mut lock) = Lock::acquire(directory.path()).unwrap() else { panic!("taken") };
        lock.announce(&super::super::lock::OwnerRecord { pid: 4711, socket: PathBuf::new() }).unwrap();
        for refused in [reset(directory.path()).err(), save(directory.path(), "x", &clock()).err(), restore(directory.path(), "x").err()] {
            assert!(refused.unwrap().to_string().contains("4711"));
        }
        assert_eq!(read(directory.path()).as_deref(), Some("one"));
    }

    #[test]
    fn names_cannot_lead_elsewhere_and_unknown_ones_are_answered_with_the_known() {
        let directory = tempfile::tempdir().unwrap();
        account(directory.path(), "one");
        for name in ["", "..", "a/b", ".hidden", "-x", "ü", &"x".repeat(65)] {
            assert!(save(directory.path(), name, &clock()).is_err(), "{name}");
        }
        save(directory.path(), "known", &clock()).unwrap();
        assert!(restore(directory.path(), "unknown").unwrap_err().to_string().contains("known"));
    }
}

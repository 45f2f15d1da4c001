//! The state directory: documents that are replaced atomically, and immutable blobs.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A state directory that this process owns. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// Why state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or directory.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// A document is not what this version writes.
    #[error("{} is not a state file of this version: {source}", path.display())]
    Format {
        /// File.
        path: PathBuf,
        /// Reason.
        source: serde_json::Error,
    },
}

impl Store {
    /// A store at `root`, which is made when it does not exist.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        make_private(&root)?;
        Ok(Store { root })
    }

    /// The state directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A directory below the state directory, made when it does not exist. `name` may have slashes.
    pub fn directory(&self, name: &str) -> Result<PathBuf, StoreError> {
        let path = self.root.join(name);
        make_private(&path)?;
        Ok(path)
    }

    /// Reads the document `name` (`services/athena`), or `None` when it was never saved.
    pub fn load<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let path = self.document_path(name);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|source| StoreError::Format { path, source })
    }

    /// Replaces the document `name` in one rename: a reader, or the next start after a kill, sees the old or the new, never a part.
    pub fn save<T: Serialize>(&self, name: &str, document: &T) -> Result<(), StoreError> {
        let path = self.document_path(name);
        let bytes = serde_json::to_vec(document).map_err(|source| StoreError::Format { path: path.clone(), source })?;
        self.replace(&path, &bytes)
    }

    /// Writes `bytes` beside `path` and renames them into place. Parents are made.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let failed = |source| StoreError::Io { path: path.to_owned(), source };
        let parent = path.parent().unwrap_or(&self.root);
        make_private(parent)?;
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(parent).map_err(failed)?;
        io::Write::write_all(&mut file, bytes).map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Removes the document `name`; one that was never saved is not an error.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.document_path(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StoreError::Io { path, source }),
            _ => Ok(()),
        }
    }

    fn document_path(&self, name: &str) -> PathBuf {
        self.root.join(format!("{name}.json"))
    }
}

/// Makes a directory that only its user may read: secrets of the embedded account are in it. One that exists is left as it is.
fn make_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StoreError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_document_is_replaced_whole_and_is_readable_by_its_user_only() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("state")).unwrap();
        assert_eq!(store.load::<Vec<u8>>("services/iam").unwrap(), None);
        store.save("services/iam", &vec![1]).unwrap();
        store.save("services/iam", &vec![2]).unwrap();
        assert_eq!(store.load("services/iam").unwrap(), Some(vec![2]));
        let mode = |path: &str| std::fs::metadata(store.root().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(""), mode("services"), mode("services/iam.json")), (0o700, 0o700, 0o600));
        assert_eq!(std::fs::read_dir(store.root().join("services")).unwrap().count(), 1, "no temporary file stays");
        store.remove("services/iam").unwrap();
        store.remove("services/iam").unwrap();
        assert_eq!(store.load::<Vec<u8>>("services/iam").unwrap(), None);
    }

    #[test]
    fn a_damaged_document_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        std::fs::write(directory.path().join("x.json"), "{").unwrap();
        let error = store.load::<Vec<u8>>("x").unwrap_err().to_string();
        assert!(error.contains("x.json") && error.contains("not a state file"), "{error}");
    }
}

//! The access keys that callers sign with: one pair of the account, and those that its STS and IAM have given out.
//!
//! Each key is a document of the state directory that only its user can read. A reset of the account leaves them, as a fresh account on AWS
//! leaves the keys of whoever asked for it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::local::store::{Store, StoreError};

/// Letters of a key id, as AWS writes them.
const ID_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters of a secret: none that a shell or a URL would read as something else.
const SECRET_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// The document of the account's own key.
const OWN: &str = "own";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The state directory cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gave no randomness.
    #[error("no randomness from the system: {0}")]
    Random(String),
}

/// An access key.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// Its id, `AKIA…` or `ASIA…`.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
    /// The session token that has to come with it.
    pub token: Option<SecretString>,
    /// When it ends.
    pub expires: Option<DateTime<Utc>>,
}

impl AccessKey {
    /// A key without an end.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        AccessKey { id: id.into(), secret: SecretString::from(secret.into()), token: None, expires: None }
    }
}

/// A key as it is kept.
#[derive(Serialize, Deserialize)]
struct Document {
    id: String,
    secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<DateTime<Utc>>,
}

impl From<Document> for AccessKey {
    fn from(document: Document) -> Self {
        AccessKey {
            id: document.id,
            secret: SecretString::from(document.secret),
            token: document.token.map(SecretString::from),
            expires: document.expires,
        }
    }
}

impl From<&AccessKey> for Document {
    fn from(key: &AccessKey) -> Self {
        Document {
            id: key.id.clone(),
            secret: key.secret.expose_secret().to_owned(),
            token: key.token.as_ref().map(|token| token.expose_secret().to_owned()),
            expires: key.expires,
        }
    }
}

/// The keys of an account.
#[derive(Debug, Clone)]
pub struct Keys {
    store: Store,
    own: AccessKey,
}

impl Keys {
    /// The keys of a state directory. Its own key is `given`, or the one that is made the first time.
    ///
    /// # Errors
    /// When the state directory cannot be used or the system gives no randomness.
    pub fn open(state_dir: &Path, given: Option<AccessKey>) -> Result<Self, KeyError> {
        let store = Store::open(state_dir.join("keys"))?;
        let own = match given {
            Some(key) => key,
            None => own_key(&store)?,
        };
        Ok(Keys { store, own })
    }

    /// The state directory that they are kept in.
    pub fn state_dir(&self) -> &Path {
        self.store.root().parent().unwrap_or(self.store.root())
    }

    /// The account's own key.
    pub fn own(&self) -> &AccessKey {
        &self.own
    }

    /// The key with an id, unless nobody has been given it.
    ///
    /// # Errors
    /// When its document cannot be read.
    pub fn find(&self, id: &str) -> Result<Option<AccessKey>, StoreError> {
        if id == self.own.id {
            return Ok(Some(self.own.clone()));
        }
        if !is_id(id) {
            return Ok(None);
        }
        Ok(self.store.load::<Document>(id)?.map(AccessKey::from))
    }

    /// Accepts a key from now on that the account has given out.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn accept(&self, key: &AccessKey) -> Result<(), StoreError> {
        if is_id(&key.id) { self.store.save(&key.id, &Document::from(key)) } else { Ok(()) }
    }

    /// Accepts a key no longer.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget(&self, id: &str) -> Result<(), StoreError> {
        if is_id(id) { self.store.remove(id) } else { Ok(()) }
    }
}

/// Whether a text has the form of a key id, and is therefore no path.
fn is_id(text: &str) -> bool {
    (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The key that was made once. Two processes that make it at the same time get the same one: the second finds the document of the first.
fn own_key(store: &Store) -> Result<AccessKey, KeyError> {
    if let Some(document) = store.load::<Document>(OWN)? {
        return Ok(document.into());
    }
    let id = format!("AKIA{}", random_text(ID_LETTERS, 16)?);
    let key = AccessKey::new(id, random_text(SECRET_LETTERS, 40)?);
    let path: PathBuf = store.root().join(format!("{OWN}.json"));
    let failed = |source| StoreError::Io { path: path.clone(), source };
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(store.root()).map_err(failed)?;
    let bytes = serde_json::to_vec(&Document::from(&key)).map_err(|source| StoreError::Format { path: path.clone(), source })?;
    file.write_all(&bytes).map_err(failed)?;
    match file.persist_noclobber(&path) {
        Ok(_) => Ok(key),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => match store.load::<Document>(OWN)? {
            Some(document) => Ok(document.into()),
            None => Err(failed(error.error).into()),
        },
        Err(error) => Err(failed(error.error).into()),
    }
}

/// A text of letters by chance from the operating system's cryptographic source; every letter is as likely as another.
fn random_text(letters: &[u8], length: usize) -> Result<String, KeyError> {
    let most = 256 - 256 % letters.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        OsRng.try_fill_bytes(&mut bytes).map_err(|error| KeyError::Random(error.to_string()))?;
        let fair = bytes.iter().map(|&byte| usize::from(byte)).filter(|&byte| byte < most);
        text.extend(fair.take(length - text.len()).map(|byte| char::from(letters[byte % letters.len()])));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_user_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let first = Keys::open(directory.path(), None).unwrap();
        let again = Keys::open(directory.path(), None).unwrap();
        let secret = |keys: &Keys| keys.own().secret.expose_secret().to_owned();
        assert_eq!((&first.own().id, secret(&first)), (&again.own().id, secret(&again)));
        assert!(first.own().id.starts_with("AKIA") && first.own().id.len() == 20 && secret(&first).len() == 40);
        let mode = std::fs::metadata(directory.path().join("keys/own.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{first:?}").contains(&secret(&first)), "a key shows no secret");
        let other = Keys::open(&directory.path().join("other"), None).unwrap();
        assert_ne!(secret(&first), secret(&other));
    }

    #[test]
    fn a_given_key_takes_its_place_and_is_not_kept() {
        let directory = tempfile::tempdir().unwrap();
        let keys = Keys::open(directory.path(), Some(AccessKey::new("test", "test"))).unwrap();
        assert!(keys.find("test").unwrap().is_some());
        assert!(!directory.path().join("keys/own.json").exists());
    }

    #[test]
    fn keys_that_were_given_out_are_accepted_until_they_are_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let keys = Keys::open(directory.path(), None).unwrap();
        let id = "ASIAABCDEFGHIJKLMNOP";
        assert!(keys.find(id).unwrap().is_none());
        keys.accept(&AccessKey::new(id, "s")).unwrap();
        assert_eq!(keys.find(id).unwrap().unwrap().id, id);
        keys.forget(id).unwrap();
        assert!(keys.find(id).unwrap().is_none());
        for path in ["../../../etc/passwd", "own", "keys/own", ""] {
            assert!(keys.find(path).unwrap().is_none(), "{path}");
        }
    }
}

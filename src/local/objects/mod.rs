//! The objects of S3 on disk: immutable files under the state directory, named by an index. The S3 service is its HTTP face, and the
//! SQL engine and the jobs read and write through it directly.
//!
//! `s3/<bucket>/index.json` and its journal (`index`) name the files in `s3/<bucket>/content/`. Content is written first and named
//! second, in one step for any number of objects: a kill between the two leaves files that no index names, which the next
//! [`Objects::open`] removes. A replaced or deleted file stays for a while, so that a reader that has its path can finish.

mod index;
mod reader;
mod staged;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};

pub use staged::{Staged, Writer};

use super::store::{Store, StoreError};
use crate::demo::clock::SharedClock;
use index::{Bucket, Change, Entry};

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectMeta {
    /// Size in bytes.
    pub size: u64,
    /// Hex MD5 of the content, S3's entity tag of a simple upload.
    pub etag: String,
    /// When it was written.
    pub modified: DateTime<Utc>,
    /// `Content-Type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `x-amz-meta-*` without the prefix.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub user: BTreeMap<String, String>,
    /// The checksum that came with the upload: algorithm (`crc32`) and base64 value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<(String, String)>,
}

/// Why an object operation failed.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// No such bucket.
    #[error("the bucket `{0}` does not exist")]
    NoBucket(String),
    /// No such key.
    #[error("there is no object `s3://{bucket}/{key}`")]
    NoKey {
        /// Bucket.
        bucket: String,
        /// Key.
        key: String,
    },
    /// The bucket exists already.
    #[error("the bucket `{0}` exists already")]
    BucketExists(String),
    /// The bucket still has objects.
    #[error("the bucket `{0}` is not empty")]
    NotEmpty(String),
    /// S3's rules do not allow the name.
    #[error("`{0}` is not a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, a letter or digit at both ends")]
    BucketName(String),
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How long a file outlives its object, in seconds: longer than any scan of it takes to open its files.
const GRACE_SECONDS: i64 = 60;

struct Inner {
    store: Store,
    root: PathBuf,
    clock: SharedClock,
    buckets: RwLock<BTreeMap<String, Bucket>>,
    /// Files without an object, and since when.
    unused: Mutex<Vec<(DateTime<Utc>, PathBuf)>>,
}

/// The buckets and objects of the account. Clones share them.
#[derive(Clone)]
pub struct Objects {
    inner: Arc<Inner>,
}

impl Objects {
    /// Opens the objects of `store` and removes what a kill left behind.
    pub fn open(store: &Store, clock: SharedClock) -> Result<Self, ObjectError> {
        let root = store.directory("s3")?;
        let mut buckets = BTreeMap::new();
        let failed = |source| StoreError::Io { path: root.clone(), source };
        for entry in std::fs::read_dir(&root).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            match Bucket::open(store, path.clone())? {
                Some(bucket) if valid_bucket_name(&name) => {
                    bucket.remove_orphans()?;
                    buckets.insert(name, bucket);
                }
                // A bucket whose creation or removal was cut short.
                _ => remove_tree(&path)?,
            }
        }
        let inner = Inner { store: store.clone(), root, clock, buckets: RwLock::new(buckets), unused: Mutex::default() };
        Ok(Objects { inner: Arc::new(inner) })
    }

    /// Makes a bucket.
    pub fn create_bucket(&self, bucket: &str) -> Result<(), ObjectError> {
        if !valid_bucket_name(bucket) {
            return Err(ObjectError::BucketName(bucket.to_owned()));
        }
        let mut buckets = self.inner.buckets.write();
        if buckets.contains_key(bucket) {
            return Err(ObjectError::BucketExists(bucket.to_owned()));
        }
        let made = Bucket::create(&self.inner.store, self.inner.root.join(bucket), self.inner.clock.now())?;
        buckets.insert(bucket.to_owned(), made);
        Ok(())
    }

    /// Removes an empty bucket.
    pub fn delete_bucket(&self, bucket: &str) -> Result<(), ObjectError> {
        let mut buckets = self.inner.buckets.write();
        let found = buckets.get(bucket).ok_or_else(|| ObjectError::NoBucket(bucket.to_owned()))?;
        if !found.objects().is_empty() {
            return Err(ObjectError::NotEmpty(bucket.to_owned()));
        }
        // Not a valid bucket name, so that a kill in the middle of the removal leaves something that the next start removes.
        let doomed = self.inner.root.join(format!(".deleted-{}", uuid::Uuid::new_v4().simple()));
        let directory = found.directory().to_owned();
        std::fs::rename(&directory, &doomed).map_err(|source| StoreError::Io { path: directory, source })?;
        buckets.remove(bucket);
        drop(buckets);
        remove_tree(&doomed)?;
        Ok(())
    }

    /// The buckets by name, with the time each was made.
    pub fn buckets(&self) -> Vec<(String, DateTime<Utc>)> {
        self.inner.buckets.read().iter().map(|(name, bucket)| (name.clone(), bucket.created())).collect()
    }

    /// Whether the bucket exists.
    pub fn has_bucket(&self, bucket: &str) -> bool {
        self.inner.buckets.read().contains_key(bucket)
    }

    /// The settings of a bucket by name (tags, public access block …), as the S3 service keeps them.
    pub fn bucket_settings(&self, bucket: &str) -> Result<BTreeMap<String, String>, ObjectError> {
        self.with_bucket(bucket, |found| Ok(found.settings().clone()))
    }

    /// Makes or removes a setting of a bucket.
    pub fn set_bucket_setting(&self, bucket: &str, name: &str, value: Option<String>) -> Result<(), ObjectError> {
        let settings = BTreeMap::from([(name.to_owned(), value)]);
        self.change(bucket, Change { settings, ..Change::default() })
    }

    /// Writes an object; a reader sees the old one or the new one.
    pub fn put(&self, bucket: &str, key: &str, body: impl AsRef<[u8]>, content_type: Option<&str>) -> Result<ObjectMeta, ObjectError> {
        let mut staged = self.stage(bucket, body)?;
        staged.content_type = content_type.map(ToOwned::to_owned);
        let mut written = self.publish(bucket, vec![(key.to_owned(), staged)])?;
        // `publish` gives one entry for each that it was given.
        written.pop().ok_or_else(|| ObjectError::NoKey { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// Writes several objects at once: a reader, or the next start after a kill, sees all of them or none.
    pub fn put_many<B: AsRef<[u8]>>(
        &self,
        bucket: &str,
        objects: impl IntoIterator<Item = (String, B)>,
    ) -> Result<Vec<ObjectMeta>, ObjectError> {
        let staged: Result<Vec<_>, _> =
            objects.into_iter().map(|(key, body)| self.stage(bucket, body).map(|staged| (key, staged))).collect();
        self.publish(bucket, staged?)
    }

    /// Writes content that has no key yet.
    pub fn stage(&self, bucket: &str, body: impl AsRef<[u8]>) -> Result<Staged, ObjectError> {
        let mut writer = self.writer(bucket)?;
        let body = body.as_ref();
        writer.write_all(body).map_err(|source| StoreError::Io { path: self.inner.root.join(bucket), source })?;
        Ok(writer.finish()?)
    }

    /// A writer for content that has no key yet, to be completed by [`Writer::finish`] and named by [`Objects::publish`].
    pub fn writer(&self, bucket: &str) -> Result<Writer, ObjectError> {
        let path = self.with_bucket(bucket, |found| Ok(found.content(&uuid::Uuid::new_v4().simple().to_string())))?;
        Ok(Writer::create(path)?)
    }

    /// Gives keys to staged content, all of them in one step, in the order given.
    pub fn publish(&self, bucket: &str, staged: Vec<(String, Staged)>) -> Result<Vec<ObjectMeta>, ObjectError> {
        let modified = self.inner.clock.now();
        let mut change = Change::default();
        let mut metas = Vec::with_capacity(staged.len());
        for (key, staged) in &staged {
            let meta = ObjectMeta {
                size: staged.size(),
                etag: staged.etag().to_owned(),
                modified,
                content_type: staged.content_type.clone(),
                user: staged.user.clone(),
                checksum: staged.checksum.clone(),
            };
            let file = staged.file().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            metas.push(meta.clone());
            change.put.insert(key.clone(), Entry { file, meta });
        }
        let named: std::collections::HashSet<String> = change.put.values().map(|entry| entry.file.clone()).collect();
        self.change(bucket, change)?;
        for (_, staged) in staged {
            // A key given twice: only its last content was named, the other is discarded.
            if staged.file().and_then(Path::file_name).and_then(|name| name.to_str()).is_some_and(|name| named.contains(name)) {
                staged.keep();
            }
        }
        Ok(metas)
    }

    /// Copies an object. The copy shares the bytes on disk. `replace` gives other meta data than the source's: content type and
    /// user meta data.
    pub fn copy(
        &self,
        from: (&str, &str),
        to: (&str, &str),
        replace: Option<(Option<String>, BTreeMap<String, String>)>,
    ) -> Result<ObjectMeta, ObjectError> {
        let (path, mut meta) = self.locate(from.0, from.1)?;
        if let Some((content_type, user)) = replace {
            meta.content_type = content_type;
            meta.user = user;
        }
        meta.modified = self.inner.clock.now();
        let file = uuid::Uuid::new_v4().simple().to_string();
        let target = self.with_bucket(to.0, |found| Ok(found.content(&file)))?;
        std::fs::hard_link(&path, &target).map_err(|source| StoreError::Io { path: target, source })?;
        let put = BTreeMap::from([(to.1.to_owned(), Entry { file, meta: meta.clone() })]);
        self.change(to.0, Change { put, ..Change::default() })?;
        Ok(meta)
    }

    /// Reads an object.
    pub fn get(&self, bucket: &str, key: &str) -> Result<(Bytes, ObjectMeta), ObjectError> {
        let (path, meta) = self.locate(bucket, key)?;
        let bytes = std::fs::read(&path).map_err(|source| StoreError::Io { path, source })?;
        Ok((bytes.into(), meta))
    }

    /// Reads the bytes `range` of an object; what lies beyond its end is left out.
    pub fn get_range(&self, bucket: &str, key: &str, range: std::ops::Range<u64>) -> Result<(Bytes, ObjectMeta), ObjectError> {
        let (path, meta) = self.locate(bucket, key)?;
        let end = range.end.min(meta.size);
        let failed = |source| StoreError::Io { path: path.clone(), source };
        let file = std::fs::File::open(&path).map_err(failed)?;
        let bytes = reader::read_range(&file, range.start.min(end)..end).map_err(failed)?;
        Ok((bytes, meta))
    }

    /// The meta data of an object.
    pub fn head(&self, bucket: &str, key: &str) -> Result<ObjectMeta, ObjectError> {
        self.locate(bucket, key).map(|(_, meta)| meta)
    }

    /// The immutable file that holds an object's content now.
    pub fn file(&self, bucket: &str, key: &str) -> Result<PathBuf, ObjectError> {
        self.locate(bucket, key).map(|(path, _)| path)
    }

    /// The objects whose key starts with `prefix`, in key order.
    pub fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<(String, ObjectMeta)>, ObjectError> {
        self.list_after(bucket, prefix, None, usize::MAX)
    }

    /// At most `limit` objects whose key starts with `prefix` and comes after `after`, in key order.
    pub fn list_after(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, ObjectMeta)>, ObjectError> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.with_bucket(bucket, |found| {
            let from = found.objects().range::<str, _>((start, Bound::Unbounded));
            let matching = from.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
            Ok(matching.map(|(key, entry)| (key.clone(), entry.meta.clone())).collect())
        })
    }

    /// Removes objects; one that does not exist is not an error, as in S3.
    pub fn delete(&self, bucket: &str, keys: &[&str]) -> Result<(), ObjectError> {
        let known: Vec<String> = self.with_bucket(bucket, |found| {
            Ok(keys.iter().filter(|key| found.objects().contains_key(**key)).map(|key| (*key).to_owned()).collect())
        })?;
        if known.is_empty() {
            return Ok(());
        }
        self.change(bucket, Change { delete: known, ..Change::default() })
    }

    /// The same objects as DataFusion and Parquet readers want them, for one bucket: `get`, `get_range`, `head`, `list` and `put`.
    pub fn object_store(&self, bucket: &str) -> Arc<dyn object_store::ObjectStore> {
        Arc::new(reader::BucketStore::new(self.clone(), bucket))
    }

    fn locate(&self, bucket: &str, key: &str) -> Result<(PathBuf, ObjectMeta), ObjectError> {
        self.with_bucket(bucket, |found| {
            let missing = || ObjectError::NoKey { bucket: bucket.to_owned(), key: key.to_owned() };
            let entry = found.objects().get(key).ok_or_else(missing)?;
            Ok((found.content(&entry.file), entry.meta.clone()))
        })
    }

    fn with_bucket<T>(&self, bucket: &str, read: impl FnOnce(&Bucket) -> Result<T, ObjectError>) -> Result<T, ObjectError> {
        let buckets = self.inner.buckets.read();
        read(buckets.get(bucket).ok_or_else(|| ObjectError::NoBucket(bucket.to_owned()))?)
    }

    fn change(&self, bucket: &str, change: Change) -> Result<(), ObjectError> {
        let unused = {
            let mut buckets = self.inner.buckets.write();
            let found = buckets.get_mut(bucket).ok_or_else(|| ObjectError::NoBucket(bucket.to_owned()))?;
            found.change(&self.inner.store, change)?
        };
        self.sweep(unused);
        Ok(())
    }

    /// Notes files that lost their object, and removes those whose time has come.
    fn sweep(&self, unused: Vec<PathBuf>) {
        let now = self.inner.clock.now();
        let mut waiting = self.inner.unused.lock();
        waiting.extend(unused.into_iter().map(|path| (now, path)));
        let due = waiting.partition_point(|(since, _)| now - *since >= TimeDelta::seconds(GRACE_SECONDS));
        for (_, path) in waiting.drain(..due) {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::debug!(path = %path.display(), %error, "unused content is left for the next start to remove");
            }
        }
    }
}

/// Splits `s3://bucket/key` into bucket and key; the key may be empty.
pub fn split_s3_uri(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("s3://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((bucket, key))
}

/// S3's rules for the names of buckets, as far as they can be checked on the name alone.
fn valid_bucket_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|&byte| allowed(byte))
        && ends(bytes.first())
        && ends(bytes.last())
        && !name.contains("..")
}

fn remove_tree(path: &Path) -> Result<(), StoreError> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StoreError::Io { path: path.to_owned(), source }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;

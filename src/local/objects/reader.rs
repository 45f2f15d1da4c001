//! One bucket as an [`object_store::ObjectStore`], for the readers and writers of DataFusion and Parquet.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use parking_lot::Mutex;

use super::{ObjectError, Objects};

/// Name that errors carry.
const STORE: &str = "s3";

/// How much of a file is read at once.
const CHUNK: u64 = 4 << 20;

/// One bucket of the embedded S3.
#[derive(Clone)]
pub(super) struct BucketStore {
    objects: Objects,
    bucket: Arc<str>,
}

impl BucketStore {
    pub(super) fn new(objects: Objects, bucket: &str) -> Self {
        BucketStore { objects, bucket: bucket.into() }
    }

    fn head_meta(&self, location: &Path) -> Result<super::ObjectMeta> {
        self.objects.head(&self.bucket, location.as_ref()).map_err(translate)
    }

    fn entries(&self, prefix: Option<&Path>) -> Result<Vec<ObjectMeta>> {
        // In this interface a prefix is a whole number of path segments.
        let prefix = match prefix.map(Path::as_ref) {
            None | Some("") => String::new(),
            Some(prefix) => format!("{prefix}/"),
        };
        let found = self.objects.list(&self.bucket, &prefix).map_err(translate)?;
        Ok(found.into_iter().filter_map(|(key, meta)| describe(&key, &meta)).collect())
    }
}

/// An object as this interface describes it, `None` for a key that it cannot express (`a//b`, `a/`).
fn describe(key: &str, meta: &super::ObjectMeta) -> Option<ObjectMeta> {
    let location = Path::parse(key).ok().filter(|location| location.as_ref() == key)?;
    Some(described(location, meta))
}

fn described(location: Path, meta: &super::ObjectMeta) -> ObjectMeta {
    ObjectMeta { location, last_modified: meta.modified, size: meta.size, e_tag: Some(meta.etag.clone()), version: None }
}

fn translate(error: ObjectError) -> Error {
    match error {
        ObjectError::NoKey { ref key, .. } => Error::NotFound { path: key.clone(), source: error.into() },
        ObjectError::NoBucket(ref bucket) => Error::NotFound { path: bucket.clone(), source: error.into() },
        other => Error::Generic { store: STORE, source: other.into() },
    }
}

fn generic(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Generic { store: STORE, source: error.into() }
}

/// Reads `range` of a file, which must lie within it.
pub(super) fn read_range(file: &File, range: Range<u64>) -> io::Result<Bytes> {
    let length = usize::try_from(range.end.saturating_sub(range.start)).map_err(io::Error::other)?;
    let mut buffer = vec![0; length];
    file.read_exact_at(&mut buffer, range.start)?;
    Ok(buffer.into())
}

impl fmt::Debug for BucketStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketStore").field("bucket", &self.bucket).finish()
    }
}

impl fmt::Display for BucketStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)
    }
}

#[async_trait]
impl ObjectStore for BucketStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        match opts.mode {
            PutMode::Overwrite => {}
            PutMode::Create if self.head_meta(location).is_err() => {}
            PutMode::Create => {
                let path = location.to_string();
                return Err(Error::AlreadyExists { source: format!("{self}/{path} exists").into(), path });
            }
            PutMode::Update(_) => return Err(Error::NotSupported { source: "conditional update".into() }),
        }
        let mut writer = self.objects.writer(&self.bucket).map_err(translate)?;
        for part in payload {
            io::Write::write_all(&mut writer, &part).map_err(generic)?;
        }
        let staged = writer.finish().map_err(generic)?;
        let e_tag = Some(staged.etag().to_owned());
        self.objects.publish(&self.bucket, vec![(location.to_string(), staged)]).map_err(translate)?;
        Ok(PutResult { e_tag, version: None })
    }

    async fn put_multipart_opts(&self, location: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Upload { store: self.clone(), location: location.clone(), parts: Arc::default(), started: 0 }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let (path, found) = self.objects.locate(&self.bucket, location.as_ref()).map_err(translate)?;
        let meta = described(location.clone(), &found);
        options.check_preconditions(&meta)?;
        let range = options.range.unwrap_or(GetRange::Offset(0));
        // An empty object has no valid range, but can be read.
        let range = if meta.size == 0 { 0..0 } else { range.as_range(meta.size).map_err(generic)? };
        let payload = if options.head {
            stream::empty().boxed()
        } else {
            let file = Arc::new(File::open(&path).map_err(generic)?);
            let (start, end) = (range.start, range.end);
            let chunks = (start..end).step_by(CHUNK as usize);
            stream::iter(chunks).map(move |at| read_range(&file, at..end.min(at + CHUNK)).map_err(generic)).boxed()
        };
        Ok(GetResult { payload: GetResultPayload::Stream(payload), meta, range, attributes: object_store::Attributes::default() })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let (path, meta) = self.objects.locate(&self.bucket, location.as_ref()).map_err(translate)?;
        let file = File::open(path).map_err(generic)?;
        let read = |range: &Range<u64>| {
            let range = GetRange::Bounded(range.clone()).as_range(meta.size).map_err(generic)?;
            read_range(&file, range).map_err(generic)
        };
        ranges.iter().map(read).collect()
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let delete = move |location: Result<Path>| {
            let location = location?;
            store.objects.delete(&store.bucket, &[location.as_ref()]).map_err(translate)?;
            Ok(location)
        };
        locations.map(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.entries(prefix) {
            Ok(entries) => stream::iter(entries.into_iter().map(Ok)).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let root = Path::default();
        let prefix = prefix.unwrap_or(&root);
        let mut common_prefixes = BTreeSet::new();
        let mut objects = Vec::new();
        for entry in self.entries(Some(prefix))? {
            let mut below = entry.location.prefix_match(prefix).into_iter().flatten();
            let first = below.next();
            let deeper = below.next().is_some();
            match first {
                Some(first) if deeper => {
                    common_prefixes.insert(prefix.clone().join(first));
                }
                _ => objects.push(entry.clone()),
            }
        }
        Ok(ListResult { objects, common_prefixes: common_prefixes.into_iter().collect() })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        if matches!(options.mode, CopyMode::Create) && self.head_meta(to).is_ok() {
            let path = to.to_string();
            return Err(Error::AlreadyExists { source: format!("{self}/{path} exists").into(), path });
        }
        self.objects.copy((&self.bucket, from.as_ref()), (&self.bucket, to.as_ref()), None).map_err(translate)?;
        Ok(())
    }
}

/// A multipart upload; its parts wait in memory until it is complete.
struct Upload {
    store: BucketStore,
    location: Path,
    parts: Arc<Mutex<Vec<Option<PutPayload>>>>,
    started: usize,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("location", &self.location).field("parts", &self.started).finish()
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let number = self.started;
        self.started += 1;
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            let mut parts = parts.lock();
            if parts.len() <= number {
                parts.resize(number + 1, None);
            }
            parts[number] = Some(data);
            Ok(())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let parts = std::mem::take(&mut *self.parts.lock());
        if parts.len() != self.started || parts.iter().any(Option::is_none) {
            return Err(generic("a part of the upload is missing"));
        }
        let payload: PutPayload = parts.into_iter().flatten().flatten().collect();
        self.store.put_opts(&self.location, payload, PutOptions::default()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.parts.lock().clear();
        self.started = 0;
        Ok(())
    }
}

//! Content on its way into a bucket: written to its final, unique file name, visible only when an index names it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use md5::{Digest, Md5};

use crate::local::store::StoreError;

/// Content that is being written. Dropping it without [`finish`](Writer::finish) removes the file.
pub struct Writer {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    digest: Md5,
    size: u64,
}

/// Content that is complete and waits for a key. Dropping it removes the file.
#[derive(Debug)]
pub struct Staged {
    path: Option<PathBuf>,
    size: u64,
    etag: String,
    /// `Content-Type` that the object will have.
    pub content_type: Option<String>,
    /// `x-amz-meta-*` that the object will have, without the prefix.
    pub user: BTreeMap<String, String>,
    /// Checksum that the uploader sent and that was verified: algorithm (`crc32`) and base64 value.
    pub checksum: Option<(String, String)>,
}

impl Writer {
    pub(super) fn create(path: PathBuf) -> Result<Self, StoreError> {
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
        let file = file.map_err(|source| StoreError::Io { path: path.clone(), source })?;
        Ok(Writer { path, file: Some(BufWriter::with_capacity(256 * 1024, file)), digest: Md5::new(), size: 0 })
    }

    /// Bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Completes the content.
    pub fn finish(mut self) -> Result<Staged, StoreError> {
        if let Some(mut file) = self.file.take()
            && let Err(source) = file.flush()
        {
            self.file = Some(file);
            return Err(StoreError::Io { path: self.path.clone(), source });
        }
        Ok(Staged {
            path: Some(std::mem::take(&mut self.path)),
            size: self.size,
            etag: hex(&std::mem::take(&mut self.digest).finalize()),
            content_type: None,
            user: BTreeMap::new(),
            checksum: None,
        })
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::BrokenPipe.into()) };
        file.write_all(bytes)?;
        self.digest.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            discard(&self.path);
        }
    }
}

impl Staged {
    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Hex MD5 of the content.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// Replaces the entity tag, for a multipart upload whose tag is not the MD5 of the content.
    #[must_use]
    pub fn with_etag(mut self, etag: String) -> Self {
        self.etag = etag;
        self
    }

    /// The file that holds the content while it waits.
    pub fn file(&self) -> Option<&std::path::Path> {
        self.path.as_deref()
    }

    /// The file now belongs to an index.
    pub(super) fn keep(mut self) -> Option<PathBuf> {
        self.path.take()
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            discard(&path);
        }
    }
}

/// Removes content that never became an object. A file that stays is removed when the objects are opened again.
fn discard(path: &std::path::Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::debug!(path = %path.display(), %error, "staged content is left for the next start to remove");
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

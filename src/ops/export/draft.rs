//! A file that appears when it is complete.

use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A new file beside its final name. It takes that name with [`Draft::keep`]; dropped before, it leaves nothing behind.
pub struct Draft {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl Draft {
    /// Begins a file.
    ///
    /// # Errors
    /// When the directory is not there or cannot be written.
    pub fn new(path: &Path) -> io::Result<Draft> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // 0666 less the umask, as any other program makes its files.
        let file = tempfile::Builder::new().prefix(".shiftdeck-").permissions(Permissions::from_mode(0o666)).tempfile_in(parent)?;
        Ok(Draft { file: BufWriter::with_capacity(1 << 17, file), path: path.to_owned() })
    }

    /// The name that it will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in the place of its final name, over what is there.
    ///
    /// # Errors
    /// When the last bytes cannot be written, or the name not be taken.
    pub fn keep(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Puts it in the place of its final name, unless there is something by now.
    ///
    /// # Errors
    /// As [`Draft::keep`], and `AlreadyExists`.
    pub fn keep_new(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.persist_noclobber(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rows.csv");
        let mut draft = Draft::new(&path).unwrap();
        draft.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(draft);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        let mut draft = Draft::new(&path).unwrap();
        draft.write_all(b"whole").unwrap();
        draft.keep().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        let taken = Draft::new(&path).unwrap().keep_new().unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}

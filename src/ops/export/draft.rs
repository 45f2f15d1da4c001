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

/// Files of one name that are looked past before it is given up.
const NAMES: usize = 1000;

/// Writes a file into a folder under a name that nothing has yet: `stem.ending`, or `stem-2.ending` and so on. Gives its path.
///
/// # Errors
/// When it cannot be written.
pub fn write_new(folder: &Path, stem: &str, ending: &str, content: &[u8]) -> io::Result<PathBuf> {
    for number in 1..=NAMES {
        let name = if number == 1 { format!("{stem}.{ending}") } else { format!("{stem}-{number}.{ending}") };
        let path = folder.join(name);
        if path.exists() {
            continue;
        }
        let mut draft = Draft::new(&path)?;
        draft.write_all(content)?;
        match draft.keep_new() {
            // Somebody was faster: the next name.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            kept => return kept.map(|()| path),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{NAMES} files of the name {stem}.{ending} are there already")))
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
    fn a_name_that_is_taken_is_looked_past() {
        let folder = tempfile::tempdir().unwrap();
        let first = write_new(folder.path(), "shot", "svg", b"one").unwrap();
        let second = write_new(folder.path(), "shot", "svg", b"two").unwrap();
        assert_eq!((first, second.clone()), (folder.path().join("shot.svg"), folder.path().join("shot-2.svg")));
        assert_eq!(std::fs::read(second).unwrap(), b"two");
    }

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

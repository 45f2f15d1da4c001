//! The files of a walkthrough: markdown, one file for each step, in one directory.

use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Bytes of a file at most; notes are a page long.
const LIMIT: u64 = 1 << 20;

/// The name and the text of a file, or why it cannot be read.
pub type Found = (String, Result<String, String>);

/// The name, length and last change of a file.
pub type Stamp = (String, u64, i64, i64);

/// Why a walkthrough cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file of that name is there.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The operating system refuses.
    #[error("{} cannot be written: {source}", path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// Its reason.
        source: io::Error,
    },
}

/// The names of the files in a directory, sorted. What is hidden and a `README.md` belong to no walkthrough.
fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && !name.starts_with('.') && !name.eq_ignore_ascii_case("README.md") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Reads every file of a walkthrough.
///
/// # Errors
/// When the directory cannot be read.
pub fn read(directory: &Path) -> io::Result<Vec<Found>> {
    let one = |name: &str| -> Result<String, String> {
        let path = directory.join(name);
        let size = std::fs::metadata(&path).map_err(|error| error.to_string())?.len();
        if size > LIMIT {
            return Err(format!("it has {size} bytes, and notes are read up to {LIMIT}"));
        }
        std::fs::read_to_string(&path).map_err(|error| error.to_string())
    };
    Ok(names(directory)?.into_iter().map(|name| (name.clone(), one(&name))).collect())
}

/// What tells one state of the files from another, without reading them.
///
/// # Errors
/// When the directory cannot be read.
pub fn stamps(directory: &Path) -> io::Result<Vec<Stamp>> {
    // A file that goes away in between is seen at the next look.
    let stamp = |name: String| {
        let found = std::fs::metadata(directory.join(&name)).ok()?;
        Some((name, found.len(), found.mtime(), found.mtime_nsec()))
    };
    Ok(names(directory)?.into_iter().filter_map(stamp).collect())
}

/// The files that [`write()`] would write, with their texts.
///
/// # Errors
/// When a file is there already, or the directory is none.
pub fn planned<'a>(directory: &Path, files: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Vec<(PathBuf, &'a str)>, WriteError> {
    if directory.exists() && !directory.is_dir() {
        return Err(WriteError::Io { path: directory.to_owned(), source: io::ErrorKind::NotADirectory.into() });
    }
    let files: Vec<(PathBuf, &str)> = files.map(|(name, text)| (directory.join(name), text)).collect();
    match files.iter().find(|(path, _)| path.exists()) {
        Some((path, _)) => Err(WriteError::Exists(path.clone())),
        None => Ok(files),
    }
}

/// Writes new files into a directory, which is made if need be. Nothing is written when one of them is there.
///
/// # Errors
/// When a file is there already, or one cannot be written.
pub fn write<'a>(directory: &Path, files: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), WriteError> {
    let files = planned(directory, files)?;
    std::fs::create_dir_all(directory).map_err(|source| WriteError::Io { path: directory.to_owned(), source })?;
    for (path, text) in files {
        let written =
            std::fs::OpenOptions::new().write(true).create_new(true).open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|source| WriteError::Io { path, source })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn what_was_written_is_read_and_never_written_over() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("talk");
        assert!(read(&directory).is_err());
        let planned = planned(&directory, [("1-a.md", "one")].into_iter()).unwrap();
        assert_eq!((planned, directory.exists()), (vec![(directory.join("1-a.md"), "one")], false), "a plan writes nothing");
        std::fs::write(home.path().join("file"), "").unwrap();
        assert!(matches!(write(&home.path().join("file"), [("1-a.md", "")].into_iter()), Err(WriteError::Io { .. })));
        write(&directory, [("2-b.md", "two"), ("1-a.md", "one")].into_iter()).unwrap();
        std::fs::write(directory.join("README.md"), "about").unwrap();
        std::fs::write(directory.join(".3-c.md"), "swap").unwrap();
        assert_eq!(read(&directory).unwrap(), [("1-a.md".to_owned(), Ok("one".to_owned())), ("2-b.md".to_owned(), Ok("two".to_owned()))]);
        let before = stamps(&directory).unwrap();
        assert!(matches!(write(&directory, [("3-c.md", ""), ("1-a.md", "")].into_iter()), Err(WriteError::Exists(_))));
        assert_eq!(stamps(&directory).unwrap(), before, "nothing was written");
        std::fs::write(directory.join("1-a.md"), "longer").unwrap();
        assert_ne!(stamps(&directory).unwrap(), before);
        std::fs::write(directory.join("4-d.md"), [0xff, 0xfe]).unwrap();
        assert!(read(&directory).unwrap()[2].1.is_err());
    }
}

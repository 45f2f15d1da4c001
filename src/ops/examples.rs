//! Customers that somebody has saved under a name, to show them again: one JSON file each in the state directory.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::console;
use crate::config::Settings;
use crate::demo::feature_schema::Row;

/// Directory of the examples in the state directory.
const DIRECTORY: &str = "examples";
/// Characters of a name at most.
pub const LONGEST_NAME: usize = 80;

/// A saved customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The name.
    pub name: String,
    /// The customer, without the target.
    pub row: Row,
}

/// What is saved.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Saved {
    /// The examples, by name.
    pub examples: Vec<Example>,
    /// What could not be read, in sentences.
    pub problems: Vec<String>,
}

/// Where examples are kept.
#[derive(Debug, Clone)]
pub struct Examples {
    directory: PathBuf,
}

impl Examples {
    /// The examples of these settings; `None` without a state directory.
    pub fn of(settings: &Settings) -> Option<Examples> {
        Some(Examples { directory: settings.local.state_dir.as_ref()?.join(DIRECTORY) })
    }

    /// Every example. A file that cannot be read is a problem, and hides no other.
    ///
    /// # Errors
    /// When the directory is there and cannot be read.
    pub fn all(&self) -> io::Result<Saved> {
        let entries = match std::fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Saved::default()),
            Err(error) => return Err(error),
        };
        let mut saved = Saved::default();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read(&path) {
                Ok(example) => saved.examples.push(example),
                Err(error) => saved.problems.push(format!("{} cannot be read: {error}", path.display())),
            }
        }
        saved.examples.sort_by_key(|example| example.name.to_lowercase());
        Ok(saved)
    }

    /// Saves an example in the place of one with the same name.
    ///
    /// # Errors
    /// When it cannot be written, or its name is empty or too long.
    pub fn save(&self, example: &Example) -> io::Result<()> {
        let length = example.name.chars().count();
        if length == 0 || length > LONGEST_NAME || example.name.chars().any(char::is_control) {
            let why = format!("a name has 1 to {LONGEST_NAME} characters that can be seen");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        console::save(&self.file(&example.name), example)
    }

    /// Removes an example; one that is not there is fine.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn delete(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// A name is any text and a file name is not: the file is called by a digest of it.
    fn file(&self, name: &str) -> PathBuf {
        let digest = crate::demo::feature_schema::digest_text(&Sha256::digest(name.as_bytes()));
        self.directory.join(format!("{digest}.json"))
    }
}

fn read(path: &Path) -> io::Result<Example> {
    serde_json::from_slice(&std::fs::read(path)?).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn example(name: &str, age: i64) -> Example {
        Example { name: name.into(), row: [("age".to_owned(), age.into())].into_iter().collect() }
    }

    #[test]
    fn what_is_saved_comes_back_until_it_is_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let examples = Examples { directory: directory.path().join("examples") };
        assert_eq!(examples.all().unwrap(), Saved::default());
        examples.save(&example("Ältere Studentin / 1", 41)).unwrap();
        examples.save(&example("../../etc", 20)).unwrap();
        examples.save(&example("../../etc", 21)).unwrap();
        assert_eq!(examples.all().unwrap().examples, [example("../../etc", 21), example("Ältere Studentin / 1", 41)]);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "whatever a name is, its file lies with the others");
        examples.delete("../../etc").unwrap();
        examples.delete("never saved").unwrap();
        assert_eq!(examples.all().unwrap().examples.len(), 1);
        for name in ["", "a\nb", &"x".repeat(81)] {
            assert!(examples.save(&example(name, 1)).is_err(), "{name}");
        }
    }

    #[test]
    fn a_broken_file_hides_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let examples = Examples { directory: directory.path().to_owned() };
        examples.save(&example("good", 1)).unwrap();
        std::fs::write(directory.path().join("bad.json"), "{").unwrap();
        let saved = examples.all().unwrap();
        assert_eq!((saved.examples.len(), saved.problems.len()), (1, 1));
    }
}

//! Statements that ran, one JSON object a line.

use std::fs::OpenOptions;
use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Store;
use crate::ops::query::QueryEngine;

/// Statements that are read back, the newest.
const READ: usize = 5000;
/// From this many lines on the file is shortened to the newest ones.
const MOST_LINES: usize = 20_000;

/// A statement that ran. The text has no secrets any more when it is made; values of parameters are not kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Who answered.
    pub engine: QueryEngine,
    /// The text.
    pub sql: String,
    /// Seconds from sending to the first page.
    #[serde(default)]
    pub seconds: f64,
    /// Rows, where the service says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Bytes that Athena scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned: Option<u64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Names of its parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
}

impl Store {
    /// The newest statements, oldest first. Lines that cannot be read (a newer version, a torn write) are left out.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn history(&self) -> io::Result<Vec<Ran>> {
        let path = self.directory.join("history.jsonl");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(super::named(&path, error)),
        };
        let lines: Vec<&str> = text.lines().collect();
        Ok(lines[lines.len().saturating_sub(READ)..].iter().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// Adds a statement. One write of one line: other processes may add at the same time.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, ran: &Ran) -> io::Result<()> {
        let path = self.directory.join("history.jsonl");
        let mut line = serde_json::to_vec(ran).map_err(io::Error::other)?;
        line.push(b'\n');
        std::fs::create_dir_all(&self.directory)?;
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).and_then(|mut file| file.write_all(&line)).map_err(|error| super::named(&path, error))
    }

    /// Shortens a history that has grown too long. For the process that holds the lock.
    ///
    /// # Errors
    /// When the file cannot be read or replaced.
    pub fn trim_history(&self, _lock: &super::WriteLock) -> io::Result<()> {
        let path = self.directory.join("history.jsonl");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(super::named(&path, error)),
        };
        let lines: Vec<&str> = text.lines().collect();
        if lines.len() < MOST_LINES {
            return Ok(());
        }
        let mut kept = lines[lines.len() - READ..].join("\n");
        kept.push('\n');
        super::replace(&path, kept.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn statements_are_remembered_in_order_and_a_torn_line_harms_only_itself() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store { directory: directory.path().join("console"), queries: directory.path().join("q") };
        assert!(store.history().unwrap().is_empty());
        let ran = |sql: &str| Ran {
            at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            engine: QueryEngine::Redshift,
            sql: sql.into(),
            seconds: 0.5,
            rows: Some(3),
            scanned: None,
            error: None,
            parameters: vec!["age".into()],
        };
        store.remember(&ran("select 1\n, 2")).unwrap();
        let path = directory.path().join("console/history.jsonl");
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"at\":\n");
        std::fs::write(&path, text).unwrap();
        store.remember(&ran("select 2")).unwrap();
        assert_eq!(store.history().unwrap(), [ran("select 1\n, 2"), ran("select 2")]);
    }
}

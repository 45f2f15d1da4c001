//! The tabs of the console, and the statements that were left running.

use std::io;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Store, WriteLock};
use crate::ops::query::QueryEngine;

/// A tab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTab {
    /// The name that its owner gave it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Who answers.
    pub engine: QueryEngine,
    /// The text.
    pub text: String,
    /// Line and character of the cursor.
    #[serde(default)]
    pub cursor: (usize, usize),
    /// The saved query that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<String>,
    /// Statements of it that were on a service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
}

/// A statement that was on a service when the tabs were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Its id there.
    pub id: String,
    /// Which service.
    pub engine: QueryEngine,
    /// Account and region; it is looked for on no other.
    pub account: String,
    /// Its text, without secrets.
    pub sql: String,
    /// When it was sent.
    pub at: DateTime<Utc>,
}

/// Everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// The tabs, in order.
    pub tabs: Vec<KeptTab>,
    /// The one on the screen.
    #[serde(default)]
    pub current: usize,
}

impl Store {
    /// The tabs as they were last written.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn workspace(&self) -> io::Result<Option<Workspace>> {
        super::load(&self.directory.join("tabs.json"))
    }

    /// Writes the tabs.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep_workspace(&self, _lock: &WriteLock, workspace: &Workspace) -> io::Result<()> {
        super::save(&self.directory.join("tabs.json"), workspace)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn store(directory: &std::path::Path) -> Store {
        Store { directory: directory.join("console"), queries: directory.join("queries") }
    }

    #[test]
    fn one_process_writes_the_tabs_and_the_next_one_finds_them() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path());
        assert_eq!(store.workspace().unwrap(), None);
        let lock = store.lock().unwrap().unwrap();
        assert!(store.lock().unwrap().is_none(), "another one may not write");
        let tab = KeptTab {
            name: "monthly".into(),
            engine: QueryEngine::Athena,
            text: "select 'é'".into(),
            cursor: (0, 3),
            saved: None,
            left: vec![],
        };
        let workspace = Workspace { tabs: vec![tab], current: 0 };
        store.keep_workspace(&lock, &workspace).unwrap();
        drop(lock);
        assert!(store.lock().unwrap().is_some());
        assert_eq!(store.workspace().unwrap(), Some(workspace));
    }

    #[test]
    fn a_broken_file_is_told_and_not_taken_for_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path());
        std::fs::create_dir_all(directory.path().join("console")).unwrap();
        std::fs::write(directory.path().join("console/tabs.json"), b"{").unwrap();
        assert!(store.workspace().unwrap_err().to_string().contains("tabs.json"));
    }
}

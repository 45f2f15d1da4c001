//! The user's own queries: files of SQL with a name, an engine and tags in comments at their beginning, so that they can be edited and
//! shared like any other file.

use std::io;

use super::Store;
use crate::ops::query::QueryEngine;

/// A saved query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedQuery {
    /// The name; it is also what the file is called by.
    pub name: String,
    /// Who answers it.
    pub engine: QueryEngine,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The text, without the comments that say the rest.
    pub text: String,
}

impl SavedQuery {
    /// Reads a file. What it does not say is taken from `stem`, its name without `.sql`, and is a query of the warehouse.
    pub fn read(stem: &str, text: &str) -> SavedQuery {
        let mut query = SavedQuery { name: stem.to_owned(), engine: QueryEngine::Redshift, tags: Vec::new(), text: String::new() };
        let mut rest = text;
        while let Some(line) = rest.lines().next() {
            let Some((key, value)) = line.strip_prefix("--").and_then(|line| line.split_once(':')) else { break };
            match key.trim() {
                "name" if !value.trim().is_empty() => query.name = value.trim().to_owned(),
                "engine" => {
                    query.engine = if value.trim().eq_ignore_ascii_case("athena") { QueryEngine::Athena } else { QueryEngine::Redshift }
                }
                "tags" => query.tags = value.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect(),
                _ => break,
            }
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
        query.text = rest.trim_matches('\n').to_owned();
        query
    }

    /// The file.
    pub fn write(&self) -> String {
        let line = |text: &str| text.replace(['\n', '\r'], " ");
        let mut file = format!("-- name: {}\n-- engine: {}\n", line(&self.name), self.engine.title().to_lowercase());
        if !self.tags.is_empty() {
            file.push_str(&format!("-- tags: {}\n", line(&self.tags.join(", "))));
        }
        file.push('\n');
        file.push_str(self.text.trim_matches('\n'));
        file.push('\n');
        file
    }

    /// What the file is called: letters and digits of the name, everything else a hyphen.
    fn file(&self) -> String {
        let mut stem: String = self.name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        while stem.contains("--") {
            stem = stem.replace("--", "-");
        }
        let stem: String = stem.trim_matches('-').chars().take(80).collect();
        format!("{}.sql", if stem.is_empty() { "query" } else { &stem })
    }
}

impl Store {
    /// Every saved query, by name.
    ///
    /// # Errors
    /// When the directory is there and cannot be read.
    pub fn saved(&self) -> io::Result<Vec<SavedQuery>> {
        Ok(self.files()?.into_iter().map(|(_, query)| query).collect())
    }

    fn files(&self) -> io::Result<Vec<(std::path::PathBuf, SavedQuery)>> {
        let entries = match std::fs::read_dir(&self.queries) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(super::named(&self.queries, error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "sql") {
                continue;
            }
            let text = std::fs::read_to_string(&path).map_err(|error| super::named(&path, error))?;
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.push((path, SavedQuery::read(&stem, &text)));
        }
        found.sort_by_key(|(_, query)| query.name.to_lowercase());
        Ok(found)
    }

    /// Saves a query in the place of one with the same name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_query(&self, query: &SavedQuery) -> io::Result<()> {
        let files = self.files()?;
        let mut path = files.iter().find(|(_, other)| other.name == query.name).map(|(path, _)| path.clone());
        if path.is_none() {
            // Two names may lead to the same file; the later one is numbered.
            let plain = self.queries.join(query.file());
            let mut candidate = plain.clone();
            let mut number = 2;
            while candidate.exists() {
                candidate = plain.with_extension(format!("{number}.sql"));
                number += 1;
            }
            path = Some(candidate);
        }
        match path {
            Some(path) => super::replace(&path, query.write().as_bytes()),
            None => Ok(()),
        }
    }

    /// Removes a query; one that is not there is fine.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn delete_query(&self, name: &str) -> io::Result<()> {
        for (path, query) in self.files()? {
            if query.name == name {
                std::fs::remove_file(&path).map_err(|error| super::named(&path, error))?;
            }
        }
        Ok(())
    }

    /// Gives a query another name.
    ///
    /// # Errors
    /// When there is one of that name already, or it cannot be written.
    pub fn rename_query(&self, from: &str, to: &str) -> io::Result<()> {
        let files = self.files()?;
        if files.iter().any(|(_, query)| query.name == to) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("there is a query “{to}” already")));
        }
        let Some((path, query)) = files.into_iter().find(|(_, query)| query.name == from) else { return Ok(()) };
        self.save_query(&SavedQuery { name: to.to_owned(), ..query })?;
        std::fs::remove_file(&path).map_err(|error| super::named(&path, error))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn query(name: &str, text: &str) -> SavedQuery {
        SavedQuery { name: name.into(), engine: QueryEngine::Athena, tags: vec!["bank".into(), "monthly".into()], text: text.into() }
    }

    #[test]
    fn what_is_saved_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store { directory: directory.path().join("console"), queries: directory.path().join("queries") };
        assert!(store.saved().unwrap().is_empty());
        store.save_query(&query("Ja/Nein je Monat", "-- a comment: stays\nselect 1;")).unwrap();
        store.save_query(&query("ja nein je monat", "select 2")).unwrap();
        assert_eq!(store.saved().unwrap().len(), 2, "two names, two files");
        store.save_query(&query("ja nein je monat", "select 3")).unwrap();
        let saved = store.saved().unwrap();
        assert!(saved.contains(&query("Ja/Nein je Monat", "-- a comment: stays\nselect 1;")));
        assert!(saved.contains(&query("ja nein je monat", "select 3")));
        assert!(store.rename_query("ja nein je monat", "Ja/Nein je Monat").is_err());
        store.rename_query("ja nein je monat", "Andere").unwrap();
        store.delete_query("Ja/Nein je Monat").unwrap();
        assert_eq!(store.saved().unwrap(), [query("Andere", "select 3")]);
    }

    #[test]
    fn a_plain_file_is_a_query_too() {
        let read = SavedQuery::read("report", "-- what: this is\nselect 1\n");
        assert_eq!((read.name.as_str(), read.engine), ("report", QueryEngine::Redshift));
        assert_eq!(read.text, "-- what: this is\nselect 1");
    }
}

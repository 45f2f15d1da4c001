//! A session: dialect, current database, search path, temporary tables, variables, an open transaction.

use std::collections::BTreeMap;

use super::catalog::{LAKE, PUBLIC};
use super::prepared::Prepared;
use super::transaction::{Temporary, Transaction, temporary_files};
use super::{Dialect, Engine};

/// What a statement runs in: dialect, current database and schema, session variables, temporary tables, an open transaction.
pub struct Session {
    /// Dialect.
    pub dialect: Dialect,
    /// The warehouse's database, or the current Glue database.
    pub database: String,
    /// The user that statements run as.
    pub user: String,
    /// Schemas in which unqualified names are looked up (Redshift's `search_path`).
    pub search_path: Vec<String>,
    /// Values of `SET`.
    pub variables: BTreeMap<String, String>,
    /// Where Athena puts results, `s3://…/`: tables that are made without a location go below it.
    pub results: Option<String>,
    /// Athena's workgroup, which has the prepared statements.
    pub work_group: String,
    /// Redshift's prepared statements by name.
    pub(super) prepared: BTreeMap<String, Prepared>,
    /// Its number, as the system's views show it.
    pub(super) number: u64,
    pub(super) engine: Engine,
    pub(super) temporary: Temporary,
    /// The transaction that `BEGIN` opened; while a statement runs, it has it.
    pub(super) transaction: Open,
}

/// The state of a session's explicit transaction.
pub(super) enum Open {
    /// None: each statement commits by itself.
    No,
    /// Open.
    Yes(Box<Transaction>),
    /// A statement in it failed or was cancelled: everything until its end is refused.
    Failed,
}

impl Session {
    pub(super) fn new(engine: &Engine, dialect: Dialect, database: &str) -> Self {
        Session {
            dialect,
            database: database.to_lowercase(),
            user: "admin".to_owned(),
            search_path: vec![PUBLIC.to_owned()],
            variables: BTreeMap::new(),
            results: None,
            work_group: "primary".to_owned(),
            prepared: BTreeMap::new(),
            number: engine.journal().session(),
            engine: engine.clone(),
            temporary: Temporary::new(),
            transaction: Open::No,
        }
    }

    /// The time zone that moments are shown in, when it is not UTC (Redshift's `timezone`).
    pub fn zone(&self) -> Option<&str> {
        let zone = self.variables.get("timezone").map(String::as_str)?;
        let utc = ["utc", "gmt", "etc/utc", "zulu"].iter().any(|name| zone.eq_ignore_ascii_case(name));
        (self.dialect == Dialect::Redshift && !utc).then_some(zone)
    }

    /// Whether `BEGIN` has opened a transaction that is still open.
    pub fn in_transaction(&self) -> bool {
        !matches!(self.transaction, Open::No)
    }

    /// Whether a statement of the open transaction has failed, so that only its end is accepted.
    pub fn transaction_failed(&self) -> bool {
        matches!(self.transaction, Open::Failed)
    }

    /// The first part of a full name: the warehouse's database, or the name of Athena's catalog.
    pub fn catalog_name(&self) -> &str {
        match self.dialect {
            Dialect::Redshift => &self.database,
            Dialect::Athena => LAKE,
        }
    }

    /// Where unqualified names go: the first schema of the search path, or the Glue database.
    pub fn default_schema(&self) -> &str {
        match self.dialect {
            Dialect::Redshift => self.search_path.first().map_or(PUBLIC, String::as_str),
            Dialect::Athena => &self.database,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.engine.discard(temporary_files(&self.temporary).map(|file| file.name.as_str()));
    }
}

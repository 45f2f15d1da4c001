//! Transactions: a snapshot of the catalog, a private copy to change, and one rename to commit.
//!
//! Readers work on the snapshot and never wait. One transaction writes at a time: the first change takes the writer's lock, which is
//! held to the end. New rows are new files; nobody sees them before the commit names them, and a transaction that is dropped removes them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use super::catalog::{Catalog, DataFile, Relation, TEMPORARY, TableDef, TableName};
use super::error;
use super::files::Lease;
use super::{Engine, SqlError};

/// Temporary tables of a session.
pub type Temporary = BTreeMap<String, Relation>;

/// A transaction on warehouse and lake.
pub struct Transaction {
    engine: Engine,
    /// The committed catalog that this transaction started from.
    base: Arc<Catalog>,
    /// The catalog as this transaction sees it.
    working: Arc<Catalog>,
    temporary: Temporary,
    temporary_base: Temporary,
    writer: Option<OwnedMutexGuard<()>>,
    /// Keeps the files of the snapshot on disk, whatever others commit.
    leases: Vec<Arc<Lease>>,
    /// Files that this transaction wrote.
    written: Vec<String>,
    /// What statements have read of the snapshot.
    observed: Mutex<BTreeSet<TableName>>,
    finished: bool,
}

impl Transaction {
    /// Starts on what is committed now.
    pub fn begin(engine: &Engine, temporary: &Temporary) -> Self {
        let (base, leases) = engine.snapshot();
        Transaction {
            leases,
            engine: engine.clone(),
            working: Arc::clone(&base),
            base,
            temporary: temporary.clone(),
            temporary_base: temporary.clone(),
            writer: None,
            written: Vec::new(),
            observed: Mutex::default(),
            finished: false,
        }
    }

    /// The catalog as this transaction sees it.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.working
    }

    /// The catalog, to change it. Waits for the transaction that is writing; fails when that one changed what this one has already read.
    pub async fn catalog_mut(&mut self) -> Result<&mut Catalog, SqlError> {
        if self.writer.is_none() {
            let writer = self.engine.writer().await;
            let (current, leases) = self.engine.snapshot();
            if !Arc::ptr_eq(&current, &self.base) {
                if self.observed.get_mut().iter().any(|name| current.seen(name) != self.base.seen(name)) {
                    return Err(error::serialization());
                }
                self.base = Arc::clone(&current);
                self.working = current;
                self.leases = leases;
            }
            self.writer = Some(writer);
        }
        Ok(Arc::make_mut(&mut self.working))
    }

    /// Says that a statement reads a table or view of the snapshot, which from now on has to stay what it is.
    pub fn observe(&self, name: &TableName) {
        self.observed.lock().insert(name.clone());
    }

    /// A table or view of the warehouse or of the session.
    pub fn relation(&self, name: &TableName) -> Option<&Relation> {
        if name.schema == TEMPORARY {
            return self.temporary.get(&name.table);
        }
        self.working.relation(name)
    }

    /// The session's temporary tables as this transaction sees them.
    pub fn temporary(&self) -> &Temporary {
        &self.temporary
    }

    /// Puts a relation in its schema, in place of one of the same name.
    pub async fn put(&mut self, name: &TableName, relation: Relation) -> Result<(), SqlError> {
        if name.schema == TEMPORARY {
            self.temporary.insert(name.table.clone(), relation);
            return Ok(());
        }
        let catalog = self.catalog_mut().await?;
        let schema = catalog.schema_mut(&name.database, &name.schema).ok_or_else(|| error::no_schema(&name.schema))?;
        schema.relations.insert(name.table.clone(), relation);
        Ok(())
    }

    /// Takes a relation out of its schema.
    pub async fn remove(&mut self, name: &TableName) -> Result<Option<Relation>, SqlError> {
        if name.schema == TEMPORARY {
            return Ok(self.temporary.remove(&name.table));
        }
        let catalog = self.catalog_mut().await?;
        Ok(catalog.schema_mut(&name.database, &name.schema).and_then(|schema| schema.relations.remove(&name.table)))
    }

    /// The definition of a table (not a view).
    pub fn table(&self, name: &TableName) -> Option<&Arc<TableDef>> {
        match self.relation(name)? {
            Relation::Table(table) => Some(table),
            Relation::View(_) => None,
        }
    }

    /// Remembers a file before it is written, so that it is removed unless the transaction commits.
    pub fn wrote(&mut self, name: String) {
        self.written.push(name);
    }

    /// Makes the changes those of everybody. Gives the session's temporary tables.
    pub fn commit(mut self) -> Result<Temporary, SqlError> {
        if self.writer.is_some() && *self.working != *self.base {
            self.engine.replace_catalog(&self.base, &self.working)?;
        }
        self.finished = true;
        let kept = names(&self.working, &self.temporary);
        let gone: HashSet<String> = names(&self.base, &self.temporary_base)
            .into_iter()
            .chain(std::mem::take(&mut self.written))
            .filter(|name| !kept.contains(name))
            .collect();
        if self.writer.is_some() || !gone.is_empty() {
            self.engine.discard(gone.iter().map(String::as_str));
        }
        Ok(std::mem::take(&mut self.temporary))
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.finished {
            self.engine.discard(self.written.iter().map(String::as_str));
        }
    }
}

/// Names of the files of a catalog and of temporary tables.
fn names(catalog: &Catalog, temporary: &Temporary) -> HashSet<String> {
    catalog.files().chain(temporary_files(temporary)).map(|file| file.name.clone()).collect()
}

/// The files of temporary tables.
pub fn temporary_files(temporary: &Temporary) -> impl Iterator<Item = &DataFile> {
    temporary
        .values()
        .filter_map(|relation| match relation {
            Relation::Table(table) => Some(table),
            Relation::View(_) => None,
        })
        .flat_map(|table| table.files.iter())
}

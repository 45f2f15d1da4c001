//! What a name in a statement means: temporary tables, the search path, external schemas, the lake, the system's views.

use super::catalog::{ExternalTable, LAKE, LakeRelation, Relation, TEMPORARY, TableDef, TableName, ViewDef};
use super::error::Text;
use super::parse::Name;
use super::session::Session;
use super::transaction::Transaction;
use super::{Dialect, SqlError, SqlErrorKind, system};
use std::sync::Arc;

/// What a name was found to be.
pub enum Found {
    /// A table of the warehouse.
    Table(TableName, Arc<TableDef>),
    /// A view, with the dialect of its text.
    View(TableName, Arc<ViewDef>, Dialect),
    /// A table of the lake, under the name that it has in this dialect.
    External(TableName, Arc<ExternalTable>),
    /// A view of the system's own (`information_schema`, `pg_catalog`).
    System(TableName),
}

impl Found {
    /// The full name.
    pub const fn name(&self) -> &TableName {
        match self {
            Found::Table(name, _) | Found::View(name, ..) | Found::External(name, _) | Found::System(name) => name,
        }
    }
}

/// Looks a relation up; `None` when nothing has that name.
pub fn find(session: &Session, transaction: &Transaction, name: &Name) -> Option<Found> {
    candidates(session, name).into_iter().find_map(|candidate| lookup(session, transaction, candidate))
}

/// The full names that a written name may stand for, in the order in which they are tried.
fn candidates(session: &Session, name: &Name) -> Vec<TableName> {
    let full = |database: &str, schema: &str, table: &str| TableName {
        database: database.to_owned(),
        schema: schema.to_owned(),
        table: table.to_owned(),
    };
    let database = session.catalog_name();
    match name.parts.as_slice() {
        [table] => match session.dialect {
            Dialect::Redshift => std::iter::once(TEMPORARY)
                .chain(session.search_path.iter().map(String::as_str))
                .chain(["pg_catalog"])
                .map(|schema| full(database, schema, table))
                .collect(),
            Dialect::Athena => vec![full(database, &session.database, table)],
        },
        [schema, table] => vec![full(database, schema, table)],
        [database, schema, table] => vec![full(database, schema, table)],
        _ => Vec::new(),
    }
}

fn lookup(session: &Session, transaction: &Transaction, name: TableName) -> Option<Found> {
    let catalog = transaction.catalog();
    match session.dialect {
        Dialect::Redshift => {
            if let Some(relation) = transaction.relation(&name) {
                return Some(match relation {
                    Relation::Table(table) => Found::Table(name.clone(), Arc::clone(table)),
                    Relation::View(view) => Found::View(name.clone(), Arc::clone(view), Dialect::Redshift),
                });
            }
            let external = catalog.schema(&name.database, &name.schema).and_then(|schema| schema.external.as_ref());
            if let Some(external) = external {
                return lake(catalog.lake_table(&external.database, &name.table)?, name);
            }
        }
        Dialect::Athena if name.database == LAKE => {
            if let Some(relation) = catalog.lake_table(&name.schema, &name.table) {
                return lake(relation, name);
            }
        }
        Dialect::Athena => return None,
    }
    system::exists(session.dialect, &name).then_some(Found::System(name))
}

fn lake(relation: &LakeRelation, name: TableName) -> Option<Found> {
    Some(match relation {
        LakeRelation::External(table) => Found::External(name, Arc::clone(table)),
        LakeRelation::View(view) => Found::View(name, Arc::clone(view), Dialect::Athena),
    })
}

/// The full name of something that is to be made or dropped: without a schema it goes to the first of the search path, or to the
/// current Glue database.
pub fn target(session: &Session, name: &Name) -> TableName {
    let (database, schema) = match name.parts.as_slice() {
        [database, schema, _] => (database.clone(), schema.clone()),
        [schema, _] => (session.catalog_name().to_owned(), schema.clone()),
        _ => (session.catalog_name().to_owned(), session.default_schema().to_owned()),
    };
    TableName { database, schema, table: name.last().to_owned() }
}

/// The full name of an existing relation that is to be changed or dropped; where nothing has that name, what it would be.
pub fn existing(session: &Session, transaction: &Transaction, name: &Name) -> TableName {
    match find(session, transaction, name) {
        Some(found) => found.name().clone(),
        None => target(session, name),
    }
}

/// The error for a relation that does not exist.
pub fn missing(text: Text<'_>, session: &Session, transaction: &Transaction, name: &Name) -> SqlError {
    let redshift = format!("relation \"{name}\" does not exist");
    let full = target(session, name);
    let athena = if full.database == LAKE && !transaction.catalog().lake.contains_key(&full.schema) {
        format!("SCHEMA_NOT_FOUND: Schema '{}' does not exist", full.schema)
    } else {
        format!("TABLE_NOT_FOUND: Table '{}.{}.{}' does not exist", full.database, full.schema, full.table)
    };
    text.error(SqlErrorKind::Semantic, name.span.start, &redshift, &athena)
}

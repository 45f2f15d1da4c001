//! What can be named in a statement: databases, schemas, relations and their columns, functions. Filled in the background; what reads it
//! takes what is there.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ops::query::QueryEngine;

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelationKind {
    /// A table of the warehouse.
    Table,
    /// A table whose rows lie in S3.
    External,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A model of Redshift ML.
    Model,
    /// A function.
    Function,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogColumn {
    /// Name, as the service spells it.
    pub name: String,
    /// The service's name of the type, with its length or scale.
    pub type_name: String,
}

/// A table, a view, a model or a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// Name, as the service spells it.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// Its columns in order; the arguments of a function or a model.
    pub columns: Vec<CatalogColumn>,
    /// Where its rows lie in S3.
    pub location: Option<String>,
}

/// A schema (Redshift) or a database (Athena).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Name.
    pub name: String,
    /// What is in it, by name.
    pub relations: Vec<Relation>,
}

/// What an engine can name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// The database that a connection is in (Redshift), or the data catalog (Athena).
    pub database: String,
    /// The schema that a name without one is looked up in.
    pub default_schema: String,
    /// The schemas, by name.
    pub schemas: Vec<Schema>,
    /// When it was read; `None` when it never was.
    pub read: Option<DateTime<Utc>>,
    /// Grows with every change, so that what is derived from it knows when to be made again.
    pub version: u64,
}

/// The catalog of each engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogs {
    /// Of the warehouse.
    pub redshift: Catalog,
    /// Of the lake.
    pub athena: Catalog,
}

impl RelationKind {
    /// The word for people.
    pub const fn title(self) -> &'static str {
        match self {
            RelationKind::Table => "table",
            RelationKind::External => "external table",
            RelationKind::View => "view",
            RelationKind::MaterializedView => "materialized view",
            RelationKind::Model => "model",
            RelationKind::Function => "function",
        }
    }
}

impl Catalog {
    /// The schema of a name, in any case.
    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.schemas.iter().find(|schema| schema.name.eq_ignore_ascii_case(name))
    }

    /// A relation by its name, in any case; without a schema it is looked up in the default one.
    pub fn relation(&self, schema: Option<&str>, name: &str) -> Option<&Relation> {
        self.schema(schema.unwrap_or(&self.default_schema))?.relations.iter().find(|relation| relation.name.eq_ignore_ascii_case(name))
    }
}

impl Catalogs {
    /// The catalog of an engine.
    pub fn of(&self, engine: QueryEngine) -> &Catalog {
        match engine {
            QueryEngine::Redshift => &self.redshift,
            QueryEngine::Athena => &self.athena,
        }
    }
}

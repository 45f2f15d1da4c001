//! The catalog as the services' metadata operations report it.

use super::catalog::{Catalog, ColumnDef, LakeDatabase, LakeRelation, Relation, Schema};
use super::{Dialect, Engine, SqlType};

/// A table, view or external table, as metadata operations report it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// Schema (Redshift) or database (Athena).
    pub schema: String,
    /// Name.
    pub name: String,
    /// `TABLE`, `VIEW`, `EXTERNAL TABLE`.
    pub kind: &'static str,
    /// Columns in order: name and the type as the service displays it (`character varying(256)`, `decimal(6,3)`).
    pub columns: Vec<(String, SqlType)>,
    /// `s3://` location of an external table.
    pub location: Option<String>,
    /// Table properties.
    pub properties: Vec<(String, String)>,
    /// Whether each column may be NULL, in the order of `columns`.
    pub nullable: Vec<bool>,
    /// How many of the last columns are those that an external table is partitioned by.
    pub partition_columns: usize,
}

impl Engine {
    /// The catalog of a dialect, for the services' metadata operations: the relations of a warehouse's database with those of its
    /// external schemas, or of a Glue database.
    pub fn tables(&self, dialect: Dialect, database: &str) -> Vec<TableInfo> {
        tables(&self.committed(), dialect, database)
    }

    /// Databases of a dialect.
    pub fn databases(&self, dialect: Dialect) -> Vec<String> {
        let catalog = self.committed();
        match dialect {
            Dialect::Redshift => catalog.warehouse.keys().cloned().collect(),
            Dialect::Athena => catalog.lake.keys().cloned().collect(),
        }
    }

    /// Schemas of the warehouse (with the external ones).
    pub fn schemas(&self, database: &str) -> Vec<String> {
        let catalog = self.committed();
        catalog.database(database).map(|database| database.schemas.keys().cloned().collect()).unwrap_or_default()
    }
}

/// The relations of a snapshot.
pub fn tables(catalog: &Catalog, dialect: Dialect, database: &str) -> Vec<TableInfo> {
    match dialect {
        Dialect::Athena => catalog.lake.get(database).map(|known| lake(dialect, database, known)).unwrap_or_default(),
        Dialect::Redshift => {
            let schemas = catalog.database(database).into_iter().flat_map(|database| &database.schemas);
            schemas.flat_map(|(name, schema)| relations(catalog, name, schema)).collect()
        }
    }
}

fn relations(catalog: &Catalog, schema_name: &str, schema: &Schema) -> Vec<TableInfo> {
    if let Some(external) = &schema.external {
        return catalog.lake.get(&external.database).map(|known| lake(Dialect::Redshift, schema_name, known)).unwrap_or_default();
    }
    schema
        .relations
        .iter()
        .map(|(name, relation)| {
            let (kind, columns) = match relation {
                Relation::Table(table) if table.materialized.is_some() => ("VIEW", &table.columns),
                Relation::Table(table) => ("TABLE", &table.columns),
                Relation::View(view) => ("VIEW", &view.columns),
            };
            info(Dialect::Redshift, schema_name, name, kind, columns)
        })
        .collect()
}

fn lake(dialect: Dialect, schema: &str, database: &LakeDatabase) -> Vec<TableInfo> {
    database
        .tables
        .iter()
        .map(|(name, relation)| match relation {
            LakeRelation::External(table) => TableInfo {
                location: Some(table.location.clone()),
                properties: table.properties.clone(),
                partition_columns: table.partition_columns.len(),
                ..info(dialect, schema, name, "EXTERNAL TABLE", &table.all_columns())
            },
            LakeRelation::View(view) => info(dialect, schema, name, "VIEW", &view.columns),
        })
        .collect()
}

fn info(dialect: Dialect, schema: &str, name: &str, kind: &'static str, columns: &[ColumnDef]) -> TableInfo {
    let displayed = |column: &ColumnDef| {
        let mut kind = column.column_type.sql_type(dialect);
        // The Glue catalog keeps types as Hive's DDL writes them.
        kind.name = match dialect {
            Dialect::Redshift => kind.name,
            Dialect::Athena => column.column_type.hive_text(),
        };
        (column.name.clone(), kind)
    };
    TableInfo {
        schema: schema.to_owned(),
        name: name.to_owned(),
        kind,
        columns: columns.iter().map(displayed).collect(),
        location: None,
        properties: Vec::new(),
        nullable: columns.iter().map(|column| column.nullable).collect(),
        partition_columns: 0,
    }
}

//! What can be named in a statement: databases, schemas, relations and their columns, functions. Filled in the background; what reads it
//! takes what is there.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::query::{self, Cell, QueryEngine, QueryResult};
use super::{Context, OpError};
use crate::ops::error::op;

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

    /// The catalog of an engine.
    pub fn of_mut(&mut self, engine: QueryEngine) -> &mut Catalog {
        match engine {
            QueryEngine::Redshift => &mut self.redshift,
            QueryEngine::Athena => &mut self.athena,
        }
    }
}

/// One statement for everything that the warehouse can name: columns with the kind of their table, and where external tables lie.
const WAREHOUSE: &str = "\
SELECT c.table_schema, c.table_name, t.table_type, c.column_name, c.data_type, c.character_maximum_length, c.numeric_precision, \
c.numeric_scale, e.location
FROM svv_columns c
JOIN svv_tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
LEFT JOIN svv_external_tables e ON e.schemaname = c.table_schema AND e.tablename = c.table_name
WHERE c.table_schema NOT IN ('information_schema', 'pg_catalog', 'pg_internal', 'catalog_history')
ORDER BY c.table_schema, c.table_name, c.ordinal_position";

/// Databases of the lake that are read at the same time.
const AT_ONCE: usize = 8;

/// Reads what an engine can name: one statement on the warehouse (and one for its models), one list of tables for each database of the
/// lake. `version` is that of the catalog that it takes the place of.
///
/// # Errors
/// The service's own.
pub async fn read(context: &Context, engine: QueryEngine, version: u64) -> Result<Catalog, OpError> {
    let (database, default_schema, schemas) = match engine {
        QueryEngine::Redshift => (context.scenario.database.clone(), "public".to_owned(), warehouse(context).await?),
        QueryEngine::Athena => ("AwsDataCatalog".to_owned(), context.scenario.glue_database.clone(), lake(context).await?),
    };
    Ok(Catalog { database, default_schema, schemas, read: Some(context.clock.now()), version: version + 1 })
}

async fn warehouse(context: &Context) -> Result<Vec<Schema>, OpError> {
    let columns = query::rows(context, QueryEngine::Redshift, WAREHOUSE.to_owned());
    let models = query::rows(context, QueryEngine::Redshift, "SHOW MODEL ALL".to_owned());
    let place = context.warehouse();
    let schemas = context.gateways.statements.schemas(&place);
    let (columns, models, names) = tokio::join!(columns, models, async { schemas.await.map_err(op("", "could not list the schemas")) });
    let mut schemas: BTreeMap<String, BTreeMap<String, Relation>> = names?
        .into_iter()
        .filter(|name| !matches!(name.as_str(), "information_schema" | "pg_catalog" | "pg_internal" | "catalog_history"))
        .map(|name| (name, BTreeMap::new()))
        .collect();
    for row in columns?.page.rows {
        let text = |at: usize| row.get(at).map(Cell::text).unwrap_or_default();
        let location = Some(text(8)).filter(|location| !location.is_empty());
        let kind = match text(2).to_ascii_uppercase().as_str() {
            "EXTERNAL TABLE" => RelationKind::External,
            "VIEW" => RelationKind::View,
            "MATERIALIZED VIEW" => RelationKind::MaterializedView,
            _ if location.is_some() => RelationKind::External,
            _ => RelationKind::Table,
        };
        let relation = schemas.entry(text(0)).or_default().entry(text(1)).or_insert_with(|| Relation {
            name: text(1),
            kind,
            columns: Vec::new(),
            location,
        });
        let number = |at: usize| row.get(at).and_then(Cell::number).map(|number| number as i64);
        relation.columns.push(CatalogColumn { name: text(3), type_name: type_name(&text(4), number(5), number(6), number(7)) });
    }
    match models {
        Ok(models) => add_models(&mut schemas, &models),
        // Who may not use Redshift ML still wants the tables.
        Err(error) => tracing::info!("models are left out of the catalog: {error}"),
    }
    Ok(listed(schemas))
}

/// `SHOW MODEL ALL` says schema and name; a model is called like a function.
fn add_models(schemas: &mut BTreeMap<String, BTreeMap<String, Relation>>, models: &QueryResult) {
    let at = |names: &[&str]| models.columns.iter().position(|column| names.iter().any(|name| column.name.eq_ignore_ascii_case(name)));
    let (schema, name) = (at(&["schema name", "schema_name"]), at(&["model name", "model_name"]));
    for row in &models.page.rows {
        let text = |at: Option<usize>| at.and_then(|at| row.get(at)).map(Cell::text).unwrap_or_default();
        let (schema, name) = (text(schema), text(name));
        if name.is_empty() {
            continue;
        }
        let schema = if schema.is_empty() { "public".to_owned() } else { schema };
        let model = Relation { name: name.clone(), kind: RelationKind::Model, columns: Vec::new(), location: None };
        schemas.entry(schema).or_default().insert(name, model);
    }
}

/// The type as one writes it: `varchar(20)`, `numeric(10,2)`.
fn type_name(plain: &str, length: Option<i64>, precision: Option<i64>, scale: Option<i64>) -> String {
    match (plain, length, precision, scale) {
        ("character varying" | "varchar", Some(length), ..) if length > 0 => format!("varchar({length})"),
        ("character varying", ..) => "varchar".to_owned(),
        ("character" | "char" | "bpchar", Some(length), ..) if length > 0 => format!("char({length})"),
        ("numeric" | "decimal", _, Some(precision), Some(scale)) if precision > 0 => format!("numeric({precision},{scale})"),
        ("timestamp without time zone", ..) => "timestamp".to_owned(),
        ("timestamp with time zone", ..) => "timestamptz".to_owned(),
        (plain, ..) => plain.to_owned(),
    }
}

async fn lake(context: &Context) -> Result<Vec<Schema>, OpError> {
    let what = "could not read the catalog of the lake";
    let gateway = &context.gateways.lake;
    let databases = gateway.databases().await.map_err(op("", what))?;
    let mut schemas: BTreeMap<String, BTreeMap<String, Relation>> = BTreeMap::new();
    for some in databases.chunks(AT_ONCE) {
        let read = futures::future::join_all(some.iter().map(|database| async move { (database, gateway.tables(database).await) })).await;
        for (database, tables) in read {
            let schema = schemas.entry(database.clone()).or_default();
            for table in tables.map_err(op(database, what))? {
                let columns = table.columns.into_iter().chain(table.partitions);
                let relation = Relation {
                    name: table.name.clone(),
                    kind: if table.is_view { RelationKind::View } else { RelationKind::External },
                    columns: columns.map(|column| CatalogColumn { name: column.name, type_name: column.type_name }).collect(),
                    location: table.location,
                };
                schema.insert(table.name, relation);
            }
        }
    }
    Ok(listed(schemas))
}

fn listed(schemas: BTreeMap<String, BTreeMap<String, Relation>>) -> Vec<Schema> {
    schemas.into_iter().map(|(name, relations)| Schema { name, relations: relations.into_values().collect() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_as_people_write_them() {
        assert_eq!(type_name("character varying", Some(20), None, None), "varchar(20)");
        assert_eq!(type_name("numeric", None, Some(10), Some(2)), "numeric(10,2)");
        assert_eq!(type_name("timestamp without time zone", None, None, None), "timestamp");
        assert_eq!(type_name("integer", None, Some(32), Some(0)), "integer");
    }

    #[test]
    fn names_are_found_in_any_case_and_in_the_default_schema() {
        let relation = Relation { name: "data".into(), kind: RelationKind::Table, columns: Vec::new(), location: None };
        let catalog = Catalog {
            default_schema: "dm".into(),
            schemas: vec![Schema { name: "dm".into(), relations: vec![relation] }],
            ..Catalog::default()
        };
        assert!(catalog.relation(None, "DATA").is_some());
        assert!(catalog.relation(Some("DM"), "data").is_some());
        assert!(catalog.relation(Some("public"), "data").is_none());
    }
}

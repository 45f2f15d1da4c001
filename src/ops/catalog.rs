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
    /// A stored procedure.
    Procedure,
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
    /// Its columns in order; the arguments of a function.
    pub columns: Vec<CatalogColumn>,
    /// Where its rows lie in S3.
    pub location: Option<String>,
    /// The type of what a function gives, where the service says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives: Option<String>,
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
    /// The databases beside `database`, by name; what is in them is not read.
    #[serde(default)]
    pub others: Vec<String>,
    /// The functions of the engine itself, where the service lists them.
    #[serde(default)]
    pub functions: Vec<Relation>,
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
            RelationKind::Procedure => "procedure",
        }
    }

    /// Whether it has rows that a query can read.
    pub const fn has_rows(self) -> bool {
        matches!(self, RelationKind::Table | RelationKind::External | RelationKind::View | RelationKind::MaterializedView)
    }
}

impl Relation {
    /// What stands between the brackets of a call: the types of its arguments.
    pub fn arguments(&self) -> String {
        self.columns.iter().map(|column| column.type_name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The arguments in brackets and the type of what it gives: `(integer, varchar) varchar`.
    pub fn signature(&self) -> String {
        let gives = self.gives.as_deref().unwrap_or_default();
        format!("({}) {gives}", self.arguments()).trim_end().to_owned()
    }
}

impl Catalog {
    /// The schema of a name, in any case.
    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.schemas.iter().find(|schema| schema.name.eq_ignore_ascii_case(name))
    }

    /// A relation with rows by its name, in any case; without a schema it is looked up in the default one.
    pub fn relation(&self, schema: Option<&str>, name: &str) -> Option<&Relation> {
        let relations = &self.schema(schema.unwrap_or(&self.default_schema))?.relations;
        relations.iter().find(|relation| relation.kind.has_rows() && relation.name.eq_ignore_ascii_case(name))
    }

    /// A function by its name, in any case; without a schema it is looked up in the default one, then among those of the engine itself.
    pub fn function(&self, schema: Option<&str>, name: &str) -> Option<&Relation> {
        let called = |relation: &&Relation| {
            matches!(relation.kind, RelationKind::Function | RelationKind::Procedure) && relation.name.eq_ignore_ascii_case(name)
        };
        let own = self.schema(schema.unwrap_or(&self.default_schema)).and_then(|schema| schema.relations.iter().find(called));
        own.or_else(|| if schema.is_none() { self.functions.iter().find(called) } else { None })
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

/// The functions and procedures that people and Redshift ML have made. `CREATE MODEL` adds one for each model.
const FUNCTIONS: &str = "\
SELECT database_name, schema_name, function_name, function_type, argument_type, result_type
FROM svv_redshift_functions
WHERE schema_name NOT IN ('information_schema', 'pg_catalog', 'pg_internal', 'catalog_history')";

/// The databases of the warehouse.
const DATABASES: &str = "SELECT database_name FROM svv_redshift_databases";

/// The functions of the lake's engine: name, type of the result, types of the arguments, and more.
const LAKE_FUNCTIONS: &str = "SHOW FUNCTIONS";

/// Databases of the lake that are read at the same time.
const AT_ONCE: usize = 8;

/// Reads what an engine can name: a few statements on the warehouse at the same time, one list of tables for each database of the lake.
/// `version` is that of the catalog that it takes the place of. The functions of the lake's engine never change while a program runs: they
/// are asked for only with the first catalog.
///
/// # Errors
/// The service's own. What only adds to the tables (models, functions, other databases) may be refused to who asks: then it is left out.
pub async fn read(context: &Context, engine: QueryEngine, version: u64) -> Result<Catalog, OpError> {
    let mut catalog = match engine {
        QueryEngine::Redshift => warehouse(context).await?,
        QueryEngine::Athena => lake(context, version == 0).await?,
    };
    (catalog.read, catalog.version) = (Some(context.clock.now()), version + 1);
    Ok(catalog)
}

/// The rows of a statement without which the catalog is still of use.
fn or_nothing(what: &str, answer: Result<QueryResult, OpError>) -> Option<QueryResult> {
    answer.inspect_err(|error| tracing::info!("{what} are left out of the catalog: {error}")).ok()
}

async fn warehouse(context: &Context) -> Result<Catalog, OpError> {
    let rows = |sql: &str| query::rows(context, QueryEngine::Redshift, sql.to_owned());
    let place = context.warehouse();
    let schemas = context.gateways.statements.schemas(&place);
    let (columns, models, functions, databases, names) =
        tokio::join!(rows(WAREHOUSE), rows("SHOW MODEL ALL"), rows(FUNCTIONS), rows(DATABASES), async {
            schemas.await.map_err(op("", "could not list the schemas"))
        });
    let database = context.scenario.database.clone();
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
            gives: None,
        });
        let number = |at: usize| row.get(at).and_then(Cell::number).map(|number| number as i64);
        relation.columns.push(CatalogColumn { name: text(3), type_name: type_name(&text(4), number(5), number(6), number(7)) });
    }
    if let Some(models) = or_nothing("models", models) {
        add_models(&mut schemas, &models);
    }
    if let Some(functions) = or_nothing("functions", functions) {
        add_functions(&mut schemas, &database, &functions);
    }
    let mut others: Vec<String> = or_nothing("other databases", databases)
        .map(|found| found.page.rows.iter().filter_map(|row| row.first()).map(Cell::text).collect())
        .unwrap_or_default();
    others.retain(|name| !name.eq_ignore_ascii_case(&database));
    others.sort_unstable();
    Ok(Catalog { database, default_schema: "public".to_owned(), schemas: listed(schemas), others, ..Catalog::default() })
}

/// The functions of a database. One name may have several, told apart by their arguments.
fn add_functions(schemas: &mut BTreeMap<String, BTreeMap<String, Relation>>, database: &str, functions: &QueryResult) {
    for row in &functions.page.rows {
        let text = |at: usize| row.get(at).map(Cell::text).unwrap_or_default();
        let (of, schema, name, kind, arguments, gives) = (text(0), text(1), text(2), text(3), text(4), text(5));
        if name.is_empty() || !of.eq_ignore_ascii_case(database) {
            continue;
        }
        let kind = if kind.to_ascii_uppercase().contains("PROCEDURE") { RelationKind::Procedure } else { RelationKind::Function };
        let function = function(name, kind, &arguments, gives);
        schemas.entry(schema).or_default().insert(format!("{}({arguments})", function.name), function);
    }
}

/// A function. Its arguments have no names in the views of either service; in the text of a function of Redshift they are `$1` and so on.
fn function(name: String, kind: RelationKind, arguments: &str, gives: String) -> Relation {
    let columns = types(arguments)
        .into_iter()
        .enumerate()
        .map(|(at, type_name)| CatalogColumn { name: format!("${}", at + 1), type_name: type_name.to_owned() })
        .collect();
    Relation { name, kind, columns, location: None, gives: Some(gives).filter(|gives| !gives.is_empty()) }
}

/// The types of a list: `integer, numeric(10,2)`. Commas in brackets separate nothing.
fn types(list: &str) -> Vec<&str> {
    let (mut found, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, c) in list.char_indices() {
        match c {
            '(' | '<' => depth += 1,
            // The arrow of a lambda closes nothing.
            '>' if list[..at].ends_with('-') => {}
            ')' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(list[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(list[from..].trim());
    found.retain(|one| !one.is_empty());
    found
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
        let model = Relation { name: name.clone(), kind: RelationKind::Model, columns: Vec::new(), location: None, gives: None };
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

async fn lake(context: &Context, functions: bool) -> Result<Catalog, OpError> {
    let listed = async { if functions { Some(query::rows(context, QueryEngine::Athena, LAKE_FUNCTIONS.to_owned()).await) } else { None } };
    let (schemas, functions) = tokio::join!(lake_tables(context), listed);
    let functions = functions.and_then(|answer| or_nothing("functions", answer)).map(|found| lake_functions(&found)).unwrap_or_default();
    let (database, default_schema) = ("AwsDataCatalog".to_owned(), context.scenario.glue_database.clone());
    Ok(Catalog { database, default_schema, schemas: schemas?, functions, ..Catalog::default() })
}

/// The rows of `SHOW FUNCTIONS`: name, type of the result, types of the arguments, kind, and more.
fn lake_functions(found: &QueryResult) -> Vec<Relation> {
    let label = found.columns.first().map(|column| column.name.as_str()).unwrap_or_default();
    let mut functions: Vec<Relation> = found
        .page
        .rows
        .iter()
        .map(|row| [0, 1, 2].map(|at| row.get(at).map(Cell::text).unwrap_or_default()))
        // Some statements repeat the labels in their first row.
        .filter(|[name, ..]| !name.is_empty() && name != label)
        .map(|[name, gives, arguments]| function(name, RelationKind::Function, &arguments, gives))
        .collect();
    functions.sort_by(|a, b| a.name.cmp(&b.name));
    functions
}

async fn lake_tables(context: &Context) -> Result<Vec<Schema>, OpError> {
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
                    gives: None,
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
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::time::Duration;

    use super::*;
    use crate::ops::query::{Page, QueryColumn};

    fn answer(engine: QueryEngine, labels: &[&str], rows: &[&[&str]]) -> QueryResult {
        let column = |name: &&str| QueryColumn { name: (*name).into(), type_name: "varchar".into(), numeric: false };
        QueryResult {
            id: "1".into(),
            engine,
            columns: labels.iter().map(column).collect(),
            page: Page { rows: rows.iter().map(|row| row.iter().map(|text| Cell::Text((*text).into())).collect()).collect(), next: None },
            total_rows: None,
            duration: Duration::ZERO,
            scanned_bytes: None,
            result_bytes: None,
        }
    }

    #[test]
    fn functions_of_one_name_are_told_apart_by_their_arguments() {
        let found = answer(
            QueryEngine::Redshift,
            &["database_name", "schema_name", "function_name", "function_type", "argument_type", "result_type"],
            &[
                &["dev", "dm", "f", "REGULAR FUNCTION", "integer, numeric(10,2)", "varchar"],
                &["dev", "dm", "f", "REGULAR FUNCTION", "integer", "varchar"],
                &["dev", "dm", "p", "STORED PROCEDURE", "", ""],
                &["other", "dm", "g", "REGULAR FUNCTION", "", ""],
            ],
        );
        let mut schemas = BTreeMap::new();
        add_functions(&mut schemas, "dev", &found);
        let schemas = listed(schemas);
        let told: Vec<(&str, String, RelationKind)> =
            schemas[0].relations.iter().map(|it| (it.name.as_str(), it.signature(), it.kind)).collect();
        assert_eq!(
            told,
            [
                ("f", "(integer) varchar".to_owned(), RelationKind::Function),
                ("f", "(integer, numeric(10,2)) varchar".to_owned(), RelationKind::Function),
                ("p", "()".to_owned(), RelationKind::Procedure),
            ]
        );
        let catalog = Catalog { default_schema: "dm".into(), schemas, ..Catalog::default() };
        assert!(catalog.function(None, "F").is_some() && catalog.relation(None, "f").is_none(), "a function is no table");
    }

    #[test]
    fn the_functions_of_the_lake_come_without_their_labels() {
        let labels = ["Function", "Return Type", "Argument Types", "Function Type", "Deterministic", "Description"];
        let reduce: &[&str] = &["reduce", "R", "array(T), S, function(S,T,S), function(S,R)", "scalar", "true", ""];
        let found = answer(QueryEngine::Athena, &labels, &[&labels, reduce, &["abs", "bigint", "bigint", "scalar", "true", ""]]);
        let functions = lake_functions(&found);
        assert_eq!(functions.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["abs", "reduce"]);
        assert_eq!(functions[1].columns[2].type_name, "function(S,T,S)");
    }

    #[test]
    fn types_are_written_as_people_write_them() {
        assert_eq!(type_name("character varying", Some(20), None, None), "varchar(20)");
        assert_eq!(type_name("numeric", None, Some(10), Some(2)), "numeric(10,2)");
        assert_eq!(type_name("timestamp without time zone", None, None, None), "timestamp");
        assert_eq!(type_name("integer", None, Some(32), Some(0)), "integer");
    }

    #[test]
    fn names_are_found_in_any_case_and_in_the_default_schema() {
        let relation = Relation { name: "data".into(), kind: RelationKind::Table, columns: Vec::new(), location: None, gives: None };
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

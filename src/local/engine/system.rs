//! The system's own views: `information_schema` of both services, and those of Redshift's `pg_…` and `svv_…` that tools ask for.

use std::sync::Arc;

use datafusion::catalog::{MemTable, TableProvider};

use super::catalog::{ColumnDef, LAKE, LakeRelation, Relation, TableName};
use super::rows::Rows;
use super::session::Session;
use super::transaction::Transaction;
use super::types::ColumnType;
use super::{Dialect, Engine, SqlError, error};

const INFORMATION_SCHEMA: &str = "information_schema";
const PG_CATALOG: &str = "pg_catalog";
const INFORMATION_VIEWS: [&str; 4] = ["schemata", "tables", "columns", "views"];
const PG_VIEWS: [&str; 12] = [
    "pg_tables",
    "pg_views",
    "pg_namespace",
    "pg_database",
    "pg_table_def",
    "svv_tables",
    "svv_columns",
    "svv_external_databases",
    "svv_external_schemas",
    "svv_external_tables",
    "svv_external_columns",
    "svv_table_info",
];

/// Whether a view of the system has that name.
pub fn exists(dialect: Dialect, name: &TableName) -> bool {
    match name.schema.as_str() {
        INFORMATION_SCHEMA => INFORMATION_VIEWS.contains(&name.table.as_str()),
        PG_CATALOG => dialect == Dialect::Redshift && PG_VIEWS.contains(&name.table.as_str()),
        _ => false,
    }
}

/// The columns of a view of the system.
pub fn columns(name: &TableName) -> Option<Vec<ColumnDef>> {
    Some(empty(&name.schema, &name.table)?.columns().to_vec())
}

/// A view of the system with what is in it now.
pub fn provider(
    engine: &Engine,
    session: &Session,
    transaction: &Transaction,
    name: &TableName,
) -> Result<Arc<dyn TableProvider>, SqlError> {
    let mut rows =
        empty(&name.schema, &name.table).ok_or_else(|| error::internal(format!("there is no view {}.{}", name.schema, name.table)))?;
    let relations = relations(engine, session, transaction);
    let view = View { session, transaction, relations: &relations };
    match session.dialect {
        Dialect::Athena => view.athena(&name.table, &mut rows),
        Dialect::Redshift => view.redshift(&name.table, &mut rows),
    }
    rows.sort(3.min(rows.columns().len()));
    let batch = rows.batch()?;
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).map_err(error::internal)?;
    Ok(Arc::new(table))
}

/// A relation with what the views tell of it.
struct Listed {
    schema: String,
    name: String,
    kind: &'static str,
    columns: Vec<ColumnDef>,
    /// Rows and bytes of a table of the warehouse.
    size: Option<(u64, u64)>,
    /// Text of a view.
    sql: Option<String>,
    /// Location, Glue database and serializer of an external table.
    external: Option<(String, String, String)>,
    distkey: Option<String>,
    sortkey: Vec<String>,
}

/// Relations of the session's database, or of all Glue databases.
fn relations(_engine: &Engine, session: &Session, transaction: &Transaction) -> Vec<Listed> {
    let catalog = transaction.catalog();
    let lake = |schema: &str, database: &str| -> Vec<Listed> {
        let tables = catalog.lake.get(database).into_iter().flat_map(|database| &database.tables);
        tables
            .map(|(name, relation)| {
                let (kind, columns, sql, external) = match relation {
                    LakeRelation::External(table) => {
                        let serde = match &table.format {
                            super::catalog::ExternalFormat::Text(format) => format.serde.clone(),
                            super::catalog::ExternalFormat::Parquet => {
                                "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe".to_owned()
                            }
                        };
                        ("EXTERNAL TABLE", &table.columns, None, Some((table.location.clone(), database.to_owned(), serde)))
                    }
                    LakeRelation::View(view) => ("VIEW", &view.columns, Some(view.sql.clone()), None),
                };
                Listed {
                    schema: schema.to_owned(),
                    name: name.clone(),
                    kind,
                    columns: columns.clone(),
                    size: None,
                    sql,
                    external,
                    distkey: None,
                    sortkey: Vec::new(),
                }
            })
            .collect()
    };
    if session.dialect == Dialect::Athena {
        return catalog.lake.keys().flat_map(|database| lake(database, database)).collect();
    }
    let mut listed = Vec::new();
    let own = |schema: &str, name: &str, relation: &Relation| match relation {
        Relation::Table(table) => Listed {
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind: "BASE TABLE",
            columns: table.columns.clone(),
            size: Some((table.rows(), table.files.iter().map(|file| file.bytes).sum())),
            sql: None,
            external: None,
            distkey: table.attributes.dist_key.clone(),
            sortkey: table.attributes.sort_key.clone(),
        },
        Relation::View(view) => Listed {
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind: "VIEW",
            columns: view.columns.clone(),
            size: None,
            sql: Some(view.sql.clone()),
            external: None,
            distkey: None,
            sortkey: Vec::new(),
        },
    };
    for (schema_name, schema) in catalog.database(&session.database).into_iter().flat_map(|database| &database.schemas) {
        match &schema.external {
            Some(external) => listed.extend(lake(schema_name, &external.database)),
            None => listed.extend(schema.relations.iter().map(|(name, relation)| own(schema_name, name, relation))),
        }
    }
    listed.extend(transaction.temporary().iter().map(|(name, relation)| own(super::catalog::TEMPORARY, name, relation)));
    listed
}

/// The view without rows.
fn empty(schema: &str, view: &str) -> Option<Rows> {
    let text = || ColumnType::Varchar(Some(128));
    let (int, long) = (ColumnType::Int4, ColumnType::Int8);
    Some(match (schema, view) {
        (INFORMATION_SCHEMA, "schemata") => Rows::new([("catalog_name", text()), ("schema_name", text()), ("schema_owner", text())]),
        (INFORMATION_SCHEMA, "tables") => {
            Rows::new([("table_catalog", text()), ("table_schema", text()), ("table_name", text()), ("table_type", text())])
        }
        (INFORMATION_SCHEMA, "views") => Rows::new([
            ("table_catalog", text()),
            ("table_schema", text()),
            ("table_name", text()),
            ("view_definition", ColumnType::Varchar(None)),
        ]),
        (INFORMATION_SCHEMA, "columns") | (PG_CATALOG, "svv_columns") => Rows::new([
            ("table_catalog", text()),
            ("table_schema", text()),
            ("table_name", text()),
            ("column_name", text()),
            ("ordinal_position", int.clone()),
            ("column_default", ColumnType::Varchar(None)),
            ("is_nullable", text()),
            ("data_type", text()),
            ("character_maximum_length", int.clone()),
            ("numeric_precision", int.clone()),
            ("numeric_scale", int),
        ]),
        (PG_CATALOG, "svv_tables") => {
            Rows::new([("table_catalog", text()), ("table_schema", text()), ("table_name", text()), ("table_type", text())])
        }
        (PG_CATALOG, "pg_tables") => Rows::new([("schemaname", text()), ("tablename", text()), ("tableowner", text())]),
        (PG_CATALOG, "pg_views") => {
            Rows::new([("schemaname", text()), ("viewname", text()), ("viewowner", text()), ("definition", ColumnType::Varchar(None))])
        }
        (PG_CATALOG, "pg_namespace") => Rows::new([("nspname", text())]),
        (PG_CATALOG, "pg_database") => Rows::new([("datname", text())]),
        (PG_CATALOG, "pg_table_def") => Rows::new([
            ("schemaname", text()),
            ("tablename", text()),
            ("column", text()),
            ("type", text()),
            ("encoding", text()),
            ("distkey", ColumnType::Boolean),
            ("sortkey", int),
            ("notnull", ColumnType::Boolean),
        ]),
        (PG_CATALOG, "svv_external_databases") => Rows::new([("eskind", int), ("databasename", text())]),
        (PG_CATALOG, "svv_external_schemas") => {
            Rows::new([("schemaname", text()), ("databasename", text()), ("eskind", int), ("esoptions", ColumnType::Varchar(None))])
        }
        (PG_CATALOG, "svv_external_tables") => Rows::new([
            ("schemaname", text()),
            ("tablename", text()),
            ("location", ColumnType::Varchar(None)),
            ("serialization_lib", text()),
            ("tabletype", text()),
        ]),
        (PG_CATALOG, "svv_external_columns") => Rows::new([
            ("schemaname", text()),
            ("tablename", text()),
            ("columnname", text()),
            ("external_type", text()),
            ("columnnum", int),
        ]),
        (PG_CATALOG, "svv_table_info") => {
            Rows::new([("database", text()), ("schema", text()), ("table", text()), ("tbl_rows", long.clone()), ("size", long)])
        }
        _ => return None,
    })
}

struct View<'a> {
    session: &'a Session,
    transaction: &'a Transaction,
    relations: &'a [Listed],
}

/// Length, precision and scale of a type as `information_schema` gives them.
fn sizes(kind: &ColumnType) -> [Option<String>; 3] {
    match kind {
        ColumnType::Varchar(Some(length)) | ColumnType::Char(length) => [Some(length.to_string()), None, None],
        ColumnType::Int2 => [None, Some("16".into()), Some("0".into())],
        ColumnType::Int4 => [None, Some("32".into()), Some("0".into())],
        ColumnType::Int8 => [None, Some("64".into()), Some("0".into())],
        ColumnType::Float4 => [None, Some("24".into()), None],
        ColumnType::Float8 => [None, Some("53".into()), None],
        ColumnType::Decimal { precision, scale } => [None, Some(precision.to_string()), Some(scale.to_string())],
        _ => [None, None, None],
    }
}

/// The type without its sizes, as `information_schema` gives it.
fn bare(text: String) -> String {
    text.split('(').next().map(str::to_owned).unwrap_or(text)
}

impl View<'_> {
    fn athena(&self, view: &str, rows: &mut Rows) {
        match view {
            "schemata" => {
                for database in self.transaction.catalog().lake.keys() {
                    rows.push([Some(LAKE.into()), Some(database.clone()), None]);
                }
                rows.push([Some(LAKE.into()), Some(INFORMATION_SCHEMA.into()), None]);
            }
            "tables" => {
                for relation in self.relations {
                    let kind = if relation.kind == "VIEW" { "VIEW" } else { "BASE TABLE" };
                    rows.add([LAKE, &relation.schema, &relation.name, kind]);
                }
            }
            "views" => self.views(LAKE, rows),
            _ => {
                for (relation, index, column) in self.columns() {
                    let [length, precision, scale] = [None, None, None];
                    rows.push([
                        Some(LAKE.into()),
                        Some(relation.schema.clone()),
                        Some(relation.name.clone()),
                        Some(column.name.clone()),
                        Some((index + 1).to_string()),
                        None,
                        Some("YES".into()),
                        Some(column.column_type.trino_text()),
                        length,
                        precision,
                        scale,
                    ]);
                }
            }
        }
    }

    fn redshift(&self, view: &str, rows: &mut Rows) {
        let database = self.session.database.as_str();
        let owner = self.session.user.as_str();
        let catalog = self.transaction.catalog();
        let schemas: Vec<&String> = catalog.database(database).map(|known| known.schemas.keys().collect()).unwrap_or_default();
        let own = |relation: &&Listed| relation.external.is_none();
        match view {
            "schemata" => {
                for schema in schemas.into_iter().map(String::as_str).chain([INFORMATION_SCHEMA, PG_CATALOG]) {
                    rows.add([database, schema, owner]);
                }
            }
            "pg_namespace" => {
                for schema in schemas.into_iter().map(String::as_str).chain([INFORMATION_SCHEMA, PG_CATALOG]) {
                    rows.add([schema]);
                }
            }
            "pg_database" => catalog.warehouse.keys().for_each(|name| rows.add([name])),
            "tables" => {
                for relation in self.relations.iter().filter(own) {
                    rows.add([database, &relation.schema, &relation.name, relation.kind]);
                }
            }
            "svv_tables" => {
                for relation in self.relations {
                    rows.add([database, &relation.schema, &relation.name, relation.kind]);
                }
            }
            "views" => self.views(database, rows),
            "columns" | "svv_columns" => {
                for (relation, index, column) in self.columns().filter(|(relation, ..)| view == "svv_columns" || own(relation)) {
                    let [length, precision, scale] = sizes(&column.column_type);
                    rows.push([
                        Some(database.to_owned()),
                        Some(relation.schema.clone()),
                        Some(relation.name.clone()),
                        Some(column.name.clone()),
                        Some((index + 1).to_string()),
                        column.default.clone(),
                        Some(if column.nullable { "YES" } else { "NO" }.to_owned()),
                        Some(bare(column.column_type.redshift_text())),
                        length,
                        precision,
                        scale,
                    ]);
                }
            }
            "pg_tables" => {
                for relation in self.relations.iter().filter(|relation| relation.kind == "BASE TABLE") {
                    rows.add([&relation.schema, &relation.name, owner]);
                }
            }
            "pg_views" => {
                for relation in self.relations.iter().filter(own) {
                    if let Some(sql) = &relation.sql {
                        rows.add([&relation.schema, &relation.name, owner, sql]);
                    }
                }
            }
            "pg_table_def" => {
                for (relation, _, column) in self.columns().filter(|(relation, ..)| relation.kind == "BASE TABLE") {
                    let sortkey = relation.sortkey.iter().position(|name| *name == column.name).map_or(0, |index| index + 1);
                    rows.add([
                        &relation.schema,
                        &relation.name,
                        &column.name,
                        &column.column_type.redshift_text(),
                        "none",
                        if relation.distkey.as_ref() == Some(&column.name) { "true" } else { "false" },
                        &sortkey.to_string(),
                        if column.nullable { "false" } else { "true" },
                    ]);
                }
            }
            "svv_external_databases" => catalog.lake.keys().for_each(|name| rows.add(["1", name])),
            "svv_external_schemas" => {
                for (name, schema) in catalog.database(database).into_iter().flat_map(|known| &known.schemas) {
                    if let Some(external) = &schema.external {
                        let options = serde_json::json!({ "IAM_ROLE": external.iam_role, "REGION": external.region }).to_string();
                        // 1 is the data catalog.
                        rows.add([name, &external.database, "1", &options]);
                    }
                }
            }
            "svv_external_tables" => {
                for relation in self.relations {
                    if let Some((location, _, serde)) = &relation.external {
                        rows.add([&relation.schema, &relation.name, location, serde, "EXTERNAL_TABLE"]);
                    }
                }
            }
            "svv_external_columns" => {
                for (relation, index, column) in self.columns().filter(|(relation, ..)| relation.external.is_some()) {
                    let kind = column.column_type.hive_text();
                    rows.add([&relation.schema, &relation.name, &column.name, &kind, &(index + 1).to_string()]);
                }
            }
            _ => {
                for relation in self.relations {
                    if let Some((count, bytes)) = relation.size {
                        // `size` is in blocks of 1 MB.
                        let blocks = bytes.div_ceil(1 << 20);
                        rows.add([database, &relation.schema, &relation.name, &count.to_string(), &blocks.to_string()]);
                    }
                }
            }
        }
    }

    fn views(&self, catalog: &str, rows: &mut Rows) {
        for relation in self.relations {
            if let Some(sql) = &relation.sql {
                rows.add([catalog, &relation.schema, &relation.name, sql]);
            }
        }
    }

    fn columns(&self) -> impl Iterator<Item = (&Listed, usize, &ColumnDef)> {
        self.relations.iter().flat_map(|relation| relation.columns.iter().enumerate().map(move |(index, column)| (relation, index, column)))
    }
}

//! What exists: the databases of the warehouse with their schemas, tables, views and models, and the Glue databases of the lake with
//! their external tables.
//!
//! A [`Catalog`] is a value. A transaction changes a copy and commits it by replacing the one document `warehouse/catalog`, so that
//! warehouse and lake change together and a kill leaves the old or the new.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::parse::TableAttributes;
use super::types::ColumnType;

/// Name of Athena's catalog, which holds the Glue databases.
pub const LAKE: &str = "awsdatacatalog";
/// The schema that every warehouse database has, and where unqualified names are looked up.
pub const PUBLIC: &str = "public";
/// The schema of a session's temporary tables.
pub const TEMPORARY: &str = "pg_temp";
/// The document of the state directory that holds the catalog.
pub const DOCUMENT: &str = "warehouse/catalog";

/// A resolved name of a relation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableName {
    /// Warehouse database, or [`LAKE`].
    pub database: String,
    /// Schema of the warehouse, or Glue database.
    pub schema: String,
    /// Table or view.
    pub table: String,
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

/// Everything that is defined.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// Databases of the warehouse by name; none before a warehouse was created.
    #[serde(default)]
    pub warehouse: BTreeMap<String, Database>,
    /// Glue databases by name.
    #[serde(default)]
    pub lake: BTreeMap<String, LakeDatabase>,
    /// Athena's prepared statements: their text, and when they were made, by workgroup and name.
    #[serde(default)]
    pub prepared: BTreeMap<String, BTreeMap<String, (String, DateTime<Utc>)>>,
}

/// A database of the warehouse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Database {
    /// Schemas by name; [`PUBLIC`] is always there.
    pub schemas: BTreeMap<String, Schema>,
    /// Redshift ML models by name, `schema.name`; each is what `models` keeps of it.
    #[serde(default)]
    pub models: BTreeMap<String, serde_json::Value>,
}

impl Default for Database {
    fn default() -> Self {
        Database { schemas: BTreeMap::from([(PUBLIC.to_owned(), Schema::default())]), models: BTreeMap::new() }
    }
}

/// A schema of the warehouse.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Where an external schema points; `None` for one of the warehouse's own.
    #[serde(default)]
    pub external: Option<ExternalSchema>,
    /// Tables and views by name. Always empty in an external schema, whose tables are those of its Glue database.
    #[serde(default)]
    pub relations: BTreeMap<String, Relation>,
    /// `COMMENT ON SCHEMA`.
    #[serde(default)]
    pub comment: Option<String>,
}

/// What `CREATE EXTERNAL SCHEMA` said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalSchema {
    /// Glue database.
    pub database: String,
    /// Role that reads it.
    pub iam_role: String,
    /// Region of the data catalog, when it was named.
    pub region: Option<String>,
}

/// A table or a view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// A table.
    Table(Arc<TableDef>),
    /// A view.
    View(Arc<ViewDef>),
}

/// A table of the warehouse.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TableDef {
    /// Columns in order.
    pub columns: Vec<ColumnDef>,
    /// The rows: Parquet files in order.
    #[serde(default)]
    pub files: Vec<DataFile>,
    /// Distribution, sort key and encodings, as declared.
    #[serde(default)]
    pub attributes: TableAttributes,
    /// Rows that were ever inserted: what IDENTITY columns have counted to.
    #[serde(default)]
    pub numbered: u64,
    /// Primary key columns (informational, as in Redshift).
    #[serde(default)]
    pub primary_key: Vec<String>,
    /// Unique and foreign keys (informational, as in Redshift).
    #[serde(default)]
    pub constraints: Vec<Constraint>,
    /// `COMMENT ON`, by column; that on the table itself is under no name.
    #[serde(default)]
    pub comments: BTreeMap<String, String>,
    /// The query that the rows are the result of, when it is a materialized view.
    #[serde(default)]
    pub materialized: Option<Materialized>,
}

/// A unique or foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// Name.
    pub name: String,
    /// `u` for a unique, `f` for a foreign key, as `pg_constraint` has it.
    pub kind: char,
    /// Columns.
    pub columns: Vec<String>,
    /// What a foreign key refers to, `table(column)`.
    #[serde(default)]
    pub references: Option<String>,
}

impl Constraint {
    /// The name of the primary key of a table.
    pub fn primary_key_name(table: &str) -> String {
        format!("{table}_pkey")
    }
}

/// How a materialized view is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Materialized {
    /// Its query.
    pub sql: String,
    /// What it reads.
    pub uses: Vec<TableName>,
    /// `AUTO REFRESH YES`.
    pub auto_refresh: bool,
    /// When its rows were made.
    pub refreshed: DateTime<Utc>,
}

impl TableDef {
    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// A column's position by name, folded to lower case as Redshift folds it.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| known.name.eq_ignore_ascii_case(column))
    }
}

/// A column of a table or a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDef {
    /// Name.
    pub name: String,
    /// Type.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// Whether NULL may be stored.
    pub nullable: bool,
    /// `DEFAULT` expression as SQL.
    #[serde(default)]
    pub default: Option<String>,
}

impl ColumnDef {
    /// A nullable column without a default.
    pub fn new(name: impl Into<String>, column_type: ColumnType) -> Self {
        ColumnDef { name: name.into(), column_type, nullable: true, default: None }
    }
}

/// An immutable Parquet file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DataFile {
    /// File name in the directory of the warehouse's files.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// A view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViewDef {
    /// Its query, in the dialect of the catalog that it is in.
    pub sql: String,
    /// Its columns when it was made.
    pub columns: Vec<ColumnDef>,
    /// `WITH NO SCHEMA BINDING`: names are looked up when the view is used.
    #[serde(default)]
    pub late_binding: bool,
    /// What it reads: none of it can be dropped without `CASCADE`. Empty for a late-binding view.
    #[serde(default)]
    pub uses: Vec<TableName>,
    /// `COMMENT ON`, by column; that on the view itself is under no name.
    #[serde(default)]
    pub comments: BTreeMap<String, String>,
}

/// A Glue database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LakeDatabase {
    /// `COMMENT`.
    #[serde(default)]
    pub comment: Option<String>,
    /// `LOCATION`.
    #[serde(default)]
    pub location: Option<String>,
    /// `DBPROPERTIES`.
    #[serde(default)]
    pub properties: Vec<(String, String)>,
    /// Tables and views by name.
    #[serde(default)]
    pub tables: BTreeMap<String, LakeRelation>,
}

/// A table or view of the lake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LakeRelation {
    /// An external table.
    External(Arc<ExternalTable>),
    /// A view.
    View(Arc<ViewDef>),
}

/// An external table: a definition over objects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExternalTable {
    /// Columns of the objects in order.
    pub columns: Vec<ColumnDef>,
    /// `PARTITIONED BY` columns, whose values are in the places of the objects.
    #[serde(default)]
    pub partition_columns: Vec<ColumnDef>,
    /// Partitions, sorted by their values.
    #[serde(default)]
    pub partitions: Vec<Partition>,
    /// `COMMENT` of the columns that have one, by column name.
    #[serde(default)]
    pub comments: BTreeMap<String, String>,
    /// How a row is written.
    pub format: ExternalFormat,
    /// `s3://bucket/prefix/`.
    pub location: String,
    /// `COMMENT`.
    #[serde(default)]
    pub comment: Option<String>,
    /// `TBLPROPERTIES`.
    #[serde(default)]
    pub properties: Vec<(String, String)>,
    /// When it was made.
    pub created: DateTime<Utc>,
}

impl ExternalTable {
    /// The columns that queries see: those of the objects, then those of the partitions.
    pub fn all_columns(&self) -> Vec<ColumnDef> {
        self.columns.iter().chain(&self.partition_columns).cloned().collect()
    }
}

/// A partition of an external table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Partition {
    /// Values of the partition columns, as text.
    pub values: Vec<String>,
    /// `s3://bucket/prefix/`.
    pub location: String,
}

/// How the rows of an external table are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExternalFormat {
    /// Lines of delimited text.
    Text(TextFormat),
    /// JSON objects, one a line.
    Json(JsonFormat),
    /// Parquet files.
    Parquet,
}

/// How JSON is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JsonFormat {
    /// Class of the serializer, as `SHOW CREATE TABLE` names it.
    pub serde: String,
    /// `WITH SERDEPROPERTIES`, in order.
    #[serde(default)]
    pub properties: Vec<(String, String)>,
    /// A line that is not JSON is a row of NULLs rather than an error.
    #[serde(default)]
    pub ignore_malformed: bool,
    /// Dots in keys are underscores in the names of columns.
    #[serde(default)]
    pub dots_in_keys: bool,
    /// Keys of columns that have other names, by column.
    #[serde(default)]
    pub mappings: BTreeMap<String, String>,
}

impl ExternalFormat {
    /// Class of the serializer.
    pub fn serde(&self) -> &str {
        match self {
            ExternalFormat::Text(format) => &format.serde,
            ExternalFormat::Json(format) => &format.serde,
            ExternalFormat::Parquet => "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        }
    }

    /// `WITH SERDEPROPERTIES`.
    pub fn serde_properties(&self) -> &[(String, String)] {
        match self {
            ExternalFormat::Text(format) => &format.properties,
            ExternalFormat::Json(format) => &format.properties,
            ExternalFormat::Parquet => &[],
        }
    }

    /// Classes that read and write it.
    pub fn files(&self) -> (&'static str, &'static str) {
        match self {
            ExternalFormat::Text(_) | ExternalFormat::Json(_) => {
                ("org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
            }
            ExternalFormat::Parquet => (
                "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            ),
        }
    }
}

/// How delimited text is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextFormat {
    /// Class of the serializer, as `SHOW CREATE TABLE` names it.
    pub serde: String,
    /// `WITH SERDEPROPERTIES`, in order.
    #[serde(default)]
    pub properties: Vec<(String, String)>,
    /// Field delimiter.
    pub delimiter: char,
    /// Quote character; `None` where quotes are data (`LazySimpleSerDe`).
    #[serde(default)]
    pub quote: Option<char>,
    /// Escape character.
    #[serde(default)]
    pub escape: Option<char>,
    /// The text that means NULL (`\N` in Hive); none in `OpenCSVSerde`.
    #[serde(default)]
    pub null: Option<String>,
    /// Lines to skip at the start of each object.
    #[serde(default)]
    pub header_lines: usize,
    /// A field that does not fit its column is an error (`OpenCSVSerde`) rather than NULL (`LazySimpleSerDe`).
    #[serde(default)]
    pub strict: bool,
}

impl Catalog {
    /// A warehouse database.
    pub fn database(&self, name: &str) -> Option<&Database> {
        self.warehouse.get(name)
    }

    /// A schema of a warehouse database.
    pub fn schema(&self, database: &str, schema: &str) -> Option<&Schema> {
        self.warehouse.get(database)?.schemas.get(schema)
    }

    /// A table of the lake.
    pub fn lake_table(&self, database: &str, table: &str) -> Option<&LakeRelation> {
        self.lake.get(database)?.tables.get(table)
    }

    /// A table or view of the warehouse.
    pub fn relation(&self, name: &TableName) -> Option<&Relation> {
        self.schema(&name.database, &name.schema)?.relations.get(&name.table)
    }

    /// The schema that holds a relation, to change it.
    pub fn schema_mut(&mut self, database: &str, schema: &str) -> Option<&mut Schema> {
        self.warehouse.get_mut(database)?.schemas.get_mut(schema)
    }

    /// The files of every table.
    pub fn files(&self) -> impl Iterator<Item = &DataFile> {
        self.warehouse
            .values()
            .flat_map(|database| database.schemas.values())
            .flat_map(|schema| schema.relations.values())
            .filter_map(|relation| match relation {
                Relation::Table(table) => Some(table),
                Relation::View(_) => None,
            })
            .flat_map(|table| table.files.iter())
    }

    /// What a full name stands for here.
    pub fn seen(&self, name: &TableName) -> Seen<'_> {
        if let Some(relation) = self.relation(name) {
            return Seen::Relation(relation);
        }
        let external = self.schema(&name.database, &name.schema).and_then(|schema| schema.external.as_ref());
        let glue = external.map_or(&name.schema, |external| &external.database);
        match self.lake_table(glue, &name.table).filter(|_| external.is_some() || name.database == LAKE) {
            Some(table) => Seen::Lake(table),
            None => Seen::Nothing,
        }
    }
}

/// What a reader sees under a name.
#[derive(Debug, PartialEq)]
pub enum Seen<'a> {
    /// Nothing that a user has made.
    Nothing,
    /// A table or view of the warehouse.
    Relation(&'a Relation),
    /// A table or view of the lake.
    Lake(&'a LakeRelation),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn sample() -> Catalog {
        let mut database = Database::default();
        let table = TableDef {
            columns: vec![ColumnDef::new("age", ColumnType::Int4)],
            files: vec![
                DataFile { name: "a.parquet".into(), rows: 3, bytes: 10 },
                DataFile { name: "b.parquet".into(), rows: 4, bytes: 9 },
            ],
            ..TableDef::default()
        };
        database.schemas.get_mut(PUBLIC).unwrap().relations.insert("data".into(), Relation::Table(Arc::new(table)));
        Catalog { warehouse: BTreeMap::from([("bankdm".to_owned(), database)]), lake: BTreeMap::new(), ..Catalog::default() }
    }

    #[test]
    fn a_catalog_is_read_back_as_it_was_written() {
        let catalog = sample();
        let text = serde_json::to_string(&catalog).unwrap();
        assert_eq!(serde_json::from_str::<Catalog>(&text).unwrap(), catalog);
    }

    #[test]
    fn files_of_all_tables_are_listed_and_rows_added() {
        let catalog = sample();
        assert_eq!(catalog.files().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.parquet", "b.parquet"]);
        let name = TableName { database: "bankdm".into(), schema: PUBLIC.into(), table: "data".into() };
        let Some(Relation::Table(table)) = catalog.relation(&name) else { panic!("no table") };
        assert_eq!((table.rows(), table.position("AGE"), table.position("job")), (7, Some(0), None));
    }

    #[test]
    fn what_a_name_stands_for_changes_with_it_and_with_nothing_else() {
        let (old, mut new) = (sample(), sample());
        let name = TableName { database: "bankdm".into(), schema: PUBLIC.into(), table: "data".into() };
        assert!(matches!(old.seen(&name), Seen::Relation(_)));
        new.warehouse.get_mut("bankdm").unwrap().models.insert("public.dm01".into(), serde_json::json!({}));
        new.warehouse.insert("other".into(), Database::default());
        assert!(old.seen(&name) == new.seen(&name) && old != new);
        new.schema_mut("bankdm", PUBLIC).unwrap().relations.clear();
        assert_eq!(new.seen(&name), Seen::Nothing);
    }
}

//! The system's own views: `information_schema` of both services, and Redshift's `pg_catalog`, `svv_…`, `stl_…`, `stv_…` and `sys_…`.
//!
//! Each view is a [`View`]: a name, columns, and a function that fills it with what is there now. Views of things that the embedded warehouse
//! does not have (slices, blocks, queues) do not exist.

mod history;
mod information;
mod keys;
mod objects;
mod pg;
mod svv;

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::catalog::{MemTable, TableProvider};

pub use objects::Objects;
pub use pg::{ENCODINGS, type_name, type_number};

use super::catalog::{Catalog, ColumnDef, LakeRelation, Relation, TEMPORARY, TableDef, TableName};
use super::dialect::semistructured;
use super::rows::Rows;
use super::session::Session;
use super::transaction::{Temporary, Transaction};
use super::types::ColumnType;
use super::{Dialect, Engine, SqlError, error, outside};

const INFORMATION_SCHEMA: &str = "information_schema";
const PG_CATALOG: &str = "pg_catalog";
/// The number of the one user.
const USER_ID: &str = "100";

/// The type of a column of a view.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Int,
    Long,
    Bool,
    Time,
    Float,
    /// An array as PostgreSQL writes it, by the name of its type.
    Array(&'static str),
}

impl Kind {
    fn column_type(self) -> ColumnType {
        match self {
            Kind::Text | Kind::Array(_) => ColumnType::Varchar(None),
            Kind::Int => ColumnType::Int4,
            Kind::Long => ColumnType::Int8,
            Kind::Bool => ColumnType::Boolean,
            Kind::Time => ColumnType::Timestamp,
            Kind::Float => ColumnType::Float8,
        }
    }
}

/// A view of the system.
struct View {
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
    fill: fn(&Snapshot<'_>, &mut Rows),
    /// Whether its rows are in an order of their own.
    ordered: bool,
}

/// The views of a schema.
fn views(dialect: Dialect, schema: &str) -> impl Iterator<Item = &'static View> {
    let views: &'static [&'static [View]] = match (schema, dialect) {
        (INFORMATION_SCHEMA, Dialect::Redshift) => &[information::REDSHIFT],
        (INFORMATION_SCHEMA, Dialect::Athena) => &[information::ATHENA],
        (PG_CATALOG, Dialect::Redshift) => &[
            pg::relations::VIEWS,
            pg::constraints::VIEWS,
            pg::types::VIEWS,
            pg::functions::VIEWS,
            pg::people::VIEWS,
            pg::readable::VIEWS,
            svv::VIEWS,
            history::VIEWS,
        ],
        _ => &[],
    };
    views.iter().copied().flatten()
}

/// The view of a name.
fn view(dialect: Dialect, name: &TableName) -> Option<&'static View> {
    views(dialect, &name.schema).find(|view| view.name == name.table)
}

/// The warehouse's views of the system with their schemas, as relations like others.
fn own_views() -> impl Iterator<Item = (&'static str, &'static View)> {
    [PG_CATALOG, INFORMATION_SCHEMA].into_iter().flat_map(|schema| {
        // What a function gives in FROM is no relation.
        views(Dialect::Redshift, schema).filter(|view| !view.name.starts_with("pg_get_")).map(move |view| (schema, view))
    })
}

/// Whether a view of the system has that name.
pub fn exists(dialect: Dialect, name: &TableName) -> bool {
    view(dialect, name).is_some()
}

/// The columns of a view of the system.
pub fn columns(name: &TableName) -> Option<Vec<ColumnDef>> {
    view(Dialect::Redshift, name).map(View::column_defs)
}

impl View {
    fn column_defs(&self) -> Vec<ColumnDef> {
        self.columns.iter().map(|(name, kind)| ColumnDef::new(*name, kind.column_type())).collect()
    }

    /// Marks the columns that are arrays.
    fn marked(&self, batch: &RecordBatch) -> Result<RecordBatch, SqlError> {
        let schema = batch.schema();
        let fields = schema.fields().iter().zip(self.columns).map(|(field, (_, kind))| match kind {
            Kind::Array(name) => semistructured::mark_array(Field::clone(field), name),
            _ => Field::clone(field),
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
        RecordBatch::try_new(schema, batch.columns().to_vec()).map_err(error::internal)
    }
}

/// A view of the system with what is in it now.
pub fn provider(
    engine: &Engine,
    session: &Session,
    transaction: &Transaction,
    name: &TableName,
) -> Result<Arc<dyn TableProvider>, SqlError> {
    let view = view(session.dialect, name).ok_or_else(|| error::internal(format!("there is no view {}.{}", name.schema, name.table)))?;
    lake_listed(engine, session, transaction, view.name)?;
    let mut rows = Rows::of(view.column_defs());
    let relations = relations(session.dialect, &session.database, transaction.catalog(), transaction.temporary());
    (view.fill)(&Snapshot { engine, session, transaction, relations: &relations }, &mut rows);
    if !view.ordered {
        rows.sort(3.min(view.columns.len()));
    }
    let batch = view.marked(&rows.batch()?)?;
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).map_err(error::internal)?;
    Ok(Arc::new(table))
}

/// The views of external tables list the data catalog, as the roles of the external schemas.
fn lake_listed(engine: &Engine, session: &Session, transaction: &Transaction, view: &str) -> Result<(), SqlError> {
    if session.dialect != Dialect::Redshift || !matches!(view, "svv_external_tables" | "svv_external_columns" | "svv_external_partitions") {
        return Ok(());
    }
    let schemas = transaction.catalog().database(&session.database).into_iter().flat_map(|database| database.schemas.values());
    for external in schemas.filter_map(|schema| schema.external.as_ref()) {
        outside::catalog(&engine.identity(&external.iam_role)?, "glue:GetTables", &external.database, Some("*"))?;
    }
    Ok(())
}

/// What views are filled from.
struct Snapshot<'a> {
    engine: &'a Engine,
    session: &'a Session,
    transaction: &'a Transaction,
    relations: &'a [Listed],
}

impl Snapshot<'_> {
    fn catalog(&self) -> &Catalog {
        self.transaction.catalog()
    }

    fn database(&self) -> &str {
        &self.session.database
    }

    fn owner(&self) -> &str {
        &self.session.user
    }

    /// The names of the schemas of the session's database, the system's own at the end.
    fn schemas(&self) -> Vec<&str> {
        let known = self.catalog().database(self.database()).into_iter().flat_map(|known| known.schemas.keys());
        let temporary = (!self.transaction.temporary().is_empty()).then_some(TEMPORARY);
        known.map(String::as_str).chain(temporary).chain([INFORMATION_SCHEMA, PG_CATALOG]).collect()
    }

    /// Relations with their columns and the columns' positions from 0.
    fn columns(&self) -> impl Iterator<Item = (&Listed, usize, &ColumnDef)> {
        self.relations.iter().flat_map(|relation| relation.columns.iter().enumerate().map(move |(index, column)| (relation, index, column)))
    }

    /// The relations of the warehouse's own, not of external schemas.
    fn own(&self) -> impl Iterator<Item = &Listed> {
        self.relations.iter().filter(|relation| !relation.lake)
    }
}

/// A relation with what the views tell of it.
struct Listed {
    schema: String,
    name: String,
    /// `BASE TABLE`, `VIEW`, `MATERIALIZED VIEW`, `EXTERNAL TABLE`.
    kind: &'static str,
    columns: Vec<ColumnDef>,
    /// Text of a view.
    sql: Option<String>,
    /// Comments by column; its own is under no name.
    comments: std::collections::BTreeMap<String, String>,
    /// Whether it is in an external schema.
    lake: bool,
    /// Whether it is a view that is bound when it is used.
    late_binding: bool,
    /// A table of the warehouse.
    table: Option<Arc<TableDef>>,
    /// An external table.
    external: Option<Arc<super::catalog::ExternalTable>>,
}

impl Listed {
    /// A number for the relation, the same each time.
    fn oid(&self) -> String {
        self.number().to_string()
    }

    fn number(&self) -> i64 {
        number(&format!("{}.{}", self.schema, self.name))
    }

    /// Whether it is the session's alone.
    fn is_temporary(&self) -> bool {
        self.schema == TEMPORARY
    }

    fn comment(&self, column: &str) -> Option<String> {
        self.comments.get(column).cloned()
    }

    /// `BASE TABLE`, `VIEW` or `EXTERNAL TABLE`, as `information_schema` calls it: a materialized view is a view.
    fn plain_kind(&self) -> &'static str {
        if self.kind == "MATERIALIZED VIEW" { "VIEW" } else { self.kind }
    }
}

/// A number for something with a name, the same each time (FNV-1a, above the numbers of the system's own).
fn number(name: &str) -> i64 {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    i64::from(100_000 + hash % 2_000_000_000)
}

fn oid(name: &str) -> String {
    number(name).to_string()
}

/// A number for a schema.
fn schema_number(name: &str) -> i64 {
    match name {
        PG_CATALOG => 11,
        "public" => 2200,
        other => number(&format!("schema {other}")),
    }
}

fn schema_oid(name: &str) -> String {
    schema_number(name).to_string()
}

/// A number for a database.
fn database_number(name: &str) -> i64 {
    number(&format!("database {name}"))
}

fn some(text: impl Into<String>) -> Option<String> {
    Some(text.into())
}

fn truth(value: bool) -> Option<String> {
    some(if value { "true" } else { "false" })
}

/// Relations of a database of the warehouse, or of all Glue databases.
fn relations(dialect: Dialect, database: &str, catalog: &Catalog, temporary: &Temporary) -> Vec<Listed> {
    let lake = |schema: &str, database: &str| -> Vec<Listed> {
        let tables = catalog.lake.get(database).into_iter().flat_map(|database| &database.tables);
        tables.map(|(name, relation)| lake_relation(schema, name, relation)).collect()
    };
    if dialect == Dialect::Athena {
        return catalog.lake.keys().flat_map(|database| lake(database, database)).collect();
    }
    let mut listed = Vec::new();
    for (schema_name, schema) in catalog.database(database).into_iter().flat_map(|database| &database.schemas) {
        match &schema.external {
            Some(external) => listed.extend(lake(schema_name, &external.database)),
            None => listed.extend(schema.relations.iter().map(|(name, relation)| own_relation(schema_name, name, relation))),
        }
    }
    listed.extend(temporary.iter().map(|(name, relation)| own_relation(TEMPORARY, name, relation)));
    listed
}

fn lake_relation(schema: &str, name: &str, relation: &LakeRelation) -> Listed {
    let (schema, name) = (schema.to_owned(), name.to_owned());
    match relation {
        LakeRelation::External(table) => Listed {
            schema,
            name,
            kind: "EXTERNAL TABLE",
            columns: table.all_columns(),
            sql: None,
            comments: table.comments.clone(),
            lake: true,
            late_binding: false,
            table: None,
            external: Some(Arc::clone(table)),
        },
        LakeRelation::View(view) => Listed {
            schema,
            name,
            kind: "VIEW",
            columns: view.columns.clone(),
            sql: Some(view.sql.clone()),
            comments: view.comments.clone(),
            lake: true,
            late_binding: false,
            table: None,
            external: None,
        },
    }
}

fn own_relation(schema: &str, name: &str, relation: &Relation) -> Listed {
    let (schema, name) = (schema.to_owned(), name.to_owned());
    match relation {
        Relation::Table(table) => Listed {
            schema,
            name,
            kind: if table.materialized.is_some() { "MATERIALIZED VIEW" } else { "BASE TABLE" },
            columns: table.columns.clone(),
            sql: table.materialized.as_ref().map(|view| view.sql.clone()),
            comments: table.comments.clone(),
            lake: false,
            late_binding: false,
            table: Some(Arc::clone(table)),
            external: None,
        },
        Relation::View(view) => Listed {
            schema,
            name,
            kind: "VIEW",
            columns: view.columns.clone(),
            sql: Some(view.sql.clone()),
            comments: view.comments.clone(),
            lake: false,
            late_binding: view.late_binding,
            table: None,
            external: None,
        },
    }
}

/// Length, precision and scale of a type as `information_schema` gives them.
fn sizes(kind: &ColumnType) -> [Option<String>; 3] {
    match kind {
        ColumnType::Varchar(Some(length)) | ColumnType::Char(length) => [some(length.to_string()), None, None],
        ColumnType::Int2 => [None, some("16"), some("0")],
        ColumnType::Int4 => [None, some("32"), some("0")],
        ColumnType::Int8 => [None, some("64"), some("0")],
        ColumnType::Float4 => [None, some("24"), None],
        ColumnType::Float8 => [None, some("53"), None],
        ColumnType::Decimal { precision, scale } => [None, some(precision.to_string()), some(scale.to_string())],
        _ => [None, None, None],
    }
}

/// The type without its sizes, as `information_schema` gives it.
fn bare(text: String) -> String {
    text.split('(').next().map(str::to_owned).unwrap_or(text)
}

/// `YES` or `NO`.
fn yes(value: bool) -> Option<String> {
    some(if value { "YES" } else { "NO" })
}

/// The encoding of a column, as declared or as Redshift would choose it.
fn encoding(table: &TableDef, column: &ColumnDef) -> String {
    let attributes = table.attributes.columns.iter().find(|(known, _)| *known == column.name);
    attributes.and_then(|(_, attributes)| attributes.encode.clone()).filter(|encode| encode != "raw").unwrap_or_else(|| "none".to_owned())
}

/// Position of a column in the sort key from 1; 0 when it is not in it. Negative in an interleaved key, by turns, as Redshift has it.
fn sort_position(table: &TableDef, column: &ColumnDef) -> i64 {
    let position = table.attributes.sort_key.iter().position(|name| *name == column.name).map_or(0, |index| index as i64 + 1);
    if table.attributes.interleaved && position % 2 == 0 { -position } else { position }
}

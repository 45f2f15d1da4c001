//! SQL as text, in both dialects: the engine runs what is read here, and the console marks what cannot be read.
//!
//! sqlparser reads what it knows ([`Statement::Sql`]); what it lacks, or reads without what we need, is read here by small parsers on its
//! token stream: one file a family. Nothing here knows a catalog: names are as written (unquoted identifiers are folded to lower case by
//! `names`).

use crate as syntax;

mod alter;
mod attributes;
mod ctas;
mod cursor;
mod dialects;
mod errors;
mod grammar;
mod hive;
mod lake;
mod model;
mod names;
mod normal;
mod outline;
mod parameters;
pub mod scrub;
mod session;
mod show;
mod spectrum;
mod split;
mod transfer;
mod trino;
mod upkeep;

pub use alter::{AlterAction, AlterSchema, AlterTable, WrittenColumn};
pub use attributes::{ColumnAttributes, DistStyle, TableAttributes};
pub use ctas::{CreateTableAs, UnloadQuery, WriteProperty};
pub use errors::{at, syntax_error, unsupported};
pub use hive::{CreateDatabase, CreateExternalTable, ExternalColumn, RowFormat};
pub use lake::{AlterExternalTable, LakeAction, PartitionSpec, RepairTable};
pub use model::{AutoOff, CreateModel, ModelSource};
pub use names::{fold, object_name};
pub use outline::{Outline, outline};
pub use session::{Execute, Prepare};
pub use show::Show;
pub use spectrum::CreateExternalSchema;
pub use split::split_statements;
pub use transfer::{Compression, Copy, CopyFormat, Unload, UnloadFormat};
pub use upkeep::{Comment, Commented, CreateMaterializedView, Upkeep, UpkeepKind};

use sqlparser::ast;
use sqlparser::tokenizer::Span;

/// The dialect and catalog of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The warehouse.
    Redshift,
    /// The lake: queries in Trino's dialect, DDL in Hive's.
    Athena,
}

/// A failed statement, worded as the service words it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// The whole message as the service gives it (`ERROR: relation "dm.nothing" does not exist`, `line 1:15: …`), position included.
    pub message: String,
    /// Line and column in the statement, counted from 1, where known.
    pub position: Option<(u64, u64)>,
    /// What kind of failure it is.
    pub kind: SqlErrorKind,
}

impl SqlError {
    /// An error without a position.
    pub fn new(kind: SqlErrorKind, message: impl Into<String>) -> Self {
        SqlError { message: message.into(), position: None, kind }
    }
}

/// Kinds of failure that a caller decides on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlErrorKind {
    /// The text does not parse.
    Syntax,
    /// A name is unknown or exists already, a type does not fit.
    Semantic,
    /// Parses, but is outside what the embedded engine does.
    Unsupported,
    /// Failed while running (division by zero, a bad cast, a bad row in a COPY).
    Execution,
    /// Cancelled.
    Cancelled,
    /// Disk or memory.
    Internal,
}

/// A named parameter (`:name`), given as text and typed where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Name without the colon.
    pub name: String,
    /// Value; `None` is NULL.
    pub value: Option<String>,
}

/// A name as written: one to three parts, folded to lower case unless quoted, with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The parts: `[table]`, `[schema, table]` or `[database, schema, table]`.
    pub parts: Vec<String>,
    /// Where it stands.
    pub span: Span,
}

impl Name {
    /// The last part.
    pub fn last(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// The part before the last: the schema of a table, the database of an Athena table.
    pub fn qualifier(&self) -> Option<&str> {
        self.parts.len().checked_sub(2).and_then(|index| self.parts.get(index)).map(String::as_str)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.parts.join("."))
    }
}

/// What `EXPLAIN` is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExplainKind {
    /// The plan as it is cut into fragments.
    #[default]
    Distributed,
    /// The plan in one piece.
    Logical,
    /// Which tables are read and written.
    Io,
    /// Whether the statement is valid.
    Validate,
}

/// The form in which `EXPLAIN` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExplainFormat {
    /// Lines of text.
    #[default]
    Text,
    /// A JSON document.
    Json,
    /// Graphviz's DOT.
    Graphviz,
}

/// A statement of either dialect.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// What sqlparser reads: queries, INSERT, UPDATE, DELETE, DROP, TRUNCATE, views, CREATE SCHEMA, transactions, SET.
    Sql(Box<ast::Statement>),
    /// `EXPLAIN [VERBOSE | ANALYZE] [(TYPE …, FORMAT …)] statement`.
    Explain {
        /// `ANALYZE`: the statement is run and measured. (Trino; refused for anything but a query.)
        analyze: bool,
        /// `VERBOSE`.
        verbose: bool,
        /// `TYPE`. (Trino.)
        kind: ExplainKind,
        /// `FORMAT`. (Trino.)
        format: ExplainFormat,
        /// What is explained; never run without `analyze`.
        statement: Box<Statement>,
    },
    /// Redshift `CREATE TABLE`, also `AS` and `LIKE`, with the attributes that sqlparser does not keep.
    CreateTable {
        /// Definition, without Redshift's attributes.
        create: Box<ast::CreateTable>,
        /// Redshift's attributes.
        attributes: TableAttributes,
    },
    /// Hive `CREATE EXTERNAL TABLE` (Athena), and Redshift's form of it for an external schema.
    CreateExternalTable(CreateExternalTable),
    /// Athena `CREATE DATABASE | SCHEMA`.
    CreateDatabase(CreateDatabase),
    /// Athena `DROP DATABASE | SCHEMA [IF EXISTS] name [CASCADE | RESTRICT]`.
    DropDatabase {
        /// Database.
        name: Name,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// Redshift `DROP SCHEMA name DROP EXTERNAL DATABASE`: the external schema goes, and the Glue database behind it.
    DropExternalSchema {
        /// Schema.
        name: Name,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// Redshift `CREATE EXTERNAL SCHEMA … FROM DATA CATALOG`.
    CreateExternalSchema(CreateExternalSchema),
    /// `SHOW …` and `DESCRIBE …` of both dialects.
    Show(Show),
    /// Redshift `UNLOAD`.
    Unload(Unload),
    /// Redshift `COPY`.
    Copy(Copy),
    /// Redshift ML `CREATE MODEL`.
    CreateModel(CreateModel),
    /// `SHOW MODEL name`.
    ShowModel {
        /// Model.
        name: Name,
    },
    /// `SHOW MODEL ALL [LIKE pattern]`.
    ShowModels {
        /// `LIKE` pattern.
        like: Option<String>,
    },
    /// `DROP MODEL [IF EXISTS] name`.
    DropModel {
        /// Model.
        name: Name,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// Redshift `ALTER TABLE` on a table of the warehouse.
    AlterTable(AlterTable),
    /// Redshift `ALTER SCHEMA`.
    AlterSchema(AlterSchema),
    /// `ALTER TABLE` on an external table, of either dialect.
    AlterExternalTable(AlterExternalTable),
    /// Athena `CREATE TABLE … AS`.
    CreateTableAs(CreateTableAs),
    /// Athena `UNLOAD`.
    UnloadQuery(UnloadQuery),
    /// Athena `MSCK REPAIR TABLE`.
    RepairTable(RepairTable),
    /// `MERGE`.
    Merge {
        /// As sqlparser reads it; without clauses when `remove_duplicates`.
        merge: Box<ast::Merge>,
        /// Redshift's `REMOVE DUPLICATES` in place of the clauses.
        remove_duplicates: bool,
    },
    /// Redshift `CREATE MATERIALIZED VIEW`.
    CreateMaterializedView(CreateMaterializedView),
    /// Redshift `REFRESH MATERIALIZED VIEW`.
    RefreshMaterializedView {
        /// View.
        name: Name,
        /// `CASCADE`: the views that it reads are refreshed first.
        cascade: bool,
    },
    /// Redshift `DROP MATERIALIZED VIEW`.
    DropMaterializedView {
        /// View.
        name: Name,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// Redshift `COMMENT ON`.
    Comment(Comment),
    /// `PREPARE`.
    Prepare(Prepare),
    /// `EXECUTE`.
    Execute(Execute),
    /// `DEALLOCATE`.
    Deallocate {
        /// Prepared statement; `None` for all.
        name: Option<String>,
    },
    /// Redshift `RESET`.
    Reset {
        /// Parameter; `None` for all.
        name: Option<String>,
    },
    /// Redshift `ANALYZE`, `VACUUM` and `LOCK`.
    Upkeep(Upkeep),
}

/// Reads one statement. `parameters` are bound where `:name` stands outside quotes and comments, as untyped literals that take the type
/// of what they are compared with. A name without a value, and a value without a place, are errors, as in the Data API.
pub fn parse(dialect: Dialect, sql: &str, parameters: &[Parameter]) -> Result<Statement, SqlError> {
    let mut cursor = cursor::Cursor::new(dialect, sql)?;
    parameters::bind(&mut cursor, parameters)?;
    grammar::statement(&mut cursor)
}

/// Reads a statement that was prepared: its parameters, `$1` or `?`, stay in the tree as the placeholders `$1`, `$2`, ….
pub fn parse_prepared(dialect: Dialect, sql: &str) -> Result<Statement, SqlError> {
    let mut cursor = cursor::Cursor::new(dialect, sql)?;
    session::number_placeholders(&mut cursor);
    grammar::statement(&mut cursor)
}

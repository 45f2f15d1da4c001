//! `SHOW …` and `DESCRIBE …` of both dialects.

use super::cursor::Cursor;
use super::{Name, Statement};
use crate::syntax::{Dialect, SqlError};

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Show {
    /// Athena `SHOW DATABASES | SCHEMAS [LIKE 'regex']`, Redshift `SHOW DATABASES [LIKE 'pattern']`.
    Databases {
        /// Pattern: Hive's (`*`, `|`) in Athena, SQL's in Redshift.
        like: Option<String>,
    },
    /// Redshift `SHOW SCHEMAS FROM DATABASE db [LIKE 'pattern']`.
    Schemas {
        /// Database.
        database: String,
        /// SQL pattern.
        like: Option<String>,
    },
    /// Athena `SHOW TABLES [IN db] ['regex']`, Redshift `SHOW TABLES FROM SCHEMA db.schema [LIKE 'pattern']`.
    Tables {
        /// Database (Athena), or database and schema (Redshift).
        within: Option<Name>,
        /// Pattern.
        like: Option<String>,
    },
    /// Athena `SHOW VIEWS [IN db] [LIKE 'regex']`.
    Views {
        /// Database.
        within: Option<Name>,
        /// Pattern.
        like: Option<String>,
    },
    /// Athena `SHOW COLUMNS FROM | IN table [FROM | IN db]`, Redshift `SHOW COLUMNS FROM TABLE db.schema.table [LIKE 'pattern']`.
    Columns {
        /// Table.
        table: Name,
        /// SQL pattern.
        like: Option<String>,
    },
    /// Athena `SHOW CREATE TABLE`, Redshift `SHOW TABLE` and `SHOW EXTERNAL TABLE`.
    CreateTable {
        /// Table.
        table: Name,
    },
    /// Athena `SHOW CREATE VIEW`, Redshift `SHOW VIEW`.
    CreateView {
        /// View.
        view: Name,
    },
    /// Athena `SHOW PARTITIONS`.
    Partitions {
        /// Table.
        table: Name,
    },
    /// Athena `SHOW TBLPROPERTIES table [('name')]`.
    TableProperties {
        /// Table.
        table: Name,
        /// One property.
        property: Option<String>,
    },
    /// Athena `DESCRIBE [EXTENDED | FORMATTED] table [column]`.
    Describe {
        /// Table.
        table: Name,
        /// `EXTENDED` or `FORMATTED`.
        extended: bool,
        /// One column.
        column: Option<String>,
    },
    /// Athena `SHOW FUNCTIONS [LIKE 'pattern']`.
    Functions {
        /// SQL pattern.
        like: Option<String>,
    },
    /// Redshift `SHOW parameter | ALL`.
    Variable {
        /// Parameter in lower case.
        name: String,
    },
}

/// Reads from after `SHOW`.
pub(super) fn show(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let show = match cursor.dialect() {
        Dialect::Redshift => return show_redshift(cursor),
        Dialect::Athena => show_athena(cursor)?,
    };
    cursor.expect_end()?;
    Ok(Statement::Show(show))
}

/// Reads from after `DESCRIBE | DESC`.
pub(super) fn describe(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    if cursor.dialect() == Dialect::Redshift {
        cursor.back();
        return Err(cursor.unexpected(&[]));
    }
    let extended = cursor.accept_word("EXTENDED") || cursor.accept_word("FORMATTED");
    cursor.accept_word("TABLE");
    let table = cursor.name("table name")?;
    let column = if cursor.at_end() { None } else { Some(cursor.identifier("column name")?.0) };
    cursor.expect_end()?;
    Ok(Statement::Show(Show::Describe { table, extended, column }))
}

fn show_athena(cursor: &mut Cursor) -> Result<Show, SqlError> {
    if cursor.accept_word("DATABASES") || cursor.accept_word("SCHEMAS") {
        if cursor.accept_word("FROM") || cursor.accept_word("IN") {
            cursor.name("catalog name")?;
        }
        return Ok(Show::Databases { like: pattern(cursor)? });
    }
    if cursor.accept_word("TABLES") {
        return Ok(Show::Tables { within: within(cursor)?, like: pattern(cursor)? });
    }
    if cursor.accept_word("VIEWS") {
        return Ok(Show::Views { within: within(cursor)?, like: pattern(cursor)? });
    }
    if cursor.accept_word("FUNCTIONS") {
        return Ok(Show::Functions { like: pattern(cursor)? });
    }
    if cursor.accept_word("COLUMNS") {
        let mut table = within(cursor)?.ok_or_else(|| cursor.unexpected(&["FROM", "IN"]))?;
        if let Some(database) = within(cursor)? {
            table.parts.insert(0, database.last().to_owned());
        }
        return Ok(Show::Columns { table, like: pattern(cursor)? });
    }
    if cursor.accept_words(&["CREATE", "TABLE"]) {
        return Ok(Show::CreateTable { table: cursor.name("table name")? });
    }
    if cursor.accept_words(&["CREATE", "VIEW"]) {
        return Ok(Show::CreateView { view: cursor.name("view name")? });
    }
    if cursor.accept_word("PARTITIONS") {
        return Ok(Show::Partitions { table: cursor.name("table name")? });
    }
    if cursor.accept_word("TBLPROPERTIES") {
        let table = cursor.name("table name")?;
        let property = if cursor.accept_symbol('(') {
            let name = cursor.string("property name")?;
            cursor.expect_symbol(')')?;
            Some(name)
        } else {
            None
        };
        return Ok(Show::TableProperties { table, property });
    }
    if matches!(cursor.peek_word().as_deref(), Some("SESSION" | "CATALOGS" | "STATS" | "GRANTS" | "ROLES")) {
        let what = cursor.peek_word().unwrap_or_default();
        return Err(cursor.unsupported(&format!("SHOW {what}")));
    }
    Err(cursor.unexpected(&["COLUMNS", "CREATE", "DATABASES", "PARTITIONS", "SCHEMAS", "TABLES", "TBLPROPERTIES", "VIEWS"]))
}

fn show_redshift(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    if cursor.accept_word("MODEL") {
        if cursor.accept_word("ALL") {
            let like = pattern(cursor)?;
            cursor.expect_end()?;
            return Ok(Statement::ShowModels { like });
        }
        let name = cursor.name("model name")?;
        cursor.expect_end()?;
        return Ok(Statement::ShowModel { name });
    }
    let show = if cursor.accept_word("DATABASES") {
        Show::Databases { like: pattern(cursor)? }
    } else if cursor.accept_word("SCHEMAS") {
        cursor.expect_word("FROM")?;
        cursor.expect_word("DATABASE")?;
        Show::Schemas { database: cursor.identifier("database name")?.0, like: pattern(cursor)? }
    } else if cursor.accept_word("TABLES") {
        cursor.expect_word("FROM")?;
        cursor.expect_word("SCHEMA")?;
        Show::Tables { within: Some(cursor.name("schema name")?), like: pattern(cursor)? }
    } else if cursor.accept_word("COLUMNS") {
        cursor.expect_word("FROM")?;
        cursor.expect_word("TABLE")?;
        Show::Columns { table: cursor.name("table name")?, like: pattern(cursor)? }
    } else if cursor.accept_word("TABLE") || cursor.accept_words(&["EXTERNAL", "TABLE"]) {
        let table = cursor.name("table name")?;
        cursor.accept_word("PARTITION");
        Show::CreateTable { table }
    } else if cursor.accept_word("VIEW") {
        Show::CreateView { view: cursor.name("view name")? }
    } else if matches!(cursor.peek_word().as_deref(), Some("PROCEDURE" | "DATASHARES" | "GRANTS" | "FUNCTIONS" | "PARAMETERS" | "POLICIES"))
    {
        let what = cursor.peek_word().unwrap_or_default();
        return Err(cursor.unsupported(&format!("SHOW {what}")));
    } else {
        Show::Variable { name: super::session::parameter(cursor)? }
    };
    cursor.expect_end()?;
    Ok(Statement::Show(show))
}

fn within(cursor: &mut Cursor) -> Result<Option<Name>, SqlError> {
    if cursor.accept_word("IN") || cursor.accept_word("FROM") { cursor.name("name").map(Some) } else { Ok(None) }
}

fn pattern(cursor: &mut Cursor) -> Result<Option<String>, SqlError> {
    let like = cursor.accept_word("LIKE");
    if like || (!cursor.at_end() && cursor.dialect() == Dialect::Athena) { cursor.string("pattern").map(Some) } else { Ok(None) }
}

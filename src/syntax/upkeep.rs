//! Redshift's statements of upkeep: `ANALYZE`, `VACUUM`, `LOCK`, `COMMENT ON`, and materialized views, which are refreshed.

use sqlparser::ast;

use super::cursor::Cursor;
use super::{Name, Statement, TableAttributes, attributes};
use crate::syntax::SqlError;

/// A statement of upkeep on tables that changes no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upkeep {
    /// What is done.
    pub kind: UpkeepKind,
    /// Tables; none for all.
    pub tables: Vec<Name>,
    /// Columns of an `ANALYZE`.
    pub columns: Vec<String>,
}

/// Statements of upkeep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpkeepKind {
    /// `ANALYZE`: statistics are exact here.
    Analyze,
    /// `VACUUM`: files have no gaps here.
    Vacuum,
    /// `LOCK`: waits for the transaction that writes, and keeps others out to the end of this one.
    Lock,
}

/// What a comment is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commented {
    /// `TABLE`.
    Table,
    /// `VIEW`.
    View,
    /// `COLUMN`: the last part of the name.
    Column,
    /// `SCHEMA`.
    Schema,
}

/// `COMMENT ON object IS 'text' | NULL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Kind of object.
    pub on: Commented,
    /// Object, for a column its table.
    pub name: Name,
    /// Column.
    pub column: Option<String>,
    /// Text; `None` takes the comment away.
    pub text: Option<String>,
}

/// `CREATE MATERIALIZED VIEW`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateMaterializedView {
    /// View.
    pub name: Name,
    /// Labels of its columns; empty when they are those of the query.
    pub labels: Vec<String>,
    /// Distribution and sort key.
    pub attributes: TableAttributes,
    /// `AUTO REFRESH YES`.
    pub auto_refresh: bool,
    /// Its query.
    pub query: Box<ast::Query>,
}

/// Reads from after `ANALYZE`.
pub(super) fn analyze(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    if cursor.peek_word().as_deref() == Some("COMPRESSION") {
        return Err(cursor.unsupported("ANALYZE COMPRESSION"));
    }
    cursor.accept_word("VERBOSE");
    let mut upkeep = Upkeep { kind: UpkeepKind::Analyze, tables: Vec::new(), columns: Vec::new() };
    if !cursor.at_end() && !matches!(cursor.peek_word().as_deref(), Some("PREDICATE" | "ALL")) {
        upkeep.tables.push(cursor.name("table name")?);
        if cursor.accept_symbol('(') {
            upkeep.columns.push(cursor.identifier("column name")?.0);
            while cursor.accept_symbol(',') {
                upkeep.columns.push(cursor.identifier("column name")?.0);
            }
            cursor.expect_symbol(')')?;
        }
    }
    let _ = cursor.accept_words(&["PREDICATE", "COLUMNS"]) || cursor.accept_words(&["ALL", "COLUMNS"]);
    cursor.expect_end()?;
    Ok(Statement::Upkeep(upkeep))
}

/// Reads from after `VACUUM`.
pub(super) fn vacuum(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let _ = cursor.accept_word("FULL")
        || cursor.accept_words(&["SORT", "ONLY"])
        || cursor.accept_words(&["DELETE", "ONLY"])
        || cursor.accept_word("REINDEX")
        || cursor.accept_word("RECLUSTER");
    let mut upkeep = Upkeep { kind: UpkeepKind::Vacuum, tables: Vec::new(), columns: Vec::new() };
    if !cursor.at_end() && !matches!(cursor.peek_word().as_deref(), Some("TO" | "BOOST")) {
        upkeep.tables.push(cursor.name("table name")?);
    }
    if cursor.accept_word("TO") {
        let threshold = cursor.integer("threshold")?;
        if !(0..=100).contains(&threshold) {
            cursor.back();
            return Err(cursor.unexpected(&["a threshold between 0 and 100"]));
        }
        cursor.expect_word("PERCENT")?;
    }
    cursor.accept_word("BOOST");
    cursor.expect_end()?;
    Ok(Statement::Upkeep(upkeep))
}

/// Reads from after `LOCK`.
pub(super) fn lock(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    cursor.accept_word("TABLE");
    let mut tables = vec![cursor.name("table name")?];
    while cursor.accept_symbol(',') {
        tables.push(cursor.name("table name")?);
    }
    cursor.expect_end()?;
    Ok(Statement::Upkeep(Upkeep { kind: UpkeepKind::Lock, tables, columns: Vec::new() }))
}

/// Reads from after `COMMENT`.
pub(super) fn comment(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    cursor.expect_word("ON")?;
    let kind = cursor.peek_word().unwrap_or_default();
    cursor.advance();
    let on = match kind.as_str() {
        "TABLE" => Commented::Table,
        "VIEW" => Commented::View,
        "COLUMN" => Commented::Column,
        "SCHEMA" => Commented::Schema,
        "DATABASE" | "CONSTRAINT" | "FUNCTION" | "PROCEDURE" => return Err(cursor.unsupported(&format!("COMMENT ON {kind}"))),
        _ => {
            cursor.back();
            return Err(cursor.unexpected(&["COLUMN", "SCHEMA", "TABLE", "VIEW"]));
        }
    };
    let mut name = cursor.name("name")?;
    let mut column = None;
    if on == Commented::Column {
        // `schema.table.column`, or with a database before it.
        if cursor.accept_symbol('.') {
            let (last, span) = cursor.identifier("column name")?;
            name.parts.push(last);
            name.span = name.span.union(&span);
        }
        if name.parts.len() < 2 {
            return Err(cursor.unexpected(&["."]));
        }
        column = name.parts.pop();
    }
    cursor.expect_word("IS")?;
    let text = if cursor.accept_word("NULL") { None } else { Some(cursor.string("comment")?) };
    cursor.expect_end()?;
    Ok(Statement::Comment(Comment { on, name, column, text }))
}

/// Reads from after `CREATE MATERIALIZED`.
pub(super) fn create_materialized_view(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    cursor.expect_word("VIEW")?;
    let name = cursor.name("view name")?;
    let mut labels = Vec::new();
    if cursor.accept_symbol('(') {
        labels.push(cursor.identifier("column name")?.0);
        while cursor.accept_symbol(',') {
            labels.push(cursor.identifier("column name")?.0);
        }
        cursor.expect_symbol(')')?;
    }
    let mut written = TableAttributes::default();
    let mut auto_refresh = false;
    loop {
        if cursor.accept_words(&["AUTO", "REFRESH"]) {
            auto_refresh = cursor.accept_word("YES");
            if !auto_refresh {
                cursor.expect_word("NO")?;
            }
        } else if !attributes::table_attribute(cursor, &mut written)? {
            break;
        }
    }
    cursor.expect_word("AS")?;
    let query = cursor.with_parser(|parser| parser.parse_query())?;
    cursor.expect_end()?;
    Ok(Statement::CreateMaterializedView(CreateMaterializedView { name, labels, attributes: written, auto_refresh, query }))
}

/// Reads from after `REFRESH`.
pub(super) fn refresh(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    cursor.expect_word("MATERIALIZED")?;
    cursor.expect_word("VIEW")?;
    let name = cursor.name("view name")?;
    let cascade = cursor.accept_word("CASCADE");
    if !cascade {
        cursor.accept_word("RESTRICT");
    }
    cursor.expect_end()?;
    Ok(Statement::RefreshMaterializedView { name, cascade })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::syntax::{Dialect, parse};

    #[test]
    fn comments_and_upkeep() {
        let Ok(Statement::Comment(comment)) = parse(Dialect::Redshift, "COMMENT ON COLUMN dm.data.age IS 'in years'", &[]) else {
            panic!("not a comment")
        };
        assert_eq!(
            (comment.name.parts.as_slice(), comment.column.as_deref()),
            (["dm".to_owned(), "data".to_owned()].as_slice(), Some("age"))
        );
        for sql in [
            "VACUUM",
            "VACUUM FULL dm.data TO 75 PERCENT BOOST",
            "vacuum delete only t",
            "ANALYZE t (a, b)",
            "analyze verbose",
            "LOCK a, b",
        ] {
            assert!(matches!(parse(Dialect::Redshift, sql, &[]), Ok(Statement::Upkeep(_))), "{sql}");
        }
        let error = parse(Dialect::Redshift, "VACUUM t TO 175 PERCENT", &[]).unwrap_err();
        assert_eq!(error.message, "ERROR: syntax error at or near \"175\"\n  Position: 13;");
    }

    #[test]
    fn materialized_views() {
        let sql = "CREATE MATERIALIZED VIEW dm.m BACKUP NO DISTSTYLE EVEN AUTO REFRESH YES AS SELECT 1 AS a";
        let Ok(Statement::CreateMaterializedView(view)) = parse(Dialect::Redshift, sql, &[]) else { panic!("not a view") };
        assert!(view.auto_refresh && view.attributes.no_backup);
        assert!(matches!(parse(Dialect::Redshift, "REFRESH MATERIALIZED VIEW dm.m", &[]), Ok(Statement::RefreshMaterializedView { .. })));
    }
}

//! Redshift's `ALTER TABLE` and `ALTER SCHEMA`. What changes an external table is in [`lake`](super::lake), in both dialects.

use sqlparser::ast;
use sqlparser::tokenizer::Span;

use super::cursor::Cursor;
use super::{ColumnAttributes, DistStyle, Name, Statement, TableAttributes, attributes, lake};
use crate::syntax::{Dialect, SqlError};

/// `ALTER TABLE table action` on a table of the warehouse.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterTable {
    /// Table.
    pub table: Name,
    /// What is changed.
    pub action: AlterAction,
}

/// A column as an `ALTER TABLE` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenColumn {
    /// Name, folded.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// What `ALTER TABLE` changes.
#[derive(Debug, Clone, PartialEq)]
pub enum AlterAction {
    /// `RENAME TO name`.
    Rename {
        /// New name.
        to: String,
    },
    /// `RENAME [COLUMN] name TO name`.
    RenameColumn {
        /// Column.
        column: WrittenColumn,
        /// New name.
        to: WrittenColumn,
    },
    /// `ADD [COLUMN] name type [DEFAULT …] [ENCODE …] [NOT NULL | NULL]`.
    AddColumn {
        /// Definition, without Redshift's attributes.
        column: Box<ast::ColumnDef>,
        /// Redshift's attributes.
        attributes: ColumnAttributes,
    },
    /// `DROP [COLUMN] name [RESTRICT | CASCADE]`.
    DropColumn {
        /// Column.
        column: WrittenColumn,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `ALTER COLUMN name TYPE type`.
    ColumnType {
        /// Column.
        column: WrittenColumn,
        /// New type.
        data_type: ast::DataType,
    },
    /// `ALTER COLUMN name ENCODE encoding`.
    Encode {
        /// Column.
        column: WrittenColumn,
        /// Encoding in lower case.
        encoding: String,
    },
    /// `OWNER TO user`.
    Owner {
        /// User.
        user: String,
    },
    /// `ALTER DISTSTYLE …`, `ALTER DISTKEY …`, `ALTER SORTKEY …`, `ALTER ENCODE AUTO`: the attributes that are written.
    Attributes(Box<TableAttributes>),
    /// `ADD [CONSTRAINT name] PRIMARY KEY | UNIQUE | FOREIGN KEY …`.
    AddConstraint(Box<ast::TableConstraint>),
    /// `DROP CONSTRAINT name [RESTRICT | CASCADE]`.
    DropConstraint {
        /// Constraint.
        name: WrittenColumn,
    },
}

/// `ALTER SCHEMA name RENAME TO name | OWNER TO user`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterSchema {
    /// Schema.
    pub name: Name,
    /// New name.
    pub rename: Option<String>,
    /// New owner.
    pub owner: Option<String>,
}

/// Reads from after `ALTER`.
pub(super) fn alter(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let object = cursor.peek_word().unwrap_or_default();
    cursor.advance();
    match (cursor.dialect(), object.as_str()) {
        (_, "TABLE") => table(cursor),
        (Dialect::Redshift, "SCHEMA") => schema(cursor).map(Statement::AlterSchema),
        (Dialect::Redshift, "DATABASE" | "DEFAULT" | "EXTERNAL" | "GROUP" | "MATERIALIZED" | "PROCEDURE" | "ROLE" | "SYSTEM" | "USER")
        | (Dialect::Athena, "DATABASE" | "SCHEMA" | "VIEW") => Err(cursor.unsupported(&format!("ALTER {object}"))),
        (Dialect::Redshift, _) => {
            cursor.back();
            Err(cursor.unexpected(&["TABLE", "SCHEMA"]))
        }
        (Dialect::Athena, _) => {
            cursor.back();
            Err(cursor.unexpected(&["TABLE"]))
        }
    }
}

fn schema(cursor: &mut Cursor) -> Result<AlterSchema, SqlError> {
    let mut schema = AlterSchema { name: cursor.name("schema name")?, rename: None, owner: None };
    if cursor.accept_words(&["RENAME", "TO"]) {
        schema.rename = Some(cursor.identifier("schema name")?.0);
    } else if cursor.accept_words(&["OWNER", "TO"]) {
        schema.owner = Some(cursor.identifier("user name")?.0);
    } else if cursor.peek_word().as_deref() == Some("QUOTA") {
        return Err(cursor.unsupported("ALTER SCHEMA QUOTA"));
    } else {
        return Err(cursor.unexpected(&["RENAME TO", "OWNER TO"]));
    }
    cursor.expect_end()?;
    Ok(schema)
}

fn table(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let name = cursor.name("table name")?;
    if let Some(action) = lake::action(cursor)? {
        cursor.expect_end()?;
        return Ok(Statement::AlterExternalTable(lake::AlterExternalTable { table: name, action }));
    }
    if cursor.dialect() == Dialect::Athena {
        return Err(cursor.unexpected(&["ADD", "DROP PARTITION", "PARTITION", "REPLACE COLUMNS", "SET"]));
    }
    let action = action(cursor)?;
    cursor.expect_end()?;
    Ok(Statement::AlterTable(AlterTable { table: name, action }))
}

fn action(cursor: &mut Cursor) -> Result<AlterAction, SqlError> {
    let word = cursor.peek_word().unwrap_or_default();
    cursor.advance();
    match word.as_str() {
        "RENAME" => {
            if cursor.accept_word("TO") {
                return Ok(AlterAction::Rename { to: cursor.identifier("table name")?.0 });
            }
            cursor.accept_word("COLUMN");
            let column = column(cursor)?;
            cursor.expect_word("TO")?;
            Ok(AlterAction::RenameColumn { column, to: self::column(cursor)? })
        }
        "ADD" => add(cursor),
        "DROP" => {
            if cursor.accept_word("CONSTRAINT") {
                let name = column(cursor)?;
                let _ = cursor.accept_word("CASCADE") || cursor.accept_word("RESTRICT");
                return Ok(AlterAction::DropConstraint { name });
            }
            cursor.accept_word("COLUMN");
            let column = column(cursor)?;
            let cascade = cursor.accept_word("CASCADE");
            if !cascade {
                cursor.accept_word("RESTRICT");
            }
            Ok(AlterAction::DropColumn { column, cascade })
        }
        "OWNER" => {
            cursor.expect_word("TO")?;
            Ok(AlterAction::Owner { user: cursor.identifier("user name")?.0 })
        }
        "ALTER" => alter_part(cursor),
        "APPEND" => Err(cursor.unsupported("ALTER TABLE APPEND")),
        "ROW" => Err(cursor.unsupported("ALTER TABLE ROW LEVEL SECURITY")),
        "MASKING" => Err(cursor.unsupported("ALTER TABLE MASKING")),
        _ => {
            cursor.back();
            Err(cursor.unexpected(&["ADD", "ALTER", "DROP", "OWNER TO", "RENAME"]))
        }
    }
}

fn column(cursor: &mut Cursor) -> Result<WrittenColumn, SqlError> {
    let (name, span) = cursor.identifier("column name")?;
    Ok(WrittenColumn { name, span })
}

fn add(cursor: &mut Cursor) -> Result<AlterAction, SqlError> {
    if matches!(cursor.peek_word().as_deref(), Some("CONSTRAINT" | "PRIMARY" | "UNIQUE" | "FOREIGN")) {
        let constraint = cursor.with_parser(|parser| parser.parse_optional_table_constraint())?;
        return constraint
            .map(|constraint| AlterAction::AddConstraint(Box::new(constraint)))
            .ok_or_else(|| cursor.unexpected(&["PRIMARY KEY", "UNIQUE", "FOREIGN KEY"]));
    }
    cursor.accept_word("COLUMN");
    let attributes = attributes::take_column(cursor)?;
    let column = cursor.with_parser(|parser| parser.parse_column_def())?;
    Ok(AlterAction::AddColumn { column: Box::new(column), attributes })
}

fn alter_part(cursor: &mut Cursor) -> Result<AlterAction, SqlError> {
    if cursor.accept_word("COLUMN") {
        let column = column(cursor)?;
        if cursor.accept_word("TYPE") {
            let data_type = cursor.with_parser(|parser| parser.parse_data_type())?;
            return Ok(AlterAction::ColumnType { column, data_type });
        }
        if cursor.accept_word("ENCODE") {
            return Ok(AlterAction::Encode { column, encoding: cursor.word("encoding")?.to_lowercase() });
        }
        if matches!(cursor.peek_word().as_deref(), Some("SET" | "DROP")) {
            return Err(cursor.unsupported("ALTER COLUMN SET and DROP"));
        }
        return Err(cursor.unexpected(&["TYPE", "ENCODE"]));
    }
    // `ALTER DISTKEY c` and `ALTER DISTSTYLE KEY DISTKEY c` name the column without parentheses.
    let mut written = TableAttributes::default();
    let mut any = false;
    loop {
        if cursor.peek_word().as_deref() == Some("DISTKEY") && cursor.peek_at(1).is_some_and(|next| !attributes::opens(next)) {
            cursor.advance();
            written.dist_key = Some(cursor.identifier("column name")?.0);
            written.dist_style = Some(DistStyle::Key);
        } else if cursor.accept_words(&["SORTKEY", "NONE"]) {
            written.sort_key = vec!["none".to_owned()];
        } else if !attributes::table_attribute(cursor, &mut written)? {
            break;
        }
        any = true;
    }
    if any {
        Ok(AlterAction::Attributes(Box::new(written)))
    } else {
        Err(cursor.unexpected(&["COLUMN", "DISTKEY", "DISTSTYLE", "SORTKEY"]))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::syntax::parse;

    fn action(sql: &str) -> AlterAction {
        match parse(Dialect::Redshift, sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}")) {
            Statement::AlterTable(alter) => alter.action,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn forms_of_alter_table() {
        assert_eq!(action("alter table dm.data rename to Old"), AlterAction::Rename { to: "old".into() });
        assert!(
            matches!(action("ALTER TABLE t RENAME COLUMN a TO b"), AlterAction::RenameColumn { column, to } if column.name == "a" && to.name == "b")
        );
        let AlterAction::AddColumn { column, attributes } = action("ALTER TABLE t ADD COLUMN n int DEFAULT 3 + 4 ENCODE az64 NOT NULL")
        else {
            panic!("not a column")
        };
        assert_eq!((column.to_string().as_str(), attributes.encode.as_deref()), ("n INT DEFAULT 3 + 4 NOT NULL", Some("az64")));
        assert!(matches!(action("ALTER TABLE t DROP COLUMN a CASCADE"), AlterAction::DropColumn { cascade: true, .. }));
        assert!(matches!(action("ALTER TABLE t ALTER COLUMN a TYPE varchar(40)"), AlterAction::ColumnType { .. }));
        let AlterAction::Attributes(written) = action("ALTER TABLE t ALTER DISTSTYLE KEY DISTKEY a") else { panic!("not attributes") };
        assert_eq!(written.dist_key.as_deref(), Some("a"));
        let AlterAction::Attributes(written) = action("ALTER TABLE t ALTER COMPOUND SORTKEY (a, b)") else { panic!("not attributes") };
        assert_eq!(written.sort_key, ["a", "b"]);
    }

    #[test]
    fn what_is_not_there_is_named_or_placed() {
        let error = parse(Dialect::Redshift, "ALTER TABLE t APPEND FROM s", &[]).unwrap_err();
        assert_eq!(error.message, "ERROR: ALTER TABLE APPEND is not supported");
        let error = parse(Dialect::Redshift, "ALTER TABLE t RENAMED TO s", &[]).unwrap_err();
        assert_eq!(error.message, "ERROR: syntax error at or near \"RENAMED\"\n  Position: 15;");
    }
}

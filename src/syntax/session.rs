//! What changes a session and nothing else: prepared statements and parameters.

use sqlparser::ast;
use sqlparser::tokenizer::Token;

use super::Statement;
use super::cursor::Cursor;
use crate::syntax::{Dialect, SqlError};

/// `PREPARE name [(types)] AS statement` in Redshift, `PREPARE name FROM statement` in Athena.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepare {
    /// Name of the prepared statement.
    pub name: String,
    /// Types of the parameters, where they are written (Redshift).
    pub types: Vec<ast::DataType>,
    /// The statement as written.
    pub text: String,
}

/// `EXECUTE name [(values)]` in Redshift, `EXECUTE name [USING values]` in Athena.
#[derive(Debug, Clone, PartialEq)]
pub struct Execute {
    /// Name of the prepared statement.
    pub name: String,
    /// Values of its parameters in order.
    pub values: Vec<ast::Expr>,
}

/// Reads from after `PREPARE`.
pub(super) fn prepare(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let (name, _) = cursor.identifier("statement name")?;
    let mut types = Vec::new();
    if cursor.dialect() == Dialect::Redshift {
        if cursor.accept_symbol('(') {
            types = cursor.with_parser(|parser| parser.parse_comma_separated(|parser| parser.parse_data_type()))?;
            cursor.expect_symbol(')')?;
        }
        cursor.expect_word("AS")?;
    } else {
        cursor.expect_word("FROM")?;
    }
    if cursor.at_end() {
        return Err(cursor.unexpected(&["statement"]));
    }
    let from = cursor.position();
    while !cursor.at_end() {
        cursor.advance();
    }
    let text = cursor.slice(from, cursor.position()).to_owned();
    Ok(Statement::Prepare(Prepare { name, types, text }))
}

/// Reads from after `EXECUTE`.
pub(super) fn execute(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let redshift = cursor.dialect() == Dialect::Redshift;
    if cursor.peek_word().as_deref() == Some("IMMEDIATE") {
        return Err(cursor.unsupported("EXECUTE IMMEDIATE"));
    }
    let (name, _) = cursor.identifier("statement name")?;
    let given = if redshift { cursor.accept_symbol('(') } else { cursor.accept_word("USING") };
    let mut values = Vec::new();
    if given && !cursor.peek_symbol(')') {
        values = cursor.with_parser(|parser| parser.parse_comma_separated(|parser| parser.parse_expr()))?;
    }
    if given && redshift {
        cursor.expect_symbol(')')?;
    }
    cursor.expect_end()?;
    Ok(Statement::Execute(Execute { name, values }))
}

/// Reads from after `DEALLOCATE`: `[PREPARE] name | ALL`.
pub(super) fn deallocate(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    if cursor.dialect() == Dialect::Athena {
        cursor.expect_word("PREPARE")?;
    } else {
        cursor.accept_word("PREPARE");
    }
    let name = if cursor.dialect() == Dialect::Redshift && cursor.accept_word("ALL") {
        None
    } else {
        Some(cursor.identifier("statement name")?.0)
    };
    cursor.expect_end()?;
    Ok(Statement::Deallocate { name })
}

/// Reads from after `RESET`: a parameter, or `ALL`.
pub(super) fn reset(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let name = if cursor.accept_word("ALL") {
        None
    } else if cursor.accept_words(&["SESSION", "AUTHORIZATION"]) {
        Some("session_authorization".to_owned())
    } else {
        Some(parameter(cursor)?)
    };
    cursor.expect_end()?;
    Ok(Statement::Reset { name })
}

/// A parameter's name, which may have a point in it (`app.user`).
pub(super) fn parameter(cursor: &mut Cursor) -> Result<String, SqlError> {
    let mut name = cursor.identifier("parameter name")?.0;
    while cursor.accept_symbol('.') {
        name = format!("{name}.{}", cursor.identifier("parameter name")?.0);
    }
    Ok(name)
}

/// Numbers the `?` of a statement in the order in which they stand, so that each is `$1`, `$2`, … wherever the tree has it.
pub(super) fn number_placeholders(cursor: &mut Cursor) {
    let mut number = 0;
    for token in cursor.tokens_mut() {
        if let Token::Placeholder(name) = &mut token.token
            && name == "?"
        {
            number += 1;
            *name = format!("${number}");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::syntax::parse;

    #[test]
    fn statements_are_prepared_and_executed_in_both_dialects() {
        let prepared = parse(Dialect::Redshift, "PREPARE p (int, varchar(5)) AS SELECT * FROM t WHERE a = $1 and b=$2;", &[]).unwrap();
        let Statement::Prepare(prepared) = prepared else { panic!("not prepared") };
        assert_eq!((prepared.name.as_str(), prepared.types.len()), ("p", 2));
        assert_eq!(prepared.text, "SELECT * FROM t WHERE a = $1 and b=$2");
        let Statement::Execute(executed) = parse(Dialect::Redshift, "EXECUTE p (1 + 1, 'x')", &[]).unwrap() else { panic!("not executed") };
        assert_eq!(executed.values.len(), 2);
        let Statement::Prepare(prepared) = parse(Dialect::Athena, "PREPARE p FROM SELECT ?", &[]).unwrap() else { panic!("not prepared") };
        assert_eq!(prepared.text, "SELECT ?");
        assert!(
            matches!(parse(Dialect::Athena, "EXECUTE p USING 1, 'x'", &[]), Ok(Statement::Execute(executed)) if executed.values.len() == 2)
        );
        assert!(matches!(parse(Dialect::Athena, "DEALLOCATE PREPARE p", &[]), Ok(Statement::Deallocate { name: Some(_) })));
        assert!(matches!(parse(Dialect::Redshift, "DEALLOCATE ALL", &[]), Ok(Statement::Deallocate { name: None })));
        assert!(matches!(parse(Dialect::Redshift, "RESET query_group", &[]), Ok(Statement::Reset { name: Some(_) })));
    }
}

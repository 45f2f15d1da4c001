//! What Athena writes: `CREATE TABLE … AS` and `UNLOAD`.

use sqlparser::ast::{self, Expr, Value, ValueWithSpan};

use super::Name;
use super::cursor::Cursor;
use crate::syntax::SqlError;

/// A property of `WITH (…)`: its name in lower case, and its values (several for `ARRAY['a', 'b']`).
pub type WriteProperty = (String, Vec<String>);

/// `CREATE TABLE [IF NOT EXISTS] name [WITH (…)] AS query [WITH [NO] DATA]`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTableAs {
    /// Table.
    pub name: Name,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `WITH (…)`.
    pub properties: Vec<WriteProperty>,
    /// The query.
    pub query: Box<ast::Query>,
    /// Whether its rows are written: not with `WITH NO DATA`.
    pub data: bool,
}

/// `UNLOAD (query) TO 's3://…' WITH (…)`.
#[derive(Debug, Clone, PartialEq)]
pub struct UnloadQuery {
    /// The query.
    pub query: Box<ast::Query>,
    /// `s3://…/`.
    pub to: String,
    /// `WITH (…)`.
    pub properties: Vec<WriteProperty>,
}

/// Reads from after `CREATE TABLE`; `None` when it is not `AS` a query.
pub(super) fn create_table_as(cursor: &mut Cursor) -> Result<Option<CreateTableAs>, SqlError> {
    let start = cursor.position();
    let if_not_exists = cursor.accept_words(&["IF", "NOT", "EXISTS"]);
    let name = cursor.name("table name")?;
    if cursor.accept_word("COMMENT") {
        cursor.string("comment")?;
    }
    let properties = if cursor.accept_word("WITH") { properties(cursor)? } else { Vec::new() };
    if !cursor.accept_word("AS") {
        cursor.rewind(start);
        return Ok(None);
    }
    let query = cursor.with_parser(|parser| parser.parse_query())?;
    let mut data = true;
    if cursor.accept_word("WITH") {
        data = !cursor.accept_word("NO");
        cursor.expect_word("DATA")?;
    }
    cursor.expect_end()?;
    Ok(Some(CreateTableAs { name, if_not_exists, properties, query, data }))
}

/// Reads from after `UNLOAD`.
pub(super) fn unload(cursor: &mut Cursor) -> Result<UnloadQuery, SqlError> {
    cursor.expect_symbol('(')?;
    let query = cursor.with_parser(|parser| parser.parse_query())?;
    cursor.expect_symbol(')')?;
    cursor.expect_word("TO")?;
    let to = cursor.string("s3 path")?;
    let properties = if cursor.accept_word("WITH") { properties(cursor)? } else { Vec::new() };
    cursor.expect_end()?;
    Ok(UnloadQuery { query, to, properties })
}

/// `(name = value, …)`.
fn properties(cursor: &mut Cursor) -> Result<Vec<WriteProperty>, SqlError> {
    cursor.expect_symbol('(')?;
    let mut properties = Vec::new();
    loop {
        let (name, _) = cursor.identifier("property name")?;
        cursor.expect_symbol('=')?;
        let at = cursor.position();
        let value = cursor.with_parser(|parser| parser.parse_expr())?;
        let Some(values) = values(&value) else {
            cursor.rewind(at);
            return Err(cursor.unexpected(&["literal", "ARRAY"]));
        };
        properties.push((name, values));
        if !cursor.accept_symbol(',') {
            break;
        }
    }
    cursor.expect_symbol(')')?;
    Ok(properties)
}

fn values(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Value(ValueWithSpan { value, .. }) => Some(vec![match value {
            Value::SingleQuotedString(text) => text.clone(),
            Value::Number(digits, _) => digits.clone(),
            Value::Boolean(truth) => truth.to_string(),
            _ => return None,
        }]),
        Expr::Array(array) => {
            let items: Option<Vec<Vec<String>>> = array.elem.iter().map(values).collect();
            items.map(|items| items.into_iter().flatten().collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use crate::syntax::{Dialect, Statement, parse};

    #[test]
    fn what_athena_writes() {
        let sql = "CREATE TABLE lake.t WITH (format = 'PARQUET', partitioned_by = ARRAY['a', 'b'], is_external = false) AS SELECT 1 x WITH NO DATA";
        let Ok(Statement::CreateTableAs(create)) = parse(Dialect::Athena, sql, &[]) else { panic!("not a table") };
        assert_eq!(create.properties[1], ("partitioned_by".to_owned(), vec!["a".to_owned(), "b".to_owned()]));
        assert!(!create.data);
        let sql = "UNLOAD (SELECT * FROM t) TO 's3://b/p/' WITH (format = 'JSON')";
        assert!(matches!(parse(Dialect::Athena, sql, &[]), Ok(Statement::UnloadQuery(unload)) if unload.to == "s3://b/p/"));
        let error = parse(Dialect::Athena, "CREATE TABLE t WITH (format = x) AS SELECT 1", &[]).unwrap_err();
        assert!(error.message.starts_with("line 1:31: mismatched input 'x'."), "{error}");
    }
}

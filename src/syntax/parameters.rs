//! Named parameters of the Data API: `:name` in a statement.

use std::collections::BTreeSet;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan, Word};

use super::cursor::Cursor;
use crate::syntax::{Dialect, Parameter, SqlError, SqlErrorKind};

/// Replaces `:name` by its value as a literal token, so that a value can never be read as SQL. Casts (`::`), quoted text and comments are
/// other tokens and stay.
pub(super) fn bind(cursor: &mut Cursor, parameters: &[Parameter]) -> Result<(), SqlError> {
    if cursor.dialect() != Dialect::Redshift {
        return Ok(());
    }
    let mut used = BTreeSet::new();
    let mut index = 0;
    while let Some((name, span)) = placeholder(cursor.tokens_mut(), index) {
        let at = name.0;
        let Some(parameter) = parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(&name.1)) else {
            if parameters.is_empty() {
                cursor.rewind(at);
                return Err(cursor.unexpected(&[]));
            }
            let message = format!("parameter \"{}\" has no value", name.1);
            return Err(cursor.error_at(span, SqlErrorKind::Semantic, &message));
        };
        used.insert(parameter.name.to_lowercase());
        let number_wanted = at > 0 && wants_number(&cursor.tokens_mut()[at - 1].token);
        let token = literal(parameter.value.as_deref(), number_wanted);
        cursor.tokens_mut().splice(at..at + 2, [TokenWithSpan::new(token, span)]);
        index = at + 1;
    }
    if let Some(unused) = parameters.iter().find(|parameter| !used.contains(&parameter.name.to_lowercase())) {
        let message = format!("ERROR: parameter \"{}\" is not used in the statement", unused.name);
        return Err(SqlError { message, position: None, kind: SqlErrorKind::Semantic });
    }
    Ok(())
}

/// The next `:name` from `index` on: its place and name.
fn placeholder(tokens: &[TokenWithSpan], index: usize) -> Option<((usize, String), Span)> {
    tokens.windows(2).enumerate().skip(index).find_map(|(at, pair)| match (&pair[0].token, &pair[1].token) {
        (Token::Colon, Token::Word(word)) if pair[0].span.end == pair[1].span.start && word.quote_style.is_none() => {
            Some(((at, word.value.clone()), pair[0].span.union(&pair[1].span)))
        }
        _ => None,
    })
}

/// Behind these words the grammar takes a number only.
fn wants_number(before: &Token) -> bool {
    matches!(before, Token::Word(Word { keyword: Keyword::LIMIT | Keyword::OFFSET | Keyword::TOP, quote_style: None, .. }))
}

fn literal(value: Option<&str>, number_wanted: bool) -> Token {
    match value {
        None => Token::Word(Word { value: "NULL".to_owned(), quote_style: None, keyword: Keyword::NULL }),
        Some(value) if number_wanted && !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
            Token::Number(value.to_owned(), false)
        }
        Some(value) => Token::SingleQuotedString(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::syntax::{Statement, parse};

    fn parameter(name: &str, value: Option<&str>) -> Parameter {
        Parameter { name: name.to_owned(), value: value.map(str::to_owned) }
    }

    fn bound(sql: &str, parameters: &[Parameter]) -> Result<String, SqlError> {
        parse(Dialect::Redshift, sql, parameters).map(|statement| match statement {
            Statement::Sql(statement) => statement.to_string(),
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn values_are_literals_whatever_they_hold() {
        let text = bound(
            "select age::int, ':age' from t where job = :job and x = :x limit :n",
            &[parameter("job", Some("'; drop table t; --")), parameter("x", None), parameter("n", Some("5"))],
        );
        assert_eq!(text.unwrap(), "SELECT age::INT, ':age' FROM t WHERE job = '''; drop table t; --' AND x = NULL LIMIT 5");
    }

    #[test]
    fn a_missing_or_unused_value_is_an_error() {
        let missing = bound("select :a, :b", &[parameter("a", Some("1"))]).unwrap_err();
        assert_eq!(missing.message, "ERROR: parameter \"b\" has no value\n  Position: 12;");
        let unused = bound("select 1", &[parameter("a", Some("1"))]).unwrap_err();
        assert!(unused.message.contains("not used"));
        let none = bound("select :a", &[]).unwrap_err();
        assert_eq!(none.message, "ERROR: syntax error at or near \":\"\n  Position: 8;");
    }
}

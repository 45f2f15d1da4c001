//! The text of a query: what kind of statement it is, and values for its `?`.

use std::fmt::Write as _;

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::query::Kind;

/// The kind of a statement, from its first word. A text that has no words is for the engine to refuse.
pub(super) fn kind_of(text: &str) -> Kind {
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize().unwrap_or_default();
    let first = tokens.iter().find_map(|token| match token {
        Token::Word(word) => Some(word.value.to_ascii_uppercase()),
        _ => None,
    });
    match first.as_deref() {
        Some("CREATE" | "DROP" | "ALTER" | "MSCK" | "TRUNCATE" | "PREPARE" | "DEALLOCATE") => Kind::Ddl,
        Some("SHOW" | "DESCRIBE" | "DESC" | "EXPLAIN") => Kind::Utility,
        _ => Kind::Dml,
    }
}

/// Puts values in the places of `?`. A value is one SQL literal (`5`, `'text'`, `DATE '2024-01-02'`); anything else is taken as a text
/// and quoted, so that a value can never be read as SQL.
pub(super) fn bind(text: &str, values: &[String]) -> Result<String, String> {
    if values.is_empty() {
        return Ok(text.to_owned());
    }
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location().map_err(|error| error.to_string())?;
    let places: Vec<usize> =
        tokens.iter().filter(|it| matches!(&it.token, Token::Placeholder(name) if name == "?")).map(|it| offset(text, it)).collect();
    if places.is_empty() && is_execute(&tokens) {
        let values: Vec<String> =
            values.iter().map(|value| if is_literal(value) { value.clone() } else { format!("'{}'", value.replace('\'', "''")) }).collect();
        return Ok(format!("{} USING {}", text.trim_end().trim_end_matches(';'), values.join(", ")));
    }
    if places.len() != values.len() {
        return Err(format!("Incorrect number of parameters: expected {} but found {}", places.len(), values.len()));
    }
    let mut bound = String::with_capacity(text.len());
    let mut from = 0;
    for (at, value) in places.into_iter().zip(values) {
        bound.push_str(text.get(from..at).unwrap_or_default());
        if is_literal(value) {
            bound.push_str(value);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(bound, "'{}'", value.replace('\'', "''"));
        }
        from = at + 1;
    }
    bound.push_str(text.get(from..).unwrap_or_default());
    Ok(bound)
}

/// Whether the statement is an `EXECUTE` without values of its own: those of the request are for the statement that was prepared.
fn is_execute(tokens: &[TokenWithSpan]) -> bool {
    let words: Vec<String> = tokens
        .iter()
        .filter_map(|token| match &token.token {
            Token::Word(word) => Some(word.value.to_ascii_uppercase()),
            _ => None,
        })
        .collect();
    words.first().is_some_and(|first| first == "EXECUTE") && !words.contains(&"USING".to_owned())
}

/// The byte at which a token starts; the tokenizer counts lines and characters from 1.
fn offset(text: &str, token: &TokenWithSpan) -> usize {
    let (line, column) = (token.span.start.line, token.span.start.column);
    let line = usize::try_from(line).unwrap_or(1).max(1) - 1;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let column = usize::try_from(column).unwrap_or(1).max(1) - 1;
    let rest = text.get(start..).unwrap_or_default();
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

fn is_literal(value: &str) -> bool {
    let tokens = Tokenizer::new(&GenericDialect {}, value).tokenize().unwrap_or_default();
    let tokens: Vec<&Token> = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let word = |token: &Token, known: &[&str]| matches!(token, Token::Word(word) if word.quote_style.is_none() && known.contains(&word.value.to_ascii_uppercase().as_str()));
    match tokens.as_slice() {
        [Token::Number(..) | Token::SingleQuotedString(_)] | [Token::Minus | Token::Plus, Token::Number(..)] => true,
        [only] => word(only, &["TRUE", "FALSE", "NULL"]),
        [kind, Token::SingleQuotedString(_)] => word(kind, &["DATE", "TIME", "TIMESTAMP", "DECIMAL"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn bound(text: &str, values: &[&str]) -> Result<String, String> {
        bind(text, &values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn values_take_the_places_of_question_marks_only() {
        let text = "select '?', x -- ?\nfrom t where a = ? and b = ?";
        assert_eq!(bound(text, &["5", "'it''s'"]).unwrap(), "select '?', x -- ?\nfrom t where a = 5 and b = 'it''s'");
        assert_eq!(bound("select ?", &["DATE '2024-01-02'"]).unwrap(), "select DATE '2024-01-02'");
        assert_eq!(bound("select -1, ä, ?", &["-2.5"]).unwrap(), "select -1, ä, -2.5");
    }

    #[test]
    fn a_value_is_never_read_as_sql() {
        assert_eq!(bound("select ?", &["1; drop table t"]).unwrap(), "select '1; drop table t'");
        assert_eq!(bound("select ?", &["x' or '1'='1"]).unwrap(), "select 'x'' or ''1''=''1'");
        assert_eq!(bound("select ?", &["admin."]).unwrap(), "select 'admin.'");
    }

    #[test]
    fn values_of_an_execute_are_for_what_was_prepared() {
        assert_eq!(bound("EXECUTE p;", &["1", "it's"]).unwrap(), "EXECUTE p USING 1, 'it''s'");
        assert!(bound("EXECUTE p USING 1", &["1"]).is_err());
    }

    #[test]
    fn the_number_of_values_must_fit() {
        assert!(bound("select ?, ?", &["1"]).unwrap_err().contains("expected 2 but found 1"));
    }

    #[test]
    fn kinds_follow_from_the_first_word() {
        assert_eq!(kind_of("-- a comment\n select 1"), Kind::Dml);
        assert_eq!(kind_of("(select 1)"), Kind::Dml);
        assert_eq!(kind_of("CREATE EXTERNAL TABLE t (a int)"), Kind::Ddl);
        assert_eq!(kind_of("show tables in bankdm"), Kind::Utility);
    }
}

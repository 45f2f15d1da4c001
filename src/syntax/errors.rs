//! Errors of the parser, worded as each service words them.

use sqlparser::parser::ParserError;
use sqlparser::tokenizer::Location;

use crate::syntax::{Dialect, SqlError, SqlErrorKind};

/// A message with its place: Redshift counts characters of the statement (`Position: 10;`), Athena gives line and column in front.
pub fn at(dialect: Dialect, sql: &str, location: Location, kind: SqlErrorKind, message: &str) -> SqlError {
    let known = location.line > 0;
    let message = match dialect {
        Dialect::Redshift if known => format!("ERROR: {message}\n  Position: {};", character_offset(sql, location)),
        Dialect::Redshift => format!("ERROR: {message}"),
        Dialect::Athena if known => format!("line {}:{}: {message}", location.line, location.column),
        Dialect::Athena => message.to_owned(),
    };
    SqlError { message, position: known.then_some((location.line, location.column)), kind }
}

/// Text that does not parse. `found` is the token at `location`, `None` at the end of the text.
pub fn syntax_error(dialect: Dialect, sql: &str, location: Location, found: Option<&str>, expected: &[&str]) -> SqlError {
    let location = if location.line == 0 && found.is_none() { end_of(sql) } else { location };
    let message = match (dialect, found) {
        (Dialect::Redshift, Some(found)) => format!("syntax error at or near \"{found}\""),
        (Dialect::Redshift, None) => "syntax error at end of input".to_owned(),
        (Dialect::Athena, found) => {
            let found = found.unwrap_or("<EOF>");
            if expected.is_empty() {
                format!("mismatched input '{found}'.")
            } else {
                let expected: Vec<String> = expected.iter().map(|word| quote_expected(word)).collect();
                format!("mismatched input '{found}'. Expecting: {}", expected.join(", "))
            }
        }
    };
    at(dialect, sql, location, SqlErrorKind::Syntax, &message)
}

/// Something that parses but is outside what the embedded engine does, named.
pub fn unsupported(dialect: Dialect, sql: &str, location: Location, what: &str) -> SqlError {
    at(dialect, sql, location, SqlErrorKind::Unsupported, &format!("{what} is not supported"))
}

/// sqlparser's error in the service's words.
pub(super) fn from_parser(dialect: Dialect, sql: &str, error: &ParserError) -> SqlError {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
        ParserError::RecursionLimitExceeded => {
            return at(dialect, sql, Location::empty(), SqlErrorKind::Syntax, "the statement is nested too deeply");
        }
    };
    let (message, location) = split_location(text);
    let expected = message.strip_prefix("Expected: ").or_else(|| message.strip_prefix("Expected "));
    if let Some((expected, found)) = expected.and_then(|rest| rest.rsplit_once(", found: ")) {
        let found = (found != "EOF").then_some(found);
        return syntax_error(dialect, sql, location, found, &[expected]);
    }
    let message = if message.starts_with("Unterminated string literal") {
        match dialect {
            Dialect::Redshift => format!("unterminated quoted string at or near \"{}\"", rest_of(sql, location)),
            Dialect::Athena => format!("mismatched input '{}'.", rest_of(sql, location)),
        }
    } else {
        lower_first(message)
    };
    at(dialect, sql, location, SqlErrorKind::Syntax, &message)
}

/// Splits ` at Line: 1, Column: 8` off a message of sqlparser.
fn split_location(text: &str) -> (&str, Location) {
    let parsed = text.rsplit_once(" at Line: ").and_then(|(message, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((message, Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? }))
    });
    parsed.unwrap_or((text, Location::empty()))
}

/// Trino quotes keywords and symbols in what it expects, and gives classes of tokens in angle brackets.
fn quote_expected(expected: &str) -> String {
    let keyword = expected.chars().all(|c| c.is_ascii_uppercase() || c == ' ' || c == '_' || c.is_ascii_digit());
    if keyword || expected.chars().count() == 1 { format!("'{expected}'") } else { format!("<{expected}>") }
}

/// Characters from the start of the text to `location`, counted from 1.
pub(super) fn character_offset(sql: &str, location: Location) -> usize {
    let line = usize::try_from(location.line).unwrap_or(1);
    let column = usize::try_from(location.column).unwrap_or(1);
    sql.split_inclusive('\n').take(line.saturating_sub(1)).map(|line| line.chars().count()).sum::<usize>() + column
}

fn end_of(sql: &str) -> Location {
    let line = sql.split('\n').count().max(1);
    let column = sql.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    Location { line: line as u64, column: column as u64 }
}

/// The text from `location` to the end of its line, shortened.
fn rest_of(sql: &str, location: Location) -> String {
    sql.chars().skip(character_offset(sql, location).saturating_sub(1)).take_while(|c| *c != '\n').take(40).collect()
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_in_redshift_and_lines_in_athena() {
        let location = Location { line: 2, column: 6 };
        let error = syntax_error(Dialect::Redshift, "select 'é'\nfrom form", location, Some("form"), &[]);
        assert_eq!(error.message, "ERROR: syntax error at or near \"form\"\n  Position: 17;");
        assert_eq!(error.position, Some((2, 6)));
        let error = syntax_error(Dialect::Athena, "", location, Some("form"), &["table name", "VALUES", "("]);
        assert_eq!(error.message, "line 2:6: mismatched input 'form'. Expecting: <table name>, 'VALUES', '('");
    }

    #[test]
    fn the_end_of_the_text_has_a_position() {
        let error = syntax_error(Dialect::Redshift, "select", Location::empty(), None, &[]);
        assert_eq!(error.message, "ERROR: syntax error at end of input\n  Position: 7;");
    }
}

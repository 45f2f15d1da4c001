//! Cuts a script into its statements. Which dialect it is in does not matter for that: texts, quoted names, comments and
//! dollar-quoted bodies are told apart, and a semicolon outside of them ends a statement.

use std::ops::Range;

/// A statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Its text, without the semicolon and without what surrounds it. Comments inside stay.
    pub text: &'a str,
    /// Where it is in the script, in bytes.
    pub range: Range<usize>,
    /// The line that it begins on, counted from 1.
    pub line: usize,
}

/// The statements of `script` in order. What is only space and comments is none. A text that is never closed reaches to the end, and the
/// service will say so.
pub fn statements(script: &str) -> Vec<Statement<'_>> {
    let mut found = vec![];
    let mut at = 0;
    // The first byte of the statement that is neither space nor comment.
    let mut start = None;
    let mut end = 0;
    while at < script.len() {
        let rest = &script[at..];
        let (length, significant) = match piece(rest) {
            Piece::Semicolon => {
                push(script, start.take(), end, &mut found);
                (1, false)
            }
            Piece::Blank(length) => (length, false),
            Piece::Text(length) => (length, true),
        };
        if significant {
            start.get_or_insert(at);
            end = at + length;
        }
        at += length;
    }
    push(script, start, end, &mut found);
    found
}

fn push<'a>(script: &'a str, start: Option<usize>, end: usize, found: &mut Vec<Statement<'a>>) {
    if let Some(start) = start {
        let line = script[..start].matches('\n').count() + 1;
        found.push(Statement { text: &script[start..end], range: start..end, line });
    }
}

enum Piece {
    /// Space or a comment of so many bytes.
    Blank(usize),
    /// Anything else of so many bytes.
    Text(usize),
    /// The end of a statement.
    Semicolon,
}

fn piece(rest: &str) -> Piece {
    let mut characters = rest.chars();
    let first = characters.next().unwrap_or(' ');
    match first {
        ';' => Piece::Semicolon,
        '\'' | '"' | '`' => Piece::Text(quoted(rest, first)),
        '-' if rest.starts_with("--") => Piece::Blank(rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => Piece::Blank(block_comment(rest)),
        '$' => Piece::Text(dollar_quoted(rest).unwrap_or(1)),
        _ if first.is_whitespace() => Piece::Blank(first.len_utf8()),
        // A whole word at once, so that the `$` in `a$b$c` does not begin a body.
        _ if first.is_alphanumeric() || first == '_' => {
            Piece::Text(rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len()))
        }
        _ => Piece::Text(first.len_utf8()),
    }
}

/// The length of a quoted piece; a doubled quote is part of it.
fn quoted(rest: &str, quote: char) -> usize {
    // Quotes are single bytes, so that byte positions are character positions here.
    let mut at = 1;
    while let Some(offset) = rest[at..].find(quote) {
        at += offset + 1;
        if !rest[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    rest.len()
}

/// The length of a comment; comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        let Some(offset) = rest[at..].find(['/', '*']) else { return rest.len() };
        at += offset;
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
}

/// The length of a body between `$$` and `$$`, or `$tag$` and `$tag$`.
fn dollar_quoted(rest: &str) -> Option<usize> {
    let tag_end = rest[1..].find('$')? + 2;
    let tag = &rest[..tag_end];
    let name = &tag[1..tag.len() - 1];
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    is_name.then(|| rest[tag_end..].find(tag).map_or(rest.len(), |offset| tag_end + offset + tag.len()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn cut(script: &str) -> Vec<&str> {
        statements(script).into_iter().map(|statement| statement.text).collect()
    }

    #[test]
    fn a_semicolon_ends_a_statement_unless_quoted() {
        assert_eq!(cut("select 1; select 2"), ["select 1", "select 2"]);
        assert_eq!(cut("select ';' as \"a;b\", `c;d`, 'it''s;';"), ["select ';' as \"a;b\", `c;d`, 'it''s;'"]);
        assert_eq!(cut("select 1 -- a; b\n, 2; -- the end;\n"), ["select 1 -- a; b\n, 2"]);
        assert_eq!(cut("/* a; /* b; */ c; */ select /* d; */ 1;;"), ["select /* d; */ 1"]);
        assert_eq!(
            cut("create function f() as $$ a; b $$ language x; select $t$;$$;$t$"),
            ["create function f() as $$ a; b $$ language x", "select $t$;$$;$t$"]
        );
        assert_eq!(cut("select a$b; select c$d"), ["select a$b", "select c$d"]);
        assert_eq!(cut("select 'open; select 2"), ["select 'open; select 2"]);
        assert!(cut(" ; -- nothing\n /* at all */ ").is_empty());
        assert_eq!(cut("select 'é;ü'; select 'ß'"), ["select 'é;ü'", "select 'ß'"]);
    }

    #[test]
    fn statements_know_where_they_begin() {
        let found = statements("-- first\nselect 1;\n\n  select 2");
        assert_eq!(found.iter().map(|statement| statement.line).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(found[1].range, 22..30);
    }
}

//! Splitting a script into statements.

use std::ops::Range;

use crate::syntax::{Dialect, SqlError};

/// Byte ranges of the statements of a script, without their semicolons, without white space and comments around them. A piece of nothing
/// but comments is no statement. Quotes, dollar quotes and comments (nested ones in Redshift) are understood; what is not closed runs to
/// the end of the text, where parsing the statement reports it.
pub fn split_statements(dialect: Dialect, script: &str) -> Result<Vec<Range<usize>>, SqlError> {
    let bytes = script.as_bytes();
    let mut statements = Vec::new();
    // First and behind-last byte of what is not white space or comment in the present statement.
    let mut extent: Option<(usize, usize)> = None;
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b';' => {
                statements.extend(extent.take().map(|(start, end)| start..end));
                at += 1;
                continue;
            }
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = find(bytes, at, b"\n").unwrap_or(bytes.len());
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = block_comment(bytes, at, dialect == Dialect::Redshift);
                continue;
            }
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            quote @ b'\'' => quoted(bytes, at, quote, dialect == Dialect::Redshift),
            quote @ b'"' => quoted(bytes, at, quote, false),
            quote @ b'`' if dialect == Dialect::Athena => quoted(bytes, at, quote, false),
            b'$' if dialect == Dialect::Redshift => dollar_quoted(bytes, at),
            _ => at + 1,
        };
        extent = Some((extent.map_or(at, |(start, _)| start), end));
        at = end;
    }
    statements.extend(extent.map(|(start, end)| start..end));
    Ok(statements)
}

fn find(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    bytes[from..].windows(needle.len()).position(|window| window == needle).map(|offset| from + offset)
}

fn quoted(bytes: &[u8], start: usize, quote: u8, backslashes: bool) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        let escaped = bytes[at] == b'\\' && backslashes;
        let doubled = bytes[at] == quote && bytes.get(at + 1) == Some(&quote);
        if escaped || doubled {
            at += 2;
        } else if bytes[at] == quote {
            return at + 1;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn block_comment(bytes: &[u8], start: usize, nested: bool) -> usize {
    let mut depth = 1;
    let mut at = start + 2;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else if nested && bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// `$$ … $$` and `$tag$ … $tag$`; a dollar sign that opens neither is one byte.
fn dollar_quoted(bytes: &[u8], start: usize) -> usize {
    let tag_end = bytes[start + 1..].iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_'));
    let Some(tag_end) = tag_end.map(|offset| start + 1 + offset).filter(|end| bytes[*end] == b'$') else {
        return start + 1;
    };
    let tag = &bytes[start..=tag_end];
    if tag.get(1).is_some_and(u8::is_ascii_digit) {
        return start + 1;
    }
    find(bytes, tag_end + 1, tag).map_or(bytes.len(), |close| close + tag.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn split(dialect: Dialect, script: &str) -> Vec<&str> {
        split_statements(dialect, script).unwrap().into_iter().map(|range| &script[range]).collect()
    }

    #[test]
    fn quotes_and_comments_hide_semicolons() {
        let script = "-- first; comment\nselect ';', \";\" /* ; */ ; ;\n select 'it''s;' -- tail;\n; select 3 -- end";
        assert_eq!(split(Dialect::Redshift, script), ["select ';', \";\"", "select 'it''s;'", "select 3"]);
    }

    #[test]
    fn dollar_quotes_and_escapes_are_redshifts() {
        assert_eq!(split(Dialect::Redshift, r"select $a$;$$;$a$; select 'a\';b'"), ["select $a$;$$;$a$", r"select 'a\';b'"]);
        assert_eq!(split(Dialect::Athena, r"select 'a\'; select `b;`"), [r"select 'a\'", "select `b;`"]);
        assert_eq!(split(Dialect::Redshift, "select $1; select 2"), ["select $1", "select 2"]);
    }

    #[test]
    fn comments_nest_in_redshift() {
        assert_eq!(split(Dialect::Redshift, "/* a /* b; */ ; */ select 1"), ["select 1"]);
        assert!(split(Dialect::Athena, " /* ; */ -- nothing").is_empty());
    }

    #[test]
    fn unclosed_text_runs_to_the_end() {
        assert_eq!(split(Dialect::Redshift, "select 'é; select 2\\"), ["select 'é; select 2\\"]);
        assert_eq!(split(Dialect::Redshift, "select 1; select $$ ;"), ["select 1", "select $$ ;"]);
    }
}

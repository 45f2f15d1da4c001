//! Cuts SQL text into tokens for colouring and for finding the statement under the cursor. Tolerant: text that is being typed is seldom
//! complete. Understanding SQL is the service's business.

/// What a piece of SQL text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A word that is part of the language.
    Keyword,
    /// A name of a type or a function that is called.
    Function,
    /// Any other word.
    Word,
    /// A quoted identifier.
    Quoted,
    /// A text literal.
    Text,
    /// A number.
    Number,
    /// A comment.
    Comment,
    /// A named parameter (`:name`).
    Parameter,
    /// An operator or a bracket.
    Symbol,
    /// The end of a statement.
    Semicolon,
    /// White space.
    Space,
}

/// A piece of text, `start..end` in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

const KEYWORDS: &[&str] = &[
    "abort",
    "add",
    "all",
    "allowoverwrite",
    "alter",
    "analyze",
    "and",
    "any",
    "as",
    "asc",
    "auto",
    "begin",
    "between",
    "by",
    "cascade",
    "case",
    "cast",
    "catalog",
    "column",
    "commit",
    "copy",
    "create",
    "cross",
    "csv",
    "current_date",
    "data",
    "database",
    "databases",
    "deallocate",
    "default",
    "delete",
    "delimiter",
    "desc",
    "describe",
    "distinct",
    "distkey",
    "diststyle",
    "drop",
    "else",
    "encode",
    "end",
    "escape",
    "except",
    "execute",
    "exists",
    "explain",
    "external",
    "false",
    "first",
    "following",
    "for",
    "format",
    "from",
    "full",
    "function",
    "grant",
    "group",
    "gzip",
    "having",
    "header",
    "iam_role",
    "if",
    "ignoreheader",
    "ilike",
    "in",
    "inner",
    "insert",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "key",
    "last",
    "left",
    "like",
    "limit",
    "location",
    "manifest",
    "materialized",
    "merge",
    "model",
    "msck",
    "natural",
    "not",
    "null",
    "nulls",
    "objective",
    "off",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "parallel",
    "parquet",
    "partition",
    "partitioned",
    "preceding",
    "prepare",
    "primary",
    "problem_type",
    "qualify",
    "range",
    "region",
    "rename",
    "repair",
    "replace",
    "restrict",
    "returns",
    "revoke",
    "right",
    "rollback",
    "row",
    "rows",
    "schema",
    "schemas",
    "select",
    "serde",
    "serdeproperties",
    "set",
    "settings",
    "show",
    "similar",
    "sortkey",
    "stored",
    "table",
    "tables",
    "target",
    "tblproperties",
    "temp",
    "temporary",
    "then",
    "to",
    "top",
    "transaction",
    "true",
    "truncate",
    "unbounded",
    "union",
    "unload",
    "unnest",
    "update",
    "using",
    "vacuum",
    "values",
    "view",
    "views",
    "when",
    "where",
    "window",
    "with",
    "within",
    "work",
];

/// Whether a word is part of the language.
pub fn is_keyword(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    KEYWORDS.binary_search(&lower.as_str()).is_ok()
}

/// Cuts text into tokens that cover all of it.
pub fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::with_capacity(bytes.len() / 4);
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let rest = &text[at..];
        // Every branch consumes at least one character: `rest` is not empty.
        let first = bytes[at];
        let kind = match first {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += rest.bytes().take_while(u8::is_ascii_whitespace).count();
                TokenKind::Space
            }
            b'-' if rest.starts_with("--") => {
                at += rest.find('\n').unwrap_or(rest.len());
                TokenKind::Comment
            }
            b'/' if rest.starts_with("/*") => {
                at += block_comment(rest);
                TokenKind::Comment
            }
            b'\'' => {
                at += quoted(rest, b'\'');
                TokenKind::Text
            }
            b'"' => {
                at += quoted(rest, b'"');
                TokenKind::Quoted
            }
            b'`' => {
                at += quoted(rest, b'`');
                TokenKind::Quoted
            }
            b'$' => match dollar_quoted(rest) {
                Some(length) => {
                    at += length;
                    TokenKind::Text
                }
                None => {
                    at += 1;
                    TokenKind::Symbol
                }
            },
            b';' => {
                at += 1;
                TokenKind::Semicolon
            }
            b':' if rest.starts_with("::") => {
                at += 2;
                TokenKind::Symbol
            }
            b':' if bytes.get(at + 1).is_some_and(|next| next.is_ascii_alphabetic() || *next == b'_') => {
                at += 1 + word(&rest[1..]);
                TokenKind::Parameter
            }
            b'0'..=b'9' => {
                at += rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'.').count();
                TokenKind::Number
            }
            _ => {
                let length = word(rest);
                if length == 0 {
                    at += rest.chars().next().map_or(1, char::len_utf8);
                    TokenKind::Symbol
                } else {
                    at += length;
                    let text = &rest[..length];
                    if is_keyword(text) {
                        TokenKind::Keyword
                    } else if rest[length..].starts_with('(') {
                        TokenKind::Function
                    } else {
                        TokenKind::Word
                    }
                }
            }
        };
        tokens.push(Token { kind, start, end: at });
    }
    tokens
}

fn word(text: &str) -> usize {
    text.char_indices().find(|(_, c)| !(c.is_alphanumeric() || *c == '_')).map_or(text.len(), |(index, _)| index)
}

fn quoted(text: &str, quote: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) == Some(&quote) {
                at += 2;
                continue;
            }
            return at + 1;
        }
        at += 1;
    }
    bytes.len()
}

fn block_comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn dollar_quoted(text: &str) -> Option<usize> {
    let tag_end = 1 + text[1..].find('$')?;
    let tag = &text[..=tag_end];
    if !tag[1..tag.len() - 1].chars().all(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    Some(text[tag.len()..].find(tag).map_or(text.len(), |index| index + 2 * tag.len()))
}

/// The statement that a cursor is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementRange {
    /// First byte that is neither space nor comment.
    pub start: usize,
    /// The byte after the last; the semicolon is not part of it.
    pub end: usize,
}

/// The statements of a text, in order; empty ones are left out.
pub fn statements(text: &str) -> Vec<StatementRange> {
    let mut found = Vec::new();
    let mut current: Option<StatementRange> = None;
    for token in tokens(text) {
        match token.kind {
            TokenKind::Semicolon => found.extend(current.take()),
            TokenKind::Space | TokenKind::Comment => {}
            _ => match &mut current {
                Some(range) => range.end = token.end,
                None => current = Some(StatementRange { start: token.start, end: token.end }),
            },
        }
    }
    found.extend(current);
    found
}

/// The statement that the byte `at` is in, or the one before it when it is between two, or the first one.
pub fn statement_at(text: &str, at: usize) -> Option<StatementRange> {
    let all = statements(text);
    // The gap after a statement up to the end of its line belongs to it; a cursor at the start of the next line means the next one.
    let inside = all.iter().find(|range| range.start <= at && at <= range.end);
    let same_line = |range: &&StatementRange| range.end <= at && !text.get(range.end..at).unwrap_or_default().contains('\n');
    inside
        .or_else(|| all.iter().rev().find(same_line))
        .or_else(|| all.iter().find(|range| range.start >= at))
        .or_else(|| all.last())
        .copied()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        tokens(text).into_iter().map(|token| token.kind).filter(|kind| *kind != TokenKind::Space).collect()
    }

    #[test]
    fn keywords_are_sorted() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn tokens_cover_the_text_whatever_it_is() {
        for text in ["", "select 'a", "/* x", "$$ a", "$x$ y $x$;", "é ü 'ß'\u{301}", "a::int :b 'it''s' \"q\"\"q\" -- end", "\u{1f600};"]
        {
            let mut at = 0;
            for token in tokens(text) {
                assert_eq!(token.start, at);
                assert!(token.end > token.start);
                assert!(text.is_char_boundary(token.end));
                at = token.end;
            }
            assert_eq!(at, text.len());
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        use TokenKind::{Comment, Function, Keyword, Number, Parameter, Symbol, Text, Word};
        assert_eq!(
            kinds("SELECT avg(age), 'x;' FROM t -- ; no"),
            [Keyword, Function, Symbol, Word, Symbol, Symbol, Text, Keyword, Word, Comment]
        );
        assert_eq!(kinds("a::int = :b and 1.5e3"), [Word, Symbol, Word, Symbol, Parameter, Keyword, Number]);
    }

    #[test]
    fn statements_end_at_semicolons_that_are_not_in_a_literal_or_comment() {
        let text = "select ';' ; -- a;b\n/* ; */ select 2;\n;";
        let found: Vec<&str> = statements(text).into_iter().map(|range| &text[range.start..range.end]).collect();
        assert_eq!(found, ["select ';'", "select 2"]);
    }

    #[test]
    fn the_statement_under_the_cursor() {
        let text = "select 1;\nselect 2;\n\n";
        let at = |index| statement_at(text, index).map(|range| &text[range.start..range.end]);
        assert_eq!(at(0), Some("select 1"));
        assert_eq!(at(9), Some("select 1"));
        assert_eq!(at(10), Some("select 2"));
        assert_eq!(at(text.len()), Some("select 2"));
        assert_eq!(statement_at("  -- nothing", 3), None);
    }
}

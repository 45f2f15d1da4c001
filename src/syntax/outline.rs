//! What makes two statements the same statement: their tokens. White space, comments, the case of plain words and a closing semicolon are
//! how somebody has written it.

use std::collections::BTreeSet;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::syntax::Dialect;
use crate::syntax::dialects::syntax;

/// A statement without how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The tokens with one blank between them, plain words in lower case.
    pub text: String,
    /// The names in it, in lower case, and its texts in quotes as they are: what the statement may be about.
    pub names: BTreeSet<String>,
    /// Whether it only reads: a query, `SHOW`, `DESCRIBE` or `EXPLAIN`.
    pub reads: bool,
}

/// The words that a statement begins with that only reads.
const READING: [&str; 8] = ["select", "with", "show", "describe", "desc", "explain", "values", "table"];
/// Words that make a change of a statement which begins like a query (`SELECT … INTO`, `WITH … INSERT`, `EXPLAIN ANALYZE DELETE`).
const CHANGING: [&str; 5] = ["into", "insert", "update", "delete", "merge"];

/// A word of Redshift ML that the tokenizer does not know as one.
const MODEL: &str = "model";

/// The outline of a statement. Text that is no SQL is taken with its blanks drawn together, and counts as a change.
pub fn outline(dialect: Dialect, sql: &str) -> Outline {
    let Ok(tokens) = Tokenizer::new(syntax(dialect), sql).with_unescape(false).tokenize() else {
        let text = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        return Outline { text, names: BTreeSet::new(), reads: false };
    };
    let mut tokens: Vec<Token> = tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_) | Token::EOF)).collect();
    while tokens.last() == Some(&Token::SemiColon) {
        tokens.pop();
    }
    let mut text = String::with_capacity(sql.len());
    let mut names = BTreeSet::new();
    let (mut first, mut changes) = (None, false);
    for (at, token) in tokens.iter().enumerate() {
        if !text.is_empty() {
            text.push(' ');
        }
        match token {
            Token::Word(word) if word.quote_style.is_none() => {
                let lower = word.value.to_lowercase();
                text.push_str(&lower);
                changes |= CHANGING.contains(&lower.as_str());
                if first.is_none() {
                    first = Some(lower.clone());
                }
                let keyword = word.keyword != Keyword::NoKeyword || lower == MODEL;
                if !keyword || stands_for_a_name(&tokens, at) {
                    names.insert(lower);
                }
            }
            Token::Word(word) => {
                text.push_str(&token.to_string());
                names.insert(word.value.to_lowercase());
            }
            Token::SingleQuotedString(value) => {
                text.push_str(&token.to_string());
                names.insert(value.clone());
            }
            other => text.push_str(&other.to_string()),
        }
    }
    // A query may stand in brackets.
    let first = first.unwrap_or_default();
    Outline { text, names, reads: READING.contains(&first.as_str()) && !changes }
}

/// Whether a word that is a keyword somewhere (`data`, `location`) is a name here.
fn stands_for_a_name(tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    let named = |word: &str| ["from", "join", "into", "update", "table", "model", "view", "schema", "database", "exists"].contains(&word);
    match (before, tokens.get(at + 1)) {
        (Some(Token::Period), _) | (_, Some(Token::Period)) => true,
        (Some(Token::Word(word)), _) => named(&word.value.to_lowercase()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn text(sql: &str) -> String {
        outline(Dialect::Redshift, sql).text
    }

    #[test]
    fn how_a_statement_is_written_does_not_count() {
        let plain = text("SELECT y, count(*) FROM dm.data GROUP BY y");
        for other in [
            "select y,count(*)\n  from dm.data -- every customer\n group by y;",
            "/* counts */ SELECT y , COUNT ( * ) FROM DM.DATA GROUP BY y ;;",
        ] {
            assert_eq!(text(other), plain);
        }
        for other in ["SELECT y, count(*) FROM dm.data GROUP BY x", "SELECT \"Y\", count(*) FROM dm.data GROUP BY y", "SELECT 'a'"] {
            assert_ne!(text(other), plain);
        }
        assert_ne!(text("select 'a  b'"), text("select 'a b'"), "what is in quotes counts to the letter");
        assert_ne!(text("select '-- a'"), text("select ''"));
    }

    #[test]
    fn names_are_found_in_texts_too() {
        let names = outline(Dialect::Athena, "CREATE EXTERNAL TABLE `bankdm`.`bankdm_glue` (a int) LOCATION 's3://b/k/'").names;
        for name in ["bankdm", "bankdm_glue", "s3://b/k/"] {
            assert!(names.contains(name), "{name}: {names:?}");
        }
        let names = |sql: &str| outline(Dialect::Redshift, sql).names.into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(names("SHOW MODEL dm01"), "dm01");
        assert_eq!(names("SELECT count(*) FROM dm.data"), "data dm");
    }

    #[test]
    fn what_only_reads_is_told_from_a_change() {
        let reads = |sql: &str| outline(Dialect::Redshift, sql).reads;
        for sql in ["select 1", "(select 1)", "WITH a AS (SELECT 1) SELECT * FROM a", "show model dm01", "explain select 1"] {
            assert!(reads(sql), "{sql}");
        }
        for sql in ["create table t (a int)", "select * into t from u", "drop model m", "unload ('select 1') to 's3://b/'", "'"] {
            assert!(!reads(sql), "{sql}");
        }
    }
}

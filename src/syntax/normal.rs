//! What both services write otherwise than sqlparser reads, put right among the tokens: texts of several kinds, `TRIM` without characters,
//! lists of values after `ANY`, subscripts that are columns.

use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::syntax::Dialect;

/// Rewrites the tokens in place.
pub(super) fn prepare(dialect: Dialect, tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 0;
    while at < tokens.len() {
        texts(dialect, &mut tokens[at]);
        trim(tokens, at);
        if dialect == Dialect::Redshift {
            subscript(tokens, at);
        }
        if dialect == Dialect::Athena {
            compared_with_values(tokens, at);
        }
        at += 1;
    }
}

/// `E'a\n'` in Redshift and `U&'\0041'` in Trino are texts like any other once they are read.
fn texts(dialect: Dialect, token: &mut TokenWithSpan) {
    let text = match (&mut token.token, dialect) {
        (Token::EscapedStringLiteral(text), Dialect::Redshift) | (Token::UnicodeStringLiteral(text), Dialect::Athena) => text,
        _ => return,
    };
    token.token = Token::SingleQuotedString(std::mem::take(text));
}

/// `TRIM(LEADING FROM x)` is `TRIM(LEADING x)` for the parser.
fn trim(tokens: &mut Vec<TokenWithSpan>, at: usize) {
    let side = ["BOTH", "LEADING", "TRAILING"].iter().any(|side| is_word(tokens.get(at + 2), side));
    if is_word(tokens.get(at), "TRIM") && is(tokens.get(at + 1), &Token::LParen) && side && is_word(tokens.get(at + 3), "FROM") {
        tokens.remove(at + 3);
    }
}

/// `a[b.c]`: sqlparser takes what is in brackets for a name, which it cannot be directly behind a value.
fn subscript(tokens: &mut Vec<TokenWithSpan>, at: usize) {
    let Some((before, here)) = at.checked_sub(1).and_then(|before| tokens.get(before).zip(tokens.get(at))) else { return };
    let Token::Word(word) = &here.token else { return };
    let behind_value = matches!(before.token, Token::RParen | Token::RBracket | Token::Word(_)) && before.span.end == here.span.start;
    if word.quote_style != Some('[') || !behind_value {
        return;
    }
    let Ok(inside) = Tokenizer::new(&RedshiftSqlDialect {}, &word.value).tokenize() else { return };
    let span = here.span;
    let inside = inside.into_iter().filter(|token| !matches!(token, Token::Whitespace(_)));
    let all = std::iter::once(Token::LBracket).chain(inside).chain(std::iter::once(Token::RBracket));
    tokens.splice(at..=at, all.map(|token| TokenWithSpan { token, span }));
}

/// `= ANY (VALUES 1, 2)` is `= ANY (SELECT * FROM (VALUES 1, 2))`.
fn compared_with_values(tokens: &mut Vec<TokenWithSpan>, at: usize) {
    let quantified = ["ANY", "ALL", "SOME"].iter().any(|word| is_word(tokens.get(at), word));
    if !quantified || !is(tokens.get(at + 1), &Token::LParen) || !is_word(tokens.get(at + 2), "VALUES") {
        return;
    }
    let (mut depth, mut end) = (0_usize, at + 2);
    while let Some(token) = tokens.get(end) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => break,
            Token::RParen => depth -= 1,
            _ => {}
        }
        end += 1;
    }
    let Some(span) = tokens.get(end).map(|token| token.span) else { return };
    tokens.insert(end, TokenWithSpan { token: Token::RParen, span });
    let query = [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM"), Token::LParen];
    tokens.splice(at + 2..at + 2, query.map(|token| TokenWithSpan { token, span }));
}

fn is(token: Option<&TokenWithSpan>, wanted: &Token) -> bool {
    token.is_some_and(|token| token.token == *wanted)
}

fn is_word(token: Option<&TokenWithSpan>, text: &str) -> bool {
    matches!(token.map(|token| &token.token), Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use crate::syntax::{Dialect, Statement, parse};

    fn read(dialect: Dialect, sql: &str) -> String {
        match parse(dialect, sql, &[]) {
            Ok(Statement::Sql(statement)) => statement.to_string(),
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[test]
    fn texts_are_texts_however_they_are_written() {
        assert_eq!(read(Dialect::Redshift, r"SELECT f('x', E'\\d+')"), r"SELECT f('x', '\d+')");
        assert_eq!(read(Dialect::Athena, r"SELECT U&'d\0061ta'"), "SELECT 'data'");
    }

    #[test]
    fn blanks_are_trimmed_from_one_side() {
        assert_eq!(read(Dialect::Redshift, "SELECT TRIM(LEADING FROM a)"), "SELECT TRIM(LEADING a)");
        assert_eq!(read(Dialect::Athena, "SELECT TRIM(BOTH 'x' FROM a)"), "SELECT TRIM(BOTH 'x' FROM a)");
    }

    #[test]
    fn values_are_compared_with() {
        assert_eq!(read(Dialect::Athena, "SELECT a = ANY (VALUES 1, 2)"), "SELECT a = ANY(SELECT * FROM (VALUES (1), (2)))");
    }

    #[test]
    fn subscripts_may_be_columns() {
        assert_eq!(
            read(Dialect::Redshift, "SELECT (f(false))[s.r] AS x, c.k[p.n], a[1] FROM t"),
            "SELECT (f(false))[s.r] AS x, c.k[p.n], a[1] FROM t"
        );
        assert_eq!(read(Dialect::Redshift, "SELECT a [b] FROM t"), "SELECT a AS [b] FROM t");
    }

    #[test]
    fn operators_bind_as_in_the_services() {
        assert_eq!(read(Dialect::Redshift, "SELECT |/ 4, ||/ 27, @ -5"), "SELECT |/4, ||/27, @-5");
        let Ok(Statement::Sql(statement)) = parse(Dialect::Redshift, "SELECT 2 * 3 ^ 2", &[]) else { panic!("not read") };
        let debug = format!("{statement:?}");
        assert!(debug.find("Multiply").unwrap() < debug.find("BitwiseXor").or_else(|| debug.find("PGExp")).unwrap(), "{debug}");
    }
}

//! What Trino writes otherwise than sqlparser reads: types in parentheses (`ARRAY(integer)`, `ROW(x integer)`), rows of one value without
//! parentheses in `VALUES`.

use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Rewrites the tokens in place.
pub(super) fn prepare(tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 0;
    while at < tokens.len() {
        if is_word(tokens.get(at), "AS")
            && (is_word(tokens.get(at + 1), "ARRAY") || is_word(tokens.get(at + 1), "ROW") || is_word(tokens.get(at + 1), "MAP"))
            && is(tokens.get(at + 2), &Token::LParen)
        {
            kind(tokens, at + 1);
        }
        if is_word(tokens.get(at), "VALUES") && tokens.get(at + 1).is_some_and(|token| token.token != Token::LParen) {
            rows(tokens, at + 1);
        }
        at += 1;
    }
}

fn is(token: Option<&TokenWithSpan>, wanted: &Token) -> bool {
    token.is_some_and(|token| token.token == *wanted)
}

fn is_word(token: Option<&TokenWithSpan>, text: &str) -> bool {
    matches!(token.map(|token| &token.token), Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

fn set(tokens: &mut [TokenWithSpan], at: usize, token: Token) {
    if let Some(place) = tokens.get_mut(at) {
        place.token = token;
    }
}

/// Reads a type from `at` on, with angle brackets where sqlparser wants them; gives the place behind it.
fn kind(tokens: &mut [TokenWithSpan], at: usize) -> usize {
    let (array, row) = (is_word(tokens.get(at), "ARRAY"), is_word(tokens.get(at), "ROW"));
    if !is(tokens.get(at + 1), &Token::LParen) {
        // `double precision`, `timestamp with time zone`: words up to a comma or the end.
        let mut end = at + 1;
        while matches!(tokens.get(end).map(|token| &token.token), Some(Token::Word(_))) {
            end += 1;
        }
        return end;
    }
    let mut next = at + 2;
    if array {
        next = kind(tokens, next);
        set(tokens, at + 1, Token::Lt);
        set(tokens, next, Token::Gt);
        return next + 1;
    }
    if row {
        set(tokens, at, Token::make_word("STRUCT", None));
        set(tokens, at + 1, Token::Lt);
    }
    let nested = row || is_word(tokens.get(at), "MAP");
    while next < tokens.len() && !is(tokens.get(next), &Token::RParen) {
        if nested && matches!(tokens[next].token, Token::Word(_)) {
            // A field has a name when a type follows it.
            let named = row && matches!(tokens.get(next + 1).map(|token| &token.token), Some(Token::Word(_)));
            next = kind(tokens, if named { next + 1 } else { next });
        } else {
            next += 1;
        }
    }
    if row {
        set(tokens, next, Token::Gt);
    }
    next + 1
}

/// Puts parentheses around each of the values from `at` on.
fn rows(tokens: &mut Vec<TokenWithSpan>, at: usize) {
    let (mut depth, mut end) = (0_usize, at);
    let mut commas = Vec::new();
    while let Some(token) = tokens.get(end) {
        match &token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket if depth == 0 => break,
            Token::RParen | Token::RBracket => depth -= 1,
            Token::Comma if depth == 0 => commas.push(end),
            Token::Word(word)
                if depth == 0
                    && ["ORDER", "LIMIT", "OFFSET", "FETCH", "UNION", "EXCEPT", "INTERSECT"]
                        .iter()
                        .any(|keyword| word.value.eq_ignore_ascii_case(keyword)) =>
            {
                break;
            }
            _ => {}
        }
        end += 1;
    }
    let span = |tokens: &[TokenWithSpan], at: usize| tokens.get(at.min(tokens.len().saturating_sub(1))).map(|token| token.span);
    let mut insert = |place: usize, token: Token| {
        if let Some(span) = span(tokens, place) {
            tokens.insert(place, TokenWithSpan { token, span });
        }
    };
    insert(end, Token::RParen);
    for comma in commas.into_iter().rev() {
        insert(comma + 1, Token::LParen);
        insert(comma, Token::RParen);
    }
    insert(at, Token::LParen);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use crate::syntax::{Dialect, Statement, parse};

    fn read(sql: &str) -> String {
        match parse(Dialect::Athena, sql, &[]) {
            Ok(Statement::Sql(statement)) => statement.to_string(),
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[test]
    fn types_in_parentheses() {
        assert_eq!(read("SELECT CAST(a AS ARRAY(integer))"), "SELECT CAST(a AS ARRAY<INTEGER>)");
        assert_eq!(
            read("SELECT CAST(a AS ROW(x integer, y varchar(5), z ARRAY(double)))"),
            "SELECT CAST(a AS STRUCT<x INTEGER, y VARCHAR(5), z ARRAY<DOUBLE>>)"
        );
        assert_eq!(read("SELECT CAST(a AS MAP(varchar, ARRAY(bigint)))"), "SELECT CAST(a AS Map(VARCHAR, ARRAY<BIGINT>))");
    }

    #[test]
    fn values_without_parentheses() {
        assert_eq!(read("SELECT a FROM (VALUES 1, 2) t (a)"), "SELECT a FROM (VALUES (1), (2)) t (a)");
        assert_eq!(read("VALUES abs(-1), 2 ORDER BY 1"), "VALUES (abs(-1)), (2) ORDER BY 1");
    }
}

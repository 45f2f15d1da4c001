//! Takes secrets out of SQL before it is written down: by the tokens of the parser, never by patterns on the text.

use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

/// What stands in the place of a secret.
const HIDDEN: &str = "'***'";

/// Words that are followed by a secret, in upper case. `CREDENTIALS` and others may have `AS`, `=` or `BY` between.
const SECRET_WORDS: [&str; 10] = [
    "PASSWORD",
    "CREDENTIALS",
    "ACCESS_KEY_ID",
    "SECRET_ACCESS_KEY",
    "SESSION_TOKEN",
    "MASTER_SYMMETRIC_KEY",
    "IDENTIFIED",
    "SECRET",
    "TOKEN",
    "API_KEY",
];

/// The text with `'***'` in the place of passwords, credentials and whatever looks like a key. Text that cannot be read to its end loses
/// everything from its first quote on.
pub fn scrub(sql: &str) -> String {
    let dialect = GenericDialect {};
    let Ok(tokens) = Tokenizer::new(&dialect, sql).with_unescape(false).tokenize_with_location() else {
        let cut = sql.find(['\'', '"', '$']).unwrap_or(sql.len());
        return if cut < sql.len() { format!("{}{HIDDEN}", &sql[..cut]) } else { sql.to_owned() };
    };
    let starts = line_starts(sql);
    let mut out = String::with_capacity(sql.len());
    let mut copied = 0;
    for (index, token) in tokens.iter().enumerate() {
        let Some(text) = string(&token.token) else { continue };
        if !(after_secret_word(&tokens[..index]) || looks_like_a_key(text)) {
            continue;
        }
        let (start, end) = (byte(sql, &starts, token.span.start), byte(sql, &starts, token.span.end));
        if start < copied || end < start {
            continue;
        }
        out.push_str(&sql[copied..start]);
        out.push_str(HIDDEN);
        copied = end;
    }
    out.push_str(&sql[copied..]);
    out
}

/// A message about a statement that had a secret, up to what it quotes of the statement.
pub fn without_quotes(message: &str) -> String {
    match message.find(['\'', '"']) {
        Some(at) => format!("{}{HIDDEN}", &message[..at]),
        None => message.to_owned(),
    }
}

fn string(token: &Token) -> Option<&str> {
    match token {
        Token::SingleQuotedString(text)
        | Token::DoubleQuotedString(text)
        | Token::EscapedStringLiteral(text)
        | Token::NationalStringLiteral(text)
        | Token::HexStringLiteral(text) => Some(text),
        Token::DollarQuotedString(text) => Some(&text.value),
        _ => None,
    }
}

/// Whether the words before a text say that it is a secret.
fn after_secret_word(before: &[TokenWithSpan]) -> bool {
    let near = before.iter().rev().filter(|token| !matches!(token.token, Token::Whitespace(_))).take(3);
    for token in near {
        match &token.token {
            Token::Eq | Token::Colon => {}
            Token::Word(word) => {
                let word_text = word.value.to_uppercase();
                if SECRET_WORDS.contains(&word_text.as_str()) {
                    return true;
                }
                if !matches!(word_text.as_str(), "AS" | "BY" | "ENCRYPTED" | "SHA256" | "MD5") {
                    return false;
                }
            }
            _ => return false,
        }
    }
    false
}

/// Access keys of AWS, JSON web tokens, and texts of mixed case and digits that are too long and too even for words.
fn looks_like_a_key(text: &str) -> bool {
    let has = |sign: &str| text.contains(sign);
    if has("aws_access_key_id") || has("aws_secret_access_key") || has("master_symmetric_key") || has("-----BEGIN ") {
        return true;
    }
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '/' | '+' | '=' | '_' | '-' | '.'))).any(|word| {
        let key_id = word.len() == 20 && (word.starts_with("AKIA") || word.starts_with("ASIA"));
        let token = word.starts_with("eyJ") && word.matches('.').count() == 2;
        let upper = word.bytes().filter(u8::is_ascii_uppercase).count();
        let lower = word.bytes().filter(u8::is_ascii_lowercase).count();
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let path = word.matches('/').count() > 2 || word.starts_with("s3") || word.contains('.');
        let random = word.len() >= 40 && upper > 4 && lower > 4 && digits > 2 && !path;
        key_id || token || random
    })
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// The byte of a place: lines and characters from 1.
fn byte(text: &str, starts: &[usize], place: Location) -> usize {
    let line = usize::try_from(place.line.saturating_sub(1)).unwrap_or(usize::MAX);
    let Some(start) = starts.get(line).copied() else { return text.len() };
    let column = usize::try_from(place.column.saturating_sub(1)).unwrap_or(usize::MAX);
    text[start..].char_indices().nth(column).map_or(text.len(), |(at, _)| start + at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn passwords_and_credentials_are_hidden() {
        for (sql, kept) in [
            ("create user bob password 'Geheim1!' createdb", "create user bob password '***' createdb"),
            ("alter user bob\n  PASSWORD 'x'", "alter user bob\n  PASSWORD '***'"),
            ("copy é from 's3://b/k' credentials as 'aws_iam_role=arn' csv", "copy é from 's3://b/k' credentials as '***' csv"),
            (
                "copy t from 's3://b/k' access_key_id 'a' secret_access_key 'b' session_token 'c'",
                "copy t from 's3://b/k' access_key_id '***' secret_access_key '***' session_token '***'",
            ),
            ("select 'AKIAIOSFODNN7EXAMPLE'", "select '***'"),
            ("select 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12'", "select '***'"),
        ] {
            assert_eq!(scrub(sql), kept);
        }
    }

    #[test]
    fn what_is_no_secret_stays_to_the_letter() {
        for sql in [
            "select 'it''s', \"Password\", $1 -- password 'x'\n from t where a = 'admin.'",
            "copy t from 's3://bucket/a/very/long/prefix/Of2024/Some-Data/part-0001.parquet' iam_role 'arn:aws:iam::1:role/r'",
            "select password from users",
        ] {
            assert_eq!(scrub(sql), sql);
        }
    }

    #[test]
    fn text_without_an_end_is_cut() {
        assert_eq!(scrub("create user bob password 'Geheim"), "create user bob password '***'");
    }
}

//! A statement's tokens, and the few moves that the small parsers are made of.

use sqlparser::ast;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::{Name, errors, normal, trino};
use crate::syntax::dialects::syntax;
use crate::syntax::{Dialect, SqlError};

/// How deep expressions and queries may nest. sqlparser grows its stack as needed, the planner too.
const MAX_DEPTH: usize = 200;

/// The tokens of one statement without white space and comments, and a place among them.
pub(super) struct Cursor<'a> {
    dialect: Dialect,
    sql: &'a str,
    tokens: Vec<TokenWithSpan>,
    index: usize,
}

impl<'a> Cursor<'a> {
    /// Reads the tokens. Quoted identifiers are folded to lower case, as both services do. A closing semicolon is dropped.
    pub fn new(dialect: Dialect, sql: &'a str) -> Result<Self, SqlError> {
        let mut tokens = Tokenizer::new(syntax(dialect), sql)
            .tokenize_with_location()
            .map_err(|error| errors::from_parser(dialect, sql, &ParserError::TokenizerError(error.to_string())))?;
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
        while matches!(tokens.last().map(|token| &token.token), Some(Token::SemiColon | Token::EOF)) {
            tokens.pop();
        }
        for token in &mut tokens {
            if let Token::Word(word) = &mut token.token
                && word.quote_style.is_some()
            {
                word.value = word.value.to_lowercase();
            }
        }
        normal::prepare(dialect, &mut tokens);
        match dialect {
            Dialect::Redshift => approximate(&mut tokens),
            Dialect::Athena => trino::prepare(&mut tokens),
        }
        Ok(Cursor { dialect, sql, tokens, index: 0 })
    }

    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where the cursor stands, for [`Self::rewind`] and [`Self::remove_from`].
    pub fn position(&self) -> usize {
        self.index
    }

    /// Back to a position.
    pub fn rewind(&mut self, position: usize) {
        self.index = position;
    }

    /// One token on.
    pub fn advance(&mut self) {
        self.index += 1;
    }

    /// One token back.
    pub fn back(&mut self) {
        self.index = self.index.saturating_sub(1);
    }

    /// Whether all tokens are read.
    pub fn at_end(&self) -> bool {
        self.index >= self.tokens.len()
    }

    /// Removes the tokens from `position` to here.
    pub fn remove_from(&mut self, position: usize) {
        self.tokens.drain(position..self.index);
        self.index = position;
    }

    /// Forgets the tokens before `position`, and stands at the start of the rest.
    pub fn remove_prefix(&mut self, position: usize) {
        self.tokens.drain(..position);
        self.index = 0;
    }

    /// The tokens, to change them in place.
    pub fn tokens_mut(&mut self) -> &mut Vec<TokenWithSpan> {
        &mut self.tokens
    }

    /// The token here.
    pub fn peek(&self) -> Option<&TokenWithSpan> {
        self.tokens.get(self.index)
    }

    /// The token `ahead` of here.
    pub fn peek_at(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.index + ahead).map(|token| &token.token)
    }

    /// The unquoted word here in upper case.
    pub fn peek_word(&self) -> Option<String> {
        self.peek_word_at(0)
    }

    /// The unquoted word `ahead` of here in upper case.
    pub fn peek_word_at(&self, ahead: usize) -> Option<String> {
        match self.peek_at(ahead)? {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
            _ => None,
        }
    }

    /// The identifier here, folded.
    pub fn peek_identifier(&self) -> Option<String> {
        match &self.peek()?.token {
            Token::Word(word) => Some(word.value.to_lowercase()),
            _ => None,
        }
    }

    /// Whether this symbol stands here.
    pub fn peek_symbol(&self, symbol: char) -> bool {
        self.peek().is_some_and(|token| is_symbol(&token.token, symbol))
    }

    /// Where the token here starts; the end of the text has no location.
    pub fn location(&self) -> Location {
        self.peek().map_or_else(Location::empty, |token| token.span.start)
    }

    /// Reads `word` when it stands here.
    pub fn accept_word(&mut self, word: &str) -> bool {
        self.accept_words(&[word])
    }

    /// Reads `words` when all of them stand here in order.
    pub fn accept_words(&mut self, words: &[&str]) -> bool {
        let all = words.iter().enumerate().all(|(ahead, word)| self.peek_word_at(ahead).as_deref() == Some(*word));
        if all {
            self.index += words.len();
        }
        all
    }

    /// Reads `symbol` when it stands here.
    pub fn accept_symbol(&mut self, symbol: char) -> bool {
        let here = self.peek_symbol(symbol);
        if here {
            self.index += 1;
        }
        here
    }

    /// Reads `word` or fails.
    pub fn expect_word(&mut self, word: &str) -> Result<(), SqlError> {
        if self.accept_word(word) { Ok(()) } else { Err(self.unexpected(&[word])) }
    }

    /// Reads `symbol` or fails.
    pub fn expect_symbol(&mut self, symbol: char) -> Result<(), SqlError> {
        if self.accept_symbol(symbol) { Ok(()) } else { Err(self.unexpected(&[&symbol.to_string()])) }
    }

    /// Fails unless all is read.
    pub fn expect_end(&self) -> Result<(), SqlError> {
        if self.at_end() { Ok(()) } else { Err(self.unexpected(&["EOF"])) }
    }

    /// Reads an unquoted word, in upper case.
    pub fn word(&mut self, what: &str) -> Result<String, SqlError> {
        let word = self.peek_word().ok_or_else(|| self.unexpected(&[what]))?;
        self.index += 1;
        Ok(word)
    }

    /// Reads an identifier: folded name and place.
    pub fn identifier(&mut self, what: &str) -> Result<(String, Span), SqlError> {
        let name = self.peek_identifier().ok_or_else(|| self.unexpected(&[what]))?;
        let span = self.peek().map_or_else(Span::empty, |token| token.span);
        self.index += 1;
        Ok((name, span))
    }

    /// Reads a name of one to three parts.
    pub fn name(&mut self, what: &str) -> Result<Name, SqlError> {
        let (first, mut span) = self.identifier(what)?;
        let mut parts = vec![first];
        while parts.len() < 3 && self.accept_symbol('.') {
            let (part, more) = self.identifier(what)?;
            parts.push(part);
            span = span.union(&more);
        }
        Ok(Name { parts, span })
    }

    /// Reads a string literal. In Hive DDL, double quotes make strings too and backslashes escape.
    pub fn string(&mut self, what: &str) -> Result<String, SqlError> {
        let text = match self.peek().map(|token| &token.token) {
            Some(Token::SingleQuotedString(text)) if self.dialect == Dialect::Athena => unescape_hive(text),
            Some(Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) | Token::DoubleQuotedString(text)) => text.clone(),
            Some(Token::DollarQuotedString(text)) => text.value.clone(),
            Some(Token::Word(word)) if self.dialect == Dialect::Athena && word.quote_style == Some('"') => {
                let raw = self.slice(self.index, self.index + 1);
                unescape_hive(raw.trim_matches('"'))
            }
            _ => return Err(self.unexpected(&[what])),
        };
        self.index += 1;
        Ok(text)
    }

    /// Reads a string literal, or an unquoted word such as `default`.
    pub fn string_or_word(&mut self, what: &str) -> Result<String, SqlError> {
        if let Some(Token::Word(word)) = self.peek().map(|token| &token.token)
            && word.quote_style.is_none()
        {
            let text = word.value.to_lowercase();
            self.index += 1;
            return Ok(text);
        }
        self.string(what)
    }

    /// Reads a whole number with an optional sign.
    pub fn integer(&mut self, what: &str) -> Result<i64, SqlError> {
        let negative = self.accept_symbol('-');
        let value = match self.peek().map(|token| &token.token) {
            Some(Token::Number(digits, _)) => digits.parse::<i64>().ok(),
            _ => None,
        };
        let value = value.ok_or_else(|| self.unexpected(&[what]))?;
        self.index += 1;
        Ok(if negative { -value } else { value })
    }

    /// The text from one position to another.
    pub fn slice(&self, from: usize, to: usize) -> &'a str {
        let start = self.tokens.get(from).map_or(self.sql.len(), |token| self.byte_offset(token.span.start));
        let end = to.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(start, |token| self.byte_offset(token.span.end));
        self.sql.get(start..end.max(start)).unwrap_or("")
    }

    fn byte_offset(&self, location: Location) -> usize {
        let characters = errors::character_offset(self.sql, location).saturating_sub(1);
        self.sql.char_indices().nth(characters).map_or(self.sql.len(), |(offset, _)| offset)
    }

    /// Lets sqlparser read from here, and stands behind what it read.
    pub fn with_parser<T>(&mut self, read: impl FnOnce(&mut Parser) -> Result<T, ParserError>) -> Result<T, SqlError> {
        let rest: Vec<TokenWithSpan> = self.tokens[self.index.min(self.tokens.len())..].to_vec();
        let total = rest.len();
        let mut parser = Parser::new(syntax(self.dialect)).with_recursion_limit(MAX_DEPTH).with_tokens_with_locations(rest);
        let value = read(&mut parser).map_err(|error| errors::from_parser(self.dialect, self.sql, &error))?;
        // The parser does not tell where it stands, but what is left can be counted.
        let mut left = 0;
        while parser.next_token_no_skip().is_some() {
            left += 1;
        }
        self.index += total - left;
        Ok(value)
    }

    /// Lets sqlparser read a statement to the end.
    pub fn sql_statement(&mut self) -> Result<ast::Statement, SqlError> {
        let statement = self.with_parser(|parser| parser.parse_statement())?;
        self.expect_end()?;
        Ok(statement)
    }

    /// The error that something else was expected here.
    pub fn unexpected(&self, expected: &[&str]) -> SqlError {
        let found = self.peek().map(|_| self.slice(self.index, self.index + 1));
        errors::syntax_error(self.dialect, self.sql, self.location(), found, expected)
    }

    /// The error that `what` is outside what the engine does, at the statement's start.
    pub fn unsupported(&self, what: &str) -> SqlError {
        let start = self.tokens.first().map_or_else(Location::empty, |token| token.span.start);
        // Redshift gives no position for what it refuses by name.
        let start = if self.dialect == Dialect::Redshift { Location::empty() } else { start };
        errors::unsupported(self.dialect, self.sql, start, what)
    }

    /// An error of another kind at a token.
    pub fn error_at(&self, span: Span, kind: crate::syntax::SqlErrorKind, message: &str) -> SqlError {
        errors::at(self.dialect, self.sql, span.start, kind, message)
    }
}

/// Redshift's `APPROXIMATE COUNT(DISTINCT x)` and `APPROXIMATE PERCENTILE_DISC(p)`, which sqlparser does not know, as calls of functions that
/// DataFusion has.
fn approximate(tokens: &mut Vec<TokenWithSpan>) {
    let is = |token: Option<&TokenWithSpan>, text: &str| matches!(token.map(|token| &token.token), Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text));
    let mut at = 0;
    while at < tokens.len() {
        if is(tokens.get(at), "APPROXIMATE") {
            if is(tokens.get(at + 1), "COUNT") && is(tokens.get(at + 3), "DISTINCT") {
                tokens[at + 1].token = Token::make_word("approx_distinct", None);
                tokens.remove(at + 3);
                tokens.remove(at);
            } else if is(tokens.get(at + 1), "PERCENTILE_DISC") {
                tokens[at + 1].token = Token::make_word("approx_percentile_cont", None);
                tokens.remove(at);
            }
        }
        at += 1;
    }
}

/// Whether a token is this one-character symbol.
fn is_symbol(token: &Token, symbol: char) -> bool {
    matches!(
        (token, symbol),
        (Token::LParen, '(')
            | (Token::RParen, ')')
            | (Token::Comma, ',')
            | (Token::Period, '.')
            | (Token::Eq, '=')
            | (Token::Minus, '-')
            | (Token::Colon, ':')
            | (Token::Lt, '<')
            | (Token::Gt, '>')
    )
}

/// Hive's escapes in string literals: `\t`, `\n`, `\\`, `\'`, octal `\001` and `\u0001`.
fn unescape_hive(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let octal = rest.get(..3).filter(|digits| digits.bytes().all(|b| (b'0'..b'8').contains(&b)));
        let unicode = rest.strip_prefix('u').and_then(|hex| hex.get(..4));
        if let Some(c) = octal.and_then(|digits| u32::from_str_radix(digits, 8).ok()).and_then(char::from_u32) {
            out.push(c);
            rest = &rest[3..];
        } else if let Some(c) = unicode.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) {
            out.push(c);
            rest = &rest[5..];
        } else if let Some(c) = rest.chars().next() {
            out.push(match c {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                '0' => '\0',
                other => other,
            });
            rest = &rest[c.len_utf8()..];
        } else {
            out.push('\\');
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hive_escapes() {
        assert_eq!(unescape_hive(r"\t|\\|\001|\u0002|\'"), "\t|\\|\u{1}|\u{2}|'");
    }
}

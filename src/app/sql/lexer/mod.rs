//! Cuts SQL text into tokens for colouring, for completion, and for finding the statement under the cursor. Tolerant: text that is being
//! typed is seldom complete. Understanding SQL is the parser's business.
//!
//! The text is cut line by line. What a line begins in (a comment, a text literal) is the [`State`] that the line before it ended in, so
//! that after a change only the lines are cut again whose state has changed.

pub mod words;

use std::sync::Arc;

use super::completion::functions;
use crate::syntax::Dialect;

/// What a piece of SQL text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A word that is part of the language.
    Keyword,
    /// The name of a type.
    Type,
    /// The name of a function of the engine that is called.
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

impl Token {
    /// Whether it is neither space nor comment.
    pub fn counts(&self) -> bool {
        !matches!(self.kind, TokenKind::Space | TokenKind::Comment)
    }
}

/// What the text is in at the start of a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum State {
    /// In nothing.
    #[default]
    Code,
    /// In a block comment, so deep.
    Comment(u32),
    /// In something that began with this quote.
    Quote(u8),
    /// In a text literal that ends with this (`$$`, `$tag$`).
    Dollar(Arc<str>),
}

/// Cuts a line (without its end) into tokens that cover all of it, and gives the state in which it ends.
pub fn line(dialect: Dialect, state: &State, text: &str, mut each: impl FnMut(Token)) -> State {
    let bytes = text.as_bytes();
    let redshift = dialect == Dialect::Redshift;
    let mut at = 0;
    let mut state = state.clone();
    loop {
        let start = at;
        let kind = match &state {
            State::Code => break,
            State::Comment(depth) => {
                let (end, left) = comment(bytes, at, *depth, redshift);
                at = end;
                state = if left == 0 { State::Code } else { State::Comment(left) };
                TokenKind::Comment
            }
            State::Quote(quote) => {
                let kind = if *quote == b'\'' { TokenKind::Text } else { TokenKind::Quoted };
                let (end, closed) = quoted(bytes, at, *quote, redshift && *quote == b'\'');
                at = end;
                state = if closed { State::Code } else { State::Quote(*quote) };
                kind
            }
            State::Dollar(tag) => {
                match text[at..].find(&**tag) {
                    Some(index) => {
                        at += index + tag.len();
                        state = State::Code;
                    }
                    None => at = bytes.len(),
                }
                TokenKind::Text
            }
        };
        if at > start {
            each(Token { kind, start, end: at });
        }
        if at == bytes.len() {
            return state;
        }
    }
    while at < bytes.len() {
        let start = at;
        let rest = &text[at..];
        let next = bytes.get(at + 1).copied();
        // Every branch consumes at least one character: `rest` is not empty.
        let kind = match bytes[at] {
            b'-' if next == Some(b'-') => {
                at = bytes.len();
                TokenKind::Comment
            }
            b'/' if next == Some(b'*') => {
                let (end, depth) = comment(bytes, at + 2, 1, redshift);
                at = end;
                if depth > 0 {
                    state = State::Comment(depth);
                }
                TokenKind::Comment
            }
            quote @ (b'\'' | b'"' | b'`') if quote != b'`' || !redshift => {
                let (end, closed) = quoted(bytes, at + 1, quote, redshift && quote == b'\'');
                at = end;
                if !closed {
                    state = State::Quote(quote);
                }
                if quote == b'\'' { TokenKind::Text } else { TokenKind::Quoted }
            }
            b'$' if redshift && let Some(tag) = dollar_tag(rest) => {
                match rest[tag.len()..].find(tag) {
                    Some(index) => at += index + 2 * tag.len(),
                    None => {
                        at = bytes.len();
                        state = State::Dollar(tag.into());
                    }
                }
                TokenKind::Text
            }
            b';' => {
                at += 1;
                TokenKind::Semicolon
            }
            b':' if next == Some(b':') => {
                at += 2;
                TokenKind::Symbol
            }
            b':' if next.is_some_and(|next| next.is_ascii_alphabetic() || next == b'_') => {
                at += 1 + word(&rest[1..]);
                TokenKind::Parameter
            }
            b'0'..=b'9' => {
                at += number(rest.as_bytes());
                TokenKind::Number
            }
            byte if byte.is_ascii_whitespace() => {
                at += rest.bytes().take_while(u8::is_ascii_whitespace).count();
                TokenKind::Space
            }
            _ => {
                let length = word(rest);
                if length == 0 {
                    at += rest.chars().next().map_or(1, char::len_utf8);
                    TokenKind::Symbol
                } else {
                    at += length;
                    kind_of_word(dialect, &rest[..length], start > 0 && bytes[start - 1] == b'.', &rest[length..])
                }
            }
        };
        each(Token { kind, start, end: at });
    }
    state
}

/// Cuts text into tokens that cover all of it. What goes over several lines is several tokens, and line ends are space.
pub fn tokens(dialect: Dialect, text: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 4);
    let mut state = State::Code;
    let mut base = 0;
    for part in text.split('\n') {
        if base > 0 {
            tokens.push(Token { kind: TokenKind::Space, start: base - 1, end: base });
        }
        state = line(dialect, &state, part, |token| {
            tokens.push(Token { kind: token.kind, start: base + token.start, end: base + token.end });
        });
        base += part.len() + 1;
    }
    tokens
}

/// The token that an error at a byte is about: the one there, or the last one before it when the error is at the end. Its first line.
pub fn token_at(dialect: Dialect, text: &str, at: usize) -> Option<(usize, usize)> {
    let tokens = tokens(dialect, text);
    let token = tokens
        .iter()
        .find(|token| token.start <= at && at < token.end && token.kind != TokenKind::Space)
        .or_else(|| tokens.iter().rev().find(|token| token.end <= at && token.counts()))?;
    Some((token.start, token.end))
}

fn kind_of_word(dialect: Dialect, text: &str, qualified: bool, rest: &str) -> TokenKind {
    let called = rest.trim_start_matches(' ').starts_with('(');
    if qualified {
        // `t.date` is a column and `dm.f(…)` somebody's own function.
        TokenKind::Word
    } else if called && functions::is_known(dialect, text) {
        TokenKind::Function
    } else if words::is_keyword(dialect, text) {
        TokenKind::Keyword
    } else if words::is_type(dialect, text) {
        TokenKind::Type
    } else {
        TokenKind::Word
    }
}

/// Bytes of the word that a text begins with.
pub fn word(text: &str) -> usize {
    text.char_indices().find(|(_, c)| !is_word(*c)).map_or(text.len(), |(index, _)| index)
}

/// Whether a character can be part of a name.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn number(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        let exponent = at > 0 && matches!(bytes[at - 1], b'e' | b'E') && bytes[..at - 1].iter().all(|b| b.is_ascii_digit() || *b == b'.');
        if bytes[at].is_ascii_alphanumeric() || bytes[at] == b'.' || bytes[at] == b'_' || (exponent && matches!(bytes[at], b'+' | b'-')) {
            at += 1;
        } else {
            break;
        }
    }
    at
}

/// The end of what began with a quote before `at`, and whether it ends in this line.
fn quoted(bytes: &[u8], mut at: usize, quote: u8, backslashes: bool) -> (usize, bool) {
    while at < bytes.len() {
        let escaped = backslashes && bytes[at] == b'\\';
        let doubled = bytes[at] == quote && bytes.get(at + 1) == Some(&quote);
        if escaped || doubled {
            at += 2;
        } else if bytes[at] == quote {
            return (at + 1, true);
        } else {
            at += 1;
        }
    }
    // A backslash before a character of several bytes steps into it: nothing but the end of the line is cut there.
    (bytes.len(), false)
}

/// The end of a comment that is `depth` deep at `at`, and how deep it is at the end of the line.
fn comment(bytes: &[u8], mut at: usize, mut depth: u32, nested: bool) -> (usize, u32) {
    while at < bytes.len() {
        if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return (at, 0);
            }
        } else if nested && bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    (bytes.len(), depth)
}

fn dollar_tag(text: &str) -> Option<&str> {
    let end = 1 + text[1..].find('$')?;
    let tag = &text[1..end];
    (tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !tag.starts_with(|c: char| c.is_ascii_digit())).then_some(&text[..=end])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn kinds(dialect: Dialect, text: &str) -> Vec<TokenKind> {
        tokens(dialect, text).into_iter().map(|token| token.kind).filter(|kind| *kind != TokenKind::Space).collect()
    }

    #[test]
    fn tokens_cover_the_text_whatever_it_is() {
        for dialect in [Dialect::Redshift, Dialect::Athena] {
            for text in [
                "",
                "select 'a",
                "/* x",
                "$$ a",
                "$x$ y\n $x$;",
                "é ü 'ß'\u{301}",
                "a::int :b 'it''s' \"q\"\"q\" -- end",
                "\u{1f600};",
                "'\\\u{1f600}\n\\",
                "1e+5 1.5.6e-7 0x1f\n\n`a\nb`",
                "/* a /* b */\nc */ d",
            ] {
                let mut at = 0;
                for token in tokens(dialect, text) {
                    assert_eq!(token.start, at);
                    assert!(token.end > token.start);
                    assert!(text.is_char_boundary(token.end), "{text}");
                    at = token.end;
                }
                assert_eq!(at, text.len());
            }
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        use TokenKind::{Comment, Function, Keyword, Number, Parameter, Symbol, Text, Type, Word};
        assert_eq!(
            kinds(Dialect::Redshift, "SELECT avg(age), 'x;' FROM t -- ; no"),
            [Keyword, Function, Symbol, Word, Symbol, Symbol, Text, Keyword, Word, Comment]
        );
        assert_eq!(kinds(Dialect::Redshift, "a::int = :b and 1.5e3"), [Word, Symbol, Type, Symbol, Parameter, Keyword, Number]);
        assert_eq!(kinds(Dialect::Redshift, "t.date mine(1)"), [Word, Symbol, Word, Word, Symbol, Number, Symbol]);
    }

    #[test]
    fn each_engine_has_its_own_functions_and_quotes() {
        use TokenKind::{Function, Keyword, Quoted, Symbol, Text, Word};
        assert_eq!(kinds(Dialect::Redshift, "getdate()")[0], Function);
        assert_eq!(kinds(Dialect::Athena, "getdate()")[0], Word);
        assert_eq!(kinds(Dialect::Athena, "approx_percentile(")[0], Function);
        assert_eq!(kinds(Dialect::Athena, "`a b`"), [Quoted]);
        assert_eq!(kinds(Dialect::Redshift, "$a$ ; $$ $a$ select"), [Text, Keyword]);
        assert_eq!(kinds(Dialect::Athena, "$a$")[0], Symbol);
        assert_eq!(kinds(Dialect::Redshift, "'a\\'b' select"), [Text, Keyword]);
    }

    #[test]
    fn a_line_begins_in_what_the_line_before_ended_in() {
        let end = |state: &State, text: &str| line(Dialect::Redshift, state, text, |_| {});
        let comment = end(&State::Code, "select /* a /* b");
        assert_eq!(comment, State::Comment(2));
        assert_eq!(end(&comment, "x */ y"), State::Comment(1));
        assert_eq!(end(&State::Comment(1), "*/ 'x"), State::Quote(b'\''));
        assert_eq!(end(&State::Quote(b'\''), "it''s' $q$"), State::Dollar("$q$".into()));
        assert_eq!(line(Dialect::Athena, &State::Code, "/* /* ", |_| {}), State::Comment(1));
    }
}

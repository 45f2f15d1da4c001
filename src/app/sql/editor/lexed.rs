//! What is known of every line: in what it begins, its tokens, and where statements end in it. After a change only those lines are read again
//! whose text or whose beginning has changed; a frame reads none.

use super::super::lexer::{self, State, Token, TokenKind};
use super::text::{Place, Text};
use crate::syntax::Dialect;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Line {
    start: State,
    tokens: Vec<Token>,
    /// Bytes of the semicolons that end a statement.
    ends: Vec<u32>,
    /// Whether there is something that is neither space nor comment.
    content: bool,
}

/// The lines of a text, as far as the lexer is concerned.
#[derive(Debug, Clone)]
pub struct Lexed {
    dialect: Dialect,
    lines: Vec<Line>,
    /// Lines read since the beginning; tests look at it.
    pub read: usize,
}

/// A statement: its first character that counts, and the place behind its last. The semicolon is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Where it begins.
    pub start: Place,
    /// The place behind it.
    pub end: Place,
}

impl Lexed {
    /// Reads a text.
    pub fn new(dialect: Dialect, text: &Text) -> Lexed {
        let mut lexed = Lexed { dialect, lines: vec![Line::default(); text.len()], read: 0 };
        lexed.read_from(text, 0, text.len());
        lexed
    }

    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Lines `first..=first + removed` have become `first..=first + added`.
    pub fn changed(&mut self, text: &Text, first: usize, removed: usize, added: usize) {
        self.lines.splice(first + 1..=first + removed, std::iter::repeat_n(Line::default(), added));
        self.read_from(text, first, first + added + 1);
    }

    /// Reads lines from `first` on, at least up to `until`, and beyond it as long as lines begin in something else than before.
    fn read_from(&mut self, text: &Text, first: usize, until: usize) {
        let mut index = first;
        while index < self.lines.len() {
            let mut line = Line { start: std::mem::take(&mut self.lines[index].start), ..Line::default() };
            let end = lexer::line(self.dialect, &line.start, text.line(index), |token| {
                if token.kind == TokenKind::Semicolon {
                    line.ends.push(u32::try_from(token.start).unwrap_or(u32::MAX));
                } else if token.counts() {
                    line.content = true;
                }
                line.tokens.push(token);
            });
            self.read += 1;
            self.lines[index] = line;
            index += 1;
            let Some(next) = self.lines.get_mut(index) else { break };
            if index >= until && next.start == end {
                break;
            }
            next.start = end;
        }
    }

    /// The tokens of a line.
    pub fn tokens(&self, line: usize) -> &[Token] {
        self.lines.get(line).map_or(&[], |line| &line.tokens)
    }

    /// Whether a place is in a comment or in a text literal.
    pub fn in_text(&self, text: &Text, place: Place) -> bool {
        let Some(known) = self.lines.get(place.line) else { return false };
        let head = text.line(place.line).get(..place.byte).unwrap_or_default();
        let mut last = None;
        let end = lexer::line(self.dialect, &known.start, head, |token| last = Some(token.kind));
        !matches!(end, State::Code) || (last == Some(TokenKind::Comment) && !head.ends_with("*/"))
    }

    /// Every statement, in order.
    pub fn statements(&self, text: &Text) -> Vec<Extent> {
        let mut found = Vec::new();
        let mut from = Place::default();
        for (index, line) in self.lines.iter().enumerate() {
            for end in &line.ends {
                let end = Place::new(index, *end as usize);
                found.extend(self.trimmed(from, end));
                from = Place::new(index, end.byte + 1);
            }
        }
        found.extend(self.trimmed(from, text.end()));
        found
    }

    /// The statement that a place is in; the one before it on the same line when it is between two; else the next; else the last.
    pub fn statement_at(&self, text: &Text, at: Place) -> Option<Extent> {
        let (from, to) = self.piece(text, at);
        let here = self.trimmed(from, to);
        if let Some(here) = here
            && here.start <= at
        {
            return Some(here);
        }
        // The gap after a statement up to the end of its line belongs to it; the start of the next line means the next one.
        let before = (from > Place::default()).then(|| self.piece(text, Place::new(from.line, from.byte - 1)));
        let before = before.and_then(|(from, to)| self.trimmed(from, to));
        if let Some(before) = before
            && before.end.line == at.line
        {
            return Some(before);
        }
        if here.is_some() {
            return here;
        }
        let mut end = to;
        while end < text.end() {
            let next = Place::new(end.line, end.byte + 1);
            end = self.end_from(text, next);
            if let Some(found) = self.trimmed(next, end) {
                return Some(found);
            }
        }
        let mut first = from;
        while first > Place::default() {
            let piece = self.piece(text, Place::new(first.line, first.byte - 1));
            if let Some(before) = self.trimmed(piece.0, piece.1) {
                return Some(before);
            }
            first = piece.0;
        }
        None
    }

    /// What is between two semicolons around a place. A place before a semicolon belongs to what it ends.
    pub fn piece(&self, text: &Text, at: Place) -> (Place, Place) {
        let mut from = Place::default();
        for index in (0..=at.line.min(self.lines.len() - 1)).rev() {
            let end = self.lines[index].ends.iter().rev().find(|end| index < at.line || (**end as usize) < at.byte);
            if let Some(end) = end {
                from = Place::new(index, *end as usize + 1);
                break;
            }
        }
        (from, self.end_from(text, at))
    }

    /// The next semicolon at a place or behind, or the end.
    fn end_from(&self, text: &Text, at: Place) -> Place {
        for (index, line) in self.lines.iter().enumerate().skip(at.line) {
            if let Some(end) = line.ends.iter().find(|end| index > at.line || (**end as usize) >= at.byte) {
                return Place::new(index, *end as usize);
            }
        }
        text.end()
    }

    /// Without space and comments around it.
    fn trimmed(&self, from: Place, to: Place) -> Option<Extent> {
        let inside = |index: usize, token: &Token| {
            token.counts()
                && token.kind != TokenKind::Semicolon
                && (index > from.line || token.start >= from.byte)
                && (index < to.line || token.end <= to.byte)
        };
        let mut lines = from.line..=to.line;
        let start = lines.find_map(|index| {
            if !self.lines.get(index)?.content {
                return None;
            }
            self.tokens(index).iter().find(|token| inside(index, token)).map(|token| Place::new(index, token.start))
        })?;
        let end = (start.line..=to.line).rev().find_map(|index| {
            if !self.lines.get(index)?.content {
                return None;
            }
            self.tokens(index).iter().rev().find(|token| inside(index, token)).map(|token| Place::new(index, token.end))
        })?;
        Some(Extent { start, end })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn read(whole: &str) -> (Text, Lexed) {
        let mut text = Text::default();
        text.splice(Place::default(), Place::default(), whole);
        let lexed = Lexed::new(Dialect::Redshift, &text);
        (text, lexed)
    }

    fn all(whole: &str) -> Vec<String> {
        let (text, lexed) = read(whole);
        lexed.statements(&text).into_iter().map(|extent| text.slice(extent.start, extent.end)).collect()
    }

    #[test]
    fn statements_end_at_semicolons_that_are_not_in_a_literal_or_comment() {
        assert_eq!(all("select ';' ; -- a;b\n/* ; */ select 2;\n;"), ["select ';'", "select 2"]);
        assert_eq!(all("select 'a\n;b';select $$;\n;$$ -- x\n"), ["select 'a\n;b'", "select $$;\n;$$"]);
        assert!(all(" -- nothing\n/* ; */").is_empty());
    }

    #[test]
    fn the_statement_under_the_cursor() {
        let (text, lexed) = read("select 1;\nselect 2;\n\n");
        let at = |offset| lexed.statement_at(&text, text.place(offset)).map(|extent| text.slice(extent.start, extent.end));
        assert_eq!(at(0).unwrap(), "select 1");
        assert_eq!(at(9).unwrap(), "select 1");
        assert_eq!(at(10).unwrap(), "select 2");
        assert_eq!(at(text.whole().len()).unwrap(), "select 2");
        let (text, lexed) = read("-- first\n\n;; select 3 -- x\n");
        assert_eq!(lexed.statement_at(&text, Place::default()).map(|e| text.slice(e.start, e.end)).unwrap(), "select 3");
        let (text, lexed) = read("  -- nothing");
        assert_eq!(lexed.statement_at(&text, Place::new(0, 3)), None);
    }

    #[test]
    fn only_what_has_changed_is_read_again() {
        let whole = "select a, b\nfrom t;\n".repeat(2500);
        let (mut text, mut lexed) = read(&whole);
        let before = lexed.read;
        text.splice(Place::new(2500, 3), Place::new(2500, 3), "x");
        lexed.changed(&text, 2500, 0, 0);
        assert_eq!(lexed.read - before, 1);
        text.splice(Place::new(4990, 0), Place::new(4990, 0), "/* ");
        lexed.changed(&text, 4990, 0, 0);
        assert_eq!(lexed.read - before, 1 + text.len() - 4990, "a comment that is opened reaches to the end");
        let anew = Lexed::new(Dialect::Redshift, &text);
        assert_eq!(lexed.lines, anew.lines);
    }
}

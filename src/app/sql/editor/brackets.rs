//! Brackets that belong together.

use super::super::lexer::TokenKind;
use super::Editor;
use super::text::Place;

const PAIRS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('{', '}')];

/// Lines that are looked through for the other bracket.
const REACH: usize = 2000;

impl Editor {
    /// The bracket at a place, or right before it, and the one that belongs to it.
    pub fn bracket_pair(&self, at: Place) -> Option<(Place, Place)> {
        let before = (at.byte > 0).then(|| self.text.before(at));
        [Some(at), before].into_iter().flatten().find_map(|place| self.other_bracket(place).map(|other| (place, other)))
    }

    /// The bracket that belongs to the one at a place. Brackets in text and comments do not count.
    pub(super) fn other_bracket(&self, at: Place) -> Option<Place> {
        let bracket = self.text.at(at)?;
        let (open, close) = *PAIRS.iter().find(|(open, close)| bracket == *open || bracket == *close)?;
        let forward = bracket == open;
        let brackets = |line: usize| -> Vec<(usize, char)> {
            let text = self.text.line(line);
            if !text.contains(open) && !text.contains(close) {
                return Vec::new();
            }
            let symbols = self.tokens(line).iter().filter(|token| token.kind == TokenKind::Symbol);
            symbols
                .filter_map(|token| text[token.start..token.end].chars().next().map(|c| (token.start, c)))
                .filter(|(_, c)| *c == open || *c == close)
                .collect()
        };
        let mut depth = 0_usize;
        let mut step = |line: usize, byte: usize, c: char| {
            if (c == open) == forward {
                depth += 1;
            } else {
                depth = depth.saturating_sub(1);
            }
            (depth == 0).then_some(Place::new(line, byte))
        };
        if !brackets(at.line).iter().any(|(byte, _)| *byte == at.byte) {
            return None;
        }
        if forward {
            (at.line..self.text.len().min(at.line + REACH)).find_map(|line| {
                brackets(line).into_iter().filter(|(byte, _)| line > at.line || *byte >= at.byte).find_map(|(byte, c)| step(line, byte, c))
            })
        } else {
            (at.line.saturating_sub(REACH)..=at.line).rev().find_map(|line| {
                brackets(line)
                    .into_iter()
                    .rev()
                    .filter(|(byte, _)| line < at.line || *byte <= at.byte)
                    .find_map(|(byte, c)| step(line, byte, c))
            })
        }
    }

    /// The innermost pair of brackets around a place: the opening and the closing one.
    pub(super) fn around_brackets(&self, at: Place, open: char) -> Option<(Place, Place)> {
        if let Some(other) = self.other_bracket(at)
            && self.text.at(at).is_some_and(|c| PAIRS.iter().any(|(o, c2)| *o == open && (c == *o || c == *c2)))
        {
            return Some((at.min(other), at.max(other)));
        }
        let mut place = at;
        let first = at.line.saturating_sub(REACH);
        loop {
            let before = self.text.before(place);
            if before == place || before.line < first {
                return None;
            }
            place = before;
            if self.text.at(place) == Some(open)
                && let Some(other) = self.other_bracket(place)
                && other >= at
            {
                return Some((place, other));
            }
        }
    }
}

//! Where motions lead to.

use super::super::Editor;
use super::super::movement::{Class, class};
use super::super::text::Place;
use super::{FindKind, Operator};

/// What a motion takes when an operator is applied to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// Up to the place, without it.
    Exclusive,
    /// With the character at the place.
    Inclusive,
    /// Whole lines.
    Lines,
}

impl Editor {
    /// The motion of a character; `None` for what is no motion, or leads nowhere.
    pub(super) fn motion(&mut self, c: char, given: Option<usize>, operator: Option<Operator>) -> Option<(Place, Span)> {
        let times = given.unwrap_or(1);
        let at = self.cursor;
        let last = self.text.len() - 1;
        Some(match c {
            'h' => (
                Place::new(at.line, self.steps(times, |editor, place| if place.byte > 0 { editor.text.before(place) } else { place }).byte),
                Span::Exclusive,
            ),
            'l' | ' ' => {
                let end = self.text.line(at.line).len();
                (self.steps(times, |editor, place| if place.byte < end { editor.text.after(place) } else { place }), Span::Exclusive)
            }
            'j' | '+' | '\n' => (Place::new((at.line + times).min(last), at.byte), Span::Lines),
            'k' | '-' => (Place::new(at.line.saturating_sub(times), at.byte), Span::Lines),
            'w' | 'W' => return self.word_motion(times, c == 'W', operator),
            'b' | 'B' => (self.steps(times, |editor, place| editor.word_start_before(place, c == 'B')), Span::Exclusive),
            'e' | 'E' => (self.steps(times, |editor, place| editor.word_last(place, c == 'E')), Span::Inclusive),
            '0' => (Place::new(at.line, 0), Span::Exclusive),
            '^' => (self.first_in_line(at.line), Span::Exclusive),
            '_' => (self.first_in_line((at.line + times - 1).min(last)), Span::Lines),
            '$' => {
                let end = self.text.line_end((at.line + times - 1).min(last));
                (if end.byte > 0 { self.text.before(end) } else { end }, Span::Inclusive)
            }
            '|' => (self.text.at_column(at.line, times - 1), Span::Exclusive),
            'G' => (self.line_place(given.map_or(last, |line| line.saturating_sub(1))), Span::Lines),
            '{' => (self.steps(times, |editor, place| editor.paragraph(place.line, false)), Span::Exclusive),
            '}' => (self.steps(times, |editor, place| editor.paragraph(place.line, true)), Span::Exclusive),
            '%' => {
                let line = self.text.line(at.line);
                let bracket =
                    line[at.byte.min(line.len())..].char_indices().find(|(_, c)| "()[]{}".contains(*c)).map(|(index, _)| index)?;
                (self.other_bracket(Place::new(at.line, at.byte + bracket))?, Span::Inclusive)
            }
            'n' | 'N' => {
                let upwards = self.vim.as_ref().is_some_and(|vim| vim.upwards);
                let forward = upwards != (c == 'n');
                let start = self.cursor;
                let mut place = None;
                for _ in 0..times.min(100) {
                    place = self.vim_match(forward);
                    self.cursor = place.unwrap_or(start);
                }
                self.cursor = start;
                (place?, Span::Exclusive)
            }
            '*' | '#' => {
                let (from, to) = self.word_around(at);
                let word = self.text.slice(from, to);
                if word.trim().is_empty() {
                    return None;
                }
                let whole = word.chars().all(super::super::super::lexer::is_word);
                let escaped = regex::escape(&word);
                self.search_for(&if whole { format!(r"\b{escaped}\b") } else { escaped }, true, true);
                if let Some(vim) = &mut self.vim {
                    vim.upwards = c == '#';
                }
                self.cursor = from;
                let place = self.vim_match(c == '*');
                self.cursor = at;
                (place?, Span::Exclusive)
            }
            ';' | ',' => {
                let (kind, c2) = self.vim.as_ref().and_then(|vim| vim.found)?;
                let kind = if c == ';' { kind } else { FindKind { forward: !kind.forward, ..kind } };
                return self.find_in_line(kind, c2, times);
            }
            _ => return None,
        })
    }

    /// The motion behind `g`.
    pub(super) fn g_motion(&mut self, c: char, given: Option<usize>) -> Option<(Place, Span)> {
        match c {
            'g' => Some((self.line_place(given.unwrap_or(1).saturating_sub(1)), Span::Lines)),
            'e' => Some((self.steps(given.unwrap_or(1), |editor, place| editor.word_last_before(place)), Span::Inclusive)),
            '_' => {
                let line = self.text.line(self.cursor.line);
                let place = Place::new(self.cursor.line, line.trim_end().len());
                Some((if place.byte > 0 { self.text.before(place) } else { place }, Span::Inclusive))
            }
            _ => None,
        }
    }

    /// `f F t T`: a character in the line.
    pub(super) fn find_in_line(&self, kind: FindKind, c: char, times: usize) -> Option<(Place, Span)> {
        let line = self.text.line(self.cursor.line);
        let at = self.cursor.byte;
        let found = if kind.forward {
            // Right behind the cursor a `t` would find the same character for ever.
            let from = self.text.after(self.cursor).byte.max(at);
            let from = if self.text.after(self.cursor).line > self.cursor.line { line.len() } else { from };
            let skip =
                usize::from(kind.till && line.get(from..).is_some_and(|rest| rest.starts_with(c)) && times == 1 && self.repeats_find());
            line.get(from..)?.char_indices().filter(|(_, found)| *found == c).nth(times - 1 + skip).map(|(index, _)| from + index)
        } else {
            line.get(..at)?.char_indices().rev().filter(|(_, found)| *found == c).nth(times - 1).map(|(index, _)| index)
        }?;
        let place = self.text.floor(Place::new(self.cursor.line, found));
        Some(match (kind.forward, kind.till) {
            (true, false) => (place, Span::Inclusive),
            (true, true) => (self.text.before(place), Span::Inclusive),
            (false, false) => (place, Span::Exclusive),
            (false, true) => (self.text.after(place), Span::Exclusive),
        })
    }

    fn repeats_find(&self) -> bool {
        self.vim.as_ref().is_some_and(|vim| vim.pending.half.is_none())
    }

    fn steps(&self, times: usize, step: impl Fn(&Editor, Place) -> Place) -> Place {
        let mut place = self.cursor;
        for _ in 0..times {
            let next = step(self, place);
            if next == place {
                break;
            }
            place = next;
        }
        place
    }

    fn word_motion(&self, times: usize, big: bool, operator: Option<Operator>) -> Option<(Place, Span)> {
        let at = self.cursor;
        if operator == Some(Operator::Change) && self.text.at(at).is_some_and(|c| class(c, big) != Class::Space) {
            // `cw` leaves the space behind the word.
            let mut end = self.steps(times - 1, |editor, place| editor.word_start_after(place, big));
            let start = self.text.at(end).map(|c| class(c, big));
            while self.text.at(end).map(|c| class(c, big)) == start && start.is_some() {
                end = self.text.after(end);
            }
            return Some((end, Span::Exclusive));
        }
        let mut to = self.steps(times, |editor, place| editor.word_start_after(place, big));
        if operator.is_some() && to.line > at.line && to <= self.first_in_line(to.line) {
            // The last word of a line is taken without the end of the line.
            to = self.text.line_end(to.line - 1);
        }
        Some((to, Span::Exclusive))
    }

    /// The last character of the next word.
    fn word_last(&self, at: Place, big: bool) -> Place {
        let next = self.text.after(at);
        if next == at {
            return at;
        }
        let end = self.word_end_after(next, big);
        if end == next { at } else { self.text.before(end) }
    }

    /// The last character of the word before.
    fn word_last_before(&self, at: Place) -> Place {
        let mut place = at;
        let here = self.text.at(place).map(|c| class(c, false));
        while place > Place::default() && here != Some(Class::Space) && self.text.at(place).map(|c| class(c, false)) == here {
            place = self.text.before(place);
        }
        while place > Place::default() && self.text.at(place).is_none_or(|c| class(c, false) == Class::Space) {
            place = self.text.before(place);
        }
        place
    }
}

//! Text objects: a word, what is between brackets or quotes, a paragraph.

use super::super::Editor;
use super::super::movement::class;
use super::super::text::Place;
use super::motion::Span;

impl Editor {
    /// The object of a character at the cursor: the places before and behind it.
    pub(super) fn object(&self, c: char, around: bool, times: usize) -> Option<(Place, Place, Span)> {
        let at = self.cursor;
        match c {
            'w' | 'W' => self.word_object(c == 'W', around, times),
            '(' | ')' | 'b' => self.bracket_object('(', around),
            '[' | ']' => self.bracket_object('[', around),
            '{' | '}' | 'B' => self.bracket_object('{', around),
            '"' | '\'' | '`' => {
                let line = self.text.line(at.line);
                let quotes: Vec<usize> = line.match_indices(c).map(|(index, _)| index).collect();
                let pair = quotes.chunks_exact(2).find(|pair| at.byte <= pair[1])?;
                let (open, close) = (pair[0], pair[1]);
                let (from, to) = if around { (open, close + 1) } else { (open + 1, close) };
                Some((self.text.ceil(Place::new(at.line, from)), self.text.floor(Place::new(at.line, to)), Span::Exclusive))
            }
            'p' => {
                let blank = |line: usize| self.text.line(line).trim().is_empty();
                let kind = blank(at.line);
                let mut first = at.line;
                while first > 0 && blank(first - 1) == kind {
                    first -= 1;
                }
                let mut last = at.line;
                while last + 1 < self.text.len() && blank(last + 1) == kind {
                    last += 1;
                }
                if around {
                    while last + 1 < self.text.len() && blank(last + 1) != kind {
                        last += 1;
                        if kind && last + 1 < self.text.len() && blank(last + 1) {
                            break;
                        }
                    }
                }
                Some((Place::new(first, 0), self.text.line_end(last), Span::Lines))
            }
            _ => None,
        }
    }

    fn word_object(&self, big: bool, around: bool, times: usize) -> Option<(Place, Place, Span)> {
        let at = self.cursor;
        let line = self.text.line(at.line);
        if line.is_empty() {
            return None;
        }
        let kind = |place: Place| if place.byte < line.len() { self.text.at(place).map(|c| class(c, big)) } else { None };
        let at = if at.byte >= line.len() { self.text.before(at) } else { at };
        let mut from = at;
        while from.byte > 0 && kind(self.text.before(from)) == kind(at) {
            from = self.text.before(from);
        }
        let mut to = at;
        let run = |mut place: Place| {
            let here = kind(place);
            while here.is_some() && kind(place) == here {
                place = self.text.after(place);
            }
            place
        };
        for _ in 0..times {
            to = run(to);
        }
        if around {
            let space = |place: Place| self.text.at(place).is_some_and(char::is_whitespace) && place.byte < line.len();
            if space(to) || space(at) {
                to = run(to);
            } else {
                while from.byte > 0 && space(self.text.before(from)) {
                    from = self.text.before(from);
                }
            }
        }
        Some((from, to, Span::Exclusive))
    }

    fn bracket_object(&self, open: char, around: bool) -> Option<(Place, Place, Span)> {
        let (from, to) = self.around_brackets(self.cursor, open)?;
        Some(if around { (from, self.text.after(to), Span::Exclusive) } else { (self.text.after(from), to, Span::Exclusive) })
    }
}

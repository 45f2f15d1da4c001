//! Where a move leads to. Moves are questions to the text; only [`Editor::go_to`] and [`Editor::vertical`] change anything.

use super::super::lexer::is_word;
use super::Editor;
use super::text::Place;

/// What kind of characters a word is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Space,
    Word,
    Other,
}

/// The class of a character; `big` words are everything between spaces.
pub(super) fn class(c: char, big: bool) -> Class {
    if c.is_whitespace() {
        Class::Space
    } else if big || is_word(c) {
        Class::Word
    } else {
        Class::Other
    }
}

impl Editor {
    fn class_at(&self, place: Place, big: bool) -> Option<Class> {
        self.text.at(place).map(|c| class(c, big))
    }

    fn class_before(&self, place: Place, big: bool) -> Option<Class> {
        let before = self.text.before(place);
        if before == place { None } else { self.class_at(before, big) }
    }

    /// The start of the next word.
    pub(super) fn word_start_after(&self, mut at: Place, big: bool) -> Place {
        let text = &self.text;
        let start = self.class_at(at, big);
        if start.is_some_and(|class| class != Class::Space) {
            while self.class_at(at, big) == start && self.text.at(at).is_some() {
                at = text.after(at);
            }
        }
        while self.class_at(at, big) == Some(Class::Space) {
            let next = text.after(at);
            // An empty line is a word to vim and a good place to stop for everybody.
            if next.line > at.line && text.line(next.line).is_empty() && next != text.end() {
                return next;
            }
            at = next;
        }
        at
    }

    /// The place behind the word that a step to the right leads over.
    pub(super) fn word_end_after(&self, mut at: Place, big: bool) -> Place {
        while self.class_at(at, big) == Some(Class::Space) {
            at = self.text.after(at);
        }
        let start = self.class_at(at, big);
        while start.is_some() && self.class_at(at, big) == start {
            at = self.text.after(at);
        }
        at
    }

    /// The start of the word that a step to the left leads over.
    pub(super) fn word_start_before(&self, mut at: Place, big: bool) -> Place {
        while self.class_before(at, big) == Some(Class::Space) {
            let before = self.text.before(at);
            if before.line < at.line && before.byte == 0 && before.line > 0 {
                // An empty line.
                return before;
            }
            at = before;
        }
        let start = self.class_before(at, big);
        while start.is_some() && self.class_before(at, big) == start {
            at = self.text.before(at);
        }
        at
    }

    /// The word around a place, or the run of other characters.
    pub(super) fn word_around(&self, at: Place) -> (Place, Place) {
        let line = self.text.line(at.line);
        let at = if at.byte >= line.len() && at.byte > 0 { self.text.before(at) } else { at };
        let class_here = self.class_at(at, false);
        let same = |editor: &Editor, place: Place| place.byte < line.len() && editor.class_at(place, false) == class_here;
        let mut from = at;
        while from.byte > 0 && same(self, self.text.before(from)) {
            from = self.text.before(from);
        }
        let mut to = at;
        while same(self, to) {
            to = self.text.after(to);
        }
        (from, to)
    }

    /// The first character of a line that is not space.
    pub(super) fn first_in_line(&self, line: usize) -> Place {
        let text = self.text.line(line);
        Place::new(line, text.len() - text.trim_start_matches([' ', '\t']).len())
    }

    /// Home: the first character of the line, or its start when the cursor is there already.
    pub(super) fn smart_home(&self) -> Place {
        let first = self.first_in_line(self.cursor.line);
        if self.cursor == first { Place::new(self.cursor.line, 0) } else { first }
    }

    /// The next empty line, or the end; upwards the one before, or the start.
    pub(super) fn paragraph(&self, from: usize, forward: bool) -> Place {
        let blank = |line: usize| self.text.line(line).trim().is_empty();
        let mut line = from;
        if forward {
            while line < self.text.len() && blank(line) {
                line += 1;
            }
            while line < self.text.len() && !blank(line) {
                line += 1;
            }
            if line >= self.text.len() { self.text.end() } else { Place::new(line, 0) }
        } else {
            while line > 0 && blank(line) {
                line -= 1;
            }
            while line > 0 && !blank(line) {
                line -= 1;
            }
            Place::new(line, 0)
        }
    }

    /// Moves up or down by lines; the column is kept over shorter lines.
    pub fn vertical(&mut self, lines: isize, select: bool) {
        let goal = self.goal.unwrap_or_else(|| self.text.column(self.cursor));
        let last = self.text.len() - 1;
        let line = self.cursor.line.saturating_add_signed(lines);
        let place = if line > last && self.cursor.line == last && self.vim.is_none() {
            self.text.end()
        } else if lines < 0 && self.cursor.line == 0 && self.vim.is_none() {
            Place::default()
        } else {
            self.text.at_column(line.min(last), goal)
        };
        self.go_to(place, select);
        self.goal = Some(goal);
    }
}

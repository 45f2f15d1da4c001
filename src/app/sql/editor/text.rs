//! The text: lines, and places in them. Every place that leaves this room is on a boundary between grapheme clusters, what people call
//! characters.

use unicode_segmentation::GraphemeCursor;

use crate::app::TAB;
use crate::app::text_width::{visible, width};

/// A place between two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Place {
    /// Line, from 0.
    pub line: usize,
    /// Byte in the line.
    pub byte: usize,
}

impl Place {
    /// A place.
    pub const fn new(line: usize, byte: usize) -> Place {
        Place { line, byte }
    }
}

/// Lines without their ends. There is always at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    lines: Vec<String>,
}

impl Default for Text {
    fn default() -> Self {
        Text { lines: vec![String::new()] }
    }
}

impl Text {
    /// The lines.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// A line; nothing beyond the last.
    pub fn line(&self, line: usize) -> &str {
        self.lines.get(line).map_or("", String::as_str)
    }

    /// How many lines.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.lines.len() == 1 && self.lines[0].is_empty()
    }

    /// Everything.
    pub fn whole(&self) -> String {
        self.lines.join("\n")
    }

    /// The place behind everything.
    pub fn end(&self) -> Place {
        let line = self.lines.len() - 1;
        Place::new(line, self.lines[line].len())
    }

    /// The place behind the last character of a line.
    pub fn line_end(&self, line: usize) -> Place {
        Place::new(line, self.line(line).len())
    }

    /// The nearest place at or before, inside of the text.
    pub fn floor(&self, place: Place) -> Place {
        if place.line >= self.lines.len() {
            return self.end();
        }
        let line = &self.lines[place.line];
        Place::new(place.line, floor(line, place.byte))
    }

    /// The nearest place at or behind, inside of the text.
    pub fn ceil(&self, place: Place) -> Place {
        let floor = self.floor(place);
        if floor.line == place.line && floor.byte < place.byte.min(self.line(place.line).len()) {
            Place::new(place.line, next(self.line(place.line), floor.byte))
        } else {
            floor
        }
    }

    /// One character on, over the end of the line.
    pub fn after(&self, place: Place) -> Place {
        let line = self.line(place.line);
        if place.byte < line.len() {
            Place::new(place.line, next(line, place.byte))
        } else if place.line + 1 < self.lines.len() {
            Place::new(place.line + 1, 0)
        } else {
            place
        }
    }

    /// One character back, over the start of the line.
    pub fn before(&self, place: Place) -> Place {
        if place.byte > 0 {
            Place::new(place.line, previous(self.line(place.line), place.byte))
        } else if place.line > 0 {
            self.line_end(place.line - 1)
        } else {
            place
        }
    }

    /// The character here: its first scalar value; a line end at the end of a line, nothing at the end of the text.
    pub fn at(&self, place: Place) -> Option<char> {
        match self.line(place.line).get(place.byte..).and_then(|rest| rest.chars().next()) {
            Some(c) => Some(c),
            None => (place.line + 1 < self.lines.len()).then_some('\n'),
        }
    }

    /// The text between two places.
    pub fn slice(&self, from: Place, to: Place) -> String {
        if from.line == to.line {
            return self.line(from.line).get(from.byte..to.byte).unwrap_or_default().to_owned();
        }
        let mut text = self.line(from.line)[from.byte..].to_owned();
        for line in &self.lines[from.line + 1..to.line] {
            text.push('\n');
            text.push_str(line);
        }
        text.push('\n');
        text.push_str(&self.line(to.line)[..to.byte]);
        text
    }

    /// Puts `text` in the place of what is between `from` and `to`; gives the place behind it.
    pub fn splice(&mut self, from: Place, to: Place, text: &str) -> Place {
        let tail = self.lines[to.line][to.byte..].to_owned();
        if from.line == to.line && !text.contains('\n') {
            self.lines[from.line].replace_range(from.byte..to.byte, text);
            return Place::new(from.line, from.byte + text.len());
        }
        let mut parts = text.split('\n');
        let first = &mut self.lines[from.line];
        first.truncate(from.byte);
        first.push_str(parts.next().unwrap_or_default());
        let mut added: Vec<String> = parts.map(str::to_owned).collect();
        let end = match added.last_mut() {
            Some(last) => {
                let byte = last.len();
                last.push_str(&tail);
                Place::new(from.line + added.len(), byte)
            }
            None => {
                let byte = self.lines[from.line].len();
                self.lines[from.line].push_str(&tail);
                Place::new(from.line, byte)
            }
        };
        self.lines.splice(from.line + 1..=to.line, added);
        end
    }

    /// The byte of the whole text at a place.
    pub fn offset(&self, place: Place) -> usize {
        self.lines.iter().take(place.line).map(|line| line.len() + 1).sum::<usize>() + place.byte
    }

    /// The place of a byte of the whole text.
    pub fn place(&self, offset: usize) -> Place {
        let mut rest = offset;
        for (index, line) in self.lines.iter().enumerate() {
            if rest <= line.len() {
                return self.floor(Place::new(index, rest));
            }
            rest -= line.len() + 1;
        }
        self.end()
    }

    /// The column of a place, tabs and wide characters counted as wide as they are drawn.
    pub fn column(&self, place: Place) -> usize {
        let line = self.line(place.line);
        columns(line.get(..place.byte).unwrap_or(line))
    }

    /// The place in a line that is nearest to a column from the left.
    pub fn at_column(&self, line: usize, column: usize) -> Place {
        let text = self.line(line);
        let mut at = 0;
        let mut byte = 0;
        while byte < text.len() {
            let end = next(text, byte);
            at += cell_width(&text[byte..end], at);
            if at > column {
                break;
            }
            byte = end;
        }
        Place::new(line, byte)
    }
}

/// Columns of a text that starts at the first one.
pub fn columns(text: &str) -> usize {
    let mut at = 0;
    let mut byte = 0;
    while byte < text.len() {
        let end = next(text, byte);
        at += cell_width(&text[byte..end], at);
        byte = end;
    }
    at
}

/// Columns of one character that starts in column `at`.
pub fn cell_width(cluster: &str, at: usize) -> usize {
    match cluster.as_bytes() {
        b"\t" => TAB - at % TAB,
        [b' '..=b'~'] => 1,
        // What has no width of its own stands somewhere all the same: a mark at the start of a line, a zero-width joiner.
        _ => width(&visible(cluster)).max(1),
    }
}

/// Whether a byte is between two characters for sure: plain ASCII on both sides.
fn plain(line: &str, byte: usize) -> bool {
    let bytes = line.as_bytes();
    byte == 0 || byte >= bytes.len() || (bytes[byte - 1].is_ascii() && bytes[byte].is_ascii())
}

/// The nearest boundary at or before a byte.
pub fn floor(line: &str, byte: usize) -> usize {
    let mut byte = byte.min(line.len());
    while !line.is_char_boundary(byte) {
        byte -= 1;
    }
    if plain(line, byte) {
        return byte;
    }
    // The whole line is given, so that more context is never asked for.
    match GraphemeCursor::new(byte, line.len(), true).is_boundary(line, 0) {
        Ok(true) => byte,
        _ => previous(line, byte),
    }
}

/// The boundary behind a byte.
pub fn next(line: &str, byte: usize) -> usize {
    if byte < line.len() && line.is_char_boundary(byte) && line.as_bytes()[byte].is_ascii() && plain(line, byte + 1) {
        return byte + 1;
    }
    GraphemeCursor::new(byte, line.len(), true).next_boundary(line, 0).ok().flatten().unwrap_or(line.len())
}

/// The boundary before a byte.
pub fn previous(line: &str, byte: usize) -> usize {
    if byte > 0 && line.is_char_boundary(byte) && line.as_bytes()[byte - 1].is_ascii() && plain(line, byte - 1) {
        return byte - 1;
    }
    GraphemeCursor::new(byte, line.len(), true).prev_boundary(line, 0).ok().flatten().unwrap_or(0)
}

/// Line ends of every kind become `\n`.
pub fn unified(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(whole: &str) -> Text {
        let mut text = Text::default();
        text.splice(Place::default(), Place::default(), whole);
        text
    }

    #[test]
    fn splicing_is_like_replacing_in_the_whole_text() {
        for (from, to, with) in [(0, 0, "x\ny"), (2, 7, ""), (4, 4, "\n\n"), (0, 11, "z"), (3, 8, "a\nb\nc"), (11, 11, "end\n")] {
            let mut t = text("one\ntwo\nsix");
            let mut whole = t.whole();
            let end = t.splice(t.place(from), t.place(to), with);
            whole.replace_range(from..to, with);
            assert_eq!(t.whole(), whole);
            assert_eq!(t.offset(end), from + with.len());
            assert_eq!(t.place(from + with.len()), end);
        }
    }

    #[test]
    fn characters_are_what_people_see() {
        let t = text("e\u{301}👩‍👩‍👧日\u{1f1e9}\u{1f1ea}x");
        let mut places = vec![Place::default()];
        while *places.last().unwrap_or(&t.end()) < t.end() {
            places.push(t.after(places[places.len() - 1]));
        }
        assert_eq!(places.len(), 6);
        for pair in places.windows(2) {
            assert_eq!(t.before(pair[1]), pair[0]);
            for byte in pair[0].byte + 1..pair[1].byte {
                assert_eq!(t.floor(Place::new(0, byte)), pair[0]);
                assert_eq!(t.ceil(Place::new(0, byte)), pair[1]);
            }
        }
    }

    #[test]
    fn columns_and_places_agree() {
        let t = text("a\tb日本x");
        assert_eq!(t.column(Place::new(0, 2)), 4);
        assert_eq!(t.column(t.end()), 10);
        assert_eq!(t.at_column(0, 4), Place::new(0, 2));
        assert_eq!(t.at_column(0, 6), Place::new(0, 3), "inside of a wide character");
        assert_eq!(t.at_column(0, 99), t.end());
    }
}

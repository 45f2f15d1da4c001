//! A text that is looked for in cells, in capitals or not.
//!
//! Letters of ASCII are the same in capitals wherever they stand. A text with other letters is looked for in lower case.

use std::fmt::{self, Write as _};

use memchr::memchr2_iter;

use super::encoding::RowRef;
use super::store::Loaded;
use crate::ops::query::CellRef;

/// A text that is looked for.
pub struct Needle {
    lower: String,
    /// Whether a number can have it.
    in_numbers: bool,
    /// Whether a truth value has it.
    in_truths: bool,
    /// The place of the letter that is looked for first: the one that is seldom in texts.
    rare: usize,
}

/// Letters as they are frequent in texts, the most frequent first. What is not among them is less frequent than all of these.
const FREQUENT: &[u8] = b"eaitonrslcdupmhgbfywvkxzjq0123456789 ";

impl Needle {
    /// A text to look for.
    pub fn new(text: &str) -> Needle {
        let lower = text.to_lowercase();
        let in_numbers = lower.chars().all(|c| c.is_ascii_digit() || "+-.einfa".contains(c));
        let in_truths = ["true", "false"].iter().any(|word| word.contains(lower.as_str()));
        let often = |byte: u8| FREQUENT.iter().position(|known| *known == byte).unwrap_or(usize::MAX);
        let rare = lower.bytes().enumerate().max_by_key(|(_, byte)| often(*byte)).map_or(0, |(at, _)| at);
        Needle { lower, in_numbers, in_truths, rare }
    }

    /// Whether a cell has it. NULL has nothing.
    pub fn is_in(&self, cell: CellRef<'_>) -> bool {
        match cell {
            CellRef::Null => false,
            CellRef::Text(text) => self.is_in_text(text),
            CellRef::Boolean(truth) => self.in_truths && self.is_in_text(if truth { "true" } else { "false" }),
            CellRef::Integer(number) => self.in_numbers && self.is_in_number(number),
            CellRef::Float(number) => self.in_numbers && self.is_in_number(number),
        }
    }

    fn is_in_number(&self, number: impl fmt::Display + Copy) -> bool {
        let mut short = Short { bytes: [0; 48], length: 0 };
        match write!(short, "{number}") {
            Ok(()) => self.is_in_bytes(&short.bytes[..short.length]),
            // A very large number, or a very small one.
            Err(fmt::Error) => self.is_in_text(&number.to_string()),
        }
    }

    /// Whether a text has it.
    pub fn is_in_text(&self, text: &str) -> bool {
        if self.lower.is_ascii() {
            return self.is_in_bytes(text.as_bytes());
        }
        !text.is_ascii() && text.to_lowercase().contains(&self.lower)
    }

    fn is_in_bytes(&self, text: &[u8]) -> bool {
        self.lower.is_empty() || self.places(text).next().is_some()
    }

    /// Where the bytes of the text are, in capitals or not. For a text of ASCII.
    fn places<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let needle = self.lower.as_bytes();
        let rare = needle.get(self.rare).copied().unwrap_or_default();
        memchr2_iter(rare, rare.to_ascii_uppercase(), bytes).filter_map(move |at| {
            let from = at.checked_sub(self.rare)?;
            bytes.get(from..from + needle.len())?.eq_ignore_ascii_case(needle).then_some(from)
        })
    }

    /// Calls `each` with the place in the block of every row that has it in one of the `wanted` columns.
    pub(super) fn rows(&self, block: &Loaded<'_>, wanted: &[bool], mut each: impl FnMut(usize)) {
        let has = |row: RowRef<'_>| row.cells().zip(wanted).any(|(cell, wanted)| *wanted && self.is_in(cell));
        if self.in_numbers || self.in_truths || !self.lower.is_ascii() {
            block.rows().enumerate().filter(|(_, row)| has(*row)).for_each(|(at, _)| each(at));
            return;
        }
        // Texts lie in the block as they are: where their bytes are not, no row has them. What lies around them may look like letters, so
        // that a row is read before it counts.
        let mut decided = 0;
        for place in self.places(block.bytes()) {
            let Some(row) = block.row_at(place, decided) else { continue };
            decided = row + 1;
            if block.row(row).is_some_and(has) {
                each(row);
            }
        }
    }
}

/// Digits of a number that is not very long.
struct Short {
    bytes: [u8; 48],
    length: usize,
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_do_not_count() {
        for (needle, text, found) in [
            ("ADM", "admin.", true),
            ("dm", "ADMIN", true),
            ("", "", true),
            ("x", "", false),
            ("ü", "MÜLLER", true),
            ("u", "MÜLLER", false),
            ("ller", "MÜLLER", true),
            ("größe", "GRÖSSE", false),
            ("a-b", "xA-By", true),
        ] {
            assert_eq!(Needle::new(needle).is_in_text(text), found, "{needle} {text}");
        }
    }

    #[test]
    fn numbers_are_looked_through_as_they_are_written() {
        let found = |needle: &str, cell: CellRef<'_>| Needle::new(needle).is_in(cell);
        assert!(found("-41", CellRef::Integer(-41_188)) && !found("41,", CellRef::Integer(41_188)));
        assert!(found("0.5", CellRef::Float(0.5)) && found("nan", CellRef::Float(f64::NAN)));
        assert!(found("000", CellRef::Float(1e300)), "longer than what is kept ready");
        assert!(found("RU", CellRef::Boolean(true)) && !found("tru", CellRef::Null));
    }
}

//! Rows as bytes. A row is its cells one after the other; a cell begins with a byte that says what follows:
//!
//! | byte | cell |
//! |---|---|
//! | `0` | NULL |
//! | `1` | a whole number, zigzag and seven bits a byte |
//! | `2` | a floating point number, eight bytes |
//! | `3`, `4` | false, true |
//! | `5` | text: its length, seven bits a byte, and its bytes |
//! | `0x40 + n` | text of `n` bytes, less than 64 |
//! | `0x80 + n` | the whole number `n`, less than 128 |
//!
//! A row can be read from anywhere without what is around it, which is what makes a sorted view of a million rows as quick to scroll as
//! the result itself.

use crate::ops::query::{Cell, CellRef};

const NULL: u8 = 0;
const INTEGER: u8 = 1;
const FLOAT: u8 = 2;
const FALSE: u8 = 3;
const TRUE: u8 = 4;
const TEXT: u8 = 5;
const SHORT_TEXT: u8 = 0x40;
const SMALL_INTEGER: u8 = 0x80;

/// Adds a cell to a row.
pub(super) fn push(cell: &Cell, out: &mut Vec<u8>) {
    match cell {
        Cell::Null => out.push(NULL),
        Cell::Integer(value) => match u8::try_from(*value) {
            Ok(small) if small < SMALL_INTEGER => out.push(SMALL_INTEGER | small),
            _ => {
                out.push(INTEGER);
                push_number(((value << 1) ^ (value >> 63)).cast_unsigned(), out);
            }
        },
        Cell::Float(value) => {
            out.push(FLOAT);
            out.extend(value.to_le_bytes());
        }
        Cell::Boolean(value) => out.push(if *value { TRUE } else { FALSE }),
        Cell::Text(text) => {
            match u8::try_from(text.len()) {
                Ok(short) if short < SHORT_TEXT => out.push(SHORT_TEXT | short),
                _ => {
                    out.push(TEXT);
                    push_number(text.len() as u64, out);
                }
            }
            out.extend(text.as_bytes());
        }
    }
}

fn push_number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The bytes of one row.
#[derive(Debug, Clone, Copy)]
pub struct RowRef<'a>(pub(super) &'a [u8]);

impl<'a> RowRef<'a> {
    /// The cells.
    pub fn cells(self) -> Cells<'a> {
        Cells(self.0)
    }

    /// One cell; NULL where the row is shorter.
    pub fn cell(self, column: usize) -> CellRef<'a> {
        let mut cells = Cells(self.0);
        for _ in 0..column {
            cells.skip_one();
        }
        cells.next().unwrap_or(CellRef::Null)
    }

    /// The bytes of one cell, its first byte included; nothing where the row is shorter. Equal cells have equal bytes.
    pub fn raw(self, column: usize) -> &'a [u8] {
        let mut cells = Cells(self.0);
        for _ in 0..column {
            cells.skip_one();
        }
        let from = cells.0;
        cells.skip_one();
        &from[..from.len() - cells.0.len()]
    }

    /// A copy that lives by itself.
    pub fn to_row(self) -> Vec<Cell> {
        self.cells().map(CellRef::to_cell).collect()
    }
}

/// The cells of a row.
pub struct Cells<'a>(&'a [u8]);

impl<'a> Cells<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> u64 {
        let mut value = 0;
        let mut shift = 0;
        while let Some(byte) = self.byte() {
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 63 {
                break;
            }
        }
        value
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        head
    }

    fn text(&mut self, length: usize) -> CellRef<'a> {
        // What was text when it was written is text.
        CellRef::Text(std::str::from_utf8(self.take(length)).unwrap_or_default())
    }

    fn skip_one(&mut self) {
        let Some(tag) = self.byte() else { return };
        match tag {
            INTEGER => drop(self.number()),
            FLOAT => drop(self.take(8)),
            TEXT => {
                let length = self.number() as usize;
                self.take(length);
            }
            SHORT_TEXT..SMALL_INTEGER => drop(self.take(usize::from(tag & 0x3f))),
            _ => {}
        }
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = CellRef<'a>;

    fn next(&mut self) -> Option<CellRef<'a>> {
        let tag = self.byte()?;
        Some(match tag {
            INTEGER => {
                let value = self.number();
                CellRef::Integer((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
            }
            FLOAT => CellRef::Float(self.take(8).try_into().map_or(f64::NAN, f64::from_le_bytes)),
            FALSE => CellRef::Boolean(false),
            TRUE => CellRef::Boolean(true),
            TEXT => {
                let length = self.number() as usize;
                self.text(length)
            }
            SHORT_TEXT..SMALL_INTEGER => self.text(usize::from(tag & 0x3f)),
            SMALL_INTEGER.. => CellRef::Integer(i64::from(tag & 0x7f)),
            _ => CellRef::Null,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    fn any_cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::Null),
            any::<i64>().prop_map(Cell::Integer),
            (-200_i64..300).prop_map(Cell::Integer),
            any::<f64>().prop_filter("NaN is not equal to itself", |value| !value.is_nan()).prop_map(Cell::Float),
            any::<bool>().prop_map(Cell::Boolean),
            ".{0,200}".prop_map(Cell::Text),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(row in proptest::collection::vec(any_cell(), 0..30)) {
            let mut bytes = Vec::new();
            for cell in &row {
                push(cell, &mut bytes);
            }
            prop_assert_eq!(RowRef(&bytes).to_row(), row.clone());
            for (at, cell) in row.iter().enumerate() {
                prop_assert_eq!(RowRef(&bytes).cell(at), CellRef::from(cell));
                let mut alone = Vec::new();
                push(cell, &mut alone);
                prop_assert_eq!(RowRef(&bytes).raw(at), &alone);
            }
            prop_assert_eq!(RowRef(&bytes).cell(row.len()), CellRef::Null);
        }

        #[test]
        fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            RowRef(&bytes).to_row();
            RowRef(&bytes).cell(7);
            RowRef(&bytes).raw(7);
        }
    }
}

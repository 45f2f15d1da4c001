//! How the columns of a result stand in the grid: which, in which order, how wide, and which stay when the others scroll.

use super::shown::cell_text;
use crate::app::text_width::{visible, width};
use crate::ops::query::{Cell, QueryColumn};

/// Characters of a column at first, unless it is the only one.
const WIDEST: usize = 40;
/// Characters of a column at most.
const MOST: usize = 400;
/// Characters between two columns.
pub const GAP: usize = 2;

/// The columns of a grid. A place is a position among those that are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The shown columns, in their order.
    order: Vec<usize>,
    /// Characters of every column, shown or not.
    widths: Vec<usize>,
    /// How many of the first places stay when the others scroll.
    frozen: usize,
    /// The place under the cursor.
    cursor: usize,
    /// The first place after the frozen ones that is on the screen.
    first: usize,
    /// Whether thousands are separated.
    pub separators: bool,
}

impl Columns {
    /// Columns as wide as what is in `rows`.
    pub fn new(columns: &[QueryColumn], rows: &[Vec<Cell>]) -> Columns {
        let order = (0..columns.len()).collect();
        let mut made = Columns { order, widths: Vec::new(), frozen: 0, cursor: 0, first: 0, separators: true };
        let most = if columns.len() == 1 { MOST } else { WIDEST };
        made.widths = (0..columns.len()).map(|index| made.fitting(index, columns, rows).min(most)).collect();
        made
    }

    fn fitting(&self, index: usize, columns: &[QueryColumn], rows: &[Vec<Cell>]) -> usize {
        let column = columns.get(index);
        let header = column.map_or(1, |column| width(&visible(&column.name)).max(width(&column.type_name)));
        let cells = rows.iter().filter_map(|row| row.get(index));
        let widest = cells.map(|cell| cell_text(cell, column, self.separators).map_or(4, |text| width(&visible(&text)).max(2))).max();
        header.max(widest.unwrap_or(0)).clamp(1, MOST)
    }

    /// The shown columns, in their order.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The column at a place.
    pub fn at(&self, place: usize) -> Option<usize> {
        self.order.get(place).copied()
    }

    /// The column under the cursor.
    pub fn current(&self) -> Option<usize> {
        self.at(self.cursor)
    }

    /// The place under the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Characters of a column.
    pub fn width(&self, column: usize) -> usize {
        self.widths.get(column).copied().unwrap_or(1)
    }

    /// How many of the first places stay when the others scroll.
    pub fn frozen(&self) -> usize {
        self.frozen
    }

    /// How many columns are not shown.
    pub fn hidden(&self) -> usize {
        self.widths.len() - self.order.len()
    }

    /// The first place after the frozen ones that is on the screen, `room` characters wide, so that the cursor is there, too.
    pub fn first(&self, room: usize) -> usize {
        let mut first = self.first.clamp(self.frozen, self.order.len().max(self.frozen));
        if self.cursor < self.frozen {
            return first;
        }
        first = first.min(self.cursor);
        let kept = self.span(0..self.frozen);
        while first < self.cursor && kept + self.span(first..self.cursor + 1) > room + GAP {
            first += 1;
        }
        first
    }

    /// Puts the cursor on a place, `room` characters being on the screen.
    pub fn go_to(&mut self, place: usize, room: usize) {
        self.cursor = place.min(self.order.len().saturating_sub(1));
        self.first = self.first(room);
    }

    /// Moves the cursor by some places.
    pub fn step(&mut self, delta: isize, room: usize) {
        self.go_to(self.cursor.saturating_add_signed(delta), room);
    }

    /// Characters of some places, with the gap after each.
    fn span(&self, places: std::ops::Range<usize>) -> usize {
        places.filter_map(|place| self.at(place)).map(|column| self.width(column) + GAP).sum()
    }

    /// Makes the column under the cursor wider or narrower.
    pub fn resize(&mut self, delta: isize) {
        if let Some(column) = self.current() {
            self.widths[column] = self.widths[column].saturating_add_signed(delta).clamp(1, MOST);
        }
    }

    /// Gives the column at a place a width in characters.
    pub fn set_width(&mut self, place: usize, width: usize) {
        if let Some(column) = self.at(place) {
            self.widths[column] = width.clamp(1, MOST);
        }
    }

    /// Makes a column, or all, as wide as what is in `rows`.
    pub fn fit(&mut self, all: bool, columns: &[QueryColumn], rows: &[Vec<Cell>]) {
        let which: Vec<usize> = if all { self.order.clone() } else { self.current().into_iter().collect() };
        for column in which {
            self.widths[column] = self.fitting(column, columns, rows);
        }
    }

    /// Hides the column under the cursor, unless it is the last one.
    pub fn hide(&mut self) -> bool {
        if self.order.len() < 2 {
            return false;
        }
        self.order.remove(self.cursor);
        self.frozen -= usize::from(self.cursor < self.frozen);
        self.cursor = self.cursor.min(self.order.len() - 1);
        self.first = self.first.min(self.cursor.max(self.frozen));
        true
    }

    /// Shows every column again, those that were hidden beside their neighbours of the result.
    pub fn unhide(&mut self) {
        for column in 0..self.widths.len() {
            if !self.order.contains(&column) {
                let place = self.order.iter().position(|other| *other + 1 == column).map_or(0, |place| place + 1);
                self.order.insert(place, column);
                self.cursor += usize::from(place <= self.cursor);
                self.frozen += usize::from(place < self.frozen);
            }
        }
        self.cursor = self.cursor.min(self.order.len().saturating_sub(1));
    }

    /// Moves the column under the cursor past its neighbour.
    pub fn shift(&mut self, right: bool, room: usize) {
        let to = if right { self.cursor + 1 } else { self.cursor.wrapping_sub(1) };
        if to < self.order.len() {
            self.order.swap(self.cursor, to);
            self.go_to(to, room);
        }
    }

    /// Keeps everything up to the cursor on the screen, or nothing when it is kept already.
    pub fn freeze(&mut self) {
        self.frozen = if self.frozen == self.cursor + 1 { 0 } else { self.cursor + 1 };
        self.first = self.frozen;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    fn columns(count: usize) -> Columns {
        let named: Vec<QueryColumn> =
            (0..count).map(|n| QueryColumn { name: format!("c{n}"), type_name: "int4".into(), numeric: true }).collect();
        Columns::new(&named, &[])
    }

    #[test]
    fn hidden_columns_come_back_where_they_were() {
        let mut columns = columns(4);
        columns.go_to(1, 80);
        assert!(columns.hide() && columns.hide());
        assert_eq!((columns.order(), columns.hidden()), (&[0, 3][..], 2));
        columns.unhide();
        assert_eq!(columns.order(), [0, 1, 2, 3]);
        columns.freeze();
        columns.shift(false, 80);
        assert_eq!(columns.hidden(), 0);
    }

    proptest! {
        #[test]
        fn the_cursor_is_always_among_what_is_shown(
            count in 1_usize..12,
            room in 1_usize..60,
            steps in proptest::collection::vec((0_u8..8, any::<bool>()), 0..60),
        ) {
            let mut columns = columns(count);
            for (what, flag) in steps {
                match what {
                    0 => columns.step(if flag { 1 } else { -1 }, room),
                    1 => columns.resize(if flag { 3 } else { -3 }),
                    2 => drop(columns.hide()),
                    3 => columns.unhide(),
                    4 => columns.shift(flag, room),
                    5 => columns.freeze(),
                    6 => columns.go_to(usize::MAX, room),
                    _ => columns.go_to(0, room),
                }
                prop_assert!(columns.cursor() < columns.order().len());
                prop_assert!(columns.frozen() <= columns.order().len());
                prop_assert!(columns.current().is_some());
                let mut seen = columns.order().to_vec();
                seen.sort_unstable();
                seen.dedup();
                prop_assert_eq!(seen.len() + columns.hidden(), count);
            }
            // After a movement the cursor is on the screen: frozen, or not left of the first place.
            columns.step(0, room);
            prop_assert!(columns.cursor() < columns.frozen() || columns.first(room) <= columns.cursor());
        }
    }
}

//! Columns that line up. The first page decides how wide they are, so that rows can be written as they arrive.

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{Chunk, RowWriter};
use crate::ops::query::QueryColumn;

/// The widest column on a terminal; what is longer is cut, with a mark.
const WIDEST: usize = 60;

/// How NULL is shown.
const NULL: &str = "NULL";

/// A table for people.
pub struct Table {
    truncate: bool,
    columns: Vec<QueryColumn>,
    widths: Vec<usize>,
}

impl Table {
    /// A table; `truncate` cuts what is too wide for a terminal.
    pub fn new(truncate: bool) -> Self {
        Table { truncate, columns: vec![], widths: vec![] }
    }

    fn shown<'a>(&self, text: Option<Cow<'a, str>>) -> Cow<'a, str> {
        let text = text.unwrap_or(Cow::Borrowed(NULL));
        // A line end inside a cell would break the line, and an escape would reach the terminal.
        let text = if text.contains(char::is_control) { Cow::Owned(text.replace(char::is_control, "␤")) } else { text };
        if self.truncate && text.width() > WIDEST { Cow::Owned(cut(&text, WIDEST)) } else { text }
    }

    fn write_row<'a>(&self, cells: impl Iterator<Item = Cow<'a, str>>, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::from(" ");
        for (at, cell) in cells.enumerate() {
            if at > 0 {
                line.push_str(" │ ");
            }
            let width = self.widths.get(at).copied().unwrap_or(0);
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            if self.columns.get(at).is_some_and(|column| column.numeric) {
                line.push_str(&padding);
                line.push_str(&cell);
            } else {
                line.push_str(&cell);
                line.push_str(&padding);
            }
        }
        writeln!(out, "{}", line.trim_end())
    }
}

impl RowWriter for Table {
    fn begin(&mut self, columns: &[QueryColumn], _out: &mut dyn Write) -> io::Result<()> {
        self.columns = columns.to_vec();
        Ok(())
    }

    fn chunks(&mut self, chunks: &[Chunk<'_>], out: &mut dyn Write) -> io::Result<()> {
        if self.widths.is_empty() {
            self.widths = self.columns.iter().map(|column| self.shown(Some(column.name.as_str().into())).width()).collect();
            for row in chunks.iter().flat_map(Chunk::rows) {
                let widths: Vec<usize> = row.iter().map(|cell| self.shown(cell.text()).width()).collect();
                for (known, width) in self.widths.iter_mut().zip(widths) {
                    *known = (*known).max(width);
                }
            }
            let names = self.columns.iter().map(|column| self.shown(Some(column.name.as_str().into())));
            self.write_row(names, out)?;
            let rules: Vec<String> = self.widths.iter().map(|width| "─".repeat(width + 2)).collect();
            writeln!(out, "{}", rules.join("┼"))?;
        }
        for row in chunks.iter().flat_map(Chunk::rows) {
            self.write_row(row.iter().map(|cell| self.shown(cell.text())), out)?;
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// The beginning of `text`, at most `width` wide with the mark at its end.
fn cut(text: &str, width: usize) -> String {
    let mut kept = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ops::query::{Cell, Page};

    #[test]
    fn columns_line_up() {
        let column = |name: &str, numeric| QueryColumn { name: name.into(), type_name: String::new(), numeric };
        let mut table = Table::new(true);
        let mut out = vec![];
        table.begin(&[column("job", false), column("n", true)], &mut out).unwrap();
        let rows = vec![
            vec![Cell::Text("admin.".into()), Cell::Integer(10_422)],
            vec![Cell::Null, Cell::Integer(7)],
            vec![Cell::Text("é\x1b[31m".into()), Cell::Null],
        ];
        table.page(&Page { rows, next: None }, &mut out).unwrap();
        table.end(&mut out).unwrap();
        let expected = " job    │     n\n────────┼───────\n admin. │ 10422\n NULL   │     7\n é␤[31m │  NULL\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert_eq!(cut("abcdef", 4), "abc…");
    }
}

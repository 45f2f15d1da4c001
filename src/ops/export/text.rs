//! CSV, TSV, JSON and Markdown.
//!
//! A row of these depends on nothing but itself, so that many chunks are written at the same time and put behind each other.

use std::io::{self, Write};

use rayon::prelude::*;

use super::cells;
use super::{Chunk, RowWriter};
use crate::ops::query::{CellRef, QueryColumn};

/// How rows become text.
pub trait RowText: Send + Sync {
    /// What stands before the rows; also a time to look at the columns.
    fn head(&mut self, columns: &[QueryColumn], out: &mut Vec<u8>);
    /// What stands before every row but the first, and before the first.
    fn lead(&self) -> (&'static str, &'static str) {
        ("", "")
    }
    /// A row.
    fn row(&self, cells: &[CellRef<'_>], out: &mut Vec<u8>);
    /// What stands behind the rows, when there were some, and when there were none.
    fn tail(&self) -> (&'static str, &'static str) {
        ("", "")
    }
}

/// Writes rows that become text.
pub struct Text<T> {
    format: T,
    /// Whether there was a row.
    any: bool,
}

impl<T: RowText> Text<T> {
    /// Before anything is written.
    pub fn new(format: T) -> Self {
        Text { format, any: false }
    }
}

impl<T: RowText> RowWriter for Text<T> {
    fn begin(&mut self, columns: &[QueryColumn], out: &mut dyn Write) -> io::Result<()> {
        let mut head = Vec::new();
        self.format.head(columns, &mut head);
        out.write_all(&head)
    }

    fn chunks(&mut self, chunks: &[Chunk<'_>], out: &mut dyn Write) -> io::Result<()> {
        let format = &self.format;
        let (lead, first) = format.lead();
        let written: Vec<Vec<u8>> = chunks
            .par_iter()
            .map(|chunk| {
                let mut text = Vec::with_capacity(chunk.cells.len() * 8);
                for row in chunk.rows() {
                    text.extend(lead.as_bytes());
                    format.row(row, &mut text);
                }
                text
            })
            .collect();
        for text in written.iter().filter(|text| !text.is_empty()) {
            if self.any {
                out.write_all(text)?;
            } else {
                self.any = true;
                out.write_all(first.as_bytes())?;
                out.write_all(&text[lead.len()..])?;
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let (some, none) = self.format.tail();
        out.write_all(if self.any { some } else { none }.as_bytes())
    }
}

/// Comma-separated values after RFC 4180, with LF. NULL is nothing at all, the empty text is a pair of quotes.
pub struct Csv {
    separator: u8,
}

impl Csv {
    /// Separated by commas.
    pub fn commas() -> Self {
        Csv { separator: b',' }
    }

    /// Separated by tabs, as spreadsheets take it from the clipboard.
    pub fn tabs() -> Self {
        Csv { separator: b'\t' }
    }

    fn field(&self, text: &str, out: &mut Vec<u8>) {
        let special = |byte: &u8| *byte == self.separator || matches!(byte, b'"' | b'\n' | b'\r');
        if text.is_empty() || text.as_bytes().iter().any(special) {
            out.push(b'"');
            for (at, part) in text.split('"').enumerate() {
                if at > 0 {
                    out.extend(b"\"\"");
                }
                out.extend(part.as_bytes());
            }
            out.push(b'"');
        } else {
            out.extend(text.as_bytes());
        }
    }
}

impl RowText for Csv {
    fn head(&mut self, columns: &[QueryColumn], out: &mut Vec<u8>) {
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                out.push(self.separator);
            }
            self.field(&column.name, out);
        }
        out.push(b'\n');
    }

    fn row(&self, cells: &[CellRef<'_>], out: &mut Vec<u8>) {
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                out.push(self.separator);
            }
            match cell {
                CellRef::Null => {}
                CellRef::Text(text) => self.field(text, out),
                // None of these needs quotes.
                other => cells::push(*other, out),
            }
        }
        out.push(b'\n');
    }
}

/// JSON objects, in an array or one a line.
pub struct Json {
    array: bool,
    columns: Vec<QueryColumn>,
    /// The labels, as JSON strings with a colon.
    keys: Vec<Vec<u8>>,
}

impl Json {
    /// An array.
    pub fn array() -> Self {
        Json { array: true, columns: vec![], keys: vec![] }
    }

    /// One object a line.
    pub fn lines() -> Self {
        Json { array: false, ..Json::array() }
    }
}

impl RowText for Json {
    fn head(&mut self, columns: &[QueryColumn], out: &mut Vec<u8>) {
        self.columns = columns.to_vec();
        self.keys = cells::keys(columns)
            .iter()
            .map(|key| {
                let mut text = Vec::new();
                cells::push_string(key, &mut text);
                text.push(b':');
                text
            })
            .collect();
        if self.array {
            out.push(b'[');
        }
    }

    fn lead(&self) -> (&'static str, &'static str) {
        if self.array { (",\n ", "\n ") } else { ("", "") }
    }

    fn row(&self, cells: &[CellRef<'_>], out: &mut Vec<u8>) {
        out.push(b'{');
        for (at, ((cell, column), key)) in cells.iter().zip(&self.columns).zip(&self.keys).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend(key);
            cells::json(*cell, column, out);
        }
        out.push(b'}');
        if !self.array {
            out.push(b'\n');
        }
    }

    fn tail(&self) -> (&'static str, &'static str) {
        if self.array { ("\n]\n", "]\n") } else { ("", "") }
    }
}

/// A table in Markdown.
#[derive(Default)]
pub struct Markdown;

impl Markdown {
    fn escaped(text: &str, out: &mut Vec<u8>) {
        for byte in text.bytes() {
            match byte {
                b'\\' | b'|' => out.extend([b'\\', byte]),
                b'\n' | b'\r' => out.push(b' '),
                byte => out.push(byte),
            }
        }
    }
}

impl RowText for Markdown {
    fn head(&mut self, columns: &[QueryColumn], out: &mut Vec<u8>) {
        for column in columns {
            out.extend(b"| ");
            Markdown::escaped(&column.name, out);
            out.push(b' ');
        }
        out.extend(b"|\n");
        for column in columns {
            out.extend(if column.numeric { b"| ---: ".as_slice() } else { b"| --- " });
        }
        out.extend(b"|\n");
    }

    fn row(&self, cells: &[CellRef<'_>], out: &mut Vec<u8>) {
        for cell in cells {
            out.extend(b"| ");
            match cell {
                CellRef::Text(text) => Markdown::escaped(text, out),
                other => cells::push(*other, out),
            }
            out.push(b' ');
        }
        out.extend(b"|\n");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ops::query::{Cell, Page};

    fn written(format: impl RowText, rows: Vec<Vec<Cell>>) -> String {
        let column = |name: &str, numeric| QueryColumn { name: name.into(), type_name: String::new(), numeric };
        let (mut writer, mut out) = (Text::new(format), vec![]);
        writer.begin(&[column("n", true), column("a,b", false)], &mut out).unwrap();
        // Two pages are one result.
        for row in rows {
            writer.page(&Page { rows: vec![row], next: None }, &mut out).unwrap();
        }
        writer.end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn rows() -> Vec<Vec<Cell>> {
        vec![
            vec![Cell::Integer(1), Cell::Null],
            vec![Cell::Float(0.5), Cell::Text(String::new())],
            vec![Cell::Text("2.50".into()), Cell::Text("x|\"y\"\nz".into())],
        ]
    }

    #[test]
    fn csv_tells_null_from_empty() {
        assert_eq!(written(Csv::commas(), rows()), "n,\"a,b\"\n1,\n0.5,\"\"\n2.50,\"x|\"\"y\"\"\nz\"\n");
    }

    #[test]
    fn json_is_one_document() {
        let text = written(Json::array(), rows());
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document[2]["a,b"], "x|\"y\"\nz");
        assert_eq!(document[0], serde_json::json!({"n": 1, "a,b": null}));
        assert_eq!(written(Json::array(), vec![]), "[]\n");
        assert_eq!(written(Json::lines(), rows()).lines().count(), 3);
    }

    #[test]
    fn markdown_keeps_its_table() {
        assert_eq!(written(Markdown, rows()), "| n | a,b |\n| ---: | --- |\n| 1 |  |\n| 0.5 |  |\n| 2.50 | x\\|\"y\" z |\n");
    }

    #[test]
    fn tabs_separate_and_are_quoted() {
        let rows = vec![vec![Cell::Null, Cell::Text("a\tb".into())], vec![Cell::Text("a,b".into()), Cell::Text(String::new())]];
        assert_eq!(written(Csv::tabs(), rows), "n\ta,b\n\t\"a\tb\"\na,b\t\"\"\n");
    }

    #[test]
    fn rows_come_in_their_order_however_many_come_at_once() {
        let column = QueryColumn { name: "n".into(), type_name: "int8".into(), numeric: true };
        let chunk = |from: i64| {
            let mut chunk = Chunk::new(1);
            (from..from + 100).for_each(|n| chunk.push([CellRef::Integer(n)]));
            chunk
        };
        let chunks: Vec<Chunk<'_>> = (0..20).map(|at| chunk(at * 100)).collect();
        let (mut writer, mut out) = (Text::new(Json::array()), vec![]);
        writer.begin(std::slice::from_ref(&column), &mut out).unwrap();
        writer.chunks(&chunks[..7], &mut out).unwrap();
        writer.chunks(&[], &mut out).unwrap();
        writer.chunks(&chunks[7..], &mut out).unwrap();
        writer.end(&mut out).unwrap();
        let document: Vec<serde_json::Value> = serde_json::from_slice(&out).unwrap();
        assert_eq!(document.iter().map(|row| row["n"].as_i64().unwrap()).collect::<Vec<_>>(), (0..2000).collect::<Vec<_>>());
    }
}

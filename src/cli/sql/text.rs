//! CSV, JSON and Markdown.

use std::io::{self, Write};

use super::RowWriter;
use super::cells;
use crate::ops::query::{Page, QueryColumn};

/// Comma-separated values after RFC 4180, with LF. NULL is nothing at all, the empty text is a pair of quotes.
#[derive(Default)]
pub struct Csv;

impl Csv {
    fn field(text: &str, out: &mut String) {
        if text.is_empty() || text.contains([',', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(&text.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(text);
        }
    }
}

impl RowWriter for Csv {
    fn begin(&mut self, columns: &[QueryColumn], out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                line.push(',');
            }
            Csv::field(&column.name, &mut line);
        }
        line.push('\n');
        out.write_all(line.as_bytes())
    }

    fn page(&mut self, page: &Page, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for row in &page.rows {
            line.clear();
            for (at, cell) in row.iter().enumerate() {
                if at > 0 {
                    line.push(',');
                }
                if let Some(text) = cells::text(cell) {
                    Csv::field(&text, &mut line);
                }
            }
            line.push('\n');
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// JSON objects, in an array or one a line.
pub struct Json {
    array: bool,
    columns: Vec<QueryColumn>,
    /// The labels, as JSON strings with a colon.
    keys: Vec<String>,
    rows: u64,
}

impl Json {
    /// An array.
    pub fn array() -> Self {
        Json { array: true, columns: vec![], keys: vec![], rows: 0 }
    }

    /// One object a line.
    pub fn lines() -> Self {
        Json { array: false, ..Json::array() }
    }
}

impl RowWriter for Json {
    fn begin(&mut self, columns: &[QueryColumn], out: &mut dyn Write) -> io::Result<()> {
        self.columns = columns.to_vec();
        self.keys = cells::keys(columns)
            .iter()
            .map(|key| {
                let mut text = String::new();
                cells::push_string(key, &mut text);
                text.push(':');
                text
            })
            .collect();
        if self.array { out.write_all(b"[") } else { Ok(()) }
    }

    fn page(&mut self, page: &Page, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for row in &page.rows {
            line.clear();
            if self.array {
                line.push_str(if self.rows > 0 { ",\n " } else { "\n " });
            }
            self.rows += 1;
            line.push('{');
            for (at, ((cell, column), key)) in row.iter().zip(&self.columns).zip(&self.keys).enumerate() {
                if at > 0 {
                    line.push(',');
                }
                line.push_str(key);
                cells::json(cell, column, &mut line);
            }
            line.push('}');
            if !self.array {
                line.push('\n');
            }
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match (self.array, self.rows) {
            (true, 0) => out.write_all(b"]\n"),
            (true, _) => out.write_all(b"\n]\n"),
            (false, _) => Ok(()),
        }
    }
}

/// A table in Markdown.
#[derive(Default)]
pub struct Markdown;

impl Markdown {
    fn escaped(text: &str) -> String {
        text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
    }
}

impl RowWriter for Markdown {
    fn begin(&mut self, columns: &[QueryColumn], out: &mut dyn Write) -> io::Result<()> {
        let names: Vec<String> = columns.iter().map(|column| Markdown::escaped(&column.name)).collect();
        let rules: Vec<&str> = columns.iter().map(|column| if column.numeric { "---:" } else { "---" }).collect();
        writeln!(out, "| {} |\n| {} |", names.join(" | "), rules.join(" | "))
    }

    fn page(&mut self, page: &Page, out: &mut dyn Write) -> io::Result<()> {
        for row in &page.rows {
            let cells: Vec<String> =
                row.iter().map(|cell| cells::text(cell).map_or(String::new(), |text| Markdown::escaped(&text))).collect();
            writeln!(out, "| {} |", cells.join(" | "))?;
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ops::query::Cell;

    fn written(mut writer: impl RowWriter, rows: Vec<Vec<Cell>>) -> String {
        let column = |name: &str, numeric| QueryColumn { name: name.into(), type_name: String::new(), numeric };
        let mut out = vec![];
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
        assert_eq!(written(Csv, rows()), "n,\"a,b\"\n1,\n0.5,\"\"\n2.50,\"x|\"\"y\"\"\nz\"\n");
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
}

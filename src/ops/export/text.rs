//! CSV, TSV, JSON, Markdown and INSERT statements.

use std::io::{self, Write};

use super::RowWriter;
use super::cells;
use crate::ops::query::{Cell, Page, QueryColumn};

/// Comma-separated values after RFC 4180, with LF. NULL is nothing at all, the empty text is a pair of quotes.
pub struct Csv {
    separator: char,
}

impl Default for Csv {
    fn default() -> Self {
        Csv { separator: ',' }
    }
}

impl Csv {
    /// Separated by tabs, as spreadsheets take it from the clipboard.
    pub fn tabs() -> Self {
        Csv { separator: '\t' }
    }

    fn field(&self, text: &str, out: &mut String) {
        if text.is_empty() || text.contains([self.separator, '"', '\n', '\r']) {
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
                line.push(self.separator);
            }
            self.field(&column.name, &mut line);
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
                    line.push(self.separator);
                }
                if let Some(text) = cells::text(cell) {
                    self.field(&text, &mut line);
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

/// `INSERT` statements that put the rows into `table`, a hundred rows each. Numbers stay as they are, everything else is quoted.
pub fn insert_statements(table: &str, columns: &[QueryColumn], rows: &[Vec<Cell>]) -> String {
    let names: Vec<String> = cells::keys(columns).iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
    let mut out = String::new();
    for chunk in rows.chunks(100) {
        out.push_str(&format!("INSERT INTO {table} ({}) VALUES\n", names.join(", ")));
        for (index, row) in chunk.iter().enumerate() {
            let values: Vec<String> = row.iter().zip(columns).map(|(cell, column)| literal(cell, column)).collect();
            out.push_str(&format!("  ({}){}\n", values.join(", "), if index + 1 == chunk.len() { ";" } else { "," }));
        }
    }
    out
}

fn literal(cell: &Cell, column: &QueryColumn) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Float(number) if number.is_finite() => number.to_string(),
        Cell::Float(number) => quoted(&number.to_string()),
        Cell::Boolean(truth) => truth.to_string(),
        Cell::Text(text) if column.numeric && cells::is_json_number(text) => text.clone(),
        Cell::Text(text) => quoted(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

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
        assert_eq!(written(Csv::default(), rows()), "n,\"a,b\"\n1,\n0.5,\"\"\n2.50,\"x|\"\"y\"\"\nz\"\n");
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
    fn inserts_quote_what_is_no_number() {
        let column = |name: &str, numeric| QueryColumn { name: name.into(), type_name: String::new(), numeric };
        let rows = [vec![Cell::Text("2.50".into()), Cell::Text("O'Hara".into())], vec![Cell::Null, Cell::Boolean(true)]];
        let text = insert_statements("dm.t", &[column("n", true), column("a\"b", false)], &rows);
        assert_eq!(text, "INSERT INTO dm.t (\"n\", \"a\"\"b\") VALUES\n  (2.50, 'O''Hara'),\n  (NULL, true);\n");
    }
}

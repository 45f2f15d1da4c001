//! Rows as files: the formats that results are written in, for the command line and the screen alike.
//!
//! A [`RowWriter`] turns pages into bytes and knows nothing of where they go; [`Draft`] is a file that appears under its name only when
//! it is complete.

pub mod cells;
mod draft;
mod parquet;
mod table;
mod text;

use std::io::{self, Write};
use std::path::Path;

pub use draft::Draft;
pub use text::insert_statements;

use crate::ops::query::{Page, QueryColumn};

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Format {
    /// Columns that line up, for people
    Table,
    /// Comma-separated, with a header line; nothing for NULL and "" for the empty text
    Csv,
    /// Tab-separated, with a header line
    Tsv,
    /// An array of objects
    Json,
    /// One object a line
    Jsonl,
    /// A Markdown table
    Markdown,
    /// A Parquet file
    Parquet,
}

/// Writes the rows of one result.
pub trait RowWriter {
    /// Before the first page.
    ///
    /// # Errors
    /// What the writer behind it says.
    fn begin(&mut self, columns: &[QueryColumn], out: &mut dyn Write) -> io::Result<()>;
    /// A page.
    ///
    /// # Errors
    /// What the writer behind it says, or a cell that is not of its column's type.
    fn page(&mut self, page: &Page, out: &mut dyn Write) -> io::Result<()>;
    /// After the last page.
    ///
    /// # Errors
    /// What the writer behind it says.
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;
}

impl Format {
    /// The formats of a file, and the endings by which they go.
    pub const FILES: [(Format, &'static str, &'static str); 6] = [
        (Format::Csv, "csv", "CSV"),
        (Format::Tsv, "tsv", "TSV"),
        (Format::Parquet, "parquet", "Parquet"),
        (Format::Jsonl, "jsonl", "JSON Lines"),
        (Format::Json, "json", "JSON"),
        (Format::Markdown, "md", "Markdown"),
    ];

    /// The format that the ending of a file's name asks for.
    pub fn of_path(path: &Path) -> Option<Format> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "ndjson" => Some(Format::Jsonl),
            "markdown" => Some(Format::Markdown),
            "txt" => Some(Format::Table),
            _ => Format::FILES.into_iter().find(|(_, known, _)| *known == ending).map(|(format, ..)| format),
        }
    }

    /// A writer for one result. `truncate` cuts long cells of [`Format::Table`], for a terminal.
    pub fn writer(self, truncate: bool) -> Box<dyn RowWriter + Send> {
        match self {
            Format::Table => Box::new(table::Table::new(truncate)),
            Format::Csv => Box::new(text::Csv::default()),
            Format::Tsv => Box::new(text::Csv::tabs()),
            Format::Json => Box::new(text::Json::array()),
            Format::Jsonl => Box::new(text::Json::lines()),
            Format::Markdown => Box::new(text::Markdown),
            Format::Parquet => Box::new(parquet::Parquet::default()),
        }
    }
}

/// A few rows as text.
pub fn text(format: Format, columns: &[QueryColumn], rows: Vec<Vec<crate::ops::query::Cell>>) -> io::Result<String> {
    let mut writer = format.writer(false);
    let mut out = Vec::new();
    writer.begin(columns, &mut out)?;
    writer.page(&Page { rows, next: None }, &mut out)?;
    writer.end(&mut out)?;
    String::from_utf8(out).map_err(io::Error::other)
}

//! Rows as files: the formats that results are written in, for the command line and the screen alike.
//!
//! A [`RowWriter`] turns rows into bytes and knows nothing of where they go; [`Draft`] is a file that appears under its name only when
//! it is complete. Rows come in [`Chunk`]s of cells that lie elsewhere, so that no cell is copied on its way into a file.

pub mod cells;
mod draft;
mod insert;
mod parquet;
mod table;
mod text;

use std::io::{self, Write};
use std::path::Path;

pub use draft::{Draft, write_new};
pub use insert::insert_statements;

use crate::ops::query::{CellRef, Page, QueryColumn};

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
    /// Some rows, in their order.
    ///
    /// # Errors
    /// What the writer behind it says, or a cell that is not of its column's type.
    fn chunks(&mut self, chunks: &[Chunk<'_>], out: &mut dyn Write) -> io::Result<()>;
    /// After the last rows.
    ///
    /// # Errors
    /// What the writer behind it says.
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;

    /// A page.
    ///
    /// # Errors
    /// As [`RowWriter::chunks`].
    fn page(&mut self, page: &Page, out: &mut dyn Write) -> io::Result<()> {
        let width = page.rows.first().map_or(0, Vec::len);
        let mut chunk = Chunk::new(width);
        for row in &page.rows {
            chunk.push(row.iter().map(CellRef::from));
        }
        self.chunks(&[chunk], out)
    }
}

/// Rows whose cells lie elsewhere, all with as many cells.
#[derive(Debug, Clone, Default)]
pub struct Chunk<'a> {
    cells: Vec<CellRef<'a>>,
    width: usize,
}

impl<'a> Chunk<'a> {
    /// No rows yet, of `width` cells each.
    pub fn new(width: usize) -> Chunk<'a> {
        Chunk { cells: Vec::new(), width }
    }

    /// Adds a row. What is missing of it is NULL, what is too much is left out.
    pub fn push(&mut self, cells: impl IntoIterator<Item = CellRef<'a>>) {
        let end = self.cells.len() + self.width;
        self.cells.extend(cells.into_iter().take(self.width));
        self.cells.resize(end, CellRef::Null);
    }

    /// The rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[CellRef<'a>]> + Clone {
        self.cells.chunks_exact(self.width.max(1))
    }

    /// The cells of a column.
    pub fn column(&self, at: usize) -> impl Iterator<Item = CellRef<'a>> + Clone {
        self.rows().map(move |row| row.get(at).copied().unwrap_or(CellRef::Null))
    }
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
            Format::Csv => Box::new(text::Text::new(text::Csv::commas())),
            Format::Tsv => Box::new(text::Text::new(text::Csv::tabs())),
            Format::Json => Box::new(text::Text::new(text::Json::array())),
            Format::Jsonl => Box::new(text::Text::new(text::Json::lines())),
            Format::Markdown => Box::new(text::Text::new(text::Markdown)),
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

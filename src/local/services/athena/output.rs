//! Results in S3: the CSV object that a query leaves, and pages read back from it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::error::ArrowError;

use super::query::{Column, Rows};
use crate::local::objects::{ObjectError, Objects, Staged, Writer};
use crate::local::services::cells::{Cells, Style, quote};

/// Rows between two marks.
const MARK_EVERY: u64 = 1000;
/// Bytes that are collected before they are written.
const CHUNK: usize = 1 << 17;

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    /// S3 refused.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The disk refused.
    #[error("{0}")]
    Disk(#[from] std::io::Error),
    /// A value has no text.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// A CSV result that is being written. Every value is quoted; NULL is nothing at all.
pub(super) struct CsvWriter {
    file: Writer,
    text: String,
    cell: String,
    written: u64,
    rows: u64,
    marks: Vec<u64>,
}

impl CsvWriter {
    /// Starts with the header.
    pub fn new(objects: &Objects, bucket: &str, columns: &[Column]) -> Result<Self, OutputError> {
        let file = objects.writer(bucket)?;
        let mut text = String::with_capacity(CHUNK + 4096);
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            quote(&mut text, &column.name);
        }
        text.push('\n');
        Ok(CsvWriter { file, text, cell: String::new(), written: 0, rows: 0, marks: Vec::new() })
    }

    /// Appends the rows of a normalised batch.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), OutputError> {
        let cells = Cells::new(batch, Style::Athena)?;
        for row in 0..batch.num_rows() {
            if self.rows.is_multiple_of(MARK_EVERY) {
                self.marks.push(self.written + self.text.len() as u64);
            }
            for column in 0..cells.width() {
                if column > 0 {
                    self.text.push(',');
                }
                self.cell.clear();
                if cells.write(column, row, &mut self.cell) {
                    quote(&mut self.text, &self.cell);
                }
            }
            self.text.push('\n');
            self.rows += 1;
            if self.text.len() >= CHUNK {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.file.write_all(self.text.as_bytes())?;
        self.written += self.text.len() as u64;
        self.text.clear();
        Ok(())
    }

    /// The complete content, and where its rows are.
    pub fn finish(mut self) -> Result<(Staged, Rows), OutputError> {
        self.flush()?;
        let staged = self.file.finish().map_err(ObjectError::from)?;
        Ok((staged, Rows::Csv { count: self.rows, marks: self.marks }))
    }
}

/// One row as it is read back; `None` is NULL.
pub(super) type CsvRow = Vec<Option<String>>;

/// Reads rows `start .. start + limit` of a CSV result whose rows are at `marks`.
pub(super) fn read_rows(path: &Path, marks: &[u64], start: u64, limit: usize) -> std::io::Result<Vec<CsvRow>> {
    let first = usize::try_from(start / MARK_EVERY).unwrap_or(usize::MAX);
    let after = usize::try_from((start + limit as u64).div_ceil(MARK_EVERY)).unwrap_or(usize::MAX);
    let Some(from) = marks.get(first) else { return Ok(Vec::new()) };
    let mut file = File::open(path)?;
    let to = match marks.get(after) {
        Some(to) => *to,
        None => file.metadata()?.len(),
    };
    file.seek(SeekFrom::Start(*from))?;
    let mut text = String::new();
    file.take(to.saturating_sub(*from)).read_to_string(&mut text)?;
    let skip = usize::try_from(start % MARK_EVERY).unwrap_or(0);
    Ok(CsvReader { rest: &text }.skip(skip).take(limit).collect())
}

/// Reads what [`CsvWriter`] writes: quoted values and NULLs.
struct CsvReader<'a> {
    rest: &'a str,
}

impl Iterator for CsvReader<'_> {
    type Item = CsvRow;

    fn next(&mut self) -> Option<CsvRow> {
        if self.rest.is_empty() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            let value = self.rest.strip_prefix('"').map(|quoted| {
                let mut value = String::new();
                let mut rest = quoted;
                loop {
                    let end = rest.find('"').unwrap_or(rest.len());
                    value.push_str(&rest[..end]);
                    rest = rest.get(end + 1..).unwrap_or_default();
                    match rest.strip_prefix('"') {
                        Some(after) => {
                            value.push('"');
                            rest = after;
                        }
                        None => break,
                    }
                }
                self.rest = rest;
                value
            });
            row.push(value);
            match self.rest.strip_prefix(',') {
                Some(after) => self.rest = after,
                None => {
                    self.rest = self.rest.strip_prefix('\n').unwrap_or_default();
                    return Some(row);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn quoted_values_and_nulls_are_told_apart() {
        let rows: Vec<CsvRow> = CsvReader { rest: "\"a\",,\"\"\n\"say \"\"x\"\"\",\"two\nlines\",\"c,d\"\n,,\n" }.collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(rows[0], [text("a"), None, text("")]);
        assert_eq!(rows[1], [text("say \"x\""), text("two\nlines"), text("c,d")]);
        assert_eq!(rows[2], [None, None, None]);
        assert_eq!(rows.len(), 3);
    }

    #[test]
    fn rows_are_found_by_their_marks() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("result.csv");
        let mut text = "\"n\"\n".to_owned();
        let mut marks = Vec::new();
        for n in 0..2500 {
            if n % 1000 == 0 {
                marks.push(text.len() as u64);
            }
            text.push_str(&format!("\"{n}\"\n"));
        }
        std::fs::write(&path, text).unwrap();
        for (start, limit) in [(0, 999), (999, 1000), (1000, 1), (1999, 1000), (2400, 1000), (2500, 10)] {
            let rows = read_rows(&path, &marks, start, limit).unwrap();
            let expected: Vec<CsvRow> = (start..2500.min(start + limit as u64)).map(|n| vec![Some(n.to_string())]).collect();
            assert_eq!(rows, expected, "{start} {limit}");
        }
    }
}

//! What goes to the clipboard.

use std::ops::Range;

use super::ResultSet;
use crate::app::sql::dialect;
use crate::demo::figures;
use crate::demo::sql::{Quotes, identifier};
use crate::ops::export::{self, Format};
use crate::ops::query::{Cell, QueryColumn, cost, parameters};

/// Rows that a copy has at most: they are read while the reader waits.
const MOST_ROWS: usize = 5000;
/// Bytes that a copy has at most. Terminals drop what is much longer, without a word.
const MOST_BYTES: usize = 100_000;

/// Bytes of a statement that is read for its table.
const LONGEST: usize = 64 << 10;

/// What is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Span {
    /// The cell under the cursor.
    Cell,
    /// Its row.
    Row,
    /// Its column.
    Column,
    /// What is selected.
    Selection,
    /// Everything that is shown.
    All,
}

/// How it is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CopyFormat {
    /// As the service sent it, tabs between the cells, without a header.
    Plain,
    /// As a file would be written.
    As(Format),
    /// As `INSERT` statements.
    Insert,
}

impl CopyFormat {
    /// Those to choose from, with their names.
    pub const ALL: [(CopyFormat, &'static str); 6] = [
        (CopyFormat::Plain, "plain, with tabs"),
        (CopyFormat::As(Format::Tsv), "TSV with a header"),
        (CopyFormat::As(Format::Csv), "CSV"),
        (CopyFormat::As(Format::Json), "JSON"),
        (CopyFormat::As(Format::Markdown), "Markdown"),
        (CopyFormat::Insert, "SQL INSERT"),
    ];
}

impl Span {
    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Span::Cell => "cell",
            Span::Row => "row",
            Span::Column => "column",
            Span::Selection => "selection",
            Span::All => "result",
        }
    }
}

impl ResultSet {
    /// The rows and columns of a span: places of rows, and columns in their order.
    pub(super) fn span(&self, span: Span) -> (Range<u64>, Vec<usize>) {
        let row = self.list.selected as u64;
        let here = || self.columns.current().into_iter().collect();
        let all = || self.columns.order().to_vec();
        match span {
            Span::Cell => (row..row + 1, here()),
            Span::Row => (row..row + 1, all()),
            Span::Column => (0..self.shown_rows(), here()),
            Span::All => (0..self.shown_rows(), all()),
            Span::Selection => match self.selection() {
                Some((rows, places)) => (rows, places.filter_map(|place| self.columns.at(place)).collect()),
                None => (row..row + 1, here()),
            },
        }
    }

    /// The table that the rows come from, as it is written in a statement; `table_name` when there is not exactly one.
    fn table(&self) -> String {
        let dialect = dialect(self.meta.engine);
        // The values of parameters say nothing about tables; a statement that is this long is data.
        let values: Vec<(String, String)> = parameters::names(&self.sql).into_iter().map(|name| (name, "0".to_owned())).collect();
        let reads = if self.sql.len() > LONGEST { None } else { cost::tables(dialect, &self.sql, &values) };
        let mut names: Vec<Vec<String>> = reads.unwrap_or_default().into_iter().map(|read| read.name).collect();
        names.sort_unstable();
        names.dedup();
        match names.as_slice() {
            [name] => name.iter().map(|part| identifier(Quotes::Double, part)).collect::<Vec<_>>().join("."),
            _ => "table_name".to_owned(),
        }
    }

    /// The text of a span and a sentence about it; or a sentence why not.
    ///
    /// # Errors
    /// When it is too much for a clipboard, or cannot be read.
    pub fn copy(&self, span: Span, format: CopyFormat) -> Result<(String, String), String> {
        let (rows, columns) = self.span(span);
        let count = rows.end.saturating_sub(rows.start);
        let much = |what: String| Err(format!("{what} are too much for a clipboard; o exports them to a file"));
        if matches!(span, Span::Column | Span::All) && !self.store.complete() {
            return Err("Not every row has been fetched; G fetches the rest, o exports all of them".to_owned());
        }
        if count > MOST_ROWS as u64 {
            return much(figures::counted(count, "row"));
        }
        let mut cells = Vec::new();
        for place in rows {
            let row = self.row(place).map_err(|error| error.to_string())?;
            cells.extend(row.map(|row| columns.iter().map(|at| row.get(*at).cloned().unwrap_or(Cell::Null)).collect::<Vec<_>>()));
        }
        let chosen: Vec<QueryColumn> = columns.iter().filter_map(|at| self.meta.columns.get(*at).cloned()).collect();
        let text = match format {
            CopyFormat::Plain => {
                cells.iter().map(|row| row.iter().map(Cell::text).collect::<Vec<_>>().join("\t")).collect::<Vec<_>>().join("\n")
            }
            CopyFormat::As(format) => export::text(format, &chosen, cells).map_err(|error| error.to_string())?,
            CopyFormat::Insert => export::insert_statements(&self.table(), &chosen, &cells),
        };
        if text.len() > MOST_BYTES {
            return much(figures::bytes(text.len() as u64));
        }
        let said = match (span, count) {
            (Span::Selection | Span::Column | Span::All, _) => {
                format!("{} × {} copied", figures::counted(count, "row"), figures::counted(chosen.len() as u64, "column"))
            }
            (Span::Row, _) => "Row copied".to_owned(),
            (Span::Cell, _) => "Cell copied".to_owned(),
        };
        Ok((text, said))
    }
}

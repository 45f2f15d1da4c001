//! Delimited text: `LazySimpleSerDe` and `OpenCSVSerde`.

use std::sync::Arc;

use csv::ByteRecord;
use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, StringBuilder};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::Result;

use super::source::{DataObject, Scanned, bad_data, broken};
use crate::local::engine::InStream as _;
use crate::local::engine::catalog::{ColumnDef, TextFormat};
use crate::local::engine::scan::BATCH_ROWS;
use crate::local::engine::{Dialect, decimal};

/// Reads the fields of delimited text that a query needs.
pub(super) struct Fields<'a> {
    /// Whose words errors are in.
    pub dialect: Dialect,
    /// Columns of the files.
    pub columns: &'a [ColumnDef],
    /// Those that are read.
    pub projection: &'a [usize],
    /// Their schema.
    pub schema: &'a SchemaRef,
    /// How rows are written.
    pub format: &'a TextFormat,
}

impl Fields<'_> {
    /// Gives the batches of an object to `take` until it says no; whether it never did.
    pub fn read(&self, file: &DataObject, scanned: &Scanned, take: &mut dyn FnMut(RecordBatch) -> bool) -> Result<bool> {
        let input = file.open(scanned)?;
        let byte = |c: char| u8::try_from(c).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new();
        reader
            .has_headers(false)
            .flexible(true)
            .delimiter(byte(self.format.delimiter))
            .quoting(self.format.quote.is_some())
            .quote(self.format.quote.map_or(b'"', byte))
            .escape(self.format.escape.filter(|_| self.format.quote.is_some()).map(byte))
            .buffer_capacity(256 << 10);
        let mut reader = reader.from_reader(input);
        let mut record = ByteRecord::new();
        for _ in 0..self.format.header_lines {
            if !reader.read_byte_record(&mut record).map_err(|error| broken(file, &error))? {
                return Ok(true);
            }
        }
        let mut builders: Vec<StringBuilder> =
            self.projection.iter().map(|_| StringBuilder::with_capacity(BATCH_ROWS, BATCH_ROWS * 8)).collect();
        let mut rows = 0;
        let mut first_row = 0_u64;
        loop {
            let more = reader.read_byte_record(&mut record).map_err(|error| broken(file, &error))?;
            if more {
                self.add(&record, &mut builders, file)?;
                rows += 1;
            }
            if rows == BATCH_ROWS || (!more && rows > 0) {
                let batch = self.batch(&mut builders, rows, file, first_row)?;
                first_row += rows as u64;
                rows = 0;
                if !take(batch) {
                    return Ok(false);
                }
            }
            if !more {
                return Ok(true);
            }
        }
    }

    fn add(&self, record: &ByteRecord, builders: &mut [StringBuilder], file: &DataObject) -> Result<()> {
        for (column, builder) in self.projection.iter().zip(builders) {
            match record.get(*column) {
                Some(field) if self.format.null.as_ref().is_some_and(|null| null.as_bytes() == field) => builder.append_null(),
                Some(field) => match std::str::from_utf8(field) {
                    Ok(field) => builder.append_value(field),
                    Err(_) => {
                        let line = record.position().map_or(0, csv::Position::line);
                        let message = format!("{}, line {line}: field {column} is not UTF-8", file.uri());
                        return Err(bad_data(self.dialect, &message).into_stream());
                    }
                },
                // A row that is too short has NULL where it ends.
                None => builder.append_null(),
            }
        }
        Ok(())
    }

    fn batch(&self, builders: &mut [StringBuilder], rows: usize, file: &DataObject, first_row: u64) -> Result<RecordBatch> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(builders.len());
        for ((column, builder), field) in self.projection.iter().zip(builders).zip(self.schema.fields()) {
            let text: StringArray = builder.finish();
            arrays.push(self.typed(text, *column, field.data_type(), file, first_row)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(self.schema), arrays, &options)?)
    }

    /// Texts as values of a column. What does not fit is NULL, or an error where the format is strict.
    fn typed(&self, text: StringArray, column: usize, kind: &DataType, file: &DataObject, first_row: u64) -> Result<ArrayRef> {
        if *kind == DataType::Utf8 {
            return Ok(Arc::new(text));
        }
        let decimals = match kind {
            DataType::Decimal128(precision, scale) => decimal::parse(&text, *precision, *scale)?,
            _ => None,
        };
        let options = CastOptions { safe: true, ..CastOptions::default() };
        let text: ArrayRef = Arc::new(text);
        let values: ArrayRef = match decimals {
            Some(decimals) => Arc::new(decimals),
            None => cast_with_options(&text, kind, &options)?,
        };
        if self.format.strict && values.null_count() > text.null_count() {
            let texts = text.as_any().downcast_ref::<StringArray>();
            let bad = texts.and_then(|texts| {
                (0..texts.len()).find(|row| values.is_null(*row) && texts.is_valid(*row)).map(|row| (row, texts.value(row)))
            });
            let (row, value) = bad.unwrap_or_default();
            let name = self.columns.get(column).map_or("", |column| column.name.as_str());
            let message = format!(
                "Error parsing field value '{value}' for field {column} ({name}) in {}, row {}",
                file.uri(),
                first_row + row as u64 + 1
            );
            return Err(bad_data(self.dialect, &message).into_stream());
        }
        Ok(values)
    }
}

//! A Parquet file with the types of the result. Rows arrive as text and numbers; a page becomes a batch, and Arrow's own casts read dates,
//! times and decimals.

use std::io::{self, Write};
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};

use super::RowWriter;
use super::cells;
use crate::ops::query::{Cell, Page, QueryColumn};

/// Bytes written by Parquet and not yet passed on.
type Buffer = Vec<u8>;

/// A Parquet file.
#[derive(Default)]
pub struct Parquet {
    writer: Option<ArrowWriter<Buffer>>,
    schema: Option<Arc<Schema>>,
}

impl RowWriter for Parquet {
    fn begin(&mut self, columns: &[QueryColumn], _out: &mut dyn Write) -> io::Result<()> {
        let fields: Vec<Field> = cells::keys(columns)
            .into_iter()
            .zip(columns)
            .map(|(key, column)| Field::new(key, arrow_type(&column.type_name), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        self.writer = Some(ArrowWriter::try_new(Buffer::new(), schema.clone(), None).map_err(io::Error::other)?);
        self.schema = Some(schema);
        Ok(())
    }

    fn page(&mut self, page: &Page, out: &mut dyn Write) -> io::Result<()> {
        let (Some(writer), Some(schema)) = (&mut self.writer, &self.schema) else { return Ok(()) };
        let columns: Result<Vec<ArrayRef>, ArrowError> = schema
            .fields()
            .iter()
            .enumerate()
            .map(|(at, field)| column(page.rows.iter().map(|row| row.get(at).unwrap_or(&Cell::Null)), field.data_type()))
            .collect();
        let batch = columns.and_then(|columns| RecordBatch::try_new(schema.clone(), columns)).map_err(io::Error::other)?;
        writer.write(&batch).map_err(io::Error::other)?;
        // Row groups that are complete are passed on, so that memory does not grow with the result.
        out.write_all(&std::mem::take(writer.inner_mut()))
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match self.writer.take() {
            Some(writer) => out.write_all(&writer.into_inner().map_err(io::Error::other)?),
            None => Ok(()),
        }
    }
}

/// The Arrow type of a type of Redshift or Athena; text for what has none.
fn arrow_type(type_name: &str) -> DataType {
    let name = type_name.to_ascii_lowercase();
    let base = name.split('(').next().unwrap_or(&name).trim();
    match base {
        "int2" | "int4" | "int8" | "smallint" | "integer" | "int" | "bigint" | "tinyint" | "oid" => DataType::Int64,
        "float4" | "float8" | "real" | "double" | "double precision" | "float" => DataType::Float64,
        "bool" | "boolean" => DataType::Boolean,
        "date" => DataType::Date32,
        "timestamp" | "timestamp without time zone" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "decimal" | "numeric" => {
            let inside = name.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
            let mut parts = inside.split(',').map(|part| part.trim().parse::<u8>().ok());
            match (parts.next().flatten(), parts.next().flatten()) {
                (Some(precision), scale) if (1..=38).contains(&precision) => {
                    DataType::Decimal128(precision, i8::try_from(scale.unwrap_or(0)).unwrap_or(0))
                }
                // Without its scale a decimal is only exact as text.
                _ => DataType::Utf8,
            }
        }
        _ => DataType::Utf8,
    }
}

fn column<'a>(cells: impl Iterator<Item = &'a Cell>, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    let cells: Vec<&Cell> = cells.collect();
    let typed: Option<ArrayRef> = match kind {
        DataType::Int64 if cells.iter().all(|cell| matches!(cell, Cell::Null | Cell::Integer(_))) => {
            let numbers = cells.iter().map(|cell| if let Cell::Integer(number) = cell { Some(*number) } else { None });
            Some(Arc::new(numbers.collect::<Int64Array>()))
        }
        DataType::Float64 if cells.iter().all(|cell| matches!(cell, Cell::Null | Cell::Float(_))) => {
            let numbers = cells.iter().map(|cell| if let Cell::Float(number) = cell { Some(*number) } else { None });
            Some(Arc::new(numbers.collect::<Float64Array>()))
        }
        DataType::Boolean if cells.iter().all(|cell| matches!(cell, Cell::Null | Cell::Boolean(_))) => {
            let truths = cells.iter().map(|cell| if let Cell::Boolean(truth) = cell { Some(*truth) } else { None });
            Some(Arc::new(truths.collect::<BooleanArray>()))
        }
        _ => None,
    };
    if let Some(typed) = typed {
        return Ok(typed);
    }
    let texts: StringArray = cells.iter().map(|cell| cells::text(cell)).collect();
    // A text that is not of its column's type is an error, not a NULL.
    cast_with_options(&texts, kind, &CastOptions { safe: false, ..CastOptions::default() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Date32Type, Decimal128Type, Int64Type};

    #[test]
    fn a_result_comes_back_with_its_types() {
        let names = [("n", "int4"), ("d", "decimal(6,3)"), ("t", "date"), ("s", "varchar")];
        let columns: Vec<QueryColumn> =
            names.iter().map(|(name, kind)| QueryColumn { name: (*name).into(), type_name: (*kind).into(), numeric: false }).collect();
        let mut parquet = Parquet::default();
        let mut out = vec![];
        parquet.begin(&columns, &mut out).unwrap();
        let text = |text: &str| Cell::Text(text.into());
        for row in
            [vec![Cell::Integer(7), text("93.200"), text("2026-01-02"), text("x")], vec![Cell::Null, Cell::Null, Cell::Null, Cell::Null]]
        {
            parquet.page(&Page { rows: vec![row], next: None }, &mut out).unwrap();
        }
        parquet.end(&mut out).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(out)).unwrap().build().unwrap();
        let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        let batch = &batches[0];
        assert_eq!((batches.len(), batch.num_rows()), (1, 2));
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(0), 7);
        assert_eq!(batch.column(1).as_primitive::<Decimal128Type>().value(0), 93_200);
        assert_eq!(batch.column(2).as_primitive::<Date32Type>().value(0), 20_455);
        assert_eq!(batch.column(3).as_string::<i32>().value(0), "x");
        assert!(batch.columns().iter().all(|column| column.is_null(1)));
    }
}

//! A Parquet file with the types of the result. Rows arrive as text and numbers; some of them become a batch. Dates, times and decimals are
//! read here where they are written as the services write them; Arrow's own casts read everything else.

use std::io::{self, Write};
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};
use chrono::{DateTime, NaiveDate};
use rayon::prelude::*;

use super::cells;
use super::{Chunk, RowWriter};
use crate::ops::query::{CellRef, QueryColumn};

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

    fn chunks(&mut self, chunks: &[Chunk<'_>], out: &mut dyn Write) -> io::Result<()> {
        let (Some(writer), Some(schema)) = (&mut self.writer, &self.schema) else { return Ok(()) };
        let rows = chunks.iter().map(|chunk| chunk.rows().len()).sum();
        let columns: Result<Vec<ArrayRef>, ArrowError> = schema
            .fields()
            .par_iter()
            .enumerate()
            .map(|(at, field)| column(chunks.iter().flat_map(|chunk| chunk.column(at)), rows, field.data_type()))
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

fn column<'a>(cells: impl Iterator<Item = CellRef<'a>> + Clone, rows: usize, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    if let Some(typed) = typed(cells.clone(), rows, kind) {
        return Ok(typed);
    }
    let texts: StringArray = cells.map(CellRef::text).collect();
    // A text that is not of its column's type is an error, not a NULL.
    cast_with_options(&texts, kind, &CastOptions { safe: false, ..CastOptions::default() })
}

/// The cells of a column, when all of them are written as the services write them.
fn typed<'a>(cells: impl Iterator<Item = CellRef<'a>>, rows: usize, kind: &DataType) -> Option<ArrayRef> {
    macro_rules! built {
        ($builder:expr, $($cell:pat => $value:expr),+) => {{
            let mut builder = $builder;
            for cell in cells {
                match cell {
                    CellRef::Null => builder.append_null(),
                    $($cell => builder.append_value($value),)+
                    #[allow(unreachable_patterns, reason = "some types take every cell")]
                    _ => return None,
                }
            }
            Some(Arc::new(builder.finish()) as ArrayRef)
        }};
    }
    match kind {
        DataType::Int64 => built!(Int64Builder::with_capacity(rows), CellRef::Integer(number) => number),
        DataType::Float64 => built!(Float64Builder::with_capacity(rows), CellRef::Float(number) => number),
        DataType::Boolean => built!(BooleanBuilder::with_capacity(rows), CellRef::Boolean(truth) => truth),
        DataType::Date32 => built!(Date32Builder::with_capacity(rows), CellRef::Text(text) => day(text)?),
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            built!(TimestampMicrosecondBuilder::with_capacity(rows), CellRef::Text(text) => moment(text)?)
        }
        DataType::Decimal128(precision, scale) => {
            let builder = Decimal128Builder::with_capacity(rows).with_precision_and_scale(*precision, *scale).ok()?;
            let scale = usize::try_from(*scale).ok()?;
            let digits = usize::from(*precision);
            built!(builder, CellRef::Text(text) => decimal(text, digits, scale)?)
        }
        DataType::Utf8 => built!(StringBuilder::with_capacity(rows, rows * 8), CellRef::Text(text) => text),
        _ => None,
    }
}

/// A decimal of so many digits with so many after the point, without its point.
fn decimal(text: &str, most: usize, scale: usize) -> Option<i128> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || whole.len() + scale > most || part.len() > scale {
        return None;
    }
    let mut value = 0_i128;
    for byte in whole.bytes().chain(part.bytes()) {
        // 38 digits fit.
        value = byte.is_ascii_digit().then(|| value * 10 + i128::from(byte - b'0'))?;
    }
    let value = value * 10_i128.pow(u32::try_from(scale - part.len()).ok()?);
    Some(if negative { -value } else { value })
}

/// Digits at a place of a text.
fn number(text: &str, from: usize, to: usize) -> Option<u32> {
    text.as_bytes().get(from..to)?.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
}

fn date(text: &str) -> Option<NaiveDate> {
    let marks = [4, 7].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(text, 0, 4)?).ok()?, number(text, 5, 7)?, number(text, 8, 10)?)?;
    marks.then_some(date)
}

/// Days since 1970 of `2026-01-02`.
fn day(text: &str) -> Option<i32> {
    let days = date(text)?.signed_duration_since(DateTime::UNIX_EPOCH.date_naive()).num_days();
    if text.len() == 10 { i32::try_from(days).ok() } else { None }
}

/// Microseconds since 1970 of `2026-01-02 03:04:05` with up to six digits behind the seconds.
fn moment(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let marks = matches!(bytes.get(10)?, b' ' | b'T') && [13, 16].iter().all(|at| bytes.get(*at) == Some(&b':'));
    let seconds = date(text)?.and_hms_opt(number(text, 11, 13)?, number(text, 14, 16)?, number(text, 17, 19)?)?.and_utc().timestamp();
    let part = match bytes.get(19..)? {
        [] => 0,
        [b'.', digits @ ..] if (1..=6).contains(&digits.len()) => {
            i64::from(number(text, 20, bytes.len())?) * 10_i64.pow(u32::try_from(6 - digits.len()).ok()?)
        }
        _ => return None,
    };
    marks.then(|| seconds * 1_000_000 + part)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Date32Type, Decimal128Type, Int64Type};

    use crate::ops::query::{Cell, Page};

    #[test]
    fn what_is_read_here_is_what_arrow_reads() {
        let decimal = |precision, scale| DataType::Decimal128(precision, scale);
        let moments = DataType::Timestamp(TimeUnit::Microsecond, None);
        for (kind, texts) in [
            (decimal(6, 3), &["93.200", "-0.5", "7", "-123.456", "0.001"][..]),
            (decimal(38, 0), &["99999999999999999999999999999999999999", "-1", "0"]),
            (decimal(5, 2), &["1.5", "007.25"]),
            (DataType::Date32, &["2026-01-02", "1969-12-31", "0001-01-01", "2024-02-29"]),
            (moments, &["2026-01-02 03:04:05", "1969-12-31 23:59:59.5", "2026-01-02T03:04:05.123456"]),
        ] {
            let cells = || texts.iter().map(|text| CellRef::Text(text)).chain([CellRef::Null]);
            let own = typed(cells(), texts.len() + 1, &kind).unwrap_or_else(|| panic!("{kind}: {texts:?}"));
            let strings: StringArray = cells().map(CellRef::text).collect();
            let expected = cast_with_options(&strings, &kind, &CastOptions { safe: false, ..CastOptions::default() }).unwrap();
            assert_eq!(&own, &expected, "{kind}");
        }
        for (kind, text) in [
            (decimal(6, 3), "1.2345"),
            (decimal(6, 3), "1234.5"),
            (decimal(6, 3), "1e3"),
            (DataType::Date32, "2026-02-30"),
            (DataType::Date32, "2026-01-02 03:04:05"),
            (DataType::Timestamp(TimeUnit::Microsecond, None), "2026-01-02 03:04:05+00"),
        ] {
            assert!(typed([CellRef::Text(text)].into_iter(), 1, &kind).is_none(), "{kind}: {text}");
        }
    }

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

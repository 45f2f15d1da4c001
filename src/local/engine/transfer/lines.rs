//! Rows as lines of text: CSV, delimited text and JSON, with values written as Redshift writes them.

use std::io::Write as _;

use chrono::{DateTime, NaiveDate};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::local::engine::SqlError;
use crate::local::engine::error::internal;
use crate::syntax::{Unload, UnloadFormat};

/// How rows become lines.
#[derive(Debug, Clone)]
pub(super) struct LineFormat {
    /// Text or CSV: between fields.
    delimiter: u8,
    /// CSV: quotes where they are needed.
    csv: bool,
    /// JSON objects.
    json: bool,
    /// Quotes around every field.
    quote_all: bool,
    /// A backslash before what would end a field.
    escape: bool,
    /// The text of NULL.
    null: String,
    /// Truth values are words, as Hive writes them.
    hive: bool,
    /// Widths in characters, of fields without a delimiter.
    widths: Vec<usize>,
}

impl LineFormat {
    /// The format of an UNLOAD that writes text.
    pub fn of(unload: &Unload, hive: bool) -> Self {
        let csv = unload.format == UnloadFormat::Csv;
        let delimiter = unload.delimiter.unwrap_or(if csv { ',' } else { '|' });
        LineFormat {
            // The parser takes ASCII only.
            delimiter: u8::try_from(delimiter).unwrap_or(b','),
            csv,
            json: unload.format == UnloadFormat::Json,
            quote_all: unload.add_quotes,
            escape: unload.escape,
            null: unload.null_as.clone().unwrap_or_default(),
            hive,
            widths: unload.fixed_width.iter().map(|(_, width)| *width).collect(),
        }
    }

    /// The header line.
    pub fn header(&self, labels: &[String]) -> Vec<u8> {
        let mut out = Vec::new();
        if self.json {
            return out;
        }
        for (index, label) in labels.iter().enumerate() {
            if index > 0 {
                out.push(self.delimiter);
            }
            self.text(&mut out, label.as_bytes());
        }
        out.push(b'\n');
        out
    }

    /// Appends rows as lines.
    pub fn rows(&self, out: &mut Vec<u8>, batch: &RecordBatch, labels: &[String]) -> Result<(), SqlError> {
        let columns = batch.columns().iter().map(Column::of).collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            if self.json {
                json_row(out, &columns, labels, row);
                continue;
            }
            if !self.widths.is_empty() {
                self.padded(out, &columns, row);
                continue;
            }
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    out.push(self.delimiter);
                }
                if column.is_null(row) {
                    out.extend_from_slice(self.null.as_bytes());
                } else if let (Column::Boolean(values), true) = (column, self.hive) {
                    out.extend_from_slice(if values.value(row) { b"true" } else { b"false" });
                } else if let Column::Text(texts) = column {
                    self.text(out, texts.value(row).as_bytes());
                } else if self.quote_all && !self.csv {
                    out.push(b'"');
                    column.write(out, row);
                    out.push(b'"');
                } else {
                    column.write(out, row);
                }
            }
            out.push(b'\n');
        }
        Ok(())
    }

    /// A row of fields of fixed widths: cut or filled up with blanks.
    fn padded(&self, out: &mut Vec<u8>, columns: &[Column<'_>], row: usize) {
        for (column, width) in columns.iter().zip(&self.widths) {
            let mut text = Vec::new();
            if column.is_null(row) {
                text.extend_from_slice(self.null.as_bytes());
            } else {
                column.write(&mut text, row);
            }
            let text = String::from_utf8_lossy(&text);
            let cut: String = text.chars().take(*width).collect();
            let blanks = width - cut.chars().count();
            out.extend_from_slice(cut.as_bytes());
            out.extend(std::iter::repeat_n(b' ', blanks));
        }
        out.push(b'\n');
    }

    fn text(&self, out: &mut Vec<u8>, text: &[u8]) {
        let special = |byte: &u8| matches!(*byte, b'"' | b'\n' | b'\r') || *byte == self.delimiter;
        // An empty text is quoted in CSV, so that it is not taken for NULL.
        let quoted = if self.csv { text.is_empty() || text.iter().any(special) } else { self.quote_all };
        if !quoted && !self.escape {
            out.extend_from_slice(text);
            return;
        }
        if quoted {
            out.push(b'"');
        }
        for byte in text {
            if quoted && *byte == b'"' {
                out.push(b'"');
            } else if self.escape && !self.csv && (*byte == b'\\' || special(byte)) {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        if quoted {
            out.push(b'"');
        }
    }
}

/// The values of columns as partitions name them, row by row, separated by `/`: `day=2024-05-06/n=3`.
pub(super) fn partitions(columns: &[(String, ArrayRef)], rows: usize) -> Result<Vec<String>, SqlError> {
    let readers = columns.iter().map(|(label, array)| Ok((label, Column::of(array)?))).collect::<Result<Vec<_>, SqlError>>()?;
    let mut paths = Vec::with_capacity(rows);
    for row in 0..rows {
        let mut path = String::new();
        for (label, column) in &readers {
            let mut text = Vec::new();
            if column.is_null(row) {
                text.extend_from_slice(b"__HIVE_DEFAULT_PARTITION__");
            } else {
                column.write(&mut text, row);
            }
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&format!("{label}={}", escaped(&String::from_utf8_lossy(&text))));
        }
        paths.push(path);
    }
    Ok(paths)
}

/// A value as part of a key: what would end it is written as `%` and two digits, as Hive does.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if c.is_control() || "\"#%'*/:=?\\{}[]^".contains(c) {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

fn json_row(out: &mut Vec<u8>, columns: &[Column<'_>], labels: &[String], row: usize) {
    let string = |out: &mut Vec<u8>, text: &str| out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    out.push(b'{');
    for (index, (column, label)) in columns.iter().zip(labels).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(out, label);
        out.push(b':');
        match column {
            column if column.is_null(row) => out.extend_from_slice(b"null"),
            Column::Text(texts) => string(out, texts.value(row)),
            Column::Boolean(values) => out.extend_from_slice(if values.value(row) { b"true" } else { b"false" }),
            column if column.is_number() => column.write(out, row),
            column => {
                let mut text = Vec::new();
                column.write(&mut text, row);
                string(out, &String::from_utf8_lossy(&text));
            }
        }
    }
    out.extend_from_slice(b"}\n");
}

/// A column of values to write.
enum Column<'a> {
    Int2(&'a PrimitiveArray<Int16Type>),
    Int4(&'a PrimitiveArray<Int32Type>),
    Int8(&'a PrimitiveArray<Int64Type>),
    Float4(&'a PrimitiveArray<Float32Type>),
    Float8(&'a PrimitiveArray<Float64Type>),
    Decimal(&'a PrimitiveArray<Decimal128Type>, usize),
    Boolean(&'a BooleanArray),
    Text(&'a StringArray),
    Date(&'a PrimitiveArray<Date32Type>),
    Timestamp(&'a PrimitiveArray<TimestampMicrosecondType>, bool),
    Null,
    /// Types that are rare in a warehouse, as Arrow shows them.
    Other(&'a ArrayRef, ArrayFormatter<'a>),
}

const SHOWN: FormatOptions<'static> = FormatOptions::new();

impl<'a> Column<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self, SqlError> {
        Ok(match array.data_type() {
            DataType::Int16 => Column::Int2(array.as_primitive()),
            DataType::Int32 => Column::Int4(array.as_primitive()),
            DataType::Int64 => Column::Int8(array.as_primitive()),
            DataType::Float32 => Column::Float4(array.as_primitive()),
            DataType::Float64 => Column::Float8(array.as_primitive()),
            DataType::Decimal128(_, scale) if *scale >= 0 => Column::Decimal(array.as_primitive(), usize::from(scale.unsigned_abs())),
            DataType::Boolean => Column::Boolean(array.as_boolean()),
            DataType::Utf8 => Column::Text(array.as_string()),
            DataType::Date32 => Column::Date(array.as_primitive()),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => Column::Timestamp(array.as_primitive(), zone.is_some()),
            DataType::Null => Column::Null,
            _ => Column::Other(array, ArrayFormatter::try_new(array, &SHOWN).map_err(internal)?),
        })
    }

    fn is_number(&self) -> bool {
        matches!(self, Column::Int2(_) | Column::Int4(_) | Column::Int8(_) | Column::Float4(_) | Column::Float8(_) | Column::Decimal(..))
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Column::Int2(values) => values.is_null(row),
            Column::Int4(values) => values.is_null(row),
            Column::Int8(values) => values.is_null(row),
            Column::Float4(values) => values.is_null(row),
            Column::Float8(values) => values.is_null(row),
            Column::Decimal(values, _) => values.is_null(row),
            Column::Boolean(values) => values.is_null(row),
            Column::Text(values) => values.is_null(row),
            Column::Date(values) => values.is_null(row),
            Column::Timestamp(values, _) => values.is_null(row),
            Column::Null => true,
            Column::Other(values, _) => values.is_null(row),
        }
    }

    /// Writes a value that is not NULL. Writing to memory does not fail.
    fn write(&self, out: &mut Vec<u8>, row: usize) {
        match self {
            Column::Int2(values) => integer(out, i64::from(values.value(row))),
            Column::Int4(values) => integer(out, i64::from(values.value(row))),
            Column::Int8(values) => integer(out, values.value(row)),
            Column::Float4(values) => drop(write!(out, "{}", values.value(row))),
            Column::Float8(values) => drop(write!(out, "{}", values.value(row))),
            Column::Decimal(values, scale) => decimal(out, values.value(row), *scale),
            Column::Boolean(values) => out.push(if values.value(row) { b't' } else { b'f' }),
            Column::Text(values) => out.extend_from_slice(values.value(row).as_bytes()),
            Column::Date(values) => match values.value(row).checked_add(719_163).and_then(NaiveDate::from_num_days_from_ce_opt) {
                Some(date) => drop(write!(out, "{}", date.format("%Y-%m-%d"))),
                None => drop(write!(out, "{}", values.value(row))),
            },
            Column::Timestamp(values, zoned) => {
                let micros = values.value(row);
                match DateTime::from_timestamp_micros(micros) {
                    Some(time) if micros % 1_000_000 == 0 => drop(write!(out, "{}", time.format("%Y-%m-%d %H:%M:%S"))),
                    Some(time) => {
                        let text = time.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
                        out.extend_from_slice(text.trim_end_matches('0').as_bytes());
                    }
                    None => integer(out, micros),
                }
                if *zoned {
                    out.extend_from_slice(b"+00");
                }
            }
            Column::Null => {}
            Column::Other(_, formatter) => drop(write!(out, "{}", formatter.value(row))),
        }
    }
}

fn integer(out: &mut Vec<u8>, value: i64) {
    digits(out, value < 0, u128::from(value.unsigned_abs()), 0);
}

fn decimal(out: &mut Vec<u8>, value: i128, scale: usize) {
    digits(out, value < 0, value.unsigned_abs(), scale);
}

/// Writes digits with a point before the last `scale` of them.
fn digits(out: &mut Vec<u8>, negative: bool, mut value: u128, scale: usize) {
    // 39 digits of a u128, a point and a sign.
    let mut buffer = [0_u8; 48];
    let mut at = buffer.len();
    let mut written = 0;
    while value > 0 || written <= scale {
        if written == scale && scale > 0 {
            at -= 1;
            buffer[at] = b'.';
        }
        at -= 1;
        // Small numbers are divided as u64, which is several times as fast.
        let (rest, digit) = match u64::try_from(value) {
            Ok(small) => (u128::from(small / 10), (small % 10) as u8),
            Err(_) => (value / 10, (value % 10) as u8),
        };
        buffer[at] = b'0' + digit;
        value = rest;
        written += 1;
    }
    if negative {
        at -= 1;
        buffer[at] = b'-';
    }
    out.extend_from_slice(&buffer[at..]);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::sync::Arc;

    use datafusion::arrow::array::{Date32Array, Decimal128Array, Float64Array, Int32Array, TimestampMicrosecondArray};
    use datafusion::arrow::datatypes::{Field, Schema};

    use super::*;

    fn batch() -> RecordBatch {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![Some(-5), None])),
            Arc::new(StringArray::from(vec![Some("a,\"b\""), Some("")])),
            Arc::new(Decimal128Array::from(vec![-1800, 93_994]).with_precision_and_scale(6, 3).unwrap()),
            Arc::new(Float64Array::from(vec![1.0, 0.1])),
            Arc::new(BooleanArray::from(vec![true, false])),
            Arc::new(Date32Array::from(vec![0, 19_000])),
            Arc::new(TimestampMicrosecondArray::from(vec![0, 1_500_000])),
        ];
        let fields: Vec<Field> =
            columns.iter().enumerate().map(|(index, column)| Field::new(format!("c{index}"), column.data_type().clone(), true)).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    }

    fn lines(format: &LineFormat) -> String {
        let labels: Vec<String> = (0..7).map(|index| format!("c{index}")).collect();
        let mut out = format.header(&labels);
        format.rows(&mut out, &batch(), &labels).unwrap();
        String::from_utf8(out).unwrap()
    }

    const CSV: LineFormat = LineFormat {
        delimiter: b',',
        csv: true,
        json: false,
        quote_all: false,
        escape: false,
        null: String::new(),
        hive: false,
        widths: Vec::new(),
    };

    #[test]
    fn csv_quotes_what_needs_it_and_tells_empty_from_null() {
        let expected = "c0,c1,c2,c3,c4,c5,c6\n-5,\"a,\"\"b\"\"\",-1.800,1,t,1970-01-01,1970-01-01 00:00:00\n,\"\",93.994,0.1,f,2022-01-08,1970-01-01 00:00:01.5\n";
        assert_eq!(lines(&CSV), expected);
    }

    #[test]
    fn text_with_quotes_and_escapes() {
        let format = LineFormat { delimiter: b'|', csv: false, quote_all: true, null: "\\N".into(), ..CSV };
        assert!(lines(&format).contains("\"-5\"|\"a,\"\"b\"\"\"|\"-1.800\""));
        assert!(lines(&format).contains("\n\\N|\"\"|"));
        let format = LineFormat { delimiter: b',', csv: false, escape: true, ..CSV };
        assert!(lines(&format).contains("-5,a\\,\\\"b\\\",-1.800"));
    }

    #[test]
    fn json_lines() {
        let text = lines(&LineFormat { csv: false, json: true, ..CSV });
        assert_eq!(
            text.lines().next().unwrap(),
            r#"{"c0":-5,"c1":"a,\"b\"","c2":-1.800,"c3":1,"c4":true,"c5":"1970-01-01","c6":"1970-01-01 00:00:00"}"#
        );
    }

    #[test]
    fn digits_of_every_size() {
        let text = |value, scale| {
            let mut out = Vec::new();
            decimal(&mut out, value, scale);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(0, 0), "0");
        assert_eq!(text(5, 3), "0.005");
        assert_eq!(text(-50_991, 1), "-5099.1");
        assert_eq!(text(i128::from(i64::MAX) * 10, 2), "922337203685477580.70");
        assert_eq!(text(-99_999_999_999_999_999_999_999_999_999_999_999_999, 37), "-9.9999999999999999999999999999999999999");
    }
}

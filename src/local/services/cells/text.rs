//! One cell as text.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, NaiveDate, Offset as _, TimeDelta, TimeZone as _, Timelike};
use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::array::{
    Array, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int64Array, NullArray, RecordBatch,
    StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::arrow::error::ArrowError;

use super::Style;

/// The columns of a normalised batch, ready to be read cell by cell.
pub struct Cells<'a> {
    columns: Vec<Column<'a>>,
    style: Style,
}

/// A column of one of the normal types.
enum Column<'a> {
    Null(&'a NullArray),
    Boolean(&'a BooleanArray),
    Integer(&'a Int64Array),
    Single(&'a Float32Array),
    Double(&'a Float64Array),
    Decimal(&'a Decimal128Array, i8),
    Date(&'a Date32Array),
    Timestamp(&'a TimestampMicrosecondArray, Option<Tz>),
    Time(&'a Time64MicrosecondArray),
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
}

impl<'a> Cells<'a> {
    /// The cells of a batch that [`super::normalise`] made.
    pub fn new(batch: &'a RecordBatch, style: Style) -> Result<Self, ArrowError> {
        let columns = batch.columns().iter().map(|column| Column::of(column.as_ref())).collect::<Result<_, _>>()?;
        Ok(Cells { columns, style })
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Appends the text of a cell; `false`, and nothing appended, when it is NULL.
    pub fn write(&self, column: usize, row: usize, out: &mut String) -> bool {
        let column = &self.columns[column];
        if column.array().is_null(row) {
            return false;
        }
        match column {
            Column::Null(_) => return false,
            Column::Boolean(array) => out.push_str(if array.value(row) { "true" } else { "false" }),
            Column::Integer(array) => put(out, format_args!("{}", array.value(row))),
            Column::Single(array) => match self.style {
                Style::Redshift => postgres_float(out, array.value(row).to_string(), f64::from(array.value(row))),
                Style::Athena => {
                    java_float(out, f64::from(array.value(row)), &array.value(row).to_string(), &format!("{:e}", array.value(row)));
                }
            },
            Column::Double(array) => {
                let value = array.value(row);
                match self.style {
                    Style::Redshift => postgres_float(out, value.to_string(), value),
                    Style::Athena => java_float(out, value, &value.to_string(), &format!("{value:e}")),
                }
            }
            Column::Decimal(array, scale) => decimal(out, array.value(row), *scale),
            Column::Date(array) => date(out, array.value(row)),
            Column::Timestamp(array, zone) => timestamp(out, array.value(row), zone.as_ref(), self.style),
            Column::Time(array) => time(out, array.value(row), self.style),
            Column::Text(array) => out.push_str(array.value(row)),
            Column::Bytes(array) => {
                for (index, byte) in array.value(row).iter().enumerate() {
                    if index > 0 && self.style == Style::Athena {
                        out.push(' ');
                    }
                    put(out, format_args!("{byte:02x}"));
                }
            }
        }
        true
    }

    /// Appends a cell as the Redshift Data API sends it: an object with one typed member.
    pub fn write_field(&self, column: usize, row: usize, out: &mut String, scratch: &mut String) {
        let cells = &self.columns[column];
        // An array of the type NULL has no null mask: it says of no row that it is null.
        if matches!(cells, Column::Null(_)) || cells.array().is_null(row) {
            out.push_str(r#"{"isNull":true}"#);
            return;
        }
        match cells {
            Column::Boolean(array) => put(out, format_args!("{{\"booleanValue\":{}}}", array.value(row))),
            Column::Integer(array) => put(out, format_args!("{{\"longValue\":{}}}", array.value(row))),
            Column::Single(array) => {
                scratch.clear();
                put(scratch, format_args!("{}", array.value(row)));
                double_field(out, f64::from(array.value(row)), scratch);
            }
            Column::Double(array) => {
                scratch.clear();
                put(scratch, format_args!("{}", array.value(row)));
                double_field(out, array.value(row), scratch);
            }
            Column::Bytes(array) => {
                use base64::Engine as _;
                let encoded = base64::engine::general_purpose::STANDARD.encode(array.value(row));
                put(out, format_args!("{{\"blobValue\":\"{encoded}\"}}"));
            }
            Column::Text(array) => {
                out.push_str(r#"{"stringValue":"#);
                json_text(out, array.value(row));
                out.push('}');
            }
            _ => {
                scratch.clear();
                self.write(column, row, scratch);
                out.push_str(r#"{"stringValue":"#);
                json_text(out, scratch);
                out.push('}');
            }
        }
    }
}

impl<'a> Column<'a> {
    fn of(array: &'a dyn Array) -> Result<Self, ArrowError> {
        let any = array.as_any();
        let column = match array.data_type() {
            DataType::Null => any.downcast_ref().map(Column::Null),
            DataType::Boolean => any.downcast_ref().map(Column::Boolean),
            DataType::Int64 => any.downcast_ref().map(Column::Integer),
            DataType::Float32 => any.downcast_ref().map(Column::Single),
            DataType::Float64 => any.downcast_ref().map(Column::Double),
            DataType::Decimal128(_, scale) => any.downcast_ref().map(|array| Column::Decimal(array, *scale)),
            DataType::Date32 => any.downcast_ref().map(Column::Date),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                let zone = zone.as_ref().map(|zone| zone.parse()).transpose()?;
                any.downcast_ref().map(|array| Column::Timestamp(array, zone))
            }
            DataType::Time64(TimeUnit::Microsecond) => any.downcast_ref().map(Column::Time),
            DataType::Utf8 => any.downcast_ref().map(Column::Text),
            DataType::Binary => any.downcast_ref().map(Column::Bytes),
            _ => None,
        };
        column.ok_or_else(|| ArrowError::SchemaError(format!("{} is not a type of stored results", array.data_type())))
    }

    fn array(&self) -> &dyn Array {
        match self {
            Column::Null(array) => *array,
            Column::Boolean(array) => *array,
            Column::Integer(array) => *array,
            Column::Single(array) => *array,
            Column::Double(array) => *array,
            Column::Decimal(array, _) => *array,
            Column::Date(array) => *array,
            Column::Timestamp(array, _) => *array,
            Column::Time(array) => *array,
            Column::Text(array) => *array,
            Column::Bytes(array) => *array,
        }
    }
}

fn put(out: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = out.write_fmt(what);
}

fn json_text(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

fn double_field(out: &mut String, value: f64, shortest: &str) {
    // JSON has no infinities and no NaN; AWS sends their names.
    match value {
        _ if value.is_nan() => out.push_str(r#"{"doubleValue":"NaN"}"#),
        f64::INFINITY => out.push_str(r#"{"doubleValue":"Infinity"}"#),
        f64::NEG_INFINITY => out.push_str(r#"{"doubleValue":"-Infinity"}"#),
        _ => {
            out.push_str(r#"{"doubleValue":"#);
            out.push_str(shortest);
            if !shortest.contains('.') {
                out.push_str(".0");
            }
            out.push('}');
        }
    }
}

fn postgres_float(out: &mut String, shortest: String, value: f64) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    } else {
        let size = value.abs();
        if size != 0.0 && !(1e-4..1e15).contains(&size) {
            let scientific = format!("{value:e}");
            let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
            put(out, format_args!("{digits}e{sign}{exponent:0>2}"));
        } else {
            out.push_str(&shortest);
        }
    }
}

/// `Double.toString` of Java: plain between 10⁻³ and 10⁷, else `1.5E10`; always with a decimal point.
fn java_float(out: &mut String, value: f64, shortest: &str, scientific: &str) {
    if !value.is_finite() {
        out.push_str(if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        });
        return;
    }
    let size = value.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        out.push_str(shortest);
        if !shortest.contains('.') {
            out.push_str(".0");
        }
    } else {
        let (digits, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        out.push_str(digits);
        if !digits.contains('.') {
            out.push_str(".0");
        }
        out.push('E');
        out.push_str(exponent);
    }
}

fn decimal(out: &mut String, value: i128, scale: i8) {
    let Some(scale) = usize::try_from(scale).ok().filter(|scale| *scale > 0) else {
        put(out, format_args!("{value}"));
        out.extend(std::iter::repeat_n('0', usize::from(scale.unsigned_abs())));
        return;
    };
    if value < 0 {
        out.push('-');
    }
    let start = out.len();
    put(out, format_args!("{:0>width$}", value.unsigned_abs(), width = scale + 1));
    // At least scale + 1 digits were written, so this is inside of them.
    let point = out.len().saturating_sub(scale).max(start);
    out.insert(point, '.');
}

/// Days between 0001-01-01 (day 1 of the common era) and 1970-01-01.
const EPOCH_FROM_COMMON_ERA: i32 = 719_163;

fn date(out: &mut String, days: i32) {
    match days.checked_add(EPOCH_FROM_COMMON_ERA).and_then(NaiveDate::from_num_days_from_ce_opt) {
        Some(date) => put(out, format_args!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())),
        None => put(out, format_args!("{days}")),
    }
}

/// A time, or a moment in its zone: behind it are the hours (and minutes, where there are) that the zone is ahead of UTC.
fn timestamp(out: &mut String, micros: i64, zone: Option<&Tz>, style: Style) {
    let Some(moment) = DateTime::from_timestamp_micros(micros) else {
        put(out, format_args!("{micros}"));
        return;
    };
    let ahead = zone.map_or(0, |zone| zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc());
    let at = moment.naive_utc() + TimeDelta::seconds(i64::from(ahead));
    put(out, format_args!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute(), at.second()));
    fraction(out, at.nanosecond() / 1000, style);
    match (zone, style) {
        (None, _) => {}
        (Some(_), Style::Athena) => out.push_str(" UTC"),
        (Some(_), Style::Redshift) => {
            let (sign, minutes) = (if ahead < 0 { '-' } else { '+' }, ahead.abs() / 60);
            put(out, format_args!("{sign}{:02}", minutes / 60));
            if minutes % 60 != 0 {
                put(out, format_args!(":{:02}", minutes % 60));
            }
        }
    }
}

fn time(out: &mut String, micros: i64, style: Style) {
    let seconds = micros.div_euclid(1_000_000);
    put(out, format_args!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    fraction(out, u32::try_from(micros.rem_euclid(1_000_000)).unwrap_or_default(), style);
}

fn fraction(out: &mut String, micros: u32, style: Style) {
    match style {
        Style::Athena => put(out, format_args!(".{:03}", micros / 1000)),
        Style::Redshift if micros == 0 => {}
        Style::Redshift => {
            let start = out.len();
            put(out, format_args!(".{micros:06}"));
            let end = out[start..].trim_end_matches('0').len();
            out.truncate(start + end);
        }
    }
}

/// Appends a CSV value in quotes where it needs them: an empty text (NULL is nothing at all), and one with a comma, a quote or a line end.
pub fn quote_if_needed(out: &mut String, text: &str) {
    if text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        quote(out, text);
    } else {
        out.push_str(text);
    }
}

/// Appends a CSV value in quotes.
pub fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut parts = text.split('"');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str("\"\"");
        out.push_str(part);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int32Array, StringViewArray, TimestampNanosecondArray, UInt64Array};

    use super::super::{normal_schema, normalise};
    use super::*;

    fn texts(array: ArrayRef, style: Style) -> Vec<Option<String>> {
        let batch = RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap();
        let batch = normalise(&batch, &normal_schema(&batch.schema()), style).unwrap();
        let cells = Cells::new(&batch, style).unwrap();
        (0..batch.num_rows())
            .map(|row| {
                let mut out = String::new();
                cells.write(0, row, &mut out).then_some(out)
            })
            .collect()
    }

    fn fields(array: ArrayRef) -> Vec<String> {
        let batch = RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap();
        let batch = normalise(&batch, &normal_schema(&batch.schema()), Style::Redshift).unwrap();
        let cells = Cells::new(&batch, Style::Redshift).unwrap();
        (0..batch.num_rows())
            .map(|row| {
                let mut out = String::new();
                cells.write_field(0, row, &mut out, &mut String::new());
                out
            })
            .collect()
    }

    fn some(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|text| Some((*text).to_owned())).collect()
    }

    #[test]
    fn floating_point_in_both_manners() {
        let values = || -> ArrayRef { Arc::new(Float64Array::from(vec![1.0, 0.1, 1e7, 1.5e10, 1.25e-5, -0.0, f64::NAN])) };
        assert_eq!(texts(values(), Style::Athena), some(&["1.0", "0.1", "1.0E7", "1.5E10", "1.25E-5", "-0.0", "NaN"]));
        assert_eq!(texts(values(), Style::Redshift), some(&["1", "0.1", "10000000", "15000000000", "1.25e-05", "-0", "NaN"]));
        let single: ArrayRef = Arc::new(Float32Array::from(vec![0.1_f32]));
        assert_eq!(fields(single), [r#"{"doubleValue":0.1}"#]);
        let big: ArrayRef = Arc::new(Float64Array::from(vec![1e20, f64::INFINITY]));
        assert_eq!(fields(big), [r#"{"doubleValue":100000000000000000000.0}"#, r#"{"doubleValue":"Infinity"}"#]);
    }

    #[test]
    fn decimals_keep_their_scale() {
        let array = Decimal128Array::from(vec![Some(5_228_100), Some(-36_400), Some(5), None]).with_precision_and_scale(18, 3).unwrap();
        let array: ArrayRef = Arc::new(array);
        let expected: Vec<Option<String>> =
            [Some("5228.100"), Some("-36.400"), Some("0.005"), None].map(|text| text.map(str::to_owned)).to_vec();
        assert_eq!(texts(array.clone(), Style::Redshift), expected);
        assert_eq!(fields(array)[1], r#"{"stringValue":"-36.400"}"#);
        let whole: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
        assert_eq!(texts(whole, Style::Redshift), some(&["18446744073709551615"]));
    }

    #[test]
    fn times_in_both_manners() {
        let at = || -> ArrayRef { Arc::new(TimestampNanosecondArray::from(vec![1_704_164_645_500_000_000, 1_704_164_645_000_000_000])) };
        assert_eq!(texts(at(), Style::Athena), some(&["2024-01-02 03:04:05.500", "2024-01-02 03:04:05.000"]));
        assert_eq!(texts(at(), Style::Redshift), some(&["2024-01-02 03:04:05.5", "2024-01-02 03:04:05"]));
        let zoned: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC"));
        assert_eq!(texts(zoned.clone(), Style::Athena), some(&["1970-01-01 00:00:00.000 UTC"]));
        assert_eq!(texts(zoned, Style::Redshift), some(&["1970-01-01 00:00:00+00"]));
        let day: ArrayRef = Arc::new(Date32Array::from(vec![19_724, -1]));
        assert_eq!(texts(day, Style::Athena), some(&["2024-01-02", "1969-12-31"]));
    }

    #[test]
    fn texts_integers_and_truth_values_are_typed_fields() {
        let array: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a\"b\n"), Some("plain"), None]));
        assert_eq!(fields(array), [r#"{"stringValue":"a\"b\n"}"#, r#"{"stringValue":"plain"}"#, r#"{"isNull":true}"#]);
        assert_eq!(fields(Arc::new(Int32Array::from(vec![-7]))), [r#"{"longValue":-7}"#]);
        assert_eq!(fields(Arc::new(BooleanArray::from(vec![true]))), [r#"{"booleanValue":true}"#]);
        assert_eq!(fields(Arc::new(BinaryArray::from(vec![&b"\x01\xff"[..]]))), [r#"{"blobValue":"Af8="}"#]);
        assert_eq!(fields(Arc::new(NullArray::new(1))), [r#"{"isNull":true}"#]);
    }

    #[test]
    fn csv_is_quoted_where_it_must_be() {
        let csv = |text| {
            let mut out = String::new();
            quote_if_needed(&mut out, text);
            out
        };
        assert_eq!([csv("a"), csv(""), csv("a,b"), csv("say \"x\"")], ["a", "\"\"", "\"a,b\"", "\"say \"\"x\"\"\""]);
    }
}

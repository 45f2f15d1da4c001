//! Fields of text as values of a column's type, and columns built of them.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, TimeUnit};

use super::times::{self, TimeFormat};
use crate::local::engine::types::ColumnType;

/// What a field is loaded as. Narrower numbers are checked here and stored by the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number between two bounds.
    Whole(i64, i64),
    /// A floating point number.
    Float,
    /// A decimal of so many digits, so many of them behind the point.
    Decimal(u8, i8),
    /// A truth value.
    Boolean,
    /// A date.
    Date,
    /// A date and time.
    Timestamp,
    /// An instant.
    Instant,
    /// A time of day.
    Time,
    /// Text of at most so many bytes.
    Text(Option<u32>),
}

/// How a statement wants fields to be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// `DATEFORMAT`.
    pub dates: TimeFormat,
    /// `TIMEFORMAT`.
    pub times: TimeFormat,
    /// `ACCEPTANYDATE`.
    pub accept_any_date: bool,
    /// `ROUNDEC`.
    pub round_decimals: bool,
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// NULL.
    Null,
    /// A whole number, also days or microseconds since 1970 and unscaled decimals.
    Whole(i128),
    /// A floating point number.
    Float(f64),
    /// A truth value.
    Boolean(bool),
    /// Text.
    Text(String),
}

impl Kind {
    /// The kind of a column; `None` for types that text cannot be loaded into.
    pub fn of(column: &ColumnType) -> Option<Kind> {
        Some(match column {
            ColumnType::Tinyint => Kind::Whole(i64::from(i8::MIN), i64::from(i8::MAX)),
            ColumnType::Int2 => Kind::Whole(i64::from(i16::MIN), i64::from(i16::MAX)),
            ColumnType::Int4 => Kind::Whole(i64::from(i32::MIN), i64::from(i32::MAX)),
            ColumnType::Int8 => Kind::Whole(i64::MIN, i64::MAX),
            ColumnType::Float4 | ColumnType::Float8 => Kind::Float,
            ColumnType::Decimal { precision, scale } => Kind::Decimal(*precision, *scale),
            ColumnType::Boolean => Kind::Boolean,
            ColumnType::Date => Kind::Date,
            ColumnType::Timestamp => Kind::Timestamp,
            ColumnType::TimestampTz => Kind::Instant,
            ColumnType::Time => Kind::Time,
            ColumnType::Varchar(length) => Kind::Text(*length),
            ColumnType::Char(length) => Kind::Text(Some(*length)),
            ColumnType::Super => Kind::Text(None),
            _ => return None,
        })
    }

    /// The Arrow type that columns of the kind are built in.
    pub fn arrow(self) -> DataType {
        match self {
            Kind::Whole(..) => DataType::Int64,
            Kind::Float => DataType::Float64,
            Kind::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
            Kind::Boolean => DataType::Boolean,
            Kind::Date => DataType::Date32,
            Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Kind::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::Time => DataType::Time64(TimeUnit::Microsecond),
            Kind::Text(_) => DataType::Utf8,
        }
    }

    /// Reads a field that is not NULL, or gives the number of the reason and the reason in Redshift's words.
    pub fn read(self, text: &str, reading: &Reading) -> Result<Cell, (u32, String)> {
        if let Kind::Text(length) = self {
            return match length {
                Some(length) if text.len() > usize::try_from(length).unwrap_or(usize::MAX) => {
                    Err((1204, "String length exceeds DDL length".to_owned()))
                }
                _ => Ok(Cell::Text(text.to_owned())),
            };
        }
        let trimmed = text.trim();
        match self {
            Kind::Whole(low, high) => match trimmed.parse::<i128>() {
                Ok(value) if value >= i128::from(low) && value <= i128::from(high) => Ok(Cell::Whole(value)),
                Ok(_) => Err((1207, format!("Overflow for type {}", name(low)))),
                Err(_) => Err((1207, invalid_digit(trimmed, name(low)))),
            },
            Kind::Float => match trimmed.parse::<f64>() {
                Ok(value) => Ok(Cell::Float(value)),
                Err(_) => Err((1208, invalid_digit(trimmed, "Double"))),
            },
            Kind::Decimal(precision, scale) => decimal(trimmed, precision, scale, reading.round_decimals).map_err(|reason| (1209, reason)),
            Kind::Boolean => match trimmed.to_lowercase().as_str() {
                "t" | "true" | "y" | "yes" | "1" => Ok(Cell::Boolean(true)),
                "f" | "false" | "n" | "no" | "0" => Ok(Cell::Boolean(false)),
                _ => Err((1210, "Unknown boolean format".to_owned())),
            },
            Kind::Date => match reading.dates.date(trimmed) {
                Some(date) => Ok(Cell::Whole(i128::from(chrono::Datelike::num_days_from_ce(&date) - 719_163))),
                None if reading.accept_any_date => Ok(Cell::Null),
                None => Err((1205, "Invalid Date Format - length must be 10 or more".to_owned())),
            },
            Kind::Timestamp | Kind::Instant => match reading.times.time(trimmed) {
                Some((time, offset)) => {
                    let time = if self == Kind::Instant { times::utc(time, offset) } else { time };
                    Ok(Cell::Whole(i128::from(time.and_utc().timestamp_micros())))
                }
                None if reading.accept_any_date => Ok(Cell::Null),
                None => Err((1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]".to_owned())),
            },
            Kind::Time => match times::clock(trimmed, reading.times == TimeFormat::Auto) {
                Some(time) => {
                    let midnight = time.signed_duration_since(chrono::NaiveTime::MIN);
                    Ok(Cell::Whole(i128::from(midnight.num_microseconds().unwrap_or(0))))
                }
                None => Err((1206, "Invalid time format or value [HH24:MI:SS]".to_owned())),
            },
            Kind::Text(_) => Ok(Cell::Text(text.to_owned())),
        }
    }

    /// The column of cells of this kind.
    pub fn column(self, cells: &mut Vec<Cell>) -> ArrayRef {
        let cells = cells.drain(..);
        let whole = |cell: Cell| if let Cell::Whole(value) = cell { Some(value) } else { None };
        // The bounds of each kind were checked when its cells were read.
        let narrow = |cell: Cell| whole(cell).and_then(|value| i64::try_from(value).ok());
        match self {
            Kind::Whole(..) => Arc::new(cells.map(narrow).collect::<Int64Array>()),
            Kind::Float => {
                Arc::new(cells.map(|cell| if let Cell::Float(value) = cell { Some(value) } else { None }).collect::<Float64Array>())
            }
            Kind::Decimal(..) => Arc::new(cells.map(whole).collect::<Decimal128Array>().with_data_type(self.arrow())),
            Kind::Boolean => {
                Arc::new(cells.map(|cell| if let Cell::Boolean(value) = cell { Some(value) } else { None }).collect::<BooleanArray>())
            }
            Kind::Date => Arc::new(cells.map(|cell| narrow(cell).and_then(|days| i32::try_from(days).ok())).collect::<Date32Array>()),
            Kind::Timestamp => Arc::new(cells.map(narrow).collect::<TimestampMicrosecondArray>()),
            Kind::Instant => Arc::new(cells.map(narrow).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
            Kind::Time => Arc::new(cells.map(narrow).collect::<Time64MicrosecondArray>()),
            Kind::Text(_) => {
                Arc::new(cells.map(|cell| if let Cell::Text(text) = cell { Some(text) } else { None }).collect::<StringArray>())
            }
        }
    }
}

/// Redshift's name of a whole number type in a load error, by its lower bound.
fn name(low: i64) -> &'static str {
    match low {
        i64::MIN => "Long",
        low if low == i64::from(i32::MIN) => "Integer",
        _ => "Short",
    }
}

fn invalid_digit(text: &str, kind: &str) -> String {
    let place = text.char_indices().find(|(at, c)| !(c.is_ascii_digit() || (*at == 0 && matches!(c, '-' | '+'))));
    let (at, digit) = place.unwrap_or((0, ' '));
    format!("Invalid digit, Value '{digit}', Pos {at}, Type: {kind}")
}

/// Reads a decimal; digits beyond the scale are cut off, or rounded, halves away from zero.
fn decimal(text: &str, precision: u8, scale: i8, round: bool) -> Result<Cell, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
        return Err(invalid_digit(text, "Decimal"));
    }
    let places = usize::try_from(scale).unwrap_or(0);
    let kept = fraction.get(..places.min(fraction.len())).unwrap_or(fraction);
    let too_large = || format!("Numeric overflow, Value '{text}', Type: Decimal({precision},{scale})");
    let mut value: i128 =
        format!("{whole}{kept:0<places$}").parse().or_else(|_| if whole.is_empty() { Ok(0) } else { Err(too_large()) })?;
    if round && fraction.as_bytes().get(places).is_some_and(|next| *next >= b'5') {
        value += 1;
    }
    if value >= 10_i128.pow(u32::from(precision.min(38))) {
        return Err(too_large());
    }
    Ok(Cell::Whole(if negative { -value } else { value }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn decimals_are_cut_or_rounded_and_overflow() {
        assert_eq!(decimal("-1.8005", 6, 3, true), Ok(Cell::Whole(-1801)));
        assert_eq!(decimal("-1.8009", 6, 3, false), Ok(Cell::Whole(-1800)));
        assert_eq!(decimal("5228.1", 6, 1, false), Ok(Cell::Whole(52_281)));
        assert_eq!(decimal(".5", 6, 3, false), Ok(Cell::Whole(500)));
        assert!(decimal("1000.0", 6, 3, false).unwrap_err().starts_with("Numeric overflow"));
        assert_eq!(decimal("1,5", 6, 3, false).unwrap_err(), "Invalid digit, Value ',', Pos 1, Type: Decimal");
    }

    #[test]
    fn reasons_are_redshifts() {
        let reading = Reading::default();
        let int = Kind::of(&ColumnType::Int4).unwrap();
        assert_eq!(int.read(" 42 ", &reading), Ok(Cell::Whole(42)));
        assert_eq!(int.read("4x", &reading).unwrap_err(), (1207, "Invalid digit, Value 'x', Pos 1, Type: Integer".to_owned()));
        assert_eq!(Kind::Text(Some(3)).read("abcd", &reading).unwrap_err().1, "String length exceeds DDL length");
        assert_eq!(Kind::Date.read("2022-01-08", &reading), Ok(Cell::Whole(19_000)));
        assert_eq!(Kind::Date.read("no date", &reading).unwrap_err().0, 1205);
        assert_eq!(Kind::Date.read("no date", &Reading { accept_any_date: true, ..reading.clone() }), Ok(Cell::Null));
        assert_eq!(Kind::Instant.read("1970-01-01 02:00:00+02", &reading), Ok(Cell::Whole(0)));
        assert!(Kind::Boolean.read("maybe", &reading).is_err());
    }
}

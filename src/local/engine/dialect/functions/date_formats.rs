//! Dates, times and numbers as text and back: Redshift's `to_char`, `to_date`, `to_timestamp` with its templates, Trino's `date_format` and
//! `date_parse` with MySQL's.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Date32Array, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type};
use datafusion::common::cast::{as_string_array, as_timestamp_microsecond_array};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::date_rows::{day_number, time_at};
use super::kernel::{Kernel, TIMESTAMP, at, returns_text, returns_timestamp};
use super::number_formats::{Number, Template};
use crate::local::engine::Dialect;

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Templates of Redshift, longest first where one starts another.
const TEMPLATES: [&str; 32] = [
    "HH24", "HH12", "SSSS", "YYYY", "MONTH", "Month", "month", "YYY", "DDD", "DAY", "Day", "day", "MON", "Mon", "mon", "A.M.", "P.M.",
    "HH", "MI", "SS", "MS", "US", "YY", "MM", "DD", "DY", "Dy", "dy", "AM", "PM", "WW", "IW",
];

pub(super) fn scalar(dialect: Dialect) -> Vec<Arc<ScalarUDF>> {
    let text = [DataType::Utf8, DataType::Utf8];
    match dialect {
        Dialect::Redshift => vec![
            Kernel::coerced("to_char", char_types, returns_text, to_char),
            Kernel::exact(
                "to_date",
                &text,
                |_| Ok(DataType::Date32),
                |args| {
                    let days = parse_rows(args, parse_template)?.into_iter().map(|time| time.map(|time| day_number(time.date())));
                    Ok(Arc::new(days.collect::<Date32Array>()))
                },
            ),
            Kernel::exact("to_timestamp", &text, returns_timestamp, |args| timestamps(parse_rows(args, parse_template)?)),
        ],
        Dialect::Athena => vec![
            Kernel::exact("date_format", &[TIMESTAMP, DataType::Utf8], returns_text, |args| {
                let (times, formats) = (as_timestamp_microsecond_array(&args[0])?, as_string_array(&args[1])?);
                let mut out = Vec::with_capacity(times.len());
                for row in 0..times.len() {
                    let pair = time_at(times, row)?.zip(at(formats, row));
                    out.push(pair.map(|(time, format)| format_percent(time, format)).transpose()?);
                }
                Ok(Arc::new(StringArray::from(out)))
            }),
            Kernel::exact("date_parse", &text, returns_timestamp, |args| timestamps(parse_rows(args, parse_percent)?)),
        ],
    }
}

fn timestamps(times: Vec<Option<NaiveDateTime>>) -> Result<ArrayRef> {
    let micros = times.into_iter().map(|time| time.map(|time| time.and_utc().timestamp_micros()));
    Ok(Arc::new(micros.collect::<TimestampMicrosecondArray>()))
}

fn parse_rows(args: &[ArrayRef], parse: fn(&str, &str) -> Option<NaiveDateTime>) -> Result<Vec<Option<NaiveDateTime>>> {
    let (texts, formats) = (as_string_array(&args[0])?, as_string_array(&args[1])?);
    let mut out = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        out.push(match (at(texts, row), at(formats, row)) {
            (Some(text), Some(format)) => match parse(text, format) {
                Some(time) => Some(time),
                None => return exec_err!("\"{text}\" is not a date or time of the format \"{format}\""),
            },
            _ => None,
        });
    }
    Ok(out)
}

fn char_types(given: &[DataType]) -> Result<Vec<DataType>> {
    let [value, _] = given else { return plan_err!("to_char takes 2 arguments") };
    let value = match value {
        DataType::Decimal128(precision, scale) if *scale >= 0 => DataType::Decimal128(*precision, *scale),
        whole if whole.is_integer() => DataType::Decimal128(20, 0),
        other if other.is_numeric() => DataType::Float64,
        _ => TIMESTAMP,
    };
    Ok(vec![value, DataType::Utf8])
}

fn to_char(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (values, formats) = (&args[0], as_string_array(&args[1])?);
    let rows = 0..formats.len();
    let texts: Vec<Option<String>> = if values.data_type().is_numeric() {
        // The template is the same in all rows but for rare cases.
        let mut last: Option<(&str, Template)> = None;
        rows.map(|row| {
            let format = at(formats, row).filter(|_| values.is_valid(row))?;
            if last.as_ref().is_none_or(|(known, _)| *known != format) {
                last = Some((format, Template::new(format)));
            }
            let (_, template) = last.as_ref()?;
            Some(template.write(&number_at(values, row, template.decimals())))
        })
        .collect()
    } else {
        let times = cast(values, &TIMESTAMP)?;
        let times = as_timestamp_microsecond_array(&times)?;
        rows.map(|row| Ok(time_at(times, row)?.zip(at(formats, row)).map(|(time, format)| format_template(time, format))))
            .collect::<Result<_>>()?
    };
    Ok(Arc::new(StringArray::from(texts)))
}

/// A number of the types that [`char_types`] asks for.
fn number_at(values: &ArrayRef, row: usize, decimals: usize) -> Number {
    match values.data_type() {
        DataType::Decimal128(_, scale) => {
            Number::of_decimal(values.as_primitive::<Decimal128Type>().value(row), usize::try_from(*scale).unwrap_or(0), decimals)
        }
        _ => Number::of_float(values.as_primitive::<Float64Type>().value(row), decimals),
    }
}

/// The template that `rest` starts with, in its spelling and case.
fn template(rest: &str) -> Option<&'static str> {
    TEMPLATES.into_iter().find(|template| {
        let name = matches!(*template, "MONTH" | "Month" | "month" | "MON" | "Mon" | "mon" | "DAY" | "Day" | "day" | "DY" | "Dy" | "dy");
        match rest.get(..template.len()) {
            Some(start) if name => start == *template,
            Some(start) => start.eq_ignore_ascii_case(template),
            None => false,
        }
    })
}

fn format_template(time: NaiveDateTime, format: &str) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (quoted, behind) = rest[1..].split_once('"').unwrap_or((&rest[1..], ""));
            out.push_str(quoted);
            rest = behind;
            continue;
        }
        let fill = !rest.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("FM"));
        let body = if fill { rest } else { &rest[2..] };
        let found = template(body).map(|template| (template, template.len()));
        // One-letter templates.
        let found = found.or_else(|| match body.chars().next() {
            Some('Q' | 'q') => Some(("Q", 1)),
            Some('D') => Some(("D", 1)),
            Some('J') => Some(("J", 1)),
            Some('Y') => Some(("Y", 1)),
            _ => None,
        });
        if let Some((template, length)) = found {
            push_field(&mut out, time, template, fill);
            rest = &body[length..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn push_field(out: &mut String, time: NaiveDateTime, template: &str, fill: bool) {
    let month = MONTHS[time.month0() as usize];
    let day = DAYS[time.weekday().num_days_from_sunday() as usize];
    let hour12 = time.hour12().1;
    let mut padded = |value: u32, width: usize| {
        // Writing to a String does not fail.
        let _ = if fill { write!(out, "{value:0width$}") } else { write!(out, "{value}") };
    };
    let year = time.year().unsigned_abs();
    match template {
        "YYYY" => padded(year, 4),
        "YYY" => padded(year % 1000, 3),
        "YY" => padded(year % 100, 2),
        "Y" => padded(year % 10, 1),
        "MM" => padded(time.month(), 2),
        "DDD" => padded(time.ordinal(), 3),
        "DD" => padded(time.day(), 2),
        "D" => padded(time.weekday().number_from_sunday(), 1),
        "HH24" => padded(time.hour(), 2),
        "HH12" | "HH" => padded(hour12, 2),
        "MI" => padded(time.minute(), 2),
        "SSSS" => padded(time.num_seconds_from_midnight(), 1),
        "SS" => padded(time.second(), 2),
        "MS" => padded(time.nanosecond() / 1_000_000, 3),
        "US" => padded(time.nanosecond() / 1000, 6),
        "Q" => padded(time.month0() / 3 + 1, 1),
        "WW" => padded(time.ordinal0() / 7 + 1, 2),
        "IW" => padded(time.iso_week().week(), 2),
        "J" => padded(u32::try_from(day_number(time.date()) + 2_440_588).unwrap_or(0), 1),
        "AM" | "PM" => out.push_str(if time.hour() < 12 { "AM" } else { "PM" }),
        "A.M." | "P.M." => out.push_str(if time.hour() < 12 { "A.M." } else { "P.M." }),
        name => {
            let (long, width) = match name.to_lowercase().as_str() {
                "month" => (month, 9),
                "mon" => (&month[..3], 0),
                "day" => (day, 9),
                _ => (&day[..3], 0),
            };
            let cased = if name.chars().all(char::is_uppercase) {
                long.to_uppercase()
            } else if name.chars().all(char::is_lowercase) {
                long.to_lowercase()
            } else {
                long.to_owned()
            };
            let width = if fill { width } else { 0 };
            let _ = write!(out, "{cased:width$}");
        }
    }
}

/// Reads a text by a Redshift template. What the template does not say is the first of its kind (year 1, January, midnight).
fn parse_template(text: &str, format: &str) -> Option<NaiveDateTime> {
    let (mut year, mut month, mut day, mut hour, mut minute, mut second, mut micros) = (1_i32, 1_u32, 1_u32, 0_u32, 0_u32, 0_u32, 0_u32);
    let mut afternoon = None;
    let mut rest = text.trim();
    let mut pattern = format.trim();
    while let Some(first) = pattern.chars().next() {
        if let Some(behind) = pattern.strip_prefix("FM") {
            pattern = behind;
            continue;
        }
        let Some(template) = template(pattern) else {
            // A separator stands for any one separator.
            pattern = &pattern[first.len_utf8()..];
            if let Some(separator) = rest.chars().next().filter(|c| !c.is_alphanumeric()) {
                rest = &rest[separator.len_utf8()..];
            } else if first.is_alphanumeric() && rest.starts_with(first) {
                rest = &rest[first.len_utf8()..];
            }
            continue;
        };
        pattern = &pattern[template.len()..];
        match template {
            "YYYY" => year = i32::try_from(digits(&mut rest, 4)?).ok()?,
            "YY" => year = 2000 + i32::try_from(digits(&mut rest, 2)?).ok()?,
            "MM" => month = digits(&mut rest, 2)?,
            "DD" => day = digits(&mut rest, 2)?,
            "HH24" => hour = digits(&mut rest, 2)?,
            "HH12" | "HH" => hour = digits(&mut rest, 2)?,
            "MI" => minute = digits(&mut rest, 2)?,
            "SS" => second = digits(&mut rest, 2)?,
            "MS" => micros = fraction(&mut rest, 3)?,
            "US" => micros = fraction(&mut rest, 6)?,
            "AM" | "PM" | "A.M." | "P.M." => {
                let length = template.len();
                afternoon = Some(rest.get(..length)?.to_uppercase().starts_with('P'));
                rest = &rest[length..];
            }
            name if name.to_lowercase().starts_with("mon") => {
                let (index, length) = month_name(rest)?;
                month = index;
                rest = &rest[length..];
            }
            _ => return None,
        }
    }
    if let Some(afternoon) = afternoon {
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    let time = NaiveTime::from_hms_micro_opt(hour, minute, second, micros)?;
    Some(NaiveDate::from_ymd_opt(year, month, day)?.and_time(time))
}

/// At most `most` digits, at least one.
fn digits(rest: &mut &str, most: usize) -> Option<u32> {
    let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let value = rest.get(..length)?.parse().ok()?;
    *rest = &rest[length..];
    Some(value)
}

/// A fraction of a second in microseconds.
fn fraction(rest: &mut &str, most: usize) -> Option<u32> {
    let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let value: u32 = rest.get(..length)?.parse().ok()?;
    *rest = &rest[length..];
    Some(value * 10_u32.pow(6 - u32::try_from(length).ok()?))
}

/// The month whose name, long or short, a text starts with.
fn month_name(text: &str) -> Option<(u32, usize)> {
    let lower = text.to_lowercase();
    MONTHS.iter().zip(1..).find_map(|(name, index)| {
        let name = name.to_lowercase();
        if lower.starts_with(&name) {
            Some((index, name.len()))
        } else if lower.starts_with(&name[..3]) {
            Some((index, 3))
        } else {
            None
        }
    })
}

/// MySQL's `%` format as chrono's.
fn chrono_format(format: &str) -> Option<String> {
    let mut out = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        out.push_str(match characters.next()? {
            'Y' => "%Y",
            'y' => "%y",
            'm' => "%m",
            'c' => "%-m",
            'd' => "%d",
            'e' => "%-d",
            'H' => "%H",
            'k' => "%-H",
            'h' | 'I' => "%I",
            'l' => "%-I",
            'i' => "%M",
            's' | 'S' => "%S",
            'f' => "%6f",
            'p' => "%p",
            'a' => "%a",
            'W' => "%A",
            'b' => "%b",
            'M' => "%B",
            'j' => "%j",
            'T' => "%H:%M:%S",
            'r' => "%I:%M:%S %p",
            'v' => "%V",
            '%' => "%%",
            _ => return None,
        });
    }
    Some(out)
}

fn format_percent(time: NaiveDateTime, format: &str) -> Result<String> {
    match chrono_format(format) {
        Some(chrono) => Ok(time.format(&chrono).to_string()),
        None => exec_err!("the date format \"{format}\" is not supported"),
    }
}

fn parse_percent(text: &str, format: &str) -> Option<NaiveDateTime> {
    let chrono = chrono_format(format)?;
    NaiveDateTime::parse_from_str(text, &chrono)
        .ok()
        .or_else(|| NaiveDate::parse_from_str(text, &chrono).ok().map(|date| date.and_time(NaiveTime::MIN)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn time() -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2024, 5, 6).unwrap().and_hms_micro_opt(15, 4, 9, 120_000).unwrap()
    }

    #[test]
    fn redshift_templates() {
        assert_eq!(format_template(time(), "YYYY-MM-DD HH24:MI:SS.MS"), "2024-05-06 15:04:09.120");
        assert_eq!(format_template(time(), "Mon DD, YYYY HH:MI AM"), "May 06, 2024 03:04 PM");
        assert_eq!(format_template(time(), "FMDay \"of\" Q"), "Monday of 2");
        assert_eq!(format_template(time(), "MONTH|"), "MAY      |");
    }

    #[test]
    fn reading_by_template() {
        let read = |text, format| parse_template(text, format).map(|time| time.to_string());
        assert_eq!(read("2024-05-06", "YYYY-MM-DD").as_deref(), Some("2024-05-06 00:00:00"));
        assert_eq!(read("06 Jan 24 03:04:05 pm", "DD Mon YY HH12:MI:SS AM").as_deref(), Some("2024-01-06 15:04:05"));
        assert_eq!(read("20240230", "YYYYMMDD"), None);
    }

    #[test]
    fn mysql_formats() {
        assert_eq!(format_percent(time(), "%Y-%m-%d %H:%i:%s").unwrap(), "2024-05-06 15:04:09");
        assert_eq!(parse_percent("06/05/2024", "%d/%m/%Y").unwrap().to_string(), "2024-05-06 00:00:00");
        assert!(format_percent(time(), "%Q").is_err());
    }
}

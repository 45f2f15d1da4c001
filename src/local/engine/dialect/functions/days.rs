//! Texts that are days, in the ways that Redshift takes: `2002-3-01`, `3/1/2002`, `20020301`, with or without a time behind them.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use datafusion::arrow::array::{Array, ArrayRef, Date32Array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::as_string_array;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ScalarUDF;

use super::kernel::{Kernel, at, returns_text, text_rows};

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    vec![Kernel::coerced("to_day", as_given, |_| Ok(DataType::Date32), |args| days(&args[0])), moment_text()]
}

/// The function that writes texts as [`moment`] does.
pub(in crate::engine::dialect) fn moment_text() -> Arc<ScalarUDF> {
    Kernel::exact("moment_text", &[DataType::Utf8], returns_text, |args| text_rows(args, |texts| Ok(Some(moment(texts[0])))))
}

/// A text that is a moment, in any of the forms that Redshift takes, as Arrow reads it: year, month and day, and the seconds of a time.
pub(in crate::engine::dialect) fn moment(text: &str) -> String {
    with_seconds(&with_day(text))
}

/// A text with its day as year, month and day.
pub(in crate::engine::dialect) fn with_day(text: &str) -> String {
    match day_and_rest(text) {
        // A day alone is the same in every zone.
        Some((day, rest)) if rest.is_empty() || is_zone(rest) => day.to_string(),
        Some((day, rest)) => format!("{day} {rest}"),
        None => text.to_owned(),
    }
}

/// Whether a text is a zone by its distance from UTC: `Z`, `+00`, `-05:30`.
fn is_zone(text: &str) -> bool {
    let distance = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        digits % 2 == 0 && (2..=6).contains(&digits) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
    };
    text == "Z" || text.strip_prefix(['+', '-']).is_some_and(distance)
}

/// `2024-05-06 15:04` with its seconds.
pub(in crate::engine::dialect) fn with_seconds(text: &str) -> String {
    let text = text.trim();
    let minutes = text.len() == 16 && text.as_bytes().get(13) == Some(&b':') && text.bytes().filter(|byte| *byte == b':').count() == 1;
    if minutes { format!("{text}:00") } else { text.to_owned() }
}

fn as_given(types: &[DataType]) -> Result<Vec<DataType>> {
    let [given] = types else { return exec_err!("a cast takes one value") };
    Ok(vec![if given.is_string() { DataType::Utf8 } else { given.clone() }])
}

/// The day that a text begins with, in any of the forms of [`day_of`] or with the month's name (`January 8, 1999`, `8-Jan-99`), and the text
/// behind it.
pub(in crate::engine::dialect) fn day_and_rest(text: &str) -> Option<(NaiveDate, &str)> {
    let text = text.trim();
    let (first, rest) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    if let Some(day) = day_of(first) {
        return Some((day, rest.trim_start()));
    }
    let (second, rest) = rest.trim_start().split_once(' ')?;
    let (third, rest) = rest.trim_start().split_once(' ').unwrap_or((rest.trim_start(), ""));
    let parts = [first, second, third].map(|part| part.trim_end_matches(','));
    Some((with_month(&parts)?, rest.trim_start()))
}

/// The day that a text is: year, month and day apart by `-` (or month, day and year by `/`), with one digit or two, eight digits or six, the
/// day of the year behind a point, or the month by its name.
pub(in crate::engine::dialect) fn day_of(text: &str) -> Option<NaiveDate> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    if let [one, two, three] = parts.as_slice() {
        if !parts.iter().all(|part| digits(part) && part.len() <= 4) {
            return with_month(&[*one, *two, *three]);
        }
        let (year, month, day) = if one.len() == 4 { (one, two, three) } else { (three, one, two) };
        return NaiveDate::from_ymd_opt(year_of(year)?, month.parse().ok()?, day.parse().ok()?);
    }
    if let Some((year, day)) = text.split_once('.').filter(|(year, day)| year.len() == 4 && day.len() == 3 && digits(year) && digits(day)) {
        return NaiveDate::from_yo_opt(year.parse().ok()?, day.parse().ok()?);
    }
    let year = match text.len() {
        _ if !digits(text) => return None,
        8 => 4,
        6 => 2,
        _ => return None,
    };
    NaiveDate::from_ymd_opt(year_of(text.get(..year)?)?, text.get(year..year + 2)?.parse().ok()?, text.get(year + 2..)?.parse().ok()?)
}

/// Years of two digits are those of 1970 to 2069.
fn year_of(text: &str) -> Option<i32> {
    let year: i32 = text.parse().ok()?;
    match text.len() {
        4 => Some(year),
        2 if year < 70 => Some(2000 + year),
        2 => Some(1900 + year),
        _ => None,
    }
}

/// The day of three parts of which one is a month's name, or its first three letters: month, day and year, or day or year first.
fn with_month(parts: &[&str; 3]) -> Option<NaiveDate> {
    const MONTHS: [&str; 12] =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    let month = |part: &str| {
        let name = part.to_lowercase();
        let short = if name == "sept" { "sep" } else { name.as_str() };
        let position = MONTHS.iter().position(|month| *month == name || month.get(..3) == Some(short))?;
        u32::try_from(position + 1).ok()
    };
    let (month, day, year) = match (month(parts[0]), month(parts[1])) {
        (Some(month), _) => (month, parts[1], parts[2]),
        (None, Some(month)) if parts[0].len() == 4 => (month, parts[2], parts[0]),
        (None, Some(month)) => (month, parts[0], parts[2]),
        (None, None) => return None,
    };
    let day = if day.len() <= 2 { day.parse().ok()? } else { return None };
    NaiveDate::from_ymd_opt(year_of(year)?, month, day)
}

fn days(values: &ArrayRef) -> Result<ArrayRef> {
    if values.data_type() != &DataType::Utf8 {
        return Ok(cast_with_options(values, &DataType::Date32, &CastOptions { safe: false, ..CastOptions::default() })?);
    }
    const EPOCH: i32 = 719_163;
    let texts = as_string_array(values)?;
    let mut out = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let Some(text) = at(texts, row) else {
            out.push(None);
            continue;
        };
        match day_and_rest(text) {
            Some((day, _)) => out.push(Some(day.num_days_from_ce() - EPOCH)),
            None => return exec_err!("invalid input syntax for type date: \"{text}\""),
        }
    }
    Ok(Arc::new(Date32Array::from(out)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_day_needs_no_zone() {
        for text in ["2024-02-29 +00", "2024-02-29 -05:30", "2024-02-29Z", "2024-2-29"] {
            assert_eq!(with_day(&text.replace('Z', " Z")), "2024-02-29", "{text}");
        }
        assert_eq!(with_day("2024-2-29 10:00 +00"), "2024-02-29 10:00 +00");
    }

    #[test]
    fn days_have_several_forms() {
        let day = NaiveDate::from_ymd_opt(2002, 3, 1);
        let written = ["2002-3-01", "2002-03-1", "3/1/2002", "03-01-2002", "2002/3/1", "20020301", "020301", "03/01/02", "2002.060"];
        let named = ["2002-Mar-01", "Mar-01-2002", "1-March-2002", "01-mar-02"];
        for text in written.iter().chain(&named) {
            assert_eq!(day_of(text), day, "{text}");
        }
        for text in ["2002-13-01", "2002-3", "x", "", "1-2-3", "2002-02-30", "2002-Foo-01", "2001.366", "Mar-2002-01"] {
            assert_eq!(day_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_may_have_blanks_and_something_behind_it() {
        let day = NaiveDate::from_ymd_opt(1999, 1, 8).unwrap();
        for (text, rest) in [
            ("January 8, 1999", ""),
            ("Jan 08 1999 04:05:06", "04:05:06"),
            (" 8 January 1999", ""),
            ("1999 Jan 8 10:00", "10:00"),
            ("1/8/1999 04:05", "04:05"),
            ("1999-01-08T04:05", "04:05"),
        ] {
            assert_eq!(day_and_rest(text), Some((day, rest)), "{text}");
        }
        assert_eq!(day_and_rest("next Tuesday at noon"), None);
    }
}

//! Interval literals that DataFusion does not read: with two fields (`'1-2' YEAR TO MONTH`, `'1 2:03:04' DAY TO SECOND`), and with a time of day
//! in the text (`'1 day 01:02'`). They become one that it reads.

use datafusion::sql::sqlparser::ast::{DateTimeField, Interval};

use super::call;

/// Microseconds of a second, a minute, an hour.
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// An interval: months, days and microseconds do not become one another.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Span {
    months: i64,
    days: i64,
    micros: i64,
}

/// Rewrites an interval whose text needs it; leaves any other as it is.
pub(super) fn rewrite(interval: &mut Interval) {
    let Some(text) = call::literal_text(&interval.value).map(str::to_owned) else { return };
    let fields = interval.leading_field.as_ref().zip(interval.last_field.as_ref());
    let words = text.contains(|c: char| c.is_ascii_alphabetic());
    let span = match fields {
        // Units in the text say what it is; the fields say how it is shown.
        Some(_) if words && !text.contains(':') => {
            (interval.leading_field, interval.last_field, interval.fractional_seconds_precision) = (None, None, None);
            return;
        }
        Some(_) if words => with_units(&text),
        Some((DateTimeField::Year, DateTimeField::Month)) => years_and_months(&text),
        Some((first, last)) => days_to_seconds(&text, first, last),
        None if text.contains(':') && interval.leading_field.is_none() => with_units(&text),
        None => return,
    };
    if let Some(Span { months, days, micros }) = span {
        let canonical = format!("{months} months {days} days {} seconds {} microseconds", micros / SECOND, micros % SECOND);
        *interval.value = call::text(&canonical);
        (interval.leading_field, interval.last_field, interval.fractional_seconds_precision) = (None, None, None);
    }
}

fn signed(text: &str) -> (i64, &str) {
    let text = text.trim();
    match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// `2-3`.
fn years_and_months(text: &str) -> Option<Span> {
    let (sign, text) = signed(text);
    let (years, months) = text.split_once('-').unwrap_or(("0", text));
    let months = years.parse::<i64>().ok()?.checked_mul(12)?.checked_add(months.parse().ok()?)?;
    Some(Span { months: sign * months, ..Span::default() })
}

/// `1 2:03:04.5` and its shorter forms: a number by itself is of the last field, two apart by a colon are hours and minutes unless the first field
/// is the minute.
fn days_to_seconds(text: &str, first: &DateTimeField, last: &DateTimeField) -> Option<Span> {
    const FIELDS: [DateTimeField; 4] = [DateTimeField::Day, DateTimeField::Hour, DateTimeField::Minute, DateTimeField::Second];
    let place = |field: &DateTimeField| FIELDS.iter().position(|known| known == field);
    let (first, last) = (place(first)?, place(last)?);
    let (sign, text) = signed(text);
    let (days, time) = text.split_once(' ').map_or((None, text), |(days, time)| (Some(days), time.trim()));
    let parts: Vec<&str> = time.split(':').collect();
    let start = match (parts.len(), days) {
        (1, Some(_)) if last == 1 => 1,
        (1, None) => last,
        (2, None) if first == 2 => 2,
        (2, _) if last >= 2 => 1,
        (3, _) if last == 3 => 1,
        _ => return None,
    };
    if days.is_some() && first != 0 {
        return None;
    }
    let mut span = Span { days: days.map_or(Some(0), |days| days.parse().ok())?, ..Span::default() };
    for (field, part) in (start..).zip(parts) {
        match field {
            0 => span.days = part.parse().ok()?,
            1 => span.micros += part.parse::<i64>().ok()?.checked_mul(HOUR)?,
            2 => span.micros += part.parse::<i64>().ok()?.checked_mul(MINUTE)?,
            _ => span.micros += seconds(part)?,
        }
    }
    Some(Span { days: sign * span.days, micros: sign * span.micros, ..span })
}

/// Numbers with units and times of day, in any order: `1 day -02:03`.
fn with_units(text: &str) -> Option<Span> {
    let mut span = Span::default();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let (sign, bare) = signed(word);
        if bare.contains(':') {
            span.micros = span.micros.checked_add(sign * clock(bare)?)?;
            continue;
        }
        let number: i64 = bare.parse().ok()?;
        let number = sign * number;
        match words.peek().map(|unit| unit.to_lowercase()) {
            Some(unit) if unit.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                words.next();
                add(&mut span, number, &unit)?;
            }
            // A number before a time of day is one of days.
            Some(_) => span.days = span.days.checked_add(number)?,
            None => span.micros = span.micros.checked_add(number.checked_mul(SECOND)?)?,
        }
    }
    Some(span)
}

fn add(span: &mut Span, number: i64, unit: &str) -> Option<()> {
    let (months, days, micros) = match unit.trim_end_matches('s') {
        "year" | "yr" | "y" => (12, 0, 0),
        "month" | "mon" => (1, 0, 0),
        "week" | "w" => (0, 7, 0),
        "day" | "d" => (0, 1, 0),
        "hour" | "hr" | "h" => (0, 0, HOUR),
        "minute" | "min" | "m" => (0, 0, MINUTE),
        "second" | "sec" | "" => (0, 0, SECOND),
        _ => return None,
    };
    span.months = span.months.checked_add(number.checked_mul(months)?)?;
    span.days = span.days.checked_add(number.checked_mul(days)?)?;
    span.micros = span.micros.checked_add(number.checked_mul(micros)?)?;
    Some(())
}

/// `hh:mm` or `hh:mm:ss.ffffff`.
fn clock(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split(':').collect();
    let (hours, minutes, rest) = match parts.as_slice() {
        [hours, minutes] => (hours, minutes, "0"),
        [hours, minutes, rest] => (hours, minutes, *rest),
        _ => return None,
    };
    hours
        .parse::<i64>()
        .ok()?
        .checked_mul(HOUR)?
        .checked_add(minutes.parse::<i64>().ok()?.checked_mul(MINUTE)?)?
        .checked_add(seconds(rest)?)
}

/// Seconds with a fraction, as microseconds.
fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    whole.checked_mul(SECOND)?.checked_add(digits.parse().ok()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn fields_say_what_numbers_are() {
        use DateTimeField::{Day, Hour, Minute, Second};
        let cases = [
            ("1 2:03:04.5", Day, Second, Some((1, 2 * HOUR + 3 * MINUTE + 4 * SECOND + 500_000))),
            ("1 2:03", Day, Second, Some((1, 2 * HOUR + 3 * MINUTE))),
            ("1 2", Day, Hour, Some((1, 2 * HOUR))),
            ("-2:03", Hour, Minute, Some((0, -(2 * HOUR + 3 * MINUTE)))),
            ("3:04", Minute, Second, Some((0, 3 * MINUTE + 4 * SECOND))),
            ("5", Day, Second, Some((0, 5 * SECOND))),
            ("1 2", Day, Second, None),
            ("1 2:03", Hour, Second, None),
            ("x", Day, Second, None),
        ];
        for (text, first, last, wanted) in cases {
            let wanted = wanted.map(|(days, micros)| Span { months: 0, days, micros });
            assert_eq!(days_to_seconds(text, &first, &last), wanted, "{text}");
        }
        assert_eq!(years_and_months("-1-2"), Some(Span { months: -14, ..Span::default() }));
    }

    #[test]
    fn units_and_times_of_day_are_read_together() {
        let cases = [
            ("01:00", Some((0, 0, HOUR))),
            ("-08:00", Some((0, 0, -8 * HOUR))),
            ("1 day 02:03:04", Some((0, 1, 2 * HOUR + 3 * MINUTE + 4 * SECOND))),
            ("1 year 2 mons 3 04:05", Some((14, 3, 4 * HOUR + 5 * MINUTE))),
            ("1 fortnight 01:00", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(with_units(text), wanted.map(|(months, days, micros)| Span { months, days, micros }), "{text}");
        }
    }
}

//! Dates and times row by row: arithmetic in date parts, differences, truncation.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use datafusion::arrow::array::{Array, ArrayRef, Date32Array, Float64Array, Int64Array, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::cast::{as_date32_array, as_int64_array, as_string_array, as_timestamp_microsecond_array};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::date_parts::Part;
use super::kernel::{Kernel, TIMESTAMP, at, returns_int8, returns_timestamp};
use crate::local::engine::Dialect;

pub(super) fn scalar(dialect: Dialect) -> Vec<Arc<ScalarUDF>> {
    let truncate = match dialect {
        Dialect::Redshift => Kernel::exact("date_trunc", &[DataType::Utf8, TIMESTAMP], returns_timestamp, truncate_rows),
        Dialect::Athena => Kernel::coerced("date_trunc", part_and_time, |types| Ok(types[1].clone()), truncate_rows),
    };
    vec![
        truncate,
        Kernel::exact("dateadd", &[DataType::Utf8, DataType::Int64, TIMESTAMP], returns_timestamp, add_rows),
        Kernel::coerced("date_add", part_number_and_time, |types| Ok(types[2].clone()), add_rows),
        Kernel::exact("datediff", &[DataType::Utf8, TIMESTAMP, TIMESTAMP], returns_int8, |args| difference_rows(args, boundaries)),
        Kernel::exact("date_diff", &[DataType::Utf8, TIMESTAMP, TIMESTAMP], returns_int8, |args| difference_rows(args, completed)),
        Kernel::exact("add_months", &[TIMESTAMP, DataType::Int64], returns_timestamp, |args| {
            let months = as_int64_array(&args[1])?;
            timestamps(&args[0], &TIMESTAMP, |row, time| {
                if months.is_null(row) { Ok(None) } else { shift_months_sticky(time, months.value(row)).map(Some) }
            })
        }),
        Kernel::exact(
            "last_day",
            &[DataType::Date32],
            |_| Ok(DataType::Date32),
            |args| dates(&args[0], |_, date| Ok(Some(last_of_month(date)))),
        ),
        Kernel::exact(
            "next_day",
            &[DataType::Date32, DataType::Utf8],
            |_| Ok(DataType::Date32),
            |args| {
                let names = as_string_array(&args[1])?;
                dates(&args[0], |row, date| {
                    let Some(name) = at(names, row) else { return Ok(None) };
                    let Some(day) = weekday(name) else { return exec_err!("\"{name}\" is not a day of the week") };
                    let ahead = (7 + day - i64::from(date.weekday().num_days_from_sunday()) - 1) % 7 + 1;
                    Ok(date.checked_add_signed(Duration::days(ahead)))
                })
            },
        ),
        Kernel::exact(
            "months_between",
            &[TIMESTAMP, TIMESTAMP],
            |_| Ok(DataType::Float64),
            |args| {
                let (left, right) = (as_timestamp_microsecond_array(&args[0])?, as_timestamp_microsecond_array(&args[1])?);
                let mut out = Vec::with_capacity(left.len());
                for row in 0..left.len() {
                    let pair = time_at(left, row)?.zip(time_at(right, row)?);
                    out.push(pair.map(|(left, right)| months_between(left, right)));
                }
                Ok(Arc::new(Float64Array::from(out)))
            },
        ),
    ]
}

/// Keeps the type of a date or timestamp argument.
fn time_type(given: &DataType) -> Result<DataType> {
    match given {
        DataType::Date32 | DataType::Date64 => Ok(DataType::Date32),
        DataType::Timestamp(_, Some(zone)) => Ok(DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(zone)))),
        DataType::Timestamp(_, None) | DataType::Null => Ok(TIMESTAMP),
        other => plan_err!("a date or timestamp is needed, not {other}"),
    }
}

fn part_and_time(types: &[DataType]) -> Result<Vec<DataType>> {
    let [_, time] = types else { return plan_err!("date_trunc takes 2 arguments") };
    Ok(vec![DataType::Utf8, time_type(time)?])
}

fn part_number_and_time(types: &[DataType]) -> Result<Vec<DataType>> {
    let [_, _, time] = types else { return plan_err!("date_add takes 3 arguments") };
    Ok(vec![DataType::Utf8, DataType::Int64, time_type(time)?])
}

/// The wall-clock time of microseconds since 1970.
pub(super) fn time_of(microseconds: i64) -> Result<NaiveDateTime> {
    match DateTime::from_timestamp_micros(microseconds) {
        Some(time) => Ok(time.naive_utc()),
        None => exec_err!("timestamp out of range"),
    }
}

pub(super) fn time_at(times: &TimestampMicrosecondArray, row: usize) -> Result<Option<NaiveDateTime>> {
    if times.is_null(row) { Ok(None) } else { time_of(times.value(row)).map(Some) }
}

/// Days since 1970 of a date.
pub(super) fn day_number(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - 719_163
}

fn date_of(days: i32) -> Result<NaiveDate> {
    match days.checked_add(719_163).and_then(NaiveDate::from_num_days_from_ce_opt) {
        Some(date) => Ok(date),
        None => exec_err!("date out of range"),
    }
}

/// Maps timestamps or dates, giving the same type.
fn timestamps(
    values: &ArrayRef,
    data_type: &DataType,
    f: impl Fn(usize, NaiveDateTime) -> Result<Option<NaiveDateTime>>,
) -> Result<ArrayRef> {
    if values.data_type() == &DataType::Date32 {
        return dates(values, |row, date| Ok(f(row, date.and_time(NaiveTime::MIN))?.map(|time| time.date())));
    }
    let times = as_timestamp_microsecond_array(values)?;
    let mut out = Vec::with_capacity(times.len());
    for row in 0..times.len() {
        let mapped = match time_at(times, row)? {
            Some(time) => f(row, time)?,
            None => None,
        };
        out.push(mapped.map(|time| time.and_utc().timestamp_micros()));
    }
    Ok(Arc::new(TimestampMicrosecondArray::from(out).with_data_type(data_type.clone())))
}

fn dates(values: &ArrayRef, f: impl Fn(usize, NaiveDate) -> Result<Option<NaiveDate>>) -> Result<ArrayRef> {
    let days = as_date32_array(values)?;
    let mut out = Vec::with_capacity(days.len());
    for row in 0..days.len() {
        out.push(if days.is_null(row) { None } else { f(row, date_of(days.value(row))?)?.map(day_number) });
    }
    Ok(Arc::new(Date32Array::from(out)))
}

fn part_of(text: &str) -> Result<Part> {
    match Part::parse(text) {
        Some(part) => Ok(part),
        None => exec_err!("timestamp units \"{text}\" not recognized"),
    }
}

fn add_rows(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (parts, counts) = (as_string_array(&args[0])?, as_int64_array(&args[1])?);
    timestamps(&args[2], args[2].data_type(), |row, time| {
        let Some(part) = at(parts, row).filter(|_| counts.is_valid(row)) else { return Ok(None) };
        add(part_of(part)?, counts.value(row), time).map(Some)
    })
}

fn add(part: Part, count: i64, time: NaiveDateTime) -> Result<NaiveDateTime> {
    let moved = match part.months() {
        Some(months) => count.checked_mul(months).and_then(|months| shift_months(time, months)),
        None => {
            count.checked_mul(part.microseconds()).and_then(|microseconds| time.checked_add_signed(Duration::microseconds(microseconds)))
        }
    };
    match moved {
        Some(time) => Ok(time),
        None => exec_err!("timestamp out of range"),
    }
}

fn shift_months(time: NaiveDateTime, months: i64) -> Option<NaiveDateTime> {
    let distance = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { time.checked_sub_months(distance) } else { time.checked_add_months(distance) }
}

/// `add_months`: the last day of a month stays the last day.
fn shift_months_sticky(time: NaiveDateTime, months: i64) -> Result<NaiveDateTime> {
    let Some(moved) = shift_months(time, months) else { return exec_err!("timestamp out of range") };
    let last = time.date() == last_of_month(time.date());
    Ok(if last { last_of_month(moved.date()).and_time(moved.time()) } else { moved })
}

fn last_of_month(date: NaiveDate) -> NaiveDate {
    let first = date.with_day(1).unwrap_or(date);
    first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(date)
}

fn weekday(name: &str) -> Option<i64> {
    let name = name.trim().to_lowercase();
    let days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    let at_least = if name.len() == 1 { return None } else { name.as_str() };
    days.iter().position(|day| day.starts_with(at_least)).and_then(|index| i64::try_from(index).ok())
}

fn months_between(left: NaiveDateTime, right: NaiveDateTime) -> f64 {
    let months = f64::from((left.year() - right.year()) * 12) + f64::from(left.month()) - f64::from(right.month());
    let both_last = left.date() == last_of_month(left.date()) && right.date() == last_of_month(right.date());
    if left.day() == right.day() || both_last {
        return months;
    }
    let days = |time: NaiveDateTime| f64::from(time.day()) + f64::from(time.num_seconds_from_midnight()) / 86_400.0;
    months + (days(left) - days(right)) / 31.0
}

fn difference_rows(args: &[ArrayRef], difference: fn(Part, NaiveDateTime, NaiveDateTime) -> i64) -> Result<ArrayRef> {
    let parts = as_string_array(&args[0])?;
    let (from, to) = (as_timestamp_microsecond_array(&args[1])?, as_timestamp_microsecond_array(&args[2])?);
    let mut out = Vec::with_capacity(from.len());
    for row in 0..from.len() {
        out.push(match (at(parts, row), time_at(from, row)?, time_at(to, row)?) {
            (Some(part), Some(from), Some(to)) => Some(difference(part_of(part)?, from, to)),
            _ => None,
        });
    }
    Ok(Arc::new(Int64Array::from(out)))
}

/// Redshift: how many boundaries of the part lie between.
fn boundaries(part: Part, from: NaiveDateTime, to: NaiveDateTime) -> i64 {
    if let Some(months) = part.months() {
        let count = |time: NaiveDateTime| (i64::from(time.year()) * 12 + i64::from(time.month0())).div_euclid(months);
        return count(to) - count(from);
    }
    // Weeks start on Sunday: 1970-01-04 was one.
    let shift = if part == Part::Week { 3 * Part::Day.microseconds() } else { 0 };
    let count = |time: NaiveDateTime| (time.and_utc().timestamp_micros() - shift).div_euclid(part.microseconds());
    count(to) - count(from)
}

/// Trino: how many whole parts have passed.
fn completed(part: Part, from: NaiveDateTime, to: NaiveDateTime) -> i64 {
    if to < from {
        return -completed(part, to, from);
    }
    let Some(months) = part.months() else {
        return (to - from).num_microseconds().unwrap_or(i64::MAX) / part.microseconds();
    };
    let mut passed = i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
    if shift_months(from, passed).is_some_and(|reached| reached > to) {
        passed -= 1;
    }
    passed / months
}

fn truncate_rows(args: &[ArrayRef]) -> Result<ArrayRef> {
    let parts = as_string_array(&args[0])?;
    timestamps(&args[1], args[1].data_type(), |row, time| {
        let Some(part) = at(parts, row) else { return Ok(None) };
        Ok(truncate(part_of(part)?, time))
    })
}

fn truncate(part: Part, time: NaiveDateTime) -> Option<NaiveDateTime> {
    let date = time.date();
    if let Some(months) = part.months() {
        // Centuries and millennia start with the year 1.
        let first_year = i64::from(matches!(part, Part::Century | Part::Millennium)) * 12;
        let month = i64::from(date.year()) * 12 + i64::from(date.month0());
        let start = (month - first_year).div_euclid(months) * months + first_year;
        let year = i32::try_from(start.div_euclid(12)).ok()?;
        let month = u32::try_from(start.rem_euclid(12)).ok()? + 1;
        return NaiveDate::from_ymd_opt(year, month, 1).map(|date| date.and_time(NaiveTime::MIN));
    }
    if part == Part::Week {
        let monday = date.checked_sub_signed(Duration::days(i64::from(date.weekday().num_days_from_monday())))?;
        return Some(monday.and_time(NaiveTime::MIN));
    }
    let microseconds = time.and_utc().timestamp_micros();
    let start = microseconds.div_euclid(part.microseconds()) * part.microseconds();
    DateTime::from_timestamp_micros(start).map(|time| time.naive_utc())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn time(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    #[test]
    fn redshift_counts_boundaries_and_trino_whole_parts() {
        let (new_year_eve, new_year) = (time("2023-12-31 23:00:00"), time("2024-01-01 01:00:00"));
        assert_eq!(boundaries(Part::Year, new_year_eve, new_year), 1);
        assert_eq!(completed(Part::Year, new_year_eve, new_year), 0);
        assert_eq!(boundaries(Part::Day, new_year, new_year_eve), -1);
        assert_eq!(boundaries(Part::Quarter, time("2024-03-31 00:00:00"), time("2024-10-01 00:00:00")), 3);
        // Saturday to Sunday crosses a week in Redshift.
        assert_eq!(boundaries(Part::Week, time("2024-06-01 00:00:00"), time("2024-06-02 00:00:00")), 1);
        assert_eq!(completed(Part::Month, time("2024-01-31 00:00:00"), time("2024-02-29 00:00:00")), 1);
        assert_eq!(completed(Part::Month, time("2024-02-29 00:00:00"), time("2024-01-31 00:00:00")), -1);
    }

    #[test]
    fn months_are_added_at_the_end_of_months() {
        assert_eq!(add(Part::Month, 1, time("2024-01-31 10:00:00")).unwrap(), time("2024-02-29 10:00:00"));
        assert_eq!(shift_months_sticky(time("2024-02-29 00:00:00"), 1).unwrap(), time("2024-03-31 00:00:00"));
        assert_eq!(add(Part::Hour, -25, time("2024-01-02 00:00:00")).unwrap(), time("2023-12-31 23:00:00"));
    }

    #[test]
    fn truncation() {
        let moment = time("2024-05-16 13:45:59");
        for (part, expected) in [
            (Part::Year, "2024-01-01 00:00:00"),
            (Part::Quarter, "2024-04-01 00:00:00"),
            (Part::Week, "2024-05-13 00:00:00"),
            (Part::Hour, "2024-05-16 13:00:00"),
            (Part::Decade, "2020-01-01 00:00:00"),
            (Part::Century, "2001-01-01 00:00:00"),
        ] {
            assert_eq!(truncate(part, moment), Some(time(expected)), "{part:?}");
        }
    }

    #[test]
    fn days_count_from_1970() {
        assert_eq!(day_number(NaiveDate::from_ymd_opt(1970, 1, 1).unwrap()), 0);
        assert_eq!(date_of(19_000).unwrap(), NaiveDate::from_ymd_opt(2022, 1, 8).unwrap());
    }
}

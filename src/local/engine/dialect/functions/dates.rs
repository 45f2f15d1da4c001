//! Dates and times: arithmetic in date parts, truncation, and the names that the services give them.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use datafusion::arrow::array::{Array, ArrayRef, Date32Array, Float64Array, Int64Array, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::cast::{as_date32_array, as_int64_array, as_string_array, as_timestamp_microsecond_array};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType as SqlType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, TimezoneInfo,
};

use super::Rewritten;
use super::kernel::{Kernel, TIMESTAMP, at, returns_int8, returns_timestamp};
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

/// A part of a date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Millennium,
    Century,
    Decade,
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
}

impl Part {
    /// Redshift's names and short forms; Trino's are among them.
    fn parse(text: &str) -> Option<Part> {
        Some(match text.trim().to_lowercase().as_str() {
            "millennium" | "millennia" | "mil" | "mils" => Part::Millennium,
            "century" | "centuries" | "c" | "cent" | "cents" => Part::Century,
            "decade" | "decades" | "dec" | "decs" => Part::Decade,
            "year" | "years" | "y" | "yr" | "yrs" => Part::Year,
            "quarter" | "quarters" | "qtr" | "qtrs" => Part::Quarter,
            "month" | "months" | "mon" | "mons" => Part::Month,
            "week" | "weeks" | "w" => Part::Week,
            "day" | "days" | "d" => Part::Day,
            "hour" | "hours" | "h" | "hr" | "hrs" => Part::Hour,
            "minute" | "minutes" | "m" | "min" | "mins" => Part::Minute,
            "second" | "seconds" | "s" | "sec" | "secs" => Part::Second,
            "millisecond" | "milliseconds" | "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisec" | "millisecs" | "millisecon" => {
                Part::Millisecond
            }
            "microsecond" | "microseconds" | "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsec" | "microsecs" | "microsecon" => {
                Part::Microsecond
            }
            _ => return None,
        })
    }

    /// The name that DataFusion's `date_part` knows; `None` for what it does not.
    const fn name(self) -> Option<&'static str> {
        Some(match self {
            Part::Millennium | Part::Century | Part::Decade => return None,
            Part::Year => "year",
            Part::Quarter => "quarter",
            Part::Month => "month",
            Part::Week => "week",
            Part::Day => "day",
            Part::Hour => "hour",
            Part::Minute => "minute",
            Part::Second => "second",
            Part::Millisecond => "millisecond",
            Part::Microsecond => "microsecond",
        })
    }

    /// Months of a part that is made of months.
    const fn months(self) -> Option<i64> {
        Some(match self {
            Part::Millennium => 12_000,
            Part::Century => 1200,
            Part::Decade => 120,
            Part::Year => 12,
            Part::Quarter => 3,
            Part::Month => 1,
            _ => return None,
        })
    }

    /// Microseconds of a part of constant length.
    const fn microseconds(self) -> i64 {
        match self {
            Part::Week => 7 * 86_400_000_000,
            Part::Day => 86_400_000_000,
            Part::Hour => 3_600_000_000,
            Part::Minute => 60_000_000,
            Part::Second => 1_000_000,
            Part::Millisecond => 1000,
            _ => 1,
        }
    }
}

/// Functions whose first argument is a date part, written as a bare word or in quotes.
const TAKES_PART: [&str; 8] = ["dateadd", "date_add", "datediff", "date_diff", "date_part", "datepart", "date_trunc", "pgdate_part"];

/// Turns a date part that is written as a bare word into a literal, before it is taken for a column.
pub(in crate::local::engine::dialect) fn date_part_arguments(function: &mut Function) {
    let name = function.name.to_string().to_lowercase();
    if !TAKES_PART.contains(&name.as_str()) {
        return;
    }
    if let FunctionArguments::List(list) = &mut function.args
        && list.args.len() > 1
        && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) = list.args.first_mut()
        && let Expr::Identifier(ident) = first
    {
        *first = call::text(&ident.value.to_lowercase());
    }
}

/// What stands for a value without being a function call.
pub(in crate::local::engine::dialect) fn keyword(dialect: Dialect, word: &str) -> Option<Expr> {
    match word.to_lowercase().as_str() {
        "sysdate" if dialect == Dialect::Redshift => Some(now()),
        "localtimestamp" => Some(now()),
        "localtime" if dialect == Dialect::Athena => Some(call::function("current_time", Vec::new())),
        _ => None,
    }
}

fn now() -> Expr {
    call::cast(call::function("now", Vec::new()), SqlType::Timestamp(Some(6), TimezoneInfo::None))
}

pub(super) fn rewrite(call: Call) -> std::result::Result<Rewritten, SqlError> {
    if TAKES_PART.contains(&call.name.as_str()) {
        return with_part(call);
    }
    match call.dialect {
        Dialect::Redshift => redshift(call),
        Dialect::Athena => athena(call),
    }
}

/// Checks a literal date part, and gives it the name that DataFusion knows.
fn with_part(mut call: Call) -> std::result::Result<Rewritten, SqlError> {
    let name = match (call.dialect, call.name.as_str()) {
        (Dialect::Redshift, "dateadd" | "date_add") => "dateadd",
        (Dialect::Redshift, "datediff" | "date_diff") => "datediff",
        (_, "date_part" | "datepart" | "pgdate_part") => "date_part",
        (_, "date_trunc") => "date_trunc",
        (Dialect::Athena, "date_add") => "date_add",
        (Dialect::Athena, "date_diff") => "date_diff",
        _ => return Ok(Rewritten::Other(call)),
    };
    let mut args = std::mem::take(&mut call.args);
    if let Some(part) = args.first().and_then(call::literal_text) {
        let special = matches!(
            part.to_lowercase().as_str(),
            "epoch" | "dow" | "dayofweek" | "dw" | "weekday" | "doy" | "dayofyear" | "dy" | "yearday" | "isodow"
        );
        let canonical = match (name, Part::parse(part)) {
            ("date_part", None) if special => Some(match part.to_lowercase().as_str() {
                "dayofweek" | "dw" | "weekday" => "dow".to_owned(),
                "dayofyear" | "dy" | "yearday" => "doy".to_owned(),
                other => other.to_owned(),
            }),
            ("date_part", Some(part)) if part.name().is_none() => {
                let years = part.months().unwrap_or(12) / 12;
                let Some(date) = args.pop() else { return Err(call.error("date_part takes 2 arguments")) };
                return Ok(Rewritten::Done(long_part(years, date)));
            }
            // Of the second only, without the seconds.
            ("date_part", Some(Part::Millisecond)) if call.dialect == Dialect::Redshift => {
                args[0] = call::text("millisecond");
                let all = call::cast(call.with(name, args), SqlType::BigInt(None));
                return Ok(Rewritten::Done(call::binary(all, BinaryOperator::Modulo, call::number(1000))));
            }
            ("date_part", Some(part)) => part.name().map(str::to_owned),
            (_, Some(_)) => Some(part.to_lowercase()),
            _ => None,
        };
        let Some(canonical) = canonical else {
            return Err(match call.dialect {
                Dialect::Redshift => call.error(&format!("timestamp units \"{part}\" not recognized")),
                Dialect::Athena => call.error(&format!("'{part}' is not a valid Timestamp field")),
            });
        };
        args[0] = call::text(&canonical);
    }
    Ok(Rewritten::Done(call.with(name, args)))
}

/// The decade, century or millennium of a date: decades count from the year 0, the others from the year 1.
fn long_part(years: i64, date: Expr) -> Expr {
    let year = call::cast(call::function("date_part", vec![call::text("year"), date]), SqlType::Int(None));
    let year = if years == 10 { year } else { call::binary(year, BinaryOperator::Plus, call::number(years - 1)) };
    call::binary(year, BinaryOperator::Divide, call::number(years))
}

/// The name of a part in EXTRACT as a function's argument has it.
pub(in crate::local::engine::dialect) fn extract(dialect: Dialect, part: &str, from: Expr) -> Option<Expr> {
    let (part, trino) = (part.to_lowercase(), dialect == Dialect::Athena);
    let name = match part.as_str() {
        "dow" | "day_of_week" if trino => "day_of_week",
        "doy" | "day_of_year" if trino => "day_of_year",
        "day_of_month" if trino => "day",
        "yow" | "year_of_week" if trino => "year_of_week",
        "year" | "quarter" | "month" | "week" | "day" | "hour" | "minute" | "second" if trino => part.as_str(),
        "timezone_hour" | "timezone_minute" if trino => part.as_str(),
        _ => return Some(call::function("date_part", vec![call::text(&part), from])),
    };
    Some(call::function(name, vec![from]))
}

fn redshift(mut call: Call) -> std::result::Result<Rewritten, SqlError> {
    let expr = match (call.name.as_str(), call.args.len()) {
        ("getdate" | "sysdate" | "localtimestamp", 0) => now(),
        ("date_part_year", 1) => {
            let [date] = call.exactly()?;
            call::function("date_part", vec![call::text("year"), date])
        }
        ("convert_timezone", 2) => {
            let [target, timestamp] = call.exactly()?;
            call::function("in_zone", vec![call::text("UTC"), target, timestamp])
        }
        ("convert_timezone", 3) => call.renamed("in_zone"),
        ("timezone", 2) => call.renamed("at_zone"),
        ("trunc", 1) => call.renamed("trunc_any"),
        ("timeofday", 0) => call::function("to_char", vec![now(), call::text("Dy Mon DD HH24:MI:SS.US YYYY \"UTC\"")]),
        ("to_date", 3) => {
            let [text, format, _strict] = call.exactly()?;
            call::function("to_date", vec![text, format])
        }
        ("interval_cmp", 2) => {
            let [left, right] = call.exactly()?;
            let interval = |expr| call::cast(expr, SqlType::Interval { fields: None, precision: None });
            let (left, right) = (interval(left), interval(right));
            call::case(
                vec![
                    (call::binary(left.clone(), BinaryOperator::Lt, right.clone()), call::number(-1)),
                    (call::binary(left, BinaryOperator::Gt, right), call::number(1)),
                ],
                Some(call::number(0)),
            )
        }
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}

fn athena(mut call: Call) -> std::result::Result<Rewritten, SqlError> {
    let part = |name: &str, expr: Expr| call::cast(call::function("date_part", vec![call::text(name), expr]), SqlType::BigInt(None));
    let expr = match (call.name.as_str(), call.args.len()) {
        ("year" | "quarter" | "month" | "week" | "day" | "hour" | "minute" | "second", 1) => {
            let name = call.name.clone();
            let [date] = call.exactly()?;
            part(&name, date)
        }
        ("day_of_month", 1) => {
            let [date] = call.exactly()?;
            part("day", date)
        }
        ("week_of_year", 1) => {
            let [date] = call.exactly()?;
            part("week", date)
        }
        ("day_of_year" | "doy", 1) => {
            let [date] = call.exactly()?;
            part("doy", date)
        }
        // Monday is 1 and Sunday 7; `dow` counts from Sunday, 0.
        ("day_of_week" | "dow", 1) => {
            let [date] = call.exactly()?;
            let shifted = call::binary(part("dow", date), BinaryOperator::Plus, call::number(6));
            let from_monday = call::binary(shifted, BinaryOperator::Modulo, call::number(7));
            call::binary(from_monday, BinaryOperator::Plus, call::number(1))
        }
        ("date", 1) => {
            let [date] = call.exactly()?;
            call::cast(date, SqlType::Date)
        }
        ("localtimestamp", 0 | 1) => now(),
        ("current_timestamp", 1) => call::function("now", Vec::new()),
        ("last_day_of_month", 1) => call.renamed("last_day"),
        ("yow" | "year_of_week", 1) => call.renamed("year_of_week"),
        ("timezone_hour" | "timezone_minute", 1) => {
            let hours = call.name == "timezone_hour";
            let [time] = call.exactly()?;
            // Only a zone that stands in the expression is known: moments are held in UTC.
            let zone = match &time {
                Expr::Function(function) => match &function.args {
                    FunctionArguments::List(list) if function.name.to_string() == "at_timezone" => list.args.get(1).cloned(),
                    _ => None,
                },
                _ => None,
            };
            let zone = match zone {
                Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(zone))) => zone,
                _ => call::text("UTC"),
            };
            let minutes = call::function("zone_offset_minutes", vec![time, zone]);
            let operator = if hours { BinaryOperator::Divide } else { BinaryOperator::Modulo };
            call::binary(minutes, operator, call::number(60))
        }
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}

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

//! Dates and times between dates, texts, zones and numbers: comparisons that give -1, 0 or 1, ISO 8601, Unix time, zones by name, Joda's
//! formats.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ScalarUDF;

use super::cells::Value;
use super::date_rows::{day_number, time_of};
use super::joda;
use super::kernel::{Kernel, TIMESTAMP};
use crate::local::engine::Dialect;

/// A timestamp with zone, held in UTC.
pub(super) fn zoned() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

pub(super) fn scalar(dialect: Dialect) -> Vec<Arc<ScalarUDF>> {
    match dialect {
        Dialect::Redshift => redshift(),
        Dialect::Athena => trino(),
    }
}

/// A zone by its name, an abbreviation that PostgreSQL knows, or an offset.
fn zone(name: &str) -> Result<Tz> {
    let known = match name.to_uppercase().as_str() {
        "PST" => "-08:00",
        "PDT" | "MST" => "-07:00",
        "MDT" | "CST" => "-06:00",
        "CDT" | "EST" => "-05:00",
        "EDT" => "-04:00",
        "Z" | "GMT" | "WET" => "UTC",
        "BST" | "CET" => "+01:00",
        "CEST" | "EET" => "+02:00",
        "MSK" | "EEST" => "+03:00",
        "IST" => "+05:30",
        "JST" | "KST" => "+09:00",
        "AEST" => "+10:00",
        _ => name,
    };
    match known.parse() {
        Ok(zone) => Ok(zone),
        Err(_) => exec_err!("time zone \"{name}\" not recognized"),
    }
}

/// The moment at which clocks in a zone show a time. Where clocks are put forward it is the one after the gap, where back the earlier.
fn moment(local: NaiveDateTime, zone: Tz) -> Result<i64> {
    let found = zone.from_local_datetime(&local).earliest().or_else(|| {
        let later = local + chrono::Duration::hours(1);
        zone.from_local_datetime(&later).earliest().map(|time| time - chrono::Duration::hours(1))
    });
    match found {
        Some(time) => Ok(time.timestamp_micros()),
        None => exec_err!("timestamp out of range"),
    }
}

/// What clocks in a zone show at a moment.
fn local(micros: i64, zone: Tz) -> Result<NaiveDateTime> {
    Ok(zone.from_utc_datetime(&time_of(micros)?).naive_local())
}

fn micros(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp_micros()
}

fn redshift() -> Vec<Arc<ScalarUDF>> {
    let (text, day) = (DataType::Utf8, DataType::Date32);
    let compare = |name: &'static str, left: &DataType, right: &DataType| {
        Kernel::cells(name, &[left.clone(), right.clone()], 2, DataType::Int32, |cells| {
            Ok(Value::Int(cells[0].int().cmp(&cells[1].int()) as i64))
        })
    };
    vec![
        compare("date_cmp", &day, &day),
        compare("date_cmp_timestamp", &TIMESTAMP, &TIMESTAMP),
        compare("date_cmp_timestamptz", &zoned(), &zoned()),
        compare("timestamp_cmp", &TIMESTAMP, &TIMESTAMP),
        compare("timestamp_cmp_date", &TIMESTAMP, &TIMESTAMP),
        compare("timestamp_cmp_timestamptz", &zoned(), &zoned()),
        compare("timestamptz_cmp", &zoned(), &zoned()),
        compare("timestamptz_cmp_date", &zoned(), &zoned()),
        compare("timestamptz_cmp_timestamp", &zoned(), &zoned()),
        Kernel::cells("isfinite", &[TIMESTAMP], 1, DataType::Boolean, |_| Ok(Value::Bool(true))),
        Kernel::cells("trunc_time", &[TIMESTAMP], 1, day, |cells| Ok(Value::Day(day_number(time_of(cells[0].int())?.date())))),
        Kernel::cells("in_zone", &[text.clone(), text, TIMESTAMP], 3, TIMESTAMP, |cells| {
            let shown = time_of(cells[2].int())?;
            let moment = moment(shown, zone(cells[0].text())?)?;
            Ok(Value::Time(micros(local(moment, zone(cells[1].text())?)?)))
        }),
    ]
}

fn trino() -> Vec<Arc<ScalarUDF>> {
    let (text, number, float, day) = (DataType::Utf8, DataType::Int64, DataType::Float64, DataType::Date32);
    vec![
        Kernel::cells("from_unixtime", &[float.clone(), text.clone()], 1, zoned(), |cells| {
            if let Some(name) = cells.get(1) {
                zone(name.text())?;
            }
            Ok(Value::Time((cells[0].float() * 1000.0).round() as i64 * 1000))
        }),
        Kernel::cells("from_unixtime_nanos", std::slice::from_ref(&number), 1, zoned(), |cells| {
            Ok(Value::Time(cells[0].int().div_euclid(1000)))
        }),
        Kernel::cells("to_unixtime", &[TIMESTAMP], 1, float, |cells| Ok(Value::Float(cells[0].int() as f64 / 1e6))),
        Kernel::cells("from_iso8601_date", std::slice::from_ref(&text), 1, day.clone(), |cells| {
            let text = cells[0].text();
            let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(text, "%G-W%V-%u"));
            match parsed.or_else(|_| NaiveDate::parse_from_str(text, "%Y-%j")) {
                Ok(date) => Ok(Value::Day(day_number(date))),
                Err(_) => exec_err!("INVALID_FUNCTION_ARGUMENT: Invalid format: \"{text}\""),
            }
        }),
        Kernel::cells("from_iso8601_timestamp", std::slice::from_ref(&text), 1, zoned(), |cells| {
            let text = cells[0].text();
            let parsed = DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_micros());
            let local = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(micros);
            let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|date| micros(date.and_time(chrono::NaiveTime::MIN)));
            match parsed.or_else(|_| local()).or_else(|_| day()) {
                Ok(time) => Ok(Value::Time(time)),
                Err(_) => exec_err!("INVALID_FUNCTION_ARGUMENT: Invalid format: \"{text}\""),
            }
        }),
        Kernel::coerced(
            "to_iso8601",
            |given| Ok(given.to_vec()),
            super::kernel::returns_text,
            |args| {
                let dates = args[0].data_type() == &DataType::Date32;
                let zone = if matches!(args[0].data_type(), DataType::Timestamp(_, Some(_))) { "Z" } else { "" };
                let times = datafusion::arrow::compute::cast(&args[0], &TIMESTAMP)?;
                super::cells::compute(&[times], &DataType::Utf8, &|cells| {
                    let time = time_of(cells[0].int())?;
                    let shown = if dates { time.format("%Y-%m-%d").to_string() } else { time.format("%Y-%m-%dT%H:%M:%S%.3f").to_string() };
                    Ok(Value::Text(if dates { shown } else { format!("{shown}{zone}") }))
                })
            },
        ),
        // Timestamps with zone are moments here: a zone changes what clocks show, not the moment.
        Kernel::cells("at_timezone", &[zoned(), text.clone()], 2, zoned(), |cells| {
            zone(cells[1].text())?;
            Ok(Value::Time(cells[0].int()))
        }),
        Kernel::cells("with_timezone", &[TIMESTAMP, text.clone()], 2, zoned(), |cells| {
            Ok(Value::Time(moment(time_of(cells[0].int())?, zone(cells[1].text())?)?))
        }),
        Kernel::cells("zone_offset_minutes", &[zoned(), text.clone()], 2, number.clone(), |cells| {
            let zone = zone(cells[1].text())?;
            Ok(Value::Int(i64::from(zone.offset_from_utc_datetime(&time_of(cells[0].int())?).fix().local_minus_utc() / 60)))
        }),
        Kernel::cells("format_datetime", &[TIMESTAMP, text.clone()], 2, text.clone(), |cells| {
            Ok(Value::Text(joda::format(time_of(cells[0].int())?, cells[1].text())?))
        }),
        Kernel::cells("parse_datetime", &[text.clone(), text.clone()], 2, zoned(), |cells| {
            match joda::parse(cells[0].text(), cells[1].text())? {
                Some(time) => Ok(Value::Time(micros(time))),
                None => exec_err!("INVALID_FUNCTION_ARGUMENT: Invalid format: \"{}\" is malformed", cells[0].text()),
            }
        }),
        Kernel::cells("year_of_week", &[day], 1, number.clone(), |cells| {
            let time = time_of(cells[0].int() * 86_400_000_000)?;
            Ok(Value::Int(i64::from(time.date().iso_week().year())))
        }),
        Kernel::cells("millisecond", &[TIMESTAMP], 1, number.clone(), |cells| {
            Ok(Value::Int(i64::from(time_of(cells[0].int())?.nanosecond() / 1_000_000)))
        }),
        Kernel::cells("human_readable_seconds", &[DataType::Float64], 1, text, |cells| Ok(Value::Text(readable(cells[0].float())))),
    ]
}

/// A time in another zone: `zoned_from_local` of a timestamp, `local_in_zone` of one with zone.
pub(super) fn apply(name: &str, zones: &ArrayRef, times: &ArrayRef) -> Result<ArrayRef> {
    let (from_local, given, returns) = match name {
        "zoned_from_local" => (true, TIMESTAMP, zoned()),
        _ => (false, zoned(), TIMESTAMP),
    };
    let times = datafusion::arrow::compute::cast(times, &given)?;
    super::cells::compute(&[Arc::clone(zones), times], &returns, &|cells| {
        let zone = zone(cells[0].text())?;
        Ok(Value::Time(if from_local { moment(time_of(cells[1].int())?, zone)? } else { micros(local(cells[1].int(), zone)?) }))
    })
}

/// `96` is `1 minute, 36 seconds`.
fn readable(seconds: f64) -> String {
    let mut rest = seconds.abs().round() as u64;
    let mut parts = Vec::new();
    for (length, name) in [(604_800, "week"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")] {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(", ") }
}

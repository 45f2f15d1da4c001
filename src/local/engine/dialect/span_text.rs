//! Intervals as text. Trino has two kinds, `2-11` of years and months and `1 02:03:04.500` of days and less; Redshift has the same two and
//! names their parts.

use std::fmt::Write as _;

use datafusion::arrow::array::{ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::arrow::error::ArrowError;

use crate::local::engine::Dialect;

/// Intervals of any unit as the service writes them.
///
/// # Errors
/// When the values are no intervals.
pub fn written(dialect: Dialect, intervals: &ArrayRef) -> Result<StringArray, ArrowError> {
    let intervals = cast(intervals, &DataType::Interval(IntervalUnit::MonthDayNano))?;
    let rows = intervals.as_primitive::<IntervalMonthDayNanoType>().iter();
    Ok(rows.map(|interval| interval.map(|interval| text(dialect, interval))).collect())
}

/// A length of time below months, in parts of one sign.
struct Length {
    negative: bool,
    days: u128,
    hours: u128,
    minutes: u128,
    seconds: u128,
    nanos: u128,
}

impl Length {
    fn of(interval: IntervalMonthDayNano) -> Self {
        const DAY: i128 = 86_400_000_000_000;
        let total = i128::from(interval.days) * DAY + i128::from(interval.nanoseconds);
        let rest = total.unsigned_abs();
        let (days, rest) = (rest / DAY.unsigned_abs(), rest % DAY.unsigned_abs());
        let (seconds, nanos) = (rest / 1_000_000_000, rest % 1_000_000_000);
        Length { negative: total < 0, days, hours: seconds / 3600, minutes: seconds / 60 % 60, seconds: seconds % 60, nanos }
    }

    fn is_zero(&self) -> bool {
        self.days == 0 && self.hours == 0 && self.minutes == 0 && self.seconds == 0 && self.nanos == 0
    }
}

fn text(dialect: Dialect, interval: IntervalMonthDayNano) -> String {
    let length = Length::of(interval);
    let (years, months) = (interval.months.unsigned_abs() / 12, interval.months.unsigned_abs() % 12);
    let minus = if interval.months < 0 { "-" } else { "" };
    let mut out = String::new();
    // Writing to a String cannot fail.
    if interval.months != 0 {
        let _ = match dialect {
            Dialect::Redshift => {
                let signed = |part: u32| if part == 0 { "" } else { minus };
                write!(out, "{}{years} years {}{months} mons", signed(years), signed(months))
            }
            Dialect::Athena => write!(out, "{minus}{years}-{months}"),
        };
        if length.is_zero() {
            return out;
        }
        out.push(' ');
    }
    let Length { negative, days, hours, minutes, seconds, nanos } = length;
    let minus = if negative { "-" } else { "" };
    let _ = match dialect {
        Dialect::Redshift => {
            let fraction = format!("{:06}", nanos / 1000);
            let fraction = fraction.trim_end_matches('0');
            let fraction = if fraction.is_empty() { "0" } else { fraction };
            // Each part carries the sign of the whole, as in the documentation's `-2 days 0 hours`.
            let signed = |part: u128| if part == 0 { "" } else { minus };
            let (day, hour, minute, second) = (signed(days), signed(hours), signed(minutes), signed(seconds + nanos));
            write!(out, "{day}{days} days {hour}{hours} hours {minute}{minutes} mins {second}{seconds}.{fraction} secs")
        }
        Dialect::Athena => write!(out, "{minus}{days} {hours:02}:{minutes:02}:{seconds:02}.{:03}", nanos / 1_000_000),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_both_services() {
        let of = |months, days, nanos| IntervalMonthDayNano::new(months, days, nanos);
        let both = |interval| [Dialect::Redshift, Dialect::Athena].map(|dialect| text(dialect, interval));
        assert_eq!(both(of(35, 0, 0)), ["2 years 11 mons", "2-11"]);
        assert_eq!(both(of(-35, 0, 0)), ["-2 years -11 mons", "-2-11"]);
        assert_eq!(both(of(0, 1, 7_384_500_000_000)), ["1 days 2 hours 3 mins 4.5 secs", "1 02:03:04.500"]);
        assert_eq!(both(of(0, -2, 0)), ["-2 days 0 hours 0 mins 0.0 secs", "-2 00:00:00.000"]);
        assert_eq!(both(of(0, 0, 0)), ["0 days 0 hours 0 mins 0.0 secs", "0 00:00:00.000"]);
    }

    #[test]
    fn parts_of_different_signs_are_one_length() {
        let less = IntervalMonthDayNano::new(0, 1, -3_600_000_000_000);
        assert_eq!(text(Dialect::Athena, less), "0 23:00:00.000");
    }
}

//! Intervals times a number and by a number.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, IntervalMonthDayNanoArray};
use datafusion::arrow::datatypes::{DataType, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ScalarUDF;

use super::kernel::Kernel;

/// The call of an interval times a number.
pub(in crate::engine::dialect) const TIMES: &str = "interval_times";
/// The call of an interval by a number.
pub(in crate::engine::dialect) const DIVIDED: &str = "interval_divided";

const KIND: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const DAY_OF_MONTH: f64 = 30.0;
const NANOS_OF_DAY: f64 = 86_400_000_000_000.0;

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    vec![
        Kernel::exact(TIMES, &[KIND, DataType::Float64], |_| Ok(KIND), |args| rows(args, |value, by| value * by)),
        Kernel::exact(
            DIVIDED,
            &[KIND, DataType::Float64],
            |_| Ok(KIND),
            |args| {
                if args[1].as_primitive::<Float64Type>().iter().flatten().any(|by| by == 0.0) {
                    return Err(ArrowError::DivideByZero.into());
                }
                rows(args, |value, by| value / by)
            },
        ),
    ]
}

fn rows(args: &[ArrayRef], scale: impl Fn(f64, f64) -> f64) -> Result<ArrayRef> {
    let (intervals, numbers) = (args[0].as_primitive::<IntervalMonthDayNanoType>(), args[1].as_primitive::<Float64Type>());
    let mut out = Vec::with_capacity(intervals.len());
    for (interval, number) in intervals.iter().zip(numbers) {
        out.push(match (interval, number) {
            (Some(interval), Some(number)) => Some(scaled(interval, |value| scale(value, number))?),
            _ => None,
        });
    }
    Ok(Arc::new(IntervalMonthDayNanoArray::from(out)))
}

/// The parts of a month become days, of thirty to the month, and the parts of a day become time.
fn scaled(interval: IntervalMonthDayNano, scale: impl Fn(f64) -> f64) -> Result<IntervalMonthDayNano> {
    let months = scale(f64::from(interval.months));
    let days = scale(f64::from(interval.days)) + (months.fract() * DAY_OF_MONTH);
    // Microseconds are what the services keep; what floating point leaves behind them is none of the answer.
    #[expect(clippy::cast_precision_loss, reason = "an interval of more than 2^53 nanoseconds keeps its microseconds")]
    let nanos = scale(interval.nanoseconds as f64) + (days.fract() * NANOS_OF_DAY);
    let nanos = (nanos / 1000.0).round() * 1000.0;
    if [months, days].iter().any(|value| value.abs() > f64::from(i32::MAX)) || nanos.abs() > 9.2e18 || !(months + days + nanos).is_finite()
    {
        return exec_err!("interval out of range");
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked above")]
    Ok(IntervalMonthDayNano::new(months.trunc() as i32, days.trunc() as i32, nanos as i64))
}

//! Rounding, whose result types DataFusion has otherwise: a decimal without a fraction is one of scale 0.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int32Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::kernel::{Kernel, TIMESTAMP};
use crate::local::engine::Dialect;

/// How a decimal loses its fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
    Off,
    Nearest,
}

impl Way {
    const fn decimal(self, value: i128, unit: i128) -> i128 {
        let (quotient, rest) = (value / unit, value % unit);
        match self {
            Way::Up if rest > 0 => quotient + 1,
            Way::Down if rest < 0 => quotient - 1,
            Way::Nearest if rest.abs() * 2 >= unit => quotient + value.signum(),
            _ => quotient,
        }
    }

    fn float(self, value: f64) -> f64 {
        match self {
            Way::Up => value.ceil(),
            Way::Down => value.floor(),
            Way::Off => value.trunc(),
            Way::Nearest => value.round(),
        }
    }
}

pub(super) fn scalar(dialect: Dialect) -> Vec<Arc<ScalarUDF>> {
    let redshift = dialect == Dialect::Redshift;
    let mut all = vec![
        whole("ceil", Way::Up, redshift),
        whole("floor", Way::Down, redshift),
        whole("trunc_any", Way::Off, redshift),
        whole("round_any", Way::Nearest, redshift),
        places("round_places", Way::Nearest, redshift),
        places("trunc_places", Way::Off, redshift),
        sign(redshift),
    ];
    if redshift {
        all.retain(|function| function.name() != "round_places" || redshift);
    }
    all
}

fn decimal_type(kind: &DataType) -> Option<(u8, i8)> {
    match kind {
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => {
            Some(((*p).min(38), *s))
        }
        _ => None,
    }
}

fn taken(given: &DataType) -> DataType {
    match given {
        kind if kind.is_integer() => kind.clone(),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => TIMESTAMP,
        kind => decimal_type(kind).map_or(DataType::Float64, |(precision, scale)| DataType::Decimal128(precision, scale)),
    }
}

/// A function of one number that leaves no fraction; of a timestamp it leaves the date.
fn whole(name: &'static str, way: Way, redshift: bool) -> Arc<ScalarUDF> {
    Kernel::coerced(
        name,
        move |given| match given {
            [one] => Ok(vec![taken(one)]),
            _ => plan_err!("function {name} takes 1 argument, {} given", given.len()),
        },
        move |types| match &types[0] {
            DataType::Timestamp(..) if way == Way::Off && redshift => Ok(DataType::Date32),
            DataType::Timestamp(..) => plan_err!("function {name} takes a number"),
            DataType::Decimal128(precision, scale) => Ok(DataType::Decimal128(fewer(*precision, *scale), 0)),
            other => Ok(other.clone()),
        },
        move |args| {
            Ok(match args[0].data_type() {
                DataType::Timestamp(..) => cast(&args[0], &DataType::Date32)?,
                DataType::Decimal128(precision, scale) => {
                    let unit = 10_i128.pow(u32::from(scale.unsigned_abs()));
                    let values = args[0].as_primitive::<Decimal128Type>().iter().map(|value| value.map(|value| way.decimal(value, unit)));
                    Arc::new(values.collect::<Decimal128Array>().with_precision_and_scale(fewer(*precision, *scale), 0)?)
                }
                DataType::Float64 => {
                    let values = args[0].as_primitive::<Float64Type>().iter().map(|value| value.map(|value| way.float(value)));
                    Arc::new(values.collect::<Float64Array>())
                }
                _ => Arc::clone(&args[0]),
            })
        },
    )
}

/// Digits of a decimal without its fraction; one more, because rounding may carry.
fn fewer(precision: u8, scale: i8) -> u8 {
    if scale == 0 { precision } else { (precision - scale.unsigned_abs().min(precision) + 1).min(38) }
}

/// A function of a number and the places behind the point to keep.
fn places(name: &'static str, way: Way, redshift: bool) -> Arc<ScalarUDF> {
    Kernel::coerced(
        name,
        move |given| match given {
            [one, _] => Ok(vec![taken(one), DataType::Int64]),
            _ => plan_err!("function {name} takes 2 arguments, {} given", given.len()),
        },
        move |types| match &types[0] {
            DataType::Decimal128(precision, scale) if way == Way::Nearest && !redshift => {
                Ok(DataType::Decimal128((precision + 1).min(38), *scale))
            }
            other => Ok(other.clone()),
        },
        move |args| {
            let digits = args[1].as_primitive::<Int64Type>();
            let kept = |row: usize| (!digits.is_null(row)).then(|| digits.value(row).clamp(-38, 38) as i32);
            Ok(match args[0].data_type() {
                DataType::Decimal128(precision, scale) => {
                    let values = args[0].as_primitive::<Decimal128Type>();
                    let rounded = values.iter().enumerate().map(|(row, value)| {
                        let drop = i32::from(*scale) - kept(row)?;
                        let unit = 10_i128.checked_pow(u32::try_from(drop.max(0)).ok()?)?;
                        Some(way.decimal(value?, unit) * unit)
                    });
                    let precision = if way == Way::Nearest && !redshift { (precision + 1).min(38) } else { *precision };
                    Arc::new(rounded.collect::<Decimal128Array>().with_precision_and_scale(precision, *scale)?) as ArrayRef
                }
                DataType::Float64 => {
                    let values = args[0].as_primitive::<Float64Type>();
                    let rounded = values.iter().enumerate().map(|(row, value)| {
                        let (value, digits) = (value?, kept(row)?);
                        // Through text: 2.675 has no exact double, and multiplying makes it worse.
                        let unit = 10_f64.powi(digits);
                        let near = way.float(value * unit) / unit;
                        Some(if near.is_finite() { near } else { value })
                    });
                    Arc::new(rounded.collect::<Float64Array>())
                }
                kind => {
                    let values = cast(&args[0], &DataType::Int64)?;
                    let rounded = values.as_primitive::<Int64Type>().iter().enumerate().map(|(row, value)| {
                        let unit = 10_i128.checked_pow(u32::try_from((-kept(row)?).max(0)).ok()?)?;
                        i64::try_from(way.decimal(i128::from(value?), unit) * unit).ok()
                    });
                    cast(&(Arc::new(rounded.collect::<datafusion::arrow::array::Int64Array>()) as ArrayRef), kind)?
                }
            })
        },
    )
}

fn sign(redshift: bool) -> Arc<ScalarUDF> {
    Kernel::coerced(
        "sign",
        |given| match given {
            [one] => Ok(vec![taken(one)]),
            _ => plan_err!("function sign takes 1 argument, {} given", given.len()),
        },
        move |types| {
            Ok(match &types[0] {
                DataType::Decimal128(..) => DataType::Decimal128(1, 0),
                _ if redshift && types[0].is_integer() => DataType::Int32,
                other => other.clone(),
            })
        },
        move |args| {
            let result: Result<ArrayRef> = Ok(match args[0].data_type() {
                DataType::Decimal128(..) => {
                    let values = args[0].as_primitive::<Decimal128Type>().iter().map(|value| value.map(i128::signum));
                    Arc::new(values.collect::<Decimal128Array>().with_precision_and_scale(1, 0)?)
                }
                DataType::Float64 => {
                    let values = args[0].as_primitive::<Float64Type>().iter();
                    let signs = values.map(|value| value.map(|value| if value == 0.0 || value.is_nan() { value } else { value.signum() }));
                    Arc::new(signs.collect::<Float64Array>())
                }
                kind if kind.is_integer() => {
                    let values = cast(&args[0], &DataType::Int64)?;
                    let signs = values.as_primitive::<Int64Type>().iter().map(|value| value.map(|value| value.signum() as i32));
                    let signs: ArrayRef = Arc::new(signs.collect::<Int32Array>());
                    if redshift { signs } else { cast(&signs, kind)? }
                }
                other => return exec_err!("sign takes a number, not {other}"),
            });
            result
        },
    )
}

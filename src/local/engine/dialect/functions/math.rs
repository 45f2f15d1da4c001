//! Numbers.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::exec_err;
use datafusion::logical_expr::ScalarUDF;
use datafusion::sql::sqlparser::ast::{BinaryOperator, DataType as SqlType, Expr, UnaryOperator};

use super::Rewritten;
use super::cells::Value;
use super::kernel::Kernel;
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

pub(super) fn rewrite(mut call: Call) -> Result<Rewritten, SqlError> {
    let redshift = call.dialect == Dialect::Redshift;
    let double = |expr| call::cast(expr, SqlType::DoublePrecision);
    let operator = |mut call: Call, operator| -> Result<Expr, SqlError> {
        let [left, right] = call.exactly()?;
        let whole = |expr| call::cast(expr, SqlType::BigInt(None));
        Ok(call::binary(whole(left), operator, whole(right)))
    };
    let expr = match (call.name.as_str(), call.args.len()) {
        ("mod", 2) => {
            let [left, right] = call.exactly()?;
            call::binary(left, BinaryOperator::Modulo, right)
        }
        ("ceiling", 1) => call.renamed("ceil"),
        ("dexp", 1) if redshift => call.renamed("exp"),
        ("dlog1", 1) if redshift => call.renamed("ln"),
        ("dlog10", 1) if redshift => call.renamed("log10"),
        ("dpower" | "pow" | "power", 2) => {
            let [base, exponent] = call.exactly()?;
            call::function("power", vec![double(base), double(exponent)])
        }
        ("log", 1) if redshift => call.renamed("log10"),
        ("trunc", 2) if redshift => call.renamed("trunc_places"),
        ("truncate", 2) if !redshift => call.renamed("trunc_places"),
        ("truncate", 1) if !redshift => call.renamed("trunc_any"),
        ("round", 1) => call.renamed("round_any"),
        ("round", 2) => call.renamed("round_places"),
        ("rand" | "random", 0) => call.renamed("random"),
        ("rand" | "random", 1 | 2) if !redshift => {
            let (low, high) = match std::mem::take(&mut call.args).as_slice() {
                [high] => (call::number(0), high.clone()),
                [low, high] => (low.clone(), high.clone()),
                _ => return Err(call.error("function random takes at most 2 arguments")),
            };
            let span = double(call::binary(high, BinaryOperator::Minus, low.clone()));
            let part = call::function("floor", vec![call::binary(call::function("random", Vec::new()), BinaryOperator::Multiply, span)]);
            call::binary(low, BinaryOperator::Plus, call::cast(part, SqlType::BigInt(None)))
        }
        ("e", 0) if !redshift => call::function("exp", vec![double(call::number(1))]),
        ("is_nan", 1) if !redshift => call.renamed("isnan"),
        ("nan", 0) if !redshift => double(call::text("NaN")),
        ("infinity", 0) if !redshift => double(call::text("Infinity")),
        ("bitwise_and", 2) if !redshift => operator(call, BinaryOperator::BitwiseAnd)?,
        ("bitwise_or", 2) if !redshift => operator(call, BinaryOperator::BitwiseOr)?,
        ("bitwise_xor", 2) if !redshift => operator(call, BinaryOperator::BitwiseXor)?,
        ("bitwise_right_shift_arithmetic" | "bitwise_right_shift", 2) if !redshift => operator(call, BinaryOperator::PGBitwiseShiftRight)?,
        ("bitwise_left_shift", 2) if !redshift => call.renamed("bitwise_shift_left"),
        // Whole numbers are in two's complement.
        ("bitwise_not", 1) if !redshift => {
            let [value] = call.exactly()?;
            let negative = Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr: Box::new(call::cast(Expr::Nested(Box::new(value)), SqlType::BigInt(None))),
            };
            call::binary(Expr::Nested(Box::new(negative)), BinaryOperator::Minus, call::number(1))
        }
        ("greatest" | "least", 1..) if !redshift => {
            // NULL makes the result NULL in Trino, where DataFusion leaves it out.
            let known = call.args.clone().into_iter().map(|arg| Expr::IsNull(Box::new(arg)));
            match known.reduce(|left, right| call::binary(left, BinaryOperator::Or, right)) {
                Some(unknown) => {
                    let name = call.name.clone();
                    let value = call.renamed(&name);
                    call::case(vec![(unknown, call::null())], Some(value))
                }
                None => return Ok(Rewritten::Other(call)),
            }
        }
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let (float, number) = (DataType::Float64, DataType::Int64);
    vec![
        Kernel::cells(
            "width_bucket",
            &[float.clone(), float.clone(), float.clone(), number.clone()],
            4,
            number,
            |cells| match width_bucket(cells[0].float(), cells[1].float(), cells[2].float(), cells[3].int()) {
                Some(bucket) => Ok(Value::Int(bucket)),
                None => exec_err!("width_bucket needs two different bounds and a positive number of buckets"),
            },
        ),
        Kernel::cells("is_finite", std::slice::from_ref(&float), 1, DataType::Boolean, |cells| {
            Ok(Value::Bool(cells[0].float().is_finite()))
        }),
        Kernel::cells("is_infinite", std::slice::from_ref(&float), 1, DataType::Boolean, |cells| {
            Ok(Value::Bool(cells[0].float().is_infinite()))
        }),
        Kernel::cells("normal_cdf", &[float.clone(), float.clone(), float.clone()], 3, float, |cells| {
            if cells[1].float() <= 0.0 {
                return exec_err!("INVALID_FUNCTION_ARGUMENT: standardDeviation must be > 0");
            }
            Ok(Value::Float(normal(cells[0].float(), cells[1].float(), cells[2].float())))
        }),
    ]
}

/// The share of a normal distribution below a value: Simpson's rule from the mean.
fn normal(mean: f64, deviation: f64, value: f64) -> f64 {
    const STEPS: i32 = 2000;
    let distance = ((value - mean) / deviation).clamp(-40.0, 40.0);
    let width = distance / f64::from(STEPS);
    let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let weight = |step: i32| {
        if step == 0 || step == STEPS {
            1.0
        } else if step % 2 == 1 {
            4.0
        } else {
            2.0
        }
    };
    0.5 + (0..=STEPS).map(|step| weight(step) * density(f64::from(step) * width)).sum::<f64>() * width / 3.0
}

/// The bucket of an equal-width histogram from `low` to `high`: 1 to `count`, 0 below and `count + 1` from `high` on.
fn width_bucket(value: f64, low: f64, high: f64, count: i64) -> Option<i64> {
    if low == high || count < 1 || !low.is_finite() || !high.is_finite() {
        return None;
    }
    let position = (value - low) / (high - low);
    Some(if position < 0.0 {
        0
    } else if position >= 1.0 {
        count + 1
    } else {
        (position * count as f64) as i64 + 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_count_from_one_and_bounds_may_descend() {
        let buckets = [-1.0, 0.0, 4.9, 5.0, 9.9, 10.0].map(|value| width_bucket(value, 0.0, 10.0, 2));
        assert_eq!(buckets, [Some(0), Some(1), Some(1), Some(2), Some(2), Some(3)]);
        assert_eq!(width_bucket(9.0, 10.0, 0.0, 2), Some(1));
        assert_eq!(width_bucket(1.0, 1.0, 1.0, 2), None);
    }

    #[test]
    fn the_normal_distribution() {
        assert!((normal(0.0, 1.0, 1.96) - 0.975_002_104_851_779_7).abs() < 1e-9);
        assert!((normal(10.0, 2.0, 10.0) - 0.5).abs() < 1e-12);
    }
}

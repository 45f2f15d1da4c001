//! Numbers.

use std::sync::Arc;

use datafusion::arrow::array::{Array, Int64Array};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::{as_float64_array, as_int64_array};
use datafusion::common::exec_err;
use datafusion::logical_expr::ScalarUDF;
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::Rewritten;
use super::kernel::{Kernel, returns_int8};
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

pub(super) fn rewrite(mut call: Call) -> Result<Rewritten, SqlError> {
    let redshift = call.dialect == Dialect::Redshift;
    let expr = match (call.name.as_str(), call.args.len()) {
        ("mod", 2) => {
            let [left, right] = call.exactly()?;
            call::binary(left, BinaryOperator::Modulo, right)
        }
        ("ceiling", 1) => call.renamed("ceil"),
        ("dexp", 1) if redshift => call.renamed("exp"),
        ("dlog1", 1) if redshift => call.renamed("ln"),
        ("dlog10", 1) if redshift => call.renamed("log10"),
        ("dpower" | "pow", 2) if redshift => call.renamed("power"),
        ("sign", 1) => call.renamed("signum"),
        ("truncate", _) if !redshift => call.renamed("trunc"),
        ("rand", 0) if !redshift => call.renamed("random"),
        ("e", 0) if !redshift => {
            call::function("exp", vec![call::cast(call::number(1), datafusion::sql::sqlparser::ast::DataType::DoublePrecision)])
        }
        ("is_nan", 1) if !redshift => call.renamed("isnan"),
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let arguments = [DataType::Float64, DataType::Float64, DataType::Float64, DataType::Int64];
    vec![Kernel::exact("width_bucket", &arguments, returns_int8, |args| {
        let (values, lows, highs) = (as_float64_array(&args[0])?, as_float64_array(&args[1])?, as_float64_array(&args[2])?);
        let counts = as_int64_array(&args[3])?;
        let mut out = Vec::with_capacity(values.len());
        for row in 0..values.len() {
            if args.iter().any(|arg| arg.is_null(row)) {
                out.push(None);
                continue;
            }
            match width_bucket(values.value(row), lows.value(row), highs.value(row), counts.value(row)) {
                Some(bucket) => out.push(Some(bucket)),
                None => return exec_err!("width_bucket needs two different bounds and a positive number of buckets"),
            }
        }
        Ok(Arc::new(Int64Array::from(out)))
    })]
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
}

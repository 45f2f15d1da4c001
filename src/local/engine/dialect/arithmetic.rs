//! `+ - * / %` of exact numbers, with the services' result types and their errors: whole numbers do not wrap round, decimals have the
//! precision and scale that each service documents.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Datum, Decimal128Array, Float64Array, IntervalMonthDayNanoArray};
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, Float64Type, IntervalMonthDayNano, IntervalUnit, TimeUnit, TimestampMicrosecondType, i256,
};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::local::engine::Dialect;

/// Digits of a decimal.
const DIGITS: u8 = 38;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Op {
    const fn of(op: &BinaryOperator) -> Option<Op> {
        Some(match op {
            BinaryOperator::Plus => Op::Add,
            BinaryOperator::Minus => Op::Subtract,
            BinaryOperator::Multiply => Op::Multiply,
            BinaryOperator::Divide => Op::Divide,
            BinaryOperator::Modulo => Op::Remainder,
            _ => return None,
        })
    }

    const fn symbol(self) -> &'static str {
        match self {
            Op::Add => "+",
            Op::Subtract => "-",
            Op::Multiply => "*",
            Op::Divide => "/",
            Op::Remainder => "%",
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Op::Add => "addition",
            Op::Subtract => "subtraction",
            Op::Multiply => "multiplication",
            Op::Divide => "division",
            Op::Remainder => "remainder",
        }
    }
}

/// The operation as a call, when it is one of exact numbers (or a division of floating point that may fail, or a difference of timestamps,
/// in Redshift). Otherwise DataFusion's own operator does.
pub(super) fn plan(dialect: Dialect, op: &BinaryOperator, left: &Expr, right: &Expr, types: (&DataType, &DataType)) -> Option<Expr> {
    let op = Op::of(op)?;
    let (left, right) = (narrowed(left), narrowed(right));
    let (left_type, right_type) = (narrow_type(&left, types.0), narrow_type(&right, types.1));
    let arithmetic = Arithmetic { op, dialect, signature: Signature::user_defined(Volatility::Immutable) };
    let redshift = dialect == Dialect::Redshift;
    let exact = |kind: &DataType| kind.is_integer() || kind.is_decimal();
    let fits = match (&left_type, &right_type) {
        (DataType::Null, other) | (other, DataType::Null) => exact(other),
        (one, other) if exact(one) && exact(other) => true,
        // A floating-point number divided by zero is an error in Redshift, and infinite in Trino.
        (one, other) if redshift && matches!(op, Op::Divide | Op::Remainder) => {
            one.is_numeric() && other.is_numeric() && (one.is_floating() || other.is_floating())
        }
        (DataType::Timestamp(_, None), DataType::Timestamp(_, None)) => op == Op::Subtract,
        _ => false,
    };
    fits.then(|| ScalarUDF::new_from_impl(arithmetic).call(vec![left, right]))
}

/// A whole-number literal is an `integer` when it fits.
fn narrowed(expr: &Expr) -> Expr {
    match expr {
        Expr::Literal(ScalarValue::Int64(Some(number)), metadata) => match i32::try_from(*number) {
            Ok(number) => Expr::Literal(ScalarValue::Int32(Some(number)), metadata.clone()),
            Err(_) => expr.clone(),
        },
        Expr::Negative(inner) => Expr::Negative(Box::new(narrowed(inner))),
        other => other.clone(),
    }
}

fn narrow_type(expr: &Expr, given: &DataType) -> DataType {
    match expr {
        Expr::Literal(value, _) => value.data_type(),
        Expr::Negative(inner) => narrow_type(inner, given),
        _ => given.clone(),
    }
}

#[derive(Debug)]
struct Arithmetic {
    op: Op,
    dialect: Dialect,
    signature: Signature,
}

impl PartialEq for Arithmetic {
    fn eq(&self, other: &Self) -> bool {
        (self.op, self.dialect) == (other.op, other.dialect)
    }
}

impl Eq for Arithmetic {}

impl Hash for Arithmetic {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.op, self.dialect).hash(state);
    }
}

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &'static str {
        self.op.symbol()
    }

    fn display_name(&self, args: &[Expr]) -> Result<String> {
        let [left, right] = args else { return plan_err!("{} takes two arguments", self.op.symbol()) };
        Ok(format!("({left} {} {right})", self.op.symbol()))
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let [left, right] = args else { return plan_err!("{} takes two arguments", self.op.symbol()) };
        Ok(format!("({} {} {})", left.schema_name(), self.op.symbol(), right.schema_name()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [left, right] = given else { return plan_err!("{} takes two arguments", self.op.symbol()) };
        let (left, right) = match (left, right) {
            (DataType::Null, other) | (other, DataType::Null) => (other, other),
            both => both,
        };
        Ok(match (left, right) {
            (DataType::Timestamp(..), _) => vec![DataType::Timestamp(TimeUnit::Microsecond, None); 2],
            (left, right) if left.is_integer() && right.is_integer() => vec![wider(left, right); 2],
            (left, right) if left.is_floating() || right.is_floating() => vec![DataType::Float64; 2],
            (left, right) => vec![decimal(left)?, decimal(right)?],
        })
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        let [left, right] = given else { return plan_err!("{} takes two arguments", self.op.symbol()) };
        match (left, right) {
            (DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2)) => {
                let (precision, scale) = result(self.dialect, self.op, (i32::from(*p1), i32::from(*s1)), (i32::from(*p2), i32::from(*s2)))?;
                Ok(DataType::Decimal128(precision, scale))
            }
            (DataType::Timestamp(..), _) => Ok(DataType::Interval(IntervalUnit::MonthDayNano)),
            _ => Ok(left.clone()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = args.args.as_slice() else { return plan_err!("{} takes two arguments", self.op.symbol()) };
        let scalar = matches!((left, right), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
        let wanted = args.return_field.data_type();
        let rows = match wanted {
            DataType::Decimal128(precision, scale) => {
                let (left, right) = arrays(left, right, args.number_rows)?;
                self.decimals(left.as_primitive::<Decimal128Type>(), right.as_primitive::<Decimal128Type>(), *precision, *scale)?
            }
            DataType::Interval(_) => {
                let (left, right) = arrays(left, right, args.number_rows)?;
                difference(&left, &right)
            }
            DataType::Float64 => {
                let (left, right) = arrays(left, right, args.number_rows)?;
                self.floats(left.as_primitive::<Float64Type>(), right.as_primitive::<Float64Type>())?
            }
            _ => self.integers(left, right)?,
        };
        Ok(if scalar { ColumnarValue::Scalar(ScalarValue::try_from_array(&rows, 0)?) } else { ColumnarValue::Array(rows) })
    }
}

fn arrays(left: &ColumnarValue, right: &ColumnarValue, rows: usize) -> Result<(ArrayRef, ArrayRef)> {
    let rows = match (left, right) {
        (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)) => 1,
        _ => rows,
    };
    Ok((left.to_array(rows)?, right.to_array(rows)?))
}

impl Arithmetic {
    fn integers(&self, left: &ColumnarValue, right: &ColumnarValue) -> Result<ArrayRef> {
        let datum = |value: &ColumnarValue| -> Result<Box<dyn Datum>> {
            Ok(match value {
                ColumnarValue::Array(array) => Box::new(Arc::clone(array)),
                ColumnarValue::Scalar(scalar) => Box::new(scalar.to_scalar()?),
            })
        };
        let (left, right) = (datum(left)?, datum(right)?);
        let (left, right) = (left.as_ref(), right.as_ref());
        let computed = match self.op {
            Op::Add => numeric::add(left, right),
            Op::Subtract => numeric::sub(left, right),
            Op::Multiply => numeric::mul(left, right),
            Op::Divide => numeric::div(left, right),
            Op::Remainder => numeric::rem(left, right),
        };
        match computed {
            Ok(rows) => Ok(rows),
            Err(ArrowError::ArithmeticOverflow(_)) => self.overflow(left.get().0.data_type()),
            Err(error) => Err(error.into()),
        }
    }

    fn overflow(&self, kind: &DataType) -> Result<ArrayRef> {
        let name = match kind {
            DataType::Int8 => "tinyint",
            DataType::Int16 => "smallint",
            DataType::Int32 => "integer",
            _ => "bigint",
        };
        match self.dialect {
            Dialect::Redshift => exec_err!("{name} out of range"),
            Dialect::Athena => exec_err!("NUMERIC_VALUE_OUT_OF_RANGE: {name} {} overflow", self.op.noun()),
        }
    }

    fn floats(&self, left: &Float64Array, right: &Float64Array) -> Result<ArrayRef> {
        let mut out = Vec::with_capacity(left.len());
        for (left, right) in left.iter().zip(right) {
            out.push(match (left, right) {
                (Some(_), Some(0.0)) => return Err(ArrowError::DivideByZero.into()),
                (Some(left), Some(right)) if self.op == Op::Remainder => Some(left % right),
                (Some(left), Some(right)) => Some(left / right),
                _ => None,
            });
        }
        Ok(Arc::new(Float64Array::from(out)))
    }

    fn decimals(&self, left: &Decimal128Array, right: &Decimal128Array, precision: u8, scale: i8) -> Result<ArrayRef> {
        let limit = 10_i128.pow(u32::from(precision));
        let (s1, s2, scale_wide) = (i32::from(left.scale()), i32::from(right.scale()), i32::from(scale));
        let common = s1.max(s2);
        // The powers of ten that bring both sides to what the operation needs.
        let (up_left, up_right) = match self.op {
            Op::Add | Op::Subtract | Op::Remainder => (common - s1, common - s2),
            Op::Multiply => (0, 0),
            Op::Divide => (scale_wide - s1 + s2, 0),
        };
        let (up_left, up_right) = (power(up_left), power(up_right));
        let down = power(match self.op {
            Op::Add | Op::Subtract | Op::Remainder => common - scale_wide,
            Op::Multiply => s1 + s2 - scale_wide,
            Op::Divide => 0,
        });
        let mut out = Vec::with_capacity(left.len());
        for (left, right) in left.iter().zip(right) {
            let (Some(left), Some(right)) = (left, right) else {
                out.push(None);
                continue;
            };
            if right == 0 && matches!(self.op, Op::Divide | Op::Remainder) {
                return Err(ArrowError::DivideByZero.into());
            }
            let value = self.narrow(left, right, up_left, up_right, down).or_else(|| self.wide(left, right, up_left, up_right, down));
            match value.filter(|value| value.abs() < limit) {
                Some(value) => out.push(Some(value)),
                None => return Err(ArrowError::ArithmeticOverflow("decimal".to_owned()).into()),
            }
        }
        Ok(Arc::new(Decimal128Array::from(out).with_precision_and_scale(precision, scale)?))
    }

    /// In 128 bits; `None` when they do not suffice.
    fn narrow(&self, left: i128, right: i128, up_left: i256, up_right: i256, down: i256) -> Option<i128> {
        let (left, right) = (left.checked_mul(up_left.to_i128()?)?, right.checked_mul(up_right.to_i128()?)?);
        let down = down.to_i128()?;
        let value = match self.op {
            Op::Add => left.checked_add(right)?,
            Op::Subtract => left.checked_sub(right)?,
            Op::Multiply => left.checked_mul(right)?,
            Op::Remainder => left % right,
            Op::Divide => {
                let rounds = self.dialect == Dialect::Athena && (left % right).abs() >= right.abs() - (left % right).abs();
                return Some(left / right + i128::from(rounds) * left.signum() * right.signum());
            }
        };
        if down == 1 {
            return Some(value);
        }
        // Digits that there is no room for are rounded, half away from zero.
        let rounds = (value % down).abs() >= down - (value % down).abs();
        Some(value / down + i128::from(rounds) * value.signum())
    }

    /// In 256 bits.
    fn wide(&self, left: i128, right: i128, up_left: i256, up_right: i256, down: i256) -> Option<i128> {
        let (left, right) = (i256::from_i128(left).checked_mul(up_left)?, i256::from_i128(right).checked_mul(up_right)?);
        let (value, down) = match self.op {
            Op::Add => (left.checked_add(right)?, down),
            Op::Subtract => (left.checked_sub(right)?, down),
            Op::Multiply => (left.checked_mul(right)?, down),
            Op::Remainder => (left.checked_rem(right)?, down),
            Op::Divide => (left, right),
        };
        let (quotient, rest) = (value.checked_div(down)?, value.checked_rem(down)?);
        let exact = rest == i256::ZERO || (self.op == Op::Divide && self.dialect == Dialect::Redshift);
        let half = rest.wrapping_abs() >= down.wrapping_abs().checked_sub(rest.wrapping_abs())?;
        let sign = if (value < i256::ZERO) == (down < i256::ZERO) { i256::ONE } else { i256::MINUS_ONE };
        if exact || !half { quotient.to_i128() } else { quotient.checked_add(sign)?.to_i128() }
    }
}

fn power(exponent: i32) -> i256 {
    let exponent = u32::try_from(exponent).unwrap_or(0);
    i256::from_i128(10).checked_pow(exponent).unwrap_or(i256::ONE)
}

/// The difference of timestamps: days, and what is left of one.
fn difference(left: &ArrayRef, right: &ArrayRef) -> ArrayRef {
    const DAY: i64 = 86_400_000_000;
    let (left, right) = (left.as_primitive::<TimestampMicrosecondType>(), right.as_primitive::<TimestampMicrosecondType>());
    let rows = left.iter().zip(right).map(|(left, right)| {
        let micros = left?.checked_sub(right?)?;
        Some(IntervalMonthDayNano::new(0, i32::try_from(micros / DAY).ok()?, micros % DAY * 1000))
    });
    Arc::new(rows.collect::<IntervalMonthDayNanoArray>())
}

fn wider(left: &DataType, right: &DataType) -> DataType {
    let width = |kind: &DataType| kind.primitive_width().unwrap_or(8);
    match width(left).max(width(right)) {
        1 => DataType::Int8,
        2 => DataType::Int16,
        4 => DataType::Int32,
        _ => DataType::Int64,
    }
}

/// The decimal that a whole number counts as beside one.
fn decimal(kind: &DataType) -> Result<DataType> {
    Ok(match kind {
        DataType::Int8 | DataType::UInt8 => DataType::Decimal128(3, 0),
        DataType::Int16 | DataType::UInt16 => DataType::Decimal128(5, 0),
        DataType::Int32 | DataType::UInt32 => DataType::Decimal128(10, 0),
        DataType::Int64 | DataType::UInt64 => DataType::Decimal128(19, 0),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) | DataType::Decimal128(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Decimal256(_, scale) => DataType::Decimal128(DIGITS, *scale),
        other => return plan_err!("a number is needed, not {other}"),
    })
}

/// Precision and scale of a result, by the tables in the services' documentation.
fn result(dialect: Dialect, op: Op, (p1, s1): (i32, i32), (p2, s2): (i32, i32)) -> Result<(u8, i8)> {
    let digits = i32::from(DIGITS);
    let (precision, scale) = match (dialect, op) {
        (_, Op::Add | Op::Subtract) => {
            let scale = s1.max(s2);
            ((p1 - s1).max(p2 - s2) + 1 + scale, scale)
        }
        (Dialect::Redshift, Op::Multiply) => (p1 + p2 + 1, s1 + s2),
        (Dialect::Athena, Op::Multiply) => (p1 + p2, s1 + s2),
        (Dialect::Redshift, Op::Divide) => {
            let scale = 4.max(s1 + p2 - s2 + 1);
            let precision = p1 - s1 + s2 + scale;
            // What is over 38 digits is taken from the fraction, down to four digits of it.
            if precision > digits { (digits, (digits + scale - precision).max(4)) } else { (precision, scale) }
        }
        (Dialect::Athena, Op::Divide) => (p1 + s2 + (s2 - s1).max(0), s1.max(s2)),
        (_, Op::Remainder) => {
            let scale = s1.max(s2);
            ((p1 - s1).min(p2 - s2) + scale, scale)
        }
    };
    if scale > digits {
        return match dialect {
            Dialect::Redshift => plan_err!("Numeric data overflow (result precision)"),
            Dialect::Athena => plan_err!("DECIMAL scale must be in range [0, precision (38)]: {scale}"),
        };
    }
    // Both are small and positive here.
    Ok((u8::try_from(precision.clamp(1, digits)).unwrap_or(DIGITS), i8::try_from(scale).unwrap_or(0)))
}

/// A cast of decimals or whole numbers that fails when a value does not fit.
pub(super) fn strict_cast(values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    if values.data_type() == to {
        return Ok(Arc::clone(values));
    }
    Ok(cast_with_options(values, to, &CastOptions { safe: false, ..CastOptions::default() }).or_else(|_| cast(values, to))?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn results_have_the_documented_precision_and_scale() {
        // The example of Redshift's documentation: two columns of DECIMAL(8,2), divided.
        assert_eq!(result(Dialect::Redshift, Op::Divide, (8, 2), (8, 2)).unwrap(), (17, 9));
        assert_eq!(result(Dialect::Redshift, Op::Multiply, (8, 2), (8, 2)).unwrap(), (17, 4));
        assert_eq!(result(Dialect::Redshift, Op::Add, (8, 2), (10, 4)).unwrap(), (11, 4));
        assert_eq!(result(Dialect::Redshift, Op::Divide, (38, 4), (38, 4)).unwrap(), (38, 4));
        assert_eq!(result(Dialect::Athena, Op::Divide, (2, 1), (10, 0)).unwrap(), (2, 1));
        assert_eq!(result(Dialect::Athena, Op::Multiply, (8, 2), (8, 2)).unwrap(), (16, 4));
        assert_eq!(result(Dialect::Athena, Op::Remainder, (8, 2), (5, 3)).unwrap(), (5, 3));
        assert!(result(Dialect::Redshift, Op::Multiply, (38, 20), (38, 20)).is_err());
    }

    #[test]
    fn quotients_are_cut_off_in_redshift_and_rounded_in_trino() {
        let divide = |dialect| {
            let arithmetic = Arithmetic { op: Op::Divide, dialect, signature: Signature::user_defined(Volatility::Immutable) };
            let decimal = |value| Decimal128Array::from(vec![value]).with_precision_and_scale(5, 1).unwrap();
            let quotient = arithmetic.decimals(&decimal(-50), &decimal(30), 10, 1).unwrap();
            quotient.as_primitive::<Decimal128Type>().value(0)
        };
        assert_eq!((divide(Dialect::Redshift), divide(Dialect::Athena)), (-16, -17));
    }
}

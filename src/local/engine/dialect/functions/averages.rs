//! `avg` and `sum` with the services' result types: an average of whole numbers is a whole number in Redshift, decimals keep their scale in
//! both, and sums of `bigint` are decimals in Redshift.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature, Volatility};

use crate::local::engine::Dialect;

/// Digits of the decimals that are summed in.
const DIGITS: u8 = 38;

pub(super) fn aggregate(dialect: Dialect) -> Vec<Arc<AggregateUDF>> {
    let signature = || Signature::user_defined(Volatility::Immutable);
    let mut functions = vec![Arc::new(AggregateUDF::new_from_impl(Average { dialect, signature: signature(), inner: avg_udaf() }))];
    if dialect == Dialect::Redshift {
        functions.push(Arc::new(AggregateUDF::new_from_impl(Sum { signature: signature(), inner: sum_udaf() })));
    }
    functions
}

/// Whole numbers, decimals, or floating point: what the argument of an average or sum is summed as.
fn summed_as(given: &DataType, whole: DataType) -> Result<DataType> {
    Ok(match given {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64 => whole,
        DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => {
            DataType::Decimal128(DIGITS, *scale)
        }
        DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Null
        | DataType::Utf8
        | DataType::Utf8View
        | DataType::LargeUtf8 => DataType::Float64,
        other => return plan_err!("a number is needed, not {other}"),
    })
}

/// `avg`.
#[derive(Debug)]
struct Average {
    dialect: Dialect,
    signature: Signature,
    inner: Arc<AggregateUDF>,
}

impl PartialEq for Average {
    fn eq(&self, other: &Self) -> bool {
        self.dialect == other.dialect
    }
}

impl Eq for Average {}

impl Hash for Average {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.dialect.hash(state);
    }
}

impl AggregateUDFImpl for Average {
    fn name(&self) -> &str {
        "avg"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [given] = given else { return plan_err!("avg takes one argument") };
        let whole = if self.dialect == Dialect::Redshift { DataType::Int64 } else { DataType::Float64 };
        Ok(vec![summed_as(given, whole)?])
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(self.coerce_types(given)?.remove(0))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.return_field.data_type() == &DataType::Float64 {
            return self.inner.accumulator(args);
        }
        if args.is_distinct {
            return exec_err!("avg(DISTINCT) of exact numbers is not supported");
        }
        let rounds = self.dialect == Dialect::Athena;
        Ok(Box::new(ExactAverage { sum: 0, count: 0, rounds, data_type: args.return_field.data_type().clone() }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        if args.return_field.data_type() == &DataType::Float64 {
            return self.inner.state_fields(args);
        }
        Ok(vec![
            Arc::new(Field::new(format_state_name(args.name, "count"), DataType::Int64, false)),
            Arc::new(Field::new(format_state_name(args.name, "sum"), DataType::Decimal128(DIGITS, 0), false)),
        ])
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        args.return_field.data_type() == &DataType::Float64 && self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.create_groups_accumulator(args)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.return_field.data_type() == &DataType::Float64 {
            return self.inner.create_sliding_accumulator(args);
        }
        self.accumulator(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> datafusion::logical_expr::utils::AggregateOrderSensitivity {
        datafusion::logical_expr::utils::AggregateOrderSensitivity::Insensitive
    }
}

/// The average of whole numbers or decimals, exact until the division.
#[derive(Debug)]
struct ExactAverage {
    sum: i128,
    count: i64,
    /// Halves are rounded up (Trino), or the rest is cut off (Redshift).
    rounds: bool,
    data_type: DataType,
}

impl ExactAverage {
    fn add(&mut self, values: &ArrayRef, sign: i128) -> Result<()> {
        let (sum, count) = match values.data_type() {
            DataType::Int64 => {
                let values = values.as_primitive::<Int64Type>();
                (values.iter().flatten().map(i128::from).sum::<i128>(), values.len() - values.null_count())
            }
            _ => {
                let values = values.as_primitive::<Decimal128Type>();
                (values.iter().flatten().sum::<i128>(), values.len() - values.null_count())
            }
        };
        self.sum += sign * sum;
        self.count += i64::try_from(sign).unwrap_or(0) * i64::try_from(count).unwrap_or(0);
        Ok(())
    }
}

impl Accumulator for ExactAverage {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(&values[0], 1)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(&values[0], -1)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.count == 0 {
            return ScalarValue::try_from(&self.data_type);
        }
        let count = i128::from(self.count);
        let half = if self.rounds { count / 2 * self.sum.signum() } else { 0 };
        let average = (self.sum + half) / count;
        Ok(match self.data_type {
            DataType::Decimal128(precision, scale) => ScalarValue::Decimal128(Some(average), precision, scale),
            _ => match i64::try_from(average) {
                Ok(average) => ScalarValue::Int64(Some(average)),
                Err(_) => return exec_err!("bigint out of range"),
            },
        })
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Int64(Some(self.count)), ScalarValue::Decimal128(Some(self.sum), DIGITS, 0)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.count += states[0].as_primitive::<Int64Type>().iter().flatten().sum::<i64>();
        self.sum += states[1].as_primitive::<Decimal128Type>().iter().flatten().sum::<i128>();
        Ok(())
    }
}

/// Redshift's `sum`: `bigint` of smaller whole numbers, `numeric(38, 0)` of `bigint`, 38 digits of decimals.
#[derive(Debug)]
struct Sum {
    signature: Signature,
    inner: Arc<AggregateUDF>,
}

impl PartialEq for Sum {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Sum {}

impl Hash for Sum {
    fn hash<H: Hasher>(&self, state: &mut H) {
        "sum".hash(state);
    }
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [given] = given else { return plan_err!("sum takes one argument") };
        let whole = if matches!(given, DataType::Int64 | DataType::UInt64) { DataType::Decimal128(DIGITS, 0) } else { DataType::Int64 };
        Ok(vec![summed_as(given, whole)?])
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        // Coerced arguments come back here: bigint stays what smaller numbers were coerced to.
        match given {
            [DataType::Int64] => Ok(DataType::Int64),
            _ => Ok(self.coerce_types(given)?.remove(0)),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.create_groups_accumulator(args)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.create_sliding_accumulator(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> datafusion::logical_expr::utils::AggregateOrderSensitivity {
        datafusion::logical_expr::utils::AggregateOrderSensitivity::Insensitive
    }
}

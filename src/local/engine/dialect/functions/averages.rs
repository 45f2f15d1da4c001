//! `avg` and `sum` with the services' result types: an average of whole numbers is a whole number in Redshift, decimals keep their scale in
//! both, and sums of `bigint` are decimals in Redshift.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};

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
        let rounds = self.dialect == Dialect::Athena;
        let average = ExactAverage { sum: 0, count: 0, rounds, data_type: args.return_field.data_type().clone() };
        Ok(if args.is_distinct { Box::new(DistinctAverage { average, seen: HashSet::new() }) } else { Box::new(average) })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        if args.return_field.data_type() == &DataType::Float64 {
            return self.inner.state_fields(args);
        }
        if args.is_distinct {
            let values = DataType::new_list(DataType::Decimal128(DIGITS, 0), true);
            return Ok(vec![Arc::new(Field::new(format_state_name(args.name, "values"), values, true))]);
        }
        Ok(vec![
            Arc::new(Field::new(format_state_name(args.name, "count"), DataType::Int64, false)),
            Arc::new(Field::new(format_state_name(args.name, "sum"), DataType::Decimal128(DIGITS, 0), false)),
        ])
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        args.return_field.data_type() == &DataType::Float64 && !args.is_distinct && self.inner.groups_accumulator_supported(args)
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

/// The average of the different values.
#[derive(Debug)]
struct DistinctAverage {
    average: ExactAverage,
    seen: HashSet<i128>,
}

impl DistinctAverage {
    fn add(&mut self, value: i128) {
        if self.seen.insert(value) {
            self.average.sum += value;
            self.average.count += 1;
        }
    }
}

impl Accumulator for DistinctAverage {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        match values[0].data_type() {
            DataType::Int64 => values[0].as_primitive::<Int64Type>().iter().flatten().for_each(|value| self.add(i128::from(value))),
            _ => values[0].as_primitive::<Decimal128Type>().iter().flatten().for_each(|value| self.add(value)),
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.average.evaluate()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.seen.capacity() * size_of::<i128>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> = self.seen.iter().map(|value| ScalarValue::Decimal128(Some(*value), DIGITS, 0)).collect();
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(&values, &DataType::Decimal128(DIGITS, 0)))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            values.as_primitive::<Decimal128Type>().iter().flatten().for_each(|value| self.add(value));
        }
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
        // What comes back here is coerced already, so that a smaller number must not become the bigint that another rule is for.
        let whole = if matches!(given, DataType::Int64 | DataType::UInt64) { DataType::Decimal128(DIGITS, 0) } else { DataType::Int32 };
        Ok(vec![summed_as(given, whole)?])
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        match self.coerce_types(given)?.remove(0) {
            DataType::Int32 => Ok(DataType::Int64),
            other => Ok(other),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let whole = args.return_field.data_type() == &DataType::Int64;
        let inner = self.inner.accumulator(args)?;
        Ok(if whole { Box::new(Widened(inner)) } else { inner })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let whole = args.return_field.data_type() == &DataType::Int64;
        let inner = self.inner.create_groups_accumulator(args)?;
        Ok(if whole { Box::new(Widened(inner)) } else { inner })
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let whole = args.return_field.data_type() == &DataType::Int64;
        let inner = self.inner.create_sliding_accumulator(args)?;
        Ok(if whole { Box::new(Widened(inner)) } else { inner })
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> datafusion::logical_expr::utils::AggregateOrderSensitivity {
        datafusion::logical_expr::utils::AggregateOrderSensitivity::Insensitive
    }
}

/// Sums `integer` as `bigint`.
#[derive(Debug)]
struct Widened<A: ?Sized>(Box<A>);

fn widened(values: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    Ok(values.iter().map(|values| cast(values, &DataType::Int64)).collect::<std::result::Result<_, _>>()?)
}

impl Accumulator for Widened<dyn Accumulator> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(&widened(values)?)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.retract_batch(&widened(values)?)
    }

    fn supports_retract_batch(&self) -> bool {
        self.0.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.evaluate()
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states)
    }
}

impl GroupsAccumulator for Widened<dyn GroupsAccumulator> {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.0.update_batch(&widened(values)?, groups, filter, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.0.evaluate(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.0.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.0.merge_batch(values, groups, total)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.0.convert_to_state(&widened(values)?, filter)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}

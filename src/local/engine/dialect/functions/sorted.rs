//! Trino's `array_sort(array, (a, b) -> …)`: the order that a function gives.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array};
use datafusion::arrow::compute::{cast, take, take_arrays};
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDF, HigherOrderUDFImpl,
    LambdaParametersProgress, ValueOrLambda, Volatility,
};

/// The name that the engine has for it: DataFusion's own `array_sort` takes no function.
pub(super) const ARRAY_SORT_BY: &str = "array_sort_by";

/// How many comparisons a batch may ask for: each item is compared with each other one of its array, all at once.
const MOST: usize = 20_000_000;

pub(super) fn higher_order() -> Arc<HigherOrderUDF> {
    let signature = HigherOrderSignature::exact(vec![ValueOrLambda::Value(()), ValueOrLambda::Lambda(())], Volatility::Immutable);
    Arc::new(HigherOrderUDF::new_from_impl(SortBy { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SortBy {
    signature: HigherOrderSignature,
}

impl HigherOrderUDFImpl for SortBy {
    fn name(&self) -> &'static str {
        ARRAY_SORT_BY
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(given.to_vec())
    }

    fn lambda_parameters(&self, _: usize, fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>]) -> Result<LambdaParametersProgress> {
        let [ValueOrLambda::Value(list), _] = fields else { return plan_err!("array_sort takes an array and a function") };
        match list.data_type() {
            DataType::List(item) => Ok(LambdaParametersProgress::Complete(vec![vec![Arc::clone(item), Arc::clone(item)]])),
            other => plan_err!("array_sort takes an array, not {other}"),
        }
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let [ValueOrLambda::Value(list), _] = args.arg_fields else { return plan_err!("array_sort takes an array and a function") };
        Ok(Arc::clone(list))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Lambda(compare)] = args.args.as_slice() else {
            return plan_err!("array_sort takes an array and a function");
        };
        let lists = list.to_array(args.number_rows)?;
        let lists = lists.as_list::<i32>();
        let spans = spans(lists);
        let pairs = spans.iter().map(|(_, length)| length * length).sum::<usize>();
        if pairs > MOST {
            return exec_err!("array_sort with a function of arrays as long as these is not supported");
        }
        let (mut rows, mut left, mut right) = (Vec::with_capacity(pairs), Vec::with_capacity(pairs), Vec::with_capacity(pairs));
        for (row, (first, length)) in spans.iter().enumerate() {
            for one in 0..*length {
                for other in 0..*length {
                    rows.push(u32::try_from(row).ok());
                    left.push(u32::try_from(first + one).ok());
                    right.push(u32::try_from(first + other).ok());
                }
            }
        }
        let (rows, left, right) = (UInt32Array::from(rows), UInt32Array::from(left), UInt32Array::from(right));
        let (left, right): (ArrayRef, ArrayRef) = (take(lists.values(), &left, None)?, take(lists.values(), &right, None)?);
        let parameters: [&dyn Fn() -> Result<ArrayRef>; 2] = [&|| Ok(Arc::clone(&left)), &|| Ok(Arc::clone(&right))];
        let compared = compare.evaluate(&parameters, |captured| Ok(take_arrays(captured, &rows, None)?))?.into_array(pairs)?;
        let compared = cast(&compared, &DataType::Int64)?;
        if compared.null_count() > 0 {
            return exec_err!("INVALID_FUNCTION_ARGUMENT: Lambda comparator must return either -1, 0, or 1");
        }
        let compared = compared.as_primitive::<Int64Type>().values();
        let (mut order, mut start) = (Vec::with_capacity(lists.values().len()), 0);
        for (first, length) in spans {
            let sorted = sort(length, |one, other| compared.get(start + one * length + other).is_some_and(|order| *order < 0));
            order.extend(sorted.into_iter().map(|index| u32::try_from(first + index).ok()));
            start += length * length;
        }
        let values = take(lists.values(), &UInt32Array::from(order), None)?;
        let DataType::List(item) = lists.data_type() else { return plan_err!("array_sort takes an array") };
        let lengths = lists.iter().map(|list| list.map_or(0, |list| list.len()));
        let offsets = datafusion::arrow::buffer::OffsetBuffer::from_lengths(lengths);
        Ok(ColumnarValue::Array(Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, lists.nulls().cloned())?)))
    }
}

/// Where the items of each row begin, and how many there are.
fn spans(lists: &ListArray) -> Vec<(usize, usize)> {
    let span = |row: usize| {
        let length = if lists.is_null(row) { 0 } else { usize::try_from(lists.value_length(row)).unwrap_or(0) };
        (usize::try_from(lists.value_offsets()[row]).unwrap_or(0), length)
    };
    (0..lists.len()).map(span).collect()
}

/// The order of so many items; equal ones stay as they are. The function may contradict itself, which the library's sort takes amiss.
fn sort(length: usize, less: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut sorted: Vec<usize> = Vec::with_capacity(length);
    for item in 0..length {
        let place = sorted.partition_point(|before| !less(item, *before));
        sorted.insert(place, item);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_the_function_s_and_stable() {
        let keys = [3, 1, 3, 2];
        assert_eq!(sort(4, |one, other| keys[one] < keys[other]), [1, 3, 0, 2]);
        assert_eq!(sort(3, |_, _| true).len(), 3);
    }
}

//! Trino's `reduce(array, initial, (state, item) -> …, state -> …)`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use datafusion::arrow::compute::{interleave, nullif, take, take_arrays};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDF, HigherOrderUDFImpl,
    LambdaParametersProgress, ValueOrLambda, Volatility,
};

use crate::local::engine::dialect::arithmetic::strict_cast;

/// The functions that take functions and that DataFusion lacks.
pub(in crate::engine::dialect) fn higher_order() -> Vec<Arc<HigherOrderUDF>> {
    let signature = HigherOrderSignature::exact(
        vec![ValueOrLambda::Value(()), ValueOrLambda::Value(()), ValueOrLambda::Lambda(()), ValueOrLambda::Lambda(())],
        Volatility::Immutable,
    );
    vec![Arc::new(HigherOrderUDF::new_from_impl(Reduce { signature })), super::sorted::higher_order()]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Reduce {
    signature: HigherOrderSignature,
}

fn item(list: &Field) -> Result<FieldRef> {
    match list.data_type() {
        DataType::List(item) => Ok(Arc::clone(item)),
        other => plan_err!("reduce takes an array, not {other}"),
    }
}

/// A state may be NULL, whatever the initial one is.
fn state(initial: &Field) -> FieldRef {
    Arc::new(Field::new("state", initial.data_type().clone(), true))
}

impl HigherOrderUDFImpl for Reduce {
    fn name(&self) -> &'static str {
        "reduce"
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [DataType::Null, initial] => Ok(vec![DataType::new_list(DataType::Null, true), initial.clone()]),
            _ => Ok(given.to_vec()),
        }
    }

    fn lambda_parameters(&self, _: usize, fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>]) -> Result<LambdaParametersProgress> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Value(initial), _, _] = fields else {
            return plan_err!("reduce takes an array, an initial state and two functions");
        };
        let state = state(initial);
        Ok(LambdaParametersProgress::Complete(vec![vec![Arc::clone(&state), item(list)?], vec![state]]))
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let [_, _, _, ValueOrLambda::Lambda(last)] = args.arg_fields else { return plan_err!("reduce ends with a function") };
        Ok(Arc::new(Field::new("reduce", last.data_type().clone(), true)))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Value(initial), ValueOrLambda::Lambda(step), ValueOrLambda::Lambda(last)] =
            args.args.as_slice()
        else {
            return plan_err!("reduce takes an array, an initial state and two functions");
        };
        let (lists, mut states) = (list.to_array(args.number_rows)?, initial.to_array(args.number_rows)?);
        let kind = states.data_type().clone();
        let lists = lists.as_list::<i32>();
        let length = |row: usize| if lists.is_null(row) { 0 } else { usize::try_from(lists.value_length(row)).unwrap_or(0) };
        let longest = (0..lists.len()).map(length).max().unwrap_or(0);
        for position in 0..longest {
            // The rows whose array goes on take the next item, all at once.
            let active: Vec<usize> = (0..lists.len()).filter(|row| length(*row) > position).collect();
            let rows: UInt32Array = active.iter().map(|row| u32::try_from(*row).ok()).collect();
            let at = |row: &usize| {
                u32::try_from(lists.value_offsets()[*row]).ok().and_then(|offset| offset.checked_add(u32::try_from(position).ok()?))
            };
            let items: UInt32Array = active.iter().map(at).collect();
            let (current, items) = (take(&states, &rows, None)?, take(lists.values(), &items, None)?);
            let (current, items): (ArrayRef, ArrayRef) = (current, items);
            let parameters: [&dyn Fn() -> Result<ArrayRef>; 2] = [&|| Ok(Arc::clone(&current)), &|| Ok(Arc::clone(&items))];
            let next = step.evaluate(&parameters, |captured| Ok(take_arrays(captured, &rows, None)?))?.into_array(active.len())?;
            let next = strict_cast(&next, &kind)?;
            let mut source: Vec<(usize, usize)> = (0..lists.len()).map(|row| (0, row)).collect();
            for (index, row) in active.iter().enumerate() {
                source[*row] = (1, index);
            }
            states = interleave(&[states.as_ref(), next.as_ref()], &source)?;
        }
        let finished: [&dyn Fn() -> Result<ArrayRef>; 1] = [&|| Ok(Arc::clone(&states))];
        let result = last.evaluate(&finished, |captured| Ok(captured.to_vec()))?.into_array(lists.len())?;
        let absent = datafusion::arrow::compute::is_null(lists)?;
        Ok(ColumnarValue::Array(nullif(&result, &absent)?))
    }
}

//! Casts that DataFusion does otherwise: to whole numbers (both services round), and to truth values (Redshift's spellings).

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options, kernels::arity::unary};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::cast::{as_float64_array, as_string_array};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ScalarUDF;

use super::kernel::{Kernel, at};

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    vec![
        Kernel::coerced("to_int2", as_given, |_| Ok(DataType::Int16), |args| whole(&args[0], &DataType::Int16, false)),
        Kernel::coerced("to_int4", as_given, |_| Ok(DataType::Int32), |args| whole(&args[0], &DataType::Int32, false)),
        Kernel::coerced("to_int8", as_given, |_| Ok(DataType::Int64), |args| whole(&args[0], &DataType::Int64, false)),
        Kernel::coerced("try_to_int2", as_given, |_| Ok(DataType::Int16), |args| whole(&args[0], &DataType::Int16, true)),
        Kernel::coerced("try_to_int4", as_given, |_| Ok(DataType::Int32), |args| whole(&args[0], &DataType::Int32, true)),
        Kernel::coerced("try_to_int8", as_given, |_| Ok(DataType::Int64), |args| whole(&args[0], &DataType::Int64, true)),
        Kernel::coerced("to_int1", as_given, |_| Ok(DataType::Int8), |args| whole(&args[0], &DataType::Int8, false)),
        Kernel::coerced("try_to_int1", as_given, |_| Ok(DataType::Int8), |args| whole(&args[0], &DataType::Int8, true)),
        Kernel::coerced("to_bool", as_given, |_| Ok(DataType::Boolean), |args| truth(&args[0])),
    ]
}

fn as_given(types: &[DataType]) -> Result<Vec<DataType>> {
    let [given] = types else { return exec_err!("a cast takes one value") };
    Ok(vec![match given {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::Float16 | DataType::Float32 => DataType::Float64,
        other => other.clone(),
    }])
}

/// A whole number of any value: fractions are rounded, halves away from zero.
fn whole(values: &ArrayRef, to: &DataType, lenient: bool) -> Result<ArrayRef> {
    let options = CastOptions { safe: lenient, ..CastOptions::default() };
    let rounded: ArrayRef = match values.data_type() {
        DataType::Float64 => Arc::new(unary::<Float64Type, _, Float64Type>(as_float64_array(values)?, f64::round)),
        // A cast between scales rounds.
        DataType::Decimal128(_, scale) if *scale > 0 => cast_with_options(values, &DataType::Decimal128(38, 0), &options)?,
        DataType::Utf8 => return parsed(values, to, lenient),
        _ => Arc::clone(values),
    };
    let cast = cast_with_options(&rounded, to, &options);
    cast.or_else(|_| {
        let name = match to {
            DataType::Int16 => "smallint",
            DataType::Int32 => "integer",
            _ => "bigint",
        };
        exec_err!("{name} out of range")
    })
}

fn parsed(values: &ArrayRef, to: &DataType, lenient: bool) -> Result<ArrayRef> {
    let texts = as_string_array(values)?;
    let mut numbers = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let Some(text) = at(texts, row) else {
            numbers.push(None);
            continue;
        };
        let number = text.trim().parse::<i64>().ok();
        if number.is_none() && !lenient {
            return exec_err!("invalid input syntax for integer: \"{text}\"");
        }
        numbers.push(number);
    }
    let numbers: ArrayRef = Arc::new(datafusion::arrow::array::Int64Array::from(numbers));
    whole(&numbers, to, lenient)
}

/// A truth value of a text (`t`, `yes`, `on`, `1`, …) or a number (0 is false).
fn truth(values: &ArrayRef) -> Result<ArrayRef> {
    if values.data_type() != &DataType::Utf8 {
        return Ok(cast(values, &DataType::Boolean)?);
    }
    let texts = as_string_array(values)?;
    let mut out = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        out.push(match at(texts, row).map(|text| text.trim().to_lowercase()).as_deref() {
            None => None,
            Some("t" | "true" | "y" | "yes" | "on" | "1") => Some(true),
            Some("f" | "false" | "n" | "no" | "off" | "0") => Some(false),
            Some(other) => return exec_err!("invalid input syntax for type boolean: \"{other}\""),
        });
    }
    Ok(Arc::new(BooleanArray::from(out)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use datafusion::arrow::array::{Decimal128Array, Float64Array, Int32Array, StringArray};

    #[test]
    fn fractions_round_and_texts_parse() {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![2.5, -2.5, 1.4]));
        assert_eq!(whole(&floats, &DataType::Int32, false).unwrap().as_ref(), &Int32Array::from(vec![3, -3, 1]));
        let decimals: ArrayRef = Arc::new(Decimal128Array::from(vec![2500, -1499]).with_precision_and_scale(6, 3).unwrap());
        assert_eq!(whole(&decimals, &DataType::Int32, false).unwrap().as_ref(), &Int32Array::from(vec![3, -1]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some(" 7"), None]));
        assert_eq!(whole(&texts, &DataType::Int32, false).unwrap().as_ref(), &Int32Array::from(vec![Some(7), None]));
        let bad: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        assert!(whole(&bad, &DataType::Int32, false).unwrap_err().to_string().contains("invalid input syntax for integer: \"x\""));
        assert!(whole(&bad, &DataType::Int32, true).unwrap().is_null(0));
    }

    #[test]
    fn truth_has_many_spellings() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["t", "No", "1", "off"]));
        assert_eq!(truth(&texts).unwrap().as_ref(), &BooleanArray::from(vec![true, false, true, false]));
    }
}

//! Values as text, as each service writes them, and the names of types.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::json_values;
use super::kernel::Kernel;
use crate::local::engine::Dialect;
use crate::local::engine::dialect::{semistructured, span_text};
use crate::local::engine::types::ColumnType;

pub(super) fn scalar(dialect: Dialect) -> Vec<Arc<ScalarUDF>> {
    let redshift = dialect == Dialect::Redshift;
    let mut all = vec![
        Kernel::general(
            "to_text",
            |_| Ok(DataType::Utf8),
            move |args, fields, _| {
                let super_value = fields.first().is_some_and(|field| semistructured::marked(field));
                to_text(&args[0], dialect, super_value)
            },
        ),
        // CHAR: blanks at the end say nothing.
        Kernel::general(
            "to_char_type",
            |_| Ok(DataType::Utf8),
            move |args, fields, _| {
                let super_value = fields.first().is_some_and(|field| semistructured::marked(field));
                let texts = to_text(&args[0], dialect, super_value)?;
                Ok(Arc::new(
                    texts.as_string::<i32>().iter().map(|text| text.map(|text| text.trim_end_matches(' '))).collect::<StringArray>(),
                ))
            },
        ),
    ];
    if redshift {
        all.push(Kernel::general("at_zone", |types| Ok(zone_type(&types[1])), at_zone));
    } else {
        all.push(Kernel::general(
            "typeof",
            |_| Ok(DataType::Utf8),
            |args, fields, _| {
                let kind = fields.first().map_or(DataType::Null, |field| field.data_type().clone());
                let name = ColumnType::of_arrow(Dialect::Athena, &kind).trino_text();
                Ok(Arc::new(StringArray::from(vec![name; args.first().map_or(1, |first| first.len())])))
            },
        ));
    }
    all
}

pub(super) fn to_text(values: &ArrayRef, dialect: Dialect, super_value: bool) -> Result<ArrayRef> {
    Ok(match values.data_type() {
        DataType::Utf8 if super_value => {
            let texts = values.as_string::<i32>();
            let mut out = Vec::with_capacity(texts.len());
            for text in texts {
                out.push(match text.map(json_values::parse).transpose()? {
                    None | Some(serde_json::Value::Null) => None,
                    Some(serde_json::Value::String(text)) => Some(text),
                    Some(other) => Some(other.to_string()),
                });
            }
            Arc::new(StringArray::from(out))
        }
        DataType::Float32 | DataType::Float64 => {
            let numbers = cast(values, &DataType::Float64)?;
            let single = values.data_type() == &DataType::Float32;
            let shown = |number: f64| match dialect {
                Dialect::Redshift => plain_float(number, single),
                Dialect::Athena => scientific(number, single),
            };
            Arc::new(numbers.as_primitive::<Float64Type>().iter().map(|number| number.map(shown)).collect::<StringArray>())
        }
        DataType::Timestamp(_, zone) => {
            let zoned = zone.is_some();
            let texts = cast(&cast(values, &super::kernel::TIMESTAMP)?, &DataType::Utf8)?;
            let shown = |text: &str| {
                let text = text.replace('T', " ");
                match (zoned, dialect) {
                    (true, Dialect::Redshift) => format!("{text}+00"),
                    (true, Dialect::Athena) => format!("{} UTC", milliseconds(&text)),
                    (false, Dialect::Athena) => milliseconds(&text),
                    (false, Dialect::Redshift) => text,
                }
            };
            Arc::new(texts.as_string::<i32>().iter().map(|text| text.map(shown)).collect::<StringArray>())
        }
        DataType::Binary => {
            let bytes = values.as_binary::<i32>();
            Arc::new(bytes.iter().map(|bytes| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())).collect::<StringArray>())
        }
        DataType::Interval(_) => Arc::new(span_text::written(dialect, values)?),
        _ => cast(values, &DataType::Utf8)?,
    })
}

/// Trino shows three digits behind the second.
fn milliseconds(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{:0<3}", &fraction[..fraction.len().min(3)]),
        None => format!("{text}.000"),
    }
}

/// `1`, `0.5`, `1e+20`.
fn plain_float(number: f64, single: bool) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() };
    }
    if number != 0.0 && !(1e-4..1e15).contains(&number.abs()) {
        let text = if single { format!("{:e}", number as f32) } else { format!("{number:e}") };
        return match text.split_once('e') {
            Some((digits, exponent)) => {
                let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
                format!("{digits}e{sign}{exponent:0>2}")
            }
            None => text,
        };
    }
    if single { format!("{}", number as f32) } else { format!("{number}") }
}

/// `1.0E0`.
fn scientific(number: f64, single: bool) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() };
    }
    let text = if single { format!("{:e}", number as f32) } else { format!("{number:e}") };
    match text.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => format!("{digits}E{exponent}"),
        Some((digits, exponent)) => format!("{digits}.0E{exponent}"),
        None => text,
    }
}

/// `AT TIME ZONE` turns a timestamp into one with zone, and the other way round.
fn zone_type(given: &DataType) -> DataType {
    match given {
        DataType::Timestamp(_, Some(_)) => super::kernel::TIMESTAMP,
        _ => super::clocks::zoned(),
    }
}

fn at_zone(args: &[ArrayRef], _: &[datafusion::arrow::datatypes::FieldRef], returns: &DataType) -> Result<ArrayRef> {
    let name = if matches!(returns, DataType::Timestamp(_, Some(_))) { "zoned_from_local" } else { "local_in_zone" };
    super::clocks::apply(name, &args[0], &args[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_the_services_write_them() {
        assert_eq!([1.0, 0.5, 1e20, 1.5e-7].map(|number| plain_float(number, false)), ["1", "0.5", "1e+20", "1.5e-07"]);
        assert_eq!([1.0, 0.5, 123.45].map(|number| scientific(number, false)), ["1.0E0", "5.0E-1", "1.2345E2"]);
    }
}

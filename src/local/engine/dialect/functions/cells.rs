//! Rows of a kernel as plain values: what most functions need, and no more.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryBuilder, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, ListBuilder, StringArray,
    StringBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::cast::{
    as_binary_array, as_date32_array, as_float64_array, as_int64_array, as_string_array, as_timestamp_microsecond_array,
};
use datafusion::common::{Result, internal_err};

/// A value of a row; never NULL.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell<'a> {
    Text(&'a str),
    Int(i64),
    Float(f64),
    Bytes(&'a [u8]),
    /// Microseconds since 1970.
    Time(i64),
    /// Days since 1970.
    Day(i32),
}

impl<'a> Cell<'a> {
    /// The text, empty for anything else.
    pub fn text(self) -> &'a str {
        if let Cell::Text(text) = self { text } else { "" }
    }

    /// The whole number, 0 for anything else.
    pub fn int(self) -> i64 {
        match self {
            Cell::Int(number) | Cell::Time(number) => number,
            Cell::Day(days) => i64::from(days),
            _ => 0,
        }
    }

    /// The number.
    pub fn float(self) -> f64 {
        if let Cell::Float(number) = self { number } else { 0.0 }
    }

    /// The bytes.
    pub fn bytes(self) -> &'a [u8] {
        if let Cell::Bytes(bytes) = self { bytes } else { &[] }
    }
}

/// A value that a row gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    Bytes(Vec<u8>),
    /// Microseconds since 1970.
    Time(i64),
    /// Days since 1970.
    Day(i32),
    /// An array of texts.
    Texts(Vec<Option<String>>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into())
    }

    /// A text, or NULL.
    pub fn maybe(text: Option<impl Into<String>>) -> Self {
        text.map_or(Value::Null, Value::text)
    }
}

/// The type of an array of texts.
pub(super) fn texts() -> DataType {
    DataType::new_list(DataType::Utf8, true)
}

enum Column<'a> {
    Text(&'a StringArray),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    Bytes(&'a BinaryArray),
    Time(&'a TimestampMicrosecondArray),
    Day(&'a Date32Array),
}

impl<'a> Column<'a> {
    fn new(array: &'a ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Utf8 => Column::Text(as_string_array(array)?),
            DataType::Int64 => Column::Int(as_int64_array(array)?),
            DataType::Float64 => Column::Float(as_float64_array(array)?),
            DataType::Binary => Column::Bytes(as_binary_array(array)?),
            DataType::Date32 => Column::Day(as_date32_array(array)?),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Column::Time(as_timestamp_microsecond_array(array)?),
            other => return internal_err!("a kernel has an argument of the type {other}"),
        })
    }

    fn at(&self, row: usize) -> Cell<'a> {
        match self {
            Column::Text(array) => Cell::Text(array.value(row)),
            Column::Int(array) => Cell::Int(array.value(row)),
            Column::Float(array) => Cell::Float(array.value(row)),
            Column::Bytes(array) => Cell::Bytes(array.value(row)),
            Column::Time(array) => Cell::Time(array.value(row)),
            Column::Day(array) => Cell::Day(array.value(row)),
        }
    }
}

/// Computes every row; a row in which an argument is NULL is NULL.
pub(super) fn compute(args: &[ArrayRef], returns: &DataType, f: &dyn Fn(&[Cell<'_>]) -> Result<Value>) -> Result<ArrayRef> {
    let columns = args.iter().map(Column::new).collect::<Result<Vec<_>>>()?;
    let rows = args.first().map_or(1, |first| first.len());
    let mut values = Vec::with_capacity(rows);
    let mut cells = Vec::with_capacity(columns.len());
    for row in 0..rows {
        if args.iter().any(|arg| arg.is_null(row)) {
            values.push(Value::Null);
            continue;
        }
        cells.clear();
        cells.extend(columns.iter().map(|column| column.at(row)));
        values.push(f(&cells)?);
    }
    collected(values, returns)
}

fn collected(values: Vec<Value>, returns: &DataType) -> Result<ArrayRef> {
    let ints = |values: Vec<Value>| -> Int64Array {
        values.into_iter().map(|value| if let Value::Int(number) = value { Some(number) } else { None }).collect()
    };
    let times = |values: Vec<Value>| -> TimestampMicrosecondArray {
        values.into_iter().map(|value| if let Value::Time(time) = value { Some(time) } else { None }).collect()
    };
    Ok(match returns {
        DataType::Utf8 => {
            let texts = values.into_iter().map(|value| if let Value::Text(text) = value { Some(text) } else { None });
            Arc::new(texts.collect::<StringArray>())
        }
        DataType::Int64 => Arc::new(ints(values)),
        DataType::Int32 => {
            let narrow = |number: i64| i32::try_from(number).ok();
            Arc::new(ints(values).iter().map(|number| number.and_then(narrow)).collect::<Int32Array>())
        }
        DataType::Float64 => {
            let numbers = values.into_iter().map(|value| if let Value::Float(number) = value { Some(number) } else { None });
            Arc::new(numbers.collect::<Float64Array>())
        }
        DataType::Boolean => {
            let truths = values.into_iter().map(|value| if let Value::Bool(truth) = value { Some(truth) } else { None });
            Arc::new(truths.collect::<BooleanArray>())
        }
        DataType::Date32 => {
            let days = values.into_iter().map(|value| if let Value::Day(day) = value { Some(day) } else { None });
            Arc::new(days.collect::<Date32Array>())
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => Arc::new(times(values)),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => Arc::new(times(values).with_timezone(Arc::clone(zone))),
        DataType::Binary => {
            let mut builder = BinaryBuilder::new();
            for value in values {
                if let Value::Bytes(bytes) = value { builder.append_value(bytes) } else { builder.append_null() }
            }
            Arc::new(builder.finish())
        }
        list @ DataType::List(_) => {
            let mut builder = ListBuilder::new(StringBuilder::new());
            for value in values {
                if let Value::Texts(texts) = value { builder.append_value(texts) } else { builder.append_null() }
            }
            cast(&(Arc::new(builder.finish()) as ArrayRef), list)?
        }
        other => return internal_err!("a kernel has a result of the type {other}"),
    })
}

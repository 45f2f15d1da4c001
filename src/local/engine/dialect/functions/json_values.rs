//! Values of any type as JSON, and JSON as values of a type.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StringArray, StructArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{Result, exec_err};
use serde_json::Value as Json;

/// Reads a JSON text.
pub(super) fn parse(text: &str) -> Result<Json> {
    match serde_json::from_str(text) {
        Ok(json) => Ok(json),
        // A SUPER that came as plain text is a string.
        Err(_) => Ok(Json::String(text.to_owned())),
    }
}

/// The value of a row. `semistructured` text is JSON, other text a string.
pub(super) fn of_array(array: &ArrayRef, row: usize, semistructured: bool) -> Result<Json> {
    if array.is_null(row) {
        return Ok(Json::Null);
    }
    Ok(match array.data_type() {
        DataType::Null => Json::Null,
        DataType::Utf8 if semistructured => parse(array.as_string::<i32>().value(row))?,
        DataType::Utf8 => Json::String(array.as_string::<i32>().value(row).to_owned()),
        DataType::Boolean => Json::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Json::from(array.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => Json::from(array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => Json::from(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => Json::from(array.as_primitive::<Int64Type>().value(row)),
        DataType::Float32 => Json::from(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => Json::from(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(..) => {
            let shown = formatted(array, row)?;
            serde_json::from_str(&shown).unwrap_or(Json::String(shown))
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            Json::Array((0..items.len()).map(|item| of_array(&items, item, semistructured)).collect::<Result<_>>()?)
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let members = fields.iter().zip(columns).map(|(field, column)| Ok((field.name().clone(), of_array(column, row, false)?)));
            Json::Object(members.collect::<Result<_>>()?)
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let members = (0..entries.len()).map(|entry| Ok((formatted(keys, entry)?, of_array(values, entry, false)?)));
            Json::Object(members.collect::<Result<_>>()?)
        }
        _ => Json::String(formatted(array, row)?),
    })
}

fn formatted(array: &ArrayRef, row: usize) -> Result<String> {
    let options = FormatOptions::default().with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"));
    Ok(ArrayFormatter::try_new(array.as_ref(), &options)?.value(row).to_string())
}

/// JSON values as an array of a type.
pub(super) fn to_array(values: &[Option<&Json>], kind: &DataType) -> Result<ArrayRef> {
    match kind {
        DataType::List(item) => {
            let (mut flat, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
            for value in values {
                let items = match value {
                    Some(Json::Array(items)) => Some(items),
                    None | Some(Json::Null) => None,
                    Some(other) => return exec_err!("INVALID_CAST_ARGUMENT: Cannot cast to array: {other}"),
                };
                flat.extend(items.into_iter().flatten().map(Some));
                lengths.push(items.map_or(0, Vec::len));
                valid.push(items.is_some());
            }
            let items = to_array(&flat, item.data_type())?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, items, Some(NullBuffer::from(valid)))?))
        }
        DataType::Map(entry, sorted) => {
            let DataType::Struct(fields) = entry.data_type() else { return exec_err!("a map has no entries") };
            let (mut keys, mut members, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for value in values {
                let object = match value {
                    Some(Json::Object(object)) => Some(object),
                    None | Some(Json::Null) => None,
                    Some(other) => return exec_err!("INVALID_CAST_ARGUMENT: Cannot cast to map: {other}"),
                };
                for (key, member) in object.into_iter().flatten() {
                    keys.push(Json::String(key.clone()));
                    members.push(Some(member));
                }
                lengths.push(object.map_or(0, serde_json::Map::len));
                valid.push(object.is_some());
            }
            let keys: Vec<Option<&Json>> = keys.iter().map(Some).collect();
            let columns = vec![to_array(&keys, fields[0].data_type())?, to_array(&members, fields[1].data_type())?];
            let entries = StructArray::try_new(fields.clone(), columns, None)?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            Ok(Arc::new(MapArray::try_new(Arc::clone(entry), offsets, entries, Some(NullBuffer::from(valid)), *sorted)?))
        }
        DataType::Struct(fields) => {
            let mut columns = Vec::new();
            for (index, field) in fields.iter().enumerate() {
                let members: Vec<Option<&Json>> = values
                    .iter()
                    .map(|value| match value {
                        Some(Json::Object(object)) => object.get(field.name()),
                        Some(Json::Array(items)) => items.get(index),
                        _ => None,
                    })
                    .collect();
                columns.push(to_array(&members, field.data_type())?);
            }
            let valid: Vec<bool> = values.iter().map(|value| matches!(value, Some(Json::Object(_) | Json::Array(_)))).collect();
            Ok(Arc::new(StructArray::try_new(fields.clone(), columns, Some(NullBuffer::from(valid)))?))
        }
        other => {
            let texts = values.iter().map(|value| match value {
                None | Some(Json::Null) => None,
                Some(Json::String(text)) => Some(text.clone()),
                Some(other) => Some(other.to_string()),
            });
            let texts: ArrayRef = Arc::new(texts.collect::<StringArray>());
            Ok(cast_with_options(&texts, other, &CastOptions { safe: false, ..CastOptions::default() })?)
        }
    }
}

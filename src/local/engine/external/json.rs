//! JSON objects, one a line: OpenX's serializer and Hive's.

use std::io::{BufRead, BufReader};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, ListArray, MapArray, RecordBatch, RecordBatchOptions, StringArray, StructArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use serde_json::{Map, Value};

use super::source::{DataObject, Scanned, bad_data, broken};
use crate::local::engine::Dialect;
use crate::local::engine::InStream as _;
use crate::local::engine::catalog::{ColumnDef, JsonFormat};
use crate::local::engine::scan::BATCH_ROWS;

/// Reads the members of JSON objects that a query needs.
pub(super) struct Members<'a> {
    /// Whose words errors are in.
    pub dialect: Dialect,
    /// Columns of the files.
    pub columns: &'a [ColumnDef],
    /// Those that are read.
    pub projection: &'a [usize],
    /// Their schema.
    pub schema: &'a SchemaRef,
    /// How rows are written.
    pub format: &'a JsonFormat,
}

impl Members<'_> {
    /// Gives the batches of an object to `take` until it says no; whether it never did.
    pub fn read(&self, file: &DataObject, scanned: &Scanned, take: &mut dyn FnMut(RecordBatch) -> bool) -> Result<bool> {
        let mut input = BufReader::with_capacity(256 << 10, file.open(scanned)?);
        let mut rows: Vec<Vec<Option<Value>>> = vec![Vec::new(); self.projection.len()];
        let (mut count, mut number) = (0, 0_u64);
        let mut line = Vec::new();
        loop {
            line.clear();
            let more = input.read_until(b'\n', &mut line).map_err(|error| broken(file, &error))? > 0;
            number += 1;
            let blank = line.iter().all(u8::is_ascii_whitespace);
            if more && !blank {
                let mut object = self.object(&line, file, number)?;
                for (column, values) in self.projection.iter().zip(&mut rows) {
                    values.push(self.columns.get(*column).and_then(|column| self.member(&mut object, column)));
                }
                count += 1;
            }
            if count == BATCH_ROWS || (!more && count > 0) {
                let mut arrays = Vec::with_capacity(rows.len());
                for (values, field) in rows.iter_mut().zip(self.schema.fields()) {
                    let values = std::mem::take(values);
                    arrays.push(array(&values, field.data_type())?);
                }
                let options = RecordBatchOptions::new().with_row_count(Some(count));
                count = 0;
                if !take(RecordBatch::try_new_with_options(Arc::clone(self.schema), arrays, &options)?) {
                    return Ok(false);
                }
            }
            if !more {
                return Ok(true);
            }
        }
    }

    fn object(&self, line: &[u8], file: &DataObject, number: u64) -> Result<Map<String, Value>> {
        match serde_json::from_slice(line) {
            Ok(Value::Object(object)) => Ok(object),
            _ if self.format.ignore_malformed => Ok(Map::new()),
            Ok(_) => Err(bad_data(self.dialect, &format!("{}, line {number}: Row is not a valid JSON Object", file.uri())).into_stream()),
            Err(error) => {
                let message = format!("{}, line {number}: Row is not a valid JSON Object - JSONException: {error}", file.uri());
                Err(bad_data(self.dialect, &message).into_stream())
            }
        }
    }

    fn member(&self, object: &mut Map<String, Value>, column: &ColumnDef) -> Option<Value> {
        let key = self.format.mappings.get(&column.name).unwrap_or(&column.name);
        if let Some(value) = object.get_mut(key) {
            return Some(value.take());
        }
        let same = |known: &str| {
            known.eq_ignore_ascii_case(key) || (self.format.dots_in_keys && known.replace('.', "_").eq_ignore_ascii_case(key))
        };
        object.iter_mut().find(|(known, _)| same(known)).map(|(_, value)| value.take())
    }
}

/// Values as an array of a type. What does not fit is NULL.
fn array(values: &[Option<Value>], kind: &DataType) -> Result<ArrayRef> {
    let null = |value: &Option<Value>| matches!(value, None | Some(Value::Null));
    match kind {
        DataType::List(field) => {
            let lists: Vec<Option<&Vec<Value>>> = values.iter().map(|value| value.as_ref().and_then(Value::as_array)).collect();
            let items: Vec<Option<Value>> = lists.iter().flatten().flat_map(|items| items.iter().cloned().map(Some)).collect();
            let lengths = OffsetBuffer::from_lengths(lists.iter().map(|items| items.map_or(0, Vec::len)));
            let nulls: NullBuffer = lists.iter().map(Option::is_some).collect();
            Ok(Arc::new(ListArray::try_new(Arc::clone(field), lengths, array(&items, field.data_type())?, Some(nulls))?))
        }
        DataType::Struct(fields) => {
            let objects: Vec<Option<&Map<String, Value>>> = values.iter().map(|value| value.as_ref().and_then(Value::as_object)).collect();
            let mut arrays = Vec::with_capacity(fields.len());
            for field in fields {
                let members: Vec<Option<Value>> = objects
                    .iter()
                    .map(|object| {
                        let found = |object: &&Map<String, Value>| {
                            object.iter().find(|(key, _)| key.eq_ignore_ascii_case(field.name())).map(|(_, value)| value.clone())
                        };
                        object.as_ref().and_then(found)
                    })
                    .collect();
                arrays.push(array(&members, field.data_type())?);
            }
            let nulls: NullBuffer = objects.iter().map(Option::is_some).collect();
            Ok(Arc::new(StructArray::try_new(fields.clone(), arrays, Some(nulls))?))
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(fields) = entries.data_type() else {
                return Err(DataFusionError::Internal("a map has no entries".into()));
            };
            let objects: Vec<Option<&Map<String, Value>>> = values.iter().map(|value| value.as_ref().and_then(Value::as_object)).collect();
            let keys: Vec<Option<Value>> =
                objects.iter().flatten().flat_map(|object| object.keys().map(|key| Some(Value::from(key.clone())))).collect();
            let items: Vec<Option<Value>> = objects.iter().flatten().flat_map(|object| object.values().cloned().map(Some)).collect();
            let columns = vec![array(&keys, fields[0].data_type())?, array(&items, fields[1].data_type())?];
            let lengths = OffsetBuffer::from_lengths(objects.iter().map(|object| object.map_or(0, Map::len)));
            let nulls: NullBuffer = objects.iter().map(Option::is_some).collect();
            let pairs = StructArray::try_new(fields.clone(), columns, None)?;
            Ok(Arc::new(MapArray::try_new(Arc::clone(entries), lengths, pairs, Some(nulls), false)?))
        }
        _ => {
            let texts: StringArray = values
                .iter()
                .map(|value| match value {
                    value if null(value) => None,
                    Some(Value::String(text)) => Some(text.clone()),
                    Some(other) => Some(other.to_string()),
                    None => None,
                })
                .collect();
            if *kind == DataType::Utf8 {
                return Ok(Arc::new(texts));
            }
            let options = CastOptions { safe: true, ..CastOptions::default() };
            Ok(cast_with_options(&(Arc::new(texts) as ArrayRef), kind, &options)?)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::local::engine::types::ColumnType;
    use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

    #[test]
    fn values_take_the_types_of_their_columns() {
        let values: Vec<Option<Value>> =
            vec![serde_json::from_str(r#"{"a":[1,"2",null],"b":{"x":true},"C":"t"}"#).ok(), Some(Value::Null), Some(Value::from(5))];
        let kind = ColumnType::of_hive("struct<a:array<int>,b:map<string,boolean>,c:string>").unwrap().arrow();
        let array = array(&values, &kind).unwrap();
        let options = FormatOptions::default().with_null("∅");
        let shown = ArrayFormatter::try_new(&array, &options).unwrap();
        assert_eq!(shown.value(0).to_string(), "{a: [1, 2, ∅], b: {x: true}, c: t}");
        assert_eq!((shown.value(1).to_string(), shown.value(2).to_string()), ("∅".to_owned(), "∅".to_owned()));
    }
}

//! Arrays, maps and rows: what DataFusion lacks, or computes otherwise.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, MapArray, StringArray, StructArray, UInt32Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::cells::{Value, texts};
use super::collected::map_type;
use super::json_values;
use super::kernel::Kernel;
use crate::local::engine::types::ColumnType;

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let (text, number) = (DataType::Utf8, DataType::Int64);
    vec![
        Arc::new(ScalarUDF::new_from_impl(CastNested { signature: Signature::user_defined(Volatility::Immutable) })),
        Kernel::general("zip", zip_type, |args, _, returns| zip(args, returns)),
        Kernel::general("subscript", element_type, |args, _, _| element(&args[0], &args[1], true)),
        Kernel::general("element_at", element_type, |args, _, _| element(&args[0], &args[1], false)),
        Kernel::of_array(
            "array_position",
            2,
            |_| Ok(DataType::Int64),
            |args, _| positions(args, |found| Some(found.map_or(0, |index| i64::try_from(index + 1).unwrap_or(0)))),
        ),
        Kernel::general(
            "reverse",
            |types| Ok(types[0].clone()),
            |args, _, _| match args[0].data_type() {
                DataType::Null => Ok(Arc::clone(&args[0])),
                DataType::List(_) => {
                    let list = args[0].as_list::<i32>();
                    picked(list, |row| {
                        let (first, length) = span(list, row);
                        Ok(Some((first..first + length).rev().collect()))
                    })
                }
                _ => {
                    let texts = cast(&args[0], &DataType::Utf8)?;
                    let reversed = texts.as_string::<i32>().iter().map(|text| text.map(|text| text.chars().rev().collect::<String>()));
                    Ok(Arc::new(reversed.collect::<StringArray>()))
                }
            },
        ),
        Kernel::of_array("trim_array", 2, |types| Ok(types[0].clone()), |args, _| trim(&args[0], &args[1])),
        Kernel::of_array("array_slice_of", 3, |types| Ok(types[0].clone()), |args, _| slice(&args[0], &args[1], &args[2])),
        Kernel::of_array(
            "ngrams",
            2,
            |types| Ok(DataType::new_list(types[0].clone(), true)),
            |args, returns| {
                groups(args, returns, |length, size| {
                    (0..(length + 1).saturating_sub(size).max(1)).map(|start| (start..length.min(start + size)).collect()).collect()
                })
            },
        ),
        Kernel::of_array(
            "combinations",
            2,
            |types| Ok(DataType::new_list(types[0].clone(), true)),
            |args, returns| groups(args, returns, combinations),
        ),
        Kernel::general(
            "map_from_entries",
            |types| match &types[0] {
                DataType::List(item) => match item.data_type() {
                    DataType::Struct(fields) if fields.len() == 2 => map_type(fields[0].data_type(), fields[1].data_type()),
                    other => plan_err!("map_from_entries takes an array of rows of two fields, not of {other}"),
                },
                other => plan_err!("map_from_entries takes an array, not {other}"),
            },
            |args, _, returns| from_entries(&args[0], returns),
        ),
        Kernel::general("map_concat", |types| Ok(types[0].clone()), |args, _, returns| concat_maps(args, returns)),
        Kernel::cells("split_to_map", &[text.clone(), text.clone(), text.clone()], 3, texts(), |cells| {
            let (entry, key) = (cells[1].text(), cells[2].text());
            let mut parts = Vec::new();
            for pair in cells[0].text().split(entry).filter(|pair| !pair.is_empty()) {
                let Some((name, value)) = pair.split_once(key) else {
                    return exec_err!(
                        "INVALID_FUNCTION_ARGUMENT: Key-value delimiter must appear exactly once in each entry. Bad input: '{pair}'"
                    );
                };
                parts.extend([Some(name.to_owned()), Some(value.to_owned())]);
            }
            Ok(Value::Texts(parts))
        }),
        Kernel::general("map_of_pairs", |_| map_type(&DataType::Utf8, &DataType::Utf8), |args, _, returns| of_pairs(&args[0], returns)),
        Kernel::cells("bitwise_shift_left", &[number.clone(), number.clone()], 2, number.clone(), |cells| {
            Ok(Value::Int(u32::try_from(cells[1].int()).ok().and_then(|by| cells[0].int().checked_shl(by)).unwrap_or(0)))
        }),
        Kernel::cells("bit_count", &[number.clone(), number.clone()], 1, number, |cells| {
            let bits = cells.get(1).map_or(64, |cell| cell.int()).clamp(2, 64);
            let mask = if bits == 64 { u64::MAX } else { (1_u64 << bits) - 1 };
            Ok(Value::Int(i64::from((cells[0].int().cast_unsigned() & mask).count_ones())))
        }),
    ]
}

/// `CAST` to an array, map or row; the type is the second argument, in Hive's words.
#[derive(Debug, PartialEq, Eq, Hash)]
struct CastNested {
    signature: Signature,
}

impl ScalarUDFImpl for CastNested {
    fn name(&self) -> &'static str {
        "cast_nested"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [DataType::Utf8View | DataType::LargeUtf8, _] => Ok(vec![DataType::Utf8, DataType::Utf8]),
            [value, _] => Ok(vec![value.clone(), DataType::Utf8]),
            _ => plan_err!("a cast takes a value and a type"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("a cast needs the type as a literal")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let wanted = match args.scalar_arguments {
            [_, Some(ScalarValue::Utf8(Some(text)))] => ColumnType::of_hive(text),
            _ => None,
        };
        match wanted {
            Some(wanted) => Ok(Arc::new(Field::new("cast", wanted.arrow(), true))),
            None => plan_err!("a cast needs the type as a literal"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(value) = args.args.first() else { return plan_err!("a cast takes a value and a type") };
        let cast = nested_cast(&value.to_array(args.number_rows)?, args.return_field.data_type())?;
        Ok(match value {
            ColumnarValue::Scalar(_) => ColumnarValue::Scalar(ScalarValue::try_from_array(&cast, 0)?),
            ColumnarValue::Array(_) => ColumnarValue::Array(cast),
        })
    }
}

/// JSON text is read; anything else is cast field by field.
fn nested_cast(values: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    if values.data_type() == &DataType::Utf8 {
        let texts = values.as_string::<i32>();
        let parsed: Vec<Option<serde_json::Value>> = (0..texts.len())
            .map(|row| (!texts.is_null(row)).then(|| json_values::parse(texts.value(row))).transpose())
            .collect::<Result<_>>()?;
        return json_values::to_array(&parsed.iter().map(Option::as_ref).collect::<Vec<_>>(), wanted);
    }
    match (values.data_type(), wanted) {
        // Rows are cast by position, whatever their fields are called.
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let rows = values.as_struct();
            if rows.num_columns() != fields.len() {
                return exec_err!(
                    "INVALID_CAST_ARGUMENT: a row of {} fields cannot be cast to {} fields",
                    rows.num_columns(),
                    fields.len()
                );
            }
            let columns = rows.columns().iter().zip(fields).map(|(column, field)| nested_cast(column, field.data_type()));
            Ok(Arc::new(StructArray::try_new(fields.clone(), columns.collect::<Result<_>>()?, rows.nulls().cloned())?))
        }
        (DataType::List(_), DataType::List(item)) => {
            let list = values.as_list::<i32>();
            let items = nested_cast(list.values(), item.data_type())?;
            Ok(Arc::new(ListArray::try_new(Arc::clone(item), list.offsets().clone(), items, list.nulls().cloned())?))
        }
        (have, want) if have == want => Ok(Arc::clone(values)),
        _ => Ok(cast_with_options(values, wanted, &CastOptions { safe: false, ..CastOptions::default() })?),
    }
}

fn zip_type(types: &[DataType]) -> Result<DataType> {
    let mut fields = Vec::new();
    for (index, kind) in types.iter().enumerate() {
        match kind {
            DataType::List(item) => fields.push(Field::new(format!("c{index}"), item.data_type().clone(), true)),
            other => return plan_err!("zip takes arrays, not {other}"),
        }
    }
    Ok(DataType::new_list(DataType::Struct(Fields::from(fields)), true))
}

/// Where the items of a row are.
fn span(list: &ListArray, row: usize) -> (usize, usize) {
    let offset = |row: usize| usize::try_from(list.value_offsets()[row]).unwrap_or(0);
    (offset(row), offset(row + 1) - offset(row))
}

fn zip(args: &[ArrayRef], returns: &DataType) -> Result<ArrayRef> {
    let lists: Vec<&ListArray> = args.iter().map(|arg| arg.as_list::<i32>()).collect();
    let rows = lists.first().map_or(0, |list| list.len());
    let present: Vec<bool> = (0..rows).map(|row| lists.iter().all(|list| list.is_valid(row))).collect();
    let length = |row: usize| if present[row] { lists.iter().map(|list| span(list, row).1).max().unwrap_or(0) } else { 0 };
    let lengths: Vec<usize> = (0..rows).map(length).collect();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for list in &lists {
        let mut indices: Vec<Option<u32>> = Vec::new();
        for (row, length) in lengths.iter().enumerate() {
            let (first, count) = span(list, row);
            indices.extend((0..*length).map(|position| (position < count).then(|| u32::try_from(first + position).unwrap_or(0))));
        }
        columns.push(take(list.values(), &UInt32Array::from(indices), None)?);
    }
    let DataType::List(item) = returns else { return exec_err!("zip makes an array") };
    let DataType::Struct(fields) = item.data_type() else { return exec_err!("zip makes rows") };
    let made = StructArray::try_new(fields.clone(), columns, None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, Arc::new(made), Some(NullBuffer::from(present)))?))
}

fn element_type(types: &[DataType]) -> Result<DataType> {
    match types {
        [DataType::List(item), _] => Ok(item.data_type().clone()),
        [DataType::Map(entry, _), _] => match entry.data_type() {
            DataType::Struct(fields) => Ok(fields[1].data_type().clone()),
            other => plan_err!("a map has no entries but {other}"),
        },
        [other, _] => plan_err!("an array or a map is needed, not {other}"),
        _ => plan_err!("an element is taken with one key"),
    }
}

/// The item of an array at a position, or the value of a key. What is not there is NULL, or an error when `strict`.
fn element(subject: &ArrayRef, key: &ArrayRef, strict: bool) -> Result<ArrayRef> {
    let mut indices: Vec<Option<u32>> = Vec::with_capacity(subject.len());
    let values = match subject.data_type() {
        DataType::Map(..) => {
            let map = subject.as_map();
            let wanted = cast(key, map.keys().data_type())?;
            for row in 0..map.len() {
                if map.is_null(row) || wanted.is_null(row) {
                    indices.push(None);
                    continue;
                }
                let wanted = ScalarValue::try_from_array(&wanted, row)?;
                let (first, last) = (map.value_offsets()[row], map.value_offsets()[row + 1]);
                let mut found = None;
                for index in first..last {
                    let index = usize::try_from(index).unwrap_or(0);
                    if ScalarValue::try_from_array(map.keys(), index)? == wanted {
                        found = u32::try_from(index).ok();
                    }
                }
                if found.is_none() && strict {
                    return exec_err!("INVALID_FUNCTION_ARGUMENT: Key not present in map: {wanted}");
                }
                indices.push(found);
            }
            Arc::clone(map.values())
        }
        _ => {
            let list = subject.as_list::<i32>();
            let keys = cast(key, &DataType::Int64)?;
            let keys = keys.as_primitive::<Int64Type>();
            for row in 0..list.len() {
                if list.is_null(row) || keys.is_null(row) {
                    indices.push(None);
                    continue;
                }
                let (first, count) = span(list, row);
                let (index, length) = (keys.value(row), i64::try_from(count).unwrap_or(0));
                if index == 0 {
                    return exec_err!("INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1");
                }
                if strict && index < 0 {
                    return exec_err!("INVALID_FUNCTION_ARGUMENT: Array subscript is negative: {index}");
                }
                if strict && index > length {
                    return exec_err!(
                        "INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: {index} > {length}"
                    );
                }
                let from_start = if index < 0 { length + index } else { index - 1 };
                let inside = usize::try_from(from_start).ok().filter(|index| *index < count);
                indices.push(inside.and_then(|index| u32::try_from(first + index).ok()));
            }
            Arc::clone(list.values())
        }
    };
    Ok(take(&values, &UInt32Array::from(indices), None)?)
}

fn positions(args: &[ArrayRef], shown: fn(Option<usize>) -> Option<i64>) -> Result<ArrayRef> {
    let list = args[0].as_list::<i32>();
    let wanted = cast(&args[1], list.values().data_type())?;
    let mut out = Vec::with_capacity(list.len());
    for row in 0..list.len() {
        if list.is_null(row) || wanted.is_null(row) {
            out.push(None);
            continue;
        }
        let (items, wanted) = (list.value(row), ScalarValue::try_from_array(&wanted, row)?);
        let mut found = None;
        for index in 0..items.len() {
            if ScalarValue::try_from_array(&items, index)? == wanted {
                found = Some(index);
                break;
            }
        }
        out.push(shown(found));
    }
    Ok(Arc::new(Int64Array::from(out)))
}

/// An array made of items of another: for each row the indices to take, `None` for NULL.
fn picked(list: &ListArray, pick: impl Fn(usize) -> Result<Option<Vec<usize>>>) -> Result<ArrayRef> {
    let (mut indices, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..list.len() {
        let chosen = if list.is_null(row) { None } else { pick(row)? };
        valid.push(chosen.is_some());
        let chosen = chosen.unwrap_or_default();
        lengths.push(chosen.len());
        indices.extend(chosen.into_iter().map(|index| u32::try_from(index).unwrap_or(0)));
    }
    let items = take(list.values(), &UInt32Array::from(indices), None)?;
    let DataType::List(item) = list.data_type() else { return exec_err!("an array is needed") };
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, items, Some(NullBuffer::from(valid)))?))
}

fn trim(list: &ArrayRef, count: &ArrayRef) -> Result<ArrayRef> {
    let (list, count) = (list.as_list::<i32>(), cast(count, &DataType::Int64)?);
    let count = count.as_primitive::<Int64Type>();
    picked(list, |row| {
        let (first, length) = span(list, row);
        match usize::try_from(count.value(row)) {
            Ok(gone) if gone <= length => Ok(Some((first..first + length - gone).collect())),
            _ => exec_err!("INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality {length}: {}", count.value(row)),
        }
    })
}

fn slice(list: &ArrayRef, start: &ArrayRef, length: &ArrayRef) -> Result<ArrayRef> {
    let (list, start, length) = (list.as_list::<i32>(), cast(start, &DataType::Int64)?, cast(length, &DataType::Int64)?);
    let (start, length) = (start.as_primitive::<Int64Type>(), length.as_primitive::<Int64Type>());
    picked(list, |row| {
        let (first, count) = span(list, row);
        let (from, wanted) = (start.value(row), length.value(row));
        if from == 0 {
            return exec_err!("INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1");
        }
        if wanted < 0 {
            return exec_err!("INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0");
        }
        let total = i64::try_from(count).unwrap_or(0);
        let from = if from < 0 { total + from } else { from - 1 };
        if from < 0 || from >= total {
            return Ok(Some(Vec::new()));
        }
        let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(from.saturating_add(wanted).min(total)).unwrap_or(0));
        Ok(Some((first + from..first + to).collect()))
    })
}

fn combinations(length: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for last in size.saturating_sub(1)..length {
        for mut before in combinations(last, size - 1) {
            before.push(last);
            all.push(before);
        }
    }
    all
}

/// Arrays of arrays: of an array and a size, groups of positions.
fn groups(args: &[ArrayRef], returns: &DataType, choose: impl Fn(usize, usize) -> Vec<Vec<usize>>) -> Result<ArrayRef> {
    let (list, sizes) = (args[0].as_list::<i32>(), cast(&args[1], &DataType::Int64)?);
    let sizes = sizes.as_primitive::<Int64Type>();
    let (mut indices, mut inner, mut outer, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in 0..list.len() {
        let size = usize::try_from(sizes.value(row)).ok().filter(|size| (1..=5).contains(size) || list.len() < 2);
        let present = list.is_valid(row) && sizes.is_valid(row);
        valid.push(present);
        let Some(size) = size.filter(|size| *size > 0) else {
            return exec_err!("INVALID_FUNCTION_ARGUMENT: the size must be between 1 and 5");
        };
        let (first, length) = span(list, row);
        let chosen = if present { choose(length, size) } else { Vec::new() };
        outer.push(chosen.len());
        for group in chosen {
            inner.push(group.len());
            indices.extend(group.into_iter().map(|index| u32::try_from(first + index).unwrap_or(0)));
        }
    }
    let items = take(list.values(), &UInt32Array::from(indices), None)?;
    let DataType::List(item) = returns else { return exec_err!("an array is made") };
    let DataType::List(inmost) = item.data_type() else { return exec_err!("arrays are made") };
    let lists = ListArray::try_new(Arc::clone(inmost), OffsetBuffer::from_lengths(inner), items, None)?;
    let offsets = OffsetBuffer::from_lengths(outer);
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, Arc::new(lists), Some(NullBuffer::from(valid)))?))
}

fn from_entries(entries: &ArrayRef, returns: &DataType) -> Result<ArrayRef> {
    let list = entries.as_list::<i32>();
    let rows = list.values().as_struct();
    let DataType::Map(entry, sorted) = returns else { return exec_err!("a map is made") };
    let DataType::Struct(fields) = entry.data_type() else { return exec_err!("a map is made") };
    let made = StructArray::try_new(fields.clone(), rows.columns().to_vec(), None)?;
    Ok(Arc::new(MapArray::try_new(Arc::clone(entry), list.offsets().clone(), made, list.nulls().cloned(), *sorted)?))
}

/// Later maps win.
fn concat_maps(args: &[ArrayRef], returns: &DataType) -> Result<ArrayRef> {
    let DataType::Map(entry, sorted) = returns else { return exec_err!("a map is made") };
    let DataType::Struct(fields) = entry.data_type() else { return exec_err!("a map is made") };
    let maps: Vec<&MapArray> = args.iter().map(|arg| arg.as_map()).collect();
    let (mut keys, mut values, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in 0..args[0].len() {
        valid.push(maps.iter().all(|map| map.is_valid(row)));
        let mut members: Vec<(ScalarValue, ScalarValue)> = Vec::new();
        for map in &maps {
            let entries = map.value(row);
            for index in 0..entries.len() {
                let key = ScalarValue::try_from_array(entries.column(0), index)?;
                let value = ScalarValue::try_from_array(entries.column(1), index)?;
                match members.iter_mut().find(|(known, _)| *known == key) {
                    Some(member) => member.1 = value,
                    None => members.push((key, value)),
                }
            }
        }
        lengths.push(members.len());
        for (key, value) in members {
            keys.push(key);
            values.push(value);
        }
    }
    if keys.is_empty() {
        return Ok(Arc::clone(&args[0]));
    }
    let columns = vec![ScalarValue::iter_to_array(keys)?, ScalarValue::iter_to_array(values)?];
    let made = StructArray::try_new(fields.clone(), columns, None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(MapArray::try_new(Arc::clone(entry), offsets, made, Some(NullBuffer::from(valid)), *sorted)?))
}

/// Keys and values by turns.
fn of_pairs(list: &ArrayRef, returns: &DataType) -> Result<ArrayRef> {
    let list = list.as_list::<i32>();
    let DataType::Map(entry, sorted) = returns else { return exec_err!("a map is made") };
    let DataType::Struct(fields) = entry.data_type() else { return exec_err!("a map is made") };
    let texts = list.values().as_string::<i32>();
    let keys: StringArray = texts.iter().step_by(2).collect();
    let values: StringArray = texts.iter().skip(1).step_by(2).collect();
    let lengths = (0..list.len()).map(|row| span(list, row).1 / 2);
    let made = StructArray::try_new(fields.clone(), vec![Arc::new(keys), Arc::new(values)], None)?;
    Ok(Arc::new(MapArray::try_new(Arc::clone(entry), OffsetBuffer::from_lengths(lengths), made, list.nulls().cloned(), *sorted)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_come_in_order() {
        assert_eq!(combinations(3, 2), [vec![0, 1], vec![0, 2], vec![1, 2]]);
        assert!(combinations(2, 3).is_empty());
    }
}

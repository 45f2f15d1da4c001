//! The rows that `UNNEST` makes of arrays and maps: side by side, padded with NULL, with positions when they are asked for.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, StructArray, UInt32Array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::kernel::Kernel;

/// The rows of arrays.
pub(in crate::engine::dialect) const PLAIN: &str = "unnest_rows";
/// The same with a position, which counts from the last argument.
pub(in crate::engine::dialect) const COUNTED: &str = "unnest_counted";
const PLAIN_KEEPING: &str = "unnest_rows_keeping";
const COUNTED_KEEPING: &str = "unnest_counted_keeping";

/// The function that makes a row of NULLs where there is none.
pub(in crate::engine::dialect) fn keeping(name: &str) -> Option<&'static str> {
    match name {
        PLAIN => Some(PLAIN_KEEPING),
        COUNTED => Some(COUNTED_KEEPING),
        _ => None,
    }
}

/// The name of the column at `index`.
pub(in crate::engine::dialect) fn field(index: usize) -> String {
    format!("c{index}")
}

/// The columns that arguments of these types make: the item of an array, key and value of a map, the fields of an array of rows.
pub(in crate::engine::dialect) fn columns(types: &[DataType]) -> Result<Vec<FieldRef>> {
    let mut columns: Vec<FieldRef> = Vec::new();
    for kind in types {
        match kind {
            DataType::List(item) => match item.data_type() {
                DataType::Struct(fields) => columns.extend(fields.iter().cloned()),
                _ => columns.push(Arc::clone(item)),
            },
            DataType::Map(entry, _) => match entry.data_type() {
                DataType::Struct(fields) => columns.extend(fields.iter().cloned()),
                other => return plan_err!("a map has no entries but {other}"),
            },
            DataType::Null => columns.push(Arc::new(Field::new("item", DataType::Null, true))),
            other => return plan_err!("Cannot unnest type: {other}"),
        }
    }
    let renamed = columns.iter().enumerate().map(|(index, column)| {
        let named = column.as_ref().clone().with_name(field(index)).with_nullable(true);
        Arc::new(named) as FieldRef
    });
    Ok(renamed.collect())
}

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    vec![kernel(PLAIN, false, false), kernel(COUNTED, true, false), kernel(PLAIN_KEEPING, false, true), kernel(COUNTED_KEEPING, true, true)]
}

fn kernel(name: &'static str, counted: bool, keeping: bool) -> Arc<ScalarUDF> {
    Kernel::general(
        name,
        move |types| {
            let lists = if counted { types.split_last().map_or(types, |(_, lists)| lists) } else { types };
            let mut fields = columns(lists)?;
            if counted {
                fields.push(Arc::new(Field::new(field(fields.len()), DataType::Int64, true)));
            }
            Ok(DataType::new_list(DataType::Struct(Fields::from(fields)), true))
        },
        move |args, _, returns| rows(args, returns, counted, keeping),
    )
}

/// Where the items of each row are: columns of values, and the range of a row in them.
struct Items {
    columns: Vec<ArrayRef>,
    ranges: Vec<(usize, usize)>,
    /// Whether an item itself is NULL.
    absent: Option<ArrayRef>,
}

fn items(array: &ArrayRef) -> Result<Items> {
    Ok(match array.data_type() {
        DataType::List(item) => {
            let list = array.as_list::<i32>();
            let ranges = (0..list.len()).map(|row| range(list.is_null(row), list.value_offsets(), row)).collect();
            match item.data_type() {
                DataType::Struct(_) => {
                    let rows = list.values().as_struct();
                    Items { columns: rows.columns().to_vec(), ranges, absent: Some(Arc::clone(list.values())) }
                }
                _ => Items { columns: vec![Arc::clone(list.values())], ranges, absent: None },
            }
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let ranges = (0..map.len()).map(|row| range(map.is_null(row), map.value_offsets(), row)).collect();
            Items { columns: vec![Arc::clone(map.keys()), Arc::clone(map.values())], ranges, absent: None }
        }
        _ => Items { columns: vec![Arc::clone(array)], ranges: vec![(0, 0); array.len()], absent: None },
    })
}

fn range(null: bool, offsets: &[i32], row: usize) -> (usize, usize) {
    let at = |row: usize| offsets.get(row).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
    if null { (0, 0) } else { (at(row), at(row + 1) - at(row)) }
}

fn rows(args: &[ArrayRef], returns: &DataType, counted: bool, keeping: bool) -> Result<ArrayRef> {
    let (lists, start) = match args.split_last() {
        Some((start, lists)) if counted => (lists, start.as_primitive_opt().map_or(0, |start: &Int64Array| start.value(0))),
        _ => (args, 0),
    };
    let all = lists.iter().map(items).collect::<Result<Vec<_>>>()?;
    let rows = args.first().map_or(0, |first| first.len());
    let longest = |row: usize| all.iter().map(|items| items.ranges[row].1).max().unwrap_or(0);
    let lengths: Vec<usize> = (0..rows).map(|row| longest(row).max(usize::from(keeping))).collect();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for items in &all {
        let mut indices: Vec<Option<u32>> = Vec::new();
        for (row, length) in lengths.iter().enumerate() {
            let (first, count) = items.ranges[row];
            for position in 0..*length {
                let index = (position < count).then_some(first + position);
                let present = index.filter(|index| items.absent.as_ref().is_none_or(|rows| rows.is_valid(*index)));
                indices.push(present.and_then(|index| u32::try_from(index).ok()));
            }
        }
        let indices = UInt32Array::from(indices);
        for column in &items.columns {
            columns.push(take(column, &indices, None)?);
        }
    }
    if counted {
        let mut positions: Vec<Option<i64>> = Vec::new();
        for (row, length) in lengths.iter().enumerate() {
            let real = longest(row);
            positions.extend((0..*length).map(|position| (position < real).then(|| start + i64::try_from(position).unwrap_or(0))));
        }
        columns.push(Arc::new(Int64Array::from(positions)));
    }
    let DataType::List(item) = returns else { return plan_err!("UNNEST makes rows") };
    let DataType::Struct(fields) = item.data_type() else { return plan_err!("UNNEST makes rows") };
    let made = StructArray::try_new(fields.clone(), columns, None)?;
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), OffsetBuffer::from_lengths(lengths), Arc::new(made), None)?))
}

//! Arrays, maps and rows as texts: JSON in Redshift (SUPER), `[a, b]` and `{k=v}` in Athena.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, FixedSizeListArray, LargeListArray, ListArray, MapArray, RecordBatch, StringBuilder, StructArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::error::ArrowError;

use super::{Cells, Style};

/// Whether a type holds other values.
pub fn is_nested(kind: &DataType) -> bool {
    matches!(kind, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) | DataType::Map(..) | DataType::Struct(_))
}

/// The values of a nested array as texts.
pub fn as_text(array: &ArrayRef, style: Style) -> Result<ArrayRef, ArrowError> {
    let mut texts = StringBuilder::new();
    let mut text = String::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            texts.append_null();
        } else {
            text.clear();
            write(array, row, style, &mut text)?;
            texts.append_value(&text);
        }
    }
    Ok(Arc::new(texts.finish()))
}

fn write(array: &ArrayRef, row: usize, style: Style, out: &mut String) -> Result<(), ArrowError> {
    if array.is_null(row) {
        out.push_str("null");
        return Ok(());
    }
    let any = array.as_any();
    if let Some(list) = any.downcast_ref::<ListArray>() {
        return write_items(&list.value(row), style, out);
    }
    if let Some(list) = any.downcast_ref::<LargeListArray>() {
        return write_items(&list.value(row), style, out);
    }
    if let Some(list) = any.downcast_ref::<FixedSizeListArray>() {
        return write_items(&list.value(row), style, out);
    }
    if let Some(map) = any.downcast_ref::<MapArray>() {
        let entries = map.value(row);
        return write_pairs(entries.len(), style, out, |index, out| match entries.columns() {
            [keys, values] => {
                write_name(keys, index, style, out)?;
                write(values, index, style, out)
            }
            _ => Err(ArrowError::SchemaError("a map has keys and values".to_owned())),
        });
    }
    if let Some(members) = any.downcast_ref::<StructArray>() {
        let names = members.column_names();
        return write_pairs(names.len(), style, out, |index, out| {
            match style {
                Style::Redshift => {
                    out.push_str(&serde_json::Value::from(names[index]).to_string());
                    out.push(':');
                }
                Style::Athena => {
                    out.push_str(names[index]);
                    out.push('=');
                }
            }
            write(members.column(index), row, style, out)
        });
    }
    let start = out.len();
    leaf(array, row, style, out)?;
    if style == Style::Redshift && !plain_in_json(array.data_type()) {
        let quoted = serde_json::Value::from(&out[start..]).to_string();
        out.replace_range(start.., &quoted);
    }
    Ok(())
}

fn plain_in_json(kind: &DataType) -> bool {
    kind.is_numeric() || *kind == DataType::Boolean || *kind == DataType::Null
}

fn write_name(keys: &ArrayRef, index: usize, style: Style, out: &mut String) -> Result<(), ArrowError> {
    let start = out.len();
    leaf(keys, index, style, out)?;
    match style {
        Style::Athena => out.push('='),
        Style::Redshift => {
            let quoted = serde_json::Value::from(&out[start..]).to_string();
            out.replace_range(start.., &quoted);
            out.push(':');
        }
    }
    Ok(())
}

fn write_items(items: &ArrayRef, style: Style, out: &mut String) -> Result<(), ArrowError> {
    out.push('[');
    for index in 0..items.len() {
        if index > 0 {
            out.push_str(separator(style));
        }
        write(items, index, style, out)?;
    }
    out.push(']');
    Ok(())
}

fn write_pairs(
    count: usize,
    style: Style,
    out: &mut String,
    mut pair: impl FnMut(usize, &mut String) -> Result<(), ArrowError>,
) -> Result<(), ArrowError> {
    out.push('{');
    for index in 0..count {
        if index > 0 {
            out.push_str(separator(style));
        }
        pair(index, out)?;
    }
    out.push('}');
    Ok(())
}

fn separator(style: Style) -> &'static str {
    match style {
        Style::Redshift => ",",
        Style::Athena => ", ",
    }
}

/// A value that holds no others, through the same code that writes a cell. Nested values are few and short, so the batch of one column
/// that it takes does not matter.
fn leaf(array: &ArrayRef, row: usize, style: Style, out: &mut String) -> Result<(), ArrowError> {
    let schema = Schema::new(vec![Field::new("value", array.data_type().clone(), true)]);
    let slice = RecordBatch::try_new(Arc::new(schema.clone()), vec![array.slice(row, 1)])?;
    let batch = super::normalise(&slice, &super::normal_schema(&schema), style)?;
    if !Cells::new(&batch, style)?.write(0, 0, out) {
        out.push_str("null");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use datafusion::arrow::array::{Float64Array, StringArray};
    use datafusion::arrow::datatypes::Int64Type;

    use super::*;

    #[test]
    fn lists_and_rows_in_both_manners() {
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None, Some(3)]), None]));
        let text = |array: &ArrayRef, style| {
            let texts = as_text(array, style).unwrap();
            let texts = texts.as_any().downcast_ref::<StringArray>().unwrap();
            texts.iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
        };
        assert_eq!(text(&list, Style::Athena), [Some("[1, null, 3]".to_owned()), None]);
        assert_eq!(text(&list, Style::Redshift), [Some("[1,null,3]".to_owned()), None]);
        let names: ArrayRef = Arc::new(StringArray::from(vec!["a\"b"]));
        let shares: ArrayRef = Arc::new(Float64Array::from(vec![0.5]));
        let row: ArrayRef = Arc::new(StructArray::from(vec![
            (Arc::new(Field::new("name", DataType::Utf8, true)), names),
            (Arc::new(Field::new("share", DataType::Float64, true)), shares),
        ]));
        assert_eq!(text(&row, Style::Athena), [Some("{name=a\"b, share=0.5}".to_owned())]);
        assert_eq!(text(&row, Style::Redshift), [Some(r#"{"name":"a\"b","share":0.5}"#.to_owned())]);
    }
}

//! SUPER: making, reading and asking about JSON values in text.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, ListBuilder, StringArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;
use serde_json::Value as Json;

use super::cells::{Cell, Value};
use super::json_values::{of_array, parse};
use super::kernel::{Kernel, SCALAR_OF_SUPER, at};
use crate::local::engine::dialect::semistructured;

/// A question about a value that is answered with yes or no.
type Question = fn(&Json) -> bool;

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let (text, number) = (DataType::Utf8, DataType::Int64);
    let mut all = vec![
        Kernel::super_cells("json_parse", std::slice::from_ref(&text), 1, |cells| match serde_json::from_str::<Json>(cells[0].text()) {
            Ok(json) => Ok(Value::Text(json.to_string())),
            Err(error) => exec_err!("error in JSON_PARSE: {error}"),
        }),
        Kernel::cells("json_serialize", std::slice::from_ref(&text), 1, text.clone(), |cells| Ok(Value::text(cells[0].text()))),
        Kernel::cells("can_json_parse", std::slice::from_ref(&text), 1, DataType::Boolean, |cells| {
            Ok(Value::Bool(serde_json::from_str::<Json>(cells[0].text()).is_ok()))
        }),
        Kernel::cells("json_size", std::slice::from_ref(&text), 1, number.clone(), |cells| {
            Ok(Value::Int(i64::try_from(cells[0].text().len()).unwrap_or(i64::MAX)))
        }),
        Kernel::cells("json_typeof", std::slice::from_ref(&text), 1, text.clone(), |cells| {
            Ok(Value::text(match read(cells)? {
                Json::Null => "null",
                Json::Bool(_) => "boolean",
                Json::Number(_) => "number",
                Json::String(_) => "string",
                Json::Array(_) => "array",
                Json::Object(_) => "object",
            }))
        }),
        Kernel::cells("get_array_length", std::slice::from_ref(&text), 1, number.clone(), |cells| {
            Ok(match read(cells)? {
                Json::Array(items) => Value::Int(i64::try_from(items.len()).unwrap_or(i64::MAX)),
                _ => Value::Null,
            })
        }),
        Kernel::super_cells("subarray", &[text.clone(), number.clone(), number.clone()], 2, |cells| {
            let Json::Array(items) = read(cells)? else { return Ok(Value::Null) };
            let start = usize::try_from(cells[1].int()).unwrap_or(0);
            let count = cells.get(2).map_or(usize::MAX, |cell| usize::try_from(cell.int()).unwrap_or(0));
            Ok(json(Json::Array(items.into_iter().skip(start).take(count).collect())))
        }),
        Kernel::super_cells("array_flatten", std::slice::from_ref(&text), 1, |cells| {
            let Json::Array(items) = read(cells)? else { return Ok(Value::Null) };
            let flat = items.into_iter().flat_map(|item| match item {
                Json::Array(inner) => inner,
                other => vec![other],
            });
            Ok(json(Json::Array(flat.collect())))
        }),
        Kernel::super_cells("array_distinct", std::slice::from_ref(&text), 1, |cells| {
            let Json::Array(items) = read(cells)? else { return Ok(Value::Null) };
            let mut distinct: Vec<Json> = Vec::new();
            for item in items {
                if !distinct.contains(&item) {
                    distinct.push(item);
                }
            }
            Ok(json(Json::Array(distinct)))
        }),
        Kernel::super_cells("array_sort", std::slice::from_ref(&text), 1, |cells| {
            let Json::Array(mut items) = read(cells)? else { return Ok(Value::Null) };
            items.sort_by(|left, right| match (left.as_f64(), right.as_f64()) {
                (Some(left), Some(right)) => left.total_cmp(&right),
                _ => left.to_string().cmp(&right.to_string()),
            });
            Ok(json(Json::Array(items)))
        }),
        Kernel::super_cells("split_to_array", &[text.clone(), text.clone()], 1, |cells| {
            let delimiter = cells.get(1).map_or(",", |cell| cell.text());
            Ok(json(Json::Array(cells[0].text().split(delimiter).map(|part| Json::String(part.to_owned())).collect())))
        }),
        Kernel::general_super("array", |args, fields, _| rows(args, |row| Ok(Some(Json::Array(row_values(args, fields, row)?))))),
        Kernel::general_super("object", |args, fields, _| {
            if args.len() % 2 == 1 {
                return exec_err!("object takes keys and values in pairs");
            }
            rows(args, |row| {
                let mut members = serde_json::Map::new();
                let mut values = row_values(args, fields, row)?.into_iter();
                while let (Some(key), Some(value)) = (values.next(), values.next()) {
                    let key = match key {
                        Json::String(key) => key,
                        other => other.to_string(),
                    };
                    members.insert(key, value);
                }
                Ok(Some(Json::Object(members)))
            })
        }),
        Kernel::general_super("array_concat", |args, fields, _| {
            rows(args, |row| {
                let mut all = Vec::new();
                for value in row_values(args, fields, row)? {
                    match value {
                        Json::Array(items) => all.extend(items),
                        Json::Null => return Ok(None),
                        other => return exec_err!("array_concat takes arrays, not {other}"),
                    }
                }
                Ok(Some(Json::Array(all)))
            })
        }),
        Kernel::general(
            "array_contains",
            |_| Ok(DataType::Boolean),
            |args, fields, _| {
                let mut out = Vec::with_capacity(args[0].len());
                for row in 0..args[0].len() {
                    let values = row_values(args, fields, row)?;
                    out.push(match values.as_slice() {
                        [Json::Array(items), wanted, ..] => Some(items.contains(wanted)),
                        _ => None,
                    });
                }
                Ok(Arc::new(BooleanArray::from(out)))
            },
        ),
        Kernel::general(
            "array_position",
            |_| Ok(DataType::Int64),
            |args, fields, _| {
                let mut out = Vec::with_capacity(args[0].len());
                for row in 0..args[0].len() {
                    let values = row_values(args, fields, row)?;
                    out.push(match values.as_slice() {
                        [Json::Array(items), wanted, ..] => {
                            Some(items.iter().position(|item| item == wanted).and_then(|at| i64::try_from(at).ok()).unwrap_or(-1))
                        }
                        _ => None,
                    });
                }
                Ok(Arc::new(Int64Array::from(out)))
            },
        ),
        // CAST(… AS SUPER).
        Kernel::general_super("to_super", |args, fields, _| {
            rows(args, |row| Ok(Some(of_array(&args[0], row, semistructured::marked(&fields[0]))?).filter(|value| !value.is_null())))
        }),
        Kernel::general_super("super_get", |args, _, _| rows(args, |row| step(args, row))),
        Kernel::general(
            "super_items",
            |types| match types {
                [DataType::Utf8] => Ok(semistructured::list()),
                [other] => plan_err!("only an array in a SUPER can be unnested, not {other}"),
                _ => plan_err!("one SUPER is unnested at a time"),
            },
            |args, _, returns| super_items(&args[0], returns),
        ),
        // A scalar in a SUPER beside a plain value: what is of another kind is NULL, as Redshift's lax comparison has it.
        general_scalar("super_text", DataType::Utf8),
        general_scalar("super_number", DataType::Float64),
        general_scalar("super_bool", DataType::Boolean),
        // A SUPER before a cast; anything else as it is.
        Kernel::general(
            SCALAR_OF_SUPER,
            |types| Ok(types[0].clone()),
            |args, fields, _| {
                if fields.first().is_some_and(|field| semistructured::marked(field)) {
                    scalar_text(&args[0])
                } else {
                    Ok(Arc::clone(&args[0]))
                }
            },
        ),
    ];
    let questions: [(&'static str, Question); 11] = [
        ("is_array", Json::is_array),
        ("is_object", Json::is_object),
        ("is_boolean", Json::is_boolean),
        ("is_varchar", Json::is_string),
        ("is_char", Json::is_string),
        ("is_integer", |json| json.as_i64().is_some_and(|number| i32::try_from(number).is_ok())),
        ("is_smallint", |json| json.as_i64().is_some_and(|number| i16::try_from(number).is_ok())),
        ("is_bigint", Json::is_i64),
        ("is_decimal", Json::is_number),
        ("is_float", Json::is_f64),
        ("is_scalar", |json| !json.is_array() && !json.is_object()),
    ];
    all.extend(questions.map(|(name, question)| {
        Kernel::cells(name, &[DataType::Utf8], 1, DataType::Boolean, move |cells| Ok(Value::Bool(question(&read(cells)?))))
    }));
    all
}

fn read(cells: &[Cell<'_>]) -> Result<Json> {
    parse(cells[0].text())
}

fn json(value: Json) -> Value {
    Value::Text(value.to_string())
}

fn rows(args: &[ArrayRef], f: impl Fn(usize) -> Result<Option<Json>>) -> Result<ArrayRef> {
    let count = args.first().map_or(1, |first| first.len());
    let mut out = Vec::with_capacity(count);
    for row in 0..count {
        out.push(f(row)?.map(|json| json.to_string()));
    }
    Ok(Arc::new(StringArray::from(out)))
}

/// The arguments of a row as JSON: a SUPER is what it says, a text is a string.
fn row_values(args: &[ArrayRef], fields: &[FieldRef], row: usize) -> Result<Vec<Json>> {
    args.iter().zip(fields).map(|(arg, field)| of_array(arg, row, semistructured::marked(field))).collect()
}

/// A SUPER as the texts that it is held in; anything else has no items and no members.
fn texts_of(values: &ArrayRef) -> Result<&StringArray> {
    match values.as_string_opt::<i32>() {
        Some(texts) => Ok(texts),
        None => exec_err!("cannot subscript type {} because it is not a SUPER", values.data_type()),
    }
}

/// Follows names and positions; what is not there is NULL.
fn step(args: &[ArrayRef], row: usize) -> Result<Option<Json>> {
    let Some((subject, path)) = args.split_first() else { return Ok(None) };
    let Some(text) = at(texts_of(subject)?, row) else { return Ok(None) };
    let mut value = parse(text)?;
    for key in path {
        let next = match (&mut value, key.data_type()) {
            _ if key.is_null(row) => None,
            (Json::Object(members), DataType::Utf8) => members.get_mut(key.as_string::<i32>().value(row)).map(Json::take),
            (Json::Array(items), DataType::Int64) => {
                let index = key.as_primitive::<Int64Type>().value(row);
                usize::try_from(index).ok().and_then(|index| items.get_mut(index)).map(Json::take)
            }
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return Ok(None),
        }
    }
    Ok(Some(value).filter(|value| !value.is_null()))
}

fn super_items(array: &ArrayRef, returns: &DataType) -> Result<ArrayRef> {
    let DataType::List(item) = returns else { return plan_err!("a SUPER unnests to a list") };
    let mut builder = ListBuilder::new(StringBuilder::new()).with_field(Arc::clone(item));
    let texts = texts_of(array)?;
    for row in 0..texts.len() {
        match at(texts, row).map(parse).transpose()? {
            Some(Json::Array(items)) => builder.append_value(items.iter().map(|item| Some(item.to_string()))),
            // A value that is no array is its only item.
            Some(Json::Null) | None => builder.append(false),
            Some(other) => builder.append_value([Some(other.to_string())]),
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// Strings without quotes, other scalars as they are written, NULL for null.
fn scalar_text(array: &ArrayRef) -> Result<ArrayRef> {
    let texts = texts_of(array)?;
    let mut out = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        out.push(match at(texts, row).map(parse).transpose()? {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) => Some(text),
            Some(other) => Some(other.to_string()),
        });
    }
    Ok(Arc::new(StringArray::from(out)))
}

fn general_scalar(name: &'static str, kind: DataType) -> Arc<ScalarUDF> {
    let returned = kind.clone();
    Kernel::general(
        name,
        move |_| Ok(returned.clone()),
        move |args, _, _| {
            let texts = texts_of(&args[0])?;
            let values = (0..texts.len()).map(|row| at(texts, row).map(parse).transpose()).collect::<Result<Vec<_>>>()?;
            let values = values.into_iter();
            Ok(match kind {
                DataType::Float64 => Arc::new(values.map(|value| value?.as_f64()).collect::<Float64Array>()) as ArrayRef,
                DataType::Boolean => Arc::new(values.map(|value| value?.as_bool()).collect::<BooleanArray>()),
                _ => Arc::new(values.map(|value| value?.as_str().map(str::to_owned)).collect::<StringArray>()),
            })
        },
    )
}

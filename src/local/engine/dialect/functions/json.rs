//! JSON in text.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::{as_boolean_array, as_int64_array, as_string_array};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;
use datafusion::sql::sqlparser::ast::{Expr, Value};
use serde_json::Value as Json;

use super::Rewritten;
use super::cells::Value as Cell;
use super::json_values;
use super::kernel::{Kernel, at, returns_int8, returns_text, text_rows};
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

/// Redshift's functions end in an optional `null_if_invalid`; it is always passed on to the kernels.
pub(super) fn rewrite(mut call: Call) -> std::result::Result<Rewritten, SqlError> {
    if call.dialect != Dialect::Redshift {
        return Ok(Rewritten::Other(call));
    }
    let least = match call.name.as_str() {
        "json_extract_path_text" | "json_extract_array_element_text" => 2,
        "json_array_length" => 1,
        _ => return Ok(Rewritten::Other(call)),
    };
    let mut args = std::mem::take(&mut call.args);
    if args.len() < least {
        return Err(call.error(&format!("function {} takes at least {least} arguments", call.name)));
    }
    let lenient = match args.last() {
        Some(Expr::Value(value)) if matches!(value.value, Value::Boolean(_)) && args.len() > least => args.pop(),
        _ => None,
    };
    args.push(lenient.unwrap_or_else(|| call::value(Value::Boolean(false))));
    let name = call.name.clone();
    Ok(Rewritten::Done(call.with(&name, args)))
}

pub(super) fn scalar(dialect: Dialect) -> Vec<Arc<ScalarUDF>> {
    match dialect {
        Dialect::Redshift => vec![
            Kernel::coerced("json_extract_path_text", path_types, returns_text, path_text),
            Kernel::exact(
                "json_extract_array_element_text",
                &[DataType::Utf8, DataType::Int64, DataType::Boolean],
                returns_text,
                array_element,
            ),
            Kernel::exact("json_array_length", &[DataType::Utf8, DataType::Boolean], returns_int8, array_length),
            Kernel::exact(
                "is_valid_json",
                &[DataType::Utf8],
                |_| Ok(DataType::Boolean),
                |args| validity(args, |json| matches!(json, Json::Object(_))),
            ),
            Kernel::exact("is_valid_json_array", &[DataType::Utf8], |_| Ok(DataType::Boolean), |args| validity(args, Json::is_array)),
        ],
        Dialect::Athena => {
            let arguments = [DataType::Utf8, DataType::Utf8];
            vec![
                Kernel::exact("json_extract_scalar", &arguments, returns_text, |args| {
                    text_rows(args, |values| {
                        Ok(path(values[0], values[1])?.filter(|found| !found.is_object() && !found.is_array()).and_then(shown))
                    })
                }),
                Kernel::exact("json_extract", &arguments, returns_text, |args| {
                    text_rows(args, |values| Ok(path(values[0], values[1])?.map(|found| found.to_string())))
                }),
                Kernel::cells("json_parse", &[DataType::Utf8], 1, DataType::Utf8, |cells| {
                    match serde_json::from_str::<Json>(cells[0].text()) {
                        Ok(json) => Ok(Cell::Text(json.to_string())),
                        Err(_) => exec_err!("INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{}'", cells[0].text()),
                    }
                }),
                Kernel::cells("try_json_parse", &[DataType::Utf8], 1, DataType::Utf8, |cells| {
                    Ok(Cell::maybe(serde_json::from_str::<Json>(cells[0].text()).ok().map(|json| json.to_string())))
                }),
                Kernel::cells("json_format", &[DataType::Utf8], 1, DataType::Utf8, |cells| {
                    Ok(Cell::maybe(serde_json::from_str::<Json>(cells[0].text()).ok().map(|json| json.to_string())))
                }),
                Kernel::cells("is_json_scalar", &[DataType::Utf8], 1, DataType::Boolean, |cells| {
                    let json = serde_json::from_str::<Json>(cells[0].text()).ok();
                    Ok(json.map_or(Cell::Null, |json| Cell::Bool(!json.is_object() && !json.is_array())))
                }),
                Kernel::cells("json_size", &arguments, 2, DataType::Int64, |cells| {
                    Ok(path(cells[0].text(), cells[1].text())?.map_or(Cell::Null, |found| {
                        Cell::Int(match found {
                            Json::Array(items) => i64::try_from(items.len()).unwrap_or(0),
                            Json::Object(members) => i64::try_from(members.len()).unwrap_or(0),
                            _ => 0,
                        })
                    }))
                }),
                Kernel::cells("json_array_get", &[DataType::Utf8, DataType::Int64], 2, DataType::Utf8, |cells| {
                    let Ok(Json::Array(items)) = serde_json::from_str(cells[0].text()) else { return Ok(Cell::Null) };
                    let (length, index) = (i64::try_from(items.len()).unwrap_or(0), cells[1].int());
                    let index = usize::try_from(if index < 0 { length + index } else { index }).ok();
                    Ok(Cell::maybe(index.and_then(|index| items.into_iter().nth(index)).and_then(shown)))
                }),
                Kernel::general(
                    "json_array_contains",
                    |_| Ok(DataType::Boolean),
                    |args, _, _| {
                        let mut out = Vec::with_capacity(args[0].len());
                        for row in 0..args[0].len() {
                            let (array, wanted) =
                                (json_values::of_array(&args[0], row, true)?, json_values::of_array(&args[1], row, false)?);
                            out.push(array.as_array().map(|items| items.contains(&wanted)));
                        }
                        Ok(Arc::new(BooleanArray::from(out)))
                    },
                ),
                // CAST(… AS JSON).
                Kernel::general(
                    "to_json",
                    |_| Ok(DataType::Utf8),
                    |args, _, _| {
                        let mut out = Vec::with_capacity(args[0].len());
                        for row in 0..args[0].len() {
                            let absent = args[0].is_null(row);
                            out.push(if absent { None } else { Some(json_values::of_array(&args[0], row, false)?.to_string()) });
                        }
                        Ok(Arc::new(StringArray::from(out)))
                    },
                ),
                Kernel::exact("json_array_length", &[DataType::Utf8], returns_int8, |args| {
                    let texts = as_string_array(&args[0])?;
                    let lengths = (0..texts.len()).map(|row| match serde_json::from_str(at(texts, row)?) {
                        Ok(Json::Array(items)) => i64::try_from(items.len()).ok(),
                        _ => None,
                    });
                    Ok(Arc::new(lengths.collect::<Int64Array>()))
                }),
            ]
        }
    }
}

/// Text, path elements, `null_if_invalid`.
fn path_types(given: &[DataType]) -> Result<Vec<DataType>> {
    if given.len() < 3 {
        return plan_err!("json_extract_path_text takes a text and at least one path element");
    }
    let mut types = vec![DataType::Utf8; given.len() - 1];
    types.push(DataType::Boolean);
    Ok(types)
}

/// A value as text: strings without quotes, NULL for null.
fn shown(value: Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// Parses, or gives NULL when that is wanted, or fails as Redshift does.
fn parsed(text: &str, lenient: bool) -> Result<Option<Json>> {
    match serde_json::from_str(text) {
        Ok(json) => Ok(Some(json)),
        Err(_) if lenient => Ok(None),
        Err(_) => exec_err!("JSON parsing error: invalid JSON object {text}"),
    }
}

fn path_text(args: &[ArrayRef]) -> Result<ArrayRef> {
    let Some((lenient, texts)) = args.split_last() else { return exec_err!("json_extract_path_text has no arguments") };
    let lenient = as_boolean_array(lenient)?;
    let texts = texts.iter().map(|array| as_string_array(array)).collect::<Result<Vec<_>>>()?;
    let mut out = Vec::with_capacity(lenient.len());
    for row in 0..lenient.len() {
        let elements: Option<Vec<&str>> = texts.iter().map(|texts| at(texts, row)).collect();
        let Some((text, path)) = elements.as_deref().and_then(<[&str]>::split_first) else {
            out.push(None);
            continue;
        };
        let found = parsed(text, lenient.value(row))?.and_then(|mut json| {
            for element in path {
                json = match json {
                    Json::Object(mut fields) => fields.swap_remove(*element)?,
                    Json::Array(mut items) => {
                        let index: usize = element.parse().ok()?;
                        if index >= items.len() {
                            return None;
                        }
                        items.swap_remove(index)
                    }
                    _ => return None,
                };
            }
            shown(json)
        });
        // What is not there is the empty text in Redshift.
        out.push(Some(found.unwrap_or_default()));
    }
    Ok(Arc::new(StringArray::from(out)))
}

fn array_element(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (texts, indexes, lenient) = (as_string_array(&args[0])?, as_int64_array(&args[1])?, as_boolean_array(&args[2])?);
    let mut out = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let Some(text) = at(texts, row).filter(|_| indexes.is_valid(row)) else {
            out.push(None);
            continue;
        };
        out.push(match parsed(text, lenient.value(row))? {
            Some(Json::Array(mut items)) => {
                let index = usize::try_from(indexes.value(row)).ok().filter(|index| *index < items.len());
                Some(index.and_then(|index| shown(items.swap_remove(index))).unwrap_or_default())
            }
            Some(_) if !lenient.value(row) => return exec_err!("JSON parsing error: invalid JSON array {text}"),
            _ => None,
        });
    }
    Ok(Arc::new(StringArray::from(out)))
}

fn array_length(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (texts, lenient) = (as_string_array(&args[0])?, as_boolean_array(&args[1])?);
    let mut out = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        let Some(text) = at(texts, row) else {
            out.push(None);
            continue;
        };
        out.push(match parsed(text, lenient.value(row))? {
            Some(Json::Array(items)) => i64::try_from(items.len()).ok(),
            Some(_) if !lenient.value(row) => return exec_err!("JSON parsing error: invalid JSON array {text}"),
            _ => None,
        });
    }
    Ok(Arc::new(Int64Array::from(out)))
}

fn validity(args: &[ArrayRef], wanted: fn(&Json) -> bool) -> Result<ArrayRef> {
    let texts = as_string_array(&args[0])?;
    let valid = (0..texts.len()).map(|row| at(texts, row).map(|text| serde_json::from_str(text).is_ok_and(|json| wanted(&json))));
    Ok(Arc::new(valid.collect::<BooleanArray>()))
}

/// The value at a JSON path of names and indexes: `$.a.b[0]['c']`.
fn path(text: &str, path: &str) -> Result<Option<Json>> {
    let Some(mut rest) = path.trim().strip_prefix('$') else { return exec_err!("Invalid JSON path: '{path}'") };
    let mut json: Json = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(_) => return Ok(None),
    };
    while !rest.is_empty() {
        let (element, behind) = if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            (&name[..end], &name[end..])
        } else if let Some((element, behind)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            (element.trim_matches(['\'', '"']), behind)
        } else {
            return exec_err!("Invalid JSON path: '{path}'");
        };
        if element.is_empty() || element == "*" {
            return exec_err!("Invalid JSON path: '{path}'");
        }
        let found = match &mut json {
            Json::Object(fields) => fields.get_mut(element),
            Json::Array(items) => element.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
            _ => None,
        };
        let Some(found) = found else { return Ok(None) };
        json = found.take();
        rest = behind;
    }
    Ok(Some(json))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn trino_paths() {
        let text = r#"{"a": {"b": [1, {"c d": "x"}]}, "n": null}"#;
        assert_eq!(path(text, "$.a.b[1]['c d']").unwrap(), Some(Json::from("x")));
        assert_eq!(path(text, "$.a.z").unwrap(), None);
        assert!(path(text, "a.b").is_err());
    }

    #[test]
    fn redshift_gives_the_empty_text_for_what_is_not_there() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![r#"{"a":{"b":2}}"#, "nonsense"]));
        let keys: ArrayRef = Arc::new(StringArray::from(vec!["a", "a"]));
        let lenient: ArrayRef = Arc::new(BooleanArray::from(vec![true, true]));
        let found = path_text(&[Arc::clone(&texts), keys.clone(), lenient]).unwrap();
        assert_eq!(as_string_array(&found).unwrap().value(0), r#"{"b":2}"#);
        assert_eq!(as_string_array(&found).unwrap().value(1), "");
        let strict: ArrayRef = Arc::new(BooleanArray::from(vec![false, false]));
        assert!(path_text(&[texts, keys, strict]).is_err());
    }
}

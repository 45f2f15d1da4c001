//! A cell as text and as JSON.

use std::borrow::Cow;

use crate::ops::query::{Cell, QueryColumn};

/// The cell as the service would print it; `None` for NULL.
pub fn text(cell: &Cell) -> Option<Cow<'_, str>> {
    match cell {
        Cell::Null => None,
        Cell::Integer(number) => Some(number.to_string().into()),
        Cell::Float(number) => Some(number.to_string().into()),
        Cell::Boolean(truth) => Some(truth.to_string().into()),
        Cell::Text(text) => Some(text.as_str().into()),
    }
}

/// The cell as JSON. A decimal is sent as text and stays exact: its digits are written as they are.
pub fn json(cell: &Cell, column: &QueryColumn, out: &mut String) {
    match cell {
        Cell::Null => out.push_str("null"),
        Cell::Integer(number) => out.push_str(&number.to_string()),
        Cell::Float(number) if number.is_finite() => out.push_str(&serde_json::Value::from(*number).to_string()),
        // JSON has no word for these.
        Cell::Float(number) => push_string(&number.to_string(), out),
        Cell::Boolean(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Cell::Text(text) if column.numeric && is_json_number(text) => out.push_str(text),
        Cell::Text(text) if column.type_name.eq_ignore_ascii_case("boolean") && (text == "true" || text == "false") => out.push_str(text),
        Cell::Text(text) => push_string(text, out),
    }
}

/// A JSON string.
pub fn push_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// Whether `text` is a number by the grammar of JSON.
pub(super) fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = digits.split_at(digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()));
    let whole_good = !whole.is_empty() && (whole == "0" || !whole.starts_with('0'));
    let rest_good = match rest.strip_prefix('.') {
        Some(decimals) => !decimals.is_empty() && decimals.bytes().all(|byte| byte.is_ascii_digit()),
        None => rest.is_empty(),
    };
    whole_good && rest_good
}

/// Labels for objects: a label that occurs again gets a number, so that no value is lost.
pub fn keys(columns: &[QueryColumn]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::with_capacity(columns.len());
    for column in columns {
        let mut key = column.name.clone();
        let mut number = 2;
        while keys.contains(&key) {
            key = format!("{}_{number}", column.name);
            number += 1;
        }
        keys.push(key);
    }
    keys
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn column(name: &str, type_name: &str, numeric: bool) -> QueryColumn {
        QueryColumn { name: name.into(), type_name: type_name.into(), numeric }
    }

    #[test]
    fn decimals_stay_exact_in_json() {
        let write = |cell: Cell, numeric| {
            let mut out = String::new();
            json(&cell, &column("a", "numeric", numeric), &mut out);
            out
        };
        assert_eq!(write(Cell::Text("3854194.4640".into()), true), "3854194.4640");
        assert_eq!(write(Cell::Text("007".into()), true), "\"007\"");
        assert_eq!(write(Cell::Text("12".into()), false), "\"12\"");
        assert_eq!(write(Cell::Text("-0.5".into()), true), "-0.5");
        assert_eq!(write(Cell::Text("1.".into()), true), "\"1.\"");
        assert_eq!(write(Cell::Float(f64::NAN), true), "\"NaN\"");
        assert_eq!(write(Cell::Text("a\"b\n".into()), false), "\"a\\\"b\\n\"");
    }

    #[test]
    fn labels_that_occur_twice_are_told_apart() {
        let columns = [column("a", "int4", true), column("a", "int4", true), column("a_2", "int4", true)];
        assert_eq!(keys(&columns), ["a", "a_2", "a_2_2"]);
    }
}

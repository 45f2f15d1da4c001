//! A cell as text and as JSON.

use std::io::Write as _;

use crate::ops::query::{CellRef, FloatText, QueryColumn};

/// Adds the cell as the service would print it; nothing for NULL.
pub fn push(cell: CellRef<'_>, out: &mut Vec<u8>) {
    match cell {
        CellRef::Null => {}
        CellRef::Integer(number) => push_integer(number, out),
        // Writing into memory does not fail.
        CellRef::Float(number) => drop(write!(out, "{}", FloatText(number))),
        CellRef::Boolean(truth) => out.extend(if truth { b"true".as_slice() } else { b"false" }),
        CellRef::Text(text) => out.extend(text.as_bytes()),
    }
}

/// Adds a whole number.
fn push_integer(number: i64, out: &mut Vec<u8>) {
    // Nineteen digits at most.
    let (mut digits, mut at, mut rest) = ([0_u8; 20], 20, number.unsigned_abs());
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend(&digits[at..]);
}

/// Adds the cell as JSON. A decimal is sent as text and stays exact: its digits are written as they are.
pub fn json(cell: CellRef<'_>, column: &QueryColumn, out: &mut Vec<u8>) {
    match cell {
        CellRef::Null => out.extend(b"null"),
        CellRef::Float(number) if number.is_finite() => out.extend(serde_json::Value::from(number).to_string().as_bytes()),
        // JSON has no word for these.
        CellRef::Float(number) => push_string(&FloatText(number).to_string(), out),
        CellRef::Text(text) if column.numeric && is_json_number(text) => out.extend(text.as_bytes()),
        CellRef::Text(text) if (text == "true" || text == "false") && column.type_name.eq_ignore_ascii_case("boolean") => {
            out.extend(text.as_bytes());
        }
        CellRef::Text(text) => push_string(text, out),
        CellRef::Integer(_) | CellRef::Boolean(_) => push(cell, out),
    }
}

/// Adds a JSON string.
pub fn push_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' | b'\\' => &[b'\\', byte][..],
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 => b"",
            _ => continue,
        };
        out.extend(&text.as_bytes()[copied..at]);
        match escape {
            b"" => drop(write!(out, "\\u{byte:04x}")),
            escape => out.extend(escape),
        }
        copied = at + 1;
    }
    out.extend(&text.as_bytes()[copied..]);
    out.push(b'"');
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
    use proptest::prelude::*;

    use super::*;
    use crate::ops::query::Cell;

    proptest! {
        #[test]
        fn any_text_is_a_json_string(text in ".{0,40}", control in "[\\x00-\\x20\"\\\\]{0,9}") {
            let text = format!("{text}{control}");
            let mut out = Vec::new();
            push_string(&text, &mut out);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn whole_numbers_are_written_as_they_are(number: i64, small in -1000_i64..1000) {
            for number in [number, small, i64::MIN, i64::MAX] {
                let mut out = Vec::new();
                push(CellRef::Integer(number), &mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
            }
        }
    }

    fn column(name: &str, type_name: &str, numeric: bool) -> QueryColumn {
        QueryColumn { name: name.into(), type_name: type_name.into(), numeric }
    }

    #[test]
    fn decimals_stay_exact_in_json() {
        let write = |cell: Cell, numeric| {
            let mut out = Vec::new();
            json((&cell).into(), &column("a", "numeric", numeric), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(write(Cell::Text("3854194.4640".into()), true), "3854194.4640");
        assert_eq!(write(Cell::Text("007".into()), true), "\"007\"");
        assert_eq!(write(Cell::Text("12".into()), false), "\"12\"");
        assert_eq!(write(Cell::Text("-0.5".into()), true), "-0.5");
        assert_eq!(write(Cell::Text("1.".into()), true), "\"1.\"");
        assert_eq!(write(Cell::Float(f64::NAN), true), "\"NaN\"");
        assert_eq!(write(Cell::Float(f64::NEG_INFINITY), true), "\"-Infinity\"");
        assert_eq!(write(Cell::Text("a\"b\n".into()), false), "\"a\\\"b\\n\"");
    }

    #[test]
    fn labels_that_occur_twice_are_told_apart() {
        let columns = [column("a", "int4", true), column("a", "int4", true), column("a_2", "int4", true)];
        assert_eq!(keys(&columns), ["a", "a_2", "a_2_2"]);
    }
}

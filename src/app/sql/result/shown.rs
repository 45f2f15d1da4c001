//! How a cell is written on the screen.

use std::borrow::Cow;

use crate::demo::figures;
use crate::ops::query::{Cell, QueryColumn};

/// How a cell is written; `None` for NULL. `separators` puts commas between thousands.
pub fn cell_text<'a>(cell: &'a Cell, column: Option<&QueryColumn>, separators: bool) -> Option<Cow<'a, str>> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Integer(number) if separators => figures::integer(*number).into(),
        Cell::Integer(number) => number.to_string().into(),
        Cell::Float(number) if separators => figures::float(*number).into(),
        Cell::Float(number) => number.to_string().into(),
        Cell::Boolean(truth) => if *truth { "true" } else { "false" }.into(),
        Cell::Text(text) if separators && column.is_some_and(|column| column.numeric) => separated(text),
        Cell::Text(text) => text.as_str().into(),
    })
}

/// A decimal with commas between thousands; anything else as it is.
pub fn separated(text: &str) -> Cow<'_, str> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    if whole.len() < 4 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + whole.len() / 3);
    out.push_str(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(rest);
    out.into()
}

/// The lines of a cell for reading in full: JSON is set out, everything else broken where it breaks itself. `limit` bytes at most.
pub fn lines(cell: &Cell, limit: usize) -> (Vec<String>, bool) {
    let text = match cell {
        Cell::Null => return (vec!["NULL".to_owned()], false),
        cell => cell.text(),
    };
    let looks = text.trim_start().starts_with(['{', '[']);
    let text = match looks.then(|| serde_json::from_str::<serde_json::Value>(&text)) {
        Some(Ok(document)) => serde_json::to_string_pretty(&document).unwrap_or(text),
        _ => text,
    };
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    (text[..end].split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect(), end < text.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn numbers_have_separators_where_they_are_wanted() {
        let number = QueryColumn { name: "n".into(), type_name: "numeric".into(), numeric: true };
        let text = |cell: Cell, column: Option<&QueryColumn>, on| cell_text(&cell, column, on).map(Cow::into_owned);
        assert_eq!(text(Cell::Text("-3854194.4640".into()), Some(&number), true).unwrap(), "-3,854,194.4640");
        assert_eq!(text(Cell::Text("3854194".into()), None, true).unwrap(), "3854194");
        assert_eq!(text(Cell::Integer(41_188), None, false).unwrap(), "41188");
        assert_eq!(text(Cell::Text("1e10".into()), Some(&number), true).unwrap(), "1e10");
        assert_eq!(text(Cell::Null, None, true), None);
    }

    #[test]
    fn json_is_set_out_and_other_text_is_left_alone() {
        let of = |text: &str, limit| lines(&Cell::Text(text.into()), limit);
        assert_eq!(of(r#"{"a":[1,{"b":null}]}"#, 1000).0.len(), 8);
        assert_eq!(of("{not json", 1000), (vec!["{not json".to_owned()], false));
        assert_eq!(of("a\r\nb", 1000).0, ["a", "b"]);
        assert_eq!(of("ééé", 3), (vec!["é".to_owned()], true));
    }
}

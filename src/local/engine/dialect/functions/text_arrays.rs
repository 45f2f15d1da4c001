//! Arrays as PostgreSQL's catalog has them, in the text that it writes them as: `{1,"a b",NULL}`, and `1 2` for a vector.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::ScalarUDF;

use super::cells::{Value, texts};
use super::kernel::Kernel;

/// The items of an array; NULL is `None`.
pub fn items(text: &str) -> Vec<Option<String>> {
    let Some(inside) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
        return text.split_whitespace().map(|item| Some(item.to_owned())).collect();
    };
    if inside.is_empty() {
        return Vec::new();
    }
    let (mut items, mut item, mut quoted, mut in_quotes) = (Vec::new(), String::new(), false, false);
    let mut characters = inside.chars();
    let mut finish = |item: &mut String, quoted: &mut bool| {
        let text = std::mem::take(item);
        items.push(if !*quoted && text.eq_ignore_ascii_case("null") { None } else { Some(text) });
        *quoted = false;
    };
    while let Some(character) = characters.next() {
        match character {
            '\\' => item.extend(characters.next()),
            '"' => (quoted, in_quotes) = (true, !in_quotes),
            ',' if !in_quotes => finish(&mut item, &mut quoted),
            other => item.push(other),
        }
    }
    finish(&mut item, &mut quoted);
    items
}

/// An item as it is written in an array.
fn item(text: &str) -> String {
    let plain = !text.is_empty()
        && !text.eq_ignore_ascii_case("null")
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | ',' | '"' | '\\'));
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) }
}

/// An array of items.
pub(super) fn written<'a>(items: impl Iterator<Item = Option<&'a str>>) -> String {
    let items: Vec<String> = items.map(|text| text.map_or_else(|| "NULL".to_owned(), item)).collect();
    format!("{{{}}}", items.join(","))
}

/// The position of an array's first item: vectors count from 0.
fn lowest(text: &str) -> i64 {
    i64::from(text.starts_with('{'))
}

fn at(text: &str, position: i64) -> Option<String> {
    let index = usize::try_from(position.checked_sub(lowest(text))?).ok()?;
    items(text).get(index).cloned().flatten()
}

/// The items with a separator between them, without those that are NULL.
fn joined(text: &str, separator: &str) -> String {
    items(text).into_iter().flatten().collect::<Vec<_>>().join(separator)
}

fn length(text: &str) -> i64 {
    i64::try_from(items(text).len()).unwrap_or(i64::MAX)
}

/// Each item as a pair of itself and its position from 1, as a row is written: `(item,position)`.
fn pairs(text: &str) -> Vec<Option<String>> {
    let pair = |(index, item): (usize, Option<String>)| Some(format!("({},{})", item.unwrap_or_default(), index + 1));
    items(text).into_iter().enumerate().map(pair).collect()
}

/// A number of a row that is written as `(1,2)`.
fn field(row: &str, position: i64) -> Option<i64> {
    let inside = row.strip_prefix('(')?.strip_suffix(')')?;
    inside.split(',').nth(usize::try_from(position.checked_sub(1)?).ok()?)?.parse().ok()
}

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let (text, number) = (DataType::Utf8, DataType::Int64);
    let two = [DataType::Utf8, DataType::Utf8];
    let three = [DataType::Utf8, DataType::Utf8, DataType::Utf8];
    let subscript = [DataType::Utf8, DataType::Int64];
    let whole = |number: Option<i64>| -> Result<Value> { Ok(number.map_or(Value::Null, Value::Int)) };
    vec![
        // Of what is between the braces already.
        Kernel::array_cells("pg_array", &[DataType::Utf8], "_text", |args| Ok(Value::text(format!("{{{}}}", args[0].text())))),
        Kernel::cells("pg_array_item", &[DataType::Utf8], 1, text.clone(), |args| Ok(Value::text(item(args[0].text())))),
        Kernel::array_cells("pg_array_each", &three, "_text", |args| {
            let (before, after) = (args[1].text(), args[2].text());
            let items: Vec<Option<String>> =
                items(args[0].text()).into_iter().map(|item| item.map(|item| format!("{before}{item}{after}"))).collect();
            Ok(Value::text(written(items.iter().map(Option::as_deref))))
        }),
        Kernel::array_cells("pg_array_both", &two, "_text", |args| {
            let all: Vec<Option<String>> = items(args[0].text()).into_iter().chain(items(args[1].text())).collect();
            Ok(Value::text(written(all.iter().map(Option::as_deref))))
        }),
        Kernel::cells("pg_array_at", &subscript, 2, text.clone(), |args| Ok(Value::maybe(at(args[0].text(), args[1].int())))),
        Kernel::cells("pg_array_number_at", &subscript, 2, number.clone(), move |args| {
            whole(at(args[0].text(), args[1].int()).and_then(|item| item.parse().ok()))
        }),
        Kernel::cells("pg_array_has", &two, 2, DataType::Boolean, |args| {
            Ok(Value::Bool(items(args[0].text()).iter().any(|item| item.as_deref() == Some(args[1].text()))))
        }),
        Kernel::cells("pg_array_joined", &two, 2, text.clone(), |args| Ok(Value::text(joined(args[0].text(), args[1].text())))),
        Kernel::cells("pg_array_first", &subscript, 2, number.clone(), move |args| {
            let (array, dimension) = (args[0].text(), args[1].int());
            whole((dimension == 1 && length(array) > 0).then(|| lowest(array)))
        }),
        Kernel::cells("pg_array_last", &subscript, 2, number.clone(), move |args| {
            let (array, dimension) = (args[0].text(), args[1].int());
            whole((dimension == 1 && length(array) > 0).then(|| length(array) + lowest(array) - 1))
        }),
        Kernel::cells("pg_array_pairs", &[DataType::Utf8], 1, texts(), |args| Ok(Value::Texts(pairs(args[0].text())))),
        Kernel::cells("pg_array_items", &[DataType::Utf8], 1, texts(), |args| Ok(Value::Texts(items(args[0].text())))),
        Kernel::cells("pg_pair_field", &subscript, 2, number, move |args| whole(field(args[0].text(), args[1].int()))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_as_they_are_written() {
        let wanted = [Some("a"), Some("b c"), None, Some(""), Some("q\"\\,{}"), Some("null")];
        let text = written(wanted.into_iter());
        assert_eq!(text, "{a,\"b c\",NULL,\"\",\"q\\\"\\\\,{}\",\"null\"}");
        assert_eq!(items(&text).iter().map(Option::as_deref).collect::<Vec<_>>(), wanted);
        assert_eq!((items("{}"), items("3 1")), (Vec::new(), vec![Some("3".to_owned()), Some("1".to_owned())]));
    }

    #[test]
    fn arrays_count_from_one_and_vectors_from_zero() {
        assert_eq!(
            (at("{7,8}", 1).as_deref(), at("7 8", 1).as_deref(), at("{7,8}", 0), at("{7,8}", 3)),
            (Some("7"), Some("8"), None, None)
        );
        assert_eq!(joined("{a,NULL,b}", ", "), "a, b");
        assert_eq!(pairs("5 2"), [Some("(5,1)".to_owned()), Some("(2,2)".to_owned())]);
        assert_eq!((field("(5,1)", 1), field("(5,1)", 2), field("(5,1)", 3), field("5", 1)), (Some(5), Some(1), None, None));
    }
}

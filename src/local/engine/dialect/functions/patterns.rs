//! Regular expressions and `SIMILAR TO`.

use std::cell::RefCell;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ScalarUDF;
use regex::Regex;

use super::Rewritten;
use super::cells::{Cell, Value, texts};
use super::kernel::Kernel;
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

/// Compiled patterns that a thread keeps.
const KEPT: usize = 8;

thread_local! {
    static COMPILED: RefCell<Vec<(String, Regex)>> = const { RefCell::new(Vec::new()) };
}

/// A compiled pattern; the last few are kept.
fn compiled(pattern: &str) -> Result<Regex> {
    COMPILED.with_borrow_mut(|kept| {
        if let Some((_, regex)) = kept.iter().find(|(text, _)| text == pattern) {
            return Ok(regex.clone());
        }
        let regex = match Regex::new(pattern) {
            Ok(regex) => regex,
            Err(regex::Error::Syntax(reason)) if reason.contains("look-around") => {
                return exec_err!("look-around in the regular expression {pattern} is not supported");
            }
            Err(error) => return exec_err!("invalid regular expression: {}", error.to_string().lines().last().unwrap_or_default()),
        };
        kept.truncate(KEPT - 1);
        kept.insert(0, (pattern.to_owned(), regex.clone()));
        Ok(regex)
    })
}

pub(super) fn rewrite(mut call: Call) -> std::result::Result<Rewritten, SqlError> {
    let redshift = call.dialect == Dialect::Redshift;
    let given = call.args.len();
    let expr = match call.name.as_str() {
        "regexp_extract" if !redshift && given == 2 => {
            let mut args = std::mem::take(&mut call.args);
            args.push(call::number(0));
            call.with("regexp_extract", args)
        }
        "regexp_replace" if !redshift && call.args.iter().any(|arg| matches!(arg, datafusion::sql::sqlparser::ast::Expr::Lambda(_))) => {
            return Err(call.unsupported("regexp_replace with a function"));
        }
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}

/// The text from a character position (counted from 1) on, and how many characters and bytes come before it.
fn from(subject: &str, position: i64) -> (&str, i64) {
    let skip = usize::try_from(position - 1).unwrap_or(0);
    let start = subject.char_indices().nth(skip).map_or(subject.len(), |(offset, _)| offset);
    (&subject[start..], characters(&subject[..start]))
}

fn characters(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

fn whole(cells: &[Cell<'_>], index: usize, otherwise: i64) -> i64 {
    cells.get(index).map_or(otherwise, |cell| cell.int())
}

/// The pattern of a call with its parameters: `i` ignores case, `c` does not, `e` wants a group, `p` is Perl's kind.
fn parameterised(cells: &[Cell<'_>], index: usize) -> Result<(Regex, bool)> {
    let parameters = cells.get(index).map_or("", |cell| cell.text());
    if let Some(unknown) = parameters.chars().find(|letter| !"ciep".contains(*letter)) {
        return exec_err!("Invalid option \"{unknown}\" of a regular expression");
    }
    let pattern = cells[1].text();
    let regex = if parameters.contains('i') { compiled(&format!("(?i){pattern}"))? } else { compiled(pattern)? };
    Ok((regex, parameters.contains('e')))
}

/// `$1` and `\1` as the regex crate writes them.
fn replacement(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek().copied()) {
            ('$' | '\\', Some(digit)) if digit.is_ascii_digit() => {
                characters.next();
                out.push_str(&format!("${{{digit}}}"));
            }
            ('$', Some('{')) => out.push('$'),
            ('\\', Some('$' | '\\')) => {
                if let Some(escaped) = characters.next() {
                    out.push_str(if escaped == '$' { "$$" } else { "\\" });
                }
            }
            ('$', _) => out.push_str("$$"),
            (other, _) => out.push(other),
        }
    }
    out
}

pub(super) fn scalar(dialect: Dialect) -> Vec<Arc<ScalarUDF>> {
    match dialect {
        Dialect::Redshift => redshift(),
        Dialect::Athena => trino(),
    }
}

fn redshift() -> Vec<Arc<ScalarUDF>> {
    let (text, number) = (DataType::Utf8, DataType::Int64);
    let argument =
        |kinds: &[u8]| -> Vec<DataType> { kinds.iter().map(|kind| if *kind == b't' { text.clone() } else { number.clone() }).collect() };
    vec![
        Kernel::cells("regexp_count", &argument(b"ttnt"), 2, DataType::Int64, |cells| {
            let (regex, _) = parameterised(cells, 3)?;
            let (rest, _) = from(cells[0].text(), whole(cells, 2, 1));
            Ok(Value::Int(i64::try_from(regex.find_iter(rest).count()).unwrap_or(i64::MAX)))
        }),
        Kernel::cells("regexp_instr", &argument(b"ttnnnt"), 2, DataType::Int64, |cells| {
            let (regex, group) = parameterised(cells, 5)?;
            let (rest, before) = from(cells[0].text(), whole(cells, 2, 1));
            let nth = usize::try_from(whole(cells, 3, 1) - 1).unwrap_or(0);
            let found = regex.captures_iter(rest).nth(nth).and_then(|found| if group { found.get(1) } else { found.get(0) });
            Ok(Value::Int(found.map_or(0, |found| {
                let offset = if whole(cells, 4, 0) == 1 { found.end() } else { found.start() };
                before + characters(&rest[..offset]) + 1
            })))
        }),
        // Every match is replaced, and nothing is the default replacement.
        Kernel::cells("regexp_replace", &argument(b"tttnt"), 2, DataType::Utf8, |cells| {
            let (regex, _) = parameterised(cells, 4)?;
            let subject = cells[0].text();
            let (rest, _) = from(subject, whole(cells, 3, 1));
            let with = replacement(cells.get(2).map_or("", |cell| cell.text()));
            let replaced = regex.replace_all(rest, with.as_str());
            Ok(Value::Text(format!("{}{replaced}", &subject[..subject.len() - rest.len()])))
        }),
        // The nth match from a position on, '' when there is none.
        Kernel::cells("regexp_substr", &argument(b"ttnnt"), 2, DataType::Utf8, |cells| {
            let (regex, group) = parameterised(cells, 4)?;
            let (rest, _) = from(cells[0].text(), whole(cells, 2, 1));
            let nth = usize::try_from(whole(cells, 3, 1) - 1).unwrap_or(0);
            let found = regex.captures_iter(rest).nth(nth).and_then(|found| if group { found.get(1) } else { found.get(0) });
            Ok(Value::text(found.map_or("", |found| found.as_str())))
        }),
    ]
}

fn group(found: &regex::Captures<'_>, cells: &[Cell<'_>], index: usize) -> Result<Option<String>> {
    let group = whole(cells, index, 0);
    match usize::try_from(group).ok().filter(|group| *group < found.len()) {
        Some(group) => Ok(found.get(group).map(|found| found.as_str().to_owned())),
        None => exec_err!("INVALID_FUNCTION_ARGUMENT: Pattern has {} groups. Cannot access group {group}", found.len() - 1),
    }
}

fn trino() -> Vec<Arc<ScalarUDF>> {
    let (text, number) = (DataType::Utf8, DataType::Int64);
    let two = [text.clone(), text.clone()];
    let numbered = [text.clone(), text.clone(), number.clone()];
    vec![
        // A group of the first match, NULL when there is none.
        Kernel::cells("regexp_extract", &numbered, 2, DataType::Utf8, |cells| match compiled(cells[1].text())?.captures(cells[0].text()) {
            Some(found) => Ok(Value::maybe(group(&found, cells, 2)?)),
            None => Ok(Value::Null),
        }),
        Kernel::cells("regexp_extract_all", &numbered, 2, texts(), |cells| {
            let regex = compiled(cells[1].text())?;
            let found = regex.captures_iter(cells[0].text()).map(|found| group(&found, cells, 2));
            Ok(Value::Texts(found.collect::<Result<_>>()?))
        }),
        Kernel::cells("regexp_replace", &[text.clone(), text.clone(), text.clone()], 2, DataType::Utf8, |cells| {
            let with = replacement(cells.get(2).map_or("", |cell| cell.text()));
            Ok(Value::text(compiled(cells[1].text())?.replace_all(cells[0].text(), with.as_str())))
        }),
        Kernel::cells("regexp_split", &two, 2, texts(), |cells| {
            let regex = compiled(cells[1].text())?;
            Ok(Value::Texts(regex.split(cells[0].text()).map(|part| Some(part.to_owned())).collect()))
        }),
        Kernel::cells("regexp_count", &two, 2, DataType::Int64, |cells| {
            let count = compiled(cells[1].text())?.find_iter(cells[0].text()).count();
            Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
        }),
        Kernel::cells("regexp_like", &two, 2, DataType::Boolean, |cells| {
            Ok(Value::Bool(compiled(cells[1].text())?.is_match(cells[0].text())))
        }),
        Kernel::cells("regexp_position", &[text.clone(), text, number.clone(), number], 2, DataType::Int64, |cells| {
            let regex = compiled(cells[1].text())?;
            let (rest, before) = from(cells[0].text(), whole(cells, 2, 1));
            let nth = usize::try_from(whole(cells, 3, 1) - 1).unwrap_or(0);
            let found = regex.find_iter(rest).nth(nth);
            Ok(Value::Int(found.map_or(-1, |found| before + characters(&rest[..found.start()]) + 1)))
        }),
    ]
}

/// The regular expression of a `SIMILAR TO` pattern: `%` and `_` are wild cards, `|*+?{}()[]` keep their meaning, everything else is text,
/// and the whole subject has to match.
pub(in crate::engine::dialect) fn similar_to_regex(pattern: &str, escape: Option<char>) -> String {
    let mut regex = String::from("(?s)^(?:");
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if Some(character) == escape {
            if let Some(next) = characters.next() {
                regex.push_str(&regex::escape(&next.to_string()));
            }
            continue;
        }
        match character {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            '|' | '*' | '+' | '?' | '{' | '}' | '(' | ')' | '[' | ']' | '^' | '-' => regex.push(character),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex.push_str(")$");
    regex
}

/// A LIKE pattern with its own escape character, as one with a backslash, which is what DataFusion knows.
pub(in crate::engine::dialect) fn like_with_backslash(pattern: &str, escape: char) -> String {
    let mut out = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character == escape {
            if let Some(next) = characters.next() {
                out.push('\\');
                out.push(next);
            }
        } else if character == '\\' {
            out.push_str("\\\\");
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn similar_to_matches_the_whole_text() {
        let regex = Regex::new(&similar_to_regex("(ad%|man_gement).\\_x", Some('\\'))).unwrap();
        assert!(regex.is_match("admin._x") && regex.is_match("management._x"));
        assert!(!regex.is_match("admin.yx") && !regex.is_match("xadmin._x"));
    }

    #[test]
    fn replacements_refer_to_groups() {
        assert_eq!(replacement("[$1]-\\2-$$x"), "[${1}]-${2}-$$$$x");
        assert_eq!(like_with_backslash("a^_b\\%", '^'), "a\\_b\\\\%");
    }
}

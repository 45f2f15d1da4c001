//! Regular expressions and `SIMILAR TO`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::cast::{as_int64_array, as_string_array};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::ScalarUDF;
use regex::Regex;

use super::Rewritten;
use super::kernel::{Kernel, at, returns_text};
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

pub(super) fn rewrite(mut call: Call) -> Result<Rewritten, SqlError> {
    let redshift = call.dialect == Dialect::Redshift;
    let given = call.args.len();
    let expr = match call.name.as_str() {
        // Both services replace every match, and nothing is the default replacement.
        "regexp_replace" if (2..=3).contains(&given) => {
            let mut args = std::mem::take(&mut call.args);
            if given == 2 {
                args.push(call::text(""));
            }
            args.push(call::text("g"));
            call.with("regexp_replace", args)
        }
        "regexp_substr" if redshift && (2..=5).contains(&given) => {
            if given == 5 {
                return Err(call.unsupported("regexp_substr with parameters"));
            }
            let mut args = std::mem::take(&mut call.args);
            while args.len() < 4 {
                args.push(call::number(1));
            }
            call.with("regexp_nth", args)
        }
        "regexp_extract" if !redshift && (2..=3).contains(&given) => {
            let mut args = std::mem::take(&mut call.args);
            if given == 2 {
                args.push(call::number(0));
            }
            call.with("regexp_group", args)
        }
        _ => return Ok(Rewritten::Other(call)),
    };
    Ok(Rewritten::Done(expr))
}

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let (text, number) = (DataType::Utf8, DataType::Int64);
    vec![
        // The nth match from a position on, '' when there is none.
        Kernel::exact("regexp_nth", &[text.clone(), text.clone(), number.clone(), number.clone()], returns_text, |args| {
            let (positions, occurrences) = (as_int64_array(&args[2])?, as_int64_array(&args[3])?);
            each_match(args, |row, subject, regex| {
                let skip = usize::try_from(positions.value(row) - 1).unwrap_or(0);
                let nth = usize::try_from(occurrences.value(row) - 1).unwrap_or(0);
                let start = subject.char_indices().nth(skip).map_or(subject.len(), |(offset, _)| offset);
                Some(regex.find_iter(&subject[start..]).nth(nth).map_or("", |found| found.as_str()).to_owned())
            })
        }),
        // A group of the first match, NULL when there is none.
        Kernel::exact("regexp_group", &[text.clone(), text, number], returns_text, |args| {
            let groups = as_int64_array(&args[2])?;
            each_match(args, |row, subject, regex| {
                let group = usize::try_from(groups.value(row)).ok()?;
                regex.captures(subject)?.get(group).map(|found| found.as_str().to_owned())
            })
        }),
    ]
}

/// Applies `f` to each subject (argument 0) with its compiled pattern (argument 1); a pattern is compiled once while it stays the same.
fn each_match(
    args: &[datafusion::arrow::array::ArrayRef],
    f: impl Fn(usize, &str, &Regex) -> Option<String>,
) -> Result<datafusion::arrow::array::ArrayRef> {
    let (subjects, patterns) = (as_string_array(&args[0])?, as_string_array(&args[1])?);
    let mut compiled: Option<(&str, Regex)> = None;
    let mut out = Vec::with_capacity(subjects.len());
    for row in 0..subjects.len() {
        if args.iter().any(|arg| arg.is_null(row)) {
            out.push(None);
            continue;
        }
        let pattern = patterns.value(row);
        let regex = match compiled.take().filter(|(text, _)| *text == pattern) {
            Some((_, regex)) => regex,
            None => match Regex::new(pattern) {
                Ok(regex) => regex,
                Err(error) => return exec_err!("invalid regular expression: {error}"),
            },
        };
        out.push(at(subjects, row).and_then(|subject| f(row, subject, &regex)));
        compiled = Some((pattern, regex));
    }
    Ok(Arc::new(StringArray::from(out)))
}

/// The regular expression of a `SIMILAR TO` pattern: `%` and `_` are wild cards, `|*+?{}()[]` keep their meaning, everything else is text,
/// and the whole subject has to match.
pub(in crate::local::engine::dialect) fn similar_to_regex(pattern: &str, escape: Option<char>) -> String {
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
}

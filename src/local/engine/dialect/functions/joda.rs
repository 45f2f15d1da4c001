//! Dates and times as Joda's patterns write them, which Trino's `format_datetime` and `parse_datetime` take.

use std::fmt::Write as _;

use chrono::NaiveDateTime;
use datafusion::common::{Result, exec_err};

/// The pattern as chrono writes it.
fn translated(pattern: &str) -> Result<String> {
    let mut out = String::new();
    let mut characters = pattern.chars().peekable();
    while let Some(letter) = characters.next() {
        if letter == '\'' {
            if characters.peek() == Some(&'\'') {
                characters.next();
                out.push('\'');
                continue;
            }
            for quoted in characters.by_ref() {
                if quoted == '\'' {
                    break;
                }
                out.push_str(if quoted == '%' { "%%" } else { "" });
                if quoted != '%' {
                    out.push(quoted);
                }
            }
            continue;
        }
        if !letter.is_ascii_alphabetic() {
            out.push_str(if letter == '%' { "%%" } else { "" });
            if letter != '%' {
                out.push(letter);
            }
            continue;
        }
        let mut count = 1;
        while characters.peek() == Some(&letter) {
            characters.next();
            count += 1;
        }
        out.push_str(match (letter, count) {
            ('y' | 'Y', 2) => "%y",
            ('y' | 'Y', _) => "%Y",
            ('x', _) => "%G",
            ('w', 1) => "%-V",
            ('w', _) => "%V",
            ('M', 1) => "%-m",
            ('M', 2) => "%m",
            ('M', 3) => "%b",
            ('M', _) => "%B",
            ('d', 1) => "%-d",
            ('d', _) => "%d",
            ('D', 1) => "%-j",
            ('D', _) => "%j",
            ('e', _) => "%u",
            ('E', 1..=3) => "%a",
            ('E', _) => "%A",
            ('H', 1) => "%-H",
            ('H', _) => "%H",
            ('h', 1) => "%-I",
            ('h', _) => "%I",
            ('m', 1) => "%-M",
            ('m', _) => "%M",
            ('s', 1) => "%-S",
            ('s', _) => "%S",
            ('S', 1..=3) => "%3f",
            ('S', _) => "%6f",
            ('a', _) => "%p",
            ('Z', 1) => "+0000",
            ('Z', 2) => "+00:00",
            ('Z' | 'z', _) => "UTC",
            (other, _) => return exec_err!("INVALID_FUNCTION_ARGUMENT: Illegal pattern component: {other}"),
        });
    }
    Ok(out)
}

/// A time by a pattern.
pub(super) fn format(time: NaiveDateTime, pattern: &str) -> Result<String> {
    let mut out = String::new();
    match write!(out, "{}", time.format(&translated(pattern)?)) {
        Ok(()) => Ok(out),
        Err(_) => exec_err!("INVALID_FUNCTION_ARGUMENT: Illegal pattern: {pattern}"),
    }
}

/// The time that a text says by a pattern; what the pattern leaves out is the first of its kind.
pub(super) fn parse(text: &str, pattern: &str) -> Result<Option<NaiveDateTime>> {
    let (mut text, mut pattern) = (text.to_owned(), translated(pattern)?);
    // What is missing is added to both.
    let has = |pattern: &str, any: &[&str]| any.iter().any(|part| pattern.contains(part));
    for (parts, value, part) in [
        (&["%Y", "%y", "%G"][..], " 1970", " %Y"),
        (&["%m", "%-m", "%b", "%B", "%j", "%-j"][..], " 01", " %m"),
        (&["%d", "%-d", "%j", "%-j"][..], " 01", " %d"),
        (&["%H", "%-H", "%I", "%-I"][..], " 00", " %H"),
        (&["%M", "%-M"][..], " 00", " %M"),
        (&["%S", "%-S"][..], " 00", " %S"),
    ] {
        if !has(&pattern, parts) {
            text.push_str(value);
            pattern.push_str(part);
        }
    }
    Ok(NaiveDateTime::parse_from_str(&text, &pattern).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn patterns_write_and_read() {
        let time = parse("2024-05-06 15:04", "yyyy-MM-dd HH:mm").unwrap().unwrap();
        assert_eq!(format(time, "yyyy/M/d 'at' HH:mm:ss EEE").unwrap(), "2024/5/6 at 15:04:00 Mon");
        assert!(parse("nothing", "yyyy").unwrap().is_none());
    }
}

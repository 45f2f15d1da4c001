//! Trino's `format`: the patterns of Java's formatter that SQL values have a use for.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::kernel::Kernel;
use super::texts::to_text;
use crate::local::engine::Dialect;

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    vec![Kernel::general(
        "format",
        |types| match types {
            [first, _, ..] if first.is_string() => Ok(DataType::Utf8),
            _ => plan_err!("function format takes a text and at least one value"),
        },
        |args, _, _| rows(args),
    )]
}

/// The values of one argument: as text, and as the number that they are.
struct Values {
    texts: ArrayRef,
    whole: Option<ArrayRef>,
    number: Option<ArrayRef>,
}

impl Values {
    fn new(values: &ArrayRef) -> Result<Self> {
        let kind = values.data_type();
        let whole = kind.is_integer().then(|| cast(values, &DataType::Int64)).transpose()?;
        let number = kind.is_numeric().then(|| cast(values, &DataType::Float64)).transpose()?;
        Ok(Values { texts: to_text(values, Dialect::Athena, false)?, whole, number })
    }
}

fn rows(args: &[ArrayRef]) -> Result<ArrayRef> {
    let Some((formats, values)) = args.split_first() else { return plan_err!("function format takes a text") };
    let values = values.iter().map(Values::new).collect::<Result<Vec<_>>>()?;
    let formats = formats.as_string::<i32>();
    let mut out = Vec::with_capacity(formats.len());
    for row in 0..formats.len() {
        out.push(if formats.is_null(row) { None } else { Some(formatted(formats.value(row), &values, row)?) });
    }
    Ok(Arc::new(StringArray::from(out)))
}

/// What stands between `%` and the letter.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pattern {
    argument: Option<usize>,
    left: bool,
    zeros: bool,
    grouped: bool,
    sign: bool,
    width: usize,
    precision: Option<usize>,
    letter: char,
}

/// Reads a pattern from behind its `%`; gives the rest of the text.
fn pattern(text: &str) -> Result<(Pattern, &str)> {
    let mut pattern = Pattern::default();
    let mut rest = text;
    if let Some((number, behind)) = text.split_once('$')
        && let Ok(position) = number.parse::<usize>()
    {
        pattern.argument = Some(position);
        rest = behind;
    }
    while let Some(flag) = rest.chars().next().filter(|c| "-0,+".contains(*c)) {
        match flag {
            '-' => pattern.left = true,
            '0' => pattern.zeros = true,
            ',' => pattern.grouped = true,
            _ => pattern.sign = true,
        }
        rest = &rest[1..];
    }
    let number = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let end = number(rest);
    pattern.width = rest[..end].parse().unwrap_or(0);
    rest = &rest[end..];
    if let Some(behind) = rest.strip_prefix('.') {
        let end = number(behind);
        pattern.precision = behind[..end].parse().ok();
        rest = &behind[end..];
    }
    let Some(letter) = rest.chars().next() else { return exec_err!("Invalid format string: %{text}") };
    pattern.letter = letter;
    Ok((pattern, &rest[letter.len_utf8()..]))
}

fn formatted(format: &str, values: &[Values], row: usize) -> Result<String> {
    let (mut out, mut rest, mut next) = (String::with_capacity(format.len()), format, 0);
    while let Some((before, behind)) = rest.split_once('%') {
        out.push_str(before);
        let (pattern, behind) = pattern(behind)?;
        rest = behind;
        match pattern.letter {
            '%' => out.push('%'),
            'n' => out.push('\n'),
            _ => {
                let position = pattern.argument.unwrap_or_else(|| {
                    next += 1;
                    next
                });
                let Some(values) = position.checked_sub(1).and_then(|position| values.get(position)) else {
                    return exec_err!("Invalid format string: {format}");
                };
                out.push_str(&padded(value(&pattern, values, row)?, &pattern));
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn value(pattern: &Pattern, values: &Values, row: usize) -> Result<String> {
    let texts = values.texts.as_string::<i32>();
    if texts.is_null(row) {
        return Ok("null".to_owned());
    }
    let number = || values.number.as_ref().map(|numbers| numbers.as_primitive::<Float64Type>().value(row));
    let whole = || values.whole.as_ref().map(|numbers| numbers.as_primitive::<Int64Type>().value(row));
    let mismatch = || exec_err!("Invalid format string: %{} does not take this value", pattern.letter);
    Ok(match pattern.letter {
        's' | 'b' => cut(texts.value(row), pattern),
        'S' | 'B' => cut(texts.value(row), pattern).to_uppercase(),
        'd' => match whole() {
            Some(number) => signed(number < 0, number.unsigned_abs().to_string(), pattern),
            None => return mismatch(),
        },
        'x' | 'X' | 'o' => match (whole(), pattern.letter) {
            (Some(number), 'x') => format!("{number:x}"),
            (Some(number), 'X') => format!("{number:X}"),
            (Some(number), _) => format!("{number:o}"),
            (None, _) => return mismatch(),
        },
        'f' => match (whole(), number()) {
            (None, Some(number)) => {
                signed(number.is_sign_negative(), format!("{:.*}", pattern.precision.unwrap_or(6), number.abs()), pattern)
            }
            _ => return mismatch(),
        },
        'e' | 'E' => match (whole(), number()) {
            (None, Some(number)) => {
                let text = scientific(number, pattern.precision.unwrap_or(6));
                if pattern.letter == 'E' { text.to_uppercase() } else { text }
            }
            _ => return mismatch(),
        },
        other => return exec_err!("the format %{other} is not supported"),
    })
}

fn cut(text: &str, pattern: &Pattern) -> String {
    text.chars().take(pattern.precision.unwrap_or(usize::MAX)).collect()
}

/// Digits with their sign, their groups and, where zeros fill the width, these.
fn signed(negative: bool, digits: String, pattern: &Pattern) -> String {
    let sign = if negative {
        "-"
    } else if pattern.sign {
        "+"
    } else {
        ""
    };
    let (whole, fraction) =
        digits.split_once('.').map_or((digits.as_str(), String::new()), |(whole, fraction)| (whole, format!(".{fraction}")));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if pattern.grouped && index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let missing = if pattern.zeros { pattern.width.saturating_sub(sign.len() + grouped.len() + fraction.len()) } else { 0 };
    format!("{sign}{}{grouped}{fraction}", "0".repeat(missing))
}

/// Java writes the exponent with its sign and two digits.
fn scientific(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn padded(text: String, pattern: &Pattern) -> String {
    let missing = " ".repeat(pattern.width.saturating_sub(text.chars().count()));
    if pattern.left { text + &missing } else { missing + &text }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns_are_read() {
        let (read, rest) = pattern("2$-,8.3f rest").unwrap();
        let wanted =
            Pattern { argument: Some(2), left: true, grouped: true, width: 8, precision: Some(3), letter: 'f', ..Pattern::default() };
        assert_eq!((read, rest), (wanted, " rest"));
        assert!(pattern("08").is_err());
    }

    #[test]
    fn numbers_have_groups_zeros_and_exponents() {
        let grouped = Pattern { grouped: true, ..Pattern::default() };
        assert_eq!(signed(true, "1234567.50".to_owned(), &grouped), "-1,234,567.50");
        let zeros = Pattern { zeros: true, width: 5, ..Pattern::default() };
        assert_eq!(signed(false, "42".to_owned(), &zeros), "00042");
        assert_eq!(scientific(12345.678, 2), "1.23e+04");
    }
}

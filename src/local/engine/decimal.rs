//! Texts as exact decimals, quickly: the economic columns of a CSV are most of what a load converts.

use datafusion::arrow::array::{Array, Decimal128Array, StringArray};
use datafusion::arrow::error::ArrowError;

/// The values of `texts` as decimals of `precision` digits, `scale` of them behind the point; what is no number, or does not fit, is NULL.
/// Digits behind the scale are rounded, half away from zero. `None` when a text is written in a way that only Arrow's own cast reads
/// (an exponent, blanks).
pub fn parse(texts: &StringArray, precision: u8, scale: i8) -> Result<Option<Decimal128Array>, ArrowError> {
    let (Ok(digits), Some(limit)) = (usize::try_from(scale), 10_i128.checked_pow(u32::from(precision))) else { return Ok(None) };
    let mut values: Vec<Option<i128>> = Vec::with_capacity(texts.len());
    for text in texts {
        values.push(match text.map(|text| number(text.as_bytes(), digits)) {
            None | Some(Written::Nothing) => None,
            Some(Written::Otherwise) => return Ok(None),
            Some(Written::Number(value)) => Some(value).filter(|value| value.abs() < limit),
        });
    }
    Decimal128Array::from(values).with_precision_and_scale(precision, scale).map(Some)
}

/// What a text says.
#[derive(Debug, PartialEq, Eq)]
enum Written {
    /// A number, in units of the scale.
    Number(i128),
    /// No number.
    Nothing,
    /// Something that is not read here.
    Otherwise,
}

fn number(text: &[u8], scale: usize) -> Written {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut value: i128 = 0;
    let (mut seen, mut behind, mut round_up) = (false, None::<usize>, false);
    for byte in digits {
        match (byte, behind) {
            (b'0'..=b'9', position) => {
                seen = true;
                match position {
                    // The first digit that the scale has no room for decides; the others say nothing.
                    Some(position) if position >= scale => round_up |= position == scale && *byte >= b'5',
                    _ => match value.checked_mul(10).and_then(|value| value.checked_add(i128::from(byte - b'0'))) {
                        Some(next) => value = next,
                        None => return Written::Nothing,
                    },
                }
                behind = position.map(|position| position + 1);
            }
            (b'.', None) => behind = Some(0),
            (b'e' | b'E' | b' ' | b'\t', _) => return Written::Otherwise,
            _ => return Written::Nothing,
        }
    }
    if !seen {
        return Written::Nothing;
    }
    for _ in behind.unwrap_or(0)..scale {
        match value.checked_mul(10) {
            Some(next) => value = next,
            None => return Written::Nothing,
        }
    }
    value += i128::from(round_up);
    Written::Number(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn numbers_are_exact_and_rounded_at_the_scale() {
        let cases = [("1.1", 1100), ("-36.4", -36_400), ("5191", 5_191_000), (".5", 500), ("7.", 7000), ("+0.0005", 1), ("-0.00049", 0)];
        for (text, value) in cases {
            assert_eq!(number(text.as_bytes(), 3), Written::Number(value), "{text}");
        }
        for text in ["", "-", ".", "x", "1.2.3", "1,5", "--1"] {
            assert_eq!(number(text.as_bytes(), 3), Written::Nothing, "{text}");
        }
        assert_eq!(number(b"1e3", 3), Written::Otherwise);
    }

    #[test]
    fn what_does_not_fit_is_null() {
        let texts = StringArray::from(vec![Some("999.999"), Some("1000"), Some("999.9995"), None, Some("no")]);
        let values = parse(&texts, 6, 3).unwrap().unwrap();
        assert_eq!(values.iter().collect::<Vec<_>>(), [Some(999_999), None, None, None, None]);
        assert!(parse(&StringArray::from(vec!["1e3"]), 6, 3).unwrap().is_none());
    }
}

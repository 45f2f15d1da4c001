//! Decimals as whole numbers of their last digit: read exactly, added up exactly, written short.

use std::fmt;

/// The exact sum of a column of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecimalSum {
    /// Column.
    pub column: String,
    /// The sum in units of the last decimal.
    pub units: i128,
    /// Decimals.
    pub scale: u32,
}

impl fmt::Display for DecimalSum {
    /// As SQL prints the sum of a `decimal(_, scale)`: always so many decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let magnitude = self.units.unsigned_abs();
        match self.scale as usize {
            0 => write!(f, "{sign}{magnitude}"),
            // A scale is at most 18, and 10^18 fits.
            width => {
                let one = 10_u128.pow(self.scale);
                write!(f, "{sign}{}.{:0width$}", magnitude / one, magnitude % one)
            }
        }
    }
}

/// An exact decimal text, as SQL prints a sum, in units of the last of `scale` decimals; more decimals than those have to be zeros. Empty
/// (NULL) is 0.
pub fn scaled(text: &str, scale: u32) -> Option<i128> {
    let text = text.trim();
    if text.is_empty() {
        return Some(0);
    }
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !fraction.bytes().chain(whole.bytes()).all(|byte| byte.is_ascii_digit()) || whole.is_empty() {
        return None;
    }
    let width = scale as usize;
    let (kept, beyond) = fraction.split_at(fraction.len().min(width));
    if beyond.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let mut value = whole.parse::<i128>().ok()?;
    for digit in kept.bytes().chain(std::iter::repeat(b'0')).take(width) {
        value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    Some(if negative { -value } else { value })
}

/// Appends a scaled number in its shortest form: `5191000` at scale 3 is `5191`, `-1800` is `-1.8`.
pub(super) fn push(number: i64, scale: u32, out: &mut Vec<u8>) {
    let mut magnitude = number.unsigned_abs();
    let mut decimals = scale;
    while decimals > 0 && magnitude.is_multiple_of(10) {
        magnitude /= 10;
        decimals -= 1;
    }
    let mut digits = [0_u8; 24];
    let mut at = digits.len();
    let mut written = 0;
    while magnitude > 0 || written <= decimals {
        if written == decimals && decimals > 0 {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        // A remainder of ten fits a byte.
        digits[at] = b'0' + (magnitude % 10) as u8;
        magnitude /= 10;
        written += 1;
    }
    if number < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    out.extend_from_slice(&digits[at..]);
}

/// Reads `-?digits[.digits]` as a whole number of `10^-scale`; `None` when it is not that, has more decimals, or is too long.
/// Decimals beyond the scale are accepted while they are zero, so that `5191.0` and `1.10000` are read.
pub(super) fn parse(given: &str, scale: u32) -> Option<i64> {
    let (negative, digits) = match given.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut number = 0_i64;
    let mut decimals: Option<u32> = None;
    let mut seen = 0;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                seen += 1;
                let digit = i64::from(byte - b'0');
                match &mut decimals {
                    Some(count) if *count == scale => {
                        if digit != 0 {
                            return None;
                        }
                    }
                    Some(count) => {
                        *count += 1;
                        number = number.checked_mul(10)?.checked_add(digit)?;
                    }
                    None => number = number.checked_mul(10)?.checked_add(digit)?,
                }
            }
            b'.' if decimals.is_none() && scale > 0 && seen > 0 => decimals = Some(0),
            _ => return None,
        }
    }
    if seen == 0 || digits.last() == Some(&b'.') {
        return None;
    }
    for _ in decimals.unwrap_or(0)..scale {
        number = number.checked_mul(10)?;
    }
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        assert_eq!(parse("-1.8", 3), Some(-1800));
        assert_eq!(parse("5191", 3), Some(5_191_000));
        assert_eq!(parse("5191.000000", 3), Some(5_191_000));
        for bad in ["", "-", ".", "1.", ".5", "1e3", "1.2345", "--1", "1-", "99999999999999999999", "NaN", "1,5"] {
            assert_eq!(parse(bad, 3), None, "{bad}");
        }
        assert_eq!(parse("1.0", 0), None);
    }

    #[test]
    fn numbers_are_written_short() {
        let written = |number, scale| {
            let mut out = Vec::new();
            push(number, scale, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(0, 3), "0");
        assert_eq!(written(-1800, 3), "-1.8");
        assert_eq!(written(34, 3), "0.034");
        assert_eq!(written(5_191_000, 3), "5191");
        assert_eq!(written(-7, 0), "-7");
        assert_eq!(written(100, 0), "100");
    }

    #[test]
    fn sums_are_read_and_printed_exactly() {
        assert_eq!(scaled("3402.1", 3), Some(3_402_100));
        assert_eq!(scaled("-1668.700", 3), Some(-1_668_700));
        assert_eq!(scaled("212746899.600000", 3), Some(212_746_899_600));
        assert_eq!(scaled("-0.5", 3), Some(-500));
        assert_eq!(scaled("7", 3), Some(7000));
        assert_eq!(scaled("7", 0), Some(7));
        assert_eq!(scaled("", 3), Some(0));
        assert_eq!(scaled("1.0005", 3), None);
        assert_eq!(scaled("2.1e8", 3), None);
        let printed = |units, scale| DecimalSum { column: "a".into(), units, scale }.to_string();
        assert_eq!([printed(-1_668_700, 3), printed(5, 2), printed(-7, 0)], ["-1668.700", "0.05", "-7"]);
    }
}

//! PostgreSQL's binary numbers: digits of base 10,000 with the weight of the first one.

/// A decimal as its digits without a point, and how many of them are behind it.
pub(super) fn encode(value: i128, scale: u8, out: &mut Vec<u8>) {
    let negative = value < 0;
    let digits = value.unsigned_abs().to_string();
    let scale = usize::from(scale);
    let whole = digits.len().saturating_sub(scale);
    // Zeros in front and behind, so that groups of four begin at the point.
    let front = (4 - whole % 4) % 4;
    let mut padded = "0".repeat(front + scale.saturating_sub(digits.len())) + &digits;
    let behind = (4 - scale % 4) % 4;
    padded.push_str(&"0".repeat(behind));
    let mut groups: Vec<i16> = padded.as_bytes().chunks(4).map(group).collect();
    let mut weight = i16::try_from((whole + front) / 4).unwrap_or(i16::MAX) - 1;
    while groups.first() == Some(&0) {
        groups.remove(0);
        weight -= 1;
    }
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let short = |number: usize| i16::try_from(number).unwrap_or(i16::MAX);
    let sign: u16 = if negative { 0x4000 } else { 0 };
    for part in [short(groups.len()), if groups.is_empty() { 0 } else { weight }, sign.cast_signed(), short(scale)] {
        out.extend_from_slice(&part.to_be_bytes());
    }
    for group in groups {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

fn group(digits: &[u8]) -> i16 {
    digits.iter().fold(0, |number, digit| number * 10 + i16::from(digit - b'0'))
}

/// A binary number as text; `None` for bytes that are none, for what is not a number, and for infinity.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let part = |index: usize| Some(i16::from_be_bytes([*bytes.get(index * 2)?, *bytes.get(index * 2 + 1)?]));
    let (count, weight, sign, scale) =
        (usize::try_from(part(0)?).ok()?, part(1)?, part(2)?.cast_unsigned(), usize::try_from(part(3)?).ok()?);
    if sign > 0x4000 || scale > 1000 || weight.unsigned_abs() > 1000 {
        return None;
    }
    let digit = |place: i32| -> Option<i16> {
        match usize::try_from(i32::from(weight) - place) {
            Ok(index) if index < count => part(4 + index),
            _ => Some(0),
        }
    };
    let mut text = String::from(if sign == 0x4000 { "-" } else { "" });
    if weight < 0 {
        text.push('0');
    }
    for place in (0..=i32::from(weight)).rev() {
        let group = digit(place)?;
        text.push_str(&if place == i32::from(weight) { group.to_string() } else { format!("{group:04}") });
    }
    if scale > 0 {
        let mut behind = String::new();
        let mut place = -1;
        while behind.len() < scale {
            behind.push_str(&format!("{:04}", digit(place)?));
            place -= 1;
        }
        text.push('.');
        text.push_str(behind.get(..scale)?);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn numbers_come_back_as_they_went() {
        for (value, scale, text) in [
            (0, 0, "0"),
            (1, 0, "1"),
            (-1, 0, "-1"),
            (10_000, 0, "10000"),
            (123_456_789, 0, "123456789"),
            (12_345, 2, "123.45"),
            (5, 4, "0.0005"),
            (-5, 1, "-0.5"),
            (100, 2, "1.00"),
            (1_000_000, 6, "1.000000"),
            (99_999_999_999_999_999_999_999_999_999_999_999_999, 10, "9999999999999999999999999999.9999999999"),
        ] {
            let mut bytes = Vec::new();
            encode(value, scale, &mut bytes);
            assert_eq!(decode(&bytes).as_deref(), Some(text), "{value} {scale}: {bytes:?}");
        }
    }

    #[test]
    fn the_bytes_are_those_of_postgresql() {
        // `select numeric_send(-123.45)`: two digits (123, 4500), weight 0, negative, two places.
        let mut bytes = Vec::new();
        encode(-12_345, 2, &mut bytes);
        assert_eq!(bytes, [0, 2, 0, 0, 0x40, 0, 0, 2, 0, 123, 0x11, 0x94]);
        assert_eq!(decode(&[0xC0, 0]), None);
        assert_eq!(decode(&[0, 0, 0, 0, 0xC0, 0, 0, 0]), None, "not a number");
    }
}

//! CBOR (RFC 8949) as Smithy's RPC v2 uses it: documents of maps with text keys. A document is a JSON value here; a time (tag 1) is its
//! number of seconds, and the writer is told by a member's name which numbers are times.

use serde_json::{Map, Number, Value};

/// Deeper documents are refused: no operation has one, and the reader must not run out of stack.
const DEEPEST: u32 = 64;

/// Why a document cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// It ends too early.
    #[error("the document is cut off")]
    CutOff,
    /// It has something that no operation has.
    #[error("the document has an item of a kind that is not read here")]
    Kind,
    /// It has too many levels.
    #[error("the document is nested too deeply")]
    TooDeep,
}

/// Reads a document.
pub fn decode(bytes: &[u8]) -> Result<Value, CborError> {
    let mut reader = Reader { rest: bytes };
    reader.item(0)?.ok_or(CborError::Kind)
}

struct Reader<'a> {
    rest: &'a [u8],
}

/// The count in an item's head; `None` when it goes on until a break.
type Count = Option<u64>;

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], CborError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CborError::CutOff)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self, bytes: usize) -> Result<u64, CborError> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    fn head(&mut self) -> Result<(u8, u8), CborError> {
        let first = self.take(1)?[0];
        Ok((first >> 5, first & 0x1f))
    }

    fn count(&mut self, info: u8) -> Result<Count, CborError> {
        match info {
            0..=23 => Ok(Some(u64::from(info))),
            24..=27 => self.number(1 << (info - 24)).map(Some),
            31 => Ok(None),
            _ => Err(CborError::Kind),
        }
    }

    /// The next item; `None` for a break.
    fn item(&mut self, depth: u32) -> Result<Option<Value>, CborError> {
        if depth > DEEPEST {
            return Err(CborError::TooDeep);
        }
        let (major, info) = self.head()?;
        if major == 7 {
            return self.simple(info);
        }
        let count = self.count(info)?;
        let value = match (major, count) {
            (0, Some(number)) => Value::from(number),
            (1, Some(number)) => Value::from(-1 - i64::try_from(number).map_err(|_| CborError::Kind)?),
            (2 | 3, count) => Value::from(self.text(major, count)?),
            (4, count) => {
                let mut items = Vec::new();
                while count.is_none_or(|count| (items.len() as u64) < count) {
                    match self.item(depth + 1)? {
                        Some(item) => items.push(item),
                        None if count.is_none() => break,
                        None => return Err(CborError::Kind),
                    }
                }
                Value::Array(items)
            }
            (5, count) => {
                let mut members = Map::new();
                let mut read = 0;
                while count.is_none_or(|count| read < count) {
                    let Some(name) = self.item(depth + 1)? else {
                        if count.is_none() {
                            break;
                        }
                        return Err(CborError::Kind);
                    };
                    let Value::String(name) = name else { return Err(CborError::Kind) };
                    members.insert(name, self.item(depth + 1)?.ok_or(CborError::Kind)?);
                    read += 1;
                }
                Value::Object(members)
            }
            // A tag; that of a time stands before its number.
            (6, Some(_)) => self.item(depth + 1)?.ok_or(CborError::Kind)?,
            _ => return Err(CborError::Kind),
        };
        Ok(Some(value))
    }

    fn text(&mut self, major: u8, count: Count) -> Result<String, CborError> {
        let mut bytes = Vec::new();
        match count {
            Some(count) => bytes.extend_from_slice(self.take(usize::try_from(count).map_err(|_| CborError::CutOff)?)?),
            None => loop {
                match self.head()? {
                    (7, 31) => break,
                    (kind, info) if kind == major => {
                        let count = self.count(info)?.ok_or(CborError::Kind)?;
                        bytes.extend_from_slice(self.take(usize::try_from(count).map_err(|_| CborError::CutOff)?)?);
                    }
                    _ => return Err(CborError::Kind),
                }
            },
        }
        String::from_utf8(bytes).map_err(|_| CborError::Kind)
    }

    fn simple(&mut self, info: u8) -> Result<Option<Value>, CborError> {
        let float = |number: f64| Number::from_f64(number).map_or(Value::Null, Value::Number);
        Ok(Some(match info {
            20 => Value::Bool(false),
            21 => Value::Bool(true),
            22 | 23 => Value::Null,
            25 => float(half(self.number(2)?)),
            // The casts keep the bits: so many bytes were read.
            26 => float(f64::from(f32::from_bits(self.number(4)? as u32))),
            27 => float(f64::from_bits(self.number(8)?)),
            31 => return Ok(None),
            _ => return Err(CborError::Kind),
        }))
    }
}

/// A float of 16 bits.
fn half(bits: u64) -> f64 {
    let (exponent, mantissa) = (((bits >> 10) & 0x1f) as i32, (bits & 0x3ff) as f64);
    let magnitude = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 => return if mantissa == 0.0 { f64::INFINITY } else { f64::NAN },
        _ => (mantissa + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// Writes a document. `is_time` says of a member's name whether its number, or the numbers in its list, are times in seconds since 1970.
pub fn encode(document: &Value, is_time: &dyn Fn(&str) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    write(document, false, is_time, &mut out);
    out
}

fn head(major: u8, count: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    // Each arm has room for what it writes.
    match count {
        0..=23 => out.push(major | count as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, count as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&(count as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&(count as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&count.to_be_bytes());
        }
    }
}

fn write(value: &Value, time: bool, is_time: &dyn Fn(&str) -> bool, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        Value::Number(number) => {
            if time {
                head(6, 1, out);
            }
            match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => head(0, number, out),
                (None, Some(number)) => head(1, number.unsigned_abs() - 1, out),
                (None, None) => {
                    out.push(0xfb);
                    out.extend_from_slice(&number.as_f64().unwrap_or_default().to_bits().to_be_bytes());
                }
            }
        }
        Value::String(text) => {
            head(3, text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            head(4, items.len() as u64, out);
            for item in items {
                write(item, time, is_time, out);
            }
        }
        Value::Object(members) => {
            head(5, members.len() as u64, out);
            for (name, value) in members {
                head(3, name.len() as u64, out);
                out.extend_from_slice(name.as_bytes());
                write(value, is_time(name), is_time, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_survives() {
        let document = json!({
            "Text": "grüße", "Small": 7, "Large": 70_000, "Huge": 5_000_000_000_u64, "Negative": -300, "Float": 0.25,
            "Yes": true, "No": null, "List": [1, [2.5], {"a": "b"}], "Long": "x".repeat(300),
        });
        assert_eq!(decode(&encode(&document, &|_| false)).unwrap(), document);
    }

    #[test]
    fn times_are_tagged_and_read_as_numbers() {
        let bytes = encode(&json!({ "At": 1.5, "Ats": [2], "n": 3 }), &|name| name.starts_with("At"));
        assert_eq!(bytes.iter().filter(|byte| **byte == 0xc1).count(), 2);
        assert_eq!(decode(&bytes).unwrap(), json!({ "At": 1.5, "Ats": [2], "n": 3 }));
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        for (bytes, value) in [
            (&[0x18, 0x64][..], json!(100)),
            (&[0x39, 0x03, 0xe7], json!(-1000)),
            (&[0xf9, 0x3c, 0x00], json!(1.0)),
            (&[0xf9, 0xc4, 0x00], json!(-4.0)),
            (&[0xfa, 0x47, 0xc3, 0x50, 0x00], json!(100_000.0)),
            (&[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], json!(1.1)),
            (&[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0], json!(1_363_896_240)),
            (&[0x7f, 0x65, 0x73, 0x74, 0x72, 0x65, 0x61, 0x64, 0x6d, 0x69, 0x6e, 0x67, 0xff], json!("streaming")),
            (&[0x9f, 0x01, 0x82, 0x02, 0x03, 0xff], json!([1, [2, 3]])),
            (&[0xbf, 0x61, 0x61, 0x01, 0x61, 0x62, 0x9f, 0x02, 0x03, 0xff, 0xff], json!({"a": 1, "b": [2, 3]})),
        ] {
            assert_eq!(decode(bytes).unwrap(), value, "{bytes:02x?}");
        }
    }

    #[test]
    fn what_is_no_document_is_refused() {
        assert_eq!(decode(&[]), Err(CborError::CutOff));
        assert_eq!(decode(&[0x62, 0x61]), Err(CborError::CutOff));
        assert_eq!(decode(&[0x82, 0x01]), Err(CborError::CutOff));
        assert_eq!(decode(&[0xa1, 0x01, 0x01]), Err(CborError::Kind));
        assert_eq!(decode(&[0xff]), Err(CborError::Kind));
        assert_eq!(decode(&vec![0x81; 1000]), Err(CborError::TooDeep));
        // A length beyond the document must not be allocated.
        assert_eq!(decode(&[0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Err(CborError::CutOff));
    }
}

//! Universal Binary JSON, as XGBoost writes and reads it.
//!
//! Reading takes every form of the format's draft 12: plain, counted and typed containers, lengths of any integer type, no-ops. Writing uses
//! the forms that XGBoost's own reader knows: keys and texts with a 64 bit length, lists with a count, and lists of numbers with a type.
//! Numbers are big-endian.

use serde_json::{Map, Number, Value};

/// Containers may lie in one another this deep.
const DEEPEST: usize = 64;
/// A typed list of elements without content (all null, say) takes no bytes, so that its count alone would fill the memory.
const MOST_EMPTY: usize = 1 << 20;

/// How a list of numbers is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// 32 bit float.
    Float,
    /// Unsigned byte.
    Byte,
    /// 32 bit integer.
    Int,
    /// 64 bit integer.
    Long,
}

/// Reads a document. A number that is not finite becomes null (NaN) or the text `Infinity` or `-Infinity`, as JSON has no number for it.
pub(super) fn decode(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.value(0)?;
    while reader.bytes.get(reader.at) == Some(&b'N') {
        reader.at += 1;
    }
    if reader.at == bytes.len() { Ok(value) } else { Err(reader.wrong("there is more after the end of the document")) }
}

/// Writes a document. `element` says how the list at a key is written; `None` is a list of any values.
pub(super) fn encode(value: &Value, element: &dyn Fn(&str) -> Option<Element>) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    write(value, element, &mut out)?;
    Ok(out)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> String {
        format!("UBJSON, byte {}: {what}", self.at)
    }

    fn byte(&mut self) -> Result<u8, String> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.wrong("the document ends too early"))?;
        self.at += 1;
        Ok(byte)
    }

    /// The next type marker; no-ops before it are passed over.
    fn marker(&mut self) -> Result<u8, String> {
        loop {
            let byte = self.byte()?;
            if byte != b'N' {
                return Ok(byte);
            }
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let found = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<N>).copied();
        let bytes = found.ok_or_else(|| self.wrong("the document ends too early"))?;
        self.at += N;
        Ok(bytes)
    }

    fn integer(&mut self, marker: u8) -> Result<Option<i64>, String> {
        Ok(Some(match marker {
            b'i' => i64::from(i8::from_be_bytes(self.take()?)),
            b'U' | b'C' => i64::from(self.byte()?),
            b'I' => i64::from(i16::from_be_bytes(self.take()?)),
            b'l' => i64::from(i32::from_be_bytes(self.take()?)),
            b'L' => i64::from_be_bytes(self.take()?),
            _ => return Ok(None),
        }))
    }

    fn length(&mut self) -> Result<usize, String> {
        let marker = self.marker()?;
        self.length_after(marker)
    }

    fn length_after(&mut self, marker: u8) -> Result<usize, String> {
        let number = self.integer(marker)?.ok_or_else(|| self.wrong("a length is no integer"))?;
        usize::try_from(number).map_err(|_| self.wrong("a length is negative"))
    }

    fn text(&mut self, length: usize) -> Result<String, String> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.wrong("a text is longer than the document"))?;
        let text = std::str::from_utf8(&self.bytes[self.at..end]).map_err(|_| self.wrong("a text is not UTF-8"))?.to_owned();
        self.at = end;
        Ok(text)
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        let marker = self.marker()?;
        self.value_of(marker, depth)
    }

    fn value_of(&mut self, marker: u8, depth: usize) -> Result<Value, String> {
        if let Some(number) = self.integer(marker)? {
            return Ok(Value::from(number));
        }
        Ok(match marker {
            b'Z' => Value::Null,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'd' => float(f64::from(f32::from_be_bytes(self.take()?))),
            b'D' => float(f64::from_be_bytes(self.take()?)),
            b'S' => {
                let length = self.length()?;
                Value::String(self.text(length)?)
            }
            b'H' => {
                let length = self.length()?;
                let text = self.text(length)?;
                text.parse::<f64>().map(float).map_err(|_| self.wrong("a number of any precision is no number"))?
            }
            b'[' | b'{' if depth == DEEPEST => return Err(self.wrong("the document is nested too deep")),
            b'[' => self.list(depth)?,
            b'{' => self.object(depth)?,
            _ => return Err(self.wrong(&format!("there is no type `{}`", char::from(marker).escape_default()))),
        })
    }

    /// The type and the count that may follow the start of a container, and the marker after them when there is no count.
    fn shape(&mut self) -> Result<(Option<u8>, Result<usize, u8>), String> {
        match self.marker()? {
            b'$' => {
                let element = self.byte()?;
                if self.marker()? != b'#' {
                    return Err(self.wrong("a typed container has no count"));
                }
                Ok((Some(element), Ok(self.length()?)))
            }
            b'#' => Ok((None, Ok(self.length()?))),
            first => Ok((None, Err(first))),
        }
    }

    /// Every element takes at least one byte, unless its type has no content.
    fn check_count(&self, count: usize, element: Option<u8>) -> Result<(), String> {
        let most = if matches!(element, Some(b'Z' | b'T' | b'F')) { MOST_EMPTY } else { self.bytes.len() - self.at };
        if count <= most { Ok(()) } else { Err(self.wrong("a container has more elements than the document has bytes")) }
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        let (element, count) = self.shape()?;
        let mut items = Vec::new();
        match count {
            Ok(count) => {
                self.check_count(count, element)?;
                items.reserve(count);
                for _ in 0..count {
                    items.push(match element {
                        Some(marker) => self.value_of(marker, depth + 1)?,
                        None => self.value(depth + 1)?,
                    });
                }
            }
            Err(mut marker) => {
                while marker != b']' {
                    items.push(self.value_of(marker, depth + 1)?);
                    marker = self.marker()?;
                }
            }
        }
        Ok(Value::Array(items))
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        let (element, count) = self.shape()?;
        let mut members = Map::new();
        let mut member = |reader: &mut Self, marker: u8| -> Result<(), String> {
            let length = reader.length_after(marker)?;
            let key = reader.text(length)?;
            let value = match element {
                Some(marker) => reader.value_of(marker, depth + 1)?,
                None => reader.value(depth + 1)?,
            };
            members.insert(key, value);
            Ok(())
        };
        match count {
            Ok(count) => {
                // A key takes a byte at least, whatever the type of the values.
                self.check_count(count, None)?;
                for _ in 0..count {
                    let marker = self.marker()?;
                    member(self, marker)?;
                }
            }
            Err(mut marker) => {
                while marker != b'}' {
                    member(self, marker)?;
                    marker = self.marker()?;
                }
            }
        }
        Ok(Value::Object(members))
    }
}

fn float(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => Value::Null,
        None => Value::from(if number > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}

fn write(value: &Value, element: &dyn Fn(&str) -> Option<Element>, out: &mut Vec<u8>) -> Result<(), String> {
    match value {
        Value::Null => out.push(b'Z'),
        Value::Bool(true) => out.push(b'T'),
        Value::Bool(false) => out.push(b'F'),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => {
            out.push(b'S');
            write_text(text, out);
        }
        Value::Array(items) => {
            out.extend_from_slice(b"[#");
            write_length(items.len(), out);
            for item in items {
                write(item, element, out)?;
            }
        }
        Value::Object(members) => {
            out.push(b'{');
            for (key, member) in members {
                write_text(key, out);
                match (member, element(key)) {
                    (Value::Array(items), Some(kind)) => {
                        write_typed(items, kind, out).ok_or_else(|| format!("UBJSON: `{key}` has a number that its type cannot hold"))?;
                    }
                    _ => write(member, element, out)?,
                }
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    out.push(b'L');
    out.extend_from_slice(&(length as u64).to_be_bytes());
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    write_length(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn write_number(number: &Number, out: &mut Vec<u8>) {
    if let Some(number) = number.as_i64() {
        if let Ok(number) = i8::try_from(number) {
            out.push(b'i');
            out.extend_from_slice(&number.to_be_bytes());
        } else if let Ok(number) = i16::try_from(number) {
            out.push(b'I');
            out.extend_from_slice(&number.to_be_bytes());
        } else if let Ok(number) = i32::try_from(number) {
            out.push(b'l');
            out.extend_from_slice(&number.to_be_bytes());
        } else {
            out.push(b'L');
            out.extend_from_slice(&number.to_be_bytes());
        }
        return;
    }
    // Every number of the document is an i64, a u64 or an f64, and all of them are f64s to some precision.
    let number = number.as_f64().unwrap_or(f64::NAN);
    let short = number as f32;
    if f64::from(short) == number {
        out.push(b'd');
        out.extend_from_slice(&short.to_be_bytes());
    } else {
        out.push(b'D');
        out.extend_from_slice(&number.to_be_bytes());
    }
}

/// `None` when a value is no number of the type.
fn write_typed(items: &[Value], kind: Element, out: &mut Vec<u8>) -> Option<()> {
    let marker = match kind {
        Element::Float => b'd',
        Element::Byte => b'U',
        Element::Int => b'l',
        Element::Long => b'L',
    };
    out.extend_from_slice(&[b'[', b'$', marker, b'#']);
    write_length(items.len(), out);
    for item in items {
        match kind {
            Element::Float => out.extend_from_slice(&(item.as_f64()? as f32).to_be_bytes()),
            Element::Byte => out.push(u8::try_from(item.as_i64()?).ok()?),
            Element::Int => out.extend_from_slice(&i32::try_from(item.as_i64()?).ok()?.to_be_bytes()),
            Element::Long => out.extend_from_slice(&item.as_i64()?.to_be_bytes()),
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn elements(key: &str) -> Option<Element> {
        match key {
            "floats" => Some(Element::Float),
            "bytes" => Some(Element::Byte),
            "ints" => Some(Element::Int),
            "longs" => Some(Element::Long),
            _ => None,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let document = json!({
            "floats": [0.5, -1.25, 3], "bytes": [0, 1, 255], "ints": [-1, 2_147_483_647], "longs": [9_007_199_254_740_993_i64], "empty": [],
            "mixed": [null, true, false, "Größe", { "deep": [[1], [-200, 40_000, 3_000_000_000_i64]] }], "exact": 0.1, "short": 0.25,
        });
        let bytes = encode(&document, &elements).unwrap();
        let read = decode(&bytes).unwrap();
        assert_eq!(read["floats"], json!([0.5, -1.25, 3.0]));
        let mut expected = document;
        expected["floats"] = json!([0.5, -1.25, 3.0]);
        assert_eq!(read, expected);
    }

    #[test]
    fn lists_of_numbers_are_typed_as_xgboost_reads_them() {
        let bytes = encode(&json!({ "ints": [1, -1] }), &elements).unwrap();
        assert_eq!(bytes, b"{L\0\0\0\0\0\0\0\x04ints[$l#L\0\0\0\0\0\0\0\x02\0\0\0\x01\xff\xff\xff\xff}");
        assert!(encode(&json!({ "bytes": [256] }), &elements).unwrap_err().contains("`bytes`"));
        assert!(encode(&json!({ "ints": [0.5] }), &elements).unwrap_err().contains("`ints`"));
    }

    #[test]
    fn every_form_of_a_container_is_read() {
        for (bytes, expected) in [
            (&b"[i\x01I\x01\x00]"[..], json!([1, 256])),
            (b"[#U\x02TZ", json!([true, null])),
            (b"[$U#i\x03\x01\x02\x03", json!([1, 2, 3])),
            (b"[$[#i\x02i\x01]]", json!([[1], []])),
            (b"[$Z#i\x02", json!([null, null])),
            (b"{i\x01aSi\x02hii\x01bHi\x041e-3}", json!({ "a": "hi", "b": 0.001 })),
            (b"{#i\x01i\x01aN[N]", json!({ "a": [] })),
            (b"{$i#i\x01i\x01a\xff", json!({ "a": -1 })),
            (b"NN[]N", json!([])),
        ] {
            assert_eq!(decode(bytes).unwrap(), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_told_apart() {
        let mut bytes = b"[".to_vec();
        for number in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            bytes.push(b'd');
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.push(b']');
        assert_eq!(decode(&bytes).unwrap(), json!([null, "Infinity", "-Infinity"]));
    }

    #[test]
    fn damaged_documents_are_refused_without_filling_the_memory() {
        for (bytes, why) in [
            (&b""[..], "ends too early"),
            (b"{", "ends too early"),
            (b"[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff", "more elements"),
            (b"[$Z#L\x7f\xff\xff\xff\xff\xff\xff\xff", "more elements"),
            (b"[#i\xff", "negative"),
            (b"[#d\0\0\0\0", "no integer"),
            (b"[$dd", "no count"),
            (b"Si\x09short", "longer than the document"),
            (b"Si\x01\xff", "not UTF-8"),
            (b"x", "no type `x`"),
            (b"ZZ", "more after the end"),
            (b"Hi\x01x", "no number"),
        ] {
            let error = decode(bytes).unwrap_err();
            assert!(error.contains(why), "{}: {error}", bytes.escape_ascii());
        }
        assert!(decode(&[b'['; 1000]).unwrap_err().contains("nested too deep"));
    }
}

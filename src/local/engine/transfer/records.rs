//! The records of an object: CSV, delimited text with Redshift's escapes, fixed widths, JSON.

use std::ops::Range;

use serde_json::Value;

use crate::local::engine::error::internal;
use crate::local::engine::{SqlError, SqlErrorKind};

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// NULL, as the format itself says it.
    Null,
}

/// A record with its place.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Fields in order.
    pub fields: Vec<Field>,
    /// Line on which it starts, from 1.
    pub line: u64,
    /// Where it stands in the body.
    pub raw: Range<usize>,
}

/// Reads records one after the other.
pub(super) enum Records<'a> {
    /// RFC 4180.
    Csv(Box<csv::Reader<&'a [u8]>>, csv::ByteRecord),
    /// Lines of delimited text.
    Text(TextLines<'a>),
    /// Lines of fields of fixed widths, in characters.
    Fixed(Lines<'a>, Vec<usize>),
    /// JSON objects.
    Json(JsonObjects<'a>),
}

impl Records<'_> {
    /// The next record; whether there is one.
    pub fn next(&mut self, record: &mut Record) -> Result<bool, SqlError> {
        record.fields.clear();
        match self {
            Records::Csv(reader, fields) => {
                if !reader.read_byte_record(fields).map_err(internal)? {
                    return Ok(false);
                }
                let start = fields.position().map_or(0, csv::Position::byte);
                record.line = fields.position().map_or(0, csv::Position::line);
                record.raw = usize::try_from(start).unwrap_or(0)..usize::try_from(reader.position().byte()).unwrap_or(0);
                record.fields.extend(fields.iter().map(|field| Field::Bytes(field.to_vec())));
                Ok(true)
            }
            Records::Text(lines) => Ok(lines.next(record)),
            Records::Fixed(lines, widths) => {
                let Some(line) = lines.next(record) else { return Ok(false) };
                let text = String::from_utf8_lossy(line);
                let mut characters = text.chars();
                for width in widths {
                    let field: String = characters.by_ref().take(*width).collect();
                    record.fields.push(Field::Bytes(field.trim_end_matches(' ').as_bytes().to_vec()));
                }
                Ok(true)
            }
            Records::Json(objects) => objects.next(record),
        }
    }
}

/// The lines of a body.
pub(super) struct Lines<'a> {
    body: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    /// From the start.
    pub fn new(body: &'a [u8]) -> Self {
        Lines { body, at: 0, line: 0 }
    }

    fn next(&mut self, record: &mut Record) -> Option<&'a [u8]> {
        let rest = self.body.get(self.at..).filter(|rest| !rest.is_empty())?;
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        record.raw = self.at..self.at + end;
        self.line += 1;
        record.line = self.line;
        self.at += end + 1;
        let line = rest.get(..end).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// Lines of delimited text: no quotes unless they are removed, and escapes where the statement says `ESCAPE`.
pub(super) struct TextLines<'a> {
    body: &'a [u8],
    at: usize,
    line: u64,
    delimiter: u8,
    escape: bool,
    remove_quotes: bool,
    /// The text that means NULL, compared before escapes are taken away.
    null: Vec<u8>,
}

impl<'a> TextLines<'a> {
    /// From the start.
    pub fn new(body: &'a [u8], delimiter: u8, escape: bool, remove_quotes: bool, null: &str) -> Self {
        TextLines { body, at: 0, line: 1, delimiter, escape, remove_quotes, null: null.as_bytes().to_vec() }
    }

    fn next(&mut self, record: &mut Record) -> bool {
        if self.at >= self.body.len() {
            return false;
        }
        let start = self.at;
        record.line = self.line;
        let mut field = Vec::new();
        let mut field_start = self.at;
        let mut quoted = false;
        loop {
            let Some(byte) = self.body.get(self.at).copied() else {
                self.finish(record, field, field_start);
                break;
            };
            self.at += 1;
            if self.remove_quotes && byte == b'"' && self.at - 1 == field_start {
                quoted = true;
                continue;
            }
            if quoted && byte == b'"' && self.body.get(self.at).is_none_or(|next| *next == self.delimiter || matches!(*next, b'\n' | b'\r'))
            {
                quoted = false;
                continue;
            }
            if self.escape && byte == b'\\' && self.at < self.body.len() {
                let next = self.body[self.at];
                self.line += u64::from(next == b'\n');
                field.push(next);
                self.at += 1;
            } else if byte == b'\n' {
                self.line += 1;
                self.at -= 1;
                self.finish(record, field, field_start);
                self.at += 1;
                break;
            } else if byte == self.delimiter && !quoted {
                self.at -= 1;
                self.finish(record, std::mem::take(&mut field), field_start);
                self.at += 1;
                field_start = self.at;
            } else {
                field.push(byte);
            }
        }
        record.raw = start..self.at.min(self.body.len());
        true
    }

    /// Ends a field that stands from `start` to here.
    fn finish(&self, record: &mut Record, mut field: Vec<u8>, start: usize) {
        let raw = self.body.get(start..self.at).unwrap_or_default();
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        if self.escape && raw == self.null.as_slice() {
            record.fields.push(Field::Null);
            return;
        }
        let ends_line = self.body.get(self.at).is_none_or(|byte| *byte == b'\n');
        if ends_line && field.last() == Some(&b'\r') {
            field.pop();
        }
        record.fields.push(Field::Bytes(field));
    }
}

/// Where the value of a column is in a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A member.
    Key(String),
    /// An element, from 0.
    Index(usize),
}

/// What is taken of each JSON object.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Members by the names of the columns.
    Names(Vec<String>, bool),
    /// A path a column.
    Paths(Vec<Vec<Step>>),
    /// The object itself.
    Whole,
}

/// JSON objects, one after the other.
pub(super) struct JsonObjects<'a> {
    body: &'a [u8],
    stream: serde_json::StreamDeserializer<'a, serde_json::de::SliceRead<'a>, Value>,
    shape: Shape,
}

impl<'a> JsonObjects<'a> {
    /// From the start.
    pub fn new(body: &'a [u8], shape: Shape) -> Self {
        JsonObjects { body, stream: serde_json::Deserializer::from_slice(body).into_iter(), shape }
    }

    fn next(&mut self, record: &mut Record) -> Result<bool, SqlError> {
        let from = self.stream.byte_offset();
        let start = from + self.body.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let Some(value) = self.stream.next() else { return Ok(false) };
        record.line = 1 + self.body.get(..start).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count() as u64;
        let value = value.map_err(|error| {
            let message = format!("ERROR: Invalid JSONPath format or invalid JSON: line {}: {error}", record.line);
            SqlError::new(SqlErrorKind::Execution, message)
        })?;
        record.raw = start..self.stream.byte_offset();
        match &self.shape {
            Shape::Whole => record.fields.push(Field::Bytes(value.to_string().into_bytes())),
            Shape::Names(names, ignore_case) => {
                for name in names {
                    let found = match &value {
                        Value::Object(members) => members.get(name).or_else(|| {
                            members.iter().find(|(key, _)| *ignore_case && key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
                        }),
                        _ => None,
                    };
                    record.fields.push(json_field(found));
                }
            }
            Shape::Paths(paths) => {
                for path in paths {
                    let found = path.iter().try_fold(&value, |value, step| match step {
                        Step::Key(key) => value.get(key),
                        Step::Index(index) => value.get(index),
                    });
                    record.fields.push(json_field(found));
                }
            }
        }
        Ok(true)
    }
}

fn json_field(value: Option<&Value>) -> Field {
    match value {
        None | Some(Value::Null) => Field::Null,
        Some(Value::String(text)) => Field::Bytes(text.clone().into_bytes()),
        Some(other) => Field::Bytes(other.to_string().into_bytes()),
    }
}

/// Reads a JSONPath of a jsonpaths file: `$.a.b`, `$['a'][0]`.
pub(super) fn path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            steps.push(Step::Key(after.get(..end).filter(|key| !key.is_empty())?.to_owned()));
            rest = after.get(end..)?;
        } else {
            let after = rest.strip_prefix('[')?;
            let end = after.find(']')?;
            let inner = after.get(..end)?.trim();
            steps.push(match inner.strip_prefix(['\'', '"']).and_then(|inner| inner.strip_suffix(['\'', '"'])) {
                Some(key) => Step::Key(key.to_owned()),
                None => Step::Index(inner.parse().ok()?),
            });
            rest = after.get(end + 1..)?;
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn all(mut records: Records<'_>) -> Vec<String> {
        let mut record = Record::default();
        let mut found = Vec::new();
        while records.next(&mut record).unwrap() {
            let fields: Vec<String> = record
                .fields
                .iter()
                .map(|field| match field {
                    Field::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    Field::Null => "∅".to_owned(),
                })
                .collect();
            found.push(format!("{}: {}", record.line, fields.join("/")));
        }
        found
    }

    #[test]
    fn text_has_escapes_and_quotes_to_remove() {
        let body = b"a\\|b|c\\\\|\\N\nx|\"y|z\"|w\r\n|last";
        let text = TextLines::new(body, b'|', true, true, "\\N");
        assert_eq!(all(Records::Text(text)), ["1: a|b/c\\/∅", "2: x/y|z/w", "3: /last"]);
        let text = TextLines::new(b"a\\|b|\"c\"\n", b'|', false, false, "\\N");
        assert_eq!(all(Records::Text(text)), ["1: a\\/b/\"c\""]);
    }

    #[test]
    fn fields_of_fixed_widths() {
        assert_eq!(all(Records::Fixed(Lines::new("abé  12\nx\n".as_bytes()), vec![5, 2])), ["1: abé/12", "2: x/"]);
    }

    #[test]
    fn json_by_name_path_and_whole() {
        let body = b"{\"A\":1,\"b\":null}\n{\"b\":{\"c\":[\"x\",true]}}";
        let names = Shape::Names(vec!["a".into(), "b".into()], true);
        assert_eq!(all(Records::Json(JsonObjects::new(body, names))), ["1: 1/∅", "2: ∅/{\"c\":[\"x\",true]}"]);
        let paths = Shape::Paths(vec![path("$.b.c[1]").unwrap(), path("$['b']['c'][0]").unwrap()]);
        assert_eq!(all(Records::Json(JsonObjects::new(body, paths))), ["1: ∅/∅", "2: true/x"]);
        assert!(path("b.c").is_none() && path("$[x]").is_none());
    }
}

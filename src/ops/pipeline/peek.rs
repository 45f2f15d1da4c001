//! The first rows of what a step read or wrote.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use serde::Serialize;
use serde_json::Value;

use crate::demo::feature_schema::FeatureSchema;
use crate::ops::error::op;
use crate::ops::{Context, OpError};

/// Bytes of an object that are read for a peek: enough for some hundred rows, also when they are packed.
const LOOK: u64 = 256 * 1024;
/// Bytes that packed content may grow to.
const UNPACKED: u64 = 4 * 1024 * 1024;
/// A JSON document has to be read whole; a larger one is not shown.
const LARGEST_JSON: u64 = 8 * 1024 * 1024;

/// The first rows of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Peek {
    /// Names of the columns. A file without a header has those of the feature schema beside it, else numbers.
    pub columns: Vec<String>,
    /// Rows, cells as texts.
    pub rows: Vec<Vec<String>>,
    /// Whether there is more.
    pub truncated: bool,
}

/// The first `rows` rows of an object, or of the first object below an address: CSV, plain or packed with gzip, and JSON, whose values are
/// listed with their paths.
///
/// # Errors
/// The address does not exist, or what is there is no table.
pub async fn peek(context: &Context, uri: &str, rows: usize) -> Result<Peek, OpError> {
    let what = "could not look into the object";
    let (bucket, prefix) = split(uri).ok_or_else(|| OpError::failed(uri, what, "it is not an s3:// address"))?;
    let gateway = &context.gateways.objects;
    let listed = gateway.list(bucket, prefix).await.map_err(op(uri, what))?;
    let object = listed
        .iter()
        .filter(|object| object.key == prefix || prefix.ends_with('/') || object.key[prefix.len()..].starts_with('/'))
        .find(|object| object.size > 0)
        .ok_or_else(|| OpError::failed(uri, what, "nothing is there"))?;
    let whole = object.key.ends_with(".json");
    if whole && object.size > LARGEST_JSON {
        return Err(OpError::failed(uri, what, format!("the document has {} bytes", object.size)));
    }
    let content = if whole { gateway.get(bucket, &object.key).await } else { gateway.head_bytes(bucket, &object.key, LOOK).await };
    let content = content.map_err(op(uri, what))?.unwrap_or_default();
    if whole {
        return document(&content, rows).map_err(|why| OpError::failed(uri, what, why));
    }
    let partial = content.len() as u64 != object.size;
    let mut peek = table(&content, partial, rows).map_err(|why| OpError::failed(uri, what, why))?;
    if peek.columns.is_empty() {
        peek.columns = names(context, bucket, &object.key, peek.rows.first().map_or(0, Vec::len)).await;
    }
    Ok(peek)
}

pub(super) fn split(uri: &str) -> Option<(&str, &str)> {
    uri.strip_prefix("s3://")?.split_once('/')
}

/// Names for the columns of a split: the feature schema lies in a folder beside it.
async fn names(context: &Context, bucket: &str, key: &str, width: usize) -> Vec<String> {
    let numbered = || (1..=width).map(|number| number.to_string()).collect();
    let Some(run) = key.rsplitn(3, '/').nth(2) else { return numbered() };
    let schema = context.gateways.objects.get(bucket, &format!("{run}/schema/feature_schema.json")).await.ok().flatten();
    match schema.and_then(|schema| FeatureSchema::from_json(&schema).ok()) {
        Some(schema) if schema.width() + 1 == width => std::iter::once(schema.target.name).chain(schema.features).collect(),
        _ => numbered(),
    }
}

/// Columns are empty when the first row is no header.
fn table(content: &Bytes, partial: bool, rows: usize) -> Result<Peek, String> {
    let packed = content.starts_with(&[0x1F, 0x8B]);
    let (mut text, mut cut) = (Vec::new(), partial);
    if packed {
        // What breaks off in the middle still has a beginning.
        let read = MultiGzDecoder::new(&content[..]).take(UNPACKED).read_to_end(&mut text);
        cut |= read.is_err() || text.len() as u64 == UNPACKED;
        if text.is_empty() && read.is_err() {
            return Err("it cannot be unpacked".to_owned());
        }
    } else {
        text = content.to_vec();
    }
    if cut {
        // The last line is not whole.
        text.truncate(text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    }
    let text = String::from_utf8(text).map_err(|_| "it is neither text nor a packed text".to_owned())?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut truncated = cut;
    for record in reader.records() {
        if found.len() > rows {
            truncated = true;
            break;
        }
        let record = record.map_err(|error| format!("it is no CSV: {error}"))?;
        found.push(record.iter().map(str::to_owned).collect());
    }
    let plain = |cell: &String| cell.is_empty() || cell.parse::<f64>().is_ok();
    let header = found.first().is_some_and(|first| !first.iter().any(plain));
    let columns = if header { found.remove(0) } else { Vec::new() };
    truncated |= found.len() > rows;
    found.truncate(rows);
    Ok(Peek { columns, rows: found, truncated })
}

/// Every value of a document with its path.
fn document(content: &[u8], rows: usize) -> Result<Peek, String> {
    let value: Value = serde_json::from_slice(content).map_err(|error| format!("it is no JSON: {error}"))?;
    let mut found = Vec::new();
    flatten(&value, &mut String::new(), &mut found, rows.saturating_add(1));
    let truncated = found.len() > rows;
    found.truncate(rows);
    Ok(Peek { columns: vec!["path".to_owned(), "value".to_owned()], rows: found, truncated })
}

fn flatten(value: &Value, path: &mut String, found: &mut Vec<Vec<String>>, most: usize) {
    if found.len() >= most {
        return;
    }
    let before = path.len();
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                if before > 0 {
                    path.push('.');
                }
                path.push_str(name);
                flatten(member, path, found, most);
                path.truncate(before);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                flatten(item, path, found, most);
                path.truncate(before);
            }
        }
        Value::String(text) => found.push(vec![path.clone(), text.clone()]),
        other => found.push(vec![path.clone(), other.to_string()]),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::io::Write;

    use super::*;

    fn bytes(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    #[test]
    fn a_header_is_told_from_rows() {
        let peek = table(&bytes("age,job\n41,student\n50,\n"), false, 10).unwrap();
        assert_eq!(peek.columns, ["age", "job"]);
        assert_eq!(peek.rows, [["41", "student"], ["50", ""]]);
        assert!(!peek.truncated);
        let peek = table(&bytes("1,41\n0,50\n0,3\n"), false, 2).unwrap();
        assert_eq!((peek.columns.len(), peek.rows.len(), peek.truncated), (0, 2, true));
    }

    #[test]
    fn a_packed_file_that_is_cut_still_has_whole_rows() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for row in 0..50_000_u64 {
            writeln!(packed, "{row},{}", row.wrapping_mul(0x9E37_79B9_7F4A_7C15)).unwrap();
        }
        let packed = packed.finish().unwrap();
        let peek = table(&Bytes::copy_from_slice(&packed[..packed.len() / 2]), true, 100_000).unwrap();
        assert!(peek.truncated && peek.rows.len() > 100, "{}", peek.rows.len());
        assert!(peek.rows.iter().all(|row| row.len() == 2));
    }

    #[test]
    fn a_document_is_a_list_of_paths() {
        let peek = document(br#"{"a":{"b":1,"c":["x",null]},"d":{}}"#, 3).unwrap();
        assert_eq!(peek.rows, [["a.b", "1"], ["a.c[0]", "x"], ["a.c[1]", "null"]]);
        assert!(peek.truncated);
    }
}

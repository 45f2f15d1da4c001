//! Arrays of the catalog in binary: they are held in the text that PostgreSQL writes them as.

use bytes::BufMut as _;

use super::types::{self, Oid};
use crate::local::engine::dialect::array_items;

/// Writes an array of items of a type.
pub(super) fn encode(text: &str, item: Oid, out: &mut Vec<u8>) {
    let items = array_items(text);
    out.put_i32(i32::from(!items.is_empty()));
    out.put_i32(i32::from(items.iter().any(Option::is_none)));
    out.put_u32(item);
    if items.is_empty() {
        return;
    }
    out.put_i32(i32::try_from(items.len()).unwrap_or(i32::MAX));
    // Vectors, which have no braces, count from 0.
    out.put_i32(i32::from(text.starts_with('{')));
    for text in items {
        let Some(bytes) = text.and_then(|text| binary(&text, item)) else {
            out.put_i32(-1);
            continue;
        };
        out.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
        out.put_slice(&bytes);
    }
}

fn binary(text: &str, item: Oid) -> Option<Vec<u8>> {
    Some(match item {
        types::INT2 => text.parse::<i16>().ok()?.to_be_bytes().to_vec(),
        types::INT4 => text.parse::<i32>().ok()?.to_be_bytes().to_vec(),
        types::OID => text.parse::<u32>().ok()?.to_be_bytes().to_vec(),
        _ => text.as_bytes().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_written_in_binary() {
        let mut out = Vec::new();
        encode("{1,NULL}", types::INT2, &mut out);
        assert_eq!(out, [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 21, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 255, 255, 255, 255]);
        let mut out = Vec::new();
        encode("{}", types::TEXT, &mut out);
        assert_eq!(out, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25]);
        let mut out = Vec::new();
        encode("3", types::INT2, &mut out);
        assert_eq!(out[12..], [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 3]);
    }
}

//! Reads a file out of a zip: what a function's package is. Stored and deflated entries, as every packer writes them.

use std::io::Read;

/// No file of a package may be larger when unpacked; Lambda's own limit for a package.
const LARGEST: u64 = 250 * 1024 * 1024;

/// The content of the entry `name`, `None` when there is no such entry; an error when the bytes are no zip (PKWARE APPNOTE 6.3).
pub(super) fn read(zip: &[u8], name: &str) -> Result<Option<Vec<u8>>, &'static str> {
    const BROKEN: &str = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    // The end record is the last one; a comment of at most 64 KiB may follow it.
    let earliest = zip.len().saturating_sub(22 + 0xFFFF);
    let end = (earliest..zip.len().saturating_sub(21)).rev().find(|&at| zip[at..].starts_with(b"PK\x05\x06")).ok_or(BROKEN)?;
    let entries = short(zip, end + 10).ok_or(BROKEN)?;
    let mut at = long(zip, end + 16).ok_or(BROKEN)?;
    for _ in 0..entries {
        if !zip.get(at..).is_some_and(|rest| rest.starts_with(b"PK\x01\x02")) {
            return Err(BROKEN);
        }
        let field = |offset: usize| short(zip, at + offset).ok_or(BROKEN);
        let (method, name_length, extra, comment) = (field(10)?, field(28)?, field(30)?, field(32)?);
        let checksum = long(zip, at + 16).ok_or(BROKEN)?;
        let packed_size = long(zip, at + 20).ok_or(BROKEN)?;
        let local = long(zip, at + 42).ok_or(BROKEN)?;
        let entry = zip.get(at + 46..at + 46 + name_length).ok_or(BROKEN)?;
        if entry == name.as_bytes() {
            let skipped = short(zip, local + 26).ok_or(BROKEN)? + short(zip, local + 28).ok_or(BROKEN)?;
            let start = local + 30 + skipped;
            let packed = zip.get(start..start + packed_size).ok_or(BROKEN)?;
            let content = unpack(method, packed).ok_or(BROKEN)?;
            let mut sum = flate2::Crc::new();
            sum.update(&content);
            return if sum.sum() as usize == checksum { Ok(Some(content)) } else { Err(BROKEN) };
        }
        at += 46 + name_length + extra + comment;
    }
    Ok(None)
}

fn unpack(method: usize, packed: &[u8]) -> Option<Vec<u8>> {
    match method {
        0 => Some(packed.to_vec()),
        8 => {
            let mut content = Vec::new();
            flate2::read::DeflateDecoder::new(packed).take(LARGEST + 1).read_to_end(&mut content).ok()?;
            (content.len() as u64 <= LARGEST).then_some(content)
        }
        _ => None,
    }
}

fn short(zip: &[u8], at: usize) -> Option<usize> {
    zip.get(at..at + 2)?.try_into().ok().map(|bytes| usize::from(u16::from_le_bytes(bytes)))
}

fn long(zip: &[u8], at: usize) -> Option<usize> {
    let bytes = zip.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use base64::Engine as _;

    use super::*;

    /// `zip -9` of `a.txt` (24 times `x`, deflated) and `b.txt` (`b`, stored), made with Python's zipfile.
    const ZIP: &str = "UEsDBBQAAAAIAAAAIQCSKmunBQAAABgAAAAFAAAAYS50eHSrqMAOAFBLAwQUAAAAAAAAACEA+e++cQEAAAABAAAABQAAAGIudHh0YlBLAQIUAxQAAAAIAAAAIQCSKmunBQAAABgAAAAFAAAAAAAAAAAAAACAAQAAAABhLnR4dFBLAQIUAxQAAAAAAAAAIQD5775xAQAAAAEAAAAFAAAAAAAAAAAAAACAASgAAABiLnR4dFBLBQYAAAAAAgACAGYAAABMAAAAAAA=";

    #[test]
    fn entries_are_found_stored_and_deflated() {
        let zip = base64::engine::general_purpose::STANDARD.decode(ZIP).unwrap();
        assert_eq!(read(&zip, "a.txt").unwrap().unwrap(), b"x".repeat(24));
        assert_eq!(read(&zip, "b.txt").unwrap().unwrap(), b"b");
        assert_eq!(read(&zip, "c.txt").unwrap(), None);
    }

    #[test]
    fn damage_is_noticed() {
        let zip = base64::engine::general_purpose::STANDARD.decode(ZIP).unwrap();
        for cut in 0..zip.len() {
            // Whatever is cut off, no content comes out that was not put in.
            if let Ok(Some(content)) = read(&zip[..cut], "a.txt") {
                assert_eq!(content, b"x".repeat(24));
            }
        }
        assert!(read(b"", "a.txt").is_err());
        let mut changed = zip;
        changed[36] ^= 1;
        assert!(read(&changed, "a.txt").is_err());
    }
}

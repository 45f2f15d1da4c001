//! The package of a function: a zip with one stored file. The same content gives the same bytes, so that its digest says whether a
//! function has to be updated.

/// A zip (PKWARE APPNOTE 6.3) with one file, not compressed, dated 1980-01-01.
pub fn package(name: &str, content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let size = u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes();
    let name_length = u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes();
    // Flags, method "stored", time 0:00, date 1980-01-01, checksum, both sizes, length of the name, no extra field: alike in both headers.
    let mut common = vec![0, 0, 0, 0, 0, 0, 0x21, 0];
    common.extend(crc.sum().to_le_bytes());
    common.extend(size);
    common.extend(size);
    common.extend(name_length);
    common.extend([0, 0]);

    let mut zip = Vec::with_capacity(content.len() + 256);
    zip.extend(b"PK\x03\x04\x14\x00");
    zip.extend(&common);
    zip.extend(name.as_bytes());
    zip.extend(content);

    let directory_start = u32::try_from(zip.len()).unwrap_or(u32::MAX);
    // Made on Unix, version 2.0, so that the permissions in the external attributes count: readable by all, as Lambda needs it.
    zip.extend(b"PK\x01\x02\x14\x03\x14\x00");
    zip.extend(&common);
    // No comment, first disk, internal attributes.
    zip.extend([0; 6]);
    zip.extend((0o100_644_u32 << 16).to_le_bytes());
    zip.extend(0_u32.to_le_bytes());
    zip.extend(name.as_bytes());
    let directory_size = u32::try_from(zip.len()).unwrap_or(u32::MAX) - directory_start;

    zip.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    zip.extend(directory_size.to_le_bytes());
    zip.extend(directory_start.to_le_bytes());
    zip.extend([0, 0]);
    zip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_are_where_a_reader_looks_for_them() {
        let zip = package("unload.py", b"print(1)\n");
        assert_eq!(zip, package("unload.py", b"print(1)\n"));
        // End of central directory: the last 22 bytes.
        let end = &zip[zip.len() - 22..];
        assert_eq!(&end[..4], b"PK\x05\x06");
        let at = u32::from_le_bytes([end[16], end[17], end[18], end[19]]) as usize;
        assert_eq!(&zip[at..at + 4], b"PK\x01\x02");
        assert_eq!(&zip[at + 46..at + 55], b"unload.py");
        assert_eq!(&zip[30..39], b"unload.py");
        assert_eq!(&zip[39..48], b"print(1)\n");
        assert_eq!(at, 48);
    }
}

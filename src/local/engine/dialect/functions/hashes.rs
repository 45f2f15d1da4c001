//! Hashes and checksums.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::exec_err;
use datafusion::logical_expr::ScalarUDF;
use md5::Md5;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

use super::cells::Value;
use super::kernel::Kernel;
use crate::local::engine::Dialect;

pub(super) fn scalar(dialect: Dialect) -> Vec<Arc<ScalarUDF>> {
    let (text, number, bytes) = (DataType::Utf8, DataType::Int64, DataType::Binary);
    match dialect {
        Dialect::Redshift => vec![
            Kernel::cells("md5", std::slice::from_ref(&text), 1, text.clone(), |cells| Ok(Value::Text(hex(&Md5::digest(cells[0].text()))))),
            Kernel::cells("sha1", std::slice::from_ref(&text), 1, text.clone(), |cells| {
                Ok(Value::Text(hex(&sha1(cells[0].text().as_bytes()))))
            }),
            Kernel::cells("sha2", &[text.clone(), number.clone()], 2, text.clone(), |cells| {
                let bytes = cells[0].text().as_bytes();
                Ok(Value::Text(match cells[1].int() {
                    0 | 256 => hex(&Sha256::digest(bytes)),
                    224 => hex(&Sha224::digest(bytes)),
                    384 => hex(&Sha384::digest(bytes)),
                    512 => hex(&Sha512::digest(bytes)),
                    other => return exec_err!("Invalid bit length {other}: 0, 224, 256, 384 and 512 are valid"),
                }))
            }),
            Kernel::cells("crc32", std::slice::from_ref(&text), 1, text.clone(), |cells| {
                Ok(Value::Text(format!("{:08x}", crc32(cells[0].text()))))
            }),
            Kernel::cells("checksum", std::slice::from_ref(&text), 1, number.clone(), |cells| {
                Ok(Value::Int(i64::from(crc32(cells[0].text()) & 0x7fff_ffff)))
            }),
            Kernel::cells("fnv_hash", &[text, number.clone()], 1, number, |cells| {
                let seed = cells.get(1).map_or(FNV_OFFSET, |cell| cell.int().cast_unsigned());
                Ok(Value::Int(fnv1a(cells[0].text().as_bytes(), seed).cast_signed()))
            }),
        ],
        Dialect::Athena => vec![
            Kernel::cells("md5", std::slice::from_ref(&bytes), 1, bytes.clone(), |cells| {
                Ok(Value::Bytes(Md5::digest(cells[0].bytes()).to_vec()))
            }),
            Kernel::cells("sha1", std::slice::from_ref(&bytes), 1, bytes.clone(), |cells| {
                Ok(Value::Bytes(sha1(cells[0].bytes()).to_vec()))
            }),
            Kernel::cells("sha256", std::slice::from_ref(&bytes), 1, bytes.clone(), |cells| {
                Ok(Value::Bytes(Sha256::digest(cells[0].bytes()).to_vec()))
            }),
            Kernel::cells("sha512", std::slice::from_ref(&bytes), 1, bytes.clone(), |cells| {
                Ok(Value::Bytes(Sha512::digest(cells[0].bytes()).to_vec()))
            }),
            Kernel::cells("crc32", &[bytes], 1, number, |cells| {
                let mut crc = flate2::Crc::new();
                crc.update(cells[0].bytes());
                Ok(Value::Int(i64::from(crc.sum())))
            }),
        ],
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// CRC-32C (Castagnoli), which is what Redshift's `crc32` is.
fn crc32(text: &str) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
    !text.bytes().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(byte), step))
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv1a(bytes: &[u8], seed: u64) -> u64 {
    bytes.iter().fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// SHA-1, which none of the program's parts has use for otherwise (FIPS 180-4, 6.1.2).
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((u64::try_from(message.len()).unwrap_or(0) * 8).to_be_bytes());
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded.chunks_exact(64) {
        let mut words = [0_u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        for index in 16..80 {
            words[index] = (words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (index, word) in words.iter().enumerate() {
            let (mixed, constant) = match index / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (value, add) in state.iter_mut().zip([a, b, c, d, e]) {
            *value = value.wrapping_add(add);
        }
    }
    let mut digest = [0; 20];
    for (bytes, value) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&value.to_be_bytes());
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        // The examples of FIPS 180-4, and the offset basis of FNV-1a.
        assert_eq!(hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex(&sha1(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
        assert_eq!(fnv1a(b"", FNV_OFFSET).cast_signed(), -3_750_763_034_362_895_579);
        assert_eq!(crc32("Amazon Redshift"), 0xf272_6906);
    }
}

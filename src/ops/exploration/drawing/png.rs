//! A drawing as PNG: a signature and three chunks around one zlib stream, written here. A crate for it would change the features with which
//! everything else is compressed, and have the SQL engine built anew.

use std::io::{self, Write as _};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use super::Drawing;
use super::raster::{Raster, Tones, TooLarge, raster};

/// Why a drawing cannot be written as PNG.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// Too many pixels.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// It cannot be compressed.
    #[error("the picture cannot be compressed: {0}")]
    Compression(#[from] io::Error),
}

/// The file of a drawing on paper.
///
/// # Errors
/// It is too large.
pub fn png(drawing: &Drawing) -> Result<Vec<u8>, PngError> {
    Ok(encode(&raster(drawing, Tones::Paper)?)?)
}

/// The file of some pixels: eight bits for each of red, green and blue.
///
/// # Errors
/// It cannot be compressed.
pub fn encode(raster: &Raster) -> io::Result<Vec<u8>> {
    const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
    // At most as many as a drawing may have.
    let mut header = [(raster.width as u32).to_be_bytes(), (raster.height as u32).to_be_bytes()].concat();
    // Eight bits, colours, and the only ways there are to compress, to filter and to interlace.
    header.extend([8, 2, 0, 0, 0]);
    let row = raster.width * 3;
    let mut stream = ZlibEncoder::new(Vec::new(), Compression::default());
    let mut above = vec![0; row];
    let mut filtered = Vec::with_capacity(row + 1);
    for line in raster.rgb.chunks_exact(row) {
        // Each row as what differs from the one above: pictures of bars are the same for many rows.
        filtered.clear();
        filtered.push(2);
        filtered.extend(line.iter().zip(&above).map(|(here, above)| here.wrapping_sub(*above)));
        above.copy_from_slice(line);
        stream.write_all(&filtered)?;
    }
    let mut file = SIGNATURE.to_vec();
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"IDAT", &stream.finish()?);
    chunk(&mut file, *b"IEND", &[]);
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    let mut check = Crc::new();
    check.update(&kind);
    check.update(content);
    // At most as long as the pixels of the largest picture.
    file.extend((content.len() as u32).to_be_bytes());
    file.extend(kind);
    file.extend(content);
    file.extend(check.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_reader_finds_the_pixels() {
        let rgb: Vec<u8> = (0..5 * 3 * 3).map(|at| (at * 37 % 256) as u8).collect();
        let file = encode(&Raster { width: 5, height: 3, rgb: rgb.clone() }).unwrap();
        let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let (width, height, length) = (number(16), number(20), number(33));
        assert_eq!((&file[1..4], &file[12..16], &file[37..41]), (&b"PNG"[..], &b"IHDR"[..], &b"IDAT"[..]));
        assert_eq!((width, height), (5, 3));
        let mut stream = flate2::read::ZlibDecoder::new(&file[41..41 + length]);
        let mut filtered = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut filtered).unwrap();
        let mut pixels: Vec<u8> = Vec::new();
        for (row, line) in filtered.chunks(width * 3 + 1).enumerate() {
            assert_eq!(line[0], 2);
            for (at, byte) in line[1..].iter().enumerate() {
                let above = if row == 0 { 0 } else { pixels[(row - 1) * width * 3 + at] };
                pixels.push(byte.wrapping_add(above));
            }
        }
        assert_eq!(pixels, rgb);
    }
}

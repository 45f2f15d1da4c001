//! A drawing as PNG, at twice its size for sharp screens: edges are smoothed by how much of a pixel they cover, letters come as pictures of
//! Noto Sans Mono. Letters beyond Latin are shown as `?`; the SVG has them.
//!
//! The file itself is a signature and three chunks around one zlib stream, written here: a crate for it would change the features with which
//! everything else is compressed, and have the SQL engine built anew.

use std::io::{self, Write as _};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use super::{Anchor, Colour, Drawing, Mark};

/// Pixels of the file for each of the drawing.
const SCALE: f64 = 2.0;
/// Pixels of a side at most.
const LONGEST: f64 = 16_000.0;

/// Why a drawing cannot be written as PNG.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// Too many pixels.
    #[error("the picture would be {0:.0} by {1:.0} pixels large")]
    TooLarge(f64, f64),
    /// It cannot be compressed.
    #[error("the picture cannot be compressed: {0}")]
    Compression(#[from] io::Error),
}

/// Writes a drawing.
///
/// # Errors
/// It is too large.
pub fn png(drawing: &Drawing) -> Result<Vec<u8>, PngError> {
    let (width, height) = ((drawing.width * SCALE).ceil().max(1.0), (drawing.height * SCALE).ceil().max(1.0));
    if !(width <= LONGEST && height <= LONGEST) {
        return Err(PngError::TooLarge(width, height));
    }
    let mut pixels = Pixels::new(width as usize, height as usize);
    for mark in &drawing.marks {
        pixels.mark(mark);
    }
    encode(width as u32, height as u32, &pixels.bytes)
}

/// The chunks of a file of eight bits for each of red, green and blue.
fn encode(width: u32, height: u32, pixels: &[u8]) -> Result<Vec<u8>, PngError> {
    const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // Eight bits, colours, and the only ways there are to compress, to filter and to interlace.
    header.extend([8, 2, 0, 0, 0]);
    let row = width as usize * 3;
    let mut stream = ZlibEncoder::new(Vec::new(), Compression::default());
    let mut above = vec![0; row];
    let mut filtered = Vec::with_capacity(row + 1);
    for line in pixels.chunks_exact(row) {
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

/// White paper to draw on: three bytes for each pixel.
struct Pixels {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

impl Pixels {
    fn new(width: usize, height: usize) -> Pixels {
        Pixels { width, height, bytes: vec![0xff; width * height * 3] }
    }

    fn mark(&mut self, mark: &Mark) {
        let scaled = |(x, y): (f64, f64)| (x * SCALE, y * SCALE);
        match mark {
            Mark::Rectangle { at, size, fill } => {
                let (from, size) = (scaled(*at), scaled(*size));
                let to = (from.0 + size.0, from.1 + size.1);
                let overlap = |pixel: f64, from: f64, to: f64| (to.min(pixel + 0.5) - from.max(pixel - 0.5)).clamp(0.0, 1.0);
                self.cover(from, to, *fill, |x, y| overlap(x, from.0, to.0) * overlap(y, from.1, to.1));
            }
            Mark::Line { from, to, stroke, width } => {
                let (from, to, half) = (scaled(*from), scaled(*to), width * SCALE / 2.0);
                let (low, high) = ((from.0.min(to.0), from.1.min(to.1)), (from.0.max(to.0), from.1.max(to.1)));
                let around = ((low.0 - half, low.1 - half), (high.0 + half, high.1 + half));
                self.cover(around.0, around.1, *stroke, |x, y| half + 0.5 - distance((x, y), from, to));
            }
            Mark::Circle { centre, radius, fill } => {
                let (centre, radius) = (scaled(*centre), radius * SCALE);
                let around = ((centre.0 - radius, centre.1 - radius), (centre.0 + radius, centre.1 + radius));
                self.cover(around.0, around.1, *fill, |x, y| radius + 0.5 - (x - centre.0).hypot(y - centre.1));
            }
            Mark::Text { at, content, size, fill, anchor, upwards } => self.text(scaled(*at), content, *size, *fill, *anchor, *upwards),
        }
    }

    /// Colours the pixels between two corners by how much of each is covered; `share` is asked with the middle of a pixel.
    fn cover(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour, share: impl Fn(f64, f64) -> f64) {
        // Clamped to the picture, so that they are whole numbers of it.
        let range = |from: f64, to: f64, length: usize| {
            let end = length as f64;
            ((from - 1.0).floor().clamp(0.0, end) as usize)..((to + 1.0).ceil().clamp(0.0, end) as usize)
        };
        for y in range(from.1, to.1, self.height) {
            for x in range(from.0, to.0, self.width) {
                self.blend(x, y, colour, share(x as f64 + 0.5, y as f64 + 0.5));
            }
        }
    }

    fn blend(&mut self, x: usize, y: usize, colour: Colour, share: f64) {
        let share = share.clamp(0.0, 1.0);
        if share <= 0.0 || x >= self.width || y >= self.height {
            return;
        }
        let at = (y * self.width + x) * 3;
        for (byte, channel) in self.bytes[at..at + 3].iter_mut().zip([colour.0, colour.1, colour.2]) {
            // Between two bytes.
            *byte = (f64::from(*byte) + (f64::from(channel) - f64::from(*byte)) * share).round() as u8;
        }
    }

    fn text(&mut self, (x, y): (f64, f64), content: &str, size: f64, colour: Colour, anchor: Anchor, upwards: bool) {
        let height = if size * SCALE > 28.0 { RasterHeight::Size32 } else { RasterHeight::Size24 };
        let letters: Vec<char> = content.chars().map(drawable).collect();
        let step = get_raster_width(FontWeight::Regular, height);
        let length = (letters.len() * step) as f64;
        let begin = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -length / 2.0,
            Anchor::End => -length,
        };
        let base = base_line(height);
        for (place, letter) in letters.into_iter().enumerate() {
            let Some(raster) = get_raster(letter, FontWeight::Regular, height) else { continue };
            for (row, line) in raster.rows().enumerate() {
                for (column, intensity) in line.iter().enumerate().filter(|(_, intensity)| **intensity > 0) {
                    // Along the line of writing, and across it.
                    let along = begin + (place * step + column) as f64;
                    let across = row as f64 - base;
                    let (left, top) = if upwards { (x + across, y - along) } else { (x + along, y + across) };
                    if left >= 0.0 && top >= 0.0 {
                        self.blend(left.round() as usize, top.round() as usize, colour, f64::from(*intensity) / 255.0);
                    }
                }
            }
        }
    }
}

/// How far a point is from a straight line between two others.
fn distance((x, y): (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (across, down) = (to.0 - from.0, to.1 - from.1);
    let length = across * across + down * down;
    let along = if length == 0.0 { 0.0 } else { (((x - from.0) * across + (y - from.1) * down) / length).clamp(0.0, 1.0) };
    (x - from.0 - along * across).hypot(y - from.1 - along * down)
}

/// The rows of a letter above the line that it stands on.
fn base_line(height: RasterHeight) -> f64 {
    let raster = get_raster('H', FontWeight::Regular, height);
    let last = raster.as_ref().and_then(|raster| raster.rows().rposition(|line| line.iter().any(|intensity| *intensity > 127)));
    last.map_or(0.0, |row| (row + 1) as f64)
}

/// The letter, or the nearest one that there is a picture of.
fn drawable(letter: char) -> char {
    match letter {
        '–' | '—' | '−' => '-',
        '’' | '‘' => '\'',
        '“' | '”' => '"',
        '…' => '.',
        letter if get_raster(letter, FontWeight::Regular, RasterHeight::Size24).is_some() => letter,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// Width, height and pixels of a file.
    fn read(file: &[u8]) -> (usize, usize, Vec<u8>) {
        let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let (width, height, length) = (number(16), number(20), number(33));
        assert_eq!((&file[1..4], &file[12..16], &file[37..41]), (&b"PNG"[..], &b"IHDR"[..], &b"IDAT"[..]));
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
        (width, height, pixels)
    }

    fn pixels(marks: Vec<Mark>) -> (usize, usize, Vec<u8>) {
        read(&png(&Drawing { title: String::new(), width: 20.0, height: 10.0, marks }).unwrap())
    }

    const BLACK: Colour = Colour(0, 0, 0);

    #[test]
    fn marks_are_where_they_are_put() {
        let (width, height, bytes) = pixels(vec![
            Mark::Rectangle { at: (5.0, 2.0), size: (4.25, 3.0), fill: BLACK },
            Mark::Circle { centre: (15.0, 5.0), radius: 2.0, fill: BLACK },
        ]);
        assert_eq!((width, height), (40, 20));
        let at = |x: usize, y: usize| bytes[(y * 40 + x) * 3];
        assert_eq!((at(9, 5), at(10, 4), at(17, 9), at(18, 9), at(19, 9)), (255, 0, 0, 128, 255), "half of a pixel is half as dark");
        assert_eq!((at(30, 10), at(30, 3)), (0, 255));
    }

    #[test]
    fn letters_are_drawn_and_what_is_outside_does_no_harm() {
        let text = |at, anchor, upwards| Mark::Text { at, content: "Hg–日".into(), size: 13.0, fill: BLACK, anchor, upwards };
        for (anchor, upwards) in [(Anchor::Start, false), (Anchor::Middle, false), (Anchor::End, false), (Anchor::Start, true)] {
            for at in [(10.0, 9.0), (-50.0, -50.0), (500.0, 500.0)] {
                let (_, _, bytes) = pixels(vec![text(at, anchor, upwards)]);
                let drawn = bytes.iter().any(|byte| *byte < 100);
                assert_eq!(drawn, at == (10.0, 9.0), "{anchor:?} {upwards} {at:?}");
            }
        }
    }

    #[test]
    fn a_picture_that_would_fill_the_memory_is_refused() {
        let error = png(&Drawing { title: String::new(), width: 1e6, height: 10.0, marks: vec![] }).unwrap_err();
        assert_eq!(error.to_string(), "the picture would be 2000000 by 20 pixels large");
    }
}

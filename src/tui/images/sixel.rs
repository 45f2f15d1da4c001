//! Sixel: six rows of pixels at a time, a colour at a time, a character for six pixels that are one above the other
//! (DEC, "VT330/VT340 Programmer Reference Manual", chapter 14).

use std::collections::HashMap;
use std::io::{self, Write};

use crate::ops::exploration::drawing::Raster;

/// Colours of a terminal that shows Sixel, at most.
const COLOURS: usize = 256;
/// Rows of a band.
const BAND: usize = 6;

/// Writes an image.
pub(super) fn encode(pixels: &Raster, out: &mut Vec<u8>) -> io::Result<()> {
    let (palette, indices) = reduced(pixels);
    // Pixels are square, and what is not set stays as it is.
    write!(out, "\x1bP0;1q\"1;1;{};{}", pixels.width, pixels.height)?;
    for (number, colour) in palette.iter().enumerate() {
        let percent = colour.map(|byte| (u32::from(byte) * 100 + 127) / 255);
        write!(out, "#{number};2;{};{};{}", percent[0], percent[1], percent[2])?;
    }
    for band in indices.chunks(pixels.width * BAND) {
        // Which pixels of each column have a colour, by colour.
        let mut masks: Vec<Option<Vec<u8>>> = vec![None; palette.len()];
        for (row, line) in band.chunks(pixels.width).enumerate() {
            for (column, colour) in line.iter().enumerate() {
                let mask = masks[usize::from(*colour)].get_or_insert_with(|| vec![0; pixels.width]);
                mask[column] |= 1 << row;
            }
        }
        for (number, mask) in masks.iter().enumerate() {
            let Some(mask) = mask else { continue };
            write!(out, "#{number}")?;
            for run in mask.chunk_by(|a, b| a == b) {
                let letter = char::from(63 + run[0]);
                match run.len() {
                    count if count > 3 => write!(out, "!{count}{letter}")?,
                    count => (0..count).try_for_each(|_| write!(out, "{letter}"))?,
                }
            }
            out.push(b'$');
        }
        out.push(b'-');
    }
    out.extend(b"\x1b\\");
    Ok(())
}

/// The colours that occur most, and the nearest of them for each pixel. Pictures have few colours; edges of letters have some more.
fn reduced(pixels: &Raster) -> (Vec<[u8; 3]>, Vec<u8>) {
    let mut counts: HashMap<[u8; 3], u32> = HashMap::new();
    for pixel in pixels.rgb.chunks_exact(3) {
        *counts.entry([pixel[0], pixel[1], pixel[2]]).or_default() += 1;
    }
    let mut known: Vec<([u8; 3], u32)> = counts.into_iter().collect();
    // The same picture has the same palette every time.
    known.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let palette: Vec<[u8; 3]> = known.iter().take(COLOURS).map(|(colour, _)| *colour).collect();
    let distance = |a: &[u8; 3], b: &[u8; 3]| a.iter().zip(b).map(|(a, b)| (i32::from(*a) - i32::from(*b)).pow(2)).sum::<i32>();
    let nearest = |colour: &[u8; 3]| {
        let best = palette.iter().enumerate().min_by_key(|(_, known)| distance(known, colour));
        // One of the palette, which has 256 at most.
        best.map_or(0, |(at, _)| at as u8)
    };
    let index: HashMap<[u8; 3], u8> = known.iter().map(|(colour, _)| (*colour, nearest(colour))).collect();
    let indices = pixels.rgb.chunks_exact(3).map(|pixel| index.get(&[pixel[0], pixel[1], pixel[2]]).copied().unwrap_or(0)).collect();
    (palette, indices)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// The pixels of an image, read as a terminal does.
    fn read(bytes: &[u8], width: usize, height: usize) -> Vec<[u8; 3]> {
        let text = std::str::from_utf8(bytes).unwrap().strip_prefix("\x1bP0;1q").unwrap().strip_suffix("\x1b\\").unwrap();
        let mut screen = vec![[9, 9, 9]; width * height];
        let mut palette = HashMap::new();
        let (mut colour, mut column, mut top) = (0, 0, 0);
        let mut rest = text;
        let number = |rest: &mut &str| {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, after) = rest.split_at(end);
            *rest = after;
            digits.parse::<usize>().unwrap()
        };
        while let Some(letter) = rest.chars().next() {
            rest = &rest[1..];
            let mut count = 1;
            let mut letter = letter;
            match letter {
                '"' => {
                    let mut said = Vec::new();
                    loop {
                        said.push(number(&mut rest));
                        let Some(after) = rest.strip_prefix(';') else { break };
                        rest = after;
                    }
                    assert_eq!(said, [1, 1, width, height]);
                    continue;
                }
                '#' => {
                    colour = number(&mut rest);
                    if let Some(after) = rest.strip_prefix(";2;") {
                        rest = after;
                        let mut channels = [0; 3];
                        for (at, channel) in channels.iter_mut().enumerate() {
                            *channel = (number(&mut rest) * 255 / 100) as u8;
                            rest = if at < 2 { &rest[1..] } else { rest };
                        }
                        palette.insert(colour, channels);
                    }
                    continue;
                }
                '$' => {
                    column = 0;
                    continue;
                }
                '-' => {
                    (column, top) = (0, top + BAND);
                    continue;
                }
                '!' => {
                    count = number(&mut rest);
                    letter = rest.chars().next().unwrap();
                    rest = &rest[1..];
                }
                _ => {}
            }
            let bits = letter as u8 - 63;
            for _ in 0..count {
                for row in (0..BAND).filter(|row| bits >> row & 1 == 1) {
                    screen[(top + row) * width + column] = palette[&colour];
                }
                column += 1;
            }
        }
        screen
    }

    #[test]
    fn a_terminal_reads_the_picture_that_was_written() {
        let (width, height) = (23, 14);
        let colour = |x: usize, y: usize| [[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]][(x / 7 + y / 5) % 4];
        let rgb = (0..height).flat_map(|y| (0..width).flat_map(move |x| colour(x, y))).collect();
        let mut bytes = Vec::new();
        encode(&Raster { width, height, rgb }, &mut bytes).unwrap();
        let screen = read(&bytes, width, height);
        for y in 0..height {
            for x in 0..width {
                assert_eq!(screen[y * width + x], colour(x, y), "{x} {y}");
            }
        }
    }

    #[test]
    fn more_colours_than_the_terminal_has_become_their_neighbours() {
        let rgb: Vec<u8> = (0..=255).flat_map(|at| [[at, 0, 0], [at, 1, 0]]).flatten().collect();
        let pixels = Raster { width: 512, height: 1, rgb };
        let (palette, indices) = reduced(&pixels);
        assert_eq!((palette.len(), indices.len()), (COLOURS, 512));
        for (pixel, at) in pixels.rgb.chunks(3).zip(indices) {
            let near = palette[usize::from(at)];
            assert!(near.iter().zip(pixel).all(|(a, b)| a.abs_diff(*b) <= 130), "{pixel:?} as {near:?}");
        }
    }
}

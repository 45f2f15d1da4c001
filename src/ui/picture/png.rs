//! A frame as pixels: letters come as pictures of Noto Sans Mono, as in the drawings of the exploration, everything else is drawn.

use std::collections::HashMap;
use std::io;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr as _;

use super::rgb;
use super::shapes::coverage;
use crate::ops::exploration::drawing::{PIXELS, Raster, encode, letter};

/// Pixels around the cells.
const MARGIN: usize = 16;
/// Pixels of a side at most: what has more is no terminal that anybody looks at.
const LONGEST: usize = 16_000;
/// From the top of a cell to the line below its letters.
const UNDERLINE: usize = PIXELS.1 - 3;

/// Why a frame cannot be written as PNG.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Too many pixels.
    #[error("the picture would be {0} by {1} pixels large")]
    TooLarge(usize, usize),
    /// It cannot be compressed.
    #[error("the picture cannot be compressed: {0}")]
    Compression(#[from] io::Error),
}

type Rgb = (u8, u8, u8);

/// The frame as PNG. `back` and `front` are the colours of a terminal that has none of its own. Takes tens of milliseconds.
///
/// # Errors
/// The frame is larger than any screen, or it cannot be compressed.
pub fn png(buffer: &Buffer, back: Rgb, front: Rgb) -> Result<Vec<u8>, PictureError> {
    let area = buffer.area;
    let (width, height) = (usize::from(area.width) * PIXELS.0 + 2 * MARGIN, usize::from(area.height) * PIXELS.1 + 2 * MARGIN);
    if width > LONGEST || height > LONGEST {
        return Err(PictureError::TooLarge(width, height));
    }
    let ground = if area.is_empty() { back } else { rgb(buffer[(area.left(), area.top())].bg).unwrap_or(back) };
    let mut sheet = Sheet { width, height, pixels: vec![ground; width * height], known: HashMap::new() };
    for y in area.top()..area.bottom() {
        let mut x = area.left();
        while x < area.right() {
            let cell = &buffer[(x, y)];
            let cells = (cell.symbol().width() as u16).clamp(1, area.right() - x);
            let place = (MARGIN + usize::from(x - area.left()) * PIXELS.0, MARGIN + usize::from(y - area.top()) * PIXELS.1);
            sheet.cell(cell, place, usize::from(cells), (back, front));
            x += cells;
        }
    }
    let rgb = sheet.pixels.iter().flat_map(|(r, g, b)| [*r, *g, *b]).collect();
    Ok(encode(&Raster { width, height, rgb })?)
}

/// The pixels so far.
struct Sheet {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
    /// What was drawn already: how much of each pixel a character covers.
    known: HashMap<(char, usize), Vec<u8>>,
}

impl Sheet {
    fn cell(&mut self, cell: &Cell, (left, top): (usize, usize), cells: usize, (back, front): (Rgb, Rgb)) {
        let (mut ground, mut ink) = (rgb(cell.bg).unwrap_or(back), rgb(cell.fg).unwrap_or(front));
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut ground, &mut ink);
        }
        if cell.modifier.contains(Modifier::DIM) {
            ink = mixed(ground, ink, 153);
        }
        let wide = cells * PIXELS.0;
        let bold = cell.modifier.contains(Modifier::BOLD);
        let underlined = cell.modifier.contains(Modifier::UNDERLINED);
        let character = cell.symbol().chars().next().unwrap_or(' ');
        let shape = self.known.entry((character, cells)).or_insert_with(|| drawn(character, cells));
        for y in 0..PIXELS.1 {
            for x in 0..wide {
                let covered = |x: usize| shape.get(y * wide + x).copied().unwrap_or(0);
                // Bold letters are those of the one weight that there is, a pixel wider.
                let mut share = if bold && x > 0 && is_letter(character) { covered(x).max(covered(x - 1)) } else { covered(x) };
                if underlined && y == UNDERLINE {
                    share = 255;
                }
                let (column, row) = (left + x, top + y);
                if column < self.width && row < self.height {
                    self.pixels[row * self.width + column] = mixed(ground, ink, share);
                }
            }
        }
    }
}

fn is_letter(character: char) -> bool {
    letter(character).is_some()
}

/// How much of each pixel of its cells a character covers.
fn drawn(character: char, cells: usize) -> Vec<u8> {
    if cells == 1
        && let Some(pixels) = letter(like(character))
    {
        return pixels.to_vec();
    }
    coverage(character, (cells * PIXELS.0, PIXELS.1))
}

/// Whether a character is drawn as more than an empty box.
#[cfg(test)]
pub(in crate::ui) fn draws(character: char) -> bool {
    is_letter(like(character)) || super::shapes::known(character)
}

/// The Latin letter that a character looks like.
fn like(character: char) -> char {
    match character {
        '–' | '—' => '-',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        'ƒ' => 'f',
        other => other,
    }
}

/// Between two colours, `share` of 255 of the way.
fn mixed(from: Rgb, to: Rgb, share: u8) -> Rgb {
    // Between two bytes.
    let channel = |from: u8, to: u8| ((u32::from(from) * (255 - u32::from(share)) + u32::from(to) * u32::from(share) + 127) / 255) as u8;
    (channel(from.0, to.0), channel(from.1, to.1), channel(from.2, to.2))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    use super::*;

    fn written(text: &str, style: Style) -> Sheet {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        buffer.set_string(0, 0, text, style);
        let (width, height) = (4 * PIXELS.0, PIXELS.1);
        let mut sheet = Sheet { width, height, pixels: vec![(0, 0, 0); width * height], known: HashMap::new() };
        for x in 0..4 {
            sheet.cell(&buffer[(x, 0)], (usize::from(x) * PIXELS.0, 0), 1, ((0, 0, 0), (255, 255, 255)));
        }
        sheet
    }

    fn inked(sheet: &Sheet, column: usize) -> usize {
        let rows = sheet.pixels.chunks(sheet.width);
        rows.map(|row| row[column * PIXELS.0..(column + 1) * PIXELS.0].iter().filter(|pixel| pixel.0 > 127).count()).sum()
    }

    #[test]
    fn letters_lines_and_marks_are_drawn_where_they_stand() {
        let sheet = written("M─█ ", Style::new());
        let all = PIXELS.0 * PIXELS.1;
        assert!((20..all / 2).contains(&inked(&sheet, 0)), "a letter");
        assert!((PIXELS.0..PIXELS.0 * 3).contains(&inked(&sheet, 1)), "a line");
        assert_eq!((inked(&sheet, 2), inked(&sheet, 3)), (all, 0), "a block, and nothing");
    }

    #[test]
    fn looks_are_those_of_the_terminal() {
        let looks = |modifier| inked(&written("x", Style::new().add_modifier(modifier)), 0);
        let plain = looks(Modifier::empty());
        assert!(looks(Modifier::BOLD) > plain);
        assert!(looks(Modifier::UNDERLINED) > plain);
        assert_eq!(looks(Modifier::REVERSED), PIXELS.0 * PIXELS.1 - plain);
        assert_eq!(looks(Modifier::DIM), looks(Modifier::DIM | Modifier::ITALIC));
        assert_eq!(written("█", Style::new().fg(Color::Rgb(200, 10, 20))).pixels[0], (200, 10, 20));
    }

    #[test]
    fn a_frame_is_a_file_of_its_size() {
        let buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
        let file = png(&buffer, (16, 18, 22), (220, 222, 226)).unwrap();
        let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((number(16), number(20)), (80 * PIXELS.0 + 2 * MARGIN, 24 * PIXELS.1 + 2 * MARGIN));
        let huge = Buffer::empty(Rect::new(0, 0, 2000, 2));
        assert!(matches!(png(&huge, (0, 0, 0), (0, 0, 0)), Err(PictureError::TooLarge(..))));
    }
}

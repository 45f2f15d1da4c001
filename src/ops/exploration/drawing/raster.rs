//! The pixels of a drawing, at twice its size for sharp screens: edges are smoothed by how much of a pixel they cover, letters come as pictures
//! of Noto Sans Mono. Letters beyond Latin are shown as `?`; the SVG has them.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use super::{Anchor, Colour, Drawing, Mark};

/// Pixels for each of the drawing.
const SCALE: f64 = 2.0;
/// Pixels of a side at most.
const LONGEST: f64 = 16_000.0;

/// What a drawing is drawn on, and with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tones {
    /// Dark on white, as on paper.
    #[default]
    Paper,
    /// Light on nearly black, as on the screens of most terminals.
    Night,
}

/// The pixels of a drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue of each pixel, row by row.
    pub rgb: Vec<u8>,
}

impl Raster {
    /// The same picture within `width` by `height` pixels, in its proportions: each pixel is the mean of those that it stands for. A picture is
    /// never made larger.
    pub fn within(&self, width: usize, height: usize) -> Raster {
        let share = (width as f64 / self.width as f64).min(height as f64 / self.height as f64);
        if share >= 1.0 {
            return self.clone();
        }
        let (wide, high) = ((self.width as f64 * share).floor().max(1.0) as usize, (self.height as f64 * share).floor().max(1.0) as usize);
        // The first pixel that each one stands for, and the one after the last.
        let spans = |count: usize, all: usize| -> Vec<(usize, usize)> {
            (0..count).map(|at| (at * all / count, ((at + 1) * all / count).max(at * all / count + 1))).collect()
        };
        let (columns, rows) = (spans(wide, self.width), spans(high, self.height));
        let mut rgb = Vec::with_capacity(wide * high * 3);
        for (top, bottom) in rows {
            for (left, right) in &columns {
                let mut sums = [0_usize; 3];
                for row in top..bottom {
                    let line = &self.rgb[(row * self.width + left) * 3..(row * self.width + right) * 3];
                    for pixel in line.chunks_exact(3) {
                        sums.iter_mut().zip(pixel).for_each(|(sum, byte)| *sum += usize::from(*byte));
                    }
                }
                let count = (bottom - top) * (right - left);
                // The mean of bytes is one.
                rgb.extend(sums.map(|sum| (sum / count) as u8));
            }
        }
        Raster { width: wide, height: high, rgb }
    }
}

/// A drawing has too many pixels.
#[derive(Debug, thiserror::Error)]
#[error("the picture would be {0:.0} by {1:.0} pixels large")]
pub struct TooLarge(f64, f64);

impl Tones {
    /// What stands for a colour of a drawing on white: at night the same hue, as light as it was dark.
    fn of(self, colour: Colour) -> Colour {
        let (paper, ink) = match self {
            Tones::Paper => return colour,
            Tones::Night => (24.0 / 255.0, 236.0 / 255.0),
        };
        let channels = [colour.0, colour.1, colour.2].map(|channel| f64::from(channel) / 255.0);
        let (most, least) = (channels.iter().copied().fold(0.0, f64::max), channels.iter().copied().fold(1.0, f64::min));
        // Lightness and saturation as in HSL (Joblove and Greenberg, "Color spaces for computer graphics", 1978).
        let light = (most + least) / 2.0;
        let turned = paper + (ink - paper) * (1.0 - light);
        let reach = |light: f64| 1.0 - (2.0 * light - 1.0).abs();
        let kept = if most > least { reach(turned) / reach(light) } else { 0.0 };
        // Within a byte.
        let channel = |channel: f64| ((turned + (channel - light) * kept) * 255.0).round().clamp(0.0, 255.0) as u8;
        Colour(channel(channels[0]), channel(channels[1]), channel(channels[2]))
    }
}

/// Draws.
///
/// # Errors
/// The drawing is too large.
pub fn raster(drawing: &Drawing, tones: Tones) -> Result<Raster, TooLarge> {
    let (width, height) = ((drawing.width * SCALE).ceil().max(1.0), (drawing.height * SCALE).ceil().max(1.0));
    if !(width <= LONGEST && height <= LONGEST) {
        return Err(TooLarge(width, height));
    }
    let mut pixels = Pixels::new(width as usize, height as usize, tones);
    for mark in &drawing.marks {
        pixels.mark(mark);
    }
    Ok(Raster { width: pixels.width, height: pixels.height, rgb: pixels.bytes })
}

/// Paper to draw on: three bytes for each pixel.
struct Pixels {
    width: usize,
    height: usize,
    tones: Tones,
    bytes: Vec<u8>,
}

impl Pixels {
    fn new(width: usize, height: usize, tones: Tones) -> Pixels {
        let Colour(red, green, blue) = tones.of(super::PAPER);
        Pixels { width, height, tones, bytes: [red, green, blue].repeat(width * height) }
    }

    fn mark(&mut self, mark: &Mark) {
        let tones = self.tones;
        let scaled = |(x, y): (f64, f64)| (x * SCALE, y * SCALE);
        match mark {
            Mark::Rectangle { at, size, fill } => {
                let (from, size) = (scaled(*at), scaled(*size));
                let to = (from.0 + size.0, from.1 + size.1);
                let overlap = |pixel: f64, from: f64, to: f64| (to.min(pixel + 0.5) - from.max(pixel - 0.5)).clamp(0.0, 1.0);
                self.cover(from, to, tones.of(*fill), |x, y| overlap(x, from.0, to.0) * overlap(y, from.1, to.1));
            }
            Mark::Line { from, to, stroke, width } => {
                let (from, to, half) = (scaled(*from), scaled(*to), width * SCALE / 2.0);
                let (low, high) = ((from.0.min(to.0), from.1.min(to.1)), (from.0.max(to.0), from.1.max(to.1)));
                let around = ((low.0 - half, low.1 - half), (high.0 + half, high.1 + half));
                self.cover(around.0, around.1, tones.of(*stroke), |x, y| half + 0.5 - distance((x, y), from, to));
            }
            Mark::Circle { centre, radius, fill } => {
                let (centre, radius) = (scaled(*centre), radius * SCALE);
                let around = ((centre.0 - radius, centre.1 - radius), (centre.0 + radius, centre.1 + radius));
                self.cover(around.0, around.1, tones.of(*fill), |x, y| radius + 0.5 - (x - centre.0).hypot(y - centre.1));
            }
            Mark::Text { at, content, size, fill, anchor, upwards } => {
                self.text(scaled(*at), content, *size, tones.of(*fill), *anchor, *upwards)
            }
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

/// Columns and rows of pixels of a [`letter`].
pub const PIXELS: (usize, usize) = (get_raster_width(FontWeight::Regular, RasterHeight::Size24), RasterHeight::Size24.val());

/// How much of each pixel a letter covers, from 0 to 255, row by row; `None` for letters beyond Latin.
pub fn letter(letter: char) -> Option<&'static [u8]> {
    get_raster(letter, FontWeight::Regular, RasterHeight::Size24).map(|raster| raster.pixels())
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

    fn pixels(marks: Vec<Mark>) -> Raster {
        raster(&Drawing { title: String::new(), width: 20.0, height: 10.0, marks }, Tones::Paper).unwrap()
    }

    const BLACK: Colour = Colour(0, 0, 0);

    #[test]
    fn marks_are_where_they_are_put() {
        let drawn = pixels(vec![
            Mark::Rectangle { at: (5.0, 2.0), size: (4.25, 3.0), fill: BLACK },
            Mark::Circle { centre: (15.0, 5.0), radius: 2.0, fill: BLACK },
        ]);
        assert_eq!((drawn.width, drawn.height), (40, 20));
        let at = |x: usize, y: usize| drawn.rgb[(y * 40 + x) * 3];
        assert_eq!((at(9, 5), at(10, 4), at(17, 9), at(18, 9), at(19, 9)), (255, 0, 0, 128, 255), "half of a pixel is half as dark");
        assert_eq!((at(30, 10), at(30, 3)), (0, 255));
    }

    #[test]
    fn a_letter_is_as_large_as_is_said() {
        assert_eq!(letter('M').map(<[u8]>::len), Some(PIXELS.0 * PIXELS.1));
        assert_eq!(letter('日'), None);
    }

    #[test]
    fn letters_are_drawn_and_what_is_outside_does_no_harm() {
        let text = |at, anchor, upwards| Mark::Text { at, content: "Hg–日".into(), size: 13.0, fill: BLACK, anchor, upwards };
        for (anchor, upwards) in [(Anchor::Start, false), (Anchor::Middle, false), (Anchor::End, false), (Anchor::Start, true)] {
            for at in [(10.0, 9.0), (-50.0, -50.0), (500.0, 500.0)] {
                let drawn = pixels(vec![text(at, anchor, upwards)]).rgb.iter().any(|byte| *byte < 100);
                assert_eq!(drawn, at == (10.0, 9.0), "{anchor:?} {upwards} {at:?}");
            }
        }
    }

    #[test]
    fn a_picture_that_would_fill_the_memory_is_refused() {
        let error = raster(&Drawing { title: String::new(), width: 1e6, height: 10.0, marks: vec![] }, Tones::Paper).unwrap_err();
        assert_eq!(error.to_string(), "the picture would be 2000000 by 20 pixels large");
    }

    #[test]
    fn a_picture_is_made_smaller_in_its_proportions() {
        let half = |row: usize| if row < 2 { [0, 100, 200] } else { [255, 255, 255] };
        let picture = Raster { width: 6, height: 4, rgb: (0..4).flat_map(|row| half(row).repeat(6)).collect() };
        let small = picture.within(100, 2);
        assert_eq!((small.width, small.height), (3, 2));
        assert_eq!(small.rgb, [[0, 100, 200].repeat(3), [255; 9].to_vec()].concat());
        assert_eq!(picture.within(600, 400), picture);
        let mixed = picture.within(1, 1);
        assert_eq!((mixed.width, mixed.height, mixed.rgb.len()), (1, 1, 3));
    }

    #[test]
    fn at_night_paper_is_dark_ink_is_light_and_colours_stay_apart() {
        let bright = |colour: Colour| u32::from(colour.0) + u32::from(colour.1) + u32::from(colour.2);
        let night = |colour| Tones::Night.of(colour);
        assert_eq!(Tones::Paper.of(super::super::BLUE), super::super::BLUE);
        assert!(bright(night(super::super::PAPER)) < 100 && bright(night(super::super::INK)) > 500);
        let (blue, orange) = (night(super::super::BLUE), night(super::super::ORANGE));
        assert!(blue.2 > blue.0 + 50 && orange.0 > orange.2 + 50, "{blue:?} {orange:?}");
        // Readable on the paper.
        assert!(bright(blue) > 350 && bright(orange) > 350);
    }
}

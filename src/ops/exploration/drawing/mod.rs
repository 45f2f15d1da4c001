//! Pictures as files. A picture is first made of a few kinds of marks ([`Drawing`]), whatever it shows; then the marks are written as SVG or
//! as PNG. They are readable without colour (lengths, whiskers and labels carry everything) and for the colour-blind (blue and orange).

mod bars;
mod matrix;
mod pairs;
mod png;
mod raster;
mod stories;
mod svg;

pub use self::png::{PngError, encode, png};
pub use self::raster::{PIXELS, Raster, Tones, TooLarge, letter, raster};
pub use self::svg::svg;

use super::Found;

/// A picture made of marks, on white. Lengths are in pixels of a screen of ordinary resolution.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// What it shows.
    pub title: String,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// What it is made of, the topmost last.
    pub marks: Vec<Mark>,
}

/// A part of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A filled rectangle.
    Rectangle {
        /// Left upper corner.
        at: (f64, f64),
        /// Width and height.
        size: (f64, f64),
        /// Colour.
        fill: Colour,
    },
    /// A straight line.
    Line {
        /// Its begin.
        from: (f64, f64),
        /// Its end.
        to: (f64, f64),
        /// Colour.
        stroke: Colour,
        /// How thick it is.
        width: f64,
    },
    /// A filled circle.
    Circle {
        /// Its centre.
        centre: (f64, f64),
        /// Its radius.
        radius: f64,
        /// Colour.
        fill: Colour,
    },
    /// A line of text.
    Text {
        /// Where on the base line the anchor is.
        at: (f64, f64),
        /// The text.
        content: String,
        /// Height of the font.
        size: f64,
        /// Colour.
        fill: Colour,
        /// Which end of the text is there.
        anchor: Anchor,
        /// Whether it is read upwards.
        upwards: bool,
    },
}

/// Which end of a text is where it is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its begin.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

const BLUE: Colour = Colour(0x2f, 0x6f, 0x9f);
const ORANGE: Colour = Colour(0xc8, 0x69, 0x1c);
const INK: Colour = Colour(0x22, 0x22, 0x22);
const QUIET: Colour = Colour(0x66, 0x66, 0x66);
const RULE: Colour = Colour(0xd0, 0xd0, 0xd0);
const PAPER: Colour = Colour(0xff, 0xff, 0xff);

/// Width of a letter at the height of [`TEXT`], about.
const LETTER: f64 = 7.2;
/// Height of a title.
const TITLE: f64 = 16.0;
/// Height of labels.
const TEXT: f64 = 13.0;
/// Height of what is less important.
const NOTE: f64 = 12.0;

/// Draws what was found.
pub fn drawing(found: &Found) -> Drawing {
    match found {
        Found::Picture(picture) => bars::picture(picture),
        Found::Correlations(correlations) => pairs::correlations(correlations),
        Found::Matrix(found) => matrix::matrix(found),
        Found::Density(density) => pairs::density(density),
        Found::Order(order) => stories::order(order),
        Found::Findings(findings) => stories::findings(findings),
    }
}

impl Drawing {
    fn new(title: String, width: f64, height: f64) -> Drawing {
        Drawing { title, width, height, marks: Vec::new() }
    }

    fn rectangle(&mut self, at: (f64, f64), size: (f64, f64), fill: Colour) {
        self.marks.push(Mark::Rectangle { at, size, fill });
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Colour, width: f64) {
        self.marks.push(Mark::Line { from, to, stroke, width });
    }

    fn circle(&mut self, centre: (f64, f64), radius: f64, fill: Colour) {
        self.marks.push(Mark::Circle { centre, radius, fill });
    }

    fn text(&mut self, at: (f64, f64), anchor: Anchor, (size, fill): (f64, Colour), content: impl Into<String>) {
        self.marks.push(Mark::Text { at, content: content.into(), size, fill, anchor, upwards: false });
    }

    fn text_upwards(&mut self, at: (f64, f64), (size, fill): (f64, Colour), content: impl Into<String>) {
        self.marks.push(Mark::Text { at, content: content.into(), size, fill, anchor: Anchor::Start, upwards: true });
    }

    /// An empty rectangle.
    fn frame(&mut self, (x, y): (f64, f64), (width, height): (f64, f64)) {
        let corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)];
        for (at, corner) in corners.iter().enumerate() {
            self.line(*corner, corners[(at + 1) % 4], RULE, 1.0);
        }
    }
}

/// Columns of the longest of some labels, with a gap.
fn labels_width<'a>(labels: impl Iterator<Item = &'a str>) -> f64 {
    labels.map(|label| label.chars().count()).max().unwrap_or(4).clamp(4, 48) as f64 * LETTER + 16.0
}

/// A number on an axis.
fn plain(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// White at 0, blue towards 1, orange towards -1.
fn shade(value: f64) -> Colour {
    let full = if value >= 0.0 { BLUE } else { ORANGE };
    let share = value.abs().min(1.0);
    // Each is between 0 and 255.
    let channel = |full: u8| (255.0 - (255.0 - f64::from(full)) * share).round() as u8;
    Colour(channel(full.0), channel(full.1), channel(full.2))
}

//! A frame as a picture: as one that scales, the cells as text in SVG with their colours, and as pixels (PNG) for programs that show nothing
//! else.

mod png;
mod shapes;

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

#[cfg(test)]
pub(in crate::ui) use png::draws;
pub use png::{PictureError, png};

/// Width of a cell.
const WIDTH: f64 = 8.4;
/// Height of a cell.
const HEIGHT: f64 = 18.0;
/// From the top of a cell to the foot of its letters.
const FOOT: f64 = 13.5;
/// Space around the cells.
const MARGIN: f64 = 12.0;

/// The frame as SVG. `back` and `front` are the colours of a terminal that has none of its own.
pub fn svg(buffer: &Buffer, back: (u8, u8, u8), front: (u8, u8, u8)) -> String {
    let area = buffer.area;
    let (width, height) = (f64::from(area.width) * WIDTH + 2.0 * MARGIN, f64::from(area.height) * HEIGHT + 2.0 * MARGIN);
    let colours = Colours { back: hex(back), front: hex(front) };
    let ground = Colours::of(buffer[(area.left(), area.top())].bg, &colours.back);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-size=\"14\" \
         font-family=\"'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace\" xml:space=\"preserve\">\n\
         <rect width=\"{width:.0}\" height=\"{height:.0}\" rx=\"8\" fill=\"{ground}\"/>\n"
    );
    for y in area.top()..area.bottom() {
        let mut x = area.left();
        while x < area.right() {
            let run = Run::at(buffer, x, y, &colours);
            run.write(&mut out, f64::from(y - area.top()), f64::from(x - area.left()), &ground);
            x += run.cells.max(1);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Cells of one look, beside each other.
struct Run {
    text: String,
    cells: u16,
    back: String,
    front: String,
    modifier: Modifier,
}

impl Run {
    fn at(buffer: &Buffer, x: u16, y: u16, colours: &Colours) -> Run {
        let first = &buffer[(x, y)];
        let look = |cell: &Cell| {
            let (mut back, mut front) = (Colours::of(cell.bg, &colours.back), Colours::of(cell.fg, &colours.front));
            if cell.modifier.contains(Modifier::REVERSED) {
                std::mem::swap(&mut back, &mut front);
            }
            (back, front, cell.modifier)
        };
        let (back, front, modifier) = look(first);
        let mut run = Run { text: String::new(), cells: 0, back, front, modifier };
        while x + run.cells < buffer.area.right() {
            let cell = &buffer[(x + run.cells, y)];
            let (back, front, modifier) = look(cell);
            if (&back, &front, modifier) != (&run.back, &run.front, run.modifier) {
                break;
            }
            run.text.push_str(cell.symbol());
            run.cells += (cell.symbol().width() as u16).max(1);
        }
        run
    }

    fn write(&self, out: &mut String, row: f64, column: f64, ground: &str) {
        let (x, y) = (MARGIN + column * WIDTH, MARGIN + row * HEIGHT);
        let width = f64::from(self.cells) * WIDTH;
        if self.back != ground {
            let _ = writeln!(out, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\" fill=\"{}\"/>", self.back);
        }
        if self.text.trim().is_empty() {
            return;
        }
        let mut look = String::new();
        if self.modifier.contains(Modifier::BOLD) {
            look.push_str(" font-weight=\"bold\"");
        }
        if self.modifier.contains(Modifier::ITALIC) {
            look.push_str(" font-style=\"italic\"");
        }
        if self.modifier.contains(Modifier::UNDERLINED) {
            look.push_str(" text-decoration=\"underline\"");
        }
        if self.modifier.contains(Modifier::DIM) {
            look.push_str(" opacity=\"0.6\"");
        }
        // The length is said, so that a font of another width keeps the columns.
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" fill=\"{}\"{look}>{}</text>",
            y + FOOT,
            self.front,
            escaped(&self.text)
        );
    }
}

struct Colours {
    back: String,
    front: String,
}

impl Colours {
    /// A colour as SVG has it; `otherwise` is that of a terminal that was told none.
    fn of(colour: Color, otherwise: &str) -> String {
        rgb(colour).map_or_else(|| otherwise.to_owned(), hex)
    }
}

/// Red, green and blue of a colour; `None` where it is the terminal's own. The sixteen are those of xterm.
pub(in crate::ui) fn rgb(colour: Color) -> Option<(u8, u8, u8)> {
    Some(match colour {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(at) => indexed(at),
        Color::Black => indexed(0),
        Color::Red => indexed(1),
        Color::Green => indexed(2),
        Color::Yellow => indexed(3),
        Color::Blue => indexed(4),
        Color::Magenta => indexed(5),
        Color::Cyan => indexed(6),
        Color::Gray => indexed(7),
        Color::DarkGray => indexed(8),
        Color::LightRed => indexed(9),
        Color::LightGreen => indexed(10),
        Color::LightYellow => indexed(11),
        Color::LightBlue => indexed(12),
        Color::LightMagenta => indexed(13),
        Color::LightCyan => indexed(14),
        Color::White => indexed(15),
    })
}

/// A colour of xterm's palette: sixteen, a cube of six by six by six, and greys.
fn indexed(at: u8) -> (u8, u8, u8) {
    const SIXTEEN: [(u8, u8, u8); 16] = [
        (0, 0, 0),
        (205, 0, 0),
        (0, 205, 0),
        (205, 205, 0),
        (0, 0, 238),
        (205, 0, 205),
        (0, 205, 205),
        (229, 229, 229),
        (127, 127, 127),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (92, 92, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ];
    let step = |level: u8| if level == 0 { 0 } else { 55 + 40 * level };
    match at {
        0..=15 => SIXTEEN[usize::from(at)],
        16..=231 => {
            let at = at - 16;
            (step(at / 36), step(at / 6 % 6), step(at % 6))
        }
        _ => {
            let grey = 8 + 10 * (at - 232);
            (grey, grey, grey)
        }
    }
}

fn hex((r, g, b): (u8, u8, u8)) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn a_frame_is_its_text_with_its_colours() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(0, 0, "a < b", Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD));
        buffer.set_string(0, 1, "日本", Style::new().fg(Color::Red).bg(Color::Indexed(231)));
        let svg = svg(&buffer, (0, 0, 0), (200, 200, 200));
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("fill=\"#010203\" font-weight=\"bold\">a &lt; b</text>"), "{svg}");
        assert!(svg.contains("fill=\"#ffffff\"/>") && svg.contains("textLength=\"33.6\" fill=\"#cd0000\">日本</text>"), "{svg}");
        let elements = svg.matches("<text").count();
        assert_eq!(elements, 2, "blanks are not written: {svg}");
    }

    #[test]
    fn the_palette_is_xterm_s() {
        assert_eq!((indexed(16), indexed(196), indexed(231), indexed(255)), ((0, 0, 0), (255, 0, 0), (255, 255, 255), (238, 238, 238)));
    }
}

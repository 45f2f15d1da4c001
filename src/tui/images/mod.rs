//! Pictures as images in the terminal: the protocols of kitty, of iTerm2, and Sixel.
//!
//! An image stands on cells that nothing is written to. kitty's are removed by a command of their own; those of the others go when the cells
//! are written anew.

mod sixel;

use std::io::{self, Write};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::layout::Rect;

use crate::app::explore::{Image, Order};
use crate::ops::exploration::Found;
use crate::ops::exploration::drawing::{Raster, drawing, encode, raster};

/// Bytes of base64 in a command of kitty's, at most: <https://sw.kovidgoyal.net/kitty/graphics-protocol/>.
const PIECE: usize = 4096;
/// The number of our image, in kitty's protocol.
const NUMBER: u32 = 7_326;
/// Pixels of a cell when the terminal does not tell.
const CELL: (usize, usize) = (10, 20);

/// How a terminal is given an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Kitty,
    Iterm2,
    Sixel,
}

impl Protocol {
    /// The word of the setting.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Protocol::Kitty => "kitty",
            Protocol::Iterm2 => "iterm2",
            Protocol::Sixel => "sixel",
        }
    }
}

/// The protocol that `screen.images` names; for `auto`, the one of the terminal that the environment tells of. A multiplexer keeps images from
/// its terminal, so there is none in one.
pub(super) fn protocol(setting: &str, variable: impl Fn(&str) -> Option<String>) -> Option<Protocol> {
    match setting {
        "kitty" => return Some(Protocol::Kitty),
        "iterm2" => return Some(Protocol::Iterm2),
        "sixel" => return Some(Protocol::Sixel),
        "auto" => {}
        _ => return None,
    }
    let text = |name: &str| variable(name).filter(|value| !value.is_empty());
    let term = text("TERM").unwrap_or_default();
    if text("TMUX").is_some()
        || text("STY").is_some()
        || text("NO_COLOR").is_some()
        || term.starts_with("tmux")
        || term.starts_with("screen")
    {
        return None;
    }
    let program = text("TERM_PROGRAM").unwrap_or_default();
    if text("KITTY_WINDOW_ID").is_some() || matches!(term.as_str(), "xterm-kitty" | "xterm-ghostty") || program == "ghostty" {
        Some(Protocol::Kitty)
    } else if matches!(program.as_str(), "iTerm.app" | "WezTerm" | "mintty") || text("LC_TERMINAL").as_deref() == Some("iTerm2") {
        Some(Protocol::Iterm2)
    } else if term.starts_with("foot") || term.starts_with("mlterm") || term.starts_with("contour") {
        Some(Protocol::Sixel)
    } else {
        None
    }
}

/// Makes the image that is wanted. It takes tens of milliseconds.
pub(super) fn draw(protocol: Option<Protocol>, found: &Found, order: &Order) -> Result<Image, String> {
    let protocol = protocol.ok_or("the terminal shows no images")?;
    let pixels = raster(&drawing(found), order.tones).map_err(|error| error.to_string())?;
    ready(protocol, &pixels, order.room, cell()).map_err(|error| error.to_string())
}

/// Width and height of a cell in pixels.
fn cell() -> (usize, usize) {
    let told = crossterm::terminal::window_size().ok().filter(|size| size.columns > 0 && size.rows > 0);
    let size = told.map(|size| (usize::from(size.width / size.columns), usize::from(size.height / size.rows)));
    size.filter(|(width, height)| *width > 0 && *height > 0).unwrap_or(CELL)
}

/// What shows some pixels within so many columns and rows.
fn ready(protocol: Protocol, pixels: &Raster, room: (u16, u16), cell: (usize, usize)) -> io::Result<Image> {
    let pixels = pixels.within(usize::from(room.0) * cell.0, usize::from(room.1) * cell.1);
    // No more than the room has.
    let size = (pixels.width.div_ceil(cell.0) as u16, pixels.height.div_ceil(cell.1) as u16);
    let mut bytes = Vec::new();
    match protocol {
        Protocol::Kitty => kitty(&encode(&pixels)?, &mut bytes)?,
        Protocol::Iterm2 => {
            let file = encode(&pixels)?;
            let (width, height) = (pixels.width, pixels.height);
            write!(bytes, "\x1b]1337;File=inline=1;size={};width={width}px;height={height}px;doNotMoveCursor=1:", file.len())?;
            bytes.extend(STANDARD.encode(&file).into_bytes());
            bytes.push(0x07);
        }
        Protocol::Sixel => sixel::encode(&pixels, &mut bytes)?,
    }
    Ok(Image { size, bytes })
}

fn kitty(file: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let text = STANDARD.encode(file);
    let mut pieces = text.as_bytes().chunks(PIECE).peekable();
    let mut first = true;
    while let Some(piece) = pieces.next() {
        let more = u8::from(pieces.peek().is_some());
        if first {
            // Sent and shown at once, quietly, without moving the cursor.
            write!(out, "\x1b_Ga=T,f=100,i={NUMBER},p=1,q=2,C=1,m={more};")?;
        } else {
            write!(out, "\x1b_Gm={more};")?;
        }
        first = false;
        out.extend(piece);
        out.extend(b"\x1b\\");
    }
    Ok(())
}

/// The image that is on the screen.
#[derive(Debug, Default)]
pub(super) struct Placed {
    protocol: Option<Protocol>,
    on: Option<(Rect, Arc<Image>)>,
}

impl Placed {
    pub(super) fn new(protocol: Option<Protocol>) -> Placed {
        Placed { protocol, on: None }
    }

    fn is(&self, wanted: Option<&(Rect, Arc<Image>)>) -> bool {
        match (&self.on, wanted) {
            (Some((area, image)), Some((place, new))) => area == place && Arc::ptr_eq(image, new),
            (None, None) => true,
            _ => false,
        }
    }

    /// Whether the screen has to be written anew before `wanted` is what is on it.
    pub(super) fn is_in_the_way_of(&self, wanted: Option<&(Rect, Arc<Image>)>) -> bool {
        self.on.is_some() && self.protocol != Some(Protocol::Kitty) && !self.is(wanted)
    }

    /// The screen was cleared, and the image with it.
    pub(super) fn forget(&mut self) {
        self.on = None;
    }

    /// What makes `wanted` the image on the screen; nothing when it is.
    pub(super) fn change(&mut self, wanted: Option<&(Rect, Arc<Image>)>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if self.is(wanted) {
            return Ok(bytes);
        }
        if self.on.is_some() && self.protocol == Some(Protocol::Kitty) {
            write!(bytes, "\x1b_Ga=d,d=I,i={NUMBER},q=2\x1b\\")?;
        }
        if let Some((area, image)) = wanted {
            // The cursor goes back to where it was.
            write!(bytes, "\x1b7\x1b[{};{}H", area.y + 1, area.x + 1)?;
            bytes.extend(&image.bytes);
            bytes.extend(b"\x1b8");
        }
        self.on = wanted.cloned();
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_protocol_follows_the_setting_and_the_terminal() {
        let of = |setting: &str, pairs: &'static [(&'static str, &'static str)]| {
            protocol(setting, move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of("auto", &[("TERM", "xterm-256color")]), None);
        assert_eq!(of("auto", &[("TERM", "xterm-kitty")]), Some(Protocol::Kitty));
        assert_eq!(of("auto", &[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm")]), Some(Protocol::Iterm2));
        assert_eq!(of("auto", &[("TERM", "foot")]), Some(Protocol::Sixel));
        assert_eq!(of("auto", &[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1")]), None, "a multiplexer keeps images to itself");
        assert_eq!(of("off", &[("TERM", "xterm-kitty")]), None);
        assert_eq!(of("sixel", &[("TERM", "xterm")]), Some(Protocol::Sixel));
    }

    fn grey(width: usize, height: usize) -> Raster {
        Raster { width, height, rgb: (0..width * height * 3).map(|at| (at * 31 % 251) as u8).collect() }
    }

    /// The payload of kitty's commands, which follow the rules of the protocol.
    fn payload(bytes: &[u8]) -> Vec<u8> {
        let text = std::str::from_utf8(bytes).unwrap();
        let commands: Vec<&str> = text.split_terminator("\x1b\\").collect();
        let mut whole = String::new();
        for (at, command) in commands.iter().enumerate() {
            let (head, piece) = command.strip_prefix("\x1b_G").unwrap().split_once(';').unwrap();
            assert_eq!(head.contains("a=T"), at == 0);
            assert!(head.ends_with(if at + 1 == commands.len() { "m=0" } else { "m=1" }) && piece.len() <= PIECE);
            whole.push_str(piece);
        }
        STANDARD.decode(whole).unwrap()
    }

    #[test]
    fn an_image_fits_its_room_in_every_protocol() {
        let pixels = grey(600, 200);
        let image = ready(Protocol::Kitty, &pixels, (30, 12), (10, 20)).unwrap();
        assert_eq!(image.size, (30, 5), "300 by 100 pixels");
        assert_eq!(payload(&image.bytes), encode(&pixels.within(300, 240)).unwrap());
        let image = ready(Protocol::Iterm2, &pixels, (30, 12), (10, 20)).unwrap();
        let text = String::from_utf8(image.bytes).unwrap();
        let (head, file) = text.split_once(':').unwrap();
        assert!(head.starts_with("\x1b]1337;File=inline=1;") && head.contains("width=300px;height=100px"), "{head:?}");
        assert_eq!(STANDARD.decode(file.strip_suffix('\x07').unwrap()).unwrap(), encode(&pixels.within(300, 240)).unwrap());
        let image = ready(Protocol::Sixel, &pixels, (30, 12), (10, 20)).unwrap();
        assert!(image.bytes.starts_with(b"\x1bP") && image.bytes.ends_with(b"\x1b\\"));
    }

    #[test]
    fn an_image_is_sent_once_and_removed_when_it_goes() {
        let image = |byte: u8| Arc::new(Image { size: (2, 1), bytes: vec![byte] });
        let area = Rect::new(4, 2, 20, 10);
        let (one, two) = ((area, image(b'1')), (area, image(b'2')));
        let mut placed = Placed::new(Some(Protocol::Kitty));
        assert_eq!(placed.change(Some(&one)).unwrap(), b"\x1b7\x1b[3;5H1\x1b8");
        assert!(placed.change(Some(&one)).unwrap().is_empty() && !placed.is_in_the_way_of(Some(&two)));
        let changed = String::from_utf8(placed.change(Some(&two)).unwrap()).unwrap();
        assert!(changed.starts_with("\x1b_Ga=d,") && changed.ends_with("2\x1b8"), "{changed:?}");
        assert!(placed.change(None).unwrap().starts_with(b"\x1b_Ga=d,"));
        assert!(placed.change(None).unwrap().is_empty());
        // The cells of the others are written anew.
        let mut placed = Placed::new(Some(Protocol::Sixel));
        placed.change(Some(&one)).unwrap();
        assert!(placed.is_in_the_way_of(None) && placed.is_in_the_way_of(Some(&two)) && !placed.is_in_the_way_of(Some(&one)));
        placed.forget();
        assert!(!placed.is_in_the_way_of(None) && placed.change(None).unwrap().is_empty());
    }
}

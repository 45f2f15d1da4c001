//! What has to be true of every frame, whatever it shows: its text can be read, no state is told by a colour alone, and a picture of it has
//! all its characters. Every snapshot is held against it, in several themes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::draw_on;
use super::picture::{draws, rgb};
use super::theme::{Depth, Role, Theme};
use super::theme_tests::least;
use super::vision::{Rgb, contrast};
use crate::app::Model;

/// A frame as it is drawn.
pub(in crate::ui) fn frame(model: &Model, theme: &str, (width, height): (u16, u16)) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let mut model = model.clone();
    model.size = (width, height);
    draw_on(&mut buffer, &model, &Theme::named(theme, Depth::True));
    buffer
}

/// The lines of an area of a frame, without blanks at their ends.
pub(in crate::ui) fn lines(buffer: &Buffer, area: Rect) -> Vec<String> {
    let line = |y| {
        let mut line = String::new();
        let mut x = area.left();
        while x < area.right() {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += (crate::app::text_width::width(symbol) as u16).max(1);
        }
        line.trim_end().to_owned()
    };
    (area.top()..area.bottom()).map(line).collect()
}

/// Checks a frame of a theme that has colours.
pub(in crate::ui) fn check(buffer: &Buffer, theme: &str) {
    let colours = Theme::named(theme, Depth::True);
    text_can_be_read(buffer, theme, &colours);
    // In others a state may have the colour of something else.
    if theme == "dark" {
        states_have_marks(buffer, &colours);
        pictures_are_whole(buffer);
    }
}

/// The colours of a character and of what is behind it.
fn seen(cell: &Cell, ground: (Rgb, Rgb)) -> (Rgb, Rgb) {
    let (front, back) = (rgb(cell.fg).unwrap_or(ground.0), rgb(cell.bg).unwrap_or(ground.1));
    if cell.modifier.contains(Modifier::REVERSED) { (back, front) } else { (front, back) }
}

fn text_can_be_read(buffer: &Buffer, theme: &str, colours: &Theme) {
    let base = colours.style(Role::Base);
    let ground = (rgb(base.fg.unwrap()).unwrap(), rgb(base.bg.unwrap()).unwrap());
    for position in buffer.area.positions() {
        let cell = &buffer[position];
        if !cell.symbol().chars().any(char::is_alphanumeric) {
            continue;
        }
        let (front, back) = seen(cell, ground);
        let ratio = contrast(front, back);
        assert!(
            ratio >= least(theme),
            "{theme}: `{}` at {position} has a contrast of {ratio:.2}\n{}",
            cell.symbol(),
            lines(buffer, buffer.area).join("\n")
        );
    }
}

/// A number in the colour of a state is no more than a number to who does not see the colour: in its line there has to be a mark or a word
/// that says the same.
fn states_have_marks(buffer: &Buffer, colours: &Theme) {
    let state = |cell: &Cell| {
        let plain = cell.bg == colours.style(Role::Base).bg.unwrap_or_default();
        let quiet = !cell.modifier.intersects(Modifier::UNDERLINED | Modifier::REVERSED);
        plain && quiet && [Role::Good, Role::Warn, Role::Bad].iter().any(|role| colours.style(*role).fg == Some(cell.fg))
    };
    // A sentence goes on in the line below.
    let mut goes_on = false;
    for y in buffer.area.top()..buffer.area.bottom() {
        let cells = (buffer.area.left()..buffer.area.right()).map(|x| &buffer[(x, y)]);
        let told: String = cells.filter(|cell| state(cell)).map(Cell::symbol).collect();
        let figures = told.chars().any(|c| c.is_ascii_digit());
        let says = told.chars().any(|c| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '%' | ' '));
        assert!(!figures || says || goes_on, "line {y} tells a state by colour alone: `{told}`\n{}", lines(buffer, buffer.area).join("\n"));
        goes_on = says;
    }
}

/// Marks and lines have a shape in the PNG; letters of scripts that its font has not are boxes there.
fn pictures_are_whole(buffer: &Buffer) {
    for cell in &buffer.content {
        let character = cell.symbol().chars().next().unwrap_or(' ');
        let own = matches!(u32::from(character), 0..=0x24f | 0x2010..=0x2bff);
        assert!(!own || draws(character), "`{character}` ({:x}) is an empty box in a picture", u32::from(character));
    }
}

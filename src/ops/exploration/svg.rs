//! Pictures as SVG: readable without colour (lengths, whiskers and labels carry everything) and for the colour-blind (blue and orange).

use std::fmt::Write as _;

use super::{Correlations, Density, Picture};
use crate::demo::figures;

const BLUE: &str = "#2f6f9f";
const ORANGE: &str = "#c8691c";
const INK: &str = "#222222";
const QUIET: &str = "#666666";
const LINE: &str = "#d0d0d0";
/// Width of a letter of the font at 13 px, about.
const LETTER: f64 = 7.2;

/// Values or ranges with their rows, and the share of yes of each with its interval.
pub fn picture(picture: &Picture) -> String {
    const ROW: f64 = 22.0;
    let labels = picture.bars.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(4) as f64 * LETTER + 16.0;
    let (left, right, gap) = (320.0, 260.0, 96.0);
    let width = labels + left + gap + right + 80.0;
    let top = 64.0;
    let height = top + ROW * picture.bars.len() as f64 + 30.0;
    let mut svg = start(width, height, &format!("{} and {}", picture.column.name, picture.by));
    text(&mut svg, 12.0, 22.0, INK, 16.0, "start", &format!("{} — {} rows", picture.column.name, figures::count(picture.rows)));
    text(&mut svg, labels, 50.0, QUIET, 12.0, "start", "rows");
    let rates = labels + left + gap;
    let base = figures::percent(picture.base_rate);
    text(
        &mut svg,
        rates,
        50.0,
        QUIET,
        12.0,
        "start",
        &format!("share of yes with its 95 % interval; the line is the share of all, {base}"),
    );
    let most = picture.bars.iter().map(|bar| bar.rows).max().unwrap_or(1).max(1) as f64;
    let highest = picture.bars.iter().map(|bar| bar.rate_high).fold(picture.base_rate, f64::max).max(1e-9);
    let base_x = rates + picture.base_rate / highest * right;
    let bottom = top + ROW * picture.bars.len() as f64;
    line(&mut svg, (base_x, top), (base_x, bottom), QUIET, 1.0);
    for (place, bar) in picture.bars.iter().enumerate() {
        let y = top + ROW * place as f64;
        let middle = y + ROW / 2.0;
        text(&mut svg, labels - 8.0, middle + 4.5, INK, 13.0, "end", &bar.label);
        rectangle(&mut svg, labels, y + 3.0, bar.rows as f64 / most * left, ROW - 6.0, BLUE);
        text(&mut svg, labels + bar.rows as f64 / most * left + 6.0, middle + 4.5, QUIET, 12.0, "start", &figures::count(bar.rows));
        let at = |share: f64| rates + share / highest * right;
        line(&mut svg, (at(bar.rate_low), middle), (at(bar.rate_high), middle), ORANGE, 1.5);
        let _ = write!(svg, r#"<circle cx="{:.1}" cy="{middle:.1}" r="4" fill="{ORANGE}"/>"#, at(bar.rate));
        text(&mut svg, rates + right + 12.0, middle + 4.5, INK, 12.0, "start", &figures::percent(bar.rate));
    }
    finish(svg)
}

/// A heat map with the coefficients in it: blue together, orange against each other.
pub fn correlations(correlations: &Correlations) -> String {
    const CELL: f64 = 58.0;
    let names = &correlations.columns;
    let labels = names.iter().map(|name| name.chars().count()).max().unwrap_or(4) as f64 * LETTER + 16.0;
    let side = CELL * names.len() as f64;
    let mut svg = start(labels + side + 20.0, labels + side + 20.0, "How the numbers move together");
    for (row, name) in names.iter().enumerate() {
        let middle = CELL * (row as f64 + 0.5);
        text(&mut svg, labels - 8.0, labels + middle + 4.5, INK, 13.0, "end", name);
        let x = labels + middle + 4.5;
        let _ = write!(
            svg,
            r#"<text transform="translate({x:.1},{:.1}) rotate(-90)" fill="{INK}" font-size="13">{}</text>"#,
            labels - 8.0,
            escaped(name)
        );
        for (column, value) in correlations.matrix[row].iter().enumerate() {
            let (x, y) = (labels + CELL * column as f64, labels + CELL * row as f64);
            let size = value.unwrap_or(0.0);
            rectangle(&mut svg, x, y, CELL - 1.0, CELL - 1.0, &shade(size));
            let ink = if size.abs() > 0.6 { "#ffffff" } else { INK };
            let label = value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
            text(&mut svg, x + CELL / 2.0, y + CELL / 2.0 + 4.5, ink, 13.0, "middle", &label);
        }
    }
    finish(svg)
}

/// Cells as dark as they are full, on a logarithmic scale: few rows stay visible beside many.
pub fn density(density: &Density) -> String {
    let edges = |values: &mut dyn Iterator<Item = f64>, step: f64| {
        let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
        (least, most + step)
    };
    let (x_least, x_most) = edges(&mut density.cells.iter().map(|cell| cell.x), density.x_step);
    let (y_least, y_most) = edges(&mut density.cells.iter().map(|cell| cell.y), density.y_step);
    let (left, top, width, height) = (90.0, 24.0, 560.0, 420.0);
    let mut svg = start(left + width + 30.0, top + height + 60.0, &format!("{} and {}", density.x, density.y));
    let most = density.cells.iter().map(|cell| cell.rows).max().unwrap_or(1) as f64;
    for cell in &density.cells {
        let x = left + (cell.x - x_least) / (x_most - x_least) * width;
        let y = top + height - (cell.y + density.y_step - y_least) / (y_most - y_least) * height;
        let full = (cell.rows as f64 + 1.0).ln() / (most + 1.0).ln();
        let (cell_width, cell_height) = (density.x_step / (x_most - x_least) * width, density.y_step / (y_most - y_least) * height);
        rectangle(&mut svg, x, y, cell_width, cell_height, &shade(full));
    }
    let _ = write!(svg, r#"<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="{LINE}"/>"#);
    for (share, anchor) in [(0.0, "start"), (1.0, "end")] {
        text(&mut svg, left + share * width, top + height + 18.0, QUIET, 12.0, anchor, &plain(x_least + share * (x_most - x_least)));
        text(
            &mut svg,
            left - 8.0,
            top + height - share * (height - 12.0),
            QUIET,
            12.0,
            "end",
            &plain(y_least + share * (y_most - y_least)),
        );
    }
    text(&mut svg, left + width / 2.0, top + height + 42.0, INK, 13.0, "middle", &density.x);
    text(&mut svg, left - 8.0, top + height / 2.0, INK, 13.0, "end", &density.y);
    finish(svg)
}

/// White at 0, blue towards 1, orange towards -1.
fn shade(value: f64) -> String {
    let full = if value >= 0.0 { [47.0, 111.0, 159.0] } else { [200.0, 105.0, 28.0] };
    let share = value.abs().min(1.0);
    // Each is between 0 and 255.
    let [r, g, b] = full.map(|channel| (255.0 - (255.0 - channel) * share).round() as u8);
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn plain(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn start(width: f64, height: f64, title: &str) -> String {
    let title = escaped(title);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" font-family="Helvetica, Arial, sans-serif" role="img"><title>{title}</title><rect width="100%" height="100%" fill="#ffffff"/>"##
    )
}

fn finish(mut svg: String) -> String {
    svg.push_str("</svg>\n");
    svg
}

fn text(svg: &mut String, x: f64, y: f64, colour: &str, size: f64, anchor: &str, content: &str) {
    // Writing to a text cannot fail.
    let _ =
        write!(svg, r#"<text x="{x:.1}" y="{y:.1}" fill="{colour}" font-size="{size}" text-anchor="{anchor}">{}</text>"#, escaped(content));
}

fn rectangle(svg: &mut String, x: f64, y: f64, width: f64, height: f64, colour: &str) {
    let _ = write!(svg, r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{colour}"/>"#);
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
    let _ = write!(
        svg,
        r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{colour}" stroke-width="{width}"/>"#,
        from.0, from.1, to.0, to.1
    );
}

/// Text between tags; control characters, which XML does not take, become the replacement character.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ops::exploration::{Bar, Column};

    #[test]
    fn whatever_a_value_holds_the_picture_is_xml() {
        let bars = vec![Bar::new("<a & \"b\">\u{7}".into(), None, 10, 3), Bar::new("plain".into(), None, 5, 0)];
        let column = Column { name: "job".into(), numeric: false };
        let drawn = picture(&Picture { column, by: "y".into(), rows: 15, base_rate: 0.2, bars, classes: vec![], sql: vec![] });
        let mut reader = quick_xml::Reader::from_str(&drawn);
        let mut texts = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Text(text) => texts.push(text.unescape().unwrap().into_owned()),
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert!(texts.contains(&"<a & \"b\">\u{fffd}".to_owned()), "{texts:?}");
        assert!(texts.contains(&"30.0 %".to_owned()), "{texts:?}");
    }
}

//! A drawing as SVG.

use std::fmt::Write as _;

use super::{Anchor, Colour, Drawing, Mark};

/// Writes a drawing.
pub fn svg(drawing: &Drawing) -> String {
    let (width, height, title) = (drawing.width, drawing.height, escaped(&drawing.title));
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" font-family="Helvetica, Arial, sans-serif" role="img"><title>{title}</title><rect width="100%" height="100%" fill="#ffffff"/>"##
    );
    for mark in &drawing.marks {
        write_mark(&mut svg, mark);
    }
    svg.push_str("</svg>\n");
    svg
}

fn write_mark(svg: &mut String, mark: &Mark) {
    // Writing to a text cannot fail.
    let _ = match mark {
        Mark::Rectangle { at: (x, y), size: (width, height), fill } => {
            write!(svg, r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{}"/>"#, hex(*fill))
        }
        Mark::Line { from, to, stroke, width } => write!(
            svg,
            r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{}" stroke-width="{width}"/>"#,
            from.0,
            from.1,
            to.0,
            to.1,
            hex(*stroke)
        ),
        Mark::Circle { centre: (x, y), radius, fill } => {
            write!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{}"/>"#, hex(*fill))
        }
        Mark::Text { at: (x, y), content, size, fill, anchor, upwards } => {
            let place = match upwards {
                false => format!(r#"x="{x:.1}" y="{y:.1}""#),
                true => format!(r#"transform="translate({x:.1},{y:.1}) rotate(-90)""#),
            };
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let fill = hex(*fill);
            write!(svg, r#"<text {place} fill="{fill}" font-size="{size}" text-anchor="{anchor}">{}</text>"#, escaped(content))
        }
    };
}

fn hex(Colour(red, green, blue): Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
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
    use super::super::drawing;
    use super::*;
    use crate::ops::exploration::{Bar, Column, Found, Picture};

    #[test]
    fn whatever_a_value_holds_the_picture_is_xml() {
        let bar = |label: &str, rows, yes| Bar::new(label.into(), None, String::new(), rows, yes);
        let bars = vec![bar("<a & \"b\">\u{7}", 10, 3), bar("plain", 5, 0)];
        let column = Column { name: "job".into(), numeric: false, whole: false };
        let picture = Picture { column, by: "y".into(), rows: 15, yes: 3, base_rate: 0.2, bars, classes: vec![], sql: vec![] };
        let drawn = svg(&drawing(&Found::Picture(picture)));
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

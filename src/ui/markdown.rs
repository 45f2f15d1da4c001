//! Renders the markdown of the notes: headings, paragraphs, lists, bold, italic and code. No more is used there.

use ratatui::text::{Line, Span};

use super::theme::{Role, Theme};
use crate::app::text_width::width;

/// A piece of text of one style.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    text: String,
    role: Role,
    italic: bool,
}

/// The markdown in lines of at most `columns`.
pub fn render(text: &str, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    laid_out(text, columns, theme, false)
}

/// The same with a line of air between the items of a list, too.
pub fn render_airy(text: &str, columns: usize, theme: &Theme) -> Vec<Line<'static>> {
    laid_out(text, columns, theme, true)
}

fn laid_out(text: &str, columns: usize, theme: &Theme, airy: bool) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut paragraph = String::new();
    let flush = |paragraph: &mut String, lines: &mut Vec<Line<'static>>| {
        if !paragraph.is_empty() {
            wrap(&pieces(paragraph), "", columns, theme, lines);
            paragraph.clear();
        }
    };
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            flush(&mut paragraph, &mut lines);
            if lines.last().is_some_and(|last| last.width() > 0) {
                lines.push(Line::default());
            }
        } else if let Some(heading) = trimmed.strip_prefix('#') {
            flush(&mut paragraph, &mut lines);
            let heading = heading.trim_start_matches('#').trim();
            lines.push(Line::from(Span::styled(heading.to_owned(), theme.style(Role::Accent))));
        } else if let Some((marker, item)) = list_item(trimmed) {
            flush(&mut paragraph, &mut lines);
            if airy && lines.last().is_some_and(|last| last.width() > 0) {
                lines.push(Line::default());
            }
            wrap(&pieces(item), &marker, columns, theme, &mut lines);
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(trimmed);
        }
    }
    flush(&mut paragraph, &mut lines);
    lines
}

fn list_item(line: &str) -> Option<(String, &str)> {
    if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some(("• ".to_owned(), item));
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let item = line[digits..].strip_prefix(". ").filter(|_| digits > 0)?;
    Some((format!("{}. ", &line[..digits]), item))
}

/// Cuts a text at `**`, `*` and backquotes.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut plain = String::new();
    while let Some(c) = rest.chars().next() {
        let delimiter = ["**", "`", "*"].into_iter().find(|delimiter| rest.starts_with(delimiter));
        let inner = delimiter.and_then(|delimiter| {
            let tail = &rest[delimiter.len()..];
            let end = tail.find(delimiter).filter(|end| *end > 0)?;
            Some((delimiter, &tail[..end], &tail[end + delimiter.len()..]))
        });
        match inner {
            Some((delimiter, inner, tail)) => {
                if !plain.is_empty() {
                    pieces.push(Piece { text: std::mem::take(&mut plain), role: Role::Base, italic: false });
                }
                let (role, italic) = match delimiter {
                    "**" => (Role::Strong, false),
                    "`" => (Role::Function, false),
                    _ => (Role::Base, true),
                };
                pieces.push(Piece { text: inner.to_owned(), role, italic });
                rest = tail;
            }
            None => {
                plain.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece { text: plain, role: Role::Base, italic: false });
    }
    pieces
}

/// Breaks pieces between words; the first line begins with `marker`, the others are indented as far.
fn wrap(pieces: &[Piece], marker: &str, columns: usize, theme: &Theme, lines: &mut Vec<Line<'static>>) {
    let indent = width(marker);
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut used = indent;
    if !marker.is_empty() {
        spans.push(Span::styled(marker.to_owned(), theme.style(Role::Dim)));
    }
    // Words of neighbouring pieces without a space between them stay together (`**lake**:`).
    let mut words: Vec<Vec<(String, &Piece)>> = Vec::new();
    let mut joined = false;
    for piece in pieces {
        for (index, word) in piece.text.split(' ').enumerate() {
            if index > 0 {
                joined = false;
            }
            if word.is_empty() {
                continue;
            }
            match words.last_mut() {
                Some(last) if joined => last.push((word.to_owned(), piece)),
                _ => words.push(vec![(word.to_owned(), piece)]),
            }
            joined = true;
        }
        joined &= !piece.text.ends_with(' ');
    }
    let mut first = true;
    for word in words {
        let wide: usize = word.iter().map(|(text, _)| width(text)).sum();
        if !first && used + 1 + wide > columns {
            lines.push(Line::from(std::mem::take(&mut spans)));
            spans.push(Span::raw(" ".repeat(indent)));
            used = indent;
        } else if !first {
            spans.push(Span::raw(" "));
            used += 1;
        }
        for (text, piece) in word {
            let mut style = theme.style(piece.role);
            if piece.italic {
                style = style.add_modifier(ratatui::style::Modifier::ITALIC);
            }
            spans.push(Span::styled(text, style));
        }
        used += wide;
        first = false;
    }
    lines.push(Line::from(spans));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::Depth;

    fn plain(text: &str, columns: usize) -> Vec<String> {
        let theme = Theme::named("mono", Depth::None);
        render(text, columns, &theme).into_iter().map(|line| line.spans.iter().map(|span| span.content.as_ref()).collect()).collect()
    }

    #[test]
    fn lists_hang_and_marks_disappear() {
        let text = "## Say\nA **lake**: `SHOW TABLES` *now*.\n\n- one two three four\n10. ten";
        assert_eq!(plain(text, 12), ["Say", "A lake: SHOW", "TABLES now.", "", "• one two", "  three four", "10. ten"]);
    }

    #[test]
    fn items_may_have_air_between_them() {
        let theme = Theme::named("mono", Depth::None);
        let text = |lines: Vec<Line<'static>>| lines.iter().map(|line| line.to_string()).collect::<Vec<_>>();
        assert_eq!(text(render_airy("A.\n- b\n- c\n\nD.", 20, &theme)), ["A.", "", "• b", "", "• c", "", "D."]);
    }

    #[test]
    fn single_stars_and_quotes_stay() {
        assert_eq!(plain("2 * 3 ` 4", 40), ["2 * 3 ` 4"]);
    }
}

//! The text of the editor: line numbers, colours, selection, the place of an error, the statement that would run.

use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

use super::super::canvas::Canvas;
use super::super::theme::Role;
use crate::app::msg::Target;
use crate::app::sql::Half;
use crate::app::sql::lexer::{self, TokenKind};
use crate::app::text_width::{visible, width};
use crate::app::{Pane, TAB};

/// Draws the editor.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = model.sql.tab();
    let lines = state.editor.lines();
    let focused = model.focus == Pane::Sql && state.half == Half::Editor;
    let gutter = lines.len().to_string().len().max(2) as u16 + 2;
    if area.width <= gutter + 4 || area.height == 0 {
        return;
    }
    let text_width = area.width - gutter;
    let (cursor_line, cursor_character) = state.cursor();
    let height = usize::from(area.height);
    let top = crate::app::list::window(canvas.view.editor_top, cursor_line, lines.len(), height);
    let cursor_column = lines.get(cursor_line).map_or(0, |line| column(line, cursor_character));
    let left = scrolled(canvas.view.editor_left, cursor_column, usize::from(text_width));
    canvas.view.editor_top = top;
    canvas.view.editor_left = left;
    canvas.view.editor_height = height;

    let text = state.text();
    let statement = state.statement().map(|(sql, start)| (start, start + sql.len()));
    let tokens = lexer::tokens(&text);
    let mut start = lines.iter().take(top).map(|line| line.len() + 1).sum::<usize>();
    let mut next = tokens.partition_point(|token| token.end <= start);
    let selection = state.editor.selection_range();
    for (row, (index, line)) in lines.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + row as u16;
        let end = start + line.len();
        let current = statement.is_some_and(|(from, to)| from <= end && start < to.max(from + 1));
        let number = crate::app::text_width::right(&(index + 1).to_string(), usize::from(gutter) - 2);
        canvas.text(area.x, y, gutter, &number, if focused && index == cursor_line { Role::Dim } else { Role::Faint });
        if current && focused {
            canvas.text(area.x + gutter - 2, y, 1, "▏", Role::Accent);
        }
        // Characters of the line with their styles, placed by their widths.
        let mut at = 0;
        let mut character = 0;
        let mut token = next;
        for (offset, c) in line.char_indices() {
            while tokens.get(token).is_some_and(|t| t.end <= start + offset) {
                token += 1;
            }
            let role = tokens.get(token).map_or(Role::Base, |t| role(t.kind));
            let mut style = canvas.style(role);
            if selected(selection, index, character) {
                style = style.patch(canvas.style(Role::Selection));
            }
            if let Some(failure) = &state.failure
                && failure.place.is_some_and(|(l, from, to)| l == index && (from..to).contains(&character))
            {
                style = wrong(canvas, style);
            }
            let (shown, wide) = if c == '\t' {
                (" ".repeat(TAB - at % TAB), TAB - at % TAB)
            } else {
                let text = c.to_string();
                let text = visible(&text).into_owned();
                let wide = width(&text);
                (text, wide)
            };
            if at >= left && at + wide <= left + usize::from(text_width) && wide > 0 {
                canvas.styled(area.x + gutter + (at - left) as u16, y, wide as u16, &shown, style);
            }
            at += wide;
            character += 1;
        }
        // An error at the end of the line has no character of its own.
        if let Some((l, from, _)) = state.failure.as_ref().and_then(|failure| failure.place)
            && l == index
            && from >= character
            && at >= left
            && at < left + usize::from(text_width)
        {
            let style = wrong(canvas, canvas.style(Role::Bad));
            canvas.styled(area.x + gutter + (at - left) as u16, y, 1, " ", style);
        }
        canvas.targets.push((Rect::new(area.x + gutter, y, text_width, 1), Target::EditorText(index, 0)));
        start = end + 1;
        next = token;
    }
    if lines.len() == 1 && lines[0].is_empty() && !focused {
        canvas.text(area.x + gutter, area.y, text_width, "Type SQL here", Role::Faint);
    }
    if focused && model.popups.is_empty() && cursor_line >= top && cursor_line < top + height {
        let x = area.x + gutter + (cursor_column - left) as u16;
        canvas.cursor = Some(Position::new(x.min(area.right() - 1), area.y + (cursor_line - top) as u16));
    }
}

fn role(kind: TokenKind) -> Role {
    match kind {
        TokenKind::Keyword => Role::Keyword,
        TokenKind::Function => Role::Function,
        TokenKind::Text => Role::Literal,
        TokenKind::Number | TokenKind::Parameter => Role::Number,
        TokenKind::Comment => Role::Comment,
        TokenKind::Word | TokenKind::Quoted | TokenKind::Space => Role::Base,
        TokenKind::Symbol | TokenKind::Semicolon => Role::Dim,
    }
}

fn wrong(canvas: &Canvas<'_>, style: Style) -> Style {
    let bad = canvas.style(Role::Bad);
    let style = style.patch(bad).add_modifier(Modifier::UNDERLINED);
    style.underline_color(bad.fg.unwrap_or(Color::Reset))
}

type Place = (usize, usize);

fn selected(selection: Option<(Place, Place)>, line: usize, character: usize) -> bool {
    selection.is_some_and(|(from, to)| from <= (line, character) && (line, character) < to)
}

/// The column in which a character of a line stands.
fn column(line: &str, character: usize) -> usize {
    line.chars().take(character).fold(0, |at, c| if c == '\t' { at + TAB - at % TAB } else { at + width(&visible(&c.to_string())) })
}

/// The first column to show so that the cursor is visible with some room around it.
fn scrolled(left: usize, cursor: usize, columns: usize) -> usize {
    let margin = 4.min(columns / 4);
    if cursor < left + margin {
        cursor.saturating_sub(margin)
    } else if cursor + margin >= left + columns {
        cursor + margin + 1 - columns
    } else {
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_always_visible() {
        for cursor in 0..200 {
            for left in 0..200 {
                let left = scrolled(left, cursor, 30);
                assert!(left <= cursor && cursor < left + 30);
            }
        }
        assert_eq!(scrolled(0, 10, 30), 0);
    }

    #[test]
    fn wide_characters_and_tabs_count_as_wide_as_they_are() {
        assert_eq!(column("a\tb", 2), 4);
        assert_eq!(column("日本x", 2), 4);
    }
}

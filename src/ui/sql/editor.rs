//! The text of the editor: line numbers, colours, selection, matches, brackets, the place of an error, the statement that would run.

use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::input;
use crate::app::Pane;
use crate::app::msg::Target;
use crate::app::sql::Half;
use crate::app::sql::editor::text::{Place, cell_width, next};
use crate::app::sql::lexer::{Token, TokenKind};
use crate::app::text_width::visible;

/// What is laid over the colours of the text.
struct Overlays {
    selection: Option<(Place, Place)>,
    brackets: Option<(Place, Place)>,
    wrong: Vec<(Place, Place)>,
}

/// Draws the editor.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let tab = model.sql.tab();
    let editor = &tab.editor;
    let lines = editor.lines();
    let focused = model.focus == Pane::Sql && tab.half == Half::Editor;
    // Numbers of lines are for those who write.
    let gutter = if model.enlarged() { 2 } else { lines.len().to_string().len().max(2) as u16 + 2 };
    if area.width <= gutter + 4 || area.height == 0 {
        return;
    }
    let below = input::rows(editor).min(area.height - 1);
    let text = Rect { height: area.height - below, x: area.x + gutter, width: area.width - gutter, ..area };
    let cursor = editor.cursor();
    let height = usize::from(text.height);
    let here = (editor.revision(), cursor);
    let top = match tab.scrolled {
        Some((revision, at, top)) if (revision, at) == here => top.min(lines.len().saturating_sub(height)),
        _ => crate::app::list::window(canvas.view.editor_top, cursor.line, lines.len(), height),
    };
    let cursor_column = editor.text().column(cursor);
    let left = scrolled(canvas.view.editor_left, cursor_column, usize::from(text.width));
    canvas.view.editor_top = top;
    canvas.view.editor_left = left;
    canvas.view.editor_height = height;

    let statement = editor.statement();
    let overlays = Overlays {
        selection: editor.selection(),
        brackets: if focused { editor.bracket_pair(cursor) } else { None },
        wrong: tab
            .failure
            .iter()
            .filter_map(|failure| failure.place)
            .chain(tab.mistakes().map(|problem| (problem.from, problem.to)))
            .collect(),
    };
    for (row, index) in (top..lines.len()).take(height).enumerate() {
        let y = area.y + row as u16;
        let current = statement.is_some_and(|extent| extent.start.line <= index && index <= extent.end.line);
        let number = crate::app::text_width::right(&(index + 1).to_string(), usize::from(gutter) - 2);
        canvas.text(area.x, y, gutter, &number, if focused && index == cursor.line { Role::Dim } else { Role::Faint });
        if current && focused {
            canvas.text(area.x + gutter - 2, y, 1, "▏", Role::Accent);
        }
        line(canvas, Rect { y, height: 1, ..text }, index, left, &overlays);
        canvas.target(Rect { y, height: 1, ..text }, Target::EditorText(index, 0));
        canvas.target(Rect { x: area.x, y, width: gutter - 1, height: 1 }, Target::EditorLine(index));
    }
    if editor.is_empty() && !focused {
        canvas.text(text.x, text.y, text.width, "Type SQL here", Role::Faint);
    }
    let showing = focused && model.popups.is_empty();
    if showing && editor.bar().is_none() && cursor.line >= top && cursor.line < top + height {
        let x = text.x + (cursor_column - left) as u16;
        canvas.cursor = Some(Position::new(x.min(text.right() - 1), text.y + (cursor.line - top) as u16));
    }
    input::draw(canvas, Rect { y: text.bottom(), height: below, ..area }, showing);
}

/// Draws the list of suggestions over the pane, where the editor has drawn the word that they are for.
pub fn suggestions(canvas: &mut Canvas<'_>, area: Rect, pane: Rect) {
    let model = canvas.model;
    let tab = model.sql.tab();
    let (Some(list), Some(cursor)) = (&tab.completion, canvas.cursor) else { return };
    if model.focus != Pane::Sql || tab.half != Half::Editor || !area.contains(cursor) {
        return;
    }
    let text = tab.editor.text();
    let typed = text.column(tab.editor.cursor()).saturating_sub(text.column(list.start)) as u16;
    let word = Position::new(cursor.x.saturating_sub(typed).max(area.x), cursor.y);
    super::completion::draw(canvas, pane, word, list);
}

/// A line from column `left` on.
fn line(canvas: &mut Canvas<'_>, area: Rect, index: usize, left: usize, overlays: &Overlays) {
    let editor = &canvas.model.sql.tab().editor;
    let text = editor.text().line(index);
    let tokens = editor.tokens(index);
    let matches = editor.found().in_line(index);
    let right = left + usize::from(area.width);
    let (mut at, mut byte, mut token) = (0, 0, 0);
    while byte < text.len() && at < right {
        let end = next(text, byte);
        let cluster = &text[byte..end];
        let wide = cell_width(cluster, at);
        while tokens.get(token).is_some_and(|t| t.end <= byte) {
            token += 1;
        }
        if at >= left && at + wide <= right {
            let place = Place::new(index, byte);
            let mut style = canvas.style(tokens.get(token).map_or(Role::Base, role));
            if matches.iter().any(|found| found.1 <= byte && byte < found.2) {
                style = style.patch(canvas.style(Role::QuietSelection)).patch(foreground(canvas, Role::Warn));
            }
            if overlays.brackets.is_some_and(|(a, b)| a == place || b == place) {
                style = style.patch(canvas.style(Role::QuietSelection)).patch(canvas.style(Role::Accent));
            }
            if overlays.selection.is_some_and(|(from, to)| from <= place && place < to) {
                style = canvas.theme.selected(style, Role::Selection);
            }
            if overlays.wrong.iter().any(|(from, to)| *from <= place && place < *to) {
                style = wrong(canvas, style);
            }
            let x = area.x + (at - left) as u16;
            if cluster == "\t" {
                canvas.styled(x, area.y, wide as u16, &" ".repeat(wide), style);
            } else {
                canvas.styled(x, area.y, wide as u16, &visible(cluster), style);
            }
        }
        at += wide;
        byte = end;
    }
    if byte < text.len() || at < left || at >= right {
        return;
    }
    let x = area.x + (at - left) as u16;
    let end = Place::new(index, text.len());
    // What is selected or wrong at the end of the line has no character of its own.
    if overlays.wrong.iter().any(|(from, to)| *from == end && from == to) {
        let style = wrong(canvas, canvas.style(Role::Bad));
        canvas.styled(x, area.y, 1, " ", style);
    }
    if overlays.selection.is_some_and(|(from, to)| from <= end && end < to) {
        let style = canvas.style(Role::Selection);
        canvas.styled(x, area.y, 1, " ", style);
    }
}

/// The role of a piece of SQL.
pub(in crate::ui) fn role(token: &Token) -> Role {
    match token.kind {
        TokenKind::Keyword => Role::Keyword,
        TokenKind::Function | TokenKind::Type => Role::Function,
        TokenKind::Text => Role::Literal,
        TokenKind::Number | TokenKind::Parameter => Role::Number,
        TokenKind::Comment => Role::Comment,
        TokenKind::Word | TokenKind::Quoted | TokenKind::Space => Role::Base,
        TokenKind::Symbol | TokenKind::Semicolon => Role::Dim,
    }
}

/// The colour of a role without what lies behind it.
fn foreground(canvas: &Canvas<'_>, role: Role) -> Style {
    let style = canvas.style(role);
    Style { bg: None, ..style }
}

fn wrong(canvas: &Canvas<'_>, style: Style) -> Style {
    let bad = canvas.style(Role::Bad);
    let style = style.patch(bad).add_modifier(Modifier::UNDERLINED);
    style.underline_color(bad.fg.unwrap_or(Color::Reset))
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
}

//! The statements behind a picture, instead of it.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::sql::token_role;
use super::super::theme::Role;
use super::below;
use crate::app::explore::script;
use crate::app::sql::dialect;
use crate::app::sql::lexer::{State, line};
use crate::app::text_width::{visible, width};
use crate::demo::figures;
use crate::ops::exploration::Found;

/// Columns that a line which is too long goes on after.
const INDENT: usize = 6;

/// Draws the statements from a line on, which is as far down as there are lines.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, found: &Found, top: usize) {
    let model = canvas.model;
    let Some(table) = &model.explore.table else { return };
    let count = found.statements().len() as u64;
    let head = Pieces::new()
        .add(figures::counted(count, "statement"), Role::Accent)
        .add(format!(" on {}   ", table.engine.title()), Role::Dim)
        .add("o", Role::Accent)
        .add(" opens in the console   ", Role::Dim)
        .add("s", Role::Accent)
        .add(" closes", Role::Dim);
    canvas.pieces(area.x, area.y, area.width, &head);
    let area = below(area, 2);
    let lines = lines(canvas, found, usize::from(area.width));
    let height = usize::from(area.height);
    canvas.view.heights[crate::app::Pane::Explore as usize] = height;
    let top = top.min(lines.len().saturating_sub(height));
    canvas.view.tops[crate::app::Pane::Explore as usize] = top;
    for (row, line) in lines.iter().skip(top).take(height).enumerate() {
        canvas.pieces(area.x, area.y + row as u16, area.width, line);
    }
}

/// The lines of the screen: a line that is too long goes on below.
fn lines(canvas: &Canvas<'_>, found: &Found, columns: usize) -> Vec<Pieces> {
    let Some(table) = &canvas.model.explore.table else { return Vec::new() };
    let dialect = dialect(table.engine);
    let mut state = State::default();
    let mut lines = Vec::new();
    for text in script(found).lines() {
        let mut current = Pieces::new();
        let mut used = 0;
        state = line(dialect, &state, text, |token| {
            let piece = visible(&text[token.start..token.end]).into_owned();
            let wide = width(&piece);
            if used + wide > columns && used > INDENT {
                lines.push(std::mem::take(&mut current));
                current = Pieces::new().add(" ".repeat(INDENT), Role::Base);
                used = INDENT;
            }
            used += wide;
            current.0.push((piece, token_role(&token)));
        });
        lines.push(current);
    }
    lines
}

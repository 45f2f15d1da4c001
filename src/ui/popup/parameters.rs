//! The form for named parameters.

use ratatui::layout::{Position, Rect};

use super::super::canvas::{Canvas, Pieces};
use super::super::theme::Role;
use super::open;
use crate::app::list::window;
use crate::app::popup::Parameters;
use crate::app::sql::editor::text::columns;
use crate::app::text_width::{left, visible, width};

/// Draws the form.
pub(super) fn draw(canvas: &mut Canvas<'_>, screen: Rect, parameters: &Parameters) {
    let form = &parameters.form;
    let area = open(canvas, screen, 72, form.inputs.len() as u16 + 4, "Parameters");
    let height = usize::from(area.height.saturating_sub(2)).max(1);
    let label = form.inputs.iter().map(|input| width(&input.name) + 1).max().unwrap_or(0).min(24);
    let top = window(0, form.at, form.inputs.len(), height);
    for (row, (index, input)) in form.inputs.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + row as u16;
        let active = index == form.at;
        let name = left(&format!(":{}", input.name), label);
        canvas.text(area.x, y, area.width, &name, if active { Role::Accent } else { Role::Dim });
        let x = area.x + label as u16 + 2;
        let room = area.right().saturating_sub(x);
        if input.null {
            canvas.text(x, y, room, "NULL", Role::Faint);
        } else {
            canvas.text(x, y, room, &visible(&input.field.text), Role::Strong);
        }
        if active {
            let at = if input.null { 0 } else { columns(&input.field.text[..input.field.cursor]) as u16 };
            canvas.cursor = Some(Position::new((x + at).min(area.right().saturating_sub(1)), y));
        }
    }
    let last = form.at + 1 == form.inputs.len();
    let keys = Pieces::new()
        .add(if last { "Enter Run" } else { "Enter Next" }, Role::Accent)
        .add("    F5 Run    Ctrl-N NULL    Esc Leave it", Role::Dim);
    canvas.pieces(area.x, area.bottom() - 1, area.width, &keys);
}

//! The columns of the table, each with a tiny preview of its values.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::scale::spark;
use crate::app::Pane;
use crate::app::explore::View;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::text_width::{left, visible};

/// Columns of a name: the longest of the demonstration has fourteen.
const NAME: u16 = 14;

/// Columns that the list takes.
pub(super) fn width(area: u16, view: View) -> u16 {
    match area {
        // These need the room more than previews do.
        ..=90 if matches!(view, View::Correlations | View::Pairs) => NAME,
        ..=50 => NAME.min(area / 3),
        51..=90 => NAME + 9,
        91..=130 => NAME + 13,
        _ => NAME + 21,
    }
}

/// Draws the list.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.explore;
    let Some(table) = &state.table else { return };
    let height = usize::from(area.height);
    let at = Pane::Explore as usize;
    let top = window(canvas.view.tops[at], state.list.selected, table.columns.len(), height);
    canvas.view.tops[at] = top;
    canvas.view.heights[at] = height;
    let name = NAME.min(area.width);
    let room = area.width.saturating_sub(name + 1);
    for (row, (index, column)) in table.columns.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + row as u16;
        let selected = index == state.list.selected;
        let role = if selected { Role::Strong } else { Role::Base };
        canvas.text(area.x, y, name, &left(&visible(&column.name), usize::from(name)), role);
        if let Some(preview) = state.preview(&column.name)
            && room >= 4
        {
            let parts: Vec<u64> = preview.parts.iter().map(|(rows, _)| *rows).collect();
            canvas.text(area.x + name + 1, y, room, &spark(&parts, usize::from(room)), Role::Focus);
        }
        let whole = Rect::new(area.x, y, area.width, 1);
        if selected {
            let here = model.focus == Pane::Explore && !state.inside();
            canvas.highlight(whole, if here { Role::Selection } else { Role::QuietSelection });
        }
        canvas.target(whole, Target::Row(Pane::Explore, index));
    }
}

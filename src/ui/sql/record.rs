//! One row of a result, its fields below each other.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::result::short;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::sql::result::ResultSet;
use crate::app::sql::result::shown::cell_text;
use crate::app::text_width::width;
use crate::ops::query::Cell;

/// Columns of the types.
const TYPE: usize = 16;

/// Draws the row under the cursor.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet) {
    canvas.view.grid_width = usize::from(area.width);
    let index = result.list.selected;
    let row = match result.row(index as u64) {
        Ok(Some(row)) => row,
        Ok(None) => {
            canvas.text(area.x, area.y, area.width, "No rows", Role::Dim);
            return;
        }
        Err(error) => {
            canvas.text(area.x, area.y, area.width, &format!("✖ {error}"), Role::Bad);
            return;
        }
    };
    let order = result.columns.order();
    let names: Vec<&str> = order.iter().map(|column| result.meta.columns.get(*column).map_or("", |column| column.name.as_str())).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0).clamp(1, usize::from(area.width) / 3);
    let kind = if area.width >= 60 { TYPE } else { 0 };
    let height = usize::from(area.height);
    let top = window(0, result.columns.cursor(), order.len(), height);
    for (line, (place, column)) in order.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + line as u16;
        let described = result.meta.columns.get(*column);
        canvas.text(area.x, y, widest as u16, &short(names[place], widest), Role::Dim);
        let mut x = area.x + widest as u16 + 2;
        if kind > 0 {
            let type_name = described.map_or("", |column| column.type_name.as_str());
            canvas.text(x, y, kind as u16, &short(type_name, kind), Role::Faint);
            x += kind as u16 + 2;
        }
        let room = area.right().saturating_sub(x);
        let cell = row.get(*column).unwrap_or(&Cell::Null);
        let (text, role) = match cell_text(cell, described, result.columns.separators) {
            None => ("NULL".to_owned(), Role::Faint),
            Some(text) if text.is_empty() => ("''".to_owned(), Role::Faint),
            Some(text) => (short(&text, usize::from(room)), Role::Strong),
        };
        canvas.text(x, y, room, &text, role);
        let whole = Rect::new(area.x, y, area.width, 1);
        if place == result.columns.cursor() {
            canvas.highlight(whole, Role::Selection);
        }
        canvas.target(whole, Target::Cell(index, place));
    }
}

//! The rows of a result. Only what is visible is rendered.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use crate::app::Pane;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::sql::Half;
use crate::app::sql::result::{ResultSet, cell_text};
use crate::app::text_width::{left, right, visible};
use crate::ops::query::Cell;

/// Columns between two columns.
const GAP: u16 = 2;

/// Draws the grid.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet) {
    if result.widths.is_empty() || area.height < 2 {
        return;
    }
    let model = canvas.model;
    let focused = model.focus == Pane::Sql && model.sql.tab().half == Half::Results;
    let types = area.height >= 8;
    let header = if types { 2 } else { 1 };
    let broken = u16::from(result.broken.is_some());
    let height = usize::from(area.height - header - broken);
    let at = Pane::Sql as usize;
    let top = window(canvas.view.tops[at], result.list.selected, result.rows.len(), height);
    canvas.view.tops[at] = top;
    canvas.view.heights[at] = height;
    canvas.view.grid_width = usize::from(area.width);

    // Columns on the screen: index, place, width.
    let mut places: Vec<(usize, u16, usize)> = Vec::new();
    let mut x = area.x;
    for index in result.first_column.min(result.widths.len() - 1)..result.widths.len() {
        if x >= area.right() {
            break;
        }
        let columns = result.widths[index].min(usize::from(area.right() - x));
        places.push((index, x, columns));
        x += columns as u16 + GAP;
    }
    for (index, x, columns) in &places {
        let Some(column) = result.meta.columns.get(*index) else { continue };
        let align = if column.numeric { right } else { left };
        let role = if focused && *index == result.column { Role::Accent } else { Role::Strong };
        canvas.text(*x, area.y, *columns as u16, &align(&visible(&column.name), *columns), role);
        if types {
            canvas.text(*x, area.y + 1, *columns as u16, &align(&column.type_name, *columns), Role::Faint);
        }
    }
    // More columns to either side are announced in the header.
    if result.first_column > 0 {
        canvas.text(area.x.saturating_sub(1), area.y, 1, "‹", Role::Accent);
    }
    let cut = places.last().is_some_and(|(index, _, columns)| *index + 1 < result.widths.len() || *columns < result.widths[*index]);
    if cut {
        canvas.text(area.right(), area.y, 1, "›", Role::Accent);
    }
    if result.rows.is_empty() {
        canvas.text(area.x, area.y + header, area.width, "No rows", Role::Dim);
    }
    for (line, (index, row)) in result.rows.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + header + line as u16;
        let whole = Rect::new(area.x, y, area.width, 1);
        for (column, x, columns) in &places {
            let Some(cell) = row.get(*column) else { continue };
            let numeric = result.meta.columns.get(*column).is_some_and(|column| column.numeric);
            let (text, role) = match cell_text(cell) {
                None => ("NULL".to_owned(), Role::Faint),
                Some(text) if text.is_empty() => ("''".to_owned(), Role::Faint),
                Some(text) => (visible(&text).into_owned(), if matches!(cell, Cell::Boolean(_)) { Role::Number } else { Role::Base }),
            };
            let text = if numeric { right(&text, *columns) } else { left(&text, *columns) };
            let mut style = canvas.style(role);
            if matches!(cell, Cell::Null) {
                style = style.add_modifier(Modifier::ITALIC);
            }
            canvas.styled(*x, y, *columns as u16, &text, style);
            canvas.targets.push((Rect::new(*x, y, *columns as u16, 1), Target::Cell(index, *column)));
        }
        if index == result.list.selected && focused {
            canvas.highlight(whole, Role::QuietSelection);
            if let Some((_, x, columns)) = places.iter().find(|(column, ..)| *column == result.column) {
                canvas.highlight(Rect::new(*x, y, *columns as u16, 1), Role::Selection);
            }
        }
    }
    if let Some(error) = &result.broken {
        canvas.text(area.x, area.bottom() - 1, area.width, &format!("✖ The next rows did not come: {}", error.why), Role::Bad);
    }
}

//! The rows of a result. Only what is visible is read and rendered.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::result::short;
use crate::app::Pane;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::sql::Half;
use crate::app::sql::result::shown::cell_text;
use crate::app::sql::result::{GAP, ResultSet};
use crate::app::text_width::width;
use crate::ops::query::Cell;
use crate::ops::results::Needle;

/// A column on the screen.
struct Place {
    /// Its place among the shown columns.
    place: usize,
    /// Its place in the result.
    column: usize,
    x: u16,
    width: u16,
}

/// Draws the grid.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet) {
    if area.height < 2 {
        return;
    }
    let model = canvas.model;
    let focused = model.focus == Pane::Sql && model.sql.tab().half == Half::Results;
    let large = model.enlarged();
    let types = area.height >= 8 && !large;
    let header = if types || large { 2 } else { 1 };
    // A line of air below each row where there is room for some rows.
    let pitch = if large && area.height >= 12 { 2 } else { 1 };
    let height = usize::from((area.height - header) / pitch);
    let at = Pane::Sql as usize;
    let rows = usize::try_from(result.shown_rows()).unwrap_or(usize::MAX);
    let top = window(canvas.view.tops[at], result.list.selected, rows, height);
    canvas.view.tops[at] = top;
    canvas.view.heights[at] = height;
    canvas.view.grid_width = usize::from(area.width);

    let (places, cut) = places(result, area);
    heads(canvas, area, result, &places, types, focused);
    for place in &places {
        let end = place.x + place.width;
        canvas.target(Rect::new(place.x, area.y, place.width, header), Target::ColumnHead(place.place));
        // The edge is the gap behind the column, which is there on the last one, too, as far as there is room.
        let gap = area.right().saturating_sub(end).min(GAP as u16);
        if gap > 0 {
            canvas.target(Rect::new(end, area.y, gap, header), Target::ColumnEdge(place.place, place.x));
        }
    }
    // More columns to either side are announced in the header.
    if result.columns.first(usize::from(area.width)) > result.columns.frozen() {
        canvas.text(area.x.saturating_sub(1), area.y, 1, "‹", Role::Accent);
    }
    if cut {
        canvas.text(area.right(), area.y, 1, "›", Role::Accent);
    }
    if rows == 0 {
        let text = if result.arrangement.is_plain() { "No rows" } else { "No row passes the filter; Esc shows all rows again" };
        canvas.text(area.x, area.y + header, area.width, text, Role::Dim);
    }
    let needle = result.search.as_ref().map(|search| Needle::new(&search.text));
    let selection = result.selection();
    for (line, index) in (top..rows).take(height).enumerate() {
        let y = area.y + header + line as u16 * pitch;
        let row = match result.row(index as u64) {
            Ok(Some(row)) => row,
            Ok(None) => continue,
            Err(error) => {
                canvas.text(area.x, y, area.width, &format!("✖ {error}"), Role::Bad);
                continue;
            }
        };
        cells(canvas, y, result, &row, &places, needle.as_ref());
        for place in &places {
            canvas.target(Rect::new(place.x, y, place.width, 1), Target::Cell(index, place.place));
        }
        let here = index == result.list.selected;
        if let Some((rows, columns)) = &selection
            && rows.contains(&(index as u64))
        {
            for place in places.iter().filter(|place| columns.contains(&place.place)) {
                canvas.highlight(Rect::new(place.x, y, place.width, 1), Role::QuietSelection);
                // Readable without colour, too.
                canvas.overlay(Rect::new(place.x, y, place.width, 1), ratatui::style::Style::new().add_modifier(Modifier::UNDERLINED));
            }
        }
        if here && focused {
            if selection.is_none() {
                canvas.highlight(Rect::new(area.x, y, area.width, 1), Role::QuietSelection);
            }
            if let Some(place) = places.iter().find(|place| place.place == result.columns.cursor()) {
                canvas.highlight(Rect::new(place.x, y, place.width, 1), Role::Selection);
            }
        }
    }
    separator(canvas, area, result, &places);
}

/// Columns on the screen, and whether some to the right are not.
fn places(result: &ResultSet, area: Rect) -> (Vec<Place>, bool) {
    let columns = &result.columns;
    let mut places = Vec::new();
    let mut x = area.x;
    let mut cut = false;
    let wanted = (0..columns.frozen()).chain(columns.first(usize::from(area.width))..columns.order().len());
    for place in wanted {
        let Some(column) = columns.at(place) else { continue };
        if x >= area.right() {
            cut = true;
            break;
        }
        let full = columns.width(column);
        let width = full.min(usize::from(area.right() - x)) as u16;
        cut |= usize::from(width) < full;
        places.push(Place { place, column, x, width });
        x = x.saturating_add(width).saturating_add(GAP as u16);
    }
    (places, cut)
}

fn heads(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet, places: &[Place], types: bool, focused: bool) {
    let several = result.arrangement.sort.len() > 1;
    for place in places {
        let Some(column) = result.meta.columns.get(place.column) else { continue };
        let mut mark = String::new();
        if let Some(at) = result.arrangement.sort.iter().position(|key| key.column == place.column) {
            mark.push_str(if result.arrangement.sort[at].descending { "▼" } else { "▲" });
            if several {
                mark.push_str(&(at + 1).to_string());
            }
        }
        if result.arrangement.filter.conditions.iter().any(|condition| condition.column == place.column) {
            mark.push('ƒ');
        }
        let room = usize::from(place.width).saturating_sub(width(&mark) + usize::from(!mark.is_empty()));
        let name = short(&column.name, room);
        let text = if mark.is_empty() { name } else { format!("{name} {mark}") };
        let role = if focused && place.place == result.columns.cursor() { Role::Accent } else { Role::Strong };
        let x = start(place, &text, column.numeric);
        canvas.text(x, area.y, place.x + place.width - x, &text, role);
        if types {
            let text = short(&column.type_name, usize::from(place.width));
            let x = start(place, &text, column.numeric);
            canvas.text(x, area.y + 1, place.x + place.width - x, &text, Role::Faint);
        }
    }
}

/// Where a text begins in its column.
fn start(place: &Place, text: &str, right: bool) -> u16 {
    if right { place.x + place.width.saturating_sub(width(text) as u16) } else { place.x }
}

fn cells(canvas: &mut Canvas<'_>, y: u16, result: &ResultSet, row: &[Cell], places: &[Place], needle: Option<&Needle>) {
    for place in places {
        let Some(cell) = row.get(place.column) else { continue };
        let column = result.meta.columns.get(place.column);
        let (text, role) = match cell_text(cell, column, result.columns.separators) {
            None => ("NULL".to_owned(), Role::Faint),
            Some(text) if text.is_empty() => ("''".to_owned(), Role::Faint),
            Some(text) => {
                (short(&text, usize::from(place.width)), if matches!(cell, Cell::Boolean(_)) { Role::Number } else { Role::Base })
            }
        };
        let text = short(&text, usize::from(place.width));
        let mut style = canvas.style(role);
        if matches!(cell, Cell::Null) {
            style = style.add_modifier(Modifier::ITALIC);
        }
        if needle.is_some_and(|needle| needle.is_in(cell.into())) {
            style = canvas.style(Role::Warn).add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        }
        let x = start(place, &text, column.is_some_and(|column| column.numeric));
        canvas.styled(x, y, place.x + place.width - x, &text, style);
    }
}

/// A line between the columns that stay and those that scroll.
fn separator(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet, places: &[Place]) {
    let frozen = result.columns.frozen();
    let Some(last) = frozen.checked_sub(1).and_then(|at| places.iter().find(|place| place.place == at)) else { return };
    let x = last.x + last.width;
    if x < area.right() {
        for y in area.y..area.bottom() {
            canvas.text(x, y, 1, "│", Role::Rule);
        }
    }
}

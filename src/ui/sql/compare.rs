//! Two results side by side: what is the same, and every row that is not.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::canvas::{Canvas, Pieces};
use super::super::theme::Role;
use super::result::short;
use crate::app::Pane;
use crate::app::list::window;
use crate::app::sql::result::shown::cell_text;
use crate::app::sql::result::{CompareView, ResultSet};
use crate::app::text_width::{visible, width};
use crate::demo::figures;
use crate::ops::query::Cell;
use crate::ops::results::{Comparison, Difference, Pairing};

/// Columns of the mark and the row number.
const MARGIN: u16 = 12;
/// Characters of a column at most.
const WIDEST: usize = 32;

/// Draws the comparison.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet, view: &CompareView) {
    let found = &view.found;
    let mut y = area.y;
    for line in [counts(found, result), schema(found)].into_iter().flatten() {
        if y < area.bottom() {
            canvas.pieces(area.x, y, area.width, &line);
            y += 1;
        }
    }
    let grid = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    if grid.height < 2 {
        return;
    }
    if found.differences.is_empty() {
        let text = if found.equal() { "✔ The two results are the same" } else { "✔ Every cell of the shared columns is the same" };
        canvas.text(grid.x, grid.y, grid.width, text, Role::Good);
        return;
    }
    let height = usize::from(grid.height) - 1;
    let at = Pane::Sql as usize;
    let top = window(canvas.view.tops[at], view.row, found.differences.len(), height);
    canvas.view.tops[at] = top;
    canvas.view.heights[at] = height;
    let rows: Vec<(usize, Row)> = found
        .differences
        .iter()
        .enumerate()
        .skip(top)
        .take(height)
        .map(|(index, difference)| (index, Row::read(result, view, difference)))
        .collect();
    table(canvas, grid, view, &rows);
}

fn counts(found: &Comparison, result: &ResultSet) -> Option<Pieces> {
    let how = match &found.pairing {
        Pairing::Position => "row by row".to_owned(),
        Pairing::Keys(keys) => {
            let names: Vec<_> = keys.iter().filter_map(|key| result.meta.columns.get(*key)).map(|column| visible(&column.name)).collect();
            format!("by {}", names.join(", "))
        }
    };
    let rows = format!("   {} here, {} there, {how}", figures::counted(found.rows.0, "row"), figures::count(found.rows.1));
    Some(
        Pieces::new()
            .add(format!("= {} same", figures::count(found.same)), Role::Good)
            .add(format!("  ≠ {} changed", figures::count(found.changed)), Role::Warn)
            .add(format!("  − {} only here", figures::count(found.removed)), Role::Bad)
            .add(format!("  + {} only there", figures::count(found.added)), Role::Accent)
            .add(rows, Role::Dim),
    )
}

fn schema(found: &Comparison) -> Option<Pieces> {
    let mut parts = Vec::new();
    if !found.only_first.is_empty() {
        parts.push(format!("− {} only here", visible(&found.only_first.join(", "))));
    }
    if !found.only_second.is_empty() {
        parts.push(format!("+ {} only there", visible(&found.only_second.join(", "))));
    }
    parts.extend(found.shared.iter().filter_map(|column| {
        let (first, second) = column.types.as_ref()?;
        Some(format!("{} {first} ≠ {second}", visible(&column.name)))
    }));
    (!parts.is_empty()).then(|| Pieces::new().add("columns: ", Role::Dim).add(parts.join(" · "), Role::Warn))
}

/// A row with a difference, as it is drawn.
struct Row {
    mark: &'static str,
    role: Role,
    number: String,
    cells: Vec<(String, bool)>,
}

impl Row {
    fn read(result: &ResultSet, view: &CompareView, difference: &Difference) -> Row {
        let read = |store: &crate::ops::results::Store, row: Option<u32>| -> Vec<Cell> {
            // A row that cannot be read is drawn empty; the grid says why.
            row.and_then(|row| store.row(u64::from(row)).ok().flatten()).unwrap_or_default()
        };
        let (first, second) = (read(&result.store, difference.first), read(&view.other, difference.second));
        let text = |row: &[Cell], column: usize| {
            let cell = row.get(column).unwrap_or(&Cell::Null);
            cell_text(cell, result.meta.columns.get(column), false).map_or_else(|| "NULL".to_owned(), |text| short(&text, WIDEST))
        };
        let (mark, role) = match (difference.first, difference.second) {
            (Some(_), Some(_)) => ("≠", Role::Warn),
            (Some(_), None) => ("−", Role::Bad),
            _ => ("+", Role::Accent),
        };
        let cells = view
            .found
            .shared
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let differs = difference.columns.contains(&(index as u16));
                let text = match (difference.first, differs) {
                    (_, true) => format!("{} → {}", text(&first, column.first), text(&second, column.second)),
                    (Some(_), false) => text(&first, column.first),
                    (None, false) => text(&second, column.second),
                };
                (text, differs)
            })
            .collect();
        let number = difference.first.or(difference.second).map(|row| figures::count(u64::from(row) + 1)).unwrap_or_default();
        Row { mark, role, number, cells }
    }
}

fn table(canvas: &mut Canvas<'_>, area: Rect, view: &CompareView, rows: &[(usize, Row)]) {
    let shared = &view.found.shared;
    let mut x = area.x + MARGIN;
    canvas.text(area.x, area.y, MARGIN, "  row", Role::Faint);
    for (index, column) in shared.iter().enumerate().skip(view.first) {
        if x >= area.right() {
            canvas.text(area.right(), area.y, 1, "›", Role::Accent);
            break;
        }
        let head = match column.differing {
            0 => visible(&column.name).into_owned(),
            count => format!("{} ≠{}", visible(&column.name), figures::count(count)),
        };
        let cells = rows.iter().filter_map(|(_, row)| row.cells.get(index)).map(|(text, _)| width(text));
        let wide = cells.chain([width(&head)]).max().unwrap_or(1).min(WIDEST * 2 + 3);
        let room = (wide as u16).min(area.right() - x);
        canvas.text(x, area.y, room, &head, if column.differing > 0 { Role::Strong } else { Role::Dim });
        for (line, (_, row)) in rows.iter().enumerate() {
            let Some((text, differs)) = row.cells.get(index) else { continue };
            let y = area.y + 1 + line as u16;
            let style = if *differs {
                canvas.style(Role::Warn).add_modifier(Modifier::BOLD)
            } else {
                canvas.style(if row.mark == "≠" { Role::Dim } else { row.role })
            };
            canvas.styled(x, y, room, text, style);
        }
        x += room + 2;
    }
    for (line, (index, row)) in rows.iter().enumerate() {
        let y = area.y + 1 + line as u16;
        canvas.text(area.x, y, 2, row.mark, row.role);
        canvas.text(area.x + 2, y, MARGIN - 3, &row.number, Role::Faint);
        if *index == view.row {
            canvas.highlight(Rect::new(area.x, y, area.width, 1), Role::QuietSelection);
        }
    }
    if view.first > 0 {
        canvas.text(area.x + MARGIN - 1, area.y, 1, "‹", Role::Accent);
    }
}

//! One cell in full.

use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use super::super::canvas::{Canvas, Pieces};
use super::super::theme::Role;
use crate::app::sql::result::ResultSet;
use crate::app::sql::result::shown::lines;
use crate::app::text_width::{visible, width};
use crate::demo::figures;
use crate::ops::query::Cell;

/// Bytes that are shown of a cell.
const MOST: usize = 64 << 10;

/// Draws the cell under the cursor, from a line on.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet, scroll: usize) {
    let Some(column) = result.columns.current().and_then(|column| result.meta.columns.get(column)) else { return };
    let cell = result.cell().unwrap_or(Cell::Null);
    let (text, cut) = lines(&cell, MOST);
    let size = match &cell {
        Cell::Null => String::new(),
        Cell::Text(text) => format!(" · {}", figures::counted(text.chars().count() as u64, "character")),
        _ => String::new(),
    };
    let heading = Pieces::new()
        .add(visible(&column.name).into_owned(), Role::Accent)
        .add(format!(" {} · row {}{size}", column.type_name, figures::count(result.list.selected as u64 + 1)), Role::Dim)
        .add(if cut { format!(" · the first {} are shown", figures::bytes(MOST as u64)) } else { String::new() }, Role::Warn);
    canvas.pieces(area.x, area.y, area.width, &heading);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let broken: Vec<String> = text.iter().flat_map(|line| wrapped(line, usize::from(body.width))).collect();
    let height = usize::from(body.height);
    let top = scroll.min(broken.len().saturating_sub(height));
    for (line, text) in broken.iter().skip(top).take(height).enumerate() {
        let role = if cell == Cell::Null { Role::Faint } else { Role::Base };
        canvas.text(body.x, body.y + line as u16, body.width, text, role);
    }
    if broken.len() > height {
        let text = format!(" {}–{} of {} lines ", top + 1, (top + height).min(broken.len()), broken.len());
        canvas.text_right(area.x, area.y, area.width, &text, Role::Faint);
    }
}

/// A line broken where the screen ends; spaces stay, because they may matter.
fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let line = visible(line);
    let mut rows = vec![String::new()];
    let mut used = 0;
    for cluster in line.graphemes(true) {
        let wide = width(cluster);
        if used + wide > columns.max(2) {
            rows.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(row) = rows.last_mut() {
            row.push_str(cluster);
        }
    }
    rows
}

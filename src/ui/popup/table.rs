//! The first rows of an object.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::open;
use crate::app::popup::TableView;
use crate::app::text_width::{left, visible, width};
use crate::demo::figures;

/// Characters of a column at most.
const WIDEST: usize = 28;

/// Draws the rows under the names of their columns.
pub(super) fn draw(canvas: &mut Canvas<'_>, screen: Rect, view: &TableView) {
    let area = open(canvas, screen, screen.width.saturating_sub(4), screen.height.saturating_sub(4), "First rows");
    canvas.text(area.x, area.y, area.width, &view.uri, Role::Dim);
    let foot = area.bottom() - 1;
    let peek = match &view.found {
        None => {
            canvas.text(area.x, area.y + 2, area.width, "Reading …", Role::Dim);
            return;
        }
        Some(Err(error)) => {
            let room = Rect { y: area.y + 2, height: area.height.saturating_sub(3), ..area };
            canvas.paragraph(room, &format!("✖ {error}"), Role::Bad);
            return;
        }
        Some(Ok(peek)) => peek,
    };
    let height = usize::from(area.height.saturating_sub(4));
    canvas.view.popup_height = height;
    let top = view.top.min(peek.rows.len().saturating_sub(height));
    let mut x = area.x;
    for (column, name) in peek.columns.iter().enumerate().skip(view.left) {
        let room = area.right().saturating_sub(x);
        if room < 3 {
            break;
        }
        let cells = peek.rows.iter().skip(top).take(height).filter_map(|row| row.get(column));
        let wide = cells.map(|cell| width(&visible(cell))).max().unwrap_or(0).max(width(&visible(name))).clamp(1, WIDEST);
        let wide = wide.min(usize::from(room));
        canvas.text(x, area.y + 2, wide as u16, &left(&visible(name), wide), Role::Accent);
        for (row, cells) in peek.rows.iter().skip(top).take(height).enumerate() {
            let text = cells.get(column).map(String::as_str).unwrap_or_default();
            canvas.text(x, area.y + 3 + row as u16, wide as u16, &left(&visible(text), wide), Role::Base);
        }
        x += wide as u16 + 2;
    }
    let more = if peek.truncated { "the first " } else { "all " };
    let text = format!(
        "{more}{}, {}   ↑ ↓ ← → scroll   Esc closes",
        figures::counted(peek.rows.len() as u64, "row"),
        figures::counted(peek.columns.len() as u64, "column")
    );
    canvas.text(area.x, foot, area.width, &text, Role::Faint);
}

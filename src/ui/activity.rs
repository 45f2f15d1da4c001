//! API calls: when, which service, which operation, how long, and the error code.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::theme::Role;
use crate::app::Pane;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::text_width::{left, right};
use crate::demo::figures;

/// Columns of the service's name.
const SERVICE: usize = 20;
/// Columns of the operation's name.
const OPERATION: usize = 30;
/// Columns of the duration.
const DURATION: usize = 9;

/// Columns of the name of another program.
const FROM: usize = 11;

/// Draws the pane.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.activity;
    if state.calls.is_empty() {
        canvas.text(area.x, area.y, area.width, "No call has been made yet.", Role::Dim);
        return;
    }
    // Only where another program has made calls does it matter who did.
    let from = if state.others > 0 { FROM } else { 0 };
    let operation = OPERATION.min(usize::from(area.width).saturating_sub(SERVICE + DURATION + 14 + from).max(12));
    let mut header =
        format!("{} {} {} {}", left("Time", 8), left("  Service", SERVICE + 2), left("Operation", operation), right("Took", DURATION));
    if from > 0 {
        header.push_str("  From");
    }
    canvas.text(area.x, area.y, area.width, &header, Role::Dim);
    let height = usize::from(area.height - 1);
    let at = Pane::Activity as usize;
    let top = window(canvas.view.tops[at], state.list.selected, state.calls.len(), height);
    canvas.view.heights[at] = height;
    canvas.view.tops[at] = top;
    for (row, (index, call)) in state.calls.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + 1 + row as u16;
        let time = call.at.with_timezone(&model.zone).format("%H:%M:%S").to_string();
        let (mark, role) = if call.error.is_some() { ("✖", Role::Bad) } else { ("✔", Role::Good) };
        let mut x = area.x;
        let end = area.right();
        x += canvas.text(x, y, end.saturating_sub(x), &left(&time, 9), Role::Dim);
        x += canvas.text(x, y, end.saturating_sub(x), mark, role) + 1;
        x += canvas.text(x, y, end.saturating_sub(x), &left(&call.service, SERVICE + 1), Role::Base);
        x += canvas.text(x, y, end.saturating_sub(x), &left(&call.operation, operation + 1), Role::Strong);
        x += canvas.text(x, y, end.saturating_sub(x), &right(&figures::duration(call.duration.as_secs_f64()), DURATION), Role::Dim);
        if from > 0 {
            x += 2;
            let name = left(call.from.as_deref().unwrap_or("here"), FROM);
            x += canvas.text(x, y, end.saturating_sub(x), &name, if call.from.is_some() { Role::Accent } else { Role::Dim });
        }
        if let Some(code) = &call.error {
            canvas.text(x + 2, y, end.saturating_sub(x + 2), code, Role::Bad);
        }
        let line = Rect::new(area.x, y, area.width, 1);
        if index == state.list.selected {
            canvas.highlight(line, if model.focus == Pane::Activity { Role::Selection } else { Role::QuietSelection });
        }
        canvas.target(line, Target::Row(Pane::Activity, index));
    }
}

//! The resource checklist.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::glyph;
use super::theme::Role;
use crate::app::Pane;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::text_width::{left, width};
use crate::demo::resource::ResourceState;

/// Columns of the kind.
const KIND: usize = 20;
/// From this width on the purpose has a column.
const WIDE: u16 = 110;

/// Draws the pane.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.resources;
    if state.rows.is_empty() {
        let text = match &state.error {
            Some(error) => format!("The checklist could not be read. {error}"),
            None => "Reading the account …".to_owned(),
        };
        canvas.paragraph(area, &text, if state.error.is_some() { Role::Bad } else { Role::Dim });
        return;
    }
    let large = model.enlarged();
    let footer = if area.height >= 9 && !large { 3 } else { 0 };
    // A line of air below each row.
    let pitch = if large { 2 } else { 1 };
    let height = usize::from((area.height - footer).div_ceil(pitch));
    let at = Pane::Resources as usize;
    let top = window(canvas.view.tops[at], state.list.selected, state.rows.len(), height);
    canvas.view.heights[at] = height;
    canvas.view.tops[at] = top;
    let kind = KIND.min(state.rows.iter().map(|row| width(row.kind)).max().unwrap_or(0));
    let name = state.rows.iter().map(|row| width(&row.name)).max().unwrap_or(0).min(usize::from(area.width) * 2 / 5);
    for (line, (index, row)) in state.rows.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + line as u16 * pitch;
        let (mark, role, word) = glyph::resource(model, row.state);
        let fresh = model.motion && state.changed.contains_key(&row.id);
        let mut x = area.x;
        let end = area.right();
        x += canvas.text(x, y, 2, mark, role) + 1;
        if !large {
            x += canvas.text(x, y, end.saturating_sub(x), &left(row.kind, kind), Role::Dim) + 1;
        }
        let there = !matches!(row.state, ResourceState::Missing);
        x += canvas.text(x, y, end.saturating_sub(x), &left(&row.name, name), if there { Role::Strong } else { Role::Dim }) + 2;
        let detail = if row.detail.is_empty() || large { word } else { &row.detail };
        let columns = end.saturating_sub(x);
        // What is as it should be stays in the background.
        let role = if row.state == ResourceState::Ready { Role::Dim } else { role };
        if area.width >= WIDE && !large {
            let used = columns / 3;
            canvas.text(x, y, used.saturating_sub(2), detail, role);
            canvas.text(x + used, y, columns - used, row.purpose, Role::Dim);
        } else {
            canvas.text(x, y, columns, detail, role);
        }
        let whole = Rect::new(area.x, y, area.width, 1);
        if fresh {
            canvas.overlay(whole, ratatui::style::Style::new().add_modifier(ratatui::style::Modifier::BOLD));
        }
        if index == state.list.selected {
            canvas.highlight(whole, if model.focus == Pane::Resources { Role::Selection } else { Role::QuietSelection });
        }
        canvas.target(whole, Target::Row(Pane::Resources, index));
    }
    if footer > 0
        && let Some(row) = state.rows.get(state.list.selected)
    {
        let y = area.bottom() - 2;
        let purpose = match state.cost_of(row) {
            Some(cost) => format!("{} · {cost}", row.purpose),
            None => row.purpose.to_owned(),
        };
        canvas.text(area.x, y, area.width, &purpose, Role::Base);
        let needs: Vec<&str> = row.depends_on.iter().map(|id| id.split_once('/').map_or(id.as_str(), |(_, name)| name)).collect();
        let made = format!("Made by step {} “{}”", row.step.number(), row.step.title());
        let text = if needs.is_empty() { made } else { format!("{made}, needs {}", needs.join(", ")) };
        canvas.text(area.x, y + 1, area.width, &text, Role::Dim);
        if let Some(error) = &state.error {
            canvas.text(area.x, y - 1, area.width, &format!("✖ {error}"), Role::Bad);
        }
    }
}

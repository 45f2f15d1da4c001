//! The plan of a statement, as a tree with its costs and rows.

use ratatui::layout::Rect;

use super::open;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::popup::PlanView;
use crate::app::text_width::{left, right, visible};
use crate::demo::figures;
use crate::ops::query::QueryEngine;
use crate::ui::canvas::Canvas;
use crate::ui::theme::Role;

/// Columns of the figures on the right: rows, bytes, the share of the cost.
const ROWS: usize = 12;
const COST: usize = 14;
const BAR: usize = 10;

pub(super) fn draw(canvas: &mut Canvas<'_>, screen: Rect, view: &PlanView) {
    let title = format!("Plan on {}", view.engine.title());
    let area = open(canvas, screen, 140, screen.height * 4 / 5, &title);
    canvas.text(area.x, area.y, area.width, &left(&visible(&view.sql), usize::from(area.width)), Role::Dim);
    let nodes = &view.plan.nodes;
    let costs = nodes.iter().any(|node| node.cost.is_some());
    let bars = costs && area.width >= 90;
    let figures_width = ROWS + COST + if bars { BAR + 2 } else { 0 } + 2;
    let tree = usize::from(area.width).saturating_sub(figures_width);
    let second = if view.engine == QueryEngine::Redshift { "cost" } else { "bytes" };
    let head = format!("{}  {}", right("rows", ROWS), right(second, COST));
    canvas.text(area.x + tree as u16, area.y + 1, area.width - tree as u16, &head, Role::Faint);
    // Half of what is left is for the details of the selected node, as far as it has any.
    let selected = view.list.selected.min(nodes.len().saturating_sub(1));
    let details = nodes.get(selected).map(|node| node.details.as_slice()).unwrap_or_default();
    let below = (details.len() as u16 + 1).min(area.height / 2).min(if details.is_empty() { 0 } else { u16::MAX });
    let list = Rect { y: area.y + 2, height: area.height.saturating_sub(3 + below), ..area };
    let height = usize::from(list.height);
    let top = window(canvas.view.popup_top, selected, nodes.len(), height);
    canvas.view.popup_top = top;
    canvas.view.popup_height = height;
    if nodes.is_empty() {
        canvas.text(list.x, list.y, list.width, "The service gave no plan", Role::Dim);
    }
    for (row, (index, node)) in nodes.iter().enumerate().skip(top).take(height).enumerate() {
        let y = list.y + row as u16;
        let last = !nodes[index + 1..].iter().take_while(|other| other.depth >= node.depth).any(|other| other.depth == node.depth);
        let branch = match (node.depth, last) {
            (0, _) => String::new(),
            (depth, true) => format!("{}└ ", "  ".repeat(depth - 1)),
            (depth, false) => format!("{}├ ", "  ".repeat(depth - 1)),
        };
        let used = canvas.text(list.x, y, tree as u16, &branch, Role::Rule);
        canvas.text(list.x + used, y, (tree as u16).saturating_sub(used + 1), &visible(&node.title), Role::Base);
        let rows = node.rows.map(|rows| figures::count(rows.max(0.0) as u64)).unwrap_or_default();
        let second = match view.engine {
            QueryEngine::Redshift => node.cost.map(|cost| figures::float((cost * 100.0).round() / 100.0)).unwrap_or_default(),
            QueryEngine::Athena => node.bytes.map(|bytes| figures::bytes(bytes.max(0.0) as u64)).unwrap_or_default(),
        };
        let x = list.x + tree as u16;
        canvas.text(x, y, ROWS as u16, &right(&rows, ROWS), Role::Number);
        canvas.text(x + ROWS as u16 + 2, y, COST as u16, &right(&second, COST), Role::Number);
        if bars && let Some(share) = view.own_share(index) {
            let full = (share * BAR as f64).round() as usize;
            canvas.text(x + (ROWS + COST + 4) as u16, y, BAR as u16, &"█".repeat(full), Role::Warn);
        }
        let whole = Rect { y, height: 1, ..list };
        if index == selected {
            canvas.highlight(whole, Role::Selection);
        }
        canvas.target(whole, Target::PopupRow(index));
    }
    if below > 0 {
        let y = list.bottom();
        canvas.rule(area.x, y, area.width, Role::Rule);
        for (row, detail) in details.iter().take(usize::from(below) - 1).enumerate() {
            canvas.text(area.x, y + 1 + row as u16, area.width, &left(&visible(detail), usize::from(area.width)), Role::Base);
        }
    }
    canvas.text_right(area.x, area.bottom() - 1, area.width, "Esc closes", Role::Faint);
}

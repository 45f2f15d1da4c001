//! The way of a version as a chain: data, unload, processing, training, model, package, endpoint.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::theme::Role;
use crate::app::text_width::{left, visible, width};
use crate::ops::models::{Lineage, LineageKind, LineageNode};

/// Draws the chain from top to bottom: boxes where there is room, else a line for each with its facts behind it.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, found: &Lineage) {
    let nodes = &found.nodes;
    if nodes.is_empty() {
        canvas.paragraph(area, "The account does not know any more where it comes from.", Role::Dim);
        return;
    }
    // A box has its name, its facts and the line to the next one.
    if usize::from(area.height) >= nodes.len() * 4 {
        return boxes(canvas, area, nodes);
    }
    let word = nodes.iter().map(|node| width(kind(node.kind))).max().unwrap_or(0);
    let double = usize::from(area.height) >= nodes.len() * 2;
    let mut y = area.y;
    for (index, node) in nodes.iter().enumerate() {
        if y >= area.bottom() {
            break;
        }
        let last = index + 1 == nodes.len();
        let joint = if index == 0 {
            "╭"
        } else if last {
            "╰"
        } else {
            "├"
        };
        let pieces = Pieces::new()
            .add(format!("{joint}─"), Role::Dim)
            .add(format!("{} ", glyph(node.kind)), Role::Accent)
            .add(left(kind(node.kind), word), Role::Dim)
            .add(format!("  {}", visible(&node.name)), Role::Strong)
            .add(if double { String::new() } else { format!("  {}", told(node)) }, Role::Faint);
        canvas.pieces(area.x, y, area.width, &pieces);
        y += 1;
        if double && y < area.bottom() {
            let pieces = Pieces::new()
                .add(if last { "  " } else { "│ " }, Role::Dim)
                .add(" ".repeat(word + 4), Role::Dim)
                .add(told_with_time(canvas, node), Role::Faint);
            canvas.pieces(area.x, y, area.width, &pieces);
            y += 1;
        }
    }
}

fn boxes(canvas: &mut Canvas<'_>, area: Rect, nodes: &[LineageNode]) {
    let wide = area.width.min(84);
    let mut y = area.y;
    for (index, node) in nodes.iter().enumerate() {
        let outer = Rect::new(area.x, y, wide, 3);
        let role = if matches!(node.kind, LineageKind::Package | LineageKind::Endpoint) { Role::Accent } else { Role::Dim };
        canvas.frame(outer, role);
        let title = format!(" {} {} ", glyph(node.kind), kind(node.kind));
        canvas.text(outer.x + 2, y, wide.saturating_sub(4), &title, role);
        if let Some(at) = node.at {
            let at = at.with_timezone(&canvas.model.zone).format(" %d %b %H:%M:%S ").to_string();
            canvas.text_right(outer.x + 2, y, wide.saturating_sub(4), &at, Role::Faint);
        }
        let pieces = Pieces::new().add(visible(&node.name), Role::Strong).add(format!("  {}", told(node)), Role::Dim);
        canvas.pieces(outer.x + 2, y + 1, wide.saturating_sub(4), &pieces);
        y += 3;
        if index + 1 < nodes.len() {
            canvas.text(outer.x + 4, y - 1, 1, "┬", role);
            canvas.text(outer.x + 4, y, 1, "▼", Role::Dim);
            y += 1;
        }
    }
}

fn told(node: &LineageNode) -> String {
    node.detail.iter().map(|(name, value)| format!("{name} {}", visible(value))).collect::<Vec<_>>().join(" · ")
}

fn told_with_time(canvas: &Canvas<'_>, node: &LineageNode) -> String {
    let at = node.at.map(|at| at.with_timezone(&canvas.model.zone).format("%d %b %H:%M:%S").to_string()).unwrap_or_default();
    [at, told(node)].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn kind(kind: LineageKind) -> &'static str {
    match kind {
        LineageKind::Data => "data",
        LineageKind::Unload => "unload",
        LineageKind::Processing => "processing",
        LineageKind::Training => "training",
        LineageKind::Model => "model",
        LineageKind::Package => "package",
        LineageKind::Endpoint => "endpoint",
    }
}

fn glyph(kind: LineageKind) -> &'static str {
    match kind {
        LineageKind::Data => "▤",
        LineageKind::Unload => "⇣",
        LineageKind::Processing => "⚙",
        LineageKind::Training => "∿",
        LineageKind::Model => "◈",
        LineageKind::Package => "▣",
        LineageKind::Endpoint => "◉",
    }
}

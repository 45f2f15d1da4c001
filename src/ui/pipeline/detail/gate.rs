//! The conditions of the gate: both sides, and by how much they hold.

use ratatui::layout::Rect;

use super::super::super::canvas::{Canvas, Pieces};
use super::super::super::theme::Role;
use super::super::below;
use super::super::table::{Table, figure, text};
use crate::ops::pipeline::Gate;

/// Draws the conditions; gives the rows used.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, gate: &Gate) -> u16 {
    let held = gate.conditions.iter().all(|condition| condition.holds);
    let (verdict, role) = if held {
        ("✔ every condition holds: the model is registered", Role::Good)
    } else {
        ("✖ refused: a condition does not hold", Role::Bad)
    };
    canvas.pieces(area.x, area.y, area.width, &Pieces::new().add(verdict, role));
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
    let rows = gate
        .conditions
        .iter()
        .map(|condition| {
            let (mark, role) = if condition.holds { ("✔", Role::Good) } else { ("✖", Role::Bad) };
            let margin = condition.margin().map_or_else(|| "–".to_owned(), |margin| format!("{margin:+.4}"));
            vec![
                (mark.to_owned(), role),
                (condition.what.clone(), Role::Base),
                (number(condition.left), Role::Strong),
                (condition.relation.clone(), Role::Dim),
                (number(condition.right), Role::Strong),
                (margin, role),
            ]
        })
        .collect();
    let columns =
        vec![text(" ", 0, 1), text("condition", 0, 34), figure("is", 0), text(" ", 0, 2), figure("must be", 0), figure("margin", 0)];
    2 + Table { columns, rows }.draw(canvas, below(area, 2), None)
}

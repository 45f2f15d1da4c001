//! The checks of the data: what was found, and what is allowed.

use ratatui::layout::Rect;

use super::super::super::canvas::{Canvas, Pieces};
use super::super::super::theme::Role;
use super::super::below;
use super::super::table::{Table, text};
use crate::demo::figures;
use crate::ops::pipeline::DataQuality;

/// Draws the checks, those that failed first; gives the rows used.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, found: &DataQuality, short: bool) -> u16 {
    let failed = found.checks.iter().filter(|check| !check.ok).count();
    let verdict = match failed {
        0 => (format!("✔ {} passed", figures::counted(found.checks.len() as u64, "check")), Role::Good),
        _ => (format!("✖ {failed} of {} failed", figures::counted(found.checks.len() as u64, "check")), Role::Bad),
    };
    let rate = found.target_rate.map(|rate| format!(", {} said yes", figures::percent(rate))).unwrap_or_default();
    let pieces = Pieces::new().add(verdict.0, verdict.1).add(format!("   {}{rate}", figures::counted(found.rows, "row")), Role::Base);
    canvas.pieces(area.x, area.y, area.width, &pieces);
    let mut used = 1;
    if !found.baseline.is_empty() && !short {
        used += canvas.paragraph(
            Rect { height: 2.min(area.height.saturating_sub(1)), ..below(area, 1) },
            &format!("Compared with {}", found.baseline),
            Role::Dim,
        );
    }
    let mut checks: Vec<_> = found.checks.iter().collect();
    checks.sort_by_key(|check| check.ok);
    let rows: Vec<Vec<(String, Role)>> = checks
        .into_iter()
        .map(|check| {
            let (mark, role) = if check.ok { ("✔", Role::Good) } else { ("✖", Role::Bad) };
            let base = if check.ok { Role::Base } else { Role::Bad };
            vec![
                (mark.to_owned(), role),
                (check.name.clone(), base),
                (check.column.clone().unwrap_or_else(|| "table".to_owned()), if check.column.is_some() { base } else { Role::Faint }),
                (check.found.clone(), base),
                (check.allowed.clone(), Role::Dim),
            ]
        })
        .collect();
    let columns = vec![text(" ", 0, 1), text("check", 0, 22), text("column", 0, 18), text("found", 0, 40), text("allowed", 1, 44)];
    let scroll = if short { 0 } else { canvas.model.pipeline.scroll };
    let room = below(area, used + 1);
    let top = scroll.min(rows.len().saturating_sub(usize::from(room.height.saturating_sub(1))));
    let table = Table { columns, rows: rows.into_iter().skip(top).collect() };
    used + 1 + table.draw(canvas, room, None)
}

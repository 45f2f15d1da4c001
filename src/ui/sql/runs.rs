//! The statements of a script, each with its state, time and rows.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::glyph;
use super::super::theme::Role;
use crate::app::list::window;
use crate::app::sql::{Run, RunState};
use crate::app::text_width::{left, right, visible, width};
use crate::demo::figures;
use crate::ops::OpErrorKind;

/// Columns of the facts on the right at most.
const FACTS: usize = 44;

/// Lines that the list takes of `height`; none for a single statement.
pub(super) fn height(canvas: &Canvas<'_>, height: u16) -> u16 {
    match canvas.model.sql.tab().runs.len() {
        0 | 1 => 0,
        count => (count as u16).min((height / 2).max(3)).min(height),
    }
}

/// Draws the list, so that the statement that runs, or the one that failed, is on the screen.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let runs = &canvas.model.sql.tab().runs;
    let failed = runs.iter().position(|run| matches!(run.state, RunState::Failed { .. }));
    let interesting = runs.iter().position(Run::active).or(failed).unwrap_or(runs.len().saturating_sub(1));
    let height = usize::from(area.height);
    let top = window(interesting.saturating_sub(height / 2), interesting, runs.len(), height);
    for (row, (index, run)) in runs.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + row as u16;
        let (mark, role, facts) = told(canvas, run);
        let number = right(&(index + 1).to_string(), runs.len().to_string().len());
        let mut x = area.x;
        x += canvas.text(x, y, area.width, &format!("{number} "), Role::Faint);
        x += canvas.text(x, y, 3, &format!("{mark} "), role);
        let facts = left(&facts, width(&facts).min(FACTS)).trim_end().to_owned();
        let room = area.right().saturating_sub(x + width(&facts) as u16 + 2);
        canvas.text(x, y, room, &left(&visible(&run.line()), usize::from(room)), Role::Base);
        canvas.text_right(x, y, area.right().saturating_sub(x), &facts, if role == Role::Bad { Role::Bad } else { Role::Dim });
    }
}

/// Mark, colour and facts of a statement.
fn told(canvas: &Canvas<'_>, run: &Run) -> (String, Role, String) {
    match &run.state {
        RunState::Waiting => ("◌".into(), Role::Faint, "waits".into()),
        RunState::Skipped => ("◇".into(), Role::Faint, "skipped".into()),
        RunState::Active { since, cancelling, .. } => {
            let what = if *cancelling { "cancelling" } else { "runs" };
            (glyph::working(canvas.model).to_string(), Role::Accent, format!("{what} {}", canvas.model.so_far(*since)))
        }
        RunState::Done { seconds, rows, scanned, bytes } => {
            let rows = rows.map(|rows| format!("{} · ", figures::counted(rows, "row"))).unwrap_or_default();
            let size = match (scanned, bytes) {
                (Some(scanned), _) => format!("{} scanned · ", figures::bytes(*scanned)),
                (None, Some(bytes)) if *bytes > 0 => format!("{} · ", figures::bytes(*bytes)),
                _ => String::new(),
            };
            ("✔".into(), Role::Good, format!("{rows}{size}{}", figures::duration(*seconds)))
        }
        RunState::Failed { error, seconds } => {
            let word = if error.kind == OpErrorKind::Cancelled { "cancelled" } else { "failed" };
            ("✖".into(), Role::Bad, format!("{word} · {}", figures::duration(*seconds)))
        }
    }
}

//! The full-screen message that the target cannot be opened.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::theme::Role;
use crate::ops::OpError;

/// What failed, why, and what to do. `on_account` is whether there is a login to renew, and more that may be missing.
pub fn closed(canvas: &mut Canvas<'_>, area: Rect, error: &OpError, on_account: bool) {
    let width = area.width.saturating_sub(4).min(84);
    let x = area.x + (area.width - width) / 2;
    let mut y = area.y + area.height / 5;
    let bottom = area.bottom();
    let rest = |y: u16| Rect::new(x, y, width, bottom.saturating_sub(y));
    canvas.text(x, y, width, "✖ The account cannot be opened", Role::Bad);
    y += 2;
    let what = match &error.resource {
        Some(resource) => format!("{resource}: {}", error.what),
        None => error.what.clone(),
    };
    y += canvas.paragraph(rest(y), &what, Role::Strong);
    y += canvas.paragraph(rest(y), &error.why, Role::Base) + 1;
    if let Some(fix) = &error.fix {
        canvas.text(x, y, width, "What to do", Role::Accent);
        y += 1;
        y += canvas.paragraph(rest(y), fix, Role::Base) + 1;
    }
    if y < bottom {
        let used = canvas.text(x, y, width, "r", Role::Accent);
        let used = used + canvas.text(x + used, y, width, " try again    ", Role::Dim);
        let mut used = used;
        if on_account {
            used += canvas.text(x + used, y, width, "L", Role::Accent);
            used += canvas.text(x + used, y, width, " log in    ", Role::Dim);
            used += canvas.text(x + used, y, width, "D", Role::Accent);
            used += canvas.text(x + used, y, width, " what else is missing    ", Role::Dim);
        }
        let used = used + canvas.text(x + used, y, width, "q", Role::Accent);
        canvas.text(x + used, y, width, " leave", Role::Dim);
    }
}

//! The checks of the doctor.

use ratatui::layout::Rect;

use super::open;
use crate::app::msg::Target;
use crate::app::popup::{DoctorLine, DoctorView};
use crate::app::text_width::{visible, width, wrap};
use crate::demo::figures;
use crate::ops::doctor::{Check, Verdict};
use crate::ui::canvas::{Canvas, Pieces};
use crate::ui::glyph;
use crate::ui::theme::Role;

/// Columns of the mark and of the name of a check.
const MARK: u16 = 2;
const NAME: u16 = 13;
/// Rows that a message, or what to do, takes in the list at most; in full it is shown by itself.
const MOST: usize = 2;

pub(super) fn draw(canvas: &mut Canvas<'_>, screen: Rect, view: &DoctorView) {
    let area = open(canvas, screen, 112, screen.height.saturating_sub(4).min(40), "Doctor");
    canvas.pieces(area.x, area.y, area.width, &summary(canvas, view));
    canvas.rule(area.x, area.y + 1, area.width, Role::Rule);
    let list = Rect { y: area.y + 2, height: area.height.saturating_sub(3), ..area };
    canvas.view.popup_height = usize::from(list.height);
    let hints: &[(&str, &str)] = match (view.whole, view.selected()) {
        (Some(top), Some(check)) => {
            whole(canvas, list, check, top);
            &[("↑ ↓", "scroll"), ("Enter", "all checks"), ("r", "examine again")]
        }
        _ => {
            lines(canvas, list, view);
            &[("Enter", "in full"), ("r", "examine again"), ("Esc", "closes")]
        }
    };
    let mut pieces = Pieces::new();
    for (key, words) in hints {
        pieces = pieces.add(*key, Role::Accent).add(format!(" {words}   "), Role::Dim);
    }
    canvas.pieces(area.x, area.bottom() - 1, area.width, &pieces);
}

/// What came of it as a whole.
fn summary(canvas: &Canvas<'_>, view: &DoctorView) -> Pieces {
    let (failed, warnings) = (view.count(Verdict::Failed), view.count(Verdict::Warning));
    let mut pieces = Pieces::new();
    if !view.waiting.is_empty() || view.around.is_none() {
        pieces = pieces.add(format!("{} ", glyph::working(canvas.model)), Role::Accent).add("being examined   ", Role::Dim);
    }
    if failed > 0 {
        pieces = pieces.add(format!("{failed} failed   "), Role::Bad);
    }
    if warnings > 0 {
        pieces = pieces.add(format!("{}   ", figures::counted(warnings as u64, "warning")), Role::Warn);
    }
    pieces.add(format!("{} as it should be", view.count(Verdict::Ok)), Role::Good)
}

const fn mark(verdict: Verdict) -> (&'static str, Role) {
    match verdict {
        Verdict::Ok => ("✔", Role::Good),
        Verdict::Warning => ("!", Role::Warn),
        Verdict::Failed => ("✖", Role::Bad),
    }
}

/// Text in as many rows as a line of the list may have; what is left out is told by dots.
fn rows(text: &str, columns: usize) -> Vec<String> {
    let mut rows = wrap(&visible(text), columns);
    if rows.is_empty() {
        rows.push(String::new());
    }
    if rows.len() > MOST {
        rows.truncate(MOST);
        if let Some(last) = rows.last_mut() {
            while width(last) + 2 > columns && last.pop().is_some() {}
            last.push_str(" …");
        }
    }
    rows
}

/// The rows of a line: each with its role.
fn body(line: &DoctorLine<'_>, columns: usize) -> Vec<(String, Role)> {
    match line {
        DoctorLine::Waiting(_) => vec![("being asked".to_owned(), Role::Faint)],
        DoctorLine::Check(check) => {
            let said = rows(&check.message, columns).into_iter().map(|row| (row, Role::Base));
            let fix = check.fix.iter().flat_map(|fix| rows(&format!("→ {fix}"), columns)).map(|row| (row, Role::Dim));
            said.chain(fix).collect()
        }
    }
}

fn lines(canvas: &mut Canvas<'_>, area: Rect, view: &DoctorView) {
    let lines = view.lines();
    let columns = usize::from(area.width.saturating_sub(MARK + NAME));
    let bodies: Vec<Vec<(String, Role)>> = lines.iter().map(|line| body(line, columns)).collect();
    let selected = view.list.selected.min(lines.len().saturating_sub(1));
    let first: usize = bodies.iter().take(selected).map(Vec::len).sum();
    let next = first + bodies.get(selected).map_or(0, Vec::len);
    let all: usize = bodies.iter().map(Vec::len).sum();
    let height = usize::from(area.height);
    // All of the selected line is on the screen, as near as possible to where the list was.
    let top = canvas.view.popup_top.min(all.saturating_sub(height)).max(next.saturating_sub(height)).min(first);
    canvas.view.popup_top = top;
    let mut at = 0;
    for (index, (line, body)) in lines.iter().zip(&bodies).enumerate() {
        for (row, (text, role)) in body.iter().enumerate() {
            let place = at + row;
            if place < top || place >= top + height {
                continue;
            }
            let y = area.y + (place - top) as u16;
            if row == 0 {
                let (mark, mark_role, name) = match line {
                    DoctorLine::Check(check) => {
                        let (mark, role) = mark(check.verdict);
                        (mark, role, check.name)
                    }
                    DoctorLine::Waiting(part) => (glyph::working(canvas.model), Role::Accent, part.name()),
                };
                canvas.text(area.x, y, MARK, mark, mark_role);
                canvas.text(area.x + MARK, y, NAME, name, Role::Strong);
            }
            canvas.text(area.x + MARK + NAME, y, columns as u16, text, *role);
            let whole = Rect { y, height: 1, ..area };
            if index == selected {
                canvas.highlight(whole, Role::Selection);
            }
            canvas.target(whole, Target::PopupRow(index));
        }
        at += body.len();
    }
}

/// One check with all that is said of it.
fn whole(canvas: &mut Canvas<'_>, area: Rect, check: &Check, top: usize) {
    let columns = usize::from(area.width);
    let mut all: Vec<(String, Role)> = Vec::new();
    let mut add = |text: &str, role| all.extend(wrap(&visible(text), columns).into_iter().map(|row| (row, role)));
    let (mark, role) = mark(check.verdict);
    add(&format!("{mark} {}", check.name), role);
    add(" ", Role::Base);
    add(&check.message, Role::Base);
    if let Some(fix) = &check.fix {
        add(" ", Role::Base);
        add("What to do", Role::Accent);
        add(fix, Role::Base);
    }
    let height = usize::from(area.height);
    let end = all.len().saturating_sub(height);
    for (row, (text, role)) in all.iter().skip(top.min(end)).take(height).enumerate() {
        canvas.text(area.x, area.y + row as u16, area.width, text, *role);
    }
}

//! The form in front of what changes the account.

use ratatui::layout::{Position, Rect};

use super::super::canvas::{Canvas, Pieces};
use super::super::theme::Role;
use super::open;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::pipeline::form::{Entry, Form, Input};
use crate::app::text_width::{left, visible, width, wrap};

/// Draws the form.
pub(super) fn draw(canvas: &mut Canvas<'_>, screen: Rect, form: &Form) {
    let columns = 84.min(screen.width.saturating_sub(2));
    let intro = wrap(&form.intro, usize::from(columns).saturating_sub(4));
    let rows = intro.len() as u16 + 1 + form.entries.len() as u16 * 2 + 4;
    let area = open(canvas, screen, columns, rows, &form.title);
    let mut y = area.y;
    for line in &intro {
        canvas.text(area.x, y, area.width, line, Role::Dim);
        y += 1;
    }
    y += 1;
    let room = area.bottom().saturating_sub(y + 2);
    // A line for each entry and one for what is said about it; only the first where there is no room for both.
    let tall = usize::from(room) >= form.entries.len() * 2;
    let per = if tall { 2 } else { 1 };
    let fit = (usize::from(room) / per).max(1);
    let top = window(0, form.at, form.entries.len(), fit);
    let label = form.entries.iter().map(|entry| width(&entry.label)).max().unwrap_or(0).min(28);
    for (index, entry) in form.entries.iter().enumerate().skip(top).take(fit) {
        one(canvas, Rect { y, height: per as u16, ..area }, entry, label, index == form.at);
        canvas.target(Rect { y, height: per as u16, ..area }, Target::PopupRow(index));
        y += per as u16;
    }
    if !tall && let Some(entry) = form.entries.get(form.at) {
        note(canvas, Rect { y: area.bottom().saturating_sub(2), height: 1, ..area }, entry);
    }
    let last = form.at + 1 == form.entries.len();
    let keys = Pieces::new()
        .add(if last { format!("Enter {}", form.yes) } else { "Enter next".to_owned() }, Role::Accent)
        .add(format!("    F5 {}", form.yes), if last { Role::Dim } else { Role::Accent })
        .add("    ↑ ↓ lines    Esc Leave it", Role::Dim);
    canvas.pieces(area.x, area.bottom() - 1, area.width, &keys);
}

fn one(canvas: &mut Canvas<'_>, area: Rect, entry: &Entry, label: usize, active: bool) {
    canvas.text(area.x, area.y, area.width, &left(&entry.label, label), if active { Role::Accent } else { Role::Dim });
    let x = area.x + label as u16 + 2;
    let room = area.right().saturating_sub(x);
    match &entry.input {
        Input::Text(field) => {
            canvas.text(x, area.y, room, &visible(&field.text), Role::Strong);
            if field.text.is_empty() && !active {
                canvas.text(x, area.y, room, "–", Role::Faint);
            }
            if active {
                let at = width(&visible(&field.text[..field.cursor])) as u16;
                canvas.cursor = Some(Position::new((x + at).min(area.right().saturating_sub(1)), area.y));
            }
        }
        Input::Choice { .. } | Input::Switch(_) => {
            let text = match &entry.input {
                Input::Switch(true) => "yes".to_owned(),
                Input::Switch(false) => "no".to_owned(),
                _ => entry.value(),
            };
            let pieces = Pieces::new()
                .add(if active { "‹ " } else { "  " }, Role::Accent)
                .add(text, Role::Strong)
                .add(if active { " ›" } else { "" }, Role::Accent);
            canvas.pieces(x, area.y, room, &pieces);
        }
    }
    if area.height > 1 {
        note(canvas, Rect { x, y: area.y + 1, width: room, height: 1 }, entry);
    }
}

fn note(canvas: &mut Canvas<'_>, area: Rect, entry: &Entry) {
    match &entry.problem {
        Some(problem) => canvas.text(area.x, area.y, area.width, &format!("✖ {problem}"), Role::Bad),
        None => canvas.text(area.x, area.y, area.width, &entry.note, Role::Faint),
    };
}

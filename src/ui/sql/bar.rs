//! The line below a result: what is typed, what is awaited, or what is sorted, filtered, searched and selected.

use ratatui::layout::{Position, Rect};

use super::super::canvas::{Canvas, Pieces};
use super::super::glyph;
use super::super::theme::Role;
use crate::app::sql::result::{Prompt, PromptKind, ResultSet, View};
use crate::app::text_width::{visible, width};
use crate::demo::figures;

/// Whether there is something to say.
pub fn wanted(result: &ResultSet) -> bool {
    result.prompt.is_some() || result.waiting.is_some() || result.said.is_some() || state(result).width() > 0
}

/// Draws the line.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet) {
    if let Some(prompt) = &result.prompt {
        return typed(canvas, area, result, prompt);
    }
    if let Some(waiting) = &result.waiting {
        let how_far = match (waiting.done, waiting.of) {
            (0, _) => String::new(),
            (done, 0) => format!(" {}", figures::count(done)),
            (done, of) => format!(" {} of {}", figures::count(done), figures::count(of)),
        };
        let pieces = Pieces::new()
            .add(format!("{} {}", glyph::working(canvas.model), waiting.words), Role::Accent)
            .add(how_far, Role::Base)
            .add("   Esc cancels", Role::Dim);
        let used = canvas.pieces(area.x, area.y, area.width, &pieces);
        let room = area.width.saturating_sub(used + 2).min(30);
        if waiting.of > 0 && room >= 8 {
            let full = (waiting.done as f64 / waiting.of as f64).clamp(0.0, 1.0);
            let filled = (full * f64::from(room)).round() as usize;
            let bar = Pieces::new().add("━".repeat(filled), Role::Accent).add("─".repeat(usize::from(room) - filled), Role::Faint);
            canvas.pieces(area.right() - room, area.y, room, &bar);
        }
        return;
    }
    if let Some(said) = &result.said {
        let role = if said.bad { Role::Bad } else { Role::Accent };
        let mark = if said.bad { "✖ " } else { "" };
        canvas.text(area.x, area.y, area.width, &visible(&format!("{mark}{}", said.text)), role);
        return;
    }
    let clears = "Esc clears";
    let room = if can_be_cleared(result) { area.width.saturating_sub(width(clears) as u16 + 2) } else { area.width };
    let used = canvas.pieces(area.x, area.y, room, &state(result));
    if room < area.width {
        canvas.text(area.x + used + 2, area.y, area.width.saturating_sub(used + 2), clears, Role::Faint);
    }
}

/// Whether Esc takes something back.
fn can_be_cleared(result: &ResultSet) -> bool {
    !result.arrangement.is_plain() || result.search.is_some() || result.selection().is_some()
}

fn typed(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet, prompt: &Prompt) {
    let column = match prompt.kind {
        PromptKind::Filter(column) => result.meta.columns.get(column).map(|column| column.name.as_str()),
        _ => None,
    };
    if let PromptKind::Replace(_) = prompt.kind {
        canvas.text(area.x, area.y, area.width, &prompt.label(None), Role::Warn);
        return;
    }
    let label = match prompt.kind {
        PromptKind::Export => {
            let rows = if result.arrangement.is_plain() { result.total_rows() } else { result.shown_rows() };
            let columns = result.columns.order().len() as u64;
            format!("Export {} × {} to", figures::counted(rows, "row"), figures::counted(columns, "column"))
        }
        _ => visible(&prompt.label(column)).into_owned(),
    };
    let used = canvas.text(area.x, area.y, area.width / 2, &format!("{label} › "), Role::Accent);
    let room = usize::from(area.width.saturating_sub(used + 1));
    // The cursor stays on the screen in a long line.
    let before = &prompt.text[..prompt.cursor];
    let mut start = 0;
    while width(&before[start..]) > room {
        start += before[start..].chars().next().map_or(1, char::len_utf8);
    }
    let x = area.x + used;
    let shown = canvas.text(x, area.y, room as u16 + 1, &prompt.text[start..], Role::Strong);
    canvas.cursor = Some(Position::new(x + width(&before[start..]) as u16, area.y));
    let rest = area.width.saturating_sub(used + shown + 3);
    if usize::from(rest) >= 16 {
        canvas.text(x + shown + 3, area.y, rest, &visible(&prompt.hint), Role::Faint);
    }
}

/// What is sorted, filtered, searched, selected and hidden.
fn state(result: &ResultSet) -> Pieces {
    let mut parts: Vec<(String, Role)> = Vec::new();
    let name = |column: usize| result.meta.columns.get(column).map_or_else(String::new, |column| visible(&column.name).into_owned());
    let arrangement = &result.arrangement;
    if !arrangement.sort.is_empty() {
        let keys: Vec<String> =
            arrangement.sort.iter().map(|key| format!("{} {}", if key.descending { "▼" } else { "▲" }, name(key.column))).collect();
        let nulls = if arrangement.sort[0].nulls_first { "NULL first" } else { "NULL last" };
        parts.push((format!("{} ({nulls})", keys.join(", ")), Role::Accent));
    }
    let filter = &arrangement.filter;
    for condition in &filter.conditions {
        parts.push((format!("{} {}", name(condition.column), visible(&condition.test.words())), Role::Accent));
    }
    if let Some(text) = &filter.anywhere {
        parts.push((format!("any column has “{}”", visible(text)), Role::Accent));
    }
    if !filter.is_empty() {
        parts.push((format!("{} of {} rows", figures::count(result.shown_rows()), figures::count(result.store.rows())), Role::Base));
    }
    if let Some(search) = &result.search {
        let count = match result.found() {
            None => "…".to_owned(),
            Some((_, 0)) => "nowhere".to_owned(),
            Some((0, of)) => format!("in {}", figures::counted(of as u64, "row")),
            Some((at, of)) => format!("row {} of {}", figures::count(at as u64), figures::count(of as u64)),
        };
        parts.push((format!("“{}” {count}, n N", visible(&search.text)), Role::Warn));
    }
    if let Some((rows, columns)) = result.selection() {
        let (rows, columns) = (rows.end - rows.start, columns.len() as u64);
        parts.push((format!("{} × {} selected, y copies", figures::counted(rows, "row"), figures::counted(columns, "column")), Role::Base));
    }
    if result.columns.hidden() > 0 && matches!(result.view, View::Grid) {
        parts.push((format!("{} hidden, + shows", figures::counted(result.columns.hidden() as u64, "column")), Role::Dim));
    }
    let mut pieces = Pieces::new();
    for (at, (text, role)) in parts.into_iter().enumerate() {
        pieces = pieces.add(if at > 0 { " · " } else { "" }, Role::Faint).add(text, role);
    }
    pieces
}

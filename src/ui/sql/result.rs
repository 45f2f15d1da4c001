//! A result: a line about it, one of its views, and a line about what is sorted, filtered, typed or awaited.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::theme::Role;
use super::{bar, chart, compare, grid, inspect, profile, record};
use crate::app::engine_name;
use crate::app::sql::result::{ResultSet, View};
use crate::app::text_width::{clip, width};
use crate::demo::figures;
use crate::ops::prices;
use crate::ops::query::cost;

/// Draws a result; its first row is the line that separates it from the editor.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet) {
    title(canvas, area, result);
    let mut inside = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if let Some(error) = &result.broken
        && inside.height > 2
    {
        inside.height -= 1;
        let text = format!("✖ The next rows did not come: {}", error.why);
        canvas.text(inside.x, inside.bottom(), inside.width, &text, Role::Bad);
    }
    if bar::wanted(result) && inside.height > 1 {
        inside.height -= 1;
        bar::draw(canvas, Rect { y: inside.bottom(), height: 1, ..inside }, result);
    }
    if result.meta.columns.is_empty() {
        return;
    }
    canvas.view.heights[crate::app::Pane::Sql as usize] = usize::from(inside.height);
    match &result.view {
        View::Grid => grid::draw(canvas, inside, result),
        View::Record => record::draw(canvas, inside, result),
        View::Inspect { scroll } => inspect::draw(canvas, inside, result, *scroll),
        View::Profile(found) => profile::draw(canvas, inside, result, found),
        View::Chart(view) => chart::draw(canvas, inside, result, view),
        View::Compare(view) => compare::draw(canvas, inside, result, view),
    }
}

fn title(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet) {
    let rows = result.total_rows();
    let mut facts = Pieces::new().add(" ✔ ", Role::Good);
    facts = if result.meta.columns.is_empty() {
        facts.add(if rows > 0 { format!("{} changed", figures::counted(rows, "row")) } else { "Done".into() }, Role::Strong)
    } else {
        facts.add(figures::counted(rows, "row"), Role::Strong)
    };
    if canvas.model.enlarged() {
        canvas.pieces(area.x, area.y, area.width, &facts.add(" ", Role::Dim));
        return;
    }
    facts = facts
        .add(format!(" · {} on {}", figures::duration(result.meta.duration.as_secs_f64()), engine_name(result.meta.engine)), Role::Dim);
    if let Some(bytes) = result.meta.result_bytes.filter(|_| !result.meta.columns.is_empty()) {
        facts = facts.add(format!(" · {}", figures::bytes(bytes)), Role::Dim);
    }
    if let Some(bytes) = result.meta.scanned_bytes {
        facts = facts.add(format!(" · {} scanned", figures::bytes(bytes)), Role::Dim);
        if let Some(usd) = cost::usd(result.meta.engine, bytes) {
            facts = facts.add(format!(" · {}", prices::money(usd)), Role::Dim);
        }
    }
    let results = &canvas.model.sql.tab().results;
    if results.all().len() > 1 {
        facts = facts.add(format!(" · result {} of {}", results.place() + 1, results.all().len()), Role::Accent);
    }
    if result.pinned {
        facts = facts.add(" · pinned", Role::Accent);
    }
    facts = facts.add(" ", Role::Dim);
    let used = canvas.pieces(area.x + 1, area.y, area.width.saturating_sub(2), &facts);
    let shown = result.shown_rows();
    if shown > 0 && !result.meta.columns.is_empty() {
        let place = format!("row {}", figures::count(result.list.selected as u64 + 1));
        let text = if result.store.complete() || !result.arrangement.is_plain() {
            format!(" {place} of {} ", figures::count(shown))
        } else {
            format!(" {place} · {} fetched ", figures::count(shown))
        };
        let room = area.width.saturating_sub(used + 4);
        if width(&text) <= usize::from(room) {
            canvas.text_right(area.x + used + 3, area.y, room, &text, Role::Dim);
        }
    }
}

/// Text for a cell: no more of a long one than can be seen, and nothing that would disturb the terminal.
pub(super) fn short(text: &str, columns: usize) -> String {
    let most = columns * 4 + 32;
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    clip(&crate::app::text_width::visible(&text[..end]), columns).into_owned()
}

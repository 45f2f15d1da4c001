//! The log of a step, followed while it grows, searched by a text.

use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::super::super::canvas::{Canvas, Pieces};
use super::super::super::theme::Role;
use super::super::below;
use super::problem;
use crate::app::Pane;
use crate::app::pipeline::StepView;
use crate::app::text_width::{visible, width};
use crate::demo::figures;
use crate::ops::pipeline::{LogLine, PipelineStep};

/// Columns of the time.
const TIME: u16 = 10;

/// Draws the log.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, step: &PipelineStep, view: &StepView) {
    let log = &view.log;
    let mut area = area;
    if let Some(error) = &log.error {
        area = below(area, problem(canvas, area, error));
    }
    if area.height < 2 {
        return;
    }
    let page = Rect { height: area.height - 1, ..area };
    let height = usize::from(page.height);
    canvas.view.heights[Pane::Pipeline as usize] = height;
    if log.lines.is_empty() {
        let text = match (&view.detail, step.started) {
            (_, None) => "It has not begun.",
            (Some(detail), _) if detail.log.is_none() => "A step of this kind writes no log.",
            _ if log.complete => "It wrote no lines.",
            _ => "Waiting for the first lines …",
        };
        canvas.paragraph(page, text, Role::Dim);
    }
    let end = log.lines.len().saturating_sub(height);
    let top = log.top.unwrap_or(end).min(end);
    for (row, line) in log.lines.iter().skip(top).take(height).enumerate() {
        one(canvas, Rect::new(page.x, page.y + row as u16, page.width, 1), line, log.search.as_deref());
    }
    foot(canvas, Rect::new(area.x, area.bottom() - 1, area.width, 1), view, top, height);
}

fn one(canvas: &mut Canvas<'_>, area: Rect, line: &LogLine, search: Option<&str>) {
    let time = line.at.with_timezone(&canvas.model.zone).format("%H:%M:%S").to_string();
    canvas.text(area.x, area.y, TIME, &time, Role::Faint);
    // XGBoost puts tabs between its figures.
    let spaced = line.text.replace('\t', "  ");
    let text = visible(&spaced);
    let bad = ["error", "traceback", "failed"].iter().any(|word| text.to_lowercase().contains(word));
    let x = area.x + TIME;
    let room = area.right().saturating_sub(x);
    canvas.text(x, area.y, room, &text, if bad { Role::Bad } else { Role::Base });
    let Some(search) = search.filter(|search| !search.is_empty()) else { return };
    let (lower, search) = (text.to_lowercase(), search.to_lowercase());
    // Where lower case has another length, the place would not be the one on the screen.
    if lower.len() != text.len() {
        return;
    }
    for (at, found) in lower.match_indices(&search) {
        let start = width(&text[..at]) as u16;
        let wide = width(found) as u16;
        if start < room {
            let style = canvas.style(Role::Accent).add_modifier(Modifier::REVERSED);
            canvas.overlay(Rect::new(x + start, area.y, wide.min(room - start), 1), style);
        }
    }
}

/// What is typed or searched, and which lines are on the screen.
fn foot(canvas: &mut Canvas<'_>, area: Rect, view: &StepView, top: usize, height: usize) {
    let log = &view.log;
    if let Some(field) = &log.typing {
        let used = canvas.text(area.x, area.y, area.width, "/ ", Role::Accent);
        canvas.text(area.x + used, area.y, area.width.saturating_sub(used), &field.text, Role::Strong);
        let at = width(&field.text[..field.cursor]) as u16;
        canvas.cursor = Some(Position::new((area.x + used + at).min(area.right().saturating_sub(1)), area.y));
        return;
    }
    let mut pieces = Pieces::new();
    if let Some(search) = &log.search {
        let found = log.found().len() as u64;
        pieces = pieces.add(format!("“{search}” in {}, n N", figures::counted(found, "line")), Role::Warn).add("   ", Role::Dim);
    }
    pieces = match (log.top, log.complete) {
        (None, false) => pieces.add("▼ following", Role::Accent),
        (None, true) => pieces.add("complete", Role::Dim),
        (Some(_), _) => pieces.add("f follows the end", Role::Dim),
    };
    canvas.pieces(area.x, area.y, area.width, &pieces);
    if !log.lines.is_empty() {
        let dropped = log.dropped as u64;
        let (first, last) = (top + 1, (top + height).min(log.lines.len()));
        let text = format!(
            "{}–{} of {}",
            figures::count(first as u64 + dropped),
            figures::count(last as u64 + dropped),
            figures::counted(log.lines.len() as u64 + dropped, "line")
        );
        canvas.text_right(area.x, area.y, area.width, &text, Role::Faint);
    }
}

/// The last lines under a rule.
pub(super) fn tail(canvas: &mut Canvas<'_>, area: Rect, view: &StepView) {
    canvas.rule(area.x, area.y, area.width, Role::Rule);
    canvas.text(area.x + 1, area.y, 5, " Log ", Role::Dim);
    let height = usize::from(area.height - 1);
    let skip = view.log.lines.len().saturating_sub(height);
    for (row, line) in view.log.lines.iter().skip(skip).enumerate() {
        one(canvas, Rect::new(area.x, area.y + 1 + row as u16, area.width, 1), line, None);
    }
}

//! The pipeline: an execution as a graph with what is said about the selected step, the executions so far, the registry, what answers, the
//! definition, and the project.

mod compact;
mod compare;
mod definition;
mod detail;
mod endpoints;
mod graph;
mod layout;
mod lineage;
mod lines;
mod models;
mod project;
mod retrain;
mod runs;
mod table;
#[cfg(test)]
mod tests;

use ratatui::layout::Rect;

use super::canvas::{Canvas, Pieces};
use super::glyph;
use super::theme::Role;
use super::view_bar::{Tab, view_bar};
use crate::app::action::Command;
use crate::app::pipeline::{Command as P, View};

/// Below this an execution is a list of lines.
const ROOM_FOR_GRAPH: (u16, u16) = (44, 15);
/// From this width on what is said about a step stands beside the graph.
const SIDE_BY_SIDE: u16 = 96;
/// From this width on it does even beside two graphs.
const THREE: u16 = 180;

/// Draws the pane.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.pipeline;
    let small = area.width < ROOM_FOR_GRAPH.0 || area.height < ROOM_FOR_GRAPH.1;
    if small && state.view == View::Graph && !state.in_detail {
        return compact::draw(canvas, area);
    }
    let mut area = area;
    if !canvas.model.enlarged() {
        views(canvas, Rect { height: 1, ..area });
        area = below(area, 1);
    }
    area = below(area, notices(canvas, area));
    if area.height == 0 {
        return;
    }
    match state.view {
        View::Graph => execution(canvas, area),
        View::Runs => runs::draw(canvas, area),
        View::Models => models::draw(canvas, area),
        View::Endpoints => endpoints::draw(canvas, area),
        View::Definition => definition::draw(canvas, area),
        View::Project => project::draw(canvas, area),
    }
}

/// What is left of an area below some rows of it.
fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}

/// What is left of an area to the right of some columns of it.
fn beside(area: Rect, columns: u16) -> Rect {
    let columns = columns.min(area.width);
    Rect { x: area.x + columns, width: area.width - columns, ..area }
}

/// The views, each with its key.
fn views(canvas: &mut Canvas<'_>, area: Rect) {
    let command = |view: View| Command::Pipeline(P::Show(view));
    let all: Vec<Tab> = View::ALL.into_iter().map(|view| (view.title(), command(view))).collect();
    let current = command(canvas.model.pipeline.view);
    view_bar(canvas, area, &all, current);
}

/// What went wrong, and what is being done; gives the rows used.
fn notices(canvas: &mut Canvas<'_>, area: Rect) -> u16 {
    let model = canvas.model;
    let state = &model.pipeline;
    let mut used = 0;
    if let Some(error) = &state.error {
        let room = Rect { height: (area.height / 3).clamp(1, 4).min(area.height), ..area };
        used += canvas.paragraph(room, &format!("✖ {error}"), Role::Bad);
        if let Some(fix) = &error.fix
            && used < area.height / 2
        {
            used += canvas.paragraph(Rect { height: 2, ..below(area, used) }, &format!("→ {fix}"), Role::Dim);
        }
    }
    for job in &state.jobs {
        if used >= area.height {
            break;
        }
        let said = if job.said.is_empty() { String::new() } else { format!(": {}", job.said) };
        let pieces = Pieces::new()
            .add(format!("{} ", glyph::working(model)), Role::Accent)
            .add(format!("{}{said}", job.work.words()), Role::Base)
            .add(format!("  {}", model.so_far(job.since)), Role::Dim);
        canvas.pieces(area.x, area.y + used, area.width, &pieces);
        used += 1;
    }
    used
}

/// An execution, the one beside it, and what is said about the selected step.
fn execution(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.pipeline;
    let Some(run) = &state.run else {
        if state.error.is_none() {
            compact::nothing(canvas, area);
        }
        return;
    };
    let wide = area.width >= SIDE_BY_SIDE && !canvas.model.enlarged();
    if !wide {
        return if state.in_detail { detail::draw(canvas, area) } else { graph::draw(canvas, area, run, true) };
    }
    let other = state.beside.as_ref();
    let columns = match other {
        Some(_) if area.width >= THREE => area.width * 30 / 100,
        Some(_) => area.width / 2,
        None => (area.width * 42 / 100).clamp(46, 84),
    };
    let first = Rect { width: columns.saturating_sub(2), ..area };
    graph::draw(canvas, first, run, true);
    let mut rest = beside(area, columns);
    if let Some(other) = other {
        rule(canvas, rest);
        let second = Rect { width: if area.width >= THREE { columns.saturating_sub(2) } else { rest.width }, ..rest };
        let second = beside(second, 2);
        match &other.run {
            Some(run) => graph::draw(canvas, second, run, false),
            None => {
                canvas.text(second.x, second.y, second.width, "Reading the execution …", Role::Dim);
            }
        }
        if area.width < THREE {
            if state.in_detail {
                canvas.clear(area);
                detail::draw(canvas, area);
            }
            return;
        }
        rest = beside(rest, columns);
    }
    rule(canvas, rest);
    detail::draw(canvas, beside(rest, 2));
}

/// A line at the left edge.
fn rule(canvas: &mut Canvas<'_>, area: Rect) {
    for y in area.top()..area.bottom() {
        canvas.text(area.x, y, 1, "│", Role::Rule);
    }
}

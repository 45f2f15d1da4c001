//! The execution where there is little room: a line for each step, and the figures of the model.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::glyph;
use super::super::theme::Role;
use super::below;
use crate::app::Pane;
use crate::app::msg::Target;
use crate::app::pipeline::{elapsed, under_way};
use crate::app::text_width::{left, width};
use crate::demo::figures;
use crate::ops::pipeline::{PipelineRun, PipelineStep, RunState, graph};

/// From this width on the kind of a step has a column.
const KIND_FROM: u16 = 56;

/// Draws the execution as lines.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.pipeline;
    let mut area = area;
    if let Some(error) = &state.error {
        let used = canvas.paragraph(Rect { height: area.height.min(3), ..area }, &format!("✖ {error}"), Role::Bad);
        area = below(area, used);
    }
    let Some(run) = &state.run else {
        if state.error.is_none() {
            nothing(canvas, area);
        }
        return;
    };
    if area.height == 0 {
        return;
    }
    heading(canvas, Rect { height: 1, ..area }, run);
    let metrics = metrics(canvas);
    let below = u16::from(!metrics.0.is_empty() && area.height > run.steps.len() as u16 + 2) * 2;
    let failure = run.failure.as_ref().filter(|_| matches!(run.state, RunState::Failed | RunState::Stopped));
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + below), ..area };
    let used = steps(canvas, list, run);
    let y = list.y + used;
    if let Some(failure) = failure
        && y < list.bottom()
    {
        let rest = Rect { y, height: list.bottom() - y, ..list };
        canvas.paragraph(rest, &format!("✖ {failure}"), Role::Bad);
    }
    if below > 0 {
        canvas.pieces(area.x, area.bottom() - 1, area.width, &metrics);
    }
}

/// What stands there before there is an execution.
pub(super) fn nothing(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.pipeline;
    let text = if !state.jobs.is_empty() {
        "Starting …"
    } else if state.read {
        "The pipeline has not run yet. Step 5 of the walkthrough builds and runs it; afterwards s starts it again."
    } else {
        "Reading the account …"
    };
    canvas.paragraph(area, text, Role::Dim);
}

/// State, time and name of an execution; how long it will take, where that is known.
pub(super) fn heading(canvas: &mut Canvas<'_>, area: Rect, run: &PipelineRun) {
    let model = canvas.model;
    let (mark, role, word) = glyph::run(model, run.state);
    let started = run.started.with_timezone(&model.zone).format("%H:%M").to_string();
    let ended = (!under_way(run.state)).then_some(run.updated);
    let time = elapsed(Some(run.started), ended, model.now).unwrap_or(0.0);
    let time = match under_way(run.state) {
        // When it began stands behind it.
        true if !model.motion => String::new(),
        true => format!("  {}", figures::so_far(time)),
        false => format!("  {}", figures::duration(time)),
    };
    let to_go = to_go(run, model.now).filter(|_| model.motion);
    let pieces = Pieces::new()
        .add(format!("{mark} "), role)
        .add(word, role)
        .add(time, Role::Strong)
        .add(to_go.map(|seconds| format!("  about {} to go", figures::so_far(seconds))).unwrap_or_default(), Role::Base)
        .add(format!("  since {started}  {}", run.name), Role::Dim)
        .add(if model.pipeline.chosen.as_ref() == Some(&run.arn) { "  Esc shows the newest" } else { "" }, Role::Faint);
    canvas.pieces(area.x, area.y, area.width, &pieces);
}

/// How long an execution will go on, from how long its steps took before; `None` when that is not known of every step.
fn to_go(run: &PipelineRun, now: DateTime<Utc>) -> Option<f64> {
    if !under_way(run.state) {
        return None;
    }
    let mut total = 0.0;
    for level in graph::levels(&run.steps) {
        let mut most: Option<f64> = None;
        for step in level.iter().filter_map(|step| run.steps.get(*step)) {
            let rest = match (step.state, step.expected) {
                (RunState::Waiting, Some(expected)) => expected.as_secs_f64(),
                (state, Some(expected)) if under_way(state) => {
                    (expected.as_secs_f64() - elapsed(step.started, None, now).unwrap_or(0.0)).max(0.0)
                }
                (state, None) if state.is_over() => 0.0,
                (state, Some(_)) if state.is_over() => 0.0,
                // Of two exits of a condition one is taken: the one that was taken before is known.
                (RunState::Waiting, None) if step.branch.is_some() => continue,
                _ => return None,
            };
            most = Some(most.unwrap_or(0.0).max(rest));
        }
        total += most.unwrap_or(0.0);
    }
    (total >= 1.0).then_some(total)
}

/// Draws the steps; gives the rows used.
fn steps(canvas: &mut Canvas<'_>, area: Rect, run: &PipelineRun) -> u16 {
    let model = canvas.model;
    let count = run.steps.len();
    if count == 0 || area.height == 0 {
        return 0;
    }
    // Two rows a step where there is room: what it found stands below its name.
    let roomy = usize::from(area.height) >= count * 2;
    let per_step = if roomy { 2 } else { 1 };
    let visible = (usize::from(area.height) / per_step).max(1);
    let at = Pane::Pipeline as usize;
    let top = crate::app::list::window(canvas.view.tops[at], model.pipeline.list.selected, count, visible);
    canvas.view.tops[at] = top;
    canvas.view.heights[at] = visible;
    let name = run.steps.iter().map(|step| width(&step.name)).max().unwrap_or(0).min(usize::from(area.width) / 2);
    let mut y = area.y;
    for (index, step) in run.steps.iter().enumerate().skip(top).take(visible) {
        row(canvas, Rect::new(area.x, y, area.width, 1), step, name, !roomy);
        let last = index + 1 == count;
        if roomy {
            if !last {
                canvas.text(area.x, y + 1, 1, "│", Role::Rule);
            }
            let room = area.width.saturating_sub(2);
            canvas.text(area.x + 2, y + 1, room, &step.message, if step.state == RunState::Failed { Role::Bad } else { Role::Dim });
        }
        let whole = Rect::new(area.x, y, area.width, 1);
        if index == model.pipeline.list.selected && model.focus == Pane::Pipeline {
            canvas.highlight(whole, Role::Selection);
        }
        canvas.target(Rect::new(area.x, y, area.width, per_step as u16), Target::Row(Pane::Pipeline, index));
        y += per_step as u16;
    }
    y - area.y
}

fn row(canvas: &mut Canvas<'_>, area: Rect, step: &PipelineStep, name: usize, message: bool) {
    let model = canvas.model;
    let (mark, role, word) = glyph::run(model, step.state);
    let mut x = area.x;
    x += canvas.text(x, area.y, 2, mark, role) + 1;
    let title = if under_way(step.state) {
        Role::Accent
    } else if step.state == RunState::Waiting {
        Role::Dim
    } else {
        Role::Strong
    };
    x += canvas.text(x, area.y, area.right().saturating_sub(x), &left(&step.name, name), title) + 1;
    if area.width >= KIND_FROM {
        x += canvas.text(x, area.y, area.right().saturating_sub(x), &left(&step.kind, 14), Role::Faint) + 1;
    }
    let time = match elapsed(step.started, step.ended, model.now) {
        Some(_) if under_way(step.state) => step.started.map(|since| model.so_far(since)).unwrap_or_default(),
        Some(seconds) if step.state != RunState::Skipped => figures::duration(seconds),
        _ => word.to_owned(),
    };
    let room = area.right().saturating_sub(x);
    let used = canvas.text_right(x, area.y, room, &time, Role::Dim);
    if message && room > used + 8 {
        canvas.text(x + 1, area.y, room - used - 2, &step.message, if step.state == RunState::Failed { Role::Bad } else { Role::Dim });
    }
}

/// The figures of the model, as far as the steps have told them.
fn metrics(canvas: &Canvas<'_>) -> Pieces {
    let figures_of = &canvas.model.walkthrough.metrics;
    let number = |name: &str| figures_of.get(name).and_then(serde_json::Value::as_f64);
    let mut pieces = Pieces::new();
    if let Some(auc) = number("auc") {
        pieces = pieces.add("AUC ", Role::Dim).add(format!("{auc:.3}"), Role::Strong).add("   ", Role::Dim);
    }
    if let Some(mse) = number("mse") {
        pieces = pieces.add("MSE ", Role::Dim).add(format!("{mse:.4}"), Role::Strong);
        if let Some(base) = number("base_rate_mse") {
            pieces = pieces.add(format!(" (guessing {base:.4})"), Role::Dim);
        }
        pieces = pieces.add("   ", Role::Dim);
    }
    if let Some(rows) = number("train_rows") {
        pieces = pieces.add(figures::count(rows as u64), Role::Strong).add(" rows trained", Role::Dim).add("   ", Role::Dim);
    }
    if let Some(features) = number("features") {
        pieces = pieces.add(figures::count(features as u64), Role::Strong).add(" features", Role::Dim);
    }
    pieces
}

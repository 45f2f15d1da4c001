//! What is said about the selected step: why it exists and how it goes, what only its kind has, what goes in and out, its log.

mod checks;
mod curve;
mod data;
mod figures;
mod gate;
mod log;

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::canvas::{Canvas, Pieces};
use super::super::glyph;
use super::super::theme::Role;
use super::below;
use super::table::facts;
use crate::app::Pane;
use crate::app::action::Command;
use crate::app::msg::Target;
use crate::app::pipeline::{Command as P, Finding, Matter, Section, StepView, elapsed, matter, under_way};
use crate::app::text_width::{left, visible, width};
use crate::demo::figures as written;
use crate::ops::OpError;
use crate::ops::pipeline::{PipelineStep, RunState, StepDetail, step_title};

/// Lines that a picture needs.
const PICTURE: u16 = 7;
/// Columns of running text at most, so that lines stay readable.
const MEASURE: u16 = 92;

/// Draws what is said about the selected step.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.pipeline;
    let Some(step) = state.step() else { return };
    if area.height < 2 {
        return;
    }
    title(canvas, Rect { height: 1, ..area }, step);
    sections(canvas, Rect { y: area.y + 1, height: 1, ..area }, matter(step));
    let inside = below(area, 3);
    let empty = StepView::default();
    let view = state.step_view().unwrap_or(&empty);
    match state.section() {
        Section::About => about(canvas, inside, step, view),
        Section::Result => {
            result(canvas, inside, step, view, false);
        }
        Section::Data => data::draw(canvas, inside, step, view),
        Section::Log => log::draw(canvas, inside, step, view),
    }
}

fn title(canvas: &mut Canvas<'_>, area: Rect, step: &PipelineStep) {
    let model = canvas.model;
    let (mark, role, word) = glyph::run(model, step.state);
    let time = match elapsed(step.started, step.ended, model.now) {
        Some(_) if under_way(step.state) => step.started.map(|since| model.so_far(since)).unwrap_or_default(),
        Some(seconds) if step.state != RunState::Skipped => written::duration(seconds),
        _ => String::new(),
    };
    let expected = step.expected.map(|expected| format!("usually {}", written::duration(expected.as_secs_f64()))).unwrap_or_default();
    let name = if step_title(&step.name) == step.name { String::new() } else { format!("  {}", step.name) };
    let pieces = Pieces::new()
        .add(format!("{mark} "), role)
        .add(step_title(&step.name), Role::Strong)
        .add(format!("  {word}"), role)
        .add(if time.is_empty() { String::new() } else { format!("  {time}") }, Role::Base)
        .add(if expected.is_empty() { String::new() } else { format!("  {expected}") }, Role::Dim)
        .add(if step.cached { "  ↺ from the cache" } else { "" }, Role::Accent)
        .add(name, Role::Faint);
    canvas.pieces(area.x, area.y, area.width, &pieces);
}

fn sections(canvas: &mut Canvas<'_>, area: Rect, matter: Matter) {
    let model = canvas.model;
    let (current, inside) = (model.pipeline.section(), model.pipeline.in_detail);
    let mut x = area.x;
    for section in Section::of(matter) {
        let chosen = *section == current;
        let role = if chosen && inside {
            Role::Accent
        } else if chosen {
            Role::Strong
        } else {
            Role::Dim
        };
        let used = canvas.text(x, area.y, area.right().saturating_sub(x), section.title(matter), role);
        if chosen {
            canvas.overlay(Rect::new(x, area.y, used, 1), canvas.style(role).add_modifier(Modifier::UNDERLINED));
        }
        canvas.target(Rect::new(x, area.y, used, 1), Target::Action(Command::Pipeline(P::Section(*section))));
        x += used + 3;
    }
    let hint = if inside { "← → section · Esc graph" } else { "Enter goes here" };
    if usize::from(area.right().saturating_sub(x)) > width(hint) && model.focus == Pane::Pipeline {
        canvas.text_right(x, area.y, area.right() - x, hint, Role::Faint);
    }
}

/// Everything in short, the most important first, as far as there is room.
fn about(canvas: &mut Canvas<'_>, area: Rect, step: &PipelineStep, view: &StepView) {
    let text = Rect { width: area.width.min(MEASURE), ..area };
    let mut used = 0;
    if !step.description.is_empty() {
        used += canvas.paragraph(text, &step.description, Role::Base) + 1;
    }
    let (line, role) = match step.state {
        RunState::Failed => (format!("✖ {}", step.message), Role::Bad),
        state if under_way(state) => (step.doing.clone(), Role::Accent),
        RunState::Skipped => ("It was not its turn: the execution took another way, or ended before.".to_owned(), Role::Dim),
        RunState::Waiting if step.depends_on.is_empty() => ("It has not begun.".to_owned(), Role::Dim),
        RunState::Waiting => {
            let names: Vec<&str> = step.depends_on.iter().map(|name| step_title(name)).collect();
            (format!("It waits for {}.", names.join(", ")), Role::Dim)
        }
        _ => (step.message.clone(), Role::Strong),
    };
    if !line.is_empty() {
        used += canvas.paragraph(below(text, used), &line, role) + 1;
    }
    if let Some(detail) = &view.detail {
        if let Some(reason) = detail.reason.as_ref().filter(|reason| step.state == RunState::Failed && !step.message.contains(*reason)) {
            used += canvas.paragraph(below(text, used), reason, Role::Bad) + 1;
        }
        used += facts(canvas, below(area, used), &told(step, detail)) + 1;
        used += parameters(canvas, below(area, used), detail);
    } else if let Some(error) = &view.detail_error {
        used += problem(canvas, below(area, used), error);
    }
    // The picture has what the data and the last lines of the log leave.
    let lines = view.log.lines.len().min(6) as u16;
    let rest = below(area, used);
    let tail = if lines > 0 && rest.height > lines + 2 { lines + 1 } else { 0 };
    let has_result = matter(step) != Matter::Plain && (view.finding.is_some() || view.curve.is_some());
    let data = view.detail.as_ref().map_or(0, |detail| (detail.inputs.len() + detail.outputs.len()) as u16);
    let mut picture = rest.height.saturating_sub(tail);
    let with_data = data > 0 && (!has_result || picture >= PICTURE + data + 3);
    if with_data {
        picture = picture.saturating_sub(data + 3);
    }
    if has_result && picture >= PICTURE {
        let most = picture.min(22);
        let drawn = result(canvas, Rect { height: most, ..rest }, step, view, true);
        used += drawn + 1;
    }
    if with_data {
        used += data::short(canvas, Rect { height: below(area, used).height.saturating_sub(tail), ..below(area, used) }, view) + 1;
    }
    let rest = below(area, used);
    if lines > 0 && rest.height >= 2 {
        log::tail(canvas, rest, view);
    }
}

/// What runs the step, and what it has cost.
fn told(step: &PipelineStep, detail: &StepDetail) -> Vec<(&'static str, String)> {
    let instances = match (&detail.instance, detail.instances) {
        (Some(kind), 0 | 1) => kind.clone(),
        (Some(kind), count) => format!("{count} × {kind}"),
        (None, _) => String::new(),
    };
    let image = detail.image.as_deref().map(|image| image.rsplit('/').next().unwrap_or(image).to_owned()).unwrap_or_default();
    let cost = detail.cost_usd.map(|cost| format!("${cost:.4}")).unwrap_or_default();
    let job = step.job.as_deref().map(|arn| arn.rsplit(['/', ':']).next().unwrap_or(arn).to_owned()).unwrap_or_default();
    vec![("kind", step.kind.clone()), ("on", instances), ("container", image), ("cost", cost), ("job", job)]
}

/// The parameters, two columns where there is room; gives the rows used.
fn parameters(canvas: &mut Canvas<'_>, area: Rect, detail: &StepDetail) -> u16 {
    let all = &detail.parameters;
    if all.is_empty() || area.height < 3 {
        return 0;
    }
    let most = usize::from(area.height / 3).clamp(2, 12);
    let columns = if area.width >= 70 { 2 } else { 1 };
    let rows = all.len().div_ceil(columns).min(most);
    let wide = area.width / columns as u16;
    let name = all.iter().map(|(name, _)| width(name)).max().unwrap_or(0).min(usize::from(wide) / 2);
    for (index, (key, value)) in all.iter().take(rows * columns).enumerate() {
        let (column, row) = ((index / rows) as u16, (index % rows) as u16);
        let x = area.x + column * wide;
        let used = canvas.text(x, area.y + row, wide, &left(key, name), Role::Dim);
        canvas.text(x + used + 1, area.y + row, wide.saturating_sub(used + 3), &visible(value), Role::Base);
    }
    let more = all.len().saturating_sub(rows * columns);
    if more > 0 {
        canvas.text(area.x, area.y + rows as u16, area.width, &format!("and {more} more"), Role::Faint);
    }
    rows as u16 + 1 + u16::from(more > 0)
}

/// What only this kind of step has; gives the rows used.
fn result(canvas: &mut Canvas<'_>, area: Rect, step: &PipelineStep, view: &StepView, short: bool) -> u16 {
    match (&view.finding, matter(step)) {
        (_, Matter::Curve) => match &view.curve {
            // A curve that grows is motion.
            Some(_) if under_way(step.state) && !canvas.model.motion => {
                canvas.paragraph(area, "It is at work: the curve is drawn once it has ended.", Role::Dim)
            }
            Some(curve) => curve::draw(canvas, area, curve, view.detail.as_ref()),
            None => nothing(canvas, area, step, view),
        },
        (Some(Finding::Checks(found)), _) => checks::draw(canvas, area, found, short),
        (Some(Finding::Figures(found)), _) => figures::draw(canvas, area, found, short),
        (Some(Finding::Gate(found)), _) => gate::draw(canvas, area, found),
        (None, _) => nothing(canvas, area, step, view),
    }
}

fn nothing(canvas: &mut Canvas<'_>, area: Rect, step: &PipelineStep, view: &StepView) -> u16 {
    if let Some(error) = &view.finding_error {
        return problem(canvas, area, error);
    }
    let awaited = canvas.model.pipeline.finding_answer.pending() || canvas.model.pipeline.log_answer.pending();
    let text = match step.state {
        RunState::Waiting => "It has not begun.",
        RunState::Skipped => "It was not its turn.",
        state if under_way(state) => "Nothing yet: it is at work.",
        _ if awaited => "Reading …",
        _ => "There is nothing to show of it.",
    };
    canvas.paragraph(area, text, Role::Dim)
}

/// Why something cannot be read.
fn problem(canvas: &mut Canvas<'_>, area: Rect, error: &OpError) -> u16 {
    canvas.paragraph(Rect { height: area.height.min(3), ..area }, &format!("✖ {error}"), Role::Warn)
}

//! The SageMaker project: the newest commit, the stages of its CodePipeline from left to right or from top to bottom, and what waits.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::glyph;
use super::super::theme::Role;
use super::below;
use crate::app::Pane;
use crate::app::msg::Target;
use crate::app::text_width::visible;
use crate::ops::project::{ActionView, ProjectView, StageView};

/// Columns of a stage at least, to stand beside another.
const STAGE: u16 = 25;

/// Draws the view.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.pipeline.project;
    let found = match (&state.found, &state.error) {
        (Some(Some(found)), _) => found,
        (_, Some(error)) => {
            canvas.paragraph(area, &format!("✖ {error}"), Role::Bad);
            return;
        }
        (Some(None), None) => {
            let text = "The account has no SageMaker project of this demonstration yet. The pipeline is started directly; with a project, a commit \
                        to its repository starts it. c commits: where the setting `project.enabled` allows it, repository and stages are made.";
            canvas.paragraph(area, text, Role::Dim);
            return;
        }
        (None, None) => {
            canvas.text(area.x, area.y, area.width, "Looking for a project …", Role::Dim);
            return;
        }
    };
    let mut used = heading(canvas, area, found);
    if let Some((stage, action)) = state.waiting() {
        let text = format!("◆ “{}” of {} waits for a person: a approves, n refuses", action.name, stage.name);
        used += canvas.paragraph(below(area, used), &text, Role::Accent);
    }
    let inside = below(area, used + 1);
    let count = found.stages.len() as u16;
    if count > 0 && inside.width + 4 >= count * (STAGE + 4) {
        across(canvas, inside, found);
    } else {
        down(canvas, inside, found);
    }
}

fn heading(canvas: &mut Canvas<'_>, area: Rect, found: &ProjectView) -> u16 {
    let pieces = Pieces::new()
        .add("Repository ", Role::Dim)
        .add(found.repository.clone(), Role::Strong)
        .add(format!("  {}", found.branch), Role::Accent)
        .add("   stages of ", Role::Dim)
        .add(found.pipeline.clone(), Role::Base);
    canvas.pieces(area.x, area.y, area.width, &pieces);
    let commit = match &found.head {
        Some(head) => {
            let at = head.at.map(|at| at.with_timezone(&canvas.model.zone).format("  %d %b %H:%M").to_string()).unwrap_or_default();
            Pieces::new()
                .add("Newest commit ", Role::Dim)
                .add(head.id.chars().take(8).collect::<String>(), Role::Accent)
                .add(format!(" {}", visible(head.message.lines().next().unwrap_or_default())), Role::Strong)
                .add(format!("  {}{at}", visible(&head.author)), Role::Dim)
        }
        None => Pieces::new().add("No commit yet; c makes one", Role::Dim),
    };
    if area.height > 1 {
        canvas.pieces(area.x, area.y + 1, area.width, &commit);
    }
    2
}

/// Mark and role of CodePipeline's word.
fn mark(canvas: &Canvas<'_>, status: &str, waits: bool) -> (&'static str, Role) {
    match status {
        "Succeeded" => ("✔", Role::Good),
        "Failed" => ("✖", Role::Bad),
        "InProgress" if waits => ("◆", Role::Accent),
        "InProgress" => (glyph::working(canvas.model), Role::Accent),
        "Stopped" | "Stopping" | "Cancelled" | "Superseded" | "Abandoned" => ("◇", Role::Warn),
        _ => ("◌", Role::Dim),
    }
}

fn waits(stage: &StageView) -> bool {
    stage.actions.iter().any(|action| action.approval.is_some())
}

fn frame(canvas: &mut Canvas<'_>, area: Rect, stage: &StageView, index: usize) {
    let model = canvas.model;
    let selected = model.pipeline.project.list.selected == index;
    let (mark, role) = mark(canvas, &stage.status, waits(stage));
    let border = if selected && model.focus == Pane::Pipeline {
        Role::Focus
    } else if role == Role::Dim {
        Role::Rule
    } else {
        role
    };
    canvas.frame(area, border);
    let title = format!(" {mark} {} ", stage.name);
    canvas.text(area.x + 2, area.y, area.width.saturating_sub(4), &title, if selected { Role::Accent } else { Role::Strong });
    canvas.target(area, Target::Row(Pane::Pipeline, index));
    let word = if waits(stage) { "waits for approval" } else { &stage.status };
    canvas.text(area.x + 2, area.y + 1, area.width.saturating_sub(4), word, role);
}

fn one_action(canvas: &mut Canvas<'_>, area: Rect, action: &ActionView) -> u16 {
    let (mark, role) = mark(canvas, &action.status, action.approval.is_some());
    let pieces = Pieces::new().add(format!("{mark} "), role).add(action.name.clone(), Role::Base);
    canvas.pieces(area.x, area.y, area.width, &pieces);
    if area.height < 2 || action.summary.is_empty() {
        return 1;
    }
    let rest = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(2), height: (area.height - 1).min(3) };
    1 + canvas.paragraph(rest, &visible(&action.summary), if role == Role::Bad { Role::Bad } else { Role::Dim })
}

fn across(canvas: &mut Canvas<'_>, area: Rect, found: &ProjectView) {
    let count = found.stages.len() as u16;
    let gap = 3;
    let wide = ((area.width + gap) / count).saturating_sub(gap).min(44);
    let lines = found.stages.iter().map(|stage| stage.actions.len() * 4).max().unwrap_or(1) as u16;
    let high = (lines + 3).min(area.height);
    for (index, stage) in found.stages.iter().enumerate() {
        let x = area.x + index as u16 * (wide + gap);
        let outer = Rect::new(x, area.y, wide, high);
        frame(canvas, outer, stage, index);
        actions(canvas, Rect::new(x + 2, area.y + 2, wide.saturating_sub(4), high.saturating_sub(3)), stage);
        if index + 1 < found.stages.len() {
            canvas.text(x + wide, area.y + 1, gap, "──▶", Role::Dim);
        }
    }
}

fn actions(canvas: &mut Canvas<'_>, area: Rect, stage: &StageView) {
    let mut used = 0;
    for action in &stage.actions {
        if used >= area.height {
            return;
        }
        used += one_action(canvas, below(area, used), action);
    }
}

fn down(canvas: &mut Canvas<'_>, area: Rect, found: &ProjectView) {
    let mut y = area.y;
    for (index, stage) in found.stages.iter().enumerate() {
        let rows = 3 + stage.actions.iter().map(|action| 1 + u16::from(!action.summary.is_empty())).sum::<u16>();
        let high = rows.min(area.bottom().saturating_sub(y));
        if high < 3 {
            return;
        }
        let outer = Rect::new(area.x, y, area.width, high);
        frame(canvas, outer, stage, index);
        let mut at = y + 2;
        for action in &stage.actions {
            let left = (y + high - 1).saturating_sub(at);
            if left == 0 {
                break;
            }
            let rows = left.min(1 + u16::from(!action.summary.is_empty()));
            one_action(canvas, Rect::new(area.x + 2, at, area.width.saturating_sub(4), rows), action);
            at += rows;
        }
        y += high;
    }
}

//! The nine steps, and what the selected one does and says.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::canvas::Canvas;
use super::theme::{Role, Theme};
use super::{glyph, markdown, stage};
use crate::app::msg::Target;
use crate::app::text_width::{width, wrap};
use crate::app::walkthrough::{Status, StepView};
use crate::app::{Model, Pane};
use crate::demo::event::EventKind;
use crate::demo::figures;
use crate::demo::step::Step;

/// From this width on steps and notes stand side by side.
pub(super) const SIDE_BY_SIDE: u16 = 96;
/// Columns of the list of steps then.
pub(super) const LIST: u16 = 44;
/// Events on the screen of a step that runs.
const EVENTS: usize = 7;
/// Columns of running text at most, so that lines stay readable.
pub(super) const MEASURE: u16 = 92;

/// Draws the pane.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    if let Some(remote) = &canvas.model.walkthrough.presenting {
        return stage::draw(canvas, area, remote);
    }
    let count = canvas.model.walkthrough.steps.len() as u16;
    if area.width >= SIDE_BY_SIDE {
        steps(canvas, Rect { width: LIST, y: area.y + 1, height: area.height.saturating_sub(1), ..area });
        let x = area.x + LIST + 4;
        let width = (area.right() - x).min(MEASURE);
        detail(canvas, Rect::new(x, area.y + 1, width, area.height.saturating_sub(1)));
        return;
    }
    let list = count.min(area.height);
    steps(canvas, Rect { height: list, ..area });
    if area.height > list + 2 {
        let y = area.y + list + 1;
        detail(canvas, Rect::new(area.x, y, area.width.min(MEASURE), area.bottom() - y));
    }
}

/// An account with nothing in it needs no cleanup.
fn nothing_to_remove(view: &StepView) -> bool {
    view.step == Step::Cleanup && matches!(view.status, Status::Done { seconds: None, .. })
}

/// Mark, role and word of a step in a list. A tick at the cleanup before the first step would tell the audience that one has been done.
pub(super) fn appearance(model: &Model, view: &StepView) -> (&'static str, Role, &'static str) {
    if nothing_to_remove(view) { ("·", Role::Faint, "nothing to remove") } else { glyph::step(model, model.walkthrough.shown(view.step)) }
}

/// The list of steps.
pub(super) fn steps(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.walkthrough;
    let height = usize::from(area.height);
    let top = crate::app::list::window(0, state.selected, state.steps.len(), height);
    for (row, (index, view)) in state.steps.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + row as u16;
        let nothing = nothing_to_remove(view);
        let (mark, role, word) = appearance(model, view);
        let status = state.shown(view.step);
        let time = match status {
            Status::Running { since } => model.so_far(*since),
            Status::Done { seconds: Some(seconds), changed, .. } => match changed {
                Some(false) => format!("unchanged  {}", figures::duration(*seconds)),
                _ => figures::duration(*seconds),
            },
            Status::Failed { seconds, .. } => format!("failed  {}", figures::duration(*seconds)),
            Status::Unknown(_) => String::new(),
            _ => word.to_owned(),
        };
        let mut x = area.x;
        x += canvas.text(x, y, 2, mark, role) + 1;
        x += canvas.text(x, y, 2, &view.step.number().to_string(), Role::Dim) + 1;
        let title_role = match status {
            Status::Running { .. } => Role::Accent,
            Status::Pending | Status::Unknown(_) => Role::Base,
            _ if nothing => Role::Base,
            // The walkthrough leaves it out.
            _ if state.script.position(view.step).is_none() => Role::Dim,
            _ => Role::Strong,
        };
        let room = area.right().saturating_sub(x);
        // The title is read first: what does not fit beside it whole is said in a word.
        let fits = width(state.title(view.step)) + 1 + width(&time) <= usize::from(room);
        let time = match time.split_once("  ") {
            Some((word, _)) if !fits => word.to_owned(),
            _ => time,
        };
        let reserved = if time.is_empty() { 0 } else { width(&time) as u16 + 1 };
        canvas.text(x, y, room.saturating_sub(reserved), state.title(view.step), title_role);
        canvas.text_right(x, y, room, &time, if matches!(status, Status::Failed { .. }) { Role::Bad } else { Role::Dim });
        let whole = Rect::new(area.x, y, area.width, 1);
        if index == state.selected {
            canvas.highlight(whole, if model.focus == Pane::Walkthrough { Role::Selection } else { Role::QuietSelection });
        }
        canvas.target(whole, Target::Row(Pane::Walkthrough, index));
    }
}

fn detail(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let lines = detail_lines(model, canvas.theme, usize::from(area.width));
    stage::scrolled(canvas, area, &lines);
}

/// What is said of the selected step: first how it went, then the notes.
fn detail_lines(model: &Model, theme: &Theme, columns: usize) -> Vec<Line<'static>> {
    let view = model.walkthrough.current();
    let mut lines = Vec::new();
    let styled = |text: String, role: Role| Line::from(Span::styled(text, theme.style(role)));
    outcome(view, theme, columns, "Enter runs the step again; what is done already is kept.", &mut lines);
    events(view, EVENTS, theme, columns, &mut lines);
    let notes = model.walkthrough.notes(view.step);
    let minutes = figures::counted(u64::from((model.walkthrough.planned(view.step) + 30) / 60).max(1), "minute");
    lines.push(styled(format!("About {minutes} · shown in {}", notes.pane.title()), Role::Faint));
    lines.push(Line::default());
    lines.extend(markdown::render(&notes.body, columns, theme));
    lines
}

/// How the step went; `again` says how it is run again.
pub(super) fn outcome(view: &StepView, theme: &Theme, columns: usize, again: &str, lines: &mut Vec<Line<'static>>) {
    let block = |marker: &str, text: &str, role: Role, lines: &mut Vec<Line<'static>>| {
        for (index, line) in wrap(text, columns.saturating_sub(2)).into_iter().enumerate() {
            let lead = if index == 0 { marker } else { " " };
            lines.push(Line::from(vec![
                Span::styled(format!("{lead} "), theme.style(role)),
                Span::styled(line, theme.style(if role == Role::Bad { Role::Bad } else { Role::Base })),
            ]));
        }
    };
    if let Some(earlier) = &view.earlier {
        let day = earlier.at.format("%Y-%m-%d %H:%M UTC");
        let text = format!("From an earlier run, of {day}: {}. The new run has no result yet.", earlier.message);
        block("↺", &text, Role::Warn, lines);
        lines.push(Line::default());
    }
    match &view.status {
        Status::Done { message, .. } => {
            block("✔", message, Role::Good, lines);
            lines.push(Line::default());
        }
        Status::Failed { error, .. } => {
            block("✖", &error.to_string(), Role::Bad, lines);
            if let Some(fix) = &error.fix {
                block("→", fix, Role::Accent, lines);
            }
            block(" ", again, Role::Dim, lines);
            lines.push(Line::default());
        }
        Status::Cancelled => {
            block("◇", &format!("Cancelled. {again}"), Role::Warn, lines);
            lines.push(Line::default());
        }
        Status::Unknown(why) if !why.is_empty() => {
            block("?", why, Role::Warn, lines);
            lines.push(Line::default());
        }
        _ => {}
    }
}

/// What the step reported last, `most` lines of it.
pub(super) fn events(view: &StepView, most: usize, theme: &Theme, columns: usize, lines: &mut Vec<Line<'static>>) {
    let told: Vec<_> = view.events.iter().filter(|event| event.event == EventKind::Progress).collect();
    if told.is_empty() {
        return;
    }
    let running = matches!(view.status, Status::Running { .. });
    let last = told.len();
    for (index, event) in told.iter().enumerate().skip(last.saturating_sub(most)) {
        let time = crate::app::text_width::right(&figures::duration(event.seconds), 7);
        let name = event.resource.as_deref().map(|name| format!("{name}  ")).unwrap_or_default();
        let room = columns.saturating_sub(9);
        let name = crate::app::text_width::clip(&name, room).into_owned();
        let message = crate::app::text_width::clip(&event.message, room.saturating_sub(width(&name))).into_owned();
        let current = running && index + 1 == last;
        lines.push(Line::from(vec![
            Span::styled(format!("{time}  "), theme.style(Role::Faint)),
            Span::styled(name, theme.style(if current { Role::Strong } else { Role::Dim })),
            Span::styled(message, theme.style(if current { Role::Base } else { Role::Dim })),
        ]));
    }
    lines.push(Line::default());
}

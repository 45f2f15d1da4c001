//! The presentation size: one pane, short lines and much air, for those at the back of the room. The presenter makes the letters of the
//! terminal larger; here there is less to read.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::canvas::{Canvas, Pieces};
use super::figure::Scale;
use super::theme::{Role, Theme};
use super::walkthrough::{events, outcome};
use super::{markdown, stage};
use crate::app::action::Command;
use crate::app::msg::Target;
use crate::app::walkthrough::figure as telling;
use crate::app::walkthrough::{Beat, Remote};
use crate::app::{Model, Pane};

/// Columns of running text.
const MEASURE: u16 = 60;
/// Columns of a pane at most.
const CONTENT: u16 = 120;
/// Events of a step that runs.
const EVENTS: usize = 1;

/// What is between the gutters, at most so many columns of it.
fn between(area: Rect, most: u16) -> Rect {
    let gutter = (area.width / 16).max(1);
    let width = area.width.saturating_sub(2 * gutter).min(most);
    Rect { x: area.x + (area.width - width) / 2, width, ..area }
}

/// What is between the gutters of what is on the screen.
pub(super) fn column(model: &Model, area: Rect) -> Rect {
    between(area, if model.focus == Pane::Walkthrough { MEASURE } else { CONTENT })
}

/// The line on top: the step, unless the pane says it, and how many there are.
pub(super) fn header(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.walkthrough;
    let step = state.current().step;
    let place = column(model, area);
    let at = state.script.position(step).map(|at| format!("{} of {}", at + 1, state.script.len())).unwrap_or_default();
    let right = canvas.text_right(place.x, place.y, place.width, &at, Role::Dim);
    let room = place.width.saturating_sub(right + 2);
    if model.focus == Pane::Walkthrough {
        canvas.text(place.x, place.y, room, &model.demo, Role::Dim);
    } else {
        canvas.text(place.x, place.y, room, &format!("{}  {}", step.number(), state.title(step)), Role::Strong);
    }
}

/// The title of a pane; gives what is inside.
pub(super) fn frame(canvas: &mut Canvas<'_>, pane: Pane, area: Rect) -> Rect {
    canvas.target(area, Target::Pane(pane));
    if pane == Pane::Walkthrough {
        return area;
    }
    let place = between(area, CONTENT);
    if area.height < 12 {
        return place;
    }
    canvas.text(place.x, place.y + 1, place.width, pane.title(), Role::Accent);
    Rect { y: place.y + 3, height: place.height - 4, ..place }
}

/// What the next press does, and nothing else.
pub(super) fn hints(canvas: &mut Canvas<'_>, area: Rect) {
    let Some((key, words)) = stage::next(canvas.model) else { return };
    let place = column(canvas.model, area);
    let pieces = Pieces::new().add(key, Role::Accent).add("  ", Role::Base).add(words, Role::Strong);
    let used = canvas.pieces(place.x, place.y, place.width, &pieces);
    canvas.target(Rect::new(place.x, place.y, used, 1), Target::Action(Command::BeatOn));
}

/// Draws the walkthrough: title and text in one short column.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, remote: &Remote) {
    let model = canvas.model;
    let step = model.walkthrough.current().step;
    let place = between(area, MEASURE);
    if place.height < 4 || place.width < 4 {
        return;
    }
    // At the same height in every beat, so that nothing jumps.
    let y = place.y + place.height / 10;
    canvas.text(place.x, y, place.width, &format!("{}  {}", step.number(), model.walkthrough.title(step)), Role::Strong);
    let top = y + 2;
    let text = Rect { y: top, height: place.bottom().saturating_sub(top), ..place };
    let lines = lines(model, canvas.theme, remote.beat, usize::from(text.width), usize::from(text.height));
    stage::scrolled(canvas, text, &lines);
}

/// The text of a beat, with as much air as fits into the room.
fn lines(model: &Model, theme: &Theme, beat: Beat, columns: usize, height: usize) -> Vec<Line<'static>> {
    let view = model.walkthrough.current();
    let notes = model.walkthrough.notes(view.step);
    let render = |text: &str, airy: bool| {
        if airy { markdown::render_airy(text, columns, theme) } else { markdown::render(text, columns, theme) }
    };
    let large = (beat == Beat::Notice).then(|| telling::of(model, view.step)).flatten();
    let with = |scale: Option<Scale>, airy: bool| {
        let mut lines = Vec::new();
        match (beat, scale) {
            (Beat::Say, _) => {
                lines.extend(render(&notes.say, airy));
                stage::needed(model, view.step, theme, columns, &mut lines);
            }
            (Beat::Show, _) => lines.extend(render(&notes.show, airy)),
            (Beat::Do, _) => {
                outcome(view, theme, columns, "Space runs the step again.", &mut lines);
                stage::expected(model, view, theme, columns, &mut lines);
                events(view, EVENTS, theme, columns, &mut lines);
                lines.extend(render(&notes.happens, airy));
            }
            (Beat::Notice, Some(scale)) => {
                if view.earlier.is_some() {
                    outcome(view, theme, columns, "Space goes on.", &mut lines);
                }
                lines.extend(stage::drawn(large.as_ref()?, scale, theme, columns, 0)?);
                stage::checks(model, view.step, theme, columns, &mut lines);
                lines.extend(render(&notes.notice, airy));
            }
            (Beat::Notice, None) => {
                outcome(view, theme, columns, "Space goes on.", &mut lines);
                stage::checks(model, view.step, theme, columns, &mut lines);
                lines.extend(render(&notes.notice, airy));
            }
        }
        Some(lines)
    };
    // The figure is worth more than the air, and both more than a figure that pushes the text off the screen.
    let ways =
        [(Some(Scale::Large), true), (Some(Scale::Small), true), (Some(Scale::Large), false), (Some(Scale::Small), false), (None, true)];
    let mut fitting = ways.into_iter().filter_map(|(scale, airy)| with(scale, airy)).filter(|lines| lines.len() <= height);
    fitting.next().or_else(|| with(None, false)).unwrap_or_default()
}

//! A presentation on the screen: which beat is on, its text large and alone, and what the next press does. The audience reads along, so that
//! what is for the speaker only (time, asides, warnings) is never here.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::canvas::{Canvas, Pieces};
use super::figure::{self, Scale};
use super::theme::{Role, Theme};
use super::walkthrough::{LIST, MEASURE, SIDE_BY_SIDE, appearance, events, outcome, steps};
use super::{large, markdown};
use crate::app::action::{Command, key_label};
use crate::app::msg::Target;
use crate::app::text_width::{left, right, width, wrap};
use crate::app::walkthrough::check::{Verdict, shown};
use crate::app::walkthrough::figure::{self as telling, Large};
use crate::app::walkthrough::{Beat, Press, Remote, Status, StepView};
use crate::app::{Model, space_goes_on};
use crate::demo::figures as written;
use crate::demo::step::Step;

/// From this height on the list of steps stands above the text.
const ROOM_FOR_LIST: u16 = 26;

/// From this width on title and beats share a line, however long the title is, so that nothing jumps between steps.
const ONE_LINE: u16 = 60;

/// Events of a step that runs; the pane beside shows more than they say.
const EVENTS: usize = 3;

/// Columns of the names of figures.
const NAMES: usize = 20;
/// From this width on two figures stand in a line.
const TWO_FIGURES: usize = 70;
/// Lines of figures at most.
const FIGURE_ROWS: usize = 4;
/// Lines of what a step says of itself and of a figure in small characters, which are seen together or not at all.
const TOLD: usize = 9;

/// The beats, the present one marked.
pub fn strip(beat: Beat) -> Pieces {
    Beat::ALL.into_iter().fold(Pieces::new(), |pieces, other| {
        // The mark has its place in front of every beat, so that nothing moves.
        let gap = if other == Beat::Say { "" } else { " ·" };
        let (mark, role) = match other.cmp(&beat) {
            std::cmp::Ordering::Equal => ("▸", Role::Accent),
            std::cmp::Ordering::Less => (" ", Role::Dim),
            std::cmp::Ordering::Greater => (" ", Role::Faint),
        };
        pieces.add(gap, Role::Faint).add(mark, Role::Accent).add(other.name(), role)
    })
}

/// The key that goes on here, and what it does. No key while it does nothing.
pub fn next(model: &Model) -> Option<(String, String)> {
    let press = model.walkthrough.press()?;
    let words = press.words(|step| model.walkthrough.title(step).to_owned());
    let key = if space_goes_on(model) { "space" } else { "pgdn" };
    Some(match press {
        Press::Wait => (key_label(key), format!("goes on {words}")),
        _ => (key_label(key), words),
    })
}

/// Draws the pane while a presentation is on.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, remote: &Remote) {
    if canvas.model.enlarged() {
        return large::draw(canvas, area, remote);
    }
    let mut text = area;
    let roomy = area.width >= SIDE_BY_SIDE || area.height >= ROOM_FOR_LIST;
    if area.width >= SIDE_BY_SIDE {
        steps(canvas, Rect { width: LIST, y: area.y + 1, height: area.height.saturating_sub(1), ..area });
        let x = area.x + LIST + 4;
        text = Rect::new(x, area.y + 1, (area.right() - x).min(MEASURE), area.height.saturating_sub(1));
    } else if let Some(below) = below_list(canvas, area, remote.beat) {
        steps(canvas, Rect { height: below.y - area.y - 1, ..area });
        text = below;
    } else if area.height > 6 {
        marks(canvas, area);
        text = Rect { y: area.y + 2, height: area.height - 2, width: area.width.min(MEASURE), ..area };
    }
    beat(canvas, text, remote, roomy);
}

/// Where the text is when the list of steps stands above it; nothing where there is no room for both. A result is seen as a whole rather than
/// with the list; in the other beats nothing gives way, so that nothing moves while a step runs.
fn below_list(canvas: &Canvas<'_>, area: Rect, beat: Beat) -> Option<Rect> {
    let list = canvas.model.walkthrough.steps.len() as u16;
    if area.height < ROOM_FOR_LIST {
        return None;
    }
    let text = Rect { y: area.y + list + 1, height: area.height - list - 1, width: area.width.min(MEASURE), ..area };
    let (columns, rows) = (usize::from(text.width), usize::from(below_title(text, true).height));
    let whole = beat != Beat::Notice || lines(canvas.model, canvas.theme, beat, columns, rows).len() <= rows;
    whole.then_some(text)
}

/// Where the text of a beat is, below its title and above what the next press does.
fn below_title(area: Rect, roomy: bool) -> Rect {
    let y = area.y + if area.width >= ONE_LINE { 2 } else { 3 };
    let foot = if roomy { area.bottom() - 1 } else { area.bottom() + 1 };
    Rect { y, height: foot.saturating_sub(y + 1), ..area }
}

/// How far every step is, in one line.
fn marks(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.walkthrough;
    let mut x = area.x;
    for (index, view) in state.steps.iter().enumerate() {
        let (mark, role, _) = appearance(canvas.model, view);
        let number = view.step.number().to_string();
        let used = canvas.text(x, area.y, 2, &number, if index == state.selected { Role::Accent } else { Role::Dim });
        let more = canvas.text(x + used, area.y, 2, mark, role);
        canvas.target(Rect::new(x, area.y, used + more, 1), Target::Row(crate::app::Pane::Walkthrough, index));
        x += used + more + 2;
    }
}

/// The text of the beat; where there is room, with what the next press does below it, which the last line of the screen says too.
fn beat(canvas: &mut Canvas<'_>, area: Rect, remote: &Remote, roomy: bool) {
    let model = canvas.model;
    let step = model.walkthrough.current().step;
    if area.height < 3 {
        return;
    }
    let title = format!("{}  {}", step.number(), model.walkthrough.title(step));
    let strip = strip(remote.beat);
    let beside = area.width >= ONE_LINE;
    let room = if beside { area.width.saturating_sub(strip.width() as u16 + 2) } else { area.width };
    canvas.text(area.x, area.y, room, &title, Role::Strong);
    if beside {
        canvas.pieces(area.right() - strip.width() as u16, area.y, area.width, &strip);
    } else {
        canvas.pieces(area.x, area.y + 1, area.width, &strip);
    }
    if let (Some((key, words)), true) = (next(model), roomy) {
        let foot = area.bottom() - 1;
        let hint = Pieces::new().add(key, Role::Accent).add(format!("  {words}"), Role::Dim);
        let used = canvas.pieces(area.x, foot, area.width, &hint);
        canvas.target(Rect::new(area.x, foot, used, 1), Target::Action(Command::BeatOn));
    }
    let text = below_title(area, roomy);
    let lines = lines(model, canvas.theme, remote.beat, usize::from(text.width), usize::from(text.height));
    scrolled(canvas, text, &lines);
}

/// Lines of the walkthrough that can be scrolled.
pub(super) fn scrolled(canvas: &mut Canvas<'_>, area: Rect, lines: &[Line<'_>]) {
    let height = usize::from(area.height);
    let end = lines.len().saturating_sub(height);
    let top = canvas.model.walkthrough.scroll.min(end);
    canvas.view.notes_end = end;
    canvas.view.heights[crate::app::Pane::Walkthrough as usize] = height;
    for (row, line) in lines.iter().skip(top).take(height).enumerate() {
        canvas.line(area.x, area.y + row as u16, area.width, line);
    }
    if top < end && height > 1 {
        let y = area.bottom() - 1;
        canvas.text(area.x, y, area.width, &left("", usize::from(area.width)), Role::Base);
        canvas.text(area.x, y, area.width, &format!("↓ {} more lines (J)", lines.len() - top - height + 1), Role::Faint);
    }
}

/// The text of a beat, for a room of `columns` by `height`.
fn lines(model: &Model, theme: &Theme, beat: Beat, columns: usize, height: usize) -> Vec<Line<'static>> {
    let state = &model.walkthrough;
    let view = state.current();
    let notes = state.notes(view.step);
    let mut lines = Vec::new();
    match beat {
        Beat::Say => {
            lines.extend(markdown::render(&notes.say, columns, theme));
            needed(model, view.step, theme, columns, &mut lines);
        }
        Beat::Show => {
            lines.extend(markdown::render(&notes.show, columns, theme));
        }
        Beat::Do => {
            outcome(view, theme, columns, "Space runs the step again; what is done already is kept.", &mut lines);
            // What was done at the same time ends in any order: it is told while it lasts.
            if matches!(view.status, Status::Running { .. }) {
                expected(model, view, theme, columns, &mut lines);
                events(view, EVENTS, theme, columns, &mut lines);
            }
            lines.extend(markdown::render(&notes.happens, columns, theme));
        }
        Beat::Notice => {
            let text = markdown::render(&notes.notice, columns, theme);
            let with = |figure: Option<Vec<Line<'static>>>, others: bool| {
                let mut lines = Vec::new();
                outcome(view, theme, columns, "Space goes on.", &mut lines);
                lines.extend(figure.into_iter().flatten());
                if others {
                    figures(model, view.step, theme, columns, &mut lines);
                }
                checks(model, view.step, theme, columns, &mut lines);
                lines.extend(text.iter().cloned());
                lines
            };
            let telling = telling::of(model, view.step);
            let sized = |scale| drawn(telling.as_ref()?, scale, theme, columns, 2);
            let ways = [(Scale::Large, true), (Scale::Small, true), (Scale::Large, false), (Scale::Small, false)];
            let fitting = ways.into_iter().filter_map(|(scale, others)| Some(with(Some(sized(scale)?), others)));
            let plain = with(None, true);
            // Where the text is longer than the room in any case, the figure is worth it as long as it is no longer with it.
            let long = |lines: &Vec<Line<'static>>| plain.len() > height && lines.len() <= plain.len() && height > TOLD;
            lines = fitting.into_iter().find(|lines| lines.len() <= height || long(lines)).unwrap_or_else(|| plain.clone());
        }
    }
    lines
}

/// How long the step has gone on, and how long it took the last time, where that is known.
pub(super) fn expected(model: &Model, view: &StepView, theme: &Theme, columns: usize, lines: &mut Vec<Line<'static>>) {
    let Status::Running { since } = view.status else { return };
    let Some(seconds) = model.walkthrough.expected.get(&view.step) else { return };
    let text = format!("{}; it took {} the last time", model.so_far(since), written::duration(*seconds));
    for line in wrap(&text, columns) {
        lines.push(Line::from(Span::styled(line, theme.style(Role::Dim))));
    }
    lines.push(Line::default());
}

/// A figure in large characters, its name below, and an empty line; `None` where it is too wide, or has characters that there are none of.
pub(super) fn drawn(figure: &Large, scale: Scale, theme: &Theme, columns: usize, indent: usize) -> Option<Vec<Line<'static>>> {
    let rows = figure::lines(&figure.text, scale).filter(|rows| rows.iter().all(|row| width(row) + indent <= columns))?;
    let margin = " ".repeat(indent);
    let line = |text: &str, role| Line::from(Span::styled(format!("{margin}{text}"), theme.style(role)));
    let mut lines: Vec<Line<'static>> = rows.iter().map(|row| line(row, Role::Accent)).collect();
    lines.extend(wrap(&figure.words, columns.saturating_sub(indent)).iter().map(|words| line(words, Role::Strong)));
    lines.push(Line::default());
    Some(lines)
}

/// What has to be done before the step can be.
pub(super) fn needed(model: &Model, step: Step, theme: &Theme, columns: usize, lines: &mut Vec<Line<'static>>) {
    let state = &model.walkthrough;
    let missing = state.missing(step);
    if missing.is_empty() || matches!(state.steps[step as usize].status, Status::Done { .. }) || state.run.is_some() {
        return;
    }
    let names: Vec<String> = missing.iter().map(|step| format!("{} “{}”", step.number(), state.title(*step))).collect();
    let text = format!("Builds on {}, which can be run first.", names.join(", "));
    lines.push(Line::default());
    for (index, line) in wrap(&text, columns.saturating_sub(2)).into_iter().enumerate() {
        let lead = if index == 0 { "◌ " } else { "  " };
        lines.push(Line::from(vec![Span::styled(lead, theme.style(Role::Warn)), Span::styled(line, theme.style(Role::Dim))]));
    }
}

/// The figures of the step.
fn figures(model: &Model, step: Step, theme: &Theme, columns: usize, lines: &mut Vec<Line<'static>>) {
    let state = &model.walkthrough;
    let figures = shown(step, state.figures(step));
    let beside = if columns >= TWO_FIGURES { 2 } else { 1 };
    for row in figures.chunks(beside).take(FIGURE_ROWS) {
        let cell = |(name, value): &(&str, String)| {
            [
                Span::styled(format!("  {}", left(name, NAMES)), theme.style(Role::Dim)),
                Span::styled(format!("{}  ", right(value, 10)), theme.style(Role::Strong)),
            ]
        };
        lines.push(Line::from(row.iter().flat_map(cell).collect::<Vec<_>>()));
    }
    if !figures.is_empty() {
        lines.push(Line::default());
    }
}

/// The checks of the step.
pub(super) fn checks(model: &Model, step: Step, theme: &Theme, columns: usize, lines: &mut Vec<Line<'static>>) {
    let checks = model.walkthrough.checks(step);
    for (verdict, text) in &checks {
        let role = match verdict {
            Verdict::Holds => Role::Good,
            Verdict::Fails => Role::Bad,
            Verdict::Open => Role::Faint,
        };
        for (index, line) in wrap(text, columns.saturating_sub(2)).into_iter().enumerate() {
            let lead = if index == 0 { format!("{verdict} ") } else { "  ".to_owned() };
            lines.push(Line::from(vec![Span::styled(lead, theme.style(role)), Span::styled(line, theme.style(Role::Base))]));
        }
    }
    if !checks.is_empty() {
        lines.push(Line::default());
    }
}

/// The remote in the line of what can be done; gives the columns used.
pub fn hint(canvas: &mut Canvas<'_>, area: Rect, remote: &Remote) -> u16 {
    let next = next(canvas.model);
    let needed = next.as_ref().map_or(0, |(key, words)| 4 + width(key) + width(words));
    let every = strip(remote.beat);
    // What the next press does is worth more than the names of the other beats.
    let fits = every.width() + needed <= usize::from(area.width);
    let strip = if fits { every } else { Pieces::new().add("▸", Role::Accent).add(remote.beat.name(), Role::Accent) };
    let mut x = area.x + canvas.pieces(area.x, area.y, area.width, &strip);
    if let Some((key, words)) = next {
        // Of a long title the beginning says enough.
        let needed = (width(&key) + width(&words).min(12) + 4) as u16;
        if x + needed <= area.right() {
            x += 3;
            let used = canvas.text(x, area.y, 12, &key, Role::Accent);
            let more = canvas.text(x + used + 1, area.y, area.right() - x - used - 1, &words, Role::Strong);
            canvas.target(Rect::new(x, area.y, used + 1 + more, 1), Target::Action(Command::BeatOn));
            x += used + 1 + more;
        }
    }
    x - area.x
}

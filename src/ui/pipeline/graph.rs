//! An execution as a graph: boxes in dependency order, parallel ones side by side, a condition with its two exits.

use std::collections::HashMap;

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::glyph;
use super::super::theme::Role;
use super::layout::{Density, Node, Place, Sheet, place, scroll};
use super::lines::{Lines, Stroke};
use super::{below, compact};
use crate::app::msg::Target;
use crate::app::pipeline::{elapsed, under_way};
use crate::app::text_width::{clip, width};
use crate::app::{Model, Pane};
use crate::demo::figures;
use crate::ops::pipeline::{PipelineRun, PipelineStep, RunState, graph, step_title};

/// Columns of a progress bar.
const BAR: usize = 12;

/// The part of the sheet that is on the screen.
struct Window<'a, 'b> {
    canvas: &'a mut Canvas<'b>,
    area: Rect,
    left: usize,
    top: usize,
}

impl Window<'_, '_> {
    /// Writes text at a place of the sheet, at most `columns` of it; what lies outside of the window is cut off.
    fn text(&mut self, x: usize, y: usize, columns: usize, text: &str, role: Role) {
        if y < self.top || y >= self.top + usize::from(self.area.height) {
            return;
        }
        let text = clip(text, columns);
        let mut column = x;
        let mut shown = String::new();
        let mut start = None;
        for cluster in unicode_segmentation::UnicodeSegmentation::graphemes(&*text, true) {
            let wide = width(cluster);
            if column >= self.left && column + wide <= self.left + usize::from(self.area.width) {
                start.get_or_insert(column);
                shown.push_str(cluster);
            }
            column += wide;
        }
        if let Some(start) = start {
            let (x, y) = (self.area.x + (start - self.left) as u16, self.area.y + (y - self.top) as u16);
            self.canvas.text(x, y, self.area.right().saturating_sub(x), &shown, role);
        }
    }

    /// The same, ending at a column.
    fn text_right(&mut self, end: usize, y: usize, text: &str, role: Role) {
        self.text(end.saturating_sub(width(text)), y, width(text), text, role);
    }
}

/// Draws an execution with its heading. `main` is the one whose steps can be selected.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, run: &PipelineRun, main: bool) {
    compact::heading(canvas, Rect { height: 1, ..area }, run);
    let failure = run.failure.as_ref().filter(|_| matches!(run.state, RunState::Failed | RunState::Stopped));
    let mut area = below(area, 1);
    if let Some(failure) = failure.filter(|_| area.height > 12) {
        let used = canvas.paragraph(Rect { height: 2, ..area }, &format!("✖ {failure}"), Role::Bad);
        area = below(area, used);
    }
    if area.height < 2 || run.steps.is_empty() {
        return;
    }
    let sheet = sheet(run, usize::from(area.width), usize::from(area.height));
    let selected = main.then_some(canvas.model.pipeline.list.selected);
    let (left, top) = offsets(canvas, &sheet, area, selected);
    let lines = lines(run, &sheet, selected, canvas.model.focus == Pane::Pipeline);
    for y in 0..usize::from(area.height) {
        for x in 0..usize::from(area.width) {
            if let Some((symbol, role)) = lines.symbol(x + left, y + top) {
                canvas.text(area.x + x as u16, area.y + y as u16, 1, symbol, role);
            }
        }
    }
    let mut window = Window { canvas, area, left, top };
    for wire in &sheet.wires {
        let taken = run.steps.get(wire.to).is_none_or(|step| step.state != RunState::Skipped);
        if let Some((x, y, label)) = &wire.label {
            window.text(*x, *y, width(label), label, if taken { Role::Base } else { Role::Faint });
        }
        if let [.., (_, before), (x, y)] = wire.points[..]
            && wire.arrives
            && y > before + 1
            && !sheet.density.is_tight()
        {
            window.text(x, y - 1, 1, "▼", if taken { Role::Dim } else { Role::Faint });
        }
    }
    for (index, (step, place)) in run.steps.iter().zip(&sheet.places).enumerate() {
        boxed(&mut window, step, place, sheet.density);
        if main {
            pressable(&mut window, index, place);
        }
    }
    if main {
        let pane = Pane::Pipeline as usize;
        window.canvas.view.tops[pane] = top;
        window.canvas.view.heights[pane] = usize::from(area.height);
    }
    if sheet.height > usize::from(area.height) + top {
        canvas.text_right(area.x, area.bottom() - 1, area.width, " ↓ more ", Role::Faint);
    }
}

/// Places the steps.
fn sheet(run: &PipelineRun, columns: usize, rows: usize) -> Sheet {
    let at: HashMap<&str, usize> = run.steps.iter().enumerate().map(|(index, step)| (step.name.as_str(), index)).collect();
    let nodes: Vec<Node> = run
        .steps
        .iter()
        .map(|step| {
            let parents = step.depends_on.iter().filter_map(|name| {
                let exit = step.branch.as_ref().filter(|branch| branch.condition == *name);
                Some((*at.get(name.as_str())?, exit.map(|branch| exit_name(step, branch.taken_when))))
            });
            Node { parents: parents.collect() }
        })
        .collect();
    place(&nodes, &graph::levels(&run.steps), columns, rows)
}

/// What an exit of a condition is called.
fn exit_name(step: &PipelineStep, when: bool) -> String {
    let what = match step.kind.as_str() {
        "RegisterModel" => "register",
        "Fail" => "refuse",
        _ => step_title(&step.name),
    };
    format!("{}: {what}", if when { "yes" } else { "no" })
}

/// The part of the sheet to show, so that the selected step is on the screen.
fn offsets(canvas: &Canvas<'_>, sheet: &Sheet, area: Rect, selected: Option<usize>) -> (usize, usize) {
    let chosen = selected.and_then(|selected| sheet.places.get(selected)).copied().unwrap_or_default();
    let before = if selected.is_some() { canvas.view.tops[Pane::Pipeline as usize] } else { 0 };
    let top = scroll(before, (chosen.y, chosen.y + chosen.height), sheet.height, usize::from(area.height));
    let left = scroll(0, (chosen.x, chosen.x + chosen.width), sheet.width, usize::from(area.width));
    (left, top)
}

fn lines(run: &PipelineRun, sheet: &Sheet, selected: Option<usize>, focused: bool) -> Lines {
    let mut lines = Lines::new(sheet.width, sheet.height);
    for wire in &sheet.wires {
        let state = run.steps.get(wire.to).map(|step| step.state);
        let (stroke, role) = match state {
            Some(RunState::Skipped) => (Stroke::Dashed, Role::Faint),
            Some(RunState::Waiting) | None => (Stroke::Light, Role::Rule),
            Some(_) => (Stroke::Light, Role::Dim),
        };
        for pair in wire.points.windows(2) {
            lines.line(pair[0], pair[1], stroke, role);
        }
    }
    for (index, (step, place)) in run.steps.iter().zip(&sheet.places).enumerate() {
        let frame = (place.x, place.y, place.width, place.height);
        let role = match step.state {
            RunState::Running => Role::Accent,
            RunState::Stopping | RunState::Stopped => Role::Warn,
            RunState::Failed => Role::Bad,
            RunState::Succeeded => Role::Dim,
            RunState::Waiting => Role::Rule,
            RunState::Skipped => Role::Faint,
        };
        if selected == Some(index) {
            lines.frame(frame, Stroke::Heavy, if focused { Role::Focus } else { role });
        } else if step.state == RunState::Skipped {
            lines.frame(frame, Stroke::Dashed, role);
        } else {
            lines.frame(frame, Stroke::Light, role);
        }
    }
    lines
}

fn pressable(window: &mut Window<'_, '_>, index: usize, place: &Place) {
    let area = window.area;
    let (top, left) = (place.y.max(window.top), place.x.max(window.left));
    let bottom = (place.y + place.height).min(window.top + usize::from(area.height));
    let right = (place.x + place.width).min(window.left + usize::from(area.width));
    if top < bottom && left < right {
        let x = area.x + (left - window.left) as u16;
        let y = area.y + (top - window.top) as u16;
        let rect = Rect::new(x, y, (right - left) as u16, (bottom - top) as u16);
        window.canvas.target(rect, Target::Row(Pane::Pipeline, index));
    }
}

/// What stands in and on a box.
fn boxed(window: &mut Window<'_, '_>, step: &PipelineStep, place: &Place, density: Density) {
    let model = window.canvas.model;
    let (mark, role, word) = glyph::run(model, step.state);
    let title_role = match step.state {
        state if under_way(state) => Role::Accent,
        RunState::Waiting | RunState::Skipped => Role::Dim,
        RunState::Failed => Role::Bad,
        _ => Role::Strong,
    };
    let right = place.x + place.width;
    let bottom = place.y + place.height - 1;
    let sides = if step.kind == "Condition" { Some((["╱", "╲", "╲", "╱"], ["<", ">"])) } else { None };
    if let Some(([a, b, c, d], [west, east])) = sides {
        for (x, y, corner) in [(place.x, place.y, a), (right - 1, place.y, b), (place.x, bottom, c), (right - 1, bottom, d)] {
            window.text(x, y, 1, corner, role);
        }
        for y in place.y + 1..bottom {
            window.text(place.x, y, 1, west, role);
            window.text(right - 1, y, 1, east, role);
        }
    }
    let time = time(step, model, word);
    let text = if density.is_tight() { place.x + 4 } else { place.x + 2 };
    // The border shows where a title is cut off only when the time has room beside it.
    let room = right.saturating_sub(text + 1);
    // Where both do not fit, the name says more than the time; but not while time is what people wait for.
    let wanted = if under_way(step.state) { 10 } else { width(step_title(&step.name)).min(24) };
    let time_fits = room > width(&time) + wanted + 5;
    let for_title = if time_fits { room - width(&time) - 4 } else { room };
    window.text(text, place.y, for_title, &format!(" {mark}"), role);
    // Before the time a space takes the place of the border where the title leaves no more.
    let for_name = for_title.saturating_sub(1 + width(mark)) + usize::from(time_fits);
    window.text(text + 1 + width(mark), place.y, for_name, &title(step, for_name), title_role);
    if time_fits {
        window.text_right(right - 2, place.y, &format!(" {time} "), if under_way(step.state) { Role::Accent } else { Role::Dim });
    }
    let (line, line_role) = line(step);
    let progress = progress(step, model);
    if density.is_tight() {
        tight(window, place, (&line, line_role), progress);
        return;
    }
    let inside = place.width.saturating_sub(4);
    let mut y = place.y + 1;
    if density.rows == 3 {
        let used = progress.as_ref().map_or(0, |(bar, words, _)| width(bar) + width(words) + 2);
        let with_bar = used > 0 && inside > used + 8;
        window.text(text, y, if with_bar { inside - used } else { inside }, &line, line_role);
        if let Some((bar, words, role)) = progress.filter(|_| with_bar) {
            window.text_right(right - 2, y, &words, Role::Dim);
            window.text_right(right - 3 - width(&words), y, &bar, role);
        }
        return;
    }
    let mut told = false;
    if !line.is_empty() {
        window.text(text, y, inside, &line, line_role);
        told = line == step.description;
        y += 1;
    }
    if let Some((bar, words, role)) = progress {
        let after = if bar.is_empty() { text } else { text + width(&bar) + 1 };
        window.text(text, y, inside, &bar, role);
        window.text(after, y, (text + inside).saturating_sub(after), &words, Role::Dim);
        y += 1;
    }
    // Why the step exists has the lines that are left.
    let rest = bottom.saturating_sub(y);
    if !told && rest > 0 {
        let lines = crate::app::text_width::wrap(&step.description, inside);
        for (row, part) in lines.iter().take(rest).enumerate() {
            let cut = row + 1 == rest && lines.len() > rest;
            // One sign of what is missing, whether it stands behind the last word or in it.
            let part = if cut { clip(&format!("{part} …"), inside).into_owned() } else { part.clone() };
            window.text(text, y + row, inside, &part, Role::Faint);
        }
    }
}

/// The title of a step with a space on either side, the last one only where it fits.
fn title(step: &PipelineStep, columns: usize) -> String {
    let text = format!(" {}", step_title(&step.name));
    if width(&text) < columns { format!("{text} ") } else { text }
}

/// What stands on the lower border of a box that has no lines of its own.
fn tight(window: &mut Window<'_, '_>, place: &Place, (line, line_role): (&str, Role), progress: Option<(String, String, Role)>) {
    let (text, right, bottom) = (place.x + 4, place.x + place.width, place.y + place.height - 1);
    let room = right.saturating_sub(text + 2);
    let used = progress.as_ref().map_or(0, |(bar, words, _)| width(bar) + width(words) + 3);
    let with_bar = used > 0 && room > used + 8;
    let for_line = if with_bar { room - used } else { room };
    if !line.is_empty() {
        window.text(text, bottom, for_line, &format!(" {} ", clip(line, for_line.saturating_sub(2))), line_role);
    }
    if let Some((bar, words, role)) = progress.filter(|_| with_bar) {
        window.text_right(right - 2, bottom, &format!(" {words} "), Role::Dim);
        window.text_right(right - 4 - width(&words), bottom, &format!(" {bar}"), role);
    }
}

/// How long a step took, takes so far, or why there is no such time.
fn time(step: &PipelineStep, model: &Model, word: &str) -> String {
    if step.cached {
        return "↺ from the cache".to_owned();
    }
    match elapsed(step.started, step.ended, model.now) {
        Some(_) if under_way(step.state) => step.started.map(|since| model.so_far(since)).unwrap_or_default(),
        Some(seconds) if step.state != RunState::Skipped => figures::duration(seconds),
        _ => word.to_owned(),
    }
}

/// What a step is doing, has found, or why it failed.
fn line(step: &PipelineStep) -> (String, Role) {
    match step.state {
        RunState::Failed => (step.message.clone(), Role::Bad),
        state if under_way(state) => (if step.doing.is_empty() { step.message.clone() } else { step.doing.clone() }, Role::Base),
        // What has nothing to say of itself says why it exists.
        _ if step.message.is_empty() => (step.description.clone(), Role::Faint),
        _ => (step.message.clone(), Role::Dim),
    }
}

/// A bar of how far a running step is, in time, and the words for it; how long a waiting one will take.
fn progress(step: &PipelineStep, model: &Model) -> Option<(String, String, Role)> {
    let expected = step.expected?.as_secs_f64();
    match step.state {
        RunState::Running if model.motion => {
            let so_far = elapsed(step.started, None, model.now)?;
            // What takes longer than ever is never quite done.
            let share = if expected > 0.0 { (so_far / expected).min(0.99) } else { 0.99 };
            let filled = (share * BAR as f64).round() as usize;
            let bar = format!("{}{}", "━".repeat(filled), "┄".repeat(BAR - filled));
            Some((bar, format!("of about {}", figures::duration(expected)), Role::Accent))
        }
        // A bar that grows is motion.
        RunState::Running | RunState::Waiting => Some((String::new(), format!("about {}", figures::duration(expected)), Role::Dim)),
        _ => None,
    }
}

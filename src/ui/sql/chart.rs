//! A result as a picture.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::glyph;
use super::super::theme::Role;
use super::plot::{Dots, bar};
use super::profile::{histogram, value};
use super::result::short;
use crate::app::sql::result::{ChartView, ResultSet};
use crate::app::text_width::{left, right, visible, width};
use crate::demo::figures;
use crate::ops::query::QueryColumn;
use crate::ops::results::{Aggregate, ChartData, Nature, Shape, nature};

/// Columns of the numbers beside a picture.
const AXIS: u16 = 12;

/// Draws the picture.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet, view: &ChartView) {
    choices(canvas, area, result, view);
    let inside = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if inside.height == 0 {
        return;
    }
    if let Some(why) = &view.refused {
        canvas.paragraph(inside, &format!("It cannot be drawn: {}. ↑ ↓ choose, ← → change.", visible(why)), Role::Warn);
        return;
    }
    let Some((spec, data)) = view.data.as_ref().filter(|(spec, _)| *spec == view.spec) else {
        let text = format!("{} Drawing …", glyph::working(canvas.model));
        canvas.text(inside.x, inside.y, inside.width, &text, Role::Dim);
        return;
    };
    let kind = |column: usize| result.meta.columns.get(column).map_or(Nature::Text, nature);
    match data {
        ChartData::Bars { bars, more } => draw_bars(canvas, inside, bars, *more),
        ChartData::Histogram(found) if found.counts.is_empty() => nothing(canvas, inside),
        ChartData::Histogram(found) => histogram(canvas, inside, found, kind(spec.x)),
        ChartData::Line(points) => draw_dots(canvas, inside, points, true, (kind(spec.x), Nature::Number)),
        ChartData::Points(points) => draw_dots(canvas, inside, points, false, (kind(spec.x), kind(spec.y))),
    }
}

/// What is drawn, and how it can be changed.
fn choices(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet, view: &ChartView) {
    let name = |column: usize| result.meta.columns.get(column).map_or("", |column: &QueryColumn| column.name.as_str());
    let spec = view.spec;
    let measured = match (spec.shape, spec.aggregate) {
        (Shape::Histogram, _) | (Shape::Bars | Shape::Line, Aggregate::Count) => "–",
        _ => name(spec.y),
    };
    let aggregate = if matches!(spec.shape, Shape::Bars | Shape::Line) { spec.aggregate.title() } else { "–" };
    let fields = [("chart", spec.shape.title()), ("across", name(spec.x)), ("measured", measured), ("as", aggregate)];
    let mut x = area.x;
    for (index, (word, chosen)) in fields.into_iter().enumerate() {
        let room = area.right().saturating_sub(x);
        let here = view.field == index;
        let pieces = Pieces::new()
            .add(format!("{word} "), Role::Dim)
            .add(if here { "‹" } else { " " }, Role::Accent)
            .add(short(chosen, 24), if here { Role::Accent } else { Role::Strong })
            .add(if here { "›" } else { " " }, Role::Accent);
        x += canvas.pieces(x, area.y, room, &pieces) + 2;
    }
    let hint = "↑ ↓ choose · ← → change";
    if usize::from(area.right().saturating_sub(x)) > width(hint) {
        canvas.text_right(x, area.y, area.right() - x, hint, Role::Faint);
    }
}

fn nothing(canvas: &mut Canvas<'_>, area: Rect) {
    canvas.text(area.x, area.y, area.width, "There is no value to draw", Role::Dim);
}

fn draw_bars(canvas: &mut Canvas<'_>, area: Rect, bars: &[(Option<String>, f64)], more: usize) {
    if bars.is_empty() {
        return nothing(canvas, area);
    }
    let label = |text: &Option<String>| match text.as_deref() {
        None => "NULL".to_owned(),
        Some("") => "''".to_owned(),
        Some(text) => short(text, 32),
    };
    let labels = bars.iter().map(|(text, _)| width(&label(text))).max().unwrap_or(0).min(usize::from(area.width) / 3);
    let written: Vec<String> = bars.iter().map(|(_, number)| value(*number, 0.0, Nature::Number)).collect();
    let numbers = written.iter().map(|text| width(text)).max().unwrap_or(0);
    let (least, most) = bars.iter().fold((0.0_f64, 0.0_f64), |(a, b), (_, number)| (a.min(*number), b.max(*number)));
    let room = usize::from(area.width).saturating_sub(labels + numbers + 3);
    // Values below zero go to the left of a common line.
    let span = (most - least).max(f64::MIN_POSITIVE);
    let negative = (-least / span * room as f64).round() as usize;
    let fits = usize::from(area.height);
    let shown = if bars.len() + usize::from(more > 0) > fits { fits.saturating_sub(1) } else { bars.len() };
    for (row, ((text, number), written)) in bars.iter().zip(&written).take(shown).enumerate() {
        let y = area.y + row as u16;
        let role = if text.as_deref().is_none_or(str::is_empty) { Role::Faint } else { Role::Base };
        canvas.text(area.x, y, labels as u16, &left(&label(text), labels), role);
        let x = area.x + labels as u16 + 1;
        if *number < 0.0 {
            let length = ((-number / span * room as f64).round() as usize).clamp(1, negative.max(1));
            canvas.text(x + (negative - length.min(negative)) as u16, y, length as u16, &"░".repeat(length), Role::Warn);
        } else {
            let positive = room - negative.min(room);
            canvas.text(x + negative as u16, y, positive as u16, &bar(number / most.max(f64::MIN_POSITIVE), positive), Role::Focus);
        }
        canvas.text(x + room as u16 + 1, y, numbers as u16, &right(written, numbers), Role::Strong);
    }
    let hidden = bars.len() - shown + more;
    if hidden > 0 {
        let text = format!("and {}", figures::counted(hidden as u64, "more bar"));
        canvas.text(area.x, area.bottom() - 1, area.width, &text, Role::Dim);
    }
}

fn draw_dots(canvas: &mut Canvas<'_>, area: Rect, points: &[(f64, f64)], joined: bool, natures: (Nature, Nature)) {
    if points.is_empty() {
        return nothing(canvas, area);
    }
    if area.height < 3 || area.width <= AXIS + 4 {
        return;
    }
    let bounds = |value: fn(&(f64, f64)) -> f64| {
        points.iter().map(value).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| (a.min(value), b.max(value)))
    };
    let (x_from, x_to) = bounds(|point| point.0);
    let (mut y_from, y_to) = bounds(|point| point.1);
    // A line of amounts begins at nothing, unless that would press it flat.
    if joined && y_from > 0.0 && y_from < y_to / 2.0 {
        y_from = 0.0;
    }
    let plot = Rect { x: area.x + AXIS + 1, width: area.width - AXIS - 1, height: area.height - 1, ..area };
    let mut dots = Dots::new(usize::from(plot.width), usize::from(plot.height));
    let (across, down) = (dots.across() - 1, dots.down() - 1);
    let place = |(x, y): &(f64, f64)| {
        let share = |value: f64, from: f64, to: f64| if to > from { (value - from) / (to - from) } else { 0.5 };
        let column = (share(*x, x_from, x_to) * across as f64).round() as usize;
        let row = ((1.0 - share(*y, y_from, y_to)) * down as f64).round() as usize;
        (column, row)
    };
    let placed: Vec<(usize, usize)> = points.iter().map(place).collect();
    for (index, dot) in placed.iter().enumerate() {
        match placed.get(index + 1) {
            Some(next) if joined => dots.line(*dot, *next),
            _ => dots.set(dot.0, dot.1),
        }
    }
    for (row, line) in dots.lines().enumerate() {
        canvas.text(plot.x, plot.y + row as u16, plot.width, &line, Role::Focus);
        canvas.text(plot.x - 1, plot.y + row as u16, 1, "│", Role::Rule);
    }
    let (x_kind, y_kind) = natures;
    let number = |value_at: f64| right(&short(&value(value_at, y_to - y_from, y_kind), usize::from(AXIS)), usize::from(AXIS));
    canvas.text(area.x, plot.y, AXIS, &number(y_to), Role::Dim);
    canvas.text(area.x, plot.bottom() - 1, AXIS, &number(y_from), Role::Dim);
    if plot.height > 6 {
        canvas.text(area.x, plot.y + plot.height / 2, AXIS, &number((y_from + y_to) / 2.0), Role::Faint);
    }
    let (from, to) = (value(x_from, x_to - x_from, x_kind), value(x_to, x_to - x_from, x_kind));
    let y = area.bottom() - 1;
    canvas.text(plot.x, y, plot.width, &from, Role::Dim);
    if width(&from) + width(&to) + 2 < usize::from(plot.width) {
        canvas.text_right(plot.x, y, plot.width, &to, Role::Dim);
    }
}

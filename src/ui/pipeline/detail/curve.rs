//! The learning curve: the metric by round on the rows that train and on those that validate. It grows while the step trains.

use ratatui::layout::Rect;

use super::super::super::canvas::{Canvas, Pieces};
use super::super::super::sql::plot::Dots;
use super::super::super::theme::Role;
use crate::app::text_width::right;
use crate::ops::pipeline::StepDetail;
use crate::ops::pipeline::curve::Curve;

/// Columns of the numbers on the left.
const AXIS: u16 = 8;
/// Columns of the labels at the end of the lines.
const LABELS: u16 = 18;

/// Draws the curve; gives the rows used. The number of rounds comes from the parameters of the training, where they say it.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, curve: &Curve, detail: Option<&StepDetail>) -> u16 {
    let Some(last) = curve.points.last() else { return 0 };
    if area.height < 5 || area.width < AXIS + LABELS + 10 {
        let validation = last.validation.map(|value| format!(", validation {value:.4}")).unwrap_or_default();
        let text = format!("{} after round {}: train {:.4}{validation}", curve.metric, last.round + 1, last.train);
        return canvas.paragraph(area, &text, Role::Strong);
    }
    let asked =
        detail.and_then(|detail| detail.parameters.iter().find(|(name, _)| name == "num_round")).and_then(|(_, value)| value.parse().ok());
    let rounds = asked.unwrap_or(0_u32).max(last.round + 1);
    heading(canvas, area, curve, rounds);
    let height = (area.height - 2).min(16);
    let plot = Rect { x: area.x + AXIS + 1, y: area.y + 1, width: area.width - AXIS - LABELS - 1, height };
    let values = || curve.points.iter().flat_map(|point| std::iter::once(point.train).chain(point.validation));
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let span = if high > low { high - low } else { 1.0 };
    let mut train = Dots::new(usize::from(plot.width), usize::from(plot.height));
    let mut validation = Dots::new(usize::from(plot.width), usize::from(plot.height));
    let (across, down) = (train.across() - 1, train.down() - 1);
    let column = |round: u32| if rounds > 1 { (f64::from(round) / f64::from(rounds - 1) * across as f64).round() as usize } else { 0 };
    let row = |value: f64| ((high - value) / span * down as f64).round() as usize;
    for pair in curve.points.windows(2) {
        let [a, b] = pair else { continue };
        train.line((column(a.round), row(a.train)), (column(b.round), row(b.train)));
        if let (Some(x), Some(y)) = (a.validation, b.validation) {
            dotted(&mut validation, (column(a.round), row(x)), (column(b.round), row(y)));
        }
    }
    // A single point is a point.
    train.set(column(last.round), row(last.train));
    for (line, text) in train.lines().enumerate() {
        canvas.text(plot.x - 1, plot.y + line as u16, 1, "│", Role::Rule);
        canvas.text(plot.x, plot.y + line as u16, plot.width, &text, Role::Focus);
    }
    over(canvas, plot, &train, &validation);
    let number = |value: f64| right(&format!("{value:.3}"), usize::from(AXIS) - 1);
    canvas.text(area.x, plot.y, AXIS, &number(high), Role::Dim);
    canvas.text(area.x, plot.bottom() - 1, AXIS, &number(low), Role::Dim);
    labels(canvas, plot, curve, (high, span));
    let y = plot.bottom();
    canvas.text(plot.x - 1, y, plot.width + 1, &format!("╰{}", "─".repeat(usize::from(plot.width))), Role::Rule);
    canvas.text(plot.x, y, 9, " round 1 ", Role::Dim);
    canvas.text_right(plot.x, y, plot.width, &format!(" {rounds} "), Role::Dim);
    y + 1 - area.y
}

fn heading(canvas: &mut Canvas<'_>, area: Rect, curve: &Curve, rounds: u32) {
    let best = curve.points.iter().filter_map(|point| Some((point.round, point.validation?))).min_by(|a, b| a.1.total_cmp(&b.1));
    let done = curve.points.last().map_or(0, |point| point.round + 1);
    let mut pieces = Pieces::new()
        .add(curve.metric.clone(), Role::Strong)
        .add(" by round: ", Role::Dim)
        .add("━ train", Role::Focus)
        .add("  ", Role::Dim)
        .add("┄ validation", Role::Warn)
        .add(format!("   round {done} of {rounds}"), Role::Dim);
    if let Some((round, value)) = best {
        pieces = pieces.add(format!("   lowest validation {value:.4} in round {}", round + 1), Role::Dim);
    }
    canvas.pieces(area.x, area.y, area.width, &pieces);
}

/// Every second pair of dots of a line, so that it is told apart without a colour.
fn dotted(dots: &mut Dots, from: (usize, usize), to: (usize, usize)) {
    let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
    for step in 0..=steps {
        let share = step as f64 / steps as f64;
        let at = |a: usize, b: usize| (a as f64 + (b as f64 - a as f64) * share).round() as usize;
        let (x, y) = (at(from.0, to.0), at(from.1, to.1));
        if x / 2 % 2 == 0 {
            dots.set(x, y);
        }
    }
}

/// Lays the second line over the first; where both go through a character it has the dots of both.
fn over(canvas: &mut Canvas<'_>, plot: Rect, below: &Dots, above: &Dots) {
    for (line, (one, two)) in below.lines().zip(above.lines()).enumerate() {
        for (column, (a, b)) in one.chars().zip(two.chars()).enumerate() {
            if b == ' ' {
                continue;
            }
            let bits = |c: char| u32::from(c).saturating_sub(0x2800);
            let both = char::from_u32(0x2800 + (bits(a) | bits(b))).unwrap_or(b);
            let role = if a == ' ' { Role::Warn } else { Role::Focus };
            canvas.text(plot.x + column as u16, plot.y + line as u16, 1, &both.to_string(), role);
        }
    }
}

/// The last values beside the ends of their lines.
fn labels(canvas: &mut Canvas<'_>, plot: Rect, curve: &Curve, (high, span): (f64, f64)) {
    let Some(last) = curve.points.last() else { return };
    let row = |value: f64| plot.y + ((high - value) / span * f64::from(plot.height - 1)).round() as u16;
    let mut ends = vec![(row(last.train), format!("train {:.4}", last.train), Role::Focus)];
    if let Some(value) = last.validation {
        ends.push((row(value), format!("valid. {value:.4}"), Role::Warn));
    }
    ends.sort_by_key(|(row, ..)| *row);
    // Two labels never share a line.
    if let [(a, ..), (b, ..)] = &mut ends[..]
        && a == b
    {
        if *b + 1 < plot.bottom() { *b += 1 } else { *a = a.saturating_sub(1) }
    }
    for (y, text, role) in ends {
        canvas.text(plot.right() + 1, y, LABELS - 1, &text, role);
    }
}

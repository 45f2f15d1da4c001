//! Two executions, or two versions, side by side: figures with the better side marked, settings, data, and what the models go by.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::sql::plot::bar;
use super::super::theme::Role;
use super::below;
use crate::app::pipeline::runs::Compared;
use crate::app::text_width::{clip, left, right, visible, width};
use crate::demo::pipeline_definition::parameter;
use crate::ops::pipeline::{Change, ImportanceChange, MetricChange, RunComparison, Side};

/// A line of the comparison.
type Line = Pieces;

/// Draws the comparison.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, compared: &Compared) {
    let (a, b) = (&compared.names.0, &compared.names.1);
    let heading = Pieces::new()
        .add("A ", Role::Accent)
        .add(a.clone(), Role::Strong)
        .add("   B ", Role::Accent)
        .add(b.clone(), Role::Strong)
        .add("   Esc back", Role::Faint);
    canvas.pieces(area.x, area.y, area.width, &heading);
    let inside = below(area, 2);
    let found = match &compared.found {
        None => {
            canvas.text(inside.x, inside.y, inside.width, "Comparing …", Role::Dim);
            return;
        }
        Some(Err(error)) => {
            canvas.paragraph(inside, &format!("✖ {error}"), Role::Bad);
            return;
        }
        Some(Ok(found)) => found,
    };
    if inside.width >= 110 {
        let half = inside.width / 2;
        let first = lines(found, usize::from(half) - 2, &[metrics, settings, data]);
        let second = lines(found, usize::from(half), &[importance]);
        scrolled(canvas, Rect { width: half - 2, ..inside }, &first, compared.scroll);
        let other = Rect { x: inside.x + half, width: inside.width - half, ..inside };
        scrolled(canvas, other, &second, compared.scroll);
    } else {
        let all = lines(found, usize::from(inside.width), &[metrics, settings, data, importance]);
        scrolled(canvas, inside, &all, compared.scroll);
    }
}

fn lines(found: &RunComparison, columns: usize, parts: &[fn(&RunComparison, usize) -> Vec<Line>]) -> Vec<Line> {
    let mut all = Vec::new();
    for part in parts {
        let lines = part(found, columns);
        if !lines.is_empty() {
            if !all.is_empty() {
                all.push(Pieces::new());
            }
            all.extend(lines);
        }
    }
    all
}

fn scrolled(canvas: &mut Canvas<'_>, area: Rect, lines: &[Line], scroll: usize) {
    let height = usize::from(area.height);
    let top = scroll.min(lines.len().saturating_sub(height));
    for (row, line) in lines.iter().skip(top).take(height).enumerate() {
        canvas.pieces(area.x, area.y + row as u16, area.width, line);
    }
    let more = lines.len().saturating_sub(top + height);
    if more > 0 {
        canvas.text_right(area.x, area.bottom() - 1, area.width, &format!(" ↓ {more} more "), Role::Faint);
    }
}

fn metrics(found: &RunComparison, _: usize) -> Vec<Line> {
    if found.metrics.is_empty() {
        return vec![Pieces::new().add("No figures: neither side came as far as the evaluation", Role::Dim)];
    }
    let name = found.metrics.iter().map(|metric| width(title(&metric.name))).max().unwrap_or(0);
    let mut lines = vec![
        Pieces::new().add(left("Figures", name), Role::Accent).add(format!("  {:>10}  {:>10}  {:>10}", "A", "B", "B − A"), Role::Faint),
    ];
    lines.extend(found.metrics.iter().map(|metric| one_metric(metric, name)));
    lines
}

fn one_metric(metric: &MetricChange, name: usize) -> Line {
    let whole = [metric.a, metric.b].into_iter().flatten().all(|value| value.fract() == 0.0 && value.abs() >= 10.0);
    let digits = if whole { 0 } else { 4 };
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"));
    let side = |side: Side| if metric.better == Some(side) { Role::Good } else { Role::Base };
    let change = match (metric.a, metric.b) {
        (Some(a), Some(b)) if a != b => format!("{:+.digits$}", b - a),
        _ => String::new(),
    };
    // The better side is told by a mark, too.
    let (mark, words) = match metric.better {
        Some(Side::A) => ("◀", " A is better"),
        Some(Side::B) => ("▶", " B is better"),
        None => (" ", ""),
    };
    Pieces::new()
        .add(left(title(&metric.name), name), Role::Dim)
        .add(format!("  {:>10}", number(metric.a)), side(Side::A))
        .add(format!("  {:>10}", number(metric.b)), side(Side::B))
        .add(format!("  {change:>10}"), Role::Dim)
        .add(format!("  {mark}"), Role::Good)
        .add(words, Role::Faint)
}

/// What a figure is called.
fn title(name: &str) -> &str {
    match name {
        "auc" => "AUC",
        "mse" => "MSE",
        "log_loss" => "log loss",
        "f1" => "F1",
        "lift_top_decile" => "lift in the top tenth",
        "base_rate_mse" => "MSE of guessing",
        "error_deviation" => "error deviation",
        "test_rows" => "test rows",
        other => other,
    }
}

fn settings(found: &RunComparison, columns: usize) -> Vec<Line> {
    // What the program sets by itself at every start says nothing about the two sides.
    let own = [parameter::BASELINE, parameter::CHAMPION, parameter::CACHE_KEY];
    let shown: Vec<Change> = found.settings.iter().filter(|change| !own.contains(&change.name.as_str())).cloned().collect();
    changes("Settings", &shown, columns)
}

fn data(found: &RunComparison, columns: usize) -> Vec<Line> {
    changes("Data", &found.data, columns)
}

/// What differs, then what is the same.
fn changes(title: &str, all: &[Change], columns: usize) -> Vec<Line> {
    if all.is_empty() {
        return Vec::new();
    }
    let name = all.iter().map(|change| width(&change.name)).max().unwrap_or(0).min(columns / 2);
    let different = all.iter().filter(|change| change.a != change.b).count();
    let verdict = if different == 0 { "the same on both sides".to_owned() } else { format!("{different} of {} differ", all.len()) };
    let mut lines = vec![
        Pieces::new().add(left(title, name), Role::Accent).add(format!("  {verdict}"), if different == 0 { Role::Dim } else { Role::Warn }),
    ];
    let room = columns.saturating_sub(name + 6) / 2;
    let text =
        |value: &Option<String>| value.as_deref().map_or_else(|| "–".to_owned(), |value| clip(&visible(value), room.max(4)).into_owned());
    let mut sorted: Vec<&Change> = all.iter().collect();
    sorted.sort_by_key(|change| change.a == change.b);
    lines.extend(sorted.into_iter().map(|change| {
        let label = left(&change.name, name);
        if change.a == change.b {
            return Pieces::new().add(format!("{label}  = "), Role::Faint).add(text(&change.a), Role::Faint);
        }
        Pieces::new()
            .add(label, Role::Dim)
            .add("  ≠ ", Role::Warn)
            .add(text(&change.a), Role::Base)
            .add(" → ", Role::Dim)
            .add(text(&change.b), Role::Strong)
    }));
    lines
}

/// Paired bars: how much each model goes by a feature.
fn importance(found: &RunComparison, columns: usize) -> Vec<Line> {
    if found.importance.is_empty() {
        return Vec::new();
    }
    let mut all: Vec<&ImportanceChange> = found.importance.iter().collect();
    let most = |change: &ImportanceChange| change.a.unwrap_or(0.0).max(change.b.unwrap_or(0.0));
    all.sort_by(|x, y| most(y).total_cmp(&most(x)));
    let highest = all.first().map_or(1.0, |change| most(change)).max(f64::MIN_POSITIVE);
    let name = all.iter().take(20).map(|change| width(&change.feature)).max().unwrap_or(0).min(columns / 3).max(10);
    let room = columns.saturating_sub(name + 14).max(4);
    let mut lines = vec![Pieces::new().add("What the models go by", Role::Accent).add("  █ A  ▒ B", Role::Dim)];
    for change in all.into_iter().take(20) {
        let shares = [(change.a, "A", Role::Dim), (change.b, "B", Role::Focus)];
        for (index, (value, side, role)) in shares.into_iter().enumerate() {
            let label = if index == 0 { left(&visible(&change.feature), name) } else { left("", name) };
            let drawn = bar(value.unwrap_or(0.0) / highest, room);
            // The second bar has another texture, so that the two are told apart without a colour.
            let drawn = if index == 1 { "▒".repeat(width(&drawn)) } else { drawn };
            let figure = value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
            lines.push(
                Pieces::new()
                    .add(label, Role::Base)
                    .add(format!(" {side} "), Role::Faint)
                    .add(left(&drawn, room), role)
                    .add(right(&figure, 8), Role::Dim),
            );
        }
    }
    lines
}

//! What is in a column.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::theme::Role;
use super::plot;
use super::result::short;
use crate::app::sql::result::ResultSet;
use crate::app::sql::result::shown::separated;
use crate::app::text_width::{right, visible, width};
use crate::demo::figures;
use crate::ops::results::{Figures, Histogram, Nature, Profile, moment_text};

/// Draws the profile of a column.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, result: &ResultSet, profile: &Profile) {
    let Some(column) = result.meta.columns.get(profile.column) else { return };
    let of = if result.arrangement.is_plain() { "" } else { " that are shown" };
    let heading = Pieces::new()
        .add(visible(&column.name).into_owned(), Role::Accent)
        .add(format!(" {} · {}{of} · ← → other columns, Esc back", column.type_name, figures::counted(profile.rows, "row")), Role::Dim);
    canvas.pieces(area.x, area.y, area.width, &heading);
    let mut y = area.y + 1;
    for line in facts(profile) {
        if y >= area.bottom() {
            return;
        }
        y += lay(canvas, Rect::new(area.x, y, area.width, area.bottom() - y), &line);
    }
    y += 1;
    let below = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    if below.height < 2 {
        return;
    }
    match &profile.figures {
        // Values that all occur once are no news.
        Some(figures) if below.width >= 70 && profile.top.first().is_some_and(|(_, count)| *count > 1) => {
            let half = below.width * 3 / 5;
            histogram(canvas, Rect { width: half - 2, ..below }, &figures.histogram, profile.nature);
            top(canvas, Rect { x: below.x + half, width: below.width - half, ..below }, profile);
        }
        Some(figures) => histogram(canvas, below, &figures.histogram, profile.nature),
        None => top(canvas, below, profile),
    }
}

type Fact = (&'static str, String);

/// Pairs of a word and a figure, line by line.
fn facts(profile: &Profile) -> Vec<Vec<Fact>> {
    let share = |count: u64| if profile.rows == 0 { 0.0 } else { count as f64 / profile.rows as f64 };
    let least = if profile.distinct_is_least { "more than " } else { "" };
    let mut first = vec![
        ("NULL", format!("{} ({})", figures::count(profile.nulls), figures::percent(share(profile.nulls)))),
        ("distinct", format!("{least}{}", figures::count(profile.distinct))),
    ];
    if profile.empty > 0 {
        first.push(("empty", figures::count(profile.empty)));
    }
    let mut lines = vec![first];
    let end = |text: &Option<String>| match text.as_deref() {
        None => "–".to_owned(),
        Some("") => "''".to_owned(),
        Some(text) => short(text, 28),
    };
    match &profile.figures {
        Some(found) => lines.extend(measured(profile, found)),
        None => lines.push(vec![("min", end(&profile.least)), ("max", end(&profile.greatest))]),
    }
    if let Some((shortest, mean, longest)) = profile.lengths {
        lines.push(vec![("characters", format!("{shortest} to {longest}, mean {}", figures::rounded(mean, 1)))]);
    }
    lines
}

fn measured(profile: &Profile, found: &Figures) -> Vec<Vec<Fact>> {
    let span = found.histogram.to - found.histogram.from;
    let value = |number: f64| value(number, span, profile.nature);
    let [low, quarter, median, three_quarters, high] = found.quantiles.map(value);
    let end = |text: &Option<String>| {
        let text = text.clone().unwrap_or_default();
        if profile.nature == Nature::Number { separated(&text).into_owned() } else { text }
    };
    let quantiles = vec![
        ("min", end(&profile.least)),
        ("5 %", low),
        ("25 %", quarter),
        ("median", median),
        ("75 %", three_quarters),
        ("95 %", high),
        ("max", end(&profile.greatest)),
    ];
    let mut lines = vec![quantiles];
    if profile.nature == Nature::Number {
        lines.push(vec![
            ("mean", figures::float(significant(found.mean))),
            ("deviation", figures::float(significant(found.deviation))),
            ("sum", figures::float(significant(found.sum))),
        ]);
    }
    lines
}

/// A number or a moment, as exact as the range is worth.
pub(super) fn value(number: f64, span: f64, nature: Nature) -> String {
    match nature {
        Nature::Moment => moment_text(number, span),
        _ => figures::float(significant(number)),
    }
}

/// Six significant digits.
fn significant(number: f64) -> f64 {
    if number == 0.0 || !number.is_finite() || number.abs() >= 1e6 {
        return number.round();
    }
    let digits = 5 - number.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits.clamp(0, 300));
    (number * scale).round() / scale
}

/// Writes facts one after the other, over several lines where they do not fit; gives the lines used.
fn lay(canvas: &mut Canvas<'_>, area: Rect, facts: &[Fact]) -> u16 {
    let (mut x, mut y) = (area.x, area.y);
    for (word, figure) in facts {
        let needed = (width(word) + 1 + width(figure)) as u16;
        if x > area.x && x + needed > area.right() {
            x = area.x;
            y += 1;
        }
        if y >= area.bottom() {
            break;
        }
        let pieces = Pieces::new().add(*word, Role::Dim).add(" ", Role::Dim).add(visible(figure).into_owned(), Role::Strong);
        x += canvas.pieces(x, y, area.right().saturating_sub(x), &pieces) + 3;
    }
    y + 1 - area.y
}

/// Columns over a line with the ends of the range.
pub(super) fn histogram(canvas: &mut Canvas<'_>, area: Rect, histogram: &Histogram, nature: Nature) {
    let most = histogram.counts.iter().copied().max().unwrap_or(0);
    if most == 0 || area.height < 2 {
        return;
    }
    // Bars as wide as there is room for; where there is none for every bar, neighbours are put together.
    let room = usize::from(area.width);
    let together = histogram.counts.len().div_ceil(room.max(1));
    let counts: Vec<u64> = histogram.counts.chunks(together).map(|chunk| chunk.iter().sum()).collect();
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let wide = (room / counts.len()).clamp(1, 6);
    let shares: Vec<f64> = counts.iter().map(|count| *count as f64 / most as f64).collect();
    let rows = usize::from(area.height) - 1;
    for (row, line) in plot::columns(&shares, rows, wide).iter().enumerate() {
        canvas.text(area.x, area.y + row as u16, area.width, line, Role::Focus);
    }
    canvas.text_right(area.x, area.y, area.width, &format!(" most {} ", figures::count(most)), Role::Dim);
    let span = histogram.to - histogram.from;
    let used = (counts.len() * wide).min(room);
    let (from, to) = (value(histogram.from, span, nature), value(histogram.to, span, nature));
    let y = area.bottom() - 1;
    canvas.text(area.x, y, area.width, &from, Role::Dim);
    if used > width(&from) + width(&to) + 1 {
        canvas.text(area.x, y, area.width, &right(&to, used)[..], Role::Dim);
        canvas.text(area.x, y, area.width, &from, Role::Dim);
    }
}

/// The most frequent values.
fn top(canvas: &mut Canvas<'_>, area: Rect, profile: &Profile) {
    let most = profile.top.first().map_or(1, |(_, count)| *count).max(1) as f64;
    let label = profile.top.iter().map(|(value, _)| width(&short(value, 40))).max().unwrap_or(0).max(2).min(usize::from(area.width) / 3);
    let count = profile.top.iter().map(|(_, count)| figures::count(*count).len()).max().unwrap_or(0);
    let bars = usize::from(area.width).saturating_sub(label + count + 4 + 8);
    for (row, (value, times)) in profile.top.iter().take(usize::from(area.height)).enumerate() {
        let y = area.y + row as u16;
        let text = if value.is_empty() { "''".to_owned() } else { short(value, label) };
        canvas.text(area.x, y, label as u16, &text, if value.is_empty() { Role::Faint } else { Role::Base });
        let x = area.x + label as u16 + 2;
        canvas.text(x, y, bars as u16, &plot::bar(*times as f64 / most, bars), Role::Focus);
        let x = x + bars as u16 + 1;
        canvas.text(x, y, area.right().saturating_sub(x), &right(&figures::count(*times), count), Role::Strong);
        let share = figures::percent(*times as f64 / profile.rows.max(1) as f64);
        let x = x + count as u16 + 1;
        canvas.text(x, y, area.right().saturating_sub(x), &right(&share, 7), Role::Dim);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_six_significant_digits() {
        assert_eq!([1234.56789, 0.000123456789, 93.57544, 1e9 + 0.4, 0.0].map(significant), [1234.57, 0.000123457, 93.5754, 1e9, 0.0]);
    }
}

//! How the numeric columns move together: a heat map with the coefficients in hundredths.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::{below, heading, mark};
use crate::app::text_width::{left, visible, width};
use crate::ops::exploration::Correlations;

/// Columns of the number of a row or column.
const NUMBER: u16 = 3;
/// From here on a coefficient is called strong.
const STRONG: f64 = 0.5;

/// Draws the map; the row of the selected column is where pairs are chosen.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, found: &Correlations) {
    let state = &canvas.model.explore;
    let count = found.columns.len() as u16;
    let strongest = strongest(found);
    let said = [("Correlations".to_owned(), Role::Accent), ("   Pearson's r in hundredths".to_owned(), Role::Dim)];
    heading(canvas, area, &said);
    let told = match (state.inside(), &strongest) {
        (true, _) => "Enter draws the selected pair as a density".to_owned(),
        (false, Some((one, other, value))) => format!("Closest: {one} and {other}, {value:+.2}"),
        (false, None) => "Nothing moves together".to_owned(),
    };
    canvas.text(area.x, area.y + 1, area.width, &told, Role::Base);
    let area = below(area, 3);
    let names = found.columns.iter().map(|name| width(&visible(name))).max().unwrap_or(0) as u16;
    let label = (NUMBER + names).min(area.width / 3);
    let wide = (area.width.saturating_sub(label + 1) / count.max(1)).min(12);
    let high = (area.height.saturating_sub(1) / count.max(1)).clamp(1, 4);
    if wide < 3 || area.height < 3 {
        canvas.paragraph(area, "There is no room for the map: z gives it the whole screen.", Role::Dim);
        return;
    }
    let selected = state.column().and_then(|column| found.columns.iter().position(|name| name == column));
    let left_edge = area.x + label + 1;
    for at in 0..count {
        let role = if selected == Some(usize::from(at)) { Role::Strong } else { Role::Dim };
        canvas.text_right(left_edge + at * wide, area.y, centred(wide - 1), &(at + 1).to_string(), role);
    }
    let rows = usize::from(area.height.saturating_sub(1) / high);
    let top = selected.map_or(0, |selected| crate::app::list::window(0, selected, found.columns.len(), rows));
    let mut pair = 0;
    for (place, (row, name)) in found.columns.iter().enumerate().skip(top).take(rows).enumerate() {
        let y = area.y + 1 + place as u16 * high;
        // Where there is room a line of air is left between the cells.
        let full = if high >= 3 { high - 1 } else { high };
        let middle = y + (full - 1) / 2;
        let here = selected == Some(row);
        let text = format!("{:>2} {}", row + 1, visible(name));
        canvas.text(area.x, middle, label, &left(&text, usize::from(label)), if here { Role::Strong } else { Role::Base });
        for (column, value) in found.matrix[row].iter().enumerate() {
            let cell = Rect::new(left_edge + column as u16 * wide, y, wide, full);
            draw_cell(canvas, cell, (row != column).then_some(*value).flatten());
            if here && row != column {
                mark(canvas, cell, pair);
                pair += 1;
            }
        }
    }
}

/// A coefficient: the fuller the cell the stronger, blue together and orange against each other, and its sign in front.
fn draw_cell(canvas: &mut Canvas<'_>, area: Rect, value: Option<f64>) {
    let inner = area.width - 1;
    let middle = area.y + (area.height - 1) / 2;
    let Some(value) = value else {
        canvas.text_right(area.x, middle, centred(inner), "·", Role::Faint);
        return;
    };
    let size = value.abs();
    let role = if size < 0.2 {
        Role::Faint
    } else if value >= 0.0 {
        Role::Focus
    } else {
        Role::Warn
    };
    // At most three digits and a sign.
    let number = format!("{}", (value * 100.0).round() as i64);
    let mut style = canvas.style(role);
    if size >= STRONG {
        style = style.add_modifier(Modifier::REVERSED | Modifier::BOLD);
    }
    for y in area.top()..area.bottom() {
        let text = if y == middle { format!("{number:>wide$}", wide = usize::from(centred(inner))) } else { String::new() };
        canvas.styled(area.x, y, inner, &left(&text, usize::from(inner)), style);
    }
}

/// Where a number of up to three digits ends, so that it stands in the middle of a cell.
fn centred(columns: u16) -> u16 {
    (columns / 2 + 2).min(columns)
}

/// The pair with the largest coefficient.
fn strongest(found: &Correlations) -> Option<(&str, &str, f64)> {
    let mut pairs = Vec::new();
    for (row, values) in found.matrix.iter().enumerate() {
        for (column, value) in values.iter().enumerate().skip(row + 1) {
            pairs.extend(value.map(|value| (found.columns[row].as_str(), found.columns[column].as_str(), value)));
        }
    }
    pairs.into_iter().max_by(|a, b| a.2.abs().total_cmp(&b.2.abs()))
}

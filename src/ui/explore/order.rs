//! The campaign month by month: the share of yes with its interval, and the calls below.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::sql::plot::{Dots, columns};
use super::super::theme::Role;
use super::scale::place;
use super::{below, heading, mark};
use crate::app::text_width::{right, width};
use crate::demo::figures;
use crate::ops::exploration::{Order, Period};

/// Columns of the numbers at the left.
const AXIS: u16 = 8;

/// Draws the months.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, found: &Order) {
    let (first, second) = (figures::percent(found.first_half), figures::percent(found.second_half));
    let said = [
        ("Month by month".to_owned(), Role::Accent),
        ("   the first half of the calls ".to_owned(), Role::Dim),
        (first, Role::Strong),
        (" yes, the second ".to_owned(), Role::Dim),
        (second, Role::Strong),
    ];
    heading(canvas, area, &said);
    let state = &canvas.model.explore;
    match state.inside().then(|| found.periods.get(state.mark.selected)).flatten() {
        Some(period) => selected(canvas, below(area, 1), period),
        None => {
            canvas.text(area.x, area.y + 1, area.width, "Enter shows the rows of a month", Role::Dim);
        }
    }
    let words = "Months of one name are told apart by employment: more employed is earlier.";
    let used = canvas.paragraph(Rect { height: 2.min(area.height.saturating_sub(2)), ..below(area, 2) }, words, Role::Faint);
    let area = below(area, 3 + used);
    let count = found.periods.len() as u16;
    if count == 0 || area.height < 8 || area.width < AXIS + count {
        let words = if count == 0 { "The table names no month" } else { "There is no room for the months: z gives them the whole screen" };
        canvas.text(area.x, area.y, area.width, words, Role::Dim);
        return;
    }
    let step = ((area.width - AXIS) / count).clamp(1, 7);
    // Below: calls, their months, their years.
    let calls = (area.height / 4).clamp(2, 12);
    let rates = area.height - calls - 3;
    let plot = Rect::new(area.x + AXIS, area.y, step * count, rates);
    draw_rates(canvas, plot, found, step);
    draw_calls(canvas, Rect::new(plot.x, plot.bottom() + 1, plot.width, calls), found, step);
    for (index, _) in found.periods.iter().enumerate() {
        let wide = if step > 1 { step - 1 } else { 1 };
        mark(canvas, Rect::new(plot.x + index as u16 * step, area.y, wide, area.height - 1), index);
    }
}

fn selected(canvas: &mut Canvas<'_>, area: Rect, period: &Period) {
    let said = [
        (period.label(), Role::Accent),
        (format!("   {}, ", figures::counted(period.rows, "call")), Role::Dim),
        (format!("{} yes", figures::percent(period.rate)), Role::Strong),
        (format!(" ({} to {})", figures::percent(period.rate_low), figures::percent(period.rate_high)), Role::Dim),
        ("   Enter shows the rows".to_owned(), Role::Faint),
    ];
    heading(canvas, area, &said);
}

/// A dot for each share, its interval as a stroke, the dots joined by a fine line; the share of all across.
fn draw_rates(canvas: &mut Canvas<'_>, plot: Rect, found: &Order, step: u16) {
    let highest = found.periods.iter().filter(|period| period.rows >= 30).map(|period| period.rate_high).fold(found.base_rate, f64::max);
    let rows = usize::from(plot.height);
    let row = |share: f64| plot.y + (rows - 1 - place(share, highest, rows)) as u16;
    let middle = |index: usize| plot.x + index as u16 * step + (step - 1) / 2;
    for share in [highest, found.base_rate, 0.0] {
        let text = figures::percent(share);
        canvas.text(plot.x - AXIS, row(share), AXIS - 1, &right(&text, usize::from(AXIS) - 1), Role::Dim);
    }
    let base = row(found.base_rate);
    canvas.text(plot.x, base, plot.width, &"┄".repeat(usize::from(plot.width)), Role::Faint);
    let mut dots = Dots::new(usize::from(plot.width), rows);
    let down = dots.down();
    let dot = |index: usize, period: &Period| (usize::from(middle(index) - plot.x) * 2, down - 1 - place(period.rate, highest, down));
    let places: Vec<(usize, usize)> = found.periods.iter().enumerate().map(|(index, period)| dot(index, period)).collect();
    for pair in places.windows(2) {
        dots.line(pair[0], pair[1]);
    }
    for (y, line) in dots.lines().enumerate() {
        for (x, letter) in line.chars().enumerate().filter(|(_, letter)| *letter != ' ') {
            canvas.text(plot.x + x as u16, plot.y + y as u16, 1, letter.encode_utf8(&mut [0; 4]), Role::Faint);
        }
    }
    for (index, period) in found.periods.iter().enumerate() {
        let x = middle(index);
        let role = if period.rate >= found.base_rate { Role::Good } else { Role::Warn };
        for y in row(period.rate_high)..=row(period.rate_low) {
            canvas.text(x, y, 1, "│", role);
        }
        canvas.text(x, row(period.rate), 1, "●", role);
    }
}

/// The calls of each month as columns, with the months and years below.
fn draw_calls(canvas: &mut Canvas<'_>, area: Rect, found: &Order, step: u16) {
    let most = found.periods.iter().map(|period| period.rows).max().unwrap_or(1).max(1);
    let wide = if step > 1 { step - 1 } else { 1 };
    canvas.text(area.x - AXIS, area.y, AXIS - 1, &right(&figures::count(most), usize::from(AXIS) - 1), Role::Dim);
    canvas.text(area.x - AXIS, area.bottom() - 1, AXIS - 1, &right("calls", usize::from(AXIS) - 1), Role::Dim);
    for (index, period) in found.periods.iter().enumerate() {
        let x = area.x + index as u16 * step;
        let share = period.rows as f64 / most as f64;
        for (row, line) in columns(&[share], usize::from(area.height), usize::from(wide)).iter().enumerate() {
            canvas.text(x, area.y + row as u16, wide, line, Role::Focus);
        }
        let letters = period.month.chars().take(usize::from(wide.min(3))).collect::<String>();
        canvas.text(x, area.bottom(), wide, &letters, Role::Base);
        if index == 0 || found.periods[index - 1].year != period.year {
            let text = format!("year {}", period.year);
            let room = found.periods[index..].iter().take_while(|other| other.year == period.year).count() * usize::from(step);
            if width(&text) <= room {
                canvas.text(x, area.bottom() + 1, width(&text) as u16, &text, Role::Dim);
            }
        }
    }
}

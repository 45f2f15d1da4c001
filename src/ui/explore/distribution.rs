//! The values of a column: how many rows have each, and how many of those say yes; or how common each is among the yes and among the no.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::sql::plot::bar;
use super::super::theme::Role;
use super::scale::interval;
use super::{below, boxes, heading, mark};
use crate::app::list::window;
use crate::app::text_width::{left, right, visible, width};
use crate::demo::figures;
use crate::ops::exploration::{Bar, Picture};

/// Fewer rows than this are too few to speak of the highest or lowest share.
const ENOUGH: u64 = 100;
/// Columns of a share.
const SHARE: u16 = 7;
/// From this width on the interval is also written.
const WRITTEN: u16 = 100;

/// What the rows of the positive class did.
fn positive<'a>(canvas: &Canvas<'a>) -> &'a str {
    canvas.model.words().map_or("said yes", |words| &words.positive)
}

/// Rows and share of yes of each value.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, picture: &Picture) {
    let said = [
        (visible(&picture.column.name).into_owned(), Role::Accent),
        (format!("   {}, ", figures::counted(picture.rows, "row")), Role::Dim),
        (figures::percent(picture.base_rate), Role::Strong),
        (format!(" {}", positive(canvas)), Role::Dim),
    ];
    heading(canvas, area, &said);
    let inside = canvas.model.explore.inside();
    let told = if inside { "Enter shows the rows behind the selected bar in the console".to_owned() } else { telling(&picture.bars) };
    let used = canvas.paragraph(Rect { height: 2.min(area.height.saturating_sub(1)), ..below(area, 1) }, &told, Role::Base);
    let area = below(area, 2 + used);
    if picture.bars.is_empty() {
        canvas.text(area.x, area.y, area.width, "There is no value to count", Role::Dim);
        return;
    }
    let rows = Rows::of(&picture.bars, area);
    let counts = picture.bars.iter().map(|bar| width(&figures::count(bar.rows))).max().unwrap_or(0) as u16;
    let written = area.width >= WRITTEN;
    let fixed = rows.label + 2 + counts + 2 + SHARE + 1 + if written { 20 } else { 0 };
    let room = area.width.saturating_sub(fixed);
    let (bars, rates) = (room / 2, room - room / 2);
    let (bar_x, count_x) = (area.x + rows.label + 1, area.x + rows.label + 1 + bars + 1);
    let (rate_x, share_x) = (count_x + counts + 2, count_x + counts + 2 + rates);
    canvas.text(bar_x, area.y, bars, "Rows", Role::Dim);
    let base = figures::percent(picture.base_rate);
    let legend = [format!("Yes with its 95 % interval, │ all: {base}"), format!("Yes, │ all: {base}"), "Yes".to_owned()];
    let legend_room = area.right().saturating_sub(rate_x);
    if let Some(text) = legend.iter().find(|text| width(text) <= usize::from(legend_room)) {
        canvas.text(rate_x, area.y, legend_room, text, Role::Dim);
    }
    let most = picture.bars.iter().map(|bar| bar.rows).max().unwrap_or(1).max(1) as f64;
    // A few rows have an interval as wide as the picture; those that count decide how wide it is.
    let highest = picture.bars.iter().filter(|bar| bar.rows >= ENOUGH).map(|bar| bar.rate_high).fold(picture.base_rate * 2.0, f64::max);
    for (y, high, index, row) in rows.shown(canvas, below(area, 1), picture) {
        let faint = row.rows < ENOUGH;
        rows.label(canvas, area.x, y, picture, row);
        for line in 0..high {
            canvas.text(bar_x, y + line, bars, &bar(row.rows as f64 / most, usize::from(bars)), Role::Focus);
        }
        canvas.text(count_x, y, counts, &right(&figures::count(row.rows), usize::from(counts)), Role::Dim);
        let told = if faint {
            Role::Faint
        } else if row.rate >= picture.base_rate {
            Role::Good
        } else {
            Role::Warn
        };
        let drawn = interval([row.rate_low, row.rate, row.rate_high], picture.base_rate, highest, usize::from(rates));
        canvas.text(rate_x, y, rates, &drawn, told);
        let role = if faint { Role::Faint } else { Role::Strong };
        canvas.text(share_x, y, SHARE + 1, &right(&figures::percent(row.rate), usize::from(SHARE) + 1), role);
        if written {
            let range = format!("{} to {}", figures::percent(row.rate_low), figures::percent(row.rate_high));
            canvas.text(share_x + SHARE + 3, y, 18, &range, Role::Faint);
        }
        mark(canvas, Rect::new(area.x, y, area.width, high), index);
    }
}

/// How common each value is among those who say yes and among those who do not; the numbers of each as a box above.
pub(super) fn by_answer(canvas: &mut Canvas<'_>, area: Rect, picture: &Picture) {
    let no = picture.rows - picture.yes.min(picture.rows);
    let said = [
        (visible(&picture.column.name).into_owned(), Role::Accent),
        (format!("   {} {}, {} did not", figures::count(picture.yes), positive(canvas), figures::count(no)), Role::Dim),
    ];
    heading(canvas, area, &said);
    let mut area = below(area, 1);
    if !picture.classes.is_empty() {
        area = below(area, boxes::draw(canvas, area, &picture.classes));
    } else {
        let told = if canvas.model.explore.inside() {
            "Enter shows the rows behind the selected bar in the console".to_owned()
        } else {
            contrast(picture)
        };
        area = below(area, canvas.paragraph(Rect { height: 2.min(area.height), ..area }, &told, Role::Base) + 1);
    }
    if area.height < 3 || picture.bars.is_empty() {
        return;
    }
    let rows = Rows::of(&picture.bars, area);
    let fixed = rows.label + 1 + 2 * (SHARE + 1) + 2;
    let room = area.width.saturating_sub(fixed);
    let bars = room / 2;
    let (no_x, yes_x) = (area.x + rows.label + 1, area.x + rows.label + 1 + bars + SHARE + 3);
    let wide = bars + SHARE >= 27;
    canvas.text(no_x, area.y, bars + SHARE, if wide { "▒ among those who did not" } else { "▒ among the no" }, Role::Dim);
    let words = if wide { format!("█ among those who {}", positive(canvas)) } else { "█ among the yes".to_owned() };
    canvas.text(yes_x, area.y, area.right().saturating_sub(yes_x), &words, Role::Dim);
    let most = picture.bars.iter().map(|bar| bar.among(picture)).fold(1e-9, |most, (yes, no)| f64::max(most, yes.max(no)));
    for (y, high, index, row) in rows.shown(canvas, below(area, 1), picture) {
        rows.label(canvas, area.x, y, picture, row);
        let (yes, no) = row.among(picture);
        let apart = if row.rows < ENOUGH || (yes - no).abs() < 0.01 {
            Role::Dim
        } else if yes > no {
            Role::Good
        } else {
            Role::Warn
        };
        for line in 0..high {
            let other = bar(no / most, usize::from(bars)).replace('█', "▒");
            canvas.text(no_x, y + line, bars, &other, Role::Dim);
            canvas.text(yes_x, y + line, bars, &bar(yes / most, usize::from(bars)), apart);
        }
        canvas.text(no_x + bars, y, SHARE + 1, &right(&figures::percent(no), usize::from(SHARE) + 1), Role::Dim);
        canvas.text(yes_x + bars, y, SHARE + 1, &right(&figures::percent(yes), usize::from(SHARE) + 1), Role::Strong);
        mark(canvas, Rect::new(area.x, y, area.width, high), index);
    }
}

/// How the bars are laid out: labels, and rows of the screen for each.
struct Rows {
    label: u16,
    pitch: u16,
}

impl Rows {
    fn of(bars: &[Bar], area: Rect) -> Rows {
        let longest = bars.iter().map(|bar| width(&visible(&bar.label))).max().unwrap_or(0) as u16;
        let label = longest.min(area.width * 3 / 10).max(4);
        let pitch = (area.height.saturating_sub(2) / (bars.len().max(1) as u16)).clamp(1, 3);
        Rows { label, pitch }
    }

    /// The bars that there is room for, around the selected one: where each is, how high, and which; says how many are left out.
    fn shown<'p>(&self, canvas: &mut Canvas<'_>, area: Rect, picture: &'p Picture) -> Vec<(u16, u16, usize, &'p Bar)> {
        let count = picture.bars.len();
        let height = usize::from(area.height / self.pitch);
        let cut = count > height;
        let height = if cut { usize::from(area.height).saturating_sub(1) } else { height };
        let state = &canvas.model.explore;
        let top = if state.inside() { window(0, state.mark.selected, count, height) } else { 0 };
        if cut {
            let hidden = figures::counted((count - height.min(count)) as u64, "more value");
            canvas.text(area.x, area.bottom().saturating_sub(1), area.width, &format!("and {hidden}"), Role::Faint);
        }
        let high = if self.pitch == 3 { 2 } else { 1 };
        let bars = picture.bars.iter().enumerate().skip(top).take(height).enumerate();
        bars.map(|(row, (index, bar))| (area.y + row as u16 * self.pitch, high, index, bar)).collect()
    }

    fn label(&self, canvas: &mut Canvas<'_>, x: u16, y: u16, picture: &Picture, bar: &Bar) {
        let text = visible(&bar.label);
        let columns = usize::from(self.label);
        let text = if picture.column.numeric { right(&text, columns) } else { left(&text, columns) };
        canvas.text(x, y, self.label, &text, Role::Base);
    }
}

/// The most telling values in a sentence.
fn telling(bars: &[Bar]) -> String {
    let counted: Vec<&Bar> = bars.iter().filter(|bar| bar.rows >= ENOUGH).collect();
    let best = counted.iter().max_by(|a, b| a.rate.total_cmp(&b.rate));
    let worst = counted.iter().min_by(|a, b| a.rate.total_cmp(&b.rate));
    match (best, worst) {
        (Some(best), Some(worst)) if best.label != worst.label => format!(
            "Most often yes: {} ({}); least often: {} ({})",
            visible(&best.label),
            figures::percent(best.rate),
            visible(&worst.label),
            figures::percent(worst.rate)
        ),
        _ => "No two values have enough rows to be compared".to_owned(),
    }
}

/// Where the two answers differ most, in a sentence.
fn contrast(picture: &Picture) -> String {
    let apart = |bar: &&Bar| {
        let (yes, no) = bar.among(picture);
        yes - no
    };
    let counted: Vec<&Bar> = picture.bars.iter().filter(|bar| bar.rows >= ENOUGH).collect();
    let more = counted.iter().copied().max_by(|a, b| apart(a).total_cmp(&apart(b)));
    let fewer = counted.iter().copied().min_by(|a, b| apart(a).total_cmp(&apart(b)));
    match (more, fewer) {
        (Some(more), Some(fewer)) if more.label != fewer.label => format!(
            "Over-represented among the yes: {} ({:+.1} points); under-represented: {} ({:+.1})",
            visible(&more.label),
            apart(&more) * 100.0,
            visible(&fewer.label),
            apart(&fewer) * 100.0
        ),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_groups_make_no_finding() {
        let bar = |label: &str, rows, yes| Bar::new(label.into(), None, String::new(), rows, yes);
        let text = telling(&[bar("mar", 546, 276), bar("may", 13_769, 886), bar("x", 3, 3)]);
        assert_eq!(text, "Most often yes: mar (50.5 %); least often: may (6.4 %)");
        assert!(telling(&[bar("x", 3, 3)]).starts_with("No two values"));
    }
}

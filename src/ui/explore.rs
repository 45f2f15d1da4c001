//! Pictures of the data: how many customers have each value, and how many of them said yes.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Pieces};
use super::glyph;
use super::theme::Role;
use crate::app::Pane;
use crate::app::explore::{Bar, Chart, Profile};
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::text_width::{left, right, visible, width};
use crate::demo::figures;

/// Columns of the list.
const LIST: u16 = 18;
/// Fewer customers than this are too few to speak of the highest or lowest rate.
const ENOUGH: u64 = 100;

/// Draws the pane.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.explore;
    if state.source.is_none() {
        canvas.paragraph(
            area,
            "Nothing to explore yet. Step 3 of the walkthrough puts the data in the lake, step 4 loads it into the warehouse.",
            Role::Dim,
        );
        return;
    }
    columns(canvas, Rect { width: LIST.min(area.width / 3), ..area });
    let x = area.x + LIST.min(area.width / 3) + 2;
    let chart_area = Rect::new(x, area.y, area.right().saturating_sub(x), area.height);
    if let Some(error) = &state.error {
        canvas.paragraph(chart_area, &format!("✖ {error}"), Role::Bad);
        return;
    }
    match (state.chart(), &state.profile) {
        (Some(chart), Some(profile)) => draw_chart(canvas, chart_area, chart, profile),
        _ => {
            let text = format!("{} Counting …", glyph::working(model));
            canvas.text(chart_area.x, chart_area.y, chart_area.width, &text, Role::Dim);
        }
    }
}

fn columns(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.explore;
    let height = usize::from(area.height);
    let at = Pane::Explore as usize;
    let top = window(canvas.view.tops[at], state.list.selected, state.columns.len(), height);
    canvas.view.tops[at] = top;
    canvas.view.heights[at] = height;
    for (row, (index, column)) in state.columns.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + row as u16;
        let mark = if column.numeric { "#" } else { "≡" };
        canvas.text(area.x, y, 1, mark, Role::Faint);
        let shown = state.shown.as_deref() == Some(&column.name);
        canvas.text(area.x + 2, y, area.width.saturating_sub(2), &column.name, if shown { Role::Strong } else { Role::Base });
        let whole = Rect::new(area.x, y, area.width, 1);
        if index == state.list.selected {
            canvas.highlight(whole, if model.focus == Pane::Explore { Role::Selection } else { Role::QuietSelection });
        }
        canvas.target(whole, Target::Row(Pane::Explore, index));
    }
}

fn draw_chart(canvas: &mut Canvas<'_>, area: Rect, chart: &Chart, profile: &Profile) {
    let base = if profile.rows == 0 { 0.0 } else { profile.yes as f64 / profile.rows as f64 };
    let heading = Pieces::new()
        .add(chart.column.name.clone(), Role::Accent)
        .add(format!("   {} customers, ", figures::count(profile.rows)), Role::Dim)
        .add(figures::percent(base), Role::Strong)
        .add(" said yes", Role::Dim);
    canvas.pieces(area.x, area.y, area.width, &heading);
    let finding = finding(&chart.bars);
    canvas.text(area.x, area.y + 1, area.width, &finding, Role::Base);
    if area.height < 5 || chart.bars.is_empty() {
        return;
    }
    let label = chart.bars.iter().map(|bar| width(&visible(&bar.label))).max().unwrap_or(0).min(usize::from(area.width) / 4).max(5);
    // label · bar of customers · count · bar of the rate · rate
    let fixed = label as u16 + 2 + 8 + 3 + 8;
    let bars = area.width.saturating_sub(fixed);
    let (customers, rates) = (bars * 3 / 5, bars - bars * 3 / 5);
    let y = area.y + 3;
    let count_x = area.x + label as u16 + 2 + customers;
    canvas.text(area.x + label as u16 + 2, y, customers, "Customers", Role::Dim);
    canvas.text(count_x + 11, y, rates + 8, "Said yes", Role::Dim);
    let most = chart.bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1) as f64;
    let highest = chart.bars.iter().map(Bar::rate).fold(base, f64::max).max(1e-9);
    let height = usize::from(area.height - 4);
    let cut = chart.bars.len() > height;
    let shown = if cut { height.saturating_sub(1) } else { chart.bars.len() };
    for (row, bar) in chart.bars.iter().take(shown).enumerate() {
        let y = y + 1 + row as u16;
        let text = visible(&bar.label);
        let text = if chart.column.numeric { right(&text, label) } else { left(&text, label) };
        canvas.text(area.x, y, label as u16, &text, Role::Base);
        canvas.text(area.x + label as u16 + 2, y, customers, &block(bar.count as f64 / most, customers), Role::Focus);
        canvas.text_right(count_x, y, 9, &figures::count(bar.count), Role::Dim);
        let rate = bar.rate();
        let role = if bar.count < ENOUGH {
            Role::Faint
        } else if rate >= base {
            Role::Good
        } else {
            Role::Warn
        };
        canvas.text(count_x + 11, y, rates, &block(rate / highest, rates), role);
        let mark = (base / highest * f64::from(rates)) as u16;
        if mark < rates {
            canvas.text(count_x + 11 + mark, y, 1, "│", Role::Strong);
        }
        canvas.text_right(
            area.right().saturating_sub(8),
            y,
            8,
            &figures::percent(rate),
            if bar.count < ENOUGH { Role::Faint } else { Role::Strong },
        );
    }
    if cut {
        let text = format!("and {} more values", figures::count((chart.bars.len() - shown) as u64));
        canvas.text(area.x, area.bottom() - 1, area.width, &text, Role::Faint);
    }
}

/// The most telling values in a sentence.
fn finding(bars: &[Bar]) -> String {
    let counted: Vec<&Bar> = bars.iter().filter(|bar| bar.count >= ENOUGH).collect();
    let best = counted.iter().max_by(|a, b| a.rate().total_cmp(&b.rate()));
    let worst = counted.iter().min_by(|a, b| a.rate().total_cmp(&b.rate()));
    match (best, worst) {
        (Some(best), Some(worst)) if best.label != worst.label => {
            format!(
                "Most often yes: {} ({}); least often: {} ({})",
                best.label,
                figures::percent(best.rate()),
                worst.label,
                figures::percent(worst.rate())
            )
        }
        _ => String::new(),
    }
}

/// A bar of a share of `columns`, to an eighth of a column.
fn block(share: f64, columns: u16) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * f64::from(columns) * 8.0).round() as usize;
    let eighths = if share > 0.0 { eighths.max(1) } else { eighths };
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(block(1.0, 4), "████");
        assert_eq!(block(0.5, 4), "██");
        assert_eq!(block(0.0001, 4), "▏", "what is there is visible");
        assert_eq!(block(0.0, 4), "");
    }

    #[test]
    fn small_groups_make_no_finding() {
        let bar = |label: &str, count, yes| Bar { label: label.into(), count, yes };
        let text = finding(&[bar("mar", 546, 276), bar("may", 13_769, 886), bar("x", 3, 3)]);
        assert_eq!(text, "Most often yes: mar (50.5 %); least often: may (6.4 %)");
        assert_eq!(finding(&[bar("x", 3, 3)]), "");
    }
}

//! The figures of a model on rows that it has not seen: how good, how sure, and for whom.

use ratatui::layout::Rect;

use super::super::super::canvas::{Canvas, Pieces};
use super::super::super::sql::plot::bar;
use super::super::super::theme::Role;
use super::super::table::{Table, facts, figure, text};
use super::super::{below, beside};
use crate::app::text_width::{right, width};
use crate::demo::figures as written;
use crate::ops::evaluation::Evaluation;

/// From this width on pictures stand side by side.
const TWO: u16 = 74;

/// Draws the figures; gives the rows used.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, found: &Evaluation, short: bool) -> u16 {
    let mut used = headline(canvas, area, found);
    let room = below(area, used + 1);
    if room.height < 4 {
        return used;
    }
    let wide = area.width >= TWO;
    let (matrix, calibration) = if wide {
        let half = area.width * 44 / 100;
        (confusion(canvas, Rect { width: half, ..room }, found), calibration(canvas, beside(room, half + 2), found))
    } else {
        let matrix = confusion(canvas, room, found);
        let rest = below(room, matrix + 1);
        let drawn = if short || rest.height < 4 { 0 } else { calibration(canvas, rest, found) + 1 };
        (matrix + drawn, 0)
    };
    used += 1 + matrix.max(calibration);
    let rest = below(area, used + 1);
    if !found.segments.is_empty() && rest.height >= 4 && !(short && rest.height < 8) {
        used += 1 + segments(canvas, rest, found, short);
    }
    used
}

fn headline(canvas: &mut Canvas<'_>, area: Rect, found: &Evaluation) -> u16 {
    let better = if found.base_rate_mse > 0.0 { 1.0 - found.mse / found.base_rate_mse } else { 0.0 };
    let (mark, role) = if better > 0.0 { ("✔", Role::Good) } else { ("✖", Role::Bad) };
    let words = if better > 0.0 { "better than" } else { "worse than" };
    let mse = Pieces::new().add(format!("{mark} "), role).add(format!("MSE {:.4}", found.mse), Role::Strong).add(
        format!(", {} {words} answering the base rate for everyone ({:.4})", written::percent(better.abs()), found.base_rate_mse),
        Role::Base,
    );
    canvas.pieces(area.x, area.y, area.width, &mse);
    let mut auc = Pieces::new()
        .add("AUC ", Role::Dim)
        .add(format!("{:.3} ", found.auc), Role::Strong)
        .add(bar((found.auc - 0.5) / 0.5, 16), Role::Focus)
        .add("  0.5 is guessing, 1 is perfect", Role::Faint);
    if let Some(champion) = &found.champion {
        let role = if champion.auc_change >= 0.0 { Role::Good } else { Role::Warn };
        auc = auc.add(format!("   {:+.4} against version {} ({:.3})", champion.auc_change, champion.version, champion.auc), role);
    }
    if area.height > 1 {
        canvas.pieces(area.x, area.y + 1, area.width, &auc);
    }
    let all = [
        ("accuracy", format!("{:.3}", found.accuracy)),
        ("precision", format!("{:.3}", found.precision)),
        ("recall", format!("{:.3}", found.recall)),
        ("F1", format!("{:.3}", found.f1)),
        ("log loss", format!("{:.4}", found.log_loss)),
        ("lift in the top tenth", format!("{:.2} ×", found.lift_top_decile)),
        ("error deviation", format!("{:.4}", found.error_deviation)),
        ("test rows", written::count(found.test_rows)),
    ];
    2 + facts(canvas, below(area, 2), &all)
}

fn confusion(canvas: &mut Canvas<'_>, area: Rect, found: &Evaluation) -> u16 {
    let [no_no, no_yes, yes_no, yes_yes] = found.confusion;
    let total = found.confusion.iter().sum::<u64>().max(1);
    let threshold = if found.threshold > 0.0 { format!(" (yes from {} on)", written::rounded(found.threshold, 3)) } else { String::new() };
    canvas.text(area.x, area.y, area.width, &format!("Decisions{threshold}"), Role::Accent);
    canvas.text(area.x, area.y + 1, area.width, &format!("{:9}{}{}", "", right("says no", 12), right("says yes", 12)), Role::Faint);
    for (row, (word, [no, yes], correct)) in [("said no", [no_no, no_yes], 0), ("said yes", [yes_no, yes_yes], 1)].into_iter().enumerate() {
        let y = area.y + 2 + row as u16;
        if y >= area.bottom() {
            break;
        }
        canvas.text(area.x, y, 9, word, Role::Dim);
        for (column, count) in [no, yes].into_iter().enumerate() {
            let right_one = column == correct;
            let text = format!("{} {}", written::count(count), if right_one { "✔" } else { "✖" });
            canvas.text(area.x + 9 + column as u16 * 12, y, 12, &right(&text, 12), if right_one { Role::Good } else { Role::Bad });
        }
        let share = written::percent((no + yes) as f64 / total as f64);
        canvas.text(area.x + 34, y, area.width.saturating_sub(34), &share, Role::Faint);
    }
    4.min(area.height)
}

/// For each range of scores: how many customers, and how many of them said yes, against what the score promised.
fn calibration(canvas: &mut Canvas<'_>, area: Rect, found: &Evaluation) -> u16 {
    let bins: Vec<_> = found.calibration.iter().filter(|bin| bin.rows > 0).collect();
    if bins.is_empty() || area.height < 3 || area.width < 30 {
        return 0;
    }
    canvas.text(area.x, area.y, area.width, "Calibration: █ said yes, ┃ score promised", Role::Accent);
    let count = bins.iter().map(|bin| width(&written::count(bin.rows))).max().unwrap_or(1);
    let room = usize::from(area.width).saturating_sub(9 + count + 2 + 8);
    let mut used = 1;
    for bin in bins.iter().take(usize::from(area.height) - 1) {
        let y = area.y + used;
        canvas.text(area.x, y, 8, &format!("{:.1}–{:.1}", bin.lower, bin.upper), Role::Dim);
        canvas.text(area.x + 9, y, count as u16, &right(&written::count(bin.rows), count), Role::Faint);
        let x = area.x + 9 + count as u16 + 2;
        canvas.text(x, y, room as u16, &bar(bin.positive_rate, room), Role::Focus);
        let promised = (bin.mean_score.clamp(0.0, 1.0) * room.saturating_sub(1) as f64).round() as u16;
        canvas.text(x + promised, y, 1, "┃", Role::Warn);
        canvas.text(x + room as u16 + 1, y, 7, &right(&written::percent(bin.positive_rate), 7), Role::Base);
        used += 1;
    }
    used
}

fn segments(canvas: &mut Canvas<'_>, area: Rect, found: &Evaluation, short: bool) -> u16 {
    canvas.text(area.x, area.y, area.width, "For whom", Role::Accent);
    let number = |value: f64| format!("{value:.3}");
    let all: Vec<Vec<(String, Role)>> = found
        .segments
        .iter()
        .map(|segment| {
            let auc = match segment.auc {
                // What is much worse than the whole is told by a mark, too.
                Some(auc) if auc + 0.05 < found.auc => (format!("▼ {}", number(auc)), Role::Warn),
                Some(auc) => (number(auc), Role::Base),
                None => ("–".to_owned(), Role::Faint),
            };
            vec![
                (segment.column.clone(), Role::Dim),
                (segment.value.clone(), Role::Base),
                (written::count(segment.rows), Role::Base),
                (written::percent(segment.positive_rate), Role::Base),
                (number(segment.mean_score), Role::Dim),
                auc,
                (number(segment.precision), Role::Dim),
                (number(segment.recall), Role::Dim),
            ]
        })
        .collect();
    let columns = vec![
        text("column", 0, 16),
        text("value", 0, 24),
        figure("rows", 0),
        figure("said yes", 1),
        figure("mean score", 3),
        figure("AUC", 0),
        figure("precision", 2),
        figure("recall", 2),
    ];
    let room = below(area, 1);
    let visible = usize::from(room.height.saturating_sub(1));
    let top = if short { 0 } else { canvas.model.pipeline.scroll.min(all.len().saturating_sub(visible)) };
    let table = Table { columns, rows: all.into_iter().skip(top).collect() };
    1 + table.draw(canvas, room, None)
}

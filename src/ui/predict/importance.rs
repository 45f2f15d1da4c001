//! Which columns matter in general: by what they contribute to answers, and by what the trees gained from them.

use ratatui::layout::Rect;

use super::lines::Lines;
use crate::app::text_width::{left, right, width};
use crate::demo::figures;
use crate::ui::canvas::{Canvas, Pieces};
use crate::ui::sql::plot::bar;
use crate::ui::theme::Role;

/// Columns of a figure.
const FIGURE: usize = 7;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.predict;
    let mut lines = Lines::new(area);
    let Some(evidence) = &state.beside.evidence else { return };
    let rows = evidence.test.measured() as u64;
    lines.pieces(canvas, &Pieces::new().add("What matters in general", Role::Accent));
    let words = format!("Contribution: the mean size of SHAP over {}. Gain: the share of", figures::counted(rows, "test customer"));
    lines.paragraph(canvas, &format!("{words} all that the trees gained by splitting."), Role::Dim);
    lines.skip();
    let found = &evidence.importance;
    if found.is_empty() {
        return lines.text(canvas, "The model has no columns that could matter.", Role::Dim);
    }
    let label = found.iter().map(|column| width(&column.column)).max().unwrap_or(0).clamp(6, 16);
    let bars = (usize::from(area.width).saturating_sub(2 + label + 2 * FIGURE + 4)) / 2;
    let heading = Pieces::new()
        .add(left("", 2 + label), Role::Dim)
        .add(left("  contribution", FIGURE + 1 + bars + 1), Role::Dim)
        .add(right("gain", FIGURE), Role::Dim);
    lines.pieces(canvas, &heading);
    let largest = |value: fn(&crate::demo::explanation::ColumnImportance) -> f64| found.iter().map(value).fold(f64::MIN_POSITIVE, f64::max);
    let (contribution, gain) = (largest(|column| column.mean_contribution), largest(|column| column.gain_share));
    let room = usize::from(lines.left());
    let listed = if found.len() <= room { found.len() } else { room.saturating_sub(1) };
    for column in &found[..listed] {
        let here = state.column() == Some(column.column.as_str());
        let role = if here { Role::Strong } else { Role::Base };
        let pieces = Pieces::new()
            .add(if here { "▸ " } else { "  " }, Role::Accent)
            .add(left(&column.column, label), role)
            .add(right(&format!("{:.3}", column.mean_contribution), FIGURE), role)
            .add(" ", Role::Base)
            .add(left(&bar(column.mean_contribution / contribution, bars), bars), Role::Focus)
            .add(" ", Role::Base)
            .add(right(&figures::percent(column.gain_share), FIGURE), role)
            .add(" ", Role::Base)
            .add(bar(column.gain_share / gain, bars), Role::Dim);
        lines.pieces(canvas, &pieces);
    }
    if listed < found.len() {
        lines.text(canvas, &format!("  and {} that matter less", found.len() - listed), Role::Faint);
    }
}

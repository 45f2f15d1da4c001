//! Training again on new data: how the rows that came differ, and the two versions on the same rows.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::sql::plot::bar;
use super::super::theme::Role;
use super::{below, beside};
use crate::app::text_width::{left, right, width};
use crate::demo::drift::{Change, LARGE};
use crate::demo::figures;
use crate::ops::retrain::{ColumnDrift, Comparison, Retraining};

/// From this width on drift and comparison stand side by side.
const SIDE_BY_SIDE: u16 = 110;
/// Rows that the comparison takes.
const COMPARISON: u16 = 7;

/// Draws how a training on new rows went.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, walk: &Retraining) {
    let heading = Pieces::new()
        .add("New data ", Role::Accent)
        .add(figures::counted(walk.drift.rows, "row"), Role::Strong)
        .add(format!(" in {}", walk.drift.table), Role::Dim)
        .add(if walk.inserted { "" } else { ", which had arrived before" }, Role::Dim)
        .add(format!("; the table has {} now", figures::count(walk.table_rows)), Role::Dim)
        .add("   Esc back", Role::Faint);
    canvas.pieces(area.x, area.y, area.width, &heading);
    let inside = below(area, 2);
    if inside.width >= SIDE_BY_SIDE {
        let half = inside.width / 2;
        drift(canvas, Rect { width: half - 3, ..inside }, walk);
        outcome(canvas, beside(inside, half), walk);
    } else {
        let height = inside.height.saturating_sub(COMPARISON).max(inside.height / 2);
        drift(canvas, Rect { height: height.saturating_sub(1), ..inside }, walk);
        outcome(canvas, below(inside, height), walk);
    }
}

/// Every column, the most changed first: the population stability index as a bar, and in a word.
fn drift(canvas: &mut Canvas<'_>, area: Rect, walk: &Retraining) {
    let title = format!("How they differ from what version {} was trained on", walk.drift.version);
    canvas.text(area.x, area.y, area.width, &title, Role::Accent);
    let rows = below(area, 1);
    let columns = &walk.drift.columns;
    let shown = if columns.len() > usize::from(rows.height) { usize::from(rows.height).saturating_sub(1) } else { columns.len() };
    let name = columns.iter().map(|column| width(&column.column)).max().unwrap_or(0).min(20);
    let words = 17;
    let room = usize::from(rows.width).saturating_sub(name + 8 + words);
    // Above the limit a bar is full: what is beyond is much changed, however much.
    let most = columns.iter().take(1).map(|column| column.psi).fold(LARGE, f64::max);
    for (at, column) in columns.iter().take(shown).enumerate() {
        let (role, word) = change(column);
        let pieces = Pieces::new()
            .add(left(&column.column, name), Role::Base)
            .add(right(&format!("{:.3}", column.psi), 7), role)
            .add(" ", Role::Base)
            .add(left(word, words), role)
            .add(bar(column.psi / most, room), role);
        canvas.pieces(rows.x, rows.y + at as u16, rows.width, &pieces);
    }
    let rest = columns.len() - shown;
    if rest > 0 && rows.height > 0 {
        let stable = columns[shown..].iter().all(|column| column.change == Change::Stable);
        let text = if stable { format!("{rest} more are as before") } else { format!("{rest} more") };
        canvas.text(rows.x, rows.y + shown as u16, rows.width, &text, Role::Dim);
    }
}

/// What a population stability index means: told by a mark and a word, not by colour alone.
fn change(column: &ColumnDrift) -> (Role, &'static str) {
    match column.change {
        Change::Stable => (Role::Dim, "  as before"),
        Change::Moderate => (Role::Warn, "◆ changed"),
        Change::Large => (Role::Bad, "▲ much changed"),
    }
}

fn outcome(canvas: &mut Canvas<'_>, area: Rect, walk: &Retraining) {
    match (&walk.comparison, &walk.refused) {
        (Some(comparison), _) => compared(canvas, area, comparison),
        (None, Some(reason)) => {
            canvas.paragraph(area, &format!("✖ There is no new version: {reason}"), Role::Bad);
        }
        (None, None) => {
            canvas.paragraph(area, "There is no new version.", Role::Warn);
        }
    }
}

/// The old version then, the old version now, and the new one.
fn compared(canvas: &mut Canvas<'_>, area: Rect, comparison: &Comparison) {
    let (old, new) = (comparison.old, comparison.new);
    let figure = |value: Option<f64>| right(&value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}")), 9);
    let (then, now, own) = (&comparison.old_then, &comparison.old_now, &comparison.new_now);
    let rows = [
        (format!("version {old} on its own test rows"), then.as_ref().map(|it| it.auc), then.as_ref().map(|it| it.mse), false),
        (format!("version {old} on the new test rows"), now.and_then(|it| it.auc), now.map(|it| it.mse), comparison.better == Some(false)),
        (
            format!("version {new} on the new test rows"),
            own.as_ref().map(|it| it.auc),
            own.as_ref().map(|it| it.mse),
            comparison.better == Some(true),
        ),
    ];
    let name = rows.iter().map(|row| width(&row.0)).max().unwrap_or(0);
    let heading =
        Pieces::new().add(left("The versions", name), Role::Accent).add(right("AUC", 9), Role::Faint).add(right("MSE", 9), Role::Faint);
    canvas.pieces(area.x, area.y, area.width, &heading);
    for (at, (label, auc, mse, better)) in rows.into_iter().enumerate() {
        let role = if better { Role::Good } else { Role::Base };
        let pieces = Pieces::new()
            .add(left(&label, name), if better { Role::Strong } else { Role::Dim })
            .add(figure(auc), role)
            .add(figure(mse), role)
            .add(if better { "  ◀ better" } else { "" }, Role::Good);
        canvas.pieces(area.x, area.y + 1 + at as u16, area.width, &pieces);
    }
    let row = canvas.model.row();
    let verdict = match (comparison.better, comparison.nearer()) {
        (Some(true), Some(false)) => format!(
            "Version {new} ranks the new {row}s better (AUC), but its scores lie further from their answers (MSE): P promotes it if ranking is \
             what counts."
        ),
        (Some(false), Some(true)) => format!(
            "Version {new} ranks the new {row}s no better (AUC), but its scores lie nearer to their answers (MSE): version {old} may stay if \
             ranking is what counts."
        ),
        (Some(true), _) => format!("Version {new} is the better one on the new rows: P promotes it to staging and production."),
        (Some(false), _) => format!("Version {new} is not the better one on the new rows; version {old} may well stay."),
        (None, _) => format!("Version {old} cannot read the new rows, so the two cannot be compared on them."),
    };
    canvas.paragraph(below(area, 5), &verdict, if comparison.better == Some(true) { Role::Good } else { Role::Warn });
}

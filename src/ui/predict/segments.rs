//! How the model treats the groups of the selected column: rates and quality of each, and how far they lie apart.

use ratatui::layout::Rect;

use super::lines::Lines;
use crate::app::text_width::{left, right, visible, wrap};
use crate::demo::fairness::{SMALL_POSITIVES, SMALL_ROWS, Segment, SegmentReport};
use crate::demo::figures;
use crate::ui::canvas::{Canvas, Pieces};
use crate::ui::glyph;
use crate::ui::theme::Role;

/// Columns of the figures, and what stands above them.
const FIGURES: [(usize, &str); 7] = [(7, "rows"), (6, "yes"), (6, "said"), (7, "AUC"), (6, "found"), (6, "wrong"), (6, "gap")];

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.predict;
    let mut lines = Lines::new(area);
    let Some(field) = state.fields.get(state.list.selected) else { return };
    let aspects = &state.beside.aspects;
    let heading = Pieces::new()
        .add("Groups by ", Role::Accent)
        .add(field.column.name.clone(), Role::Strong)
        .add(format!("   threshold {:.3}", state.threshold()), Role::Dim)
        .add(if aspects.differences { "   v figures, ↑ ↓ column" } else { "   v differences, ↑ ↓ column" }, Role::Faint);
    lines.pieces(canvas, &heading);
    let report = match &aspects.segments {
        None => return lines.text(canvas, &format!("{} Measuring …", glyph::working(model)), Role::Dim),
        Some(Err(error)) => return lines.paragraph(canvas, &format!("✖ {error}"), Role::Bad),
        Some(Ok(report)) => report,
    };
    apart(canvas, &mut lines, report);
    // Room for a line between goes to a group where there are many.
    if usize::from(lines.left()) > report.segments.len() + 6 {
        lines.skip();
    }
    let wide: usize = FIGURES.iter().map(|(wide, _)| wide).sum();
    let label = usize::from(area.width).saturating_sub(wide).min(24);
    let mut head = Pieces::new().add(left(if aspects.differences { "to the whole" } else { "" }, label), Role::Dim);
    for (wide, name) in FIGURES {
        head = head.add(right(name, wide), Role::Dim);
    }
    lines.pieces(canvas, &head);
    lines.pieces(canvas, &row("all", &report.whole, None, label, Role::Dim));
    let small = report.segments.iter().any(|segment| segment.small);
    let notes = wrap(WORDS, usize::from(area.width)).len() + usize::from(small);
    let room = usize::from(lines.left()).saturating_sub(notes);
    let listed = if report.segments.len() <= room { report.segments.len() } else { room.saturating_sub(1) };
    let top = aspects.top.min(report.segments.len() - listed);
    for segment in &report.segments[top..top + listed] {
        let name = if segment.small { format!("~{}", visible(&segment.value)) } else { visible(&segment.value).into_owned() };
        let against = aspects.differences.then_some(&report.whole);
        lines.pieces(canvas, &row(&name, segment, against, label, if segment.small { Role::Faint } else { Role::Base }));
    }
    if listed < report.segments.len() {
        let (first, last, all) = (top + 1, top + listed, report.segments.len());
        lines.text(canvas, &format!("{first} to {last} of {all}   PgDn PgUp"), Role::Faint);
    }
    if small {
        let words = format!("~ fewer than {SMALL_ROWS} rows or {SMALL_POSITIVES} yes: too few to compare.");
        lines.text(canvas, &words, Role::Faint);
    }
    lines.paragraph(canvas, WORDS, Role::Faint);
}

/// What the figures are.
const WORDS: &str = "In %. said: decided yes; found: of the yes; wrong: of the no; gap: score − yes";

/// The two differences, by name, with who defined them.
fn apart(canvas: &mut Canvas<'_>, lines: &mut Lines, report: &SegmentReport) {
    let figure = |difference: Option<f64>| {
        difference.map_or("not enough groups".to_owned(), |difference| format!("{:.1} points", difference * 100.0))
    };
    let line = |name: &str, difference: Option<f64>, source: &str| {
        Pieces::new().add(format!("{name} "), Role::Dim).add(figure(difference), Role::Strong).add(format!("  {source}"), Role::Faint)
    };
    let parity = line("Demographic parity difference", report.demographic_parity_difference, "Dwork et al. 2012");
    let opportunity = line("Equal opportunity difference ", report.equal_opportunity_difference, "Hardt et al. 2016");
    lines.pieces(canvas, &parity);
    lines.pieces(canvas, &opportunity);
}

fn row(name: &str, segment: &Segment, against: Option<&Segment>, label: usize, role: Role) -> Pieces {
    let share = |value: Option<f64>, whole: Option<Option<f64>>| match (value, whole) {
        (None, _) => "–".to_owned(),
        (Some(value), None) => format!("{:.1}", value * 100.0),
        (Some(value), Some(Some(whole))) => signed((value - whole) * 100.0),
        (Some(_), Some(None)) => "–".to_owned(),
    };
    let auc = match (segment.auc, against.map(|whole| whole.auc)) {
        (None, _) | (Some(_), Some(None)) => "–".to_owned(),
        (Some(auc), None) => format!("{auc:.3}"),
        (Some(auc), Some(Some(whole))) => format!("{:+.3}", auc - whole),
    };
    let gap = match against {
        None => signed(segment.calibration_gap * 100.0),
        Some(whole) => signed((segment.calibration_gap - whole.calibration_gap) * 100.0),
    };
    let figures = [
        figures::count(segment.rows),
        share(Some(segment.positive_rate), against.map(|whole| Some(whole.positive_rate))),
        share(Some(segment.predicted_positive_rate), against.map(|whole| Some(whole.predicted_positive_rate))),
        auc,
        share(segment.true_positive_rate, against.map(|whole| whole.true_positive_rate)),
        share(segment.false_positive_rate, against.map(|whole| whole.false_positive_rate)),
        gap,
    ];
    let mut pieces = Pieces::new().add(left(name, label), role);
    for (text, (wide, _)) in figures.iter().zip(FIGURES) {
        pieces = pieces.add(right(text, wide), role);
    }
    pieces
}

/// A difference with its sign and one decimal; one that rounds to nothing has none.
fn signed(points: f64) -> String {
    let text = format!("{points:+.1}");
    if matches!(text.as_str(), "+0.0" | "-0.0") { "0.0".to_owned() } else { text }
}

//! How the answer depends on the selected column: the mean answer if every customer had a value, and how far the middle of them reaches.

use ratatui::layout::Rect;

use super::lines::Lines;
use crate::app::predict::Field;
use crate::app::text_width::{left, right, visible, width};
use crate::demo::explanation::{Dependence, DependencePoint};
use crate::demo::figures;
use crate::ui::canvas::{Canvas, Pieces};
use crate::ui::glyph;
use crate::ui::theme::Role;

/// Columns of a figure.
const FIGURE: usize = 9;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.predict;
    let mut lines = Lines::new(area);
    let Some(field) = state.fields.get(state.list.selected) else { return };
    let heading = Pieces::new()
        .add("Depends on ", Role::Accent)
        .add(field.column.name.clone(), Role::Strong)
        .add("   ↑ ↓ another column", Role::Faint);
    lines.pieces(canvas, &heading);
    let found = match &state.beside.aspects.dependence {
        None => return lines.text(canvas, &format!("{} Computing …", glyph::working(model)), Role::Dim),
        Some(Err(error)) => return lines.paragraph(canvas, &format!("{}: {}.", sentence(&error.what), error.why), Role::Dim),
        Some(Ok(found)) => found,
    };
    let rows = state.beside.evidence.as_ref().map_or(0, |evidence| evidence.test.measured());
    let words = format!("The mean answer if all of {} had this value:", figures::counted(rows as u64, "test customer"));
    lines.text(canvas, &words, Role::Dim);
    lines.skip();
    // Two lines below: what the marks are, and what it comes to.
    let room = usize::from(lines.left().saturating_sub(3));
    points(canvas, &mut lines, found, field, room);
    lines.skip();
    summary(canvas, &mut lines, found);
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The points, with a mark on the customer's own: `●` the mean, the line from the lowest to the highest tenth.
fn points(canvas: &mut Canvas<'_>, lines: &mut Lines, found: &Dependence, field: &Field, room: usize) {
    let own = own(found, field);
    let most = found.points.iter().map(|point| point.high.max(point.mean)).fold(f64::MIN_POSITIVE, f64::max);
    let label = found.points.iter().map(|point| width(&visible(&point.value))).max().unwrap_or(0).min(18);
    let bars = usize::from(lines.area.width).saturating_sub(2 + label + FIGURE + 2);
    // Where there is no room for all, those around the customer's own.
    let first = match own {
        Some(own) if found.points.len() > room => own.saturating_sub(room / 2).min(found.points.len() - room),
        _ => 0,
    };
    for (at, point) in found.points.iter().enumerate().skip(first).take(room) {
        let here = own == Some(at);
        let pieces = Pieces::new()
            .add(if here { "▸ " } else { "  " }, Role::Accent)
            .add(left(&visible(&point.value), label), if here { Role::Strong } else { Role::Base })
            .add(right(&figures::percent(point.mean), FIGURE), if here { Role::Strong } else { Role::Base })
            .add("  ", Role::Base)
            .add(span(point, most, bars), if here { Role::Accent } else { Role::Focus });
        lines.pieces(canvas, &pieces);
    }
}

/// The point of the customer's own value: of a number, the nearest.
fn own(found: &Dependence, field: &Field) -> Option<usize> {
    if !found.numeric {
        return found.points.iter().position(|point| point.value == field.text);
    }
    let now = field.text.trim().parse::<f64>().ok().filter(|now| now.is_finite())?;
    let away = |point: &DependencePoint| point.value.parse::<f64>().map_or(f64::INFINITY, |value| (value - now).abs());
    (0..found.points.len()).min_by(|a, b| away(&found.points[*a]).total_cmp(&away(&found.points[*b])))
}

/// From the lowest tenth to the highest, with the mean on it.
fn span(point: &DependencePoint, most: f64, columns: usize) -> String {
    if columns < 4 {
        return String::new();
    }
    let place = |value: f64| ((value / most).clamp(0.0, 1.0) * (columns - 1) as f64).round() as usize;
    let (low, mean, high) = (place(point.low), place(point.mean), place(point.high));
    (0..=high.max(mean))
        .map(|at| {
            if at == mean {
                '●'
            } else if at >= low {
                '─'
            } else {
                ' '
            }
        })
        .collect()
}

fn summary(canvas: &mut Canvas<'_>, lines: &mut Lines, found: &Dependence) {
    let by_mean = |a: &&DependencePoint, b: &&DependencePoint| a.mean.total_cmp(&b.mean);
    let (Some(least), Some(most)) = (found.points.iter().min_by(by_mean), found.points.iter().max_by(by_mean)) else { return };
    let words = if most.mean - least.mean < 0.0005 {
        "It makes no difference on average.".to_owned()
    } else {
        format!(
            "{} ({}) to {} ({}). The line: the middle 80 %.",
            figures::percent(least.mean),
            visible(&least.value),
            figures::percent(most.mean),
            visible(&most.value)
        )
    };
    lines.paragraph(canvas, &words, Role::Dim);
}

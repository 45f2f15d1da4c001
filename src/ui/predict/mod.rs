//! The prediction form: the answer on top, the customer's fields below.

mod beside;
mod dependence;
mod importance;
mod lines;
mod segments;

use ratatui::layout::{Position, Rect};

use super::canvas::{Canvas, Pieces};
use super::theme::Role;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::predict::beside::View;
use crate::app::predict::{Field, Origin, Remark};
use crate::app::text_width::{left, right, visible, width};
use crate::app::{Model, Pane};
use crate::demo::feature_schema::ColumnKind;
use crate::demo::figures;

/// Columns of a value.
const VALUE: usize = 20;
/// Columns of the scale beside a number.
const SCALE: usize = 12;

/// From this width on the form has company.
const BOTH: u16 = 110;
/// Columns of the form when it has company: at least, and at most where there is room for shares and scales in full.
const FORM: (u16, u16) = (56, 84);

/// Draws the pane.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.predict;
    if state.model.is_none() || state.fields.is_empty() {
        let text = if state.find.pending() || model.identity().is_none() {
            "Looking for a deployed model …".to_owned()
        } else if state.model.is_some() && state.customers.pending() {
            "Drawing customers from the test rows …".to_owned()
        } else if let Some(error) = &state.error {
            format!("✖ {error}")
        } else {
            match &state.missing {
                Some(error) if error.kind == crate::ops::OpErrorKind::Failed => format!("✖ {error}"),
                _ => "No model is deployed yet. Steps 5 and 6 of the walkthrough train one and put it behind an endpoint.".to_owned(),
            }
        };
        let bad = text.starts_with('✖');
        canvas.paragraph(area, &text, if bad { Role::Bad } else { Role::Dim });
        return;
    }
    if area.width >= BOTH && !model.enlarged() {
        // Two fifths: what stands beside it has the longer lines.
        let columns = (area.width * 2 / 5).clamp(FORM.0, FORM.1);
        form(canvas, Rect { width: columns, ..area });
        let x = area.x + columns + 2;
        beside::draw(canvas, Rect { x, width: area.right() - x, ..area });
    } else if state.beside.view == View::Form {
        form(canvas, area);
    } else {
        let used = answer(canvas, area);
        if area.height > used + 1 {
            let y = area.y + used + 1;
            beside::draw(canvas, Rect::new(area.x, y, area.width, area.bottom() - y));
        }
    }
}

/// The answer, and the customer's fields.
fn form(canvas: &mut Canvas<'_>, area: Rect) {
    let used = answer(canvas, area);
    if area.height > used + 1 {
        let y = area.y + used + 1;
        fields(canvas, Rect::new(area.x, y, area.width, area.bottom() - y));
    }
}

/// Score, decision, truth; gives the rows used.
fn answer(canvas: &mut Canvas<'_>, area: Rect) -> u16 {
    let model = canvas.model;
    let state = &model.predict;
    let Some(deployed) = &state.model else { return 0 };
    let threshold = state.threshold();
    let mut y = area.y;
    let mut pieces = Pieces::new();
    match (&state.prediction, &state.error) {
        (_, Some(error)) => pieces = pieces.add(format!("✖ {}", error.why), Role::Bad),
        (Some(prediction), None) => {
            let yes = state.decision(prediction.score) == Some(deployed.schema.target.positive.as_str());
            let word = if yes { "Yes, will subscribe" } else { "No, will not subscribe" };
            pieces = pieces
                .add(figures::percent(prediction.score), Role::Strong)
                .add("  ", Role::Base)
                .add(if yes { "● " } else { "○ " }, if yes { Role::Good } else { Role::Warn })
                .add(word, if yes { Role::Good } else { Role::Warn });
            if let Some(baseline) = state.baseline
                && state.fields.iter().any(Field::changed)
            {
                let moved = (prediction.score - baseline) * 100.0;
                let arrow = if moved > 0.05 {
                    "▲"
                } else if moved < -0.05 {
                    "▼"
                } else {
                    "="
                };
                pieces = pieces.add(format!("  {arrow} {:+.1} points", moved), Role::Accent);
            }
            if area.width as usize > pieces.width() + 12 {
                canvas.text_right(area.x, y, area.width, &figures::duration(prediction.latency.as_secs_f64()), Role::Faint);
            }
        }
        (None, None) => pieces = pieces.add("…", Role::Dim),
    }
    canvas.pieces(area.x, y, area.width, &pieces);
    y += 1;
    if area.height >= 8 {
        let score = state.prediction.as_ref().map_or(0.0, |prediction| prediction.score);
        gauge(canvas, Rect::new(area.x, y, area.width, 1), score, threshold);
        y += 1;
    }
    let mut truth = Pieces::new();
    if let Some(customer) = &state.customer {
        truth = truth.add(named(&customer.origin, customer.number, state.customers.drawn.len()), Role::Dim);
        truth = match customer.seen {
            Some(false) => truth.add(" · not trained on", Role::Dim),
            Some(true) => truth.add(" · trained on", Role::Warn),
            None if state.recognising() => truth,
            None if matches!(customer.origin, Origin::Example(_) | Origin::Given) => truth.add(" · not one of the data", Role::Dim),
            None => truth,
        };
        if let Some(actual) = &customer.actual {
            if state.fields.iter().any(Field::changed) {
                truth = truth.add(format!(" · the real one answered {actual}"), Role::Dim);
            } else {
                let right = state.prediction.as_ref().map(|prediction| state.decision(prediction.score) == Some(actual.as_str()));
                truth = truth.add(" · answered ", Role::Dim).add(actual.clone(), Role::Strong);
                truth = match right {
                    Some(true) => truth.add(" ✔ right", Role::Good),
                    Some(false) => truth.add(" ✖ wrong", Role::Bad),
                    None => truth,
                };
            }
        }
    }
    canvas.pieces(area.x, y, area.width, &truth);
    y += 1;
    // The name of an example is more to the point than the condition that others fit.
    let told = match state.customer.as_ref().map(|customer| &customer.origin) {
        Some(Origin::Example(name)) => Some(format!("“{name}”")),
        _ => state.customers.told(canvas.model.row()),
    };
    if area.height >= 8
        && let Some(told) = told
    {
        canvas.text(area.x, y, area.width, &visible(&told), Role::Accent);
        y += 1;
    }
    y - area.y
}

/// Who is in the form.
fn named(origin: &Origin, number: u64, drawn: usize) -> String {
    match origin {
        Origin::Test => format!("Customer {number}"),
        Origin::Filter => format!("Customer {number} of {drawn}"),
        Origin::Example(_) => "Example".to_owned(),
        Origin::Past(number) => format!("Prediction {number}"),
        Origin::Given => "Given".to_owned(),
    }
}

/// The score as a bar, with the threshold on it.
fn gauge(canvas: &mut Canvas<'_>, area: Rect, score: f64, threshold: f64) {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let columns = usize::from(area.width);
    let filled = (score.clamp(0.0, 1.0) * columns as f64 * 8.0).round() as usize;
    let role = if score >= threshold { Role::Good } else { Role::Warn };
    canvas.text(area.x, area.y, area.width, &"─".repeat(columns), Role::Rule);
    let bar = format!("{}{}", "█".repeat(filled / 8), EIGHTHS[filled % 8]);
    canvas.text(area.x, area.y, area.width, &bar, role);
    let mark = ((threshold.clamp(0.0, 1.0) * columns as f64) as u16).min(area.width.saturating_sub(1));
    canvas.text(area.x + mark, area.y, 1, "┃", Role::Strong);
}

fn fields(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let state = &model.predict;
    // A line of air below each field where there is room for all.
    let airy = model.enlarged() && usize::from(area.height) + 1 >= state.fields.len() * 2;
    let pitch = if airy { 2 } else { 1 };
    let height = usize::from(area.height.div_ceil(pitch));
    let at = Pane::Predict as usize;
    let top = window(canvas.view.tops[at], state.list.selected, state.fields.len(), height);
    canvas.view.tops[at] = top;
    canvas.view.heights[at] = height;
    let name = state.fields.iter().map(|field| width(&field.column.name)).max().unwrap_or(0).min(usize::from(area.width) / 2);
    for (row, (index, field)) in state.fields.iter().enumerate().skip(top).take(height).enumerate() {
        let y = area.y + row as u16 * pitch;
        let chosen = index == state.list.selected && model.focus == Pane::Predict;
        let editing = chosen && state.editing.is_some();
        draw_field(canvas, Rect::new(area.x, y, area.width, 1), field, name, editing);
        let whole = Rect::new(area.x, y, area.width, 1);
        if chosen {
            canvas.highlight(whole, if editing { Role::QuietSelection } else { Role::Selection });
        }
        canvas.target(whole, Target::Row(Pane::Predict, index));
        if editing && model.popups.is_empty() {
            let x = area.x + 2 + name as u16 + 1 + width(&field.text) as u16;
            canvas.cursor = Some(Position::new(x.min(area.right() - 1), y));
        }
    }
}

fn draw_field(canvas: &mut Canvas<'_>, area: Rect, field: &Field, name: usize, editing: bool) {
    let remark = field.remark();
    let mut x = area.x;
    let end = area.right();
    let (mark, mark_role) = match (&remark, field.changed()) {
        (Remark::Wrong(_), _) => ("✖", Role::Bad),
        (Remark::Unusual(_), _) => ("!", Role::Warn),
        (Remark::Fine, true) => ("●", Role::Accent),
        (Remark::Fine, false) => (" ", Role::Dim),
    };
    canvas.text(x, area.y, 1, mark, mark_role);
    x += 2;
    let label_role = if field.column.dropped { Role::Faint } else { Role::Dim };
    canvas.text(x, area.y, end.saturating_sub(x), &left(&field.column.name, name), label_role);
    x += name as u16 + 1;
    let text = visible(&field.text);
    let value_role = if field.column.dropped { Role::Faint } else { Role::Strong };
    let columns = VALUE.min(usize::from(end.saturating_sub(x)));
    canvas.text(x, area.y, columns as u16, &left(&text, columns), value_role);
    x += columns as u16 + 1;
    let room = usize::from(end.saturating_sub(x));
    if room < 8 || (canvas.model.enlarged() && remark == Remark::Fine) {
        return;
    }
    let note = match remark {
        Remark::Wrong(why) => (why, Role::Bad),
        Remark::Unusual(why) => (why, Role::Warn),
        Remark::Fine if field.column.dropped => (kept_out(canvas.model, &field.column.name, room), Role::Faint),
        Remark::Fine => match &field.column.kind {
            ColumnKind::Number { min, max, .. } if !editing && room >= SCALE + 16 => {
                (scale(field.text.trim().parse().unwrap_or(*min), *min, *max), Role::Faint)
            }
            ColumnKind::Number { min, max, .. } => (format!("{} to {}", figures::float(*min), figures::float(*max)), Role::Faint),
            ColumnKind::Category { values } => {
                let total: u64 = values.iter().map(|value| value.count).sum();
                let count = values.iter().find(|value| value.value == field.text).map_or(0, |value| value.count);
                let share = if total == 0 {
                    String::new()
                } else {
                    format!("{} of {}s", figures::percent(count as f64 / total as f64), canvas.model.row())
                };
                (share, Role::Faint)
            }
        },
    };
    canvas.text(x, area.y, room as u16, &note.0, note.1);
}

/// Why the model does not see a column, where the data say so and there is room to.
fn kept_out(model: &Model, column: &str, room: usize) -> String {
    let data = model.identity().map(|identity| &identity.scenario.data);
    let reason = data.and_then(|data| data.column(column)).and_then(|column| column.kept_out.as_deref());
    let told = reason.map(|reason| format!("not used: {reason}")).filter(|told| width(told) <= room);
    told.unwrap_or_else(|| left("not used by this model", room))
}

/// Where a number lies between the smallest and the largest: `17 ┄┄●┄┄┄┄ 98`.
fn scale(value: f64, min: f64, max: f64) -> String {
    let place = if max > min { ((value - min) / (max - min)).clamp(0.0, 1.0) } else { 0.5 };
    let at = (place * (SCALE - 1) as f64).round() as usize;
    let dots: String = (0..SCALE).map(|index| if index == at { '●' } else { '┄' }).collect();
    format!("{} {dots} {}", right(&figures::float(min), 4), figures::float(max))
}

#[cfg(test)]
mod tests;

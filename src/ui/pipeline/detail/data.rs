//! What goes into a step and comes out of it: objects with their sizes.

use ratatui::layout::Rect;

use super::super::super::canvas::Canvas;
use super::super::super::theme::Role;
use super::super::table::{Table, figure, text};
use crate::app::pipeline::StepView;
use crate::app::pipeline::step::{ObjectRow, address, objects};
use crate::app::text_width::{left, right, width};
use crate::demo::figures;
use crate::ops::pipeline::{Artifact, PipelineStep, StepDetail};

/// Draws every object; the selected one can be looked into.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, step: &PipelineStep, view: &StepView) {
    let Some(detail) = &view.detail else {
        let text = match (&view.detail_error, step.started) {
            (Some(error), _) => format!("✖ {error}"),
            (None, None) => "It has not begun: nothing was read or written.".to_owned(),
            (None, Some(_)) => "Reading …".to_owned(),
        };
        canvas.paragraph(area, &text, Role::Dim);
        return;
    };
    let rows = objects(detail);
    if rows.is_empty() {
        canvas.paragraph(area, "It reads and writes no objects.", Role::Dim);
        return;
    }
    let table = Table {
        columns: vec![text("", 0, 6), text("name", 0, 24), figure("size", 0), text("object", 0, 200)],
        rows: rows.iter().map(|row| line(detail, *row)).collect(),
    };
    let selected = canvas.model.pipeline.objects.selected.min(rows.len() - 1);
    let foot = u16::from(area.height > 4);
    table.draw(canvas, Rect { height: area.height - foot, ..area }, Some(selected));
    if foot > 0 {
        let hint = match address(detail, rows[selected]) {
            Some(_) if canvas.model.pipeline.in_detail => "Enter shows the first rows",
            Some(_) => "",
            None => "nothing is there yet",
        };
        canvas.text(area.x, area.bottom() - 1, area.width, hint, Role::Faint);
    }
}

fn found(detail: &StepDetail, row: ObjectRow) -> Option<&Artifact> {
    if row.output { detail.outputs.get(row.artifact) } else { detail.inputs.get(row.artifact) }
}

fn line(detail: &StepDetail, row: ObjectRow) -> Vec<(String, Role)> {
    let Some(artifact) = found(detail, row) else { return Vec::new() };
    match row.object.and_then(|object| artifact.objects.get(object)) {
        None => vec![
            (if row.output { "out ◀" } else { "in  ▶" }.to_owned(), if row.output { Role::Good } else { Role::Accent }),
            (artifact.name.clone(), Role::Strong),
            (size(artifact), Role::Base),
            (artifact.uri.clone(), Role::Dim),
        ],
        Some(object) => vec![
            (String::new(), Role::Base),
            (String::new(), Role::Base),
            (figures::bytes(object.bytes), Role::Base),
            (object.key.rsplit('/').next().unwrap_or(&object.key).to_owned(), Role::Base),
        ],
    }
}

fn size(artifact: &Artifact) -> String {
    if artifact.objects.is_empty() && artifact.bytes == 0 { "–".to_owned() } else { figures::bytes(artifact.bytes) }
}

/// Inputs and outputs in a line each; gives the rows used.
pub(super) fn short(canvas: &mut Canvas<'_>, area: Rect, view: &StepView) -> u16 {
    let Some(detail) = &view.detail else { return 0 };
    let sides = [("Reads", &detail.inputs), ("Writes", &detail.outputs)];
    let name = sides.iter().flat_map(|(_, artifacts)| artifacts.iter()).map(|artifact| width(&artifact.name)).max().unwrap_or(0).min(24);
    let mut used = 0;
    for (word, artifacts) in sides {
        for (index, artifact) in artifacts.iter().enumerate() {
            if used >= area.height {
                return used;
            }
            let y = area.y + used;
            canvas.text(area.x, y, area.width, if index == 0 { word } else { "" }, Role::Dim);
            let x = area.x + 8;
            let room = area.right().saturating_sub(x);
            let objects = match artifact.objects.len() {
                0 => String::new(),
                count => format!("  {}", figures::counted(count as u64, "object")),
            };
            let text = format!("{}  {}{objects}", left(&artifact.name, name), right(&size(artifact), 9));
            let shown = canvas.text(x, y, room, &text, Role::Base);
            if room > shown + 12 {
                canvas.text(x + shown + 2, y, room - shown - 2, &artifact.uri, Role::Faint);
            }
            used += 1;
        }
    }
    used
}

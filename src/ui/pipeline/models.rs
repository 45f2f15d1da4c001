//! The registry: versions with their figures and approval, and where the selected one comes from and answers.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::theme::Role;
use super::table::{Table, facts, figure, text};
use super::{below, beside, compare, lineage, retrain};
use crate::demo::figures;
use crate::ops::models::{ApprovalState, ModelVersion};

/// From this width on the selected version stands beside the list.
const SIDE_BY_SIDE: u16 = 150;

/// Draws the view.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.pipeline.models;
    if let Some(compared) = &state.compared {
        return compare::draw(canvas, area, compared);
    }
    if let Some(walk) = &state.walk {
        return retrain::draw(canvas, area, walk);
    }
    let Some(found) = &state.found else {
        let text = state.error.as_ref().map_or("Reading the registry …".to_owned(), |error| format!("✖ {error}"));
        canvas.paragraph(area, &text, if state.error.is_some() { Role::Bad } else { Role::Dim });
        return;
    };
    let Some(selected) = state.selected() else {
        canvas.paragraph(area, "No model is registered yet. The pipeline registers one that passes its gate.", Role::Dim);
        return;
    };
    if state.open {
        return version(canvas, area, selected);
    }
    if area.width >= SIDE_BY_SIDE {
        let columns = area.width * 52 / 100;
        list(canvas, Rect { width: columns - 2, ..area }, found);
        for y in area.top()..area.bottom() {
            canvas.text(area.x + columns, y, 1, "│", Role::Rule);
        }
        return version(canvas, beside(area, columns + 2), selected);
    }
    let rows = (found.len() as u16 + 1).min((area.height / 2).max(3)).min(area.height);
    list(canvas, Rect { height: rows, ..area }, found);
    version(canvas, below(area, rows + 1), selected);
}

/// Mark, role and word of an approval: told by shape and word, not by colour alone.
pub(super) fn approval(state: ApprovalState) -> (&'static str, Role, &'static str) {
    match state {
        ApprovalState::Approved => ("✔", Role::Good, "approved"),
        ApprovalState::Rejected => ("✖", Role::Bad, "REJECTED"),
        ApprovalState::PendingManualApproval => ("◌", Role::Warn, "waits for approval"),
    }
}

fn list(canvas: &mut Canvas<'_>, area: Rect, found: &[ModelVersion]) {
    let model = canvas.model;
    let state = &model.pipeline.models;
    let rows = found
        .iter()
        .map(|version| {
            let (mark, role, word) = approval(version.approval);
            let faded = if version.approval == ApprovalState::Rejected { Role::Faint } else { Role::Base };
            let (auc, mse) = match &version.evaluation {
                Some(found) => (format!("{:.4}", found.auc), format!("{:.4}", found.mse)),
                None => ("–".to_owned(), "–".to_owned()),
            };
            let created = version.created.map(|at| at.with_timezone(&model.zone).format("%d %b %H:%M").to_string()).unwrap_or_default();
            vec![
                (if state.marked.contains(&version.version) { "◆" } else { " " }.to_owned(), Role::Accent),
                (version.version.to_string(), if faded == Role::Faint { Role::Faint } else { Role::Strong }),
                (format!("{mark} {word}"), role),
                (auc, faded),
                (mse, faded),
                (version.deployed.join(", "), Role::Accent),
                (created, Role::Dim),
                (version.reason.clone().unwrap_or_default(), if role == Role::Bad { Role::Bad } else { Role::Dim }),
            ]
        })
        .collect();
    let columns = vec![
        text(" ", 0, 1),
        figure("version", 0),
        text("approval", 0, 20),
        figure("AUC", 0),
        figure("MSE", 3),
        text("answers on", 1, 32),
        figure("registered", 4),
        text("reason", 5, 200),
    ];
    Table { columns, rows }.draw(canvas, area, Some(state.list.selected));
}

/// The selected version: approval with its reason, figures, and its way.
fn version(canvas: &mut Canvas<'_>, area: Rect, version: &ModelVersion) {
    if area.height < 2 {
        return;
    }
    let (mark, role, word) = approval(version.approval);
    let heading = Pieces::new()
        .add(format!("Version {}", version.version), Role::Strong)
        .add(format!("  {mark} {word}"), role)
        .add(version.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default(), role);
    canvas.pieces(area.x, area.y, area.width, &heading);
    let mut used = 1;
    if let Some(found) = &version.evaluation {
        let all = [
            ("AUC", format!("{:.4}", found.auc)),
            ("MSE", format!("{:.4} (guessing {:.4})", found.mse, found.base_rate_mse)),
            ("log loss", format!("{:.4}", found.log_loss)),
            ("precision", format!("{:.3}", found.precision)),
            ("recall", format!("{:.3}", found.recall)),
            ("lift", format!("{:.2} ×", found.lift_top_decile)),
            ("test rows", figures::count(found.test_rows)),
        ];
        used += facts(canvas, below(area, used), &all);
    }
    let rest = below(area, used + 1);
    if rest.height < 2 {
        return;
    }
    match canvas.model.pipeline.models.lineages.get(&version.version) {
        Some(Ok(found)) => lineage::draw(canvas, rest, found),
        Some(Err(error)) => {
            canvas.paragraph(rest, &format!("✖ {error}"), Role::Warn);
        }
        None => {
            canvas.text(rest.x, rest.y, rest.width, "Reading where it comes from …", Role::Dim);
        }
    }
}

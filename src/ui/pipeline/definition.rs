//! The definition: the digest of what is deployed and of what would be, and every difference.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, Pieces};
use super::super::theme::Role;
use super::below;
use crate::app::Pane;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::text_width::{clip, visible, wrap};
use crate::demo::figures;
use crate::ops::pipeline::{DefinitionChange, DefinitionState};

/// Characters of a digest on the screen.
const DIGEST: usize = 16;

/// Draws the view.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let state = &canvas.model.pipeline.definition;
    let Some(found) = &state.found else {
        let text = state.error.as_ref().map_or("Reading the definition …".to_owned(), |error| format!("✖ {error}"));
        canvas.paragraph(area, &text, if state.error.is_some() { Role::Bad } else { Role::Dim });
        return;
    };
    let mut used = digests(canvas, area, found);
    if found.changes.is_empty() {
        return;
    }
    used += 1;
    let inside = below(area, used);
    let selected = state.list.selected.min(found.changes.len() - 1);
    // Two lines a change; the selected one in full below.
    let full = (inside.height / 3).min(8);
    let list = Rect { height: inside.height.saturating_sub(full), ..inside };
    let visible_changes = usize::from(list.height / 2).max(1);
    let pane = Pane::Pipeline as usize;
    let top = window(canvas.view.tops[pane], selected, found.changes.len(), visible_changes);
    canvas.view.tops[pane] = top;
    canvas.view.heights[pane] = visible_changes;
    for (row, (index, change)) in found.changes.iter().enumerate().skip(top).take(visible_changes).enumerate() {
        let place = Rect { y: list.y + row as u16 * 2, height: 2.min(list.height), ..list };
        one(canvas, place, change);
        if index == selected {
            let focused = canvas.model.focus == Pane::Pipeline;
            canvas.highlight(Rect { height: 1, ..place }, if focused { Role::Selection } else { Role::QuietSelection });
        }
        canvas.target(place, Target::Row(Pane::Pipeline, index));
    }
    if let Some(change) = found.changes.get(selected).filter(|_| full >= 3) {
        in_full(canvas, Rect { y: list.bottom(), height: full, ..inside }, change);
    }
}

fn digests(canvas: &mut Canvas<'_>, area: Rect, found: &DefinitionState) -> u16 {
    let short = |digest: &str| digest.chars().take(DIGEST).collect::<String>();
    let same = found.deployed_digest.as_deref() == Some(found.local_digest.as_str());
    let (mark, role, words) = match (&found.deployed_digest, same) {
        (None, _) => ("◌", Role::Warn, "Nothing is deployed yet; step 5 of the walkthrough deploys the definition.".to_owned()),
        (Some(_), true) => ("✔", Role::Good, "What is deployed is what this program would deploy.".to_owned()),
        (Some(_), false) => {
            let count = figures::counted(found.changes.len() as u64, "difference");
            ("≠", Role::Warn, format!("{count} between what is deployed and what would be; step 5 of the walkthrough deploys it."))
        }
    };
    let used = canvas.paragraph(area, &format!("{mark} {words}"), role);
    let lines =
        [("deployed", found.deployed_digest.as_deref().map_or_else(|| "–".to_owned(), short)), ("local", short(&found.local_digest))];
    for (row, (word, digest)) in lines.iter().enumerate() {
        let y = area.y + used + 1 + row as u16;
        if y < area.bottom() {
            canvas.pieces(area.x, y, area.width, &Pieces::new().add(format!("{word:9}"), Role::Dim).add(digest.clone(), Role::Strong));
        }
    }
    used + 3
}

fn one(canvas: &mut Canvas<'_>, area: Rect, change: &DefinitionChange) {
    let (mark, role) = match (&change.deployed, &change.local) {
        (None, Some(_)) => ("+", Role::Good),
        (Some(_), None) => ("−", Role::Bad),
        _ => ("≠", Role::Warn),
    };
    let pieces = Pieces::new().add(format!("{mark} "), role).add(visible(&change.path), Role::Strong);
    canvas.pieces(area.x, area.y, area.width, &pieces);
    if area.height < 2 {
        return;
    }
    let text = |value: &Option<String>| value.as_deref().map_or("–".to_owned(), |value| visible(value).into_owned());
    let room = usize::from(area.width).saturating_sub(7) / 2;
    let pieces = Pieces::new()
        .add("  ", Role::Dim)
        .add(clip(&text(&change.deployed), room).into_owned(), Role::Dim)
        .add(" → ", Role::Faint)
        .add(clip(&text(&change.local), room).into_owned(), Role::Base);
    canvas.pieces(area.x, area.y + 1, area.width, &pieces);
}

/// Both sides of a change, as far as there is room.
fn in_full(canvas: &mut Canvas<'_>, area: Rect, change: &DefinitionChange) {
    canvas.rule(area.x, area.y, area.width, Role::Rule);
    canvas.text(area.x + 1, area.y, area.width.saturating_sub(2), &format!(" {} ", visible(&change.path)), Role::Dim);
    let mut y = area.y + 1;
    for (mark, value, role) in [("−", &change.deployed, Role::Bad), ("+", &change.local, Role::Good)] {
        let Some(value) = value else { continue };
        for (index, line) in wrap(&visible(value), usize::from(area.width.saturating_sub(2))).iter().take(3).enumerate() {
            if y >= area.bottom() {
                return;
            }
            let lead = if index == 0 { mark } else { " " };
            canvas.pieces(area.x, y, area.width, &Pieces::new().add(format!("{lead} "), role).add(line.clone(), Role::Base));
            y += 1;
        }
    }
}

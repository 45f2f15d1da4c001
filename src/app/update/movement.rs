//! Focus, selection and scrolling.

use crate::app::model::Model;
use crate::app::predict::beside::View;
use crate::app::sql::Half;
use crate::app::{Effect, Pane};

pub(super) fn focus(model: &mut Model, pane: Pane) -> Vec<Effect> {
    model.focus = pane;
    Vec::new()
}

pub(super) fn select(model: &mut Model, pane: Pane, index: usize) -> Vec<Effect> {
    match pane {
        Pane::Walkthrough => model.walkthrough.select(index),
        Pane::Resources => model.resources.list.selected = index.min(model.resources.rows.len().saturating_sub(1)),
        Pane::Pipeline => model.pipeline.select(index),
        Pane::Predict => {
            model.predict.list.selected = index.min(model.predict.fields.len().saturating_sub(1));
            return model.predict.look_into();
        }
        Pane::Explore => model.explore.select(index),
        Pane::Activity => {
            let delta = isize::try_from(index).unwrap_or(isize::MAX) - isize::try_from(model.activity.list.selected).unwrap_or(0);
            model.activity.move_by(delta);
        }
        Pane::Sql => {}
    }
    Vec::new()
}

pub(super) fn move_rows(model: &mut Model, pane: Pane, delta: isize) -> Vec<Effect> {
    match pane {
        Pane::Walkthrough => {
            let next = model.walkthrough.selected.saturating_add_signed(delta);
            model.walkthrough.select(next);
        }
        Pane::Resources => model.resources.list.move_by(delta, model.resources.rows.len()),
        Pane::Sql => {
            return super::grid::move_rows(model, delta);
        }
        Pane::Pipeline => model.pipeline.move_by(delta, model.viewport.heights[Pane::Pipeline as usize]),
        Pane::Predict => {
            model.predict.editing = None;
            model.predict.list.move_by(delta, model.predict.fields.len());
            return model.predict.look_into();
        }
        Pane::Explore => model.explore.move_by(delta, model.viewport.tops[Pane::Explore as usize]),
        Pane::Activity => model.activity.move_by(delta),
    }
    Vec::new()
}

pub(super) fn page(model: &Model) -> isize {
    isize::try_from(model.viewport.heights[model.focus as usize].saturating_sub(1).max(1)).unwrap_or(isize::MAX)
}

pub(super) fn next_focus(model: &mut Model, forward: bool) -> Vec<Effect> {
    // The console has two halves; the result is one stop of its own as soon as there is one.
    let tab = model.sql.tab_mut();
    if model.focus == Pane::Sql && !tab.results.is_empty() {
        match (tab.half, forward) {
            (Half::Editor, true) => {
                tab.half = Half::Results;
                return Vec::new();
            }
            (Half::Results, false) => {
                tab.half = Half::Editor;
                return Vec::new();
            }
            _ => {}
        }
    }
    let pane = if forward { model.focus.next() } else { model.focus.previous() };
    if pane == Pane::Sql {
        tab.half = if forward || tab.results.is_empty() { Half::Editor } else { Half::Results };
    }
    focus(model, pane)
}

pub(super) fn back(model: &mut Model) -> Vec<Effect> {
    if model.focus == Pane::Sql && model.sql.tab().half == Half::Results {
        if let Some(effects) = super::grid::back(model) {
            return effects;
        }
        model.sql.tab_mut().half = Half::Editor;
    } else if model.focus == Pane::Pipeline
        && let Some(effects) = super::pipeline::back(model)
    {
        return effects;
    } else if model.focus == Pane::Predict && model.predict.beside.view != View::Form {
        model.predict.beside.view = View::Form;
    } else if model.focus == Pane::Explore && model.explore.back() {
        // It has gone back one level inside the pane.
    } else if model.zoomed {
        model.zoomed = false;
    } else if model.notice.is_some() {
        model.notice = None;
    } else {
        model.focus = Pane::Walkthrough;
    }
    Vec::new()
}

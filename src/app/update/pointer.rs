//! The mouse.

use super::commands::run_command;
use super::handle;
use super::movement::{focus, move_rows, select};
use crate::app::model::Model;
use crate::app::msg::{Msg, Target};
use crate::app::{Effect, Pane, popup};

/// Rows that a turn of the wheel moves.
const WHEEL: isize = 3;

/// Columns that a tab of the editor takes.
pub const TAB: usize = 4;

pub(super) fn on_click(model: &mut Model, target: Target) -> Vec<Effect> {
    if !model.popups.is_empty() {
        return match target {
            Target::PopupRow(index) => handle(model, Msg::Popup(popup::Msg::Pick(index))),
            Target::Outside => {
                model.popups.pop();
                Vec::new()
            }
            _ => Vec::new(),
        };
    }
    if !matches!(target, Target::Suggestion(_)) {
        model.sql.tab_mut().completion = None;
    }
    match target {
        Target::Pane(pane) => focus(model, pane),
        Target::Row(pane, index) => {
            let effects = focus(model, pane);
            effects.into_iter().chain(select(model, pane, index)).collect()
        }
        Target::Suggestion(index) => {
            let chosen = model.sql.tab().completion.as_ref().and_then(|list| list.items.get(index)).cloned();
            if let Some(suggestion) = chosen {
                model.sql.accept(&suggestion);
            }
            Vec::new()
        }
        Target::EditorText(line, column) => {
            let effects = focus(model, Pane::Sql);
            let tab = model.sql.tab_mut();
            tab.place_cursor(tab.editor.text().at_column(line, column));
            effects
        }
        Target::Cell(row, column) => {
            let effects = focus(model, Pane::Sql);
            effects.into_iter().chain(super::grid::press(model, row, column)).collect()
        }
        Target::SqlTab(index) => {
            model.sql.go_to(index);
            focus(model, Pane::Sql)
        }
        Target::Action(command) => run_command(model, command),
        Target::PopupRow(_) | Target::Outside => Vec::new(),
    }
}

/// The mouse is drawn over the text with its button down: it selects.
pub(super) fn on_drag(model: &mut Model, target: Target) -> Vec<Effect> {
    if let Target::EditorText(line, column) = target
        && model.popups.is_empty()
        && model.focus == Pane::Sql
    {
        let editor = &mut model.sql.tab_mut().editor;
        editor.go_to(editor.text().at_column(line, column), true);
    }
    Vec::new()
}

pub(super) fn on_wheel(model: &mut Model, pane: Option<Pane>, delta: isize) -> Vec<Effect> {
    if !model.popups.is_empty() {
        return handle(model, Msg::Popup(popup::Msg::Scroll(delta * WHEEL)));
    }
    match pane {
        Some(Pane::Walkthrough) => {
            model.walkthrough.scroll = model.walkthrough.scroll.saturating_add_signed(delta * WHEEL);
            Vec::new()
        }
        Some(Pane::Sql) if !model.sql.tab().results.is_empty() => super::grid::wheel(model, delta * WHEEL),
        Some(pane @ (Pane::Resources | Pane::Activity)) => move_rows(model, pane, delta * WHEEL),
        Some(pane @ (Pane::Pipeline | Pane::Predict)) => move_rows(model, pane, delta),
        _ => Vec::new(),
    }
}

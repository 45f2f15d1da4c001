//! The mouse.

use super::commands::run_command;
use super::handle;
use super::movement::{focus, move_rows, select};
use crate::app::model::Model;
use crate::app::msg::{Msg, Target};
use crate::app::sql;
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
    match target {
        Target::Pane(pane) => focus(model, pane),
        Target::Row(pane, index) => {
            let effects = focus(model, pane);
            effects.into_iter().chain(select(model, pane, index)).collect()
        }
        Target::EditorText(line, character) => {
            let effects = focus(model, Pane::Sql);
            let tab = model.sql.tab_mut();
            let character = character_at(tab, line, character);
            tab.place_cursor(line, character);
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

/// The character of a line of the editor that stands in a column.
fn character_at(tab: &sql::Tab, line: usize, column: usize) -> usize {
    let mut at = 0;
    for (index, c) in tab.editor.lines().get(line).map(String::as_str).unwrap_or_default().chars().enumerate() {
        at += if c == '\t' { TAB - at % TAB } else { crate::app::text_width::width(&c.to_string()) };
        if at > column {
            return index;
        }
    }
    usize::MAX
}

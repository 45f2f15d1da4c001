//! The mouse.

use super::commands::run_command;
use super::handle;
use super::movement::{focus, move_rows, select};
use crate::app::action::Command;
use crate::app::model::{Held, Model};
use crate::app::msg::{Msg, Target};
use crate::app::sql::Half;
use crate::app::sql::editor::Command as Edit;
use crate::app::sql::editor::text::Place;
use crate::app::{Effect, Pane, explore, popup};

/// Rows that a turn of the wheel moves.
const WHEEL: isize = 3;

/// Milliseconds within which two presses belong together.
const TWICE: i64 = 400;

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
        model.sql.follow_call(false);
    }
    if let (Some(remote), false) = (&mut model.walkthrough.presenting, matches!(target, Target::Action(_))) {
        remote.in_hand = false;
    }
    let times = times(model, target);
    model.pointer.held = match target {
        Target::EditorText(..) | Target::EditorLine(_) => Held::Text,
        Target::ColumnEdge(place, x) => Held::Edge(place, x),
        _ => Held::Nothing,
    };
    match target {
        Target::Pane(pane) => focus(model, pane),
        Target::Row(pane, index) => {
            let effects = focus(model, pane);
            effects.into_iter().chain(select(model, pane, index)).collect()
        }
        Target::Mark(index) => {
            let mut effects = focus(model, Pane::Explore);
            model.explore.select_mark(index);
            if times == 2 {
                effects.extend(run_command(model, Command::Explore(explore::Command::Open)));
            }
            effects
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
            // Twice is a word, three times is a line.
            match times {
                2 => drop(tab.editor.run(Edit::SelectWord)),
                3 => drop(tab.editor.run(Edit::SelectLine)),
                _ => {}
            }
            effects
        }
        Target::EditorLine(line) => {
            let effects = focus(model, Pane::Sql);
            let tab = model.sql.tab_mut();
            tab.place_cursor(Place::new(line, 0));
            tab.editor.run(Edit::SelectLine);
            effects
        }
        Target::SqlHalf(Half::Editor) => {
            let effects = focus(model, Pane::Sql);
            let tab = model.sql.tab_mut();
            let end = tab.editor.text().end();
            tab.place_cursor(end);
            effects
        }
        Target::SqlHalf(Half::Results) => {
            let tab = model.sql.tab_mut();
            if !tab.results.is_empty() {
                tab.half = Half::Results;
            }
            focus(model, Pane::Sql)
        }
        Target::ColumnHead(place) => {
            let effects = focus(model, Pane::Sql);
            effects.into_iter().chain(super::grid::press_head(model, place)).collect()
        }
        Target::ColumnEdge(place, _) => {
            let effects = focus(model, Pane::Sql);
            super::grid::press_edge(model, place, times == 2);
            effects
        }
        Target::Cell(row, column) => {
            let effects = focus(model, Pane::Sql);
            let effects: Vec<Effect> = effects.into_iter().chain(super::grid::press(model, row, column)).collect();
            if times == 2 {
                super::grid::inspect(model);
            }
            effects
        }
        Target::SqlTab(index) => {
            model.sql.go_to(index);
            focus(model, Pane::Sql)
        }
        Target::Action(command) => run_command(model, command),
        Target::PopupRow(_) | Target::Outside => Vec::new(),
    }
}

/// How often something has been pressed within a moment: once, twice, three times, and then from the beginning.
fn times(model: &mut Model, target: Target) -> u8 {
    let now = model.now;
    let times = match model.pointer.pressed {
        Some((before, at, times)) if before == target && (now - at).num_milliseconds() <= TWICE => times % 3 + 1,
        _ => 1,
    };
    model.pointer.pressed = Some((target, now, times));
    times
}

/// The mouse is moved with its button down: it selects in the text, and makes a column wider or narrower.
pub(super) fn on_drag(model: &mut Model, over: Option<Target>, column: u16) -> Vec<Effect> {
    if !model.popups.is_empty() {
        return Vec::new();
    }
    match model.pointer.held {
        Held::Nothing => {}
        Held::Text => {
            let editor = &mut model.sql.tab_mut().editor;
            let place = match over {
                Some(Target::EditorText(line, column)) => editor.text().at_column(line, column),
                Some(Target::EditorLine(line)) => Place::new(line, 0),
                Some(Target::SqlHalf(Half::Editor)) => editor.text().end(),
                _ => return Vec::new(),
            };
            editor.go_to(place, true);
        }
        Held::Edge(place, x) => super::grid::resize(model, place, usize::from(column.saturating_sub(x))),
    }
    Vec::new()
}

/// The wheel over a half of the SQL pane.
pub(super) fn on_scroll(model: &mut Model, half: Half, delta: isize) -> Vec<Effect> {
    if !model.popups.is_empty() {
        return on_wheel(model, None, delta);
    }
    if half == Half::Results {
        return super::grid::wheel(model, delta * WHEEL);
    }
    let (drawn, height) = (model.viewport.editor_top, model.viewport.editor_height);
    let tab = model.sql.tab_mut();
    if let Some(list) = &mut tab.completion {
        list.step(delta);
        return Vec::new();
    }
    // The cursor stays where it is, also off the screen; the next move of it leads back.
    let last = tab.editor.lines().len().saturating_sub(height.max(1));
    let here = (tab.editor.revision(), tab.editor.cursor());
    let top = tab.scrolled.filter(|(revision, cursor, _)| (*revision, *cursor) == here).map_or(drawn, |(.., top)| top);
    tab.scrolled = Some((here.0, here.1, top.saturating_add_signed(delta * WHEEL).min(last)));
    Vec::new()
}

/// The wheel turned sideways over the result.
pub(super) fn on_sideways(model: &mut Model, delta: isize) -> Vec<Effect> {
    if model.popups.is_empty() { super::grid::sideways(model, delta) } else { Vec::new() }
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
        Some(pane @ (Pane::Pipeline | Pane::Predict | Pane::Explore)) => move_rows(model, pane, delta),
        _ => Vec::new(),
    }
}

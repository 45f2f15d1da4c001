//! The commands of the SQL result.

use super::movement::page;
use crate::app::model::Model;
use crate::app::sql::result::{self, Command};
use crate::app::{Effect, Pane};

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Up => move_rows(model, -1),
        Command::Down => move_rows(model, 1),
        Command::PageUp => move_rows(model, -page(model)),
        Command::PageDown => move_rows(model, page(model)),
        Command::First => move_rows(model, isize::MIN / 2),
        Command::Last => move_rows(model, isize::MAX / 2),
        Command::Left => move_column(model, -1),
        Command::Right => move_column(model, 1),
        Command::CopyCell | Command::CopyRow => copy(model, command == Command::CopyRow),
    }
}

pub(super) fn available(model: &Model, command: Command) -> bool {
    match command {
        Command::CopyCell | Command::CopyRow => {
            model.focus == Pane::Sql && model.sql.tab().result().is_some_and(|result| result.cell().is_some())
        }
        _ => true,
    }
}

pub(super) fn move_rows(model: &mut Model, delta: isize) -> Vec<Effect> {
    let height = model.viewport.heights[Pane::Sql as usize];
    let Some(result) = model.sql.tab_mut().result_mut() else { return Vec::new() };
    result.list.move_by(delta, result.rows.len());
    result.fetch_if_near(height)
}

fn move_column(model: &mut Model, delta: isize) -> Vec<Effect> {
    let width = model.viewport.grid_width;
    if let Some(result) = model.sql.tab_mut().result_mut() {
        result.move_column(delta, width);
    }
    Vec::new()
}

fn copy(model: &mut Model, row: bool) -> Vec<Effect> {
    let Some(result) = model.sql.tab().result() else { return Vec::new() };
    let text = if row {
        result.rows.get(result.list.selected).map(|cells| cells.iter().map(result::raw_text).collect::<Vec<_>>().join("\t"))
    } else {
        result.cell().map(result::raw_text)
    };
    match text {
        Some(text) => {
            model.say(if row { "Row copied" } else { "Cell copied" }, false);
            vec![Effect::Copy(text)]
        }
        None => Vec::new(),
    }
}

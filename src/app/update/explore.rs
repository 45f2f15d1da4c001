//! The Explore pane: its commands, and the statements that it opens in the console.

use super::console;
use super::movement::focus;
use crate::app::explore::{Command, Msg, Statement};
use crate::app::model::Model;
use crate::app::{Effect, Pane, sql};

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let state = &mut model.explore;
    match command {
        Command::NextView => state.show(state.view.step(1)),
        Command::PreviousView => state.show(state.view.step(-1)),
        Command::Show(view) => {
            state.show(view);
            return focus(model, Pane::Explore);
        }
        Command::Open => {
            if let Some(statement) = state.open() {
                return in_console(model, statement);
            }
        }
        Command::Statements => state.statements = if state.statements.is_some() { None } else { Some(0) },
        Command::Console => {
            if let Some(statement) = state.console() {
                return in_console(model, statement);
            }
        }
        Command::Save => return state.save(),
        Command::Images => state.images.on = !state.images.on,
        Command::NextOther => state.step_other(1),
        Command::PreviousOther => state.step_other(-1),
    }
    Vec::new()
}

pub(super) fn available(model: &Model, command: Command) -> bool {
    let state = &model.explore;
    match command {
        Command::Show(_) => state.source.is_some(),
        _ if model.focus != Pane::Explore => false,
        Command::NextView | Command::PreviousView => state.source.is_some(),
        Command::Open => state.statements.is_some() || state.marks() > 0,
        Command::Images => state.images.possible && state.view.as_image(),
        Command::Statements | Command::Console | Command::Save => state.shown().is_some(),
        Command::NextOther | Command::PreviousOther => {
            state.view == crate::app::explore::View::Density && state.numeric() && state.others().len() > 1
        }
    }
}

/// Asks for what is missing, when the pane is looked at.
pub(super) fn want(model: &mut Model) -> Vec<Effect> {
    if model.focus == Pane::Explore && model.identity().is_some() { model.explore.want() } else { Vec::new() }
}

/// Takes an answer.
pub(super) fn on_msg(model: &mut Model, msg: Msg) -> Vec<Effect> {
    if let Some((sentence, bad)) = model.explore.update(msg) {
        model.say(sentence, bad);
    }
    Vec::new()
}

/// Opens a statement in an empty tab of the console, and runs it where that is wanted.
fn in_console(model: &mut Model, statement: Statement) -> Vec<Effect> {
    let tab = model.sql.tab();
    if tab.busy() || !tab.text().trim().is_empty() {
        model.sql.open_tab();
    }
    let tab = model.sql.tab_mut();
    tab.name = statement.title;
    tab.engine = statement.engine;
    tab.replace(&statement.sql);
    let mut effects = focus(model, Pane::Sql);
    if statement.run {
        effects.extend(console::run(model, sql::Command::Run));
    }
    effects
}

//! The commands and keys of the SQL editor.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::model::Model;
use crate::app::sql::Half;
use crate::app::sql::editor::Command;
use crate::app::{Effect, Pane};

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    let editor = &mut model.sql.tab_mut().editor;
    match command {
        Command::Undo => {
            if !editor.undo() {
                model.say("Nothing to undo", false);
            }
        }
        Command::Redo => {
            if !editor.redo() {
                model.say("Nothing to redo", false);
            }
        }
        Command::SelectAll => editor.select_all(),
    }
    Vec::new()
}

pub(super) fn available(model: &Model, command: Command) -> bool {
    match command {
        Command::Undo | Command::Redo | Command::SelectAll => model.focus == Pane::Sql && model.sql.tab().half == Half::Editor,
    }
}

/// A key that the editor wants before the table of actions is asked; `None` when it does not want it.
pub(super) fn key_first(model: &mut Model, key: KeyEvent) -> Option<Vec<Effect>> {
    let editor = &mut model.sql.tab_mut().editor;
    if !editor.is_selecting() {
        return None;
    }
    match key.code {
        KeyCode::Esc => {
            editor.cancel_selection();
            Some(Vec::new())
        }
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
            editor.copy();
            editor.cancel_selection();
            let text = editor.yank_text();
            model.say("Copied", false);
            Some(vec![Effect::Copy(text)])
        }
        _ => None,
    }
}

/// A key that is no action.
pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    model.sql.tab_mut().key(key);
    Vec::new()
}

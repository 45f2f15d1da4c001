//! The commands of the SQL console.

use super::movement::focus;
use crate::app::action::Command;
use crate::app::model::Model;
use crate::app::popup::{Choice, Item, Picker, Popup};
use crate::app::sql::{self, Half};
use crate::app::{Effect, Pane};
use crate::demo::figures;
use crate::ops::query::QueryEngine;

pub(super) fn sql_command(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::SqlRun => {
            if model.identity().is_none() {
                model.say("The account is still being opened", false);
            } else if model.sql.running.is_some() {
                model.say("A statement is running; Ctrl-C cancels it", false);
            } else if model.sql.statement().is_none() {
                model.say("There is no statement under the cursor; F3 has some", false);
            } else {
                model.focus = Pane::Sql;
            }
            if model.identity().is_some() { model.sql.run(model.now) } else { Vec::new() }
        }
        Command::SqlEngine => {
            model.sql.engine = match model.sql.engine {
                QueryEngine::Redshift => QueryEngine::Athena,
                QueryEngine::Athena => QueryEngine::Redshift,
            };
            focus(model, Pane::Sql)
        }
        Command::SqlLibrary => {
            let items = model
                .sql
                .library
                .iter()
                .map(|entry| Item {
                    label: entry.title.clone(),
                    detail: entry.text.lines().find(|line| !line.trim_start().starts_with("--")).unwrap_or_default().to_owned(),
                    mark: engine_name(entry.engine).to_owned(),
                    choice: Choice::Statement(entry.clone()),
                })
                .collect::<Vec<_>>();
            if items.is_empty() {
                model.say("The library comes with the account, which is still being opened", false);
            } else {
                model.popups.push(Popup::Picker(Picker::new("Statements of the demonstration", items)));
            }
            Vec::new()
        }
        Command::SqlHistory => {
            let items = model
                .sql
                .history
                .iter()
                .rev()
                .map(|ran| Item {
                    label: ran.sql.split_whitespace().collect::<Vec<_>>().join(" "),
                    detail: ran.rows.map_or_else(|| "failed".to_owned(), |rows| format!("{} rows", figures::count(rows))),
                    mark: engine_name(ran.engine).to_owned(),
                    choice: Choice::Statement(sql::LibraryEntry { title: String::new(), engine: ran.engine, text: ran.sql.clone() }),
                })
                .collect::<Vec<_>>();
            if items.is_empty() {
                model.say("No statement has run yet", false);
            } else {
                model.popups.push(Popup::Picker(Picker::new("Statements that ran", items)));
            }
            Vec::new()
        }
        Command::SqlResults => {
            if model.sql.result.is_some() {
                model.sql.half = Half::Results;
                return focus(model, Pane::Sql);
            }
            model.say("There is no result yet; F5 runs the statement under the cursor", false);
            Vec::new()
        }
        Command::SqlEditor => {
            model.sql.half = Half::Editor;
            focus(model, Pane::Sql)
        }
        Command::SqlUndo => {
            if !model.sql.editor.undo() {
                model.say("Nothing to undo", false);
            }
            Vec::new()
        }
        Command::SqlRedo => {
            if !model.sql.editor.redo() {
                model.say("Nothing to redo", false);
            }
            Vec::new()
        }
        Command::SqlSelectAll => {
            model.sql.editor.select_all();
            Vec::new()
        }
        Command::CopyCell | Command::CopyRow => copy(model, command == Command::CopyRow),
        _ => Vec::new(),
    }
}

fn copy(model: &mut Model, row: bool) -> Vec<Effect> {
    let Some(result) = &model.sql.result else { return Vec::new() };
    let text = if row {
        result.rows.get(result.list.selected).map(|cells| cells.iter().map(sql::result::raw_text).collect::<Vec<_>>().join("\t"))
    } else {
        result.cell().map(sql::result::raw_text)
    };
    match text {
        Some(text) => {
            model.say(if row { "Row copied" } else { "Cell copied" }, false);
            vec![Effect::Copy(text)]
        }
        None => Vec::new(),
    }
}

/// The name of an engine for people.
pub fn engine_name(engine: QueryEngine) -> &'static str {
    match engine {
        QueryEngine::Redshift => "Redshift",
        QueryEngine::Athena => "Athena",
    }
}

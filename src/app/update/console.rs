//! The commands of the SQL console.

use super::movement::focus;
use crate::app::model::Model;
use crate::app::popup::{Choice, Item, Picker, Popup};
use crate::app::sql::{self, Command, Half};
use crate::app::{Effect, Pane};
use crate::demo::figures;
use crate::ops::query::QueryEngine;

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Run => {
            if model.identity().is_none() {
                model.say("The account is still being opened", false);
                return Vec::new();
            }
            if model.sql.tab().busy() {
                model.say("A statement is running in this tab; Ctrl-C cancels it, Ctrl-N opens another tab", false);
            } else if model.sql.tab().statement().is_none() {
                model.say("There is no statement under the cursor; F3 has some", false);
            } else {
                model.focus = Pane::Sql;
            }
            model.sql.run(model.now)
        }
        Command::Engine => {
            let tab = model.sql.tab_mut();
            tab.engine = match tab.engine {
                QueryEngine::Redshift => QueryEngine::Athena,
                QueryEngine::Athena => QueryEngine::Redshift,
            };
            focus(model, Pane::Sql)
        }
        Command::Library => {
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
        Command::History => {
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
        Command::Results => {
            let tab = model.sql.tab_mut();
            if tab.results.is_empty() {
                model.say("There is no result yet; F5 runs the statement under the cursor", false);
                return Vec::new();
            }
            tab.half = Half::Results;
            focus(model, Pane::Sql)
        }
        Command::Editor => {
            model.sql.tab_mut().half = Half::Editor;
            focus(model, Pane::Sql)
        }
        Command::NewTab => {
            model.sql.open_tab();
            focus(model, Pane::Sql)
        }
        Command::CloseTab => model.sql.close_tab(),
        Command::NextTab | Command::PreviousTab => {
            model.sql.step_tab(command == Command::NextTab);
            focus(model, Pane::Sql)
        }
    }
}

pub(super) fn available(model: &Model, command: Command) -> bool {
    match command {
        Command::Run => model.identity().is_some() && !model.sql.tab().busy(),
        Command::Library => !model.sql.library.is_empty(),
        Command::History => !model.sql.history.is_empty(),
        Command::Results => !model.sql.tab().results.is_empty(),
        Command::Editor => model.sql.tab().half == Half::Results,
        Command::NextTab | Command::PreviousTab => model.sql.tabs().len() > 1,
        Command::Engine | Command::NewTab | Command::CloseTab => true,
    }
}

/// The name of an engine for people.
pub fn engine_name(engine: QueryEngine) -> &'static str {
    match engine {
        QueryEngine::Redshift => "Redshift",
        QueryEngine::Athena => "Athena",
    }
}

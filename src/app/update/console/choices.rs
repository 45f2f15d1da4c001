//! What is done with what was chosen in a popup of the console.

use crossterm::event::KeyCode;

use super::{ask, begin, ready, show_catalog};
use crate::app::model::Model;
use crate::app::popup::Choice;
use crate::app::sql::choice::{Browse, Choice as Chosen, Naming};
use crate::app::sql::parameters::bind;
use crate::app::sql::{Purpose, Start, dialect};
use crate::app::update::movement::focus;
use crate::app::{Effect, Pane};
use crate::ops::console::saved::SavedQuery;
use crate::ops::query::QueryEngine;
use crate::ops::query::remote::RemoteState;

pub(in crate::app::update) fn chosen(model: &mut Model, choice: Chosen) -> Vec<Effect> {
    match choice {
        Chosen::Start(start) => begin(model, *start),
        Chosen::Given(mut start, values) => {
            for piece in &mut start.pieces {
                (piece.sql, piece.parameters) = bind(dialect(start.engine), &piece.sql, &values);
            }
            start.parameters_given = true;
            model.sql.values.extend(values);
            begin(model, *start)
        }
        Chosen::Ran(ran) => open(model, ran.engine, &ran.sql, None),
        Chosen::Saved(query) => open(model, query.engine, &query.text.clone(), Some(*query)),
        Chosen::Delete(name) => {
            for index in 0..model.sql.tabs().len() {
                let id = model.sql.tabs()[index].id;
                if let Some(tab) = model.sql.tab_by_id(id) {
                    tab.saved = tab.saved.take().filter(|query| query.name != name);
                }
            }
            vec![Effect::DeleteQuery(name)]
        }
        Chosen::Running(tab, _) => {
            if let Some(index) = model.sql.index_of(tab) {
                model.sql.go_to(index);
            }
            focus(model, Pane::Sql)
        }
        Chosen::Remote(remote) => {
            let now = model.now;
            let effects = model.sql.attach(*remote, now);
            model.focus = Pane::Sql;
            effects
        }
        Chosen::CloseTab(id) => match model.sql.index_of(id) {
            Some(index) => {
                model.sql.go_to(index);
                model.sql.close_tab()
            }
            None => Vec::new(),
        },
        Chosen::Leave { running_on } => {
            let mut effects = model.sql.keep_now();
            if running_on {
                effects.push(Effect::LeaveQueries);
            }
            effects.push(Effect::Quit);
            effects
        }
        Chosen::Named(naming, text) => named(model, naming, text),
        Chosen::Browse(browse) => browsed(model, browse),
    }
}

/// Puts a text into the tab on the screen, or into a new one when there is work in it that would go.
fn open(model: &mut Model, engine: QueryEngine, text: &str, saved: Option<SavedQuery>) -> Vec<Effect> {
    if model.sql.tab().busy() {
        model.sql.open_tab();
    }
    let tab = model.sql.tab_mut();
    tab.engine = engine;
    tab.replace(text);
    if let Some(query) = &saved {
        tab.name.clone_from(&query.name);
    }
    tab.saved = saved;
    focus(model, Pane::Sql)
}

/// A line of a list, with one of the list's further keys.
pub(in crate::app::update) fn keyed(model: &mut Model, key: KeyCode, choice: Choice) -> Vec<Effect> {
    match (key, choice) {
        (KeyCode::F(5), Choice::Console(Chosen::Ran(ran))) => {
            let mut effects = open(model, ran.engine, &ran.sql, None);
            if ready(model)
                && let Some(start) = model.sql.start(true)
            {
                effects.extend(begin(model, start));
            }
            effects
        }
        (KeyCode::Delete, Choice::Console(Chosen::Running(tab, run))) => {
            let here = model.sql.tab_by_id(tab).filter(|tab| tab.has_run(run));
            here.map(crate::app::sql::Tab::cancel).unwrap_or_default()
        }
        (KeyCode::Delete, Choice::Console(Chosen::Remote(remote))) if remote.state == RemoteState::Running => {
            vec![Effect::CancelRemote(remote.engine, remote.id)]
        }
        (KeyCode::Delete, Choice::Console(Chosen::Remote(_))) => {
            model.say("That statement has ended", false);
            Vec::new()
        }
        (KeyCode::Delete, Choice::Console(Chosen::Saved(query))) => {
            model.popups.push(crate::app::popup::Popup::Confirm(crate::app::popup::Confirm {
                title: format!("Delete “{}”?", query.name),
                body: "The file of the saved query is removed.".into(),
                phrase: None,
                typed: String::new(),
                yes: "Delete it",
                choice: Choice::Console(Chosen::Delete(query.name)),
            }));
            Vec::new()
        }
        (KeyCode::F(2), Choice::Console(Chosen::Saved(query))) => {
            let name = query.name.clone();
            ask(model, "Another name for the query", "", query.name, Naming::Rename(name))
        }
        (KeyCode::Delete, Choice::Form(chosen)) => crate::app::update::predict::deletes(model, chosen),
        (_, Choice::Statement(_)) => {
            model.say("That is a statement of the demonstration; it stays as it is", false);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn named(model: &mut Model, naming: Naming, text: String) -> Vec<Effect> {
    match naming {
        Naming::Tab(id) => {
            if let Some(tab) = model.sql.tab_by_id(id) {
                tab.name = text;
            }
            Vec::new()
        }
        Naming::Save(id) => {
            let mut parts = text.split('#').map(str::trim);
            let name = parts.next().unwrap_or_default().to_owned();
            if name.is_empty() {
                model.say("A saved query needs a name", true);
                return Vec::new();
            }
            let tags: Vec<String> = parts.map(str::to_owned).filter(|tag| !tag.is_empty()).collect();
            let Some(tab) = model.sql.tab_by_id(id) else { return Vec::new() };
            let query = SavedQuery { name: name.clone(), engine: tab.engine, tags, text: tab.text() };
            tab.name.clone_from(&name);
            tab.saved = Some(query.clone());
            model.say(format!("Saved as “{name}”"), false);
            vec![Effect::SaveQuery(Box::new(query))]
        }
        Naming::Rename(from) if text.is_empty() || text == from => Vec::new(),
        Naming::Rename(from) => vec![Effect::RenameQuery { from, to: text }],
    }
}

fn browsed(model: &mut Model, browse: Browse) -> Vec<Effect> {
    match browse {
        Browse::Insert(name) => {
            let tab = model.sql.tab_mut();
            tab.paste(&name);
            if name.ends_with("()") {
                // Into the brackets of a call.
                tab.editor.step_back(1);
                model.sql.follow_call(true);
            }
            focus(model, Pane::Sql)
        }
        Browse::Run(engine, sql) => {
            if model.sql.tab().busy() {
                model.sql.open_tab();
            }
            let id = model.sql.tab().id;
            model.focus = Pane::Sql;
            let start = Start::aside(id, engine, sql, Purpose::Rows);
            let now = model.now;
            model.sql.begin(start, now)
        }
        Browse::Refresh(engine) => {
            let effects = model.sql.read_catalog(engine);
            if let Some(crate::app::popup::Popup::Catalog(browser)) = model.popups.last_mut() {
                browser.reading = true;
            }
            effects
        }
        Browse::Switch(engine) => show_catalog(model, engine),
    }
}

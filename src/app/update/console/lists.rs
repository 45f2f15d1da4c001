//! The lists of the console: statements of the demonstration, saved ones, those that ran, those that run.

use crossterm::event::KeyCode;

use super::engine_name;
use crate::app::Effect;
use crate::app::model::Model;
use crate::app::popup::{Choice, Item, Picker, Popup};
use crate::app::sql::RunState;
use crate::app::sql::choice::Choice as Chosen;
use crate::demo::figures;
use crate::ops::OpError;
use crate::ops::query::remote::Remote;

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Saved queries, then the statements of the demonstration.
pub(super) fn library(model: &mut Model) -> Vec<Effect> {
    let saved = model.sql.saved.iter().map(|query| Item {
        label: query.name.clone(),
        detail: match query.tags.is_empty() {
            true => one_line(&query.text),
            false => format!("#{}  {}", query.tags.join(" #"), one_line(&query.text)),
        },
        mark: format!("saved · {}", engine_name(query.engine)),
        choice: Choice::Console(Chosen::Saved(Box::new(query.clone()))),
    });
    let demo = model.sql.library.iter().map(|entry| Item {
        label: entry.title.clone(),
        detail: entry.text.lines().find(|line| !line.trim_start().starts_with("--")).unwrap_or_default().to_owned(),
        mark: engine_name(entry.engine).to_owned(),
        choice: Choice::Statement(entry.clone()),
    });
    let items: Vec<Item> = saved.chain(demo).collect();
    if items.is_empty() {
        model.say("The library comes with the account, which is still being opened", false);
        return Vec::new();
    }
    let picker = if model.sql.saved.is_empty() {
        Picker::new("Statements of the demonstration", items)
    } else {
        Picker::new("Saved queries, and statements of the demonstration", items)
            .with_keys("opens", &[(KeyCode::F(2), "renames"), (KeyCode::Delete, "deletes a saved one")])
    };
    model.popups.push(Popup::Picker(picker));
    Vec::new()
}

pub(super) fn history(model: &mut Model) -> Vec<Effect> {
    let zone = model.zone;
    let today = model.now.with_timezone(&zone).date_naive();
    let items: Vec<Item> = model
        .sql
        .history
        .iter()
        .rev()
        .map(|ran| {
            let at = ran.at.with_timezone(&zone);
            let when = if at.date_naive() == today { at.format("%H:%M:%S").to_string() } else { at.format("%d %b %H:%M").to_string() };
            let how = match (&ran.error, ran.rows) {
                (Some(error), _) => format!("✖ {}", one_line(error)),
                (None, Some(rows)) => format!("{} rows, {}", figures::count(rows), figures::duration(ran.seconds)),
                (None, None) => format!("done, {}", figures::duration(ran.seconds)),
            };
            Item {
                label: one_line(&ran.sql),
                detail: how,
                mark: format!("{} {when}", engine_name(ran.engine)),
                choice: Choice::Console(Chosen::Ran(Box::new(ran.clone()))),
            }
        })
        .collect();
    if items.is_empty() {
        model.say("No statement has run yet", false);
    } else {
        let picker = Picker::new("Statements that ran", items).with_keys("opens", &[(KeyCode::F(5), "runs again")]);
        model.popups.push(Popup::Picker(picker));
    }
    Vec::new()
}

/// The statements that are on a service, of every tab.
pub(super) fn running(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let mut items = Vec::new();
    for (index, tab) in model.sql.tabs().iter().enumerate() {
        for run in tab.active() {
            let RunState::Active { since, state, cancelling } = &run.state else { continue };
            let seconds = (now - *since).num_milliseconds() as f64 / 1000.0;
            let what = if *cancelling { "being cancelled".to_owned() } else { format!("{state:?}").to_lowercase() };
            items.push(Item {
                label: run.line(),
                detail: format!("{what}, {}", figures::so_far(seconds)),
                mark: format!("{} · {}", tab.title(index), engine_name(run.engine)),
                choice: Choice::Console(Chosen::Running(tab.id, run.id)),
            });
        }
    }
    if items.is_empty() {
        model.say("No statement is running", false);
    } else {
        let picker = Picker::new("Statements that run", items).with_keys("goes there", &[(KeyCode::Delete, "cancels it")]);
        model.popups.push(Popup::Picker(picker));
    }
    Vec::new()
}

/// The newest statements of the account, whoever sent them.
pub(super) fn account(model: &mut Model, answer: Result<Vec<Remote>, OpError>) -> Vec<Effect> {
    let zone = model.zone;
    let found = match answer {
        Ok(found) => found,
        Err(error) => {
            model.say(error.to_string(), true);
            return Vec::new();
        }
    };
    let items: Vec<Item> = found
        .into_iter()
        .map(|remote| Item {
            label: one_line(&remote.sql),
            detail: match remote.at {
                Some(at) => format!("{}, {}", remote.state.title(), at.with_timezone(&zone).format("%d %b %H:%M:%S")),
                None => remote.state.title().to_owned(),
            },
            mark: engine_name(remote.engine).to_owned(),
            choice: Choice::Console(Chosen::Remote(Box::new(remote))),
        })
        .collect();
    if items.is_empty() {
        model.say("The account has no statements", false);
    } else {
        let picker =
            Picker::new("Statements of the account", items).with_keys("follows it in a new tab", &[(KeyCode::Delete, "cancels it")]);
        model.popups.push(Popup::Picker(picker));
    }
    Vec::new()
}

/// What becomes of the statements that run when the program ends.
pub(super) fn leaving(model: &mut Model, running: &[String]) -> Vec<Effect> {
    let item = |label: &str, detail: &str, choice| Item { label: label.into(), detail: detail.into(), mark: String::new(), choice };
    let items = vec![
        item("Leave, and let them run on", "they are found again at the next start", Choice::Console(Chosen::Leave { running_on: true })),
        item("Leave, and cancel them", "at the service, too", Choice::Console(Chosen::Leave { running_on: false })),
    ];
    let title = format!("Still running: {}. Esc stays", running.join(" and "));
    model.popups.push(Popup::Picker(Picker::new(&title, items)));
    Vec::new()
}

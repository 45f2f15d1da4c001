//! Keys and pasted text: to the component on top, to the text being typed, or to the table of actions.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::availability::remote_scopes;
use super::commands::run_command;
use super::movement::focus;
use super::scopes;
use crate::app::action::{self, Command, Scope};
use crate::app::model::{Link, Model};
use crate::app::popup::{Choice, Outcome};
use crate::app::sql::Half;
use crate::app::{Effect, Pane, login, predict};
use crate::config::settings::TargetKind;

pub(super) fn on_key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    // Whatever is on the screen, and whether the account is open or not: this is for when something is wrong.
    if action::find(&key, &[Scope::Always]).is_some_and(|action| action.command == Command::Fallback) {
        return run_command(model, Command::Fallback);
    }
    if let Some(top) = model.popups.last_mut() {
        let outcome = top.key(key, model.viewport.popup_height);
        if outcome != Outcome::Ignored {
            return conclude(model, outcome);
        }
        return match action::find(&key, &[Scope::Always]).map(|action| action.command) {
            Some(command @ (Command::Quit | Command::Suspend | Command::Redraw | Command::Theme | Command::Picture)) => {
                run_command(model, command)
            }
            _ => Vec::new(),
        };
    }
    if matches!(model.link, Link::Closed(_)) {
        return closed_key(model, key);
    }
    if let Some(action) = action::find(&key, &remote_scopes(model)) {
        return run_command(model, action.command);
    }
    let always = action::find(&key, &[Scope::Always]).map(|action| action.command);
    let looks = matches!(always, Some(Command::Theme | Command::Size | Command::Spotlight | Command::Picture | Command::Redraw));
    // How the screen looks is the presenter's business, and takes no pane in hand.
    if let Some(remote) = model.walkthrough.presenting.as_mut().filter(|_| !looks) {
        remote.in_hand = false;
    }
    if model.focus == Pane::Predict
        && model.predict.editing.is_some()
        && let Some(effects) = form_key(model, key)
    {
        return effects;
    }
    if model.result_prompt()
        && let Some(effects) = super::grid::prompt_key(model, key)
    {
        return effects;
    }
    if let Some(effects) = super::pipeline::search_key(model, key) {
        return effects;
    }
    let editing = model.focus == Pane::Sql && model.sql.tab().half == Half::Editor;
    if editing && let Some(effects) = super::editor::key_first(model, key) {
        return effects;
    }
    match action::find(&key, &scopes(model)) {
        Some(action) => run_command(model, action.command),
        None if editing => super::editor::key(model, key),
        None => Vec::new(),
    }
}

/// Keys of the message that the target cannot be opened.
fn closed_key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    match key.code {
        KeyCode::Char('r') | KeyCode::Enter => {
            model.link = Link::Opening;
            vec![Effect::Connect { confirmed: false }]
        }
        KeyCode::Char('L') if model.target == TargetKind::Aws => login::log_in(),
        KeyCode::Char('D') => run_command(model, Command::Doctor),
        KeyCode::Char('q') | KeyCode::Esc => vec![Effect::Quit],
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => vec![Effect::Quit],
        _ => match action::find(&key, &[Scope::Always]).map(|action| action.command) {
            Some(command @ (Command::Quit | Command::Suspend | Command::Redraw | Command::Theme | Command::Picture)) => {
                run_command(model, command)
            }
            _ => Vec::new(),
        },
    }
}

/// Keys while a number of the form is typed.
fn form_key(model: &mut Model, key: KeyEvent) -> Option<Vec<Effect>> {
    let before = model.before_edit.clone();
    match key.code {
        KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
            Some(model.predict.type_character(Some(c)))
        }
        KeyCode::Backspace => Some(model.predict.type_character(None)),
        KeyCode::Enter => Some(model.predict.finish_editing(true, before)),
        KeyCode::Esc => Some(model.predict.finish_editing(false, before)),
        KeyCode::Up | KeyCode::Down => {
            model.predict.finish_editing(true, before);
            None
        }
        _ => None,
    }
}

pub(super) fn on_paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if let Some(top) = model.popups.last_mut() {
        top.paste(text);
        return Vec::new();
    }
    match model.focus {
        Pane::Sql if model.result_prompt() => {
            super::grid::prompt_paste(model, text);
            Vec::new()
        }
        Pane::Sql => {
            model.sql.tab_mut().completion = None;
            model.sql.tab_mut().paste(text);
            model.sql.check()
        }
        Pane::Pipeline if model.pipeline.searching() => {
            super::pipeline::search_paste(model, text);
            Vec::new()
        }
        Pane::Predict if model.predict.editing.is_some() => {
            text.trim().chars().take(24).flat_map(|c| model.predict.type_character(Some(c))).last().into_iter().collect()
        }
        Pane::Predict if !model.predict.fields.is_empty() => super::predict::paste(model, text),
        _ => {
            model.say("Go to SQL (3) to paste a statement", false);
            Vec::new()
        }
    }
}

pub(super) fn conclude(model: &mut Model, outcome: Outcome) -> Vec<Effect> {
    let choice = match outcome {
        Outcome::Consumed | Outcome::Ignored => return Vec::new(),
        Outcome::Stay(choice) => Some(choice),
        Outcome::Close(choice) => {
            model.popups.pop();
            choice
        }
    };
    match choice {
        None => Vec::new(),
        Some(Choice::Console(choice)) => super::console::chosen(model, choice),
        Some(Choice::Keyed(key, choice)) => super::console::keyed(model, key, *choice),
        Some(Choice::Command(command)) => run_command(model, command),
        Some(Choice::Statement(entry)) => {
            let tab = model.sql.tab_mut();
            tab.engine = entry.engine;
            tab.replace(&entry.text);
            focus(model, Pane::Sql)
        }
        Some(Choice::Value(field, value)) => model.predict.update(predict::Msg::Picked(field, value)),
        Some(Choice::Form(choice)) => super::predict::chosen(model, choice),
        Some(Choice::Run(steps)) => model.walkthrough.start(steps),
        Some(Choice::Work(work)) => super::pipeline::begin(model, *work),
        Some(Choice::Quit) => super::commands::leave(model),
        Some(Choice::Begin(step)) => super::commands::begin(model, step),
        Some(Choice::Copy(text)) => {
            model.say("Copied", false);
            vec![Effect::Copy(text)]
        }
        Some(Choice::Confirmed) => {
            model.link = Link::Opening;
            vec![Effect::Connect { confirmed: true }]
        }
    }
}

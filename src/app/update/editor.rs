//! The commands and keys of the SQL editor.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::model::Model;
use crate::app::sql::completion::Answer;
use crate::app::sql::editor::vim::Vim;
use crate::app::sql::editor::{Command, Editor, Reply};
use crate::app::sql::{Half, lexer};
use crate::app::{Effect, Pane};

pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    model.sql.tab_mut().completion = None;
    model.sql.follow_call(false);
    if command == Command::Complete {
        model.sql.suggest(true);
        if model.sql.tab().completion.is_none() {
            model.say("Nothing can be suggested here", false);
        }
        return Vec::new();
    }
    if command == Command::Elsewhere {
        let tab = model.sql.tab();
        return vec![Effect::EditElsewhere { tab: tab.id, text: tab.text(), line: tab.editor.cursor().line + 1 }];
    }
    let reply = on_editor(model, |editor| editor.run(command));
    if command == Command::VimMode {
        // One person has one way of typing.
        let on = model.sql.tab().editor.vim().is_some();
        model.sql.editors().for_each(|editor| editor.set_vim(on));
    }
    conclude(model, reply)
}

pub(super) fn available(model: &Model, command: Command) -> bool {
    let tab = model.sql.tab();
    let editing = model.focus == Pane::Sql && tab.half == Half::Editor;
    match command {
        Command::VimMode => true,
        Command::FindNext | Command::FindPrevious => editing && !tab.editor.found().pattern.is_empty(),
        _ => editing,
    }
}

/// Whether Tab belongs to the text: not in an empty one, nor where vim's keys are commands.
pub(super) fn takes_tab(model: &Model) -> bool {
    let tab = model.sql.tab();
    let typing = model.focus == Pane::Sql && tab.half == Half::Editor && !tab.editor.is_empty();
    typing && tab.editor.vim().is_none_or(Vim::inserting)
}

/// A key that the editor wants before the table of actions is asked; `None` when it does not want it.
pub(super) fn key_first(model: &mut Model, key: KeyEvent) -> Option<Vec<Effect>> {
    let tab = model.sql.tab_mut();
    match tab.completion.as_mut().map(|list| list.key(key)) {
        None | Some(Answer::Ignored) => {}
        Some(Answer::Taken) => return Some(Vec::new()),
        Some(Answer::Close) => tab.completion = None,
        Some(Answer::Dismissed) => {
            tab.completion = None;
            // Esc also ends what vim is typing; elsewhere it has done its work.
            if !tab.editor.vim().is_some_and(Vim::inserting) {
                return Some(Vec::new());
            }
        }
        Some(Answer::Accept(suggestion)) => {
            model.sql.accept(&suggestion);
            model.sql.follow_call(true);
            return Some(model.sql.check());
        }
    }
    let page = model.viewport.editor_height;
    let reply = on_editor(model, |editor| {
        editor.set_page(page);
        match editor.first(key) {
            // In a text Tab indents. In an empty one, and where vim's keys are commands, it leads to the next pane.
            Reply::Ignored if matches!(key.code, KeyCode::Tab | KeyCode::BackTab) && !editor.is_empty() => editor.key(key),
            reply => reply,
        }
    });
    if reply == Reply::Ignored {
        // Esc takes the signature away first.
        if key.code == KeyCode::Esc && model.sql.tab_mut().call.take().is_some() {
            return Some(Vec::new());
        }
        return None;
    }
    model.sql.follow_call(false);
    Some(conclude(model, reply))
}

/// A key that is no action.
pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let before = model.sql.tab().editor.revision();
    let reply = on_editor(model, |editor| editor.key(key));
    let typed = model.sql.tab().editor.revision() != before;
    if typed {
        follow(model, key);
    } else {
        model.sql.tab_mut().completion = None;
    }
    // Once it is there the signature also follows the cursor.
    let follows = typed || model.sql.tab().call.is_some();
    model.sql.follow_call(follows);
    conclude(model, reply)
}

/// Suggestions follow what is typed.
fn follow(model: &mut Model, key: KeyEvent) {
    let typing = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Char(c) if typing && (lexer::is_word(c) || matches!(c, '.' | ':' | '"')) => model.sql.suggest(false),
        KeyCode::Backspace if model.sql.tab().completion.is_some() => model.sql.suggest(false),
        _ => model.sql.tab_mut().completion = None,
    }
}

fn on_editor(model: &mut Model, act: impl FnOnce(&mut Editor) -> Reply) -> Reply {
    let tab = model.sql.tab_mut();
    let before = tab.editor.revision();
    let reply = act(&mut tab.editor);
    tab.edited(before);
    reply
}

fn conclude(model: &mut Model, reply: Reply) -> Vec<Effect> {
    let mut effects = answer(model, reply);
    effects.extend(model.sql.check());
    effects
}

fn answer(model: &mut Model, reply: Reply) -> Vec<Effect> {
    match reply {
        Reply::Ignored | Reply::Done => Vec::new(),
        Reply::Say(text, bad) => {
            model.say(text, bad);
            Vec::new()
        }
        Reply::Copied(text) => {
            let register = model.sql.tab().editor.register().clone();
            model.sql.editors().for_each(|editor| editor.set_register(register.clone()));
            if model.sql.tab().editor.vim().is_none_or(Vim::inserting) {
                model.say("Copied", false);
            }
            vec![Effect::Copy(text)]
        }
        Reply::Close => model.sql.close_tab(),
    }
}

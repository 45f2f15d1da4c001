//! The one table of what the screen can do. Key handling, hint bar, help and command palette are all made from it, so that what is
//! written on the screen is what happens. It is made of one table for each room; so are the commands of the SQL pane.

mod activity;
pub mod chord;
mod everywhere;
mod explore;
mod pipeline_pane;
mod predict;
mod resources;
mod sql_console;
mod sql_editor;
mod sql_results;
mod walkthrough;

use crossterm::event::KeyEvent;

pub use chord::{Chord, key_label};

use super::explore as explore_pane;
use super::pane::Pane;
use super::pipeline;
use super::predict as predict_form;
use super::predict::beside;
use super::sql::{self, editor, result};

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table below describes each one")]
pub enum Command {
    Help,
    Palette,
    NextFocus,
    PreviousFocus,
    Focus(Pane),
    Zoom,
    Back,
    Cancel,
    Theme,
    Size,
    Spotlight,
    Redraw,
    Suspend,
    LogIn,
    Doctor,
    Fallback,
    Reveal,
    Picture,
    Quit,
    StepRun,
    StepRunAll,
    StepShow,
    StepBegin,
    BeatOn,
    BeatBack,
    Cut,
    Present,
    Refresh,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    NextCustomer,
    EditField,
    Decrease,
    Increase,
    ResetField,
    /// Of the prediction form.
    Form(predict_form::Command),
    /// Beside the prediction form.
    Beside(beside::Command),
    /// Of the SQL editor.
    Edit(editor::Command),
    /// Of the SQL result.
    Grid(result::Command),
    /// Of the SQL console around them.
    Console(sql::Command),
    /// Of the pipeline.
    Pipeline(pipeline::Command),
    /// Of the exploration.
    Explore(explore_pane::Command),
}

/// Where an action applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere, also while text is typed.
    Always,
    /// Everywhere but where the key would be typed into a text.
    Global,
    /// Everywhere, while a presentation is on.
    Remote,
    /// While a presentation is on, where Space is not typed or used otherwise.
    InHand,
    /// A pane that has focus.
    Pane(Pane),
    /// A view of the Pipeline pane.
    View(pipeline::View),
    /// What is said about a step of the pipeline, when keys go there.
    Detail,
    /// The SQL pane, whichever half has the focus: keys that are no text.
    Console,
    /// The SQL editor.
    Editor,
    /// The SQL result.
    Results,
}

/// An action: what it is called, what it does, and its keys.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// What it does, for the program.
    pub command: Command,
    /// Stable dotted name.
    pub name: &'static str,
    /// One or two words, for the hint bar; empty when it is not worth a hint.
    pub label: &'static str,
    /// A sentence, for help and palette.
    pub description: &'static str,
    /// Default keys, the first one is shown.
    pub keys: &'static [&'static str],
    /// Where it applies.
    pub scope: Scope,
}

const fn action(
    scope: Scope,
    command: Command,
    name: &'static str,
    label: &'static str,
    description: &'static str,
    keys: &'static [&'static str],
) -> Action {
    Action { command, name, label, description, keys, scope }
}

/// The tables, in the order of help and palette.
const TABLES: [&[Action]; 11] = [
    walkthrough::ACTIONS,
    walkthrough::REMOTE,
    resources::ACTIONS,
    sql_console::ACTIONS,
    sql_editor::ACTIONS,
    sql_results::ACTIONS,
    pipeline_pane::ACTIONS,
    predict::ACTIONS,
    explore::ACTIONS,
    activity::ACTIONS,
    everywhere::ACTIONS,
];

/// Every action, in the order of help and palette; in a scope, the most wanted first.
pub fn actions() -> impl Iterator<Item = &'static Action> {
    TABLES.into_iter().flatten()
}

/// The names of actions that repeat another one on a key that text input would swallow. Help and palette show only the other one, with
/// the keys of both.
pub fn twin(action: &Action) -> bool {
    matches!(action.scope, Scope::Global) && actions().any(|other| other.scope == Scope::Always && other.command == action.command)
}

/// All keys of an action, those of its twin included, the short ones first.
pub fn keys(action: &Action) -> Vec<&'static str> {
    let mut keys: Vec<&'static str> = Vec::new();
    if action.scope == Scope::Always {
        keys.extend(actions().filter(|other| other.scope == Scope::Global && other.command == action.command).flat_map(|other| other.keys));
    }
    keys.extend(action.keys);
    keys
}

/// The action that a key press means where `scopes` are tried in order.
pub fn find(key: &KeyEvent, scopes: &[Scope]) -> Option<&'static Action> {
    scopes.iter().find_map(|scope| {
        actions().find(|action| {
            action.scope == *scope && action.keys.iter().any(|text| Chord::parse(text).is_some_and(|chord| chord.matches(key)))
        })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_key_of_the_table_can_be_read() {
        for action in actions() {
            for key in action.keys {
                assert!(Chord::parse(key).is_some(), "{}: {key}", action.name);
            }
        }
    }

    #[test]
    fn names_are_unique_and_every_action_says_what_it_does() {
        let mut names: Vec<_> = actions().map(|action| action.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(actions().all(|action| action.description.len() > 3 && !action.description.ends_with('.')));
    }

    #[test]
    fn no_key_means_two_things_in_one_scope() {
        for (index, action) in actions().enumerate() {
            for other in actions().skip(index + 1) {
                if action.scope == other.scope {
                    assert!(!action.keys.iter().any(|key| other.keys.contains(key)), "{} and {}", action.name, other.name);
                }
            }
        }
    }

    #[test]
    fn text_keys_are_never_taken_from_the_editor() {
        for action in actions().filter(|action| matches!(action.scope, Scope::Always | Scope::Editor | Scope::Console)) {
            for key in action.keys {
                assert!(key.chars().count() > 1 && *key != "space" && *key != "enter", "{}: {key}", action.name);
            }
        }
    }
}

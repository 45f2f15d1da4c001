//! The one table of what the screen can do. Key handling, hint bar, help and command palette are all made from it, so that what is
//! written on the screen is what happens.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::pane::Pane;

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
    Redraw,
    Suspend,
    Quit,
    StepRun,
    StepRunAll,
    StepShow,
    Refresh,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Left,
    Right,
    SqlRun,
    SqlEngine,
    SqlLibrary,
    SqlHistory,
    SqlResults,
    SqlEditor,
    SqlUndo,
    SqlRedo,
    SqlSelectAll,
    CopyCell,
    CopyRow,
    PipelineStart,
    PipelineStop,
    NextCustomer,
    EditField,
    Decrease,
    Increase,
    ResetField,
    OpenInConsole,
    ExploreOpen,
}

/// Where an action applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere, also while text is typed.
    Always,
    /// Everywhere but where the key would be typed into a text.
    Global,
    /// A pane that has focus.
    Pane(Pane),
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

use Command as C;
use Scope::{Always, Editor, Global, Results};

const WALK: Scope = Scope::Pane(Pane::Walkthrough);
const RESOURCES: Scope = Scope::Pane(Pane::Resources);
const PIPELINE: Scope = Scope::Pane(Pane::Pipeline);
const PREDICT: Scope = Scope::Pane(Pane::Predict);
const EXPLORE: Scope = Scope::Pane(Pane::Explore);
const ACTIVITY: Scope = Scope::Pane(Pane::Activity);

/// Every action, in the order of help and palette; in a scope, the most wanted first.
pub const ACTIONS: &[Action] = &[
    action(WALK, C::StepRun, "step.run", "run step", "Run the selected step", &["enter", "r"]),
    action(WALK, C::StepRunAll, "step.run-all", "run all", "Run every step but the cleanup, in order", &["R"]),
    action(WALK, C::StepShow, "step.show", "show pane", "Go to the pane where the step can be seen", &["o"]),
    action(WALK, C::Down, "walkthrough.next", "", "Select the next step", &["down", "j"]),
    action(WALK, C::Up, "walkthrough.previous", "", "Select the step before", &["up", "k"]),
    action(WALK, C::PageDown, "walkthrough.scroll-down", "scroll", "Read on in the notes of the step", &["pgdn", "space"]),
    action(WALK, C::PageUp, "walkthrough.scroll-up", "", "Read back in the notes of the step", &["pgup"]),
    action(RESOURCES, C::Refresh, "resources.refresh", "refresh", "Read the state of every resource again", &["r"]),
    action(RESOURCES, C::Down, "resources.next", "", "Select the next resource", &["down", "j"]),
    action(RESOURCES, C::Up, "resources.previous", "", "Select the resource before", &["up", "k"]),
    action(RESOURCES, C::PageDown, "resources.page-down", "", "One page down", &["pgdn", "space"]),
    action(RESOURCES, C::PageUp, "resources.page-up", "", "One page up", &["pgup"]),
    action(RESOURCES, C::First, "resources.first", "", "Select the first resource", &["home", "g"]),
    action(RESOURCES, C::Last, "resources.last", "", "Select the last resource", &["end", "G"]),
    action(
        Editor,
        C::SqlRun,
        "sql.run",
        "run",
        "Run the statement under the cursor, or the selection",
        &["f5", "ctrl-r", "ctrl-enter", "alt-enter"],
    ),
    action(Editor, C::SqlEngine, "sql.engine", "engine", "Switch between Redshift and Athena", &["f4", "ctrl-t"]),
    action(Editor, C::SqlLibrary, "sql.library", "library", "Put a statement of the demonstration into the editor", &["f3", "ctrl-o"]),
    action(Editor, C::SqlHistory, "sql.history", "", "Put an earlier statement into the editor", &["f6"]),
    action(Editor, C::SqlResults, "sql.results", "result", "Go to the rows of the result", &["ctrl-down", "f7"]),
    action(Editor, C::SqlUndo, "sql.undo", "", "Undo the last change", &["ctrl-u"]),
    action(Editor, C::SqlRedo, "sql.redo", "", "Redo what was undone", &["alt-u"]),
    action(Editor, C::SqlSelectAll, "sql.select-all", "", "Select the whole text", &["alt-a"]),
    action(Results, C::SqlEditor, "sql.edit", "edit", "Go back to the editor", &["enter", "i", "ctrl-up"]),
    action(Results, C::SqlRun, "sql.rerun", "run again", "Run the statement under the cursor of the editor", &["f5", "r", "ctrl-r"]),
    action(Results, C::SqlEngine, "sql.switch-engine", "engine", "Switch between Redshift and Athena", &["f4", "e", "ctrl-t"]),
    action(
        Results,
        C::SqlLibrary,
        "sql.open-library",
        "library",
        "Put a statement of the demonstration into the editor",
        &["f3", "l", "ctrl-o"],
    ),
    action(Results, C::SqlHistory, "sql.open-history", "", "Put an earlier statement into the editor", &["f6", "H"]),
    action(Results, C::CopyCell, "sql.copy-cell", "copy cell", "Copy the cell to the clipboard", &["y"]),
    action(Results, C::CopyRow, "sql.copy-row", "", "Copy the row, with tabs between the cells", &["Y"]),
    action(Results, C::Down, "sql.row-down", "", "Next row", &["down", "j"]),
    action(Results, C::Up, "sql.row-up", "", "Row before", &["up", "k"]),
    action(Results, C::Left, "sql.column-left", "", "Column to the left", &["left", "h"]),
    action(Results, C::Right, "sql.column-right", "", "Column to the right", &["right"]),
    action(Results, C::PageDown, "sql.page-down", "", "One page down", &["pgdn", "space"]),
    action(Results, C::PageUp, "sql.page-up", "", "One page up", &["pgup"]),
    action(Results, C::First, "sql.first", "", "First row", &["home", "g"]),
    action(Results, C::Last, "sql.last", "", "Last row fetched so far; more rows are fetched", &["end", "G"]),
    action(PIPELINE, C::PipelineStart, "pipeline.start", "start", "Start the pipeline", &["s"]),
    action(PIPELINE, C::PipelineStop, "pipeline.stop", "stop", "Stop the execution that is running", &["S"]),
    action(PIPELINE, C::Refresh, "pipeline.refresh", "refresh", "Read the newest execution again", &["r"]),
    action(PIPELINE, C::Down, "pipeline.next", "", "Select the next step of the pipeline", &["down", "j"]),
    action(PIPELINE, C::Up, "pipeline.previous", "", "Select the step before", &["up", "k"]),
    action(PREDICT, C::NextCustomer, "predict.next", "next customer", "Take another customer that training has not seen", &["n"]),
    action(PREDICT, C::EditField, "predict.edit", "change", "Change the selected field", &["enter"]),
    action(PREDICT, C::Decrease, "predict.less", "less", "A smaller number, or the value before", &["left", "-"]),
    action(PREDICT, C::Increase, "predict.more", "more", "A larger number, or the next value", &["right", "+"]),
    action(PREDICT, C::ResetField, "predict.reset", "undo", "Put the customer's own value back", &["u"]),
    action(PREDICT, C::Refresh, "predict.reload", "", "Look for the deployed model again", &["r"]),
    action(PREDICT, C::Down, "predict.down", "", "Next field", &["down", "j"]),
    action(PREDICT, C::Up, "predict.up", "", "Field before", &["up", "k"]),
    action(EXPLORE, C::ExploreOpen, "explore.open", "draw", "Draw the selected column", &["enter"]),
    action(EXPLORE, C::Refresh, "explore.refresh", "refresh", "Ask the warehouse again", &["r"]),
    action(EXPLORE, C::OpenInConsole, "explore.sql", "SQL", "Open the statement behind the picture in the console", &["o"]),
    action(EXPLORE, C::Down, "explore.next", "", "Select the next column", &["down", "j"]),
    action(EXPLORE, C::Up, "explore.previous", "", "Select the column before", &["up", "k"]),
    action(ACTIVITY, C::Down, "activity.next", "", "Next call", &["down", "j"]),
    action(ACTIVITY, C::Up, "activity.previous", "", "Call before", &["up", "k"]),
    action(ACTIVITY, C::PageDown, "activity.page-down", "", "One page down", &["pgdn", "space"]),
    action(ACTIVITY, C::PageUp, "activity.page-up", "", "One page up", &["pgup"]),
    action(ACTIVITY, C::First, "activity.first", "", "Oldest call", &["home", "g"]),
    action(ACTIVITY, C::Last, "activity.last", "newest", "Newest call, and follow", &["end", "G"]),
    action(Always, C::NextFocus, "focus.next", "next pane", "Go to the next pane", &["tab"]),
    action(Always, C::PreviousFocus, "focus.previous", "", "Go to the pane before", &["backtab"]),
    action(Always, C::Zoom, "zoom", "zoom", "Give the pane the whole screen, or take it back", &["f2"]),
    action(Global, C::Zoom, "zoom.pane", "", "Give the pane the whole screen, or take it back", &["z"]),
    action(Always, C::Back, "back", "", "Go back one level", &["esc"]),
    action(Always, C::Cancel, "cancel", "cancel", "Cancel what is running here", &["ctrl-c"]),
    action(Global, C::Cancel, "cancel.here", "", "Cancel what is running here", &["x"]),
    action(Always, C::Palette, "palette", "commands", "Find any command by its name", &["ctrl-p"]),
    action(Global, C::Palette, "palette.open", "", "Find any command by its name", &[":"]),
    action(Always, C::Help, "help", "help", "Show every key", &["f1"]),
    action(Global, C::Help, "help.open", "", "Show every key", &["?"]),
    action(Always, C::Focus(Pane::Walkthrough), "focus.walkthrough", "", "Go to Walkthrough", &["alt-1"]),
    action(Always, C::Focus(Pane::Resources), "focus.resources", "", "Go to Resources", &["alt-2"]),
    action(Always, C::Focus(Pane::Sql), "focus.sql", "", "Go to SQL", &["alt-3"]),
    action(Always, C::Focus(Pane::Pipeline), "focus.pipeline", "", "Go to Pipeline", &["alt-4"]),
    action(Always, C::Focus(Pane::Predict), "focus.predict", "", "Go to Predict", &["alt-5"]),
    action(Always, C::Focus(Pane::Explore), "focus.explore", "", "Go to Explore", &["alt-6"]),
    action(Always, C::Focus(Pane::Activity), "focus.activity", "", "Go to Activity", &["alt-7"]),
    action(Global, C::Focus(Pane::Walkthrough), "focus.1", "", "Go to Walkthrough", &["1"]),
    action(Global, C::Focus(Pane::Resources), "focus.2", "", "Go to Resources", &["2"]),
    action(Global, C::Focus(Pane::Sql), "focus.3", "", "Go to SQL", &["3"]),
    action(Global, C::Focus(Pane::Pipeline), "focus.4", "", "Go to Pipeline", &["4"]),
    action(Global, C::Focus(Pane::Predict), "focus.5", "", "Go to Predict", &["5"]),
    action(Global, C::Focus(Pane::Explore), "focus.6", "", "Go to Explore", &["6"]),
    action(Global, C::Focus(Pane::Activity), "focus.7", "", "Go to Activity", &["7"]),
    action(Always, C::Theme, "theme.next", "", "Next theme: dark, light, contrast, mono", &["f9"]),
    action(Always, C::Redraw, "redraw", "", "Draw the whole screen anew", &["ctrl-l"]),
    action(Always, C::Suspend, "suspend", "", "Go back to the shell; `fg` returns", &["ctrl-z"]),
    action(Always, C::Quit, "quit", "", "Leave the program", &["ctrl-q"]),
    action(Global, C::Quit, "quit.now", "quit", "Leave the program", &["q"]),
];

/// The names of actions that repeat another one on a key that text input would swallow. Help and palette show only the other one, with
/// the keys of both.
pub fn twin(action: &Action) -> bool {
    matches!(action.scope, Scope::Global) && ACTIONS.iter().any(|other| other.scope == Scope::Always && other.command == action.command)
}

/// All keys of an action, those of its twin included, the short ones first.
pub fn keys(action: &Action) -> Vec<&'static str> {
    let mut keys: Vec<&'static str> = Vec::new();
    if action.scope == Scope::Always {
        keys.extend(
            ACTIONS.iter().filter(|other| other.scope == Scope::Global && other.command == action.command).flat_map(|other| other.keys),
        );
    }
    keys.extend(action.keys);
    keys
}

/// A key with its modifiers, as the table writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Chord {
    /// Reads `ctrl-r`, `f5`, `G`, `alt-enter`. `None` for what is not a key; a test makes sure that the table has none.
    pub fn parse(text: &str) -> Option<Chord> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            if let Some(tail) = rest.strip_prefix("ctrl-") {
                modifiers |= KeyModifiers::CONTROL;
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix("alt-") {
                modifiers |= KeyModifiers::ALT;
                rest = tail;
            } else {
                break;
            }
        }
        let code = match rest {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "backtab" => KeyCode::BackTab,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pgup" => KeyCode::PageUp,
            "pgdn" => KeyCode::PageDown,
            "space" => KeyCode::Char(' '),
            _ => {
                let mut chars = rest.chars();
                match (chars.next(), chars.next()) {
                    (Some(single), None) => KeyCode::Char(single),
                    (Some('f'), Some(_)) => KeyCode::F(rest[1..].parse().ok()?),
                    _ => return None,
                }
            }
        };
        Some(Chord { code, modifiers })
    }

    /// Whether a key press is this chord. Shift counts only through the character that it makes.
    pub fn matches(&self, key: &KeyEvent) -> bool {
        let relevant = KeyModifiers::CONTROL | KeyModifiers::ALT;
        self.code == key.code && self.modifiers & relevant == key.modifiers & relevant
    }
}

/// How a key is written for people: `Ctrl-R`, `F5`, `↓`.
pub fn key_label(key: &str) -> String {
    let (prefix, base) = match key.rsplit_once('-') {
        Some((prefix, base)) if !prefix.is_empty() && !base.is_empty() => (prefix, base),
        _ => ("", key),
    };
    let base = match base {
        "enter" => "Enter".to_owned(),
        "esc" => "Esc".to_owned(),
        "tab" => "Tab".to_owned(),
        "backtab" => "Shift-Tab".to_owned(),
        "up" => "↑".to_owned(),
        "down" => "↓".to_owned(),
        "left" => "←".to_owned(),
        "right" => "→".to_owned(),
        "home" => "Home".to_owned(),
        "end" => "End".to_owned(),
        "pgup" => "PgUp".to_owned(),
        "pgdn" => "PgDn".to_owned(),
        "space" => "Space".to_owned(),
        other if other.len() > 1 && other.starts_with('f') => other.to_uppercase(),
        other if !prefix.is_empty() => other.to_uppercase(),
        other => other.to_owned(),
    };
    match prefix {
        "" => base,
        "ctrl" => format!("Ctrl-{base}"),
        "alt" => format!("Alt-{base}"),
        other => format!("{other}-{base}"),
    }
}

/// The action that a key press means where `scopes` are tried in order.
pub fn find(key: &KeyEvent, scopes: &[Scope]) -> Option<&'static Action> {
    scopes.iter().find_map(|scope| {
        ACTIONS.iter().find(|action| {
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
        for action in ACTIONS {
            for key in action.keys {
                assert!(Chord::parse(key).is_some(), "{}: {key}", action.name);
            }
        }
    }

    #[test]
    fn names_are_unique_and_every_action_says_what_it_does() {
        let mut names: Vec<_> = ACTIONS.iter().map(|action| action.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(ACTIONS.iter().all(|action| action.description.len() > 3 && !action.description.ends_with('.')));
    }

    #[test]
    fn no_key_means_two_things_in_one_scope() {
        for (index, action) in ACTIONS.iter().enumerate() {
            for other in &ACTIONS[index + 1..] {
                if action.scope == other.scope {
                    assert!(!action.keys.iter().any(|key| other.keys.contains(key)), "{} and {}", action.name, other.name);
                }
            }
        }
    }

    #[test]
    fn text_keys_are_never_taken_from_the_editor() {
        for action in ACTIONS.iter().filter(|action| matches!(action.scope, Scope::Always | Scope::Editor)) {
            for key in action.keys {
                assert!(key.chars().count() > 1 && *key != "space" && *key != "enter", "{}: {key}", action.name);
            }
        }
    }

    #[test]
    fn labels_are_for_people() {
        assert_eq!(key_label("ctrl-r"), "Ctrl-R");
        assert_eq!(key_label("f5"), "F5");
        assert_eq!(key_label("-"), "-");
        assert_eq!(key_label("R"), "R");
        assert_eq!(key_label("alt-enter"), "Alt-Enter");
    }
}

//! What stands over the panes: help, pickers, confirmations, prompts, the catalog, plans. Components are stacked; the one on top gets the
//! keys.

mod doctor;
mod form;
mod parameters;
mod plan;
mod prompt;
mod table;

pub use doctor::{DoctorLine, DoctorView};
pub use parameters::Parameters;
pub use plan::PlanView;
pub use prompt::{Prompt, PromptUse};
pub use table::TableView;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{self, Command};
use super::list::ListState;
use super::sql::catalog::{Answer, Browser};
use super::sql::{LibraryEntry, choice};
use crate::demo::step::Step;

/// A component over the panes.
#[derive(Debug, Clone, PartialEq)]
pub enum Popup {
    /// Every key.
    Help {
        /// First line on the screen.
        scroll: usize,
    },
    /// A list to choose from.
    Picker(Picker),
    /// A question.
    Confirm(Confirm),
    /// A question that is answered by a line of text.
    Prompt(Prompt),
    /// A form for named parameters.
    Parameters(Box<Parameters>),
    /// The catalog.
    Catalog(Box<Browser>),
    /// The plan of a statement.
    Plan(Box<PlanView>),
    /// A form in front of what changes the account.
    Form(Box<super::pipeline::form::Form>),
    /// Rows of an object.
    Table(Box<TableView>),
    /// The checks of the doctor.
    Doctor(Box<DoctorView>),
}

/// What a component asks for when it is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// An action.
    Command(Command),
    /// A statement for the editor.
    Statement(LibraryEntry),
    /// A value for a field of the prediction form.
    Value(usize, String),
    /// Of the prediction form.
    Form(super::predict::Choice),
    /// Steps to run.
    Run(Vec<Step>),
    /// Work on pipeline, registry, endpoints or project.
    Work(Box<super::pipeline::Work>),
    /// Leave the program.
    Quit,
    /// Put the embedded account to where a step begins.
    Begin(Step),
    /// Put a text on the clipboard.
    Copy(String),
    /// Open the account that looks like production.
    Confirmed,
    /// Of the SQL console.
    Console(choice::Choice),
    /// The selected line of a picker, with one of the picker's further keys.
    Keyed(KeyCode, Box<Choice>),
}

/// One line of a picker.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is called.
    pub label: String,
    /// More about it.
    pub detail: String,
    /// A short mark on the right: a key, a count.
    pub mark: String,
    /// What choosing it means.
    pub choice: Choice,
}

/// A list to choose from, narrowed by typing.
#[derive(Debug, Clone, PartialEq)]
pub struct Picker {
    /// Title.
    pub title: String,
    /// What was typed.
    pub query: String,
    /// Everything.
    pub items: Vec<Item>,
    /// Selection among those that match.
    pub list: ListState,
    /// What else can be done with the selected line: the key, and the word for it.
    pub keys: &'static [(KeyCode, &'static str)],
    /// The word for what Enter does.
    pub enter: &'static str,
}

/// A question with a consequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// The question.
    pub title: String,
    /// What will happen.
    pub body: String,
    /// What has to be typed; without it `y` or Enter is enough.
    pub phrase: Option<String>,
    /// What was typed.
    pub typed: String,
    /// The word for yes.
    pub yes: &'static str,
    /// What is done.
    pub choice: Choice,
}

/// What happens to the component on top.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A row was pressed.
    Pick(usize),
    /// The wheel was turned.
    Scroll(isize),
}

/// What a component made of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was for the component.
    Consumed,
    /// It was not; the layer below may have it.
    Ignored,
    /// The component is done, with what was chosen.
    Close(Option<Choice>),
    /// Something was chosen, and the component stays.
    Stay(Choice),
}

impl Picker {
    /// A picker.
    pub fn new(title: &str, items: Vec<Item>) -> Picker {
        Picker { title: title.to_owned(), query: String::new(), items, list: ListState::default(), keys: &[], enter: "choose" }
    }

    /// The same with further keys, told at the bottom.
    #[must_use]
    pub fn with_keys(mut self, enter: &'static str, keys: &'static [(KeyCode, &'static str)]) -> Picker {
        self.enter = enter;
        self.keys = keys;
        self
    }

    /// The command palette, its sentences as `speak` says them.
    pub fn palette(available: impl Fn(Command) -> bool, speak: impl Fn(&str) -> String) -> Picker {
        let items = action::actions()
            .filter(|action| !action::twin(action) && available(action.command) && !is_movement(action.command))
            .fold(Vec::<Item>::new(), |mut items, action| {
                if !items.iter().any(|item| item.choice == Choice::Command(action.command)) {
                    items.push(Item {
                        label: speak(action.description),
                        detail: action.name.to_owned(),
                        mark: action::keys(action).first().map(|key| action::key_label(key)).unwrap_or_default(),
                        choice: Choice::Command(action.command),
                    });
                }
                items
            });
        Picker::new("Commands", items)
    }

    /// The items that match what was typed, best first.
    pub fn matches(&self) -> Vec<&Item> {
        let query = self.query.to_lowercase();
        let words: Vec<&str> = query.split_whitespace().collect();
        let mut found: Vec<(usize, &Item)> = self
            .items
            .iter()
            .filter_map(|item| {
                let label = item.label.to_lowercase();
                let all = format!("{label} {}", item.detail.to_lowercase());
                words.iter().all(|word| all.contains(word)).then(|| {
                    let rank = match words.first() {
                        Some(first) if label.starts_with(first) => 0,
                        Some(first) if label.contains(first) => 1,
                        Some(_) => 2,
                        None => 0,
                    };
                    (rank, item)
                })
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, item)| item).collect()
    }

    fn key(&mut self, key: KeyEvent, page: usize) -> Outcome {
        let len = self.matches().len();
        let page = isize::try_from(page.max(1)).unwrap_or(10);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if self.keys.iter().any(|(code, _)| *code == key.code) && key.modifiers.is_empty() {
            return match self.pick(self.list.selected) {
                Outcome::Close(Some(choice)) => Outcome::Close(Some(Choice::Keyed(key.code, Box::new(choice)))),
                other => other,
            };
        }
        match key.code {
            KeyCode::Esc => return Outcome::Close(None),
            KeyCode::Char('c') if control => return Outcome::Close(None),
            KeyCode::Enter => return self.pick(self.list.selected),
            KeyCode::Down | KeyCode::Tab => self.list.move_by(1, len),
            KeyCode::Up | KeyCode::BackTab => self.list.move_by(-1, len),
            KeyCode::Char('n') if control => self.list.move_by(1, len),
            KeyCode::Char('p') if control => self.list.move_by(-1, len),
            KeyCode::PageDown => self.list.move_by(page, len),
            KeyCode::PageUp => self.list.move_by(-page, len),
            KeyCode::Home => self.list.first(),
            KeyCode::End => self.list.last(len),
            KeyCode::Backspace => {
                self.query.pop();
                self.list.first();
            }
            KeyCode::Char('u') if control => {
                self.query.clear();
                self.list.first();
            }
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => {
                self.query.push(c);
                self.list.first();
            }
            _ => return Outcome::Ignored,
        }
        Outcome::Consumed
    }

    fn pick(&self, index: usize) -> Outcome {
        match self.matches().get(index) {
            Some(item) => Outcome::Close(Some(item.choice.clone())),
            None => Outcome::Consumed,
        }
    }
}

fn is_movement(command: Command) -> bool {
    use Command as C;
    matches!(command, C::Up | C::Down | C::PageUp | C::PageDown | C::First | C::Last | C::Back | C::Palette | C::Increase | C::Decrease)
        || matches!(command, C::Grid(command) if command.moves())
        || matches!(command, C::Pipeline(command) if command.moves())
        || matches!(command, C::Explore(command) if command.moves())
}

impl Confirm {
    /// Whether what was typed is enough.
    pub fn satisfied(&self) -> bool {
        self.phrase.as_ref().is_none_or(|phrase| *phrase == self.typed)
    }

    fn key(&mut self, key: KeyEvent) -> Outcome {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => Outcome::Close(None),
            KeyCode::Char('c') if control => Outcome::Close(None),
            KeyCode::Enter if self.satisfied() => Outcome::Close(Some(self.choice.clone())),
            KeyCode::Backspace => {
                self.typed.pop();
                Outcome::Consumed
            }
            KeyCode::Char(c) if self.phrase.is_some() && !control => {
                if self.typed.chars().count() < 80 {
                    self.typed.push(c);
                }
                Outcome::Consumed
            }
            KeyCode::Char('y' | 'Y') => Outcome::Close(Some(self.choice.clone())),
            KeyCode::Char('n' | 'N' | 'q') => Outcome::Close(None),
            _ => Outcome::Consumed,
        }
    }
}

impl Popup {
    /// Offers a key. `page` is how many rows the component shows.
    pub fn key(&mut self, key: KeyEvent, page: usize) -> Outcome {
        match self {
            Popup::Picker(picker) => picker.key(key, page),
            Popup::Confirm(confirm) => confirm.key(key),
            Popup::Prompt(prompt) => prompt.key(key),
            Popup::Parameters(parameters) => parameters.key(key),
            Popup::Plan(plan) => plan.key(key, page),
            Popup::Form(form) => form::key(form, key),
            Popup::Table(table) => table.key(key, page),
            Popup::Doctor(view) => view.key(key, page),
            Popup::Catalog(browser) => match browser.key(key, page) {
                Answer::Consumed => Outcome::Consumed,
                Answer::Ignored => Outcome::Ignored,
                Answer::Close(choice) => Outcome::Close(choice.map(Choice::Console)),
                Answer::Stay(browse) => Outcome::Stay(Choice::Console(choice::Choice::Browse(browse))),
            },
            Popup::Help { scroll } => {
                match key.code {
                    KeyCode::Down | KeyCode::Char('j') => *scroll += 1,
                    KeyCode::Up | KeyCode::Char('k') => *scroll = scroll.saturating_sub(1),
                    KeyCode::PageDown | KeyCode::Char(' ') => *scroll += page.max(1),
                    KeyCode::PageUp => *scroll = scroll.saturating_sub(page.max(1)),
                    KeyCode::Home | KeyCode::Char('g') => *scroll = 0,
                    KeyCode::End | KeyCode::Char('G') => *scroll = usize::MAX / 2,
                    KeyCode::Esc | KeyCode::Enter | KeyCode::F(1) | KeyCode::Char('q' | '?') => return Outcome::Close(None),
                    _ => return Outcome::Ignored,
                }
                Outcome::Consumed
            }
        }
    }

    /// Pasted text goes to what is typed.
    pub fn paste(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        match self {
            Popup::Picker(picker) => picker.query.push_str(line),
            Popup::Prompt(prompt) => prompt.add(line),
            Popup::Parameters(parameters) => parameters.form.paste(line),
            Popup::Catalog(browser) => browser.query.push_str(line),
            Popup::Form(form) => form.paste(line),
            Popup::Confirm(confirm) if confirm.phrase.is_some() => confirm.typed.push_str(line),
            _ => {}
        }
    }

    /// Takes a message of the mouse.
    pub fn update(&mut self, msg: &Msg) -> Outcome {
        match (self, msg) {
            (Popup::Picker(picker), Msg::Pick(index)) => picker.pick(*index),
            (Popup::Picker(picker), Msg::Scroll(delta)) => {
                let len = picker.matches().len();
                picker.list.move_by(*delta, len);
                Outcome::Consumed
            }
            (Popup::Catalog(browser), Msg::Pick(index)) => {
                let len = browser.lines().len();
                browser.list.selected = (*index).min(len.saturating_sub(1));
                Outcome::Consumed
            }
            (Popup::Catalog(browser), Msg::Scroll(delta)) => {
                let len = browser.lines().len();
                browser.list.move_by(*delta, len);
                Outcome::Consumed
            }
            (Popup::Plan(plan), Msg::Pick(index)) => {
                plan.list.selected = (*index).min(plan.plan.nodes.len().saturating_sub(1));
                Outcome::Consumed
            }
            (Popup::Plan(plan), Msg::Scroll(delta)) => {
                plan.list.move_by(*delta, plan.plan.nodes.len());
                Outcome::Consumed
            }
            (Popup::Form(form), Msg::Pick(index)) => {
                form.at = (*index).min(form.entries.len().saturating_sub(1));
                Outcome::Consumed
            }
            (Popup::Doctor(view), Msg::Pick(index)) => {
                view.pick(*index);
                Outcome::Consumed
            }
            (Popup::Doctor(view), Msg::Scroll(delta)) => {
                view.scroll(*delta);
                Outcome::Consumed
            }
            (Popup::Table(table), Msg::Scroll(delta)) => {
                table.scroll(*delta);
                Outcome::Consumed
            }
            (Popup::Confirm(confirm), Msg::Pick(_)) if confirm.satisfied() => Outcome::Close(Some(confirm.choice.clone())),
            (Popup::Help { scroll }, Msg::Scroll(delta)) => {
                *scroll = scroll.saturating_add_signed(*delta);
                Outcome::Consumed
            }
            _ => Outcome::Consumed,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn press(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn typing_narrows_the_palette_and_enter_chooses() {
        let mut palette = Picker::palette(|_| true, str::to_owned);
        for c in "library".chars() {
            assert_eq!(palette.key(press(KeyCode::Char(c)), 10), Outcome::Consumed);
        }
        assert_eq!(palette.matches().len(), 1);
        assert_eq!(
            palette.key(press(KeyCode::Enter), 10),
            Outcome::Close(Some(Choice::Command(Command::Console(crate::app::sql::Command::Library))))
        );
    }

    #[test]
    fn nothing_matches_and_nothing_happens() {
        let mut palette = Picker::palette(|_| true, str::to_owned);
        palette.query = "zzz".into();
        assert_eq!(palette.key(press(KeyCode::Enter), 10), Outcome::Consumed);
        assert_eq!(palette.key(press(KeyCode::Esc), 10), Outcome::Close(None));
    }

    #[test]
    fn a_phrase_has_to_be_typed_in_full() {
        let mut confirm = Confirm {
            title: "Remove?".into(),
            body: String::new(),
            phrase: Some("BankDM".into()),
            typed: String::new(),
            yes: "Remove",
            choice: Choice::Run(vec![Step::Cleanup]),
        };
        assert_eq!(confirm.key(press(KeyCode::Enter)), Outcome::Consumed);
        for c in "BankDM".chars() {
            confirm.key(press(KeyCode::Char(c)));
        }
        assert_eq!(confirm.key(press(KeyCode::Enter)), Outcome::Close(Some(Choice::Run(vec![Step::Cleanup]))));
    }

    #[test]
    fn commands_of_the_palette_are_listed_once() {
        let palette = Picker::palette(|_| true, str::to_owned);
        let mut labels: Vec<_> = palette.items.iter().map(|item| format!("{:?}", item.choice)).collect();
        let count = labels.len();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), count);
    }
}

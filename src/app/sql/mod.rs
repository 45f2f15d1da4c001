//! The SQL console: tabs, each with an editor, the statements that it runs, and their results.
//!
//! [`editor`] is the text and what is typed, [`result`] the rows and how they are looked at; each has its own commands, and so has the
//! console around them. [`tab`] puts the two together, [`run`] is what is on its way to a service and back, [`catalog`] is what can be
//! named in a statement.

pub mod catalog;
pub mod editor;
pub mod failure;
pub mod history;
pub mod lexer;
pub mod result;
pub mod run;
pub mod tab;

use chrono::{DateTime, Utc};

pub use failure::Failure;
pub use result::ResultSet;
pub use run::{Run, RunId, RunState};
pub use tab::{Tab, TabId};

use super::effect::Effect;
use crate::ops::query::QueryEngine;
use catalog::Catalogs;
use history::Ran;

/// What can be asked of the console, beside what editor and result can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table of actions describes each one")]
pub enum Command {
    Run,
    Engine,
    Library,
    History,
    Results,
    Editor,
    NewTab,
    CloseTab,
    NextTab,
    PreviousTab,
}

/// Which half of a tab has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Half {
    /// The editor.
    #[default]
    Editor,
    /// The result.
    Results,
}

/// A statement of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryEntry {
    /// Number and title (`03 Target rate by month`).
    pub title: String,
    /// Who answers it.
    pub engine: QueryEngine,
    /// The text, names filled in.
    pub text: String,
}

/// The state of the pane.
#[derive(Debug, Clone)]
pub struct State {
    /// The tabs; never empty.
    tabs: Vec<Tab>,
    /// The tab on the screen.
    current: usize,
    /// The statements of the demonstration.
    pub library: Vec<LibraryEntry>,
    /// Statements that ran, oldest first.
    pub history: Vec<Ran>,
    /// What can be named in a statement.
    pub catalogs: Catalogs,
    /// Tabs and runs made so far; ids are never used again.
    made: u64,
}

/// What happens to the console.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A statement has got on.
    Run(RunId, run::Msg),
    /// Something has come for a result.
    Grid(RunId, result::Msg),
}

impl Default for State {
    fn default() -> Self {
        State {
            tabs: vec![Tab::new(TabId(0), QueryEngine::Redshift)],
            current: 0,
            library: Vec::new(),
            history: Vec::new(),
            catalogs: Catalogs::default(),
            made: 1,
        }
    }
}

impl State {
    /// The tab on the screen.
    pub fn tab(&self) -> &Tab {
        // There is always one, and `current` is kept inside.
        &self.tabs[self.current]
    }

    /// The tab on the screen.
    pub fn tab_mut(&mut self) -> &mut Tab {
        &mut self.tabs[self.current]
    }

    /// Every tab, in order.
    pub fn tabs(&self) -> &[Tab] {
        &self.tabs
    }

    /// The place of the tab on the screen.
    pub fn current(&self) -> usize {
        self.current
    }

    /// The tab of a run.
    pub fn tab_of(&mut self, run: RunId) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.has_run(run))
    }

    /// The statements that are on a service, of every tab.
    pub fn active(&self) -> impl Iterator<Item = (&Tab, &Run)> {
        self.tabs.iter().flat_map(|tab| tab.active().map(move |run| (tab, run)))
    }

    fn id(&mut self) -> u64 {
        self.made += 1;
        self.made - 1
    }

    /// Opens a tab beside the one on the screen and goes there.
    pub fn open_tab(&mut self) {
        let id = TabId(self.id());
        let engine = self.tab().engine;
        self.tabs.insert(self.current + 1, Tab::new(id, engine));
        self.current += 1;
    }

    /// Goes to a tab.
    pub fn go_to(&mut self, index: usize) {
        self.current = index.min(self.tabs.len() - 1);
    }

    /// Goes to the next tab, or the one before, around the ends.
    pub fn step_tab(&mut self, forward: bool) {
        let count = self.tabs.len();
        self.current = (self.current + if forward { 1 } else { count - 1 }) % count;
    }

    /// Closes the tab on the screen; what runs there is cancelled. The last one leaves an empty one behind.
    pub fn close_tab(&mut self) -> Vec<Effect> {
        let effects = self.tab_mut().cancel();
        let engine = self.tab().engine;
        self.tabs.remove(self.current);
        if self.tabs.is_empty() {
            let id = TabId(self.id());
            self.tabs.push(Tab::new(id, engine));
        }
        self.current = self.current.min(self.tabs.len() - 1);
        effects
    }

    /// Runs the statement under the cursor of the tab on the screen, or its selection.
    pub fn run(&mut self, now: DateTime<Utc>) -> Vec<Effect> {
        if self.tab().busy() {
            return Vec::new();
        }
        let id = RunId(self.id());
        self.tab_mut().run(id, now)
    }

    /// Takes a message.
    pub fn update(&mut self, msg: Msg, now: DateTime<Utc>) -> Vec<Effect> {
        match msg {
            Msg::Run(id, msg) => {
                let Some(tab) = self.tabs.iter_mut().find(|tab| tab.has_run(id)) else { return Vec::new() };
                let (ran, effects) = tab.on_run(id, msg, now);
                if let Some(ran) = ran {
                    history::remember(&mut self.history, ran);
                }
                effects
            }
            Msg::Grid(id, msg) => match self.tabs.iter_mut().find_map(|tab| tab.results.of_run(id)) {
                Some(result) => result.update(msg),
                None => Vec::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests;

//! What of the console outlives the program: its tabs, and the statements that it left running.

use chrono::{DateTime, Utc};

use super::editor::text::Place;
use super::tab::{Tab, TabId};
use super::{RunId, State};
use crate::app::effect::Effect;
use crate::ops::console::history::Ran;
use crate::ops::console::saved::SavedQuery;
use crate::ops::console::workspace::{KeptTab, Left, Workspace};
use crate::ops::query::scrub;

/// What was found on disk when the program began.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The tabs; `None` when another process has them, or there are none.
    pub workspace: Option<Workspace>,
    /// Whether this process writes them.
    pub writes: bool,
    /// Statements that ran, oldest first.
    pub history: Vec<Ran>,
    /// Saved queries.
    pub saved: Vec<SavedQuery>,
    /// What could not be read, in sentences.
    pub problems: Vec<String>,
}

impl State {
    /// The tabs as they are kept.
    pub fn workspace(&self) -> Workspace {
        let account = self.account.clone();
        let tabs = self.tabs.iter().map(|tab| KeptTab {
            name: tab.name.clone(),
            engine: tab.engine,
            text: tab.text(),
            cursor: tab.cursor(),
            saved: tab.saved.as_ref().map(|saved| saved.name.clone()),
            left: tab.left.iter().cloned().chain(tab.active().filter_map(|run| left(run, &account))).collect(),
        });
        Workspace { tabs: tabs.collect(), current: self.current }
    }

    /// Takes what was found on disk. Tabs take the place of the ones that are there as long as nothing was typed into them.
    pub(super) fn restore(&mut self, found: Found) {
        self.writes = found.writes;
        self.history = found.history.into_iter().chain(std::mem::take(&mut self.history)).collect();
        self.saved = found.saved;
        let untouched = self.tabs.iter().all(|tab| tab.text().is_empty() && tab.runs.is_empty());
        if let Some(workspace) = found.workspace.filter(|workspace| untouched && !workspace.tabs.is_empty()) {
            let mut tabs = Vec::with_capacity(workspace.tabs.len());
            for kept in workspace.tabs {
                let mut tab = Tab::new(TabId(self.id()), kept.engine).like(self.tab());
                tab.session.seconds = self.session_seconds;
                tab.name = kept.name;
                tab.replace(&kept.text);
                tab.place_cursor(Place::new(kept.cursor.0, kept.cursor.1));
                tab.saved = kept.saved.and_then(|name| self.saved.iter().find(|query| query.name == name).cloned());
                tab.left = kept.left;
                tabs.push(tab);
            }
            self.tabs = tabs;
            self.current = workspace.current.min(self.tabs.len() - 1);
            self.kept = Some(self.workspace());
        }
    }

    /// Follows the statements that an earlier process left on this account.
    pub(super) fn reattach(&mut self, now: DateTime<Utc>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for index in 0..self.tabs.len() {
            let mine: Vec<Left> = {
                let account = &self.account;
                let (mine, others) = std::mem::take(&mut self.tabs[index].left).into_iter().partition(|left| left.account == *account);
                self.tabs[index].left = others;
                mine
            };
            for left in mine {
                let id = RunId(self.id());
                effects.extend(self.tabs[index].attach(id, left.engine, left.id, left.sql, left.at.min(now)));
            }
        }
        effects
    }

    /// Whether the tabs differ from what was last written; then they are to be written.
    pub(super) fn keep(&mut self) -> Vec<Effect> {
        self.keeping = false;
        let workspace = self.workspace();
        if !self.writes || self.kept.as_ref() == Some(&workspace) {
            return Vec::new();
        }
        self.kept = Some(workspace.clone());
        vec![Effect::KeepWorkspace(Box::new(workspace))]
    }

    /// Asks to be reminded of writing the tabs in a moment, once.
    pub fn keep_soon(&mut self) -> Option<Effect> {
        if !self.writes || self.keeping {
            return None;
        }
        self.keeping = true;
        Some(Effect::KeepSoon)
    }

    /// The tabs, to be written at once: the program ends.
    pub fn keep_now(&mut self) -> Vec<Effect> {
        self.keep()
    }
}

fn left(run: &super::Run, account: &str) -> Option<Left> {
    let super::RunState::Active { since, cancelling: false, .. } = &run.state else { return None };
    Some(Left { id: run.remote.clone()?, engine: run.engine, account: account.to_owned(), sql: scrub::scrub(&run.sql), at: *since })
}

//! The SQL console: tabs, each with an editor, the statements that it runs, and their results.
//!
//! [`editor`] is the text and what is typed, [`result`] the rows and how they are looked at; each has its own commands, and so has the
//! console around them. [`tab`] puts the two together, [`run`] is what is on its way to a service and back, [`catalog`] is what can be
//! named in a statement.

pub mod catalog;
pub mod check;
pub mod choice;
mod completing;
pub mod completion;
pub mod editor;
pub mod failure;
pub mod history;
pub mod kept;
pub mod lexer;
pub mod parameters;
pub mod result;
pub mod run;
pub mod session;
pub mod tab;

use chrono::{DateTime, Utc};

pub use failure::Failure;
pub use result::ResultSet;
pub use run::{Piece, Purpose, Run, RunId, RunState, Start};
pub use tab::{Tab, TabId};

use super::effect::Effect;
use super::latest::{Latest, Ticket};
use crate::config::Settings;
use crate::config::settings::EditorKeys;
use crate::ops::OpError;
use crate::ops::console::saved::SavedQuery;
use crate::ops::console::workspace::Workspace;
use crate::ops::query::QueryEngine;
use crate::ops::query::cost::Estimate;
use crate::ops::query::plan::Plan;
use crate::ops::query::remote::Remote;
use crate::syntax::Dialect;
use catalog::{Catalog, Catalogs};
use history::Ran;
use kept::Found;

/// What can be asked of the console, beside what editor and result can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table of actions describes each one")]
pub enum Command {
    Run,
    RunScript,
    StopOnError,
    Explain,
    Estimate,
    Running,
    Account,
    KeepSession,
    CloseSession,
    Save,
    Catalog,
    Engine,
    Library,
    History,
    Results,
    Editor,
    NewTab,
    CloseTab,
    NextTab,
    PreviousTab,
    RenameTab,
    MoveTabLeft,
    MoveTabRight,
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

/// The dialect of an engine.
pub const fn dialect(engine: QueryEngine) -> Dialect {
    match engine {
        QueryEngine::Redshift => Dialect::Redshift,
        QueryEngine::Athena => Dialect::Athena,
    }
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
    /// The catalogs that are being read.
    pub reading: Vec<QueryEngine>,
    /// The user's own queries.
    pub saved: Vec<SavedQuery>,
    /// Account and region, once the account is open.
    pub account: String,
    /// Seconds that sessions are kept.
    pub session_seconds: i32,
    /// Whether this process keeps the tabs on disk.
    writes: bool,
    /// The tabs as they were last kept.
    kept: Option<Workspace>,
    /// Whether a reminder to keep them is on its way.
    keeping: bool,
    /// What named parameters were given, in this process.
    pub values: parameters::Values,
    /// The text that is being read for mistakes.
    checks: Latest,
    /// Tabs and runs made so far; ids are never used again.
    made: u64,
}

/// What happens to the console.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A statement has got on.
    Run(RunId, run::Msg),
    /// The text of a tab was edited elsewhere; or it was not, and why.
    Edited(TabId, Result<String, String>),
    /// A text of a tab has been read, as it was at a revision.
    Checked(Ticket, TabId, u64, Vec<check::Mistake>),
    /// Something has come for a result.
    Grid(RunId, result::Msg),
    /// What was on disk.
    Found(Box<Found>),
    /// It is time to keep the tabs.
    Keep,
    /// A catalog was read.
    Catalog(QueryEngine, Box<Result<Catalog, OpError>>),
    /// A catalog as it was at an earlier time.
    OldCatalog(QueryEngine, Box<Catalog>),
    /// The user's own queries, after a change.
    Saved(Result<Vec<SavedQuery>, String>),
    /// What a query would read.
    Estimated(Box<Start>, Result<Estimate, OpError>),
    /// Statements of the account.
    Account(Result<Vec<Remote>, OpError>),
    /// Something of the console could not be kept or done; the sentence says what.
    Trouble(String),
    /// Something was done; the sentence says what.
    Told(String),
}

impl Default for State {
    fn default() -> Self {
        State {
            tabs: vec![Tab::new(TabId(0), QueryEngine::Redshift)],
            current: 0,
            library: Vec::new(),
            history: Vec::new(),
            catalogs: Catalogs::default(),
            reading: Vec::new(),
            saved: Vec::new(),
            account: String::new(),
            session_seconds: 3600,
            writes: false,
            kept: None,
            keeping: false,
            values: parameters::Values::new(),
            checks: Latest::default(),
            made: 1,
        }
    }
}

impl State {
    /// The console before anything is known.
    pub fn of(settings: &Settings) -> State {
        let session_seconds = i32::try_from(settings.sql.session_minutes * 60).unwrap_or(i32::MAX);
        let mut state = State { session_seconds, ..State::default() };
        state.tab_mut().session.seconds = state.session_seconds;
        state.tab_mut().editor.set_vim(settings.sql.editor == EditorKeys::Vim);
        state
    }

    /// The tab on the screen.
    pub fn tab(&self) -> &Tab {
        // There is always one, and `current` is kept inside.
        &self.tabs[self.current]
    }

    /// The tab on the screen.
    pub fn tab_mut(&mut self) -> &mut Tab {
        &mut self.tabs[self.current]
    }

    /// The editor of every tab.
    pub fn editors(&mut self) -> impl Iterator<Item = &mut editor::Editor> {
        self.tabs.iter_mut().map(|tab| &mut tab.editor)
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
        let mut tab = Tab::new(id, engine).like(self.tab());
        tab.session.seconds = self.session_seconds;
        self.tabs.insert(self.current + 1, tab);
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

    /// Cancels what runs in every tab.
    pub fn cancel_all(&mut self) -> Vec<Effect> {
        self.tabs.iter_mut().flat_map(Tab::cancel).collect()
    }

    /// Forgets the sessions of every tab: they are of an account that was left.
    pub fn leave_sessions(&mut self) {
        self.tabs.iter_mut().for_each(|tab| tab.session.leave());
    }

    /// Closes the tab on the screen; what runs there is cancelled, its session ends. The last one leaves an empty one behind.
    pub fn close_tab(&mut self) -> Vec<Effect> {
        let mut effects = self.tab_mut().cancel();
        let run = RunId(self.id());
        effects.extend(self.tab().session.close(run));
        let engine = self.tab().engine;
        let closed = self.tabs.remove(self.current);
        if self.tabs.is_empty() {
            let id = TabId(self.id());
            self.tabs.push(Tab::new(id, engine).like(&closed));
        }
        self.current = self.current.min(self.tabs.len() - 1);
        effects
    }

    /// Moves the tab on the screen by one place.
    pub fn move_tab(&mut self, right: bool) {
        let to = if right { self.current + 1 } else { self.current.wrapping_sub(1) };
        if to < self.tabs.len() {
            self.tabs.swap(self.current, to);
            self.current = to;
        }
    }

    /// The place of a tab.
    pub fn index_of(&self, id: TabId) -> Option<usize> {
        self.tabs.iter().position(|tab| tab.id == id)
    }

    /// A tab by its id.
    pub fn tab_by_id(&mut self, id: TabId) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.id == id)
    }

    /// What a command would start in the tab on the screen; `None` when there is no statement.
    pub fn start(&self, whole: bool) -> Option<Start> {
        let tab = self.tab();
        let pieces = tab.pieces(whole);
        let start = Start {
            tab: tab.id,
            engine: tab.engine,
            pieces,
            purpose: Purpose::Rows,
            parameters_given: false,
            danger_agreed: false,
            cost_agreed: false,
        };
        (!start.pieces.is_empty()).then_some(start)
    }

    /// Starts statements in a tab, unless something runs there.
    pub fn begin(&mut self, start: Start, now: DateTime<Utc>) -> Vec<Effect> {
        let ids: Vec<RunId> = start.pieces.iter().map(|_| RunId(self.id())).collect();
        match self.tab_by_id(start.tab) {
            Some(tab) if !tab.busy() => tab.begin(start, ids.into_iter(), now),
            _ => Vec::new(),
        }
    }

    /// Runs the statement under the cursor of the tab on the screen, or its selection.
    pub fn run(&mut self, now: DateTime<Utc>) -> Vec<Effect> {
        match self.start(false) {
            Some(start) => self.begin(start, now),
            None => Vec::new(),
        }
    }

    /// Follows a statement of the account in a tab of its own.
    pub fn attach(&mut self, remote: Remote, now: DateTime<Utc>) -> Vec<Effect> {
        self.open_tab();
        let id = RunId(self.id());
        let tab = self.tab_mut();
        tab.engine = remote.engine;
        tab.replace(&remote.sql);
        tab.attach(id, remote.engine, remote.id, remote.sql, remote.at.unwrap_or(now).min(now))
    }

    /// Has a catalog read, unless it is being read.
    pub fn read_catalog(&mut self, engine: QueryEngine) -> Vec<Effect> {
        if self.reading.contains(&engine) {
            return Vec::new();
        }
        self.reading.push(engine);
        vec![Effect::ReadCatalog { engine, version: self.catalogs.of(engine).version }]
    }

    /// Takes a message of a run; gives a plan that is to be shown.
    pub fn on_run(&mut self, id: RunId, msg: run::Msg, now: DateTime<Utc>) -> (Vec<Effect>, Option<Plan>) {
        let Some(tab) = self.tab_of(id) else { return (Vec::new(), None) };
        let engine = tab.engine;
        let outcome = tab.on_run(id, msg, now);
        let mut effects = outcome.effects;
        if let Some(ran) = outcome.ran
            && history::remember(&mut self.history, ran.clone())
        {
            effects.push(Effect::Remember(Box::new(ran)));
        }
        if outcome.catalog_changed {
            effects.extend(self.read_catalog(engine));
        }
        (effects, outcome.plan)
    }

    /// Takes a message that concerns the console's own state only.
    pub fn update(&mut self, msg: Msg, now: DateTime<Utc>) -> Vec<Effect> {
        match msg {
            Msg::Run(id, msg) => self.on_run(id, msg, now).0,
            Msg::Edited(id, text) => {
                if let (Some(tab), Ok(text)) = (self.tabs.iter_mut().find(|tab| tab.id == id), text)
                    && tab.text() != text.trim_end_matches('\n')
                {
                    tab.replace(text.trim_end_matches('\n'));
                }
                self.check()
            }
            Msg::Checked(ticket, tab, revision, found) => {
                self.on_checked(ticket, tab, revision, found);
                Vec::new()
            }
            Msg::Grid(id, msg) => match self.tabs.iter_mut().find_map(|tab| tab.results.of_run(id)) {
                Some(result) => result.update(msg),
                None => Vec::new(),
            },
            Msg::Found(found) => {
                self.restore(*found);
                if self.account.is_empty() { Vec::new() } else { self.reattach(now) }
            }
            Msg::Keep => self.keep(),
            Msg::Catalog(engine, answer) => {
                self.reading.retain(|reading| *reading != engine);
                let Ok(mut catalog) = *answer else { return Vec::new() };
                if catalog.functions.is_empty() {
                    // They are read once; nobody can change them.
                    catalog.functions = std::mem::take(&mut self.catalogs.of_mut(engine).functions);
                }
                *self.catalogs.of_mut(engine) = catalog.clone();
                vec![Effect::KeepCatalog { engine, catalog: Box::new(catalog), account: self.account.clone() }]
            }
            Msg::OldCatalog(engine, catalog) => {
                // What the service says now counts more than what it said once.
                let place = self.catalogs.of_mut(engine);
                if place.read.is_none() {
                    *place = *catalog;
                }
                Vec::new()
            }
            Msg::Saved(Ok(saved)) => {
                self.saved = saved;
                Vec::new()
            }
            Msg::Saved(Err(_)) | Msg::Estimated(..) | Msg::Account(_) | Msg::Trouble(_) | Msg::Told(_) => Vec::new(),
        }
    }

    /// The account is open: statements that were left on it are followed, and what can be named there is read.
    pub fn connected(&mut self, account: String, now: DateTime<Utc>) -> Vec<Effect> {
        self.account.clone_from(&account);
        let mut effects = vec![Effect::OldCatalogs(account)];
        effects.extend(self.reattach(now));
        effects
    }
}

#[cfg(test)]
mod tests;

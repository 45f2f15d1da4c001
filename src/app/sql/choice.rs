//! What a popup of the console asks for when it is done.

use super::history::Ran;
use super::parameters::Values;
use super::run::{RunId, Start};
use super::tab::TabId;
use crate::ops::console::saved::SavedQuery;
use crate::ops::query::QueryEngine;
use crate::ops::query::remote::Remote;

/// What was chosen.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// Start, agreed to as it says.
    Start(Box<Start>),
    /// Start, with these values of its named parameters.
    Given(Box<Start>, Values),
    /// A statement that ran.
    Ran(Box<Ran>),
    /// A saved query.
    Saved(Box<SavedQuery>),
    /// Remove a saved query.
    Delete(String),
    /// A statement that is on its way.
    Running(TabId, RunId),
    /// A statement of the account.
    Remote(Box<Remote>),
    /// Close a tab, whatever is in it.
    CloseTab(TabId),
    /// Leave; the statements that run go on at their services when it says so.
    Leave {
        /// Whether they go on.
        running_on: bool,
    },
    /// A text that was asked for.
    Named(Naming, String),
    /// Something of the catalog.
    Browse(Browse),
}

/// What a text was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// The name of a tab.
    Tab(TabId),
    /// The name (and tags after a `#`) under which the text of a tab is saved.
    Save(TabId),
    /// Another name for a saved query.
    Rename(String),
}

/// What is to be done with a relation of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Browse {
    /// Its name goes into the editor.
    Insert(String),
    /// A statement is run.
    Run(QueryEngine, String),
    /// The catalog is read again.
    Refresh(QueryEngine),
    /// The catalog of the other engine is shown.
    Switch(QueryEngine),
}

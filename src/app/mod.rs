//! The screen's state. [`update`] takes a message and gives back what has to be done outside: synchronous, pure, testable without a
//! terminal.
//!
//! Every pane has a room with its state, its own `Msg` and its own `update`; [`action`] is the one table from which keys, hint bar, help
//! and palette are made; [`popup`] is the stack of components over the panes. Nothing here draws and nothing here waits.

pub mod action;
pub mod activity;
pub mod doctor;
pub mod effect;
pub mod explore;
pub mod latest;
pub mod list;
pub mod login;
pub mod model;
pub mod msg;
pub mod pane;
pub mod pipeline;
pub mod popup;
pub mod predict;
pub mod resources;
pub mod sql;
pub mod standby;
#[cfg(test)]
pub mod tests;
pub mod text_width;
mod update;
pub mod walkthrough;

pub use effect::Effect;
pub use model::Model;
pub use msg::Msg;
pub use pane::Pane;
pub use update::{TAB, available, engine_name, scopes, space_goes_on, update};

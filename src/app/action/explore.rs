//! What can be done with the pictures.

use super::{Action, Command as C, Scope, action};
use crate::app::Pane;

const EXPLORE: Scope = Scope::Pane(Pane::Explore);

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(EXPLORE, C::ExploreOpen, "explore.open", "draw", "Draw the selected column", &["enter"]),
    action(EXPLORE, C::Refresh, "explore.refresh", "refresh", "Ask the warehouse again", &["r"]),
    action(EXPLORE, C::OpenInConsole, "explore.sql", "SQL", "Open the statement behind the picture in the console", &["o"]),
    action(EXPLORE, C::Down, "explore.next", "", "Select the next column", &["down", "j"]),
    action(EXPLORE, C::Up, "explore.previous", "", "Select the column before", &["up", "k"]),
];

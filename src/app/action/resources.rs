//! What can be done with the checklist.

use super::{Action, Command as C, Scope, action};
use crate::app::Pane;

const RESOURCES: Scope = Scope::Pane(Pane::Resources);

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(RESOURCES, C::Refresh, "resources.refresh", "refresh", "Read the state of every resource again", &["r"]),
    action(RESOURCES, C::Down, "resources.next", "", "Select the next resource", &["down", "j"]),
    action(RESOURCES, C::Up, "resources.previous", "", "Select the resource before", &["up", "k"]),
    action(RESOURCES, C::PageDown, "resources.page-down", "", "One page down", &["pgdn", "space"]),
    action(RESOURCES, C::PageUp, "resources.page-up", "", "One page up", &["pgup"]),
    action(RESOURCES, C::First, "resources.first", "", "Select the first resource", &["home", "g"]),
    action(RESOURCES, C::Last, "resources.last", "", "Select the last resource", &["end", "G"]),
];

//! What can be done with the list of calls.

use super::{Action, Command as C, Scope, action};
use crate::app::Pane;

const ACTIVITY: Scope = Scope::Pane(Pane::Activity);

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(ACTIVITY, C::Down, "activity.next", "", "Next call", &["down", "j"]),
    action(ACTIVITY, C::Up, "activity.previous", "", "Call before", &["up", "k"]),
    action(ACTIVITY, C::PageDown, "activity.page-down", "", "One page down", &["pgdn", "space"]),
    action(ACTIVITY, C::PageUp, "activity.page-up", "", "One page up", &["pgup"]),
    action(ACTIVITY, C::First, "activity.first", "", "Oldest call", &["home", "g"]),
    action(ACTIVITY, C::Last, "activity.last", "newest", "Newest call, and follow", &["end", "G"]),
];

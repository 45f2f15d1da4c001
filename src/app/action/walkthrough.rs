//! What can be done with the steps.

use super::{Action, Command as C, Scope, action};
use crate::app::Pane;

const WALK: Scope = Scope::Pane(Pane::Walkthrough);

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(WALK, C::StepRun, "step.run", "run step", "Run the selected step", &["enter", "r"]),
    action(WALK, C::StepRunAll, "step.run-all", "run all", "Run every step but the cleanup, in order", &["R"]),
    action(WALK, C::StepBegin, "step.begin-here", "", "Put the embedded AWS to where the selected step begins", &["T"]),
    action(WALK, C::StepShow, "step.show", "show pane", "Go to the pane where the step can be seen", &["o"]),
    action(WALK, C::Down, "walkthrough.next", "", "Select the next step", &["down", "j"]),
    action(WALK, C::Up, "walkthrough.previous", "", "Select the step before", &["up", "k"]),
    action(WALK, C::PageDown, "walkthrough.scroll-down", "scroll", "Read on in the notes of the step", &["pgdn", "space"]),
    action(WALK, C::PageUp, "walkthrough.scroll-up", "", "Read back in the notes of the step", &["pgup"]),
];

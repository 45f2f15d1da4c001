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
    // Before the next one, whose key is the same without Shift.
    action(WALK, C::BeatBack, "walkthrough.back", "", "One beat back", &["shift-space", "backspace", "pgup"]),
    action(WALK, C::BeatOn, "walkthrough.on", "present", "Present the step beat by beat: say, show, do, notice", &["space", "pgdn"]),
    action(WALK, C::Present, "walkthrough.present", "", "Begin a presentation, or end it", &["p"]),
    action(WALK, C::PageDown, "walkthrough.scroll-down", "", "Read on in the notes of the step", &["J", "ctrl-d"]),
    action(WALK, C::PageUp, "walkthrough.scroll-up", "", "Read back in the notes of the step", &["K", "ctrl-u"]),
];

/// The remote, while a presentation is on.
pub(super) const REMOTE: &[Action] = &[
    action(Scope::Remote, C::BeatOn, "remote.on", "", "The next beat, from every pane", &["pgdn"]),
    action(Scope::Remote, C::BeatBack, "remote.back", "", "One beat back, from every pane", &["pgup"]),
    action(Scope::Remote, C::Cut, "cut", "", "Go on without waiting for the step that runs", &["alt-9"]),
    action(Scope::InHand, C::BeatBack, "remote.hand-back", "", "One beat back, where Space is the next one", &["shift-space", "backspace"]),
    action(Scope::InHand, C::BeatOn, "remote.hand-on", "", "The next beat, unless it is typed or used there", &["space"]),
];

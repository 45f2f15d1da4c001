//! What can be done everywhere.

use super::Scope::{Always, Global};
use super::{Action, Command as C, action};
use crate::app::Pane;

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(Always, C::NextFocus, "focus.next", "next pane", "Go to the next pane", &["tab"]),
    action(Always, C::PreviousFocus, "focus.previous", "", "Go to the pane before", &["backtab"]),
    action(Always, C::Zoom, "zoom", "zoom", "Give the pane the whole screen, or take it back", &["f2"]),
    action(Global, C::Zoom, "zoom.pane", "", "Give the pane the whole screen, or take it back", &["z"]),
    action(Always, C::Back, "back", "", "Go back one level", &["esc"]),
    action(Always, C::Cancel, "cancel", "cancel", "Cancel what is running here", &["ctrl-c"]),
    action(Global, C::Cancel, "cancel.here", "", "Cancel what is running here", &["x"]),
    action(Always, C::Palette, "palette", "commands", "Find any command by its name", &["ctrl-p"]),
    action(Global, C::Palette, "palette.open", "", "Find any command by its name", &[":"]),
    action(Always, C::Help, "help", "help", "Show every key", &["f1"]),
    action(Global, C::Help, "help.open", "", "Show every key", &["?"]),
    action(Always, C::Focus(Pane::Walkthrough), "focus.walkthrough", "", "Go to Walkthrough", &["alt-1"]),
    action(Always, C::Focus(Pane::Resources), "focus.resources", "", "Go to Resources", &["alt-2"]),
    action(Always, C::Focus(Pane::Sql), "focus.sql", "", "Go to SQL", &["alt-3"]),
    action(Always, C::Focus(Pane::Pipeline), "focus.pipeline", "", "Go to Pipeline", &["alt-4"]),
    action(Always, C::Focus(Pane::Predict), "focus.predict", "", "Go to Predict", &["alt-5"]),
    action(Always, C::Focus(Pane::Explore), "focus.explore", "", "Go to Explore", &["alt-6"]),
    action(Always, C::Focus(Pane::Activity), "focus.activity", "", "Go to Activity", &["alt-7"]),
    action(Global, C::Focus(Pane::Walkthrough), "focus.1", "", "Go to Walkthrough", &["1"]),
    action(Global, C::Focus(Pane::Resources), "focus.2", "", "Go to Resources", &["2"]),
    action(Global, C::Focus(Pane::Sql), "focus.3", "", "Go to SQL", &["3"]),
    action(Global, C::Focus(Pane::Pipeline), "focus.4", "", "Go to Pipeline", &["4"]),
    action(Global, C::Focus(Pane::Predict), "focus.5", "", "Go to Predict", &["5"]),
    action(Global, C::Focus(Pane::Explore), "focus.6", "", "Go to Explore", &["6"]),
    action(Global, C::Focus(Pane::Activity), "focus.7", "", "Go to Activity", &["7"]),
    action(Always, C::Present, "present", "", "Begin a presentation, or end it", &["f12"]),
    action(Always, C::Fallback, "fallback", "", "Go over to the account behind the screen when this one fails, or back", &["alt-0"]),
    action(Always, C::Theme, "theme.next", "", "Next theme: dark, light, contrast, mono", &["f9"]),
    action(Always, C::Picture, "picture", "", "Write the screen as it is to a file (SVG) in the current directory", &["alt-i"]),
    action(Always, C::Redraw, "redraw", "", "Draw the whole screen anew", &["ctrl-l"]),
    action(Always, C::Suspend, "suspend", "", "Go back to the shell; `fg` returns", &["ctrl-z"]),
    action(Global, C::LogIn, "login", "", "Log in on the account again; what its end has stopped goes on", &["L"]),
    action(Global, C::Reveal, "mask.reveal", "", "Show account and user for a few seconds, where they are hidden", &["M"]),
    action(Always, C::Quit, "quit", "", "Leave the program", &["ctrl-q"]),
    action(Global, C::Quit, "quit.now", "quit", "Leave the program", &["q"]),
];

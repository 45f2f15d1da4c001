//! What can be done with the pictures.

use super::{Action, Command, Scope, action};
use crate::app::Pane;
use crate::app::explore::{Command as E, View};

const EXPLORE: Scope = Scope::Pane(Pane::Explore);

const fn on(command: E) -> Command {
    Command::Explore(command)
}

/// The actions.
pub(super) const ACTIONS: &[Action] = &[
    action(
        EXPLORE,
        on(E::Open),
        "explore.open",
        "look closer",
        "Go into the picture; then show the rows behind the selected bar",
        &["enter"],
    ),
    action(
        EXPLORE,
        on(E::NextView),
        "explore.view-next",
        "view",
        "Next view: values, by answer, correlations, pairs, density, time, findings",
        &["right", "l", "ctrl-pgdn"],
    ),
    action(EXPLORE, on(E::PreviousView), "explore.view-previous", "", "View before", &["left", "h", "ctrl-pgup"]),
    action(EXPLORE, on(E::PreviousOther), "explore.other-previous", "", "The other column of the density: the one before", &["["]),
    action(EXPLORE, on(E::NextOther), "explore.other-next", "other column", "The other column of the density: the next one", &["]"]),
    action(EXPLORE, on(E::Statements), "explore.statements", "SQL", "Show the statements behind the picture", &["s"]),
    action(EXPLORE, on(E::Console), "explore.console", "console", "Open the statements behind the picture in the console", &["o"]),
    action(EXPLORE, on(E::Save), "explore.save", "export", "Write the picture as SVG and PNG", &["e"]),
    action(EXPLORE, on(E::Images), "explore.images", "", "Show pictures as images, or as characters again, where the terminal can", &["i"]),
    action(EXPLORE, on(E::Show(View::Distribution)), "explore.distribution", "", "Show a column's values with the share of yes", &["d"]),
    action(EXPLORE, on(E::Show(View::Answers)), "explore.answers", "", "Show a column among the yes and among the no", &["a"]),
    action(EXPLORE, on(E::Show(View::Correlations)), "explore.correlations", "", "Show how the numbers move together", &["c"]),
    action(EXPLORE, on(E::Show(View::Pairs)), "explore.pairs", "", "Show every number against every other", &["m"]),
    action(EXPLORE, on(E::Show(View::Density)), "explore.density", "", "Show two numeric columns against each other", &["p"]),
    action(EXPLORE, on(E::Show(View::Order)), "explore.order", "", "Show the campaign month by month", &["t"]),
    action(EXPLORE, on(E::Show(View::Findings)), "explore.findings", "", "Show what the data say, with the figures", &["f"]),
    action(EXPLORE, Command::Refresh, "explore.refresh", "refresh", "Ask the warehouse or the lake again", &["r"]),
    action(EXPLORE, Command::Down, "explore.next", "", "Select the next column, or the next bar", &["down", "j"]),
    action(EXPLORE, Command::Up, "explore.previous", "", "Select the column or bar before", &["up", "k"]),
    action(EXPLORE, Command::PageDown, "explore.page-down", "", "One page down", &["pgdn"]),
    action(EXPLORE, Command::PageUp, "explore.page-up", "", "One page up", &["pgup"]),
    action(EXPLORE, Command::First, "explore.first", "", "First column or bar", &["home"]),
    action(EXPLORE, Command::Last, "explore.last", "", "Last column or bar", &["end"]),
];

//! What the terminal can do, as far as the program knows: what the doctor tells of it.

use std::io::IsTerminal;

use super::{images, terminal};
use crate::config::Settings;
use crate::ops::doctor::{Colours, Terminal};
use crate::ui::layout::OVERVIEW;
use crate::ui::theme::Depth;

/// The terminal at standard output, by its size and by what its environment says; `theme` is the one in use.
pub fn terminal_of(settings: &Settings, theme: &str, variable: impl Fn(&str) -> Option<String>) -> Terminal {
    Terminal {
        there: std::io::stdout().is_terminal(),
        size: crossterm::terminal::size().map_err(|error| error.to_string()),
        together: OVERVIEW,
        colours: match terminal::depth(&variable) {
            Depth::None => Colours::None,
            Depth::Sixteen => Colours::Sixteen,
            Depth::Palette => Colours::Palette,
            Depth::True => Colours::All,
        },
        theme: theme.to_owned(),
        images: images::protocol(&settings.screen.images, variable).map(images::Protocol::name),
    }
}

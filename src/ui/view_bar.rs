//! The views of a pane, each with its key.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::canvas::{Canvas, Pieces};
use super::theme::Role;
use crate::app::action::{Command, actions, key_label, keys};
use crate::app::msg::Target;
use crate::app::text_width::width;

/// A view: its title, and the command that shows it.
pub type Tab = (&'static str, Command);

/// Draws the views, each with its key; only the one on show where there is no room.
pub fn view_bar(canvas: &mut Canvas<'_>, area: Rect, views: &[Tab], current: Command) {
    let key = |command: Command| {
        let action = actions().find(|action| action.command == command);
        action.and_then(|action| keys(action).first().map(|key| key_label(key))).unwrap_or_default()
    };
    let labels: Vec<(Tab, String)> = views.iter().map(|view| (*view, key(view.1))).collect();
    let needed: usize = labels.iter().map(|((title, _), key)| width(key) + width(title) + 3).sum();
    if needed > usize::from(area.width) + 2 {
        let title = views.iter().find(|view| view.1 == current).map_or("", |view| view.0);
        let pieces = Pieces::new().add("‹ ", Role::Accent).add(title, Role::Strong).add(" ›", Role::Accent);
        canvas.pieces(area.x, area.y, area.width, &pieces);
        return;
    }
    let mut x = area.x;
    for ((title, command), key) in labels {
        let start = x;
        x += canvas.text(x, area.y, area.right().saturating_sub(x), &format!("{key} "), Role::Accent);
        let chosen = command == current;
        let used = canvas.text(x, area.y, area.right().saturating_sub(x), title, if chosen { Role::Strong } else { Role::Dim });
        if chosen {
            let style = canvas.style(Role::Strong).add_modifier(Modifier::UNDERLINED);
            canvas.overlay(Rect::new(x, area.y, used, 1), style);
        }
        x += used;
        canvas.target(Rect::new(start, area.y, x - start, 1), Target::Action(command));
        x += 2;
    }
}

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

/// Draws the views, each with its key. Where there is no room for all titles only that of the view on show stands, and where there is
/// none for the keys either, nothing else.
pub fn view_bar(canvas: &mut Canvas<'_>, area: Rect, views: &[Tab], current: Command) {
    let key = |command: Command| {
        let action = actions().find(|action| action.command == command);
        action.and_then(|action| keys(action).first().map(|key| key_label(key))).unwrap_or_default()
    };
    let all: Vec<Label> = views.iter().map(|(title, command)| Label { key: key(*command), title, command: *command }).collect();
    // The two columns behind the last one need not be there.
    let fits = |labels: &[Label]| labels.iter().map(Label::columns).sum::<usize>() <= usize::from(area.width) + 2;
    if fits(&all) {
        return draw(canvas, area, &all, current);
    }
    let keys: Vec<Label> =
        all.into_iter().map(|label| Label { title: if label.command == current { label.title } else { "" }, ..label }).collect();
    if fits(&keys) {
        return draw(canvas, area, &keys, current);
    }
    let title = views.iter().find(|view| view.1 == current).map_or("", |view| view.0);
    let pieces = Pieces::new().add("‹ ", Role::Accent).add(title, Role::Strong).add(" ›", Role::Accent);
    canvas.pieces(area.x, area.y, area.width, &pieces);
}

/// A view on the bar.
struct Label {
    key: String,
    /// Empty where there is room for the key only.
    title: &'static str,
    command: Command,
}

impl Label {
    /// Columns with the gap behind it.
    fn columns(&self) -> usize {
        let title = if self.title.is_empty() { 0 } else { 1 + width(self.title) };
        width(&self.key) + title + 2
    }
}

fn draw(canvas: &mut Canvas<'_>, area: Rect, labels: &[Label], current: Command) {
    let mut x = area.x;
    for Label { key, title, command } in labels {
        let start = x;
        x += canvas.text(x, area.y, area.right().saturating_sub(x), key, Role::Accent);
        if !title.is_empty() {
            x += 1;
            let chosen = *command == current;
            let used = canvas.text(x, area.y, area.right().saturating_sub(x), title, if chosen { Role::Strong } else { Role::Dim });
            if chosen {
                let style = canvas.style(Role::Strong).add_modifier(Modifier::UNDERLINED);
                canvas.overlay(Rect::new(x, area.y, used, 1), style);
            }
            x += used;
        }
        canvas.target(Rect::new(start, area.y, x - start, 1), Target::Action(*command));
        x += 2;
    }
}

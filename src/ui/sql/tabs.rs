//! The bar of tabs: names, marks for what runs and what is not saved.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::glyph;
use super::super::theme::Role;
use crate::app::msg::Target;
use crate::app::sql::{RunState, Tab};
use crate::app::text_width::{left, visible, width};

/// Columns of a name at most.
const WIDEST: usize = 24;

/// Whether the bar is worth its line.
pub(super) fn wanted(canvas: &Canvas<'_>) -> bool {
    let sql = &canvas.model.sql;
    sql.tabs().len() > 1 || !sql.tab().name.is_empty()
}

/// Draws the bar; the tab on the screen is always in it.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let current = model.sql.current();
    let labels: Vec<(String, Role)> = model.sql.tabs().iter().enumerate().map(|(index, tab)| label(canvas, tab, index)).collect();
    let needed = |from: usize| labels[from..=current].iter().map(|(text, _)| width(text) + 3).sum::<usize>() + 2;
    let mut first = 0;
    while first < current && needed(first) > usize::from(area.width) {
        first += 1;
    }
    let mut x = area.x;
    if first > 0 {
        x += canvas.text(x, area.y, 2, "‹ ", Role::Accent);
    }
    for (index, (text, role)) in labels.iter().enumerate().skip(first) {
        let room = area.right().saturating_sub(x);
        if usize::from(room) < width(text) {
            canvas.text(area.right().saturating_sub(1), area.y, 1, "›", Role::Accent);
            break;
        }
        let used = canvas.text(x, area.y, room, text, if index == current { Role::Strong } else { *role });
        if index == current {
            let style = canvas.style(Role::Accent).add_modifier(ratatui::style::Modifier::UNDERLINED);
            canvas.overlay(Rect::new(x, area.y, used, 1), style);
        }
        canvas.target(Rect::new(x, area.y, used, 1), Target::SqlTab(index));
        x += used + 3;
    }
}

fn label(canvas: &Canvas<'_>, tab: &Tab, index: usize) -> (String, Role) {
    let name = left(&visible(&tab.title(index)), width(&tab.title(index)).min(WIDEST)).trim_end().to_owned();
    let failed = tab.runs.iter().any(|run| matches!(run.state, RunState::Failed { .. }));
    let (mark, role) = if tab.busy() {
        (format!("{} ", glyph::working(canvas.model)), Role::Accent)
    } else if failed {
        ("✖ ".to_owned(), Role::Bad)
    } else {
        (String::new(), Role::Dim)
    };
    let unsaved = if tab.unsaved() { " •" } else { "" };
    (format!("{mark}{name}{unsaved}"), role)
}

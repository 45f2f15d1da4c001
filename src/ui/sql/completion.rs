//! The list of suggestions under the cursor.

use ratatui::layout::{Position, Rect};

use super::super::canvas::Canvas;
use super::super::theme::Role;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::sql::completion::list::ROWS;
use crate::app::sql::completion::{Kind, List, Suggestion};
use crate::app::text_width::{left, visible, width};

/// Columns of the list at most.
const WIDEST: usize = 76;

/// Draws the list below the place where the word begins, or above it where there is no room below.
pub fn draw(canvas: &mut Canvas<'_>, screen: Rect, word: Position, list: &List) {
    let above = word.y.saturating_sub(screen.y);
    let below = screen.bottom().saturating_sub(word.y + 1);
    let wanted = list.items.len().min(ROWS) as u16;
    let down = below >= wanted || below >= above;
    let height = wanted.min(if down { below } else { above });
    if height == 0 || screen.width < 24 {
        return;
    }
    let rows = usize::from(height);
    let top = window(0, list.selected, list.items.len(), rows);
    let shown = &list.items[top..(top + rows).min(list.items.len())];
    // As wide as everything on it, so that it does not change while one moves through it.
    let label = list.items.iter().map(|item| width(&visible(&item.label))).max().unwrap_or(0).min(32);
    let detail = list.items.iter().map(|item| width(&visible(&about(item)))).max().unwrap_or(0);
    let columns = (label + detail + 6).clamp(18, WIDEST).min(usize::from(screen.width)) as u16;
    let x = word.x.saturating_sub(3).min(screen.right() - columns).max(screen.x);
    let y = if down { word.y + 1 } else { word.y - height };
    for (row, item) in shown.iter().enumerate() {
        let area = Rect::new(x, y + row as u16, columns, 1);
        canvas.clear(area);
        canvas.highlight(area, Role::QuietSelection);
        let inside = usize::from(columns);
        let line = |canvas: &mut Canvas<'_>, at: usize, text: &str, room: usize, role: Role| {
            let style = ratatui::style::Style { bg: None, ..canvas.style(role) };
            canvas.styled(x + at as u16, area.y, room as u16, text, style);
        };
        line(canvas, 1, mark(item.kind), 1, role(item.kind));
        line(canvas, 3, &left(&visible(&item.label), label.min(inside.saturating_sub(4))), label, Role::Strong);
        let from = 3 + label + 2;
        if inside > from + 3 {
            line(canvas, from, &visible(&about(item)), inside - from - 1, Role::Dim);
        }
        if top + row == list.selected {
            canvas.highlight(area, Role::Selection);
        }
        canvas.target(area, Target::Suggestion(top + row));
    }
}

/// Type or arguments, and where it comes from.
fn about(item: &Suggestion) -> String {
    match (item.detail.is_empty(), item.origin.is_empty()) {
        (true, true) => item.kind.title().to_owned(),
        (false, true) => item.detail.clone(),
        (true, false) => item.origin.clone(),
        (false, false) => format!("{}  {}", item.detail, item.origin),
    }
}

fn mark(kind: Kind) -> &'static str {
    match kind {
        Kind::Column => "c",
        Kind::Source => "a",
        Kind::Table => "t",
        Kind::Schema => "s",
        Kind::Function => "ƒ",
        Kind::Keyword => "k",
        Kind::Parameter => ":",
        Kind::Snippet => "q",
    }
}

fn role(kind: Kind) -> Role {
    match kind {
        Kind::Column | Kind::Source => Role::Literal,
        Kind::Table | Kind::Schema => Role::Accent,
        Kind::Function => Role::Function,
        Kind::Keyword => Role::Keyword,
        Kind::Parameter | Kind::Snippet => Role::Number,
    }
}

//! Rows with columns: those that matter least go first where there is no room.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use crate::app::Pane;
use crate::app::list::window;
use crate::app::msg::Target;
use crate::app::text_width::{left, right, visible, width};

/// Characters that a last column of text is worth showing with.
const LEAST: usize = 14;

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its title.
    pub title: &'static str,
    /// Whether it holds figures, which end at the right.
    pub figures: bool,
    /// The higher, the sooner it is left out; 0 stays.
    pub rank: u8,
    /// Characters at most.
    pub most: usize,
}

/// A column of text.
pub(super) const fn text(title: &'static str, rank: u8, most: usize) -> Column {
    Column { title, figures: false, rank, most }
}

/// A column of figures.
pub(super) const fn figure(title: &'static str, rank: u8) -> Column {
    Column { title, figures: true, rank, most: 16 }
}

/// Rows under a line of titles.
pub(super) struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// A text for every column, row by row.
    pub rows: Vec<Vec<(String, Role)>>,
}

impl Table {
    /// The columns that fit, and how wide they are.
    fn fitting(&self, room: usize) -> Vec<(usize, usize)> {
        let mut shown: Vec<(usize, usize)> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|(text, _)| width(text)).max().unwrap_or(0);
                let wide = cells.max(width(column.title)).min(column.most);
                // A last column of text has what is left, and is worth it from a few characters on.
                (at, if at + 1 == self.columns.len() && !column.figures { wide.min(LEAST) } else { wide })
            })
            .collect();
        loop {
            let needed: usize = shown.iter().map(|(_, wide)| wide + 2).sum::<usize>().saturating_sub(2);
            let last = shown.iter().map(|(at, _)| self.columns[*at].rank).max().unwrap_or(0);
            if needed <= room || last == 0 {
                return shown;
            }
            // Of equal rank the one further right goes.
            if let Some(out) = shown.iter().rposition(|(at, _)| self.columns[*at].rank == last) {
                shown.remove(out);
            }
        }
    }

    /// Draws titles and rows; `selected` is highlighted, kept on the screen, and rows can be pressed. Gives the rows used.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, selected: Option<usize>) -> u16 {
        if area.height < 2 {
            return 0;
        }
        let columns = self.fitting(usize::from(area.width));
        let mut x = area.x;
        for (at, wide) in &columns {
            let column = self.columns[*at];
            let title = if column.figures { right(column.title, *wide) } else { left(column.title, *wide) };
            canvas.text(x, area.y, area.right().saturating_sub(x), &title, Role::Faint);
            x += *wide as u16 + 2;
        }
        let height = usize::from(area.height) - 1;
        let pane = Pane::Pipeline as usize;
        let top = match selected {
            Some(selected) => {
                let top = window(canvas.view.tops[pane], selected, self.rows.len(), height);
                canvas.view.tops[pane] = top;
                canvas.view.heights[pane] = height;
                top
            }
            None => 0,
        };
        for (line, (index, row)) in self.rows.iter().enumerate().skip(top).take(height).enumerate() {
            let y = area.y + 1 + line as u16;
            let mut x = area.x;
            for (place, (at, wide)) in columns.iter().enumerate() {
                let Some((text, role)) = row.get(*at) else { continue };
                let room = usize::from(area.right().saturating_sub(x));
                // The last column has what is left.
                let wide = if place + 1 == columns.len() && !self.columns[*at].figures { room } else { (*wide).min(room) };
                let text = visible(text);
                let text = if self.columns[*at].figures { right(&text, wide) } else { left(&text, wide) };
                canvas.text(x, y, wide as u16, &text, *role);
                x += wide as u16 + 2;
            }
            if let Some(selected) = selected {
                let whole = Rect::new(area.x, y, area.width, 1);
                if index == selected {
                    canvas.highlight(whole, if canvas.model.focus == Pane::Pipeline { Role::Selection } else { Role::QuietSelection });
                }
                canvas.target(whole, Target::Row(Pane::Pipeline, index));
            }
        }
        let more = self.rows.len().saturating_sub(top + height);
        if more > 0 {
            canvas.text_right(area.x, area.bottom() - 1, area.width, &format!(" ↓ {more} more "), Role::Faint);
        }
        1 + self.rows.len().saturating_sub(top).min(height) as u16
    }
}

/// Pairs of a word and a value, one after the other over several lines; gives the lines used.
pub(super) fn facts(canvas: &mut Canvas<'_>, area: Rect, facts: &[(&str, String)]) -> u16 {
    let (mut x, mut y) = (area.x, area.y);
    for (word, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        let needed = (width(word) + 1 + width(value)) as u16;
        if x > area.x && x + needed > area.right() {
            x = area.x;
            y += 1;
        }
        if y >= area.bottom() {
            return y - area.y;
        }
        x += canvas.text(x, y, area.right().saturating_sub(x), word, Role::Dim) + 1;
        x += canvas.text(x, y, area.right().saturating_sub(x), &visible(value), Role::Strong) + 3;
    }
    if x > area.x { y + 1 - area.y } else { y - area.y }
}

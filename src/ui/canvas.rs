//! What a view draws on: the buffer, the theme, the model, and a record of what was drawn where.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::Drawn;
use super::theme::{Role, Theme};
use crate::app::Model;
use crate::app::explore::Image;
use crate::app::model::Viewport;
use crate::app::msg::Target;
use crate::app::text_width::{clip, width};

/// A frame being drawn.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    /// What roles look like.
    pub theme: &'a Theme,
    /// What is shown.
    pub model: &'a Model,
    /// What can be pressed.
    pub targets: Vec<(Rect, Target)>,
    /// What there was room for.
    pub view: Viewport,
    /// Where the terminal's cursor stands.
    pub cursor: Option<Position>,
    /// An image, and where it is: nothing is written there.
    pub image: Option<(Rect, Arc<Image>)>,
}

/// A line made piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Pieces(pub Vec<(String, Role)>);

impl Pieces {
    /// Nothing yet.
    pub fn new() -> Self {
        Pieces(Vec::new())
    }

    /// Adds a piece.
    pub fn add(mut self, text: impl Into<String>, role: Role) -> Self {
        self.0.push((text.into(), role));
        self
    }

    /// Columns of all pieces.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(text, _)| width(text)).sum()
    }
}

impl<'a> Canvas<'a> {
    /// A canvas over a buffer.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme, model: &'a Model) -> Self {
        Canvas { buffer, theme, model, targets: Vec::new(), view: Viewport { picture: None, ..model.viewport }, cursor: None, image: None }
    }

    /// Ends the frame: what was drawn, and where the terminal's cursor stands.
    pub fn finish(self) -> (Drawn, Option<Position>) {
        let covered = !self.model.popups.is_empty();
        (Drawn { targets: self.targets, viewport: self.view, covered, image: self.image }, self.cursor)
    }

    /// Fills an area with the background.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        let style = self.theme.style(Role::Base);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                let cell = &mut self.buffer[(x, y)];
                cell.reset();
                cell.set_style(style);
            }
        }
    }

    /// The style of a role on the background.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// Writes text cut to `columns`; gives the columns used.
    pub fn text(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role) -> u16 {
        self.styled(x, y, columns, text, self.theme.style(role))
    }

    /// Writes text cut to `columns` in a style; gives the columns used.
    pub fn styled(&mut self, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
        if y >= self.buffer.area.bottom() || x >= self.buffer.area.right() {
            return 0;
        }
        let columns = columns.min(self.buffer.area.right() - x);
        let text = clip(text, usize::from(columns));
        let (end, _) = self.buffer.set_stringn(x, y, &*text, usize::from(columns), style);
        end - x
    }

    /// Writes text that ends at the right edge of `columns`.
    pub fn text_right(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role) -> u16 {
        let text = clip(text, usize::from(columns));
        let wide = width(&text) as u16;
        self.text(x + columns.saturating_sub(wide), y, wide, &text, role);
        wide
    }

    /// Writes pieces one after the other; gives the columns used.
    pub fn pieces(&mut self, x: u16, y: u16, columns: u16, pieces: &Pieces) -> u16 {
        let mut used = 0;
        for (text, role) in &pieces.0 {
            if used >= columns {
                break;
            }
            used += self.text(x + used, y, columns - used, text, *role);
        }
        used
    }

    /// Writes a prepared line.
    pub fn line(&mut self, x: u16, y: u16, columns: u16, line: &Line<'_>) {
        let mut used = 0;
        for Span { content, style } in &line.spans {
            if used >= columns {
                break;
            }
            used += self.styled(x + used, y, columns - used, content, line.style.patch(*style));
        }
    }

    /// Lays a style over a row that is written already, so that a selected row keeps the colours of its text where the theme leaves them.
    pub fn highlight(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            let cell = &mut self.buffer[position];
            let style = self.theme.selected(Style::new().fg(cell.fg), role);
            cell.set_style(style);
        }
    }

    /// Dims what is outside of an area: every character stays where it is and becomes faint, lines that separate stay as they are.
    pub fn dim_all_but(&mut self, lit: Rect) {
        let (faint, base, rule) = (self.theme.style(Role::Faint), self.theme.style(Role::Base), self.theme.style(Role::Rule));
        for position in self.buffer.area.positions().filter(|position| !lit.contains(*position)) {
            let cell = &mut self.buffer[position];
            if rule.fg.is_none_or(|rule| cell.fg != rule) {
                cell.fg = faint.fg.unwrap_or(Color::Reset);
            }
            cell.bg = base.bg.unwrap_or(Color::Reset);
            cell.modifier = faint.add_modifier;
        }
    }

    /// Lays modifiers and colours of a style over an area.
    pub fn overlay(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.buffer.area);
        self.buffer.set_style(area, style);
    }

    /// A horizontal line.
    pub fn rule(&mut self, x: u16, y: u16, columns: u16, role: Role) {
        let line = "─".repeat(usize::from(columns));
        self.text(x, y, columns, &line, role);
    }

    /// A frame with round corners.
    pub fn frame(&mut self, area: Rect, role: Role) {
        if area.width < 2 || area.height < 2 {
            return;
        }
        let inside = usize::from(area.width - 2);
        self.text(area.x, area.y, area.width, &format!("╭{}╮", "─".repeat(inside)), role);
        for y in area.y + 1..area.bottom() - 1 {
            self.text(area.x, y, 1, "│", role);
            self.text(area.right() - 1, y, 1, "│", role);
        }
        self.text(area.x, area.bottom() - 1, area.width, &format!("╰{}╯", "─".repeat(inside)), role);
    }

    /// Text over several lines; gives the rows used, at most `area.height`.
    pub fn paragraph(&mut self, area: Rect, text: &str, role: Role) -> u16 {
        let lines = crate::app::text_width::wrap(text, usize::from(area.width));
        let rows = lines.len().min(usize::from(area.height));
        for (index, line) in lines.iter().take(rows).enumerate() {
            self.text(area.x, area.y + index as u16, area.width, line, role);
        }
        rows as u16
    }

    /// Something that can be pressed.
    pub fn target(&mut self, area: Rect, target: Target) {
        self.targets.push((area, target));
    }
}

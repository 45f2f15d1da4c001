//! Lines below each other, as many as there is room for.

use ratatui::layout::Rect;

use crate::ui::canvas::{Canvas, Pieces};
use crate::ui::theme::Role;

/// A column of lines that ends where the area ends.
pub(super) struct Lines {
    pub(super) area: Rect,
    pub(super) y: u16,
}

impl Lines {
    pub(super) fn new(area: Rect) -> Lines {
        Lines { area, y: area.y }
    }

    pub(super) fn left(&self) -> u16 {
        self.area.bottom().saturating_sub(self.y)
    }

    pub(super) fn pieces(&mut self, canvas: &mut Canvas<'_>, pieces: &Pieces) {
        if self.left() > 0 {
            canvas.pieces(self.area.x, self.y, self.area.width, pieces);
            self.y += 1;
        }
    }

    pub(super) fn text(&mut self, canvas: &mut Canvas<'_>, text: &str, role: Role) {
        self.pieces(canvas, &Pieces::new().add(text, role));
    }

    pub(super) fn paragraph(&mut self, canvas: &mut Canvas<'_>, text: &str, role: Role) {
        let rest = Rect { y: self.y, height: self.left(), ..self.area };
        self.y += canvas.paragraph(rest, text, role);
    }

    pub(super) fn skip(&mut self) {
        self.y = (self.y + 1).min(self.area.bottom());
    }
}

//! Lines that meet. Boxes and connectors are laid into cells as directions; what a cell looks like follows from all that go through it, so
//! that a connector that touches a box makes a tee of its border.

use super::super::theme::Role;

const UP: u8 = 1;
const DOWN: u8 = 2;
const LEFT: u8 = 4;
const RIGHT: u8 = 8;

/// How a line is drawn. It is told by shape, so that it needs no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// Thin.
    Light,
    /// Thick: what is selected.
    Heavy,
    /// Broken: a way that was not taken.
    Dashed,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    light: u8,
    heavy: u8,
    dashed: bool,
    role: Role,
}

/// A field of cells with lines through them.
#[derive(Debug, Clone)]
pub struct Lines {
    width: usize,
    height: usize,
    cells: Vec<Cell>,
}

impl Lines {
    /// No lines yet.
    pub fn new(width: usize, height: usize) -> Lines {
        Lines { width, height, cells: vec![Cell { light: 0, heavy: 0, dashed: false, role: Role::Rule }; width * height] }
    }

    fn add(&mut self, x: usize, y: usize, directions: u8, stroke: Stroke, role: Role) {
        if x >= self.width || y >= self.height {
            return;
        }
        let cell = &mut self.cells[y * self.width + x];
        match stroke {
            Stroke::Heavy => cell.heavy |= directions,
            Stroke::Light | Stroke::Dashed => cell.light |= directions,
        }
        // A solid line through a cell is not broken by one that is.
        cell.dashed = stroke == Stroke::Dashed && (cell.dashed || cell.light | cell.heavy == directions);
        cell.role = role;
    }

    /// A line from one cell to another of the same row or column, ends included.
    pub fn line(&mut self, from: (usize, usize), to: (usize, usize), stroke: Stroke, role: Role) {
        if from.1 == to.1 {
            let (start, end) = (from.0.min(to.0), from.0.max(to.0));
            for x in start..=end {
                let directions = if x > start { LEFT } else { 0 } | if x < end { RIGHT } else { 0 };
                self.add(x, from.1, directions, stroke, role);
            }
        } else {
            let (start, end) = (from.1.min(to.1), from.1.max(to.1));
            for y in start..=end {
                let directions = if y > start { UP } else { 0 } | if y < end { DOWN } else { 0 };
                self.add(from.0, y, directions, stroke, role);
            }
        }
    }

    /// A box.
    pub fn frame(&mut self, (x, y, width, height): (usize, usize, usize, usize), stroke: Stroke, role: Role) {
        if width < 2 || height < 2 {
            return;
        }
        let (right, bottom) = (x + width - 1, y + height - 1);
        self.line((x, y), (right, y), stroke, role);
        self.line((x, bottom), (right, bottom), stroke, role);
        self.line((x, y), (x, bottom), stroke, role);
        self.line((right, y), (right, bottom), stroke, role);
    }

    /// What a cell looks like; `None` where no line goes.
    pub fn symbol(&self, x: usize, y: usize) -> Option<(&'static str, Role)> {
        let cell = self.cells.get(y * self.width + x).filter(|_| x < self.width)?;
        let all = cell.light | cell.heavy;
        let symbol = if cell.heavy == 0 {
            light(all, cell.dashed)
        } else if all == cell.heavy {
            heavy(all)
        } else {
            mixed(cell.light & !cell.heavy, cell.heavy)
        };
        (all != 0).then_some((symbol, cell.role))
    }
}

fn light(directions: u8, dashed: bool) -> &'static str {
    const VERTICAL: u8 = UP | DOWN;
    const HORIZONTAL: u8 = LEFT | RIGHT;
    match directions {
        VERTICAL if dashed => "┊",
        HORIZONTAL if dashed => "┄",
        0 => " ",
        UP => "╵",
        DOWN => "╷",
        VERTICAL => "│",
        LEFT => "╴",
        RIGHT => "╶",
        HORIZONTAL => "─",
        d if d == UP | LEFT => "╯",
        d if d == UP | RIGHT => "╰",
        d if d == DOWN | LEFT => "╮",
        d if d == DOWN | RIGHT => "╭",
        d if d == VERTICAL | LEFT => "┤",
        d if d == VERTICAL | RIGHT => "├",
        d if d == HORIZONTAL | UP => "┴",
        d if d == HORIZONTAL | DOWN => "┬",
        _ => "┼",
    }
}

fn heavy(directions: u8) -> &'static str {
    match directions {
        UP => "╹",
        DOWN => "╻",
        LEFT => "╸",
        RIGHT => "╺",
        d if d == UP | DOWN => "┃",
        d if d == LEFT | RIGHT => "━",
        d if d == UP | LEFT => "┛",
        d if d == UP | RIGHT => "┗",
        d if d == DOWN | LEFT => "┓",
        d if d == DOWN | RIGHT => "┏",
        d if d == UP | DOWN | LEFT => "┫",
        d if d == UP | DOWN | RIGHT => "┣",
        d if d == LEFT | RIGHT | UP => "┻",
        d if d == LEFT | RIGHT | DOWN => "┳",
        _ => "╋",
    }
}

/// A thin line that meets a thick one.
fn mixed(thin: u8, thick: u8) -> &'static str {
    match (thick, thin) {
        (t, UP) if t == LEFT | RIGHT => "┷",
        (t, DOWN) if t == LEFT | RIGHT => "┯",
        (t, _) if t == LEFT | RIGHT => "┿",
        (t, LEFT) if t == UP | DOWN => "┨",
        (t, RIGHT) if t == UP | DOWN => "┠",
        (t, _) if t == UP | DOWN => "╂",
        _ => heavy(thin | thick),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &Lines) -> Vec<String> {
        (0..lines.height).map(|y| (0..lines.width).map(|x| lines.symbol(x, y).map_or(" ", |(symbol, _)| symbol)).collect()).collect()
    }

    #[test]
    fn a_connector_makes_tees_of_the_borders_it_touches() {
        let mut lines = Lines::new(7, 5);
        lines.line((3, 1), (3, 3), Stroke::Light, Role::Rule);
        lines.frame((0, 0, 7, 2), Stroke::Light, Role::Rule);
        lines.frame((0, 3, 7, 2), Stroke::Heavy, Role::Focus);
        assert_eq!(shown(&lines), ["╭─────╮", "╰──┬──╯", "   │   ", "┏━━┷━━┓", "┗━━━━━┛"]);
    }

    #[test]
    fn a_way_not_taken_is_broken_but_not_where_another_goes() {
        let mut lines = Lines::new(5, 3);
        lines.line((0, 1), (4, 1), Stroke::Dashed, Role::Faint);
        lines.line((2, 0), (2, 2), Stroke::Light, Role::Rule);
        assert_eq!(shown(&lines), ["  ╷  ", "╶┄┼┄╴", "  ╵  "]);
    }

    #[test]
    fn what_lies_outside_is_not_drawn() {
        let mut lines = Lines::new(2, 2);
        lines.frame((0, 0, 9, 9), Stroke::Light, Role::Rule);
        assert_eq!(shown(&lines), ["╭─", "│ "]);
        assert!(lines.symbol(7, 0).is_none());
    }
}

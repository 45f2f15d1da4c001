//! Two numeric columns against each other: the more rows, the fuller the cell.

use std::ops::RangeInclusive;

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::scale::shade;
use super::{below, heading, mark};
use crate::app::text_width::{right, visible, width};
use crate::demo::figures;
use crate::ops::exploration::{Density, DensityCell, Found, Subject};

/// Draws the cells on their axes.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, found: &Density) {
    let state = &canvas.model.explore;
    let coefficient = match state.known(&Subject::Correlations) {
        Some(Found::Correlations(correlations)) => correlations.of(&found.x, &found.y),
        _ => None,
    };
    let mut said = vec![
        (visible(&found.x).into_owned(), Role::Accent),
        (" across, ".to_owned(), Role::Dim),
        (visible(&found.y).into_owned(), Role::Accent),
        (" upwards".to_owned(), Role::Dim),
        (format!("   {}", figures::counted(found.rows(), "row")), Role::Dim),
    ];
    said.extend(coefficient.map(|value| (format!("   r {value:+.2}"), Role::Strong)));
    heading(canvas, area, &said);
    let most = found.cells.iter().map(|cell| cell.rows).max().unwrap_or(1);
    let cells = found.by_rows();
    let selected = state.inside().then(|| cells.get(state.mark.selected).copied()).flatten();
    let (legend, role) = match selected {
        Some(cell) => (told(found, cell), Role::Strong),
        None => (
            vec![
                format!("A cell: · ░ ▒ ▓ █ 1 to {} rows (logarithmic)   [ ] the other column", figures::count(most)),
                format!("· ░ ▒ ▓ █ 1 to {} rows   [ ] the other column", figures::count(most)),
                format!("· ░ ▒ ▓ █ 1 to {} rows", figures::count(most)),
            ],
            Role::Dim,
        ),
    };
    if let Some(text) = legend.iter().find(|text| width(text) <= usize::from(area.width)) {
        canvas.text(area.x, area.y + 1, area.width, text, role);
    }
    let area = below(area, 3);
    let Some([left, right_end, lower, upper]) = found.bounds() else {
        canvas.text(area.x, area.y, area.width, "No row has a number in both columns", Role::Dim);
        return;
    };
    let axis = [lower, upper].map(|value| width(&tick(value, found.y_step))).into_iter().max().unwrap_or(0) as u16;
    if area.height < 4 || area.width < axis + 10 {
        return;
    }
    let plot = Rect::new(area.x + axis + 1, area.y, area.width - axis - 1, area.height - 1);
    let (columns, rows) = (usize::from(plot.width - 1), usize::from(plot.height - 1));
    let plane = Plane { bounds: [left, right_end, lower, upper], columns, rows };
    let grid = Grid::of(found, &plane);
    for row in 0..rows {
        let y = plot.y + row as u16;
        canvas.text(plot.x, y, 1, "│", Role::Rule);
        let line: String = (0..columns).map(|column| shade(grid.at(column, row), most as f64)).collect();
        canvas.text(plot.x + 1, y, plot.width - 1, &line, Role::Focus);
    }
    for (at, cell) in cells.iter().enumerate() {
        let place = plane.place(found, cell);
        let place = Rect { x: plot.x + 1 + place.x, y: plot.y + place.y, ..place };
        // A full cell hides what is behind it: the selected one is made of other characters.
        if selected.is_some_and(|selected| std::ptr::eq(selected, *cell)) {
            let line = "◆".repeat(usize::from(place.width));
            for y in place.top()..place.bottom() {
                canvas.text(place.x, y, place.width, &line, Role::Warn);
            }
        }
        mark(canvas, place, at);
    }
    let bottom = plot.y + rows as u16;
    canvas.text(plot.x, bottom, plot.width, &format!("└{}", "─".repeat(columns)), Role::Rule);
    let ticks = |count: usize| (0..=count).map(move |tick| tick as f64 / count as f64);
    for share in ticks(if rows >= 16 { 4 } else { 2 }) {
        let value = lower + share * (upper - lower);
        // Between the first row and the last.
        let y = plot.y + ((1.0 - share) * (rows - 1) as f64).round() as u16;
        canvas.text(area.x, y, axis, &right(&tick(value, found.y_step), usize::from(axis)), Role::Dim);
    }
    for share in ticks(if columns >= 60 { 4 } else { 2 }) {
        let text = tick(left + share * (right_end - left), found.x_step);
        // Under its place, and inside the picture.
        let middle = plot.x + 1 + (share * (columns - 1) as f64).round() as u16;
        let wide = width(&text) as u16;
        let x = middle.saturating_sub(wide / 2).max(plot.x).min(area.right().saturating_sub(wide));
        canvas.text(x, bottom + 1, wide, &text, Role::Dim);
    }
}

/// A number on an axis, as exact as the steps of the picture.
fn tick(value: f64, step: f64) -> String {
    if step >= 1.0 { figures::integer(value.round() as i64) } else { figures::rounded(value, 2) }
}

/// What a cell is, in words, the longest first.
fn told(found: &Density, cell: &DensityCell) -> Vec<String> {
    let range = |column: &str, edge: f64, step: f64| format!("{} {} to {}", visible(column), tick(edge, step), tick(edge + step, step));
    let share = if cell.rows > 0 { cell.yes as f64 / cell.rows as f64 } else { 0.0 };
    let (across, upwards) = (range(&found.x, cell.x, found.x_step), range(&found.y, cell.y, found.y_step));
    let (rows, share) = (figures::counted(cell.rows, "row"), figures::percent(share));
    vec![
        format!("{across}, {upwards}: {rows}, {share} yes   Enter shows them"),
        format!("{across}, {upwards}: {rows}, {share} yes"),
        format!("{across}, {upwards}: {rows}"),
        format!("{rows}, {share} yes"),
    ]
}

/// Where the cells are among the characters of the picture.
struct Plane {
    /// Left, right, lower and upper edge.
    bounds: [f64; 4],
    columns: usize,
    rows: usize,
}

impl Plane {
    fn columns_of(&self, found: &Density, cell: &DensityCell) -> RangeInclusive<usize> {
        parts((cell.x, found.x_step), (self.bounds[0], self.bounds[1]), self.columns)
    }

    /// Rows of characters, counted from the bottom.
    fn rows_of(&self, found: &Density, cell: &DensityCell) -> RangeInclusive<usize> {
        parts((cell.y, found.y_step), (self.bounds[2], self.bounds[3]), self.rows)
    }

    /// The characters of a cell; the first ones are 0, counted from the left and from the top.
    fn place(&self, found: &Density, cell: &DensityCell) -> Rect {
        let (across, upwards) = (self.columns_of(found, cell), self.rows_of(found, cell));
        let count = |range: &RangeInclusive<usize>| (range.end() - range.start() + 1) as u16;
        Rect::new(*across.start() as u16, (self.rows - 1 - upwards.end()) as u16, count(&across), count(&upwards))
    }
}

/// The characters of `count` that a step from `from` on covers between `least` and `most`: within the picture, and one at least.
pub(super) fn parts((from, step): (f64, f64), (least, most): (f64, f64), count: usize) -> RangeInclusive<usize> {
    let at = |value: f64| (value - least) / (most - least) * count as f64;
    let (first, last) = (at(from) + 1e-6, at(from + step) - 1e-6);
    let first = (first.max(0.0) as usize).min(count - 1);
    first..=(last.max(0.0) as usize).clamp(first, count - 1)
}

/// Rows of the table by characters of the screen.
struct Grid {
    columns: usize,
    rows: Vec<f64>,
}

impl Grid {
    /// Where several cells share a character, it shows their mean: so no stripes come from the size of the screen.
    fn of(found: &Density, plane: &Plane) -> Grid {
        let (columns, rows) = (plane.columns, plane.rows);
        let mut sums = vec![0.0; columns * rows];
        let mut cells = vec![0.0; columns * rows];
        for cell in &found.cells {
            for row in plane.rows_of(found, cell) {
                for column in plane.columns_of(found, cell) {
                    let at = (rows - 1 - row) * columns + column;
                    sums[at] += cell.rows as f64;
                    cells[at] += 1.0;
                }
            }
        }
        let means = sums.iter().zip(&cells).map(|(sum, cells)| if *cells > 0.0 { sum / cells } else { 0.0 });
        Grid { columns, rows: means.collect() }
    }

    fn at(&self, column: usize, row: usize) -> f64 {
        self.rows.get(row * self.columns + column).copied().unwrap_or(0.0)
    }
}

//! Every numeric column against every other: the columns on the diagonal with how their values are spread, where the rows of two of them lie
//! below it, and their coefficient above it. The selected column comes first, so that its pairs are the first column.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use super::density::parts;
use super::scale::{bars, shade};
use super::{below, heading, mark};
use crate::app::list::window;
use crate::app::text_width::{left, visible};
use crate::ops::exploration::{Density, Matrix};

/// Columns and rows of a pair at least, with the gap behind it.
const LEAST: (u16, u16) = (10, 4);
/// Columns and rows of a pair at most.
const MOST: (u16, u16) = (27, 11);

/// Draws the pairs that there is room for.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, found: &Matrix) {
    let state = &canvas.model.explore;
    let others = state.others();
    let first = state.column().filter(|_| state.numeric());
    let selected = if state.inside() { others.get(state.mark.selected).copied() } else { None };
    let mut said = vec![
        ("Pairs".to_owned(), Role::Accent),
        (format!("   {} numbers, each against each other", found.columns.len()), Role::Dim),
        ("   · ░ ▒ ▓ █ more rows".to_owned(), Role::Dim),
    ];
    if found.left_out > 0 {
        said.insert(2, (format!("   {} left out", found.left_out), Role::Dim));
    }
    heading(canvas, area, &said);
    let told = match (first, selected) {
        (Some(first), Some(other)) => format!("Enter draws {} and {} as a density", visible(first), visible(other)),
        (Some(first), None) => format!("{} across, the others upwards; Enter selects one", visible(first)),
        (None, _) => "Choose a column of numbers to see its pairs first".to_owned(),
    };
    canvas.text(area.x, area.y + 1, area.width, &told, Role::Base);
    let area = below(area, 3);
    let fit = usize::from((area.width / LEAST.0).min(area.height / LEAST.1));
    if fit < 2 {
        canvas.paragraph(area, "There is no room for pairs: z gives them the whole screen.", Role::Dim);
        return;
    }
    let names = shown(found, first, selected, fit);
    let count = names.len().max(1) as u16;
    let (wide, high) = ((area.width / count).min(MOST.0), (area.height / count).min(MOST.1));
    for (row, upwards) in names.iter().enumerate() {
        for (column, across) in names.iter().enumerate() {
            let tile = Rect::new(area.x + wide * column as u16, area.y + high * row as u16, wide - 1, high - u16::from(high > LEAST.1));
            if row == column {
                own(canvas, tile, upwards, &found.spread(upwards), Some(*upwards) == first);
            } else if column < row {
                if let Some((pair, plain)) = found.pair(across, upwards) {
                    density(canvas, tile, pair, plain);
                }
                if column == 0
                    && let Some(place) = first.and_then(|_| others.iter().position(|other| other == upwards))
                {
                    mark(canvas, tile, place);
                }
            } else {
                coefficient(canvas, tile, found.correlations.of(across, upwards));
            }
        }
    }
}

/// The names that are shown: the selected column, and as many others as there is room for, the marked one among them.
fn shown<'a>(found: &'a Matrix, first: Option<&'a str>, selected: Option<&str>, fit: usize) -> Vec<&'a str> {
    let first = first.filter(|first| found.columns.iter().any(|column| column == first));
    let others: Vec<&str> = found.columns.iter().map(String::as_str).filter(|name| Some(*name) != first).collect();
    let room = fit - usize::from(first.is_some());
    let at = selected.and_then(|selected| others.iter().position(|name| *name == selected)).unwrap_or(0);
    let top = window(0, at, others.len(), room);
    first.into_iter().chain(others.into_iter().skip(top).take(room)).collect()
}

/// A column by itself: its name, and how its values are spread.
fn own(canvas: &mut Canvas<'_>, area: Rect, name: &str, spread: &[u64], selected: bool) {
    canvas.text(
        area.x,
        area.y,
        area.width,
        &left(&visible(name), usize::from(area.width)),
        if selected { Role::Strong } else { Role::Base },
    );
    let area = below(area, 1);
    for (row, line) in bars(spread, usize::from(area.width), usize::from(area.height)).iter().enumerate() {
        canvas.text(area.x, area.y + row as u16, area.width, line, Role::Focus);
    }
}

/// Where the rows of two columns lie; not `plain` when the pair was counted the other way round.
fn density(canvas: &mut Canvas<'_>, area: Rect, pair: &Density, plain: bool) {
    let Some([x_least, x_most, y_least, y_most]) = pair.bounds() else { return };
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    let mut grid = vec![0.0; columns * rows];
    for cell in &pair.cells {
        let (x, y) = (((cell.x, pair.x_step), (x_least, x_most)), ((cell.y, pair.y_step), (y_least, y_most)));
        let (across, upwards) = if plain { (x, y) } else { (y, x) };
        for column in parts(across.0, across.1, columns) {
            for row in parts(upwards.0, upwards.1, rows) {
                grid[(rows - 1 - row) * columns + column] += cell.rows as f64;
            }
        }
    }
    let most = grid.iter().copied().fold(1.0, f64::max);
    for row in 0..rows {
        let line: String = grid[row * columns..(row + 1) * columns].iter().map(|count| shade(*count, most)).collect();
        canvas.text(area.x, area.y + row as u16, area.width, &line, Role::Focus);
    }
}

/// Pearson's coefficient; none where a column is constant.
fn coefficient(canvas: &mut Canvas<'_>, area: Rect, value: Option<f64>) {
    let Some(value) = value else { return };
    let role = if value.abs() >= 0.5 { Role::Strong } else { Role::Dim };
    canvas.text_right(area.x, area.y + area.height / 2, (area.width / 2 + 4).min(area.width), &format!("r {value:+.2}"), role);
}

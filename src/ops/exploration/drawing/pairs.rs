//! Numeric columns against each other: the heat map of their correlations, and the density of two.

use super::bars::short;
use super::{Anchor, Drawing, INK, NOTE, PAPER, QUIET, TEXT, TITLE, labels_width, plain, shade};
use crate::demo::figures;
use crate::ops::exploration::{Correlations, Density};

/// Side of a cell of the heat map.
const CELL: f64 = 58.0;

/// A heat map with the coefficients in it: blue together, orange against each other.
pub(super) fn correlations(correlations: &Correlations) -> Drawing {
    let names = &correlations.columns;
    let labels = labels_width(names.iter().map(String::as_str));
    let side = CELL * names.len() as f64;
    let top = labels + 24.0;
    let mut drawing = Drawing::new("How the numbers move together".to_owned(), labels + side + 20.0, top + side + 20.0);
    drawing.text((12.0, 22.0), Anchor::Start, (TITLE, INK), "How the numbers move together");
    for (row, name) in names.iter().enumerate() {
        let middle = CELL * (row as f64 + 0.5);
        drawing.text((labels - 8.0, top + middle + 4.5), Anchor::End, (TEXT, INK), short(name));
        drawing.text_upwards((labels + middle + 4.5, top - 8.0), (TEXT, INK), short(name));
        for (column, value) in correlations.matrix[row].iter().enumerate() {
            let (x, y) = (labels + CELL * column as f64, top + CELL * row as f64);
            let size = value.unwrap_or(0.0);
            drawing.rectangle((x, y), (CELL - 1.0, CELL - 1.0), shade(size));
            let ink = if size.abs() > 0.6 { PAPER } else { INK };
            let label = value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
            drawing.text((x + CELL / 2.0, y + CELL / 2.0 + 4.5), Anchor::Middle, (TEXT, ink), label);
        }
    }
    drawing
}

/// Cells as dark as they are full, on a logarithmic scale: few rows stay visible beside many.
pub(super) fn density(density: &Density) -> Drawing {
    let (left, top, width, height) = (labels_width(std::iter::once(density.y.as_str())).max(90.0), 44.0, 560.0, 420.0);
    let mut drawing = Drawing::new(format!("{} and {}", density.x, density.y), left + width + 30.0, top + height + 60.0);
    let heading = format!("{} and {} – {} rows, darker is more", density.x, density.y, figures::count(density.rows()));
    drawing.text((12.0, 22.0), Anchor::Start, (TITLE, INK), heading);
    let Some([x_least, x_most, y_least, y_most]) = density.bounds() else { return drawing };
    let most = density.cells.iter().map(|cell| cell.rows).max().unwrap_or(1) as f64;
    for cell in &density.cells {
        let x = left + (cell.x - x_least) / (x_most - x_least) * width;
        let y = top + height - (cell.y + density.y_step - y_least) / (y_most - y_least) * height;
        let full = (cell.rows as f64 + 1.0).ln() / (most + 1.0).ln();
        let size = (density.x_step / (x_most - x_least) * width, density.y_step / (y_most - y_least) * height);
        drawing.rectangle((x, y), size, shade(full));
    }
    drawing.frame((left, top), (width, height));
    for (share, anchor) in [(0.0, Anchor::Start), (1.0, Anchor::End)] {
        let across = plain(x_least + share * (x_most - x_least));
        drawing.text((left + share * width, top + height + 18.0), anchor, (NOTE, QUIET), across);
        let upwards = plain(y_least + share * (y_most - y_least));
        drawing.text((left - 8.0, top + height - share * (height - 12.0)), Anchor::End, (NOTE, QUIET), upwards);
    }
    drawing.text((left + width / 2.0, top + height + 42.0), Anchor::Middle, (TEXT, INK), short(&density.x));
    drawing.text((left - 8.0, top + height / 2.0), Anchor::End, (TEXT, INK), short(&density.y));
    drawing
}

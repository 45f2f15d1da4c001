//! Every numeric column against every other: a small density for each pair below the diagonal, and on it how the values of a column are
//! spread; above it are the coefficients.

use super::bars::short;
use super::{Anchor, BLUE, Drawing, INK, NOTE, QUIET, TEXT, TITLE, shade};
use crate::ops::exploration::{Density, Matrix};

/// Side of a pair.
const TILE: f64 = 84.0;
/// Between two pairs.
const GAP: f64 = 8.0;
/// Height of a name.
const NAME: f64 = 16.0;

/// The pairs as a triangle under the names.
pub(super) fn matrix(found: &Matrix) -> Drawing {
    let (left, top) = (12.0, 44.0);
    let side = (TILE + GAP) * found.columns.len() as f64;
    let title = "Each number against each other, darker is more".to_owned();
    let mut drawing = Drawing::new(title.clone(), (left + side + 8.0).max(400.0), top + side + NAME);
    drawing.text((left, 22.0), Anchor::Start, (TITLE, INK), title);
    for (row, upwards) in found.columns.iter().enumerate() {
        let y = top + NAME + (TILE + GAP) * row as f64;
        for (column, across) in found.columns.iter().enumerate() {
            let x = left + (TILE + GAP) * column as f64;
            if column > row {
                let label = found.correlations.of(across, upwards).map_or_else(|| "–".to_owned(), |value| format!("r {value:+.2}"));
                drawing.text((x + TILE / 2.0, y + TILE / 2.0 + 4.0), Anchor::Middle, (TEXT, QUIET), label);
                continue;
            }
            if row == column {
                drawing.text((x + TILE, y - 4.0), Anchor::End, (NOTE, INK), short(upwards));
                spread(&mut drawing, (x, y), &found.spread(upwards));
            } else if let Some((pair, _)) = found.pair(across, upwards) {
                tile(&mut drawing, (x, y), pair);
            }
            drawing.frame((x, y), (TILE, TILE));
        }
    }
    if found.left_out > 0 {
        let words = format!("{} more are left out", found.left_out);
        drawing.text((left + side, 22.0), Anchor::End, (NOTE, QUIET), words);
    }
    drawing
}

fn tile(drawing: &mut Drawing, (left, top): (f64, f64), pair: &Density) {
    let Some([x_least, x_most, y_least, y_most]) = pair.bounds() else { return };
    let most = pair.cells.iter().map(|cell| cell.rows).max().unwrap_or(1) as f64;
    let (wide, high) = (TILE / (x_most - x_least), TILE / (y_most - y_least));
    for cell in &pair.cells {
        let at = (left + (cell.x - x_least) * wide, top + TILE - (cell.y + pair.y_step - y_least) * high);
        let full = (cell.rows as f64 + 1.0).ln() / (most + 1.0).ln();
        drawing.rectangle(at, (pair.x_step * wide, pair.y_step * high), shade(full));
    }
}

fn spread(drawing: &mut Drawing, (left, top): (f64, f64), counts: &[u64]) {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let wide = TILE / counts.len().max(1) as f64;
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // What is there at all is seen.
        let high = (*count as f64 / most * TILE).max(1.0);
        drawing.rectangle((left + wide * at as f64, top + TILE - high), ((wide - 1.0).max(1.0), high), BLUE);
    }
}

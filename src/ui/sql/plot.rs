//! Pictures from characters: bars, columns, and dots of Braille. They are told by their shape, so that they need no colour.

/// The eighths of a block from left to right.
const ACROSS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// The eighths of a block from below.
const UP: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// A bar of a share of `columns`, exact to an eighth of a column; what is there at all is seen.
pub fn bar(share: f64, columns: usize) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let mut eighths = (share * columns as f64 * 8.0).round() as usize;
    if eighths == 0 && share > 0.0 {
        eighths = 1;
    }
    format!("{}{}", "█".repeat(eighths / 8), ACROSS[eighths % 8])
}

/// Columns of the given shares, `rows` high, each `wide` characters: the lines from above.
pub fn columns(shares: &[f64], rows: usize, wide: usize) -> Vec<String> {
    (0..rows)
        .map(|row| {
            let below = (rows - 1 - row) * 8;
            shares
                .iter()
                .map(|share| {
                    let mut eighths = (share.clamp(0.0, 1.0) * rows as f64 * 8.0).round() as usize;
                    if eighths == 0 && *share > 0.0 {
                        eighths = 1;
                    }
                    UP[eighths.saturating_sub(below).min(8)].repeat(wide)
                })
                .collect()
        })
        .collect()
}

/// Dots, two across and four down in every character.
pub struct Dots {
    columns: usize,
    rows: usize,
    bits: Vec<u8>,
}

impl Dots {
    /// No dots yet.
    pub fn new(columns: usize, rows: usize) -> Dots {
        Dots { columns, rows, bits: vec![0; columns * rows] }
    }

    /// Dots across.
    pub fn across(&self) -> usize {
        self.columns * 2
    }

    /// Dots down.
    pub fn down(&self) -> usize {
        self.rows * 4
    }

    /// A dot, counted from the left and from above. What is outside is not drawn.
    pub fn set(&mut self, x: usize, y: usize) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let (column, row) = (x / 2, y / 4);
        if column < self.columns && row < self.rows {
            self.bits[row * self.columns + column] |= BITS[y % 4][x % 2];
        }
    }

    /// A line between two dots.
    pub fn line(&mut self, from: (usize, usize), to: (usize, usize)) {
        let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
        for step in 0..=steps {
            let at = |a: usize, b: usize| {
                let share = step as f64 / steps as f64;
                (a as f64 + (b as f64 - a as f64) * share).round() as usize
            };
            self.set(at(from.0, to.0), at(from.1, to.1));
        }
    }

    /// The lines from above.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.bits.chunks(self.columns.max(1)).map(|row| {
            row.iter().map(|bits| if *bits == 0 { ' ' } else { char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ') }).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_exact_to_an_eighth() {
        assert_eq!(bar(0.5, 4), "██");
        assert_eq!(bar(0.53125, 4), "██▏");
        assert_eq!(bar(1e-9, 4), "▏", "a little is not nothing");
        assert_eq!(bar(0.0, 4), "");
        assert_eq!(bar(f64::NAN, 4), "");
        assert_eq!(columns(&[1.0, 0.25, 0.0], 2, 1), ["█  ", "█▄ "]);
    }

    #[test]
    fn dots_make_braille() {
        let mut dots = Dots::new(2, 1);
        dots.line((0, 0), (3, 3));
        assert_eq!(dots.lines().collect::<Vec<_>>(), ["⠑⢄"]);
        dots.set(99, 99);
        assert_eq!((dots.across(), dots.down()), (4, 4));
    }
}

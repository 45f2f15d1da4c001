//! What characters that are no letters look like: lines that meet, blocks, dots of Braille, and the marks of the screen. Each is told by which
//! points of its cell it covers; a character that is none of them is an empty box.

/// Points across and down for each pixel.
const POINTS: usize = 4;

/// How much of each pixel of a cell a character covers, from 0 to 255, row by row.
pub(super) fn coverage(character: char, (columns, rows): (usize, usize)) -> Vec<u8> {
    let size = (columns as f64, rows as f64);
    let mut pixels = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            let mut sum = 0.0;
            for point in 0..POINTS * POINTS {
                let place = |at: usize, within: usize| at as f64 + (within as f64 + 0.5) / POINTS as f64;
                sum += share(character, (place(column, point % POINTS), place(row, point / POINTS)), size);
            }
            // A mean of shares, each between 0 and 1.
            pixels.push((sum / (POINTS * POINTS) as f64 * 255.0).round() as u8);
        }
    }
    pixels
}

/// Whether the character has a shape of its own.
#[cfg(test)]
pub(super) fn known(character: char) -> bool {
    blank(character)
        || block(character, (0.0, 0.0), (1.0, 1.0)).is_some()
        || arms(character).is_some()
        || mark(character, (0.0, 0.0), (1.0, 1.0)).is_some()
}

fn blank(character: char) -> bool {
    character == ' ' || character == '\u{2800}'
}

/// How much of a point is covered: all, nothing, or, of a texture, a part.
fn share(character: char, at: (f64, f64), size: (f64, f64)) -> f64 {
    if blank(character) {
        return 0.0;
    }
    if let Some(share) = block(character, at, size) {
        return share;
    }
    if let Some(arms) = arms(character) {
        return f64::from(u8::from(meets(arms, at, size)));
    }
    let covered = mark(character, at, size).unwrap_or_else(|| {
        let (x, y) = (at.0 / size.0, at.1 / size.1);
        let inside = |margin: f64| (margin..1.0 - margin).contains(&x) && (margin..1.0 - margin).contains(&y);
        inside(0.1) && !inside(0.18)
    });
    f64::from(u8::from(covered))
}

/// Blocks, their parts, textures, and dots of Braille.
fn block(character: char, at: (f64, f64), size: (f64, f64)) -> Option<f64> {
    let (x, y) = (at.0 / size.0, at.1 / size.1);
    let whole = |covered: bool| Some(f64::from(u8::from(covered)));
    let code = u32::from(character);
    match character {
        '▀' => whole(y < 0.5),
        '▐' => whole(x >= 0.5),
        '░' => Some(0.25),
        '▒' => Some(0.5),
        '▓' => Some(0.75),
        // One to eight eighths from below, then seven to one from the left.
        '▁'..='█' => whole(y >= 1.0 - f64::from(code - 0x2580) / 8.0),
        '▉'..='▏' => whole(x < f64::from(0x2590 - code) / 8.0),
        '\u{2801}'..='\u{28ff}' => {
            const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
            let (column, row) = ((x * 2.0).clamp(0.0, 1.0), (y * 4.0).clamp(0.0, 3.0));
            // Within the cell.
            let (column, row) = (column as usize, row as usize);
            let centre = ((column as f64 + 0.5) / 2.0 * size.0, (row as f64 + 0.5) / 4.0 * size.1);
            let near = (at.0 - centre.0).hypot(at.1 - centre.1) <= size.0 * 0.15;
            whole(near && (code - 0x2800) & BITS[row][column] != 0)
        }
        _ => None,
    }
}

/// How thick the lines of a character are to the left, to the right, up and down, and whether they are broken.
struct Arms {
    thick: [f64; 4],
    broken: bool,
}

fn arms(character: char) -> Option<Arms> {
    const LIGHT: f64 = 1.0;
    const HEAVY: f64 = 2.0;
    let (thick, broken) = match character {
        '─' => ([LIGHT, LIGHT, 0.0, 0.0], false),
        '━' => ([HEAVY, HEAVY, 0.0, 0.0], false),
        '│' => ([0.0, 0.0, LIGHT, LIGHT], false),
        '┃' => ([0.0, 0.0, HEAVY, HEAVY], false),
        '┄' => ([LIGHT, LIGHT, 0.0, 0.0], true),
        '┊' => ([0.0, 0.0, LIGHT, LIGHT], true),
        '╴' => ([LIGHT, 0.0, 0.0, 0.0], false),
        '╶' => ([0.0, LIGHT, 0.0, 0.0], false),
        '╵' => ([0.0, 0.0, LIGHT, 0.0], false),
        '╷' => ([0.0, 0.0, 0.0, LIGHT], false),
        '╸' => ([HEAVY, 0.0, 0.0, 0.0], false),
        '╺' => ([0.0, HEAVY, 0.0, 0.0], false),
        '╹' => ([0.0, 0.0, HEAVY, 0.0], false),
        '╻' => ([0.0, 0.0, 0.0, HEAVY], false),
        '╭' | '┌' => ([0.0, LIGHT, 0.0, LIGHT], false),
        '╮' | '┐' => ([LIGHT, 0.0, 0.0, LIGHT], false),
        '╰' | '└' => ([0.0, LIGHT, LIGHT, 0.0], false),
        '╯' | '┘' => ([LIGHT, 0.0, LIGHT, 0.0], false),
        '┏' => ([0.0, HEAVY, 0.0, HEAVY], false),
        '┓' => ([HEAVY, 0.0, 0.0, HEAVY], false),
        '┗' => ([0.0, HEAVY, HEAVY, 0.0], false),
        '┛' => ([HEAVY, 0.0, HEAVY, 0.0], false),
        '├' => ([0.0, LIGHT, LIGHT, LIGHT], false),
        '┤' => ([LIGHT, 0.0, LIGHT, LIGHT], false),
        '┬' => ([LIGHT, LIGHT, 0.0, LIGHT], false),
        '┴' => ([LIGHT, LIGHT, LIGHT, 0.0], false),
        '┼' => ([LIGHT; 4], false),
        '┣' => ([0.0, HEAVY, HEAVY, HEAVY], false),
        '┫' => ([HEAVY, 0.0, HEAVY, HEAVY], false),
        '┳' => ([HEAVY, HEAVY, 0.0, HEAVY], false),
        '┻' => ([HEAVY, HEAVY, HEAVY, 0.0], false),
        '╋' => ([HEAVY; 4], false),
        '┯' => ([HEAVY, HEAVY, 0.0, LIGHT], false),
        '┷' => ([HEAVY, HEAVY, LIGHT, 0.0], false),
        '┿' => ([HEAVY, HEAVY, LIGHT, LIGHT], false),
        '┠' => ([0.0, LIGHT, HEAVY, HEAVY], false),
        '┨' => ([LIGHT, 0.0, HEAVY, HEAVY], false),
        '╂' => ([LIGHT, LIGHT, HEAVY, HEAVY], false),
        _ => return None,
    };
    Some(Arms { thick, broken })
}

/// Whether lines that meet in the middle of a cell go through a point.
fn meets(arms: Arms, (x, y): (f64, f64), (width, height): (f64, f64)) -> bool {
    let (across, down) = (x - width / 2.0, y - height / 2.0);
    let unit = height / 16.0;
    let [left, right, up, below] = arms.thick.map(|thick| thick * unit / 2.0);
    // Arms reach as far over the middle as the others are thick, so that corners are whole.
    let (over, beside) = (up.max(below), left.max(right));
    let horizontal = (across <= over && down.abs() <= left && left > 0.0) || (across >= -over && down.abs() <= right && right > 0.0);
    let vertical = (down <= beside && across.abs() <= up && up > 0.0) || (down >= -beside && across.abs() <= below && below > 0.0);
    // Three strokes a cell along the line.
    let along = if beside > 0.0 { x / width } else { y / height };
    (horizontal || vertical) && (!arms.broken || (along * 3.0).fract() < 0.6)
}

/// Circles, diamonds, triangles, arrows, and what else the screen marks things with; `None` for other characters. Lengths are shares of the
/// width of a cell, from its middle.
fn mark(character: char, at: (f64, f64), (width, height): (f64, f64)) -> Option<bool> {
    let (x, y) = ((at.0 - width / 2.0) / width, (at.1 - height / 2.0) / width);
    let far = x.hypot(y);
    let ring = (0.34..=0.46).contains(&far);
    let diamond = x.abs() + y.abs();
    let square = x.abs().max(y.abs());
    let stroke = |points: &[(f64, f64)]| points.windows(2).any(|pair| distance((x, y), pair[0], pair[1]) <= 0.075);
    Some(match character {
        '●' => far <= 0.46,
        '•' => far <= 0.22,
        '·' => far <= 0.11,
        '○' => ring,
        '◌' => ring && (y.atan2(x) / std::f64::consts::TAU * 8.0).rem_euclid(1.0) < 0.55,
        '◉' => ring || far <= 0.2,
        '◐' => ring || (far <= 0.46 && x <= 0.0),
        '◑' => ring || (far <= 0.46 && x >= 0.0),
        '◓' => ring || (far <= 0.46 && y <= 0.0),
        '◒' => ring || (far <= 0.46 && y >= 0.0),
        '⚙' => far > 0.14 && (far <= 0.34 || (far <= 0.47 && (y.atan2(x) / std::f64::consts::TAU * 8.0).rem_euclid(1.0) < 0.5)),
        '◆' => diamond <= 0.5,
        '◇' => (0.36..=0.5).contains(&diamond),
        '◈' => (0.38..=0.5).contains(&diamond) || diamond <= 0.22,
        '▣' => (0.34..=0.44).contains(&square) || square <= 0.22,
        '▤' => (0.36..=0.44).contains(&square) || (square <= 0.44 && (y * 5.0).rem_euclid(1.0) < 0.4),
        '▲' => (-0.45..=0.4).contains(&y) && x.abs() <= (y + 0.45) / 0.85 * 0.48,
        '▼' => (-0.4..=0.45).contains(&y) && x.abs() <= (0.45 - y) / 0.85 * 0.48,
        '▾' => (-0.2..=0.3).contains(&y) && x.abs() <= (0.3 - y) / 0.5 * 0.36,
        '▶' => (-0.4..=0.45).contains(&x) && y.abs() <= (0.45 - x) / 0.85 * 0.48,
        '▸' => (-0.25..=0.35).contains(&x) && y.abs() <= (0.35 - x) / 0.6 * 0.36,
        '◀' => (-0.45..=0.4).contains(&x) && y.abs() <= (x + 0.45) / 0.85 * 0.48,
        '✔' => stroke(&[(-0.42, 0.05), (-0.15, 0.38), (0.42, -0.5)]),
        '✖' => stroke(&[(-0.36, -0.36), (0.36, 0.36)]) || stroke(&[(-0.36, 0.36), (0.36, -0.36)]),
        '←' => stroke(&[(0.42, 0.0), (-0.42, 0.0)]) || stroke(&[(-0.14, -0.26), (-0.42, 0.0), (-0.14, 0.26)]),
        '→' => stroke(&[(-0.42, 0.0), (0.42, 0.0)]) || stroke(&[(0.14, -0.26), (0.42, 0.0), (0.14, 0.26)]),
        '↑' => stroke(&[(0.0, 0.5), (0.0, -0.5)]) || stroke(&[(-0.26, -0.22), (0.0, -0.5), (0.26, -0.22)]),
        '↓' => stroke(&[(0.0, -0.5), (0.0, 0.5)]) || stroke(&[(-0.26, 0.22), (0.0, 0.5), (0.26, 0.22)]),
        '⇣' => {
            (stroke(&[(0.0, -0.5), (0.0, 0.5)]) && (y * 5.0).rem_euclid(1.0) < 0.6) || stroke(&[(-0.26, 0.22), (0.0, 0.5), (0.26, 0.22)])
        }
        '↵' => stroke(&[(0.4, -0.4), (0.4, 0.15), (-0.4, 0.15)]) || stroke(&[(-0.15, -0.1), (-0.4, 0.15), (-0.15, 0.4)]),
        '↺' => ((0.3..=0.43).contains(&far) && !(x < 0.0 && y < 0.0)) || stroke(&[(-0.1, -0.6), (-0.32, -0.36), (-0.02, -0.16)]),
        '‹' => stroke(&[(0.15, -0.35), (-0.15, 0.0), (0.15, 0.35)]),
        '›' => stroke(&[(-0.15, -0.35), (0.15, 0.0), (-0.15, 0.35)]),
        '…' => [-0.33, 0.0, 0.33].iter().any(|dot| (x - dot).hypot(y - 0.6) <= 0.1),
        '−' => stroke(&[(-0.36, 0.1), (0.36, 0.1)]),
        '≠' => stroke(&[(-0.36, -0.1), (0.36, -0.1)]) || stroke(&[(-0.36, 0.2), (0.36, 0.2)]) || stroke(&[(-0.2, 0.5), (0.2, -0.4)]),
        '≥' => stroke(&[(-0.34, -0.4), (0.34, -0.05), (-0.34, 0.3)]) || stroke(&[(-0.34, 0.5), (0.34, 0.5)]),
        '≤' => stroke(&[(0.34, -0.4), (-0.34, -0.05), (0.34, 0.3)]) || stroke(&[(-0.34, 0.5), (0.34, 0.5)]),
        '∿' => (y + 0.25 * (x * std::f64::consts::TAU).sin()).abs() <= 0.09,
        '╱' => distance(at, (0.0, height), (width, 0.0)) <= height / 32.0,
        '╲' => distance(at, (0.0, 0.0), (width, height)) <= height / 32.0,
        _ => return None,
    })
}

/// How far a point is from a straight line between two others.
fn distance((x, y): (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (across, down) = (to.0 - from.0, to.1 - from.1);
    let length = across * across + down * down;
    let along = if length == 0.0 { 0.0 } else { (((x - from.0) * across + (y - from.1) * down) / length).clamp(0.0, 1.0) };
    (x - from.0 - along * across).hypot(y - from.1 - along * down)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Characters with their cells filled in: `#` where more than half of a pixel is covered.
    fn drawn(character: char) -> Vec<String> {
        let pixels = coverage(character, (8, 16));
        pixels.chunks(8).map(|row| row.iter().map(|share| if *share > 127 { '#' } else { ' ' }).collect()).collect()
    }

    #[test]
    fn parts_of_blocks_are_exact() {
        assert_eq!(drawn('▄')[7..9], ["        ".to_owned(), "########".to_owned()]);
        assert_eq!(drawn('▎')[0], "##      ");
        assert!(drawn('█').iter().all(|row| row == "########"));
        assert_eq!(coverage('▒', (8, 16))[0], 128);
        let dots = coverage('⡀', (8, 16))
            .iter()
            .enumerate()
            .filter(|(_, share)| **share > 127)
            .map(|(at, _)| (at % 8, at / 8))
            .collect::<Vec<_>>();
        assert!(!dots.is_empty() && dots.iter().all(|(x, y)| *x < 4 && *y >= 12), "{dots:?}");
    }

    #[test]
    fn lines_of_neighbours_meet() {
        let (across, down) = (drawn('─'), drawn('│'));
        assert!(across.iter().any(|row| row == "########"));
        let column = down[0].find('#');
        assert!(column.is_some() && down.iter().all(|row| row.find('#') == column));
        let corner = drawn('╭');
        let from = corner.iter().position(|row| row.contains('#'));
        assert_eq!(from, across.iter().position(|row| row.contains('#')), "a corner begins where the line is");
        assert_eq!(corner[15].find('#'), column);
        assert!(from.is_some_and(|from| corner[from].ends_with('#') && corner[from].starts_with(' ')));
        let ink = |character| coverage(character, (8, 16)).into_iter().map(u32::from).sum::<u32>();
        assert!(ink('━') > ink('─') && ink('─') > ink('┄'));
    }

    #[test]
    fn marks_differ_and_what_is_unknown_is_an_empty_box() {
        let marks: Vec<char> = "●•·○◌◉◐◑◓◒⚙◆◇◈▣▤▲▼▾▶▸◀✔✖←→↑↓⇣↵↺‹›…−≠≥≤∿╱╲".chars().collect();
        for (at, mark) in marks.iter().enumerate() {
            assert!(known(*mark) && drawn(*mark).iter().any(|row| row.contains('#')), "{mark}");
            assert!(marks[at + 1..].iter().all(|other| drawn(*other) != drawn(*mark)), "{mark}");
        }
        assert!(!known('日'));
        let unknown = drawn('日');
        assert!(unknown[8].contains('#') && !unknown[8][2..6].contains('#'), "{unknown:?}");
    }
}

//! Shares and ranges as characters: previews, intervals, boxes. They are told by their shape, so that they need no colour.

/// Heights of a preview, the least first.
const UP: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Counts as columns of one row, at most `columns` of them; what is there at all is seen, what is not there is a blank.
pub(super) fn spark(counts: &[u64], columns: usize) -> String {
    let shown = counts.len().min(columns);
    if shown == 0 {
        return String::new();
    }
    // Neighbours are added up where there are more counts than columns.
    let sums: Vec<u64> = (0..shown).map(|at| counts[at * counts.len() / shown..(at + 1) * counts.len() / shown].iter().sum()).collect();
    // Few counts are drawn wider.
    let wide = (columns / shown).clamp(1, 3);
    let most = sums.iter().copied().max().unwrap_or(0).max(1) as f64;
    let bar = |count: u64| match count {
        0 => ' ',
        // Between 0 and 7.
        count => UP[((count as f64 / most * 8.0).ceil() as usize).clamp(1, 8) - 1],
    };
    sums.into_iter().flat_map(|count| std::iter::repeat_n(bar(count), wide)).collect()
}

/// Counts as bars that stand on the last of `rows` lines, over the whole of `columns`; what is there at all is seen.
pub(super) fn bars(counts: &[u64], columns: usize, rows: usize) -> Vec<String> {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let of = |column: usize| counts.get(column * counts.len() / columns.max(1)).copied().unwrap_or(0);
    // Eighths of a line, one at least.
    let heights: Vec<usize> = (0..columns)
        .map(of)
        .map(|count| if count == 0 { 0 } else { ((count as f64 / most * (rows * 8) as f64).round() as usize).max(1) })
        .collect();
    let line = |row: usize| {
        let under = (rows - 1 - row) * 8;
        heights.iter().map(|height| height.saturating_sub(under).min(8).checked_sub(1).map_or(' ', |at| UP[at])).collect()
    };
    (0..rows).map(line).collect()
}

/// The column of a share on a scale from 0 to `highest`.
pub(super) fn place(share: f64, highest: f64, columns: usize) -> usize {
    let last = columns.saturating_sub(1);
    // Between 0 and the last column.
    if highest > 0.0 { ((share / highest).clamp(0.0, 1.0) * last as f64).round() as usize } else { 0 }
}

/// An interval from 0 to `highest` on a line of `columns`: `   ├──●─┤`. The share of all is a stroke beneath.
pub(super) fn interval([low, share, high]: [f64; 3], all: f64, highest: f64, columns: usize) -> String {
    let at = |share| place(share, highest, columns);
    let (low, share, high, all) = (at(low), at(share), at(high), at(all));
    (0..columns)
        .map(|column| match column {
            column if column == share => '●',
            column if column == low && low < share => '├',
            column if column == high && high > share => '┤',
            column if low < column && column < high => '─',
            column if column == all => '│',
            _ => ' ',
        })
        .collect()
}

/// Minimum, quartiles, median, maximum and mean between `least` and `most` on a line of `columns`: `├──▒▒┃▒◆▒───┤`.
pub(super) fn box_plot(five: [f64; 5], mean: f64, (least, most): (f64, f64), columns: usize) -> String {
    let at = |value: f64| place(value - least, most - least, columns);
    let [low, lower, median, upper, high] = five.map(at);
    let mean = at(mean);
    (0..columns)
        .map(|column| match column {
            column if column == median => '┃',
            column if column == mean => '◆',
            column if lower <= column && column <= upper => '▒',
            column if column == low => '├',
            column if column == high => '┤',
            column if low < column && column < high => '─',
            _ => ' ',
        })
        .collect()
}

/// How full a cell is, on a logarithmic scale up to `most`: few rows stay visible beside many.
pub(super) fn shade(rows: f64, most: f64) -> char {
    const SHADES: [char; 5] = ['·', '░', '▒', '▓', '█'];
    if rows <= 0.0 {
        return ' ';
    }
    let share = ((rows + 1.0).ln() / (most + 1.0).ln()).clamp(0.0, 1.0);
    // Between 0 and 4.
    SHADES[((share * 5.0).ceil() as usize).clamp(1, 5) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_the_last_line() {
        assert_eq!(bars(&[16, 8, 0, 1], 4, 2), ["█   ", "██ ▁"]);
        assert_eq!(bars(&[], 2, 1), ["  "]);
        assert!(bars(&[1], 0, 0).is_empty());
    }

    #[test]
    fn previews_show_what_is_there() {
        assert_eq!(spark(&[1, 0, 8, 4], 4), "▁ █▄");
        assert_eq!(spark(&[2, 2, 0, 4], 2), "██");
        assert_eq!(spark(&[1, 1000], 6), "▁▁▁███", "few values are drawn wider");
        assert_eq!(spark(&[], 6), "");
    }

    #[test]
    fn an_interval_has_its_ends_and_its_middle() {
        assert_eq!(interval([0.2, 0.5, 0.8], 0.1, 1.0, 11), " │├──●──┤  ");
        assert_eq!(interval([0.5, 0.5, 0.5], 0.5, 1.0, 11), "     ●     ");
        assert_eq!(interval([0.0, 0.0, 0.0], 0.0, 0.0, 3), "●  ");
    }

    #[test]
    fn a_box_has_five_numbers_and_a_mean() {
        assert_eq!(box_plot([0.0, 2.0, 4.0, 6.0, 10.0], 5.0, (0.0, 10.0), 11), "├─▒▒┃◆▒───┤");
        assert_eq!(box_plot([3.0; 5], 3.0, (3.0, 3.0), 4), "┃   ");
    }

    #[test]
    fn few_rows_are_seen_beside_many() {
        assert_eq!([0.0, 1.0, 30.0, 1000.0, 30_000.0].map(|rows| shade(rows, 30_000.0)), [' ', '·', '░', '▓', '█']);
    }
}

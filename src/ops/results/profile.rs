//! What is in a column: how many values, which, and how they are spread.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use chrono::{DateTime, NaiveDate};
use rayon::prelude::*;

use super::encoding::RowRef;
use super::store::Block;
use super::{Store, StoreError, Work};
use crate::ops::query::{CellRef, QueryColumn};

/// Bars of a histogram.
const BARS: usize = 24;
/// Values that are named.
const TOP: usize = 12;
/// Different values after which the most frequent ones are no longer counted: it would cost memory, and none is frequent.
const MOST_VALUES: usize = 2_000_000;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Numbers.
    Number,
    /// Days or moments.
    Moment,
    /// Anything else.
    Text,
}

/// What is in a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Which column.
    pub column: usize,
    /// What its values are.
    pub nature: Nature,
    /// Rows looked at.
    pub rows: u64,
    /// Rows with NULL.
    pub nulls: u64,
    /// Rows with the empty text.
    pub empty: u64,
    /// Different values, NULL not counted; at least this many when `distinct_is_least`.
    pub distinct: u64,
    /// Whether there were too many to count.
    pub distinct_is_least: bool,
    /// The least value as it is written.
    pub least: Option<String>,
    /// The greatest value as it is written.
    pub greatest: Option<String>,
    /// Figures of numbers and moments.
    pub figures: Option<Figures>,
    /// Shortest, mean and longest text, in characters.
    pub lengths: Option<(u64, f64, u64)>,
    /// The most frequent values, the most frequent first.
    pub top: Vec<(String, u64)>,
}

/// How numbers are spread. Moments are seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Mean.
    pub mean: f64,
    /// Standard deviation of the values as a population.
    pub deviation: f64,
    /// Sum; no meaning for moments.
    pub sum: f64,
    /// The values at 5, 25, 50, 75 and 95 %, interpolated.
    pub quantiles: [f64; 5],
    /// Values in each of equally wide ranges.
    pub histogram: Histogram,
}

/// Values in equally wide ranges.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Where the first range begins.
    pub from: f64,
    /// Where the last one ends.
    pub to: f64,
    /// How many are in each.
    pub counts: Vec<u64>,
}

/// What the values of a column are, by its type.
pub fn nature(column: &QueryColumn) -> Nature {
    let name = column.type_name.to_ascii_lowercase();
    if column.numeric {
        Nature::Number
    } else if name == "date" || name.starts_with("timestamp") {
        Nature::Moment
    } else {
        Nature::Text
    }
}

/// A cell as a number: of a moment the seconds since 1970.
pub fn measure(cell: CellRef<'_>, nature: Nature) -> Option<f64> {
    match (nature, cell) {
        (Nature::Number, _) => cell.number(),
        (Nature::Moment, CellRef::Text(text)) => moment(text),
        _ => None,
    }
}

/// `2024-01-02`, `2024-01-02 03:04:05`, `2024-01-02T03:04:05.678+00`: an offset at the end does not matter for a picture.
fn moment(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| {
        bytes.get(from..to)?.iter().try_fold(0_u32, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
    };
    let sign = |at: usize, signs: &[u8]| bytes.get(at).is_some_and(|byte| signs.contains(byte)).then_some(());
    sign(4, b"-").and(sign(7, b"-"))?;
    let day = NaiveDate::from_ymd_opt(i32::try_from(digits(0, 4)?).ok()?, digits(5, 7)?, digits(8, 10)?)?;
    if bytes.len() == 10 {
        return Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp() as f64);
    }
    sign(10, b" T").and(sign(13, b":")).and(sign(16, b":"))?;
    let moment = day.and_hms_opt(digits(11, 13)?, digits(14, 16)?, digits(17, 19)?)?;
    let rest = &text[19..];
    let fraction = rest.strip_prefix('.').map(|rest| &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()]);
    let part = match fraction {
        Some(digits) if !digits.is_empty() => format!("0.{digits}").parse().ok()?,
        _ => 0.0,
    };
    Some(moment.and_utc().timestamp() as f64 + part)
}

/// A moment as it is written, with as much of the time as `span` seconds are worth.
pub fn moment_text(seconds: f64, span: f64) -> String {
    let format = if span >= 3.0 * 86_400.0 { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M:%S" };
    DateTime::from_timestamp(seconds.round() as i64, 0).map_or_else(|| seconds.to_string(), |moment| moment.format(format).to_string())
}

/// Looks at a column of the shown rows.
///
/// # Errors
/// When it is cancelled or the disk refuses.
pub fn profile(store: &Store, column: usize, order: Option<&[u32]>, work: &Work) -> Result<Profile, StoreError> {
    let nature = store.columns().get(column).map_or(Nature::Text, nature);
    let shown = order.map(|order| {
        let mut shown = vec![false; usize::try_from(store.rows()).unwrap_or(0)];
        for row in order {
            if let Some(shown) = shown.get_mut(*row as usize) {
                *shown = true;
            }
        }
        shown
    });
    let blocks = store.blocks();
    // One part for each thread: what two parts have seen is put together in their order, which takes its time.
    let parts: Vec<Seen> = blocks
        .par_chunks(blocks.len().div_ceil(rayon::current_num_threads()).max(1))
        .map(|part| Seen::of(part, column, nature, shown.as_deref(), store.rows(), work))
        .collect::<Result<_, StoreError>>()?;
    let mut seen = parts.into_iter().reduce(Seen::and).unwrap_or_default();
    work.proceed()?;
    seen.values.par_sort_unstable_by(f64::total_cmp);
    // In one order, so that the last digits do not depend on how the rows were divided.
    let sum = seen.values.iter().sum();
    let mut counts: Vec<Count> = seen.counts.into_values().collect();
    let distinct = counts.len() as u64;
    let frequent = |a: &Count, b: &Count| b.rows.cmp(&a.rows).then(a.first.cmp(&b.first));
    if counts.len() > TOP {
        counts.select_nth_unstable_by(TOP, frequent);
        counts.truncate(TOP);
    }
    counts.sort_unstable_by(frequent);
    let text = |row: u32| -> Result<String, StoreError> {
        let row = store.row(u64::from(row))?.unwrap_or_default();
        Ok(row.get(column).map(crate::ops::query::Cell::text).unwrap_or_default())
    };
    let mut top = Vec::new();
    for count in counts {
        top.push((text(count.first)?, u64::from(count.rows)));
    }
    let present = seen.rows - seen.nulls;
    Ok(Profile {
        column,
        nature,
        rows: seen.rows,
        nulls: seen.nulls,
        empty: seen.empty,
        distinct,
        distinct_is_least: seen.too_many,
        least: seen.least.map(|end| text(end.row)).transpose()?,
        greatest: seen.greatest.map(|end| text(end.row)).transpose()?,
        figures: figures(&seen.values, sum),
        lengths: (nature == Nature::Text && present > 0).then(|| (seen.shortest, seen.characters as f64 / present as f64, seen.longest)),
        top,
    })
}

/// A value and how often it is there.
struct Count {
    rows: u32,
    /// The first row with it.
    first: u32,
}

/// The least or the greatest value so far: as a number where it is one, and as text where it is none.
struct End {
    number: Option<f64>,
    text: String,
    row: u32,
}

/// What is known of a part of the rows.
#[derive(Default)]
struct Seen {
    rows: u64,
    nulls: u64,
    empty: u64,
    /// By a number made of the value's bytes; that two values share one is too unlikely to matter for a count.
    counts: HashMap<u64, Count, BuildHasherDefault<Made>>,
    too_many: bool,
    values: Vec<f64>,
    least: Option<End>,
    greatest: Option<End>,
    shortest: u64,
    longest: u64,
    characters: u64,
}

impl Seen {
    fn of(
        blocks: &[std::sync::Arc<Block>],
        column: usize,
        nature: Nature,
        shown: Option<&[bool]>,
        total: u64,
        work: &Work,
    ) -> Result<Seen, StoreError> {
        let mut seen = Seen::default();
        for block in blocks {
            work.proceed()?;
            work.tell(block.start, total);
            let loaded = block.load()?;
            for (at, row) in loaded.rows().enumerate() {
                let number = (block.start as u32).wrapping_add(at as u32);
                if shown.is_none_or(|shown| shown.get(number as usize) == Some(&true)) {
                    seen.take(number, row, column, nature);
                }
            }
        }
        Ok(seen)
    }

    fn take(&mut self, number: u32, row: RowRef<'_>, column: usize, nature: Nature) {
        self.rows += 1;
        let raw = row.raw(column);
        let cell = RowRef(raw).cell(0);
        if cell == CellRef::Null {
            self.nulls += 1;
            return;
        }
        let known = self.counts.len();
        match self.counts.entry(made_of(raw)) {
            std::collections::hash_map::Entry::Occupied(mut found) => found.get_mut().rows += 1,
            std::collections::hash_map::Entry::Vacant(place) if known < MOST_VALUES => {
                place.insert(Count { rows: 1, first: number });
            }
            std::collections::hash_map::Entry::Vacant(_) => self.too_many = true,
        }
        let value = measure(cell, nature);
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.values.push(value);
        }
        if let CellRef::Text(text) = cell {
            self.empty += u64::from(text.is_empty());
        }
        if nature == Nature::Text {
            let characters = match cell {
                CellRef::Text(text) => text.chars().count() as u64,
                other => other.text().map_or(0, |text| text.len() as u64),
            };
            self.shortest = if self.rows - self.nulls == 1 { characters } else { self.shortest.min(characters) };
            self.longest = self.longest.max(characters);
            self.characters += characters;
        }
        // The text of a number is only made where it may be compared.
        let before = |end: &End, other: Ordering| {
            let order = match (value, end.number) {
                (Some(value), Some(number)) => value.partial_cmp(&number),
                _ => cell.text().map(|text| text.as_ref().cmp(end.text.as_str())),
            };
            order == Some(other)
        };
        let (less, greater) = (
            self.least.as_ref().is_none_or(|end| before(end, Ordering::Less)),
            self.greatest.as_ref().is_none_or(|end| before(end, Ordering::Greater)),
        );
        if less || greater {
            let end = || End { number: value, text: cell.text().map(std::borrow::Cow::into_owned).unwrap_or_default(), row: number };
            if less {
                self.least = Some(end());
            }
            if greater {
                self.greatest = Some(end());
            }
        }
    }

    /// Puts what is known of the rows behind to it.
    fn and(mut self, mut more: Seen) -> Seen {
        let any = (self.rows > self.nulls, more.rows > more.nulls);
        self.shortest = match any {
            (true, true) => self.shortest.min(more.shortest),
            (true, false) => self.shortest,
            (false, _) => more.shortest,
        };
        self.longest = self.longest.max(more.longest);
        self.characters += more.characters;
        (self.rows, self.nulls, self.empty) = (self.rows + more.rows, self.nulls + more.nulls, self.empty + more.empty);
        self.too_many |= more.too_many;
        self.values.append(&mut more.values);
        // The smaller part goes into the larger one; a row is in one part only, and the first row of a value is the lesser one.
        if more.counts.len() > self.counts.len() {
            std::mem::swap(&mut self.counts, &mut more.counts);
        }
        for (value, count) in more.counts {
            let known = self.counts.len();
            match self.counts.entry(value) {
                std::collections::hash_map::Entry::Occupied(mut found) => {
                    let found = found.get_mut();
                    (found.rows, found.first) = (found.rows + count.rows, found.first.min(count.first));
                }
                std::collections::hash_map::Entry::Vacant(place) if known < MOST_VALUES => {
                    place.insert(count);
                }
                std::collections::hash_map::Entry::Vacant(_) => self.too_many = true,
            }
        }
        self.least = End::first(self.least, more.least, |new, old| before(new.number, &new.text, old.number, &old.text));
        self.greatest = End::first(self.greatest, more.greatest, |new, old| before(old.number, &old.text, new.number, &new.text));
        self
    }
}

impl End {
    /// The new one where it is better than the old one.
    fn first(old: Option<End>, new: Option<End>, better: impl Fn(&End, &End) -> bool) -> Option<End> {
        match (old, new) {
            (Some(old), Some(new)) => Some(if better(&new, &old) { new } else { old }),
            (old, new) => old.or(new),
        }
    }
}

/// A number made of bytes, eight at a time, each of its bits depending on all of them.
fn made_of(bytes: &[u8]) -> u64 {
    const A: u64 = 0x9e37_79b9_7f4a_7c15;
    const B: u64 = 0xd6e8_feb8_6659_fd93;
    let mix = |state: u64, part: u64| {
        let wide = u128::from(state ^ part) * u128::from(B);
        ((wide as u64) ^ ((wide >> 64) as u64)).wrapping_add(A)
    };
    let (whole, rest) = bytes.as_chunks::<8>();
    let state = whole.iter().fold(A ^ bytes.len() as u64, |state, chunk| mix(state, u64::from_le_bytes(*chunk)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let state = mix(state, u64::from_le_bytes(last));
    // What a table looks at are the lowest and the highest bits.
    let state = (state ^ (state >> 32)).wrapping_mul(A);
    state ^ (state >> 29)
}

/// The hasher of numbers that are made already.
#[derive(Default)]
struct Made(u64);

impl Hasher for Made {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = made_of(bytes);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Whether the first is less: as a number where both are, else as text.
fn before(a: Option<f64>, a_text: &str, b: Option<f64>, b_text: &str) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a < b,
        _ => a_text < b_text,
    }
}

/// Figures of sorted values.
fn figures(values: &[f64], sum: f64) -> Option<Figures> {
    let (first, last) = (*values.first()?, *values.last()?);
    let mean = sum / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some(Figures {
        mean,
        deviation: (squares / values.len() as f64).sqrt(),
        sum,
        quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map(|share| quantile(values, share)),
        histogram: histogram(values.iter().copied(), first, last, BARS),
    })
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let place = share * (values.len() - 1) as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// Counts values in `bars` ranges between the least and the greatest; whole numbers over a small range get a bar each.
pub(super) fn histogram(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64, bars: usize) -> Histogram {
    let whole = from.fract() == 0.0 && to.fract() == 0.0 && to - from < bars as f64 && values.clone().all(|value| value.fract() == 0.0);
    // Whole numbers stand in the middle of their bars.
    let (from, to, bars) = if whole { (from - 0.5, to + 0.5, (to - from) as usize + 1) } else { (from, to, bars) };
    if from >= to {
        return Histogram { from, to, counts: vec![values.count() as u64] };
    }
    let mut counts = vec![0; bars];
    for value in values {
        let at = ((value - from) / (to - from) * bars as f64) as usize;
        counts[at.min(bars - 1)] += 1;
    }
    Histogram { from, to, counts }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;
    use crate::ops::query::{Cell, Page};
    use crate::ops::results::Spill;

    proptest! {
        #[test]
        fn figures_are_those_of_the_values(
            numbers in proptest::collection::vec(proptest::option::of(-50_i64..50), 1..200),
            size in 1_usize..30,
        ) {
            let cells: Vec<Cell> = numbers.iter().map(|number| number.map_or(Cell::Null, Cell::Integer)).collect();
            let store = Store::new(vec![column("int4", true)], Page { rows: Vec::new(), next: Some(String::new()) });
            let directory = tempfile::tempdir().unwrap();
            let spill = Spill::new(directory.path().to_owned(), 40);
            for chunk in cells.chunks(size) {
                store.append(Page { rows: chunk.iter().map(|cell| vec![cell.clone()]).collect(), next: None }, &spill).unwrap();
            }
            let found = profile(&store, 0, None, &Work::unheard()).unwrap();
            let mut present: Vec<i64> = numbers.iter().flatten().copied().collect();
            prop_assert_eq!(found.nulls, (numbers.len() - present.len()) as u64);
            prop_assert_eq!(found.figures.as_ref().map(|figures| figures.sum), (!present.is_empty()).then(|| present.iter().sum::<i64>() as f64));
            present.sort_unstable();
            prop_assert_eq!(found.least, present.first().map(ToString::to_string));
            prop_assert_eq!(found.greatest, present.last().map(ToString::to_string));
            // Each value as often as it is there, the most frequent first, among equals the one that came first.
            let mut counts: Vec<(u64, usize, i64)> = Vec::new();
            for (at, number) in numbers.iter().enumerate().filter_map(|(at, number)| Some((at, (*number)?))) {
                match counts.iter_mut().find(|(.., known)| *known == number) {
                    Some((count, ..)) => *count += 1,
                    None => counts.push((1, at, number)),
                }
            }
            prop_assert_eq!(found.distinct, counts.len() as u64);
            counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            let expected: Vec<(String, u64)> = counts.iter().take(TOP).map(|(count, _, number)| (number.to_string(), *count)).collect();
            prop_assert_eq!(found.top, expected);
        }
    }

    #[test]
    fn bytes_that_differ_make_other_numbers() {
        let mut made: Vec<u64> =
            (0..200_000_u32).flat_map(|n| [made_of(&n.to_be_bytes()), made_of(format!("row {n}").as_bytes())]).collect();
        made.extend([made_of(b""), made_of(b"\0"), made_of(b"\0\0"), made_of(&[0; 8]), made_of(&[0; 9]), made_of(&[0; 16])]);
        let all = made.len();
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), all);
    }

    fn column(type_name: &str, numeric: bool) -> QueryColumn {
        QueryColumn { name: "c".into(), type_name: type_name.into(), numeric }
    }

    fn of(type_name: &str, numeric: bool, cells: Vec<Cell>) -> Profile {
        let rows: Vec<Vec<Cell>> = cells.into_iter().map(|cell| vec![cell]).collect();
        let whole = Store::new(vec![column(type_name, numeric)], Page { rows: rows.clone(), next: None });
        let one = profile(&whole, 0, None, &Work::unheard()).unwrap();
        // Spilled rows have the same profile.
        let directory = tempfile::tempdir().unwrap();
        let spilled = Store::new(vec![column(type_name, numeric)], Page { rows: Vec::new(), next: Some(String::new()) });
        for row in rows {
            spilled.append(Page { rows: vec![row], next: None }, &Spill::new(directory.path().to_owned(), 5)).unwrap();
        }
        assert_eq!(one, profile(&spilled, 0, None, &Work::unheard()).unwrap());
        one
    }

    #[test]
    fn numbers_are_measured() {
        let profile = of("numeric(4,1)", true, (1..=5).map(|n| Cell::Text(format!("{n}.0"))).chain([Cell::Null]).collect());
        assert_eq!((profile.rows, profile.nulls, profile.distinct), (6, 1, 5));
        assert_eq!((profile.least.as_deref(), profile.greatest.as_deref()), (Some("1.0"), Some("5.0")));
        let figures = profile.figures.unwrap();
        assert_eq!((figures.mean, figures.sum, figures.deviation), (3.0, 15.0, 2.0_f64.sqrt()));
        assert_eq!(figures.quantiles, [1.2, 2.0, 3.0, 4.0, 4.8]);
        assert_eq!(figures.histogram, Histogram { from: 0.5, to: 5.5, counts: vec![1; 5] });
    }

    #[test]
    fn numbers_are_not_compared_as_text() {
        let profile = of("int4", true, [9, 10, -1].map(Cell::Integer).to_vec());
        assert_eq!((profile.least.as_deref(), profile.greatest.as_deref()), (Some("-1"), Some("10")));
    }

    #[test]
    fn texts_have_lengths_and_the_most_frequent_first() {
        let profile = of("varchar", false, ["b", "a", "a", "", "Zürich"].map(|text| Cell::Text(text.into())).to_vec());
        assert_eq!(profile.top[0], ("a".into(), 2));
        assert_eq!((profile.distinct, profile.empty), (4, 1));
        assert_eq!(profile.lengths, Some((0, 9.0 / 5.0, 6)));
        assert_eq!(profile.figures, None);
    }

    #[test]
    fn days_have_a_middle() {
        let profile = of("date", false, ["2024-01-01", "2024-01-03", "2024-01-11"].map(|text| Cell::Text(text.into())).to_vec());
        let figures = profile.figures.unwrap();
        assert_eq!(moment_text(figures.quantiles[2], 1e9), "2024-01-03");
        assert_eq!(moment("2024-01-02 03:04:05.5+00"), Some(1_704_164_645.5));
        assert_eq!(moment("2024-01-02T03:04:05Z"), Some(1_704_164_645.0));
        assert_eq!(moment("2024-01-02"), Some(1_704_153_600.0));
        for wrong in ["soon", "2024-13-01", "2024-1-01", "2024-01-02 25:00:00", "2024-01-02 03", "é024-01-02", "2024-01-0é"] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nothing_has_an_empty_profile() {
        let profile = of("int4", true, vec![]);
        assert_eq!((profile.rows, profile.figures, profile.least), (0, None, None));
    }
}

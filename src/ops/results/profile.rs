//! What is in a column: how many values, which, and how they are spread.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::encoding::CellRef;
use super::scan::each_row;
use super::{Store, StoreError, Work};
use crate::ops::query::QueryColumn;

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

fn moment(text: &str) -> Option<f64> {
    // An offset at the end (`+00`) does not matter for a picture.
    let (day, time) = text.split_at_checked(10).unwrap_or((text, ""));
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    let time = time.trim_start_matches([' ', 'T']);
    let time = time.split(['+', 'Z', ' ']).next().unwrap_or_default();
    let moment = if time.is_empty() {
        day.and_hms_opt(0, 0, 0)?
    } else {
        NaiveDateTime::parse_from_str(&format!("{day} {time}"), "%Y-%m-%d %H:%M:%S%.f").ok()?
    };
    Some(moment.and_utc().timestamp_micros() as f64 / 1e6)
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
    let mut seen = Seen::default();
    each_row(store, order, work, |number, row| seen.take(number, row.cell(column), nature))?;
    work.proceed()?;
    seen.values.sort_by(f64::total_cmp);
    let mut counts: Vec<(u64, u32)> = seen.counts.into_values().collect();
    let distinct = counts.len() as u64;
    counts.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut top = Vec::new();
    for (count, row) in counts.into_iter().take(TOP) {
        let row = store.row(u64::from(row))?.unwrap_or_default();
        top.push((row.get(column).map(crate::ops::query::Cell::text).unwrap_or_default(), count));
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
        least: seen.least.map(|(_, text)| text),
        greatest: seen.greatest.map(|(_, text)| text),
        figures: figures(&seen.values, seen.sum),
        lengths: (nature == Nature::Text && present > 0).then(|| (seen.shortest, seen.characters as f64 / present as f64, seen.longest)),
        top,
    })
}

#[derive(Default)]
struct Seen {
    rows: u64,
    nulls: u64,
    empty: u64,
    counts: HashMap<u64, (u64, u32)>,
    too_many: bool,
    values: Vec<f64>,
    sum: f64,
    least: Option<(Option<f64>, String)>,
    greatest: Option<(Option<f64>, String)>,
    shortest: u64,
    longest: u64,
    characters: u64,
}

impl Seen {
    fn take(&mut self, number: u32, cell: CellRef<'_>, nature: Nature) {
        self.rows += 1;
        let Some(text) = cell.text() else {
            self.nulls += 1;
            return;
        };
        self.empty += u64::from(text.is_empty());
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = hasher.finish();
        if let Some(known) = self.counts.get_mut(&hash) {
            known.0 += 1;
        } else if self.counts.len() < MOST_VALUES {
            self.counts.insert(hash, (1, number));
        } else {
            self.too_many = true;
        }
        let value = measure(cell, nature);
        match value {
            Some(value) if value.is_finite() => {
                self.values.push(value);
                self.sum += value;
            }
            _ => {}
        }
        if nature == Nature::Text {
            let characters = text.chars().count() as u64;
            self.shortest = if self.longest == 0 && self.characters == 0 && self.rows - self.nulls == 1 {
                characters
            } else {
                self.shortest.min(characters)
            };
            self.longest = self.longest.max(characters);
            self.characters += characters;
        }
        if self.least.as_ref().is_none_or(|(number, known)| before(value, &text, *number, known)) {
            self.least = Some((value, text.to_string()));
        }
        if self.greatest.as_ref().is_none_or(|(number, known)| before(*number, known, value, &text)) {
            self.greatest = Some((value, text.to_string()));
        }
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
    use super::*;
    use crate::ops::query::{Cell, Page};
    use crate::ops::results::Spill;

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
        assert_eq!(moment("soon"), None);
    }

    #[test]
    fn nothing_has_an_empty_profile() {
        let profile = of("int4", true, vec![]);
        assert_eq!((profile.rows, profile.figures, profile.least), (0, None, None));
    }
}

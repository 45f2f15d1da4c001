//! A result as a picture: bars, a line, a histogram or points, computed over all shown rows.

use std::collections::{HashMap, HashSet};

use super::profile::{Histogram, Nature, histogram, measure, nature};
use super::scan::each_row;
use super::{Store, StoreError, Work};
use crate::ops::query::{CellRef, QueryColumn};

/// Bars at most; more cannot be read.
const MOST_BARS: usize = 200;
/// Points of a line at most.
const MOST_POINTS: usize = 4096;
/// Dots across and down that points are rounded to: finer than any terminal.
const FINE: f64 = 1024.0;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A bar for each value of a column.
    Bars,
    /// A line over numbers or time.
    Line,
    /// How the values of one column are spread.
    Histogram,
    /// A point for each row.
    Scatter,
}

/// What is made of the values that fall together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// How many rows.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The least.
    Least,
    /// The greatest.
    Greatest,
}

impl Shape {
    /// Every one.
    pub const ALL: [Shape; 4] = [Shape::Bars, Shape::Line, Shape::Histogram, Shape::Scatter];

    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Shape::Bars => "bars",
            Shape::Line => "line",
            Shape::Histogram => "histogram",
            Shape::Scatter => "scatter",
        }
    }
}

impl Aggregate {
    /// Every one.
    pub const ALL: [Aggregate; 5] = [Aggregate::Count, Aggregate::Sum, Aggregate::Mean, Aggregate::Least, Aggregate::Greatest];

    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Aggregate::Count => "count",
            Aggregate::Sum => "sum",
            Aggregate::Mean => "mean",
            Aggregate::Least => "min",
            Aggregate::Greatest => "max",
        }
    }
}

/// What is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChartSpec {
    /// Bars, line, histogram, points.
    pub shape: Shape,
    /// The column across.
    pub x: usize,
    /// The column that is measured; not used by a histogram or a count.
    pub y: usize,
    /// What is made of rows that fall together.
    pub aggregate: Aggregate,
}

/// The figures of a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum ChartData {
    /// Labels and values; how many more there were.
    Bars {
        /// Label (`None` for NULL) and value.
        bars: Vec<(Option<String>, f64)>,
        /// Bars that there was no room for.
        more: usize,
    },
    /// Points from left to right.
    Line(Vec<(f64, f64)>),
    /// Ranges.
    Histogram(Histogram),
    /// Points, rounded, each once.
    Points(Vec<(f64, f64)>),
}

impl ChartSpec {
    /// What suits the types of the columns best.
    pub fn suited(columns: &[QueryColumn]) -> ChartSpec {
        let natures: Vec<Nature> = columns.iter().map(nature).collect();
        let first = |wanted: Nature| natures.iter().position(|nature| *nature == wanted);
        let all: Vec<usize> = natures.iter().enumerate().filter(|(_, nature)| **nature == Nature::Number).map(|(at, _)| at).collect();
        // The sum of identifiers means nothing.
        let measures: Vec<usize> = all.iter().copied().filter(|at| !is_identifier(&columns[*at].name)).collect();
        let numbers = if measures.is_empty() { all } else { measures };
        let spec = |shape, x, y, aggregate| ChartSpec { shape, x, y, aggregate };
        match (first(Nature::Moment), first(Nature::Text), numbers.as_slice()) {
            (Some(moment), _, [number, ..]) => spec(Shape::Line, moment, *number, Aggregate::Sum),
            (None, Some(text), [number, ..]) => spec(Shape::Bars, text, *number, Aggregate::Sum),
            (None, None, [x, y, ..]) => spec(Shape::Scatter, *x, *y, Aggregate::Sum),
            (None, None, [only]) => spec(Shape::Histogram, *only, *only, Aggregate::Count),
            (moment, text, []) => {
                let x = text.or(moment).unwrap_or(0);
                spec(Shape::Bars, x, x, Aggregate::Count)
            }
        }
    }

    /// Why it cannot be drawn from these columns, if so.
    pub fn refused(&self, columns: &[QueryColumn]) -> Option<String> {
        let measurable = |at: usize| columns.get(at).is_some_and(|column| nature(column) != Nature::Text);
        let number = |at: usize| columns.get(at).is_some_and(|column| column.numeric);
        let name = |at: usize| columns.get(at).map_or("", |column| column.name.as_str());
        let not_measured = |at: usize| Some(format!("{} is neither a number nor a date", name(at)));
        match self.shape {
            Shape::Line | Shape::Histogram | Shape::Scatter if !measurable(self.x) => not_measured(self.x),
            Shape::Scatter if !measurable(self.y) => not_measured(self.y),
            Shape::Bars | Shape::Line if self.aggregate != Aggregate::Count && !number(self.y) => {
                Some(format!("{} is no number; count counts the rows", name(self.y)))
            }
            _ => None,
        }
    }
}

fn is_identifier(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "id" || name == "key" || ["_id", "_key", "_sk"].iter().any(|end| name.ends_with(end))
}

/// Values that fall together.
#[derive(Debug, Clone, Copy)]
struct Group {
    count: u64,
    sum: f64,
    least: f64,
    greatest: f64,
}

impl Group {
    const EMPTY: Group = Group { count: 0, sum: 0.0, least: f64::INFINITY, greatest: f64::NEG_INFINITY };

    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
    }

    fn value(&self, aggregate: Aggregate) -> f64 {
        match aggregate {
            Aggregate::Count => self.count as f64,
            Aggregate::Sum => self.sum,
            Aggregate::Mean => self.sum / self.count as f64,
            Aggregate::Least => self.least,
            Aggregate::Greatest => self.greatest,
        }
    }
}

/// Computes a picture of the shown rows.
///
/// # Errors
/// When it is cancelled or the disk refuses.
pub fn chart(store: &Store, spec: &ChartSpec, order: Option<&[u32]>, work: &Work) -> Result<ChartData, StoreError> {
    let columns = store.columns();
    let kind = |at: usize| columns.get(at).map_or(Nature::Text, nature);
    let (x_kind, y_kind) = (kind(spec.x), kind(spec.y));
    let counted = spec.aggregate == Aggregate::Count;
    let y_of = |cell: CellRef<'_>| if counted { Some(1.0) } else { measure(cell, y_kind) };
    match spec.shape {
        Shape::Bars => {
            let mut places: HashMap<Option<String>, usize> = HashMap::new();
            let mut groups: Vec<(Option<String>, u32, Group)> = Vec::new();
            each_row(store, order, work, |number, row| {
                let Some(y) = y_of(row.cell(spec.y)) else { return };
                let label = row.cell(spec.x).text();
                let at = match places.get(&label.as_deref().map(str::to_owned)) {
                    Some(at) => *at,
                    None => {
                        let label = label.map(std::borrow::Cow::into_owned);
                        places.insert(label.clone(), groups.len());
                        groups.push((label, number, Group::EMPTY));
                        groups.len() - 1
                    }
                };
                groups[at].2.add(y);
            })?;
            arrange_bars(&mut groups, x_kind, order);
            let more = groups.len().saturating_sub(MOST_BARS);
            groups.truncate(MOST_BARS);
            let bars = groups.into_iter().map(|(label, _, group)| (label, group.value(spec.aggregate))).collect();
            Ok(ChartData::Bars { bars, more })
        }
        Shape::Line => {
            let mut groups: HashMap<u64, Group> = HashMap::new();
            each_row(store, order, work, |_, row| {
                let x = measure(row.cell(spec.x), x_kind).filter(|x| x.is_finite());
                if let (Some(x), Some(y)) = (x, y_of(row.cell(spec.y))) {
                    groups.entry((x + 0.0).to_bits()).or_insert(Group::EMPTY).add(y);
                }
            })?;
            let mut points: Vec<(f64, Group)> = groups.into_iter().map(|(x, group)| (f64::from_bits(x), group)).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            Ok(ChartData::Line(thinned(&points, spec.aggregate)))
        }
        Shape::Histogram => {
            let mut values = Vec::new();
            each_row(store, order, work, |_, row| values.extend(measure(row.cell(spec.x), x_kind).filter(|x| x.is_finite())))?;
            let (least, greatest) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| (a.min(*value), b.max(*value)));
            if values.is_empty() {
                return Ok(ChartData::Histogram(Histogram { from: 0.0, to: 0.0, counts: Vec::new() }));
            }
            Ok(ChartData::Histogram(histogram(values.iter().copied(), least, greatest, 40)))
        }
        Shape::Scatter => {
            let mut points = Vec::new();
            each_row(store, order, work, |_, row| {
                let (x, y) = (measure(row.cell(spec.x), x_kind), measure(row.cell(spec.y), y_kind));
                if let (Some(x), Some(y)) = (x.filter(|x| x.is_finite()), y.filter(|y| y.is_finite())) {
                    points.push((x, y));
                }
            })?;
            Ok(ChartData::Points(rounded(points)))
        }
    }
}

/// Bars of numbers and days go from left to right, of texts as they come in a sorted view, else the highest first.
fn arrange_bars(groups: &mut [(Option<String>, u32, Group)], kind: Nature, order: Option<&[u32]>) {
    match kind {
        Nature::Number | Nature::Moment => {
            let place =
                |label: &Option<String>| label.as_deref().and_then(|text| measure(CellRef::Text(text), kind)).unwrap_or(f64::INFINITY);
            groups.sort_by(|a, b| place(&a.0).total_cmp(&place(&b.0)));
        }
        Nature::Text => {
            if let Some(order) = order {
                let first: HashMap<u32, usize> = {
                    let wanted: HashSet<u32> = groups.iter().map(|(_, row, _)| *row).collect();
                    order.iter().enumerate().filter(|(_, row)| wanted.contains(row)).map(|(place, row)| (*row, place)).collect()
                };
                groups.sort_by_key(|(_, row, _)| first.get(row).copied().unwrap_or(usize::MAX));
            }
        }
    }
}

/// A line of few enough points: neighbours are put together.
fn thinned(points: &[(f64, Group)], aggregate: Aggregate) -> Vec<(f64, f64)> {
    let together = points.len().div_ceil(MOST_POINTS).max(1);
    points
        .chunks(together)
        .map(|chunk| {
            let mut all = Group::EMPTY;
            for (_, group) in chunk {
                all.count += group.count;
                all.sum += group.sum;
                all.least = all.least.min(group.least);
                all.greatest = all.greatest.max(group.greatest);
            }
            // A sum of several points would be a step in the line that the data does not have.
            let value = match aggregate {
                Aggregate::Sum | Aggregate::Count => all.value(aggregate) / chunk.len() as f64,
                _ => all.value(aggregate),
            };
            (chunk[chunk.len() / 2].0, value)
        })
        .collect()
}

/// Points that would fall on the same dot of any screen are one point.
fn rounded(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let bounds = |value: fn(&(f64, f64)) -> f64| {
        points.iter().map(value).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| (a.min(value), b.max(value)))
    };
    let ((x_from, x_to), (y_from, y_to)) = (bounds(|point| point.0), bounds(|point| point.1));
    let step = |value: f64, from: f64, to: f64| if to > from { ((value - from) / (to - from) * FINE) as u32 } else { 0 };
    let mut seen = HashSet::new();
    points.iter().filter(|(x, y)| seen.insert((step(*x, x_from, x_to), step(*y, y_from, y_to)))).copied().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ops::query::{Cell, Page};

    fn columns() -> Vec<QueryColumn> {
        [("day", "date", false), ("job", "varchar", false), ("n", "int4", true), ("m", "float8", true)]
            .map(|(name, kind, numeric)| QueryColumn { name: name.into(), type_name: kind.into(), numeric })
            .to_vec()
    }

    fn store() -> Store {
        let row = |day: &str, job: Option<&str>, n: i64, m: f64| {
            vec![Cell::Text(day.into()), job.map_or(Cell::Null, |job| Cell::Text(job.into())), Cell::Integer(n), Cell::Float(m)]
        };
        let rows = vec![
            row("2024-01-02", Some("b"), 1, 0.5),
            row("2024-01-01", Some("a"), 2, 1.5),
            row("2024-01-02", Some("b"), 3, 0.5),
            row("2024-01-03", None, 4, 2.5),
        ];
        Store::new(columns(), Page { rows, next: None })
    }

    fn drawn(shape: Shape, x: usize, y: usize, aggregate: Aggregate, order: Option<&[u32]>) -> ChartData {
        chart(&store(), &ChartSpec { shape, x, y, aggregate }, order, &Work::unheard()).unwrap()
    }

    #[test]
    fn the_types_decide_what_suits() {
        let suited = |which: &[usize]| {
            let columns: Vec<QueryColumn> = which.iter().map(|at| columns()[*at].clone()).collect();
            ChartSpec::suited(&columns).shape
        };
        assert_eq!(suited(&[0, 2]), Shape::Line);
        assert_eq!(suited(&[1, 2]), Shape::Bars);
        assert_eq!(suited(&[2, 3]), Shape::Scatter);
        assert_eq!(suited(&[2]), Shape::Histogram);
        assert_eq!(suited(&[1]), Shape::Bars);
        let named = |name: &str| QueryColumn { name: name.into(), type_name: "int4".into(), numeric: true };
        let spec = ChartSpec::suited(&[columns()[1].clone(), named("customer_id"), named("balance")]);
        assert_eq!((spec.x, spec.y), (0, 2), "identifiers are not summed");
        let text_across = ChartSpec { shape: Shape::Line, x: 1, y: 2, aggregate: Aggregate::Sum };
        assert_eq!(text_across.refused(&columns()).unwrap(), "job is neither a number nor a date");
    }

    #[test]
    fn rows_that_fall_together_are_aggregated() {
        let bars = |aggregate| match drawn(Shape::Bars, 1, 2, aggregate, None) {
            ChartData::Bars { bars, .. } => bars.into_iter().map(|(_, value)| value).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(bars(Aggregate::Sum), [4.0, 2.0, 4.0]);
        assert_eq!(bars(Aggregate::Mean), [2.0, 2.0, 4.0]);
        assert_eq!(bars(Aggregate::Count), [2.0, 1.0, 1.0]);
        assert_eq!(bars(Aggregate::Least), [1.0, 2.0, 4.0]);
        assert_eq!(bars(Aggregate::Greatest), [3.0, 2.0, 4.0]);
    }

    #[test]
    fn a_line_goes_from_left_to_right() {
        match drawn(Shape::Line, 0, 2, Aggregate::Sum, None) {
            ChartData::Line(points) => assert_eq!(points.iter().map(|(_, y)| *y).collect::<Vec<_>>(), [2.0, 4.0, 4.0]),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_shown_rows_are_drawn() {
        assert_eq!(
            drawn(Shape::Bars, 1, 2, Aggregate::Sum, Some(&[1, 0])),
            ChartData::Bars { bars: vec![(Some("a".into()), 2.0), (Some("b".into()), 1.0)], more: 0 }
        );
    }

    #[test]
    fn equal_points_are_one() {
        match drawn(Shape::Scatter, 3, 3, Aggregate::Sum, None) {
            ChartData::Points(points) => assert_eq!(points, [(0.5, 0.5), (1.5, 1.5), (2.5, 2.5)]),
            other => panic!("{other:?}"),
        }
    }
}

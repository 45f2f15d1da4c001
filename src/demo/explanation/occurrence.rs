//! Which values of two columns go together: what no customer of the data has is not proposed to anybody.
//!
//! Values are put into bins: every category is one; of a number, a value that fills several of the schema's quantiles is one of its own
//! (`pdays` 999, `previous` 0), and so is each range between two different quantiles. Two bins of two columns go together when at least one row
//! has both. It is the pairs that are asked, because of whole rows every other one is without an equal.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Change, number, text};
use crate::demo::feature_schema::{Column, ColumnKind, FeatureSchema, Row};

/// Rows that are kept to take values from, when one change makes others necessary.
const KEPT: usize = 4000;

/// So many rows should have two values if the columns had nothing to do with each other; where none has, the values exclude each other. By
/// chance that happens once in 150 times (e⁻⁵). Where fewer are to be expected, nobody being there says nothing about what belongs together.
const EXPECTED: f64 = 5.0;

/// What occurs together in rows of the data.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Occurrences {
    /// The columns that the vector has, in table order.
    columns: Vec<Column>,
    /// Bins of two columns that a row has, the column with the smaller place first.
    pairs: HashSet<(usize, Bin, usize, Bin)>,
    /// How many rows have a bin.
    singles: HashMap<(usize, Bin), u32>,
    /// Rows that were counted.
    counted: u32,
    /// Rows, to take values from: those of `columns`, with their bins. Without names they take a quarter of the memory.
    rows: Vec<(Vec<Value>, Vec<Bin>)>,
}

/// Where a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Bin {
    /// NULL, or what the schema does not know.
    Unknown,
    /// A category, by its place.
    Category(usize),
    /// A value that many rows have, by the place of its quantile.
    Frequent(usize),
    /// Between two quantiles, by the number of those below.
    Range(usize),
}

/// A changed row whose values go together.
#[derive(Debug, Clone)]
pub(super) struct Completed {
    /// The row.
    pub(super) row: Row,
    /// What had to change along.
    pub(super) changes: Vec<Change>,
    /// The size of these further steps together.
    pub(super) distance: f64,
}

impl Occurrences {
    /// What occurs together in `rows`.
    pub fn of<'a>(schema: &FeatureSchema, rows: impl IntoIterator<Item = &'a Row>) -> Occurrences {
        let columns: Vec<Column> = schema.columns.iter().filter(|column| !column.dropped).cloned().collect();
        let mut found = Occurrences { columns, ..Occurrences::default() };
        for row in rows {
            let bins = found.bins(row);
            for (at, bin) in bins.iter().enumerate() {
                *found.singles.entry((at, *bin)).or_default() += 1;
                found.pairs.extend(bins[at + 1..].iter().enumerate().map(|(next, other)| (at, *bin, at + 1 + next, *other)));
            }
            found.counted += 1;
            if found.rows.len() < KEPT {
                let values = found.columns.iter().map(|column| row.get(&column.name).cloned().unwrap_or(Value::Null));
                found.rows.push((values.collect(), bins));
            }
        }
        found
    }

    fn bins(&self, row: &Row) -> Vec<Bin> {
        self.columns.iter().map(|column| bin(column, row.get(&column.name))).collect()
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| known.name == column)
    }

    /// Whether a row has the bins of two columns.
    fn goes(&self, bins: &[Bin], one: usize, other: usize) -> bool {
        let (first, second) = (one.min(other), one.max(other));
        self.pairs.contains(&(first, bins[first], second, bins[second]))
    }

    /// The columns of `row` that no row of the data has together with what `changed` says of one of the changed columns. A value that occurs
    /// nowhere is the reader's own doing and no reason against a change elsewhere.
    fn against(&self, row: &Row, changed: &[usize]) -> Vec<usize> {
        let bins = self.bins(row);
        (0..bins.len())
            .filter(|other| self.singles.contains_key(&(*other, bins[*other])))
            .filter(|other| changed.iter().any(|one| one != other && !self.goes(&bins, *one, *other)))
            .collect()
    }

    /// Whether two values exclude each other when no row has both, and are not just rare.
    fn exclude(&self, one: (usize, Bin), other: (usize, Bin)) -> bool {
        let count = |single| f64::from(self.singles.get(&single).copied().unwrap_or(0));
        count(one) * count(other) / f64::from(self.counted.max(1)) >= EXPECTED
    }

    /// The row with what has to change along with `changed`, so that its values go together; the added changes come last. Of the rows of the
    /// data that have the changed values, the one whose other values ask for the smallest step lends them; the size of that step is given too.
    /// `None` when nobody is like that, or one of the `fixed` columns would have to change. Without any rows everything goes together.
    pub(super) fn completed(&self, row: &Row, changed: &[&str], fixed: &[String]) -> Option<Completed> {
        if self.rows.is_empty() {
            return Some(Completed { row: row.clone(), changes: Vec::new(), distance: 0.0 });
        }
        let places: Vec<usize> = changed.iter().filter_map(|column| self.place(column)).collect();
        let against: Vec<usize> = self.against(row, &places).into_iter().filter(|at| !places.contains(at)).collect();
        let bins = self.bins(row);
        // Two changed columns that nobody has together are not mended by a third.
        if !places.iter().all(|a| places.iter().all(|b| a == b || self.goes(&bins, *a, *b))) {
            return None;
        }
        if against.is_empty() {
            return Some(Completed { row: row.clone(), changes: Vec::new(), distance: 0.0 });
        }
        if against.iter().any(|at| fixed.contains(&self.columns[*at].name)) {
            return None;
        }
        // What is merely rare together is not proposed, and no reason to change more.
        let excluded = |at: &usize| {
            places.iter().any(|one| one != at && !self.goes(&bins, *one, *at) && self.exclude((*one, bins[*one]), (*at, bins[*at])))
        };
        if !against.iter().all(excluded) {
            return None;
        }
        let lenders = self.rows.iter().filter(|(_, lent)| places.iter().all(|at| lent[*at] == bins[*at]));
        let mut best: Option<(f64, Row)> = None;
        for (lender, _) in lenders {
            let mut mended = row.clone();
            let mut step = 0.0;
            for at in &against {
                let (column, value) = (&self.columns[*at], &lender[*at]);
                step += distance(column, row.get(&column.name), value);
                mended.insert(column.name.clone(), value.clone());
            }
            let touched: Vec<usize> = places.iter().chain(&against).copied().collect();
            if best.as_ref().is_none_or(|(least, _)| step < *least) && self.against(&mended, &touched).is_empty() {
                best = Some((step, mended));
            }
        }
        let (distance, mended) = best?;
        let changes = against
            .iter()
            .map(|at| &self.columns[*at].name)
            .filter(|name| row.get(*name) != mended.get(*name))
            .map(|name| Change {
                column: name.clone(),
                from: row.get(name).map(text).unwrap_or_default(),
                to: mended.get(name).map(text).unwrap_or_default(),
            })
            .collect();
        Some(Completed { row: mended, changes, distance })
    }
}

/// The size of a step from one value to another: for a number its share of the range between the 5 % and the 95 % quantile, for a category
/// what is missing to the whole in the share of the new value.
pub(super) fn distance(column: &Column, from: Option<&Value>, to: &Value) -> f64 {
    match &column.kind {
        ColumnKind::Category { values } => {
            if from == Some(to) {
                return 0.0;
            }
            let all = values.iter().map(|value| value.count).sum::<u64>().max(1) as f64;
            let count = values.iter().find(|value| Some(value.value.as_str()) == to.as_str()).map_or(0, |value| value.count);
            1.0 - count as f64 / all
        }
        ColumnKind::Number { quantiles, min, max, .. } => {
            // Where nearly every row has one value, the whole range has to do.
            let (low, high) = match quantiles.as_slice() {
                [_, _, low, .., high, _, _] if high > low => (*low, *high),
                _ => (*min, *max),
            };
            let range = (high - low).max(f64::MIN_POSITIVE);
            match (from.and_then(Value::as_f64), to.as_f64()) {
                (Some(from), Some(to)) => (to - from).abs() / range,
                (None, None) => 0.0,
                _ => 1.0,
            }
        }
    }
}

fn bin(column: &Column, value: Option<&Value>) -> Bin {
    match &column.kind {
        ColumnKind::Category { values } => {
            let place = value.and_then(Value::as_str).and_then(|given| values.iter().position(|value| value.value == given));
            place.map_or(Bin::Unknown, Bin::Category)
        }
        ColumnKind::Number { quantiles, .. } => {
            let Some(given) = value.and_then(Value::as_f64) else { return Bin::Unknown };
            let below = quantiles.partition_point(|quantile| *quantile < given);
            let frequent =
                quantiles.get(below..below + 2).is_some_and(|both| both.iter().all(|quantile| number(*quantile) == number(given)));
            if frequent { Bin::Frequent(below) } else { Bin::Range(below) }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;
    use crate::demo::feature_schema::{CategoryValue, Target};

    fn schema() -> FeatureSchema {
        let number = |name: &str, quantiles: [f64; 11]| Column {
            name: name.into(),
            dropped: false,
            kind: ColumnKind::Number { integer: true, min: quantiles[0], max: quantiles[10], mean: 0.0, quantiles: quantiles.to_vec() },
        };
        let value = |value: &str, count| CategoryValue { value: value.into(), count };
        let poutcome = ColumnKind::Category { values: vec![value("nonexistent", 90), value("success", 10)] };
        FeatureSchema {
            version: 1,
            target: Target { name: "y".into(), positive: "yes".into(), negative: "no".into() },
            columns: vec![
                number("pdays", [0.0, 3.0, 999.0, 999.0, 999.0, 999.0, 999.0, 999.0, 999.0, 999.0, 999.0]),
                number("previous", [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 7.0]),
                Column { name: "poutcome".into(), dropped: false, kind: poutcome },
                number("age", [17.0, 20.0, 25.0, 28.0, 32.0, 38.0, 47.0, 55.0, 58.0, 71.0, 98.0]),
            ],
            derived: vec![],
            features: vec![],
        }
    }

    fn customer(pdays: i64, previous: i64, poutcome: &str, age: i64) -> Row {
        let cells = [("pdays", json!(pdays)), ("previous", json!(previous)), ("poutcome", json!(poutcome)), ("age", json!(age))];
        cells.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn changed(row: &Row, column: &str, value: Value) -> Row {
        let mut row = row.clone();
        row.insert(column.to_owned(), value);
        row
    }

    #[test]
    fn a_change_takes_along_what_belongs_to_it() {
        let rows = [customer(999, 0, "nonexistent", 40), customer(6, 1, "success", 40), customer(3, 2, "success", 41)];
        let known = Occurrences::of(&schema(), rows.iter().cycle().take(60));
        let asked = changed(&rows[0], "poutcome", json!("success"));
        let completed = known.completed(&asked, &["poutcome"], &[]).unwrap();
        let told: Vec<(&str, &str)> = completed.changes.iter().map(|change| (change.column.as_str(), change.to.as_str())).collect();
        assert_eq!(told, [("pdays", "6"), ("previous", "1")], "of the two customers with a success, the nearer one");
        assert_eq!(completed.row, customer(6, 1, "success", 40));
        assert!(completed.distance > 0.0);
        assert!(known.completed(&asked, &["poutcome"], &["previous".into()]).is_none(), "what is to be kept is not changed");
    }

    #[test]
    fn what_nobody_has_is_not_made_up() {
        let rows = [customer(999, 0, "nonexistent", 40), customer(6, 1, "success", 70)];
        let known = Occurrences::of(&schema(), rows.iter().cycle().take(60));
        let rare = Occurrences::of(&schema(), &rows);
        assert!(
            rare.completed(&changed(&rows[0], "age", json!(70)), &["age"], &[]).is_none(),
            "of two rows nothing can be learned, nor proposed"
        );
        let twice = changed(&changed(&rows[0], "poutcome", json!("success")), "age", json!(30));
        assert!(known.completed(&twice, &["poutcome", "age"], &[]).is_none(), "no customer of 30 has a success");
        let alone = known.completed(&changed(&rows[0], "age", json!(42)), &["age"], &[]).unwrap();
        assert!(alone.changes.is_empty(), "42 lies with 40 in one range");
        // A value that occurs nowhere is the reader's own, and forbids nothing elsewhere.
        let odd = changed(&rows[0], "previous", json!(5000));
        assert!(known.completed(&odd, &["poutcome"], &[]).unwrap().changes.is_empty());
    }

    #[test]
    fn without_rows_everything_goes_together() {
        let row = customer(999, 0, "success", 40);
        let completed = Occurrences::default().completed(&row, &["poutcome"], &[]).unwrap();
        assert_eq!((completed.row, completed.changes.len()), (row, 0));
    }
}

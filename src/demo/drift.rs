//! Drift: how new rows differ from those that a model was trained on, and the rule by which the demonstration makes rows that do.
//!
//! The measure is the population stability index (PSI) of a column: the sum over its bins of (new share − old share) × ln(new share ÷ old
//! share). Below 0.1 nothing has changed, from 0.25 on everything has.

use serde::Serialize;

use super::dataset::normalise;
use super::feature_schema::{Column, ColumnKind, FeatureSchema};
use super::scoring_sql::TableName;
use super::sql::{Quotes, identifier, literal};

/// From here on a column has changed somewhat.
pub const MODERATE: f64 = 0.1;
/// From here on it has changed much.
pub const LARGE: f64 = 0.25;
/// A bin without rows counts as this share: the logarithm of nothing has no value.
const LEAST_SHARE: f64 = 1e-4;

/// How much a column has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Hardly.
    Stable,
    /// Somewhat.
    Moderate,
    /// Much.
    Large,
}

impl Change {
    /// What an index means.
    pub fn of(psi: f64) -> Change {
        if psi >= LARGE {
            Change::Large
        } else if psi >= MODERATE {
            Change::Moderate
        } else {
            Change::Stable
        }
    }
}

/// The bins of a column: those of a number end at the quantiles that the schema has of it, those of a category are its values. There is
/// one more for what is beyond (a larger number, an unknown value) and one for NULL.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    /// The column's name.
    pub column: String,
    kind: BinKind,
}

#[derive(Debug, Clone, PartialEq)]
enum BinKind {
    /// Upper bounds, included.
    Bounds(Vec<f64>),
    /// Values.
    Values(Vec<String>),
}

impl Bins {
    /// The bins of a column.
    pub fn of(column: &Column) -> Bins {
        let kind = match &column.kind {
            ColumnKind::Number { quantiles, .. } => {
                let mut bounds: Vec<f64> = quantiles.iter().copied().filter(|bound| bound.is_finite()).collect();
                bounds.sort_by(f64::total_cmp);
                bounds.dedup();
                BinKind::Bounds(bounds)
            }
            ColumnKind::Category { values } => BinKind::Values(values.iter().map(|value| value.value.clone()).collect()),
        };
        Bins { column: column.name.clone(), kind }
    }

    /// How many bins.
    pub fn count(&self) -> usize {
        2 + match &self.kind {
            BinKind::Bounds(bounds) => bounds.len(),
            BinKind::Values(values) => values.len(),
        }
    }

    /// The bin of a cell's text; an empty one is NULL.
    pub fn place(&self, text: &str) -> usize {
        let last = self.count() - 1;
        if text.is_empty() {
            return last;
        }
        match &self.kind {
            BinKind::Bounds(bounds) => match text.trim().parse::<f64>() {
                Ok(number) => bounds.iter().position(|bound| number <= *bound).unwrap_or(bounds.len()),
                Err(_) => last,
            },
            BinKind::Values(values) => values.iter().position(|value| value == text).unwrap_or(values.len()),
        }
    }

    /// An expression of SQL that gives the bin of a row.
    fn sql(&self) -> String {
        let column = identifier(Quotes::Double, &self.column);
        let last = self.count() - 1;
        let mut cases = format!("CASE WHEN {column} IS NULL THEN {last}");
        match &self.kind {
            BinKind::Bounds(bounds) => {
                for (at, bound) in bounds.iter().enumerate() {
                    cases.push_str(&format!(" WHEN {column} <= {bound} THEN {at}"));
                }
            }
            BinKind::Values(values) => {
                for (at, value) in values.iter().enumerate() {
                    cases.push_str(&format!(" WHEN {column} = {} THEN {at}", literal(value)));
                }
            }
        }
        format!("{cases} ELSE {} END", last - 1)
    }
}

/// The bins of every column that a model looks at.
pub fn bins(schema: &FeatureSchema) -> Vec<Bins> {
    schema.columns.iter().filter(|column| !column.dropped).map(Bins::of).collect()
}

/// A query that counts the rows of a table in every bin: `column_name`, `bin`, `row_count`.
pub fn count_statement(table: &TableName, bins: &[Bins]) -> String {
    let table = table.quoted();
    let parts = bins.iter().map(|bins| {
        format!("SELECT {} AS column_name, {} AS bin, COUNT(*) AS row_count\nFROM {table}\nGROUP BY 2", literal(&bins.column), bins.sql())
    });
    parts.collect::<Vec<_>>().join("\nUNION ALL\n")
}

/// The index of two columns of counts over the same bins; 0 when one of them has no rows.
pub fn psi(old: &[u64], new: &[u64]) -> f64 {
    let (olds, news) = (old.iter().sum::<u64>() as f64, new.iter().sum::<u64>() as f64);
    if olds == 0.0 || news == 0.0 {
        return 0.0;
    }
    old.iter()
        .zip(new)
        .filter(|(old, new)| **old > 0 || **new > 0)
        .map(|(old, new)| {
            let (old, new) = ((*old as f64 / olds).max(LEAST_SHARE), (*new as f64 / news).max(LEAST_SHARE));
            (new - old) * (new / old).ln()
        })
        .sum()
}

/// Moves rows into another season, by a rule that follows from each row and its number alone:
///
/// * the campaign is in autumn: May, June and July become September, October and November;
/// * its customers are older: every second row is six years older, up to 95;
/// * nearly everyone has a mobile phone: of five telephone contacts four are cellular;
/// * nobody is called more than three times.
///
/// The answers stay as they are, so that what used to speak for a yes (a contact in September or October) speaks less for it. `csv` has
/// the columns of the data set; what it does not have is not moved.
///
/// # Errors
/// What is wrong with the CSV.
pub fn autumn(csv: &[u8]) -> Result<Vec<u8>, csv::Error> {
    let mut reader = csv::Reader::from_reader(csv);
    let header: Vec<String> = reader.headers()?.iter().map(normalise).collect();
    let mut writer = csv::Writer::from_writer(Vec::with_capacity(csv.len()));
    writer.write_record(&header)?;
    for (number, record) in reader.records().enumerate() {
        let record = record?;
        let cells = header.iter().zip(record.iter()).map(|(name, cell)| moved(name, cell, number));
        writer.write_record(cells)?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

fn moved(column: &str, cell: &str, number: usize) -> String {
    match (column, cell) {
        ("month", "may") => "sep".to_owned(),
        ("month", "jun") => "oct".to_owned(),
        ("month", "jul") => "nov".to_owned(),
        ("contact", "telephone") if !number.is_multiple_of(5) => "cellular".to_owned(),
        ("age", age) if number.is_multiple_of(2) => {
            age.parse::<u32>().map_or_else(|_| age.to_owned(), |age| (age + 6).min(95).max(age).to_string())
        }
        ("campaign", calls) => calls.parse::<u32>().map_or_else(|_| calls.to_owned(), |calls| calls.min(3).to_string()),
        (_, cell) => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::demo::feature_schema::CategoryValue;

    fn number() -> Column {
        let quantiles = vec![18.0, 20.0, 20.0, 30.0, 40.5, 40.5, 60.0];
        Column {
            name: "age".into(),
            dropped: false,
            kind: ColumnKind::Number { integer: false, min: 18.0, max: 60.0, mean: 30.0, quantiles },
        }
    }

    fn category() -> Column {
        let values = ["it's", "may"].map(|value| CategoryValue { value: value.into(), count: 1 }).to_vec();
        Column { name: "month".into(), dropped: false, kind: ColumnKind::Category { values } }
    }

    #[test]
    fn every_cell_has_one_bin() {
        let bins = Bins::of(&number());
        assert_eq!(bins.count(), 7);
        assert_eq!(["17", "18", "18.5", "40.5", "60", "61", "", "x"].map(|text| bins.place(text)), [0, 0, 1, 3, 4, 5, 6, 6]);
        let bins = Bins::of(&category());
        assert_eq!(["it's", "may", "june", ""].map(|text| bins.place(text)), [0, 1, 2, 3]);
    }

    #[test]
    fn the_statement_has_the_same_bins() {
        let table = TableName::parse("dm.data").unwrap();
        let sql = count_statement(&table, &[Bins::of(&number()), Bins::of(&category())]);
        assert!(sql.contains("CASE WHEN age IS NULL THEN 6 WHEN age <= 18 THEN 0 WHEN age <= 20 THEN 1"), "{sql}");
        assert!(sql.contains("WHEN month = 'it''s' THEN 0 WHEN month = 'may' THEN 1 ELSE 2 END"), "{sql}");
    }

    #[test]
    fn the_index_is_nothing_for_the_same_and_much_for_another() {
        assert_eq!(psi(&[10, 20, 30], &[100, 200, 300]), 0.0);
        assert!((psi(&[50, 50], &[60, 40]) - 0.040_546_510_810_816_44).abs() < 1e-12);
        assert!(psi(&[100, 0], &[50, 50]) > LARGE);
        assert_eq!((psi(&[], &[]), psi(&[0], &[5])), (0.0, 0.0));
        assert_eq!([0.05, 0.1, 0.3].map(Change::of), [Change::Stable, Change::Moderate, Change::Large]);
    }

    #[test]
    fn autumn_moves_rows_by_its_rule() {
        let moved = autumn(b"age,contact,month,campaign,y\n40,telephone,may,7,no\n41,telephone,jul,1,yes\n93,cellular,dec,3,no\n").unwrap();
        assert_eq!(
            String::from_utf8(moved).unwrap(),
            "age,contact,month,campaign,y\n46,telephone,sep,3,no\n41,cellular,nov,1,yes\n95,cellular,dec,3,no\n"
        );
    }
}

//! What would change the decision: the smallest realistic change of a row that brings its score to the other side of the threshold.
//!
//! A change is realistic when customers have it: a category that at least one row in two hundred has, a number between the 1 % and the 99 %
//! quantile, and together with the row's other values something that occurs in the data. Where it does not, what belongs to the change changes
//! along with it: an earlier campaign that was a success also has a day and a number of contacts. One changed column is smaller than two; of
//! changes of as many columns, the smaller step wins: for a number its distance as a share of the range between the 5 % and the 95 % quantile,
//! for a category what is missing to the whole in the share of the new value.

use serde::Serialize;
use serde_json::Value;

use super::occurrence::{Occurrences, distance};
use super::{Explainer, number, text};
use crate::demo::feature_schema::{Column, ColumnKind, EncodeError, Row};

/// A category that fewer rows have is not proposed.
const RARE: f64 = 0.005;
/// Two columns are tried together among this many most helpful values of each column.
const BEST_OF_COLUMN: usize = 3;

/// A changed column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The column.
    pub column: String,
    /// Its value in the row.
    pub from: String,
    /// The value that is proposed.
    pub to: String,
}

/// A change that flips the decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flip {
    /// What is changed: one or two columns, then what belongs to them.
    pub changes: Vec<Change>,
    /// The answer afterwards.
    pub score: f64,
    /// Size of the step, comparable between flips of as many columns.
    pub distance: f64,
}

/// A value that a column could have, with what it takes along.
#[derive(Debug, Clone)]
struct Candidate {
    column: usize,
    value: Value,
    flip: Flip,
}

/// The smallest realistic changes that flip the decision, smallest first and at most `count`; none when no change of one or two columns, and
/// what belongs to it, does. `fixed` columns stay as they are. `known` says what occurs together; without rows in it, everything does.
///
/// # Errors
/// The row lacks a column or has a value that the schema does not know.
pub fn flip(
    explainer: &Explainer,
    known: &Occurrences,
    row: &Row,
    threshold: f64,
    fixed: &[String],
    count: usize,
) -> Result<Vec<Flip>, EncodeError> {
    let yes = explainer.score(row)? >= threshold;
    let flips = |score: f64| (score >= threshold) != yes;
    let columns: Vec<&Column> = explainer.schema.columns.iter().filter(|column| !column.dropped && !fixed.contains(&column.name)).collect();
    let change = |column: &Column, value: &Value| Change {
        column: column.name.clone(),
        from: row.get(&column.name).map(text).unwrap_or_default(),
        to: text(value),
    };
    let mut singles = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        for (value, distance) in values(explainer, column, row.get(&column.name)) {
            let Some(whole) = known.completed(&changed(row, &[(column, &value)]), &[&column.name], fixed) else { continue };
            let score = explainer.score(&whole.row)?;
            let changes = std::iter::once(change(column, &value)).chain(whole.changes).collect();
            singles.push(Candidate { column: at, value, flip: Flip { changes, score, distance: distance + whole.distance } });
        }
    }
    let mut found: Vec<Flip> = Vec::new();
    for at in 0..columns.len() {
        // The smallest step of a column is the one to tell; a larger one of the same column says nothing new.
        let of_column = singles.iter().filter(|candidate| candidate.column == at && flips(candidate.flip.score));
        found.extend(of_column.map(|candidate| &candidate.flip).min_by(|a, b| a.distance.total_cmp(&b.distance)).cloned());
    }
    if found.is_empty() {
        let helpful = |a: &Candidate, b: &Candidate| {
            let order = a.flip.score.total_cmp(&b.flip.score);
            if yes { order } else { order.reverse() }
        };
        let mut best: Vec<&Candidate> = Vec::new();
        for at in 0..columns.len() {
            let mut of_column: Vec<&Candidate> = singles.iter().filter(|candidate| candidate.column == at).collect();
            of_column.sort_by(|a, b| helpful(a, b));
            best.extend(of_column.into_iter().take(BEST_OF_COLUMN));
        }
        for (place, one) in best.iter().enumerate() {
            for other in best[place + 1..].iter().filter(|other| other.column != one.column) {
                let (first, second) = (columns[one.column], columns[other.column]);
                let both = changed(row, &[(first, &one.value), (second, &other.value)]);
                // What belongs to a change moves the score little; looking for it is worth the time only where the decision is near.
                if !flips(explainer.score(&both)?) {
                    continue;
                }
                let Some(whole) = known.completed(&both, &[&first.name, &second.name], fixed) else { continue };
                let score = explainer.score(&whole.row)?;
                if flips(score) {
                    let own = distance(first, row.get(&first.name), &one.value) + distance(second, row.get(&second.name), &other.value);
                    let changes = [change(first, &one.value), change(second, &other.value)].into_iter().chain(whole.changes).collect();
                    found.push(Flip { changes, score, distance: own + whole.distance });
                }
            }
        }
    }
    found.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    // One change may be found from either of the columns that go together.
    let mut told: Vec<Vec<(String, String)>> = Vec::new();
    found.retain(|flip| {
        let mut ends: Vec<(String, String)> = flip.changes.iter().map(|change| (change.column.clone(), change.to.clone())).collect();
        ends.sort();
        let fresh = !told.contains(&ends);
        told.push(ends);
        fresh
    });
    found.truncate(count);
    Ok(found)
}

fn changed(row: &Row, changes: &[(&Column, &Value)]) -> Row {
    let mut row = row.clone();
    for (column, value) in changes {
        row.insert(column.name.clone(), (*value).clone());
    }
    row
}

/// The values to try for a column, with the size of the step.
fn values(explainer: &Explainer, column: &Column, now: Option<&Value>) -> Vec<(Value, f64)> {
    let tried: Vec<Value> = match &column.kind {
        ColumnKind::Category { values } => {
            let all = values.iter().map(|value| value.count).sum::<u64>().max(1) as f64;
            let common = values.iter().filter(|value| value.count as f64 / all >= RARE);
            common.map(|value| Value::from(value.value.clone())).filter(|value| Some(value) != now).collect()
        }
        ColumnKind::Number { integer, quantiles, .. } => {
            let [_, least, low, .., high, most, _] = quantiles.as_slice() else { return Vec::new() };
            let range = (high - low).max(f64::MIN_POSITIVE);
            let now = now.and_then(Value::as_f64);
            // Between two divisions every value is answered alike: the values next to the divisions are all there is to try.
            let divisions = explainer.feature_of(&column.name).map(|feature| explainer.trees.divisions(feature)).unwrap_or_default();
            let mut tried: Vec<f64> = divisions
                .iter()
                .flat_map(|division| {
                    let at = f64::from(*division);
                    if *integer { [at.ceil() - 1.0, at.ceil()] } else { [at - range / 1000.0, at] }
                })
                .chain(quantiles.iter().copied())
                .filter(|value| (*least..=*most).contains(value) && Some(*value) != now)
                .collect();
            tried.sort_by(f64::total_cmp);
            tried.dedup();
            tried.into_iter().map(number).collect()
        }
    };
    let stepped = |value: Value| {
        let step = distance(column, now, &value);
        (value, step)
    };
    tried.into_iter().map(stepped).collect()
}

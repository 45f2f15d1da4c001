//! Two results side by side: rows, columns, and the cells that differ.

use std::collections::HashMap;

use super::encoding::{RowRef, push};
use super::scan::each_row;
use super::{Store, StoreError, Work};
use crate::ops::query::{CellRef, QueryColumn};

/// Rows with a difference that are listed; more are only counted.
const MOST_LISTED: usize = 100_000;

/// How rows of the two are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pairing {
    /// The first with the first, the second with the second.
    Position,
    /// Those with the same values in these columns of the first result; the second one has columns of the same names.
    Keys(Vec<usize>),
}

/// A column of both results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedColumn {
    /// Its place in the first.
    pub first: usize,
    /// Its place in the second.
    pub second: usize,
    /// Name in the first.
    pub name: String,
    /// The two types, where they differ.
    pub types: Option<(String, String)>,
    /// Cells that differ.
    pub differing: u64,
}

/// A row that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its place in the first result, if it is there.
    pub first: Option<u32>,
    /// Its place in the second result, if it is there.
    pub second: Option<u32>,
    /// Which of the shared columns differ; none when the row is in one result only.
    pub columns: Vec<u16>,
}

/// What two results have in common and what not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Rows of both.
    pub rows: (u64, u64),
    /// How rows were put together.
    pub pairing: Pairing,
    /// Columns of both.
    pub shared: Vec<SharedColumn>,
    /// Names of columns that only the first has.
    pub only_first: Vec<String>,
    /// Names of columns that only the second has.
    pub only_second: Vec<String>,
    /// Rows that are the same in all shared columns.
    pub same: u64,
    /// Rows in both with a difference.
    pub changed: u64,
    /// Rows that only the first has.
    pub removed: u64,
    /// Rows that only the second has.
    pub added: u64,
    /// The rows that are not the same, in the order of the first result, what only the second has at the end.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Whether nothing differs at all.
    pub fn equal(&self) -> bool {
        self.changed + self.removed + self.added == 0
            && self.only_first.is_empty()
            && self.only_second.is_empty()
            && self.shared.iter().all(|column| column.types.is_none())
    }
}

/// Compares two results.
///
/// # Errors
/// When it is cancelled or the disk refuses.
pub fn compare(first: &Store, second: &Store, pairing: &Pairing, work: &Work) -> Result<Comparison, StoreError> {
    let (mut shared, only_first, only_second) = columns(first.columns(), second.columns());
    let mut found = Comparison {
        rows: (first.rows(), second.rows()),
        pairing: pairing.clone(),
        shared: Vec::new(),
        only_first,
        only_second,
        same: 0,
        changed: 0,
        removed: 0,
        added: 0,
        differences: Vec::new(),
    };
    let mut partners = match pairing {
        Pairing::Position => Partners::Position(second.rows()),
        Pairing::Keys(keys) => Partners::keyed(second, &key_places(keys, &shared), work)?,
    };
    let mut failed = None;
    let first_keys = if let Pairing::Keys(keys) = pairing { keys.as_slice() } else { &[] };
    each_row(first, None, work, |number, row| {
        if failed.is_some() {
            return;
        }
        let Some(partner) = partners.of(number, row, first_keys) else {
            found.removed += 1;
            list(&mut found.differences, Difference { first: Some(number), second: None, columns: Vec::new() });
            return;
        };
        match second.row(u64::from(partner)) {
            Ok(Some(other)) => {
                let cells: Vec<CellRef<'_>> = row.cells().collect();
                let differing: Vec<u16> = shared
                    .iter()
                    .enumerate()
                    .filter(|(_, column)| {
                        let a = cells.get(column.first).copied().unwrap_or(CellRef::Null);
                        let b = other.get(column.second).map_or(CellRef::Null, CellRef::from);
                        !same(a, b)
                    })
                    .map(|(at, _)| at as u16)
                    .collect();
                if differing.is_empty() {
                    found.same += 1;
                } else {
                    found.changed += 1;
                    for at in &differing {
                        shared[usize::from(*at)].differing += 1;
                    }
                    list(&mut found.differences, Difference { first: Some(number), second: Some(partner), columns: differing });
                }
            }
            Ok(None) => {}
            Err(error) => failed = Some(error),
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let rest = partners.rest(first.rows());
    found.added = rest.len() as u64;
    for partner in rest {
        list(&mut found.differences, Difference { first: None, second: Some(partner), columns: Vec::new() });
    }
    found.shared = shared;
    Ok(found)
}

fn list(differences: &mut Vec<Difference>, difference: Difference) {
    if differences.len() < MOST_LISTED {
        differences.push(difference);
    }
}

/// Columns are the same by name, in capitals or not; of several with one name the first with the first.
fn columns(first: &[QueryColumn], second: &[QueryColumn]) -> (Vec<SharedColumn>, Vec<String>, Vec<String>) {
    let mut free: Vec<Option<&QueryColumn>> = second.iter().map(Some).collect();
    let (mut shared, mut only_first) = (Vec::new(), Vec::new());
    for (place, column) in first.iter().enumerate() {
        let partner = free.iter().position(|other| other.is_some_and(|other| other.name.eq_ignore_ascii_case(&column.name)));
        match partner.and_then(|at| free[at].take().map(|other| (at, other))) {
            Some((at, other)) => shared.push(SharedColumn {
                first: place,
                second: at,
                name: column.name.clone(),
                types: (other.type_name != column.type_name).then(|| (column.type_name.clone(), other.type_name.clone())),
                differing: 0,
            }),
            None => only_first.push(column.name.clone()),
        }
    }
    (shared, only_first, free.into_iter().flatten().map(|column| column.name.clone()).collect())
}

/// The places of the key columns in the second result.
fn key_places(keys: &[usize], shared: &[SharedColumn]) -> Vec<usize> {
    keys.iter().filter_map(|key| shared.iter().find(|column| column.first == *key)).map(|column| column.second).collect()
}

/// Numbers are the same as numbers, whether they come as whole numbers, floating point or decimals in text.
fn same(a: CellRef<'_>, b: CellRef<'_>) -> bool {
    if a == b {
        return true;
    }
    match (a, b) {
        (CellRef::Null, _) | (_, CellRef::Null) | (CellRef::Text(_), CellRef::Text(_)) => false,
        (CellRef::Float(a), CellRef::Float(b)) => a.is_nan() && b.is_nan(),
        _ => match (a.number(), b.number()) {
            (Some(a), Some(b)) => a == b,
            _ => a.text() == b.text(),
        },
    }
}

/// The rows of the second result that have no partner yet.
enum Partners {
    Position(u64),
    Keys(HashMap<Box<[u8]>, Vec<u32>>),
}

impl Partners {
    fn keyed(second: &Store, places: &[usize], work: &Work) -> Result<Partners, StoreError> {
        let mut rows: HashMap<Box<[u8]>, Vec<u32>> = HashMap::new();
        each_row(second, None, work, |number, row| rows.entry(key(row, places)).or_default().push(number))?;
        // The last one is taken first.
        for rows in rows.values_mut() {
            rows.reverse();
        }
        Ok(Partners::Keys(rows))
    }

    fn of(&mut self, number: u32, row: RowRef<'_>, places: &[usize]) -> Option<u32> {
        match self {
            Partners::Position(rows) => (u64::from(number) < *rows).then_some(number),
            Partners::Keys(rows) => rows.get_mut(&key(row, places))?.pop(),
        }
    }

    fn rest(self, first_rows: u64) -> Vec<u32> {
        match self {
            Partners::Position(rows) => (first_rows..rows).map(|row| row as u32).collect(),
            Partners::Keys(rows) => {
                let mut rest: Vec<u32> = rows.into_values().flatten().collect();
                rest.sort_unstable();
                rest
            }
        }
    }
}

fn key(row: RowRef<'_>, places: &[usize]) -> Box<[u8]> {
    let mut key = Vec::new();
    for place in places {
        match row.cell(*place) {
            // A whole number is the same key as floating point.
            CellRef::Integer(value) => push(&crate::ops::query::Cell::Float(value as f64), &mut key),
            cell => push(&cell.to_cell(), &mut key),
        }
    }
    key.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::ops::query::{Cell, Page};

    fn store(names: &[&str], rows: &[&[i64]]) -> Store {
        let columns = names.iter().map(|name| QueryColumn { name: (*name).into(), type_name: "int4".into(), numeric: true }).collect();
        let rows = rows.iter().map(|row| row.iter().map(|n| if *n < 0 { Cell::Null } else { Cell::Integer(*n) }).collect()).collect();
        Store::new(columns, Page { rows, next: None })
    }

    #[test]
    fn by_key_rows_find_each_other() {
        let first = store(&["id", "n", "old"], &[&[1, 10, 0], &[2, 20, 0], &[3, -1, 0], &[4, 40, 0]]);
        let second = store(&["N", "id", "new"], &[&[40, 4, 9], &[21, 2, 9], &[-1, 3, 9], &[50, 5, 9]]);
        let found = compare(&first, &second, &Pairing::Keys(vec![0]), &Work::unheard()).unwrap();
        assert_eq!((found.same, found.changed, found.removed, found.added), (2, 1, 1, 1));
        assert_eq!((found.only_first, found.only_second), (vec!["old".to_owned()], vec!["new".to_owned()]));
        assert_eq!(
            found.differences,
            [
                Difference { first: Some(0), second: None, columns: vec![] },
                Difference { first: Some(1), second: Some(1), columns: vec![1] },
                Difference { first: None, second: Some(3), columns: vec![] },
            ]
        );
        assert_eq!(found.shared[1].differing, 1);
    }

    #[test]
    fn by_position_the_rest_is_added_or_removed() {
        let first = store(&["n"], &[&[1], &[2], &[3]]);
        let second = store(&["n"], &[&[1], &[9]]);
        let found = compare(&first, &second, &Pairing::Position, &Work::unheard()).unwrap();
        assert_eq!((found.same, found.changed, found.removed, found.added), (1, 1, 1, 0));
        let found = compare(&second, &first, &Pairing::Position, &Work::unheard()).unwrap();
        assert_eq!((found.removed, found.added), (0, 1));
        assert!(compare(&first, &first, &Pairing::Position, &Work::unheard()).unwrap().equal());
    }

    #[test]
    fn equal_keys_are_paired_in_their_order() {
        let first = store(&["id", "n"], &[&[1, 1], &[1, 2]]);
        let second = store(&["id", "n"], &[&[1, 1], &[1, 3], &[1, 4]]);
        let found = compare(&first, &second, &Pairing::Keys(vec![0]), &Work::unheard()).unwrap();
        assert_eq!((found.same, found.changed, found.added), (1, 1, 1));
    }

    #[test]
    fn numbers_are_the_same_in_any_type() {
        assert!(same(CellRef::Integer(5), CellRef::Text("5.0")));
        assert!(same(CellRef::Float(5.0), CellRef::Integer(5)));
        assert!(!same(CellRef::Text("05"), CellRef::Text("5")));
        assert!(!same(CellRef::Null, CellRef::Text("")));
    }
}

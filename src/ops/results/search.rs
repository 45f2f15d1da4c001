//! Where a text is in a result.

use rayon::prelude::*;

use super::needle::Needle;
use super::{Store, StoreError, Work};

/// The places among the shown rows whose rows have `text` in one of `columns`, in ascending order. `order` is which rows are shown; without
/// it all are, as they came.
///
/// # Errors
/// When it is cancelled or the disk refuses.
pub fn find(store: &Store, text: &str, columns: &[usize], order: Option<&[u32]>, work: &Work) -> Result<Vec<u32>, StoreError> {
    let needle = Needle::new(text);
    let wanted: Vec<bool> = (0..store.columns().len()).map(|column| columns.contains(&column)).collect();
    let found: Vec<Vec<u32>> = store
        .blocks()
        .par_iter()
        .map(|block| {
            work.proceed()?;
            let loaded = block.load()?;
            let mut hits = Vec::new();
            needle.rows(&loaded, &wanted, |at| hits.push((block.start as u32).wrapping_add(at as u32)));
            Ok(hits)
        })
        .collect::<Result<_, StoreError>>()?;
    let rows = found.concat();
    let Some(order) = order else { return Ok(rows) };
    let mut is_hit = vec![false; usize::try_from(store.rows()).unwrap_or(0)];
    for row in rows {
        if let Some(hit) = is_hit.get_mut(row as usize) {
            *hit = true;
        }
    }
    Ok(order.iter().enumerate().filter(|(_, row)| is_hit.get(**row as usize) == Some(&true)).map(|(place, _)| place as u32).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;
    use crate::ops::query::{Cell, Page, QueryColumn};
    use crate::ops::results::Spill;

    fn any_cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::Null),
            (-300_i64..300).prop_map(Cell::Integer),
            (-9_i64..9).prop_map(|n| Cell::Float(n as f64 / 4.0)),
            any::<bool>().prop_map(Cell::Boolean),
            // Letters that the first byte of a text can be, too, and others.
            "[@-Ea-eÄäß ]{0,9}".prop_map(Cell::Text),
            "[ab]{60,70}".prop_map(Cell::Text),
        ]
    }

    proptest! {
        #[test]
        fn spilled_or_not_it_is_found_where_it_is(
            rows in proptest::collection::vec((any_cell(), any_cell(), any_cell()), 1..120),
            size in 1_usize..40,
            text in "[@-Ea-eÄß1-3.-]{0,3}",
            only: bool,
        ) {
            let rows: Vec<Vec<Cell>> = rows.into_iter().map(|(a, b, c)| vec![a, b, c]).collect();
            let columns: Vec<QueryColumn> =
                ["a", "b", "c"].map(|name| QueryColumn { name: name.into(), type_name: String::new(), numeric: false }).to_vec();
            let directory = tempfile::tempdir().unwrap();
            let spill = Spill::new(directory.path().to_owned(), 200);
            let whole = Store::new(columns.clone(), Page { rows: rows.clone(), next: None });
            let parts = Store::new(columns, Page { rows: Vec::new(), next: Some(String::new()) });
            for chunk in rows.chunks(size) {
                parts.append(Page { rows: chunk.to_vec(), next: None }, &spill).unwrap();
            }
            let wanted: &[usize] = if only { &[1] } else { &[0, 1, 2] };
            let found = find(&whole, &text, wanted, None, &Work::unheard()).unwrap();
            prop_assert_eq!(&found, &find(&parts, &text, wanted, None, &Work::unheard()).unwrap());
            // What one sees when one looks at each cell.
            let lower = text.to_lowercase();
            let sees = |cell: &Cell| *cell != Cell::Null && cell.text().to_lowercase().contains(&lower);
            let seen = rows.iter().enumerate().filter(|(_, row)| wanted.iter().any(|column| sees(&row[*column])));
            prop_assert_eq!(&found, &seen.map(|(at, _)| at as u32).collect::<Vec<_>>());
            // Through another order, too.
            let order: Vec<u32> = (0..rows.len() as u32).rev().collect();
            let mut places = find(&parts, &text, wanted, Some(&order), &Work::unheard()).unwrap();
            prop_assert!(places.is_sorted());
            places.reverse();
            prop_assert_eq!(places.into_iter().map(|place| order[place as usize]).collect::<Vec<_>>(), found);
        }
    }

    #[test]
    fn places_are_those_of_the_shown_rows() {
        let column = |name: &str| QueryColumn { name: name.into(), type_name: String::new(), numeric: false };
        let rows = ["admin.", "technician", "ADMIN", "x"].map(|job| vec![Cell::Text(job.into()), Cell::Text("admin".into())]).to_vec();
        let store = Store::new(vec![column("job"), column("other")], Page { rows, next: None });
        let find = |columns: &[usize], order: Option<&[u32]>| find(&store, "adm", columns, order, &Work::unheard()).unwrap();
        assert_eq!(find(&[0], None), [0, 2]);
        assert_eq!(find(&[0], Some(&[3, 2, 0])), [1, 2]);
        assert_eq!(find(&[0, 1], None), [0, 1, 2, 3]);
        assert_eq!(find(&[], None), [0_u32; 0]);
    }
}

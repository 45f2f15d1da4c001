//! Where a text is in a result.

use rayon::prelude::*;

use super::filter::Needle;
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
            let hits =
                loaded.rows().enumerate().filter(|(_, row)| row.cells().zip(&wanted).any(|(cell, wanted)| *wanted && needle.is_in(cell)));
            Ok(hits.map(|(at, _)| (block.start as u32).wrapping_add(at as u32)).collect())
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
    use super::*;
    use crate::ops::query::{Cell, Page, QueryColumn};

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

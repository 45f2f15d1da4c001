//! Going over the shown rows of a result, in their order or in the order in which they lie.

use super::encoding::RowRef;
use super::{Store, StoreError, Work};

/// Rows read at once from a view that is not in the order in which rows lie.
const CHUNK: usize = 4096;

/// Calls `each` with the number of every shown row and the row, in the order in which rows lie: the quickest way when the order does not
/// matter.
pub(super) fn each_row(store: &Store, order: Option<&[u32]>, work: &Work, mut each: impl FnMut(u32, RowRef<'_>)) -> Result<(), StoreError> {
    let shown = order.map(|order| {
        let mut shown = vec![false; usize::try_from(store.rows()).unwrap_or(0)];
        for row in order {
            if let Some(shown) = shown.get_mut(*row as usize) {
                *shown = true;
            }
        }
        shown
    });
    let total = store.rows();
    for block in store.blocks() {
        work.proceed()?;
        work.tell(block.start, total);
        let loaded = block.load()?;
        for (at, row) in loaded.rows().enumerate() {
            let number = (block.start as u32).wrapping_add(at as u32);
            if shown.as_ref().is_none_or(|shown| shown.get(number as usize) == Some(&true)) {
                each(number, row);
            }
        }
    }
    Ok(())
}

/// Calls `each` with every shown row in the order in which rows are shown, `chunk` rows at once.
pub(super) fn in_order<E: From<StoreError>>(
    store: &Store,
    order: Option<&[u32]>,
    work: &Work,
    mut each: impl FnMut(Vec<Vec<crate::ops::query::Cell>>) -> Result<(), E>,
) -> Result<u64, E> {
    let mut done = 0_u64;
    match order {
        None => {
            let total = store.rows();
            for block in store.blocks() {
                work.proceed()?;
                let loaded = block.load()?;
                let rows: Vec<_> = loaded.rows().map(RowRef::to_row).collect();
                done += rows.len() as u64;
                each(rows)?;
                work.tell(done, total);
            }
        }
        Some(order) => {
            let total = order.len() as u64;
            for chunk in order.chunks(CHUNK) {
                work.proceed()?;
                let rows = store.pick(chunk.iter().map(|row| u64::from(*row)))?;
                done += rows.len() as u64;
                each(rows)?;
                work.tell(done, total);
            }
        }
    }
    Ok(done)
}

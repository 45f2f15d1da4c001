//! Going over the shown rows of a result, in their order or in the order in which they lie.

use super::encoding::RowRef;
use super::{Store, StoreError, Work};

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

//! Columns of small tables, kept decoded: the demonstration scans the same forty thousand rows again and again.
//!
//! Files are immutable and their names are never used twice, so that nothing here can be stale.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use parking_lot::Mutex;

use super::catalog::DataFile;

/// Files with more cells than this are read from disk each time.
const LARGEST: u64 = 2_000_000;
/// Bytes that are kept at most.
const BUDGET: usize = 64 << 20;

/// One column of one file, in chunks of [`super::scan::BATCH_ROWS`] rows.
pub type Chunks = Arc<[ArrayRef]>;

/// Decoded columns by file and position, the least recently used leaving first.
#[derive(Debug, Default)]
pub struct Cache {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    files: HashMap<String, Entry>,
    bytes: usize,
    clock: u64,
}

#[derive(Debug, Default)]
struct Entry {
    columns: HashMap<usize, Chunks>,
    bytes: usize,
    used: u64,
}

impl Cache {
    /// Whether a file of so many columns is worth keeping.
    pub fn accepts(file: &DataFile, columns: usize) -> bool {
        file.rows.saturating_mul(columns as u64) <= LARGEST
    }

    /// The columns that are here, in the order asked for; `None` for one that is not.
    pub fn get(&self, file: &str, columns: &[usize]) -> Vec<Option<Chunks>> {
        let mut state = self.state.lock();
        state.clock += 1;
        let now = state.clock;
        let Some(entry) = state.files.get_mut(file) else { return vec![None; columns.len()] };
        entry.used = now;
        columns.iter().map(|column| entry.columns.get(column).cloned()).collect()
    }

    /// Keeps a column.
    pub fn put(&self, file: &str, column: usize, chunks: Chunks) {
        let bytes: usize = chunks.iter().map(|chunk| chunk.get_buffer_memory_size()).sum();
        if bytes > BUDGET {
            return;
        }
        let mut state = self.state.lock();
        let state = &mut *state;
        state.clock += 1;
        let entry = state.files.entry(file.to_owned()).or_default();
        entry.used = state.clock;
        if entry.columns.insert(column, chunks).is_none() {
            entry.bytes += bytes;
            state.bytes += bytes;
        }
        while state.bytes > BUDGET {
            let oldest = state.files.iter().filter(|(name, _)| *name != file).min_by_key(|(_, entry)| entry.used);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
            state.forget(&oldest);
        }
    }

    /// Forgets files that no catalog names any more.
    pub fn forget(&self, file: &str) {
        self.state.lock().forget(file);
    }

    /// Bytes that are kept.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.state.lock().bytes
    }
}

impl State {
    fn forget(&mut self, file: &str) {
        if let Some(entry) = self.files.remove(file) {
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use datafusion::arrow::array::Int64Array;

    fn chunks(rows: i64) -> Chunks {
        let array: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
        Arc::from(vec![array])
    }

    #[test]
    fn columns_are_found_by_position() {
        let cache = Cache::default();
        cache.put("a", 1, chunks(3));
        let found = cache.get("a", &[0, 1]);
        assert!(found[0].is_none());
        assert_eq!(found[1].as_ref().unwrap()[0].len(), 3);
        cache.forget("a");
        assert_eq!((cache.get("a", &[1])[0].is_none(), cache.bytes()), (true, 0));
    }

    #[test]
    fn what_was_used_least_recently_leaves_first() {
        let cache = Cache::default();
        let rows = (BUDGET / 8 / 2 - 1000) as i64;
        cache.put("a", 0, chunks(rows));
        cache.put("b", 0, chunks(rows));
        cache.get("a", &[0]);
        cache.put("c", 0, chunks(rows));
        assert!(cache.get("a", &[0])[0].is_some() && cache.get("b", &[0])[0].is_none() && cache.get("c", &[0])[0].is_some());
        assert!(cache.bytes() <= BUDGET);
    }
}

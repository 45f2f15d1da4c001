//! The rows of a result, in memory up to a limit and in a file beyond it.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use super::encoding::{RowRef, push};
use crate::ops::query::{Cell, Page, QueryColumn};

/// Bytes after which a block ends.
const BLOCK_BYTES: usize = 1 << 20;

/// Where rows go that memory has no room for, and how much room there is for all results together.
#[derive(Debug, Clone)]
pub struct Spill {
    directory: PathBuf,
    room: Arc<AtomicUsize>,
}

impl Spill {
    /// `room` bytes in memory; what is more goes to files in `directory`. The files have no name: they are gone with the program, however
    /// it ends.
    pub fn new(directory: PathBuf, room: usize) -> Spill {
        Spill { directory, room: Arc::new(AtomicUsize::new(room)) }
    }

    fn take(&self, bytes: usize) -> Option<Share> {
        self.room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(bytes))
            .ok()
            .map(|_| Share { room: Arc::clone(&self.room), bytes })
    }
}

/// A share of the room in memory; given back when dropped.
#[derive(Debug)]
struct Share {
    room: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

/// Why rows cannot be kept or read back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No file can be made.
    #[error("the rows of a large result go to a file in {directory}, which cannot be made: {source}")]
    Create {
        /// Where.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("the rows cannot be written to disk: {0}")]
    Write(io::Error),
    /// The file cannot be read.
    #[error("the rows cannot be read back from disk: {0}")]
    Read(io::Error),
    /// The work was ended on demand.
    #[error("cancelled")]
    Cancelled,
}

/// Some rows, one after the other.
#[derive(Debug)]
pub(super) struct Block {
    /// The number of the first row.
    pub start: u64,
    /// Where each row begins, and where the last one ends.
    offsets: Vec<u32>,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Memory { bytes: Vec<u8>, _share: Option<Share> },
    Disk { file: Arc<File>, at: u64 },
}

impl Block {
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// All bytes.
    pub fn load(&self) -> Result<Loaded<'_>, StoreError> {
        let bytes = match &self.bytes {
            Bytes::Memory { bytes, .. } => Cow::Borrowed(bytes.as_slice()),
            Bytes::Disk { file, at } => {
                let mut bytes = vec![0; self.offsets.last().copied().unwrap_or(0) as usize];
                file.read_exact_at(&mut bytes, *at).map_err(StoreError::Read)?;
                Cow::Owned(bytes)
            }
        };
        Ok(Loaded { bytes, offsets: &self.offsets })
    }

    /// Adds the bytes of one row, without the others.
    fn append_row(&self, index: usize, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let (from, to) = (self.offsets[index] as usize, self.offsets[index + 1] as usize);
        match &self.bytes {
            Bytes::Memory { bytes, .. } => out.extend(&bytes[from..to]),
            Bytes::Disk { file, at } => {
                let before = out.len();
                out.resize(before + to - from, 0);
                file.read_exact_at(&mut out[before..], at + from as u64).map_err(StoreError::Read)?;
            }
        }
        Ok(())
    }

    /// One row, without the others.
    fn row(&self, index: usize) -> Result<Vec<Cell>, StoreError> {
        let (from, to) = (self.offsets[index] as usize, self.offsets[index + 1] as usize);
        match &self.bytes {
            Bytes::Memory { bytes, .. } => Ok(RowRef(&bytes[from..to]).to_row()),
            Bytes::Disk { file, at } => {
                let mut bytes = vec![0; to - from];
                file.read_exact_at(&mut bytes, at + from as u64).map_err(StoreError::Read)?;
                Ok(RowRef(&bytes).to_row())
            }
        }
    }
}

/// A block whose bytes are in memory.
pub(super) struct Loaded<'a> {
    bytes: Cow<'a, [u8]>,
    offsets: &'a [u32],
}

impl Loaded<'_> {
    /// The rows.
    pub fn rows(&self) -> impl Iterator<Item = RowRef<'_>> {
        self.offsets.windows(2).map(|pair| RowRef(&self.bytes[pair[0] as usize..pair[1] as usize]))
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// One row.
    pub fn row(&self, index: usize) -> Option<RowRef<'_>> {
        let (from, to) = (*self.offsets.get(index)?, *self.offsets.get(index + 1)?);
        Some(RowRef(&self.bytes[from as usize..to as usize]))
    }

    /// The row that a byte is in, unless it is one before the row `from`.
    pub fn row_at(&self, byte: usize, from: usize) -> Option<usize> {
        let starts = &self.offsets[from.min(self.offsets.len() - 1)..];
        let after = from + starts.partition_point(|start| (*start as usize) <= byte);
        after.checked_sub(1).filter(|row| *row >= from && *row + 1 < self.offsets.len())
    }
}

/// The rows of one result that have been fetched. Rows are only ever added. Everybody may read while rows are being added.
#[derive(Debug)]
pub struct Store {
    columns: Vec<QueryColumn>,
    state: RwLock<State>,
    /// The file of what memory has no room for, and its length.
    disk: Mutex<Option<(Arc<File>, u64)>>,
    /// Held while pages are fetched: they have to come one after the other.
    pub(super) fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    blocks: Vec<Arc<Block>>,
    rows: u64,
    /// The token of the next page.
    next: Option<String>,
}

impl Store {
    /// A store with the first page, which stays in memory.
    pub fn new(columns: Vec<QueryColumn>, first: Page) -> Store {
        let state = State { blocks: Vec::new(), rows: 0, next: None };
        let store = Store { columns, state: RwLock::new(state), disk: Mutex::new(None), fetching: tokio::sync::Mutex::new(()) };
        for (bytes, offsets) in encoded(&first.rows) {
            store.add(Bytes::Memory { bytes, _share: None }, offsets);
        }
        store.state.write().next = first.next;
        store
    }

    /// The columns.
    pub fn columns(&self) -> &[QueryColumn] {
        &self.columns
    }

    /// Rows fetched so far.
    pub fn rows(&self) -> u64 {
        self.state.read().rows
    }

    /// The token of the page that follows; `None` when every row is there.
    pub fn next(&self) -> Option<String> {
        self.state.read().next.clone()
    }

    /// Whether every row of the result is there.
    pub fn complete(&self) -> bool {
        self.state.read().next.is_none()
    }

    /// Bytes that are on disk.
    pub fn on_disk(&self) -> u64 {
        self.disk.lock().as_ref().map_or(0, |(_, length)| *length)
    }

    /// Adds the page that follows.
    ///
    /// # Errors
    /// When the disk refuses what memory has no room for. Nothing of the page is added then.
    pub fn append(&self, page: Page, spill: &Spill) -> Result<(), StoreError> {
        let mut kept = Vec::new();
        for (bytes, offsets) in encoded(&page.rows) {
            let bytes = match spill.take(bytes.len()) {
                Some(share) => Bytes::Memory { bytes, _share: Some(share) },
                None => self.write(&bytes, spill)?,
            };
            kept.push((bytes, offsets));
        }
        for (bytes, offsets) in kept {
            self.add(bytes, offsets);
        }
        self.state.write().next = page.next;
        Ok(())
    }

    fn write(&self, bytes: &[u8], spill: &Spill) -> Result<Bytes, StoreError> {
        let mut disk = self.disk.lock();
        let (file, length) = match &mut *disk {
            Some(disk) => disk,
            none => {
                let failed = |source| StoreError::Create { directory: spill.directory.clone(), source };
                std::fs::create_dir_all(&spill.directory).map_err(failed)?;
                let file = tempfile::tempfile_in(&spill.directory).map_err(failed)?;
                none.insert((Arc::new(file), 0))
            }
        };
        file.write_all_at(bytes, *length).map_err(StoreError::Write)?;
        let at = *length;
        *length += bytes.len() as u64;
        Ok(Bytes::Disk { file: Arc::clone(file), at })
    }

    fn add(&self, bytes: Bytes, offsets: Vec<u32>) {
        let mut state = self.state.write();
        let block = Block { start: state.rows, offsets, bytes };
        state.rows += block.rows() as u64;
        state.blocks.push(Arc::new(block));
    }

    /// What is there now. Rows that are added later are not in it.
    pub(super) fn blocks(&self) -> Vec<Arc<Block>> {
        self.state.read().blocks.clone()
    }

    /// One row, wherever it is; `None` when it is not fetched yet.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn row(&self, index: u64) -> Result<Option<Vec<Cell>>, StoreError> {
        let block = {
            let state = self.state.read();
            let after = state.blocks.partition_point(|block| block.start <= index);
            match after.checked_sub(1).and_then(|at| state.blocks.get(at)) {
                Some(block) if index < state.rows => Arc::clone(block),
                _ => return Ok(None),
            }
        };
        // Fits: a block has no more rows than a page.
        let inside = usize::try_from(index - block.start).unwrap_or(usize::MAX);
        block.row(inside).map(Some)
    }

    /// Adds the bytes of rows to `bytes`, and where each ends to `ends`, in the order of `indexes`; those that are not there are left out.
    pub(super) fn gather(&self, indexes: &[u32], bytes: &mut Vec<u8>, ends: &mut Vec<usize>) -> Result<(), StoreError> {
        let blocks = self.blocks();
        for index in indexes.iter().map(|index| u64::from(*index)) {
            let after = blocks.partition_point(|block| block.start <= index);
            let Some(block) = after.checked_sub(1).map(|at| &blocks[at]) else { continue };
            if let Ok(inside) = usize::try_from(index - block.start)
                && inside < block.rows()
            {
                block.append_row(inside, bytes)?;
                ends.push(bytes.len());
            }
        }
        Ok(())
    }

    /// Rows one by one, in the order of `indexes`; those that are not there are left out.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn pick(&self, indexes: impl IntoIterator<Item = u64>) -> Result<Vec<Vec<Cell>>, StoreError> {
        let mut rows = Vec::new();
        for index in indexes {
            rows.extend(self.row(index)?);
        }
        Ok(rows)
    }
}

/// Rows as bytes, in blocks.
fn encoded(rows: &[Vec<Cell>]) -> Vec<(Vec<u8>, Vec<u32>)> {
    let mut blocks = Vec::new();
    let (mut bytes, mut offsets) = (Vec::new(), vec![0_u32]);
    for row in rows {
        for cell in row {
            push(cell, &mut bytes);
        }
        // A cell has 16 MB at most on either service, so that a block stays far below 4 GB.
        offsets.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        if bytes.len() >= BLOCK_BYTES {
            blocks.push((std::mem::take(&mut bytes), std::mem::replace(&mut offsets, vec![0])));
        }
    }
    if offsets.len() > 1 {
        bytes.shrink_to_fit();
        offsets.shrink_to_fit();
        blocks.push((bytes, offsets));
    }
    blocks
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn rows(range: std::ops::Range<i64>) -> Vec<Vec<Cell>> {
        range
            .map(|n| vec![Cell::Integer(n), Cell::Text(format!("row {n}")), if n % 3 == 0 { Cell::Null } else { Cell::Float(0.5) }])
            .collect()
    }

    fn columns() -> Vec<QueryColumn> {
        ["n", "t", "f"].map(|name| QueryColumn { name: name.into(), type_name: "int8".into(), numeric: name != "t" }).to_vec()
    }

    fn stored(room: usize) -> (Store, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let spill = Spill::new(directory.path().join("deep"), room);
        let store = Store::new(columns(), Page { rows: rows(0..100), next: Some("1".into()) });
        for page in 1..50_i64 {
            let next = (page < 49).then(|| (page + 1).to_string());
            store.append(Page { rows: rows(page * 100..page * 100 + 100), next }, &spill).unwrap();
        }
        (store, directory)
    }

    #[test]
    fn spilled_rows_are_the_same_rows() {
        let (memory, _a) = stored(usize::MAX);
        let (disk, directory) = stored(20_000);
        assert_eq!(memory.on_disk(), 0);
        assert!(disk.on_disk() > 30_000, "{}", disk.on_disk());
        assert!(disk.complete());
        for index in [0, 99, 100, 2_345, 4_999] {
            assert_eq!(memory.row(index).unwrap(), disk.row(index).unwrap());
        }
        assert_eq!(disk.row(5_000).unwrap(), None);
        assert_eq!(disk.pick([4_999, 3, 9_999]).unwrap(), [rows(4_999..5_000), rows(3..4)].concat());
        // The file has no name: a program that is killed leaves nothing.
        assert_eq!(std::fs::read_dir(directory.path().join("deep")).unwrap().count(), 0);
    }

    #[test]
    fn memory_is_given_back() {
        let directory = tempfile::tempdir().unwrap();
        let spill = Spill::new(directory.path().to_owned(), 6_000);
        let fill = || {
            let store = Store::new(columns(), Page { rows: Vec::new(), next: Some("1".into()) });
            store.append(Page { rows: rows(0..300), next: None }, &spill).unwrap();
            store
        };
        let first = fill();
        assert_eq!(first.on_disk(), 0);
        assert!(fill().on_disk() > 0);
        drop(first);
        assert_eq!(fill().on_disk(), 0);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_an_error_that_names_it() {
        let spill = Spill::new("/proc/none/such".into(), 0);
        let store = Store::new(columns(), Page { rows: rows(0..10), next: Some("1".into()) });
        let error = store.append(Page { rows: rows(10..20), next: None }, &spill).unwrap_err();
        assert!(error.to_string().contains("/proc/none/such"), "{error}");
        assert_eq!((store.rows(), store.complete()), (10, false));
    }
}

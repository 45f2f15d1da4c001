//! Results of statements on disk: written as they stream from the engine, read back page by page without loading all.
//!
//! A result is one Arrow IPC file (LZ4) in the state directory. Its record batches are equally large, and [`StoredResult`] says how many
//! rows each holds, so that a page costs one or two batches whatever its position. The file gets its name when it is complete: what a
//! kill leaves behind has a temporary name and goes at the next [`Results::retain`].

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::BatchCoalescer;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::CompressionType;
use datafusion::arrow::ipc::reader::FileReader;
use datafusion::arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::store::{Store, StoreError};

/// Rows of every batch in a file but the last. A page touches two batches at most as long as it is not longer than this.
pub const BATCH_ROWS: usize = 8192;

/// Decoded batches that are kept for the next page.
const CACHED_BATCHES: usize = 4;

/// The results of one service.
#[derive(Debug, Clone)]
pub struct Results {
    directory: PathBuf,
    recent: Arc<Mutex<Vec<Recent>>>,
}

#[derive(Debug, Clone)]
struct Recent {
    id: String,
    index: usize,
    batch: RecordBatch,
}

/// What has to be remembered of a result to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredResult {
    /// Rows.
    pub rows: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// Why a result could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be encoded or decoded.
    #[error("the stored result cannot be used: {0}")]
    Arrow(#[from] ArrowError),
}

impl Results {
    /// The results in the directory `results/<service>` of the store.
    pub fn open(store: &Store, service: &str) -> Result<Self, StoreError> {
        let directory = store.directory(&format!("results/{service}"))?;
        Ok(Results { directory, recent: Arc::default() })
    }

    fn path(&self, id: &str) -> PathBuf {
        // Ids of sub-statements have a colon, which not every file system takes.
        self.directory.join(format!("{}.arrow", id.replace(':', "_")))
    }

    fn failed(&self, id: &str, source: std::io::Error) -> ResultError {
        StoreError::Io { path: self.path(id), source }.into()
    }

    /// Starts to write the result `id`.
    pub fn writer(&self, id: &str, schema: &SchemaRef) -> Result<ResultWriter, ResultError> {
        let file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(&self.directory)
            .map_err(|source| StoreError::Io { path: self.directory.clone(), source })?;
        let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
        let file = FileWriter::try_new_with_options(BufWriter::with_capacity(1 << 18, file), schema, options)?;
        Ok(ResultWriter {
            results: self.clone(),
            id: id.to_owned(),
            file,
            coalescer: BatchCoalescer::new(schema.clone(), BATCH_ROWS),
            rows: 0,
            batches: 0,
            last: None,
        })
    }

    /// Rows `start .. start + limit` of a result, cut at its end, as slices of its batches.
    pub fn rows(&self, id: &str, stored: &StoredResult, start: u64, limit: usize) -> Result<Vec<RecordBatch>, ResultError> {
        let end = start.saturating_add(limit as u64).min(stored.rows);
        let mut slices = Vec::new();
        let mut file = None;
        let mut at = start;
        while at < end {
            // Both fit: a batch has 8192 rows, and the number of batches is the number of rows divided by that.
            let index = usize::try_from(at / BATCH_ROWS as u64).unwrap_or(usize::MAX);
            let offset = usize::try_from(at % BATCH_ROWS as u64).unwrap_or(0);
            let batch = self.batch(id, index, &mut file)?;
            let wanted = usize::try_from(end - at).unwrap_or(usize::MAX);
            let length = wanted.min(batch.num_rows().saturating_sub(offset));
            if length == 0 {
                return Err(ArrowError::IpcError(format!("{} is shorter than recorded", self.path(id).display())).into());
            }
            slices.push(batch.slice(offset, length));
            at += length as u64;
        }
        Ok(slices)
    }

    fn batch(&self, id: &str, index: usize, file: &mut Option<FileReader<BufReader<File>>>) -> Result<RecordBatch, ResultError> {
        if let Some(recent) = self.recent.lock().iter().find(|recent| recent.index == index && recent.id == id) {
            return Ok(recent.batch.clone());
        }
        let reader = match file {
            Some(reader) => reader,
            None => {
                let opened = File::open(self.path(id)).map_err(|source| self.failed(id, source))?;
                file.insert(FileReader::try_new(BufReader::with_capacity(1 << 16, opened), None)?)
            }
        };
        if index >= reader.num_batches() {
            return Err(ArrowError::IpcError(format!("{} is shorter than recorded", self.path(id).display())).into());
        }
        reader.set_index(index)?;
        let batch = reader.next().ok_or_else(|| ArrowError::IpcError(format!("{} ends too early", self.path(id).display())))??;
        self.remember(id, index, batch.clone());
        Ok(batch)
    }

    fn remember(&self, id: &str, index: usize, batch: RecordBatch) {
        let mut recent = self.recent.lock();
        if recent.len() >= CACHED_BATCHES {
            recent.remove(0);
        }
        recent.push(Recent { id: id.to_owned(), index, batch });
    }

    /// Removes a result; one that does not exist is gone already.
    pub fn remove(&self, id: &str) -> Result<(), ResultError> {
        self.recent.lock().retain(|recent| recent.id != id);
        match std::fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(self.failed(id, error)),
            _ => Ok(()),
        }
    }

    /// Removes every file but the results of `ids`: what a kill or a lost record left behind.
    pub fn retain<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Result<(), StoreError> {
        let keep: std::collections::HashSet<PathBuf> = ids.into_iter().map(|id| self.path(id)).collect();
        let failed = |source| StoreError::Io { path: self.directory.clone(), source };
        for entry in std::fs::read_dir(&self.directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if !keep.contains(&path) {
                match std::fs::remove_file(&path) {
                    Err(source) if source.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::Io { path, source }),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// A result that is being written. Dropped before [`ResultWriter::finish`], it leaves nothing.
pub struct ResultWriter {
    results: Results,
    id: String,
    file: FileWriter<BufWriter<NamedTempFile>>,
    coalescer: BatchCoalescer,
    rows: u64,
    batches: usize,
    last: Option<RecordBatch>,
}

impl ResultWriter {
    /// Appends rows.
    pub fn write(&mut self, batch: RecordBatch) -> Result<(), ResultError> {
        self.rows += batch.num_rows() as u64;
        self.coalescer.push_batch(batch)?;
        self.flush()
    }

    fn flush(&mut self) -> Result<(), ResultError> {
        while let Some(batch) = self.coalescer.next_completed_batch() {
            self.file.write(&batch)?;
            self.last = (self.batches == 0).then_some(batch);
            self.batches += 1;
        }
        Ok(())
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes on disk so far, give or take what is buffered.
    pub fn bytes(&self) -> u64 {
        self.file.get_ref().get_ref().as_file().metadata().map_or(0, |data| data.len())
    }

    /// Completes the file and gives it its name.
    pub fn finish(mut self) -> Result<StoredResult, ResultError> {
        self.coalescer.finish_buffered_batch()?;
        self.flush()?;
        self.file.finish()?;
        let path = self.results.path(&self.id);
        let failed = |source| StoreError::Io { path: path.clone(), source };
        let file = self.file.into_inner()?.into_inner().map_err(|error| failed(error.into_error()))?;
        let bytes = file.as_file().metadata().map_err(failed)?.len();
        file.persist(&path).map_err(|error| failed(error.error))?;
        // A result of one batch is read right after it was written, as a rule.
        if let Some(batch) = self.last.take().filter(|_| self.batches == 1) {
            self.results.remember(&self.id, 0, batch);
        }
        Ok(StoredResult { rows: self.rows, bytes })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use datafusion::arrow::array::{Int64Array, StringArray};
    use datafusion::arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false), Field::new("t", DataType::Utf8, true)]))
    }

    fn rows(from: i64, to: i64) -> RecordBatch {
        let numbers = Int64Array::from_iter_values(from..to);
        let texts: StringArray = (from..to).map(|n| (n % 3 != 0).then(|| format!("row {n}"))).collect();
        RecordBatch::try_new(schema(), vec![Arc::new(numbers), Arc::new(texts)]).unwrap()
    }

    fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
        batches.iter().flat_map(|batch| batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec()).collect()
    }

    fn results() -> (tempfile::TempDir, Store, Results) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let results = Results::open(&store, "test").unwrap();
        (directory, store, results)
    }

    #[test]
    fn pages_come_from_anywhere_whatever_the_batches_were() {
        let (_directory, store, results) = results();
        let mut writer = results.writer("a", &schema()).unwrap();
        let mut at = 0;
        for size in [1, 7, 20_000, 3, 5000] {
            writer.write(rows(at, at + size)).unwrap();
            at += size;
        }
        assert_eq!(writer.rows(), 25_011);
        let stored = writer.finish().unwrap();
        assert_eq!(stored.rows, 25_011);
        // Another process, without what this one has in memory.
        let results = Results::open(&store, "test").unwrap();
        for start in [0_u64, 8000, 8191, 8192, 16_000, 24_990, 25_010] {
            let page = results.rows("a", &stored, start, 1000).unwrap();
            let end = (start + 1000).min(25_011);
            assert_eq!(numbers(&page), (i64::try_from(start).unwrap()..i64::try_from(end).unwrap()).collect::<Vec<_>>());
        }
        assert!(results.rows("a", &stored, 25_011, 10).unwrap().is_empty());
    }

    #[test]
    fn a_result_without_rows_can_be_read() {
        let (_directory, _store, results) = results();
        let stored = results.writer("empty", &schema()).unwrap().finish().unwrap();
        assert_eq!(stored.rows, 0);
        assert!(results.rows("empty", &stored, 0, 10).unwrap().is_empty());
    }

    #[test]
    fn an_unfinished_result_leaves_nothing() {
        let (_directory, _store, results) = results();
        let mut writer = results.writer("a", &schema()).unwrap();
        writer.write(rows(0, 10)).unwrap();
        drop(writer);
        assert_eq!(std::fs::read_dir(&results.directory).unwrap().count(), 0);
    }

    #[test]
    fn what_is_not_named_is_removed() {
        let (_directory, _store, results) = results();
        let stored = results.writer("kept:1", &schema()).unwrap().finish().unwrap();
        results.writer("lost", &schema()).unwrap().finish().unwrap();
        std::fs::write(results.directory.join(".new-x"), "half").unwrap();
        results.retain(["kept:1"]).unwrap();
        assert_eq!(std::fs::read_dir(&results.directory).unwrap().count(), 1);
        assert!(results.rows("kept:1", &stored, 0, 1).unwrap().is_empty());
        results.remove("kept:1").unwrap();
        results.remove("kept:1").unwrap();
    }

    #[test]
    fn a_lost_file_is_an_error_and_never_an_empty_result() {
        let (_directory, store, results) = results();
        let mut writer = results.writer("a", &schema()).unwrap();
        writer.write(rows(0, 10)).unwrap();
        let stored = writer.finish().unwrap();
        std::fs::remove_file(results.path("a")).unwrap();
        let results = Results::open(&store, "test").unwrap();
        assert!(matches!(results.rows("a", &stored, 0, 10), Err(ResultError::Store(_))));
    }
}

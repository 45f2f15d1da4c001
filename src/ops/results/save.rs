//! The shown rows as a file.

use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::encoding::RowRef;
use super::store::Loaded;
use super::{Store, StoreError, Work};
use crate::ops::export::{Chunk, Draft, Format};
use crate::ops::query::{CellRef, QueryColumn};

/// What is written.
#[derive(Debug, Clone)]
pub struct Export {
    /// Where.
    pub path: PathBuf,
    /// How.
    pub format: Format,
    /// Which columns, in their order.
    pub columns: Vec<usize>,
    /// Whether a file that is there may be replaced.
    pub replace: bool,
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The rows cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file is there already.
    #[error("{0} is there already")]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes the shown rows; gives how many. The file appears under its name when it is complete: cancelled or failed, there is nothing.
///
/// # Errors
/// When it is cancelled, when a disk refuses, or when there is a file that may not be replaced.
pub fn save(store: &Store, export: &Export, order: Option<&[u32]>, work: &Work) -> Result<u64, ExportError> {
    if !export.replace && export.path.exists() {
        return Err(ExportError::Exists(export.path.clone()));
    }
    let failed = |source| ExportError::Write { path: export.path.clone(), source };
    let columns: Vec<QueryColumn> = export.columns.iter().filter_map(|at| store.columns().get(*at).cloned()).collect();
    let mut draft = Draft::new(&export.path).map_err(failed)?;
    let mut writer = export.format.writer(false);
    writer.begin(&columns, &mut draft).map_err(failed)?;
    let chosen = Chosen::new(&export.columns, store.columns().len());
    let mut written = |chunks: &[Chunk<'_>]| writer.chunks(chunks, &mut draft).map_err(failed);
    let rows = match order {
        None => in_their_order(store, &chosen, work, &mut written)?,
        Some(order) => in_order(store, order, &chosen, work, &mut written)?,
    };
    if rows == 0 {
        // A table without rows still has its head.
        written(&[])?;
    }
    writer.end(&mut draft).map_err(failed)?;
    work.proceed()?;
    let kept = if export.replace { draft.keep() } else { draft.keep_new() };
    kept.map_err(
        |error| if error.kind() == io::ErrorKind::AlreadyExists { ExportError::Exists(export.path.clone()) } else { failed(error) },
    )?;
    Ok(rows)
}

/// Blocks that are written together.
const BLOCKS: usize = 8;
/// Rows that are gathered from all over the result and written together.
const ROWS: usize = 8192;

/// Which columns are written.
struct Chosen<'a> {
    columns: &'a [usize],
    /// All of them, in their order.
    whole: bool,
}

impl<'a> Chosen<'a> {
    fn new(columns: &'a [usize], all: usize) -> Chosen<'a> {
        Chosen { columns, whole: columns.len() == all && columns.is_sorted() }
    }

    fn chunk<'b>(&self, rows: impl Iterator<Item = RowRef<'b>>) -> Chunk<'b> {
        let mut chunk = Chunk::new(self.columns.len());
        let mut all = Vec::new();
        for row in rows {
            if self.whole {
                chunk.push(row.cells());
            } else {
                all.clear();
                all.extend(row.cells());
                chunk.push(self.columns.iter().map(|at| all.get(*at).copied().unwrap_or(CellRef::Null)));
            }
        }
        chunk
    }
}

/// Every row, as it lies.
fn in_their_order(
    store: &Store,
    chosen: &Chosen<'_>,
    work: &Work,
    written: &mut dyn FnMut(&[Chunk<'_>]) -> Result<(), ExportError>,
) -> Result<u64, ExportError> {
    let (total, mut done) = (store.rows(), 0);
    for blocks in store.blocks().chunks(BLOCKS) {
        work.proceed()?;
        let loaded = blocks.par_iter().map(|block| block.load()).collect::<Result<Vec<Loaded<'_>>, StoreError>>()?;
        let chunks: Vec<Chunk<'_>> = loaded.par_iter().map(|block| chosen.chunk(block.rows())).collect();
        written(&chunks)?;
        done += blocks.iter().map(|block| block.rows() as u64).sum::<u64>();
        work.tell(done, total);
    }
    Ok(done)
}

/// The shown rows, in the order in which they are shown.
fn in_order(
    store: &Store,
    order: &[u32],
    chosen: &Chosen<'_>,
    work: &Work,
    written: &mut dyn FnMut(&[Chunk<'_>]) -> Result<(), ExportError>,
) -> Result<u64, ExportError> {
    let total = order.len() as u64;
    let mut done = 0;
    for some in order.chunks(ROWS) {
        work.proceed()?;
        let parts = some.par_chunks(ROWS / 8).map(|part| {
            let (mut bytes, mut ends) = (Vec::new(), vec![0]);
            store.gather(part, &mut bytes, &mut ends)?;
            Ok((bytes, ends))
        });
        let parts = parts.collect::<Result<Vec<(Vec<u8>, Vec<usize>)>, StoreError>>()?;
        let chunks: Vec<Chunk<'_>> =
            parts.par_iter().map(|(bytes, ends)| chosen.chunk(ends.windows(2).map(|pair| RowRef(&bytes[pair[0]..pair[1]])))).collect();
        done += chunks.iter().map(|chunk| chunk.rows().len() as u64).sum::<u64>();
        written(&chunks)?;
        work.tell(done, total);
    }
    Ok(done)
}

/// The path that was typed, `~` being the home directory.
pub fn expanded(typed: &str, home: Option<&Path>) -> PathBuf {
    match (typed.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(typed),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::ops::query::{Cell, Page};
    use crate::ops::results::Spill;

    fn filled(directory: &Path) -> Store {
        let columns = [("n", "int8", true), ("t", "varchar", false), ("d", "decimal(6,2)", true)]
            .map(|(name, kind, numeric)| QueryColumn { name: name.into(), type_name: kind.into(), numeric })
            .to_vec();
        let store = Store::new(columns, Page { rows: Vec::new(), next: Some(String::new()) });
        let spill = Spill::new(directory.join("spill"), 1000);
        for page in 0..20_i64 {
            let rows = (0..100).map(|at| row(page * 100 + at)).collect();
            store.append(Page { rows, next: None }, &spill).unwrap();
        }
        store
    }

    fn row(n: i64) -> Vec<Cell> {
        let text = if n % 7 == 0 { Cell::Null } else { Cell::Text(format!("a,\"{n}\"\n|")) };
        vec![Cell::Integer(n), text, Cell::Text(format!("{n}.25"))]
    }

    fn export(path: PathBuf, columns: &[usize]) -> Export {
        let format = Format::of_path(&path).unwrap();
        Export { path, format, columns: columns.to_vec(), replace: false }
    }

    #[test]
    fn every_format_has_every_row() {
        let directory = tempfile::tempdir().unwrap();
        let store = filled(directory.path());
        for (_, ending, _) in Format::FILES {
            let path = directory.path().join(format!("rows.{ending}"));
            assert_eq!(save(&store, &export(path.clone(), &[0, 1, 2]), None, &Work::unheard()).unwrap(), 2000);
            match ending {
                "csv" | "tsv" => {
                    let separator = if ending == "csv" { b',' } else { b'\t' };
                    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_path(&path).unwrap();
                    for (n, record) in reader.records().enumerate() {
                        let (record, cells) = (record.unwrap(), row(n as i64));
                        assert!(record.iter().zip(&cells).all(|(text, cell)| text == cell.text()), "{record:?}");
                    }
                }
                "parquet" => {
                    let file = std::fs::File::open(&path).unwrap();
                    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
                    assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 2000);
                }
                "json" | "jsonl" => {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let documents: Vec<serde_json::Value> = if ending == "json" {
                        serde_json::from_str(&text).unwrap()
                    } else {
                        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
                    };
                    assert_eq!(documents.len(), 2000);
                    assert_eq!(documents[8], serde_json::json!({"n": 8, "t": "a,\"8\"\n|", "d": 8.25}));
                    assert_eq!(documents[7]["t"], serde_json::Value::Null);
                }
                _ => assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2002),
            }
        }
    }

    #[test]
    fn columns_and_rows_are_those_that_are_shown() {
        let directory = tempfile::tempdir().unwrap();
        let store = filled(directory.path());
        let path = directory.path().join("some.csv");
        save(&store, &export(path.clone(), &[2, 0]), Some(&[3, 1]), &Work::unheard()).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "d,n\n3.25,3\n1.25,1\n");
    }

    #[test]
    fn cancelled_it_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let store = filled(directory.path());
        let target = directory.path().join("out");
        std::fs::create_dir(&target).unwrap();
        let mixed: Vec<u32> = (0..2000).rev().cycle().take(20_000).collect();
        for ((_, ending, _), order) in Format::FILES.into_iter().flat_map(|file| [(file, None), (file, Some(mixed.as_slice()))]) {
            let cancel = CancellationToken::new();
            let (after, seen) = (cancel.clone(), Arc::new(AtomicU64::new(0)));
            let hear = Arc::clone(&seen);
            let work = Work::new(
                cancel,
                Arc::new(move |done, of| {
                    assert!(done <= of);
                    hear.fetch_add(1, Ordering::Relaxed);
                    if done >= 1000 {
                        after.cancel();
                    }
                }),
            );
            let path = target.join(format!("rows.{ending}"));
            assert!(matches!(save(&store, &export(path, &[0]), order, &work), Err(ExportError::Store(StoreError::Cancelled))));
            let heard = seen.load(Ordering::Relaxed);
            assert!((1..=2).contains(&heard), "it ends where it is cancelled: {heard}");
            assert_eq!(std::fs::read_dir(&target).unwrap().count(), 0);
        }
    }

    #[test]
    fn what_is_there_is_not_replaced_unasked() {
        let directory = tempfile::tempdir().unwrap();
        let store = filled(directory.path());
        let path = directory.path().join("rows.csv");
        std::fs::write(&path, "precious").unwrap();
        let wanted = export(path.clone(), &[0]);
        assert!(matches!(save(&store, &wanted, None, &Work::unheard()), Err(ExportError::Exists(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
        save(&store, &Export { replace: true, ..wanted }, None, &Work::unheard()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2001);
        let nowhere = export(directory.path().join("no/such/rows.csv"), &[0]);
        assert!(save(&store, &nowhere, None, &Work::unheard()).unwrap_err().to_string().contains("no/such/rows.csv"));
    }

    #[test]
    fn a_tilde_is_the_home() {
        let home = Some(Path::new("/home/ann"));
        assert_eq!(expanded("~/x.csv", home), Path::new("/home/ann/x.csv"));
        assert_eq!(expanded("~bob/x.csv", home), Path::new("~bob/x.csv"));
        assert_eq!(expanded("x.csv", home), Path::new("x.csv"));
    }
}

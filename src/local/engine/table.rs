//! Tables of the warehouse: reading their Parquet files (through the cache of decoded columns) and writing new ones.

use std::fmt::Debug;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::arrow::arrow_writer::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;

use super::cache::{Cache, Chunks};
use super::catalog::{ColumnDef, DataFile, TableDef, TableName};
use super::dialect::semistructured;
use super::files::Lease;
use super::scan::{About, BATCH_ROWS, Place, Source};
use super::types::ColumnType;
use super::{Engine, SqlError, error};

/// Name of the hidden column that numbers the rows of a table, for UPDATE and DELETE.
pub const ROW_ID: &str = "__row";
/// Rows of a row group: what one reader has in memory at a time.
const ROW_GROUP: usize = 128 * 1024;

/// The Arrow schema of a table's columns.
pub fn schema_of(columns: &[super::catalog::ColumnDef]) -> SchemaRef {
    let field = |column: &super::catalog::ColumnDef| {
        let field = Field::new(&column.name, column.column_type.arrow(), column.nullable);
        match column.column_type {
            ColumnType::Super => semistructured::mark(field),
            ColumnType::Char(_) => semistructured::mark_padded(field),
            _ => field,
        }
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// A table of the warehouse as it is in a snapshot.
pub struct WarehouseTable {
    about: About,
    schema: SchemaRef,
    files: Vec<(DataFile, Arc<Lease>)>,
    row_ids: bool,
    engine: Engine,
}

impl Debug for WarehouseTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WarehouseTable").field("about", &self.about).finish_non_exhaustive()
    }
}

impl WarehouseTable {
    /// The table `definition`, with the hidden column [`ROW_ID`] at the end when `row_ids`.
    pub fn new(engine: &Engine, name: &TableName, definition: &TableDef, row_ids: bool) -> Self {
        let mut schema = schema_of(&definition.columns);
        let mut columns = definition.columns.clone();
        if row_ids {
            let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
            fields.push(Arc::new(Field::new(ROW_ID, DataType::Int64, false)));
            columns.push(ColumnDef::new(ROW_ID, ColumnType::Int8));
            schema = Arc::new(Schema::new(fields));
        }
        let files = definition.files.iter().map(|file| (file.clone(), engine.files().lease(file))).collect();
        let attributes = &definition.attributes;
        let place =
            Place::Warehouse { style: attributes.dist_style, key: attributes.dist_key.clone(), sort_key: attributes.sort_key.clone() };
        let about = About { name: name.clone(), columns, place };
        WarehouseTable { about, schema, files, row_ids, engine: engine.clone() }
    }
}

impl Source for WarehouseTable {
    fn about(&self) -> About {
        self.about.clone()
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn size(&self) -> (Precision<usize>, Precision<usize>) {
        let rows: u64 = self.files.iter().map(|(file, _)| file.rows).sum();
        let bytes: u64 = self.files.iter().map(|(file, _)| file.bytes).sum();
        let exact = |number: u64| usize::try_from(number).map_or(Precision::Absent, Precision::Exact);
        (exact(rows), exact(bytes).to_inexact())
    }

    fn open(&self, projection: &[usize], limit: Option<usize>) -> Result<SendableRecordBatchStream> {
        let schema: SchemaRef = Arc::new(self.schema.project(projection)?);
        let stored = self.schema.fields().len() - usize::from(self.row_ids);
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&schema), 2);
        let sender = builder.tx();
        let (files, projection, engine) = (self.files.clone(), projection.to_vec(), self.engine.clone());
        let read = move || {
            let mut left = limit.unwrap_or(usize::MAX);
            let mut first_row: i64 = 0;
            for (file, lease) in &files {
                let reader = Reader { file, path: lease.path(), cache: engine.cache(), stored };
                let whole = reader.read(&projection, &schema, &mut first_row, &mut |batch| {
                    let rows = batch.num_rows();
                    let wanted = rows.min(left);
                    left -= wanted;
                    let batch = if wanted < rows { batch.slice(0, wanted) } else { batch };
                    // A receiver that is gone is a statement that was cancelled or has enough.
                    sender.blocking_send(Ok(batch)).is_ok() && left > 0
                })?;
                if !whole {
                    break;
                }
            }
            Ok(())
        };
        builder.spawn_blocking(read);
        Ok(builder.build())
    }
}

/// Reads one file.
struct Reader<'a> {
    file: &'a DataFile,
    path: &'a Path,
    cache: &'a Cache,
    /// Columns in the file; a projected position behind them is the row number.
    stored: usize,
}

impl Reader<'_> {
    /// Gives the batches to `take` until it says no; whether it never did. `first_row` counts the rows of the table.
    fn read(
        &self,
        projection: &[usize],
        schema: &SchemaRef,
        first_row: &mut i64,
        take: &mut dyn FnMut(RecordBatch) -> bool,
    ) -> Result<bool> {
        if self.file.rows == 0 {
            return Ok(true);
        }
        let columns: Vec<usize> = projection.iter().copied().filter(|column| *column < self.stored).collect();
        let mut emit = |chunk: &[ArrayRef], rows: usize| -> Result<bool> {
            let mut stored = chunk.iter();
            let mut arrays: Vec<ArrayRef> = Vec::with_capacity(projection.len());
            for column in projection {
                if *column < self.stored {
                    let array = stored.next().ok_or_else(|| DataFusionError::Internal("a table file lacks a column".into()))?;
                    arrays.push(Arc::clone(array));
                } else {
                    arrays.push(Arc::new(Int64Array::from_iter_values(*first_row..*first_row + rows as i64)));
                }
            }
            *first_row += rows as i64;
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            Ok(take(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?))
        };
        if Cache::accepts(self.file, self.stored) {
            let chunks = self.cached(&columns)?;
            let rows = usize::try_from(self.file.rows).unwrap_or(usize::MAX);
            for (index, start) in (0..rows).step_by(BATCH_ROWS).enumerate() {
                let chunk: Vec<ArrayRef> = chunks.iter().filter_map(|column| column.get(index).cloned()).collect();
                if !emit(&chunk, BATCH_ROWS.min(rows - start))? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let order = sorted(&columns);
        for batch in open(self.path, &order)? {
            let batch = batch?;
            let chunk = reorder(&batch, &order, &columns);
            if !emit(&chunk, batch.num_rows())? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The columns, decoded, from the cache as far as it has them.
    fn cached(&self, columns: &[usize]) -> Result<Vec<Chunks>> {
        let mut found = self.cache.get(&self.file.name, columns);
        let missing: Vec<usize> = columns.iter().zip(&found).filter(|(_, chunks)| chunks.is_none()).map(|(column, _)| *column).collect();
        if !missing.is_empty() {
            let order = sorted(&missing);
            let mut read: Vec<Vec<ArrayRef>> = vec![Vec::new(); order.len()];
            for batch in open(self.path, &order)? {
                for (column, array) in read.iter_mut().zip(batch?.columns()) {
                    column.push(Arc::clone(array));
                }
            }
            for (column, chunks) in order.iter().zip(read) {
                let chunks: Chunks = chunks.into();
                self.cache.put(&self.file.name, *column, Arc::clone(&chunks));
                for (position, wanted) in columns.iter().enumerate() {
                    if wanted == column {
                        found[position] = Some(Arc::clone(&chunks));
                    }
                }
            }
        }
        Ok(found.into_iter().flatten().collect())
    }
}

/// Positions in ascending order without repeats, the order in which Parquet gives columns.
fn sorted(columns: &[usize]) -> Vec<usize> {
    let mut order = columns.to_vec();
    order.sort_unstable();
    order.dedup();
    order
}

/// The columns of a batch that has them in `order`, in the order of `columns`.
fn reorder(batch: &RecordBatch, order: &[usize], columns: &[usize]) -> Vec<ArrayRef> {
    columns.iter().filter_map(|column| order.binary_search(column).ok()).map(|index| Arc::clone(batch.column(index))).collect()
}

/// Opens a Parquet file for some columns.
fn open(path: &Path, columns: &[usize]) -> Result<datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReader> {
    let file = File::open(path)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
    Ok(builder.with_projection(mask).with_batch_size(BATCH_ROWS).build()?)
}

/// Writes the rows of one new file.
pub struct FileWriter {
    writer: ArrowWriter<File>,
    name: String,
    path: std::path::PathBuf,
    rows: u64,
    /// Columns in chunks of [`BATCH_ROWS`] rows, as long as the file is small enough for the cache.
    kept: Option<Vec<RecordBatch>>,
    schema: SchemaRef,
}

impl FileWriter {
    /// Starts a file, which exists from now on.
    pub fn create(name: String, path: std::path::PathBuf, schema: SchemaRef) -> std::result::Result<Self, SqlError> {
        let file = File::create_new(&path).map_err(|source| error::disk(&path, &source))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::UNCOMPRESSED)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .build();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).map_err(error::internal)?;
        Ok(FileWriter { writer, name, path, rows: 0, kept: Some(Vec::new()), schema })
    }

    /// Appends rows.
    pub fn write(&mut self, batch: &RecordBatch) -> std::result::Result<(), SqlError> {
        self.writer.write(batch).map_err(error::internal)?;
        self.rows += batch.num_rows() as u64;
        let small = DataFile { name: String::new(), rows: self.rows, bytes: 0 };
        if !Cache::accepts(&small, self.schema.fields().len()) {
            self.kept = None;
        }
        if let Some(kept) = &mut self.kept {
            kept.push(batch.clone());
        }
        Ok(())
    }

    /// Ends the file and keeps its columns in the cache when it is small.
    pub fn finish(self, cache: &Cache) -> std::result::Result<DataFile, SqlError> {
        self.writer.close().map_err(error::internal)?;
        let bytes = std::fs::metadata(&self.path).map_err(|source| error::disk(&self.path, &source))?.len();
        let file = DataFile { name: self.name, rows: self.rows, bytes };
        if let Some(kept) = self.kept.filter(|kept| !kept.is_empty()) {
            let batches = rechunk(&self.schema, &kept).map_err(error::internal)?;
            for column in 0..self.schema.fields().len() {
                let chunks: Vec<ArrayRef> = batches.iter().map(|batch| Arc::clone(batch.column(column))).collect();
                cache.put(&file.name, column, chunks.into());
            }
        }
        Ok(file)
    }
}

/// The same rows in batches of exactly [`BATCH_ROWS`] rows but for the last.
fn rechunk(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
    let (last, whole) = match batches.split_last() {
        Some(split) => split,
        None => return Ok(Vec::new()),
    };
    if whole.iter().all(|batch| batch.num_rows() == BATCH_ROWS) && last.num_rows() <= BATCH_ROWS {
        return Ok(batches.to_vec());
    }
    let mut coalescer = datafusion::arrow::compute::BatchCoalescer::new(Arc::clone(schema), BATCH_ROWS);
    let mut chunks = Vec::new();
    for batch in batches {
        coalescer.push_batch(batch.clone())?;
        while let Some(chunk) = coalescer.next_completed_batch() {
            chunks.push(chunk);
        }
    }
    coalescer.finish_buffered_batch()?;
    while let Some(chunk) = coalescer.next_completed_batch() {
        chunks.push(chunk);
    }
    Ok(chunks)
}

//! Parquet objects.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::source::{DataObject, Scanned, broken};
use crate::local::engine::catalog::ColumnDef;
use crate::local::engine::scan::BATCH_ROWS;

/// Reads the columns of a Parquet object by their names.
pub(super) fn read(
    file: &DataObject,
    columns: &[ColumnDef],
    projection: &[usize],
    schema: &SchemaRef,
    scanned: &Scanned,
    take: &mut dyn FnMut(RecordBatch) -> bool,
) -> Result<bool> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&file.path)?).map_err(|error| broken(file, &error))?;
    let stored: Vec<String> = builder.schema().fields().iter().map(|field| field.name().to_lowercase()).collect();
    let positions: Vec<Option<usize>> = projection
        .iter()
        .map(|column| stored.iter().position(|name| columns.get(*column).is_some_and(|column| column.name == *name)))
        .collect();
    let mut wanted: Vec<usize> = positions.iter().copied().flatten().collect();
    wanted.sort_unstable();
    wanted.dedup();
    let groups = builder.metadata().row_groups();
    let leaf_of = |leaf: usize| builder.parquet_schema().get_column_root_idx(leaf);
    let bytes: u64 = groups
        .iter()
        .flat_map(|group| group.columns().iter().enumerate())
        .filter(|(leaf, _)| wanted.contains(&leaf_of(*leaf)))
        .map(|(_, chunk)| u64::try_from(chunk.compressed_size()).unwrap_or(0))
        .sum();
    scanned.fetch_add(bytes, Ordering::Relaxed);
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted.iter().copied());
    let options = CastOptions { safe: false, ..CastOptions::default() };
    for batch in builder.with_projection(mask).with_batch_size(BATCH_ROWS).build()? {
        let batch = batch?;
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(positions.len());
        for (position, field) in positions.iter().zip(schema.fields()) {
            arrays.push(match position.and_then(|position| wanted.binary_search(&position).ok()) {
                Some(index) => cast_with_options(batch.column(index), field.data_type(), &options)?,
                None => new_null_array(field.data_type(), batch.num_rows()),
            });
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        if !take(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &rows)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

//! `UNLOAD`: the rows of a query as objects.
//!
//! The query is planned for one partition, so that the same data give the same bytes also without an ORDER BY. Everything is formatted and
//! compressed on blocking threads first; objects are put when all of it is there.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions, UInt64Array};
use datafusion::arrow::compute::take_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression as ParquetCompression;
use datafusion::parquet::file::properties::WriterProperties;
use futures::StreamExt;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::lines::{self, LineFormat};
use super::packing::Packer;
use super::{address, listing, packing, s3_failure};
use crate::local::engine::InStream as _;
use crate::local::engine::append::CancelOnDrop;
use crate::local::engine::error::internal;
use crate::local::engine::work::Work;
use crate::local::engine::{Outcome, SqlError, SqlErrorKind, StatementKind, dialect, outcome};
use crate::local::iam::{AccessError, ObjectsOf};
use crate::syntax::{Compression, Unload, UnloadFormat};

/// Slices that write in parallel, as two small nodes have: one a core.
const SLICES: usize = 2;
/// Rows that are formatted before the size of a file is looked at.
const CHUNK: usize = 4096;
/// What Redshift makes of a file that is not limited.
const LARGEST_FILE: u64 = 6_657_199_308;

/// What one slice wrote, by partition (one without a name where there are none): the bodies of its files in order, and how many rows.
struct Slice {
    partitions: BTreeMap<String, Vec<(Vec<u8>, u64)>>,
}

/// `UNLOAD`: writes the objects and reports the rows.
pub async fn unload(work: &mut Work<'_>, unload: &Unload) -> Result<Outcome, SqlError> {
    let (bucket, prefix) = address(&unload.to)?;
    let Some(role) = &unload.iam_role else {
        let message = "ERROR: UNLOAD needs credentials\n  Hint: Add IAM_ROLE 'arn:aws:iam::<account>:role/<name>' or IAM_ROLE default.";
        return Err(SqlError::new(SqlErrorKind::Semantic, message));
    };
    let objects = work.engine().objects_of(work.engine().identity(role)?);
    let looking = |error: AccessError| s3_failure(&error, &listing(bucket, prefix));
    // In which region the bucket is comes before anything that is put there.
    objects.locate(bucket).map_err(looking)?;
    let existing = objects.list(bucket, prefix).map_err(looking)?;
    if !existing.is_empty() && !unload.allow_overwrite && !unload.clean_path {
        let message = "ERROR: Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing \
                       the target files in S3, or using the ALLOWOVERWRITE option.";
        return Err(SqlError::new(SqlErrorKind::Execution, message));
    }

    let (mut state, traced) = work.planned((*unload.query).clone(), None).await?;
    state.config_mut().options_mut().execution.target_partitions = 1;
    let stream = work.run(&state, &traced.plan).await?;
    let stream = outcome::canonical_stream(stream);
    let labels: Vec<String> = stream.schema().fields().iter().map(|field| dialect::label(field.name()).to_owned()).collect();
    check(work, unload, &labels)?;

    let slices = if unload.parallel { SLICES } else { 1 };
    let (files, rows) = write_rows(stream, unload, Style::default(), labels.clone(), slices).await?;
    let mut bodies = Vec::new();
    for file in files {
        // Slices without rows write nothing; of nothing at all there is one object.
        if file.rows == 0 && (file.slice > 0 || rows > 0) {
            continue;
        }
        let folder = match (file.partition.is_empty(), prefix.is_empty() || prefix.ends_with('/')) {
            (true, _) => prefix.to_owned(),
            (false, true) => format!("{prefix}{}/", file.partition),
            (false, false) => format!("{prefix}/{}/", file.partition),
        };
        bodies.push((format!("{folder}{}", file_name(unload, file.slice, file.part)), file.body, file.rows));
    }
    if let Some(verbose) = unload.manifest {
        bodies.push((format!("{prefix}manifest"), manifest(bucket, &bodies, verbose, &labels), 0));
    }
    let stale: Vec<String> = if unload.clean_path { existing.into_iter().map(|(key, _)| key).collect() } else { Vec::new() };
    let bucket = bucket.to_owned();
    let cancelled = Arc::new(AtomicBool::new(false));
    let guard = CancelOnDrop(Arc::clone(&cancelled));
    let put = tokio::task::spawn_blocking(move || {
        if cancelled.load(Ordering::Relaxed) {
            return Err(SqlError::new(SqlErrorKind::Cancelled, "ERROR: the statement was cancelled"));
        }
        put_all(&objects, &bucket, &bodies, &stale)
            .map_err(|(error, key)| s3_failure(&error, &format!("S3 key being written : s3://{bucket}/{key}")))
    });
    put.await.map_err(internal)??;
    drop(guard);
    Ok(Outcome::done(StatementKind::Dml, Some(rows)))
}

/// What differs between what Redshift and what Athena writes.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Truth values are `true` and `false`, not `t` and `f`.
    pub hive: bool,
    /// Compression within Parquet files.
    pub parquet: ParquetCompression,
}

impl Default for Style {
    fn default() -> Self {
        Style { hive: false, parquet: ParquetCompression::SNAPPY }
    }
}

/// A file that was written.
pub struct WrittenFile {
    /// Its partition, `day=2024-05-06/n=3`; nothing where there are none.
    pub partition: String,
    /// The slice that wrote it.
    pub slice: usize,
    /// Which of the slice's files it is.
    pub part: usize,
    /// Its body.
    pub body: Vec<u8>,
    /// Its rows.
    pub rows: u64,
}

/// Writes the rows of a stream as files, on as many threads as there are slices. Gives the files, and the number of rows.
pub async fn write_rows(
    mut stream: SendableRecordBatchStream,
    unload: &Unload,
    style: Style,
    labels: Vec<String>,
    slices: usize,
) -> Result<(Vec<WrittenFile>, u64), SqlError> {
    let writers: Vec<SliceWriter> = (0..slices)
        .map(|_| {
            let (sender, receiver) = mpsc::channel(2);
            let writer = Writer::new(unload, style, stream.schema(), labels.clone());
            (sender, tokio::task::spawn_blocking(move || writer.write(receiver)))
        })
        .collect();
    let (mut rows, mut turn) = (0_u64, 0);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(SqlError::of_stream)?;
        if batch.num_rows() == 0 {
            continue;
        }
        rows += batch.num_rows() as u64;
        // A writer that is gone has failed, and says how when it is joined.
        let _ = writers[turn].0.send(batch).await;
        turn = (turn + 1) % slices;
    }
    let mut files = Vec::new();
    for (slice, (sender, written)) in writers.into_iter().enumerate() {
        drop(sender);
        for (partition, bodies) in written.await.map_err(internal)??.partitions {
            let written = bodies.into_iter().enumerate();
            files.extend(written.map(|(part, (body, rows))| WrittenFile { partition: partition.clone(), slice, part, body, rows }));
        }
    }
    Ok((files, rows))
}

/// Options that do not go with the columns or with each other.
fn check(work: &Work<'_>, unload: &Unload, labels: &[String]) -> Result<(), SqlError> {
    let refused = |message: String| {
        let text = work.text();
        text.error(SqlErrorKind::Semantic, datafusion::sql::sqlparser::tokenizer::Location::empty(), &message, &message)
    };
    if let Some(missing) = unload.partition_by.iter().find(|column| !labels.contains(column)) {
        return Err(refused(format!("Partition column \"{missing}\" is not in the columns of the query")));
    }
    if !unload.include_partitions && unload.partition_by.len() == labels.len() {
        return Err(refused("UNLOAD needs a column that is not a partition column".to_owned()));
    }
    if !unload.fixed_width.is_empty() && (unload.format != UnloadFormat::Text || unload.header || unload.fixed_width.len() != labels.len())
    {
        return Err(refused("FIXEDWIDTH needs a width for each column, and goes with neither a format nor HEADER".to_owned()));
    }
    if unload.format == UnloadFormat::Parquet && unload.compression != Compression::None {
        return Err(refused("GZIP, BZIP2 and ZSTD cannot be used with PARQUET, which is compressed already".to_owned()));
    }
    Ok(())
}

/// Puts all objects; when one cannot be put, those that are new are taken away again. A failure names the key.
fn put_all(objects: &ObjectsOf, bucket: &str, bodies: &[(String, Vec<u8>, u64)], stale: &[String]) -> Result<(), (AccessError, String)> {
    let at = |key: &str, error: AccessError| (error, key.to_owned());
    let stale: Vec<&str> = stale.iter().map(String::as_str).filter(|key| bodies.iter().all(|(new, ..)| new != key)).collect();
    for key in &stale {
        objects.may_delete(bucket, key).map_err(|denied| at(key, denied.into()))?;
    }
    let mut new = Vec::new();
    for (key, body, _) in bodies {
        let known = objects.objects().head(bucket, key).is_ok();
        if let Err(error) = objects.put(bucket, key, body) {
            objects.objects().delete(bucket, &new).map_err(|error| at(key, error.into()))?;
            return Err(at(key, error));
        }
        if !known {
            new.push(key.as_str());
        }
    }
    objects.objects().delete(bucket, &stale).map_err(|error| at(stale.first().copied().unwrap_or_default(), error.into()))
}

/// `0001_part_00` of slice 1 in parallel, `000` otherwise, with what tells the format.
fn file_name(unload: &Unload, slice: usize, part: usize) -> String {
    let mut name = if unload.parallel { format!("{slice:04}_part_{part:02}") } else { format!("{part:03}") };
    match (&unload.extension, unload.format) {
        (Some(extension), _) => {
            name.push('.');
            name.push_str(extension.trim_start_matches('.'));
        }
        (None, UnloadFormat::Parquet) => name.push_str(".parquet"),
        (None, _) => name.push_str(packing::suffix(unload.compression)),
    }
    name
}

fn manifest(bucket: &str, bodies: &[(String, Vec<u8>, u64)], verbose: bool, labels: &[String]) -> Vec<u8> {
    let entries: Vec<_> = bodies
        .iter()
        .map(|(key, body, rows)| {
            let url = format!("s3://{bucket}/{key}");
            if verbose {
                json!({"url": url, "meta": {"content_length": body.len(), "record_count": rows}})
            } else {
                json!({"url": url, "meta": {"content_length": body.len()}})
            }
        })
        .collect();
    let document = if verbose {
        let elements: Vec<_> = labels.iter().map(|label| json!({"name": label})).collect();
        let length: usize = bodies.iter().map(|(_, body, _)| body.len()).sum();
        let rows: u64 = bodies.iter().map(|(_, _, rows)| rows).sum();
        json!({
            "entries": entries,
            "schema": {"elements": elements},
            "meta": {"content_length": length, "record_count": rows},
            "author": {"name": "Amazon Redshift", "version": "1.0.0"},
        })
    } else {
        json!({"entries": entries})
    };
    document.to_string().into_bytes()
}

/// Writes the files of a slice.
struct Writer {
    /// The columns that are in the files: their labels and their positions in the rows.
    labels: Vec<String>,
    columns: Vec<usize>,
    schema: SchemaRef,
    /// The columns that partition.
    partition_by: Vec<(String, usize)>,
    format: LineFormat,
    style: Style,
    header: bool,
    compression: Compression,
    parquet: bool,
    largest: u64,
}

/// Where the rows of a slice go, and the task that writes them.
type SliceWriter = (mpsc::Sender<RecordBatch>, JoinHandle<Result<Slice, SqlError>>);

/// A file that is being written.
enum File {
    Text(Packer),
    Parquet(Box<ArrowWriter<Vec<u8>>>),
}

/// The files of a partition: those that are done, and the one that is open with its rows.
struct Output {
    done: Vec<(Vec<u8>, u64)>,
    file: File,
    rows: u64,
}

impl Writer {
    fn new(unload: &Unload, style: Style, schema: SchemaRef, labels: Vec<String>) -> Self {
        let partitions = |label: &String| unload.partition_by.contains(label);
        let columns: Vec<usize> = (0..labels.len())
            .filter(|index| unload.include_partitions || labels.get(*index).is_none_or(|label| !partitions(label)))
            .collect();
        let kept: Vec<String> = columns.iter().filter_map(|index| labels.get(*index).cloned()).collect();
        let fields: Vec<_> =
            columns.iter().zip(&kept).map(|(index, label)| schema.field(*index).clone().with_name(label).with_nullable(true)).collect();
        let position = |label: &String| labels.iter().position(|known| known == label).map(|index| (label.clone(), index));
        Writer {
            labels: kept,
            columns,
            schema: Arc::new(datafusion::arrow::datatypes::Schema::new(fields)),
            partition_by: unload.partition_by.iter().filter_map(position).collect(),
            format: LineFormat::of(unload, style.hive),
            style,
            header: unload.header,
            compression: unload.compression,
            parquet: unload.format == UnloadFormat::Parquet,
            largest: unload.max_file_size.unwrap_or(LARGEST_FILE),
        }
    }

    fn write(&self, mut batches: mpsc::Receiver<RecordBatch>) -> Result<Slice, SqlError> {
        let mut outputs: BTreeMap<String, Output> = BTreeMap::new();
        if self.partition_by.is_empty() {
            outputs.insert(String::new(), self.output()?);
        }
        let mut text = Vec::new();
        while let Some(batch) = batches.blocking_recv() {
            for (partition, rows) in self.partitioned(&batch)? {
                let output = match outputs.entry(partition) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(self.output()?),
                };
                self.append(output, &rows, &mut text)?;
            }
        }
        let mut partitions = BTreeMap::new();
        for (partition, mut output) in outputs {
            output.done.push((output.file.finish()?, output.rows));
            partitions.insert(partition, output.done);
        }
        Ok(Slice { partitions })
    }

    /// The rows of a batch by partition, with the columns and labels that the files have.
    fn partitioned(&self, batch: &RecordBatch) -> Result<Vec<(String, RecordBatch)>, SqlError> {
        let columns: Vec<_> = self.columns.iter().map(|index| Arc::clone(batch.column(*index))).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let kept = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(internal)?;
        if self.partition_by.is_empty() {
            return Ok(vec![(String::new(), kept)]);
        }
        let keys: Vec<_> = self.partition_by.iter().map(|(label, index)| (label.clone(), Arc::clone(batch.column(*index)))).collect();
        let mut rows: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (row, path) in lines::partitions(&keys, batch.num_rows())?.into_iter().enumerate() {
            rows.entry(path).or_default().push(row as u64);
        }
        rows.into_iter()
            .map(|(path, rows)| {
                let taken = take_record_batch(&kept, &UInt64Array::from(rows)).map_err(internal)?;
                Ok((path, taken))
            })
            .collect()
    }

    fn append(&self, output: &mut Output, batch: &RecordBatch, text: &mut Vec<u8>) -> Result<(), SqlError> {
        let mut start = 0;
        while start < batch.num_rows() {
            if output.file.size() >= self.largest {
                let full = std::mem::replace(&mut output.file, self.open()?);
                output.done.push((full.finish()?, output.rows));
                output.rows = 0;
            }
            let chunk = batch.slice(start, CHUNK.min(batch.num_rows() - start));
            start += chunk.num_rows();
            output.rows += chunk.num_rows() as u64;
            match &mut output.file {
                File::Parquet(writer) => writer.write(&chunk).map_err(internal)?,
                File::Text(packer) => {
                    text.clear();
                    self.format.rows(text, &chunk, &self.labels)?;
                    packer.append(text)?;
                }
            }
        }
        Ok(())
    }

    fn output(&self) -> Result<Output, SqlError> {
        Ok(Output { done: Vec::new(), file: self.open()?, rows: 0 })
    }

    fn open(&self) -> Result<File, SqlError> {
        if self.parquet {
            let properties = WriterProperties::builder().set_compression(self.style.parquet).build();
            let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&self.schema), Some(properties)).map_err(internal)?;
            return Ok(File::Parquet(Box::new(writer)));
        }
        let mut packer = Packer::new(self.compression)?;
        if self.header {
            packer.append(&self.format.header(&self.labels))?;
        }
        Ok(File::Text(packer))
    }
}

impl File {
    /// Bytes so far.
    fn size(&self) -> u64 {
        match self {
            File::Text(packer) => packer.size(),
            File::Parquet(writer) => (writer.bytes_written() + writer.in_progress_size()) as u64,
        }
    }

    fn finish(self) -> Result<Vec<u8>, SqlError> {
        match self {
            File::Text(packer) => packer.finish(),
            File::Parquet(writer) => writer.into_inner().map_err(internal),
        }
    }
}

//! `UNLOAD`: the rows of a query as objects.
//!
//! The query is planned for one partition, so that the same data give the same bytes also without an ORDER BY. Everything is formatted and
//! compressed on blocking threads first; objects are put when all of it is there.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression as ParquetCompression;
use datafusion::parquet::file::properties::WriterProperties;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::StreamExt;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::lines::LineFormat;
use super::{address, s3_failure};
use crate::local::engine::append::CancelOnDrop;
use crate::local::engine::error::internal;
use crate::local::engine::work::Work;
use crate::local::engine::{Outcome, SqlError, SqlErrorKind, StatementKind, dialect, outcome};
use crate::local::objects::{ObjectError, Objects};
use crate::syntax::{Unload, UnloadFormat};

/// Slices that write in parallel, as two small nodes have: one a core.
const SLICES: usize = 2;
/// Rows that are formatted before the size of a file is looked at.
const CHUNK: usize = 4096;
/// What Redshift makes of a file that is not limited.
const LARGEST_FILE: u64 = 6_657_199_308;

/// What one slice wrote: the bodies of its files in order, and how many rows.
struct Slice {
    files: Vec<(Vec<u8>, u64)>,
}

/// `UNLOAD`: writes the objects and reports the rows.
pub async fn unload(work: &mut Work<'_>, unload: &Unload) -> Result<Outcome, SqlError> {
    let (bucket, prefix) = address(&unload.to)?;
    if unload.iam_role.is_none() {
        let message = "ERROR: UNLOAD needs credentials\n  Hint: Add IAM_ROLE 'arn:aws:iam::<account>:role/<name>' or IAM_ROLE default.";
        return Err(SqlError::new(SqlErrorKind::Semantic, message));
    }
    let objects = work.objects().clone();
    let existing = objects.list(bucket, prefix).map_err(|error| s3_failure(&error))?;
    if !existing.is_empty() && !unload.allow_overwrite && !unload.clean_path {
        let message = "ERROR: Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing \
                       the target files in S3, or using the ALLOWOVERWRITE option.";
        return Err(SqlError::new(SqlErrorKind::Execution, message));
    }

    let (mut state, traced) = work.planned((*unload.query).clone(), None).await?;
    state.config_mut().options_mut().execution.target_partitions = 1;
    let stream = work.run(&state, &traced.plan).await?;
    let mut stream = outcome::canonical_stream(stream);
    let labels: Vec<String> = stream.schema().fields().iter().map(|field| dialect::label(field.name()).to_owned()).collect();

    let cancelled = Arc::new(AtomicBool::new(false));
    let guard = CancelOnDrop(Arc::clone(&cancelled));
    let slices = if unload.parallel { SLICES } else { 1 };
    let writers: Vec<SliceWriter> = (0..slices)
        .map(|_| {
            let (sender, receiver) = mpsc::channel(2);
            let writer = Writer::new(unload, stream.schema(), labels.clone());
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
    let mut bodies = Vec::new();
    for (number, (sender, written)) in writers.into_iter().enumerate() {
        drop(sender);
        let slice = written.await.map_err(internal)??;
        // Slices without rows write nothing; of nothing at all there is one object.
        let empty = slice.files.iter().all(|(_, rows)| *rows == 0);
        if empty && (number > 0 || rows > 0) {
            continue;
        }
        for (part, (body, rows)) in slice.files.into_iter().enumerate() {
            bodies.push((format!("{prefix}{}", file_name(unload, number, part)), body, rows));
        }
    }
    if let Some(verbose) = unload.manifest {
        bodies.push((format!("{prefix}manifest"), manifest(bucket, &bodies, verbose, &labels), 0));
    }
    let stale: Vec<String> = if unload.clean_path { existing.into_iter().map(|(key, _)| key).collect() } else { Vec::new() };
    let bucket = bucket.to_owned();
    let put = tokio::task::spawn_blocking(move || {
        if cancelled.load(Ordering::Relaxed) {
            return Err(SqlError::new(SqlErrorKind::Cancelled, "ERROR: the statement was cancelled"));
        }
        put_all(&objects, &bucket, &bodies, &stale).map_err(|error| s3_failure(&error))
    });
    put.await.map_err(internal)??;
    drop(guard);
    Ok(Outcome::done(StatementKind::Dml, Some(rows)))
}

/// Puts all objects; when one cannot be put, those that are new are taken away again.
fn put_all(objects: &Objects, bucket: &str, bodies: &[(String, Vec<u8>, u64)], stale: &[String]) -> Result<(), ObjectError> {
    let stale: Vec<&str> = stale.iter().map(String::as_str).filter(|key| bodies.iter().all(|(new, ..)| new != key)).collect();
    let mut new = Vec::new();
    for (key, body, _) in bodies {
        let known = objects.head(bucket, key).is_ok();
        if let Err(error) = objects.put(bucket, key, body, None) {
            objects.delete(bucket, &new)?;
            return Err(error);
        }
        if !known {
            new.push(key.as_str());
        }
    }
    objects.delete(bucket, &stale)
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
        (None, _) if unload.gzip => name.push_str(".gz"),
        (None, _) => {}
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
    schema: SchemaRef,
    labels: Vec<String>,
    format: LineFormat,
    header: bool,
    gzip: bool,
    parquet: bool,
    largest: u64,
}

/// Where the rows of a slice go, and the task that writes them.
type SliceWriter = (mpsc::Sender<RecordBatch>, JoinHandle<Result<Slice, SqlError>>);

/// A file that is being written.
enum File {
    Plain(Vec<u8>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
    Parquet(Box<ArrowWriter<Vec<u8>>>),
}

impl Writer {
    fn new(unload: &Unload, schema: SchemaRef, labels: Vec<String>) -> Self {
        Writer {
            schema,
            labels,
            format: LineFormat::of(unload),
            header: unload.header,
            gzip: unload.gzip,
            parquet: unload.format == UnloadFormat::Parquet,
            largest: unload.max_file_size.unwrap_or(LARGEST_FILE),
        }
    }

    fn write(&self, mut batches: mpsc::Receiver<RecordBatch>) -> Result<Slice, SqlError> {
        let mut files = Vec::new();
        let mut file = self.open()?;
        let mut rows = 0_u64;
        let mut text = Vec::new();
        while let Some(batch) = batches.blocking_recv() {
            let mut start = 0;
            while start < batch.num_rows() {
                if file.size() >= self.largest {
                    files.push((file.finish()?, rows));
                    (file, rows) = (self.open()?, 0);
                }
                let chunk = batch.slice(start, CHUNK.min(batch.num_rows() - start));
                start += chunk.num_rows();
                rows += chunk.num_rows() as u64;
                match &mut file {
                    File::Parquet(writer) => writer.write(&self.labelled(&chunk)?).map_err(internal)?,
                    other => {
                        text.clear();
                        self.format.rows(&mut text, &chunk, &self.labels)?;
                        other.append(&text)?;
                    }
                }
            }
        }
        files.push((file.finish()?, rows));
        Ok(Slice { files })
    }

    fn open(&self) -> Result<File, SqlError> {
        if self.parquet {
            let properties = WriterProperties::builder().set_compression(ParquetCompression::SNAPPY).build();
            let schema = self.labelled(&RecordBatch::new_empty(Arc::clone(&self.schema)))?.schema();
            return Ok(File::Parquet(Box::new(ArrowWriter::try_new(Vec::new(), schema, Some(properties)).map_err(internal)?)));
        }
        let mut file =
            if self.gzip { File::Gzip(Box::new(GzEncoder::new(Vec::new(), Compression::fast()))) } else { File::Plain(Vec::new()) };
        if self.header {
            file.append(&self.format.header(&self.labels))?;
        }
        Ok(file)
    }

    /// A batch with the labels as the names of its columns.
    fn labelled(&self, batch: &RecordBatch) -> Result<RecordBatch, SqlError> {
        let fields: Vec<_> = self
            .schema
            .fields()
            .iter()
            .zip(&self.labels)
            .map(|(field, label)| field.as_ref().clone().with_name(label).with_nullable(true))
            .collect();
        let schema = Arc::new(datafusion::arrow::datatypes::Schema::new(fields));
        RecordBatch::try_new(schema, batch.columns().to_vec()).map_err(internal)
    }
}

impl File {
    fn append(&mut self, text: &[u8]) -> Result<(), SqlError> {
        match self {
            File::Plain(bytes) => bytes.extend_from_slice(text),
            File::Gzip(encoder) => encoder.write_all(text).map_err(internal)?,
            File::Parquet(_) => return Err(internal("text in a Parquet file")),
        }
        Ok(())
    }

    /// Bytes so far.
    fn size(&self) -> u64 {
        match self {
            File::Plain(bytes) => bytes.len() as u64,
            File::Gzip(encoder) => encoder.get_ref().len() as u64,
            File::Parquet(writer) => (writer.bytes_written() + writer.in_progress_size()) as u64,
        }
    }

    fn finish(self) -> Result<Vec<u8>, SqlError> {
        match self {
            File::Plain(bytes) => Ok(bytes),
            File::Gzip(encoder) => encoder.finish().map_err(internal),
            File::Parquet(writer) => writer.into_inner().map_err(internal),
        }
    }
}

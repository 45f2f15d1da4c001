//! Reading an external table: the objects of its location or of the partitions that a query needs, one after the other in the order of
//! their keys.

use std::fmt::{self, Debug, Formatter};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session as PlanningSession, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::sql::sqlparser::tokenizer::Location;

use super::partitions::{self, Candidate};
use super::pseudo::Pseudo;
use super::{json, parquet, text::Fields};
use crate::local::engine::InStream as _;
use crate::local::engine::catalog::{ColumnDef, ExternalFormat, ExternalTable, TableName};
use crate::local::engine::error::Text;
use crate::local::engine::outside::s3_words;
use crate::local::engine::scan::{About, Place, ScanTable, Source};
use crate::local::engine::table::schema_of;
use crate::local::engine::{Dialect, SqlError, SqlErrorKind};
use crate::local::iam::{AccessError, ObjectsOf};
use crate::local::objects::{ObjectMeta, split_s3_uri};

/// Bytes that a statement has read.
pub(super) type Scanned = Arc<AtomicU64>;

/// A table that reads the objects which are there now, on behalf of whoever `objects` are of.
pub fn provider(
    objects: &ObjectsOf,
    name: &TableName,
    table: &Arc<ExternalTable>,
    pseudo: &[Pseudo],
    scanned: Arc<AtomicU64>,
    now: DateTime<Utc>,
    text: Text<'_>,
) -> std::result::Result<Arc<dyn TableProvider>, SqlError> {
    let columns: Vec<ColumnDef> = table.all_columns().into_iter().chain(pseudo.iter().map(|pseudo| pseudo.column(text.dialect))).collect();
    let mut scan = ExternalScan {
        name: name.clone(),
        dialect: text.dialect,
        schema: schema_of(&columns),
        pseudo: pseudo.to_vec(),
        table: Arc::clone(table),
        objects: objects.clone(),
        files: Vec::new(),
        scanned,
        now,
    };
    // Which partitions are read is known when the query is planned; without any, all objects of the location are.
    if table.partition_columns.is_empty() {
        scan.files = scan.list(&table.location, &[])?;
    }
    Ok(ScanTable::over(scan))
}

/// Hive passes over empty objects and over names that start with a dot or an underscore.
fn is_data(key: &str, meta: &ObjectMeta) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    meta.size > 0 && !name.is_empty() && !name.starts_with(['.', '_'])
}

/// An object of a location.
#[derive(Debug, Clone)]
pub(super) struct DataObject {
    bucket: String,
    key: String,
    /// Where it is on disk.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// When it was written.
    pub modified: DateTime<Utc>,
    /// Values of the partition columns, and of those that tell of the object.
    values: Vec<ScalarValue>,
}

impl DataObject {
    /// Its address.
    pub fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// Its text, unpacked as its name says; what is read is counted.
    pub fn open(&self, scanned: &Scanned) -> io::Result<Box<dyn Read>> {
        let counted = BufReader::with_capacity(256 << 10, Counted { inner: File::open(&self.path)?, count: Arc::clone(scanned) });
        Ok(match self.key.rsplit_once('.').map(|(_, end)| end) {
            Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(counted)),
            Some("bz2") => Box::new(bzip2::read::MultiBzDecoder::new(counted)),
            Some("zst") => Box::new(zstd::stream::read::Decoder::with_buffer(counted)?),
            _ => Box::new(counted),
        })
    }
}

/// A row that is not what its table says.
pub(super) fn bad_data(dialect: Dialect, message: &str) -> SqlError {
    let redshift = format!("Spectrum Scan Error\n  Detail: {message}");
    Text::new(dialect, "").error(SqlErrorKind::Execution, Location::empty(), &redshift, &format!("HIVE_BAD_DATA: {message}"))
}

/// An object that cannot be read as what it should be.
pub(super) fn broken(file: &DataObject, error: &dyn fmt::Display) -> DataFusionError {
    DataFusionError::Execution(format!("{} cannot be read: {error}", file.uri()))
}

/// Reads the objects of an external table.
struct ExternalScan {
    name: TableName,
    dialect: Dialect,
    /// Columns of the files, then those of the partitions, then those that tell of the objects.
    schema: SchemaRef,
    pseudo: Vec<Pseudo>,
    table: Arc<ExternalTable>,
    objects: ObjectsOf,
    files: Vec<DataObject>,
    scanned: Scanned,
    now: DateTime<Utc>,
}

impl Debug for ExternalScan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalScan").field("name", &self.name).field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl ExternalScan {
    /// The objects of a location.
    fn list(&self, location: &str, values: &[ScalarValue]) -> std::result::Result<Vec<DataObject>, SqlError> {
        let failed = |error: AccessError| {
            let doing = format!("reading {location}");
            let redshift = match &error {
                AccessError::Denied(_) => s3_words(&error, &doing),
                AccessError::Object(error) => format!("S3ServiceException: {error}\n  Detail: {doing}"),
            };
            let athena = format!("HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split {location}: {}", error.told());
            Text::new(self.dialect, "").error(SqlErrorKind::Execution, Location::empty(), &redshift, &athena)
        };
        let (bucket, prefix) = split_s3_uri(location).unwrap_or_default();
        // A location is a folder: `s3://bucket/data` is not `s3://bucket/database/`.
        let folder = if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") };
        let listed = self.objects.list(bucket, &folder).map_err(failed)?;
        let texts: Vec<String> =
            values.iter().map(|value| if value.is_null() { partitions::NULL.to_owned() } else { value.to_string() }).collect();
        let partition = partitions::label(&self.table, &texts);
        let mut files = Vec::with_capacity(listed.len());
        for (key, meta) in listed.into_iter().filter(|(key, meta)| is_data(key, meta)) {
            self.objects.may_get(bucket, &key).map_err(|denied| failed(denied.into()))?;
            let path = self.objects.objects().file(bucket, &key).map_err(|error| failed(error.into()))?;
            let (bucket, values) = (bucket.to_owned(), values.to_vec());
            let mut file = DataObject { path, size: meta.size, modified: meta.modified, bucket, key, values };
            file.values.extend(self.pseudo.iter().map(|pseudo| pseudo.value(&file, &partition)).collect::<Vec<_>>());
            files.push(file);
        }
        Ok(files)
    }
}

impl Source for ExternalScan {
    fn about(&self) -> About {
        let format = match self.table.format {
            ExternalFormat::Text(_) => "TEXT",
            ExternalFormat::Json(_) => "JSON",
            ExternalFormat::Parquet => "PARQUET",
        };
        let partitions = self.table.partition_columns.iter().map(|column| column.name.clone()).collect();
        About {
            name: self.name.clone(),
            columns: self.table.all_columns().into_iter().chain(self.pseudo.iter().map(|pseudo| pseudo.column(self.dialect))).collect(),
            place: Place::Lake { location: self.table.location.clone(), format, partitions },
        }
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn size(&self) -> (Precision<usize>, Precision<usize>) {
        let bytes = usize::try_from(self.files.iter().map(|file| file.size).sum::<u64>()).unwrap_or(usize::MAX);
        // Some bytes a field, so that joins have something to choose by.
        let rows = bytes / (8 * self.schema.fields().len().max(1));
        (Precision::Inexact(rows), Precision::Inexact(bytes))
    }

    fn prunable(&self) -> Vec<String> {
        self.table.partition_columns.iter().map(|column| column.name.clone()).collect()
    }

    fn pruned(&self, filters: &[Expr], session: &dyn PlanningSession) -> Result<Option<Arc<dyn Source>>> {
        if self.table.partition_columns.is_empty() {
            return Ok(None);
        }
        let candidates = partitions::candidates(self.dialect, &self.table, filters, self.now).map_err(SqlError::into_stream)?;
        let wanted = partitions::wanted(&self.table, candidates, filters, session)?;
        let mut files = Vec::new();
        for Candidate { location, values } in wanted {
            files.extend(self.list(&location, &values).map_err(SqlError::into_stream)?);
        }
        Ok(Some(Arc::new(ExternalScan {
            name: self.name.clone(),
            schema: Arc::clone(&self.schema),
            pseudo: self.pseudo.clone(),
            table: Arc::clone(&self.table),
            objects: self.objects.clone(),
            scanned: Arc::clone(&self.scanned),
            files,
            ..*self
        })))
    }

    fn open(&self, projection: &[usize], limit: Option<usize>) -> Result<SendableRecordBatchStream> {
        let schema: SchemaRef = Arc::new(self.schema.project(projection)?);
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&schema), 2);
        let sender = builder.tx();
        let (table, files, scanned) = (Arc::clone(&self.table), self.files.clone(), Arc::clone(&self.scanned));
        let (projection, dialect) = (projection.to_vec(), self.dialect);
        let stored: Vec<usize> = projection.iter().copied().filter(|column| *column < table.columns.len()).collect();
        let stored_schema: SchemaRef = Arc::new(self.schema.project(&stored)?);
        builder.spawn_blocking(move || {
            let mut left = limit.unwrap_or(usize::MAX);
            for file in &files {
                let complete = Complete { projection: &projection, stored: table.columns.len(), schema: &schema, values: &file.values };
                let mut failed = None;
                let mut take = |batch: RecordBatch| {
                    left = left.saturating_sub(batch.num_rows());
                    match complete.batch(&batch) {
                        // A receiver that is gone is a statement that was cancelled or has enough.
                        Ok(batch) => sender.blocking_send(Ok(batch)).is_ok() && left > 0,
                        Err(error) => {
                            failed = Some(error);
                            false
                        }
                    }
                };
                let more = match &table.format {
                    ExternalFormat::Text(format) => {
                        let fields = Fields { dialect, columns: &table.columns, projection: &stored, schema: &stored_schema, format };
                        fields.read(file, &scanned, &mut take)?
                    }
                    ExternalFormat::Json(format) => {
                        let members =
                            json::Members { dialect, columns: &table.columns, projection: &stored, schema: &stored_schema, format };
                        members.read(file, &scanned, &mut take)?
                    }
                    ExternalFormat::Parquet => parquet::read(file, &table.columns, &stored, &stored_schema, &scanned, &mut take)?,
                };
                if let Some(error) = failed {
                    return Err(error);
                }
                if !more {
                    break;
                }
            }
            Ok(())
        });
        Ok(builder.build())
    }
}

/// Adds the values of partition columns to what was read of a file.
struct Complete<'a> {
    projection: &'a [usize],
    stored: usize,
    schema: &'a Arc<Schema>,
    values: &'a [ScalarValue],
}

impl Complete<'_> {
    fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut stored = batch.columns().iter();
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.projection.len());
        for column in self.projection {
            let array = if *column < self.stored {
                stored.next().cloned()
            } else {
                match self.values.get(*column - self.stored) {
                    Some(value) => Some(value.to_array_of_size(batch.num_rows())?),
                    None => None,
                }
            };
            arrays.push(array.ok_or_else(|| DataFusionError::Internal("an object lacks a column".into()))?);
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(self.schema), arrays, &rows)?)
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

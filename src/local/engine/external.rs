//! External tables: definitions over the objects of a location, read when they are queried.

use std::fmt::{self, Debug, Formatter};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::ByteRecord;
use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, StringBuilder, new_null_array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::stats::Precision;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::sql::sqlparser::tokenizer::Location;
use flate2::read::MultiGzDecoder;

use super::catalog::{ColumnDef, ExternalFormat, ExternalTable, TableName, TextFormat};
use super::error::Text;
use super::parse::{CreateExternalTable, RowFormat};
use super::scan::{BATCH_ROWS, ScanTable, Source};
use super::table::schema_of;
use super::types::ColumnType;
use super::work::Work;
use super::{Dialect, SqlError, SqlErrorKind, decimal};
use crate::local::objects::{ObjectMeta, Objects, split_s3_uri};

const OPEN_CSV: &str = "org.apache.hadoop.hive.serde2.OpenCSVSerde";
const LAZY_SIMPLE: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
const PARQUET: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
/// Hive's delimiter where none is named.
const CONTROL_A: char = '\u{1}';

/// The table that a statement defines.
pub fn definition(work: &Work<'_>, create: CreateExternalTable) -> std::result::Result<ExternalTable, SqlError> {
    let text = work.text();
    if !create.partitions.is_empty() {
        return Err(text.unsupported("PARTITIONED BY"));
    }
    if split_s3_uri(&create.location).is_none() {
        let message = format!("the location '{}' is not an s3:// location", create.location);
        return Err(text.error(SqlErrorKind::Semantic, Location::empty(), &message, &format!("INVALID_TABLE_PROPERTY: {message}")));
    }
    let mut columns = Vec::with_capacity(create.columns.len());
    let mut comments = std::collections::BTreeMap::new();
    for column in create.columns {
        let Some(kind) = ColumnType::of_hive(&column.data_type) else {
            let message = format!("column '{}' has the type '{}', which does not exist", column.name, column.data_type);
            return Err(text.error(SqlErrorKind::Semantic, Location::empty(), &message, &message));
        };
        if columns.iter().any(|known: &ColumnDef| known.name == column.name) {
            let message = format!("Duplicate column name: {}", column.name);
            return Err(text.error(SqlErrorKind::Semantic, Location::empty(), &message, &message));
        }
        if let Some(comment) = column.comment {
            comments.insert(column.name.clone(), comment);
        }
        columns.push(ColumnDef::new(column.name, kind));
    }
    let format = format(text, create.row_format, create.stored_as.as_deref(), &create.properties)?;
    if let (ExternalFormat::Text(_), Some(column)) = (
        &format,
        columns.iter().find(|column| matches!(column.column_type, ColumnType::Array(_) | ColumnType::Map(..) | ColumnType::Row(_))),
    ) {
        return Err(text.unsupported(&format!("a {} column in a text table", column.column_type.hive_text())));
    }
    Ok(ExternalTable {
        columns,
        comments,
        format,
        location: create.location,
        comment: create.comment,
        properties: create.properties,
        created: work.engine().clock().now(),
    })
}

/// How the rows of a table are written, from its ROW FORMAT, STORED AS and TBLPROPERTIES.
fn format(
    text: Text<'_>,
    row_format: Option<RowFormat>,
    stored_as: Option<&str>,
    properties: &[(String, String)],
) -> std::result::Result<ExternalFormat, SqlError> {
    let stored_as = stored_as.unwrap_or("TEXTFILE");
    let class = match &row_format {
        Some(RowFormat::Serde { class, .. }) => class.clone(),
        Some(RowFormat::Delimited { .. }) => LAZY_SIMPLE.to_owned(),
        None if stored_as == "PARQUET" => PARQUET.to_owned(),
        None => LAZY_SIMPLE.to_owned(),
    };
    if class == PARQUET || stored_as == "PARQUET" {
        return Ok(ExternalFormat::Parquet);
    }
    if stored_as != "TEXTFILE" && !stored_as.ends_with("TextInputFormat") {
        return Err(text.unsupported(&format!("STORED AS {stored_as}")));
    }
    let header_lines = match property(properties, "skip.header.line.count") {
        None => 0,
        Some(count) => count.trim().parse().map_err(|_| {
            let message = format!("skip.header.line.count is '{count}', which is not a number");
            text.error(SqlErrorKind::Semantic, Location::empty(), &message, &format!("INVALID_TABLE_PROPERTY: {message}"))
        })?,
    };
    let one = |written: Option<&str>, default: Option<char>| -> std::result::Result<Option<char>, SqlError> {
        let Some(written) = written else { return Ok(default) };
        let mut chars = written.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) if c.is_ascii() => Ok(Some(c)),
            _ => Err(text.unsupported(&format!("the separator, quote or escape '{written}', which is not one ASCII character,"))),
        }
    };
    match (class.as_str(), row_format) {
        (OPEN_CSV, Some(RowFormat::Serde { properties, .. })) => Ok(ExternalFormat::Text(TextFormat {
            serde: OPEN_CSV.to_owned(),
            delimiter: one(property(&properties, "separatorChar"), Some(','))?.unwrap_or(','),
            quote: one(property(&properties, "quoteChar"), Some('"'))?,
            escape: one(property(&properties, "escapeChar"), Some('\\'))?,
            null: None,
            header_lines,
            strict: true,
            properties,
        })),
        (LAZY_SIMPLE, Some(RowFormat::Serde { properties, .. })) => {
            let delimiter = property(&properties, "field.delim").or_else(|| property(&properties, "serialization.format"));
            Ok(ExternalFormat::Text(TextFormat {
                serde: LAZY_SIMPLE.to_owned(),
                delimiter: one(delimiter, Some(CONTROL_A))?.unwrap_or(CONTROL_A),
                quote: None,
                escape: one(property(&properties, "escape.delim"), None)?,
                null: Some(property(&properties, "serialization.null.format").unwrap_or("\\N").to_owned()),
                header_lines,
                strict: false,
                properties,
            }))
        }
        (LAZY_SIMPLE, delimited) => {
            let (fields, escaped, lines, null) = match delimited {
                Some(RowFormat::Delimited { fields, escaped, lines, null }) => (fields, escaped, lines, null),
                _ => (None, None, None, None),
            };
            if lines.is_some_and(|lines| lines != "\n") {
                return Err(text.unsupported("LINES TERMINATED BY something but a line feed"));
            }
            let delimiter = one(fields.as_deref(), Some(CONTROL_A))?.unwrap_or(CONTROL_A);
            let properties = fields
                .into_iter()
                .flat_map(|fields| [("field.delim".to_owned(), fields.clone()), ("serialization.format".to_owned(), fields)])
                .collect();
            Ok(ExternalFormat::Text(TextFormat {
                serde: LAZY_SIMPLE.to_owned(),
                properties,
                delimiter,
                quote: None,
                escape: one(escaped.as_deref(), None)?,
                null: Some(null.unwrap_or_else(|| "\\N".to_owned())),
                header_lines,
                strict: false,
            }))
        }
        (other, _) => Err(text.unsupported(&format!("ROW FORMAT SERDE '{other}'"))),
    }
}

fn property<'a>(properties: &'a [(String, String)], name: &str) -> Option<&'a str> {
    properties.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// A table that reads the objects which are at the location now.
pub fn provider(
    objects: &Objects,
    name: &TableName,
    table: &Arc<ExternalTable>,
    scanned: Arc<AtomicU64>,
    text: Text<'_>,
) -> std::result::Result<Arc<dyn TableProvider>, SqlError> {
    let (bucket, prefix) = split_s3_uri(&table.location).unwrap_or_default();
    let failed = |error: crate::local::objects::ObjectError| {
        let redshift = format!("S3ServiceException: {error}\n  Detail: reading {}", table.location);
        let athena = format!("HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split {}: {error}", table.location);
        text.error(SqlErrorKind::Execution, Location::empty(), &redshift, &athena)
    };
    // A location is a folder: `s3://bucket/data` is not `s3://bucket/database/`.
    let folder = if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") };
    let listed = objects.list(bucket, &folder).map_err(failed)?;
    let mut files = Vec::with_capacity(listed.len());
    for (key, meta) in listed.into_iter().filter(|(key, meta)| is_data(key, meta)) {
        files.push(DataObject { path: objects.file(bucket, &key).map_err(failed)?, size: meta.size, bucket: bucket.to_owned(), key });
    }
    let table = Arc::clone(table);
    let schema = schema_of(&table.columns);
    Ok(ScanTable::over(ExternalScan { label: name.to_string(), dialect: text.dialect, schema, table, files, scanned }))
}

/// Hive passes over empty objects and over names that start with a dot or an underscore.
fn is_data(key: &str, meta: &ObjectMeta) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    meta.size > 0 && !name.is_empty() && !name.starts_with(['.', '_'])
}

/// An object of a location.
#[derive(Debug, Clone)]
struct DataObject {
    bucket: String,
    key: String,
    path: PathBuf,
    size: u64,
}

impl DataObject {
    fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

/// Reads the objects of an external table, one after the other in the order of their keys.
struct ExternalScan {
    label: String,
    dialect: Dialect,
    schema: SchemaRef,
    table: Arc<ExternalTable>,
    files: Vec<DataObject>,
    scanned: Arc<AtomicU64>,
}

impl Debug for ExternalScan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalScan").field("label", &self.label).field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl Source for ExternalScan {
    fn label(&self) -> String {
        format!("{} ({})", self.label, self.table.location)
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

    fn open(&self, projection: &[usize], limit: Option<usize>) -> Result<SendableRecordBatchStream> {
        let schema: SchemaRef = Arc::new(self.schema.project(projection)?);
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&schema), 2);
        let sender = builder.tx();
        let (table, files, scanned) = (Arc::clone(&self.table), self.files.clone(), Arc::clone(&self.scanned));
        let (projection, dialect) = (projection.to_vec(), self.dialect);
        builder.spawn_blocking(move || {
            let mut left = limit.unwrap_or(usize::MAX);
            for file in &files {
                let mut take = |batch: RecordBatch| {
                    left = left.saturating_sub(batch.num_rows());
                    // A receiver that is gone is a statement that was cancelled or has enough.
                    sender.blocking_send(Ok(batch)).is_ok() && left > 0
                };
                let more = match &table.format {
                    ExternalFormat::Text(format) => {
                        let fields = Fields { dialect, columns: &table.columns, projection: &projection, schema: &schema, format };
                        fields.read(file, &scanned, &mut take)?
                    }
                    ExternalFormat::Parquet => read_parquet(file, &table.columns, &projection, &schema, &scanned, &mut take)?,
                };
                if !more {
                    break;
                }
            }
            Ok(())
        });
        Ok(builder.build())
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

/// Reads the fields of delimited text that a query needs.
struct Fields<'a> {
    dialect: Dialect,
    columns: &'a [ColumnDef],
    projection: &'a [usize],
    schema: &'a SchemaRef,
    format: &'a TextFormat,
}

impl Fields<'_> {
    fn read(&self, file: &DataObject, scanned: &Arc<AtomicU64>, take: &mut dyn FnMut(RecordBatch) -> bool) -> Result<bool> {
        let counted = BufReader::with_capacity(256 << 10, Counted { inner: File::open(&file.path)?, count: Arc::clone(scanned) });
        let input: Box<dyn Read> = if file.key.ends_with(".gz") { Box::new(MultiGzDecoder::new(counted)) } else { Box::new(counted) };
        let byte = |c: char| u8::try_from(c).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new();
        reader
            .has_headers(false)
            .flexible(true)
            .delimiter(byte(self.format.delimiter))
            .quoting(self.format.quote.is_some())
            .quote(self.format.quote.map_or(b'"', byte))
            .escape(self.format.escape.filter(|_| self.format.quote.is_some()).map(byte))
            .buffer_capacity(256 << 10);
        let mut reader = reader.from_reader(input);
        let mut record = ByteRecord::new();
        for _ in 0..self.format.header_lines {
            if !reader.read_byte_record(&mut record).map_err(|error| broken(file, &error))? {
                return Ok(true);
            }
        }
        let mut builders: Vec<StringBuilder> =
            self.projection.iter().map(|_| StringBuilder::with_capacity(BATCH_ROWS, BATCH_ROWS * 8)).collect();
        let mut rows = 0;
        let mut first_row = 0_u64;
        loop {
            let more = reader.read_byte_record(&mut record).map_err(|error| broken(file, &error))?;
            if more {
                self.add(&record, &mut builders, file)?;
                rows += 1;
            }
            if rows == BATCH_ROWS || (!more && rows > 0) {
                let batch = self.batch(&mut builders, rows, file, first_row)?;
                first_row += rows as u64;
                rows = 0;
                if !take(batch) {
                    return Ok(false);
                }
            }
            if !more {
                return Ok(true);
            }
        }
    }

    fn add(&self, record: &ByteRecord, builders: &mut [StringBuilder], file: &DataObject) -> Result<()> {
        for (column, builder) in self.projection.iter().zip(builders) {
            match record.get(*column) {
                Some(field) if self.format.null.as_ref().is_some_and(|null| null.as_bytes() == field) => builder.append_null(),
                Some(field) => match std::str::from_utf8(field) {
                    Ok(field) => builder.append_value(field),
                    Err(_) => {
                        let line = record.position().map_or(0, csv::Position::line);
                        let message = format!("{}, line {line}: field {column} is not UTF-8", file.uri());
                        return Err(self.bad_data(&message).into_stream());
                    }
                },
                // A row that is too short has NULL where it ends.
                None => builder.append_null(),
            }
        }
        Ok(())
    }

    fn batch(&self, builders: &mut [StringBuilder], rows: usize, file: &DataObject, first_row: u64) -> Result<RecordBatch> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(builders.len());
        for ((column, builder), field) in self.projection.iter().zip(builders).zip(self.schema.fields()) {
            let text: StringArray = builder.finish();
            arrays.push(self.typed(text, *column, field.data_type(), file, first_row)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(self.schema), arrays, &options)?)
    }

    /// Texts as values of a column. What does not fit is NULL, or an error where the format is strict.
    fn typed(&self, text: StringArray, column: usize, kind: &DataType, file: &DataObject, first_row: u64) -> Result<ArrayRef> {
        if *kind == DataType::Utf8 {
            return Ok(Arc::new(text));
        }
        let decimals = match kind {
            DataType::Decimal128(precision, scale) => decimal::parse(&text, *precision, *scale)?,
            _ => None,
        };
        let options = CastOptions { safe: true, ..CastOptions::default() };
        let text: ArrayRef = Arc::new(text);
        let values: ArrayRef = match decimals {
            Some(decimals) => Arc::new(decimals),
            None => cast_with_options(&text, kind, &options)?,
        };
        if self.format.strict && values.null_count() > text.null_count() {
            let texts = text.as_any().downcast_ref::<StringArray>();
            let bad = texts.and_then(|texts| {
                (0..texts.len()).find(|row| values.is_null(*row) && texts.is_valid(*row)).map(|row| (row, texts.value(row)))
            });
            let (row, value) = bad.unwrap_or_default();
            let name = self.columns.get(column).map_or("", |column| column.name.as_str());
            let message = format!(
                "Error parsing field value '{value}' for field {column} ({name}) in {}, row {}",
                file.uri(),
                first_row + row as u64 + 1
            );
            return Err(self.bad_data(&message).into_stream());
        }
        Ok(values)
    }

    fn bad_data(&self, message: &str) -> SqlError {
        let redshift = format!("Spectrum Scan Error\n  Detail: {message}");
        Text::new(self.dialect, "").error(SqlErrorKind::Execution, Location::empty(), &redshift, &format!("HIVE_BAD_DATA: {message}"))
    }
}

/// An object that cannot be read as what it should be.
fn broken(file: &DataObject, error: &dyn fmt::Display) -> DataFusionError {
    DataFusionError::Execution(format!("{} cannot be read: {error}", file.uri()))
}

/// Reads the columns of a Parquet object by their names.
fn read_parquet(
    file: &DataObject,
    columns: &[ColumnDef],
    projection: &[usize],
    schema: &SchemaRef,
    scanned: &AtomicU64,
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

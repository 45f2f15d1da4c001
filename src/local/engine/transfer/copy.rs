//! `COPY`: objects of S3 into a table. CSV and delimited text, checked field by field with Redshift's reasons.

use std::io::Read;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use flate2::read::MultiGzDecoder;

use super::cells::{Cell, Kind};
use super::{address, s3_failure};
use crate::local::engine::error::internal;
use crate::local::engine::types::ColumnType;
use crate::local::engine::work::Work;
use crate::local::engine::{SqlError, SqlErrorKind};
use crate::syntax::{Copy, CopyFormat};

/// Rows a batch.
const ROWS: usize = 8192;
/// The text that means NULL unless `NULL AS` names another.
const NULL: &str = "\\N";

/// `COPY`: gives the number of rows that were loaded.
pub async fn copy(work: &mut Work<'_>, copy: &Copy) -> Result<u64, SqlError> {
    refuse(work, copy)?;
    let (name, table) = work.resolve_table(&copy.table)?;
    let columns: Vec<(String, ColumnType)> = if copy.columns.is_empty() {
        table.columns.iter().map(|column| (column.name.clone(), column.column_type.clone())).collect()
    } else {
        let find = |column: &String| {
            let known = table.position(column).and_then(|position| table.columns.get(position));
            known.map(|known| (known.name.clone(), known.column_type.clone())).ok_or_else(|| {
                let message = format!("ERROR: column \"{column}\" of relation \"{}\" does not exist", name.table);
                SqlError::new(SqlErrorKind::Semantic, message)
            })
        };
        copy.columns.iter().map(find).collect::<Result<_, _>>()?
    };
    let files = sources(work, copy)?;
    let objects = work.objects().clone();
    let (copy, names) = (copy.clone(), columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    let (no_load, relation) = (copy.no_load, name.table.clone());
    let read = tokio::task::spawn_blocking(move || {
        let mut loader = Loader::new(&copy, &relation, &columns)?;
        for (bucket, key) in files {
            let (body, _) = objects.get(&bucket, &key).map_err(|error| s3_failure(&error))?;
            loader.file(&format!("s3://{bucket}/{key}"), &body)?;
        }
        loader.finish()
    });
    let batches = read.await.map_err(internal)??;
    let (schema, batches) = batches;
    if no_load {
        return Ok(0);
    }
    let rows: SendableRecordBatchStream =
        Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches.into_iter().map(Ok))));
    work.append(&name, Some(&names), rows).await
}

/// Options that parse and are outside what the embedded engine does.
fn refuse(work: &Work<'_>, copy: &Copy) -> Result<(), SqlError> {
    if copy.iam_role.is_none() {
        let message = "ERROR: COPY needs credentials\n  Hint: Add IAM_ROLE 'arn:aws:iam::<account>:role/<name>' or IAM_ROLE default.";
        return Err(SqlError::new(SqlErrorKind::Semantic, message));
    }
    let format = |format: &Option<String>| {
        format.as_deref().is_some_and(|format| !matches!(format.to_lowercase().as_str(), "auto" | "yyyy-mm-dd" | "yyyy-mm-dd hh24:mi:ss"))
    };
    let refused = [
        (matches!(copy.format, CopyFormat::Json { .. }), "COPY with FORMAT JSON"),
        (copy.manifest, "COPY with MANIFEST"),
        (format(&copy.date_format), "COPY with this DATEFORMAT"),
        (format(&copy.time_format), "COPY with this TIMEFORMAT"),
    ];
    match refused.into_iter().find(|(given, _)| *given) {
        Some((_, what)) => Err(work.text().unsupported(what)),
        None => Ok(()),
    }
}

/// The objects under the prefix, in key order.
fn sources(work: &Work<'_>, copy: &Copy) -> Result<Vec<(String, String)>, SqlError> {
    let (bucket, prefix) = address(&copy.from)?;
    let listed = work.objects().list(bucket, prefix).map_err(|error| s3_failure(&error))?;
    let files: Vec<(String, String)> =
        listed.into_iter().filter(|(key, _)| !key.ends_with('/')).map(|(key, _)| (bucket.to_owned(), key)).collect();
    if files.is_empty() {
        let message = format!("ERROR: The specified S3 prefix '{prefix}' does not exist");
        return Err(SqlError::new(SqlErrorKind::Execution, message));
    }
    Ok(files)
}

/// Reads files into batches.
struct Loader<'a> {
    copy: &'a Copy,
    table: &'a str,
    names: Vec<String>,
    kinds: Vec<Kind>,
    cells: Vec<Vec<Cell>>,
    batches: Vec<RecordBatch>,
    schema: SchemaRef,
    errors: usize,
}

impl<'a> Loader<'a> {
    fn new(copy: &'a Copy, table: &'a str, columns: &[(String, ColumnType)]) -> Result<Self, SqlError> {
        let kinds = columns
            .iter()
            .map(|(name, column)| {
                Kind::of(column).ok_or_else(|| {
                    let message = format!("ERROR: COPY into column \"{name}\" of type {} is not supported", column.redshift_text());
                    SqlError::new(SqlErrorKind::Unsupported, message)
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        let fields: Vec<Field> = names.iter().zip(&kinds).map(|(name, kind)| Field::new(name, kind.arrow(), true)).collect();
        let cells = kinds.iter().map(|_| Vec::with_capacity(ROWS)).collect();
        Ok(Loader { copy, table, names, kinds, cells, batches: Vec::new(), schema: Arc::new(Schema::new(fields)), errors: 0 })
    }

    fn file(&mut self, uri: &str, body: &[u8]) -> Result<(), SqlError> {
        if self.copy.format == CopyFormat::Parquet {
            return self.parquet(uri, body);
        }
        let mut unpacked = Vec::new();
        let body = if self.copy.gzip {
            let failed =
                |error: std::io::Error| SqlError::new(SqlErrorKind::Execution, format!("ERROR: {uri} cannot be unpacked as GZIP: {error}"));
            MultiGzDecoder::new(body).read_to_end(&mut unpacked).map_err(failed)?;
            unpacked.as_slice()
        } else {
            body
        };
        let csv = self.copy.format == CopyFormat::Csv;
        let delimiter = self.copy.delimiter.unwrap_or(if csv { ',' } else { '|' });
        let byte = |character: char| u8::try_from(character).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(byte(delimiter))
            .quoting(csv || self.copy.remove_quotes)
            .quote(byte(self.copy.quote.unwrap_or('"')))
            .escape((self.copy.escape && !csv).then_some(b'\\'))
            .from_reader(body);
        let mut record = csv::ByteRecord::new();
        let mut row = Vec::with_capacity(self.kinds.len());
        let mut skipped = 0;
        while reader.read_byte_record(&mut record).map_err(internal)? {
            if skipped < self.copy.ignore_header {
                skipped += 1;
                continue;
            }
            row.clear();
            let line = record.position().map_or(0, csv::Position::line);
            match self.row(&record, &mut row) {
                Ok(()) => self.push(&mut row)?,
                Err((column, value, reason)) => {
                    self.errors += 1;
                    if self.errors > self.copy.max_error {
                        return Err(self.load_error(uri, line, column, &value, &reason));
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads the fields of a record; an error names the column (by position), the value and the reason.
    fn row(&self, record: &csv::ByteRecord, row: &mut Vec<Cell>) -> Result<(), (usize, String, String)> {
        if record.len() > self.kinds.len() {
            return Err((self.kinds.len(), String::new(), "Extra column(s) found".to_owned()));
        }
        if record.len() < self.kinds.len() && !self.copy.fill_record {
            return Err((record.len(), String::new(), "Delimiter not found".to_owned()));
        }
        for (index, kind) in self.kinds.iter().enumerate() {
            let Some(field) = record.get(index) else {
                row.push(Cell::Null);
                continue;
            };
            let replaced;
            let text = match (std::str::from_utf8(field), self.copy.accept_invalid) {
                (Ok(text), _) => text,
                (Err(_), Some(replacement)) => {
                    replaced = String::from_utf8_lossy(field).replace(char::REPLACEMENT_CHARACTER, &replacement.to_string());
                    replaced.as_str()
                }
                (Err(error), None) => {
                    let bytes: Vec<String> = field[error.valid_up_to()..].iter().take(4).map(|byte| format!("{byte:02x}")).collect();
                    let reason =
                        format!("String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: {}", bytes.join(" "));
                    return Err((index, String::from_utf8_lossy(field).into_owned(), reason));
                }
            };
            let text = if self.copy.trim_blanks { text.trim_end_matches(' ') } else { text };
            row.push(if self.is_null(*kind, text) {
                Cell::Null
            } else {
                let cut = match kind {
                    Kind::Text(Some(length)) if self.copy.truncate_columns => truncated(text, *length),
                    _ => text,
                };
                kind.read(cut).map_err(|reason| (index, text.to_owned(), reason))?
            });
        }
        Ok(())
    }

    fn is_null(&self, kind: Kind, text: &str) -> bool {
        if text == self.copy.null_as.as_deref().unwrap_or(NULL) {
            return true;
        }
        match kind {
            Kind::Text(_) => {
                (text.is_empty() && self.copy.empty_as_null) || (!text.is_empty() && self.copy.blanks_as_null && text.trim().is_empty())
            }
            // A number, a date or a truth value of nothing is NULL.
            _ => text.trim().is_empty(),
        }
    }

    fn push(&mut self, row: &mut Vec<Cell>) -> Result<(), SqlError> {
        for (column, cell) in self.cells.iter_mut().zip(row.drain(..)) {
            column.push(cell);
        }
        if self.cells.first().is_some_and(|column| column.len() >= ROWS) { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), SqlError> {
        if self.cells.first().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        let columns = self.kinds.iter().zip(&mut self.cells).map(|(kind, cells)| kind.column(cells)).collect();
        self.batches.push(RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(internal)?);
        Ok(())
    }

    /// Columns of a Parquet file go to the table's by position.
    fn parquet(&mut self, uri: &str, body: &[u8]) -> Result<(), SqlError> {
        let failed = |error: String| SqlError::new(SqlErrorKind::Execution, format!("ERROR: {uri} cannot be read as Parquet: {error}"));
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::copy_from_slice(body))
            .and_then(ParquetRecordBatchReaderBuilder::build)
            .map_err(|error| failed(error.to_string()))?;
        for batch in reader {
            let batch = batch.map_err(|error| failed(error.to_string()))?;
            if batch.num_columns() != self.kinds.len() {
                let message = format!(
                    "ERROR: Spectrum Scan Error: {uri} has {} columns, {} are loaded into table '{}'",
                    batch.num_columns(),
                    self.kinds.len(),
                    self.table
                );
                return Err(SqlError::new(SqlErrorKind::Execution, message));
            }
            let columns = batch
                .columns()
                .iter()
                .zip(self.schema.fields())
                .map(|(column, field)| datafusion::arrow::compute::cast(column, field.data_type()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| failed(error.to_string()))?;
            self.batches.push(RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(internal)?);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(SchemaRef, Vec<RecordBatch>), SqlError> {
        self.flush()?;
        Ok((self.schema, self.batches))
    }

    fn load_error(&self, uri: &str, line: u64, column: usize, value: &str, reason: &str) -> SqlError {
        let column = self.names.get(column).map_or("", String::as_str);
        let message = format!(
            "ERROR: Load into table '{}' failed.  Check 'sys_load_error_detail' system table for details.\n  Detail: {uri}, line {line}, \
             column {column}, value '{value}': {reason}",
            self.table
        );
        SqlError::new(SqlErrorKind::Execution, message)
    }
}

/// A text cut to a length in bytes, never inside a character.
fn truncated(text: &str, length: u32) -> &str {
    let mut end = usize::try_from(length).unwrap_or(usize::MAX).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

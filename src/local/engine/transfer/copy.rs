//! `COPY`: objects of S3 into a table, each field checked with Redshift's reasons.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field as ArrowField, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use serde_json::Value;

use super::cells::{Cell, Kind, Reading};
use super::records::{self, Field, JsonObjects, Lines, Record, Records, Shape, TextLines};
use super::times::TimeFormat;
use super::{address, listing, packing, reading as being_read, s3_failure};
use crate::local::engine::catalog::{ColumnDef, TableDef, TableName};
use crate::local::engine::error::internal;
use crate::local::engine::journal::{Load, LoadError};
use crate::local::engine::types::ColumnType;
use crate::local::engine::work::Work;
use crate::local::engine::{SqlError, SqlErrorKind};
use crate::local::iam::{AccessError, ObjectsOf};
use crate::syntax::{Copy, CopyFormat};

/// Rows a batch.
const ROWS: usize = 8192;
/// The text that means NULL unless `NULL AS` names another.
const NULL: &str = "\\N";
/// Characters of a refused row that are kept.
const LONGEST: usize = 1024;

/// `COPY`: gives the number of rows that were loaded.
pub async fn copy(work: &mut Work<'_>, copy: &Copy) -> Result<u64, SqlError> {
    work.catalog_mut().await?;
    let reading = reading(work, copy)?;
    let objects = work.engine().objects_of(work.engine().identity(copy.iam_role.as_deref().unwrap_or_default())?);
    let (name, table) = work.writable_table(&copy.table)?;
    let columns = columns(copy, &name, &table)?;
    let files = sources(&objects, copy)?;
    let shape = shape(&objects, copy, &columns)?;
    let (clock, query) = (work.engine.clock().clone(), work.query);
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let (settings, relation) = (copy.clone(), name.table.clone());
    let read = tokio::task::spawn_blocking(move || {
        let mut loader = Loader::new(&settings, &relation, columns, reading, shape)?;
        (loader.query, loader.at) = (query, clock.now());
        let mut failed = None;
        for (bucket, key) in files {
            let uri = format!("s3://{bucket}/{key}");
            let body = objects.get(&bucket, &key).map_err(|error| s3_failure(&error, &being_read(&bucket, &key)));
            let loaded = body.and_then(|(body, _)| loader.file(&uri, &body));
            if let Err(error) = loaded {
                failed = Some(error);
                break;
            }
        }
        if failed.is_none() {
            loader.flush()?;
        }
        Ok::<_, SqlError>((loader.load(), loader.errors, loader.schema, loader.batches, failed))
    });
    let (mut load, errors, schema, batches, failed) = read.await.map_err(internal)??;
    load.failed = failed.is_some();
    if load.failed || copy.no_load {
        load.rows = 0;
    }
    // Refused rows are told whether the statement succeeds or not.
    work.engine.journal().loaded(load, errors)?;
    if let Some(error) = failed {
        return Err(error);
    }
    if copy.no_load {
        return Ok(0);
    }
    let rows: SendableRecordBatchStream =
        Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches.into_iter().map(Ok))));
    work.append(&name, Some(&names), rows).await
}

/// How fields are read, from the options.
fn reading(work: &Work<'_>, copy: &Copy) -> Result<Reading, SqlError> {
    if copy.iam_role.is_none() {
        let message = "ERROR: COPY needs credentials\n  Hint: Add IAM_ROLE 'arn:aws:iam::<account>:role/<name>' or IAM_ROLE default.";
        return Err(SqlError::new(SqlErrorKind::Semantic, message));
    }
    let format = |written: &Option<String>, option: &str| match written {
        None => Ok(TimeFormat::Standard),
        Some(text) => TimeFormat::named(text).ok_or_else(|| work.text().unsupported(&format!("COPY with {option} '{text}'"))),
    };
    Ok(Reading {
        dates: format(&copy.date_format, "DATEFORMAT")?,
        times: format(&copy.time_format, "TIMEFORMAT")?,
        accept_any_date: copy.accept_any_date,
        round_decimals: copy.round_decimals,
    })
}

/// The columns that are loaded, in the order of the fields.
fn columns(copy: &Copy, name: &TableName, table: &TableDef) -> Result<Vec<ColumnDef>, SqlError> {
    let identity = |column: &str| {
        let attributes = table.attributes.columns.iter().find(|(known, _)| known == column);
        attributes.is_some_and(|(_, attributes)| attributes.identity.is_some())
    };
    let mut written = copy.columns.clone();
    if let (CopyFormat::FixedWidth(widths), true) = (&copy.format, written.is_empty())
        && widths.iter().all(|(label, _)| table.position(label).is_some())
    {
        written = widths.iter().map(|(label, _)| label.clone()).collect();
    }
    if written.is_empty() {
        // IDENTITY columns number their rows unless their values are in the files.
        return Ok(table.columns.iter().filter(|column| copy.explicit_ids || !identity(&column.name)).cloned().collect());
    }
    let find = |column: &String| {
        let known = table.position(column).and_then(|position| table.columns.get(position)).cloned();
        let known = known.ok_or_else(|| {
            let message = format!("ERROR: column \"{column}\" of relation \"{}\" does not exist", name.table);
            SqlError::new(SqlErrorKind::Semantic, message)
        })?;
        if identity(&known.name) && !copy.explicit_ids {
            let message = format!("ERROR: cannot set an identity column to a value\n  Detail: column \"{column}\"; use EXPLICIT_IDS.");
            return Err(SqlError::new(SqlErrorKind::Semantic, message));
        }
        Ok(known)
    };
    written.iter().map(find).collect()
}

/// The objects under the prefix in key order, or those that a manifest names.
fn sources(objects: &ObjectsOf, copy: &Copy) -> Result<Vec<(String, String)>, SqlError> {
    let (bucket, prefix) = address(&copy.from)?;
    if copy.manifest {
        return manifest(objects, copy, bucket, prefix);
    }
    let listed = objects.list(bucket, prefix).map_err(|error| s3_failure(&error, &listing(bucket, prefix)))?;
    let files: Vec<(String, String)> =
        listed.into_iter().filter(|(key, _)| !key.ends_with('/')).map(|(key, _)| (bucket.to_owned(), key)).collect();
    if files.is_empty() {
        let message = format!("ERROR: The specified S3 prefix '{prefix}' does not exist");
        return Err(SqlError::new(SqlErrorKind::Execution, message));
    }
    Ok(files)
}

fn manifest(objects: &ObjectsOf, copy: &Copy, bucket: &str, key: &str) -> Result<Vec<(String, String)>, SqlError> {
    let invalid = |why: &str| SqlError::new(SqlErrorKind::Execution, format!("ERROR: the manifest {} is not valid: {why}", copy.from));
    let (body, _) = objects.get(bucket, key).map_err(|error| s3_failure(&error, &being_read(bucket, key)))?;
    let document: Value = serde_json::from_slice(&body).map_err(|error| invalid(&error.to_string()))?;
    let entries = document.get("entries").and_then(Value::as_array).ok_or_else(|| invalid("it has no \"entries\""))?;
    let mut files = Vec::with_capacity(entries.len());
    for entry in entries {
        let url = entry.get("url").and_then(Value::as_str).ok_or_else(|| invalid("an entry has no \"url\""))?;
        let (bucket, key) = address(url)?;
        let mandatory = entry.get("mandatory").and_then(Value::as_bool).unwrap_or(false);
        match objects.head(bucket, key) {
            Ok(_) => files.push((bucket.to_owned(), key.to_owned())),
            // One that need not be there is passed over.
            Err(AccessError::Object(_)) if !mandatory => {}
            Err(error) => return Err(s3_failure(&error, &being_read(bucket, key))),
        }
    }
    if files.is_empty() && !entries.is_empty() {
        return Err(invalid("none of its objects exists"));
    }
    Ok(files)
}

/// What is taken of each JSON object; `None` for other formats.
fn shape(objects: &ObjectsOf, copy: &Copy, columns: &[ColumnDef]) -> Result<Option<Shape>, SqlError> {
    let names = || columns.iter().map(|column| column.name.clone()).collect();
    Ok(match &copy.format {
        CopyFormat::Json { ignore_case } => Some(Shape::Names(names(), *ignore_case)),
        CopyFormat::JsonWhole => {
            if !matches!(columns, [ColumnDef { column_type: ColumnType::Super, .. }]) {
                let message = "ERROR: JSON 'noshred' loads a table with one column of type SUPER";
                return Err(SqlError::new(SqlErrorKind::Semantic, message));
            }
            Some(Shape::Whole)
        }
        CopyFormat::JsonPaths { paths } => {
            let invalid =
                |why: String| SqlError::new(SqlErrorKind::Execution, format!("ERROR: the JSONPaths file {paths} is not valid: {why}"));
            let (bucket, key) = address(paths)?;
            let (body, _) = objects.get(bucket, key).map_err(|error| s3_failure(&error, &being_read(bucket, key)))?;
            let document: Value = serde_json::from_slice(&body).map_err(|error| invalid(error.to_string()))?;
            let listed = document.get("jsonpaths").and_then(Value::as_array);
            let listed = listed.ok_or_else(|| invalid("it has no \"jsonpaths\"".to_owned()))?;
            if listed.len() != columns.len() {
                let message = format!(
                    "ERROR: Number of jsonpaths and the number of columns should match. JSONPath size: {}, Number of columns in table or \
                     column list: {}",
                    listed.len(),
                    columns.len()
                );
                return Err(SqlError::new(SqlErrorKind::Execution, message));
            }
            let read = |value: &Value| value.as_str().and_then(records::path).ok_or_else(|| invalid(format!("{value} is not a path")));
            Some(Shape::Paths(listed.iter().map(read).collect::<Result<_, _>>()?))
        }
        _ => None,
    })
}

/// Reads files into batches.
struct Loader<'a> {
    copy: &'a Copy,
    table: &'a str,
    columns: Vec<ColumnDef>,
    kinds: Vec<Kind>,
    reading: Reading,
    shape: Option<Shape>,
    cells: Vec<Vec<Cell>>,
    batches: Vec<RecordBatch>,
    schema: SchemaRef,
    errors: Vec<LoadError>,
    files: Vec<(String, u64, u64)>,
    rows: u64,
    query: u64,
    at: chrono::DateTime<chrono::Utc>,
}

/// Why a field or a record is refused.
struct Refusal {
    column: usize,
    value: String,
    code: u32,
    reason: String,
}

impl<'a> Loader<'a> {
    fn new(copy: &'a Copy, table: &'a str, columns: Vec<ColumnDef>, reading: Reading, shape: Option<Shape>) -> Result<Self, SqlError> {
        let kinds = columns
            .iter()
            .map(|column| {
                Kind::of(&column.column_type).ok_or_else(|| {
                    let message = format!(
                        "ERROR: COPY into column \"{}\" of type {} is not supported",
                        column.name,
                        column.column_type.redshift_text()
                    );
                    SqlError::new(SqlErrorKind::Unsupported, message)
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let fields: Vec<ArrowField> =
            columns.iter().zip(&kinds).map(|(column, kind)| ArrowField::new(&column.name, kind.arrow(), true)).collect();
        let cells = kinds.iter().map(|_| Vec::with_capacity(ROWS)).collect();
        Ok(Loader {
            copy,
            table,
            columns,
            kinds,
            reading,
            shape,
            cells,
            batches: Vec::new(),
            schema: Arc::new(Schema::new(fields)),
            errors: Vec::new(),
            files: Vec::new(),
            rows: 0,
            query: 0,
            at: chrono::DateTime::UNIX_EPOCH,
        })
    }

    /// What was loaded so far.
    fn load(&self) -> Load {
        let format = match self.copy.format {
            CopyFormat::Text => "TEXT",
            CopyFormat::Csv => "CSV",
            CopyFormat::Parquet => "PARQUET",
            CopyFormat::FixedWidth(_) => "FIXEDWIDTH",
            CopyFormat::Json { .. } | CopyFormat::JsonPaths { .. } | CopyFormat::JsonWhole => "JSON",
        };
        Load {
            query: self.query,
            table: self.table.to_owned(),
            files: self.files.clone(),
            rows: self.rows,
            errors: self.errors.len() as u64,
            failed: false,
            format: format.to_owned(),
            at: self.at,
        }
    }

    fn file(&mut self, uri: &str, body: &[u8]) -> Result<(), SqlError> {
        let before = self.rows;
        if self.copy.format == CopyFormat::Parquet {
            self.parquet(uri, body)?;
        } else {
            let unpacked = packing::unpacked(uri, self.copy.compression, body)?;
            let text = self.decoded(uri, &unpacked)?;
            self.records(uri, &text)?;
        }
        self.files.push((uri.to_owned(), body.len() as u64, self.rows - before));
        Ok(())
    }

    /// A body as UTF-8.
    fn decoded<'b>(&self, uri: &str, body: &'b [u8]) -> Result<Cow<'b, [u8]>, SqlError> {
        let bytes = |from: fn([u8; 2]) -> u16, body: &[u8]| {
            let units: Vec<u16> = body.chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
            String::from_utf16(&units)
                .map(|text| text.trim_start_matches('\u{feff}').to_owned().into_bytes())
                .map_err(|error| SqlError::new(SqlErrorKind::Execution, format!("ERROR: {uri} is not UTF-16: {error}")))
        };
        Ok(match self.copy.encoding.as_deref() {
            Some("UTF16BE") => Cow::Owned(bytes(u16::from_be_bytes, body)?),
            Some("UTF16") if body.starts_with(&[0xfe, 0xff]) => Cow::Owned(bytes(u16::from_be_bytes, body)?),
            Some("UTF16" | "UTF16LE") => Cow::Owned(bytes(u16::from_le_bytes, body)?),
            Some("ISO88591") => Cow::Owned(body.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes()),
            _ => Cow::Borrowed(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)),
        })
    }

    fn records(&mut self, uri: &str, body: &[u8]) -> Result<(), SqlError> {
        let byte = |character: char| u8::try_from(character).unwrap_or(b',');
        let null = self.copy.null_as.as_deref().unwrap_or(NULL);
        let mut records = match (&self.copy.format, &self.shape) {
            (_, Some(shape)) => Records::Json(JsonObjects::new(body, shape.clone())),
            (CopyFormat::FixedWidth(widths), _) => Records::Fixed(Lines::new(body), widths.iter().map(|(_, width)| *width).collect()),
            (CopyFormat::Csv, _) => {
                let reader = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .flexible(true)
                    .delimiter(byte(self.copy.delimiter.unwrap_or(',')))
                    .quote(byte(self.copy.quote.unwrap_or('"')))
                    .from_reader(body);
                Records::Csv(Box::new(reader), csv::ByteRecord::new())
            }
            _ => {
                let delimiter = byte(self.copy.delimiter.unwrap_or('|'));
                Records::Text(TextLines::new(body, delimiter, self.copy.escape, self.copy.remove_quotes, null))
            }
        };
        let mut record = Record::default();
        let mut row = Vec::with_capacity(self.kinds.len());
        let mut skipped = 0;
        while records.next(&mut record)? {
            if skipped < self.copy.ignore_header && self.shape.is_none() {
                skipped += 1;
                continue;
            }
            let blank = matches!(record.fields.as_slice(), [Field::Bytes(only)] if only.is_empty());
            if self.copy.ignore_blank_lines && blank {
                continue;
            }
            row.clear();
            match self.row(&record, &mut row) {
                Ok(()) => self.push(&mut row)?,
                Err(refusal) => self.refuse(uri, body, &record, refusal)?,
            }
        }
        Ok(())
    }

    /// Keeps a refused row; too many are an error.
    fn refuse(&mut self, uri: &str, body: &[u8], record: &Record, refusal: Refusal) -> Result<(), SqlError> {
        let raw = String::from_utf8_lossy(body.get(record.raw.clone()).unwrap_or_default());
        let column = self.columns.get(refusal.column);
        let error = LoadError {
            query: self.query,
            table: self.table.to_owned(),
            file: uri.to_owned(),
            line: record.line,
            column: column.map_or_else(String::new, |column| column.name.clone()),
            column_type: column.map_or_else(String::new, |column| column.column_type.redshift_text()),
            raw_line: raw.trim_end_matches(['\r', '\n']).chars().take(LONGEST).collect(),
            raw_value: refusal.value.chars().take(LONGEST).collect(),
            code: refusal.code,
            reason: refusal.reason,
            at: self.at,
        };
        let failed = self.errors.len() >= self.copy.max_error;
        let message = format!(
            "ERROR: Load into table '{}' failed.  Check 'sys_load_error_detail' system table for details.\n  Detail: {uri}, line {}, \
             column {}, value '{}': {}",
            self.table, error.line, error.column, error.raw_value, error.reason
        );
        self.errors.push(error);
        if failed { Err(SqlError::new(SqlErrorKind::Execution, message)) } else { Ok(()) }
    }

    /// Reads the fields of a record.
    fn row(&self, record: &Record, row: &mut Vec<Cell>) -> Result<(), Refusal> {
        let refused = |column: usize, value: &str, code: u32, reason: &str| Refusal {
            column,
            value: value.to_owned(),
            code,
            reason: reason.to_owned(),
        };
        let given = record.fields.len();
        // A delimiter at the end of a line of text is not another field.
        let trailing = given == self.kinds.len() + 1
            && self.copy.format == CopyFormat::Text
            && matches!(record.fields.last(), Some(Field::Bytes(last)) if last.is_empty());
        if given > self.kinds.len() && !trailing {
            return Err(refused(self.kinds.len(), "", 1202, "Extra column(s) found"));
        }
        if given < self.kinds.len() && !self.copy.fill_record {
            return Err(refused(given, "", 1214, "Delimiter not found"));
        }
        for (index, (kind, column)) in self.kinds.iter().zip(&self.columns).enumerate() {
            let cell = match record.fields.get(index) {
                None | Some(Field::Null) => Cell::Null,
                Some(Field::Bytes(bytes)) => self.cell(index, *kind, bytes)?,
            };
            if cell == Cell::Null && !column.nullable {
                return Err(refused(index, "", 1213, "Missing data for not-null field"));
            }
            row.push(cell);
        }
        Ok(())
    }

    fn cell(&self, index: usize, kind: Kind, bytes: &[u8]) -> Result<Cell, Refusal> {
        let text = match (std::str::from_utf8(bytes), self.copy.accept_invalid) {
            (Ok(text), _) => Cow::Borrowed(text),
            (Err(_), Some(replacement)) => {
                Cow::Owned(String::from_utf8_lossy(bytes).replace(char::REPLACEMENT_CHARACTER, &replacement.to_string()))
            }
            (Err(error), None) => {
                let hex: Vec<String> = bytes[error.valid_up_to()..].iter().take(4).map(|byte| format!("{byte:02x}")).collect();
                let reason = format!("String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: {}", hex.join(" "));
                return Err(Refusal { column: index, value: String::from_utf8_lossy(bytes).into_owned(), code: 1220, reason });
            }
        };
        let text = if self.copy.trim_blanks { text.trim_end_matches(' ') } else { &text };
        if self.is_null(kind, text) {
            return Ok(Cell::Null);
        }
        let cut = match kind {
            Kind::Text(Some(length)) if self.copy.truncate_columns => truncated(text, length),
            _ => text,
        };
        kind.read(cut, &self.reading).map_err(|(code, reason)| Refusal { column: index, value: text.to_owned(), code, reason })
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
        self.rows += 1;
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
            self.rows += batch.num_rows() as u64;
            self.batches.push(RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(internal)?);
        }
        Ok(())
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

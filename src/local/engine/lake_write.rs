//! What Athena writes to S3: `CREATE TABLE … AS`, `INSERT INTO`, `UNLOAD`.
//!
//! Rows become objects first; all of them get their keys in one step, and the catalog names their table or partitions after that. A
//! statement that fails or is cancelled leaves no object.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::basic::{Compression as ParquetCompression, GzipLevel, ZstdLevel};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::{Insert, TableObject};
use datafusion::sql::sqlparser::tokenizer::Location;
use futures::StreamExt;
use percent_encoding::percent_decode_str;

use super::catalog::{ColumnDef, ExternalFormat, ExternalTable, JsonFormat, LakeRelation, Partition, TextFormat};
use super::outcome;
use super::parse::{self, Compression, CreateTableAs, Unload, UnloadFormat, UnloadQuery, WriteProperty};
use super::table::schema_of;
use super::transfer::{self, Style};
use super::work::Work;
use super::{Outcome, SqlError, SqlErrorKind, StatementKind, dialect, execute, external, lake};
use crate::local::objects::split_s3_uri;

/// How rows are written.
struct Target {
    location: String,
    format: UnloadFormat,
    compression: Compression,
    parquet: ParquetCompression,
    delimiter: char,
    null: String,
    quoted: bool,
    partition_by: Vec<String>,
}

/// `CREATE TABLE … AS`.
pub async fn create_table_as(work: &mut Work<'_>, create: CreateTableAs) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let name = work.target(&create.name);
    let Some(database) = work.catalog().lake.get(&name.schema) else {
        return Err(refused(work, create.name.span.start, &format!("SCHEMA_NOT_FOUND: Schema {} not found", name.schema)));
    };
    if database.tables.contains_key(&name.table) {
        if create.if_not_exists {
            return Ok(Outcome::done(StatementKind::Ddl, Some(0)));
        }
        let message = format!("TABLE_ALREADY_EXISTS: Table '{}.{}.{}' already exists", name.database, name.schema, name.table);
        return Err(refused(work, create.name.span.start, &message));
    }
    let mut target = target(work, &create.properties, "external_location")?;
    if target.location.is_empty() {
        let Some(results) = work.session.results.clone() else {
            let message = "INVALID_TABLE_PROPERTY: external_location is needed where there is no output location for results";
            return Err(refused(work, Location::empty(), message));
        };
        target.location = format!("{}/tables/{}/", results.trim_end_matches('/'), uuid::Uuid::new_v4());
    }
    if !target.location.ends_with('/') {
        target.location.push('/');
    }
    empty(work, &target.location, &format!("table '{}.{}.{}'", name.database, name.schema, name.table))?;

    let (state, traced) = work.planned(*create.query, None).await?;
    let mut columns = execute::column_defs(work, &traced);
    if let Some(unnamed) = columns.iter().enumerate().position(|(index, column)| column.name == format!("_col{index}")) {
        let message = format!("MISSING_COLUMN_NAME: Column name not specified at position {}", unnamed + 1);
        return Err(refused(work, Location::empty(), &message));
    }
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].iter().any(|other| other.name == column.name) {
            let message = format!("DUPLICATE_COLUMN_NAME: Column name '{}' specified more than once", column.name);
            return Err(refused(work, Location::empty(), &message));
        }
    }
    let first = columns.len().saturating_sub(target.partition_by.len());
    if columns[first..].iter().map(|column| &column.name).ne(&target.partition_by) || (first == 0 && !target.partition_by.is_empty()) {
        let message = format!(
            "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and in the same order as the table \
             properties: [{}]",
            target.partition_by.join(", ")
        );
        return Err(refused(work, Location::empty(), &message));
    }
    let rows = if create.data { Some(work.run(&state, &traced.plan).await?) } else { None };
    let partition_columns = columns.split_off(first);
    let mut table = ExternalTable {
        columns,
        partition_columns,
        partitions: Vec::new(),
        comments: std::collections::BTreeMap::new(),
        format: format_of(&target),
        location: target.location.clone(),
        comment: None,
        properties: created_properties(&target),
        created: work.engine.clock().now(),
    };
    let mut count = 0;
    if let Some(rows) = rows {
        let labels: Vec<String> = table.all_columns().iter().map(|column| column.name.clone()).collect();
        count = write(work, rows, labels, &target, Some(&mut table)).await?;
    }
    if let Some(database) = work.catalog_mut().await?.lake.get_mut(&name.schema) {
        database.tables.insert(name.table, LakeRelation::External(Arc::new(table)));
    }
    Ok(Outcome::done(StatementKind::Ddl, Some(count)))
}

/// `INSERT INTO` an external table.
pub async fn insert(work: &mut Work<'_>, insert: Insert) -> Result<Outcome, SqlError> {
    work.catalog_mut().await?;
    let TableObject::TableName(written) = &insert.table else { return Err(work.text().unsupported("INSERT INTO something but a table")) };
    if insert.overwrite || insert.on.is_some() || insert.returning.is_some() || insert.partitioned.is_some() {
        return Err(work.text().unsupported("this form of INSERT"));
    }
    let written = parse::object_name(written);
    let (name, table) = match super::names::find(work.session, work.transaction, &written) {
        Some(super::names::Found::External(name, table)) => (name, table),
        Some(_) => return Err(refused(work, written.span.start, "NOT_SUPPORTED: Inserting into views is not supported")),
        None => return Err(super::names::missing(work.text(), work.session, work.transaction, &written)),
    };
    let target = existing(work, &table)?;
    let all = table.all_columns();
    let columns: Vec<String> = if insert.columns.is_empty() {
        all.iter().map(|column| column.name.clone()).collect()
    } else {
        insert.columns.iter().map(|column| parse::object_name(column).last().to_owned()).collect()
    };
    if let Some(missing) = columns.iter().find(|column| !all.iter().any(|known| known.name == **column)) {
        let message = format!("COLUMN_NOT_FOUND: Insert column name does not exist in target table: {missing}");
        return Err(refused(work, written.span.start, &message));
    }
    let Some(source) = insert.source else { return Err(work.text().unsupported("INSERT without rows")) };
    let (state, traced) = work.planned(*source, None).await?;
    let given = traced.plan.schema().fields().len();
    if given != columns.len() {
        let message =
            format!("TYPE_MISMATCH: Insert query has mismatched column types: Table has {} columns, Query has {given}", columns.len());
        return Err(refused(work, written.span.start, &message));
    }
    let rows = assigned(work.run(&state, &traced.plan).await?, &all, &columns);
    let mut changed = ExternalTable::clone(&table);
    let count = write(work, rows, all.iter().map(|column| column.name.clone()).collect(), &target, Some(&mut changed)).await?;
    if changed.partitions != table.partitions {
        lake::put(work, &name, changed).await?;
    }
    Ok(Outcome::done(StatementKind::Dml, Some(count)))
}

/// `UNLOAD (query) TO '…' WITH (…)`.
pub async fn unload(work: &mut Work<'_>, unload: UnloadQuery) -> Result<Outcome, SqlError> {
    let mut target = target(work, &unload.properties, "")?;
    if !unload.properties.iter().any(|(name, _)| name == "format") {
        return Err(refused(work, Location::empty(), "INVALID_TABLE_PROPERTY: UNLOAD needs the property 'format'"));
    }
    target.location = if unload.to.ends_with('/') { unload.to } else { format!("{}/", unload.to) };
    empty(work, &target.location, "UNLOAD")?;
    let (state, traced) = work.planned(*unload.query, None).await?;
    let labels: Vec<String> = traced.plan.schema().fields().iter().map(|field| dialect::label(field.name()).to_owned()).collect();
    if let Some(missing) = target.partition_by.iter().find(|column| !labels.contains(column)) {
        return Err(refused(work, Location::empty(), &format!("COLUMN_NOT_FOUND: Partition column '{missing}' is not in the query")));
    }
    let rows = work.run(&state, &traced.plan).await?;
    let count = write(work, rows, labels, &target, None).await?;
    Ok(Outcome::done(StatementKind::Dml, Some(count)))
}

/// How rows are written, from the properties of a statement.
fn target(work: &Work<'_>, properties: &[WriteProperty], location: &str) -> Result<Target, SqlError> {
    let mut target = Target {
        location: String::new(),
        format: UnloadFormat::Parquet,
        compression: Compression::Gzip,
        parquet: ParquetCompression::GZIP(GzipLevel::default()),
        delimiter: '\u{1}',
        null: "\\N".to_owned(),
        quoted: false,
        partition_by: Vec::new(),
    };
    let mut compression = None;
    for (name, values) in properties {
        let value = values.first().map(String::as_str).unwrap_or_default();
        match name.as_str() {
            known if known == location => {
                if split_s3_uri(value).is_none() {
                    return Err(refused(work, Location::empty(), &format!("INVALID_TABLE_PROPERTY: '{value}' is not an s3:// location")));
                }
                value.clone_into(&mut target.location);
            }
            "format" => {
                target.format = match value.to_uppercase().as_str() {
                    "PARQUET" => UnloadFormat::Parquet,
                    "TEXTFILE" => UnloadFormat::Text,
                    "JSON" => UnloadFormat::Json,
                    other => return Err(work.text().unsupported(&format!("format = '{other}'"))),
                };
            }
            "partitioned_by" => target.partition_by = values.iter().map(|value| value.to_lowercase()).collect(),
            "write_compression" | "parquet_compression" | "compression" => compression = Some(value.to_uppercase()),
            "field_delimiter" => {
                let mut characters = value.chars();
                target.delimiter = match (characters.next(), characters.next()) {
                    (Some(c), None) if c.is_ascii() => c,
                    _ => return Err(work.text().unsupported("a field_delimiter that is not one ASCII character")),
                };
            }
            "table_type" if value.eq_ignore_ascii_case("hive") => {}
            "is_external" | "compression_level" => {}
            "table_type" => return Err(work.text().unsupported(&format!("table_type = '{value}'"))),
            "bucketed_by" | "bucket_count" | "partitioning" | "vacuum_max_snapshots_to_keep" | "optimize_rewrite_delete_file_threshold" => {
                return Err(work.text().unsupported(name));
            }
            _ => return Err(refused(work, Location::empty(), &format!("INVALID_TABLE_PROPERTY: Table property '{name}' does not exist"))),
        }
    }
    let parquet = target.format == UnloadFormat::Parquet;
    match compression.as_deref() {
        None | Some("GZIP") => {}
        Some("NONE" | "UNCOMPRESSED") => (target.compression, target.parquet) = (Compression::None, ParquetCompression::UNCOMPRESSED),
        Some("SNAPPY") if parquet => target.parquet = ParquetCompression::SNAPPY,
        Some("ZSTD") => (target.compression, target.parquet) = (Compression::Zstd, ParquetCompression::ZSTD(ZstdLevel::default())),
        Some("BZIP2") if !parquet => target.compression = Compression::Bzip2,
        Some(other) => return Err(work.text().unsupported(&format!("compression '{other}' of this format"))),
    }
    Ok(target)
}

/// How rows are added to a table that exists.
fn existing(work: &Work<'_>, table: &ExternalTable) -> Result<Target, SqlError> {
    let mut target = target(work, &[], "")?;
    target.location = if table.location.ends_with('/') { table.location.clone() } else { format!("{}/", table.location) };
    target.partition_by = table.partition_columns.iter().map(|column| column.name.clone()).collect();
    let compression = external::property(&table.properties, "write.compression");
    if !matches!(table.format, ExternalFormat::Parquet) {
        target.compression = match compression.map(str::to_uppercase).as_deref() {
            None | Some("GZIP") => Compression::Gzip,
            Some("NONE" | "UNCOMPRESSED") => Compression::None,
            Some("BZIP2") => Compression::Bzip2,
            Some("ZSTD") => Compression::Zstd,
            Some(other) => return Err(work.text().unsupported(&format!("write.compression '{other}'"))),
        };
    }
    match &table.format {
        ExternalFormat::Parquet => {
            let named = external::property(&table.properties, "parquet.compression").or(compression);
            target.parquet = match named.map(str::to_uppercase).as_deref() {
                None | Some("GZIP") => target.parquet,
                Some("SNAPPY") => ParquetCompression::SNAPPY,
                Some("ZSTD") => ParquetCompression::ZSTD(ZstdLevel::default()),
                Some("NONE" | "UNCOMPRESSED") => ParquetCompression::UNCOMPRESSED,
                Some(other) => return Err(work.text().unsupported(&format!("parquet.compression '{other}'"))),
            };
        }
        ExternalFormat::Json(_) => target.format = UnloadFormat::Json,
        ExternalFormat::Text(format) => {
            if format.header_lines > 0 {
                let message = "NOT_SUPPORTED: Inserting into Hive table with skip.header.line.count property not supported";
                return Err(refused(work, Location::empty(), message));
            }
            target.format = if format.quote.is_some() { UnloadFormat::Csv } else { UnloadFormat::Text };
            target.quoted = format.quote.is_some();
            target.delimiter = format.delimiter;
            target.null = format.null.clone().unwrap_or_default();
        }
    }
    Ok(target)
}

/// The format of a table that is made.
fn format_of(target: &Target) -> ExternalFormat {
    match target.format {
        UnloadFormat::Parquet => ExternalFormat::Parquet,
        UnloadFormat::Json => ExternalFormat::Json(JsonFormat {
            serde: "org.apache.hive.hcatalog.data.JsonSerDe".to_owned(),
            properties: Vec::new(),
            ignore_malformed: false,
            dots_in_keys: false,
            mappings: std::collections::BTreeMap::new(),
        }),
        UnloadFormat::Text | UnloadFormat::Csv => ExternalFormat::Text(TextFormat {
            serde: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe".to_owned(),
            properties: vec![("field.delim".to_owned(), target.delimiter.to_string())],
            delimiter: target.delimiter,
            quote: None,
            escape: None,
            null: Some(target.null.clone()),
            header_lines: 0,
            strict: false,
        }),
    }
}

fn created_properties(target: &Target) -> Vec<(String, String)> {
    let parquet = match target.parquet {
        ParquetCompression::SNAPPY => "SNAPPY",
        ParquetCompression::ZSTD(_) => "ZSTD",
        ParquetCompression::UNCOMPRESSED => "NONE",
        _ => "GZIP",
    };
    match target.format {
        UnloadFormat::Parquet => vec![("parquet.compression".to_owned(), parquet.to_owned())],
        _ => {
            let packed = match target.compression {
                Compression::None => "NONE",
                Compression::Gzip => "GZIP",
                Compression::Bzip2 => "BZIP2",
                Compression::Zstd => "ZSTD",
            };
            vec![("write.compression".to_owned(), packed.to_owned())]
        }
    }
}

/// Fails when there are objects at a location already.
fn empty(work: &Work<'_>, location: &str, what: &str) -> Result<(), SqlError> {
    let (bucket, prefix) = split_s3_uri(location).unwrap_or_default();
    let listed = work
        .objects()
        .list(bucket, prefix)
        .map_err(|error| refused(work, Location::empty(), &format!("HIVE_FILESYSTEM_ERROR: {location} cannot be used: {error}")))?;
    if listed.is_empty() {
        return Ok(());
    }
    let message = format!("HIVE_PATH_ALREADY_EXISTS: Target directory for {what} already exists: {location}");
    Err(refused(work, Location::empty(), &message))
}

fn refused(work: &Work<'_>, location: Location, message: &str) -> SqlError {
    work.text().error(SqlErrorKind::Semantic, location, message, message)
}

/// The rows of a query as those of a table: cast to its types, in the order of its columns, NULL where none is given.
fn assigned(rows: SendableRecordBatchStream, all: &[ColumnDef], given: &[String]) -> SendableRecordBatchStream {
    let schema = schema_of(all);
    let sources: Vec<Option<usize>> = all.iter().map(|column| given.iter().position(|name| *name == column.name)).collect();
    let wanted = Arc::clone(&schema);
    let stream = rows.map(move |batch| {
        let batch = batch?;
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(sources.len());
        for (source, field) in sources.iter().zip(wanted.fields()) {
            arrays.push(match source {
                Some(index) => cast_with_options(batch.column(*index), field.data_type(), &options)?,
                None => new_null_array(field.data_type(), batch.num_rows()),
            });
        }
        let count = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&wanted), arrays, &count)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, stream))
}

/// Writes rows as objects below a location, and adds to `table` the partitions that are new. Gives the number of rows.
async fn write(
    work: &Work<'_>,
    rows: SendableRecordBatchStream,
    labels: Vec<String>,
    target: &Target,
    table: Option<&mut ExternalTable>,
) -> Result<u64, SqlError> {
    let rows = outcome::canonical_stream(rows);
    if target.format != UnloadFormat::Parquet
        && let Some(field) = rows.schema().fields().iter().find(|field| field.data_type().is_nested())
    {
        return Err(work
            .text()
            .unsupported(&format!("writing the column {}, which has values in it, as text", dialect::label(field.name()))));
    }
    let unload = Unload {
        query: Box::new(super::dml::query(work.dialect(), "SELECT 1")?),
        to: target.location.clone(),
        iam_role: None,
        format: target.format,
        header: false,
        delimiter: Some(target.delimiter),
        compression: if target.format == UnloadFormat::Parquet { Compression::None } else { target.compression },
        fixed_width: Vec::new(),
        partition_by: target.partition_by.clone(),
        include_partitions: false,
        allow_overwrite: false,
        clean_path: false,
        parallel: false,
        manifest: None,
        add_quotes: target.quoted,
        escape: false,
        null_as: Some(target.null.clone()),
        max_file_size: None,
        extension: None,
    };
    let style = Style { hive: true, parquet: target.parquet };
    let (files, count) = transfer::write_rows(rows, &unload, style, labels, 1).await?;
    let (bucket, prefix) = split_s3_uri(&target.location).unwrap_or_default();
    let objects = work.objects().clone();
    let failed = |error: crate::local::objects::ObjectError| {
        let message = format!("HIVE_FILESYSTEM_ERROR: {}: {error}", target.location);
        SqlError::new(SqlErrorKind::Execution, message)
    };
    let run = uuid::Uuid::new_v4().simple().to_string();
    let mut staged = Vec::new();
    let mut partitions: Vec<Partition> = Vec::new();
    for (number, file) in files.iter().enumerate().filter(|(_, file)| file.rows > 0) {
        let folder = if file.partition.is_empty() { String::new() } else { format!("{}/", file.partition) };
        let suffix = transfer::suffix(unload.compression);
        let key = format!("{prefix}{folder}{run}_{number:05}{suffix}");
        staged.push((key, objects.stage(bucket, &file.body).map_err(failed)?));
        if !file.partition.is_empty() {
            let values = file
                .partition
                .split('/')
                .filter_map(|part| part.split_once('='))
                .map(|(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned())
                .collect();
            let partition = Partition { values, location: format!("{}{}/", target.location, file.partition) };
            if !partitions.contains(&partition) {
                partitions.push(partition);
            }
        }
    }
    if !staged.is_empty() {
        objects.publish(bucket, staged).map_err(failed)?;
    }
    if let Some(table) = table {
        let projected = external::property(&table.properties, "projection.enabled").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        for partition in partitions {
            if !projected && !table.partitions.iter().any(|known| known.values == partition.values) {
                table.partitions.push(partition);
            }
        }
        table.partitions.sort();
    }
    Ok(count)
}

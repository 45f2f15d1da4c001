//! External tables: definitions over the objects of a location, read when they are queried.

mod json;
mod parquet;
mod partitions;
mod pseudo;
mod source;
mod text;

use datafusion::sql::sqlparser::tokenizer::Location;

pub use self::partitions::folder;
pub use self::pseudo::{Pseudo, named as pseudocolumns};
pub use self::source::provider;
use super::catalog::{ColumnDef, ExternalFormat, ExternalTable, JsonFormat, TextFormat};
use super::error::Text;
use super::parse::{CreateExternalTable, ExternalColumn, RowFormat};
use super::types::ColumnType;
use super::work::Work;
use super::{SqlError, SqlErrorKind};
use crate::local::objects::split_s3_uri;

const OPEN_CSV: &str = "org.apache.hadoop.hive.serde2.OpenCSVSerde";
const LAZY_SIMPLE: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
const OPENX_JSON: &str = "org.openx.data.jsonserde.JsonSerDe";
const HIVE_JSON: &str = "org.apache.hive.hcatalog.data.JsonSerDe";
const PARQUET: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
/// Hive's delimiter where none is named.
const CONTROL_A: char = '\u{1}';

/// The table that a statement defines.
pub fn definition(work: &Work<'_>, create: CreateExternalTable) -> std::result::Result<ExternalTable, SqlError> {
    let text = work.text();
    if split_s3_uri(&create.location).is_none() {
        let message = format!("the location '{}' is not an s3:// location", create.location);
        return Err(text.error(SqlErrorKind::Semantic, Location::empty(), &message, &format!("INVALID_TABLE_PROPERTY: {message}")));
    }
    let mut comments = std::collections::BTreeMap::new();
    let columns = declared(text, create.columns, &[], &mut comments)?;
    let partition_columns = declared(text, create.partitions, &columns, &mut comments)?;
    if let Some(column) = partition_columns.iter().find(|column| column.column_type.is_nested()) {
        return Err(text.unsupported(&format!("a {} partition column", column.column_type.hive_text())));
    }
    let format = format(text, create.row_format, create.stored_as.as_deref(), &create.properties)?;
    if let (ExternalFormat::Text(_), Some(column)) = (&format, columns.iter().find(|column| column.column_type.is_nested())) {
        return Err(text.unsupported(&format!("a {} column in a text table", column.column_type.hive_text())));
    }
    Ok(ExternalTable {
        columns,
        partition_columns,
        partitions: Vec::new(),
        comments,
        format,
        location: create.location,
        comment: create.comment,
        properties: create.properties,
        created: work.engine().clock().now(),
    })
}

/// Columns as they are declared. None may have a name that is taken.
pub fn declared(
    text: Text<'_>,
    written: Vec<ExternalColumn>,
    taken: &[ColumnDef],
    comments: &mut std::collections::BTreeMap<String, String>,
) -> std::result::Result<Vec<ColumnDef>, SqlError> {
    let mut columns: Vec<ColumnDef> = Vec::with_capacity(written.len());
    for column in written {
        let Some(kind) = ColumnType::of_hive(&column.data_type) else {
            let message = format!("column '{}' has the type '{}', which does not exist", column.name, column.data_type);
            return Err(text.error(SqlErrorKind::Semantic, Location::empty(), &message, &message));
        };
        if taken.iter().chain(&columns).any(|known| known.name == column.name) {
            let message = format!("Duplicate column name: {}", column.name);
            return Err(text.error(SqlErrorKind::Semantic, Location::empty(), &message, &message));
        }
        if let Some(comment) = column.comment {
            comments.insert(column.name.clone(), comment);
        }
        columns.push(ColumnDef::new(column.name, kind));
    }
    Ok(columns)
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
        None if stored_as == "JSONFILE" => HIVE_JSON.to_owned(),
        None => LAZY_SIMPLE.to_owned(),
    };
    if class == PARQUET || stored_as == "PARQUET" {
        return Ok(ExternalFormat::Parquet);
    }
    if stored_as != "TEXTFILE" && stored_as != "JSONFILE" && !stored_as.ends_with("TextInputFormat") {
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
        (OPENX_JSON | HIVE_JSON | "org.apache.hadoop.hive.serde2.JsonSerDe", row_format) => {
            let properties = match row_format {
                Some(RowFormat::Serde { properties, .. }) => properties,
                _ => Vec::new(),
            };
            let flag = |name: &str| property(&properties, name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
            let mapping = |(name, key): &(String, String)| {
                let column = name.to_lowercase().strip_prefix("mapping.")?.to_owned();
                Some((column, key.clone()))
            };
            Ok(ExternalFormat::Json(JsonFormat {
                serde: class,
                ignore_malformed: flag("ignore.malformed.json"),
                dots_in_keys: flag("dots.in.keys"),
                mappings: properties.iter().filter_map(mapping).collect(),
                properties,
            }))
        }
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

/// A property by its name, whatever its case.
pub fn property<'a>(properties: &'a [(String, String)], name: &str) -> Option<&'a str> {
    properties.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

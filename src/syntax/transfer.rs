//! Redshift's `COPY` and `UNLOAD`.

use sqlparser::ast;
use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use super::{Name, Statement};
use crate::syntax::SqlError;

/// Format of unloaded objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnloadFormat {
    /// Fields separated by a delimiter, quoted only with `ADDQUOTES`. Redshift's default.
    #[default]
    Text,
    /// RFC 4180.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// One JSON object a line.
    Json,
}

/// How objects are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// `GZIP`.
    Gzip,
    /// `BZIP2`.
    Bzip2,
    /// `ZSTD`.
    Zstd,
}

/// `UNLOAD ('query') TO 's3://…' …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Unload {
    /// What is unloaded.
    pub query: Box<ast::Query>,
    /// `s3://bucket/prefix`: object names are appended to it as it stands.
    pub to: String,
    /// `IAM_ROLE`.
    pub iam_role: Option<String>,
    /// `FORMAT`.
    pub format: UnloadFormat,
    /// `HEADER`.
    pub header: bool,
    /// `DELIMITER`; the default is `,` for CSV and `|` for text.
    pub delimiter: Option<char>,
    /// `GZIP`, `BZIP2` or `ZSTD`.
    pub compression: Compression,
    /// `FIXEDWIDTH`: columns and their widths in characters.
    pub fixed_width: Vec<(String, usize)>,
    /// `PARTITION BY`.
    pub partition_by: Vec<String>,
    /// `INCLUDE`: partition columns stay in the files.
    pub include_partitions: bool,
    /// `ALLOWOVERWRITE`.
    pub allow_overwrite: bool,
    /// `CLEANPATH`: objects under the prefix are removed first.
    pub clean_path: bool,
    /// `PARALLEL` (on unless `OFF` is written).
    pub parallel: bool,
    /// `MANIFEST`; `Some(true)` for `VERBOSE`.
    pub manifest: Option<bool>,
    /// `ADDQUOTES`.
    pub add_quotes: bool,
    /// `ESCAPE`.
    pub escape: bool,
    /// `NULL AS`.
    pub null_as: Option<String>,
    /// `MAXFILESIZE` in bytes.
    pub max_file_size: Option<u64>,
    /// `EXTENSION`.
    pub extension: Option<String>,
}

/// Format of copied objects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CopyFormat {
    /// Fields separated by a delimiter, without quotes. Redshift's default.
    #[default]
    Text,
    /// RFC 4180.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// JSON objects, keys matched to column names (`auto`), case ignored (`auto ignorecase`).
    Json {
        /// `auto ignorecase`.
        ignore_case: bool,
    },
    /// JSON objects, with the object of S3 that says which path goes to which column.
    JsonPaths {
        /// `s3://…`.
        paths: String,
    },
    /// JSON objects, each whole into the one SUPER column.
    JsonWhole,
    /// Columns and their widths in characters.
    FixedWidth(Vec<(String, usize)>),
}

/// `COPY table [(columns)] FROM 's3://…' …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Table to load.
    pub table: Name,
    /// Columns in the order of the file; empty for all.
    pub columns: Vec<String>,
    /// `s3://bucket/prefix`.
    pub from: String,
    /// `IAM_ROLE`.
    pub iam_role: Option<String>,
    /// Format.
    pub format: CopyFormat,
    /// `DELIMITER`; the default is `,` for CSV and `|` for text.
    pub delimiter: Option<char>,
    /// `QUOTE AS`.
    pub quote: Option<char>,
    /// `IGNOREHEADER`.
    pub ignore_header: usize,
    /// `GZIP`, `BZIP2` or `ZSTD`.
    pub compression: Compression,
    /// `NULL AS`; the default is `\N`.
    pub null_as: Option<String>,
    /// `EMPTYASNULL`.
    pub empty_as_null: bool,
    /// `BLANKSASNULL`.
    pub blanks_as_null: bool,
    /// `DATEFORMAT`.
    pub date_format: Option<String>,
    /// `TIMEFORMAT`.
    pub time_format: Option<String>,
    /// `ACCEPTINVCHARS`: what replaces bytes that are not UTF-8.
    pub accept_invalid: Option<char>,
    /// `MAXERROR`.
    pub max_error: usize,
    /// `TRIMBLANKS`.
    pub trim_blanks: bool,
    /// `TRUNCATECOLUMNS`.
    pub truncate_columns: bool,
    /// `FILLRECORD`.
    pub fill_record: bool,
    /// `IGNOREBLANKLINES`.
    pub ignore_blank_lines: bool,
    /// `REMOVEQUOTES`.
    pub remove_quotes: bool,
    /// `ESCAPE`.
    pub escape: bool,
    /// `MANIFEST`: `from` names a manifest.
    pub manifest: bool,
    /// `NOLOAD`: checks only.
    pub no_load: bool,
    /// `ACCEPTANYDATE`: a date that is none is NULL.
    pub accept_any_date: bool,
    /// `ROUNDEC`: decimals are rounded to the scale of their column instead of cut.
    pub round_decimals: bool,
    /// `EXPLICIT_IDS`: IDENTITY columns take the values of the files.
    pub explicit_ids: bool,
    /// `ENCODING`, in upper case.
    pub encoding: Option<String>,
}

/// Reads from after `UNLOAD`.
pub(super) fn unload(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    cursor.expect_symbol('(')?;
    let text = cursor.string("query in quotes")?;
    cursor.expect_symbol(')')?;
    cursor.expect_word("TO")?;
    let to = cursor.string("s3 path")?;
    let query = match super::parse(cursor.dialect(), &text, &[])? {
        Statement::Sql(statement) => match *statement {
            ast::Statement::Query(query) => query,
            _ => return Err(cursor.unsupported("UNLOAD of a statement other than SELECT")),
        },
        _ => return Err(cursor.unsupported("UNLOAD of a statement other than SELECT")),
    };
    let mut unload = Unload {
        query,
        to,
        iam_role: None,
        format: UnloadFormat::Text,
        header: false,
        delimiter: None,
        compression: Compression::None,
        fixed_width: Vec::new(),
        partition_by: Vec::new(),
        include_partitions: false,
        allow_overwrite: false,
        clean_path: false,
        parallel: true,
        manifest: None,
        add_quotes: false,
        escape: false,
        null_as: None,
        max_file_size: None,
        extension: None,
    };
    while !cursor.at_end() {
        unload_option(cursor, &mut unload)?;
    }
    Ok(Statement::Unload(unload))
}

fn unload_option(cursor: &mut Cursor, unload: &mut Unload) -> Result<(), SqlError> {
    let option = cursor.peek_word().unwrap_or_default();
    cursor.advance();
    match option.as_str() {
        "IAM_ROLE" => unload.iam_role = Some(cursor.string_or_word("IAM role")?),
        "CREDENTIALS" | "WITH" => credentials(cursor, &option)?,
        "FORMAT" => {
            cursor.accept_word("AS");
            unload.format = unload_format(cursor)?;
        }
        "CSV" | "PARQUET" | "JSON" => {
            cursor.back();
            unload.format = unload_format(cursor)?;
        }
        "HEADER" => unload.header = true,
        "DELIMITER" => unload.delimiter = Some(character(cursor, "delimiter")?),
        "GZIP" => unload.compression = Compression::Gzip,
        "BZIP2" => unload.compression = Compression::Bzip2,
        "ZSTD" => unload.compression = Compression::Zstd,
        "FIXEDWIDTH" => unload.fixed_width = widths(cursor)?,
        "PARTITION" => {
            cursor.expect_word("BY")?;
            cursor.expect_symbol('(')?;
            unload.partition_by.push(cursor.identifier("column name")?.0);
            while cursor.accept_symbol(',') {
                unload.partition_by.push(cursor.identifier("column name")?.0);
            }
            cursor.expect_symbol(')')?;
            unload.include_partitions = cursor.accept_word("INCLUDE");
        }
        "ALLOWOVERWRITE" => unload.allow_overwrite = true,
        "CLEANPATH" => unload.clean_path = true,
        "PARALLEL" => unload.parallel = switch(cursor)?,
        "MANIFEST" => unload.manifest = Some(cursor.accept_word("VERBOSE")),
        "ADDQUOTES" => unload.add_quotes = true,
        "ESCAPE" => unload.escape = true,
        "NULL" => {
            cursor.accept_word("AS");
            unload.null_as = Some(cursor.string("text of NULL")?);
        }
        "MAXFILESIZE" => {
            cursor.accept_word("AS");
            unload.max_file_size = Some(file_size(cursor)?);
        }
        "EXTENSION" => unload.extension = Some(cursor.string("extension")?),
        "ROWGROUPSIZE" => {
            cursor.accept_word("AS");
            file_size(cursor)?;
        }
        "REGION" => {
            cursor.accept_word("AS");
            cursor.string("region")?;
        }
        "ENCRYPTED" => {
            cursor.accept_word("AUTO");
        }
        "KMS_KEY_ID" | "MASTER_SYMMETRIC_KEY" => {
            return Err(cursor.unsupported(&format!("UNLOAD with {option}")));
        }
        _ => {
            cursor.back();
            return Err(cursor.unexpected(&["IAM_ROLE", "FORMAT", "HEADER", "GZIP", "ALLOWOVERWRITE"]));
        }
    }
    Ok(())
}

fn unload_format(cursor: &mut Cursor) -> Result<UnloadFormat, SqlError> {
    Ok(if cursor.accept_word("CSV") {
        UnloadFormat::Csv
    } else if cursor.accept_word("PARQUET") {
        UnloadFormat::Parquet
    } else if cursor.accept_word("JSON") {
        UnloadFormat::Json
    } else {
        return Err(cursor.unexpected(&["CSV", "PARQUET", "JSON"]));
    })
}

/// Reads from after `COPY`.
pub(super) fn copy(cursor: &mut Cursor) -> Result<Statement, SqlError> {
    let table = cursor.name("table name")?;
    let mut columns = Vec::new();
    if cursor.accept_symbol('(') {
        columns.push(cursor.identifier("column name")?.0);
        while cursor.accept_symbol(',') {
            columns.push(cursor.identifier("column name")?.0);
        }
        cursor.expect_symbol(')')?;
    }
    cursor.expect_word("FROM")?;
    let from = cursor.string("s3 path")?;
    let mut copy = Copy {
        table,
        columns,
        from,
        iam_role: None,
        format: CopyFormat::Text,
        delimiter: None,
        quote: None,
        ignore_header: 0,
        compression: Compression::None,
        null_as: None,
        empty_as_null: false,
        blanks_as_null: false,
        date_format: None,
        time_format: None,
        accept_invalid: None,
        max_error: 0,
        trim_blanks: false,
        truncate_columns: false,
        fill_record: false,
        ignore_blank_lines: false,
        remove_quotes: false,
        escape: false,
        manifest: false,
        no_load: false,
        accept_any_date: false,
        round_decimals: false,
        explicit_ids: false,
        encoding: None,
    };
    while !cursor.at_end() {
        copy_option(cursor, &mut copy)?;
    }
    Ok(Statement::Copy(copy))
}

fn copy_option(cursor: &mut Cursor, copy: &mut Copy) -> Result<(), SqlError> {
    let option = cursor.peek_word().unwrap_or_default();
    cursor.advance();
    match option.as_str() {
        "IAM_ROLE" => copy.iam_role = Some(cursor.string_or_word("IAM role")?),
        "CREDENTIALS" | "WITH" | "ACCESS_KEY_ID" | "SECRET_ACCESS_KEY" | "SESSION_TOKEN" => credentials(cursor, &option)?,
        "FORMAT" => {
            cursor.accept_word("AS");
            copy_format(cursor, copy)?;
        }
        "CSV" | "PARQUET" | "JSON" | "AVRO" | "ORC" | "SHAPEFILE" => {
            cursor.back();
            copy_format(cursor, copy)?;
        }
        "DELIMITER" => copy.delimiter = Some(character(cursor, "delimiter")?),
        "QUOTE" => copy.quote = Some(character(cursor, "quote character")?),
        "IGNOREHEADER" => copy.ignore_header = count(cursor, "number of lines")?,
        "GZIP" => copy.compression = Compression::Gzip,
        "BZIP2" => copy.compression = Compression::Bzip2,
        "ZSTD" => copy.compression = Compression::Zstd,
        "FIXEDWIDTH" => copy.format = CopyFormat::FixedWidth(widths(cursor)?),
        "ACCEPTANYDATE" => copy.accept_any_date = true,
        "ROUNDEC" => copy.round_decimals = true,
        "EXPLICIT_IDS" => copy.explicit_ids = true,
        "IGNOREALLERRORS" => copy.max_error = usize::MAX,
        "ENCODING" => {
            cursor.accept_word("AS");
            let encoding = cursor.string_or_word("encoding")?.to_uppercase();
            if !matches!(encoding.as_str(), "UTF8" | "UTF16" | "UTF16LE" | "UTF16BE" | "ISO88591") {
                return Err(cursor.unsupported(&format!("COPY with ENCODING {encoding}")));
            }
            copy.encoding = Some(encoding);
        }
        "NULL" => {
            cursor.accept_word("AS");
            copy.null_as = Some(cursor.string("text of NULL")?);
        }
        "EMPTYASNULL" => copy.empty_as_null = true,
        "BLANKSASNULL" => copy.blanks_as_null = true,
        "DATEFORMAT" => {
            cursor.accept_word("AS");
            copy.date_format = Some(cursor.string("date format")?);
        }
        "TIMEFORMAT" => {
            cursor.accept_word("AS");
            copy.time_format = Some(cursor.string("time format")?);
        }
        "ACCEPTINVCHARS" => {
            cursor.accept_word("AS");
            let given = matches!(cursor.peek().map(|token| &token.token), Some(Token::SingleQuotedString(_)));
            copy.accept_invalid = Some(if given { character(cursor, "replacement character")? } else { '?' });
        }
        "MAXERROR" => copy.max_error = count(cursor, "number of errors")?,
        "TRIMBLANKS" => copy.trim_blanks = true,
        "TRUNCATECOLUMNS" => copy.truncate_columns = true,
        "FILLRECORD" => copy.fill_record = true,
        "IGNOREBLANKLINES" => copy.ignore_blank_lines = true,
        "REMOVEQUOTES" => copy.remove_quotes = true,
        "ESCAPE" => copy.escape = true,
        "MANIFEST" => copy.manifest = true,
        "NOLOAD" => copy.no_load = true,
        "COMPUPDATE" | "STATUPDATE" => {
            if matches!(cursor.peek_word().as_deref(), Some("ON" | "OFF" | "TRUE" | "FALSE" | "PRESET")) {
                cursor.advance();
            }
        }
        "COMPROWS" => {
            count(cursor, "number of rows")?;
        }
        "REGION" => {
            cursor.accept_word("AS");
            cursor.string("region")?;
        }
        "LZOP" | "SSH" | "READRATIO" | "ENCRYPTED" | "SERIALIZETOJSON" => return Err(cursor.unsupported(&format!("COPY with {option}"))),
        _ => {
            cursor.back();
            return Err(cursor.unexpected(&["IAM_ROLE", "FORMAT", "CSV", "IGNOREHEADER", "DELIMITER", "GZIP"]));
        }
    }
    Ok(())
}

fn copy_format(cursor: &mut Cursor, copy: &mut Copy) -> Result<(), SqlError> {
    let format = cursor.peek_word().unwrap_or_default();
    cursor.advance();
    copy.format = match format.as_str() {
        "CSV" => {
            if cursor.accept_word("QUOTE") {
                copy.quote = Some(character(cursor, "quote character")?);
            }
            CopyFormat::Csv
        }
        "PARQUET" => CopyFormat::Parquet,
        "JSON" => {
            cursor.accept_word("AS");
            let paths = if matches!(cursor.peek().map(|token| &token.token), Some(Token::SingleQuotedString(_))) {
                cursor.string("option")?
            } else {
                "auto".to_owned()
            };
            match paths.to_lowercase().as_str() {
                "auto" => CopyFormat::Json { ignore_case: false },
                "auto ignorecase" => CopyFormat::Json { ignore_case: true },
                "noshred" => CopyFormat::JsonWhole,
                _ if paths.starts_with("s3://") => CopyFormat::JsonPaths { paths },
                _ => {
                    cursor.back();
                    return Err(cursor.unexpected(&["'auto'", "'auto ignorecase'", "'noshred'", "s3 path"]));
                }
            }
        }
        "FIXEDWIDTH" => CopyFormat::FixedWidth(widths(cursor)?),
        "AVRO" | "ORC" | "SHAPEFILE" => return Err(cursor.unsupported(&format!("COPY with FORMAT {format}"))),
        _ => {
            cursor.back();
            return Err(cursor.unexpected(&["CSV", "PARQUET", "JSON"]));
        }
    };
    Ok(())
}

/// `ON | OFF | TRUE | FALSE`; nothing means on.
fn switch(cursor: &mut Cursor) -> Result<bool, SqlError> {
    if cursor.accept_word("OFF") || cursor.accept_word("FALSE") {
        return Ok(false);
    }
    if cursor.accept_word("ON") || cursor.accept_word("TRUE") {
        return Ok(true);
    }
    Err(cursor.unexpected(&["ON", "OFF"]))
}

/// Keys in a statement are read over, never kept: the embedded account does not need them.
fn credentials(cursor: &mut Cursor, option: &str) -> Result<(), SqlError> {
    if option == "WITH" && !cursor.accept_word("CREDENTIALS") {
        cursor.back();
        return Err(cursor.unexpected(&["CREDENTIALS"]));
    }
    cursor.accept_word("AS");
    cursor.string("credentials").map(drop)
}

/// `'name:5,other:10'`.
fn widths(cursor: &mut Cursor) -> Result<Vec<(String, usize)>, SqlError> {
    cursor.accept_word("AS");
    let text = cursor.string("widths of columns")?;
    let width = |part: &str| {
        let (name, width) = part.split_once(':')?;
        let width = width.trim().parse::<usize>().ok().filter(|width| *width > 0)?;
        Some((name.trim().to_lowercase(), width))
    };
    text.split(',').map(width).collect::<Option<Vec<_>>>().ok_or_else(|| {
        cursor.back();
        cursor.unexpected(&["'column:width, …'"])
    })
}

fn character(cursor: &mut Cursor, what: &str) -> Result<char, SqlError> {
    cursor.accept_word("AS");
    let text = cursor.string(what)?;
    let text = match text.as_str() {
        r"\t" => "\t",
        other => other,
    };
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) if character.is_ascii() => Ok(character),
        _ => {
            cursor.back();
            Err(cursor.unexpected(&["one ASCII character"]))
        }
    }
}

fn count(cursor: &mut Cursor, what: &str) -> Result<usize, SqlError> {
    cursor.accept_word("AS");
    let value = cursor.integer(what)?;
    usize::try_from(value).map_err(|_| {
        cursor.back();
        cursor.unexpected(&[what])
    })
}

/// `5 MB`, `1.5 GB`; megabytes when no unit stands there.
fn file_size(cursor: &mut Cursor) -> Result<u64, SqlError> {
    let size = match cursor.peek().map(|token| &token.token) {
        Some(Token::Number(digits, _)) => digits.parse::<f64>().ok(),
        _ => None,
    };
    let size = size.filter(|size| *size > 0.0).ok_or_else(|| cursor.unexpected(&["size"]))?;
    cursor.advance();
    let unit = if cursor.accept_word("GB") {
        1024.0 * 1024.0 * 1024.0
    } else {
        cursor.accept_word("MB");
        1024.0 * 1024.0
    };
    Ok((size * unit) as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::syntax::Dialect;
    use crate::syntax::parse;

    #[test]
    fn unload_as_the_demo_writes_it() {
        let sql = "UNLOAD ('SELECT * FROM dm.data WHERE job = \\'admin.\\' AND y = ''yes''') TO 's3://b/bankdm/unload/data_'
            IAM_ROLE 'arn:aws:iam::000000000000:role/BankDM-RedShift' FORMAT AS CSV HEADER GZIP ALLOWOVERWRITE PARALLEL OFF
            MAXFILESIZE 6.5 MB DELIMITER AS ';' MANIFEST VERBOSE";
        let Statement::Unload(unload) = parse(Dialect::Redshift, sql, &[]).unwrap() else { panic!("not an UNLOAD") };
        assert_eq!(unload.query.to_string(), "SELECT * FROM dm.data WHERE job = 'admin.' AND y = 'yes'");
        assert_eq!((unload.to.as_str(), unload.format), ("s3://b/bankdm/unload/data_", UnloadFormat::Csv));
        assert!(unload.header && unload.compression == Compression::Gzip && unload.allow_overwrite && !unload.parallel);
        assert_eq!((unload.max_file_size, unload.delimiter, unload.manifest), (Some(6_815_744), Some(';'), Some(true)));
    }

    #[test]
    fn unload_takes_dollar_quotes_and_refuses_by_name() {
        let sql = "UNLOAD ($$SELECT 'a' AS x$$) TO 's3://b/p' IAM_ROLE default PARQUET";
        let Statement::Unload(unload) = parse(Dialect::Redshift, sql, &[]).unwrap() else { panic!("not an UNLOAD") };
        assert_eq!((unload.iam_role.as_deref(), unload.format), (Some("default"), UnloadFormat::Parquet));
        let error = parse(Dialect::Redshift, "UNLOAD ('select 1') TO 's3://b/p' IAM_ROLE default KMS_KEY_ID 'x'", &[]).unwrap_err();
        assert_eq!(error.message, "ERROR: UNLOAD with KMS_KEY_ID is not supported");
        let error = parse(Dialect::Redshift, "UNLOAD ('select 1') TO 's3://b/p' HEADDER", &[]).unwrap_err();
        assert_eq!(error.message, "ERROR: syntax error at or near \"HEADDER\"\n  Position: 35;");
    }

    #[test]
    fn copy_with_options() {
        let sql = "COPY dm.data (age, job) FROM 's3://b/p' IAM_ROLE 'arn' CSV QUOTE AS '%' IGNOREHEADER 1 DELIMITER ';' GZIP NULL AS '\\N'
            EMPTYASNULL BLANKSASNULL DATEFORMAT 'auto' ACCEPTINVCHARS MAXERROR 5 COMPUPDATE OFF STATUPDATE REGION 'us-east-1'";
        let Statement::Copy(copy) = parse(Dialect::Redshift, sql, &[]).unwrap() else { panic!("not a COPY") };
        assert_eq!(copy.columns, ["age", "job"]);
        assert_eq!((copy.format, copy.quote, copy.ignore_header, copy.delimiter), (CopyFormat::Csv, Some('%'), 1, Some(';')));
        assert_eq!((copy.accept_invalid, copy.max_error, copy.date_format.as_deref()), (Some('?'), 5, Some("auto")));
    }
}

//! The types of columns: what Redshift, Trino and Hive call them, and the Arrow types that hold them.
//!
//! Text is `Utf8` everywhere, timestamps are microseconds, decimals are `Decimal128`: one Arrow type a column type, so that files, caches
//! and functions meet no surprises. `super` is held as JSON text.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, IntervalUnit, TimeUnit};
use datafusion::sql::sqlparser::ast;
use serde::{Deserialize, Serialize};

use super::{Dialect, SqlType};

/// Bytes of a `varchar` without a length in Redshift, and of `text`.
pub const DEFAULT_VARCHAR: u32 = 256;
/// Bytes of the longest `varchar` in Redshift (`varchar(max)`).
pub const MAX_VARCHAR: u32 = 65535;
/// Trino's length of an unbounded `varchar`.
const UNBOUNDED: i32 = i32::MAX;

/// The type of a column, in either dialect.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// True or false.
    Boolean,
    /// One byte (Trino, Hive).
    Tinyint,
    /// Two bytes.
    Int2,
    /// Four bytes.
    Int4,
    /// Eight bytes.
    Int8,
    /// Single precision.
    Float4,
    /// Double precision.
    Float8,
    /// Exact decimal.
    Decimal {
        /// Digits.
        precision: u8,
        /// Digits after the point.
        scale: i8,
    },
    /// Text of at most so many bytes (Redshift) or characters (Trino); `None` is unbounded.
    Varchar(Option<u32>),
    /// Text padded with blanks.
    Char(u32),
    /// Calendar date.
    Date,
    /// Time of day.
    Time,
    /// Date and time without a zone.
    Timestamp,
    /// An instant.
    TimestampTz,
    /// A span of time.
    Interval,
    /// Bytes.
    Varbyte,
    /// Semi-structured (Redshift), as JSON text.
    Super,
    /// A list (Trino).
    Array(Box<ColumnType>),
    /// A map (Trino).
    Map(Box<ColumnType>, Box<ColumnType>),
    /// A row of named fields (Trino).
    Row(Vec<(String, ColumnType)>),
    /// The type of NULL by itself.
    Unknown,
}

impl ColumnType {
    /// The Arrow type that holds it.
    pub fn arrow(&self) -> DataType {
        match self {
            ColumnType::Boolean => DataType::Boolean,
            ColumnType::Tinyint => DataType::Int8,
            ColumnType::Int2 => DataType::Int16,
            ColumnType::Int4 => DataType::Int32,
            ColumnType::Int8 => DataType::Int64,
            ColumnType::Float4 => DataType::Float32,
            ColumnType::Float8 => DataType::Float64,
            ColumnType::Decimal { precision, scale } => DataType::Decimal128(*precision, *scale),
            ColumnType::Varchar(_) | ColumnType::Char(_) | ColumnType::Super => DataType::Utf8,
            ColumnType::Date => DataType::Date32,
            ColumnType::Time => DataType::Time64(TimeUnit::Microsecond),
            ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            ColumnType::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            ColumnType::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            ColumnType::Varbyte => DataType::Binary,
            ColumnType::Array(item) => DataType::List(Arc::new(Field::new_list_field(item.arrow(), true))),
            ColumnType::Map(key, value) => {
                let entries = Fields::from(vec![Field::new("key", key.arrow(), false), Field::new("value", value.arrow(), true)]);
                DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
            }
            ColumnType::Row(fields) => DataType::Struct(fields.iter().map(|(name, kind)| Field::new(name, kind.arrow(), true)).collect()),
            ColumnType::Unknown => DataType::Null,
        }
    }

    /// Whether values of it have values in them.
    pub fn is_nested(&self) -> bool {
        matches!(self, ColumnType::Array(_) | ColumnType::Map(..) | ColumnType::Row(_))
    }

    /// The column type of what a query computed.
    pub fn of_arrow(dialect: Dialect, arrow: &DataType) -> ColumnType {
        match arrow {
            DataType::Null => ColumnType::Unknown,
            DataType::Boolean => ColumnType::Boolean,
            DataType::Int8 if dialect == Dialect::Athena => ColumnType::Tinyint,
            DataType::Int8 | DataType::UInt8 | DataType::Int16 => ColumnType::Int2,
            DataType::UInt16 | DataType::Int32 => ColumnType::Int4,
            DataType::UInt32 | DataType::Int64 | DataType::UInt64 | DataType::Duration(_) => ColumnType::Int8,
            DataType::Float16 | DataType::Float32 => ColumnType::Float4,
            DataType::Float64 => ColumnType::Float8,
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
            | DataType::Decimal256(precision, scale) => ColumnType::Decimal { precision: (*precision).min(38), scale: *scale },
            DataType::Date32 | DataType::Date64 => ColumnType::Date,
            DataType::Time32(_) | DataType::Time64(_) => ColumnType::Time,
            DataType::Timestamp(_, None) => ColumnType::Timestamp,
            DataType::Timestamp(_, Some(_)) => ColumnType::TimestampTz,
            DataType::Interval(_) => ColumnType::Interval,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => ColumnType::Varbyte,
            DataType::Dictionary(_, value) => ColumnType::of_arrow(dialect, value),
            DataType::RunEndEncoded(_, value) => ColumnType::of_arrow(dialect, value.data_type()),
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item)
            | DataType::FixedSizeList(item, _) => match dialect {
                Dialect::Redshift => ColumnType::Super,
                Dialect::Athena => ColumnType::Array(Box::new(ColumnType::of_arrow(dialect, item.data_type()))),
            },
            DataType::Map(entries, _) => match (dialect, entries.data_type()) {
                (Dialect::Athena, DataType::Struct(fields)) if fields.len() == 2 => ColumnType::Map(
                    Box::new(ColumnType::of_arrow(dialect, fields[0].data_type())),
                    Box::new(ColumnType::of_arrow(dialect, fields[1].data_type())),
                ),
                _ => ColumnType::Super,
            },
            DataType::Struct(fields) => match dialect {
                Dialect::Redshift => ColumnType::Super,
                Dialect::Athena => ColumnType::Row(
                    fields.iter().map(|field| (field.name().clone(), ColumnType::of_arrow(dialect, field.data_type()))).collect(),
                ),
            },
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Union(..) => ColumnType::Varchar(None),
        }
    }

    /// The type as the service names it in the metadata of a result.
    pub fn sql_type(&self, dialect: Dialect) -> SqlType {
        match dialect {
            Dialect::Redshift => self.redshift(),
            Dialect::Athena => self.athena(),
        }
    }

    /// Names and sizes of the Data API's `ColumnMetadata`, which are those of Redshift's JDBC driver.
    fn redshift(&self) -> SqlType {
        let (name, precision, scale) = match self {
            ColumnType::Boolean => ("bool", 1, 0),
            ColumnType::Tinyint | ColumnType::Int2 => ("int2", 5, 0),
            ColumnType::Int4 => ("int4", 10, 0),
            ColumnType::Int8 => ("int8", 19, 0),
            ColumnType::Float4 => ("float4", 8, 8),
            ColumnType::Float8 => ("float8", 17, 17),
            ColumnType::Decimal { precision, scale } => ("numeric", i32::from(*precision), i32::from(*scale)),
            ColumnType::Varchar(length) => ("varchar", length.map_or(MAX_VARCHAR, |length| length.min(MAX_VARCHAR)).cast_signed(), 0),
            ColumnType::Unknown => ("varchar", 0, 0),
            ColumnType::Char(length) => ("bpchar", length.cast_signed(), 0),
            ColumnType::Date => ("date", 13, 0),
            ColumnType::Time => ("time", 15, 6),
            ColumnType::Timestamp => ("timestamp", 29, 6),
            ColumnType::TimestampTz => ("timestamptz", 35, 6),
            ColumnType::Interval => ("interval", 49, 6),
            ColumnType::Varbyte => ("varbyte", MAX_VARCHAR.cast_signed(), 0),
            ColumnType::Super | ColumnType::Array(_) | ColumnType::Map(..) | ColumnType::Row(_) => ("super", 0, 0),
        };
        SqlType { name: name.to_owned(), precision, scale }
    }

    /// Names and sizes of Athena's `ColumnInfo`.
    fn athena(&self) -> SqlType {
        let (name, precision, scale) = match self {
            ColumnType::Boolean => ("boolean", 0, 0),
            ColumnType::Tinyint => ("tinyint", 3, 0),
            ColumnType::Int2 => ("smallint", 5, 0),
            ColumnType::Int4 => ("integer", 10, 0),
            ColumnType::Int8 => ("bigint", 19, 0),
            ColumnType::Float4 => ("float", 17, 0),
            ColumnType::Float8 => ("double", 17, 0),
            ColumnType::Decimal { precision, scale } => ("decimal", i32::from(*precision), i32::from(*scale)),
            ColumnType::Varchar(length) => ("varchar", length.map_or(UNBOUNDED, |length| i32::try_from(length).unwrap_or(UNBOUNDED)), 0),
            ColumnType::Super => ("varchar", UNBOUNDED, 0),
            ColumnType::Char(length) => ("char", length.cast_signed(), 0),
            ColumnType::Date => ("date", 0, 0),
            ColumnType::Time => ("time", 3, 0),
            ColumnType::Timestamp => ("timestamp", 3, 0),
            ColumnType::TimestampTz => ("timestamp with time zone", 3, 0),
            ColumnType::Interval => ("interval day to second", 0, 0),
            ColumnType::Varbyte => ("varbinary", 1_073_741_824, 0),
            ColumnType::Array(_) => ("array", 0, 0),
            ColumnType::Map(..) => ("map", 0, 0),
            ColumnType::Row(_) => ("row", 0, 0),
            ColumnType::Unknown => ("unknown", 0, 0),
        };
        SqlType { name: name.to_owned(), precision, scale }
    }

    /// The type in full, as Redshift's catalog views show it (`character varying(256)`, `numeric(6,3)`).
    pub fn redshift_text(&self) -> String {
        match self {
            ColumnType::Boolean => "boolean".into(),
            ColumnType::Tinyint | ColumnType::Int2 => "smallint".into(),
            ColumnType::Int4 => "integer".into(),
            ColumnType::Int8 => "bigint".into(),
            ColumnType::Float4 => "real".into(),
            ColumnType::Float8 => "double precision".into(),
            ColumnType::Decimal { precision, scale } => format!("numeric({precision},{scale})"),
            ColumnType::Varchar(length) => format!("character varying({})", length.map_or(MAX_VARCHAR, |n| n.min(MAX_VARCHAR))),
            ColumnType::Char(length) => format!("character({length})"),
            ColumnType::Date => "date".into(),
            ColumnType::Time => "time without time zone".into(),
            ColumnType::Timestamp => "timestamp without time zone".into(),
            ColumnType::TimestampTz => "timestamp with time zone".into(),
            ColumnType::Interval => "interval".into(),
            ColumnType::Varbyte => format!("binary varying({MAX_VARCHAR})"),
            ColumnType::Super | ColumnType::Array(_) | ColumnType::Map(..) | ColumnType::Row(_) => "super".into(),
            ColumnType::Unknown => "\"unknown\"".into(),
        }
    }

    /// The type in full, as Trino writes it (`varchar`, `decimal(6,3)`, `array(bigint)`).
    pub fn trino_text(&self) -> String {
        match self {
            ColumnType::Boolean => "boolean".into(),
            ColumnType::Tinyint => "tinyint".into(),
            ColumnType::Int2 => "smallint".into(),
            ColumnType::Int4 => "integer".into(),
            ColumnType::Int8 => "bigint".into(),
            ColumnType::Float4 => "real".into(),
            ColumnType::Float8 => "double".into(),
            ColumnType::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            ColumnType::Varchar(None) | ColumnType::Super => "varchar".into(),
            ColumnType::Varchar(Some(length)) => format!("varchar({length})"),
            ColumnType::Char(length) => format!("char({length})"),
            ColumnType::Date => "date".into(),
            ColumnType::Time => "time(6)".into(),
            ColumnType::Timestamp => "timestamp(3)".into(),
            ColumnType::TimestampTz => "timestamp(3) with time zone".into(),
            ColumnType::Interval => "interval day to second".into(),
            ColumnType::Varbyte => "varbinary".into(),
            ColumnType::Array(item) => format!("array({})", item.trino_text()),
            ColumnType::Map(key, value) => format!("map({}, {})", key.trino_text(), value.trino_text()),
            ColumnType::Row(fields) => {
                let fields: Vec<String> = fields.iter().map(|(name, kind)| format!("{name} {}", kind.trino_text())).collect();
                format!("row({})", fields.join(", "))
            }
            ColumnType::Unknown => "unknown".into(),
        }
    }

    /// The type in full, as the Glue catalog and Hive's DDL write it (`string`, `int`, `decimal(6,3)`).
    pub fn hive_text(&self) -> String {
        match self {
            ColumnType::Int4 => "int".into(),
            ColumnType::Float4 => "float".into(),
            ColumnType::Varchar(None) | ColumnType::Super | ColumnType::Unknown | ColumnType::Time | ColumnType::Interval => {
                "string".into()
            }
            ColumnType::Timestamp | ColumnType::TimestampTz => "timestamp".into(),
            ColumnType::Varbyte => "binary".into(),
            ColumnType::Array(item) => format!("array<{}>", item.hive_text()),
            ColumnType::Map(key, value) => format!("map<{},{}>", key.hive_text(), value.hive_text()),
            ColumnType::Row(fields) => {
                let fields: Vec<String> = fields.iter().map(|(name, kind)| format!("{name}:{}", kind.hive_text())).collect();
                format!("struct<{}>", fields.join(","))
            }
            other => other.trino_text(),
        }
    }

    /// The type that a definition names in the given dialect (Redshift's `CREATE TABLE`, Hive's and Trino's DDL); `None` for one that the
    /// dialect does not have.
    pub fn of_ast(dialect: Dialect, kind: &ast::DataType) -> Option<ColumnType> {
        use ast::DataType as Ast;
        let redshift = dialect == Dialect::Redshift;
        Some(match kind {
            Ast::Boolean | Ast::Bool => ColumnType::Boolean,
            Ast::TinyInt(_) if !redshift => ColumnType::Tinyint,
            Ast::SmallInt(_) | Ast::Int2(_) => ColumnType::Int2,
            Ast::Int(_) | Ast::Integer(_) | Ast::Int4(_) => ColumnType::Int4,
            Ast::BigInt(_) | Ast::Int8(_) => ColumnType::Int8,
            Ast::Real | Ast::Float4 => ColumnType::Float4,
            Ast::Float(ast::ExactNumberInfo::None) if !redshift => ColumnType::Float4,
            Ast::Float(ast::ExactNumberInfo::Precision(digits)) if *digits <= 24 => ColumnType::Float4,
            Ast::Double(_) | Ast::DoublePrecision | Ast::Float8 | Ast::Float64 | Ast::Float(_) => ColumnType::Float8,
            Ast::Decimal(info) | Ast::Numeric(info) | Ast::Dec(info) => decimal(dialect, *info)?,
            Ast::Varchar(length) | Ast::CharacterVarying(length) | Ast::CharVarying(length) | Ast::Nvarchar(length) => {
                varchar(dialect, *length)?
            }
            Ast::Text => ColumnType::Varchar(redshift.then_some(DEFAULT_VARCHAR)),
            Ast::String(_) => ColumnType::Varchar(redshift.then_some(DEFAULT_VARCHAR)),
            Ast::Char(length) | Ast::Character(length) => ColumnType::Char(match length {
                Some(ast::CharacterLength::IntegerLength { length, .. }) => u32::try_from(*length).ok()?,
                Some(ast::CharacterLength::Max) => 4096,
                None => 1,
            }),
            Ast::Date => ColumnType::Date,
            Ast::Time(..) => ColumnType::Time,
            Ast::Timestamp(_, ast::TimezoneInfo::Tz | ast::TimezoneInfo::WithTimeZone) => ColumnType::TimestampTz,
            Ast::Timestamp(..) | Ast::Datetime(_) | Ast::TimestampNtz(_) => ColumnType::Timestamp,
            Ast::Interval { .. } => ColumnType::Interval,
            Ast::Varbinary(_) | Ast::Binary(_) | Ast::Bytea | Ast::Bytes(_) => ColumnType::Varbyte,
            Ast::Array(ast::ArrayElemTypeDef::AngleBracket(item) | ast::ArrayElemTypeDef::Parenthesis(item)) if !redshift => {
                ColumnType::Array(Box::new(ColumnType::of_ast(dialect, item)?))
            }
            Ast::Custom(name, arguments) => custom(dialect, &name.to_string().to_ascii_lowercase(), arguments)?,
            _ => return None,
        })
    }
}

impl ColumnType {
    /// The type that Hive's DDL names (`int`, `string`, `decimal(6,3)`, `array<string>`), or Redshift's in `CREATE EXTERNAL TABLE`.
    pub fn of_hive(text: &str) -> Option<ColumnType> {
        let text = text.trim().to_lowercase();
        let end = text.find(['(', '<']).unwrap_or(text.len());
        let (name, rest) = (text[..end].trim(), text[end..].trim());
        let arguments = || rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let inner = || rest.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        let length = || arguments().and_then(|text| text.trim().parse::<u32>().ok());
        let plain = |kind: ColumnType| rest.is_empty().then_some(kind);
        match name {
            "boolean" | "bool" => plain(ColumnType::Boolean),
            "tinyint" => plain(ColumnType::Tinyint),
            "smallint" | "int2" => plain(ColumnType::Int2),
            "int" | "integer" | "int4" => plain(ColumnType::Int4),
            "bigint" | "int8" => plain(ColumnType::Int8),
            "float" | "real" | "float4" => plain(ColumnType::Float4),
            "double" | "double precision" | "float8" => plain(ColumnType::Float8),
            "string" | "text" => plain(ColumnType::Varchar(None)),
            "varchar" | "character varying" if rest.is_empty() => Some(ColumnType::Varchar(None)),
            "varchar" | "character varying" => length().filter(|length| *length > 0).map(|length| ColumnType::Varchar(Some(length))),
            "char" | "character" => length().filter(|length| *length > 0).map(ColumnType::Char),
            "date" => plain(ColumnType::Date),
            "timestamp" => plain(ColumnType::Timestamp),
            "binary" | "varbyte" => plain(ColumnType::Varbyte),
            "super" => plain(ColumnType::Super),
            "decimal" | "numeric" if rest.is_empty() => Some(ColumnType::Decimal { precision: 10, scale: 0 }),
            "decimal" | "numeric" => {
                let arguments = arguments()?;
                let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
                let (precision, scale) = (precision.trim().parse::<u8>().ok()?, scale.trim().parse::<i8>().ok()?);
                (1..=38)
                    .contains(&precision)
                    .then_some(ColumnType::Decimal { precision, scale })
                    .filter(|_| scale >= 0 && scale.cast_unsigned() <= precision)
            }
            "array" => Some(ColumnType::Array(Box::new(ColumnType::of_hive(inner()?)?))),
            "map" => {
                let parts = split_outside(inner()?);
                let [key, value] = parts.as_slice() else { return None };
                Some(ColumnType::Map(Box::new(ColumnType::of_hive(key)?), Box::new(ColumnType::of_hive(value)?)))
            }
            "struct" => split_outside(inner()?)
                .into_iter()
                .map(|field| {
                    let (name, kind) = field.split_once(':')?;
                    Some((name.trim().to_owned(), ColumnType::of_hive(kind)?))
                })
                .collect::<Option<Vec<_>>>()
                .map(ColumnType::Row),
            _ => None,
        }
    }
}

/// Splits at the commas that are outside brackets.
fn split_outside(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `decimal` without digits is `DECIMAL(18,0)` in Redshift, `decimal(10,0)` in Hive.
fn decimal(dialect: Dialect, info: ast::ExactNumberInfo) -> Option<ColumnType> {
    let (precision, scale) = match info {
        ast::ExactNumberInfo::None if dialect == Dialect::Redshift => (18, 0),
        ast::ExactNumberInfo::None => (10, 0),
        ast::ExactNumberInfo::Precision(precision) => (precision, 0),
        ast::ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
    };
    let (precision, scale) = (u8::try_from(precision).ok()?, i8::try_from(scale).ok()?);
    ((1..=38).contains(&precision) && scale >= 0 && scale.cast_unsigned() <= precision).then_some(ColumnType::Decimal { precision, scale })
}

/// `varchar` without a length is `VARCHAR(256)` in Redshift and unbounded in Trino.
fn varchar(dialect: Dialect, length: Option<ast::CharacterLength>) -> Option<ColumnType> {
    let length = match length {
        Some(ast::CharacterLength::IntegerLength { length, .. }) => Some(u32::try_from(length).ok()?),
        Some(ast::CharacterLength::Max) => Some(MAX_VARCHAR),
        None => (dialect == Dialect::Redshift).then_some(DEFAULT_VARCHAR),
    };
    if dialect == Dialect::Redshift && length.is_some_and(|length| length == 0 || length > MAX_VARCHAR) {
        return None;
    }
    Some(ColumnType::Varchar(length))
}

/// Types that sqlparser has no word for.
fn custom(dialect: Dialect, name: &str, arguments: &[String]) -> Option<ColumnType> {
    let redshift = dialect == Dialect::Redshift;
    Some(match name {
        "super" if redshift => ColumnType::Super,
        "bpchar" if redshift => ColumnType::Char(arguments.first().map_or(Some(DEFAULT_VARCHAR), |text| text.parse().ok())?),
        "varbyte" | "varbinary" => ColumnType::Varbyte,
        "timestamptz" => ColumnType::TimestampTz,
        "timetz" => ColumnType::Time,
        "string" if !redshift => ColumnType::Varchar(None),
        "binary" if !redshift => ColumnType::Varbyte,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use datafusion::sql::sqlparser::dialect::RedshiftSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    fn redshift(text: &str) -> Option<ColumnType> {
        let kind = Parser::new(&RedshiftSqlDialect {}).try_with_sql(text).unwrap().parse_data_type().unwrap();
        ColumnType::of_ast(Dialect::Redshift, &kind)
    }

    #[test]
    fn redshift_fills_in_what_a_type_leaves_out() {
        assert_eq!(redshift("decimal"), Some(ColumnType::Decimal { precision: 18, scale: 0 }));
        assert_eq!(redshift("text"), Some(ColumnType::Varchar(Some(256))));
        assert_eq!(redshift("varchar"), Some(ColumnType::Varchar(Some(256))));
        assert_eq!(redshift("varchar(max)"), Some(ColumnType::Varchar(Some(65535))));
        assert_eq!(redshift("numeric(6,3)"), Some(ColumnType::Decimal { precision: 6, scale: 3 }));
        assert_eq!(redshift("float"), Some(ColumnType::Float8));
        assert_eq!(redshift("char"), Some(ColumnType::Char(1)));
        assert_eq!((redshift("decimal(39,0)"), redshift("varchar(0)"), redshift("json")), (None, None, None));
        assert_eq!(redshift("super"), Some(ColumnType::Super));
    }

    #[test]
    fn hive_types_are_read_and_written() {
        for text in
            ["int", "bigint", "string", "decimal(6,3)", "double", "varchar(20)", "array<map<string,int>>", "struct<a:int,b:array<date>>"]
        {
            assert_eq!(ColumnType::of_hive(text).map(|kind| kind.hive_text()).as_deref(), Some(text));
        }
        assert_eq!((ColumnType::of_hive("decimal(3,4)"), ColumnType::of_hive("strin")), (None, None));
    }

    #[test]
    fn results_are_named_by_dialect() {
        let kind = ColumnType::Decimal { precision: 6, scale: 3 };
        assert_eq!(kind.sql_type(Dialect::Redshift), SqlType { name: "numeric".into(), precision: 6, scale: 3 });
        assert_eq!(kind.sql_type(Dialect::Athena), SqlType { name: "decimal".into(), precision: 6, scale: 3 });
        assert_eq!(ColumnType::Int8.sql_type(Dialect::Redshift).name, "int8");
        assert_eq!(ColumnType::Int8.sql_type(Dialect::Athena).name, "bigint");
        assert_eq!(ColumnType::of_arrow(Dialect::Redshift, &DataType::UInt64), ColumnType::Int8);
        assert_eq!(ColumnType::of_arrow(Dialect::Athena, &DataType::Utf8View), ColumnType::Varchar(None));
    }
}

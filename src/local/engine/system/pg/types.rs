//! Types by PostgreSQL's numbers: those that columns can have, those of the catalog itself, and what they are called.

use super::{TABLESPACE, nothing};
use crate::local::engine::rows::Rows;
use crate::local::engine::system::Kind::{Array, Bool, Float, Int, Long, Text};
use crate::local::engine::system::{Snapshot, USER_ID, View, some, truth};
use crate::local::engine::types::{ColumnType, MAX_VARCHAR};

pub(in crate::engine::system) const VIEWS: &[View] = &[
    View {
        name: "pg_type",
        columns: &[
            ("oid", Int),
            ("typname", Text),
            ("typnamespace", Long),
            ("typowner", Int),
            ("typlen", Int),
            ("typbyval", Bool),
            ("typtype", Text),
            ("typcategory", Text),
            ("typisdefined", Bool),
            ("typdelim", Text),
            ("typrelid", Int),
            ("typelem", Int),
            ("typarray", Int),
            ("typinput", Text),
            ("typoutput", Text),
            ("typreceive", Text),
            ("typsend", Text),
            ("typalign", Text),
            ("typstorage", Text),
            ("typnotnull", Bool),
            ("typbasetype", Int),
            ("typtypmod", Int),
            ("typndims", Int),
            ("typcollation", Int),
            ("typdefault", Text),
            ("typacl", Text),
        ],
        fill: types,
        ordered: true,
    },
    View {
        name: "pg_enum",
        columns: &[("oid", Long), ("enumtypid", Int), ("enumsortorder", Float), ("enumlabel", Text)],
        fill: nothing,
        ordered: false,
    },
    View {
        name: "pg_collation",
        columns: &[
            ("oid", Int),
            ("collname", Text),
            ("collnamespace", Long),
            ("collowner", Int),
            ("collencoding", Int),
            ("collcollate", Text),
            ("collctype", Text),
        ],
        fill: collations,
        ordered: false,
    },
    View {
        name: "pg_database",
        columns: &[
            ("oid", Long),
            ("datname", Text),
            ("datdba", Int),
            ("encoding", Int),
            ("datcollate", Text),
            ("datctype", Text),
            ("datistemplate", Bool),
            ("datallowconn", Bool),
            ("datconnlimit", Int),
            ("dattablespace", Int),
            ("datconfig", Array("_text")),
            ("datacl", Text),
        ],
        fill: databases,
        ordered: false,
    },
    View {
        name: "pg_tablespace",
        columns: &[("oid", Int), ("spcname", Text), ("spcowner", Int), ("spclocation", Text), ("spcacl", Text)],
        fill: super::relations::tablespaces,
        ordered: false,
    },
];

/// A type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    number: i32,
    /// The name that it has in the catalog.
    name: &'static str,
    /// The name that it has in SQL.
    sql: &'static str,
    /// Bytes of a value, -1 where they vary.
    length: i32,
    /// `N` of numbers, `S` of texts, `D` of moments, `B` of truth, `T` of spans, `A` of arrays, `P` of what is no type of a column, `U` else.
    category: char,
    /// Type of the items, of an array.
    item: i32,
}

impl Known {
    pub(super) fn is_array(self) -> bool {
        self.category == 'A'
    }
}

const fn plain(number: i32, name: &'static str, sql: &'static str, length: i32, category: char) -> Known {
    Known { number, name, sql, length, category, item: 0 }
}

const fn array(number: i32, name: &'static str, sql: &'static str, item: i32) -> Known {
    Known { number, name, sql, length: -1, category: 'A', item }
}

/// The type of texts that have a longest length.
pub(super) const VARCHAR: i32 = 1043;

const TYPES: [Known; 51] = [
    plain(16, "bool", "boolean", 1, 'B'),
    plain(17, "bytea", "bytea", -1, 'U'),
    plain(18, "char", "\"char\"", 1, 'S'),
    plain(19, "name", "name", 128, 'S'),
    plain(20, "int8", "bigint", 8, 'N'),
    plain(21, "int2", "smallint", 2, 'N'),
    array(22, "int2vector", "int2vector", 21),
    plain(23, "int4", "integer", 4, 'N'),
    plain(24, "regproc", "regproc", 4, 'N'),
    plain(25, "text", "text", -1, 'S'),
    plain(26, "oid", "oid", 4, 'N'),
    array(30, "oidvector", "oidvector", 26),
    plain(700, "float4", "real", 4, 'N'),
    plain(701, "float8", "double precision", 8, 'N'),
    plain(705, "unknown", "\"unknown\"", -1, 'U'),
    array(1000, "_bool", "boolean[]", 16),
    array(1001, "_bytea", "bytea[]", 17),
    array(1002, "_char", "\"char\"[]", 18),
    array(1003, "_name", "name[]", 19),
    array(1005, "_int2", "smallint[]", 21),
    array(1007, "_int4", "integer[]", 23),
    array(1009, "_text", "text[]", 25),
    array(1014, "_bpchar", "character[]", 1042),
    array(1015, "_varchar", "character varying[]", VARCHAR),
    array(1016, "_int8", "bigint[]", 20),
    array(1021, "_float4", "real[]", 700),
    array(1022, "_float8", "double precision[]", 701),
    array(1028, "_oid", "oid[]", 26),
    plain(1033, "aclitem", "aclitem", 12, 'U'),
    array(1034, "_aclitem", "aclitem[]", 1033),
    plain(1042, "bpchar", "character", -1, 'S'),
    plain(VARCHAR, "varchar", "character varying", -1, 'S'),
    plain(1082, "date", "date", 4, 'D'),
    plain(1083, "time", "time without time zone", 8, 'D'),
    plain(1114, "timestamp", "timestamp without time zone", 8, 'D'),
    array(1115, "_timestamp", "timestamp without time zone[]", 1114),
    array(1182, "_date", "date[]", 1082),
    plain(1184, "timestamptz", "timestamp with time zone", 8, 'D'),
    plain(1186, "interval", "interval", 16, 'T'),
    array(1231, "_numeric", "numeric[]", 1700),
    plain(1266, "timetz", "time with time zone", 12, 'D'),
    plain(1700, "numeric", "numeric", -1, 'N'),
    plain(2205, "regclass", "regclass", 4, 'N'),
    plain(2206, "regtype", "regtype", 4, 'N'),
    plain(2249, "record", "record", -1, 'P'),
    plain(2275, "cstring", "cstring", -2, 'P'),
    plain(2276, "any", "\"any\"", 4, 'P'),
    plain(2278, "void", "void", 4, 'P'),
    plain(2279, "trigger", "\"trigger\"", 4, 'P'),
    plain(4000, "super", "super", -1, 'U'),
    plain(6551, "varbyte", "binary varying", -1, 'U'),
];

/// The type of a number.
pub(super) fn known(number: i32) -> Option<Known> {
    TYPES.iter().copied().find(|known| known.number == number)
}

/// The number of a type by its name in SQL or in the catalog.
pub fn type_number(name: &str) -> Option<i32> {
    let lower = name.trim().to_lowercase();
    let bare = lower.strip_prefix("pg_catalog.").unwrap_or(&lower).trim_matches('"');
    let synonym = match bare {
        "int" => "integer",
        "float" => "double precision",
        "decimal" => "numeric",
        "timestamp" => "timestamp without time zone",
        "time" => "time without time zone",
        other => other,
    };
    let found = TYPES.iter().find(|known| known.sql.trim_matches('"') == synonym || known.name == bare);
    found.map(|known| known.number)
}

/// What SQL calls a type, with the size that a modifier says (-1 for none), as `format_type` does.
pub fn type_name(number: i64, modifier: i64) -> String {
    let Some(known) = i32::try_from(number).ok().and_then(known) else {
        return if number == 0 { "-".to_owned() } else { "???".to_owned() };
    };
    let size = modifier - 4;
    match known.number {
        1042 | VARCHAR if size > 0 => format!("{}({size})", known.sql),
        1700 if size > 0 => format!("numeric({},{})", size >> 16, size & 0xFFFF),
        6551 if size > 0 => format!("binary varying({size})"),
        _ => known.sql.to_owned(),
    }
}

/// Number, length in bytes (-1 where it varies) and modifier of the type of a column, as PostgreSQL has them.
pub(in crate::engine::system) fn of_column(kind: &ColumnType) -> (i32, i32, i64) {
    let text = |length: u32| i64::from(length) + 4;
    match kind {
        ColumnType::Boolean => (16, 1, -1),
        ColumnType::Tinyint | ColumnType::Int2 => (21, 2, -1),
        ColumnType::Int4 => (23, 4, -1),
        ColumnType::Int8 => (20, 8, -1),
        ColumnType::Float4 => (700, 4, -1),
        ColumnType::Float8 => (701, 8, -1),
        ColumnType::Decimal { precision, scale } => (1700, -1, (i64::from(*precision) << 16 | i64::from(*scale)) + 4),
        ColumnType::Varchar(length) => (VARCHAR, -1, text(length.unwrap_or(MAX_VARCHAR))),
        ColumnType::Char(length) => (1042, -1, text(*length)),
        ColumnType::Date => (1082, 4, -1),
        ColumnType::Time => (1083, 8, -1),
        ColumnType::Timestamp => (1114, 8, -1),
        ColumnType::TimestampTz => (1184, 8, -1),
        ColumnType::Interval => (1186, 16, -1),
        ColumnType::Varbyte => (6551, -1, -1),
        ColumnType::Super | ColumnType::Array(_) | ColumnType::Map(..) | ColumnType::Row(_) => (4000, -1, -1),
        ColumnType::Unknown => (705, -1, -1),
    }
}

/// How values of so many bytes are aligned.
pub(super) fn alignment(length: i32) -> &'static str {
    match length {
        1 => "c",
        2 => "s",
        8 | 16 => "d",
        _ => "i",
    }
}

/// The number of the collation of a type: texts have the default one.
pub(super) fn collation(number: i32) -> &'static str {
    match known(number) {
        Some(Known { category: 'S', name, .. }) if !matches!(name, "char" | "name") => "100",
        _ => "0",
    }
}

/// The encodings of columns by their numbers in `attencodingtype`, which `format_encoding` turns into their names.
pub const ENCODINGS: [&str; 13] =
    ["none", "bytedict", "delta", "delta32k", "lzo", "mostly8", "mostly16", "mostly32", "runlength", "text255", "text32k", "zstd", "az64"];

/// The number of an encoding.
pub(super) fn encoding_number(name: &str) -> usize {
    ENCODINGS.iter().position(|known| *known == name).unwrap_or_default()
}

fn types(_: &Snapshot<'_>, rows: &mut Rows) {
    for known in TYPES {
        let array = TYPES.iter().find(|other| other.item == known.number && other.name.starts_with('_')).map_or(0, |other| other.number);
        let [input, output, receive, send] = if known.name.starts_with('_') {
            ["array_in", "array_out", "array_recv", "array_send"].map(str::to_owned)
        } else {
            ["in", "out", "recv", "send"].map(|what| format!("{}{what}", known.name))
        };
        rows.push([
            some(known.number.to_string()),
            some(known.name),
            some("11"),
            some(USER_ID),
            some(known.length.to_string()),
            truth((1..=8).contains(&known.length)),
            some(if known.category == 'P' { "p" } else { "b" }),
            some(known.category.to_string()),
            truth(true),
            some(","),
            some("0"),
            some(known.item.to_string()),
            some(array.to_string()),
            some(input),
            some(output),
            some(receive),
            some(send),
            some(alignment(known.length)),
            some(if known.length < 0 { "x" } else { "p" }),
            truth(false),
            some("0"),
            some("-1"),
            some("0"),
            some(collation(known.number)),
            None,
            None,
        ]);
    }
}

fn collations(_: &Snapshot<'_>, rows: &mut Rows) {
    rows.add(["100", "default", "11", USER_ID, "-1", "C", "C"]);
}

fn databases(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for name in snapshot.catalog().warehouse.keys() {
        rows.push([
            some(super::super::database_number(name).to_string()),
            some(name),
            some(USER_ID),
            // UTF-8.
            some("6"),
            some("C"),
            some("C"),
            truth(false),
            truth(true),
            some("-1"),
            some(TABLESPACE),
            None,
            None,
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_called_as_in_sql() {
        for (number, modifier, name) in [
            (23, -1, "integer"),
            (1043, 260, "character varying(256)"),
            (1043, -1, "character varying"),
            (1042, 5, "character(1)"),
            (1700, (7 << 16 | 3) + 4, "numeric(7,3)"),
            (1005, -1, "smallint[]"),
            (4000, -1, "super"),
            (0, -1, "-"),
            (99, -1, "???"),
        ] {
            assert_eq!(type_name(number, modifier), name);
        }
    }

    #[test]
    fn types_are_found_by_both_names() {
        for (name, number) in
            [("int4", 23), ("integer", 23), ("pg_catalog.trigger", 2279), ("timestamp", 1114), ("_text", 1009), ("\"char\"", 18)]
        {
            assert_eq!(type_number(name), Some(number), "{name}");
        }
        assert_eq!(type_number("colour"), None);
    }

    #[test]
    fn the_items_of_arrays_are_types() {
        for known in TYPES.iter().filter(|known| known.item != 0) {
            assert!(super::known(known.item).is_some_and(|item| !item.is_array()), "{}", known.name);
        }
        assert!(TYPES.is_sorted_by_key(|known| known.number));
    }
}

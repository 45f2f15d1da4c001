//! Types of the engine by PostgreSQL's numbers, and back.

use pgwire::messages::data::FieldDescription;

use crate::local::engine::{self, OutputColumn, SqlType};

/// The number of a type.
pub(super) type Oid = u32;

pub(super) const BOOL: Oid = 16;
pub(super) const CHAR: Oid = 18;
pub(super) const NAME: Oid = 19;
pub(super) const INT8: Oid = 20;
pub(super) const INT2: Oid = 21;
pub(super) const INT4: Oid = 23;
pub(super) const TEXT: Oid = 25;
pub(super) const OID: Oid = 26;
pub(super) const FLOAT4: Oid = 700;
pub(super) const FLOAT8: Oid = 701;
pub(super) const UNKNOWN: Oid = 705;
pub(super) const BPCHAR: Oid = 1042;
pub(super) const VARCHAR: Oid = 1043;
pub(super) const DATE: Oid = 1082;
pub(super) const TIME: Oid = 1083;
pub(super) const TIMESTAMP: Oid = 1114;
pub(super) const TIMESTAMPTZ: Oid = 1184;
pub(super) const INTERVAL: Oid = 1186;
pub(super) const NUMERIC: Oid = 1700;
/// Redshift's own types, which PostgreSQL does not have.
const SUPER: Oid = 4000;
const VARBYTE: Oid = 6551;

/// The number of a type by Redshift's name of it.
pub(super) fn of_name(name: &str) -> Oid {
    match name {
        "bool" => BOOL,
        "int2" => INT2,
        "int4" => INT4,
        "int8" => INT8,
        "float4" => FLOAT4,
        "float8" => FLOAT8,
        "numeric" => NUMERIC,
        "bpchar" => BPCHAR,
        "date" => DATE,
        "time" => TIME,
        "timestamp" => TIMESTAMP,
        "timestamptz" => TIMESTAMPTZ,
        "interval" => INTERVAL,
        "super" => SUPER,
        "varbyte" => VARBYTE,
        _ if item_of(name).is_some() => engine::type_number(name).and_then(|number| Oid::try_from(number).ok()).unwrap_or(VARCHAR),
        _ => VARCHAR,
    }
}

/// The type of the items of an array of the catalog, by the name of its type; `None` for what is no array.
pub(super) fn item_of(name: &str) -> Option<Oid> {
    Some(match name {
        "_int2" | "int2vector" => INT2,
        "_oid" | "oidvector" => OID,
        "_char" => CHAR,
        "_name" => NAME,
        "_text" => TEXT,
        _ => return None,
    })
}

/// Redshift's name of a type that a client gives a parameter; `None` where the statement has to tell.
pub(super) fn name_of(oid: Oid) -> Option<&'static str> {
    Some(match oid {
        BOOL => "bool",
        INT2 => "int2",
        INT4 | OID => "int4",
        INT8 => "int8",
        FLOAT4 => "float4",
        FLOAT8 => "float8",
        NUMERIC => "numeric",
        DATE => "date",
        TIME => "time",
        TIMESTAMP => "timestamp",
        TIMESTAMPTZ => "timestamptz",
        // A text is compared with what it stands beside, as a literal is.
        _ => return None,
    })
}

/// A result column, in text (0) or binary (1).
pub(super) fn field(column: &OutputColumn, format: i16) -> FieldDescription {
    let (size, modifier) = sizes(&column.sql_type);
    FieldDescription::new(column.label.clone(), 0, 0, of_name(&column.sql_type.name), size, modifier, format)
}

/// Bytes of a value, -1 where they vary, and what the type is narrowed to.
fn sizes(kind: &SqlType) -> (i16, i32) {
    match kind.name.as_str() {
        "bool" => (1, -1),
        "int2" => (2, -1),
        "int4" | "float4" | "date" => (4, -1),
        "int8" | "float8" | "time" | "timestamp" | "timestamptz" => (8, -1),
        "interval" => (16, -1),
        "numeric" => (-1, ((kind.precision << 16) | kind.scale) + 4),
        "varchar" | "bpchar" if kind.precision > 0 => (-1, kind.precision + 4),
        _ => (-1, -1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_numbers_of_postgresql() {
        for (name, number) in
            [("int4", 23), ("varchar", 1043), ("_int2", 1005), ("int2vector", 22), ("_text", 1009), ("_name", 1003), ("super", 4000)]
        {
            assert_eq!(of_name(name), number, "{name}");
        }
    }
}

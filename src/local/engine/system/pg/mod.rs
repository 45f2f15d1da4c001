//! `pg_catalog`: what clients that speak PostgreSQL ask for.
//!
//! The views have the columns that Redshift has, and those that psql, JDBC and DBeaver ask for although they are of a later PostgreSQL than
//! the one that Redshift calls itself: they send what they would send to the oldest server that they support. What neither Redshift nor the
//! embedded warehouse has (operators, extensions, foreign servers) is not there, and asking for it is an error.

pub(super) mod constraints;
pub(super) mod functions;
pub(super) mod people;
pub(super) mod readable;
pub(super) mod relations;
pub(super) mod types;

pub use types::{ENCODINGS, type_name, type_number};

use super::{Rows, Snapshot};

/// The number of `pg_class`, which says of a number that it is a relation's.
pub(super) const CLASS: i64 = 1259;
/// The number of `pg_namespace`.
pub(super) const NAMESPACE: i64 = 2615;
/// The number of `pg_constraint`.
const CONSTRAINT: i64 = 2606;
/// The number of the one access method, `btree`.
const BTREE: &str = "403";
/// The number of the tablespace that everything is in.
const TABLESPACE: &str = "1663";
/// The number of the language of functions that the engine computes.
const INTERNAL: &str = "12";

/// The numbers that PostgreSQL's own tables have everywhere.
const NUMBERED: [(&str, i64); 19] = [
    ("pg_am", 2601),
    ("pg_attrdef", 2604),
    ("pg_attribute", 1249),
    ("pg_auth_members", 1261),
    ("pg_class", CLASS),
    ("pg_collation", 3456),
    ("pg_constraint", CONSTRAINT),
    ("pg_database", 1262),
    ("pg_depend", 2608),
    ("pg_description", 2609),
    ("pg_enum", 3501),
    ("pg_index", 2610),
    ("pg_inherits", 2611),
    ("pg_language", 2612),
    ("pg_namespace", NAMESPACE),
    ("pg_proc", 1255),
    ("pg_tablespace", 1213),
    ("pg_trigger", 2620),
    ("pg_type", 1247),
];

/// The number of a view of the system.
pub(super) fn view_number(schema: &str, name: &str) -> i64 {
    let known = NUMBERED.iter().find(|(known, _)| schema == super::PG_CATALOG && *known == name);
    known.map_or_else(|| super::number(&format!("{schema}.{name}")), |(_, number)| *number)
}

/// What PostgreSQL calls a view of the system: `r` for its own tables and for those of Redshift's log, `v` for the rest.
pub(super) fn view_kind(name: &str) -> &'static str {
    let table = NUMBERED.iter().any(|(known, _)| *known == name) || name.starts_with("stl_") || name.starts_with("stv_");
    if table { "r" } else { "v" }
}

/// For what there is none of.
fn nothing(_: &Snapshot<'_>, _: &mut Rows) {}

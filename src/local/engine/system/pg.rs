//! `pg_catalog`: what clients that speak PostgreSQL ask for.

use super::Kind::{Bool, Float, Int, Long, Text, Time};
use super::{Listed, Snapshot, USER_ID, View, encoding, information, oid, schema_oid, some, sort_position, truth};
use crate::local::engine::catalog::{ColumnDef, TEMPORARY};
use crate::local::engine::parse::DistStyle;
use crate::local::engine::rows::Rows;
use crate::local::engine::types::{ColumnType, MAX_VARCHAR};
use crate::local::engine::{models, settings};

pub(super) const VIEWS: &[View] = &[
    View {
        name: "pg_namespace",
        columns: &[("oid", Long), ("nspname", Text), ("nspowner", Int), ("nspacl", Text)],
        fill: namespaces,
        ordered: false,
    },
    View {
        name: "pg_database",
        columns: &[
            ("oid", Long),
            ("datname", Text),
            ("datdba", Int),
            ("encoding", Int),
            ("datistemplate", Bool),
            ("datallowconn", Bool),
            ("datacl", Text),
        ],
        fill: databases,
        ordered: false,
    },
    View {
        name: "pg_class",
        columns: &[
            ("oid", Long),
            ("relname", Text),
            ("relnamespace", Long),
            ("relowner", Int),
            ("relpages", Long),
            ("reltuples", Float),
            ("relhasindex", Bool),
            ("relkind", Text),
            ("relnatts", Int),
            ("relhaspkey", Bool),
            ("reldiststyle", Int),
            ("relacl", Text),
        ],
        fill: classes,
        ordered: false,
    },
    View {
        name: "pg_attribute",
        columns: &[
            ("attrelid", Long),
            ("attname", Text),
            ("atttypid", Int),
            ("attlen", Int),
            ("attnum", Int),
            ("attndims", Int),
            ("atttypmod", Int),
            ("attnotnull", Bool),
            ("atthasdef", Bool),
            ("attisdropped", Bool),
            ("attisdistkey", Bool),
            ("attsortkeyord", Int),
        ],
        fill: attributes,
        ordered: true,
    },
    View {
        name: "pg_attrdef",
        columns: &[("oid", Long), ("adrelid", Long), ("adnum", Int), ("adbin", Text), ("adsrc", Text)],
        fill: defaults,
        ordered: false,
    },
    View {
        name: "pg_type",
        columns: &[
            ("oid", Int),
            ("typname", Text),
            ("typnamespace", Long),
            ("typlen", Int),
            ("typtype", Text),
            ("typrelid", Int),
            ("typelem", Int),
            ("typnotnull", Bool),
            ("typbasetype", Int),
            ("typtypmod", Int),
        ],
        fill: types,
        ordered: true,
    },
    View {
        name: "pg_description",
        columns: &[("objoid", Long), ("classoid", Int), ("objsubid", Int), ("description", Text)],
        fill: descriptions,
        ordered: false,
    },
    View {
        name: "pg_index",
        columns: &[
            ("indexrelid", Long),
            ("indrelid", Long),
            ("indkey", Text),
            ("indnatts", Int),
            ("indisunique", Bool),
            ("indisprimary", Bool),
        ],
        fill: indexes,
        ordered: false,
    },
    View {
        name: "pg_constraint",
        columns: &[
            ("oid", Long),
            ("conname", Text),
            ("connamespace", Long),
            ("contype", Text),
            ("condeferrable", Bool),
            ("condeferred", Bool),
            ("conrelid", Long),
            ("confrelid", Long),
            ("conkey", Text),
        ],
        fill: constraints,
        ordered: false,
    },
    View {
        name: "pg_user",
        columns: &[
            ("usename", Text),
            ("usesysid", Int),
            ("usecreatedb", Bool),
            ("usesuper", Bool),
            ("usecatupd", Bool),
            ("passwd", Text),
            ("valuntil", Time),
            ("useconfig", Text),
        ],
        fill: users,
        ordered: false,
    },
    View {
        name: "pg_user_info",
        columns: &[
            ("usename", Text),
            ("usesysid", Int),
            ("usecreatedb", Bool),
            ("usesuper", Bool),
            ("usecatupd", Bool),
            ("passwd", Text),
            ("valuntil", Time),
            ("useconfig", Text),
        ],
        fill: users,
        ordered: false,
    },
    View { name: "pg_group", columns: &[("groname", Text), ("grosysid", Int), ("grolist", Text)], fill: nothing, ordered: false },
    View {
        name: "pg_proc",
        columns: &[
            ("oid", Long),
            ("proname", Text),
            ("pronamespace", Long),
            ("proowner", Int),
            ("prolang", Int),
            ("proisagg", Bool),
            ("pronargs", Int),
        ],
        fill: functions,
        ordered: false,
    },
    View {
        name: "pg_settings",
        columns: &[
            ("name", Text),
            ("setting", Text),
            ("category", Text),
            ("short_desc", Text),
            ("context", Text),
            ("vartype", Text),
            ("source", Text),
        ],
        fill: parameters,
        ordered: false,
    },
    View {
        name: "pg_tables",
        columns: &[
            ("schemaname", Text),
            ("tablename", Text),
            ("tableowner", Text),
            ("tablespace", Text),
            ("hasindexes", Bool),
            ("hasrules", Bool),
            ("hastriggers", Bool),
        ],
        fill: tables,
        ordered: false,
    },
    View {
        name: "pg_views",
        columns: &[("schemaname", Text), ("viewname", Text), ("viewowner", Text), ("definition", Text)],
        fill: views,
        ordered: false,
    },
    View {
        name: "pg_table_def",
        columns: &[
            ("schemaname", Text),
            ("tablename", Text),
            ("column", Text),
            ("type", Text),
            ("encoding", Text),
            ("distkey", Bool),
            ("sortkey", Int),
            ("notnull", Bool),
        ],
        fill: table_definitions,
        ordered: true,
    },
    View {
        name: "pg_stat_activity",
        columns: &[
            ("datid", Long),
            ("datname", Text),
            ("procpid", Long),
            ("usesysid", Int),
            ("usename", Text),
            ("current_query", Text),
            ("query_start", Time),
        ],
        fill: activity,
        ordered: true,
    },
];

fn nothing(_: &Snapshot<'_>, _: &mut Rows) {}

fn namespaces(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for schema in snapshot.schemas() {
        rows.push([some(schema_oid(schema)), some(schema), some(USER_ID), None]);
    }
}

fn databases(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for name in snapshot.catalog().warehouse.keys() {
        let oid = oid(&format!("database {name}"));
        rows.push([some(oid), some(name), some(USER_ID), some("6"), truth(false), truth(true), None]);
    }
}

fn classes(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.own() {
        let table = relation.table.as_ref();
        let style = match table.map(|table| (table.attributes.dist_style, table.attributes.dist_key.is_some())) {
            Some((Some(DistStyle::Even), _)) => 0,
            Some((Some(DistStyle::Key), _) | (None, true)) => 1,
            Some((Some(DistStyle::All), _)) => 8,
            Some(_) => 9,
            None => 0,
        };
        let bytes: u64 = table.map_or(0, |table| table.files.iter().map(|file| file.bytes).sum());
        let keyed = table.is_some_and(|table| !table.primary_key.is_empty());
        rows.push([
            some(relation.oid()),
            some(&relation.name),
            some(schema_oid(&relation.schema)),
            some(USER_ID),
            // Pages are blocks of 1 MB.
            some(bytes.div_ceil(1 << 20).to_string()),
            some(table.map_or(0, |table| table.rows()).to_string()),
            truth(keyed),
            some(if relation.kind == "BASE TABLE" { "r" } else { "v" }),
            some(relation.columns.len().to_string()),
            truth(keyed),
            some(style.to_string()),
            None,
        ]);
    }
}

fn attributes(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, index, column) in snapshot.columns().filter(|(relation, ..)| !relation.lake) {
        let (kind, length, modifier) = type_of(&column.column_type);
        let table = relation.table.as_ref();
        rows.push([
            some(relation.oid()),
            some(&column.name),
            some(kind.to_string()),
            some(length.to_string()),
            some((index + 1).to_string()),
            some("0"),
            some(modifier.to_string()),
            truth(!column.nullable),
            truth(column.default.is_some()),
            truth(false),
            truth(table.is_some_and(|table| table.attributes.dist_key.as_ref() == Some(&column.name))),
            some(table.map_or(0, |table| sort_position(table, column)).to_string()),
        ]);
    }
}

/// Number, length in bytes (-1 where it varies) and modifier of a type, as PostgreSQL has them.
fn type_of(kind: &ColumnType) -> (i32, i32, i64) {
    let text = |length: u32| i64::from(length) + 4;
    match kind {
        ColumnType::Boolean => (16, 1, -1),
        ColumnType::Tinyint | ColumnType::Int2 => (21, 2, -1),
        ColumnType::Int4 => (23, 4, -1),
        ColumnType::Int8 => (20, 8, -1),
        ColumnType::Float4 => (700, 4, -1),
        ColumnType::Float8 => (701, 8, -1),
        ColumnType::Decimal { precision, scale } => (1700, -1, (i64::from(*precision) << 16 | i64::from(*scale)) + 4),
        ColumnType::Varchar(length) => (1043, -1, text(length.unwrap_or(MAX_VARCHAR))),
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

/// The types that columns can have, with some that clients look for.
const TYPES: [(i32, &str, i32); 21] = [
    (16, "bool", 1),
    (17, "bytea", -1),
    (18, "char", 1),
    (19, "name", 128),
    (20, "int8", 8),
    (21, "int2", 2),
    (23, "int4", 4),
    (25, "text", -1),
    (26, "oid", 4),
    (700, "float4", 4),
    (701, "float8", 8),
    (705, "unknown", -1),
    (1042, "bpchar", -1),
    (1043, "varchar", -1),
    (1082, "date", 4),
    (1083, "time", 8),
    (1114, "timestamp", 8),
    (1184, "timestamptz", 8),
    (1186, "interval", 16),
    (1700, "numeric", -1),
    (4000, "super", -1),
];

fn types(_: &Snapshot<'_>, rows: &mut Rows) {
    for (oid, name, length) in TYPES.into_iter().chain([(6551, "varbyte", -1)]) {
        let (oid, length) = (oid.to_string(), length.to_string());
        rows.add([&oid, name, "11", &length, "b", "0", "0", "false", "0", "-1"]);
    }
}

fn defaults(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, index, column) in snapshot.columns() {
        if let Some(default) = &column.default {
            let oid = oid(&format!("default {}.{}.{}", relation.schema, relation.name, column.name));
            rows.add([&oid, &relation.oid(), &(index + 1).to_string(), default, default]);
        }
    }
}

fn descriptions(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    // The numbers of pg_class and pg_namespace, which say what an object is.
    const CLASS: &str = "1259";
    const NAMESPACE: &str = "2615";
    let position = |relation: &Listed, name: &str| relation.columns.iter().position(|column| column.name == name).map(|index| index + 1);
    for relation in snapshot.own() {
        for (name, text) in &relation.comments {
            let number = if name.is_empty() { Some(0) } else { position(relation, name) };
            if let Some(number) = number {
                rows.add([&relation.oid(), CLASS, &number.to_string(), text]);
            }
        }
    }
    for (name, schema) in snapshot.catalog().database(snapshot.database()).into_iter().flat_map(|known| &known.schemas) {
        if let Some(text) = &schema.comment {
            rows.add([&schema_oid(name), NAMESPACE, "0", text]);
        }
    }
}

/// Positions of columns, from 1.
fn numbers(columns: &[ColumnDef], names: &[String]) -> Vec<String> {
    names.iter().filter_map(|name| columns.iter().position(|column| column.name == *name)).map(|index| (index + 1).to_string()).collect()
}

fn indexes(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, name, kind, columns, _) in information::keys(snapshot).into_iter().filter(|key| key.2 != 'f') {
        let numbers = numbers(&relation.columns, &columns);
        rows.push([
            some(oid(&format!("index {}.{name}", relation.schema))),
            some(relation.oid()),
            some(numbers.join(" ")),
            some(numbers.len().to_string()),
            truth(true),
            truth(kind == 'p'),
        ]);
    }
}

fn constraints(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, name, kind, columns, references) in information::keys(snapshot) {
        let to = references.as_deref().and_then(|text| text.split('(').next()).map_or_else(|| "0".to_owned(), oid);
        rows.push([
            some(oid(&format!("constraint {}.{name}", relation.schema))),
            some(&name),
            some(schema_oid(&relation.schema)),
            some(kind.to_string()),
            truth(false),
            truth(false),
            some(relation.oid()),
            some(to),
            some(format!("{{{}}}", numbers(&relation.columns, &columns).join(","))),
        ]);
    }
}

fn users(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    rows.push([some(snapshot.owner()), some(USER_ID), truth(true), truth(true), truth(false), some("********"), None, None]);
}

/// Functions that users made are those of models.
fn functions(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for function in models::functions(snapshot.engine, snapshot.catalog(), snapshot.database()).unwrap_or_default() {
        let arguments = match &function.signature().type_signature {
            datafusion::logical_expr::TypeSignature::Exact(types) => types.len(),
            _ => 0,
        };
        let name = function.name();
        rows.push([
            some(oid(&format!("function {name}"))),
            some(name),
            some(schema_oid("public")),
            some(USER_ID),
            some("14"),
            truth(false),
            some(arguments.to_string()),
        ]);
    }
}

fn parameters(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (name, value) in settings::all(&snapshot.session.variables, snapshot.owner()) {
        let source = if snapshot.session.variables.contains_key(&name) { "session" } else { "default" };
        rows.push([some(name), some(value), None, None, some("user"), some("string"), some(source)]);
    }
}

fn tables(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.own().filter(|relation| relation.kind == "BASE TABLE") {
        let keyed = relation.table.as_ref().is_some_and(|table| !table.primary_key.is_empty());
        rows.push([some(&relation.schema), some(&relation.name), some(snapshot.owner()), None, truth(keyed), truth(false), truth(false)]);
    }
}

fn views(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.own() {
        if let Some(sql) = &relation.sql {
            rows.add([&relation.schema, &relation.name, snapshot.owner(), sql]);
        }
    }
}

/// Redshift shows the tables of the search path only.
fn table_definitions(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    let path = &snapshot.session.search_path;
    for (relation, _, column) in snapshot.columns().filter(|(relation, ..)| path.contains(&relation.schema) || relation.schema == TEMPORARY)
    {
        let Some(table) = relation.table.as_ref().filter(|_| relation.kind == "BASE TABLE") else { continue };
        rows.push([
            some(&relation.schema),
            some(&relation.name),
            some(&column.name),
            some(column.column_type.redshift_text()),
            some(encoding(table, column)),
            truth(table.attributes.dist_key.as_ref() == Some(&column.name)),
            some(sort_position(table, column).to_string()),
            truth(!column.nullable),
        ]);
    }
}

fn activity(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for query in snapshot.engine.journal().queries().iter().filter(|query| query.end.is_none()) {
        rows.push([
            some(oid(&format!("database {}", query.database))),
            some(&query.database),
            some(query.session.to_string()),
            some(USER_ID),
            some(&query.user),
            some(&query.text),
            some(super::history::time(query.start)),
        ]);
    }
}

//! `information_schema`.

use super::Kind::{Int, Text};
use super::keys::{Key, keys};
use super::{INFORMATION_SCHEMA, Snapshot, View, bare, sizes, some, yes};
use crate::local::engine::catalog::LAKE;
use crate::local::engine::rows::Rows;

const COLUMNS: &[(&str, super::Kind)] = &[
    ("table_catalog", Text),
    ("table_schema", Text),
    ("table_name", Text),
    ("column_name", Text),
    ("ordinal_position", Int),
    ("column_default", Text),
    ("is_nullable", Text),
    ("data_type", Text),
    ("character_maximum_length", Int),
    ("numeric_precision", Int),
    ("numeric_scale", Int),
];
const SCHEMATA: &[(&str, super::Kind)] = &[("catalog_name", Text), ("schema_name", Text), ("schema_owner", Text)];
const TABLES: &[(&str, super::Kind)] = &[("table_catalog", Text), ("table_schema", Text), ("table_name", Text), ("table_type", Text)];
const VIEWS: &[(&str, super::Kind)] = &[("table_catalog", Text), ("table_schema", Text), ("table_name", Text), ("view_definition", Text)];

/// Those of the warehouse.
pub(super) const REDSHIFT: &[View] = &[
    View { name: "schemata", columns: SCHEMATA, fill: schemata, ordered: false },
    View { name: "tables", columns: TABLES, fill: tables, ordered: false },
    View { name: "columns", columns: COLUMNS, fill: columns, ordered: false },
    View { name: "views", columns: VIEWS, fill: views, ordered: false },
    View {
        name: "table_constraints",
        columns: &[
            ("constraint_catalog", Text),
            ("constraint_schema", Text),
            ("constraint_name", Text),
            ("table_catalog", Text),
            ("table_schema", Text),
            ("table_name", Text),
            ("constraint_type", Text),
            ("is_deferrable", Text),
            ("initially_deferred", Text),
        ],
        fill: table_constraints,
        ordered: false,
    },
    View {
        name: "key_column_usage",
        columns: &[
            ("constraint_catalog", Text),
            ("constraint_schema", Text),
            ("constraint_name", Text),
            ("table_catalog", Text),
            ("table_schema", Text),
            ("table_name", Text),
            ("column_name", Text),
            ("ordinal_position", Int),
        ],
        fill: key_column_usage,
        ordered: false,
    },
];

/// Those of the lake.
pub(super) const ATHENA: &[View] = &[
    View { name: "schemata", columns: SCHEMATA, fill: lake_schemata, ordered: false },
    View { name: "tables", columns: TABLES, fill: lake_tables, ordered: false },
    View { name: "columns", columns: COLUMNS, fill: lake_columns, ordered: false },
    View { name: "views", columns: VIEWS, fill: lake_views, ordered: false },
];

fn schemata(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for schema in snapshot.schemas() {
        rows.add([snapshot.database(), schema, snapshot.owner()]);
    }
}

fn tables(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.own() {
        rows.add([snapshot.database(), &relation.schema, &relation.name, relation.plain_kind()]);
    }
}

fn views(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.own() {
        if let Some(sql) = &relation.sql {
            rows.add([snapshot.database(), &relation.schema, &relation.name, sql]);
        }
    }
}

fn columns(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, index, column) in snapshot.columns().filter(|(relation, ..)| !relation.lake) {
        let [length, precision, scale] = sizes(&column.column_type);
        rows.push([
            some(snapshot.database()),
            some(&relation.schema),
            some(&relation.name),
            some(&column.name),
            some((index + 1).to_string()),
            column.default.clone(),
            yes(column.nullable),
            some(bare(column.column_type.redshift_text())),
            length,
            precision,
            scale,
        ]);
    }
}

fn table_constraints(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for Key { relation, name, kind, .. } in keys(snapshot.relations) {
        let kind = match kind {
            'p' => "PRIMARY KEY",
            'f' => "FOREIGN KEY",
            _ => "UNIQUE",
        };
        let database = snapshot.database();
        rows.add([database, &relation.schema, &name, database, &relation.schema, &relation.name, kind, "NO", "NO"]);
    }
}

fn key_column_usage(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    let database = snapshot.database();
    for Key { relation, name, columns, .. } in keys(snapshot.relations) {
        for (index, column) in columns.iter().enumerate() {
            let position = (index + 1).to_string();
            rows.add([database, &relation.schema, &name, database, &relation.schema, &relation.name, column, &position]);
        }
    }
}

fn lake_schemata(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for database in snapshot.catalog().lake.keys().map(String::as_str).chain([INFORMATION_SCHEMA]) {
        rows.push([some(LAKE), some(database), None]);
    }
}

fn lake_tables(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.relations {
        rows.add([LAKE, &relation.schema, &relation.name, if relation.kind == "VIEW" { "VIEW" } else { "BASE TABLE" }]);
    }
}

fn lake_views(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.relations {
        if let Some(sql) = &relation.sql {
            rows.add([LAKE, &relation.schema, &relation.name, sql]);
        }
    }
}

fn lake_columns(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, index, column) in snapshot.columns() {
        rows.push([
            some(LAKE),
            some(&relation.schema),
            some(&relation.name),
            some(&column.name),
            some((index + 1).to_string()),
            None,
            some("YES"),
            some(column.column_type.trino_text()),
            None,
            None,
            None,
        ]);
    }
}

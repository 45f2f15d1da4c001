//! The views that people read: tables, views, what is running, parameters.

use crate::local::engine::catalog::TEMPORARY;
use crate::local::engine::rows::Rows;
use crate::local::engine::settings;
use crate::local::engine::system::Kind::{Bool, Int, Long, Text, Time};
use crate::local::engine::system::keys::keys;
use crate::local::engine::system::{Snapshot, USER_ID, View, database_number, encoding, history, some, sort_position, truth};

pub(in crate::engine::system) const VIEWS: &[View] = &[
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
            ("min_val", Text),
            ("max_val", Text),
            ("boot_val", Text),
            ("reset_val", Text),
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
        name: "pg_indexes",
        columns: &[("schemaname", Text), ("tablename", Text), ("indexname", Text), ("tablespace", Text), ("indexdef", Text)],
        fill: indexes,
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
    View {
        name: "pg_get_late_binding_view_cols",
        columns: &[("view_schema", Text), ("view_name", Text), ("col_name", Text), ("col_type", Text), ("col_num", Int)],
        fill: late_binding,
        ordered: true,
    },
];

fn parameters(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (name, value) in settings::all(&snapshot.session.variables, snapshot.owner()) {
        let source = if snapshot.session.variables.contains_key(&name) { "session" } else { "default" };
        let default = settings::default(&name, snapshot.owner());
        let (boot, reset) = (default.clone(), default);
        rows.push([some(name), some(value), None, None, some("user"), some("string"), some(source), None, None, boot, reset]);
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

fn indexes(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for key in keys(snapshot.relations).into_iter().filter(|key| key.kind != 'f') {
        let definition = key.index_definition();
        rows.push([some(&key.relation.schema), some(&key.relation.name), some(&key.name), None, some(definition)]);
    }
}

/// The columns of views that are bound when they are used, as they were when these were made.
fn late_binding(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, index, column) in snapshot.columns().filter(|(relation, ..)| relation.late_binding) {
        let (kind, position) = (column.column_type.redshift_text(), (index + 1).to_string());
        rows.add([&relation.schema, &relation.name, &column.name, &kind, &position]);
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
            some(database_number(&query.database).to_string()),
            some(&query.database),
            some(query.session.to_string()),
            some(USER_ID),
            some(&query.user),
            some(&query.text),
            some(history::time(query.start)),
        ]);
    }
}

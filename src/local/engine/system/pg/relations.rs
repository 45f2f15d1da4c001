//! Schemas, relations and their columns.

use super::{CLASS, NAMESPACE, TABLESPACE, nothing, types, view_kind, view_number};
use crate::local::engine::catalog::ColumnDef;
use crate::local::engine::parse::DistStyle;
use crate::local::engine::rows::Rows;
use crate::local::engine::system::Kind::{Array, Bool, Float, Int, Long, Text};
use crate::local::engine::system::keys::{Key, keys};
use crate::local::engine::system::{Kind, Listed, Snapshot, USER_ID, View, number, oid, own_views, schema_oid, some, sort_position, truth};

pub(in crate::engine::system) const VIEWS: &[View] = &[
    View {
        name: "pg_namespace",
        columns: &[("oid", Long), ("nspname", Text), ("nspowner", Int), ("nspacl", Text)],
        fill: namespaces,
        ordered: false,
    },
    View {
        name: "pg_class",
        columns: &[
            ("oid", Long),
            ("relname", Text),
            ("relnamespace", Long),
            ("reltype", Long),
            ("reloftype", Long),
            ("relowner", Int),
            ("relam", Int),
            ("relfilenode", Long),
            ("reltablespace", Int),
            ("relpages", Long),
            ("reltuples", Float),
            ("reltoastrelid", Long),
            ("relhasindex", Bool),
            ("relisshared", Bool),
            ("relpersistence", Text),
            ("relkind", Text),
            ("relnatts", Int),
            ("relchecks", Int),
            ("reltriggers", Int),
            ("relukeys", Int),
            ("relfkeys", Int),
            ("relrefs", Int),
            ("relhasoids", Bool),
            ("relhaspkey", Bool),
            ("relhasrules", Bool),
            ("relhastriggers", Bool),
            ("relhassubclass", Bool),
            ("reldiststyle", Int),
            ("relacl", Text),
            ("reloptions", Array("_text")),
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
            ("attstattarget", Int),
            ("attlen", Int),
            ("attnum", Int),
            ("attndims", Int),
            ("attcacheoff", Int),
            ("atttypmod", Int),
            ("attbyval", Bool),
            ("attstorage", Text),
            ("attalign", Text),
            ("attnotnull", Bool),
            ("atthasdef", Bool),
            ("attisdropped", Bool),
            ("attislocal", Bool),
            ("attinhcount", Int),
            ("attisdistkey", Bool),
            ("attsortkeyord", Int),
            ("attencodingtype", Int),
            ("attcollation", Int),
            ("attacl", Text),
            ("attoptions", Array("_text")),
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
        name: "pg_description",
        columns: &[("objoid", Long), ("classoid", Int), ("objsubid", Int), ("description", Text)],
        fill: descriptions,
        ordered: false,
    },
    View { name: "pg_inherits", columns: &[("inhrelid", Long), ("inhparent", Long), ("inhseqno", Int)], fill: nothing, ordered: false },
    View {
        name: "pg_trigger",
        columns: &[
            ("oid", Long),
            ("tgrelid", Long),
            ("tgname", Text),
            ("tgfoid", Long),
            ("tgtype", Int),
            ("tgenabled", Text),
            ("tgisinternal", Bool),
            ("tgisconstraint", Bool),
            ("tgconstraint", Long),
        ],
        fill: nothing,
        ordered: false,
    },
    View {
        name: "pg_rewrite",
        columns: &[("oid", Long), ("rulename", Text), ("ev_class", Long), ("ev_type", Text), ("ev_enabled", Text), ("is_instead", Bool)],
        fill: rules,
        ordered: false,
    },
];

fn namespaces(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for schema in snapshot.schemas() {
        rows.push([some(schema_oid(schema)), some(schema), some(USER_ID), None]);
    }
}

/// A row of `pg_class`, with what most relations have in common.
#[derive(Default)]
struct Class<'a> {
    number: i64,
    name: &'a str,
    schema: &'a str,
    kind: &'a str,
    columns: usize,
    blocks: u64,
    rows: u64,
    method: &'a str,
    style: u8,
    temporary: bool,
    indexed: bool,
    primary: bool,
    unique: usize,
    foreign: usize,
    referring: usize,
}

impl Class<'_> {
    fn push(&self, rows: &mut Rows) {
        // PostgreSQL enforces foreign keys by triggers on both tables, and clients look for them where it says that there are some.
        let triggers = self.foreign + self.referring;
        let count = |number: usize| some(number.to_string());
        rows.push([
            some(self.number.to_string()),
            some(self.name),
            some(schema_oid(self.schema)),
            some("0"),
            some("0"),
            some(USER_ID),
            some(if self.method.is_empty() { "0" } else { self.method }),
            some(self.number.to_string()),
            some("0"),
            some(self.blocks.to_string()),
            some(self.rows.to_string()),
            some("0"),
            truth(self.indexed),
            truth(false),
            some(if self.temporary { "t" } else { "p" }),
            some(self.kind),
            count(self.columns),
            some("0"),
            count(triggers),
            count(self.unique),
            count(self.foreign),
            count(self.referring),
            truth(false),
            truth(self.primary),
            truth(false),
            truth(triggers > 0),
            truth(false),
            some(self.style.to_string()),
            None,
            None,
        ]);
    }
}

fn classes(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    let keys = keys(snapshot.relations);
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
        let own = |kind: char| keys.iter().filter(|key| key.kind == kind && key.relation.number() == relation.number()).count();
        let refers = |key: &&Key<'_>| {
            key.references.as_ref().and_then(|to| to.relation).is_some_and(|referred| referred.number() == relation.number())
        };
        Class {
            number: relation.number(),
            name: &relation.name,
            schema: &relation.schema,
            kind: if relation.kind == "BASE TABLE" { "r" } else { "v" },
            columns: relation.columns.len(),
            // Pages are blocks of 1 MB.
            blocks: bytes.div_ceil(1 << 20),
            rows: table.map_or(0, |table| table.rows()),
            style,
            temporary: relation.is_temporary(),
            indexed: own('p') + own('u') > 0,
            primary: own('p') > 0,
            unique: own('u'),
            foreign: own('f'),
            referring: keys.iter().filter(refers).count(),
            ..Class::default()
        }
        .push(rows);
    }
    for key in &keys {
        let Some(number) = key.index() else { continue };
        let temporary = key.relation.is_temporary();
        Class {
            number,
            name: &key.name,
            schema: &key.relation.schema,
            kind: "i",
            columns: key.columns.len(),
            method: super::BTREE,
            temporary,
            ..Class::default()
        }
        .push(rows);
    }
    for (schema, view) in own_views() {
        let (number, kind) = (view_number(schema, view.name), view_kind(view.name));
        Class { number, name: view.name, schema, kind, columns: view.columns.len(), ..Class::default() }.push(rows);
    }
}

/// A row of `pg_attribute`.
struct Attribute<'a> {
    relation: i64,
    name: &'a str,
    position: usize,
    /// Number, length and modifier of the type.
    kind: (i32, i32, i64),
    required: bool,
    default: bool,
    distributes: bool,
    sorts: i64,
    encoding: usize,
}

impl Attribute<'_> {
    fn push(&self, rows: &mut Rows) {
        let (kind, length, modifier) = self.kind;
        let known = types::known(kind);
        rows.push([
            some(self.relation.to_string()),
            some(self.name),
            some(kind.to_string()),
            some("-1"),
            some(length.to_string()),
            some(self.position.to_string()),
            some(if known.is_some_and(types::Known::is_array) { "1" } else { "0" }),
            some("-1"),
            some(modifier.to_string()),
            truth((1..=8).contains(&length)),
            some(if length < 0 { "x" } else { "p" }),
            some(types::alignment(length)),
            truth(self.required),
            truth(self.default),
            truth(false),
            truth(true),
            some("0"),
            truth(self.distributes),
            some(self.sorts.to_string()),
            some(self.encoding.to_string()),
            some(types::collation(kind)),
            None,
            None,
        ]);
    }
}

fn attributes(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, index, column) in snapshot.columns().filter(|(relation, ..)| !relation.lake) {
        let table = relation.table.as_ref();
        Attribute {
            relation: relation.number(),
            name: &column.name,
            position: index + 1,
            kind: types::of_column(&column.column_type),
            required: !column.nullable,
            default: default_of(relation, index, column).is_some(),
            distributes: table.is_some_and(|table| table.attributes.dist_key.as_ref() == Some(&column.name)),
            sorts: table.map_or(0, |table| sort_position(table, column)),
            encoding: table.map_or(0, |table| types::encoding_number(&super::super::encoding(table, column))),
        }
        .push(rows);
    }
    for key in keys(snapshot.relations) {
        let Some(relation) = key.index() else { continue };
        let columns = key.columns.iter().filter_map(|name| key.relation.columns.iter().find(|column| column.name == *name));
        for (index, column) in columns.enumerate() {
            let (name, kind) = (column.name.as_str(), types::of_column(&column.column_type));
            let (required, default, distributes) = (false, false, false);
            Attribute { relation, name, position: index + 1, kind, required, default, distributes, sorts: 0, encoding: 0 }.push(rows);
        }
    }
    for (schema, view) in own_views() {
        for (index, (name, kind)) in view.columns.iter().enumerate() {
            let kind = match kind {
                Kind::Array(name) => (types::type_number(name).unwrap_or_default(), -1, -1),
                Kind::Text => (types::VARCHAR, -1, -1),
                other => types::of_column(&other.column_type()),
            };
            let (required, default, distributes) = (false, false, false);
            let relation = view_number(schema, view.name);
            Attribute { relation, name, position: index + 1, kind, required, default, distributes, sorts: 0, encoding: 0 }.push(rows);
        }
    }
}

/// What a column is filled with when nothing is given: its default, or the next number of an IDENTITY as Redshift writes it.
pub(in crate::engine::system) fn default_of(relation: &Listed, index: usize, column: &ColumnDef) -> Option<String> {
    let attributes = relation.table.as_ref().map(|table| &table.attributes.columns);
    let known = attributes.and_then(|columns| columns.iter().find(|(name, _)| *name == column.name)).map(|(_, known)| known);
    match known.and_then(|known| Some((known.identity?, known.by_default))) {
        Some(((seed, step), by_default)) => {
            let function = if by_default { "default_identity" } else { "\"identity\"" };
            Some(format!("{function}({}, {index}, '{seed},{step}'::text)", relation.number()))
        }
        None => column.default.clone(),
    }
}

fn defaults(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for (relation, index, column) in snapshot.columns() {
        if let Some(default) = default_of(relation, index, column) {
            let oid = oid(&format!("default {}.{}.{}", relation.schema, relation.name, column.name));
            rows.add([&oid, &relation.oid(), &(index + 1).to_string(), &default, &default]);
        }
    }
}

fn descriptions(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    let position = |relation: &Listed, name: &str| relation.columns.iter().position(|column| column.name == name).map(|index| index + 1);
    for relation in snapshot.own() {
        for (name, text) in &relation.comments {
            let number = if name.is_empty() { Some(0) } else { position(relation, name) };
            if let Some(number) = number {
                rows.add([&relation.oid(), &CLASS.to_string(), &number.to_string(), text]);
            }
        }
    }
    for (name, schema) in snapshot.catalog().database(snapshot.database()).into_iter().flat_map(|known| &known.schemas) {
        if let Some(text) = &schema.comment {
            rows.add([&schema_oid(name), &NAMESPACE.to_string(), "0", text]);
        }
    }
}

/// A view is a rule on what it is called, for PostgreSQL.
fn rules(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for relation in snapshot.own().filter(|relation| relation.sql.is_some()) {
        let oid = number(&format!("rule {}.{}", relation.schema, relation.name)).to_string();
        rows.add([&oid, "_RETURN", &relation.oid(), "1", "O", "true"]);
    }
}

/// The tablespaces, which hold nothing that can be told apart.
pub(super) fn tablespaces(_: &Snapshot<'_>, rows: &mut Rows) {
    rows.push([some(TABLESPACE), some("pg_default"), some(USER_ID), some(""), None]);
    rows.push([some("1664"), some("pg_global"), some(USER_ID), some(""), None]);
}

//! Keys, and the indexes that PostgreSQL has for them.

use super::{BTREE, CLASS, CONSTRAINT};
use crate::local::engine::rows::Rows;
use crate::local::engine::system::Kind::{Array, Bool, Int, Long, Text};
use crate::local::engine::system::keys::keys;
use crate::local::engine::system::{Snapshot, View, schema_oid, some, truth};

pub(in crate::engine::system) const VIEWS: &[View] = &[
    View {
        name: "pg_index",
        columns: &[
            ("indexrelid", Long),
            ("indrelid", Long),
            ("indkey", Array("int2vector")),
            ("indclass", Array("oidvector")),
            ("indoption", Array("int2vector")),
            ("indnatts", Int),
            ("indisunique", Bool),
            ("indisprimary", Bool),
            ("indimmediate", Bool),
            ("indisclustered", Bool),
            ("indisvalid", Bool),
            ("indisready", Bool),
            ("indexprs", Text),
            ("indpred", Text),
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
            ("convalidated", Bool),
            ("conrelid", Long),
            ("contypid", Long),
            ("conindid", Long),
            ("confrelid", Long),
            ("confupdtype", Text),
            ("confdeltype", Text),
            ("confmatchtype", Text),
            ("conkey", Array("_int2")),
            ("confkey", Array("_int2")),
            ("conbin", Text),
            ("consrc", Text),
        ],
        fill: constraints,
        ordered: false,
    },
    View {
        name: "pg_depend",
        columns: &[
            ("classid", Int),
            ("objid", Long),
            ("objsubid", Int),
            ("refclassid", Int),
            ("refobjid", Long),
            ("refobjsubid", Int),
            ("deptype", Text),
        ],
        fill: dependencies,
        ordered: false,
    },
    View { name: "pg_am", columns: &[("oid", Int), ("amname", Text)], fill: access_methods, ordered: false },
];

fn indexes(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for key in keys(snapshot.relations) {
        let Some(number) = key.index() else { continue };
        let positions = key.positions();
        let zeros = vec!["0"; positions.len()].join(" ");
        rows.push([
            some(number.to_string()),
            some(key.relation.oid()),
            some(positions.join(" ")),
            some(&zeros),
            some(&zeros),
            some(positions.len().to_string()),
            truth(true),
            truth(key.kind == 'p'),
            truth(true),
            truth(false),
            truth(true),
            truth(true),
            None,
            None,
        ]);
    }
}

fn constraints(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    let keys = keys(snapshot.relations);
    for key in &keys {
        let array = |positions: &[String]| some(format!("{{{}}}", positions.join(",")));
        let referred = key.references.as_ref().and_then(|to| Some((to.relation?, to)));
        let index = key.index().or_else(|| key.referred(&keys)?.index());
        let foreign = key.kind == 'f';
        rows.push([
            some(key.number().to_string()),
            some(&key.name),
            some(schema_oid(&key.relation.schema)),
            some(key.kind.to_string()),
            truth(false),
            truth(false),
            truth(true),
            some(key.relation.oid()),
            some("0"),
            some(index.unwrap_or_default().to_string()),
            some(referred.map_or_else(|| "0".to_owned(), |(table, _)| table.oid())),
            some(if foreign { "a" } else { " " }),
            some(if foreign { "a" } else { " " }),
            some(if foreign { "u" } else { " " }),
            array(&key.positions()),
            referred.and_then(|(table, to)| array(&super::super::keys::positions(table, &to.columns))),
            None,
            None,
        ]);
    }
}

/// That a foreign key needs the key that it refers to, which is how clients of an old PostgreSQL find that.
fn dependencies(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    let keys = keys(snapshot.relations);
    for key in &keys {
        if let Some(index) = key.referred(&keys).and_then(|referred| referred.index()) {
            let (constraint, class) = (CONSTRAINT.to_string(), CLASS.to_string());
            rows.add([&constraint, &key.number().to_string(), "0", &class, &index.to_string(), "0", "n"]);
        }
    }
}

fn access_methods(_: &Snapshot<'_>, rows: &mut Rows) {
    rows.add([BTREE, "btree"]);
}

//! Functions: those of models, which are the only ones that users make.

use super::INTERNAL;
use super::types::{of_column, type_name};
use crate::local::engine::models;
use crate::local::engine::rows::Rows;
use crate::local::engine::system::Kind::{Array, Bool, Float, Int, Long, Text};
use crate::local::engine::system::{Kind, Snapshot, USER_ID, View, number, schema_oid, some, truth};
use crate::local::engine::types::ColumnType;

/// The columns of `pg_proc` behind the number.
macro_rules! columns {
    ($number:literal) => {
        &[
            ($number, Long),
            ("proname", Text),
            ("pronamespace", Long),
            ("proowner", Int),
            ("prolang", Int),
            ("procost", Float),
            ("proisagg", Bool),
            ("proiswindow", Bool),
            ("prokind", Text),
            ("prosecdef", Bool),
            ("proisstrict", Bool),
            ("proretset", Bool),
            ("provolatile", Text),
            ("pronargs", Int),
            ("prorettype", Int),
            ("proargtypes", Array("oidvector")),
            ("proallargtypes", Array("_oid")),
            ("proargmodes", Array("_char")),
            ("proargnames", Array("_text")),
            ("prosrc", Text),
            ("probin", Text),
            ("proacl", Text),
        ]
    };
}

const FUNCTION: &[(&str, Kind)] = columns!("oid");
const INFORMATION: &[(&str, Kind)] = columns!("prooid");

pub(in crate::engine::system) const VIEWS: &[View] = &[
    View { name: "pg_proc", columns: FUNCTION, fill: functions, ordered: false },
    View { name: "pg_proc_info", columns: INFORMATION, fill: functions, ordered: false },
    View {
        name: "pg_language",
        columns: &[
            ("oid", Int),
            ("lanname", Text),
            ("lanowner", Int),
            ("lanispl", Bool),
            ("lanpltrusted", Bool),
            ("lanplcallfoid", Int),
            ("lanvalidator", Int),
            ("lanacl", Text),
        ],
        fill: languages,
        ordered: false,
    },
];

/// The number of a function.
pub(in crate::engine::system) fn function_number(function: &models::Signature) -> i64 {
    number(&format!("function {}.{}", function.schema, function.name))
}

/// What SQL calls the types of a function's arguments, each behind the argument's name.
pub(in crate::engine::system) fn arguments(function: &models::Signature) -> String {
    let argument = |(name, kind): &(String, ColumnType)| format!("{name} {}", written(kind));
    function.arguments.iter().map(argument).collect::<Vec<_>>().join(", ")
}

/// What SQL calls the type of an argument or a result, which has no size.
pub(in crate::engine::system) fn written(kind: &ColumnType) -> String {
    type_name(i64::from(of_column(kind).0), -1)
}

fn functions(snapshot: &Snapshot<'_>, rows: &mut Rows) {
    for function in models::signatures(snapshot.catalog(), snapshot.database()).unwrap_or_default() {
        let types: Vec<String> = function.arguments.iter().map(|(_, kind)| of_column(kind).0.to_string()).collect();
        let names: Vec<String> = function.arguments.iter().map(|(name, _)| format!("\"{}\"", name.replace('"', "\\\""))).collect();
        rows.push([
            some(function_number(&function).to_string()),
            some(&function.name),
            some(schema_oid(&function.schema)),
            some(USER_ID),
            some(INTERNAL),
            some("1"),
            truth(false),
            truth(false),
            some("f"),
            truth(false),
            truth(false),
            truth(false),
            some("i"),
            some(types.len().to_string()),
            some(of_column(&function.returns).0.to_string()),
            some(types.join(" ")),
            None,
            None,
            some(format!("{{{}}}", names.join(","))),
            some(&function.model),
            None,
            None,
        ]);
    }
}

fn languages(_: &Snapshot<'_>, rows: &mut Rows) {
    for (number, name, procedural) in [(INTERNAL, "internal", false), ("14", "sql", false)] {
        rows.push([some(number), some(name), some(USER_ID), truth(procedural), truth(true), some("0"), some("0"), None]);
    }
}

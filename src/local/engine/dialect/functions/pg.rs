//! What clients of PostgreSQL ask of its catalog by functions: each is another expression, mostly one of the functions in
//! [`objects`](super::objects) and [`text_arrays`](super::text_arrays).

use datafusion::sql::sqlparser::ast::{BinaryOperator, DataType, Expr, Function, ObjectNamePart, Value, ValueWithSpan};

use super::Rewritten;
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::system::ENCODINGS;
use crate::local::engine::{Dialect, SqlError};

/// The schema that all functions of the system are in.
const CATALOG: &str = "pg_catalog";
/// The one function of `information_schema` that clients call: a row a column of a key.
const PAIRS: &str = "_pg_expandarray";

/// Takes the schema of the system off a function's name: `pg_catalog.version()` is `version()`.
pub(in crate::engine::dialect) fn unqualify(function: &mut Function) {
    let [schema, name] = function.name.0.as_slice() else { return };
    let is = |part: &ObjectNamePart, text: &str| part.as_ident().is_some_and(|ident| ident.value.eq_ignore_ascii_case(text));
    if is(schema, CATALOG) || is(schema, "information_schema") && is(name, PAIRS) {
        function.name.0.remove(0);
    }
}

pub(super) fn rewrite(call: Call) -> Result<Rewritten, SqlError> {
    if call.dialect != Dialect::Redshift {
        return Ok(Rewritten::Other(call));
    }
    let args = call.args.as_slice();
    // The function of that name with the arguments at these places.
    let asked = |name: &str, places: &[usize]| {
        let args = places.iter().filter_map(|&place| args.get(place)).cloned().collect();
        Some(call::function(name, args))
    };
    let found = match (call.name.as_str(), args.len()) {
        ("pg_get_userbyid", 1) => asked("pg_user_name", &[0]),
        ("pg_table_is_visible", 1) => asked("pg_relation_is_visible", &[0]),
        ("pg_function_is_visible", 1) => asked("pg_routine_is_visible", &[0]),
        // All types are the system's.
        ("pg_type_is_visible", 1) => Some(call::value(Value::Boolean(true))),
        ("pg_encoding_to_char", 1) => Some(encoding_name(&args[0])),
        ("pg_client_encoding" | "getdatabaseencoding", 0) => Some(call::text("UTF8")),
        ("pg_get_expr", 2 | 3) => Some(args[0].clone()),
        ("obj_description", 1) => Some(comment(&args[0], call::number(0), "")),
        ("obj_description", 2) => described(&args[0], &args[1]),
        // Nothing can be said of a database or a user here.
        ("shobj_description", 2) => described(&args[0], &args[1]),
        ("col_description", 2) => Some(comment(&args[0], args[1].clone(), "pg_class")),
        ("format_type", 2) => {
            let modifier = call::function("coalesce", vec![args[1].clone(), call::number(-1)]);
            Some(call::function("pg_type_text", vec![args[0].clone(), modifier]))
        }
        ("format_encoding", 1) => Some(column_encoding(&args[0])),
        ("pg_get_function_result", 1) => asked("pg_function_result", &[0]),
        ("pg_get_function_arguments" | "pg_get_function_identity_arguments", 1) => asked("pg_function_arguments", &[0]),
        ("pg_get_indexdef", 1) => Some(call::function("pg_index_text", vec![args[0].clone(), call::number(0)])),
        ("pg_get_indexdef", 3) => asked("pg_index_text", &[0, 1]),
        ("pg_get_constraintdef", 1 | 2) => asked("pg_key_text", &[0]),
        // There are no triggers.
        ("pg_get_triggerdef", 1 | 2) => Some(call::cast(call::null(), DataType::Varchar(None))),
        ("pg_get_viewdef", 1 | 2) => asked("pg_view_text", &[0]),
        ("pg_table_size" | "pg_relation_size" | "pg_total_relation_size", 1) => asked("pg_bytes_of_table", &[0]),
        ("pg_database_size", 1) => asked("pg_bytes_of_database", &[0]),
        ("pg_tablespace_location", 1) => Some(call::text("")),
        ("has_table_privilege", 2) => asked("pg_may_use_table", &[0]),
        ("has_table_privilege", 3) => asked("pg_may_use_table", &[1]),
        ("has_column_privilege", 3) => asked("pg_may_use_column", &[0, 1]),
        ("has_column_privilege", 4) => asked("pg_may_use_column", &[1, 2]),
        ("has_schema_privilege", 2) => asked("pg_may_use_schema", &[0]),
        ("has_schema_privilege", 3) => asked("pg_may_use_schema", &[1]),
        ("has_database_privilege", 2) => asked("pg_may_use_database", &[0]),
        ("has_database_privilege", 3) => asked("pg_may_use_database", &[1]),
        ("array_to_string", 2) => asked("pg_array_joined", &[0, 1]),
        ("array_lower", 2) => asked("pg_array_first", &[0, 1]),
        ("array_upper", 2) => asked("pg_array_last", &[0, 1]),
        ("current_schemas", 1) => {
            let all = truth(&args[0]).ok_or_else(|| call.unsupported("current_schemas of anything but true or false"))?;
            Some(call::function("pg_schemas_of_path", vec![call::number(i64::from(all))]))
        }
        // A row for each of its items, as `unnest` gives them.
        (PAIRS, 1) => Some(call::function("unnest", vec![call::function("pg_array_pairs", vec![args[0].clone()])])),
        _ => None,
    };
    Ok(found.map_or(Rewritten::Other(call), Rewritten::Done))
}

/// What was said of an object of a kind that is named by its catalog, which has to be written out.
fn described(object: &Expr, catalog: &Expr) -> Option<Expr> {
    Some(comment(object, call::number(0), call::literal_text(catalog)?))
}

fn comment(object: &Expr, position: Expr, catalog: &str) -> Expr {
    let catalog = if catalog.is_empty() { String::new() } else { format!("{CATALOG}.{}", catalog.trim_start_matches("pg_catalog.")) };
    call::function("pg_comment", vec![object.clone(), position, call::text(&catalog)])
}

/// The name of an encoding of texts by its number: the embedded warehouse has UTF-8 (6) only.
fn encoding_name(number: &Expr) -> Expr {
    let is = call::binary(number.clone(), BinaryOperator::Eq, call::number(6));
    call::case(vec![(is, call::text("UTF8"))], Some(call::text("")))
}

/// The name of the encoding of a column by its number.
fn column_encoding(number: &Expr) -> Expr {
    let equal = |index: usize| call::binary(number.clone(), BinaryOperator::Eq, call::number(index));
    call::case(ENCODINGS.iter().enumerate().map(|(index, name)| (equal(index), call::text(name))).collect(), None)
}

fn truth(expr: &Expr) -> Option<bool> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Boolean(truth), .. }) => Some(*truth),
        Expr::Nested(inner) => truth(inner),
        _ => None,
    }
}

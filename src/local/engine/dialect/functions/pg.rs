//! What clients of PostgreSQL ask of its catalog by functions, answered from the views of `pg_catalog`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Function, Value, ValueWithSpan, VisitMut, VisitorMut};
use datafusion::sql::sqlparser::dialect::RedshiftSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::Rewritten;
use crate::local::engine::dialect::call::Call;
use crate::local::engine::{Dialect, SqlError, error};

/// The schema that all functions of the system are in.
const CATALOG: &str = "pg_catalog";

/// Functions by name and number of arguments, and what stands for them; `$1` is the first argument.
const FUNCTIONS: &[(&str, usize, &str)] = &[
    ("pg_get_userbyid", 1, r#""session_user"()"#),
    (
        "pg_table_is_visible",
        1,
        "$1 IN (SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'pg_catalog' \
         OR strpos(',' || replace(current_setting('search_path'), ' ', '') || ',', ',' || n.nspname || ',') > 0)",
    ),
    // Functions and types have no schemas here.
    ("pg_function_is_visible", 1, "TRUE"),
    ("pg_type_is_visible", 1, "TRUE"),
    ("pg_encoding_to_char", 1, "'UTF8'"),
    ("pg_client_encoding", 0, "'UTF8'"),
    ("pg_get_expr", 2, "$1"),
    ("pg_get_expr", 3, "$1"),
    ("obj_description", 1, "(SELECT max(d.description) FROM pg_catalog.pg_description AS d WHERE d.objoid = $1 AND d.objsubid = 0)"),
    ("obj_description", 2, "(SELECT max(d.description) FROM pg_catalog.pg_description AS d WHERE d.objoid = $1 AND d.objsubid = 0)"),
    ("col_description", 2, "(SELECT max(d.description) FROM pg_catalog.pg_description AS d WHERE d.objoid = $1 AND d.objsubid = $2)"),
    (
        "format_type",
        2,
        "CASE $1 WHEN 16 THEN 'boolean' WHEN 20 THEN 'bigint' WHEN 21 THEN 'smallint' WHEN 23 THEN 'integer' WHEN 25 THEN 'text' \
         WHEN 26 THEN 'oid' WHEN 700 THEN 'real' WHEN 701 THEN 'double precision' WHEN 1082 THEN 'date' \
         WHEN 1083 THEN 'time without time zone' WHEN 1114 THEN 'timestamp without time zone' \
         WHEN 1184 THEN 'timestamp with time zone' WHEN 1186 THEN 'interval' WHEN 4000 THEN 'super' WHEN 6551 THEN 'binary varying' \
         WHEN 1042 THEN CASE WHEN $2 > 4 THEN 'character(' || ($2 - 4) || ')' ELSE 'character' END \
         WHEN 1043 THEN CASE WHEN $2 > 4 THEN 'character varying(' || ($2 - 4) || ')' ELSE 'character varying' END \
         WHEN 1700 THEN CASE WHEN $2 > 4 THEN 'numeric(' || (($2 - 4) / 65536) || ',' || (($2 - 4) % 65536) || ')' ELSE 'numeric' END \
         ELSE '???' END",
    ),
];

/// Takes the schema of the system off a function's name: `pg_catalog.version()` is `version()`.
pub(in crate::engine::dialect) fn unqualify(function: &mut Function) {
    let [schema, _] = function.name.0.as_slice() else { return };
    if schema.as_ident().is_some_and(|schema| schema.value.eq_ignore_ascii_case(CATALOG)) {
        function.name.0.remove(0);
    }
}

pub(super) fn rewrite(call: Call) -> Result<Rewritten, SqlError> {
    let found = FUNCTIONS.iter().find(|(name, count, _)| *name == call.name && *count == call.args.len());
    let Some((_, _, text)) = found.filter(|_| call.dialect == Dialect::Redshift) else { return Ok(Rewritten::Other(call)) };
    let parsed = Parser::new(&RedshiftSqlDialect {}).try_with_sql(text).and_then(|mut parser| parser.parse_expr());
    let mut expr = Expr::Nested(Box::new(parsed.map_err(error::internal)?));
    // The visitor never breaks off.
    let _ = expr.visit(&mut Arguments(call.args));
    Ok(Rewritten::Done(expr))
}

/// Puts arguments into the places of a text.
struct Arguments(Vec<Expr>);

impl VisitorMut for Arguments {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. }) = expr
            && let Some(argument) = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok()?.checked_sub(1))
            && let Some(value) = self.0.get(argument)
        {
            *expr = value.clone();
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn every_text_is_an_expression_with_its_arguments() {
        for (name, count, text) in FUNCTIONS {
            let parsed = Parser::new(&RedshiftSqlDialect {}).try_with_sql(text).unwrap().parse_expr().unwrap();
            assert!(!parsed.to_string().contains(&format!("${}", count + 1)), "{name}");
        }
    }
}

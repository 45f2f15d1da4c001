//! Trino's arrays and maps: names, and functions of functions.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, LambdaFunction, LambdaFunctionParameter, LambdaSyntax, OneOrManyWithParens, UnaryOperator, VisitMut, VisitorMut,
};

use super::Rewritten;
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

/// Trino's name and DataFusion's.
const RENAMED: [(&str, &str); 12] = [
    ("array_join", "array_to_string"),
    ("contains", "array_has"),
    ("transform", "array_transform"),
    ("filter", "array_filter"),
    ("any_match", "array_any_match"),
    ("sequence", "generate_series"),
    ("array_remove", "array_remove_all"),
    ("arrays_overlap", "array_has_any"),
    ("repeat", "array_repeat"),
    ("slice", "array_slice_of"),
    ("array_agg_distinct", "array_agg"),
    ("row", "struct"),
];

/// What Trino has and the embedded engine has not.
const REFUSED: [&str; 10] = [
    "reduce_agg",
    "numeric_histogram",
    "approx_most_frequent",
    "map_union",
    "multimap_from_entries",
    "map_zip_with",
    "split_to_multimap",
    "shuffle",
    "merge",
    "make_set_digest",
];

pub(super) fn rewrite(mut call: Call) -> Result<Rewritten, SqlError> {
    if call.dialect != Dialect::Athena {
        return Ok(Rewritten::Other(call));
    }
    if REFUSED.contains(&call.name.as_str()) {
        return Err(call.unsupported(&format!("function {}", call.name)));
    }
    let given = call.args.len();
    let expr = match (call.name.as_str(), given) {
        ("all_match", 2) => {
            let [array, lambda] = call.exactly()?;
            let lambda = mapped(&call, lambda, |body| not(nested(body)))?;
            not(call::function("array_any_match", vec![array, lambda]))
        }
        ("none_match", 2) => {
            let [array, lambda] = call.exactly()?;
            not(call::function("array_any_match", vec![array, lambda]))
        }
        ("zip_with", 3) => {
            let [left, right, lambda] = call.exactly()?;
            let lambda = over_row(&call, lambda, &["c0", "c1"])?;
            call::function("array_transform", vec![call::function("zip", vec![left, right]), lambda])
        }
        ("map_filter", 2) => {
            let [map, lambda] = call.exactly()?;
            let lambda = over_row(&call, lambda, &["key", "value"])?;
            let kept = call::function("array_filter", vec![call::function("map_entries", vec![map]), lambda]);
            call::function("map_from_entries", vec![kept])
        }
        ("transform_values", 2) => {
            let [map, lambda] = call.exactly()?;
            let lambda = over_row(&call, lambda, &["key", "value"])?;
            let values = call::function("array_transform", vec![call::function("map_entries", vec![map.clone()]), lambda]);
            let entries = call::function("zip", vec![call::function("map_keys", vec![map]), values]);
            call::function("map_from_entries", vec![entries])
        }
        ("transform_keys", 2) => {
            let [map, lambda] = call.exactly()?;
            let lambda = over_row(&call, lambda, &["key", "value"])?;
            let keys = call::function("array_transform", vec![call::function("map_entries", vec![map.clone()]), lambda]);
            let entries = call::function("zip", vec![keys, call::function("map_values", vec![map])]);
            call::function("map_from_entries", vec![entries])
        }
        ("array_sort", 2) => call.renamed(super::sorted::ARRAY_SORT_BY),
        // NULL is last, whatever the order.
        ("array_sort", 1) => {
            let [array] = call.exactly()?;
            call::function("array_sort", vec![array, call::text("ASC"), call::text("NULLS LAST")])
        }
        ("split_to_map", 3) => call::function("map_of_pairs", vec![call.renamed("split_to_map")]),
        ("reverse", 1) => return Ok(Rewritten::Other(call)),
        ("array_first", 1) => {
            let [array] = call.exactly()?;
            call::function("element_at", vec![array, call::number(1)])
        }
        ("array_last", 1) => {
            let [array] = call.exactly()?;
            call::function("element_at", vec![array, call::number(-1)])
        }
        ("map", 0) => return Err(call.unsupported("an empty map")),
        _ => match RENAMED.iter().find(|(trino, _)| *trino == call.name) {
            Some((_, name)) => call.renamed(name),
            None => return Ok(Rewritten::Other(call)),
        },
    };
    Ok(Rewritten::Done(expr))
}

fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) }
}

fn nested(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

fn lambda(call: &Call, expr: Expr) -> Result<LambdaFunction, SqlError> {
    match expr {
        Expr::Lambda(lambda) => Ok(lambda),
        _ => Err(call.error(&format!("function {} takes a function", call.name))),
    }
}

fn mapped(call: &Call, expr: Expr, change: impl FnOnce(Expr) -> Expr) -> Result<Expr, SqlError> {
    let mut lambda = lambda(call, expr)?;
    let body = std::mem::replace(lambda.body.as_mut(), call::null());
    *lambda.body = change(body);
    Ok(Expr::Lambda(lambda))
}

/// A function of several parameters as one of a row with these fields.
fn over_row(call: &Call, expr: Expr, fields: &[&str]) -> Result<Expr, SqlError> {
    let mut function = lambda(call, expr)?;
    let parameters: Vec<String> = match &function.params {
        OneOrManyWithParens::One(one) => vec![one.name.value.clone()],
        OneOrManyWithParens::Many(many) => many.iter().map(|parameter| parameter.name.value.clone()).collect(),
    };
    if parameters.len() != fields.len() {
        return Err(call.error(&format!("the function of {} takes {} parameters", call.name, fields.len())));
    }
    let row = format!("row_of_{}", parameters.join("_"));
    let mut replace = Fields { parameters: &parameters, fields, row: &row };
    // The visitor never breaks.
    let _: ControlFlow<()> = function.body.visit(&mut replace);
    function.params = OneOrManyWithParens::One(LambdaFunctionParameter { name: Ident::new(row), data_type: None });
    function.syntax = LambdaSyntax::Arrow;
    Ok(Expr::Lambda(function))
}

struct Fields<'a> {
    parameters: &'a [String],
    fields: &'a [&'a str],
    row: &'a str,
}

impl VisitorMut for Fields<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Identifier(ident) = expr else { return ControlFlow::Continue(()) };
        if let Some(index) = self.parameters.iter().position(|parameter| parameter.eq_ignore_ascii_case(&ident.value)) {
            *expr = call::function("get_field", vec![Expr::Identifier(Ident::new(self.row)), call::text(self.fields[index])]);
        }
        ControlFlow::Continue(())
    }
}

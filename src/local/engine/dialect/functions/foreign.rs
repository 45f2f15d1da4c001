//! Functions that the engine's parts bring along and the services have not. A statement that calls one would run here and fail on an account, so
//! it fails here too.

use datafusion::sql::sqlparser::ast::Function;

use crate::local::engine::{Dialect, SqlError, SqlErrorKind};

/// What neither service has, in the order of names.
const NEITHER: [&str; 78] = [
    "approx_median",
    "approx_percentile_cont_with_weight",
    "array_add",
    "array_any_value",
    "array_append",
    "array_avg",
    "array_cat",
    "array_compact",
    "array_dims",
    "array_distance",
    "array_element",
    "array_empty",
    "array_extract",
    "array_filter",
    "array_has",
    "array_has_all",
    "array_has_any",
    "array_indexof",
    "array_length",
    "array_ndims",
    "array_normalize",
    "array_pop_back",
    "array_pop_front",
    "array_prepend",
    "array_product",
    "array_push_back",
    "array_push_front",
    "array_remove_all",
    "array_remove_n",
    "array_repeat",
    "array_replace",
    "array_replace_all",
    "array_replace_n",
    "array_resize",
    "array_reverse",
    "array_scale",
    "array_slice",
    "array_subtract",
    "array_sum",
    "array_to_string",
    "array_transform",
    "arrays_zip",
    "cast_to_type",
    "covar",
    "date_bin",
    "datetrunc",
    "digest",
    "factorial",
    "file_row_index",
    "find_in_set",
    "gcd",
    "get_field",
    "inner_product",
    "input_file_name",
    "iszero",
    "lcm",
    "make_array",
    "make_date",
    "make_list",
    "make_time",
    "map_extract",
    "mean",
    "named_struct",
    "nanvl",
    "overlay",
    "quantile_cont",
    "regexp_match",
    "string_agg",
    "string_to_array",
    "string_to_list",
    "struct",
    "substr_index",
    "substring_index",
    "to_local_time",
    "to_time",
    "union_extract",
    "union_tag",
    "with_metadata",
];

/// What Trino has and Redshift has not, in the order of names.
const NOT_REDSHIFT: [&str; 22] = [
    "acosh",
    "any_match",
    "array_agg",
    "array_join",
    "array_max",
    "array_min",
    "array_remove",
    "asinh",
    "atanh",
    "bit_length",
    "cardinality",
    "corr",
    "cosh",
    "covar_pop",
    "covar_samp",
    "element_at",
    "flatten",
    "from_unixtime",
    "sinh",
    "tanh",
    "to_unixtime",
    "uuid",
];

/// What Redshift has and Trino has not, in the order of names.
const NOT_ATHENA: [&str; 17] = [
    "bit_length",
    "btrim",
    "char_length",
    "character_length",
    "cot",
    "ends_with",
    "ifnull",
    "initcap",
    "instr",
    "left",
    "median",
    "nvl",
    "nvl2",
    "octet_length",
    "right",
    "signum",
    "trunc",
];

/// Refuses a call of a function that the service has not, as a function that does not exist.
pub(in crate::engine::dialect) fn check(dialect: Dialect, function: &Function) -> Result<(), SqlError> {
    let [part] = function.name.0.as_slice() else { return Ok(()) };
    let Some(ident) = part.as_ident() else { return Ok(()) };
    let name = ident.value.to_lowercase();
    let own: &[&str] = match dialect {
        Dialect::Redshift => &NOT_REDSHIFT,
        Dialect::Athena => &NOT_ATHENA,
    };
    let prefixed = ["arrow_", "list_", "regr_"].iter().any(|prefix| name.starts_with(prefix));
    let regression = dialect == Dialect::Athena && matches!(name.as_str(), "regr_slope" | "regr_intercept");
    let foreign = prefixed || [&NEITHER[..], own].iter().any(|names| names.binary_search(&name.as_str()).is_ok());
    if !foreign || regression {
        return Ok(());
    }
    let (line, column) = (ident.span.start.line, ident.span.start.column);
    let position = (line > 0).then_some((line, column));
    let message = match (dialect, position) {
        (Dialect::Redshift, _) => {
            format!("ERROR: function {name}() does not exist\n  Hint: No function matches the given name and argument types.")
        }
        (Dialect::Athena, Some(_)) => format!("FUNCTION_NOT_FOUND: line {line}:{column}: Function '{name}' not registered"),
        (Dialect::Athena, None) => format!("FUNCTION_NOT_FOUND: Function '{name}' not registered"),
    };
    Err(SqlError { message, position, kind: SqlErrorKind::Semantic })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order() {
        assert!(NEITHER.is_sorted() && NOT_REDSHIFT.is_sorted() && NOT_ATHENA.is_sorted());
    }
}

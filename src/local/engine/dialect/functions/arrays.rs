//! Trino's arrays.

use super::Rewritten;
use crate::local::engine::dialect::call::{self, Call};
use crate::local::engine::{Dialect, SqlError};

/// Trino's name and DataFusion's.
const RENAMED: [(&str, &str); 8] = [
    ("array_join", "array_to_string"),
    ("contains", "array_has"),
    ("element_at", "array_element"),
    ("transform", "array_transform"),
    ("filter", "array_filter"),
    ("any_match", "array_any_match"),
    ("sequence", "generate_series"),
    ("array_remove", "array_remove_all"),
];

/// What Trino has and the embedded engine has not.
const REFUSED: [&str; 16] = [
    "reduce",
    "reduce_agg",
    "zip_with",
    "map_agg",
    "multimap_agg",
    "histogram",
    "map_filter",
    "transform_keys",
    "transform_values",
    "all_match",
    "none_match",
    "split_to_map",
    "ngrams",
    "combinations",
    "numeric_histogram",
    "format",
];

pub(super) fn rewrite(mut call: Call) -> Result<Rewritten, SqlError> {
    if call.dialect != Dialect::Athena {
        return Ok(Rewritten::Other(call));
    }
    if REFUSED.contains(&call.name.as_str()) {
        return Err(call.unsupported(&format!("function {}", call.name)));
    }
    if call.name == "slice" {
        // slice(array, start, length) against array_slice(array, first, last).
        let [array, start, length] = call.exactly()?;
        let end = call::binary(start.clone(), datafusion::sql::sqlparser::ast::BinaryOperator::Plus, length);
        let last = call::binary(end, datafusion::sql::sqlparser::ast::BinaryOperator::Minus, call::number(1));
        return Ok(Rewritten::Done(call::function("array_slice", vec![array, start, last])));
    }
    if call.name == "split" && call.args.len() == 2 {
        return Ok(Rewritten::Done(call.renamed("string_to_array")));
    }
    match RENAMED.iter().find(|(trino, _)| *trino == call.name) {
        Some((_, name)) => Ok(Rewritten::Done(call.renamed(name))),
        None => Ok(Rewritten::Other(call)),
    }
}

//! The value of a query that may have one row at most.

use std::sync::Arc;

use datafusion::arrow::array::Array;
use datafusion::common::cast::as_int64_array;
use datafusion::common::{exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;

use super::kernel::Kernel;

/// `pg_only_row(value, rows)`: the value, unless it is one of several rows.
pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    let only = Kernel::general(
        "pg_only_row",
        |types| match types {
            [value, _] => Ok(value.clone()),
            _ => plan_err!("pg_only_row takes a value and a number"),
        },
        |args, _, _| {
            let rows = as_int64_array(&args[1])?;
            if (0..rows.len()).any(|row| rows.is_valid(row) && rows.value(row) > 1) {
                return exec_err!("more than one row returned by a subquery used as an expression");
            }
            Ok(Arc::clone(&args[0]))
        },
    );
    vec![only]
}

//! What PostgreSQL's catalog writes by numbers alone: types, and sizes for people.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::cells::Value;
use super::kernel::Kernel;
use crate::local::engine::system::type_name;

pub(super) fn scalar() -> Vec<Arc<ScalarUDF>> {
    vec![
        Kernel::cells("pg_type_text", &[DataType::Int64, DataType::Int64], 2, DataType::Utf8, |args| {
            Ok(Value::text(type_name(args[0].int(), args[1].int())))
        }),
        Kernel::cells("pg_size_pretty", &[DataType::Int64], 1, DataType::Utf8, |args| Ok(Value::text(pretty(args[0].int())))),
    ]
}

/// A number of bytes in the unit in which it has at most five digits, as `pg_size_pretty` gives it.
fn pretty(bytes: i64) -> String {
    const LIMIT: u64 = 10 * 1024;
    let size = bytes.unsigned_abs();
    let sign = if bytes < 0 { "-" } else { "" };
    if size < LIMIT {
        return format!("{sign}{size} bytes");
    }
    // Halves of the unit, so that the last step can round.
    let mut halves = size >> 9;
    for unit in ["kB", "MB", "GB"] {
        if halves < 2 * LIMIT - 1 {
            return format!("{sign}{} {unit}", halves.div_ceil(2));
        }
        halves >>= 10;
    }
    format!("{sign}{} TB", halves.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_postgresql() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 kB"),
            (123_456, "121 kB"),
            (10_485_247, "10239 kB"),
            (10_485_760, "10 MB"),
            (5_368_709_120, "5120 MB"),
            (-20_480, "-20 kB"),
        ] {
            assert_eq!(pretty(bytes), text);
        }
    }
}

//! How many rows and bytes a plan expects.
//!
//! Numbers of rows of the warehouse's tables are exact, those of the lake follow from the sizes of the objects. What a condition leaves is
//! estimated with the shares that PostgreSQL takes when it has no statistics of a column, but for equality, where it depends on the type.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Operator};

use super::super::types::ColumnType;

/// The share of rows that an equality leaves.
const EQUAL: f64 = 0.1;
/// The share that `<`, `>` and the like leave.
const RANGE: f64 = 1.0 / 3.0;
/// The share that a pattern leaves.
const PATTERN: f64 = 0.05;
/// The share that anything else leaves.
const OTHER: f64 = 0.5;
/// The values that a column has, when nothing is known of it.
const DISTINCT: f64 = 200.0;

/// Bytes of a value: what a fixed type takes, and half of the length of a text, at most 32.
pub(super) fn width(kind: &ColumnType) -> f64 {
    match kind {
        ColumnType::Boolean | ColumnType::Tinyint => 1.0,
        ColumnType::Int2 => 2.0,
        ColumnType::Int4 | ColumnType::Float4 | ColumnType::Date => 4.0,
        ColumnType::Int8 | ColumnType::Float8 | ColumnType::Time | ColumnType::Timestamp | ColumnType::TimestampTz => 8.0,
        ColumnType::Decimal { precision, .. } => f64::from(if *precision > 18 { 16 } else { 8 }),
        ColumnType::Varchar(Some(length)) | ColumnType::Char(length) => f64::from(length.div_ceil(2).min(32)),
        ColumnType::Interval => 16.0,
        ColumnType::Unknown => 0.0,
        ColumnType::Varchar(None)
        | ColumnType::Varbyte
        | ColumnType::Super
        | ColumnType::Array(_)
        | ColumnType::Map(..)
        | ColumnType::Row(_) => 32.0,
    }
}

/// The share of rows that a condition leaves.
pub(super) fn share(condition: &Expr) -> f64 {
    match condition {
        Expr::BinaryExpr(binary) => match binary.op {
            Operator::And => share(&binary.left) * share(&binary.right),
            Operator::Or => {
                let (left, right) = (share(&binary.left), share(&binary.right));
                left + right - left * right
            }
            Operator::Eq | Operator::IsNotDistinctFrom => EQUAL,
            Operator::NotEq | Operator::IsDistinctFrom => 1.0 - EQUAL,
            Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq => RANGE,
            _ => OTHER,
        },
        Expr::Not(inner) => 1.0 - share(inner),
        Expr::IsNull(_) => PATTERN,
        Expr::IsNotNull(_) => 1.0 - PATTERN,
        Expr::Like(like) => negated(PATTERN, like.negated),
        Expr::Between(between) => negated(RANGE * RANGE, between.negated),
        #[expect(clippy::cast_precision_loss, reason = "a list is short")]
        Expr::InList(list) => negated((EQUAL * list.list.len() as f64).min(1.0), list.negated),
        Expr::Literal(ScalarValue::Boolean(Some(truth)), _) => f64::from(u8::from(*truth)),
        _ => OTHER,
    }
}

fn negated(share: f64, negated: bool) -> f64 {
    if negated { 1.0 - share } else { share }
}

/// At least one row, and whole ones.
pub(super) fn rows(expected: f64) -> f64 {
    expected.round().max(1.0)
}

/// Groups of so many rows, grouped by columns of the types.
pub(super) fn groups<'a>(input: f64, keys: impl Iterator<Item = &'a ColumnType>) -> f64 {
    let most: f64 = keys.map(|kind| if *kind == ColumnType::Boolean { 2.0 } else { DISTINCT }).product();
    rows(most.min(input))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp)]
    use datafusion::logical_expr::{col, lit};

    use super::*;

    #[test]
    fn conditions_leave_a_share() {
        assert_eq!(share(&col("a").eq(lit(1))), 0.1);
        assert_eq!(share(&col("a").gt(lit(1)).and(col("b").lt(lit(1)))), RANGE * RANGE);
        assert!((share(&col("a").eq(lit(1)).or(col("b").eq(lit(1)))) - 0.19).abs() < 1e-9);
        assert_eq!(share(&lit(false)), 0.0);
    }

    #[test]
    fn groups_are_never_more_than_rows() {
        let kinds = [ColumnType::Int4, ColumnType::Int4];
        assert_eq!((groups(50.0, kinds.iter()), groups(1e6, kinds.iter())), (50.0, 40_000.0));
        assert_eq!(groups(0.0, kinds.iter()), 1.0);
    }
}

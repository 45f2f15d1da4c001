//! Texts that are written beside values of another kind. In Redshift a written text has no type of its own: beside a CHAR its trailing blanks
//! mean nothing (columns are stored without them), and beside a date it is a day, in any of the forms that a day has.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, ExprSchema, Result, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};

use super::{expressions, functions, semistructured};
use crate::local::engine::Dialect;

/// Makes written texts what they are compared with.
pub(super) fn adapt(dialect: Dialect, plan: LogicalPlan) -> Result<LogicalPlan> {
    if dialect != Dialect::Redshift {
        return Ok(plan);
    }
    expressions::change(plan, |expr, schema| Ok(compared(expr, schema)), |plan, _| Transformed::no(plan))
}

/// What a text is compared with.
#[derive(Clone, Copy)]
enum Beside {
    Char,
    Day,
}

fn kind(expr: &Expr, schema: &DFSchema) -> Option<Beside> {
    if let Expr::Column(column) = expr
        && schema.field_from_column(column).is_ok_and(|field| semistructured::padded(field))
    {
        return Some(Beside::Char);
    }
    (expr.get_type(schema).ok()? == DataType::Date32).then_some(Beside::Day)
}

fn compared(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    match expr {
        Expr::BinaryExpr(mut binary) if expressions::compares(binary.op) && (text(&binary.left) || text(&binary.right)) => {
            match (text(&binary.left), kind(&binary.left, schema), kind(&binary.right, schema)) {
                (true, _, Some(beside)) => *binary.left = adapted(*binary.left, beside),
                (false, Some(beside), _) => *binary.right = adapted(*binary.right, beside),
                _ => return Transformed::no(Expr::BinaryExpr(binary)),
            }
            Transformed::yes(Expr::BinaryExpr(binary))
        }
        Expr::InList(mut list) if list.list.iter().any(text) => match kind(&list.expr, schema) {
            Some(beside) => {
                list.list = list.list.into_iter().map(|item| adapted(item, beside)).collect();
                Transformed::yes(Expr::InList(list))
            }
            None => Transformed::no(Expr::InList(list)),
        },
        Expr::Between(mut between) if text(&between.low) || text(&between.high) => match kind(&between.expr, schema) {
            Some(beside) => {
                *between.low = adapted(*between.low, beside);
                *between.high = adapted(*between.high, beside);
                Transformed::yes(Expr::Between(between))
            }
            None => Transformed::no(Expr::Between(between)),
        },
        other => Transformed::no(other),
    }
}

fn text(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Utf8(Some(_)), _))
}

/// A written text as what it is beside such a value; everything else as it is.
fn adapted(expr: Expr, beside: Beside) -> Expr {
    let Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) = expr else { return expr };
    let text = match beside {
        Beside::Char => text.trim_end_matches(' ').to_owned(),
        Beside::Day => {
            let day = functions::day_and_rest(&text).filter(|(_, rest)| rest.is_empty()).map(|(day, _)| day.to_string());
            day.unwrap_or(text)
        }
    };
    Expr::Literal(ScalarValue::Utf8(Some(text)), metadata)
}

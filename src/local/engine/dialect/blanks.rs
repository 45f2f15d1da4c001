//! Trailing blanks of a CHAR mean nothing: `'x' = 'x  '` where one side is a CHAR. Columns are stored without them, so it is the text
//! beside such a column that loses its own.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, ExprSchema, Result, ScalarValue};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};

use super::semistructured;

/// Takes the trailing blanks from texts that CHAR columns are compared with.
pub(super) fn trim(plan: LogicalPlan) -> Result<LogicalPlan> {
    let done = plan.transform_up_with_subqueries(|node| {
        let schemas: Vec<Arc<DFSchema>> = node.inputs().iter().map(|input| Arc::clone(input.schema())).collect();
        let padded = |column: &Column| {
            schemas.iter().any(|schema| schema.field_from_column(column).is_ok_and(|field| semistructured::padded(field)))
        };
        if !schemas.iter().any(|schema| schema.fields().iter().any(|field| semistructured::padded(field))) {
            return Ok(Transformed::no(node));
        }
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let done = expr.transform_up(|expr| Ok(compared(expr, &padded)))?;
            Ok(if done.transformed { done.update_data(|expr| name.restore(expr)) } else { done })
        })
    })?;
    Ok(done.data)
}

fn compared(expr: Expr, padded: &dyn Fn(&Column) -> bool) -> Transformed<Expr> {
    let is = |expr: &Expr| matches!(expr, Expr::Column(column) if padded(column));
    match expr {
        Expr::BinaryExpr(mut binary) if compares(binary.op) && is(&binary.left) && text(&binary.right) => {
            *binary.right = trimmed(*binary.right);
            Transformed::yes(Expr::BinaryExpr(binary))
        }
        Expr::BinaryExpr(mut binary) if compares(binary.op) && is(&binary.right) && text(&binary.left) => {
            *binary.left = trimmed(*binary.left);
            Transformed::yes(Expr::BinaryExpr(binary))
        }
        Expr::InList(mut list) if is(&list.expr) => {
            list.list = list.list.into_iter().map(trimmed).collect();
            Transformed::yes(Expr::InList(list))
        }
        Expr::Between(mut between) if is(&between.expr) => {
            *between.low = trimmed(*between.low);
            *between.high = trimmed(*between.high);
            Transformed::yes(Expr::Between(between))
        }
        other => Transformed::no(other),
    }
}

fn compares(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

fn text(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Utf8(Some(_)), _))
}

fn trimmed(expr: Expr) -> Expr {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) => {
            Expr::Literal(ScalarValue::Utf8(Some(text.trim_end_matches(' ').to_owned())), metadata)
        }
        other => other,
    }
}

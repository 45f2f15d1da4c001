//! Blanks at the end of texts. Redshift disregards them where texts are compared, those of VARCHAR like those of CHAR ("Character types" in
//! its documentation, and the addresses of its examples), and nowhere else: not in `length`, `LIKE` or what is shown. Trino regards them.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, DFSchema, ExprSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::logical_plan::{Join, Subquery};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder};

use super::{expressions, functions, semistructured};
use crate::local::engine::Dialect;

/// Takes the blanks at the end from texts that are compared. What a condition takes from an outer query is left as it is: the optimizer
/// turns such conditions into joins only when they are plain.
pub(super) fn disregard(dialect: Dialect, plan: LogicalPlan) -> Result<LogicalPlan> {
    if dialect != Dialect::Redshift {
        return Ok(plan);
    }
    expressions::change(plan, compared, keys)
}

/// The expression that a comparison was made of, without what is done here.
pub fn within(expr: &Expr) -> &Expr {
    match expr {
        Expr::ScalarFunction(call) if call.func.name() == functions::WITHOUT_BLANKS => call.args.first().unwrap_or(expr),
        other => other,
    }
}

fn compared(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    Ok(match expr {
        Expr::BinaryExpr(mut binary) if expressions::compares(binary.op) && texts([&*binary.left, &*binary.right], schema) => {
            *binary.left = bare(*binary.left, schema);
            *binary.right = bare(*binary.right, schema);
            Transformed::yes(Expr::BinaryExpr(binary))
        }
        Expr::InList(mut list) if texts(std::iter::once(&*list.expr).chain(&list.list), schema) => {
            *list.expr = bare(*list.expr, schema);
            list.list = list.list.into_iter().map(|item| bare(item, schema)).collect();
            Transformed::yes(Expr::InList(list))
        }
        Expr::Between(mut between) if texts([&*between.expr, &*between.low, &*between.high], schema) => {
            *between.expr = bare(*between.expr, schema);
            *between.low = bare(*between.low, schema);
            *between.high = bare(*between.high, schema);
            Transformed::yes(Expr::Between(between))
        }
        Expr::Case(mut case) => {
            let Some(operand) = case.expr.take() else { return Ok(Transformed::no(Expr::Case(case))) };
            if !texts(std::iter::once(&*operand).chain(case.when_then_expr.iter().map(|(when, _)| &**when)), schema) {
                case.expr = Some(operand);
                return Ok(Transformed::no(Expr::Case(case)));
            }
            case.expr = Some(Box::new(bare(*operand, schema)));
            for (when, _) in &mut case.when_then_expr {
                let written = std::mem::take(&mut **when);
                **when = bare(written, schema);
            }
            Transformed::yes(Expr::Case(case))
        }
        Expr::InSubquery(InSubquery { expr, subquery, negated })
            if subquery.outer_ref_columns.is_empty() && texts([&*expr], schema) && text_column(&subquery.subquery) =>
        {
            let expr = Box::new(bare(*expr, schema));
            let subquery = Subquery { subquery: Arc::new(bare_column(&subquery.subquery)?), ..subquery };
            Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated }))
        }
        other => Transformed::no(other),
    })
}

/// The keys that a join compares beside its condition.
fn keys(node: LogicalPlan, schema: &DFSchema) -> Transformed<LogicalPlan> {
    match node {
        LogicalPlan::Join(join) if join.on.iter().any(|(left, right)| texts([left, right], schema)) => {
            let on = join.on.into_iter().map(|(left, right)| {
                if texts([&left, &right], schema) { (bare(left, schema), bare(right, schema)) } else { (left, right) }
            });
            Transformed::yes(LogicalPlan::Join(Join { on: on.collect(), ..join }))
        }
        other => Transformed::no(other),
    }
}

/// Whether all are texts of this query.
fn texts<'a>(exprs: impl IntoIterator<Item = &'a Expr>, schema: &DFSchema) -> bool {
    exprs.into_iter().all(|expr| {
        !expr.contains_outer()
            && expr.to_field(schema).is_ok_and(|(_, field)| field.data_type().is_string() && !semistructured::marked(&field))
    })
}

fn text_column(plan: &LogicalPlan) -> bool {
    matches!(plan.schema().fields().as_ref(), [field] if field.data_type().is_string() && !semistructured::marked(field))
}

/// A query of one column of texts, with that column's blanks taken off.
fn bare_column(plan: &Arc<LogicalPlan>) -> Result<LogicalPlan> {
    let columns: Vec<Column> = plan.schema().columns();
    let bared = columns.into_iter().map(|column| {
        let name = column.name.clone();
        bare(Expr::Column(column), plan.schema()).alias(name)
    });
    LogicalPlanBuilder::from(Arc::clone(plan)).project(bared)?.build()
}

fn bare(expr: Expr, schema: &DFSchema) -> Expr {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) => {
            Expr::Literal(ScalarValue::Utf8(Some(text.trim_end_matches(' ').to_owned())), metadata)
        }
        Expr::Literal(..) => expr,
        // A CHAR is kept without them.
        Expr::Column(ref column) if schema.field_from_column(column).is_ok_and(|field| semistructured::padded(field)) => expr,
        ref done if !std::ptr::eq(within(done), done) => expr,
        other => functions::without_blanks().call(vec![other]),
    }
}

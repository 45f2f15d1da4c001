//! `CROSS JOIN UNNEST(t.a)` and `LATERAL (SELECT …)` without a table of its own: DataFusion plans the right side with references to the
//! left, and has no way to run it. What is to the right is computed on the rows of the left instead.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::logical_plan::Join;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder, expr};

use super::functions::{self, unnest};
use super::{blanks, literals};
use crate::local::engine::Dialect;

/// Takes the references of right sides to left sides out of a plan, where that can be done, and makes texts what they are
/// compared as.
pub fn inline(dialect: Dialect, plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = blanks::disregard(dialect, literals::adapt(dialect, plan)?)?;
    let done = plan.transform_up_with_subqueries(|node| match &node {
        LogicalPlan::Join(join) if correlated(&join.right)? => match over(dialect, join)? {
            Some(plan) => Ok(Transformed::yes(plan)),
            None => Ok(Transformed::no(node)),
        },
        _ => Ok(Transformed::no(node)),
    })?;
    if !done.transformed {
        return Ok(done.data);
    }
    let again = done.data.transform_up_with_subqueries(|node| Ok(Transformed::yes(node.recompute_schema()?)))?;
    Ok(again.data)
}

/// Whether a plan has references to the rows of another.
fn correlated(plan: &LogicalPlan) -> Result<bool> {
    plan.exists(|node| Ok(matches!(node, LogicalPlan::Subquery(_)) || !node.all_out_ref_exprs().is_empty()))
}

/// The right side of a join computed on the rows of the left.
fn over(dialect: Dialect, join: &Join) -> Result<Option<LogicalPlan>> {
    let always = |filter: &Expr| matches!(filter, Expr::Literal(ScalarValue::Boolean(Some(true)), _));
    let condition = join.filter.as_ref().filter(|filter| !always(filter));
    let outer = match join.join_type {
        JoinType::Inner => false,
        JoinType::Left if condition.is_none() => true,
        _ => return Ok(None),
    };
    if !join.on.is_empty() {
        return Ok(None);
    }
    let Some(plan) = (Left { dialect, plan: &join.left, outer }).under(&join.right)? else { return Ok(None) };
    match condition {
        Some(condition) => Ok(Some(LogicalPlanBuilder::from(plan).filter(condition.clone())?.build()?)),
        None => Ok(Some(plan)),
    }
}

struct Left<'a> {
    dialect: Dialect,
    plan: &'a Arc<LogicalPlan>,
    /// Whether rows without anything to the right stay.
    outer: bool,
}

impl Left<'_> {
    /// The columns of the left.
    fn columns(&self) -> Vec<Expr> {
        self.plan.schema().iter().map(|(qualifier, field)| Expr::Column(Column::new(qualifier.cloned(), field.name()))).collect()
    }

    /// `plan`, put on top of the left; `None` when it is of a kind that has rows of its own.
    fn under(&self, plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
        let input = match plan.inputs().as_slice() {
            [] => None,
            [input] => match self.under(input)? {
                Some(input) => Some(input),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(match (plan, input) {
            (LogicalPlan::EmptyRelation(empty), None) if empty.produce_one_row => Some(self.plan.as_ref().clone()),
            (LogicalPlan::Subquery(subquery), None) => self.under(&subquery.subquery)?,
            (LogicalPlan::Subquery(_), Some(input)) => Some(input),
            (LogicalPlan::Projection(projection), Some(input)) => {
                let mut exprs = self.columns();
                for expr in &projection.expr {
                    exprs.push(self.own(expr.clone())?);
                }
                Some(LogicalPlanBuilder::from(input).project(exprs)?.build()?)
            }
            (LogicalPlan::Filter(filter), Some(input)) if !self.outer => {
                Some(LogicalPlanBuilder::from(input).filter(self.own(filter.predicate.clone())?)?.build()?)
            }
            (LogicalPlan::Unnest(nested), Some(input)) => {
                let builder = LogicalPlanBuilder::from(input);
                Some(builder.unnest_columns_with_options(nested.exec_columns.clone(), nested.options.clone())?.build()?)
            }
            (LogicalPlan::SubqueryAlias(alias), Some(input)) => {
                let left = self.plan.schema().fields().len();
                let mut exprs = self.columns();
                for (index, field) in alias.schema.fields().iter().enumerate() {
                    let (qualifier, inner) = input.schema().qualified_field(left + index);
                    let column = Expr::Column(Column::new(qualifier.cloned(), inner.name()));
                    exprs.push(column.alias_qualified(Some(alias.alias.clone()), field.name()));
                }
                Some(LogicalPlanBuilder::from(input).project(exprs)?.build()?)
            }
            _ => None,
        })
    }

    /// An expression whose references to the left are columns of its own input.
    fn own(&self, expr: Expr) -> Result<Expr> {
        let done = expr.transform_up(|expr| match expr {
            Expr::OuterReferenceColumn(_, column) => Ok(Transformed::yes(Expr::Column(column))),
            Expr::ScalarFunction(call) if self.outer => match unnest::keeping(call.func.name()) {
                Some(name) => match functions::scalar(self.dialect).iter().find(|function| function.name() == name) {
                    Some(function) => {
                        let call = expr::ScalarFunction { func: Arc::clone(function), args: call.args };
                        Ok(Transformed::yes(Expr::ScalarFunction(call)))
                    }
                    None => Ok(Transformed::no(Expr::ScalarFunction(call))),
                },
                None => Ok(Transformed::no(Expr::ScalarFunction(call))),
            },
            other => Ok(Transformed::no(other)),
        })?;
        Ok(done.data)
    }
}

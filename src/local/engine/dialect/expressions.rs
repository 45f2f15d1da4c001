//! What the changes in the expressions of a plan, before it is analysed, have in common.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};

/// Changes every expression of a plan and of its subqueries, the inner ones first, by the columns that it sees. Results keep their names.
/// What is not an expression of its node is changed by `node`.
pub(super) fn change(
    plan: LogicalPlan,
    expr: impl Fn(Expr, &DFSchema) -> Result<Transformed<Expr>>,
    node: impl Fn(LogicalPlan, &DFSchema) -> Transformed<LogicalPlan>,
) -> Result<LogicalPlan> {
    let done = plan.transform_up_with_subqueries(|plan| {
        let mut schema = DFSchema::empty();
        plan.inputs().iter().for_each(|input| schema.merge(input.schema()));
        let names = NamePreserver::new(&plan);
        let done = plan.map_expressions(|given| {
            let name = names.save(&given);
            let done = given.transform_up(|given| expr(given, &schema))?;
            Ok(if done.transformed { done.update_data(|given| name.restore(given)) } else { done })
        })?;
        done.transform_data(|plan| Ok(node(plan, &schema)))
    })?;
    Ok(done.data)
}

/// Whether an operator compares.
pub(super) fn compares(op: Operator) -> bool {
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

//! Which side of a product of tables is kept in memory.
//!
//! DataFusion keeps the left side of a cross join or nested loop in memory and reads the right one through. What is written as `a, b, c` is
//! planned as `(a × b) × c`, so that the product of the first two would be kept. This rule turns such joins round: the side that multiplies
//! rows is read through.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{JoinType, Result};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{CrossJoinExec, NestedLoopJoinExec};

/// Keeps the side in memory that does not multiply rows.
#[derive(Debug, Default)]
pub(super) struct SmallSide;

impl PhysicalOptimizerRule for SmallSide {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            if let Some(join) = node.downcast_ref::<CrossJoinExec>()
                && products(join.left()) > products(join.right())
            {
                return Ok(Transformed::yes(join.swap_inputs()?));
            }
            if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>()
                && *join.join_type() == JoinType::Inner
                && products(join.left()) > products(join.right())
            {
                return Ok(Transformed::yes(join.swap_inputs()?));
            }
            Ok(Transformed::no(node))
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "small_side"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// How many joins below multiply rows, as far as their rows come out: an aggregation or a limit makes them few again.
fn products(plan: &Arc<dyn ExecutionPlan>) -> usize {
    if matches!(plan.name(), "AggregateExec" | "GlobalLimitExec" | "LocalLimitExec") {
        return 0;
    }
    let own = plan.is::<CrossJoinExec>() || plan.is::<NestedLoopJoinExec>();
    usize::from(own) + plan.children().into_iter().map(products).sum::<usize>()
}

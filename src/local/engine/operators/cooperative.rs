//! Lets a statement be cancelled wherever it is.
//!
//! DataFusion's operators give way to other tasks when their leaves have been read for a while. A join can make millions of batches of
//! one batch that was read, and what is above it (a sum, a count) takes them all in one go: such a statement would keep its thread and
//! hear of its cancellation only at its end. This rule makes the operators that multiply rows give way too.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;

/// The operators that can make many batches of one.
const MULTIPLIERS: [&str; 7] = [
    "CrossJoinExec",
    "NestedLoopJoinExec",
    "HashJoinExec",
    "SortMergeJoinExec",
    "PiecewiseMergeJoin",
    "SymmetricHashJoinExec",
    "UnnestExec",
];

/// Wraps operators that multiply rows so that they give way.
#[derive(Debug, Default)]
pub(super) struct GiveWay;

impl PhysicalOptimizerRule for GiveWay {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            if MULTIPLIERS.contains(&node.name()) {
                Ok(Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>))
            } else {
                Ok(Transformed::no(node))
            }
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "give_way"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

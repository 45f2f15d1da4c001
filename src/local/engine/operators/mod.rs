//! Operators and rules of our own between DataFusion's optimizer and the run of a statement.

mod buffered;
mod cooperative;
mod recursion;
mod sequential;

use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;

use super::Dialect;

/// DataFusion's rules and ours, in the order in which a plan goes through them.
pub(super) fn rules(dialect: Dialect) -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> = vec![Arc::new(sequential::OnePartition)];
    rules.extend(PhysicalOptimizer::new().rules);
    rules.push(Arc::new(buffered::SmallSide));
    rules.push(Arc::new(cooperative::GiveWay));
    if dialect == Dialect::Athena {
        rules.push(Arc::new(recursion::Limit));
    }
    rules
}

/// The input of an operator that has one.
fn only_input(children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
    match <[_; 1]>::try_from(children) {
        Ok([input]) => Ok(input),
        Err(children) => Err(DataFusionError::Internal(format!("an operator with one input was given {}", children.len()))),
    }
}

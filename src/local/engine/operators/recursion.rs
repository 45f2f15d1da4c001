//! How deep a recursive query may go: Trino plans a fixed number of steps and fails a query that needs more.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::recursive_query::RecursiveQueryExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;

use super::only_input;
use crate::local::engine::{InStream as _, SqlError, SqlErrorKind};

/// `max_recursion_depth` as it is unless a session of Trino sets it, which Athena's cannot.
const DEEPEST: usize = 10;

/// Counts the steps of every recursive query.
#[derive(Debug, Default)]
pub(super) struct Limit;

impl PhysicalOptimizerRule for Limit {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            if !node.is::<RecursiveQueryExec>() {
                return Ok(Transformed::no(node));
            }
            let mut terms: Vec<Arc<dyn ExecutionPlan>> = node.children().into_iter().map(Arc::clone).collect();
            if let Some(step) = terms.pop() {
                terms.push(Arc::new(Step { input: step, taken: Arc::default() }));
            }
            node.replace_children(terms, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute)).map(Transformed::yes)
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "recursion_depth"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The term of a recursive query that refers to it. It is executed once a step, and fails when one more than is allowed gives rows.
#[derive(Debug)]
struct Step {
    input: Arc<dyn ExecutionPlan>,
    taken: Arc<AtomicUsize>,
}

impl Step {
    fn over(&self, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Step { input: only_input(children)?, taken: Arc::clone(&self.taken) }))
    }
}

impl DisplayAs for Step {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Step")
    }
}

impl ExecutionPlan for Step {
    fn name(&self) -> &'static str {
        "Step"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(&self, _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.over(children)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.over(children)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let step = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        let rows = self.input.execute(partition, context)?;
        if step <= DEEPEST {
            return Ok(rows);
        }
        let schema = rows.schema();
        let checked = rows.map(|batch| match batch {
            Ok(batch) if batch.num_rows() > 0 => Err(too_deep()),
            other => other,
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, checked)))
    }
}

fn too_deep() -> DataFusionError {
    let message = format!(
        "NOT_SUPPORTED: Recursion depth limit exceeded ({DEEPEST}). Use 'max_recursion_depth' session property to modify the limit."
    );
    SqlError::new(SqlErrorKind::Unsupported, message).into_stream()
}

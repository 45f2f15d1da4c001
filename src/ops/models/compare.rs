//! Two versions side by side, by the executions that made them.

use super::{find, package};
use crate::demo::pipeline_definition::metadata;
use crate::ops::pipeline::{self, RunComparison};
use crate::ops::{Context, OpError, OpErrorKind, evaluation};

/// Compares two versions: figures, settings, data, and what the models go by. Of a version whose execution the account does not know any more
/// only the figures that are registered with it are compared.
///
/// # Errors
/// There is no such version, or the service refuses.
pub async fn compare(context: &Context, a: u32, b: u32) -> Result<RunComparison, OpError> {
    let (first, second) = tokio::try_join!(side(context, a), side(context, b))?;
    if let (Some(run_a), Some(run_b)) = (&first.execution, &second.execution) {
        return pipeline::compare(context, run_a, run_b).await;
    }
    let metrics = pipeline::compare::metrics(first.evaluation.as_ref(), second.evaluation.as_ref());
    Ok(RunComparison { metrics, ..RunComparison::default() })
}

/// What is known of a version.
struct Origin {
    execution: Option<String>,
    evaluation: Option<evaluation::Evaluation>,
}

async fn side(context: &Context, version: u32) -> Result<Origin, OpError> {
    let summary = find(context, version).await?;
    let package = package(context, &summary.arn).await?;
    let execution = match package.properties.get(metadata::EXECUTION) {
        Some(id) => match pipeline::find(context, Some(id)).await {
            Ok(arn) => Some(arn),
            // It is not among the executions any more.
            Err(error) if error.kind == OpErrorKind::Usage => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let evaluation = match package.properties.get(metadata::EVALUATION).or(package.statistics.as_ref()) {
        // A report that somebody removed does not make the version unreadable.
        Some(address) => evaluation::evaluation(context, address).await.ok(),
        None => None,
    };
    Ok(Origin { execution, evaluation })
}

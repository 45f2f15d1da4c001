//! Step 7, first half: the newest model of the registry behind the staging endpoint.

use serde_json::json;

use super::StepOutcome;
use crate::aws::registry::{ApprovalState, PackageSummary};
use crate::ops::endpoints::{self, Rollout, Stage};
use crate::ops::error::op;
use crate::ops::report::Run;
use crate::ops::{OpError, models, predict};

/// What is noted with the approval: by it a cleanup that stops short knows which to take back.
pub(super) const NOTE: &str = "Approved by the presenter in the step `deploy`";

pub async fn run(run: &Run<'_>) -> Result<StepOutcome, OpError> {
    let context = run.context;
    let scenario = &context.scenario;
    let endpoint = &scenario.staging_endpoint;
    let package = newest(run).await?;
    let approved_here = package.approval == ApprovalState::PendingManualApproval;
    if approved_here {
        run.say(&scenario.model_group, format!("approving version {}: running this step is the approval", package.version))?;
        context
            .gateways
            .registry
            .decide(&package.arn, ApprovalState::Approved, NOTE)
            .await
            .map_err(op(&package.arn, "could not approve the model"))?;
    }
    let mut report = |sentence: &str| {
        // A cancellation is noticed between the calls.
        let _ = run.say(endpoint, sentence);
    };
    let rollout = Rollout { context, endpoint, stage: Stage::Staging };
    let deployment = rollout.to_version(&package, &mut report).await?;

    // One of the rows that were asked, for people to see.
    let deployed = predict::at(context, endpoint).await?;
    let samples = predict::samples(context, &deployed, 1, context.settings.mlops.seed).await?;
    let rows: Vec<_> = samples.into_iter().map(|sample| sample.row).collect();
    let answers = predict::predict(context, &deployed, &rows).await?;
    let answer = answers.first().ok_or_else(|| OpError::failed(endpoint, "the endpoint gave no answer", "its answer was empty"))?;
    let message = format!("Version {} answers at `{endpoint}`", package.version);
    let detail = json!({
        "endpoint": endpoint,
        "version": package.version,
        "model": endpoints::model_name(context, package.version),
        "approved_here": approved_here,
        "smoke_test": {
            "score": answer.score,
            "decision": answer.decision,
            "rows": deployment.smoke.rows,
            "agreeing": deployment.smoke.agreeing,
        },
    });
    Ok(StepOutcome::new(approved_here || deployment.changed, message, detail))
}

/// The newest package that is not rejected.
async fn newest(run: &Run<'_>) -> Result<PackageSummary, OpError> {
    let group = &run.context.scenario.model_group;
    let packages = models::summaries(run.context).await?;
    let all = packages.len();
    packages.into_iter().find(|package| package.approval != ApprovalState::Rejected && package.status == "Completed").ok_or_else(|| {
        let why = if all == 0 { "no model is registered".to_owned() } else { format!("none of the {all} registered models may be used") };
        OpError::precondition(group, "there is no model to deploy", why, "run the step `pipeline` first")
    })
}

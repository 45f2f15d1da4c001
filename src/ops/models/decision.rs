//! Approving and rejecting: who may be used, and what follows from that.

use serde::Serialize;

use super::{ApprovalState, champion, deployable, show, summaries};
use crate::aws::registry::PackageSummary;
use crate::ops::error::op;
use crate::ops::{Context, OpError, Outlook, project};

/// What approving or rejecting a version would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionPlan {
    /// Version.
    pub version: u32,
    /// Whether it may be used now.
    pub before: ApprovalState,
    /// What was said then.
    pub reason_before: Option<String>,
    /// Whether it may be used afterwards.
    pub after: ApprovalState,
    /// Whether that changes anything.
    pub changed: bool,
    /// Area under the ROC curve on its test rows, where its report can be read.
    pub auc: Option<f64>,
    /// Endpoints that serve it, and go on serving it.
    pub serves_at: Vec<String>,
    /// The version that is deployed when nobody names one.
    pub deployed_next: Turn,
    /// The version that the next execution of the pipeline compares its model and its data with.
    pub compared_with: Turn,
    /// The stage of the project that waits for a decision about this version, which is one of its own.
    pub waiting: Option<String>,
}

/// A version that is chosen by the approvals: now and afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// Now.
    pub before: Option<u32>,
    /// Afterwards.
    pub after: Option<u32>,
}

impl Turn {
    fn of(before: Option<&PackageSummary>, after: Option<&PackageSummary>) -> Self {
        let version = |package: Option<&PackageSummary>| package.map(|package| package.version);
        Turn { before: version(before), after: version(after) }
    }
}

/// The newest version, whatever was decided about it.
///
/// # Errors
/// No model is registered, or the account cannot be read.
pub async fn newest(context: &Context) -> Result<u32, OpError> {
    let packages = summaries(context).await?;
    packages.first().map(|package| package.version).ok_or_else(|| {
        let group = &context.scenario.model_group;
        OpError::precondition(group, "no model is registered", format!("`{group}` has no version"), "run the step `pipeline` first")
    })
}

/// Approves or rejects a version; gives whether that changed anything.
pub async fn decide(context: &Context, version: u32, approval: ApprovalState, note: &str) -> Result<bool, OpError> {
    let package = super::find(context, version).await?;
    if !changes(&package, approval) {
        return Ok(false);
    }
    let what = "could not decide on the model";
    context.gateways.registry.decide(&package.arn, approval, note).await.map_err(op(&package.arn, what))?;
    Ok(true)
}

fn changes(package: &PackageSummary, approval: ApprovalState) -> bool {
    package.approval != approval
}

/// What [`decide`] would do, and what would follow from it.
///
/// # Errors
/// There is no such version, or the account cannot be read.
pub async fn plan_decision(context: &Context, version: u32, approval: ApprovalState) -> Result<Outlook<DecisionPlan>, OpError> {
    let package = super::find(context, version).await?;
    let waiting = async {
        // Asking about a project needs permissions that only a project gives reason for.
        if context.settings.project.enabled { project::waiting(context).await } else { Ok(None) }
    };
    let (model, packages, waiting) = tokio::try_join!(show(context, version), summaries(context), waiting)?;
    let plan = told(&package, approval, &packages);
    let plan = DecisionPlan {
        reason_before: model.reason,
        auc: model.evaluation.map(|evaluation| evaluation.auc),
        serves_at: model.deployed,
        waiting: waiting.filter(|waiting| waiting.version == Some(version)).map(|waiting| waiting.place()),
        ..plan
    };
    Ok(Outlook { plan, obstacles: Vec::new() })
}

/// What follows from the listing alone.
fn told(package: &PackageSummary, approval: ApprovalState, packages: &[PackageSummary]) -> DecisionPlan {
    let mut decided = packages.to_vec();
    for known in decided.iter_mut().filter(|known| known.arn == package.arn) {
        known.approval = approval;
    }
    DecisionPlan {
        version: package.version,
        before: package.approval,
        reason_before: None,
        after: approval,
        changed: changes(package, approval),
        auc: None,
        serves_at: Vec::new(),
        deployed_next: Turn::of(deployable(packages), deployable(&decided)),
        compared_with: Turn::of(champion(packages), champion(&decided)),
        waiting: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(version: u32, approval: ApprovalState, status: &str) -> PackageSummary {
        PackageSummary { arn: format!("arn/{version}"), version, approval, status: status.into(), created: None }
    }

    #[test]
    fn an_approval_makes_a_version_the_next_to_be_deployed_and_compared_with() {
        let all = [
            package(3, ApprovalState::PendingManualApproval, "Completed"),
            package(2, ApprovalState::Approved, "Completed"),
            package(1, ApprovalState::Approved, "Completed"),
        ];
        let approved = told(&all[0], ApprovalState::Approved, &all);
        assert!(approved.changed);
        assert_eq!(approved.deployed_next, Turn { before: Some(2), after: Some(3) });
        assert_eq!(approved.compared_with, Turn { before: Some(2), after: Some(3) });
        let older = told(&all[2], ApprovalState::Rejected, &all);
        assert_eq!(older.deployed_next, Turn { before: Some(2), after: Some(2) });
        let newer = told(&all[1], ApprovalState::Rejected, &all);
        assert_eq!(newer.compared_with, Turn { before: Some(2), after: Some(1) });
        assert!(!told(&all[1], ApprovalState::Approved, &all).changed);
    }

    #[test]
    fn a_version_that_is_not_complete_is_not_deployed() {
        let all = [package(2, ApprovalState::PendingManualApproval, "Failed"), package(1, ApprovalState::Approved, "Completed")];
        let approved = told(&all[0], ApprovalState::Approved, &all);
        assert_eq!(approved.deployed_next, Turn { before: Some(1), after: Some(1) });
        assert_eq!(approved.compared_with, Turn { before: Some(1), after: Some(2) });
    }
}

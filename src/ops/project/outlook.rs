//! What a commit, a decision and a retry would do.

use serde::Serialize;

use super::{Commit, CommitIntent, StageView, ToRetry, Waiting, asked, intend, not_retried, to_retry, waiting};
use crate::demo::delivery::BRANCH;
use crate::ops::endpoints::{self, EndpointPlan};
use crate::ops::error::op;
use crate::ops::models::{self, ApprovalState};
use crate::ops::plan::{Action, Planned};
use crate::ops::{Context, OpError, Outlook};

/// What a commit would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CommitPlan {
    /// Repository.
    pub repository: String,
    /// Branch.
    pub branch: String,
    /// What the commit says.
    pub message: String,
    /// The newest commit now.
    pub head: Option<Commit>,
    /// Repository and stages, and what is done with each.
    pub resources: Vec<Planned>,
    /// Its files.
    pub files: Vec<FilePlan>,
    /// Objects that are written to S3 before, by key.
    pub writes: Vec<String>,
    /// Whether there is a new commit; a source that is as it was makes none.
    pub changed: bool,
    /// Whether the stages run.
    pub starts: bool,
    /// The stage that waits for a decision about an earlier commit, whose place the new one takes when it comes there.
    pub supersedes: Option<String>,
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilePlan {
    /// Path in the repository.
    pub path: String,
    /// `create`, `change` or `keep`.
    pub action: Action,
    /// Bytes.
    pub bytes: usize,
}

/// What a decision would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ApprovalPlan {
    /// Name in CodePipeline.
    pub pipeline: String,
    /// Stage that asks.
    pub stage: String,
    /// Action that asks.
    pub action: String,
    /// Whether it may go on.
    pub yes: bool,
    /// The version that it is about; absent when the stages did not say.
    pub version: Option<u32>,
    /// Whether that version may be used now.
    pub before: Option<ApprovalState>,
    /// Whether it may be used afterwards.
    pub after: ApprovalState,
    /// What the stage after it does with the production endpoint; nothing after a no.
    pub deploys: Option<EndpointPlan>,
}

/// What a retry would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageRetryPlan {
    /// Name in CodePipeline.
    pub pipeline: String,
    /// Stage.
    pub stage: String,
    /// Id of the execution in it.
    pub execution: String,
    /// Actions that run again, with why they failed.
    pub again: Vec<(String, String)>,
    /// Actions that have succeeded and are not run again.
    pub kept: Vec<String>,
    /// Stages that come after it when it succeeds.
    pub then: Vec<String>,
}

/// What [`commit`](super::commit) would do.
///
/// # Errors
/// The settings have no project, the foundation is missing, or the account cannot be read.
pub async fn plan_commit(context: &Context, message: &str) -> Result<Outlook<CommitPlan>, OpError> {
    let Outlook { plan: intent, obstacles } = intend(context).await?;
    let CommitIntent { names, source, repository_there, stages_there, role_there, head } = intent;
    let mut files = Vec::with_capacity(source.files.len());
    for (path, content) in &source.files {
        let there = match repository_there {
            true => {
                let read = context.gateways.repositories.file(&names.repository, BRANCH, path).await;
                read.map_err(op(path, "could not read the file"))?
            }
            false => None,
        };
        let action = match there {
            None => Action::Create,
            Some(there) if there == *content => Action::Keep,
            Some(_) => Action::Change,
        };
        files.push(FilePlan { path: path.clone(), action, bytes: content.len() });
    }
    let changed = files.iter().any(|file| file.action != Action::Keep);
    let made = |there: bool| if there { Action::Keep } else { Action::Create };
    let starts = changed || !stages_there;
    let supersedes = if starts && stages_there { waiting(context).await?.map(|waiting| waiting.place()) } else { None };
    let mut resources = vec![Planned::free(made(repository_there), "Repository", names.repository.clone())];
    resources.extend(role_there.map(|there| Planned::free(made(there), "IAM role", context.scenario.project_role.clone())));
    resources.push(Planned::free(made(stages_there), "Stages", names.pipeline));
    let plan = CommitPlan {
        resources,
        repository: names.repository,
        branch: BRANCH.to_owned(),
        message: message.to_owned(),
        head: head.map(Commit::from),
        writes: source.writes(),
        files,
        changed,
        starts,
        supersedes,
    };
    Ok(Outlook { plan, obstacles })
}

/// What deciding where the stages ask would do.
///
/// # Errors
/// Nobody is asked, or the account cannot be read.
pub async fn plan_approve(context: &Context, yes: bool) -> Result<Outlook<ApprovalPlan>, OpError> {
    let Waiting { pipeline, stage, action, version, .. } = asked(context).await?;
    let mut obstacles = Vec::new();
    let package = match version {
        Some(version) => match models::find(context, version).await {
            Ok(package) => Some(package),
            Err(error) => {
                obstacles.push(error);
                None
            }
        },
        None => None,
    };
    let deploys = match package.as_ref().filter(|_| yes) {
        Some(package) => {
            let outlook = endpoints::plan_delivery(context, package).await?;
            obstacles.extend(outlook.obstacles);
            Some(outlook.plan)
        }
        None => None,
    };
    let plan = ApprovalPlan {
        pipeline,
        stage,
        action,
        yes,
        version,
        before: package.map(|package| package.approval),
        after: if yes { ApprovalState::Approved } else { ApprovalState::Rejected },
        deploys,
    };
    Ok(Outlook { plan, obstacles })
}

/// What [`retry`](super::retry) would do.
///
/// # Errors
/// There is no project, nothing has been in the stage, or the account cannot be read.
pub async fn plan_retry(context: &Context, stage: &str) -> Result<Outlook<StageRetryPlan>, OpError> {
    let ToRetry { pipeline, stages, found, execution } = to_retry(context, stage).await?;
    let obstacles = not_retried(&found).into_iter().collect();
    Ok(Outlook { plan: told(pipeline, &stages, found, execution), obstacles })
}

fn told(pipeline: String, stages: &[String], found: StageView, execution: String) -> StageRetryPlan {
    let then = stages.iter().skip_while(|name| **name != found.name).skip(1).cloned().collect();
    let (kept, again): (Vec<_>, Vec<_>) = found.actions.into_iter().partition(|action| action.status == "Succeeded");
    StageRetryPlan {
        pipeline,
        stage: found.name,
        execution,
        again: again.into_iter().map(|action| (action.name, action.summary)).collect(),
        kept: kept.into_iter().map(|action| action.name).collect(),
        then,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::project::ActionView;

    #[test]
    fn a_retry_runs_what_has_not_succeeded_and_then_the_stages_after_it() {
        let action = |name: &str, status: &str, summary: &str| ActionView {
            name: name.into(),
            status: status.into(),
            summary: summary.into(),
            at: None,
            approval: None,
        };
        let found = StageView {
            name: "Build".into(),
            status: "Failed".into(),
            execution: Some("e".into()),
            actions: vec![action("Prepare", "Succeeded", "done"), action("Train", "Failed", "AUC")],
        };
        let stages = ["Source", "Build", "Approve", "Deploy"].map(str::to_owned);
        let plan = told("p".into(), &stages, found, "e".into());
        assert_eq!((plan.again, plan.kept), (vec![("Train".to_owned(), "AUC".to_owned())], vec!["Prepare".to_owned()]));
        assert_eq!(plan.then, ["Approve", "Deploy"]);
    }
}

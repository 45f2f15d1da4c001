//! The project: the pipeline's source in a repository (CodeCommit) and its way from a commit to production (CodePipeline).

mod outlook;
mod role;
mod source;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::error::op;
use super::models::{self, ApprovalState};
use super::{Context, OpError, Outlook};
use crate::aws::Tags;
use crate::aws::identity::Caller;
use crate::aws::repository::{Authorship, CommitInfo};
use crate::demo::delivery::{self, BRANCH, DeliveryInputs};
use crate::demo::policies::DemoRole;
pub use outlook::{ApprovalPlan, CommitPlan, FilePlan, StageRetryPlan, plan_approve, plan_commit, plan_retry};
use source::Source;

/// The longest that the stages are followed.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(6 * 3600);

/// A commit of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// Id.
    pub id: String,
    /// Message.
    pub message: String,
    /// Who made it.
    pub author: String,
    /// When it was made.
    pub at: Option<DateTime<Utc>>,
}

/// The project as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProjectView {
    /// Repository.
    pub repository: String,
    /// Branch that starts the stages.
    pub branch: String,
    /// The newest commit of the branch.
    pub head: Option<Commit>,
    /// Name in CodePipeline.
    pub pipeline: String,
    /// Id of the execution that came furthest last.
    pub execution: Option<String>,
    /// Stages in order.
    pub stages: Vec<StageView>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageView {
    /// Name.
    pub name: String,
    /// CodePipeline's word: `InProgress`, `Succeeded`, `Failed`, `Stopped`, …; `Waiting` before it was ever reached.
    pub status: String,
    /// Id of the execution that is or was in it.
    pub execution: Option<String>,
    /// Actions in order.
    pub actions: Vec<ActionView>,
}

/// An action of a stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActionView {
    /// Name.
    pub name: String,
    /// CodePipeline's word; `Waiting` before it was ever reached.
    pub status: String,
    /// What it says about itself: a commit message, what was made, why it failed.
    pub summary: String,
    /// Last change.
    pub at: Option<DateTime<Utc>>,
    /// The token under which a person decides, while one is asked.
    pub approval: Option<String>,
}

/// A decision that a person has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Stage that asks.
    pub stage: &'a str,
    /// Action that asks.
    pub action: &'a str,
    /// The token that it gave.
    pub token: &'a str,
    /// Whether it may go on.
    pub yes: bool,
    /// Why.
    pub reason: &'a str,
}

/// What a commit led to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Committed {
    /// The newest commit of the branch now.
    pub commit: Commit,
    /// Whether it is a new one; a source that is as it was makes none.
    pub changed: bool,
    /// The execution that runs it.
    pub execution: Option<String>,
}

/// The names of a project.
pub(super) struct Names {
    /// Of the repository.
    pub repository: String,
    /// Of the stages' pipeline.
    pub pipeline: String,
}

/// The names of the project, by the settings.
pub(super) fn names(context: &Context) -> Names {
    let project = &context.settings.project;
    let or = |given: &str, default: String| if given.is_empty() { default } else { given.to_owned() };
    let demo = &context.scenario.demo;
    Names { repository: or(&project.repository, format!("{demo}-source")), pipeline: or(&project.pipeline, format!("{demo}-project")) }
}

/// The project as it stands; `None` where there is none.
pub async fn project(context: &Context) -> Result<Option<ProjectView>, OpError> {
    let names = names(context);
    let g = &context.gateways;
    let repository = g.repositories.find(&names.repository).await.map_err(op(&names.repository, "could not look for the repository"))?;
    if repository.is_none() {
        return Ok(None);
    }
    let (head, stages) = tokio::try_join!(
        async { g.repositories.head(&names.repository, BRANCH).await.map_err(op(&names.repository, "could not read the branch")) },
        async { g.delivery.state(&names.pipeline).await.map_err(op(&names.pipeline, "could not read the stages")) },
    )?;
    let waiting = || "Waiting".to_owned();
    let stages: Vec<StageView> = stages
        .unwrap_or_default()
        .into_iter()
        .map(|stage| StageView {
            name: stage.name,
            status: stage.status.unwrap_or_else(waiting),
            execution: stage.execution,
            actions: stage
                .actions
                .into_iter()
                .map(|action| ActionView {
                    name: action.name,
                    status: action.status.unwrap_or_else(waiting),
                    summary: action.summary,
                    at: action.at,
                    approval: action.token,
                })
                .collect(),
        })
        .collect();
    let execution = stages.iter().filter(|stage| stage.status == "InProgress").chain(&stages).find_map(|stage| stage.execution.clone());
    Ok(Some(ProjectView {
        repository: names.repository,
        branch: BRANCH.to_owned(),
        head: head.map(Commit::from),
        pipeline: names.pipeline,
        execution,
        stages,
    }))
}

/// What a commit takes.
struct CommitIntent {
    names: Names,
    source: Source,
    /// Whether the repository is there.
    repository_there: bool,
    /// Whether the stages are there.
    stages_there: bool,
    /// Whether the role that the stages get is there; absent where none is made.
    role_there: Option<bool>,
    /// The newest commit of the branch.
    head: Option<CommitInfo>,
}

/// Decides what a commit takes.
async fn intend(context: &Context) -> Result<Outlook<CommitIntent>, OpError> {
    if !context.settings.project.enabled {
        return Err(OpError::precondition(
            &context.scenario.demo,
            "there is no project to commit to",
            "`project.enabled` is false",
            "set `project.enabled = true` (or --set project.enabled=true) where the account may have one",
        ));
    }
    let names = names(context);
    let g = &context.gateways;
    let source = Source::read(context).await?;
    let found = g.repositories.find(&names.repository).await.map_err(op(&names.repository, "could not look for the repository"))?;
    let stages = g.delivery.tags(&names.pipeline).await.map_err(op(&names.pipeline, "could not look for the stages"))?;
    let (repository_there, stages_there) = (found.is_some(), stages.is_some());
    let head = match repository_there {
        true => g.repositories.head(&names.repository, BRANCH).await.map_err(op(&names.repository, "could not read the branch"))?,
        false => None,
    };
    let mut obstacles = Vec::new();
    let role_there = if stages_there || !context.settings.project.role.is_empty() {
        None
    } else {
        let found = role::find(context).await?;
        obstacles.extend(found.as_ref().and_then(|found| role::taken(context, found)));
        Some(found.is_some())
    };
    let plan = CommitIntent { names, source, repository_there, stages_there, role_there, head };
    Ok(Outlook { plan, obstacles })
}

/// Commits the pipeline's source as this program has it: the filled definition and the script of the stages. The repository and the
/// stages are made when they are not there. A commit starts the stages; a source that is as it was starts none.
pub async fn commit(context: &Context, message: &str) -> Result<Committed, OpError> {
    let CommitIntent { names, source, repository_there, stages_there, head, .. } = intend(context).await?.clear()?;
    let g = &context.gateways;
    source.place(context).await?;
    let caller = context.caller().await?;
    let tags = context.tags(&caller);
    if !repository_there {
        let made = g.repositories.create(&names.repository, "Source of the pipeline", &tags).await;
        made.map_err(op(&names.repository, "could not make the repository"))?;
    }
    context.proceed("committing")?;
    let author = caller.arn.rsplit('/').next().unwrap_or(&caller.arn);
    let authorship = Authorship { author, message };
    let parent = head.as_ref().map(|head| head.id.as_str());
    let made = g.repositories.commit(&names.repository, BRANCH, parent, authorship, &source.files).await;
    let made = made.map_err(op(&names.repository, "could not commit"))?;
    if !stages_there {
        // Stages that are made run at once, with the newest commit.
        let declared = delivery::declaration(&context.scenario, &inputs(context, &names, &caller, &tags).await?);
        let make = || g.delivery.create(&declared, &tags);
        let created = context.gateways.poll.while_role_settles(&context.cancel, "the stages, once IAM knows the role", make).await;
        created.map_err(op(&names.pipeline, "could not make the stages"))?;
    }
    let head = g.repositories.head(&names.repository, BRANCH).await.map_err(op(&names.repository, "could not read the branch"))?;
    let head = head.ok_or_else(|| OpError::failed(&names.repository, "could not commit", "the branch has no commit"))?;
    let started = made.is_some() || !stages_there;
    let execution = if started { Some(execution_of(context, &names.pipeline, &head.id).await?) } else { None };
    Ok(Committed { commit: head.into(), changed: made.is_some(), execution })
}

/// Follows an execution until it ends or a person is asked; `on_change` hears every change of the stages. `None` follows the newest.
pub async fn follow(
    context: &Context,
    execution: Option<&str>,
    on_change: &mut (dyn FnMut(&ProjectView) + Send),
) -> Result<ProjectView, OpError> {
    let names = names(context);
    let told = parking_lot::Mutex::new((None::<ProjectView>, on_change));
    let (told, names) = (&told, &names);
    let followed = context
        .gateways
        .poll
        .until(&context.cancel, "the stages", Some(LONGEST), || async move {
            let executions = context.gateways.delivery.executions(&names.pipeline, 100).await?;
            let followed = match execution {
                Some(id) => executions.into_iter().find(|known| known.id == id),
                None => executions.into_iter().next(),
            };
            // A failure to look at the stages is told of by the call after this one.
            let Ok(Some(view)) = project(context).await else { return Ok(None) };
            let mut told = told.lock();
            if told.0.as_ref() != Some(&view) {
                (told.1)(&view);
                told.0 = Some(view.clone());
            }
            let over = followed.is_none_or(|known| !matches!(known.status.as_str(), "InProgress" | "Stopping"));
            let asked = view.stages.iter().any(|stage| {
                let mine = execution.is_none_or(|id| stage.execution.as_deref() == Some(id));
                mine && stage.actions.iter().any(|action| action.approval.is_some())
            });
            Ok((over || asked).then_some(view))
        })
        .await;
    followed.map_err(op(&names.pipeline, "could not follow the stages"))
}

/// Where a person is asked, and about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Name in CodePipeline.
    pub pipeline: String,
    /// Stage.
    pub stage: String,
    /// Action.
    pub action: String,
    /// The token under which is decided.
    pub token: String,
    /// The version that the execution has registered; absent when it does not say.
    pub version: Option<u32>,
}

impl Waiting {
    /// Where it is, for people: `Approve/Decide`.
    pub fn place(&self) -> String {
        format!("{}/{}", self.stage, self.action)
    }
}

/// Where a person is asked; `None` where nobody is, or there is no project.
pub async fn waiting(context: &Context) -> Result<Option<Waiting>, OpError> {
    let Some(view) = project(context).await? else { return Ok(None) };
    let asked = view
        .stages
        .iter()
        .find_map(|stage| stage.actions.iter().find_map(|action| Some((stage, action.name.clone(), action.approval.clone()?))));
    let Some((stage, action, token)) = asked else { return Ok(None) };
    let version = built(context, &view.pipeline, stage.execution.as_deref()).await?;
    Ok(Some(Waiting { stage: stage.name.clone(), action, token, version, pipeline: view.pipeline }))
}

/// Where a person is asked.
///
/// # Errors
/// Nobody is, or the account cannot be read.
pub async fn asked(context: &Context) -> Result<Waiting, OpError> {
    let pipeline = names(context).pipeline;
    waiting(context).await?.ok_or_else(|| {
        OpError::precondition(
            &pipeline,
            "nobody is asked now",
            "no stage waits for a decision",
            "`shiftdeck project show` shows where the stages stand",
        )
    })
}

/// The version that an execution has registered.
async fn built(context: &Context, pipeline: &str, execution: Option<&str>) -> Result<Option<u32>, OpError> {
    let Some(execution) = execution else { return Ok(None) };
    let package = context.gateways.delivery.variable(pipeline, execution, "MODEL_PACKAGE_ARN").await;
    let package = package.map_err(op(pipeline, "could not read what was built"))?;
    Ok(package.and_then(|arn| arn.rsplit('/').next()?.parse().ok()))
}

/// Decides where a person is asked. A yes also approves the version that the execution has registered: what goes to production has to be
/// approved in the registry too.
pub async fn approve(context: &Context, decision: Decision<'_>) -> Result<(), OpError> {
    let names = names(context);
    let g = &context.gateways;
    let view = project(context).await?.ok_or_else(|| missing(&names))?;
    let stage = view.stages.iter().find(|stage| stage.name == decision.stage);
    let asked = stage
        .is_some_and(|stage| stage.actions.iter().any(|it| it.name == decision.action && it.approval.as_deref() == Some(decision.token)));
    if !asked {
        return Err(OpError::precondition(
            &names.pipeline,
            "there is nothing to decide",
            format!("{}/{} asks nobody under this token now", decision.stage, decision.action),
            "look at the stages again (`shiftdeck project show`)",
        ));
    }
    if let Some(version) = built(context, &names.pipeline, stage.and_then(|stage| stage.execution.as_deref())).await? {
        let approval = if decision.yes { ApprovalState::Approved } else { ApprovalState::Rejected };
        models::decide(context, version, approval, decision.reason).await?;
    }
    let decided = g.delivery.decide(&names.pipeline, decision.stage, decision.action, decision.token, decision.yes, decision.reason).await;
    decided.map_err(op(&names.pipeline, "could not decide"))
}

/// Runs the failed actions of a stage again.
pub async fn retry(context: &Context, stage: &str) -> Result<(), OpError> {
    let ToRetry { pipeline, found, execution, .. } = to_retry(context, stage).await?;
    if let Some(obstacle) = not_retried(&found) {
        return Err(obstacle);
    }
    context.gateways.delivery.retry(&pipeline, &found.name, &execution).await.map_err(op(&pipeline, "could not retry the stage"))
}

/// A stage that is to be retried.
struct ToRetry {
    pipeline: String,
    /// The names of all stages, in order.
    stages: Vec<String>,
    found: StageView,
    /// Id of the execution in it.
    execution: String,
}

async fn to_retry(context: &Context, stage: &str) -> Result<ToRetry, OpError> {
    let names = names(context);
    let view = project(context).await?.ok_or_else(|| missing(&names))?;
    let stages = view.stages.iter().map(|known| known.name.clone()).collect();
    let found = view.stages.into_iter().find(|known| known.name.eq_ignore_ascii_case(stage));
    let Some((found, execution)) = found.and_then(|found| Some((found.clone(), found.execution?))) else {
        return Err(OpError::usage(
            format!("there is nothing to retry in `{stage}`"),
            "no execution was in it",
            "name a stage that has failed",
        ));
    };
    Ok(ToRetry { pipeline: view.pipeline, stages, found, execution })
}

/// Why a stage cannot be retried, if it cannot: nothing in it has failed.
fn not_retried(stage: &StageView) -> Option<OpError> {
    let unbroken = matches!(stage.status.as_str(), "InProgress" | "Succeeded" | "Waiting");
    let why = format!("it is {}, and nothing in it has failed", stage.status);
    unbroken.then(|| OpError::usage(format!("there is nothing to retry in `{}`", stage.name), why, "name a stage that has failed"))
}

fn missing(names: &Names) -> OpError {
    OpError::precondition(
        &names.repository,
        "there is no project",
        format!("the repository `{}` does not exist", names.repository),
        "commit the source first (`shiftdeck project commit`)",
    )
}

async fn inputs(context: &Context, names: &Names, caller: &Caller, tags: &Tags) -> Result<DeliveryInputs, OpError> {
    let sagemaker_role_arn = context.role_arn(DemoRole::SageMaker.name(&context.scenario)).await?;
    let role = &context.settings.project.role;
    let role_arn = match role.as_str() {
        "" => role::ensure(context, names, caller, tags).await?,
        arn if arn.starts_with("arn:") => arn.to_owned(),
        name => context.role_arn(name).await?,
    };
    Ok(DeliveryInputs {
        name: names.pipeline.clone(),
        repository: names.repository.clone(),
        role_arn,
        sagemaker_role_arn,
        instance: context.settings.mlops.endpoint_instance.clone(),
        tags: tags.clone(),
    })
}

/// The execution that runs a commit, once the service has begun it.
async fn execution_of(context: &Context, pipeline: &str, commit: &str) -> Result<String, OpError> {
    let begun = context
        .gateways
        .poll
        .until(&context.cancel, "the stages to begin", None, || async {
            let executions = context.gateways.delivery.executions(pipeline, 10).await?;
            Ok(executions.into_iter().find(|known| known.commit.as_deref() == Some(commit)).map(|known| known.id))
        })
        .await;
    begun.map_err(op(pipeline, "the commit did not start the stages"))
}

impl From<CommitInfo> for Commit {
    fn from(commit: CommitInfo) -> Self {
        Commit { id: commit.id, message: commit.message, author: commit.author, at: commit.at }
    }
}

/// What cleanup would remove of the project: the names of what carries the tag.
#[derive(Debug, Default)]
pub(super) struct Ours {
    /// The stages.
    pub stages: Option<String>,
    /// The repository.
    pub repository: Option<String>,
    /// The role of the stages.
    pub role: Option<String>,
}

/// What cleanup would remove of the project.
pub(super) async fn ours(context: &Context) -> Result<Ours, OpError> {
    // Whether an account has ever had a project is not known without asking; asking needs permissions that only a project gives reason for.
    if !context.settings.project.enabled {
        return Ok(Ours::default());
    }
    let names = names(context);
    let g = &context.gateways;
    let role = context.scenario.project_role.as_str();
    let (stages, repository, found) = tokio::try_join!(
        async { g.delivery.tags(&names.pipeline).await.map_err(op(&names.pipeline, "could not look for the stages")) },
        async { g.repositories.find(&names.repository).await.map_err(op(&names.repository, "could not look for the repository")) },
        async { g.roles.find(role).await.map_err(op(role, "could not look for the role")) },
    )?;
    Ok(Ours {
        stages: stages.filter(|tags| context.is_ours(tags)).map(|_| names.pipeline),
        repository: repository.filter(|repository| context.is_ours(&repository.tags)).map(|_| names.repository),
        role: found.filter(|found| context.is_ours(&found.tags)).map(|_| role.to_owned()),
    })
}

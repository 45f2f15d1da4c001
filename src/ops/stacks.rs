//! The stacks of a demonstration, as they stand and as they came about. The step `foundation` makes them and `cleanup` removes them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::error::op;
use super::{Context, OpError};
use crate::aws::stacks::{Stack, StackEvent, StackState};
use crate::aws::{AwsError, AwsErrorKind};
use crate::demo::resource::ResourceState;
use crate::demo::stack::{self, DemoStack};

/// A stack, as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StackView {
    /// Which one.
    pub stack: DemoStack,
    /// Name.
    pub name: String,
    /// Whether the settings ask for it.
    pub wanted: bool,
    /// CloudFormation's word: `CREATE_COMPLETE`; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Why it stands so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// What it gives to others, by name.
    pub outputs: BTreeMap<String, String>,
}

/// Something that happened to a stack or to a resource of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventView {
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// The resource by its name in the template; of the stack itself its name.
    pub resource: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// CloudFormation's word: `CREATE_IN_PROGRESS`.
    pub state: String,
    /// Why, or what about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its name in the account, once it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub physical_id: Option<String>,
}

impl From<StackEvent> for EventView {
    fn from(event: StackEvent) -> Self {
        EventView {
            at: event.at,
            resource: event.resource,
            kind: event.kind,
            state: event.status,
            reason: event.reason,
            physical_id: event.physical,
        }
    }
}

/// Whether the settings ask for a stack.
pub fn is_wanted(context: &Context, stack: DemoStack) -> bool {
    match stack {
        DemoStack::Network => context.settings.stacks.network,
        DemoStack::Studio => context.settings.stacks.studio,
    }
}

/// The stacks of the demonstration, those that are not there too.
///
/// # Errors
/// The account does not say.
pub async fn list(context: &Context) -> Result<Vec<StackView>, OpError> {
    let views = DemoStack::ALL.map(|stack| async move {
        let name = stack.name(&context.scenario);
        let found = context.gateways.stacks.find(name).await.map_err(op(name, "could not look for the stack"))?;
        let found = found.filter(|found| context.is_ours(&found.tags));
        let (status, reason, created, outputs) =
            found.map_or_else(Default::default, |found| (Some(found.status), found.reason, found.created, found.outputs));
        let wanted = is_wanted(context, stack);
        Ok::<_, OpError>(StackView { stack, name: name.to_owned(), wanted, status, reason, created, outputs })
    });
    futures::future::try_join_all(views).await
}

/// What happened to a stack, the oldest first. `named` is `network`, `studio`, or the name or id of any stack.
///
/// # Errors
/// There is no such stack, or the account does not say.
pub async fn events(context: &Context, named: &str) -> Result<Vec<EventView>, OpError> {
    let known = DemoStack::ALL.into_iter().find(|stack| stack.word() == named);
    let name = known.map_or(named, |stack| stack.name(&context.scenario));
    match context.gateways.stacks.events(name, None).await {
        Ok(events) => Ok(events.into_iter().map(EventView::from).collect()),
        Err(error) if error.is_not_found() => Err(OpError::precondition(
            name,
            "there is no such stack",
            error.message,
            "`shiftdeck stack list` shows the stacks of the demonstration; the settings under [stacks] ask for them",
        )),
        Err(error) => Err(op(name, "could not read what happened to the stack")(error)),
    }
}

/// A stack of the demonstration, if it is there.
///
/// # Errors
/// One of this name is there that the demonstration did not make, or the account does not say.
pub(super) async fn find(context: &Context, stack: DemoStack) -> Result<Option<Stack>, OpError> {
    let name = stack.name(&context.scenario);
    let found = context.gateways.stacks.find(name).await.map_err(op(name, "could not look for the stack"))?;
    match found {
        Some(found) if !context.is_ours(&found.tags) => {
            let why = "a stack of this name is there already, and this demonstration did not make it";
            Err(OpError::failed(name, "will not touch the stack", why)
                .with_fix("choose another `demo.name`, or another name for the stack (names.network_stack, names.studio_stack)"))
        }
        found => Ok(found),
    }
}

/// What is there of the demonstration's stacks to remove, or to show, in the order in which they were made. Who may not ask for stacks
/// has made none, unless the settings say otherwise.
///
/// # Errors
/// The account does not say.
pub(super) async fn ours(context: &Context) -> Result<Vec<(DemoStack, Stack)>, OpError> {
    let mut ours = Vec::new();
    for stack in DemoStack::ALL {
        let name = stack.name(&context.scenario);
        match context.gateways.stacks.find(name).await {
            Ok(found) => ours.extend(found.filter(|found| context.is_ours(&found.tags)).map(|found| (stack, found))),
            Err(error) if !is_wanted(context, stack) && error.kind == AwsErrorKind::AccessDenied => {
                tracing::info!(%error, stack = name, "whoever may not ask for stacks has made none, and the settings ask for none");
            }
            Err(error) => return Err(op(name, "could not look for the stack")(error)),
        }
    }
    Ok(ours)
}

/// The state of a stack as the checklist shows it, and what there is to say about it.
pub(super) fn shown(found: &Stack) -> (ResourceState, String) {
    let state = match found.state {
        StackState::Complete => ResourceState::Ready,
        StackState::Creating => ResourceState::Creating,
        StackState::RollingBack | StackState::Updating | StackState::Other => ResourceState::Changing,
        StackState::Deleting => ResourceState::Deleting,
        StackState::Deleted => ResourceState::Missing,
        StackState::Failed | StackState::RolledBack | StackState::DeleteFailed => ResourceState::Failed,
    };
    let output = |name: &str| found.outputs.get(name).map(String::as_str);
    let detail = match (output(stack::VPC_ID), output(stack::SUBNET_IDS), output(stack::DOMAIN_ID)) {
        (Some(vpc), Some(subnets), _) if state == ResourceState::Ready => format!("{vpc}, {} subnets", subnets.split(',').count()),
        (_, _, Some(domain)) if state == ResourceState::Ready => domain.to_owned(),
        _ => found.status.clone(),
    };
    (state, detail)
}

/// Removes what people keep in a studio, its users and its domain. CloudFormation would leave the files of the domain, which cost
/// something and hold the network's subnets (aws-cloudformation/cloudformation-coverage-roadmap#1085).
pub(super) async fn empty_studio(context: &Context, found: &Stack) -> Result<(), OpError> {
    let Some(domain) = found.outputs.get(stack::DOMAIN_ID) else { return Ok(()) };
    let gateway = &context.gateways.studio;
    let told = || op(&found.name, format!("could not empty the studio {domain}"));
    if !gateway.exists(domain).await.map_err(told())? {
        return Ok(());
    }
    for application in gateway.applications(domain).await.map_err(told())?.into_iter().filter(|application| !application.ending) {
        gateway.delete_application(domain, &application).await.map_err(told())?;
    }
    wait(context, found, "the applications of the studio to end", || async { Ok(gateway.applications(domain).await?.is_empty()) }).await?;
    for space in gateway.spaces(domain).await.map_err(told())? {
        gateway.delete_space(domain, &space).await.map_err(told())?;
    }
    wait(context, found, "the spaces of the studio to be gone", || async { Ok(gateway.spaces(domain).await?.is_empty()) }).await?;
    for user in gateway.users(domain).await.map_err(told())? {
        gateway.delete_user(domain, &user).await.map_err(told())?;
    }
    wait(context, found, "the users of the studio to be gone", || async { Ok(gateway.users(domain).await?.is_empty()) }).await?;
    gateway.delete_domain(domain).await.map_err(told())?;
    wait(context, found, "the studio to be gone", || async { Ok(!gateway.exists(domain).await?) }).await
}

/// Waits until something of a studio is as it should be.
async fn wait<F, Fut>(context: &Context, found: &Stack, what: &str, done: F) -> Result<(), OpError>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<bool, AwsError>>,
{
    let ask = || {
        let done = done();
        async move { Ok(done.await?.then_some(())) }
    };
    context.gateways.poll.until(&context.cancel, what, None, ask).await.map_err(op(&found.name, "could not empty the studio"))
}

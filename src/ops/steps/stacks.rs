//! The stacks of a demonstration: made when the settings ask for them, followed event by event, and removed.
//!
//! A step that is cancelled leaves a stack that is being made to itself: CloudFormation finishes it, and the next run follows it from where
//! it stands.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::aws::Tags;
use crate::aws::stacks::{NewStack, Stack, StackEvent, StackState};
use crate::demo::network::Block;
use crate::demo::stack::{self, DemoStack};
use crate::ops::error::op;
use crate::ops::pipeline::token;
use crate::ops::report::Run;
use crate::ops::{Context, OpError, stacks};

/// The port of the warehouse.
const PORT: u16 = 5439;
/// What CloudFormation says of a resource that it gave up because of another.
const GIVEN_UP: &str = "Resource creation cancelled";

/// Where the warehouse and the studio lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Id of the network; empty when only subnets are known.
    pub vpc: String,
    /// Subnets; none for the account's default network.
    pub subnets: Vec<String>,
    /// Security groups; none for the network's own.
    pub groups: Vec<String>,
}

impl Network {
    /// The network that a stack has made.
    fn of(stack: &Stack) -> Result<Network, OpError> {
        let output = |name: &str| {
            let told = format!("the stack has no output `{name}`");
            let fix = "remove the stack, which is not of this program's template, or choose another name for it (names.network_stack)";
            let missing = || OpError::failed(&stack.name, "could not use the network", told).with_fix(fix);
            stack.outputs.get(name).filter(|value| !value.is_empty()).ok_or_else(missing)
        };
        Ok(Network {
            vpc: output(stack::VPC_ID)?.clone(),
            subnets: output(stack::SUBNET_IDS)?.split(',').map(str::to_owned).collect(),
            groups: vec![output(stack::SECURITY_GROUP_ID)?.clone()],
        })
    }
}

/// The network of the warehouse: the stack's, which is made when the settings ask for it, or that of the settings. Also whether anything was
/// changed.
pub async fn network(run: &Run<'_>, tags: &Tags) -> Result<(Network, bool), OpError> {
    let settings = &run.context.settings;
    if !settings.stacks.network {
        return Ok((Network { subnets: settings.warehouse.subnet_ids.clone(), ..Network::default() }, false));
    }
    let name = DemoStack::Network.name(&run.context.scenario);
    let cidr = &settings.stacks.cidr;
    let subnets = Block::read(cidr).and_then(Block::subnets).ok_or_else(|| {
        OpError::usage("could not divide the network", format!("`stacks.cidr` is `{cidr}`"), "choose a block from /16 to /24")
    })?;
    let subnets: Vec<String> = subnets.iter().map(ToString::to_string).collect();
    let parameters = BTreeMap::from([
        ("Cidr", cidr.clone()),
        ("SubnetCidrs", subnets.join(",")),
        ("Zones", stack::zones(&run.context.scenario.region).to_string()),
        ("Port", PORT.to_string()),
    ]);
    let (made, changed) = ensure(run, DemoStack::Network, &parameters, tags).await?;
    let network = Network::of(&made)?;
    if changed {
        run.say(name, format!("the network is there: {} with {} subnets", network.vpc, network.subnets.len()))?;
    }
    Ok((network, changed))
}

/// The studio, when the settings ask for it, in their network or in `network`. Gives whether anything was changed.
pub async fn studio(run: &Run<'_>, role: &str, network: &Network, tags: &Tags) -> Result<bool, OpError> {
    let settings = &run.context.settings.stacks;
    if !settings.studio {
        return Ok(false);
    }
    let own = !settings.vpc_id.is_empty();
    let (vpc, subnets) = if own { (&settings.vpc_id, &settings.subnet_ids) } else { (&network.vpc, &network.subnets) };
    let parameters = BTreeMap::from([
        ("DomainName", run.context.scenario.demo.clone()),
        ("RoleArn", role.to_owned()),
        ("VpcId", vpc.clone()),
        ("SubnetIds", subnets.join(",")),
    ]);
    ensure(run, DemoStack::Studio, &parameters, tags).await.map(|(_, changed)| changed)
}

/// Makes a stack, or finds it as it should be; gives it and whether anything was changed.
async fn ensure(
    run: &Run<'_>,
    stack: DemoStack,
    parameters: &BTreeMap<&'static str, String>,
    tags: &Tags,
) -> Result<(Stack, bool), OpError> {
    let context = run.context;
    let name = stack.name(&context.scenario);
    if let Some(found) = stacks::find(context, stack).await? {
        let was_moving = found.state.is_moving();
        let settled = if was_moving { resume(run, &found).await? } else { Some(found) };
        match settled {
            Some(settled) if settled.state == StackState::Complete => return Ok((settled, was_moving)),
            Some(settled) if was_moving && matches!(settled.state, StackState::RolledBack | StackState::Failed) => {
                return Err(failed_to_make(context, &settled).await);
            }
            Some(settled) if settled.state == StackState::Other => {
                let why = format!("it stands at {}", settled.status);
                return Err(OpError::failed(name, "could not use the stack", why)
                    .with_fix("decide on its change set in the console of AWS, or delete the stack, then run this step again"));
            }
            Some(settled) if settled.state != StackState::Deleted => {
                let why = settled.reason.as_deref().map(|why| format!(" ({})", one_line(why))).unwrap_or_default();
                run.say(name, format!("the stack stands at {}{why}: deleting it, and making it again", settled.status))?;
                remove(run, stack, &settled.id).await?;
            }
            _ => {}
        }
    }
    run.say(name, format!("creating the stack ({})", stack.purpose()))?;
    let token = token();
    let new = NewStack { name, template: stack.template(), parameters, tags, token: &token };
    let id = match context.gateways.stacks.create(&new).await {
        Ok(id) => id,
        // Another process began it between the two calls.
        Err(error) if error.is_already_there() => name.to_owned(),
        Err(error) => return Err(op(name, "could not create the stack")(error)),
    };
    match follow(run, name, &id, None).await? {
        Some(made) if made.state == StackState::Complete => Ok((made, true)),
        Some(made) => Err(failed_to_make(context, &made).await),
        None => Err(OpError::failed(name, "could not create the stack", "it was deleted while it was being made")
            .with_fix("find out who deletes it, then run this step again")),
    }
}

/// Follows what is under way with a stack, from where that began.
async fn resume(run: &Run<'_>, found: &Stack) -> Result<Option<Stack>, OpError> {
    run.say(&found.name, format!("the stack is at {}: waiting for it", found.status))?;
    let events = events(run.context, &found.id).await?;
    let began = events.iter().rposition(begins).unwrap_or_default();
    let before = began.checked_sub(1).and_then(|at| events.get(at)).map(|event| event.id.clone());
    follow(run, &found.name, &found.id, before).await
}

/// Removes a stack and waits until it is gone; gives false when it was gone already.
pub async fn remove(run: &Run<'_>, stack: DemoStack, id: &str) -> Result<bool, OpError> {
    let context = run.context;
    let name = stack.name(&context.scenario);
    let gateway = &context.gateways.stacks;
    let Some(found) = gateway.find(id).await.map_err(op(name, "could not look for the stack"))? else { return Ok(false) };
    if found.state == StackState::Deleted {
        return Ok(false);
    }
    if stack == DemoStack::Studio {
        stacks::empty_studio(context, &found).await?;
    }
    let told = events(context, id).await?.last().map(|event| event.id.clone());
    gateway.delete(id, &token()).await.map_err(op(name, "could not delete the stack"))?;
    match follow(run, name, id, told.clone()).await? {
        Some(left) if left.state != StackState::Deleted => Err(failed_to_delete(context, &left, told.as_deref()).await),
        _ => Ok(true),
    }
}

/// Tells every event of a stack as it comes, until nothing is under way any more. `told` is the last event that need not be told. Nothing
/// when the stack is gone.
async fn follow(run: &Run<'_>, name: &str, id: &str, told: Option<String>) -> Result<Option<Stack>, OpError> {
    let context = run.context;
    let gateway = &context.gateways.stacks;
    let told = Mutex::new(told);
    let told = &told;
    let what = format!("the stack {name}");
    let ended = context
        .gateways
        .poll
        .until(&context.cancel, &what, None, || async move {
            // The state before the events: what has ended has all its events then.
            let Some(stack) = gateway.find(id).await? else { return Ok(Some(None)) };
            let seen = told.lock().clone();
            match gateway.events(id, seen.as_deref()).await {
                Ok(events) => {
                    for event in events {
                        tell(run, name, &event);
                        *told.lock() = Some(event.id);
                    }
                }
                Err(error) if error.is_not_found() => return Ok(Some(None)),
                Err(error) => return Err(error),
            }
            Ok((!stack.state.is_moving()).then_some(Some(stack)))
        })
        .await;
    ended.map_err(op(name, "could not follow the stack"))
}

/// One event as progress: the resource, its type, its state, and why.
fn tell(run: &Run<'_>, stack: &str, event: &StackEvent) {
    let why = event.reason.as_deref().map(|why| format!(": {}", one_line(why))).unwrap_or_default();
    let mut detail = Map::new();
    detail.insert("stack".to_owned(), json!(stack));
    detail.insert("type".to_owned(), json!(event.kind));
    detail.insert("state".to_owned(), json!(event.status));
    for (member, value) in [("reason", &event.reason), ("physical_id", &event.physical)] {
        if let Some(value) = value {
            detail.insert(member.to_owned(), Value::from(value.as_str()));
        }
    }
    run.report(&event.resource, format!("{} {}{why}", event.kind, event.status), detail);
}

async fn events(context: &Context, id: &str) -> Result<Vec<StackEvent>, OpError> {
    match context.gateways.stacks.events(id, None).await {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        events => events.map_err(op(id, "could not read what happened to the stack")),
    }
}

/// Whether an event is where something begins that was asked for.
fn begins(event: &StackEvent) -> bool {
    event.is_of_stack() && matches!(event.status.as_str(), "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS" | "DELETE_IN_PROGRESS")
}

/// The first resource that failed by itself, among what happened since something was begun last.
fn cause(events: &[StackEvent]) -> Option<&StackEvent> {
    let began = events.iter().rposition(begins).unwrap_or_default();
    let failed = |event: &&StackEvent| event.is_failure() && !event.is_of_stack() && event.reason.as_deref() != Some(GIVEN_UP);
    events[began..].iter().find(failed)
}

/// The error of a stack that could not be made: the reason of the first resource that failed.
async fn failed_to_make(context: &Context, stack: &Stack) -> OpError {
    let events = match events(context, &stack.id).await {
        Ok(events) => events,
        Err(error) => return error,
    };
    let why = match cause(&events) {
        Some(event) => told_of(event),
        None => stack.reason.clone().unwrap_or_else(|| format!("it stands at {}", stack.status)),
    };
    OpError::failed(&stack.name, "could not create the stack", one_line(&why)).with_fix(advice(&why))
}

/// The error of a stack of which something stays: every resource that could not be removed, and why.
async fn failed_to_delete(context: &Context, stack: &Stack, told: Option<&str>) -> OpError {
    let events = match context.gateways.stacks.events(&stack.id, told).await {
        Ok(events) => events,
        Err(error) => return op(&stack.name, "could not read what happened to the stack")(error),
    };
    let stay: Vec<String> = events.iter().filter(|event| event.is_failure() && !event.is_of_stack()).map(told_of).collect();
    let why = match stay.as_slice() {
        [] => stack.reason.clone().unwrap_or_else(|| format!("it stands at {}", stack.status)),
        stay => stay.join("; "),
    };
    OpError::failed(&stack.name, "could not delete the stack", one_line(&why))
        .with_fix("remove what uses these resources (something that this demonstration did not make), then clean up again")
}

fn told_of(event: &StackEvent) -> String {
    format!("{} ({}): {}", event.resource, event.kind, event.reason.as_deref().unwrap_or("no reason was given"))
}

/// What helps against a reason.
fn advice(why: &str) -> &'static str {
    let why = why.to_ascii_lowercase();
    let says = |signs: &[&str]| signs.iter().any(|sign| why.contains(sign));
    if says(&["not authorized", "accessdenied", "access denied", "unauthorizedoperation"]) {
        "ask for the permission that the reason names (`shiftdeck doctor --policy` prints all of them), then run this step again: the stack is replaced"
    } else if says(&["limitexceeded", "limit exceeded", "maximum number of", "service limit", "has been reached"]) {
        "the account has as many of these as it may have: remove one or ask AWS for more, then run this step again: the stack is replaced"
    } else if says(&["conflicts with", "does not exist", "is invalid"]) {
        "correct the setting of [stacks] that the reason is about, then run this step again: the stack is replaced"
    } else {
        "remove what the reason names, then run this step again: the stack is replaced"
    }
}

/// A reason on one line; CloudFormation lists what is wrong with properties on several.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn event(resource: &str, status: &str, reason: Option<&str>) -> StackEvent {
        let of_stack = resource == "net";
        StackEvent {
            id: format!("{resource}-{status}"),
            at: None,
            resource: resource.into(),
            kind: if of_stack { "AWS::CloudFormation::Stack".into() } else { "AWS::EC2::Subnet".into() },
            physical: of_stack.then(|| "arn:aws:cloudformation:us-east-1:0:stack/net/1".into()),
            status: status.into(),
            reason: reason.map(Into::into),
        }
    }

    #[test]
    fn the_cause_is_what_failed_first_by_itself() {
        let events = [
            event("net", "CREATE_IN_PROGRESS", Some("User Initiated")),
            event("A", "CREATE_FAILED", Some("of an earlier attempt")),
            event("net", "ROLLBACK_COMPLETE", None),
            event("net", "CREATE_IN_PROGRESS", Some("User Initiated")),
            event("A", "CREATE_FAILED", Some(GIVEN_UP)),
            event("B", "CREATE_FAILED", Some("The CIDR 'x' conflicts with another subnet")),
            event("C", "CREATE_FAILED", Some("later")),
            event("net", "ROLLBACK_IN_PROGRESS", Some("The following resource(s) failed to create: [A, B, C]. ")),
        ];
        let cause = cause(&events).unwrap();
        assert_eq!(told_of(cause), "B (AWS::EC2::Subnet): The CIDR 'x' conflicts with another subnet");
        assert!(advice(&told_of(cause)).contains("[stacks]"));
    }

    #[test]
    fn advice_follows_the_reason() {
        assert!(advice("User is not authorized to perform: ec2:CreateVpc").contains("doctor --policy"));
        assert!(advice("The maximum number of VPCs has been reached. (VpcLimitExceeded)").contains("as many of these"));
        assert!(advice("Internal failure").contains("replaced"));
    }

    #[test]
    fn a_network_is_read_from_the_outputs() {
        let outputs = [("VpcId", "vpc-1"), ("SubnetIds", "subnet-1,subnet-2"), ("SecurityGroupId", "sg-1")];
        let mut stack = Stack {
            id: "arn".into(),
            name: "net".into(),
            state: StackState::Complete,
            status: "CREATE_COMPLETE".into(),
            reason: None,
            created: None,
            outputs: outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            tags: Tags::new(),
        };
        let network = Network::of(&stack).unwrap();
        assert_eq!((network.subnets.len(), network.groups.as_slice()), (2, ["sg-1".to_owned()].as_slice()));
        stack.outputs.remove("SubnetIds");
        assert!(Network::of(&stack).unwrap_err().why.contains("SubnetIds"));
    }
}

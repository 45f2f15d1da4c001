//! What the caller is allowed, action by action of every step, by IAM's own simulator.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;

use super::Check;
use crate::aws::{AwsError, AwsErrorKind};
use crate::config::settings::WarehouseKind;
use crate::demo::operator::{self, Extent, Need};
use crate::demo::step::Step;
use crate::ops::context::partition;
use crate::ops::{Context, OpError};

pub(super) const NAME: &str = "permissions";
/// What only the doctor calls: no step fails without it, and what it would have told is told to be missing.
const ASIDE: &str = "servicequotas:ListServiceQuotas";

/// What the caller is allowed.
#[derive(Debug, Clone, PartialEq)]
pub enum Allowed {
    /// Everything that the steps need: so many actions.
    All(usize),
    /// All but some of it.
    Lacking(Vec<Need>),
    /// The account's root user, of whom nothing can be refused or simulated.
    Root,
    /// It cannot be found out, and why.
    Unknown(String),
}

/// What the steps need, statement by statement.
///
/// # Errors
/// The account cannot be reached, or the policy cannot be read.
pub async fn needs(context: &Context) -> Result<Vec<Need>, OpError> {
    let caller = context.caller().await?;
    let settings = &context.settings;
    let extent = Extent {
        lake_workgroup: &settings.lake.workgroup,
        serverless: settings.warehouse.kind == WarehouseKind::Serverless,
        network: settings.stacks.network,
        studio: settings.stacks.studio,
    };
    operator::needs(&context.scenario, &caller.account, partition(&context.scenario.region), &extent)
        .map_err(|error| OpError::failed("", "could not read the policy of the demonstration", error.to_string()))
}

/// Simulates `needs` for the one behind an ARN: a user, a role, or a session of a role.
pub async fn allowed(context: &Context, arn: &str, needs: &[Need]) -> Allowed {
    if arn.ends_with(":root") {
        return Allowed::Root;
    }
    let principal = match principal(context, arn).await {
        Ok(principal) => principal,
        Err(why) => return Allowed::Unknown(why),
    };
    let simulated = try_join_all(needs.iter().map(|need| lacking(context, &principal, need))).await;
    match simulated {
        Ok(lacking) => {
            let lacking: Vec<Need> = lacking.into_iter().flatten().collect();
            let count = needs.iter().map(|need| need.actions.len()).sum();
            if lacking.is_empty() { Allowed::All(count) } else { Allowed::Lacking(lacking) }
        }
        Err(error) if error.kind == AwsErrorKind::AccessDenied => {
            Allowed::Unknown(format!("the simulator may not be asked (iam:SimulatePrincipalPolicy): {}", error.message))
        }
        Err(error) => Allowed::Unknown(error.message),
    }
}

/// What the caller is allowed of all that the steps need.
///
/// # Errors
/// The account cannot be reached, or the policy cannot be read.
pub async fn of_caller(context: &Context) -> Result<Allowed, OpError> {
    Ok(allowed(context, &context.caller().await?.arn, &needs(context).await?).await)
}

/// The user or role behind a caller; of a session of a role, the role.
async fn principal(context: &Context, arn: &str) -> Result<String, String> {
    let Some((_, session)) = arn.split_once(":assumed-role/") else {
        return if arn.contains(":federated-user/") { Err("a federated user cannot be simulated".to_owned()) } else { Ok(arn.to_owned()) };
    };
    let role = session.split('/').next().unwrap_or(session);
    match context.gateways.roles.find(role).await {
        // The ARN of the session lacks the path of the role.
        Ok(Some(role)) => Ok(role.arn),
        Ok(None) => Err(format!("the role `{role}` of this session is not there")),
        Err(error) => Err(format!("the role `{role}` of this session cannot be read: {}", error.message)),
    }
}

/// The part of a need that is not allowed.
async fn lacking(context: &Context, principal: &str, need: &Need) -> Result<Option<Need>, AwsError> {
    let decisions = context.gateways.simulator.simulate(principal, &need.actions, &need.resources, &keys(need)).await?;
    let refused = decisions.iter().filter(|decision| !decision.allowed);
    let (mut actions, mut resources) = (BTreeSet::new(), BTreeSet::new());
    for decision in refused {
        actions.insert(decision.action.as_str());
        resources.insert(decision.resource.as_str());
    }
    if actions.is_empty() {
        return Ok(None);
    }
    let kept = |all: &[String], some: &BTreeSet<&str>| all.iter().filter(|text| some.contains(text.as_str())).cloned().collect();
    Ok(Some(Need { actions: kept(&need.actions, &actions), resources: kept(&need.resources, &resources), ..need.clone() }))
}

/// The keys that a condition asks for, each with the first value that fulfils it.
fn keys(need: &Need) -> BTreeMap<String, String> {
    let equals = need.condition.as_ref().and_then(|condition| condition.get("StringEquals")).and_then(serde_json::Value::as_object);
    let first = |value: &serde_json::Value| value.get(0).unwrap_or(value).as_str().map(str::to_owned);
    equals.into_iter().flatten().filter_map(|(key, value)| Some((key.clone(), first(value)?))).collect()
}

pub(super) async fn check(context: &Context) -> Check {
    const ASK: &str = "`shiftdeck doctor --policy` prints the policy for an administrator to attach.";
    let allowed = match of_caller(context).await {
        Ok(allowed) => allowed,
        Err(error) => return Check::warning(NAME, format!("not known: {error}"), ASK),
    };
    match allowed {
        Allowed::All(count) => Check::ok(NAME, format!("all {count} actions that the steps call are allowed")),
        Allowed::Root => Check::warning(
            NAME,
            "the account's root user calls: nothing is refused",
            "Use a role or a user with the policy of `shiftdeck doctor --policy`.",
        ),
        Allowed::Lacking(lacking) if lacking.iter().flat_map(|need| &need.actions).all(|action| action == ASIDE) => {
            Check::ok(NAME, "all actions that the steps call are allowed")
        }
        Allowed::Lacking(lacking) => Check::failed(NAME, told(&lacking), ASK),
        Allowed::Unknown(why) => Check::warning(NAME, format!("not known: {why}"), ASK),
    }
}

/// The actions that are missing, and the steps that would fail.
fn told(lacking: &[Need]) -> String {
    const NAMED: usize = 6;
    let actions: Vec<&str> = lacking.iter().flat_map(|need| &need.actions).map(String::as_str).collect();
    let steps: BTreeSet<Step> = lacking.iter().flat_map(|need| need.steps.iter().copied()).collect();
    let steps: Vec<&str> = steps.into_iter().map(Step::name).collect();
    let more = actions.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named = actions.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    format!("not allowed: {named}{more} (steps {})", steps.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(actions: &[&str], steps: &[Step]) -> Need {
        Need {
            sid: "Some".into(),
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            resources: vec!["*".into()],
            steps: steps.to_vec(),
            condition: None,
        }
    }

    #[test]
    fn what_is_missing_is_named_with_the_steps_that_would_fail() {
        let lacking = [need(&["s3:PutObject"], &[Step::Lake, Step::Pipeline]), need(&["athena:GetWorkGroup"], &[Step::Lake])];
        assert_eq!(told(&lacking), "not allowed: s3:PutObject, athena:GetWorkGroup (steps lake, pipeline)");
        let many = [need(&["a:A", "a:B", "a:C", "a:D", "a:E", "a:F", "a:G", "a:H"], &[Step::Deploy])];
        assert!(told(&many).contains("a:F and 2 more (steps deploy)"));
    }

    #[test]
    fn conditions_are_simulated_with_a_value_that_fulfils_them() {
        let mut passing = need(&["iam:PassRole"], &[Step::Foundation]);
        passing.condition = Some(serde_json::json!({ "StringEquals": { "iam:PassedToService": ["lambda.amazonaws.com", "x"] } }));
        assert_eq!(keys(&passing), BTreeMap::from([("iam:PassedToService".to_owned(), "lambda.amazonaws.com".to_owned())]));
        assert!(keys(&need(&[], &[])).is_empty());
    }
}

//! The three roles: who may assume each, and what it may do.

use crate::aws::Tags;
use crate::demo::policies::{DemoRole, POLICY_NAME};
use crate::ops::OpError;
use crate::ops::context::partition;
use crate::ops::error::op;
use crate::ops::report::Run;

/// Makes or mends a role; gives its ARN and whether anything was changed.
pub async fn ensure(run: &Run<'_>, role: DemoRole, account: &str, tags: &Tags) -> Result<(String, bool), OpError> {
    let context = run.context;
    let name = role.name(&context.scenario);
    let gateway = &context.gateways.roles;
    let policy = role
        .policy(&context.scenario, account, partition(&context.scenario.region))
        .map_err(|error| OpError::failed(name, "could not read the role's policy", error.to_string()))?;
    let (found, present) = tokio::try_join!(async { gateway.find(name).await.map_err(op(name, "could not read the role")) }, async {
        gateway.policy(name, POLICY_NAME).await.map_err(op(name, "could not read the role's policy"))
    },)?;
    let mut changed = false;
    let arn = match found {
        Some(found) => {
            if found.trust != role.trust() {
                run.say(name, "correcting who may assume the role")?;
                gateway.set_trust(name, &role.trust()).await.map_err(op(name, "could not correct who may assume the role"))?;
                changed = true;
            }
            found.arn
        }
        None => {
            run.say(name, format!("creating the role: {}", role.purpose().to_lowercase()))?;
            changed = true;
            match gateway.create(name, role.purpose(), &role.trust(), tags).await {
                Ok(made) => made.arn,
                // Another process made it between the two calls.
                Err(error) if error.is_already_there() => context.role_arn(name).await?,
                Err(error) => return Err(op(name, "could not create the role")(error)),
            }
        }
    };
    if present.as_ref() != Some(&policy) {
        run.say(name, "attaching its policy, no wider than it needs")?;
        gateway.put_policy(name, POLICY_NAME, &policy).await.map_err(op(name, "could not attach the policy"))?;
        changed = true;
    }
    Ok((arn, changed))
}

//! Roles: made where they are missing, mended where they differ from what they should be.

use serde_json::Value;

use super::error::op;
use super::{Context, OpError};
use crate::aws::Tags;
use crate::demo::policies::POLICY_NAME;

/// What a role should be.
pub(super) struct Wanted<'a> {
    /// Name.
    pub name: &'a str,
    /// What it is for.
    pub purpose: &'a str,
    /// Who may assume it.
    pub trust: Value,
    /// What it may do.
    pub policy: Value,
}

/// Makes or mends a role; gives its ARN and whether anything was changed. `say` hears what is done.
pub(super) async fn ensure(
    context: &Context,
    wanted: &Wanted<'_>,
    tags: &Tags,
    say: &(dyn Fn(String) -> Result<(), OpError> + Sync),
) -> Result<(String, bool), OpError> {
    let Wanted { name, purpose, trust, policy } = wanted;
    let gateway = &context.gateways.roles;
    let (found, present) = tokio::try_join!(async { gateway.find(name).await.map_err(op(name, "could not read the role")) }, async {
        gateway.policy(name, POLICY_NAME).await.map_err(op(name, "could not read the role's policy"))
    },)?;
    let mut changed = false;
    let arn = match found {
        Some(found) => {
            if found.trust != *trust {
                say("correcting who may assume the role".to_owned())?;
                gateway.set_trust(name, trust).await.map_err(op(name, "could not correct who may assume the role"))?;
                changed = true;
            }
            found.arn
        }
        None => {
            say(format!("creating the role: {}", purpose.to_lowercase()))?;
            changed = true;
            match gateway.create(name, purpose, trust, tags).await {
                Ok(made) => made.arn,
                // Another process made it between the two calls.
                Err(error) if error.is_already_there() => context.role_arn(name).await?,
                Err(error) => return Err(op(name, "could not create the role")(error)),
            }
        }
    };
    if present.as_ref() != Some(policy) {
        say("attaching its policy, no wider than it needs".to_owned())?;
        gateway.put_policy(name, POLICY_NAME, policy).await.map_err(op(name, "could not attach the policy"))?;
        changed = true;
    }
    Ok((arn, changed))
}

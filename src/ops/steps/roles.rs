//! The three roles: who may assume each, and what it may do.

use crate::aws::Tags;
use crate::demo::policies::DemoRole;
use crate::ops::OpError;
use crate::ops::context::partition;
use crate::ops::report::Run;
use crate::ops::roles::{self, Wanted};

/// Makes or mends a role; gives its ARN and whether anything was changed.
pub async fn ensure(run: &Run<'_>, role: DemoRole, account: &str, tags: &Tags) -> Result<(String, bool), OpError> {
    let context = run.context;
    let name = role.name(&context.scenario);
    let policy = role
        .policy(&context.scenario, account, partition(&context.scenario.region))
        .map_err(|error| OpError::failed(name, "could not read the role's policy", error.to_string()))?;
    let wanted = Wanted { name, purpose: role.purpose(), trust: role.trust(), policy };
    roles::ensure(context, &wanted, tags, &|sentence| run.say(name, sentence)).await
}

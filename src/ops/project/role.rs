//! The role of the stages, which is the project's own when the settings name none.

use super::Names;
use crate::aws::Tags;
use crate::aws::identity::Caller;
use crate::aws::roles::Role;
use crate::demo::project_role::{self, ProjectNames};
use crate::ops::context::partition;
use crate::ops::error::op;
use crate::ops::roles::{self, Wanted};
use crate::ops::{Context, OpError};

/// The role, if there is one of the name.
pub(super) async fn find(context: &Context) -> Result<Option<Role>, OpError> {
    let name = context.scenario.project_role.as_str();
    context.gateways.roles.find(name).await.map_err(op(name, "could not read the role"))
}

/// Why a role cannot be the project's, if it cannot: somebody else has made it.
pub(super) fn taken(context: &Context, found: &Role) -> Option<OpError> {
    (!context.is_ours(&found.tags)).then(|| {
        OpError::precondition(
            &context.scenario.project_role,
            "the project needs a role",
            "the role of this name was not made by this demonstration",
            "name a role that CodePipeline may assume in `project.role`",
        )
    })
}

/// Makes or mends the role; gives its ARN. One of the name that somebody else has made is not touched.
pub(super) async fn ensure(context: &Context, names: &Names, caller: &Caller, tags: &Tags) -> Result<String, OpError> {
    if let Some(obstacle) = find(context).await?.and_then(|found| taken(context, &found)) {
        return Err(obstacle);
    }
    let name = context.scenario.project_role.as_str();
    let project = ProjectNames { repository: names.repository.clone(), stages: names.pipeline.clone() };
    let policy = project_role::policy(&context.scenario, &project, &caller.account, partition(&context.scenario.region))
        .map_err(|error| OpError::failed(name, "could not read the role's policy", error.to_string()))?;
    let wanted = Wanted { name, purpose: project_role::PURPOSE, trust: project_role::trust(), policy };
    roles::ensure(context, &wanted, tags, &|_| context.proceed("making the project's role")).await.map(|(arn, _)| arn)
}

//! Whether something else in the account has a name that the demonstration would take. Nothing of that is ever touched: the foundation is not
//! laid before the names are free.

use futures::future::{join_all, try_join_all};

use super::Check;
use crate::aws::{AwsError, Tags};
use crate::demo::policies::DemoRole;
use crate::demo::stack::DemoStack;
use crate::ops::error::op;
use crate::ops::{Context, OpError, stacks};

pub(super) const NAME: &str = "names";

/// Something by its kind and name, with its tags when it is there.
type Found = (&'static str, String, Result<Option<Tags>, AwsError>);

/// Looks for what carries the demonstration's names and not its tag.
pub(super) async fn check(context: &Context) -> Check {
    let mut found = look(context).await;
    found.push(bucket(context).await);
    told(context, &found)
}

/// Refuses to go on while something that is not the demonstration's has one of its names. A bucket is another matter: one that is there may
/// be meant (`aws.bucket`), is used, and is never removed.
///
/// # Errors
/// A name is taken, or it cannot be found out.
pub async fn only_ours(context: &Context) -> Result<(), OpError> {
    let found = look(context).await.into_iter().map(|(kind, name, tags)| async move {
        let tags = tags.map_err(op(&name, "could not find out whose it is"))?;
        Ok::<_, OpError>(tags.filter(|tags| !context.is_ours(tags)).map(|_| (kind, name)))
    });
    match try_join_all(found).await?.into_iter().flatten().next() {
        Some((kind, name)) => {
            let why = format!("a {kind} of this name is there already, and this demonstration did not make it");
            Err(OpError::failed(&name, format!("will not touch the {kind}"), why)
                .with_fix("choose another `demo.name`, or the setting of this one name"))
        }
        None => Ok(()),
    }
}

async fn bucket(context: &Context) -> Found {
    let (name, gateway) = (&context.scenario.bucket, &context.gateways.objects);
    let tags = match gateway.bucket_exists(name).await {
        Ok(true) => gateway.bucket_tags(name).await.map(Some),
        Ok(false) => Ok(None),
        Err(error) => Err(error),
    };
    ("bucket", name.clone(), tags)
}

/// What has tags and one of the names, the bucket aside. All calls are made at the same time, and a second one where only an ARN leads to
/// the tags.
async fn look(context: &Context) -> Vec<Found> {
    let (s, g) = (&context.scenario, &context.gateways);
    let warehouse = |arn: Result<Option<String>, AwsError>| async move {
        match arn {
            Ok(Some(arn)) => g.serverless.tags(&arn).await.map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let sagemaker = |arn: Result<Option<String>, AwsError>| async move {
        match arn {
            Ok(Some(arn)) => g.pipelines.tags(&arn).await.map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let endpoints = join_all([&s.staging_endpoint, &s.production_endpoint].map(|name| async move {
        ("endpoint", name.clone(), sagemaker(g.endpoints.find(name).await.map(|endpoint| endpoint.map(|endpoint| endpoint.arn))).await)
    }));
    let roles = join_all(DemoRole::ALL.map(|role| async move {
        let name = role.name(s);
        ("role", name.to_owned(), g.roles.find(name).await.map(|role| role.map(|role| role.tags)))
    }));
    let wanted = DemoStack::ALL.into_iter().filter(|stack| stacks::is_wanted(context, *stack));
    let wanted = join_all(wanted.map(|stack| async move {
        let name = stack.name(s);
        ("stack", name.to_owned(), g.stacks.find(name).await.map(|stack| stack.map(|stack| stack.tags)))
    }));
    let (secret, function, cluster, namespace, workgroup, pipeline, group, endpoints, roles, wanted) = tokio::join!(
        g.secrets.find(&s.secret),
        g.functions.find(&s.function),
        g.cluster.find(&s.warehouse),
        async { warehouse(g.serverless.namespace(&s.warehouse).await.map(|namespace| namespace.map(|namespace| namespace.arn))).await },
        async { warehouse(g.serverless.workgroup(&s.warehouse).await.map(|workgroup| workgroup.map(|workgroup| workgroup.arn))).await },
        async { sagemaker(g.pipelines.find(&s.pipeline).await.map(|pipeline| pipeline.map(|pipeline| pipeline.arn))).await },
        async { sagemaker(g.registry.group(&s.model_group).await.map(|group| group.map(|group| group.arn))).await },
        endpoints,
        roles,
        wanted,
    );
    let mut found = vec![
        ("function", s.function.clone(), function.map(|function| function.map(|function| function.tags))),
        ("pipeline", s.pipeline.clone(), pipeline),
        ("model group", s.model_group.clone(), group),
    ];
    // A warehouse that is only used is somebody else's, and so is its login.
    if !context.settings.warehouse.existing {
        found.extend([
            ("secret", s.secret.clone(), secret.map(|secret| secret.map(|secret| secret.tags))),
            ("cluster", s.warehouse.clone(), cluster.map(|cluster| cluster.map(|cluster| cluster.tags))),
            ("namespace", s.warehouse.clone(), namespace),
            ("workgroup", s.warehouse.clone(), workgroup),
        ]);
    }
    found.extend(endpoints);
    found.extend(roles);
    found.extend(wanted);
    found
}

fn told(context: &Context, found: &[Found]) -> Check {
    let mut taken = Vec::new();
    let (mut ours, mut unknown) = (0_usize, 0_usize);
    for (kind, name, tags) in found {
        match tags {
            Ok(Some(tags)) if context.is_ours(tags) => ours += 1,
            Ok(Some(_)) => taken.push(format!("{kind} `{name}`")),
            Ok(None) => {}
            // Which call is refused is told by the permissions.
            Err(_) => unknown += 1,
        }
    }
    if !taken.is_empty() {
        let fix = "Choose another demo.name (or the setting of that one name), so that nothing of somebody else is touched.";
        return Check::failed(NAME, format!("not made by this demonstration: {}", taken.join(", ")), fix);
    }
    match (ours, unknown) {
        (0, 0) => Check::ok(NAME, "free"),
        (ours, 0) => Check::ok(NAME, format!("{ours} are in use by this demonstration, the others are free")),
        (_, unknown) => {
            Check::warning(NAME, format!("{unknown} could not be looked up"), "See what is said about permissions and services.")
        }
    }
}

//! What is there to remove: each part of the account is listed by itself, and what does not carry the tag is left out.

use futures::future::{BoxFuture, FutureExt, join_all};

use super::{Removal, What, inside, objects, removal};
use crate::aws::Tags;
use crate::aws::pipelines::Execution;
use crate::aws::registry::ApprovalState;
use crate::demo::policies::DemoRole;
use crate::demo::stack::DemoStack;
use crate::demo::step::Step;
use crate::ops::error::op;
use crate::ops::steps::deploy;
use crate::ops::{Context, OpError};

/// SageMaker makes a log group for an endpoint of its own when its containers say something, and leaves it when the endpoint goes.
const ENDPOINT_LOGS: &str = "/aws/sagemaker/Endpoints/";

/// What is there to remove of a step and later ones, and what could not be listed: a service that refuses does not keep the rest.
pub(super) async fn look(context: &Context, from: Step) -> (Vec<Removal>, Vec<OpError>) {
    let parts: Vec<BoxFuture<'_, Result<Vec<Removal>, OpError>>> = vec![
        serving(context).boxed(),
        training(context).boxed(),
        functions_and_secrets(context).boxed(),
        warehouse(context).boxed(),
        inside::of_existing(context).boxed(),
        inside_own(context, from).boxed(),
        approvals(context, from).boxed(),
        storage(context).boxed(),
        roles(context).boxed(),
        project(context).boxed(),
        made_by_stacks(context).boxed(),
    ];
    let (mut removals, mut failures) = (Vec::new(), Vec::new());
    for part in join_all(parts).await {
        match part {
            Ok(found) => removals.extend(found.into_iter().filter_map(|removal| removal.since(&context.scenario, from))),
            Err(error) => failures.push(error),
        }
    }
    // What is inside a warehouse that goes needs no removal of its own, unless it has something outside.
    removals.sort_by(|a, b| a.wave.cmp(&b.wave).then(a.kind.cmp(b.kind)).then(a.name.cmp(&b.name)));
    (removals, failures)
}

/// What is in the demonstration's own warehouse, when the warehouse stays and that goes.
async fn inside_own(context: &Context, from: Step) -> Result<Vec<Removal>, OpError> {
    let asked = from > Step::Foundation && from <= Step::Load && !context.settings.warehouse.existing;
    if asked && OwnWarehouse::find(context).await?.computes() { inside::of_own(context).await } else { Ok(Vec::new()) }
}

/// Approvals that the step `deploy` gave to versions that stay.
async fn approvals(context: &Context, from: Step) -> Result<Vec<Removal>, OpError> {
    let group = &context.scenario.model_group;
    let registry = &context.gateways.registry;
    // Going back further, the versions go too.
    if from != Step::Deploy {
        return Ok(Vec::new());
    }
    let Some(found) = registry.group(group).await.map_err(op(group, "could not look for the model group"))? else { return Ok(Vec::new()) };
    let kept = keep_ours(context, vec![(removal(5, "Model group", group, What::Group), found.arn)]).await?;
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let mut given = Vec::new();
    let packages = registry.packages(group).await.map_err(op(group, "could not list the models"))?;
    for package in packages.into_iter().filter(|package| package.approval == ApprovalState::Approved) {
        let read = registry.package(&package.arn).await.map_err(op(&package.arn, "could not read the model"))?;
        if read.is_some_and(|read| read.approval_note == deploy::NOTE) {
            given.push(removal(4, "Approval", format!("{group} version {}", package.version), What::Approval(package.arn)));
        }
    }
    Ok(given)
}

/// Endpoints, their configurations, models.
async fn serving(context: &Context) -> Result<Vec<Removal>, OpError> {
    let gateway = &context.gateways.endpoints;
    let part = &context.scenario.demo;
    let told = "could not list what serves models";
    // The endpoints may be named otherwise than the demonstration.
    let named = [&context.scenario.staging_endpoint, &context.scenario.production_endpoint];
    let (endpoints, configs, models, staging, production) = tokio::try_join!(
        gateway.endpoints(part),
        gateway.configs(part),
        gateway.models(part),
        gateway.endpoints(named[0]),
        gateway.endpoints(named[1]),
    )
    .map_err(op(part, told))?;
    let mut candidates = Vec::new();
    for endpoint in endpoints.into_iter().chain(staging).chain(production) {
        candidates.push((removal(1, "Endpoint", endpoint.name, What::Endpoint), endpoint.arn));
    }
    for config in configs {
        candidates.push((removal(2, "Endpoint config", config.name, What::EndpointConfig), config.arn));
    }
    for model in models {
        candidates.push((removal(3, "Model", model.name, What::Model), model.arn));
    }
    candidates.sort_by(|a, b| a.1.cmp(&b.1));
    candidates.dedup_by(|a, b| a.1 == b.1);
    let mut ours = keep_ours(context, candidates).await?;
    let names: Vec<String> = ours.iter().filter(|it| matches!(it.what, What::Endpoint)).map(|it| it.name.clone()).collect();
    if !names.is_empty() {
        let logs =
            context.gateways.logs.groups(ENDPOINT_LOGS).await.map_err(op(ENDPOINT_LOGS, "could not look for the endpoints' logs"))?;
        // Found while the endpoints are there, which say that these are ours.
        let of_ours = |group: &String| group.strip_prefix(ENDPOINT_LOGS).is_some_and(|name| names.iter().any(|known| known == name));
        ours.extend(logs.into_iter().filter(of_ours).map(|group| removal(2, "Log group", group, What::LogGroup(Step::Deploy))));
    }
    Ok(ours)
}

/// Keeps the SageMaker resources that carry the tag.
async fn keep_ours(context: &Context, candidates: Vec<(Removal, String)>) -> Result<Vec<Removal>, OpError> {
    let tagged = candidates.into_iter().map(|(removal, arn)| async move {
        match context.gateways.pipelines.tags(&arn).await {
            Ok(tags) => Ok(context.is_ours(&tags).then_some(removal)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(op(&removal.name, "could not read its tags")(error)),
        }
    });
    let mut ours = Vec::new();
    for result in join_all(tagged).await {
        ours.extend(result?);
    }
    Ok(ours)
}

/// Pipeline with its running executions, packages, group.
async fn training(context: &Context) -> Result<Vec<Removal>, OpError> {
    let s = &context.scenario;
    let g = &context.gateways;
    let (pipeline, group) = tokio::try_join!(
        async { g.pipelines.find(&s.pipeline).await.map_err(op(&s.pipeline, "could not look for the pipeline")) },
        async { g.registry.group(&s.model_group).await.map_err(op(&s.model_group, "could not look for the model group")) },
    )?;
    let mut candidates = Vec::new();
    if let Some(pipeline) = pipeline {
        candidates.push((removal(3, "Pipeline", &s.pipeline, What::Pipeline), pipeline.arn));
    }
    if let Some(group) = group {
        candidates.push((removal(5, "Model group", &s.model_group, What::Group), group.arn));
    }
    let mut ours = keep_ours(context, candidates).await?;
    if ours.iter().any(|removal| removal.what == What::Pipeline) {
        let executions = g.pipelines.executions(&s.pipeline, 100).await.map_err(op(&s.pipeline, "could not list the executions"))?;
        ours.extend(job_logs(context, &executions).await?);
        for execution in executions.into_iter().filter(|execution| matches!(execution.status.as_str(), "Executing" | "Stopping")) {
            ours.push(removal(1, "Execution", execution.name, What::Execution(execution.arn)));
        }
    }
    if ours.iter().any(|removal| removal.what == What::Group) {
        let packages = g.registry.packages(&s.model_group).await.map_err(op(&s.model_group, "could not list the models"))?;
        for package in packages {
            ours.push(removal(4, "Model package", format!("{} version {}", s.model_group, package.version), What::Package(package.arn)));
        }
    }
    Ok(ours)
}

/// The streams of the executions' jobs. Their groups are shared by all jobs of the account.
async fn job_logs(context: &Context, executions: &[Execution]) -> Result<Vec<Removal>, OpError> {
    let mut removals = Vec::new();
    for group in ["/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs"] {
        let streams = context.gateways.logs.streams(group, "pipelines-").await.map_err(op(group, "could not list the log streams"))?;
        // SageMaker names a step's job after its execution.
        let prefixes: Vec<String> =
            executions.iter().filter_map(|execution| execution.arn.rsplit('/').next()).map(|id| format!("pipelines-{id}-")).collect();
        let ours: Vec<String> = streams
            .into_iter()
            .map(|stream| stream.name)
            .filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix.as_str())))
            .collect();
        if !ours.is_empty() {
            removals.push(removal(2, "Log streams", group, What::LogStreams(ours)));
        }
    }
    Ok(removals)
}

/// The stages of the project, its repository, and the role of the stages. The stages go first: they could deploy what is being removed.
async fn project(context: &Context) -> Result<Vec<Removal>, OpError> {
    let ours = crate::ops::project::ours(context).await?;
    let stages = ours.stages.map(|name| removal(1, "Project stages", name, What::Stages));
    let repository = ours.repository.map(|name| removal(2, "Repository", name, What::Repository));
    let role = ours.role.map(|name| removal(7, "IAM role", name, What::Role(Step::Pipeline)));
    Ok(stages.into_iter().chain(repository).chain(role).collect())
}

/// The stacks: the studio before the network that it lies in, and that after the warehouse that lies in it.
async fn made_by_stacks(context: &Context) -> Result<Vec<Removal>, OpError> {
    let stacks = crate::ops::stacks::ours(context).await?.into_iter();
    let removals = stacks.map(|(stack, found)| {
        let wave = match stack {
            DemoStack::Studio => 5,
            DemoStack::Network => 6,
        };
        removal(wave, "Stack", found.name, What::Stack(stack, found.id))
    });
    Ok(removals.collect())
}

async fn functions_and_secrets(context: &Context) -> Result<Vec<Removal>, OpError> {
    let s = &context.scenario;
    let (function, secret) = tokio::try_join!(
        async { context.gateways.functions.find(&s.function).await.map_err(op(&s.function, "could not look for the function")) },
        async { context.gateways.secrets.find(&s.secret).await.map_err(op(&s.secret, "could not look for the login")) },
    )?;
    let mut ours = Vec::new();
    if function.is_some_and(|function| context.is_ours(&function.tags)) {
        ours.push(removal(3, "Function", &s.function, What::Function));
        let group = format!("/aws/lambda/{}", s.function);
        let groups = context.gateways.logs.groups(&group).await.map_err(op(&group, "could not look for the function's log"))?;
        if groups.contains(&group) {
            // Found while the function is there, which says that it is ours.
            ours.push(removal(2, "Log group", group, What::LogGroup(Step::Pipeline)));
        }
    }
    if secret.is_some_and(|secret| context.is_ours(&secret.tags)) {
        // After the warehouse: statements on it need the login.
        ours.push(removal(6, "Secret", &s.secret, What::Secret));
    }
    Ok(ours)
}

/// Which parts of a warehouse are there and carry the tag. Both kinds are looked for: the settings may have changed since it was made.
struct OwnWarehouse {
    namespace: bool,
    workgroup: bool,
    cluster: bool,
    subnets: bool,
}

impl OwnWarehouse {
    async fn find(context: &Context) -> Result<Self, OpError> {
        let s = &context.scenario;
        let g = &context.gateways;
        let name = &s.warehouse;
        let told = "could not look for the warehouse";
        let (namespace, workgroup, cluster, subnets) = tokio::try_join!(
            g.serverless.namespace(name),
            g.serverless.workgroup(name),
            g.cluster.find(name),
            g.cluster.subnet_group(&s.subnet_group),
        )
        .map_err(op(name, told))?;
        let tags_of = |arn: Option<String>| async move {
            match arn {
                None => Ok(None),
                Some(arn) => match g.serverless.tags(&arn).await {
                    Ok(tags) => Ok(Some(tags)),
                    Err(error) if error.is_not_found() => Ok(None),
                    Err(error) => Err(op(&arn, "could not read its tags")(error)),
                },
            }
        };
        let (namespace, workgroup) = tokio::try_join!(tags_of(namespace.map(|n| n.arn)), tags_of(workgroup.map(|w| w.arn)))?;
        let ours = |tags: Option<Tags>| tags.is_some_and(|tags| context.is_ours(&tags));
        Ok(OwnWarehouse {
            namespace: ours(namespace),
            workgroup: ours(workgroup),
            cluster: ours(cluster.map(|cluster| cluster.tags)),
            subnets: ours(subnets.map(|group| group.tags)),
        })
    }

    /// Whether statements can be run in it.
    fn computes(&self) -> bool {
        self.workgroup || self.cluster
    }
}

async fn warehouse(context: &Context) -> Result<Vec<Removal>, OpError> {
    let s = &context.scenario;
    let name = &s.warehouse;
    let own = OwnWarehouse::find(context).await?;
    let mut removals = Vec::new();
    if own.workgroup {
        removals.push(removal(4, "Workgroup", name, What::Workgroup));
    }
    if own.namespace {
        removals.push(removal(5, "Namespace", name, What::Namespace));
    }
    if own.cluster {
        removals.push(removal(4, "Cluster", name, What::Cluster));
    }
    if own.subnets {
        removals.push(removal(5, "Subnet group", &s.subnet_group, What::SubnetGroup));
    }
    // Dropping the model also removes what Redshift ML keeps outside the warehouse.
    if own.computes() && super::super::redshift_ml::state(context).await.is_ok_and(|state| state.is_some()) {
        removals.push(removal(2, "SQL model", &s.ml_model, What::SqlModel));
    }
    Ok(removals)
}

/// The lake's database, objects, bucket. The bucket holds what has no tags of its own.
async fn storage(context: &Context) -> Result<Vec<Removal>, OpError> {
    let s = &context.scenario;
    let g = &context.gateways;
    let bucket = &s.bucket;
    let exists = g.objects.bucket_exists(bucket).await.map_err(op(bucket, "could not look for the bucket"))?;
    let ours = exists && {
        let tags = g.objects.bucket_tags(bucket).await.map_err(op(bucket, "could not read the bucket's tags"))?;
        context.is_ours(&tags)
    };
    let mut removals = Vec::new();
    let table = g.lake.table(&s.glue_database, &s.glue_table).await.map_err(op(&s.glue_table, "could not look for the lake's table"))?;
    let database = g.lake.database(&s.glue_database).await.map_err(op(&s.glue_database, "could not look for the lake's database"))?;
    // A table of ours says so; a database without tables was ours when the bucket is. One in which others have tables stays.
    let marked = table.as_ref().is_some_and(|properties| properties.iter().any(|(name, _)| name == super::super::lake::VERSION_PROPERTY));
    if database.is_some() && (marked || ours) {
        let tables = g.lake.tables(&s.glue_database).await.map_err(op(&s.glue_database, "could not list the lake's tables"))?;
        let of_others = tables.iter().any(|table| !marked || !table.name.eq_ignore_ascii_case(&s.glue_table));
        if !of_others {
            removals.push(removal(3, "Lake database", &s.glue_database, What::LakeDatabase));
        } else if marked {
            removals.push(removal(3, "Lake table", &s.glue_table, What::LakeTable));
        }
    }
    if !exists {
        return Ok(removals);
    }
    let prefixes = [&s.data_prefix, &s.unload_prefix, &s.pipeline_prefix, &s.athena_prefix];
    let mut keys = Vec::new();
    if ours {
        // The whole bucket was made for the demonstration.
        keys.extend(g.objects.list(bucket, "").await.map_err(op(bucket, "could not list the objects"))?);
    } else {
        for prefix in prefixes {
            keys.extend(g.objects.list(bucket, prefix).await.map_err(op(bucket, "could not list the objects"))?);
        }
    }
    let keys: Vec<String> = keys.into_iter().map(|object| object.key).collect();
    if !keys.is_empty() {
        removals.push(objects(bucket, keys, true));
    }
    if ours {
        removals.push(removal(7, "S3 bucket", bucket, What::Bucket));
    }
    Ok(removals)
}

async fn roles(context: &Context) -> Result<Vec<Removal>, OpError> {
    let found = DemoRole::ALL.map(|role| async move {
        let name = role.name(&context.scenario);
        let found = context.gateways.roles.find(name).await.map_err(op(name, "could not look for the role"))?;
        Ok(found.filter(|role| context.is_ours(&role.tags)).map(|_| removal(7, "IAM role", name, What::Role(Step::Foundation))))
    });
    let mut ours = Vec::new();
    for result in join_all(found).await {
        ours.extend(result?);
    }
    Ok(ours)
}

//! Step 9: everything that the demonstration made is removed, and nothing else.
//!
//! A resource is removed when it carries this demonstration's tag; what carries no tags of its own (objects, tables, packages) when the
//! resource that holds it does. What depends on others goes first; what does not, at the same time. Failures are collected: one
//! resource that cannot be removed does not keep the others.

mod inside;

use futures::future::{BoxFuture, FutureExt, join_all};
use serde_json::json;

use super::{StepOutcome, stacks};
use crate::aws::pipelines::Execution;
use crate::aws::{AwsError, PollError, Tags};
use crate::config::settings::TargetKind;
use crate::demo::figures;
use crate::demo::policies::DemoRole;
use crate::demo::sql::SqlEngine;
use crate::demo::stack::DemoStack;
use crate::ops::error::op;
use crate::ops::pipeline::token;
use crate::ops::query::{self, QueryEngine};
use crate::ops::report::Run;
use crate::ops::{Context, OpError, OpErrorKind, costs, pipeline, prices};

/// SageMaker makes a log group for an endpoint of its own when its containers say something, and leaves it when the endpoint goes.
const ENDPOINT_LOGS: &str = "/aws/sagemaker/Endpoints/";

/// Something that cleanup removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The kind for people (`IAM role`).
    pub kind: &'static str,
    /// Name.
    pub name: String,
    /// The wave it goes with: everything of a wave goes at the same time, after the waves before it.
    pub wave: u8,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Execution(String),
    Endpoint,
    EndpointConfig,
    Model,
    Pipeline,
    Package(String),
    Group,
    SqlModel,
    /// A table of a warehouse that is not the demonstration's own; the statement that removes it.
    WarehouseTable(String),
    /// A schema of such a warehouse; the statement that removes it.
    WarehouseSchema(String),
    LakeTable,
    LakeDatabase,
    Function,
    Workgroup,
    Namespace,
    Cluster,
    SubnetGroup,
    LogGroup,
    LogStreams(Vec<String>),
    Objects(Vec<String>),
    Bucket,
    Secret,
    Role,
    Stages,
    Repository,
    Stack(DemoStack, String),
}

/// What cleanup would remove, in the order in which it would.
///
/// # Errors
/// When a part of the account cannot be listed.
pub async fn plan(context: &Context) -> Result<Vec<Removal>, OpError> {
    let (removals, failures) = look(context).await;
    failures.into_iter().next().map_or(Ok(removals), Err)
}

/// What is there to remove, and what could not be listed: a service that refuses does not keep the rest.
async fn look(context: &Context) -> (Vec<Removal>, Vec<OpError>) {
    let parts: Vec<BoxFuture<'_, Result<Vec<Removal>, OpError>>> = vec![
        serving(context).boxed(),
        training(context).boxed(),
        functions_and_secrets(context).boxed(),
        warehouse(context).boxed(),
        inside::of_existing(context).boxed(),
        storage(context).boxed(),
        roles(context).boxed(),
        project(context).boxed(),
        made_by_stacks(context).boxed(),
    ];
    let (mut removals, mut failures) = (Vec::new(), Vec::new());
    for part in join_all(parts).await {
        match part {
            Ok(found) => removals.extend(found),
            Err(error) => failures.push(error),
        }
    }
    // What is inside a warehouse that goes needs no removal of its own, unless it has something outside.
    removals.sort_by(|a, b| a.wave.cmp(&b.wave).then(a.kind.cmp(b.kind)).then(a.name.cmp(&b.name)));
    (removals, failures)
}

fn removal(wave: u8, kind: &'static str, name: impl Into<String>, what: What) -> Removal {
    Removal { kind, name: name.into(), wave, what }
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
        ours.extend(logs.into_iter().filter(of_ours).map(|group| removal(2, "Log group", group, What::LogGroup)));
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
    let role = ours.role.map(|name| removal(7, "IAM role", name, What::Role));
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
            ours.push(removal(2, "Log group", group, What::LogGroup));
        }
    }
    if secret.is_some_and(|secret| context.is_ours(&secret.tags)) {
        // After the warehouse: statements on it need the login.
        ours.push(removal(6, "Secret", &s.secret, What::Secret));
    }
    Ok(ours)
}

/// Both kinds of warehouse: the settings may have changed since it was made.
async fn warehouse(context: &Context) -> Result<Vec<Removal>, OpError> {
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
    let (namespace, workgroup, cluster) = (ours(namespace), ours(workgroup), ours(cluster.map(|cluster| cluster.tags)));
    let mut removals = Vec::new();
    if workgroup {
        removals.push(removal(4, "Workgroup", name, What::Workgroup));
    }
    if namespace {
        removals.push(removal(5, "Namespace", name, What::Namespace));
    }
    if cluster {
        removals.push(removal(4, "Cluster", name, What::Cluster));
    }
    if ours(subnets.map(|group| group.tags)) {
        removals.push(removal(5, "Subnet group", &s.subnet_group, What::SubnetGroup));
    }
    // Dropping the model also removes what Redshift ML keeps outside the warehouse.
    if (workgroup || cluster) && super::redshift_ml::state(context).await.is_ok_and(|state| state.is_some()) {
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
    let marked = table.as_ref().is_some_and(|properties| properties.iter().any(|(name, _)| name == super::lake::VERSION_PROPERTY));
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
        removals.push(removal(6, "Objects", format!("{} in s3://{bucket}", figures::count(keys.len() as u64)), What::Objects(keys)));
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
        Ok(found.filter(|role| context.is_ours(&role.tags)).map(|_| removal(7, "IAM role", name, What::Role)))
    });
    let mut ours = Vec::new();
    for result in join_all(found).await {
        ours.extend(result?);
    }
    Ok(ours)
}

pub async fn run(run: &Run<'_>) -> Result<StepOutcome, OpError> {
    let context = run.context;
    run.say("", "looking for everything that carries this demonstration's tag")?;
    let ((mut planned, mut failures), cost) = tokio::join!(look(context), spent(context));
    if planned.is_empty() && failures.is_empty() {
        return Ok(StepOutcome::new(false, "Nothing of the demonstration is left in the account", json!({ "removed": [] })));
    }
    let mut removed: Vec<String> = Vec::new();
    // What is at work makes more (models, lines of logs): it is stopped before the plan is made that the rest goes by.
    let running = |removal: &Removal| matches!(removal.what, What::Execution(_));
    if planned.iter().any(running) {
        for removal in planned.iter().filter(|removal| running(removal)) {
            context.proceed("cleaning up")?;
            match remove(run, removal).await {
                Ok(_) => {
                    run.say(&removal.name, format!("{} removed", removal.kind))?;
                    removed.push(format!("{} {}", removal.kind, removal.name));
                }
                Err(error) if error.kind == OpErrorKind::Cancelled => return Err(error),
                // It is in the next plan as well, and fails there for good.
                Err(error) => run.say(&removal.name, format!("{} could not be stopped yet: {}", removal.kind, error.why))?,
            }
        }
        (planned, failures) = look(context).await;
    }
    let waves: std::collections::BTreeSet<u8> = planned.iter().map(|removal| removal.wave).collect();
    for wave in waves {
        context.proceed("cleaning up")?;
        let now = planned.iter().filter(|removal| removal.wave == wave);
        let ended = join_all(now.map(|removal| async move { (removal, remove(run, removal).await) })).await;
        for (removal, result) in ended {
            match result {
                Ok(true) => {
                    run.say(&removal.name, format!("{} removed", removal.kind))?;
                    removed.push(format!("{} {}", removal.kind, removal.name));
                }
                Ok(false) => run.say(&removal.name, format!("{} was already gone", removal.kind))?,
                Err(error) if error.kind == OpErrorKind::Cancelled => return Err(error),
                Err(error) => {
                    run.say(&removal.name, format!("{} could not be removed: {}", removal.kind, error.why))?;
                    failures.push(error);
                }
            }
        }
    }
    if failures.iter().any(|error| error.kind == OpErrorKind::Cancelled) {
        return Err(OpError::cancelled("cleaning up"));
    }
    if let Some(first) = failures.first() {
        let all: Vec<String> = failures.iter().map(|error| error.to_string()).collect();
        let what = format!("not everything is removed ({} done, {} not)", removed.len(), failures.len());
        let fix = first.fix.clone().unwrap_or_else(|| "run cleanup again: what is gone already stays gone".to_owned());
        return Err(OpError::failed("", what, all.join("; ")).with_fix(fix));
    }
    let mut message = format!("{} removed, nothing of the demonstration is left", figures::counted(removed.len() as u64, "resource"));
    let mut detail = json!({ "removed": removed });
    if let Some(usd) = cost {
        message = format!("{message}; it cost about {}", prices::money(usd));
        detail["usd_estimate"] = json!(usd);
    }
    Ok(StepOutcome::new(!removed.is_empty(), message, detail))
}

/// US dollars that the demonstration has cost on an account; `None` where it costs nothing, or where that cannot be told: no reason to leave
/// anything standing.
async fn spent(context: &Context) -> Option<f64> {
    if context.settings.aws.target != TargetKind::Aws {
        return None;
    }
    match costs::read(context).await {
        Ok(costs) => Some(costs.usd),
        Err(error) => {
            tracing::info!(%error, "what the demonstration has cost is not known");
            None
        }
    }
}

/// Drops something of the lake. Athena keeps what it answers in the bucket, and without one it does nothing.
async fn drop_from_lake(context: &Context, sql: String) -> Result<bool, OpError> {
    match query::rows(context, QueryEngine::Athena, sql).await {
        Ok(_) => Ok(true),
        Err(error) if matches!(context.gateways.objects.bucket_exists(&context.scenario.bucket).await, Ok(false)) => {
            Err(error.with_fix("Athena needs the bucket for its answers: run the step `foundation`, which makes it again, then clean up"))
        }
        Err(error) => Err(error),
    }
}

/// Removes one resource and waits until it is gone where others depend on that. Gives false when it was gone already.
async fn remove(run: &Run<'_>, removal: &Removal) -> Result<bool, OpError> {
    let context = run.context;
    let g = &context.gateways;
    let s = &context.scenario;
    let name = removal.name.as_str();
    let told = |result: Result<bool, AwsError>| result.map_err(op(name, "could not remove it"));
    match &removal.what {
        What::Execution(arn) => pipeline::stop(context, arn).await.map(|()| true),
        What::Endpoint => {
            let gone = told(g.endpoints.delete(name).await)?;
            wait(context, name, || async { Ok(g.endpoints.find(name).await?.is_none()) }).await?;
            Ok(gone)
        }
        What::EndpointConfig => told(g.endpoints.delete_config(name).await),
        What::Model => told(g.endpoints.delete_model(name).await),
        What::Pipeline => told(g.pipelines.delete(name, &token()).await),
        What::Package(arn) => told(g.registry.delete_package(arn).await),
        What::Group => told(g.registry.delete_group(name).await),
        What::SqlModel => {
            let sql = context.sql(SqlEngine::Redshift, "drop_model")?;
            query::rows(context, QueryEngine::Redshift, sql).await.map(|_| true)
        }
        What::WarehouseTable(sql) | What::WarehouseSchema(sql) => {
            query::rows(context, QueryEngine::Redshift, sql.clone()).await.map(|_| true)
        }
        What::LakeTable => {
            let sql = context.sql(SqlEngine::Athena, "drop_table")?;
            drop_from_lake(context, sql).await
        }
        What::LakeDatabase => {
            let sql = context.sql(SqlEngine::Athena, "drop_database")?;
            drop_from_lake(context, sql).await
        }
        What::LogGroup => told(g.logs.delete_group(name).await),
        What::LogStreams(streams) => {
            for stream in streams {
                told(g.logs.delete_stream(name, stream).await)?;
            }
            // A group that nobody else's jobs use is of no use any more.
            if g.logs.streams(name, "").await.map_err(op(name, "could not list the log streams"))?.is_empty() {
                told(g.logs.delete_group(name).await)?;
            }
            Ok(true)
        }
        What::Function => told(g.functions.delete(name).await),
        What::Workgroup => {
            let gone = told(g.serverless.delete_workgroup(name).await)?;
            wait(context, name, || async { Ok(g.serverless.workgroup(name).await?.is_none()) }).await?;
            Ok(gone)
        }
        What::Namespace => {
            let gone = told(g.serverless.delete_namespace(name).await)?;
            wait(context, name, || async { Ok(g.serverless.namespace(name).await?.is_none()) }).await?;
            Ok(gone)
        }
        What::Cluster => {
            let gone = told(g.cluster.delete(name).await)?;
            wait(context, name, || async { Ok(g.cluster.find(name).await?.is_none()) }).await?;
            Ok(gone)
        }
        What::SubnetGroup => told(g.cluster.delete_subnet_group(name).await),
        What::Objects(keys) => {
            // The results of the queries that removed the lake's database arrived after the plan was made.
            let late = g.objects.list(&s.bucket, &s.athena_prefix).await.map_err(op(name, "could not list the objects"))?;
            let late = late.into_iter().map(|object| object.key).filter(|key| !keys.contains(key));
            let keys: Vec<String> = keys.iter().cloned().chain(late).collect();
            g.objects.delete(&s.bucket, &keys).await.map_err(op(name, "could not remove the objects"))?;
            Ok(true)
        }
        What::Bucket => {
            let rest = g.objects.list(name, "").await.map_err(op(name, "could not list the objects"))?;
            let keys: Vec<String> = rest.into_iter().map(|object| object.key).collect();
            g.objects.delete(name, &keys).await.map_err(op(name, "could not remove the objects"))?;
            told(g.objects.delete_bucket(name).await)
        }
        What::Secret => told(g.secrets.delete(name).await),
        What::Role => told(g.roles.delete(name).await),
        What::Stages => told(g.delivery.delete(name).await),
        What::Repository => told(g.repositories.delete(name).await),
        What::Stack(stack, id) => stacks::remove(run, *stack, id).await,
    }
}

/// Waits until something is gone.
async fn wait<F, Fut>(context: &Context, name: &str, gone: F) -> Result<(), OpError>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<bool, AwsError>>,
{
    let what = format!("{name} to be gone");
    let waited = context
        .gateways
        .poll
        .until(&context.cancel, &what, None, || {
            let gone = gone();
            async move { Ok(gone.await?.then_some(())) }
        })
        .await;
    match waited {
        Err(PollError::Cancelled { .. }) => Err(OpError::cancelled("cleaning up")),
        other => other.map_err(op(name, "it did not go")),
    }
}

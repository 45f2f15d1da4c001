//! Removes one resource, and waits until it is gone where others depend on that.

use super::{Removal, What};
use crate::aws::registry::ApprovalState;
use crate::aws::{AwsError, PollError};
use crate::demo::sql::SqlEngine;
use crate::ops::error::op;
use crate::ops::pipeline::{self, token};
use crate::ops::query::{self, QueryEngine};
use crate::ops::report::Run;
use crate::ops::steps::stacks;
use crate::ops::{Context, OpError};

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
pub(super) async fn remove(run: &Run<'_>, removal: &Removal) -> Result<bool, OpError> {
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
        What::Approval(arn) => {
            let undecided = g.registry.decide(arn, ApprovalState::PendingManualApproval, "").await;
            undecided.map_err(op(name, "could not take the approval back")).map(|()| true)
        }
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
        What::LogGroup(_) => told(g.logs.delete_group(name).await),
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
        What::Objects { keys, with_late } => {
            // The results of the queries that removed the lake's database arrived after the plan was made.
            let late = match with_late {
                true => g.objects.list(&s.bucket, &s.athena_prefix).await.map_err(op(name, "could not list the objects"))?,
                false => Vec::new(),
            };
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
        What::Role(_) => told(g.roles.delete(name).await),
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

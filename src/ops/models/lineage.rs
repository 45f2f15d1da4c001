//! Where a model comes from and where it went: data, unload, processing, training, model, package, endpoint.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{ApprovalState, find, package};
use crate::aws::pipelines::{Execution, ExecutionStep, StepWork};
use crate::demo::pipeline_definition::metadata;
use crate::ops::error::op;
use crate::ops::evaluation::{self, SplitRows};
use crate::ops::{Context, OpError, endpoints};

/// What a node of the lineage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LineageKind {
    /// The table of the warehouse.
    Data,
    /// The files that it was unloaded to.
    Unload,
    /// A processing job.
    Processing,
    /// The training job.
    Training,
    /// The artifact that training wrote.
    Model,
    /// The version in the registry.
    Package,
    /// An endpoint that serves it.
    Endpoint,
}

/// One thing on the way from the data to the endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineageNode {
    /// What it is.
    pub kind: LineageKind,
    /// Its name, as the account knows it.
    pub name: String,
    /// What is worth knowing about it, in the order in which it is told.
    pub detail: Vec<(String, String)>,
    /// When it was made or run.
    pub at: Option<DateTime<Utc>>,
}

/// The way of one version, from the data to the endpoints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lineage {
    /// The version in the registry.
    pub version: u32,
    /// The nodes in order; what the account does not know any more is left out.
    pub nodes: Vec<LineageNode>,
}

/// Follows a version back to the table and forth to the endpoints. What was removed since is left out.
pub async fn lineage(context: &Context, version: u32) -> Result<Lineage, OpError> {
    let summary = find(context, version).await?;
    let package = package(context, &summary.arn).await?;
    let property = |name: &str| package.properties.get(name).cloned();
    let (made, served) = tokio::try_join!(made_by(context, property(metadata::EXECUTION)), endpoints::serving(context))?;
    let mut nodes = Vec::new();
    if let Some((execution, steps)) = &made {
        nodes.push(data(context, execution, property(metadata::SPLITS)).await);
        for step in steps {
            nodes.extend(of_step(context, step).await?);
        }
    }
    // Nothing says when the artifact was written but the job that wrote it.
    let trained = nodes.iter().find(|node| node.kind == LineageKind::Training).and_then(|node| node.at);
    nodes.push(LineageNode {
        kind: LineageKind::Model,
        name: package.artifact.rsplit('/').next().unwrap_or_default().to_owned(),
        detail: told([
            ("artifact", Some(package.artifact.clone())),
            ("image", Some(package.image.clone())),
            ("objective", property(metadata::OBJECTIVE)),
            ("feature schema", property(metadata::FEATURE_SCHEMA)),
        ]),
        at: trained,
    });
    let approval = match package.summary.approval {
        ApprovalState::Approved => "approved",
        ApprovalState::Rejected => "rejected",
        ApprovalState::PendingManualApproval => "waiting for approval",
    };
    nodes.push(LineageNode {
        kind: LineageKind::Package,
        name: format!("{} version {version}", context.scenario.model_group),
        detail: told([
            ("approval", Some(approval.to_owned())),
            ("reason", Some(package.approval_note.clone())),
            ("evaluation", property(metadata::EVALUATION)),
            ("ARN", Some(package.summary.arn.clone())),
        ]),
        at: package.summary.created,
    });
    for (endpoint, packages) in served.into_iter().filter(|(_, packages)| packages.contains(&package.summary.arn)) {
        let found = context.gateways.endpoints.find(&endpoint).await.map_err(op(&endpoint, "could not look for the endpoint"))?;
        let Some(found) = found else { continue };
        nodes.push(LineageNode {
            kind: LineageKind::Endpoint,
            name: endpoint,
            detail: told([
                ("status", Some(found.status)),
                ("configuration", Some(found.config)),
                ("versions served", (packages.len() > 1).then(|| packages.len().to_string())),
            ]),
            at: found.updated,
        });
    }
    nodes.sort_by_key(place);
    Ok(Lineage { version, nodes })
}

/// Where a node is told: the kinds are the way of the data, and between unload and package time tells what came of what: preparing comes before
/// training, and evaluating after it.
fn place(node: &LineageNode) -> (u8, Option<DateTime<Utc>>) {
    match node.kind {
        LineageKind::Data => (0, None),
        LineageKind::Unload => (1, None),
        LineageKind::Processing | LineageKind::Training | LineageKind::Model => (2, node.at),
        LineageKind::Package => (3, None),
        LineageKind::Endpoint => (4, None),
    }
}

/// The execution that made a model, with its steps; `None` when the account does not know it any more.
async fn made_by(context: &Context, execution: Option<String>) -> Result<Option<(Execution, Vec<ExecutionStep>)>, OpError> {
    let Some(id) = execution else { return Ok(None) };
    let gateway = &context.gateways.pipelines;
    let pipeline = &context.scenario.pipeline;
    let Some(found) = gateway.find(pipeline).await.map_err(op(pipeline, "could not look for the pipeline"))? else { return Ok(None) };
    let arn = if id.starts_with("arn:") { id } else { format!("{}/execution/{id}", found.arn) };
    let read = async { tokio::try_join!(gateway.execution(&arn), gateway.steps(&arn)) };
    match read.await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(op(&arn, "could not read the execution")(error)),
    }
}

async fn data(context: &Context, execution: &Execution, splits: Option<String>) -> LineageNode {
    let rows = match splits {
        // Splits that somebody removed leave the rest readable.
        Some(address) => evaluation::split_rows(context, &address).await.ok(),
        None => None,
    };
    let counts = |rows: &SplitRows| format!("{} (train {}, validation {}, test {})", rows.all(), rows.train, rows.validation, rows.test);
    // The step `pipeline` says in the description which data it was started with.
    let digest = execution.description.split_once(" data ").map(|(_, digest)| digest.to_owned());
    LineageNode {
        kind: LineageKind::Data,
        name: format!("{}.{}", context.scenario.schema, context.scenario.table),
        detail: told([
            ("database", Some(context.scenario.database.clone())),
            ("rows", rows.as_ref().map(counts)),
            ("SHA-256 of the rows", digest),
            ("execution", Some(execution.name.clone())),
        ]),
        at: execution.started,
    }
}

async fn of_step(context: &Context, step: &ExecutionStep) -> Result<Option<LineageNode>, OpError> {
    let gateway = &context.gateways.pipelines;
    let name_of = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    let node = |kind, name: String, detail| Ok(Some(LineageNode { kind, name, detail, at: step.ended.or(step.started) }));
    let step_told = ("step", Some(step.name.clone()));
    match &step.work {
        StepWork::Function(arn, outputs) => {
            let mut detail = told([step_told]);
            detail.extend(outputs.iter().cloned());
            node(LineageKind::Unload, arn.rsplit(':').next().unwrap_or(arn).to_owned(), detail)
        }
        StepWork::Processing(arn) => {
            let job = gateway.processing_job(arn).await.map_err(op(arn, "could not read the job"))?;
            let mut detail = told([step_told, ("status", Some(job.status))]);
            detail.extend(job.outputs);
            node(LineageKind::Processing, name_of(arn), detail)
        }
        StepWork::Training(arn) => {
            let job = gateway.training_job(arn).await.map_err(op(arn, "could not read the job"))?;
            let mut detail = told([step_told, ("status", Some(job.status))]);
            detail.extend(job.metrics.into_iter().map(|(name, value)| (name, format!("{value:.6}"))));
            node(LineageKind::Training, name_of(arn), detail)
        }
        StepWork::None | StepWork::Condition(_) | StepWork::Registration(_) | StepWork::Failure(_) => Ok(None),
    }
}

/// What is known, with its names.
fn told<const N: usize>(known: [(&str, Option<String>); N]) -> Vec<(String, String)> {
    let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    known.filter(|(_, value)| !value.is_empty()).collect()
}
